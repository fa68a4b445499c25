"""The states of the booking flow and the only steps between them."""

from __future__ import annotations

from django.utils.translation import gettext as _

from apps.conversations.models import FlowState
from apps.core.errors import InvalidTransition

S = FlowState

_WISHES = frozenset({S.FOR_WHOM, S.NAME, S.REASON, S.SLOTS, S.CONFIRM, S.BOOKED})

TRANSITIONS: dict[FlowState, frozenset[FlowState]] = {
    S.IDLE: _WISHES,
    S.FOR_WHOM: frozenset({S.NAME, S.BIRTH_DATE}),
    S.NAME: frozenset({S.BIRTH_DATE}),
    S.BIRTH_DATE: frozenset({S.NAME, S.REASON, S.SLOTS, S.CONFIRM, S.BOOKED}),
    S.REASON: frozenset({S.FOR_WHOM, S.NAME, S.SLOTS, S.CONFIRM, S.BOOKED}),
    S.SLOTS: frozenset({S.CONFIRM, S.REASON, S.FOR_WHOM, S.NAME, S.BOOKED}),
    S.CONFIRM: frozenset({S.BOOKED, S.SLOTS, S.REASON, S.FOR_WHOM, S.NAME}),
    S.BOOKED: _WISHES,
    S.HANDED_OVER: frozenset(),
}
"""From each state where the dialogue may go next. Besides, every state may stay, start over (`idle`) and hand over."""


def may_move(before: str, after: str) -> bool:
    """Tell whether the flow has a step from one state to the other."""
    return after in (before, S.IDLE, S.HANDED_OVER) or FlowState(after) in TRANSITIONS[FlowState(before)]


def require_move(before: str, after: str) -> FlowState:
    """Return the new state; raise InvalidTransition when the flow has no such step."""
    if not may_move(before, after):
        raise InvalidTransition(
            _("The conversation can't go from %(before)s to %(after)s.")
            % {"before": FlowState(before).label, "after": FlowState(after).label},
            extra={"from": str(before), "to": str(after)},
        )
    return FlowState(after)
