"""What FHIR files say around a Patient: people, consents and alerts go to whom they are about, or are counted."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.utils import timezone

from apps.patients.exchange import fhir
from apps.patients.exchange.fhir_files import FhirFile, read_fhir
from apps.patients.exchange.fhir_patients import read_patient
from apps.patients.models import Relationship
from apps.patients.services import set_consent

MEGABYTE = 1024 * 1024
ANA = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [{"system": "http://a.example/mrn", "value": "77"}],
    "name": [{"family": "López", "given": ["Ana"]}],
}
BEA = {"resourceType": "Patient", "id": "p2", "name": [{"family": "Brown", "given": ["Bea"]}]}
ROSA = {"resourceType": "RelatedPerson", "name": [{"given": ["Rosa"], "family": "López"}]}
ANA_S_URL, BEA_S_URL = "urn:uuid:6f1b7e4e-0000-4000-8000-000000000001", "http://ehr.example/fhir/Patient/p2"


def read(*entries: tuple[str, dict[str, Any]]) -> FhirFile:
    return read_fhir(json.dumps(bundle(*entries)).encode(), most_bytes=MEGABYTE)


def bundle(*entries: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    given = [{"fullUrl": url, "resource": one} if url else {"resource": one} for url, one in entries]
    return {"resourceType": "Bundle", "type": "collection", "entry": given}


def names(file: FhirFile, place: int = 0) -> list[str]:
    return [one["name"][0]["given"][0] for one in file.patients[place][1].get("related_persons", [])]


class TestReferences:
    @pytest.mark.parametrize(
        "patient",
        [
            {"reference": ANA_S_URL},
            {"reference": "Patient/p1"},
            {"reference": "Patient/p1/_history/3"},
            {"reference": "urn:uuid:p1"},
            {"reference": "https://anywhere.example/r4/Patient/p1"},
            {"reference": "Patient?identifier=http://a.example/mrn|77"},
            {"reference": "Patient?identifier=http%3A%2F%2Fa.example%2Fmrn%7C77"},
            {"identifier": {"system": "http://a.example/mrn", "value": "77"}},
            {"type": "Patient", "reference": ANA_S_URL, "display": "somebody else"},
        ],
    )
    def test_every_form_of_a_reference_leads_to_the_patient(self, patient):
        file = read((ANA_S_URL, ANA), (BEA_S_URL, BEA), ("", ROSA | {"patient": patient}))
        assert (names(file, 0), names(file, 1), file.skipped) == (["Rosa"], [], {})

    def test_reference_may_stand_before_its_patient(self):
        file = read(("", ROSA | {"patient": {"reference": BEA_S_URL}}), (ANA_S_URL, ANA), (BEA_S_URL, BEA))
        assert (names(file, 0), names(file, 1)) == ([], ["Rosa"])

    @pytest.mark.parametrize(
        "patient",
        [None, 7, {}, {"reference": "Patient/nobody"}, {"reference": "#p1"}, {"reference": 7}, {"identifier": [7]}],
    )
    def test_reference_to_nobody_is_left_out_and_counted(self, patient):
        file = read((ANA_S_URL, ANA), ("", ROSA | {"patient": patient}))
        assert (names(file), file.skipped) == ([], {"RelatedPerson": 1})

    def test_the_same_ids_in_two_bundles_mean_each_bundle_s_own(self):
        other = ANA | {"name": [{"family": "Zhou"}], "identifier": []}
        lines = [
            bundle(("", ANA), ("", ROSA | {"patient": {"reference": "Patient/p1"}})),
            bundle(("", other), ("", {**ROSA, "name": [{"given": ["Li"]}], "patient": {"reference": "Patient/p1"}})),
            ROSA | {"patient": {"reference": "Patient/p1"}},
        ]
        file = read_fhir("\n".join(map(json.dumps, lines)).encode(), most_bytes=MEGABYTE)
        assert (names(file, 0), names(file, 1)) == (["Rosa"], ["Li"])
        assert file.skipped == {"RelatedPerson": 1}  # the third could be either's

    def test_lines_of_a_bulk_export_find_each_other(self):
        lines = [ROSA | {"patient": {"reference": "Patient/p2"}}, ANA, BEA]
        file = read_fhir("\n".join(map(json.dumps, lines)).encode(), most_bytes=MEGABYTE)
        assert (names(file, 0), names(file, 1)) == ([], ["Rosa"])

    def test_what_a_patient_claims_about_themselves_is_not_taken_for_it(self):
        """Only what was attached counts: FHIR knows no such elements in a Patient."""
        file = read(("", ANA | {"related_persons": [ROSA], "consents": [{}], "flags": [{}]}))
        assert file.patients[0][1].keys() == ANA.keys()


def draft_of(organization, *resources: dict[str, Any], **patient: Any) -> Any:
    entries = [
        ("", one | {"patient": {"reference": "Patient/p1"}, "subject": {"reference": "Patient/p1"}})
        for one in resources
    ]
    file = read(("", ANA | patient), *entries)
    return read_patient(file.patients[0][1], organization=organization), file.skipped


def coded(*codes: str, text: str = "") -> dict[str, Any]:
    return {"coding": [{"code": code} for code in codes]} | ({"text": text} if text else {})


@pytest.mark.django_db
class TestPeople:
    def test_contact_and_related_person_of_one_name_are_one_person_with_the_parts_of_both(self, organization):
        contact = {
            "relationship": [coded("C")],
            "name": {"text": "Rosa  LÓPEZ"},
            "telecom": [{"system": "phone", "value": "+14155550177"}],
        }
        person = ROSA | {"relationship": [coded("MTH")]}
        draft, skipped = draft_of(organization, person, contact=[contact])
        (one,) = draft.related_persons
        assert (one["relationship"], one["phone"], one["is_emergency_contact"]) == ("parent", "+14155550177", True)
        assert skipped == {}

    def test_two_people_of_one_name_with_other_phones_stay_two(self, organization):
        contact = {"name": {"text": "Rosa López"}, "telecom": [{"system": "phone", "value": "+14155550177"}]}
        person = ROSA | {"telecom": [{"system": "phone", "value": "+14155550178"}]}
        draft, _skipped = draft_of(organization, person, contact=[contact])
        assert len(draft.related_persons) == 2

    @pytest.mark.parametrize(
        ("relationship", "kind", "is_guardian"),
        [
            ([coded("MTH"), coded("GUARD")], "parent", True),
            ([coded("GUARD")], "guardian", True),
            ([coded("PRN", text="parent")], "parent", False),
            ([coded(text="other"), coded("GUARD")], "other", True),
            ([coded("CGV")], "caregiver", False),
            ([coded(text="Mum")], "parent", False),
            ([], "other", False),
        ],
    )
    def test_relationship_is_what_the_codes_and_words_say(self, organization, relationship, kind, is_guardian):
        draft, _skipped = draft_of(organization, ROSA | {"relationship": relationship})
        (one,) = draft.related_persons
        assert (one["relationship"], one["is_guardian"]) == (kind, is_guardian)
        assert kind in Relationship.values

    @pytest.mark.parametrize("change", [{"name": []}, {"name": 7}, {"active": False}])
    def test_who_has_no_name_or_does_not_count_any_more_is_counted(self, organization, change):
        draft, skipped = draft_of(organization, ROSA | change)
        assert (draft.related_persons, skipped) == ((), {"RelatedPerson": 1})

    def test_more_people_than_a_record_takes_are_counted(self, organization):
        people = [ROSA | {"name": [{"text": f"Person {n}"}]} for n in range(23)]
        draft, skipped = draft_of(organization, *people)
        assert (len(draft.related_persons), skipped) == (20, {"RelatedPerson": 3})


def consent(purpose: str, status: str = "active", **more: Any) -> dict[str, Any]:
    category = [{"coding": [{"system": fhir.PURPOSE, "code": purpose}]}]
    return {"resourceType": "Consent", "status": status, "category": category, **more}


@pytest.mark.django_db
class TestConsents:
    def test_answers_are_read_and_the_latest_for_a_purpose_counts(self, organization):
        draft, skipped = draft_of(
            organization,
            consent("sms", "inactive", dateTime="2026-03-01T10:00:00-05:00"),
            consent("sms", dateTime="2025-03-01T10:00:00-05:00"),
            consent("email"),
            consent("voice", "rejected"),
            consent("photos", provision={"type": "deny"}),
        )
        assert draft.consents == {"sms": "withdrawn", "email": "active", "voice": "refused", "photos": "refused"}
        assert skipped == {}

    @pytest.mark.parametrize(
        "other",
        [
            consent("everything"),
            consent("sms", "draft"),
            consent("sms", "entered-in-error"),
            {"resourceType": "Consent", "status": "active", "category": [coded("59284-0")]},
            {"resourceType": "Consent", "status": 7, "category": 7},
        ],
    )
    def test_consent_that_is_none_of_ours_is_no_answer_and_is_counted(self, organization, other):
        draft, skipped = draft_of(organization, other)
        assert (draft.consents, skipped) == ({}, {"Consent": 1})

    @pytest.mark.parametrize("moment", ["2025-03-01", "soon", "2025-13-01T10:00:00Z", 7, None])
    def test_unreadable_day_of_an_answer_is_left_open(self, organization, moment):
        draft, _skipped = draft_of(organization, consent("sms", dateTime=moment))
        assert draft.consents == {"sms": "active"}
        assert draft.circumstances("sms", file_name="a.json")["decided_at"] is None


@pytest.mark.django_db
class TestDayOfAnAnswer:
    @pytest.mark.parametrize(("days", "kept"), [(-400, True), (400, False)])
    def test_earlier_day_is_kept_and_a_later_one_is_now(self, patient, actor, days, kept):
        said = timezone.now() + dt.timedelta(days=days)
        given = {"purpose": "sms", "status": "active", "source": "import", "decided_at": said}
        answer = set_consent(patient=patient, actor=actor, **given)
        assert (answer.decided_at == said) == kept
        assert answer.decided_at <= timezone.now()


@pytest.mark.django_db
class TestAlerts:
    def test_flags_that_count_are_alerts(self, organization):
        draft, skipped = draft_of(
            organization,
            {"resourceType": "Flag", "status": "active", "code": {"text": "Penicillin allergy"}},
            {"resourceType": "Flag", "status": "active", "code": {"coding": [{"display": "Fall risk"}]}},
            {"resourceType": "Flag", "status": "inactive", "code": {"text": "Old"}},
            {"resourceType": "Flag", "status": "active", "code": {"text": "x" * 61}},
            {"resourceType": "Flag", "status": "active", "code": 7},
        )
        assert draft.alerts == ("Penicillin allergy", "Fall risk")
        assert skipped == {"Flag": 3}
