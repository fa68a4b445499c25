"""Merges at the same moment as each other, as bookings, and as messages: real threads, each defence with its control."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from apps.appointments.models import Appointment, WaitlistEntry
from apps.appointments.services import book_appointment
from apps.conversations.models import Conversation
from apps.conversations.services import receive_message
from apps.core import tenancy
from apps.core.actors import SYSTEM
from apps.core.errors import Conflict
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from apps.patients import services
from apps.patients.merging.references import followed, install_followers
from apps.patients.merging.rules import Pair
from apps.patients.models import ContactPoint, Merge, Patient
from apps.patients.services import merging
from tests.fixtures.appointments import AppointmentFactory, WaitlistEntryFactory
from tests.fixtures.communications import ChannelAccountFactory
from tests.fixtures.conversations import ConversationFactory
from tests.fixtures.patients import ContactPointFactory, PatientFactory
from tests.fixtures.racing import at_once, without_locks
from tests.fixtures.shared import MONDAY

pytestmark = pytest.mark.django_db(transaction=True)
WAIT_SECONDS = 10
PHONE = "+14155550188"


@pytest.fixture
def three(organization) -> list[Patient]:
    return [PatientFactory(organization=organization) for _one in range(3)]


def merge(pair: tuple[Patient, Patient]) -> Merge:
    survivor, duplicate = pair
    with organization_scope(survivor.organization_id):
        return services.merge_patients(survivor=survivor, duplicate=duplicate, actor=SYSTEM)


def names(outcomes: list[object]) -> list[str]:
    return sorted(outcome.code if isinstance(outcome, Conflict) else type(outcome).__name__ for outcome in outcomes)


def cycles(organization) -> int:
    """Count merged records whose survivor is not a living record: what must never be."""
    with organization_scope(organization.pk):
        return Patient.objects.filter(merged_into__merged_into__isnull=False).count()


@contextmanager
def holding(inside: threading.Event, go_on: threading.Event, monkeypatch, name: str) -> Iterator[None]:
    """Let the first merge that gets there stop before `name`, its locks held, until it may go on."""
    act = getattr(merging, name)

    def stop(*args: object, **kwargs: object) -> object:
        if not inside.is_set():
            inside.set()
            assert go_on.wait(WAIT_SECONDS)
        return act(*args, **kwargs)

    monkeypatch.setattr(merging, name, stop)
    yield


def waits_for_a_lock() -> bool:
    """Tell whether some session of this database waits for another one."""
    with tenancy.all_organizations(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
        )
        return bool(cursor.fetchone()[0])


def during_a_merge(monkeypatch, pair: tuple[Patient, Patient], work: Callable[[], object]) -> list[object]:
    """Do the work while a merge has its locks and has moved everything; return what came out of both."""
    inside, go_on = threading.Event(), threading.Event()
    outcomes: list[object] = []

    def run(act: Callable[[], object]) -> None:
        try:
            outcomes.append(act())
        except Exception as error:  # noqa: BLE001 - the test looks at what came out
            outcomes.append(error)
        finally:
            connection.close()

    with holding(inside, go_on, monkeypatch, "_become_part"):
        first = threading.Thread(target=run, args=(lambda: merge(pair),))
        first.start()
        assert inside.wait(WAIT_SECONDS)
        second = threading.Thread(target=run, args=(work,))
        second.start()
        end = timezone.now() + dt.timedelta(seconds=WAIT_SECONDS)
        while second.is_alive() and not waits_for_a_lock() and timezone.now() < end:
            second.join(0.01)
        go_on.set()
        first.join()
        second.join()
    return outcomes


class TestTwoMerges:
    def test_of_the_same_two_one_wins(self, three):
        one, other, _third = three
        assert names(at_once(4, [(one, other)] * 4, merge)) == ["Merge", *["merge_blocked"] * 3]

    def test_of_two_into_each_other_one_wins(self, organization, three):
        one, other, _third = three
        for _round in range(5):
            assert names(at_once(2, [(one, other), (other, one)], merge)) == ["Merge", "merge_blocked"]
            assert cycles(organization) == 0
            with organization_scope(organization.pk):
                services.unmerge(merge=Merge.objects.get(undone_at__isnull=True), actor=SYSTEM)

    def test_of_one_record_into_two_one_wins(self, organization, three):
        one, other, third = three
        assert names(at_once(2, [(one, other), (third, other)], merge)) == ["Merge", "merge_blocked"]

    def test_in_a_ring_nothing_leads_nowhere(self, organization, three):
        one, other, third = three
        outcomes = names(at_once(3, [(one, other), (other, third), (third, one)], merge))
        assert set(outcomes) <= {"Merge", "merge_blocked"}
        assert "Merge" in outcomes
        assert cycles(organization) == 0

    def test_without_the_lock_both_take_the_two_for_separate_records(self, three, monkeypatch):
        """The control: both have read before either writes. With the lock only one is ever that far."""
        one, other, _third = three
        both, seen = threading.Barrier(2), []
        looks = merging.findings_of

        def look_together(pair: Pair) -> object:
            found = looks(pair)
            if len(seen) < 2:  # a deadlock, by which the database saves them here, makes one look again
                both.wait(WAIT_SECONDS)
                seen.append((pair.survivor.merged_into_id, pair.duplicate.merged_into_id))
            return found

        monkeypatch.setattr(merging, "findings_of", look_together)
        monkeypatch.setattr(merging, "lock_pair", merging._load)
        at_once(2, [(one, other), (other, one)], merge)
        assert seen == [(None, None), (None, None)]

    def test_an_undo_and_a_merge_of_its_survivor_leave_nobody_behind(self, organization, three):
        one, other, third = three
        with organization_scope(organization.pk):
            done = services.merge_patients(survivor=one, duplicate=other, actor=SYSTEM)

        def undo() -> object:
            with organization_scope(organization.pk):
                return services.unmerge(merge=done, actor=SYSTEM)

        outcomes = at_once(2, [undo, lambda: merge((third, one))], lambda work: work())
        assert names(outcomes) in (["Merge", "UnmergeReport"], ["Merge", "merged_on"])
        assert cycles(organization) == 0


class TestABooking:
    @pytest.fixture(autouse=True)
    def _now(self, time_machine):
        time_machine.move_to(MONDAY - dt.timedelta(days=1))

    def book(self, bookable, patient: Patient) -> Appointment:
        with organization_scope(bookable.organization.pk):
            return book_appointment(
                organization=bookable.organization,
                patient=patient,
                appointment_type=bookable.appointment_type,
                practitioner=bookable.practitioner,
                location=bookable.location,
                start=MONDAY,
                actor=SYSTEM,
            )

    def owners(self, bookable) -> list[object]:
        with organization_scope(bookable.organization.pk):
            return list(Appointment.objects.values_list("patient", flat=True))

    def test_that_commits_after_the_merge_is_the_survivors(self, bookable, three, monkeypatch):
        one, other, _third = three
        outcomes = during_a_merge(monkeypatch, (one, other), lambda: self.book(bookable, other))
        assert names(outcomes) == ["Appointment", "Merge"]
        assert self.owners(bookable) == [one.pk]
        (booked,) = (outcome for outcome in outcomes if isinstance(outcome, Appointment))
        assert booked.patient_id == one.pk

    def test_the_trigger_alone_holds(self, bookable, three, monkeypatch):
        one, other, _third = three
        without_locks(monkeypatch)
        during_a_merge(monkeypatch, (one, other), lambda: self.book(bookable, other))
        assert self.owners(bookable) == [one.pk]

    def test_the_lock_alone_holds(self, bookable, three, monkeypatch):
        one, other, _third = three
        with without_followers():
            during_a_merge(monkeypatch, (one, other), lambda: self.book(bookable, other))
        assert self.owners(bookable) == [one.pk]

    def test_without_both_it_is_left_with_the_merged_record(self, bookable, three, monkeypatch):
        """The control."""
        one, other, _third = three
        without_locks(monkeypatch)
        with without_followers():
            during_a_merge(monkeypatch, (one, other), lambda: self.book(bookable, other))
        assert self.owners(bookable) == [other.pk]

    def test_at_a_time_that_the_survivor_has_already_is_refused(self, bookable, three, monkeypatch):
        one, other, _third = three
        AppointmentFactory(organization=bookable.organization, patient=one, start=MONDAY)
        outcomes = during_a_merge(monkeypatch, (one, other), lambda: self.book(bookable, other))
        assert names(outcomes) == ["Merge", "slot_unavailable"]

    def test_that_commits_before_the_merge_is_moved_by_it(self, bookable, three):
        one, other, _third = three
        self.book(bookable, other)
        merge((one, other))
        assert self.owners(bookable) == [one.pk]


@contextmanager
def without_followers() -> Iterator[None]:
    """Take the triggers away for the block."""
    with tenancy.as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE tgfoid = 'patients_follow_merge'::regproc"
        )
        triggers = cursor.fetchall()
        assert len(triggers) == 2 * len(followed())
        for name, table in triggers:
            cursor.execute(f"DROP TRIGGER {name} ON {table}")
    try:
        yield
    finally:
        with tenancy.as_owner():
            install_followers()


class TestAnInboundMessage:
    def receive(self, organization, number: int = 0) -> Conversation:
        with organization_scope(organization.pk):
            message = receive_message(
                organization=organization,
                channel="sms",
                address=PHONE,
                clinic_address="+15550100000",
                body="Hello",
                provider_id=f"SM{number}",
                received_at=timezone.now(),
            )
            return Conversation.objects.get(pk=message.conversation_id)

    @pytest.fixture
    def two(self, organization, three) -> tuple[Patient, Patient]:
        ChannelAccountFactory(organization=organization, channel="sms", address="+15550100000")
        ContactPointFactory(organization=organization, patient=three[1], value=PHONE)
        return three[0], three[1]

    def test_during_the_merge_names_the_survivor(self, organization, two, monkeypatch):
        outcomes = during_a_merge(monkeypatch, two, lambda: self.receive(organization))
        assert names(outcomes) == ["Conversation", "Merge"]
        with organization_scope(organization.pk):
            assert Conversation.objects.get().patient_id in {two[0].pk, None}
            assert not Conversation.objects.filter(patient=two[1]).exists()
            assert list(ContactPoint.objects.values_list("patient", flat=True)) == [two[0].pk]

    def test_many_messages_and_a_merge_end_without_a_deadlock_on_either_side(self, organization, two):
        ConversationFactory(organization=organization, patient=two[1], channel="sms", address=PHONE)
        jobs = [lambda number=number: self.receive(organization, number) for number in range(12)]
        jobs.insert(4, lambda: merge(two))
        outcomes = at_once(4, jobs, lambda work: work())
        assert names(outcomes) == [*["Conversation"] * 12, "Merge"]
        with organization_scope(organization.pk):
            assert set(Conversation.objects.values_list("patient", flat=True)) == {two[0].pk}


class TestADeadlock:
    def test_is_tried_again_and_the_merge_is_made(self, organization, three):
        """Somebody holds what the merge wants next, and wants what it has: PostgreSQL ends one of the two."""
        one, other, _third = three
        entry = WaitlistEntryFactory(organization=organization, patient=other)
        start = threading.Barrier(2)

        def cross() -> str:
            with organization_scope(organization.pk):
                list(WaitlistEntry.objects.select_for_update().filter(pk=entry.pk))
                start.wait(WAIT_SECONDS)
                list(Patient.objects.select_for_update().filter(pk__in=[one.pk, other.pk]).order_by("-pk"))
            return "crossed"

        def late() -> Merge:
            start.wait(WAIT_SECONDS)
            return merge((one, other))

        outcomes = at_once(2, [cross, late], lambda work: work())
        assert names(outcomes) in (["Merge", "OperationalError"], ["Merge", "str"])

    def test_that_does_not_end_is_said_in_words(self, organization):
        tries = []

        def cross() -> None:
            tries.append(1)
            raise OperationalError("deadlock detected") from psycopg.errors.DeadlockDetected()

        with organization_scope(organization.pk), pytest.raises(Conflict, match="Try again in a moment") as refusal:
            merging.without_deadlock(cross)
        assert (refusal.value.code, len(tries)) == ("busy", merging.ATTEMPTS)

    def test_another_failure_of_the_database_is_not_tried_again(self, organization):
        tries = []

        def fail() -> None:
            tries.append(1)
            raise OperationalError("the connection is lost") from psycopg.OperationalError()

        with organization_scope(organization.pk), pytest.raises(OperationalError):
            merging.without_deadlock(fail)
        assert len(tries) == 1


class TestLeftovers:
    @pytest.fixture
    def separated(self, organization, three) -> tuple[Merge, ContactPoint]:
        survivor, duplicate, _third = three
        made = merge((survivor, duplicate))
        with organization_scope(organization.pk):
            point = ContactPointFactory(organization=organization, patient=survivor)
            services.unmerge(merge=made, actor=SYSTEM)
        return made, point

    def move(self, made: Merge, point: ContactPoint) -> dict[str, int]:
        with organization_scope(made.organization_id):
            return services.move_leftovers(
                merge=made, to=made.duplicate_id, rows={ContactPoint._meta.label: [point.pk]}, actor=SYSTEM
            )

    def test_of_four_who_move_the_same_one_does(self, organization, separated):
        moved = at_once(4, [separated] * 4, lambda job: self.move(*job))
        assert sorted(len(outcome) for outcome in moved) == [0, 0, 0, 1]
        with organization_scope(organization.pk):
            assert Event.objects.filter(type="patient.rows_moved").count() == 2

    def test_a_move_waits_for_a_merge_of_one_of_the_two_and_is_refused(self, monkeypatch, separated, three):
        made, point = separated
        outcomes = during_a_merge(monkeypatch, (three[2], three[1]), lambda: self.move(made, point))
        assert names(outcomes) == ["Merge", "merged"]
