"""Words that must not wait for a booking dialogue: find them, and err toward finding them.

The rules follow NegEx and ConText (Harkema et al., J Biomed Inform 2009;42:839): trigger phrases, then
negation, history and pseudo-negation around them, each with a bounded scope. Every message is read in
all three languages whatever its own, after spelling correction.

An alarm is taken back only when
- it is negated: a negator ("no", "sin", "without" …) stands before it in the same clause with nothing but
  carrier words between ("no fever or chest pain", "no tengo dolor de pecho"), or, in Hindi, right after it
  ("सीने में दर्द नहीं है"). "And", "but", "now" end a negation, so "no fever and chest pain" is an alarm; so
  is "seene ka dard nahi ja raha" (the pain won't go), "not sure if …", "I don't think it is …";
- it is history: the same stretch dates it weeks, months or years back or to childhood ("10 years ago",
  "hace 5 años", "in 2015", "family history") and nothing there says now ("again", "since", "started").
  Hours and days ago, "yesterday" and an undated "my father had a heart attack" stay alarms;
- it is aftercare of a named condition, not of a symptom ("stroke follow-up", "seizure medication"), and
  nothing there says that it is happening again.
Self-harm is never taken back by history, and by negation only in "not suicidal", "no suicidal thoughts".
Whether the writer or a relative is meant makes no difference: someone needs help.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from .lexicon import EMERGENCIES_BY_LANGUAGE
from .phrases import Found, Phrasebook, lines
from .spelling import respell
from .text import is_word, tokens, vocabulary, word_set


class EmergencyCategory(StrEnum):
    """What kind of help is needed; the values go into the audit note."""

    HEART = "heart"
    BREATHING = "breathing"
    STROKE = "stroke"
    BLEEDING = "bleeding"
    UNCONSCIOUS = "unconscious"
    SELF_HARM = "self_harm"
    POISONING = "poisoning"
    SEIZURE = "seizure"
    ALLERGY = "allergy"
    PREGNANCY = "pregnancy"
    INJURY = "injury"
    GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Emergency:
    """An alarm: its category, and the writer's words that raised it (folded and with spelling corrected)."""

    category: EmergencyCategory
    phrase: str


@dataclass(frozen=True, slots=True)
class _Trigger:
    category: EmergencyCategory
    is_condition: bool = False


@dataclass(frozen=True)
class _Sentence:
    """The words around a named condition, and what they say of it, worked out once."""

    words: Sequence[str]

    @cached_property
    def is_past(self) -> bool:
        """Tell whether the sentence is about what was."""
        return _is_past(self.words)

    @cached_property
    def is_aftercare(self) -> bool:
        """Tell whether the sentence is about what follows a treatment."""
        return _says(_AFTERCARE, self.words) and _HAPPENING_AGAIN.isdisjoint(self.words)


_MODULES = tuple(EMERGENCIES_BY_LANGUAGE.values())


def _triggers() -> Iterator[tuple[str, _Trigger]]:
    for module in _MODULES:
        for category, block in module.SYMPTOMS.items():
            yield from ((line, _Trigger(EmergencyCategory(category))) for line in lines(block))
        for category, block in module.CONDITIONS.items():
            yield from ((line, _Trigger(EmergencyCategory(category), is_condition=True)) for line in lines(block))
        yield from ((line, _Trigger(EmergencyCategory.SELF_HARM)) for line in lines(module.SELF_HARM))


def _book(constant: str) -> Phrasebook[str]:
    return Phrasebook((line, constant) for module in _MODULES for line in lines(getattr(module, constant)))


def _set(constant: str) -> frozenset[str]:
    blocks = (getattr(module, constant, "") for module in _MODULES)
    return frozenset(word for block in blocks for word in vocabulary(block))


_TRIGGERS = Phrasebook(_triggers())
_EXCEPTIONS, _PSEUDO_NEGATIONS = _book("EXCEPTIONS"), _book("PSEUDO_NEGATIONS")
_HISTORY, _AFTERCARE, _CURRENT = _book("HISTORY"), _book("AFTERCARE"), _book("CURRENT")
_NEGATORS, _CARRIERS, _TERMINATORS = _set("NEGATORS"), _set("NEGATION_CARRIERS"), _set("TERMINATORS")
_POST_NEGATORS, _POST_ENDS = _set("POST_NEGATORS"), _set("POST_NEGATION_ENDS")
_POST_HAPPENING = _set("POST_NEGATION_HAPPENING")
_HAPPENING_AGAIN = word_set(
    "now again having started starting began worse happening ahora otra empezó empezo comenzó abhi phir fir अभी फिर"
)
_SUICIDAL = frozenset(("suicidal", "suicide"))
_LIST_WORDS = word_set("or nor ni o u neither ya या")
_SENTENCE_ENDS = frozenset(".!?;।॥؟。")
_SCOPE = 9
_STRETCH = 12
_WORDS_READ = 500
_LIST_ITEM_WORDS = 3


