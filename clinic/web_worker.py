"""The web's gunicorn worker: idle connections wait beside the threads, and connections are shared out among the processes.

Gunicorn's threaded worker lends a new connection a thread for five seconds, in case a request comes. Browsers open
connections ahead of what they may want; eight of those, and nobody is answered: not the desk, not a webhook.

Which process takes a connection is whoever wakes first, and it is kept alive there: all of a busy desk may sit in one
process, on one core, while the other has nothing to do. So who has more of them than another leaves a new one to that one
for some milliseconds.
"""

from __future__ import annotations

import math
import mmap
import socket
import time
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

SLOTS = 64
ALIVE_SECONDS = 2.5  # a worker shows itself every second
PATIENCE_SECONDS = 0.005
PAUSE_SECONDS = 0.0005


class Loads:
    """How many connections each of the processes has; in memory that they share, so made before they are forked."""

    def __init__(self) -> None:
        """Make room for `SLOTS` processes: the count of each, and when it was last seen (monotonic seconds)."""
        self.numbers = memoryview(mmap.mmap(-1, SLOTS * 16)).cast("d")

    def note(self, slot: int, count: int) -> None:
        """Write down a process's connections, and that it lives."""
        self.numbers[2 * slot], self.numbers[2 * slot + 1] = count, time.monotonic()

    def fewest(self, slot: int) -> float:
        """Return the connections of the other living process that has fewest; infinite where there is none."""
        since = time.monotonic() - ALIVE_SECONDS
        others = (other for other in range(SLOTS) if other != slot and self.numbers[2 * other + 1] > since)
        return min((self.numbers[2 * other] for other in others), default=math.inf)


LOADS = Loads()


class Worker(ThreadWorker):
    """Gunicorn's threaded worker, whose threads get a connection when there is something to read on it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.slot = self.age % SLOTS
        self.waits_since = self.looked = self.fewest = 0.0

    def notify(self) -> None:
        """Show the master, and the other processes, that this one lives."""
        super().notify()
        LOADS.note(self.slot, self.nr_conns)

    def accept(self, listener: socket.socket) -> None:
        """Take a connection, or leave it to a process that has fewer; nobody waits longer than `PATIENCE_SECONDS` for that."""
        if self._leaves_it():
            time.sleep(PAUSE_SECONDS)
            return
        super().accept(listener)
        LOADS.note(self.slot, self.nr_conns)

    def _leaves_it(self) -> bool:
        now, fewest = time.monotonic(), LOADS.fewest(self.slot)
        if fewest != self.fewest or now - self.looked > PATIENCE_SECONDS:  # another connection than the last time
            self.waits_since = now
        self.looked, self.fewest = now, fewest
        return fewest < self.nr_conns and now - self.waits_since < PATIENCE_SECONDS

    def enqueue_req(self, conn: TConn) -> None:
        """Give the connection a thread; one that is new waits for its first bytes in the poller, `keepalive` seconds at most."""
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
            return
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))
