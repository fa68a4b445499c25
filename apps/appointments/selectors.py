"""A patient's visits. The number of queries never depends on rows."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from apps.appointments.models import Appointment
from apps.patients.models import Patient


def next_appointment(*, patient: Patient) -> Appointment | None:
    """Return the patient's next visit that is still to happen or happening, with what lists show; one query."""
    return _of_patient(patient).open().filter(end__gt=timezone.now()).order_by("start").first()


def upcoming_appointments(*, patient: Patient, limit: int = 20) -> list[Appointment]:
    """Return the visits that are still to come, soonest first; one query."""
    return list(_of_patient(patient).open().filter(end__gt=timezone.now()).order_by("start")[:limit])


def patient_history(*, patient: Patient, limit: int = 50, before: dt.datetime | None = None) -> list[Appointment]:
    """Return the patient's visits of every status, latest first; holds left out. One query."""
    visits = _of_patient(patient).real()
    if before is not None:
        visits = visits.filter(start__lt=before)
    return list(visits.order_by("-start")[:limit])


def _of_patient(patient: Patient):
    return Appointment.objects.for_list().filter(organization_id=patient.organization_id, patient=patient)
