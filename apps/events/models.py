"""The one event row that feeds history, timeline, live pages, notifications, journeys and workflows."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL

from apps.core.actors import ActorKind
from apps.core.ids import uuid7
from apps.core.models import TenantModel, TenantQuerySet


class Event(models.Model):
    """Something that happened, written in the transaction that made it happen; never changed (trigger, grants).

    `type` is `noun.past`. `payload` holds ids and small facts, no free text of patients. `transaction_id` is
    PostgreSQL's: readers that follow the table use it as their cursor, because ids are made before the commit.
    """

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Without an index of its own: others begin with it, and nearly every transaction writes here.
    organization = models.ForeignKey(
        "organizations.Organization", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    type = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60, help_text="app_label.Model")
    subject_id = models.UUIDField()
    patient_id = models.UUIDField(null=True)
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=120, blank=True)
    changes = models.JSONField(default=dict, help_text="field → [before, after]")
    payload = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)
    occurred_at = models.DateTimeField()
    transaction_id = models.BigIntegerField(db_default=RawSQL("pg_current_xact_id()::text::bigint", ()), editable=False)

    objects: ClassVar[models.Manager] = TenantQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organization", "-id"], name="event_by_organization"),
            models.Index(
                fields=["organization", "patient_id", "-id"],
                name="event_by_patient",
                condition=Q(patient_id__isnull=False),
            ),
            models.Index(fields=["organization", "subject_id", "-id"], name="event_by_subject"),
            models.Index(fields=["organization", "transaction_id", "id"], name="event_for_followers"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject_id}"


class DeliveryStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    DONE = "done", "Done"
    DEAD = "dead", "Dead"


class Delivery(TenantModel):
    """One handler's duty to react to one event: claimed with a lease, retried with backoff, dead in the open."""

    # The index that keeps handlers apart begins with it.
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    handler = models.CharField(max_length=120)
    status = models.CharField(max_length=10, choices=DeliveryStatus, default=DeliveryStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(help_text="claimable from here on; moved forward by a claim's lease and by backoff")
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, help_text="exception type and place; no values")

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["event", "handler"], name="delivery_is_unique_per_handler")]
        indexes = [
            models.Index(fields=["due_at"], name="delivery_due", condition=Q(status="pending")),
            models.Index(
                fields=["organization", "-created_at"], name="delivery_dead_letters", condition=Q(status="dead")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.handler} ← {self.event_id}"
