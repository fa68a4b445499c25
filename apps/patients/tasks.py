"""The worker's side of patients: comparing everybody, importing files."""

from __future__ import annotations

from celery import shared_task

from apps.core.imports.steps import QUEUE
from apps.core.tenancy import all_organizations, organization_scope
from apps.core.turns import work_in_turn
from apps.organizations.models import Organization
from apps.patients.models import MatchRun, Patient
from apps.patients.services import import_work, importing, match_runs


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
    work_in_turn(waiting, match_runs.work_on_run, task=match_runs.TASK, queue=match_runs.QUEUE)


@shared_task(name=importing.TASK, queue=QUEUE)
def work_on_imports() -> None:
    """Check and import rows of files, each piece in a transaction of its own; hand on to the next task after a while."""
    with all_organizations():
        waiting = list(importing.unfinished_imports().values_list("pk", "organization_id"))
    work_in_turn(waiting, import_work.work_on, task=importing.TASK, queue=QUEUE)


@shared_task(name="patients.forget_imports", queue=QUEUE)
def forget_imports() -> None:
    """Delete files that were uploaded a month ago."""
    importing.forget_old_imports()
