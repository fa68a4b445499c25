"""How the ledger's events read in a timeline."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from apps.communications.models import Category, Channel
from apps.events.models import Event
from apps.events.registry import Presentation, present

_ICONS = {
    "planned": "clock",
    "sent": "send",
    "delivered": "checks",
    "read": "eye",
    "failed": "message-x",
    "undelivered": "message-x",
    "blocked": "message-off",
    "cancelled": "x",
    "ambiguous": "help",
    "pulled_forward": "clock",
}
_TONES = {"failed": "bad", "undelivered": "bad", "blocked": "warn", "ambiguous": "warn"}


def _sentence(what: str) -> Callable[[Event], str]:
    def sentence(event: Event) -> str:
        words = {
            "planned": _("%(message)s planned by %(channel)s"),
            "sent": _("%(message)s sent by %(channel)s"),
            "delivered": _("%(message)s delivered by %(channel)s"),
            "read": _("%(message)s read on %(channel)s"),
            "failed": _("%(message)s could not be sent by %(channel)s"),
            "undelivered": _("%(message)s was not delivered by %(channel)s"),
            "blocked": _("%(message)s held back: it may not go out by %(channel)s now"),
            "cancelled": _("%(message)s by %(channel)s cancelled"),
            "ambiguous": _("%(message)s by %(channel)s: not certain whether it was sent"),
            "pulled_forward": _("%(message)s by %(channel)s pulled forward"),
        }
        return words[what] % {
            "message": _label(Category, event.payload.get("category")),
            "channel": _label(Channel, event.payload.get("channel")),
        }

    return sentence


def _label(choices: type[Category] | type[Channel], value: str | None) -> str:
    return str(choices(value).label) if value in choices.values else _("Message")


for _what, _icon in _ICONS.items():
    present(
        f"communication.{_what}",
        Presentation(icon=_icon, kind="messages", sentence=_sentence(_what), tone=_TONES.get(_what, "neutral")),
    )
