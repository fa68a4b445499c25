"""What reports are made of: shares that know their number of cases, groups, stretches of days."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Generic, TypeVar

Line = TypeVar("Line")


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole. There is no ratio without cases: nothing of nothing is not known, and not 0."""

    part: int
    whole: int

    @property
    def ratio(self) -> float | None:
        """Return the part as a fraction of the whole, rounded to four places; None without cases."""
        return round(self.part / self.whole, 4) if self.whole else None


@dataclass(frozen=True, slots=True)
class Group:
    """A practitioner, a type or a location."""

    id: uuid.UUID
    name: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """The days from `first` to `last`, both included."""

    first: dt.date
    last: dt.date


@dataclass(frozen=True, slots=True)
class Report(Generic[Line]):
    """The figures of everything together, of each group that had any (in the order of lists), and of every stretch of days."""

    total: Line
    groups: tuple[tuple[Group, Line], ...]
    over_time: tuple[tuple[Stretch, Line], ...]
