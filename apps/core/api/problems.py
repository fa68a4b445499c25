"""Errors as RFC 9457 problem details: `application/problem+json` for every refusal of the API."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import DataError, IntegrityError, connection, transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from apps.core.constraints import is_unstorable, violated_constraint
from apps.core.errors import ApplicationError, Conflict, InvalidInput, NotAllowed, NotFound

log = structlog.get_logger(__name__)
CONTENT_TYPE = "application/problem+json"


class Malformed(ApplicationError):
    """A request that can't be read at all."""

    status = 400
    code = "malformed"


class TooLarge(ApplicationError):
    """A body over the limit."""

    status = 413
    code = "too_large"


def problem(
    *, status_code: int, detail: str, code: str, errors: list[dict[str, str]] | None = None, **extra: Any
) -> dict[str, Any]:
    """Return a problem's body: type, title, status, detail, code, errors[], and what the error adds.

    The type is always `about:blank`, whose title RFC 9457 fixes to the status' own phrase; programs read `code`.
    """
    return {
        "type": "about:blank",
        "title": HTTPStatus(status_code).phrase,
        "status": status_code,
        "detail": detail,
        "code": code,
        "errors": errors or [],
        **extra,
    }


def problem_json(*, status_code: int, detail: str, code: str, headers: dict[str, str] | None = None) -> HttpResponse:
    """Return a problem as a plain response, for refusals outside the API's views."""
    body = problem(status_code=status_code, detail=detail, code=code)
    return JsonResponse(body, status=status_code, content_type=CONTENT_TYPE, headers=headers)


def problem_response(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Map any refusal to problem+json and undo what the request wrote; None lets a real failure become a 500."""
    headers: dict[str, str] = {}
    body: dict[str, Any] | None
    translated = _translate(exc)
    if isinstance(translated, ApplicationError):
        body = problem(
            status_code=translated.status,
            detail=translated.message,
            code=translated.code,
            errors=flatten(translated.errors) if isinstance(translated, InvalidInput) else [],
            **translated.extra,
        )
    elif isinstance(translated, exceptions.APIException):
        body = _from_rest_framework(translated)
        headers = _headers_of(translated)
    else:
        return None
    if connection.in_atomic_block:
        transaction.set_rollback(True)
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def _translate(exc: Exception) -> Exception:
    """Return the refusal that an exception of Django or the database amounts to, or the exception itself."""
    match exc:
        case Http404():
            return NotFound(_("There is no such object in your organization."))
        case PermissionDenied():
            return NotAllowed(_("Your role or key does not allow this. Ask an administrator for the permission."))
        case RequestDataTooBig():
            return TooLarge(_("The body is larger than this endpoint accepts. Send less, or send it in parts."))
        case SuspiciousOperation() | UnreadablePostError():
            return Malformed(_("The request could not be read. Check its encoding and send it again."))
        case ModelValidationError():
            errors = exc.message_dict if hasattr(exc, "error_dict") else {"": exc.messages}
            return InvalidInput(
                _("Some fields were not accepted; `errors` names each one and says why."), errors=errors
            )
        case IntegrityError():
            constraint = violated_constraint(exc)
            log.warning("api.constraint_refused", constraint=constraint)
            return Conflict(
                _("This contradicts what is already stored (%(rule)s). Read the object again, then decide.")
                % {"rule": constraint.replace("_", " ") or _("a database rule")},
                extra={"constraint": constraint},
            )
        case DataError() if is_unstorable(exc):
            return InvalidInput(
                _("A value is out of range or holds characters that can't be stored."), code="out_of_range"
            )
        case _:
            return exc


def _headers_of(exc: exceptions.APIException) -> dict[str, str]:
    if isinstance(exc, exceptions.Throttled) and exc.wait is not None:
        return {"Retry-After": str(int(exc.wait) + 1)}
    if isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return {"WWW-Authenticate": "Bearer"}
    return {}


def _from_rest_framework(exc: exceptions.APIException) -> dict[str, Any]:
    if isinstance(exc, exceptions.ValidationError):
        return problem(
            status_code=HTTPStatus.UNPROCESSABLE_ENTITY,
            detail=_("Some fields were not accepted; `errors` names each one and says why."),
            code="invalid",
            errors=flatten(exc.detail),
        )
    code = exc.get_codes()
    return problem(
        status_code=exc.status_code, detail=str(exc.detail), code=code if isinstance(code, str) else "refused"
    )


def flatten(detail: Any, field: str = "") -> list[dict[str, str]]:
    """Return nested errors as a list of {field, code, message}; `phones.1` is the second phone."""
    if isinstance(detail, dict):
        pairs = ((f"{field}.{key}" if field else str(key), value) for key, value in detail.items())
        return [item for path, value in pairs for item in flatten(value, path.removesuffix(".non_field_errors"))]
    if isinstance(detail, list | tuple):
        nested = any(isinstance(value, dict | list) for value in detail)
        return [
            item
            for position, value in enumerate(detail)
            for item in flatten(value, f"{field}.{position}" if nested and field else field)
        ]
    return [
        {
            "field": "" if field == "non_field_errors" else field,
            "code": getattr(detail, "code", "invalid"),
            "message": str(detail),
        }
    ]
