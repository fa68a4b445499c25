"""Several visits at once: each row by itself, an answer that names what was not possible, one undo for the whole."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections import Counter

import pytest
import time_machine

from apps.appointments.models import Appointment, Status
from apps.appointments.services import (
    arrive_appointment,
    book_appointment,
    cancel_together,
    mark_no_show,
    remind_now,
    remind_together,
    start_appointment,
    step_together,
    undo_together,
)
from apps.appointments.services.together import MOST, Together
from apps.communications.models import Communication
from apps.core.actors import Actor, ActorKind
from apps.core.errors import Conflict, InvalidInput, InvalidTransition, NotAllowed
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from apps.notifications.defaults import install_defaults
from apps.organizations.permissions import Permission
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.patients import ConsentFactory, ContactPointFactory, PatientFactory
from tests.fixtures.racing import at_once, overlaps
from tests.fixtures.shared import MONDAY

MINUTE = dt.timedelta(minutes=1)
HALF_HOUR = dt.timedelta(minutes=30)
ELEVEN = MONDAY + 4 * HALF_HOUR
READER = Actor(ActorKind.USER, uuid.uuid4(), "Reader", frozenset({Permission.APPOINTMENTS_VIEW}))
DESK = Actor(ActorKind.USER, uuid.uuid4(), "Desk", frozenset({Permission.APPOINTMENTS_MANAGE}))


@pytest.fixture
def clock(db):
    with time_machine.travel(ELEVEN, tick=False) as traveller:
        yield traveller


@pytest.fixture
def visits(bookable, clock) -> list[Appointment]:
    """Half-hourly visits from nine to one: four have begun at eleven, four are ahead."""
    return [make_visit(bookable, MONDAY + number * HALF_HOUR) for number in range(8)]


def make_visit(bookable, start: dt.datetime) -> Appointment:
    return AppointmentFactory(
        organization=bookable.organization,
        patient=PatientFactory(organization=bookable.organization),
        practitioner=bookable.practitioner,
        location=bookable.location,
        appointment_type=bookable.appointment_type,
        start=start,
    )


def ids(visits: list[Appointment]) -> list[uuid.UUID]:
    return [visit.pk for visit in visits]


def statuses(visits: list[Appointment]) -> list[str]:
    return [Appointment.objects.get(pk=visit.pk).status for visit in visits]


def undo(found: Together, actor: Actor, organization) -> Together:
    first, last = found.done[0].start, found.done[-1].start
    return undo_together(organization=organization, at=found.at, first=first, last=last, actor=actor)


class TestSteps:
    def test_all_are_checked_in(self, organization, visits, actor):
        found = step_together(organization=organization, appointment_ids=ids(visits), step="arrive", actor=actor)
        assert (ids(found.done), found.refused) == (ids(visits), [])
        assert set(statuses(visits)) == {Status.ARRIVED}
        assert Event.objects.filter(type="appointment.arrived").count() == 8

    def test_each_row_succeeds_or_fails_by_itself(self, organization, visits, actor):
        arrive_appointment(appointment=visits[1], actor=actor)
        found = step_together(organization=organization, appointment_ids=ids(visits[:6]), step="no-show", actor=actor)
        assert ids(found.done) == ids([visits[0], visits[2], visits[3], visits[4]])
        assert [(line.appointment.pk, line.why) for line in found.refused] == [
            (visits[1].pk, "The patient has checked in already. Undo that first, if it was a mistake."),
            (visits[5].pk, "It has not begun yet. A no-show can be noted from its start on."),
        ]

    def test_visits_of_another_clinic_are_not_there(self, organization, other_organization, visits, actor):
        with organization_scope(other_organization.pk):
            foreign = AppointmentFactory(organization=other_organization, start=MONDAY)
        with pytest.raises(InvalidInput):
            step_together(organization=organization, appointment_ids=[foreign.pk], step="arrive", actor=actor)

    @pytest.mark.parametrize(("chosen", "step"), [([], "arrive"), ([uuid.uuid4()], "arrive"), ([], "dance")])
    def test_nothing_chosen_and_unknown_steps_are_refused(self, organization, actor, chosen, step):
        with pytest.raises(InvalidInput):
            step_together(organization=organization, appointment_ids=chosen, step=step, actor=actor)

    def test_more_than_a_hundred_are_refused(self, organization, visits, actor, monkeypatch):
        monkeypatch.setattr("apps.appointments.services.together.MOST", 7)
        with pytest.raises(InvalidInput):
            step_together(organization=organization, appointment_ids=ids(visits), step="arrive", actor=actor)
        assert (MOST, set(statuses(visits))) == (100, {Status.BOOKED})

    def test_reader_may_not(self, organization, visits):
        for act in (step_together, cancel_together, remind_together):
            more = {step_together: {"step": "arrive"}, cancel_together: {"reason": "clinic"}}.get(act, {})
            with pytest.raises(NotAllowed):
                act(organization=organization, appointment_ids=ids(visits), actor=READER, **more)


class TestUndo:
    @pytest.mark.parametrize("step", ["arrive", "no-show"])
    def test_one_undo_takes_all_of_it_back(self, organization, visits, actor, clock, step):
        found = step_together(organization=organization, appointment_ids=ids(visits[:4]), step=step, actor=actor)
        clock.move_to(ELEVEN + 9 * MINUTE)
        assert ids(undo(found, actor, organization).done) == ids(visits[:4])
        assert set(statuses(visits)) == {Status.BOOKED}

    def test_cancellations_are_taken_back_too(self, organization, visits, actor, clock):
        found = cancel_together(
            organization=organization, appointment_ids=ids(visits[4:]), reason="clinic", note="Flood", actor=actor
        )
        assert Counter(statuses(visits)) == {Status.BOOKED: 4, Status.CANCELLED: 4}
        assert ids(undo(found, actor, organization).done) == ids(visits[4:])
        assert set(statuses(visits)) == {Status.BOOKED}

    def test_a_visit_that_got_another_step_since_is_left_alone(self, organization, visits, actor, clock):
        found = step_together(organization=organization, appointment_ids=ids(visits[:2]), step="arrive", actor=actor)
        clock.move_to(ELEVEN + MINUTE)
        start_appointment(appointment=visits[0], actor=actor)
        undo(found, actor, organization)
        assert statuses(visits[:2]) == [Status.IN_PROGRESS, Status.BOOKED]

    def test_a_later_click_of_somebody_else_is_not_undone(self, organization, visits, actor, clock):
        mine = step_together(organization=organization, appointment_ids=ids(visits[:2]), step="arrive", actor=actor)
        clock.move_to(ELEVEN + MINUTE)
        step_together(organization=organization, appointment_ids=ids(visits[2:4]), step="arrive", actor=actor)
        undo(mine, actor, organization)
        assert statuses(visits[:4]) == [Status.BOOKED, Status.BOOKED, Status.ARRIVED, Status.ARRIVED]

    def test_time_that_was_given_away_is_named_the_others_come_back(
        self, organization, bookable, visits, manager_actor, clock
    ):
        found = cancel_together(
            organization=organization, appointment_ids=ids(visits[4:6]), reason="patient", actor=manager_actor
        )
        clock.move_to(ELEVEN + MINUTE)
        book_appointment(
            organization=organization,
            patient=PatientFactory(organization=organization),
            appointment_type=bookable.appointment_type,
            practitioner=bookable.practitioner,
            location=bookable.location,
            start=visits[5].start,
            override_reason="walked in",
            actor=manager_actor,
        )
        again = undo(found, manager_actor, organization)
        assert (ids(again.done), [line.appointment.pk for line in again.refused]) == ([visits[4].pk], [visits[5].pk])
        assert statuses(visits[4:6]) == [Status.BOOKED, Status.CANCELLED]

    def test_after_ten_minutes_nothing_is_taken_back(self, organization, visits, actor, clock):
        found = step_together(organization=organization, appointment_ids=ids(visits[:2]), step="arrive", actor=actor)
        clock.move_to(ELEVEN + 11 * MINUTE)
        again = undo(found, actor, organization)
        assert (again.done, len(again.refused)) == ([], 2)

    def test_second_undo_has_nothing_to_undo(self, organization, visits, actor, clock):
        found = step_together(organization=organization, appointment_ids=ids(visits[:2]), step="arrive", actor=actor)
        clock.move_to(ELEVEN + MINUTE)
        undo(found, actor, organization)
        with pytest.raises(Conflict):
            undo(found, actor, organization)


class TestReminders:
    @pytest.fixture
    def reachable(self, organization, visits, whatsapp_account):
        install_defaults(organization=organization)
        for number, visit in enumerate(visits[:7]):
            ContactPointFactory(organization=organization, patient=visit.patient, value=f"+1415555010{number}")
            ConsentFactory(organization=organization, patient=visit.patient, purpose="whatsapp", status="active")
        return visits

    def test_who_is_ahead_and_can_be_reached_is_reminded_the_others_are_named(self, organization, reachable, actor):
        found = remind_together(organization=organization, appointment_ids=ids(reachable[3:]), actor=actor)
        assert ids(found.done) == ids(reachable[5:7])
        assert [line.why for line in found.refused] == [
            "It has begun: a reminder comes too late. Call the patient.",
            "It has begun: a reminder comes too late. Call the patient.",
            "Skipped: the patient has no phone number.",
        ]
        rows = Communication.objects.filter(category="reminder")
        assert set(rows.values_list("context_id", "template_key")) == {
            (visit.pk, "appointment-reminder") for visit in reachable[5:7]
        }

    def test_two_within_the_hour_are_one(self, reachable, actor, clock):
        remind_now(appointment=reachable[6], actor=actor)
        with pytest.raises(Conflict):
            remind_now(appointment=reachable[6], actor=actor)
        Communication.objects.update(status="sent", sent_at=ELEVEN)
        clock.move_to(ELEVEN + 50 * MINUTE)
        with pytest.raises(Conflict):
            remind_now(appointment=reachable[6], actor=actor)
        assert Communication.objects.count() == 1

    def test_reminder_of_yesterday_is_no_obstacle(self, organization, reachable, actor):
        CommunicationFactory(
            organization=organization,
            patient=reachable[6].patient,
            category="reminder",
            context_type="appointments.Appointment",
            context_id=reachable[6].pk,
            context_version=1,
            status="read",
            sent_at=ELEVEN - dt.timedelta(days=1),
        )
        assert remind_now(appointment=reachable[6], actor=actor).status == "queued"

    def test_called_off_visit_is_not_reminded_of(self, reachable, actor):
        Appointment.objects.filter(pk=reachable[6].pk).update(status=Status.CANCELLED)
        with pytest.raises(InvalidTransition):
            remind_now(appointment=reachable[6], actor=actor)


class TestPages:
    def post(self, client, action: str, visits: list[Appointment], **more):
        return client.post(
            f"/appointments/together/{action}/", {"visit": ids(visits), **more}, headers={"HX-Request": "true"}
        )

    def said(self, answer) -> dict:
        return json.loads(answer.headers["HX-Trigger"])

    def test_one_toast_with_one_undo(self, desk_client, visits, clock):
        answer = self.post(desk_client, "arrive", visits[:3])
        assert answer.status_code == 204
        said = self.said(answer)
        assert (said["toast"]["text"], "picked:clear" in said, "live:appointments" in said) == (
            "3 patients checked in",
            True,
            True,
        )
        again = desk_client.post(said["toast"]["undo_url"])
        assert self.said(again)["toast"]["text"] == "Undone: 3 visits are as before"
        assert set(statuses(visits)) == {Status.BOOKED}

    def test_dialog_names_who_it_did_not_work_for_and_why(self, desk_client, visits):
        answer = self.post(desk_client, "no-show", visits[3:6])
        page = answer.content.decode()
        assert (answer.status_code, answer.headers["HX-Retarget"]) == (200, "#modal")
        assert self.said(answer)["toast"]["text"] == "2 visits marked as no-show, 1 not"
        assert str(visits[5].patient) in page
        assert "It has not begun yet" in page
        assert str(visits[4].patient) not in page

    def test_step_that_is_possible_for_nobody_says_so_and_offers_no_undo(self, desk_client, visits):
        answer = self.post(desk_client, "no-show", visits[5:7])
        assert "Not possible for any of these 2 visits" in answer.content.decode()
        assert "toast" not in self.said(answer)

    def test_cancelling_asks_for_one_reason_first(self, desk_client, visits):
        asked = self.post(desk_client, "cancel", visits[4:6])
        assert (asked.status_code, set(statuses(visits))) == (200, {Status.BOOKED})
        assert asked.content.decode().count('name="visit"') == 2
        assert self.post(desk_client, "cancel", visits[4:6], confirmed="1").status_code == 422
        answer = self.post(desk_client, "cancel", visits[4:6], confirmed="1", reason="clinic")
        assert self.said(answer)["toast"]["text"] == "2 visits cancelled"
        assert statuses(visits[4:6]) == [Status.CANCELLED, Status.CANCELLED]

    @pytest.mark.parametrize("query", ["", "?at=1&first=2", "?at=x&first=1&last=2", "?at=1&first=1&last=" + "9" * 40])
    def test_incomplete_undo_is_refused(self, desk_client, visits, query):
        assert desk_client.post(f"/appointments/together/undo/{query}").status_code == 422

    def test_what_is_no_id_is_refused(self, desk_client, visits):
        assert desk_client.post("/appointments/together/arrive/", {"visit": "x"}).status_code == 422
        assert desk_client.post("/appointments/together/dance/", {"visit": ids(visits)}).status_code == 404


@pytest.mark.django_db(transaction=True)
class TestRace:
    @pytest.fixture(autouse=True)
    def sunday(self):
        """The day before, and time goes on."""
        with time_machine.travel(MONDAY - dt.timedelta(days=1)):
            yield

    def test_two_who_click_at_once_check_everybody_in_once(self, bookable):
        organization = bookable.organization
        with organization_scope(organization.pk):
            visits = [make_visit(bookable, MONDAY + number * HALF_HOUR) for number in range(8)]

        def arrive(chosen: list[uuid.UUID]) -> Together:
            with organization_scope(organization.pk):
                return step_together(organization=organization, appointment_ids=chosen, step="arrive", actor=DESK)

        # In opposite orders: rows are locked in the order of their ids, so nobody waits in a ring.
        jobs = [ids(visits), ids(visits)[::-1]] * 4
        outcomes = at_once(8, jobs, arrive)
        assert sorted(len(found.done) for found in outcomes) == [0] * 7 + [8]
        with organization_scope(organization.pk):
            assert Event.objects.filter(type="appointment.arrived").count() == 8

    def test_undo_against_bookings_of_the_same_times_never_books_twice(self, bookable):
        organization = bookable.organization
        with organization_scope(organization.pk):
            visits = [make_visit(bookable, MONDAY + number * HALF_HOUR) for number in range(6)]
            patients = [PatientFactory(organization=organization) for _visit in visits]
            found = cancel_together(organization=organization, appointment_ids=ids(visits), reason="clinic", actor=DESK)

        def book_or_undo(job: int | None) -> object:
            with organization_scope(organization.pk):
                if job is None:
                    return undo(found, DESK, organization)
                return book_appointment(
                    organization=organization,
                    patient=patients[job],
                    appointment_type=bookable.appointment_type,
                    practitioner=bookable.practitioner,
                    location=bookable.location,
                    start=visits[job].start,
                    actor=DESK,
                )

        outcomes = at_once(4, [0, 1, None, 2, 3, 4, 5], book_or_undo)
        kinds = Counter(type(outcome).__name__ for outcome in outcomes)
        assert set(kinds) <= {"Appointment", "SlotUnavailable", "Together"}
        assert kinds["Together"] == 1
        assert overlaps() == 0
        with organization_scope(organization.pk):
            assert Appointment.objects.busy().count() == 6


def test_marking_by_mistake_and_again_leaves_one_marking(visits, actor, clock, organization):
    found = step_together(organization=organization, appointment_ids=ids(visits[:1]), step="no-show", actor=actor)
    clock.move_to(ELEVEN + MINUTE)
    undo(found, actor, organization)
    assert mark_no_show(appointment=visits[0], actor=actor).status == Status.NO_SHOW
