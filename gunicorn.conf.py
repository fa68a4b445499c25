"""How the portal is served: read by gunicorn from this folder, and by `manage.py up`."""

import os

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
worker_class = "gthread"
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
