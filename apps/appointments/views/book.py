"""The book dialog: patient, type, free times by day, and "why not?" for a time of one's own."""

from __future__ import annotations

import datetime as dt
import uuid
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.appointments.availability import Slot, find_slots
from apps.appointments.errors import SlotUnavailable
from apps.appointments.forms import BookForm
from apps.appointments.models import Appointment, AppointmentType, Source
from apps.appointments.services import book_appointment, reschedule_appointment
from apps.core.htmx import toast, trigger, wants_fragment
from apps.organizations.access import requires
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from apps.organizations.places import chosen_location
from apps.patients.models import Patient
from apps.practitioners.hours import first_instant
from apps.practitioners.models import Practitioner
from apps.practitioners.selectors import working_times

LISTED_DAYS = 14
LISTED_SLOTS = 60


@require_http_methods(["GET", "POST"])
@requires(Permission.APPOINTMENTS_MANAGE)
def book(request: HttpRequest) -> HttpResponse:
    """Show the dialog (or the page), or book what was chosen; a refusal lists every reason and three free times."""
    organization = request.organization  # type: ignore[attr-defined]
    if request.method == "GET":
        given = {
            key: request.GET.get(key, "") for key in ("patient", "appointment_type", "practitioner", "day", "reason")
        }
        return _form(request, _empty_form(request, given))
    form = BookForm(request.POST, organization=organization)
    if not form.is_valid():
        return _form(request, form, status=422)
    data = form.cleaned_data
    patient = get_object_or_404(Patient.objects.for_organization(organization).active(), pk=data["patient"])
    try:
        practitioner, location, start = _target(request, data)
        appointment = book_appointment(
            organization=organization,
            patient=patient,
            appointment_type=data["appointment_type"],
            practitioner=practitioner,
            location=location,
            start=start,
            reason=data["reason"],
            source=Source.STAFF,
            override_reason=data["override_reason"],
            actor=request.actor,  # type: ignore[attr-defined]
        )
    except SlotUnavailable as refusal:
        return _form(request, form, refusal=refusal, status=422)
    local = appointment.start.astimezone(location.zone)
    text = _("%(name)s booked for %(day)s, %(time)s") % {
        "name": patient,
        "day": date_format(local, "D j M"),
        "time": f"{local:%H:%M}",
    }
    if not wants_fragment(request):
        response = HttpResponse(status=303)
        response["Location"] = reverse("appointments:detail", args=[appointment.pk])
        return response
    return trigger(toast(HttpResponse(status=204), text), modal__close=True, live__appointments=True)


def _empty_form(request: HttpRequest, given: dict[str, str]) -> BookForm:
    """Return an unbound form with what is known, today, and the default type."""
    organization = request.organization  # type: ignore[attr-defined]
    types = AppointmentType.objects.for_organization(organization).filter(is_active=True)
    default = types.order_by("-is_default", "sort_order").first()
    initial = given | {
        "day": given.get("day") or organization.today().isoformat(),
        "appointment_type": given.get("appointment_type") or (str(default.pk) if default else ""),
    }
    return BookForm(initial=initial, organization=organization)


