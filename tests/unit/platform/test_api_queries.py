"""A parameter that a read or a write does not take is refused, everywhere; what the description lists is taken."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from apps.core.api.queries import known_parameters
from tests.fixtures.patients import PatientFactory
from tests.unit.platform.routes import METHODS, NOBODY, Route, all_routes

pytestmark = pytest.mark.usefixtures("empty_cache")
DESCRIPTION = Path(__file__).resolve().parents[3] / "docs" / "openapi.yaml"


def api_routes(*methods: str) -> list[tuple[str, Route]]:
    """Return every route under /api/v1/ with each of the methods that it answers."""
    routes = (route for route in all_routes() if route.pattern.startswith("api/v1/") and route.is_api)
    pairs = ((method, route) for route in routes for method in route.methods if method in methods)
    return sorted(pairs, key=lambda pair: (pair[1].pattern, pair[0]))


def described_parameters() -> dict[tuple[str, str], set[str]]:
    """Return the query parameters of every operation of the committed description, by method and path without names."""
    paths = yaml.safe_load(DESCRIPTION.read_text())["paths"]
    return {
        (method, _unnamed(path)): {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
        for path, operations in paths.items()
        for method, operation in operations.items()
    }


def _unnamed(path: str) -> str:
    parts = ["{}" if part[:1] in {"{", "<"} else part for part in path.strip("/").split("/")]
    return "/".join(parts)


def test_what_a_view_takes_is_what_its_description_lists():
    described = described_parameters()
    wrong, checked = {}, 0
    for method, route in api_routes(*METHODS):
        view = route.view.cls(**route.view.initkwargs, request=None)
        if hasattr(route.view, "actions"):
            view.action = (route.view.actions or {}).get(method)
        known = set(known_parameters(view, method.upper()))
        listed = described[method, _unnamed(route.pattern)]
        checked += 1
        if known | {"format"} != listed | {"format"}:
            wrong[method, route.pattern] = (known, listed)
    assert wrong == {}
    assert checked == len(described)


@pytest.mark.django_db
@pytest.mark.parametrize("address", sorted({route.address() for _get, route in api_routes("get")}))
def test_an_unknown_parameter_is_refused_with_the_known_ones(admin_api, address):
    answer = admin_api.get(f"{address}?phonee=1")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_parameter")
    assert [error["field"] for error in answer.json()["errors"]] == ["phonee"]
    assert "format" in answer.json()["detail"]


def test_an_unknown_parameter_of_a_write_is_refused_before_anything_is_looked_up(admin_api):
    """Ids are random: only a refusal of the address itself can be the answer."""
    wrong = {}
    for method, route in api_routes("post", "put", "patch", "delete"):
        answer = getattr(admin_api, method)(f"{route.address()}?dry_run=true")
        if (answer.status_code, answer.json()["code"]) != (422, "unknown_parameter"):
            wrong[method, route.pattern] = answer.status_code
    assert wrong == {}


def test_a_write_with_a_mistyped_parameter_writes_nothing(admin_api, location):
    answer = admin_api.patch(f"/api/v1/locations/{location.pk}/?dry-run=true", {"name": "Quay"}, format="json")
    assert [error["field"] for error in answer.json()["errors"]] == ["dry-run"]
    location.refresh_from_db()
    assert location.name == "Harbour Street"


def test_a_write_still_takes_the_parameters_that_it_has(admin_api, practitioner):
    address = f"/api/v1/practitioners/{practitioner.pk}/busy-times/?calendar=Private&format=json"
    assert admin_api.post(address, {"calendar": "Private", "events": []}, format="json").status_code == 201


@pytest.mark.django_db
class TestPatients:
    @pytest.fixture(autouse=True)
    def people(self, organization):
        PatientFactory.create_batch(3, organization=organization, family_name="Searchable")

    @pytest.mark.parametrize("query", ["phonee=1", f"patient={NOBODY}", "limit=2", "cursor=x", "ordering=name"])
    def test_an_export_with_a_mistyped_filter_exports_nobody(self, admin_api, query):
        answer = admin_api.get(f"/api/v1/patients/export/?{query}")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == query.partition("=")[0]
        assert "phone" in answer.json()["detail"]

    @pytest.mark.parametrize("filters", ["phone=1", "email=a", "identifier=1", "birth_date=1990-01-01"])
    @pytest.mark.parametrize("path", ["patients/", "patients/export/"])
    def test_a_search_is_not_silently_wider_than_the_filter_beside_it(self, admin_api, path, filters):
        answer = admin_api.get(f"/api/v1/{path}?search=Searchable&{filters}")
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [filters.partition("=")[0]]

    def test_a_search_takes_a_limit_and_refuses_an_order(self, admin_api):
        assert len(admin_api.get("/api/v1/patients/?search=Searchable").json()["results"]) == 3
        assert len(admin_api.get("/api/v1/patients/?search=Searchable&limit=2").json()["results"]) == 2
        assert admin_api.get("/api/v1/patients/?search=Searchable&limit=0").status_code == 422
        for path, query in (("patients", "ordering=name"), ("conversations", "ordering=created_at")):
            answer = admin_api.get(f"/api/v1/{path}/?search=Searchable&{query}")
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "ordering")
