"""Every write on conversations. Staff services take the version that the caller saw and raise StaleVersion when it is old."""

from apps.conversations.services.lifecycle import (
    close_conversation,
    link_patient,
    mark_read,
    reopen,
    snooze,
    sweep,
    unsnooze,
)
from apps.conversations.services.ownership import assign, hand_back, hand_over, take_over
from apps.conversations.services.receiving import receive_message
from apps.conversations.services.speaking import add_note, bot_say, send_reply, send_template_reply, show_outbound

__all__ = [
    "add_note",
    "assign",
    "bot_say",
    "close_conversation",
    "hand_back",
    "hand_over",
    "link_patient",
    "mark_read",
    "receive_message",
    "reopen",
    "send_reply",
    "send_template_reply",
    "show_outbound",
    "snooze",
    "sweep",
    "take_over",
    "unsnooze",
]
