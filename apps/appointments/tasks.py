"""The worker's side of the appointment book."""

from celery import shared_task

from apps.appointments.services import expire_holds
from apps.appointments.services.import_work import work_on
from apps.appointments.services.importing import TASK, forget_old_imports, unfinished_imports
from apps.appointments.services.waitlist.expiring import close_past_windows, expire_offers
from apps.core.imports.steps import QUEUE
from apps.core.tenancy import all_organizations
from apps.core.turns import work_in_turn

BATCHES_PER_TASK = 20


@shared_task(name="appointments.expire_holds", queue="events")
def release_expired_holds() -> None:
    """Release expired holds until none is left, within a bound so that one task never keeps a worker for long."""
    for _ in range(BATCHES_PER_TASK):
        if expire_holds() == 0:
            return


@shared_task(name="appointments.expire_offers", queue="events")
def close_unanswered_offers() -> None:
    """Close offers of the waitlist that nobody answered in time, and hand their times on."""
    for _ in range(BATCHES_PER_TASK):
        if expire_offers() == 0:
            return


@shared_task(name="appointments.close_past_windows", queue="events")
def close_windows_of_the_past() -> None:
    """Close waitlist entries whose last date is over."""
    for _ in range(BATCHES_PER_TASK):
        if close_past_windows() == 0:
            return


@shared_task(name=TASK, queue=QUEUE)
def work_on_imports() -> None:
    """Check and import rows of files, each piece in a transaction of its own; hand on to the next task after a while."""
    with all_organizations():
        waiting = list(unfinished_imports().values_list("pk", "organization_id"))
    work_in_turn(waiting, work_on, task=TASK, queue=QUEUE)


@shared_task(name="appointments.forget_imports", queue=QUEUE)
def forget_imports() -> None:
    """Delete files that were uploaded a month ago."""
    forget_old_imports()
