"""Messages that a run sends: what they may say, and whether their reason still holds when they go out."""

from __future__ import annotations

import uuid
from dataclasses import replace

from django.utils.translation import gettext as _

from apps.appointments.messages import message_context as about_appointment
from apps.appointments.models import Appointment
from apps.appointments.models import Status as AppointmentStatus
from apps.communications.models import Category, Communication
from apps.communications.registry import Context, register_guard
from apps.journeys.models import Instance, InstanceStatus
from apps.notifications.contexts import MessageContext, register_context
from apps.organizations.models import Organization

CONTEXT = Instance._meta.label


def message_context(organization: Organization, subject_id: uuid.UUID) -> MessageContext | None:
    """Return what a run's messages may say: everything about its appointment, else about the patient and the clinic.

    None while the run has no patient. Counts times from the appointment's start, without one from the present stage.
    """
    run: Instance | None = (
        Instance.objects.for_organization(organization)
        .select_related("patient", "organization")
        .filter(pk=subject_id)
        .first()
    )
    if run is None or run.patient is None:
        return None
    context = Context(type=CONTEXT, id=run.pk)
    appointment = about_appointment(organization, run.appointment_id) if run.appointment_id else None
    if appointment is not None and appointment.patient.pk == run.patient_id:
        return replace(appointment, context=context, version=0)
    return MessageContext(
        patient=run.patient,
        variables={
            "patient": {"first_name": run.patient.first_name},
            "clinic": {"name": run.organization.name, "phone": run.organization.phone},
        },
        anchor=run.stage_entered_at or run.created_at,
        zone=run.organization.zone,
        version=0,
        language=run.patient.language,
        context=context,
    )


def still_wanted(communication: Communication) -> str | None:
    """Refuse messages of a run that was cancelled or paused, and thanks for a visit that did not take place.

    Locks the run until the message is marked as sending.
    """
    run = (
        Instance.objects.select_for_update(no_key=True)
        .filter(pk=communication.context_id)
        .only("status", "appointment_id")
        .first()
    )
    if run is None or run.status == InstanceStatus.CANCELLED:
        return _("The journey was cancelled")
    if run.status == InstanceStatus.PAUSED:
        return _("The journey is paused")
    if communication.category == Category.FOLLOW_UP and run.appointment_id:
        visit = Appointment.objects.filter(pk=run.appointment_id).only("status").first()
        if visit is None or visit.status != AppointmentStatus.FULFILLED:
            return _("The visit did not take place.")
    return None


register_guard(CONTEXT, still_wanted)
register_context(CONTEXT, message_context)
