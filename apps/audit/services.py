"""Recording reads of patients."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import structlog
from django.utils import timezone

from apps.audit.models import AccessKind, AccessRecord
from apps.core.actors import Actor
from apps.organizations.models import Organization


def record_access(
    *,
    organization: Organization,
    actor: Actor,
    patient_ids: Iterable[uuid.UUID],
    route: str,
    kind: AccessKind = AccessKind.VIEW,
) -> None:
    """Note that the actor saw these patients' records by the named route; one insert, none for no patient."""
    now = timezone.now()
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    AccessRecord.objects.bulk_create(
        AccessRecord(
            organization=organization,
            kind=kind,
            patient_id=patient_id,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_label=actor.label[:120],
            route=route[:80],
            request_id=request_id,
            occurred_at=now,
        )
        for patient_id in patient_ids
    )
