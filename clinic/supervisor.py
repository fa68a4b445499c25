"""Run a few long-lived processes in the foreground: prefix what they say, restart what dies, stop all together.

Processes are forked from the supervisor, which has the whole project imported already: they start at once and share its
memory. A library for that (honcho) stops everything when one process ends, and starts an interpreter for each.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import selectors
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

from setproctitle import setproctitle

PR_SET_PDEATHSIG = 1
COLOURS = {"web": 36, "worker": 32, "slow": 33, "beat": 35, "portal": 34}
RESTART_DELAYS = (0.5, 1.0, 2.0, 4.0, 8.0)
STEADY_SECONDS = 20.0
FAILURES_ALLOWED = 5
STOP_SECONDS = 7.0
# A signal to a group arrives twice, from the sender and passed on by make: that is one wish, not two.
SAME_WISH_SECONDS = 0.5


@dataclass
class Process:
    """One kind of process: what it runs, how it is asked to stop, and how it fares."""

    name: str
    run: Callable[[], None]
    stop_signal: int = signal.SIGTERM
    restart: bool = True
    pid: int = 0
    started: float = 0.0
    due: float | None = 0.0
    failures: int = 0
    output: int = -1
    rest: bytes = field(default=b"", repr=False)


class Supervisor:
    """Start the processes, keep them, stop them. One thread; :meth:`run` blocks until the end."""

    def __init__(self, processes: list[Process], *, on_stop: Callable[[], None] = lambda: None) -> None:
        """Supervise these; ``on_stop`` is called once, when they are asked to stop."""
        self.processes = processes
        self.on_stop = on_stop
        self.selector = selectors.DefaultSelector()
        self.width = max(len(process.name) for process in processes)
        self.stopping = False
        self.stop_asked = False
        self.stop_began = 0.0
        self.stop_deadline = 0.0
        self.exit_code = 0
        self.wake_read, self.wake_write = os.pipe()
        for end in (self.wake_read, self.wake_write):
            os.set_blocking(end, False)
        self.selector.register(self.wake_read, selectors.EVENT_READ, None)
        self.colourful = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def run(self) -> int:
        """Supervise until nothing is left to run, a signal comes, or a process is hopeless; return the exit code."""
        signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_stop_signal)
        gc.collect()
        gc.freeze()
        while any(process.pid or (process.due is not None and not self.stopping) for process in self.processes):
            self._start_due()
            for key, _ in self.selector.select(self._patience()):
                if key.data is None:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self.wake_read, 512)
                else:
                    self._read(key.data)
            self._heed_signals()
            self._reap()
            if self.stopping and time.monotonic() > self.stop_deadline:
                self._signal_all(signal.SIGKILL)
        return self.exit_code

    def say(self, text: str) -> None:
        """Print the supervisor's own lines."""
        for line in text.splitlines():
            self._print("portal", line)

    def stop(self, exit_code: int = 0) -> None:
        """Ask every process to stop; the loop ends when they have, or kills them after a while."""
        if self.stopping:
            return
        self.stopping, self.exit_code = True, exit_code
        self.stop_began = time.monotonic()
        self.stop_deadline = self.stop_began + STOP_SECONDS
        self.on_stop()
        for process in self.processes:
            if process.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, process.stop_signal)

    # inside

    def _on_stop_signal(self, _number: int, _frame: object) -> None:
        """Only take note: the signal may have come in the middle of a print, which can't be entered twice."""
        self.stop_asked = True

    def _heed_signals(self) -> None:
        asked, self.stop_asked = self.stop_asked, False
        if not asked:
            return
        if not self.stopping:
            self.say("Stopping (once more to stop at once).")
            self.stop()
        elif time.monotonic() - self.stop_began > SAME_WISH_SECONDS:
            self.stop_deadline = 0.0

    def _patience(self) -> float | None:
        """Return the seconds until something is due."""
        moments = [process.due for process in self.processes if process.due is not None and not self.stopping]
        if self.stopping:
            moments.append(self.stop_deadline)
        return max(0.0, min(moments) - time.monotonic()) + 0.01 if moments else None

    def _start_due(self) -> None:
        for process in self.processes:
            if not self.stopping and not process.pid and process.due is not None and time.monotonic() >= process.due:
                self._fork(process)

    def _fork(self, process: Process) -> None:
        read_end, write_end = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become(process, write_end, parent)
        os.close(write_end)
        # Also from here, so that the group exists before anybody signals it.
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.setpgid(pid, pid)
        os.set_blocking(read_end, False)
        process.pid, process.output, process.rest = pid, read_end, b""
        process.started, process.due = time.monotonic(), None
        self.selector.register(read_end, selectors.EVENT_READ, process)

    def _become(self, process: Process, write_end: int, parent: int) -> None:
        """Turn the forked child into its process; never returns."""
        code = 1
        try:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            # Not a request: one that is busy would live on, alone, and hold what the next start needs.
            die_with_parent(signal.SIGKILL, parent=parent)
            self.selector.close()
            with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a descriptor is what counts
                os.dup2(nothing.fileno(), 0)
            os.dup2(write_end, 1)
            os.dup2(write_end, 2)
            os.close(write_end)
            sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
            setproctitle(f"clinic: {process.name}")
            process.run()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1 if end.code else 0
        except BaseException:  # noqa: BLE001 - last stop of this process: the reason goes to the log, the code to the parent
            traceback.print_exc()
        finally:
            with contextlib.suppress(BrokenPipeError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _read(self, process: Process) -> None:
        try:
            data = os.read(process.output, 65536)
        except BlockingIOError:
            return
        if not data:
            self._close_output(process)
            return
        *lines, process.rest = (process.rest + data).split(b"\n")
        for line in lines:
            self._print(process.name, line.decode(errors="replace"))

    def _close_output(self, process: Process) -> None:
        if process.output < 0:
            return
        self.selector.unregister(process.output)
        os.close(process.output)
        process.output = -1
        if process.rest:
            self._print(process.name, process.rest.decode(errors="replace"))

    def _reap(self) -> None:
        for process in self.processes:
            if not process.pid:
                continue
            pid, status = os.waitpid(process.pid, os.WNOHANG)
            if pid == 0:
                continue
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)  # its own children, if it left any
            self._read(process) if process.output >= 0 else None
            self._close_output(process)
            process.pid = 0
            self._ended(process, os.waitstatus_to_exitcode(status))

    def _ended(self, process: Process, code: int) -> None:
        if self.stopping or not process.restart:
            return
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        process.failures = 1 if time.monotonic() - process.started > STEADY_SECONDS else process.failures + 1
        if process.failures > FAILURES_ALLOWED:
            self.say(
                f"{process.name} {how} for the {process.failures}th time in a row; giving up. The reason is above."
            )
            self.stop(exit_code=1)
            return
        delay = RESTART_DELAYS[min(process.failures, len(RESTART_DELAYS)) - 1]
        self.say(f"{process.name} {how}; starting it again in {delay:g} s.")
        process.due = time.monotonic() + delay

    def _signal_all(self, number: int) -> None:
        for process in self.processes:
            if process.pid:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, number)
        self.stop_deadline = time.monotonic() + 1

    def _print(self, name: str, line: str) -> None:
        label = f"{name:<{self.width}} |"
        if self.colourful:
            label = f"\033[{COLOURS.get(name, 37)}m{label}\033[0m"
        with contextlib.suppress(BrokenPipeError):
            print(label, line, flush=True)  # noqa: T201 - the log of everything


def die_with_parent(number: int, *, parent: int) -> None:
    """Ask the kernel to signal this process when its parent ends (Linux; elsewhere nothing happens)."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)
