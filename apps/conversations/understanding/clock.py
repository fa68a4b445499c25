"""Times of day in symbols: "5", "5:30 pm", "half past 4", "las 5 de la tarde", "shaam 5 baje"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from .symbols import Symbol

PARTS: dict[str, tuple[time | None, time | None]] = {
    "morning": (None, time(12)),
    "early-morning": (None, time(10)),
    "early": (None, time(10)),
    "late-morning": (time(10), time(12)),
    "noon": (time(12), time(14)),
    "lunch": (time(12), time(14)),
    "afternoon": (time(12), time(18)),
    "early-afternoon": (time(12), time(15)),
    "late-afternoon": (time(15), time(18)),
    "dopahar": (time(12), time(16)),
    "tarde": (time(12), time(20)),
    "evening": (time(17), None),
    "shaam": (time(16), None),
    "night": (time(18), None),
    "after-work": (time(17), None),
    "after-school": (time(15), None),
    "end-of-day": (time(16), None),
}
"""What each part of the day means for a start time: from (inclusive) and before (exclusive)."""

_AM_PARTS = frozenset(("morning", "early-morning", "late-morning", "early"))
_PM_PARTS = frozenset(PARTS) - _AM_PARTS
_FIRST_MORNING_HOUR = 7
_UNITS = frozenset(("unit", "date-mark"))


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day; `certain` if morning or afternoon was said or follows from the 24-hour form."""

    hour: int
    minute: int = 0
    certain: bool = False

    def resolve(self, part: str = "") -> time:
        """Return the time meant, in a clinic's day: 1 to 6 is the afternoon, 7 to 11 the morning, 12 noon.

        `part` is the part of the day said beside it and goes first: "7" in the "evening" is 19:00.
        """
        if self.certain or self.hour > 12 or self.hour == 0:
            return time(self.hour, self.minute)
        if part in _AM_PARTS and self.hour >= 5:
            return time(self.hour % 24, self.minute)
        afternoon = self.hour < _FIRST_MORNING_HOUR or (part in _PM_PARTS and self.hour != 12)
        return time(self.hour + 12 if afternoon else self.hour, self.minute)

    def may_be(self, moment: time) -> bool:
        """Tell whether a time fits: on the exact minute, and in either half of the day unless that was said."""
        if self.certain or self.hour > 12 or self.hour == 0:
            return moment == time(self.hour, self.minute)
        return moment.hour % 12 == self.hour % 12 and moment.minute == self.minute


@dataclass(frozen=True, slots=True)
class Hours:
    """Bounds of a start's time of day: `after` inclusive, `before` exclusive."""

    after: time | None = None
    before: time | None = None
    alternative: bool = False


def read_clock(symbols: Sequence[Symbol], at: int, *, bare: bool) -> tuple[int, Clock] | None:
    """Return where a time that starts at `at` ends, and the time; None if there is none.

    `bare` allows a number alone ("5"), as after "at" or "before"; else something has to mark it as a time.
    """
    symbol = symbols[at]
    if symbol.kind in _PREFIXES:
        return _prefixed(symbols, at)
    if symbol.kind == "fixed":
        hour, _, minute = symbol.name.partition(":")
        return _past_marks(symbols, at + 1), Clock(int(hour), int(minute))
    if symbol.kind == "midnight" or (symbol.kind == "part" and symbol.name == "noon" and bare):
        return at + 1, Clock(0 if symbol.kind == "midnight" else 12, certain=True)
    if symbol.kind != "num" or symbol.digits > 4:
        return None
    if symbol.digits == 4 or (symbol.digits == 3 and bare):
        return _military(symbols, at, bare=bare)
    if symbol.value > 24 or _kind(symbols, at + 1) == "ord":
        return None
    return _hour_first(symbols, at, bare=bare)


def _hour_first(symbols: Sequence[Symbol], at: int, *, bare: bool) -> tuple[int, Clock] | None:
    hour, minute, end, marked = symbols[at].value, 0, at + 1, False
    separator = _kind(symbols, end)
    if (
        separator in {"colon", "dot"}
        and _minutes(symbols, end + 1)
        and (separator == "colon" or not _is_date(symbols, at))
    ):
        minute, end, marked = symbols[end + 1].value, end + 2, True
    elif separator == "clock":
        end, marked = end + 1, True
        if _minutes(symbols, end) and not _is_unit(symbols, end + 1):
            minute, end = symbols[end].value, end + 1
    elif _minutes(symbols, end) and (bare or _kind(symbols, end + 1) in {"am", "pm"}):
        minute, end, marked = symbols[end].value, end + 1, True
    elif separator in _AFTER_HOUR:
        minutes = _AFTER_HOUR[separator]
        hour, minute = ((hour - 1) or 12, 60 + minutes) if minutes < 0 else (hour, minutes)
        end, marked = end + 1, True
    if _kind(symbols, end) == "clock" or ((bare or hour > 12) and _is_hours(symbols, end)):
        end, marked = end + 1, True
    certain = hour > 12 or hour == 0 or (symbols[at].digits == 2 and symbols[at].text.startswith("0") and marked)
    if _kind(symbols, end) in {"am", "pm"} and hour <= 12:
        hour = hour % 12 + (12 if symbols[end].kind == "pm" else 0)
        end, marked, certain = end + 1, True, True
    if _kind(symbols, end) == "post-around" and symbols[end].text == "ish":
        marked = True
    if not marked and (not bare or _is_unit(symbols, end) or _kind(symbols, end) in {"slash", "month", "maybe-month"}):
        return None
    return (end, Clock(hour % 24, minute, certain)) if 0 <= hour <= 24 and 0 <= minute <= 59 else None


