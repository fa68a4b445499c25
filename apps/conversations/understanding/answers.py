"""Plain answers: yes, no, or neither."""

from __future__ import annotations

from collections.abc import Sequence

from .language import base
from .lexicon import BY_LANGUAGE
from .phrases import Phrasebook, lines
from .spelling import respell
from .text import is_word, tokens

_YES, _NO, _FILLER = "yes", "no", "filler"
_MARKS_READ = 40


def _book(first: str) -> Phrasebook[str]:
    order = sorted(BY_LANGUAGE, key=lambda code: code != first)
    return Phrasebook(
        (line, kind)
        for code in order
        for kind, block in (
            (_YES, BY_LANGUAGE[code].YES),
            (_NO, BY_LANGUAGE[code].NO),
            (_FILLER, BY_LANGUAGE[code].FILLERS),
        )
        for line in lines(block)
    )


_BOOKS = {code: _book(code) for code in BY_LANGUAGE}
_FALSE_FRIENDS = {"es": frozenset({"ya", "na", "ha"}), "hi": frozenset({"ya"})}


def parse_yes_no(text: str, language: str) -> bool | None:
    """Return True for yes, False for no, None when the message is neither or says more than that.

    The whole message has to be yes or no words and politeness ("yes please", "no gracias", "haan ji",
    "👍"); any further content ("yes but later", "yes 2", "sí, para mi hijo") makes it unclear, so that a
    half-understood yes never confirms anything. All languages are read; `language` breaks ties ("ya" is yes
    in English only).
    """
    said = [token for token in tokens(text) if is_word(token) or token in _EMOJI][:_MARKS_READ]
    if len(said) == _MARKS_READ or "?" in text:
        return None
    code = base(language)
    kinds = _kinds(said, _BOOKS.get(code, _BOOKS["en"]), _FALSE_FRIENDS.get(code, frozenset()))
    if kinds is None or (_YES in kinds) == (_NO in kinds):
        return None
    return _YES in kinds


def _kinds(said: Sequence[str], book: Phrasebook[str], unclear: frozenset[str]) -> set[str] | None:
    kinds: set[str] = set()
    spelled, position = respell(said), 0
    while position < len(spelled):
        found = book.match_at(spelled, position)
        if found is None:
            return None
        if found.end == position + 1 and spelled[position] in unclear and len(spelled) == 1:
            return None
        kinds.add(found.value)
        position = found.end
    return kinds


_EMOJI = frozenset("👍✅✔☑👌🆗💯👎❌✖🚫🙅🙏🙂😊😀😃😄☺❤🎉👋")
