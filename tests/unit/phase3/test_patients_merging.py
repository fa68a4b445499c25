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
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from apps.events.selectors import patient_timeline
from apps.journeys.services import start_journey
from apps.organizations.permissions import PERMISSIONS_OF, Permission, Role
from apps.organizations.services import actor_for_membership
from apps.patients import services
from apps.patients.dates import PartialDate
from apps.patients.merging.fields import Own
from apps.patients.merging.preview import preview_merge
from apps.patients.merging.references import LEFT_OUT, followed, references
from apps.patients.merging.rules import rule_of, unique_with
from apps.patients.models import Consent, ContactPoint, Merge, MergeRow, Patient
from apps.patients.selectors import household, patients_with_address, search_patients
from tests.fixtures.anything import any_row
from tests.fixtures.appointments import AppointmentFactory, OnlineBookingBlockFactory, WaitlistEntryFactory
from tests.fixtures.journeys import make_journey
from tests.fixtures.organizations import MembershipFactory
from tests.fixtures.patients import (
    AddressFactory,
    ConsentFactory,
    ContactPointFactory,
    IdentifierFactory,
    PatientFactory,
    RelatedPersonFactory,
)
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
            **{reference.field.name: duplicate.pk} | ({"archived_at": LONG_AGO} if reference.model is Patient else {})
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

    def test_no_foreign_key_that_is_repointed_is_one_to_one(self):
        """Such a table would have room for one of the two rows only, and no named constraint."""
        assert [r.label for r in references() if isinstance(r.field, models.OneToOneField)] == []

    @pytest.mark.parametrize("reference", followed(), ids=lambda r: f"{r.label}.{r.field.name}")
    def test_a_row_written_for_a_merged_patient_lands_on_the_survivor(self, organization, reference):
        survivor, duplicate = PatientFactory(organization=organization), PatientFactory(organization=organization)
        row = any_row(reference.model, organization)
        merge(survivor, duplicate)
        reference.model._default_manager.filter(pk=row.pk).update(**{reference.field.name: duplicate.pk})
        assert getattr(again(row), reference.field.attname) == survivor.pk


