"""Definitions and runs of journeys, moved by hand."""

from __future__ import annotations

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from apps.core.actors import SYSTEM
from apps.core.errors import (
    ApplicationError,
    Conflict,
    InvalidInput,
    InvalidTransition,
    NotAllowed,
    NotFound,
    StaleVersion,
)
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from apps.journeys import registry, services
from apps.journeys.models import Definition, Instance, StageStatus
from apps.journeys.services import StageInput
from apps.organizations.services import actor_for_membership
from tests.fixtures.journeys import THREE_STAGES, TemplateFactory, make_journey
from tests.fixtures.patients import PatientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def journey(organization) -> Definition:
    return make_journey(organization)


@pytest.fixture
def run(journey, patient, actor) -> Instance:
    return services.start_journey(definition=journey, patient=patient, actor=actor)


def stages_of(definition: Definition) -> list[str]:
    return [stage.key for stage in definition.versions.latest("number").stages.all()]


def marks_of(run: Instance) -> dict[str, str]:
    marks = StageStatus.objects.filter(instance=run).select_related("stage").order_by("stage__position")
    return {mark.stage.key: mark.state for mark in marks}


def events_of(run: Instance) -> list[str]:
    return list(Event.objects.filter(subject_id=run.pk).order_by("id").values_list("type", flat=True))


# ── definitions ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_create_minimal_definition(organization, manager_actor):
    definition = services.create_definition(organization=organization, name="Care path", actor=manager_actor)
    assert (definition.key, definition.is_active, stages_of(definition)) == ("care-path", True, [])


def test_create_full_definition(organization, manager_actor):
    definition = services.create_definition(
        organization=organization,
        name="Recall",
        key="yearly-recall",
        description="A year after the last visit",
        starts_on="journey.completed",
        starts_when={"journey": "new-patient-visit"},
        is_active=False,
        actor=manager_actor,
    )
    definition.refresh_from_db()
    assert (definition.key, definition.starts_on, definition.is_active) == ("yearly-recall", "journey.completed", False)
    assert Event.objects.get(type="journey.defined").subject_id == definition.pk


def test_create_definition_with_stages_in_order(organization, manager_actor):
    definition = services.create_definition(
        organization=organization, name="Care path", stages=THREE_STAGES, actor=manager_actor
    )
    stages = list(definition.versions.get().stages.all())
    assert [(s.position, s.key, s.name) for s in stages] == [
        (1, "asked", "Asked"),
        (2, "booked", "Booked"),
        (3, "seen", "Seen"),
    ]


def test_stage_keys_of_other_scripts_and_repeated_names_are_distinct(organization, manager_actor):
    definition = services.create_definition(
        organization=organization,
        name="राम",
        stages=[StageInput(name="संपर्क"), StageInput(name="Call"), StageInput(name="Call")],
        actor=manager_actor,
    )
    keys = stages_of(definition)
    assert len(set(keys)) == 3
    assert all(keys)


def test_a_key_is_taken_once_per_organization(organization, other_organization, journey, manager_actor):
    with pytest.raises(InvalidInput, match="exists"):
        services.create_definition(organization=organization, name="Care path", actor=manager_actor)
    make_journey(other_organization)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": " "}, "name"),
        ({"starts_on": "moon.rose"}, "starts_on"),
        ({"description": "x" * 301}, "description"),
        ({"stages": [StageInput(name="")]}, "stages.0.name"),
        ({"stages": [StageInput(name="A"), StageInput(name="B", advance_on="moon.rose")]}, "stages.1.advance_on"),
        ({"stages": [StageInput(name="A", return_on=["moon.rose"])]}, "stages.0.return_on"),
        ({"stages": [StageInput(name="A", advance_after_minutes=-1)]}, "stages.0.advance_after_minutes"),
        ({"stages": [StageInput(name="A", key="a"), StageInput(name="B", key="a")]}, "stages.1.key"),
        ({"stages": [StageInput(name="A", actions=[{"action": "fly"}])]}, "stages.0.actions.0"),
        ({"stages": [StageInput(name="A", actions=[{"action": "wait", "minutes": 0}])]}, "stages.0.actions.0"),
        (
            {"stages": [StageInput(name="A", actions=[{"action": "send_message", "template": "none"}])]},
            "stages.0.actions.0",
        ),
        ({"stages": [StageInput(name="A", actions=[{"action": "wait", "minutes": 1}] * 11)]}, "stages.0.actions"),
        ({"stages": [StageInput(name=str(n)) for n in range(41)]}, "stages"),
    ],
)
def test_wrong_definition_is_refused_by_field(organization, manager_actor, fields, named):
    with pytest.raises(InvalidInput) as refusal:
        services.create_definition(
            **{"organization": organization, "name": "Care path", "actor": manager_actor} | fields
        )
    assert list(refusal.value.errors) == [named]
    assert not Definition.objects.exists()


