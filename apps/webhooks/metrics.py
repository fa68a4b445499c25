"""Gauges of what came in and waits to be processed."""

from django.db.models import Min

from apps.core.metrics import counted, gauge, seconds_since
from apps.webhooks.models import InboundEvent, InboundStatus


@gauge("inbound_pending", "Stored webhook requests that wait to be processed")
def pending() -> float:
    return counted(InboundEvent.objects.filter(status=InboundStatus.PENDING))


@gauge("inbound_dead", "Stored webhook requests whose processing gave up")
def dead() -> float:
    return counted(InboundEvent.objects.filter(status=InboundStatus.DEAD))


@gauge("inbound_oldest_pending_seconds", "How long the oldest due one has been waiting")
def oldest() -> float:
    return seconds_since(
        InboundEvent.objects.filter(status=InboundStatus.PENDING).aggregate(oldest=Min("due_at"))["oldest"]
    )
