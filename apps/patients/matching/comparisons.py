"""How alike two values are, as one level of a few. Pure; levels and fields are keys of `weights.WEIGHTS`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from rapidfuzz.distance import OSA, JaroWinkler

from apps.patients.matching.facts import Place
from apps.patients.matching.frequencies import Frequencies
from apps.patients.matching.nicknames import are_forms_of_one_name
from apps.patients.matching.sounds import sound

SAME, DIFFERENT = "same", "different"
# Two spellings that so many patients have are two names, not a typo of one: Jayden and Hayden, Mario and Maria.
KNOWN_NAME = 3
_DIGITS = re.compile(r"\d")

NAME_LEVELS = (SAME, "nickname", "close", "part", "sound", "initial", "similar", DIFFERENT)
_RANKS = {level: rank for rank, level in enumerate(NAME_LEVELS)}
DATE_LEVELS = (SAME, "swapped", "typo", "agrees", "near", DIFFERENT)


def compare_names(
    ours: Iterable[str], theirs: Collection[str], *, kinds: Sequence[str], frequencies: Frequencies
) -> tuple[str, float]:
    """Return the best level between any two of the names, and what share of people has the name if both do.

    `kinds` are the uses that the names may have, the one by which they are compared last. A name that is spelt or used
    in two ways is as common as the most common of them; of several that both have, the rarest counts.
    """
    best, share = len(NAME_LEVELS), 1.0
    kind = kinds[-1]
    for one in ours:
        for other in theirs:
            level = _spelling(min(one, other), max(one, other), kind)
            if level == SAME:
                share = min(share, max(frequencies.share(use, name) for use in kinds for name in {one, other}))
            elif level == "close" and all(frequencies.count(kind, name) >= KNOWN_NAME for name in (one, other)):
                level = "similar"
            best = min(best, _RANKS[level])
    return ("", 1.0) if best == len(NAME_LEVELS) else (NAME_LEVELS[best], share)


@lru_cache(maxsize=65_536)
def _spelling(one: str, other: str, kind: str) -> str:
    """Return the level of two folded names; `one` sorts before `other`, so that the answer has no direction."""
    if one == other or one.replace(" ", "") == other.replace(" ", ""):
        return SAME
    if kind == "given" and are_forms_of_one_name(one, other):
        return "nickname"
    short, long = sorted((one, other), key=len)
    if len(short) == 1:
        return "initial" if long.startswith(short) else DIFFERENT
    words, others = set(one.split()), set(other.split())
    if words == others:
        return SAME
    if words < others or others < words:
        return "part"
    typos = OSA.distance(one, other)
    if typos <= (1 if len(long) < 8 else 2) and len(long) > 3:
        return "close"
    if len(short) >= 3 and long.startswith(short):
        return "part"
    key = sound(one)
    if len(key) >= 2 and key == sound(other):
        return "sound"
    likeness = JaroWinkler.similarity(one, other)
    if likeness >= 0.92:
        return "close"
    return "similar" if likeness >= 0.84 or (typos <= 2 and len(long) >= 5) else DIFFERENT


def compare_births(ours: str, theirs: str) -> str:
    """Return the level of two birth dates given as digits: eight, six or four of them."""
    if not ours or not theirs:
        return ""
    if len(ours) < 8 or len(theirs) < 8:
        length = min(len(ours), len(theirs))
        return "agrees" if ours[:length] == theirs[:length] else DIFFERENT
    if ours == theirs:
        return SAME
    if ours[:4] == theirs[:4] and ours[4:6] == theirs[6:] and ours[6:] == theirs[4:6]:
        return "swapped"
    if OSA.distance(ours, theirs) == 1:
        return "typo"
    parts = (ours[:4] == theirs[:4]) + (ours[4:6] == theirs[4:6]) + (ours[6:] == theirs[6:])
    return "near" if parts == 2 or OSA.distance(ours, theirs) == 2 else DIFFERENT


def compare_phones(ours: frozenset[str], theirs: frozenset[str]) -> str:
    """Return whether a number is shared, or one digit away."""
    if not ours or not theirs:
        return ""
    if not ours.isdisjoint(theirs):
        return SAME
    return "typo" if any(OSA.distance(a, b, score_cutoff=1) == 1 for a in ours for b in theirs) else DIFFERENT


def compare_emails(ours: frozenset[str], theirs: frozenset[str]) -> str:
    """Return whether an address is shared, nearly, or at least what stands before the @."""
    if not ours or not theirs:
        return ""
    if not ours.isdisjoint(theirs):
        return SAME
    return "typo" if any(_is_nearly(a, b) for a in ours for b in theirs) else DIFFERENT


def _is_nearly(ours: str, theirs: str) -> bool:
    """Tell whether two e-mails differ by one letter, or by the provider only; other digits are another person's."""
    if _DIGITS.findall(ours) != _DIGITS.findall(theirs):
        return False
    name = ours.partition("@")[0]
    return OSA.distance(ours, theirs, score_cutoff=1) <= 1 or (len(name) > 5 and name == theirs.partition("@")[0])


def compare_texts(ours: str, theirs: str) -> str:
    """Return the level of two folded texts of an address: a street, a place."""
    if not ours or not theirs:
        return ""
    if ours == theirs or ours.replace(" ", "") == theirs.replace(" ", ""):
        return SAME
    typos = OSA.distance(ours, theirs)
    if typos <= max(1, max(len(ours), len(theirs)) // 5) or JaroWinkler.similarity(ours, theirs) >= 0.93:
        return "close"
    return DIFFERENT


def compare_codes(ours: str, theirs: str) -> str:
    """Return the level of two short codes: a postal code, a house number, an identifier's value."""
    if not ours or not theirs:
        return ""
    if ours == theirs:
        return SAME
    return (
        "typo" if len(ours) > 1 and len(theirs) > 1 and OSA.distance(ours, theirs, score_cutoff=1) == 1 else DIFFERENT
    )


def compare_places(ours: Place, theirs: Place) -> dict[str, str]:
    """Return the level of each part of two addresses; a street and a second line may have changed places."""
    street, extra = compare_texts(ours.street, theirs.street), compare_texts(ours.extra, theirs.extra)
    if street in {"", DIFFERENT}:
        crossed = {compare_texts(ours.street, theirs.extra), compare_texts(ours.extra, theirs.street)}
        if alike := crossed & {SAME, "close"}:
            street = SAME if SAME in alike else "close"
            extra = "close" if alike == crossed else "" if extra == DIFFERENT else extra
    return {
        "number": compare_codes(ours.number, theirs.number),
        "street": street,
        "extra": extra,
        "locality": compare_texts(ours.locality, theirs.locality),
        "postal": compare_codes(ours.postal_code, theirs.postal_code),
    }