def test_message_action_is_stored_with_its_defaults(organization, manager_actor):
    TemplateFactory(organization=organization)
    definition = make_journey(
        organization, [StageInput(name="A", actions=[{"action": "send_message", "template": "follow-up"}])]
    )
    assert definition.versions.get().stages.get().actions == [
        {
            "action": "send_message",
            "template": "follow-up",
            "category": "notice",
            "channels": ["whatsapp", "sms", "email"],
        }
    ]


def test_front_desk_may_not_define(organization, journey, actor):
    with pytest.raises(NotAllowed):
        services.create_definition(organization=organization, name="Mine", actor=actor)
    with pytest.raises(NotAllowed):
        services.update_definition(definition=journey, changes={"name": "Mine"}, actor=actor)


def test_update_definition(journey, manager_actor):
    saved = services.update_definition(
        definition=journey, changes={"name": "Path of care", "is_active": False}, version=1, actor=manager_actor
    )
    assert (saved.name, saved.is_active, saved.lock_version) == ("Path of care", False, 2)
    assert Event.objects.get(type="journey.redefined").changes == {
        "name": ["Care path", "Path of care"],
        "is_active": [True, False],
    }


def test_update_definition_with_a_stale_version_is_refused(journey, manager_actor):
    services.update_definition(definition=journey, changes={"name": "Path of care"}, version=1, actor=manager_actor)
    with pytest.raises(StaleVersion) as refusal:
        services.update_definition(definition=journey, changes={"name": "Third name"}, version=1, actor=manager_actor)
    assert refusal.value.extra["conflicts"] == [{"field": "name", "current": "Path of care", "yours": "Third name"}]


def test_update_of_an_unknown_field_is_refused(journey, manager_actor):
    with pytest.raises(InvalidInput):
        services.update_definition(definition=journey, changes={"owner": "me"}, actor=manager_actor)


def test_add_stage_at_the_end_and_between(journey, manager_actor):
    services.add_stage(definition=journey, stage=StageInput(name="Paid"), actor=manager_actor)
    added = services.add_stage(definition=journey, stage=StageInput(name="Triaged"), position=2, actor=manager_actor)
    assert (added.key, added.position) == ("triaged", 2)
    assert stages_of(journey) == ["asked", "triaged", "booked", "seen", "paid"]


@pytest.mark.parametrize("position", [0, 5, -1])
def test_add_stage_outside_the_order_is_refused(journey, manager_actor, position):
    with pytest.raises(InvalidInput, match="from 1 to 4"):
        services.add_stage(definition=journey, stage=StageInput(name="Paid"), position=position, actor=manager_actor)


def test_reorder_stages(journey, manager_actor):
    services.reorder_stages(definition=journey, keys=["seen", "asked", "booked"], actor=manager_actor)
    assert stages_of(journey) == ["seen", "asked", "booked"]


@pytest.mark.parametrize("keys", [["seen", "asked"], ["seen", "asked", "booked", "paid"], ["seen", "seen", "asked"]])
def test_reorder_names_every_stage_once(journey, manager_actor, keys):
    with pytest.raises(InvalidInput):
        services.reorder_stages(definition=journey, keys=keys, actor=manager_actor)


