"""What surrounds the tests: a throw-away PostgreSQL and Valkey, and no way to the developer's own accounts.

``DATABASE_URL`` and ``REDIS_URL`` win when they are set (CI has services); otherwise a local cluster under
``.data/test`` without durability, shared by all xdist workers and kept between runs, serves them. It stops by itself
after the last worker.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from clinic import embedded

ROOT = Path(__file__).resolve().parent.parent
DATA_DIR = ROOT / ".data" / "test"
REDIS_DATABASES = 16

DEFAULTS = {
    "CLINIC_TESTING": "true",
    "CLINIC_IGNORE_DOTENV": "true",
    "SECRET_KEY": "for-tests-only-and-long-enough-to-please-the-deploy-check",
    "DEBUG": "false",
    "DEMO": "false",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "PUBLIC_BASE_URL": "http://testserver",
    # Playwright's synchronous interface leaves an event loop in its thread, which Django takes for asynchronous code.
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
}


def prepare() -> None:
    """Set the environment variables that settings read; idempotent. Starts the local servers if they are needed."""
    os.environ["DATA_DIR"] = str(DATA_DIR)
    (DATA_DIR / "static").mkdir(parents=True, exist_ok=True)
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    need_postgres, need_valkey = "DATABASE_URL" not in os.environ, "REDIS_URL" not in os.environ
    if need_postgres or need_valkey:
        servers = embedded.ensure_running(DATA_DIR, postgres=need_postgres, valkey=need_valkey, fast_unsafe=True)
        os.environ.setdefault("DATABASE_URL", servers.database_url)
        os.environ.setdefault("REDIS_URL", servers.redis_url)
    os.environ["REDIS_URL"] = with_database(os.environ["REDIS_URL"], worker_number())


def worker_number() -> int:
    """Return 0 without xdist, else 1 for ``gw0``, 2 for ``gw1`` …"""
    match = re.fullmatch(r"gw(\d+)", os.environ.get("PYTEST_XDIST_WORKER", ""))
    return int(match[1]) + 1 if match else 0


def with_database(redis_url: str, worker: int) -> str:
    """Return the URL with a database number of its own for each worker, so that keys and queues don't mix."""
    parts = urlsplit(redis_url)
    number = str(worker % REDIS_DATABASES)
    if parts.scheme == "unix":
        query = dict(parse_qsl(parts.query)) | {"db": number}
        # Spelled out: urlunsplit drops the empty host of unix:///path.
        return f"unix://{parts.path}?{urlencode(query)}"
    return parts._replace(path=f"/{number}").geturl()
