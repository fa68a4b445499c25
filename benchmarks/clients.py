"""Many clients at once, each with a connection of its own: processes, or threads that share a few."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from multiprocessing.synchronize import Barrier
from typing import Any

from django.db import connection

from benchmarks.results import CannotMeasure
from clinic.supervisor import die_with_parent

START_SECONDS = 120
_fork = multiprocessing.get_context("fork")

Work = Callable[[int], Any]


@dataclass(frozen=True, slots=True)
class Race:
    """How long it took from the start to the end of the last client, in seconds, and what each client returned."""

    seconds: float
    results: Sequence[Any]


def race(clients: int, work: Work, *, warm_up: Work, processes: int | None = None) -> Race:
    """Let so many clients do the work, starting together when all have warmed up; each is told its number.

    Each is a process, or a thread of one of so many `processes`, as requests share those of the web. Connecting, and what
    is paid once per process, belongs into `warm_up`.

    Raises :class:`CannotMeasure` with the first failure. Leaves no process behind, whatever the end.
    """
    connection.close()
    together = _fork.Barrier(clients + 1)
    parts = processes or clients

    def client(number: int) -> Any:
        try:
            warm_up(number)
            together.wait(START_SECONDS)
            return work(number)
        except BaseException:
            together.abort()
            raise
        finally:
            connection.close()

    def start(part: int, results: Connection) -> None:
        mine = range(part, clients, parts)
        with ThreadPoolExecutor(len(mine)) as threads:
            found = list(threads.map(client, mine))
        results.send((time.monotonic(), found))

    with forked(parts, start, barrier=together) as children:
        together.wait(START_SECONDS)
        begun = time.monotonic()
        answers = [_answer(child) for child in children]
    return Race(max(ended for ended, _found in answers) - begun, [one for _ended, found in answers for one in found])


@dataclass(frozen=True, slots=True)
class Child:
    """A forked process and the end of its pipe."""

    process: ForkProcess
    results: Connection


@contextmanager
def forked(
    count: int, start: Callable[[int, Connection], None], *, barrier: Barrier | None = None
) -> Iterator[list[Child]]:
    """Fork processes that run `start(number, pipe)`; kill what still runs at the end of the block."""
    children = []
    try:
        for number in range(count):
            ours, theirs = _fork.Pipe(duplex=False)
            process = _fork.Process(target=_run, args=(start, number, theirs, barrier, os.getpid()), daemon=True)
            process.start()
            theirs.close()
            children.append(Child(process, ours))
        yield children
    finally:
        for child in children:
            child.process.kill()
        for child in children:
            child.process.join()
            child.results.close()


def _run(
    start: Callable[[int, Connection], None], number: int, results: Connection, barrier: Barrier | None, parent: int
) -> None:
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_DFL)
    die_with_parent(signal.SIGKILL, parent=parent)
    try:
        start(number, results)
    except BaseException:  # noqa: BLE001 - the parent is told
        with suppress(BrokenPipeError):
            results.send(traceback.format_exc())
        if barrier is not None:
            barrier.abort()
    finally:
        connection.close()


def _answer(child: Child) -> tuple[float, Any]:
    wait([child.results])
    try:
        answer = child.results.recv()
    except EOFError:
        raise CannotMeasure("A client ended without an answer.") from None
    if isinstance(answer, str):
        raise CannotMeasure(f"A client failed: {answer}")
    return answer
