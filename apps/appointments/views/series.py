"""Recurring visits: the dialog that shows every conflict before anything is booked, and changes from one visit on."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from apps.appointments.errors import SeriesUnavailable
from apps.appointments.forms import CancelSeriesForm, MoveSeriesForm, SeriesForm
from apps.appointments.forms.series import SKIP
from apps.appointments.models import Appointment, AppointmentSeries, AppointmentType
from apps.appointments.recurrence import describe
from apps.appointments.services import (
    Occurrence,
    Place,
    book_series,
    cancel_series,
    change_series,
    check_change,
    check_series,
    plan_change,
    undo_series_cancellation,
)
from apps.appointments.views.times import slot_line, usual_place
from apps.core.dates import as_day, read_moment
from apps.core.errors import InvalidInput, StaleVersion
from apps.core.htmx import go, in_dialog, toast, trigger
from apps.core.ids import as_uuid
from apps.organizations.access import requires
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from apps.organizations.places import chosen_location
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner


@dataclass(frozen=True, slots=True)
class Line:
    """One visit of a preview: its name in the form, when, what is against it, what can be done instead."""

    name: str
    when: str
    occurrence: Occurrence
    alternatives: list[dict[str, str]]
    chosen: str

    @property
    def is_decided(self) -> bool:
        return self.occurrence.is_free or bool(self.chosen)


@require_http_methods(["GET", "POST"])
@requires(Permission.APPOINTMENTS_MANAGE)
def new(request: HttpRequest) -> HttpResponse:
    """Show the dialog, or book all visits; what can't be had comes back with reasons, times nearby, and “leave out”."""
    organization = request.organization  # type: ignore[attr-defined]
    if request.method == "GET":
        return _book_dialog(request, SeriesForm(initial=_initial(request), organization=organization))
    form = SeriesForm(request.POST, organization=organization)
    if not form.is_valid():
        return _book_dialog(request, form, status=422)
    try:
        series = book_series(**_order(request, form), **_decisions(request, form), actor=request.actor)  # type: ignore[attr-defined]
    except SeriesUnavailable as refusal:
        dialog = _book_dialog(request, form, refused=refusal.occurrences, status=422)
        return toast(dialog, refusal.message, tone="bad")
    except InvalidInput as error:
        form.add_error("day" if "skip" not in error.errors else None, error.message)
        return _book_dialog(request, form, status=422)
    visits = series.appointments.count()
    text = ngettext("%(n)d visit booked for %(name)s", "%(n)d visits booked for %(name)s", visits)
    said = text % {"n": visits, "name": series.patient}
    if not in_dialog(request):
        first = series.appointments.order_by("start")[0]
        return go(request, reverse("appointments:detail", args=[first.pk]), said)
    return trigger(toast(HttpResponse(status=204), said), modal__close=True, live__appointments=True)


@require_POST
@requires(Permission.APPOINTMENTS_MANAGE)
def preview(request: HttpRequest) -> HttpResponse:
    """Answer the visits that the rule asks for with what is against each; by POST, because names don't belong in addresses."""
    form = SeriesForm(request.POST, organization=request.organization)  # type: ignore[attr-defined]
    return render(request, "appointments/series.html#preview", _preview(request, form))


def _initial(request: HttpRequest) -> dict[str, Any]:
    """Return what the book dialog knew: who, what, and the chosen free time or day."""
    organization = request.organization  # type: ignore[attr-defined]
    given = request.GET
    types = AppointmentType.objects.for_organization(organization).filter(is_active=True)
    default = types.order_by("-is_default", "sort_order").first()
    initial: dict[str, Any] = {
        "patient": given.get("patient", ""),
        "appointment_type": given.get("appointment_type") or (str(default.pk) if default else ""),
        "practitioner": given.get("practitioner", ""),
        "day": as_day(given.get("day", ""), organization.today()).isoformat(),
        "time": given.get("own_time", "") or "09:00",
    }
    chosen = given.get("slot", "").split("|")
    start = read_moment(chosen[2]) if len(chosen) == 3 else None
    if start is not None:
        place = Location.objects.for_organization(organization).filter(pk=as_uuid(chosen[1])).first()
        local = start.astimezone((place or organization).zone)
        initial |= {"practitioner": chosen[0], "day": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}"}
    return initial


def _order(request: HttpRequest, form: SeriesForm) -> dict[str, Any]:
    """Return what a clean form orders, as the services take it."""
    organization = request.organization  # type: ignore[attr-defined]
    data = form.cleaned_data
    patients = Patient.objects.for_organization(organization).active()
    zone = (chosen_location(request) or organization).zone
    start = form.start(zone)
    place = chosen_location(request) or usual_place(organization, data["practitioner"], start)
    return {
        "organization": organization,
        "patient": get_object_or_404(patients, pk=data["patient"]),
        "appointment_type": data["appointment_type"],
        "practitioner": data["practitioner"],
        "location": place,
        "start": form.start(place.zone),
        "rule": data["rule"],
    }


