"""Today with more visits than fit: what is folded says how much it is, opens by address, and survives a refresh."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.appointments.models import Appointment, Status
from apps.portal.today import rail, window
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.conversations import ConversationFactory
from tests.fixtures.patients import PatientFactory
from tests.fixtures.shared import MONDAY

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def twelve_on_monday():
    """Noon on Monday, local time, three hours after the first visit."""
    with time_machine.travel(MONDAY + dt.timedelta(hours=3), tick=False):
        yield


@pytest.fixture
def day(bookable) -> list[Appointment]:
    """Half-hourly visits from nine to five: those before noon are done, the others expected."""
    noon = MONDAY + dt.timedelta(hours=3)
    starts = [MONDAY + dt.timedelta(minutes=30 * index) for index in range(16)]
    return [
        AppointmentFactory(
            organization=bookable.organization,
            patient=PatientFactory(organization=bookable.organization),
            practitioner=bookable.practitioner,
            location=bookable.location,
            appointment_type=bookable.appointment_type,
            start=start,
            status=Status.FULFILLED if start < noon else Status.BOOKED,
        )
        for start in starts
    ]


@pytest.fixture
def short_window(monkeypatch):
    monkeypatch.setattr(window, "AHEAD", 2)
    monkeypatch.setattr(window, "PAGE", 3)


def rows(page: str) -> list[str]:
    """Return the ids of the rows in the order they stand."""
    return re.findall(r'id="row-([0-9a-f-]+)"', page)


def ids(appointments: list[Appointment]) -> list[str]:
    return [str(appointment.pk) for appointment in appointments]


def address(page: str, element: str) -> str:
    """Return what a line that opens something asks for."""
    found = re.search(rf'id="{element}"[^>]*(?:hx-get|data-follow-url)="([^"]+)"', page)
    assert found, element
    return found[1].replace("&amp;", "&")


def test_board_shows_what_is_around_now_and_says_what_is_not_shown(desk_client, day, short_window):
    page = desk_client.get("/").content.decode()
    assert rows(page) == ids(day[5:9])
    assert "5 completed before 11:30" in page
    assert "7 more from 13:30 on" in page


def test_what_is_ahead_opens_page_by_page(desk_client, day, short_window):
    page = desk_client.get("/").content.decode()
    once = desk_client.get(address(page, "later"), headers=HTMX).content.decode()
    assert rows(once) == ids(day[5:12])
    whole = desk_client.get(address(once, "later"), headers=HTMX)
    whole = desk_client.get(address(whole.content.decode(), "later"), headers=HTMX).content.decode()
    assert rows(whole) == ids(day[5:])
    assert 'id="later"' not in whole


def test_what_is_finished_opens_and_closes(desk_client, day, short_window):
    page = desk_client.get("/").content.decode()
    opened = desk_client.get(address(page, "fold"), headers=HTMX).content.decode()
    assert rows(opened) == ids(day[2:9])
    assert "2 completed before 10:00" in opened
    assert rows(desk_client.get(address(opened, "unfold"), headers=HTMX).content.decode()) == ids(day[5:9])


def test_refresh_of_the_board_asks_for_what_was_opened(desk_client, day, short_window):
    page = desk_client.get("/").content.decode()
    opened = desk_client.get(address(page, "later"), headers=HTMX).content.decode()
    opened = desk_client.get(address(opened, "fold"), headers=HTMX).content.decode()
    again = desk_client.get(address(opened, "today-board"), headers=HTMX).content.decode()
    assert rows(again) == rows(opened) == ids(day[2:12])
    assert rows(again) != rows(page)


def test_opened_stretch_survives_the_next_visit_that_is_done(desk_client, day, short_window):
    opened = desk_client.get("/?since=09:00&until=16:30", headers=HTMX).content.decode()
    assert rows(opened) == ids(day)
    Appointment.objects.filter(pk=day[6].pk).update(status=Status.FULFILLED)
    assert rows(desk_client.get(address(opened, "today-board"), headers=HTMX).content.decode()) == ids(day)


@pytest.mark.parametrize("query", ["since=x&until=25:99", "since=&until=%00", "since=12:00:00.5&until=9"])
def test_times_that_can_not_be_read_open_nothing(desk_client, day, short_window, query):
    answer = desk_client.get(f"/?{query}")
    assert answer.status_code == 200
    assert set(ids(day[5:9])) <= set(rows(answer.content.decode()))


def test_done_visits_show_their_latest(desk_client, day, short_window):
    page = desk_client.get("/?status=done", headers=HTMX).content.decode()
    assert rows(page) == ids(day[3:6])
    assert rows(desk_client.get(address(page, "fold"), headers=HTMX).content.decode()) == ids(day[:6])


def test_expected_visits_show_their_first(desk_client, day, short_window):
    page = desk_client.get("/?status=expected", headers=HTMX).content.decode()
    assert rows(page) == ids(day[6:9])
    assert "7 more from 13:30 on" in page


def test_visits_that_nobody_closed_are_named_when_they_are_folded(desk_client, day, monkeypatch):
    monkeypatch.setattr(window, "CROWD", 2)
    monkeypatch.setattr(window, "RECENT", 1)
    monkeypatch.setattr(window, "MOST_OPEN", 1)
    Appointment.objects.filter(pk__in=[a.pk for a in day[:3]]).update(status=Status.BOOKED)
    page = desk_client.get("/", headers=HTMX).content.decode()
    assert rows(page)[0] == str(day[2].pk)
    assert "5 visits before 12:00, 2 of them still open" in page


def test_counts_and_summary_are_of_the_whole_day(desk_client, day, short_window):
    page = desk_client.get("/").content.decode()
    assert "16 booked" in page
    assert "Done <span>6</span>" in page
    assert "9 still to come" in page


def test_practitioners_to_choose_are_those_of_the_day(desk_client, day, bookable, practitioner):
    page = desk_client.get("/?practitioner=" + str(practitioner.pk)).content.decode()
    assert practitioner.short_name in page
    assert len(rows(page)) == 11


def test_printed_day_has_every_visit(desk_client, day, short_window):
    page = desk_client.get("/today/sheet/").content.decode()
    assert page.count("<tr><td>") == 16


def test_side_list_counts_no_further_than_anybody_reads(desk_client, organization, monkeypatch):
    monkeypatch.setattr(rail, "COUNT_CAP", 2)
    for _ in range(3):
        ConversationFactory(organization=organization, waiting_since=MONDAY)
    assert '<span class="n">1+</span>' in desk_client.get("/today/rail/", headers=HTMX).content.decode()


def test_board_and_side_lists_ask_about_reminders_together(desk_client, day):
    with CaptureQueriesContext(connection) as caught:
        desk_client.get("/")
    assert sum("communications_communication" in query["sql"] for query in caught.captured_queries) == 1


def test_side_list_names_who_is_ahead_until_tomorrow_night_and_has_not_confirmed(desk_client, bookable):
    def visit(hours: float, **fields) -> str:
        made = AppointmentFactory(
            organization=bookable.organization,
            patient=PatientFactory(organization=bookable.organization),
            practitioner=bookable.practitioner,
            location=bookable.location,
            appointment_type=bookable.appointment_type,
            start=MONDAY + dt.timedelta(hours=hours),
            **fields,
        )
        return f"unconfirmed-{made.pk}"

    due, tomorrow = visit(4), visit(28)
    confirmed, over, called_off = visit(5, confirmed_at=MONDAY), visit(1), visit(6, status=Status.CANCELLED)
    the_day_after = visit(24 + 24)
    page = desk_client.get("/today/rail/", headers=HTMX).content.decode()
    assert due in page
    assert tomorrow in page
    assert not any(line in page for line in (confirmed, over, called_off, the_day_after))
