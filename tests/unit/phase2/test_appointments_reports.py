"""Reports: exact figures on small, hand-made appointment books."""

from __future__ import annotations

import csv
import datetime as dt
import uuid
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.appointments.models import Appointment, CancelReason, Source, Status
from apps.appointments.reports import (
    SHEETS,
    Bucket,
    Cancellations,
    Grouping,
    LeadTimes,
    NoShows,
    Scope,
    Share,
    Stretch,
    Utilisation,
    cancellations_of,
    lead_times_of,
    make_scope,
    names_of,
    no_shows_of,
    utilisation_of,
)
from apps.appointments.reports.files import csv_lines, safe_cell
from apps.appointments.reports.sheets import ACTOR_WORDS, REASON_WORDS
from apps.appointments.reports.visits import ACTORS, REASONS
from apps.appointments.services import cancel_appointment
from apps.core.actors import Actor, patient_actor
from apps.core.errors import InvalidInput
from apps.practitioners.models import WeeklyHours
from tests.fixtures.appointments import AppointmentFactory, AppointmentTypeFactory
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.practitioners import (
    BusyTimeFactory,
    ClosureFactory,
    PractitionerFactory,
    TimeOffFactory,
    WeeklyHoursFactory,
)
from tests.fixtures.shared import MONDAY

HOUR, DAY, MINUTE = dt.timedelta(hours=1), dt.timedelta(days=1), dt.timedelta(minutes=1)
FIRST, LAST = dt.date(2026, 11, 23), dt.date(2026, 11, 29)  # Monday to Sunday: 5 × 7 hours of `bookable`
WEEK_MINUTES = 5 * 7 * 60

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_week_later():
    """When all of these visits are over."""
    with time_machine.travel(MONDAY + 10 * DAY, tick=False):
        yield


def scope_of(bookable: SimpleNamespace, first: dt.date = FIRST, last: dt.date = LAST, **more: object) -> Scope:
    return make_scope(organization=bookable.organization, first=first, last=last, **more)


def ask(report, bookable: SimpleNamespace, *args: dt.date, **more: object):
    scope = scope_of(bookable, *args, **more)
    return report(scope=scope, names=names_of(scope))


def visit(bookable: SimpleNamespace, start: dt.datetime, minutes: int = 30, **fields: object) -> Appointment:
    """A visit that took place, unless the fields say otherwise; `created_at` is when it was booked."""
    created_at = fields.pop("created_at", None)
    end = start + minutes * MINUTE
    values = {
        "organization": bookable.organization,
        "practitioner": bookable.practitioner,
        "location": bookable.location,
        "appointment_type": bookable.appointment_type,
        "status": Status.FULFILLED,
        "start": start,
        "end": end,
        "busy_period": (start, end),
    }
    made = AppointmentFactory(**(values | fields))
    if created_at is not None:
        Appointment.objects.filter(pk=made.pk).update(created_at=created_at)
    return made


def cancelled(bookable: SimpleNamespace, start: dt.datetime, notice: dt.timedelta, **fields: object) -> Appointment:
    values = {"cancelled_at": start - notice, "cancel_reason": CancelReason.PATIENT, "status": Status.CANCELLED}
    return visit(bookable, start, **(values | fields))


