"""Adding up what the comparisons say: log2 odds that two records are one person, with every reason."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log2
from typing import NamedTuple

from apps.patients.matching import comparisons
from apps.patients.matching.comparisons import DIFFERENT, SAME
from apps.patients.matching.facts import PersonFacts, Place
from apps.patients.matching.frequencies import Frequencies
from apps.patients.matching.weights import (
    ADDRESS,
    DUPLICATES_PER_PATIENT,
    HOUSEHOLD_MATES_PER_PATIENT,
    MOVED,
    NAMES_SWAPPED,
    RELATED,
    WEIGHTS,
    Odds,
)

# Log2 odds. At REVIEW one pair in seventeen is one person if the clinic is like the one the weights describe; MERGE asks
# for a thousand to one, and for agreement in all that identifies a person (`Score.is_settled`).
REVIEW, MERGE = -4.0, 10.0
FEWEST_PEOPLE = 500
_AGREEING = {
    "given": frozenset({SAME, "nickname"}),
    "family": frozenset({SAME}),
    "birth": frozenset({SAME}),
}
_VALUED_PARTS = {"street": "street", "locality": "locality", "postal": "postal_code"}


class Band(enum.StrEnum):
    """What a score suggests."""

    UNLIKELY = "unlikely"
    REVIEW = "review"
    MERGE = "merge"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One comparison: which field, how alike, and by how many bits it raises or lowers the odds against strangers."""

    field: str
    level: str
    weight: float


class _Compared(NamedTuple):
    """A level with its weights against a stranger and against somebody of the same household."""

    field: str
    level: str
    stranger: float
    household: float


@dataclass(frozen=True, slots=True)
class Score:
    """`bits` are log2 odds that both records are one person; 0 is even, each bit doubles them.

    `ceiling` is the most that they can be if values are more common than was known: bits only fall then, unless another
    way to compare names or addresses becomes the likeliest, and with it what a household explains.
    """

    bits: float
    compared: tuple[_Compared, ...]
    shared: float
    ceiling: float

    @property
    def is_settled(self) -> bool:
        """Tell whether names and birth date agree and nothing that identifies a person speaks against it."""
        levels = {c.field: c.level for c in self.compared}
        agreeing = all(levels.get(field) in wanted for field, wanted in _AGREEING.items())
        return agreeing and levels.get("sex") != DIFFERENT and levels.get("identifier") != DIFFERENT

    @property
    def band(self) -> Band:
        return band_of(self.bits, is_settled=self.is_settled)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return every comparison, and what is taken off again because a household shares it."""
        found = [Evidence(c.field, c.level, round(c.stranger, 1)) for c in self.compared]
        if self.shared <= -0.5:
            found.append(Evidence("household", "shared", round(self.shared, 1)))
        return tuple(found)


def band_of(bits: float, *, is_settled: bool) -> Band:
    """Return what a score suggests; a pair that is not settled is never merged without a person."""
    if bits >= MERGE and is_settled:
        return Band.MERGE
    return Band.REVIEW if bits >= REVIEW else Band.UNLIKELY


def score_pair(ours: PersonFacts, theirs: PersonFacts, *, frequencies: Frequencies) -> Score:
    """Return the odds that two records are one person. Symmetric; about 20 µs.

    Who is not the same person is a stranger or somebody of the same household, who shares name, address and phone
    with them by nature. The score weighs the pair against both, so that what a family shares proves nothing.
    """
    names, places = _names(ours, theirs, frequencies), _addresses(ours, theirs, frequencies)
    further = [
        *_birth(ours, theirs, frequencies),
        *_simple("sex", comparisons.compare_codes(ours.known_sex, theirs.known_sex)),
        *_simple("phone", comparisons.compare_phones(ours.phones, theirs.phones)),
        *_simple("email", comparisons.compare_emails(ours.emails, theirs.emails)),
        *_identifiers(ours, theirs),
    ]
    name, place = _likeliest(names), _likeliest(places)
    known, at_name, at_place = _added(further), _added(name), _added(place)
    people = max(frequencies.people, FEWEST_PEOPLE)
    mates = RELATED if not ours.relations.isdisjoint(theirs.relations) else HOUSEHOLD_MATES_PER_PATIENT / people
    prior = log2(DUPLICATES_PER_PATIENT / people)
    against_stranger = known.stranger + at_name.stranger + _unless_moved(at_place.stranger)
    against_household = known.household + at_name.household + _unless_moved(at_place.household)
    weight = -log2((1 - mates) * 2**-against_stranger + mates * 2**-against_household)
    has_another_way = len(names) > 1 or len(places) > 1
    return Score(
        bits=weight + prior,
        compared=(*name, *further, *place),
        shared=weight - against_stranger,
        ceiling=(against_stranger - log2(1 - mates) if has_another_way else weight) + prior,
    )


class _Bits(NamedTuple):
    """What speaks against a stranger, and against somebody of the same household."""

    stranger: float
    household: float


def _added(compared: Iterable[_Compared]) -> _Bits:
    """Add up comparisons; in a loop, for a search scores forty pairs."""
    stranger = household = 0.0
    for one in compared:
        stranger += one.stranger
        household += one.household
    return _Bits(stranger, household)


def _likeliest(ways: Sequence[list[_Compared]]) -> list[_Compared]:
    """Return the way to compare that speaks most for one person."""
    return ways[0] if len(ways) == 1 else max(ways, key=_added, default=[])


def _as_weights(field: str, level: str, odds: Odds) -> _Compared:
    return _Compared(field, level, log2(odds.same / odds.stranger), log2(odds.same / odds.household))


_FIXED = {
    (field, level): _as_weights(field, level, odds) for field, all_ in WEIGHTS.items() for level, odds in all_.items()
}
_SWAPPED = _as_weights("names", "swapped", NAMES_SWAPPED)


def _simple(field: str, level: str) -> list[_Compared]:
    return [_FIXED[field, level]] if level else []


def _valued(field: str, level: str, share: float) -> _Compared:
    """Weigh an equal value by how many have it."""
    fixed = _FIXED[field, level]
    if level != SAME:
        return fixed
    return _Compared(field, level, log2(WEIGHTS[field][SAME].same / share), fixed.household)


def _names(ours: PersonFacts, theirs: PersonFacts, frequencies: Frequencies) -> list[list[_Compared]]:
    """Return the ways to compare the names: as they stand, and in each other's field if that may be what happened."""
    straight = [
        *_name("given", ours.given_names, theirs.given_names, frequencies),
        *_name("family", ours.family_names, theirs.family_names, frequencies),
    ]
    if all(c.level == SAME for c in straight) and len(straight) > 1:
        return [straight]
    crossings = {
        "given": _cross(ours.given_names, theirs.family_names, frequencies),
        "family": _cross(ours.family_names, theirs.given_names, frequencies),
    }
    if all(level not in {SAME, "close"} for level, _share in crossings.values()):
        return [straight]
    crossed = [_crossed(field, level, share) for field, (level, share) in crossings.items() if level]
    return [straight, [*crossed, _SWAPPED]]


