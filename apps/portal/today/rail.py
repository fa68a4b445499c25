"""The lists beside the board: who has not come, who has not confirmed, who waits for an answer."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Case, QuerySet, When
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.models import Appointment, Status
from apps.communications.models import Channel
from apps.conversations.models import Attention, Conversation, ConversationStatus
from apps.conversations.selectors import CHANNEL_ICONS
from apps.core.shown import Shown
from apps.organizations.models import Location, Organization
from apps.patients.contact import show_phone
from apps.patients.models import full_name
from apps.portal.today.reminders import Reminders
from apps.portal.today.words import duration, minutes
from apps.practitioners.models import Practitioner

RAIL_LENGTH = 5
# All of them are marked by one click, so all that are meant are shown.
MOST_ABSENT = 20
COUNT_CAP = 100


@dataclass(frozen=True, slots=True)
class Unconfirmed(Shown):
    """Somebody expected who has not confirmed; `detail` says when they are expected and what they were told."""

    id: uuid.UUID
    name: str
    latin: str
    detail: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Absent(Shown):
    """Somebody who was expected and has not come; `late` since `since` (ISO, UTC)."""

    id: uuid.UUID
    name: str
    latin: str
    time: str
    who: str
    since: str
    late: str


@dataclass(frozen=True, slots=True)
class Waiting(Shown):
    """A thread that waits for a person, since when, and its last words."""

    id: uuid.UUID
    name: str
    channel: str
    icon: str
    is_emergency: bool
    text: str
    since: str
    waited: str


def absent_lines(visits: QuerySet, *, organization: Organization) -> list[Absent]:
    """Return those who have not come as lines (`absences.absent_visits`); one query."""
    now = timezone.now()
    found = visits.values_list(
        *("pk", "start", "location__timezone"),
        *("patient__given_name", "patient__family_name", "patient__name_latin"),
        *("practitioner__prefix", "practitioner__given_name", "practitioner__family_name"),
    )[:MOST_ABSENT]
    return [
        Absent(
            id=pk,
            name=full_name(given, family),
            latin=latin,
            time=f"{start.astimezone(ZoneInfo(zone)):%H:%M}",
            who=Practitioner(prefix=prefix, given_name=p_given, family_name=p_family).short_name,
            since=start.isoformat(),
            late=duration(minutes(now - start)),
        )
        for pk, start, zone, given, family, latin, prefix, p_given, p_family in found
    ]


def unconfirmed_visits(*, organization: Organization, location: Location | None) -> QuerySet:
    """Return the visits from now until tomorrow night that nobody confirmed, soonest first; no query yet."""
    until = dt.datetime.combine(organization.today() + dt.timedelta(days=2), dt.time.min, tzinfo=organization.zone)
    rows = Appointment.objects.for_organization(organization).filter(
        status=Status.BOOKED, confirmed_at__isnull=True, start__gt=timezone.now(), start__lt=until
    )
    return (rows.filter(location=location) if location else rows).order_by("start", "id")


def unconfirmed_lines(visits: QuerySet, *, organization: Organization, reminders: Reminders) -> list[Unconfirmed]:
    """Return the first of these visits as lines; one query. The first line that is read asks for the reminders."""
    found = visits.values_list(
        *("pk", "start", "location__timezone"),
        *("patient__given_name", "patient__family_name", "patient__name_latin"),
    )[:RAIL_LENGTH]
    today = organization.today()
    lines = []
    for pk, start, zone, given, family, latin in found:
        local = start.astimezone(ZoneInfo(zone))
        day = _("Today") if local.date() == today else _("Tomorrow")
        detail = _detail(pk, f"{day} {local:%H:%M}", reminders)
        lines.append(Unconfirmed(pk, full_name(given, family), latin, detail))
    reminders.ask(line.id for line in lines)
    return lines


def _detail(pk: uuid.UUID, when: str, reminders: Reminders) -> Callable[[], str]:
    return lambda: f"{when} · {reminders.words(pk) or _('No reminder yet')}"


def waiting_threads(*, organization: Organization) -> QuerySet:
    """Return the threads that wait for a person: emergencies first, then the longest wait; no query yet."""
    return (
        Conversation.objects.for_organization(organization)
        .filter(waiting_since__isnull=False)
        .exclude(status=ConversationStatus.CLOSED)
        .order_by(Case(When(attention=Attention.EMERGENCY, then=0), default=1), "waiting_since")
    )


def waiting_lines(threads: QuerySet, *, organization: Organization) -> list[Waiting]:
    """Return the first of these threads as lines; one query."""
    now = timezone.now()
    found = threads.values_list(
        *("pk", "channel", "address", "attention", "last_message_text", "waiting_since"),
        *("patient_id", "patient__given_name", "patient__family_name"),
    )[:RAIL_LENGTH]
    return [
        Waiting(
            id=pk,
            name=full_name(given, family) if patient_id else _shown(address, organization),
            channel=str(Channel(channel).label),
            icon=CHANNEL_ICONS.get(channel, "message-2"),
            is_emergency=attention == Attention.EMERGENCY,
            text=text,
            since=since.isoformat(),
            waited=duration(minutes(now - since)),
        )
        for pk, channel, address, attention, text, since, patient_id, given, family in found
    ]


def _shown(address: str, organization: Organization) -> str:
    return show_phone(address, country=organization.country) if address.startswith("+") else address
