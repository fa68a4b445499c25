"""What the pages read: the day's board, who is not confirmed, the calendar, a patient's visits."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.appointments.models import Appointment, Status
from apps.appointments.selectors import (
    calendar_items,
    day_board,
    next_appointment,
    patient_history,
    unconfirmed,
    upcoming_appointments,
)
from apps.appointments.services import arrive_appointment, confirm_appointment
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.patients import PatientFactory
from tests.fixtures.practitioners import ClosureFactory, PractitionerFactory, TimeOffFactory

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


class TestBoard:
    def test_row_has_all_that_the_page_shows(self, bookable, appointment, room, actor) -> None:
        Appointment.objects.update(room=room, reason="Cough")
        confirm_appointment(appointment=appointment, by="whatsapp", actor=actor)
        (row,) = day_board(organization=bookable.organization, date=MONDAY)
        assert (row.patient_name, row.patient_initials) == ("Ana López", "AL")
        assert (row.type_name, row.practitioner_name) == ("Consultation", "Dr Okonkwo")
        assert (row.location_name, row.room_name, row.reason) == ("Harbour Street", "Room 2", "Cough")
        assert (row.status_label, row.confirmed_by, row.confirmed_at) == ("Booked", "whatsapp", NINE - HOUR)
        assert row.local_start.strftime("%H:%M") == "09:00"
        assert row.local_end.strftime("%H:%M") == "09:30"
        assert row.can_undo_until is None

    def test_rows_come_by_time_without_holds(self, bookable) -> None:
        late = visit(bookable, NINE + HOUR, status=Status.CANCELLED)
        early = visit(bookable, NINE)
        visit(bookable, NINE + 2 * HOUR, status=Status.HELD, patient=None, held_until=NINE)
        assert [row.id for row in day_board(organization=bookable.organization, date=MONDAY)] == [early.pk, late.pk]

    def test_day_is_the_location_s_own(self, bookable) -> None:
        tokyo = LocationFactory(organization=bookable.organization, timezone="Asia/Tokyo")
        monday_there = visit(bookable, dt.datetime(2026, 11, 23, 0, 0, tzinfo=dt.UTC), location=tokyo)
        tuesday_there = visit(bookable, dt.datetime(2026, 11, 23, 16, 0, tzinfo=dt.UTC), location=tokyo)
        late_here = visit(bookable, dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC))
        monday = [row.id for row in day_board(organization=bookable.organization, date=MONDAY)]
        assert monday == [monday_there.pk, late_here.pk]
        assert tuesday_there.pk not in monday

    def test_board_can_be_narrowed(self, bookable) -> None:
        mine = visit(bookable)
        visit(
            bookable,
            location=LocationFactory(organization=bookable.organization),
            practitioner=PractitionerFactory(organization=bookable.organization),
        )
        narrowed = {"organization": bookable.organization, "date": MONDAY}
        assert [row.id for row in day_board(**narrowed, location=bookable.location)] == [mine.pk]
        assert [row.id for row in day_board(**narrowed, practitioner=bookable.practitioner)] == [mine.pk]

    def test_number_of_queries_is_constant(self, bookable) -> None:
        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                day_board(organization=bookable.organization, date=MONDAY)
            return len(queries)

        visit(bookable)
        one = count()
        for number in range(1, 8):
            visit(bookable, NINE + number * HOUR)
        assert count() == one == 2

    def test_other_organization_is_not_shown(self, bookable, other_organization) -> None:
        AppointmentFactory(organization=other_organization, start=NINE)
        assert day_board(organization=bookable.organization, date=MONDAY) == []

    def test_clinic_without_a_location_has_an_empty_board(self, organization) -> None:
        assert day_board(organization=organization, date=MONDAY) == []

    def test_waiting_counts_from_the_later_of_check_in_and_start(self, bookable, appointment, actor, clock) -> None:
        clock.move_to(NINE - 15 * MINUTE)
        arrive_appointment(appointment=appointment, actor=actor)
        (row,) = day_board(organization=bookable.organization, date=MONDAY)
        assert row.waiting_minutes(NINE - 5 * MINUTE) == 0
        assert row.waiting_minutes(NINE + 12 * MINUTE) == 12
        assert row.in_clinic_minutes(NINE + 12 * MINUTE) == 27
        assert row.late_minutes(NINE + 12 * MINUTE) is None
        assert row.can_undo_until == NINE - 5 * MINUTE

    def test_late_counts_from_the_start_until_check_in(self, bookable, appointment) -> None:
        (row,) = day_board(organization=bookable.organization, date=MONDAY)
        assert row.late_minutes(NINE) is None
        assert row.late_minutes(NINE + 7 * MINUTE) == 7
        assert row.waiting_minutes(NINE + 7 * MINUTE) is None
        assert row.in_clinic_minutes(NINE + 7 * MINUTE) is None


class TestUnconfirmed:
    def test_only_what_is_ahead_and_not_confirmed(self, bookable, actor) -> None:
        confirmed = visit(bookable, NINE)
        confirm_appointment(appointment=confirmed, by="sms", actor=actor)
        visit(bookable, NINE - 2 * HOUR)
        visit(bookable, NINE + 3 * HOUR, status=Status.CANCELLED)
        visit(bookable, NINE + 9 * DAY)
        due = visit(bookable, NINE + HOUR)
        elsewhere = visit(bookable, NINE + 2 * HOUR, location=LocationFactory(organization=bookable.organization))
        asked = {"organization": bookable.organization, "until": NINE + 2 * DAY}
        assert [row.id for row in unconfirmed(**asked)] == [due.pk, elsewhere.pk]
        assert [row.id for row in unconfirmed(**asked, location=bookable.location)] == [due.pk]
        assert len(unconfirmed(**asked, limit=1)) == 1


class TestCalendar:
    def items(self, bookable, **options: object) -> list[tuple[str, str, str]]:
        found = calendar_items(
            organization=bookable.organization, start=NINE - 9 * HOUR, end=NINE + 15 * HOUR, **options
        )
        zone = bookable.location.zone
        return [
            (item.kind, item.start.astimezone(zone).strftime("%H:%M"), item.end.astimezone(zone).strftime("%H:%M"))
            for item in found
        ]

    def test_everything_of_the_day_is_there_in_order(self, bookable, patient) -> None:
        buffered = (NINE - 10 * MINUTE, NINE + 45 * MINUTE)
        visit(bookable, patient=patient, busy_period=buffered)
        visit(bookable, NINE + 2 * HOUR, status=Status.HELD, patient=None, held_until=NINE)
        TimeOffFactory(
            organization=bookable.organization,
            practitioner=bookable.practitioner,
            period=(NINE + 5 * HOUR, NINE + 6 * HOUR),
        )
        ClosureFactory(organization=bookable.organization, period=(NINE + 7 * HOUR, NINE + 8 * HOUR))
        assert self.items(bookable) == [
            ("buffer", "08:50", "09:00"),
            ("appointment", "09:00", "09:30"),
            ("working", "09:00", "12:00"),
            ("buffer", "09:30", "09:45"),
            ("hold", "11:00", "11:30"),
            ("working", "13:00", "17:00"),
            ("time_off", "14:00", "15:00"),
            ("closure", "16:00", "17:00"),
        ]

    def test_what_takes_no_time_is_left_out(self, bookable) -> None:
        visit(bookable, status=Status.CANCELLED)
        visit(bookable, status=Status.NO_SHOW)
        visit(bookable, status=Status.HELD, patient=None, held_until=NINE - 2 * HOUR)
        assert {kind for kind, _start, _end in self.items(bookable)} == {"working"}

    def test_item_says_who_what_and_where(self, bookable, appointment, patient) -> None:
        found = calendar_items(organization=bookable.organization, start=NINE, end=NINE + HOUR)
        item = next(item for item in found if item.kind == "appointment")
        assert (item.appointment_id, item.title, item.type_name) == (appointment.pk, "Ana López", "Consultation")
        assert (item.practitioner_id, item.location_id) == (bookable.practitioner.pk, bookable.location.pk)
        assert (item.status, item.version, item.confirmed, item.colour) == ("booked", 1, False, "k1")

    def test_calendar_can_be_narrowed(self, bookable) -> None:
        colleague = PractitionerFactory(organization=bookable.organization)
        elsewhere = LocationFactory(organization=bookable.organization)
        visit(bookable, practitioner=colleague, location=elsewhere)
        assert [item[0] for item in self.items(bookable, practitioners=[colleague])] == ["appointment"]
        assert [item[0] for item in self.items(bookable, location=elsewhere)] == ["appointment"]
        assert "appointment" not in [item[0] for item in self.items(bookable, location=bookable.location)]

    def test_number_of_queries_is_constant(self, bookable) -> None:
        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                self.items(bookable)
            return len(queries)

        few = count()
        for number in range(8):
            visit(bookable, NINE + number * HOUR)
        assert count() == few == 4


class TestPatient:
    def test_next_appointment_is_the_soonest_that_is_not_over(self, bookable, patient, clock) -> None:
        visit(bookable, NINE - 7 * DAY, patient=patient)
        visit(bookable, NINE - DAY, patient=patient, status=Status.CANCELLED)
        later = visit(bookable, NINE + DAY, patient=patient)
        soon = visit(bookable, NINE, patient=patient)
        assert next_appointment(patient=patient) == soon
        assert upcoming_appointments(patient=patient) == [soon, later]
        clock.move_to(NINE + HOUR)
        assert next_appointment(patient=patient) == later

    def test_nobody_has_a_next_appointment_by_default(self, patient) -> None:
        assert next_appointment(patient=patient) is None

    def test_history_shows_every_status_latest_first_without_holds(self, bookable, patient) -> None:
        old = visit(bookable, NINE - 7 * DAY, patient=patient, status=Status.FULFILLED)
        off = visit(bookable, NINE - DAY, patient=patient, status=Status.CANCELLED)
        ahead = visit(bookable, NINE, patient=patient)
        visit(bookable, NINE + DAY, patient=patient, status=Status.HELD, held_until=NINE)
        visit(bookable, NINE + 2 * DAY, patient=PatientFactory(organization=bookable.organization))
        assert patient_history(patient=patient) == [ahead, off, old]
        assert patient_history(patient=patient, before=NINE, limit=1) == [off]
