"""Files: what somebody uploaded or a patient sent (FHIR DocumentReference), and the bytes behind it (Attachment).

A `Media` is one use of some bytes: whose it is, what it is called, what it belongs to. A `MediaObject` is the bytes:
once per organization and content, however many uses there are.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.models import TenantModel, TenantQuerySet
from apps.media.kinds import KINDS, Kind
from apps.organizations.models import User
from apps.patients.models import Patient


class MediaObject(TenantModel):
    """Bytes as they are kept. `sha256` and `received_size` are of what was sent, `size` of what is kept.

    Pictures are kept re-encoded, without their metadata. `removed_at` is set, in the same transaction that made sure
    of no use, before the bytes go; a later upload of the same bytes gets a new row.
    """

    sha256 = models.CharField(max_length=64, help_text="of the bytes as they were sent")
    received_size = models.PositiveBigIntegerField()
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    storage_key = models.CharField(max_length=200)
    view_key = models.CharField(max_length=200, blank=True, help_text="a picture for a screen, of images and PDFs")
    preview_key = models.CharField(max_length=200, blank=True, help_text="a small picture for lists")
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    pages = models.PositiveIntegerField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "sha256"],
                condition=Q(removed_at__isnull=True),
                name="media_object_is_stored_once_per_organization",
            )
        ]

    def __str__(self) -> str:
        return f"{self.content_type}, {self.size} bytes"

    @property
    def kind(self) -> Kind | None:
        return KINDS.get(self.content_type)

    @property
    def keys(self) -> list[str]:
        """Return where its bytes are."""
        return [key for key in (self.storage_key, self.view_key, self.preview_key) if key]


class MediaState(models.TextChoices):
    PENDING = "pending", _("Waiting for the file")
    CHECKING = "checking", _("Being checked")
    READY = "ready", _("Ready")
    REJECTED = "rejected", _("Not accepted")
    DELETED = "deleted", _("Deleted")


class Purpose(models.TextChoices):
    DOCUMENT = "document", _("Document")
    PHOTO = "photo", _("Photo of the patient")
    MESSAGE = "message", _("Attachment of a message")


class MediaQuerySet(TenantQuerySet):
    """How files are found."""

    def ready(self) -> MediaQuerySet:
        return self.filter(state=MediaState.READY)

    def of_patient(self, patient_id: uuid.UUID) -> MediaQuerySet:
        return self.filter(patient_id=patient_id)

    def about(self, kind: str, ids: list[uuid.UUID] | tuple[uuid.UUID, ...]) -> MediaQuerySet:
        """Keep what belongs to objects of a kind (`message`, `appointment`, …; see subjects.py)."""
        return self.filter(subject_kind=kind, subject_id__in=ids)

    def photos(self) -> MediaQuerySet:
        """Keep what was chosen as its patient's photo, the one that counts first."""
        return self.ready().filter(photo_at__isnull=False).order_by("-photo_at", "-id")

    def for_list(self) -> MediaQuerySet:
        return self.select_related("stored", "patient", "uploaded_by")


class Media(TenantModel):
    """One file in its place. Times are UTC.

    `stored` is set once it is ready. A deleted one keeps its row, its reason and, until the sweep removes them, its
    bytes. One with a `source_url` is fetched from there (`due_at`, `attempts`) instead of being uploaded.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="media")
    purpose = models.CharField(max_length=10, choices=Purpose, default=Purpose.DOCUMENT)
    subject_kind = models.CharField(max_length=20, blank=True, help_text="message, appointment, …")
    subject_id = models.UUIDField(null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0, help_text="among the files of its subject")
    file_name = models.CharField(max_length=200, blank=True, help_text="as it was called where it came from")
    claimed_type = models.CharField(max_length=100, blank=True)
    claimed_size = models.PositiveBigIntegerField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=MediaState, default=MediaState.PENDING)
    reason = models.CharField(max_length=300, blank=True, help_text="why it was not accepted, or was deleted")
    reason_code = models.CharField(max_length=40, blank=True)
    stored = models.ForeignKey(MediaObject, on_delete=models.PROTECT, null=True, blank=True, related_name="uses")
    uploaded_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="until when the upload's address works")
    ready_at = models.DateTimeField(null=True, blank=True)
    photo_at = models.DateTimeField(null=True, blank=True, help_text="chosen as the patient's photo; the latest counts")
    deleted_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=20, blank=True, help_text="who has it: twilio; empty for uploads")
    source_url = models.CharField(max_length=2000, blank=True)
    source_account = models.CharField(max_length=300, blank=True, help_text="channel:address it came in at")
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True, help_text="when the background looks at it next")

    objects = MediaQuerySet.as_manager()

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="ready") | Q(stored__isnull=False), name="media_that_is_ready_has_bytes"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["rejected", "deleted"]) | ~Q(reason=""), name="media_ends_with_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(subject_kind="", subject_id__isnull=True)
                | (~Q(subject_kind="") & Q(subject_id__isnull=False)),
                name="media_subject_is_whole",
            ),
            models.UniqueConstraint(
                fields=["organization", "subject_kind", "subject_id", "position"],
                condition=~Q(source_url=""),
                name="media_of_a_source_is_fetched_once",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "patient", "-id"], name="media_by_patient"),
            models.Index(
                fields=["organization", "subject_kind", "subject_id"],
                name="media_by_subject",
                condition=~Q(subject_kind=""),
            ),
            models.Index(fields=["stored"], name="media_by_object", condition=Q(stored__isnull=False)),
            models.Index(fields=["due_at"], name="media_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["state", "created_at"], name="media_unfinished", condition=Q(state="pending")),
        ]

    def __str__(self) -> str:
        return self.file_name or self.get_purpose_display()

    @property
    def incoming_key(self) -> str:
        """Return where its bytes wait until they have been examined."""
        return f"incoming/{self.organization_id}/{self.pk}"

    @property
    def is_ready(self) -> bool:
        return self.state == MediaState.READY

    @property
    def is_fetched(self) -> bool:
        """Tell whether its bytes come from a source's address, and not from an upload."""
        return bool(self.source_url)
