"""Taking turns, and what to make of the samples."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

Side = Callable[[], float]
TRANSACTION_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
LEAST_ROUNDS = 3


def take_turns(
    sides: dict[str, Side], *, rounds: int, done: Callable[[int, int], None] = lambda _round, _all: None
) -> dict[str, list[float]]:
    """Call the sides in turns and return the samples of each; every other round begins with the last one.

    Whatever else the machine does then falls on all sides alike. Three rounds at least.
    """
    samples: dict[str, list[float]] = {name: [] for name in sides}
    total = max(rounds, LEAST_ROUNDS)
    for turn in range(total):
        for name in list(sides) if turn % 2 == 0 else reversed(list(sides)):
            samples[name].append(sides[name]())
        done(turn + 1, total)
    return samples


def timed(work: Callable[[], Any], check: Callable[[Any], None]) -> float:
    """Return the seconds that the work took; its result is checked outside of the time."""
    begun = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - begun
    check(result)
    return seconds


def median(samples: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(samples)


def percentile(samples: Sequence[float], share: float) -> float:
    """Return the smallest sample that `share` (0 to 1) of all do not exceed (nearest rank)."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def count_queries(work: Callable[[], Any], capture: Callable[[], Any]) -> int:
    """Return how many statements the work sends, those that only open and close transactions left out.

    `capture` makes a context like Django's CaptureQueriesContext.
    """
    with capture() as caught:
        work()
    statements = (query["sql"].lstrip().upper() for query in caught.captured_queries)
    return sum(not statement.startswith(TRANSACTION_CONTROL) for statement in statements)