class TestScope:
    def test_days_are_the_organizations_unless_a_location_is_named(self, bookable):
        kolkata = LocationFactory(organization=bookable.organization, timezone="Asia/Kolkata")
        assert scope_of(bookable).start == dt.datetime(2026, 11, 23, 5, tzinfo=dt.UTC)
        assert scope_of(bookable, location=kolkata).start == dt.datetime(2026, 11, 22, 18, 30, tzinfo=dt.UTC)

    def test_a_week_in_which_the_clocks_change_has_an_hour_more(self, bookable):
        scope = scope_of(bookable, dt.date(2026, 10, 26), dt.date(2026, 11, 1))
        assert scope.end - scope.start == 7 * DAY + HOUR

    @pytest.mark.parametrize(
        ("last", "bucket", "number"),
        [
            (dt.date(2026, 1, 1), Bucket.DAY, 1),
            (dt.date(2026, 2, 4), Bucket.DAY, 35),
            (dt.date(2026, 2, 5), Bucket.WEEK, 6),
            (dt.date(2026, 7, 9), Bucket.WEEK, 28),
            (dt.date(2026, 7, 10), Bucket.MONTH, 7),
            (dt.date(2026, 12, 31), Bucket.MONTH, 12),
        ],
    )
    def test_points_are_as_long_as_the_period_needs(self, bookable, last, bucket, number):
        scope = scope_of(bookable, dt.date(2026, 1, 1), last)
        assert (scope.bucket, len(scope.stretches), len(scope.edges)) == (bucket, number, number)

    def test_the_first_and_the_last_week_are_cut_and_nothing_is_missing_between(self, bookable):
        stretches = scope_of(bookable, dt.date(2026, 1, 1), dt.date(2026, 2, 10)).stretches
        assert stretches[0] == Stretch(dt.date(2026, 1, 1), dt.date(2026, 1, 4))
        assert stretches[1] == Stretch(dt.date(2026, 1, 5), dt.date(2026, 1, 11))
        assert stretches[-1] == Stretch(dt.date(2026, 2, 9), dt.date(2026, 2, 10))

    @pytest.mark.parametrize(
        ("first", "last", "field", "says"),
        [
            (LAST, FIRST, "last", "Choose 2026-11-29 or a later day"),
            (FIRST, FIRST + 366 * DAY, "last", "Choose a day up to 2027-11-23"),
            (dt.date(1, 1, 1), FIRST, "first", "between the years 1900 and 2200"),
            (FIRST, dt.date(9999, 12, 31), "last", "between the years 1900 and 2200"),
        ],
    )
    def test_days_that_no_report_can_answer_are_refused_at_their_field(self, bookable, first, last, field, says):
        with pytest.raises(InvalidInput) as refusal:
            scope_of(bookable, first, last)
        assert says in refusal.value.errors[field][0]

    def test_a_year_is_not_too_long(self, bookable):
        assert scope_of(bookable, FIRST, FIRST + 365 * DAY).days == 366


