"""From the stored request to its effect: once, in order, retried, dead in the open, replayed."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from celery import current_app
from django.utils import timezone

from apps.communications.models import Communication, Status
from apps.conversations.models import Author, Conversation, Message
from apps.core.errors import InvalidTransition, NotAllowed
from apps.organizations.services import actor_for_membership
from apps.webhooks import processing
from apps.webhooks.models import InboundEvent, InboundStatus
from apps.webhooks.processing import MAX_ATTEMPTS, process_inbound
from apps.webhooks.selectors import door_state
from apps.webhooks.services import replay_inbound
from apps.webhooks.tasks import process
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.shared import client_for
from tests.fixtures.twilio import message_fields, next_sid

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def work() -> int:
    """Process until nothing is due; return how many were taken."""
    taken = 0
    while done := process_inbound():
        taken += done
    return taken


def failing(monkeypatch: pytest.MonkeyPatch, *texts: str) -> None:
    """Let the processing of these texts fail."""
    original = processing.receive_message

    def receive(**fields):
        if fields["body"] in texts:
            raise ZeroDivisionError
        return original(**fields)

    monkeypatch.setattr(processing, "receive_message", receive)


def test_message_is_routed_to_its_conversation_with_all_that_it_carries(twilio, organization, bookable):
    fields = message_fields(
        "Hola, necesito una cita",
        ProfileName="Łucja",
        NumMedia="2",
        MediaUrl0="https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1",
        MediaContentType0="image/jpeg",
        MediaUrl1="https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME2",
        MediaContentType1="application/pdf",
    )
    twilio.message(**(fields | {"body": fields.pop("Body")}))
    assert work() == 1
    message = Message.objects.get(author=Author.CONTACT)
    assert (message.body, message.provider_id) == ("Hola, necesito una cita", fields["MessageSid"])
    assert [(item["sid"], item["content_type"]) for item in message.media] == [
        ("ME1", "image/jpeg"),
        ("ME2", "application/pdf"),
    ]
    thread = message.conversation
    assert (thread.channel, thread.address, thread.clinic_address, thread.display_name, thread.language) == (
        "whatsapp",
        "+16465550101",
        "+15550100000",
        "Łucja",
        "es",
    )


def test_shared_place_and_pressed_button_are_read_as_text(twilio, bookable):
    twilio.message("", Latitude="40.7", Longitude="-74.0", Label="Home", Address="1 Main Street")
    twilio.message("", ButtonText="Yes, confirm")
    work()
    bodies = list(Message.objects.filter(author=Author.CONTACT).order_by("sequence").values_list("body", flat=True))
    assert bodies == ["Home, 1 Main Street\n📍 40.7, -74.0", "Yes, confirm"]


def test_done_request_is_marked_done_and_not_taken_again(twilio, bookable):
    twilio.message()
    assert work() == 1
    event = InboundEvent.objects.get()
    assert (event.status, event.error) == (InboundStatus.DONE, "")
    assert event.processed_at is not None
    assert work() == 0


def test_status_moves_the_message_forward(twilio, organization):
    sent = CommunicationFactory(organization=organization, status=Status.SENT, provider="twilio", provider_id="SM1234")
    for status in ("delivered", "read", "sent"):
        twilio.status("SM1234", status)
    work()
    sent.refresh_from_db()
    assert sent.status == Status.READ


def test_status_with_our_id_finds_a_message_whose_provider_id_is_not_known_yet(twilio, organization):
    sending = CommunicationFactory(organization=organization, status=Status.SENDING, lease_until=timezone.now())
    fields = {
        "MessageSid": next_sid(),
        "MessageStatus": "delivered",
        "From": "whatsapp:+15550100000",
        "To": "whatsapp:+16465550101",
    }
    twilio.form("/webhooks/twilio/status/", fields, query=f"communication={sending.pk}")
    work()
    sending.refresh_from_db()
    assert (sending.status, sending.provider_id) == (Status.DELIVERED, fields["MessageSid"])


def test_status_of_a_message_that_is_not_ours_is_done_without_effect(twilio):
    twilio.status(next_sid(), "delivered")
    twilio.form(
        "/webhooks/twilio/status/",
        {"MessageSid": "SM9", "MessageStatus": "sent", "From": "whatsapp:+15550100000"},
        query="communication=x",
    )
    work()
    assert set(InboundEvent.objects.values_list("status", flat=True)) == {InboundStatus.DONE}


def test_error_of_an_undelivered_message_reaches_the_ledger(twilio, organization):
    sent = CommunicationFactory(organization=organization, status=Status.SENT, provider="twilio", provider_id="SM77")
    twilio.status("SM77", "undelivered", ErrorCode="30005")
    work()
    sent.refresh_from_db()
    assert (sent.status, sent.error_code) == (Status.UNDELIVERED, "30005")
    assert sent.reason


# ── order ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_only_the_oldest_pending_request_of_a_contact_is_taken(twilio, bookable):
    for text in ("one", "two", "three"):
        twilio.message(text)
    twilio.message("other", From="whatsapp:+16465550102")
    assert process_inbound() == 2
    assert process_inbound() == 1
    assert process_inbound() == 1
    said = Message.objects.filter(author=Author.CONTACT, conversation__address="+16465550101").order_by("sequence")
    assert list(said.values_list("body", flat=True)) == ["one", "two", "three"]


def test_request_in_work_holds_back_the_next_one_of_its_contact(twilio, bookable):
    twilio.message("one")
    twilio.message("two")
    first = InboundEvent.objects.order_by("pk").first()
    InboundEvent.objects.filter(pk=first.pk).update(due_at=timezone.now() + dt.timedelta(minutes=2))
    assert process_inbound() == 0


def test_failed_request_is_tried_again_before_the_next_one(twilio, bookable, noon, monkeypatch):
    failing(monkeypatch, "one")
    twilio.message("one")
    twilio.message("two")
    assert work() == 1
    assert not Message.objects.exists()
    monkeypatch.undo()
    noon.shift(dt.timedelta(seconds=3))
    assert work() == 2
    said = Message.objects.filter(author=Author.CONTACT).order_by("sequence").values_list("body", flat=True)
    assert list(said) == ["one", "two"]


def test_killed_workers_request_comes_back_after_its_lease(twilio, bookable, noon):
    twilio.message("one")
    InboundEvent.objects.update(due_at=timezone.now() + processing.LEASE, attempts=1)
    assert work() == 0
    noon.shift(processing.LEASE + dt.timedelta(seconds=1))
    assert work() == 1
    assert Message.objects.filter(author=Author.CONTACT).count() == 1


def test_request_that_never_works_is_dead_in_the_open_and_lets_the_next_one_pass(
    twilio, bookable, noon, monkeypatch, organization
):
    failing(monkeypatch, "poison")
    twilio.message("poison")
    twilio.message("fine")
    for _ in range(MAX_ATTEMPTS):
        work()
        noon.shift(dt.timedelta(minutes=2))
    dead = InboundEvent.objects.get(status=InboundStatus.DEAD)
    assert (dead.payload["Body"], dead.attempts, dead.error) == ("poison", MAX_ATTEMPTS, "ZeroDivisionError")
    work()
    assert Message.objects.filter(author=Author.CONTACT).get().body == "fine"
    assert door_state(organization=organization).dead == 1


def test_one_failing_request_does_not_hold_up_other_contacts(twilio, bookable, monkeypatch):
    failing(monkeypatch, "poison")
    for number in range(5):
        twilio.message("poison" if number == 2 else "fine", From=f"whatsapp:+1646555010{number}")
    work()
    assert Conversation.objects.count() == 4


def test_unknown_source_is_dead_in_the_end_not_lost(organization, noon):
    InboundEvent.objects.create(
        organization=organization, source="fax", provider_id="1", payload={}, due_at=timezone.now()
    )
    for _ in range(MAX_ATTEMPTS):
        work()
        noon.shift(dt.timedelta(minutes=2))
    assert InboundEvent.objects.get().status == InboundStatus.DEAD


# ── replay ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def admin_actor(administrator):
    return actor_for_membership(administrator)


def test_dead_request_is_processed_again_on_replay(twilio, bookable, monkeypatch, admin_actor):
    twilio.message("hello")
    InboundEvent.objects.update(status=InboundStatus.DEAD, attempts=MAX_ATTEMPTS, error="ZeroDivisionError")
    replay_inbound(event=InboundEvent.objects.get(), actor=admin_actor)
    assert work() == 1
    assert Message.objects.filter(author=Author.CONTACT).count() == 1


def test_replay_of_a_done_request_has_no_second_effect(twilio, bookable, admin_actor):
    twilio.message("hello")
    work()
    replay_inbound(event=InboundEvent.objects.get(), actor=admin_actor)
    assert work() == 1
    assert Message.objects.filter(author=Author.CONTACT).count() == 1
    assert Communication.objects.count() == 1


@pytest.mark.parametrize("status", [InboundStatus.PENDING, InboundStatus.REJECTED])
def test_what_waits_or_was_malformed_is_not_replayed(twilio, admin_actor, status):
    twilio.message()
    InboundEvent.objects.update(status=status)
    with pytest.raises(InvalidTransition):
        replay_inbound(event=InboundEvent.objects.get(), actor=admin_actor)


def test_replay_needs_an_administrator(twilio, manager_actor):
    twilio.message()
    with pytest.raises(NotAllowed):
        replay_inbound(event=InboundEvent.objects.get(), actor=manager_actor)


def test_administrator_sees_the_log_and_replays_from_it(twilio, bookable, administrator):
    twilio.message("hello")
    InboundEvent.objects.update(status=InboundStatus.DEAD)
    browser = client_for(administrator)
    event = InboundEvent.objects.get()
    assert event.provider_id in browser.get("/admin/webhooks/inboundevent/").content.decode()
    assert browser.get(f"/admin/webhooks/inboundevent/{event.pk}/change/").status_code == 200
    browser.post("/admin/webhooks/inboundevent/", {"action": "replay", "_selected_action": [str(event.pk)]})
    event.refresh_from_db()
    assert event.status == InboundStatus.PENDING


# ── the task ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_task_works_until_nothing_is_due(twilio, bookable):
    for _ in range(3):
        twilio.message()
    process()
    assert set(InboundEvent.objects.values_list("status", flat=True)) == {InboundStatus.DONE}


def test_task_has_its_queue_and_a_place_in_the_beat():
    assert current_app.tasks["webhooks.process_inbound"].queue == "inbound"
    assert "webhooks.process_inbound" in json.dumps(current_app.conf.beat_schedule, default=str)


def test_state_of_the_doors_tells_when_twilio_was_last_here(twilio, organization):
    assert door_state(organization=organization).last_verified_at is None
    twilio.message()
    assert door_state(organization=organization).last_verified_at == InboundEvent.objects.get().created_at
