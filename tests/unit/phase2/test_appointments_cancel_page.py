"""The dialog that cancels a visit: it cancels what it shows, nothing else."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from apps.appointments.models import Appointment, Status
from apps.appointments.services import reschedule_appointment
from apps.core.actors import SYSTEM
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.shared import MONDAY

pytestmark = [pytest.mark.django_db]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def visit(bookable, patient, time_machine) -> Appointment:
    time_machine.move_to(MONDAY - dt.timedelta(days=1))
    return AppointmentFactory(
        organization=bookable.organization,
        patient=patient,
        practitioner=bookable.practitioner,
        location=bookable.location,
        appointment_type=bookable.appointment_type,
        start=MONDAY,
    )


def form(visit: Appointment) -> dict[str, object]:
    return {"reason": "patient", "note": "", "version": visit.version}


def test_the_visit_that_was_shown_is_cancelled(desk_client: Client, visit: Appointment) -> None:
    assert (
        f'name="version" value="{visit.version}"'
        in desk_client.get(f"/appointments/{visit.pk}/cancel/").content.decode()
    )
    assert desk_client.post(f"/appointments/{visit.pk}/cancel/", form(visit), headers=HTMX).status_code == 204
    visit.refresh_from_db()
    assert visit.status == Status.CANCELLED


def test_one_that_a_colleague_moved_meanwhile_is_asked_about_again_at_its_new_time(
    desk_client: Client, visit: Appointment
) -> None:
    stale = form(visit)
    moved = reschedule_appointment(appointment=visit, start=MONDAY + dt.timedelta(hours=2), actor=SYSTEM)
    answer = desk_client.post(f"/appointments/{visit.pk}/cancel/", stale, headers=HTMX)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Somebody moved this visit" in text
    assert f'name="version" value="{moved.version}"' in text
    visit.refresh_from_db()
    assert visit.status == Status.BOOKED
    assert desk_client.post(f"/appointments/{visit.pk}/cancel/", form(moved), headers=HTMX).status_code == 204


@pytest.mark.parametrize("version", ["", "x", "²", "9" * 5000, "-1"])
def test_a_version_that_is_none_is_no_failure(desk_client: Client, visit: Appointment, version: str) -> None:
    answer = desk_client.post(f"/appointments/{visit.pk}/cancel/", {**form(visit), "version": version}, headers=HTMX)
    assert answer.status_code == 204
