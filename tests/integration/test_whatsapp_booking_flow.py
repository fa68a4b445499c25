"""The main job, end to end in one process: a patient writes on WhatsApp and has an appointment.

Webhook → conversation → identity → reason → slots → hold → booking → confirmation, invite and reminders in the ledger →
journey. Nothing is called directly but Twilio's door; worker and beat are `drain()`.
"""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest
from django.utils import timezone

from apps.appointments.models import Appointment, Status
from apps.appointments.services import book_appointment, expire_holds
from apps.communications.models import Category, Communication
from apps.communications.models import Status as Delivery
from apps.conversations.models import Attention, Author, Conversation, FlowState, Message, OwnerKind
from apps.conversations.services import hand_back, send_reply, take_over
from apps.core.actors import SYSTEM
from apps.events.models import Event
from apps.events.selectors import patient_timeline
from apps.journeys.defaults import install_defaults as install_journeys
from apps.journeys.models import Instance
from apps.notifications.defaults import install_defaults as install_messages
from apps.patients.models import Patient
from tests.fixtures.background import drain
from tests.fixtures.communications import ChannelAccountFactory
from tests.fixtures.phone import Phone

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

NINE_ON_TUESDAY = dt.datetime(2026, 11, 24, 14, 0, tzinfo=dt.UTC)
TO_SLOTS = ("I need to see a doctor", "Sam Taylor", "14 March 1990", "my knee hurts")


@pytest.fixture
def clinic(bookable: SimpleNamespace) -> SimpleNamespace:
    """A clinic as it is installed: rules, texts and the journey of a new patient."""
    install_messages(organization=bookable.organization)
    install_journeys(organization=bookable.organization)
    ChannelAccountFactory(organization=bookable.organization, channel="email", address="desk@demo.clinic")
    return bookable


def go(phone: Phone, *texts: str) -> str:
    """Write several messages, wait for each answer, and return the last one."""
    return [phone.write(text) for text in texts][-1]


def the_visit() -> Appointment:
    return Appointment.objects.get(status=Status.BOOKED)


def stage() -> str:
    return Instance.objects.get().current_stage.key


DIALOGUES = [
    pytest.param(
        "en",
        ["I need to see a doctor", "Sam Taylor", "14 March 1990", "my knee hurts", "the second one", "yes please"],
        [
            "Hello!",
            "date of birth",
            "reason for the visit",
            "1. Monday, November 23 at 1:30 PM",
            "Shall I book it?",
            "Your visit is booked: Tuesday, November 24 at 9:00 AM",
        ],
        id="English",
    ),
    pytest.param(
        "es",
        [
            "hola, necesito una cita con el médico",
            "Juan Pérez García",
            "14 de marzo de 1990",
            "me duele la rodilla",
            "la segunda",
            "sí, por favor",
        ],
        [
            "¡Hola!",
            "fecha de nacimiento",
            "motivo de la cita",
            "1. lunes 23 de noviembre, 1:30 PM",
            "¿La reservo?",
            "Su cita está reservada: martes 24 de noviembre, 9:00 AM",
        ],
        id="Spanish",
    ),
    pytest.param(
        "hi",
        ["मुझे डॉक्टर को दिखाना है", "अनिल शर्मा", "14 मार्च 1990", "घुटने में दर्द", "दूसरा वाला", "हाँ"],
        [
            "नमस्ते",
            "जन्म तिथि",
            "आने का कारण",
            "1. सोमवार, 23 नवंबर, दोपहर 1:30",
            "बुक कर दूँ",
            "बुक हो गया: मंगलवार, 24 नवंबर, सुबह 9:00",
        ],
        id="Hindi",
    ),
]


@pytest.mark.parametrize(("language", "says", "hears"), DIALOGUES)
def test_patient_books_by_whatsapp_in_their_own_language(clinic, phone, language, says, hears):
    for text, expected in zip(says, hears, strict=True):
        assert expected in phone.write(text)
    visit = the_visit()
    assert visit.start == NINE_ON_TUESDAY
    assert visit.patient.language == language
    confirmation = Communication.objects.get(category=Category.CONFIRMATION, channel="whatsapp")
    assert (confirmation.status, confirmation.language, confirmation.context_id) == (Delivery.SENT, language, visit.pk)
    assert confirmation.body in phone.received()
    assert Patient.objects.count() == Appointment.objects.count() == Conversation.objects.count() == 1


