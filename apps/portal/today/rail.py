"""The lists beside the board: who has not confirmed, who waits for an answer."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.models import Appointment, Status
from apps.conversations.models import Conversation, ConversationStatus
from apps.organizations.models import Location, Organization
from apps.portal.today.reminders import Reminders

RAIL_LENGTH = 5
COUNT_CAP = 100


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """Somebody expected who has not confirmed, and how far the reminder got."""

    appointment: Appointment
    when: str
    reminders: Reminders

    @property
    def detail(self) -> str:
        """Return when they are expected and what they were told; the first one read costs the reminders' query."""
        return f"{self.when} · {(self.reminders.words(self.appointment.pk) or _('no reminder yet')).lower()}"


def unconfirmed_visits(*, organization: Organization, location: Location | None) -> QuerySet:
    """Return the visits from now until tomorrow night that nobody confirmed, soonest first; no query yet."""
    until = dt.datetime.combine(organization.today() + dt.timedelta(days=2), dt.time.min, tzinfo=organization.zone)
    rows = Appointment.objects.for_organization(organization).filter(
        status=Status.BOOKED, confirmed_at__isnull=True, start__gt=timezone.now(), start__lt=until
    )
    return (rows.filter(location=location) if location else rows).order_by("start", "id")


def unconfirmed_lines(visits: QuerySet, *, organization: Organization, reminders: Reminders) -> list[Unconfirmed]:
    """Return the first of these visits as lines; one query, and ask about their reminders."""
    found = list(
        visits.select_related("patient", "location").only(
            "start",
            "location__timezone",
            "patient__given_name",
            "patient__family_name",
            "patient__name_latin",
        )[:RAIL_LENGTH]
    )
    reminders.ask(a.pk for a in found)
    today = organization.today()
    lines = []
    for a in found:
        local = a.local_start
        day = _("Today") if local.date() == today else _("Tomorrow")
        lines.append(Unconfirmed(a, f"{day} {local:%H:%M}", reminders))
    return lines


def waiting_threads(*, organization: Organization) -> QuerySet:
    """Return the threads that wait for a person, longest wait first; no query yet."""
    return (
        Conversation.objects.for_organization(organization)
        .filter(waiting_since__isnull=False)
        .exclude(status=ConversationStatus.CLOSED)
        .order_by("waiting_since")
    )
