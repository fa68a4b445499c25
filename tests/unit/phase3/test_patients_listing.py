"""What a line of the list of patients says."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.patients.dates import BirthPrecision
from apps.patients.listing import Listed, lines_of, list_patients
from apps.patients.models import Patient
from tests.fixtures.patients import ContactPointFactory, PatientFactory

TODAY = dt.date(2026, 11, 27)


def line(patient: Patient, reason: str = ""):
    (only,) = lines_of([(Listed.of(patient), reason)], today=TODAY, country="US")
    return only


def test_a_line_has_the_words_that_the_list_shows(organization):
    patient = PatientFactory(
        organization=organization,
        given_name="Ana",
        family_name="López",
        birth_date=dt.date(1984, 3, 14),
        language="es",
        alerts=["needs ramp", "interpreter"],
        tags=["diabetes"],
    )
    ContactPointFactory(organization=organization, patient=patient, system="email", value="ana@example.org")
    ContactPointFactory(organization=organization, patient=patient, system="phone", value="+12125550142")
    found = line(patient, "phone")
    assert (found.name, found.born, found.age) == ("Ana López", "14 Mar 1984", "42")
    assert (found.phone, found.email, found.language) == ("(212) 555-0142", "ana@example.org", "Spanish")
    assert (found.alerts, found.tags, found.reason) == ("needs ramp, interpreter", "diabetes", "phone")
    assert found.number == patient.record_number


def test_what_is_not_known_is_empty(organization):
    found = line(PatientFactory(organization=organization, birth_date=None))
    assert (found.born, found.age, found.phone, found.email, found.alerts) == ("", "", "", "", "")


def test_a_birth_date_goes_as_far_as_it_is_known(organization):
    patient = PatientFactory(
        organization=organization, birth_date=dt.date(1984, 1, 1), birth_precision=BirthPrecision.YEAR
    )
    assert line(patient).born == "1984"


@pytest.mark.parametrize("field", ["preferred_name", "name_latin", "given_name"])
def test_lines_are_equal_when_they_say_the_same_and_only_then(organization, field):
    patient = PatientFactory(organization=organization)
    before = line(patient)
    assert (line(patient), hash(line(patient))) == (before, hash(before))
    setattr(patient, field, "Somebody")
    assert line(patient) != before


def test_a_page_and_a_search_know_the_same_of_a_person(organization):
    """The page reads values, a search loads records: the address that is tried first is the same one, or none."""
    reached = PatientFactory(organization=organization, family_name="Abel", tags=["diabetes"])
    for rank, system, value in (
        (2, "phone", "+12125550142"),
        (1, "phone", "+12125550143"),
        (3, "email", "a@example.org"),
    ):
        ContactPointFactory(organization=organization, patient=reached, system=system, value=value, rank=rank)
    unreached = PatientFactory(organization=organization, family_name="Baker", birth_date=None)
    page = list_patients(organization=organization)
    assert page.patients == [Listed.of(patient) for patient in (reached, unreached)]
    assert [(one.phone, one.email) for one in page.patients] == [("+12125550143", "a@example.org"), (None, None)]
