"""iCalendar files (RFC 5545) read as busy times: what repeats is expanded on the wall clock of the event's own zone.

A time without a zone, and a whole day, is read on the clock that the caller gives: of the place where the practitioner
works. What is marked free or cancelled takes no time. Nothing here touches the database.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, cast
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from django.utils.translation import gettext as _
from icalendar import Calendar
from icalendar.cal import Component

from apps.core.errors import InvalidInput
from apps.practitioners.hours import day_bounds, first_instant

MOST_BYTES = 1024 * 1024
MOST_OCCURRENCES = 5000
MOST_STEPS = 50_000  # of one rule, from its first date on
PATIENCE_SECONDS = 5.0
LONGEST = dt.timedelta(days=2 * 366)
FREQUENCIES = frozenset({"HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
# Rarely written, and a rule of these that never comes true would be searched for until the year 9999.
UNREADABLE_PARTS = frozenset({"BYEASTER", "BYWEEKNO", "BYYEARDAY", "BYSECOND", "BYMINUTE", "BYHOUR", "RSCALE", "SKIP"})
PRIVATE = frozenset({"PRIVATE", "CONFIDENTIAL"})


@dataclass(frozen=True, slots=True, order=True)
class BusyPeriod:
    """A time, [start, end) UTC, in which somebody is taken. `summary` is empty for what is marked private."""

    start: dt.datetime
    end: dt.datetime
    uid: str
    summary: str = ""


@dataclass(slots=True)
class CalendarFile:
    """What a file says about a window of time: its own name, the busy times in order, and what was left out and why.

    `unreadable` are the UIDs of events whose times or rules could not be understood.
    """

    name: str = ""
    periods: list[BusyPeriod] = field(default_factory=list)
    free: int = 0
    cancelled: int = 0
    unreadable: list[str] = field(default_factory=list)


class _Unreadable(Exception):
    """An event whose times can't be understood."""


def read_calendar_file(content: bytes, *, zone: ZoneInfo, start: dt.datetime, end: dt.datetime) -> CalendarFile:
    """Return the busy times of the file that meet [start, end), at most MOST_OCCURRENCES.

    Takes up to PATIENCE_SECONDS of the processor. Raises InvalidInput for what is no calendar, too large, or has more.
    """
    calendar = _parse(content)
    found = CalendarFile(name=" ".join(str(calendar.get("X-WR-CALNAME", "")).split())[:80])
    masters, changed = _sorted_events(calendar)
    window = _Window(zone, start, end, time.monotonic() + PATIENCE_SECONDS)
    periods: set[BusyPeriod] = set()
    for event in [*masters.values(), *(one for group in changed.values() for one in group)]:
        uid = _uid(event)
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            found.cancelled += 1
            continue
        if _takes_no_time(event):
            found.free += 1
            continue
        try:
            meeting = _meeting(event, changed.get(uid, ()) if "RECURRENCE-ID" not in event else (), window)
        except _Unreadable:
            found.unreadable.append(uid)
            continue
        for begins, ends in meeting:
            periods.add(BusyPeriod(begins, ends, uid, _summary(event)))
            if len(periods) > MOST_OCCURRENCES:
                raise _refused(
                    _(
                        "The file has more than %(n)d busy times in the coming months. Export a shorter time, or fewer events."
                    )
                    % {"n": MOST_OCCURRENCES}
                )
    found.periods = sorted(periods)
    return found


