"""Closing, reopening, snoozing, reading, and naming the person behind a thread."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.services import release_holds
from apps.conversations.flow.context import FlowContext
from apps.conversations.models import Attention, Conversation, ConversationStatus, FlowState, Mark, OwnerKind
from apps.conversations.services.threads import (
    add_mark,
    announce,
    lock_contact,
    lock_thread,
    require_open,
    save_decision,
    settle,
    user_of,
)
from apps.core.actors import SYSTEM, Actor
from apps.core.errors import Conflict, InvalidInput
from apps.core.tenancy import all_organizations, organization_scope
from apps.organizations.permissions import Permission
from apps.patients.models import Patient

LEFT_ALONE = dt.timedelta(days=7)
LONGEST_SNOOZE = dt.timedelta(days=90)


@transaction.atomic
def close_conversation(*, conversation: Conversation, actor: Actor, version: int | None = None) -> Conversation:
    """End a thread; the contact's next message opens a new one. Frees a held time. A second call changes nothing."""
    actor.require(Permission.CONVERSATIONS_REPLY)
    thread = lock_thread(conversation, version=version, wanted={"status": ConversationStatus.CLOSED})
    if thread.is_closed:
        return thread
    before = thread.status
    release_holds(organization=thread.organization, held_for=thread.pk, actor=actor)
    thread.status, thread.closed_at, thread.snoozed_until = ConversationStatus.CLOSED, timezone.now(), None
    thread.state, thread.context = FlowState.IDLE, FlowContext().to_json()
    settle(thread)
    add_mark(thread, Mark.CLOSED, user=user_of(actor))
    save_decision(thread)
    announce("closed", thread, actor, changes={"status": [before, thread.status]})
    return thread


@transaction.atomic
def reopen(*, conversation: Conversation, actor: Actor, version: int | None = None) -> Conversation:
    """Open a closed thread again, owned by whoever does it; undo of `close_conversation`.

    Raises Conflict (code `newer_thread`) when the contact has written since and so has a newer thread.
    """
    actor.require(Permission.CONVERSATIONS_REPLY)
    lock_contact(conversation.organization, conversation.channel, conversation.address)
    thread = lock_thread(conversation, version=version, wanted={"status": ConversationStatus.OPEN})
    if not thread.is_closed:
        return thread
    newer = (
        Conversation.objects.for_organization(thread.organization)
        .with_contact(thread.channel, thread.address)
        .exclude(status=ConversationStatus.CLOSED)
        .first()
    )
    if newer is not None:
        raise Conflict(
            _("This contact has a newer conversation. Go on there."),
            code="newer_thread",
            extra={"conversation": str(newer.pk)},
        )
    user = user_of(actor)
    thread.status, thread.closed_at = ConversationStatus.OPEN, None
    if thread.owner_kind == OwnerKind.BOT:
        thread.owner_kind, thread.owner = (OwnerKind.PERSON, user) if user else (OwnerKind.NOBODY, None)
        thread.state = FlowState.HANDED_OVER
    add_mark(thread, Mark.OPENED_AGAIN, user=user)
    save_decision(thread)
    announce("reopened", thread, actor, changes={"status": [ConversationStatus.CLOSED, thread.status]})
    return thread


@transaction.atomic
def snooze(*, conversation: Conversation, until: dt.datetime, actor: Actor, version: int | None = None) -> Conversation:
    """Put a thread out of sight until a time (UTC), or until the contact writes, whichever is first."""
    actor.require(Permission.CONVERSATIONS_REPLY)
    now = timezone.now()
    if not now < until <= now + LONGEST_SNOOZE:
        message = _("Choose a time from now on, at most %(days)d days ahead.") % {"days": LONGEST_SNOOZE.days}
        raise InvalidInput(message, errors={"until": [message]})
    thread = lock_thread(conversation, version=version, wanted={"status": ConversationStatus.SNOOZED})
    require_open(thread)
    thread.status, thread.snoozed_until = ConversationStatus.SNOOZED, until
    add_mark(thread, Mark.SNOOZED, about=until.isoformat(timespec="minutes"), user=user_of(actor))
    save_decision(thread)
    announce("snoozed", thread, actor, until=until.isoformat())
    return thread


