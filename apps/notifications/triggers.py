"""Which events plan messages: higher floors announce them, rules refer to them."""

from __future__ import annotations

from collections.abc import Sequence

from apps.core.actors import SYSTEM
from apps.events.models import Event
from apps.events.registry import on
from apps.notifications.registry import note_announced
from apps.notifications.services import plan_from_rules
from apps.organizations.models import Organization


def announce(event_type: str, context_type: str, *, replans: Sequence[str] | None = None) -> None:
    """Let rules plan messages when this event happens to an object of this type. Called once per type, at start.

    `replans` are event types whose rules with an offset apply again: unless said otherwise, a `*.rescheduled` plans
    the reminders of its `*.booked` anew. An event whose payload says `tell_patient: false` plans only what has an
    offset: reminders, not the news itself.
    """
    note_announced(event_type, context_type)
    noun, verb = event_type.split(".", 1)
    replanned = tuple(replans if replans is not None else ([f"{noun}.booked"] if verb == "rescheduled" else []))

    def plan_messages(event: Event) -> None:
        version = event.payload.get("version")
        plan_from_rules(
            organization=Organization.objects.get(pk=event.organization_id),
            event_type=event_type,
            context_type=context_type,
            subject_id=event.subject_id,
            actor=SYSTEM,
            version=version if isinstance(version, int) else None,
            replanned=replanned,
            at_once=event.payload.get("tell_patient") is not False,
        )

    plan_messages.__name__ = f"plan_{noun}_{verb}"
    plan_messages.__module__ = __name__
    on(event_type)(plan_messages)
