"""Calendar: a day by practitioner, by room or as an agenda, a practitioner's week; who is in a group."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.appointments.calendar import Grid, agenda, day_grid, room_grid, week_grid, week_title, with_presence
from apps.appointments.models import Appointment, AppointmentType, Status
from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.core.dates import as_day
from apps.core.htmx import wants_fragment
from apps.organizations.access import requires
from apps.organizations.permissions import Permission
from apps.organizations.places import chosen_location, locations_of
from apps.practitioners.models import Practitioner, Room

COLUMNS_PER_PAGE = 8
VIEWS = ("day", "week", "rooms", "agenda")


@require_GET
@requires(Permission.APPOINTMENTS_VIEW)
def calendar(request: HttpRequest) -> HttpResponse:
    """Show the calendar; `?view=day|week|rooms|agenda`, `?day=`, `?practitioner=`, `?type=` and `?page=` are kept in the address."""
    template = "appointments/calendar.html#grid" if wants_fragment(request) else "appointments/calendar.html"
    return render(request, template, _context(request))


@require_GET
@requires(Permission.APPOINTMENTS_VIEW)
def group(request: HttpRequest, session: uuid.UUID) -> HttpResponse:
    """Show who is in a group, each with their visit, and how many seats are left; in the dialog or as a page."""
    organization = request.organization  # type: ignore[attr-defined]
    rows = Appointment.objects.for_organization(organization).for_list().busy().filter(session=session)
    members = list(rows.order_by("seat"))
    if not members:
        raise Http404
    visit, visits = members[0], [member for member in members if member.status != Status.HELD]
    record_access(
        organization=organization,
        actor=request.actor,  # type: ignore[attr-defined]
        patient_ids=[member.patient_id for member in visits if member.patient_id],
        route="appointments:calendar-group",
        kind=AccessKind.SEARCH,
    )
    context = {
        "visit": visit,
        "members": visits,
        "holds": len(members) - len(visits),
        "left": visit.appointment_type.capacity - len(members),
        "may_manage": request.actor.may(Permission.APPOINTMENTS_MANAGE),  # type: ignore[attr-defined]
        "modal": wants_fragment(request),
    }
    return render(request, "appointments/group.html", context)


group.navigation_key = "calendar"  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the address asks for."""

    view: str
    day: dt.date
    today: dt.date
    practitioner: str
    kind: AppointmentType | None
    page: str

    def address(self, **changes: object) -> str:
        """Return the address of this page with some things changed; what is usual is left out."""
        day = changes.get("day", self.day)
        values = {
            "view": changes.get("view", self.view),
            "day": day.isoformat() if isinstance(day, dt.date) and day != self.today else "",
            "practitioner": changes.get("practitioner", self.practitioner),
            "type": changes.get("type", self.kind.pk if self.kind else ""),
            "page": changes.get("page", self.page),
        }
        if values["view"] == "day":
            values["view"] = ""
        query = "&".join(f"{key}={value}" for key, value in values.items() if value)
        return reverse("appointments:calendar") + (f"?{query}" if query else "")


