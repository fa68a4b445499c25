"""Offering times, taking the choice, and keeping the chosen time free while the contact decides."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from apps.appointments.errors import SlotUnavailable
from apps.appointments.models import AppointmentType, Source
from apps.appointments.services import hold_slot, release_holds
from apps.conversations.flow import wording
from apps.conversations.flow.common import join, to_staff, unclear
from apps.conversations.flow.context import Goal, Offer, known
from apps.conversations.flow.noticing import clean_reason, names_reason, wish_in
from apps.conversations.flow.offering import (
    has_keyword,
    practitioners_named,
    type_for_reason,
    wish_from_json,
    wish_to_json,
)
from apps.conversations.flow.searching import refined, search, search_before, search_nearest
from apps.conversations.flow.turn import Step, Turn
from apps.conversations.flow.waiting_list import ask_to_wait, put_on_list
from apps.conversations.models import Attention, FlowState
from apps.conversations.understanding import (
    Ambiguous,
    Choice,
    Intent,
    Option,
    OutOfRange,
    When,
    detect_intent,
    parse_choice,
    parse_shift,
)
from apps.core.actors import BOT
from apps.organizations.models import Location
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner

HOLD_MINUTES = 10
MOST_ROUNDS = 8
STOPS = (Intent.CANCEL, Intent.NEVER_MIND, Intent.GOODBYE)


# ── offering ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def offer_times(turn: Turn, intro: str, *, after: dt.datetime | None = None, missed: When | None = None) -> Step:
    """Show up to three free times that fit the wish; when nothing does, the nearest ones, and say so.

    `after` (UTC) shows only what starts later; when nothing does, everything from the beginning. `missed` is a wish
    that is known to fit nothing.
    """
    context = turn.context
    kind = AppointmentType.objects.for_organization(turn.organization).filter(pk=known(context.type_id)).first()
    if kind is None or context.rounds >= MOST_ROUNDS:
        return to_staff(turn, Attention.NO_SLOTS, wording.no_times(turn.clinic_phone))
    wish = wish_from_json(context.wish)
    if wish is not None or missed is not None:
        context.missed = wish_to_json(missed) if missed is not None else None
    context.missed_with = [] if context.practitioner_ids else context.missed_with
    found = search(turn, kind, wish, after=after)
    if not found and after is not None:
        intro, found = wording.no_more_times(), search(turn, kind, wish)
    if not found and context.practitioner_ids and not search(turn, kind, None):
        intro, context.missed_with, context.practitioner_ids = wording.not_with_them(), context.practitioner_ids, []
        found = search(turn, kind, wish)
    if not found and wish is not None:
        intro, context.missed, context.wish = wording.nothing_then(), context.wish, None
        found = search_nearest(turn, kind, wish)
    if not found:
        return ask_to_wait(turn)
    return _show(turn, intro, found)


def _show(turn: Turn, intro: str, found: list[Offer]) -> Step:
    context = turn.context
    context.offers, context.rounds = found, context.rounds + 1
    context.offered_until = max(offer.start for offer in found)
    context.forget_choice()
    hint = wording.may_wait() if context.missed is not None or context.missed_with else ""
    return Step(FlowState.SLOTS, join(turn.opening, intro, _list(turn), wording.how_to_choose(len(found)), hint))


def _list(turn: Turn) -> str:
    return wording.offers(turn.context.offers, country=turn.country)


def on_slots(turn: Turn) -> Step:
    """A choice from the list, another wish, or something else."""
    if detect_intent(turn.text, turn.language) == Intent.JOIN_LIST:
        return wait_instead(turn)
    answer = choice_or_wish(turn)
    if answer is not None:
        return answer
    intent = detect_intent(turn.text, turn.language)
    if intent in STOPS:
        return stop_choosing(turn)
    other = other_times(turn, intent)
    if other is not None:
        return other
    if intent in (Intent.CHANGE, Intent.RESCHEDULE, Intent.NO, Intent.BACK):
        return Step(FlowState.SLOTS, wording.ask_wish())
    if intent in (Intent.YES, Intent.CONFIRM):
        return _which(turn)
    if intent == Intent.THANKS:
        return Step(FlowState.SLOTS, _list_again(turn))
    return _other_reason(turn, intent) or unclear(turn, _list_again(turn))


def wait_instead(turn: Turn) -> Step:
    """Go onto the waiting list rather than take one of the times; a wish in the same message is the one that counts."""
    wish = wish_in(turn)
    if wish is not None and not wish.past:
        turn.context.missed = wish_to_json(wish)
    named = practitioners_named(turn.organization, turn.text, titled=False)
    turn.context.missed_with = named or turn.context.missed_with
    let_go(turn)
    return put_on_list(turn)


def choice_or_wish(turn: Turn) -> Step | None:
    """Return the step for a choice from the list, for other days and times, or for somebody else; None for neither."""
    chosen = _chosen(turn)
    if chosen is not None:
        return chosen
    wish = wish_in(turn)
    wanted = practitioners_named(turn.organization, turn.text, titled=False)
    if wish is None and not wanted:
        return None
    let_go(turn)
    turn.context.practitioner_ids = wanted or turn.context.practitioner_ids
    if wish is None:
        turn.context.offered_until = None
        return offer_times(turn, wording.times_are_free())
    return take_wish(turn, wish)


def other_times(turn: Turn, intent: Intent) -> Step | None:
    """Return the step for earlier, later or simply more times than those shown; None when that is not asked for."""
    shift = parse_shift(turn.text)
    if shift is None and intent != Intent.MORE:
        return None
    shown = [turn.context.chosen] if turn.context.chosen is not None else turn.context.offers
    let_go(turn)
    if shift is None or not shown:
        return offer_times(turn, wording.other_times(), after=turn.context.offered_until)
    if shift.earlier:
        return _earlier_than(turn, shown[0], same_day=shift.same_day)
    return _later_than(turn, shown[-1], same_day=shift.same_day)


def times_instead(turn: Turn, shown: Offer, intro: str) -> Step:
    """Offer times for a visit that is to move: later or earlier ones than it is at, if that was asked for."""
    shift = parse_shift(turn.text) if turn.context.wish is None else None
    if shift is None:
        return offer_times(turn, intro)
    move = _earlier_than if shift.earlier else _later_than
    return move(turn, shown, same_day=shift.same_day)


def _earlier_than(turn: Turn, shown: Offer, *, same_day: bool) -> Step:
    local = shown.local_start
    if same_day:
        return take_wish(turn, When(earliest=local.date(), latest=local.date(), before=local.time()))
    kind = AppointmentType.objects.for_organization(turn.organization).get(pk=known(turn.context.type_id))
    wish = wish_from_json(turn.context.wish)
    found = search_before(turn, kind, wish, until=shown.start)
    if found:
        return _show(turn, wording.other_times(), found)
    return offer_times(turn, wording.nothing_earlier(), missed=replace(wish or When(), latest=local.date()))


def _later_than(turn: Turn, shown: Offer, *, same_day: bool) -> Step:
    local = shown.local_start
    if same_day:
        after = (local + dt.timedelta(minutes=1)).time()
        return take_wish(turn, When(earliest=local.date(), latest=local.date(), after=after))
    return offer_times(turn, wording.other_times(), after=shown.start)


def _which(turn: Turn) -> Step:
    """A yes to a list: it takes the only time shown, and asks which of several."""
    if len(turn.context.offers) == 1:
        return hold(turn, turn.context.offers[0])
    return Step(FlowState.SLOTS, join(wording.which_of_these(), _list_again(turn)))


def _other_reason(turn: Turn, intent: Intent) -> Step | None:
    """Note more words about the complaint; when they name another type of visit, search times for that one."""
    if turn.context.goal != Goal.BOOK or not names_reason(turn, intent):
        return None
    context, said = turn.context, clean_reason(turn.text)
    context.reason = clean_reason(f"{context.reason}; {said}")
    kind = type_for_reason(turn.organization, said) if has_keyword(turn.organization, said) else None
    if kind is None or kind.pk == context.type_id:
        return Step(FlowState.SLOTS, _list_again(turn))
    context.type_id, context.offered_until = kind.pk, None
    return offer_times(turn, wording.times_are_free())


def _list_again(turn: Turn) -> str:
    return join(_list(turn), wording.how_to_choose(len(turn.context.offers)))


def _chosen(turn: Turn) -> Step | None:
    """Return the step that a choice from the offered list makes, None when the message picks nothing."""
    offers = turn.context.offers
    if not offers:
        return None
    options = [
        Option(
            key=str(index),
            label=wording.when(offer, country=turn.country),
            start=offer.local_start,
            practitioner=offer.practitioner_name,
        )
        for index, offer in enumerate(offers)
    ]
    picked = parse_choice(
        turn.text, options, turn.language, today=turn.now.astimezone(offers[0].local_start.tzinfo).date()
    )
    if isinstance(picked, Choice):
        return hold(turn, offers[picked.index])
    if isinstance(picked, Ambiguous):
        turn.context.offers = [offers[int(key)] for key in picked.candidates]
        return Step(
            FlowState.SLOTS,
            join(wording.which_of_these(), _list_again(turn)),
        )
    if isinstance(picked, OutOfRange):
        return unclear(turn, _list_again(turn))
    return None


def take_wish(turn: Turn, wish: When) -> Step:
    """Search for another day or time of day; hold the time itself when it was named exactly and is free."""
    if wish.past:
        return unclear(turn, wording.ask_wish())
    wish = refined(turn, wish)
    turn.context.wish = wish_to_json(wish)
    turn.context.offered_until = None
    step = offer_times(turn, wording.times_are_free())
    exact = next((offer for offer in turn.context.offers if _is_named_by(wish, offer)), None)
    return hold(turn, exact) if exact is not None and step.state == FlowState.SLOTS else step


def _is_named_by(wish: When, offer: Offer) -> bool:
    """Tell whether a wish means this time and no other: one day, and "at ten" rather than "after ten"."""
    local = offer.local_start
    is_one_day = wish.earliest == wish.latest == local.date()
    is_one_hour = (
        wish.after is not None and wish.before is not None and _minutes(wish.before) - _minutes(wish.after) == 60
    )
    return is_one_day and is_one_hour and wish.after == local.time()


def _minutes(time: dt.time) -> int:
    return time.hour * 60 + time.minute


# ── holding ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Things:
    """The rows that an offer names."""

    kind: AppointmentType
    practitioner: Practitioner
    location: Location


def things_of(turn: Turn, offer: Offer) -> Things:
    """Return type, practitioner and location of an offer; three queries."""
    mine = turn.organization
    return Things(
        kind=AppointmentType.objects.for_organization(mine).get(pk=known(turn.context.type_id)),
        practitioner=Practitioner.objects.for_organization(mine).get(pk=offer.practitioner_id),
        location=Location.objects.for_organization(mine).get(pk=offer.location_id),
    )


def hold(turn: Turn, offer: Offer) -> Step:
    """Keep the time free while the contact decides; when it is gone already, show what is free instead."""
    context = turn.context
    things = things_of(turn, offer)
    try:
        held = hold_slot(
            organization=turn.organization,
            appointment_type=things.kind,
            practitioner=things.practitioner,
            location=things.location,
            start=offer.start,
            held_for=turn.thread.pk,
            minutes=HOLD_MINUTES,
            patient=None if context.goal == Goal.MOVE else patient_of(turn),
            source=Source.BOT,
            actor=BOT,
        )
    except SlotUnavailable as refusal:
        return not_free(turn, refusal)
    context.chosen, context.hold_id = offer, held.pk
    return Step(FlowState.CONFIRM, ask_about(turn, offer))


def patient_of(turn: Turn) -> Patient:
    """Return whom the visit is for; one query unless the thread is about them."""
    if turn.patient is not None and turn.patient.pk == turn.context.patient_id:
        return turn.patient
    return Patient.objects.for_organization(turn.organization).get(pk=known(turn.context.patient_id))


def ask_about(turn: Turn, offer: Offer) -> str:
    """Return the question that a yes answers."""
    ask = wording.ask_moving if turn.context.goal == Goal.MOVE else wording.ask_booking
    return ask(offer, country=turn.country, minutes=HOLD_MINUTES)


def not_free(turn: Turn, refusal: SlotUnavailable) -> Step:
    """Apologise, and offer what is free around the time that was not."""
    let_go(turn)
    turn.context.offered_until = None
    is_own_visit = any(conflict.code == "patient_taken" for conflict in refusal.conflicts)
    return offer_times(turn, wording.have_visit_then() if is_own_visit else wording.just_taken())


def let_go(turn: Turn) -> None:
    """Free the held time, if there is one."""
    if turn.context.hold_id is not None:
        release_holds(organization=turn.organization, held_for=turn.thread.pk, actor=BOT)
    turn.context.forget_choice()


def stop_choosing(turn: Turn) -> Step:
    """End the search without a booking; a visit that was to be moved stays."""
    let_go(turn)
    was_moving = turn.context.goal == Goal.MOVE
    turn.context.start_over(Goal.BOOK)
    return Step(FlowState.IDLE, wording.left_as_it_is() if was_moving else wording.nothing_booked())
