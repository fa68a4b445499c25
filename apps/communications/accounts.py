"""Which sender an organization uses on a channel: its own account, else the environment's."""

from __future__ import annotations

from django.conf import settings

from apps.communications.models import Channel, ChannelAccount, Provider
from apps.core.tenancy import all_organizations
from apps.organizations.models import Organization


def simulator_allowed() -> bool:
    """Tell whether the built-in simulator may stand in for a provider: in demo, debug and test runs only."""
    return bool(settings.DEMO or settings.DEBUG or settings.TESTING)


def account_for(organization: Organization, channel: str) -> ChannelAccount | None:
    """Return the sender for a channel, None when nothing is set up; one query, three without an account of its own.

    An account of the environment is not saved (`pk` is fresh). The environment's phone numbers belong to the only
    active organization without an account on that channel: answers to a number that two share could not be routed.
    """
    own = (
        ChannelAccount.objects.for_organization(organization)
        .filter(channel=channel, is_active=True)
        .order_by("created_at")
        .first()
    )
    if own is not None:
        return None if own.provider == Provider.SIMULATOR and not simulator_allowed() else own
    account = environment_account(channel)
    if account is None or (channel != Channel.EMAIL and _owner_of_environment(channel) != organization):
        return None
    account.organization = organization
    return account


def find_by_address(channel: str, address: str) -> ChannelAccount | None:
    """Return whose address this is, across organizations: how an inbound message finds its organization."""
    with all_organizations():
        account = (
            ChannelAccount.objects.filter(
                channel=channel, address=address, is_active=True, organization__is_active=True
            )
            .select_related("organization")
            .first()
        )
    if account is not None:
        return account
    account = environment_account(channel)
    owner = _owner_of_environment(channel) if account is not None and account.address == address else None
    if account is None or owner is None:
        return None
    account.organization = owner
    return account


def environment_account(channel: str) -> ChannelAccount | None:
    """Return the sender that `TWILIO_*` or `EMAIL_URL` describe, without an organization; None when they are not set."""
    if channel == Channel.EMAIL:
        return (
            ChannelAccount(channel=channel, address=settings.DEFAULT_FROM_EMAIL, provider=Provider.SMTP)
            if settings.EMAIL_URL
            else None
        )
    number = settings.TWILIO_WHATSAPP_NUMBER if channel == Channel.WHATSAPP else settings.TWILIO_PHONE_NUMBER
    service = settings.TWILIO_MESSAGING_SERVICE_SID if channel == Channel.SMS else ""
    if not settings.TWILIO_ACCOUNT_SID or not (number or service):
        return None
    return ChannelAccount(
        channel=channel,
        address=number.removeprefix("whatsapp:"),
        provider=Provider.TWILIO,
        messaging_service_sid=service,
    )


def account_sid_of(account: ChannelAccount) -> str:
    """Return the Twilio account's id: its own, else the environment's."""
    return account.account_sid or settings.TWILIO_ACCOUNT_SID


def auth_token_of(account: ChannelAccount) -> str:
    """Return the token that signs webhooks and authorizes requests: the account's own, else the environment's."""
    return account.auth_token or settings.TWILIO_AUTH_TOKEN


def _owner_of_environment(channel: str) -> Organization | None:
    with all_organizations():
        having = ChannelAccount.objects.filter(channel=channel, is_active=True).values("organization_id")
        candidates = list(Organization.objects.filter(is_active=True).exclude(pk__in=having)[:2])
    return candidates[0] if len(candidates) == 1 else None
