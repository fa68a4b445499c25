"""S2: every route × method × role × anonymous × foreign organization, derived from the URL resolver.

A page says `@requires(Permission.X)`, an API view `permissions = {action: Permission.X}`. What says neither must be in
PUBLIC or LOGIN_ONLY below, with the reason. What each role may do is organizations/permissions.py, nothing else.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.urls import reverse

from apps.core.api.idempotency import AnswerOnceMixin
from apps.core.tenancy import is_tenant_model
from apps.organizations.permissions import PERMISSIONS_OF, Permission, Role
from tests.fixtures.anything import any_row
from tests.fixtures.organizations import MembershipFactory, OrganizationFactory
from tests.fixtures.shared import api_client_for, client_for
from tests.unit.platform.routes import Route, all_routes

PUBLIC = {
    "healthz": "load balancers; says nothing",
    "readyz": "load balancers; names of services, no addresses",
    "metrics": "Prometheus; counts, kept off the internet by the proxy",
    "set_language": "the sign-in page has the choice too; changes the caller's own cookie",
}
PUBLIC_PREFIXES = {
    "webhooks/": "signed by the sender",
    "a/": "a signed link of one appointment",
    "i/": "a signed link of one intake form",
    "calendar/<": "a signed link of one practitioner's feed",
}
LOGIN_ONLY = {
    "api-schema": "the API's description, for every member",
    "styleguide": "components without data, in demo and debug runs",
}
THIRD_PARTIES = ("allauth.", "django.contrib.admin", "unfold.", "django.views.static")

ROUTES = list(all_routes())


def is_third_party(route: Route) -> bool:
    return route.module.startswith(THIRD_PARTIES) or route.pattern.startswith("admin/")


def is_public(route: Route) -> bool:
    return route.name in PUBLIC or route.pattern.startswith(tuple(PUBLIC_PREFIXES))


GUARDED = [r for r in ROUTES if not is_third_party(r) and not is_public(r) and r.name not in LOGIN_ONLY]
every_guarded_route = pytest.mark.parametrize("route", GUARDED, ids=lambda r: r.name or r.pattern)


def test_every_route_says_what_it_needs():
    silent = [
        f"{method.upper()} /{route.pattern} ({route.module})"
        for route in GUARDED
        for method in route.methods
        if route.permission(method) not in set(Permission)
    ]
    assert silent == []


def test_every_exception_still_exists():
    names = {route.name for route in ROUTES}
    optional = {"styleguide"}
    assert (PUBLIC.keys() | LOGIN_ONLY.keys()) - optional - names == set()


def test_every_api_view_has_our_base():
    plain = [
        r.pattern for r in GUARDED if r.pattern.startswith("api/v1/") and not issubclass(r.view.cls, AnswerOnceMixin)
    ]
    assert plain == []


@pytest.fixture
def members(organization):
    """A client per role, a browser and a program."""
    made = {}
    for role in Role.values:
        membership = MembershipFactory(organization=organization, role=role)
        browser, program = client_for(membership), api_client_for(membership)
        browser.raise_request_exception = program.raise_request_exception = False
        made[role] = SimpleNamespace(browser=browser, program=program)
    return made


def call(route: Route, clients: SimpleNamespace, method: str, **ids):
    client = clients.program if route.pattern.startswith(("api/", "fhir/")) else clients.browser
    return getattr(client, method)(route.address(**ids))


@every_guarded_route
def test_each_role_may_do_what_the_table_says(route, members):
    """Ids are random: who may, gets 404 or 422 or a page; who may not, gets 403 before anything is looked up."""
    for role, clients in members.items():
        for method in route.methods:
            status = call(route, clients, method).status_code
            allowed = route.permission(method) in PERMISSIONS_OF[role]
            told = f"{role} {method.upper()} /{route.pattern} → {status}"
            assert status < 500, told
            assert status != 401, told
            if allowed:
                assert status != 403, told
            else:
                assert status in {403, 405}, told


@every_guarded_route
def test_anonymous_callers_get_nothing(route, db, anonymous_client):
    for method in route.methods:
        answer = getattr(anonymous_client, method)(route.address())
        told = f"{method.upper()} /{route.pattern} → {answer.status_code}"
        if route.is_api:
            assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json"), told
        else:
            assert answer.status_code == 302, told
            assert answer["Location"].startswith(reverse(settings.LOGIN_URL)), told


@pytest.fixture(scope="module")
def models_by_app():
    made: dict[str, list] = {}
    for model in apps.get_models():
        if is_tenant_model(model):
            made.setdefault(model._meta.app_label, []).append(model)
    return made


WITH_IDS = [r for r in GUARDED if any(type(c).__name__ == "UUIDConverter" for c in r.converters.values())]


@pytest.mark.parametrize("route", WITH_IDS, ids=lambda r: r.name or r.pattern)
def test_an_object_of_another_organization_is_not_found(route, members, models_by_app):
    """With the id of a foreign row of each model that the route could mean: its own, else all of its app and below."""
    there = OrganizationFactory()
    queryset = getattr(getattr(route.view, "cls", None), "queryset", None)
    own_app = route.module.split(".")[1]
    models = [queryset.model] if queryset is not None else [*models_by_app.get(own_app, []), *models_by_app["patients"]]
    for model in models:
        foreign = any_row(model, there)
        ids = dict.fromkeys((n for n, c in route.converters.items() if type(c).__name__ == "UUIDConverter"), foreign.pk)
        for method in route.methods:
            status = call(route, members[Role.ADMIN], method, **ids).status_code
            assert status in {404, 405, 422}, (
                f"{method.upper()} /{route.pattern} with a foreign {model.__name__} → {status}"
            )


class TestThirdParties:
    def test_the_admin_is_closed_to_everybody_but_administrators(self, members):
        for name in (f"{m._meta.app_label}_{m._meta.model_name}" for m in admin.site._registry):
            for role in set(Role.values) - {Role.ADMIN}:
                answer = members[role].browser.get(reverse(f"admin:{name}_changelist"))
                assert answer.status_code == 302, f"{role} {name}"
                assert reverse("admin:login") in answer["Location"]

    def test_what_allauth_leaves_open_is_about_signing_in(self):
        open_ones = {
            route.name
            for route in ROUTES
            if is_third_party(route) and getattr(route.view, "login_required", True) is False
        }
        expected = ("account_", "mfa_authenticate", "mfa_login_webauthn", "admin:login")
        assert {name for name in open_ones if not name.startswith(expected)} == set()

    def test_nobody_signs_up(self, db, anonymous_client):
        answer = anonymous_client.post(
            "/accounts/signup/",
            {"email": "new@x.org", "password1": "a-long-passphrase", "password2": "a-long-passphrase"},
        )
        from apps.organizations.models import User

        assert answer.status_code in {200, 302, 403}
        assert not User.objects.exists()


def test_a_person_without_an_organization_gets_nowhere(db):
    from tests.fixtures.clients import PortalClient
    from tests.fixtures.organizations import UserFactory

    client = PortalClient()
    client.force_login(UserFactory(), backend="allauth.account.auth_backends.AuthenticationBackend")
    for route in GUARDED:
        expected = 401 if route.is_api else 403
        statuses = {getattr(client, method)(route.address()).status_code for method in route.methods}
        assert statuses <= {expected, 405}, f"/{route.pattern} → {statuses}"


@pytest.mark.parametrize("closed", ["membership", "user", "organization"])
def test_whoever_was_closed_out_stays_out(organization, manager, closed):
    from apps.core.tenancy import all_organizations

    browser, program = client_for(manager), api_client_for(manager)
    with all_organizations():
        row = {"membership": manager, "user": manager.user, "organization": organization}[closed]
        row.is_active = False
        row.save()
    assert program.get("/api/v1/events/").status_code == 401
    assert browser.get("/api/docs/").status_code in {302, 403}
