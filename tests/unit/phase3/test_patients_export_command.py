"""`export_patient`: whom it finds, what it writes and where, its sentences and exit codes."""

from __future__ import annotations

import io
import json
import stat

import pytest
from django.core.management import CommandError, call_command

from apps.audit.models import AccessKind, AccessRecord
from apps.core.actors import SYSTEM
from apps.core.tenancy import closed, organization_scope
from apps.patients import services
from tests.fixtures.patients import PatientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    """Return a function that runs the command and answers what it wrote to standard output."""

    def exported(*given: object) -> str:
        out = io.StringIO()
        with closed():
            call_command("export_patient", *map(str, given), stdout=out)
        return out.getvalue()

    return exported


def refusal(run, *given: object) -> str:
    with pytest.raises(CommandError) as refused:
        run(*given)
    assert refused.value.returncode == 1
    return str(refused.value)


def test_json_goes_to_standard_output_alone_and_is_noted(run, patient):
    assert json.loads(run(patient.pk))["patient"]["id"] == str(patient.pk)
    access = AccessRecord.objects.get()
    assert (access.kind, access.patient_id, access.route, access.actor_label) == (
        AccessKind.EXPORT,
        patient.pk,
        "command:export_patient:json",
        "System",
    )


def test_record_number_needs_its_organization(run, patient, organization):
    assert json.loads(run(patient.record_number, "--organization", organization.slug))["patient"]["id"] == str(
        patient.pk
    )
    assert refusal(run, patient.record_number) == "A record number needs its organization: add --organization SLUG."


def test_bundle_is_written_to_a_file_for_the_owner_s_eyes(run, patient, tmp_path):
    target = tmp_path / "ana.json"
    said = run(patient.pk, "--format", "fhir", "-o", target)
    assert said == f"{target}: {patient.record_number}, 0.0 MB.\n"
    assert json.loads(target.read_bytes())["resourceType"] == "Bundle"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [target]


def test_file_that_is_there_is_not_replaced_unasked(run, patient, tmp_path):
    target = tmp_path / "ana.json"
    target.write_text("mine")
    assert "exists already" in refusal(run, patient.pk, "-o", target)
    assert target.read_text() == "mine"
    assert not AccessRecord.objects.exists()
    run(patient.pk, "-o", target, "--force")
    assert json.loads(target.read_text())


def test_file_that_can_t_be_written_is_no_export(run, patient, tmp_path):
    assert "can't be written: No such file or directory." in refusal(run, patient.pk, "-o", tmp_path / "no" / "a.json")
    assert not AccessRecord.objects.exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["Ana"], "Ana is neither a patient's id nor a record number."),
        (["00000000-0000-4000-8000-000000000000"], "There is no patient 00000000-0000-4000-8000-000000000000 here."),
        (["999", "--organization", "demo"], "There is no patient 999 in demo."),
        (["999", "--organization", "nowhere"], "There is no organization nowhere. Known: demo."),
    ],
)
def test_nobody_is_said_to_be_nobody(run, patient, given, said):
    assert refusal(run, *given) == said


def test_patient_of_another_organization_is_not_found_in_this_one(run, organization, other_organization):
    with organization_scope(other_organization.pk):
        foreign = PatientFactory(organization=other_organization)
    assert "There is no patient" in refusal(run, foreign.pk, "--organization", organization.slug)
    assert json.loads(run(foreign.pk))["organization"]["name"] == "Other Clinic"


def test_merged_record_names_the_one_to_export(run, organization, patient):
    double = PatientFactory(organization=organization)
    services.merge_patients(survivor=patient, duplicate=double, actor=SYSTEM)
    said = refusal(run, double.pk)
    assert said == f"{double.pk} was merged into {patient.record_number}. Export that record: {patient.pk}"


def test_unknown_format_is_refused_with_those_there_are(run, patient):
    with pytest.raises(CommandError, match=r"choose from.*json.*fhir"):
        run(patient.pk, "--format", "xml")