def test_booking_leaves_confirmation_and_reminders_in_the_ledger_and_moves_the_journey(clinic, phone, noon):
    phone.write("I need to see a doctor")
    assert stage() == "contacted"
    go(phone, "Sam Taylor", "14 March 1990", "my knee hurts", "2", "yes")
    visit = the_visit()
    about = Communication.objects.about("appointments.Appointment", visit.pk).filter(channel="whatsapp")
    planned = dict(about.values_list("template_key", "status"))
    assert planned["appointment-booked"] == Delivery.SENT
    assert planned["appointment-reminder-soon"] == Delivery.SCHEDULED
    instance = Instance.objects.get()
    assert (instance.current_stage.key, instance.patient, instance.appointment_id) == (
        "booked",
        visit.patient,
        visit.pk,
    )


def test_thread_shows_what_was_said_and_what_else_was_sent(clinic, phone):
    go(phone, *TO_SLOTS, "2", "yes")
    lines = list(Message.objects.filter(kind="text").order_by("sequence").values_list("author", flat=True))
    assert lines[:2] == [Author.CONTACT, Author.BOT]
    assert lines[-1] == Author.SYSTEM
    told = {
        entry.type for entry in patient_timeline(organization=clinic.organization, patient_id=the_visit().patient_id)
    }
    assert {"conversation.patient_identified", "appointment.booked", "patient.created"} <= told


def test_reminder_goes_out_by_itself_and_yes_confirms_the_visit(clinic, phone, noon):
    go(phone, *TO_SLOTS, "friday at 10", "yes")
    visit = the_visit()
    noon.move_to(visit.start - dt.timedelta(hours=23, minutes=50))
    drain(expire_holds)
    assert "reminder of your visit" in phone.new_text()
    assert stage() == "reminded"
    assert "is confirmed" in phone.write("YES")
    visit.refresh_from_db()
    assert (visit.confirmed_by, visit.is_confirmed) == ("whatsapp", True)


def test_repeated_webhooks_have_one_effect(clinic, phone, twilio):
    for text in (*TO_SLOTS, "2", "yes"):
        fields = {"sid": f"SM{abs(hash(text)):032x}"[:34]}
        for _ in range(3):
            phone.post(text, **fields)
        drain()
    assert Message.objects.filter(author=Author.CONTACT).count() == 6
    assert Appointment.objects.filter(status=Status.BOOKED).count() == 1
    assert Communication.objects.filter(category=Category.CONFIRMATION, channel="whatsapp").count() == 1


def test_quick_messages_open_one_conversation_and_are_answered_in_order(clinic, phone):
    for text in ("hi", "I need to see a doctor", "as soon as possible"):
        phone.post(text)
    drain()
    assert Conversation.objects.count() == 1
    said = Message.objects.filter(author=Author.CONTACT).order_by("sequence").values_list("body", flat=True)
    assert list(said) == ["hi", "I need to see a doctor", "as soon as possible"]


def test_time_taken_in_the_meantime_is_replaced_by_another(clinic, phone, patient):
    go(phone, *TO_SLOTS)
    book_appointment(
        organization=clinic.organization,
        patient=patient,
        appointment_type=clinic.appointment_type,
        practitioner=clinic.practitioner,
        location=clinic.location,
        start=NINE_ON_TUESDAY,
        actor=SYSTEM,
    )
    answer = phone.write("2")
    assert "taken a moment ago" in answer
    assert "November 24 at 9:00 AM" not in answer
    assert "Your visit is booked" in go(phone, "1", "yes")
    assert Appointment.objects.filter(status=Status.BOOKED).count() == 2


def test_change_of_mind_moves_the_visit_and_its_reminders(clinic, phone):
    go(phone, *TO_SLOTS, "2", "yes")
    assert "Your visit is moved" in go(phone, "can I move it to friday after 3?", "1", "yes")
    visit = the_visit()
    assert (visit.start, visit.version) == (dt.datetime(2026, 11, 27, 20, 0, tzinfo=dt.UTC), 2)
    reminders = Communication.objects.filter(category=Category.REMINDER, context_id=visit.pk, channel="whatsapp")
    assert set(reminders.filter(context_version=1).values_list("status", flat=True)) == {Delivery.CANCELLED}
    assert Delivery.SCHEDULED in set(reminders.filter(context_version=2).values_list("status", flat=True))
    assert any("new time" in text for text in phone.received())


