"""Offering a time to somebody who waits, and taking the offer back."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.availability import require_same_organization
from apps.appointments.conflicts import Wanted
from apps.appointments.house_rules import settings_for
from apps.appointments.models import (
    OfferStatus,
    Source,
    Status,
    WaitlistEntry,
    WaitlistOffer,
    WaitStatus,
)
from apps.appointments.ranking import (
    OFFER_CATEGORY,
    OFFER_CHANNELS,
    OFFER_TEMPLATE,
    UNDELIVERED,
    addresses_with_open_offer,
)
from apps.appointments.services.holds import hold_slot
from apps.appointments.services.placing import expired_in_the_way, lock_holds
from apps.appointments.services.waitlist.ground import (
    close_offer,
    emit_offer,
    in_minutes,
    let_wait,
    load_entry,
    load_offer,
    lock_waitlist,
)
from apps.appointments.services.waitlist.telling import (
    PERHAPS_THERE,
    NotReachable,
    messages_of,
    tell_offer,
    tell_taken,
    was_asked,
)
from apps.communications.models import OPEN_STATUSES
from apps.communications.policy import zone_for
from apps.communications.quiet import quiet_until
from apps.core.actors import SYSTEM, Actor
from apps.core.errors import Conflict, InvalidTransition
from apps.core.ids import uuid7
from apps.notifications.services import Reach, reach_of
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from apps.practitioners.models import Practitioner, Room


class TooLate(Conflict):
    """The time begins too soon for somebody to be asked and to come."""

    code = "too_late_to_offer"


@transaction.atomic
def offer_slot(
    *,
    entry: WaitlistEntry,
    practitioner: Practitioner,
    location: Location,
    start: dt.datetime,
    room: Room | None = None,
    not_before: dt.datetime | None = None,
    actor: Actor,
) -> WaitlistOffer:
    """Hold a time for somebody who waits and ask them, until the clinic's minutes to answer are over.

    The message leaves at once, not before `not_before` (UTC), and when their quiet hours are over; the minutes count
    from then, and the time is held as long. Locks the waitlist, then as booking does. Raises SlotUnavailable,
    InvalidTransition (not waiting, or asked already), NotReachable, TooLate (the type's notice would not be kept),
    Conflict (code `asked_already`) when another offer waits for an answer from the same phone, Conflict (code
    `offered_already`) when somebody else was offered that time, be it another seat of a group.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    require_same_organization(entry.organization, practitioner, location, room)
    organization = entry.organization
    lock_waitlist(organization)
    current = load_entry(entry.pk)
    _require_waiting(current)
    reach = _require_reachable(current)
    minutes = in_minutes(settings_for(organization).waitlist_offer_minutes)
    now = timezone.now()
    at = _moment_to_ask(current, reach, not_before)
    expires_at = max(at or now, now) + minutes
    if start < expires_at + in_minutes(current.appointment_type.minimum_notice_minutes):
        raise _too_late(current, is_quiet=at is not None and at != not_before)
    stale = _require_no_other_offer(practitioner, start)
    offer = WaitlistOffer(id=uuid7(), organization=organization, entry=current, expires_at=expires_at)
    hold = hold_slot(
        organization=organization,
        appointment_type=current.appointment_type,
        practitioner=practitioner,
        location=location,
        start=start,
        held_for=offer.pk,
        until=expires_at,
        patient=None if _overlaps_moved_visit(current, start) else current.patient,
        room=room,
        source=Source.WAITLIST,
        actor=actor,
    )
    for other in stale:  # behind the locks of `hold_slot`, which cleared holds that ran out
        _take_back(other, actor)
    offer.practitioner, offer.location, offer.room_id = practitioner, location, hold.room_id
    offer.start, offer.end, offer.hold = hold.start, hold.end, hold
    offer.save(force_insert=True)
    current.status = WaitStatus.OFFERED
    current.save(update_fields=["status", "updated_at"])
    tell_offer(offer, at=at, actor=actor)
    emit_offer("offered", offer, actor=actor)
    return offer


def _require_waiting(entry: WaitlistEntry) -> None:
    if entry.status == WaitStatus.OFFERED:
        raise InvalidTransition(
            _("%(name)s has an offer to answer. Withdraw that first.") % {"name": entry.patient.full_name},
            extra={"current_status": entry.status},
        )
    if entry.status != WaitStatus.WAITING:
        raise InvalidTransition(
            _("This entry is over: %(status)s. Add the patient again.")
            % {"status": entry.get_status_display().lower()},
            extra={"current_status": entry.status},
        )


def _require_reachable(entry: WaitlistEntry) -> Reach:
    """Return how they can be asked; raise when they can't, or when a YES from there would mean another offer."""
    organization = entry.organization
    reach = reach_of(
        organization=organization,
        patients=[entry.patient],
        template_key=OFFER_TEMPLATE,
        category=OFFER_CATEGORY,
        channels=OFFER_CHANNELS,
    )[entry.patient_id]
    if not reach.is_possible:
        raise NotReachable(
            _("%(name)s can’t be asked by message. %(reason)s Call them.")
            % {"name": entry.patient.full_name, "reason": reach.why_not}
        )
    if reach.address in addresses_with_open_offer(organization):
        raise Conflict(
            _("Another offer to this phone waits for an answer. Wait for it, or withdraw it."), code="asked_already"
        )
    return reach


def _moment_to_ask(entry: WaitlistEntry, reach: Reach, not_before: dt.datetime | None) -> dt.datetime | None:
    """Return when the question leaves (UTC), None for at once: what is planned for later is never put into quiet hours.

    Who wrote a moment ago may be asked in quiet hours, but only at once: later nobody waits for an answer any more.
    """
    at = max((moment for moment in (reach.not_before, not_before) if moment is not None), default=None)
    if at is None:
        return None
    organization = entry.organization
    zone = zone_for(organization, reach.channel, reach.address)
    return quiet_until(at, zone, organization.quiet_hours_start, organization.quiet_hours_end) or at


def _require_no_other_offer(practitioner: Practitioner, start: dt.datetime) -> list[WaitlistOffer]:
    """Refuse a time that somebody else thinks about; return the offers whose hold is over, or was released meanwhile."""
    others = WaitlistOffer.objects.select_related("organization", "hold").filter(
        organization_id=practitioner.organization_id, practitioner=practitioner, start=start, status=OfferStatus.OPEN
    )
    stale = list(others)
    for other in stale:
        is_held = other.hold is not None and other.hold.status == Status.HELD
        if is_held and timezone.now() < other.expires_at:
            raise Conflict(_("This time is offered to somebody else already."), code="offered_already")
    return stale


def _take_back(other: WaitlistOffer, actor: Actor) -> None:
    why = _("The time was given back meanwhile.")
    closed = close_offer(other, OfferStatus.WITHDRAWN, by="system", why=why, actor=actor, hand_on=False)
    let_wait(closed.entry)
    tell_taken(closed, actor=actor)


def _too_late(entry: WaitlistEntry, *, is_quiet: bool) -> TooLate:
    name = entry.patient.full_name
    if is_quiet:
        return TooLate(
            _("It is quiet hours for %(name)s: by the time they may be asked, it is too late for this time. Call them.")
            % {"name": name}
        )
    return TooLate(
        _("This time begins too soon for %(name)s to be asked first. Call them and book it.") % {"name": name}
    )


def _overlaps_moved_visit(entry: WaitlistEntry, start: dt.datetime) -> bool:
    """A visit may move by a part of its own length: then the hold must not collide with it as the patient's second."""
    moved = entry.moves
    return (
        moved is not None
        and moved.is_open
        and start < moved.end
        and moved.start < start + entry.appointment_type.duration
    )


@transaction.atomic
def withdraw_offer(*, offer: WaitlistOffer, actor: Actor) -> WaitlistOffer:
    """Take an offer back: the time is free again and stays with the staff, the patient goes on waiting.

    Who was asked already is told that the time is gone. Locks the waitlist. Raises OfferClosed.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    lock_waitlist(offer.organization)
    closed = close_offer(
        offer, OfferStatus.WITHDRAWN, by="staff", why=_("The offer was withdrawn."), actor=actor, hand_on=False
    )
    let_wait(closed.entry)
    tell_taken(closed, actor=actor)
    return closed


@transaction.atomic
def withdraw_unsent_offers(wanted: Wanted, *, actor: Actor) -> int:
    """Take back offers of a time that nobody was told of yet, so that a slip can be undone; return how many.

    The waitlist and the practitioner must be locked already. Locks the offers' holds, and with them those that will be
    cleared.
    """
    touching = WaitlistOffer.objects.select_related("organization").filter(
        organization_id=wanted.organization.pk,
        practitioner=wanted.practitioner,
        status=OfferStatus.OPEN,
        start__lt=wanted.end,
        end__gt=wanted.start,
    )
    unsent = [offer for offer in touching.order_by("pk") if not was_asked(offer)]
    if unsent:
        lock_holds([*(offer.hold_id for offer in unsent if offer.hold_id), *expired_in_the_way([wanted])])
    for offer in unsent:
        why = _("The time is not free after all.")
        closed = close_offer(offer, OfferStatus.WITHDRAWN, by="system", why=why, actor=actor, hand_on=False)
        let_wait(closed.entry)
    return len(unsent)


@transaction.atomic
def give_up_offer(*, offer: WaitlistOffer, left_channel: str = "") -> bool:
    """Close an open offer whose question can't be answered and hand its time on; tell whether it was so.

    That is one that reached nobody and won't any more, or was put on a channel that the patient has left since.
    """
    lock_waitlist(offer.organization)
    current = load_offer(offer.pk)
    alive = messages_of(current).filter(status__in=[*OPEN_STATUSES, *PERHAPS_THERE])
    if current.status != OfferStatus.OPEN or alive.exclude(channel=left_channel).exists():
        return False
    why = _("The patient can’t be reached.")
    closed = close_offer(current, OfferStatus.WITHDRAWN, by=UNDELIVERED, why=why, actor=SYSTEM, hand_on=True)
    let_wait(closed.entry)
    return True
