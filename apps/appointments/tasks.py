"""The worker's side of the appointment book."""

from celery import shared_task

from apps.appointments.services import expire_holds

BATCHES_PER_TASK = 20


@shared_task(name="appointments.expire_holds", queue="events")
def release_expired_holds() -> None:
    """Release expired holds until none is left, within a bound so that one task never keeps a worker for long."""
    for _ in range(BATCHES_PER_TASK):
        if expire_holds() == 0:
            return
