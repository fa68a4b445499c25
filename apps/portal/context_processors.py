"""What the frame around every page shows."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse

from apps.core import navigation
from apps.core.counting import capped, counts_of
from apps.organizations.permissions import Permission
from apps.organizations.places import chosen_location, locations_of
from apps.portal.notices import unread_notices
from apps.portal.selectors import other_organizations


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the frame's context (documented in templates/base.html); lazy parts cost a query only where they are shown."""
    context: dict[str, Any] = {"demo_mode": settings.DEMO, "organization": getattr(request, "organization", None)}
    if getattr(request, "actor", None) is None or request.headers.get("HX-Request") == "true":
        return context
    places = locations_of(request)
    context |= {
        "navigation": navigation_for(request),
        "active_navigation": active_key(request),
        "navigation_url": _url("portal:navigation"),
        "organizations": other_organizations(request),
        "organization_switch_url": _url("organizations:switch"),
        "location": chosen_location(request),
        "locations": places,
        "location_switch_url": _url("organizations:choose-location"),
        "new_menu": new_menu_for(request),
        "palette_url": _url("portal:palette"),
        "notifications_url": _url("portal:notices"),
        "notifications_unread": unread_notices(request),
        "live_url": _url("portal:live"),
        "live_cursor": getattr(request, "live_cursor", ""),
        "simulator_url": _url("portal:simulator")
        if settings.DEMO and request.actor.may(Permission.CONVERSATIONS_REPLY)  # type: ignore[attr-defined]
        else "",
        "admin_url": _url("admin:index") if request.actor.may(Permission.ADMIN_USE) else "",  # type: ignore[attr-defined]
    }
    return context


def _url(name: str) -> str:
    return _address(name, get_script_prefix(), get_urlconf())


@lru_cache(maxsize=256)
def _address(name: str, _prefix: str, urlconf: str | None) -> str:
    try:
        return reverse(name, urlconf=urlconf)
    except NoReverseMatch:
        return ""


def active_key(request: HttpRequest) -> str:
    """Return which entry is current: the view's own word (`view.navigation_key`), else the app that it belongs to."""
    match = request.resolver_match
    if match is None:
        return ""
    key = getattr(match.func, "navigation_key", "")
    if key:
        return key
    urls: dict[str, str] = {}
    for entry in navigation.entries():  # of an app with several entries, its first one stands for the rest of its pages
        urls.setdefault(entry.url_name.split(":")[0], entry.key)
    by_name = {entry.url_name: entry.key for entry in navigation.entries()}
    return by_name.get(match.view_name, urls.get(match.namespace, ""))


def navigation_for(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the entries that this person may open, with their badges; these cost one query when the first is read."""
    rows = []
    for entry in navigation.entries():
        url = _url(entry.url_name)
        if not url or not request.actor.may(entry.permission):  # type: ignore[attr-defined]
            continue
        badge = entry.badge(request) if entry.badge else None
        rows.append(
            {
                "key": entry.key,
                "label": entry.label,
                "icon": entry.icon,
                "url": url,
                "badge": _badge_text(request, badge) if badge else "",
                "badge_tone": badge.tone if badge else "",
                "badge_label": badge.label if badge else "",
            }
        )
    return rows


def _badge_text(request: HttpRequest, badge: navigation.Badge) -> Callable[[], str]:
    count = counts_of(request).ask(badge.rows)
    return lambda: capped(count()) if count() else ""


def further_places_for(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the pages beside the navigation that this person may open: further places, then those of the settings."""
    return [
        {"label": place.label, "icon": place.icon, "url": url, "words": getattr(place, "words", "")}
        for place in (*navigation.places(), *navigation.settings_pages())
        if (url := _url(place.url_name)) and request.actor.may(place.permission)  # type: ignore[attr-defined]
    ]


def new_menu_for(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the "New" menu's lines that this person may use."""
    return [
        {
            "label": action.label,
            "icon": action.icon,
            "url": url,
            "modal": action.modal,
            "shortcut": action.shortcut,
            "words": action.words,
        }
        for action in navigation.actions()
        if (url := _url(action.url_name)) and request.actor.may(action.permission)  # type: ignore[attr-defined]
    ]
