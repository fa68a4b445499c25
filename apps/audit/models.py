"""Who looked at whom, and the chain that shows whether anybody touched the record afterwards."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.expressions import RawSQL

from apps.core.actors import ActorKind
from apps.core.ids import uuid7
from apps.core.models import TenantModel, TenantQuerySet


class AccessKind(models.TextChoices):
    VIEW = "view", "Viewed"
    SEARCH = "search", "Found by search"
    EXPORT = "export", "Exported"


class AccessRecord(models.Model):
    """One read of a patient's record; append-only like events."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey("organizations.Organization", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=AccessKind)
    patient_id = models.UUIDField()
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=120, blank=True)
    route = models.CharField(max_length=80, help_text="the route's name, never its address")
    request_id = models.CharField(max_length=64, blank=True)
    occurred_at = models.DateTimeField()
    transaction_id = models.BigIntegerField(
        db_default=RawSQL("pg_current_xact_id()::text::bigint", ()),
        editable=False,
        help_text="as in Event; the sealer's order",
    )

    objects: ClassVar[models.Manager] = TenantQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organization", "-id"], name="access_by_organization"),
            models.Index(fields=["organization", "patient_id", "-id"], name="access_by_patient"),
            models.Index(fields=["organization", "transaction_id", "id"], name="access_for_sealer"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label} {self.kind} {self.patient_id}"


class LinkedKind(models.TextChoices):
    EVENT = "event", "Event"
    ACCESS = "access", "Access"


class ChainLink(models.Model):
    """One sealed record: SHA-256 over the previous digest and the record's content. `sequence` has no gaps."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey("organizations.Organization", on_delete=models.PROTECT, related_name="+")
    sequence = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=LinkedKind)
    record_id = models.UUIDField()
    digest = models.CharField(max_length=64)

    objects: ClassVar[models.Manager] = TenantQuerySet.as_manager()

    class Meta:
        ordering = ["sequence"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "sequence"], name="chain_sequence_has_no_double"),
            models.UniqueConstraint(fields=["organization", "kind", "record_id"], name="chain_seals_each_record_once"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.kind} {self.record_id}"


class ChainHead(TenantModel):
    """Where the chain of an organization ends: found shorter than this, it was truncated."""

    sequence = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="0" * 64)
    sealed_through = models.BigIntegerField(
        default=0, help_text="every record of a transaction below this number is sealed"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization"], name="chain_has_one_head")]

    def __str__(self) -> str:
        return f"{self.sequence}"
