"""Find phrases in lists of words, by patterns that a non-programmer can read and extend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

from .text import fold

V = TypeVar("V")

DEFAULT_GAP = 3


@dataclass(frozen=True, slots=True)
class Found(Generic[V]):
    """A phrase found at `words[start:end]`, with what it stands for."""

    start: int
    end: int
    value: V


@dataclass(frozen=True, slots=True)
class _Element:
    words: frozenset[str]
    optional: bool = False
    gap: int = 0


class Phrasebook(Generic[V]):
    """Patterns and their values, indexed by first word; matching is linear in the message.

    A pattern is words with spaces between. `a|b` is either word, `word?` may be missing, `..` skips up to
    three words and `..5` up to five. Patterns are
    folded like messages are, so `can't` and `dolió` may be written as people write them. No pattern starts
    with a gap.
    """

    def __init__(self, entries: Iterable[tuple[str, V]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[_Element, ...], V]]] = {}
        for pattern, value in entries:
            elements = _elements(pattern)
            while elements and elements[0].optional:
                self._index(elements, value)
                elements = elements[1:]
            if not elements or elements[0].gap:
                raise ValueError(f"A pattern starts with a word: {pattern!r}")
            self._index(elements, value)

    def _index(self, elements: tuple[_Element, ...], value: V) -> None:
        for first in elements[0].words:
            self._by_first.setdefault(first, []).append((elements, value))

    @classmethod
    def of(cls, blocks: Mapping[V, str]) -> Phrasebook[V]:
        """Build from `{value: one pattern per line}`."""
        return cls((line, value) for value, block in blocks.items() for line in lines(block))

    def match_at(self, words: Sequence[str], start: int) -> Found[V] | None:
        """Return the longest phrase that starts at `start`; the first listed wins a tie."""
        best: Found[V] | None = None
        for elements, value in self._by_first.get(words[start], ()):
            end = _match(elements, 1, words, start + 1)
            if end > (best.end if best else 0):
                best = Found(start, end, value)
        return best

    def all_at(self, words: Sequence[str], start: int) -> Iterator[Found[V]]:
        """Yield every phrase that starts at `start`."""
        for elements, value in self._by_first.get(words[start], ()):
            end = _match(elements, 1, words, start + 1)
            if end >= 0:
                yield Found(start, end, value)

    def search(self, words: Sequence[str]) -> Iterator[Found[V]]:
        """Yield every phrase in order of its start; phrases may overlap."""
        for start in range(len(words)):
            yield from self.all_at(words, start)

    def whole(self, words: Sequence[str]) -> V | None:
        """Return the value of the phrase that covers all the words."""
        if not words:
            return None
        for found in self.all_at(words, 0):
            if found.end == len(words):
                return found.value
        return None

    def covers(self, words: Sequence[str]) -> list[V] | None:
        """Return the values of consecutive phrases that together cover all the words, longest first."""
        values, position = [], 0
        while position < len(words):
            found = self.match_at(words, position)
            if found is None:
                return None
            values.append(found.value)
            position = found.end
        return values


def lines(block: str) -> Iterator[str]:
    """Yield the patterns of a block: one a line, blank lines ignored."""
    return (line for line in map(str.strip, block.splitlines()) if line)


@cache
def _elements(pattern: str) -> tuple[_Element, ...]:
    """Read a pattern; kept, because the book of each language holds the lines of the others as well."""
    return tuple(_element(part) for part in fold(pattern).split())


@cache
def _element(part: str) -> _Element:
    if part.startswith(".."):
        return _Element(frozenset(), gap=int(part[2:] or DEFAULT_GAP))
    return _Element(frozenset(part.removesuffix("?").split("|")), optional=part.endswith("?"))


def _match(elements: Sequence[_Element], at: int, words: Sequence[str], position: int) -> int:
    """Return where the rest of a pattern ends, or -1. Gaps are as short as they can be."""
    while at < len(elements):
        element = elements[at]
        if element.gap:
            for skipped in range(element.gap + 1):
                end = _match(elements, at + 1, words, position + skipped)
                if end >= 0:
                    return end
            return -1
        if position < len(words) and words[position] in element.words:
            if element.optional and (end := _match(elements, at + 1, words, position + 1)) >= 0:
                return end
            if not element.optional:
                position += 1
        elif not element.optional:
            return -1
        at += 1
    return position
