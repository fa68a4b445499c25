"""What a thread does when something happens on a lower floor."""

from __future__ import annotations

from apps.communications.models import Communication, Status
from apps.conversations.attachments import SUBJECT
from apps.conversations.models import Message
from apps.conversations.services import show_outbound
from apps.core.actors import SYSTEM
from apps.core.ids import as_uuid
from apps.events.models import Event
from apps.events.registry import on
from apps.media.services import give_to_patient
from apps.organizations.models import Organization


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


@on("conversation.patient_identified")
def give_files_to_patient(event: Event) -> None:
    """Put what was sent before anybody knew who writes among that patient's files.

    Files that belong to somebody already stay, because a household shares a phone; unless a person of staff corrects
    who the contact is: then those of the former patient move.
    """
    before, after = event.changes.get("patient", [None, None])
    found = as_uuid(after) if after else None
    messages = Message.objects.filter(organization_id=event.organization_id, conversation_id=event.subject_id)
    give_to_patient(
        organization=Organization.objects.get(pk=event.organization_id),
        subject_kind=SUBJECT,
        subject_ids=list(messages.exclude(media=[]).values_list("pk", flat=True)),
        former_patient_id=as_uuid(before) if before else None,
        patient_id=found if event.changes else event.patient_id,
        actor=SYSTEM,
    )
