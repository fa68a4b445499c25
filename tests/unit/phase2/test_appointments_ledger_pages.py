"""The messages of a visit, as a receptionist acts on them: send again what did not arrive, take back what is planned."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from apps.appointments.models import Appointment
from apps.communications.models import Category, Communication, Status
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.shared import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def message(appointment: Appointment, status: str, **fields: Any) -> Communication:
    return CommunicationFactory(
        **{
            "organization": appointment.organization,
            "patient": appointment.patient,
            "to_address": "+14155550142",
            "category": Category.REMINDER,
            "status": status,
            "context_type": "appointments.Appointment",
            "context_id": appointment.pk,
            "due_at": timezone.now() + dt.timedelta(hours=1),
            **fields,
        }
    )


def path(row: Communication, step: str) -> str:
    return f"/appointments/{row.context_id}/messages/{row.pk}/{step}/"


def page_of(client: Any, appointment: Appointment) -> str:
    return client.get(f"/appointments/{appointment.pk}/").content.decode()


@pytest.mark.parametrize("status", [Status.FAILED, Status.UNDELIVERED, Status.AMBIGUOUS])
def test_a_message_that_did_not_arrive_is_sent_again_once(desk_client, appointment, status):
    row = message(appointment, status)
    assert path(row, "again") in page_of(desk_client, appointment)
    answer = desk_client.post(path(row, "again"))
    assert "Reminder planned again" in answer["HX-Trigger"]
    assert Communication.objects.exclude(pk=row.pk).get().is_open
    assert "/again/" not in page_of(desk_client, appointment)
    desk_client.post(path(row, "again"))
    assert Communication.objects.count() == 2


def test_what_failed_a_second_time_may_be_sent_again(desk_client, appointment):
    row = message(appointment, Status.FAILED)
    desk_client.post(path(row, "again"))
    second = Communication.objects.exclude(pk=row.pk).get()
    Communication.objects.filter(pk=second.pk).update(status=Status.FAILED)
    page = page_of(desk_client, appointment)
    assert path(second, "again") in page
    assert path(row, "again") not in page


@pytest.mark.parametrize("status", [Status.SENT, Status.DELIVERED, Status.READ, Status.CANCELLED, Status.SCHEDULED])
def test_what_arrived_or_was_not_meant_to_go_has_no_such_button(desk_client, appointment, status):
    message(appointment, status)
    assert "/again/" not in page_of(desk_client, appointment)


def test_a_planned_message_is_taken_back_and_the_ledger_names_who_did(desk_client, appointment, front_desk):
    row = message(appointment, Status.SCHEDULED)
    assert path(row, "cancel") in page_of(desk_client, appointment)
    assert desk_client.post(path(row, "cancel")).status_code == 204
    row.refresh_from_db()
    assert (row.status, row.reason) == (Status.CANCELLED, f"Cancelled by {front_desk.user}.")
    assert "/cancel/" not in page_of(desk_client, appointment).split("History")[0]


def test_a_message_on_its_way_is_not_taken_back(desk_client, appointment):
    row = message(appointment, Status.SENT)
    assert desk_client.post(path(row, "cancel")).status_code == 409


def test_a_message_about_something_else_is_not_found(desk_client, appointment):
    row = message(appointment, Status.FAILED, context_id=appointment.patient_id)
    assert desk_client.post(f"/appointments/{appointment.pk}/messages/{row.pk}/again/").status_code == 404


def test_who_only_looks_sees_no_buttons(appointment, auditor):
    message(appointment, Status.FAILED)
    message(appointment, Status.SCHEDULED)
    page = page_of(client_for(auditor), appointment)
    assert "Reminder" in page
    assert "/messages/" not in page
