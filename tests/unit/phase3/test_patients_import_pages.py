"""Pages of an import of patients: upload, columns, verdicts, progress, problems as a file; who may, how many questions."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.html import strip_tags

from apps.core.tenancy import closed
from apps.organizations.permissions import Role
from apps.patients.models import ImportStatus, Patient, PatientImport, PatientImportRow
from apps.patients.tasks import work_on_imports
from tests.fixtures.organizations import MembershipFactory
from tests.fixtures.shared import client_for

HTMX = {"HX-Request": "true"}
PAGE = reverse("patients:exchange")
LINES = [
    "MRN;First Name;Last Name;DOB;Sex;Cell;Shoe size",
    "7;Maya;Chen;03/14/1984;F;+14155550101;38",
    "8;Omar;Haddad;soon;M;+14155550102;=1+1",
]

pytestmark = pytest.mark.django_db


def words(answer) -> str:
    return " ".join(strip_tags(answer.content.decode()).split())


@pytest.fixture
def batch(manager_client) -> PatientImport:
    answer = manager_client.post(PAGE, {"file": SimpleUploadedFile("old.csv", "\n".join(LINES).encode())})
    made = PatientImport.objects.get()
    assert answer["Location"] == reverse("patients:import", args=[made.pk])
    return made


def address(batch, name: str = "import", *args: str) -> str:
    return reverse(f"patients:{name}", args=[batch.pk, *args])


def fields_of(batch, **more: str) -> dict[str, object]:
    return {f"column_{place}": name for name, place in batch.mapping.items()} | {"on_match": "leave", **more}


def check(client, batch) -> None:
    assert client.post(address(batch), fields_of(batch)).status_code == 302
    with closed():
        work_on_imports()


def test_known_columns_are_chosen_and_first_texts_shown(manager_client, batch):
    page = manager_client.get(address(batch))
    chosen = {one["field"].label: one["field"].value() for one in page.context["columns"]}
    assert chosen == {
        "MRN": "external_id",
        "First Name": "given_name",
        "Last Name": "family_name",
        "DOB": "birth_date",
        "Sex": "sex",
        "Cell": "phone_mobile",
        "Shoe size": "",
    }
    assert "Maya · Omar" in words(page)


def test_same_field_for_two_columns_is_refused(manager_client, batch):
    answer = manager_client.post(address(batch), fields_of(batch, column_6="sex"))
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["column_6"])


def test_what_is_still_missing_is_said(manager_client, batch):
    answer = manager_client.post(address(batch), {"column_0": "external_id", "on_match": "leave"})
    assert answer.status_code == 422
    assert "Still to choose: the name" in words(answer)


def test_verdicts_are_shown_then_the_rows_imported(manager_client, batch):
    check(manager_client, batch)
    text = words(manager_client.get(address(batch)))
    assert "1 row can be imported" in text
    assert "3DOB: “soon” is not a clear birth date." in text
    assert manager_client.post(address(batch, "import-step", "run")).status_code == 302
    assert "being imported" in words(manager_client.get(address(batch)))
    with closed():
        work_on_imports()
    assert "1 patient imported" in words(manager_client.get(address(batch)))
    assert Patient.objects.get().full_name == "Maya Chen"
    assert "old.csv" in words(manager_client.get(PAGE))


@pytest.mark.parametrize(
    ("born", "said"),
    [
        ("02/31/1990", "That day does not exist."),
        ("1/1/2999", "The birth date lies in the future."),
        ("1/2/34", "Write the year with four digits."),
    ],
)
def test_a_refused_birth_date_is_told_what_is_wrong_with_it(manager_client, batch, born, said):
    lines = [LINES[0], f"9;Maya;Chen;{born};F;;"]
    manager_client.post(PAGE, {"file": SimpleUploadedFile("dates.csv", "\n".join(lines).encode())})
    made = PatientImport.objects.exclude(pk=batch.pk).get()
    check(manager_client, made)
    assert f"DOB: {said}" in words(manager_client.get(address(made)))


def test_cells_of_a_row_keep_their_own_direction_and_are_cut_after_a_line_or_two(manager_client, batch):
    lines = [LINES[0], f"9;محمد;الأحمد;soon;M;+44 20 7946 0958;{'x' * 400}"]
    manager_client.post(PAGE, {"file": SimpleUploadedFile("rtl.csv", "\n".join(lines).encode())})
    made = PatientImport.objects.exclude(pk=batch.pk).get()
    check(manager_client, made)
    page = manager_client.get(address(made)).content.decode()
    assert "<bdi>محمد</bdi> · <bdi>الأحمد</bdi> · <bdi>soon</bdi> · <bdi>M</bdi> · <bdi>+44 20 7946 0958</bdi>" in page
    assert f"{'x' * 100}…</bdi>" in page
    assert "x" * 160 not in page


def test_who_is_here_already_is_named_with_a_way_to_the_record(manager_client, batch):
    check(manager_client, batch)
    manager_client.post(address(batch, "import-step", "run"))
    with closed():
        work_on_imports()
    manager_client.post(PAGE, {"file": SimpleUploadedFile("again.csv", "\n".join(LINES).encode())})
    again = PatientImport.objects.get(file_name="again.csv")
    check(manager_client, again)
    page = manager_client.get(address(again)).content.decode()
    assert reverse("patients:detail", args=[Patient.objects.get().pk]) in page


def test_progress_is_a_fragment_that_follows_itself_while_there_is_work(manager_client, batch):
    manager_client.post(address(batch), fields_of(batch))
    at_work = manager_client.get(address(batch), headers=HTMX).content.decode()
    assert 'data-every="2"' in at_work
    assert "<html" not in at_work
    with closed():
        work_on_imports()
    assert "data-every" not in manager_client.get(address(batch), headers=HTMX).content.decode()


def test_problems_are_a_guarded_file_to_correct_and_import_again(manager_client, batch):
    check(manager_client, batch)
    answer = manager_client.get(address(batch, "import-problems"))
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["problem line"], row["problem column"], row["First Name"]) == ("3", "DOB", "Omar")
    assert row["Shoe size"] == "'=1+1"


@pytest.mark.parametrize(("step", "status"), [("columns", ImportStatus.UPLOADED), ("stop", ImportStatus.CHECKED)])
def test_steps(manager_client, batch, step, status):
    check(manager_client, batch)
    assert manager_client.post(address(batch, "import-step", step)).status_code == 302
    batch.refresh_from_db()
    assert batch.status == status


def test_discarded_file_is_gone(manager_client, batch):
    manager_client.post(address(batch, "import-step", "discard"))
    assert not PatientImport.objects.exists()
    assert not PatientImportRow.objects.exists()


@pytest.mark.parametrize(
    ("status", "button", "asks"),
    [
        ("checked", "Discard the file", "Discard this file? Nobody was registered from it."),
        (
            "stopped",
            "Forget this file",
            "The rows that are left are not imported any more. Patients who were imported stay.",
        ),
        ("done", "Forget this file", "Forget this file and what its rows said? Patients who were imported stay."),
    ],
)
def test_button_says_what_goes_and_what_stays(manager_client, batch, status, button, asks):
    PatientImport.objects.update(status=status)
    page = manager_client.get(address(batch)).content.decode()
    assert button in page
    assert asks in page


def test_unknown_step_is_not_found(manager_client, batch):
    assert manager_client.post(address(batch, "import-step", "fly")).status_code == 404


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ({}, "Choose the file"),
        ({"file": b""}, "The file is empty"),
        ({"file": "name,dob\nZoë,9".encode("latin-1")}, "Save the file as “CSV UTF-8”"),
        ({"file": b'{"resourceType": "Bundle", "entry": []}'}, "There is no Patient in this file"),
        ({"file": b'{"name": "Chen"}'}, "This is no FHIR"),
        ({"file": b"{broken"}, "Line 1 is not JSON"),
        ({"file": rb'{"resourceType": "Patient", "id": "\u0000"}'}, "characters that no text has"),
        ({"file": rb'{"resourceType": "Patient", "id": "\ud800"}'}, "characters that no text has"),
    ],
)
def test_wrong_file_is_refused_at_its_field(manager_client, organization, file, said):
    sent = {name: SimpleUploadedFile("x.csv", content) for name, content in file.items()}
    answer = manager_client.post(PAGE, sent)
    assert answer.status_code == 422
    assert said in " ".join(answer.context["form"].errors["file"])


def test_bundle_shows_what_is_left_out_and_asks_for_no_columns(manager_client, organization):
    kinds = [{"resourceType": "Patient", "name": [{"family": "Chen"}]}, *[{"resourceType": "Observation"}] * 3]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in kinds]}
    manager_client.post(PAGE, {"file": SimpleUploadedFile("b.json", json.dumps(bundle).encode())})
    made = PatientImport.objects.get()
    text = words(manager_client.get(address(made)))
    assert "1 patient in the file" in text
    assert "Observation (3)" in text
    check(manager_client, made)
    assert "1 row can be imported" in words(manager_client.get(address(made)))


def test_front_desk_neither_imports_nor_sees_the_button(desk_client, manager_client, batch):
    assert desk_client.get(PAGE).status_code == 403
    assert desk_client.post(address(batch, "import-step", "run")).status_code == 403
    assert PAGE not in desk_client.get(reverse("patients:list")).content.decode()
    assert PAGE in manager_client.get(reverse("patients:list")).content.decode()


def test_import_of_another_clinic_is_not_found(batch, other_organization):
    theirs = client_for(MembershipFactory(organization=other_organization, role=Role.MANAGER))
    for name in ("import", "import-problems"):
        assert theirs.get(address(batch, name)).status_code == 404
