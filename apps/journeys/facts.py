"""The events that definitions may name, each with the test whether it still holds when it arrives."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.appointments.models import Appointment, Status
from apps.communications.models import Communication
from apps.conversations.models import Conversation, ConversationStatus
from apps.journeys.registry import Holds, Signal, register_event_type


def _appointment_is(*statuses: str) -> Holds:
    def holds(signal: Signal) -> bool:
        return (
            signal.appointment_id is not None
            and Appointment.objects.filter(pk=signal.appointment_id, status__in=statuses).exists()
        )

    return holds


def _conversation(signal: Signal) -> QuerySet[Conversation]:
    return Conversation.objects.filter(pk__in=[signal.conversation_id] if signal.conversation_id else [])


def _conversation_is_closed(signal: Signal) -> bool:
    return _conversation(signal).filter(status=ConversationStatus.CLOSED).exists()


def _conversation_is_not_closed(signal: Signal) -> bool:
    return _conversation(signal).exclude(status=ConversationStatus.CLOSED).exists()


def _message_is_about_the_present_appointment(signal: Signal) -> bool:
    """Refuse ticks of messages for a time that the appointment no longer has; other messages always hold."""
    if signal.appointment_id is None:
        return True
    planned_for = (
        Communication.objects.filter(pk=signal.payload["subject_id"]).values_list("context_version", flat=True).first()
    )
    present = Appointment.objects.filter(pk=signal.appointment_id).values_list("version", flat=True).first()
    return planned_for is not None and planned_for == present


_HAPPENING = (Status.BOOKED, Status.ARRIVED, Status.IN_PROGRESS, Status.FULFILLED)

register_event_type("conversation.opened", _("Conversation opened"), holds=_conversation_is_not_closed)
register_event_type("conversation.reopened", _("Conversation reopened"), holds=_conversation_is_not_closed)
register_event_type("conversation.patient_identified", _("Patient identified"))
register_event_type("conversation.handed_over", _("Conversation handed over to staff"))
register_event_type("conversation.closed", _("Conversation closed"), holds=_conversation_is_closed)
register_event_type("appointment.booked", _("Appointment booked"), holds=_appointment_is(*_HAPPENING))
register_event_type("appointment.rescheduled", _("Appointment moved"), holds=_appointment_is(Status.BOOKED))
register_event_type("appointment.confirmed", _("Appointment confirmed"), holds=_appointment_is(*_HAPPENING))
register_event_type(
    "appointment.arrived",
    _("Patient arrived"),
    holds=_appointment_is(Status.ARRIVED, Status.IN_PROGRESS, Status.FULFILLED),
)
register_event_type(
    "appointment.started", _("Visit started"), holds=_appointment_is(Status.IN_PROGRESS, Status.FULFILLED)
)
register_event_type("appointment.fulfilled", _("Visit done"), holds=_appointment_is(Status.FULFILLED))
register_event_type("appointment.cancelled", _("Appointment cancelled"), holds=_appointment_is(Status.CANCELLED))
register_event_type("appointment.no_show", _("Patient did not come"), holds=_appointment_is(Status.NO_SHOW))
register_event_type("appointment.status_undone", _("Appointment status undone"))
register_event_type("communication.sent", _("Message sent"), holds=_message_is_about_the_present_appointment)
register_event_type(
    "communication.delivered",
    _("Message delivered"),
    holds=_message_is_about_the_present_appointment,
    implies=("communication.sent",),
)
register_event_type(
    "communication.read",
    _("Message read"),
    holds=_message_is_about_the_present_appointment,
    implies=("communication.sent", "communication.delivered"),
)
register_event_type("patient.created", _("Patient registered"))
register_event_type("journey.completed", _("Journey completed"))
register_event_type("journey.cancelled", _("Journey cancelled"))
