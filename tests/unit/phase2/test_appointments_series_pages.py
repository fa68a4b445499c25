"""The series dialogs: every conflict before anything is booked; this and following, all; undo."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
import time_machine

from apps.appointments.models import Appointment, AppointmentSeries, Status
from apps.appointments.recurrence import Rule
from apps.appointments.services import book_series
from apps.practitioners.models import WeeklyHours
from tests.fixtures.appointments import AppointmentFactory

FRIDAY = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
NINE = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)
WEEK = dt.timedelta(weeks=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(FRIDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def form(bookable, patient) -> dict[str, str]:
    return {
        "patient": str(patient.pk),
        "appointment_type": str(bookable.appointment_type.pk),
        "practitioner": str(bookable.practitioner.pk),
        "day": "2026-11-23",
        "time": "09:00",
        "interval": "1",
        "frequency": "WEEKLY",
        "month_by": "weekday",
        "ends": "count",
        "count": "3",
    }


@pytest.fixture
def taken(bookable) -> Appointment:
    return AppointmentFactory(
        organization=bookable.organization,
        practitioner=bookable.practitioner,
        location=bookable.location,
        appointment_type=bookable.appointment_type,
        start=NINE + WEEK,
    )


@pytest.fixture
def series(bookable, patient, actor) -> AppointmentSeries:
    return book_series(
        organization=bookable.organization,
        patient=patient,
        appointment_type=bookable.appointment_type,
        practitioner=bookable.practitioner,
        location=bookable.location,
        start=NINE,
        rule=Rule("WEEKLY", count=3),
        actor=actor,
    )


def visits(series: AppointmentSeries) -> list[Appointment]:
    return list(Appointment.objects.filter(series=series).order_by("recurrence_id"))


class TestBooking:
    def test_dialog_takes_over_what_the_book_dialog_knew(self, desk_client, bookable, patient):
        slot = f"{bookable.practitioner.pk}|{bookable.location.pk}|{(NINE + WEEK).isoformat()}"
        page = desk_client.get("/appointments/series/new/", {"patient": patient.pk, "slot": slot}).content.decode()
        assert 'value="2026-11-30"' in page
        assert "Ana López" in page

    def test_all_visits_are_booked(self, desk_client, form, patient):
        answer = desk_client.post("/appointments/series/new/", form, headers={"HX-Request": "true"})
        assert answer.status_code == 204
        assert "3 visits booked for Ana" in answer.headers["HX-Trigger"]
        assert Appointment.objects.filter(patient=patient, series__isnull=False).count() == 3

    def test_preview_names_every_conflict_and_books_nothing(self, desk_client, form, taken, patient):
        page = desk_client.post("/appointments/series/preview/", form).content.decode()
        assert (page.count('<li class="occ-i'), page.count("occ-i is-open")) == (3, 1)
        assert "has another appointment from 09:00 to 09:30" in page
        assert "Leave it out" in page
        assert not Appointment.objects.filter(patient=patient).exists()

    def test_preview_offers_times_beyond_how_far_ahead_the_type_is_booked(self, desk_client, form, taken, bookable):
        bookable.appointment_type.horizon_days = 3
        bookable.appointment_type.save()
        page = desk_client.post("/appointments/series/preview/", form).content.decode()
        assert page.count(f'value="{bookable.practitioner.pk}|') == 3
        assert "Nobody has a free time" not in page

    def test_preview_says_when_there_is_no_time_to_offer(self, desk_client, form, bookable):
        WeeklyHours.objects.all().delete()
        page = desk_client.post("/appointments/series/preview/", form).content.decode()
        assert page.count("Nobody has a free time for it from the day before to a month after.") == 3
        assert "does not work at" in page

    def test_preview_of_half_a_form_says_what_is_missing(self, desk_client, form):
        page = desk_client.post("/appointments/series/preview/", {**form, "patient": ""}).content.decode()
        assert "Every visit shows here" in page

    def test_undecided_visit_is_refused_and_leaving_it_out_books_the_rest(self, desk_client, form, taken, patient):
        refused = desk_client.post("/appointments/series/new/", form, headers={"HX-Request": "true"})
        assert refused.status_code == 422
        said = json.loads(refused.headers["HX-Trigger"])["toast"]
        assert (said["text"].split(".")[0], said["tone"]) == ("One visit of the series can’t be booked as it is", "bad")
        assert not Appointment.objects.filter(patient=patient).exists()
        page = refused.content.decode()
        assert f'name="at-{(NINE + WEEK).isoformat()}"' in re.findall(r"<input[^>]*data-first", page)[0]
        assert 'hx-trigger="change from:#series-form' in page, "A preview that loads again would take the focus away."
        decided = {**form, f"at-{(NINE + WEEK).isoformat()}": "skip"}
        assert desk_client.post("/appointments/series/new/", decided, headers={"HX-Request": "true"}).status_code == 204
        assert Appointment.objects.filter(patient=patient).count() == 2

    @pytest.mark.parametrize(
        "time", ["tomorrow", "2026-02-30T09:00:00Z", "2026-11-30T09:00:00", "9999-12-31T23:00:00Z"]
    )
    def test_another_time_that_can_not_be_read_books_nothing(self, desk_client, form, taken, bookable, patient, time):
        slot = f"{bookable.practitioner.pk}|{bookable.location.pk}|{time}"
        decided = {**form, f"at-{(NINE + WEEK).isoformat()}": slot}
        answer = desk_client.post("/appointments/series/new/", decided, headers={"HX-Request": "true"})
        assert answer.status_code == 422
        assert "can’t be read" in answer.content.decode()
        assert not Appointment.objects.filter(patient=patient).exists()

    def test_another_time_is_taken_for_one_visit(self, desk_client, form, taken, bookable, patient):
        later = NINE + WEEK + dt.timedelta(minutes=30)
        slot = f"{bookable.practitioner.pk}|{bookable.location.pk}|{later.isoformat()}"
        decided = {**form, f"at-{(NINE + WEEK).isoformat()}": slot}
        desk_client.post("/appointments/series/new/", decided, headers={"HX-Request": "true"})
        assert Appointment.objects.filter(patient=patient, start=later).exists()

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"count": ""}, "Say how many visits."),
            ({"ends": "until"}, "Say until which day."),
            ({"count": "1"}, "greater than or equal to 2"),
            ({"interval": "0"}, "greater than or equal to 1"),
            ({"patient": ""}, "Choose a patient"),
            ({"day": "tomorrow"}, "Enter a valid date"),
            ({"ends": "until", "until": "2026-11-01"}, "does not name"),
        ],
    )
    def test_wrong_fields_are_said(self, desk_client, form, changes, said):
        answer = desk_client.post("/appointments/series/new/", {**form, **changes}, headers={"HX-Request": "true"})
        assert answer.status_code == 422
        assert said in answer.content.decode()

    @pytest.mark.parametrize(
        ("changes", "rule"),
        [
            ({"weekdays": ["MO", "WE"]}, "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=3"),
            ({"weekdays": ["WE"]}, "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=3"),
            ({"interval": "2"}, "FREQ=WEEKLY;INTERVAL=2;COUNT=3"),
            ({"frequency": "MONTHLY"}, "FREQ=MONTHLY;BYDAY=4MO;COUNT=3"),
            ({"frequency": "MONTHLY", "month_by": "day"}, "FREQ=MONTHLY;BYMONTHDAY=23;COUNT=3"),
            ({"frequency": "DAILY", "ends": "until", "until": "2026-11-25"}, "FREQ=DAILY;UNTIL=20261125"),
        ],
    )
    def test_fields_make_the_rule(self, desk_client, form, changes, rule):
        desk_client.post("/appointments/series/new/", {**form, **changes, "at-2027-01-23T14:00:00+00:00": "skip"})
        assert AppointmentSeries.objects.get().rule == rule


class TestChanging:
    def test_the_visit_says_that_it_is_one_of_a_series(self, desk_client, series):
        page = desk_client.get(f"/appointments/{visits(series)[1].pk}/").content.decode()
        assert "Every week, 3 visits" in page
        assert (
            "Cancel those after it as well"
            in desk_client.get(f"/appointments/{visits(series)[1].pk}/cancel/").content.decode()
        )
        assert (
            "Move those after it as well"
            in desk_client.get(f"/appointments/{visits(series)[1].pk}/reschedule/").content.decode()
        )

    def test_those_after_it_move_together(self, desk_client, series, bookable):
        second = visits(series)[1]
        form = {
            "day": "2026-12-01",
            "time": "10:00",
            "practitioner": str(bookable.practitioner.pk),
            "scope": "following",
            "tell_patient": "on",
            "version": "1",
        }
        seen = desk_client.post(f"/appointments/{second.pk}/series/move/?preview=1", form).content.decode()
        assert seen.count('class="occ-i"') == 2
        answer = desk_client.post(f"/appointments/{second.pk}/series/move/", form, headers={"HX-Request": "true"})
        assert answer.status_code == 204
        second.refresh_from_db()
        assert second.start == NINE + WEEK + dt.timedelta(days=1, hours=1)
        assert second.series_id != series.pk

    def test_one_that_can_not_move_may_stay(self, desk_client, series, bookable):
        first, _second, third = visits(series)
        AppointmentFactory(
            organization=bookable.organization,
            practitioner=bookable.practitioner,
            location=bookable.location,
            appointment_type=bookable.appointment_type,
            start=NINE + 2 * WEEK + dt.timedelta(hours=1),
        )
        form = {"day": "2026-11-23", "time": "10:00", "practitioner": str(bookable.practitioner.pk), "scope": "all"}
        refused = desk_client.post(f"/appointments/{first.pk}/series/move/", form, headers={"HX-Request": "true"})
        assert refused.status_code == 422
        assert json.loads(refused.headers["HX-Trigger"])["toast"]["text"].startswith(
            "1 visit can’t move there. Leave it where it is"
        )
        page = refused.content.decode()
        assert page.count(f'name="at-{third.pk}"') == 1, "a move offers only what it can do: to leave the visit"
        assert f'name="at-{third.pk}" value="stay"' in page
        decided = {**form, f"at-{third.pk}": "stay"}
        done = desk_client.post(f"/appointments/{first.pk}/series/move/", decided)
        assert (done.status_code, done["Location"]) == (302, f"/appointments/{first.pk}/")  # as a page, to the visit
        third.refresh_from_db()
        assert third.start == NINE + 2 * WEEK

    def test_those_after_it_are_cancelled_and_undone(self, desk_client, series):
        second = visits(series)[1]
        asked = desk_client.post(f"/appointments/{second.pk}/series/cancel/", {"scope": "following"})
        assert asked.status_code == 422  # no reason given
        form = {"scope": "following", "reason": "patient"}
        answer = desk_client.post(f"/appointments/{second.pk}/series/cancel/", form, headers={"HX-Request": "true"})
        assert "2 visits of Ana" in answer.headers["HX-Trigger"]
        assert [one.status for one in visits(series)] == [Status.BOOKED, Status.CANCELLED, Status.CANCELLED]
        since = FRIDAY.isoformat().replace("+", "%2B")
        assert desk_client.post(f"/appointments/series/{series.pk}/undo/?since={since}").status_code == 204
        assert {one.status for one in visits(series)} == {Status.BOOKED}

    def test_a_visit_of_no_series_has_no_series_dialogs(self, desk_client, taken):
        assert desk_client.get(f"/appointments/{taken.pk}/series/move/").status_code == 404

    @pytest.mark.parametrize("since", ["yesterday", "2026-02-30T09:00:00Z", "0001-01-01T00:00:00%2B14:00"])
    def test_undo_of_no_moment_is_refused(self, desk_client, series, since):
        assert desk_client.post(f"/appointments/series/{series.pk}/undo/?since={since}").status_code == 422
