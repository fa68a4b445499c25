"""`/api/v1/conversations/`."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.audit.models import AccessRecord
from apps.communications.models import Communication
from apps.communications.services import note_inbound
from apps.conversations.models import Message
from apps.conversations.services import take_over
from apps.organizations.permissions import Permission
from apps.organizations.services import actor_for_membership
from tests.fixtures.conversations import ConversationFactory, MessageFactory
from tests.fixtures.journeys import TemplateFactory
from tests.fixtures.shared import api_client_for

URL = "/api/v1/conversations/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def thread(organization, whatsapp_account, patient):
    """A verified patient's thread, the 24-hour window open."""
    made = ConversationFactory(
        organization=organization, address="+14155550142", patient=patient, last_message_at=timezone.now()
    )
    note_inbound(organization=organization, channel="whatsapp", address=made.address, at=timezone.now())
    return made


def place(thread, *parts: str) -> str:
    return f"{URL}{thread.pk}/" + "".join(f"{part}/" for part in parts)


def test_list_shows_threads_newest_first_and_notes_who_looked(api_client, organization, thread, patient):
    newer = ConversationFactory(organization=organization)
    body = api_client.get(URL).json()
    assert [row["id"] for row in body["results"]] == [str(newer.pk), str(thread.pk)]
    assert AccessRecord.objects.get().patient_id == patient.pk


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=closed", 1),
        ("status=open", 2),
        ("owner_kind=nobody", 1),
        ("attention=any", 1),
        ("attention=asked", 1),
        ("attention=emergency", 0),
        ("channel=sms", 0),
    ],
)
def test_list_is_filtered(api_client, organization, thread, query, expected):
    ConversationFactory(organization=organization, status="closed")
    ConversationFactory(organization=organization, owner_kind="nobody", attention="asked")
    assert len(api_client.get(f"{URL}?{query}").json()["results"]) == expected


def test_list_by_patient_and_by_owner(api_client, organization, thread, patient, manager):
    take_over(conversation=ConversationFactory(organization=organization), actor=actor_for_membership(manager))
    assert [row["id"] for row in api_client.get(f"{URL}?patient={patient.pk}").json()["results"]] == [str(thread.pk)]
    owned = api_client.get(f"{URL}?owner={manager.user_id}").json()["results"]
    assert [row["owner"] for row in owned] == [{"id": str(manager.user_id), "name": str(manager.user)}]


@pytest.mark.parametrize("query", ["status=lost", "attention=maybe", "owner=me", "patient=1"])
def test_wrong_filters_are_named(api_client, query):
    answer = api_client.get(f"{URL}?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == query.split("=")[0]


def test_search_finds_what_was_said(api_client, organization, thread):
    MessageFactory(organization=organization, conversation=thread, body="Me duele la rodilla")
    ConversationFactory(organization=organization)
    assert [row["id"] for row in api_client.get(f"{URL}?search=rodilla").json()["results"]] == [str(thread.pk)]
    assert api_client.get(f"{URL}?search=rodilla&status=closed").json()["results"] == []


def test_one_thread_with_its_version(api_client, thread):
    answer = api_client.get(place(thread))
    assert answer.json()["address"] == "+14155550142"
    assert answer["ETag"] == '"1"'


def test_messages_are_paged_newest_first(api_client, organization, thread):
    for number in range(1, 6):
        MessageFactory(organization=organization, conversation=thread, sequence=number, body=str(number))
    first = api_client.get(f"{place(thread, 'messages')}?limit=3").json()
    second = api_client.get(first["next"]).json()
    assert [row["text"] for row in first["results"] + second["results"]] == ["5", "4", "3", "2", "1"]
    assert second["next"] is None


@pytest.mark.parametrize("query", ["limit=x", "limit=-1", "before=²", "before=99999999999"])
def test_wrong_page_is_named(api_client, thread, query):
    assert api_client.get(f"{place(thread, 'messages')}?{query}").status_code == 422


def test_reply_is_planned_and_shown(api_client, thread):
    answer = api_client.post(place(thread, "messages"), {"body": "Come at nine."})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["text"], body["author"], body["status"], body["is_outbound"]) == (
        "Come at nine.",
        "person",
        "queued",
        True,
    )
    assert str(Communication.objects.get().pk) == body["communication"]


def test_reply_sent_twice_with_one_idempotency_key_goes_out_once(api_client, thread):
    for _ in range(2):
        api_client.post(place(thread, "messages"), {"body": "Come at nine."}, headers={"Idempotency-Key": "k1"})
    assert Communication.objects.count() == 1


def test_note_stays_inside(api_client, thread):
    body = api_client.post(place(thread, "messages"), {"body": "Call first.", "kind": "note"}).json()
    assert (body["kind"], body["communication"]) == ("note", None)
    assert not Communication.objects.exists()


