"""What a practitioner's calendar feed says: visits and absences around today, as iCalendar (RFC 5545).

Calendar programs copy what they read to other machines: names and reasons stay out unless the organization chose that
feeds name the patient; the reason of a visit is never in them.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vDuration

from apps.appointments.invites import PRODUCT
from apps.appointments.models import Appointment, CalendarFeed, Status
from apps.appointments.services import settings_for
from apps.appointments.services.feeds import feed_digest
from apps.core.tenancy import all_organizations
from apps.practitioners.selectors import absences

BEFORE, AHEAD = dt.timedelta(days=30), dt.timedelta(days=180)
REFRESH = dt.timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class OpenedFeed:
    """What a feed's address leads to."""

    organization_id: uuid.UUID
    feed_id: uuid.UUID


def open_feed(token: str) -> OpenedFeed | None:
    """Return what a secret leads to; None when it is unknown or revoked. One query."""
    with all_organizations():
        found = (
            CalendarFeed.objects.filter(digest=feed_digest(token), revoked_at__isnull=True)
            .filter(organization__is_active=True, practitioner__is_active=True)
            .values_list("organization_id", "pk")
            .first()
        )
    return OpenedFeed(*found) if found else None


@dataclass(frozen=True, slots=True)
class FeedContent:
    """The calendar as text, and which patients it names."""

    text: str
    patient_ids: tuple[uuid.UUID, ...]


def feed_content(feed: CalendarFeed) -> FeedContent:
    """Return the feed's calendar in the organization's language; four queries whatever the number of visits."""
    now = timezone.now()
    start, end = now - BEFORE, now + AHEAD
    names = settings_for(feed.organization).feeds_show_patients
    visits = list(
        Appointment.objects.for_organization(feed.organization)
        .real()
        .exclude(status__in=[Status.CANCELLED, Status.NO_SHOW])
        .filter(practitioner_id=feed.practitioner_id)
        .between(start, end)
        .for_list()
        .order_by("start", "id")
    )
    away = absences(organization=feed.organization, start=start, end=end, practitioners=[feed.practitioner])
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("x-wr-calname", f"{feed.practitioner.display_name} · {feed.organization.name}")
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    with translation.override(feed.organization.language):
        for visit in visits:
            calendar.add_component(_visit(visit, names=names))
        for absence in away:
            if absence.practitioner_id == feed.practitioner_id:
                title = _("Time off")
                calendar.add_component(_entry(absence.id, absence.start, absence.end, title, feed.organization.zone))
    calendar.add_missing_timezones(first_date=start.date(), last_date=end.date())
    named = tuple(dict.fromkeys(visit.patient_id for visit in visits if visit.patient_id)) if names else ()
    return FeedContent(calendar.to_ical().decode(), named)


def _visit(visit: Appointment, *, names: bool) -> Event:
    title = visit.appointment_type.name
    if names and visit.patient is not None:
        title = f"{visit.patient.full_name} · {title}"
    event = _entry(visit.pk, visit.start, visit.end, title, visit.location.zone)
    event.add(
        "location", ", ".join(part for part in (visit.location.name, visit.room.name if visit.room else "") if part)
    )
    event.add("sequence", visit.version - 1)
    event.add("last-modified", visit.updated_at)
    event.add("status", "CONFIRMED")
    return event


def _entry(uid: uuid.UUID, start: dt.datetime, end: dt.datetime, title: str, zone: dt.tzinfo) -> Event:
    event = Event()
    event.add("uid", f"{uid}@feed")
    event.add("dtstamp", timezone.now())
    event.add("dtstart", start.astimezone(zone))
    event.add("dtend", end.astimezone(zone))
    event.add("summary", title)
    event.add("class", "PRIVATE")
    return event
