"""What every write on the waitlist shares: one lock, the rows as they are under it, the events.

One writer of a clinic's waitlist at a time: an advisory lock, because who may be offered what depends on all open
offers together (one per person, one per time). Lock order: the waitlist, then as booking does (practitioners, rooms,
patient, appointment rows: `placing`), then entries and offers, then messages. A hold that ran out is never locked
before a practitioner: whoever books has the practitioner, and may be clearing that hold. Nobody who books takes the
waitlist's lock, so that booking never waits for the waitlist.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.models import (
    Appointment,
    OfferStatus,
    WaitlistEntry,
    WaitlistOffer,
    WaitStatus,
)
from apps.appointments.services.placing import lock_holds, plain, release_rows
from apps.communications.services import cancel_for_context
from apps.core.actors import Actor
from apps.core.errors import Conflict, NotFound
from apps.events.services import emit
from apps.organizations.models import Organization

OFFER_CONTEXT = WaitlistOffer._meta.label


class OfferClosed(Conflict):
    """The offer was answered, ran out or was taken back; `extra` says which."""

    code = "offer_closed"

    def __init__(self, offer: WaitlistOffer) -> None:
        super().__init__(
            _("This offer is closed: %(status)s.") % {"status": offer.get_status_display().lower()},
            extra={"offer_status": offer.status},
        )


def lock_waitlist(organization: Organization) -> None:
    """Let one writer of the organization's waitlist through at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"appointments.waitlist:{organization.pk}"]
        )


def load_entry(pk: uuid.UUID) -> WaitlistEntry:
    """Return the entry with all that decisions about it read; raise NotFound."""
    found: WaitlistEntry | None = (
        WaitlistEntry.objects.for_list().select_related("organization", "booked").filter(pk=pk).first()
    )
    if found is None:
        raise NotFound(_("There is no such entry on your clinic’s waitlist."))
    return found


def load_offer(pk: uuid.UUID) -> WaitlistOffer:
    """Return the offer with its entry and what its sentences name; raise NotFound."""
    found: WaitlistOffer | None = (
        WaitlistOffer.objects.select_related(
            "organization",
            "practitioner",
            "location",
            "room",
            "entry__organization",
            "entry__patient",
            "entry__appointment_type",
            "entry__practitioner",
            "entry__location",
            "entry__moves__location",
            "entry__moves__room",
            "entry__booked",
        )
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise NotFound(_("There is no such offer."))
    return found


def held_for(offer: WaitlistOffer) -> Appointment | None:
    """Return the offer's hold, locked; None when it was released or has run out and was swept.

    Before the offer's row is: whoever deletes a hold has its row and then touches the offer (the key is set null).
    """
    holds = Appointment.objects.held().filter(organization_id=offer.organization_id, held_for=offer.pk)
    found: Appointment | None = holds.select_for_update(no_key=True).first()
    return found


def lock_holds_of(offers: Sequence[WaitlistOffer], *, wait: bool = True) -> set[uuid.UUID]:
    """Lock the holds of offers that will be closed one after the other, all at once.

    Without `wait`, returns the holds that were not had, because somebody else is using or clearing them.
    """
    ids = [offer.hold_id for offer in offers if offer.hold_id is not None]
    locked = {hold.pk for hold in lock_holds(ids, wait=wait)}
    return set() if wait else set(Appointment.objects.held().filter(pk__in=ids).values_list("pk", flat=True)) - locked


def lock_offer(offer: WaitlistOffer) -> WaitlistOffer:
    """Return the offer as it is now, its row locked; the waitlist and the hold must be locked already."""
    list(WaitlistOffer.objects.select_for_update(no_key=True).filter(pk=offer.pk).values_list("pk", flat=True))
    return load_offer(offer.pk)


def open_offer_of(entry: WaitlistEntry) -> WaitlistOffer | None:
    """Return the offer that waits for the entry's answer, None when there is none."""
    found: WaitlistOffer | None = WaitlistOffer.objects.filter(entry=entry, status=OfferStatus.OPEN).first()
    return found


def close_offer(
    offer: WaitlistOffer,
    status: OfferStatus,
    *,
    by: str,
    why: str,
    actor: Actor,
    hand_on: bool,
    keep_hold: bool = False,
) -> WaitlistOffer:
    """Settle an open offer, give its time back, call off what is still to be sent about it, and publish it.

    `hand_on` says in the event whether the time is for the next one. The caller holds the waitlist's lock and settles
    the entry.
    """
    hold = held_for(offer)
    locked = lock_offer(offer)
    if locked.status != OfferStatus.OPEN:
        raise OfferClosed(locked)
    locked.status, locked.answered_at, locked.answered_by = status, timezone.now(), by[:20]
    locked.save(update_fields=["status", "answered_at", "answered_by", "updated_at"])
    if hold is not None and not keep_hold:
        release_rows([hold.pk], actor=actor)
        locked.hold = None
    cancel_for_context(
        organization=locked.organization, context_type=OFFER_CONTEXT, context_id=locked.pk, reason=why, actor=actor
    )
    emit_offer(str(status), locked, actor=actor, by=by, hand_on=hand_on)
    return locked


def let_wait(entry: WaitlistEntry) -> None:
    """Put an entry whose offer came to nothing back to waiting, or over when its window is."""
    is_over = entry.latest_date < entry.organization.today()
    entry.status = WaitStatus.EXPIRED if is_over else WaitStatus.WAITING
    entry.save(update_fields=["status", "updated_at"])


def emit_entry(
    what: str, entry: WaitlistEntry, *, actor: Actor, changes: dict[str, list[Any]] | None = None, **more: Any
) -> None:
    """Publish `waitlist.<what>` about an entry: ids and dates only."""
    emit(
        f"waitlist.{what}",
        subject=entry,
        actor=actor,
        patient_id=entry.patient_id,
        changes=changes,
        payload={
            "entry_id": str(entry.pk),
            "appointment_type_id": str(entry.appointment_type_id),
            "earliest_date": entry.earliest_date.isoformat(),
            "latest_date": entry.latest_date.isoformat(),
            "urgency": entry.urgency,
            **more,
        },
    )


def emit_offer(what: str, offer: WaitlistOffer, *, actor: Actor, **more: Any) -> None:
    """Publish `waitlist.<what>` about an offer: ids and times only."""
    emit(
        f"waitlist.{what}",
        subject=offer,
        actor=actor,
        patient_id=offer.entry.patient_id,
        payload={
            "entry_id": str(offer.entry_id),
            "practitioner_id": str(offer.practitioner_id),
            "location_id": str(offer.location_id),
            "start": plain(offer.start),
            "end": plain(offer.end),
            "expires_at": plain(offer.expires_at),
            **more,
        },
    )


def in_minutes(minutes: int) -> dt.timedelta:
    return dt.timedelta(minutes=minutes)
