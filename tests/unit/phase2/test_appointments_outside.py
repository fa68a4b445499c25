"""Visits that the plan does not cover: found, foreseen before a change, listed until somebody does something about them."""

from __future__ import annotations

import datetime as dt
import random
from functools import partial

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.appointments import services
from apps.appointments.conflicts import check_booking
from apps.appointments.models import Appointment, Status
from apps.appointments.outside import OUTSIDE, OutsideVisit, Span, affected_by, find_outside, outside_visits
from apps.communications.models import Communication
from apps.communications.models import Status as Sending
from apps.core.actors import SYSTEM
from apps.core.errors import Conflict, InvalidInput, InvalidTransition, NotAllowed
from apps.events.models import Event
from apps.notifications.defaults import install_defaults
from apps.notifications.models import StaffNotice
from apps.practitioners.models import TimeOff
from apps.practitioners.services import (
    HoursRow,
    add_closure,
    add_time_off,
    rows_of,
    set_weekly_hours,
    update_practitioner,
    update_room,
)
from apps.practitioners.services import update_location as change_location
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.patients import PatientFactory
from tests.fixtures.practitioners import (
    BusyTimeFactory,
    ClosureFactory,
    PractitionerFactory,
    RoomFactory,
    TimeOffFactory,
    WeeklyHoursFactory,
)
from tests.fixtures.shared import MONDAY

FRIDAY = MONDAY - dt.timedelta(days=3)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def friday_before():
    with time_machine.travel(FRIDAY, tick=False):
        yield


@pytest.fixture
def visit(bookable, patient):
    """Ana López's, Monday 09:00."""
    return book(bookable, MONDAY, patient=patient)


def book(bookable, start: dt.datetime, **fields) -> Appointment:
    given = {
        "organization": bookable.organization,
        "practitioner": bookable.practitioner,
        "location": bookable.location,
        "appointment_type": bookable.appointment_type,
    }
    return AppointmentFactory(**(given | {"start": start} | fields))


def time_off(bookable, actor, start: dt.datetime = MONDAY, hours: int = 3):
    return partial(add_time_off, practitioner=bookable.practitioner, start=start, end=start + hours * HOUR, actor=actor)


def codes(found: list[OutsideVisit]) -> list[set[str]]:
    return [{problem.code for problem in one.problems} for one in found]


