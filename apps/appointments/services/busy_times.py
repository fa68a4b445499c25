"""Another calendar's busy times, for as far ahead as visits are booked, and whom they put outside the plan."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.models import AppointmentType
from apps.appointments.outside import Span
from apps.core.errors import InvalidInput
from apps.organizations.models import Organization
from apps.practitioners.calendar_files import BusyPeriod, CalendarFile, read_calendar_file
from apps.practitioners.models import Practitioner
from apps.practitioners.selectors import zone_of

# Calendars are imported again from time to time: what is read today should last until then.
MARGIN = dt.timedelta(days=60)
LEAST, MOST = dt.timedelta(days=120), dt.timedelta(days=550)


@dataclass(frozen=True, slots=True)
class ReadCalendar:
    """A file read for a practitioner: under which name, what it says, and until when it was looked at (UTC)."""

    name: str
    file: CalendarFile
    until: dt.datetime

    @property
    def periods(self) -> list[BusyPeriod]:
        return self.file.periods


def booking_window(organization: Organization) -> tuple[dt.datetime, dt.datetime]:
    """Return from when until when (UTC) busy times matter: the longest booking horizon and two months. One query."""
    types = AppointmentType.objects.for_organization(organization).filter(is_active=True)
    days = types.aggregate(most=Max("horizon_days"))["most"] or 0
    start = timezone.now().replace(minute=0, second=0, microsecond=0)
    return start, start + min(max(dt.timedelta(days=days) + MARGIN, LEAST), MOST)


def read_calendar(*, practitioner: Practitioner, content: bytes, name: str = "") -> ReadCalendar:
    """Read an .ics file as a practitioner's busy times; writes nothing. Without a name, the file's own is taken.

    Raises InvalidInput for what can't be read at all, and when no name is known. Two queries.
    """
    start, end = booking_window(practitioner.organization)
    found = read_calendar_file(content, zone=zone_of(practitioner), start=start, end=end)
    chosen = " ".join(name.split()) or found.name
    if not chosen:
        message = _("The file does not say which calendar it is. Give it a name, for example Hospital.")
        raise InvalidInput(message, errors={"calendar": [message]})
    return ReadCalendar(chosen, found, end)


def span_of(practitioner: Practitioner) -> Span:
    """Return the visits that a change of the person's busy times may put outside."""
    return Span(practitioner.organization, practitioner=practitioner)