def test_refused_reply_says_why_and_what_is_possible(api_client, organization, thread):
    late = ConversationFactory(organization=organization, address="+14155550143")
    answer = api_client.post(place(late, "messages"), {"body": "Hello"})
    body = answer.json()
    assert (answer.status_code, body["code"], body["reason"]) == (409, "not_allowed_now", "window_closed")
    assert body["instead"] == ["template", "sms"]
    assert not Message.objects.exists()


def test_template_is_sent_while_free_words_may_not_be(api_client, organization, thread, patient):
    TemplateFactory(organization=organization, key="welcome", body="Hello {{ patient.first_name }}", content_sid="HX1")
    late = ConversationFactory(organization=organization, address="+14155550143", patient=patient)
    answer = api_client.post(place(late, "messages"), {"template": "welcome"})
    assert (answer.status_code, answer.json()["text"]) == (201, "Hello Ana")
    assert api_client.post(place(late, "messages"), {"template": "nothing"}).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"template": "welcome", "body": "both"},
        {"template": "welcome", "kind": "note"},
        {},
        {"body": ""},
        {"body": "  "},
        {"body": "x", "kind": "mark"},
        {"body": "x", "via": "email"},
        {"body": ["x"]},
        {"body": "x" * 5000},
    ],
)
def test_reply_that_can_not_be_is_refused(api_client, thread, body):
    assert api_client.post(place(thread, "messages"), body).status_code == 422


def test_decisions_by_api(api_client, thread, front_desk, manager):
    taken = api_client.post(place(thread, "take-over"), {}).json()
    assert (taken["owner_kind"], taken["owner"]["id"]) == ("person", str(manager.user_id))
    given = api_client.post(place(thread, "assign"), {"user": str(front_desk.user_id)}).json()
    assert given["owner"]["id"] == str(front_desk.user_id)
    assert api_client.post(place(thread, "assign"), {"user": None}).json()["owner_kind"] == "nobody"
    until = (timezone.now() + dt.timedelta(hours=1)).isoformat()
    assert api_client.post(place(thread, "snooze"), {"until": until}).json()["status"] == "snoozed"
    assert api_client.post(place(thread, "hand-back"), {}).json()["owner_kind"] == "bot"
    closed = api_client.post(place(thread, "close"), {})
    assert (closed.json()["status"], closed["ETag"]) == ("closed", f'"{closed.json()["version"]}"')
    assert api_client.post(place(thread, "take-over"), {}).status_code == 409


@pytest.mark.parametrize("way", ["body", "header"])
def test_stale_decision_is_refused_with_what_differs(api_client, thread, actor, way):
    take_over(conversation=thread, actor=actor)
    data, headers = ({"version": 1}, {}) if way == "body" else ({}, {"If-Match": '"1"'})
    answer = api_client.post(place(thread, "close"), data, headers=headers)
    body = answer.json()
    assert (answer.status_code, body["code"], body["current"]) == (409, "stale", 2)
    assert body["conflicts"] == [{"field": "status", "current": "open", "yours": "closed"}]


def test_person_of_another_organization_can_not_be_assigned(api_client, thread, foreign_front_desk):
    for user in (foreign_front_desk.user_id, uuid.uuid4()):
        assert api_client.post(place(thread, "assign"), {"user": str(user)}).status_code == 422


def test_snooze_needs_a_time_with_its_offset(api_client, thread):
    for until in ("tomorrow", "2026-11-24T10:00:00", None):
        assert api_client.post(place(thread, "snooze"), {"until": until}).status_code == 422


def test_thread_of_another_organization_is_not_found(foreign_api_client, thread):
    assert foreign_api_client.get(place(thread)).status_code == 404
    assert foreign_api_client.get(place(thread, "messages")).status_code == 404
    assert foreign_api_client.post(place(thread, "messages"), {"body": "Hi"}).status_code == 404
    assert foreign_api_client.get(URL).json()["results"] == []
    assert not Message.objects.exists()


def test_reader_may_look_but_not_answer(auditor, thread):
    reader = api_client_for(auditor)
    assert reader.get(place(thread)).status_code == 200
    for parts in (("messages",), ("take-over",), ("assign",), ("hand-back",), ("snooze",), ("close",)):
        assert reader.post(place(thread, *parts), {"body": "Hi"}).status_code == 403


def test_narrow_key_may_only_what_its_scopes_say(front_desk, thread):
    key = api_client_for(front_desk, scopes=(Permission.CONVERSATIONS_VIEW,))
    assert key.get(place(thread)).status_code == 200
    assert key.post(place(thread, "messages"), {"body": "Hi"}).status_code == 403


def test_list_costs_the_same_for_any_number_of_threads(api_client, organization, patient):
    def queries_for(count: int) -> int:
        for _ in range(count):
            ConversationFactory(organization=organization, patient=patient)
        with CaptureQueriesContext(connection) as captured:
            assert api_client.get(URL).status_code == 200
        return len(captured)

    queries_for(1)
    assert queries_for(1) == queries_for(15)