class TestFields:
    def test_the_chosen_values_are_the_survivors(self, organization):
        survivor = PatientFactory(organization=organization, given_name="Ana", note="Left knee", tags=["a"])
        duplicate = PatientFactory(organization=organization, given_name="Anna", note="Right knee", tags=["b", "a"])
        choices = {"given_name": "duplicate", "note": "both", "tags": "both", "preferred_name": Own("  Annie ")}
        done = merge(survivor, duplicate, choices)
        survivor = again(survivor)
        assert (survivor.given_name, survivor.preferred_name) == ("Anna", "Annie")
        assert (survivor.note, survivor.tags) == ("Left knee\n\nRight knee", ["a", "b"])
        assert done.fields["preferred_name"] == "value"

    def test_what_is_not_chosen_is_what_is_known_then_what_was_set_later(self, organization, actor):
        survivor = PatientFactory(organization=organization, sex="unknown", gender_identity="woman", birth_date=None)
        duplicate = PatientFactory(
            organization=organization, sex="female", gender_identity="female", preferred_name="Lo"
        )
        services.update_patient(patient=duplicate, changes={"gender_identity": "trans woman"}, actor=actor)
        merge(survivor, duplicate)
        survivor = again(survivor)
        assert (survivor.sex, survivor.gender_identity, survivor.preferred_name) == ("female", "trans woman", "Lo")
        assert survivor.birth_date == duplicate.birth_date

    def test_a_name_stays_unless_the_others_was_corrected_later(self, organization, actor):
        survivor = PatientFactory(organization=organization, given_name="Ana", family_name="Lopes")
        duplicate = PatientFactory(organization=organization, given_name="Anna", family_name="Lopez")
        services.update_patient(patient=duplicate, changes={"family_name": "López"}, actor=actor)
        merge(survivor, duplicate)
        assert again(survivor).full_name == "Ana López"

    def test_a_newer_value_of_the_survivor_stays(self, organization, actor):
        survivor = PatientFactory(organization=organization, gender_identity="woman")
        duplicate = PatientFactory(organization=organization, gender_identity="female")
        services.update_patient(patient=survivor, changes={"gender_identity": "a woman"}, actor=actor)
        merge(survivor, duplicate)
        assert again(survivor).gender_identity == "a woman"

    @pytest.mark.parametrize(
        ("fields", "refused"),
        [
            ({"shoe_size": "duplicate"}, {"shoe_size": ["There is no such field."]}),
            ({"sex": "both"}, {"sex": ["Choose one of: survivor, duplicate."]}),
            ({"language": Own("Klingon!")}, {"language": ["Use a language code such as en, es or hi."]}),
            (
                {"phones": Own(["1"])},
                {"phones": ["Both records' stay; say whose come first: survivor or duplicate."]},
            ),
            (
                {"given_name": Own(""), "family_name": Own("")},
                {"given_name": ["Choose a given name or a family name."]},
            ),
        ],
    )
    def test_a_choice_that_can_not_be_names_its_field_and_changes_nothing(self, patient, double, fields, refused):
        with pytest.raises(InvalidInput) as refusal:
            merge(patient, double, fields)
        assert refusal.value.errors == refused
        assert not Merge.objects.exists()

    def test_of_addresses_both_stay_and_the_choice_says_whose_are_tried_first(self, organization, patient, double):
        theirs = ContactPointFactory(organization=organization, patient=double, value="+14155550199")
        equal = ContactPointFactory(
            organization=organization, patient=double, value="+14155550142", rank=2, verified_at=LONG_AGO
        )
        done = merge(patient, double, {"phones": "duplicate"})
        phones = patient.contact_points.filter(system="phone").values_list("value", "rank", "verified_at")
        assert list(phones) == [("+14155550199", 1, None), ("+14155550142", 2, LONG_AGO)]
        assert done.rows.get(kind="dropped").row_id == equal.pk
        assert again(theirs).patient_id == patient.pk

    def test_a_birth_date_comes_with_what_is_known_of_it(self, organization):
        survivor = PatientFactory(organization=organization, birth_date=None)
        duplicate = PatientFactory(organization=organization, birth_date=dt.date(1984, 1, 1), birth_precision="year")
        merge(survivor, duplicate)
        assert again(survivor).born == PartialDate.fromisoformat("1984")

    def test_of_equal_addresses_one_stays_and_the_chosen_records_come_first(self, organization, patient, double):
        for one, streets in ((patient, ["Old Road 1", "Both Street 3"]), (double, ["Both Street 3", "New Road 2"])):
            for rank, street in enumerate(streets, start=1):
                AddressFactory(organization=organization, patient=one, lines=[street], rank=rank)
        merge(patient, double, {"addresses": "duplicate"})
        lines = patient.addresses.order_by("rank").values_list("lines", flat=True)
        assert [line for (line,) in lines] == ["Both Street 3", "New Road 2", "Old Road 1"]

    def test_nobody_becomes_a_relative_of_themselves(self, organization, patient, double):
        mine = RelatedPersonFactory(organization=organization, patient=patient, linked_patient=double)
        theirs = RelatedPersonFactory(organization=organization, patient=double, linked_patient=patient)
        seen = preview_merge(survivor=patient, duplicate=double, actor=SYSTEM)
        assert [finding.code for finding in seen.doubts] == ["related", "related"]
        done = merge(patient, double, despite_doubts=True)
        assert {again(row).linked_patient_id for row in (mine, theirs)} == {None}
        services.unmerge(merge=done, actor=SYSTEM)
        assert (again(mine).linked_patient_id, again(theirs).linked_patient_id) == (double.pk, patient.pk)

    def test_two_numbers_of_one_kind_are_a_doubt(self, organization, patient, double, actor):
        for one in (patient, double):
            IdentifierFactory(organization=organization, patient=one, system="passport")
        seen = preview_merge(survivor=patient, duplicate=double, actor=actor)
        assert [finding.code for finding in seen.doubts] == ["identifiers_differ"]

    def test_a_year_does_not_speak_against_a_day_of_it(self, organization, actor):
        one = PatientFactory(organization=organization, given_name="Ana", family_name="Vega")
        other = PatientFactory(
            organization=organization,
            given_name="Ana",
            family_name="Vega",
            birth_date=dt.date(1978, 1, 1),
            birth_precision="year",
        )
        assert preview_merge(survivor=one, duplicate=other, actor=actor).doubts == []

    def test_the_survivor_is_found_by_the_duplicates_phone(self, organization, patient, double):
        ContactPointFactory(organization=organization, patient=double, value="+14155550199")
        merge(patient, double)
        assert [m.patient for m in search_patients(organization=organization, text="555 0199")] == [patient]


