"""The location that a person is looking at: a choice kept in the session, for every page that lists by place."""

from __future__ import annotations

from django.http import HttpRequest

from apps.organizations.models import Location

SESSION_KEY = "location_id"


def locations_of(request: HttpRequest) -> list[Location]:
    """Return the organization's active locations by name; one query per request, then kept."""
    known = getattr(request, "_locations", None)
    if known is None:
        places = Location.objects.for_organization(request.organization).filter(is_active=True)  # type: ignore[attr-defined]
        known = list(places.only("organization_id", "name", "timezone"))
        request._locations = known  # type: ignore[attr-defined]
    return known


def chosen_location(request: HttpRequest) -> Location | None:
    """Return the chosen location, None for all of them; a choice of a place that closed since is forgotten."""
    wanted = request.session.get(SESSION_KEY)
    return next((place for place in locations_of(request) if str(place.pk) == wanted), None) if wanted else None
