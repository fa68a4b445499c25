"""One winner, whoever answers at the same moment: real threads, and for each defence the control that fails without it.

WAITLIST_STORM scales the storm of cancellations.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone

from apps.appointments.errors import SlotUnavailable
from apps.appointments.models import (
    Appointment,
    AppointmentType,
    OfferStatus,
    Source,
    Status,
    WaitlistEntry,
    WaitlistOffer,
    WaitStatus,
)
from apps.appointments.services import (
    accept_offer,
    cancel_appointment,
    cancel_together,
    changes,
    decline_offer,
    expire_offers,
    fill_slot,
    hold_slot,
    holds,
    offer_slot,
    placing,
    reschedule_appointment,
    undo_reschedule,
    undo_status,
    undo_together,
    visits,
)
from apps.appointments.services.waitlist import answers, filling, ground, offers
from apps.core import tenancy
from apps.core.actors import BOT, SYSTEM
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from apps.events.services import deliver_due
from tests.fixtures.appointments import AppointmentTypeFactory, PractitionerTypeFactory
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.practitioners import PractitionerFactory, RoomFactory, WeeklyHoursFactory
from tests.fixtures.racing import are_thrown_out, at_once, meet, overlaps, without_constraints, without_locks
from tests.fixtures.waitlist import again, offers_of, open_for_messages, somebody, visit_of, waiting

STORM = int(os.environ.get("WAITLIST_STORM", "50"))
CLIENTS = 8
HALF_HOUR = dt.timedelta(minutes=30)
OPEN_OFFERS = ("waitlist_entry_has_one_open_offer", "waitlist_time_is_offered_to_one_at_a_time")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clinic(organization) -> SimpleNamespace:
    """Two practitioners who work around the clock in two days' time, at a place where nobody sleeps."""
    owner = {"organization": organization}
    organization.quiet_hours_start = organization.quiet_hours_end = dt.time(0)
    with tenancy.all_organizations():
        organization.save()
    location = LocationFactory(**owner, timezone="UTC")
    day = (timezone.now() + dt.timedelta(days=2)).replace(hour=8, minute=0, second=0, microsecond=0)
    kind = AppointmentTypeFactory(**owner, duration_minutes=30, step_minutes=30)
    people = [PractitionerFactory(**owner) for _number in range(2)]
    for person in people:
        PractitionerTypeFactory(**owner, practitioner=person, appointment_type=kind)
        for weekday in range(7):
            WeeklyHoursFactory(
                **owner,
                practitioner=person,
                location=location,
                weekday=weekday,
                start_time=dt.time(0),
                end_time=dt.time(23, 59),
            )
    made = SimpleNamespace(
        organization=organization,
        location=location,
        practitioner=people[0],
        practitioners=people,
        appointment_type=kind,
        opens=day,
    )
    return open_for_messages(made)


def inside(clinic, work, *args, **kwargs):
    with organization_scope(clinic.organization.pk):
        return work(*args, **kwargs)


def offered(clinic) -> WaitlistOffer:
    """Return an offer of the first time to somebody."""
    waiting(clinic)
    with organization_scope(clinic.organization.pk):
        (made,) = fill_slot(
            organization=clinic.organization,
            practitioner=clinic.practitioner,
            location=clinic.location,
            start=clinic.opens,
            end=clinic.opens + HALF_HOUR,
        )
    return made


def fill_an_hour(clinic) -> list[WaitlistOffer]:
    """Offer the first two times to who waits."""
    return inside(
        *(clinic, fill_slot),
        organization=clinic.organization,
        practitioner=clinic.practitioner,
        location=clinic.location,
        start=clinic.opens,
        end=clinic.opens + 2 * HALF_HOUR,
    )


def run_out(made: WaitlistOffer) -> None:
    """Let the offer's time end now."""
    with organization_scope(made.organization_id):
        WaitlistOffer.objects.filter(pk=made.pk).update(expires_at=timezone.now() + dt.timedelta(milliseconds=150))


