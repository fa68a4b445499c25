"""Journeys: what should happen with a patient, stage by stage, and where each patient stands."""

from __future__ import annotations

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.models import TenantModel, TenantQuerySet
from apps.patients.models import Patient


class Definition(TenantModel):
    """A journey as managers know it; its stages are in versions, and running instances keep theirs."""

    key = models.SlugField(max_length=60)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    starts_on = models.CharField(
        max_length=60, blank=True, help_text="event type that starts it by itself; empty: by hand only"
    )
    starts_when = models.JSONField(default=dict, blank=True, help_text="payload values the event must carry")
    is_active = models.BooleanField(default=True)
    lock_version = models.PositiveIntegerField(
        default=1, help_text="counts saves: two managers never overwrite each other"
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="journey_key_is_unique_in_organization")
        ]

    def __str__(self) -> str:
        return self.name


class DefinitionVersion(TenantModel):
    """One edition of a definition's stages; never changed once an instance runs on it."""

    definition = models.ForeignKey(Definition, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["definition", "number"], name="journey_version_number_is_unique")
        ]

    def __str__(self) -> str:
        return f"{self.definition} v{self.number}"


class Stage(TenantModel):
    """A step. It is entered when the one before completes; it completes on an event, after a delay, or by hand.

    `actions` run on entry, in order, by names registered in `journeys/registry.py`:
    [{"action": "send_message", "template": …}]. A run that is further along comes back when one of `return_on`
    happens (a cancelled appointment), and ends when one of `cancel_on` happens while it stands here.
    """

    version = models.ForeignKey(DefinitionVersion, on_delete=models.CASCADE, related_name="stages")
    position = models.PositiveSmallIntegerField()
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=60)
    advance_on = models.CharField(max_length=60, blank=True, help_text="event type that completes it")
    advance_when = models.JSONField(default=dict, blank=True, help_text="payload values the event must carry")
    advance_after_minutes = models.PositiveIntegerField(null=True, blank=True)
    overdue_after_minutes = models.PositiveIntegerField(null=True, blank=True)
    return_on = ArrayField(
        models.CharField(max_length=60), default=list, blank=True, help_text="event types that bring a run back here"
    )
    cancel_on = ArrayField(
        models.CharField(max_length=60),
        default=list,
        blank=True,
        help_text="event types that end a run that stands here",
    )
    actions = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "position"], name="stage_position_is_unique", deferrable=models.Deferrable.DEFERRED
            ),
            models.UniqueConstraint(fields=["version", "key"], name="stage_key_is_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class InstanceStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")


OPEN_STATUSES = (InstanceStatus.ACTIVE, InstanceStatus.PAUSED)


class InstanceQuerySet(TenantQuerySet):
    def open(self) -> InstanceQuerySet:
        """Keep runs that have not ended."""
        return self.filter(status__in=OPEN_STATUSES)

    def due(self, now: dt.datetime) -> InstanceQuerySet:
        """Keep runs whose delay is over at this time (UTC)."""
        return self.filter(status=InstanceStatus.ACTIVE, advance_due_at__lte=now)

    def for_list(self) -> InstanceQuerySet:
        """Load what every list shows, in one query."""
        return self.select_related("definition", "version", "patient", "current_stage")


class Instance(TenantModel):
    """One patient's run through a version. `patient` may come later: a journey can start at a first message.

    `conversation_id` and `appointment_id` say what the run is about. At most one run of a definition per
    conversation or patient is open at a time. `started_at` is when the cause happened: what was booked since then
    belongs to this run. While paused nothing is due; resuming moves `advance_due_at` and `overdue_at` on.
    """

    definition = models.ForeignKey(Definition, on_delete=models.PROTECT, related_name="instances")
    version = models.ForeignKey(DefinitionVersion, on_delete=models.PROTECT, related_name="instances")
    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="journey_instances"
    )
    conversation_id = models.UUIDField(null=True, blank=True)
    appointment_id = models.UUIDField(null=True, blank=True)
    label = models.CharField(max_length=120, blank=True, help_text="shown while no patient is known")
    status = models.CharField(max_length=10, choices=InstanceStatus, default=InstanceStatus.ACTIVE)
    current_stage = models.ForeignKey(Stage, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    stage_entered_at = models.DateTimeField(null=True, blank=True)
    advance_due_at = models.DateTimeField(null=True, blank=True)
    overdue_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=200, blank=True)
    lock_version = models.PositiveIntegerField(default=1)

    objects = InstanceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["definition", "patient"],
                condition=Q(status__in=["active", "paused"], patient__isnull=False),
                name="journey_runs_once_per_patient_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["definition", "conversation_id"],
                condition=Q(status__in=["active", "paused"], conversation_id__isnull=False),
                name="journey_runs_once_per_conversation_at_a_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "definition", "status", "current_stage", "stage_entered_at"],
                name="instance_for_board",
            ),
            models.Index(fields=["organization", "patient"], name="instance_by_patient"),
            models.Index(fields=["organization", "appointment_id"], name="instance_by_appointment"),
            models.Index(fields=["organization", "conversation_id"], name="instance_by_conversation"),
            models.Index(
                fields=["organization", "overdue_at"],
                name="instance_overdue",
                condition=Q(status="active", overdue_at__isnull=False),
            ),
            models.Index(
                fields=["advance_due_at"],
                name="instance_due",
                condition=Q(status="active", advance_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.definition} ({self.get_status_display()})"

    @property
    def is_open(self) -> bool:
        """Tell whether the run has not ended."""
        return self.status in OPEN_STATUSES

    @property
    def is_paused(self) -> bool:
        return self.status == InstanceStatus.PAUSED

    @property
    def subject_name(self) -> str:
        """Return whom the run is about: the patient, else what the channel called the writer (loads the patient)."""
        return self.patient.full_name if self.patient else self.label

    def overdue_by(self, now: dt.datetime) -> dt.timedelta | None:
        """Return by how much the run is overdue, None when it is not."""
        return now - self.overdue_at if self.overdue_at is not None and self.is_overdue(now) else None

    def is_overdue(self, now: dt.datetime) -> bool:
        """Tell whether the run stands longer in its stage than the stage allows; never while paused."""
        return self.status == InstanceStatus.ACTIVE and self.overdue_at is not None and self.overdue_at <= now


class StageState(models.TextChoices):
    PENDING = "pending", _("To come")
    ACTIVE = "active", _("Now")
    COMPLETED = "completed", _("Done")
    SKIPPED = "skipped", _("Skipped")


class StageStatus(TenantModel):
    """Where one instance stands with one stage."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="stage_statuses")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=StageState, default=StageState.PENDING)
    entered_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    by = models.CharField(max_length=120, blank=True, help_text="event type, delay, or who did it")
    note = models.CharField(max_length=200, blank=True, help_text="why it was skipped, or what an action had to say")
    next_action = models.PositiveSmallIntegerField(default=0, help_text="first entry action that has not run yet")

    class Meta:
        verbose_name_plural = "stage statuses"
        constraints = [models.UniqueConstraint(fields=["instance", "stage"], name="stage_status_is_one_per_stage")]

    def __str__(self) -> str:
        return f"{self.stage_id}: {self.state}"
