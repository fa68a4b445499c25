"""A message is one line of the patient's timeline: its words for who may read them, how far it got, and when."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from apps.communications.models import Communication
from apps.communications.services.planning import emit_about
from apps.core.actors import SYSTEM
from apps.patients.profile import timeline_of
from tests.fixtures.communications import CommunicationFactory

pytestmark = pytest.mark.django_db
SENT = dt.datetime(2026, 3, 4, 15, 30, tzinfo=dt.UTC)


@pytest.fixture
def message(organization, patient) -> Communication:
    row = CommunicationFactory(
        organization=organization, patient=patient, channel="whatsapp", body="See you <Tuesday>", status="read"
    )
    Communication.objects.filter(pk=row.pk).update(sent_at=SENT, read_at=SENT + dt.timedelta(hours=2))
    for what in ("planned", "sent", "delivered", "read"):
        emit_about(f"communication.{what}", row, actor=SYSTEM)
    return row


def lines(organization, patient, actor):
    found = timeline_of(organization, patient, kind="messages", shown=50, before=None, actor=actor)
    return [entry for day in found.days for entry in day.entries]


def test_its_four_events_are_one_line_with_text_and_state(desk_client, organization, patient, actor, message):
    (line,) = lines(organization, patient, actor)
    assert line.type == "communication.sent"
    assert (line.told.quote, line.told.word, line.told.at) == (
        "See you <Tuesday>",
        "Read",
        SENT + dt.timedelta(hours=2),
    )
    page = desk_client.get(reverse("patients:timeline", args=[patient.pk]), {"kind": "messages"}).content.decode()
    assert page.count('class="te ') == 1
    assert "See you &lt;Tuesday&gt;" in page


def test_who_may_not_read_conversations_sees_the_state_only(organization, patient, message):
    (line,) = lines(organization, patient, None)
    assert (line.told.quote, line.told.word) == ("", "Read")


def test_of_one_that_was_never_sent_the_latest_event_stays(organization, patient, actor):
    row = CommunicationFactory(
        organization=organization, patient=patient, channel="sms", body="", status="blocked", reason="No consent."
    )
    for what in ("planned", "blocked"):
        emit_about(f"communication.{what}", row, actor=SYSTEM)
    (line,) = lines(organization, patient, actor)
    assert (line.type, line.told.quote, line.told.tone) == ("communication.blocked", "No consent.", "warn")


def test_two_messages_are_two_lines_and_one_query_more(
    organization, patient, actor, message, django_assert_num_queries
):
    emit_about("communication.sent", CommunicationFactory(organization=organization, patient=patient), actor=SYSTEM)
    with django_assert_num_queries(3):
        assert len(lines(organization, patient, actor)) == 2
