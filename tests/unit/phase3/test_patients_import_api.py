"""`/api/v1/patients/imports/` through the public door: a program imports what a manager imports on the page."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.audit.models import AccessRecord
from apps.core.tenancy import closed, organization_scope
from apps.organizations.models import ApiKey
from apps.organizations.permissions import Permission, Role
from apps.patients.imports.serializers import PatientImportUploadSerializer
from apps.patients.models import ImportStatus, Patient, PatientImport, PatientImportRow
from apps.patients.services.importing import MOST_BYTES
from apps.patients.tasks import work_on_imports
from tests.fixtures.organizations import MembershipFactory
from tests.fixtures.patients import PatientImportFactory, PatientImportRowFactory
from tests.fixtures.shared import api_client_for

URL = "/api/v1/patients/imports/"
CONTENT = b"""MRN;First Name;Last Name;DOB;Cell
7;Maya;Chen;1984-03-14;+14155550101
8;Omar;Haddad;soon;+14155550102
"""
MAYA = {
    "resourceType": "Patient",
    "id": "7",
    "name": [{"given": ["Maya"], "family": "Chen"}],
    "birthDate": "1984-03-14",
}
BUNDLE = {"resourceType": "Bundle", "entry": [{"resource": MAYA}, {"resource": {"resourceType": "Observation"}}]}

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(manager):
    return api_client_for(manager)


def send(api, content: bytes = CONTENT, query: str = "", *, kind: str = "text/csv; charset=utf-8", **headers: str):
    return api.post(f"{URL}{query}", content, content_type=kind, headers=headers)


def work() -> None:
    with closed():
        work_on_imports()


def errors(answer) -> dict[str, str]:
    return {one["field"]: one["message"] for one in answer.json()["errors"]}


class TestTheWay:
    def test_file_is_checked_then_imported_and_every_row_has_its_verdict(self, api):
        answer = send(api, CONTENT, "?file_name=old.csv&system=old-clinic")
        assert (answer.status_code, answer.json()["status"], answer.json()["missing"]) == (202, "checking", [])
        assert (answer.json()["format"], answer.json()["system"]) == ("csv", "old-clinic")
        address = answer["Location"]
        work()
        checked = api.get(address).json()
        assert (checked["status"], checked["file_name"]) == ("checked", "old.csv")
        assert checked["rows"] == {"waiting": 0, "ready": 1, "known": 0, "refused": 1, "done": 0, "total": 2}
        assert not Patient.objects.exists()
        (refused,) = api.get(f"{address}rows/?state=refused").json()["results"]
        assert (refused["line"], refused["column"], refused["code"]) == (3, "DOB", "unreadable_date")
        assert refused["message"].startswith("“soon” is not a clear birth date.")
        assert refused["cells"][1] == "Omar"
        assert api.post(f"{address}import/").status_code == 202
        work()
        done = api.get(address).json()
        assert (done["status"], done["rows"]["done"]) == ("done", 1)
        (row,) = api.get(f"{address}rows/?state=done").json()["results"]
        patient = Patient.objects.get(identifiers__system="old-clinic", identifiers__value="7")
        assert (row["patient"], row["cells"]) == (str(patient.pk), [])

    @pytest.mark.parametrize("kind", ["application/fhir+json", "application/json"])
    def test_bundle_is_imported_and_the_rest_of_it_counted(self, api, kind):
        answer = send(api, json.dumps(BUNDLE).encode(), "?file_name=b.json", kind=kind)
        assert (answer.status_code, answer.json()["status"]) == (202, "checking")
        assert (answer.json()["format"], answer.json()["skipped"]) == ("fhir", {"Observation": 1})
        work()
        (row,) = api.get(f"{answer['Location']}rows/").json()["results"]
        assert (row["state"], row["cells"]["birthDate"]) == ("ready", "1984-03-14")

    @pytest.mark.parametrize("kind", ["application/fhir+ndjson", "application/x-ndjson", "application/ndjson"])
    def test_one_patient_per_line_is_taken(self, api, kind):
        lines = "\n".join(json.dumps({**MAYA, "id": str(n)}) for n in range(3))
        assert send(api, lines.encode(), kind=kind).json()["rows"]["total"] == 3

    def test_form_with_options_is_taken_too(self, api):
        fields = {
            "file": SimpleUploadedFile("old.csv", CONTENT),
            "mapping": json.dumps({"given_name": 1, "family_name": "Last Name"}),
            "on_match": "fill",
            "system": "old",
        }
        answer = api.post(URL, fields, format="multipart").json()
        assert (answer["status"], answer["file_name"]) == ("checking", "old.csv")
        assert (answer["mapping"], answer["on_match"]) == ({"given_name": 1, "family_name": 2}, "fill")

    def test_file_that_leaves_something_open_keeps_its_options_and_waits_for_a_mapping(self, api):
        unknown = CONTENT.replace(b"First Name", b"Vorname").replace(b"Last Name", b"Nachname")
        waiting = send(api, unknown, "?on_match=add&system=old")
        assert (waiting.status_code, waiting.json()["status"]) == (202, "uploaded")
        assert waiting.json()["missing"] == ["the name (given and family name, or the full name)"]
        address = waiting["Location"]
        mapping = {**waiting.json()["mapping"], "given_name": "Vorname", "family_name": 2}
        answer = api.post(f"{address}check/", {"mapping": mapping}).json()
        assert (answer["status"], answer["missing"]) == ("checking", [])
        assert (answer["on_match"], answer["system"]) == ("add", "old")

    def test_who_is_here_already_is_named_and_the_look_is_recorded(self, api, manager):
        address = send(api)["Location"]
        work()
        api.post(f"{address}import/")
        work()
        again = send(api)["Location"]
        work()
        before = AccessRecord.objects.count()
        (known,) = api.get(f"{again}rows/?state=known").json()["results"]
        patient = Patient.objects.get()
        assert (known["patient"], known["code"]) == (str(patient.pk), "known")
        assert AccessRecord.objects.count() == before + 1
        assert AccessRecord.objects.filter(patient_id=patient.pk, route="api:patient-import-rows").exists()

    def test_import_is_stopped_and_taken_up_again(self, api):
        address = send(api)["Location"]
        work()
        api.post(f"{address}import/")
        assert api.post(f"{address}stop/").json()["status"] == "stopped"
        assert api.post(f"{address}import/").json()["status"] == "importing"
        work()
        assert Patient.objects.count() == 1

    def test_file_is_forgotten_and_the_people_stay(self, api):
        address = send(api)["Location"]
        work()
        api.post(f"{address}import/")
        work()
        assert api.delete(address).status_code == 204
        assert (PatientImportRow.objects.count(), Patient.objects.count()) == (0, 1)
        assert api.get(address).status_code == 404

    def test_list_counts_the_rows_of_each_file(self, api, organization):
        for number in range(3):
            batch = PatientImportFactory(organization=organization)
            for _ in range(number):
                PatientImportRowFactory(organization=organization, batch=batch, state="refused")
        found = api.get(URL).json()["results"]
        assert [one["rows"]["refused"] for one in found] == [2, 1, 0]
        assert api.get(f"{URL}?status=done").json()["results"] == []

    def test_rows_come_page_by_page_in_the_order_of_the_file(self, api, organization):
        batch = PatientImportFactory(organization=organization)
        for line in (9, 2, 5):
            PatientImportRowFactory(organization=organization, batch=batch, line=line)
        first = api.get(f"{URL}{batch.pk}/rows/?limit=2").json()
        assert [row["line"] for row in first["results"]] == [2, 5]
        assert [row["line"] for row in api.get(first["next"]).json()["results"]] == [9]


class TestTheKeyThatStartedIt:
    def test_worker_goes_on_with_the_key_and_names_it(self, api):
        address = send(api)["Location"]
        batch = PatientImport.objects.get()
        assert (batch.started_by, batch.started_by_key) == (None, ApiKey.objects.get())
        work()
        api.post(f"{address}import/")
        work()
        batch.refresh_from_db()
        assert (batch.status, Patient.objects.count()) == (ImportStatus.DONE, 1)

    def test_worker_stops_when_the_key_was_revoked(self, api):
        address = send(api)["Location"]
        work()
        api.post(f"{address}import/")
        ApiKey.objects.update(revoked_at=dt.datetime.now(dt.UTC))
        work()
        batch = PatientImport.objects.get()
        assert (batch.status, Patient.objects.count()) == (ImportStatus.STOPPED, 0)
        assert "API key" in batch.problem

    def test_check_goes_back_to_the_columns_when_the_key_was_revoked(self, api):
        send(api)
        ApiKey.objects.update(revoked_at=dt.datetime.now(dt.UTC))
        work()
        assert PatientImport.objects.get().status == ImportStatus.UPLOADED

    @pytest.mark.parametrize("scope", [Permission.PRACTITIONERS_MANAGE, Permission.PATIENTS_MANAGE])
    def test_key_with_only_half_of_the_rights_starts_nothing(self, manager, scope):
        assert send(api_client_for(manager, scopes=(scope,))).status_code == 403
        assert not PatientImport.objects.exists()


class TestOnce:
    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (CONTENT, "text/csv"),
            (json.dumps(BUNDLE).encode(), "application/json"),
            (json.dumps(BUNDLE).encode(), "application/fhir+json"),
        ],
    )
    def test_same_file_under_one_key_is_one_import(self, api, content, kind):
        answers = [send(api, content, kind=kind, **{"Idempotency-Key": "k1"}) for _ in range(2)]
        assert answers[0].json() == answers[1].json()
        assert answers[1]["Idempotency-Replayed"] == "true"
        assert PatientImport.objects.count() == 1
        other = send(api, content + b"\n", kind=kind, **{"Idempotency-Key": "k1"})
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")

    @pytest.mark.parametrize("kind", ["text/csv", "application/fhir+json", "application/json"])
    def test_file_larger_than_other_bodies_is_taken_under_a_key(self, api, kind):
        note = "x" * 1900
        resource = {**MAYA, "contact": [{"name": {"text": note}}]}
        text = (
            "\n".join(["name;note", *(f"Maya {n};{note}" for n in range(1500))])
            if kind == "text/csv"
            else json.dumps([resource] * 1500)
        )
        assert send(api, text.encode(), kind=kind, **{"Idempotency-Key": "k1"}).status_code == 202


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "kind", "code", "said"),
        [
            (b"", "text/csv", "invalid_csv", "The file is empty"),
            (b"", "application/fhir+json", "invalid_csv", "The file is empty"),
            (b"name,born\nZo\xeb,9", "text/csv", "invalid_csv", "CSV UTF-8"),
            (b"{", "application/fhir+json", "invalid_fhir", "Line 1 is not JSON"),
            (b'{"resourceType": "Patient"', "application/json", "invalid_fhir", "Line 1 is not JSON"),
            (b'{"resourceType": "Observation"}', "application/fhir+json", "invalid_fhir", "no Patient"),
            (b"[" * 100_000, "application/json", "invalid_fhir", "not JSON"),
        ],
    )
    def test_file_that_can_not_be_read_is_refused_at_its_field(self, api, body, kind, code, said):
        answer = send(api, body, kind=kind)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert said in errors(answer)["file"]
        assert not PatientImport.objects.exists()

    def test_too_large_a_file_is_refused_either_way(self, api, monkeypatch):
        assert PatientImportUploadSerializer.most_bytes == MOST_BYTES
        large = CONTENT + b"\n" * MOST_BYTES
        assert send(api, large).status_code == 413
        answer = api.post(URL, {"file": SimpleUploadedFile("a.csv", large)}, format="multipart")
        assert (answer.status_code, list(errors(answer))) == (422, ["file"])

    def test_other_kinds_of_bodies_are_not_taken(self, api):
        assert send(api, b"<Patient/>", kind="application/xml").status_code == 415

    @pytest.mark.parametrize(
        ("mapping", "field", "said"),
        [
            ({"given_name": "Vorname"}, "mapping.given_name", "The file has no such column. It has: MRN"),
            ({"given_name": 7}, "mapping.given_name", "no such column"),
            ({"shoe_size": 1}, "mapping.shoe_size", "There is no such field"),
            ({"birth_date": 1.5}, "mapping", "Write an object"),
            ({"birth_date": "DOB"}, "mapping", "Still to choose: the name"),
        ],
    )
    def test_wrong_mapping_names_the_field_and_keeps_no_file(self, api, mapping, field, said):
        answer = api.post(
            URL, {"file": SimpleUploadedFile("a.csv", CONTENT), "mapping": json.dumps(mapping)}, format="multipart"
        )
        assert answer.status_code == 422
        assert said in errors(answer)[field]
        assert not PatientImport.objects.exists()

    def test_mapping_of_a_fhir_file_is_refused(self, api):
        answer = send(api, json.dumps(MAYA).encode(), '?mapping={"given_name":0}', kind="application/fhir+json")
        assert "has no columns" in errors(answer)["mapping"]

    def test_choice_that_there_is_none_of_is_refused(self, api):
        assert list(errors(send(api, CONTENT, "?on_match=overwrite"))) == ["on_match"]
        address = send(api)["Location"]
        assert list(errors(api.get(f"{address}rows/?state=lost"))) == ["state"]

    def test_step_that_is_not_possible_says_where_the_file_is(self, api):
        address = send(api)["Location"]
        early = api.post(f"{address}import/")
        assert (early.status_code, early.json()["code"]) == (409, "import_moved_on")
        work()
        api.post(f"{address}import/")
        assert api.post(f"{address}check/", {}).json()["code"] == "import_moved_on"
        assert api.delete(address).json()["code"] == "import_at_work"


class TestWhoMay:
    def test_front_desk_may_not(self, front_desk, api):
        address = send(api)["Location"]
        desk = api_client_for(front_desk)
        assert send(desk).status_code == 403
        assert {desk.get(one).status_code for one in (URL, address, f"{address}rows/")} == {403}
        assert desk.post(f"{address}import/").status_code == 403

    def test_import_of_another_clinic_is_not_found(self, api, other_organization):
        address = send(api)["Location"]
        with organization_scope(other_organization.pk):
            theirs = MembershipFactory(organization=other_organization, role=Role.MANAGER)
        foreign = api_client_for(theirs)
        assert {foreign.get(one).status_code for one in (address, f"{address}rows/")} == {404}
        assert {foreign.post(f"{address}{step}/").status_code for step in ("check", "import", "stop")} == {404}
        assert foreign.get(URL).json()["results"] == []
