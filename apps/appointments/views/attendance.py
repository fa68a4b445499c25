"""A patient's attendance: the flag in the header of their page, and the switch for booking alone."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.appointments.attendance import Attendance, attendance_of
from apps.appointments.models import OnlineBookingBlock
from apps.appointments.services import block_online_booking, lift_online_booking_block
from apps.core.htmx import toast, trigger
from apps.organizations.access import requires
from apps.organizations.permissions import Permission
from apps.patients.models import Patient


@require_GET
@requires(Permission.APPOINTMENTS_VIEW)
def panel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer how many visits the patient missed, and whether they may book alone; two queries."""
    patient = _patient(request, pk)
    found = attendance_of(organization=request.organization, patient_ids=[pk])  # type: ignore[attr-defined]
    context = {
        "patient": patient,
        "attendance": found.get(pk, Attendance()),
        "block": OnlineBookingBlock.objects.filter(patient=patient, lifted_at__isnull=True).first(),
        "may_lift": request.actor.may(Permission.APPOINTMENTS_MANAGE),  # type: ignore[attr-defined]
        "may_block": request.actor.may(Permission.APPOINTMENTS_OVERRIDE),  # type: ignore[attr-defined]
    }
    return render(request, "appointments/_attendance.html", context)


@require_POST
@requires(Permission.APPOINTMENTS_OVERRIDE)
def block(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Let the patient book through the clinic only."""
    patient = _patient(request, pk)
    block_online_booking(patient=patient, reason=request.POST.get("reason", ""), actor=request.actor)  # type: ignore[attr-defined]
    return _changed(_("%(name)s books through the clinic from now on") % {"name": patient})


@require_POST
@requires(Permission.APPOINTMENTS_MANAGE)
def lift(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Let the patient book alone again."""
    patient = _patient(request, pk)
    lift_online_booking_block(patient=patient, actor=request.actor)  # type: ignore[attr-defined]
    return _changed(_("%(name)s may book alone again") % {"name": patient})


def _patient(request: HttpRequest, pk: uuid.UUID) -> Patient:
    found: Patient = get_object_or_404(Patient.objects.for_organization(request.organization), pk=pk)  # type: ignore[attr-defined]
    return found


def _changed(text: str) -> HttpResponse:
    return trigger(toast(HttpResponse(status=204), text), live__appointments=True)
