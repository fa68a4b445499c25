"""Who was expected and has not come: suggested as a no-show after the clinic's time of grace, never marked by itself."""

from __future__ import annotations

import datetime as dt

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, IntegerField, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.appointments.models import Appointment, AppointmentSettings, Status
from apps.organizations.models import Location, Organization


def grace_minutes(organization: Organization) -> Coalesce:
    """Return the clinic's `no_show_after_minutes` as an expression, for queries that would otherwise ask twice."""
    decided = AppointmentSettings.objects.filter(organization_id=organization.pk).values("no_show_after_minutes")[:1]
    default = AppointmentSettings._meta.get_field("no_show_after_minutes").get_default()
    return Coalesce(Subquery(decided), Value(default), output_field=IntegerField())


def absent_visits(*, organization: Organization, location: Location | None) -> QuerySet:
    """Return today's booked visits whose time of grace is over, the longest awaited first; no query yet."""
    now = timezone.now()
    midnight = dt.datetime.combine(organization.today(), dt.time.min, tzinfo=organization.zone)
    grace = ExpressionWrapper(
        grace_minutes(organization) * Value(dt.timedelta(minutes=1)), output_field=DurationField()
    )
    rows = (
        Appointment.objects.for_organization(organization)
        .filter(status=Status.BOOKED, start__gte=midnight, start__lt=now)
        .alias(absent_from=ExpressionWrapper(F("start") + grace, output_field=DateTimeField()))
        .filter(absent_from__lte=now)
    )
    return (rows.filter(location=location) if location else rows).order_by("start", "id")
