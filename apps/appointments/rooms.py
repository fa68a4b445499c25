"""Which rooms a visit could take: the free ones first, and until when the others are taken."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from apps.appointments.models import BUSY_STATUSES, Appointment, Status
from apps.appointments.models.types import TypeRoom
from apps.practitioners.models import Room

LONGEST_LOOK = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RoomLine:
    """A room of the visit's location; `until` (UTC) is when who has it will leave by the book, None while it is free.

    `overrun` says that somebody is in it whose time is over: free by the book, in use in truth.
    """

    room: Room
    is_current: bool
    until: dt.datetime | None
    overrun: bool

    @property
    def is_free(self) -> bool:
        return self.until is None


def rooms_for(appointment: Appointment) -> list[RoomLine]:
    """Return the rooms that the visit may take at its location, the free ones first; three queries.

    A type with rooms of its own takes place in those only. Visits of the same group do not stand in its way.
    """
    rooms = Room.objects.for_organization(appointment.organization).filter(
        location_id=appointment.location_id, is_active=True
    )
    own = set(
        TypeRoom.objects.filter(appointment_type=appointment.appointment_type_id).values_list("room_id", flat=True)
    )
    found = [room for room in rooms if not own or room.pk in own or room.pk == appointment.room_id]
    until, overrun = _taken(appointment, [room.pk for room in found])
    lines = [
        RoomLine(room, room.pk == appointment.room_id, until.get(room.pk), room.pk in overrun and room.pk not in until)
        for room in found
    ]
    return sorted(lines, key=lambda line: (not line.is_free, _in_order(line.room.name)))


def _in_order(name: str) -> list[tuple[int, str]]:
    """Return what sorts Room 2 before Room 10."""
    return [(int(part), "") if part.isdecimal() else (0, part.casefold()) for part in re.split(r"(\d+)", name)]


def _taken(
    appointment: Appointment, room_ids: list[uuid.UUID]
) -> tuple[dict[uuid.UUID | None, dt.datetime], set[uuid.UUID | None]]:
    """Return until when each room is taken, and which have somebody in them at another time of the book; one query."""
    busy = appointment.busy_period
    rows = (
        Appointment.objects.for_organization(appointment.organization)
        .filter(room_id__in=room_ids, status__in=BUSY_STATUSES)
        .filter(start__gt=busy.lower - LONGEST_LOOK, start__lt=busy.upper + LONGEST_LOOK)
        .exclude(pk=appointment.pk)
        .exclude(status=Status.HELD, held_until__lte=timezone.now())
    )
    if appointment.session is not None:
        rows = rows.exclude(session=appointment.session)
    overlapping = Q(busy_period__overlap=busy)
    until: dict[uuid.UUID | None, dt.datetime] = {}
    overrun: set[uuid.UUID | None] = set()
    for room_id, period in rows.filter(overlapping | Q(status=Status.IN_PROGRESS)).values_list(
        "room_id", "busy_period"
    ):
        if period.lower < busy.upper and period.upper > busy.lower:
            until[room_id] = max(period.upper, until.get(room_id, period.upper))
        else:
            overrun.add(room_id)
    return until, overrun
