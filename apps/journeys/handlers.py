"""Journeys listen to every event type that definitions may name (`facts.py`); those handlers are made by the registry.

Each is called `journeys.follow[<event type>]` and calls `services.following.follow_event`.
"""

from __future__ import annotations

from apps.events.models import Event
from apps.events.registry import on
from apps.journeys import facts  # noqa: F401 - registering makes the handlers
from apps.journeys.defaults import install_defaults
from apps.organizations.models import Organization


@on("organization.created")
def give_default_journey(event: Event) -> None:
    """Give a new organization the journey that every clinic begins with."""
    install_defaults(organization=Organization.objects.get(pk=event.organization_id))
