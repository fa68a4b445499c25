"""Reading who works when: working hours as instants, absences, closures, imported calendars."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Min, UUIDField, Value

from apps.organizations.models import Location, Organization
from apps.practitioners.hours import from_instant, local_date, stretch, to_instant
from apps.practitioners.models import BusyTime, Closure, Practitioner, TimeOff, WeeklyHours

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """A practitioner at work at a location, [start, end) UTC, time off and closures not taken out."""

    practitioner_id: uuid.UUID
    location_id: uuid.UUID
    room_id: uuid.UUID | None
    start: dt.datetime
    end: dt.datetime


@dataclass(frozen=True, slots=True)
class Absence:
    """A time off of a practitioner, or (without practitioner) a closure of a location or of all; [start, end) UTC.

    `calendar` names the other calendar in which the practitioner is taken; empty for time off and closures.
    """

    id: uuid.UUID
    practitioner_id: uuid.UUID | None
    location_id: uuid.UUID | None
    start: dt.datetime
    end: dt.datetime
    reason: str
    calendar: str = ""


def working_times(
    *,
    organization: Organization,
    start: dt.datetime,
    end: dt.datetime,
    practitioners: Sequence[Practitioner] | None = None,
    location: Location | None = None,
) -> list[WorkingTime]:
    """Return the stretches of weekly hours that meet [start, end), in order of time; one query."""
    lower, upper = to_instant(start), to_instant(end)
    rows = WeeklyHours.objects.for_organization(organization).filter(
        practitioner__is_active=True, location__is_active=True, weekday__in=_weekdays(lower, upper)
    )
    if practitioners is not None:
        rows = rows.filter(practitioner__in=practitioners)
    if location is not None:
        rows = rows.filter(location=location)
    found = [time for row in rows.values_list(*_HOURS) for time in _times(_Hours(*row), lower, upper)]
    return sorted(found, key=lambda time: (time.start, str(time.practitioner_id)))


_HOURS = (
    *("practitioner_id", "location_id", "room_id", "location__timezone"),
    *("weekday", "start_time", "end_time", "valid_from", "valid_until"),
)


class _Hours(NamedTuple):
    """A row of weekly hours, in the order of _HOURS."""

    practitioner_id: uuid.UUID
    location_id: uuid.UUID
    room_id: uuid.UUID | None
    timezone: str
    weekday: int
    start_time: dt.time
    end_time: dt.time
    valid_from: dt.date | None
    valid_until: dt.date | None


def _weekdays(lower: int, upper: int) -> set[int]:
    """Return the weekdays (Monday is 0) that [lower, upper] meets on any clock of the world."""
    first, last = from_instant(lower).date() - DAY, from_instant(upper).date() + DAY
    return {(first + n * DAY).weekday() for n in range(min((last - first).days + 1, 7))}


def _times(row: _Hours, lower: int, upper: int) -> list[WorkingTime]:
    zone = ZoneInfo(row.timezone)
    date, final = local_date(zone, lower), local_date(zone, upper)
    found: list[WorkingTime] = []
    date += ((row.weekday - date.weekday()) % 7) * DAY
    while date <= final:
        valid = (row.valid_from is None or row.valid_from <= date) and (
            row.valid_until is None or date <= row.valid_until
        )
        work = stretch(zone, date, row.start_time, row.end_time) if valid else None
        if work is not None and work.start < upper and lower < work.end:
            found.append(
                WorkingTime(
                    row.practitioner_id, row.location_id, row.room_id, from_instant(work.start), from_instant(work.end)
                )
            )
        date += 7 * DAY
    return found


def absences(
    *,
    organization: Organization,
    start: dt.datetime,
    end: dt.datetime,
    practitioners: Sequence[Practitioner] | None = None,
    location: Location | None = None,
    with_busy_times: bool = False,
) -> list[Absence]:
    """Return time off and closures that meet [start, end), in order of time, and on request busy times; one query."""
    meets = {"period__startswith__lt": end, "period__endswith__gt": start}
    time_off = TimeOff.objects.for_organization(organization).filter(**meets)
    busy_times = BusyTime.objects.for_organization(organization).filter(**meets)
    if practitioners is not None:
        time_off = time_off.filter(practitioner__in=practitioners)
        busy_times = busy_times.filter(practitioner__in=practitioners)
    closures = Closure.objects.for_organization(organization).filter(**meets, is_active=True)
    if location is not None:
        closures = closures.filter(location__isnull=True) | closures.filter(location=location)
    nobody, none = Value(None, output_field=UUIDField()), Value("")
    kinds = [
        time_off.order_by().values_list("pk", "practitioner_id", nobody, "period", "reason", none),
        closures.order_by().values_list("pk", nobody, "location_id", "period", "reason", none),
    ]
    if with_busy_times:
        kinds.append(
            busy_times.order_by().values_list("pk", "practitioner_id", nobody, "period", "summary", "calendar")
        )
    found = [
        Absence(pk, person, place, period.lower, period.upper, why, calendar)
        for pk, person, place, period, why, calendar in kinds[0].union(*kinds[1:], all=True)
    ]
    return sorted(found, key=lambda absence: (absence.start, absence.end))


def zone_of(person: Practitioner) -> ZoneInfo:
    """Return the clock that a person's days are read on: of the place where they work, else the clinic's. One query."""
    place = Location.objects.filter(pk__in=person.weekly_hours.values("location")).order_by("name").first()
    return place.zone if place else person.organization.zone


@dataclass(frozen=True, slots=True)
class ImportedCalendar:
    """Another calendar that says when a practitioner is taken: how often, from when until when, when it was read."""

    name: str
    busy_times: int
    first: dt.datetime
    last: dt.datetime
    read_at: dt.datetime


def imported_calendars(person: Practitioner) -> list[ImportedCalendar]:
    """Return the calendars imported for a person, by name; one query."""
    rows = BusyTime.objects.filter(organization_id=person.organization_id, practitioner=person).order_by("calendar")
    grouped = rows.values_list("calendar").annotate(
        Count("pk"), Min("period__startswith"), Max("period__endswith"), Max("created_at")
    )
    return [ImportedCalendar(*row) for row in grouped]
