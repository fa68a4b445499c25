"""Why a row of a file can't be imported: everything that is wrong with it, said at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


class RowRefused(Exception):
    """A row that can't be imported: the file's column, a stable code, and what is wrong with what to do."""

    def __init__(self, column: str, code: str, message: str) -> None:
        super().__init__(message)
        self.column, self.code, self.message = column[:120], code[:40], message[:500]

    @classmethod
    def together(cls, refusals: Sequence[RowRefused]) -> RowRefused:
        """Return one that begins with the first and names the others' columns in its words: a row is mended at once."""
        first, *others = refusals
        rest = [f"{other.column}: {other.message}" for other in others if other.message != first.message]
        return cls(first.column, first.code, " ".join([first.message, *rest]))


class Gathered:
    """Reads one cell after the other, and refuses the row at the end of its block for all that could not be read."""

    def __init__(self) -> None:
        self.refusals: list[RowRefused] = []

    def __enter__(self) -> Gathered:
        return self

    def __call__(self, read: Callable[..., Any], *what: Any) -> Any:
        """Return what `read(*what)` returns, None where it refuses."""
        try:
            return read(*what)
        except RowRefused as refused:
            self.refusals.append(refused)
            return None

    def __exit__(self, kind: object, *_rest: object) -> None:
        if kind is None and self.refusals:
            raise RowRefused.together(self.refusals)
