"""The day of the visit: every step from every status, undo, and what each leaves behind."""

from __future__ import annotations

import datetime as dt
import re
import uuid

import pytest
import time_machine

from apps.appointments.errors import SlotUnavailable
from apps.appointments.models import Appointment, Status
from apps.appointments.services import (
    arrive_appointment,
    book_appointment,
    cancel_appointment,
    complete_appointment,
    confirm_appointment,
    hold_slot,
    mark_no_show,
    start_appointment,
    undo_status,
)
from apps.appointments.transitions import Step, possible_steps
from apps.appointments.views import panels
from apps.core.actors import BOT, SYSTEM
from apps.core.errors import InvalidTransition, NotAllowed
from apps.events.models import Event
from apps.organizations.services import actor_for_membership
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.patients import PatientFactory

NINE = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)
BEFORE = NINE - dt.timedelta(minutes=20)
MINUTE = dt.timedelta(minutes=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(BEFORE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def visit(bookable, patient, actor) -> Appointment:
    return book_appointment(
        organization=bookable.organization,
        patient=patient,
        appointment_type=bookable.appointment_type,
        practitioner=bookable.practitioner,
        location=bookable.location,
        start=NINE,
        actor=actor,
    )


STEPS = {
    Step.CONFIRM: lambda visit, actor: confirm_appointment(appointment=visit, by="phone", actor=actor),
    Step.ARRIVE: lambda visit, actor: arrive_appointment(appointment=visit, actor=actor),
    Step.START: lambda visit, actor: start_appointment(appointment=visit, actor=actor),
    Step.COMPLETE: lambda visit, actor: complete_appointment(appointment=visit, actor=actor),
    Step.NO_SHOW: lambda visit, actor: mark_no_show(appointment=visit, actor=actor),
    Step.CANCEL: lambda visit, actor: cancel_appointment(appointment=visit, reason="patient", actor=actor),
}
ALLOWED = {
    Status.BOOKED: {Step.CONFIRM, Step.ARRIVE, Step.START, Step.NO_SHOW, Step.CANCEL},
    Status.ARRIVED: {Step.START, Step.COMPLETE, Step.CANCEL},
    Status.IN_PROGRESS: {Step.COMPLETE},
    Status.FULFILLED: set(),
    Status.CANCELLED: set(),
    Status.NO_SHOW: set(),
}


def types() -> list[str]:
    return list(Event.objects.filter(type__startswith="appointment.").order_by("id").values_list("type", flat=True))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", ALLOWED)
def test_step_is_possible_from_these_statuses_only(visit, actor, clock, status, step) -> None:
    clock.move_to(NINE)
    Appointment.objects.filter(pk=visit.pk).update(status=status)
    visit.status = status
    assert (step in possible_steps(visit)) == (step in ALLOWED[status])
    if step in ALLOWED[status]:
        assert STEPS[step](visit, actor).pk == visit.pk
    else:
        with pytest.raises(InvalidTransition) as refused:
            STEPS[step](visit, actor)
        assert refused.value.message.endswith((".", "first."))
        assert refused.value.extra["current_status"] == status


@pytest.mark.parametrize("step", STEPS)
def test_auditor_may_take_no_step(visit, auditor, step) -> None:
    with pytest.raises(NotAllowed):
        STEPS[step](visit, actor_for_membership(auditor))


def test_whole_visit_leaves_its_times_and_events(visit, actor, clock) -> None:
    arrive_appointment(appointment=visit, actor=actor)
    clock.move_to(NINE)
    start_appointment(appointment=visit, actor=actor)
    clock.move_to(NINE + 25 * MINUTE)
    done = complete_appointment(appointment=visit, actor=actor)
    assert (done.arrived_at, done.started_at, done.completed_at) == (BEFORE, NINE, NINE + 25 * MINUTE)
    assert (done.status, done.version) == (Status.FULFILLED, 1)
    assert types() == ["appointment.booked", "appointment.arrived", "appointment.started", "appointment.fulfilled"]
    assert Event.objects.get(type="appointment.started").changes == {"status": ["arrived", "in_progress"]}


def test_patient_who_goes_straight_in_has_arrived_then(visit, actor) -> None:
    started = start_appointment(appointment=visit, actor=actor)
    assert started.arrived_at == BEFORE


def test_confirmation_says_how_it_came(visit) -> None:
    confirmed = confirm_appointment(appointment=visit, by="whatsapp", actor=BOT)
    assert (confirmed.confirmed_at, confirmed.confirmed_by) == (BEFORE, "whatsapp")
    assert Event.objects.get(type="appointment.confirmed").payload["by"] == "whatsapp"


def test_second_confirmation_changes_nothing(visit, actor, clock) -> None:
    confirm_appointment(appointment=visit, by="whatsapp", actor=BOT)
    clock.shift(MINUTE)
    again = confirm_appointment(appointment=visit, by="phone", actor=actor)
    assert (again.confirmed_at, again.confirmed_by) == (BEFORE, "whatsapp")
    assert types().count("appointment.confirmed") == 1


def test_no_show_is_noted_from_the_start_on(visit, actor, clock) -> None:
    with pytest.raises(InvalidTransition, match="not begun yet"):
        mark_no_show(appointment=visit, actor=actor)
    clock.move_to(NINE)
    assert mark_no_show(appointment=visit, actor=actor).status == Status.NO_SHOW
    assert types()[-1] == "appointment.no_show"


@pytest.mark.parametrize("step", [Step.START, Step.NO_SHOW])
def test_messages_ahead_of_the_visit_are_cancelled_and_the_follow_up_stays(visit, actor, clock, step) -> None:
    planned = {
        category: CommunicationFactory(
            organization=visit.organization,
            patient=visit.patient,
            category=category,
            status="scheduled",
            context_type="appointments.Appointment",
            context_id=visit.pk,
            context_version=1,
        )
        for category in ("reminder", "confirmation", "invite", "follow_up")
    }
    clock.move_to(NINE)
    STEPS[step](visit, actor)
    for message in planned.values():
        message.refresh_from_db()
    assert {category: message.status for category, message in planned.items()} == {
        "reminder": "cancelled",
        "confirmation": "cancelled",
        "invite": "cancelled",
        "follow_up": "scheduled",
    }


class TestUndo:
    def test_arrival_is_taken_back(self, visit, actor) -> None:
        arrive_appointment(appointment=visit, actor=actor)
        back = undo_status(appointment=visit, actor=actor)
        assert (back.status, back.arrived_at, back.previous_status) == (Status.BOOKED, None, "")
        undone = Event.objects.get(type="appointment.status_undone")
        assert undone.changes == {"status": ["arrived", "booked"]}

    def test_start_without_check_in_is_taken_back_entirely(self, visit, actor) -> None:
        start_appointment(appointment=visit, actor=actor)
        back = undo_status(appointment=visit, actor=actor)
        assert (back.status, back.arrived_at, back.started_at) == (Status.BOOKED, None, None)

    def test_start_after_check_in_goes_back_to_waiting(self, visit, actor) -> None:
        arrive_appointment(appointment=visit, actor=actor)
        start_appointment(appointment=visit, actor=actor)
        back = undo_status(appointment=visit, actor=actor)
        assert (back.status, back.arrived_at, back.started_at) == (Status.ARRIVED, BEFORE, None)

    def test_completion_is_taken_back(self, visit, actor) -> None:
        start_appointment(appointment=visit, actor=actor)
        complete_appointment(appointment=visit, actor=actor)
        back = undo_status(appointment=visit, actor=actor)
        assert (back.status, back.completed_at) == (Status.IN_PROGRESS, None)

    def test_no_show_is_taken_back(self, visit, actor, clock) -> None:
        clock.move_to(NINE)
        mark_no_show(appointment=visit, actor=actor)
        assert undo_status(appointment=visit, actor=actor).status == Status.BOOKED
        assert types().count("appointment.booked") == 1

    def test_cancellation_is_taken_back_in_a_new_version_and_announced(self, visit, actor) -> None:
        cancel_appointment(appointment=visit, reason="patient", note="wrong row", actor=actor)
        back = undo_status(appointment=visit, actor=actor)
        assert (back.status, back.version, back.cancel_reason, back.cancel_note) == (Status.BOOKED, 3, "", "")
        assert back.cancelled_at is None
        assert types()[-2:] == ["appointment.status_undone", "appointment.booked"]

    def test_cancellation_of_a_waiting_patient_is_taken_back_to_waiting(self, visit, actor) -> None:
        arrive_appointment(appointment=visit, actor=actor)
        cancel_appointment(appointment=visit, reason="mistake", actor=actor)
        assert undo_status(appointment=visit, actor=actor).status == Status.ARRIVED

    @pytest.mark.parametrize("step", [Step.CANCEL, Step.NO_SHOW])
    def test_time_that_went_to_somebody_else_is_not_taken_back(self, bookable, visit, actor, clock, step) -> None:
        clock.move_to(NINE)
        STEPS[step](visit, actor)
        Appointment.objects.create(
            organization=bookable.organization,
            patient=PatientFactory(organization=bookable.organization),
            practitioner=visit.practitioner,
            location=visit.location,
            appointment_type=visit.appointment_type,
            start=visit.start,
            end=visit.end,
            busy_period=visit.busy_period,
        )
        with pytest.raises(SlotUnavailable) as refused:
            undo_status(appointment=visit, actor=actor)
        assert [conflict.code for conflict in refused.value.conflicts] == ["practitioner_taken"]
        visit.refresh_from_db()
        assert visit.status in {Status.CANCELLED, Status.NO_SHOW}

    @pytest.mark.parametrize("is_held", [True, False])
    def test_a_visit_comes_back_with_the_buffers_that_it_was_booked_with(
        self, bookable, patient, actor, clock, is_held
    ) -> None:
        """A hold in them that ran out is cleared, a visit in them is the reason that is told, whatever the type says now."""
        kind = bookable.appointment_type
        wanted = {
            "organization": bookable.organization,
            "appointment_type": kind,
            "practitioner": bookable.practitioner,
            "location": bookable.location,
            "actor": actor,
        }
        for buffer in (15, 0):
            kind.buffer_after_minutes = buffer
            kind.save()
            if buffer:
                visit = book_appointment(**wanted, patient=patient, start=NINE)
        cancel_appointment(appointment=visit, reason="patient", actor=actor)
        if is_held:
            hold_slot(**wanted, start=visit.end, held_for=uuid.uuid4(), minutes=1)
            clock.shift(61)
            assert undo_status(appointment=visit, actor=actor).busy_period.upper == visit.end + 15 * MINUTE
            assert not Appointment.objects.held().exists()
        else:
            book_appointment(**wanted, patient=PatientFactory(organization=bookable.organization), start=visit.end)
            with pytest.raises(SlotUnavailable, match="needs the time around another appointment"):
                undo_status(appointment=visit, actor=actor)

    def test_undo_is_possible_for_ten_minutes(self, visit, actor, clock) -> None:
        arrive_appointment(appointment=visit, actor=actor)
        clock.shift(10 * MINUTE)
        assert undo_status(appointment=visit, actor=actor).status == Status.BOOKED
        arrive_appointment(appointment=visit, actor=actor)
        clock.shift(10 * MINUTE + dt.timedelta(seconds=1))
        with pytest.raises(InvalidTransition, match="too long ago"):
            undo_status(appointment=visit, actor=actor)

    def test_undo_is_possible_once(self, visit, actor) -> None:
        start_appointment(appointment=visit, actor=actor)
        undo_status(appointment=visit, actor=actor)
        with pytest.raises(InvalidTransition, match="nothing to undo"):
            undo_status(appointment=visit, actor=actor)

    def test_booking_itself_is_not_undone(self, visit, actor) -> None:
        with pytest.raises(InvalidTransition, match="nothing to undo"):
            undo_status(appointment=visit, actor=actor)

    def test_old_cancellation_is_not_undone(self, visit, actor, clock) -> None:
        cancel_appointment(appointment=visit, reason="patient", actor=actor)
        clock.shift(11 * MINUTE)
        with pytest.raises(InvalidTransition, match="too long ago"):
            undo_status(appointment=visit, actor=actor)


class TestWhatWasWritten:
    def test_reason_and_note_stand_on_the_visit_s_page_whole(self, visit, desk_client) -> None:
        reason, note = "Headache <b>again</b>", "Called twice.\nPrefers afternoons."
        Appointment.objects.filter(pk=visit.pk).update(reason=reason, note=note)
        page = desk_client.get(f"/appointments/{visit.pk}/").content.decode()
        assert '<bdi class="wrote">Headache &lt;b&gt;again&lt;/b&gt;</bdi>' in page
        assert f'<bdi class="wrote">{note}</bdi>' in page
        assert "Show all" not in page

    @pytest.mark.parametrize("text", ["x" * 500, "one\ntwo\nthree\nfour\nfive"])
    def test_long_text_waits_behind_show_all_and_nothing_of_it_is_cut(self, visit, desk_client, text) -> None:
        Appointment.objects.filter(pk=visit.pk).update(reason=text)
        page = desk_client.get(f"/appointments/{visit.pk}/").content.decode()
        assert f'<details class="long" id="visit-reason"><summary><bdi>{text}</bdi>' in page
        assert "Show all" in page


class TestStepsOnTheVisitsPage:
    """Who opens a visit from the calendar can do there what Today's board does."""

    @staticmethod
    def offered(client, visit) -> list[str]:
        page = client.get(f"/appointments/{visit.pk}/").content.decode()
        return re.findall(r"/step/([a-z-]+)/", page)

    @pytest.mark.parametrize(
        ("at", "offered"),
        [
            (NINE - dt.timedelta(days=2), []),
            (BEFORE, ["arrive"]),
            (NINE + 10 * MINUTE, ["no-show", "arrive"]),
        ],
    )
    def test_an_expected_visit_offers_what_its_hour_allows(self, visit, desk_client, clock, at, offered) -> None:
        clock.move_to(at)
        assert self.offered(desk_client, visit) == offered

    @pytest.mark.parametrize(
        ("steps", "offered"),
        [
            ([Step.ARRIVE], ["undo", "start"]),
            ([Step.START], ["undo", "complete"]),
            ([Step.START, Step.COMPLETE], ["undo"]),
            ([Step.NO_SHOW], ["undo"]),
        ],
    )
    def test_a_step_is_followed_by_undo_and_by_the_next(self, visit, actor, desk_client, clock, steps, offered) -> None:
        clock.move_to(NINE + 10 * MINUTE)
        for step in steps:
            STEPS[step](visit, actor)
        assert self.offered(desk_client, visit) == offered

    def test_a_visit_that_has_begun_is_not_confirmed_any_more(self, visit, desk_client, clock) -> None:
        address = f"/appointments/{visit.pk}/confirm/"
        assert address in desk_client.get(f"/appointments/{visit.pk}/").content.decode()
        clock.move_to(NINE + 10 * MINUTE)
        assert address not in desk_client.get(f"/appointments/{visit.pk}/").content.decode()


def test_more_visits_of_a_patient_than_are_listed_are_said(visit, patient, desk_client, monkeypatch) -> None:
    def listed() -> str:
        return desk_client.get(f"/patients/{patient.pk}/appointments/").content.decode()

    cancel_appointment(appointment=visit, reason="patient", actor=SYSTEM)
    monkeypatch.setattr(panels, "SHOWN", 1)
    assert "The latest 1 visits" not in listed()
    AppointmentFactory(organization=patient.organization, patient=patient)
    assert "The latest 1 visits are listed here." in listed()


def test_a_tab_that_counts_no_further_says_so(visit, patient, desk_client, monkeypatch) -> None:
    page = f"/patients/{patient.pk}/tab/appointments/"
    monkeypatch.setattr("apps.patients.panels.COUNT_CAP", 2)
    assert re.search(r"Appointments\s*<span[^>]*>1<", desk_client.get(page).content.decode())
    AppointmentFactory(organization=patient.organization, patient=patient)
    assert re.search(r"Appointments\s*<span[^>]*>1\+<", desk_client.get(page).content.decode())
