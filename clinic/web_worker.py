"""The web's gunicorn worker: connections on which nothing was asked yet wait beside the threads, not in them.

Gunicorn's threaded worker lends a new connection a thread for five seconds, in case a request comes. Browsers open
connections ahead of what they may want; eight of those, and nobody is answered: not the desk, not a webhook.
"""

from __future__ import annotations

import time
from functools import partial
from selectors import EVENT_READ

from gunicorn.workers.gthread import TConn, ThreadWorker


class Worker(ThreadWorker):
    """Gunicorn's threaded worker, whose threads get a connection when there is something to read on it."""

    def enqueue_req(self, conn: TConn) -> None:
        """Give the connection a thread; one that is new waits for its first bytes in the poller, `keepalive` seconds at most."""
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
            return
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))