class TestUtilisation:
    def test_booked_minutes_are_divided_by_the_hours(self, bookable):
        visit(bookable, MONDAY, 30)
        visit(bookable, MONDAY + DAY, 60, status=Status.BOOKED)
        total = ask(utilisation_of, bookable).total
        assert total == Utilisation(available_minutes=WEEK_MINUTES, booked_minutes=90)
        assert total.share == Share(90, WEEK_MINUTES)

    def test_holds_and_cancelled_visits_are_not_booked(self, bookable):
        visit(bookable, MONDAY, status=Status.HELD, patient=None, held_until=MONDAY)
        cancelled(bookable, MONDAY + HOUR, DAY)
        assert ask(utilisation_of, bookable).total.booked_minutes == 0

    def test_time_of_missed_visits_is_told_apart_and_counts_as_booked_only_where_somebody_else_came(self, bookable):
        visit(bookable, MONDAY, 60, status=Status.NO_SHOW)
        visit(bookable, MONDAY + 30 * MINUTE, 60)
        total = ask(utilisation_of, bookable).total
        assert (total.booked_minutes, total.missed_minutes) == (60, 30)

    def test_buffers_are_not_booked_time(self, bookable):
        visit(bookable, MONDAY + HOUR, 30, busy_period=(MONDAY, MONDAY + 2 * HOUR))
        assert ask(utilisation_of, bookable).total.booked_minutes == 30

    def test_a_group_takes_its_time_once(self, bookable):
        session = uuid.uuid4()
        for seat in range(4):
            visit(bookable, MONDAY, 60, session=session, seat=seat)
        assert ask(utilisation_of, bookable).total.booked_minutes == 60
        assert ask(no_shows_of, bookable).total.fulfilled == 4

    def test_overbooked_lanes_never_make_more_than_there_is(self, bookable):
        for lane in range(4):
            visit(bookable, MONDAY, 180, lane=lane)
            visit(bookable, MONDAY + 4 * HOUR, 240, lane=lane)
        line = ask(utilisation_of, bookable, FIRST, FIRST).total
        assert line.share == Share(420, 420)

    def test_absences_that_overlap_are_taken_away_once(self, bookable):
        nine_to_eleven, ten_to_noon = (MONDAY, MONDAY + 2 * HOUR), (MONDAY + HOUR, MONDAY + 3 * HOUR)
        owner = {"organization": bookable.organization, "practitioner": bookable.practitioner}
        TimeOffFactory(**owner, period=nine_to_eleven)
        BusyTimeFactory(**owner, period=ten_to_noon)
        BusyTimeFactory(**owner, period=ten_to_noon)
        ClosureFactory(organization=bookable.organization, period=ten_to_noon)
        ClosureFactory(organization=bookable.organization, location=bookable.location, period=ten_to_noon)
        assert ask(utilisation_of, bookable).total.available_minutes == WEEK_MINUTES - 180

    def test_a_closure_that_is_not_in_force_takes_nothing_away(self, bookable):
        ClosureFactory(organization=bookable.organization, period=(MONDAY, MONDAY + HOUR), is_active=False)
        assert ask(utilisation_of, bookable).total.available_minutes == WEEK_MINUTES

    def test_a_closure_elsewhere_takes_nothing_away_here(self, bookable):
        elsewhere = LocationFactory(organization=bookable.organization)
        ClosureFactory(organization=bookable.organization, location=elsewhere, period=(MONDAY, MONDAY + HOUR))
        assert ask(utilisation_of, bookable).total.available_minutes == WEEK_MINUTES

    def test_an_absence_takes_away_its_owners_time_only(self, bookable):
        colleague = PractitionerFactory(organization=bookable.organization)
        TimeOffFactory(organization=bookable.organization, practitioner=colleague, period=(MONDAY, MONDAY + DAY))
        assert ask(utilisation_of, bookable).total.available_minutes == WEEK_MINUTES

    def test_hours_count_while_they_are_valid(self, bookable):
        WeeklyHours.objects.filter(weekday=2).update(valid_until=dt.date(2026, 11, 24))
        WeeklyHours.objects.filter(weekday=3).update(valid_from=dt.date(2026, 11, 26))
        assert ask(utilisation_of, bookable).total.available_minutes == WEEK_MINUTES - 7 * 60

    def test_work_beyond_the_hours_is_told_apart(self, bookable):
        visit(bookable, MONDAY - HOUR, 90)
        total = ask(utilisation_of, bookable).total
        assert (total.booked_minutes, total.outside_minutes) == (30, 60)

    def test_without_hours_there_is_no_share(self, bookable):
        sunday = ask(utilisation_of, bookable, LAST, LAST)
        assert sunday.total.share.ratio is None
        assert sunday.groups == ()

    @pytest.mark.parametrize(
        ("first", "minutes"),
        [(dt.date(2026, 3, 8), 23 * 60), (dt.date(2026, 11, 1), 25 * 60), (dt.date(2026, 11, 8), 24 * 60)],
    )
    def test_a_sunday_on_which_the_clocks_change_has_23_or_25_hours(self, bookable, first, minutes):
        WeeklyHoursFactory(
            organization=bookable.organization,
            practitioner=bookable.practitioner,
            location=bookable.location,
            weekday=6,
            start_time=dt.time(0),
            end_time=dt.time(23, 59),
        )
        assert ask(utilisation_of, bookable, first, first).total.available_minutes == minutes - 1

    def test_hours_and_visits_at_the_border_are_cut_by_the_period(self, bookable):
        """A place in Kolkata, seen by New York's days: its Monday's 09:00 to 17:00 is Sunday 22:30 to Monday 06:30."""
        place = LocationFactory(organization=bookable.organization, timezone="Asia/Kolkata")
        person = PractitionerFactory(organization=bookable.organization)
        WeeklyHoursFactory(organization=bookable.organization, practitioner=person, location=place, weekday=0)
        midnight = dt.datetime(2026, 11, 23, 5, tzinfo=dt.UTC)
        visit(bookable, midnight - 30 * MINUTE, 60, practitioner=person, location=place)
        report = ask(utilisation_of, bookable, FIRST, FIRST)
        line = {group.id: line for group, line in report.groups}[person.pk]
        assert (line.available_minutes, line.booked_minutes) == (6 * 60 + 30, 30)
        whole = ask(utilisation_of, bookable, FIRST, FIRST, location=place).total
        assert (whole.available_minutes, whole.booked_minutes) == (8 * 60, 60)

    def test_each_practitioner_and_location_has_a_line_and_the_lines_make_the_total(self, bookable):
        branch = LocationFactory(organization=bookable.organization, name="Branch")
        colleague = PractitionerFactory(organization=bookable.organization, family_name="Zuse")
        WeeklyHoursFactory(organization=bookable.organization, practitioner=colleague, location=branch)
        visit(bookable, MONDAY, 30)
        visit(bookable, MONDAY, 120, practitioner=colleague, location=branch)
        mine, theirs = Utilisation(WEEK_MINUTES, 30), Utilisation(480, 120)
        by_person = ask(utilisation_of, bookable)
        assert [line for _group, line in by_person.groups] == [mine, theirs]
        assert by_person.total == Utilisation(WEEK_MINUTES + 480, 150)
        by_place = ask(utilisation_of, bookable, by=Grouping.LOCATION)
        assert [(group.name, line) for group, line in by_place.groups] == [
            ("Branch", theirs),
            ("Harbour Street", mine),
        ]
        assert ask(utilisation_of, bookable, location=branch).total == theirs

    def test_by_type_everybodys_time_is_the_whole(self, bookable):
        review = AppointmentTypeFactory(organization=bookable.organization, name="Review")
        visit(bookable, MONDAY, 30)
        visit(bookable, MONDAY + HOUR, 60, appointment_type=review)
        report = ask(utilisation_of, bookable, by=Grouping.TYPE)
        assert [(group.name, line.share) for group, line in report.groups] == [
            ("Consultation", Share(30, WEEK_MINUTES)),
            ("Review", Share(60, WEEK_MINUTES)),
        ]

    def test_days_make_the_total(self, bookable):
        visit(bookable, MONDAY + 2 * DAY, 45)
        days = [line for _stretch, line in ask(utilisation_of, bookable).over_time]
        assert [line.available_minutes for line in days] == [420] * 5 + [0] * 2
        assert [line.booked_minutes for line in days] == [0, 0, 45, 0, 0, 0, 0]

    def test_who_is_out_of_use_is_left_out_with_their_visits(self, bookable):
        visit(bookable, MONDAY, 30)
        bookable.practitioner.is_active = False
        bookable.practitioner.save()
        assert ask(utilisation_of, bookable).total == Utilisation()


