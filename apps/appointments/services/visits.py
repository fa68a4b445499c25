"""The day of the visit: confirmed, arrived, in the room, done, missed, and the way back from a slip."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.conflicts import Wanted
from apps.appointments.models import BUSY_STATUSES, Appointment, Status
from apps.appointments.services.called_off import AHEAD_OF_VISIT, call_off
from apps.appointments.services.changes import load, lock
from apps.appointments.services.placing import (
    answering_with_alternatives,
    emit_change,
    lock_for,
    refuse_hard_conflicts,
    sit,
)
from apps.appointments.services.waitlist.ground import lock_waitlist
from apps.appointments.services.waitlist.offers import withdraw_unsent_offers
from apps.appointments.transitions import Step, not_possible, require_step
from apps.communications.models import Category
from apps.core.actors import Actor
from apps.organizations.permissions import Permission

REMINDER_ASKS = dt.timedelta(days=1)

EVENT_OF: dict[Step, str] = {
    Step.ARRIVE: "arrived",
    Step.START: "started",
    Step.COMPLETE: "fulfilled",
    Step.NO_SHOW: "no_show",
}


@transaction.atomic
def confirm_appointment(*, appointment: Appointment, by: str, actor: Actor) -> Appointment:
    """Note that the patient will come, and by which way they said so (whatsapp, sms, link, phone). Repeating is fine."""
    actor.require(Permission.APPOINTMENTS_MANAGE)
    locked = lock(appointment.pk)
    require_step(locked, Step.CONFIRM)
    if locked.confirmed_at is not None:
        return locked
    locked.confirmed_at, locked.confirmed_by = timezone.now(), by.strip()[:20]
    locked.save(update_fields=["confirmed_at", "confirmed_by", "updated_at"])
    emit_change("confirmed", locked, actor=actor, by=locked.confirmed_by)
    return locked


@transaction.atomic
def confirm_if_soon(*, appointment: Appointment, by: str, actor: Actor) -> Appointment:
    """Confirm a time that the patient booked or chose themself, when no reminder will ask about it any more.

    Further ahead their choice is no answer yet: the reminder asks, a day before.
    """
    if appointment.start - timezone.now() > REMINDER_ASKS:
        return appointment
    return confirm_appointment(appointment=appointment, by=by, actor=actor)


@transaction.atomic
def arrive_appointment(*, appointment: Appointment, actor: Actor) -> Appointment:
    """Check the patient in: waiting from now on. Reminders still to come are dropped when they fall due (see `guard`)."""
    return _advance(appointment, Step.ARRIVE, {"arrived_at": timezone.now()}, actor)


@transaction.atomic
def start_appointment(*, appointment: Appointment, actor: Actor) -> Appointment:
    """Note that the patient is with the practitioner; without a check-in before, they arrived just now."""
    return _advance(appointment, Step.START, {"started_at": timezone.now()}, actor)


@transaction.atomic
def complete_appointment(*, appointment: Appointment, actor: Actor) -> Appointment:
    """Note that the visit is done."""
    return _advance(appointment, Step.COMPLETE, {"completed_at": timezone.now()}, actor)


@transaction.atomic
def mark_no_show(*, appointment: Appointment, actor: Actor) -> Appointment:
    """Note that the patient did not come; possible from the start of the visit on. Its time can be booked again."""
    return _advance(appointment, Step.NO_SHOW, {}, actor)


def _advance(appointment: Appointment, step: Step, fields: dict[str, Any], actor: Actor) -> Appointment:
    """Lock the row, take the step, publish it; from the visit's start on, messages ahead of it are cancelled."""
    actor.require(Permission.APPOINTMENTS_MANAGE)
    locked = lock(appointment.pk)
    rule = require_step(locked, step)
    now = timezone.now()
    if step is Step.NO_SHOW and now < locked.start:
        raise not_possible(locked, _("It has not begun yet. A no-show can be noted from its start on."))
    if step is Step.START and locked.arrived_at is None:
        fields = {**fields, "arrived_at": now}
    before = locked.status
    locked.previous_status, locked.status, locked.status_changed_at = before, str(rule.target), now
    for name, value in fields.items():
        setattr(locked, name, value)
    locked.save(update_fields=["previous_status", "status", "status_changed_at", "updated_at", *fields])
    if step is not Step.ARRIVE:
        call_off(locked, reason=_("The visit took place or was missed."), categories=AHEAD_OF_VISIT, actor=actor)
    emit_change(EVENT_OF[step], locked, actor=actor, changes={"status": [before, locked.status]})
    return locked


