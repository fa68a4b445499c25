"""Who should be offered a time that got free: everybody who waits for it, best first, each with the reasons.

Order: urgency; then who waits longer, in whole days; then who fits better: asked for just this practitioner, for just
this place, has the narrower window; at last who came first. Someone who can't be offered the time now stays in the
list with the hindrance in words, so that staff see why it goes to somebody else.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Prefetch, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.appointments.availability import Slot, find_slots
from apps.appointments.conflicts import check_booking
from apps.appointments.house_rules import settings_for
from apps.appointments.models import (
    AppointmentType,
    OfferStatus,
    OnlineBookingBlock,
    Urgency,
    WaitlistEntry,
    WaitlistOffer,
    WaitStatus,
)
from apps.appointments.waiting import days_left, fits, minutes_left, waiting_in_words
from apps.communications.models import Category, Channel
from apps.notifications.services import Reach, reach_of
from apps.organizations.models import Location, Organization
from apps.patients.models import ContactPoint, ContactSystem
from apps.practitioners.models import Practitioner

OFFER_TEMPLATE, MOVE_TEMPLATE = "waitlist-offer", "waitlist-offer-move"
OFFER_CATEGORY = Category.NOTICE
OFFER_CHANNELS = (Channel.WHATSAPP, Channel.SMS)
UNDELIVERED = "undelivered"
MOST_CANDIDATES = 200
FEW_DAYS = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who waits for a time: what they would be offered, why they stand where they do, and what hinders it.

    `message_at` (UTC) is when they may be written to, None for at once: their quiet hours may have to end first.
    """

    entry: WaitlistEntry
    slot: Slot
    reasons: tuple[str, ...]
    hindrance: str = ""
    message_at: dt.datetime | None = None

    @property
    def can_be_offered(self) -> bool:
        return not self.hindrance


def rank_candidates(
    *,
    organization: Organization,
    practitioner: Practitioner,
    location: Location,
    start: dt.datetime,
    end: dt.datetime,
    without_patients: Collection[uuid.UUID | None] = (),
) -> list[Candidate]:
    """Return who waits for a time of the practitioner between two instants (UTC) that is really free now, best first.

    About ten queries, and two for each type that somebody waits for; at most 200 entries are looked at. A type that
    takes longer than what got free counts when the time beside it is free as well.
    """
    waiting = _waiting_for(organization, practitioner, location, start, end, without_patients)
    free = _FreeTimes(organization, practitioner, location, start, end, timezone.now())
    return _ranked(waiting, free)


def next_in_line(offer: WaitlistOffer, *, count: int = 2) -> list[Candidate]:
    """Return who would be offered an offered time next, should it come to nothing; as many queries as ranking takes."""
    entry, start, end = offer.entry, offer.start, offer.end
    waiting = _waiting_for(offer.organization, offer.practitioner, offer.location, start, end, [entry.patient_id])
    free = _FreeTimes(offer.organization, offer.practitioner, offer.location, start, end, timezone.now())
    free.pretend_free(entry.appointment_type)
    return [one for one in _ranked(waiting, free) if one.can_be_offered][:count]


def _waiting_for(
    organization: Organization,
    practitioner: Practitioner,
    location: Location,
    start: dt.datetime,
    end: dt.datetime,
    without_patients: Collection[uuid.UUID | None],
) -> list[WaitlistEntry]:
    """Return the entries whose wish could be met with this practitioner at this place then; two queries."""
    zone = location.zone
    points = Prefetch("patient__contact_points", ContactPoint.objects.order_by("rank", "created_at"))
    rows = (
        WaitlistEntry.objects.for_organization(organization)
        .filter(
            Q(practitioner__isnull=True) | Q(practitioner=practitioner),
            Q(location__isnull=True) | Q(location=location),
            status=WaitStatus.WAITING,
            earliest_date__lte=end.astimezone(zone).date(),
            latest_date__gte=start.astimezone(zone).date(),
            appointment_type__is_active=True,
            appointment_type__offered_by__practitioner=practitioner,
            patient__archived_at__isnull=True,
        )
        .exclude(patient_id__in=[pk for pk in without_patients if pk is not None])
        .for_list()
        .select_related("organization")
        .prefetch_related(points)
    )
    return list(rows.order_by("-urgency", "created_at")[:MOST_CANDIDATES])


