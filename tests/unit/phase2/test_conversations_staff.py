"""What staff do with a thread: reply, note, take over, hand back, assign, snooze, close, reopen."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from apps.appointments.models import Appointment, Status
from apps.appointments.services import hold_slot
from apps.audit.models import AccessRecord
from apps.communications.models import Category, Communication
from apps.communications.services import note_inbound, opt_out
from apps.conversations.canned import fitting_templates
from apps.conversations.models import (
    Attention,
    Author,
    Conversation,
    ConversationStatus,
    FlowState,
    MessageKind,
    OwnerKind,
)
from apps.conversations.services import (
    add_note,
    assign,
    bot_say,
    close_conversation,
    hand_back,
    hand_over,
    link_patient,
    mark_read,
    reopen,
    send_reply,
    send_template_reply,
    snooze,
    sweep,
    take_over,
    unsnooze,
)
from apps.conversations.tasks import sweep_conversations
from apps.core.actors import BOT, SYSTEM, Actor, ActorKind
from apps.core.errors import Conflict, InvalidInput, InvalidTransition, NotAllowed, NotFound, StaleVersion
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from apps.events.selectors import patient_timeline
from apps.organizations.services import actor_for_membership, issue_api_key
from tests.fixtures.conversations import ConversationFactory
from tests.fixtures.journeys import TemplateFactory
from tests.fixtures.shared import client_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def thread(organization, whatsapp_account, sms_account) -> Conversation:
    """An open thread of the bot with somebody who wrote a moment ago."""
    now = timezone.now()
    made = ConversationFactory(
        organization=organization, address="+16465550101", last_inbound_at=now, last_message_at=now
    )
    note_inbound(organization=organization, channel="whatsapp", address=made.address, at=now)
    return made


def events_of(thread: Conversation) -> list[str]:
    return list(Event.objects.filter(subject_id=thread.pk).order_by("id").values_list("type", flat=True))


# ── replying ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_reply_goes_through_the_ledger_and_into_the_thread(thread, actor):
    message = send_reply(conversation=thread, body="  Come at nine.  ", actor=actor)
    assert (message.author, message.body, message.user_id) == (Author.PERSON, "Come at nine.", actor.id)
    sent = message.communication
    assert (sent.category, sent.channel, sent.to_address, sent.conversation_id) == (
        Category.REPLY,
        "whatsapp",
        thread.address,
        thread.pk,
    )


def test_who_replies_first_owns_the_thread_and_nobody_waits_any_more(thread, actor):
    thread.waiting_since, thread.unread_count, thread.attention = timezone.now(), 3, Attention.ASKED
    thread.owner_kind = OwnerKind.NOBODY
    thread.save()
    send_reply(conversation=thread, body="Hello", actor=actor)
    thread.refresh_from_db()
    assert (thread.owner_kind, thread.owner_id) == (OwnerKind.PERSON, actor.id)
    assert (thread.waiting_since, thread.unread_count, thread.attention) == (None, 0, Attention.NONE)
    assert {"conversation.taken_over", "conversation.message_sent"} <= set(events_of(thread))


def test_reply_into_a_colleagues_thread_leaves_it_theirs(thread, actor, manager):
    take_over(conversation=thread, actor=actor_for_membership(manager))
    send_reply(conversation=thread, body="Hello", actor=actor)
    thread.refresh_from_db()
    assert thread.owner_id == manager.user_id


@pytest.mark.parametrize("body", ["", "   ", "\n", "x" * 1601])
def test_empty_or_too_long_reply_is_refused(thread, actor, body):
    with pytest.raises(InvalidInput) as refusal:
        send_reply(conversation=thread, body=body, actor=actor)
    assert "body" in refusal.value.errors


def test_reply_after_24_hours_is_refused_and_says_what_is_possible(organization, thread, actor):
    late = ConversationFactory(organization=organization, address="+16465550177")
    note_inbound(
        organization=organization, channel="whatsapp", address=late.address, at=timezone.now() - dt.timedelta(hours=25)
    )
    with pytest.raises(Conflict) as refusal:
        send_reply(conversation=late, body="Hello", actor=actor)
    assert refusal.value.code == "not_allowed_now"
    assert refusal.value.extra["reason"] == "window_closed"
    assert refusal.value.extra["instead"] == ["template", "sms"]
    assert "24 hours" in refusal.value.message
    assert not Communication.objects.filter(to_address=late.address).exists()


def test_reply_by_sms_is_possible_while_whatsapp_is_closed(organization, thread, actor):
    late = ConversationFactory(organization=organization, address="+16465550177")
    message = send_reply(conversation=late, body="Hello", actor=actor, via="sms")
    assert message.communication.channel == "sms"
    assert message.conversation_id == late.pk


@pytest.fixture
def late(organization, whatsapp_account, patient) -> Conversation:
    """Ana's thread, days after her last message: WhatsApp takes no free text."""
    return ConversationFactory(organization=organization, address="+14155550142", patient=patient, language="es")