MIDNIGHT = dt.datetime(2026, 11, 23, 5, tzinfo=dt.UTC)  # of Monday in New York
WORK = {*range(9 * 60, 12 * 60), *range(13 * 60, 17 * 60)}
stretches = st.lists(st.tuples(st.integers(7 * 60, 18 * 60), st.integers(5, 240)), max_size=5)


def minutes_of(found: list[tuple[int, int]]) -> set[int]:
    return {minute for start, length in found for minute in range(start, start + length)}


def placed(found: list[tuple[int, int]]) -> list[tuple[dt.datetime, dt.datetime]]:
    return [(MIDNIGHT + start * MINUTE, MIDNIGHT + (start + length) * MINUTE) for start, length in found]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(elsewhere=stretches, closed=stretches, seen=stretches, missed=stretches)
def test_utilisation_equals_a_count_of_minutes(bookable, elsewhere, closed, seen, missed):
    with transaction.atomic():
        for period in placed(elsewhere):
            BusyTimeFactory(organization=bookable.organization, practitioner=bookable.practitioner, period=period)
        for period in placed(closed):
            ClosureFactory(organization=bookable.organization, period=period)
        for lane, (start, length) in enumerate(seen):
            visit(bookable, MIDNIGHT + start * MINUTE, length, lane=lane)
        for lane, (start, length) in enumerate(missed):
            visit(bookable, MIDNIGHT + start * MINUTE, length, lane=lane, status=Status.NO_SHOW)
        total = ask(utilisation_of, bookable, FIRST, FIRST).total
        transaction.set_rollback(True)
    free, booked = WORK - minutes_of(elsewhere) - minutes_of(closed), minutes_of(seen)
    assert total == Utilisation(
        available_minutes=len(free),
        booked_minutes=len(booked & free),
        missed_minutes=len((minutes_of(missed) - booked) & free),
        outside_minutes=len(booked - free),
    )


# Visits of two people, of two types, around the midnight between two days: who, which type, start, minutes, came.
around_midnight = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(22 * 60, 26 * 60), st.integers(5, 180), st.booleans()),
    max_size=8,
)
NIGHT = {*range(20 * 60, 24 * 60), *range(24 * 60, 27 * 60)}  # the hours of both in minutes of the first day


@pytest.fixture
def night_shift(bookable) -> SimpleNamespace:
    """Two practitioners who work from 20:00 to 03:00, and two types."""
    people = [PractitionerFactory(organization=bookable.organization) for _ in range(2)]
    for person in people:
        owner = {"organization": bookable.organization, "practitioner": person, "location": bookable.location}
        WeeklyHoursFactory(**owner, weekday=0, start_time=dt.time(20), end_time=dt.time(23, 59, 59))
        WeeklyHoursFactory(**owner, weekday=1, start_time=dt.time(0), end_time=dt.time(3))
    kinds = [bookable.appointment_type, AppointmentTypeFactory(organization=bookable.organization, name="Review")]
    return SimpleNamespace(people=people, kinds=kinds)


