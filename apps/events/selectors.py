"""Reading events: what is new since a cursor, and a patient's timeline."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from apps.events import registry
from apps.events.models import Event
from apps.organizations.models import Organization

FEED_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Feed:
    """Events committed since `cursor`; pass the new cursor next time. Events may repeat, none is ever left out."""

    cursor: str
    events: list[Event]

    @property
    def topics(self) -> list[str]:
        """Name the regions that may show something else now: `appointment.booked` → `appointments`."""
        return sorted({event.type.split(".", 1)[0] + "s" for event in self.events})


def follow_events(*, organization: Organization, cursor: str) -> Feed:
    """Return what happened since the cursor ("" starts now); two queries.

    The cursor is the oldest transaction that was still running (`pg_snapshot_xmin`): whatever commits later has
    an id at or above it, so a slow transaction's event is never skipped; readers drop repeats by event id.
    """
    with connection.cursor() as db:
        db.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
        horizon = db.fetchone()[0]
    if not cursor.isdigit():
        return Feed(cursor=horizon, events=[])
    events = list(
        Event.objects.for_organization(organization)
        .filter(transaction_id__gte=min(int(cursor), 2**62))
        .order_by("transaction_id", "id")[:FEED_LIMIT]
    )
    if len(events) == FEED_LIMIT:
        horizon = str(min(int(horizon), events[-1].transaction_id))
    return Feed(cursor=horizon, events=events)


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of a timeline: when (UTC), what, by whom."""

    id: uuid.UUID
    at: datetime
    type: str
    kind: str
    icon: str
    tone: str
    text: str
    by: str
    url: str


def patient_timeline(
    *,
    organization: Organization,
    patient_id: uuid.UUID,
    kind: str | None = None,
    before: uuid.UUID | None = None,
    limit: int = 50,
) -> list[TimelineEntry]:
    """Return a patient's history, newest first; `before` is the id of the last entry of the page above; one query."""
    rows = Event.objects.for_organization(organization).filter(
        patient_id=patient_id, type__in=registry.presented_types(kind)
    )
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [_entry(event) for event in rows.order_by("-id")[:limit]]


def _entry(event: Event) -> TimelineEntry:
    presentation = registry.presentation_of(event.type)
    assert presentation is not None  # noqa: S101 - the query asked for presented types only
    return TimelineEntry(
        id=event.id,
        at=event.occurred_at,
        type=event.type,
        kind=presentation.kind,
        icon=presentation.icon,
        tone=presentation.tone,
        text=presentation.sentence(event),
        by=event.actor_label,
        url=presentation.url(event) if presentation.url else "",
    )