class TestConsents:
    @pytest.mark.parametrize("mine", ["active", "withdrawn"])
    @pytest.mark.parametrize("theirs", ["active", "withdrawn"])
    @pytest.mark.parametrize("later", ["mine", "theirs"])
    def test_a_no_is_never_lost(self, organization, patient, double, mine, theirs, later):
        day = dt.timedelta(days=1 if later == "theirs" else -1)
        ConsentFactory(organization=organization, patient=patient, purpose="sms", status=mine, decided_at=LONG_AGO)
        ConsentFactory(
            organization=organization, patient=double, purpose="sms", status=theirs, decided_at=LONG_AGO + day
        )
        merge(patient, double)
        expected = "withdrawn" if "withdrawn" in (mine, theirs) else "active"
        assert Consent.objects.get(patient=patient, purpose="sms").status == expected
        assert not Consent.objects.filter(patient=double).exists()

    def test_of_two_equal_answers_the_later_one_stays(self, organization, patient, double):
        ConsentFactory(organization=organization, patient=patient, purpose="sms", status="active", decided_at=LONG_AGO)
        later = ConsentFactory(organization=organization, patient=double, purpose="sms", status="active")
        merge(patient, double)
        assert patient.consents.get(purpose="sms") == later


class TestTheDuplicate:
    def test_it_is_archived_and_leads_to_the_survivor(self, patient, double):
        merge(patient, double)
        double = again(double)
        assert double.merged_into_id == patient.pk
        assert double.archived_at is not None

    def test_its_record_number_finds_the_survivor(self, organization, patient, double):
        merge(patient, double)
        for text in (double.record_number, f"#{double.number}"):
            (found,) = search_patients(organization=organization, text=text)
            assert (found.patient, found.reason) == (patient, f"merged from record number {double.record_number}")

    def test_its_name_and_address_no_longer_find_it(self, organization, patient, double):
        ContactPointFactory(organization=organization, patient=double, value="+14155550199")
        merge(patient, double)
        assert double not in [m.patient for m in search_patients(organization=organization, text="Lopez")]
        found = patients_with_address(organization=organization, system="phone", value="+14155550199")
        assert found == [patient]
        assert household(patient=patient) == []

    def test_nothing_is_changed_in_it_any_more(self, patient, double, actor):
        merge(patient, double)
        refused = 0
        for act in (
            lambda: services.update_patient(patient=double, changes={"note": "x"}, actor=actor),
            lambda: services.restore_patient(patient=double, actor=actor),
            lambda: services.add_contact_point(patient=double, system="email", value="a@b.org", actor=actor),
            lambda: services.set_consent(patient=double, purpose="sms", status="active", source="x", actor=actor),
        ):
            with pytest.raises(Conflict) as refusal:
                act()
            assert refusal.value.code == "merged"
            assert refusal.value.extra == {"merged_into": str(patient.pk)}
            refused += 1
        assert refused == 4

    def test_the_database_refuses_a_merged_record_that_is_not_archived(self, patient, double):
        merge(patient, double)
        with pytest.raises(Exception, match="patient_merged_is_archived"):
            Patient.objects.filter(pk=double.pk).update(archived_at=None)


class TestHistory:
    def test_events_keep_the_id_they_happened_to_and_show_in_the_survivors_timeline(self, organization, actor):
        survivor = services.create_patient(organization=organization, given_name="Ana", actor=actor)
        duplicate = services.create_patient(organization=organization, given_name="Anna", note="Left knee", actor=actor)
        done = merge(survivor, duplicate, actor=actor)
        assert Event.objects.filter(patient_id=duplicate.pk).count() == 1
        entries = patient_timeline(organization=organization, patient_id=survivor.pk, merged_ids=[duplicate.pk])
        assert [(entry.type, entry.on_merged) for entry in entries] == [
            ("patient.merged", False),
            ("patient.created", True),
            ("patient.created", False),
        ]
        event = Event.objects.get(type="patient.merged")
        assert event.changes["note"] == ["", "Left knee"]
        assert (event.patient_id, event.payload["merge_id"]) == (survivor.pk, str(done.pk))

    def test_api_shows_events_and_looks_of_both(self, api_client, patient, double, actor):
        services.update_patient(patient=double, changes={"note": "x"}, actor=actor)
        api_client.get(f"/api/v1/patients/{double.pk}/")
        merge(patient, double)
        events = api_client.get(f"/api/v1/events/?patient={patient.pk}&type=patient.updated").json()["results"]
        assert [event["patient"] for event in events] == [str(double.pk)]
        looks = api_client.get(f"/api/v1/audit/access/?patient={patient.pk}").json()["results"]
        assert str(double.pk) in {look["patient"] for look in looks}


