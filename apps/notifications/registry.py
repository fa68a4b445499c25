"""The event types that rules may refer to, as higher floors announced them (`triggers.announce`)."""

from __future__ import annotations

_announced: dict[str, str] = {}


def note_announced(event_type: str, context_type: str) -> None:
    """Remember that this event, about objects of this type, plans messages; raise RuntimeError for a second meaning."""
    if _announced.setdefault(event_type, context_type) != context_type:
        raise RuntimeError(f"{event_type} is announced for two types")


def announced_types() -> dict[str, str]:
    """Return the event types that rules may refer to, each with the type of its subject."""
    return dict(_announced)
