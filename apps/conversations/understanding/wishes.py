"""What a message wishes about days and hours, collected while it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time, timedelta

from .clock import PARTS, Hours, shifted
from .days import Days

_DAY = timedelta(days=1)
_OPENING, _CLOSING = time(9), time(19)


@dataclass(slots=True)
class Wishes:
    """What a message asks for and what it rules out.

    `negative` says that what is added next is ruled out, `alternative` that the next hours are another choice
    beside those before.
    """

    today: date
    days: list[Days] = field(default_factory=list)
    not_days: list[Days] = field(default_factory=list)
    hours: list[Hours] = field(default_factory=list)
    not_hours: list[Hours] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    asap: bool = False
    any: bool = False
    negative: bool = False
    alternative: bool = False

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was said about time."""
        return not (self.days or self.not_days or self.hours or self.not_hours or self.asap or self.any)

    def add_days(self, days: Days, *, negative: bool | None = None) -> None:
        """Add days; `negative` overrides what the words before said."""
        ruled_out = self.negative if negative is None else negative
        (self.not_days if ruled_out else self.days).append(days)

    def add_hours(self, after: time | None, before: time | None, *, negative: bool | None = None) -> None:
        """Add bounds of the time of day."""
        ruled_out = self.negative if negative is None else negative
        (self.not_hours if ruled_out else self.hours).append(Hours(after, before, alternative=self.alternative))
        self.alternative = False

    def bound_days(self, bound: str, days: Days) -> None:
        """Add the days "after", "from", "before", "until" or "around" some days."""
        if bound == "around" and days.earliest and days.latest:
            self.add_days(Days("range", max(self.today, days.earliest - 2 * _DAY), days.latest + 2 * _DAY))
        elif bound == "after" and days.latest:
            first = days.earliest if days.kind == "weekday" else days.latest
            self.add_days(Days("range", (first or days.latest) + _DAY))
        elif bound in {"from", "since-from"}:
            self.add_days(Days("range", days.earliest))
        elif bound in {"before", "until"} and days.earliest:
            last = days.earliest - _DAY if bound == "before" else days.latest
            self.add_days(Days("range", min(self.today, last or self.today), last))
        else:
            self.add_days(days)

    def bound_clock(self, bound: str, moment: time) -> None:
        """Add the hours "after", "before", "until", "around" or "at" a time; "at" lasts an hour."""
        if bound in {"after", "from", "since-from"}:
            self.add_hours(moment, None)
        elif bound in {"before", "until"}:
            self.add_hours(None, moment)
        elif bound == "around":
            self.add_hours(shifted(moment, -60), shifted(moment, 60))
        else:
            self.add_hours(moment, shifted(moment, 60))

    def bound_part(self, bound: str, part: str) -> None:
        """Add the hours "after" or "before" a part of the day, or the part itself."""
        after, before = PARTS[part]
        if bound in {"before", "until"}:
            self.add_hours(None, after or _OPENING)
        elif bound == "after":
            self.add_hours(before or _CLOSING, None)
        else:
            self.add_hours(after, before)
