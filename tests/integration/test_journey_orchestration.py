"""A patient's journey through the real apps: first message, booking, reminder, visit, follow-up.

Only doors are used: Twilio's webhook, the desk's services, the clock. Worker and beat are `drain(advance_due)`.
"""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest
from django.utils import timezone

from apps.appointments.models import Appointment
from apps.appointments.services import (
    arrive_appointment,
    book_appointment,
    cancel_appointment,
    complete_appointment,
    mark_no_show,
    reschedule_appointment,
    start_appointment,
    undo_status,
)
from apps.communications.models import Category, Communication
from apps.communications.models import Status as Delivery
from apps.conversations.services import close_conversation
from apps.core.actors import SYSTEM
from apps.events.models import Delivery as HandlerDuty
from apps.events.models import Event
from apps.events.selectors import patient_timeline
from apps.journeys.defaults import install_defaults as install_journeys
from apps.journeys.models import Instance, InstanceStatus, StageStatus
from apps.journeys.services import advance_due, cancel_instance, pause_instance, resume_instance
from apps.notifications.defaults import install_defaults as install_messages
from apps.patients.models import Patient
from tests.fixtures.background import drain
from tests.fixtures.communications import ChannelAccountFactory
from tests.fixtures.phone import Phone

pytestmark = pytest.mark.django_db

TO_A_BOOKING = (
    "I need to see a doctor",
    "Sam Taylor",
    "14 March 1990",
    "my knee hurts",
    "the second one",
    "yes please",
)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def clinic(noon, bookable: SimpleNamespace) -> SimpleNamespace:
    """A clinic as it is installed, Monday noon: rules, texts and the journey of a new patient."""
    install_messages(organization=bookable.organization)
    install_journeys(organization=bookable.organization)
    ChannelAccountFactory(organization=bookable.organization, channel="email", address="desk@demo.clinic")
    return bookable


@pytest.fixture
def booked(clinic: SimpleNamespace, phone: Phone) -> Appointment:
    """A patient who wrote on WhatsApp and has a visit on Tuesday at nine."""
    for text in TO_A_BOOKING:
        phone.write(text)
    return Appointment.objects.get(status="booked")


def work() -> None:
    """Let worker and beat do everything that is due now."""
    drain(advance_due)
    assert not HandlerDuty.objects.exclude(status="done").exists()


def run() -> Instance:
    return Instance.objects.select_related("current_stage", "patient").get()


def stage() -> str:
    work()
    found = run()
    return found.current_stage.key if found.is_open and found.current_stage else found.status


def visit_now(appointment: Appointment, clock) -> None:
    """Let the desk take the patient through the visit at its time."""
    clock.move_to(appointment.start)
    for step in (arrive_appointment, start_appointment, complete_appointment):
        step(appointment=appointment, actor=SYSTEM)


def follow_ups() -> list[Communication]:
    return list(Communication.objects.filter(category=Category.FOLLOW_UP).order_by("planned_at"))


def test_from_the_first_message_to_the_follow_up(clinic, noon, phone, organization):
    phone.write("I need to see a doctor")
    assert stage() == "contacted"
    assert (run().patient, run().conversation_id) == (None, phone.thread().pk)

    for text in TO_A_BOOKING[1:]:
        phone.write(text)
    visit = Appointment.objects.get(status="booked")
    # The day-before reminder of a visit on the next morning goes out at once or in the morning, never at night.
    assert stage() in {"booked", "reminded"}
    assert (run().appointment_id, run().patient.full_name) == (visit.pk, "Sam Taylor")

    noon.move_to(visit.start - dt.timedelta(minutes=30))
    assert stage() == "reminded"
    assert Communication.objects.filter(category=Category.REMINDER, status=Delivery.SENT).exists()

    visit_now(visit, noon)
    assert stage() == "visited"
    assert [message.status for message in follow_ups()] == [Delivery.SCHEDULED]

    noon.shift(3 * HOUR + dt.timedelta(minutes=2))
    assert stage() == "follow-up"
    sent = follow_ups()[0]
    assert (sent.status, sent.to_address, sent.context_id) == (Delivery.SENT, phone.number, run().pk)
    assert sent.body in phone.received()

    noon.shift(dt.timedelta(days=3, minutes=1))
    assert stage() == "completed"
    assert set(StageStatus.objects.values_list("state", flat=True)) == {"completed"}


