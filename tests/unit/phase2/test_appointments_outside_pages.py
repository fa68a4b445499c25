"""The list of visits to move: one click moves, asks or keeps; nothing else takes a visit off it."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.appointments.models import Appointment
from apps.appointments.outside import Span, find_outside
from apps.appointments.services import cancel_appointment
from apps.audit.models import AccessRecord
from apps.communications.models import Communication
from apps.events.models import Event
from apps.notifications.defaults import install_defaults
from tests.fixtures.appointments import AppointmentFactory, PractitionerTypeFactory
from tests.fixtures.patients import PatientFactory
from tests.fixtures.practitioners import PractitionerFactory, TimeOffFactory, WeeklyHoursFactory
from tests.fixtures.shared import MONDAY
from tests.unit.phase2.test_appointments_settings import HTMX, page, words

FRIDAY = MONDAY - dt.timedelta(days=3)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def friday_before():
    with time_machine.travel(FRIDAY, tick=True):
        yield


@pytest.fixture
def visit(bookable, patient) -> Appointment:
    """Ana López's, Monday 09:00, while the practitioner is away from 09:00 to 13:00."""
    TimeOffFactory(organization=bookable.organization, practitioner=bookable.practitioner)
    return book(bookable, MONDAY, patient=patient)


@pytest.fixture
def colleague(bookable):
    """Dr Mehta, who works Monday mornings and offers the same type."""
    made = PractitionerFactory(organization=bookable.organization, given_name="Rohan", family_name="Mehta")
    PractitionerTypeFactory(
        organization=bookable.organization, practitioner=made, appointment_type=bookable.appointment_type
    )
    WeeklyHoursFactory(organization=bookable.organization, practitioner=made, location=bookable.location)
    return made


def book(bookable, start: dt.datetime, **fields) -> Appointment:
    given = {
        "organization": bookable.organization,
        "practitioner": bookable.practitioner,
        "location": bookable.location,
        "appointment_type": bookable.appointment_type,
    }
    return AppointmentFactory(**(given | {"start": start} | fields))


def target(visit: Appointment, start: dt.datetime, **changes: object) -> dict[str, str]:
    values = {
        "practitioner": visit.practitioner_id,
        "location": visit.location_id,
        "start": start.isoformat(),
        "version": visit.version,
    }
    return {name: str(value) for name, value in (values | changes).items()}


def events_of(answer) -> dict:
    return json.loads(answer["HX-Trigger"])


def to_move(visit: Appointment) -> list[dt.datetime]:
    return [one.start for one in find_outside(Span(visit.organization)) if not one.override_reason]


class TestList:
    def test_it_says_who_when_and_what_is_wrong(self, desk_client, visit, patient):
        text = words(desk_client.get(page("outside")))
        assert "Ana López" in text
        assert "Dr Amara Okonkwo is away until Monday 23 November 13:00." in text
        assert AccessRecord.objects.filter(patient_id=patient.pk, route="appointments:outside").count() == 1

    def test_its_way_back_is_open_to_who_is_there(self, desk_client, manager_client, visit):
        for client in (desk_client, manager_client):
            page = client.get(reverse("appointments:outside")).content.decode()
            back = re.search(r'href="([^"]+)" aria-label="Back"', page)
            assert client.get(back[1]).status_code == 200

    def test_it_narrows_to_a_person(self, desk_client, visit, colleague, bookable):
        other = PatientFactory(organization=bookable.organization, given_name="Tomás", family_name="Vidal")
        book(bookable, MONDAY - HOUR, practitioner=colleague, patient=other)
        whole = words(desk_client.get(page("outside")))
        assert "Ana López" in whole
        assert "Tomás Vidal" in whole
        narrowed = words(desk_client.get(page("outside"), {"practitioner": colleague.pk}, headers=HTMX))
        assert "Ana López" not in narrowed
        assert "Tomás Vidal" in narrowed

    def test_what_was_booked_so_on_purpose_stands_apart(self, desk_client, visit):
        visit.override_reason = "Comes in for her"
        visit.save()
        answer = desk_client.get(page("outside"))
        assert (answer.context["rows"], len(answer.context["kept"])) == ([], 1)
        assert "Comes in for her" in words(answer)

    def test_more_visits_ask_no_more_questions(self, desk_client, visit, bookable):
        def questions() -> int:
            with CaptureQueriesContext(connection) as caught:
                assert desk_client.get(page("outside")).status_code == 200
            return sum("SAVEPOINT" not in query["sql"] for query in caught)

        questions()
        few = questions()
        for minutes in range(30, 200, 30):
            book(bookable, MONDAY + dt.timedelta(minutes=minutes))
        assert questions() == few


