"""`import_patients`: counts, refused rows with their reasons, exit codes; the worker leaves its imports alone."""

from __future__ import annotations

import io
import json
from contextlib import nullcontext

import pytest
from django.core.management import CommandError, call_command

from apps.core.tenancy import closed
from apps.patients.models import ImportStatus, Patient, PatientImport, RowState
from apps.patients.tasks import work_on_imports
from tests.fixtures.patients import PatientImportFactory, PatientImportRowFactory

pytestmark = pytest.mark.django_db
GOOD = "First Name,Last Name,DOB\nMaya,Chen,1984-03-14\nOmar,Haddad,1970\n"


@pytest.fixture
def run(organization, tmp_path):
    """Return a function that imports a text and answers what the command said."""

    def imported(text: str, *options: str, name: str = "old.csv", fails: int = 0) -> str:
        path = tmp_path / name
        path.write_text(text)
        out = io.StringIO()
        given = [str(path), "--organization", organization.slug, *options]
        with closed(), pytest.raises(CommandError) if fails else nullcontext() as refusal:
            call_command("import_patients", *given, stdout=out, stderr=out)
        if fails:
            assert refusal.value.returncode == fails
            out.write(str(refusal.value))
        return out.getvalue()

    return imported


def test_csv_is_imported_and_twice_is_once(run):
    assert run(GOOD) == "2 imported\n0 already here\n0 refused\n"
    assert run(GOOD).startswith("1 imported\n1 already here\n")  # a year alone and a name prove nobody
    assert Patient.objects.filter(given_name="Maya").count() == 1


def test_dry_run_says_what_would_be_and_changes_nothing(run):
    assert run(GOOD, "--dry-run") == "2 can be imported (nothing was changed)\n0 already here\n0 refused\n"
    assert not Patient.objects.exists()
    assert not PatientImport.objects.exists()


def test_refused_rows_are_named_and_the_exit_code_is_two(run):
    said = run(GOOD + "Zoë,Diaz,soon\n", fails=2)
    assert "line 4, DOB: “soon” is not a clear birth date." in said
    assert "1 could not be imported" in said
    assert Patient.objects.count() == 2
    assert PatientImport.objects.get().rows.get(state=RowState.REFUSED).line == 4


def test_bundle_is_imported_and_the_rest_counted(run):
    kinds = [{"resourceType": "Patient", "name": [{"family": "Chen"}]}, *[{"resourceType": "Observation"}] * 3]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": one} for one in kinds]}
    assert run(json.dumps(bundle), name="b.json") == "1 imported\n0 already here\n0 refused\n3 Observation left out\n"


@pytest.mark.parametrize(
    ("text", "said"), [("", "The file is empty"), ("colour,shape\nred,round\n", "Still to choose: the name")]
)
def test_unreadable_file_is_refused_with_exit_code_one(run, text, said):
    assert said in run(text, fails=1)


def test_missing_file_and_unknown_organization_are_said(organization):
    with pytest.raises(CommandError, match="can't be read"):
        call_command("import_patients", "nowhere.csv", "--organization", organization.slug)
    with pytest.raises(CommandError, match="no organization nowhere"):
        call_command("import_patients", "nowhere.csv", "--organization", "nowhere")


def test_worker_leaves_a_command_s_import_alone(organization):
    batch = PatientImportFactory(organization=organization, status=ImportStatus.IMPORTING)
    PatientImportRowFactory(organization=organization, batch=batch, state=RowState.READY)
    with closed():
        work_on_imports()
    batch.refresh_from_db()
    assert (batch.status, Patient.objects.count()) == (ImportStatus.IMPORTING, 0)
