"""Moving and cancelling: both bump the version that reminders and invites key on."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.conflicts import Wanted, examine
from apps.appointments.errors import SlotUnavailable
from apps.appointments.models import UNDO_WINDOW, Appointment, CancelReason, Status
from apps.appointments.services.called_off import call_off
from apps.appointments.services.placing import (
    alternatives_to,
    answering_with_alternatives,
    decide_on,
    emit_change,
    examine_without,
    holds_of,
    lock_for,
    place,
    plain,
    refuse_hard_conflicts,
    release_rows,
)
from apps.appointments.services.waitlist.ground import lock_waitlist
from apps.appointments.services.waitlist.offers import withdraw_unsent_offers
from apps.appointments.transitions import WHY_NOT, Step, not_possible, require_step
from apps.core.actors import Actor, ActorKind
from apps.core.errors import Conflict, InvalidInput, NotFound, StaleVersion
from apps.events.models import Event
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from apps.practitioners.models import Practitioner, Room

PLACE_FIELDS = ("start", "end", "practitioner_id", "location_id", "room_id")
UNCONFIRMED: dict[str, Any] = {"confirmed_at": None, "confirmed_by": ""}
MOVED_FIELDS = (*PLACE_FIELDS, "lane", "override_reason", "confirmed_at", "confirmed_by")
MAX_NOTE = 300
MAX_REASON = 500


def reschedule_appointment(
    *,
    appointment: Appointment,
    start: dt.datetime,
    practitioner: Practitioner | None = None,
    location: Location | None = None,
    room: Room | None = None,
    duration_minutes: int | None = None,
    override_reason: str = "",
    overbook: bool = False,
    tell_patient: bool = True,
    held_for: uuid.UUID | None = None,
    version: int | None = None,
    actor: Actor,
) -> Appointment:
    """Move a booked visit in place, keeping what is not named; its time is never free for a moment in between.

    Locks both practitioners, rooms, the patient and the row. Bumps the version, takes back the confirmation (it was
    for the old time) and cancels messages planned for earlier versions. Without `tell_patient` no message about the
    move goes out; reminders of the new time do. Holds of `held_for`, who was choosing, give way to the move. Moving to
    where it is changes nothing. Raises StaleVersion, InvalidTransition, SlotUnavailable with conflicts and alternatives.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    current = load(appointment.pk)
    wanted = _wanted_move(
        current,
        start=start,
        practitioner=practitioner,
        location=location,
        room=room,
        duration_minutes=duration_minutes,
        overbook=overbook,
    )
    with answering_with_alternatives(wanted):
        lock_for(wanted, also_practitioners=[current.practitioner_id])
        locked = lock(current.pk)
        _require_unchanged(locked, current, wanted, version)
        require_step(locked, Step.RESCHEDULE)
        _require_before_start(locked, actor)
        own = holds_of(current.organization, held_for) if held_for else []
        if _is_there_already(locked, wanted):
            release_rows(own, actor=actor)
            return locked
        found, own = examine_without(wanted, own)
        decision = decide_on(found, override_reason=override_reason, actor=actor)
        release_rows(own, actor=actor)
        before = {field: getattr(locked, field) for field in MOVED_FIELDS}
        place(locked, wanted, decision)
        locked.confirmed_at, locked.confirmed_by = None, ""
        locked.override_reason = decision.override_reason
        _publish_move(locked, before, actor, tell_patient=tell_patient)
    return locked


