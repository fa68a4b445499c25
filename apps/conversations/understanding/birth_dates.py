"""A date of birth in a reply."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from .lexicon import BY_LANGUAGE, CALENDAR_BY_LANGUAGE
from .phrases import lines
from .results import Ambiguous
from .spelling import respell
from .text import fold, tokens, vocabulary, word_set

OLDEST_YEARS = 120

_TOKENS_READ = 120
_BETWEEN = word_set("/ - . , ' st nd rd th of the de del do da º ª o er ro ko ka ki year day month ano mes")


@dataclass(frozen=True, slots=True)
class _Item:
    """A number with how many digits it was written with, or a month (0 digits)."""

    value: int
    digits: int


def parse_birth_date(text: str, *, day_first: bool | None, today: date) -> date | Ambiguous[date] | None:
    """Return the date of birth in a message, `Ambiguous` dates if it can be read in several ways, or None.

    Understood anywhere in the text, in any supported language and any digits: "14 March 1978", "march 14th, 78",
    "14 de marzo de 1978", "1978-03-14", "03/14/78", "14.3.78", "14031978". `day_first` decides 03/04/1980; None
    makes it `Ambiguous`. A reading that is no date, in the future, or over 120 years back gives way to the other.
    A year of two digits is the latest that isn't in the future ("78" is 1978, "24" in 2025 is 2024). Two
    different dates in one message are `Ambiguous`.
    """
    found: list[date] = []
    for group in _groups(respell(tokens(text)[:_TOKENS_READ])):
        for readings in _dates(group, day_first, today):
            found.extend(day for day in readings if day not in found)
    if not found:
        return None
    return found[0] if len(found) == 1 else Ambiguous(tuple(found))


def parse_birth_date_behind(text: str, *, day_first: bool | None, today: date) -> date | Ambiguous[date] | None:
    """Return the date of birth that follows a name at once ("…, born 14 March 1978"), else None.

    Any other word before the date makes it another date: "…, coughing since 3/4" is none.
    """
    marked = respell(tokens(text)[:_TOKENS_READ])
    before = itertools.takewhile(lambda token: not token.isdigit() and token not in MONTHS, marked)
    if any(token not in _LEADS for token in before):
        return None
    return parse_birth_date(text, day_first=day_first, today=today)


def _groups(marked: Sequence[str]) -> Iterator[list[_Item]]:
    """Yield runs of numbers and months with nothing but date punctuation between."""
    group: list[_Item] = []
    for token in marked:
        if token.isdigit() and len(token) <= 8:
            group.append(_Item(int(token), len(token)))
        elif token in MONTHS:
            group.append(_Item(MONTHS[token], 0))
        elif token not in _BETWEEN:
            yield group
            group = []
    yield group


def _dates(group: Sequence[_Item], day_first: bool | None, today: date) -> Iterator[list[date]]:
    """Yield the readings of each date in a run, left to right, none overlapping."""
    position = 0
    while position < len(group):
        compact = _compact(group[position])
        window = compact or group[position : position + 3]
        readings = [day for day in _readings(window, day_first, today) if _is_possible(day, today)]
        if readings:
            yield readings if day_first is None else readings[:1]
        position += (1 if compact else 3) if readings else 1


def _compact(item: _Item) -> list[_Item]:
    """Take 14031978 and 19780314 apart."""
    if item.digits != 8:
        return []
    text = f"{item.value:08}"
    if text[:2] in {"19", "20"} and text[4:6] <= "12" and text[6:] <= "31":
        return [_Item(int(text[:4]), 4), _Item(int(text[4:6]), 2), _Item(int(text[6:]), 2)]
    return [_Item(int(text[:2]), 2), _Item(int(text[2:4]), 2), _Item(int(text[4:]), 4)]


def _readings(window: Sequence[_Item], day_first: bool | None, today: date) -> Iterator[date]:
    """Yield each date that three items can mean, the likelier first."""
    if len(window) != 3:
        return
    first, second, third = window
    months = [item for item in window if not item.digits]
    if len(months) > 1:
        return
    if months:
        numbers = [item for item in window if item.digits]
        year, day = (numbers[0], numbers[1]) if numbers[0].digits == 4 else (numbers[1], numbers[0])
        yield from _days(year, months[0].value, day.value, today)
    elif first.digits == 4:
        yield from _days(first, second.value, third.value, today)
    else:
        day, month = (second, first) if day_first is False else (first, second)
        yield from _days(third, month.value, day.value, today)
        if day.value != month.value:
            yield from _days(third, day.value, month.value, today)


def _days(year: _Item, month: int, day: int, today: date) -> Iterator[date]:
    if year.digits not in {2, 4} or not 1 <= month <= 12 or not 1 <= day <= 31:
        return
    for full in (year.value,) if year.digits == 4 else (2000 + year.value, 1900 + year.value):
        try:
            read = date(full, month, day)
        except ValueError:
            continue
        if read <= today:
            yield read
            return


def _is_possible(day: date, today: date) -> bool:
    had_birthday = (today.month, today.day) >= (day.month, day.day)
    return day <= today and today.year - day.year - (not had_birthday) <= OLDEST_YEARS


def _months() -> dict[str, int]:
    return {
        word: int(key.split()[1])
        for module in CALENDAR_BY_LANGUAGE.values()
        for key, block in module.SYMBOLS.items()
        if key.startswith(("month ", "maybe-month "))
        for line in lines(block)
        for word in fold(line).split("|")
    }


_LEADS = (
    _BETWEEN
    | word_set(": ; ( )")
    | frozenset(word for module in BY_LANGUAGE.values() for word in vocabulary(module.BIRTH_LEADS))
)
MONTHS = _months() | {"mai": 5, "sit": 9, "marz": 3}
