"""Request id on every request and log line; application errors as answers a person can act on."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

from apps.core import refusals

log = structlog.get_logger(__name__)
QUIET_ROUTES = {"healthz", "readyz", "metrics"}
_REQUEST_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")


class RequestIdMiddleware:
    """Give the request an id (the proxy's `X-Request-ID` when it is well-formed), bind it to logs, return it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.match(given) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        begun = time.monotonic()
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        self._note(request, response, time.monotonic() - begun)
        return response

    def _note(self, request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        """Log each request by its route; the path stays out, it may hold a patient's link."""
        match = request.resolver_match
        if match is None or match.view_name in QUIET_ROUTES or not settings.LOG_REQUESTS:
            return
        log.info(
            "http.answered",
            method=request.method,
            route=match.view_name or match.func.__name__,
            status=response.status_code,
            milliseconds=round(seconds * 1000),
        )


class SignInMiddleware(LoginRequiredMiddleware):
    """Lead to the sign-in, except from inside a page that sends something: there it says so, and what was typed stays."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponse:
        if refusals.sends_from_page(request):
            return refusals.signed_out()
        answer: HttpResponse = super().handle_no_permission(request, view_func)
        return answer


class PrivacyHeadersMiddleware:
    """Keep what a signed-in person sees out of every cache and disk, and the portal away from devices it does not use."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
        )
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if getattr(request, "organization", None) is not None:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class ApplicationErrorMiddleware:
    """Turn an ApplicationError (or 404, or PermissionDenied) of a page's view into an answer, and undo what it wrote.

    Stands around OrganizationMiddleware: the refused transaction ends first, then the answer is rendered in a new one
    (`request.open_organization()`), because a transaction that will be rolled back takes no more queries.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        refusal = getattr(request, "refusal", None)
        if refusal is None:
            return response
        with request.open_organization():  # type: ignore[attr-defined]
            return refusals.answer(request, refusal)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        refusal = refusals.as_refusal(exception)
        if refusal is None:  # a failure, which OrganizationMiddleware rolls back, or another middleware's to answer
            return None
        if getattr(request, "organization", None) is not None and connection.in_atomic_block:
            transaction.set_rollback(True)
        request.refusal = refusal  # type: ignore[attr-defined]
        return HttpResponse(status=refusal.status)
