"""Writes of the inbound log: store once, keep what was malformed for inspection, replay."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.errors import InvalidTransition
from apps.core.wake import wake
from apps.organizations.permissions import Permission
from apps.webhooks.models import InboundEvent, InboundStatus

PROCESS_TASK = "webhooks.process_inbound"
QUEUE = "inbound"
COMMUNICATION_FIELD = "_communication"


@transaction.atomic(savepoint=False)
def store_inbound(
    *, organization_id: uuid.UUID, source: str, provider_id: str, contact_key: str, payload: Mapping[str, str]
) -> None:
    """Keep a request for processing and ring the bell; a repeat of its provider id changes nothing. One query."""
    _insert(organization_id, source, provider_id, contact_key, payload, InboundStatus.PENDING, "")
    wake(PROCESS_TASK, queue=QUEUE)


@transaction.atomic(savepoint=False)
def reject_inbound(
    *, organization_id: uuid.UUID, source: str, digest: str, payload: Mapping[str, str], error: str
) -> None:
    """Keep a signed but malformed request for inspection; it is never processed. One query, once per body."""
    _insert(organization_id, source, f"sha256:{digest}", "", payload, InboundStatus.REJECTED, error)


def _insert(
    organization_id: uuid.UUID,
    source: str,
    provider_id: str,
    contact_key: str,
    payload: Mapping[str, str],
    status: InboundStatus,
    error: str,
) -> None:
    row = InboundEvent(
        organization_id=organization_id,
        source=source,
        provider_id=provider_id,
        contact_key=contact_key,
        payload=dict(payload),
        status=status,
        error=error[:300],
        due_at=timezone.now(),
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )
    InboundEvent.objects.bulk_create([row], ignore_conflicts=True)


@transaction.atomic
def replay_inbound(*, event: InboundEvent, actor: Actor) -> InboundEvent:
    """Process a request again, after what stopped it was mended; what it did already is not done twice.

    Raise InvalidTransition for a pending one (it will be processed anyway) and a rejected one (it can't be).
    """
    actor.require(Permission.ADMIN_USE)
    row: InboundEvent = InboundEvent.objects.select_for_update().get(pk=event.pk)
    if row.status not in (InboundStatus.DEAD, InboundStatus.DONE):
        raise InvalidTransition(
            _("Only processed or dead requests can be replayed; this one is %(status)s.")
            % {"status": row.get_status_display().lower()}
        )
    row.status, row.attempts, row.error, row.due_at, row.processed_at = (
        InboundStatus.PENDING,
        0,
        "",
        timezone.now(),
        None,
    )
    row.save(update_fields=["status", "attempts", "error", "due_at", "processed_at", "updated_at"])
    wake(PROCESS_TASK, queue=QUEUE)
    return row
