"""One patient's record as JSON; its shape is in docs/exchange.md."""

from __future__ import annotations

from typing import Any

from apps.patients.exchange.record import patient_row
from apps.patients.exchange.sections import Export, all_sections
from apps.patients.exchange.values import as_lines, moment

FORMAT, VERSION = "clinic-portal.patient", 1


def write_json(export: Export) -> bytes:
    """Return the record with every section, a line per row."""
    return as_lines(as_json(export))


def as_json(export: Export) -> dict[str, Any]:
    """Return the record with every section as plain values."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": moment(export.at, export.organization.zone),
        "organization": {"id": str(export.organization.pk), "name": export.organization.name},
        "patient": patient_row(export),
        **{section.key: list(section.rows(export)) for section in all_sections()},
    }
