"""B3, B4 and B5: booking through the one door, against plain statements under the same constraints."""

from __future__ import annotations

import datetime as dt
import subprocess
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count, groupby, islice
from operator import itemgetter
from pathlib import Path

import psycopg
from django.utils import timezone

from apps.appointments.availability import find_slots
from apps.appointments.errors import SlotUnavailable
from apps.appointments.models import Appointment, AppointmentType, Source, Status
from apps.appointments.services import book_appointment
from apps.core.actors import SYSTEM
from apps.core.tenancy import all_organizations, organization_scope
from apps.organizations.models import Location, Organization
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner
from benchmarks.bench import Bench
from benchmarks.clients import race
from benchmarks.data import FEW, LAST_FILLED_DAY, MANY, SLOTS, SLOTS_SLUG
from benchmarks.databases import as_superuser, using
from benchmarks.measuring import median, timed
from benchmarks.results import CannotMeasure, Line, Quantity, WrongAnswer, at_least, at_most, exactly
from benchmarks.writing import insert_statement, visit_columns
from clinic import embedded

FLOORS = Path(__file__).parent / "floors"
CLIENTS, CROWD, ROUNDS = 16, 50, 3
PROCESSES = 2  # as many as the web has, and pgbench threads; the clients share them
CONTESTED_EVERY, WARM_UPS = 10, 3
FLOOR_SHARE = 4  # the floor is that much faster at least: it gets more to do
BOOKINGS_PER_ROUND, GROWTH_ROUNDS = 40, 7
Slots = Sequence[tuple[Practitioner, dt.datetime]]


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that a booking needs."""

    organization: Organization
    location: Location
    kind: AppointmentType
    people: Sequence[Practitioner]
    patients: Sequence[Patient]

    def book(self, practitioner: Practitioner, patient: Patient, start: dt.datetime) -> bool:
        """Book as a request would, in a transaction of the organization; tell whether the slot was won."""
        try:
            with organization_scope(self.organization.pk):
                booked = book_appointment(
                    organization=self.organization,
                    patient=patient,
                    appointment_type=self.kind,
                    practitioner=practitioner,
                    location=self.location,
                    start=start,
                    source=Source.API,
                    actor=SYSTEM,
                )
        except SlotUnavailable as refusal:
            if not refusal.conflicts or len(refusal.alternatives) != 3:
                raise WrongAnswer("A refusal came without its reason, or without three alternatives.") from refusal
            return False
        return booked.status == Status.BOOKED


def sit_down(slug: str, *, patients: int, **kind: object) -> Desk:
    """Load what a booking needs from the current database."""
    with all_organizations():
        organization = Organization.objects.get(slug=slug)
    with organization_scope(organization.pk):
        chosen = AppointmentType.objects.get(**kind)
        offered = Practitioner.objects.filter(is_active=True, offered_types__appointment_type=chosen)
        return Desk(
            organization=organization,
            location=Location.objects.earliest("name"),
            kind=chosen,
            people=list(offered.order_by("sort_order")),
            patients=list(Patient.objects.order_by("number")[:patients]),
        )


# ── B3 ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def measure_throughput(bench: Bench) -> list[Line]:
    """Measure bookings a second of 16 clients; every tenth slot is wanted by two of them."""
    with bench.databases.scratch(SLOTS) as database, using(database), as_superuser(database) as direct:
        desk = sit_down(SLOTS_SLUG, patients=1000)
        turns = (list(turn) for _start, turn in groupby(empty_slots(direct, desk), key=itemgetter(1)))
        number = bench.scale.bookings

        def fresh(wanted: int) -> Slots:
            """Take slots from a time on that nobody had: everybody books the same patients, who can't be twice at a time."""
            return list(islice(chain.from_iterable(turns), wanted))

        def ours() -> float:
            return _book_all(desk, fresh(WARM_UPS * CLIENTS), fresh(number), direct)

        def floor() -> float:
            return _insert_all(database, desk, fresh(number * FLOOR_SHARE), direct)

        samples = bench.turns("bookings by 16 clients", {"ours": ours, "floor": floor}, rounds=ROUNDS)
        double = direct.execute(
            "SELECT count(*) FROM (SELECT FROM appointments_appointment WHERE status = 'booked' AND start > now() "
            "GROUP BY practitioner_id, start HAVING count(*) > 1) AS twice"
        ).fetchone()
    ours_rate, floor_rate = median(samples["ours"]), median(samples["floor"])
    share = 100 * ours_rate / floor_rate
    return [
        Line(
            row="B3",
            what=f"bookings by {CLIENTS} clients; floor: pgbench INSERT",
            ours=Quantity(ours_rate, "/s"),
            floor=Quantity(floor_rate, "/s"),
            ratio=f"{share:.1f} %",
            limits=[at_least(15, share, "%"), exactly(0, double[0] if double else -1, "double bookings")],
        )
    ]


