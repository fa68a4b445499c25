"""Visits, groups and holds as the blocks of a column."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from apps.appointments.calendar.minutes import label_of, minute_of, side_by_side
from apps.appointments.calendar.shapes import Block
from apps.appointments.calendar.visits import Visit
from apps.appointments.models import Status

PAST = (Status.FULFILLED, Status.NO_SHOW)
LATE = dt.timedelta(minutes=5)
STATUS_ICONS = {
    Status.ARRIVED: "hourglass",
    Status.IN_PROGRESS: "door-enter",
    Status.FULFILLED: "circle-check",
    Status.NO_SHOW: "user-x",
}


@dataclass(frozen=True, slots=True)
class Wall:
    """How a page looks at the clock: its zone, the minute of its first line, now, and which type it picks out."""

    zone: ZoneInfo
    first: int
    now: dt.datetime
    only_type: uuid.UUID | None = None
    names_people: bool = False


def blocks_of(visits: Sequence[Visit], wall: Wall) -> list[Block]:
    """Return the blocks of a column's visits, sorted by their start; those at one time beside each other.

    The visits of one group are one block, which says how many seats are taken.
    """
    ordered = sorted(visits, key=lambda visit: (visit.start, visit.lane, str(visit.session or visit.pk)))
    together = [list(members) for _key, members in groupby(ordered, key=lambda visit: visit.session or visit.pk)]
    places = side_by_side([(members[0].start, max(m.end for m in members)) for members in together])
    blocks = []
    for members, (lane, lanes) in zip(together, places, strict=True):
        visit = members[0]
        if visit.session is not None:
            block = _group(members, wall)
        else:
            block = _hold(visit, wall) if visit.status == Status.HELD else _visit(visit, wall)
        blocks.append(replace(block, lane=lane, lanes=lanes))
        after = int((visit.busy_period.upper - visit.end).total_seconds() // 60)
        if after > 0 and visit.status not in (Status.NO_SHOW, Status.HELD):
            end = block.top + block.minutes
            title = _("%(n)d min buffer") % {"n": after}
            blocks.append(Block("buf", end, after, title=title, lane=lane, lanes=lanes))
    return blocks


def _placed(visit: Visit, wall: Wall) -> tuple[int, int, str]:
    minute = minute_of(visit.start.astimezone(wall.zone))
    return minute - wall.first, int((visit.end - visit.start).total_seconds() // 60), label_of(minute)


def _hold(visit: Visit, wall: Wall) -> Block:
    top, minutes, time = _placed(visit, wall)
    return Block(
        "hold", top, minutes, title=_("Held"), time=time, css="hold", icon="hourglass", held_until=visit.held_until
    )


def _visit(visit: Visit, wall: Wall) -> Block:
    top, minutes, time = _placed(visit, wall)
    word, icon = _status_words(visit, wall.now)
    what = visit.reason or visit.appointment_type__name
    return Block(
        kind="ev",
        top=top,
        minutes=minutes,
        title=f"{visit.patient_name} {visit.patient__name_latin or ''}".strip(),
        detail=f"{visit.who} · {what}" if wall.names_people else what,
        icon=icon,
        word=word,
        time=time,
        css=_css(visit, wall, is_past=visit.status in PAST),
        id=visit.pk,
        path=f"/appointments/{visit.pk}/",
        version=visit.version,
        movable=visit.status == Status.BOOKED,
    )


def _group(members: Sequence[Visit], wall: Wall) -> Block:
    visit = members[0]
    top, minutes, time = _placed(visit, wall)
    seats = _("%(n)d of %(of)d seats") % {"n": len(members), "of": visit.appointment_type__capacity}
    names = ", ".join(member.patient_name for member in members if member.patient_id)
    detail = f"{seats} · {names}" if names else seats
    return Block(
        kind="ev",
        top=top,
        minutes=minutes,
        title=visit.appointment_type__name,
        detail=f"{visit.who} · {detail}" if wall.names_people else detail,
        icon="users",
        word=seats,
        time=time,
        css=_css(visit, wall, is_past=all(member.status in PAST for member in members)),
        id=visit.session,
        path=f"/calendar/group/{visit.session}/",
    )


def _css(visit: Visit, wall: Wall, *, is_past: bool) -> str:
    dims = wall.only_type is not None and visit.appointment_type_id != wall.only_type
    return f"{visit.appointment_type__colour}{' done' if is_past else ''}{' dim' if dims else ''}"


def _status_words(visit: Visit, now: dt.datetime) -> tuple[str, str]:
    if visit.status == Status.ARRIVED and visit.arrived_at:
        return _("Waiting %(n)d min") % {"n": (now - visit.arrived_at).seconds // 60}, "hourglass"
    if visit.status == Status.IN_PROGRESS and visit.started_at:
        return _("In room %(n)d min") % {"n": (now - visit.started_at).seconds // 60}, "door-enter"
    if visit.status in STATUS_ICONS:
        return str(Status(visit.status).label), STATUS_ICONS[Status(visit.status)]
    if now - visit.start > LATE:
        return _("%(n)d min late") % {"n": int((now - visit.start).total_seconds() // 60)}, "clock-exclamation"
    return (_("Confirmed"), "calendar-check") if visit.confirmed_at else (_("Not confirmed"), "circle-dashed")
