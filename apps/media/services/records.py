"""What people decide about files: delete with a reason, bring back, choose as the patient's photo."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.errors import Conflict, InvalidInput, InvalidTransition
from apps.media.kinds import Group
from apps.media.models import Media, MediaObject, MediaState, Purpose
from apps.media.selectors import photos_are_refused
from apps.media.services.intake import announce
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission

REASON_CHARS = 300


@transaction.atomic
def delete_media(*, media: Media, reason: str, actor: Actor) -> Media:
    """Take a file away. The row and the reason stay; the bytes go with the last file that has them, a day later.

    Raises InvalidInput without a reason, InvalidTransition for a file that is not there to be deleted.
    """
    actor.require(Permission.MEDIA_MANAGE)
    reason = reason.strip()
    if not reason:
        message = _("Say why the file is deleted.")
        raise InvalidInput(message, errors={"reason": [message]})
    if len(reason) > REASON_CHARS:
        message = _("Say it in %(most)d characters at most.") % {"most": REASON_CHARS}
        raise InvalidInput(message, errors={"reason": [message]})
    row = _locked(media)
    if row.state != MediaState.READY:
        raise InvalidTransition(
            _("Only a file that is there can be deleted; this one is: %(state)s.")
            % {"state": row.get_state_display().lower()}
        )
    row.state, row.reason, row.deleted_at = MediaState.DELETED, reason, timezone.now()
    row.save(update_fields=["state", "reason", "deleted_at", "updated_at"])
    announce("deleted", row, actor)
    return row


@transaction.atomic
def restore_media(*, media: Media, actor: Actor) -> Media:
    """Bring a deleted file back; raise Conflict when its bytes are gone, InvalidTransition when it was not deleted."""
    actor.require(Permission.MEDIA_MANAGE)
    row = _locked(media)
    if row.state != MediaState.DELETED:
        raise InvalidTransition(_("This file is not deleted."))
    stored = MediaObject.objects.select_for_update(no_key=True).get(pk=row.stored_id)
    if stored.removed_at is not None:
        raise Conflict(_("The file was deleted for good in the meantime. Upload it again."), code="bytes_are_gone")
    row.state, row.reason, row.deleted_at = MediaState.READY, "", None
    row.save(update_fields=["state", "reason", "deleted_at", "updated_at"])
    announce("restored", row, actor)
    return row


@transaction.atomic
def use_as_photo(*, media: Media, actor: Actor) -> Media:
    """Let a picture be its patient's photo, in place of the present one; raise Conflict without their consent."""
    actor.require(Permission.MEDIA_MANAGE)
    row = _locked(media)
    kind = row.stored.kind if row.stored else None
    if row.state != MediaState.READY or row.patient_id is None or kind is None or kind.group != Group.IMAGE:
        raise InvalidTransition(_("Only a picture of a patient can be their photo."))
    require_consent_to_photos(row.patient_id)
    row.photo_at = timezone.now()
    row.save(update_fields=["photo_at", "updated_at"])
    announce("photo_chosen", row, actor)
    return row


@transaction.atomic
def take_photo_away(*, media: Media, actor: Actor) -> Media:
    """Let the patient have no photo; the picture stays among the files."""
    actor.require(Permission.MEDIA_MANAGE)
    row = _locked(media)
    if row.photo_at is None:
        raise InvalidTransition(_("This picture is not the patient’s photo."))
    own = Media.objects.filter(organization_id=row.organization_id, patient_id=row.patient_id)
    own.filter(photo_at__isnull=False).update(photo_at=None, updated_at=timezone.now())
    row.photo_at = None
    if row.purpose == Purpose.PHOTO:
        row.purpose = Purpose.DOCUMENT
        row.save(update_fields=["purpose", "updated_at"])
    announce("photo_removed", row, actor)
    return row


@transaction.atomic
def give_to_patient(
    *,
    organization: Organization,
    subject_kind: str,
    subject_ids: list[uuid.UUID],
    former_patient_id: uuid.UUID | None = None,
    patient_id: uuid.UUID | None,
    actor: Actor,
) -> int:
    """Say whose the files of some objects are, now that it is known: those of nobody and of the former patient.

    Return how many changed. Idempotent.
    """
    rows = Media.objects.for_organization(organization).about(subject_kind, subject_ids)
    whose = Q(patient__isnull=True)
    if former_patient_id is not None:
        whose |= Q(patient_id=former_patient_id)
    changed = [
        row for row in rows.filter(whose).select_for_update(of=("self",)).order_by("id") if row.patient_id != patient_id
    ]
    for row in changed:
        before, row.patient_id, row.photo_at = row.patient_id, patient_id, None
        row.save(update_fields=["patient", "photo_at", "updated_at"])
        announce("linked", row, actor, before=str(before) if before else None)
    return len(changed)


def require_consent_to_photos(patient_id: uuid.UUID | None) -> None:
    """Raise Conflict when the patient said no to photos; who was never asked has not refused."""
    if photos_are_refused(patient_id):
        raise Conflict(
            _("The patient does not agree to photos. Ask them, and note the new answer under Consents."),
            code="no_consent",
        )


def _locked(media: Media) -> Media:
    row: Media = Media.objects.select_for_update(of=("self",)).select_related("stored", "patient").get(pk=media.pk)
    return row
