"""Reads of the waitlist that pages and API share."""

from __future__ import annotations

from django.db.models import Prefetch

from apps.appointments.models import OfferStatus, WaitlistEntry, WaitlistOffer
from apps.appointments.models.waitlist import WaitlistQuerySet


def entries_with_offers() -> WaitlistQuerySet:
    """Return entries with what lists show, and in `open_offers` the offer that waits for an answer; two queries."""
    waiting = WaitlistOffer.objects.filter(status=OfferStatus.OPEN).select_related("practitioner", "location")
    rows: WaitlistQuerySet = (
        WaitlistEntry.objects.for_list()
        .select_related("organization", "booked")
        .prefetch_related(Prefetch("offers", waiting, to_attr="open_offers"))
    )
    return rows
