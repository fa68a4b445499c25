"""The API of the plan: every change names the visits that it affects; visits to move; settings of the book."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from apps.audit.models import AccessRecord
from apps.notifications.models import StaffNotice
from apps.practitioners.models import Closure, TimeOff
from apps.practitioners.services import keep_holidays
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.practitioners import PractitionerFactory, TimeOffFactory
from tests.fixtures.shared import MONDAY, api_client_for

API = "/api/v1/"
NINE, TEN = "2026-11-23T14:00:00Z", "2026-11-23T15:00:00Z"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def friday_before():
    with time_machine.travel(MONDAY - dt.timedelta(days=3), tick=True):
        yield


@pytest.fixture
def visit(bookable, patient):
    return AppointmentFactory(
        organization=bookable.organization,
        practitioner=bookable.practitioner,
        location=bookable.location,
        appointment_type=bookable.appointment_type,
        patient=patient,
        start=MONDAY,
    )


class TestAffected:
    def test_time_off_names_the_visits_inside_and_somebody_is_told(self, api_client, bookable, visit, front_desk):
        body = {"practitioner": str(bookable.practitioner.pk), "start": NINE, "end": TEN}
        made = api_client.post(f"{API}time-off/", body)
        assert (made.status_code, made.json()["affected"]) == (201, [str(visit.pk)])
        assert StaffNotice.objects.filter(user=front_desk.user).count() == 1
        assert api_client.get(f"{API}time-off/{made.json()['id']}/").json()["affected"] == []

    def test_moving_time_off_names_whom_the_new_time_affects(self, api_client, bookable, visit):
        row = TimeOffFactory(
            organization=bookable.organization,
            practitioner=bookable.practitioner,
            period=(MONDAY + dt.timedelta(days=1), MONDAY + dt.timedelta(days=2)),
        )
        changed = api_client.patch(f"{API}time-off/{row.pk}/", {"start": NINE})
        assert (changed.status_code, changed.json()["start"], changed.json()["affected"]) == (
            200,
            NINE,
            [str(visit.pk)],
        )
        assert TimeOff.objects.get().period.lower == MONDAY

    def test_closures_of_the_clinic_affect_every_place(self, api_client, visit):
        made = api_client.post(f"{API}closures/", {"start": NINE, "end": TEN, "reason": "Burst pipe"})
        assert (made.status_code, made.json()["affected"], made.json()["is_active"]) == (201, [str(visit.pk)], True)
        opened = api_client.patch(f"{API}closures/{made.json()['id']}/", {"is_active": False})
        assert (opened.json()["is_active"], opened.json()["affected"]) == (False, [])

    def test_hours_name_the_visits_that_a_removal_leaves_outside(self, api_client, weekly_hours, visit):
        removed = api_client.delete(f"{API}schedules/{weekly_hours[0].pk}/")
        assert (removed.status_code, removed.json()) == (200, {"affected": [str(visit.pk)]})

    def test_hours_that_are_added_affect_nobody(self, api_client, bookable):
        body = {
            "practitioner": str(bookable.practitioner.pk),
            "location": str(bookable.location.pk),
            "weekday": 5,
            "start_time": "09:00",
            "end_time": "12:00",
        }
        assert api_client.post(f"{API}schedules/", body).json()["affected"] == []


class TestHolidays:
    @pytest.fixture
    def thanksgiving(self, location) -> Closure:
        location.observes_holidays = True
        location.save()
        keep_holidays(location=location)
        return Closure.objects.get(holiday_on=dt.date(2026, 11, 26))

    def test_the_clinic_works_on_one(self, api_client, thanksgiving):
        url = f"{API}closures/{thanksgiving.pk}/"
        assert api_client.get(url).json()["holiday_on"] == "2026-11-26"
        assert api_client.patch(url, {"is_active": False}).json()["is_active"] is False
        listed = api_client.get(f"{API}closures/", {"is_active": "false"}).json()["results"]
        assert [row["id"] for row in listed] == [str(thanksgiving.pk)]

    def test_its_day_is_the_calendars(self, api_client, thanksgiving):
        url = f"{API}closures/{thanksgiving.pk}/"
        for answer in (api_client.patch(url, {"start": NINE}), api_client.delete(url)):
            assert (answer.status_code, answer.json()["code"]) == (409, "holiday")


class TestOutside:
    URL = f"{API}appointments/outside/"

    def test_it_lists_visits_to_move_with_every_reason(self, api_client, bookable, visit, patient):
        TimeOffFactory(organization=bookable.organization, practitioner=bookable.practitioner)
        (row,) = api_client.get(self.URL).json()["results"]
        assert (row["appointment"], row["patient"], row["start"]) == (str(visit.pk), str(patient.pk), NINE)
        assert [problem["code"] for problem in row["problems"]] == ["time_off"]
        assert AccessRecord.objects.filter(patient_id=patient.pk, route="api:appointments-outside").count() == 1

    def test_it_narrows_to_a_practitioner(self, api_client, bookable, visit):
        TimeOffFactory(organization=bookable.organization, practitioner=bookable.practitioner)
        other = PractitionerFactory(organization=bookable.organization)
        assert len(api_client.get(self.URL, {"practitioner": bookable.practitioner.pk}).json()["results"]) == 1
        assert api_client.get(self.URL, {"practitioner": other.pk}).json()["results"] == []

    def test_a_practitioner_who_is_none_is_refused(self, api_client, other_organization):
        foreign = PractitionerFactory(organization=other_organization)
        assert api_client.get(self.URL, {"practitioner": "somebody"}).status_code == 422
        assert api_client.get(self.URL, {"practitioner": foreign.pk}).status_code == 404


class TestSettings:
    URL = f"{API}appointment-settings/"

    def test_defaults_stand_until_they_are_changed(self, api_client):
        assert api_client.get(self.URL).json()["no_show_after_minutes"] == 20
        changed = api_client.patch(self.URL, {"no_shows_block_online": 3})
        assert (changed.status_code, changed.json()["no_shows_block_online"]) == (200, 3)
        assert api_client.get(self.URL).json() == changed.json()

    def test_impossible_values_are_422(self, api_client):
        answer = api_client.patch(self.URL, {"waitlist_offer_minutes": 600})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "waitlist_offer_minutes")

    def test_front_desk_may_look_only(self, front_desk):
        client = api_client_for(front_desk)
        assert client.get(self.URL).status_code == 200
        assert client.patch(self.URL, {"no_shows_block_online": 3}).status_code == 403
