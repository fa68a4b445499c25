"""The base of the REST API through HTTP: tenancy, default deny, problems, idempotency, versions, throttling."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.core.models import IdempotencyRecord
from apps.core.tenancy import organization_scope
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.shared import api_client_for

pytestmark = [pytest.mark.urls("tests.unit.platform.probe_api"), pytest.mark.usefixtures("empty_cache")]
URL = "/api/v1/probe/"
BODY = {"name": "Pier", "timezone": "America/New_York", "city": "New York"}


@pytest.fixture
def foreign_location(other_organization):
    return LocationFactory(organization=other_organization, name="Elsewhere")


class TestRows:
    def test_a_list_holds_only_the_callers_organization(self, api_client, location, foreign_location):
        assert [row["id"] for row in api_client.get(URL).json()["results"]] == [str(location.pk)]

    def test_an_object_of_another_organization_is_not_found(self, api_client, foreign_location):
        answer = api_client.get(f"{URL}{foreign_location.pk}/")
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"

    def test_an_id_that_is_no_uuid_is_not_found_as_a_problem(self, api_client):
        answer = api_client.get(f"{URL}7/")
        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"

    def test_a_created_object_is_found_at_its_location(self, api_client):
        answer = api_client.post(URL, BODY)
        assert answer.status_code == 201
        assert api_client.get(answer["Location"]).json()["name"] == "Pier"


class TestAccess:
    def test_without_a_key_the_answer_is_401_and_no_redirect(self, db, anonymous_client):
        answer = anonymous_client.get(URL)
        assert (answer.status_code, answer.json()["code"], answer["WWW-Authenticate"]) == (
            401,
            "not_authenticated",
            "Bearer",
        )

    def test_an_unknown_key_is_refused(self, db, anonymous_client):
        answer = anonymous_client.get(URL, headers={"Authorization": "Bearer clk_wrong"})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_key")
        assert answer["Content-Type"] == "application/problem+json"

    def test_the_scheme_may_be_written_in_any_case(self, manager, location):
        client = api_client_for(manager)
        client.credentials(HTTP_AUTHORIZATION=client._credentials["HTTP_AUTHORIZATION"].replace("Bearer", "bearer"))
        assert client.get(URL).status_code == 200

    def test_a_role_without_the_permission_is_refused(self, front_desk):
        assert api_client_for(front_desk).post(URL, BODY).status_code == 403

    def test_a_scope_narrows_what_the_role_may_do(self, manager):
        client = api_client_for(manager, scopes=(Permission.PRACTITIONERS_VIEW,))
        assert client.get(URL).status_code == 200
        assert client.post(URL, BODY).status_code == 403

    def test_an_action_without_a_permission_is_refused_even_to_administrators(self, administrator, location):
        assert api_client_for(administrator).delete(f"{URL}{location.pk}/").status_code == 403

    def test_a_session_needs_the_csrf_token(self, manager, location):
        from tests.fixtures.clients import PortalClient

        client = PortalClient(enforce_csrf_checks=True)
        client.force_login(manager.user, backend="apps.organizations.backends.PortalBackend")
        assert client.get(URL).status_code == 200
        assert client.post(URL, BODY, content_type="application/json").status_code == 403


class TestProblems:
    def test_malformed_json_is_400(self, api_client):
        answer = api_client.generic("POST", URL, "{", content_type="application/json")
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")

    def test_json_nested_too_deep_is_400(self, api_client):
        assert api_client.generic("POST", URL, "[" * 200_000, content_type="application/json").status_code == 400

    def test_a_list_where_an_object_belongs_is_422(self, api_client):
        assert api_client.post(URL, [1]).status_code == 422

    def test_another_media_type_is_415(self, api_client):
        assert api_client.generic("POST", URL, "name=x", content_type="text/csv").status_code == 415

    def test_a_method_the_object_lacks_is_405(self, api_client, location):
        answer = api_client.put(f"{URL}{location.pk}/", BODY)
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")

    def test_an_unknown_address_is_a_problem_too(self, api_client):
        answer = api_client.get("/api/v1/nothing/")
        assert (answer.status_code, answer["Content-Type"], answer.json()["code"]) == (
            404,
            "application/problem+json",
            "not_found",
        )

    def test_each_wrong_field_is_named(self, api_client):
        answer = api_client.post(URL, {"name": "", "timezone": "Mars/Olympus"})
        assert answer.status_code == 422
        assert {error["field"] for error in answer.json()["errors"]} == {"name", "timezone"}

    def test_a_constraint_of_the_database_is_409_and_named(self, api_client, location):
        answer = api_client.post(URL, BODY | {"name": location.name})
        assert (answer.status_code, answer.json()["constraint"]) == (409, "location_name_is_unique_in_organization")

    def test_a_refusal_undoes_what_the_request_wrote(self, api_client, location):
        answer = api_client.post(f"{URL}{location.pk}/close/")
        assert (answer.status_code, answer.json()["code"], answer.json()["patients"]) == (409, "patients_expected", 2)
        location.refresh_from_db()
        assert location.city == "New York"

    def test_a_body_over_the_limit_is_413(self, api_client, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
        answer = api_client.post(URL, BODY, headers={"Idempotency-Key": "k"})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


class TestVersions:
    def test_a_stale_if_match_is_409_with_the_current_version(self, api_client, location):
        answer = api_client.patch(f"{URL}{location.pk}/", {"name": "New"}, headers={"If-Match": '"2"'})
        assert (answer.status_code, answer.json()["code"], answer.json()["current"]) == (409, "stale", 3)

    def test_a_stale_version_in_the_body_is_refused_alike(self, api_client, location):
        assert api_client.patch(f"{URL}{location.pk}/", {"name": "New", "version": 2}).json()["code"] == "stale"

    @pytest.mark.parametrize("tag", ['"3"', 'W/"3"', "*"])
    def test_the_version_that_was_read_is_accepted(self, api_client, location, tag):
        answer = api_client.patch(f"{URL}{location.pk}/", {"name": "New"}, headers={"If-Match": tag})
        assert (answer.status_code, answer["ETag"], answer.json()["name"]) == (200, '"4"', "New")

    def test_a_foreign_tag_is_malformed(self, api_client, location):
        answer = api_client.patch(f"{URL}{location.pk}/", {"name": "New"}, headers={"If-Match": "abc"})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_if_match")


class TestIdempotency:
    def post(self, client, body, key="a-key", **extra):
        return client.post(extra.pop("url", URL), body, headers={"Idempotency-Key": key})

    def test_the_same_key_and_body_get_the_same_answer_and_one_effect(self, api_client):
        first, second = self.post(api_client, BODY), self.post(api_client, BODY)
        assert (second.status_code, second.content, second["Location"]) == (201, first.content, first["Location"])
        assert second["Idempotency-Replayed"] == "true"
        assert Location.objects.count() == 1

    def test_without_the_key_there_are_two_effects(self, api_client):
        """The control: it is the key that makes the difference."""
        api_client.post(URL, BODY)
        assert api_client.post(URL, BODY | {"name": "Other"}).status_code == 201
        assert Location.objects.count() == 2

    def test_spaces_and_order_of_names_do_not_make_another_body(self, api_client):
        self.post(api_client, BODY)
        text = '{ "city": "New York", "timezone": "America/New_York",  "name": "Pier" }'
        again = api_client.generic(
            "POST", URL, text, content_type="application/json", headers={"Idempotency-Key": "a-key"}
        )
        assert again.status_code == 201

    def test_the_same_key_with_another_body_is_422(self, api_client):
        self.post(api_client, BODY)
        answer = self.post(api_client, BODY | {"name": "Dock"})
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")

    def test_a_conflict_is_answered_the_same_again(self, api_client, location):
        url = f"{URL}{location.pk}/close/"
        first, second = self.post(api_client, {}, url=url), self.post(api_client, {}, url=url)
        assert (first.status_code, second.status_code, second.json()) == (409, 409, first.json())
        assert second["Content-Type"] == "application/problem+json"
        location.refresh_from_db()
        assert location.city == "New York"

    def test_a_refused_body_may_be_corrected_under_the_same_key(self, api_client):
        assert self.post(api_client, BODY | {"timezone": "Mars"}).status_code == 422
        assert self.post(api_client, BODY).status_code == 201

    def test_two_callers_may_use_the_same_key(self, api_client, administrator):
        assert self.post(api_client, BODY).status_code == 201
        assert self.post(api_client_for(administrator), BODY | {"name": "Dock"}).status_code == 201

    @pytest.mark.parametrize("key", ["", "x" * 256, "ü"])
    def test_a_key_that_is_none_is_malformed(self, api_client, key):
        answer = self.post(api_client, BODY, key=key)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")

    def test_a_failure_of_ours_keeps_nothing(self, api_client, location):
        api_client.raise_request_exception = False
        assert self.post(api_client, {}, url=f"{URL}{location.pk}/fail/").status_code == 500
        assert IdempotencyRecord.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_same_key_while_the_first_request_runs_is_409(api_client, organization, monkeypatch):
    """The second request asks while the first one is between its effect and its commit."""
    from tests.unit.platform import probe_api

    inside, go_on = threading.Event(), threading.Event()
    plain = probe_api.LocationViewSet.perform_create

    def slow(self, data):
        made = plain(self, data)
        inside.set()
        assert go_on.wait(10)
        return made

    monkeypatch.setattr(probe_api.LocationViewSet, "perform_create", slow)
    answers = {}

    def first():
        answers["first"] = api_client.post(URL, BODY, headers={"Idempotency-Key": "k"}).status_code
        connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(10)
    second = api_client.post(URL, BODY, headers={"Idempotency-Key": "k"})
    go_on.set()
    thread.join()
    assert (second.status_code, second.json()["code"]) == (409, "in_progress")
    assert answers["first"] == 201
    with organization_scope(organization.pk):
        assert Location.objects.count() == 1


class TestThrottle:
    def test_over_the_rate_the_answer_is_429_with_retry_after(self, api_client, settings):
        settings.API_RATE_LIMIT = "2/hour"
        statuses = [api_client.get(URL).status_code for _ in range(2)]
        answer = api_client.get(URL)
        assert [*statuses, answer.status_code] == [200, 200, 429]
        assert 0 < int(answer["Retry-After"]) <= 3601

    def test_each_key_has_its_own_rate(self, api_client, administrator, settings):
        settings.API_RATE_LIMIT = "1/hour"
        assert api_client.get(URL).status_code == 200
        assert api_client_for(administrator).get(URL).status_code == 200

    def test_a_cache_that_is_away_fails_no_request_and_still_limits(self, api_client, settings, monkeypatch):
        settings.API_RATE_LIMIT = "1/hour"

        def away(*args, **kwargs):
            raise RedisConnectionError("away")

        monkeypatch.setattr("django.core.cache.backends.redis.RedisCacheClient.add", away)
        monkeypatch.setattr("django.core.cache.backends.redis.RedisCacheClient.incr", away)
        assert [api_client.get(URL).status_code for _ in range(2)] == [200, 429]


class TestHalvesOfCharacters:
    """A lone surrogate can be written in JSON, but no answer could repeat it and no column keep it."""

    @pytest.mark.parametrize(
        "body", [rb'{"given_name": "\ud800"}', rb'{"\uDFFF": 1}', rb'{"sex": ["\ud83d"]}', rb'"\udc00"']
    )
    def test_are_malformed_input(self, api_client, body):
        answer = api_client.generic("POST", "/api/v1/patients/", body, content_type="application/json")
        assert answer.status_code == 400
        assert "half of a character" in answer.json()["detail"]

    def test_whole_characters_that_are_written_as_two_halves_are_kept(self, api_client):
        body = rb'{"given_name": "Zo\u00eb", "note": "\ud83d\ude00"}'
        answer = api_client.generic("POST", "/api/v1/patients/", body, content_type="application/json")
        assert (answer.status_code, answer.json()["note"]) == (201, "😀")
