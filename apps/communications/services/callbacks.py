"""Status callbacks: what a provider reports about a message, in any order and more than once."""

from __future__ import annotations

import datetime as dt
import uuid

import structlog
from django.db import transaction

from apps.communications.errors import describe_error
from apps.communications.models import Communication, Provider, Status
from apps.communications.services.contacts import learn_from_error
from apps.communications.services.outcomes import advance
from apps.organizations.models import Organization

log = structlog.get_logger(__name__)

# Twilio's words for messages and calls. What it has accepted counts as sent: it is out of our hands.
STATUS_OF: dict[str, Status] = {
    "accepted": Status.SENT,
    "scheduled": Status.SENT,
    "queued": Status.SENT,
    "sending": Status.SENT,
    "sent": Status.SENT,
    "initiated": Status.SENT,
    "ringing": Status.SENT,
    "in-progress": Status.SENT,
    "delivered": Status.DELIVERED,
    "completed": Status.DELIVERED,
    "read": Status.READ,
    "failed": Status.FAILED,
    "canceled": Status.FAILED,
    "undelivered": Status.UNDELIVERED,
    "busy": Status.UNDELIVERED,
    "no-answer": Status.UNDELIVERED,
}
_IMPLIED_CODES = {"busy": "call_busy", "no-answer": "call_no_answer"}


@transaction.atomic
def apply_status(
    *,
    organization: Organization,
    provider: str,
    provider_id: str,
    communication_id: uuid.UUID | None = None,
    status: str,
    error_code: str = "",
    occurred_at: dt.datetime,
) -> bool:
    """Move the message to the reported status; return False when that changes nothing or the message isn't ours.

    `status` is Twilio's word, `communication_id` our id from the callback's address: with it a report that overtakes our
    own commit of `sent` finds its row. Locks the row; forward only, any order ends the same.
    """
    to = STATUS_OF.get(status)
    row = _locked(organization, provider_id, communication_id)
    if to is None or row is None:
        log.info("communications.callback_ignored", status=status, known=row is not None)
        return False
    if row.provider_id and provider_id and row.provider_id != provider_id:
        log.warning("communications.second_provider_id", communication=str(row.pk))
        return False
    failed = to in (Status.FAILED, Status.UNDELIVERED)
    code = (error_code or _IMPLIED_CODES.get(status, "")) if failed else ""
    reason = str(describe_error(code).sentence) if failed else ""
    moved = advance(row, to, at=occurred_at, provider=provider, provider_id=provider_id, error_code=code, reason=reason)
    if moved and code:
        learn_from_error(row, code)
    return moved


def _locked(organization: Organization, provider_id: str, communication_id: uuid.UUID | None) -> Communication | None:
    rows = (
        Communication.objects.for_organization(organization)
        .select_for_update(of=("self",))
        .select_related("organization")
    )
    found = rows.filter(pk=communication_id).first() if communication_id else None
    if found is None and provider_id:
        found = rows.filter(provider__in=Provider.values, provider_id=provider_id).first()
    return found
