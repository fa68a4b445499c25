"""B13: the same questions to django-appointment, in a throw-away environment, on the same rows in the same cluster."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import subprocess
import tempfile
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from apps.practitioners.hours import day_bounds
from benchmarks import booking
from benchmarks.bench import Bench
from benchmarks.clients import race
from benchmarks.data import LAST_FILLED_DAY, SLOTS, SLOTS_SLUG, ZONE
from benchmarks.databases import as_superuser, copy_database, drop_database, using
from benchmarks.environment import DATA_DIR
from benchmarks.measuring import median, timed
from benchmarks.results import CannotMeasure, Line, Quantity, WrongAnswer, at_least, exactly
from benchmarks.slots import ALL_DAYS, FIRST, ONE_DAYS, Stage, staged
from clinic.embedded.postgres import SUPERUSER, Postgres

PACKAGES = ("django-appointment==3.12.0", f"Django=={version('Django')}", f"psycopg[binary]=={version('psycopg')}")
PROGRAM = Path(__file__).parent / "floors" / "django_appointment.py"
DATABASE = "bench_peer"
TIMES_FASTER, ROUNDS, ATTEMPTS, CLIENTS = 50, 3, 32, 16


@dataclass(frozen=True, slots=True)
class Peer:
    """The other program, waiting for commands."""

    process: subprocess.Popen[str]

    def ask(self, **command: object) -> Any:
        """Send one command and return its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise CannotMeasure("django-appointment ended; what it said is above.")
        return json.loads(answer)


def measure(bench: Bench) -> list[Line]:
    """Measure both searches and let rivals want one slot, here and there."""
    database = bench.databases.ready(SLOTS)
    with tempfile.TemporaryDirectory(prefix="clinic-bench-") as folder:
        bench.say(f"installing {PACKAGES[0]} into an environment of its own")
        python = _install(Path(folder) / "venv")
        with _own_database(), staged(database) as stage, _started(python, stage, Path(folder) / "rows.csv") as peer:
            bench.say(f"loading {bench.scale.slots_appointments:,} appointments into django-appointment")
            loaded = peer.ask(do="load", people=len(stage.people))
            if not 0 < loaded <= bench.scale.slots_appointments:
                raise WrongAnswer(f"django-appointment got {loaded} appointments.")
            lines = [_one(bench, stage, peer), _everybody(bench, stage, peer)]
            start = dt.datetime.now(ZoneInfo(ZONE)).replace(hour=9, minute=0, second=0, microsecond=0, tzinfo=None)
            theirs = peer.ask(
                do="contend",
                start=(start + dt.timedelta(days=LAST_FILLED_DAY + 2)).isoformat(),
                attempts=ATTEMPTS,
                clients=CLIENTS,
            )
    return [*lines, _contention(bench, theirs["booked"])]


def _one(bench: Bench, stage: Stage, peer: Peer) -> Line:
    end = _midnight_after(stage, ONE_DAYS)
    turn = iter(range(len(stage.people)))

    def ours_and_theirs(number: int) -> tuple[float, float]:
        answer = peer.ask(do="search", people=[number], days=ONE_DAYS, most=None)
        person = stage.people[number]
        seconds = timed(
            lambda: stage.ours_until([person], end),
            lambda found: _require_same(stage, found, {str(number): person.pk}, answer),
        )
        return seconds, answer["seconds"]

    ours_and_theirs(len(stage.people) - 1)
    pairs = [ours_and_theirs(next(turn)) for _round in range(2 * ROUNDS)]
    bench.say("slots of one person, beside django-appointment")
    return _line(f"slots, 1 × {ONE_DAYS} days; floor: django-appointment", pairs)


def _everybody(bench: Bench, stage: Stage, peer: Peer) -> Line:
    end = _midnight_after(stage, ALL_DAYS)
    people = {str(number): person.pk for number, person in enumerate(stage.people)}
    pairs = []
    for turn in range(ROUNDS):
        bench.say(f"first slots of everybody, beside django-appointment: round {turn + 1} of {ROUNDS}")
        answer = peer.ask(do="search", people=None, days=ALL_DAYS, most=FIRST)
        seconds = timed(
            lambda: stage.ours_until(None, end, FIRST),
            lambda found, answer=answer: _require_same(stage, found, people, answer),
        )
        pairs.append((seconds, answer["seconds"]))
    return _line(f"first {FIRST} slots of {len(people)} in {ALL_DAYS} days; floor: django-appointment", pairs)


