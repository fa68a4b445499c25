"""Which days, where, grouped by what: what every report is asked with."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.appointments.models import Appointment, AppointmentType
from apps.appointments.reports.figures import Stretch
from apps.core.api.fields import YEARS
from apps.core.errors import InvalidInput
from apps.organizations.models import Location, Organization
from apps.practitioners.hours import day_bounds
from apps.practitioners.models import Practitioner

DAY = dt.timedelta(days=1)
LONGEST_DAYS = 366
MOST_DAYS_BY_DAY, MOST_DAYS_BY_WEEK = 35, 190


class Grouping(models.TextChoices):
    PRACTITIONER = "practitioner", gettext_lazy("Practitioner")
    TYPE = "type", gettext_lazy("Type")
    LOCATION = "location", gettext_lazy("Location")


class Bucket(StrEnum):
    """What a point of a chart stands for; weeks begin on Monday (ISO 8601)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Scope:
    """The days from `first` to `last`, both included, on the wall of the location or, without one, of the organization.

    Build it with `make_scope`, which refuses what no report can answer.
    """

    organization: Organization
    first: dt.date
    last: dt.date
    location: Location | None = None
    by: Grouping = Grouping.PRACTITIONER

    @property
    def zone(self) -> ZoneInfo:
        return (self.location or self.organization).zone

    @property
    def start(self) -> dt.datetime:
        """Return the instant (UTC) at which the period begins."""
        return day_bounds(self.zone, self.first)[0]

    @property
    def end(self) -> dt.datetime:
        """Return the instant (UTC) at which the period is over; itself not in it."""
        return day_bounds(self.zone, self.last)[1]

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def bucket(self) -> Bucket:
        """Return days for up to five weeks, weeks for up to half a year, months beyond."""
        if self.days <= MOST_DAYS_BY_DAY:
            return Bucket.DAY
        return Bucket.WEEK if self.days <= MOST_DAYS_BY_WEEK else Bucket.MONTH

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """Return the days, weeks or months of the period in order; the first and the last may be cut by it."""
        found, first = [], self.first
        while first <= self.last:
            last = min(self._last_of_bucket(first), self.last)
            found.append(Stretch(first, last))
            first = last + DAY
        return tuple(found)

    def _last_of_bucket(self, day: dt.date) -> dt.date:
        if self.bucket is Bucket.DAY:
            return day
        if self.bucket is Bucket.WEEK:
            return day + (6 - day.weekday()) * DAY
        return (day.replace(day=1) + 31 * DAY).replace(day=1) - DAY

    @property
    def edges(self) -> list[dt.datetime]:
        """Return the instants at which the stretches begin: `width_bucket(start, edges)` numbers them from 1."""
        return [day_bounds(self.zone, stretch.first)[0] for stretch in self.stretches]

    @property
    def midnights(self) -> list[dt.datetime]:
        """Return the instants at which the days of the period begin."""
        return [day_bounds(self.zone, self.first + number * DAY)[0] for number in range(self.days)]


def make_scope(
    *,
    organization: Organization,
    first: dt.date,
    last: dt.date,
    location: Location | None = None,
    by: str = Grouping.PRACTITIONER,
) -> Scope:
    """Return the scope; raise InvalidInput that names `first` or `last` when the days can't be reported on."""
    for name, day in (("first", first), ("last", last)):
        if day.year not in YEARS:
            raise _refused(name, _("Choose a day between the years %(from)d and %(to)d."), YEARS[0], YEARS[-1])
    if last < first:
        raise _refused("last", _("The last day comes before the first. Choose %(from)s or a later day."), first)
    if (last - first).days >= LONGEST_DAYS:
        latest = first + (LONGEST_DAYS - 1) * DAY
        message = _("A report covers at most a year. Choose a day up to %(from)s, or a later first day.")
        raise _refused("last", message, latest)
    return Scope(organization, first, last, location, Grouping(by))


def _refused(name: str, message: str, since: Any, until: Any = "") -> InvalidInput:
    text = message % {"from": since, "to": until}
    return InvalidInput(text, errors={name: [text]})


def since_opening(organization: Organization, first: dt.date, last: dt.date) -> tuple[dt.date, dt.date]:
    """Leave out the days before the first visit in the book; one query.

    The hours of a clinic that was not yet here are no free time. At least the last day stays.
    """
    visits = Appointment.objects.for_organization(organization).order_by("start", "pk")
    opened = visits.values_list("start", flat=True).first()
    if opened is None:
        return first, last
    return max(first, min(last, opened.astimezone(organization.zone).date())), last


def names_of(scope: Scope) -> dict[uuid.UUID, str]:
    """Return the names of what the scope groups by, in the order of lists, out of use included; one query."""
    model: type[models.Model] = {
        Grouping.PRACTITIONER: Practitioner,
        Grouping.TYPE: AppointmentType,
        Grouping.LOCATION: Location,
    }[scope.by]
    return {row.pk: str(row) for row in model.objects.for_organization(scope.organization)}  # type: ignore[attr-defined]
