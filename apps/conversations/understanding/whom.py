"""For whom an appointment is: the writer or someone else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from .language import base
from .lexicon import BY_LANGUAGE
from .names import parse_name
from .phrases import Phrasebook, lines
from .spelling import respell
from .text import normalise, vocabulary, word_set, words


class Whom(StrEnum):
    """Who the patient is, seen from the writer."""

    SELF = "self"
    OTHER = "other"


class Relation(StrEnum):
    """What the patient is to the writer."""

    SON = "son"
    DAUGHTER = "daughter"
    CHILD = "child"
    MOTHER = "mother"
    FATHER = "father"
    WIFE = "wife"
    HUSBAND = "husband"
    PARTNER = "partner"
    BROTHER = "brother"
    SISTER = "sister"
    GRANDMOTHER = "grandmother"
    GRANDFATHER = "grandfather"
    FRIEND = "friend"
    RELATIVE = "relative"


@dataclass(frozen=True, slots=True)
class ForWhom:
    """For whom; `relation` is None for the writer, and for someone else when it wasn't said."""

    who: Whom
    relation: Relation | None = None


_WORDS_READ = 80
_SOMEONE = "someone"
_SELF = "self"
_ALONE = "alone"
_FOR_NAME = re.compile(r"(?:(?:it'?s|it is|this is|es|la cita es|appointment|cita) )?(?:for|para) (\S.*)")


def parse_for_whom(text: str, language: str) -> ForWhom | None:
    """Return for whom a message wants an appointment, or None if it doesn't say, or says both.

    "For my son", "my mother needs a doctor", "para mi madre", "mere bete ke liye", a relation alone ("mi hijo") and
    "for Tom Smith" are someone else; "for me", "myself", "para mí", "mere liye" the writer. A relation that is only
    mentioned ("my husband told me to write") doesn't count, nor does "for my back pain".
    """
    said = respell(words(text)[:_WORDS_READ])
    book = _BOOKS.get(base(language), _BOOKS["en"])
    whole = _whole(said, book)
    if whole is not None:
        return _result(whole.removeprefix(_ALONE))
    others: list[tuple[int, int, str]] = []
    selves: list[tuple[int, int]] = []
    for found in book.search(said):
        if found.value == _SELF:
            if found.end - found.start > 1 and not _is_aside(said, found.start, found.end):
                selves.append((found.start, found.end))
        elif not found.value.startswith(_ALONE):
            others.append((found.start, found.end, found.value))
    if others:
        apart = [self for self in selves if all(self[1] <= start or end <= self[0] for start, end, _ in others)]
        named = [value for _, _, value in others if value != _SOMEONE]
        return None if apart and named and not _denies_self(others) else _result((named or [_SOMEONE])[0])
    if selves:
        return ForWhom(Whom.SELF)
    return _named(text, language)


def is_only_for_self(text: str, language: str) -> bool:
    """Tell whether a message says that the writer is the patient, and nothing else: "for me", "es para mí"."""
    return _whole(respell(words(text)[:_WORDS_READ]), _BOOKS.get(base(language), _BOOKS["en"])) == _SELF


def relation_words() -> frozenset[str]:
    """Return the words for relatives in all languages, folded."""
    return frozenset(
        word for module in BY_LANGUAGE.values() for block in module.RELATIONS.values() for word in vocabulary(block)
    )


def _whole(said: list[str], book: Phrasebook[str]) -> str | None:
    return book.whole(said) or book.whole([word for word in said if word not in _POLITE])


def _is_aside(said: list[str], start: int, end: int) -> bool:
    """Tell whether "for me" belongs to "works for me", or "a mi" to a noun behind it."""
    if said[end - 1] == "mi" and end < len(said) and said[end] not in _BEHIND_MI:
        return True
    return start > 0 and said[start - 1] in _SUITS


def _denies_self(others: list[tuple[int, int, str]]) -> bool:
    return any(value == _SOMEONE for _, _, value in others)


def _result(value: str) -> ForWhom:
    if value == _SELF:
        return ForWhom(Whom.SELF)
    return ForWhom(Whom.OTHER, None if value == _SOMEONE else Relation(value))


def _named(text: str, language: str) -> ForWhom | None:
    """Read "for Tom Smith"; lower-case single words ("for headache") are no names here."""
    match = _FOR_NAME.fullmatch(normalise(text).rstrip(".!"))
    if match is None:
        return None
    original = " ".join(text.split()).rstrip(".!")
    rest = original[len(original) - len(match[1]) :]
    capitals = all(word[:1].isupper() for word in rest.split())
    return ForWhom(Whom.OTHER) if capitals and parse_name(rest, language) is not None else None


def _entries(code: str) -> Iterator[tuple[str, str]]:
    module, english = BY_LANGUAGE[code], BY_LANGUAGE["en"]
    for relation, block in module.RELATIONS.items():
        shared = block if code == "en" else f"{block}|{english.RELATIONS[relation]}"
        said = "|".join(f"{word}|{word}s" for word in shared.split("|")) if code == "en" else shared
        for frame in lines(module.RELATION_FRAMES):
            if "{R}" in frame:
                yield frame.replace("{R}", said), relation
        for frame in _ALONE_FRAMES[code]:
            yield frame.replace("{R}", block), _ALONE + relation
    for frame in lines(module.RELATION_FRAMES):
        if "{R}" not in frame:
            yield frame, _SOMEONE
    for line in lines(module.SELF):
        yield line, _SELF


def _book(first: str) -> Phrasebook[str]:
    order = sorted(BY_LANGUAGE, key=lambda code: code != first)
    return Phrasebook(entry for code in order for entry in _entries(code))


_ALONE_FRAMES = {
    "en": ("{R}", "my|our|the little|older|younger|elder|baby|year|old? {R}", "its|it|this is? my|our {R}"),
    "es": ("{R}", "mi|mis|el|la|un|una|nuestro|nuestra {R}", "a mi {R}", "mi {R} menor|mayor"),
    "hi": ("{R}", "mera|meri|mere|hamara|hamari|apna|apni|मेरा|मेरी|मेरे|हमारा|हमारी {R} ji|जी? hai|है?"),
}
_SUITS = word_set(
    "works work good fine ok okay better best perfect convenient suits suit possible easier easy hard great"
)
_BEHIND_MI = word_set("por gracias sola solo misma mismo y hoy mañana el")
_POLITE = word_set("please pls ok yes hi hello por favor hola sí si ji जी कृपया thanks gracias no")
_BOOKS = {code: _book(code) for code in BY_LANGUAGE}