class TestRefusals:
    def test_a_record_is_not_merged_with_itself(self, patient):
        with pytest.raises(InvalidInput) as refusal:
            merge(patient, patient)
        assert list(refusal.value.errors) == ["duplicate"]

    def test_nor_with_one_of_another_clinic(self, patient, foreign_patient):
        with pytest.raises(InvalidInput):
            merge(patient, foreign_patient)

    def test_nor_twice(self, organization, patient, double):
        merge(patient, double)
        for survivor, duplicate in (
            (patient, double),
            (double, patient),
            (PatientFactory(organization=organization), double),
        ):
            with pytest.raises(Conflict) as refusal:
                merge(survivor, duplicate)
            assert refusal.value.code == "merge_blocked"
            assert [finding["code"] for finding in refusal.value.extra["findings"]] == ["already_merged"]

    def test_nor_into_an_archived_one(self, patient, double, actor):
        services.archive_patient(patient=patient, actor=actor)
        with pytest.raises(Conflict, match="Restore the record first"):
            merge(patient, double)

    def test_nor_when_somebody_saved_one_since(self, patient, double, actor):
        read = double.version
        services.update_patient(patient=double, changes={"note": "New"}, actor=actor)
        with pytest.raises(StaleVersion) as refusal:
            merge(patient, double, survivor_version=patient.version, duplicate_version=read)
        assert refusal.value.extra["current"] == read + 1

    @pytest.mark.parametrize("role", Role.values)
    def test_only_roles_that_may_merge_do(self, organization, patient, double, role):
        somebody = actor_for_membership(MembershipFactory(organization=organization, role=role))
        if Permission.PATIENTS_MERGE in PERMISSIONS_OF[role]:
            assert merge(patient, double, actor=somebody).actor_id == somebody.id
        else:
            with pytest.raises(NotAllowed):
                merge(patient, double, actor=somebody)


class TestVisits:
    def visit(self, bookable, patient, start=MONDAY, **more) -> Appointment:
        return AppointmentFactory(
            organization=bookable.organization,
            patient=patient,
            location=bookable.location,
            appointment_type=bookable.appointment_type,
            start=start,
            **more,
        )

    def test_two_coming_visits_at_one_time_are_settled_first(self, bookable, patient, double):
        start = dt.datetime.now(dt.UTC) + dt.timedelta(days=3)
        self.visit(bookable, patient, start)
        self.visit(bookable, double, start + dt.timedelta(minutes=10))
        with pytest.raises(Conflict) as refusal:
            merge(patient, double)
        assert [finding["code"] for finding in refusal.value.extra["findings"]] == ["visits_overlap"]
        assert "Cancel or move one of them first" in refusal.value.message

    def test_a_past_visit_written_down_twice_counts_once(self, bookable, patient, double):
        mine = self.visit(bookable, patient, LONG_AGO, status="booked")
        theirs = self.visit(bookable, double, LONG_AGO, status="fulfilled")
        merge(patient, double)
        assert (again(mine).status, again(mine).cancel_reason) == ("cancelled", "mistake")
        assert (again(theirs).status, again(theirs).patient_id) == ("fulfilled", patient.pk)

    def test_a_hold_in_the_way_is_let_go_of(self, bookable, patient, double):
        start = dt.datetime.now(dt.UTC) + dt.timedelta(days=3)
        mine = self.visit(bookable, patient, start)
        hold = self.visit(bookable, double, start, status="held", held_until=start)
        merge(patient, double)
        assert (again(hold).patient_id, again(mine).patient_id) == (None, patient.pk)