@require_GET
@requires(Permission.APPOINTMENTS_MANAGE)
def book_for_patient(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the dialog with the patient filled in."""
    patient = get_object_or_404(Patient.objects.for_organization(request.organization).active(), pk=pk)  # type: ignore[attr-defined]
    return _form(request, _empty_form(request, {"patient": str(patient.pk)}))


@require_GET
@requires(Permission.APPOINTMENTS_VIEW)
def free_times(request: HttpRequest) -> HttpResponse:
    """Answer the free times by day for the chosen type and practitioner."""
    organization = request.organization  # type: ignore[attr-defined]
    kind = (
        AppointmentType.objects.for_organization(organization)
        .filter(pk=_uuid(request.GET.get("appointment_type", "")))
        .first()
    )
    practitioner = (
        Practitioner.objects.for_organization(organization)
        .filter(pk=_uuid(request.GET.get("practitioner", "")))
        .first()
    )
    day = _day(request.GET.get("day", ""), organization.today())
    context = _times(request, kind, practitioner, day)
    return render(request, "appointments/_times.html", context | {"chosen": request.GET.get("slot", "")})


def _times(
    request: HttpRequest, kind: AppointmentType | None, practitioner: Practitioner | None, day: dt.date
) -> dict[str, Any]:
    """Return the context of the free times: days with their slots, from `day` on."""
    organization = request.organization  # type: ignore[attr-defined]
    if kind is None:
        return {"days": [], "kind": None, "day": day}
    place = chosen_location(request)
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
    days = [
        {"label": date_format(date, "l j F"), "slots": [_line(slot) for slot in group]}
        for date, group in groupby(slots, key=lambda slot: slot.local_start.date())
    ]
    return {"days": days, "kind": kind, "day": day, "until": day + dt.timedelta(days=LISTED_DAYS)}


def _line(slot: Slot) -> dict[str, str]:
    return {
        "value": f"{slot.practitioner_id}|{slot.location_id}|{slot.start.isoformat()}",
        "time": f"{slot.local_start:%H:%M}",
        "who": slot.practitioner_name,
        "where": slot.location_name,
    }


def _target(request: HttpRequest, data: dict[str, Any]) -> tuple[Practitioner, Location, dt.datetime]:
    """Return with whom, where and when, from the chosen free time or from the time of one's own."""
    organization = request.organization  # type: ignore[attr-defined]
    if data["slot"] and not data["own_time"]:
        practitioner_id, location_id, start = data["slot"]
        people = Practitioner.objects.for_organization(organization)
        places = Location.objects.for_organization(organization)
        return (
            get_object_or_404(people, pk=_uuid(practitioner_id)),
            get_object_or_404(places, pk=_uuid(location_id)),
            start,
        )
    practitioner = data["practitioner"]
    place = chosen_location(request)
    day = data["day"] or organization.today()
    start = first_instant(place.zone if place else organization.zone, day, data["own_time"])
    return practitioner, place or _usual_place(organization, practitioner, start), start


def _usual_place(organization: Any, practitioner: Practitioner, start: dt.datetime) -> Location:
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


def _form(
    request: HttpRequest, form: BookForm, *, refusal: SlotUnavailable | None = None, status: int = 200
) -> HttpResponse:
    organization = request.organization  # type: ignore[attr-defined]
    bound = {name: form[name].value() for name in ("patient", "appointment_type", "practitioner", "day")}
    patient = Patient.objects.for_organization(organization).filter(pk=_uuid(str(bound["patient"] or ""))).first()
    kind = (
        AppointmentType.objects.for_organization(organization)
        .filter(pk=_uuid(str(bound["appointment_type"] or "")))
        .first()
    )
    practitioner = (
        Practitioner.objects.for_organization(organization).filter(pk=_uuid(str(bound["practitioner"] or ""))).first()
    )
    context = {
        "form": form,
        "patient": patient,
        "refusal": refusal,
        "may_override": request.actor.may(Permission.APPOINTMENTS_OVERRIDE),  # type: ignore[attr-defined]
        "only_soft": refusal is not None and not any(conflict.hard for conflict in refusal.conflicts),
        "times": _times(request, kind, practitioner, _day(str(bound["day"] or ""), organization.today())),
        "alternatives": [_line(slot) for slot in refusal.alternatives] if refusal else [],
        "chosen": form["slot"].value() or "",
        "modal": wants_fragment(request),
    }
    return render(request, "appointments/book.html", context, status=status)


@require_http_methods(["GET", "POST"])
@requires(Permission.APPOINTMENTS_MANAGE)
def reschedule(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show free times for an appointment, or move it to the chosen one."""
    organization = request.organization  # type: ignore[attr-defined]
    appointment = get_object_or_404(Appointment.objects.for_organization(organization).real().for_list(), pk=pk)
    day = _day(
        request.GET.get("day", request.POST.get("day", "")), max(appointment.local_start.date(), organization.today())
    )
    refusal = None
    if request.method == "POST":
        chosen = request.POST.get("slot", "").split("|")
        if len(chosen) == 3:
            people = Practitioner.objects.for_organization(organization)
            places = Location.objects.for_organization(organization)
            try:
                moved = reschedule_appointment(
                    appointment=appointment,
                    start=dt.datetime.fromisoformat(chosen[2]),
                    practitioner=get_object_or_404(people, pk=_uuid(chosen[0])),
                    location=get_object_or_404(places, pk=_uuid(chosen[1])),
                    actor=request.actor,  # type: ignore[attr-defined]
                )
            except SlotUnavailable as caught:
                refusal = caught
            else:
                local = moved.start.astimezone(moved.location.zone)
                text = _("%(name)s moved to %(day)s, %(time)s") % {
                    "name": moved.patient,
                    "day": date_format(local, "D j M"),
                    "time": f"{local:%H:%M}",
                }
                return trigger(toast(HttpResponse(status=204), text), modal__close=True, live__appointments=True)
    context = {
        "appointment": appointment,
        "times": _times(request, appointment.appointment_type, None, day),
        "refusal": refusal,
        "alternatives": [_line(slot) for slot in refusal.alternatives] if refusal else [],
        "missing": request.method == "POST" and refusal is None,
        "modal": wants_fragment(request),
    }
    return render(request, "appointments/reschedule.html", context, status=422 if request.method == "POST" else 200)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _day(text: str, default: dt.date) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return default