def test_template_goes_out_while_whatsapp_is_closed(organization, late, actor):
    for language, text in (
        ("en", "Hello {{ patient.first_name }}"),
        ("es", "Hola {{ patient.first_name }}, {{ clinic.name }}"),
    ):
        TemplateFactory(
            organization=organization, key="welcome", language=language, body=text, content_sid=f"HX{language}"
        )
    message = send_template_reply(conversation=late, template_key="welcome", actor=actor)
    sent = message.communication
    assert message.body == "Hola Ana, Tidewater Clinic"
    assert (sent.content_sid, sent.template_key, sent.conversation_id) == ("HXes", "welcome", late.pk)
    assert list(sent.content_variables.values()) == ["Ana", "Tidewater Clinic"]
    late.refresh_from_db()
    assert late.owner_id == actor.id


def test_only_templates_that_can_be_filled_and_are_approved_are_offered(organization, late):
    TemplateFactory(organization=organization, key="welcome", content_sid="HX1", body="Hello {{ patient.first_name }}")
    TemplateFactory(organization=organization, key="visit", content_sid="HX2", body="{{ appointment.date }}")
    TemplateFactory(organization=organization, key="draft", body="Hello {{ clinic.name }}")
    assert [one.key for one in fitting_templates(conversation=late)] == ["welcome"]


def test_template_about_the_next_visit_fits_who_has_one(organization, late, appointment, noon):
    noon.move_to(appointment.start - dt.timedelta(days=1))
    TemplateFactory(
        organization=organization,
        key="visit",
        content_sid="HX2",
        body="On {{ appointment.date }} at {{ appointment.time }}",
    )
    assert [one.words.body for one in fitting_templates(conversation=late)] == ["On November 23 at 9:00 AM"]


def test_nobody_is_named_in_a_thread_that_is_not_verified(organization, thread, actor):
    TemplateFactory(organization=organization, key="welcome", content_sid="HX1", body="Hello {{ patient.first_name }}")
    with pytest.raises(NotFound):
        send_template_reply(conversation=thread, template_key="welcome", actor=actor)


def test_reply_by_mail_to_a_phone_is_refused(thread, actor):
    with pytest.raises(InvalidInput):
        send_reply(conversation=thread, body="Hello", actor=actor, via="email")


def test_reply_to_somebody_who_opted_out_is_refused(organization, thread, actor):
    opt_out(organization=organization, channel="whatsapp", address=thread.address, source="STOP keyword", actor=SYSTEM)
    note_inbound(organization=organization, channel="whatsapp", address=thread.address, at=timezone.now())
    Conversation.objects.filter(pk=thread.pk).update(address="+16465550102")
    thread.refresh_from_db()
    opt_out(organization=organization, channel="whatsapp", address=thread.address, source="STOP keyword", actor=SYSTEM)
    with pytest.raises(Conflict) as refusal:
        send_reply(conversation=thread, body="Hello", actor=actor)
    assert refusal.value.extra["reason"] == "opted_out"