def _ranked(waiting: Sequence[WaitlistEntry], free: _FreeTimes) -> list[Candidate]:
    fitting = [(entry, slots) for entry in waiting if (slots := free.for_entry(entry))]
    if not fitting:
        return []
    facts = _facts(free, [entry for entry, _slots in fitting])
    candidates = [_candidate(entry, slots, facts, free) for entry, slots in fitting]
    return sorted(candidates, key=lambda one: _order(one, free))


class _FreeTimes:
    """The free times of the practitioner that touch what got free; asked once per type."""

    def __init__(
        self,
        organization: Organization,
        practitioner: Practitioner,
        location: Location,
        start: dt.datetime,
        end: dt.datetime,
        now: dt.datetime,
    ) -> None:
        self.organization, self.practitioner, self.location = organization, practitioner, location
        self.start, self.end, self.now = start, end, now
        self.minutes = settings_for(organization).waitlist_offer_minutes
        self._found: dict[uuid.UUID, list[Slot]] = {}
        self._is_pretended = False

    def for_entry(self, entry: WaitlistEntry) -> list[Slot]:
        """Return the times that the entry's window allows, the nearest to what got free first."""
        kind = entry.appointment_type
        if kind.pk not in self._found and not self._is_pretended:
            self._found[kind.pk] = self._search(kind)
        return [
            slot
            for slot in self._found.get(kind.pk, ())
            if fits(entry, slot.local_start) and not _is_no_improvement(entry, slot)
        ]

    def pretend_free(self, kind: AppointmentType) -> None:
        """Take the whole time for free for this type, and for no other: it is held while somebody decides."""
        self._found, self._is_pretended = {kind.pk: [self._exact(kind)]}, True

    def soonest(self, kind: AppointmentType, message_at: dt.datetime | None = None) -> dt.datetime:
        """Return before when nothing may be offered (UTC): the type's notice counts from the last moment to answer."""
        notice = dt.timedelta(minutes=kind.minimum_notice_minutes + self.minutes)
        return max(message_at or self.now, self.now) + notice

    def _search(self, kind: AppointmentType) -> list[Slot]:
        found = find_slots(
            organization=self.organization,
            appointment_type=kind,
            start=self.start - kind.duration + dt.timedelta(minutes=1),
            end=self.end,
            practitioners=[self.practitioner],
            location=self.location,
            not_before=self.soonest(kind),
        )
        if all(slot.start != self.start for slot in found) and self._is_bookable(kind):
            found.append(self._exact(kind))
        return sorted(found, key=lambda slot: (abs(slot.start - self.start), slot.start))

    def _is_bookable(self, kind: AppointmentType) -> bool:
        """Tell whether the very time that got free can be booked although it is off the type's grid."""
        if self.start < self.soonest(kind):
            return False
        return not check_booking(
            organization=self.organization,
            appointment_type=kind,
            practitioner=self.practitioner,
            location=self.location,
            start=self.start,
        )

    def _exact(self, kind: AppointmentType) -> Slot:
        return Slot(
            practitioner_id=self.practitioner.pk,
            practitioner_name=self.practitioner.display_name,
            location_id=self.location.pk,
            location_name=self.location.name,
            room_id=None,
            start=self.start,
            end=self.start + kind.duration,
            timezone=self.location.timezone,
        )


def _is_no_improvement(entry: WaitlistEntry, slot: Slot) -> bool:
    """Tell whether the patient has a visit that an offer would move, and the time is not earlier than that."""
    return entry.moves is not None and entry.moves.is_open and slot.start >= entry.moves.start


class _Facts(NamedTuple):
    """What decides who can be offered a time."""

    reaches: dict[uuid.UUID, Reach]
    asked_addresses: set[str]
    told: list[tuple[uuid.UUID, dt.datetime, dt.datetime]]
    blocked: set[uuid.UUID]


