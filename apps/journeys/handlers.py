"""Journeys listen to every event type that definitions may name (`facts.py`); the handlers are made by the registry.

Each is called `journeys.follow[<event type>]` and calls `services.following.follow_event`.
"""

from apps.journeys import facts  # noqa: F401 - registering makes the handlers