def test_update_and_remove_stage(journey, manager_actor):
    changed = services.update_stage(
        definition=journey, key="seen", changes={"name": "Visited", "advance_after_minutes": 30}, actor=manager_actor
    )
    assert (changed.key, changed.name, changed.advance_after_minutes) == ("seen", "Visited", 30)
    services.remove_stage(definition=journey, key="booked", actor=manager_actor)
    assert stages_of(journey) == ["asked", "seen"]


def test_unknown_stage_or_setting_is_refused(journey, manager_actor):
    with pytest.raises(NotFound):
        services.update_stage(definition=journey, key="nowhere", changes={}, actor=manager_actor)
    with pytest.raises(InvalidInput):
        services.update_stage(definition=journey, key="seen", changes={"colour": "red"}, actor=manager_actor)


def test_running_patients_finish_on_their_edition(journey, run, patient, manager_actor):
    services.remove_stage(definition=journey, key="booked", actor=manager_actor)
    services.add_stage(definition=journey, stage=StageInput(name="Paid"), actor=manager_actor)
    newcomer = services.start_journey(
        definition=journey, patient=PatientFactory(organization=journey.organization), actor=manager_actor
    )
    assert (list(marks_of(run)), list(marks_of(newcomer))) == (["asked", "booked", "seen"], ["asked", "seen", "paid"])
    assert services.advance_instance(instance=run, actor=manager_actor).current_stage.key == "booked"


def test_an_edition_without_runs_is_edited_in_place(journey, manager_actor):
    services.add_stage(definition=journey, stage=StageInput(name="Paid"), actor=manager_actor)
    services.add_stage(definition=journey, stage=StageInput(name="Archived"), actor=manager_actor)
    assert journey.versions.count() == 1


def test_saving_the_same_stages_makes_no_edition(journey, run, manager_actor):
    services.replace_stages(definition=journey, stages=THREE_STAGES, actor=manager_actor)
    services.reorder_stages(definition=journey, keys=["asked", "booked", "seen"], actor=manager_actor)
    assert journey.versions.count() == 1


# ── starting ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_start_enters_the_first_stage(run, patient):
    assert (run.current_stage.key, run.status, run.patient) == ("asked", "active", patient)
    assert marks_of(run) == {"asked": "active", "booked": "pending", "seen": "pending"}


def test_start_publishes_the_event(run, patient, actor):
    event = Event.objects.get(type="journey.started")
    assert (event.subject_id, event.patient_id, event.actor_id) == (run.pk, patient.pk, actor.id)
    assert (event.payload["journey"], event.payload["stage"]) == ("care-path", "asked")


def test_start_of_a_journey_without_stages_is_refused(organization, patient, actor):
    with pytest.raises(Conflict, match="no stages") as refusal:
        services.start_journey(definition=make_journey(organization, []), patient=patient, actor=actor)
    assert refusal.value.code == "journey_without_stages"


def test_start_of_an_inactive_journey_is_refused(organization, patient, actor):
    with pytest.raises(Conflict, match="not active"):
        services.start_journey(definition=make_journey(organization, is_active=False), patient=patient, actor=actor)


def test_start_for_a_foreign_patient_is_refused(journey, foreign_patient, actor):
    with pytest.raises(NotFound):
        services.start_journey(definition=journey, patient=foreign_patient, actor=actor)


def test_start_for_nobody_is_refused(journey, actor):
    with pytest.raises(InvalidInput):
        services.start_journey(definition=journey, actor=actor)


def test_a_journey_runs_once_per_patient_at_a_time(journey, run, patient, actor):
    with pytest.raises(Conflict) as refusal:
        services.start_journey(definition=journey, patient=patient, actor=actor)
    assert refusal.value.extra == {"instance": str(run.pk)}
    services.cancel_instance(instance=run, actor=actor)
    services.start_journey(definition=journey, patient=patient, actor=actor)


def test_start_for_a_writer_who_is_not_known_yet(journey, actor):
    run = services.start_journey(
        definition=journey, conversation_id=uuid.uuid4(), label="Maria (WhatsApp)", actor=actor
    )
    assert (run.patient, run.subject_name) == (None, "Maria (WhatsApp)")


