"""The worker's side of files."""

from celery import shared_task

from apps.core.wake import wake
from apps.media.services import sweep_orphans, work_on_due
from apps.media.services.uploads import QUEUE, WORK_TASK

BATCHES_PER_TASK = 10


@shared_task(name=WORK_TASK, queue=QUEUE)
def work() -> None:
    """Fetch and examine until nothing is due, within a bound so that one task never holds a worker for long."""
    for _ in range(BATCHES_PER_TASK):
        if work_on_due() == 0:
            return
    wake(WORK_TASK, queue=QUEUE)


@shared_task(name="media.sweep_orphans", queue=QUEUE)
def sweep() -> None:
    """Remove what is left over."""
    sweep_orphans()
