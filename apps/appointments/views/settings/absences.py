"""When nobody is there: time off of a person, closures of a place, public holidays."""

from __future__ import annotations

import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.appointments.outside import Span
from apps.appointments.views.settings.common import Question, change_or_ask, saved
from apps.appointments.views.settings.forms import ClosureForm, TimeOffForm
from apps.appointments.views.settings.people import find_practitioner, person_context
from apps.core.errors import Conflict, InvalidInput
from apps.core.forms import posted
from apps.core.htmx import go, wants_fragment
from apps.core.navigation import in_settings
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from apps.practitioners.models import Closure, Practitioner, TimeOff
from apps.practitioners.selectors import imported_calendars, zone_of
from apps.practitioners.services import (
    add_closure,
    add_time_off,
    remove_closure,
    remove_time_off,
    update_closure,
    update_time_off,
)

SHOWN, SHOWN_PAST = 200, 20


@require_GET
@in_settings("practitioners")
@requires(Permission.PRACTITIONERS_MANAGE)
def time_off(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """List a person's absences, what is to come first."""
    person = find_practitioner(request, pk)
    now = timezone.now()
    rows = TimeOff.objects.for_organization(request.organization).filter(practitioner=person).order_by("-period")
    zone = zone_of(person)
    known = list(rows[:SHOWN])
    ahead = [row for row in reversed(known) if row.period.upper > now]
    past = [row for row in known if row.period.upper <= now]
    context = person_context(request, person, "time-off") | {
        "ahead": [_period(row, zone) for row in ahead],
        "past": [_period(row, zone) for row in past[:SHOWN_PAST]],
        "calendars": imported_calendars(person),
        "now": now,
    }
    template = "settings/time_off.html#rows" if wants_fragment(request) else "settings/time_off.html"
    return render(request, template, context)


def _period(row: TimeOff | Closure, zone: ZoneInfo) -> dict[str, Any]:
    """Return an absence as lists show it: days, and times where it does not begin or end with a day."""
    days = TimeOffForm.initial_for(row.period.lower, row.period.upper, zone)
    return {"row": row, **days, "one_day": days["first_day"] == days["last_day"]}


@require_http_methods(["GET", "POST"])
@in_settings("practitioners")
@requires(Permission.PRACTITIONERS_MANAGE)
def new_time_off(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Note an absence; visits inside it are shown first."""
    return _time_off(request, find_practitioner(request, pk), None)


@require_http_methods(["GET", "POST"])
@in_settings("practitioners")
@requires(Permission.PRACTITIONERS_MANAGE)
def change_time_off(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Move, lengthen or shorten an absence."""
    known = TimeOff.objects.for_organization(request.organization).select_related("practitioner")
    row = get_object_or_404(known, pk=pk)
    row.practitioner.organization = request.organization
    return _time_off(request, row.practitioner, row)


def _time_off(request: OrganizationRequest, person: Practitioner, row: TimeOff | None) -> HttpResponse:
    zone = zone_of(person)
    initial: dict[str, Any] = {}
    if row is not None:
        initial = TimeOffForm.initial_for(row.period.lower, row.period.upper, zone) | {"reason": row.reason}
    form = TimeOffForm(posted(request), initial=initial)
    question = None
    if request.method == "POST" and form.is_valid():
        start, end = form.bounds(zone)
        values = {"start": start, "end": end, "reason": form.cleaned_data["reason"], "actor": request.actor}
        try:
            done = change_or_ask(
                request,
                lambda: update_time_off(time_off=row, **values) if row else add_time_off(practitioner=person, **values),
                span=Span(request.organization, practitioner=person, start=start, end=end),
            )
        except (Conflict, InvalidInput) as refusal:
            form.refuse(refusal)
        else:
            if not isinstance(done, Question):
                back = reverse("appointments:settings-time-off", args=[person.pk])
                return saved(request, done, _("Time off noted"), back=back)
            question = done
    context = {
        "form": form,
        "practitioner": person,
        "row": row,
        "zone": zone.key,
        "question": question,
        "modal": wants_fragment(request),
    }
    status = 422 if form.errors or question else 200
    return render(request, "settings/time_off_form.html", context, status=status)


@require_POST
@in_settings("practitioners")
@requires(Permission.PRACTITIONERS_MANAGE)
def drop_time_off(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Forget an absence; its time can be booked again at once."""
    row = get_object_or_404(TimeOff.objects.for_organization(request.organization), pk=pk)
    back = reverse("appointments:settings-time-off", args=[row.practitioner_id])
    remove_time_off(time_off=row, actor=request.actor)
    return go(request, back, _("Time off removed: the time can be booked again"))


@require_GET
@in_settings("closures")
@requires(Permission.PRACTITIONERS_MANAGE)
def closures(request: OrganizationRequest) -> HttpResponse:
    """List what is closed from today on, by day: closures, and the public holidays of each place."""
    organization = request.organization
    ahead = (
        Closure.objects.for_organization(organization)
        .filter(period__endswith__gt=timezone.now())
        .select_related("location")
        .order_by("period", "location__name")
    )
    context = {
        "rows": [_period(row, row.location.zone if row.location else organization.zone) for row in ahead],
        "observing": Location.objects.for_organization(organization)
        .filter(observes_holidays=True, is_active=True)
        .exists(),
        "now": timezone.now(),
    }
    template = "settings/closures.html#rows" if wants_fragment(request) else "settings/closures.html"
    return render(request, template, context)


@require_http_methods(["GET", "POST"])
@in_settings("closures")
@requires(Permission.PRACTITIONERS_MANAGE)
def new_closure(request: OrganizationRequest) -> HttpResponse:
    """Close a place or the whole clinic; visits inside are shown first."""
    return _closure(request, None)


@require_http_methods(["GET", "POST"])
@in_settings("closures")
@requires(Permission.PRACTITIONERS_MANAGE)
def change_closure(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Move, lengthen, shorten or rename a closure."""
    rows = Closure.objects.for_organization(request.organization).filter(holiday_on__isnull=True)
    return _closure(request, get_object_or_404(rows.select_related("location"), pk=pk))


def _closure(request: OrganizationRequest, row: Closure | None) -> HttpResponse:
    organization = request.organization
    initial: dict[str, Any] = {}
    if row is not None:
        zone = row.location.zone if row.location else organization.zone
        initial = ClosureForm.initial_for(row.period.lower, row.period.upper, zone)
        initial |= {"location": row.location, "reason": row.reason}
    form = ClosureForm(posted(request), organization=organization, initial=initial)
    if row is not None:
        form.fields["location"].disabled = True
    question = None
    if request.method == "POST" and form.is_valid():
        place: Location | None = form.cleaned_data["location"]
        start, end = form.bounds(place.zone if place else organization.zone)
        values = {"start": start, "end": end, "reason": form.cleaned_data["reason"], "actor": request.actor}
        try:
            done = change_or_ask(
                request,
                lambda: (
                    update_closure(closure=row, **values)
                    if row
                    else add_closure(organization=organization, location=place, **values)
                ),
                span=Span(organization, location=place, start=start, end=end),
            )
        except (Conflict, InvalidInput) as refusal:
            form.refuse(refusal)
        else:
            if not isinstance(done, Question):
                return saved(request, done, _("Closure noted"), back=reverse("appointments:settings-closures"))
            question = done
    context = {"form": form, "row": row, "question": question, "modal": wants_fragment(request)}
    return render(request, "settings/closure_form.html", context, status=422 if form.errors or question else 200)


@require_POST
@in_settings("closures")
@requires(Permission.PRACTITIONERS_MANAGE)
def drop_closure(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Forget a closure; its time can be booked again at once."""
    row = get_object_or_404(Closure.objects.for_organization(request.organization), pk=pk)
    remove_closure(closure=row, actor=request.actor)
    return go(request, reverse("appointments:settings-closures"), _("Closure removed: the time can be booked again"))


@require_http_methods(["GET", "POST"])
@in_settings("closures")
@requires(Permission.PRACTITIONERS_MANAGE)
def holiday(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Say that the clinic works on a holiday, or that it is closed after all: then visits inside are shown first."""
    rows = Closure.objects.for_organization(request.organization).filter(holiday_on__isnull=False)
    row = get_object_or_404(rows.select_related("location"), pk=pk)
    back = reverse("appointments:settings-closures")
    if request.method == "POST":
        works = request.POST.get("works") == "yes"
        done = change_or_ask(
            request,
            lambda: update_closure(closure=row, is_active=not works, actor=request.actor),
            span=Span(request.organization, location=row.location, start=row.period.lower, end=row.period.upper),
        )
        if not isinstance(done, Question):
            text = _("Open on %(day)s") if works else _("Closed on %(day)s")
            return saved(request, done, text % {"day": row.reason}, back=back)
        context = {"row": row, "question": done, "modal": wants_fragment(request)}
        return render(request, "settings/holiday.html", context, status=422)
    return render(request, "settings/holiday.html", {"row": row, "modal": wants_fragment(request)})
