"""Merging two records of one person: what moves, what is chosen, what is refused."""

from __future__ import annotations

import datetime as dt

import pytest
from django.apps import apps as installed
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from apps.appointments.models import Appointment, OnlineBookingBlock, WaitlistEntry
from apps.core.actors import SYSTEM
from apps.core.errors import Conflict, InvalidInput, NotAllowed, StaleVersion
from apps.events.models import Event
from apps.events.selectors import patient_timeline
from apps.journeys.services import start_journey
from apps.organizations.permissions import PERMISSIONS_OF, Permission, Role
from apps.organizations.services import actor_for_membership
from apps.patients import services
from apps.patients.merging.fields import Own
from apps.patients.merging.preview import preview_merge
from apps.patients.merging.references import LEFT_OUT, all_references, followed, references
from apps.patients.merging.rules import rule_of, unique_with
from apps.patients.models import Consent, ContactPoint, Merge, MergeRow, Patient
from apps.patients.selectors import household, patients_with_address, search_patients
from tests.fixtures.anything import any_row
from tests.fixtures.appointments import AppointmentFactory, OnlineBookingBlockFactory, WaitlistEntryFactory
from tests.fixtures.journeys import make_journey
from tests.fixtures.organizations import MembershipFactory
from tests.fixtures.patients import ConsentFactory, ContactPointFactory, PatientFactory
from tests.fixtures.shared import MONDAY

pytestmark = pytest.mark.django_db
LONG_AGO = dt.datetime(2026, 1, 5, 15, tzinfo=dt.UTC)


@pytest.fixture
def double(organization, patient) -> Patient:
    """A second record of the same Ana López, without addresses."""
    return PatientFactory(organization=organization, given_name="Ana", family_name="Lopez")


def merge(survivor, duplicate, fields=None, **more) -> Merge:
    return services.merge_patients(survivor=survivor, duplicate=duplicate, fields=fields, **{"actor": SYSTEM, **more})


def again(row):
    return type(row).objects.get(pk=row.pk)


class TestEveryTable:
    def test_each_foreign_key_to_a_patient_is_repointed_or_left_out_with_a_reason(self):
        known = {(reference.label, reference.field.name) for reference in references()} | LEFT_OUT.keys()
        found = {
            (model._meta.label, field.name)
            for model in installed.get_models(include_auto_created=True)
            for field in model._meta.get_fields()
            if getattr(field, "many_to_one", False) or getattr(field, "one_to_one", False)
            if field.concrete and field.related_model is Patient
        }
        assert known == found
        assert all(reason.strip() for reason in LEFT_OUT.values())

    @pytest.mark.parametrize("reference", references(), ids=lambda r: f"{r.label}.{r.field.name}")
    def test_a_row_of_the_duplicate_becomes_the_survivors_and_is_recorded(self, organization, reference):
        survivor, duplicate = PatientFactory(organization=organization), PatientFactory(organization=organization)
        row = any_row(reference.model, organization)
        reference.model._default_manager.filter(pk=row.pk).update(
            **{reference.field.name: duplicate.pk}
            | ({"archived_at": LONG_AGO} if reference.model is Patient else {})
        )
        done = merge(survivor, duplicate)
        assert getattr(again(row), reference.field.attname) == survivor.pk
        recorded = done.rows.get(row_id=row.pk, kind="repointed")
        assert (recorded.model, recorded.field) == (reference.label, reference.field.column)
        assert (recorded.before, recorded.after) == (str(duplicate.pk), str(survivor.pk))

    @pytest.mark.parametrize("reference", references(), ids=lambda r: f"{r.label}.{r.field.name}")
    def test_where_two_rows_can_not_stand_side_by_side_a_rule_says_what_happens(self, reference):
        rule = rule_of(reference.model)
        for constraint in unique_with(reference):
            says_more = len(constraint.fields) > 1 and not reference.model._meta.related_objects
            assert rule.settle is not None or says_more, f"{constraint.name} needs a rule of its table"

    def test_no_foreign_key_to_a_patient_is_one_to_one(self):
        """Such a table would have room for one of the two rows only, and no named constraint."""
        assert [r.label for r in all_references() if isinstance(r.field, models.OneToOneField)] == []

    @pytest.mark.parametrize("reference", followed(), ids=lambda r: f"{r.label}.{r.field.name}")
    def test_a_row_written_for_a_merged_patient_lands_on_the_survivor(self, organization, reference):
        survivor, duplicate = PatientFactory(organization=organization), PatientFactory(organization=organization)
        row = any_row(reference.model, organization)
        merge(survivor, duplicate)
        reference.model._default_manager.filter(pk=row.pk).update(**{reference.field.name: duplicate.pk})
        assert getattr(again(row), reference.field.attname) == survivor.pk