class TestMoving:
    def test_the_nearest_times_of_the_same_person_and_of_colleagues_are_offered(self, desk_client, visit, colleague):
        text = words(desk_client.get(page("outside-times", visit.pk), headers=HTMX))
        assert "Dr Amara Okonkwo13:00 Mon 23 Nov13:30 Mon 23 Nov" in text
        assert "Dr Rohan Mehta09:00 Mon 23 Nov09:30 Mon 23 Nov" in text

    def test_nobody_free_is_said(self, desk_client, visit, weekly_hours):
        type(weekly_hours[0]).objects.all().delete()
        assert "Nothing is free around that day." in words(
            desk_client.get(page("outside-times", visit.pk), headers=HTMX)
        )

    def test_one_click_moves_it_and_takes_it_off_the_list(self, manager_client, visit, colleague):
        answer = manager_client.post(
            page("outside-move", visit.pk), target(visit, MONDAY, practitioner=colleague.pk), headers=HTMX
        )
        assert answer.status_code == 204
        assert events_of(answer)["toast"]["text"] == "Ana López moved to Mon 23 Nov, 09:00"
        visit.refresh_from_db()
        assert (visit.practitioner, visit.version, to_move(visit)) == (colleague, 2, [])

    def test_undo_brings_it_back_to_the_list(self, manager_client, visit):
        moved = manager_client.post(page("outside-move", visit.pk), target(visit, MONDAY + DAY), headers=HTMX)
        answer = manager_client.post(events_of(moved)["toast"]["undo_url"], headers=HTMX)
        assert answer.status_code == 204
        visit.refresh_from_db()
        assert (visit.start, visit.override_reason, to_move(visit)) == (MONDAY, "", [MONDAY])

    def test_undo_is_only_offered_to_who_may_book_outside_the_plan(self, desk_client, visit):
        moved = desk_client.post(page("outside-move", visit.pk), target(visit, MONDAY + DAY), headers=HTMX)
        assert events_of(moved)["toast"]["undo_url"] == ""
        assert desk_client.post(page("outside-back", visit.pk), target(visit, MONDAY), headers=HTMX).status_code == 403

    def test_who_has_no_undo_is_asked_before_a_visit_moves(self, desk_client, manager_client, visit):
        question = "Move Ana López to"
        address = reverse("appointments:outside-times", args=[visit.pk])
        assert question in desk_client.get(address).content.decode()
        assert question not in manager_client.get(address).content.decode()

    def test_a_time_that_was_taken_meanwhile_is_refused_with_new_ones(self, desk_client, visit, bookable):
        book(bookable, MONDAY + DAY)
        answer = desk_client.post(page("outside-move", visit.pk), target(visit, MONDAY + DAY), headers=HTMX)
        assert (answer.status_code, answer["HX-Retarget"]) == (409, f"#times-{visit.pk}-1")
        text = words(answer)
        assert "Dr Amara Okonkwo has another appointment from 09:00 to 09:30." in text
        assert "13:00 Mon 23 Nov" in text
        assert to_move(visit) == [MONDAY]

    def test_a_visit_that_somebody_else_moved_is_not_moved_again(self, desk_client, visit):
        stale = target(visit, MONDAY + DAY)
        desk_client.post(page("outside-move", visit.pk), stale, headers=HTMX)
        again = desk_client.post(page("outside-move", visit.pk), target(visit, MONDAY + 2 * DAY), headers=HTMX)
        assert again.status_code == 409
        visit.refresh_from_db()
        assert visit.start == MONDAY + DAY

    @pytest.mark.parametrize("start", ["", "soon", "2026-11-24T09:00:00"])
    def test_a_time_that_cannot_be_read_is_refused(self, desk_client, visit, start):
        data = target(visit, MONDAY) | {"start": start}
        assert desk_client.post(page("outside-move", visit.pk), data, headers=HTMX).status_code == 422

    def test_without_telling_no_message_about_the_move_is_planned(self, desk_client, visit):
        data = target(visit, MONDAY + DAY) | {"quiet": "yes"}
        desk_client.post(page("outside-move", visit.pk), data, headers=HTMX)
        assert Event.objects.get(type="appointment.rescheduled").payload["tell_patient"] is False


