"""The worker's side of conversations."""

from celery import shared_task

from apps.conversations.services import sweep

BATCHES_PER_TASK = 20


@shared_task(name="conversations.sweep", queue="events")
def sweep_conversations() -> None:
    """Wake snoozed threads and close the ones left with the bot, until nothing is due, within a bound."""
    for _ in range(BATCHES_PER_TASK):
        if sweep() == 0:
            return
