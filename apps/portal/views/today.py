"""Today: the front desk's day."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_time
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.appointments.absences import absent_visits
from apps.core.counting import capped, counts_of
from apps.core.dates import as_day
from apps.core.htmx import wants_fragment
from apps.core.ids import as_uuid
from apps.organizations.access import requires
from apps.organizations.permissions import Permission, Role
from apps.organizations.places import chosen_location
from apps.portal.today import FILTERS, Reminders, day_board
from apps.portal.today import rail as lists
from apps.practitioners.models import Practitioner

EVERYBODY = "all"


@require_GET
@requires(Permission.TODAY_VIEW)
def today(request: HttpRequest) -> HttpResponse:
    """Show one day's board and what needs attention.

    `?day=`, `?status=`, `?practitioner=` (`all` for a clinician who wants to see everybody) and what was opened (`?since=`, `?until=`) are kept in the address.
    """
    reminders = Reminders(request.organization)  # type: ignore[attr-defined]
    if wants_fragment(request):
        return render(request, "portal/today.html#board", _board_context(request, reminders))
    context = _rail_context(request, reminders) | _board_context(request, reminders)
    return render(request, "portal/today.html", context)


@require_GET
@requires(Permission.TODAY_VIEW)
def rail(request: HttpRequest) -> HttpResponse:
    """Answer the side lists, refreshed when appointments or conversations change."""
    reminders = Reminders(request.organization)  # type: ignore[attr-defined]
    return render(request, "portal/today.html#rail", _rail_context(request, reminders))


@require_GET
@requires(Permission.TODAY_VIEW)
def day_sheet(request: HttpRequest) -> HttpResponse:
    """Show the day as it is printed: every appointment, no colours, nothing folded."""
    return render(request, "portal/day_sheet.html", _board_context(request, whole=True))


def _board_context(request: HttpRequest, reminders: Reminders | None = None, *, whole: bool = False) -> dict[str, Any]:
    organization = request.organization  # type: ignore[attr-defined]
    current = organization.today()
    day = as_day(request.GET.get("day", ""), current)
    status_filter = request.GET.get("status", "all")
    status_filter = status_filter if status_filter in FILTERS else "all"
    own = _own_practitioner(request)
    wanted = request.GET.get("practitioner", own)
    practitioner_id = as_uuid(wanted)
    since, until = _time(request.GET.get("since", "")), _time(request.GET.get("until", ""))
    location = chosen_location(request)
    board = day_board(
        organization=organization,
        day=day,
        location=location,
        practitioner_id=practitioner_id,
        status_filter=status_filter,
        since=since,
        until=until,
        whole=whole,
        reminders=reminders,
    )
    kept = {"day": day.isoformat() if day != current else "", "practitioner": wanted if wanted != own else ""}
    here = kept | {"status": status_filter if status_filter != "all" else ""}
    opened = {"since": f"{since:%H:%M}" if since else "", "until": f"{until:%H:%M}" if until else ""}
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
        "is_ahead": day > current,
        "previous_url": _address(kept | {"day": (day - dt.timedelta(days=1)).isoformat(), "status": ""}),
        "next_url": _address(kept | {"day": (day + dt.timedelta(days=1)).isoformat(), "status": ""}),
        "this_url": _address(here | opened),
        "earlier_url": _address(here | opened | {"since": board.folded.at}) if board.folded else "",
        "fold_url": _address(here | opened | {"since": ""}),
        "later_url": _address(here | opened | {"until": board.later.at}) if board.later else "",
        "sheet_url": f"{reverse('portal:day-sheet')}?{urlencode({'day': day.isoformat(), 'practitioner': wanted})}",
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
                "url": _address(kept | {"practitioner": str(p.pk) if str(p.pk) != own else ""}),
                "current": p.pk == practitioner_id,
            }
            for p in board.practitioners
        ],
        "everyone_url": _address(kept | {"practitioner": EVERYBODY if own else ""}),
        "chosen_practitioner": _short_name(board.practitioners, practitioner_id),
        "location": location,
        "may_manage": request.actor.may(Permission.APPOINTMENTS_MANAGE),  # type: ignore[attr-defined]
        "may_message": request.actor.may(Permission.COMMUNICATIONS_MANAGE),  # type: ignore[attr-defined]
    }


def _own_practitioner(request: HttpRequest) -> str:
    """Return the id of the practitioner that a clinician is: their day opens on their own visits; "" for others."""
    if request.membership.role != Role.CLINICIAN:  # type: ignore[attr-defined]
        return ""
    people = Practitioner.objects.for_organization(request.organization).filter(user_id=request.user.pk, is_active=True)  # type: ignore[attr-defined]
    return str(people.values_list("pk", flat=True).first() or "")


def _short_name(here: list[Practitioner], chosen: uuid.UUID | None) -> str:
    """Return the name of the chosen one, of whom there may be no visit on the day that is shown."""
    if chosen is None:
        return ""
    known = next((person for person in here if person.pk == chosen), None)
    known = known or Practitioner.objects.filter(pk=chosen).first()
    return known.short_name if known else ""


def _rail_context(request: HttpRequest, reminders: Reminders) -> dict[str, Any]:
    organization = request.organization  # type: ignore[attr-defined]
    threads = lists.waiting_threads(organization=organization)
    location = chosen_location(request)
    visits = lists.unconfirmed_visits(organization=organization, location=location)
    absent = absent_visits(organization=organization, location=location)
    return {
        "absent": lists.absent_lines(absent, organization=organization),
        "absent_count": _count(request, absent),
        "unread": lists.waiting_lines(threads, organization=organization),
        "unread_count": _count(request, threads),
        "unconfirmed": lists.unconfirmed_lines(visits, organization=organization, reminders=reminders),
        "unconfirmed_count": _count(request, visits),
        "may_manage": request.actor.may(Permission.APPOINTMENTS_MANAGE),  # type: ignore[attr-defined]
        "may_message": request.actor.may(Permission.COMMUNICATIONS_MANAGE),  # type: ignore[attr-defined]
    }


def _count(request: HttpRequest, rows: QuerySet) -> Callable[[], str]:
    count = counts_of(request).ask(rows, cap=lists.COUNT_CAP)
    return lambda: capped(count(), lists.COUNT_CAP)


def _title(day: dt.date, current: dt.date) -> str:
    return date_format(day, "l j F" if day.year == current.year else "l j F Y")


def _time(text: str) -> dt.time | None:
    try:
        return parse_time(text)
    except ValueError:
        return None


def _address(parameters: dict[str, str]) -> str:
    query = "&".join(f"{key}={value}" for key, value in parameters.items() if value)
    return reverse("portal:today") + (f"?{query}" if query else "")
