"""Whether a message asks something, whatever it is about."""

from __future__ import annotations

import unicodedata

from .lexicon import BY_LANGUAGE
from .phrases import Phrasebook, lines
from .spelling import respell
from .text import clauses, normalise

_CLAUSES_READ = 10
_FEWEST_WORDS = 2


def is_question(text: str) -> bool:
    """Tell whether a message is a question: a mark behind two words or more, or a clause that opens as questions do.

    "what should I bring", "¿puedo ir con mi hijo?", "kya lekar aana hai" are; "Friday?" and "yes?" are answers. All
    languages are read.
    """
    said = [respell(clause) for clause in clauses(text)[:_CLAUSES_READ]]
    if "?" in normalise(text) and sum(len(clause) for clause in said) >= _FEWEST_WORDS:
        return True
    return any(_opens_as_question(clause) for clause in said)


def is_only_emoji(text: str) -> bool:
    """Tell whether a message is emoji and nothing else."""
    marks = normalise(text).replace(" ", "")
    return bool(marks) and all(unicodedata.category(mark) in {"So", "Sk"} for mark in marks)


def _opens_as_question(clause: list[str]) -> bool:
    start = 0
    while start < len(clause):
        polite = _POLITE.match_at(clause, start)
        if polite is None:
            break
        start = polite.end
    return any(
        _OPENERS.match_at(clause, place) is not None and len(clause) - place >= _FEWEST_WORDS
        for place in {0, start}
        if place < len(clause)
    )


_OPENERS = Phrasebook((line, True) for module in BY_LANGUAGE.values() for line in lines(module.QUESTION_OPENERS))
_POLITE = Phrasebook((line, True) for module in BY_LANGUAGE.values() for line in lines(module.FILLERS))