class TestAsking:
    @pytest.fixture(autouse=True)
    def texts(self, bookable):
        install_defaults(organization=bookable.organization)

    def test_a_patient_is_asked_once_and_the_list_says_so(self, desk_client, visit, sms_account, consents):
        url = page("outside-ask", visit.pk)
        answer = desk_client.post(url, headers=HTMX)
        assert events_of(answer)["toast"]["text"] == "Ana López is asked to choose another time"
        desk_client.post(url, headers=HTMX)
        assert Communication.objects.count() == 1
        shown = desk_client.get(page("outside"))
        assert "Asked" in words(shown)
        assert url not in shown.content.decode()
        assert to_move(visit) == [MONDAY]

    def test_who_cannot_be_reached_is_said(self, desk_client, visit):
        answer = desk_client.post(page("outside-ask", visit.pk), headers=HTMX)
        assert events_of(answer)["toast"]["tone"] == "warn"
        assert "No consent for WhatsApp" in events_of(answer)["toast"]["text"]
        assert "Can’t be reached" in words(desk_client.get(page("outside")))

    def test_everybody_on_the_list_is_asked_at_once(self, desk_client, visit, bookable, sms_account, consents):
        kept = book(bookable, MONDAY + HOUR, override_reason="On purpose")
        book(bookable, MONDAY + 2 * HOUR, patient=PatientFactory(organization=bookable.organization))
        answer = desk_client.post(page("outside-ask-all"), {"practitioner": bookable.practitioner.pk}, headers=HTMX)
        assert events_of(answer)["toast"]["text"] == "1 patient asked for another time, 1 can’t be reached"
        assert not Communication.objects.filter(context_id=kept.pk).exists()

    def test_a_visit_that_was_called_off_is_not_asked_about(self, desk_client, visit, actor):
        cancel_appointment(appointment=visit, reason="patient", actor=actor)
        assert desk_client.post(page("outside-ask", visit.pk), headers=HTMX).status_code == 409


class TestKeeping:
    def test_a_manager_keeps_it_with_a_reason(self, manager_client, visit):
        url = page("outside-keep", visit.pk)
        assert "Keep the visit of Ana López" in words(manager_client.get(url, headers=HTMX))
        assert manager_client.post(url, {"reason": ""}, headers=HTMX).status_code == 422
        assert manager_client.post(url, {"reason": "Comes in for her"}, headers=HTMX).status_code == 204
        assert to_move(visit) == []
        history = reverse("appointments:detail", args=[visit.pk])
        assert "kept, although the plan does not cover it" in words(manager_client.get(history))

    def test_the_front_desk_may_not(self, desk_client, visit):
        assert desk_client.post(page("outside-keep", visit.pk), {"reason": "x"}, headers=HTMX).status_code == 403
        assert page("outside-keep", visit.pk) not in desk_client.get(page("outside")).content.decode()


def test_visits_of_another_clinic_are_not_found(manager_client, other_organization):
    foreign = AppointmentFactory(organization=other_organization, start=MONDAY)
    for name in ("outside-times", "outside-keep"):
        assert manager_client.get(page(name, foreign.pk)).status_code == 404
    for name in ("outside-move", "outside-back", "outside-ask", "outside-keep"):
        assert manager_client.post(page(name, foreign.pk), {"reason": "x"}).status_code == 404
