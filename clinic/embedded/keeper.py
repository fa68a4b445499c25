"""Keep one embedded server alive exactly as long as somebody uses it.

Started by :mod:`clinic.embedded` as a separate, tiny process (standard library only, no site-packages), one per server.
It launches the server, restarts it when it dies, and stops it when the last lease is gone.

A lease is a shared ``flock`` on the lease file: the kernel drops it when its holder ends, however it ends. So the
keeper needs no list of users, and nothing stays behind after a ``kill -9``. The reverse holds too: on Linux the
server asks the kernel for a signal on its keeper's death.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.3
RESTART_DELAYS = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
STEADY_SECONDS = 10.0
PR_SET_PDEATHSIG = 1


class Keeper:
    """Run the server that the plan describes; see ``Server.launch_keeper`` for its keys."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.lease_fd = os.open(plan["lease"], os.O_RDWR | os.O_CREAT, 0o600)
        self.lock_fd = os.open(plan["lock"], os.O_RDWR | os.O_CREAT, 0o600)
        self.wake_read, self.wake_write = os.pipe()
        os.set_blocking(self.wake_read, False)
        os.set_blocking(self.wake_write, False)
        self.stopping = False
        self.server: subprocess.Popen[bytes] | None = None
        self.libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def run(self) -> None:
        """Hold the keeper lock, keep the server running, return when it has been stopped."""
        fcntl.flock(self.lock_fd, fcntl.LOCK_EX)
        os.ftruncate(self.lock_fd, 0)
        os.pwrite(self.lock_fd, str(os.getpid()).encode(), 0)
        signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.request_stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        failures = 0
        while not self.finished():
            started = time.monotonic()
            self.launch()
            while self.server_alive() and not self.finished():
                self.wait(POLL_SECONDS)
            if self.server_alive():
                break
            self.report(f"exited {self.server.returncode if self.server else ''}")
            failures = 0 if time.monotonic() - started > STEADY_SECONDS else failures + 1
            self.wait_unless_finished(RESTART_DELAYS[min(failures, len(RESTART_DELAYS) - 1)])
        Path(self.plan["ready"]).unlink(missing_ok=True)
        self.stop_server()
        if self.plan["remove_sockets"]:
            with contextlib.suppress(OSError):
                Path(self.plan["sockets"]).rmdir()

    def request_stop(self, *_: object) -> None:
        self.stopping = True

    def finished(self) -> bool:
        """Tell whether to stop: asked to, or the exclusive lease is ours, so nobody uses the server any more."""
        if self.stopping:
            return True
        try:
            fcntl.flock(self.lease_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self.stopping = True
        return True

    def wait(self, seconds: float) -> None:
        """Wait until a signal arrives or the time has passed."""
        readable, _, _ = select.select([self.wake_read], [], [], seconds)
        if readable:
            with contextlib.suppress(BlockingIOError):
                os.read(self.wake_read, 512)

    def wait_unless_finished(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not self.finished():
            self.wait(min(left, POLL_SECONDS))

    def server_alive(self) -> bool:
        return self.server is not None and self.server.poll() is None

    def report(self, line: str) -> None:
        """Tell the starter, if it still listens; it stops reading once the server answers."""
        with contextlib.suppress(BrokenPipeError):
            os.write(1, f"{line}\n".encode())

    def launch(self) -> None:
        """Start the server as the plan's user, tied to this process's life."""
        if self.plan["pid_file"]:
            self.clear_stale_pid_file(Path(self.plan["pid_file"]))
        me = os.getpid()

        def die_with_keeper() -> None:
            if self.libc is not None:
                self.libc.prctl(PR_SET_PDEATHSIG, self.plan["stop_signal"], 0, 0, 0)
                if os.getppid() != me:
                    os._exit(1)

        log = os.open(self.plan["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self.server = subprocess.Popen(
                self.plan["argv"],
                cwd=self.plan["cwd"],
                env=self.plan["env"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self.plan["pass_fds"],
                start_new_session=True,
                preexec_fn=die_with_keeper,
                **self.plan["user"],
            )
        finally:
            os.close(log)

    def clear_stale_pid_file(self, path: Path) -> None:
        """Remove the pid file of a dead server; stop the orphan first if it really is the server of this directory.

        PostgreSQL trusts the number in the file, and in the lock file of its socket, which after a reboot or in a new
        container belongs to any process.
        """
        with contextlib.suppress(FileNotFoundError, ValueError):
            pid = int(path.read_text().split("\n", 1)[0])
            deadline = time.monotonic() + 10
            while serves_directory(pid, path.parent):
                if time.monotonic() > deadline:
                    return
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT)
                self.wait(0.1)
        for leftover in (path, Path(self.plan["socket"] + ".lock")):
            leftover.unlink(missing_ok=True)

    def stop_server(self) -> None:
        """Stop politely, then firmly: the data stays consistent either way, the next start only replays more log."""
        if self.server is None or not self.server_alive():
            return
        for number, seconds in ((self.plan["stop_signal"], 5), (signal.SIGQUIT, 2), (signal.SIGKILL, 5)):
            self.server.send_signal(number)
            deadline = time.monotonic() + seconds
            while self.server_alive() and time.monotonic() < deadline:
                self.wait(0.1)
            if not self.server_alive():
                return


def serves_directory(pid: int, directory: Path) -> bool:
    """Tell whether this process is a PostgreSQL server whose data directory is ``directory``."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cwd").readlink() == directory.resolve()
        except OSError:
            return False
    answer = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False)
    return "postgres" in answer.stdout and str(directory) in answer.stdout


if __name__ == "__main__":
    if os.fork():
        # Detached: the starter never has to reap a keeper that outlives it.
        os._exit(0)
    Keeper(json.loads(sys.argv[1])).run()
