"""What the phone simulator shows: phones with their chats, mailboxes with their invites, what is due next."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils import timezone
from icalendar import Calendar

from apps.communications.models import (
    OPEN_STATUSES,
    Channel,
    Communication,
    ContactState,
    SimulatorMessage,
    SimulatorPhone,
    Status,
)
from apps.conversations.attachments import attachments_of
from apps.conversations.models import Author, Message
from apps.events.models import Event
from apps.events.registry import presented_types
from apps.events.selectors import TimelineEntry, entry_of
from apps.media.selectors import FileShown
from apps.organizations.models import Organization
from apps.patients.models import ContactPoint, Patient

SHOWN = 40
OUTCOMES = ("reads", "delivers", "63024", "30003", "21610")
_OPTION = re.compile(r"^\s*(\d)\s*[·.):-]\s*(.+)$")
_LEFT_US = (
    Status.SENT,
    Status.DELIVERED,
    Status.READ,
    Status.UNDELIVERED,
    Status.FAILED,
    Status.AMBIGUOUS,
    Status.SENDING,
)


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message on a phone; `options` are numbered lines that a tap answers."""

    at: dt.datetime
    text: str
    mine: bool
    status: str = ""
    status_at: dt.datetime | None = None
    reason: str = ""
    options: list[tuple[str, str]] = field(default_factory=list)
    files: list[FileShown] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Invite:
    """The calendar part of an e-mail, read back from its text."""

    method: str
    sequence: int
    summary: str
    start: dt.datetime
    location: str


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail in a simulated mailbox."""

    at: dt.datetime
    subject: str
    body: str
    invite: Invite | None


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone (or mailbox) of the simulator, with what is on its screen."""

    key: str
    channel: str
    address: str
    name: str
    latin: str
    language: str
    outcome: str
    bubbles: list[Bubble]
    mails: list[Mail]

    @property
    def element(self) -> str:
        """Return the id of the phone's element on the page."""
        return "phone-" + re.sub(r"[^a-z0-9]", "-", self.key.lower())


def phone_of(*, organization: Organization, key: str) -> Phone:
    """Return the phone that `channel:address` names, with its latest messages; five queries at most."""
    channel, _colon, address = key.partition(":")
    owner = (
        ContactPoint.objects.for_organization(organization)
        .filter(value=address)
        .select_related("patient")
        .order_by("created_at")
        .first()
    )
    patient: Patient | None = owner.patient if owner else None
    setting = SimulatorPhone.objects.for_organization(organization).filter(address=address).first()
    is_mail = channel == Channel.EMAIL
    return Phone(
        key=key,
        channel=channel,
        address=address,
        name=patient.full_name if patient else "",
        latin=patient.name_latin if patient else "",
        language=patient.language if patient else "",
        outcome=setting.next_outcome if setting else "reads",
        bubbles=[] if is_mail else _chat(organization, channel, address),
        mails=_mailbox(organization, address) if is_mail else [],
    )


def _chat(organization: Organization, channel: str, address: str) -> list[Bubble]:
    written = (
        Message.objects.for_organization(organization)
        .filter(conversation__channel=channel, conversation__address=address, author=Author.CONTACT)
        .order_by("-sent_at")[:SHOWN]
    )
    received = (
        Communication.objects.for_organization(organization)
        .filter(channel=channel, to_address=address, status__in=_LEFT_US)
        .order_by("-sent_at", "-id")[:SHOWN]
    )
    files = attachments_of(written, organization_id=organization.pk)
    bubbles = [Bubble(at=m.sent_at, text=m.body, mine=True, files=files.get(m.pk, [])) for m in written]
    bubbles += [
        Bubble(
            at=c.sent_at or c.failed_at or c.due_at,
            text=c.body,
            mine=False,
            status=c.status,
            status_at=c.read_at or c.delivered_at or c.sent_at,
            reason=c.reason,
        )
        for c in received
    ]
    bubbles.sort(key=lambda bubble: bubble.at)
    bubbles = bubbles[-SHOWN:]
    if bubbles and not bubbles[-1].mine:
        last = bubbles[-1]
        options = [(m[1], m[2]) for line in last.text.splitlines() if (m := _OPTION.match(line))]
        text = "\n".join(line for line in last.text.splitlines() if not _OPTION.match(line)) if options else last.text
        bubbles[-1] = Bubble(last.at, text.strip(), False, last.status, last.status_at, last.reason, options)
    return bubbles


def _mailbox(organization: Organization, address: str) -> list[Mail]:
    rows = (
        SimulatorMessage.objects.for_organization(organization)
        .filter(channel=Channel.EMAIL, to_address=address)
        .order_by("-created_at")[:10]
    )
    return [
        Mail(at=row.created_at, subject=row.subject, body=row.body, invite=_invite(row.attachments)) for row in rows
    ]


def _invite(attachments: list[dict[str, str]]) -> Invite | None:
    text = next((a["text"] for a in attachments if a.get("content_type", "").startswith("text/calendar")), None)
    if text is None:
        return None
    calendar = Calendar.from_ical(text)
    event = calendar.events[0]
    return Invite(
        method=str(calendar.get("method", "")),
        sequence=int(event.get("sequence", 0)),
        summary=str(event.get("summary", "")),
        start=event.start,
        location=str(event.get("location", "")),
    )


def known_addresses(*, organization: Organization, limit: int = 2) -> list[str]:
    """Return keys of phones that wrote most recently, for a first look."""
    rows = (
        ContactState.objects.for_organization(organization)
        .filter(last_inbound_at__isnull=False, channel__in=[Channel.WHATSAPP, Channel.SMS])
        .order_by("-last_inbound_at")[:limit]
    )
    return [f"{row.channel}:{row.address}" for row in rows]


def due_next(*, organization: Organization, addresses: Sequence[str] = (), limit: int = 6) -> list[Communication]:
    """Return the planned messages that come next, those to the phones on the page first; two queries."""
    planned = (
        Communication.objects.for_organization(organization)
        .filter(status__in=OPEN_STATUSES, due_at__gt=timezone.now() - dt.timedelta(days=1))
        .select_related("patient")
        .order_by("due_at", "id")
    )
    ours = list(planned.filter(to_address__in=addresses)[:limit])
    return [*ours, *planned.exclude(to_address__in=addresses)[: limit - len(ours)]]


def what_happened(*, organization: Organization, limit: int = 12) -> list[TimelineEntry]:
    """Return the latest events that people can read; one query."""
    rows = Event.objects.for_organization(organization).filter(type__in=presented_types()).order_by("-id")[:limit]
    return [entry_of(event) for event in rows]
