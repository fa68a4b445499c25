"""Days and times as other systems write them, as instants."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from apps.practitioners.hours import first_instant

_NUMBERS = re.compile(r"^(\d{1,4})([/.\-])(\d{1,2})\2(\d{1,4})$")
_CLOCK = re.compile(r"^(\d{1,2})[:.h](\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([ap])?\.?m?\.?$", re.IGNORECASE)
YEARS = range(1950, 2101)


class Unreadable(ValueError):
    """A text that is no day or time; its message says how to write one."""


def read_day(text: str, *, day_first: bool) -> dt.date:
    """Return the date: ISO, or numbers with / . - in the clinic's order. Raises Unreadable."""
    found = _NUMBERS.match(text.strip())
    example = "31/12/2026" if day_first else "12/31/2026"
    message = _("“%(text)s” is not a date. Write 2026-12-31 or %(example)s.") % {"text": text[:40], "example": example}
    if found is None:
        raise Unreadable(message)
    first, _mark, second, third = found.groups()
    if len(first) == 4:
        year, month, day = int(first), int(second), int(third)
    elif len(third) == 4:
        year = int(third)
        day, month = (int(first), int(second)) if day_first else (int(second), int(first))
    else:
        raise Unreadable(message)
    try:
        date = dt.date(year, month, day)
    except ValueError as error:
        raise Unreadable(message) from error
    return date


def read_time(text: str) -> dt.time:
    """Return the time of day: 9:30, 09:30:00, 9:30 pm. Raises Unreadable."""
    found = _CLOCK.match(text.strip())
    message = _("“%(text)s” is not a time. Write 09:30 or 9:30 am.") % {"text": text[:40]}
    if found is None:
        raise Unreadable(message)
    hour, minute, second, half = int(found[1]), int(found[2]), int(found[3] or 0), (found[4] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise Unreadable(message)
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return dt.time(hour, minute, second)
    except ValueError as error:
        raise Unreadable(message) from error


def read_moment(text: str, *, zone: ZoneInfo, day_first: bool) -> dt.datetime:
    """Return the instant (UTC): ISO with its offset, or day and time on the location's wall. Raises Unreadable."""
    text = text.strip()
    try:
        exact = parse_datetime(text) if len(text) > len("2026-12-31") else None  # it takes a day alone for its midnight
    except ValueError:
        exact = None
    if exact is not None and exact.tzinfo is not None:
        if exact.year not in YEARS:
            raise Unreadable(_("“%(text)s” lies too far away. Check the year.") % {"text": text[:40]})
        return exact.astimezone(dt.UTC)
    if exact is not None:
        return on_wall(exact.date(), exact.time(), zone=zone)
    day, _space, clock = re.sub(r",|T(?=\d)", " ", text).strip().partition(" ")
    if not clock.strip():
        raise Unreadable(
            _("“%(text)s” is not a day with a time. Write 2026-12-31 09:30, or choose a column for each.")
            % {"text": text[:40]}
        )
    try:
        date, time = read_day(day, day_first=day_first), read_time(clock)
    except Unreadable as error:
        example = "31/12/2026 09:30" if day_first else "12/31/2026 9:30 am"
        message = _("“%(text)s” is not a day with a time. Write 2026-12-31 09:30 or %(example)s.")
        raise Unreadable(message % {"text": text[:40], "example": example}) from error
    return on_wall(date, time, zone=zone)


def on_wall(day: dt.date, time: dt.time, *, zone: ZoneInfo) -> dt.datetime:
    """Return the instant (UTC) of a wall time that exists once. Raises Unreadable for what the clocks skip or repeat."""
    if day.year not in YEARS:
        raise Unreadable(_("%(day)s lies too far away. Check the year.") % {"day": day.isoformat()})
    local = dt.datetime.combine(day, time)
    early, late = local.replace(tzinfo=zone), local.replace(tzinfo=zone, fold=1)
    if early.utcoffset() != late.utcoffset():
        values = {"when": f"{local:%Y-%m-%d %H:%M}", "zone": zone.key}
        if early.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) != local:
            raise Unreadable(_("%(when)s does not exist in %(zone)s: the clocks skip it. Check the time.") % values)
        raise Unreadable(
            _(
                "%(when)s comes twice in %(zone)s: the clocks are put back. Write it with its offset, for example 01:30-05:00."
            )
            % values
        )
    return first_instant(zone, day, time)
