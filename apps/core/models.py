"""Base models: every row has a UUIDv7 key, every tenant row an organization."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models

from apps.core.ids import uuid7

if TYPE_CHECKING:
    from apps.organizations.models import Organization


class BaseModel(models.Model):
    """A row with a time-ordered UUID key and the times (UTC) it was made and last saved."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class TenantQuerySet(models.QuerySet):
    """The first word of every query on tenant rows."""

    def for_organization(self, organization: Organization) -> Self:
        """Keep the rows of one organization; say it even under row-level security, so that indexes are used."""
        return self.filter(organization_id=organization.pk)


class TenantModel(BaseModel):
    """A row that belongs to exactly one organization; PostgreSQL policies hide it from every other one."""

    organization = models.ForeignKey("organizations.Organization", on_delete=models.PROTECT, related_name="+")

    objects: ClassVar[models.Manager] = TenantQuerySet.as_manager()

    class Meta:
        abstract = True


class IdempotencyRecord(TenantModel):
    """The first answer given to an `Idempotency-Key`, replayed to later requests with the same key and body."""

    actor_key = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body")
    status = models.PositiveSmallIntegerField()
    body = models.TextField(blank=True, help_text="as it was sent, so that the replay is equal to the byte")
    headers = models.JSONField(default=dict)
    traces = models.JSONField(default=list, help_text="left again by each replay: whose records it shows")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "actor_key", "key"], name="idempotency_key_answers_once_per_actor"
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_by_age")]
