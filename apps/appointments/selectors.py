"""Reads for pages: the day's board, the calendar, a patient's visits. The number of queries never depends on rows."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from django.utils import timezone

from apps.appointments.models import Appointment, Status
from apps.organizations.models import Location, Organization
from apps.patients.models import Patient
from apps.practitioners.hours import day_bounds
from apps.practitioners.models import Practitioner
from apps.practitioners.selectors import absences, working_times

MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A visit as lists show it. Times are UTC; `zone` is the location's."""

    id: uuid.UUID
    version: int
    status: str
    status_label: str
    start: dt.datetime
    end: dt.datetime
    zone: ZoneInfo
    patient_id: uuid.UUID
    patient_name: str
    patient_name_latin: str
    patient_initials: str
    patient_birth_date: dt.date | None
    patient_alerts: tuple[str, ...]
    record_number: str
    type_id: uuid.UUID
    type_name: str
    type_colour: str
    practitioner_id: uuid.UUID
    practitioner_name: str
    location_id: uuid.UUID
    location_name: str
    room_name: str
    reason: str
    source: str
    overridden: bool
    confirmed_at: dt.datetime | None
    confirmed_by: str
    arrived_at: dt.datetime | None
    started_at: dt.datetime | None
    can_undo_until: dt.datetime | None

    @property
    def local_start(self) -> dt.datetime:
        """Return the start on the location's wall clock."""
        return self.start.astimezone(self.zone)

    @property
    def local_end(self) -> dt.datetime:
        return self.end.astimezone(self.zone)

    def waiting_minutes(self, now: dt.datetime) -> int | None:
        """Return how long the patient has been waiting: from check-in or the start, whichever is later; None if not."""
        if self.status != Status.ARRIVED or self.arrived_at is None:
            return None
        return max(0, int((now - max(self.arrived_at, self.start)) / MINUTE))

    def in_clinic_minutes(self, now: dt.datetime) -> int | None:
        """Return how long ago the patient checked in; None unless they wait."""
        if self.status != Status.ARRIVED or self.arrived_at is None:
            return None
        return max(0, int((now - self.arrived_at) / MINUTE))

    def late_minutes(self, now: dt.datetime) -> int | None:
        """Return how late the patient is; None when they came, or it has not begun."""
        if self.status != Status.BOOKED or now <= self.start:
            return None
        return int((now - self.start) / MINUTE)


def day_board(
    *,
    organization: Organization,
    date: dt.date,
    location: Location | None = None,
    practitioner: Practitioner | None = None,
) -> list[BoardRow]:
    """Return the visits of a date on the wall of their own location, by time; holds left out. Two queries at most."""
    zones = [location.timezone] if location else _zones(organization)
    bounds = [day_bounds(ZoneInfo(name), date) for name in zones]
    if not bounds:
        return []
    visits = Appointment.objects.real().for_list().for_organization(organization)
    visits = visits.filter(
        start__gte=min(start for start, _end in bounds), start__lt=max(end for _start, end in bounds)
    )
    if location is not None:
        visits = visits.filter(location=location)
    if practitioner is not None:
        visits = visits.filter(practitioner=practitioner)
    rows = (_row(visit) for visit in visits.order_by("start", "practitioner__sort_order", "id"))
    return [row for row in rows if row.local_start.date() == date]


def unconfirmed(
    *, organization: Organization, until: dt.datetime, location: Location | None = None, limit: int = 50
) -> list[BoardRow]:
    """Return visits from now until then which nobody confirmed yet, soonest first; one query."""
    visits = (
        Appointment.objects.for_list()
        .for_organization(organization)
        .filter(status=Status.BOOKED, confirmed_at__isnull=True, start__gt=timezone.now(), start__lt=until)
    )
    if location is not None:
        visits = visits.filter(location=location)
    return [_row(visit) for visit in visits.order_by("start", "id")[:limit]]


def next_appointment(*, patient: Patient) -> Appointment | None:
    """Return the patient's next visit that is still to happen or happening, with what lists show; one query."""
    return _of_patient(patient).open().filter(end__gt=timezone.now()).order_by("start").first()


def upcoming_appointments(*, patient: Patient, limit: int = 20) -> list[Appointment]:
    """Return the visits that are still to come, soonest first; one query."""
    return list(_of_patient(patient).open().filter(end__gt=timezone.now()).order_by("start")[:limit])


def patient_history(*, patient: Patient, limit: int = 50, before: dt.datetime | None = None) -> list[Appointment]:
    """Return the patient's visits of every status, latest first; holds left out. One query."""
    visits = _of_patient(patient).real()
    if before is not None:
        visits = visits.filter(start__lt=before)
    return list(visits.order_by("-start")[:limit])


def _of_patient(patient: Patient):
    return Appointment.objects.for_list().filter(organization_id=patient.organization_id, patient=patient)


def _zones(organization: Organization) -> list[str]:
    return list(Location.objects.for_organization(organization).values_list("timezone", flat=True).distinct())


