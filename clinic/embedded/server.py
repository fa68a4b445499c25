"""What the two local servers have in common: folders, lease, locks, keeper, readiness."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import select
import socket
import stat
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar

from clinic.embedded.machine import SERVER_ENVIRONMENT, EmbeddedError, account_for, user_name

Echo = Callable[[str], None]

KEEPER = Path(__file__).with_name("keeper.py")
SOCKET_PATH_LIMIT = 100
LONGEST_SOCKET_NAME = 20
START_SECONDS = 45.0
RECOVERY_SECONDS = 900.0
STOP_SECONDS = 15.0
KILLED_SECONDS = 0.5
LOG_BYTES = 10 << 20

_leases: dict[Path, int] = {}


class Server(ABC):
    """One local server in one data directory. Making the object touches nothing."""

    name: ClassVar[str]
    title: ClassVar[str]
    socket_name: ClassVar[str]
    stop_signal: ClassVar[int]

    def __init__(self, data_dir: Path, *, fast_unsafe: bool = False) -> None:
        self.data_dir = data_dir
        self.fast_unsafe = fast_unsafe
        self.directory = data_dir / self.name
        self.log = data_dir / "logs" / f"{self.name}.log"
        self.keeper_log = data_dir / "logs" / "keeper.log"
        self.account = account_for(self.directory)

    # what differs

    @abstractmethod
    def argv(self, directory: str) -> list[str]:
        """Return the command line; ``directory`` is the data directory as the server's user sees it."""

    @abstractmethod
    def answers(self) -> bool | None:
        """Return True when the server takes work, None when it is up but still recovering, False otherwise."""

    def prepare(self, descriptor: int, say: Echo) -> None:
        """Make the data directory usable; ``descriptor`` is it, opened."""

    def finish(self, say: Echo) -> None:
        """Set up what is missing inside the running server."""

    def cwd(self) -> Path:
        """Return the folder to start the server in."""
        return Path("/")

    def pid_file(self) -> Path | None:
        """Return the file whose stale content would keep the server from starting."""
        return None

    # where

    def run_file(self, kind: str) -> Path:
        """Return a lock or state file: ``lease``, ``start``, ``keeper`` or ``ready``."""
        return self.data_dir / "run" / f"{self.name}.{kind}"

    def socket_dir(self) -> Path:
        """Return the socket directory: the one the running server was given, else the one it would get."""
        try:
            return Path(json.loads(self.run_file("ready").read_text())["sockets"])
        except (FileNotFoundError, NotADirectoryError):
            return self.new_socket_dir()

    def new_socket_dir(self) -> Path:
        """Return the socket directory for a start now: in the data directory, else somewhere short and private."""
        inside = self.data_dir / "sockets"
        if fits_socket(inside) and self.account.reaches(self.data_dir):
            return inside
        short = f"clinic-{self.name}-{hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:12]}"
        bases = [os.environ.get("XDG_RUNTIME_DIR"), "/run", tempfile.gettempdir(), "/tmp"]
        for base in (Path(base) for base in bases if base):
            usable = base.is_dir() and os.access(base, os.W_OK | os.X_OK)
            if usable and fits_socket(base / short) and self.account.reaches(base):
                return base / short
        raise EmbeddedError(
            f"The path {self.data_dir} is too long for local sockets and no temporary folder is usable; "
            "set DATA_DIR to a shorter one."
        )

    def seen_as(self, descriptor: int) -> str:
        """Return the path by which the server's user sees the data directory.

        Behind folders that are closed to that user, that is the open descriptor: following ``/proc/self/fd`` checks no
        permission on the way.
        """
        if self.account.reaches(self.directory):
            return str(self.directory)
        if sys.platform != "linux":
            raise EmbeddedError(
                f"The user {self.account.name} can't reach {self.directory}; "
                "set DATA_DIR to a folder outside private ones."
            )
        return f"/proc/self/fd/{descriptor}"

    # state

    def is_ready(self) -> bool:
        """Tell whether the server was started completely and still listens; costs one connection attempt."""
        if not self.run_file("ready").exists():
            return False
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            try:
                client.connect(str(self.socket_dir() / self.socket_name))
            except OSError:
                return False
            return True

    def keeper_pid(self) -> int | None:
        """Return the keeper's pid if one is alive; the lock it holds, not the number in the file, is the proof."""
        try:
            with self.run_file("keeper").open("r+") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return int(lock.read() or 0) or None
        except FileNotFoundError:
            return None
        return None

    def is_leased(self) -> bool:
        """Tell whether somebody uses the server. A keeper that holds the file exclusively is stopping, not using."""
        with self.run_file("lease").open("r+") as lease:
            try:
                fcntl.flock(lease, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            try:
                fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    # life

    def ensure(self, say: Echo) -> None:
        """Take this process's lease and start the server unless it runs; concurrent callers wait for the first one."""
        if not self.data_dir.exists():
            # A server that runs as another user has to pass through.
            self.data_dir.mkdir(mode=0o711 if self.account.uid is not None else 0o700, parents=True, exist_ok=True)
        make_private(self.run_file("lease").parent, owners={os.geteuid()})
        self.take_lease()
        if self.is_ready():
            return
        with locked(self.run_file("start")):
            if not self.is_ready():
                self.start(say)

    def take_lease(self) -> None:
        """Hold the lease until this process ends; waits while a keeper is stopping the server for lack of leases."""
        path = self.run_file("lease")
        if path not in _leases:
            lease = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(lease, fcntl.LOCK_SH)
            _leases[path] = lease

    def release(self) -> None:
        """Give the lease back; return when the server has stopped or somebody else uses it."""
        lease = _leases.pop(self.run_file("lease"), None)
        if lease is None:
            return
        os.close(lease)
        # A child that was killed a moment ago may still hold its copy of the lease.
        patience, deadline = time.monotonic() + KILLED_SECONDS, time.monotonic() + STOP_SECONDS
        while self.keeper_pid() and time.monotonic() < (patience if self.is_leased() else deadline):
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server, whoever uses it, and return when it is gone."""
        deadline = time.monotonic() + STOP_SECONDS
        while (keeper := self.keeper_pid()) is not None:
            if time.monotonic() > deadline:
                raise EmbeddedError(f"{self.title} did not stop within {STOP_SECONDS:.0f} seconds (log: {self.log}).")
            with suppress(ProcessLookupError):
                os.kill(keeper, 15)
            time.sleep(0.05)

    def start(self, say: Echo) -> None:
        """Prepare the folders, launch the keeper, wait for the server's answer, finish. The start lock is held."""
        sockets = self.new_socket_dir()
        self.run_file("ready").unlink(missing_ok=True)
        make_private(self.log.parent, owners={os.geteuid()})
        self.make_own(self.directory)
        rotate(self.log)
        descriptor = os.open(self.directory, os.O_RDONLY)
        try:
            self.prepare(descriptor, say)
            self.make_own(sockets)
            say(f"Starting {self.title}.")
            reports = self.launch_keeper(descriptor)
        finally:
            os.close(descriptor)
        try:
            self.wait_for_answer(reports, say)
            self.finish(say)
        except BaseException:
            self.stop()
            raise
        finally:
            os.close(reports)
        draft = self.run_file("draft")
        draft.write_text(json.dumps({"sockets": str(sockets)}))
        draft.replace(self.run_file("ready"))

    def make_own(self, folder: Path) -> None:
        """Create a folder for the server's user alone."""
        make_private(folder, owners={os.geteuid(), self.account.uid})
        self.account.own(folder)

    def launch_keeper(self, descriptor: int) -> int:
        """Start the keeper, which detaches itself; return the pipe on which it reports, closed at its end."""
        pid_file = self.pid_file()
        plan = {
            "argv": self.argv(self.seen_as(descriptor)),
            "cwd": str(self.cwd()),
            "env": SERVER_ENVIRONMENT,
            "user": self.account.popen_options(),
            "pass_fds": [descriptor],
            "pid_file": str(pid_file) if pid_file else None,
            "stop_signal": self.stop_signal,
            "log": str(self.log),
            "lease": str(self.run_file("lease")),
            "lock": str(self.run_file("keeper")),
            "ready": str(self.run_file("ready")),
            "sockets": str(self.new_socket_dir()),
            "socket": str(self.new_socket_dir() / self.socket_name),
            "remove_sockets": self.new_socket_dir().parent != self.data_dir,
        }
        reports, keeper_end = os.pipe()
        try:
            with self.keeper_log.open("a") as errors:
                subprocess.run(
                    [sys.executable, "-I", "-S", str(KEEPER), json.dumps(plan)],
                    stdin=subprocess.DEVNULL,
                    stdout=keeper_end,
                    stderr=errors,
                    cwd="/",
                    env=SERVER_ENVIRONMENT,
                    start_new_session=True,
                    pass_fds=[descriptor],
                    check=True,
                )
        finally:
            os.close(keeper_end)
        os.set_blocking(reports, False)
        return reports

    def wait_for_answer(self, reports: int, say: Echo) -> None:
        """Return when the server takes work. Right after a crash the first attempts may fail; the keeper retries."""
        begun = time.monotonic()
        limit, told = START_SECONDS, False
        while not (answer := self.answers()):
            waited = time.monotonic() - begun
            if answer is None:
                limit = RECOVERY_SECONDS
                if waited > 2 and not told:
                    say(f"{self.title} replays its log after an unclean stop; this can take a while.")
                    told = True
            readable, _, _ = select.select([reports], [], [], 0.02)
            report = os.read(reports, 4096) if readable else None
            reason = self.known_failure() if report else None
            keeper_is_gone = report == b""
            if reason or keeper_is_gone or waited > limit:
                log = self.keeper_log if keeper_is_gone else self.log
                raise EmbeddedError(reason or f"{self.title} does not start: {last_line(log)} (log: {log}).")

    def known_failure(self) -> str | None:
        """Return the sentence for what the log ends with, if it is a failure that retrying won't heal."""
        end = tail(self.log)
        if "No space left on device" in end:
            return f"The disk that holds {self.data_dir} is full; free some space and start again."
        if "Permission denied" in end:
            who = f"{self.title}, running as {self.account.name},"
            return f"{who} may not use {self.directory}; correct its owner and permissions."
        return None


def fits_socket(directory: Path) -> bool:
    """Tell whether a socket's path in ``directory`` stays under the kernel's limit (108 on Linux, 104 on macOS)."""
    return len(os.fsencode(directory)) + LONGEST_SOCKET_NAME < SOCKET_PATH_LIMIT


def make_private(folder: Path, *, owners: set[int | None]) -> None:
    """Create a folder for its owner alone; refuse one that somebody else put there first (sockets may live in /tmp)."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode):
            raise EmbeddedError(
                f"{folder} should be a folder, but something else is there; move it away or set DATA_DIR."
            ) from None
        if status.st_uid not in owners:
            raise EmbeddedError(
                f"{folder} belongs to {user_name(status.st_uid)}; start the portal as that user or set DATA_DIR."
            ) from None
        folder.chmod(0o700)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive file lock."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def rotate(log: Path) -> None:
    """Keep one old log; only between runs, because servers append."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))


def tail(log: Path, size: int = 4000) -> str:
    """Return the end of a log, empty if there is none."""
    try:
        return log.read_bytes()[-size:].decode(errors="replace")
    except FileNotFoundError:
        return ""


def last_line(log: Path) -> str:
    """Return the last line that sounds like a reason, else the last one."""
    lines = [line.strip() for line in tail(log).splitlines() if line.strip()]
    reasons = [line for line in lines if "FATAL" in line or "error" in line.lower()]
    return (reasons or lines or ["it said nothing"])[-1]
