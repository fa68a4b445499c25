"""Whose number a request is about: the look-up comes before an organization is known, hence across all of them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q

from apps.communications.accounts import auth_token_of, find_by_address
from apps.communications.models import Channel, ChannelAccount, Communication
from apps.webhooks.twilio import Address, Callback, read_address


@dataclass(frozen=True, slots=True)
class Route:
    """One organization that the request may belong to, with the token that must have signed it."""

    organization_id: uuid.UUID
    token: str


def routes_for_message(callback: Callback) -> list[Route]:
    """Return whose number was written to: by `To`, else by the messaging service it came through.

    One query, a few more for a number that only the environment names; must run inside `all_organizations()`.
    """
    recipient = read_address(callback.fields.get("To", ""))
    accounts = _accounts([recipient], callback.fields.get("MessagingServiceSid", ""))
    found = [account for account in accounts if _is_at(account, recipient)] or accounts or _of_environment(recipient)
    return _distinct(found)


def routes_for_status(callback: Callback) -> list[Route]:
    """Return whose message the status is about, the likeliest first.

    Our number is `From`. A messaging service may send from a number that no account names: then our own id in the
    callback's address tells (two more queries), else the service itself, else `To`, which is ours for forwarded calls.
    One query, rarely three; must run inside `all_organizations()`.
    """
    fields = callback.fields
    plain = Channel.VOICE if fields.get("CallSid") else Channel.SMS
    sender, recipient = (read_address(fields.get(name, ""), plain=plain) for name in ("From", "To"))
    accounts = _accounts([sender, recipient], fields.get("MessagingServiceSid", ""))
    by_sender = [account for account in accounts if _is_at(account, sender)]
    if by_sender:
        return _distinct(by_sender)
    planner = _planner_of(callback.communication_id)
    if planner is not None:
        return [Route(planner, token) for token in _tokens_of(planner)]
    return _distinct(sorted(accounts, key=lambda account: _is_at(account, recipient)) or _of_environment(sender))


def _accounts(addresses: Collection[Address | None], service: str) -> list[ChannelAccount]:
    wanted = Q()
    for address in addresses:
        if address is not None:
            wanted |= Q(channel=address.channel, address=address.value)
    if service:
        wanted |= Q(messaging_service_sid=service)
    if not wanted:
        return []
    found = ChannelAccount.objects.filter(wanted, organization__is_active=True).order_by("-is_active", "created_at")
    return sorted(found, key=lambda account: not any(_is_at(account, address) for address in addresses))


def _of_environment(address: Address | None) -> list[ChannelAccount]:
    """Return the account that `TWILIO_*` describes, when the address is its own."""
    if address is None or not settings.TWILIO_ACCOUNT_SID:
        return []
    account = find_by_address(address.channel, address.value)
    return [account] if account is not None else []


def _is_at(account: ChannelAccount, address: Address | None) -> bool:
    return address is not None and account.channel == address.channel and account.address == address.value


def _distinct(accounts: Iterable[ChannelAccount]) -> list[Route]:
    return list(dict.fromkeys(Route(account.organization_id, auth_token_of(account)) for account in accounts))


def _planner_of(communication_id: str) -> uuid.UUID | None:
    try:
        wanted = uuid.UUID(communication_id)
    except ValueError:
        return None
    return (
        Communication.objects.filter(pk=wanted, organization__is_active=True)
        .values_list("organization_id", flat=True)
        .first()
    )


def _tokens_of(organization_id: uuid.UUID) -> list[str]:
    own = ChannelAccount.objects.filter(organization_id=organization_id).values_list("auth_token", flat=True).distinct()
    return list(dict.fromkeys(token or settings.TWILIO_AUTH_TOKEN for token in own)) or [settings.TWILIO_AUTH_TOKEN]
