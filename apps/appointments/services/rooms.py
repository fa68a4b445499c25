"""The room of a visit, chosen or changed at the desk."""

from __future__ import annotations

import uuid

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.appointments.models import OPEN_STATUSES, Appointment, Status
from apps.appointments.rooms import RoomLine, rooms_for
from apps.appointments.services.changes import load, lock
from apps.appointments.services.placing import CODE_OF_CONSTRAINT, emit_change, lock_rooms, release_rows
from apps.appointments.transitions import WHY_NOT, not_possible
from apps.core.actors import Actor
from apps.core.constraints import violated_constraint
from apps.core.errors import Conflict, InvalidInput
from apps.organizations.permissions import Permission
from apps.practitioners.models import Room


def set_room(
    *, appointment: Appointment, room: Room | None, instead_of: uuid.UUID | None = None, actor: Actor
) -> Appointment:
    """Give a visit that is not over another room of its location, or none; a visit of a group takes its group along.

    Locks both rooms by id, then the rows. `instead_of` is the room that the caller saw (for an undo): when it is
    another one by now, nothing happens. Time and version stay, nobody is told. Raises InvalidTransition for a visit
    that is over, InvalidInput for a room that does not suit, Conflict `room_taken` that says until when and what is
    free.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    current = load(appointment.pk)
    try:
        with transaction.atomic():
            return _set(current, room, instead_of, actor)
    except IntegrityError as error:
        if CODE_OF_CONSTRAINT.get(violated_constraint(error)) != "room_taken" or room is None:
            raise
        raise _taken(room, rooms_for(load(current.pk)), current) from error


def _set(current: Appointment, room: Room | None, instead_of: uuid.UUID | None, actor: Actor) -> Appointment:
    wanted = {pk for pk in (current.room_id, room.pk if room else None) if pk is not None}
    lock_rooms(wanted)
    visits = _locked(current)
    visit = next(one for one in visits if one.pk == current.pk)
    if visit.status not in OPEN_STATUSES:
        raise not_possible(visit, str(WHY_NOT[visit.status]))
    if instead_of is not None and visit.room_id != instead_of:
        raise Conflict(_("Somebody else changed the room meanwhile. Look again."), code="being_changed")
    if room is None:
        if visit.appointment_type.needs_room:
            message = _("%(type)s needs a room. Choose another one.") % {"type": visit.appointment_type.name}
            raise InvalidInput(message, errors={"room": [message]})
    elif room.pk != visit.room_id:
        _require_fitting(visit, room, actor)
    for one in visits:
        before = one.room_id
        if before == (room.pk if room else None):
            continue
        one.room = room
        one.save(update_fields=["room", "updated_at"])
        changes = {"room_id": [str(before) if before else None, str(room.pk) if room else None]}
        emit_change("room_changed", one, actor=actor, changes=changes)
    return visit


def _locked(current: Appointment) -> list[Appointment]:
    """Return the visit and those of its group that are not over, their rows locked in the order of their ids."""
    same = Q(pk=current.pk)
    if current.session is not None:
        same |= Q(session=current.session, status__in=OPEN_STATUSES)
    held = Appointment.objects.filter(same).select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True)
    return [lock(pk) for pk in list(held)]


def _require_fitting(visit: Appointment, room: Room, actor: Actor) -> None:
    """Refuse a room that is elsewhere, closed, not for this type, or taken; clear expired holds out of the way."""
    lines = rooms_for(visit)
    line = next((line for line in lines if line.room.pk == room.pk), None)
    if line is None:
        message = _("%(room)s can’t take this visit. Choose one of: %(rooms)s.") % {
            "room": room.name,
            "rooms": _names(lines),
        }
        raise InvalidInput(message, errors={"room": [message]})
    if not line.is_free:
        raise _taken(room, lines, visit)
    expired = Appointment.objects.filter(
        room=room, status=Status.HELD, held_until__lte=timezone.now(), busy_period__overlap=visit.busy_period
    )
    release_rows(list(expired.values_list("pk", flat=True)), actor=actor)


def _taken(room: Room, lines: list[RoomLine], visit: Appointment) -> Conflict:
    free = [line for line in lines if line.is_free and not line.is_current]
    until = next((line.until for line in lines if line.room.pk == room.pk), None)
    words = {
        "room": room.name,
        "time": date_format(until.astimezone(visit.location.zone), "H:i") if until else "",
        "rooms": _names(free),
    }
    taken = _("%(room)s is taken until %(time)s.") if until else _("%(room)s has just been taken.")
    instead = _("Free then: %(rooms)s.") if free else _("No other room is free then.")
    return Conflict(f"{taken} {instead}" % words, code="room_taken")


def _names(lines: list[RoomLine]) -> str:
    return ", ".join(line.room.name for line in lines) or "–"
