"""A new organization starts with texts and rules, so that its first booking is confirmed."""

from __future__ import annotations

from apps.events.models import Event
from apps.events.registry import on
from apps.notifications.defaults import install_defaults
from apps.organizations.models import Organization


@on("organization.created")
def give_default_messages(event: Event) -> None:
    """Give the organization the default texts and rules; what it has stays."""
    install_defaults(organization=Organization.objects.get(pk=event.organization_id))
