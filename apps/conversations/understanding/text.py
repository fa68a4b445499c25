"""Make text from any phone comparable: one form per letter, one form per digit, whole words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MAX_CHARS = 4096
"""Characters of a message that are read; WhatsApp's own limit for a text body (Twilio's is 1,600).
What follows is ignored, so that the work for one message is bounded whatever its size."""

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u20e3\u3164\ufe00-\ufe0f\ufeff\uffa0\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]"
)
_PUNCTUATION = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u00b4\u2032`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63", "-"),
        "\u2044": "/",
        "\U0001f51f": "10",
    }
)
_FOREIGN_DIGIT = re.compile(r"(?![0-9])\d")
_BREAKS = re.compile(r"[\r\n\u2028\u2029]")

_LATIN_MARKS = re.compile("[\u0300-\u036f]")
_INDIC_SPELLING = str.maketrans({"\u0901": "\u0902", "\u093c": None})
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")

_INDIC_MARKS = "\u0900-\u0963\u0970-\u0dff"
_TOKEN = re.compile(rf"[0-9]+|(?:[^\W\d_]|[{_INDIC_MARKS}])+|\n|\S")
_STARTS_WORD = re.compile(rf"[^\W_]|[{_INDIC_MARKS}]")


def normalise(text: str) -> str:
    """Return `text` in one canonical spelling: NFKC, casefolded, ASCII digits, single spaces.

    Zero-width and bidirectional controls, variation selectors and skin tones go; curly quotes and long
    dashes become plain; digits of any script, full-width and keycap emoji (`1️⃣`) become `0`-`9`.
    Accents stay (see `fold`). Only the first `MAX_CHARS` characters are read and at most as many are
    returned, so a 1 MB message costs what a long one costs. Idempotent; never raises.
    """
    return " ".join(_canonical(text).split())


def fold(text: str) -> str:
    """Return `normalise(text)` with what writers leave out or overdo removed, for matching only.

    Latin accents, apostrophes inside words (`can't` = `cant`), Devanagari nukta, and letters stretched
    three times or more (`yesss` = `yes`) don't count; `हाँ` equals `हां`.
    """
    return " ".join(_foldable(text).split())


def same(left: str, right: str) -> bool:
    """Tell whether two texts are equal up to case, accents, digits' script and spacing."""
    return fold(left) == fold(right)


def tokens(text: str) -> list[str]:
    """Split `fold(text)` into words, numbers and single marks; a line break is the mark `\\n`.

    Digits part from letters: `4pm` gives `4`, `pm`.
    """
    return _TOKEN.findall(_BREAKS.sub(" \n ", _foldable(text).strip()).replace("\t", " "))


def words(text: str) -> list[str]:
    """Return the words and numbers of `text`, without punctuation and emoji."""
    return [token for token in tokens(text) if is_word(token)]


def vocabulary(block: str) -> list[str]:
    """Return the tokens of a block of lexicon data of any length, in order and without repeats."""
    return list(dict.fromkeys(token for line in block.replace("|", " ").splitlines() for token in tokens(line)))


def word_set(block: str) -> frozenset[str]:
    """Return the words of a block of lexicon data, folded as messages are."""
    return frozenset(vocabulary(block))


def is_word(token: str) -> bool:
    """Tell whether a token is a word or a number, not a mark."""
    return _STARTS_WORD.match(token) is not None


def clauses(text: str) -> list[list[str]]:
    """Split a message at punctuation and line breaks into lists of words; empty ones are left out."""
    return split_clauses(tokens(text))


def split_clauses(marked: Iterable[str]) -> list[list[str]]:
    """Split tokens at every mark that ends a thought; other marks (hyphens, emoji, quotes) just go."""
    result: list[list[str]] = [[]]
    for token in marked:
        if is_word(token):
            result[-1].append(token)
        elif token in _CLAUSE_ENDS and result[-1]:
            result.append([])
    return [clause for clause in result if clause]


_CLAUSE_ENDS = frozenset(".,;:!?\n()\u0964\u0965\u061f\u060c\u3002\u00bf\u00a1\u2026")


def _canonical(text: str) -> str:
    text = text[:MAX_CHARS]
    if not text.isascii():
        text = text.translate(_PUNCTUATION)
        text = unicodedata.normalize("NFKC", text)[:MAX_CHARS]
        text = _INVISIBLE.sub("", text).translate(_PUNCTUATION)
        text = _FOREIGN_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text)
        text = unicodedata.normalize("NFKC", text.casefold())
        text = _INVISIBLE.sub("", text)[:MAX_CHARS]
    return _CONTROLS.sub(" ", text).casefold()


def _foldable(text: str) -> str:
    text = _canonical(text)
    if not text.isascii():
        text = _LATIN_MARKS.sub("", unicodedata.normalize("NFD", text))
        text = unicodedata.normalize("NFC", text).translate(_INDIC_SPELLING)
    return _STRETCHED.sub(r"\1", _APOSTROPHE.sub("", text))
