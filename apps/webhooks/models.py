"""What came in from outside, as it came: stored first, processed in the background, kept for replay."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.core.models import TenantModel


class InboundStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    DONE = "done", "Done"
    DEAD = "dead", "Dead"
    REJECTED = "rejected", "Rejected"


class InboundEvent(TenantModel):
    """One webhook request with a good signature. `provider_id` is unique per source: a repeat has no second effect.

    `contact_key` (`channel:address`) is the unit of serial processing; "" has no order. Rejected rows were signed
    but malformed: kept for inspection, never processed.
    """

    source = models.CharField(max_length=30, help_text="twilio.message, twilio.status, …")
    provider_id = models.CharField(max_length=120)
    contact_key = models.CharField(max_length=280, blank=True)
    payload = models.JSONField()
    status = models.CharField(max_length=10, choices=InboundStatus, default=InboundStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "source", "provider_id"], name="inbound_event_is_stored_once"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="inbound_due", condition=Q(status="pending")),
            models.Index(
                fields=["organization", "contact_key", "id"], name="inbound_by_contact", condition=Q(status="pending")
            ),
            models.Index(fields=["organization", "-created_at"], name="inbound_for_list"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.provider_id}"