class TestFinding:
    def test_a_visit_within_the_plan_is_not_listed(self, bookable, visit):
        assert outside_visits(Span(bookable.organization)) == []

    @pytest.mark.parametrize(
        ("start", "minutes"),
        [
            (MONDAY - HOUR, 30),
            (MONDAY + 3 * HOUR, 30),
            (MONDAY + 2.75 * HOUR, 30),
            (MONDAY + 5 * DAY, 30),
        ],
        ids=["before", "in the break", "into the break", "on Saturday"],
    )
    def test_outside_the_hours(self, bookable, start, minutes):
        made = book(bookable, start, end=start + dt.timedelta(minutes=minutes))
        (found,) = outside_visits(Span(bookable.organization))
        assert found.appointment == made
        assert codes([found]) == [{"outside_hours"}]
        assert found.problems[0].message.startswith("Dr Amara Okonkwo")

    def test_stretches_that_touch_are_one(self, bookable):
        for start, end in ((dt.time(17), dt.time(18)), (dt.time(18), dt.time(20))):
            WeeklyHoursFactory(
                organization=bookable.organization,
                practitioner=bookable.practitioner,
                location=bookable.location,
                start_time=start,
                end_time=end,
            )
        book(bookable, MONDAY + 8.75 * HOUR)
        assert outside_visits(Span(bookable.organization)) == []

    def test_absences_closures_and_what_is_out_of_use_are_said_all_at_once(self, bookable, patient):
        organization, who, where = bookable.organization, bookable.practitioner, bookable.location
        room = RoomFactory(organization=organization, location=where, is_active=False)
        book(bookable, MONDAY, patient=patient, room=room)
        TimeOffFactory(organization=organization, practitioner=who)
        BusyTimeFactory(organization=organization, practitioner=who)
        ClosureFactory(organization=organization, location=None)
        who.is_active = where.is_active = False
        who.save()
        where.save()
        assert codes(outside_visits(Span(organization))) == [OUTSIDE - {"outside_hours"}]

    def test_what_has_begun_is_over_or_is_called_off_is_nobodys_task(self, bookable):
        sunday = MONDAY - DAY
        for status in (Status.ARRIVED, Status.CANCELLED, Status.NO_SHOW, Status.FULFILLED):
            book(bookable, sunday, status=status, practitioner=PractitionerFactory(organization=bookable.organization))
        book(bookable, FRIDAY - DAY - 6 * HOUR)
        assert find_outside(Span(bookable.organization)) == {}

    @pytest.mark.parametrize(
        ("begins", "hours", "words"),
        [
            (MONDAY - 9 * HOUR, 24, "is away all day."),
            (MONDAY - 9 * HOUR, 48, "is away until the end of Tuesday 24 November."),
            (MONDAY, 15, "is away until the end of Monday 23 November."),
            (MONDAY, 3, "is away until Monday 23 November 12:00."),
        ],
    )
    def test_an_absence_to_midnight_names_its_last_day(self, bookable, manager_actor, visit, begins, hours, words):
        time_off(bookable, manager_actor, begins, hours)()
        (found,) = outside_visits(Span(bookable.organization))
        assert [one.message for one in found.problems if one.code == "time_off"] == [f"Dr Amara Okonkwo {words}"]

    def test_inactive_closures_and_other_peoples_absences_affect_nobody(self, bookable, visit):
        organization = bookable.organization
        ClosureFactory(organization=organization, is_active=False)
        ClosureFactory(organization=organization, location=LocationFactory(organization=organization))
        TimeOffFactory(organization=organization, practitioner=PractitionerFactory(organization=organization))
        assert find_outside(Span(organization)) == {}

    def test_a_span_narrows_to_a_person_a_place_a_room_and_a_time(self, bookable):
        organization = bookable.organization
        room = RoomFactory(organization=organization, location=bookable.location)
        late = book(bookable, MONDAY + 10 * HOUR, room=room)
        other = book(bookable, MONDAY + 34 * HOUR, practitioner=PractitionerFactory(organization=organization))

        def ids(**narrow: object) -> set:
            return {one.id for one in find_outside(Span(organization, **narrow))}

        assert ids() == {late.pk, other.pk}
        assert ids(practitioner=bookable.practitioner) == {late.pk}
        assert ids(room=room) == {late.pk}
        assert ids(location=LocationFactory(organization=organization)) == set()
        assert ids(start=late.start, end=late.end) == {late.pk}
        assert ids(start=late.end, end=other.end) == {other.pk}

    def test_other_clinics_are_not_looked_at(self, bookable, other_organization):
        AppointmentFactory(organization=other_organization, start=MONDAY - HOUR)
        assert find_outside(Span(bookable.organization)) == {}

    def test_more_visits_ask_no_more_questions(self, bookable):
        def questions() -> int:
            with CaptureQueriesContext(connection) as caught:
                outside_visits(Span(bookable.organization))
            return len(caught)

        book(bookable, MONDAY - HOUR)
        few = questions()
        for day in range(1, 20):
            book(bookable, MONDAY - HOUR + day * DAY)
        assert questions() == few == 4

    @pytest.mark.parametrize("seed", range(12))
    def test_it_says_what_booking_would_say(self, bookable, seed):
        """For random plans and times, days on which the clocks change among them: the codes of `check_booking`."""
        dice = random.Random(seed)
        organization, who, where = bookable.organization, bookable.practitioner, bookable.location
        change = dt.datetime(2027, 3, 14, 5, tzinfo=dt.UTC) if seed % 2 else dt.datetime(2027, 11, 7, 4, tzinfo=dt.UTC)
        set_weekly_hours(practitioner=who, hours=list(random_week(dice, where)), actor=SYSTEM)
        for _absence in range(3):
            start = change + dice.randrange(96) * HOUR / 2
            factory = dice.choice([TimeOffFactory, BusyTimeFactory, ClosureFactory])
            owner = {"location": dice.choice([None, where])} if factory is ClosureFactory else {"practitioner": who}
            if factory is not TimeOffFactory or not TimeOff.objects.exists():
                factory(organization=organization, period=(start, start + 4 * HOUR), **owner)
        visits = [book(bookable, change + n * HOUR / 2, end=change + n * HOUR / 2 + HOUR / 2) for n in range(96)]
        found = {one.appointment.pk: codes([one])[0] for one in outside_visits(Span(organization))}
        for visit in visits:
            said = check_booking(
                organization=organization,
                appointment_type=visit.appointment_type,
                practitioner=who,
                location=where,
                start=visit.start,
                instead_of=visit,
            )
            assert found.get(visit.pk, set()) == {one.code for one in said} & OUTSIDE, visit.start


