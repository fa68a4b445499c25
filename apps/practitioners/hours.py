"""Wall-clock hours as instants: the one place that knows what a change of the clocks does to working hours.

Rules, for a stretch of wall time such as 01:00 to 05:00 on one local date (all of them follow from "the wall shows
every label once"):

- A label that the clocks skip (spring) does not exist: nothing starts there. A stretch that begins inside the gap
  begins when the clocks have jumped; one that ends inside it ends at the jump.
- A label that occurs twice (autumn) means its first occurrence. The repeated hour offers nothing of its own, but a
  visit may run through it, and the person is at work during it when the stretch continues after it.

Instants are whole seconds since 1970 UTC (`int`): availability compares a great many of them, and building a datetime
for each is what makes such searches slow.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = 86_400
_EPOCH = dt.date(1970, 1, 1).toordinal()


class Segment(NamedTuple):
    """A part of a local date during which the UTC offset is constant; labels are seconds since local midnight."""

    from_label: int
    until_label: int
    shift: int  # instant = label + shift

    def clip(self, label: int) -> int:
        """Return the instant of the label, or of the nearer end of the segment when the label lies outside."""
        return min(max(label, self.from_label), self.until_label) + self.shift


@lru_cache(maxsize=8192)
def day_segments(zone: ZoneInfo, date: dt.date) -> tuple[Segment, ...]:
    """Return the segments of a local date: one on an ordinary day, two when the clocks change. No query, cached."""
    midnight = dt.datetime.combine(date, dt.time())
    base = (date.toordinal() - _EPOCH) * DAY

    def offset(label: int) -> int:
        return _seconds((midnight + dt.timedelta(seconds=label)).replace(tzinfo=zone).utcoffset())

    before, after = offset(0), offset(DAY - 1)
    if before == after:
        return (Segment(0, DAY, base - before),)
    low, high = 0, DAY - 1  # the offset changes somewhere in (low, high]; PEP 495: fold=0 keeps the old one in a gap
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset(middle) == before else (low, middle)
    gap = max(after - before, 0)
    segments = (Segment(0, high - gap, base - before), Segment(high, DAY, base - after))
    return tuple(segment for segment in segments if segment.from_label < segment.until_label)


def _seconds(offset: dt.timedelta | None) -> int:
    return int(offset.total_seconds()) if offset is not None else 0


class Stretch(NamedTuple):
    """A stretch of working time on one date: instants [start, end), and what its slots are counted from."""

    start: int
    end: int
    segments: tuple[Segment, ...]
    from_label: int
    until_label: int

    def grid(self, step: int, first: int, last: int) -> Iterator[int]:
        """Yield the instants in [first, last] that lie on the grid: every `step` seconds of wall time from the start."""
        for segment in self.segments:
            lowest = max(self.from_label, segment.from_label, first - segment.shift)
            highest = min(min(self.until_label, segment.until_label) - 1, last - segment.shift)
            lowest += (self.from_label - lowest) % step
            yield from range(lowest + segment.shift, highest + segment.shift + 1, step)


def stretch(zone: ZoneInfo, date: dt.date, start: dt.time, end: dt.time) -> Stretch | None:
    """Return wall time from `start` to `end` on a date as instants; None when the clocks skip all of it."""
    from_label, until_label = _label(start), _label(end)
    segments = tuple(s for s in day_segments(zone, date) if s.from_label < until_label and from_label < s.until_label)
    if not segments:
        return None
    return Stretch(segments[0].clip(from_label), segments[-1].clip(until_label), segments, from_label, until_label)


def _label(time: dt.time) -> int:
    return time.hour * 3600 + time.minute * 60 + time.second


def first_instant(zone: ZoneInfo, date: dt.date, time: dt.time) -> dt.datetime:
    """Return the first instant (UTC) at which the wall shows this time or, when the clocks skip it, a later one."""
    label = _label(time)
    for segment in day_segments(zone, date):
        if label < segment.until_label:
            return from_instant(segment.clip(label))
    return day_bounds(zone, date)[1]


def day_bounds(zone: ZoneInfo, date: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """Return the instants (UTC) at which a local date begins and ends: 23, 24 or 25 hours apart."""
    segments = day_segments(zone, date)
    following = day_segments(zone, date + dt.timedelta(days=1))
    return from_instant(segments[0].from_label + segments[0].shift), from_instant(
        following[0].from_label + following[0].shift
    )


def local_date(zone: ZoneInfo, instant: int) -> dt.date:
    """Return the date on the wall at an instant."""
    return dt.datetime.fromtimestamp(instant, zone).date()


def to_instant(moment: dt.datetime) -> int:
    """Return whole seconds since 1970 UTC, rounded down; the moment must be aware."""
    return int(moment.timestamp() // 1)


def from_instant(instant: int) -> dt.datetime:
    """Return the aware UTC datetime of an instant."""
    return dt.datetime.fromtimestamp(instant, dt.UTC)
