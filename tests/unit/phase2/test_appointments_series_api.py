"""`/api/v1/appointments/series/` through the public door."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
import time_machine

from apps.appointments.models import Appointment, AppointmentSeries
from apps.audit.models import AccessRecord
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.shared import api_client_for

URL = "/api/v1/appointments/series/"
FRIDAY = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
NINE = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)
WEEK = dt.timedelta(weeks=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(FRIDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def desk_api(front_desk):
    return api_client_for(front_desk)


def text(moment: dt.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@pytest.fixture
def body(bookable, patient) -> dict:
    return {
        "patient": str(patient.pk),
        "appointment_type": str(bookable.appointment_type.pk),
        "practitioner": str(bookable.practitioner.pk),
        "location": str(bookable.location.pk),
        "start": text(NINE),
        "rule": "FREQ=WEEKLY;COUNT=3",
    }


@pytest.fixture
def made(desk_api, body) -> dict:
    return desk_api.post(URL, body).json()


@pytest.fixture
def taken(bookable) -> Appointment:
    return AppointmentFactory(
        organization=bookable.organization,
        practitioner=bookable.practitioner,
        location=bookable.location,
        appointment_type=bookable.appointment_type,
        start=NINE + WEEK,
    )


def test_series_is_booked_and_read_with_its_visits(desk_api, body):
    answer = desk_api.post(URL, body)
    assert answer.status_code == 201
    assert answer.json()["description"] == "Every week, 3 visits"
    assert [one["start"] for one in answer.json()["appointments"]] == [
        text(NINE + number * WEEK) for number in range(3)
    ]
    assert desk_api.get(answer["Location"]).json() == answer.json()
    assert AccessRecord.objects.filter(route="api:series-retrieve").exists()


def test_list_is_of_one_patient(desk_api, made, patient):
    assert [one["id"] for one in desk_api.get(f"{URL}?patient={patient.pk}").json()["results"]] == [made["id"]]
    assert desk_api.get(f"{URL}?patient={uuid.uuid4()}").status_code == 422


def test_check_says_what_is_against_each_visit(desk_api, body, taken):
    answer = desk_api.post(f"{URL}check/", body).json()
    assert answer["bookable"] is False
    assert [one["bookable"] for one in answer["occurrences"]] == [True, False, True]
    assert answer["occurrences"][1]["conflicts"][0]["code"] == "practitioner_taken"
    assert len(answer["occurrences"][1]["alternatives"]) == 3


def test_refused_series_is_409_and_books_nothing(desk_api, body, taken, patient):
    answer = desk_api.post(URL, body)
    assert (answer.status_code, answer.json()["code"]) == (409, "series_unavailable")
    assert [one["recurrence_id"] for one in answer.json()["occurrences"]] == [text(NINE + WEEK)]
    assert not Appointment.objects.filter(patient=patient).exists()


def test_refused_visit_is_put_elsewhere_or_left_out(desk_api, body, taken):
    later = {"recurrence_id": text(NINE + WEEK), "start": text(NINE + WEEK + dt.timedelta(minutes=30))}
    moved = desk_api.post(URL, {**body, "instead": [later]})
    assert moved.json()["appointments"][1]["start"] == later["start"]
    skipped = desk_api.post(
        URL, {**body, "start": text(NINE + dt.timedelta(hours=1)), "skip": [text(NINE + WEEK + dt.timedelta(hours=1))]}
    )
    assert len(skipped.json()["appointments"]) == 2


@pytest.mark.parametrize("rule", ["", "FREQ=WEEKLY", "nonsense", "FREQ=WEEKLY;BYDAY=TU;COUNT=2"])
def test_wrong_rule_is_422_with_the_field(desk_api, body, rule):
    answer = desk_api.post(URL, {**body, "rule": rule})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["rule"]


def test_following_visits_move_into_a_series_of_their_own(desk_api, made):
    second = made["appointments"][1]
    change = {"appointment": second["id"], "start": text(NINE + WEEK + dt.timedelta(hours=1))}
    asked = desk_api.post(f"{URL}{made['id']}/check/", change).json()
    assert (asked["bookable"], len(asked["occurrences"])) == (True, 2)
    answer = desk_api.post(f"{URL}{made['id']}/reschedule/", change)
    assert answer.json()["continues"] == made["id"]
    assert len(answer.json()["appointments"]) == 2


def test_stale_version_of_the_visit_is_409(desk_api, made):
    visit = made["appointments"][0]
    change = {"appointment": visit["id"], "start": text(NINE + WEEK), "scope": "all", "version": 9}
    answer = desk_api.post(f"{URL}{made['id']}/reschedule/", change)
    assert (answer.status_code, answer.json()["code"]) == (409, "stale")


def test_all_visits_are_cancelled(desk_api, made):
    visit = made["appointments"][1]
    answer = desk_api.post(
        f"{URL}{made['id']}/cancel/", {"appointment": visit["id"], "scope": "all", "reason": "patient"}
    )
    assert {one["status"] for one in answer.json()["appointments"]} == {"cancelled"}
    assert answer.json()["cancelled_at"] is not None


def test_visit_of_another_series_is_404(desk_api, bookable, made):
    alone = AppointmentFactory(organization=bookable.organization, start=NINE + 9 * WEEK)
    answer = desk_api.post(f"{URL}{made['id']}/cancel/", {"appointment": str(alone.pk), "reason": "patient"})
    assert answer.status_code == 404


def test_foreign_series_is_404(foreign_front_desk, made):
    assert api_client_for(foreign_front_desk).get(f"{URL}{made['id']}/").status_code == 404
    assert AppointmentSeries.objects.filter(pk=made["id"]).exists()
