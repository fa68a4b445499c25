"""What nobody will ask for again: uploads that never came, bytes without a file, and the bytes of deleted files."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from itertools import islice

from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from apps.core.ids import as_uuid
from apps.core.tenancy import all_organizations, organization_scope
from apps.media.models import Media, MediaObject, MediaState
from apps.media.storage import files

KEEP = dt.timedelta(days=1)
BATCH = 500
PREFIXES = ("incoming", "objects", "simulator")


def sweep_orphans() -> dict[str, int]:
    """Remove what is left over and older than KEEP; return how many of what. Safe beside uploads and other sweeps.

    Network: outside transactions. Bytes go after the commit that says so: what a crash leaves is found the next time.
    """
    before = timezone.now() - KEEP
    return {
        "uploads": _forget_uploads(before),
        "objects": _remove_unused(before),
        "keys": _delete_strays(before),
    }


def _forget_uploads(before: dt.datetime) -> int:
    """Delete the rows of uploads that were never completed; their bytes are strays then."""
    with all_organizations():
        rows = Media.objects.filter(state=MediaState.PENDING, source_url="", created_at__lt=before)
        count, _by_model = rows.delete()
    return count


def _remove_unused(before: dt.datetime) -> int:
    """Remove the bytes that no file needs: all that had them were deleted, the last one before `before`."""
    with all_organizations():
        needed = Media.objects.filter(stored=OuterRef("pk")).exclude(state=MediaState.DELETED)
        unused = list(
            MediaObject.objects.filter(~Exists(needed), removed_at__isnull=True, created_at__lt=before)
            .annotate(last=Max("uses__deleted_at"))
            .exclude(last__gte=before)
            .values_list("organization_id", "pk")[:BATCH]
        )
    return sum(_remove(organization_id, pk, before) for organization_id, pk in unused)


def _remove(organization_id: uuid.UUID, pk: uuid.UUID, before: dt.datetime) -> int:
    """Look again under the row's lock, which uploads of the same bytes and undoing take too, then let the bytes go."""
    with organization_scope(organization_id):
        stored = MediaObject.objects.select_for_update(skip_locked=True).filter(pk=pk, removed_at__isnull=True).first()
        if stored is None:
            return 0
        uses = Media.objects.filter(organization_id=organization_id, stored_id=pk)
        if uses.exclude(state=MediaState.DELETED, deleted_at__lt=before).exists():
            return 0
        stored.removed_at = timezone.now()
        stored.save(update_fields=["removed_at", "updated_at"])
    for key in stored.keys:
        files().delete(key)
    return 1


def _delete_strays(before: dt.datetime) -> int:
    count = 0
    for prefix in PREFIXES:
        old = (entry.key for entry in files().listing(prefix) if entry.modified_at < before)
        while batch := list(islice(old, BATCH)):
            for key in _strays(prefix, batch):
                files().delete(key)
                count += 1
    return count


def _strays(prefix: str, keys: list[str]) -> Iterator[str]:
    """Yield the keys that no row has; of `simulator/…` all, since what a patient sent was fetched long ago."""
    if prefix == "simulator":
        yield from keys
        return
    ids = {key: as_uuid(key.split("/")[2]) if key.count("/") >= 2 else None for key in keys}
    model = Media if prefix == "incoming" else MediaObject
    with all_organizations():
        rows = model._default_manager.filter(pk__in=[pk for pk in ids.values() if pk])
        if prefix == "incoming":
            rows = rows.filter(state__in=[MediaState.PENDING, MediaState.CHECKING])
        else:
            rows = rows.filter(removed_at__isnull=True)
        known = set(rows.values_list("pk", flat=True))
    yield from (key for key, pk in ids.items() if pk not in known)
