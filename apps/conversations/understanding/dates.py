"""Days in symbols: weekdays, dates, weeks, months, and how far away they are. Local dates only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from .days import Calendar, Days, make_date, month_end, one
from .symbols import Symbol

_DAY = timedelta(days=1)
_WEEKDAY_DATE_HORIZON = 60
_FAR = 3660


class DateReader:
    """Reads date phrases relative to one day."""

    def __init__(self, symbols: Sequence[Symbol], *, today: date, day_first: bool | None) -> None:
        self.symbols, self.today, self.day_first = symbols, today, day_first
        self.calendar = Calendar(today)

    def read(self, at: int) -> tuple[int, Days] | None:
        """Return where a date phrase that starts at `at` ends, and its days; None if none starts there."""
        symbol = self._at(at)
        reader = self._READERS.get(symbol.kind)
        return reader(self, at) if reader is not None else None

    def _at(self, at: int) -> Symbol:
        return self.symbols[at] if 0 <= at < len(self.symbols) else _NOTHING

    def _skip(self, at: int, *kinds: str) -> int:
        while self._at(at).kind in kinds:
            at += 1
        return at

    def _relative_day(self, at: int) -> tuple[int, Days] | None:
        return at + 1, one(self.today + self._at(at).value * _DAY)

    def _weekday(self, at: int) -> tuple[int, Days] | None:
        weekday, end = self._at(at).value, at + 1
        exact = self._dated_weekday(self._skip(end, "glue", "comma", "in"), weekday)
        if exact is not None:
            return exact
        after = self._skip(end, "glue")
        if self._at(after).kind in {"post-coming", "coming"} and self._at(after + 1).kind != "unit":
            return after + 1, self.calendar.coming(weekday)
        if self._at(after).kind == "next" and self._at(after + 1).kind != "unit":
            return after + 1, self.calendar.next_week(weekday)
        if self._at(after).kind == "last" and self._at(after + 1).kind != "unit":
            return after + 1, self.calendar.previous(weekday)
        if self._at(end).kind == "unit" and self._at(end).name == "week":
            return end + 1, self.calendar.week_later(weekday)
        return end, self.calendar.upcoming(weekday)

    def _dated_weekday(self, at: int, weekday: int) -> tuple[int, Days] | None:
        """Read the date behind a weekday: "friday 28 nov", "viernes 28"."""
        if self._at(at).kind not in {"num", "ord", "month", "maybe-month"}:
            return None
        full = self._numeric(at) or self._month(at)
        if full is not None and full[1].kind == "day":
            return full
        day = self._at(at)
        written_out = day.kind == "num" and not day.digits
        if day.kind == "month" or day.name == "word" or written_out or self._at(at + 1).kind in _TIME_MARKS:
            return None
        for offset in range(_WEEKDAY_DATE_HORIZON):
            candidate = self.today + offset * _DAY
            if candidate.day == day.value and candidate.weekday() == weekday:
                return at + 1, one(candidate)
        return None

    def _abbreviation(self, at: int) -> tuple[int, Days] | None:
        """Read "sat", "mon" as weekdays only where nothing but time words surround them."""
        before, after = self._at(at - 1), self._at(at + 1)
        if (
            before.kind in _CONTEXT - {"fill", "glue"}
            or before.text == "on"
            or (before.kind in _MAY_STAND_BEFORE and after.kind != "other")
        ):
            return self._weekday(at)
        return None

    def _this(self, at: int) -> tuple[int, Days] | None:
        after = self._skip(at + 1, "glue")
        target = self._at(after)
        if target.kind in {"weekday", "abbr"}:
            return after + 1, self.calendar.coming_including_today(target.value)
        if target.kind == "unit" and target.name == "week":
            return after + 1, Days("range", self.today, self.calendar.monday() + 6 * _DAY)
        if target.kind == "unit" and target.name == "month":
            return after + 1, Days("range", self.today, month_end(self.today))
        if target.kind == "weekend":
            return after + 1, self.calendar.weekend(0)
        return None

    def _next(self, at: int) -> tuple[int, Days] | None:
        after = self._skip(at + 1, "glue")
        target = self._at(after)
        if target.kind in {"weekday", "abbr"}:
            read = self.calendar.coming if self._at(at).kind == "coming" else self.calendar.next_week
            return after + 1, read(target.value)
        if target.kind == "num" and self._at(after + 1).kind == "unit" and self._at(after + 1).name in _DAYS_IN:
            days = target.value * _DAYS_IN[self._at(after + 1).name]
            return after + 2, Days("range", self.today, self.calendar.plus(days))
        if target.kind == "unit" and target.name in {"week", "fortnight"}:
            monday = self.calendar.monday() + 7 * _DAY
            return after + 1, Days("range", monday, monday + 6 * _DAY)
        if target.kind == "unit" and target.name == "month":
            first = month_end(self.today) + _DAY
            return after + 1, Days("range", first, month_end(first))
        if target.kind == "unit" and target.name == "day":
            return after + 1, one(self.today + _DAY)
        if target.kind == "weekend":
            return after + 1, self.calendar.weekend(1)
        if target.kind in {"month", "maybe-month"}:
            return after + 1, self.calendar.whole_month(target.value)
        return None

    def _last(self, at: int) -> tuple[int, Days] | None:
        after = self._skip(at + 1, "glue")
        target = self._at(after)
        in_month = self._nth_of_month(after - 1)
        if in_month is not None:
            return in_month
        if target.kind in {"weekday", "abbr"}:
            return after + 1, self.calendar.previous(target.value)
        if target.kind == "unit" and target.name in {"week", "month", "year"}:
            return after + 1, Days("range", self.calendar.plus(-2 * _DAYS_IN[target.name]), self.today - _DAY)
        if target.kind == "part":
            return after + 1, one(self.today - _DAY)
        return None

    def _number(self, at: int) -> tuple[int, Days] | None:
        return (
            self._nth_of_month(at)
            or self._span(at)
            or self._numeric(at)
            or self._month_behind(at)
            or self._marked_day(at)
        )

    def _nth_of_month(self, at: int) -> tuple[int, Days] | None:
        """Read "second week of december", "last week of november", "el primer lunes de diciembre"."""
        place, what = self._at(at), self._at(at + 1)
        after = self._skip(at + 2, "glue", "in")
        if self._at(after).kind not in {"month", "maybe-month"} or not (1 <= place.value <= 5 or place.kind == "last"):
            return None
        first = self.calendar.month_start(self._at(after).value)
        nth = self.calendar.nth_week if (what.kind, what.name) == ("unit", "week") else None
        if nth is None and what.kind in {"weekday", "abbr"}:
            return after + 1, self.calendar.nth_weekday(first, what.value, -1 if place.kind == "last" else place.value)
        return (after + 1, nth(first, -1 if place.kind == "last" else place.value)) if nth else None

    def _span(self, at: int) -> tuple[int, Days] | None:
        """Read "24-28 nov", "24 to 28 november", "del 24 al 28 de noviembre"."""
        if self._at(at + 1).kind not in {"dash", "to", "and"}:
            return None
        second = self._skip(at + 2, "glue")
        behind = self._month_behind(second) if self._at(second).kind in {"num", "ord"} else None
        return self._from_day(self._at(at).value, behind) if behind is not None else None

    def _from_day(self, first: int, last: tuple[int, Days]) -> tuple[int, Days] | None:
        end, days = last
        start = make_date(days.latest.year, days.latest.month, first) if days.latest else None
        return (end, Days("range", start, days.latest)) if start and days.latest and start <= days.latest else None

    def _numeric(self, at: int) -> tuple[int, Days] | None:
        """Read 2025-11-25, 25/11/2025, 11/25, 25.11."""
        first, mark, second = self._at(at), self._at(at + 1), self._at(at + 2)
        if first.kind != "num" or second.kind != "num" or mark.kind not in {"slash", "dash", "dot"}:
            return None
        third = self._at(at + 4) if self._at(at + 3).kind == mark.kind and self._at(at + 4).kind == "num" else None
        if first.digits == 4 and third is not None:
            written = make_date(first.value, second.value, third.value)
            return (at + 5, one(written)) if written else None
        if max(first.digits, second.digits) > 2 or not first.digits or not second.digits:
            return None
        if third is None and (mark.kind == "dash" and max(first.value, second.value) <= 12):
            return None
        if third is None and self._at(at + 3).kind in _TIME_MARKS | {"dash", "to"}:
            return None
        year = _full_year(third) if third is not None else None
        readings = self._orders(first.value, second.value, dotted=mark.kind == "dot")
        for day, month in readings[:1] if mark.kind == "dot" and third is None else readings:
            found = self.calendar.nearest(month, day, year)
            if found is not None:
                end = at + 5 if third is not None else at + 3
                return self._skip(end, "dot") if mark.kind == "dot" else end, one(found)
        return None

    def _orders(self, first: int, second: int, *, dotted: bool) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return (day, month) readings, the likelier first; dots are written where the day goes first."""
        readings = ((first, second), (second, first))
        day_first = self.day_first
        if day_first is None:
            day_first = self._days_ahead(*readings[0]) <= self._days_ahead(*readings[1])
        return readings if day_first or dotted else (readings[1], readings[0])

    def _days_ahead(self, day: int, month: int) -> int:
        """Return how soon a day comes; what is over or no date comes last."""
        found = self.calendar.nearest(month, day, None)
        return (found - self.today).days % _FAR if found is not None else _FAR

    def _month_behind(self, at: int) -> tuple[int, Days] | None:
        """Read "25 nov", "25th of november 2025", "25 de noviembre"."""
        month = self._skip(at + 1, "glue", "dot", "dash", "slash")
        if self._at(month).kind not in {"month", "maybe-month"}:
            return None
        return self._dated(self._at(month).value, self._at(at).value, month + 1)

    def _month(self, at: int) -> tuple[int, Days] | None:
        """Read "nov 25", "november 25th, 2025", or a month alone."""
        month = self._at(at)
        if month.kind not in {"month", "maybe-month"}:
            return None
        day = self._skip(at + 1, "glue", "dot", "dash")
        if self._at(day).kind in {"num", "ord"} and 1 <= self._at(day).value <= 31 and self._at(day).digits < 3:
            dated = self._dated(month.value, self._at(day).value, day + 1)
            if self._at(day + 1).kind not in _TIME_MARKS:
                return self._to_day(dated) or dated
        before = self._at(at - 1).kind
        if before in {"in", "start", "end", "mid"} or (month.kind == "month" and before not in {"glue", "other"}):
            return at + 1, self.calendar.whole_month(month.value)
        return None

    def _to_day(self, dated: tuple[int, Days] | None) -> tuple[int, Days] | None:
        """Read the end of "nov 24-28"."""
        if dated is None or self._at(dated[0]).kind not in {"dash", "to"} or dated[1].earliest is None:
            return None
        last = self._at(dated[0] + 1)
        if last.kind not in {"num", "ord"} or last.digits > 2 or self._at(dated[0] + 2).kind in _NOT_A_DATE | {"month"}:
            return None
        end = make_date(dated[1].earliest.year, dated[1].earliest.month, last.value)
        return (dated[0] + 2, Days("range", dated[1].earliest, end)) if end and end >= dated[1].earliest else None

    def _dated(self, month: int, day: int, end: int) -> tuple[int, Days] | None:
        year, after = None, self._skip(end, "glue", "comma", "dot", "dash")
        if self._at(after).kind == "num" and self._at(after).digits == 4 and 1900 <= self._at(after).value <= 2100:
            year, end = self._at(after).value, after + 1
        found = self.calendar.nearest(month, day, year)
        return (end, one(found)) if found is not None else None

    def _marked_day(self, at: int) -> tuple[int, Days] | None:
        """Read "the 25th", "el 25", "25 tareekh"."""
        day, before, after = self._at(at), self._at(at - 1), self._at(at + 1)
        if not 1 <= day.value <= 31 or day.name == "word":
            return None
        if after.kind == "date-mark":
            return at + 2, self.calendar.coming_day(day.value)
        if day.kind == "ord" and after.kind not in {"other", "unit"} and (before.kind in _CONTEXT | {"", "or", "and"}):
            return at + 1, self.calendar.coming_day(day.value)
        if day.kind == "num" and before.text.rpartition(" ")[2] in _SPANISH_DAY and after.kind not in _NOT_A_DATE:
            return at + 1, self.calendar.coming_day(day.value)
        return None

    def _unit(self, at: int) -> tuple[int, Days] | None:
        """Read "la semana que viene", "week of nov 24", "week after next", "mahine ke ant mein"."""
        after = self._skip(at + 1, "glue")
        if self._at(at).name == "week" and self._at(after).kind == "after" and self._at(after + 1).kind == "next":
            monday = self.calendar.monday() + 14 * _DAY
            return after + 2, Days("range", monday, monday + 6 * _DAY)
        if self._at(after).kind in {"start", "mid", "end"}:
            edge = self._edge_of(self._this(at - 1), self._at(after).kind)
            return (after + 1, edge[1]) if edge else None
        if self._at(at).name == "week" and after > at + 1 and (named := self.read(after)) and named[1].kind == "day":
            return named[0], self.calendar.week_of(named[1])
        return (
            (after + 1, whole[1])
            if self._at(after).kind in {"post-coming", "coming"} and (whole := self._next(at - 1))
            else None
        )

    def _in(self, at: int) -> tuple[int, Days] | None:
        """Read "in 3 days", "within 2 weeks", "in a month"."""
        count = self._skip(at + 1, "glue", "around")
        number = self._at(count)
        unit = count + 1 if number.kind == "num" else count
        if self._at(unit).kind != "unit" or self._at(unit).name not in _DAYS_IN:
            return None
        if number.kind != "num" and count == at + 1:
            return self._next(at) if self._at(at).kind == "within" else None
        days = (number.value if number.kind == "num" else 1) * _DAYS_IN[self._at(unit).name]
        if self._at(at).kind == "within":
            return unit + 1, Days("range", self.today, self.calendar.plus(days))
        return unit + 1, self.calendar.away(days)

    def _weekend(self, at: int) -> tuple[int, Days] | None:
        if self._at(at).kind == "weekends":
            return at + 1, Days("habit", weekdays=frozenset({5, 6}))
        after = self._skip(at + 1, "glue")
        if self._at(after).kind in {"post-coming", "next"}:
            return after + 1, self.calendar.weekend(0 if self._at(after).kind == "post-coming" else 1)
        return at + 1, self.calendar.weekend(0)

    def _habit(self, at: int) -> tuple[int, Days] | None:
        return at + 1, Days("habit", weekdays=frozenset({self._at(at).value}))

    def _workdays(self, at: int) -> tuple[int, Days] | None:
        return at + 1, Days("habit", weekdays=frozenset(range(5)))

    def _edge(self, at: int) -> tuple[int, Days] | None:
        """Read "early next week", "end of the month", "a finales de noviembre"."""
        after = self._skip(at + 1, "glue", "in")
        if self._at(after).kind == "unit" and self._at(after).name in {"week", "month"}:
            whole = self._this(after - 1)
        else:
            whole = self.read(after)
        return self._edge_of(whole, self._edge_name(at))

    def _edge_of(self, whole: tuple[int, Days] | None, name: str) -> tuple[int, Days] | None:
        if whole is None or whole[1].kind != "range" or whole[1].earliest is None or whole[1].latest is None:
            return None
        first, last = whole[1].earliest, whole[1].latest
        if last - first <= 6 * _DAY:
            monday = first - first.weekday() * _DAY
            edges = {"start": (0, 1), "mid": (2, 2), "end": (3, 4)}[name]
        else:
            monday = first.replace(day=1)
            edges = {"start": (0, 9), "mid": (10, 19), "end": (20, (last - monday).days)}[name]
        return whole[0], Days("range", monday + edges[0] * _DAY, min(last, monday + edges[1] * _DAY))

    def _edge_name(self, at: int) -> str:
        return "start" if self._at(at).kind == "part" else self._at(at).kind

    def _part_as_edge(self, at: int) -> tuple[int, Days] | None:
        return self._edge(at) if self._at(at).name == "early" else None

    _READERS = {
        "day": _relative_day,
        "weekday": _weekday,
        "abbr": _abbreviation,
        "weekdays": _habit,
        "workdays": _workdays,
        "month": _month,
        "maybe-month": _month,
        "num": _number,
        "ord": _number,
        "this": _this,
        "next": _next,
        "coming": _next,
        "last": _last,
        "in": _in,
        "within": _in,
        "weekend": _weekend,
        "weekends": _weekend,
        "unit": _unit,
        "start": _edge,
        "mid": _edge,
        "end": _edge,
        "part": _part_as_edge,
    }


_NOTHING = Symbol("")
_MAY_STAND_BEFORE = frozenset(("", "comma", "dash", "break", "or", "and", "fill", "part", "but", "not"))
_DAYS_IN = {"day": 1, "week": 7, "fortnight": 14, "month": 30, "year": 365}
_TIME_MARKS = frozenset(("am", "pm", "clock", "colon", "half", "and-half", "and-quarter", "less-quarter"))
_NOT_A_DATE = frozenset(("unit", "am", "pm", "colon", "clock", "num"))
_SPANISH_DAY = frozenset(("el", "del", "dia"))
_CONTEXT = frozenset(
    (
        "glue",
        "at",
        "in",
        "this",
        "next",
        "last",
        "after",
        "before",
        "until",
        "from",
        "to",
        "between",
        "around",
        "fill",
        "coming",
    )
)


def _full_year(symbol: Symbol) -> int:
    return symbol.value if symbol.digits == 4 else 2000 + symbol.value % 100
