"""Which records may be of one person: what they are found by, how common values are, and what was decided."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.models import TenantModel


class MatchIndex(TenantModel):
    """What one patient's record is found by when another is compared; kept in the background after each save.

    `keys` are those of `matching.match_keys`, salted with the organization; `values` are the folded values that are
    counted. Both describe the patient's `version`; a row that is missing or behind is made anew. Archived patients
    have no keys.
    """

    patient = models.OneToOneField("patients.Patient", on_delete=models.CASCADE, related_name="+")
    version = models.PositiveIntegerField(help_text="of the patient; 0 when the record was archived")
    keys = ArrayField(models.IntegerField(), default=list)
    values = ArrayField(models.TextField(), default=list, help_text="kind|value")

    class Meta:
        indexes = [
            models.Index(fields=["organization", "patient"], name="match_index_by_patient"),
            # Without a list of pending entries: reading it costs every search milliseconds until a vacuum comes by.
            GinIndex(fields=["keys"], name="match_index_by_key", fastupdate=False),
        ]

    def __str__(self) -> str:
        return f"{self.patient_id} v{self.version}"


class ValueCount(TenantModel):
    """How many patients have a value, for values that at least two have; the empty value counts all patients."""

    value = models.TextField(help_text="kind|value, folded")
    people = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "value"], name="patient_value_is_counted_once"),
        ]

    def __str__(self) -> str:
        return f"{self.value}: {self.people}"


class CandidateState(models.TextChoices):
    OPEN = "open", _("To be reviewed")
    MERGED = "merged", _("Merged")
    DISTINCT = "distinct", _("Not the same person")


class DuplicateCandidate(TenantModel):
    """Two records that may be of one person, with the score and its reasons; the pair is stored once, ordered by id.

    `bits` are log2 odds (docs/matching.md), `reasons` what `matching.words.reason_of` reads. A decision stays: scoring
    again changes and removes open candidates only.
    """

    first = models.ForeignKey("patients.Patient", on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey("patients.Patient", on_delete=models.CASCADE, related_name="+")
    bits = models.FloatField()
    is_settled = models.BooleanField(default=False, help_text="names and birth date agree, nothing speaks against it")
    reasons = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=CandidateState, default=CandidateState.OPEN)
    decided_by_label = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True, help_text="why they are not the same person")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "first", "second"], name="duplicate_pair_is_listed_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="duplicate_pair_is_ordered"),
            models.CheckConstraint(
                condition=Q(state=CandidateState.OPEN, decided_at__isnull=True)
                | (~Q(state=CandidateState.OPEN) & Q(decided_at__isnull=False)),
                name="duplicate_decision_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "state", "-bits", "id"], name="duplicate_for_review"),
            models.Index(fields=["organization", "second"], name="duplicate_by_second"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} = {self.second_id}?"

    def other_than(self, patient_id: uuid.UUID) -> uuid.UUID:
        """Return the id of the pair's other patient."""
        return self.second_id if self.first_id == patient_id else self.first_id


class MatchRunState(models.TextChoices):
    INDEXING = "indexing", _("Reading the records")
    COMPARING = "comparing", _("Comparing them")
    DONE = "done", _("Done")


class MatchRun(TenantModel):
    """One comparison of everybody with everybody they share a key with: batch by batch, from where it stood.

    `after` is the last patient of the last batch; `total` the patients at the start, `done` those that were compared.
    """

    state = models.CharField(max_length=10, choices=MatchRunState, default=MatchRunState.INDEXING)
    after = models.UUIDField(null=True, blank=True)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    started_by_label = models.CharField(max_length=120, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization"], condition=~Q(state="done"), name="match_run_is_one_at_a_time"
            ),
        ]
        indexes = [models.Index(fields=["organization", "-created_at"], name="match_run_for_list")]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.done}/{self.total}"

    @property
    def percent(self) -> int:
        """Return how much of the comparing is done; reading the records takes no noticeable part."""
        return min(100, round(100 * self.done / self.total)) if self.total else 0
