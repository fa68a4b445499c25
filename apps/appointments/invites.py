"""Calendar invites: iCalendar (RFC 5545) with iTIP methods (RFC 5546).

The UID is the appointment's id for good, SEQUENCE its version minus one: a later REQUEST or CANCEL replaces the
earlier one in every calendar program. Visits of a series share the series' UID and are told apart by RECURRENCE-ID. Times carry the location's zone, and its VTIMEZONE is always included (Outlook
shifts times without). Calendars are shared: the entry never says why somebody comes, nor the type of the visit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vCalAddress, vText

from apps.appointments.models import Appointment, Status

Method = Literal["REQUEST", "CANCEL", "PUBLISH"]
PRODUCT = "-//Clinic portal//Appointments//EN"
# Enough of the zone's past and future that every program agrees on the rule around the visit.
AROUND = dt.timedelta(days=400)


def invite_for(appointment: Appointment, *, method: Method = "PUBLISH", attendee: str = "", organizer: str = "") -> str:
    """Return the appointment as an iCalendar text; reads its patient, practitioner, location and organization.

    REQUEST and CANCEL are for an e-mail to the patient and need both addresses (RFC 5546, 3.2). PUBLISH is a file
    to download: it names the clinic when an address is given, and no attendee.
    """
    if method != "PUBLISH" and not (attendee and organizer):
        raise ValueError(f"{method} needs an organizer and an attendee")
    with translation.override(
        appointment.patient.language if appointment.patient else appointment.organization.language
    ):
        event = event_of(appointment, cancelled=method == "CANCEL" or appointment.status == Status.CANCELLED)
    return calendar_of(
        [event], method=method, attendee=attendee, organizer=organizer, clinic=appointment.organization.name
    )


def calendar_of(events: Sequence[Event], *, method: Method, attendee: str, organizer: str, clinic: str) -> str:
    """Return events as an iCalendar text with the zones that they name; adds who invites whom."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    if method != "PUBLISH" or organizer:  # a PUBLISH without an organizer is none: then it is a plain calendar file
        calendar.add("method", method)
    for event in events:
        if organizer:
            event.add("organizer", _address(organizer, cn=clinic))
        if method != "PUBLISH":
            asked = "NEEDS-ACTION" if method == "REQUEST" else "DECLINED"
            event.add("attendee", _address(attendee, role="REQ-PARTICIPANT", partstat=asked, rsvp="FALSE"))
        calendar.add_component(event)
    days = [dt.date.fromisoformat(event.start.isoformat()[:10]) for event in events]
    calendar.add_missing_timezones(first_date=min(days) - AROUND, last_date=max(days) + AROUND)
    return calendar.to_ical().decode()


def event_of(appointment: Appointment, *, cancelled: bool) -> Event:
    """Return the appointment as a VEVENT in the active language; reads its location, practitioner and organization."""
    zone = appointment.location.zone
    event = Event()
    event.add("uid", str(appointment.series_id or appointment.pk))
    event.add("sequence", _sequence(appointment))
    if appointment.recurrence_id is not None:
        event.add("recurrence-id", appointment.recurrence_id.astimezone(zone))
    event.add("dtstamp", timezone.now())
    event.add("last-modified", appointment.updated_at)
    event.add("dtstart", appointment.start.astimezone(zone))
    event.add("dtend", appointment.end.astimezone(zone))
    event.add("summary", _("Appointment at %(clinic)s") % {"clinic": appointment.organization.name})
    event.add("location", _where(appointment))
    event.add("description", _description(appointment))
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if cancelled else "OPAQUE")
    event.add("class", "PRIVATE")
    return event


def _sequence(appointment: Appointment) -> int:
    """Return how often this entry was changed: with its series, and on its own."""
    return appointment.version - 1 + (appointment.series.version - 1 if appointment.series else 0)


def _where(appointment: Appointment) -> str:
    return ", ".join(part for part in (appointment.location.name, appointment.location.address_line) if part)


def _description(appointment: Appointment) -> str:
    lines = [_("With %(name)s.") % {"name": appointment.practitioner.display_name}]
    lines += [text for text in (appointment.appointment_type.instructions, appointment.location.directions) if text]
    phone = appointment.location.phone or appointment.organization.phone
    if phone:
        lines.append(_("Questions? Call %(phone)s.") % {"phone": phone})
    return "\n".join(lines)


def _address(email: str, **parameters: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{email}")
    for name, value in parameters.items():
        address.params[name] = vText(value)
    return address
