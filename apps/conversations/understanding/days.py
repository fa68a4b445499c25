"""Stretches of days, and where "friday", "next week" and "in 3 days" lie from today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from apps.core.dates import FIRST_YEAR, LAST_YEAR

_DAY = timedelta(days=1)
_STALE_AFTER = timedelta(days=183)
_FAR = 3660


@dataclass(frozen=True, slots=True)
class Days:
    """A stretch of days, both ends inclusive; an open end is None. `weekdays` narrows it (0 is Monday).

    `kind` is "day" (one date), "weekday" (a weekday by name), "range" (a week, a month …) or "habit" ("Fridays").
    """

    kind: str
    earliest: date | None = None
    latest: date | None = None
    weekdays: frozenset[int] | None = None


def one(day: date) -> Days:
    """Return the stretch of one day."""
    return Days("day", day, day)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days as seen from one day. Weeks start on Monday."""

    today: date

    def upcoming(self, weekday: int) -> Days:
        """Return the next such weekday; said on that very weekday it may be today or in a week."""
        days = (weekday - self.today.weekday()) % 7
        last = self.today + (days or 7) * _DAY
        return Days("weekday", self.today + days * _DAY, last, frozenset({weekday}))

    def coming(self, weekday: int) -> Days:
        """Return the first such weekday after today."""
        return one(self.today + ((weekday - self.today.weekday() - 1) % 7 + 1) * _DAY)

    def coming_including_today(self, weekday: int) -> Days:
        """Return the first such weekday from today on."""
        return one(self.today + ((weekday - self.today.weekday()) % 7) * _DAY)

    def next_week(self, weekday: int) -> Days:
        """Return that weekday of the next calendar week (weeks start on Monday)."""
        return one(self.monday() + (7 + weekday) * _DAY)

    def week_later(self, weekday: int) -> Days:
        """Return the day a week after the next such weekday ("friday week")."""
        return one(self.today + ((weekday - self.today.weekday()) % 7 + 7) * _DAY)

    def week_of(self, days: Days) -> Days:
        """Return the week that a day is in."""
        day = days.earliest or self.today
        monday = day - day.weekday() * _DAY
        return Days("range", monday, monday + 6 * _DAY)

    def nth_week(self, first: date, place: int) -> Days:
        """Return the n-th seven days of the month that starts on `first`; -1 is the last seven."""
        start = month_end(first) - 6 * _DAY if place < 0 else first + 7 * (place - 1) * _DAY
        return Days("range", start, min(start + 6 * _DAY, month_end(start)))

    def nth_weekday(self, first: date, weekday: int, place: int) -> Days:
        """Return the n-th such weekday of the month that starts on `first`; -1 is the last one."""
        start = month_end(first) - 6 * _DAY if place < 0 else first + 7 * (place - 1) * _DAY
        return one(start + ((weekday - start.weekday()) % 7) * _DAY)

    def previous(self, weekday: int) -> Days:
        """Return the last such weekday before today."""
        return one(self.today - ((self.today.weekday() - weekday - 1) % 7 + 1) * _DAY)

    def weekend(self, weeks: int) -> Days:
        """Return this week's Saturday and Sunday, or that of `weeks` later; what is left of it if it is on."""
        saturday = self.monday() + (5 + 7 * weeks) * _DAY
        return Days("range", max(saturday, self.today), saturday + _DAY)

    def away(self, days: int) -> Days:
        """Return the day so many days from today; from two weeks on, the week that starts there."""
        first = self.plus(days)
        return one(first) if days < 14 else Days("range", first, self.plus(days + 6))

    def plus(self, days: int) -> date:
        """Return the date so many days away, ten years at most."""
        return self.today + min(max(days, -_FAR), _FAR) * _DAY

    def monday(self) -> date:
        """Return the first day of this week."""
        return self.today - self.today.weekday() * _DAY

    def month_start(self, month: int) -> date:
        """Return the first day of a month that isn't over."""
        first = self.today.replace(month=month, day=1)
        return first.replace(year=first.year + 1) if month_end(first) < self.today else first

    def whole_month(self, month: int) -> Days:
        """Return what is left of this year's month, or next year's."""
        first = self.month_start(month)
        return Days("range", max(first, self.today), month_end(first))

    def coming_day(self, day: int) -> Days:
        """Return the next day of that number; months without it are passed over."""
        first = self.today.replace(day=1)
        for _ in range(4):
            candidate = make_date(first.year, first.month, day)
            if candidate is not None and candidate >= self.today:
                return one(candidate)
            first = month_end(first) + _DAY
        return one(self.today)

    def nearest(self, month: int, day: int, year: int | None) -> date | None:
        """Return the date; without a year the one to come, unless this year's passed within half a year."""
        if year is not None:
            return make_date(year, month, day)
        this_year, next_year = make_date(self.today.year, month, day), make_date(self.today.year + 1, month, day)
        if this_year is not None and this_year >= self.today - _STALE_AFTER:
            return this_year
        return next_year


def make_date(year: int, month: int, day: int) -> date | None:
    """Return the date, or None if there is none like it, or none that a clinic has a calendar for."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def month_end(day: date) -> date:
    """Return the last day of a date's month."""
    first_of_next = (day.replace(day=28) + 4 * _DAY).replace(day=1)
    return first_of_next - _DAY
