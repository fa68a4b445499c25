"""Who has not come is suggested after the time of grace, and only suggested; what a marking sends, and takes back."""

from __future__ import annotations

import datetime as dt
import re
import time

import pytest
import time_machine

from apps.appointments.absences import absent_visits
from apps.appointments.messages import still_holds
from apps.appointments.models import Appointment, AppointmentSettings, Status
from apps.appointments.services import (
    arrive_appointment,
    mark_no_show,
    no_shows,
    undo_status,
    update_appointment_settings,
    write_about_no_show,
)
from apps.appointments.services.changes import load
from apps.communications.models import Communication
from apps.core.actors import SYSTEM
from apps.core.tenancy import organization_scope
from apps.events.services import deliver_due
from apps.notifications.defaults import install_defaults
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.patients import ConsentFactory, PatientFactory
from tests.fixtures.racing import PAUSE_SECONDS, at_once
from tests.fixtures.shared import MONDAY, client_for

MINUTE = dt.timedelta(minutes=1)
HTMX = {"HX-Request": "true"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MONDAY + 19 * MINUTE, tick=False) as traveller:
        yield traveller


def absent(organization, location=None) -> list[Appointment]:
    return list(absent_visits(organization=organization, location=location))


def absent_ids(page: str) -> list[str]:
    return re.findall(r'id="absent-([0-9a-f-]{36})"', page)


class TestSuggestion:
    def test_visit_is_suggested_from_the_twentieth_minute_on(self, organization, appointment, clock):
        assert absent(organization) == []
        clock.move_to(MONDAY + 20 * MINUTE)
        assert absent(organization) == [appointment]

    def test_clinic_decides_after_how_many_minutes(self, organization, appointment, clock):
        AppointmentSettings.objects.create(organization=organization, no_show_after_minutes=45)
        clock.move_to(MONDAY + 44 * MINUTE)
        assert absent(organization) == []
        clock.move_to(MONDAY + 45 * MINUTE)
        assert absent(organization) == [appointment]

    def test_who_arrived_is_not_suggested(self, organization, appointment, actor, clock):
        clock.move_to(MONDAY + 30 * MINUTE)
        arrive_appointment(appointment=appointment, actor=actor)
        assert absent(organization) == []

    def test_yesterday_and_other_places_are_left_out(self, organization, appointment, clock):
        AppointmentFactory(organization=organization, start=MONDAY - dt.timedelta(days=1))
        clock.move_to(MONDAY + 30 * MINUTE)
        assert absent(organization, appointment.location) == [appointment]
        assert absent(organization, LocationFactory(organization=organization)) == []

    def test_nothing_is_marked_by_itself(self, desk_client, appointment, clock):
        clock.move_to(MONDAY + 6 * 60 * MINUTE)
        desk_client.get("/")
        desk_client.get("/today/rail/")
        deliver_due()
        appointment.refresh_from_db()
        assert appointment.status == Status.BOOKED


class TestToday:
    def test_side_list_and_row_appear_as_time_passes(self, desk_client, appointment, clock):
        page = desk_client.get("/").content.decode()
        assert (absent_ids(page), "is-absent" in page) == ([], False)
        clock.move_to(MONDAY + 20 * MINUTE)
        assert absent_ids(desk_client.get("/today/rail/", headers=HTMX).content.decode()) == [str(appointment.pk)]
        board = desk_client.get("/", headers=HTMX).content.decode()
        assert re.search(rf'class="row-a row[^"]* is-absent" id="row-{appointment.pk}"', board)
        assert 'data-group="expected late absent"' in board

    def test_board_and_side_list_ask_again_by_themselves(self, desk_client, appointment):
        page = desk_client.get("/").content.decode()
        for region in ("today-board", "today-rail"):
            assert re.search(rf'id="{region}"[^>]*data-every="30"', page), region

    def test_one_click_marks_all_that_are_listed(self, desk_client, organization, bookable, appointment, clock):
        for number in (1, 2):
            AppointmentFactory(
                organization=organization,
                patient=PatientFactory(organization=organization),
                practitioner=bookable.practitioner,
                location=bookable.location,
                appointment_type=bookable.appointment_type,
                start=MONDAY + number * 30 * MINUTE,
            )
        clock.move_to(MONDAY + 55 * MINUTE)
        page = desk_client.get("/today/rail/", headers=HTMX).content.decode()
        listed = re.search(r'id="today-absent".*?</section>', page, re.DOTALL)[0]
        chosen = re.findall(r'name="visit" value="([^"]+)"', listed)
        assert len(chosen) == 2
        desk_client.post("/appointments/together/no-show/", {"visit": chosen})
        assert Appointment.objects.filter(status=Status.NO_SHOW).count() == 2
        assert absent_ids(desk_client.get("/today/rail/", headers=HTMX).content.decode()) == []

    def test_who_may_not_mark_sees_the_list_without_buttons(self, auditor, appointment, clock):
        clock.move_to(MONDAY + 30 * MINUTE)
        page = client_for(auditor).get("/").content.decode()
        assert absent_ids(page) == [str(appointment.pk)]
        assert "together" not in page
        assert "data-pick " not in page

    def test_arrival_time_shows_while_the_patient_waits_and_is_in_the_room(self, desk_client, appointment, actor):
        Appointment.objects.filter(pk=appointment.pk).update(
            status=Status.IN_PROGRESS, arrived_at=MONDAY - 5 * MINUTE, started_at=MONDAY + MINUTE
        )
        page = desk_client.get("/").content.decode()
        assert "In room 18 min" in page
        assert "Arrived 08:55" in page


