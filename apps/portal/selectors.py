"""Reads that only the frame needs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def other_organizations(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the organizations that the person may switch to, by name; the middleware loaded them, so no query."""
    here = request.organization.pk  # type: ignore[attr-defined]
    places = sorted(request.organizations, key=lambda place: place.name)  # type: ignore[attr-defined]
    return [{"id": place.pk, "name": place.name, "current": place.pk == here} for place in places]
