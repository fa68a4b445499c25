"""Why a row can't be imported."""

from __future__ import annotations


class RowRefused(Exception):
    """A row that can't be imported: the file's column, a stable code, and what is wrong with what to do."""

    def __init__(self, column: str, code: str, message: str) -> None:
        super().__init__(message)
        self.column, self.code, self.message = column[:120], code[:40], message[:500]
