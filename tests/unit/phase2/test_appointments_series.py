"""Series: rules in wall time, booked together or not at all, changed and cancelled from one visit on."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from apps.appointments.errors import SeriesUnavailable, SlotUnavailable
from apps.appointments.models import Appointment, AppointmentSeries, Status
from apps.appointments.recurrence import WEEKDAYS, Rule, describe, nth_weekday, occurrences, parse_rule
from apps.appointments.series_messages import invite_for_series, series_still_holds
from apps.appointments.services import (
    Place,
    book_appointment,
    book_series,
    cancel_appointment,
    cancel_series,
    change_series,
    check_change,
    check_series,
    complete_appointment,
    plan_change,
    reschedule_appointment,
    start_appointment,
    undo_series_cancellation,
)
from apps.communications.models import Communication
from apps.core.errors import Conflict, InvalidInput, NotAllowed, NotFound, StaleVersion
from apps.events.models import Event
from apps.events.services import deliver_due
from apps.notifications.defaults import install_defaults
from tests.fixtures.appointments import AppointmentFactory, PractitionerTypeFactory
from tests.fixtures.patients import ConsentFactory, PatientFactory
from tests.fixtures.practitioners import PractitionerFactory, WeeklyHoursFactory
from tests.fixtures.racing import overlaps

NEW_YORK = ZoneInfo("America/New_York")
FRIDAY = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
NINE = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)  # Monday 09:00 in New York
HALF_HOUR = dt.timedelta(minutes=30)
DAY, WEEK = dt.timedelta(days=1), dt.timedelta(weeks=1)
WEEKLY = Rule("WEEKLY", count=4)


class TestRules:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("FREQ=WEEKLY;COUNT=6", "Every week, 6 visits"),
            ("RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=6", "Every 2 weeks on Monday and Thursday, 6 visits"),
            ("FREQ=DAILY;UNTIL=20261224", "Every day, until 24 December 2026"),
            ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", "Every month on the last Friday, 3 visits"),
            ("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=15;COUNT=4", "Every 3 months on day 15, 4 visits"),
            ("freq=weekly;count=2", "Every week, 2 visits"),
        ],
    )
    def test_a_rule_is_read_and_said(self, text, words):
        rule = parse_rule(text)
        assert describe(rule) == words
        assert parse_rule(str(rule)) == rule

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "every week",
            "FREQ=YEARLY;COUNT=2",
            "FREQ=WEEKLY",
            "FREQ=WEEKLY;COUNT=2;UNTIL=20261224",
            "FREQ=WEEKLY;COUNT=0",
            "FREQ=WEEKLY;COUNT=105",
            "FREQ=WEEKLY;COUNT=many",
            "FREQ=WEEKLY;INTERVAL=0;COUNT=2",
            "FREQ=WEEKLY;BYDAY=2MO;COUNT=2",
            "FREQ=WEEKLY;BYDAY=MO,MO;COUNT=2",
            "FREQ=WEEKLY;BYDAY=XX;COUNT=2",
            "FREQ=MONTHLY;BYDAY=MO;COUNT=2",
            "FREQ=MONTHLY;BYDAY=1MO,2MO;COUNT=2",
            "FREQ=MONTHLY;BYMONTHDAY=32;COUNT=2",
            "FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=3;COUNT=2",
            "FREQ=DAILY;UNTIL=99999999",
            "FREQ=DAILY;COUNT=2;BYHOUR=9",
            "FREQ=DAILY;COUNT=2;COUNT=3",
        ],
    )
    def test_what_is_no_rule_is_refused_with_the_field(self, text):
        with pytest.raises(InvalidInput) as refused:
            parse_rule(text)
        assert list(refused.value.errors) == ["rule"]

    def test_wall_time_stays_when_the_clocks_change(self):
        start = dt.datetime(2026, 10, 26, 9, 0, tzinfo=NEW_YORK)  # a week before winter time begins
        found = occurrences(Rule("WEEKLY", count=3), start, NEW_YORK)
        assert [f"{one.astimezone(NEW_YORK):%m-%d %H:%M}" for one in found] == [
            "10-26 09:00",
            "11-02 09:00",
            "11-09 09:00",
        ]
        assert found[1] - found[0] == WEEK + dt.timedelta(hours=1)

    def test_a_wall_time_that_is_skipped_becomes_the_next_one(self):
        start = dt.datetime(2027, 3, 13, 2, 30, tzinfo=NEW_YORK)
        found = occurrences(Rule("DAILY", count=3), start, NEW_YORK)
        assert [f"{one.astimezone(NEW_YORK):%d %H:%M}" for one in found] == ["13 02:30", "14 03:00", "15 02:30"]

    def test_until_includes_its_date(self):
        found = occurrences(Rule("DAILY", until=dt.date(2026, 11, 25)), NINE, NEW_YORK)
        assert found == [NINE, NINE + DAY, NINE + 2 * DAY]

    def test_until_is_an_instant_for_calendar_programs(self):
        rule = Rule("DAILY", until=dt.date(2026, 11, 25))
        assert rule.in_utc(NEW_YORK) == "FREQ=DAILY;UNTIL=20261126T045959Z"

    def test_the_first_visit_must_fit_the_rule(self):
        with pytest.raises(InvalidInput, match="Monday"):
            occurrences(Rule("WEEKLY", weekdays=("TU",), count=3), NINE, NEW_YORK)

    def test_more_visits_than_a_series_may_have_are_refused(self):
        with pytest.raises(InvalidInput, match="104"):
            occurrences(Rule("DAILY", until=dt.date(2027, 11, 1)), NINE, NEW_YORK)

    def test_longer_than_two_years_is_refused(self):
        with pytest.raises(InvalidInput, match="two years"):
            occurrences(Rule("MONTHLY", interval=12, count=5), NINE, NEW_YORK)

    @settings(max_examples=60, deadline=None)
    @given(
        date=st.dates(dt.date(2026, 1, 1), dt.date(2028, 1, 1)),
        interval=st.integers(1, 4),
        count=st.integers(1, 12),
        minute=st.integers(0, 24 * 60 - 1),
    )
    def test_weekly_visits_are_whole_weeks_apart_on_the_wall(self, date, interval, count, minute):
        zone = NEW_YORK
        wall = dt.datetime.combine(date, dt.time(minute // 60, minute % 60))
        start = wall.replace(tzinfo=zone).astimezone(dt.UTC)
        if start.astimezone(zone).replace(tzinfo=None) != wall:
            return  # the clocks skip it
        rule = Rule("WEEKLY", interval=interval, weekdays=(WEEKDAYS[date.weekday()],), count=count)
        dates = [one.astimezone(zone).date() for one in occurrences(rule, start, zone)]
        assert dates == [date + interval * number * WEEK for number in range(count)]

    def test_the_fifth_weekday_is_the_last(self):
        assert nth_weekday(dt.date(2026, 11, 30)) == "-1MO"
        assert nth_weekday(dt.date(2026, 11, 23)) == "4MO"


@pytest.fixture
def week(bookable) -> SimpleNamespace:
    """The practitioner works every day from nine to five."""
    for weekday in (5, 6):
        WeeklyHoursFactory(
            organization=bookable.organization,
            practitioner=bookable.practitioner,
            location=bookable.location,
            weekday=weekday,
        )
    return bookable


@pytest.fixture
def clock():
    with time_machine.travel(FRIDAY, tick=False) as traveller:
        yield traveller


def wanted(bookable: SimpleNamespace, **changes: object) -> dict[str, object]:
    return {
        "organization": bookable.organization,
        "appointment_type": bookable.appointment_type,
        "practitioner": bookable.practitioner,
        "location": bookable.location,
        "start": NINE,
        **changes,
    }


def starts(series: AppointmentSeries, status: str = Status.BOOKED) -> list[dt.datetime]:
    return list(
        Appointment.objects.filter(series=series, status=status).order_by("start").values_list("start", flat=True)
    )


def names(series: AppointmentSeries) -> list[dt.datetime]:
    visits = Appointment.objects.filter(series=series).order_by("recurrence_id")
    return list(visits.values_list("recurrence_id", flat=True))


def visit(series: AppointmentSeries, number: int) -> Appointment:
    return Appointment.objects.filter(series=series).order_by("recurrence_id")[number]


def taken(bookable: SimpleNamespace, start: dt.datetime) -> Appointment:
    return AppointmentFactory(
        organization=bookable.organization,
        practitioner=bookable.practitioner,
        location=bookable.location,
        appointment_type=bookable.appointment_type,
        start=start,
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
class TestBooking:
    def test_all_visits_are_booked_also_beyond_the_horizon(self, week, patient, actor):
        week.appointment_type.horizon_days = 14
        week.appointment_type.save()
        series = book_series(**wanted(week), patient=patient, rule=WEEKLY, reason="Physio", actor=actor)
        assert starts(series) == [NINE, NINE + WEEK, NINE + 2 * WEEK, NINE + 3 * WEEK]
        assert names(series) == starts(series)

    def test_one_refused_visit_books_none_and_names_it(self, week, patient, actor):
        taken(week, NINE + 2 * WEEK)
        with pytest.raises(SeriesUnavailable) as refused:
            book_series(**wanted(week), patient=patient, rule=WEEKLY, actor=actor)
        (occurrence,) = refused.value.occurrences
        assert occurrence.recurrence_id == NINE + 2 * WEEK
        assert [one.code for one in occurrence.conflicts] == ["practitioner_taken"]
        assert len(occurrence.alternatives) == 3
        assert not Appointment.objects.filter(patient=patient).exists()
        assert not AppointmentSeries.objects.exists()
        assert not Event.objects.filter(type__startswith="series.").exists()

    def test_asking_first_says_the_same(self, week, patient):
        taken(week, NINE + 2 * WEEK)
        found = check_series(**wanted(week), patient=patient, rule=WEEKLY)
        assert [one.is_free for one in found] == [True, True, False, True]

    def test_refused_visits_are_left_out_or_put_elsewhere(self, week, patient, actor):
        taken(week, NINE + WEEK)
        taken(week, NINE + 2 * WEEK)
        elsewhere = Place(NINE + 2 * WEEK + HALF_HOUR, week.practitioner, week.location)
        series = book_series(
            **wanted(week),
            patient=patient,
            rule=WEEKLY,
            skip=[NINE + WEEK],
            instead={NINE + 2 * WEEK: elsewhere},
            actor=actor,
        )
        assert starts(series) == [NINE, NINE + 2 * WEEK + HALF_HOUR, NINE + 3 * WEEK]
        assert names(series) == [NINE, NINE + 2 * WEEK, NINE + 3 * WEEK]

    def test_leaving_every_visit_out_is_refused(self, week, patient, actor):
        with pytest.raises(InvalidInput) as refused:
            book_series(
                **wanted(week), patient=patient, rule=Rule("DAILY", count=2), skip=[NINE, NINE + DAY], actor=actor
            )
        assert list(refused.value.errors) == ["skip"]

    def test_soft_rules_are_set_aside_for_all_by_who_may(self, bookable, patient, actor, manager_actor):
        daily = {**wanted(bookable), "patient": patient, "rule": Rule("DAILY", count=6), "override_reason": "Wounds"}
        with pytest.raises(NotAllowed):
            book_series(**daily, actor=actor)
        series = book_series(**daily, actor=manager_actor)  # works from Monday to Friday
        reasons = Appointment.objects.filter(series=series).order_by("start").values_list("override_reason", flat=True)
        assert list(reasons) == [""] * 5 + ["Wounds"]

    def test_patient_gets_one_message_about_all(self, week, patient, actor):
        book_series(**wanted(week), patient=patient, rule=WEEKLY, actor=actor)
        quiet = [event.payload["tell_patient"] for event in Event.objects.filter(type="appointment.booked")]
        assert quiet == [False] * 4
        assert Event.objects.get(type="series.booked").payload["visits"] == 4


@pytest.fixture
def series(clock, week, patient, actor) -> AppointmentSeries:
    return book_series(**wanted(week), patient=patient, rule=WEEKLY, actor=actor)


@pytest.mark.django_db
class TestChanging:
    def test_this_one_only_is_an_ordinary_move(self, series, actor):
        moved = reschedule_appointment(appointment=visit(series, 1), start=NINE + WEEK + DAY, actor=actor)
        assert (moved.series_id, moved.recurrence_id) == (series.pk, NINE + WEEK)

    def test_this_and_following_become_a_series_of_their_own(self, series, actor):
        new = change_series(visit=visit(series, 2), start=NINE + 2 * WEEK + DAY, actor=actor)
        series.refresh_from_db()
        assert starts(series) == [NINE, NINE + WEEK]
        assert series.rule == "FREQ=WEEKLY;COUNT=2"
        assert new.continues_id == series.pk
        assert starts(new) == [NINE + 2 * WEEK + DAY, NINE + 3 * WEEK + DAY]
        assert names(new) == starts(new)
        assert new.rule == "FREQ=WEEKLY;COUNT=2"

    def test_all_of_it_stays_one_series(self, series, actor):
        changed = change_series(visit=visit(series, 2), start=NINE + 2 * WEEK + HALF_HOUR, everything=True, actor=actor)
        assert changed.pk == series.pk
        assert starts(changed) == [NINE + number * WEEK + HALF_HOUR for number in range(4)]
        assert changed.version == 2

    @pytest.mark.parametrize("by", [WEEK, -WEEK])
    def test_visits_step_into_each_others_times(self, clock, week, patient, actor, by):
        later = wanted(week, start=NINE + WEEK)
        series = book_series(**later, patient=patient, rule=WEEKLY, actor=actor)
        changed = change_series(visit=visit(series, 0), start=NINE + WEEK + by, actor=actor)
        assert starts(changed) == [NINE + WEEK + by + number * WEEK for number in range(4)]
        assert names(changed) == starts(changed)
        assert overlaps() == 0

    def test_past_and_cancelled_visits_stay(self, clock, series, actor):
        cancel_appointment(appointment=visit(series, 3), reason="patient", actor=actor)
        clock.move_to(NINE)
        complete_appointment(appointment=start_appointment(appointment=visit(series, 0), actor=actor), actor=actor)
        clock.move_to(NINE + DAY)
        new = change_series(visit=visit(series, 1), start=NINE + WEEK + HALF_HOUR, everything=True, actor=actor)
        assert starts(series, Status.FULFILLED) == [NINE]
        assert starts(new) == [NINE + WEEK + HALF_HOUR, NINE + 2 * WEEK + HALF_HOUR]
        assert starts(new, Status.CANCELLED) == [NINE + 3 * WEEK]
        assert names(new)[-1] == NINE + 3 * WEEK + HALF_HOUR  # still the fourth one

    def test_a_visit_that_was_moved_on_its_own_stays_there(self, series, actor):
        alone = reschedule_appointment(appointment=visit(series, 2), start=NINE + 2 * WEEK + 2 * DAY, actor=actor)
        changed = change_series(visit=visit(series, 0), start=NINE + HALF_HOUR, actor=actor)
        alone.refresh_from_db()
        assert alone.start == NINE + 2 * WEEK + 2 * DAY
        assert alone.recurrence_id == NINE + 2 * WEEK + HALF_HOUR
        assert len(starts(changed)) == 4

    def test_one_that_can_not_move_moves_none(self, week, series, actor):
        taken(week, NINE + 3 * WEEK + HALF_HOUR)
        with pytest.raises(SeriesUnavailable) as refused:
            change_series(visit=visit(series, 1), start=NINE + WEEK + HALF_HOUR, actor=actor)
        assert [one.recurrence_id for one in refused.value.occurrences] == [NINE + 3 * WEEK]
        assert starts(series) == [NINE + number * WEEK for number in range(4)]

    def test_it_may_be_left_where_it_is(self, week, series, actor):
        taken(week, NINE + 3 * WEEK + HALF_HOUR)
        stuck = visit(series, 3)
        new = change_series(visit=visit(series, 1), start=NINE + WEEK + HALF_HOUR, leave=[stuck.pk], actor=actor)
        assert starts(new) == [NINE + WEEK + HALF_HOUR, NINE + 2 * WEEK + HALF_HOUR, NINE + 3 * WEEK]

    def test_asking_first_sees_what_the_change_would(self, week, series):
        taken(week, NINE + 3 * WEEK + HALF_HOUR)
        plan = plan_change(visit=visit(series, 1), start=NINE + WEEK + HALF_HOUR)
        assert [one.is_free for one in check_change(plan)] == [True, True, False]

    def test_asking_first_does_not_see_the_series_itself_as_in_the_way(self, series):
        plan = plan_change(visit=visit(series, 0), start=NINE + WEEK)
        assert [one.is_free for one in check_change(plan)] == [True] * 4

    def test_another_practitioner_takes_over(self, week, series, actor):
        other = PractitionerFactory(organization=week.organization)
        WeeklyHoursFactory(organization=week.organization, practitioner=other, location=week.location)
        PractitionerTypeFactory(
            organization=week.organization, practitioner=other, appointment_type=week.appointment_type
        )
        new = change_series(visit=visit(series, 1), start=NINE + WEEK, practitioner=other, actor=actor)
        assert set(Appointment.objects.filter(series=new).values_list("practitioner", flat=True)) == {other.pk}
        assert set(Appointment.objects.filter(series=series).values_list("practitioner", flat=True)) == {
            week.practitioner.pk
        }

    def test_a_shift_that_the_rule_can_not_follow_is_refused(self, week, patient, actor, clock):
        rule = Rule("WEEKLY", interval=2, weekdays=("MO", "SU"), count=4)
        series = book_series(**wanted(week), patient=patient, rule=rule, actor=actor)
        with pytest.raises(InvalidInput, match="can’t follow"):
            change_series(visit=visit(series, 0), start=NINE + DAY, actor=actor)

    def test_monthly_visits_keep_their_place_in_the_month(self, week, patient, actor, clock):
        rule = Rule("MONTHLY", weekdays=("4MO",), count=3)
        series = book_series(**wanted(week), patient=patient, rule=rule, actor=actor)
        changed = change_series(visit=visit(series, 0), start=NINE + DAY, actor=actor)
        assert changed.rule == "FREQ=MONTHLY;BYDAY=4TU;COUNT=3"
        assert [f"{one.astimezone(NEW_YORK):%m-%d}" for one in starts(changed)] == ["11-24", "12-22", "01-26"]

    def test_stale_version_is_refused(self, series, actor):
        with pytest.raises(StaleVersion):
            change_series(visit=visit(series, 0), start=NINE + DAY, version=7, actor=actor)

    def test_visit_of_no_series_is_refused(self, week, patient, actor, clock):
        alone = book_appointment(**wanted(week), patient=patient, actor=actor)
        with pytest.raises(NotFound):
            change_series(visit=alone, start=NINE + DAY, actor=actor)


@pytest.mark.django_db
class TestCancelling:
    def test_this_and_following_are_cancelled_with_one_message(self, series, actor):
        cancelled = cancel_series(visit=visit(series, 2), reason="patient", actor=actor)
        assert len(cancelled) == 2
        assert starts(series) == [NINE, NINE + WEEK]
        assert Event.objects.get(type="series.cancelled").payload["visits"] == 2
        quiet = [event.payload["tell_patient"] for event in Event.objects.filter(type="appointment.cancelled")]
        assert quiet == [False, False]

    def test_all_that_are_ahead_are_cancelled(self, clock, series, actor):
        clock.move_to(NINE + DAY)
        cancel_series(visit=visit(series, 2), reason="patient", everything=True, actor=actor)
        series.refresh_from_db()
        assert series.cancelled_at is not None
        assert starts(series, Status.CANCELLED) == [NINE + WEEK, NINE + 2 * WEEK, NINE + 3 * WEEK]

    def test_undo_brings_all_of_them_back(self, clock, series, actor):
        cancel_appointment(appointment=visit(series, 3), reason="patient", actor=actor)
        clock.shift(60)
        since = dt.datetime.now(dt.UTC)
        cancel_series(visit=visit(series, 1), reason="patient", actor=actor)
        undo_series_cancellation(series=series, since=since, actor=actor)
        assert starts(series) == [NINE, NINE + WEEK, NINE + 2 * WEEK]

    def test_undo_brings_none_back_when_one_time_is_gone(self, clock, week, series, actor):
        since = dt.datetime.now(dt.UTC)
        cancel_series(visit=visit(series, 1), reason="patient", actor=actor)
        other = PatientFactory(organization=week.organization)
        book_appointment(**wanted(week, start=NINE + 2 * WEEK), patient=other, actor=actor)
        with pytest.raises(SlotUnavailable):
            undo_series_cancellation(series=series, since=since, actor=actor)
        assert starts(series) == [NINE]

    def test_nothing_ahead_is_a_conflict(self, clock, series, actor):
        clock.move_to(NINE + 5 * WEEK)
        with pytest.raises(Conflict):
            cancel_series(visit=visit(series, 0), reason="patient", actor=actor)


@pytest.fixture
def told(series, organization, whatsapp_account, sms_account, email_account, patient):
    """Install the default rules, and deliver what happens from then on."""
    install_defaults(organization=organization)
    for purpose in ("whatsapp", "sms", "email"):
        ConsentFactory(organization=organization, patient=patient, purpose=purpose, status="active")
    deliver_due()
    return Communication.objects.filter(context_type="appointments.AppointmentSeries")


def calendar_in(row: Communication, number: int = 0) -> Calendar:
    return Calendar.from_ical(row.attachments[number]["text"])


@pytest.mark.django_db
class TestMessages:
    def test_one_message_lists_the_visits_and_one_entry_repeats(self, told, series, actor):
        whatsapp, email = told.filter(template_key="series-booked").order_by("-channel")
        assert "4 visits are booked" in whatsapp.body
        assert "Monday, December 7 at 9:00 AM" in whatsapp.body
        (event,) = calendar_in(email).walk("VEVENT")
        assert event["uid"] == str(series.pk)
        assert event["rrule"].to_ical() == b"FREQ=WEEKLY;COUNT=4"
        assert event["dtstart"].dt == NINE.astimezone(NEW_YORK)
        assert not Communication.objects.filter(template_key="appointment-booked").exists()
        assert Communication.objects.filter(template_key="appointment-reminder").count() == 4

    def test_what_is_left_out_or_moved_is_an_exception_of_the_entry(self, told, series, actor):
        cancel_appointment(appointment=visit(series, 1), reason="patient", actor=actor)
        reschedule_appointment(appointment=visit(series, 2), start=NINE + 2 * WEEK + DAY, actor=actor)
        reread = AppointmentSeries.objects.get(pk=series.pk)
        method, text = invite_for_series(
            reread, list(reread.appointments.all()), attendee="ana@example.org", organizer="desk@demo.clinic"
        )
        master, moved = Calendar.from_ical(text).walk("VEVENT")
        assert method == "REQUEST"
        assert master["exdate"].dts[0].dt == (NINE + WEEK).astimezone(NEW_YORK)
        assert moved["recurrence-id"].dt == (NINE + 2 * WEEK).astimezone(NEW_YORK)
        assert moved["dtstart"].dt == (NINE + 2 * WEEK + DAY).astimezone(NEW_YORK)
        assert moved["uid"] == master["uid"]

    def test_a_single_move_is_an_invite_for_that_occurrence(self, told, series, actor):
        reschedule_appointment(appointment=visit(series, 2), start=NINE + 2 * WEEK + DAY, actor=actor)
        deliver_due()
        email = Communication.objects.get(template_key="appointment-rescheduled", channel="email")
        (event,) = calendar_in(email).walk("VEVENT")
        assert event["uid"] == str(series.pk)
        assert event["recurrence-id"].dt == (NINE + 2 * WEEK).astimezone(NEW_YORK)
        assert event["sequence"] == 1

    def test_a_split_sends_the_rest_and_the_end_of_the_old_entry(self, told, series, actor):
        new = change_series(visit=visit(series, 2), start=NINE + 2 * WEEK + DAY, actor=actor)
        deliver_due()
        email = told.get(template_key="series-changed", channel="email")
        (rest,) = calendar_in(email).walk("VEVENT")
        (ended,) = calendar_in(email, 1).walk("VEVENT")
        assert (rest["uid"], ended["uid"]) == (str(new.pk), str(series.pk))
        assert ended["rrule"].to_ical() == b"FREQ=WEEKLY;COUNT=2"
        assert ended["sequence"] == 1

    def test_quiet_changes_are_not_told_and_reminders_follow(self, told, series, actor):
        change_series(visit=visit(series, 2), start=NINE + 2 * WEEK + DAY, tell_patient=False, actor=actor)
        deliver_due()
        assert not told.filter(template_key="series-changed").exists()
        reminders = Communication.objects.filter(template_key="appointment-reminder", status="scheduled")
        assert sorted(reminders.values_list("context_version", flat=True)) == [1, 1, 2, 2]

    def test_cancelling_all_cancels_the_entry(self, told, series, actor):
        cancel_series(visit=visit(series, 0), reason="patient", actor=actor)
        deliver_due()
        email = told.get(template_key="series-cancelled", channel="email")
        (event,) = calendar_in(email).walk("VEVENT")
        assert calendar_in(email)["method"] == "CANCEL"
        assert event["status"] == "CANCELLED"
        assert "None of them is left" in email.body

    def test_a_message_planned_before_the_next_change_is_not_sent(self, told, series, actor):
        planned = told.filter(template_key="series-booked").first()
        change_series(visit=visit(series, 0), start=NINE + DAY, actor=actor)
        assert series_still_holds(planned) == "The series was changed after this was planned."

    @pytest.mark.parametrize(("language", "words"), [("es", "4 citas reservadas"), ("hi", "4 अपॉइंटमेंट")])
    def test_patients_read_their_language(self, series, organization, patient, whatsapp_account, language, words):
        install_defaults(organization=organization)
        ConsentFactory(organization=organization, patient=patient, purpose="whatsapp", status="active")
        patient.language = language
        patient.save()
        deliver_due()
        row = Communication.objects.get(template_key="series-booked", channel="whatsapp")
        assert words in row.body, row.reason
