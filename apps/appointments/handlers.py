"""What the appointment book does when something happened: times that got free, messages that did not arrive.

Handlers run late, out of order or twice: each reads the state anew, and the services refuse what is not so any more.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from apps.appointments.models import Appointment, CancelReason, OfferStatus, Status, WaitlistOffer
from apps.appointments.services import follow_up_no_shows, write_about_no_show
from apps.appointments.services.waitlist.filling import fill_slot, settle_waiting
from apps.appointments.services.waitlist.ground import OFFER_CONTEXT
from apps.appointments.services.waitlist.offers import give_up_offer
from apps.core.actors import SYSTEM
from apps.events.models import Event
from apps.events.registry import on
from apps.organizations.models import Location
from apps.patients.merging.living import living_patient
from apps.patients.models import SAID_NO, Consent, Patient
from apps.practitioners.models import Practitioner

# Who is away or a house that is closed frees no time, whether or not the calendar knows about it yet.
_NO_TIME_IS_FREE = frozenset({CancelReason.PRACTITIONER, CancelReason.CLINIC})


@on("appointment.cancelled")
def fill_cancelled_time(event: Event) -> None:
    """Offer a cancelled visit's time to the waitlist, unless the cancellation was undone meanwhile."""
    visit = _visit(event)
    if visit is None or visit.status != Status.CANCELLED or visit.cancel_reason in _NO_TIME_IS_FREE:
        return
    fill_slot(
        organization=visit.organization,
        practitioner=visit.practitioner,
        location=visit.location,
        start=visit.start,
        end=visit.end,
        without_patients=[visit.patient_id],
    )


@on("appointment.rescheduled")
def fill_time_moved_away_from(event: Event) -> None:
    """Offer the time that a visit was moved away from; where it is by now does not matter, what is free does."""
    _fill(
        event,
        practitioner_id=_before(event, "practitioner_id"),
        location_id=_before(event, "location_id"),
        start=_before(event, "start"),
        end=_before(event, "end"),
        without_patients=[event.patient_id],
    )


@on("waitlist.declined", "waitlist.expired", "waitlist.withdrawn")
def hand_time_on(event: Event) -> None:
    """Offer the time of an offer that came to nothing to the next one who waits, unless staff keep it for themselves."""
    if event.payload.get("hand_on"):
        _fill(event, **{name: event.payload[name] for name in ("practitioner_id", "location_id", "start", "end")})


@on("appointment.booked", "appointment.rescheduled")
def settle_who_waited(event: Event) -> None:
    """Take somebody off the list who got what they waited for by another way; a move taken back gives nobody anything."""
    visit = None if event.payload.get("undone") else _visit(event)
    moved_from = event.changes.get("start", [None])[0] if event.type == "appointment.rescheduled" else None
    if visit is not None:
        settle_waiting(appointment=visit, moved_from=dt.datetime.fromisoformat(moved_from) if moved_from else None)


@on("communication.failed", "communication.undelivered", "communication.blocked", "communication.cancelled")
def give_up_undelivered_offer(event: Event) -> None:
    """Hand an offered time on as soon as it is known that its question reaches nobody."""
    if event.payload.get("context_type") != OFFER_CONTEXT:
        return
    offer = (
        WaitlistOffer.objects.select_related("organization")
        .filter(organization_id=event.organization_id, pk=event.payload["context_id"], status=OfferStatus.OPEN)
        .first()
    )
    if offer is not None:
        give_up_offer(offer=offer)


@on("consent.withdrawn")
def give_up_offer_to_who_left(event: Event) -> None:
    """Hand an offered time on when its patient wrote STOP on the channel that they were asked on."""
    consent = Consent.objects.filter(organization_id=event.organization_id, pk=event.subject_id).first()
    if consent is None or consent.status not in SAID_NO:
        return
    offers = WaitlistOffer.objects.select_related("organization").filter(
        organization_id=event.organization_id, entry__patient_id=consent.patient_id, status=OfferStatus.OPEN
    )
    for offer in offers:
        give_up_offer(offer=offer, left_channel=consent.purpose)


def _visit(event: Event) -> Appointment | None:
    found: Appointment | None = (
        Appointment.objects.for_list()
        .select_related("organization")
        .filter(organization_id=event.organization_id, pk=event.subject_id)
        .first()
    )
    return found


def _before(event: Event, field: str) -> Any:
    """Return a field's value before the move: what changed is in the changes, the rest in the payload."""
    changed = event.changes.get(field)
    return changed[0] if changed else event.payload.get(field)


def _fill(
    event: Event,
    *,
    practitioner_id: str,
    location_id: str,
    start: str,
    end: str | None,
    without_patients: list[uuid.UUID | None] | None = None,
) -> None:
    practitioner = Practitioner.objects.filter(organization_id=event.organization_id, pk=practitioner_id).first()
    location = (
        Location.objects.select_related("organization")
        .filter(organization_id=event.organization_id, pk=location_id)
        .first()
    )
    if practitioner is None or location is None or end is None:
        return
    fill_slot(
        organization=location.organization,
        practitioner=practitioner,
        location=location,
        start=dt.datetime.fromisoformat(start),
        end=dt.datetime.fromisoformat(end),
        without_patients=without_patients or [],
    )


@on("appointment.no_show")
def write_to_who_missed_it(event: Event) -> None:
    """Plan the message to the patient, if the organization decided so and the marking still stands."""
    visit = _visit(event)
    if visit is not None:
        write_about_no_show(appointment=visit, actor=SYSTEM)


@on("appointment.no_show", "appointment.status_undone")
def count_missed_visits(event: Event) -> None:
    """Block or unblock booking alone, as the organization decided."""
    patient = Patient.objects.select_related("organization").filter(pk=event.patient_id).first()
    if patient is not None:
        follow_up_no_shows(patient=living_patient(patient), actor=SYSTEM)