def _parse(content: bytes) -> Calendar:
    if not content.strip():
        raise _refused(_("The file is empty. Export the calendar again, as an .ics file."))
    if len(content) > MOST_BYTES:
        raise _refused(_("The file is larger than 1 MB. Export a shorter time, or without attachments."))
    try:
        calendar = Calendar.from_ical(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _refused(_("The file is not in UTF-8. Export the calendar again, as an .ics file.")) from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise _refused(
            _("This is not a calendar file. It must begin with BEGIN:VCALENDAR; export the calendar again, as .ics.")
        ) from error
    if getattr(calendar, "name", "") != "VCALENDAR":
        raise _refused(
            _("This is not a calendar file. It must begin with BEGIN:VCALENDAR; export the calendar again, as .ics.")
        )
    return calendar


def _refused(message: str) -> InvalidInput:
    return InvalidInput(message, errors={"file": [message]}, code="invalid_calendar")


def _sorted_events(calendar: Calendar) -> tuple[dict[str, Component], dict[str, list[Component]]]:
    """Return the events by UID, the latest version of each, and by UID the changes of single occurrences."""
    masters: dict[str, Component] = {}
    changed: dict[str, dict[str, Component]] = {}
    for event in calendar.walk("VEVENT"):
        uid = _uid(event)
        known: dict[str, Component] = masters
        key = uid
        if "RECURRENCE-ID" in event:
            known, key = changed.setdefault(uid, {}), _as_text(event["RECURRENCE-ID"])
        if key not in known or _sequence(known[key]) <= _sequence(event):
            known[key] = event
    return masters, {uid: list(group.values()) for uid, group in changed.items()}


def _uid(event: Component) -> str:
    given = str(event.get("UID", "")).replace("\x00", "").strip()
    return (given or hashlib.sha256(event.to_ical()).hexdigest())[:255]


def _sequence(event: Component) -> int:
    try:
        return int(event.get("SEQUENCE", 0))
    except (TypeError, ValueError):
        return 0


def _takes_no_time(event: Component) -> bool:
    return (
        str(event.get("TRANSP", "")).upper() == "TRANSPARENT"
        or str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper() == "FREE"
    )


def _summary(event: Component) -> str:
    if str(event.get("CLASS", "")).upper() in PRIVATE:
        return ""
    return " ".join(str(event.get("SUMMARY", "")).replace("\x00", "").split())[:120]


@dataclass(frozen=True, slots=True)
class _Window:
    """The time that is asked about, the clock for what has no zone, and until when it may be worked on."""

    zone: ZoneInfo
    start: dt.datetime
    end: dt.datetime
    deadline: float

    def meets(self, start: dt.datetime, end: dt.datetime) -> bool:
        return start < self.end and self.start < end

    def instant(self, moment: dt.date | dt.datetime, zone: dt.tzinfo | None) -> dt.datetime:
        """Return a wall time of an event as an instant; a date is its first moment."""
        if not isinstance(moment, dt.datetime):
            return day_bounds(self.zone, moment)[0]
        if zone is not None:
            return moment.replace(tzinfo=zone).astimezone(dt.UTC)
        return first_instant(self.zone, moment.date(), moment.time())

    def check_patience(self) -> None:
        if time.monotonic() > self.deadline:
            raise _refused(_("The file takes too long to read: its events repeat too often. Export a shorter time."))


def _meeting(
    event: Component, changes: Iterable[Component], window: _Window
) -> Iterable[tuple[dt.datetime, dt.datetime]]:
    """Return the occurrences of an event that meet the window; those that were changed stand for themselves."""
    try:
        first = _value(event, "DTSTART")
        zone = first.tzinfo if isinstance(first, dt.datetime) else None
        length = _length(event, first, zone, window)
        left_out = {_on_wall(moment, zone, first) for moment in _values(event, "EXDATE")}
        left_out |= {_on_wall(_value(change, "RECURRENCE-ID"), zone, first) for change in changes}
        begins = _occurrences(event, _on_wall(first, zone, first), zone, window)
        days_left_out = {one for one in left_out if not isinstance(one, dt.datetime)}
        kept = (
            moment
            for moment in begins
            if moment not in left_out and not (isinstance(moment, dt.datetime) and moment.date() in days_left_out)
        )
        spans = [_span(moment, length, zone, window) for moment in kept]
    except (ValueError, TypeError, OverflowError, AttributeError, KeyError) as error:
        raise _Unreadable from error
    return [span for span in spans if span[0] < span[1] and window.meets(*span)]


def _value(event: Component, name: str) -> dt.date | dt.datetime:
    value: Any = getattr(event[name], "dt", None)
    if not isinstance(value, dt.date) or not 1900 <= value.year <= 9000:
        raise _Unreadable
    return value


def _values(event: Component, name: str) -> Iterator[Any]:
    """Yield the values of a property that may stand more than once, with several values each."""
    given = event.get(name, [])
    for one in given if isinstance(given, list) else [given]:
        for value in one.dts:
            yield value.dt


def _on_wall(moment: Any, zone: dt.tzinfo | None, like: dt.date | dt.datetime) -> dt.date | dt.datetime:
    """Return a moment as the event's own wall shows it, without a zone; a date stays one."""
    if isinstance(moment, tuple):
        moment = moment[0]
    if not isinstance(moment, dt.datetime):
        return moment
    if not isinstance(like, dt.datetime):
        return moment.date()
    if moment.tzinfo is not None and zone is not None:
        moment = moment.astimezone(zone)
    return moment.replace(tzinfo=None)


def _length(event: Component, first: dt.date | dt.datetime, zone: dt.tzinfo | None, window: _Window) -> dt.timedelta:
    """Return how long it takes: days for whole days, else exact time."""
    if "DTEND" in event:
        last = _value(event, "DTEND")
        if not isinstance(first, dt.datetime):
            length = (last.date() if isinstance(last, dt.datetime) else last) - first
        else:
            end_zone = last.tzinfo if isinstance(last, dt.datetime) else None
            naive = last.replace(tzinfo=None) if isinstance(last, dt.datetime) else last
            length = window.instant(naive, end_zone) - window.instant(first.replace(tzinfo=None), zone)
    elif "DURATION" in event:
        length = cast("dt.timedelta", getattr(event["DURATION"], "dt", None))
    else:
        length = dt.timedelta(0) if isinstance(first, dt.datetime) else dt.timedelta(days=1)
    if not dt.timedelta(0) <= length <= LONGEST:
        raise _Unreadable
    return length


def _span(
    moment: Any, length: dt.timedelta, zone: dt.tzinfo | None, window: _Window
) -> tuple[dt.datetime, dt.datetime]:
    if not isinstance(moment, dt.datetime):
        last = moment + dt.timedelta(days=max(length.days, 1))
        return window.instant(moment, None), window.instant(last, None)
    start = window.instant(moment, zone)
    return start, start + length


def _occurrences(
    event: Component, first: dt.date | dt.datetime, zone: dt.tzinfo | None, window: _Window
) -> Iterator[dt.date | dt.datetime]:
    """Yield the wall times at which the event begins, up to the end of the window; whole days as dates."""
    if "RRULE" in event and "RECURRENCE-ID" not in event:
        rules = event["RRULE"] if isinstance(event["RRULE"], list) else [event["RRULE"]]
        for rule in rules:
            yield from _expanded(rule, first, zone, window)
    else:
        yield first
    for moment in _values(event, "RDATE"):
        yield _on_wall(moment, zone, first)


def _expanded(
    rule: Any, first: dt.date | dt.datetime, zone: dt.tzinfo | None, window: _Window
) -> Iterator[dt.date | dt.datetime]:
    whole_days = not isinstance(first, dt.datetime)
    parts = {str(name).upper(): values for name, values in rule.items()}
    frequency = str(parts.get("FREQ", [""])[0]).upper()
    if frequency not in FREQUENCIES or UNREADABLE_PARTS & parts.keys():
        raise _Unreadable
    # One day more than the window: UNTIL is compared on the event's wall, which may be ahead of ours.
    last = (window.end + dt.timedelta(days=1)).astimezone(zone or window.zone).replace(tzinfo=None)
    for until in parts.pop("UNTIL", ()):
        said = _on_wall(until, zone, first if not whole_days else until)
        if not isinstance(said, dt.datetime):
            said = dt.datetime.combine(said, dt.time(23, 59, 59))
        last = min(last, said)
    text = ";".join(
        f"{name}={','.join(_as_text(value) for value in values)}"
        for name, values in parts.items()
        if name in {"FREQ", "INTERVAL", "COUNT", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS", "WKST"}
    )
    if "COUNT" not in parts:
        text += f";UNTIL={last:%Y%m%dT%H%M%S}"
    begin = dt.datetime.combine(first, dt.time()) if whole_days else first
    for steps, moment in enumerate(takewhile(lambda one: one <= last, rrulestr(text, dtstart=begin))):
        if steps % 500 == 0:
            window.check_patience()
        if steps > MOST_STEPS:
            raise _Unreadable
        yield moment.date() if whole_days else moment
    window.check_patience()


def _as_text(value: Any) -> str:
    if hasattr(value, "to_ical"):
        return str(value.to_ical().decode())
    return str(value)
