"""Uploading: leave to send, then a look at what came. The bytes go from the browser straight to the storage."""

from __future__ import annotations

import uuid
from typing import BinaryIO

from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.actors import Actor, ActorKind
from apps.core.errors import Conflict, InvalidInput
from apps.core.wake import wake
from apps.media.examining import chunks_of, most_bytes, wrong_type
from apps.media.kinds import claimed_kind, clean_name, common_type
from apps.media.models import Media, MediaState, Purpose
from apps.media.services.intake import take_in
from apps.media.services.records import require_consent_to_photos
from apps.media.storage import UPLOAD_FOR, UploadForm, files
from apps.media.subjects import patient_of_subject
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.patients.models import Patient

IN_BACKGROUND_BYTES = 4 * 1024 * 1024
WORK_TASK, QUEUE = "media.work_on_due", "slow"


@transaction.atomic
def create_upload(
    *,
    organization: Organization,
    file_name: str,
    content_type: str = "",
    size: int,
    purpose: str = Purpose.DOCUMENT,
    patient: Patient | None = None,
    subject_kind: str = "",
    subject_id: uuid.UUID | None = None,
    actor: Actor,
) -> tuple[Media, UploadForm]:
    """Note a coming file and return it with the form to send it with, good for UPLOAD_FOR; no network.

    `size` is in bytes. Raises InvalidInput for a type that is not allowed (naming those that are), a size above its
    limit, a photo of nobody, or an object of another patient; Conflict for a photo of who withdrew the consent to photos.
    """
    actor.require(Permission.MEDIA_MANAGE)
    name = clean_name(file_name)
    kind = claimed_kind(content_type, name)
    if kind is None:
        raise _refused("content_type", wrong_type().text, code="type_not_allowed")
    if size < 1:
        raise _refused("size", _("The file is empty. Choose it again."), code="empty")
    if size > kind.limit:
        raise _refused(
            "size",
            _("A file of this type may have %(limit)s at most; this one has %(size)s. Send a smaller one.")
            % {"limit": filesizeformat(kind.limit), "size": filesizeformat(size)},
            code="too_large",
        )
    patient_id = _owner(organization, patient, subject_kind, subject_id)
    if purpose == Purpose.PHOTO and (patient_id is None or not kind.content_type.startswith("image/")):
        raise _refused("purpose", _("A photo is a picture of a patient. Choose a picture, and say whose it is."))
    if purpose == Purpose.PHOTO:
        require_consent_to_photos(patient_id)
    media = Media(
        organization=organization,
        patient_id=patient_id,
        purpose=purpose,
        subject_kind=subject_kind,
        subject_id=subject_id,
        file_name=name,
        claimed_type=common_type(content_type)[:100],
        claimed_size=size,
        uploaded_by_id=actor.id if actor.kind == ActorKind.USER else None,
        expires_at=timezone.now() + UPLOAD_FOR,
    )
    media.save(force_insert=True)
    if patient_id is not None:
        media.refresh_from_db(fields=["patient"])  # a merge meanwhile: the row was written for where they are now
    return media, files().upload_form(media.incoming_key, max_bytes=size)


def complete_upload(*, media: Media, actor: Actor) -> Media:
    """Look at what was uploaded: the file is ready afterwards, or rejected with its reason, or left to the background.

    Idempotent. Files above IN_BACKGROUND_BYTES come back as `checking`. Reads the storage before it takes a lock. Raises
    Conflict when nothing has been uploaded.
    """
    actor.require(Permission.MEDIA_MANAGE)
    if media.state != MediaState.PENDING or media.is_fetched:
        return media
    try:
        size = files().size(media.incoming_key)
        if size > IN_BACKGROUND_BYTES:
            return _leave_to_background(media)
        with files().open(media.incoming_key) as stream:
            return take_in(media=media, chunks=chunks_of(stream), limit=most_bytes(), actor=actor)
    except FileNotFoundError as error:
        raise Conflict(
            _(
                "The file has not arrived yet. Send it to the address of its upload, then say again that it is complete."
            ),
            code="not_uploaded",
        ) from error


@transaction.atomic
def keep_file(
    *,
    organization: Organization,
    stream: BinaryIO,
    file_name: str,
    content_type: str,
    purpose: str = Purpose.DOCUMENT,
    patient: Patient | None = None,
    subject_kind: str = "",
    subject_id: uuid.UUID | None = None,
    actor: Actor,
) -> Media:
    """Keep a file that the portal has already, through the same door; for commands and generated documents."""
    actor.require(Permission.MEDIA_MANAGE)
    media = Media(
        organization=organization,
        patient=patient,
        purpose=purpose,
        subject_kind=subject_kind,
        subject_id=subject_id,
        file_name=clean_name(file_name),
        claimed_type=common_type(content_type),
    )
    media.save(force_insert=True)
    return take_in(media=media, chunks=chunks_of(stream), limit=most_bytes(), actor=actor)


@transaction.atomic
def _leave_to_background(media: Media) -> Media:
    row: Media = Media.objects.select_for_update(of=("self",)).get(pk=media.pk)
    if row.state == MediaState.PENDING:
        row.state, row.due_at = MediaState.CHECKING, timezone.now()
        row.save(update_fields=["state", "due_at", "updated_at"])
        wake(WORK_TASK, queue=QUEUE)
    return row


def _owner(
    organization: Organization, patient: Patient | None, subject_kind: str, subject_id: uuid.UUID | None
) -> uuid.UUID | None:
    """Return whose file it will be; raise InvalidInput when patient and object are not of one person."""
    if (subject_id is None) != (subject_kind == ""):
        message = _("Say both `subject_kind` and `subject_id`, or neither.")
        raise _refused("subject_id", message)
    if subject_id is None:
        return patient.pk if patient else None
    owner = patient_of_subject(organization, subject_kind, subject_id)
    if patient is not None and owner is not None and owner != patient.pk:
        raise _refused("patient", _("This object belongs to another patient. Leave the patient out, or correct it."))
    return patient.pk if patient else owner


def _refused(field: str, message: str, *, code: str = "invalid") -> InvalidInput:
    return InvalidInput(message, errors={field: [message]}, code=code)
