"""The worker's side of patients: comparing everybody, importing files."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from celery import shared_task

from apps.core.tenancy import all_organizations, organization_scope
from apps.core.wake import wake
from apps.organizations.models import Organization
from apps.patients.models import MatchRun, Patient
from apps.patients.services import import_work, importing, match_runs

SECONDS_PER_TASK = 20.0
Pieces = list[tuple[uuid.UUID, uuid.UUID]]


@shared_task(name="patients.compare_everybody", queue=match_runs.QUEUE)
def compare_everybody() -> None:
    """Begin a run in every organization that has patients, once a night."""
    with all_organizations():
        organizations = list(Organization.objects.filter(pk__in=Patient.objects.values("organization")))
    for organization in organizations:
        with organization_scope(organization.pk):
            match_runs.start_match_run(organization=organization)


@shared_task(name=match_runs.TASK, queue=match_runs.QUEUE)
def work_on_match_runs() -> None:
    """Go on with runs, batch by batch; hand on to the next task after a while.

    Who has patients and was never compared (new here, or moved from an older edition) begins at once.
    """
    with all_organizations():
        never = Patient.objects.exclude(organization__in=MatchRun.objects.values("organization"))
        begin = list(Organization.objects.filter(pk__in=never.values("organization")))
    for organization in begin:
        with organization_scope(organization.pk):
            match_runs.start_match_run(organization=organization)
    with all_organizations():
        waiting = list(match_runs.unfinished_runs().values_list("pk", "organization_id"))
    _work_in_turn(waiting, match_runs.work_on_run, task=match_runs.TASK, queue=match_runs.QUEUE)


@shared_task(name=importing.TASK, queue=importing.QUEUE)
def work_on_imports() -> None:
    """Check and import rows of files, each piece in a transaction of its own; hand on to the next task after a while."""
    with all_organizations():
        waiting = list(importing.unfinished_imports().values_list("pk", "organization_id"))
    _work_in_turn(waiting, import_work.work_on, task=importing.TASK, queue=importing.QUEUE)


@shared_task(name="patients.forget_imports", queue=importing.QUEUE)
def forget_imports() -> None:
    """Delete files that were uploaded a month ago."""
    importing.forget_old_imports()


def _work_in_turn(waiting: Pieces, work_on: Callable[[uuid.UUID], bool], *, task: str, queue: str) -> None:
    """Do a piece of each in turn until nothing is left, or the time is over and the next task goes on."""
    until = time.monotonic() + SECONDS_PER_TASK
    while waiting:
        if time.monotonic() > until:
            wake(task, queue=queue)
            return
        waiting = [(pk, organization_id) for pk, organization_id in waiting if _has_more(pk, organization_id, work_on)]


def _has_more(pk: uuid.UUID, organization_id: uuid.UUID, work_on: Callable[[uuid.UUID], bool]) -> bool:
    with organization_scope(organization_id):
        return work_on(pk)