def _line(what: str, pairs: Sequence[tuple[float, float]]) -> Line:
    ours, theirs = (median(side) for side in zip(*pairs, strict=True))
    return Line(
        row="B13",
        what=what,
        ours=Quantity(ours * 1000, "ms"),
        floor=Quantity(theirs * 1000, "ms"),
        ratio=f"{theirs / ours:.0f}× faster",
        limits=[at_least(TIMES_FASTER, theirs / ours, "× faster")],
    )


def _midnight_after(stage: Stage, days: int) -> dt.datetime:
    """Return when so many local dates, today the first of them, are over."""
    zone = ZoneInfo(ZONE)
    return day_bounds(zone, stage.now.astimezone(zone).date() + dt.timedelta(days=days - 1))[1]


def _require_same(stage: Stage, found: Sequence, people: Mapping[str, object], answer: dict[str, Any]) -> None:
    zone = ZoneInfo(ZONE)
    theirs = {
        (people[number], dt.datetime.fromisoformat(text).replace(tzinfo=zone))
        for number, starts in answer["slots"].items()
        for text in starts
    }
    ours = {(slot.practitioner_id, slot.start.astimezone(zone)) for slot in found}
    # A slot that began while the two were asked one after the other is no difference.
    wrong = [pair for pair in ours ^ theirs if pair[1] > stage.now + dt.timedelta(hours=1)]
    if wrong or not ours:
        raise WrongAnswer(f"{len(wrong)} slots differ between the portal and django-appointment, of {len(ours)}.")


def _contention(bench: Bench, theirs: int) -> Line:
    """Let as many rivals want one slot here."""
    with bench.databases.scratch(SLOTS) as database, using(database), as_superuser(database) as direct:
        desk = booking.sit_down(SLOTS_SLUG, patients=ATTEMPTS)
        practitioner, start = booking.empty_slots(direct, desk)[0]
        rivals = race(
            CLIENTS,
            lambda number: sum(
                desk.book(practitioner, desk.patients[n], start) for n in range(number, ATTEMPTS, CLIENTS)
            ),
            warm_up=lambda _number: None,
        )
        ours = sum(rivals.results)
    return Line(
        row="B13",
        what=f"bookings of one slot by {ATTEMPTS} rivals; floor: django-appointment",
        ours=Quantity(ours, "booked"),
        floor=Quantity(theirs, "booked"),
        limits=[exactly(1, ours, "winners"), at_least(2, theirs, "bookings there")],
    )


def _install(folder: Path) -> Path:
    venv.EnvBuilder(with_pip=True, symlinks=True).create(folder)
    python = folder / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotMeasure(f"{PACKAGES[0]} can't be installed: {done.stderr.strip()[-300:]}")
    return python


@contextmanager
def _own_database() -> Iterator[None]:
    """Make an empty database for the other package and drop it afterwards."""
    copy_database(None, DATABASE)
    try:
        yield
    finally:
        drop_database(DATABASE)


@contextmanager
def _started(python: Path, stage: Stage, rows: Path) -> Iterator[Peer]:
    """Run the other program on its own database, with the portal's appointments to load."""
    with rows.open("w", newline="") as file:
        csv.writer(file).writerows(_appointments(stage))
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": DATABASE,
        "USER": SUPERUSER,
        "HOST": str(Postgres(DATA_DIR).socket_dir()),
        "CONN_MAX_AGE": 600,
    }
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment |= {"PEER_DATABASE": json.dumps(database), "PEER_ROWS": str(rows)}
    process = subprocess.Popen(
        [str(python), str(PROGRAM)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Peer(process)
    finally:
        process.kill()
        process.communicate()


def _appointments(stage: Stage) -> Iterator[tuple[Any, ...]]:
    """Yield person, local date and local time of every appointment of the organization that takes time."""
    rows = stage.floor.execute(
        "SELECT p.sort_order, (a.start AT TIME ZONE %s)::date, (a.start AT TIME ZONE %s)::time FROM appointments_appointment a "
        "JOIN practitioners_practitioner p ON p.id = a.practitioner_id WHERE a.organization_id = %s",
        [ZONE, ZONE, stage.organization.pk],
    )
    yield from ((who, date.isoformat(), time.isoformat()) for who, date, time in rows)