def _name(field: str, ours: tuple[str, ...], theirs: tuple[str, ...], frequencies: Frequencies) -> list[_Compared]:
    level, share = comparisons.compare_names(ours, theirs, kinds=(field,), frequencies=frequencies)
    return [_valued(field, level, share)] if level else []


def _cross(ours: tuple[str, ...], theirs: tuple[str, ...], frequencies: Frequencies) -> tuple[str, float]:
    """Compare given with family names, or the other way round; a name that has both uses is as common as in either."""
    return comparisons.compare_names(ours, theirs, kinds=("given", "family"), frequencies=frequencies)


def _crossed(field: str, level: str, share: float) -> _Compared:
    """Weigh a given name that is like a family name as both, for it is both."""
    uses = [_valued(use, level, share) for use in ("given", "family")]
    stranger, household = (sum(getattr(use, side) for use in uses) / 2 for side in ("stranger", "household"))
    return _Compared(field, level, stranger, household)


def _birth(ours: PersonFacts, theirs: PersonFacts, frequencies: Frequencies) -> list[_Compared]:
    level = comparisons.compare_births(ours.born, theirs.born)
    return [_valued("birth", level, frequencies.share("birth", ours.born))] if level else []


def _identifiers(ours: PersonFacts, theirs: PersonFacts) -> list[_Compared]:
    levels = {
        comparisons.compare_codes(value, theirs.identifiers.get(system, ""))
        for system, value in ours.identifiers.items()
    }
    return next((_simple("identifier", level) for level in (SAME, "typo", DIFFERENT) if level in levels), [])


def _addresses(ours: PersonFacts, theirs: PersonFacts, frequencies: Frequencies) -> list[list[_Compared]]:
    """Return each address of the one compared with each of the other."""
    return [_address(a, b, frequencies) for a in ours.places for b in theirs.places]


def _address(ours: Place, theirs: Place, frequencies: Frequencies) -> list[_Compared]:
    levels = comparisons.compare_places(ours, theirs)
    return [_part(part, levels[part], ours, theirs, frequencies) for part in ADDRESS if levels[part]]


def _part(part: str, level: str, ours: Place, theirs: Place, frequencies: Frequencies) -> _Compared:
    """Weigh a part of two addresses; one that is spelt in two ways is as common as the more common of them."""
    name = _VALUED_PARTS.get(part)
    if level != SAME or name is None:
        return _FIXED[part, level]
    return _valued(part, level, max(frequencies.share(part, getattr(place, name)) for place in (ours, theirs)))


def _unless_moved(weight: float) -> float:
    """Return what an address is worth if one person in a few has moved: agreement counts, difference hardly does."""
    return log2((1 - MOVED) * 2**weight + MOVED) if weight else 0.0
