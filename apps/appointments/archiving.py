"""What an archived patient would still be expected for."""

from __future__ import annotations

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import ngettext

from apps.appointments.selectors import upcoming_appointments
from apps.organizations.permissions import Permission
from apps.patients.archiving import Planned, Plans, register_plans
from apps.patients.models import Patient


def register_archiving() -> None:
    """Name the coming visits before a patient is archived; called once at start."""
    register_plans(key="appointments", permission=Permission.APPOINTMENTS_VIEW, reader=_coming_visits)


def _coming_visits(patient: Patient) -> Plans | None:
    visits = upcoming_appointments(patient=patient)
    if not visits:
        return None
    title = ngettext(
        "%(n)d coming visit: cancel it first, or archive all the same and keep it",
        "%(n)d coming visits: cancel them first, or archive all the same and keep them",
        len(visits),
    ) % {"n": len(visits)}
    lines = [
        Planned(
            f"{date_format(visit.local_start, 'D j M Y, H:i')} · {visit.practitioner.display_name}",
            reverse("appointments:detail", args=[visit.pk]),
        )
        for visit in visits
    ]
    return Plans(title, lines)
