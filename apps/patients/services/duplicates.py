"""Finding who may be the same person, and what people decide about it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.errors import Conflict
from apps.core.ids import uuid7
from apps.events.services import emit
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.patients.candidates import (
    Known,
    counted_values,
    keys_of,
    load_facts,
    load_frequencies,
    pairs_sharing_keys,
)
from apps.patients.matching import REVIEW, PersonFacts, Score, score_pair
from apps.patients.matching.words import as_json
from apps.patients.models import CandidateState, DuplicateCandidate, MatchIndex, Patient
from apps.patients.text import limited

Pair = tuple[uuid.UUID, uuid.UUID]


@transaction.atomic
def compare_patients(*, organization: Organization, patient_ids: Iterable[uuid.UUID]) -> int:
    """Index these patients, compare them with whoever shares a key, and keep what is worth a person's look.

    Returns how many open candidates they have now. About eight queries for any number of patients. One writer of an
    organization's candidates at a time (advisory lock): of two new records of one person the later sees the earlier.
    Decisions stay; open candidates that no longer reach the threshold go.
    """
    lock_candidates(organization)
    known = load_facts(organization=organization, patient_ids=patient_ids)
    index_facts(organization=organization, known=known)
    active = {pk: one.facts for pk, one in known.items() if not one.is_archived}
    pairs = pairs_sharing_keys(
        organization=organization, keys={pk: keys_of(organization, facts) for pk, facts in active.items()}
    )
    found = _scored(organization, active, pairs)
    _keep(organization, known, found)
    return len(found)


def lock_candidates(organization: Organization) -> None:
    """Be the only one who writes this organization's candidates until the commit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"patients.duplicates:{organization.pk}"]
        )


def index_facts(*, organization: Organization, known: Mapping[uuid.UUID, Known]) -> None:
    """Write what these patients are found by, as of their version; archived ones are not found. One query."""
    MatchIndex.objects.bulk_create(
        [
            MatchIndex(
                pk=uuid7(),
                organization=organization,
                patient_id=pk,
                version=0 if one.is_archived else one.version,
                keys=[] if one.is_archived else keys_of(organization, one.facts),
                values=[] if one.is_archived else counted_values(one.facts),
                updated_at=timezone.now(),
            )
            for pk, one in known.items()
        ],
        update_conflicts=True,
        unique_fields=["patient"],
        update_fields=["version", "keys", "values", "updated_at"],
    )


def _scored(
    organization: Organization, active: Mapping[uuid.UUID, PersonFacts], pairs: Collection[Pair]
) -> dict[Pair, Score]:
    others = {pk for pair in pairs for pk in pair} - active.keys()
    everybody = {
        **active,
        **{
            pk: one.facts
            for pk, one in load_facts(organization=organization, patient_ids=others).items()
            if not one.is_archived
        },
    }
    frequencies = load_frequencies(organization=organization, people=everybody.values())
    scores = {
        (one, other): score_pair(everybody[one], everybody[other], frequencies=frequencies)
        for one, other in pairs
        if one in everybody and other in everybody
    }
    return {pair: score for pair, score in scores.items() if score.bits >= REVIEW}


def _keep(organization: Organization, known: Collection[uuid.UUID], found: Mapping[Pair, Score]) -> None:
    rows = DuplicateCandidate.objects.for_organization(organization)
    present = {
        (row.first_id, row.second_id): row
        for row in rows.filter(Q(first__in=list(known)) | Q(second__in=list(known))).select_for_update(no_key=True)
    }
    gone = [row.pk for pair, row in present.items() if row.state == CandidateState.OPEN and pair not in found]
    rows.filter(pk__in=gone).delete()
    changed = []
    for pair, score in found.items():
        row = present.get(pair)
        if row is None or (row.state == CandidateState.OPEN and row.reasons != _reasons(score)):
            changed.append(
                DuplicateCandidate(
                    pk=row.pk if row else uuid7(),
                    organization=organization,
                    first_id=pair[0],
                    second_id=pair[1],
                    bits=round(score.bits, 1),
                    is_settled=score.is_settled,
                    reasons=_reasons(score),
                    updated_at=timezone.now(),
                )
            )
    DuplicateCandidate.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["organization", "first", "second"],
        update_fields=["bits", "is_settled", "reasons", "updated_at"],
    )


def _reasons(score: Score) -> list[dict[str, object]]:
    return [as_json(evidence) for evidence in score.evidence]


@transaction.atomic
def mark_distinct(*, candidate: DuplicateCandidate, note: str = "", actor: Actor) -> DuplicateCandidate:
    """Remember that the two are not the same person; scoring never asks again. A second call changes nothing.

    Raises Conflict when they were merged meanwhile.
    """
    actor.require(Permission.PATIENTS_MANAGE)
    locked = _lock(candidate)
    if locked.state == CandidateState.MERGED:
        raise Conflict(_("These two records were merged. Separate them first."), code="already_merged")
    if locked.state == CandidateState.DISTINCT:
        return locked
    return _decide(locked, CandidateState.DISTINCT, limited(note, 200), "patient.told_apart", actor)


@transaction.atomic
def reopen_candidate(*, candidate: DuplicateCandidate, actor: Actor) -> DuplicateCandidate:
    """Ask again about two records that were said to be two people. A second call changes nothing."""
    actor.require(Permission.PATIENTS_MANAGE)
    locked = _lock(candidate)
    if locked.state != CandidateState.DISTINCT:
        return locked
    return _decide(locked, CandidateState.OPEN, "", "patient.asked_about", actor)


def _lock(candidate: DuplicateCandidate) -> DuplicateCandidate:
    locked: DuplicateCandidate = DuplicateCandidate.objects.select_for_update(no_key=True).get(pk=candidate.pk)
    return locked


def _decide(
    candidate: DuplicateCandidate, state: CandidateState, note: str, event: str, actor: Actor
) -> DuplicateCandidate:
    before, candidate.state, candidate.note = candidate.state, state, note
    candidate.decided_by_label = "" if state == CandidateState.OPEN else actor.label[:120]
    candidate.decided_at = None if state == CandidateState.OPEN else timezone.now()
    candidate.save()
    for patient in Patient.objects.filter(pk__in=[candidate.first_id, candidate.second_id]).order_by("pk"):
        other = candidate.second_id if patient.pk == candidate.first_id else candidate.first_id
        emit(
            event,
            subject=patient,
            actor=actor,
            patient_id=patient.pk,
            changes={"state": [before, state]},
            payload={"other": str(other)},
        )
    return candidate


@transaction.atomic
def note_merged(*, organization: Organization, survivor_id: uuid.UUID, duplicate_id: uuid.UUID, by: str) -> None:
    """Close the pair that was merged. What else was open with the duplicate is found again with the survivor."""
    pair = {"first_id": min(survivor_id, duplicate_id), "second_id": max(survivor_id, duplicate_id)}
    DuplicateCandidate.objects.for_organization(organization).filter(**pair).update(
        state=CandidateState.MERGED, decided_by_label=by[:120], decided_at=timezone.now(), updated_at=timezone.now()
    )


@transaction.atomic
def note_separated(*, organization: Organization, patient_id: uuid.UUID) -> None:
    """Ask again about the pairs of a patient that were merged, and are two records once more."""
    DuplicateCandidate.objects.for_organization(organization).filter(
        Q(first=patient_id, second__archived_at__isnull=True) | Q(second=patient_id, first__archived_at__isnull=True),
        state=CandidateState.MERGED,
    ).update(state=CandidateState.OPEN, decided_by_label="", decided_at=None, updated_at=timezone.now())
