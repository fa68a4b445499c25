"""The calendar: what stands in a column and where, who has a column on a day, and how many columns a page has."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from apps.appointments.calendar import Column, agenda, day_grid, room_grid, week_grid, with_presence
from apps.appointments.calendar.minutes import side_by_side
from apps.appointments.calendar.shapes import Block
from apps.appointments.models import Appointment, AppointmentType, Status
from apps.appointments.views import calendar
from apps.audit.models import AccessRecord
from apps.core.ids import uuid7
from apps.events.models import Event
from apps.practitioners.models import Practitioner, Room
from tests.fixtures.appointments import AppointmentFactory, AppointmentTypeFactory, PractitionerTypeFactory
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.patients import PatientFactory
from tests.fixtures.practitioners import (
    BusyTimeFactory,
    ClosureFactory,
    PractitionerFactory,
    RoomFactory,
    TimeOffFactory,
    WeeklyHoursFactory,
)

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
    usual = {
        "practitioner": bookable.practitioner,
        "location": bookable.location,
        "appointment_type": bookable.appointment_type,
    }
    return AppointmentFactory(organization=bookable.organization, start=start, **(usual | fields))


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
        assert column.detail == "1 booked · Harbour Street"
        words = [block.title for block in column.blocks]
        assert "Time off 14:00 to 15:00 · School" in words
        assert "Closed 16:00 to 17:00 · Fire alarm" in words

    @pytest.mark.parametrize(
        ("begins", "ends", "words"),
        [
            (-9 * HOUR, 15 * HOUR, "Closed all day · Storm"),
            (-9 * HOUR, 39 * HOUR, "Closed all day · Storm"),
            (4 * HOUR, 15 * HOUR, "Closed from 13:00 · Storm"),
            (-33 * HOUR, HOUR, "Closed until 10:00 · Storm"),
        ],
    )
    def test_a_closure_that_takes_the_day_or_an_end_of_it_says_so(self, bookable, begins, ends, words) -> None:
        ClosureFactory(organization=bookable.organization, period=(NINE + begins, NINE + ends), reason="Storm")
        assert words in [block.title for block in column_of(bookable).blocks]

    def test_what_takes_no_time_is_left_out_and_who_did_not_come_stays(self, bookable) -> None:
        visit(bookable, status=Status.CANCELLED)
        visit(bookable, status=Status.HELD, patient=None, held_until=NINE - 2 * HOUR)
        missed = visit(bookable, NINE + HOUR, status=Status.NO_SHOW)
        assert [block.id for block in column_of(bookable).blocks if block.kind in ("ev", "hold")] == [missed.pk]

    @pytest.mark.parametrize(
        ("minutes", "size"),
        [
            (5, "is-line is-short is-tiny"),
            (10, "is-line is-short is-tiny"),
            (15, "is-line is-short"),
            (20, "is-line"),
            (25, "is-line"),
            (30, ""),
        ],
    )
    def test_low_blocks_are_drawn_on_one_line(self, minutes, size) -> None:
        assert Block("ev", 0, minutes).size == size

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


def spans(*pairs: tuple[int, int]) -> list[tuple[dt.datetime, dt.datetime]]:
    return [(NINE + start * MINUTE, NINE + end * MINUTE) for start, end in pairs]


class TestSideBySide:
    @pytest.mark.parametrize(
        ("pairs", "expected"),
        [
            ([], []),
            ([(0, 30), (30, 60)], [(0, 1), (0, 1)]),
            ([(0, 30), (0, 30), (0, 30)], [(0, 3), (1, 3), (2, 3)]),
            ([(0, 60), (10, 20), (30, 40)], [(0, 2), (1, 2), (1, 2)]),
            ([(0, 30), (20, 50), (40, 70)], [(0, 2), (1, 2), (0, 2)]),
            ([(0, 30), (10, 40), (60, 90)], [(0, 2), (1, 2), (0, 1)]),
        ],
    )
    def test_what_meets_shares_the_width_and_takes_the_first_free_lane(self, pairs, expected) -> None:
        assert side_by_side(spans(*pairs)) == expected

    @given(
        st.lists(st.tuples(st.integers(0, 300), st.integers(5, 120)), max_size=12).map(
            lambda rows: sorted((start, start + length) for start, length in rows)
        )
    )
    def test_nothing_ever_covers_anything_else(self, pairs) -> None:
        placed = list(zip(pairs, side_by_side(spans(*pairs)), strict=True))
        for number, ((start, end), (lane, lanes)) in enumerate(placed):
            assert lane < lanes
            for (other_start, other_end), (other_lane, other_lanes) in placed[:number]:
                if start < other_end and other_start < end:
                    assert lane != other_lane
                    assert lanes == other_lanes

    def test_an_overbooked_visit_stands_beside_the_other(self, bookable) -> None:
        visit(bookable)
        visit(bookable, lane=1)
        later = visit(bookable, NINE + HOUR)
        places = {block.id: block.place for block in column_of(bookable).blocks if block.kind == "ev"}
        assert sorted(places.values()) == ["s:120;d:30", "s:60;d:30;l:0;w:2", "s:60;d:30;l:1;w:2"]
        assert places[later.pk] == "s:120;d:30"


class TestGroup:
    @pytest.fixture
    def group(self, bookable) -> list[Appointment]:
        AppointmentType.objects.filter(pk=bookable.appointment_type.pk).update(capacity=4, name="Back class")
        bookable.appointment_type.refresh_from_db()
        session = uuid7()
        names = [("Ana", "López"), ("Ben", "Okri")]
        people = [PatientFactory(organization=bookable.organization, given_name=g, family_name=f) for g, f in names]
        return [visit(bookable, patient=p, session=session, seat=seat) for seat, p in enumerate(people)]

    def test_a_group_is_one_block_that_says_how_many_seats_are_taken(self, bookable, group) -> None:
        (block,) = (block for block in column_of(bookable).blocks if block.kind == "ev")
        assert (block.title, block.word, block.lanes) == ("Back class", "2 of 4 seats", 1)
        assert block.detail == "2 of 4 seats · Ana López, Ben Okri"
        assert block.path == f"/calendar/group/{group[0].session}/"
        assert not block.movable

    def test_its_page_names_everybody_with_their_visit_and_the_seats_left(self, desk_client, group) -> None:
        page = desk_client.get(f"/calendar/group/{group[0].session}/").content.decode()
        assert "Ana López" in page
        assert f"/appointments/{group[1].pk}/" in page
        assert "2 seats left" in page
        assert "own_time=09:00" in page

    def test_looking_at_it_is_noted_for_each_of_them(self, desk_client, group) -> None:
        desk_client.get(f"/calendar/group/{group[0].session}/")
        seen = set(
            AccessRecord.objects.filter(route="appointments:calendar-group").values_list("patient_id", flat=True)
        )
        assert seen == {member.patient_id for member in group}

    def test_one_that_everybody_left_is_not_found(self, desk_client, group) -> None:
        Appointment.objects.filter(session=group[0].session).update(status=Status.CANCELLED)
        assert desk_client.get(f"/calendar/group/{group[0].session}/").status_code == 404


class TestRooms:
    @pytest.fixture
    def rooms(self, bookable) -> list[Room]:
        names = ("Room 10", "Room 2")
        return [RoomFactory(organization=bookable.organization, location=bookable.location, name=n) for n in names]

    def grid(self, bookable, rooms, **options: object):
        return room_grid(organization=bookable.organization, day=MONDAY, rooms=rooms, **({"location": None} | options))

    def test_each_room_has_its_visits_with_whom_and_what_has_no_room_is_not_lost(
        self, bookable, rooms, patient
    ) -> None:
        inside = visit(bookable, room=rooms[0], patient=patient)
        outside = visit(bookable, NINE + HOUR)
        columns = self.grid(bookable, rooms).columns
        assert [column.title for column in columns] == ["Room 10", "Room 2", "No room"]
        ids = [[block.id for block in column.blocks if block.kind == "ev"] for column in columns]
        assert ids == [[inside.pk], [], [outside.pk]]
        (block,) = (block for block in columns[0].blocks if block.kind == "ev")
        assert block.detail.startswith(bookable.practitioner.short_name)
        assert [column.takes_visits for column in columns] == [True, True, False]

    def test_closures_of_the_place_are_shaded_and_absences_of_people_are_not(self, bookable, rooms) -> None:
        organization = bookable.organization
        ClosureFactory(organization=organization, location=bookable.location, period=(NINE, NINE + HOUR), reason="Fire")
        TimeOffFactory(organization=organization, practitioner=bookable.practitioner, period=(NINE, NINE + HOUR))
        shades = [block.title for block in self.grid(bookable, rooms).columns[0].blocks]
        assert shades == ["Closed 09:00 to 10:00 · Fire"]

    def test_number_of_queries_is_constant(self, bookable, rooms) -> None:
        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                self.grid(bookable, rooms)
            return len(queries)

        few = count()
        for number in range(6):
            visit(bookable, NINE + number * HOUR, room=rooms[number % 2])
        assert count() == few == 2

    def test_page_orders_rooms_as_people_count(self, desk_client, rooms) -> None:
        page = desk_client.get("/calendar/?view=rooms&day=2026-11-23").content.decode()
        assert page.index("Room 2") < page.index("Room 10")
        assert f'data-room="{rooms[0].pk}"' in page

    def test_clinic_without_rooms_says_so(self, desk_client, bookable) -> None:
        assert "No room is set up here yet" in desk_client.get("/calendar/?view=rooms").content.decode()

    def test_a_visit_moves_to_another_room_and_nobody_is_told(self, desk_client, bookable, rooms, patient) -> None:
        moved = visit(bookable, room=rooms[0], patient=patient)
        where = {"day": "2026-11-23", "minute": 9 * 60, "room": str(rooms[1].pk), "version": 1, "ask": "1"}
        assert desk_client.post(f"/appointments/{moved.pk}/move/", where, headers=HTMX).status_code == 204
        moved.refresh_from_db()
        assert moved.room == rooms[1]
        assert moved.start == NINE
        assert Event.objects.get(type="appointment.rescheduled").payload["tell_patient"] is False

    def test_a_taken_room_is_refused(self, desk_client, bookable, rooms) -> None:
        stand_in = PractitionerFactory(organization=bookable.organization)
        visit(bookable, room=rooms[1], practitioner=stand_in)
        mine = visit(bookable, room=rooms[0])
        where = {"day": "2026-11-23", "minute": 9 * 60, "room": str(rooms[1].pk), "ask": "1"}
        answer = desk_client.post(f"/appointments/{mine.pk}/move/", where, headers=HTMX)
        assert answer.status_code == 409
        assert "Room 2 is taken" in answer.content.decode()


class TestAgenda:
    def test_day_in_order_of_time_whoever_it_is(self, bookable, patient) -> None:
        stand_in = PractitionerFactory(organization=bookable.organization, prefix="Dr", family_name="Zhou")
        visit(bookable, NINE + HOUR, patient=patient)
        visit(bookable, practitioner=stand_in)
        grid = day_grid(
            organization=bookable.organization,
            day=MONDAY,
            location=None,
            practitioners=[bookable.practitioner, stand_in],
        )
        lines = [(entry.block.time, entry.who) for entry in agenda(grid)]
        assert lines == [("09:00", "Dr Zhou"), ("10:00", bookable.practitioner.short_name)]

    def test_past_and_present_are_marked_today(self, bookable, clock) -> None:
        visit(bookable)
        visit(bookable, NINE + HOUR)
        clock.move_to(NINE + HOUR + MINUTE)
        grid = day_grid(
            organization=bookable.organization, day=MONDAY, location=None, practitioners=[bookable.practitioner]
        )
        assert [(e.is_over, e.is_now) for e in agenda(grid)] == [(True, False), (False, True)]

    def test_empty_day_says_so(self, desk_client, bookable) -> None:
        page = desk_client.get("/calendar/?view=agenda&day=2026-11-23").content.decode()
        assert "Nothing is booked on this day" in page


class TestAddress:
    def test_other_calendars_are_shaded(self, bookable) -> None:
        BusyTimeFactory(
            organization=bookable.organization,
            practitioner=bookable.practitioner,
            calendar="Hospital",
            period=(NINE + 5 * HOUR, NINE + 6 * HOUR),
        )
        assert "Elsewhere 14:00 to 15:00 · Hospital" in [block.title for block in column_of(bookable).blocks]

    def test_one_type_is_picked_out_and_the_others_stay_as_shadows(self, desk_client, bookable) -> None:
        other = AppointmentTypeFactory(organization=bookable.organization)
        mine, theirs = visit(bookable), visit(bookable, NINE + HOUR, appointment_type=other)
        page = desk_client.get(f"/calendar/?day=2026-11-23&type={bookable.appointment_type.pk}").content.decode()
        css = dict(re.findall(r'id="ev-([0-9a-f-]+)" class="ev ([^"]*)"', page))
        assert "dim" not in css[str(mine.pk)]
        assert "dim" in css[str(theirs.pk)]

    @pytest.mark.parametrize("query", ["view=nonsense", "type=nonsense", "day=31-12-2026", "practitioner=x"])
    def test_what_cannot_be_read_is_left_out(self, desk_client, bookable, query) -> None:
        assert desk_client.get(f"/calendar/?{query}").status_code == 200


class TestMoving:
    @pytest.fixture
    def url(self, appointment) -> str:
        return f"/appointments/{appointment.pk}/move/"

    def test_a_drop_that_can_be_made_asks_whether_to_tell_and_moves_nothing_yet(
        self, desk_client, appointment, url
    ) -> None:
        where = {"day": "2026-11-23", "minute": 14 * 60, "version": 1, "ask": "1"}
        answer = desk_client.post(url, where, headers=HTMX)
        assert answer.status_code == 200
        assert "data-move-now" in answer.content.decode()
        appointment.refresh_from_db()
        assert (appointment.start, appointment.version) == (NINE, 1)
        assert not Event.objects.filter(type="appointment.rescheduled").exists()

    @pytest.mark.parametrize(("tell", "expected"), [({"tell": "0"}, False), ({"tell": "1"}, True), ({}, True)])
    def test_the_patient_is_told_unless_somebody_says_no(self, desk_client, url, tell, expected) -> None:
        where = {"day": "2026-11-23", "minute": 14 * 60, "version": 1, **tell}
        assert desk_client.post(url, where, headers=HTMX).status_code == 204
        assert Event.objects.get(type="appointment.rescheduled").payload["tell_patient"] is expected

    def test_dropped_where_it_was_nothing_is_asked(self, desk_client, url) -> None:
        where = {"day": "2026-11-23", "minute": 9 * 60, "version": 1, "ask": "1"}
        assert desk_client.post(url, where, headers=HTMX).status_code == 204

    def test_asking_refuses_what_somebody_changed_meanwhile(self, desk_client, url) -> None:
        where = {"day": "2026-11-23", "minute": 14 * 60, "version": 7, "ask": "1"}
        assert desk_client.post(url, where, headers=HTMX).status_code == 409

    def test_asking_says_why_not_and_what_is_free(self, desk_client, bookable, url) -> None:
        visit(bookable, NINE + HOUR)
        where = {"day": "2026-11-23", "minute": 10 * 60, "version": 1, "ask": "1"}
        page = desk_client.post(url, where, headers=HTMX)
        assert page.status_code == 409
        assert page.content.decode().count("data-slot") == 3
        assert "Overbook…" not in page.content.decode()

    def test_manager_may_put_it_beside_on_purpose(self, manager_client, bookable, url) -> None:
        visit(bookable, NINE + HOUR)
        where = {"day": "2026-11-23", "minute": 10 * 60, "version": 1, "ask": "1"}
        assert "Overbook…" in manager_client.post(url, where, headers=HTMX).content.decode()

    def test_a_visit_becomes_longer_and_keeps_its_start(self, desk_client, appointment, url) -> None:
        where = {"day": "2026-11-23", "minute": 9 * 60, "minutes": 45, "version": 1}
        answer = desk_client.post(url, where, headers=HTMX)
        assert answer.status_code == 204
        assert "now lasts until 09:45" in answer["HX-Trigger"]
        appointment.refresh_from_db()
        assert (appointment.start, appointment.minutes) == (NINE, 45)

    def test_one_that_would_run_into_the_next_is_refused_in_its_own_words(self, desk_client, bookable, url) -> None:
        visit(bookable, NINE + 30 * MINUTE)
        where = {"day": "2026-11-23", "minute": 9 * 60, "minutes": 45, "version": 1, "ask": "1"}
        answer = desk_client.post(url, where, headers=HTMX)
        assert answer.status_code == 409
        assert "can’t last until 09:45" in answer.content.decode()
        assert "data-slot" not in answer.content.decode()

    @pytest.mark.parametrize("minutes", ["0", "-5", "601", "x"])
    def test_length_that_cannot_be_is_refused(self, desk_client, appointment, url, minutes) -> None:
        where = {"day": "2026-11-23", "minute": 9 * 60, "minutes": minutes, "version": 1}
        assert desk_client.post(url, where, headers=HTMX).status_code == 422
        appointment.refresh_from_db()
        assert appointment.minutes == 30


class TestBookingFromTheCalendar:
    def test_the_dialog_knows_who_and_when(self, desk_client, bookable) -> None:
        query = f"practitioner={bookable.practitioner.pk}&day=2026-11-23&own_time=10:00"
        answer = desk_client.get(f"/appointments/book/?{query}", headers=HTMX)
        form = answer.context["form"]
        assert (form["own_time"].value(), form["day"].value()) == ("10:00", "2026-11-23")
        assert answer.context["refusal"] is None

    def test_it_says_at_once_why_not(self, desk_client, bookable) -> None:
        visit(bookable)
        query = f"practitioner={bookable.practitioner.pk}&day=2026-11-23&own_time=09:00"
        refusal = desk_client.get(f"/appointments/book/?{query}", headers=HTMX).context["refusal"]
        assert [conflict.code for conflict in refusal.conflicts] == ["practitioner_taken"]

    def test_a_drawn_length_chooses_the_type(self, desk_client, bookable) -> None:
        long = AppointmentTypeFactory(organization=bookable.organization, duration_minutes=60)
        PractitionerTypeFactory(
            organization=bookable.organization, practitioner=bookable.practitioner, appointment_type=long
        )
        for minutes, kind in (("55", long), ("25", bookable.appointment_type)):
            query = f"practitioner={bookable.practitioner.pk}&day=2026-11-23&own_time=10:00&minutes={minutes}"
            form = desk_client.get(f"/appointments/book/?{query}", headers=HTMX).context["form"]
            assert form["appointment_type"].value() == str(kind.pk)

    def test_a_room_that_was_pointed_at_is_booked(self, desk_client, bookable, patient) -> None:
        room = RoomFactory(organization=bookable.organization, location=bookable.location)
        data = {
            "patient": str(patient.pk),
            "appointment_type": str(bookable.appointment_type.pk),
            "practitioner": str(bookable.practitioner.pk),
            "day": "2026-11-23",
            "slot": "own",
            "own_time": "10:00",
            "room": str(room.pk),
            "tell": "0",
        }
        assert desk_client.post("/appointments/book/", data, headers=HTMX).status_code == 204
        booked = Appointment.objects.get(patient=patient)
        assert (booked.room, booked.start) == (room, NINE + HOUR)
        assert Event.objects.get(type="appointment.booked").payload["tell_patient"] is False

    def test_manager_overbooks_with_a_reason_and_the_desk_may_not(
        self, desk_client, manager_client, bookable, patient
    ) -> None:
        visit(bookable)
        data = {
            "patient": str(patient.pk),
            "appointment_type": str(bookable.appointment_type.pk),
            "practitioner": str(bookable.practitioner.pk),
            "day": "2026-11-23",
            "slot": "own",
            "own_time": "09:00",
            "overbook": "on",
            "override_reason": "Twins come together",
        }
        desk_client.post("/appointments/book/", data, headers=HTMX)
        assert not Appointment.objects.filter(patient=patient).exists()
        refused = manager_client.post("/appointments/book/", data | {"overbook": ""}, headers=HTMX)
        assert refused.status_code == 422
        assert 'name="overbook"' in refused.content.decode()
        asked = manager_client.post("/appointments/book/", data | {"override_reason": ""}, headers=HTMX)
        assert asked.status_code == 422
        assert re.search(r'name="overbook"[^>]* checked', asked.content.decode()), "it stays while the reason is asked"
        assert manager_client.post("/appointments/book/", data, headers=HTMX).status_code == 204
        booked = Appointment.objects.get(patient=patient)
        assert (booked.lane, booked.override_reason) == (1, "Twins come together")


class TestDatesOfEveryKind:
    @pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "1899-12-31", "2026-13-45", "soon"])
    @pytest.mark.parametrize("view", ["day", "week", "rooms", "agenda"])
    def test_day_beyond_any_calendar_shows_today(self, desk_client, bookable, view, day) -> None:
        answer = desk_client.get(f"/calendar/?view={view}&day={day}")
        assert (answer.status_code, answer.context["day"]) == (200, bookable.organization.today())

    @pytest.mark.parametrize("day", ["2020-01-01", "0001-01-01", "9999-12-31"])
    def test_times_of_a_day_that_is_over_are_those_from_today_on(self, desk_client, bookable, day) -> None:
        query = f"appointment_type={bookable.appointment_type.pk}&day={day}"
        page = desk_client.get(f"/appointments/book/times/?{query}").content.decode()
        assert "Monday 23 November" in page
        assert "Nothing is free" not in page


class TestOverbookingByADrop:
    @pytest.fixture
    def room(self, bookable) -> Room:
        return RoomFactory(organization=bookable.organization, location=bookable.location)

    def test_a_room_that_the_type_does_not_need_is_no_obstacle(
        self, manager_client, bookable, appointment, room, patient
    ) -> None:
        visit(bookable, NINE + HOUR, room=room)
        Appointment.objects.filter(pk=appointment.pk).update(room=room)
        where = {"day": "2026-11-23", "minute": 10 * 60, "version": 1, "ask": "1"}
        refused = manager_client.post(f"/appointments/{appointment.pk}/move/", where, headers=HTMX).content.decode()
        assert "Room" in refused
        assert "Overbook…" in refused
        chosen = {
            "practitioner": str(bookable.practitioner.pk),
            "day": "2026-11-23",
            "slot": "own",
            "own_time": "10:00",
            "overbook": "on",
            "override_reason": "Brother and sister",
        }
        answer = manager_client.post(f"/appointments/{appointment.pk}/reschedule/", chosen, headers=HTMX)
        assert answer.status_code == 204
        appointment.refresh_from_db()
        assert (appointment.start, appointment.lane, appointment.room) == (NINE + HOUR, 1, None)

    def test_a_room_that_it_needs_stays_one(self, manager_client, bookable, appointment, room) -> None:
        AppointmentType.objects.filter(pk=bookable.appointment_type.pk).update(needs_room=True)
        visit(bookable, NINE + HOUR, room=room)
        Appointment.objects.filter(pk=appointment.pk).update(room=room)
        where = {"day": "2026-11-23", "minute": 10 * 60, "version": 1, "ask": "1"}
        refused = manager_client.post(f"/appointments/{appointment.pk}/move/", where, headers=HTMX).content.decode()
        assert "Overbook…" not in refused
