"""The organization, location and language that a person works in."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.i18n import set_language as remember_language
from django_htmx.http import HttpResponseClientRedirect

from apps.core.errors import InvalidInput, NotFound
from apps.organizations.access import requires
from apps.organizations.middleware import SESSION_KEY
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from apps.organizations.selectors import access_for_user

LOCATION_KEY = "location_id"


def _uuid(value: str | None) -> uuid.UUID:
    try:
        return uuid.UUID(str(value))
    except ValueError:
        raise InvalidInput(_("That is no valid choice. Reload the page and choose again.")) from None


def _go(request: HttpRequest, fallback: str = "/") -> HttpResponse:
    """Lead to `next` when it is a page of ours."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = fallback
    return (
        HttpResponseClientRedirect(target)
        if request.headers.get("HX-Request") == "true"
        else HttpResponseRedirect(target)
    )


@require_POST
@requires(Permission.TODAY_VIEW)
def switch(request: HttpRequest) -> HttpResponse:
    """Work in another of one's organizations from the next request on; its start page follows."""
    wanted = _uuid(request.POST.get("organization"))
    access = access_for_user(request.user, wanted)
    if access is None or access.organization.pk != wanted:
        raise NotFound(_("You are not a member there. Ask its administrator to invite you."))
    request.session[SESSION_KEY] = str(wanted)
    request.session.pop(LOCATION_KEY, None)
    return _go(request)


@require_POST
@requires(Permission.TODAY_VIEW)
def choose_location(request: HttpRequest) -> HttpResponse:
    """Remember the location that lists show, in the session; an empty choice shows all of them."""
    if not request.POST.get("location"):
        request.session.pop(LOCATION_KEY, None)
        return _go(request)
    organization: Any = request.organization  # type: ignore[attr-defined]
    chosen = (
        Location.objects.for_organization(organization)
        .filter(pk=_uuid(request.POST["location"]), is_active=True)
        .first()
    )
    if chosen is None:
        raise NotFound(_("There is no such location. Reload the page and choose again."))
    request.session[LOCATION_KEY] = str(chosen.pk)
    return _go(request)


@require_POST
@login_not_required
def set_language(request: HttpRequest) -> HttpResponse:
    """Change the language of the pages: in a cookie, and for a signed-in person wherever they sign in."""
    language = request.POST.get("language", "")
    if (
        request.user.is_authenticated
        and translation.check_for_language(language)
        and language in dict(settings.LANGUAGES)
    ):
        request.user.language = language
        request.user.save(update_fields=["language", "updated_at"])
    return remember_language(request)
