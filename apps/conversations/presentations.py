"""How conversation events read in a patient's timeline."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from apps.communications.models import Channel
from apps.conversations.models import Attention
from apps.events.models import Event
from apps.events.registry import Presentation, present


def _channel(event: Event) -> str:
    value = event.payload.get("channel", "")
    return str(Channel(value).label) if value in Channel.values else _("a channel")


def _opened(event: Event) -> str:
    return _("Conversation on %(channel)s began") % {"channel": _channel(event)}


def _received(event: Event) -> str:
    if event.payload.get("has_media"):
        return _("Wrote on %(channel)s, with a file") % {"channel": _channel(event)}
    return _("Wrote on %(channel)s") % {"channel": _channel(event)}


def _identified(event: Event) -> str:
    how = {
        "address": _("their own number"),
        "identity": _("name, birth date and number"),
        "new": _("registering as a new patient"),
        "staff": _("a member of staff"),
    }.get(event.payload.get("how", ""), "")
    return _("Identified in the conversation by %(how)s") % {"how": how}


def _handed_over(event: Event) -> str:
    value = event.payload.get("attention", "")
    reason = Attention(value).label if value in Attention.values and value else _("a person is needed")
    return _("Bot handed the conversation to staff: %(reason)s") % {"reason": reason}


def _fixed(text: Callable[[], str]) -> Callable[[Event], str]:
    return lambda _event: text()


present("conversation.opened", Presentation("messages", "messages", _opened))
present("conversation.message_received", Presentation("message", "messages", _received))
present("conversation.patient_identified", Presentation("user-check", "messages", _identified))
present("conversation.handed_over", Presentation("robot-off", "messages", _handed_over, tone="warn"))
present(
    "conversation.taken_over",
    Presentation("user-question", "messages", _fixed(lambda: _("Took over the conversation from the bot"))),
)
present(
    "conversation.handed_back",
    Presentation("robot", "messages", _fixed(lambda: _("Handed the conversation back to the bot"))),
)
present(
    "conversation.note_added",
    Presentation("lock", "messages", _fixed(lambda: _("Internal note written in the conversation"))),
)
present("conversation.closed", Presentation("circle-check", "messages", _fixed(lambda: _("Conversation closed"))))
