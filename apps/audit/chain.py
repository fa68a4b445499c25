"""What a link's digest covers: the link before it, and every column of the record except PostgreSQL's own number.

`transaction_id` stays out because it means nothing in another database: a restored backup must verify.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from django.db import models

from apps.audit.models import AccessRecord, LinkedKind
from apps.events.models import Event

GENESIS = "0" * 64
MODELS: dict[str, type[models.Model]] = {LinkedKind.EVENT: Event, LinkedKind.ACCESS: AccessRecord}
NOT_COVERED = {"transaction_id"}


def canonical(record: models.Model) -> str:
    """Return the record as JSON with sorted names, no spaces, UTC times to the microsecond: one text for one content."""
    content = {
        field.attname: _plain(getattr(record, field.attname))
        for field in record._meta.concrete_fields
        if field.name not in NOT_COVERED
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value) if isinstance(value, uuid.UUID) else value


def digest(*, previous: str, sequence: int, kind: str, record: models.Model) -> str:
    """Return the SHA-256, as 64 hexadecimal digits, that seals the record in its place."""
    return hashlib.sha256(f"{previous}\n{sequence}\n{kind}\n{canonical(record)}".encode()).hexdigest()
