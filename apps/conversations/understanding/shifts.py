"""Earlier or later than a time that was just shown."""

from __future__ import annotations

from dataclasses import dataclass

from .lexicon import BY_LANGUAGE
from .phrases import Phrasebook, lines
from .spelling import respell
from .text import clauses

_CLAUSES_READ = 10


@dataclass(frozen=True, slots=True)
class Shift:
    """A wish relative to a shown time: earlier, else later; on the same day, if that was said."""

    earlier: bool
    same_day: bool = False


def parse_shift(text: str) -> Shift | None:
    """Return whether a message asks for an earlier or a later time than the one shown, None if for neither or both.

    "can we make it later in the day?", "¿algo más temprano?", "thoda baad mein". All languages are read. "The later
    one" picks from a list, and "later than 5" names a time: ask `parse_choice` and `parse_when` first.
    """
    said = [respell(clause) for clause in clauses(text)[:_CLAUSES_READ]]
    found = {value.value for clause in said for value in _DIRECTIONS.search(clause)}
    if len(found) != 1:
        return None
    same_day = any(next(_SAME_DAY.search(clause), None) is not None for clause in said)
    return Shift(earlier=found == {"earlier"}, same_day=same_day)


_DIRECTIONS = Phrasebook(
    (line, direction)
    for module in BY_LANGUAGE.values()
    for direction, block in module.SHIFTS.items()
    for line in lines(block)
)
_SAME_DAY = Phrasebook((line, True) for module in BY_LANGUAGE.values() for line in lines(module.SAME_DAY))
