"""Read words about days and times as symbols that mean the same in every language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .language import base
from .lexicon import BY_LANGUAGE, CALENDAR_BY_LANGUAGE
from .phrases import Phrasebook, lines
from .spelling import respell
from .text import is_word, tokens, vocabulary

_TOKENS_READ = 160
_DOTTED_LETTERS = re.compile(r"\b([^\W\d_])\s?\.\s?(?=[^\W\d_]\b)")
_ISH = re.compile(r"-\s?(ish)\b", re.IGNORECASE)
_ORDINAL_ENDINGS = {
    "en": frozenset(("st", "nd", "rd", "th")),
    "es": frozenset(("ro", "ra", "er", "do", "da", "to", "ta")),
}
_MARKS = {":": "colon", "/": "slash", ".": "dot", "-": "dash", "\n": "break", ",": "comma", ";": "break"}
_MARKS |= {"!": "break", "?": "break", "(": "comma", ")": "comma", "।": "break", "~": "around"}


@dataclass(frozen=True, slots=True)
class Symbol:
    """What one or more words mean.

    `kind` is the first word of a key in the calendar lexicons ("weekday", "after", "glue" …), or "num", "ord",
    "colon", "slash", "dot", "dash", "comma", "break" or "other". `value` is the number where there is one, `name`
    the rest of the key ("morning"), `text` the words as read.
    """

    kind: str
    value: int = 0
    name: str = ""
    text: str = ""

    @property
    def digits(self) -> int:
        """Return how many digits a number was written with; 0 if in words."""
        return len(self.text) if self.text.isdigit() else 0


def scan(text: str, language: str) -> list[Symbol]:
    """Return the symbols of a message in order; words that mean nothing here are of kind "other".

    Every language's words are read, the message's own first; number words of its own and English only, since
    "once" and "do" mean other things elsewhere. At most 160 tokens are read.
    """
    code = base(language)
    book = _BOOKS.get(code, _BOOKS["en"])
    numbers = _NUMBERS.get(code, _NUMBERS["en"])
    marked = tokens(_ISH.sub(r" \1", _DOTTED_LETTERS.sub(r"\1", text[: _TOKENS_READ * 40])))[:_TOKENS_READ]
    words = respell(marked)
    symbols: list[Symbol] = []
    position = 0
    while position < len(words):
        found = book.match_at(words, position)
        if found is not None:
            said = " ".join(marked[position : found.end])
            symbols.extend(_symbols(found.value, said))
            position = found.end
            continue
        symbols.append(_single(words[position], numbers))
        position += 1
    return _ordinals(symbols, _ORDINAL_ENDINGS.get(code, frozenset()) | _ORDINAL_ENDINGS["en"])


def resolve_manana(symbols: Sequence[Symbol]) -> list[Symbol]:
    """Decide each "mañana": the morning behind a day ("lunes mañana"), else tomorrow."""
    result: list[Symbol] = []
    for symbol in symbols:
        if symbol.kind == "manana":
            before = next((earlier for earlier in reversed(result) if earlier.kind != "glue"), None)
            is_morning = before is not None and before.kind in {"weekday", "day", "month"}
            meaning = Symbol("part", name="morning") if is_morning else Symbol("day", 1, "1")
            result.append(replace(meaning, text=symbol.text))
        else:
            result.append(symbol)
    return result


def number_words(language: str) -> dict[str, int]:
    """Return the number words of a language and of English, folded."""
    return _NUMBERS.get(base(language), _NUMBERS["en"])


def _symbols(key: str, said: str) -> list[Symbol]:
    return [
        Symbol(kind, int(name) if name.lstrip("-").isdigit() else 0, name, said if index == 0 else "")
        for index, (kind, _, name) in enumerate(part.partition(" ") for part in key.split(";"))
    ]


def _single(word: str, numbers: dict[str, int]) -> Symbol:
    if word.isdigit():
        return Symbol("num", int(word[:9]), text=word)
    if word in numbers:
        return Symbol("num", numbers[word], text=word)
    if word in _ORDINALS:
        return Symbol("ord", _ORDINALS[word], name="word", text=word)
    if is_word(word):
        return Symbol("other", text=word)
    return Symbol(_MARKS.get(word, "comma" if word in "\"'" else "glue"), text=word)


def _ordinals(symbols: Sequence[Symbol], endings: frozenset[str]) -> list[Symbol]:
    """Join `25` and `th` into one ordinal."""
    result: list[Symbol] = []
    for symbol in symbols:
        previous = result[-1] if result else None
        if previous is not None and previous.kind == "num" and previous.digits and symbol.text in endings:
            result[-1] = Symbol("ord", previous.value, text=previous.text + symbol.text)
        else:
            result.append(symbol)
    return result


def _book(first: str) -> Phrasebook[str]:
    order = sorted(CALENDAR_BY_LANGUAGE, key=lambda code: code != first)
    return Phrasebook(
        (line, key)
        for code in order
        for key, block in CALENDAR_BY_LANGUAGE[code].SYMBOLS.items()
        if code == first or not key.startswith(_OWN_LANGUAGE_ONLY.get(code, ()))
        for line in lines(block)
    )


def _numbers(code: str) -> dict[str, int]:
    own = BY_LANGUAGE[code].NUMBERS
    if isinstance(own, dict):
        return {word: value for value, block in own.items() for word in vocabulary(block)}
    return {word: value for value, word in enumerate(vocabulary(own))}


_OWN_LANGUAGE_ONLY: dict[str, tuple[str, ...]] = {
    "en": ("glue", "fill", "abbr", "to", "or"),
    "es": (
        "glue",
        "fill",
        "abbr",
        "to",
        "and",
        "or",
        "not",
        "post-not",
        "in",
        "but",
        "this",
        "unit hour",
        "asap",
        "at",
    ),
    "hi": ("glue", "fill", "se", "this", "and", "or", "but", "post-within", "part night", "unit"),
}
_BOOKS = {code: _book(code) for code in CALENDAR_BY_LANGUAGE}
_NUMBERS = {code: {**_numbers("en"), **_numbers(code)} for code in BY_LANGUAGE}
_ORDINALS = {
    word: value
    for module in BY_LANGUAGE.values()
    for value, block in module.ORDINALS.items()
    for word in vocabulary(block)
    if not word.isdigit() and len(word) > 3
}
