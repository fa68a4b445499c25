"""Runs that are moved by what happens elsewhere, in any order."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from apps.appointments.models import Appointment
from apps.conversations.models import Conversation
from apps.core.actors import SYSTEM
from apps.core.tenancy import organization_scope
from apps.events.models import Delivery, Event
from apps.events.services import deliver_due, emit
from apps.journeys import services
from apps.journeys.defaults import install_defaults
from apps.journeys.models import Definition, Instance, StageStatus
from apps.journeys.services import StageInput
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.conversations import ConversationFactory
from tests.fixtures.journeys import TemplateFactory, make_journey
from tests.fixtures.patients import PatientFactory

pytestmark = pytest.mark.django_db


class Clinic:
    """The other apps' side: rows as they leave them, and the events that they emit."""

    def __init__(self, organization) -> None:
        self.organization = organization

    def opens_thread(self, patient=None, **fields) -> Conversation:
        thread = ConversationFactory(organization=self.organization, patient=patient, **fields)
        self.says("conversation.opened", thread, patient, conversation_id=str(thread.pk), channel="whatsapp")
        return thread

    def identifies(self, thread, patient) -> None:
        Conversation.objects.filter(pk=thread.pk).update(patient=patient)
        self.says("conversation.patient_identified", thread, patient, conversation_id=str(thread.pk))

    def closes(self, thread) -> None:
        Conversation.objects.filter(pk=thread.pk).update(status="closed")
        self.says("conversation.closed", thread, thread.patient, conversation_id=str(thread.pk))

    def books(self, patient, thread=None, **fields) -> Appointment:
        appointment = AppointmentFactory(
            organization=self.organization, patient=patient, held_for=thread.pk if thread else None, **fields
        )
        self.says("appointment.booked", appointment, patient, held_for=str(thread.pk) if thread else None)
        return appointment

    def sets(self, appointment, status, event, **fields) -> None:
        Appointment.objects.filter(pk=appointment.pk).update(status=status, **fields)
        self.says(event, appointment, appointment.patient)

    def fulfils(self, appointment) -> None:
        self.sets(appointment, "fulfilled", "appointment.fulfilled")

    def cancels(self, appointment) -> None:
        self.sets(appointment, "cancelled", "appointment.cancelled")

    def reminds(self, appointment, event="communication.sent", version=None) -> None:
        message = CommunicationFactory(
            organization=self.organization,
            patient=appointment.patient,
            context_type="appointments.Appointment",
            context_id=appointment.pk,
            context_version=version or appointment.version,
        )
        self.says(
            event,
            message,
            appointment.patient,
            channel="whatsapp",
            category="reminder",
            context_type="appointments.Appointment",
            context_id=str(appointment.pk),
        )

    def says(self, event_type, subject, patient, **payload) -> Event:
        return emit(
            event_type, subject=subject, actor=SYSTEM, patient_id=patient.pk if patient else None, payload=payload
        )


def settle() -> None:
    """Deliver every event, as the worker would."""
    while deliver_due():
        pass
    assert not Delivery.objects.filter(attempts__gt=1).exists()


@pytest.fixture
def clinic(organization) -> Clinic:
    return Clinic(organization)


@pytest.fixture
def visit(organization) -> Definition:
    """The default journey."""
    TemplateFactory(organization=organization)
    return install_defaults(organization=organization)


def the_run() -> Instance:
    return Instance.objects.select_related("current_stage", "patient").get()


def stage() -> str:
    settle()
    run = the_run()
    return run.current_stage.key if run.current_stage else run.status


def note_of(key: str) -> str:
    return StageStatus.objects.get(stage__key=key).note


def test_first_message_starts_the_default_journey_under_the_profile_name(visit, clinic):
    thread = clinic.opens_thread(display_name="Maria")
    assert stage() == "contacted"
    assert (the_run().label, the_run().patient, the_run().conversation_id) == ("Maria", None, thread.pk)


def test_thread_without_a_profile_name_shows_its_number(visit, clinic):
    clinic.opens_thread(address="+12125550177")
    settle()
    assert the_run().label == "(212) 555-0177"


def test_number_given_as_the_profile_name_is_shown_as_a_number(visit, clinic):
    clinic.opens_thread(address="+12125550177", display_name="+12125550177")
    settle()
    assert the_run().label == "(212) 555-0177"


def test_delivered_counts_as_sent(visit, clinic, patient):
    thread = clinic.opens_thread(patient)
    appointment = clinic.books(patient, thread)
    settle()
    clinic.reminds(appointment, event="communication.delivered")
    assert stage() == "reminded"


def test_visit_without_a_reminder_passes_over_reminded_with_the_reason(visit, clinic, patient):
    thread = clinic.opens_thread(patient)
    appointment = clinic.books(patient, thread)
    settle()
    clinic.fulfils(appointment)
    assert stage() == "visited"
    assert dict(StageStatus.objects.values_list("stage__key", "state")) == {
        "contacted": "completed", "booked": "completed", "reminded": "skipped", "visited": "active", "follow-up": "pending"
    }  # fmt: skip
    assert note_of("reminded") == "Visit done came first"


