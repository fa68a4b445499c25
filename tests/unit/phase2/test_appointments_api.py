"""`/api/v1/appointments/`, holds, slots, types: exactly what CONTRACTS.md says, through the public door."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from apps.appointments.models import Appointment, PractitionerType, Status
from apps.audit.models import AccessRecord
from apps.events.models import Event
from apps.organizations.permissions import Permission
from tests.fixtures.appointments import AppointmentFactory, AppointmentTypeFactory
from tests.fixtures.patients import PatientFactory
from tests.fixtures.practitioners import PractitionerFactory, RoomFactory
from tests.fixtures.shared import api_client_for

URL = "/api/v1/appointments/"
FRIDAY = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
NINE = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)
HALF_HOUR = dt.timedelta(minutes=30)
HOUR = dt.timedelta(hours=1)

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


def slot(bookable, **changes) -> dict:
    return {
        "appointment_type": str(bookable.appointment_type.pk),
        "practitioner": str(bookable.practitioner.pk),
        "location": str(bookable.location.pk),
        "start": text(NINE),
        **changes,
    }


def booking(bookable, patient, **changes) -> dict:
    return {**slot(bookable), "patient": str(patient.pk), **changes}


@pytest.fixture
def booked(bookable, patient, api_client) -> dict:
    return api_client.post(URL, booking(bookable, patient)).json()


class TestBooking:
    def test_booking_answers_201_with_the_visit(self, api_client, bookable, patient) -> None:
        answer = api_client.post(URL, booking(bookable, patient, reason="Cough"))
        body = answer.json()
        assert answer.status_code == 201
        assert (answer["Location"], answer["ETag"]) == (f"{URL}{body['id']}/", '"1"')
        assert (body["status"], body["source"], body["version"], body["reason"]) == ("booked", "api", 1, "Cough")
        assert (body["start"], body["end"]) == ("2026-11-23T14:00:00Z", "2026-11-23T14:30:00Z")
        assert (body["patient_name"], body["practitioner_name"]) == ("Ana López", "Dr Amara Okonkwo")
        assert (body["timezone"], body["room"]) == ("America/New_York", None)
        assert body["possible_steps"] == ["confirm", "reschedule", "arrive", "start", "no-show", "cancel"]

    def test_start_may_name_any_offset(self, api_client, bookable, patient) -> None:
        body = api_client.post(URL, booking(bookable, patient, start="2026-11-23T09:00:00-05:00")).json()
        assert body["start"] == "2026-11-23T14:00:00Z"

    def test_taken_slot_is_409_with_all_conflicts_and_three_alternatives(
        self, api_client, bookable, booked, patient
    ) -> None:
        answer = api_client.post(URL, booking(bookable, patient))
        body = answer.json()
        assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
        assert body["code"] == "slot_unavailable"
        assert body["detail"] == "Dr Amara Okonkwo has another appointment from 09:00 to 09:30."
        assert [(c["code"], c["hard"], c["until"]) for c in body["conflicts"]] == [
            ("practitioner_taken", True, "2026-11-23T14:30:00Z"),
            ("patient_taken", True, "2026-11-23T14:30:00Z"),
        ]
        assert [one["start"] for one in body["alternatives"]] == [text(NINE + n * HALF_HOUR) for n in (1, 2, 3)]
        assert set(body["alternatives"][0]) >= {"practitioner", "location", "start", "end", "room"}

    def test_alternative_can_be_posted_as_it_is(self, api_client, bookable, booked) -> None:
        other = PatientFactory(organization=bookable.organization)
        free = api_client.post(URL, booking(bookable, other)).json()["alternatives"][0]
        again = {name: free[name] for name in ("practitioner", "location", "start", "room")}
        assert api_client.post(URL, booking(bookable, other, **again)).status_code == 201

    def test_same_idempotency_key_books_once(self, api_client, bookable, patient) -> None:
        answers = [
            api_client.post(URL, booking(bookable, patient), headers={"Idempotency-Key": "k1"}) for _again in range(2)
        ]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json()["id"] == answers[1].json()["id"]
        assert Appointment.objects.count() == 1

    def test_refusal_leaves_nothing_behind(self, api_client, bookable, booked, patient) -> None:
        before = Event.objects.count()
        api_client.post(URL, booking(bookable, patient))
        assert (Appointment.objects.count(), Event.objects.count()) == (1, before)

    def test_manager_overrides_a_soft_rule_with_a_reason(self, api_client, bookable, patient) -> None:
        early = booking(bookable, patient, start=text(NINE - HOUR))
        refused = api_client.post(URL, early)
        assert (refused.status_code, refused.json()["conflicts"][0]["hard"]) == (409, False)
        answer = api_client.post(URL, {**early, "override": {"reason": "Fasting"}})
        assert (answer.status_code, answer.json()["override_reason"]) == (201, "Fasting")

    def test_override_without_the_permission_is_403(self, desk_api, bookable, patient) -> None:
        answer = desk_api.post(URL, booking(bookable, patient, start=text(NINE - HOUR), override={"reason": "Fasting"}))
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert answer.json()["conflicts"][0]["code"] == "outside_hours"

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"start": "2026-11-23T09:00:00"}, "start"),
            ({"start": "tomorrow"}, "start"),
            ({"start": "2026-11-23T14:00:30Z"}, "start"),
            ({"practitioner": "me"}, "practitioner"),
            ({"location": None}, "location"),
            ({"reason": "x" * 501}, "reason"),
            ({"override": {"reason": ""}}, "override.reason"),
            ({"override": "please"}, "override"),
            ({"hold": "mine"}, "hold"),
        ],
    )
    def test_impossible_input_is_422_and_names_the_field(self, api_client, bookable, patient, changes, field) -> None:
        answer = api_client.post(URL, booking(bookable, patient, **changes))
        assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
        assert {error["field"] for error in answer.json()["errors"]} == {field}

    @pytest.mark.parametrize("name", ["patient", "practitioner", "location", "appointment_type", "room"])
    def test_objects_of_another_clinic_do_not_exist(
        self, api_client, bookable, patient, other_organization, name
    ) -> None:
        foreign = AppointmentFactory(organization=other_organization)
        ids = {
            "patient": foreign.patient_id,
            "practitioner": foreign.practitioner_id,
            "location": foreign.location_id,
            "appointment_type": foreign.appointment_type_id,
            "room": RoomFactory(organization=other_organization).pk,
        }
        answer = api_client.post(URL, {**booking(bookable, patient), name: str(ids[name])})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == name

    def test_who_may_only_look_may_not_book(self, auditor, bookable, patient) -> None:
        assert api_client_for(auditor).post(URL, booking(bookable, patient)).status_code == 403

    def test_key_narrowed_to_looking_may_not_book(self, manager, bookable, patient) -> None:
        narrow = api_client_for(manager, (Permission.APPOINTMENTS_VIEW,))
        assert narrow.post(URL, booking(bookable, patient)).status_code == 403
        assert narrow.get(URL).status_code == 200


class TestReading:
    def test_list_is_latest_first_and_leaves_holds_out(self, api_client, bookable) -> None:
        fields = {"organization": bookable.organization, "practitioner": bookable.practitioner}
        first = AppointmentFactory(**fields, start=NINE)
        second = AppointmentFactory(**fields, start=NINE + HOUR)
        AppointmentFactory(**fields, start=NINE + 2 * HOUR, status="held", held_until=NINE, patient=None)
        ids = [row["id"] for row in api_client.get(URL).json()["results"]]
        assert ids == [str(second.pk), str(first.pk)]
        ids = [row["id"] for row in api_client.get(URL, {"ordering": "start"}).json()["results"]]
        assert ids == [str(first.pk), str(second.pk)]

    def test_unknown_ordering_is_422(self, api_client, bookable) -> None:
        assert api_client.get(URL, {"ordering": "patient__note"}).status_code == 422

    def test_list_is_filtered(self, api_client, bookable, patient) -> None:
        mine = AppointmentFactory(
            organization=bookable.organization,
            practitioner=bookable.practitioner,
            location=bookable.location,
            patient=patient,
            start=NINE,
            confirmed_at=FRIDAY,
        )
        AppointmentFactory(organization=bookable.organization, start=NINE + 24 * HOUR, status=Status.CANCELLED)
        for query in (
            {"patient": patient.pk},
            {"practitioner": bookable.practitioner.pk},
            {"location": bookable.location.pk},
            {"status": "booked"},
            {"start": text(NINE), "end": text(NINE + HOUR)},
            {"confirmed": "true"},
        ):
            found = [row["id"] for row in api_client.get(URL, query).json()["results"]]
            assert found == [str(mine.pk)], query
        both = api_client.get(URL, {"status": ["booked", "cancelled"]}).json()["results"]
        assert len(both) == 2

    @pytest.mark.parametrize("query", [{"status": "held"}, {"patient": "me"}, {"start": "yesterday"}])
    def test_impossible_filter_is_422(self, api_client, bookable, query) -> None:
        assert api_client.get(URL, query).status_code == 422

    def test_pages_follow_each_other(self, api_client, bookable) -> None:
        for number in range(3):
            AppointmentFactory(organization=bookable.organization, start=NINE + number * HOUR)
        page = api_client.get(URL, {"limit": 2}).json()
        rest = api_client.get(page["next"]).json()
        assert [len(page["results"]), len(rest["results"]), rest["next"]] == [2, 1, None]

    def test_number_of_queries_is_constant(self, api_client, bookable) -> None:
        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                api_client.get(URL)
            return len(queries)

        AppointmentFactory(organization=bookable.organization, start=NINE)
        count()
        one = count()
        for number in range(1, 6):
            AppointmentFactory(organization=bookable.organization, start=NINE + number * HOUR)
        assert count() == one

    def test_every_look_is_in_the_access_log(self, api_client, booked, patient) -> None:
        api_client.get(f"{URL}{booked['id']}/")
        api_client.get(URL)
        api_client.get(f"{URL}{booked['id']}/ics/")
        seen = AccessRecord.objects.filter(patient_id=patient.pk).order_by("id")
        assert [(record.route, record.kind) for record in seen] == [
            ("api:appointments-retrieve", "view"),
            ("api:appointments-list", "search"),
            ("api:appointments-ics", "view"),
        ]

    def test_foreign_and_unknown_visits_and_holds_are_404(self, api_client, bookable, other_organization) -> None:
        foreign = AppointmentFactory(organization=other_organization)
        hold = AppointmentFactory(
            organization=bookable.organization, patient=None, status="held", held_until=FRIDAY + HOUR
        )
        for pk in (foreign.pk, hold.pk, uuid.uuid4()):
            assert api_client.get(f"{URL}{pk}/").status_code == 404
            assert api_client.get(f"{URL}{pk}/ics/").status_code == 404
            assert api_client.patch(f"{URL}{pk}/", {"note": "x"}).status_code == 404
            for step in ("confirm", "arrive", "start", "complete", "no-show", "undo"):
                assert api_client.post(f"{URL}{pk}/{step}/", {}).status_code == 404
            assert api_client.post(f"{URL}{pk}/cancel/", {"reason": "patient"}).status_code == 404
            assert api_client.post(f"{URL}{pk}/reschedule/", {"start": text(NINE)}).status_code == 404

    @pytest.mark.parametrize("accept", ["text/calendar", "*/*", "application/json"])
    def test_calendar_file(self, api_client, booked, accept) -> None:
        answer = api_client.get(f"{URL}{booked['id']}/ics/", headers={"Accept": accept})
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
        (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
        assert (event["uid"], event.start) == (booked["id"], NINE)


class TestSteps:
    def post(self, client, booked: dict, step: str, body: dict | None = None, **kwargs):
        return client.post(f"{URL}{booked['id']}/{step}/", body or {}, **kwargs)

    def test_whole_visit(self, api_client, booked, clock) -> None:
        clock.move_to(NINE)
        steps = ("confirm", "arrive", "start", "complete", "undo", "complete")
        answers = [self.post(api_client, booked, step) for step in steps]
        assert [answer.status_code for answer in answers] == [200] * 6
        assert [answer.json()["status"] for answer in answers] == [
            "booked",
            "arrived",
            "in_progress",
            "fulfilled",
            "in_progress",
            "fulfilled",
        ]
        assert answers[0].json()["confirmed_by"] == "api"

    def test_impossible_step_is_409_with_what_is_possible(self, api_client, booked) -> None:
        answer = self.post(api_client, booked, "complete")
        body = answer.json()
        assert (answer.status_code, body["code"]) == (409, "invalid_transition")
        assert body["detail"] == "The patient has not arrived yet. Check them in first."
        assert (body["current_status"], "arrive" in body["possible"]) == ("booked", True)

    def test_no_show_from_the_start_on(self, api_client, booked, clock) -> None:
        assert self.post(api_client, booked, "no-show").status_code == 409
        clock.move_to(NINE)
        assert self.post(api_client, booked, "no-show").json()["status"] == "noshow"

    def test_cancel_with_reason(self, api_client, booked) -> None:
        answer = self.post(api_client, booked, "cancel", {"reason": "patient", "note": "ill"})
        body = answer.json()
        assert (body["status"], body["cancel_reason"], body["cancel_note"]) == ("cancelled", "patient", "ill")
        assert (body["version"], answer["ETag"]) == (2, '"2"')
        assert self.post(api_client, booked, "cancel", {"reason": "patient"}).status_code == 409
        assert self.post(api_client, booked, "cancel", {"reason": "rain"}).status_code == 422

    def test_reschedule(self, api_client, booked) -> None:
        answer = self.post(api_client, booked, "reschedule", {"start": text(NINE + HOUR), "version": 1})
        assert (answer.status_code, answer.json()["start"], answer.json()["version"]) == (200, text(NINE + HOUR), 2)

    @pytest.mark.parametrize("stated", [{"version": 1}, {}])
    def test_stale_reschedule_is_409_with_the_difference(self, api_client, booked, stated) -> None:
        self.post(api_client, booked, "reschedule", {"start": text(NINE + HOUR)})
        headers = {} if stated else {"If-Match": '"1"'}
        answer = self.post(
            api_client, booked, "reschedule", {"start": text(NINE + 2 * HOUR), **stated}, headers=headers
        )
        body = answer.json()
        assert (answer.status_code, body["code"], body["current"]) == (409, "stale", 2)
        assert [conflict["field"] for conflict in body["conflicts"]] == ["start"]

    def test_reschedule_to_a_taken_time_is_409_with_alternatives(self, api_client, bookable, booked) -> None:
        other = PatientFactory(organization=bookable.organization)
        api_client.post(URL, booking(bookable, other, start=text(NINE + HOUR)))
        answer = self.post(api_client, booked, "reschedule", {"start": text(NINE + HOUR)})
        assert (answer.status_code, answer.json()["code"]) == (409, "slot_unavailable")
        assert len(answer.json()["alternatives"]) == 3

    def test_reschedule_may_be_overridden(self, api_client, booked) -> None:
        move = {"start": text(NINE - HOUR), "override": {"reason": "Fasting"}}
        assert self.post(api_client, booked, "reschedule", move).json()["override_reason"] == "Fasting"

    def test_words_are_changed_by_patch(self, api_client, booked) -> None:
        answer = api_client.patch(f"{URL}{booked['id']}/", {"reason": "Fever", "note": "Calls back", "version": 1})
        assert (answer.status_code, answer.json()["reason"], answer.json()["note"]) == (200, "Fever", "Calls back")
        event = Event.objects.get(type="appointment.described")
        assert event.payload["fields"] == ["note", "reason"]
        assert "Fever" not in str(event.payload) + str(event.changes)

    def test_stale_patch_is_409_with_the_difference(self, api_client, booked) -> None:
        self.post(api_client, booked, "reschedule", {"start": text(NINE + HOUR)})
        answer = api_client.patch(f"{URL}{booked['id']}/", {"note": "x"}, headers={"If-Match": '"1"'})
        assert (answer.status_code, answer.json()["code"]) == (409, "stale")
        assert answer.json()["conflicts"] == [{"field": "note", "current": "", "yours": "x"}]

    def test_time_is_not_changed_by_patch(self, api_client, booked) -> None:
        api_client.patch(f"{URL}{booked['id']}/", {"start": text(NINE + HOUR), "status": "fulfilled"})
        assert Appointment.objects.values_list("start", "status").get() == (NINE, "booked")


class TestCheck:
    def test_free_time_is_bookable(self, api_client, bookable, patient) -> None:
        answer = api_client.post(f"{URL}check/", booking(bookable, patient))
        assert answer.json() == {"bookable": True, "overridable": False, "conflicts": [], "alternatives": []}

    def test_why_not_names_every_reason_and_changes_nothing(self, api_client, bookable, booked) -> None:
        PractitionerType.objects.all().delete()
        body = api_client.post(f"{URL}check/", slot(bookable)).json()
        assert (body["bookable"], body["overridable"]) == (False, False)
        assert [conflict["code"] for conflict in body["conflicts"]] == ["practitioner_taken", "type_not_offered"]
        assert Appointment.objects.count() == 1

    def test_soft_reasons_can_be_overridden(self, api_client, bookable) -> None:
        body = api_client.post(f"{URL}check/", slot(bookable, start=text(NINE - HOUR))).json()
        assert (body["bookable"], body["overridable"]) == (False, True)
        assert len(body["alternatives"]) == 3

    def test_alternatives_are_as_long_as_asked(self, api_client, bookable, booked) -> None:
        body = api_client.post(f"{URL}check/", slot(bookable, duration_minutes=90)).json()
        found = [
            (dt.datetime.fromisoformat(one["start"]), dt.datetime.fromisoformat(one["end"]))
            for one in body["alternatives"]
        ]
        assert [end - start for start, end in found] == [3 * HALF_HOUR] * 3
        for start, _end in found:
            asked = slot(bookable, start=text(start), duration_minutes=90)
            assert api_client.post(f"{URL}check/", asked).json()["bookable"] is True

    def test_move_does_not_conflict_with_itself(self, api_client, bookable, booked) -> None:
        asked = slot(bookable, appointment=booked["id"], start=text(NINE + HALF_HOUR / 2))
        assert api_client.post(f"{URL}check/", asked).json()["bookable"] is True


class TestHolds:
    HOLDS = f"{URL}holds/"

    def test_hold_blocks_others_and_becomes_the_visit(self, api_client, bookable, patient) -> None:
        answer = api_client.post(self.HOLDS, slot(bookable, minutes=10))
        hold = answer.json()
        assert (answer.status_code, hold["held_until"]) == (201, text(FRIDAY + dt.timedelta(minutes=10)))
        assert answer["Location"] == f"{self.HOLDS}{hold['id']}/"
        other = PatientFactory(organization=bookable.organization)
        assert api_client.post(URL, booking(bookable, other)).status_code == 409
        booked = api_client.post(URL, booking(bookable, patient, hold=hold["id"]))
        assert (booked.status_code, booked.json()["id"]) == (201, hold["id"])
        assert api_client.get(f"{self.HOLDS}{hold['id']}/").status_code == 404

    def test_hold_is_released(self, api_client, bookable, patient) -> None:
        hold = api_client.post(self.HOLDS, slot(bookable)).json()
        assert [row["id"] for row in api_client.get(self.HOLDS).json()["results"]] == [hold["id"]]
        assert api_client.delete(f"{self.HOLDS}{hold['id']}/").status_code == 204
        assert api_client.delete(f"{self.HOLDS}{hold['id']}/").status_code == 404
        assert api_client.post(URL, booking(bookable, patient)).status_code == 201

    def test_holder_has_one_hold(self, api_client, bookable) -> None:
        holder = str(uuid.uuid4())
        for start in (NINE, NINE + HOUR):
            api_client.post(self.HOLDS, slot(bookable, start=text(start), held_for=holder))
        (only,) = api_client.get(self.HOLDS, {"held_for": holder}).json()["results"]
        assert only["start"] == text(NINE + HOUR)

    def test_taken_time_is_409(self, api_client, bookable, booked) -> None:
        answer = api_client.post(self.HOLDS, slot(bookable))
        assert (answer.status_code, answer.json()["code"]) == (409, "slot_unavailable")

    def test_lost_hold_is_booked_while_the_time_is_free(self, api_client, bookable, patient) -> None:
        answer = api_client.post(URL, booking(bookable, patient, hold=str(uuid.uuid4())))
        assert answer.status_code == 201

    def test_hold_of_another_clinic_is_404(self, api_client, other_organization) -> None:
        foreign = AppointmentFactory(
            organization=other_organization, patient=None, status="held", held_until=FRIDAY + HOUR
        )
        assert api_client.delete(f"{self.HOLDS}{foreign.pk}/").status_code == 404


class TestSlots:
    SLOTS = "/api/v1/slots/"

    def ask(self, client, bookable, **query):
        query = {"appointment_type": bookable.appointment_type.pk, **query}
        return client.get(self.SLOTS, query)

    def test_slots_are_listed_with_all_they_need_to_be_booked(self, api_client, bookable) -> None:
        body = self.ask(api_client, bookable, start=text(NINE), end=text(NINE + HOUR)).json()
        assert [row["start"] for row in body["results"]] == [text(NINE), text(NINE + HALF_HOUR)]
        assert body["results"][0] == {
            "practitioner": str(bookable.practitioner.pk),
            "practitioner_name": "Dr Amara Okonkwo",
            "location": str(bookable.location.pk),
            "location_name": "Harbour Street",
            "room": None,
            "start": text(NINE),
            "end": text(NINE + HALF_HOUR),
            "timezone": "America/New_York",
        }

    def test_search_begins_now_and_spans_two_weeks_by_default(self, api_client, bookable) -> None:
        starts = [row["start"] for row in self.ask(api_client, bookable, limit=1000).json()["results"]]
        assert starts[0] == text(FRIDAY + 2 * HOUR)
        assert starts[-1] < text(FRIDAY + dt.timedelta(days=14))

    def test_search_is_narrowed(self, api_client, bookable, room) -> None:
        colleague = PractitionerFactory(organization=bookable.organization)
        assert self.ask(api_client, bookable, practitioner=colleague.pk).json()["results"] == []
        both = self.ask(api_client, bookable, practitioner=[colleague.pk, bookable.practitioner.pk], limit=3)
        assert len(both.json()["results"]) == 3
        assert len(self.ask(api_client, bookable, per_practitioner=2).json()["results"]) == 2
        window = {"start": text(NINE), "end": text(NINE + HOUR), "room": room.pk}
        assert {row["room"] for row in self.ask(api_client, bookable, **window).json()["results"]} == {str(room.pk)}
        AppointmentFactory(organization=bookable.organization, room=room, start=NINE)
        (free,) = self.ask(api_client, bookable, **window).json()["results"]
        assert free["start"] == text(NINE + HALF_HOUR)

    def test_type_for_staff_is_not_offered_online(self, api_client, bookable) -> None:
        bookable.appointment_type.online_bookable = False
        bookable.appointment_type.save()
        assert self.ask(api_client, bookable, online="true").json()["results"] == []
        assert self.ask(api_client, bookable).json()["results"] != []

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"appointment_type": ""}, "appointment_type"),
            ({"start": "now"}, "start"),
            ({"start": text(NINE), "end": text(NINE)}, "end"),
            ({"start": text(NINE), "end": text(NINE + dt.timedelta(days=93))}, "end"),
            ({"limit": 0}, "limit"),
            ({"limit": 1001}, "limit"),
            ({"practitioner": "me"}, "practitioner"),
        ],
    )
    def test_impossible_search_is_422(self, api_client, bookable, query, field) -> None:
        answer = self.ask(api_client, bookable, **query)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"].split(".")[0] == field

    def test_slots_of_another_clinic_do_not_exist(self, api_client, other_organization) -> None:
        foreign = AppointmentTypeFactory(organization=other_organization)
        assert api_client.get(self.SLOTS, {"appointment_type": foreign.pk}).status_code == 422


class TestTypes:
    TYPES = "/api/v1/appointment-types/"

    def test_type_is_made_with_who_offers_it(self, api_client, practitioner) -> None:
        answer = api_client.post(
            self.TYPES, {"name": "Vaccination", "duration_minutes": 15, "practitioners": [str(practitioner.pk)]}
        )
        body = answer.json()
        assert (answer.status_code, body["practitioners"]) == (201, [str(practitioner.pk)])
        assert (body["step_minutes"], body["minimum_notice_minutes"]) == (10, 60)
        changed = api_client.patch(f"{self.TYPES}{body['id']}/", {"needs_room": True, "practitioners": []}).json()
        assert (changed["needs_room"], changed["practitioners"], changed["name"]) == (True, [], "Vaccination")

    @pytest.mark.parametrize(
        "body", [{"duration_minutes": 1}, {"duration_minutes": 601}, {"colour": "red"}, {"name": ""}]
    )
    def test_impossible_type_is_422(self, api_client, body) -> None:
        answer = api_client.post(self.TYPES, {"name": "X", "duration_minutes": 15, **body})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == next(iter(body))

    def test_second_type_of_the_same_name_is_422(self, api_client, appointment_type) -> None:
        answer = api_client.post(self.TYPES, {"name": appointment_type.name, "duration_minutes": 15})
        assert answer.status_code == 422

    def test_one_type_is_the_default(self, api_client, appointment_type) -> None:
        made = api_client.post(self.TYPES, {"name": "New", "duration_minutes": 15, "is_default": True}).json()
        defaults = [row["id"] for row in api_client.get(self.TYPES).json()["results"] if row["is_default"]]
        assert defaults == [made["id"]]

    def test_front_desk_may_look_only(self, desk_api, appointment_type) -> None:
        assert len(desk_api.get(self.TYPES).json()["results"]) == 1
        assert desk_api.post(self.TYPES, {"name": "X", "duration_minutes": 15}).status_code == 403
