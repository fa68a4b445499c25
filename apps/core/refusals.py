"""How a refusal outside a view's own answer looks: problem+json for programs, a toast for htmx, a page for people."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import defaults
from django.views.csrf import csrf_failure as django_csrf_failure

from apps.core.api.problems import problem_json
from apps.core.constraints import is_unstorable
from apps.core.errors import ApplicationError, InvalidInput, NotAllowed, NotFound
from apps.core.htmx import toast, trigger

PROGRAM_PREFIXES = ("/api/", "/fhir/", "/webhooks/")


def as_refusal(exception: BaseException) -> ApplicationError | None:
    """Return the refusal that an exception of a view amounts to; None for a failure of ours."""
    if isinstance(exception, ApplicationError):
        return exception
    if isinstance(exception, Http404):
        return NotFound(_("There is nothing here. It may have been moved, or belong to another organization."))
    if isinstance(exception, PermissionDenied):
        return NotAllowed(_("Your role does not allow this. Ask a manager or an administrator."))
    if isinstance(exception, DataError) and is_unstorable(exception):
        return InvalidInput(_("A value is out of range or holds characters that can't be stored."), code="out_of_range")
    return None


def answer(request: HttpRequest, refusal: ApplicationError) -> HttpResponse:
    """Say the refusal in the form that the caller reads. May query: call it outside a transaction to be rolled back."""
    if request.path.startswith(PROGRAM_PREFIXES):
        return problem_json(status_code=refusal.status, detail=refusal.message, code=refusal.code)
    if request.headers.get("HX-Request") == "true":
        return toast(HttpResponse(status=refusal.status), refusal.message, tone="bad")
    context = {"status": refusal.status, "message": refusal.message, "code": refusal.code}
    return render(request, "errors/refused.html", context, status=refusal.status)


def sends_from_page(request: HttpRequest) -> bool:
    """Tell whether a page that stays where it is sends something, such as a form that somebody filled in."""
    return request.headers.get("HX-Request") == "true" and request.method not in {"GET", "HEAD", "OPTIONS"}


def signed_out() -> HttpResponse:
    """Say that the session is over, with the way back in another tab; nothing in the page changes."""
    response = HttpResponse(status=401, headers={"HX-Reswap": "none"})
    link = {"link_url": resolve_url(settings.LOGIN_URL), "link_text": _("Sign in")}
    text = _("You were signed out. Sign in in another tab, then save again.")
    return trigger(response, toast={"text": text, "tone": "bad", **link})


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form without a valid token; when nobody is signed in any more, that is what has to be said."""
    if sends_from_page(request) and not request.user.is_authenticated:
        return signed_out()
    answer: HttpResponse = django_csrf_failure(request, reason=reason)
    return answer


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what could not be read, without a query."""
    message = _("The request could not be read. Go back and try again.")
    if request.path.startswith(PROGRAM_PREFIXES):
        return problem_json(status_code=400, detail=message, code="malformed")
    return HttpResponse(render_to_string("errors/400.html"), status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a PermissionDenied that no view raised."""
    return answer(request, as_refusal(exception) or NotAllowed(_("This is not allowed.")))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that leads nowhere."""
    return answer(
        request, NotFound(_("There is nothing here. It may have been moved, or belong to another organization."))
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a failure of ours: no query, no context, nothing about the cause."""
    message = _("Something failed here. It was recorded; try again in a moment.")
    if request.path.startswith(PROGRAM_PREFIXES):
        return problem_json(status_code=500, detail=message, code="internal_error")
    if request.headers.get("HX-Request") == "true":
        return toast(HttpResponse(status=500), message, tone="bad")
    return defaults.server_error(request, template_name="errors/500.html")
