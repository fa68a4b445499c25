"""How the events of journeys read in a timeline."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from apps.events.models import Event
from apps.events.registry import Presentation, present


def _names(event: Event) -> dict[str, str]:
    return {
        "journey": event.payload.get("journey_name", ""),
        "stage": event.payload.get("stage_name", ""),
        "from": event.payload.get("from_name", ""),
        "reason": event.payload.get("reason", ""),
    }


def _started(event: Event) -> str:
    return _("%(journey)s began: %(stage)s") % _names(event)


def _advanced(event: Event) -> str:
    if event.payload.get("skipped"):
        return _("%(journey)s: %(from)s → %(stage)s, stages passed over") % _names(event)
    return _("%(journey)s: %(from)s → %(stage)s") % _names(event)


def _returned(event: Event) -> str:
    return _("%(journey)s went back to %(stage)s: %(reason)s") % _names(event)


def _paused(event: Event) -> str:
    return _("%(journey)s paused in %(stage)s") % _names(event)


def _resumed(event: Event) -> str:
    return _("%(journey)s goes on in %(stage)s") % _names(event)


def _completed(event: Event) -> str:
    return _("%(journey)s completed") % _names(event)


def _cancelled(event: Event) -> str:
    return _("%(journey)s cancelled: %(reason)s") % _names(event)


def _url(event: Event) -> str:
    try:
        return reverse("journeys:instance", args=[event.subject_id])
    except NoReverseMatch:
        return ""


for _type, _icon, _sentence, _tone in (
    ("journey.started", "route", _started, "neutral"),
    ("journey.advanced", "arrow-right", _advanced, "neutral"),
    ("journey.returned", "arrow-back-up", _returned, "warn"),
    ("journey.paused", "player-pause", _paused, "neutral"),
    ("journey.resumed", "player-play", _resumed, "neutral"),
    ("journey.completed", "check", _completed, "ok"),
    ("journey.cancelled", "x", _cancelled, "neutral"),
):
    present(_type, Presentation(icon=_icon, kind="journeys", sentence=_sentence, url=_url, tone=_tone))
