"""A message that a person or a key writes by hand, outside of any conversation."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from apps.communications.models import URGENT_CATEGORIES, Category, Channel, Communication
from apps.communications.services.planning import plan_communication
from apps.core.actors import Actor
from apps.core.errors import InvalidInput
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.patients.models import ContactSystem, Patient


@transaction.atomic
def compose_communication(
    *,
    organization: Organization,
    channel: str,
    body: str,
    actor: Actor,
    patient: Patient | None = None,
    to_address: str = "",
    subject: str = "",
    category: str = Category.NOTICE,
    language: str = "",
    due_at: dt.datetime | None = None,
    not_after: dt.datetime | None = None,
) -> Communication:
    """Plan a message to a patient (by the first address for the channel) or to an address; each call is a new one.

    The send policy applies as to every planned message: answers and emergency texts, which it lets through, can't be
    written here. Raises InvalidInput when there is nowhere to send it to.
    """
    actor.require(Permission.COMMUNICATIONS_MANAGE)
    if category in URGENT_CATEGORIES:
        message = _("Answers are written in the conversation, emergency texts by the bot. Use “notice”.")
        raise InvalidInput(message, errors={"category": [message]})
    address = to_address or _address_of(patient, channel)
    if not address:
        message = _("Name a patient with an address for this channel, or the address itself.")
        raise InvalidInput(message, errors={"to_address": [message]})
    return plan_communication(
        organization=organization,
        channel=channel,
        category=category,
        to_address=address,
        body=body,
        subject=subject,
        dedupe_key=f"composed:{uuid.uuid4()}",
        actor=actor,
        patient=patient,
        language=language or (patient.language if patient else organization.language),
        due_at=due_at,
        not_after=not_after,
    )


def _address_of(patient: Patient | None, channel: str) -> str:
    if patient is None:
        return ""
    system = ContactSystem.EMAIL if channel == Channel.EMAIL else ContactSystem.PHONE
    point = patient.contact_points.filter(system=system).order_by("rank", "created_at").first()
    return point.value if point else ""
