"""Why a row of a file can't be imported: everything that is wrong with it, said at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import ngettext

# As long as the words of a row can be (`FileImportRow.message`).
MOST_WORDS = 500


class RowRefused(Exception):
    """A row that can't be imported: the file's column, a stable code, and what is wrong with what to do.

    `parts` are the refusals that it was put together from.
    """

    def __init__(self, column: str, code: str, message: str) -> None:
        super().__init__(message)
        self.column, self.code, self.message = column[:120], code[:40], message[:MOST_WORDS]
        self.parts: Sequence[RowRefused] = (self,)

    @classmethod
    def together(cls, refusals: Sequence[RowRefused]) -> RowRefused:
        """Return one that begins with the first and names the others' columns, a line each: a row is mended at once.

        What would be too long to keep is counted instead of cut.
        """
        first, *others = refusals
        rest = [
            f"{other.column}: {other.message}" if other.column else other.message
            for other in others
            if other.message != first.message
        ]
        made = cls(first.column, first.code, "\n".join(_that_fit([first.message, *rest])))
        made.parts = tuple(refusals)
        return made


def _that_fit(lines: Sequence[str]) -> Sequence[str]:
    """Return the lines, or as many as can be kept and a last one that says how many more there are."""
    for kept in range(len(lines), 0, -1):
        more = len(lines) - kept
        last = ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more}
        said = [*lines[:kept], last] if more else lines
        if len("\n".join(said)) <= MOST_WORDS:
            return said
    return lines[:1]


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
