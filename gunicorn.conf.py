"""How the portal is served: read by gunicorn from this folder, and by `manage.py up`."""

import gc
import os
import signal

from clinic.supervisor import die_with_parent

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
worker_class = "clinic.web_worker.Worker"
# One import of the project, shared by all workers.
preload_app = True
timeout = 30
graceful_timeout = 5
keepalive = 15
loglevel = "warning"
# Requests are logged by the portal itself, without query strings: links carry tokens.
accesslog = None
# Workers' heartbeat files; /tmp may be on a slow disk.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108
control_socket_disable = True


def when_ready(_server: object) -> None:
    """Load what requests need before the workers are forked, and keep all of it out of their garbage collections.

    A full collection walks every object of the project: 0.1 s and more, in the middle of somebody's page. Frozen
    objects are not walked, and their memory stays shared between the workers.
    """
    from django.urls import get_resolver

    assert get_resolver().url_patterns  # noqa: S101 - imports every view
    gc.collect()
    gc.freeze()


def post_fork(server: object, _worker: object) -> None:
    """End a worker with its master at once, however busy it is: the database rolls back what is half done."""
    die_with_parent(signal.SIGKILL, parent=server.pid)
