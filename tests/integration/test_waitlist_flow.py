"""A cancellation fills itself, end to end in one process: cancel → offer on WhatsApp → no → next → yes → booked → reminders.

Nothing is called directly but the staff's door and Twilio's; worker and beat are `drain()`.
"""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest

from apps.appointments.models import Appointment, OfferStatus, Source, Status, WaitlistOffer, WaitStatus
from apps.appointments.services import (
    add_to_waitlist,
    book_appointment,
    cancel_appointment,
    expire_holds,
    expire_offers,
)
from apps.communications.models import Category, Communication
from apps.communications.models import Status as Sending
from apps.events.models import Event
from apps.events.selectors import patient_timeline
from apps.journeys.defaults import install_defaults as install_journeys
from apps.journeys.models import Instance
from apps.notifications.defaults import install_defaults as install_messages
from tests.fixtures.background import drain
from tests.fixtures.phone import Phone
from tests.fixtures.waitlist import again, somebody

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

WEDNESDAY_TEN = dt.datetime(2026, 11, 25, 15, 0, tzinfo=dt.UTC)
FIRST, SECOND = "+12125550141", "+12125550142"


@pytest.fixture
def clinic(bookable: SimpleNamespace) -> SimpleNamespace:
    """A clinic as it is installed: rules, texts and the journey of a new patient."""
    install_messages(organization=bookable.organization)
    install_journeys(organization=bookable.organization)
    return bookable


@pytest.fixture
def phones(organization, twilio) -> dict[str, Phone]:
    return {number: Phone(organization, twilio, number=number) for number in (FIRST, SECOND)}


def waits(clinic: SimpleNamespace, actor, number: str, **fields: object):
    return add_to_waitlist(
        organization=clinic.organization,
        patient=somebody(clinic, phone=number, **fields),
        appointment_type=clinic.appointment_type,
        earliest_date=dt.date(2026, 11, 23),
        latest_date=dt.date(2026, 12, 4),
        actor=actor,
    )


def a_visit(clinic: SimpleNamespace, actor) -> Appointment:
    return book_appointment(
        organization=clinic.organization,
        patient=somebody(clinic),
        appointment_type=clinic.appointment_type,
        practitioner=clinic.practitioner,
        location=clinic.location,
        start=WEDNESDAY_TEN,
        actor=actor,
    )


def test_cancelled_time_is_offered_declined_passed_on_taken_and_reminded_of(clinic, phones, actor, noon):
    first = waits(clinic, actor, FIRST)
    noon.shift(60)
    second = waits(clinic, actor, SECOND, language="es")
    visit = a_visit(clinic, actor)
    drain()

    cancel_appointment(appointment=visit, reason="patient", actor=actor)
    drain()
    assert phones[FIRST].new_text() == ""  # nobody is told before a slip could be undone
    noon.shift(21)
    drain()
    question = phones[FIRST].new_text()
    assert "Wednesday, November 25 at 10:00 AM with Dr Amara Okonkwo, Harbour Street" in question
    assert "Reply YES" in question

    assert "You stay on the waiting list" in phones[FIRST].write("no")
    noon.shift(21)
    drain()
    assert "Ha quedado libre una hora" in phones[SECOND].new_text()
    assert phones[FIRST].new_text() == ""

    assert "Su cita está reservada: miércoles 25 de noviembre" in phones[SECOND].write("SÍ")
    booked = Appointment.objects.get(status=Status.BOOKED)
    assert (booked.patient_id, booked.start, booked.source) == (second.patient_id, WEDNESDAY_TEN, Source.WAITLIST)
    assert [again(one).status for one in (first, second)] == [WaitStatus.WAITING, WaitStatus.BOOKED]

    planned = Communication.objects.about("appointments.Appointment", booked.pk).filter(channel="whatsapp")
    assert dict(planned.values_list("template_key", "status")) == {
        "appointment-booked": Sending.SENT,
        "appointment-reminder": Sending.SCHEDULED,
        "appointment-reminder-soon": Sending.SCHEDULED,
    }
    assert {row.language for row in planned} == {"es"}
    noon.move_to(WEDNESDAY_TEN - dt.timedelta(hours=23, minutes=50))
    drain(expire_holds, expire_offers)
    assert "Le recordamos su cita" in phones[SECOND].new_text()
    phones[SECOND].write("sí")
    assert again(booked).confirmed_by == "whatsapp"


def test_journey_follows_the_visit_that_the_waitlist_booked(clinic, phones, actor, noon):
    waits(clinic, actor, FIRST)
    phones[FIRST].write("I need to see a doctor")
    cancel_appointment(appointment=a_visit(clinic, actor), reason="patient", actor=actor)
    drain()
    noon.shift(21)
    drain()
    phones[FIRST].write("yes")
    drain()
    booked = Appointment.objects.get(status=Status.BOOKED)
    assert Instance.objects.filter(appointment_id=booked.pk, current_stage__key="booked").exists()


def test_silence_passes_the_time_on_and_a_late_yes_books_nothing(clinic, phones, actor, noon):
    first = waits(clinic, actor, FIRST)
    noon.shift(60)
    second = waits(clinic, actor, SECOND)
    cancel_appointment(appointment=a_visit(clinic, actor), reason="patient", actor=actor)
    for _step in range(2):
        drain()
        noon.shift(21)
    drain()
    assert "a time got free" in phones[FIRST].new_text()
    noon.shift(31 * 60)
    drain(expire_holds, expire_offers)
    noon.shift(21)
    drain()
    assert "a time got free" in phones[SECOND].new_text()
    assert "could not keep that time" in phones[FIRST].write("YES")
    assert "Your visit is booked" in phones[SECOND].write("YES")
    assert Appointment.objects.get(status=Status.BOOKED).patient_id == second.patient_id
    assert again(first).status == WaitStatus.WAITING
    assert set(WaitlistOffer.objects.values_list("status", flat=True)) == {OfferStatus.EXPIRED, OfferStatus.ACCEPTED}


def test_whole_way_can_be_read_in_the_patients_history(clinic, phones, actor, noon):
    entry = waits(clinic, actor, FIRST)
    cancel_appointment(appointment=a_visit(clinic, actor), reason="patient", actor=actor)
    drain()
    noon.shift(21)
    drain()
    phones[FIRST].write("yes")
    told = patient_timeline(organization=clinic.organization, patient_id=entry.patient_id)
    assert [line.type for line in reversed(told) if line.type.startswith("waitlist.")] == [
        "waitlist.added",
        "waitlist.offered",
        "waitlist.accepted",
    ]
    assert Event.objects.get(type="waitlist.accepted").actor_kind == "patient"


def test_question_is_one_message_whoever_delivers_the_event_how_often(clinic, phones, actor, noon):
    waits(clinic, actor, FIRST)
    cancel_appointment(appointment=a_visit(clinic, actor), reason="patient", actor=actor)
    for _round in range(3):
        drain()
        noon.shift(21)
    asked = Communication.objects.filter(template_key="waitlist-offer")
    assert (asked.count(), asked.get().category) == (1, Category.NOTICE)
