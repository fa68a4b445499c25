"""A report as a CSV file (RFC 4180, UTF-8): a header, then the total, the groups and the stretches of days, a line each."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import Any

from apps.appointments.reports.figures import Report, Stretch
from apps.appointments.reports.scope import Scope
from apps.appointments.reports.sheets import Sheet

# What spreadsheets take for the begin of a formula (OWASP, CSV injection); full-width forms are folded by some of them.
_FORMULA = re.compile(r"^\s*[=+\-@\t\r＝＋－＠]")


class _Echo:
    """A file for csv.writer that hands each line back."""

    def write(self, line: str) -> str:
        return line


def safe_cell(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula: an apostrophe before it, where it looks like one."""
    return f"'{text}" if _FORMULA.match(text) else text


def csv_lines(*, sheet: Sheet, scope: Scope, report: Report[Any]) -> Iterator[str]:
    """Yield the lines of the file: `line` says what a line is about, figures that are not known are empty. No query."""
    write = csv.writer(_Echo()).writerow
    yield write(["line", "name", "first", "last", *(column.key for column in sheet.columns)])
    whole = Stretch(scope.first, scope.last)
    lines = [("total", "", whole, report.total)]
    lines += [(scope.by.value, safe_cell(group.name), whole, line) for group, line in report.groups]
    lines += [(scope.bucket.value, "", stretch, line) for stretch, line in report.over_time]
    for kind, name, stretch, line in lines:
        figures = ["" if value is None else value for value in sheet.as_data(line).values()]
        yield write([kind, name, stretch.first.isoformat(), stretch.last.isoformat(), *figures])
