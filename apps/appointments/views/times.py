"""Free times to choose from, by day, and what a chosen time means."""

from __future__ import annotations

import datetime as dt
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.formats import date_format
from django.views.decorators.http import require_GET

from apps.appointments.availability import Slot, find_slots
from apps.appointments.models import AppointmentType
from apps.core.dates import as_day
from apps.core.ids import as_uuid
from apps.organizations.access import requires
from apps.organizations.models import Location, Organization
from apps.organizations.permissions import Permission
from apps.organizations.places import chosen_location
from apps.practitioners.hours import first_instant
from apps.practitioners.models import Practitioner
from apps.practitioners.selectors import working_times

LISTED_DAYS = 14
LISTED_SLOTS = 60


@require_GET
@requires(Permission.APPOINTMENTS_VIEW)
def free_times(request: HttpRequest) -> HttpResponse:
    """Answer the free times by day for the chosen type and practitioner; `after` goes on where a list ended."""
    organization = request.organization  # type: ignore[attr-defined]
    kind = (
        AppointmentType.objects.for_organization(organization)
        .filter(pk=as_uuid(request.GET.get("appointment_type", "")))
        .first()
    )
    practitioner = (
        Practitioner.objects.for_organization(organization)
        .filter(pk=as_uuid(request.GET.get("practitioner", "")))
        .first()
    )
    day = as_day(request.GET.get("after", ""), as_day(request.GET.get("day", ""), organization.today()))
    context = listed_times(request, kind, practitioner, day)
    return render(request, "appointments/_times.html", {"times": context, "chosen": request.GET.get("slot", "")})


def listed_times(
    request: HttpRequest, kind: AppointmentType | None, practitioner: Practitioner | None, day: dt.date
) -> dict[str, Any]:
    """Return the free times from `day` on as days with their slots, at most 60 of 14 days; one query.

    `later` is the day to go on with: a list that was cut ends with a whole day, unless that is its only one.
    """
    organization = request.organization  # type: ignore[attr-defined]
    if kind is None:
        return {"days": [], "kind": None}
    place = chosen_location(request)
    day = max(day, organization.today())  # nothing is free in the past: "until …" would be read as a time ahead
    start = first_instant(place.zone if place else organization.zone, day, dt.time.min)
    slots = find_slots(
        organization=organization,
        appointment_type=kind,
        start=start,
        end=start + dt.timedelta(days=LISTED_DAYS),
        practitioners=[practitioner] if practitioner else None,
        location=place,
        limit=LISTED_SLOTS,
    )
    by_day = [(date, list(group)) for date, group in groupby(slots, key=lambda slot: slot.local_start.date())]
    until = day + dt.timedelta(days=LISTED_DAYS)
    if len(slots) == LISTED_SLOTS:
        by_day, until = (by_day[:-1], by_day[-1][0]) if len(by_day) > 1 else (by_day, day + dt.timedelta(days=1))
    return {
        "days": [
            {"label": date_format(date, "l j F"), "slots": [slot_line(slot) for slot in group]}
            for date, group in by_day
        ],
        "kind": kind,
        "until": until,
        "later": until if by_day else None,
    }


def slot_line(slot: Slot) -> dict[str, str]:
    """Return a free time as the pages show it; `value` is what a form sends back."""
    return {
        "value": f"{slot.practitioner_id}|{slot.location_id}|{slot.start.isoformat()}",
        "day": date_format(slot.local_start, "D j M"),
        "time": f"{slot.local_start:%H:%M}",
        "who": slot.practitioner_name,
        "where": slot.location_name,
    }


def chosen_place_and_time(request: HttpRequest, data: dict[str, Any]) -> tuple[Practitioner, Location, dt.datetime]:
    """Return with whom, where and when (UTC): from the chosen free time of a clean TimeForm, or from a time of one's own."""
    organization = request.organization  # type: ignore[attr-defined]
    if data["slot"]:
        practitioner_id, location_id, start = data["slot"]
        people = Practitioner.objects.for_organization(organization)
        places = Location.objects.for_organization(organization)
        return (
            get_object_or_404(people, pk=as_uuid(practitioner_id)),
            get_object_or_404(places, pk=as_uuid(location_id)),
            start,
        )
    practitioner = data["practitioner"]
    shown = chosen_location(request)  # its wall clock is the one that was read
    start = first_instant((shown or organization).zone, data["day"] or organization.today(), data["own_time"])
    place = data["room"].location if data["room"] else shown
    return practitioner, place or usual_place(organization, practitioner, start), start


def usual_place(organization: Organization, practitioner: Practitioner, start: dt.datetime) -> Location:
    """Return where the practitioner works around that time, else any active location."""
    near = working_times(
        organization=organization,
        start=start - dt.timedelta(days=7),
        end=start + dt.timedelta(days=7),
        practitioners=[practitioner],
    )
    places = Location.objects.for_organization(organization).filter(is_active=True)
    if near:
        closest = min(near, key=lambda work: abs(work.start - start))
        return places.get(pk=closest.location_id)
    return get_object_or_404(places.order_by("name")[:1])
