"""Run the suite as `make test` does: a browser if there is none, all tests on two workers, then the coverage gates.

python -m tests.run               everything, with gates
python -m tests.run -m unit ...   what pytest is told, without gates
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests import browser, coverage_gates

ROOT = Path(__file__).resolve().parent.parent
WHOLE_SUITE = ["-n", "2", "--cov", "--cov-report=json", "--cov-report=xml", "--cov-report="]


def main(arguments: list[str]) -> int:
    """Return the exit code: pytest's, or 1 when a gate is missed."""
    if problem := browser.ensure():
        print(problem, file=sys.stderr)
        return 1
    if arguments:
        return run(arguments)[0]
    code, closing_line = run(WHOLE_SUITE)
    if code == 0:
        print()
        code = coverage_gates.main()
        print(f"\n{closing_line}", flush=True)
    return code


def run(arguments: list[str]) -> tuple[int, str]:
    """Run pytest, passing on what it says; return its exit code and its closing line."""
    command = [sys.executable, "-m", "pytest", *arguments]
    if sys.stdout.isatty():
        return subprocess.run([*command, "--color=yes"], cwd=ROOT, check=False).returncode, ""
    last = ""
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as pytest:
        assert pytest.stdout is not None
        for line in pytest.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    return pytest.returncode, last


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
