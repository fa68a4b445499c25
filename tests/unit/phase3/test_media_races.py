"""Two at once: the same bytes, the same upload, a sweep beside an upload of what it removes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from apps.core import tenancy
from apps.core.actors import SYSTEM
from apps.core.tenancy import all_organizations, organization_scope
from apps.media.models import Media, MediaObject
from apps.media.services import complete_upload, create_upload, delete_media, intake, sweep_orphans, sweeping
from apps.media.storage import files
from tests.fixtures.media import keys_of, picture
from tests.fixtures.racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)
CONTENT = picture()


def sent(organization: Any, content: bytes = CONTENT) -> Media:
    """Ask for an upload and put the bytes where they are expected."""
    from django.core.files.base import ContentFile

    with organization_scope(organization.pk):
        media, _form = create_upload(organization=organization, file_name="a.jpg", size=len(content), actor=SYSTEM)
    files().save(media.incoming_key, ContentFile(content))
    return media


def complete(media: Media) -> Media:
    with organization_scope(media.organization_id):
        return complete_upload(media=media, actor=SYSTEM)


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let both look whether the bytes are known before either has stored them."""
    barrier, honest = threading.Barrier(2), intake._candidate

    def look_and_wait(*args: Any) -> MediaObject:
        found = honest(*args)
        barrier.wait(timeout=20)
        return found

    monkeypatch.setattr(intake, "_candidate", look_and_wait)


def kept(organization: Any) -> tuple[list[str], int, list[str]]:
    """Return the states of the files, how many different bytes they have, and the keys of those."""
    with organization_scope(organization.pk):
        rows = list(Media.objects.order_by("id").values_list("state", "stored"))
    keys = [key for key in keys_of(organization) if key.startswith("objects/")]
    return [state for state, _stored in rows], len({stored for _state, stored in rows}), keys


def test_the_same_file_uploaded_twice_at_once_is_stored_once(organization, storage, meeting):
    done = at_once(2, [sent(organization), sent(organization)], complete)
    assert [type(one) for one in done] == [Media, Media], done
    states, different, keys = kept(organization)
    assert (states, different, len(keys)) == (["ready", "ready"], 1, 3)


def test_the_control_without_the_constraint_stores_it_twice(organization, folder, meeting):
    with without_the_constraint():
        at_once(2, [sent(organization), sent(organization)], complete)
        states, different, keys = kept(organization)
    assert (states, different, len(keys)) == (["ready", "ready"], 2, 6)


def test_an_upload_completed_twice_at_once_is_one_file(organization, folder, meeting):
    media = sent(organization)
    done = at_once(2, [media, media], complete)
    assert {one.state for one in done} == {"ready"}
    states, different, keys = kept(organization)
    assert (states, different, len(keys)) == (["ready"], 1, 3)


def test_a_sweep_leaves_what_is_uploaded_again_meanwhile(organization, storage, monkeypatch):
    """The upload has seen the row of the bytes; then the sweep removes them; then the upload goes on."""
    first = complete(sent(organization))
    with organization_scope(organization.pk):
        delete_media(media=first, reason="sent twice", actor=SYSTEM)
    age_nothing(monkeypatch)
    honest, swept = intake._candidate, []

    def look_then_sweep(*args: Any) -> MediaObject:
        found = honest(*args)
        if not swept:
            thread = threading.Thread(target=lambda: swept.append(in_another_connection(sweep_orphans)))
            thread.start()
            thread.join()
        return found

    monkeypatch.setattr(intake, "_candidate", look_then_sweep)
    second = in_no_transaction(sent(organization))
    assert second.state == "ready"
    with organization_scope(organization.pk):
        stored = Media.objects.for_list().get(pk=second.pk).stored
        assert (stored.removed_at, stored.pk == first.stored_id) == (None, False)
    assert all(files().exists(key) for key in stored.keys)


def in_no_transaction(media: Media) -> Media:
    """Take an upload in as the background does: no transaction around it that would hide the sweep's commit."""
    with files().open(media.incoming_key) as stream:
        return intake.take_in(media=media, chunks=[stream.read()], limit=10**8, actor=SYSTEM)


def in_another_connection(work: Any) -> Any:
    try:
        return work()
    finally:
        connection.close()


def age_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything count as old, what is awaited just now excepted."""
    import datetime as dt

    monkeypatch.setattr(sweeping, "KEEP", dt.timedelta(seconds=-30))
    monkeypatch.setattr(sweeping, "_forget_uploads", lambda _before: 0)


@contextmanager
def without_the_constraint() -> Iterator[None]:
    """Take the unique index away for the block; afterwards files are emptied and it stands again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [intake.ONCE])
        (definition,) = cursor.fetchone()
    as_owner(f"DROP INDEX {intake.ONCE}")
    try:
        yield
    finally:
        as_owner("TRUNCATE media_media, media_mediaobject", definition)


def as_owner(*statements: str) -> None:
    with tenancy.as_owner(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_nothing_of_these_tests_stays(organization):
    with all_organizations():
        assert not MediaObject.objects.exists()
