"""Which entry of a list that was just shown a reply picks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from rapidfuzz import fuzz

from .choice_constraints import fillers_of, matching
from .language import base
from .lexicon import BY_LANGUAGE
from .phrases import Phrasebook, lines
from .results import Ambiguous, OutOfRange
from .spelling import respell
from .symbols import number_words
from .text import normalise, word_set, words

By = Literal["number", "ordinal", "relative", "any", "time", "label"]


@dataclass(frozen=True, slots=True)
class Option:
    """An entry of a list shown to the patient, in the order shown.

    `start` is the slot's start in the location's local time (aware), if it is a slot; `practitioner` the name as
    shown.
    """

    key: str
    label: str
    start: datetime | None = None
    practitioner: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The option picked: its key, its place in the list (from 0), and what it was recognised by."""

    key: str
    index: int
    by: By


_WORDS_READ = 30
_SHORTEST_MISSPELT, _ALIKE = 5, 85
_GREATEST_NUMBER = 99
_NUMERIC_TIME_OR_DATE = re.compile(r"[0-9]\s?[:/.]\s?[0-9]|[0-9]{3}")
_SEPARATORS = word_set("or o u ya या y and")
_NEGATORS = word_set("no not dont never nahi nahin nhi नहीं ni sin")
_TIME_BEFORE = word_set("at las alas dia day after before until around baad tarikh sobre hasta")
_TIME_BEHIND = word_set("""
    baje bje baj बजे oclock clock h hrs hr am pm days day weeks week hours hour minutes min months month years year
    dia dias semana semanas hora horas minutos mes meses ano anos din hafte mahine ghante saal दिन हफ्ते महीने घंटे साल
    date dates time times people kids tareekh tarikh तारीख o y
    """)
_VERBS_WITH_DO = word_set("kar kara book bata de कर बुक बता दे what can could i you we to please")
_NO = frozenset(("no", "nro", "num"))


def parse_choice(
    text: str, options: Sequence[Option], language: str, *, today: date | None = None
) -> Choice | Ambiguous[str] | OutOfRange | None:
    """Return the option that a reply picks, `Ambiguous` keys if several fit, `OutOfRange`, or None.

    Understood: a number ("2", "#2", "no. 2", "2️⃣", "dos", "option two please"), an ordinal ("the second one", "la
    primera", "dusra wala"), "the last / earlier / later one", "any" (the first), the slot's time, day or
    practitioner in any combination ("friday", "the one at 3", "4pm con la doctora López", "the first on
    monday"), and the label's words. The whole reply has to be accounted for by that and politeness: "second
    opinion" or "in 2 days" picks nothing, and neither does anything with "not".

    A bare number is a place in the list; beyond the list it is an hour if exactly one option starts then on the
    dot ("10" for 10:00), else `OutOfRange`. "At 3", "3pm", "a las 3", "3 baje" are always times; without am or pm both
    halves of the day fit. A week or a month is another wish ("next week"), unless the reply points at the list ("the
    one next week"). `today` makes "tomorrow" and its like readable; without it they pick nothing.
    """
    if not options:
        return None
    exact = [index for index, option in enumerate(options) if words(option.label) == words(text) != []]
    if len(exact) == 1:
        return _choice(options, exact[0], "label")
    picked = _by_place(text, options, language)
    if picked is not None and not isinstance(picked, OutOfRange):
        return picked
    fitting = matching(text, options, language, today=today)
    if fitting:
        return _one_of(options, fitting, "time")
    return _one_of(options, _by_label(text, options, language), "label") if picked is None else picked


def _choice(options: Sequence[Option], index: int, by: By) -> Choice:
    return Choice(options[index].key, index, by)


def _one_of(options: Sequence[Option], indexes: Sequence[int], by: By) -> Choice | Ambiguous[str] | None:
    if len(indexes) == 1:
        return _choice(options, indexes[0], by)
    return Ambiguous(tuple(options[index].key for index in indexes)) if indexes else None


def _by_place(text: str, options: Sequence[Option], language: str) -> Choice | Ambiguous[str] | OutOfRange | None:
    """Read numbers, ordinals and "the last one", if the reply is nothing but those and politeness."""
    said = words(text)
    if not said or len(said) > _WORDS_READ or _NUMERIC_TIME_OR_DATE.search(normalise(text)):
        return None
    picks = _picks(respell(said), language)
    if not picks:
        return None
    if [name for name, _ in picks] == ["ordinal", "last"]:
        picks = [("number", len(options) + 1 - picks[0][1])]
    indexes: dict[int, By] = {}
    for name, number in picks:
        index, by = _index(name, number, options)
        if index is None:
            return OutOfRange(number, len(options)) if number <= _GREATEST_NUMBER else None
        indexes.setdefault(index, by)
    if len(indexes) > 1:
        return Ambiguous(tuple(options[index].key for index in sorted(indexes)))
    return next(_choice(options, index, by) for index, by in indexes.items())


