"""Messages that a change makes pointless are cancelled in the transaction of that change."""

from __future__ import annotations

from collections.abc import Collection

from apps.appointments.models import Appointment
from apps.communications.models import Category
from apps.communications.services import cancel_for_context
from apps.core.actors import Actor

CONTEXT_TYPE = Appointment._meta.label
AHEAD_OF_VISIT = frozenset({Category.CONFIRMATION, Category.INVITE, Category.REMINDER})


def call_off(
    appointment: Appointment,
    *,
    reason: str,
    actor: Actor,
    below_version: int | None = None,
    categories: Collection[str] | None = None,
) -> int:
    """Cancel what is still planned about the appointment; return how many. One query when there is nothing."""
    return cancel_for_context(
        organization=appointment.organization,
        context_type=CONTEXT_TYPE,
        context_id=appointment.pk,
        reason=reason,
        actor=actor,
        below_version=below_version,
        categories=categories,
    )
