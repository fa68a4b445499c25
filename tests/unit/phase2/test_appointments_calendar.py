"""The calendar: what stands in a column and where, who has a column on a day, and how many columns a page has."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.appointments.calendar import Column, day_grid, week_grid, with_presence
from apps.appointments.models import Appointment, Status
from apps.appointments.views import calendar
from apps.practitioners.models import Practitioner
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.practitioners import ClosureFactory, PractitionerFactory, TimeOffFactory, WeeklyHoursFactory

HTMX = {"HX-Request": "true"}
NINE = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)
MONDAY = dt.date(2026, 11, 23)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NINE - HOUR, tick=False) as traveller:
        yield traveller


def visit(bookable, start: dt.datetime = NINE, **fields: object) -> Appointment:
    fields = {"practitioner": bookable.practitioner, "location": bookable.location, **fields}
    return AppointmentFactory(
        organization=bookable.organization, appointment_type=bookable.appointment_type, start=start, **fields
    )


def column_of(bookable, **options: object) -> Column:
    grid = day_grid(
        organization=bookable.organization,
        day=MONDAY,
        practitioners=[bookable.practitioner],
        **({"location": None} | options),
    )
    return grid.columns[0]


def placed(column: Column) -> list[tuple[str, str, int]]:
    """Return the kind, the wall time and the minutes of each block; the grid begins at half past eight or earlier."""
    first = 8 * 60
    return [(b.kind, f"{(first + b.top) // 60:02d}:{(first + b.top) % 60:02d}", b.minutes) for b in column.blocks]


class TestColumn:
    def test_everything_of_the_day_has_its_place(self, bookable, patient) -> None:
        visit(bookable, patient=patient, busy_period=(NINE, NINE + 45 * MINUTE))
        visit(bookable, NINE + 2 * HOUR, status=Status.HELD, patient=None, held_until=NINE)
        TimeOffFactory(
            organization=bookable.organization,
            practitioner=bookable.practitioner,
            period=(NINE + 5 * HOUR, NINE + 6 * HOUR),
            reason="School",
        )
        ClosureFactory(
            organization=bookable.organization, period=(NINE + 7 * HOUR, NINE + 8 * HOUR), reason="Fire alarm"
        )
        column = column_of(bookable)
        assert placed(column) == [
            ("off", "08:00", 60),
            ("off", "12:00", 60),
            ("off", "17:00", 60),
            ("off", "14:00", 60),
            ("off", "16:00", 60),
            ("ev", "09:00", 30),
            ("buf", "09:30", 15),
            ("hold", "11:00", 30),
        ]
        words = [block.title for block in column.blocks]
        assert "Time off 14:00 to 15:00 · School" in words
        assert "Closed 16:00 to 17:00 · Fire alarm" in words

    def test_what_takes_no_time_is_left_out_and_who_did_not_come_stays(self, bookable) -> None:
        visit(bookable, status=Status.CANCELLED)
        visit(bookable, status=Status.HELD, patient=None, held_until=NINE - 2 * HOUR)
        missed = visit(bookable, NINE + HOUR, status=Status.NO_SHOW)
        assert [block.id for block in column_of(bookable).blocks if block.kind in ("ev", "hold")] == [missed.pk]

    def test_block_says_who_what_and_how_it_stands(self, bookable, appointment) -> None:
        (block,) = (block for block in column_of(bookable).blocks if block.kind == "ev")
        assert (block.title, block.detail, block.word) == ("Ana López", "Consultation", "Not confirmed")
        assert (block.id, block.version, block.movable, block.css) == (appointment.pk, 1, True, "k1")

    def test_narrowed_to_a_location_it_shows_what_is_there_and_that_a_person_is_away_everywhere(self, bookable) -> None:
        elsewhere = LocationFactory(organization=bookable.organization)
        visit(bookable, NINE + HOUR, location=elsewhere)
        here = visit(bookable)
        TimeOffFactory(
            organization=bookable.organization,
            practitioner=bookable.practitioner,
            period=(NINE + 5 * HOUR, NINE + 6 * HOUR),
        )
        column = column_of(bookable, location=bookable.location)
        assert [block.id for block in column.blocks if block.kind == "ev"] == [here.pk]
        assert ("off", "14:00", 60) in placed(column)

    def test_visit_of_another_day_is_in_its_own_column_of_the_week(self, bookable) -> None:
        tuesday = visit(bookable, NINE + DAY)
        grid = week_grid(
            organization=bookable.organization, monday=MONDAY, practitioner=bookable.practitioner, location=None
        )
        shown = [[block.id for block in column.blocks if block.kind == "ev"] for column in grid.columns]
        assert shown == [[], [tuesday.pk], [], [], [], [], []]

    def test_other_organization_is_not_shown(self, bookable, other_organization) -> None:
        AppointmentFactory(organization=other_organization, start=NINE)
        assert [block for block in column_of(bookable).blocks if block.kind == "ev"] == []

    def test_number_of_queries_is_constant(self, bookable) -> None:
        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                column_of(bookable)
            return len(queries)

        few = count()
        for number in range(8):
            visit(bookable, NINE + number * HOUR)
        assert count() == few == 3


class TestPresence:
    def there(self, organization, day: dt.date = MONDAY, location=None) -> list[Practitioner]:
        people = with_presence(
            Practitioner.objects.for_organization(organization), organization=organization, day=day, location=location
        )
        return [person for person in people if person.is_there]

    def test_who_works_has_a_column_and_who_does_not_has_none(self, bookable) -> None:
        PractitionerFactory(organization=bookable.organization)
        assert self.there(bookable.organization) == [bookable.practitioner]
        assert self.there(bookable.organization, MONDAY - DAY) == []

    def test_who_has_a_visit_without_hours_has_a_column(self, bookable) -> None:
        stand_in = PractitionerFactory(organization=bookable.organization, sort_order=9)
        visit(bookable, practitioner=stand_in)
        assert stand_in in self.there(bookable.organization)

    @pytest.mark.parametrize("status", [Status.CANCELLED, Status.HELD])
    def test_what_takes_no_time_gives_no_column(self, bookable, status) -> None:
        stand_in = PractitionerFactory(organization=bookable.organization)
        held_until = NINE - 2 * HOUR if status == Status.HELD else None
        visit(bookable, practitioner=stand_in, status=status, held_until=held_until)
        assert stand_in not in self.there(bookable.organization)

    @pytest.mark.parametrize(
        ("valid", "expected"),
        [
            ({"valid_from": MONDAY}, True),
            ({"valid_until": MONDAY}, True),
            ({"valid_from": MONDAY + DAY}, False),
            ({"valid_until": MONDAY - DAY}, False),
        ],
    )
    def test_hours_count_while_they_are_valid(self, bookable, valid, expected) -> None:
        colleague = PractitionerFactory(organization=bookable.organization, sort_order=9)
        WeeklyHoursFactory(
            organization=bookable.organization,
            practitioner=colleague,
            location=bookable.location,
            weekday=0,
            start_time=dt.time(9),
            end_time=dt.time(10),
            **valid,
        )
        assert (colleague in self.there(bookable.organization)) is expected

    def test_narrowed_to_a_location_only_who_is_there_counts(self, bookable) -> None:
        elsewhere = LocationFactory(organization=bookable.organization)
        assert self.there(bookable.organization, location=elsewhere) == []
        assert self.there(bookable.organization, location=bookable.location) == [bookable.practitioner]

    def test_hours_at_a_place_of_another_zone_count_on_the_date_of_the_wall_that_is_shown(self, bookable) -> None:
        tokyo = LocationFactory(organization=bookable.organization, timezone="Asia/Tokyo")
        colleague = PractitionerFactory(organization=bookable.organization, sort_order=9)
        WeeklyHoursFactory(
            organization=bookable.organization,
            practitioner=colleague,
            location=tokyo,
            weekday=0,
            start_time=dt.time(9),
            end_time=dt.time(17),
        )
        # Monday nine in Tokyo is Sunday evening in New York.
        assert colleague in self.there(bookable.organization, MONDAY - DAY)


class TestPages:
    @pytest.fixture
    def colleagues(self, bookable, monkeypatch) -> list[Practitioner]:
        """Five practitioners on Monday, two to a page, the bookable one first."""
        monkeypatch.setattr(calendar, "COLUMNS_PER_PAGE", 2)
        Practitioner.objects.filter(pk=bookable.practitioner.pk).update(sort_order=0)
        others = [PractitionerFactory(organization=bookable.organization, sort_order=n) for n in range(1, 5)]
        for other in others:
            visit(bookable, practitioner=other)
        return [bookable.practitioner, *others]

    def columns(self, page: str) -> list[str]:
        return re.findall(r'data-practitioner="([0-9a-f-]+)"', page)

    def test_day_shows_a_page_of_practitioners_and_says_which(self, desk_client, colleagues) -> None:
        page = desk_client.get("/calendar/?day=2026-11-23").content.decode()
        assert self.columns(page) == [str(p.pk) for p in colleagues[:2]]
        assert "1 to 2 of 5" in page

    def test_next_practitioners_follow_and_the_refresh_stays_with_them(self, desk_client, colleagues) -> None:
        page = desk_client.get("/calendar/?day=2026-11-23&page=2", headers=HTMX).content.decode()
        assert self.columns(page) == [str(p.pk) for p in colleagues[2:4]]
        refreshed = re.search(r'id="calendar"[^>]*data-follow-url="([^"]+)"', page)[1].replace("&amp;", "&")
        assert self.columns(desk_client.get(refreshed, headers=HTMX).content.decode()) == self.columns(page)

    def test_other_days_keep_the_page(self, desk_client, colleagues) -> None:
        context = desk_client.get("/calendar/?day=2026-11-23&page=2").context
        assert "page=2" in context["next_url"]
        assert "page=2" in context["previous_url"]

    @pytest.mark.parametrize(("wanted", "first"), [("99", 4), ("x", 0), ("-1", 4), ("0", 4)])
    def test_page_that_does_not_exist_shows_the_nearest(self, desk_client, colleagues, wanted, first) -> None:
        page = desk_client.get(f"/calendar/?day=2026-11-23&page={wanted}").content.decode()
        assert self.columns(page)[0] == str(colleagues[first].pk)

    def test_few_practitioners_need_no_pager(self, desk_client, bookable) -> None:
        page = desk_client.get("/calendar/?day=2026-11-23").content.decode()
        assert self.columns(page) == [str(bookable.practitioner.pk)]
        assert "cal-further" not in page

    def test_chosen_practitioner_stands_alone(self, desk_client, colleagues) -> None:
        page = desk_client.get(f"/calendar/?day=2026-11-23&practitioner={colleagues[3].pk}&page=2").content.decode()
        assert self.columns(page) == [str(colleagues[3].pk)]

    def test_day_without_anybody_says_so(self, desk_client, bookable) -> None:
        assert "Nobody works here on this day" in desk_client.get("/calendar/?day=2026-11-22").content.decode()