def check_move(
    *,
    appointment: Appointment,
    start: dt.datetime,
    practitioner: Practitioner | None = None,
    location: Location | None = None,
    room: Room | None = None,
    duration_minutes: int | None = None,
    version: int | None = None,
    actor: Actor,
) -> bool:
    """Tell whether `reschedule_appointment` would move the visit: False when it is there already. Writes and locks nothing.

    Raises what moving it would: StaleVersion, InvalidTransition, SlotUnavailable with conflicts and alternatives.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    current = load(appointment.pk)
    wanted = _wanted_move(
        current,
        start=start,
        practitioner=practitioner,
        location=location,
        room=room,
        duration_minutes=duration_minutes,
        overbook=False,
    )
    _require_unchanged(current, current, wanted, version)
    require_step(current, Step.RESCHEDULE)
    _require_before_start(current, actor)
    if _is_there_already(current, wanted):
        return False
    conflicts = examine(wanted).conflicts
    if conflicts:
        raise SlotUnavailable(conflicts, alternatives_to(wanted))
    return True


def _wanted_move(
    current: Appointment,
    *,
    start: dt.datetime,
    practitioner: Practitioner | None,
    location: Location | None,
    room: Room | None,
    duration_minutes: int | None,
    overbook: bool,
) -> Wanted:
    place_ = location or current.location
    # A room that the type doesn't need is kept where the visit stays, but two visits beside each other don't share it.
    keeps_room = place_.pk == current.location_id and not current.appointment_type.needs_room and not overbook
    return Wanted(
        organization=current.organization,
        appointment_type=current.appointment_type,
        practitioner=practitioner or current.practitioner,
        location=place_,
        start=start,
        minutes=duration_minutes or int((current.end - current.start).total_seconds()) // 60,
        patient=current.patient,
        room=room or (current.room if keeps_room else None),
        preferred_room=current.room_id,
        source=current.source,
        ignore=current.pk,
        overbook=overbook,
        in_series=current.series_id is not None,
    )


def undo_reschedule(*, appointment: Appointment, version: int | None = None, actor: Actor) -> Appointment:
    """Move a visit back to where it was before its last move, within ten minutes, with the confirmation that it had.

    Only what the database would refuse stands in the way, because the clinic's own rules were met or set aside when
    it was booked there: a visit that began a minute ago may go back. The patient, who may have been told, is told
    again, unless the move was made without telling. An offer of the old time to somebody who waits is taken back as
    long as they were not told of it. Locks the waitlist, then as `reschedule_appointment`. Raises StaleVersion,
    InvalidTransition, SlotUnavailable.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    current = load(appointment.pk)
    move = _last_move(current)
    was = _before(move, current)
    wanted = Wanted(
        organization=current.organization,
        appointment_type=current.appointment_type,
        practitioner=Practitioner.objects.get(pk=was["practitioner_id"]),
        location=Location.objects.get(pk=was["location_id"]),
        start=was["start"],
        minutes=int((was["end"] - was["start"]).total_seconds()) // 60,
        patient=current.patient,
        room=Room.objects.filter(pk=was["room_id"]).first(),
        source=current.source,
        ignore=current.pk,
        overbook=was["lane"] > 0,
        in_series=current.series_id is not None,
    )
    with answering_with_alternatives(wanted):
        lock_waitlist(current.organization)
        lock_for(wanted, also_practitioners=[current.practitioner_id])
        locked = lock(current.pk)
        withdraw_unsent_offers(wanted, actor=actor)
        _require_unchanged(locked, current, wanted, version)
        require_step(locked, Step.RESCHEDULE)
        decision = refuse_hard_conflicts(wanted, actor=actor)
        before = {field: getattr(locked, field) for field in MOVED_FIELDS}
        place(locked, wanted, decision)
        locked.override_reason = was["override_reason"] or decision.override_reason
        locked.confirmed_at, locked.confirmed_by = was["confirmed_at"], was["confirmed_by"]
        _publish_move(locked, before, actor, tell_patient=move.payload.get("tell_patient", True), undone=True)
    return locked


def _last_move(current: Appointment) -> Event:
    """Return the event of the move that brought the visit where it is; raise InvalidTransition when it can't be undone."""
    rows = Event.objects.for_organization(current.organization)  # type: ignore[attr-defined]
    move: Event | None = rows.filter(subject_id=current.pk, type="appointment.rescheduled").first()
    if move is None or move.payload.get("version") != current.version:
        raise not_possible(current, _("There is nothing to undo."))
    if timezone.now() > move.occurred_at + UNDO_WINDOW:
        raise not_possible(current, _("That is too long ago to undo: it is possible for 10 minutes."))
    return move


def _before(move: Event, current: Appointment) -> dict[str, Any]:
    """Return the fields as they were before the move."""
    present = {field: getattr(current, field) for field in MOVED_FIELDS} | UNCONFIRMED  # since a move takes it back
    was = {field: move.changes.get(field, [present[field]])[0] for field in MOVED_FIELDS}
    moments = ("start", "end", "confirmed_at")
    return was | {field: dt.datetime.fromisoformat(was[field]) for field in moments if isinstance(was[field], str)}


def _publish_move(locked: Appointment, before: dict[str, Any], actor: Actor, **more: Any) -> None:
    locked.version += 1
    locked.save()
    call_off(locked, reason=_("The appointment was moved."), below_version=locked.version, actor=actor)
    emit_change("rescheduled", locked, actor=actor, changes=_differences(locked, before), **more)