def _decisions(request: HttpRequest, form: SeriesForm) -> dict[str, Any]:
    """Return which visits are left out or put elsewhere, and why rules are set aside."""
    organization = request.organization  # type: ignore[attr-defined]
    skip: list[dt.datetime] = []
    instead: dict[dt.datetime, Place] = {}
    for name, value in form.choices().items():
        moment = read_moment(name)
        if moment is None:
            continue
        if value == SKIP:
            skip.append(moment)
        elif value.count("|") == 2:
            practitioner, location, text = value.split("|")
            start = read_moment(text)
            if start is None:
                message = _("That time can’t be read. Choose one of the free times.")
                raise InvalidInput(message, errors={"start": [message]})
            people = Practitioner.objects.for_organization(organization)
            places = Location.objects.for_organization(organization)
            instead[moment] = Place(
                start,
                get_object_or_404(people, pk=as_uuid(practitioner)),
                get_object_or_404(places, pk=as_uuid(location)),
            )
    return {
        "skip": skip,
        "instead": instead,
        "reason": form.cleaned_data["reason"],
        "override_reason": form.cleaned_data["override_reason"],
    }


def _preview(request: HttpRequest, form: SeriesForm, refused: Sequence[Occurrence] | None = None) -> dict[str, Any]:
    """Return the preview's context; without lines while the form is not complete."""
    if not form.is_bound or not form.is_valid():
        return {"form": form, "lines": [], "rule": ""}
    order = _order(request, form)
    try:
        found = check_series(**order)
    except InvalidInput as error:
        return {"form": form, "lines": [], "rule": "", "problem": error.message}
    again = {one.recurrence_id: one for one in refused or ()}
    zone = order["location"].zone
    lines = [_line(again.get(one.recurrence_id, one), one.recurrence_id.isoformat(), zone, form) for one in found]
    return {"form": form, "rule": describe(order["rule"]), **_counted(request, lines)}


def _counted(request: HttpRequest, lines: list[Line]) -> dict[str, Any]:
    return {
        "lines": lines,
        "undecided": sum(not line.is_decided for line in lines),
        "remaining": sum(line.chosen != SKIP for line in lines),
        "is_soft": any(line.occurrence.is_overridable for line in lines),
        "may_override": request.actor.may(Permission.APPOINTMENTS_OVERRIDE),  # type: ignore[attr-defined]
    }


def _line(occurrence: Occurrence, name: str, zone: dt.tzinfo, form: SeriesForm | MoveSeriesForm) -> Line:
    local = occurrence.start.astimezone(zone)
    return Line(
        name=f"at-{name}",
        when=f"{date_format(local, 'D j M')}, {local:%H:%M}",
        occurrence=occurrence,
        alternatives=[slot_line(slot) for slot in occurrence.alternatives],
        chosen=form.choices().get(name, ""),
    )


def _book_dialog(
    request: HttpRequest, form: SeriesForm, *, refused: Sequence[Occurrence] | None = None, status: int = 200
) -> HttpResponse:
    patients = Patient.objects.for_organization(request.organization)  # type: ignore[attr-defined]
    context = {
        "patient": patients.filter(pk=as_uuid(str(form["patient"].value() or ""))).first(),
        "modal": in_dialog(request),
        **_preview(request, form, refused),
    }
    return render(request, "appointments/series.html", context, status=status)