def undo_status(
    *, appointment: Appointment, tell_patient: bool = True, changed_at: dt.datetime | None = None, actor: Actor
) -> Appointment:
    """Take the last change of status back, within ten minutes and once.

    `changed_at` (UTC) is when the change that is meant was made: a later one stays.

    A cancelled or missed visit needs its time again: the waitlist, practitioner, room and patient are locked and
    SlotUnavailable is raised when somebody else has it. Undoing a cancellation publishes `appointment.booked` as well, in
    a new version, because the patient may have been told that it is off: confirmation (unless without `tell_patient`),
    invite and reminders start anew. An offer of the time to somebody who waits is taken back as long as they were not
    told of it.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    current = load(appointment.pk)
    if current.status in BUSY_STATUSES:
        with transaction.atomic():
            return _undo(lock(current.pk), tell_patient, changed_at, actor)
    wanted = wanted_again(current)
    with answering_with_alternatives(wanted):
        lock_waitlist(current.organization)
        lock_for(wanted)
        locked = lock(current.pk)
        withdraw_unsent_offers(wanted, actor=actor)
        _require_undoable(locked, changed_at)
        decision = refuse_hard_conflicts(wanted, actor=actor)
        sit(locked, decision)
        locked.override_reason = locked.override_reason or decision.override_reason
        return _undo(locked, tell_patient, changed_at, actor)


def wanted_again(current: Appointment) -> Wanted:
    """Return the time that a cancelled or missed visit needs when that is undone; no query."""
    return Wanted(
        organization=current.organization,
        appointment_type=current.appointment_type,
        practitioner=current.practitioner,
        location=current.location,
        start=current.start,
        minutes=int((current.end - current.start).total_seconds()) // 60,
        patient=current.patient,
        room=current.room,
        source=current.source,
        in_series=current.series_id is not None,
        ignore=current.pk,
        overbook=current.lane > 0,
        busy=(current.busy_period.lower, current.busy_period.upper),
    )


def _require_undoable(locked: Appointment, changed_at: dt.datetime | None) -> None:
    if locked.undo_until is None or (changed_at is not None and locked.status_changed_at != changed_at):
        raise not_possible(locked, _("There is nothing to undo."))
    if timezone.now() > locked.undo_until:
        raise not_possible(locked, _("That is too long ago to undo: it is possible for 10 minutes."))


def _undo(locked: Appointment, tell_patient: bool, changed_at: dt.datetime | None, actor: Actor) -> Appointment:
    _require_undoable(locked, changed_at)
    undone, locked.status = locked.status, locked.previous_status
    locked.previous_status, locked.status_changed_at = "", timezone.now()
    for name in _fields_set_by(undone, locked.status):
        setattr(locked, name, None)
    if undone == Status.CANCELLED:
        locked.cancel_reason, locked.cancel_note = "", ""
        locked.version += 1
    if undone == Status.NO_SHOW:
        call_off(locked, reason=_("The visit is not missed after all."), categories={Category.FOLLOW_UP}, actor=actor)
    locked.save()
    emit_change("status_undone", locked, actor=actor, changes={"status": [undone, locked.status]}, undone=undone)
    if undone == Status.CANCELLED:
        emit_change(
            "booked",
            locked,
            actor=actor,
            changes={"status": [undone, locked.status]},
            again=True,
            tell_patient=tell_patient,
        )
    return locked


def _fields_set_by(undone: str, back_to: str) -> list[str]:
    fields = {
        Status.ARRIVED: ["arrived_at"],
        Status.IN_PROGRESS: ["started_at", *(["arrived_at"] if back_to == Status.BOOKED else [])],
        Status.FULFILLED: ["completed_at"],
        Status.CANCELLED: ["cancelled_at"],
    }
    return fields.get(Status(undone), [])
