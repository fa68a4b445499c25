"""From examined bytes to a row: stored once per organization and content, whoever sends them and however often."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterable
from functools import partial

from django.core.files.base import ContentFile, File
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core.actors import SYSTEM, Actor, ActorKind
from apps.core.constraints import violated_constraint
from apps.core.ids import uuid7
from apps.core.tenancy import organization_scope
from apps.events.services import emit
from apps.media.examining import Examined, Unacceptable, examine, make_pictures, received
from apps.media.kinds import KINDS
from apps.media.models import Media, MediaObject, MediaState, Purpose
from apps.media.pictures import Picture
from apps.media.storage import files

ONCE = "media_object_is_stored_once_per_organization"
TRIES = 3
UNFINISHED = (MediaState.PENDING, MediaState.CHECKING)


def take_in(*, media: Media, chunks: Iterable[bytes], limit: int, actor: Actor) -> Media:
    """Examine the bytes and make the file ready, or reject it; return the row as it is then.

    Idempotent: a file that is no longer unfinished stays what it is. Reads, makes pictures and stores before it takes a
    lock; in a worker that is outside any transaction, in a request inside the request's own.
    """
    try:
        with received(chunks, limit=limit) as copy:
            examined = examine(copy, claimed_type=media.claimed_type, file_name=media.file_name)
            for _try in range(TRIES):
                settled = _settle(media, _candidate(media.organization_id, examined), actor)
                if settled is not None:
                    return settled
    except Unacceptable as refusal:
        return reject(media=media, code=refusal.code, reason=refusal.text, actor=actor)
    raise RuntimeError("the same bytes were removed each time they were found")


def reject(*, media: Media, code: str, reason: str, actor: Actor) -> Media:
    """Say that the file is not accepted, and why; what was uploaded is removed. Idempotent."""
    with organization_scope(media.organization_id), transaction.atomic():
        row = _locked(media)
        if row.state not in UNFINISHED:
            return row
        row.state, row.reason_code, row.reason, row.due_at = MediaState.REJECTED, code, reason[:300], None
        row.save(update_fields=["state", "reason_code", "reason", "due_at", "updated_at"])
        announce("rejected", row, actor, code=code)
        _forget_incoming(row)
        return row


def announce(what: str, media: Media, actor: Actor, **payload: object) -> None:
    """Emit a file's event: ids and words of ours, no name."""
    emit(
        f"file.{what}",
        subject=media,
        actor=actor,
        patient_id=media.patient_id,
        payload={
            "purpose": media.purpose,
            "subject_kind": media.subject_kind,
            "subject_id": str(media.subject_id) if media.subject_id else None,
            **payload,
        },
    )


def uploader_of(media: Media) -> Actor:
    """Return who uploaded it, for what the background does in their name."""
    if media.uploaded_by is None:
        return SYSTEM
    return Actor(kind=ActorKind.USER, id=media.uploaded_by_id, label=str(media.uploaded_by), trusted=True)


def _candidate(organization_id: uuid.UUID, examined: Examined) -> MediaObject:
    """Return the row of the same bytes, or a new one, not saved yet, whose bytes are stored."""
    with organization_scope(organization_id):
        known: MediaObject | None = MediaObject.objects.filter(
            organization_id=organization_id, sha256=examined.received.sha256, removed_at__isnull=True
        ).first()
    return known or _store(organization_id, examined)


def _store(organization_id: uuid.UUID, examined: Examined) -> MediaObject:
    made, object_id = make_pictures(examined), uuid7()
    folder = f"objects/{organization_id}/{object_id}"
    content_type = made.kept.content_type if made.kept else examined.kind.content_type
    row = MediaObject(
        id=object_id,
        organization_id=organization_id,
        sha256=examined.received.sha256,
        received_size=examined.received.size,
        content_type=content_type,
        size=len(made.kept.content) if made.kept else examined.received.size,
        storage_key=f"{folder}/file.{KINDS[content_type].extension}",
        view_key=f"{folder}/view.webp" if made.view else "",
        preview_key=f"{folder}/preview.webp" if made.preview else "",
        width=made.width,
        height=made.height,
        pages=made.pages,
    )
    examined.received.stream.seek(0)
    kept: File = ContentFile(made.kept.content) if made.kept else File(examined.received.stream)
    files().save(row.storage_key, kept)
    _save_picture(row.view_key, made.view)
    _save_picture(row.preview_key, made.preview)
    return row


def _save_picture(key: str, picture: Picture | None) -> None:
    if picture is not None:
        files().save(key, File(io.BytesIO(picture.content)))


def _settle(media: Media, candidate: MediaObject, actor: Actor) -> Media | None:
    """Make the file ready with these bytes; None when a sweep has just removed them, so that they are stored anew."""
    is_new = candidate._state.adding
    with organization_scope(media.organization_id), transaction.atomic():
        row = _locked(media)
        if row.state not in UNFINISHED:
            if is_new:
                forget_bytes(candidate.keys)
            return row
        stored = _insert(candidate) if is_new else _hold(candidate.pk)
        if stored is None:
            return None
        now = timezone.now()
        row.stored, row.state, row.ready_at, row.due_at, row.expires_at = stored, MediaState.READY, now, None, None
        if row.purpose == Purpose.PHOTO:
            row.photo_at = now
        row.save()
        announce("added", row, actor, content_type=stored.content_type)
        _forget_incoming(row)
        return row


def _insert(candidate: MediaObject) -> MediaObject | None:
    """Save the new row; when another upload of the same bytes was first, return its row and forget ours."""
    try:
        with transaction.atomic():
            candidate.save(force_insert=True)
    except IntegrityError as error:
        if violated_constraint(error) != ONCE:
            raise
        forget_bytes(candidate.keys)
        winner: MediaObject | None = (
            MediaObject.objects.select_for_update(no_key=True)
            .filter(organization_id=candidate.organization_id, sha256=candidate.sha256, removed_at__isnull=True)
            .first()
        )
        return winner
    return candidate


def _hold(pk: uuid.UUID) -> MediaObject | None:
    """Lock the bytes' row against a sweep; None when they are gone."""
    row: MediaObject | None = (
        MediaObject.objects.select_for_update(no_key=True).filter(pk=pk, removed_at__isnull=True).first()
    )
    return row


def _locked(media: Media) -> Media:
    row: Media = Media.objects.select_for_update(of=("self",)).select_related("patient", "uploaded_by").get(pk=media.pk)
    return row


def _forget_incoming(media: Media) -> None:
    if not media.is_fetched:
        forget_bytes([media.incoming_key])


def forget_bytes(keys: Iterable[str]) -> None:
    """Delete keys once the transaction has committed; a storage that fails then leaves them to the sweep."""
    for key in keys:
        transaction.on_commit(partial(_delete, key), robust=True)


def _delete(key: str) -> None:
    files().delete(key)