def lines_of(found: list[set[tuple[int, int]]], lost: list[set[tuple[int, int]]]) -> tuple[int, int, int]:
    """Return booked, missed and outside minutes of (person, minute)s, each part counted by itself."""
    booked = sum(1 for part in found for _person, minute in part if minute in NIGHT)
    missed = sum(1 for part, gone in zip(found, lost, strict=True) for _p, minute in gone - part if minute in NIGHT)
    return booked, missed, sum(1 for part in found for _person, minute in part if minute not in NIGHT)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(visits=around_midnight)
def test_utilisation_of_days_people_and_types_equals_a_count_of_minutes(bookable, night_shift, visits):
    with transaction.atomic():
        for lane, (person, kind, start, length, came) in enumerate(visits):
            visit(
                bookable,
                MIDNIGHT + start * MINUTE,
                length,
                lane=lane,
                practitioner=night_shift.people[person],
                appointment_type=night_shift.kinds[kind],
                status=Status.FULFILLED if came else Status.NO_SHOW,
            )
        tuesday = FIRST + DAY
        by_person = ask(utilisation_of, bookable, FIRST, tuesday)
        by_type = ask(utilisation_of, bookable, FIRST, tuesday, by=Grouping.TYPE)
        transaction.set_rollback(True)

    def minutes(came: bool, belongs) -> set[tuple[int, int]]:
        return {
            (one[0], minute)
            for one in visits
            if one[4] is came and belongs(one)
            for minute in range(one[2], one[2] + one[3])
        }

    def expected(*parts) -> tuple[int, int, int]:
        return lines_of([minutes(True, part) for part in parts], [minutes(False, part) for part in parts])

    def taken(line: Utilisation) -> tuple[int, int, int]:
        return line.booked_minutes, line.missed_minutes, line.outside_minutes

    assert taken(by_person.total) == taken(by_type.total) == expected(lambda _one: True)
    lines = {group.id: line for group, line in by_person.groups}
    for number, person in enumerate(night_shift.people):
        assert taken(lines[person.pk]) == expected(lambda one, number=number: one[0] == number)
    days = [lambda one: one[2] < 24 * 60, lambda one: one[2] >= 24 * 60]
    assert [taken(line) for _day, line in by_person.over_time] == [expected(day) for day in days]
    lines = {group.id: line for group, line in by_type.groups}
    for number, kind in enumerate(night_shift.kinds):
        nothing = Utilisation()
        assert taken(lines.get(kind.pk, nothing)) == expected(lambda one, number=number: one[1] == number)


class TestNoShows:
    def test_rate_is_missed_of_what_is_known(self, bookable):
        for hour, status in enumerate([Status.FULFILLED, Status.FULFILLED, Status.FULFILLED, Status.NO_SHOW]):
            visit(bookable, MONDAY + hour * HOUR, status=status)
        cancelled(bookable, MONDAY + 5 * HOUR, DAY)
        visit(bookable, MONDAY + 6 * HOUR, status=Status.BOOKED)
        total = ask(no_shows_of, bookable).total
        assert total == NoShows(fulfilled=3, missed=1, unsettled=1)
        assert total.rate.ratio == 0.25

    def test_visits_ahead_are_not_unsettled(self, bookable):
        today = dt.date(2026, 12, 3)
        visit(bookable, MONDAY + 10 * DAY - 29 * MINUTE, status=Status.ARRIVED)
        assert ask(no_shows_of, bookable, today, today).total == NoShows()

    def test_without_cases_there_is_no_rate(self, bookable):
        report = ask(no_shows_of, bookable)
        assert report.total.rate.ratio is None
        assert report.groups == ()
        assert len(report.over_time) == 7

    def test_period_takes_its_first_instant_and_not_the_one_after_its_last(self, bookable):
        midnight = dt.datetime(2026, 11, 23, tzinfo=ZoneInfo("America/New_York"))
        visit(bookable, midnight - MINUTE, 1)
        visit(bookable, midnight)
        visit(bookable, midnight + 7 * DAY - MINUTE, 1)
        visit(bookable, midnight + 7 * DAY)
        report = ask(no_shows_of, bookable)
        assert report.total.fulfilled == 2
        assert [line.fulfilled for _stretch, line in report.over_time] == [1, 0, 0, 0, 0, 0, 1]

    def test_groups_with_cases_are_in_the_order_of_lists(self, bookable):
        review = AppointmentTypeFactory(organization=bookable.organization, name="Aftercare")
        AppointmentTypeFactory(organization=bookable.organization, name="Never booked")
        visit(bookable, MONDAY)
        visit(bookable, MONDAY + HOUR, appointment_type=review, status=Status.NO_SHOW)
        report = ask(no_shows_of, bookable, by=Grouping.TYPE)
        assert [(group.name, line.rate) for group, line in report.groups] == [
            ("Aftercare", Share(1, 1)),
            ("Consultation", Share(0, 1)),
        ]

    def test_a_location_narrows_everything(self, bookable):
        branch = LocationFactory(organization=bookable.organization)
        visit(bookable, MONDAY)
        visit(bookable, MONDAY + HOUR, location=branch, status=Status.NO_SHOW)
        assert ask(no_shows_of, bookable, location=branch).total == NoShows(missed=1)


