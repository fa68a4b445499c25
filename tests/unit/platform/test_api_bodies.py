"""A field that a body may not have is refused by name, everywhere; what our own answers say may be sent back."""

from __future__ import annotations

import pytest

from apps.patients.models import Patient
from tests.fixtures.patients import AddressFactory, ContactPointFactory, IdentifierFactory, RelatedPersonFactory
from tests.unit.platform.routes import all_routes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]


def unknown_in(answer) -> list[str]:
    return [error["field"] for error in answer.json()["errors"] if error["code"] == "unknown_field"]


def collections() -> list[str]:
    """Return the path of every collection of the API that objects are added to as JSON; files are another matter."""
    return sorted(
        route.address()
        for route in all_routes()
        if route.pattern.startswith("api/v1/")
        and route.is_api
        and (getattr(route.view, "actions", None) or {}).get("post") == "create"
        and "import" not in route.pattern
    )


@pytest.mark.parametrize("address", [address for address in collections() if "busy-times" not in address])
def test_a_new_object_with_a_field_that_there_is_not_is_refused(admin_api, address):
    answer = admin_api.post(address, {"no_such_field": 1})
    assert answer.status_code == 422
    assert "no_such_field" in unknown_in(answer)


def test_a_patient_is_not_made_without_the_birth_date_that_was_misspelt(api_client):
    answer = api_client.post("/api/v1/patients/", {"given_name": "Zzt", "birthdate": "1990-01-01"})
    assert (answer.status_code, unknown_in(answer)) == (422, ["birthdate"])
    assert "birth_date" in answer.json()["errors"][0]["message"]
    assert not Patient.objects.filter(given_name="Zzt").exists()


def test_a_row_with_a_misspelt_field_is_named_by_its_place(api_client, patient):
    rows = [{"system": "phone", "value": "+14155550123"}, {"system": "phone", "value": "+14155550124", "usage": "work"}]
    answer = api_client.patch(f"/api/v1/patients/{patient.pk}/", {"contact_points": rows})
    assert (answer.status_code, unknown_in(answer)) == (422, ["contact_points.1.usage"])


def test_wrong_and_unknown_fields_are_told_together(api_client):
    answer = api_client.post("/api/v1/patients/", {"given_name": "Zzt", "sex": "x", "birthdate": "1990-01-01"})
    assert {error["field"] for error in answer.json()["errors"]} == {"sex", "birthdate"}


def test_actions_refuse_unknown_fields_too(api_client, appointment):
    answer = api_client.post(f"/api/v1/appointments/{appointment.pk}/cancel/", {"reason": "patient", "not": "x"})
    assert (answer.status_code, unknown_in(answer)) == (422, ["not"])


def test_a_patient_may_be_sent_back_as_it_was_read(api_client, organization, patient):
    for factory in (AddressFactory, ContactPointFactory, IdentifierFactory, RelatedPersonFactory):
        factory(organization=organization, patient=patient)
    one = f"/api/v1/patients/{patient.pk}/"
    for shown in (api_client.get(one).json(), api_client.get("/api/v1/patients/").json()["results"][0]):
        body = {name: value for name, value in shown.items() if name not in {"phones", "emails", "version"}}
        answer = api_client.patch(one, body | {"note": "Sent back"})
        assert answer.status_code == 200, answer.json()
    assert api_client.get(one).json()["note"] == "Sent back"


@pytest.mark.parametrize("path", ["practitioners", "locations", "appointment-types", "appointments"])
def test_what_is_shown_has_no_field_that_is_unknown_when_it_is_sent_back(admin_api, appointment, path):
    shown = admin_api.get(f"/api/v1/{path}/").json()["results"][0]
    answer = admin_api.patch(f"/api/v1/{path}/{shown['id']}/", shown)
    assert unknown_in(answer) == [] if answer.status_code == 422 else answer.status_code == 200, answer.json()


def test_a_consent_may_be_sent_back_as_it_was_read(api_client, patient):
    path = f"/api/v1/patients/{patient.pk}/consents/"
    made = api_client.post(path, {"purpose": "sms", "status": "active"}).json()
    assert api_client.put(f"{path}sms/", made).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("given", [{}, {"id": 1}, "x", 1, None])
def test_only_a_list_is_a_list_of_ids(api_client, bookable, given):
    """REST framework takes an empty object for "none of them"."""
    address = f"/api/v1/appointment-types/{bookable.appointment_type.pk}/"
    answer = api_client.patch(address, {"practitioners": given}, format="json")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["practitioners"])
    assert api_client.get(address).json()["practitioners"] == [str(bookable.practitioner.pk)]
