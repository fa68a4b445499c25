"""Reading the inbound log: is anything coming in, and what is stuck."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from apps.organizations.models import Organization
from apps.webhooks.models import InboundEvent, InboundStatus
from apps.webhooks.refusals import RefusedCount, recent_refusals

MOST_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class DoorState:
    """How the doors to the outside stand: last request with a good signature, what is stuck, what was refused."""

    last_verified_at: dt.datetime | None
    dead: int
    rejected: int
    refusals: list[RefusedCount]


def door_state(*, organization: Organization) -> DoorState:
    """Return the state of the organization's webhooks; three queries. Refusals are counted for all organizations together:
    a request without a good signature belongs to nobody.
    """
    rows = InboundEvent.objects.for_organization(organization)
    newest = rows.order_by("-created_at").values_list("created_at", flat=True).first()
    return DoorState(
        last_verified_at=newest,
        dead=rows.filter(status=InboundStatus.DEAD).order_by()[:MOST_COUNTED].count(),
        rejected=rows.filter(status=InboundStatus.REJECTED).order_by()[:MOST_COUNTED].count(),
        refusals=recent_refusals(),
    )
