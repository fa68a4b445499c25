"""The review of duplicates, the flag at the patient, the warning in the form, and the API."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.audit.models import AccessRecord
from apps.core.actors import SYSTEM
from apps.patients import services
from apps.patients.models import CandidateState, DuplicateCandidate, MatchRun, Patient
from apps.patients.services.match_runs import work_on_run
from tests.fixtures.duplicates import DuplicateCandidateFactory
from tests.fixtures.shared import client_for

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ANA = {
    "given_name": "Ana",
    "family_name": "Fernández",
    "birth_date": dt.date(1984, 5, 17),
    "phones": ["+14155550142"],
    "addresses": [{"lines": ["12 Elm Street"], "city": "Springfield", "postal_code": "12345"}],
}


def register(organization, **fields):
    return services.create_patient(organization=organization, **{**ANA, "actor": SYSTEM, **fields})


@pytest.fixture
def pair(organization):
    first, second = register(organization), register(organization, given_name="Anita", birth_date=None)
    services.compare_patients(organization=organization, patient_ids=[first.pk, second.pk])
    return DuplicateCandidate.objects.get()


def text_of(answer):
    return answer.content.decode()


def test_the_review_shows_both_records_and_the_reasons_in_words(desk_client, pair):
    page = text_of(desk_client.get(reverse("patients:duplicates")))
    for words in ("Anita Fernández", "Given name is a short form of the other", "Same phone number", "12 Elm Street"):
        assert words in page
    assert "strong sign of one person" in page


def test_the_likeliest_pair_comes_first(desk_client, organization):
    low, high = (DuplicateCandidateFactory(organization=organization, bits=bits) for bits in (1.0, 9.0))
    lines = desk_client.get(reverse("patients:duplicates")).context["lines"]
    assert [line.id for line in lines] == [high.pk, low.pk]


def test_an_empty_review_says_what_it_is_for(desk_client):
    assert "No duplicates in sight" in text_of(desk_client.get(reverse("patients:duplicates")))
    assert "told apart stand here" in text_of(desk_client.get(reverse("patients:duplicates"), {"state": "distinct"}))


def test_not_the_same_is_remembered_and_can_be_undone(desk_client, pair):
    url = reverse("patients:duplicate-distinct", args=[pair.pk])
    answer = desk_client.post(url, {"note": "Mother and daughter"}, headers=HTMX)
    assert "No duplicates in sight" in text_of(answer)
    assert answer.context["here"] == reverse("patients:duplicates")
    undo = reverse("patients:duplicate-reopen", args=[pair.pk])
    assert undo in answer.headers["HX-Trigger"]
    told_apart = text_of(desk_client.get(reverse("patients:duplicates"), {"state": "distinct"}))
    assert "Mother and daughter" in told_apart
    assert desk_client.post(undo).status_code == 204
    pair.refresh_from_db()
    assert pair.state == CandidateState.OPEN


def test_merging_is_offered_only_where_it_exists(desk_client, pair, monkeypatch):
    url = reverse("patients:duplicate", args=[pair.pk])
    monkeypatch.setattr("apps.patients.review.merge_url", lambda first, second: "")
    assert "Merge…" not in text_of(desk_client.get(url))
    monkeypatch.setattr("apps.patients.review.merge_url", lambda first, second: "/somewhere/")
    assert 'href="/somewhere/"' in text_of(desk_client.get(url))


def test_who_may_only_look_sees_no_decisions(auditor, pair):
    page = text_of(client_for(auditor).get(reverse("patients:duplicate", args=[pair.pk])))
    assert "Anita Fernández" in page
    assert "Not the same" not in page
    assert client_for(auditor).post(reverse("patients:duplicate-distinct", args=[pair.pk])).status_code == 403


def test_another_organization_s_pair_does_not_exist(foreign_front_desk, pair):
    client = client_for(foreign_front_desk)
    assert client.get(reverse("patients:duplicate", args=[pair.pk])).status_code == 404
    assert "Anita" not in text_of(client.get(reverse("patients:duplicates")))


def test_looking_at_a_pair_is_in_the_access_log_of_both(desk_client, pair):
    desk_client.get(reverse("patients:duplicate", args=[pair.pk]))
    seen = set(AccessRecord.objects.filter(kind="view").values_list("patient_id", flat=True))
    assert seen == {pair.first_id, pair.second_id}


def test_the_review_costs_the_same_for_few_pairs_and_for_many(desk_client, organization):
    asked = []
    for _ in range(2):
        for _ in range(12):
            DuplicateCandidateFactory(organization=organization)
        with CaptureQueriesContext(connection) as queries:
            desk_client.get(reverse("patients:duplicates"))
        asked.append(sum("SAVEPOINT" not in query["sql"] and "set_config" not in query["sql"] for query in queries))
    assert asked[0] == asked[1] <= 12


def test_the_review_goes_on_after_a_page(desk_client, organization, monkeypatch):
    monkeypatch.setattr("apps.patients.review.PAGE", 2)
    made = [DuplicateCandidateFactory(organization=organization, bits=3.0).pk for _ in range(5)]
    found, url = [], reverse("patients:duplicates")
    while url:
        context = desk_client.get(url).context
        found += [line.id for line in context["lines"]]
        url = context["next_url"]
    assert found == sorted(made)


def test_comparing_everybody_is_begun_and_followed(desk_client, organization):
    register(organization)
    began = desk_client.post(reverse("patients:duplicates-compare"), headers=HTMX)
    assert "Reading the records" in text_of(began)
    while work_on_run(MatchRun.objects.get().pk):
        pass
    ended = desk_client.get(reverse("patients:duplicates-progress"), {"was": "running"}, headers=HTMX)
    assert "Compare everybody" in text_of(ended)
    assert "live:duplicates" in ended.headers["HX-Trigger"]


def test_the_patient_s_page_flags_a_possible_duplicate(desk_client, pair, patient):
    flagged = text_of(desk_client.get(reverse("patients:duplicate-flag", args=[pair.first_id])))
    assert reverse("patients:duplicate", args=[pair.pk]) in flagged
    assert "Possible duplicate" in flagged
    assert text_of(desk_client.get(reverse("patients:duplicate-flag", args=[patient.pk]))).strip() == ""


def test_the_form_warns_of_a_likely_duplicate_with_its_reasons(desk_client, pair):
    typed = {"given_name": "ana", "family_name": "Fernandez", "birth_date": "05/17/1984", "phone": "415 555 0142"}
    answer = text_of(desk_client.post(reverse("patients:similar"), typed))
    assert "This person may be here already" in answer
    assert "same birth date" in answer
    nobody = {"given_name": "Wei", "family_name": "Zhang", "birth_date": "rubbish", "phone": ""}
    answer = text_of(desk_client.post(reverse("patients:similar"), nobody))
    assert "Birth date: Write the birth date like 03/14/1978." in answer
    assert "here already" not in answer


def test_registering_somebody_who_is_here_already_is_asked_with_the_record_named(desk_client, patient):
    typed = {
        "whole": "1",
        "given_name": patient.given_name.upper(),
        "family_name": patient.family_name,
        "birth_date": f"{patient.birth_date:%m/%d/%Y}",
        "sex": "unknown",
        "language": "en",
    }
    before = Patient.objects.count()
    asked = desk_client.post(
        reverse("patients:new"), typed, headers={"HX-Request": "true", "HX-Target": "patient-form"}
    )
    assert (asked.status_code, Patient.objects.count()) == (422, before)
    said = text_of(asked)
    assert "possibly the same person" in said
    assert patient.record_number in said
    buttons = re.findall(r"<button[^>]*type=\"submit\"[^>]*>", said[said.index('id="patient-form"') :])
    assert [button for button in buttons if 'name="anyway"' in button]
    assert 'name="anyway"' not in buttons[0]  # the one that Enter in a field presses
    assert 'hx-trigger="load' not in said  # who fits is named once
    desk_client.post(reverse("patients:new"), typed | {"anyway": "1"}, headers={"HX-Request": "true"})
    assert Patient.objects.count() == before + 1


def test_the_warning_stands_right_under_the_name_and_the_birth_date(desk_client):
    for headers in ({}, {"HX-Request": "true", "HX-Target": "modal"}):
        page = text_of(desk_client.get(reverse("patients:new"), headers=headers))
        assert page.index('id="id_birth_date"') < page.index('id="similar"') < page.index('inputmode="tel"')


def test_a_relative_on_the_phone_is_told_without_alarm(desk_client, pair):
    answer = text_of(desk_client.post(reverse("patients:similar"), {"given_name": "Diego", "phone": "4155550142"}))
    assert "This person may be here already" not in answer
    assert "Ana Fernández" in answer


def test_the_api_shows_a_patient_s_duplicates_with_reasons(api_client, pair):
    (found,) = api_client.get(f"/api/v1/patients/{pair.first_id}/duplicates/").json()["results"]
    assert (found["patient"]["id"], found["state"]) == (str(pair.second_id), "open")
    assert found["suggestion"] == "review"
    assert {"field": "phone", "level": "same", "text": "Same phone number"}.items() <= next(
        reason for reason in found["reasons"] if reason["field"] == "phone"
    ).items()


def test_the_api_matches_facts_against_the_patients(api_client, pair):
    facts = {"given_name": "ANA", "family_name": "fernandez", "birth_date": "1984-05", "phones": ["(415) 555-0142"]}
    results = api_client.post("/api/v1/patients/match/", facts, format="json").json()["results"]
    assert results[0]["patient"]["id"] == str(pair.first_id)
    assert results[0]["score"] >= results[-1]["score"]
    assert {reason["text"] for reason in results[0]["reasons"]} >= {"Birth dates agree as far as they are known"}


@pytest.mark.parametrize("facts", [{}, {"sex": "female"}, {"birth_date": "17.5.1984"}, {"given_name": "A", "limit": 0}])
def test_the_api_refuses_facts_that_say_nothing(api_client, facts):
    answer = api_client.post("/api/v1/patients/match/", facts, format="json")
    assert answer.status_code in {400, 422}
    assert answer.json()["errors"]


def test_the_api_matches_within_the_organization_only(foreign_api_client, pair):
    facts = {"given_name": "Ana", "family_name": "Fernández", "birth_date": "1984-05-17", "phones": ["+14155550142"]}
    assert foreign_api_client.post("/api/v1/patients/match/", facts, format="json").json()["results"] == []
    assert foreign_api_client.get(f"/api/v1/patients/{pair.first_id}/duplicates/").status_code == 404


def test_matching_through_the_api_is_in_the_access_log(api_client, pair):
    api_client.post("/api/v1/patients/match/", {"phones": ["+14155550142"], "given_name": "Ana"}, format="json")
    assert AccessRecord.objects.filter(patient_id=pair.first_id, kind="search").exists()


def test_the_navigation_counts_likely_pairs(desk_client, organization):
    DuplicateCandidateFactory(organization=organization, bits=3.0)
    DuplicateCandidateFactory(organization=organization, bits=-3.0)
    page = text_of(desk_client.get(reverse("patients:list")))
    assert "likely duplicates" in page


def test_a_pair_whose_record_was_corrected_says_that_it_is_gone(desk_client, pair):
    url = reverse("patients:duplicate", args=[pair.pk])
    DuplicateCandidate.objects.all().delete()
    answer = desk_client.get(url)
    assert answer.status_code == 404
    assert "not in the review any more" in text_of(answer)


def test_who_may_not_merge_is_not_offered_it(clinician, pair):
    page = text_of(client_for(clinician).get(reverse("patients:duplicate", args=[pair.pk])))
    assert "Not the same" in page
    assert "Merge…" not in page


def test_who_is_almost_certainly_one_person_comes_before_a_higher_score_that_is_not_settled(
    desk_client, organization, monkeypatch
):
    monkeypatch.setattr("apps.patients.review.PAGE", 1)
    likely = DuplicateCandidateFactory(organization=organization, bits=40.0, is_settled=False)
    certain = DuplicateCandidateFactory(organization=organization, bits=30.0, is_settled=True)
    page = desk_client.get(reverse("patients:duplicates"))
    assert [line.id for line in page.context["lines"]] == [certain.pk]
    further = desk_client.get(page.context["next_url"])
    assert [line.id for line in further.context["lines"]] == [likely.pk]


def test_a_merge_from_the_review_leads_to_the_next_pair(desk_client, pair):
    page = desk_client.get(reverse("patients:duplicate", args=[pair.pk]))
    url = page.context["merge_url"]
    form = desk_client.get(url)
    assert 'name="from" value="review"' in text_of(form)
    data = {"from": "review", "same_person": "1"}
    assert desk_client.post(url, data)["Location"] == reverse("patients:duplicates")
