"""The worker's side of the doors."""

from celery import shared_task

from apps.webhooks.processing import process_inbound, wake_again
from apps.webhooks.services import PROCESS_TASK, QUEUE

BATCHES_PER_TASK = 50


@shared_task(name=PROCESS_TASK, queue=QUEUE)
def process() -> None:
    """Process until nothing is due, within a bound so that one task never holds a worker for long."""
    for _ in range(BATCHES_PER_TASK):
        if process_inbound() == 0:
            return
    wake_again()