def test_note_stays_inside(thread, actor):
    note = add_note(conversation=thread, body="Call her mother first.", actor=actor)
    assert note.kind == MessageKind.NOTE
    assert note.communication is None
    thread.refresh_from_db()
    assert thread.last_message_text == ""
    assert thread.owner_kind == OwnerKind.BOT


# ── who answers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_bot_is_silent_from_the_take_over_on(thread, actor):
    assert bot_say(conversation=thread, body="Hello") is not None
    take_over(conversation=thread, actor=actor)
    assert bot_say(conversation=thread, body="Still there?") is None
    assert Communication.objects.filter(conversation_id=thread.pk).count() == 1


def test_control_without_the_owner_check_the_bot_would_talk_over_a_person(thread, actor, monkeypatch):
    take_over(conversation=thread, actor=actor)
    monkeypatch.setattr(Conversation, "is_with_bot", True)
    assert bot_say(conversation=thread, body="Still there?") is not None


def test_taking_over_twice_changes_nothing(thread, actor):
    first = take_over(conversation=thread, actor=actor)
    again = take_over(conversation=thread, actor=actor)
    assert first.version == again.version
    assert events_of(thread).count("conversation.taken_over") == 1


def test_colleagues_thread_is_not_taken_by_accident(thread, actor, manager_actor):
    owned = take_over(conversation=thread, actor=actor)
    with pytest.raises(Conflict) as refusal:
        take_over(conversation=thread, actor=manager_actor)
    assert refusal.value.code == "owned"
    assert take_over(conversation=thread, actor=manager_actor, version=owned.version).owner_id == manager_actor.id


def test_stale_version_is_refused_with_the_fields_that_differ(thread, actor, manager_actor):
    seen = thread.version
    take_over(conversation=thread, actor=actor)
    with pytest.raises(StaleVersion) as refusal:
        close_conversation(conversation=thread, actor=manager_actor, version=seen)
    assert refusal.value.extra["current"] == seen + 1
    assert refusal.value.extra["conflicts"] == [{"field": "status", "current": "open", "yours": "closed"}]


def test_only_a_person_can_take_over(thread):
    with pytest.raises(NotAllowed):
        take_over(conversation=thread, actor=SYSTEM)


def test_role_without_the_permission_can_not_answer(thread, auditor):
    reader = actor_for_membership(auditor)
    for refused in (
        lambda: send_reply(conversation=thread, body="Hello", actor=reader),
        lambda: take_over(conversation=thread, actor=reader),
        lambda: add_note(conversation=thread, body="Hello", actor=reader),
        lambda: close_conversation(conversation=thread, actor=reader),
    ):
        with pytest.raises(NotAllowed):
            refused()


def test_assigned_thread_belongs_to_the_colleague(thread, actor, manager):
    assigned = assign(conversation=thread, to=manager.user, actor=actor)
    assert (assigned.owner_kind, assigned.owner) == (OwnerKind.PERSON, manager.user)
    assert assign(conversation=thread, to=None, actor=actor).owner_kind == OwnerKind.NOBODY


def test_somebody_who_can_not_answer_is_not_assigned(thread, actor, auditor, foreign_front_desk):
    for membership in (auditor, foreign_front_desk):
        with pytest.raises(InvalidInput):
            assign(conversation=thread, to=membership.user, actor=actor)


def test_handed_back_thread_starts_afresh(thread, actor):
    Conversation.objects.filter(pk=thread.pk).update(context={"reason": "knee"}, state=FlowState.SLOTS)
    take_over(conversation=thread, actor=actor)
    send_reply(conversation=thread, body="One moment, please.", actor=actor)
    back = hand_back(conversation=thread, actor=actor)
    assert (back.owner_kind, back.state, back.context, back.attention) == (
        OwnerKind.BOT,
        FlowState.IDLE,
        {},
        Attention.NONE,
    )