def test_cancelled_visit_frees_its_time_and_stops_its_reminders(clinic, phone):
    go(phone, *TO_SLOTS, "2", "yes")
    assert "is cancelled" in go(phone, "I have to cancel my appointment", "yes")
    assert not Appointment.objects.filter(status=Status.BOOKED).exists()
    assert not Communication.objects.filter(category=Category.REMINDER, status=Delivery.SCHEDULED).exists()
    assert stage() == "contacted"


def test_person_takes_over_and_hands_back(clinic, phone, actor):
    assert "colleague" in go(phone, "I need to see a doctor", "I want to talk to a person")
    thread = phone.thread()
    assert (thread.owner_kind, thread.attention) == (OwnerKind.NOBODY, Attention.ASKED)
    take_over(conversation=thread, actor=actor)
    send_reply(conversation=thread, body="Hello, Beatriz here. How can I help?", actor=actor)
    drain()
    assert phone.new_text() == "Hello, Beatriz here. How can I help?"
    assert phone.write("Can I come tomorrow?") == ""
    hand_back(conversation=thread, actor=actor)
    assert "full name" in phone.write("I need an appointment")


def test_stop_ends_every_message_and_start_brings_them_back(clinic, phone, noon):
    go(phone, *TO_SLOTS, "friday at 10", "yes")
    assert "no more messages" in phone.write("STOP")
    noon.move_to(the_visit().start - dt.timedelta(hours=23, minutes=50))
    drain()
    assert phone.new_text() == ""
    assert not Communication.objects.filter(
        category=Category.REMINDER, channel="whatsapp", status=Delivery.SENT
    ).exists()
    assert "again" in phone.write("START")


def test_emergency_is_answered_at_once_and_calls_a_person(clinic, phone):
    answer = go(phone, *TO_SLOTS[:3], "I have a crushing chest pain")
    assert "911" in answer
    thread = phone.thread()
    assert (thread.attention, thread.owner_kind, thread.state) == (
        Attention.EMERGENCY,
        OwnerKind.NOBODY,
        FlowState.HANDED_OVER,
    )
    assert Communication.objects.filter(category=Category.EMERGENCY, status=Delivery.SENT).count() == 1
    assert Event.objects.filter(type="conversation.handed_over", payload__attention="emergency").exists()


def test_status_callbacks_become_ticks_in_the_thread(clinic, phone, twilio):
    phone.write("I need to see a doctor")
    answer = Communication.objects.get(category=Category.REPLY)
    for status in ("read", "sent", "delivered"):
        twilio.form("/webhooks/twilio/status/", _callback(answer, status), query=f"communication={answer.pk}")
    drain()
    answer.refresh_from_db()
    assert answer.status == Delivery.READ
    assert answer.message.conversation == phone.thread()


def _callback(sent: Communication, status: str) -> dict[str, str]:
    return {
        "MessageSid": sent.provider_id,
        "MessageStatus": status,
        "From": "whatsapp:+15550100000",
        "To": f"whatsapp:{sent.to_address}",
    }


def test_known_patient_needs_three_messages(clinic, known_phone, patient):
    answer = known_phone.write("Hi, I have had a fever since yesterday. Could I come tomorrow morning?")
    assert "1. Tuesday, November 24 at 9:00 AM" in answer
    assert "Ana" not in answer
    assert "Your visit is booked" in go(known_phone, "1", "yes")
    assert the_visit().patient == patient
    assert timezone.now() < the_visit().start


def test_sms_works_as_whatsapp_does(clinic, organization, twilio):
    texter = Phone(organization, twilio, number="+16465550133", channel="sms")
    assert "Your visit is booked" in go(texter, *TO_SLOTS, "2", "yes")
    assert (
        Communication.objects.filter(category=Category.REPLY).values_list("channel", flat=True).distinct().get()
        == "sms"
    )
