"""Reading events: what is new since a cursor, and a patient's timeline."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from django.db import connection
from django.db.models import Q

from apps.core.actors import Actor
from apps.events import registry
from apps.events.models import Event
from apps.organizations.models import Organization

FEED_LIMIT = 200
NOW = ""
BEGINNING = "0"
_CURSOR = re.compile(r"^(\d{1,19})(?::([0-9a-f-]{36}))?$")


@dataclass(frozen=True, slots=True)
class Feed:
    """Events committed since a cursor; pass `cursor` next time. Events may repeat, none is ever left out.

    `more` tells that further ones are waiting already.
    """

    cursor: str
    events: list[Event]
    more: bool = False

    @property
    def is_full(self) -> bool:
        """Tell whether events may be missing here: those that come with the next pages, once they can be told apart."""
        return len(self.events) >= FEED_LIMIT

    @property
    def topics(self) -> list[str]:
        """Name the regions that may show something else now: `appointment.booked` → `appointments`."""
        return sorted({event.type.split(".", 1)[0] + "s" for event in self.events})


def is_cursor(text: str) -> bool:
    """Tell whether the text is a cursor that `follow_events` gave out, or one of its starting points."""
    return text == NOW or _CURSOR.match(text) is not None


def current_cursor() -> str:
    """Return a cursor for what is committed from now on; one query."""
    return str(_horizon())


def _horizon() -> int:
    """Return the oldest transaction that still runs: what commits later has an id at or above it."""
    with connection.cursor() as db:
        db.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(db.fetchone()[0])


def follow_events(
    *,
    organization: Organization,
    cursor: str,
    types: Collection[str] = (),
    patient_id: uuid.UUID | None = None,
    merged_ids: Collection[uuid.UUID] = (),
    limit: int = FEED_LIMIT,
) -> Feed:
    """Return what happened since the cursor (NOW starts with nothing, BEGINNING with the first event); two queries.

    The cursor is the oldest transaction that was still running (`pg_snapshot_xmin`): whatever commits later has
    an id at or above it, so a slow transaction's event is never skipped; readers drop repeats by event id. On a full
    page it is the last event that no running transaction can precede. `merged_ids` are records that were merged into the
    patient's: events keep the id that they happened to. A cursor from the future (of a database that
    was replaced by an older backup) starts now.
    """
    horizon = _horizon()
    match = _CURSOR.match(cursor)
    if match is None or int(match[1]) > horizon:
        return Feed(cursor=str(horizon), events=[])
    transaction_id, event_id = int(match[1]), match[2]
    rows = Event.objects.for_organization(organization).filter(transaction_id__gte=transaction_id)
    if event_id:
        rows = rows.exclude(transaction_id=transaction_id, id__lte=event_id)
    if types:
        rows = rows.filter(type__in=types)
    if patient_id:
        rows = rows.filter(_happened_to(patient_id, merged_ids))
    events = list(rows.order_by("transaction_id", "id")[:limit])
    if len(events) < limit:
        return Feed(cursor=str(horizon), events=events)
    settled = [event for event in events if event.transaction_id < horizon]
    if not settled:
        return Feed(cursor=cursor, events=events)
    return Feed(cursor=f"{settled[-1].transaction_id}:{settled[-1].id}", events=events, more=True)


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of a timeline: when (UTC), what, by whom; and whether on a record that was merged into this one later."""

    id: uuid.UUID
    at: datetime
    type: str
    kind: str
    icon: str
    tone: str
    text: str
    by: str
    url: str
    subject_id: uuid.UUID | None = None
    told: registry.Told | None = None
    on_merged: bool = False


class Outside(Protocol):
    """What a reader outside the house is not told: which events, and which values of the rest, oldest first."""

    @property
    def others(self) -> Q: ...

    def withhold(self, event: Event) -> list[str]: ...


def patient_timeline(
    *,
    organization: Organization,
    patient_id: uuid.UUID,
    merged_ids: Collection[uuid.UUID] = (),
    kind: str | None = None,
    before: uuid.UUID | None = None,
    limit: int = 50,
    outside: Outside | None = None,
) -> list[TimelineEntry]:
    """Return a patient's history, newest first; `before` is the id of the last entry of the page above; one query.

    `merged_ids` are the records that were merged into the patient's: what happened to them is part of it. With `outside`
    the entries are for a reader outside the house.
    """
    rows = Event.objects.for_organization(organization).filter(
        _happened_to(patient_id, merged_ids), type__in=registry.presented_types(kind)
    )
    if before is not None:
        rows = rows.filter(id__lt=before)
    if outside is None:
        return [_entry_on(event, patient_id) for event in rows.order_by("-id")[:limit]]
    found = list(rows.exclude(outside.others).order_by("-id")[:limit])
    for event in reversed(found):
        outside.withhold(event)
    return [_entry_on(event, patient_id, outside=True) for event in found]


def _entry_on(event: Event, patient_id: uuid.UUID, *, outside: bool = False) -> TimelineEntry:
    entry = entry_of(event, outside=outside)
    return entry if event.patient_id == patient_id else replace(entry, on_merged=True)


def _happened_to(patient_id: uuid.UUID, merged_ids: Collection[uuid.UUID]) -> Q:
    # One id is read in the index's order; several are few enough to sort.
    return Q(patient_id__in=[patient_id, *merged_ids]) if merged_ids else Q(patient_id=patient_id)


def entry_of(event: Event, *, outside: bool = False) -> TimelineEntry:
    """Return how an event of a presented type reads, in the house or outside; no query."""
    presentation = registry.presentation_of(event.type)
    assert presentation is not None  # noqa: S101 - the query asked for presented types only
    return TimelineEntry(
        id=event.id,
        at=event.occurred_at,
        type=event.type,
        kind=presentation.kind,
        icon=presentation.icon,
        tone=presentation.tone,
        text=presentation.words(event, outside=outside),
        by=event.actor_label,
        url=presentation.url(event) if presentation.url else "",
        subject_id=event.subject_id,
    )


def fold_entries(
    entries: Sequence[TimelineEntry], *, organization: Organization, actor: Actor | None
) -> list[TimelineEntry]:
    """Return the entries with one line for each subject that is told of, in place of one for each of its events.

    One query for each kind of such subjects; none without them.
    """
    lines: dict[uuid.UUID, TimelineEntry] = {}
    tellers: dict[registry.Teller, set[uuid.UUID]] = {}
    for entry in entries:
        found = registry.teller_of(entry.type)
        if found is None or entry.subject_id is None:
            continue
        kept, teller = found
        tellers.setdefault(teller, set()).add(entry.subject_id)
        if entry.subject_id not in lines or entry.type == kept:
            lines[entry.subject_id] = entry
    told = {key: value for teller, ids in tellers.items() for key, value in teller(organization, ids, actor).items()}
    return [
        replace(entry, told=told.get(entry.subject_id)) if entry.subject_id in lines else entry
        for entry in entries
        if entry.subject_id not in lines or lines[entry.subject_id].id == entry.id or not registry.teller_of(entry.type)
    ]
