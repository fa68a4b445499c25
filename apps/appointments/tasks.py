"""The worker's side of the appointment book."""

from celery import shared_task

from apps.appointments.services import expire_holds
from apps.appointments.services.waitlist.expiring import close_past_windows, expire_offers

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