def test_auditor_may_not_move_anything(journey, run, patient, auditor):
    for call, arguments in (
        (services.start_journey, {"definition": journey, "patient": patient}),
        (services.advance_instance, {"instance": run}),
        (services.skip_stage, {"instance": run}),
        (services.pause_instance, {"instance": run}),
        (services.resume_instance, {"instance": run}),
        (services.cancel_instance, {"instance": run}),
    ):
        with pytest.raises(NotAllowed):
            call(**arguments, actor=actor_for_membership(auditor))


# ── advancing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_advance_completes_the_stage_and_enters_the_next(run, actor):
    moved = services.advance_instance(instance=run, actor=actor)
    assert moved.current_stage.key == "booked"
    assert marks_of(run) == {"asked": "completed", "booked": "active", "seen": "pending"}
    assert events_of(run) == ["journey.started", "journey.advanced"]


def test_advance_to_a_later_stage_passes_over_what_lies_between(run, actor):
    services.advance_instance(instance=run, to_stage="seen", actor=actor)
    assert marks_of(run) == {"asked": "completed", "booked": "skipped", "seen": "active"}
    assert Event.objects.get(type="journey.advanced").payload["skipped"] == ["booked"]


def test_advance_of_the_last_stage_completes_the_run(run, actor):
    services.advance_instance(instance=run, to_stage="seen", actor=actor)
    done = services.advance_instance(instance=run, actor=actor)
    assert (done.status, done.current_stage, done.ended_at is not None) == ("completed", None, True)
    assert marks_of(run)["seen"] == "completed"
    assert events_of(run)[-1] == "journey.completed"


def test_advance_of_a_completed_run_is_refused(run, actor):
    services.advance_instance(instance=run, to_stage="seen", actor=actor)
    services.advance_instance(instance=run, actor=actor)
    with pytest.raises(InvalidTransition, match="completed already"):
        services.advance_instance(instance=run, actor=actor)


def test_advance_from_another_than_the_present_stage_is_refused(run, actor):
    with pytest.raises(InvalidTransition, match="no longer in “Booked” but in “Asked”") as refusal:
        services.advance_instance(instance=run, from_stage="booked", actor=actor)
    assert refusal.value.extra == {"stage": "asked"}


def test_advance_backwards_is_refused(run, actor):
    services.advance_instance(instance=run, actor=actor)
    with pytest.raises(InvalidTransition, match="Choose a later stage"):
        services.advance_instance(instance=run, to_stage="asked", actor=actor)


def test_advance_to_a_stage_of_another_journey_is_refused(organization, run, actor):
    other = make_journey(organization, name="Other", stages=[StageInput(name="Elsewhere")])
    with pytest.raises(NotFound):
        services.advance_instance(instance=run, to_stage=other.versions.get().stages.get(), actor=actor)


def test_advance_with_a_stale_version_is_refused(run, actor):
    services.advance_instance(instance=run, version=1, actor=actor)
    with pytest.raises(StaleVersion) as refusal:
        services.advance_instance(instance=run, version=1, actor=actor)
    assert refusal.value.extra["current"] == 2


def test_skip_leaves_the_stage_undone_with_a_reason(run, actor):
    services.skip_stage(instance=run, reason="Came in without an appointment", actor=actor)
    mark = StageStatus.objects.get(instance=run, stage__key="asked")
    assert (mark.state, mark.note, mark.by) == ("skipped", "Came in without an appointment", actor.label)


def test_skip_of_the_last_stage_completes_the_run(run, actor):
    services.advance_instance(instance=run, to_stage="seen", actor=actor)
    assert services.skip_stage(instance=run, actor=actor).status == "completed"


def test_skip_of_another_than_the_present_stage_is_refused(run, actor):
    with pytest.raises(InvalidTransition, match="Only the present stage"):
        services.skip_stage(instance=run, stage="seen", actor=actor)