class TestLeadTimes:
    def test_median_and_quartiles_are_days_between_booking_and_start(self, bookable):
        for number, days in enumerate([1, 2, 4, 8, 20]):
            start = MONDAY + number * HOUR
            visit(bookable, start, created_at=start - days * DAY)
        total = ask(lead_times_of, bookable).total
        assert total == LeadTimes(visits=5, median=4, lower_quartile=2, upper_quartile=8, same_day=0)

    def test_same_day_is_a_date_on_the_wall_and_not_24_hours(self, bookable):
        visit(bookable, MONDAY, created_at=MONDAY - 9 * HOUR)  # midnight
        visit(bookable, MONDAY + HOUR, created_at=MONDAY - 9 * HOUR - MINUTE)
        total = ask(lead_times_of, bookable).total
        assert total.same_day_rate == Share(1, 2)

    def test_cancelled_and_imported_visits_are_left_out_and_late_entries_have_no_lead(self, bookable):
        cancelled(bookable, MONDAY, DAY, created_at=MONDAY - 9 * DAY)
        visit(bookable, MONDAY + HOUR, source=Source.IMPORT, created_at=MONDAY - 5 * DAY)
        visit(bookable, MONDAY + 2 * HOUR, created_at=MONDAY + 5 * DAY)
        assert ask(lead_times_of, bookable).total == LeadTimes(1, 0, 0, 0, 1)

    def test_a_group_without_a_known_booking_has_no_line_and_a_day_without_one_no_median(self, bookable):
        visit(bookable, MONDAY, source=Source.IMPORT)
        report = ask(lead_times_of, bookable)
        assert report.groups == ()
        assert [line for _stretch, line in report.over_time] == [LeadTimes()] * 7


class TestCancellations:
    def test_short_notice_is_less_than_24_hours(self, bookable):
        for hour, notice in enumerate([3 * DAY, DAY, DAY - MINUTE, -5 * MINUTE]):
            cancelled(bookable, MONDAY + hour * HOUR, notice)
        visit(bookable, MONDAY + 5 * HOUR)
        total = ask(cancellations_of, bookable).total
        assert (total.visits, total.cancelled, total.in_time, total.short_notice) == (5, 4, 2, 2)
        assert (total.rate.ratio, total.short_notice_rate.ratio) == (0.8, 0.5)

    def test_every_reason_is_counted_by_itself(self, bookable):
        for hour, reason in enumerate([*CancelReason.values, CancelReason.CLINIC]):
            cancelled(bookable, MONDAY + hour * HOUR, DAY, cancel_reason=reason)
        total = ask(cancellations_of, bookable).total
        assert [getattr(total, name) for name in REASONS] == [1, 1, 2, 1, 1]

    def test_who_cancelled_is_the_actor_of_the_event(self, bookable, actor):
        ahead = MONDAY + 11 * DAY
        program = Actor(kind="api_key", label="EHR", trusted=True)
        for hour, who in enumerate([actor, actor, patient_actor(None), program]):
            made = visit(bookable, ahead + hour * HOUR, status=Status.BOOKED)
            cancel_appointment(appointment=made, reason=CancelReason.PATIENT, tell_patient=False, actor=who)
        cancelled(bookable, ahead + 5 * HOUR, DAY)
        day = ahead.date()
        assert ask(cancellations_of, bookable, day, day).total == Cancellations(
            visits=5,
            cancelled=5,
            patient_asked=5,
            by_staff=2,
            by_patient_link=1,
            by_program=1,
            by_nobody_known=1,
        )

    def test_every_reason_and_actor_has_a_word(self):
        assert set(REASONS.values()) == set(CancelReason)
        assert REASON_WORDS.keys() == REASONS.keys()
        assert ACTOR_WORDS.keys() == {*ACTORS, "by_nobody_known"}

    def test_groups_and_days_are_of_the_visits_start(self, bookable):
        cancelled(bookable, MONDAY + DAY, 40 * DAY)
        report = ask(cancellations_of, bookable)
        assert [line.cancelled for _group, line in report.groups] == [1]
        assert [line.cancelled for _stretch, line in report.over_time] == [0, 1, 0, 0, 0, 0, 0]


