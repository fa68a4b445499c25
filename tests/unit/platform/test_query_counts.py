"""Pages ask the database the same number of questions whatever the number of rows."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.conversations import ConversationFactory, MessageFactory
from tests.fixtures.patients import PatientFactory
from tests.fixtures.shared import MONDAY

PAGES = ["/", "/calendar/", "/calendar/?view=week", "/inbox/", "/patients/"]


def questions(client, path: str) -> int:
    """Return the number of queries of a page, the savepoints of the test's own transaction left out."""
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(path).status_code == 200
    return sum("SAVEPOINT" not in query["sql"] for query in caught.captured_queries)


@pytest.fixture(autouse=True)
def ten_on_monday():
    """Ten o'clock local time: some visits are behind, some ahead."""
    with time_machine.travel(MONDAY + dt.timedelta(hours=1), tick=False):
        yield


def add_rows(bookable, *, first: int, number: int) -> None:
    """Add half-hourly visits from eight o'clock on, the `first`-th on, each with a thread."""
    eight = MONDAY - dt.timedelta(hours=1)
    for index in range(first, first + number):
        patient = PatientFactory(organization=bookable.organization)
        AppointmentFactory(
            organization=bookable.organization,
            patient=patient,
            practitioner=bookable.practitioner,
            location=bookable.location,
            appointment_type=bookable.appointment_type,
            start=eight + dt.timedelta(minutes=30 * index),
        )
        thread = ConversationFactory(
            organization=bookable.organization, patient=patient, last_message_at=eight, waiting_since=eight
        )
        MessageFactory(organization=bookable.organization, conversation=thread, sequence=1)


@pytest.mark.parametrize("path", PAGES)
def test_more_rows_ask_no_more_questions(desk_client, bookable, path):
    add_rows(bookable, first=0, number=6)
    desk_client.get(path)  # what is asked once per process
    few = questions(desk_client, path)
    add_rows(bookable, first=6, number=18)
    assert questions(desk_client, path) == few
