"""The book dialog: patient, type, free times by day, and "why not?" for a time of one's own."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.appointments.conflicts import check_booking
from apps.appointments.errors import SlotUnavailable
from apps.appointments.forms import BookForm, TimeForm
from apps.appointments.models import AppointmentType, Source
from apps.appointments.services import book_appointment
from apps.appointments.views.times import chosen_place_and_time, listed_times, slot_line
from apps.core.dates import as_day
from apps.core.errors import NotFound
from apps.core.htmx import go, in_dialog, toast, trigger
from apps.core.ids import as_uuid
from apps.notifications.services import silence_of
from apps.organizations.access import requires
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner

TOLD = ("booked", "rescheduled")
GIVEN = ("patient", "appointment_type", "practitioner", "day", "own_time", "minutes", "room", "reason")


@require_http_methods(["GET", "POST"])
@requires(Permission.APPOINTMENTS_MANAGE)
def book(request: HttpRequest) -> HttpResponse:
    """Show the dialog (or the page), or book what was chosen; a refusal lists every reason and three free times."""
    organization = request.organization  # type: ignore[attr-defined]
    if request.method == "GET":
        return _form(request, _empty_form(request, {key: request.GET.get(key, "") for key in GIVEN}))
    form = BookForm(request.POST, organization=organization)
    if not form.is_valid():
        return _form(request, form, status=422)
    data = form.cleaned_data
    patient = get_object_or_404(_bookable(organization), pk=data["patient"])
    try:
        practitioner, location, start = chosen_place_and_time(request, data)
        is_there = data["room"] is not None and data["room"].location_id == location.pk
        appointment = book_appointment(
            organization=organization,
            patient=patient,
            appointment_type=data["appointment_type"],
            practitioner=practitioner,
            location=location,
            start=start,
            room=data["room"] if is_there else None,
            reason=data["reason"],
            source=Source.STAFF,
            override_reason=data["override_reason"],
            overbook=data["overbook"],
            tell_patient=data["tell"],
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
    silence = _silence_of(organization, patient, "appointment.booked") if data["tell"] else ""
    if silence:
        text = _("%(done)s. Nothing can be sent: %(why)s") % {"done": text, "why": silence}
    if not in_dialog(request):
        return go(request, reverse("appointments:detail", args=[appointment.pk]), text)
    response = toast(HttpResponse(status=204), text, tone="warn" if silence else "ok")
    return trigger(response, modal__close=True, live__appointments=True)


@require_GET
@requires(Permission.APPOINTMENTS_MANAGE)
def silence(request: HttpRequest, about: str) -> HttpResponse:
    """Answer why the chosen patient would not get a message about their visit; nothing when they would."""
    organization = request.organization  # type: ignore[attr-defined]
    if about not in TOLD:
        raise NotFound(_("There is no such message."))
    patient = Patient.objects.for_organization(organization).filter(pk=as_uuid(request.GET.get("patient", ""))).first()
    why = _silence_of(organization, patient, f"appointment.{about}") if patient else ""
    return render(request, "appointments/_silence.html", {"why": why})


def _silence_of(organization: Organization, patient: Patient, event_type: str) -> str:
    return silence_of(organization=organization, patient=patient, event_type=event_type)


@require_GET
@requires(Permission.APPOINTMENTS_MANAGE)
def book_for_patient(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the dialog with the patient filled in; for an archived one it offers to restore the record."""
    patient = get_object_or_404(_bookable(request.organization), pk=pk)  # type: ignore[attr-defined]
    return _form(request, _empty_form(request, {"patient": str(patient.pk)}))


def _bookable(organization: Organization) -> QuerySet[Patient]:
    """Return whom a visit may be asked for: archived patients too, since the refusal says what to do."""
    patients: QuerySet[Patient] = Patient.objects.for_organization(organization).filter(merged_into__isnull=True)
    return patients


def _empty_form(request: HttpRequest, given: dict[str, str]) -> BookForm:
    """Return an unbound form with what is known, today, and the type that fits best."""
    organization = request.organization  # type: ignore[attr-defined]
    kind = given.get("appointment_type") or _fitting_type(organization, given)
    initial = given | {"day": given.get("day") or organization.today().isoformat(), "appointment_type": str(kind or "")}
    return BookForm(initial=initial, organization=organization)


def _why_not(request: HttpRequest, form: BookForm, kind: AppointmentType) -> SlotUnavailable | None:
    """Return the reasons against the time that was pointed at in the calendar; None when there are none."""
    asked = TimeForm(form.initial, organization=request.organization)  # type: ignore[attr-defined]
    if not asked.is_valid():
        return None
    practitioner, location, start = chosen_place_and_time(request, asked.cleaned_data)
    conflicts = check_booking(
        organization=request.organization,  # type: ignore[attr-defined]
        appointment_type=kind,
        practitioner=practitioner,
        location=location,
        start=start,
        room=asked.cleaned_data["room"],
    )
    return SlotUnavailable(conflicts, []) if conflicts else None


def _fitting_type(organization: Organization, given: dict[str, str]) -> uuid.UUID | None:
    """Return the usual type: of those that the given person offers, and nearest to a length drawn in the calendar."""
    types = AppointmentType.objects.for_organization(organization).filter(is_active=True)
    person = as_uuid(given.get("practitioner", ""))
    if person and types.filter(offered_by__practitioner_id=person).exists():
        types = types.filter(offered_by__practitioner_id=person)
    choices = list(types.order_by("-is_default", "sort_order").values_list("pk", "duration_minutes"))
    minutes = given.get("minutes", "")
    if minutes.isdecimal():
        choices.sort(key=lambda choice: abs(choice[1] - int(minutes)))
    return choices[0][0] if choices else None


def _form(
    request: HttpRequest, form: BookForm, *, refusal: SlotUnavailable | None = None, status: int = 200
) -> HttpResponse:
    organization = request.organization  # type: ignore[attr-defined]
    bound = {name: form[name].value() for name in ("patient", "appointment_type", "day")}
    patient = Patient.objects.for_organization(organization).filter(pk=as_uuid(str(bound["patient"] or ""))).first()
    kind = (
        AppointmentType.objects.for_organization(organization)
        .filter(pk=as_uuid(str(bound["appointment_type"] or "")))
        .first()
    )
    people = Practitioner.objects.for_organization(organization)
    practitioner = people.filter(pk=form.chosen_practitioner()).first()
    if not form.is_bound and form["own_time"].value() and practitioner and kind:
        refusal = _why_not(request, form, kind)
    if refusal and (refusal.is_soft or form["overbook"].value()):
        form.ask_for_override()
    context = {
        "form": form,
        "patient": patient,
        "refusal": refusal,
        "nothing_to_book": kind is None and not form.fields["appointment_type"].queryset.exists(),  # type: ignore[attr-defined]
        "may_set_up": request.actor.may(Permission.PRACTITIONERS_MANAGE),  # type: ignore[attr-defined]
        "may_restore": request.actor.may(Permission.PATIENTS_MANAGE),  # type: ignore[attr-defined]
        "may_override": request.actor.may(Permission.APPOINTMENTS_OVERRIDE),  # type: ignore[attr-defined]
        "times": listed_times(request, kind, practitioner, as_day(str(bound["day"] or ""), organization.today())),
        "alternatives": [slot_line(slot) for slot in refusal.alternatives] if refusal else [],
        "chosen": form["slot"].value() or "",
        "modal": in_dialog(request),
    }
    return render(request, "appointments/book.html", context, status=status)