def _context(request: HttpRequest) -> dict[str, Any]:
    organization = request.organization  # type: ignore[attr-defined]
    location = chosen_location(request)
    current = organization.today()
    view = request.GET.get("view", "day")
    view = view if view in VIEWS else "day"
    day = as_day(request.GET.get("day", ""), current)
    types = list(AppointmentType.objects.for_organization(organization).filter(is_active=True))
    kind = next((kind for kind in types if str(kind.pk) == request.GET.get("type")), None)
    staff = Practitioner.objects.for_organization(organization).filter(is_active=True)
    if view in ("day", "agenda"):
        staff = with_presence(staff, organization=organization, day=day, location=location)
    people: list[Practitioner] = list(staff) if view != "rooms" else []
    chosen = next((p for p in people if str(p.pk) == request.GET.get("practitioner")), None)
    only_type = kind.pk if kind else None
    page: Page | None = None
    grid: Grid | None
    if view == "week":
        chosen = chosen or next((p for p in people if p.user_id == request.user.pk), None) or next(iter(people), None)
        monday = day - dt.timedelta(days=day.weekday())
        where = {"organization": organization, "monday": monday, "location": location, "only_type": only_type}
        grid = week_grid(practitioner=chosen, **where) if chosen else None
    else:
        where = {"organization": organization, "day": day, "location": location, "only_type": only_type}
        if view == "rooms":
            rooms = Room.objects.for_organization(organization).filter(is_active=True, location__is_active=True)
            rooms = rooms.filter(location=location) if location else rooms
            columns: list[Any] = sorted(rooms.select_related("location"), key=_as_counted)
        else:
            columns = [chosen] if chosen else [p for p in people if p.is_there]  # type: ignore[attr-defined]
        per_page = COLUMNS_PER_PAGE if view != "agenda" else max(len(columns), 1)
        page = Paginator(columns, per_page).get_page(request.GET.get("page"))
        shown_columns = list(page.object_list)
        if view == "rooms":
            grid = room_grid(rooms=shown_columns, with_roomless=not page.has_next(), **where)
        else:
            grid = day_grid(practitioners=shown_columns, **where)
    shown = Shown(
        view=view,
        day=day,
        today=current,
        practitioner=str(chosen.pk) if chosen and (view == "week" or request.GET.get("practitioner")) else "",
        kind=kind,
        page=str(page.number) if page and page.number > 1 else "",
    )
    step = dt.timedelta(days=7 if view == "week" else 1)
    return {
        "grid": grid,
        "agenda": agenda(grid) if view == "agenda" and grid else [],
        "view": view,
        "day": day,
        "title": _title(view, day, current),
        "short_title": _short_title(view, day),
        "is_today": day == current,
        "this_url": shown.address(),
        "today_url": shown.address(day=current),
        "previous_url": shown.address(day=day - step),
        "next_url": shown.address(day=day + step),
        "views": [
            {"key": key, "label": label, "shortcut": shortcut, "url": shown.address(view=key, page="")}
            for key, label, shortcut in (
                ("day", _("Day"), "d"),
                ("rooms", _("Rooms"), "r"),
                ("week", _("Week"), "w"),
                ("agenda", _("Agenda"), "a"),
            )
        ],
        "practitioner": chosen,
        "chosen_practitioner": shown.practitioner,
        "page": page if page and page.has_other_pages() else None,
        "fewer_url": shown.address(page=str(page.previous_page_number())) if page and page.has_previous() else "",
        "further_url": shown.address(page=str(page.next_page_number())) if page and page.has_next() else "",
        "practitioner_choices": [
            {
                "label": p.display_name,
                "url": shown.address(practitioner=p.pk, page=""),
                "current": chosen is not None and p.pk == chosen.pk,
            }
            for p in people
        ],
        "everyone_url": shown.address(practitioner="", page=""),
        "kind": kind,
        "types": [
            {
                "name": t.name,
                "colour": t.colour,
                "current": t == kind,
                "url": shown.address(type="" if t == kind else t.pk),
            }
            for t in types
        ],
        "location": location,
        "locations": locations_of(request),
        "may_set_up": request.actor.may(Permission.PRACTITIONERS_MANAGE),  # type: ignore[attr-defined]
        "may_manage": request.actor.may(Permission.APPOINTMENTS_MANAGE),  # type: ignore[attr-defined]
    }


def _title(view: str, day: dt.date, current: dt.date) -> str:
    if view == "week":
        return week_title(day - dt.timedelta(days=day.weekday()))
    return date_format(day, "l j F" if day.year == current.year else "l j F Y")


def _short_title(view: str, day: dt.date) -> str:
    """Return the title as far as a phone has room for it beside the buttons."""
    if view != "week":
        return date_format(day, "D j M")
    monday = day - dt.timedelta(days=day.weekday())
    sunday = monday + dt.timedelta(days=6)
    first = date_format(monday, "j" if monday.month == sunday.month else "j M")
    return f"{first} – {date_format(sunday, 'j M')}"


def _as_counted(room: Room) -> tuple[str, list[tuple[int, str]]]:
    """Order rooms as people count them: Room 2 before Room 10."""
    parts = re.split(r"(\d+)", room.name)
    return room.location.name, [(int(part), "") if part.isdecimal() else (0, part) for part in parts]
