"""Gauges of the events' deliveries."""

from django.db.models import Min
from django.utils import timezone

from apps.core.metrics import counted, gauge, seconds_since
from apps.events.models import Delivery, DeliveryStatus


@gauge("deliveries_pending", "Events' deliveries that wait for their (next) attempt")
def pending() -> float:
    return counted(Delivery.objects.filter(status=DeliveryStatus.PENDING))


@gauge("deliveries_dead", "Deliveries that gave up: mend the cause, then revive them in the admin")
def dead() -> float:
    return counted(Delivery.objects.filter(status=DeliveryStatus.DEAD))


@gauge("deliveries_oldest_due_seconds", "How long the oldest due delivery has been waiting")
def oldest_due() -> float:
    due = Delivery.objects.filter(status=DeliveryStatus.PENDING, due_at__lte=timezone.now())
    return seconds_since(due.aggregate(oldest=Min("due_at"))["oldest"])
