"""What the patient is told about an offer, through the templates and the ledger of messages."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from apps.appointments.models import WaitlistOffer
from apps.appointments.ranking import MOVE_TEMPLATE, OFFER_CATEGORY, OFFER_CHANNELS, OFFER_TEMPLATE
from apps.appointments.services.waitlist.ground import OFFER_CONTEXT
from apps.communications.models import Communication, Status
from apps.core.actors import Actor
from apps.core.errors import Conflict
from apps.notifications.services import send_template

TAKEN_TEMPLATE = "waitlist-taken"
OFFER_TEMPLATES = (OFFER_TEMPLATE, MOVE_TEMPLATE)
PERHAPS_THERE = (Status.SENDING, Status.SENT, Status.DELIVERED, Status.READ, Status.AMBIGUOUS)


class NotReachable(Conflict):
    """The patient can't be asked: opted out, no phone, no text for it."""

    code = "not_reachable"


def tell_offer(offer: WaitlistOffer, *, at: dt.datetime | None, actor: Actor) -> Communication:
    """Plan the message that asks (`at` UTC, None: at once); raise NotReachable when no channel works."""
    planned = send_template(
        organization=offer.organization,
        template_key=MOVE_TEMPLATE if moves_a_visit(offer) else OFFER_TEMPLATE,
        category=OFFER_CATEGORY,
        context_type=OFFER_CONTEXT,
        subject_id=offer.pk,
        channels=OFFER_CHANNELS,
        dedupe_suffix="asked",
        actor=actor,
        due_at=at,
    )
    if not planned.is_open:
        raise NotReachable(
            _("%(name)s can’t be asked by message. %(reason)s Call them.")
            % {"name": offer.entry.patient.full_name, "reason": planned.reason}
        )
    return planned


def tell_taken(offer: WaitlistOffer, *, actor: Actor) -> Communication | None:
    """Tell somebody who was asked that the time is not theirs any more; nothing when the question never left."""
    if not was_asked(offer):
        return None
    return send_template(
        organization=offer.organization,
        template_key=TAKEN_TEMPLATE,
        category=OFFER_CATEGORY,
        context_type=OFFER_CONTEXT,
        subject_id=offer.pk,
        channels=OFFER_CHANNELS,
        dedupe_suffix="taken",
        actor=actor,
    )


def was_asked(offer: WaitlistOffer) -> bool:
    """Tell whether the question has left, or may have; one query."""
    return messages_of(offer).filter(status__in=PERHAPS_THERE).exists()


def messages_of(offer: WaitlistOffer):  # type: ignore[no-untyped-def]  # a queryset with our vocabulary
    """Return the messages that put the question."""
    rows = Communication.objects.for_organization(offer.organization).about(OFFER_CONTEXT, offer.pk)
    return rows.filter(template_key__in=OFFER_TEMPLATES)


def moves_a_visit(offer: WaitlistOffer) -> bool:
    """Tell whether taking the offer moves a visit that the patient has, rather than booking a new one."""
    moved = offer.entry.moves
    return moved is not None and moved.is_open and offer.start < moved.start
