"""The supervisor by itself: what it says about processes that die, keep dying, ignore their end, or talk."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from contextlib import suppress
from subprocess import PIPE

import psutil
import pytest

from tests.environment import ROOT
from tests.processes import eventually, runs

PRELUDE = """
import os, signal, sys, time
from clinic import supervisor
from clinic.supervisor import Process, Supervisor
supervisor.RESTART_DELAYS = (0.01,)
supervisor.STOP_SECONDS = 0.5
ready = os.pipe()

def orderly():
    def leave(*_):
        time.sleep(0.2)
        print("left in order", flush=True)
        sys.exit(0)
    signal.signal(signal.SIGTERM, leave)
    os.write(ready[1], b".")
    while True:
        signal.pause()
"""


def supervise(script: str) -> subprocess.CompletedProcess[str]:
    """Run a supervisor in a process of its own, as it forks and takes over signals."""
    return subprocess.run(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(script)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_line_carries_the_name_of_its_process():
    done = supervise("""
        def talk():
            print("first"); print("second"); print("unfinished", end="")
        sys.exit(Supervisor([Process("web", talk, restart=False)]).run())
    """)
    assert [line for line in done.stdout.splitlines() if line.startswith("web")] == [
        "web | first",
        "web | second",
        "web | unfinished",
    ]


def test_a_process_that_keeps_dying_ends_the_run_with_a_reason():
    done = supervise("""
        def fail():
            print("no such table")
            sys.exit(3)
        sys.exit(Supervisor([Process("web", fail), Process("beat", signal.pause)]).run())
    """)
    assert done.returncode == 1
    assert "web ended with exit code 3; starting it again in 0.01 s." in done.stdout
    assert "web ended with exit code 3 for the 6th time in a row; giving up. The reason is above." in done.stdout


def test_the_reason_of_a_crash_is_in_the_log():
    done = supervise("""
        def crash():
            raise LookupError("nothing here")
        sys.exit(Supervisor([Process("web", crash)]).run())
    """)
    assert "web | LookupError: nothing here" in done.stdout


def test_a_process_that_ignores_its_end_is_killed_with_its_children():
    done = supervise("""
        def stubborn():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            child = os.fork()
            print("child", child or os.getpid(), flush=True)
            signal.pause()
        def end():
            time.sleep(0.3)
            os.kill(os.getppid(), signal.SIGTERM)
        code = Supervisor([Process("web", stubborn), Process("end", end, restart=False)]).run()
        sys.exit(code)
    """)
    assert done.returncode == 0
    children = {int(line.split()[-1]) for line in done.stdout.splitlines() if "| child" in line}
    assert children
    assert not any(alive(pid) for pid in children)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help on a parent's death is Linux's")
def test_a_process_too_busy_for_signals_ends_with_a_killed_supervisor():
    script = """
        outside = os.dup(1)
        def busy():
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            os.write(outside, b"%d\\n" % os.getpid())
            while True:
                time.sleep(60)
        Supervisor([Process("slow", busy)]).run()
    """
    with subprocess.Popen([sys.executable, "-c", PRELUDE + textwrap.dedent(script)], cwd=ROOT, stdout=PIPE) as parent:
        busy = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        try:
            assert eventually(lambda: not runs(busy), 5)
        finally:
            with suppress(psutil.NoSuchProcess):
                busy.kill()


def test_a_signal_that_arrives_twice_at_once_is_one_wish():
    done = supervise("""
        supervisor.STOP_SECONDS = supervisor.SAME_WISH_SECONDS = 30
        def end():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.read(ready[0], 1)
            for _ in range(2):
                time.sleep(0.05)
                os.kill(os.getppid(), signal.SIGTERM)
        sys.exit(Supervisor([Process("web", orderly), Process("end", end, restart=False)]).run())
    """)
    assert "web | left in order" in done.stdout


def test_a_second_wish_kills_what_still_runs():
    done = supervise("""
        supervisor.STOP_SECONDS = 30
        supervisor.SAME_WISH_SECONDS = 0.05
        def stuck():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                signal.pause()
        def end():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            for _ in range(2):
                time.sleep(0.3)
                os.kill(os.getppid(), signal.SIGTERM)
        begun = time.monotonic()
        Supervisor([Process("stuck", stuck), Process("end", end, restart=False)]).run()
        sys.exit(time.monotonic() - begun > 20)
    """)
    assert done.returncode == 0


def test_a_signal_in_the_middle_of_a_print_is_heeded():
    done = supervise("""
        class Slow:
            def write(self, text):
                assert not printing, "entered twice"
                printing.append(text)
                if "chatter" in text:
                    os.kill(os.getpid(), signal.SIGTERM)
                sys.__stdout__.write(text)
                printing.pop()
                return len(text)
            def flush(self):
                sys.__stdout__.flush()
            def isatty(self):
                return False
            def reconfigure(self, **_):
                pass
        printing = []
        def chatter():
            sys.stdout = sys.__stdout__
            print("chatter", flush=True)
            signal.pause()
        sys.stdout = Slow()
        sys.exit(Supervisor([Process("web", chatter)]).run())
    """)
    assert done.returncode == 0, done.stderr
    assert "Stopping" in done.stdout


def alive(pid: int) -> bool:
    with_state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return with_state.stdout.strip()[:1] not in {"", "Z"}
