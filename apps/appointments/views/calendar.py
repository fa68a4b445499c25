"""Calendar: a day by practitioner or a practitioner's week, and moving a visit by drag."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.appointments.calendar import day_grid, week_grid, week_title
from apps.appointments.errors import SlotUnavailable
from apps.appointments.forms import MoveForm
from apps.appointments.models import Appointment, AppointmentType
from apps.appointments.services import reschedule_appointment
from apps.core.errors import InvalidInput
from apps.core.htmx import toast, trigger, wants_fragment
from apps.organizations.access import requires
from apps.organizations.permissions import Permission
from apps.organizations.places import chosen_location, locations_of
from apps.practitioners.models import Practitioner


@require_GET
@requires(Permission.APPOINTMENTS_VIEW)
def calendar(request: HttpRequest) -> HttpResponse:
    """Show the calendar; `?view=day|week`, `?day=` and `?practitioner=` are kept in the address."""
    context = _context(request)
    template = "appointments/calendar.html#grid" if wants_fragment(request) else "appointments/calendar.html"
    return render(request, template, context)


@require_POST
@requires(Permission.APPOINTMENTS_MANAGE)
def move(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Move a visit to a column's day and minute; 409 with the reasons and the nearest free slots when it can't go there."""
    rows = Appointment.objects.for_organization(request.organization).real().for_list()  # type: ignore[attr-defined]
    appointment = get_object_or_404(rows, pk=pk)
    form = MoveForm(request.POST, organization=request.organization)  # type: ignore[attr-defined]
    if not form.is_valid():
        raise InvalidInput(
            _("That time can’t be read. Drop the visit on the grid, or choose a time in its dialog."),
            errors=form.errors,
        )
    target = form.cleaned_data["practitioner"] or appointment.practitioner
    zone = (chosen_location(request) or request.organization).zone  # type: ignore[attr-defined]
    start = form.instant(zone)
    before = {"at": appointment.start.isoformat(), "practitioner": str(appointment.practitioner_id)}
    place = form.cleaned_data["location"]
    try:
        moved = reschedule_appointment(
            appointment=appointment,
            start=start,
            practitioner=target,
            location=place,
            version=form.cleaned_data["version"],
            actor=request.actor,  # type: ignore[attr-defined]
        )
    except SlotUnavailable as refusal:
        context = {
            "appointment": appointment,
            "refusal": refusal,
            "wanted": start.astimezone(zone),
            "still": appointment.start.astimezone(zone),
        }
        return render(request, "appointments/_why.html", context, status=409)
    local = moved.start.astimezone(zone)
    text = _("%(name)s moved to %(day)s, %(time)s") % {
        "name": moved.patient,
        "day": date_format(local, "D j M"),
        "time": f"{local:%H:%M}",
    }
    undo = f"{reverse('appointments:move', args=[pk])}?at={before['at'].replace('+', '%2B')}&practitioner={before['practitioner']}"
    return trigger(toast(HttpResponse(status=204), text, undo_url=undo), live__appointments=True)


def _context(request: HttpRequest) -> dict[str, Any]:
    organization = request.organization  # type: ignore[attr-defined]
    location = chosen_location(request)
    view = "week" if request.GET.get("view") == "week" else "day"
    current = organization.today()
    day = _date(request.GET.get("day", ""), current)
    people = list(Practitioner.objects.for_organization(organization).filter(is_active=True))
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
        grid = day_grid(
            organization=organization, day=day, location=location, practitioners=[chosen] if chosen else people
        )
        title, step = date_format(day, "l j F" if day.year == current.year else "l j F Y"), 1
    kept = {
        "view": view if view == "week" else "",
        "practitioner": str(chosen.pk) if chosen and (view == "week" or request.GET.get("practitioner")) else "",
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
        "practitioner_choices": [
            {
                "label": p.display_name,
                "url": _address(kept | {"day": shown, "practitioner": str(p.pk)}),
                "current": chosen is not None and p.pk == chosen.pk,
            }
            for p in people
        ],
        "everyone_url": _address({"day": shown}),
        "types": AppointmentType.objects.for_organization(organization).filter(is_active=True),
        "location": location,
        "locations": locations_of(request),
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
