"""B6: sending due reminders with four workers, one of them killed, against claiming and marking rows in SQL."""

from __future__ import annotations

import os
import signal
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import psycopg

from apps.communications.models import ChannelAccount, Provider
from apps.communications.providers import use_provider
from apps.communications.providers.base import BaseProvider, Outcome, OutcomeKind, Outgoing
from apps.communications.providers.twilio import TwilioProvider
from apps.communications.services import dispatch_due
from benchmarks.bench import Bench
from benchmarks.clients import forked, race
from benchmarks.data import MANY
from benchmarks.databases import as_superuser, using
from benchmarks.measuring import median
from benchmarks.results import CannotMeasure, Line, Quantity, WrongAnswer, at_least, exactly

FLOORS = Path(__file__).parent / "floors"
CLAIM, SENT = ((FLOORS / name).read_text() for name in ("claim.sql", "sent.sql"))
WORKERS, BATCH, ROUNDS = 4, 100, 3
PARTS = 2 * ROUNDS + 2  # each round has one part for ours and one for the floor; two are left for the killed worker
DRAIN_SECONDS = 600.0
PER_SECOND = 32_000


@dataclass(frozen=True, slots=True)
class NullSender(BaseProvider):
    """Accepts everything at once, and writes down what it was given before it answers."""

    records: Path
    name = Provider.SIMULATOR
    batch_size = TwilioProvider.batch_size

    def send(self, account: ChannelAccount, messages: Sequence[Outgoing]) -> list[Outcome]:
        file = os.open(self.records / str(os.getpid()), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(file, b"".join(message.id.bytes for message in messages))
        os.close(file)
        return [Outcome(OutcomeKind.ACCEPTED, provider_id=f"SM{message.id.hex}") for message in messages]

    def sent(self) -> Counter[uuid.UUID]:
        """Return how often each message was handed over, by whichever process."""
        contents = [path.read_bytes() for path in self.records.iterdir()]
        return Counter(uuid.UUID(bytes=data[n : n + 16]) for data in contents for n in range(0, len(data), 16))


def measure(bench: Bench) -> list[Line]:
    """Measure messages a second, then kill a worker in the middle of what is left and count what was sent twice."""
    with (
        bench.databases.scratch(MANY) as database,
        using(database),
        as_superuser(database) as direct,
        tempfile.TemporaryDirectory() as folder,
    ):
        due = _make_due(direct)
        part = due // PARTS
        sender = NullSender(Path(folder))
        previous = use_provider(Provider.SIMULATOR, sender)
        try:
            samples = bench.turns(
                "dispatch of due reminders",
                {"ours": lambda: _rate(_dispatch_until(part)), "floor": lambda: _rate(_claim_until(database, part))},
                rounds=ROUNDS,
            )
            _kill_one_worker(bench, direct)
        finally:
            if previous is not None:
                use_provider(Provider.SIMULATOR, previous)
        duplicates = sum(times > 1 for times in sender.sent().values())
        _require_all_accounted_for(direct, sender, due)
    ours, floor = median(samples["ours"]), median(samples["floor"])
    return [
        Line(
            row="B6",
            what=f"reminders sent, {due:,} due in {bench.scale.many:,}, {WORKERS} workers; floor: SQL claim and mark",
            ours=Quantity(ours, "/s"),
            floor=Quantity(floor, "/s"),
            ratio=f"{100 * ours / floor:.1f} %",
            limits=[at_least(25, 100 * ours / floor, "%"), exactly(0, duplicates, "duplicates")],
        )
    ]


def _make_due(direct: psycopg.Connection) -> int:
    """Let the planned reminders of history be due now, nobody's quiet hours and a carrier without limits; return how many."""
    direct.execute("UPDATE organizations_organization SET quiet_hours_end = quiet_hours_start")
    direct.execute("UPDATE communications_channelaccount SET per_second = %s", [PER_SECOND])
    due = direct.execute(
        "UPDATE communications_communication SET due_at = now() - interval '1 minute' "
        "WHERE status = 'scheduled' AND dedupe_key LIKE 'history:%'"
    ).rowcount
    direct.execute(
        "UPDATE communications_communication SET due_at = 'infinity' "
        "WHERE status IN ('scheduled', 'queued') AND dedupe_key NOT LIKE 'history:%'"  # the demo's own, due by now or not
    )
    direct.execute("VACUUM ANALYZE communications_communication")
    return due


def _rate(work: Callable[[int], int]) -> float:
    result = race(WORKERS, work, warm_up=lambda _number: None)
    return sum(result.results) / result.seconds


def _dispatch_until(total: int) -> Callable[[int], int]:
    """Return the work of one worker: what the task does, until it has sent its share."""

    def work(_number: int) -> int:
        done = 0
        while done < total // WORKERS:
            done += dispatch_due()
        return done

    return work


def _claim_until(database: str, total: int) -> Callable[[int], int]:
    def work(_number: int) -> int:
        done = 0
        with as_superuser(database) as own:
            while done < total // WORKERS:
                ids = [row[0] for row in own.execute(CLAIM, {"batch": BATCH}).fetchall()]
                own.execute(SENT, {"ids": ids})
                done += len(ids)
        return done

    return work


def _kill_one_worker(bench: Bench, direct: psycopg.Connection) -> None:
    """Let four workers send what is left, kill one of them half-way, and let a new one take its place."""

    def work(_number: int, _results: Connection) -> None:
        while True:
            if dispatch_due() == 0:
                time.sleep(0.05)

    left = _count(direct, "status IN ('scheduled', 'queued') AND due_at <= now()")
    begun = time.monotonic()
    with forked(WORKERS, work) as workers:
        while _count(direct, "status IN ('scheduled', 'queued') AND due_at <= now()") > left / 2:
            _give_up_after(begun)
        victim = workers[0].process.pid
        assert victim is not None
        os.kill(victim, signal.SIGKILL)
        with forked(1, work):
            # What the killed one had claimed but not begun comes back when its lease of half a minute is over.
            while waiting := _count(direct, "status IN ('scheduled', 'queued') AND due_at < now()"):
                bench.say(f"a worker was killed; {waiting:,} reminders are left")
                _give_up_after(begun)
                time.sleep(0.2)
            while _count(direct, "status = 'sending' AND lease_until > now() + interval '50 seconds'"):
                _give_up_after(begun)
                time.sleep(0.2)


def _give_up_after(begun: float) -> None:
    if time.monotonic() - begun > DRAIN_SECONDS:
        raise CannotMeasure(f"The reminders were not sent within {DRAIN_SECONDS:.0f} s.")


def _count(direct: psycopg.Connection, condition: str) -> int:
    row = direct.execute(f"SELECT count(*) FROM communications_communication WHERE {condition}").fetchone()
    return int(row[0]) if row else 0


def _require_all_accounted_for(direct: psycopg.Connection, sender: NullSender, due: int) -> None:
    """Raise WrongAnswer unless each reminder is sent, or one of the few that the killed worker was just handing over."""
    sent = _count(direct, "dedupe_key LIKE 'history:%' AND status = 'sent'")
    uncertain = _count(direct, "dedupe_key LIKE 'history:%' AND status = 'sending'")
    if sent + uncertain != due or uncertain > sender.batch_size:
        raise WrongAnswer(f"Of {due:,} reminders {sent:,} are sent and {uncertain:,} uncertain.")
    ours = _count(direct, "dedupe_key LIKE 'history:%' AND status = 'sent' AND provider_id <> 'SM' || id::text")
    handed_over = len(sender.sent())
    if not ours <= handed_over <= ours + uncertain:
        raise WrongAnswer(f"{handed_over:,} reminders were handed over, {ours:,} are marked as sent.")
