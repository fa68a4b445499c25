"""Rows of several tables by one statement: what comes back is what each query alone would give."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from apps.core.together import moment, read_together
from apps.patients.models import Address, ContactPoint, DuplicateCandidate, Patient
from tests.fixtures.duplicates import DuplicateCandidateFactory
from tests.fixtures.patients import AddressFactory, ContactPointFactory

pytestmark = pytest.mark.django_db
VERIFIED = dt.datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=dt.UTC)


def fields_of(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_objects_are_as_their_own_query_gives_them_in_its_order(organization, patient):
    for value in ("+14155550102", "+14155550101"):
        ContactPointFactory(organization=organization, patient=patient, value=value, verified_at=VERIFIED)
    AddressFactory(organization=organization, patient=patient, lines=["1 Elm “Street”"])
    DuplicateCandidateFactory(organization=organization)
    asked = [
        ContactPoint.objects.order_by("value"),
        Address.objects.all(),
        DuplicateCandidate.objects.all(),
        Patient.objects.order_by("-number"),
    ]
    with CaptureQueriesContext(connection) as caught:
        found = read_together(*asked)
    assert len(caught.captured_queries) == 1
    assert [[fields_of(row) for row in rows] for rows in found] == [[fields_of(row) for row in rows] for rows in asked]


def test_values_are_as_json_has_them(organization, patient):
    ContactPointFactory(organization=organization, patient=patient, verified_at=VERIFIED)
    rows = ContactPoint.objects.filter(verified_at__isnull=False).values(
        "verified_at", "patient", name=F("patient__given_name")
    )
    assert [(moment(row["verified_at"]), row["patient"], row["name"]) for row in read_together(rows)[0]] == [
        (VERIFIED, str(patient.pk), patient.given_name)
    ]


def test_a_query_for_nothing_gives_nothing_and_shifts_nobody(patient):
    assert read_together() == []
    none, some, empty = read_together(Patient.objects.none(), Patient.objects.all(), Address.objects.all())
    assert (none, [row.pk for row in some], empty) == ([], [patient.pk], [])
