"""What a message asks for."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from enum import StrEnum

from .answers import parse_yes_no
from .emergencies import detect_emergency
from .lexicon import BY_LANGUAGE, INTENTS_BY_LANGUAGE
from .optout import opt_keyword
from .phrases import Found, Phrasebook, lines
from .spelling import respell
from .text import clauses, tokens


class Intent(StrEnum):
    """What a message asks for; `detect_intent` says when each is given."""

    EMERGENCY = "emergency"
    STOP = "stop"
    START = "start"
    HELP = "help"
    HUMAN = "human"
    RESTART = "restart"
    RESCHEDULE = "reschedule"
    LEAVE_LIST = "leave_list"
    JOIN_LIST = "join_list"
    CANCEL = "cancel"
    CANNOT_ATTEND = "cannot_attend"
    LATE = "late"
    ARRIVED = "arrived"
    VIEW = "view"
    MORE = "more"
    BOOK = "book"
    CONFIRM = "confirm"
    BACK = "back"
    NEVER_MIND = "never_mind"
    KEEP = "keep"
    WAIT = "wait"
    PREPARATION = "preparation"
    CHANGE = "change"
    QUESTION = "question"
    SYMPTOM = "symptom"
    YES = "yes"
    NO = "no"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    GREETING = "greeting"
    UNKNOWN = "unknown"


_CLAUSES_READ = 40
_NEGATION_REACH = 3

_PRECEDENCE = (
    Intent.LEAVE_LIST,
    Intent.STOP,
    Intent.HUMAN,
    Intent.RESTART,
    Intent.JOIN_LIST,
    Intent.RESCHEDULE,
    Intent.CANCEL,
    Intent.CANNOT_ATTEND,
    Intent.LATE,
    Intent.ARRIVED,
    Intent.VIEW,
    Intent.MORE,
    Intent.KEEP,
    Intent.PREPARATION,
    Intent.CONFIRM,
    Intent.BOOK,
)
_AFTER_THOSE = (
    Intent.NEVER_MIND,
    Intent.WAIT,
    Intent.CHANGE,
    Intent.BACK,
    Intent.HELP,
    Intent.QUESTION,
    Intent.SYMPTOM,
)
_NEGATABLE = frozenset(
    (Intent.CANCEL, Intent.RESCHEDULE, Intent.BOOK, Intent.CONFIRM, Intent.HUMAN, Intent.ARRIVED, Intent.LATE)
)
_NEGATED = {Intent.CANCEL: (Intent.KEEP,)}
_ALONE_IF_ONE_WORD = frozenset(
    (Intent.BACK, Intent.CHANGE, Intent.MORE, Intent.HELP, Intent.HUMAN, Intent.CONFIRM, Intent.RESTART, Intent.STOP)
)
_WEAK_IF_ONE_WORD = frozenset((Intent.BOOK, Intent.QUESTION))
_COMES_FIRST = frozenset((Intent.NEVER_MIND, Intent.KEEP, Intent.WAIT))
_ALWAYS_ALONE = frozenset((Intent.GREETING, Intent.THANKS, Intent.GOODBYE))
_POLITE = "polite"


def _patterns(intent_filter: frozenset[Intent] | None = None) -> list[tuple[str, str]]:
    return [
        (line, str(Intent[name]))
        for module in INTENTS_BY_LANGUAGE.values()
        for name, block in module.INTENTS.items()
        for line in lines(block)
        if intent_filter is None or Intent[name] in intent_filter
    ]


_INTENTS = Phrasebook(_patterns())
_SMALL_TALK = Phrasebook(
    [
        *_patterns(_ALWAYS_ALONE),
        *((line, _POLITE) for module in BY_LANGUAGE.values() for line in lines(module.FILLERS)),
        *((line, _POLITE) for module in BY_LANGUAGE.values() for line in lines(module.YES)),
    ]
)
_POLITENESS = Phrasebook(
    [
        *_patterns(_ALWAYS_ALONE),
        *((line, _POLITE) for module in BY_LANGUAGE.values() for line in lines(module.FILLERS)),
        *(
            (line, _POLITE)
            for module in BY_LANGUAGE.values()
            for kind in (module.YES, module.NO)
            for line in lines(kind)
        ),
    ]
)
_NEGATORS = Phrasebook((line, code) for code, module in INTENTS_BY_LANGUAGE.items() for line in lines(module.NEGATORS))
_POST_NEGATORS = frozenset(lines(INTENTS_BY_LANGUAGE["hi"].NEGATORS))


def detect_intent(text: str, language: str) -> Intent:
    """Return the one thing that a message asks for; the more consequential reading wins.

    In this order: an emergency (`detect_emergency`); the keywords of `opt_keyword` by WhatsApp's rule, so
    "cancel" is `CANCEL`; then requests anywhere in the message, from `STOP` ("stop texting me", which is not
    the keyword: confirm it or hand over) through `HUMAN`, `RESCHEDULE`, `CANCEL` … to `BOOK`; then remarks.
    A request that is negated next to its verb ("don't book") doesn't count; "don't cancel" is `KEEP`. `BACK`,
    `CHANGE`, `MORE` and other one-word commands have to be the whole message but for politeness ("back" yes,
    "back pain" no); `NEVER_MIND`, `WAIT` and `KEEP` have to be its first clause ("forget it, I'll call"); so have `GREETING`, `THANKS` and `GOODBYE` always ("good morning" yes, "good morning, I need a
    doctor" is `BOOK`). `SYMPTOM` is a complaint without a request: usually a wish to be seen. All languages are read
    whatever `language` is; it decides between readings of single words. Numbers, dates and names are `UNKNOWN`:
    ask the parser for what the dialogue expects first.
    """
    if detect_emergency(text) is not None:
        return Intent.EMERGENCY
    keyword = opt_keyword(text, "whatsapp")
    if keyword is not None:
        return Intent(keyword)
    said = [respell(clause) for clause in clauses(text)[:_CLAUSES_READ]]
    strong, weak = _requests(said)
    for intent in _PRECEDENCE:
        if intent in strong:
            return intent
    if Intent.QUESTION in strong:
        return Intent.QUESTION
    if Intent.BOOK in weak:
        return Intent.BOOK
    strong |= weak
    for intent in _AFTER_THOSE:
        if intent in strong:
            return intent
    return _small_talk(text, language)


def _requests(said: Sequence[Sequence[str]]) -> tuple[set[Intent], set[Intent]]:
    strong: set[Intent] = set()
    weak: set[Intent] = set()
    for clause in said:
        negators = list(_NEGATORS.search(clause))
        read = list(_INTENTS.search(clause))
        questions = [found for found in read if found.value == Intent.QUESTION]
        for found in read:
            intent = Intent(found.value)
            if intent in _ALWAYS_ALONE or (intent == Intent.BOOK and _is_part_of_question(found, questions)):
                continue
            if intent in _NEGATABLE and _is_negated(found, clause, negators):
                strong.update(_NEGATED.get(intent, ()))
                continue
            if intent in _COMES_FIRST and not _comes_first(found, clause, said):
                continue
            one_word = found.end == found.start + 1
            if one_word and intent in _ALONE_IF_ONE_WORD and not _alone(found, clause, said):
                continue
            (weak if one_word and intent in _WEAK_IF_ONE_WORD else strong).add(intent)
    return strong, weak


def _is_part_of_question(found: Found[str], questions: Sequence[Found[str]]) -> bool:
    """Tell whether all words of a request are a question's: the Hindi "time do" of "what time do you open"."""
    return any(asked.start <= found.start and found.end <= asked.end for asked in questions)


def _is_negated(found: Found[str], clause: Sequence[str], negators: Sequence[Found[str]]) -> bool:
    before = any(0 <= found.start - negator.end <= _reach(negator) for negator in negators)
    return before or not _POST_NEGATORS.isdisjoint(clause[found.start + 1 : found.end + 2])


def _reach(negator: Found[str]) -> int:
    """Return how many words may stand between; a bare "no" or "nahi" negates only what follows at once."""
    return 0 if negator.value != "en" and negator.end == negator.start + 1 else _NEGATION_REACH


def _alone(found: Found[str], clause: Sequence[str], said: Sequence[Sequence[str]]) -> bool:
    others = [*clause[: found.start], *clause[found.end :]]
    rest = [word for other in said if other is not clause for word in other]
    return _POLITENESS.covers(others) is not None and _POLITENESS.covers(rest) is not None


def _comes_first(found: Found[str], clause: Sequence[str], said: Sequence[Sequence[str]]) -> bool:
    """Tell whether the clause says nothing else, and nothing but politeness stands before it."""
    before = [word for other in itertools.takewhile(lambda other: other is not clause, said) for word in other]
    others = [*before, *clause[: found.start], *clause[found.end :]]
    return _POLITENESS.covers(others) is not None


def _small_talk(text: str, language: str) -> Intent:
    answer = parse_yes_no(text, language)
    if answer is False:
        return Intent.NO
    values = _SMALL_TALK.covers(respell([token for token in tokens(text) if token not in _PUNCTUATION]))
    for intent in (Intent.THANKS, Intent.GOODBYE, Intent.GREETING):
        if values is not None and intent in values:
            return intent
    return Intent.UNKNOWN if answer is None else Intent.YES


_PUNCTUATION = frozenset(".,;:!?¿¡-()\"'\n…*_~।")
