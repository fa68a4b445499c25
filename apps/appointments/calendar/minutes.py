"""Minutes of a local day, which is how the calendar counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60


def minute_of(local: dt.datetime) -> int:
    """Return the minutes since midnight on that wall clock."""
    return local.hour * 60 + local.minute


def label_of(minute: int) -> str:
    """Return `09:05` for 545."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def clip(zone: ZoneInfo, day: dt.date, start: dt.datetime, end: dt.datetime) -> tuple[int, int]:
    """Return the minutes of `day` that [start, end) covers, 0 to 1440; an empty pair when it covers none."""
    begins, ends = start.astimezone(zone), end.astimezone(zone)
    if begins.date() > day or ends.date() < day:
        return (0, 0)
    return (
        0 if begins.date() < day else minute_of(begins),
        DAY_MINUTES if ends.date() > day else minute_of(ends),
    )


def side_by_side(spans: Sequence[tuple[dt.datetime, dt.datetime]]) -> list[tuple[int, int]]:
    """Return a lane and the number of lanes for each of the spans, which are sorted by their start.

    Spans that meet, directly or through others, share their width; each takes the first lane that is free.
    """
    places: list[tuple[int, int]] = []
    ends: list[dt.datetime] = []  # of the lanes of the cluster that began at `first`
    first = 0
    for start, end in spans:
        if ends and start >= max(ends):
            places[first:] = [(lane, len(ends)) for lane, _lanes in places[first:]]
            first, ends = len(places), []
        lane = next((number for number, until in enumerate(ends) if until <= start), len(ends))
        ends[lane : lane + 1] = [end]
        places.append((lane, 1))
    places[first:] = [(lane, len(ends)) for lane, _lanes in places[first:]]
    return places
