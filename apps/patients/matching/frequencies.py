"""How common values are among an organization's patients: agreeing on a rare one says more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# How many people an organization's own counts must outweigh, and what a value's share is before anything is counted.
# Shares are the chance that two unrelated people agree (the sum of squared shares) in English-speaking registers.
PRIOR_PEOPLE = 1000
USUAL = {"given": 0.006, "family": 0.001, "birth": 1 / 25_000, "locality": 0.005, "postal": 0.001, "street": 0.0005}
# However rare a value, agreeing on it never counts more than this share says: a typo of a common one is rare, too.
RAREST = 1 / 20_000


@dataclass(frozen=True, slots=True)
class Frequencies:
    """Counts of folded values among `people` patients; `counts` holds at least the values that are asked for.

    A value that is not counted stands for one person. Without counts, the usual shares are used.
    """

    people: int = 0
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def count(self, kind: str, value: str) -> int:
        """Return how many patients have the value, at least one."""
        return max(self.counts.get((kind, value), 1), 1)

    def share(self, kind: str, value: str) -> float:
        """Return the share of other people who have the value: without the two who are compared, and smoothed.

        Where few were counted the usual share decides.
        """
        others = max(self.count(kind, value) - 2, 0) if self.people else 0
        return max((others + PRIOR_PEOPLE * USUAL[kind]) / (self.people + PRIOR_PEOPLE), RAREST)
