"""Gauges of the outbound ledger."""

from django.db.models import Min
from django.utils import timezone

from apps.communications.models import Communication, Status
from apps.core.metrics import counted, gauge, seconds_since


@gauge("communications_due", "Messages that are due and not sent yet")
def due() -> float:
    return counted(Communication.objects.open().filter(due_at__lte=timezone.now()))


@gauge("communications_ambiguous", "Messages of which nobody knows yet whether the provider took them")
def ambiguous() -> float:
    return counted(Communication.objects.filter(status=Status.AMBIGUOUS))


@gauge("communications_oldest_due_seconds", "How long the oldest due message has been waiting")
def oldest_due() -> float:
    rows = Communication.objects.open().filter(due_at__lte=timezone.now())
    return seconds_since(rows.aggregate(oldest=Min("due_at"))["oldest"])
