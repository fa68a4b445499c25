"""Who has a column on a day."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from apps.appointments.models import BUSY_STATUSES, Appointment, AppointmentQuerySet, Status
from apps.organizations.models import Location, Organization
from apps.practitioners.hours import day_bounds
from apps.practitioners.models import WeeklyHours


def shown_in_calendar(rows: AppointmentQuerySet) -> AppointmentQuerySet:
    """Keep what has a place in the calendar: visits that take time, missed ones, holds that have not expired."""
    return rows.filter(status__in=[*BUSY_STATUSES, Status.NO_SHOW]).exclude(
        status=Status.HELD, held_until__lte=timezone.now()
    )


def with_presence(people: QuerySet, *, organization: Organization, day: dt.date, location: Location | None) -> QuerySet:
    """Annotate practitioners with `is_there`: whether they have hours or visits on the day; no query yet."""
    zone = (location or organization).zone
    start, end = day_bounds(zone, day)
    # At a location of another zone the neighbouring dates may reach into this one.
    nearby = _hours_of(day - dt.timedelta(days=1)) | _hours_of(day + dt.timedelta(days=1))
    hours = WeeklyHours.objects.for_organization(organization).filter(
        _hours_of(day) | (nearby & ~Q(location__timezone=zone.key)),
        practitioner=OuterRef("pk"),
        location__is_active=True,
    )
    visits = shown_in_calendar(Appointment.objects.for_organization(organization)).filter(
        practitioner=OuterRef("pk"), start__gte=start, start__lt=end
    )
    if location is not None:
        hours, visits = hours.filter(location=location), visits.filter(location=location)
    return people.annotate(is_there=Exists(hours) | Exists(visits))


def _hours_of(day: dt.date) -> Q:
    begun = Q(valid_from__isnull=True) | Q(valid_from__lte=day)
    not_over = Q(valid_until__isnull=True) | Q(valid_until__gte=day)
    return Q(weekday=day.weekday()) & begun & not_over
