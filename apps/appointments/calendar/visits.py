"""The visits of a stretch of time, as the values that a block shows: whole rows of five tables would cost three times as much."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, NamedTuple

from apps.appointments.calendar.presence import shown_in_calendar
from apps.appointments.models import Appointment, AppointmentQuerySet
from apps.organizations.models import Location, Organization
from apps.patients.models import full_name
from apps.practitioners.models import short_name


class Visit(NamedTuple):
    """A visit, a seat of a group (`session`) or a hold; times in UTC. The names say whose field each is."""

    pk: uuid.UUID
    start: dt.datetime
    end: dt.datetime
    busy_period: Any
    lane: int
    session: uuid.UUID | None
    status: str
    version: int
    reason: str
    held_until: dt.datetime | None
    confirmed_at: dt.datetime | None
    arrived_at: dt.datetime | None
    started_at: dt.datetime | None
    practitioner_id: uuid.UUID
    room_id: uuid.UUID | None
    appointment_type_id: uuid.UUID
    patient_id: uuid.UUID | None
    location__name: str
    appointment_type__name: str
    appointment_type__colour: str
    appointment_type__capacity: int
    patient__given_name: str | None
    patient__family_name: str | None
    patient__name_latin: str | None
    practitioner__prefix: str
    practitioner__given_name: str
    practitioner__family_name: str

    @property
    def patient_name(self) -> str:
        """Return the patient's name; empty where nobody is known yet."""
        return full_name(self.patient__given_name or "", self.patient__family_name or "")

    @property
    def who(self) -> str:
        """Return the practitioner's short name."""
        return short_name(self.practitioner__prefix, self.practitioner__given_name, self.practitioner__family_name)


def visits_between(
    *,
    organization: Organization,
    start: dt.datetime,
    end: dt.datetime,
    location: Location | None,
    practitioners: list[uuid.UUID] | None = None,
) -> list[Visit]:
    """Return what stands in the calendar then, in order of time; one query. Without `practitioners`, everybody's."""
    rows: AppointmentQuerySet = shown_in_calendar(Appointment.objects.for_organization(organization))
    rows = rows.between(start, end).order_by("start", "lane", "id")
    if location is not None:
        rows = rows.filter(location=location)
    if practitioners is not None:
        rows = rows.filter(practitioner__in=practitioners)
    return [Visit(*row) for row in rows.values_list(*Visit._fields)]
