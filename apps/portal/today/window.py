"""Which of a day's visits the board shows at once: those around now, all that still need a hand, and what was opened.

A day may have hundreds of visits. What is finished and what is far ahead waits behind a line that says how much it is;
opening it is a time in the address (`since`, `until`), so that a refresh shows the same stretch again. Pure: no query.
"""

from __future__ import annotations

import datetime as dt
import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from apps.appointments.models import Status

FOLD_FROM = 4
CROWD = 60
RECENT = 20
AHEAD = 60
PAGE = 100
MOST_OPEN = 100
PAST = frozenset({Status.FULFILLED, Status.NO_SHOW, Status.CANCELLED})


class Visit(NamedTuple):
    """What the board knows of every visit of the day; `waited` is from check-in to the room, where both are known."""

    id: uuid.UUID
    start: dt.datetime
    status: str
    practitioner_id: uuid.UUID
    location_id: uuid.UUID
    waited: dt.timedelta | None

    @property
    def is_past(self) -> bool:
        return self.status in PAST


@dataclass(frozen=True, slots=True)
class Window:
    """Visits in order of time: `shown`, those `folded` away before and `later` ones after; `opened` are shown by wish.

    `since` and `until` are what the next wider window is asked for with; None when nothing is left there.
    """

    shown: list[Visit]
    folded: list[Visit]
    opened: list[Visit]
    later: list[Visit]
    since: dt.datetime | None
    until: dt.datetime | None
    folded_until: dt.datetime | None


def around_now(
    visits: Sequence[Visit], now: dt.datetime, *, since: dt.datetime | None, until: dt.datetime | None
) -> Window:
    """Return the window of a day that is today: the finished part folded, whoever needs a hand shown, an hour or more ahead."""
    present = bisect_right(visits, now, key=_start)
    cut = _finished(visits)
    if present - cut > CROWD:
        cut = present - RECENT
    open_ones = [index for index, visit in enumerate(visits[:cut]) if not visit.is_past]
    kept = set(open_ones[-MOST_OPEN:])
    hidden = [visit for index, visit in enumerate(visits[:cut]) if index not in kept]
    return _window(visits, hidden, cut, present + AHEAD, since=since, until=until)


def latest(visits: Sequence[Visit], *, since: dt.datetime | None) -> Window:
    """Return the last visits of a list, the ones before them folded."""
    cut = max(0, len(visits) - PAGE)
    cut = bisect_left(visits, visits[cut].start, key=_start) if cut else 0
    return _window(visits, list(visits[:cut]), cut, len(visits), since=since, until=None)


def first(visits: Sequence[Visit], *, until: dt.datetime | None) -> Window:
    """Return the first visits of a list."""
    return _window(visits, [], 0, PAGE, since=None, until=until)


def whole(visits: Sequence[Visit]) -> Window:
    """Return all of them."""
    return _window(visits, [], 0, len(visits), since=None, until=None)


def _start(visit: Visit) -> dt.datetime:
    return visit.start


def _finished(visits: Sequence[Visit]) -> int:
    """Return how much of the start of the day is finished, but its last line; nothing while it is too little to be in the way."""
    done = next((index for index, visit in enumerate(visits) if not visit.is_past), len(visits))
    return done - 1 if done >= FOLD_FROM else 0


def _window(
    visits: Sequence[Visit],
    hidden: list[Visit],
    cut: int,
    ahead: int,
    *,
    since: dt.datetime | None,
    until: dt.datetime | None,
) -> Window:
    """Cut the window: times are shown whole, so that an address means the same when visits are added."""
    opened = [visit for visit in hidden if since is not None and visit.start >= since]
    folded = hidden[: len(hidden) - len(opened)]
    stop = len(visits)
    if ahead < stop:
        stop = bisect_right(visits, max(until or visits[ahead - 1].start, visits[ahead - 1].start), key=_start)
    away = {visit.id for visit in folded}
    following = visits.index(folded[-1]) + 1 if folded else 0
    return Window(
        shown=[visit for visit in visits[:stop] if visit.id not in away],
        folded=folded,
        opened=opened,
        later=list(visits[stop:]),
        since=folded[-PAGE:][0].start if folded else None,
        until=visits[min(len(visits), stop + PAGE) - 1].start if stop < len(visits) else None,
        folded_until=visits[min(following, len(visits) - 1)].start if folded else None,
    )
