"""The parts of the frame that the browser fetches: live feed, navigation badges, palette, bell, location choice."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core import navigation
from apps.events.selectors import current_cursor, follow_events
from apps.notifications.services import mark_notices_read
from apps.organizations.access import requires
from apps.organizations.permissions import Permission
from apps.portal.context_processors import further_places_for, navigation_for, new_menu_for
from apps.portal.notices import latest_notices

PALETTE_LENGTH = 60


@require_GET
@requires(Permission.EVENTS_VIEW)
def live(request: HttpRequest) -> JsonResponse:
    """Answer what changed since `cursor`: topics for regions to refresh on, and ids; at most three queries, no names.

    More than fits a page of the feed is not listed: everything may have changed, and the page goes on from now. Else a
    topic that only the later events have would wait, for as long as a slow transaction holds the cursor back.
    """
    feed = follow_events(organization=request.organization, cursor=request.GET.get("cursor", ""))  # type: ignore[attr-defined]
    if feed.is_full:
        return _not_stored({"cursor": current_cursor(), "topics": [], "events": [], "everything": True})
    events = [
        {
            "id": str(e.id),
            "type": e.type,
            "subject_id": str(e.subject_id),
            "patient_id": str(e.patient_id) if e.patient_id else None,
        }
        for e in feed.events
    ]
    return _not_stored({"cursor": feed.cursor, "topics": feed.topics, "events": events, "everything": False})


def _not_stored(answer: dict[str, Any]) -> JsonResponse:
    response = JsonResponse(answer)
    response["Cache-Control"] = "no-store"
    return response


@require_GET
@requires(Permission.TODAY_VIEW)
def navigation_links(request: HttpRequest) -> HttpResponse:
    """Answer the navigation's entries with fresh badges."""
    context = {"navigation": navigation_for(request), "active_navigation": request.GET.get("active", "")}
    return render(request, "components/nav_links.html", context)


@require_http_methods(["GET", "POST"])
@requires(Permission.TODAY_VIEW)
def palette(request: HttpRequest) -> HttpResponse:
    """Answer what the palette found: pages and actions by their words, then what each app finds.

    The page POSTs what was typed: names of patients don't belong in addresses.
    """
    text = (request.POST.get("q") or request.GET.get("q") or "").strip()[:PALETTE_LENGTH]
    folded = text.casefold()
    pages = [
        {"label": entry["label"], "icon": entry["icon"], "url": entry["url"]}
        for entry in (*navigation_for(request), *(further_places_for(request) if folded else ()))
        if _fits(folded, entry)
    ]
    actions = [
        {
            "label": line["label"],
            "icon": line["icon"],
            "url": line["url"],
            "modal": line["modal"],
            "end": line["shortcut"].upper(),
        }
        for line in new_menu_for(request)
        if _fits(folded, line)
    ]
    groups = [{"label": _("New"), "items": actions}, {"label": _("Pages"), "items": pages}]
    if len(text) >= 2:
        for _order, heading, permission, finder in navigation.finders():
            if request.actor.may(permission):  # type: ignore[attr-defined]
                found = [
                    {"label": f.label, "detail": f.detail, "icon": f.icon, "url": f.url} for f in finder(request, text)
                ]
                groups.insert(0, {"label": heading, "items": found})
    context = {"groups": [group for group in groups if group["items"]], "query": text}
    return render(request, "components/palette_results.html", context)


def _fits(folded: str, line: dict[str, Any]) -> bool:
    """Tell whether the line holds each word that was typed, in whatever order."""
    known = f"{line['label']} {line.get('words', '')}".casefold()
    return all(word in known for word in folded.split())


@require_GET
@requires(Permission.TODAY_VIEW)
def notices(request: HttpRequest) -> HttpResponse:
    """Answer the bell's lines; looking at them changes nothing, the button above them does."""
    return _bell(request)


def _bell(request: HttpRequest) -> HttpResponse:
    found = latest_notices(request)
    unread = any(notice.read_at is None for notice in found)
    return render(request, "portal/notices.html", {"notices": found, "unread": unread})


@require_POST
@requires(Permission.TODAY_VIEW)
def read_notices(request: HttpRequest) -> HttpResponse:
    """Mark all of the person's notices as read."""
    mark_notices_read(organization=request.organization, user=request.user)  # type: ignore[attr-defined, arg-type]
    return _bell(request)
