"""The inbound queue: one request of a contact at a time, in order of arrival, on any number of workers.

A row may be claimed only while no older row of the same contact is pending. A claim moves `due_at` past a lease and
commits, so a killed worker's rows come back by themselves; a row stays pending until the transaction that did its work
marks it done, so the contact's next row becomes claimable exactly then, and effects happen once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import structlog
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from prometheus_client import Counter

from apps.communications.models import Provider
from apps.communications.services import apply_status
from apps.conversations.services import receive_message
from apps.core.ids import as_uuid
from apps.core.tenancy import all_organizations, organization_scope
from apps.core.wake import wake
from apps.organizations.models import Organization
from apps.webhooks.models import InboundEvent, InboundStatus
from apps.webhooks.services import COMMUNICATION_FIELD, PROCESS_TASK, QUEUE
from apps.webhooks.sources import TWILIO_MESSAGE, TWILIO_STATUS
from apps.webhooks.twilio import message_text, read_address, read_media

log = structlog.get_logger(__name__)
LEASE = dt.timedelta(minutes=2)
MAX_ATTEMPTS = 6
PROCESSED = Counter(
    "clinic_inbound_processed_total", "Inbound requests processed, by how it ended.", ["source", "outcome"]
)

Process = Callable[[InboundEvent, Organization], None]


def process_inbound(*, limit: int = 20) -> int:
    """Process up to `limit` due requests, at most one of each contact; return how many were taken.

    Safe on any number of workers. Call it until it returns 0: finishing one request makes its contact's next claimable.
    """
    now = timezone.now()
    older = InboundEvent.objects.filter(
        organization_id=OuterRef("organization_id"),
        contact_key=OuterRef("contact_key"),
        status=InboundStatus.PENDING,
        pk__lt=OuterRef("pk"),
    )
    with all_organizations():
        claimed = list(
            InboundEvent.objects.filter(status=InboundStatus.PENDING, due_at__lte=now)
            .filter(Q(contact_key="") | ~Exists(older))
            .order_by("due_at", "pk")
            .select_for_update(skip_locked=True, of=("self",))[:limit]
        )
        InboundEvent.objects.filter(pk__in=[event.pk for event in claimed]).update(
            due_at=now + LEASE, attempts=F("attempts") + 1
        )
    for event in claimed:
        event.attempts += 1
        _run(event)
    return len(claimed)


def _run(event: InboundEvent) -> None:
    try:
        with organization_scope(event.organization_id):
            mine = InboundEvent.objects.select_for_update().get(pk=event.pk)
            if mine.status != InboundStatus.PENDING:
                return
            with structlog.contextvars.bound_contextvars(inbound_id=str(mine.pk), request_id=mine.request_id):
                PROCESSES[mine.source](mine, Organization.objects.get(pk=mine.organization_id))
            InboundEvent.objects.filter(pk=mine.pk).update(
                status=InboundStatus.DONE, processed_at=timezone.now(), error=""
            )
    except Exception as error:  # processing may fail in any way; each failure is recorded and retried
        log.exception(
            "webhook.processing_failed", source=event.source, inbound_id=str(event.pk), attempt=event.attempts
        )
        _fail(event, type(error).__name__)
        return
    PROCESSED.labels(source=event.source, outcome="done").inc()


def _fail(event: InboundEvent, reason: str) -> None:
    is_final = event.attempts >= MAX_ATTEMPTS
    with all_organizations():
        InboundEvent.objects.filter(pk=event.pk, status=InboundStatus.PENDING).update(
            status=InboundStatus.DEAD if is_final else InboundStatus.PENDING,
            due_at=timezone.now() + dt.timedelta(seconds=2**event.attempts),
            error=reason[:300],
        )
    PROCESSED.labels(source=event.source, outcome="dead" if is_final else "retry").inc()


def wake_again() -> None:
    """Ring the bell once more, for what a bounded task left."""
    wake(PROCESS_TASK, queue=QUEUE)


def _process_message(event: InboundEvent, organization: Organization) -> None:
    fields = event.payload
    sender, recipient = read_address(fields["From"]), read_address(fields.get("To", ""))
    assert sender is not None  # noqa: S101 - the door refused requests without a readable sender
    receive_message(
        organization=organization,
        channel=sender.channel,
        address=sender.value,
        clinic_address=recipient.value if recipient else "",
        body=message_text(fields),
        media=read_media(fields),
        provider_id=event.provider_id,
        profile_name=fields.get("ProfileName", ""),
        received_at=event.created_at,
        opt_out_type=fields.get("OptOutType", ""),
    )


def _process_status(event: InboundEvent, organization: Organization) -> None:
    fields = event.payload
    apply_status(
        organization=organization,
        provider=Provider.TWILIO,
        provider_id=fields.get("MessageSid") or fields.get("SmsSid") or fields.get("CallSid") or "",
        communication_id=as_uuid(fields.get(COMMUNICATION_FIELD, "")),
        status=fields.get("MessageStatus") or fields.get("SmsStatus") or fields.get("CallStatus") or "",
        error_code=fields.get("ErrorCode", ""),
        occurred_at=event.created_at,
    )


PROCESSES: dict[str, Process] = {TWILIO_MESSAGE: _process_message, TWILIO_STATUS: _process_status}