def random_week(dice: random.Random, location):
    """Yield stretches that don't overlap, some of them valid for a while only."""
    for weekday in range(7):
        at = 0
        while (at := at + dice.choice([0, 0, 60, 90, 240])) < 22 * 60:
            end = min(at + dice.choice([60, 120, 300]), 23 * 60 + 59)
            dates = dice.choice(
                [(None, None), (None, None), (dt.date(2027, 11, 7), None), (None, dt.date(2027, 3, 14))]
            )
            yield HoursRow(weekday, location, clock(at), clock(end), None, *dates)
            at = end


def clock(minutes: int) -> dt.time:
    return dt.time(*divmod(minutes, 60))


class TestForeseeing:
    def test_it_names_who_would_be_affected_and_leaves_no_trace(self, bookable, visit, manager_actor):
        book(bookable, MONDAY + 4 * HOUR)
        events = Event.objects.count()
        (found,) = affected_by(time_off(bookable, manager_actor), span=Span(bookable.organization))
        assert (found.appointment, codes([found])) == (visit, [{"time_off"}])
        assert not TimeOff.objects.exists()
        assert Event.objects.count() == events

    def test_what_was_outside_before_is_not_said_to_be_affected(self, bookable, visit, manager_actor):
        TimeOffFactory(organization=bookable.organization, practitioner=bookable.practitioner)
        shorter = [row for row in rows_of(bookable.practitioner) if row.weekday != 2]
        change = partial(set_weekly_hours, practitioner=bookable.practitioner, hours=shorter, actor=manager_actor)
        assert affected_by(change, span=Span(bookable.organization)) == []

    def test_a_further_reason_is(self, bookable, visit, manager_actor):
        TimeOffFactory(organization=bookable.organization, practitioner=bookable.practitioner)
        change = partial(set_weekly_hours, practitioner=bookable.practitioner, hours=[], actor=manager_actor)
        assert codes(affected_by(change, span=Span(bookable.organization))) == [{"time_off", "outside_hours"}]

    def test_each_change_of_the_plan_can_be_foreseen(self, bookable, patient, manager_actor):
        organization, who, where = bookable.organization, bookable.practitioner, bookable.location
        room = RoomFactory(organization=organization, location=where)
        book(bookable, MONDAY, patient=patient, room=room)
        off = {"changes": {"is_active": False}, "actor": manager_actor}
        changes = {
            "practitioner_inactive": partial(update_practitioner, practitioner=who, **off),
            "location_inactive": partial(change_location, location=where, **off),
            "room_inactive": partial(update_room, room=room, **off),
            "closure": partial(
                add_closure,
                organization=organization,
                start=MONDAY,
                end=MONDAY + HOUR,
                reason="Drill",
                actor=manager_actor,
            ),
        }
        for code, change in changes.items():
            assert codes(affected_by(change, span=Span(organization))) == [{code}]

    def test_holidays_of_another_country_are_foreseen(self, bookable, patient, manager_actor):
        constitution_day = dt.datetime(2026, 12, 8, 15, tzinfo=dt.UTC)
        made = book(bookable, constitution_day, patient=patient)
        observe = partial(
            change_location,
            location=bookable.location,
            changes={"observes_holidays": True, "country": "ES"},
            actor=manager_actor,
        )
        (found,) = affected_by(observe, span=Span(bookable.organization))
        assert found.appointment == made
        assert "Immaculate Conception" in found.problems[0].message

    def test_what_the_change_refuses_is_refused(self, bookable, manager_actor):
        TimeOffFactory(organization=bookable.organization, practitioner=bookable.practitioner)
        with pytest.raises(Conflict):
            affected_by(time_off(bookable, manager_actor), span=Span(bookable.organization))


