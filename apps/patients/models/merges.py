"""Merges: which record became part of which, and every row that this touched, so that it can be undone exactly."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from apps.core.actors import ActorKind
from apps.core.models import TenantModel


class Merge(TenantModel):
    """One record (the duplicate) became part of another (the survivor); undone when the two were separated again.

    `fields` says which record each field's value was taken from. `archived_at` is when the duplicate had been archived
    before the merge, if it had. The duplicate of a merge that was not undone has `merged_into`.
    """

    survivor = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="merges")
    duplicate = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="merged_as")
    fields = models.JSONField(default=dict, help_text="field → survivor, duplicate, both or value")
    archived_at = models.DateTimeField(null=True, help_text="of the duplicate, before the merge")
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=120, blank=True)
    undone_at = models.DateTimeField(null=True)
    undone_by_label = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["duplicate"], condition=Q(undone_at__isnull=True), name="patient_is_merged_once_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(survivor=F("duplicate")), name="merge_is_of_two_patients"),
        ]
        indexes = [
            models.Index(fields=["organization", "-created_at", "id"], name="merge_for_list"),
            models.Index(fields=["organization", "survivor", "-created_at"], name="merge_by_survivor"),
        ]

    def __str__(self) -> str:
        return f"{self.survivor_id} ← {self.duplicate_id}"

    @property
    def is_undone(self) -> bool:
        return self.undone_at is not None


class MergeRowKind(models.TextChoices):
    REPOINTED = "repointed", "Moved to the survivor"
    DROPPED = "dropped", "Dropped, the other record had the same"
    CHANGED = "changed", "Changed"


class MergeRow(TenantModel):
    """One thing that a merge did to one row of any table.

    `repointed`: `field` pointed to the patient `before`, now to `after`. `changed`: `field` was `before`, is `after`.
    `dropped`: the whole row as PostgreSQL's to_jsonb wrote it in `before`, and in `after` the row that stayed (`kept`).
    """

    merge = models.ForeignKey(Merge, on_delete=models.CASCADE, related_name="rows")
    kind = models.CharField(max_length=10, choices=MergeRowKind)
    model = models.CharField(max_length=80, help_text="app_label.Model")
    row_id = models.UUIDField()
    field = models.CharField(max_length=63, blank=True, help_text="the column")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "merge", "kind", "model"], name="merge_row_by_merge"),
            models.Index(fields=["merge", "model", "field"], name="merge_row_by_table"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.model} {self.row_id}"