def test_hand_over_calls_for_a_person(thread):
    over = hand_over(conversation=thread, attention=Attention.UNCLEAR, summary="wants a visit", actor=BOT)
    assert (over.owner_kind, over.state, over.attention, over.summary) == (
        OwnerKind.NOBODY,
        FlowState.HANDED_OVER,
        "unclear",
        "wants a visit",
    )
    assert over.unread_count == 1
    assert over.waiting_since == over.last_inbound_at


def test_lesser_reason_does_not_replace_an_emergency(thread):
    hand_over(conversation=thread, attention=Attention.EMERGENCY, summary="chest pain", actor=BOT)
    over = hand_over(conversation=thread, attention=Attention.ASKED, summary="asks for a person", actor=BOT)
    assert (over.attention, over.summary) == (Attention.EMERGENCY, "chest pain")


def test_api_key_acts_as_its_person(thread, front_desk, organization):
    key = issue_api_key(organization=organization, user=front_desk.user, name="desk", actor=SYSTEM).row
    by_key = Actor(kind=ActorKind.API_KEY, id=key.pk, label="desk", permissions=frozenset(front_desk.permissions))
    assert take_over(conversation=thread, actor=by_key).owner == front_desk.user


# ── life of a thread ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_closing_frees_the_held_time_and_settles_the_thread(thread, actor, bookable, noon):
    hold_slot(
        organization=thread.organization,
        appointment_type=bookable.appointment_type,
        practitioner=bookable.practitioner,
        location=bookable.location,
        start=bookable.monday_nine + dt.timedelta(days=1),
        held_for=thread.pk,
        actor=BOT,
    )
    closed = close_conversation(conversation=thread, actor=actor)
    assert (closed.status, closed.unread_count, closed.waiting_since) == (ConversationStatus.CLOSED, 0, None)
    assert not Appointment.objects.filter(status=Status.HELD).exists()


def test_closing_twice_changes_nothing(thread, actor):
    first = close_conversation(conversation=thread, actor=actor)
    assert close_conversation(conversation=thread, actor=actor).version == first.version


def test_closed_thread_takes_no_reply_until_it_is_reopened(thread, actor):
    close_conversation(conversation=thread, actor=actor)
    for refused in (
        lambda: send_reply(conversation=thread, body="Hello", actor=actor),
        lambda: take_over(conversation=thread, actor=actor),
        lambda: snooze(conversation=thread, until=timezone.now() + dt.timedelta(hours=1), actor=actor),
        lambda: hand_over(conversation=thread, attention=Attention.ASKED, summary="", actor=BOT),
    ):
        with pytest.raises(InvalidTransition):
            refused()
    opened = reopen(conversation=thread, actor=actor)
    assert (opened.status, opened.owner_id) == (ConversationStatus.OPEN, actor.id)


def test_reopening_is_refused_while_a_newer_thread_is_open(thread, actor, organization):
    close_conversation(conversation=thread, actor=actor)
    newer = ConversationFactory(organization=organization, address=thread.address)
    with pytest.raises(Conflict) as refusal:
        reopen(conversation=thread, actor=actor)
    assert refusal.value.extra["conversation"] == str(newer.pk)


def test_snoozed_thread_wakes_up_when_its_time_has_come(thread, actor, noon):
    snoozed = snooze(conversation=thread, until=timezone.now() + dt.timedelta(hours=1), actor=actor)
    assert snoozed.status == ConversationStatus.SNOOZED
    assert sweep() == 0
    noon.shift(dt.timedelta(hours=1, seconds=1))
    assert sweep() == 1
    thread.refresh_from_db()
    assert (thread.status, thread.snoozed_until, thread.unread_count) == (ConversationStatus.OPEN, None, 1)


def test_snooze_can_be_undone(thread, actor):
    snooze(conversation=thread, until=timezone.now() + dt.timedelta(hours=1), actor=actor)
    assert unsnooze(conversation=thread, actor=actor).status == ConversationStatus.OPEN


