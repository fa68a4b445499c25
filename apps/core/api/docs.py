"""The page that shows the API's description; for signed-in members, from our own files only."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show Swagger UI on `/api/schema/`; requests tried out there go as the signed-in person."""
    return render(request, "api/docs.html")
