"""B1 and B2: free slots, against one statement of multirange arithmetic that gives the same answer."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import psycopg
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.appointments.availability import Slot, find_slots
from apps.appointments.models import BUSY_STATUSES, AppointmentType
from apps.core.tenancy import all_organizations, organization_scope
from apps.organizations.models import Organization
from apps.practitioners.models import Practitioner
from benchmarks.bench import Bench
from benchmarks.data import SLOTS, SLOTS_SLUG
from benchmarks.databases import as_superuser, using
from benchmarks.measuring import count_queries, median, timed
from benchmarks.results import Line, Quantity, WrongAnswer, at_most

STATEMENT = (Path(__file__).parent / "floors" / "slots.sql").read_text()
ONE_DAYS, ALL_DAYS, FIRST = 30, 14, 3
PRACTITIONERS_PER_ROUND, ROUNDS = 25, 9
Starts = set[tuple[uuid.UUID, dt.datetime]]


@dataclass(frozen=True, slots=True)
class Stage:
    """The organization that is searched, with the moment from which everything looks ahead."""

    organization: Organization
    kind: AppointmentType
    people: Sequence[Practitioner]
    now: dt.datetime
    floor: psycopg.Connection

    def ours(self, people: Sequence[Practitioner] | None, days: int, share: int | None = None) -> list[Slot]:
        """Ask the service about so many days from now on."""
        return self.ours_until(people, self.now + dt.timedelta(days=days), share)

    def ours_until(
        self, people: Sequence[Practitioner] | None, end: dt.datetime, share: int | None = None
    ) -> list[Slot]:
        """Ask the service about the time from now until `end`."""
        return find_slots(
            organization=self.organization,
            appointment_type=self.kind,
            practitioners=people,
            start=self.now,
            end=end,
            per_practitioner=share,
        )

    def plain(self, people: Sequence[Practitioner], days: int, share: int | None = None) -> list[tuple]:
        """Ask in SQL, on a connection that no policy binds."""
        values = {
            "organization": self.organization.pk,
            "people": [person.pk for person in people],
            "zone": self.organization.timezone,
            "from": self.now,
            "until": self.now + dt.timedelta(days=days),
            "minutes": self.kind.duration_minutes,
            "busy": list(BUSY_STATUSES),
            "share": share,
        }
        return self.floor.execute(STATEMENT, values).fetchall()


@contextmanager
def staged(database: str) -> Iterator[Stage]:
    """Open the organization of many practitioners for searching, as a request would."""
    with using(database), as_superuser(database) as floor:
        with all_organizations():
            organization = Organization.objects.get(slug=SLOTS_SLUG)
        with organization_scope(organization.pk):
            yield Stage(
                organization=organization,
                kind=AppointmentType.objects.get(),
                people=list(Practitioner.objects.order_by("sort_order")),
                now=timezone.now() + dt.timedelta(minutes=1),
                floor=floor,
            )


def measure_one(bench: Bench) -> list[Line]:
    """Measure one practitioner's slots in 30 days."""
    with staged(bench.databases.ready(SLOTS)) as stage:
        turn = cycle(stage.people)
        answers = {person.pk: stage.plain([person], ONE_DAYS) for person in stage.people}

        def ours() -> float:
            return _mean(turn, lambda person: stage.ours([person], ONE_DAYS), lambda person: answers[person.pk])

        def plain() -> float:
            return _mean(turn, lambda person: stage.plain([person], ONE_DAYS), lambda person: answers[person.pk])

        ours()
        samples = bench.turns("slots of one practitioner", {"ours": ours, "floor": plain}, rounds=ROUNDS)
        queries = count_queries(
            lambda: stage.ours([stage.people[0]], ONE_DAYS), lambda: CaptureQueriesContext(connection)
        )
    what = f"slots, 1 practitioner × {ONE_DAYS} days, {bench.scale.slots_appointments:,} appointments"
    return [_line("B1", what, samples, most=3, queries=(queries, 5))]


def measure_everybody(bench: Bench) -> list[Line]:
    """Measure the first three slots of every practitioner in 14 days; a tenth of them may not cost fewer queries."""
    with staged(bench.databases.ready(SLOTS)) as stage:
        answer = stage.plain(stage.people, ALL_DAYS, FIRST)
        if len(answer) != FIRST * len(stage.people):
            raise WrongAnswer(f"The floor found {len(answer)} slots.")
        check = _same(answer)
        samples = bench.turns(
            "first slots of everybody",
            {
                "ours": lambda: timed(lambda: stage.ours(None, ALL_DAYS, FIRST), check),
                "floor": lambda: timed(lambda: stage.plain(stage.people, ALL_DAYS, FIRST), check),
            },
            rounds=ROUNDS,
        )
        tenth = stage.people[: max(1, len(stage.people) // 10)]
        few, all_of_them = (
            count_queries(
                lambda people=people: stage.ours(people, ALL_DAYS, FIRST), lambda: CaptureQueriesContext(connection)
            )
            for people in (tenth, stage.people)
        )
    what = f"first {FIRST} slots of {len(stage.people)} practitioners in {ALL_DAYS} days"
    return [_line("B2", what, samples, most=2, queries=(all_of_them, few))]


def _mean(
    turn: Iterator[Practitioner],
    ask: Callable[[Practitioner], Sequence],
    answer: Callable[[Practitioner], Sequence],
) -> float:
    """Return the mean seconds over the next few practitioners."""
    people = list(islice(turn, PRACTITIONERS_PER_ROUND))
    return sum(timed(lambda p=person: ask(p), _same(answer(person))) for person in people) / len(people)


def _same(answer: Sequence[tuple]) -> Callable[[Sequence], None]:
    wanted: Starts = set(answer)

    def check(found: Sequence) -> None:
        got = {(slot.practitioner_id, slot.start) if isinstance(slot, Slot) else slot for slot in found}
        if got != wanted or len(found) != len(wanted):
            raise WrongAnswer(f"{len(found)} slots instead of {len(wanted)}, {len(got ^ wanted)} of them differ.")

    return check


def _line(row: str, what: str, samples: dict[str, list[float]], *, most: float, queries: tuple[int, int]) -> Line:
    ours, floor = median(samples["ours"]), median(samples["floor"])
    return Line(
        row=row,
        what=what,
        ours=Quantity(ours * 1000, "ms"),
        floor=Quantity(floor * 1000, "ms"),
        ratio=f"{ours / floor:.2f}×",
        limits=[at_most(most, ours / floor, "×"), at_most(queries[1], queries[0], "queries")],
    )
