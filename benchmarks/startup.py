"""B12: `make up` on a fresh copy of the project, again on its own data, and what everything together keeps in memory."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks import servers
from benchmarks.bench import Bench
from benchmarks.environment import ROOT, SETTINGS
from benchmarks.measuring import median
from benchmarks.results import CannotMeasure, Line, Quantity, WrongAnswer, at_most

COLD_SECONDS, WARM_SECONDS, MEGABYTES = 60, 5, 700
LONGEST_START, REST_SECONDS, END_SECONDS = 900.0, 20.0, 20.0
WARM_STARTS = 3
SIGN_IN = "/accounts/login/"
OURS = {
    *SETTINGS,
    "DATA_DIR",
    "DATABASE_URL",
    "REDIS_URL",
    "PORT",
    "PUBLIC_BASE_URL",
    "MAKEFLAGS",
    "MAKELEVEL",
    "MFLAGS",
}


def measure(bench: Bench) -> list[Line]:
    """Measure cold starts, each on a copy of its own, warm starts, and the memory at rest after the last one."""
    cold: list[float] = []
    warm: list[float] = []
    memory: list[float] = []
    with tempfile.TemporaryDirectory(prefix="clinic-bench-") as place:
        # The local database runs as another user when root starts it, and has to pass through.
        Path(place).chmod(0o711)
        _fill_package_cache(bench, Path(place) / "cache")
        for turn in range(bench.scale.starts):
            project = _copy_project(Path(place) / f"copy{turn}")
            bench.say(f"cold start {turn + 1} of {bench.scale.starts} (a new virtual environment)")
            with _started(project) as seconds:
                cold.append(seconds)
            for _again in range(WARM_STARTS):
                with _started(project) as seconds:
                    warm.append(seconds)
            with _started(project):
                bench.say(f"memory after {REST_SECONDS:.0f} s of rest")
                time.sleep(REST_SECONDS)
                memory.append(_megabytes(project))
            shutil.rmtree(project)
    return [
        _line("make up, cold (packages cached), until /readyz", Quantity(median(cold), "s"), COLD_SECONDS),
        _line("make up, warm, until /readyz", Quantity(median(warm), "s"), WARM_SECONDS),
        _line("memory at rest, all processes (PSS)", Quantity(median(memory), "MB"), MEGABYTES),
    ]


def _line(what: str, ours: Quantity, most: float) -> Line:
    return Line("B12", what, ours, limits=[at_most(most, ours.value, ours.unit)])


def _copy_project(folder: Path) -> Path:
    """Copy what a clone of this working tree would hold: files that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        raise CannotMeasure("A cold start is measured on a copy of the git working tree, and this is none.")
    for name in filter(None, listed.stdout.split("\0")):
        if (source := ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in OURS}


def _fill_package_cache(bench: Bench, folder: Path) -> None:
    """Install the packages once, so that pip has them: the target speaks of packages that are cached."""
    bench.say("filling pip's cache")
    project = _copy_project(folder)
    done = subprocess.run(
        ["make", "venv"],
        cwd=project,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    shutil.rmtree(project)
    if done.returncode:
        raise CannotMeasure(f"The packages can't be installed: {(done.stdout + done.stderr).strip()[-300:]}")


@contextmanager
def _started(project: Path) -> Iterator[float]:
    """Run `make up` in the folder; yield the seconds until it was ready. Everything has ended after the block."""
    port = servers.free_port()
    log = project / "up.log"
    begun = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(
            ["make", "up", f"PORT={port}"],
            cwd=project,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        servers.wait_for(process, port, "/readyz", log, seconds=LONGEST_START)
        seconds = time.monotonic() - begun
        _require_sign_in(port)
        yield seconds
    finally:
        family = _family(project)
        servers.stop(process)
        _require_gone(family)


def _require_sign_in(port: int) -> None:
    connection = http.client.HTTPConnection(servers.HOST, port, timeout=10)
    connection.request("GET", SIGN_IN)
    answer = connection.getresponse()
    if answer.status != 200 or b"frontdesk@demo.clinic" not in answer.read():
        raise WrongAnswer(f"The portal says it is ready, but the sign-in page answers {answer.status}.")
    connection.close()


def _require_gone(family: list[psutil.Process]) -> None:
    """Wait for the end of what ran, kill what stays, and say so."""
    _gone, alive = psutil.wait_procs(family, timeout=END_SECONDS)
    for process in alive:
        process.kill()
    if alive:
        raise WrongAnswer(f"{len(alive)} processes stayed after the portal was stopped.")


def _family(project: Path) -> list[psutil.Process]:
    """Return every process of this portal: those that name its folder, the local servers' keepers too, and below."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and (
                any(str(project) in part for part in process.cmdline()) or process.cwd() == str(project)
            ):
                found |= {member.pid: member for member in [process, *process.children(recursive=True)]}
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return list(found.values())


def _megabytes(project: Path) -> float:
    """Return the proportional set size of all processes together, in MB: shared pages count once."""
    total = 0
    for process in _family(project):
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
        except AttributeError:
            raise CannotMeasure("The memory is read from /proc/*/smaps_rollup, which only Linux has.") from None
    return total / 1_000_000
