"""A contact's message comes in: find or open its thread, add it, and let the bot answer when the thread is the bot's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import structlog
from django.db import InterfaceError, OperationalError, transaction

from apps.communications.services import note_inbound
from apps.conversations.attachments import expect_attachments
from apps.conversations.flow import engine
from apps.conversations.flow.turn import Step, Turn
from apps.conversations.models import Author, Conversation, ConversationStatus, Mark, Message, OwnerKind
from apps.conversations.services.ownership import pass_to_staff
from apps.conversations.services.speaking import speak
from apps.conversations.services.threads import add_line, add_mark, announce, lock_contact, wake
from apps.core.actors import BOT, patient_actor
from apps.notifications.rendering import Rendered
from apps.organizations.models import Organization

log = structlog.get_logger(__name__)


@transaction.atomic
def receive_message(
    *,
    organization: Organization,
    channel: str,
    address: str,
    clinic_address: str,
    body: str,
    media: Sequence[Mapping[str, str]] = (),
    provider_id: str,
    profile_name: str = "",
    received_at: dt.datetime,
    opt_out_type: str = "",
) -> Message:
    """Add a contact's message to its thread and answer it; return the line. Idempotent on `provider_id`.

    Waits for other messages of the same contact (advisory lock), then locks the thread. Everything that the message
    causes (patient, hold, booking, planned answer) commits with it or not at all. When the flow itself fails, the
    message stays, and the thread goes to staff. `opt_out_type` is Twilio's verdict (STOP, START, HELP), if it gave one.
    """
    lock_contact(organization, channel, address)
    known = (
        Message.objects.for_organization(organization).filter(provider_id=provider_id).first() if provider_id else None
    )
    if known is not None:
        return known
    note_inbound(organization=organization, channel=channel, address=address, at=received_at)
    thread = _open_thread(organization, channel, address, clinic_address, profile_name)
    is_stale, heard_at = thread.is_memory_stale(received_at), thread.last_inbound_at
    wake(thread)
    message = add_line(thread, author=Author.CONTACT, body=body, media=media, provider_id=provider_id, at=received_at)
    expect_attachments(thread, message)
    thread.last_inbound_at = received_at
    thread.waiting_since = thread.waiting_since or received_at
    if thread.owner_kind != OwnerKind.BOT:
        thread.unread_count += 1
    thread.save()
    announce(
        "message_received", thread, patient_actor(thread.patient_id), message_id=str(message.pk), has_media=bool(media)
    )
    _answer(thread, message, is_stale=is_stale, heard_at=heard_at, opt_out_type=opt_out_type)
    return message


def _open_thread(
    organization: Organization, channel: str, address: str, clinic_address: str, profile_name: str
) -> Conversation:
    """Return the contact's thread that is not closed, locked; open one when there is none."""
    thread: Conversation | None = (
        Conversation.objects.for_organization(organization)
        .with_contact(channel, address)
        .exclude(status=ConversationStatus.CLOSED)
        .select_for_update(of=("self",))
        .select_related("patient", "owner")
        .first()
    )
    if thread is not None:
        thread.organization = organization
        if profile_name and not thread.display_name:
            thread.display_name = profile_name[:120]
        return thread
    answers_itself = engine.can_answer(address)
    thread = Conversation(
        organization=organization,
        channel=channel,
        address=address,
        clinic_address=clinic_address,
        display_name=profile_name[:120],
        language=organization.language,
        owner_kind=OwnerKind.BOT if answers_itself else OwnerKind.NOBODY,
    )
    thread.save(force_insert=True)
    announce("opened", thread, patient_actor(None))
    return thread


def _answer(
    thread: Conversation, message: Message, *, is_stale: bool, heard_at: dt.datetime | None, opt_out_type: str
) -> None:
    """Let the flow read the message and do what it says, in a savepoint; when it fails, staff get the thread.

    A lost database connection or a deadlock is not the flow's failure: it goes up, and the message is processed again.
    """
    turn = Turn.of(thread, message, is_stale=is_stale, heard_at=heard_at, opt_out_type=opt_out_type)
    try:
        with transaction.atomic():
            step = engine.respond(turn)
            if step is not None:
                _apply(thread, turn, step)
            thread.save()
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # whatever fails in the dialogue, the contact gets a person, not silence
        log.exception("conversation.flow_failed", conversation=str(thread.pk), state=thread.state)
        thread.refresh_from_db()
        _apply(thread, turn, engine.failed(turn, error))
        thread.save()


def _apply(thread: Conversation, turn: Turn, step: Step) -> None:
    """Do what the flow decided, in this order: who it is, what to say, who goes on."""
    thread.language = turn.language
    if turn.identified is not None:
        thread.patient = turn.identified.patient
        add_mark(thread, Mark.IDENTIFIED, about=turn.identified.how)
        announce("patient_identified", thread, BOT, how=turn.identified.how)
    if turn.opted:
        add_mark(thread, turn.opted)
    thread.state = engine.next_state(turn, step)
    thread.context = turn.context.to_json()
    if step.text:
        speak(thread, Rendered(body=step.text), actor=BOT, category=step.category)
    elif thread.is_with_bot:
        thread.waiting_since = None
    if step.attention:
        pass_to_staff(thread, attention=step.attention, summary=step.summary, actor=BOT, **step.facts)
    if turn.identified is not None or step.attention:
        thread.version += 1
