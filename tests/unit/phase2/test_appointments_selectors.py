"""A patient's visits, as pages and the bot ask for them."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from apps.appointments.models import Appointment, Status
from apps.appointments.selectors import next_appointment, patient_history, upcoming_appointments
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.patients import PatientFactory

NINE = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)

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