def _row(visit: Appointment) -> BoardRow:
    patient = visit.patient
    assert patient is not None  # noqa: S101 - only holds have no patient, and they are left out
    return BoardRow(
        id=visit.pk,
        version=visit.version,
        status=visit.status,
        status_label=visit.get_status_display(),
        start=visit.start,
        end=visit.end,
        zone=visit.location.zone,
        patient_id=patient.pk,
        patient_name=patient.full_name,
        patient_name_latin=patient.name_latin,
        patient_initials=patient.initials,
        patient_birth_date=patient.birth_date,
        patient_alerts=tuple(patient.alerts),
        record_number=patient.record_number,
        type_id=visit.appointment_type_id,
        type_name=visit.appointment_type.name,
        type_colour=visit.appointment_type.colour,
        practitioner_id=visit.practitioner_id,
        practitioner_name=visit.practitioner.short_name,
        location_id=visit.location_id,
        location_name=visit.location.name,
        room_name=visit.room.name if visit.room else "",
        reason=visit.reason,
        source=visit.source,
        overridden=bool(visit.override_reason),
        confirmed_at=visit.confirmed_at,
        confirmed_by=visit.confirmed_by,
        arrived_at=visit.arrived_at,
        started_at=visit.started_at,
        can_undo_until=visit.undo_until,
    )


Kind = Literal["appointment", "hold", "buffer", "working", "time_off", "closure"]


@dataclass(frozen=True, slots=True)
class CalendarItem:
    """Something with a place in the calendar, [start, end) UTC.

    `appointment_id` is set for appointments, holds and their buffers; a closure of every location has no location, a
    time off none either.
    """

    kind: Kind
    id: uuid.UUID | None
    start: dt.datetime
    end: dt.datetime
    practitioner_id: uuid.UUID | None = None
    location_id: uuid.UUID | None = None
    room_id: uuid.UUID | None = None
    appointment_id: uuid.UUID | None = None
    title: str = ""
    type_name: str = ""
    colour: str = ""
    status: str = ""
    version: int = 0
    confirmed: bool = False


def calendar_items(
    *,
    organization: Organization,
    start: dt.datetime,
    end: dt.datetime,
    practitioners: Sequence[Practitioner] | None = None,
    location: Location | None = None,
) -> list[CalendarItem]:
    """Return everything between two instants, in order of time. Four queries.

    Cancelled and missed visits, and holds that expired, take no time and are left out. Narrowing to a location keeps
    time off (a person is away everywhere) and closures of all locations.
    """
    scope = (organization, start, end, practitioners, location)
    return sorted([*_visits(*scope), *_working(*scope), *_absences(*scope)], key=lambda item: (item.start, item.end))


def _working(
    organization: Organization,
    start: dt.datetime,
    end: dt.datetime,
    practitioners: Sequence[Practitioner] | None,
    location: Location | None,
) -> Iterator[CalendarItem]:
    for time in working_times(
        organization=organization, start=start, end=end, practitioners=practitioners, location=location
    ):
        yield CalendarItem("working", None, time.start, time.end, time.practitioner_id, time.location_id, time.room_id)


def _absences(
    organization: Organization,
    start: dt.datetime,
    end: dt.datetime,
    practitioners: Sequence[Practitioner] | None,
    location: Location | None,
) -> Iterator[CalendarItem]:
    for absence in absences(
        organization=organization, start=start, end=end, practitioners=practitioners, location=location
    ):
        yield CalendarItem(
            "time_off" if absence.practitioner_id else "closure",
            absence.id,
            absence.start,
            absence.end,
            absence.practitioner_id,
            absence.location_id,
            title=absence.reason,
        )


def _visits(
    organization: Organization,
    start: dt.datetime,
    end: dt.datetime,
    practitioners: Sequence[Practitioner] | None,
    location: Location | None,
) -> Iterator[CalendarItem]:
    visits = Appointment.objects.for_list().for_organization(organization).busy().between(start, end)
    visits = visits.exclude(status=Status.HELD, held_until__lte=timezone.now())
    if practitioners is not None:
        visits = visits.filter(practitioner__in=practitioners)
    if location is not None:
        visits = visits.filter(location=location)
    for visit in visits:
        place = {
            "practitioner_id": visit.practitioner_id,
            "location_id": visit.location_id,
            "room_id": visit.room_id,
            "appointment_id": visit.pk,
        }
        yield CalendarItem(
            "hold" if visit.status == Status.HELD else "appointment",
            visit.pk,
            visit.start,
            visit.end,
            **place,
            title=visit.patient.full_name if visit.patient else "",
            type_name=visit.appointment_type.name,
            colour=visit.appointment_type.colour,
            status=visit.status,
            version=visit.version,
            confirmed=visit.is_confirmed,
        )
        for lower, upper in ((visit.busy_period.lower, visit.start), (visit.end, visit.busy_period.upper)):
            if lower < upper:
                yield CalendarItem("buffer", None, lower, upper, **place)
