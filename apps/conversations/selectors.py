"""Reading the inbox: threads grouped by who must act, one thread with its delivery ticks, and the search."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Case, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.communications.models import Communication, ContactState, Status
from apps.conversations.attachments import attachments_of
from apps.conversations.models import (
    Attention,
    Author,
    Conversation,
    ConversationStatus,
    Mark,
    Message,
    MessageKind,
    OwnerKind,
)
from apps.core.errors import NotFound
from apps.core.shown import Shown
from apps.media.selectors import FileShown
from apps.organizations.models import Organization
from apps.patients.models import SAID_NO, Consent, ConsentStatus, full_name
from apps.patients.profile import CHANNELS
from apps.patients.selectors import find_patient_ids

PAGE = 100
VIEWS = ("open", "mine", "nobody", "unread", "snoozed", "closed")
FAILED = (Status.FAILED, Status.UNDELIVERED, Status.BLOCKED, Status.AMBIGUOUS)
CHANNEL_ICONS = {"whatsapp": "brand-whatsapp", "email": "mail"}
SHOWN = (
    *("pk", "channel", "address", "patient_id", "attention", "owner_kind", "owner_id", "unread_count"),
    *("last_message_text", "last_message_at", "last_outcome", "waiting_since"),
    *("patient__given_name", "patient__family_name", "owner__name", "owner__email"),
)
_WORD = re.compile(r"\w+")
_LIKE = re.compile(r"([\\%_])")


@dataclass(frozen=True, slots=True)
class ThreadRow(Shown):
    """One thread in the list. `name` is the verified patient's, else the number.

    `when` is the last message's time today, else its day, on the reader's clock.
    """

    id: uuid.UUID
    icon: str
    name: str
    is_verified: bool
    preview: str
    last_message_at: dt.datetime | None
    when: str
    owner_kind: str
    owner_id: uuid.UUID | None
    owner_name: str
    attention: str
    attention_label: str
    unread: int
    last_failed: bool


@dataclass(frozen=True, slots=True)
class Inbox:
    """The thread list: what needs the person who asks, longest wait first, and the rest, newest first.

    Each half ends at `limit` threads; a half that is full may go on.
    """

    needs_you: list[ThreadRow]
    others: list[ThreadRow]
    limit: int = PAGE

    @property
    def needs_you_count(self) -> str:
        return self._count(self.needs_you)

    @property
    def others_count(self) -> str:
        return self._count(self.others)

    @property
    def is_full(self) -> bool:
        """Tell whether there may be threads that are not listed."""
        return max(len(self.needs_you), len(self.others)) >= self.limit

    def _count(self, rows: list[ThreadRow]) -> str:
        return f"{len(rows)}+" if len(rows) >= self.limit else str(len(rows))


@dataclass(frozen=True, slots=True)
class ThreadLine(Shown):
    """One line of a thread. `media` is what the carrier named, `files` what was fetched of it. Outbound ones carry their tick: status, its word, its time, and the error in words."""

    id: uuid.UUID
    sequence: int
    kind: str
    author: str
    by: str
    text: str
    media: list[dict[str, Any]]
    files: list[FileShown]
    at: dt.datetime
    is_outbound: bool
    channel: str
    status: str
    status_label: str
    status_at: dt.datetime | None
    error: str
    legal_at: dt.datetime | None
    communication_id: uuid.UUID | None


# ── the list ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def inbox(
    *, organization: Organization, user_id: uuid.UUID | None, view: str = "open", text: str = "", limit: int = PAGE
) -> Inbox:
    """Return the thread list of a view, grouped by who must act; one query, with a text to find four.

    "Needs you": open threads that the person owns and those that nobody owns yet, emergencies first, then the longest
    wait. Closed and snoozed views have no such group.
    """
    rows = threads_of_view(organization=organization, user_id=user_id, view=view)
    if text.strip():
        rows = rows.filter(pk__in=find_threads(organization=organization, text=text, limit=limit))
    if view in ("closed", "snoozed"):
        listed = _for_rows(rows).order_by("-last_message_at", "id")[:limit]
        return Inbox(needs_you=[], others=_rows(listed), limit=limit)
    mine = Q(owner_kind=OwnerKind.NOBODY) | Q(owner_id=user_id) if user_id else Q(owner_kind=OwnerKind.NOBODY)
    urgent = Case(When(attention=Attention.EMERGENCY, then=Value(0)), default=Value(1), output_field=IntegerField())
    order = (urgent, F("waiting_since").asc(nulls_last=True), "-last_message_at", "id")
    needs = rows.filter(mine).order_by(*order)[:limit]
    others = rows.exclude(mine).order_by("-last_message_at", "id")[:limit]
    # Each half finds its rows by its own index; whole rows are loaded once they are few.
    either = needs.values("pk").union(others.values("pk"), all=True)
    found = list(_for_rows(Conversation.objects.for_organization(organization).filter(pk__in=either)).order_by(*order))
    rest = sorted((thread for thread in found if not _is_for(thread, user_id)), key=_newest_first)
    needed = _rows(thread for thread in found if _is_for(thread, user_id))
    return Inbox(needs_you=needed, others=_rows(rest), limit=limit)


def _is_for(thread: Any, user_id: uuid.UUID | None) -> bool:
    return thread.owner_kind == OwnerKind.NOBODY or (user_id is not None and thread.owner_id == user_id)


def _newest_first(thread: Any) -> tuple[bool, float, uuid.UUID]:
    """Sort as PostgreSQL does for `last_message_at DESC, id`: threads without a message first."""
    at = thread.last_message_at
    return at is not None, -at.timestamp() if at else 0.0, thread.pk


def _for_rows(threads: QuerySet) -> QuerySet:
    """Load what a row of the list shows, of three tables, and how its last message fared: values, no objects."""
    return threads.annotate(last_outcome=_last_outcome()).values_list(*SHOWN, named=True)


def threads_of_view(*, organization: Organization, user_id: uuid.UUID | None, view: str) -> QuerySet:
    """Return the threads that a view (one of VIEWS) lists, for counting them; no query yet."""
    rows = Conversation.objects.for_organization(organization)
    if view in ("closed", "snoozed"):
        return rows.filter(status=view)
    return _narrow(rows.filter(status=ConversationStatus.OPEN), view, user_id)


def find_threads(*, organization: Organization, text: str, limit: int = PAGE) -> list[uuid.UUID]:
    """Return ids of threads whose patient, number, profile name or messages fit the text, newest first; three queries."""
    words = _WORD.findall(text.lower())[:6]
    if not words:
        return []
    digits = re.sub(r"\D", "", text)
    contact = digits if len(digits) >= 4 else " ".join(words)
    said = " & ".join(f"'{word}':*" for word in words)
    pattern = "%" + _LIKE.sub(r"\\\1", contact) + "%"
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM conversations_search(%s, %s, %s)", [said, pattern, limit])
        found = [row[0] for row in cursor.fetchall()]
    patients = find_patient_ids(organization=organization, text=text, limit=20)
    by_patient = (
        Conversation.objects.for_organization(organization).filter(patient_id__in=patients).order_by("-last_message_at")
    )
    return list(dict.fromkeys([*by_patient.values_list("pk", flat=True)[:limit], *found]))[:limit]


def threads_of_patient(*, organization: Organization, patient_id: uuid.UUID, limit: int = 20) -> list[ThreadRow]:
    """Return a patient's threads, newest first; one query."""
    rows = Conversation.objects.for_organization(organization).filter(patient_id=patient_id)
    return _rows(_for_rows(rows).order_by("-last_message_at")[:limit])


