"""From the verified person to what they want: the reason and times of a new visit, or the visit that is booked."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db.models import QuerySet

from apps.appointments.models import Appointment
from apps.appointments.services import confirm_appointment
from apps.appointments.services.called_off import CONTEXT_TYPE
from apps.communications.models import Category, Communication, Status
from apps.conversations.flow import wording
from apps.conversations.flow.choosing import offer_times, times_instead
from apps.conversations.flow.common import join, to_staff
from apps.conversations.flow.context import Goal
from apps.conversations.flow.offering import offer_of, type_for_reason
from apps.conversations.flow.turn import Step, Turn
from apps.conversations.models import Attention, FlowState
from apps.core.actors import patient_actor

TOLD_WITHIN = dt.timedelta(days=7)

_REACHED = (Status.SENT, Status.DELIVERED, Status.READ, Status.AMBIGUOUS)


def pursue(turn: Turn) -> Step:
    """Go on with the wish of a verified person."""
    if turn.context.goal != Goal.BOOK:
        return pursue_booked(turn, next_visit(turn))
    if not turn.context.reason:
        knew_writer = turn.identified is None or turn.identified.how == "address"
        question = wording.ask_reason(may_be_for_other=knew_writer and not turn.context.for_other)
        return Step(FlowState.REASON, join(turn.opening, question))
    return book_for_reason(turn)


def book_for_reason(turn: Turn) -> Step:
    """Choose the type of visit by the reason and offer times for it."""
    kind = type_for_reason(turn.organization, turn.context.reason)
    if kind is None:
        return to_staff(turn, Attention.NO_SLOTS, wording.no_times(turn.clinic_phone))
    turn.context.type_id = kind.pk
    return offer_times(turn, wording.times_are_free())


def pursue_booked(turn: Turn, visit: Appointment | None) -> Step:
    """Go on with a wish about a visit that is booked: show, confirm, ask before cancelling, or offer other times."""
    if visit is None:
        turn.context.goal = Goal.BOOK
        return Step(FlowState.REASON, join(turn.opening, wording.no_visit()))
    turn.context.appointment_id = visit.pk
    shown = offer_of(visit)
    if turn.context.goal == Goal.CONFIRM:
        confirm_appointment(appointment=visit, by=turn.thread.channel, actor=patient_actor(visit.patient_id))
        return Step(FlowState.BOOKED, join(turn.opening, wording.confirmed(shown, country=turn.country)))
    if turn.context.goal == Goal.CANCEL:
        return Step(FlowState.CONFIRM, join(turn.opening, wording.ask_cancelling(shown, country=turn.country)))
    if turn.context.goal == Goal.MOVE:
        turn.context.type_id = visit.appointment_type_id
        turn.opening = join(turn.opening, wording.present_visit(shown, country=turn.country))
        return times_instead(turn, shown, wording.times_are_free())
    return Step(FlowState.BOOKED, join(turn.opening, wording.your_visit(shown, country=turn.country)))


def next_visit(turn: Turn) -> Appointment | None:
    """Return the visit that a verified person means: the one this dialogue was about, else their next one."""
    known = _upcoming(turn, turn.context.appointment_id)
    if known is not None or turn.context.patient_id is None:
        return known
    return _coming(turn).filter(patient_id=turn.context.patient_id).order_by("start").first()


def has_coming_visit(turn: Turn) -> bool:
    """Tell whether anybody with this number has a visit to come; one query beyond who shares the number."""
    patients = {turn.thread.patient_id, *(patient.pk for patient in turn.sharing)} - {None}
    return bool(patients) and _coming(turn).filter(patient_id__in=patients).exists()


def visit_told_of(turn: Turn, *categories: Category) -> Appointment | None:
    """Return the coming visit that the last message of these kinds to this address was about; two queries.

    What was sent to an address may be answered from it: the answer needs no further proof of who it is.
    """
    told = (
        Communication.objects.for_organization(turn.organization)
        .filter(
            channel=turn.thread.channel,
            to_address=turn.thread.address,
            category__in=categories,
            context_type=CONTEXT_TYPE,
            status__in=_REACHED,
            sent_at__gte=turn.now - TOLD_WITHIN,
        )
        .order_by("-sent_at")
        .values_list("context_id", flat=True)
        .first()
    )
    return _upcoming(turn, told)


def _upcoming(turn: Turn, appointment_id: uuid.UUID | None) -> Appointment | None:
    return _coming(turn).filter(pk=appointment_id).first() if appointment_id is not None else None


def _coming(turn: Turn) -> QuerySet[Appointment]:
    return Appointment.objects.for_organization(turn.organization).for_list().open().filter(start__gt=turn.now)
