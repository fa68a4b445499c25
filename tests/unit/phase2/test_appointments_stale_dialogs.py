"""The dialogs that cancel or move a visit: they change what they show, nothing else, and stay pages where they are pages."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client

from apps.appointments.models import Appointment, Status
from apps.appointments.recurrence import Rule
from apps.appointments.services import arrive_appointment, book_series, reschedule_appointment
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


def move_to(visit: Appointment, start: dt.datetime, version: int) -> dict[str, object]:
    return {"slot": f"{visit.practitioner_id}|{visit.location_id}|{start.isoformat()}", "version": version, "tell": "1"}


def test_a_move_of_a_visit_that_a_colleague_moved_shows_where_it_is_and_asks_again(
    desk_client: Client, visit: Appointment
) -> None:
    address, chosen = f"/appointments/{visit.pk}/reschedule/", MONDAY + dt.timedelta(hours=4)
    moved = reschedule_appointment(appointment=visit, start=MONDAY + dt.timedelta(hours=2), actor=SYSTEM)
    answer = desk_client.post(address, move_to(visit, chosen, visit.version), headers=HTMX)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Somebody moved this visit" in text
    assert "<dt>Now</dt><dd>Monday 23 November, 11:00</dd>" in text
    assert f'value="{visit.practitioner_id}|{visit.location_id}|{chosen.isoformat()}" checked' in text
    assert f'name="version" value="{moved.version}"' in text
    visit.refresh_from_db()
    assert visit.start == moved.start
    assert desk_client.post(address, move_to(visit, chosen, moved.version), headers=HTMX).status_code == 204
    visit.refresh_from_db()
    assert visit.start == chosen


def test_a_move_of_a_visit_that_began_meanwhile_says_why_and_offers_no_times(
    desk_client: Client, visit: Appointment
) -> None:
    arrive_appointment(appointment=visit, actor=SYSTEM)
    answer = desk_client.post(
        f"/appointments/{visit.pk}/reschedule/",
        move_to(visit, MONDAY + dt.timedelta(hours=4), visit.version),
        headers=HTMX,
    )
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "has checked in already" in text
    assert 'name="slot"' not in text
    assert 'type="submit"' not in text


def test_a_move_of_a_series_that_a_colleague_moved_shows_where_it_is_and_asks_again(
    desk_client: Client, bookable, patient, time_machine
) -> None:
    time_machine.move_to(MONDAY - dt.timedelta(days=1))
    series = book_series(
        organization=bookable.organization,
        patient=patient,
        appointment_type=bookable.appointment_type,
        practitioner=bookable.practitioner,
        location=bookable.location,
        start=MONDAY,
        rule=Rule("weekly", count=3),
        actor=SYSTEM,
    )
    visit = series.appointments.select_related("location").earliest("start")
    answers = {"scope": "following", "day": "2026-11-24", "time": "09:00", "practitioner": visit.practitioner_id}
    moved = reschedule_appointment(appointment=visit, start=MONDAY + dt.timedelta(hours=2), actor=SYSTEM)
    answer = desk_client.post(
        f"/appointments/{visit.pk}/series/move/", {**answers, "version": visit.version}, headers=HTMX
    )
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Somebody moved this visit" in text
    assert "Monday 23 November, 11:00" in text
    assert f'name="version" value="{moved.version}"' in text


@pytest.mark.parametrize("path", ["book/", "series/new/", "{visit}/reschedule/", "{visit}/cancel/"])
def test_a_refused_page_is_swapped_in_place_and_leaves_no_post_in_the_history(
    desk_client: Client, visit: Appointment, path: str
) -> None:
    address = "/appointments/" + path.format(visit=visit.pk)
    shown = desk_client.get(address).content.decode()
    form_id = re.search(rf'<form [^>]*id="([\w-]+)"[^>]*hx-post="{address}"', shown).group(1)
    assert f'hx-target="this" hx-select="#{form_id}"' in shown
    refused = desk_client.post(address, {}, headers={**HTMX, "HX-Target": form_id})
    assert refused.status_code == 422
    assert f'id="{form_id}"' in refused.content.decode()
    assert 'hx-target="this"' in refused.content.decode()


def test_a_page_that_succeeds_leads_to_the_visit(desk_client: Client, visit: Appointment) -> None:
    page = {**HTMX, "HX-Target": "cancel-form"}
    answer = desk_client.post(f"/appointments/{visit.pk}/cancel/", form(visit), headers=page)
    assert answer.headers["HX-Redirect"] == f"/appointments/{visit.pk}/"
