"""What time ends: offers that nobody answered, entries whose window is over. Swept in every organization."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.models import OfferStatus, WaitlistEntry, WaitlistOffer, WaitStatus
from apps.appointments.services.waitlist.ground import close_offer, emit_entry, let_wait, lock_holds_of, lock_waitlist
from apps.core.actors import SYSTEM
from apps.core.tenancy import all_organizations, organization_scope
from apps.organizations.models import Organization


def expire_offers(*, limit: int = 500) -> int:
    """Close the offers that were not answered in time and hand their times on; return how many.

    Safe on any number of workers, and against a yes in the same moment: each offer is looked at again under the lock.
    """
    now = timezone.now()
    with all_organizations():
        due = list(
            WaitlistOffer.objects.filter(status=OfferStatus.OPEN, expires_at__lte=now)
            .order_by("expires_at")
            .values_list("organization_id", "pk")[:limit]
        )
    expired = 0
    for organization_id in sorted({owner for owner, _pk in due}):
        with organization_scope(organization_id):
            expired += _expire([pk for owner, pk in due if owner == organization_id], organization_id)
    return expired


def _expire(ids: Collection[uuid.UUID], organization_id: uuid.UUID) -> int:
    lock_waitlist(Organization.objects.get(pk=organization_id))
    overdue = WaitlistOffer.objects.filter(pk__in=ids, status=OfferStatus.OPEN, expires_at__lte=timezone.now())
    offers = list(overdue.order_by("pk"))
    in_use = lock_holds_of(offers, wait=False)  # those have their turn with the next sweep
    offers = [offer for offer in offers if offer.hold_id not in in_use]
    for offer in offers:
        why = _("Nobody answered in time.")
        closed = close_offer(offer, OfferStatus.EXPIRED, by="", why=why, actor=SYSTEM, hand_on=True)
        let_wait(closed.entry)
    return len(offers)


def close_past_windows(*, limit: int = 500) -> int:
    """Close waiting entries whose last date is over on the organization's calendar; return how many."""
    tomorrow_somewhere = timezone.now().date()
    with all_organizations():
        candidates = list(
            WaitlistEntry.objects.filter(status=WaitStatus.WAITING, latest_date__lte=tomorrow_somewhere)
            .order_by("latest_date")
            .values_list("organization_id", "pk")[:limit]
        )
    closed = 0
    for organization_id in sorted({owner for owner, _pk in candidates}):
        with organization_scope(organization_id):
            closed += _close([pk for owner, pk in candidates if owner == organization_id], organization_id)
    return closed


def _close(ids: Collection[uuid.UUID], organization_id: uuid.UUID) -> int:
    organization = Organization.objects.get(pk=organization_id)
    lock_waitlist(organization)
    over = WaitlistEntry.objects.filter(pk__in=ids, status=WaitStatus.WAITING, latest_date__lt=organization.today())
    entries = list(over.select_for_update(no_key=True).order_by("pk"))
    for entry in entries:
        entry.status = WaitStatus.EXPIRED
        entry.version += 1
        entry.save(update_fields=["status", "version", "updated_at"])
        changes = {"status": [WaitStatus.WAITING, WaitStatus.EXPIRED]}
        emit_entry("window_closed", entry, actor=SYSTEM, changes=changes)
    return len(entries)
