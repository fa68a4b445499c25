"""Planning: a row in the ledger now, a message when it is due. Nothing here talks to a provider."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.communications.accounts import account_for
from apps.communications.models import Category, Channel, Communication, Provider, Status
from apps.communications.registry import Context
from apps.core.actors import SYSTEM, Actor, ActorKind
from apps.core.errors import InvalidInput, InvalidTransition, NotAllowed
from apps.core.wake import wake
from apps.events.services import emit
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.patients.models import Patient

DISPATCH_TASK, QUEUE = "communications.dispatch", "outbound"
MOST_CHARACTERS = {Channel.WHATSAPP: 1600, Channel.SMS: 1600, Channel.VOICE: 1600, Channel.EMAIL: 100_000}
RESENDABLE = (Status.FAILED, Status.UNDELIVERED, Status.BLOCKED, Status.AMBIGUOUS, Status.CANCELLED)
KEY_LENGTH = 200
MOST_RESENDS = 20
_E164 = re.compile(r"^\+[1-9]\d{6,14}$")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+$")

Fallback = tuple[str, str] | tuple[str, str, Mapping[str, Any]]


@transaction.atomic
def plan_communication(
    *,
    organization: Organization,
    channel: str,
    category: str,
    to_address: str,
    body: str,
    dedupe_key: str,
    actor: Actor,
    patient: Patient | None = None,
    subject: str = "",
    language: str = "en",
    due_at: dt.datetime | None = None,
    not_after: dt.datetime | None = None,
    template_key: str = "",
    content_sid: str = "",
    content_variables: Mapping[str, str] | None = None,
    attachments: Sequence[Mapping[str, str]] = (),
    context: Context | None = None,
    conversation_id: uuid.UUID | None = None,
    fallback_channels: Sequence[Fallback] = (),
) -> Communication:
    """Put a message into the ledger; return the row that has this `dedupe_key` already, if there is one.

    Due now (no `due_at`, or a past one) it is queued and the dispatcher woken on commit; later it is scheduled. Whether
    it may go out is decided when it is due. `not_after`: pointless later, then it is cancelled. Addresses are E.164 or
    e-mail; times UTC; an attachment is `{filename, content_type, text}`. Each of `fallback_channels` is `(channel,
    address)` or `(channel, address, {subject, body, content_sid, content_variables, attachments})`, tried in order when
    this one is blocked or fails. Raises InvalidInput for an unknown channel or category, a bad address, or an empty or
    overlong text.
    """
    return _plan(
        Communication(
            organization=organization,
            channel=channel,
            category=category,
            to_address=to_address,
            body=body,
            dedupe_key=dedupe_key,
            patient=patient,
            subject=subject,
            language=language,
            not_after=not_after,
            template_key=template_key,
            content_sid=content_sid,
            content_variables=dict(content_variables or {}),
            attachments=[dict(attachment) for attachment in attachments],
            context_type=context.type if context else "",
            context_id=context.id if context else None,
            context_version=context.version if context else 0,
            conversation_id=conversation_id,
            fallback_channels=[list(step) for step in fallback_channels],
        ),
        due_at=due_at,
        actor=actor,
    )


@transaction.atomic
def record_skipped_communication(
    *,
    organization: Organization,
    channel: str,
    category: str,
    dedupe_key: str,
    reason: str,
    actor: Actor,
    due_at: dt.datetime,
    to_address: str = "",
    patient: Patient | None = None,
    language: str = "en",
    template_key: str = "",
    context: Context | None = None,
) -> Communication:
    """Note in the ledger that a message was not planned, and why, so that nobody wonders where it is."""
    row = Communication(
        organization=organization,
        channel=channel,
        category=category,
        to_address=to_address,
        dedupe_key=dedupe_key,
        patient=patient,
        language=language,
        template_key=template_key,
        context_type=context.type if context else "",
        context_id=context.id if context else None,
        context_version=context.version if context else 0,
        status=Status.CANCELLED,
        reason=reason[:300],
    )
    stored, is_new = _insert(row, due_at=due_at, actor=actor)
    if is_new:
        emit_about("communication.skipped", stored, actor=actor)
    return stored


@transaction.atomic
def resend_communication(*, communication: Communication, actor: Actor) -> Communication:
    """Plan the message again as a new row, by a person's decision; return the one that is still on its way, if any.

    Locks the original. What may have arrived (`ambiguous`) only a signed-in person may send again; the bot and the
    system never resend. Raises InvalidTransition for a message that is on its way or arrived.
    """
    actor.require(Permission.COMMUNICATIONS_MANAGE)
    original: Communication = Communication.objects.select_for_update().get(pk=communication.pk)
    decides = (ActorKind.USER,) if original.status == Status.AMBIGUOUS else (ActorKind.USER, ActorKind.API_KEY)
    if actor.kind not in decides:
        raise NotAllowed(_("Only a person may send this message again: it may have arrived."), code="person_required")
    if original.status not in RESENDABLE:
        raise InvalidTransition(
            _("This message is %(status)s. Only what was not delivered can be sent again.")
            % {"status": original.get_status_display().lower()}
        )
    return plan_again(original, due_at=None, actor=actor)


def root_of(communication: Communication) -> str:
    """Return what the dedupe keys of a message and of all that it was sent again as begin with."""
    return str(communication.dedupe_key.split("~")[0][: KEY_LENGTH - 10])


def plan_again(original: Communication, *, due_at: dt.datetime | None, actor: Actor) -> Communication:
    """Plan a locked, settled row anew, due now or then; return the one that is still on its way, if any.

    Raises InvalidTransition after MOST_RESENDS.
    """
    root = root_of(original)
    keys = [f"{root}~{number}" for number in range(1, MOST_RESENDS + 1)]
    earlier = list(
        Communication.objects.for_organization(original.organization).filter(dedupe_key__in=keys).order_by("-id")
    )
    pending: Communication | None = next((row for row in earlier if row.is_open or row.status == Status.SENDING), None)
    if pending is not None:
        return pending
    if len(earlier) == MOST_RESENDS:
        raise InvalidTransition(_("This message was sent again too often. Call the patient."))
    now = timezone.now()
    again = Communication(
        organization=original.organization,
        dedupe_key=keys[len(earlier)],
        not_after=original.not_after if original.not_after and original.not_after > now else None,
        **{name: getattr(original, name) for name in _COPIED},
    )
    return _plan(again, due_at=due_at, actor=actor)


@transaction.atomic
def pull_forward(*, communication: Communication, actor: Actor) -> Communication:
    """Make a planned message due now, quiet hours or not; only where the simulator carries it, to show what will happen.

    Locks the row. Raises InvalidTransition unless it is still planned, NotAllowed on a real channel.
    """
    actor.require(Permission.COMMUNICATIONS_MANAGE)
    row: Communication = (
        Communication.objects.select_for_update(of=("self",)).select_related("organization").get(pk=communication.pk)
    )
    account = account_for(row.organization, row.channel)
    if account is None or account.provider != Provider.SIMULATOR:
        raise NotAllowed(
            _("Only the simulator can jump the clock. Real messages wait for their time."), code="simulator_only"
        )
    if not row.is_open:
        raise InvalidTransition(
            _("This message is %(status)s; only a planned one can be pulled forward.")
            % {"status": row.get_status_display().lower()}
        )
    before, now = row.due_at, timezone.now()
    row.status, row.due_at, row.lease_until, row.ignores_quiet_hours = Status.QUEUED, now, None, True
    row.save(update_fields=["status", "due_at", "lease_until", "ignores_quiet_hours", "updated_at"])
    emit_about(
        "communication.pulled_forward", row, actor=actor, changes={"due_at": [before.isoformat(), now.isoformat()]}
    )
    wake(DISPATCH_TASK, queue=QUEUE)
    return row


def fall_back(row: Communication, *, refused_by_person: bool) -> Communication | None:
    """Plan the next channel of the chain, once; None when there is none left or the message is no longer of use.

    Who said STOP on one channel is not followed to another one at the same number: only to another address. What was
    blocked ahead of its time keeps its time. Runs in the transaction that settles `row`.
    """
    if row.not_after is not None and row.not_after <= timezone.now():
        return None
    steps = list(row.fallback_channels)
    while steps:
        channel, address, *words = steps.pop(0)
        if refused_by_person and address == row.to_address:
            continue
        copied = {name: getattr(row, name) for name in _COPIED if name not in _PER_CHANNEL}
        own = {
            "subject": "",
            "body": row.body,
            "content_sid": "",
            "content_variables": {},
            "attachments": [],
            **(words[0] if words else {}),
        }
        if channel == Channel.EMAIL and not own["subject"]:
            own["subject"] = _("A message from %(clinic)s") % {"clinic": row.organization.name}
        following = Communication(
            organization_id=row.organization_id,
            fallback_of=row,
            dedupe_key=f"{row.dedupe_key}>{channel}"[:KEY_LENGTH],
            not_after=row.not_after,
            fallback_channels=steps,
            **copied,
            **own | {"channel": channel, "to_address": address},
        )
        return _plan(following, due_at=row.due_at, actor=SYSTEM)
    return None


def emit_about(type_: str, row: Communication, *, actor: Actor, changes: Mapping[str, Any] | None = None) -> None:
    """Publish an event about a ledger row: ids and facts, no words of the message."""
    emit(type_, subject=row, actor=actor, patient_id=row.patient_id, changes=changes, payload=payload_about(row))


def payload_about(row: Communication) -> dict[str, str | None]:
    """Return what events about a row carry."""
    payload = {
        "channel": row.channel,
        "category": row.category,
        "context_type": row.context_type,
        "context_id": str(row.context_id) if row.context_id else None,
        "conversation_id": str(row.conversation_id) if row.conversation_id else None,
    }
    return payload | {"error_code": row.error_code} if row.error_code else payload


_PER_CHANNEL = (
    "channel",
    "to_address",
    "subject",
    "body",
    "content_sid",
    "content_variables",
    "attachments",
    "fallback_channels",
)
_COPIED = (
    *_PER_CHANNEL,
    "category",
    "patient_id",
    "language",
    "template_key",
    "context_type",
    "context_id",
    "context_version",
    "conversation_id",
    "ignores_quiet_hours",
)


def _plan(row: Communication, *, due_at: dt.datetime | None, actor: Actor) -> Communication:
    _refuse_invalid(row)
    now = timezone.now()
    is_due = due_at is None or due_at <= now
    row.status = Status.QUEUED if is_due else Status.SCHEDULED
    stored, is_new = _insert(row, due_at=due_at or now, actor=actor)
    if is_new:
        emit_about("communication.planned", stored, actor=actor)
        if is_due:
            wake(DISPATCH_TASK, queue=QUEUE)
    return stored


def _insert(row: Communication, *, due_at: dt.datetime, actor: Actor) -> tuple[Communication, bool]:
    """Insert unless the key is taken (waiting for whoever inserts it right now); return the stored row, and if it is ours."""
    row.planned_at, row.due_at = timezone.now(), due_at
    row.actor_kind, row.actor_id = actor.kind, actor.id
    Communication.objects.bulk_create([row], ignore_conflicts=True)
    stored = Communication.objects.select_related("organization").get(
        organization_id=row.organization_id, dedupe_key=row.dedupe_key
    )
    return stored, stored.pk == row.pk


def _refuse_invalid(row: Communication) -> None:
    if row.channel not in Channel.values:
        raise _invalid(
            "channel",
            _("There is no channel %(channel)s. Use one of: %(known)s."),
            channel=row.channel,
            known=Channel.values,
        )
    if row.category not in Category.values:
        raise _invalid(
            "category",
            _("There is no category %(category)s. Use one of: %(known)s."),
            category=row.category,
            known=Category.values,
        )
    if row.channel == Channel.EMAIL:
        if not _EMAIL.match(row.to_address):
            raise _invalid("to_address", _("“%(address)s” is not an e-mail address."), address=row.to_address)
    elif not _E164.match(row.to_address):
        raise _invalid(
            "to_address",
            _("“%(address)s” is not an international number such as +14155550142."),
            address=row.to_address,
        )
    if not row.body.strip():
        raise _invalid("body", _("Write a text first."))
    limit = MOST_CHARACTERS[Channel(row.channel)]
    if len(row.body) > limit:
        raise _invalid(
            "body",
            _("The text has %(length)s characters; at most %(limit)s fit here."),
            length=len(row.body),
            limit=limit,
        )
    if row.channel == Channel.EMAIL and not row.subject.strip():
        raise _invalid("subject", _("An e-mail needs a subject."))
    if not row.dedupe_key or len(row.dedupe_key) > KEY_LENGTH:
        raise _invalid("dedupe_key", _("The key has 1 to %(limit)s characters."), limit=KEY_LENGTH)


def _invalid(field: str, message: str, **values: Any) -> InvalidInput:
    known = values.get("known")
    text = message % (values | {"known": ", ".join(known)} if known else values)
    return InvalidInput(text, errors={field: [text]}, code="invalid_channel" if field == "channel" else "invalid")
