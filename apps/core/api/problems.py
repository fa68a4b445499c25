"""Errors as RFC 9457 problem details."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response

from apps.core.errors import ApplicationError, InvalidInput


def _flatten(detail: Any, field: str = "") -> list[dict[str, str]]:
    if isinstance(detail, dict):
        return [item for key, value in detail.items() for item in _flatten(value, f"{field}.{key}" if field else str(key))]
    if isinstance(detail, list):
        return [item for value in detail for item in _flatten(value, field)]
    return [{"field": field, "code": getattr(detail, "code", "invalid"), "message": str(detail)}]


def problem(*, status_code: int, title: str, detail: str, code: str, errors: list[dict[str, str]] | None = None, **extra: Any) -> dict[str, Any]:
    """Return the body of a problem: type, title, status, detail, code, errors[], and what the error adds."""
    return {"type": "about:blank", "title": title, "status": status_code, "detail": detail, "code": code, "errors": errors or [], **extra}


def problem_response(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Map any refusal to problem+json and undo what the request wrote; None lets a real failure become a 500."""
    if connection.in_atomic_block:
        transaction.set_rollback(True)
    headers: dict[str, str] = {}
    if isinstance(exc, ApplicationError):
        errors = _flatten(exc.errors) if isinstance(exc, InvalidInput) else []
        body = problem(
            status_code=exc.status, title=exc.code.replace("_", " ").capitalize(), detail=exc.message, code=exc.code, errors=errors, **exc.extra
        )
    else:
        if isinstance(exc, Http404):
            exc = exceptions.NotFound()
        elif isinstance(exc, PermissionDenied):
            exc = exceptions.PermissionDenied()
        if not isinstance(exc, exceptions.APIException):
            return None
        body = _from_rest_framework(exc)
        if isinstance(exc, exceptions.Throttled) and exc.wait is not None:
            headers["Retry-After"] = str(int(exc.wait) + 1)
        if isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
            headers["WWW-Authenticate"] = "Bearer"
    return Response(body, status=body["status"], headers=headers, content_type="application/problem+json")


def _from_rest_framework(exc: exceptions.APIException) -> dict[str, Any]:
    if isinstance(exc, exceptions.ValidationError):
        return problem(
            status_code=status.HTTP_422_UNPROCESSABLE_ENTITY,
            title="Invalid input",
            detail="Some fields were not accepted; `errors` names each one and says why.",
            code="invalid",
            errors=_flatten(exc.detail),
        )
    code = exc.get_codes()
    return problem(
        status_code=exc.status_code,
        title=str(exc.default_detail).rstrip("."),
        detail=str(exc.detail),
        code=code if isinstance(code, str) else "refused",
    )
