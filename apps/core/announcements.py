"""How code below the events' floor (organizations, the admin's base) makes an event: it announces, events listens."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Protocol

from django.db import models

from apps.core.actors import Actor


class Sink(Protocol):
    """What takes announcements: `events.services.emit`."""

    def __call__(
        self,
        type_: str,
        *,
        subject: models.Model,
        actor: Actor,
        organization_id: uuid.UUID | None = None,
        payload: Mapping[str, Any] | None = None,
    ) -> object: ...


_sinks: list[Sink] = []


def deliver_to(sink: Sink) -> None:
    """Register the sink, once, at start."""
    if sink not in _sinks:
        _sinks.append(sink)


def announce(
    type_: str,
    *,
    subject: models.Model,
    actor: Actor,
    organization_id: uuid.UUID,
    payload: Mapping[str, Any] | None = None,
) -> None:
    """Write an event in the caller's transaction of the organization; `type_` is `noun.past`, `payload` holds no texts."""
    for sink in _sinks:
        sink(type_, subject=subject, actor=actor, organization_id=organization_id, payload=payload)
