"""Request id on every request and log line; application errors as answers a person can act on."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import structlog
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.core.errors import ApplicationError
from apps.core.htmx import toast

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
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response


class ApplicationErrorMiddleware:
    """Turn an ApplicationError of a page's view into a toast (htmx) or an error page, and undo what the view wrote."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if connection.in_atomic_block:
            transaction.set_rollback(True)
        if not isinstance(exception, ApplicationError):
            return None
        if request.headers.get("HX-Request") == "true":
            return toast(HttpResponse(status=exception.status), exception.message, tone="bad")
        context = {"status": exception.status, "message": exception.message, "code": exception.code}
        return render(request, "errors/refused.html", context, status=exception.status)
