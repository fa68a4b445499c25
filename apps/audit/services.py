"""Recording reads of patients, and sealing what was recorded."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from operator import attrgetter

import structlog
from django.db import connection, models, transaction
from django.utils import timezone

from apps.audit import chain
from apps.audit.models import AccessKind, AccessRecord, ChainHead, ChainLink, LinkedKind
from apps.core import traces
from apps.core.actors import Actor
from apps.core.ids import uuid7
from apps.core.tenancy import all_organizations, organization_scope
from apps.events.models import Event
from apps.organizations.models import Organization

log = structlog.get_logger(__name__)
BATCH = 2000

Record = Event | AccessRecord


def record_access(
    *,
    organization: Organization,
    actor: Actor,
    patient_ids: Iterable[uuid.UUID],
    route: str,
    kind: AccessKind = AccessKind.VIEW,
) -> None:
    """Note that the actor saw these patients' records by the named route; one insert, none for no patient."""
    record_accesses(
        organization=organization, actor=actor, looks=[(patient, kind) for patient in patient_ids], route=route
    )


def record_accesses(
    *, organization: Organization, actor: Actor, looks: Iterable[tuple[uuid.UUID, AccessKind]], route: str
) -> None:
    """Note which patients' records the actor saw by the named route, each in its way; one insert, none for no patient.

    The note outlasts a refusal of the request, and is made again when its answer is repeated (`core.traces`).
    """
    looked = [(str(patient), str(kind)) for patient, kind in looks]
    if not looked:
        return
    traces.leave(
        "access",
        {
            "organization_id": str(organization.pk),
            "actor_kind": str(actor.kind),
            "actor_id": str(actor.id) if actor.id else None,
            "actor_label": actor.label[:120],
            "route": route[:80],
            "looks": looked,
        },
    )


def write_accesses(trace: traces.Trace) -> None:
    """Insert the records of looks at patients, as of now; one statement for any number."""
    seen = {name: trace[name] for name in ("organization_id", "actor_kind", "actor_id", "actor_label", "route")}
    seen["request_id"] = structlog.contextvars.get_contextvars().get("request_id", "")
    seen["occurred_at"] = timezone.now()
    looks = trace["looks"]
    # Every list is a look at fifty records: an array is a tenth of the work that as many objects are.
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {AccessRecord._meta.db_table} (id, patient_id, kind, {', '.join(seen)}) "  # noqa: S608 - names of our columns
            f"SELECT record, patient, kind, {', '.join(['%s'] * len(seen))} "
            "FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS look(record, patient, kind)",
            [
                *seen.values(),
                [uuid7() for _look in looks],
                [patient for patient, _kind in looks],
                [kind for _patient, kind in looks],
            ],
        )


def seal_all() -> int:
    """Seal what every organization has recorded; return how many records. Each organization's part stands alone."""
    with all_organizations():
        organizations = list(Organization.objects.values_list("pk", flat=True))
    return sum(_seal_until_done(organization_id) for organization_id in organizations)


def _seal_until_done(organization_id: uuid.UUID) -> int:
    total = 0
    while True:
        with organization_scope(organization_id):
            sealed, more = seal_batch(organization_id=organization_id)
        total += sealed
        if not more:
            return total


@transaction.atomic
def seal_batch(*, organization_id: uuid.UUID, limit: int = BATCH) -> tuple[int, bool]:
    """Link the next records of the organization to its chain; return how many, and whether more are waiting.

    Takes records of transactions that have surely ended (below `pg_snapshot_xmin`), in the order of (transaction,
    kind, id), and never a part of a transaction: so nothing can come to stand before a sealed record. Locks the head.
    The head's digest goes to the log, a copy that a database administrator can't reach.
    """
    head = _locked_head(organization_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        horizon: int = cursor.fetchone()[0]
    records, through = _next_records(head, horizon, limit)
    links = []
    for record in records:
        head.sequence += 1
        kind = LinkedKind.EVENT if isinstance(record, Event) else LinkedKind.ACCESS
        head.digest = chain.digest(previous=head.digest, sequence=head.sequence, kind=kind, record=record)
        links.append(
            ChainLink(
                organization_id=organization_id,
                sequence=head.sequence,
                kind=kind,
                record_id=record.pk,
                digest=head.digest,
            )
        )
    ChainLink.objects.bulk_create(links, batch_size=1000)
    if links or through > head.sealed_through + BATCH:  # the latter: not to look at the same old rows for ever
        head.sealed_through = through
        head.save(update_fields=["sequence", "digest", "sealed_through", "updated_at"])
    if links:
        log.info("audit.sealed", organization_id=str(organization_id), sequence=head.sequence, digest=head.digest)
    return len(links), through < horizon


def _locked_head(organization_id: uuid.UUID) -> ChainHead:
    heads = ChainHead.objects.select_for_update().filter(organization_id=organization_id)
    head = heads.first()
    if head is None:
        ChainHead.objects.bulk_create([ChainHead(organization_id=organization_id)], ignore_conflicts=True)
        head = heads.get()
    return head


def _next_records(head: ChainHead, horizon: int, limit: int) -> tuple[list[Record], int]:
    """Return whole transactions' records in chain order, and the transaction number up to which they are complete."""
    waiting = {kind: _unsealed(model, kind, head, head.sealed_through, horizon) for kind, model in chain.MODELS.items()}
    found: dict[str, Sequence[Record]] = {kind: list(rows[: limit + 1]) for kind, rows in waiting.items()}
    cut = [rows[-1].transaction_id for rows in found.values() if len(rows) > limit]
    through = min(cut, default=horizon)
    if cut and all(rows[0].transaction_id >= through for rows in found.values() if rows):
        # One transaction alone is longer than a batch: take it whole.
        through += 1
        found = {kind: list(rows.filter(transaction_id__lt=through)) for kind, rows in waiting.items()}
    merged = [record for kind in sorted(found) for record in found[kind] if record.transaction_id < through]
    merged.sort(key=attrgetter("transaction_id"))  # stable: within a transaction by kind, then id
    return merged, through


def _unsealed(model: type[models.Model], kind: str, head: ChainHead, start: int, end: int) -> models.QuerySet:
    link = ChainLink.objects.filter(organization_id=head.organization_id, kind=kind, record_id=models.OuterRef("pk"))
    return model._default_manager.filter(
        ~models.Exists(link),
        organization_id=head.organization_id,
        transaction_id__gte=start,
        transaction_id__lt=end,
    ).order_by("transaction_id", "id")


@transaction.atomic
def settle_restored() -> int:
    """Forget transaction numbers that this cluster has not reached: they are of the one a backup came from.

    Else followers would repeat those events, and the sealer would wait for numbers that come much later. Runs as the
    owner of the tables after every migrate; returns how many organizations were concerned, normally none.
    """
    concerned = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        reached: int = cursor.fetchone()[0]
    for organization_id in Organization.objects.values_list("pk", flat=True):
        newest = 0
        for model in chain.MODELS.values():
            rows = model._default_manager.filter(organization_id=organization_id)
            newest = max(newest, rows.aggregate(newest=models.Max("transaction_id"))["newest"] or 0)
        if newest <= reached:
            continue
        concerned += 1
        for model in chain.MODELS.values():
            model._default_manager.filter(organization_id=organization_id, transaction_id__gt=0).update(
                transaction_id=0
            )
        ChainHead.objects.filter(organization_id=organization_id).update(sealed_through=0)
    return concerned
