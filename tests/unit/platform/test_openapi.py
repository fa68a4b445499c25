"""The committed description of the API is the one that the code gives."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command

from tests.fixtures.media import MediaFactory

COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "openapi.yaml"


def test_the_committed_description_equals_the_code():
    """When it differs: `make schema`, read the difference, commit it."""
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    assert COMMITTED.read_text() == out.getvalue()


@pytest.fixture(scope="module")
def described() -> dict:
    return yaml.safe_load(COMMITTED.read_text())["paths"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("patients/", "limit=0", 422),
        ("patients/merges/", "undone=x", 422),
        ("media/", "state=x", 422),
        ("audit/access/", "kind=x", 422),
        ("events/", "limit=0", 422),
        ("patients/export/", "archived=x", 422),
        ("appointments/export/", "start=x", 422),
        ("patients/{id}/timeline/", "before=x", 422),
        ("media/{id}/download/", "variant=x", 422),
        ("media/{id}/download/", "", 409),
        ("slots/", "", 422),
        ("patients/", "cursor=abc", 404),
        ("patients/", "format=xml", 404),
        ("appointments/", "format=xml", 404),
        ("patients/export/", "format=xml", 404),
    ],
)
def test_a_refusal_that_is_given_is_described(admin_api, organization, patient, described, path, query, status):
    pending = MediaFactory(organization=organization, patient=patient, state="pending", stored=None)
    pk = pending.pk if path.startswith("media") else patient.pk
    answer = admin_api.get(f"/api/v1/{path.replace('{id}', str(pk))}?{query}")
    assert answer.status_code == status, answer.content
    assert set(described[f"/api/v1/{path}"]["get"]["responses"][str(status)]["content"]) == {answer["Content-Type"]}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["patients/", "patients/export/", "appointments/", "slots/"])
def test_an_accept_that_nothing_fits_is_a_described_refusal(admin_api, described, path):
    assert admin_api.get(f"/api/v1/{path}", headers={"Accept": "application/xml"}).status_code == 406
    assert "406" in described[f"/api/v1/{path}"]["get"]["responses"]


def test_exports_describe_their_filters_and_no_format_but_their_own(described):
    for table, some in (("patients", {"phone", "archived", "search"}), ("appointments", {"start", "patient"})):
        operation = described[f"/api/v1/{table}/export/"]["get"]
        names = {one["name"] for one in operation["parameters"]}
        assert some <= names
        assert "format" not in names
        assert set(operation["responses"]["200"]["content"]) == {"text/csv"}
