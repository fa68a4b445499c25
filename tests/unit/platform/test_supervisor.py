"""The supervisor by itself: what it says about processes that die, keep dying, ignore their end, or talk."""

from __future__ import annotations

import subprocess
import sys
import textwrap

from tests.environment import ROOT

PRELUDE = """
import os, signal, sys, time
from clinic import supervisor
from clinic.supervisor import Process, Supervisor
supervisor.RESTART_DELAYS = (0.01,)
supervisor.STOP_SECONDS = 0.5
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


def alive(pid: int) -> bool:
    with_state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return with_state.stdout.strip()[:1] not in {"", "Z"}
