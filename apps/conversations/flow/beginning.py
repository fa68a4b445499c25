"""Where every dialogue begins, and where it is when nothing is asked: what does the contact want?"""

from __future__ import annotations

import datetime as dt

from apps.communications.models import Category
from apps.conversations.flow import wording
from apps.conversations.flow.common import join, to_staff, unclear
from apps.conversations.flow.context import Goal
from apps.conversations.flow.identifying import identify
from apps.conversations.flow.identity import Writer, writer_of
from apps.conversations.flow.noticing import GOALS, clean_reason, note_new_visit, wish_to_come
from apps.conversations.flow.turn import Step, Turn
from apps.conversations.flow.wishes import book_for_reason, pursue, pursue_booked, visit_told_of
from apps.conversations.models import Attention, FlowState
from apps.conversations.understanding import (
    Intent,
    Whom,
    detect_intent,
    is_only_emoji,
    is_only_for_self,
    is_question,
    parse_for_whom,
    parse_shift,
)

_STILL_TALKING = dt.timedelta(minutes=10)
_ABOUT_A_VISIT = GOALS | {Intent.YES: Goal.CONFIRM, Intent.NO: Goal.CANCEL}


def on_idle(turn: Turn) -> Step:
    """The first word of a dialogue, or the next wish after one that is done."""
    intent = detect_intent(turn.text, turn.language)
    if intent in (Intent.THANKS, Intent.GOODBYE):
        return Step(turn.state, wording.you_are_welcome())
    if intent == Intent.NEVER_MIND:
        return Step(turn.state, join(turn.opening, wording.all_right()))
    if intent in _ABOUT_A_VISIT:
        return _about_a_visit(turn, intent)
    if _wants_another_time(turn, intent) and _knows_of_visit(turn):
        return _about_a_visit(turn, Intent.RESCHEDULE)
    if intent in (Intent.LATE, Intent.ARRIVED):
        return to_staff(turn, Attention.ASKED, wording.staff_know())
    if intent in (Intent.QUESTION, Intent.PREPARATION) or (intent == Intent.UNKNOWN and _asks_something_else(turn)):
        return to_staff(turn, Attention.ASKED, wording.colleague_will_answer(turn.clinic_phone))
    return _want_visit(turn, intent)


def _knows_of_visit(turn: Turn) -> bool:
    """Tell whether a visit was booked in this dialogue, or the contact was reminded of one."""
    return turn.context.appointment_id is not None or visit_told_of(turn, Category.REMINDER) is not None


def _wants_another_time(turn: Turn, intent: Intent) -> bool:
    """Tell whether a message right after a booking or a reminder asks for another time than the one booked."""
    return intent in (Intent.CHANGE, Intent.MORE) or (
        intent in (Intent.BOOK, Intent.UNKNOWN) and parse_shift(turn.text) is not None
    )


def _asks_something_else(turn: Turn) -> bool:
    """Tell whether the message is a question, and not one for a time to come."""
    return is_question(turn.text) and wish_to_come(turn) is None


def _about_a_visit(turn: Turn, intent: Intent) -> Step:
    """A visit that is booked: the one we wrote about last, else the verified person's next one.

    A bare yes or no answers a reminder; without one it answers nothing.
    """
    is_answer = intent in (Intent.YES, Intent.NO)
    visit = visit_told_of(turn, *((Category.REMINDER,) if is_answer else (Category.REMINDER, Category.CONFIRMATION)))
    if visit is None and is_answer:
        return _small_talk(turn)
    turn.context.goal = _ABOUT_A_VISIT[intent]
    turn.context.wish = None if is_answer else wish_to_come(turn)
    if visit is not None:
        return pursue_booked(turn, visit)
    if turn.context.appointment_id is not None and turn.context.patient_id is not None:
        return pursue(turn)
    return identify(turn)


def _small_talk(turn: Turn) -> Step:
    if turn.state == FlowState.BOOKED:
        return Step(FlowState.BOOKED, wording.you_are_welcome())
    if turn.is_first:  # an answer to something that we never asked here: no wish for a visit
        return Step(turn.state, join(turn.opening, wording.ask_what()))
    if turn.heard_at is not None and turn.now - turn.heard_at < _STILL_TALKING:  # "ok" to what we said last
        return Step(turn.state, wording.all_right())
    return unclear(turn, wording.ask_what())


def _want_visit(turn: Turn, intent: Intent) -> Step:
    """A new visit: keep what the message already says about reason, time and person, and ask only for the rest."""
    if turn.state == FlowState.BOOKED and intent == Intent.UNKNOWN and is_only_emoji(turn.text):
        return _small_talk(turn)
    if turn.state == FlowState.BOOKED and intent == Intent.UNKNOWN:
        return unclear(turn, wording.ask_what())
    if turn.state == FlowState.BOOKED and intent == Intent.GREETING:
        return Step(FlowState.BOOKED, wording.ask_what())
    if not turn.is_first and not turn.opening and not any(letter.isalpha() for letter in turn.text):
        return unclear(turn, wording.ask_what())
    if intent == Intent.GREETING and not turn.opening:
        turn.opening = wording.hello(turn.organization.name)
    turn.context.start_over(Goal.BOOK)
    if intent in (Intent.BOOK, Intent.JOIN_LIST, Intent.SYMPTOM, Intent.UNKNOWN):
        note_new_visit(turn, intent)
    return identify(turn)


def on_reason(turn: Turn) -> Step:
    """The reason, in the contact's own words; with it perhaps a day, and perhaps that it is for somebody else."""
    context = turn.context
    intent = detect_intent(turn.text, turn.language)
    if intent in (Intent.CANCEL, Intent.GOODBYE, Intent.NO, Intent.NEVER_MIND):
        context.start_over(Goal.BOOK)
        return Step(FlowState.IDLE, wording.nothing_booked())
    text = clean_reason(turn.text)
    if intent in (Intent.GREETING, Intent.YES, Intent.THANKS) or not any(letter.isalpha() for letter in text):
        return unclear(turn, wording.ask_reason(may_be_for_other=False))
    if is_only_for_self(turn.text, turn.language):
        return Step(FlowState.REASON, wording.ask_reason(may_be_for_other=False))
    whom = parse_for_whom(turn.text, turn.language)
    if whom is not None and whom.who == Whom.OTHER and not context.for_other and writer_of(turn) == Writer.KNOWN:
        context.start_over(Goal.BOOK)
        note_new_visit(turn, intent)
        context.for_other = True
        return identify(turn)
    context.wish = wish_to_come(turn) or context.wish
    context.reason = text
    return book_for_reason(turn)
