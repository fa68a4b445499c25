"""How far the reminders of the visits on a page got."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from apps.communications.models import Category, Communication
from apps.communications.models import Status as Sending
from apps.core.dates import day_in_words
from apps.organizations.models import Organization

WORDS: dict[str, Promise] = {
    Sending.READ: gettext_lazy("Reminder read %(at)s"),
    Sending.DELIVERED: gettext_lazy("Reminder delivered %(at)s"),
    Sending.SENT: gettext_lazy("Reminder sent %(at)s, not confirmed by the carrier yet"),
    Sending.SENDING: gettext_lazy("Reminder on its way"),
    Sending.QUEUED: gettext_lazy("Reminder on its way"),
    Sending.AMBIGUOUS: gettext_lazy("Reminder: not certain that it went out"),
    Sending.BLOCKED: gettext_lazy("Reminder not sent: blocked"),
}
NOT_DELIVERED = gettext_lazy("Reminder not delivered")


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
            .values_list("context_id", "status", Coalesce("read_at", "delivered_at", "sent_at", "failed_at"))
        )
        zone = self._organization.zone
        today = timezone.now().astimezone(zone).date()
        return {context_id: _words(status, moment, zone, today) for context_id, status, moment in rows}


def _words(status: str, moment: dt.datetime | None, zone: dt.tzinfo, today: dt.date) -> str:
    """Say in a few words how far a reminder got; the day is named unless it was today."""
    local = moment.astimezone(zone) if moment else None
    at = f"{local:%H:%M}" if local else ""
    if local is not None and local.date() != today:
        at = f"{day_in_words(local, 'D')} {at}"
    return str(WORDS.get(status, NOT_DELIVERED)) % {"at": at}
