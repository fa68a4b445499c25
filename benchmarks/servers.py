"""Real servers for a while: the portal, its web process alone, and the bare views, each on a free port."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.databases import url_of
from benchmarks.environment import DATA_DIR, ROOT
from benchmarks.results import CannotMeasure

HOST = "127.0.0.1"
START_SECONDS, STOP_SECONDS = 120.0, 20.0
BARE_SETTINGS = "benchmarks.floors.bare.settings"


@contextmanager
def web(database: str) -> Iterator[int]:
    """Serve the portal's pages with gunicorn and its own configuration; yield the port."""
    with _gunicorn("clinic.wsgi", "web", "/healthz", DATABASE_URL=url_of(database)) as port:
        yield port


@contextmanager
def bare(database: str) -> Iterator[int]:
    """Serve the bare views with the same gunicorn configuration, past row-level security; yield the port."""
    values = {"DATABASE_URL": url_of(database, superuser=True), "DJANGO_SETTINGS_MODULE": BARE_SETTINGS}
    with _gunicorn("benchmarks.floors.bare.wsgi", "bare", "/healthz", **values) as port:
        yield port


@contextmanager
def portal(database: str) -> Iterator[int]:
    """Run the whole portal as `make up` does: web, workers and beat; yield the port once `/readyz` answers 200."""
    port = free_port()
    command = [sys.executable, "manage.py", "up", "--with-parent"]
    with _process(command, "portal", port, "/readyz", {"DATABASE_URL": url_of(database)}):
        yield port


@contextmanager
def _gunicorn(application: str, name: str, path: str, **values: str) -> Iterator[int]:
    port = free_port()
    program = str(Path(sys.executable).parent / "gunicorn")
    command = [sys.executable, "-m", "benchmarks.launch", program, "--config=gunicorn.conf.py", application]
    with _process(command, name, port, path, values):
        yield port


@contextmanager
def _process(command: list[str], name: str, port: int, path: str, values: Mapping[str, str]) -> Iterator[None]:
    base = f"http://{HOST}:{port}"
    environment = os.environ | values | {"PORT": str(port), "HOST": HOST, "PUBLIC_BASE_URL": base}
    log = DATA_DIR / "logs" / f"bench-{name}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_for(process, port, path, log)
        yield
    finally:
        stop(process)


def wait_for(process: subprocess.Popen, port: int, path: str, log: Path, *, seconds: float = START_SECONDS) -> float:
    """Return the seconds until the path answers 200; raise CannotMeasure when the process ends before, or in vain."""
    begun = time.monotonic()
    while not _answers(port, path):
        if process.poll() is not None:
            raise CannotMeasure(f"A server ended at once: {_last_words(log)}")
        if time.monotonic() - begun > seconds:
            raise CannotMeasure(f"A server was not ready after {seconds:.0f} s: {_last_words(log)}")
        time.sleep(0.02)
    return time.monotonic() - begun


def stop(process: subprocess.Popen) -> None:
    """Ask a process to stop and wait for it; kill it when it does not."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _last_words(log: Path) -> str:
    return log.read_text(errors="replace").strip()[-300:] or "it said nothing"
