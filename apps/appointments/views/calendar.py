"""Calendar: a day by practitioner or a practitioner's week."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.views.decorators.http import require_GET

from apps.appointments.calendar import day_grid, week_grid, week_title, with_presence
from apps.appointments.models import AppointmentType
from apps.core.htmx import wants_fragment
from apps.organizations.access import requires
from apps.organizations.permissions import Permission
from apps.organizations.places import chosen_location, locations_of
from apps.practitioners.models import Practitioner

PEOPLE_PER_PAGE = 8


@require_GET
@requires(Permission.APPOINTMENTS_VIEW)
def calendar(request: HttpRequest) -> HttpResponse:
    """Show the calendar; `?view=day|week`, `?day=`, `?practitioner=` and `?page=` of them are kept in the address."""
    context = _context(request)
    template = "appointments/calendar.html#grid" if wants_fragment(request) else "appointments/calendar.html"
    return render(request, template, context)


def _context(request: HttpRequest) -> dict[str, Any]:
    organization = request.organization  # type: ignore[attr-defined]
    location = chosen_location(request)
    view = "week" if request.GET.get("view") == "week" else "day"
    current = organization.today()
    day = _date(request.GET.get("day", ""), current)
    staff = Practitioner.objects.for_organization(organization).filter(is_active=True)
    if view == "day":
        staff = with_presence(staff, organization=organization, day=day, location=location)
    people: list[Practitioner] = list(staff)
    page = None
    chosen = next((p for p in people if str(p.pk) == request.GET.get("practitioner")), None)
    if view == "week":
        chosen = chosen or next((p for p in people if p.user_id == request.user.pk), None) or next(iter(people), None)
        monday = day - dt.timedelta(days=day.weekday())
        grid = (
            week_grid(organization=organization, monday=monday, practitioner=chosen, location=location)
            if chosen
            else None
        )
        title, step = week_title(monday), 7
    else:
        there = [person for person in people if person.is_there]  # type: ignore[attr-defined]
        page = Paginator([chosen] if chosen else there, PEOPLE_PER_PAGE).get_page(request.GET.get("page"))
        grid = day_grid(organization=organization, day=day, location=location, practitioners=list(page.object_list))
        title, step = date_format(day, "l j F" if day.year == current.year else "l j F Y"), 1
    kept = {
        "view": view if view == "week" else "",
        "practitioner": str(chosen.pk) if chosen and (view == "week" or request.GET.get("practitioner")) else "",
        "page": str(page.number) if page and page.number > 1 else "",
    }
    shown = day.isoformat() if day != current else ""
    return {
        "grid": grid,
        "view": view,
        "day": day,
        "title": title,
        "is_today": day == current,
        "this_url": _address(kept | {"day": shown}),
        "today_url": _address(kept),
        "previous_url": _address(kept | {"day": (day - dt.timedelta(days=step)).isoformat()}),
        "next_url": _address(kept | {"day": (day + dt.timedelta(days=step)).isoformat()}),
        "day_url": _address({"day": shown}),
        "week_url": _address({"day": shown, "view": "week", "practitioner": kept["practitioner"]}),
        "practitioner": chosen,
        "page": page if page and page.has_other_pages() else None,
        "fewer_url": _address(kept | {"day": shown, "page": str(page.previous_page_number())})
        if page and page.has_previous()
        else "",
        "further_url": _address(kept | {"day": shown, "page": str(page.next_page_number())})
        if page and page.has_next()
        else "",
        "practitioner_choices": [
            {
                "label": p.display_name,
                "url": _address(kept | {"day": shown, "practitioner": str(p.pk), "page": ""}),
                "current": chosen is not None and p.pk == chosen.pk,
            }
            for p in people
        ],
        "everyone_url": _address({"day": shown}),
        "types": AppointmentType.objects.for_organization(organization).filter(is_active=True),
        "location": location,
        "locations": locations_of(request),
        "may_set_up": request.actor.may(Permission.PRACTITIONERS_MANAGE),  # type: ignore[attr-defined]
        "may_manage": request.actor.may(Permission.APPOINTMENTS_MANAGE),  # type: ignore[attr-defined]
    }


def _date(text: str, default: dt.date) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return default


def _address(parameters: dict[str, str]) -> str:
    query = "&".join(f"{key}={value}" for key, value in parameters.items() if value)
    return reverse("appointments:calendar") + (f"?{query}" if query else "")