def _picks(said: Sequence[str], language: str) -> list[tuple[str, int]]:
    """Return what picks in the reply, in order; nothing if a word is left over."""
    book, numbers = _BOOKS.get(base(language), _BOOKS["en"]), number_words(language)
    picks: list[tuple[str, int]] = []
    doubtful: list[tuple[str, int]] = []
    position = 0
    while position < len(said):
        found, word = book.match_at(said, position), said[position]
        if found is not None:
            if found.value[0] != "filler":
                picks.append(found.value)
            elif word in numbers and (not position or said[position - 1] not in _VERBS_WITH_DO):
                doubtful.append(("number", numbers[word]))
            position = found.end
            continue
        if word in _SEPARATORS and picks:
            position += 1
            continue
        number = int(word) if word.isdigit() else numbers.get(word)
        if number is None or _is_time(said, position):
            if word in _NO and position + 1 < len(said) and said[position + 1].isdigit():
                position += 1
                continue
            return []
        ordinal = position + 1 < len(said) and said[position + 1] in _ENDINGS
        picks.append(("ordinal" if ordinal else "number", number))
        position += 2 if ordinal else 1
    return picks or doubtful[:1]


def _is_time(said: Sequence[str], position: int) -> bool:
    before = said[position - 1] if position else ""
    after = said[position + 1] if position + 1 < len(said) else ""
    return before in _TIME_BEFORE or after in _TIME_BEHIND or list(said[max(0, position - 2) : position]) == ["a", "la"]


def _index(name: str, number: int, options: Sequence[Option]) -> tuple[int | None, By]:
    starts = [(option.start, index) for index, option in enumerate(options) if option.start is not None]
    if name in {"number", "ordinal"}:
        by: By = "number" if name == "number" else "ordinal"
        if 1 <= number <= len(options):
            return number - 1, by
        on_the_dot = [index for start, index in starts if start.minute == 0 and start.hour % 12 == number % 12]
        return (
            (on_the_dot[0], "time") if len(on_the_dot) == 1 and name == "number" and 1 <= number <= 24 else (None, by)
        )
    if name == "any":
        return 0, "any"
    if name == "last" or not starts:
        return (0 if name == "earliest" else len(options) - 1), "relative"
    return (min if name == "earliest" else max)(starts)[1], "relative"


def _by_label(text: str, options: Sequence[Option], language: str) -> list[int]:
    """Return the options whose label has all the telling words of the reply; where no slots are shown, half of them."""
    said = _telling(text, language)
    if not said:
        return []
    labels = [_telling(option.label, language) for option in options]
    shared = [sum(_is_in(word, label) for word in said) for label in labels]
    inside = [index for index, count in enumerate(shared) if count == len(said)]
    if inside or any(option.start is not None for option in options) or not _NEGATORS.isdisjoint(said):
        return inside
    return [index for index, count in enumerate(shared) if count and count * 2 >= len(said)]


def _is_in(word: str, label: set[str]) -> bool:
    if word in label:
        return True
    return len(word) >= _SHORTEST_MISSPELT and any(fuzz.ratio(word, other) >= _ALIKE for other in label)


def _telling(text: str, language: str) -> set[str]:
    fillers = fillers_of(language)
    return {word for word in respell(words(text)[:_WORDS_READ]) if word not in fillers and not word.isdigit()}


def _entries(code: str) -> list[tuple[str, tuple[str, int]]]:
    module = BY_LANGUAGE[code]
    ordinals = [(phrase, ("ordinal", place)) for place, block in module.ORDINALS.items() for phrase in block.split("|")]
    relatives = [(line, (name, 0)) for name, block in module.RELATIVE_CHOICES.items() for line in lines(block)]
    return [*ordinals, *relatives]


def _book(first: str) -> Phrasebook[tuple[str, int]]:
    order = sorted(BY_LANGUAGE, key=lambda code: code != first)
    fillers = [(word, ("filler", 0)) for word in sorted(fillers_of(first) - _TIME_BEFORE)]
    return Phrasebook([*(entry for code in order for entry in _entries(code)), *fillers])


_ENDINGS = frozenset(("st", "nd", "rd", "th"))
_BOOKS = {code: _book(code) for code in BY_LANGUAGE}