def empty_slots(direct: psycopg.Connection, desk: Desk) -> Slots:
    """Return free slots behind the filled days: neighbours in the list are different people at the same time."""
    first = timezone.now().date() + dt.timedelta(days=LAST_FILLED_DAY + 2)
    rows = direct.execute(
        "SELECT ((%s::date + day) + time '09:00' + slot * interval '30 minutes') AT TIME ZONE %s "
        "FROM generate_series(0, 199) AS day, generate_series(0, 15) AS slot ORDER BY 1",
        [first, desk.organization.timezone],
    )
    return [(person, start) for (start,) in rows.fetchall() for person in desk.people]


def _book_all(desk: Desk, before: Slots, slots: Slots, direct: psycopg.Connection) -> float:
    """Return bookings a second; each slot has exactly one winner, also where two clients want it.

    The slots `before` are for warming up.
    """
    patients = desk.patients

    def client(number: int) -> int:
        won = 0
        for index in range(number, len(slots) + CLIENTS, CLIENTS):
            for rival in (0, 1):
                place = index - rival
                if place < len(slots) and (rival == 0 or place % CONTESTED_EVERY == 0):
                    practitioner, start = slots[place]
                    won += desk.book(practitioner, patients[(2 * place + rival) % len(patients)], start)
        return won

    def warm_up(number: int) -> None:
        for place in range(number, WARM_UPS * CLIENTS, CLIENTS):
            practitioner, start = before[place]
            desk.book(practitioner, patients[-1 - place], start)

    result = race(CLIENTS, client, warm_up=warm_up, processes=PROCESSES)
    won = sum(result.results)
    stored = _stored(direct, slots)
    if won != len(slots) or stored != len(slots):
        raise WrongAnswer(f"{len(slots)} slots had {won} winners and are stored {stored} times.")
    return won / result.seconds


def _stored(direct: psycopg.Connection, slots: Slots) -> int:
    """Return how many busy appointments lie at these slots."""
    row = direct.execute(
        "SELECT count(*) FROM appointments_appointment a JOIN unnest(%s::uuid[], %s::timestamptz[]) AS s(who, at) "
        "ON a.practitioner_id = s.who AND a.start = s.at AND a.status = 'booked'",
        [[person.pk for person, _start in slots], [start for _person, start in slots]],
    ).fetchone()
    return int(row[0]) if row else 0


def _insert_all(database: str, desk: Desk, slots: Slots, direct: psycopg.Connection) -> float:
    """Let pgbench insert the same rows with as many clients; return transactions a second."""
    direct.execute("DROP TABLE IF EXISTS bench_wanted")
    direct.execute("CREATE TABLE bench_wanted (n int PRIMARY KEY, practitioner uuid, patient uuid, at timestamptz)")
    with direct.cursor().copy("COPY bench_wanted FROM STDIN") as rows:
        for n, (person, start) in enumerate(slots):
            rows.write_row((n, person.pk, desk.patients[n % len(desk.patients)].pk, start))
    direct.execute("ANALYZE bench_wanted")
    per_client = len(slots) // CLIENTS
    text = plain_insert(desk, "bench_wanted WHERE n = :n")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(f"\\set n :done * {CLIENTS} + :client_id\n\\set done :done + 1\n{text};\n")
        script.flush()
        command = [
            str(embedded.postgres_bin() / "pgbench"),
            *("--no-vacuum", "--protocol=prepared", f"--client={CLIENTS}", f"--jobs={PROCESSES}", "--define=done=0"),
            *(f"--transactions={per_client}", f"--file={script.name}", f"--host={direct.info.host}"),
            *(f"--username={direct.info.user}", database),
        ]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise CannotMeasure(f"pgbench failed: {run.stderr.strip()[-300:]}")
    if (stored := _stored(direct, slots)) != per_client * CLIENTS:
        raise WrongAnswer(f"pgbench stored {stored} of {per_client * CLIENTS} rows.")
    return next(float(line.split()[2]) for line in run.stdout.splitlines() if line.startswith("tps ="))


def plain_insert(desk: Desk, source: str) -> str:
    """Return the plain INSERT of a visit into the table with all its constraints."""
    columns = visit_columns(patient="patient", practitioner="practitioner") | {
        "organization_id": f"'{desk.organization.pk}'::uuid",
        "location_id": f"'{desk.location.pk}'::uuid",
        "appointment_type_id": f"'{desk.kind.pk}'::uuid",
    }
    return insert_statement(Appointment, source, columns)


