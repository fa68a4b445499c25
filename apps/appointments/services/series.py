"""Recurring visits: booked together, moved together or apart, cancelled together or apart.

A visit of a series is an ordinary appointment; what these services add is that many of them succeed or fail together
and that the patient gets one message about all of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from django.db import transaction
from django.utils.translation import gettext as _

from apps.appointments.availability import Slot
from apps.appointments.conflicts import BookingConflict, Wanted, examine
from apps.appointments.errors import SeriesUnavailable, SlotUnavailable
from apps.appointments.models import AppointmentSeries, AppointmentType, Source
from apps.appointments.recurrence import Rule, occurrences
from apps.appointments.services.booking import book_appointment
from apps.appointments.services.placing import alternatives_to, lock_for
from apps.core.actors import Actor
from apps.core.errors import InvalidInput
from apps.events.services import emit
from apps.organizations.models import Location, Organization
from apps.organizations.permissions import Permission
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner, Room


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One visit of a series as it would be booked: what the rule says (`recurrence_id`, UTC), and what is against it."""

    recurrence_id: dt.datetime
    start: dt.datetime
    conflicts: list[BookingConflict] = field(default_factory=list)
    alternatives: list[Slot] = field(default_factory=list)

    @property
    def is_free(self) -> bool:
        return not self.conflicts

    @property
    def is_overridable(self) -> bool:
        """Tell whether only the clinic's own rules are against it."""
        return bool(self.conflicts) and not any(conflict.hard for conflict in self.conflicts)


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when one occurrence is to be instead of where the rule puts it; `start` in UTC."""

    start: dt.datetime
    practitioner: Practitioner
    location: Location


def check_series(
    *,
    organization: Organization,
    patient: Patient,
    appointment_type: AppointmentType,
    practitioner: Practitioner,
    location: Location,
    start: dt.datetime,
    rule: Rule,
    room: Room | None = None,
    source: str = Source.STAFF,
) -> list[Occurrence]:
    """Return every visit that the rule asks for with what is against it, and free times nearby. Books nothing.

    One query per visit, one or two more for each that is refused. Raises InvalidInput when the rule can't be.
    """
    first = Wanted(
        organization=organization,
        appointment_type=appointment_type,
        practitioner=practitioner,
        location=location,
        start=start,
        minutes=appointment_type.duration_minutes,
        patient=patient,
        room=room,
        source=source,
        in_series=True,
    )
    return [_occurrence(replace(first, start=moment)) for moment in occurrences(rule, start, location.zone)]


def _occurrence(wanted: Wanted) -> Occurrence:
    conflicts = examine(wanted).conflicts
    free = alternatives_to(wanted) if conflicts else []
    return Occurrence(wanted.start, wanted.start, conflicts, free)


@transaction.atomic
def book_series(
    *,
    organization: Organization,
    patient: Patient,
    appointment_type: AppointmentType,
    practitioner: Practitioner,
    location: Location,
    start: dt.datetime,
    rule: Rule,
    room: Room | None = None,
    reason: str = "",
    note: str = "",
    source: str = Source.STAFF,
    skip: Collection[dt.datetime] = (),
    instead: Mapping[dt.datetime, Place] | None = None,
    override_reason: str = "",
    actor: Actor,
) -> AppointmentSeries:
    """Book all visits of a series, or none: raises SeriesUnavailable with what is against each that is refused.

    `skip` and `instead` name occurrences by the start that the rule gives them (UTC): left out, or put elsewhere.
    Locks everybody concerned first, then books one after the other through `book_appointment`. The patient gets one
    message about all of them (`series.booked`), and reminders of each.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    starts = [moment for moment in occurrences(rule, start, location.zone) if moment not in set(skip)]
    if not starts:
        message = _("Every visit of the series is left out. Keep at least one.")
        raise InvalidInput(message, errors={"skip": [message]})
    here = Place(start, practitioner, location)
    places = {moment: (instead or {}).get(moment) or replace(here, start=moment) for moment in starts}
    _lock_places(organization, patient, appointment_type, room, location, places.values())
    series = AppointmentSeries(
        organization=organization,
        patient=patient,
        appointment_type=appointment_type,
        practitioner=practitioner,
        location=location,
        room=room,
        rule=str(rule),
        start=start,
        duration_minutes=appointment_type.duration_minutes,
        reason=reason.strip(),
    )
    series.save(force_insert=True)
    refused: list[Occurrence] = []
    for moment, place in places.items():
        try:
            book_appointment(
                organization=organization,
                patient=patient,
                appointment_type=appointment_type,
                practitioner=place.practitioner,
                location=place.location,
                start=place.start,
                room=room if place.location == location else None,
                reason=reason,
                note=note,
                source=source,
                override_reason=override_reason,
                series=series,
                recurrence_id=moment,
                tell_patient=False,
                actor=actor,
            )
        except SlotUnavailable as refusal:
            refused.append(Occurrence(moment, place.start, refusal.conflicts, refusal.alternatives))
    if refused:
        raise SeriesUnavailable(refused)
    emit_series("booked", series, actor=actor, visits=len(places))
    return series


def _lock_places(
    organization: Organization,
    patient: Patient,
    appointment_type: AppointmentType,
    room: Room | None,
    location: Location,
    places: Collection[Place],
) -> None:
    lock_for(
        *(
            Wanted(
                organization=organization,
                appointment_type=appointment_type,
                practitioner=place.practitioner,
                location=place.location,
                start=place.start,
                minutes=appointment_type.duration_minutes,
                patient=patient,
                room=room if place.location == location else None,
            )
            for place in places
        )
    )


def emit_series(what: str, series: AppointmentSeries, *, actor: Actor, tell_patient: bool = True, visits: int) -> None:
    """Publish `series.<what>`: ids, the rule, how many visits it concerns."""
    emit(
        f"series.{what}",
        subject=series,
        actor=actor,
        patient_id=series.patient_id,
        payload={
            "start": series.start.isoformat(),
            "version": series.version,
            "rule": series.rule,
            "visits": visits,
            "tell_patient": tell_patient,
        },
    )
