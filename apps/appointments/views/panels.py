"""What the patient page shows of appointments: the list, and the next or present visit with its messages."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from apps.appointments.models import Appointment, WaitlistEntry
from apps.appointments.selectors import next_appointment
from apps.communications.models import Communication
from apps.core.navigation import Badge
from apps.organizations.access import requires
from apps.organizations.permissions import Permission
from apps.patients.models import Patient

SHOWN = 100


def visits_of(patient: Patient) -> QuerySet:
    """Return the appointments that the patient page counts; no query yet."""
    return Appointment.objects.filter(organization_id=patient.organization_id, patient=patient).real()


def waitlist_badge(request: HttpRequest) -> Badge:
    """Return who waits for a time; no query yet."""
    rows = WaitlistEntry.objects.for_organization(request.organization).open()  # type: ignore[attr-defined]
    return Badge(rows, label=_("waiting"))


@require_GET
@requires(Permission.APPOINTMENTS_VIEW)
def for_patient(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the patient's appointments, latest first."""
    organization = request.organization  # type: ignore[attr-defined]
    patient = get_object_or_404(Patient.objects.for_organization(organization), pk=pk)
    rows = list(
        Appointment.objects.for_organization(organization)
        .real()
        .filter(patient=patient)
        .for_list()
        .order_by("-start")[: SHOWN + 1]
    )
    context = {
        "patient": patient,
        "appointments": rows[:SHOWN],
        "latest": SHOWN if len(rows) > SHOWN else 0,
        "now": timezone.now(),
        "may_manage": request.actor.may(Permission.APPOINTMENTS_MANAGE),  # type: ignore[attr-defined]
    }
    return render(request, "appointments/_for_patient.html", context)


@require_GET
@requires(Permission.APPOINTMENTS_VIEW)
def next_for_patient(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the patient's present or next visit and how far its messages got."""
    organization = request.organization  # type: ignore[attr-defined]
    patient = get_object_or_404(Patient.objects.for_organization(organization), pk=pk)
    appointment = next_appointment(patient=patient)
    ledger = (
        Communication.objects.for_organization(organization)
        .about(Appointment._meta.label, appointment.pk)
        .order_by("due_at", "id")[:6]
        if appointment
        else []
    )
    context = {
        "patient": patient,
        "appointment": appointment,
        "ledger": ledger,
        "may_manage": request.actor.may(Permission.APPOINTMENTS_MANAGE),  # type: ignore[attr-defined]
    }
    return render(request, "appointments/_next_for_patient.html", context)
