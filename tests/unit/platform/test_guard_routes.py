"""S2: every route × method × role × anonymous × foreign organization, derived from the URL resolver.

A page says `@requires(Permission.X)`, an API view `permissions = {action: Permission.X}`. What says neither must be in
PUBLIC or LOGIN_ONLY below, with the reason. What each role may do is organizations/permissions.py, nothing else.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.conf import settings as configured
from django.contrib import admin
from django.db.models import Model
from django.urls import reverse
from django.urls.converters import UUIDConverter

from apps.core.actors import Actor
from apps.core.api.idempotency import AnswerOnceMixin
from apps.core.api.viewsets import CreateMixin, ListMixin, TenantViewSet
from apps.core.tenancy import tenant_models
from apps.organizations.permissions import PERMISSIONS_OF, Permission, Role
from tests.fixtures.anything import any_row
from tests.fixtures.organizations import MembershipFactory
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
    "stored/": "a signed address of one stored file, for some minutes",
}
LOGIN_ONLY = {
    "api-schema": "the API's description, for every member",
    "styleguide": "components without data, in demo and debug runs",
    "account_email": "closed: leads to the page for the password",
}
THIRD_PARTIES = ("allauth.", "django.contrib.admin", "unfold.", "django.views.static")

ROUTES = list(all_routes())


def is_third_party(route: Route) -> bool:
    return route.module.startswith(THIRD_PARTIES) or route.pattern.startswith("admin/")


def is_public(route: Route) -> bool:
    return route.name in PUBLIC or route.pattern.startswith(tuple(PUBLIC_PREFIXES))


GUARDED = [r for r in ROUTES if not is_third_party(r) and not is_public(r) and r.name not in LOGIN_ONLY]


def silent(routes: list[Route]) -> list[str]:
    """Return the methods of routes for which nobody names a permission."""
    return [
        f"{method.upper()} /{route.pattern} ({route.module})"
        for route in routes
        for method in route.methods
        if route.permission(method) not in set(Permission)
    ]


def test_every_route_says_what_it_needs():
    assert silent(GUARDED) == []


def test_the_guard_notices_a_route_that_says_nothing():
    """The control: a page and an API action without a permission."""

    def page(request):
        return None

    class Forgetful(ListMixin, CreateMixin, TenantViewSet):
        permissions = {"list": Permission.PATIENTS_VIEW}

    view = Forgetful.as_view({"get": "list", "post": "create"})
    assert silent([Route("page/", "page", page, {}), Route("api/v1/x/", "x", view, {})]) == [
        f"GET /page/ ({__name__})",
        f"POST /page/ ({__name__})",
        f"POST /api/v1/x/ ({__name__})",
    ]


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
def clients_of(organization):
    """Return a function from a role to a browser and a program of a member with that role."""

    def make(role: str) -> SimpleNamespace:
        membership = MembershipFactory(organization=organization, role=role)
        browser, program = client_for(membership), api_client_for(membership)
        browser.raise_request_exception = program.raise_request_exception = False
        return SimpleNamespace(browser=browser, program=program)

    return make


def call(route: Route, clients: SimpleNamespace, method: str, **ids):
    client = clients.program if route.pattern.startswith(("api/", "fhir/")) else clients.browser
    return getattr(client, method)(route.address(**ids))


@pytest.fixture(autouse=True)
def many_requests(settings):
    settings.API_RATE_LIMIT = "100000/min"


@pytest.mark.parametrize("role", Role.values)
def test_each_role_may_do_what_the_table_says(role, clients_of):
    """Ids are random: who may, gets 404 or 422 or a page; who may not, gets 403 before anything is looked up."""
    assert answers_beside_the_table(role, clients_of(role)) == []


def test_where_nobody_asks_for_permission_the_guard_notices_every_route(clients_of, monkeypatch):
    """The control: whatever the role that may least is not allowed is answered, and reported."""
    least = min(Role.values, key=lambda role: len(PERMISSIONS_OF[role]))
    clients = clients_of(least)
    monkeypatch.setattr(Actor, "may", lambda *_: True)
    reported = {line.split(" → ")[0] for line in answers_beside_the_table(least, clients)}
    unnoticed = [
        f"{method.upper()} /{route.pattern}"
        for route in GUARDED
        for method in route.methods
        if route.permission(method) not in PERMISSIONS_OF[least]
        and f"{method.upper()} /{route.pattern}" not in reported
        and call(route, clients, method).status_code != 405
    ]
    assert reported
    assert unnoticed == []


def answers_beside_the_table(role: str, clients: SimpleNamespace) -> list[str]:
    wrong = []
    for route in GUARDED:
        for method in route.methods:
            status = call(route, clients, method).status_code
            allowed = route.permission(method) in PERMISSIONS_OF[role]
            right = (status < 500 and status not in {401, 403}) if allowed else status in {403, 405}
            if not right:
                wrong.append(f"{method.upper()} /{route.pattern} → {status}, allowed: {allowed}")
    return wrong


def test_anonymous_callers_get_nothing(db, anonymous_client):
    wrong = []
    for route in GUARDED:
        for method in route.methods:
            answer = getattr(anonymous_client, method)(route.address())
            if route.is_api:
                right = (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
            else:
                right = answer.status_code == 302 and answer["Location"].startswith(reverse(configured.LOGIN_URL))
            if not right:
                wrong.append(f"{method.upper()} /{route.pattern} → {answer.status_code}")
    assert wrong == []


def uuid_names(route: Route) -> list[str]:
    return [name for name, converter in route.converters.items() if isinstance(converter, UUIDConverter)]


WITH_IDS = [route for route in GUARDED if uuid_names(route)]


def meant(route: Route) -> list[type[Model]]:
    """Return the models whose ids the route could mean: its own, else all of its app and patients."""
    queryset = getattr(getattr(route.view, "cls", None), "queryset", None)
    apps_meant = {route.module.split(".")[1], "patients"}
    return [queryset.model] if queryset is not None else [m for m in tenant_models() if m._meta.app_label in apps_meant]


def answers(organization, clients: SimpleNamespace, routes: list[Route]) -> dict[tuple[str, str, str], int]:
    """Call each route and method with a row of the organization of each model that it could mean; return the statuses."""
    rows = {model: any_row(model, organization) for model in tenant_models()}
    return {
        (route.pattern, method, model.__name__): call(
            route, clients, method, **dict.fromkeys(uuid_names(route), rows[model].pk)
        ).status_code
        for route in routes
        for model in meant(route)
        for method in route.methods
    }


def found(statuses: dict[tuple[str, str, str], int]) -> list[str]:
    return [
        f"{method.upper()} /{pattern} with a foreign {model} → {status}"
        for (pattern, method, model), status in statuses.items()
        if status not in {404, 405, 422}
    ]


def test_an_object_of_another_organization_is_not_found(clients_of, other_organization):
    assert found(answers(other_organization, clients_of(Role.ADMIN), WITH_IDS)) == []


class TestThirdParties:
    @pytest.mark.parametrize("role", sorted(set(Role.values) - {Role.ADMIN}))
    def test_the_admin_is_closed_to_everybody_but_administrators(self, role, clients_of):
        browser = clients_of(role).browser
        for name in (f"{m._meta.app_label}_{m._meta.model_name}" for m in admin.site._registry):
            answer = browser.get(reverse(f"admin:{name}_changelist"))
            assert answer.status_code == 302, name
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
    client.force_login(UserFactory(), backend="apps.organizations.backends.PortalBackend")
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
