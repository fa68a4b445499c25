"""Reads of the waitlist for pages and API. The number of queries never depends on rows."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from django.db.models import Exists, F, OuterRef, Prefetch, Q
from django.utils import timezone

from apps.appointments.models import (
    BUSY_STATUSES,
    OPEN_WAITS,
    Appointment,
    AppointmentType,
    CancelReason,
    OfferStatus,
    Status,
    Urgency,
    WaitlistEntry,
    WaitlistOffer,
    WaitStatus,
)
from apps.appointments.models.appointment import TimeRange
from apps.appointments.models.waitlist import WaitlistQuerySet
from apps.appointments.ranking import waited_days
from apps.appointments.services.waitlist.ground import OFFER_CONTEXT
from apps.appointments.services.waitlist.telling import OFFER_TEMPLATES
from apps.appointments.waiting import window_in_words
from apps.communications.models import Communication
from apps.organizations.models import Organization
from apps.patients.models import Patient
from apps.practitioners.models import Closure, TimeOff

MOST_ROWS = 300
MOST_PAST = 100
FREED_LATELY = dt.timedelta(days=7)
FREED_SHOWN = 5
STATES: dict[str, tuple[str, ...]] = {
    "open": OPEN_WAITS,
    "offered": (WaitStatus.OFFERED,),
    "past": (WaitStatus.BOOKED, WaitStatus.REMOVED, WaitStatus.EXPIRED),
}


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody who waits, as lists show it; `message` is how far the question of the open offer got."""

    entry: WaitlistEntry
    window: str
    days: int
    offer: WaitlistOffer | None
    message: Communication | None


@dataclass(frozen=True, slots=True)
class Group:
    """Those who wait for one type."""

    kind: AppointmentType
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many are open, offered a time, urgent among the open; capped at MOST_ROWS each."""

    open: int
    offered: int
    urgent: int


def entries_with_offers() -> WaitlistQuerySet:
    """Return entries with what lists show, and in `open_offers` the offer that waits for an answer; two queries."""
    waiting = WaitlistOffer.objects.filter(status=OfferStatus.OPEN).select_related("practitioner", "location")
    rows: WaitlistQuerySet = (
        WaitlistEntry.objects.for_list()
        .select_related("organization", "booked__location", "moves__location")
        .prefetch_related(Prefetch("offers", waiting, to_attr="open_offers"))
    )
    return rows


def open_offer_in(entry: WaitlistEntry) -> WaitlistOffer | None:
    """Return the open offer of an entry that `entries_with_offers` loaded; no query."""
    return next(iter(getattr(entry, "open_offers", ())), None)


def waitlist_groups(
    *,
    organization: Organization,
    state: str = "open",
    appointment_type: uuid.UUID | None = None,
    practitioner: uuid.UUID | None = None,
) -> list[Group]:
    """Return who waits by type: the urgent first, then who came first; of the past the latest 100. Three queries."""
    rows = entries_with_offers().for_organization(organization).filter(status__in=STATES[state])
    if appointment_type is not None:
        rows = rows.filter(appointment_type_id=appointment_type)
    if practitioner is not None:
        rows = rows.filter(Q(practitioner_id=practitioner) | Q(practitioner__isnull=True))
    if state == "past":
        entries = list(rows.order_by("-updated_at")[:MOST_PAST])
    else:
        entries = list(rows.order_by("-urgency", "created_at", "id")[:MOST_ROWS])
    by_type = sorted(
        lines_of(organization, entries),
        key=lambda line: (line.entry.appointment_type.sort_order, line.entry.appointment_type.name),
    )
    return [Group(kind, list(lines)) for kind, lines in groupby(by_type, key=lambda line: line.entry.appointment_type)]


def lines_of(organization: Organization, entries: Sequence[WaitlistEntry]) -> list[Line]:
    """Return entries of `entries_with_offers` as lists show them; one query for the messages of the open offers."""
    pairs = [(entry, open_offer_in(entry)) for entry in entries]
    messages = messages_of_offers(organization, [offer.pk for _entry, offer in pairs if offer is not None])
    today = organization.today()
    return [
        Line(
            entry=entry,
            window=window_in_words(entry, today),
            days=waited_days(entry, organization),
            offer=offer,
            message=messages.get(offer.pk) if offer is not None else None,
        )
        for entry, offer in pairs
    ]


def messages_of_offers(organization: Organization, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Communication]:
    """Return the latest message that put each offer's question; at most one query."""
    if not ids:
        return {}
    rows = (
        Communication.objects.for_organization(organization)
        .filter(context_id__in=ids, context_type=OFFER_CONTEXT, template_key__in=OFFER_TEMPLATES)
        .order_by("context_id", "-planned_at", "-id")
        .distinct("context_id")
    )
    return {row.context_id: row for row in rows}


