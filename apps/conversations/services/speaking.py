"""Saying something in a thread: the bot's words, a colleague's reply, an internal note."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.communications import policy
from apps.communications.models import Category, Channel, Communication
from apps.communications.services import plan_communication
from apps.communications.services.planning import MOST_CHARACTERS
from apps.conversations.canned import require_template
from apps.conversations.models import Author, Conversation, ConversationStatus, Mark, Message, MessageKind, OwnerKind
from apps.conversations.services.threads import (
    add_line,
    add_mark,
    announce,
    lock_thread,
    require_open,
    save_decision,
    settle,
    user_of,
    wake,
)
from apps.core.actors import BOT, Actor
from apps.core.errors import Conflict, InvalidInput
from apps.notifications.rendering import Rendered
from apps.organizations.models import User
from apps.organizations.permissions import Permission

MAX_NOTE = 5000


@transaction.atomic
def bot_say(*, conversation: Conversation, body: str) -> Message | None:
    """Let the bot say something, unless a person (or nobody yet) owns the thread: then say nothing and return None.

    The owner is read under the row's lock, in the transaction that plans the message, so the bot never talks over a
    person who took over meanwhile.
    """
    thread = lock_thread(conversation)
    if not thread.is_with_bot:
        return None
    message = speak(thread, Rendered(body=body), actor=BOT)
    thread.save()
    return message


@transaction.atomic
def send_reply(
    *, conversation: Conversation, body: str, actor: Actor, version: int | None = None, via: str = ""
) -> Message:
    """Send a colleague's words to the contact; whoever answers a thread without an owner owns it from then on.

    `via` sends on another channel to the same address (SMS while WhatsApp is closed). Locks the thread. Raises InvalidInput for an empty or too long text, InvalidTransition for a closed thread, and
    Conflict (code `not_allowed_now`) when the send policy refuses: with its reason, when it would be legal, and what
    is possible instead.
    """
    actor.require(Permission.CONVERSATIONS_REPLY)
    channel = _channel(conversation, via)
    text = _checked(body, MOST_CHARACTERS[channel])
    thread = lock_thread(conversation, version=version)
    require_open(thread)
    _require_allowed(thread, channel)
    return _say_as_person(thread, Rendered(body=text), channel=channel, actor=actor)


@transaction.atomic
def send_template_reply(
    *, conversation: Conversation, template_key: str, actor: Actor, version: int | None = None, via: str = ""
) -> Message:
    """Send one of the clinic's templates to the contact: what WhatsApp takes when its 24 hours are over.

    Locks the thread. Raises NotFound when no such template fits (`canned.fitting_templates`), else as `send_reply`.
    """
    actor.require(Permission.CONVERSATIONS_REPLY)
    channel = _channel(conversation, via)
    thread = lock_thread(conversation, version=version)
    require_open(thread)
    chosen = require_template(conversation=thread, key=template_key, channel=channel)
    _require_allowed(thread, channel, content_sid=chosen.words.content_sid)
    return _say_as_person(thread, chosen.words, channel=channel, actor=actor, template_key=template_key)


def _say_as_person(
    thread: Conversation, words: Rendered, *, channel: Channel, actor: Actor, template_key: str = ""
) -> Message:
    user = user_of(actor)
    message = speak(thread, words, actor=actor, user=user, channel=channel, template_key=template_key)
    decided = _own_if_free(thread, user, actor)
    wake(thread)
    settle(thread)
    if decided:
        save_decision(thread)
    else:
        thread.save()
    return message


@transaction.atomic
def add_note(*, conversation: Conversation, body: str, actor: Actor) -> Message:
    """Write an internal note into a thread; it never leaves the clinic. Notes fit on closed threads too."""
    actor.require(Permission.CONVERSATIONS_REPLY)
    text = _checked(body, MAX_NOTE)
    thread = lock_thread(conversation)
    note = add_line(
        thread, author=Author.PERSON, kind=MessageKind.NOTE, body=text, user=user_of(actor), at=timezone.now()
    )
    thread.save(update_fields=["message_count", "updated_at"])
    announce("note_added", thread, actor, message_id=str(note.pk))
    return note


def speak(
    thread: Conversation,
    words: Rendered,
    *,
    actor: Actor,
    user: User | None = None,
    category: Category = Category.REPLY,
    channel: Channel | None = None,
    template_key: str = "",
) -> Message:
    """Plan a message in a locked thread and add its line; the caller saves the thread. Policy decides at send time."""
    communication = plan_communication(
        organization=thread.organization,
        channel=channel or thread.channel,
        category=category,
        to_address=thread.address,
        body=words.body,
        template_key=template_key,
        content_sid=words.content_sid,
        content_variables=words.content_variables,
        dedupe_key=f"conversation:{thread.pk}:{thread.message_count + 1}",
        actor=actor,
        patient=thread.patient,
        language=thread.language,
        conversation_id=thread.pk,
    )
    author = Author.BOT if actor == BOT else Author.PERSON
    message = add_line(
        thread, author=author, body=words.body, user=user, communication=communication, at=timezone.now()
    )
    if author == Author.BOT and thread.owner_kind == OwnerKind.BOT:
        thread.waiting_since = None
    announce("message_sent", thread, actor, message_id=str(message.pk), author=str(author))
    return message


@transaction.atomic
def show_outbound(*, communication: Communication) -> Message | None:
    """Add a line for a message that went to the contact outside the dialogue (a reminder), once, if a thread is there.

    Changes neither who waits nor what is unread: nobody is expected to do anything about it.
    """
    if Message.objects.filter(communication=communication).exists():
        return None
    thread = (
        Conversation.objects.for_organization(communication.organization)
        .with_contact(communication.channel, communication.to_address)
        .exclude(status=ConversationStatus.CLOSED)
        .first()
    )
    if thread is None:
        return None
    thread = lock_thread(thread)
    if Message.objects.filter(communication=communication).exists():
        return None
    sent_at = communication.sent_at or timezone.now()
    line = add_line(thread, author=Author.SYSTEM, body=communication.body, communication=communication, at=sent_at)
    thread.save()
    return line


def _own_if_free(thread: Conversation, user: User | None, actor: Actor) -> bool:
    if user is None or thread.owner_kind == OwnerKind.PERSON:
        return False
    before = thread.owner_kind
    thread.owner_kind, thread.owner = OwnerKind.PERSON, user
    add_mark(thread, Mark.TAKEN_OVER, user=user)
    announce("taken_over", thread, actor, changes={"owner_kind": [before, OwnerKind.PERSON]}, owner_id=str(user.pk))
    return True


def _channel(conversation: Conversation, via: str) -> Channel:
    """Return the channel to answer on: the thread's, or the other one that reaches the same number."""
    phones = {Channel.WHATSAPP, Channel.SMS}
    if not via or via == conversation.channel:
        return Channel(conversation.channel)
    if via not in phones or conversation.channel not in phones:
        message = _("This contact can be answered on %(channel)s only.") % {
            "channel": conversation.get_channel_display()
        }
        raise InvalidInput(message, errors={"via": [message]})
    return Channel(via)


