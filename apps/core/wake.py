"""Wake a background sweep after the commit. The row is the message; this is only the bell.

When the broker does not answer the bell is dropped (and not tried again for a few seconds): beat's sweep finds
the row, so a dead broker delays work but loses none, and never holds up a request. Where many bells hang already
nobody wakes sooner for one more: in a storm they would only keep the workers busy with finding nothing.
"""

from __future__ import annotations

import os
import time
from functools import partial

import structlog
from celery import current_app
from django.db import connection, transaction
from kombu.exceptions import LimitExceeded, OperationalError
from kombu.pools import ProducerPool
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
PAUSE_SECONDS = 5.0
PATIENCE_SECONDS = 0.25
POOL_SIZE = 8
ENOUGH = 16
# As long as so many bells surely last: each is a sweep of some milliseconds, which begins after it was taken down.
LASTING_SECONDS = 0.005
QUICK = {
    "socket_timeout": PATIENCE_SECONDS,
    "socket_connect_timeout": PATIENCE_SECONDS,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "connect_retries_timeout": PATIENCE_SECONDS,
    "queue_order_strategy": "priority",
}
_silent_until = 0.0
_enough_until: dict[str, float] = {}


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
    now = time.monotonic()
    if now < _silent_until or now < _enough_until.get(queue, 0.0):
        return
    try:
        with _producers().acquire(block=True, timeout=PATIENCE_SECONDS) as producer:
            if producer.channel.client.llen(queue) >= ENOUGH:  # type: ignore[union-attr]  # the transport is always Redis
                _enough_until[queue] = now + LASTING_SECONDS
                return
            current_app.send_task(task, queue=queue, expires=60, retry=False, producer=producer)
    except (OperationalError, LimitExceeded, RedisError, OSError) as error:
        _silent_until = time.monotonic() + PAUSE_SECONDS
        _forget_producers()
        log.warning("wake.dropped", task=task, reason=type(error).__name__)


_pool: tuple[int, ProducerPool] | None = None


def _producers() -> ProducerPool:
    """Return this process's connections for bells, with time-outs far below the worker's.

    Celery's own pool waits for seconds: kombu tries again every two until its time is up.
    """
    global _pool  # noqa: PLW0603 - connections are per process: a forked one must not share its parent's
    if _pool is None or _pool[0] != os.getpid():
        quick = current_app.connection_for_write().clone(connect_timeout=PATIENCE_SECONDS, transport_options=QUICK)
        _pool = (os.getpid(), ProducerPool(quick.Pool(limit=POOL_SIZE), limit=POOL_SIZE))
    return _pool[1]


def _forget_producers() -> None:
    """Drop connections that may be half dead."""
    global _pool  # noqa: PLW0603
    if _pool is not None and _pool[0] == os.getpid():
        _pool[1].force_close_all()  # type: ignore[attr-defined]  # the stubs lack it
    _pool = None
