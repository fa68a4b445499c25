"""A time got free: offer it to whoever waits for it, the best first; and settle those who got a visit another way."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.conflicts import Wanted
from apps.appointments.house_rules import settings_for
from apps.appointments.models import (
    OPEN_WAITS,
    Appointment,
    OfferStatus,
    Source,
    Status,
    WaitlistEntry,
    WaitlistOffer,
    WaitStatus,
)
from apps.appointments.ranking import Candidate, rank_candidates
from apps.appointments.services.placing import lock_for
from apps.appointments.services.waitlist.ground import (
    close_offer,
    emit_entry,
    lock_holds_of,
    lock_waitlist,
    open_offer_of,
)
from apps.appointments.services.waitlist.offers import offer_slot
from apps.appointments.waiting import fits
from apps.core.actors import SYSTEM, Actor
from apps.core.errors import Conflict
from apps.organizations.models import Location, Organization
from apps.organizations.permissions import Permission
from apps.practitioners.models import Practitioner

log = structlog.get_logger(__name__)
# Whoever cancelled by mistake undoes it within seconds: until then nobody is told, and the time comes back at once.
UNDO_GRACE = dt.timedelta(seconds=20)
MOST_OFFERS = 12


@transaction.atomic
def fill_slot(
    *,
    organization: Organization,
    practitioner: Practitioner,
    location: Location,
    start: dt.datetime,
    end: dt.datetime,
    without_patients: Collection[uuid.UUID | None] = (),
    actor: Actor = SYSTEM,
) -> list[WaitlistOffer]:
    """Offer what is free of a practitioner's time between two instants (UTC) to who waits for it; return the offers.

    One person per free time: when the best candidate's visit is shorter than what got free, the rest goes to the next.
    Does nothing when the organization switched automatic filling off, or the time is not free after all. A second
    call finds the time held and offers nothing. Locks the waitlist.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    if end <= timezone.now() or not settings_for(organization).waitlist_fills_automatically:
        return []
    lock_waitlist(organization)
    made: list[WaitlistOffer] = []
    refused: set[uuid.UUID | None] = set(without_patients)
    within_reach: set[uuid.UUID] = set()  # who was locked at first: asking for others later would be out of order
    while len(made) + len(refused) < MOST_OFFERS + len(without_patients):
        ranked = rank_candidates(
            organization=organization,
            practitioner=practitioner,
            location=location,
            start=start,
            end=end,
            without_patients=refused,
        )
        possible = [candidate for candidate in ranked if candidate.can_be_offered]
        if within_reach:
            possible = [candidate for candidate in possible if candidate.entry.pk in within_reach]
        if not possible:
            break
        if not within_reach:
            _lock_for_all(possible, practitioner, location)
            within_reach = {candidate.entry.pk for candidate in possible}
        best = possible[0]
        offer = _try(best, practitioner, location, actor)
        if offer is None:
            refused.add(best.entry.patient_id)
            continue
        made.append(offer)
        if offer.start <= start and end <= offer.end:
            break
    return made


def _lock_for_all(candidates: Sequence[Candidate], practitioner: Practitioner, location: Location) -> None:
    """Lock whoever and whatever the offers may need: the second would ask for rooms while it has the first one's hold."""
    lock_for(
        *(
            Wanted(
                organization=candidate.entry.organization,
                appointment_type=candidate.entry.appointment_type,
                practitioner=practitioner,
                location=location,
                start=candidate.slot.start,
                minutes=candidate.entry.appointment_type.duration_minutes,
                patient=candidate.entry.patient,
                source=Source.WAITLIST,
            )
            for candidate in candidates
        )
    )


def _try(candidate: Candidate, practitioner: Practitioner, location: Location, actor: Actor) -> WaitlistOffer | None:
    """Offer the time; None when it can't be theirs after all (they have another visit then, the message has no way)."""
    try:
        return offer_slot(
            entry=candidate.entry,
            practitioner=practitioner,
            location=location,
            start=candidate.slot.start,
            not_before=timezone.now() + UNDO_GRACE,
            actor=actor,
        )
    except Conflict as refusal:
        log.info("waitlist.candidate_refused", entry=str(candidate.entry.pk), code=refusal.code)
        return None


@transaction.atomic
def settle_waiting(
    *, appointment: Appointment, moved_from: dt.datetime | None = None, actor: Actor = SYSTEM
) -> list[WaitlistEntry]:
    """Close the entries that a visit fulfils which came about another way (by phone, by the bot); return them.

    That is a visit of the same type within the window, with whom and where they asked for: one that was booked since
    they began to wait, or the visit that an offer would move when it now is earlier than at `moved_from` (UTC). An
    offer that they still have is withdrawn, and its time handed on. Locks the waitlist when there is such an entry.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    if not _fulfilled_by(appointment, moved_from):
        return []
    lock_waitlist(appointment.organization)
    settled = _fulfilled_by(appointment, moved_from)
    offers = {entry.pk: open_offer_of(entry) for entry in settled}
    lock_holds_of([offer for offer in offers.values() if offer is not None])
    for entry in settled:
        offer = offers[entry.pk]
        if offer is not None:
            why = _("The patient has a visit now.")
            close_offer(offer, OfferStatus.WITHDRAWN, by="system", why=why, actor=actor, hand_on=True)
        before, entry.status, entry.booked = entry.status, WaitStatus.BOOKED, appointment
        entry.version += 1
        entry.save(update_fields=["status", "booked", "version", "updated_at"])
        changes = {"status": [before, entry.status]}
        emit_entry("fulfilled", entry, actor=actor, changes=changes, appointment_id=str(appointment.pk))
    return settled


def _fulfilled_by(appointment: Appointment, moved_from: dt.datetime | None) -> list[WaitlistEntry]:
    if appointment.status != Status.BOOKED or appointment.patient_id is None:
        return []
    booked_at = appointment.status_changed_at or appointment.created_at
    is_earlier = moved_from is not None and appointment.start < moved_from
    entries = WaitlistEntry.objects.filter(
        organization_id=appointment.organization_id,
        patient_id=appointment.patient_id,
        appointment_type_id=appointment.appointment_type_id,
        status__in=OPEN_WAITS,
    )
    return [
        entry
        for entry in entries
        if fits(entry, appointment.local_start)
        and entry.practitioner_id in (None, appointment.practitioner_id)
        and entry.location_id in (None, appointment.location_id)
        and (is_earlier if entry.moves_id == appointment.pk else booked_at >= entry.created_at)
    ]