def booked(clinic) -> int:
    return inside(clinic, Appointment.objects.filter(status=Status.BOOKED).count)


def without_waitlist_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the waitlist's lock away, the locks on its rows, and those that filling asks for ahead."""
    monkeypatch.setattr(filling, "lock_for", lambda *_wanted: {})
    for module in (ground, offers, answers, filling):
        monkeypatch.setattr(module, "lock_waitlist", lambda _organization: None)
    monkeypatch.setattr(answers, "lock_offer", lambda offer: ground.load_offer(offer.pk))
    monkeypatch.setattr(ground, "lock_offer", lambda offer: ground.load_offer(offer.pk))


@contextmanager
def without_unique_offers():
    """Take away what the database says about open offers; afterwards the offers are emptied and it stands again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE indexname = ANY(%s) AND schemaname = 'public'",
            [list(OPEN_OFFERS)],
        )
        definitions = dict(cursor.fetchall())
    assert set(definitions) == set(OPEN_OFFERS)
    with tenancy.as_owner(), connection.cursor() as cursor:
        for name in definitions:
            cursor.execute(f"DROP INDEX {name}")
    try:
        yield
    finally:
        with tenancy.as_owner(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE appointments_waitlistoffer CASCADE")
            for definition in definitions.values():
                cursor.execute(definition)


class TestTwoAnswers:
    def both_say_yes(self, clinic, made: WaitlistOffer) -> Counter:
        def say_yes(by: str) -> Appointment:
            return inside(clinic, accept_offer, offer=made, by=by, actor=BOT)

        outcomes = at_once(CLIENTS, ["whatsapp", "sms"] * 6, say_yes)
        return Counter(str(getattr(one, "pk", type(one).__name__)) for one in outcomes)

    def test_twelve_times_yes_is_one_visit(self, clinic):
        made = offered(clinic)
        outcomes = self.both_say_yes(clinic, made)
        assert list(outcomes.values()) == [12]
        assert (booked(clinic), overlaps()) == (1, 0)
        assert inside(clinic, Event.objects.filter(type="appointment.booked").count) == 1
        assert inside(clinic, Event.objects.filter(type="waitlist.accepted").count) == 1

    def test_control_without_locks_and_constraints_yes_books_more_than_once(self, clinic, monkeypatch):
        made = offered(clinic)
        without_locks(monkeypatch)
        without_waitlist_lock(monkeypatch)
        # Nor is the hold one that only the first may turn into the visit.
        monkeypatch.setattr(answers, "held_for", lambda _offer: None)
        with without_constraints():
            inside(clinic, Appointment.objects.held().delete)
            self.both_say_yes(clinic, made)
            assert inside(clinic, Event.objects.filter(type="waitlist.accepted").count) > 1

    def test_yes_and_no_at_once_have_one_effect(self, clinic):
        for _round in range(5):
            made = offered(clinic)

            def answer(yes: bool, made: WaitlistOffer = made) -> object:
                work = accept_offer if yes else decline_offer
                return inside(clinic, work, offer=made, by="sms", actor=BOT)

            before = booked(clinic)
            outcomes = Counter(type(one).__name__ for one in at_once(2, [True, False], answer))
            status = again(made).status
            assert outcomes["OfferClosed"] == 1
            assert (status == OfferStatus.ACCEPTED) == (booked(clinic) == before + 1)
            assert status in {OfferStatus.ACCEPTED, OfferStatus.DECLINED}
            inside(clinic, Appointment.objects.all().delete)
            inside(clinic, WaitlistEntry.objects.update, status=WaitStatus.REMOVED)


class TestYesAgainstExpiry:
    def race(self, clinic) -> tuple[str, int, int]:
        """Let a yes and the sweep meet at the end of the time; return the offer's state, visits and holds."""
        made = offered(clinic)
        run_out(made)

        def act(what: str) -> object:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.15)")
            if what == "sweep":
                return expire_offers()
            return inside(clinic, accept_offer, offer=made, by="whatsapp", actor=BOT)

        at_once(4, ["yes", "sweep", "yes", "sweep"], act)
        with tenancy.closed():
            expire_offers()
        holds = inside(clinic, Appointment.objects.held().count)
        return str(again(made).status), booked(clinic), holds

    def test_one_of_them_decides(self, clinic):
        for _round in range(12):
            state, visits, holds = self.race(clinic)
            assert (state, visits, holds) in {("accepted", 1, 0), ("expired", 0, 0)}
            inside(clinic, Appointment.objects.all().delete)
            inside(clinic, WaitlistEntry.objects.update, status=WaitStatus.REMOVED)

    def test_control_without_looking_again_under_the_lock_an_ended_offer_is_booked(self, clinic, monkeypatch):
        """What the patient is told (the time is gone) and what is booked would differ."""
        made = offered(clinic)
        stale = inside(clinic, ground.load_offer, made.pk)
        run_out(made)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.2)")
        assert expire_offers() == 1
        monkeypatch.setattr(answers, "load_offer", lambda _pk: stale)
        monkeypatch.setattr(answers, "lock_offer", lambda _offer: stale)
        inside(clinic, accept_offer, offer=made, by="whatsapp", actor=BOT)
        assert inside(clinic, Event.objects.filter(type__in=["waitlist.expired", "waitlist.accepted"]).count) == 2


