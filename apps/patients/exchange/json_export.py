"""One patient's record as JSON; its shape is in docs/exchange.md."""

from __future__ import annotations

import json
from typing import Any

from apps.patients.exchange.record import patient_row
from apps.patients.exchange.sections import Export, all_sections
from apps.patients.exchange.values import moment

FORMAT, VERSION = "clinic-portal.patient", 1


def write_json(export: Export) -> bytes:
    """Return the record with every section, indented, in UTF-8."""
    return (json.dumps(as_json(export), ensure_ascii=False, indent=2) + "\n").encode()


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
