"""What messages about a series say: one about all of its visits, with one calendar entry that repeats."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from icalendar import Event, vRecur

from apps.appointments.invites import Method, calendar_of, event_of
from apps.appointments.messages import date_text, template_variables
from apps.appointments.models import Appointment, AppointmentSeries, Status
from apps.appointments.recurrence import occurrences, parse_rule
from apps.communications.accounts import account_for
from apps.communications.models import Channel, Communication
from apps.communications.registry import Context, register_guard
from apps.notifications.contexts import MessageContext, register_context, register_variables
from apps.notifications.triggers import announce
from apps.organizations.conventions import clock_text
from apps.organizations.models import Organization
from apps.patients.models import ContactSystem

CONTEXT_TYPE = AppointmentSeries._meta.label
TRIGGERS = ("series.booked", "series.changed", "series.cancelled")
LISTED = 12


def register_series_messages() -> None:
    """Let rules plan messages about series, and guard them at send time; called once at start."""
    register_context(CONTEXT_TYPE, series_context)
    register_guard(CONTEXT_TYPE, series_still_holds)
    register_variables(
        {"series.count": "4", "series.dates": "Monday, 23 November at 09:00\nMonday, 30 November at 09:00"}
    )
    for event_type in TRIGGERS:
        announce(event_type, CONTEXT_TYPE, replans=())


def series_context(organization: Organization, subject_id: uuid.UUID) -> MessageContext | None:
    """Return what messages about the series may say; None when it has no visits. Three queries.

    `series.dates` lists the visits that are still ahead, at most twelve, `series.count` how many there are; what is said
    of an appointment is said of the next one, or of the last one when none is ahead.
    """
    series: AppointmentSeries | None = (
        AppointmentSeries.objects.for_organization(organization)
        .select_related("organization", "location", "patient")
        .prefetch_related("patient__contact_points")
        .filter(pk=subject_id)
        .first()
    )
    visits = _visits(series) if series is not None else []
    if series is None or not visits:
        return None
    ahead = [one for one in visits if one.status == Status.BOOKED and one.start > timezone.now()]
    shown = ahead[0] if ahead else visits[-1]
    language = series.patient.language
    with translation.override(language):
        said = {"count": str(len(ahead)), "dates": _dates(ahead, organization.country)}
    return MessageContext(
        patient=series.patient,
        variables={**template_variables(shown), "series": said},
        anchor=visits[-1].start,
        zone=series.location.zone,
        version=series.version,
        language=language,
        context=Context(type=CONTEXT_TYPE, id=series.pk, version=series.version),
        attachments=lambda channel: _attachments(series, visits, channel),
    )


def _visits(series: AppointmentSeries) -> list[Appointment]:
    visits = Appointment.objects.real().for_list().select_related("organization", "series")
    return list(visits.filter(series=series).order_by("start"))


def _dates(visits: Sequence[Appointment], country: str) -> str:
    lines = [
        _("%(day)s at %(time)s")
        % {
            "day": f"{date_format(one.local_start, 'l')}, {date_text(one.local_start, country=country)}",
            "time": clock_text(one.local_start, country=country),
        }
        for one in visits[:LISTED]
    ]
    more = len(visits) - LISTED
    if more > 0:
        lines.append(ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more})
    return "\n".join(lines)


def _attachments(series: AppointmentSeries, visits: Sequence[Appointment], channel: str) -> list[dict[str, Any]]:
    """Return the calendar entry of the series for an e-mail; of a series that was split, the ended one's as well."""
    account = account_for(series.organization, Channel.EMAIL) if channel == Channel.EMAIL else None
    points = [one for one in series.patient.contact_points.all() if one.system == ContactSystem.EMAIL]
    if account is None or not points:
        return []
    found = [invite_for_series(series, visits, attendee=points[0].value, organizer=account.address)]
    if series.continues is not None and series.version == 1:
        ended = _visits(series.continues)
        if ended:
            found.append(
                invite_for_series(series.continues, ended, attendee=points[0].value, organizer=account.address)
            )
    return [
        {
            "filename": "invite.ics" if number == 0 else f"invite-{number + 1}.ics",
            "content_type": f"text/calendar; method={method}; charset=utf-8",
            "text": text,
        }
        for number, (method, text) in enumerate(found)
    ]


def invite_for_series(
    series: AppointmentSeries, visits: Sequence[Appointment], *, attendee: str, organizer: str
) -> tuple[Method, str]:
    """Return the method and the iCalendar text (RFC 5545, 5546) of a series.

    One entry with the rule; occurrences that are not booked are EXDATEs, those moved on their own are entries with
    their RECURRENCE-ID. A series of which nothing is left is a CANCEL.
    """
    zone = series.location.zone
    live = {one.recurrence_id: one for one in visits if one.status not in (Status.CANCELLED, Status.NO_SHOW)}
    method: Method = "REQUEST" if live else "CANCEL"
    pattern = next(iter(live.values()), visits[0])
    with translation.override(series.patient.language):
        master = event_of(pattern, cancelled=not live)
        del master["recurrence-id"]
        rule = parse_rule(series.rule)
        starts = occurrences(rule, series.start, zone)
        _replace(master, "dtstart", series.start.astimezone(zone))
        _replace(master, "dtend", (series.start + dt.timedelta(minutes=series.duration_minutes)).astimezone(zone))
        _replace(master, "sequence", series.version - 1)
        events = [master]
        if live:
            master.add("rrule", vRecur.from_ical(rule.in_utc(zone)))
            for moment in starts:
                if moment not in live:
                    master.add("exdate", moment.astimezone(zone))
            events += [event_of(one, cancelled=False) for name, one in live.items() if one.start != name]
    text = calendar_of(events, method=method, attendee=attendee, organizer=organizer, clinic=series.organization.name)
    return method, text


def _replace(event: Event, name: str, value: Any) -> None:
    del event[name]
    event.add(name, value)


def series_still_holds(communication: Communication) -> str | None:
    """Say why a message about a series is pointless by now, None while it holds. Locks the series' row."""
    series: AppointmentSeries | None = (
        AppointmentSeries.objects.select_for_update(no_key=True)
        .filter(organization_id=communication.organization_id, pk=communication.context_id)
        .first()
    )
    if series is None:
        return _("The series does not exist any more.")
    if communication.context_version != series.version:
        return _("The series was changed after this was planned.")
    return None