@transaction.atomic
def unsnooze(*, conversation: Conversation, actor: Actor) -> Conversation:
    """Bring a snoozed thread back now; undo of `snooze`."""
    actor.require(Permission.CONVERSATIONS_REPLY)
    thread = lock_thread(conversation)
    if thread.status == ConversationStatus.SNOOZED:
        _wake_up(thread, actor)
    return thread


@transaction.atomic
def mark_read(*, conversation: Conversation, actor: Actor) -> Conversation:
    """Note that a member of staff has read the thread; nobody's version changes."""
    actor.require(Permission.CONVERSATIONS_VIEW)
    if conversation.unread_count == 0:
        return conversation
    thread = lock_thread(conversation)
    thread.unread_count = 0
    thread.save(update_fields=["unread_count", "updated_at"])
    return thread


@transaction.atomic
def link_patient(
    *, conversation: Conversation, patient: Patient | None, actor: Actor, version: int | None = None
) -> Conversation:
    """Say who the contact is, as a person of staff found out; None takes the name off again."""
    actor.require(Permission.CONVERSATIONS_REPLY)
    thread = lock_thread(conversation, version=version, wanted={"patient": patient})
    if thread.patient_id == (patient.pk if patient else None):
        return thread
    if patient is not None and patient.organization_id != thread.organization_id:
        message = _("There is no such patient. Search for them again.")
        raise InvalidInput(message, errors={"patient": [message]})
    before = thread.patient_id
    thread.patient = patient
    if thread.attention == Attention.IDENTITY and patient is not None:
        thread.attention = Attention.NONE
    if patient is not None:
        add_mark(thread, Mark.IDENTIFIED, about="staff", user=user_of(actor))
    save_decision(thread)
    changes = {"patient": [str(before) if before else None, str(patient.pk) if patient else None]}
    announce("patient_identified", thread, actor, changes=changes, how="staff")
    return thread


def sweep(*, limit: int = 200) -> int:
    """Wake threads whose snooze is over, and close those that were left with the bot for a week; return how many.

    Each thread in its own transaction of its organization; safe on any number of workers.
    """
    now = timezone.now()
    with all_organizations():
        due = list(
            Conversation.objects.filter(status=ConversationStatus.SNOOZED, snoozed_until__lte=now).values_list(
                "organization_id", "pk"
            )[:limit]
        )
        left = list(
            Conversation.objects.filter(
                status=ConversationStatus.OPEN, owner_kind=OwnerKind.BOT, last_message_at__lte=now - LEFT_ALONE
            ).values_list("organization_id", "pk")[:limit]
        )
    for organization_id, pk in due:
        with organization_scope(organization_id):
            thread = lock_thread(Conversation(pk=pk))
            if (
                thread.status == ConversationStatus.SNOOZED
                and thread.snoozed_until is not None
                and thread.snoozed_until <= now
            ):
                _wake_up(thread, SYSTEM)
    for organization_id, pk in left:
        with organization_scope(organization_id):
            thread = lock_thread(Conversation(pk=pk))
            if thread.is_with_bot and thread.last_message_at is not None and thread.last_message_at <= now - LEFT_ALONE:
                close_conversation(conversation=thread, actor=SYSTEM)
    return len(due) + len(left)


def _wake_up(thread: Conversation, actor: Actor) -> None:
    thread.status, thread.snoozed_until = ConversationStatus.OPEN, None
    thread.unread_count = max(thread.unread_count, 1)
    add_mark(thread, Mark.WOKEN)
    save_decision(thread)
    announce("reopened", thread, actor, changes={"status": [ConversationStatus.SNOOZED, thread.status]})
