"""The appointment book as CSV: what is in it, what is not, who may have it, and what stays behind about that."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tracemalloc

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from apps.appointments.exchange.writing import COLUMNS, write_appointments
from apps.appointments.models import Appointment, Status
from apps.audit.models import AccessRecord
from apps.core.actors import Actor, ActorKind
from apps.core.csv_files import guarded, unguarded
from apps.core.errors import NotAllowed
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.patients import PatientFactory
from tests.fixtures.practitioners import PractitionerFactory
from tests.fixtures.shared import MONDAY

API = "/api/v1/appointments/export/"
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def friday_before():
    with time_machine.travel(MONDAY - 3 * DAY, tick=True):
        yield


def rows_of(answer) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def starts(answer) -> list[str]:
    return [row["start"] for row in rows_of(answer)]


@pytest.fixture
def book(bookable):
    """Return a function that makes a visit so many hours after Monday nine."""

    def make(hours: int = 0, **fields):
        start = MONDAY + hours * HOUR
        given = {
            "organization": bookable.organization,
            "practitioner": bookable.practitioner,
            "location": bookable.location,
            "appointment_type": bookable.appointment_type,
            "start": start,
        }
        return AppointmentFactory(**{**given, **fields})

    return make


class TestContent:
    def test_row_says_everything_about_the_visit(self, api_client, book, patient, room):
        visit = book(
            patient=patient,
            room=room,
            external_id="old-7",
            reason="Cough",
            status=Status.CANCELLED,
            cancelled_at=MONDAY - DAY,
            cancel_reason="patient",
        )
        (row,) = rows_of(api_client.get(API))
        assert list(row) == list(COLUMNS)
        assert row == {
            "id": str(visit.pk),
            "external_id": "old-7",
            "patient_id": str(patient.pk),
            "patient_number": f"{patient.number:06d}",
            "patient_name": "Ana López",
            "practitioner_id": str(visit.practitioner_id),
            "practitioner": "Dr Amara Okonkwo",
            "appointment_type": "Consultation",
            "location": "Harbour Street",
            "room": "Room 2",
            "start": "2026-11-23T09:00:00-05:00",
            "end": "2026-11-23T09:30:00-05:00",
            "status": "cancelled",
            "source": "staff",
            "reason": "Cough",
            "created_at": visit.created_at.astimezone(visit.location.zone).isoformat(timespec="seconds"),
            "cancelled_at": "2026-11-22T09:00:00-05:00",
            "cancel_reason": "patient",
        }

    def test_rows_stand_in_order_of_time_on_the_clock_of_their_location(self, api_client, book, organization):
        tokyo = LocationFactory(organization=organization, timezone="Asia/Tokyo")
        book(5)
        book(1, location=tokyo)
        assert starts(api_client.get(API)) == ["2026-11-24T00:00:00+09:00", "2026-11-23T14:00:00-05:00"]

    def test_holds_are_no_visits(self, api_client, book):
        book(patient=None, status=Status.HELD, held_until=timezone.now() + HOUR)
        assert rows_of(api_client.get(API)) == []

    def test_visits_of_another_clinic_are_not_in_it(self, api_client, book, other_organization):
        book()
        AppointmentFactory(organization=other_organization)
        assert len(rows_of(api_client.get(API))) == 1

    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "  =1"])
    def test_what_looks_like_a_formula_is_written_as_text(self, api_client, book, text):
        book(reason=text)
        (row,) = rows_of(api_client.get(API))
        assert row["reason"] == f"'{text}"
        assert unguarded(row["reason"]) == text

    @pytest.mark.parametrize("text", ["", "Cough", "'quoted'", "5-6 days", "O’Brien"])
    def test_ordinary_text_is_left_alone(self, text):
        assert (guarded(text), unguarded(text)) == (text, text)


class TestFilters:
    def test_api_keeps_what_its_list_keeps(self, api_client, book):
        book(0)
        book(1, status=Status.CANCELLED)
        book(2)
        asked = {"start": "2026-11-23T14:30:00Z", "status": "booked"}
        assert starts(api_client.get(API, asked)) == ["2026-11-23T11:00:00-05:00"]

    def test_filter_that_makes_no_sense_is_refused(self, api_client):
        assert api_client.get(API, {"start": "yesterday"}).status_code == 422

    def test_page_narrows_by_day_on_the_clinic_s_clock(self, desk_client, book):
        book(-10)  # Sunday 23:00 in New York, Monday in UTC
        book(0)
        book(24)
        asked = {"download": "1", "from_day": "2026-11-23", "until_day": "2026-11-23"}
        assert starts(desk_client.get(reverse("appointments:export"), asked)) == ["2026-11-23T09:00:00-05:00"]

    def test_page_narrows_by_person_place_and_status(self, desk_client, book, organization):
        other = PractitionerFactory(organization=organization)
        book(0)
        book(1, practitioner=other)
        book(2, practitioner=other, status=Status.CANCELLED)
        asked = {"download": "1", "practitioner": other.pk, "status": ["cancelled", "noshow"]}
        assert starts(desk_client.get(reverse("appointments:export"), asked)) == ["2026-11-23T11:00:00-05:00"]

    def test_page_begins_with_the_mark_that_excel_needs(self, desk_client, book):
        answer = desk_client.get(reverse("appointments:export"), {"download": "1"})
        assert b"".join(answer.streaming_content).startswith(b"\xef\xbb\xbfid,")
        assert answer["Content-Disposition"] == 'attachment; filename="appointments.csv"'

    @pytest.mark.parametrize(
        ("asked", "field"),
        [
            ({"from_day": "2026-11-24", "until_day": "2026-11-23"}, "until_day"),
            ({"from_day": "soon"}, "from_day"),
            ({"from_day": "0001-01-01"}, "from_day"),
            ({"location": "00000000-0000-0000-0000-000000000000"}, "location"),
            ({"status": "held"}, "status"),
        ],
    )
    def test_wrong_field_is_named(self, desk_client, bookable, asked, field):
        answer = desk_client.get(reverse("appointments:export"), {"download": "1", **asked})
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])

    def test_dialog_asks_first(self, desk_client, bookable):
        answer = desk_client.get(reverse("appointments:export"), headers={"HX-Request": "true"})
        assert (answer.status_code, b"Download CSV" in answer.content) == (200, True)


class TestTraces:
    def test_every_patient_in_the_file_leaves_one_access_record(self, api_client, book, patient, monkeypatch):
        monkeypatch.setattr("apps.appointments.exchange.writing.CHUNK", 1)
        other = PatientFactory(organization=patient.organization)
        book(0, patient=patient)
        book(1, patient=patient)
        book(2, patient=other)
        b"".join(api_client.get(API).streaming_content)
        records = AccessRecord.objects.filter(kind="export", route="api:appointments-export")
        assert sorted(records.values_list("patient_id", flat=True)) == sorted([patient.pk, other.pk])

    def test_whoever_may_not_see_appointments_gets_none(self, organization):
        stranger = Actor(ActorKind.USER)
        with pytest.raises(NotAllowed):
            write_appointments(Appointment.objects.all(), organization=organization, route="x", actor=stranger)


def test_memory_does_not_grow_with_the_number_of_visits(organization, actor, bookable, patient):
    """Three times as many rows take about the same memory: they are read and written a chunk at a time."""

    def peak() -> int:
        tracemalloc.start()
        write_appointments(Appointment.objects.all(), organization=organization, route="x", actor=actor).close()
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    def add(first: int, number: int) -> None:
        Appointment.objects.bulk_create(
            Appointment(
                organization=organization,
                patient=patient,
                practitioner=bookable.practitioner,
                location=bookable.location,
                appointment_type=bookable.appointment_type,
                start=MONDAY + n * HOUR,
                end=MONDAY + n * HOUR + HOUR,
                busy_period=(MONDAY + n * HOUR, MONDAY + n * HOUR + HOUR),
                status=Status.CANCELLED,
                reason="x" * 300,
            )
            for n in range(first, first + number)
        )

    add(0, 4000)
    peak()
    few = peak()
    add(4000, 8000)
    assert peak() < 1.3 * few
