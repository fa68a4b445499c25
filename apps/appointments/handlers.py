"""What the appointment book does when something happened: re-reads the state, then acts."""

from __future__ import annotations

from apps.appointments.services import follow_up_no_shows
from apps.core.actors import SYSTEM
from apps.events.models import Event
from apps.events.registry import on
from apps.patients.models import Patient


@on("appointment.no_show", "appointment.status_undone")
def count_missed_visits(event: Event) -> None:
    """Block or unblock booking alone, as the organization decided."""
    patient = Patient.objects.select_related("organization").filter(pk=event.patient_id).first()
    if patient is not None:
        follow_up_no_shows(patient=patient, actor=SYSTEM)
