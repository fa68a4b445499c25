"""The answer to an offer: the first yes books, a no keeps the patient on the list and frees the time for the next."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.conflicts import Wanted
from apps.appointments.models import (
    Appointment,
    OfferStatus,
    Source,
    WaitlistOffer,
    WaitStatus,
)
from apps.appointments.services.booking import book_appointment
from apps.appointments.services.changes import reschedule_appointment
from apps.appointments.services.placing import lock_for, release_rows
from apps.appointments.services.visits import confirm_appointment
from apps.appointments.services.waitlist.ground import (
    OFFER_CONTEXT,
    OfferClosed,
    close_offer,
    emit_entry,
    emit_offer,
    held_for,
    let_wait,
    load_offer,
    lock_offer,
    lock_waitlist,
)
from apps.appointments.services.waitlist.telling import moves_a_visit
from apps.communications.services import cancel_for_context
from apps.core.actors import Actor
from apps.organizations.permissions import Permission


@transaction.atomic
def accept_offer(*, offer: WaitlistOffer, by: str, actor: Actor) -> Appointment:
    """Book the offered time (or move the visit that the entry would move), exactly once, whoever says yes how often.

    The yes is the patient's word that they come, so the visit is confirmed by it. `by` is the way of the answer
    (whatsapp, sms, staff, api). Locks the waitlist, then as booking does: of a yes and
    the end of its time that meet, one comes first and decides. A second yes returns the same visit. Raises OfferClosed
    when it was declined, ran out or was withdrawn, SlotUnavailable when the patient or the clinic can't any more.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    lock_waitlist(offer.organization)
    current = load_offer(offer.pk)
    if current.status == OfferStatus.ACCEPTED and current.entry.booked is not None:
        return current.entry.booked
    moves = current.entry.moves if moves_a_visit(current) else None
    lock_for(_wanted(current, moves), also_practitioners=[moves.practitioner_id] if moves else [])
    hold = held_for(current)
    locked = lock_offer(current)
    if locked.status != OfferStatus.OPEN or locked.expires_at <= timezone.now():
        raise OfferClosed(locked)
    taken = _move(locked, moves, hold, actor) if moves else _book(locked, hold, actor)
    visit = confirm_appointment(appointment=taken, by=by, actor=actor)
    locked.status, locked.answered_at, locked.answered_by = OfferStatus.ACCEPTED, timezone.now(), by[:20]
    locked.hold = None
    locked.save(update_fields=["status", "answered_at", "answered_by", "hold", "updated_at"])
    entry = locked.entry
    before, entry.status, entry.booked = entry.status, WaitStatus.BOOKED, visit
    entry.version += 1
    entry.save(update_fields=["status", "booked", "version", "updated_at"])
    cancel_for_context(
        organization=locked.organization,
        context_type=OFFER_CONTEXT,
        context_id=locked.pk,
        reason=_("The offer was accepted."),
        actor=actor,
    )
    emit_offer("accepted", locked, actor=actor, by=locked.answered_by, appointment_id=str(visit.pk))
    changes = {"status": [before, entry.status]}
    emit_entry("fulfilled", entry, actor=actor, changes=changes, appointment_id=str(visit.pk))
    return visit


def _wanted(offer: WaitlistOffer, moves: Appointment | None) -> Wanted:
    """Return what will be booked or moved, for its locks: a visit that moves keeps its room where that is possible."""
    entry = offer.entry
    keeps_room = moves is not None and moves.location_id == offer.location_id and not entry.appointment_type.needs_room
    return Wanted(
        organization=offer.organization,
        appointment_type=entry.appointment_type,
        practitioner=offer.practitioner,
        location=offer.location,
        start=offer.start,
        minutes=entry.appointment_type.duration_minutes,
        patient=entry.patient,
        room=moves.room if moves is not None and keeps_room else None,
        source=Source.WAITLIST,
    )


def _book(offer: WaitlistOffer, hold: Appointment | None, actor: Actor) -> Appointment:
    return book_appointment(
        organization=offer.organization,
        patient=offer.entry.patient,
        appointment_type=offer.entry.appointment_type,
        practitioner=offer.practitioner,
        location=offer.location,
        start=offer.start,
        note=offer.entry.note,
        source=Source.WAITLIST,
        hold=hold,
        actor=actor,
    )


def _move(offer: WaitlistOffer, visit: Appointment, hold: Appointment | None, actor: Actor) -> Appointment:
    """Move the later visit to the held time. The hold goes first, behind the practitioner's lock: nobody comes between."""
    if hold is not None:
        release_rows([hold.pk], actor=actor)
    return reschedule_appointment(
        appointment=visit,
        start=offer.start,
        practitioner=offer.practitioner,
        location=offer.location,
        actor=actor,
    )


@transaction.atomic
def decline_offer(*, offer: WaitlistOffer, by: str, actor: Actor) -> WaitlistOffer:
    """Note that they don't want this time; they go on waiting, and the time goes to the next. Raises OfferClosed.

    A second no changes nothing.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    lock_waitlist(offer.organization)
    current = load_offer(offer.pk)
    if current.status == OfferStatus.DECLINED:
        return current
    closed = close_offer(
        current, OfferStatus.DECLINED, by=by, why=_("The patient declined."), actor=actor, hand_on=True
    )
    let_wait(closed.entry)
    return closed