class TestChanging:
    def test_visits_stay_booked_and_listed_and_somebody_is_told(self, bookable, visit, manager_actor, front_desk):
        done = services.change_plan(
            time_off(bookable, manager_actor),
            span=Span(bookable.organization, practitioner=bookable.practitioner),
            actor=manager_actor,
        )
        assert (done.answer.practitioner, [one.appointment for one in done.affected]) == (
            bookable.practitioner,
            [visit],
        )
        visit.refresh_from_db()
        assert (visit.status, visit.start) == (Status.BOOKED, MONDAY)
        assert [one.id for one in find_outside(Span(bookable.organization))] == [visit.pk]
        notice = StaffNotice.objects.get(user=front_desk.user)
        assert notice.text == "1 booked visit no longer fits the plan. Move it, or tell the patient."
        assert notice.url == f"/appointments/outside/?practitioner={bookable.practitioner.pk}"

    def test_nobody_is_told_when_nobody_is_affected(self, bookable, manager_actor, front_desk):
        change = time_off(bookable, manager_actor)
        services.change_plan(change, span=Span(bookable.organization), tell_patients=True, actor=manager_actor)
        assert not StaffNotice.objects.exists()
        assert not Communication.objects.exists()

    def test_patients_are_asked_in_their_language_once(
        self, bookable, visit, patient, manager_actor, sms_account, consents
    ):
        install_defaults(organization=bookable.organization)
        patient.language = "es"
        patient.save()
        services.change_plan(
            time_off(bookable, manager_actor),
            span=Span(bookable.organization),
            tell_patients=True,
            actor=manager_actor,
        )
        again = services.ask_for_another_time(appointment=visit, actor=manager_actor)
        row = Communication.objects.get()
        assert (again, row.reason) == (row, "")
        assert (row.template_key, row.language, row.status) == ("appointment-choose-time", "es", Sending.QUEUED)
        assert "no va a poder ser a esa hora" in row.body
        assert "lunes" in row.body

    def test_a_question_about_a_visit_that_was_moved_meanwhile_is_called_off(
        self, bookable, visit, patient, manager_actor, sms_account, consents
    ):
        install_defaults(organization=bookable.organization)
        asked = services.ask_for_another_time(appointment=visit, actor=manager_actor)
        assert asked.status == Sending.QUEUED
        services.reschedule_appointment(appointment=visit, start=MONDAY + DAY, actor=manager_actor)
        asked.refresh_from_db()
        assert asked.status == Sending.CANCELLED

    def test_a_patient_who_cannot_be_reached_has_a_row_that_says_so(self, bookable, manager_actor):
        install_defaults(organization=bookable.organization)
        visit = book(bookable, MONDAY, patient=PatientFactory(organization=bookable.organization))
        row = services.ask_for_another_time(appointment=visit, actor=manager_actor)
        assert (row.status, row.reason) == (Sending.CANCELLED, "Skipped: the patient has no phone number.")

    def test_visits_that_are_over_are_not_asked_about(self, bookable, visit, manager_actor):
        Appointment.objects.update(status=Status.FULFILLED)
        with pytest.raises(InvalidTransition):
            services.ask_for_another_time(appointment=visit, actor=manager_actor)


class TestResolving:
    @pytest.fixture(autouse=True)
    def away(self, bookable):
        TimeOffFactory(organization=bookable.organization, practitioner=bookable.practitioner)

    def test_moving_it_takes_it_off_the_list(self, bookable, visit, manager_actor):
        services.reschedule_appointment(appointment=visit, start=MONDAY + DAY, actor=manager_actor)
        assert find_outside(Span(bookable.organization)) == {}

    def test_undoing_the_move_puts_it_back_on_the_list(self, bookable, visit, manager_actor):
        moved = services.reschedule_appointment(appointment=visit, start=MONDAY + DAY, actor=manager_actor)
        back = services.put_back(
            appointment=moved,
            start=MONDAY,
            practitioner=visit.practitioner,
            location=visit.location,
            version=moved.version,
            actor=manager_actor,
        )
        assert (back.start, back.version) == (MONDAY, 3)
        (found,) = outside_visits(Span(bookable.organization))
        assert not found.on_purpose

    def test_front_desk_may_not_put_it_back(self, bookable, visit, actor):
        moved = services.reschedule_appointment(appointment=visit, start=MONDAY + DAY, actor=actor)
        with pytest.raises(NotAllowed):
            services.put_back(
                appointment=moved,
                start=MONDAY,
                practitioner=visit.practitioner,
                location=visit.location,
                actor=actor,
            )

    def test_keeping_it_on_purpose_keeps_the_reason(self, bookable, visit, manager_actor):
        services.keep_appointment(appointment=visit, reason=" Comes in for her ", actor=manager_actor)
        (found,) = outside_visits(Span(bookable.organization))
        assert (found.on_purpose, found.appointment.override_reason) == (True, "Comes in for her")
        assert found.appointment.version == 1
        assert Event.objects.filter(type="appointment.kept", subject_id=visit.pk).count() == 1

    def test_keeping_needs_a_reason_and_a_manager(self, visit, manager_actor, actor):
        with pytest.raises(InvalidInput):
            services.keep_appointment(appointment=visit, reason=" ", actor=manager_actor)
        with pytest.raises(NotAllowed):
            services.keep_appointment(appointment=visit, reason="Why not", actor=actor)