class TestMessage:
    @pytest.fixture
    def writes(self, organization, appointment, patient, whatsapp_account, clock):
        """A clinic that writes to who missed a visit, a patient who may be written to, and the time to mark it."""
        install_defaults(organization=organization)
        AppointmentSettings.objects.create(organization=organization, no_show_message=True)
        ConsentFactory(organization=organization, patient=patient, purpose="whatsapp", status="active")
        patient.contact_points.filter(system="phone").update(value="+12125550142")
        clock.move_to(MONDAY + 30 * MINUTE)

    def messages(self) -> list[Communication]:
        return list(Communication.objects.filter(template_key="no-show").order_by("id"))

    def test_message_waits_until_the_marking_can_not_be_undone(self, writes, appointment, actor):
        mark_no_show(appointment=appointment, actor=actor)
        deliver_due()
        (message,) = self.messages()
        assert (message.status, message.due_at, message.channel) == ("scheduled", MONDAY + 40 * MINUTE, "whatsapp")
        assert "we missed you on Monday, November 23 at 9:00 AM" in message.body

    def test_message_waits_for_the_morning_where_the_phone_is(self, writes, appointment, patient, actor):
        patient.contact_points.filter(system="phone").update(value="+14155550142")
        mark_no_show(appointment=appointment, actor=actor)
        deliver_due()
        (message,) = self.messages()
        assert message.due_at == dt.datetime(2026, 11, 23, 16, 0, tzinfo=dt.UTC)  # eight o'clock in San Francisco

    def test_undo_takes_it_back(self, writes, appointment, actor, clock):
        mark_no_show(appointment=appointment, actor=actor)
        deliver_due()
        clock.move_to(MONDAY + 39 * MINUTE)
        undo_status(appointment=appointment, actor=actor)
        (message,) = self.messages()
        assert (message.status, message.reason) == ("cancelled", "The visit is not missed after all.")

    def test_undo_before_the_event_was_handled_plans_nothing(self, writes, appointment, actor):
        mark_no_show(appointment=appointment, actor=actor)
        undo_status(appointment=appointment, actor=actor)
        deliver_due()
        assert self.messages() == []

    def test_what_is_due_although_the_visit_is_not_missed_does_not_go_out(self, appointment):
        message = CommunicationFactory(
            organization=appointment.organization,
            category="follow_up",
            template_key="no-show",
            context_type="appointments.Appointment",
            context_id=appointment.pk,
            context_version=appointment.version,
        )
        assert still_holds(message) == "The visit is not missed after all."
        Appointment.objects.update(status=Status.NO_SHOW)
        assert still_holds(message) is None

    def test_handling_the_event_twice_plans_it_once(self, writes, appointment, actor):
        missed = mark_no_show(appointment=appointment, actor=actor)
        first = write_about_no_show(appointment=missed, actor=SYSTEM)
        assert write_about_no_show(appointment=missed, actor=SYSTEM).pk == first.pk
        deliver_due()
        assert [message.pk for message in self.messages()] == [first.pk]

    def test_marking_again_after_an_undo_writes_once(self, writes, appointment, actor, clock):
        mark_no_show(appointment=appointment, actor=actor)
        deliver_due()
        clock.move_to(MONDAY + 31 * MINUTE)
        undo_status(appointment=appointment, actor=actor)
        mark_no_show(appointment=appointment, actor=actor)
        deliver_due()
        assert [message.status for message in self.messages()] == ["cancelled", "scheduled"]

    def test_clinic_that_did_not_decide_so_writes_nothing(self, organization, writes, appointment, actor):
        AppointmentSettings.objects.update(no_show_message=False)
        mark_no_show(appointment=appointment, actor=actor)
        deliver_due()
        assert self.messages() == []

    def test_patient_without_consent_is_not_written_to_and_the_ledger_says_why(
        self, organization, writes, appointment, actor, patient
    ):
        patient.consents.all().delete()
        mark_no_show(appointment=appointment, actor=actor)
        deliver_due()
        (message,) = self.messages()
        assert message.status != "scheduled"
        assert "No consent" in message.reason

    def test_managers_switch_it_on_in_the_settings(self, organization, manager_client, manager_actor):
        page = manager_client.get("/settings/booking/").content.decode()
        assert 'name="no_show_message"' in page
        update_appointment_settings(organization=organization, changes={"no_show_message": True}, actor=manager_actor)
        assert AppointmentSettings.objects.get().no_show_message is True


@pytest.mark.django_db(transaction=True)
class TestRace:
    """The event is handled while somebody takes the marking back: no message stays planned."""

    @pytest.fixture
    def missed(self, organization, appointment, patient, whatsapp_account, clock) -> Appointment:
        clock.move_to(MONDAY + 30 * MINUTE)
        with organization_scope(organization.pk):
            install_defaults(organization=organization)
            AppointmentSettings.objects.create(organization=organization, no_show_message=True)
            ConsentFactory(organization=organization, patient=patient, purpose="whatsapp", status="active")
            return mark_no_show(appointment=appointment, actor=SYSTEM)

    def still_planned(self, missed: Appointment) -> int:
        organization_id = missed.organization_id

        def work(job: str) -> object:
            with organization_scope(organization_id):
                if job == "write":
                    return write_about_no_show(appointment=missed, actor=SYSTEM)
                return undo_status(appointment=missed, actor=SYSTEM)

        outcomes = at_once(2, ["write", "undo"], work)
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        with organization_scope(organization_id):
            return Communication.objects.open().filter(template_key="no-show").count()

    def test_nothing_stays_planned(self, missed):
        assert self.still_planned(missed) == 0

    def test_control_without_the_lock_it_does(self, missed, monkeypatch):
        def look_and_pause(pk):
            found = load(pk)
            time.sleep(10 * PAUSE_SECONDS)
            return found

        monkeypatch.setattr(no_shows, "lock", look_and_pause)
        assert self.still_planned(missed) == 1
