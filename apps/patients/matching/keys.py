"""Keys under which a person's record can be found by another record of the same person.

Two records are compared if they share a key. Each key survives some errors and not others, so that one wrong field
never hides a pair: a birth date with day and month in any order; sounds of both names in any order; one name's sound
with a part of the birth date; the postal code with a name or a day; the house; each phone, e-mail and identifier.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from zlib import crc32

from apps.patients.matching.facts import PersonFacts, Place
from apps.patients.matching.sounds import sound


def match_keys(facts: PersonFacts, *, salt: str = "") -> list[int]:
    """Return the keys as signed 32-bit numbers, sorted; with an organization's id as salt no other one shares them.

    A collision (one in four billion for a pair of keys) costs one comparison, never an answer.
    """
    return sorted({crc32(f"{salt}|{key}".encode()) - 2**31 for key in spelled_keys(facts)})


def spelled_keys(facts: PersonFacts) -> Iterator[str]:
    """Yield the keys in words."""
    given = {key for name in facts.given_names for key in _name_keys(name)}
    family = {key for name in facts.family_names for key in _name_keys(name)}
    yield from ("name:" + " ".join(sorted(pair)) for pair in product(given, family))
    if not given or not family:
        yield from (f"only:{name}" for name in (*facts.given_names, *facts.family_names))
    if len(facts.born) == 8:
        year, day = facts.born[:4], "".join(sorted((facts.born[4:6], facts.born[6:])))
        yield f"born:{year}{day}"
        yield from (f"year:{name}:{year}" for name in given | family)
        yield from (f"day:{name}:{day}" for name in given | family)
        yield from (f"postal-day:{place.postal_code}:{day}" for place in facts.places if place.postal_code)
    yield from (f"phone:{phone[-9:]}" for phone in facts.phones)
    yield from (f"email:{email}" for email in facts.emails)
    yield from (f"identifier:{system}:{value}" for system, value in facts.identifiers.items())
    for place in facts.places:
        yield from _place_keys(place, given | family)


def _name_keys(name: str) -> set[str]:
    """Return the sounds of the whole name and of its first word, so that a second given name hides nobody."""
    return {sound(name), sound(name.split(maxsplit=1)[0])}


def _place_keys(place: Place, names: set[str]) -> Iterator[str]:
    street = sound(place.street)[:6]
    if place.postal_code:
        yield from (f"postal:{name}:{place.postal_code}" for name in names)
        if place.number:
            yield f"house:{place.number}:{place.postal_code}"
    if place.number and street:
        yield f"house:{place.number}:{street}"
