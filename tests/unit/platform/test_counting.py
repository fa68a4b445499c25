"""The numbers of a page: one query for all of them, as many as there are up to a cap."""

from __future__ import annotations

import pytest

from apps.core.counting import Counts, capped, counts_of
from apps.patients.models import Patient
from tests.fixtures.patients import PatientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def patients(organization):
    for number in range(3):
        PatientFactory(organization=organization, language="es" if number == 0 else "en")
    return Patient.objects.for_organization(organization)


def test_all_numbers_asked_for_cost_one_query(patients, django_assert_num_queries):
    counts = Counts()
    everybody, spanish = counts.ask(patients), counts.ask(patients.filter(language="es").order_by("sort_name"))
    with django_assert_num_queries(1):
        assert (everybody(), spanish(), everybody()) == (3, 1, 3)


def test_number_asked_for_after_the_first_was_read_costs_another_query(patients, django_assert_num_queries):
    counts = Counts()
    everybody = counts.ask(patients)
    with django_assert_num_queries(2):
        assert everybody() == 3
        assert counts.ask(patients.filter(language="es"))() == 1


def test_nothing_that_nobody_reads_is_counted(patients, django_assert_num_queries):
    with django_assert_num_queries(0):
        Counts().ask(patients)


def test_count_stops_at_the_cap(patients):
    assert Counts().ask(patients, cap=2)() == 2


def test_condition_that_nothing_can_meet_counts_nothing_and_keeps_the_others_right(patients):
    counts = Counts()
    nobody, everybody = counts.ask(patients.filter(pk__in=[])), counts.ask(patients)
    assert (everybody(), nobody()) == (3, 0)


def test_page_and_frame_share_a_requests_collector(rf):
    request = rf.get("/")
    assert counts_of(request) is counts_of(request)


@pytest.mark.parametrize(("count", "shown"), [(0, "0"), (999, "999"), (1000, "999+")])
def test_number_at_the_cap_says_that_there_are_more(count, shown):
    assert capped(count) == shown
