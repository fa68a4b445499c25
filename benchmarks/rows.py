"""The rows of the table: what each is called, and which function measures it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.results import Line, row_order

if TYPE_CHECKING:
    from benchmarks.bench import Bench

Measure = Callable[["Bench"], Sequence[Line]]


class UnknownRow(ValueError):
    """Which row nobody knows, as one sentence."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its title for the person who waits, and `module:function`, imported when its turn comes."""

    key: str
    title: str
    place: str
    needs_peers: bool = False

    def measure(self, bench: Bench) -> Sequence[Line]:
        """Measure it; minutes, for some."""
        module, function = self.place.split(":")
        measure: Measure = getattr(importlib.import_module(f"benchmarks.{module}"), function)
        return measure(bench)


ROWS = {
    row.key: row
    for row in (
        Row("B1", "free slots of one practitioner in 30 days", "slots:measure_one"),
        Row("B2", "first three free slots of every practitioner in 14 days", "slots:measure_everybody"),
        Row("B3", "bookings by 16 clients", "booking:measure_throughput"),
        Row("B4", "many attempts at one slot", "booking:measure_contention"),
        Row("B5", "a booking among many appointments and among few", "booking:measure_growth"),
        Row("B6", "dispatch of due reminders, a worker killed", "dispatch:measure"),
        Row("B7", "pages over many rows and over few", "pages:measure_growth"),
        Row("B8", "pages a second, beside a bare view", "pages:measure_throughput"),
        Row("B9", "webhook answers under load", "webhooks:measure"),
        Row("B11", "patients found while typing, with a typo, as duplicates", "matching:measure"),
        Row("B12", "cold start, warm start, memory at rest", "startup:measure"),
        Row("B13", "slots and one-slot contention beside django-appointment", "peers:measure", needs_peers=True),
        Row("B14", "duplicates in FEBRL's labelled sets", "febrl:measure", needs_peers=True),
    )
}


def chosen(only: str, *, peers: bool) -> list[Row]:
    """Return the rows that `--only` names (`B1,B3`, in any case), else all; those of peers only with `--peers`.

    Raises :class:`UnknownRow`.
    """
    names = [name.strip().upper() for name in only.split(",") if name.strip()]
    for name in names:
        if name not in ROWS:
            raise UnknownRow(f"there is no row {name}; the rows are {', '.join(ROWS)}")
        if ROWS[name].needs_peers and not peers:
            raise UnknownRow(f"{name} installs another package from the package index; add --peers")
    wanted = names or [row.key for row in ROWS.values() if peers or not row.needs_peers]
    return [ROWS[name] for name in sorted(set(wanted), key=row_order)]
