"""Texts in cells of spreadsheets, which must never become formulas there."""

from __future__ import annotations

# What spreadsheet programs take for the beginning of a formula. Source: OWASP, CSV Injection.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_GUARD = "'"


def guarded(text: str) -> str:
    """Return the text so that no spreadsheet program reads a formula: an apostrophe stands before what looks like one."""
    return f"{_GUARD}{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def unguarded(text: str) -> str:
    """Return what was meant: the apostrophe that `guarded` wrote is taken away."""
    inner = text.removeprefix(_GUARD)
    return inner if inner != text and guarded(inner) == text else text