def test_every_step_is_one_event_and_a_sentence_in_the_timeline(booked, noon, organization):
    noon.move_to(booked.start - HOUR)
    work()
    visit_now(booked, noon)
    work()
    noon.shift(4 * HOUR)
    work()
    noon.shift(dt.timedelta(days=4))
    work()
    types = list(
        Event.objects.filter(type__startswith="journey.", subject_id=run().pk)
        .order_by("id")
        .values_list("type", flat=True)
    )
    assert types == ["journey.started", "journey.linked", *["journey.advanced"] * 4, "journey.completed"]
    sentences = [
        entry.text
        for entry in patient_timeline(organization=organization, patient_id=Patient.objects.get().pk, kind="journeys")
    ]
    assert sentences == [
        "New patient visit completed",
        "New patient visit: Visited → Follow-up",
        "New patient visit: Reminded → Visited",
        "New patient visit: Booked → Reminded",
        "New patient visit: Contacted → Booked",
    ]


def test_a_cancelled_visit_goes_back_to_contacted_and_its_reminders_go(booked, noon):
    work()
    cancel_appointment(appointment=booked, reason="patient", actor=SYSTEM)
    assert stage() == "contacted"
    assert run().appointment_id is None
    sent = Communication.objects.filter(category=Category.REMINDER, status=Delivery.SENT).count()
    noon.move_to(booked.start + 26 * HOUR)
    assert stage() == "contacted"
    assert run().is_overdue(timezone.now())
    assert Communication.objects.filter(category=Category.REMINDER, status=Delivery.SENT).count() == sent


def test_booked_again_after_a_cancellation_goes_on(booked, clinic, noon):
    work()
    cancel_appointment(appointment=booked, reason="practitioner", actor=SYSTEM)
    work()
    again = book_appointment(
        organization=clinic.organization,
        patient=booked.patient,
        appointment_type=clinic.appointment_type,
        practitioner=clinic.practitioner,
        location=clinic.location,
        start=booked.start + dt.timedelta(days=2),
        source="staff",
        actor=SYSTEM,
    )
    assert stage() == "booked"
    assert run().appointment_id == again.pk


def test_a_moved_visit_is_reminded_of_its_new_time(booked, noon):
    noon.move_to(booked.start - HOUR)
    assert stage() == "reminded"
    moved = reschedule_appointment(appointment=booked, start=booked.start + dt.timedelta(days=3), actor=SYSTEM)
    assert stage() == "booked"
    noon.move_to(moved.start - 23 * HOUR)
    assert stage() == "reminded"


def test_a_visit_in_half_an_hour_passes_over_the_reminder(clinic, noon, phone):
    for text in (*TO_A_BOOKING[:4], "the first one", "yes please"):
        phone.write(text)
    assert stage() == "booked"
    visit_now(Appointment.objects.get(status="booked"), noon)
    assert stage() == "visited"
    passed = StageStatus.objects.get(stage__key="reminded")
    assert (passed.state, passed.note) == ("skipped", "Visit done came first")


def test_no_show_and_its_undo(booked, noon):
    noon.move_to(booked.start + HOUR)
    work()
    mark_no_show(appointment=booked, actor=SYSTEM)
    assert stage() == "contacted"
    assert follow_ups() == []
    undo_status(appointment=booked, actor=SYSTEM)
    assert stage() in {"booked", "reminded"}
    assert run().appointment_id == booked.pk


def test_a_visit_marked_done_too_early_thanks_nobody(booked, noon):
    work()
    visit_now(booked, noon)
    assert stage() == "visited"
    undo_status(appointment=booked, actor=SYSTEM)
    assert stage() == "reminded"
    noon.shift(4 * HOUR)
    work()
    assert Delivery.SENT not in [message.status for message in follow_ups()]


def test_a_cancelled_run_sends_nothing_more(booked, noon, actor):
    work()
    visit_now(booked, noon)
    work()
    cancel_instance(instance=run(), reason="Moved away", actor=actor)
    noon.shift(4 * HOUR)
    assert stage() == InstanceStatus.CANCELLED
    assert [message.status for message in follow_ups()] == [Delivery.CANCELLED]


def test_a_paused_run_catches_up_with_what_it_missed(booked, noon, actor):
    work()
    pause_instance(instance=run(), actor=actor)
    visit_now(booked, noon)
    assert stage() in {"booked", "reminded"}
    resume_instance(instance=run(), actor=actor)
    assert stage() == "visited"


def test_a_thread_closed_without_a_booking_ends_the_run(clinic, phone, actor):
    phone.write("hello")
    work()
    close_conversation(conversation=phone.thread(), actor=SYSTEM)
    assert stage() == InstanceStatus.CANCELLED
    phone.write("I need to see a doctor after all")
    work()
    assert sorted(Instance.objects.values_list("status", flat=True)) == ["active", "cancelled"]
