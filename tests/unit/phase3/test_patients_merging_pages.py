"""The pages of merging: compare, merge, undo from the toast, unmerge behind its report."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.audit.models import AccessRecord
from apps.core.actors import SYSTEM
from apps.patients import services
from apps.patients.models import Merge, Patient
from tests.fixtures.patients import ConsentFactory, ContactPointFactory, PatientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def double(organization) -> Patient:
    return PatientFactory(
        organization=organization, given_name="Anna", family_name="Lopez", note="<b>Left</b> knee", sex="female"
    )


@pytest.fixture
def address(patient, double) -> str:
    return reverse("patients:merge", args=[patient.pk, double.pk])


def again(row):
    return type(row).objects.get(pk=row.pk)


def test_the_page_shows_both_values_of_what_differs_with_the_proposal_taken(desk_client, address, double):
    page = desk_client.get(address).content.decode()
    assert "&lt;b&gt;Left&lt;/b&gt; knee" in page
    assert '<input class="form-check-input" type="radio" name="field_sex" value="duplicate" checked>' in page
    assert 'name="field_birth_date"' not in page
    assert double.record_number in page


def test_a_look_at_the_page_is_a_look_at_both(desk_client, address, patient, double):
    desk_client.get(address)
    seen = set(AccessRecord.objects.filter(route="patients:merge").values_list("patient_id", flat=True))
    assert seen == {patient.pk, double.pk}


def test_merging_leads_to_the_survivor_with_an_undo_that_works(desk_client, address, patient, double):
    answer = desk_client.post(address, {"field_given_name": "duplicate", "field_family_name": "survivor"})
    assert (answer.status_code, answer["Location"]) == (302, reverse("patients:detail", args=[patient.pk]))
    assert again(patient).full_name == "Anna López"
    done = Merge.objects.get()
    undo = reverse("patients:unmerge", args=[done.pk])
    page = desk_client.get(answer["Location"]).content.decode()
    assert f'data-undo-url="{undo}"' in page
    undone = desk_client.post(undo, headers={"HX-Request": "true"})
    assert (undone.status_code, undone["HX-Redirect"]) == (204, answer["Location"])
    assert (again(patient).full_name, again(double).merged_into_id) == ("Ana López", None)


def test_where_it_may_be_two_people_one_says_that_it_was_checked(desk_client, address, double):
    Patient.objects.filter(pk=double.pk).update(birth_date="1990-01-02")
    refused = desk_client.post(address, {"field_given_name": "duplicate"})
    assert refused.status_code == 422
    assert "Check the differences above, then tick this." in refused.content.decode()
    assert 'name="field_given_name" value="duplicate" checked' in refused.content.decode()
    assert not Merge.objects.exists()
    assert desk_client.post(address, {"same_person": "1"}).status_code == 302


def test_somebody_elses_save_meanwhile_shows_the_page_again(desk_client, address, patient, double, actor):
    services.update_patient(patient=double, changes={"note": "Right knee"}, actor=actor)
    answer = desk_client.post(address, {"duplicate_version": "1"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Somebody else saved" in page
    assert "Right knee" in page
    assert 'name="duplicate_version" value="2"' in page


def test_a_merge_of_what_was_merged_already_says_so(desk_client, address, patient, double):
    services.merge_patients(survivor=patient, duplicate=double, actor=SYSTEM)
    page = desk_client.get(address)
    assert f"is a part of {patient.full_name} already." in page.content.decode()
    assert desk_client.post(address).status_code == 422


def test_a_merge_of_what_became_a_part_of_a_third_record_says_so(desk_client, address, organization, double):
    services.merge_patients(survivor=PatientFactory(organization=organization), duplicate=double, actor=SYSTEM)
    assert "was merged into another record already." in desk_client.get(address).content.decode()


def test_the_other_record_is_chosen_in_the_dialog(desk_client, patient, double, address):
    choose = reverse("patients:merge-choose", args=[patient.pk])
    assert "The other record" in desk_client.get(choose).content.decode()
    assert desk_client.post(choose, {"patient": ""}).status_code == 422
    assert "That is this record" in desk_client.post(choose, {"patient": str(patient.pk)}).content.decode()
    assert desk_client.post(choose, {"patient": str(double.pk)})["Location"] == address


class TestAfterwards:
    @pytest.fixture
    def done(self, organization, patient, double) -> Merge:
        ContactPointFactory(organization=organization, patient=double)
        return services.merge_patients(survivor=patient, duplicate=double, actor=SYSTEM)

    def test_the_duplicates_page_leads_to_the_survivors_and_says_so(self, desk_client, patient, double, done):
        answer = desk_client.get(reverse("patients:detail", args=[double.pk]), follow=True)
        assert answer.redirect_chain == [(reverse("patients:detail", args=[patient.pk]), 302)]
        assert "was merged into this record" in answer.content.decode()

    @pytest.mark.parametrize("part", ["head", "details", "timeline", "consents-panel", "edit", "merges"])
    def test_parts_of_a_page_that_was_open_show_the_survivor(self, desk_client, patient, double, done, part):
        answer = desk_client.get(reverse(f"patients:{part}", args=[double.pk]), headers={"HX-Request": "true"})
        assert answer.status_code == 200
        assert str(double.pk) not in answer.content.decode()

    @pytest.mark.parametrize("act", ["archive", "restore"])
    def test_what_is_done_on_a_page_that_was_open_is_refused_with_the_reason(self, desk_client, double, done, act):
        answer = desk_client.post(reverse(f"patients:{act}", args=[double.pk]), headers={"HX-Request": "true"})
        assert answer.status_code == 409
        assert "became a part of another one" in answer["HX-Trigger"]

    def test_the_timeline_has_both_histories(self, desk_client, organization, actor):
        kept, other = (
            services.create_patient(organization=organization, given_name=name, actor=actor) for name in ("Ana", "Anna")
        )
        services.merge_patients(survivor=kept, duplicate=other, actor=actor)
        page = desk_client.get(reverse("patients:detail", args=[kept.pk])).content.decode()
        assert f"Merged record {other.record_number} into this one" in page
        assert page.count("on the record that was merged into this one") == 1

    def test_the_rail_names_merged_records_for_who_may_unmerge(self, desk_client, patient, done):
        page = desk_client.get(reverse("patients:merges", args=[patient.pk])).content.decode()
        assert "Anna Lopez" in page
        assert reverse("patients:unmerge", args=[done.pk]) in page

    def test_a_patient_without_merges_has_no_such_panel(self, desk_client, organization):
        other = PatientFactory(organization=organization)
        assert 'id="merges"' not in desk_client.get(reverse("patients:detail", args=[other.pk])).content.decode()

    def test_unmerging_shows_its_report_first(self, desk_client, organization, patient, double, done, actor):
        services.update_patient(patient=again(patient), changes={"sex": "other"}, actor=actor)
        ConsentFactory(organization=organization, patient=patient, purpose="sms", status="active")
        page = desk_client.get(reverse("patients:unmerge", args=[done.pk])).content.decode()
        assert "1 phone or e-mail" in page
        assert "Sex: changed since the merge, stays as it is." in page
        assert "1 consent" in page
        assert again(double).merged_into_id == patient.pk

    def test_unmerging_does_not_say_that_nothing_changed_where_a_field_did_that_the_merge_left_alone(
        self, desk_client, patient, done, actor
    ):
        services.update_patient(patient=again(patient), changes={"preferred_name": "Annie"}, actor=actor)
        page = desk_client.get(reverse("patients:unmerge", args=[done.pk])).content.decode()
        assert "Nothing that the merge moved was changed since" in page
        assert "both records will be exactly as they were" not in page

    def test_unmerging_twice_says_that_it_was_done(self, desk_client, done):
        url = reverse("patients:unmerge", args=[done.pk])
        assert desk_client.post(url).status_code == 302
        assert "This merge was undone already" in desk_client.get(url).content.decode()
        assert desk_client.post(url, headers={"HX-Request": "true"}).status_code == 409


def test_the_page_asks_the_same_number_of_questions_for_few_rows_and_for_many(desk_client, organization):
    def questions(rows: int) -> int:
        pair = [PatientFactory(organization=organization) for _one in range(2)]
        for patient in pair * rows:
            ContactPointFactory(organization=organization, patient=patient)
        with CaptureQueriesContext(connection) as caught:
            assert desk_client.get(reverse("patients:merge", args=[one.pk for one in pair])).status_code == 200
        return len(caught.captured_queries)

    assert questions(1) == questions(12)


@pytest.mark.django_db
class TestLessToRead:
    def url(self, stays, goes):
        return reverse("patients:merge", args=[stays.pk, goes.pk])

    def test_noes_of_several_purposes_are_one_notice(self, desk_client, organization, patient):
        other = PatientFactory(organization=organization)
        for purpose in ("sms", "whatsapp", "photos"):
            ConsentFactory(organization=organization, patient=other, purpose=purpose, status="withdrawn")
        page = desk_client.get(self.url(patient, other)).content.decode()
        assert page.count("The no will count for both.") == 1
        assert "One record said no to: WhatsApp messages, SMS messages, Photos." in page

    def test_whose_come_first_is_asked_only_where_both_have_some(self, desk_client, organization, patient):
        bare = PatientFactory(organization=organization)
        bare.contact_points.all().delete()
        ContactPointFactory(organization=organization, patient=patient, value="+14155550166")
        page = desk_client.get(self.url(patient, bare)).content.decode()
        assert 'id="row-phones"' in page
        assert 'name="field_phones"' not in page
        ContactPointFactory(organization=organization, patient=bare, value="+14155550167")
        page = desk_client.get(self.url(patient, bare)).content.decode()
        assert 'name="field_phones"' in page
        assert "All stay. Choose whose come first." in page
