"""Names and search texts reduced to plain ASCII words, so that any script and any accent finds any other.

PostgreSQL's trigrams know only the letters of the database's locale; under the portable C.UTF-8 they drop every
letter outside ASCII, and a name in Devanagari would have no trigram at all. So both sides of a search are
transliterated here, before they reach the database: `राम` and `Ram`, `Zażółć` and `zazolc` are the same words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from anyascii import anyascii

_SYLLABIC = re.compile(r"([\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff])")
_APOSTROPHES = re.compile(r"['`’‘ʼʻ′]")
_SEPARATORS = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Return lower-case ASCII words separated by single spaces; apostrophes vanish, Han and Hangul split by sign."""
    spaced = _SYLLABIC.sub(r" \1 ", unicodedata.normalize("NFC", _APOSTROPHES.sub("", text)))
    plain = _APOSTROPHES.sub("", anyascii(spaced)).casefold()
    return _SEPARATORS.sub(" ", plain).strip()


def fold_name(name: str) -> list[str]:
    """Return every word under which a name should be found: `O'Brien-Smith` → obrien, smith, o, brien, obriensmith."""
    words: list[str] = []
    for chunk in name.split():
        words += fold(chunk).split()
        words += fold(_APOSTROPHES.sub(" ", chunk)).split()
        words.append(fold(chunk).replace(" ", ""))
    return list(dict.fromkeys(word for word in words if word))


def index_text(
    *, names: Iterable[str], number: str, phones: Iterable[str], emails: Iterable[str], identifiers: Iterable[str] = ()
) -> str:
    """Return the text that the trigram index holds: each word between spaces, so that ` word` is a prefix search."""
    words = [word for name in names for word in fold_name(name)]
    words += [number, *(re.sub(r"\D", "", phone) for phone in phones), *emails]
    words += [word for value in identifiers for word in (*fold(value).split(), fold(value).replace(" ", ""))]
    return f" {' '.join(dict.fromkeys(word for word in words if word))} "


def sort_text(*, given_name: str, family_name: str) -> str:
    """Return what lists are sorted by: the folded family name, then the folded given name."""
    return f"{fold(family_name)} {fold(given_name)}".strip()[:240]