def _facts(free: _FreeTimes, entries: Sequence[WaitlistEntry]) -> _Facts:
    """Return what hinders offers to these people; six queries."""
    organization = free.organization
    patients = {entry.patient_id: entry.patient for entry in entries}
    said_no = Q(status__in=[OfferStatus.DECLINED, OfferStatus.EXPIRED]) | Q(
        status=OfferStatus.WITHDRAWN, answered_by=UNDELIVERED
    )
    told = WaitlistOffer.objects.for_organization(organization).filter(
        said_no, entry__in=entries, practitioner=free.practitioner, start__lt=free.end, end__gt=free.start
    )
    return _Facts(
        reaches=reach_of(
            organization=organization,
            patients=patients.values(),
            template_key=OFFER_TEMPLATE,
            category=OFFER_CATEGORY,
            channels=OFFER_CHANNELS,
        ),
        asked_addresses=addresses_with_open_offer(organization),
        told=list(told.values_list("entry_id", "start", "end")),
        blocked=set(
            OnlineBookingBlock.objects.for_organization(organization)
            .filter(patient__in=list(patients), lifted_at__isnull=True)
            .values_list("patient_id", flat=True)
        ),
    )


def addresses_with_open_offer(organization: Organization) -> set[str]:
    """Return the phones whose owners have an offer to answer: a YES from there could mean only one; one query."""
    asked = WaitlistOffer.objects.for_organization(organization).filter(status=OfferStatus.OPEN)
    points = ContactPoint.objects.for_organization(organization).filter(
        system=ContactSystem.PHONE, patient__in=asked.values("entry__patient")
    )
    return set(points.values_list("value", flat=True))


def _candidate(entry: WaitlistEntry, slots: Sequence[Slot], facts: _Facts, free: _FreeTimes) -> Candidate:
    reach = facts.reaches[entry.patient_id]
    untold = [slot for slot in slots if not _was_told(entry, slot, facts)]
    in_time = [slot for slot in untold if slot.start >= free.soonest(entry.appointment_type, reach.not_before)]
    slot = (in_time or untold or slots)[0]
    reasons = tuple(_reasons(entry, free))
    hindrance = _hindrance(entry, reach, facts, has_untold=bool(untold), is_in_time=bool(in_time))
    return Candidate(entry, slot, reasons, hindrance, reach.not_before if reach.is_possible else None)


def _was_told(entry: WaitlistEntry, slot: Slot, facts: _Facts) -> bool:
    return any(pk == entry.pk and start < slot.end and slot.start < end for pk, start, end in facts.told)


def _hindrance(entry: WaitlistEntry, reach: Reach, facts: _Facts, *, has_untold: bool, is_in_time: bool) -> str:
    """Return in words why the time can't be offered to them, "" when it can."""
    if not has_untold:
        return _("Was offered this time already.")
    if not reach.is_possible:
        return reach.why_not
    if reach.address in facts.asked_addresses:
        return _("Another offer to this phone waits for an answer.")
    if entry.patient_id in facts.blocked:
        return _("Books by phone only: call them.")
    if not is_in_time:
        return _("Quiet hours: by the time they may be written to, it is too late for this time.")
    return ""


def _reasons(entry: WaitlistEntry, free: _FreeTimes) -> list[str]:
    """Return in words what puts the entry where it stands, the weightiest first."""
    today = free.organization.today()
    reasons = [str(entry.get_urgency_display())] if entry.urgency > Urgency.ROUTINE else []
    reasons.append(waiting_in_words(waited_days(entry, free.organization)))
    if entry.practitioner_id:
        reasons.append(_("Asked for %(name)s") % {"name": free.practitioner.display_name})
    if entry.location_id:
        reasons.append(_("Asked for %(name)s") % {"name": free.location.name})
    days = days_left(entry, today)
    if days <= FEW_DAYS:
        text = ngettext("Can come on %(n)d day only", "Can come on %(n)d days only", days)
        reasons.append(text % {"n": days})
    if entry.moves is not None and entry.moves.is_open:
        when = date_format(entry.moves.start.astimezone(free.location.zone), "D j M, H:i")
        reasons.append(_("Would move the visit of %(when)s") % {"when": when})
    return reasons


def waited_days(entry: WaitlistEntry, organization: Organization) -> int:
    """Return for how many days the patient has been on the list, on the organization's calendar."""
    return (organization.today() - entry.created_at.astimezone(organization.zone).date()).days


def _order(one: Candidate, free: _FreeTimes) -> tuple[int, int, bool, bool, int, dt.datetime]:
    entry = one.entry
    return (
        -entry.urgency,
        -waited_days(entry, free.organization),
        entry.practitioner_id != free.practitioner.pk,
        entry.location_id != free.location.pk,
        minutes_left(entry, free.organization.today()),
        entry.created_at,
    )
