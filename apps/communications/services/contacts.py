"""What we know about an outside address: its last word, opt-out, and whether it can be reached."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.communications.errors import Effect, describe_error
from apps.communications.models import Category, Channel, Communication, ContactState
from apps.communications.policy import Code
from apps.communications.services.outcomes import block_communication
from apps.core.actors import SYSTEM, Actor
from apps.core.errors import InvalidInput
from apps.organizations.models import Organization
from apps.patients.services import give_channel_consents, withdraw_channel_consents


@transaction.atomic
def note_inbound(*, organization: Organization, channel: str, address: str, at: dt.datetime) -> None:
    """Note that the person wrote: it opens WhatsApp's 24-hour window, and proves that the address works.

    Never goes back in time, whatever the order of calls. Two queries.
    """
    states = _state(organization, channel, address)
    states.update(
        last_inbound_at=Greatest(F("last_inbound_at"), at),
        unreachable_at=None,
        unreachable_code="",
        updated_at=timezone.now(),
    )


@transaction.atomic
def opt_out(*, organization: Organization, channel: str, address: str, source: str, actor: Actor) -> int:
    """Stop everything to this address on this channel, for every patient who shares it; return how many rows it stopped.

    Also withdraws their consents. Locks the open rows: a row is stopped here unless it was already `sending` before.
    Emergency texts still go out.
    """
    _refuse_unknown(channel)
    states = _state(organization, channel, address)
    states.filter(opted_out_at__isnull=True).update(opted_out_at=timezone.now(), updated_at=timezone.now())
    waiting = (
        Communication.objects.for_organization(organization)
        .open()
        .filter(channel=channel, to_address=address)
        .exclude(category=Category.EMERGENCY)
    )
    stopped = list(waiting.select_for_update().order_by("id"))
    reason = _("The person opted out of %(channel)s before it was sent.") % {"channel": Channel(channel).label}
    for row in stopped:
        block_communication(row, code=Code.OPTED_OUT, reason=reason, actor=actor)
    withdraw_channel_consents(organization=organization, channel=channel, address=address, source=source, actor=actor)
    return len(stopped)


@transaction.atomic
def opt_in(*, organization: Organization, channel: str, address: str, source: str, actor: Actor) -> None:
    """Undo an opt-out for this address on this channel, and give the channel back for every patient who shares it."""
    _refuse_unknown(channel)
    _state(organization, channel, address).update(
        opted_out_at=None, unreachable_at=None, unreachable_code="", updated_at=timezone.now()
    )
    give_channel_consents(organization=organization, channel=channel, address=address, source=source, actor=actor)


def learn_from_error(row: Communication, code: str) -> None:
    """Note what a provider's refusal tells about the address: not reachable there, or opted out with the carrier."""
    effect = describe_error(code).effect
    if effect == Effect.OPTED_OUT:
        opt_out(
            organization=row.organization,
            channel=row.channel,
            address=row.to_address,
            source=f"carrier ({code})",
            actor=SYSTEM,
        )
    elif effect == Effect.UNREACHABLE:
        states = _state(row.organization, row.channel, row.to_address)
        states.update(unreachable_at=timezone.now(), unreachable_code=code, updated_at=timezone.now())


def _refuse_unknown(channel: str) -> None:
    if channel not in Channel.values:
        raise InvalidInput(
            _("There is no channel %(channel)s. Use one of: %(known)s.")
            % {"channel": channel, "known": ", ".join(Channel.values)},
            code="invalid_channel",
        )


def _state(organization: Organization, channel: str, address: str) -> QuerySet[ContactState]:
    """Return the one row of an address as a query, made if need be; safe under races."""
    ContactState.objects.bulk_create(
        [ContactState(organization=organization, channel=channel, address=address)], ignore_conflicts=True
    )
    return ContactState.objects.for_organization(organization).filter(channel=channel, address=address)
