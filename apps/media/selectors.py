"""Files as pages show them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.errors import NotFound
from apps.core.shown import Shown
from apps.media.kinds import KINDS, Group, Kind
from apps.media.models import Media, MediaState
from apps.organizations.models import Organization
from apps.patients.models import SAID_NO, Consent, ConsentPurpose

ICONS = {
    Group.IMAGE: "photo",
    Group.PDF: "file-text",
    Group.TEXT: "file-text",
    Group.WORD: "file-text",
    Group.AUDIO: "microphone",
    Group.VIDEO: "video",
    Group.CARD: "id-badge-2",
}
GROUP_WORDS = {
    Group.IMAGE: lambda: _("Picture"),
    Group.PDF: lambda: _("PDF"),
    Group.TEXT: lambda: _("Text"),
    Group.WORD: lambda: _("Word document"),
    Group.AUDIO: lambda: _("Sound"),
    Group.VIDEO: lambda: _("Film"),
    Group.CARD: lambda: _("Contact card"),
}


@dataclass(frozen=True, slots=True)
class FileShown(Shown):
    """One file: what it is called and looks like. `group` is "" while nobody knows what it is."""

    id: uuid.UUID
    name: str
    group: str
    icon: str
    what: str
    facts: str
    size: str
    day: str
    state: str
    state_label: str
    reason: str
    is_ready: bool
    has_picture: bool
    plays: str
    is_photo: bool
    may_be_fetched_again: bool


def get_media(*, organization: Organization, media_id: uuid.UUID) -> Media:
    """Return one file with its bytes' row, patient and uploader; raise NotFound for another organization's. One query."""
    media: Media | None = Media.objects.for_organization(organization).for_list().filter(pk=media_id).first()
    if media is None:
        raise NotFound(_("There is no such file here. It may have been removed; look among the patient’s files."))
    media.organization = organization
    return media


def same_file(media: Media) -> Media | None:
    """Return the patient's earliest other file with the same bytes; one query, none when there is nothing to compare."""
    if media.patient_id is None or media.stored_id is None or media.state != MediaState.READY:
        return None
    others = Media.objects.filter(organization_id=media.organization_id, patient_id=media.patient_id).ready()
    found: Media | None = others.filter(stored_id=media.stored_id).exclude(pk=media.pk).order_by("id").first()
    return found


def files_of_patient(*, organization: Organization, patient_id: uuid.UUID, limit: int) -> list[FileShown]:
    """Return a patient's files, newest first, with those that are on their way; one query."""
    rows = Media.objects.for_organization(organization).of_patient(patient_id).for_list()
    return [shown(row) for row in _visible(rows).order_by("-id")[:limit]]


def files_of_subjects(
    *, organization_id: uuid.UUID, kind: str, ids: list[uuid.UUID]
) -> dict[uuid.UUID, list[FileShown]]:
    """Return the files of some objects by object, in their order; one query, none for no object."""
    found: dict[uuid.UUID, list[FileShown]] = defaultdict(list)
    if ids:
        rows = Media.objects.filter(organization_id=organization_id).about(kind, ids).for_list()
        for row in rows.order_by("position", "id"):
            found[row.subject_id].append(shown(row))
    return found


def photo_of(*, organization: Organization, patient_id: uuid.UUID) -> Media | None:
    """Return the picture that is the patient's photo, unless they said no to photos; two queries at most."""
    photo: Media | None = (
        Media.objects.for_organization(organization).of_patient(patient_id).photos().select_related("stored").first()
    )
    return None if photo is None or photos_are_refused(patient_id) else photo


def photos_are_refused(patient_id: uuid.UUID | None) -> bool:
    """Tell whether the patient refused photos or withdrew the consent to them; one query."""
    return Consent.objects.filter(patient_id=patient_id, purpose=ConsentPurpose.PHOTOS, status__in=SAID_NO).exists()


def _visible(rows: Iterable[Media]) -> Iterable[Media]:
    """Keep what a person should see: no deleted ones, no uploads that somebody only began or that were refused."""
    return rows.filter(state__in=[MediaState.READY, MediaState.CHECKING]) | rows.filter(
        state__in=[MediaState.PENDING, MediaState.REJECTED]
    ).exclude(source_url="")


def shown(media: Media) -> FileShown:
    """Return how a file shows; reads its bytes' row (select it with the file)."""
    stored = media.stored
    kind = stored.kind if stored else KINDS.get(media.claimed_type)
    what = GROUP_WORDS[kind.group]() if kind else _("File")
    size = filesizeformat(stored.size) if stored else ""
    return FileShown(
        id=media.pk,
        name=media.file_name or what,
        group=kind.group.value if kind else "",
        icon=ICONS[kind.group] if kind else "file",
        what=what,
        facts=" · ".join(part for part in (what if media.file_name else "", _pages(media), size) if part),
        size=size,
        day=date_format(timezone.localtime(media.created_at), "j M Y"),
        state=media.state,
        state_label=_state_words(media),
        reason=media.reason,
        is_ready=media.is_ready,
        has_picture=bool(stored and stored.preview_key) and media.is_ready,
        plays=_player(kind) if media.is_ready else "",
        is_photo=media.photo_at is not None and media.is_ready,
        may_be_fetched_again=media.state == MediaState.REJECTED and media.is_fetched,
    )


def _pages(media: Media) -> str:
    pages = media.stored.pages if media.stored else None
    return ngettext("%(n)d page", "%(n)d pages", pages) % {"n": pages} if pages else ""


def _state_words(media: Media) -> str:
    if media.state == MediaState.PENDING and media.is_fetched:
        return _("Being fetched from the carrier")
    return str(media.get_state_display())


def _player(kind: Kind | None) -> str:
    return kind.group.value if kind is not None and kind.plays and kind.content_type != "audio/amr" else ""
