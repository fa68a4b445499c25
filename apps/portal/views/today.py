"""Today: the front desk's day."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.core.htmx import wants_fragment
from apps.organizations.access import requires
from apps.organizations.permissions import Permission
from apps.organizations.places import chosen_location
from apps.portal.today import FILTERS, day_board, unconfirmed, unread_threads


@require_GET
@requires(Permission.TODAY_VIEW)
def today(request: HttpRequest) -> HttpResponse:
    """Show one day's board and what needs attention; `?day=`, `?status=` and `?practitioner=` are kept in the address."""
    context = _board_context(request)
    if wants_fragment(request):
        return render(request, "portal/today.html#board", context)
    return render(request, "portal/today.html", context | _rail_context(request))


@require_GET
@requires(Permission.TODAY_VIEW)
def rail(request: HttpRequest) -> HttpResponse:
    """Answer the side lists, refreshed when appointments or conversations change."""
    return render(request, "portal/today.html#rail", _rail_context(request))


@require_GET
@requires(Permission.TODAY_VIEW)
def day_sheet(request: HttpRequest) -> HttpResponse:
    """Show the day as it is printed: every appointment, no colours, nothing folded."""
    context = _board_context(request)
    return render(request, "portal/day_sheet.html", context)


def _board_context(request: HttpRequest) -> dict[str, Any]:
    organization = request.organization  # type: ignore[attr-defined]
    current = organization.today()
    day = _day(request.GET.get("day", ""), current)
    status_filter = request.GET.get("status", "all")
    status_filter = status_filter if status_filter in FILTERS else "all"
    practitioner_id = _uuid(request.GET.get("practitioner", ""))
    location = chosen_location(request)
    board = day_board(
        organization=organization,
        day=day,
        location=location,
        practitioner_id=practitioner_id,
        status_filter=status_filter,
    )
    kept = {"day": day.isoformat() if day != current else "", "practitioner": str(practitioner_id or "")}
    words = {
        "all": _("All"),
        "expected": _("Expected"),
        "waiting": _("Waiting"),
        "in-room": _("In room"),
        "done": _("Done"),
        "missed": _("Missed"),
        "cancelled": _("Cancelled"),
    }
    return {
        "board": board,
        "day": day,
        "day_title": _title(day, current),
        "is_today": day == current,
        "previous_url": _address(kept | {"day": (day - dt.timedelta(days=1)).isoformat(), "status": ""}),
        "next_url": _address(kept | {"day": (day + dt.timedelta(days=1)).isoformat(), "status": ""}),
        "this_url": _address(kept | {"status": status_filter if status_filter != "all" else ""}),
        "sheet_url": f"{reverse('portal:day-sheet')}?day={day.isoformat()}",
        "filters": [
            {
                "label": words[key],
                "count": board.counts[key],
                "current": key == status_filter,
                "url": _address(kept | {"status": "" if key == "all" else key}),
            }
            for key in FILTERS
        ],
        "practitioner_id": practitioner_id,
        "practitioner_choices": [
            {
                "label": p.display_name,
                "url": _address(kept | {"practitioner": str(p.pk)}),
                "current": p.pk == practitioner_id,
            }
            for p in board.practitioners
        ],
        "everyone_url": _address(kept | {"practitioner": ""}),
        "chosen_practitioner": next((p.short_name for p in board.practitioners if p.pk == practitioner_id), ""),
        "location": location,
        "may_manage": request.actor.may(Permission.APPOINTMENTS_MANAGE),  # type: ignore[attr-defined]
    }


def _rail_context(request: HttpRequest) -> dict[str, Any]:
    organization = request.organization  # type: ignore[attr-defined]
    waiting, waiting_count = unread_threads(organization=organization)
    open_visits, open_count = unconfirmed(organization=organization, location=chosen_location(request))
    return {
        "unread": waiting,
        "unread_count": waiting_count,
        "unconfirmed": open_visits,
        "unconfirmed_count": open_count,
    }


def _title(day: dt.date, current: dt.date) -> str:
    return date_format(day, "l j F" if day.year == current.year else "l j F Y")


def _day(text: str, default: dt.date) -> dt.date:
    try:
        return parse_date(text) or default
    except ValueError:
        return default


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _address(parameters: dict[str, str]) -> str:
    query = "&".join(f"{key}={value}" for key, value in parameters.items() if value)
    return reverse("portal:today") + (f"?{query}" if query else "")
