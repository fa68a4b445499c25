"""Archiving somebody who is expected, and booking for somebody who is archived."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from apps.appointments.models import Appointment, Status
from apps.patients import services
from tests.fixtures.appointments import AppointmentFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def visit(patient) -> Appointment:
    return AppointmentFactory(organization=patient.organization, patient=patient)


@pytest.fixture
def archived(patient, actor):
    return services.archive_patient(patient=patient, actor=actor)


def test_archiving_asks_about_coming_visits_and_archives_all_the_same_when_told_to(desk_client, patient, visit):
    AppointmentFactory(organization=patient.organization, patient=patient, status=Status.CANCELLED)
    url = reverse("patients:archive", args=[patient.pk])
    asked = desk_client.post(url, headers=HTMX)
    text = asked.content.decode()
    assert asked.headers["HX-Retarget"] == "#modal"
    assert "1 coming visit: cancel it first, or archive all the same and keep it" in text
    assert reverse("appointments:detail", args=[visit.pk]) in text
    patient.refresh_from_db()
    assert patient.archived_at is None

    told = desk_client.post(url, {"anyway": "1"}, headers=HTMX)
    assert {"modal:close", "toast"} <= set(json.loads(told.headers["HX-Trigger"]))
    patient.refresh_from_db()
    visit.refresh_from_db()
    assert patient.archived_at is not None
    assert visit.status == Status.BOOKED


def test_archiving_somebody_with_no_coming_visit_asks_nothing(desk_client, patient):
    desk_client.post(reverse("patients:archive", args=[patient.pk]), headers=HTMX)
    patient.refresh_from_db()
    assert patient.archived_at is not None


def test_an_archived_record_has_no_button_to_book(desk_client, patient, actor):
    urls = [
        reverse("patients:detail", args=[patient.pk]),
        reverse("patients:head", args=[patient.pk]),
        reverse("appointments:next-for-patient", args=[patient.pk]),
    ]
    book = [reverse("appointments:book-for-patient", args=[patient.pk]), reverse("appointments:book") + "?patient="]
    offers = [any(url in desk_client.get(page).content.decode() for url in book) for page in urls]
    assert offers == [True, True, True]
    services.archive_patient(patient=patient, actor=actor)
    offers = [any(url in desk_client.get(page).content.decode() for url in book) for page in urls]
    assert offers == [False, False, False]


def test_booking_for_an_archived_patient_says_so_and_offers_to_restore(desk_client, bookable, archived):
    restore = reverse("patients:restore", args=[archived.pk])
    shown = desk_client.get(reverse("appointments:book-for-patient", args=[archived.pk]), headers=HTMX)
    data = {
        "patient": str(archived.pk),
        "appointment_type": str(bookable.appointment_type.pk),
        "practitioner": str(bookable.practitioner.pk),
        "day": "2026-11-23",
        "slot": "own",
        "own_time": "10:00",
        "tell": "0",
    }
    refused = desk_client.post(reverse("appointments:book"), data, headers=HTMX)
    assert (shown.status_code, refused.status_code) == (200, 422)
    for answer in (shown, refused):
        text = answer.content.decode()
        assert "is archived. Restore it to book a visit." in text
        assert restore in text
    assert not Appointment.objects.filter(patient=archived).exists()


def test_a_merged_record_is_not_offered_for_booking(desk_client, patient, archived, actor):
    survivor = services.create_patient(organization=patient.organization, given_name="Ana", actor=actor)
    services.merge_patients(survivor=survivor, duplicate=archived, despite_doubts=True, actor=actor)
    answer = desk_client.get(reverse("appointments:book-for-patient", args=[archived.pk]), headers=HTMX)
    assert answer.status_code == 404
