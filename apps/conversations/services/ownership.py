"""Who answers a thread: the bot, a person, or nobody yet. Every change happens under the thread's lock."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.conversations.flow.context import FlowContext
from apps.conversations.models import Attention, Conversation, FlowState, Mark, OwnerKind
from apps.conversations.services.threads import (
    SUMMARY,
    add_mark,
    announce,
    lock_thread,
    require_open,
    save_decision,
    user_of,
    wake,
)
from apps.core.actors import Actor
from apps.core.errors import Conflict, InvalidInput, InvalidTransition, NotAllowed
from apps.organizations.models import Membership, User
from apps.organizations.permissions import Permission


@transaction.atomic
def take_over(*, conversation: Conversation, actor: Actor, version: int | None = None) -> Conversation:
    """Make the acting person the owner; the bot is silent from this commit on. A second call changes nothing.

    Raises Conflict (code `owned`) when a colleague owns it and the caller did not say which version they saw, and
    StaleVersion when that version is old.
    """
    actor.require(Permission.CONVERSATIONS_REPLY)
    user = _require_person(actor)
    thread = lock_thread(conversation, version=version, wanted={"owner": user, "owner_kind": OwnerKind.PERSON})
    require_open(thread)
    if thread.owner_id == user.pk:
        return thread
    if thread.owner is not None and version is None:
        raise Conflict(
            _("%(person)s owns this conversation. Ask them, or assign it to yourself.") % {"person": thread.owner},
            code="owned",
            extra={"owner": str(thread.owner_id)},
        )
    return _give_to(thread, user, actor, mark=Mark.TAKEN_OVER, event="taken_over")


@transaction.atomic
def assign(*, conversation: Conversation, to: User | None, actor: Actor, version: int | None = None) -> Conversation:
    """Make a colleague the owner, or nobody (`to=None`); raise InvalidInput for somebody who can't answer patients."""
    actor.require(Permission.CONVERSATIONS_REPLY)
    kind = OwnerKind.NOBODY if to is None else OwnerKind.PERSON
    thread = lock_thread(conversation, version=version, wanted={"owner": to, "owner_kind": kind})
    require_open(thread)
    if thread.owner_kind == kind and thread.owner_id == (to.pk if to else None):
        return thread
    if to is None:
        before = _owner(thread)
        thread.owner_kind, thread.owner = OwnerKind.NOBODY, None
        wake(thread)
        add_mark(thread, Mark.ASSIGNED, user=user_of(actor))
        save_decision(thread)
        announce("assigned", thread, actor, changes={"owner": [before, _owner(thread)]}, owner_id=None)
        return thread
    _require_answering(thread, to)
    return _give_to(thread, to, actor, mark=Mark.ASSIGNED, event="assigned")


@transaction.atomic
def hand_back(*, conversation: Conversation, actor: Actor, version: int | None = None) -> Conversation:
    """Let the bot answer again, from the contact's next message on. A second call changes nothing.

    It starts afresh, unless nobody said anything since a person took the thread from it: then it goes on where it was.
    """
    actor.require(Permission.CONVERSATIONS_REPLY)
    thread = lock_thread(conversation, version=version, wanted={"owner_kind": OwnerKind.BOT})
    require_open(thread)
    if thread.owner_kind == OwnerKind.BOT:
        return thread
    before = _owner(thread)
    thread.owner_kind, thread.owner = OwnerKind.BOT, None
    thread.state, thread.context = _where_the_bot_goes_on(thread)
    thread.attention, thread.summary, thread.unread_count, thread.waiting_since = Attention.NONE, "", 0, None
    wake(thread)
    add_mark(thread, Mark.HANDED_BACK, user=user_of(actor))
    save_decision(thread)
    announce("handed_back", thread, actor, changes={"owner": [before, _owner(thread)]})
    return thread


@transaction.atomic
def hand_over(*, conversation: Conversation, attention: str, summary: str, actor: Actor) -> Conversation:
    """Stop the bot and ask for a person: nobody owns the thread until somebody takes it. Keeps a person's ownership.

    A more urgent reason replaces a lesser one, never the other way round.
    """
    thread = lock_thread(conversation)
    if thread.is_closed:
        raise InvalidTransition(_("This conversation is closed. Reopen it first."))
    pass_to_staff(thread, attention=Attention(attention), summary=summary, actor=actor)
    save_decision(thread)
    return thread


def pass_to_staff(thread: Conversation, *, attention: Attention, summary: str, actor: Actor, **payload: Any) -> None:
    """Do what `hand_over` says on a locked thread; the caller saves it."""
    if thread.owner_kind == OwnerKind.BOT:
        thread.owner_kind, thread.owner = OwnerKind.NOBODY, None
        thread.state = FlowState.HANDED_OVER
    if thread.attention != Attention.EMERGENCY:
        thread.attention, thread.summary = attention, summary[:SUMMARY]
    thread.waiting_since = thread.waiting_since or thread.last_inbound_at
    thread.unread_count = max(thread.unread_count, 1)
    wake(thread)
    add_mark(thread, Mark.HANDED_OVER, about=attention)
    announce(
        "handed_over",
        thread,
        actor,
        attention=str(attention),
        owner_id=str(thread.owner_id) if thread.owner_id else None,
        **payload,
    )


def _give_to(thread: Conversation, user: User, actor: Actor, *, mark: Mark, event: str) -> Conversation:
    before = _owner(thread)
    if thread.owner_kind == OwnerKind.BOT:
        _remember_where_the_bot_was(thread)
    thread.owner_kind, thread.owner = OwnerKind.PERSON, user
    if thread.state != FlowState.HANDED_OVER:
        thread.state = FlowState.HANDED_OVER
    wake(thread)
    add_mark(thread, mark, about="" if mark == Mark.TAKEN_OVER else user, user=user_of(actor))
    save_decision(thread)
    announce(event, thread, actor, changes={"owner": [before, _owner(thread)]}, owner_id=str(user.pk))
    return thread


def _remember_where_the_bot_was(thread: Conversation) -> None:
    context = FlowContext.from_json(thread.context)
    context.paused_in, context.paused_at = thread.state, thread.last_message_at
    thread.context = context.to_json()


def _where_the_bot_goes_on(thread: Conversation) -> tuple[FlowState, dict[str, Any]]:
    """Return the state and memory to go on with. What was said meanwhile, the bot did not follow."""
    context = FlowContext.from_json(thread.context)
    if not context.paused_in or thread.last_message_at != context.paused_at:
        return FlowState.IDLE, FlowContext().to_json()
    state, context.paused_in, context.paused_at = FlowState(context.paused_in), "", None
    return state, context.to_json()


def _owner(thread: Conversation) -> str:
    return str(thread.owner_id) if thread.owner_id else str(thread.owner_kind)


def _require_person(actor: Actor) -> User:
    user = user_of(actor)
    if user is None:
        raise NotAllowed(_("Only a person can take over a conversation. Sign in, or use your own API key."))
    return user


def _require_answering(thread: Conversation, user: User) -> None:
    membership = Membership.objects.filter(organization_id=thread.organization_id, user=user, is_active=True).first()
    if membership is None or Permission.CONVERSATIONS_REPLY not in membership.permissions:
        message = _("%(person)s can't answer patients here. Choose a colleague of the front desk.") % {"person": user}
        raise InvalidInput(message, errors={"user": [message]})
