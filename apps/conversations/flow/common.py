"""Steps that several states take: not understood, over to staff."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import override

from apps.conversations.flow import wording
from apps.conversations.flow.context import Goal
from apps.conversations.flow.turn import Step, Turn
from apps.conversations.models import Attention, FlowState
from apps.conversations.understanding import Intent, detect_intent, is_question

MOST_TRIES = 2
_SUMMARY_QUOTE = 160


def join(*parts: str) -> str:
    """Put sentences or blocks of an answer together, one block per line; empty ones are left out."""
    return "\n".join(part for part in parts if part)


def unclear(turn: Turn, again: str) -> Step:
    """Say that the message was not understood, or can't be answered, and ask again; twice in a row, hand over.

    Who asks for a moment is only reminded of the question.
    """
    if detect_intent(turn.text, turn.language) == Intent.WAIT:
        return Step(turn.state, join(turn.opening, again))
    turn.context.tries += 1
    if turn.context.tries >= MOST_TRIES:
        return to_staff(turn, Attention.UNCLEAR, wording.colleague_will_answer(turn.clinic_phone))
    asked = is_question(turn.text)
    reply = wording.can_not_answer() if asked else wording.not_understood()
    return Step(turn.state, join(turn.opening, reply, again))


def to_staff(turn: Turn, attention: Attention, text: str, **facts: str) -> Step:
    """End the bot's part: a person goes on, with a summary of what is known."""
    return Step(
        FlowState.HANDED_OVER, join(turn.opening, text), attention=attention, summary=summary(turn), facts=dict(facts)
    )


def summary(turn: Turn) -> str:
    """Return what staff should know before they read the thread, in the organization's language."""
    context = turn.context
    with override(turn.organization.language):
        goals = {
            Goal.BOOK: _("wants a visit"),
            Goal.MOVE: _("wants to move a visit"),
            Goal.CANCEL: _("wants to cancel a visit"),
            Goal.CONFIRM: _("wants to confirm a visit"),
            Goal.VIEW: _("asks about a visit"),
        }
        known = context.patient_id or turn.thread.patient_id
        parts = [
            _("Verified") if known else _("Not verified"),
            goals[context.goal],
            _("for someone else") if context.for_other else "",
            _("reason: %(reason)s") % {"reason": context.reason} if context.reason else "",
            _("says the name is %(name)s") % {"name": f"{context.given_name} {context.family_name}".strip()}
            if context.given_name
            else "",
            _("was offered times %(count)d times") % {"count": context.rounds} if context.rounds else "",
            _("last: “%(text)s”") % {"text": turn.text[:_SUMMARY_QUOTE]} if turn.text.strip() else "",
        ]
    return " · ".join(part for part in parts if part)