def test_events_in_the_opposite_order_end_at_the_same_stage(visit, clinic, patient):
    thread = clinic.opens_thread(patient)
    settle()
    appointment = AppointmentFactory(organization=clinic.organization, patient=patient, held_for=thread.pk)
    clinic.fulfils(appointment)
    assert stage() == "visited"
    clinic.reminds(appointment)
    clinic.says("appointment.booked", appointment, patient, held_for=str(thread.pk))
    assert stage() == "visited"


def test_booking_delivered_before_the_opening_is_caught_up(visit, clinic, patient):
    thread = ConversationFactory(organization=clinic.organization)
    opened = clinic.says("conversation.opened", thread, None, conversation_id=str(thread.pk))
    Delivery.objects.filter(event=opened).update(due_at=dt.datetime(2999, 1, 1, tzinfo=dt.UTC))
    appointment = clinic.books(patient, thread)
    settle()
    assert not Instance.objects.exists()
    Delivery.objects.filter(event=opened).update(due_at=opened.occurred_at)
    assert stage() == "booked"
    assert (the_run().appointment_id, the_run().patient) == (appointment.pk, patient)


def test_the_same_event_twice_changes_nothing(visit, clinic, patient):
    thread = clinic.opens_thread(patient)
    appointment = clinic.books(patient, thread)
    settle()
    clinic.says("appointment.booked", appointment, patient, held_for=str(thread.pk))
    clinic.says("conversation.opened", thread, patient, conversation_id=str(thread.pk))
    assert stage() == "booked"
    assert Event.objects.filter(type="journey.advanced").count() == 1


def test_cancelled_appointment_brings_the_run_back_to_contacted(visit, clinic, patient):
    thread = clinic.opens_thread(patient)
    appointment = clinic.books(patient, thread)
    clinic.reminds(appointment)
    settle()
    clinic.cancels(appointment)
    assert stage() == "contacted"
    assert (the_run().appointment_id, note_of("contacted")) == (None, "Appointment cancelled")
    assert set(StageStatus.objects.exclude(stage__key="contacted").values_list("state", flat=True)) == {"pending"}
    clinic.books(patient, thread)
    assert stage() == "booked"


def test_no_show_brings_the_run_back_to_contacted_and_undo_forward_again(visit, clinic, patient):
    thread = clinic.opens_thread(patient)
    appointment = clinic.books(patient, thread)
    settle()
    clinic.sets(appointment, "noshow", "appointment.no_show")
    assert stage() == "contacted"
    clinic.sets(appointment, "booked", "appointment.status_undone")
    assert stage() == "booked"
    assert the_run().appointment_id == appointment.pk


def test_rebooked_before_the_cancellation_goes_on_with_the_new_appointment(visit, clinic, patient):
    thread = clinic.opens_thread(patient)
    first = clinic.books(patient, thread)
    settle()
    second = clinic.books(patient, thread, start=first.start + dt.timedelta(days=1))
    settle()
    assert the_run().appointment_id == first.pk
    clinic.cancels(first)
    assert stage() == "booked"
    assert the_run().appointment_id == second.pk


def test_moved_appointment_waits_for_its_new_reminder(visit, clinic, patient):
    thread = clinic.opens_thread(patient)
    appointment = clinic.books(patient, thread)
    clinic.reminds(appointment)
    settle()
    clinic.sets(appointment, "booked", "appointment.rescheduled", version=2)
    assert stage() == "booked"
    clinic.reminds(appointment, event="communication.read", version=1)
    assert stage() == "booked"
    clinic.reminds(appointment, version=2)
    assert stage() == "reminded"


def test_visit_marked_done_too_early_is_undone(visit, clinic, patient):
    thread = clinic.opens_thread(patient)
    appointment = clinic.books(patient, thread)
    clinic.fulfils(appointment)
    assert stage() == "visited"
    clinic.sets(appointment, "in_progress", "appointment.status_undone")
    assert stage() == "reminded"
    clinic.fulfils(appointment)
    assert stage() == "visited"


def test_an_event_that_no_longer_holds_is_ignored(visit, clinic, patient):
    thread = clinic.opens_thread(patient)
    settle()
    appointment = AppointmentFactory(
        organization=clinic.organization, patient=patient, held_for=thread.pk, status="cancelled"
    )
    clinic.says("appointment.booked", appointment, patient, held_for=str(thread.pk))
    assert stage() == "contacted"


def test_closing_the_thread_before_a_booking_ends_the_run_and_reopening_starts_another(visit, clinic):
    thread = clinic.opens_thread()
    settle()
    clinic.closes(thread)
    settle()
    assert (the_run().status, the_run().end_reason) == ("cancelled", "Conversation closed")
    Conversation.objects.filter(pk=thread.pk).update(status="open")
    clinic.says("conversation.reopened", thread, None, conversation_id=str(thread.pk))
    settle()
    assert sorted(Instance.objects.values_list("status", flat=True)) == ["active", "cancelled"]


def test_closing_the_thread_after_the_booking_changes_nothing(visit, clinic, patient):
    thread = clinic.opens_thread(patient)
    clinic.books(patient, thread)
    settle()
    clinic.closes(thread)
    assert stage() == "booked"