def _military(symbols: Sequence[Symbol], at: int, *, bare: bool) -> tuple[int, Clock] | None:
    hour, minute = divmod(symbols[at].value, 100)
    hours = _is_hours(symbols, at + 1)
    marked = hours or _kind(symbols, at + 1) in {"clock", "am", "pm"}
    if hour > 23 or minute > 59 or not (bare or marked) or (hour in (19, 20) and not marked and minute % 15):
        return None
    end, certain = at + 1, symbols[at].digits == 4
    if hours or _kind(symbols, end) == "clock":
        end += 1
    if _kind(symbols, end) in {"am", "pm"} and hour <= 12:
        hour = hour % 12 + (12 if symbols[end].kind == "pm" else 0)
        end, certain = end + 1, True
    return end, Clock(hour, minute, certain)


def _prefixed(symbols: Sequence[Symbol], at: int) -> tuple[int, Clock] | None:
    """Read "half past 4", "quarter to 5", "saadhe paanch baje"."""
    if _kind(symbols, at + 1) != "num" or not 1 <= symbols[at + 1].value <= 12:
        return None
    hour, minute = symbols[at + 1].value, _PREFIXES[symbols[at].kind]
    if minute < 0:
        hour, minute = (hour - 1) or 12, 60 + minute
    end, certain = _past_marks(symbols, at + 2), False
    if _kind(symbols, end) in {"am", "pm"}:
        hour = hour % 12 + (12 if symbols[end].kind == "pm" else 0)
        end, certain = end + 1, True
    return end, Clock(hour, minute, certain)


_PREFIXES = {
    "half": 30,
    "quarter-past": 15,
    "quarter-to": -15,
    "plus-half": 30,
    "plus-quarter": 15,
    "less-quarter-prefix": -15,
}
_AFTER_HOUR = {"and-half": 30, "and-quarter": 15, "less-quarter": -15}


def _past_marks(symbols: Sequence[Symbol], end: int) -> int:
    while _kind(symbols, end) == "clock":
        end += 1
    return end


def _minutes(symbols: Sequence[Symbol], at: int) -> bool:
    return at < len(symbols) and symbols[at].kind == "num" and symbols[at].digits == 2 and symbols[at].value < 60


def _is_hours(symbols: Sequence[Symbol], at: int) -> bool:
    return _kind(symbols, at) == "unit" and symbols[at].name == "hour"


def _is_unit(symbols: Sequence[Symbol], at: int) -> bool:
    return _kind(symbols, at) in _UNITS


def _is_date(symbols: Sequence[Symbol], at: int) -> bool:
    """Tell whether `num dot num` is a date: a month after the dot, and more or nothing of a time behind it."""
    month, after = symbols[at + 2], _kind(symbols, at + 3)
    return 1 <= month.value <= 12 and after not in {"am", "pm", "clock"}


def _kind(symbols: Sequence[Symbol], at: int) -> str:
    return symbols[at].kind if 0 <= at < len(symbols) else ""


def clock_range(start: Clock, end: Clock, part: str) -> tuple[time, time | None]:
    """Return both ends: the shortest range whose uncertain ends fit ("8-10pm", "10-2", "9 to 5")."""
    first, last = start.resolve(part), end.resolve(part)
    if not end.certain and last <= first and last.hour < 12:
        last = last.replace(hour=last.hour + 12)
    if not start.certain and end.certain:
        halves = (time(start.hour % 12, start.minute), time(start.hour % 12 + 12, start.minute))
        first = max((half for half in halves if half < last), default=first)
    if first == last:
        return first, shifted(first, 60)
    return (first, last) if first < last else (last, first)


def shifted(moment: time, minutes: int) -> time | None:
    """Return the time so many minutes away, or None past midnight."""
    total = moment.hour * 60 + moment.minute + minutes
    if not 0 <= total < 24 * 60:
        return None
    return time(total // 60, total % 60)
