"""Where patients are seen: locations with their holidays, and rooms."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.appointments.outside import Span
from apps.appointments.views.settings.common import Question, change_or_ask, in_dialog, saved
from apps.appointments.views.settings.forms import LocationForm, RoomForm
from apps.core.errors import InvalidInput, StaleVersion
from apps.core.forms import posted
from apps.core.htmx import go, toast, trigger, wants_fragment
from apps.core.navigation import in_settings
from apps.organizations.access import requires
from apps.organizations.holidays import country_name, subdivisions_of
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from apps.practitioners.models import Closure, Room
from apps.practitioners.services import create_room, open_location, update_location, update_room


def _locations(request: OrganizationRequest) -> Any:
    return Location.objects.for_organization(request.organization)


@require_GET
@in_settings("locations")
@requires(Permission.PRACTITIONERS_MANAGE)
def locations(request: OrganizationRequest) -> HttpResponse:
    """List the places where patients are seen."""
    rows = list(
        _locations(request)
        .annotate(number_of_rooms=Count("rooms", filter=Q(rooms__is_active=True)))
        .order_by("-is_active", "name")
    )
    context = {"rows": [{"location": row, "holidays": _holidays_of(row)} for row in rows]}
    return render(request, "settings/locations.html", context)


def _holidays_of(location: Location) -> str:
    """Return whose public holidays close the location, empty for none."""
    if not location.observes_holidays:
        return ""
    region = dict(subdivisions_of(location.country)).get(location.holiday_subdivision, "")
    country = country_name(location.country)
    return f"{country}, {region}" if region else country


@require_http_methods(["GET", "POST"])
@in_settings("locations")
@requires(Permission.PRACTITIONERS_MANAGE)
def new_location(request: OrganizationRequest) -> HttpResponse:
    """Add a place; its rooms come next."""
    form = LocationForm(posted(request), organization=request.organization)
    if request.method == "POST" and form.is_valid():
        try:
            made = open_location(organization=request.organization, actor=request.actor, **form.values())
        except InvalidInput as refusal:
            form.refuse(refusal)
        else:
            text = _("%(name)s added. Now its rooms, if it has any") % {"name": made.name}
            return go(request, f"{reverse('appointments:settings-rooms')}#location-{made.pk}", text)
    return _location_form(request, form, None)


@require_http_methods(["GET", "POST"])
@in_settings("locations")
@requires(Permission.PRACTITIONERS_MANAGE)
def location(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Change a place; another clock, country or region may put booked visits outside, which is shown first."""
    place = get_object_or_404(_locations(request), pk=pk)
    form = LocationForm(posted(request), organization=request.organization, location=place)
    question = None
    if request.method == "POST" and form.is_valid():
        try:
            done = change_or_ask(
                request,
                lambda: update_location(
                    location=place, changes=form.values(), seen=form.seen_at(), actor=request.actor
                ),
                span=Span(request.organization, location=place),
            )
        except StaleVersion as refusal:
            form.refuse_stale(refusal)
        except InvalidInput as refusal:
            form.refuse(refusal)
        else:
            if not isinstance(done, Question):
                return saved(request, done, _("Saved"), back=reverse("appointments:settings-location", args=[pk]))
            question = done
    return _location_form(request, form, place, question)


def _location_form(
    request: OrganizationRequest, form: LocationForm, place: Location | None, question: Question | None = None
) -> HttpResponse:
    holidays = Closure.objects.none()
    if place is not None:
        holidays = (
            Closure.objects.for_organization(request.organization)
            .filter(location=place, holiday_on__isnull=False, period__endswith__gt=timezone.now())
            .order_by("holiday_on")[:4]
        )
    context = {"form": form, "place": place, "question": question, "next_holidays": holidays}
    status = 422 if form.errors or question else 200
    return render(request, "settings/location.html", context, status=status)


@require_GET
@in_settings("locations")
@requires(Permission.PRACTITIONERS_MANAGE)
def regions(request: OrganizationRequest) -> HttpResponse:
    """Answer the field of the regions whose holidays count, for the country that was just chosen."""
    form = LocationForm(initial={"country": request.GET.get("country", "")}, organization=request.organization)
    return render(request, "settings/location.html#regions", {"form": form})


@require_GET
@in_settings("rooms")
@requires(Permission.PRACTITIONERS_MANAGE)
def rooms(request: OrganizationRequest) -> HttpResponse:
    """List the rooms of each place."""
    places = list(_locations(request).filter(Q(is_active=True) | Q(rooms__isnull=False)).distinct().order_by("name"))
    known = Room.objects.for_organization(request.organization).order_by("-is_active", "name")
    of_place: dict[uuid.UUID, list[Room]] = {}
    for room in known:
        of_place.setdefault(room.location_id, []).append(room)
    context = {"places": [{"location": place, "rooms": of_place.get(place.pk, [])} for place in places]}
    template = "settings/rooms.html#rows" if wants_fragment(request) else "settings/rooms.html"
    return render(request, template, context)


@require_http_methods(["GET", "POST"])
@in_settings("rooms")
@requires(Permission.PRACTITIONERS_MANAGE)
def new_room(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Add a room to a place."""
    place = get_object_or_404(_locations(request), pk=pk)
    return _room(request, place, None)


@require_http_methods(["GET", "POST"])
@in_settings("rooms")
@requires(Permission.PRACTITIONERS_MANAGE)
def room(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Rename a room."""
    known = Room.objects.for_organization(request.organization).select_related("location")
    found = get_object_or_404(known, pk=pk)
    return _room(request, found.location, found)


def _room(request: OrganizationRequest, place: Location, known: Room | None) -> HttpResponse:
    initial = {"name": known.name, "seen": known.updated_at.isoformat()} if known else {}
    form = RoomForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            if known is None:
                made = create_room(location=place, name=form.cleaned_data["name"], actor=request.actor)
                text = _("%(room)s added") % {"room": made.name}
            else:
                changes = {"name": form.cleaned_data["name"]}
                update_room(room=known, changes=changes, seen=form.seen_at(), actor=request.actor)
                text = _("Saved")
        except StaleVersion as refusal:
            form.refuse_stale(refusal)
        except InvalidInput as refusal:
            form.refuse(refusal)
        else:
            return _after_room(request, text)
    context = {"form": form, "room": known, "place": place, "modal": wants_fragment(request)}
    return render(request, "settings/room.html", context, status=422 if form.errors else 200)


def _after_room(request: OrganizationRequest, text: str) -> HttpResponse:
    if in_dialog(request):
        return toast(trigger(HttpResponse(status=204), modal__close=True, settings__changed=True), text)
    return go(request, reverse("appointments:settings-rooms"), text)
