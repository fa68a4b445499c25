"""Comparing everybody: a row that says how far it is, worked on in batches, each a transaction of its own.

A crash loses the batch it happened in, which is done again. Two workers never have the same run.
"""

from __future__ import annotations

import uuid

from django.db import connection, models, transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone

from apps.core.actors import SYSTEM, Actor
from apps.core.wake import wake
from apps.events.services import emit
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.patients.candidates import load_facts
from apps.patients.models import MatchIndex, MatchRun, MatchRunState, Patient, ValueCount
from apps.patients.services.duplicates import compare_patients, index_facts, lock_candidates

TASK, QUEUE = "patients.work_on_match_runs", "slow"
READ, COMPARE = 500, 100


@transaction.atomic
def start_match_run(*, organization: Organization, actor: Actor = SYSTEM) -> MatchRun:
    """Compare everybody in the background; a run that is under way is returned as it is."""
    actor.require(Permission.PATIENTS_MANAGE)
    lock_candidates(organization)
    running: MatchRun | None = unfinished_runs().filter(organization=organization).first()
    if running is not None:
        return running
    run: MatchRun = MatchRun.objects.create(
        organization=organization,
        total=Patient.objects.for_organization(organization).active().count(),
        started_by_label="" if actor is SYSTEM else actor.label[:120],
    )
    emit("match_run.started", subject=run, actor=actor, payload={"patients": run.total})
    wake(TASK, queue=QUEUE)
    return run


def unfinished_runs() -> models.QuerySet[MatchRun]:
    """Return the runs that a worker has to go on with, the oldest first."""
    return MatchRun.objects.exclude(state=MatchRunState.DONE).order_by("created_at")


@transaction.atomic
def work_on_run(run_id: uuid.UUID) -> bool:
    """Do the next batch of a run in the open transaction; tell whether there is more. Needs its organization open.

    Does nothing, and answers no, when another worker has the run or it is done.
    """
    run: MatchRun | None = (
        MatchRun.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        .select_related("organization")
        .filter(pk=run_id)
        .exclude(state=MatchRunState.DONE)
        .first()
    )
    if run is None:
        return False
    if run.state == MatchRunState.INDEXING:
        _read(run)
    else:
        _compare(run)
    run.save()
    return run.state != MatchRunState.DONE


def _read(run: MatchRun) -> None:
    """Index the next records that are not, or not as they are now; when none is left, count the values."""
    indexed = MatchIndex.objects.filter(patient=OuterRef("pk")).values("version")
    stale = (
        Patient.objects.for_organization(run.organization)
        .annotate(indexed=Subquery(indexed))
        .filter(
            Q(indexed__isnull=True)
            | Q(archived_at__isnull=True) & ~Q(indexed=F("version"))
            | Q(archived_at__isnull=False, indexed__gt=0)
        )
    )
    if run.after is not None:
        stale = stale.filter(pk__gt=run.after)
    ids = list(stale.order_by("pk").values_list("pk", flat=True)[:READ])
    if ids:
        index_facts(organization=run.organization, known=load_facts(organization=run.organization, patient_ids=ids))
        run.after = ids[-1]
        return
    count_values(organization=run.organization)
    run.state, run.after = MatchRunState.COMPARING, None


def _compare(run: MatchRun) -> None:
    patients = Patient.objects.for_organization(run.organization).active()
    if run.after is not None:
        patients = patients.filter(pk__gt=run.after)
    ids = list(patients.order_by("pk").values_list("pk", flat=True)[:COMPARE])
    if ids:
        compare_patients(organization=run.organization, patient_ids=ids)
        run.after = ids[-1]
        run.done += len(ids)
        return
    run.state, run.finished_at = MatchRunState.DONE, timezone.now()
    emit("match_run.done", subject=run, actor=SYSTEM, payload={"patients": run.done})


@transaction.atomic
def count_values(*, organization: Organization) -> None:
    """Count anew how many patients have each value, from the index; about two seconds for 200,000 patients."""
    ValueCount.objects.for_organization(organization).delete()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO patients_valuecount (id, created_at, updated_at, organization_id, value, people)
            SELECT gen_random_uuid(), now(), now(), %(organization)s, value, people
            FROM (SELECT value, count(*) AS people
                  FROM patients_matchindex, unnest("values") AS value
                  WHERE organization_id = %(organization)s GROUP BY value HAVING count(*) > 1
                  UNION ALL
                  SELECT '', count(*) FROM patients_matchindex
                  WHERE organization_id = %(organization)s AND version > 0) AS counted
            """,
            {"organization": organization.pk},
        )
