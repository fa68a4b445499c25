"""Leave to read a file's bytes: who may, for how long, and the note of it in the access log."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from apps.audit.services import record_access
from apps.core.actors import Actor, ActorKind
from apps.core.errors import Conflict, NotFound
from apps.media.models import Media, MediaObject, MediaState
from apps.media.storage import Reading, files
from apps.organizations.permissions import Permission

PICTURE = "image/webp"


class Variant(StrEnum):
    """Which bytes: the file as an attachment, a picture of it for a screen or a list, or sound and film to play."""

    FILE = "file"
    VIEW = "view"
    PREVIEW = "preview"
    PLAY = "play"


@dataclass(frozen=True, slots=True)
class HandedOut:
    """An address for a few minutes."""

    url: str
    content_type: str


def hand_out(*, media: Media, variant: Variant, actor: Actor, route: str) -> HandedOut:
    """Return where the bytes can be read for some minutes, and note who saw whose file. One insert; no network.

    Raises Conflict for a file that is not ready, NotFound for a variant that it does not have. In the browser the
    address works in the actor's own session only; an API key's address works for whoever has it.
    """
    actor.require(Permission.MEDIA_VIEW)
    if media.state != MediaState.READY or media.stored is None:
        raise Conflict(
            _("This file can’t be opened: %(state)s.") % {"state": media.get_state_display().lower()}, code="not_ready"
        )
    key, content_type, inline = _variant(media.stored, variant)
    reading = Reading(content_type, inline=inline, user_id=str(actor.id) if actor.kind == ActorKind.USER else "")
    if media.patient_id is not None:
        record_access(organization=media.organization, actor=actor, patient_ids=[media.patient_id], route=route)
    return HandedOut(files().reading_url(key, reading), content_type)


def _variant(stored: MediaObject, variant: Variant) -> tuple[str, str, bool]:
    """Return key, type and whether it may be shown in a page: our own pictures, sound and film; nothing else ever."""
    kind = stored.kind
    if variant == Variant.FILE:
        return stored.storage_key, stored.content_type, False
    if variant == Variant.PLAY and kind is not None and kind.plays:
        return stored.storage_key, stored.content_type, True
    if variant == Variant.VIEW and stored.view_key:
        return stored.view_key, PICTURE, True
    if variant == Variant.PREVIEW and stored.preview_key:
        return stored.preview_key, PICTURE, True
    raise NotFound(_("There is no such picture of this file. Download it instead."))
