"""Walk over the symbols of a message and collect its wishes about days and hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from .clock import PARTS, Hours, clock_range, read_clock
from .dates import DateReader
from .days import Days, one
from .symbols import Symbol, resolve_manana
from .wishes import Wishes

_DAY = timedelta(days=1)


class WhenReader:
    """One pass over symbols, left to right; every rule says where it ends, so the work is linear."""

    def __init__(self, symbols: Sequence[Symbol], *, now: datetime, day_first: bool | None) -> None:
        self.symbols = resolve_manana(symbols)
        self.now, self.today = now, now.date()
        self.dates = DateReader(self.symbols, today=self.today, day_first=day_first)
        self.wishes = Wishes(self.today)
        self.last_end = 0

    def read(self) -> Wishes:
        """Return everything said about time."""
        at = 0
        while at < len(self.symbols):
            at = max(self._step(at), at + 1)
        return self.wishes

    def _step(self, at: int) -> int:
        symbol = self.symbols[at]
        for rule in (self._duration, self._since, self._range, self._bounded, self._days, self._time, self._wish):
            end = rule(at)
            if end is not None:
                if rule not in (self._duration, self._since):
                    self._took(at, end)
                return end
        self._connect(symbol)
        return at + 1

    def _took(self, at: int, end: int) -> None:
        self.wishes.words.extend(symbol.text for symbol in self.symbols[at:end] if symbol.text.strip())
        self.last_end = end

    def _connect(self, symbol: Symbol) -> None:
        if symbol.kind == "not":
            self.wishes.negative = True
            self.wishes.words.append(symbol.text)
        elif symbol.kind in {"break", "but"} or (symbol.kind == "comma"):
            self.wishes.negative = False
        elif symbol.kind == "or":
            self.wishes.alternative = True
        elif symbol.kind == "other":
            self.wishes.negative = False

    def _kind(self, at: int) -> str:
        return self.symbols[at].kind if 0 <= at < len(self.symbols) else ""

    def _skip(self, at: int, *kinds: str) -> int:
        while self._kind(at) in kinds:
            at += 1
        return at

    # What dates a complaint, not a wish

    def _duration(self, at: int) -> int | None:
        """Pass over "for 3 days", "hace dos días", "2 weeks ago"; read "3 days later"."""
        if self._kind(at) == "ago-prefix":
            return self._counted(self._skip(at + 1, "glue", "around"))
        end, count = self._counted(at), self.symbols[at].value
        if end is None and self.symbols[at].text in _ONE and self._kind(at + 1) == "unit":
            end, count = at + 2, 1
        if end is None:
            return None
        if self._kind(end) == "ago":
            return end + 1
        unit = self.symbols[end - 1]
        if unit.name == "hour" and self.symbols[at].digits == 4:
            return None
        if self._kind(end) == "from" and (shifted_end := self._after_date(end + 1, count, unit.name)):
            self._took(at, shifted_end)
            return shifted_end
        later = self._skip(end, "glue")
        alone = at == 0 and end == len(self.symbols) and bool(self.symbols[at].digits)
        if self._kind(later) in {"later", "post-after", "post-within"} or alone:
            self._away(count, unit.name, within=self._kind(later) == "post-within")
            self._took(at, end if alone else later + 1)
            return end if alone else later + 1
        return end

    def _after_date(self, at: int, count: int, unit: str) -> int | None:
        """Read the date of "a week from friday"."""
        read = self.dates.read(at) if at < len(self.symbols) and unit in {"day", "week"} else None
        if read is None or read[1].earliest is None or read[1].kind not in {"day", "weekday"}:
            return None
        self.wishes.add_days(one(read[1].earliest + min(count, 520) * (7 if unit == "week" else 1) * _DAY))
        return read[0]

    def _counted(self, at: int) -> int | None:
        if self._kind(at) == "num" and self._kind(at + 1) == "unit":
            return at + 2
        return None

    def _away(self, count: int, unit: str, *, within: bool = False) -> None:
        if unit in {"hour", "minute"}:
            self._in_hours(count if unit == "hour" else 0, 0 if unit == "hour" else count)
            return
        days = count * {"day": 1, "week": 7, "fortnight": 14, "month": 30, "year": 365}[unit]
        away = self.dates.calendar.away(days)
        self.wishes.days.append(Days("range", self.today, away.earliest) if within else away)

    def _in_hours(self, hours: int, minutes: int) -> None:
        try:
            moment = self.now.replace(tzinfo=None) + timedelta(hours=min(hours, 999), minutes=min(minutes, 9999))
        except OverflowError:
            return
        self.wishes.days.append(one(moment.date()))
        self.wishes.hours.append(Hours(after=moment.time().replace(second=0, microsecond=0)))

    def _since(self, at: int) -> int | None:
        """Pass over "since monday", "desde ayer"."""
        kind = self._kind(at)
        if kind == "last" and self._kind(self._skip(at + 1, "glue")) in {"num", "other"}:
            after = self._skip(at + 1, "glue")
            return self._counted(after) or at + 1
        if kind not in {"since", "since-from"}:
            return None
        after = self._skip(at + 1, "glue", "last", "in")
        if kind == "since-from":
            clock = read_clock(self.symbols, after, bare=True) if after < len(self.symbols) else None
            if clock is not None:
                return None
        date_phrase = self.dates.read(after) if after < len(self.symbols) else None
        if date_phrase is not None and kind == "since-from" and self._is_ahead(date_phrase[1]):
            return None
        if date_phrase is not None:
            return self._skip(date_phrase[0], "glue", "part")
        counted = self._counted(after)
        return counted or (after + 1 if self._kind(after) in {"part", "unit"} else at + 1)

    def _is_ahead(self, days: Days) -> bool:
        return days.kind == "day" and days.earliest is not None and days.earliest > self.today

    # Ranges and bounds

    def _range(self, at: int) -> int | None:
        """Read "between 2 and 4", "from 2 to 4 pm", "2-4pm", "monday to friday"."""
        opened = self._kind(at) in {"between", "from", "since-from"} or self.symbols[at].text in {"de", "del"}
        first = self._skip(at + 1, "glue", "at") if opened else at
        if first >= len(self.symbols):
            return None
        return self._range_of_days(first) or self._range_of_hours(first, opened=opened)

    def _range_of_days(self, first: int) -> int | None:
        start = self.dates.read(first)
        if start is None or self._kind(start[0]) not in _TO or start[1].earliest is None:
            return None
        if self._kind(start[0]) == "and" and self._kind(first - 1) not in {"between", "glue"}:
            return None
        if self._kind(start[0]) == "and" and not self._opened_between(first):
            return None
        end = self.dates.read(self._skip(start[0] + 1, "glue"))
        if end is None or end[1].latest is None:
            return None
        if start[1].kind == end[1].kind == "weekday" and start[1].weekdays and end[1].weekdays:
            self.wishes.add_days(self._weekday_range(start[1], end[1]))
        else:
            latest = max(end[1].latest, start[1].earliest)
            self.wishes.add_days(Days("range", start[1].earliest, latest))
        return self._skip(end[0], "post-between")

    def _opened_between(self, first: int) -> bool:
        return any(self._kind(position) == "between" for position in (first - 1, first - 2))

    def _weekday_range(self, start: Days, end: Days) -> Days:
        first, last = next(iter(start.weekdays or ())), next(iter(end.weekdays or ()))
        chosen = frozenset((first + offset) % 7 for offset in range((last - first) % 7 + 1))
        if chosen == frozenset(range(5)):
            return Days("habit", weekdays=chosen)
        earliest = self.today if self.today.weekday() in chosen else start.earliest or self.today
        return Days("range", earliest, earliest + ((last - earliest.weekday()) % 7) * _DAY, chosen)

    def _range_of_hours(self, first: int, *, opened: bool) -> int | None:
        start = read_clock(self.symbols, first, bare=True)
        if start is None or self._kind(start[0]) not in _TO:
            return None
        second = self._skip(start[0] + 1, "glue", "at")
        end = read_clock(self.symbols, second, bare=True) if second < len(self.symbols) else None
        between = self._opened_between(first) or (end is not None and self._kind(end[0]) == "post-between")
        if self._kind(start[0]) == "and" and not between:
            return None
        if end is None or self._kind(end[0]) in {"unit", "month", "slash"}:
            return None
        marked = end[0] > second + 1 or start[0] > first + 1
        part, after = self._part_behind(end[0])
        if not (opened or marked or part or self._beside_time(first) or len(self.symbols) == end[0] == 3):
            return None
        self.wishes.add_hours(*clock_range(start[1], end[1], part or self._part_before(first)))
        return self._skip(after, "post-between", "post-around")

    def _beside_time(self, at: int) -> bool:
        return self.last_end > 0 and self._skip(self.last_end, "glue", "at", "fill", "comma", "or") == at

    def _bounded(self, at: int) -> int | None:
        """Read "after 5", "before friday", "until noon", "around 3", "at 4"."""
        kind = self._kind(at)
        if kind not in _BOUNDS:
            return None
        if kind == "in":
            return self._in_a_while(at)
        target = self._skip(at + 1, "glue", "at", "around", "fill")
        if target >= len(self.symbols):
            return None
        counted = self._counted(target) if kind == "after" else None
        if counted is not None:
            self._away(self.symbols[target].value, self.symbols[counted - 1].name)
            return counted
        days = self.dates.read(target)
        clock = read_clock(self.symbols, target, bare=True)
        if days is not None and (clock is None or days[0] >= clock[0]) and kind != "at":
            self.wishes.bound_days(kind, days[1])
            return days[0]
        if clock is not None:
            part, end = self._part_behind(clock[0])
            self.wishes.bound_clock(kind, clock[1].resolve(part or self._part_before(at)))
            return self._skip(end, "post-around")
        if self._kind(target) == "part":
            self.wishes.bound_part(kind, self.symbols[target].name)
            return target + 1
        return None

    def _in_a_while(self, at: int) -> int | None:
        """Read "in 2 hours", "in half an hour"; days and weeks are the dates' business."""
        count = self._skip(at + 1, "glue", "around", "half")
        unit = count + 1 if self._kind(count) == "num" else count
        if self._kind(unit) != "unit" or self.symbols[unit].name not in {"hour", "minute"} or unit == at + 1:
            return None
        half = any(self._kind(position) == "half" for position in range(at + 1, unit))
        self._away(30 if half else max(self.symbols[count].value, 1), "minute" if half else self.symbols[unit].name)
        return unit + 1

    # Single days and times

    def _days(self, at: int) -> int | None:
        read = self.dates.read(at)
        if read is None:
            return None
        end, days = read
        if self._tells_a_story(at):
            return end
        post = self._skip(end, "glue")
        follows = self._kind(post)
        if follows == "se" and self._kind(post + 1) == "post-before":
            follows, post = "post-before", post + 1
        if follows in {"post-after", "se"} and days.latest is not None:
            self.wishes.bound_days("after" if follows == "post-after" else "from", days)
            return post + 1
        if follows in {"post-before", "post-until"}:
            self.wishes.bound_days("before" if follows == "post-before" else "until", days)
            return post + 1
        self.wishes.add_days(days, negative=self.wishes.negative or self._denied(end))
        return end

    def _tells_a_story(self, at: int) -> bool:
        """Tell whether "yesterday" or "last night" dates an event ("I fell yesterday") and is no answer to "when?"."""
        symbol = self.symbols[at]
        said_past = symbol.kind == "last" or (symbol.kind == "day" and symbol.value < 0)
        return said_past and any(other.kind == "other" for other in self.symbols)

    def _denied(self, end: int) -> bool:
        """Tell whether what was just read is ruled out behind ("monday doesn't work", "somvar ko nahi")."""
        position = self._skip(end, "glue", "part")
        if self._kind(position) == "post-not":
            return True
        position = self._skip(position, "fill")
        return self._kind(position) == "post-not" or (
            self._kind(end) == "not" and self._kind(end + 1) in {"", "comma", "break", "fill"}
        )

    def _time(self, at: int) -> int | None:
        bare = (self._beside_time(at) and self.symbols[at].text != "one") or self._marked_behind(at)
        clock = read_clock(self.symbols, at, bare=bare)
        if clock is None:
            return self._part(at)
        end, moment = clock
        part, end = self._part_behind(end)
        resolved = moment.resolve(part or self._part_before(at))
        post = self._skip(end, "glue")
        follows = self._kind(post)
        if follows == "se" and self._kind(post + 1) == "post-before":
            follows, post = "post-before", post + 1
        bound = _POST_BOUNDS.get(follows)
        self.wishes.bound_clock(bound or "at", resolved)
        return post + 1 if bound else end

    def _marked_behind(self, at: int) -> bool:
        """Tell whether what follows makes a number a time: "5 or later", "7 in the evening"."""
        if self._kind(at + 1) == "or" and at + 2 < len(self.symbols) and read_clock(self.symbols, at + 2, bare=False):
            return True
        return self._kind(at + 1) in _POST_BOUNDS or self._kind(self._skip(at + 1, "glue", "in")) == "part"

    def _part(self, at: int) -> int | None:
        symbol = self.symbols[at]
        if symbol.kind != "part" or symbol.name not in PARTS:
            return None
        if (
            read_clock(self.symbols, self._skip(at + 1, "glue", "at"), bare=True)
            if self._skip(at + 1, "glue", "at") < len(self.symbols)
            else None
        ):
            return at + 1
        after, before = PARTS[symbol.name]
        if self._kind(at + 1) in {"post-after", "post-before", "post-until"}:
            self.wishes.bound_part(_POST_BOUNDS[self._kind(at + 1)], symbol.name)
            return at + 2
        self.wishes.add_hours(after, before, negative=self.wishes.negative or self._denied(at + 1))
        return at + 1

    def _part_behind(self, end: int) -> tuple[str, int]:
        position = self._skip(end, "glue", "in", "at")
        if self._kind(position) == "part":
            return self.symbols[position].name, position + 1
        if self._kind(position) == "manana-part":
            return "morning", position + 1
        return "", end

    def _part_before(self, at: int) -> str:
        position = at - 1
        while position >= 0 and self._kind(position) in {
            "glue",
            "at",
            "after",
            "before",
            "around",
            "until",
            "from",
            "between",
        }:
            position -= 1
        return self.symbols[position].name if self._kind(position) == "part" else ""

    def _wish(self, at: int) -> int | None:
        kind = self._kind(at)
        if kind not in {"asap", "any"}:
            return None
        if not self.wishes.negative:
            self.wishes.asap |= kind == "asap"
            self.wishes.any |= kind == "any"
        return at + 1


_TO = frozenset(("to", "dash", "and", "se", "until"))
_ONE = frozenset(("a", "an", "un", "una"))
_BOUNDS = frozenset(("after", "before", "until", "from", "since-from", "around", "at", "past", "in"))
_POST_BOUNDS = {"post-after": "after", "post-before": "before", "post-until": "until", "post-around": "around"}