# ── B4 ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def measure_contention(bench: Bench) -> list[Line]:
    """Measure many attempts at one slot: one winner, no deadlock, everybody else an answer with alternatives."""
    attempts = bench.scale.attempts
    clients = min(CROWD, attempts)
    with bench.databases.scratch(SLOTS) as database, using(database), as_superuser(database) as direct:
        desk = sit_down(SLOTS_SLUG, patients=attempts)
        slots = iter(empty_slots(direct, desk)[:: len(desk.people)])
        practitioner, taken = next(slots)
        desk.book(practitioner, desk.patients[0], taken)
        before = _deadlocks(direct, database)

        def ours() -> float:
            practitioner, start = next(slots)

            def client(number: int) -> int:
                return sum(desk.book(practitioner, desk.patients[n], start) for n in range(number, attempts, clients))

            def warm_up(number: int) -> None:
                desk.book(practitioner, desk.patients[number], taken)

            done = race(clients, client, warm_up=warm_up, processes=PROCESSES)
            return _one_winner(done.seconds, direct, practitioner, start)

        def floor() -> float:
            practitioner, start = next(slots)
            wanted = "(VALUES (%%s::uuid, %%s::uuid, %%s::timestamptz)) AS wanted(practitioner, patient, at)"
            statement = plain_insert(desk, f"{wanted} ON CONFLICT DO NOTHING")
            open_connections: dict[int, psycopg.Connection] = {}

            def client(number: int) -> int:
                own = open_connections[number]
                return sum(
                    own.execute(statement, [practitioner.pk, desk.patients[n].pk, start]).rowcount
                    for n in range(number, attempts, clients)
                )

            def connect(number: int) -> None:
                open_connections[number] = as_superuser(database)

            done = race(clients, client, warm_up=connect, processes=PROCESSES)
            return _one_winner(done.seconds, direct, practitioner, start)

        samples = bench.turns("attempts at one slot", {"ours": ours, "floor": floor}, rounds=ROUNDS)
        deadlocks = _deadlocks(direct, database) - before
    ours_seconds, floor_seconds = median(samples["ours"]), median(samples["floor"])
    return [
        Line(
            row="B4",
            what=f"{attempts} attempts of {clients} clients at one slot; floor: ON CONFLICT DO NOTHING",
            ours=Quantity(ours_seconds, "s"),
            floor=Quantity(floor_seconds, "s"),
            ratio=f"{ours_seconds / floor_seconds:.2f}×",
            limits=[
                exactly(1, 1, "winners"),
                exactly(0, deadlocks, "deadlocks"),
                at_most(3, ours_seconds / floor_seconds, "×"),
            ],
        )
    ]


def _one_winner(seconds: float, direct: psycopg.Connection, practitioner: Practitioner, start: dt.datetime) -> float:
    stored = _stored(direct, [(practitioner, start)])
    if stored != 1:
        raise WrongAnswer(f"The slot is stored {stored} times.")
    return seconds


def _deadlocks(direct: psycopg.Connection, database: str) -> int:
    """Return how many deadlocks the database has counted; backends report when they end."""
    direct.execute("SELECT pg_stat_clear_snapshot()")
    row = direct.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = %s", [database]).fetchone()
    return int(row[0]) if row else 0


# ── B5 ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def measure_growth(bench: Bench) -> list[Line]:
    """Measure one booking after another in a table of many appointments and in one of few."""
    with bench.databases.scratch(FEW) as few, bench.databases.scratch(MANY) as many:
        rounds: dict[str, count[int]] = {few: count(), many: count()}

        def side(database: str) -> float:
            with using(database):
                return _book_in_turn(next(rounds[database]))

        for database in (few, many):
            side(database)
        samples = bench.turns(
            "a booking among many", {"many": lambda: side(many), "few": lambda: side(few)}, rounds=GROWTH_ROUNDS
        )
    ours, floor = median(samples["many"]), median(samples["few"])
    return [
        Line(
            row="B5",
            what=f"one booking at {bench.scale.many:,} appointments; floor: at {bench.scale.few:,}",
            ours=Quantity(ours * 1000, "ms"),
            floor=Quantity(floor * 1000, "ms"),
            ratio=f"{ours / floor:.2f}×",
            limits=[at_most(1.3, ours / floor, "×")],
        )
    ]


def _book_in_turn(turn: int) -> float:
    """Return the median seconds of a booking over some that follow one another, in a week of their own."""
    desk = sit_down("demo", patients=200, is_default=True)
    begin = timezone.now() + dt.timedelta(days=12 + 4 * turn)
    with organization_scope(desk.organization.pk):
        free = find_slots(
            organization=desk.organization, appointment_type=desk.kind, start=begin, end=begin + dt.timedelta(days=4)
        )
    people = {person.pk: person for person in desk.people}
    apart: dict[uuid.UUID, dt.datetime] = {}
    jobs = []
    for slot in free:
        if slot.location_id == desk.location.pk and apart.get(slot.practitioner_id, begin) <= slot.start:
            apart[slot.practitioner_id] = slot.end + dt.timedelta(minutes=20)
            jobs.append((people[slot.practitioner_id], slot.start))
    if len(jobs) < BOOKINGS_PER_ROUND:
        raise CannotMeasure(f"Only {len(jobs)} free slots were found to book.")
    patient = iter(desk.patients)

    def is_won(won: bool) -> None:
        if not won:
            raise WrongAnswer("A free slot could not be booked.")

    return median(
        [timed(lambda job=job: desk.book(job[0], next(patient), job[1]), is_won) for job in jobs[:BOOKINGS_PER_ROUND]]
    )