def _decide(thread: Conversation, channel: Channel, content_sid: str = "") -> policy.Decision:
    return policy.decide(
        organization=thread.organization,
        channel=channel,
        category=Category.REPLY,
        address=thread.address,
        patient=thread.patient,
        content_sid=content_sid,
    )


def _require_allowed(thread: Conversation, channel: Channel, content_sid: str = "") -> None:
    decision = _decide(thread, channel, content_sid)
    if decision.allowed:
        return
    raise Conflict(
        decision.reason,
        code="not_allowed_now",
        extra={
            "reason": str(decision.code),
            "legal_at": decision.legal_at.isoformat() if decision.legal_at else None,
            "instead": _instead(thread, channel, decision.code),
        },
    )


def _instead(thread: Conversation, channel: Channel, code: policy.Code) -> list[str]:
    """Return what may be sent although a free text may not: an approved template, or the same number by SMS."""
    if channel != Channel.WHATSAPP:
        return []
    by_sms = ["sms"] if _decide(thread, Channel.SMS).allowed else []
    return ["template", *by_sms] if code == policy.Code.WINDOW_CLOSED else by_sms


def _checked(body: str, limit: int) -> str:
    text = body.replace("\x00", "").strip()
    if not text:
        raise InvalidInput(_("Write something first."), errors={"body": [_("Write something first.")]})
    if len(text) > limit:
        message = _("The text has %(length)d characters; this channel takes %(limit)d. Shorten it.") % {
            "length": len(text),
            "limit": limit,
        }
        raise InvalidInput(message, errors={"body": [message]})
    return text
