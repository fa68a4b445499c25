"""Open the caller's organization, and only that one, for the whole request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial

import structlog
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext

from apps.core import traces
from apps.core.actors import Actor
from apps.core.api.problems import problem_json
from apps.core.tenancy import organization_scope
from apps.organizations.models import Membership, Organization
from apps.organizations.selectors import Access, access_for_key, access_for_user

SESSION_KEY = "organization_id"
# What reads many tables that must fit together; all of it is answered from one snapshot of the database.
ONE_SNAPSHOT = re.compile(r"^/(api/v1/)?patients/[0-9a-f-]{36}/export/")
# Refusals that say what stands against it: whose record they show was seen. Others say nothing of anybody.
SHOWING = (409, 422)
UNSCOPED_PREFIXES = ("/webhooks/", "/stored/", "/static/", "/healthz", "/readyz", "/metrics")


class OrganizationRequest(HttpRequest):
    """A request that belongs to somebody in an organization."""

    organization: Organization
    membership: Membership
    actor: Actor


class OrganizationMiddleware:
    """Find who asks (session or `Authorization: Bearer`), then run the view in one transaction of that organization.

    Sets `request.organization`, `request.membership`, `request.actor` (all None for anonymous requests, which see no
    tenant row at all). The transaction is rolled back when the view fails.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.organization = request.membership = request.actor = None  # type: ignore[attr-defined]
        request.open_organization = nullcontext  # type: ignore[attr-defined]
        if request.path.startswith(UNSCOPED_PREFIXES):
            return self.get_response(request)
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        access: Access | None = None
        if scheme.lower() == "bearer":
            access = access_for_key(key.strip())
            if access is None:
                return _unauthorized()
            request.uses_key = True  # type: ignore[attr-defined]
        elif request.user.is_authenticated:
            access = access_for_user(request.user, request.session.get(SESSION_KEY))
        if access is None:
            return self.get_response(request)
        return self._run(request, access)

    def _run(self, request: HttpRequest, access: Access) -> HttpResponse:
        request.organization = access.organization  # type: ignore[attr-defined]
        request.membership = access.membership  # type: ignore[attr-defined]
        request.organizations = access.organizations  # type: ignore[attr-defined]
        request.actor = access.actor  # type: ignore[attr-defined]
        request.open_organization = partial(_opened, access)  # type: ignore[attr-defined]
        one_snapshot = request.method == "GET" and ONE_SNAPSHOT.match(request.path_info) is not None
        structlog.contextvars.bind_contextvars(organization=access.organization.slug, actor=str(access.actor.id))
        with traces.remembered():
            with _opened(access, one_snapshot=one_snapshot):
                response = self.get_response(request)
                if response.status_code >= 500:
                    transaction.set_rollback(True)
                undone = traces.left() if transaction.get_rollback() else []
            if undone and response.status_code in SHOWING:
                with _opened(access):
                    traces.leave_again(undone)
        return response


@contextmanager
def _opened(access: Access, *, one_snapshot: bool = False) -> Iterator[None]:
    """Run the block in a transaction of the organization, on its clock, in the person's language."""
    if access.membership.user.language:
        translation.activate(access.membership.user.language)
    with (
        timezone.override(access.organization.zone),
        organization_scope(access.organization.pk, one_snapshot=one_snapshot),
    ):
        yield


def _unauthorized() -> HttpResponse:
    return problem_json(
        status_code=401,
        detail=gettext("The API key is unknown, expired or revoked. Ask an administrator for a new one."),
        code="invalid_key",
        headers={"WWW-Authenticate": "Bearer"},
    )
