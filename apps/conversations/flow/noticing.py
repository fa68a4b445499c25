"""What a message says besides the answer that was asked for: a wish, its reason, its time, for whom."""

from __future__ import annotations

from typing import Any

from apps.conversations.flow.context import Goal
from apps.conversations.flow.offering import has_keyword, practitioners_named, wish_to_json
from apps.conversations.flow.searching import refined
from apps.conversations.flow.turn import Turn
from apps.conversations.understanding import Intent, When, Whom, detect_intent, parse_for_whom, parse_when

REASON_LENGTH = 300
GOALS = {
    Intent.CANCEL: Goal.CANCEL,
    Intent.CANNOT_ATTEND: Goal.CANCEL,
    Intent.RESCHEDULE: Goal.MOVE,
    Intent.VIEW: Goal.VIEW,
    Intent.KEEP: Goal.VIEW,
    Intent.CONFIRM: Goal.CONFIRM,
}
"""Intents that are about a visit that is booked, and what they want of it."""


def note_new_visit(turn: Turn, intent: Intent) -> None:
    """Note what the message says of a new visit: for whom, why, when and with whom.

    What it does not say stays as an earlier message of the same wish said it.
    """
    context = turn.context
    whom = parse_for_whom(turn.text, turn.language)
    if whom is not None:
        context.for_other = whom.who == Whom.OTHER
    if names_reason(turn, intent):
        context.reason = clean_reason(turn.text)
    context.wish = wish_to_come(turn) or context.wish
    context.practitioner_ids = (
        practitioners_named(turn.organization, turn.text, titled=True) or context.practitioner_ids
    )


def names_reason(turn: Turn, intent: Intent) -> bool:
    """Tell whether the message says why somebody wants to come; at most one query."""
    return intent == Intent.SYMPTOM or has_keyword(turn.organization, turn.text) or _names_symptom(turn)


def wish_in(turn: Turn) -> When | None:
    """Return the days and times that a message names, None when it names none."""
    return parse_when(
        turn.text,
        now=turn.now.astimezone(turn.organization.zone),
        language=turn.language,
        day_first=turn.day_first,
    )


def wish_to_come(turn: Turn) -> dict[str, Any] | None:
    """Return the days and times that a message names, as the memory keeps them; None for none, and for past ones.

    A day for the hours that were named before, and hours for the day, go together.
    """
    wish = wish_in(turn)
    return wish_to_json(refined(turn, wish)) if wish is not None and not wish.past else None


def clean_reason(text: str) -> str:
    """Return the contact's words on one line, as long as staff need."""
    return " ".join(text.split())[:REASON_LENGTH]


def _names_symptom(turn: Turn) -> bool:
    """Tell whether a part of the message is a complaint, beside the request for a visit."""
    parts = turn.text[:1000].replace("!", ".").replace(",", ".").replace("\n", ".").replace(";", ".").split(".")
    return len(parts) > 1 and any(detect_intent(part, turn.language) == Intent.SYMPTOM for part in parts[:10])
