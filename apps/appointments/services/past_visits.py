"""Visits that another system knows to be over: kept as what they were, not booked, told to nobody."""

from __future__ import annotations

import datetime as dt

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.conflicts import Wanted
from apps.appointments.models import Appointment, AppointmentType, Source, Status
from apps.appointments.services.placing import answering_with_alternatives, emit_change, lock_for, refuse_taken_time
from apps.core.actors import Actor
from apps.core.errors import InvalidInput
from apps.organizations.models import Location, Organization
from apps.organizations.permissions import Permission
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner, Room

OVER = (Status.FULFILLED, Status.NO_SHOW, Status.CANCELLED)


def keep_past_visit(
    *,
    organization: Organization,
    patient: Patient,
    appointment_type: AppointmentType,
    practitioner: Practitioner,
    location: Location,
    start: dt.datetime,
    status: str,
    room: Room | None = None,
    duration_minutes: int | None = None,
    reason: str = "",
    note: str = "",
    cancelled_at: dt.datetime | None = None,
    cancel_reason: str = "",
    external_id: str = "",
    actor: Actor,
) -> Appointment:
    """Write down a visit that took place, was missed, or was cancelled, as another system remembers it.

    The clinic's rules don't count for it, nor whether people and places are still in use; but a visit that took place
    took its time: practitioner, room and patient are locked, and SlotUnavailable is raised when one of them was
    somewhere else then. What the other system doesn't say (when it ended, which room) stays empty. Publishes
    `appointment.imported` and nothing else, so nobody is told, nothing is planned. Raises InvalidInput for a visit
    that is not over.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    now = timezone.now()
    if status not in OVER:
        message = _("Choose one of: %(list)s.") % {"list": ", ".join(str(one) for one in OVER)}
        raise InvalidInput(message, errors={"status": [message]})
    if status != Status.CANCELLED and start > now:
        message = _("It has not begun yet, so it can be neither done nor missed.")
        raise InvalidInput(message, errors={"status": [message]})
    wanted = Wanted(
        organization=organization,
        appointment_type=appointment_type,
        practitioner=practitioner,
        location=location,
        start=start,
        minutes=duration_minutes or appointment_type.duration_minutes,
        patient=patient,
        room=room,
        source=Source.IMPORT,
        is_over=True,
    )
    appointment = Appointment(
        organization=organization,
        patient=patient,
        appointment_type=appointment_type,
        practitioner=practitioner,
        location=location,
        room=room,
        start=wanted.start,
        end=wanted.end,
        busy_period=DateTimeTZRange(wanted.start, wanted.end),
        status=status,
        source=Source.IMPORT,
        reason=reason.strip()[:500],
        note=note.strip(),
        cancelled_at=cancelled_at if status == Status.CANCELLED else None,
        cancel_reason=cancel_reason if status == Status.CANCELLED else "",
        external_id=external_id,
    )
    with answering_with_alternatives(wanted):
        if status == Status.FULFILLED:
            lock_for(wanted)
            found = refuse_taken_time(wanted, actor=actor)
            appointment.session, appointment.seat = found.session, found.seat
        appointment.save(force_insert=True)
        emit_change("imported", appointment, actor=actor, changes={"status": [None, str(status)]})
    return appointment
