"""The last step: yes or no to booking, moving or cancelling. Each happens through the one booking door."""

from __future__ import annotations

from apps.appointments.errors import SlotUnavailable
from apps.appointments.models import Appointment, CancelReason, Source, Status
from apps.appointments.services import (
    book_appointment,
    cancel_appointment,
    confirm_if_soon,
    reschedule_appointment,
)
from apps.conversations.flow import wording
from apps.conversations.flow.choosing import (
    STOPS,
    ask_about,
    choice_or_wish,
    let_go,
    not_free,
    offer_times,
    other_times,
    patient_of,
    stop_choosing,
    take_wish,
    things_of,
    wait_instead,
)
from apps.conversations.flow.common import join, to_staff, unclear
from apps.conversations.flow.context import Goal, Offer, known
from apps.conversations.flow.noticing import wish_in
from apps.conversations.flow.offering import offer_of
from apps.conversations.flow.turn import Step, Turn
from apps.conversations.flow.waiting_list import on_asked_to_wait
from apps.conversations.models import Attention, FlowState
from apps.conversations.understanding import Intent, detect_intent, is_question, parse_yes_no
from apps.core.actors import BOT, patient_actor


def on_confirm(turn: Turn) -> Step:
    """Yes or no; another choice or another wish counts as no."""
    if turn.context.asks_to_wait:
        return on_asked_to_wait(turn)
    answer = parse_yes_no(turn.text, turn.language)
    if turn.context.goal == Goal.CANCEL:
        return _on_cancelling(turn, answer)
    offer = turn.context.chosen
    if offer is None:
        return offer_times(turn, wording.times_are_free())
    intent = Intent.UNKNOWN if answer is not None else detect_intent(turn.text, turn.language)
    if answer is True or (intent == Intent.CONFIRM and not is_question(turn.text)):
        return _move(turn, offer) if turn.context.goal == Goal.MOVE else _book(turn, offer)
    if answer is False:
        let_go(turn)
        return Step(FlowState.SLOTS, wording.ask_wish())
    if intent == Intent.JOIN_LIST:
        return wait_instead(turn)
    other = choice_or_wish(turn)
    if other is not None:
        return other
    if intent in STOPS:
        return stop_choosing(turn)
    later_or_more = other_times(turn, intent)
    if later_or_more is not None:
        return later_or_more
    if intent in (Intent.CHANGE, Intent.RESCHEDULE, Intent.BACK):
        let_go(turn)
        return offer_times(turn, wording.other_times())
    return unclear(turn, ask_about(turn, offer))


def _book(turn: Turn, offer: Offer) -> Step:
    """Book the held time; when the hold ran out, the time is checked anew and booked if it is still free."""
    context = turn.context
    things = things_of(turn, offer)
    try:
        visit = book_appointment(
            organization=turn.organization,
            patient=patient_of(turn),
            appointment_type=things.kind,
            practitioner=things.practitioner,
            location=things.location,
            start=offer.start,
            reason=context.reason,
            source=Source.BOT,
            hold=_hold(turn),
            actor=BOT,
        )
    except SlotUnavailable as refusal:
        return not_free(turn, refusal)
    confirm_if_soon(appointment=visit, by=turn.thread.channel, actor=patient_actor(visit.patient_id))
    notice = wording.may_stop() if context.is_new else ""
    _done(turn, visit)
    return Step(FlowState.BOOKED, join(wording.booked(offer, country=turn.country), notice))


def _move(turn: Turn, offer: Offer) -> Step:
    """Move the booked visit to the held time; the hold gives way to it, and nobody can come between."""
    visit = _visit(turn)
    if visit is None:
        return _gone(turn)
    things = things_of(turn, offer)
    try:
        moved = reschedule_appointment(
            appointment=visit,
            start=offer.start,
            practitioner=things.practitioner,
            location=things.location,
            held_for=turn.thread.pk,
            actor=patient_actor(visit.patient_id),
        )
    except SlotUnavailable as refusal:
        return not_free(turn, refusal)
    confirm_if_soon(appointment=moved, by=turn.thread.channel, actor=patient_actor(visit.patient_id))
    _done(turn, moved)
    return Step(FlowState.BOOKED, wording.moved(offer, country=turn.country))


def _on_cancelling(turn: Turn, answer: bool | None) -> Step:
    visit = _visit(turn)
    if visit is None:
        return _gone(turn)
    shown = offer_of(visit)
    wish = wish_in(turn)
    intent = Intent.UNKNOWN if answer is not None else detect_intent(turn.text, turn.language)
    if answer is True or (intent == Intent.CANCEL and wish is None):
        cancel_appointment(appointment=visit, reason=CancelReason.PATIENT, actor=patient_actor(visit.patient_id))
        turn.context.start_over(Goal.BOOK)
        return Step(FlowState.IDLE, wording.cancelled(shown, country=turn.country))
    if answer is False or intent in (Intent.KEEP, Intent.NEVER_MIND):
        _done(turn, visit)
        return Step(FlowState.BOOKED, wording.kept(shown, country=turn.country))
    if wish is not None or intent in (Intent.RESCHEDULE, Intent.CHANGE):
        turn.context.goal, turn.context.type_id = Goal.MOVE, visit.appointment_type_id
        return take_wish(turn, wish) if wish is not None else offer_times(turn, wording.times_are_free())
    return unclear(turn, wording.ask_cancelling(shown, country=turn.country))


def _gone(turn: Turn) -> Step:
    """The visit was cancelled, moved away or is over meanwhile: staff know more."""
    return to_staff(turn, Attention.PROBLEM, wording.colleague_will_check(turn.clinic_phone))


def _done(turn: Turn, visit: Appointment) -> None:
    turn.context.start_over(Goal.BOOK)
    turn.context.appointment_id = visit.pk


def _hold(turn: Turn) -> Appointment | None:
    """Return the hold of the chosen time; None when it was released or has run out and was swept."""
    held = Appointment.objects.for_organization(turn.organization).filter(status=Status.HELD, held_for=turn.thread.pk)
    return held.filter(pk=known(turn.context.hold_id)).first()


def _visit(turn: Turn) -> Appointment | None:
    rows = Appointment.objects.for_organization(turn.organization).for_list().open()
    return rows.filter(pk=known(turn.context.appointment_id), start__gt=turn.now).first()
