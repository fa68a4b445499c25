"""How the events of files read in a timeline. Names of files stay out of it: they may say too much."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.events.models import Event
from apps.events.registry import Presentation, present
from apps.media.kinds import KINDS
from apps.media.models import Purpose
from apps.media.selectors import GROUP_WORDS


def _added(event: Event) -> str:
    if event.payload.get("purpose") == Purpose.PHOTO:
        return _("Photo added")
    kind = KINDS.get(event.payload.get("content_type", ""))
    what = GROUP_WORDS[kind.group]() if kind else _("File")
    if event.payload.get("purpose") == Purpose.MESSAGE:
        return _("File sent with a message: %(what)s") % {"what": what}
    return _("File added: %(what)s") % {"what": what}


def _url(event: Event) -> str:
    return f"/files/{event.subject_id}/"


present("file.added", Presentation(icon="file-plus", kind="record", sentence=_added, url=_url))
for _type, _icon, _sentence, _tone in (
    ("file.deleted", "trash", gettext_lazy("File deleted"), "warn"),
    ("file.restored", "restore", gettext_lazy("Deleted file brought back"), "neutral"),
    ("file.photo_chosen", "photo", gettext_lazy("Photo changed"), "neutral"),
    ("file.photo_removed", "photo-off", gettext_lazy("Photo removed"), "neutral"),
):
    present(
        _type, Presentation(icon=_icon, kind="record", sentence=lambda _e, s=_sentence: str(s), url=_url, tone=_tone)
    )
