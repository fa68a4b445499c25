"""The worker's sign of life."""

import time

from celery import shared_task
from celery.signals import worker_ready
from django.core.cache import cache

HEARTBEAT_KEY = "worker:heartbeat"


@shared_task(name="core.heartbeat", queue="events")
def heartbeat() -> None:
    """Note that a worker took a task that beat had sent: both are alive. `/readyz` reads the age of this note."""
    cache.set(HEARTBEAT_KEY, time.time(), timeout=3600)


@worker_ready.connect
def _first_heartbeat(**_kwargs: object) -> None:
    heartbeat()