def waitlist_counts(organization: Organization) -> Counts:
    """Return how many wait; one query, capped."""
    rows = WaitlistEntry.objects.for_organization(organization).open().values_list("status", "urgency")
    found = list(rows[:MOST_ROWS])
    states = Counter(status for status, _urgency in found)
    urgent = sum(urgency == Urgency.URGENT for _status, urgency in found)
    return Counts(open=len(found), offered=states[WaitStatus.OFFERED], urgent=urgent)


def open_offers(organization: Organization, *, limit: int) -> list[WaitlistOffer]:
    """Return the offers that wait for an answer, the soonest to expire first; one query."""
    rows = (
        WaitlistOffer.objects.for_organization(organization)
        .filter(status=OfferStatus.OPEN)
        .select_related(
            "organization", "practitioner", "location__organization", "entry__patient", "entry__appointment_type"
        )
    )
    return list(rows.order_by("expires_at")[:limit])


def freed_times(organization: Organization, *, limit: int = FREED_SHOWN) -> list[Appointment]:
    """Return visits called off lately whose time is still ahead, free, and perhaps wanted by somebody; one query.

    For whom exactly it is tells `ranking.rank_candidates`. Who is away or a house that is closed frees no time, whatever
    reason the visit was called off for.
    """
    now = timezone.now()
    taken = Appointment.objects.filter(
        organization_id=OuterRef("organization_id"),
        practitioner_id=OuterRef("practitioner_id"),
        status__in=BUSY_STATUSES,
        start__lt=OuterRef("end"),
        end__gt=OuterRef("start"),
    ).exclude(status=Status.HELD, held_until__lte=now)
    wanted = WaitlistEntry.objects.filter(
        Q(practitioner__isnull=True) | Q(practitioner_id=OuterRef("practitioner_id")),
        Q(location__isnull=True) | Q(location_id=OuterRef("location_id")),
        organization_id=OuterRef("organization_id"),
        status=WaitStatus.WAITING,
        appointment_type__offered_by__practitioner_id=OuterRef("practitioner_id"),
        earliest_date__lte=OuterRef("start__date"),
        latest_date__gte=OuterRef("start__date"),
    ).exclude(patient_id=OuterRef("patient_id"))
    span = TimeRange(OuterRef("start"), OuterRef("end"))
    away = TimeOff.objects.filter(practitioner_id=OuterRef("practitioner_id"), period__overlap=span)
    closed = Closure.objects.filter(
        Q(location__isnull=True) | Q(location_id=OuterRef("location_id")),
        organization_id=OuterRef("organization_id"),
        is_active=True,
        period__overlap=span,
    )
    rows = (
        Appointment.objects.for_organization(organization)
        .for_list()
        .filter(status=Status.CANCELLED, start__gt=now, cancelled_at__gt=now - FREED_LATELY)
        .exclude(cancel_reason__in=[CancelReason.PRACTITIONER, CancelReason.CLINIC])
        .filter(~Exists(taken), ~Exists(away), ~Exists(closed), Exists(wanted))
    )
    return list(rows.order_by("start", F("cancelled_at").desc())[:limit])


def entries_of_patient(patient: Patient) -> list[Line]:
    """Return what a patient waits for; three queries."""
    rows = entries_with_offers().filter(organization_id=patient.organization_id, patient=patient).open()
    return lines_of(patient.organization, list(rows.order_by("-urgency", "created_at")))


def offers_of_entry(entry: WaitlistEntry) -> list[tuple[WaitlistOffer, Communication | None]]:
    """Return what an entry was offered, latest first, each with how far its question got; two queries."""
    rows = WaitlistOffer.objects.filter(entry=entry).select_related("practitioner", "location")
    found = list(rows.order_by("-created_at")[:20])
    messages = messages_of_offers(entry.organization, [offer.pk for offer in found])
    return [(offer, messages.get(offer.pk)) for offer in found]