def detect_emergency(text: str) -> Emergency | None:
    """Return the first emergency that a message speaks of, or None. The module's docstring has the rules."""
    for sentence in _sentences(text):
        joined = [word for clause in sentence for word in clause]
        told = _Sentence(joined)
        for clause in (*sentence, joined) if len(sentence) > 1 else sentence:
            emergency = _first(clause, told)
            if emergency is not None:
                return emergency
    return None


def _sentences(text: str) -> list[list[list[str]]]:
    """Return sentences of clauses of words; a clause that goes on with "or" belongs to the one before."""
    sentences: list[list[list[str]]] = [[[]]]
    for token in tokens(text)[: _WORDS_READ * 2]:
        if is_word(token):
            if not sentences[-1][-1] and token in _LIST_WORDS:
                _reopen_list(sentences[-1])
            sentences[-1][-1].append(token)
        elif token in _SENTENCE_ENDS and sentences[-1][-1]:
            sentences.append([[]])
        elif token in _CLAUSE_MARKS and sentences[-1][-1]:
            sentences[-1].append([])
    return [[respell(clause) for clause in sentence if clause] for sentence in sentences]


def _reopen_list(sentence: list[list[str]]) -> None:
    """Join the items of "no fever, chills, or …" again, so that the negator reaches the last of them."""
    while len(sentence) > 1 and len(sentence[-1]) <= _LIST_ITEM_WORDS:
        item = sentence.pop()
        sentence[-1].extend(item)


_CLAUSE_MARKS = frozenset(",:\n()¿¡،…")


def _first(clause: Sequence[str], sentence: _Sentence) -> Emergency | None:
    found = sorted(_TRIGGERS.search(clause), key=lambda match: (match.start, -match.end))
    if not found:
        return None
    exceptions = list(_EXCEPTIONS.search(clause))
    excused = {position for match in _PSEUDO_NEGATIONS.search(clause) for position in range(match.start, match.end)}
    negated: set[int] = set()
    for match in found:
        if any(exception.start < match.end and match.start < exception.end for exception in exceptions):
            continue
        if match.value.category is not EmergencyCategory.SELF_HARM and _negated(match, clause, excused, negated):
            negated.update(range(match.start, match.end))
        elif not _taken_back(match, clause, sentence):
            return Emergency(match.value.category, " ".join(clause[match.start : match.end]))
    return None


def _taken_back(match: Found[_Trigger], clause: Sequence[str], sentence: _Sentence) -> bool:
    if match.value.category is EmergencyCategory.SELF_HARM:
        return _not_suicidal(match, clause)
    if _negated_after(match, clause):
        return True
    if match.value.is_condition:
        return sentence.is_past or sentence.is_aftercare
    return _is_past(_stretch(match, clause))


def _not_suicidal(match: Found[_Trigger], clause: Sequence[str]) -> bool:
    return (
        match.end == match.start + 1
        and clause[match.start] in _SUICIDAL
        and match.start > 0
        and clause[match.start - 1] in _NEGATORS
    )


def _negated(match: Found[_Trigger], clause: Sequence[str], excused: set[int], negated: set[int]) -> bool:
    """Tell whether a negator reaches the match, over carrier words and what is negated already."""
    for position in range(match.start - 1, max(-1, match.start - 1 - _SCOPE), -1):
        word = clause[position]
        if word in _NEGATORS and position not in negated:
            return position not in excused
        if word in _TERMINATORS or (word not in _CARRIERS and position not in negated):
            return False
    return False


def _negated_after(match: Found[_Trigger], clause: Sequence[str]) -> bool:
    rest = list(clause[match.end : match.end + 5])
    if not rest or rest[0] not in _POST_NEGATORS:
        return False
    if len(rest) > 1 and rest[1] in _POST_HAPPENING:
        rest = rest[2:]
    return len(rest) == 1 or rest[1] in _POST_ENDS


def _stretch(match: Found[_Trigger], clause: Sequence[str]) -> Sequence[str]:
    """Return the part of the clause around a match that no "and", "but" or "now" interrupts."""
    start, end = match.start, match.end
    while start > max(0, match.start - _STRETCH) and clause[start - 1] not in _TERMINATORS:
        start -= 1
    while end < min(len(clause), match.end + _STRETCH) and clause[end] not in _TERMINATORS:
        end += 1
    return clause[max(0, start - 1) : end + 1]


def _is_past(stretch: Sequence[str]) -> bool:
    dated = any(word.isdigit() and len(word) == 4 and "1900" <= word <= "2099" for word in stretch)
    return (dated or _says(_HISTORY, stretch)) and not _says(_CURRENT, stretch)


def _says(book: Phrasebook[str], said: Sequence[str]) -> bool:
    return next(book.search(said), None) is not None
