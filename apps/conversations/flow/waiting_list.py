"""The waiting list in a dialogue: answers to a time that was offered, getting onto the list, and off it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from apps.appointments.errors import SlotUnavailable
from apps.appointments.models import (
    OPEN_WAITS,
    Appointment,
    AppointmentType,
    OfferStatus,
    WaitlistEntry,
    WaitlistOffer,
)
from apps.appointments.services import (
    accept_offer,
    add_to_waitlist,
    change_waitlist_entry,
    decline_offer,
    remove_from_waitlist,
)
from apps.appointments.services.called_off import CONTEXT_TYPE
from apps.appointments.services.waitlist.ground import OFFER_CONTEXT, OfferClosed
from apps.appointments.services.waitlist.telling import OFFER_TEMPLATES
from apps.communications.models import Category, Channel, Communication, Status
from apps.conversations.flow import wording
from apps.conversations.flow.common import join, to_staff, unclear
from apps.conversations.flow.context import Goal, known
from apps.conversations.flow.identity import sole_holder
from apps.conversations.flow.offering import offer_of, wish_from_json
from apps.conversations.flow.turn import Step, Turn
from apps.conversations.models import Attention, Author, FlowState, Message, MessageKind
from apps.conversations.understanding import Intent, detect_intent, is_question, parse_yes_no
from apps.core.actors import BOT, patient_actor
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner

ANSWERED_WITHIN = dt.timedelta(hours=24)
LONGEST_WAIT = dt.timedelta(days=60)
_REACHED = (Status.SENDING, Status.SENT, Status.DELIVERED, Status.READ, Status.AMBIGUOUS)


# ── answers to an offer ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Asked:
    """An offer, and when its question left (UTC)."""

    offer: WaitlistOffer
    at: dt.datetime


def answer_to_offer(turn: Turn) -> Step | None:
    """Return the step for a yes or no to the time that was offered to this address; None when it answers nothing such.

    What was sent to an address may be answered from it, on either phone channel, whoever owns the thread. The bare
    word answers the last question: one that the bot, a colleague or a reminder asked since goes before the offer.
    """
    answer = _yes_or_no(turn)
    asked = _last_asked(turn) if answer is not None else None
    if answer is None or asked is None or _something_was_asked_since(turn, asked):
        return None
    return _take(turn, asked.offer) if answer else _leave(turn, asked.offer)


def _yes_or_no(turn: Turn) -> bool | None:
    answer = parse_yes_no(turn.text, turn.language)
    if answer is None and detect_intent(turn.text, turn.language) == Intent.CONFIRM:
        return None if is_question(turn.text) else True
    return answer


def _last_asked(turn: Turn) -> _Asked | None:
    """Return the offer that was last put to this address, lately; two queries."""
    asked = (
        Communication.objects.for_organization(turn.organization)
        .filter(
            channel__in=(Channel.WHATSAPP, Channel.SMS),
            to_address=turn.thread.address,
            context_type=OFFER_CONTEXT,
            template_key__in=OFFER_TEMPLATES,
            status__in=_REACHED,
            attempted_at__gte=turn.now - ANSWERED_WITHIN,
        )
        .order_by("-attempted_at")
        .first()
    )
    if asked is None or asked.attempted_at is None:
        return None
    offers = WaitlistOffer.objects.for_organization(turn.organization).select_related("organization", "entry")
    offer = offers.filter(pk=asked.context_id).first()
    return _Asked(offer, asked.attempted_at) if offer is not None else None


def _something_was_asked_since(turn: Turn, asked: _Asked) -> bool:
    """Tell whether a yes or no would rather answer a later question: the bot's, a colleague's, a reminder's."""
    said = Message.objects.filter(conversation=turn.thread, kind=MessageKind.TEXT, sent_at__gt=asked.at)
    if turn.thread.is_with_bot:
        asks = turn.state == FlowState.CONFIRM and said.filter(author=Author.BOT).exists()
    else:
        asks = said.filter(author=Author.PERSON).exists()
    return asks or _was_reminded_since(turn, asked)


def _was_reminded_since(turn: Turn, asked: _Asked) -> bool:
    """Tell whether a reminder came after the offer, of a visit that nobody confirmed yet or that the offer became."""
    reminders = Communication.objects.for_organization(turn.organization).filter(
        to_address=turn.thread.address,
        category=Category.REMINDER,
        context_type=CONTEXT_TYPE,
        status__in=_REACHED,
        attempted_at__gt=asked.at,
    )
    unanswered = Q(confirmed_at__isnull=True) | Q(pk=asked.offer.entry.booked_id)
    visits = Appointment.objects.for_organization(turn.organization).open()
    return visits.filter(unanswered, pk__in=reminders.values("context_id"), start__gt=turn.now).exists()


def _take(turn: Turn, offer: WaitlistOffer) -> Step:
    """Book the offered time; kindly say so when it is not theirs any more."""
    moves = offer.entry.moves_id
    try:
        visit = accept_offer(offer=offer, by=turn.thread.channel, actor=patient_actor(offer.entry.patient_id))
    except OfferClosed:
        return Step(turn.state, wording.offer_gone(is_waiting=_is_waiting(offer)))
    except SlotUnavailable:
        decline_offer(offer=offer, by=turn.thread.channel, actor=BOT)
        return Step(turn.state, wording.offer_impossible())
    turn.context.start_over(Goal.BOOK)
    turn.context.appointment_id = visit.pk
    turn.state = FlowState.IDLE
    shown = offer_of(Appointment.objects.for_list().get(pk=visit.pk))
    said = wording.moved if visit.pk == moves else wording.booked
    return Step(FlowState.BOOKED, said(shown, country=turn.country))


