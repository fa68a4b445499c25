"""The page of reports, its files and its API: what they show, refuse, and to whom."""

from __future__ import annotations

import csv
import datetime as dt
import re
from html import unescape

import pytest
import time_machine

from apps.appointments.models import Appointment, CancelReason, Status
from apps.appointments.reports.sheets import Unit
from apps.appointments.views.reports import figure_in_words
from apps.audit.models import AccessRecord
from apps.organizations.permissions import PERMISSIONS_OF, Permission, Role
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.organizations import LocationFactory, MembershipFactory
from tests.fixtures.shared import MONDAY, api_client_for, client_for

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
WEEK = {"first": "2026-11-23", "last": "2026-11-29"}
HTMX = {"HTTP_HX_REQUEST": "true"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_week_later():
    with time_machine.travel(MONDAY + 10 * DAY, tick=False):
        yield


@pytest.fixture
def book(bookable):
    """Three visits that took place, one missed, one cancelled an hour before, all on Monday and booked on Friday."""
    for hour, status in enumerate([Status.FULFILLED] * 3 + [Status.NO_SHOW, Status.CANCELLED]):
        late = {"cancelled_at": MONDAY + (hour - 1) * HOUR, "cancel_reason": CancelReason.CLINIC}
        AppointmentFactory(
            organization=bookable.organization,
            practitioner=bookable.practitioner,
            location=bookable.location,
            appointment_type=bookable.appointment_type,
            start=MONDAY + hour * HOUR,
            status=status,
            **(late if status == Status.CANCELLED else {}),
        )
    Appointment.objects.update(created_at=MONDAY - 3 * DAY)
    return bookable


def words(response) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def lines(response) -> list[list[str]]:
    return list(csv.reader(response.getvalue().decode().splitlines()))


class TestPage:
    def test_each_section_leads_with_its_figure_and_the_cases_behind_it(self, book, manager_client):
        text = words(manager_client.get("/reports/", WEEK))
        assert "23 – 29 Nov 2026 · All locations" in text
        assert "4% 1.5 h of 35.0 h available were booked" in text
        assert "25% 1 of 4 visits were missed" in text
        assert "20% 1 of 5 visits were cancelled 1 of 1 less than 24 hours before." in text
        assert "Clinic closed 1" in text
        assert "Not recorded 1" in text

    def test_chart_is_of_the_table_beside_it(self, book, manager_client):
        html = manager_client.get("/reports/", WEEK).content.decode()
        for key in ("utilisation", "no-shows", "lead-times", "cancellations"):
            assert f'data-chart="over-{key}"' in html
            assert f'<table class="tbl" id="over-{key}">' in html
        assert 'data-value="0.25">25%<' in html

    def test_an_empty_book_says_what_the_page_is_for(self, organization, manager_client):
        text = words(manager_client.get("/reports/"))
        assert "No hours in these days" in text
        assert text.count("No visits in these days") == 3
        assert "data-chart" not in manager_client.get("/reports/").content.decode()

    @pytest.mark.parametrize(
        ("period", "days"),
        [
            ("", "5 Nov – 2 Dec 2026"),
            ("weeks", "5 Nov – 2 Dec 2026"),
            ("months", "3 Sep – 2 Dec 2026"),
            ("month", "1 – 3 Dec 2026"),
        ],
    )
    def test_presets_are_counted_from_today(self, book, manager_client, period, days):
        AppointmentFactory(
            organization=book.organization,
            practitioner=book.practitioner,
            location=book.location,
            appointment_type=book.appointment_type,
            start=MONDAY - 365 * DAY,
        )
        text = words(manager_client.get("/reports/", {"period": period}))
        assert f"Reports {days} ·" in text.split("Print")[0]
        assert "from the first visit" not in text

    def test_presets_begin_no_earlier_than_the_first_visit_in_the_book(self, book, manager_client):
        text = words(manager_client.get("/reports/", {"period": "months"}))
        assert "Reports 23 Nov – 2 Dec 2026 ·" in text.split("Print")[0]
        assert "from the first visit in the book" in text

    def test_own_dates_begin_with_the_days_that_are_shown(self, book, manager_client):
        html = unescape(manager_client.get("/reports/", {"period": "month", "by": "type"}).content.decode())
        assert 'href="/reports/?by=type&period=own&first=2026-12-01&last=2026-12-03"' in html

    def test_own_dates_alone_are_the_last_4_weeks_from_the_first_visit_on(self, book, manager_client):
        html = manager_client.get("/reports/", {"period": "own"}).content.decode()
        assert 'name="first" value="2026-11-23"' in html
        assert 'name="last" value="2026-12-02"' in html

    def test_links_keep_days_grouping_and_place(self, book, manager_client):
        query = WEEK | {"by": "type", "location": str(book.location.pk)}
        html = unescape(manager_client.get("/reports/", query).content.decode())
        link = re.search(r'href="/reports/no-shows\.csv\?([^"]+)"', html)[1]
        assert dict(part.split("=") for part in link.split("&")) == query
        assert lines(manager_client.get(f"/reports/no-shows.csv?{link}"))[2][:2] == ["type", "Consultation"]

    def test_place_chosen_in_the_bar_counts_until_the_address_names_one(self, book, manager_client):
        LocationFactory(organization=book.organization, name="Branch")
        manager_client.post("/organization/location/", {"location": str(book.location.pk)})
        assert "29 Nov 2026 · Harbour Street" in words(manager_client.get("/reports/", WEEK))
        assert "29 Nov 2026 · All locations" in words(manager_client.get("/reports/", WEEK | {"location": "all"}))

    def test_htmx_gets_the_report_alone(self, book, manager_client):
        html = manager_client.get("/reports/", WEEK, **HTMX).content.decode()
        assert html.lstrip().startswith('<div class="rep"')

    def test_days_ahead_are_said_to_be_unfinished(self, book, manager_client):
        says = "what is ahead counts as it is booked so far"
        assert says in words(manager_client.get("/reports/", {"first": "2026-11-23", "last": "2026-12-31"}))
        assert says not in words(manager_client.get("/reports/", WEEK))

    @pytest.mark.parametrize(
        ("query", "says"),
        [
            ({"first": "2026-11-29", "last": "2026-11-23"}, "Choose 2026-11-29 or a later day"),
            ({"first": "yesterday", "last": "2026-11-23"}, "Write the day as year-month-day, for example 2026-11-23."),
            ({"first": "2026-11-23", "last": ""}, "Choose a day."),
            ({"first": "2020-01-01", "last": "2026-11-23"}, "at most a year. Choose a day up to 2020-12-31"),
            ({"first": "0001-01-01", "last": "2026-11-23"}, "between the years 1900 and 2200"),
            ({"location": "00000000-0000-0000-0000-000000000000"}, "Choose one of the list"),
            ({"location": "x"}, "Show all locations"),
            ({"by": "patient"}, "Show the last 4 weeks"),
            ({"period": "forever"}, "Show the last 4 weeks"),
        ],
    )
    def test_what_no_report_can_answer_is_refused_with_the_remedy(self, book, manager_client, query, says):
        response = manager_client.get("/reports/", query)
        assert response.status_code == 422
        assert says in words(response)
        assert manager_client.get("/reports/no-shows.csv", query).status_code == 422

    def test_a_location_of_another_organization_does_not_exist(self, book, manager_client, other_organization):
        foreign = LocationFactory(organization=other_organization, name="Foreign Place")
        response = manager_client.get("/reports/", {"location": str(foreign.pk)})
        assert response.status_code == 422
        assert "Foreign Place" not in words(response)

    def test_it_names_no_patient_and_so_leaves_no_access_record(self, book, manager_client):
        assert manager_client.get("/reports/", WEEK).status_code == 200
        assert AccessRecord.objects.count() == 0

    def test_names_are_escaped(self, book, manager_client):
        book.practitioner.family_name = "<b>Okonkwo"
        book.practitioner.save()
        assert "<b>Okonkwo" not in manager_client.get("/reports/", WEEK).content.decode()


@pytest.mark.parametrize(
    ("unit", "value", "places", "words_"),
    [
        (Unit.RATIO, None, 0, "–"),
        (Unit.RATIO, 0, 0, "0%"),
        (Unit.RATIO, 0.004, 0, "<1%"),
        (Unit.RATIO, 0.006, 0, "1%"),
        (Unit.RATIO, 0.004, 1, "0.4%"),
        (Unit.RATIO, 1.0, 1, "100.0%"),
        (Unit.MINUTES, 0, 0, "0 h"),
        (Unit.MINUTES, 90, 0, "1.5 h"),
        (Unit.MINUTES, 75_000, 0, "1,250 h"),
        (Unit.DAYS, 6.26, 0, "6.3"),
        (Unit.VISITS, 1234, 0, "1,234"),
    ],
)
def test_a_figure_says_no_more_than_it_knows(unit, value, places, words_):
    assert figure_in_words(unit, value, places) == words_


class TestWhoMay:
    def test_reports_are_for_who_answers_for_the_clinic(self):
        allowed = {role for role in Role.values if Permission.REPORTS_VIEW in PERMISSIONS_OF[role]}
        assert allowed == {Role.MANAGER, Role.ADMIN, Role.AUDITOR}

    @pytest.mark.parametrize("role", Role.values)
    def test_page_file_api_and_navigation_agree(self, book, role):
        member = MembershipFactory(organization=book.organization, role=role)
        browser, program = client_for(member), api_client_for(member)
        may = role in {Role.MANAGER, Role.ADMIN, Role.AUDITOR}
        expected = 200 if may else 403
        assert browser.get("/reports/").status_code == expected
        assert browser.get("/reports/utilisation.csv").status_code == expected
        assert program.get("/api/v1/reports/utilisation/").status_code == expected
        assert ('id="nav-reports"' in browser.get("/").content.decode()) is may

    def test_a_key_may_be_narrowed_to_reports(self, book, manager):
        program = api_client_for(manager, scopes=(Permission.REPORTS_VIEW,))
        assert program.get("/api/v1/reports/no-shows/").status_code == 200
        assert program.get("/api/v1/appointments/").status_code == 403


class TestFile:
    def test_it_is_a_stream_of_utf_8_with_a_name_that_says_the_days(self, book, manager_client):
        response = manager_client.get("/reports/cancellations.csv", WEEK)
        assert response.streaming
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert response["Content-Disposition"] == 'attachment; filename="cancellations-2026-11-23-2026-11-29.csv"'
        head, total, *_rest = lines(response)
        assert dict(zip(head, total, strict=True)) == {
            "line": "total",
            "name": "",
            "first": "2026-11-23",
            "last": "2026-11-29",
            "visits": "5",
            "cancelled": "1",
            "in_time": "0",
            "short_notice": "1",
            "rate": "0.2",
            "short_notice_rate": "1.0",
            "patient_asked": "0",
            "practitioner_unavailable": "0",
            "clinic_closed": "1",
            "booked_by_mistake": "0",
            "other_reason": "0",
            "by_staff": "0",
            "by_patient_link": "0",
            "by_bot": "0",
            "by_program": "0",
            "by_system": "0",
            "by_nobody_known": "1",
        }

    def test_an_unknown_report_is_not_found(self, organization, manager_client):
        assert manager_client.get("/reports/revenue.csv").status_code == 404


class TestApi:
    def test_it_answers_total_groups_and_days(self, book, api_client):
        answer = api_client.get("/api/v1/reports/no-shows/", WEEK).json()
        over_time = answer.pop("over_time")
        figures = {"fulfilled": 3, "missed": 1, "unsettled": 0, "rate": 0.25}
        assert answer == {
            "first": "2026-11-23",
            "last": "2026-11-29",
            "timezone": "America/New_York",
            "location": None,
            "by": "practitioner",
            "bucket": "day",
            "total": figures,
            "groups": [{"id": str(book.practitioner.pk), "name": str(book.practitioner), **figures}],
        }
        assert over_time[0] == {"first": "2026-11-23", "last": "2026-11-23", **figures}
        assert over_time[1]["rate"] is None
        assert len(over_time) == 7

    def test_days_default_to_four_weeks_up_to_yesterday(self, book, api_client):
        answer = api_client.get("/api/v1/reports/lead-times/").json()
        assert (answer["first"], answer["last"]) == ("2026-11-05", "2026-12-02")
        earlier = api_client.get("/api/v1/reports/lead-times/", {"last": "2026-10-28"}).json()
        assert (earlier["first"], earlier["last"]) == ("2026-10-01", "2026-10-28")

    def test_page_and_api_say_the_same(self, book, api_client, manager_client):
        query = WEEK | {"by": "location"}
        for which in ("utilisation", "no-shows", "lead-times", "cancellations"):
            total = api_client.get(f"/api/v1/reports/{which}/", query).json()["total"]
            head, row, *_rest = lines(manager_client.get(f"/reports/{which}.csv", query))
            texts = {key: "" if value is None else str(value) for key, value in total.items()}
            assert dict(zip(head[4:], row[4:], strict=True)) == texts

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"first": "2026-11-29", "last": "2026-11-23"}, "last"),
            ({"first": "soon"}, "first"),
            ({"first": "2020-01-01", "last": "2026-11-23"}, "last"),
            ({"last": "0001-01-05"}, "first"),
            ({"by": "patient"}, "by"),
            ({"location": "00000000-0000-0000-0000-000000000000"}, "location"),
        ],
    )
    def test_bad_input_is_a_problem_that_names_the_field(self, book, api_client, query, field):
        response = api_client.get("/api/v1/reports/utilisation/", query)
        assert response.status_code == 422
        assert response["Content-Type"] == "application/problem+json"
        assert [error["field"] for error in response.json()["errors"]] == [field]

    def test_location_of_another_organization_does_not_exist(self, book, api_client, other_organization):
        foreign = LocationFactory(organization=other_organization)
        response = api_client.get("/api/v1/reports/utilisation/", {"location": str(foreign.pk)})
        assert response.status_code == 422
