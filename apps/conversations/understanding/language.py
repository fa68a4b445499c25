"""Which of the organization's languages a message is written in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .lexicon import BY_LANGUAGE
from .phrases import Phrasebook, lines
from .text import normalise, tokens, vocabulary, word_set, words

SUPPORTED = ("en", "es", "hi")

_WORDS_READ = 80
_ENOUGH = 2.0
_DEVANAGARI_SHARE = 5
_DEVANAGARI = re.compile("[\u0904-\u0939\u0958-\u0961]")
_LETTER = re.compile(r"[^\W\d_]")
_SPANISH_LETTER = re.compile("[ñáéíóúü]")


def _weights() -> dict[str, dict[str, float]]:
    """Return each language's words: its telling ones, and for one point those common in it alone."""
    told = {
        code: {word: float(weight) for weight, block in sorted(module.LANGUAGE.items()) for word in vocabulary(block)}
        for code, module in BY_LANGUAGE.items()
    }
    common = {code: word_set(module.COMMON) for code, module in BY_LANGUAGE.items()}
    for code, weights in told.items():
        elsewhere = frozenset[str]().union(*(common[other] | told[other].keys() for other in told if other != code))
        weights.update((word, 1.0) for word in common[code] - elsewhere if word not in weights and len(word) > 2)
    return told


_WEIGHTS = _weights()
_REQUESTS = Phrasebook((line, code) for code, module in BY_LANGUAGE.items() for line in lines(module.LANGUAGE_REQUESTS))


def base(language: str) -> str:
    """Return the two-letter part of a language tag: `es` for `es-MX` or `es_mx`."""
    return language.replace("_", "-").split("-", 1)[0].lower()


def detect_language(text: str, *, supported: Iterable[str] = SUPPORTED, default: str, enough: float = _ENOUGH) -> str:
    """Return the supported language of a message, or `default` when it doesn't show.

    Deterministic. Devanagari is Hindi. In Latin letters each language scores its own words (English,
    Spanish, and Hindi as people romanise it: "mujhe doctor se milna hai"); the best needs `enough`
    points (two for each telling word) and a lead. Words that several languages share ("no", "doctor", "ok"), single letters ("Y"), numbers, names
    and other scripts therefore give `default`.
    """
    allowed = [code for code in supported if base(code) in BY_LANGUAGE]
    by_base = {base(code): code for code in allowed}
    canonical = normalise(text)
    if len(canonical) == 1:
        return default
    devanagari = len(_DEVANAGARI.findall(canonical))
    if devanagari * _DEVANAGARI_SHARE >= max(len(_LETTER.findall(canonical)), 1):
        return by_base.get("hi", default)
    scores = sorted(((_score(canonical, code), code) for code in by_base), reverse=True)
    if not scores or scores[0][0] < enough or (len(scores) > 1 and scores[0][0] == scores[1][0]):
        return default
    return by_base[scores[0][1]]


def requested_language(text: str) -> str | None:
    """Return the language that the writer asks to go on in ("en español por favor"), or None."""
    said = words(text)[:_WORDS_READ]
    whole = _REQUESTS.whole(said)
    if whole is not None:
        return whole
    for found in _REQUESTS.search(said):
        if found.end - found.start > 1 and len(said) <= found.end - found.start + 4:
            return found.value
    return None


def _score(canonical: str, code: str) -> float:
    weights = _WEIGHTS[code]
    score = sum(weights.get(token, 0.0) for token in tokens(canonical)[:_WORDS_READ])
    if code == "es":
        score += 0.5 * bool(_SPANISH_LETTER.search(canonical))
    return score
