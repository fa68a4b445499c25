"""What a thread does when something happens on a lower floor."""

from __future__ import annotations

from apps.communications.models import Communication, Status
from apps.conversations.services import show_outbound
from apps.events.models import Event
from apps.events.registry import on


@on("communication.sent", "communication.delivered")
def show_in_thread(event: Event) -> None:
    """Show what else went to the contact (confirmations, reminders) in their thread, beside what was said there."""
    sent = (
        Communication.objects.select_related("organization", "patient")
        .filter(organization_id=event.organization_id, pk=event.subject_id)
        .first()
    )
    if sent is not None and sent.status in (Status.SENT, Status.DELIVERED, Status.READ):
        show_outbound(communication=sent)
