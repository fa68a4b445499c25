"""Files that are fetched from where somebody else keeps them, and uploads too large to look at while a person waits.

Both are rows with a due time; a worker claims them, works outside any transaction, and settles each by itself.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid

import structlog
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from apps.core.actors import SYSTEM, Actor
from apps.core.errors import InvalidTransition
from apps.core.tenancy import all_organizations, organization_scope
from apps.core.wake import wake
from apps.media.examining import chunks_of, most_bytes
from apps.media.fetching import FetchFailed, access_to, fetched
from apps.media.kinds import common_type
from apps.media.models import Media, MediaState, Purpose
from apps.media.services.intake import announce, reject, take_in, uploader_of
from apps.media.services.uploads import QUEUE, WORK_TASK
from apps.media.storage import files
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission

log = structlog.get_logger(__name__)
LEASE = dt.timedelta(minutes=5)
MOST_ATTEMPTS = 8
FIRST_PAUSE_SECONDS = 5


@transaction.atomic
def expect_media(
    *,
    organization: Organization,
    source: str,
    source_url: str,
    source_account: str = "",
    content_type: str = "",
    subject_kind: str,
    subject_id: uuid.UUID,
    position: int = 0,
    patient_id: uuid.UUID | None = None,
) -> None:
    """Note a file that a source has, and wake the worker that fetches it. Idempotent on subject and position."""
    row = Media(
        organization=organization,
        patient_id=patient_id,
        purpose=Purpose.MESSAGE,
        subject_kind=subject_kind,
        subject_id=subject_id,
        position=position,
        claimed_type=common_type(content_type)[:100],
        source=source,
        source_url=source_url,
        source_account=source_account,
        due_at=timezone.now(),
    )
    Media.objects.bulk_create([row], ignore_conflicts=True)
    wake(WORK_TASK, queue=QUEUE)


@transaction.atomic
def fetch_again(*, media: Media, actor: Actor) -> Media:
    """Try once more to fetch a file that could not be fetched; raise InvalidTransition for any other."""
    actor.require(Permission.MEDIA_MANAGE)
    row: Media = Media.objects.select_for_update(of=("self",)).get(pk=media.pk)
    if row.state != MediaState.REJECTED or not row.is_fetched:
        raise InvalidTransition(_("Only a file that could not be fetched can be fetched again."))
    row.state, row.reason, row.reason_code = MediaState.PENDING, "", ""
    row.attempts, row.due_at = 0, timezone.now()
    row.save(update_fields=["state", "reason", "reason_code", "attempts", "due_at", "updated_at"])
    announce("awaited", row, actor)
    wake(WORK_TASK, queue=QUEUE)
    return row


def work_on_due(*, limit: int = 5) -> int:
    """Fetch or examine up to `limit` files that are due; return how many were taken. Safe on any number of workers.

    A claim moves `due_at` past a lease, so a killed worker's files come back by themselves. Network: not in a transaction.
    """
    now = timezone.now()
    with all_organizations():
        claimed = list(
            Media.objects.filter(due_at__lte=now, state__in=[MediaState.PENDING, MediaState.CHECKING])
            .select_related("organization", "uploaded_by")
            .order_by("due_at", "id")
            .select_for_update(skip_locked=True, of=("self",))[:limit]
        )
        Media.objects.filter(pk__in=[row.pk for row in claimed]).update(
            due_at=now + LEASE, attempts=models.F("attempts") + 1
        )
    for row in claimed:
        row.attempts += 1
        with override(row.organization.language):
            _work(row)
    return len(claimed)


def _work(row: Media) -> None:
    try:
        if row.state == MediaState.CHECKING:
            with files().open(row.incoming_key) as stream:
                take_in(media=row, chunks=chunks_of(stream), limit=most_bytes(), actor=uploader_of(row))
            return
        with organization_scope(row.organization_id):
            access = access_to(row)
        with fetched(access, limit=most_bytes()) as chunks:
            take_in(media=row, chunks=chunks, limit=most_bytes(), actor=SYSTEM)
    except FetchFailed as failure:
        _postpone(row, failure.code, failure.text, again=failure.again)
    except FileNotFoundError:
        _postpone(row, "not_uploaded", _("The file did not arrive. Upload it again."), again=False)
    except Exception as error:  # whatever fails with one file, the next ones get their turn
        log.exception("media.work_failed", media=str(row.pk), attempt=row.attempts)
        _postpone(row, type(error).__name__[:40], _("The file could not be read. Try again later."), again=True)


def _postpone(row: Media, code: str, text: str, *, again: bool) -> None:
    """Try again later, longer each time (in all about twenty minutes), or give up with the reason."""
    if not again or row.attempts >= MOST_ATTEMPTS:
        reject(media=row, code=code, reason=text, actor=SYSTEM)
        return
    pause = FIRST_PAUSE_SECONDS * 2 ** (row.attempts - 1) * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load
    with organization_scope(row.organization_id):
        Media.objects.filter(pk=row.pk, state=row.state).update(due_at=timezone.now() + dt.timedelta(seconds=pause))