@pytest.mark.parametrize("hours", [-1, 0, 24 * 91])
def test_snooze_into_the_past_or_for_ever_is_refused(thread, actor, hours):
    with pytest.raises(InvalidInput):
        snooze(conversation=thread, until=timezone.now() + dt.timedelta(hours=hours), actor=actor)


def test_thread_left_with_the_bot_for_a_week_is_closed(organization, thread, actor):
    old = timezone.now() - dt.timedelta(days=8)
    left = ConversationFactory(organization=organization, last_message_at=old)
    owned = ConversationFactory(organization=organization, last_message_at=old)
    take_over(conversation=owned, actor=actor)
    sweep()
    left.refresh_from_db()
    owned.refresh_from_db()
    thread.refresh_from_db()
    assert (left.status, owned.status, thread.status) == ("closed", "open", "open")


def test_reading_clears_the_unread_mark_and_makes_nobodys_view_stale(thread, actor):
    Conversation.objects.filter(pk=thread.pk).update(unread_count=4)
    thread.refresh_from_db()
    read = mark_read(conversation=thread, actor=actor)
    assert (read.unread_count, read.version) == (0, thread.version)


def test_staff_say_who_it_is(thread, actor, patient):
    Conversation.objects.filter(pk=thread.pk).update(attention=Attention.IDENTITY)
    linked = link_patient(conversation=thread, patient=patient, actor=actor)
    assert (linked.patient, linked.attention) == (patient, Attention.NONE)
    event = Event.objects.get(type="conversation.patient_identified")
    assert event.patient_id == patient.pk
    assert link_patient(conversation=thread, patient=None, actor=actor).patient is None


def test_patient_of_another_organization_can_not_be_linked(thread, actor, foreign_patient):
    with pytest.raises(InvalidInput):
        link_patient(conversation=thread, patient=foreign_patient, actor=actor)


def test_thread_of_another_organization_is_not_found(other_organization, actor):
    foreign = ConversationFactory(organization=other_organization)
    with pytest.raises(NotFound):
        take_over(conversation=foreign, actor=actor)
    with organization_scope(other_organization.pk):
        assert Conversation.objects.get().owner_kind == OwnerKind.BOT


def test_task_sweeps_until_nothing_is_due(thread, actor, noon):
    snooze(conversation=thread, until=timezone.now() + dt.timedelta(hours=1), actor=actor)
    noon.shift(dt.timedelta(hours=2))
    sweep_conversations()
    thread.refresh_from_db()
    assert thread.status == ConversationStatus.OPEN


def test_every_event_of_a_thread_reads_as_a_sentence_in_the_timeline(thread, patient, actor):
    link_patient(conversation=thread, patient=patient, actor=actor)
    take_over(conversation=thread, actor=actor)
    add_note(conversation=thread, body="Seen.", actor=actor)
    hand_back(conversation=thread, actor=actor)
    hand_over(conversation=thread, attention=Attention.UNCLEAR, summary="", actor=BOT)
    close_conversation(conversation=thread, actor=actor)
    told = [
        entry.text
        for entry in patient_timeline(organization=thread.organization, patient_id=patient.pk, kind="messages")
    ]
    assert told == [
        "Conversation closed",
        "Bot handed the conversation to staff: The bot did not understand",
        "Handed the conversation back to the bot",
        "Internal note written in the conversation",
        "Took over the conversation from the bot",
        "Identified in the conversation by a member of staff",
    ]


def test_administrators_look_at_a_patients_thread_is_recorded(thread, patient, actor, administrator):
    link_patient(conversation=thread, patient=patient, actor=actor)
    browser = client_for(administrator)
    assert browser.get("/admin/conversations/conversation/").status_code == 200
    assert browser.get(f"/admin/conversations/conversation/{thread.pk}/change/").status_code == 200
    assert AccessRecord.objects.filter(patient_id=patient.pk).exists()
