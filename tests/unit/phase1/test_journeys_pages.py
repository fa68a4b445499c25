"""The staff pages of journeys."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.audit.models import AccessRecord
from apps.journeys import services
from apps.journeys.models import Definition, Instance, StageStatus
from apps.journeys.selectors import board_of, overdue_runs
from apps.journeys.services import StageInput
from tests.fixtures.journeys import THREE_STAGES, make_journey
from tests.fixtures.patients import PatientFactory
from tests.fixtures.shared import client_for

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
BOARD = "/journeys/"


@pytest.fixture
def journey(organization) -> Definition:
    return make_journey(organization)


@pytest.fixture
def run(journey, patient, actor) -> Instance:
    return services.start_journey(definition=journey, patient=patient, actor=actor)


def step(run: Instance, name: str) -> str:
    return reverse(f"journeys:{name}", args=[run.pk])


def toast_of(answer) -> dict:
    return json.loads(answer.headers["HX-Trigger"])["toast"]


def columns(definition: Definition, **kwargs) -> dict[str, int]:
    return {column.key: column.total for column in board_of(definition, **kwargs).columns}


def test_the_board_shows_who_stands_where(desk_client, run):
    text = desk_client.get(BOARD).content.decode()
    for shown in (
        "Care path",
        "Asked",
        "until appointment booked",
        "Seen",
        "until moved by hand",
        "Ana López",
        "Move on",
    ):
        assert shown in text
    assert AccessRecord.objects.get().route == "journeys:board"


def test_a_live_refresh_answers_the_board_alone_and_logs_no_further_look(desk_client, run):
    answer = desk_client.get(BOARD, {"live": "1"}, headers=HTMX).content.decode()
    assert "<html" not in answer
    assert not AccessRecord.objects.exists()


def test_an_organization_without_journeys_is_told_what_they_are(desk_client):
    assert "No journey is set up" in desk_client.get(BOARD).content.decode()


def test_a_journey_without_stages_says_so(desk_client, organization):
    make_journey(organization, [])
    assert "This journey has no stages yet" in desk_client.get(BOARD).content.decode()


def test_switching_between_journeys(desk_client, organization, run):
    make_journey(organization, [StageInput(name="Only stage")], name="Second path")
    second = desk_client.get(BOARD, {"journey": "second-path"}).content.decode()
    assert "Only stage" in second
    assert "Care path <span>1</span>" in second
    assert "Second path <span>0</span>" in second
    assert "Asked" in desk_client.get(BOARD, {"journey": "unknown"}).content.decode()


def test_inactive_journeys_stay_while_somebody_is_in_them(desk_client, journey, run, manager_actor, actor):
    services.update_definition(definition=journey, changes={"is_active": False}, actor=manager_actor)
    assert "Not active: nobody new starts it" in desk_client.get(BOARD).content.decode()
    services.cancel_instance(instance=run, actor=actor)
    assert "No journey is set up" in desk_client.get(BOARD).content.decode()


def test_overdue_runs_come_first_and_can_be_shown_alone(desk_client, organization, journey, actor):
    start = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
    with time_machine.travel(start, tick=False) as clock:
        for given in ("Late", "Early"):
            run = services.start_journey(
                definition=journey, patient=PatientFactory(organization=organization, given_name=given), actor=actor
            )
            clock.shift(dt.timedelta(minutes=-30))
            services.advance_instance(instance=run, actor=actor)
        clock.move_to(start + dt.timedelta(minutes=45))
        board = board_of(journey)
        booked = next(column for column in board.columns if column.key == "booked")
        assert [card.run.patient.given_name for card in booked.cards] == ["Early", "Late"]
        assert [card.over for card in booked.cards] == [dt.timedelta(minutes=45), dt.timedelta(minutes=15)]
        assert columns(journey, only="overdue") == {"asked": 0, "booked": 2, "seen": 0}
        assert overdue_runs(organization).count() == 2
        assert "45 min over" in desk_client.get(BOARD, {"only": "overdue"}).content.decode()


def test_paused_runs_are_never_overdue_and_can_be_shown_alone(journey, run, actor):
    services.advance_instance(instance=run, actor=actor)
    services.pause_instance(instance=run, actor=actor)
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(days=3)):
        assert columns(journey, only="overdue")["booked"] == 0
        assert columns(journey, only="paused")["booked"] == 1


def test_runs_on_an_earlier_edition_keep_their_column(journey, run, manager_actor):
    services.remove_stage(definition=journey, key="asked", actor=manager_actor)
    board = board_of(journey)
    assert [(column.key, column.total, column.earlier) for column in board.columns] == [
        ("booked", 0, False),
        ("seen", 0, False),
        ("asked", 1, True),
    ]


def test_a_full_column_says_how_many_more_there_are_and_opens_them(desk_client, organization, journey, run, actor):
    services.cancel_instance(instance=run, actor=actor)
    stage = journey.versions.get().stages.get(position=1)
    Instance.objects.bulk_create(
        Instance(
            organization=organization,
            definition=journey,
            version=stage.version,
            conversation_id=uuid.uuid4(),
            label=f"Writer {n}",
            current_stage=stage,
            stage_entered_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        )
        for n in range(60)
    )
    column = board_of(journey).columns[0]
    assert (column.total, len(column.cards), column.hidden) == (60, 25, 35)
    page = desk_client.get(BOARD).content.decode()
    assert "35 more" in page
    wider = re.search(r'id="more-asked"[^>]*hx-get="([^"]+)"', page)[1].replace("&amp;", "&")
    opened = desk_client.get(wider, headers=HTMX).content.decode()
    assert opened.count('class="card-t"') == 60
    refreshed = re.search(r'id="journeys"[^>]*data-follow-url="([^"]+)"', opened)[1].replace("&amp;", "&")
    assert desk_client.get(refreshed, headers=HTMX).content.decode().count('class="card-t"') == 60


def test_opening_a_stage_that_does_not_exist_opens_nothing(desk_client, run):
    page = desk_client.get(BOARD, {"open": "nowhere"}).content.decode()
    assert page.count('class="card-t"') == 1
    assert "open=nowhere" not in re.search(r'id="journeys"[^>]*data-follow-url="([^"]+)"', page)[1]


def test_the_board_takes_as_many_queries_for_many_as_for_few(desk_client, organization, journey, run, actor):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert desk_client.get(BOARD).status_code == 200
        return len(queries)

    desk_client.get(BOARD)
    few = count()
    for _n in range(12):
        services.start_journey(definition=journey, patient=PatientFactory(organization=organization), actor=actor)
    assert count() == few


def test_moving_on_from_the_card(desk_client, run):
    answer = desk_client.post(step(run, "advance"), {"from": "asked"}, headers=HTMX)
    assert (answer.status_code, toast_of(answer)["text"]) == (204, "Ana López moved to Booked")
    assert "live:journeys" in answer.headers["HX-Trigger"]


def test_a_card_that_is_behind_is_told_where_the_run_stands(desk_client, run, actor):
    services.advance_instance(instance=run, actor=actor)
    answer = desk_client.post(step(run, "advance"), {"from": "asked"}, headers=HTMX)
    assert answer.status_code == 409
    assert "no longer in “Asked” but in “Booked”" in toast_of(answer)["text"]
    run.refresh_from_db()
    assert run.current_stage.key == "booked"


def test_moving_to_a_later_stage_and_completing(desk_client, run):
    desk_client.post(step(run, "advance"), {"from": "asked", "to": "seen"}, headers=HTMX)
    answer = desk_client.post(step(run, "advance"), {"from": "seen"}, headers=HTMX)
    assert toast_of(answer)["text"] == "Ana López completed the journey"


def test_the_menu_offers_what_is_possible_now(desk_client, run, actor):
    active = desk_client.get(step(run, "menu"), headers=HTMX).content.decode()
    assert [
        word in active for word in ("Booked", "Seen", "Skip this stage", "Pause", "Resume", "Cancel the journey")
    ] == [True, True, True, True, False, True]
    services.pause_instance(instance=run, actor=actor)
    paused = desk_client.get(step(run, "menu"), headers=HTMX).content.decode()
    assert [word in paused for word in ("Skip this stage", "Resume")] == [False, True]
    services.cancel_instance(instance=run, actor=actor)
    assert "Cancel the journey" not in desk_client.get(step(run, "menu"), headers=HTMX).content.decode()


def test_skipping_asks_for_the_reason_and_notes_it(desk_client, run):
    assert "Skip “Asked”" in desk_client.get(step(run, "skip"), headers=HTMX).content.decode()
    assert desk_client.post(step(run, "skip"), {"from": "asked", "reason": "x" * 201}, headers=HTMX).status_code == 422
    desk_client.post(step(run, "skip"), {"from": "asked", "reason": "By phone"}, headers=HTMX)
    assert StageStatus.objects.get(stage__key="asked").note == "By phone"


def test_pausing_is_undone_from_the_toast(desk_client, run):
    undo = toast_of(desk_client.post(step(run, "pause"), headers=HTMX))["undo_url"]
    run.refresh_from_db()
    assert run.is_paused
    desk_client.post(undo, headers=HTMX)
    run.refresh_from_db()
    assert run.status == "active"


def test_cancelling_asks_for_the_reason(desk_client, run):
    assert "are cancelled too" in desk_client.get(step(run, "cancel"), headers=HTMX).content.decode()
    desk_client.post(step(run, "cancel"), {"reason": "Moved away"}, headers=HTMX)
    run.refresh_from_db()
    assert (run.status, run.end_reason) == ("cancelled", "Moved away")


def test_a_run_is_a_page_and_a_dialog_with_its_way(desk_client, run, actor):
    services.skip_stage(instance=run, reason="By phone", actor=actor)
    for headers in ({}, HTMX):
        text = desk_client.get(step(run, "instance"), headers=headers).content.decode()
        assert "By phone" in text
        assert 'aria-current="step"' in text


def test_starting_a_journey_from_the_dialog(desk_client, journey, patient):
    dialog = desk_client.get("/journeys/start/", {"patient": str(patient.pk)}, headers=HTMX).content.decode()
    assert 'value="Ana López"' in dialog
    answer = desk_client.post(
        "/journeys/start/", {"patient": str(patient.pk), "journey": str(journey.pk)}, headers=HTMX
    )
    assert toast_of(answer)["text"] == "Care path began for Ana López"
    again = desk_client.post("/journeys/start/", {"patient": str(patient.pk), "journey": str(journey.pk)}, headers=HTMX)
    assert (again.status_code, "runs already here" in again.content.decode()) == (422, True)


@pytest.mark.parametrize("body", [{}, {"patient": "x"}, {"patient": str(uuid.uuid4())}])
def test_a_start_without_a_patient_of_ours_is_422(desk_client, journey, body):
    assert desk_client.post("/journeys/start/", body | {"journey": str(journey.pk)}, headers=HTMX).status_code == 422
    assert not Instance.objects.exists()


def test_a_start_for_a_foreign_patient_is_422(desk_client, journey, foreign_patient):
    assert (
        desk_client.post(
            "/journeys/start/", {"patient": str(foreign_patient.pk), "journey": str(journey.pk)}
        ).status_code
        == 422
    )


def test_starting_without_an_active_journey_says_so(desk_client, organization):
    make_journey(organization, is_active=False)
    assert "No journey is active" in desk_client.get("/journeys/start/", headers=HTMX).content.decode()


def test_the_patient_page_has_the_patients_journeys(desk_client, patient, run, actor):
    services.advance_instance(instance=run, actor=actor)
    assert "Journeys <span>1</span>" in desk_client.get(reverse("patients:detail", args=[patient.pk])).content.decode()
    text = desk_client.get(reverse("journeys:for-patient", args=[patient.pk])).content.decode()
    assert "Care path" in text
    assert "Start a journey" in text


def test_the_timeline_reads_the_journey_as_sentences(desk_client, patient, run, actor):
    services.advance_instance(instance=run, to_stage="seen", actor=actor)
    services.pause_instance(instance=run, actor=actor)
    services.resume_instance(instance=run, actor=actor)
    services.advance_instance(instance=run, actor=actor)
    text = desk_client.get(reverse("patients:timeline", args=[patient.pk]), {"kind": "journeys"}).content.decode()
    for sentence in (
        "Care path began: Asked",
        "Care path: Asked → Seen, stages passed over",
        "Care path paused in Seen",
        "Care path goes on in Seen",
        "Care path completed",
    ):
        assert sentence in text


def test_an_auditor_looks_and_moves_nothing(auditor, run):
    client = client_for(auditor)
    text = client.get(BOARD).content.decode()
    assert "Ana López" in text
    assert "Move on" not in text
    for name in ("advance", "skip", "pause", "resume", "cancel"):
        assert client.post(step(run, name), {"reason": "x"}, headers=HTMX).status_code == 403
    assert client.post("/journeys/start/", {}).status_code == 403


def test_a_foreign_run_is_not_found(foreign_front_desk, run, patient):
    client = client_for(foreign_front_desk)
    for name in ("instance", "menu", "skip", "cancel"):
        assert client.get(step(run, name)).status_code == 404
    for name in ("advance", "pause", "resume"):
        assert client.post(step(run, name)).status_code == 404
    assert client.get(reverse("journeys:for-patient", args=[patient.pk])).status_code == 404


def test_names_are_escaped_on_the_board(desk_client, organization, journey, actor):
    hostile = PatientFactory(organization=organization, given_name="<i>x</i>")
    services.start_journey(definition=journey, patient=hostile, actor=actor)
    services.start_journey(definition=journey, conversation_id=uuid.uuid4(), label="<u>y</u>", actor=actor)
    text = desk_client.get(BOARD).content.decode()
    assert "<i>x" not in text
    assert "<u>y" not in text
    assert text.count('class="lane"') == len(THREE_STAGES)
