"""What a clinic decided about its appointment book, defaults where it decided nothing."""

from __future__ import annotations

from apps.appointments.models import AppointmentSettings
from apps.organizations.models import Organization


def settings_for(organization: Organization) -> AppointmentSettings:
    """Return the organization's settings; unsaved defaults when it has none. One query."""
    found: AppointmentSettings | None = AppointmentSettings.objects.for_organization(organization).first()
    return found or AppointmentSettings(organization=organization)
