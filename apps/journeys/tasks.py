"""The worker's side of journeys."""

from celery import shared_task

from apps.journeys.services import advance_due

BATCHES_PER_TASK = 20


@shared_task(name="journeys.advance_due", queue="events")
def advance_due_task() -> None:
    """Move what delays have made due until nothing is, within a bound so that one task never holds a worker for long."""
    for _ in range(BATCHES_PER_TASK):
        if advance_due() == 0:
            return
