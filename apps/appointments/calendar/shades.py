"""What is shaded in a column: outside the hours, breaks, time off, other calendars, closures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from apps.appointments.calendar.minutes import DAY_MINUTES, clip, label_of
from apps.appointments.calendar.shapes import Block
from apps.practitioners.models import Practitioner, Room
from apps.practitioners.selectors import Absence, WorkingTime


def shades_of_person(
    zone: ZoneInfo,
    day: dt.date,
    hours: Sequence[WorkingTime],
    away: Sequence[Absence],
    practitioner: Practitioner,
    first: int,
    last: int,
) -> list[Block]:
    """Return what is shaded: before, between and after the hours, absences, closures of where the person works."""
    places = {w.location_id for w in hours}
    mine = [
        absence
        for absence in away
        if absence.practitioner_id == practitioner.pk
        or (absence.practitioner_id is None and (absence.location_id is None or absence.location_id in places))
    ]
    return [*_around(zone, day, hours, first, last), *_absences(zone, day, mine, first, last)]


def shades_of_room(
    zone: ZoneInfo, day: dt.date, away: Sequence[Absence], room: Room, first: int, last: int
) -> list[Block]:
    """Return the closures of the room's location."""
    closures = [
        absence
        for absence in away
        if absence.practitioner_id is None and absence.location_id in (None, room.location_id)
    ]
    return list(_absences(zone, day, closures, first, last))


def _around(zone: ZoneInfo, day: dt.date, hours: Sequence[WorkingTime], first: int, last: int) -> Iterator[Block]:
    """Yield what lies before, between and after the hours."""
    stretches = sorted((clip(zone, day, w.start, w.end) for w in hours), key=lambda s: s[0])
    at = first
    for opens, closes in stretches:
        if opens > at:
            between = at > first
            words = _("Break") if between else _("Starts %(time)s") % {"time": label_of(opens)}
            yield _shade(at - first, opens - at, words, "" if between else "quiet", "clock-pause" if between else "")
        at = max(at, closes)
    if not stretches:
        yield _shade(0, last - first, _("Not working"), "quiet", "")
    elif at < last:
        yield _shade(at - first, last - at, _("Ends %(time)s") % {"time": label_of(at)}, "quiet", "")


def _absences(zone: ZoneInfo, day: dt.date, away: Sequence[Absence], first: int, last: int) -> Iterator[Block]:
    for absence in away:
        begins, ends = clip(zone, day, absence.start, absence.end)
        time = _time(begins, ends)
        begins, ends = max(begins, first), min(ends, last)
        if begins >= ends:
            continue
        if absence.calendar:
            words, css, icon = _("Elsewhere %(time)s") % {"time": time}, "", "calendar-share"
        elif absence.practitioner_id is None:
            words, css, icon = _("Closed %(time)s") % {"time": time}, "closed", "lock"
        else:
            words, css, icon = _("Time off %(time)s") % {"time": time}, "", "beach"
        why = absence.reason or absence.calendar
        yield _shade(begins - first, ends - begins, f"{words} · {why}" if why else words, css, icon)


def _time(begins: int, ends: int) -> str:
    """Return which minutes of the day an absence takes, in words; it may go on beyond the day on either side."""
    span = {"from": label_of(begins), "to": label_of(ends)}
    if begins == 0 and ends == DAY_MINUTES:
        return _("all day")
    if begins == 0:
        return _("until %(to)s") % span
    return (_("from %(from)s") if ends == DAY_MINUTES else _("%(from)s to %(to)s")) % span


def _shade(top: int, minutes: int, title: str, css: str, icon: str) -> Block:
    return Block(kind="off", top=top, minutes=minutes, title=title, css=css, icon=icon)
