"""The desk learns beforehand, and afterwards, that nothing will be sent to somebody; and in the inbox that they left."""

from __future__ import annotations

import datetime as dt
import json

import pytest
import time_machine
from django.urls import reverse

from apps.appointments.models import Appointment
from apps.communications.models import Category, Channel, ContactState
from apps.communications.registry import Context
from apps.communications.services import record_skipped_communication
from apps.core.actors import SYSTEM
from tests.fixtures.conversations import ConversationFactory
from tests.fixtures.notifications import RuleFactory
from tests.fixtures.patients import ConsentFactory, ContactPointFactory
from tests.fixtures.shared import MONDAY

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
WHY = "no consent for WhatsApp, SMS; no e-mail address"


@pytest.fixture(autouse=True)
def monday_morning():
    with time_machine.travel(MONDAY + dt.timedelta(minutes=20), tick=False):
        yield


@pytest.fixture
def rule(organization):
    return RuleFactory(organization=organization, event_type="appointment.booked", also_channels=["email"])


@pytest.fixture
def unreachable(organization, patient, patient_phone, rule):
    patient.contact_points.filter(system="email").delete()
    ConsentFactory(organization=organization, patient=patient, purpose="whatsapp", status="withdrawn")
    ConsentFactory(organization=organization, patient=patient, purpose="sms", status="refused")
    return patient


def hint(client, patient, about: str = "booked") -> str:
    answer = client.get(reverse("appointments:silence", args=[about]), {"patient": str(patient.pk)}, headers=HTMX)
    return " ".join(answer.content.decode().split())


def book(client, bookable, patient, **more: str):
    times = client.get(
        reverse("appointments:times"), {"appointment_type": str(bookable.appointment_type.pk), "day": "2026-11-24"}
    )
    slot = times.context["times"]["days"][0]["slots"][0]["value"]
    form = {"patient": str(patient.pk), "appointment_type": str(bookable.appointment_type.pk), "slot": slot}
    answer = client.post(reverse("appointments:book"), form | more, headers=HTMX | {"HX-Target": "modal"})
    return json.loads(answer.headers["HX-Trigger"])["toast"]


class TestBooking:
    def test_the_tick_asks_whether_the_chosen_patient_can_be_reached(self, desk_client, bookable):
        page = desk_client.get(reverse("appointments:book"), headers=HTMX).content.decode()
        assert (
            f'hx-get="{reverse("appointments:silence", args=["booked"])}" hx-trigger="load, change from:#book-patient"'
            in page
        )

    def test_the_hint_names_every_channel_that_is_closed(self, desk_client, unreachable):
        assert f"Nothing can be sent: {WHY}." in hint(desk_client, unreachable)

    def test_one_open_channel_is_enough(self, desk_client, organization, unreachable):
        ContactPointFactory(organization=organization, patient=unreachable, system="email", value="ana@example.org")
        ConsentFactory(organization=organization, patient=unreachable, purpose="email", status="active")
        assert hint(desk_client, unreachable) == ""

    def test_without_a_patient_there_is_nothing_to_say(self, desk_client, rule):
        assert desk_client.get(reverse("appointments:silence", args=["booked"])).content.decode().strip() == ""

    def test_a_patient_of_another_clinic_tells_nothing(self, desk_client, rule, foreign_patient):
        assert hint(desk_client, foreign_patient) == ""

    def test_the_toast_says_that_nothing_goes_out(self, desk_client, bookable, unreachable):
        said = book(desk_client, bookable, unreachable)
        assert said["text"].endswith(f"Nothing can be sent: {WHY}")
        assert said["tone"] == "warn"

    def test_who_is_not_to_be_told_is_booked_without_a_warning(self, desk_client, bookable, unreachable):
        assert "Nothing" not in book(desk_client, bookable, unreachable, tell="0")["text"]


def test_a_skipped_message_has_its_reason_beside_it(desk_client, organization, appointment, patient):
    record_skipped_communication(
        organization=organization,
        channel=Channel.SMS,
        category=Category.CONFIRMATION,
        dedupe_key="x",
        reason="Skipped: the patient has no phone number.",
        actor=SYSTEM,
        due_at=MONDAY,
        patient=patient,
        context=Context(Appointment._meta.label, appointment.pk, appointment.version),
    )
    page = desk_client.get(reverse("appointments:next-for-patient", args=[patient.pk])).content.decode()
    assert "Skipped: the patient has no phone number." in page


class TestInbox:
    def page(self, client, conversation) -> str:
        return client.get(reverse("conversations:thread", args=[conversation.pk])).content.decode()

    def test_who_withdrew_is_marked_beside_the_thread_and_above_the_reply(
        self, desk_client, organization, patient, patient_phone
    ):
        thread = ConversationFactory(
            organization=organization, patient=patient, channel="sms", address=patient_phone.value
        )
        assert "Opted out of SMS" not in self.page(desk_client, thread)
        ConsentFactory(organization=organization, patient=patient, purpose="sms", status="withdrawn")
        shown = self.page(desk_client, thread)
        assert "Opted out of SMS" in shown.split('id="thread-context"')[1]
        assert "Opted out of SMS: only answers" in shown.split('id="composer"')[1].split("<textarea")[0]

    def test_a_stop_of_nobody_known_is_marked_as_well(self, desk_client, organization):
        thread = ConversationFactory(organization=organization, patient=None, channel="sms", address="+14155550181")
        ContactState.objects.create(
            organization=organization, channel="sms", address=thread.address, opted_out_at=MONDAY
        )
        assert "Opted out of SMS" in self.page(desk_client, thread).split('id="thread-context"')[1]
