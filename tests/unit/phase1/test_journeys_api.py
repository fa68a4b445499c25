"""`/api/v1/journeys/` and `/api/v1/journey-instances/`."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.audit.models import AccessRecord
from apps.core.tenancy import organization_scope
from apps.journeys import services
from apps.journeys.models import Definition, Instance
from apps.journeys.services import StageInput
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.journeys import TemplateFactory, make_journey
from tests.fixtures.patients import PatientFactory
from tests.fixtures.shared import api_client_for

JOURNEYS, RUNS = "/api/v1/journeys/", "/api/v1/journey-instances/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def journey(organization) -> Definition:
    return make_journey(organization)


@pytest.fixture
def run(journey, patient, actor) -> Instance:
    return services.start_journey(definition=journey, patient=patient, actor=actor)


def test_create_a_journey_with_stages(api_client):
    answer = api_client.post(
        JOURNEYS,
        {"name": "Care path", "stages": [{"name": "Asked", "advance_on": "appointment.booked"}, {"name": "Seen"}]},
    )
    body = answer.json()
    assert answer.status_code == 201
    assert [(s["position"], s["key"]) for s in body["stages"]] == [(1, "asked"), (2, "seen")]
    assert (body["edition"], body["version"], answer["ETag"]) == (1, 1, '"1"')


def test_create_a_minimal_journey(api_client):
    body = api_client.post(JOURNEYS, {"name": "Care path"}).json()
    assert (body["key"], body["stages"], body["is_active"]) == ("care-path", [], True)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x", "starts_on": "moon.rose"},
        {"name": "x", "stages": [{"name": ""}]},
        {"name": "x", "stages": {}},
    ],
)
def test_a_wrong_journey_is_422(api_client, body):
    assert api_client.post(JOURNEYS, body).status_code == 422


def test_list_and_filter(api_client, organization, other_organization):
    make_journey(organization, name="Active one")
    make_journey(organization, name="Sleeping one", is_active=False)
    make_journey(other_organization, name="Foreign one")

    def names(**query):
        return sorted(row["name"] for row in api_client.get(JOURNEYS, query).json()["results"])

    assert names() == ["Active one", "Sleeping one"]
    assert names(is_active="true") == ["Active one"]
    assert names(search="sleep") == ["Sleeping one"]
    assert names(starts_on="appointment.booked") == []


def test_get_by_id_and_not_found(api_client, journey, other_organization):
    assert api_client.get(f"{JOURNEYS}{journey.pk}/").json()["name"] == "Care path"
    for pk in (uuid.uuid4(), make_journey(other_organization).pk):
        assert api_client.get(f"{JOURNEYS}{pk}/").status_code == 404
        assert api_client.patch(f"{JOURNEYS}{pk}/", {"name": "x"}).status_code == 404
        assert api_client.get(f"{JOURNEYS}{pk}/stages/").status_code == 404


def test_update_and_stale_update(api_client, journey):
    answer = api_client.patch(f"{JOURNEYS}{journey.pk}/", {"name": "Path of care", "version": 1})
    assert (answer.status_code, answer.json()["name"], answer.json()["version"]) == (200, "Path of care", 2)
    stale = api_client.patch(f"{JOURNEYS}{journey.pk}/", {"name": "Third"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"], stale.json()["current"]) == (409, "stale", 2)


def test_add_change_move_and_remove_a_stage(api_client, journey):
    url = f"{JOURNEYS}{journey.pk}/stages/"
    added = api_client.post(url, {"name": "Triaged", "position": 2})
    assert (added.status_code, added.json()["position"]) == (201, 2)
    stage = f"{url}{added.json()['id']}/"
    changed = api_client.patch(stage, {"name": "Checked", "overdue_after_minutes": 60, "position": 4})
    assert (changed.json()["name"], changed.json()["position"], changed.json()["key"]) == ("Checked", 4, "triaged")
    assert [s["key"] for s in api_client.get(url).json()["results"]] == ["asked", "booked", "seen", "triaged"]
    assert api_client.patch(f"{url}{changed.json()['id']}/", {"position": 9}).status_code == 422
    assert api_client.delete(f"{url}{changed.json()['id']}/").status_code == 204
    assert api_client.delete(f"{url}{uuid.uuid4()}/").status_code == 404


def test_a_stage_is_found_by_its_id_of_an_earlier_edition(api_client, journey, run):
    url = f"{JOURNEYS}{journey.pk}/stages/"
    old = api_client.get(url).json()["results"][2]["id"]
    api_client.post(url, {"name": "Paid"})
    changed = api_client.patch(f"{url}{old}/", {"name": "Visited"})
    assert changed.status_code == 200
    assert changed.json()["id"] != old
    assert api_client.get(f"{JOURNEYS}{journey.pk}/").json()["edition"] == 2


def test_dry_run_says_what_would_be_done_and_when(api_client, organization):
    TemplateFactory(organization=organization)
    stages = [
        StageInput(name="Rest", advance_after_minutes=60),
        StageInput(
            name="Ask",
            actions=[{"action": "wait", "minutes": 30}, {"action": "send_message", "template": "follow-up"}],
            advance_on="communication.sent",
        ),
        StageInput(name="Done"),
    ]
    journey = make_journey(organization, stages)
    steps = api_client.get(f"{JOURNEYS}{journey.pk}/dry-run/").json()["results"]
    assert [(s["name"], s["earliest_minutes"]) for s in steps] == [("Rest", 0), ("Ask", 60), ("Done", None)]
    assert steps[1]["actions"] == [
        {"after_minutes": 0, "text": "Wait 30 minutes"},
        {"after_minutes": 30, "text": "Send “follow-up” by WhatsApp → SMS → E-mail"},
    ]
    assert not Instance.objects.exists()


def test_start_a_run(api_client, journey, patient):
    answer = api_client.post(RUNS, {"journey": str(journey.pk), "patient": str(patient.pk)})
    body = answer.json()
    assert (answer.status_code, body["stage"], body["status"]) == (201, "asked", "active")
    assert [(s["stage"], s["state"]) for s in body["stages"]] == [
        ("asked", "active"),
        ("booked", "pending"),
        ("seen", "pending"),
    ]
    again = api_client.post(RUNS, {"journey": str(journey.pk), "patient": str(patient.pk)})
    assert (again.status_code, again.json()["code"], again.json()["instance"]) == (409, "already_running", body["id"])


def test_start_for_a_foreign_patient_or_journey_is_refused(
    api_client, journey, patient, foreign_patient, other_organization
):
    foreign = make_journey(other_organization)
    assert api_client.post(RUNS, {"journey": str(journey.pk), "patient": str(foreign_patient.pk)}).status_code == 422
    assert api_client.post(RUNS, {"journey": str(foreign.pk), "patient": str(patient.pk)}).status_code == 422


def test_a_run_is_about_an_appointment_of_its_patient_only(
    api_client, organization, journey, patient, other_organization
):
    body = {"journey": str(journey.pk), "patient": str(patient.pk)}
    another, foreign = (
        AppointmentFactory(organization=organization),
        AppointmentFactory(organization=other_organization),
    )
    for appointment in (another.pk, foreign.pk, uuid.uuid4(), 7):
        refused = api_client.post(RUNS, {**body, "appointment": str(appointment)})
        assert (refused.status_code, [e["field"] for e in refused.json()["errors"]]) == (422, ["appointment"])
    assert not Instance.objects.exists()
    own = AppointmentFactory(organization=organization, patient=patient)
    started = api_client.post(RUNS, {**body, "appointment": str(own.pk)})
    assert (started.status_code, started.json()["appointment"]) == (201, str(own.pk))


def test_advance_skip_pause_resume_and_cancel(api_client, run):
    url = f"{RUNS}{run.pk}/"
    assert api_client.post(f"{url}advance/", {}).json()["stage"] == "booked"
    assert api_client.post(f"{url}pause/", {"reason": "On holiday"}).json()["status"] == "paused"
    assert api_client.post(f"{url}resume/", {}).json()["status"] == "active"
    assert api_client.post(f"{url}skip/", {"reason": "Walked in"}).json()["stage"] == "seen"
    ended = api_client.post(f"{url}cancel/", {"reason": "Moved away"}).json()
    assert (ended["status"], ended["end_reason"]) == ("cancelled", "Moved away")


def test_a_step_that_does_not_exist_is_409_with_the_reason(api_client, run):
    url = f"{RUNS}{run.pk}/advance/"
    wrong = api_client.post(url, {"from_stage": "booked"})
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["stage"]) == (409, "invalid_transition", "asked")
    assert api_client.post(url, {"to_stage": "nowhere"}).status_code == 404
    api_client.post(url, {"to_stage": "seen"})
    assert api_client.post(url, {}).json()["status"] == "completed"
    done = api_client.post(url, {})
    assert (done.status_code, done.json()["code"]) == (409, "invalid_transition")
    assert "Start a new one" in done.json()["detail"]


def test_a_stale_step_is_409(api_client, run):
    api_client.post(f"{RUNS}{run.pk}/advance/", {"version": 1})
    assert api_client.post(f"{RUNS}{run.pk}/advance/", {"version": 1}).json()["code"] == "stale"


def test_repeating_an_advance_with_its_key_moves_once(api_client, run):
    for _n in range(2):
        assert (
            api_client.post(f"{RUNS}{run.pk}/advance/", {}, headers={"Idempotency-Key": "k"}).json()["stage"]
            == "booked"
        )


def test_list_runs_by_patient_status_journey_and_stage(api_client, organization, journey, run, patient, actor):
    other = services.start_journey(definition=journey, patient=PatientFactory(organization=organization), actor=actor)
    services.cancel_instance(instance=other, actor=actor)

    def ids(**query):
        return [row["id"] for row in api_client.get(RUNS, query).json()["results"]]

    assert ids(patient=patient.pk) == [str(run.pk)]
    assert ids(status="cancelled") == [str(other.pk)]
    assert ids(stage="asked", status="active") == [str(run.pk)]
    assert ids(journey=uuid.uuid4()) == []
    assert ids(overdue="true") == []
    assert set(ids()) == {str(run.pk), str(other.pk)}


def test_reading_runs_leaves_access_records(api_client, run, patient):
    api_client.get(f"{RUNS}{run.pk}/")
    assert list(AccessRecord.objects.values_list("patient_id", "route")) == [
        (patient.pk, "api:journey-instances-retrieve")
    ]


def test_list_takes_as_many_queries_for_many_as_for_few(api_client, organization, journey, run, actor):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert api_client.get(RUNS).status_code == 200
            assert api_client.get(JOURNEYS).status_code == 200
        return len(queries)

    api_client.get(RUNS)
    few = count()
    for n in range(5):
        services.start_journey(definition=journey, patient=PatientFactory(organization=organization), actor=actor)
        make_journey(organization, name=f"Journey {n}")
    assert count() == few


def test_who_may_do_what(organization, front_desk, auditor, journey, run):
    desk, audit = api_client_for(front_desk), api_client_for(auditor)
    assert desk.post(JOURNEYS, {"name": "Mine"}).status_code == 403
    assert desk.post(f"{RUNS}{run.pk}/advance/", {}).status_code == 200
    assert audit.get(RUNS).status_code == 200
    for step in ("advance", "skip", "pause", "resume", "cancel"):
        assert audit.post(f"{RUNS}{run.pk}/{step}/", {}).status_code == 403


def test_another_organization_sees_and_moves_nothing(foreign_api_client, organization, journey, run):
    assert foreign_api_client.get(JOURNEYS).json()["results"] == []
    assert foreign_api_client.get(RUNS).json()["results"] == []
    assert foreign_api_client.get(f"{RUNS}{run.pk}/").status_code == 404
    assert foreign_api_client.post(f"{RUNS}{run.pk}/advance/", {}).status_code == 404
    with organization_scope(organization.pk):
        assert Instance.objects.get().current_stage.key == "asked"


def test_the_admin_shows_journeys_and_runs(admin_client, journey, run):
    for page in (
        "definition",
        f"definition/{journey.pk}/change",
        f"definitionversion/{run.version_id}/change",
        "instance",
        f"instance/{run.pk}/change",
    ):
        assert admin_client.get(f"/admin/journeys/{page}/").status_code == 200


class TestWhatNeverFails:
    """Bodies and rows that the fuzzing of the API found; each was a failure of ours."""

    @pytest.mark.parametrize("stage", [{}, {"key": "x"}, {"actions": []}])
    def test_a_stage_without_a_name_in_a_change_is_refused_at_its_field(self, api_client, journey, stage):
        answer = api_client.patch(f"{JOURNEYS}{journey.pk}/", {"stages": [stage]}, format="json")
        assert answer.status_code == 422, answer.json()
        assert "name" in str(answer.json()["errors"])

    @pytest.mark.parametrize(("step", "body"), [("advance", {}), ("skip", {"reason": "x"})])
    def test_a_run_that_stands_in_no_stage_is_a_conflict_with_the_remedy(self, api_client, run, step, body):
        Instance.objects.filter(pk=run.pk).update(current_stage=None)
        answer = api_client.post(f"{RUNS}{run.pk}/{step}/", body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (409, "no_stage")

    def test_a_journey_without_an_edition_is_a_conflict_with_the_remedy(self, api_client, organization):
        bare = Definition.objects.create(organization=organization, key="bare", name="Bare")
        for answer in (
            api_client.get(f"{JOURNEYS}{bare.pk}/"),
            api_client.patch(f"{JOURNEYS}{bare.pk}/", {"name": "Other"}, format="json"),
            api_client.post(f"{JOURNEYS}{bare.pk}/stages/", {"name": "Seen"}, format="json"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "no_edition")
