"""Wake a background sweep after the commit. The row is the message; this is only the bell.

When the broker does not answer the bell is dropped (and not tried again for a few seconds): beat's sweep finds
the row, so a dead broker delays work but loses none, and never holds up a request.
"""

from __future__ import annotations

import time
from functools import partial

import structlog
from celery import current_app
from django.db import connection, transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)
PAUSE_SECONDS = 5.0
_silent_until = 0.0


def wake(task: str, *, queue: str) -> None:
    """Send the named task once after the current transaction commits, however often it is asked for within it."""
    if not connection.in_atomic_block:
        _send(task, queue)
        return
    if any(getattr(entry[1], "task", None) == task for entry in connection.run_on_commit):
        return
    ring = partial(_send, task, queue)
    ring.task = task  # type: ignore[attr-defined]
    transaction.on_commit(ring)


def _send(task: str, queue: str) -> None:
    global _silent_until  # noqa: PLW0603 - one circuit breaker per process
    if time.monotonic() < _silent_until:
        return
    try:
        current_app.send_task(task, queue=queue, expires=60, retry=False)
    except (OperationalError, OSError) as error:
        _silent_until = time.monotonic() + PAUSE_SECONDS
        log.warning("wake.dropped", task=task, reason=type(error).__name__)