def test_a_paused_run_does_not_move_until_it_is_resumed(run, actor):
    services.pause_instance(instance=run, reason="On holiday", actor=actor)
    with pytest.raises(InvalidTransition, match="is paused"):
        services.advance_instance(instance=run, actor=actor)
    with pytest.raises(InvalidTransition):
        services.pause_instance(instance=run, actor=actor)
    services.resume_instance(instance=run, actor=actor)
    assert services.advance_instance(instance=run, actor=actor).current_stage.key == "booked"
    assert events_of(run) == ["journey.started", "journey.paused", "journey.resumed", "journey.advanced"]


def test_resuming_what_is_not_paused_is_refused(run, actor):
    with pytest.raises(InvalidTransition, match="not paused"):
        services.resume_instance(instance=run, actor=actor)


def test_cancel_ends_the_run_where_it_stands(run, actor):
    ended = services.cancel_instance(instance=run, reason="Moved away", actor=actor)
    assert (ended.status, ended.end_reason, ended.current_stage.key) == ("cancelled", "Moved away", "asked")
    assert events_of(run)[-1] == "journey.cancelled"
    for call in (
        services.cancel_instance,
        services.advance_instance,
        services.skip_stage,
        services.pause_instance,
        services.resume_instance,
    ):
        with pytest.raises(InvalidTransition):
            call(instance=run, actor=actor)


# ── time ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

NOON = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


def test_overdue_counts_from_the_entry_and_stands_still_while_paused(journey, patient, actor):
    with time_machine.travel(NOON, tick=False) as clock:
        run = services.start_journey(definition=journey, patient=patient, actor=actor)
        assert run.overdue_at is None
        run = services.advance_instance(instance=run, actor=actor)
        assert run.overdue_at == NOON + dt.timedelta(minutes=60)
        services.pause_instance(instance=run, actor=actor)
        clock.shift(dt.timedelta(hours=5))
        run = services.resume_instance(instance=run, actor=actor)
        assert run.overdue_at == NOON + dt.timedelta(hours=6)
        assert not run.is_overdue(NOON + dt.timedelta(hours=5))
        assert run.is_overdue(NOON + dt.timedelta(hours=6))


def test_a_delay_advances_the_run_when_it_is_over_and_not_before(organization, patient, actor):
    journey = make_journey(
        organization, [StageInput(name="Waiting", advance_after_minutes=90), StageInput(name="Called")]
    )
    with time_machine.travel(NOON, tick=False) as clock:
        run = services.start_journey(definition=journey, patient=patient, actor=actor)
        clock.shift(dt.timedelta(minutes=89))
        assert services.advance_due() == 0
        clock.shift(dt.timedelta(minutes=1))
        assert services.advance_due() == 1
        assert services.advance_due() == 0
    run.refresh_from_db()
    assert run.current_stage.key == "called"
    assert StageStatus.objects.get(instance=run, stage__key="waiting").by == "delay"


def test_a_delay_does_not_run_while_paused_or_after_the_end(organization, actor):
    journey = make_journey(
        organization, [StageInput(name="Waiting", advance_after_minutes=5), StageInput(name="Called")]
    )
    with time_machine.travel(NOON, tick=False) as clock:
        paused, cancelled = (
            services.start_journey(definition=journey, patient=PatientFactory(organization=organization), actor=actor)
            for _n in range(2)
        )
        services.pause_instance(instance=paused, actor=actor)
        services.cancel_instance(instance=cancelled, actor=actor)
        clock.shift(dt.timedelta(hours=1))
        assert services.advance_due() == 0
        services.resume_instance(instance=paused, actor=actor)
        assert services.advance_due() == 0
        clock.shift(dt.timedelta(minutes=5))
        assert services.advance_due() == 1


def test_wait_at_the_end_of_a_stages_actions_ends_the_stage(organization, patient, actor):
    journey = make_journey(
        organization,
        [StageInput(name="Resting", actions=[{"action": "wait", "minutes": 30}]), StageInput(name="Called")],
    )
    with time_machine.travel(NOON, tick=False) as clock:
        run = services.start_journey(definition=journey, patient=patient, actor=actor)
        assert run.advance_due_at == NOON + dt.timedelta(minutes=30)
        clock.shift(dt.timedelta(minutes=30))
        services.advance_due()
    run.refresh_from_db()
    assert run.current_stage.key == "called"


