"""`/api/v1/appointments/together/`: Today's bulk bar for programs, a result per visit, one undo."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
import time_machine

from apps.appointments.models import Appointment, Status
from apps.appointments.services import arrive_appointment
from apps.appointments.services.together import MOST
from apps.communications.models import Communication
from apps.core.tenancy import organization_scope
from apps.notifications.defaults import install_defaults
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.patients import ConsentFactory, ContactPointFactory, PatientFactory
from tests.fixtures.shared import MONDAY, api_client_for

URL = "/api/v1/appointments/together/"
HALF_HOUR = dt.timedelta(minutes=30)
ELEVEN = MONDAY + 4 * HALF_HOUR

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(ELEVEN, tick=False) as traveller:
        yield traveller


@pytest.fixture
def api(front_desk):
    return api_client_for(front_desk)


@pytest.fixture
def visits(bookable) -> list[Appointment]:
    """Half-hourly visits from nine on: four have begun at eleven, two are ahead."""
    return [
        AppointmentFactory(
            organization=bookable.organization,
            patient=PatientFactory(organization=bookable.organization),
            practitioner=bookable.practitioner,
            location=bookable.location,
            appointment_type=bookable.appointment_type,
            start=MONDAY + number * HALF_HOUR,
        )
        for number in range(6)
    ]


def ids(visits: list[Appointment]) -> list[str]:
    return [str(visit.pk) for visit in visits]


def statuses(visits: list[Appointment]) -> list[str]:
    return [Appointment.objects.get(pk=visit.pk).status for visit in visits]


def fields(answer) -> list[str]:
    return [one["field"] for one in answer.json()["errors"]]


def test_each_visit_has_its_result_in_the_order_in_which_they_were_named(api, visits, actor):
    arrive_appointment(appointment=visits[1], actor=actor)
    nobody = str(uuid.uuid4())
    named = [str(visits[4].pk), nobody, *ids(visits[:2]), str(visits[0].pk)]
    answer = api.post(f"{URL}no-show/", {"appointments": named})
    assert answer.status_code == 200
    assert (answer.json()["done"], answer.json()["refused"]) == (2, 2)
    assert [(one["appointment"], one["done"], one["status"]) for one in answer.json()["results"]] == [
        (str(visits[4].pk), True, "noshow"),
        (nobody, False, None),
        (str(visits[0].pk), True, "noshow"),
        (str(visits[1].pk), False, "arrived"),
    ]
    reasons = {one["appointment"]: (one["code"], one["reason"]) for one in answer.json()["results"]}
    assert reasons[nobody] == ("not_found", "There is no such appointment in your organization.")
    assert reasons[str(visits[1].pk)] == (
        "invalid_transition",
        "The patient has checked in already. Undo that first, if it was a mistake.",
    )


def test_visits_are_completed_together(api, visits):
    api.post(f"{URL}arrive/", {"appointments": ids(visits[:2])})
    answer = api.post(f"{URL}complete/", {"appointments": ids(visits[:3])}).json()
    assert [one["status"] for one in answer["results"]] == ["fulfilled", "fulfilled", "booked"]
    assert api.post(f"{URL}undo/", answer["undo"]).json()["done"] == 2
    assert statuses(visits[:2]) == [Status.ARRIVED, Status.ARRIVED]


@pytest.mark.parametrize(
    ("step", "more", "became"),
    [
        ("arrive", {}, Status.ARRIVED),
        ("no-show", {}, Status.NO_SHOW),
        ("cancel", {"reason": "clinic", "note": "Burst pipe"}, Status.CANCELLED),
    ],
)
def test_step_is_taken_back_by_what_its_answer_gave(api, visits, step, more, became):
    begun = visits[:3]
    answer = api.post(f"{URL}{step}/", {"appointments": ids(begun), **more}).json()
    assert set(statuses(begun)) == {became}
    undone = api.post(f"{URL}undo/", answer["undo"]).json()
    assert (undone["done"], undone["undo"]) == (3, None)
    assert set(statuses(visits)) == {Status.BOOKED}
    again = api.post(f"{URL}undo/", answer["undo"])
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_undo")


def test_undo_names_the_visit_that_moved_on(api, visits, actor, clock):
    answer = api.post(f"{URL}arrive/", {"appointments": ids(visits[:2])}).json()
    clock.shift(60)
    api.post(f"/api/v1/appointments/{visits[0].pk}/start/")
    undone = api.post(f"{URL}undo/", answer["undo"]).json()
    assert [one["appointment"] for one in undone["results"] if one["done"]] == [str(visits[1].pk)]
    assert statuses(visits[:2]) == [Status.IN_PROGRESS, Status.BOOKED]


def test_reminders_leave_and_have_no_undo(api, organization, visits, whatsapp_account):
    install_defaults(organization=organization)
    ahead = visits[5]
    ContactPointFactory(organization=organization, patient=ahead.patient, value="+14155550105")
    ConsentFactory(organization=organization, patient=ahead.patient, purpose="whatsapp", status="active")
    answer = api.post(f"{URL}remind/", {"appointments": ids([visits[0], ahead])}).json()
    assert ([one["done"] for one in answer["results"]], answer["undo"]) == ([False, True], None)
    assert [row.patient_id for row in Communication.objects.filter(category="reminder")] == [ahead.patient_id]


def test_same_key_takes_the_step_once(api, visits):
    key = {"Idempotency-Key": "k1"}
    first, second = (api.post(f"{URL}arrive/", {"appointments": ids(visits)}, headers=key) for _ in range(2))
    assert first.json() == second.json()
    assert first.json()["done"] == 6


@pytest.mark.parametrize(
    "named", [[], ["x"], "all", [str(uuid.uuid4()) for _ in range(MOST + 1)]], ids=["none", "no id", "no list", "101"]
)
def test_what_can_not_be_chosen_is_refused_by_name(api, visits, named):
    answer = api.post(f"{URL}arrive/", {"appointments": named})
    assert answer.status_code == 422
    assert fields(answer)[0].startswith("appointments")


def test_cancelling_needs_a_reason(api, visits):
    answer = api.post(f"{URL}cancel/", {"appointments": ids(visits)})
    assert (answer.status_code, fields(answer)) == (422, ["reason"])
    assert set(statuses(visits)) == {Status.BOOKED}


def test_visits_of_another_clinic_are_not_there(api, other_organization):
    with organization_scope(other_organization.pk):
        foreign = AppointmentFactory(organization=other_organization, start=MONDAY)
    answer = api.post(f"{URL}arrive/", {"appointments": [str(foreign.pk)]}).json()
    assert (answer["done"], answer["results"][0]["code"]) == (0, "not_found")
    with organization_scope(other_organization.pk):
        assert Appointment.objects.get(pk=foreign.pk).status == Status.BOOKED


def test_auditor_may_not(auditor, visits):
    reader = api_client_for(auditor)
    assert reader.post(f"{URL}arrive/", {"appointments": ids(visits)}).status_code == 403