@transaction.atomic
def cancel_appointment(
    *,
    appointment: Appointment,
    reason: str,
    note: str = "",
    tell_patient: bool = True,
    version: int | None = None,
    actor: Actor,
) -> Appointment:
    """Cancel a visit that has not begun; its time can be booked again at once.

    Locks the row, bumps the version, cancels messages planned for earlier versions. `reason` is one of CancelReason.
    Without `tell_patient` no message about it goes out.
    Raises InvalidTransition, InvalidInput, and StaleVersion when it was changed since `version`.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    if reason not in CancelReason.values:
        message = _("Choose a reason: %(list)s.") % {"list": ", ".join(CancelReason.values)}
        raise InvalidInput(message, errors={"reason": [message]})
    locked = lock(appointment.pk)
    _require_version(locked, version, {})
    require_step(locked, Step.CANCEL)
    _require_before_start(locked, actor)
    now = timezone.now()
    before = locked.status
    locked.previous_status, locked.status, locked.status_changed_at = before, Status.CANCELLED, now
    locked.cancelled_at, locked.cancel_reason, locked.cancel_note = now, reason, note.strip()[:MAX_NOTE]
    locked.version += 1
    locked.save()
    call_off(locked, reason=_("The appointment was cancelled."), below_version=locked.version, actor=actor)
    changes = {"status": [before, Status.CANCELLED], "cancel_reason": ["", reason]}
    emit_change("cancelled", locked, actor=actor, changes=changes, cancel_reason=reason, tell_patient=tell_patient)
    return locked


@transaction.atomic
def describe_appointment(
    *,
    appointment: Appointment,
    reason: str | None = None,
    note: str | None = None,
    version: int | None = None,
    actor: Actor,
) -> Appointment:
    """Change what is written about a visit: the patient's reason, the staff's note; None leaves it.

    The version stays: messages and invites say neither. The event names the fields, not their words.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    locked = lock(appointment.pk)
    if locked.status == Status.HELD:
        raise not_possible(locked, str(WHY_NOT[Status.HELD]))
    wanted = {field: text.strip() for field, text in (("reason", reason), ("note", note)) if text is not None}
    _require_version(locked, version, wanted)
    differing = {field: text for field, text in wanted.items() if text != getattr(locked, field)}
    if len(differing.get("reason", "")) > MAX_REASON:
        message = _("At most %(number)d characters.") % {"number": MAX_REASON}
        raise InvalidInput(message, errors={"reason": [message]})
    if differing:
        for field, text in differing.items():
            setattr(locked, field, text)
        locked.save(update_fields=[*differing, "updated_at"])
        emit_change("described", locked, actor=actor, fields=sorted(differing))
    return locked


def load(pk: uuid.UUID) -> Appointment:
    """Return the appointment with everything that decisions about it read; raise NotFound."""
    found: Appointment | None = Appointment.objects.for_list().select_related("organization").filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such appointment in your clinic."))
    return found


def lock(pk: uuid.UUID) -> Appointment:
    """Return the appointment, its row locked until the transaction ends; raise NotFound. Two queries.

    The lock is taken without joins: when the row changed while it was waited for, PostgreSQL compares it with the
    practitioner and location joined before, and a visit that was just moved to somebody else would not be found.
    """
    held = Appointment.objects.select_for_update(no_key=True).filter(pk=pk).values_list("pk", flat=True)
    if not list(held):
        raise NotFound(_("There is no such appointment in your clinic."))
    return load(pk)


def _require_unchanged(locked: Appointment, read: Appointment, wanted: Wanted, version: int | None) -> None:
    """Refuse when somebody changed the appointment since the caller read it (`version`) or since we chose the locks."""
    mine = {"start": wanted.start, "practitioner_id": wanted.practitioner.pk, "location_id": wanted.location.pk}
    _require_version(locked, version, mine)
    if locked.version != read.version:
        raise Conflict(_("This appointment is being changed by somebody else. Try again."), code="being_changed")


def _require_version(locked: Appointment, version: int | None, mine: dict[str, Any]) -> None:
    if version is not None and version != locked.version:
        raise StaleVersion(
            _("Somebody else changed this appointment meanwhile. Look at it again, then decide."),
            current=locked.version,
            conflicts=[
                {"field": field.removesuffix("_id"), "current": plain(getattr(locked, field)), "yours": plain(value)}
                for field, value in mine.items()
                if getattr(locked, field) != value
            ],
        )


def _require_before_start(appointment: Appointment, actor: Actor) -> None:
    """Patients may change what lies ahead only; the clinic may also tidy up afterwards."""
    if actor.kind in {ActorKind.PATIENT, ActorKind.BOT} and appointment.start <= timezone.now():
        raise not_possible(appointment, _("The appointment has begun. Please call the clinic."))


def _is_there_already(appointment: Appointment, wanted: Wanted) -> bool:
    return (appointment.start, appointment.end, appointment.practitioner_id, appointment.location_id) == (
        wanted.start,
        wanted.end,
        wanted.practitioner.pk,
        wanted.location.pk,
    ) and (wanted.room is None or wanted.room.pk == appointment.room_id)


def _differences(appointment: Appointment, before: dict[str, Any]) -> dict[str, list[Any]]:
    return {
        field: [plain(old), plain(getattr(appointment, field))]
        for field, old in before.items()
        if old != getattr(appointment, field)
    }