def test_the_sweep_reaches_every_organization(organization, other_organization, actor):
    runs = []
    for clinic in (organization, other_organization):
        journey = make_journey(clinic, [StageInput(name="Waiting", advance_after_minutes=0), StageInput(name="Called")])
        with organization_scope(clinic.pk):
            runs.append(
                services.start_journey(definition=journey, patient=PatientFactory(organization=clinic), actor=SYSTEM)
            )
    assert services.advance_due() == 2


# ── races ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def in_parallel(organization, calls):
    def guarded(call):
        try:
            with organization_scope(organization.pk):
                call()
        except ApplicationError as refusal:
            return refusal.code
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(pool.map(guarded, calls))


@pytest.mark.django_db(transaction=True)
def test_two_people_advancing_at_once_move_the_run_one_stage(organization):
    journey = make_journey(organization)
    with organization_scope(organization.pk):
        run = services.start_journey(
            definition=journey, patient=PatientFactory(organization=organization), actor=SYSTEM
        )
    answers = in_parallel(
        organization,
        [lambda: services.advance_instance(instance=run, from_stage="asked", actor=SYSTEM) for _n in range(6)],
    )
    assert answers == ["done"] + ["invalid_transition"] * 5
    with organization_scope(organization.pk):
        assert Instance.objects.get().current_stage.key == "booked"
        assert Event.objects.filter(type="journey.advanced").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_starts_at_once_make_one_run(organization):
    journey, patient = make_journey(organization), PatientFactory(organization=organization)
    answers = in_parallel(
        organization,
        [lambda: services.start_journey(definition=journey, patient=patient, actor=SYSTEM) for _n in range(6)],
    )
    assert answers == ["already_running"] * 5 + ["done"]
    with organization_scope(organization.pk):
        assert Event.objects.filter(type="journey.started").count() == 1


@pytest.mark.django_db(transaction=True)
def test_editing_while_patients_start_never_changes_their_edition(organization):
    journey = make_journey(organization)
    patients = [PatientFactory(organization=organization) for _n in range(6)]
    starts = [lambda p=p: services.start_journey(definition=journey, patient=p, actor=SYSTEM) for p in patients]
    edits = [
        lambda n=n: services.add_stage(definition=journey, stage=StageInput(name=f"Extra {n}"), actor=SYSTEM)
        for n in range(6)
    ]
    assert (
        in_parallel(organization, [call for pair in zip(starts, edits, strict=True) for call in pair]) == ["done"] * 12
    )
    with organization_scope(organization.pk):
        runs = Instance.objects.select_related("version")
        assert runs.count() == 6
        for run in runs:
            assert run.stage_statuses.count() == run.version.stages.count()


def test_two_sweeps_at_once_advance_once(organization, patient, actor):
    journey = make_journey(
        organization, [StageInput(name="Waiting", advance_after_minutes=0), StageInput(name="Called")]
    )
    services.start_journey(definition=journey, patient=patient, actor=actor)
    assert [services.advance_due(), services.advance_due()] == [1, 0]


def test_a_failing_action_holds_up_no_other_run_and_is_tried_again(organization, actor):
    registry.action("explode", label="Explode", clean=lambda _o, _s: {}, describe=lambda _s: "Explode")(explode)
    stages = [
        StageInput(name="Waiting", advance_after_minutes=0),
        StageInput(name="Bang", actions=[{"action": "explode"}]),
    ]
    bad, good = make_journey(organization, stages, name="Bad"), make_journey(organization, THREE_WAITING, name="Good")
    for journey in (bad, good):
        services.start_journey(definition=journey, patient=PatientFactory(organization=organization), actor=actor)
    assert services.advance_due() == 1
    stuck = Instance.objects.get(definition=bad)
    assert (stuck.current_stage.key, stuck.advance_due_at > timezone.now()) == ("waiting", True)


THREE_WAITING = (StageInput(name="Waiting", advance_after_minutes=0), StageInput(name="Called"))


def explode(entry):
    raise ZeroDivisionError
