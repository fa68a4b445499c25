"""The first page of the settings: what is missing, and on a phone the list of its pages."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.appointments.readiness import what_is_missing
from apps.core.navigation import in_settings
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission


@require_GET
@in_settings("")
@requires(Permission.PRACTITIONERS_MANAGE)
def index(request: OrganizationRequest) -> HttpResponse:
    """Show what keeps visits from being booked."""
    return render(request, "settings/index.html", {"missing": what_is_missing(request.organization)})