@require_http_methods(["GET", "POST"])
@requires(Permission.APPOINTMENTS_MANAGE)
def move(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show what moving a visit and those after it means, or do it; `?preview` answers the visits only."""
    visit = _visit(request, pk)
    organization = request.organization  # type: ignore[attr-defined]
    if request.method == "GET":
        initial = {
            "day": visit.local_start.date().isoformat(),
            "time": f"{visit.local_start:%H:%M}",
            "practitioner": str(visit.practitioner_id),
            "version": visit.version,
        }
        return _move_dialog(request, visit, MoveSeriesForm(initial=initial, organization=organization))
    form = MoveSeriesForm(request.POST, organization=organization)
    if "preview" in request.GET:
        return render(request, "appointments/series_move.html#preview", _move_preview(request, visit, form))
    if not form.is_valid():
        return _move_dialog(request, visit, form, status=422)
    try:
        series = change_series(
            **_change(visit, form),
            leave=form.left(),
            override_reason=form.cleaned_data["override_reason"],
            tell_patient=form.cleaned_data["tell_patient"],
            version=form.cleaned_data["version"],
            actor=request.actor,  # type: ignore[attr-defined]
        )
    except SeriesUnavailable as refusal:
        text = ngettext(
            "%(n)d visit can’t move there. Leave it where it is, or choose another day or time.",
            "%(n)d visits can’t move there. Leave them where they are, or choose another day or time.",
            len(refusal.occurrences),
        ) % {"n": len(refusal.occurrences)}
        return toast(_move_dialog(request, visit, form, status=422), text, tone="bad")
    except StaleVersion:
        answers = request.POST.copy()
        answers["version"] = str(visit.version)
        return _move_dialog(
            request, visit, MoveSeriesForm(answers, organization=organization), was_moved=True, status=422
        )
    except InvalidInput as error:
        form.add_error("day", error.message)
        return _move_dialog(request, visit, form, status=422)
    text = _("Series of %(name)s moved") % {"name": series.patient}
    if not in_dialog(request):
        return go(request, reverse("appointments:detail", args=[pk]), text)
    return trigger(toast(HttpResponse(status=204), text), modal__close=True, live__appointments=True)


def _change(visit: Appointment, form: MoveSeriesForm) -> dict[str, Any]:
    return {
        "visit": visit,
        "start": form.start(visit.location.zone),
        "practitioner": form.cleaned_data["practitioner"],
        "everything": form.cleaned_data["scope"] == "all",
    }


def _move_preview(request: HttpRequest, visit: Appointment, form: MoveSeriesForm) -> dict[str, Any]:
    context: dict[str, Any] = {"form": form, "visit": visit, "lines": [], "stays": 0}
    if not form.is_bound or not form.is_valid():
        return context
    try:
        plan = plan_change(**_change(visit, form))
    except InvalidInput as error:
        return context | {"problem": error.message}
    zone = plan.location.zone
    moving = [one for one in plan.moves if not one.stays]
    lines = [_line(found, str(one.visit.pk), zone, form) for one, found in zip(moving, check_change(plan), strict=True)]
    return context | _counted(request, lines) | {"stays": len(plan.moves) - len(moving)}


def _move_dialog(
    request: HttpRequest, visit: Appointment, form: MoveSeriesForm, *, was_moved: bool = False, status: int = 200
) -> HttpResponse:
    """Show the dialog; `was_moved` says that somebody else moved the visit meanwhile."""
    context = {
        **_move_preview(request, visit, form),
        "appointment": visit,
        "was_moved": was_moved,
        "modal": in_dialog(request),
    }
    return render(request, "appointments/series_move.html", context, status=status)


@require_http_methods(["GET", "POST"])
@requires(Permission.APPOINTMENTS_MANAGE)
def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask why and how many, then cancel; the toast brings all of them back."""
    visit = _visit(request, pk)
    form = CancelSeriesForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        since = timezone.now()
        cancelled = cancel_series(
            visit=visit,
            reason=form.cleaned_data["reason"],
            note=form.cleaned_data["note"],
            everything=form.cleaned_data["scope"] == "all",
            tell_patient=form.cleaned_data["tell_patient"],
            actor=request.actor,  # type: ignore[attr-defined]
        )
        text = ngettext("%(n)d visit of %(name)s cancelled", "%(n)d visits of %(name)s cancelled", len(cancelled)) % {
            "n": len(cancelled),
            "name": visit.patient,
        }
        if not in_dialog(request):
            return go(request, reverse("appointments:detail", args=[pk]), text)
        undo = (
            f"{reverse('appointments:series-undo', args=[visit.series_id])}?{urlencode({'since': since.isoformat()})}"
        )
        response = toast(HttpResponse(status=204), text, undo_url=undo)
        return trigger(response, modal__close=True, live__appointments=True)
    context = {"appointment": visit, "form": form, "modal": in_dialog(request)}
    return render(request, "appointments/series_cancel.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@requires(Permission.APPOINTMENTS_MANAGE)
def undo(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Bring back what was cancelled of a series since a moment."""
    rows = AppointmentSeries.objects.for_organization(request.organization)  # type: ignore[attr-defined]
    series = get_object_or_404(rows, pk=pk)
    since = read_moment(request.GET.get("since", ""))
    if since is None:
        raise InvalidInput(_("That moment can’t be read. Book the visits anew."), errors={"since": [_("Not a time.")]})
    undone = undo_series_cancellation(series=series, since=since, actor=request.actor)  # type: ignore[attr-defined]
    text = ngettext("%(n)d visit is booked again", "%(n)d visits are booked again", len(undone))
    return trigger(toast(HttpResponse(status=204), text % {"n": len(undone)}), live__appointments=True)


def _visit(request: HttpRequest, pk: uuid.UUID) -> Appointment:
    rows = Appointment.objects.for_organization(request.organization).real().for_list()  # type: ignore[attr-defined]
    found: Appointment = get_object_or_404(rows.select_related("series").filter(series__isnull=False), pk=pk)
    return found