class TestOtherTables:
    def test_of_two_waits_for_one_type_the_longer_one_goes_on(self, bookable, patient, double):
        entries = [
            WaitlistEntryFactory(
                organization=bookable.organization, patient=one, appointment_type=bookable.appointment_type
            )
            for one in (double, patient)
        ]
        merge(patient, double)
        assert [again(entry).status for entry in entries] == ["waiting", "removed"]
        assert {again(entry).patient_id for entry in entries} == {patient.pk}

    def test_an_offer_in_the_hands_of_both_is_settled_first(self, bookable, patient, double):
        for one in (patient, double):
            WaitlistEntryFactory(
                organization=bookable.organization,
                patient=one,
                appointment_type=bookable.appointment_type,
                status="offered",
            )
        with pytest.raises(Conflict, match="just offered a time"):
            merge(patient, double)
        assert set(WaitlistEntry.objects.values_list("status", flat=True)) == {"offered"}

    def test_a_booking_block_counts_for_both_once(self, organization, patient, double):
        for one in (patient, double):
            OnlineBookingBlockFactory(organization=organization, patient=one)
        merge(patient, double)
        assert OnlineBookingBlock.objects.get(lifted_at__isnull=True).patient_id == patient.pk

    def test_of_two_runs_of_one_journey_the_survivors_goes_on(self, organization, patient, double):
        journey = make_journey(organization)
        mine, theirs = (start_journey(definition=journey, patient=one, actor=SYSTEM) for one in (patient, double))
        merge(patient, double)
        assert (again(mine).status, again(theirs).status) == ("active", "cancelled")


class TestPreview:
    def test_it_says_what_moves_and_what_to_know_and_changes_nothing(self, bookable, patient, double, actor):
        organization = bookable.organization
        Patient.objects.filter(pk=double.pk).update(birth_date=dt.date(1987, 3, 14), sex="male")
        Patient.objects.filter(pk=patient.pk).update(sex="female")
        AppointmentFactory(organization=organization, patient=double)
        ConsentFactory(organization=organization, patient=double, purpose="sms", status="withdrawn")
        seen = preview_merge(survivor=again(patient), duplicate=again(double), actor=actor)
        assert seen.moves == ["1 consent", "1 visit"]
        assert [finding.code for finding in seen.findings] == ["birth_dates_differ", "sexes_differ", "opted_out"]
        assert [field.name for field in seen.differing] == ["family_name", "birth_date", "sex", "phones", "emails"]
        assert not MergeRow.objects.exists()

    def test_twins_are_noticed(self, organization, actor):
        one = PatientFactory(organization=organization, given_name="Lucía", family_name="Vega")
        other = PatientFactory(organization=organization, given_name="Martina", family_name="Vega")
        seen = preview_merge(survivor=one, duplicate=other, actor=actor)
        assert [finding.code for finding in seen.doubts] == ["may_be_twins"]

    @pytest.mark.parametrize("born", [None, dt.date(1978, 3, 14)])
    def test_other_given_names_are_noticed_whatever_the_birth_date(self, organization, actor, born):
        one = PatientFactory(organization=organization, given_name="Wang", birth_date=born)
        other = PatientFactory(organization=organization, given_name="Maximiliana", birth_date=born)
        seen = preview_merge(survivor=one, duplicate=other, actor=actor)
        assert [finding.code for finding in seen.doubts] == ["names_differ"]

    def test_an_overlap_that_blocks_stands_first_and_leads_to_the_visit(self, organization, patient, double, actor):
        start = dt.datetime.now(dt.UTC) + dt.timedelta(days=3)
        visits = [AppointmentFactory(organization=organization, patient=one, start=start) for one in (patient, double)]
        Patient.objects.filter(pk=double.pk).update(birth_date=None)
        seen = preview_merge(survivor=patient, duplicate=again(double), actor=actor)
        assert [finding.code for finding in seen.blocking] == ["visits_overlap"]
        assert str(visits[1].pk) in seen.findings[0].url


def statements(survivor, duplicate) -> int:
    with CaptureQueriesContext(connection) as caught:
        merge(survivor, duplicate)
    return len(caught.captured_queries)


def test_a_merge_asks_the_same_number_of_questions_for_one_row_and_for_many(organization, patient, double):
    def fill(one: Patient, number: int) -> None:
        for index in range(number):
            ContactPointFactory(organization=organization, patient=one)
            start = LONG_AGO + dt.timedelta(days=index)
            AppointmentFactory(organization=organization, patient=one, start=start)

    other, third = PatientFactory(organization=organization), PatientFactory(organization=organization)
    fill(double, 1)
    few = statements(patient, double)
    fill(other, 20)
    assert statements(third, other) == few


def test_the_rows_of_a_merge_are_the_clinics_own(organization, other_organization, patient, double):
    merge(patient, double)
    with organization_scope(other_organization.pk):
        assert not MergeRow.objects.exists()
        assert not Merge.objects.exists()
    assert ContactPoint.objects.filter(patient=patient).exists()
