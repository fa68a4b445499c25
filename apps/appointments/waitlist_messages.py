"""What messages about an offer of the waitlist say, and whether they still make sense at the moment of sending."""

from __future__ import annotations

import datetime as dt
import uuid

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.appointments.messages import date_text, template_variables
from apps.appointments.models import Appointment, OfferStatus, WaitlistOffer
from apps.appointments.services.waitlist.ground import OFFER_CONTEXT
from apps.appointments.services.waitlist.telling import TAKEN_TEMPLATE
from apps.communications.models import Communication
from apps.communications.registry import Context, register_guard
from apps.notifications.contexts import MessageContext, register_context, register_variables
from apps.organizations.conventions import clock_text
from apps.organizations.models import Organization

EXAMPLES = {"offer.until": "10:42", "offer.visit": "Friday, 4 December, 09:30"}


def register_offer_messages() -> None:
    """Let messages be about offers, and guard them at send time; called once at start."""
    register_context(OFFER_CONTEXT, offer_context)
    register_guard(OFFER_CONTEXT, still_holds)
    register_variables(EXAMPLES)


def offer_context(organization: Organization, subject_id: uuid.UUID) -> MessageContext | None:
    """Return what messages about the offer may say; None when there is no such offer. Two queries.

    While it is open they are of use until it expires, afterwards (that the time is taken) until the time itself.
    """
    offer: WaitlistOffer | None = (
        WaitlistOffer.objects.for_organization(organization)
        .select_related(
            "organization",
            "practitioner",
            "location",
            "entry__patient",
            "entry__appointment_type",
            "entry__moves__location",
        )
        .prefetch_related("entry__patient__contact_points")
        .filter(pk=subject_id)
        .first()
    )
    if offer is None:
        return None
    patient = offer.entry.patient
    return MessageContext(
        patient=patient,
        variables=_variables(offer),
        anchor=offer.expires_at if offer.status == OfferStatus.OPEN else offer.start,
        zone=offer.location.zone,
        version=1,
        language=patient.language,
        context=Context(type=OFFER_CONTEXT, id=offer.pk, version=1),
    )


def _variables(offer: WaitlistOffer) -> dict[str, dict[str, str]]:
    """Return what templates may name: the offered visit as if it were booked, until when it is kept, what it moves."""
    visit = Appointment(
        organization=offer.organization,
        patient=offer.entry.patient,
        practitioner=offer.practitioner,
        location=offer.location,
        appointment_type=offer.entry.appointment_type,
        start=offer.start,
    )
    with translation.override(offer.entry.patient.language):
        until = clock_text(offer.expires_at.astimezone(offer.location.zone), country=offer.organization.country)
        moved = offer.entry.moves
        present = _said(moved.local_start, offer.organization.country) if moved is not None else ""
    return template_variables(visit) | {"offer": {"until": until, "visit": present}}


def _said(local: dt.datetime, country: str) -> str:
    day, time = date_text(local, country=country), clock_text(local, country=country)
    return _("%(day)s at %(time)s") % {"day": f"{date_format(local, 'l')}, {day}", "time": time}


def still_holds(communication: Communication) -> str | None:
    """Say why a message about an offer is pointless by now, None while it holds.

    Locks the offer's row until the dispatcher has marked the message as being sent: an answer or an expiry commits
    either before this look, and is seen, or after the message is on its way.
    """
    offer: WaitlistOffer | None = (
        WaitlistOffer.objects.select_for_update(no_key=True)
        .filter(organization_id=communication.organization_id, pk=communication.context_id)
        .first()
    )
    if offer is None:
        return _("The offer does not exist any more.")
    if communication.template_key == TAKEN_TEMPLATE:
        return None if offer.status == OfferStatus.WITHDRAWN else _("The offer was not withdrawn.")
    if offer.status != OfferStatus.OPEN or offer.expires_at <= timezone.now():
        return _("The offer is not open any more.")
    return None