def _leave(turn: Turn, offer: WaitlistOffer) -> Step | None:
    """Note the no; they stay on the list. A no to an offer that was taken is about the visit, not about the offer."""
    try:
        decline_offer(offer=offer, by=turn.thread.channel, actor=patient_actor(offer.entry.patient_id))
    except OfferClosed as closed:
        if closed.extra["offer_status"] == OfferStatus.ACCEPTED:
            return None
    return Step(turn.state, wording.stays_on_list() if _is_waiting(offer) else wording.all_right())


def _is_waiting(offer: WaitlistOffer) -> bool:
    return WaitlistEntry.objects.filter(pk=offer.entry_id, status__in=OPEN_WAITS).exists()


# ── onto the list ─────────────────────────────────────────────────────────────────────────────────────────────────────


def ask_to_wait(turn: Turn) -> Step:
    """Nothing is free at all: ask whether to put them on the list; somebody not verified goes to staff."""
    if turn.context.patient_id is None:
        return to_staff(turn, Attention.NO_SLOTS, wording.no_times(turn.clinic_phone))
    turn.context.asks_to_wait = True
    return Step(FlowState.CONFIRM, join(turn.opening, wording.ask_waiting()))


def on_asked_to_wait(turn: Turn) -> Step:
    """Yes or no to the waiting list; without it, staff look for a time."""
    answer = parse_yes_no(turn.text, turn.language)
    intent = detect_intent(turn.text, turn.language)
    if answer is True or intent in (Intent.JOIN_LIST, Intent.CONFIRM):
        return put_on_list(turn)
    if answer is False or intent in (Intent.CANCEL, Intent.NEVER_MIND, Intent.GOODBYE):
        turn.context.asks_to_wait = False
        return to_staff(turn, Attention.NO_SLOTS, wording.no_times(turn.clinic_phone))
    return unclear(turn, wording.ask_waiting())


def put_on_list(turn: Turn) -> Step:
    """Put the verified person on the list for what they asked for; who waits for it already gets the new window."""
    context = turn.context
    kind = AppointmentType.objects.for_organization(turn.organization).get(pk=known(context.type_id))
    patient = Patient.objects.for_organization(turn.organization).get(pk=known(context.patient_id))
    window = _window(turn, kind)
    twin = WaitlistEntry.objects.for_organization(turn.organization).filter(
        patient=patient, appointment_type=kind, status__in=OPEN_WAITS
    )
    present = twin.select_related("organization").first()
    if present is not None:
        entry = change_waitlist_entry(entry=present, changes=window, actor=patient_actor(patient.pk))
    else:
        entry = add_to_waitlist(
            organization=turn.organization,
            patient=patient,
            appointment_type=kind,
            actor=patient_actor(patient.pk),
            **window,
        )
    context.start_over(Goal.BOOK)
    return Step(FlowState.IDLE, wording.on_list(entry.latest_date, country=turn.country))


def _window(turn: Turn, kind: AppointmentType) -> dict[str, Any]:
    """Return the window that was wished for: what could not be met, else the last wish, else as far as can be booked."""
    context = turn.context
    wish = wish_from_json(context.missed or context.wish)
    furthest = turn.today + min(LONGEST_WAIT, dt.timedelta(days=kind.horizon_days))
    earliest = max(wish.earliest or turn.today, turn.today) if wish else turn.today
    latest = max(wish.latest or furthest, earliest) if wish else furthest
    window: dict[str, Any] = {
        "earliest_date": earliest,
        "latest_date": latest,
        "weekdays": sorted(wish.weekdays) if wish and wish.weekdays else [],
        "from_time": wish.after if wish else None,
        "until_time": wish.before if wish else None,
    }
    named = {
        "practitioner": _practitioner(turn, kind),
        "moves": _visit_to_move(turn, kind) if context.goal == Goal.MOVE else None,
    }
    return window | {name: one for name, one in named.items() if one is not None}


def _practitioner(turn: Turn, kind: AppointmentType) -> Practitioner | None:
    """Return the one practitioner that was asked for and can be waited for; None when it is nobody, or several."""
    ids = turn.context.missed_with or turn.context.practitioner_ids
    rows = Practitioner.objects.for_organization(turn.organization).filter(
        pk__in=ids, is_active=True, offered_types__appointment_type=kind
    )
    found: list[Practitioner] = list(rows[:2])
    return found[0] if len(found) == 1 else None


def _visit_to_move(turn: Turn, kind: AppointmentType) -> Appointment | None:
    visits = Appointment.objects.for_organization(turn.organization).open().filter(start__gt=turn.now)
    found: Appointment | None = visits.filter(pk=turn.context.appointment_id, appointment_type=kind).first()
    return found


# ── off the list ──────────────────────────────────────────────────────────────────────────────────────────────────────


def leave_list(turn: Turn) -> Step:
    """Take the writer off the list, when the number proves who it is; otherwise staff do it."""
    patient = turn.patient or sole_holder(turn)
    if patient is None or len(turn.sharing) > 1:
        return to_staff(turn, Attention.ASKED, wording.colleague_will_check(turn.clinic_phone))
    entries = WaitlistEntry.objects.for_organization(turn.organization).filter(patient=patient, status__in=OPEN_WAITS)
    waiting = list(entries.select_related("organization"))
    for entry in waiting:
        remove_from_waitlist(entry=entry, actor=patient_actor(patient.pk))
    return Step(turn.state, join(turn.opening, wording.off_list() if waiting else wording.not_on_list()))
