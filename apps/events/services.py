"""Publishing and delivering events."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils import timezone

from apps.core.actors import Actor
from apps.core.database import along
from apps.core.ids import uuid7
from apps.core.tenancy import all_organizations, organization_scope
from apps.core.wake import wake
from apps.events import registry
from apps.events.models import Delivery, DeliveryStatus, Event
from apps.organizations.permissions import Permission

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=2)
KEEP_DONE = timedelta(days=30)
MAX_ATTEMPTS = 12  # 47 minutes in all


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a batch: to whom it happened, and what changed."""

    subject: models.Model
    patient_id: uuid.UUID | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    payload: Mapping[str, Any] = field(default_factory=dict)


def emit(
    type_: str,
    *,
    subject: models.Model,
    actor: Actor,
    organization_id: uuid.UUID | None = None,
    patient_id: uuid.UUID | None = None,
    changes: Mapping[str, Any] | None = None,
    payload: Mapping[str, Any] | None = None,
) -> Event:
    """Write the event and one delivery per listening handler in the caller's transaction, and ring the bell on commit.

    One query. Must run inside a transaction of the subject's organization; `organization_id` is for subjects that
    belong to none (people).
    """
    happening = Happening(subject, patient_id, changes or {}, payload or {})
    return emit_many(type_, [happening], actor=actor, organization_id=organization_id)[0]


def emit_many(
    type_: str, happenings: Sequence[Happening], *, actor: Actor, organization_id: uuid.UUID | None = None
) -> list[Event]:
    """Write the same event for many subjects of one organization; one query for any number. See `emit`."""
    now = timezone.now()
    events = [
        Event(
            organization_id=organization_id or happening.subject.organization_id,  # type: ignore[attr-defined]
            type=type_,
            subject_type=happening.subject._meta.label,
            subject_id=happening.subject.pk,
            patient_id=happening.patient_id,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_label=actor.label[:120],
            changes=dict(happening.changes),
            payload=dict(happening.payload),
            request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
            occurred_at=now,
        )
        for happening in happenings
    ]
    if not events:
        return []
    names = registry.listeners(type_)
    _write(events, names)
    if names:
        wake("events.deliver", queue="events")
    return events


# Money, moments and ids as text, as the API writes them.
_dumps = partial(json.dumps, cls=DjangoJSONEncoder)


def _write(events: Sequence[Event], names: Sequence[str]) -> None:
    """Write events of one kind, and for each a delivery per name, by a function of the database, along with what comes next."""
    first = events[0]
    batch = {
        "type": first.type,
        "subject_type": first.subject_type,
        "actor_kind": str(first.actor_kind),
        "actor_id": first.actor_id,
        "actor_label": first.actor_label,
        "request_id": first.request_id,
        "moment": first.occurred_at.isoformat(),
        "events": [
            {
                "id": event.pk,
                "subject": event.subject_id,
                "patient": event.patient_id,
                "changes": event.changes,
                "payload": event.payload,
            }
            for event in events
        ],
        "deliveries": [{"id": uuid7(), "event": event.pk, "handler": name} for event in events for name in names],
    }
    along("SELECT events_publish(%s, %s::json)", [first.organization_id, _dumps(batch)])


def deliver_due(*, limit: int = 50) -> int:
    """Run up to `limit` due deliveries, oldest event first; return how many were taken. Safe on any number of workers.

    A claim moves `due_at` past the lease, so a killed worker's deliveries come back by themselves. Each handler runs
    in its own transaction together with the mark that it is done: its database effects happen exactly once.
    """
    now = timezone.now()
    with all_organizations():
        claimed = list(
            Delivery.objects.filter(status=DeliveryStatus.PENDING, due_at__lte=now)
            .order_by("due_at", "event_id")
            .select_for_update(skip_locked=True, of=("self",))[:limit]
        )
        Delivery.objects.filter(pk__in=[d.pk for d in claimed]).update(
            due_at=now + LEASE, attempts=models.F("attempts") + 1
        )
    for delivery in claimed:
        delivery.attempts += 1
        _run(delivery)
    return len(claimed)


def _run(delivery: Delivery) -> None:
    handler = registry.handler_named(delivery.handler)
    if handler is None:
        _fail(delivery, "handler is not registered", final=True)
        return
    try:
        with organization_scope(delivery.organization_id):
            mine = Delivery.objects.select_for_update(of=("self",)).select_related("event").get(pk=delivery.pk)
            if mine.status != DeliveryStatus.PENDING:
                return
            with structlog.contextvars.bound_contextvars(event_id=str(mine.event_id), request_id=mine.event.request_id):
                handler(mine.event)
            Delivery.objects.filter(pk=mine.pk).update(status=DeliveryStatus.DONE, finished_at=timezone.now(), error="")
    except Exception as error:
        log.exception("events.handler_failed", handler=delivery.handler, attempt=delivery.attempts)
        _fail(delivery, type(error).__name__, final=delivery.attempts >= MAX_ATTEMPTS)


def _fail(delivery: Delivery, reason: str, *, final: bool) -> None:
    backoff = timedelta(seconds=min(2**delivery.attempts, 900))
    with all_organizations():
        Delivery.objects.filter(pk=delivery.pk, status=DeliveryStatus.PENDING).update(
            status=DeliveryStatus.DEAD if final else DeliveryStatus.PENDING,
            due_at=timezone.now() + backoff,
            error=reason[:300],
        )


def forget_done_deliveries() -> int:
    """Delete deliveries that succeeded more than KEEP_DONE ago, of every organization; the events stay for ever."""
    with all_organizations():
        rows = Delivery.objects.filter(status=DeliveryStatus.DONE, finished_at__lt=timezone.now() - KEEP_DONE)
        count, _by_model = rows.delete()
    return count


def due_and_dead() -> tuple[int, int]:
    """Return how many deliveries are pending and how many are dead, of all organizations; each from its partial index."""
    with all_organizations():
        return (
            Delivery.objects.filter(status=DeliveryStatus.PENDING).count(),
            Delivery.objects.filter(status=DeliveryStatus.DEAD).count(),
        )


@transaction.atomic
def revive_delivery(*, delivery: Delivery, actor: Actor) -> None:
    """Give a dead delivery a fresh set of attempts; an administrator's act after the cause was mended."""
    actor.require(Permission.ORGANIZATION_MANAGE)
    Delivery.objects.filter(pk=delivery.pk, status=DeliveryStatus.DEAD).update(
        status=DeliveryStatus.PENDING, attempts=0, due_at=timezone.now()
    )
    wake("events.deliver", queue="events")
