"""Files may belong to a visit: a referral letter, a consent form."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from apps.appointments.models import Appointment
from apps.core.errors import NotFound
from apps.media.subjects import register_subject
from apps.organizations.models import Organization

SUBJECT = "appointment"


def register_files() -> None:
    """Let files belong to visits; called once at start."""
    register_subject(SUBJECT, _patient_of_visit)


def _patient_of_visit(organization: Organization, appointment_id: uuid.UUID) -> uuid.UUID | None:
    visit = Appointment.objects.for_organization(organization).real().filter(pk=appointment_id).first()
    if visit is None:
        raise NotFound(_("There is no such appointment."))
    return visit.patient_id