def get_thread(*, organization: Organization, conversation_id: uuid.UUID) -> Conversation:
    """Return one thread with its patient and owner; raise NotFound for another organization's. One query."""
    thread: Conversation | None = (
        Conversation.objects.for_organization(organization)
        .for_list()
        .annotate(said_no=_said_no())
        .filter(pk=conversation_id)
        .first()
    )
    if thread is None:
        raise NotFound(_("This conversation does not exist. Go back to the inbox."))
    thread.organization = organization
    return thread


def left_channel(conversation: Conversation) -> str:
    """Return in words that the person said no to messages on the channel of a thread of `get_thread`, else "".

    Answers stay allowed: they are asked for by who writes.
    """
    status, words = vars(conversation).get("said_no"), CHANNELS.get(conversation.channel, {})
    return str(words[status]) if status in words else ""


def _said_no() -> Coalesce:
    """Return the patient's no to the thread's channel; a STOP from the address is one, also of nobody known."""
    answers = Consent.objects.filter(
        patient_id=OuterRef("patient_id"), purpose=OuterRef("channel"), status__in=SAID_NO
    ).values("status")[:1]
    stops = ContactState.objects.filter(
        organization_id=OuterRef("organization_id"),
        channel=OuterRef("channel"),
        address=OuterRef("address"),
        opted_out_at__isnull=False,
    ).values(stop=Value(ConsentStatus.WITHDRAWN.value))[:1]
    return Coalesce(Subquery(answers), Subquery(stops))


def _narrow(rows: QuerySet, view: str, user_id: uuid.UUID | None) -> QuerySet:
    if view == "mine":
        return rows.filter(owner_kind=OwnerKind.PERSON, owner_id=user_id)
    if view == "nobody":
        return rows.filter(owner_kind=OwnerKind.NOBODY)
    if view == "unread":
        return rows.exclude(owner_kind=OwnerKind.BOT).filter(unread_count__gt=0)
    return rows


def _last_outcome() -> Subquery:
    last = Message.objects.filter(
        conversation_id=OuterRef("pk"), organization_id=OuterRef("organization_id"), kind=MessageKind.TEXT
    )
    return Subquery(last.order_by("-sequence").values("communication__status")[:1])


def _rows(threads: Iterable[Any]) -> list[ThreadRow]:
    zone, today = timezone.get_current_timezone(), timezone.localdate()
    day_in_words = cache(lambda day: date_format(day, "j M"))
    return [_row(thread, zone, today, day_in_words) for thread in threads]


