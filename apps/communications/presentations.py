"""How the ledger's events read in a timeline."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.communications.models import Category, Channel
from apps.communications.policy import Code
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
_WORDS = {
    "planned": gettext_lazy("%(message)s planned by %(channel)s"),
    "sent": gettext_lazy("%(message)s sent by %(channel)s"),
    "delivered": gettext_lazy("%(message)s delivered by %(channel)s"),
    "read": gettext_lazy("%(message)s read on %(channel)s"),
    "failed": gettext_lazy("%(message)s could not be sent by %(channel)s"),
    "undelivered": gettext_lazy("%(message)s was not delivered by %(channel)s"),
    "blocked": gettext_lazy("%(message)s held back: it may not go out by %(channel)s now"),
    "cancelled": gettext_lazy("%(message)s by %(channel)s cancelled"),
    "ambiguous": gettext_lazy("%(message)s by %(channel)s: not certain whether it was sent"),
    "pulled_forward": gettext_lazy("%(message)s by %(channel)s pulled forward"),
}
# The send policy's code is in the event; its words are for the reader.
_WHY_HELD_BACK: dict[str | None, Promise] = {
    Code.CONSENT_WITHDRAWN: gettext_lazy("%(message)s held back: the patient withdrew consent for %(channel)s"),
    Code.CONSENT_REFUSED: gettext_lazy("%(message)s held back: the patient refused consent for %(channel)s"),
    Code.CONSENT_MISSING: gettext_lazy("%(message)s held back: no consent for %(channel)s is recorded"),
    Code.OPTED_OUT: gettext_lazy("%(message)s held back: the person opted out of %(channel)s"),
    Code.UNREACHABLE: gettext_lazy("%(message)s held back: the number can’t be reached on %(channel)s"),
    Code.WINDOW_CLOSED: gettext_lazy("%(message)s held back: %(channel)s takes only approved templates now"),
    Code.NO_ACCOUNT: gettext_lazy("%(message)s held back: the clinic has no sender for %(channel)s"),
}
_TONES = {"failed": "bad", "undelivered": "bad", "blocked": "warn", "ambiguous": "warn"}


def _sentence(what: str) -> Callable[[Event], str]:
    def sentence(event: Event) -> str:
        words = _WHY_HELD_BACK.get(event.payload.get("error_code")) if what == "blocked" else None
        return str(words or _WORDS[what]) % {
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
