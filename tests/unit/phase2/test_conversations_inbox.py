"""The inbox: grouping, order, counts, ticks, search, and what all that costs."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone, translation

from apps.communications.models import Status
from apps.conversations.models import Attention, Author, Conversation, Mark, MessageKind, OwnerKind
from apps.conversations.selectors import (
    VIEWS,
    find_threads,
    get_thread,
    inbox,
    thread_lines,
    threads_of_patient,
    threads_of_view,
)
from apps.conversations.services import (
    add_note,
    assign,
    close_conversation,
    hand_over,
    show_outbound,
    snooze,
    take_over,
)
from apps.core.actors import BOT
from apps.core.errors import NotFound
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.conversations import ConversationFactory, MessageFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)


def minutes_ago(minutes: int) -> dt.datetime:
    return NOW - dt.timedelta(minutes=minutes)


@pytest.fixture
def threads(organization, front_desk, manager) -> dict:
    """One thread of each kind."""

    def make(name: str, **fields) -> object:
        return ConversationFactory(organization=organization, display_name=name, **fields)

    mine = {"owner_kind": OwnerKind.PERSON, "owner": front_desk.user}
    theirs = {"owner_kind": OwnerKind.PERSON, "owner": manager.user}
    nobody = {"owner_kind": OwnerKind.NOBODY}
    return {
        "bot": make("bot", last_message_at=minutes_ago(1)),
        "mine": make("mine", **mine, last_message_at=minutes_ago(50)),
        "waiting": make(
            "waiting", **nobody, waiting_since=minutes_ago(40), last_message_at=minutes_ago(2), unread_count=1
        ),
        "longer": make(
            "longer", **nobody, waiting_since=minutes_ago(90), last_message_at=minutes_ago(3), unread_count=2
        ),
        "alarm": make(
            "alarm",
            **nobody,
            waiting_since=minutes_ago(5),
            attention=Attention.EMERGENCY,
            last_message_at=minutes_ago(5),
        ),
        "theirs": make("theirs", **theirs, last_message_at=minutes_ago(10)),
        "closed": make("closed", status="closed", last_message_at=minutes_ago(500)),
        "snoozed": make("snoozed", **mine, status="snoozed", snoozed_until=NOW, last_message_at=minutes_ago(60)),
    }


def names(rows) -> list[str]:
    called = dict(Conversation.objects.values_list("pk", "display_name"))
    return [called[row.id] for row in rows]


def test_threads_are_grouped_by_who_must_act_longest_wait_first(organization, threads, front_desk):
    shown = inbox(organization=organization, user_id=front_desk.user_id)
    assert names(shown.needs_you) == ["alarm", "longer", "waiting", "mine"]
    assert names(shown.others) == ["bot", "theirs"]
    assert (shown.needs_you_count, shown.others_count, shown.is_full) == ("4", "2", False)


def test_a_group_that_is_cut_says_so(organization, threads, front_desk):
    shown = inbox(organization=organization, user_id=front_desk.user_id, limit=3)
    assert (shown.needs_you_count, shown.others_count, shown.is_full) == ("3+", "2", True)


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("mine", ["mine"]),
        ("nobody", ["alarm", "longer", "waiting"]),
        ("unread", ["longer", "waiting"]),
        ("closed", ["closed"]),
        ("snoozed", ["snoozed"]),
    ],
)
def test_views_narrow_the_list(organization, threads, front_desk, view, expected):
    shown = inbox(organization=organization, user_id=front_desk.user_id, view=view)
    assert names(shown.needs_you) + names(shown.others) == expected


def test_counts_of_the_views(organization, threads, front_desk):
    counts = {
        view: threads_of_view(organization=organization, user_id=front_desk.user_id, view=view).count()
        for view in VIEWS
    }
    assert counts == {"open": 6, "mine": 1, "nobody": 3, "unread": 2, "snoozed": 1, "closed": 1}


def test_unverified_contact_is_shown_as_a_number_not_as_a_patient(organization, patient):
    unverified = ConversationFactory(organization=organization, address="+14155550142", display_name="Ana")
    verified = ConversationFactory(organization=organization, patient=patient)
    rows = {row.id: row for row in inbox(organization=organization, user_id=None).others}
    assert (rows[unverified.pk].name, rows[unverified.pk].is_verified) == ("+14155550142", False)
    assert (rows[verified.pk].name, rows[verified.pk].is_verified) == ("Ana López", True)


def test_thread_whose_last_message_did_not_arrive_is_marked(organization, conversation):
    failed = CommunicationFactory(organization=organization, status=Status.UNDELIVERED)
    MessageFactory(organization=organization, conversation=conversation, author=Author.PERSON, communication=failed)
    assert inbox(organization=organization, user_id=None).others[0].last_failed


def test_list_costs_the_same_for_two_and_for_twenty_threads(
    organization, patient, django_assert_max_num_queries, front_desk
):
    for _ in range(20):
        made = ConversationFactory(organization=organization, patient=patient, last_message_at=NOW)
        MessageFactory(organization=organization, conversation=made)
    with django_assert_max_num_queries(2):
        shown = inbox(organization=organization, user_id=front_desk.user_id)
    assert len(shown.others) == 20


def test_thread_costs_one_query_for_any_number_of_lines(organization, conversation, actor, django_assert_num_queries):
    for _ in range(10):
        sent = CommunicationFactory(organization=organization)
        MessageFactory(organization=organization, conversation=conversation, communication=sent)
    with django_assert_num_queries(1):
        assert len(thread_lines(conversation=conversation)) == 10


def test_lines_are_paged_from_the_newest_back(organization, conversation):
    for number in range(1, 8):
        MessageFactory(organization=organization, conversation=conversation, sequence=number, body=str(number))
    newest = thread_lines(conversation=conversation, limit=3)
    older = thread_lines(conversation=conversation, limit=3, before=newest[0].sequence)
    assert ([line.text for line in older], [line.text for line in newest]) == (["2", "3", "4"], ["5", "6", "7"])


@pytest.mark.parametrize(
    ("status", "label", "at"),
    [
        (Status.QUEUED, "Queued", "updated_at"),
        (Status.SENT, "Sent", "sent_at"),
        (Status.DELIVERED, "Delivered", "delivered_at"),
        (Status.READ, "Read", "read_at"),
        (Status.FAILED, "Not sent", "failed_at"),
    ],
)
def test_outbound_line_carries_its_tick(organization, conversation, status, label, at):
    sent = CommunicationFactory(
        organization=organization,
        status=status,
        sent_at=minutes_ago(9),
        delivered_at=minutes_ago(8),
        read_at=minutes_ago(7),
        failed_at=minutes_ago(6),
        reason="The phone is switched off." if status == Status.FAILED else "",
    )
    MessageFactory(organization=organization, conversation=conversation, author=Author.BOT, communication=sent)
    line = thread_lines(conversation=conversation)[0]
    assert (line.is_outbound, line.status, line.status_label, line.status_at) == (
        True,
        status,
        label,
        getattr(sent, at),
    )
    assert line.error == sent.reason


def test_marks_say_what_happened_in_the_readers_words(organization, conversation, actor, manager, noon):
    take_over(conversation=conversation, actor=actor)
    assign(conversation=conversation, to=manager.user, actor=actor)
    snooze(conversation=conversation, until=timezone.now() + dt.timedelta(hours=2), actor=actor)
    hand_over(conversation=conversation, attention=Attention.UNCLEAR, summary="", actor=BOT)
    close_conversation(conversation=conversation, actor=actor)
    lines = [line for line in thread_lines(conversation=conversation) if line.kind == MessageKind.MARK]
    told = " / ".join(line.text for line in lines)
    assert f"{actor.label} took over; the bot is silent" in told
    assert f"{actor.label} assigned it to {manager.user}" in told
    assert "snoozed it until" in told
    assert "Bot handed over to the front desk: The bot did not understand" in told
    assert f"{actor.label} closed it" in told


@pytest.mark.parametrize("mark", [*Mark.values, "identified:address", "identified:new", "snoozed:garbage", "unknown"])
def test_every_mark_reads_as_a_sentence(organization, conversation, mark):
    MessageFactory(
        organization=organization, conversation=conversation, kind=MessageKind.MARK, author=Author.SYSTEM, body=mark
    )
    for language in ("en", "es", "hi"):
        with translation.override(language):
            assert thread_lines(conversation=conversation)[0].text


@pytest.mark.parametrize(
    "text", ["rodilla", "RODILLA", "me duele", "646555", "+1 (646) 555-01", "Łucja", "lópez ana", "ana lop"]
)
def test_search_finds_by_words_number_profile_name_and_patient(organization, patient, text):
    wanted = ConversationFactory(
        organization=organization, address="+16465550101", display_name="Łucja", patient=patient
    )
    MessageFactory(organization=organization, conversation=wanted, body="Me duele la rodilla desde ayer")
    ConversationFactory(organization=organization, address="+442071234567", display_name="Other")
    assert find_threads(organization=organization, text=text) == [wanted.pk]


@pytest.mark.parametrize("text", ["", "  ", "'", "%", "_", "a:*|b", "\\", "1 & 2 |", "ünïcödé " * 50])
def test_search_survives_any_text(organization, conversation, text):
    assert isinstance(find_threads(organization=organization, text=text), list)


def test_search_stays_inside_the_organization(organization, other_organization):
    foreign = ConversationFactory(organization=other_organization, display_name="Secret", address="+16465550199")
    MessageFactory(organization=other_organization, conversation=foreign, body="rodilla")
    assert find_threads(organization=organization, text="rodilla") == []
    assert find_threads(organization=organization, text="secret") == []
    assert find_threads(organization=organization, text="5550199") == []


def test_thread_of_another_organization_is_not_found(organization, other_organization):
    foreign = ConversationFactory(organization=other_organization)
    with pytest.raises(NotFound):
        get_thread(organization=organization, conversation_id=foreign.pk)


def test_reminder_shows_in_the_open_thread_once(organization, conversation):
    reminder = CommunicationFactory(
        organization=organization, to_address=conversation.address, status=Status.SENT, sent_at=NOW
    )
    assert show_outbound(communication=reminder) is not None
    assert show_outbound(communication=reminder) is None
    line = thread_lines(conversation=conversation)[0]
    assert (line.author, line.text, line.status) == (Author.SYSTEM, "We expect you tomorrow.", Status.SENT)
    conversation.refresh_from_db()
    assert (conversation.unread_count, conversation.waiting_since) == (0, None)


def test_reminder_without_a_thread_opens_none(organization):
    assert show_outbound(communication=CommunicationFactory(organization=organization, status=Status.SENT)) is None


def test_threads_of_a_patient(organization, patient, actor):
    mine = ConversationFactory(organization=organization, patient=patient, last_message_at=NOW)
    ConversationFactory(organization=organization)
    add_note(conversation=mine, body="Seen.", actor=actor)
    assert [row.id for row in threads_of_patient(organization=organization, patient_id=patient.pk)] == [mine.pk]