def test_writer_identified_after_a_booking_at_the_desk_is_caught_up(visit, clinic, patient):
    thread = clinic.opens_thread()
    settle()
    clinic.books(patient)
    assert stage() == "contacted"
    clinic.identifies(thread, patient)
    assert stage() == "booked"


def test_an_older_appointment_of_the_patient_does_not_move_the_run(visit, clinic, patient):
    old = clinic.books(patient)
    settle()
    clinic.opens_thread(patient)
    settle()
    clinic.fulfils(old)
    assert stage() == "contacted"


def test_another_appointment_of_the_patient_does_not_move_the_run(visit, clinic, patient):
    thread = clinic.opens_thread(patient)
    own = clinic.books(patient, thread)
    settle()
    clinic.fulfils(clinic.books(patient, start=own.start + dt.timedelta(days=2)))
    assert stage() == "booked"


def test_a_patient_who_writes_from_a_second_phone_keeps_one_run(visit, clinic, patient):
    thread = clinic.opens_thread(patient)
    clinic.books(patient, thread)
    settle()
    second = clinic.opens_thread()
    settle()
    assert Instance.objects.open().count() == 2
    clinic.identifies(second, patient)
    settle()
    kept, ended = Instance.objects.open().get(), Instance.objects.get(status="cancelled")
    assert (kept.current_stage.key, kept.conversation_id) == ("booked", second.pk)
    assert ended.end_reason.startswith("Goes on in the run that began")


def test_a_paused_run_catches_up_when_it_is_resumed(visit, clinic, patient, actor):
    thread = clinic.opens_thread(patient)
    appointment = clinic.books(patient, thread)
    settle()
    services.pause_instance(instance=the_run(), actor=actor)
    clinic.fulfils(appointment)
    assert stage() == "booked"
    services.resume_instance(instance=the_run(), actor=actor)
    assert stage() == "visited"


def test_events_of_other_organizations_move_nothing(visit, other_organization, clinic, patient, foreign_patient):
    clinic.opens_thread(patient)
    settle()
    with organization_scope(other_organization.pk):
        Clinic(other_organization).books(foreign_patient)
    assert stage() == "contacted"


def test_the_end_of_one_journey_starts_the_next(organization, clinic, patient, actor):
    first = make_journey(organization, [StageInput(name="Only")])
    make_journey(
        organization,
        [StageInput(name="Next")],
        name="Recall",
        starts_on="journey.completed",
        starts_when={"journey": "care-path"},
    )
    make_journey(
        organization,
        [StageInput(name="Next")],
        name="Never",
        starts_on="journey.completed",
        starts_when={"journey": ["other", "another"]},
    )
    make_journey(organization, [], name="Empty", starts_on="journey.completed")
    make_journey(organization, [StageInput(name="Off")], name="Off", starts_on="journey.completed", is_active=False)
    run = services.start_journey(definition=first, patient=patient, actor=actor)
    services.advance_instance(instance=run, actor=actor)
    settle()
    assert list(Instance.objects.open().values_list("definition__name", flat=True)) == ["Recall"]


def test_stage_waits_for_the_values_it_names(organization, clinic, patient, actor):
    journey = make_journey(
        organization,
        [
            StageInput(
                name="Waiting", advance_on="communication.sent", advance_when={"category": ["reminder", "confirmation"]}
            ),
            StageInput(name="Told"),
        ],
    )
    run = services.start_journey(definition=journey, patient=patient, actor=actor)
    message = CommunicationFactory(organization=organization, patient=patient)
    clinic.says("communication.sent", message, patient, category="notice")
    settle()
    assert Instance.objects.get(pk=run.pk).current_stage.key == "waiting"
    clinic.says("communication.sent", message, patient, category="confirmation")
    settle()
    assert Instance.objects.get(pk=run.pk).current_stage.key == "told"


def test_install_defaults_is_repeatable_and_keeps_what_the_clinic_changed(visit, organization, manager_actor):
    services.update_definition(definition=visit, changes={"name": "Our way", "is_active": False}, actor=manager_actor)
    again = install_defaults(organization=organization)
    assert (again.pk, again.name, again.is_active) == (visit.pk, "Our way", False)


@pytest.mark.django_db(transaction=True)
def test_events_at_once_move_the_run_through_each_stage_once(organization):
    with organization_scope(organization.pk):
        TemplateFactory(organization=organization)
        install_defaults(organization=organization)
        clinic, patient = Clinic(organization), PatientFactory(organization=organization)
        thread = clinic.opens_thread(patient)
    while deliver_due():
        pass
    with organization_scope(organization.pk):
        appointment = clinic.books(patient, thread)
        clinic.reminds(appointment)
        clinic.fulfils(appointment)

    def worker(_n: int) -> None:
        try:
            while deliver_due(limit=1):
                pass
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(worker, range(4)))
    with organization_scope(organization.pk):
        assert not Delivery.objects.exclude(status="done").exists()
        assert the_run().current_stage.key == "visited"
        assert the_run().appointment_id == appointment.pk
        assert PatientFactory._meta.model.objects.count() == 1
