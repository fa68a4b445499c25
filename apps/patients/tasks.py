"""The worker's side of patients: comparing everybody."""

from __future__ import annotations

import time
import uuid

from celery import shared_task

from apps.core.tenancy import all_organizations, organization_scope
from apps.core.wake import wake
from apps.organizations.models import Organization
from apps.patients.models import MatchRun, Patient
from apps.patients.services.match_runs import QUEUE, TASK, start_match_run, unfinished_runs, work_on_run

SECONDS_PER_TASK = 20.0


@shared_task(name="patients.compare_everybody", queue=QUEUE)
def compare_everybody() -> None:
    """Begin a run in every organization that has patients, once a night."""
    with all_organizations():
        organizations = list(Organization.objects.filter(pk__in=Patient.objects.values("organization")))
    for organization in organizations:
        with organization_scope(organization.pk):
            start_match_run(organization=organization)


@shared_task(name=TASK, queue=QUEUE)
def work_on_match_runs() -> None:
    """Go on with runs, batch by batch; hand on to the next task after a while.

    Who has patients and was never compared (new here, or moved from an older edition) begins at once.
    """
    with all_organizations():
        never = Patient.objects.exclude(organization__in=MatchRun.objects.values("organization"))
        begin = list(Organization.objects.filter(pk__in=never.values("organization")))
    for organization in begin:
        with organization_scope(organization.pk):
            start_match_run(organization=organization)
    with all_organizations():
        waiting = list(unfinished_runs().values_list("pk", "organization_id"))
    until = time.monotonic() + SECONDS_PER_TASK
    while waiting:
        if time.monotonic() > until:
            wake(TASK, queue=QUEUE)
            return
        waiting = [one for one in waiting if _has_more(*one)]


def _has_more(run_id: uuid.UUID, organization_id: uuid.UUID) -> bool:
    with organization_scope(organization_id):
        return work_on_run(run_id)
