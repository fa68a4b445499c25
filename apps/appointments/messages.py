"""What messages about an appointment say, and whether they still make sense at the moment of sending."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.appointments.invites import Method, invite_for
from apps.appointments.links import link_address
from apps.appointments.models import Appointment, Status
from apps.appointments.services.called_off import AHEAD_OF_VISIT, CONTEXT_TYPE
from apps.appointments.services.no_shows import MISSED_TEMPLATE
from apps.communications.accounts import account_for
from apps.communications.models import Category, Channel, Communication
from apps.communications.registry import Context, register_guard
from apps.notifications.contexts import MessageContext, register_context
from apps.notifications.triggers import announce
from apps.organizations.conventions import clock_text, writes_month_first
from apps.organizations.models import Organization
from apps.patients.contact import show_phone
from apps.patients.models import ContactSystem

TRIGGERS = ("appointment.booked", "appointment.rescheduled", "appointment.cancelled", "appointment.fulfilled")
INVITES: dict[str, Method] = {Status.BOOKED: "REQUEST", Status.CANCELLED: "CANCEL"}


def register_messages() -> None:
    """Let rules plan messages about appointments, and guard them at send time; called once at start."""
    register_context(CONTEXT_TYPE, message_context)
    register_guard(CONTEXT_TYPE, still_holds, together=still_hold)
    for event_type in TRIGGERS:
        announce(event_type, CONTEXT_TYPE)
    announce("appointment.given_over", CONTEXT_TYPE, replans=["appointment.booked"])


def message_context(organization: Organization, subject_id: uuid.UUID) -> MessageContext | None:
    """Return what messages about the appointment may say; None when there is nobody to tell. Two queries."""
    appointment: Appointment | None = (
        Appointment.objects.for_organization(organization)
        .real()
        .for_list()
        .select_related("organization")
        .prefetch_related("patient__contact_points")
        .filter(pk=subject_id)
        .first()
    )
    if appointment is None or appointment.patient is None:
        return None
    return MessageContext(
        patient=appointment.patient,
        variables=template_variables(appointment),
        anchor=appointment.start,
        zone=appointment.location.zone,
        version=appointment.version,
        language=appointment.patient.language,
        context=Context(type=CONTEXT_TYPE, id=appointment.pk, version=appointment.version),
        attachments=lambda channel: _attachments(appointment, channel),
    )


def template_variables(appointment: Appointment) -> dict[str, dict[str, str]]:
    """Return what templates may name, in the patient's language and the location's wall time, as the bot writes it."""
    patient, location, organization = appointment.patient, appointment.location, appointment.organization
    with translation.override(patient.language if patient else organization.language):
        local = appointment.local_start
        when = {
            "date": date_text(local, country=organization.country),
            "weekday": date_format(local, "l"),
            "time": clock_text(local, country=organization.country),
        }
    return {
        "patient": {"first_name": patient.first_name if patient else ""},
        "appointment": {
            **when,
            "practitioner": appointment.practitioner.display_name,
            "location": location.name,
            "address": location.address_line,
            "type": appointment.appointment_type.name,
            "instructions": appointment.appointment_type.instructions,
            "link": link_address(appointment),
        },
        "clinic": {
            "name": organization.name,
            "phone": show_phone(location.phone or organization.phone, country=organization.country),
        },
    }


def date_text(local: dt.datetime, *, country: str) -> str:
    """Return day and month as the active language writes them; in English as the country does."""
    language = translation.get_language() or "en"
    if not language.startswith("en"):
        return date_format(local, "MONTH_DAY_FORMAT")
    return date_format(local, "F j" if writes_month_first(country) else "j F")


def _attachments(appointment: Appointment, channel: str) -> list[dict[str, Any]]:
    """Return the calendar invite for an e-mail about a visit ahead or called off; nothing else carries one."""
    method = INVITES.get(appointment.status)
    if channel != Channel.EMAIL or method is None or appointment.patient is None:
        return []
    points = [point for point in appointment.patient.contact_points.all() if point.system == ContactSystem.EMAIL]
    account = account_for(appointment.organization, Channel.EMAIL)
    if not points or account is None:
        return []
    text = invite_for(appointment, method=method, attendee=points[0].value, organizer=account.address)
    return [{"filename": "invite.ics", "content_type": f"text/calendar; method={method}; charset=utf-8", "text": text}]


def still_holds(communication: Communication) -> str | None:
    """Say why a message about an appointment is pointless by now, None while it holds. See `still_hold`."""
    return still_hold([communication]).get(communication.pk)


def still_hold(communications: Sequence[Communication]) -> dict[uuid.UUID, str]:
    """Say, by message, why those about appointments that are pointless by now are so; one query for any number.

    Locks the appointments' rows, in the order of their ids, until the dispatcher has marked the messages as being
    sent: a change commits either before this look, and is seen, or after the message is on its way.
    """
    locked = (
        Appointment.objects.real()
        .select_for_update(no_key=True)
        .filter(
            organization_id__in={communication.organization_id for communication in communications},
            pk__in={communication.context_id for communication in communications},
        )
        .order_by("pk")
        .only("version", "status", "start")
    )
    visits = {visit.pk: visit for visit in locked}
    reasons = {message.pk: _why_not(message, visits.get(message.context_id)) for message in communications}
    return {key: reason for key, reason in reasons.items() if reason is not None}


def _why_not(communication: Communication, appointment: Appointment | None) -> str | None:
    if appointment is None:
        return _("The appointment does not exist any more.")
    if communication.context_version != appointment.version:
        return _("The appointment was changed after this was planned.")
    if communication.category in AHEAD_OF_VISIT:
        if appointment.status != Status.BOOKED:
            return _("Pointless now: the appointment is “%(status)s”.") % {"status": appointment.get_status_display()}
        if appointment.start <= timezone.now():
            return _("The appointment has begun.")
    if communication.template_key == MISSED_TEMPLATE:
        return None if appointment.status == Status.NO_SHOW else _("The visit is not missed after all.")
    if communication.category == Category.FOLLOW_UP and appointment.status != Status.FULFILLED:
        return _("The visit did not take place.")
    return None
