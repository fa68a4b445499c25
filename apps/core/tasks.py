"""The worker's sign of life, and forgetting what has served its time."""

import time

from celery import shared_task
from celery.signals import worker_ready
from django.core.cache import cache

from apps.core.api import idempotency

HEARTBEAT_KEY = "worker:heartbeat"


@shared_task(name="core.heartbeat", queue="events")
def heartbeat() -> None:
    """Note that a worker took a task that beat had sent: both are alive. `/readyz` reads the age of this note."""
    cache.set(HEARTBEAT_KEY, time.time(), timeout=3600)


@shared_task(name="core.forget_expired", queue="slow")
def forget_expired() -> None:
    """Delete answers kept for `Idempotency-Key` that nobody will ask for again."""
    idempotency.forget_expired()


@worker_ready.connect
def _first_heartbeat(**_kwargs: object) -> None:
    heartbeat()
