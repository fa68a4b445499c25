"""What a measurement found, the table it is printed as, and the file it is kept in. Pure: no Django, no servers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SINGULAR = {"queries": "query", "winners": "winner", "deadlocks": "deadlock", "duplicates": "duplicate"}


class WrongAnswer(Exception):
    """The answer was fast or slow, but not right; then its time means nothing."""


class CannotMeasure(Exception):
    """Why a row can't be measured here, as one sentence for the person at the keyboard."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured figure with its unit: `ms`, `s`, `/s`, `MB`, `queries`."""

    value: float
    unit: str

    def __str__(self) -> str:
        return f"{rounded(self.value)} {self.unit}"


@dataclass(frozen=True, slots=True)
class Limit:
    """One condition of a row's target: what was measured, what is asked for, and whether it is met."""

    target: str
    measured: str
    is_met: bool


def at_most(bound: float, measured: float, unit: str) -> Limit:
    """Ask for `measured` ≤ `bound`."""
    return Limit(f"≤ {_with_unit(bound, unit)}", _with_unit(measured, unit), measured <= bound)


def at_least(bound: float, measured: float, unit: str) -> Limit:
    """Ask for `measured` ≥ `bound`."""
    return Limit(f"≥ {_with_unit(bound, unit)}", _with_unit(measured, unit), measured >= bound)


def exactly(wanted: int, measured: int, unit: str) -> Limit:
    """Ask for this very number."""
    return Limit(_with_unit(wanted, unit), _with_unit(measured, unit), measured == wanted)


def _with_unit(value: float, unit: str) -> str:
    """Return `3×`, `15 %`, `5 queries`, `1 query`."""
    if value == 1:
        unit = SINGULAR.get(unit, unit)
    return f"{rounded(value)}{'' if unit.startswith('×') else ' '}{unit}"


def rounded(value: float) -> str:
    """Return a figure with as many digits as a person compares: three, and all of a whole number."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 1 else f"{value:.2g}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. `ratio` is ours to the floor, as its limit spells it (`2.1×`, `71 %`)."""

    row: str
    what: str
    ours: Quantity
    floor: Quantity | None = None
    ratio: str = ""
    limits: Sequence[Limit] = ()
    note: str = ""

    @property
    def is_met(self) -> bool:
        return all(limit.is_met for limit in self.limits)

    @property
    def target(self) -> str:
        return ", ".join(limit.target for limit in self.limits)

    @property
    def verdict(self) -> str:
        """Return `ok`, or what was measured where it should have been better."""
        missed = [limit.measured for limit in self.limits if not limit.is_met]
        return f"missed: {', '.join(missed)}" if missed else "ok"

    def as_json(self) -> dict[str, Any]:
        """Return the line as the results file holds it."""
        return {
            "what": self.what,
            "ours": _quantity_json(self.ours),
            "floor": _quantity_json(self.floor) if self.floor else None,
            "ratio": self.ratio,
            "limits": [{"target": x.target, "measured": x.measured, "met": x.is_met} for x in self.limits],
            "verdict": self.verdict,
        } | ({"note": self.note} if self.note else {})


def _quantity_json(quantity: Quantity) -> dict[str, Any]:
    return {"value": float(f"{quantity.value:.4g}"), "unit": quantity.unit}


@dataclass(slots=True)
class Report:
    """The lines of a run, and why rows could not be measured at all."""

    lines: list[Line] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        return 0 if not self.failures and all(line.is_met for line in self.lines) else 1

    @property
    def summary(self) -> str:
        """Return one sentence about the whole run."""
        missed = sorted({line.row for line in self.lines if not line.is_met} | set(self.failures), key=row_order)
        measured = len({line.row for line in self.lines} | set(self.failures))
        if not missed:
            return f"All targets met ({measured} rows)."
        return f"Missed: {', '.join(missed)} ({measured} rows measured)."


def row_order(key: str) -> int:
    """Return a sort key that puts B2 before B10."""
    return int(re.sub(r"\D", "", key) or 0)


def table(report: Report) -> str:
    """Return the run as a table: row, what, ours, floor, ratio, target, verdict."""
    rows = [("row", "what", "ours", "floor", "ratio", "target", "verdict")]
    rows += [
        (
            line.row,
            line.what,
            str(line.ours),
            str(line.floor) if line.floor else "–",
            line.ratio or "–",
            line.target,
            line.verdict,
        )
        for line in report.lines
    ]
    rows += [(key, "not measured", "–", "–", "–", "–", reason) for key, reason in report.failures.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    right = {2, 3, 4}

    def text(row: Sequence[str]) -> str:
        cells = [row[n].rjust(widths[n]) if n in right else row[n].ljust(widths[n]) for n in range(6)]
        return "  ".join([*cells, row[6]]).rstrip()

    return "\n".join([text(rows[0]), "  ".join("─" * width for width in [*widths, 7]), *map(text, rows[1:])])


def keep(path: Path, report: Report, *, run: Mapping[str, Any]) -> None:
    """Write the rows of this run into the results file, leaving the rows of earlier runs that it did not measure.

    Each row carries its own run (date, versions, cores), because rows may come from different ones.
    """
    kept: dict[str, Any] = json.loads(path.read_text())["rows"] if path.exists() else {}
    for key in {line.row for line in report.lines}:
        lines = [line.as_json() for line in report.lines if line.row == key]
        kept[key] = {"run": dict(run), "lines": lines}
    for key, reason in report.failures.items():
        kept[key] = {"run": dict(run), "lines": [], "failure": reason}
    ordered = {key: kept[key] for key in sorted(kept, key=row_order)}
    path.write_text(json.dumps({"rows": ordered}, indent=1, ensure_ascii=False) + "\n")
