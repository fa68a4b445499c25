"""`/api/v1/waitlist/`: the contract that programs rely on."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.appointments.models import Appointment, OfferStatus, Status, WaitlistEntry, WaitStatus
from apps.audit.models import AccessRecord
from apps.core.tenancy import organization_scope
from apps.organizations.permissions import Permission
from tests.fixtures.shared import api_client_for
from tests.fixtures.waitlist import again, offers_of, open_for_messages, somebody, visit_of, waiting

MONDAY = dt.datetime(2026, 11, 23, 18, 0, tzinfo=dt.UTC)
TUESDAY_TEN = dt.datetime(2026, 11, 24, 15, 0, tzinfo=dt.UTC)
PATH = "/api/v1/waitlist/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False):
        yield


@pytest.fixture
def clinic(bookable):
    return open_for_messages(bookable)


def body(clinic, **fields: object) -> dict[str, object]:
    return {
        "patient": str(somebody(clinic).pk),
        "appointment_type": str(clinic.appointment_type.pk),
        "earliest_date": "2026-11-23",
        "latest_date": "2026-12-04",
        **fields,
    }


def a_time(clinic, start: dt.datetime = TUESDAY_TEN) -> dict[str, str]:
    return {
        "practitioner": str(clinic.practitioner.pk),
        "location": str(clinic.location.pk),
        "start": start.isoformat(),
    }


def post(client, entry: WaitlistEntry, what: str, data: dict | None = None):
    return client.post(f"{PATH}{entry.pk}/{what}/", data or {}, format="json")


class TestEntries:
    def test_created_entry_is_found_under_its_location(self, clinic, api_client):
        answer = api_client.post(
            PATH, body(clinic, weekdays=[1, 3], from_time="09:00", urgency=2, note="knee"), format="json"
        )
        assert answer.status_code == 201
        made = api_client.get(answer["Location"]).json()
        assert (made["status"], made["urgency"], made["window"]) == (
            "waiting",
            2,
            "until 4 December, Tue or Thu, from 09:00",
        )
        assert (made["version"], made["offer"], made["note"]) == (1, None, "knee")

    def test_wrong_fields_are_named(self, clinic, api_client):
        answer = api_client.post(PATH, body(clinic, latest_date="2026-11-20", weekdays=[9]), format="json")
        assert answer.status_code == 422
        assert {error["field"] for error in answer.json()["errors"]} >= {"weekdays.0"}
        answer = api_client.post(PATH, body(clinic, latest_date="2026-11-20"), format="json")
        assert [error["field"] for error in answer.json()["errors"]] == ["latest_date"]

    def test_second_entry_of_a_type_is_a_conflict_that_names_the_first(self, clinic, api_client):
        entry = waiting(clinic)
        answer = api_client.post(PATH, body(clinic, patient=str(entry.patient_id)), format="json")
        assert (answer.status_code, answer.json()["code"], answer.json()["entry"]) == (
            409,
            "already_waiting",
            str(entry.pk),
        )

    def test_list_has_the_urgent_first_and_narrows(self, clinic, api_client):
        routine, urgent = waiting(clinic), waiting(clinic, urgency=2)
        gone = waiting(clinic, status=WaitStatus.REMOVED)
        listed = api_client.get(PATH, {"status": "waiting"}).json()["results"]
        assert [one["id"] for one in listed] == [str(urgent.pk), str(routine.pk)]
        assert len(api_client.get(PATH).json()["results"]) == 3
        mine = api_client.get(PATH, {"patient": str(gone.patient_id)}).json()["results"]
        assert [one["id"] for one in mine] == [str(gone.pk)]

    def test_patch_takes_the_version_and_refuses_a_stale_one(self, clinic, api_client):
        entry = waiting(clinic)
        answer = api_client.patch(f"{PATH}{entry.pk}/", {"urgency": 1, "version": 1}, format="json")
        assert (answer.status_code, answer.json()["version"], answer["ETag"]) == (200, 2, '"2"')
        stale = api_client.patch(f"{PATH}{entry.pk}/", {"urgency": 2, "version": 1}, format="json")
        assert (stale.status_code, stale.json()["code"], stale.json()["current"]) == (409, "stale", 2)
        assert stale.json()["conflicts"] == [{"field": "urgency", "current": 1, "yours": 2}]

    def test_patch_can_take_a_wish_away(self, clinic, api_client):
        entry = waiting(clinic, practitioner=clinic.practitioner, from_time=dt.time(9))
        answer = api_client.patch(f"{PATH}{entry.pk}/", {"practitioner": None, "from_time": None}, format="json")
        assert (answer.json()["practitioner"], answer.json()["from_time"]) == (None, None)

    def test_delete_takes_off_the_list_and_restore_puts_back(self, clinic, api_client):
        entry = waiting(clinic)
        assert api_client.delete(f"{PATH}{entry.pk}/").status_code == 204
        assert again(entry).status == WaitStatus.REMOVED
        assert post(api_client, entry, "restore").json()["status"] == "waiting"

    def test_same_idempotency_key_adds_once(self, clinic, api_client):
        sent = body(clinic)
        first, second = (
            api_client.post(PATH, sent, format="json", HTTP_IDEMPOTENCY_KEY="once") for _number in range(2)
        )
        assert first.json() == second.json()
        assert WaitlistEntry.objects.count() == 1


class TestOffers:
    def test_offer_accept_and_the_visit_that_comes_of_it(self, clinic, api_client):
        entry = waiting(clinic)
        offered = post(api_client, entry, "offer", a_time(clinic)).json()
        assert (offered["status"], offered["offer"]["status"], offered["offer"]["start"]) == (
            "offered",
            "open",
            "2026-11-24T15:00:00Z",
        )
        assert offered["offer"]["expires_at"] == "2026-11-23T18:30:00Z"
        accepted = post(api_client, entry, "accept").json()
        assert (accepted["status"], accepted["offer"]) == ("booked", None)
        visit = Appointment.objects.get(pk=accepted["booked"])
        assert (visit.status, visit.start) == (Status.BOOKED, TUESDAY_TEN)
        assert post(api_client, entry, "accept").json()["booked"] == accepted["booked"]
        assert offers_of(entry)[0].answered_by == "api"

    @pytest.mark.parametrize(("what", "state"), [("decline", "declined"), ("withdraw", "withdrawn")])
    def test_offer_that_comes_to_nothing_leaves_the_entry_waiting(self, clinic, api_client, what, state):
        entry = waiting(clinic)
        post(api_client, entry, "offer", a_time(clinic))
        assert post(api_client, entry, what).json()["status"] == "waiting"
        history = api_client.get(f"{PATH}{entry.pk}/offers/").json()
        assert [one["status"] for one in history] == [state]
        closed = post(api_client, entry, "accept")
        assert (closed.status_code, closed.json()["code"], closed.json()["offer_status"]) == (
            409,
            "offer_closed",
            state,
        )

    def test_taken_time_is_refused_with_reasons_and_alternatives(self, clinic, api_client):
        visit_of(clinic, TUESDAY_TEN)
        answer = post(api_client, waiting(clinic), "offer", a_time(clinic))
        assert (answer.status_code, answer.json()["code"]) == (409, "slot_unavailable")
        assert len(answer.json()["alternatives"]) == 3

    def test_who_can_not_be_written_to_is_refused_with_the_reason(self, clinic, api_client):
        answer = post(api_client, waiting(clinic, somebody(clinic, agreed=False)), "offer", a_time(clinic))
        assert (answer.status_code, answer.json()["code"]) == (409, "not_reachable")
        assert "Call them" in answer.json()["detail"]

    def test_without_an_offer_there_is_nothing_to_answer(self, clinic, api_client):
        answer = post(api_client, waiting(clinic), "accept")
        assert (answer.status_code, answer.json()["code"]) == (409, "no_offer")

    def test_candidates_come_ranked_with_reasons_and_hindrances(self, clinic, api_client):
        urgent = waiting(clinic, urgency=2)
        silent = waiting(clinic, somebody(clinic, agreed=False))
        asked = a_time(clinic) | {"end": (TUESDAY_TEN + dt.timedelta(minutes=30)).isoformat()}
        found = api_client.get(f"{PATH}candidates/", asked).json()["results"]
        assert [one["entry"] for one in found] == [str(urgent.pk), str(silent.pk)]
        assert found[0]["reasons"] == ["Urgent", "Waiting since today"]
        assert (found[0]["can_be_offered"], found[1]["can_be_offered"]) == (True, False)
        assert "No consent" in found[1]["hindrance"]

    def test_candidates_for_no_time_are_refused(self, clinic, api_client):
        asked = a_time(clinic) | {"end": TUESDAY_TEN.isoformat()}
        answer = api_client.get(f"{PATH}candidates/", asked)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "end")


class TestAccess:
    def test_entry_of_another_clinic_is_not_found(self, clinic, foreign_api_client):
        entry = waiting(clinic)
        for answer in (
            foreign_api_client.get(f"{PATH}{entry.pk}/"),
            foreign_api_client.delete(f"{PATH}{entry.pk}/"),
            post(foreign_api_client, entry, "accept"),
        ):
            assert answer.status_code == 404

    def test_patient_of_another_clinic_can_not_be_added(self, clinic, api_client, foreign_patient):
        answer = api_client.post(PATH, body(clinic, patient=str(foreign_patient.pk)), format="json")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "patient")

    def test_key_that_may_only_look_can_not_offer(self, clinic, manager):
        client = api_client_for(manager, scopes=(Permission.APPOINTMENTS_VIEW,))
        entry = waiting(clinic)
        assert client.get(PATH).status_code == 200
        assert post(client, entry, "offer", a_time(clinic)).status_code == 403
        assert client.delete(f"{PATH}{entry.pk}/").status_code == 403

    def test_every_look_at_patients_is_noted(self, clinic, api_client):
        entry = waiting(clinic)
        api_client.get(PATH)
        api_client.get(f"{PATH}{entry.pk}/")
        with organization_scope(clinic.organization.pk):
            routes = AccessRecord.objects.filter(patient_id=entry.patient_id).values_list("route", flat=True)
            assert sorted(routes) == ["api:waitlist-list", "api:waitlist-retrieve"]

    def test_unknown_entry_is_not_found(self, clinic, api_client):
        assert api_client.get(f"{PATH}{uuid.uuid4()}/").status_code == 404

    def test_number_of_queries_of_the_list_is_constant(self, clinic, api_client):
        def questions() -> int:
            with CaptureQueriesContext(connection) as caught:
                assert api_client.get(PATH).status_code == 200
            return len(caught)

        for number in range(10):
            entry = waiting(clinic)
            if number in {1, 4, 5}:
                start = TUESDAY_TEN + number * dt.timedelta(hours=24)
                assert post(api_client, entry, "offer", a_time(clinic, start)).status_code in {200, 409}
            if number == 2:
                questions()  # what is asked once per process
                few = questions()
        assert questions() == few


def test_offer_states_of_the_model_are_those_of_the_contract():
    assert set(OfferStatus.values) == {"open", "accepted", "declined", "expired", "withdrawn"}
