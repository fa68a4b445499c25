"""Booking: the one door for staff, bot, API, link, agents and workflows."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import replace

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.availability import require_same_organization
from apps.appointments.conflicts import Wanted, examine
from apps.appointments.models import Appointment, AppointmentSeries, AppointmentType, Source, Status
from apps.appointments.services.changes import MAX_REASON
from apps.appointments.services.placing import (
    answering_with_alternatives,
    decide_on,
    emit_change,
    lock_and_examine,
    lock_holds,
    place,
    plain,
    release_rows,
)
from apps.core.actors import Actor
from apps.core.errors import InvalidInput
from apps.organizations.models import Location, Organization
from apps.organizations.permissions import Permission
from apps.patients.merging.living import living_patient
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner, Room


def book_appointment(
    *,
    organization: Organization,
    patient: Patient,
    appointment_type: AppointmentType,
    practitioner: Practitioner,
    location: Location,
    start: dt.datetime,
    room: Room | None = None,
    reason: str = "",
    note: str = "",
    source: str = Source.STAFF,
    hold: Appointment | None = None,
    override_reason: str = "",
    overbook: bool = False,
    series: AppointmentSeries | None = None,
    recurrence_id: dt.datetime | None = None,
    duration_minutes: int | None = None,
    external_id: str = "",
    tell_patient: bool = True,
    actor: Actor,
) -> Appointment:
    """Book a visit, exactly once per time, whoever asks through whichever door.

    It lasts as long as its type unless `duration_minutes` says otherwise; `external_id` is its id in an imported file.

    Locks practitioner, room and patient (see `placing`), then checks everything. A patient whose record was merged is
    booked under the one it became a part of. A `hold` of the same time becomes
    the appointment in place, so that nobody can slip in between; one of another time is released. `override_reason`
    sets soft rules aside for actors with `appointments.override`, and is kept; with `overbook` it also puts the visit
    into a lane beside what takes the practitioner's time. A group's visit takes its lowest free seat. A visit of a
    `series` names its occurrence. Without `tell_patient` only reminders are planned, no confirmation. Raises SlotUnavailable with every
    conflict and up to three free slots nearby, InvalidInput for what can never be, NotFound for foreign objects.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    require_same_organization(organization, hold)
    patient = living_patient(patient)
    _check_texts(reason, source)
    wanted = Wanted(
        organization=organization,
        appointment_type=appointment_type,
        practitioner=practitioner,
        location=location,
        start=start,
        minutes=duration_minutes or appointment_type.duration_minutes,
        patient=patient,
        room=room,
        preferred_room=hold.room_id if hold else None,
        source=source,
        ignore=hold.pk if hold else None,
        overbook=overbook,
        in_series=series is not None,
    )
    with answering_with_alternatives(wanted):
        merged, found = lock_and_examine(wanted)
        kept = _locked_hold(hold, found.expired_holds)
        if patient.pk in merged:  # a merge was going on when the lock was asked for
            patient = Patient.objects.select_related("organization").get(pk=merged[patient.pk])
            found = examine(wanted := replace(wanted, patient=patient))
        if hold is not None and kept is None:  # somebody may have used the same hold: then its row is a visit now
            found = examine(wanted := replace(wanted, ignore=None))
        decision = decide_on(found, override_reason=override_reason, actor=actor)
        if kept is not None and (kept.practitioner_id, kept.start) != (practitioner.pk, start):
            release_rows([kept.pk], actor=actor)
            kept = None
        appointment = kept or Appointment(organization=organization, version=1)
        place(appointment, wanted, decision)
        held_for, appointment.held_for, appointment.held_until = appointment.held_for, None, None
        appointment.appointment_type = appointment_type
        appointment.patient = patient
        appointment.status = Status.BOOKED
        appointment.status_changed_at = timezone.now()
        appointment.source = source
        appointment.reason = reason.strip()
        appointment.note = note.strip()
        appointment.override_reason = decision.override_reason
        appointment.series, appointment.recurrence_id = series, recurrence_id
        appointment.external_id = external_id
        emit_change(
            "booked",
            appointment,
            actor=actor,
            changes={"status": [Status.HELD if kept else None, Status.BOOKED], "start": [None, plain(start)]},
            held_for=plain(held_for),
            tell_patient=tell_patient,
        )
        appointment.save(force_insert=kept is None)  # the event goes along with the row
    return appointment


def _check_texts(reason: str, source: str) -> None:
    errors: dict[str, list[str]] = {}
    if len(reason.strip()) > MAX_REASON:
        errors["reason"] = [_("At most %(number)d characters.") % {"number": MAX_REASON}]
    if source not in Source.values:
        errors["source"] = [_("Choose one of: %(list)s.") % {"list": ", ".join(Source.values)}]
    if errors:
        raise InvalidInput(next(iter(errors.values()))[0], errors=errors)


def _locked_hold(hold: Appointment | None, in_the_way: Sequence[uuid.UUID]) -> Appointment | None:
    """Return the hold as it is now, locked together with those that will be cleared.

    None when it was released or used meanwhile: then the time must be free.
    """
    if hold is None:
        return None
    return next((row for row in lock_holds([hold.pk, *in_the_way]) if row.pk == hold.pk), None)