def _row(thread: Any, zone: dt.tzinfo, today: dt.date, day_in_words: Callable[[dt.date], str]) -> ThreadRow:
    last = thread.last_message_at.astimezone(zone) if thread.last_message_at else None
    is_verified = thread.patient_id is not None
    return ThreadRow(
        id=thread.pk,
        icon=CHANNEL_ICONS.get(thread.channel, "message-2"),
        name=full_name(thread.patient__given_name, thread.patient__family_name) if is_verified else thread.address,
        is_verified=is_verified,
        preview=thread.last_message_text,
        last_message_at=thread.last_message_at,
        when="" if last is None else f"{last:%H:%M}" if last.date() == today else day_in_words(last.date()),
        owner_kind=thread.owner_kind,
        owner_id=thread.owner_id,
        owner_name=thread.owner__name or thread.owner__email or "",
        attention=thread.attention,
        attention_label=str(Attention(thread.attention).label) if thread.attention else "",
        unread=thread.unread_count,
        last_failed=thread.last_outcome in FAILED,
    )


# ── one thread ────────────────────────────────────────────────────────────────────────────────────────────────────────


def thread_lines(*, conversation: Conversation, before: int | None = None, limit: int = PAGE) -> list[ThreadLine]:
    """Return the newest lines of a thread, oldest first; `before` is the sequence of the page below.

    One query, two when one of them has files.
    """
    rows = Message.objects.filter(organization_id=conversation.organization_id, conversation=conversation)
    if before is not None:
        rows = rows.filter(sequence__lt=before)
    newest = list(rows.select_related("communication", "user").order_by("-sequence")[:limit])
    files = attachments_of(newest, organization_id=conversation.organization_id)
    return [line_of(message, conversation, files.get(message.pk, ())) for message in reversed(newest)]


def line_of(message: Message, conversation: Conversation, files: Iterable[FileShown] = ()) -> ThreadLine:
    """Return how a message with its files shows; reads its user and communication (select them with the row)."""
    sent = message.communication
    return ThreadLine(
        id=message.pk,
        sequence=message.sequence,
        kind=message.kind,
        author=message.author,
        by=str(message.user) if message.user else str(Author(message.author).label),
        text=mark_text(message) if message.kind == MessageKind.MARK else message.body,
        media=message.media,
        files=list(files),
        at=message.sent_at,
        is_outbound=sent is not None,
        channel=sent.channel if sent else conversation.channel,
        status=sent.status if sent else "",
        status_label=str(sent.get_status_display()) if sent else "",
        status_at=_status_at(sent) if sent else None,
        error=sent.reason if sent and sent.status in (*FAILED, Status.CANCELLED) else "",
        legal_at=sent.legal_at if sent else None,
        communication_id=sent.pk if sent else None,
    )


def mark_text(message: Message) -> str:
    """Return what a line of kind `mark` says, in the reader's language."""
    code, _colon, about = message.body.partition(":")
    who = str(message.user) if message.user else str(Author.SYSTEM.label)
    if code == Mark.HANDED_OVER:
        reason = Attention(about).label if about in Attention.values else about
        return _("Bot handed over to the front desk: %(reason)s") % {"reason": reason}
    if code == Mark.ASSIGNED:
        return (
            _("%(who)s assigned it to %(person)s") % {"who": who, "person": about}
            if about
            else _("%(who)s put it back to nobody") % {"who": who}
        )
    if code == Mark.SNOOZED:
        until = parse_datetime(about)
        shown = date_format(timezone.localtime(until), "DATETIME_FORMAT") if until else about
        return _("%(who)s snoozed it until %(time)s") % {"who": who, "time": shown}
    if code == Mark.IDENTIFIED:
        return {
            "address": _("Person identified by their own number"),
            "identity": _("Person identified by name, birth date and number"),
            "new": _("New patient registered by the bot"),
            "staff": _("%(who)s said who this is") % {"who": who},
        }.get(about, _("Person identified"))
    sentences: dict[str, str] = {
        Mark.OPENED_AGAIN: _("%(who)s opened it again"),
        Mark.TAKEN_OVER: _("%(who)s took over; the bot is silent"),
        Mark.HANDED_BACK: _("%(who)s handed back to the bot"),
        Mark.WOKEN: _("Snooze is over"),
        Mark.CLOSED: _("%(who)s closed it"),
        Mark.OPTED_OUT: _("The contact opted out of this channel"),
        Mark.OPTED_IN: _("The contact opted in to this channel again"),
    }
    return sentences.get(code, code) % {"who": who}


def _status_at(sent: Communication) -> dt.datetime | None:
    moments: dict[str, dt.datetime | None] = {
        Status.SENT: sent.sent_at,
        Status.DELIVERED: sent.delivered_at,
        Status.READ: sent.read_at,
        Status.SCHEDULED: sent.due_at,
        Status.FAILED: sent.failed_at,
        Status.UNDELIVERED: sent.failed_at,
        Status.BLOCKED: sent.failed_at,
    }
    return moments.get(sent.status) or sent.updated_at
