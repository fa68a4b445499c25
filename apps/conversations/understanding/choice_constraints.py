"""Filter a list of slots by what a reply says of time, day and practitioner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Protocol

from rapidfuzz import fuzz

from .clock import PARTS, read_clock
from .dates import DateReader
from .days import Days
from .language import base
from .lexicon import BY_LANGUAGE
from .romanise import romanise
from .symbols import Symbol, resolve_manana, scan
from .text import vocabulary, word_set, words


class Slot(Protocol):
    """What is read of an option."""

    @property
    def start(self) -> datetime | None:
        """Local start."""

    @property
    def practitioner(self) -> str | None:
        """Name as shown."""


Test = Callable[[Slot], bool]


@dataclass(slots=True)
class _Alternative:
    tests: list[Test] = field(default_factory=list)
    place: int = 0
    order: str = ""


def matching(text: str, options: Sequence[Slot], language: str, *, today: date | None) -> list[int] | None:
    """Return the indexes of the options that fit all of a reply; None if the reply says anything else."""
    dates = [option.start.date() for option in options if option.start is not None]
    symbols = resolve_manana(scan(text, language))
    reader = DateReader(symbols, today=today or min(dates, default=date.min.replace(year=2000)), day_first=True)
    walk = _Walk(symbols, reader, _names(options), language, knows_today=today is not None)
    alternatives = walk.read()
    if alternatives is None:
        return None
    fitting = {index for alternative in alternatives for index in _fitting(options, alternative)}
    return sorted(fitting)


def fillers_of(language: str) -> frozenset[str]:
    """Return the words of a reply that choose nothing: politeness, articles, "I'll take"."""
    return _FILLERS.get(base(language), _FILLERS["en"])


def _fitting(options: Sequence[Slot], wanted: _Alternative) -> list[int]:
    indexes = [index for index, option in enumerate(options) if all(test(option) for test in wanted.tests)]
    if wanted.order:
        timed = sorted((start, index) for index in indexes if (start := options[index].start) is not None)
        return [timed[0 if wanted.order == "earliest" else -1][1]] if timed else []
    if wanted.place:
        return [indexes[wanted.place - 1]] if wanted.place <= len(indexes) else []
    return indexes


class _Walk:
    def __init__(
        self, symbols: Sequence[Symbol], dates: DateReader, names: frozenset[str], language: str, *, knows_today: bool
    ) -> None:
        self.symbols, self.dates, self.names, self.knows_today = symbols, dates, names, knows_today
        self.fillers = fillers_of(language)
        self.points = any(symbol.text in _POINTING for symbol in symbols)
        self.alternatives = [_Alternative()]

    def read(self) -> list[_Alternative] | None:
        """Return the alternatives, or None if a word is left over or nothing constrains."""
        at = 0
        while at < len(self.symbols):
            end = self._step(at)
            if end is None:
                return None
            at = end
        constrained = all(wanted.tests for wanted in self.alternatives)
        return self.alternatives if constrained else None

    def _step(self, at: int) -> int | None:
        symbol = self.symbols[at]
        if symbol.kind == "num" and not symbol.digits and symbol.text in self.fillers:
            return at + 1
        end = self._name(at) or self._date(at) or self._hours(at)
        if end is not None:
            return end
        if symbol.kind == "or":
            if self.alternatives[-1].tests:
                self.alternatives.append(_Alternative())
            return at + 1
        if symbol.kind == "ord" and symbol.value:
            self.alternatives[-1].place = symbol.value
            return at + 1
        if symbol.kind in _ORDERS:
            self.alternatives[-1].order = _ORDERS[symbol.kind]
            return at + 1
        if symbol.kind in _PASSED_OVER or (symbol.kind == "other" and symbol.text in self.fillers):
            return at + 1
        return None

    def _name(self, at: int) -> int | None:
        symbol = self.symbols[at]
        if not self.names or not symbol.text or " " in symbol.text or symbol.kind in {"num", "glue", "fill"}:
            return None
        if symbol.kind != "other" and not (at and self.symbols[at - 1].text in _TITLES):
            return None
        said = [word for word in self.names if _alike(symbol.text, word)]
        if not said:
            return None
        self.alternatives[-1].tests.append(lambda slot: not frozenset(said).isdisjoint(_name_words(slot.practitioner)))
        return at + 1

    def _date(self, at: int) -> int | None:
        symbol = self.symbols[at]
        if symbol.kind == "weekdays":
            return self._weekday(symbol.value, at + 1)
        if symbol.kind == "abbr":
            return self._weekday(symbol.value, at + 1)
        if symbol.kind == "day" and not self.knows_today:
            return None
        read = self.dates.read(at)
        if read is None:
            return None
        end, days = read
        if days.kind == "weekday" and days.weekdays:
            return self._weekday(next(iter(days.weekdays)), end)
        if symbol.kind in {"this", "next", "coming", "last", "in", "within"} and not self.knows_today:
            target = next((part for part in self.symbols[at:end] if part.kind in {"weekday", "abbr"}), None)
            return self._weekday(target.value, end) if target is not None else None
        if days.kind == "range" and not self.points:
            return None
        self.alternatives[-1].tests.append(lambda slot: slot.start is not None and _includes(days, slot.start.date()))
        return end

    def _weekday(self, weekday: int, end: int) -> int:
        self.alternatives[-1].tests.append(lambda slot: slot.start is not None and slot.start.weekday() == weekday)
        return end

    def _hours(self, at: int) -> int | None:
        bound = self.symbols[at].kind if self.symbols[at].kind in _BOUNDS else ""
        first = at + 1 if bound else at
        while bound and first < len(self.symbols) and self.symbols[first].kind in {"glue", "at"}:
            first += 1
        if first >= len(self.symbols):
            return None
        clock = read_clock(self.symbols, first, bare=bool(bound) or self._beside_day(at) or self._part_behind(at))
        if clock is None:
            return self._part(first) if not bound or bound == "at" else None
        end, moment = clock
        if bound in {"", "at", "around"}:
            self.alternatives[-1].tests.append(lambda slot: slot.start is not None and moment.may_be(slot.start.time()))
        elif bound in {"after", "from"}:
            limit = moment.resolve()
            self.alternatives[-1].tests.append(lambda slot: slot.start is not None and slot.start.time() >= limit)
        else:
            limit = moment.resolve()
            self.alternatives[-1].tests.append(lambda slot: slot.start is not None and slot.start.time() < limit)
        return end

    def _part_behind(self, at: int) -> bool:
        behind = at + 1
        while behind < len(self.symbols) and self.symbols[behind].kind in {"glue", "in"}:
            behind += 1
        return behind < len(self.symbols) and self.symbols[behind].kind == "part"

    def _beside_day(self, at: int) -> bool:
        return at > 0 and self.symbols[at - 1].kind in {"weekday", "abbr", "day", "part"}

    def _part(self, at: int) -> int | None:
        symbol = self.symbols[at]
        if symbol.kind != "part" or symbol.name not in PARTS:
            return None
        after, before = PARTS[symbol.name]
        self.alternatives[-1].tests.append(
            lambda slot: slot.start is not None and _between(slot.start.time(), after, before)
        )
        return at + 1


_POINTING = word_set(
    "one ones first second third last primera primero segunda segundo ultima ultimo wala wali vala vali वाला वाली"
)
_ORDERS = {"asap": "earliest", "end": "latest", "later": "latest", "start": "earliest"}
_BOUNDS = frozenset(("at", "after", "before", "until", "from", "around"))
_PASSED_OVER = frozenset(
    ("glue", "fill", "comma", "break", "and", "in", "at", "dot", "clock", "date-mark", "this", "colon")
)
_TITLES = word_set("dr dra doctor doctora doc with con mr mrs ms miss sr sra डॉ डॉक्टर")
_ALIKE, _ALIKE_ACROSS_SCRIPTS = 86, 75
_SHORTEST_MISSPELT = 5
_FILLERS = {
    code: frozenset(vocabulary(BY_LANGUAGE[code].CHOICE_FILLERS + " " + BY_LANGUAGE["en"].CHOICE_FILLERS))
    for code in BY_LANGUAGE
}
_HONORIFICS = frozenset(word for module in BY_LANGUAGE.values() for word in vocabulary(module.HONORIFICS))


def _names(options: Sequence[Slot]) -> frozenset[str]:
    return frozenset(word for option in options for word in _name_words(option.practitioner))


def _name_words(name: str | None) -> frozenset[str]:
    return frozenset(word for word in words(name or "") if len(word) > 1 and word not in _HONORIFICS)


def _alike(said: str, name: str) -> bool:
    if said == name:
        return True
    if said.isascii() != name.isascii():
        return fuzz.ratio(romanise(said), romanise(name)) >= _ALIKE_ACROSS_SCRIPTS
    return len(said) >= _SHORTEST_MISSPELT and said[0] == name[0] and fuzz.ratio(said, name) >= _ALIKE


def _includes(days: Days, day: date) -> bool:
    return (
        (days.earliest is None or days.earliest <= day)
        and (days.latest is None or day <= days.latest)
        and (days.weekdays is None or day.weekday() in days.weekdays)
    )


def _between(moment: time, after: time | None, before: time | None) -> bool:
    return (after is None or after <= moment) and (before is None or moment < before)
