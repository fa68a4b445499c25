"""What the contract promises of every list and every moment of the API, held against all of them."""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from django.db import models
from rest_framework import serializers

import apps
from apps.core.api.fields import InstantField
from apps.core.api.filters import FilterSet, InstantFilter, TruthFilter
from apps.core.api.viewsets import ListMixin
from apps.patients.filters import OfPatientFilter
from tests.fixtures.appointments import AppointmentImportFactory
from tests.fixtures.patients import PatientImportFactory
from tests.unit.platform.routes import NOBODY, all_routes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]

NAIVE, FAR = "2026-11-23T14:00:00", "9999-12-31T23:59:59Z"


def serializer_classes() -> Iterator[type[serializers.Serializer]]:
    """Yield every serializer that an app defines for its API."""
    for app in pkgutil.iter_modules(apps.__path__, "apps."):
        if importlib.util.find_spec(f"{app.name}.serializers") is None:
            continue
        module = importlib.import_module(f"{app.name}.serializers")
        yield from (
            thing
            for thing in vars(module).values()
            if isinstance(thing, type)
            and issubclass(thing, serializers.Serializer)
            and thing.__module__ == module.__name__
            and (not issubclass(thing, serializers.ModelSerializer) or hasattr(thing, "Meta"))
        )


def list_views() -> list[tuple[str, type]]:
    """Return path and viewset of every list under /api/v1/ that shows pages."""
    return sorted(
        (route.address(), route.view.cls)
        for route in all_routes()
        if route.pattern.startswith("api/v1/")
        and route.is_api
        and issubclass(route.view.cls, ListMixin)
        and getattr(route.view, "actions", {}).get("get") == "list"
    )


def test_every_moment_of_the_api_is_shown_in_utc_and_read_only_with_its_offset():
    checked, wrong = 0, []
    for cls in serializer_classes():
        for name, field in cls().get_fields().items():
            checked += isinstance(field, InstantField)
            if isinstance(field, serializers.DateTimeField) and not isinstance(field, InstantField):
                wrong.append(f"{cls.__name__}.{name}")
    assert wrong == []
    assert checked > 40


def test_every_filter_of_a_moment_or_a_truth_is_strict():
    wrong = []
    for path, view in list_views():
        fields = view.filterset_class.base_filters if getattr(view, "filterset_class", None) else {}
        wrong += [
            f"{path} {name}"
            for name, one in fields.items()
            if type(one).__name__ in {"IsoDateTimeFilter", "DateTimeFilter", "BooleanFilter"}
        ]
        assert not getattr(view, "filterset_class", None) or issubclass(view.filterset_class, FilterSet), path
    assert wrong == []


def test_every_filter_by_patient_follows_merges():
    # Merges have both sides; the log of access has what was looked at.
    found = {
        path: type(view.filterset_class.base_filters["patient"])
        for path, view in list_views()
        if "patient" in getattr(getattr(view, "filterset_class", None), "base_filters", {})
        and not path.endswith(("/patients/merges/", "/audit/access/"))
    }
    assert set(found.values()) == {OfPatientFilter}, found
    named = [path for path, view in list_views() if "patient" in (getattr(view, "filterset_fields", None) or ())]
    assert named == []


def test_filters_that_are_only_named_are_strict_too():
    assert FilterSet.FILTER_DEFAULTS[models.BooleanField]["filter_class"] is TruthFilter
    assert FilterSet.FILTER_DEFAULTS[models.DateTimeField]["filter_class"] is InstantFilter


@pytest.mark.parametrize("path", [path for path, _view in list_views()])
def test_every_list_refuses_an_order_it_does_not_have_and_a_limit_it_can_not_give(admin_api, practitioner, path):
    # Lists within something: practitioners' busy times, rows of imports.
    for factory in (AppointmentImportFactory, PatientImportFactory):
        factory(pk=practitioner.pk, organization=practitioner.organization)
    path = path.replace(str(NOBODY), str(practitioner.pk))
    for query, field in (("ordering=colour_of_eyes", "ordering"), ("limit=0", "limit"), ("limit=x", "limit")):
        answer = admin_api.get(f"{path}?{query}")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), query
    assert admin_api.get(f"{path}?limit=201").status_code == 422
    page = admin_api.get(f"{path}?ordering=created_at&limit=200")
    assert page.status_code == 200
    assert {"results", "next", "previous"} <= set(page.json())


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (f"start={NAIVE}", "start"),
        (f"end={FAR}", "end"),
        ("start=yesterday", "start"),
        ("confirmed=maybe", "confirmed"),
    ],
)
def test_filter_that_can_not_be_read_is_refused_and_not_ignored(api_client, query, field):
    answer = api_client.get(f"/api/v1/appointments/?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize("moment", ["2026-11-23T14:00:00Z", "2026-11-23T09:00:00-05:00", "2026-11-23T09:00:00%2B01:00"])
def test_filter_takes_a_moment_with_any_offset(api_client, appointment, moment):
    assert len(api_client.get(f"/api/v1/appointments/?start={moment}").json()["results"]) == 1


def test_named_truth_filter_is_strict(api_client, bookable):
    assert api_client.get("/api/v1/practitioners/?is_active=maybe").status_code == 422
    assert len(api_client.get("/api/v1/practitioners/?is_active=true").json()["results"]) == 1
    assert api_client.get("/api/v1/practitioners/?is_active=false").json()["results"] == []


@pytest.mark.parametrize("moment", [FAR, "1600-01-01T00:00:00Z", NAIVE])
def test_moment_beyond_all_calendars_is_refused_by_name(api_client, bookable, patient, moment):
    wanted = {
        "patient": str(patient.pk),
        "appointment_type": str(bookable.appointment_type.pk),
        "practitioner": str(bookable.practitioner.pk),
        "location": str(bookable.location.pk),
        "start": moment,
    }
    for path in ("appointments/", "appointments/check/", "appointments/holds/"):
        answer = api_client.post(f"/api/v1/{path}", wanted)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "start"), path
    slots = api_client.get("/api/v1/slots/", {"appointment_type": bookable.appointment_type.pk, "start": moment})
    assert (slots.status_code, slots.json()["errors"][0]["field"]) == (422, "start")


def test_patient_is_shown_in_utc_whatever_the_organizations_zone(api_client, organization, patient):
    organization.timezone = "Asia/Kolkata"
    organization.save()
    shown = api_client.get(f"/api/v1/patients/{patient.pk}/").json()["created_at"]
    assert shown.endswith("Z")
    assert dt.datetime.fromisoformat(shown) == patient.created_at


@pytest.mark.parametrize(
    ("path", "text"), [("practitioners", "amara okon"), ("locations", "harbour"), ("appointment-types", "consult")]
)
def test_lists_of_what_the_clinic_is_made_of_can_be_searched(api_client, bookable, path, text):
    assert len(api_client.get(f"/api/v1/{path}/?search={text}").json()["results"]) == 1
    assert api_client.get(f"/api/v1/{path}/?search=nobody").json()["results"] == []
    assert api_client.get(f"/api/v1/{path}/?search=%00").status_code == 422
