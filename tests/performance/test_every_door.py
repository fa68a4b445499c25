"""R2: booking, holding, moving, cancelling, undoing and the day of the visit, at random, through every door at once.

Twenty clients with a browser (drags included), a program, a patient's link, the bot's and the waitlist's services each,
against the server that production runs.
DOOR_OPERATIONS scales it; the figure of QUALITY.md is 20,000 (`make reliability`). Prints its figures; `-s` shows them.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from apps.appointments.services import changes
from apps.core.actors import SYSTEM
from apps.core.tenancy import all_organizations, organization_scope
from apps.events import services as events
from apps.organizations.permissions import Role
from apps.organizations.services import issue_api_key
from apps.patients.models import Patient
from tests.fixtures.appointments import AppointmentTypeFactory, PractitionerTypeFactory
from tests.fixtures.booking_ledger import contradictions, lost_deliveries, lost_effects
from tests.fixtures.doors import Api, Bot, Clinic, Door, Link, Nothing, Outcome, Pages, Waitlist
from tests.fixtures.organizations import LocationFactory, MembershipFactory
from tests.fixtures.practitioners import PractitionerFactory, RoomFactory, WeeklyHoursFactory
from tests.fixtures.racing import (
    at_once,
    crowded_groups,
    deadlocks,
    hesitating,
    lanes_without_a_reason,
    overlaps,
    without_constraints,
    without_locks,
)
from tests.fixtures.shared import client_for
from tests.fixtures.waitlist import open_for_messages, somebody
from tests.fixtures.web_server import HESITANT, UNDEFENDED, serving
from tests.processes import eventually

OPERATIONS = int(os.environ.get("DOOR_OPERATIONS", "1000"))
SEED = int(os.environ.get("DOOR_SEED", "1"))
CLIENTS = 20
WEIGHTS = {
    "book": 34,
    "overbook": 2,
    "hold": 12,
    "book the hold": 10,
    "release": 3,
    "sweep": 3,
    "move": 16,
    "reschedule": 4,
    "cancel": 14,
    "undo": 10,
    "confirm": 2,
    "arrive": 4,
    "start": 2,
    "complete": 1,
    "series": 2,
    "cancel series": 2,
    "wait": 6,
    "offer": 6,
    "accept": 6,
    "decline": 2,
}
# Done, refused by a rule, refused by a form, gone meanwhile. Nothing else: no 5xx, no 429, nobody is signed out.
ANSWERS = {200, 201, 204, 409, 422, 404}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clinic(organization) -> Clinic:
    owner = {"organization": organization}
    organization.quiet_hours_start = organization.quiet_hours_end = dt.time(0)  # who waits may be asked at any hour
    with all_organizations():
        organization.save()
    location = LocationFactory(**owner, timezone="UTC")
    opens = (timezone.now() + dt.timedelta(days=1)).replace(hour=8, minute=0, second=0, microsecond=0)
    made = Clinic(organization, location, opens, days=3, hours=8)
    made.types = [
        AppointmentTypeFactory(**owner, step_minutes=30),
        AppointmentTypeFactory(**owner, step_minutes=30, needs_room=True, buffer_after_minutes=10),
        AppointmentTypeFactory(**owner, step_minutes=30, capacity=4),
    ]
    made.practitioners = [PractitionerFactory(**owner) for _number in range(4)]
    made.rooms = [RoomFactory(**owner, location=location) for _number in range(2)]
    made.patients = [somebody(made) for _number in range(40)]
    open_for_messages(made)
    for practitioner in made.practitioners:
        for day in range(made.days + 2):
            WeeklyHoursFactory(
                **owner,
                practitioner=practitioner,
                location=location,
                weekday=(opens.weekday() + day) % 7,
                start_time=dt.time(8),
                end_time=dt.time(8 + made.hours),
            )
        for offered in made.types:
            PractitionerTypeFactory(**owner, practitioner=practitioner, appointment_type=offered)
    return made


@pytest.fixture
def doors_to(clinic, manager) -> Callable[[str], list[list[Door]]]:
    """Return a function from a server's address to twenty clients' doors."""

    def open_doors(address: str) -> list[list[Door]]:
        desk = MembershipFactory(organization=clinic.organization, role=Role.FRONT_DESK)
        with organization_scope(clinic.organization.pk):
            keys = [
                issue_api_key(organization=clinic.organization, user=manager.user, name=f"{n}", actor=SYSTEM).plain
                for n in range(CLIENTS)
            ]
        sessions = [client_for(desk).cookies[settings.SESSION_COOKIE_NAME].value for _client in range(CLIENTS)]
        return [
            [
                Pages(clinic, address, session),
                Api(clinic, address, key),
                Bot(clinic),
                Link(clinic, address),
                Waitlist(clinic),
            ]
            for session, key in zip(sessions, keys, strict=True)
        ]

    return open_doors


def run(clients: list[list[Door]], operations: int, *, look_every: int = 20) -> tuple[list[Outcome], int]:
    """Let every client do its share; return what came out and the most overlaps that were there at any look.

    An operation that finds nothing to do is thrown again. What overlaps may be cancelled before the end, so clients
    look after every so many of their operations, too.
    """
    mine = threading.local()
    seen = [0]
    waiting = list(clients)

    def operate(seed: float) -> Outcome:
        if not hasattr(mine, "doors"):
            mine.doors = waiting.pop()
        dice = random.Random(seed)
        while True:
            (operation,) = dice.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))
            able = [door for door in mine.doors if operation in door.operations()]
            try:
                outcome = dice.choice(able).do(operation, dice)
            except Nothing:
                continue
            if dice.randrange(look_every) == 0:
                seen.append(overlaps())
            return outcome

    seeds = random.Random(SEED)
    outcomes = at_once(len(clients), [seeds.random() for _number in range(operations)], operate)
    broken = [outcome for outcome in outcomes if not isinstance(outcome, Outcome)]
    assert broken == []
    return outcomes, max(*seen, overlaps())


def report(outcomes: list[Outcome], seconds: float) -> None:
    """Write the figures where `pytest -s` shows them."""
    by_door = Counter(f"{o.door} {'done' if o.status < 300 else 'refused'}" for o in outcomes)
    by_operation = Counter(f"{o.operation} {o.status}" for o in outcomes)
    sys.stdout.write(
        f"\nR2: {len(outcomes)} operations in {seconds:.0f} s ({len(outcomes) / seconds:.0f}/s), {dict(sorted(by_door.items()))}\n"
        f"    {dict(sorted(by_operation.items()))}\n"
    )


def test_nothing_overlaps_and_nothing_is_lost_whatever_comes_through_which_door(clinic, doors_to, tmp_path: Path):
    log = tmp_path / "server.log"
    before = deadlocks()
    with serving(log) as address:
        clients = doors_to(address)
        begun = time.monotonic()
        outcomes, overlapping = run(clients, OPERATIONS)
        report(outcomes, time.monotonic() - begun)

    assert {outcome.status for outcome in outcomes} <= ANSWERS
    assert (overlapping, crowded_groups(), lanes_without_a_reason()) == (0, 0, 0)
    assert deadlocks() == before
    assert "constraint_refused" not in log.read_text()  # found under the locks, not by the net below them
    assert contradictions(clinic.organization) == []
    assert lost_effects(clinic.organization, outcomes) == []
    assert lost_deliveries(clinic.organization) == []
    for door, share in (("pages", 20), ("API", 20), ("bot", 20), ("link", 100), ("waitlist", 100)):
        done = [outcome for outcome in outcomes if outcome.door == door and outcome.status < 300]
        assert len(done) > OPERATIONS / share, door


class TestWithAPauseBetweenLookingAndTaking:
    """The same traffic at few times, so that operations meet for certain: with the defences and without."""

    def operate(self, clinic, doors_to, application: str, log: Path) -> tuple[list[Outcome], int]:
        clinic.days, clinic.hours, clinic.practitioners = 1, 2, clinic.practitioners[:1]
        with serving(log, application) as address:
            return run(doors_to(address), 120, look_every=1)

    def test_nothing_overlaps(self, clinic, doors_to, tmp_path, monkeypatch):
        hesitating(monkeypatch)
        outcomes, overlapping = self.operate(clinic, doors_to, HESITANT, tmp_path / "server.log")
        assert {outcome.status for outcome in outcomes} <= ANSWERS
        assert (overlapping, crowded_groups()) == (0, 0)

    def test_control_without_locks_and_constraints_they_overlap(self, clinic, doors_to, tmp_path, monkeypatch):
        hesitating(monkeypatch)
        without_locks(monkeypatch)
        with without_constraints():
            assert self.operate(clinic, doors_to, UNDEFENDED, tmp_path / "server.log")[1] > 0


class TestTheLedgerNotices:
    """Controls: what the figures above rest on would see a loss."""

    def test_an_event_that_was_not_written(self, clinic, monkeypatch):
        bot, dice = Bot(clinic), random.Random(SEED)
        booked = bot.do("book", dice)
        assert (contradictions(clinic.organization), lost_effects(clinic.organization, [booked])) == ([], [])
        monkeypatch.setattr(changes, "emit_change", lambda *_args, **_more: None)
        cancelled = bot.do("cancel", dice)
        assert (booked.status, cancelled.status) == (200, 200)
        assert len(contradictions(clinic.organization)) == 1
        assert lost_effects(clinic.organization, [booked, cancelled]) == ["cancel by bot: 200, and no event"]

    def test_a_listener_who_is_not_told(self, clinic, monkeypatch):
        write = events._write
        monkeypatch.setattr(events, "_write", lambda written, _names: write(written, ()))
        Bot(clinic).do("book", random.Random(SEED))
        assert lost_deliveries(clinic.organization) != []

    def test_a_deadlock(self, clinic):
        one, other = clinic.patients[:2]
        before, both_hold_one = deadlocks(), threading.Barrier(2)

        def lock_in_turn(patients):
            rows = Patient.objects.select_for_update()
            with organization_scope(clinic.organization.pk):
                rows.get(pk=patients[0].pk)
                both_hold_one.wait(timeout=10)
                rows.get(pk=patients[1].pk)

        outcomes = at_once(2, [(one, other), (other, one)], lock_in_turn)
        assert sum(isinstance(outcome, OperationalError) for outcome in outcomes) == 1
        assert eventually(lambda: deadlocks() == before + 1)
