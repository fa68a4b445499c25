"""How the ledger's events read in a timeline."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection

from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.communications.models import Category, Channel, Communication, Status
from apps.communications.policy import Code
from apps.core.actors import Actor
from apps.events.models import Event
from apps.events.registry import Presentation, Told, present, tell
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission

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


_TOLD = {
    Status.READ: (gettext_lazy("Read"), "info", "checks", "read_at"),
    Status.DELIVERED: (gettext_lazy("Delivered"), "neutral", "checks", "delivered_at"),
    Status.SENT: (gettext_lazy("Sent"), "neutral", "check", "sent_at"),
    Status.SCHEDULED: (gettext_lazy("Planned"), "neutral", "clock", "due_at"),
    Status.QUEUED: (gettext_lazy("Queued"), "neutral", "clock", ""),
    Status.SENDING: (gettext_lazy("Queued"), "neutral", "clock", ""),
    Status.CANCELLED: (gettext_lazy("Skipped"), "neutral", "circle-minus", ""),
    Status.BLOCKED: (gettext_lazy("Blocked"), "warn", "ban", ""),
    Status.AMBIGUOUS: (gettext_lazy("Not certain"), "warn", "help", ""),
    Status.UNDELIVERED: (gettext_lazy("Not delivered"), "bad", "alert-circle", "failed_at"),
    Status.FAILED: (gettext_lazy("Not sent"), "bad", "alert-circle", "failed_at"),
}
SHOWN = 400  # characters of a message in a timeline


def tell_of_messages(
    organization: Organization, ids: Collection[uuid.UUID], actor: Actor | None
) -> dict[uuid.UUID, Told]:
    """Return the state of messages, with the words for who may read conversations; one query."""
    rows = Communication.objects.for_organization(organization).filter(pk__in=ids)
    names = ("body", "reason", "status", "read_at", "delivered_at", "sent_at", "due_at", "failed_at")
    may_read = actor is not None and actor.may(Permission.CONVERSATIONS_VIEW)
    told = {}
    for row in rows.only(*names):
        word, tone, icon, moment = _TOLD[Status(row.status)]
        quote = Truncator(row.body or row.reason).chars(SHOWN) if may_read else ""
        told[row.pk] = Told(quote, str(word), tone, icon, getattr(row, moment) if moment else None)
    return told


tell("communication", by="communication.sent", teller=tell_of_messages)
for _what, _icon in _ICONS.items():
    present(
        f"communication.{_what}",
        Presentation(icon=_icon, kind="messages", sentence=_sentence(_what), tone=_TONES.get(_what, "neutral")),
    )
