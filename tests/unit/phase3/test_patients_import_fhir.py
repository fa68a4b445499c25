"""FHIR R4 files: Synthea's bundles as they come, ndjson, lists; what is not modelled is skipped and counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from apps.core.errors import InvalidInput
from apps.core.imports.refusals import RowRefused
from apps.core.tenancy import closed
from apps.patients.exchange.fhir_files import read_fhir
from apps.patients.exchange.fhir_patients import read_patient
from apps.patients.models import Patient, RowState
from apps.patients.services import importing
from apps.patients.tasks import work_on_imports

MEGABYTE = 1024 * 1024
V2 = "http://terminology.hl7.org/CodeSystem/v2-0203"

# In the style of Synthea: digits in names, identifiers with coded types, extensions, a maiden name.
MRS_MUELLER: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "3d7d1a0c-7c9d-4d5d-8f6e-1f0b6f1c2a11",
    "meta": {"profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"]},
    "text": {"status": "generated", "div": "<div>Generated</div>"},
    "extension": [
        {"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex", "valueCode": "F"},
        {"url": "http://synthetichealth.github.io/synthea/quality-adjusted-life-years", "valueDecimal": 41.2},
    ],
    "identifier": [
        {"system": "https://github.com/synthetichealth/synthea", "value": "3d7d1a0c"},
        {"type": {"coding": [{"system": V2, "code": "SS"}]}, "system": "http://hl7.org/fhir/sid/us-ssn", "value": "999-38-7171"},
        {"type": {"coding": [{"system": V2, "code": "PPN"}]}, "value": "X41283719X"},
    ],
    "name": [
        {"use": "maiden", "family": "Hand679", "given": ["Adelaide981"]},
        {"use": "official", "family": "Mueller846", "given": ["Adelaide981", "Rose12"], "prefix": ["Mrs."]},
        {"use": "nickname", "given": ["Addie"]},
    ],
    "telecom": [
        {"system": "phone", "value": "555-416-7301", "use": "home"},
        {"system": "email", "value": "Addie@Example.org", "use": "work"},
    ],
    "gender": "female",
    "birthDate": "1958-07-02",
    "deceasedDateTime": "2019-11-05T08:21:17-05:00",
    "address": [
        {
            "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/geolocation"}],
            "line": ["814 Hettinger Crossing", "Unit 3"],
            "city": "Springfield",
            "state": "MA",
            "postalCode": "01013",
            "country": "US",
        }
    ],
    "maritalStatus": {"text": "M"},
    "multipleBirthBoolean": False,
    "contact": [
        {
            "relationship": [
                {"coding": [{"code": "C"}]},
                {"coding": [{"code": "HUSB"}]},
            ],
            "name": {"family": "Mueller", "given": ["Jorge"]},
            "telecom": [{"system": "phone", "value": "+14155550177"}],
        }
    ],
    "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "es"}], "text": "Spanish"}}],
}  # fmt: skip


def bundle_of(*resources: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    entries = [{"fullUrl": f"urn:uuid:{n}", "resource": one} for n, one in enumerate(resources)]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


class TestFiles:
    @pytest.mark.parametrize(
        "text",
        [
            json.dumps(bundle_of(MRS_MUELLER)),
            json.dumps(bundle_of(MRS_MUELLER, kind="searchset"), indent=2),
            json.dumps(MRS_MUELLER, indent=2),
            json.dumps([MRS_MUELLER]),
            json.dumps([bundle_of(MRS_MUELLER)]),
            json.dumps(MRS_MUELLER) + "\n",
            "\ufeff" + json.dumps(MRS_MUELLER),
        ],
    )
    def test_patient_is_found_in_every_shape(self, text):
        ((_line, found),) = read_fhir(text.encode(), most_bytes=MEGABYTE).patients
        assert found["birthDate"] == "1958-07-02"
        assert "text" not in found

    def test_ndjson_counts_its_lines(self):
        lines = [json.dumps(MRS_MUELLER), "", json.dumps({"resourceType": "Organization"}), json.dumps(MRS_MUELLER)]
        file = read_fhir("\n".join(lines).encode(), most_bytes=MEGABYTE)
        assert [line for line, _one in file.patients] == [1, 4]
        assert file.skipped == {"Organization": 1}

    def test_what_is_not_modelled_is_counted_by_type(self):
        rest = [{"resourceType": kind} for kind in ("Observation", "Observation", "Encounter")]
        assert read_fhir(json.dumps(bundle_of(MRS_MUELLER, *rest)).encode(), most_bytes=MEGABYTE).skipped == {
            "Observation": 2,
            "Encounter": 1,
        }

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ('{"resourceType": "Bundle"}', "It holds: nothing"),
            ('{"resourceType": "Observation"}', r"It holds: Observation \(1\)"),
            ('{"a": 1}\n{broken', "Line 2 is not JSON"),
            ("{\n broken", "Line 2 is not JSON"),
            ("[" * 100_000, "not JSON"),
            ('{"resourceType": "Bundle", "entry": 7}', "It holds: nothing"),
        ],
    )
    def test_wrong_file_is_refused_with_the_remedy(self, text, said):
        with pytest.raises(InvalidInput, match=said):
            read_fhir(text.encode(), most_bytes=MEGABYTE)

    def test_large_file_is_refused(self):
        with pytest.raises(InvalidInput, match="larger than 1 MB"):
            read_fhir(b"[" * (MEGABYTE + 1), most_bytes=MEGABYTE)


@pytest.mark.django_db
class TestPatients:
    def test_synthea_s_patient_becomes_the_whole_record(self, organization, manager_actor):
        content = json.dumps(bundle_of(MRS_MUELLER, {"resourceType": "Encounter"})).encode()
        batch = importing.upload_patients(
            organization=organization, file_name="adelaide.json", content=content, actor=manager_actor
        )
        importing.check_import(batch=batch, actor=manager_actor)
        with closed():
            work_on_imports()
        batch.refresh_from_db()
        importing.run_import(batch=batch, actor=manager_actor)
        with closed():
            work_on_imports()
        row = batch.rows.get()
        assert (row.state, row.message) == (RowState.DONE, "")
        patient = Patient.objects.get()
        assert (patient.given_name, patient.family_name) == ("Adelaide981 Rose12", "Mueller846")
        assert (patient.preferred_name, patient.sex, patient.language) == ("Addie", "female", "es")
        assert (str(patient.born), patient.note, patient.archived_at is not None) == (
            "1958-07-02",
            "Deceased 2019-11-05",
            True,
        )
        assert list(patient.contact_points.order_by("system").values_list("value", "use")) == [
            ("addie@example.org", "work"),
            ("+15554167301", "home"),
        ]
        assert patient.addresses.get().in_one_line == "814 Hettinger Crossing, Unit 3, Springfield, MA 01013, US"
        assert dict(patient.identifiers.values_list("system", "value")) == {
            "https://github.com/synthetichealth/synthea": "3d7d1a0c",
            "http://hl7.org/fhir/sid/us-ssn": "999-38-7171",
            "PPN": "X41283719X",
        }
        husband = patient.related_persons.get()
        assert (husband.name, husband.relationship, husband.phone, husband.is_emergency_contact) == (
            "Jorge Mueller",
            "partner",
            "+14155550177",
            True,
        )

    @pytest.mark.parametrize(
        ("changes", "column", "code"),
        [
            ({"name": []}, "name", "missing_name"),
            ({"birthDate": "02/07/1958"}, "birthDate", "unreadable_date"),
            ({"gender": "F"}, "gender", "unknown_sex"),
        ],
    )
    def test_wrong_element_is_named(self, organization, changes, column, code):
        with pytest.raises(RowRefused) as refused:
            read_patient(MRS_MUELLER | changes, organization=organization)
        assert (refused.value.column, refused.value.code) == (column, code)

    @pytest.mark.parametrize("born", ["1958", "1958-07"])
    def test_birth_date_is_kept_as_far_as_it_is_known(self, organization, born):
        assert str(read_patient(MRS_MUELLER | {"birthDate": born}, organization=organization).birth_date) == born

    @pytest.mark.parametrize("element", ["telecom", "address", "identifier", "contact", "communication"])
    @pytest.mark.parametrize("rubbish", [7, "x", [7], [None], [{"given": 7, "coding": 7, "line": 7}], {}])
    def test_elements_of_a_wrong_shape_say_nothing_and_break_nothing(self, organization, element, rubbish):
        draft = read_patient(MRS_MUELLER | {element: rubbish}, organization=organization)
        assert (draft.family_name, draft.sex) == ("Mueller846", "female")

    @pytest.mark.parametrize("rubbish", [7, "x", [7], [None], [{"given": 7}], {}])
    def test_name_of_a_wrong_shape_is_a_missing_name(self, organization, rubbish):
        with pytest.raises(RowRefused, match="The name is missing"):
            read_patient(MRS_MUELLER | {"name": rubbish}, organization=organization)

    @pytest.mark.parametrize("rubbish", [7, [7], [{"coding": 7}], [{"coding": [7]}]])
    def test_relationship_of_a_wrong_shape_is_other(self, organization, rubbish):
        contact = {"name": {"text": "Jorge"}, "relationship": rubbish}
        (person,) = read_patient(MRS_MUELLER | {"contact": [contact]}, organization=organization).related_persons
        assert (person["name"], person["relationship"]) == ("Jorge", "other")
