"""Connections that browsers open ahead, on which nothing is asked, keep nobody else waiting."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import psutil
import pytest

from tests.integration.test_up_command import free_port
from tests.processes import eventually

THREADS = 2
PATIENCE = 2.0  # gunicorn's own worker lends an idle connection a thread for five seconds


class Server(NamedTuple):
    """A server that listens: its port, and the process of its master."""

    port: int
    master: psutil.Process


@contextmanager
def served(worker: str, *, processes: int = 1) -> Iterator[Server]:
    """Serve the greeting with processes of two threads; yield the server once it listens."""
    port = free_port()
    program = [sys.executable, "-m", "gunicorn", "--config=/dev/null", f"--bind=127.0.0.1:{port}", "--log-level=error"]
    options = [f"--worker-class={worker}", f"--workers={processes}", f"--threads={THREADS}", "--keep-alive=15"]
    process = subprocess.Popen([*program, *options, "tests.servers.greeting_wsgi:application"])
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                assert ask(port, seconds=10).endswith(b"hello")
                break
            except ConnectionRefusedError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        master = psutil.Process(process.pid)
        assert eventually(lambda: len(master.children()) == processes)
        yield Server(port, master)
    finally:
        process.terminate()
        process.wait(10)


def ask(port: int, *, seconds: float) -> bytes:
    """Return the answer to one request; TimeoutError when there is none in that time."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: clinic\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := connection.recv(4096):
            answer += part
        return answer


@contextmanager
def opened_ahead(port: int) -> Iterator[list[socket.socket]]:
    """Open as many connections as there are threads, and one more, and ask nothing."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10)) for _n in range(THREADS + 1)
        ]


def test_idle_connections_hold_nobody_up_and_are_answered_when_they_ask() -> None:
    with served("clinic.web_worker.Worker") as server, opened_ahead(server.port) as idle:
        assert ask(server.port, seconds=PATIENCE).startswith(b"HTTP/1.1 200")
        idle[0].sendall(b"GET / HTTP/1.1\r\nHost: clinic\r\n\r\n")
        assert idle[0].recv(4096).startswith(b"HTTP/1.1 200")


def test_gunicorns_own_worker_lets_them_hold_everybody_up() -> None:
    """The control: when this fails, our worker is not needed any more."""
    with served("gthread") as server, opened_ahead(server.port), pytest.raises(TimeoutError):
        ask(server.port, seconds=PATIENCE)


def test_connections_that_stay_are_shared_out_among_the_processes() -> None:
    with served("clinic.web_worker.Worker", processes=2) as server, ExitStack() as stack:
        for _n in range(40):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))

        def shares() -> list[int]:
            return sorted(
                sum(one.status == psutil.CONN_ESTABLISHED for one in worker.net_connections())
                for worker in server.master.children()
            )

        assert eventually(lambda: sum(shares()) == 40)
        assert shares()[0] >= 10  # gunicorn's own worker leaves the other process none to two
