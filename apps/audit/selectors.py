"""Checking that nobody touched what was recorded."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import models

from apps.audit import chain
from apps.audit.models import ChainHead, ChainLink, LinkedKind
from apps.organizations.models import Organization

CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where the chain and the records disagree, in words that name the row."""

    sequence: int
    kind: str
    record_id: uuid.UUID | None
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check of one organization found. `digest` is the chain's end: compare it with an older log line."""

    checked: int
    digest: str
    broken: Break | None


def verify_chain(*, organization: Organization, progress: Callable[[int], None] = lambda _checked: None) -> Verdict:
    """Recompute every digest of the organization's chain, in order; stop at the first break.

    Must run in a scope of the organization. Reads every event and access record once, CHUNK at a time; calls
    `progress` with the number checked so far. Records of the last seconds that are not sealed yet are not covered.
    """
    head = ChainHead.objects.for_organization(organization).first() or ChainHead(organization=organization)
    sequence, previous = 0, chain.GENESIS
    while sequence < head.sequence:
        links = list(
            ChainLink.objects.for_organization(organization)
            .filter(sequence__gt=sequence, sequence__lte=head.sequence)
            .order_by("sequence")[:CHUNK]
        )
        if not links:
            what = f"the links from {sequence + 1} to {head.sequence} are gone: the end was cut off"
            return Verdict(sequence, previous, Break(sequence + 1, "", None, what))
        records = _records_of(links)
        for link in links:
            broken = _check(link, sequence + 1, previous, records)
            if broken is not None:
                return Verdict(sequence, previous, broken)
            sequence, previous = link.sequence, link.digest
        progress(sequence)
    if previous != head.digest:
        what = "the head does not carry the digest of the last link: the head was changed"
        return Verdict(sequence, previous, Break(sequence, "", None, what))
    return Verdict(sequence, previous, _unlinked(organization, head))


def _records_of(links: Iterable[ChainLink]) -> dict[tuple[str, uuid.UUID], models.Model]:
    wanted: dict[str, list[uuid.UUID]] = {}
    for link in links:
        wanted.setdefault(link.kind, []).append(link.record_id)
    return {
        (kind, record.pk): record
        for kind, pks in wanted.items()
        if kind in chain.MODELS
        for record in chain.MODELS[kind]._default_manager.filter(pk__in=pks)
    }


def _check(
    link: ChainLink, expected: int, previous: str, records: dict[tuple[str, uuid.UUID], models.Model]
) -> Break | None:
    if link.sequence != expected:
        return Break(expected, "", None, f"link {expected} is gone, {link.sequence} follows: a link was deleted")
    record = records.get((link.kind, link.record_id))
    if record is None:
        return Break(
            link.sequence, link.kind, link.record_id, "the record is gone: it was deleted, or the link points elsewhere"
        )
    if chain.digest(previous=previous, sequence=link.sequence, kind=link.kind, record=record) != link.digest:
        what = "the record does not match its digest: it was changed, or the order was"
        return Break(link.sequence, link.kind, link.record_id, what)
    return None


def _unlinked(organization: Organization, head: ChainHead) -> Break | None:
    """Find a record that should have been sealed with its transaction and was not: its link was cut off with others."""
    for kind, model in sorted(chain.MODELS.items()):
        link = ChainLink.objects.filter(
            organization_id=organization.pk, kind=kind, record_id=models.OuterRef("pk"), sequence__lte=head.sequence
        )
        pk = (
            model._default_manager.filter(
                ~models.Exists(link), organization_id=organization.pk, transaction_id__lt=head.sealed_through
            )
            .order_by("transaction_id", "id")
            .values_list("pk", flat=True)
            .first()
        )
        if pk is not None:
            what = "the record has no link although its time was sealed: it was put in later, or links were cut off"
            return Break(head.sequence, LinkedKind(kind).value, pk, what)
    return None