class TestStorm:
    """Everybody cancels at once while as many wait."""

    def arrange(self, clinic, number: int) -> list[Appointment]:
        visits = [
            visit_of(
                clinic,
                clinic.opens + (place // 2) * HALF_HOUR,
                practitioner=clinic.practitioners[place % 2],
            )
            for place in range(number)
        ]
        for _number in range(number):
            waiting(clinic)
        return visits

    def cancel_all(self, clinic, visits: list[Appointment]) -> None:
        def cancel(visit: Appointment) -> Appointment:
            return inside(clinic, cancel_appointment, appointment=visit, reason="patient", actor=SYSTEM)

        assert not [one for one in at_once(CLIENTS, visits, cancel) if isinstance(one, Exception)]

    def deliver(self) -> None:
        """Work the events off with several workers at once, until there are none."""
        for _round in range(40):
            outcomes = at_once(4, range(4), lambda _worker: deliver_due(limit=10))
            assert not [one for one in outcomes if isinstance(one, Exception)]
            if not sum(outcomes):
                return
        raise AssertionError("the events never end")

    def times(self, clinic) -> list[tuple]:
        rows = WaitlistOffer.objects.filter(status="open").values_list("practitioner_id", "start")
        return inside(clinic, lambda: list(rows))

    def test_every_time_goes_to_one_person_and_every_person_gets_one_time(self, clinic):
        visits = self.arrange(clinic, STORM)
        self.cancel_all(clinic, visits)
        self.deliver()
        times = self.times(clinic)
        assert len(times) == len(set(times)) == STORM
        asked = inside(clinic, lambda: list(WaitlistOffer.objects.values_list("entry__patient_id", flat=True)))
        assert len(asked) == len(set(asked)) == STORM
        assert overlaps() == 0

        made = inside(clinic, lambda: list(WaitlistOffer.objects.select_related("organization")))
        outcomes = at_once(
            CLIENTS,
            made * 2,
            lambda one: inside(clinic, accept_offer, offer=one, by="sms", actor=BOT),
        )
        assert Counter(type(one).__name__ for one in outcomes) == {"Appointment": 2 * STORM}
        filled = inside(clinic, Appointment.objects.filter(status=Status.BOOKED, source=Source.WAITLIST).count)
        assert (filled, booked(clinic), overlaps()) == (STORM, STORM, 0)

    def test_control_without_the_lock_and_the_constraints_people_are_asked_twice(self, clinic, monkeypatch):
        visits = self.arrange(clinic, 12)
        inside(clinic, lambda: WaitlistEntry.objects.filter(pk__in=_spare(4)).update(status=WaitStatus.REMOVED))
        self.cancel_all(clinic, visits)
        without_waitlist_lock(monkeypatch)
        with without_unique_offers():
            at_once(8, visits, lambda visit: self._fill(clinic, visit))
            asked = Counter(inside(clinic, lambda: list(WaitlistOffer.objects.values_list("entry_id", flat=True))))
            assert max(asked.values()) > 1

    def test_few_people_are_never_asked_about_two_times_at_once(self, clinic):
        visits = self.arrange(clinic, 12)
        inside(clinic, lambda: WaitlistEntry.objects.filter(pk__in=_spare(4)).update(status=WaitStatus.REMOVED))
        self.cancel_all(clinic, visits)
        at_once(8, visits, lambda visit: self._fill(clinic, visit))
        asked = Counter(inside(clinic, lambda: list(WaitlistOffer.objects.values_list("entry_id", flat=True))))
        assert sorted(asked.values()) == [1] * 4

    def _fill(self, clinic, visit: Appointment) -> list[WaitlistOffer]:
        return inside(
            clinic,
            fill_slot,
            organization=clinic.organization,
            practitioner=next(one for one in clinic.practitioners if one.pk == visit.practitioner_id),
            location=clinic.location,
            start=visit.start,
            end=visit.end,
        )


def _spare(kept: int) -> list:
    """Return the ids of all waiting entries but the first so many."""
    return list(WaitlistEntry.objects.filter(status="waiting").order_by("created_at").values_list("pk", flat=True))[
        kept:
    ]


def test_household_with_one_phone_is_never_asked_twice_at_once(clinic):
    entries = [waiting(clinic, somebody(clinic, phone="+12125550142")) for _number in range(6)]

    def fill(place: int) -> list[WaitlistOffer]:
        start = clinic.opens + place * HALF_HOUR
        return inside(
            clinic,
            fill_slot,
            organization=clinic.organization,
            practitioner=clinic.practitioner,
            location=clinic.location,
            start=start,
            end=start + HALF_HOUR,
        )

    at_once(6, range(6), fill)
    assert sum(len(offers_of(entry)) for entry in entries) == 1


class TestHoldsThatRanOut:
    """Whoever books clears an offer's hold that ran out, with the practitioner locked; nobody waits for them the other way."""

    @staticmethod
    def let_hold_run_out(clinic, made: WaitlistOffer) -> WaitlistOffer:
        past = timezone.now() - dt.timedelta(seconds=1)
        with organization_scope(clinic.organization.pk):
            Appointment.objects.filter(pk=made.hold_id).update(held_until=past)
            WaitlistOffer.objects.filter(pk=made.pk).update(expires_at=past)
        return made

    def test_undoing_a_cancellation_and_booking_its_time_end_without_a_deadlock(self, clinic, monkeypatch) -> None:
        visit = visit_of(clinic, clinic.opens)
        inside(clinic, cancel_appointment, appointment=visit, reason="patient", actor=SYSTEM)
        self.let_hold_run_out(clinic, offered(clinic))
        other = somebody(clinic)
        undo = partial(inside, clinic, undo_status, appointment=visit, actor=SYSTEM)
        book = partial(visit_of, clinic, clinic.opens, other)
        outcomes = meet(monkeypatch, undo, book, before=(visits, "lock_for"))
        assert Counter(type(outcome) for outcome in outcomes) == {Appointment: 1, SlotUnavailable: 1}
        assert (booked(clinic), overlaps()) == (1, 0)

    @pytest.mark.parametrize("asks_for_all", [True, False])
    def test_undoing_takes_back_an_offer_whose_patient_books_what_the_other_held(
        self, clinic, monkeypatch, asks_for_all
    ) -> None:
        """Both clear both holds: the undo that of the offer and its own patient's, the booking its patient's and that one."""
        _first, second = clinic.practitioners
        visit = visit_of(clinic, clinic.opens)
        inside(clinic, cancel_appointment, appointment=visit, reason="patient", actor=SYSTEM)
        elsewhere = inside(
            *(clinic, hold_slot),
            organization=clinic.organization,
            appointment_type=clinic.appointment_type,
            practitioner=second,
            location=clinic.location,
            start=clinic.opens,
            patient=visit.patient,
            held_for=uuid.uuid4(),
            actor=BOT,
        )
        made = self.let_hold_run_out(clinic, offered(clinic))
        assert elsewhere.pk < made.hold_id
        inside(clinic, Appointment.objects.held().update, held_until=timezone.now())
        if not asks_for_all:
            monkeypatch.setattr(offers, "expired_in_the_way", lambda _wanted: [])

        undo = partial(inside, clinic, undo_status, appointment=visit, actor=SYSTEM)
        book = partial(visit_of, clinic, clinic.opens, made.entry.patient, practitioner=second)
        outcomes = meet(monkeypatch, undo, book, before=(visits, "refuse_hard_conflicts"))
        assert are_thrown_out(outcomes) != asks_for_all
        assert overlaps() == 0

    def test_moving_back_and_booking_that_time_end_without_a_deadlock(self, clinic, monkeypatch) -> None:
        visit = visit_of(clinic, clinic.opens)
        inside(clinic, reschedule_appointment, appointment=visit, start=clinic.opens + 4 * HALF_HOUR, actor=SYSTEM)
        self.let_hold_run_out(clinic, offered(clinic))
        other = somebody(clinic)
        undo = partial(inside, clinic, undo_reschedule, appointment=visit, actor=SYSTEM)
        book = partial(visit_of, clinic, clinic.opens, other)
        outcomes = meet(monkeypatch, undo, book, before=(changes, "lock_for"))
        assert Counter(type(outcome) for outcome in outcomes) == {Appointment: 1, SlotUnavailable: 1}
        assert overlaps() == 0

    def test_offering_a_time_anew_and_booking_it_end_without_a_deadlock(self, clinic, monkeypatch) -> None:
        self.let_hold_run_out(clinic, offered(clinic))
        entry, other = waiting(clinic), somebody(clinic)
        offer = partial(
            inside,
            *(clinic, offer_slot),
            entry=entry,
            practitioner=clinic.practitioner,
            location=clinic.location,
            start=clinic.opens,
            actor=SYSTEM,
        )
        book = partial(visit_of, clinic, clinic.opens, other)
        outcomes = meet(monkeypatch, offer, book, before=(offers, "hold_slot"))
        kinds = Counter(type(outcome) for outcome in outcomes)
        assert kinds in ({Appointment: 1, SlotUnavailable: 1}, {WaitlistOffer: 1, SlotUnavailable: 1})
        assert overlaps() == 0

    def test_the_sweep_of_offers_leaves_alone_what_somebody_clears_and_takes_it_later(self, clinic) -> None:
        made = self.let_hold_run_out(clinic, offered(clinic))
        swept: list[int] = []
        sweeper = threading.Thread(target=lambda: swept.extend(at_once(1, [None], lambda _job: expire_offers())))
        with organization_scope(clinic.organization.pk):
            assert Appointment.objects.select_for_update(no_key=True).get(pk=made.hold_id).status == Status.HELD
            sweeper.start()
            sweeper.join(20)
            assert swept == [0]
        assert (expire_offers(), again(made).status) == (1, OfferStatus.EXPIRED)

    def test_an_offer_whose_hold_became_a_visit_is_swept(self, clinic) -> None:
        made = self.let_hold_run_out(clinic, offered(clinic))
        inside(clinic, Appointment.objects.filter(pk=made.hold_id).update, status=Status.BOOKED, held_until=None)
        assert (expire_offers(), again(made).status) == (1, OfferStatus.EXPIRED)


@pytest.mark.parametrize("asks_for_all", [True, False])
def test_offering_a_time_to_two_meets_a_booking_in_any_room(clinic, monkeypatch, asks_for_all) -> None:
    """The second offer needs a room while the first has its patient, for whom somebody books a visit in any room."""
    owner = {"organization": clinic.organization}
    RoomFactory(**owner, location=clinic.location)
    roomy = AppointmentTypeFactory(**owner, duration_minutes=30, step_minutes=30, needs_room=True)
    for person in clinic.practitioners:
        PractitionerTypeFactory(**owner, practitioner=person, appointment_type=roomy)
    longest = waiting(clinic, created_at=timezone.now() - dt.timedelta(days=3))
    waiting(clinic, appointment_type=roomy)
    if not asks_for_all:
        monkeypatch.setattr(filling, "lock_for", lambda *_wanted: {})
    there = {"practitioner": clinic.practitioners[1], "appointment_type": roomy}
    book = partial(visit_of, clinic, clinic.opens + 8 * HALF_HOUR, longest.patient, **there)
    outcomes = meet(monkeypatch, partial(fill_an_hour, clinic), book, before=(holds, "lock_for"), call=2)
    assert are_thrown_out(outcomes) != asks_for_all
    if asks_for_all:
        assert sorted(len(outcome) for outcome in outcomes if isinstance(outcome, list)) == [2]


class TestSeveralAtOnce:
    """Several visits of one transaction each clear what ran out in their way; all of it is locked before the first."""

    def arrange(self, clinic, monkeypatch, *, asks_for_all: bool) -> AppointmentType:
        """Leave two holds in the one room, the later first, that ran out; return a type of an hour that needs the room."""
        owner = {"organization": clinic.organization}
        RoomFactory(**owner, location=clinic.location)
        short, long = (
            AppointmentTypeFactory(**owner, duration_minutes=minutes, step_minutes=30, needs_room=True)
            for minutes in (30, 60)
        )
        for person in clinic.practitioners:
            for kind in (short, long):
                PractitionerTypeFactory(**owner, practitioner=person, appointment_type=kind)
        for start in (clinic.opens + HALF_HOUR, clinic.opens):
            inside(
                *(clinic, hold_slot),
                **owner,
                appointment_type=short,
                practitioner=clinic.practitioner,
                location=clinic.location,
                start=start,
                held_for=uuid.uuid4(),
                actor=BOT,
            )
        inside(clinic, Appointment.objects.held().update, held_until=timezone.now())
        if not asks_for_all:
            monkeypatch.setattr(placing, "expired_in_the_way", lambda _wanted: [])
        return long

    def booking_of(self, clinic, kind: AppointmentType) -> Callable[[], Appointment]:
        there = {"practitioner": clinic.practitioners[1], "appointment_type": kind}
        return partial(visit_of, clinic, clinic.opens, somebody(clinic), **there)

    @pytest.mark.parametrize("asks_for_all", [True, False])
    def test_two_offers_and_a_booking(self, clinic, monkeypatch, asks_for_all) -> None:
        waiting(clinic)
        waiting(clinic)
        kind = self.arrange(clinic, monkeypatch, asks_for_all=asks_for_all)
        fill = partial(fill_an_hour, clinic)
        outcomes = meet(monkeypatch, fill, self.booking_of(clinic, kind), before=(holds, "lock_for"), call=2)
        assert are_thrown_out(outcomes) != asks_for_all

    @pytest.mark.parametrize("asks_for_all", [True, False])
    def test_two_undone_cancellations_and_a_booking(self, clinic, monkeypatch, asks_for_all) -> None:
        one, two = visit_of(clinic, clinic.opens), visit_of(clinic, clinic.opens + HALF_HOUR)
        ids = [one.pk, two.pk]
        done = inside(
            *(clinic, cancel_together),
            organization=clinic.organization,
            appointment_ids=ids,
            reason="clinic",
            actor=SYSTEM,
        )
        kind = self.arrange(clinic, monkeypatch, asks_for_all=asks_for_all)
        undo = partial(
            inside,
            *(clinic, undo_together),
            organization=clinic.organization,
            at=done.at,
            first=one.start,
            last=two.start,
            actor=SYSTEM,
        )
        outcomes = meet(monkeypatch, undo, self.booking_of(clinic, kind), before=(visits, "lock_for"), call=2)
        assert are_thrown_out(outcomes) != asks_for_all