class TestAllOfThem:
    @pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS.keys())
    @pytest.mark.parametrize("by", Grouping.values)
    def test_nothing_of_another_organization_is_counted(self, bookable, other_organization, sheet, by):
        before = ask(sheet.ask, bookable, by=by)
        colleague = PractitionerFactory(organization=other_organization)
        place = LocationFactory(organization=other_organization)
        for weekday in range(7):
            WeeklyHoursFactory(organization=other_organization, practitioner=colleague, location=place, weekday=weekday)
        AppointmentFactory(
            organization=other_organization,
            practitioner=colleague,
            location=place,
            start=MONDAY,
            status=Status.NO_SHOW,
        )
        ClosureFactory(organization=other_organization, period=(MONDAY, MONDAY + DAY))
        assert ask(sheet.ask, bookable, by=by) == before

    @pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS.keys())
    def test_number_of_queries_is_that_of_an_empty_book(self, bookable, sheet):
        def number() -> int:
            with CaptureQueriesContext(connection) as caught:
                ask(sheet.ask, bookable)
            return len(caught)

        empty = number()
        for hour in range(20):
            visit(bookable, MONDAY + hour * HOUR, practitioner=PractitionerFactory(organization=bookable.organization))
            cancelled(bookable, MONDAY + hour * HOUR, DAY)
        assert number() == empty <= 3

    @pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS.keys())
    def test_the_chart_draws_columns_that_the_page_has(self, sheet):
        assert {key for key, _token in sheet.chart} <= {column.key for column in sheet.columns_on_page}


class TestFile:
    def lines(self, bookable, which: str) -> list[list[str]]:
        scope = scope_of(bookable)
        report = SHEETS[which].report(scope, names_of(scope))
        return list(csv.reader(csv_lines(sheet=SHEETS[which], scope=scope, report=report)))

    def test_it_has_the_total_the_groups_and_the_days(self, bookable):
        visit(bookable, MONDAY)
        visit(bookable, MONDAY + HOUR, status=Status.NO_SHOW)
        head, total, group, monday, tuesday, *_rest = self.lines(bookable, "no-shows")
        assert head == ["line", "name", "first", "last", "fulfilled", "missed", "unsettled", "rate"]
        assert total == ["total", "", "2026-11-23", "2026-11-29", "1", "1", "0", "0.5"]
        assert group == [
            "practitioner",
            str(bookable.practitioner),
            "2026-11-23",
            "2026-11-29",
            "1",
            "1",
            "0",
            "0.5",
        ]
        assert monday == ["day", "", "2026-11-23", "2026-11-23", "1", "1", "0", "0.5"]
        assert tuesday == ["day", "", "2026-11-24", "2026-11-24", "0", "0", "0", ""]

    def test_a_name_that_looks_like_a_formula_is_text(self, bookable):
        bookable.practitioner.prefix = "=HYPERLINK("
        bookable.practitioner.save()
        visit(bookable, MONDAY)
        assert self.lines(bookable, "no-shows")[2][1].startswith("'=HYPERLINK(")

    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"])
    def test_what_begins_like_a_formula_is_quoted(self, text):
        assert safe_cell(text) == f"'{text}"

    @pytest.mark.parametrize("text", ["Dr Amara Okonkwo", "1=1", "王秀英", "", "O'Brien-Smith"])
    def test_ordinary_names_stay_as_they_are(self, text):
        assert safe_cell(text) == text
