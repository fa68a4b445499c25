"""The worker's side of events."""

from celery import shared_task

from apps.events.services import deliver_due, forget_done_deliveries

BATCHES_PER_TASK = 40


@shared_task(name="events.deliver", queue="events")
def deliver() -> None:
    """Deliver until nothing is due, within a bound so that one task never holds a worker for long."""
    for _ in range(BATCHES_PER_TASK):
        if deliver_due() == 0:
            return


@shared_task(name="events.forget_done", queue="slow")
def forget_done() -> None:
    """Delete deliveries that nobody needs any more."""
    forget_done_deliveries()
