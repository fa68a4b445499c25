"""CSV files that people bring and take: bytes to rows, and texts in cells, which must never become formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import category, normalize

from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput

MEGABYTE = 1024 * 1024
MOST_BYTES = 5 * MEGABYTE
MOST_ROWS = 50_000
MOST_COLUMNS = 80
LONGEST_CELL = 30_000  # characters; Excel's own limit is 32,767
DELIMITERS = (",", ";", "\t", "|")
# What spreadsheet programs take for the beginning of a formula, some of them in its full width too. Source: OWASP, CSV Injection.
_FORMULA = frozenset("=+-@")
_SKIPPED = ("\t", "\r")
_UNSEEN = frozenset({"Cc", "Cf"})  # controls, and signs without width
_GUARD = "'"


def guarded(text: str) -> str:
    """Return the text so that no spreadsheet program reads a formula: an apostrophe stands before what looks like one."""
    return f"{_GUARD}{text}" if _looks_like_formula(text) else text


def _looks_like_formula(text: str) -> bool:
    """Tell whether a formula's sign comes first, of any width, behind nothing that is seen; or behind apostrophes of its own."""
    if text.startswith(_SKIPPED):
        return True
    first = next((sign for sign in text.lstrip(_GUARD) if not (sign.isspace() or category(sign) in _UNSEEN)), "")
    return normalize("NFKC", first) in _FORMULA


def unguarded(text: str) -> str:
    """Return what was meant: the apostrophe that `guarded` wrote is taken away."""
    inner = text.removeprefix(_GUARD)
    return inner if inner != text and guarded(inner) == text else text


@dataclass(frozen=True, slots=True)
class CsvFile:
    """The header and the rows below it, each with its line in the file."""

    header: list[str]
    rows: list[tuple[int, list[str]]]


def read_csv(content: bytes, *, most_bytes: int = MOST_BYTES) -> CsvFile:
    """Return what a CSV file holds: UTF-8 with or without mark, or UTF-16 with one; comma, semicolon, tab or bar.

    Raises InvalidInput (field `file`) that says what is wrong with the file and how to export it instead.
    """
    if len(content) > most_bytes:
        raise _refused(too_large(most_bytes))
    text = _decode(content)
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((reader.line_num, [unguarded(cell.strip()) for cell in cells]))
            if len(rows) > MOST_ROWS + 1:
                raise _refused(_("The file has more than %(n)d rows. Export it in parts.") % {"n": MOST_ROWS})
    except csv.Error as error:
        raise _refused(
            _("Line %(line)d can’t be read: a quotation mark is not closed. Export the file again as CSV.")
            % {"line": max(reader.line_num, 1)}
        ) from error
    if not rows:
        raise _refused(_("The file is empty. Export it again, with a first row of column names."))
    header = _checked_header(rows[0][1])
    if len(rows) == 1:
        raise _refused(_("The file has column names but no rows below them. Export it again, with its rows."))
    return CsvFile(header, [(line, _checked_cells(line, cells, header)) for line, cells in rows[1:]])


def _decode(content: bytes) -> str:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _refused(
            _("Line %(line)d is not in UTF-8. Save the file as “CSV UTF-8”, then choose it again.") % {"line": line}
        ) from error
    if "\x00" in text:
        raise _refused(_("This is not a text file. Save the sheet as “CSV UTF-8”, then choose it again."))
    return text


def _delimiter(text: str) -> str:
    """Return what stands between the columns: whatever parts the first line most often, outside quotation marks."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    outside = "".join(first.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def _checked_header(cells: Sequence[str]) -> list[str]:
    header = [" ".join(cell.split())[:120] for cell in cells]
    while header and not header[-1]:
        header.pop()
    if len(header) < 2:
        raise _refused(
            _(
                "Only one column was found. Columns must be separated by commas, semicolons or tabs, with names in the first row."
            )
        )
    if len(header) > MOST_COLUMNS:
        raise _refused(_("The file has more than %(n)d columns. Leave out what is not needed.") % {"n": MOST_COLUMNS})
    return header


def _checked_cells(line: int, cells: list[str], header: list[str]) -> list[str]:
    if any(cells[len(header) :]):
        raise _refused(
            _(
                "Line %(line)d has more columns than the first row. A comma inside a text needs quotation marks around the text."
            )
            % {"line": line}
        )
    return [cell[:LONGEST_CELL] for cell in (cells + [""] * len(header))[: len(header)]]


def _refused(message: str) -> InvalidInput:
    return InvalidInput(message, errors={"file": [message]}, code="invalid_csv")


def too_large(most_bytes: int) -> str:
    """Say that a file is larger than can be taken, and what to do."""
    return _("The file is larger than %(n)d MB. Export it in parts.") % {"n": most_bytes // MEGABYTE}
