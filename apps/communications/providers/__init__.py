"""The ways out: Twilio, SMTP, and the simulator that stands in for both."""

from __future__ import annotations

from apps.communications.models import ChannelAccount, Provider
from apps.communications.providers.base import BaseProvider
from apps.communications.providers.email import EmailProvider
from apps.communications.providers.twilio import TwilioProvider

_providers: dict[str, BaseProvider] = {Provider.TWILIO: TwilioProvider(), Provider.SMTP: EmailProvider()}


def provider_for(account: ChannelAccount) -> BaseProvider:
    """Return the provider of an account; the simulator loads itself only where it is allowed."""
    if account.provider == Provider.SIMULATOR and account.provider not in _providers:
        from apps.communications.providers.simulator import SimulatorProvider

        _providers[Provider.SIMULATOR] = SimulatorProvider()
    return _providers[account.provider]


def use_provider(name: str, provider: BaseProvider) -> BaseProvider | None:
    """Put another provider in the place of one (a benchmark's null sender); return the one that was there."""
    previous = _providers.get(name)
    _providers[name] = provider
    return previous
