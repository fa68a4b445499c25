"""When a patient wants to come: days and times of day said in words, for the slot search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from .clock import Hours
from .days import Days
from .symbols import scan
from .when_reader import WhenReader
from .wishes import Wishes

_DAY = timedelta(days=1)
_WEEK = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class When:
    """A wish for an appointment's start, in the location's local dates and times; None means no wish.

    - `earliest`, `latest`: dates, both inclusive.
    - `weekdays`: the days of the week that suit (0 is Monday), within the dates if there are any.
    - `after` (inclusive) and `before` (exclusive): the start's time of day. "At 5" is 17:00 until 18:00.
    - `asap`: the sooner the better; wishes beside it still hold.
    - `past`: what was asked for is over ("yesterday", "3 Nov" in mid-November, "today before 10" at noon).
    - `text`: the words that were understood, folded.
    All empty and `asap` False is "any time".
    """

    earliest: date | None = None
    latest: date | None = None
    weekdays: frozenset[int] | None = None
    after: time | None = None
    before: time | None = None
    asap: bool = False
    text: str = ""
    past: bool = False


def parse_when(text: str, *, now: datetime, language: str, day_first: bool | None = False) -> When | None:
    """Return when a message says its writer would like to come, or None if it says nothing about it.

    `now` is the location's local time; only its date and time of day are used. `day_first` tells how 3/4 is
    read (False: the US way; None: as the sooner date). Weeks start on Monday. Rules where languages or people differ:

    - "friday" is the next one; said on a Friday it is today or in a week (`weekdays` {4} over both).
    - "next friday" is the Friday of next week; "this friday", "el próximo viernes" and "el viernes que viene" the
      first to come.
    - A date without a year is this year's unless that passed more than half a year ago; passed more recently
      it is given with `past`, so that the bot can say so.
    - 1 to 6 o'clock without more is the afternoon, 7 to 11 the morning.
    - "kal" and "parson" are the days to come; "kal se", "since monday", "for 3 days", "hace dos días" date
      a complaint and are passed over; so are "yesterday" and "last week" where more is told ("I fell yesterday").
    - Two alternatives become the narrowest wish that covers both ("monday morning or tuesday afternoon":
      both days, until 18:00).
    """
    symbols = scan(text, language)
    reading = WhenReader(symbols, now=now, day_first=day_first).read()
    if reading.is_empty:
        return None
    days = _days(reading, now.date())
    hours = _hours(reading)
    after, before = hours.after, hours.before
    past = days.latest is not None and days.latest < now.date()
    if days.earliest == days.latest == now.date() and before is not None and before <= now.time():
        past = True
    return When(
        earliest=days.earliest,
        latest=days.latest,
        weekdays=days.weekdays,
        after=after,
        before=before,
        asap=reading.asap,
        text=" ".join(reading.words),
        past=past,
    )


def _days(reading: Wishes, today: date) -> Days:
    wanted = list(reading.days)
    to_come = [days for days in wanted if days.latest is None or days.latest >= today]
    wanted = to_come or wanted
    ranges = [days for days in wanted if days.kind == "range"]
    points = [days for days in wanted if days.kind in {"day", "weekday"}]
    habits = [days for days in wanted if days.kind == "habit"]
    if habits and all(days.kind == "weekday" for days in points):
        habits, points = [*habits, *points], []
    result = _together(points) if points else _union_of_habits(habits)
    for days in ranges:
        result = _within(result, days, several=len(ranges) > 1 and not points)
    for days in reading.not_days:
        result = _without(result, days, today)
    return _clipped(result, today)


def _together(points: Sequence[Days]) -> Days:
    """Return the narrowest stretch that covers all; named weekdays keep their name."""
    earliest = min(days.earliest for days in points if days.earliest)
    latest = max(days.latest for days in points if days.latest)
    named = [days.weekdays for days in points if days.weekdays]
    if len(named) == len(points):
        return Days("weekday", earliest, latest, frozenset().union(*named))
    chosen = frozenset(day.weekday() for days in points for day in _each(days))
    contiguous = len(chosen) == (latest - earliest).days + 1
    return Days("day", earliest, latest, None if contiguous or (latest - earliest).days > 6 else chosen)


def _each(days: Days) -> Iterator[date]:
    day = days.earliest
    while day is not None and days.latest is not None and day <= days.latest:
        if days.weekdays is None or day.weekday() in days.weekdays:
            yield day
        day += _DAY


def _union_of_habits(habits: Sequence[Days]) -> Days:
    named = [days.weekdays for days in habits if days.weekdays]
    return Days("habit", weekdays=frozenset().union(*named) if named else None)


def _within(result: Days, days: Days, *, several: bool) -> Days:
    """Narrow to a range; ranges side by side ("this week or next week") widen each other."""
    if result.kind == "range" and several and days.earliest and days.latest and result.earliest and result.latest:
        return Days("range", min(result.earliest, days.earliest), max(result.latest, days.latest), result.weekdays)
    if result.kind == "weekday" and result.weekdays is not None:
        inside = list(_each(Days("range", days.earliest, days.latest, result.weekdays))) if days.latest else []
        if inside and len(inside) <= len(result.weekdays):
            return Days("weekday", inside[0], inside[-1], result.weekdays)
        return Days("weekday", days.earliest, days.latest, result.weekdays)
    earliest = max((day for day in (result.earliest, days.earliest) if day), default=None)
    latest = min((day for day in (result.latest, days.latest) if day), default=None)
    if earliest is not None and latest is not None and earliest > latest:
        return result
    return Days("range", earliest, latest, result.weekdays or days.weekdays)


def _without(result: Days, days: Days, today: date) -> Days:
    if days.weekdays is not None:
        left = (result.weekdays or _WEEK) - days.weekdays
        return Days(result.kind, result.earliest, result.latest, left or None)
    if days.latest is None or days.earliest is None or result.earliest is not None:
        return result
    if days.earliest <= today + 7 * _DAY:
        return Days("range", days.latest + _DAY, result.latest, result.weekdays)
    return result


def _clipped(result: Days, today: date) -> Days:
    if result.earliest is not None and result.earliest < today and (result.latest is None or result.latest >= today):
        return Days(result.kind, today, result.latest, result.weekdays)
    return result


def _hours(reading: Wishes) -> Hours:
    wanted = Hours()
    for hours in reading.hours:
        combine = _either if hours.alternative and wanted != Hours() else _both
        wanted = combine(wanted, hours)
    for hours in reading.not_hours:
        wanted = _both(wanted, _complement(hours))
    return wanted


def _either(one: Hours, other: Hours) -> Hours:
    after = None if one.after is None or other.after is None else min(one.after, other.after)
    before = None if one.before is None or other.before is None else max(one.before, other.before)
    return Hours(after, before)


def _both(one: Hours, other: Hours) -> Hours:
    after = max((moment for moment in (one.after, other.after) if moment), default=None)
    before = min((moment for moment in (one.before, other.before) if moment), default=None)
    if after is not None and before is not None and after >= before:
        return Hours(other.after, other.before)
    return Hours(after, before)


def _complement(hours: Hours) -> Hours:
    if hours.after is None:
        return Hours(after=hours.before)
    return Hours(before=hours.after)
