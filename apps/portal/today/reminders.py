"""How far the reminders of the visits on a page got."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.communications.models import Category, Communication
from apps.communications.models import Status as Sending
from apps.organizations.models import Organization
from apps.portal.today.words import clock


class Reminders:
    """Collects the visits that board and side lists ask about; one query answers for all of them."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization
        self._asked: set[uuid.UUID] = set()
        self._words: dict[uuid.UUID, str] | None = None

    def ask(self, appointment_ids: Iterable[uuid.UUID]) -> None:
        """Ask about more visits, before the first answer is read."""
        self._asked.update(appointment_ids)

    def words(self, appointment_id: uuid.UUID) -> str:
        """Say how far the visit's latest reminder got, nothing when none was due yet."""
        if self._words is None:
            self._words = self._load() if self._asked else {}
        return self._words.get(appointment_id, "")

    def _load(self) -> dict[uuid.UUID, str]:
        rows = (
            Communication.objects.for_organization(self._organization)
            .filter(context_id__in=self._asked, category=Category.REMINDER)
            .exclude(status__in=[Sending.SCHEDULED, Sending.CANCELLED])
            .order_by("context_id", "-planned_at", "-due_at")
            .distinct("context_id")
            .only("context_id", "status", "read_at", "delivered_at", "sent_at", "failed_at")
        )
        zone = self._organization.zone
        return {row.context_id: reminder_words(row, zone) for row in rows if row.context_id}


def reminder_words(row: Communication, zone: dt.tzinfo) -> str:
    """Say in a few words how far a reminder got; the day is named unless it was today."""
    moment = row.read_at or row.delivered_at or row.sent_at or row.failed_at
    at = clock(moment, zone)
    if moment is not None and moment.astimezone(zone).date() != timezone.now().astimezone(zone).date():
        at = f"{date_format(moment.astimezone(zone), 'D')} {at}"
    words = {
        Sending.READ: _("Reminder read %(at)s"),
        Sending.DELIVERED: _("Reminder delivered %(at)s"),
        Sending.SENT: _("Reminder sent %(at)s, not confirmed by the carrier yet"),
        Sending.SENDING: _("Reminder on its way"),
        Sending.QUEUED: _("Reminder on its way"),
        Sending.AMBIGUOUS: _("Reminder: not certain that it went out"),
        Sending.BLOCKED: _("Reminder not sent: blocked"),
    }
    return words.get(Sending(row.status), _("Reminder not delivered")) % {"at": at}
