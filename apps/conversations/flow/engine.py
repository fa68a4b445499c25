"""One message in, one step out: what goes before every state, and which function answers in which state."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence

from django.utils.translation import override

from apps.appointments.services import release_holds
from apps.communications.models import Category
from apps.communications.services import opt_in, opt_out
from apps.conversations.flow import wording
from apps.conversations.flow.beginning import on_idle, on_reason
from apps.conversations.flow.choosing import ask_about, let_go, on_slots
from apps.conversations.flow.common import join, summary, to_staff
from apps.conversations.flow.context import Goal
from apps.conversations.flow.deciding import on_confirm
from apps.conversations.flow.identifying import on_birth_date, on_for_whom, on_name
from apps.conversations.flow.machine import require_move
from apps.conversations.flow.turn import Step, Turn
from apps.conversations.flow.waiting_list import answer_to_offer, leave_list
from apps.conversations.flow.wishes import has_coming_visit
from apps.conversations.models import Attention, FlowState, Mark
from apps.conversations.understanding import (
    Emergency,
    EmergencyCategory,
    Intent,
    detect_emergency,
    detect_intent,
    detect_language,
    opt_keyword,
    requested_language,
)
from apps.core.actors import BOT, patient_actor

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_ALARM_STANDS = dt.timedelta(minutes=5)
_ALBUM = dt.timedelta(minutes=1)
_LISTENS_FOR_LANGUAGE = (FlowState.IDLE, FlowState.REASON, FlowState.BOOKED)
_ASKS_FOR_NAMES = (FlowState.NAME, FlowState.FOR_WHOM)
_WHOLE_SENTENCE = 8.0

STATES: dict[FlowState, Callable[[Turn], Step]] = {
    FlowState.IDLE: on_idle,
    FlowState.FOR_WHOM: on_for_whom,
    FlowState.NAME: on_name,
    FlowState.BIRTH_DATE: on_birth_date,
    FlowState.REASON: on_reason,
    FlowState.SLOTS: on_slots,
    FlowState.CONFIRM: on_confirm,
    FlowState.BOOKED: on_idle,
    FlowState.HANDED_OVER: on_idle,
}


def can_answer(address: str) -> bool:
    """Tell whether the bot talks to an address: a phone. Short codes and sender names are machines, e-mail is for staff."""
    return _PHONE.fullmatch(address) is not None


def respond(turn: Turn) -> Step | None:
    """Return what the message leads to; None when the bot has nothing to do with it.

    Keywords of the carriers and emergencies come first, in every state and whoever owns the thread. Changes the turn.
    """
    turn.language = _language(turn)
    with override(turn.language):
        keyword = turn.opt_out_type.lower() or opt_keyword(turn.text, turn.thread.channel, opted_out=turn.opted_out)
        if keyword == "stop":
            return _stop(turn)
        if keyword == "start" and turn.opted_out:
            return _start(turn)
        alarm = detect_emergency(turn.text)
        if alarm is not None:
            return _on_emergency(turn, alarm)
        if not turn.thread.is_with_bot:
            return _silently(turn, answer_to_offer(turn))
        if keyword == "help":
            return Step(turn.state, wording.about_us(turn.organization.name, turn.clinic_phone))
        if turn.opted_out:  # nothing automatic until START: what they write is for a person
            return to_staff(turn, Attention.ASKED, "")
        return _in_dialogue(turn)


def failed(turn: Turn, error: Exception) -> Step:
    """Return the step when the dialogue itself failed: apologise and call for a person."""
    turn.identified = turn.opted = None
    with override(turn.language):
        text = wording.something_failed(turn.clinic_phone) if turn.thread.is_with_bot else ""
    return Step(
        FlowState.HANDED_OVER,
        text,
        attention=Attention.PROBLEM,
        summary=summary(turn),
        facts={"error": type(error).__name__},
    )


def next_state(turn: Turn, step: Step) -> FlowState:
    """Return the state after a step; raise InvalidTransition when the flow has no such step."""
    return require_move(turn.state, step.state)


def _silently(turn: Turn, step: Step | None) -> Step | None:
    """Let an offered time be taken or left while a person owns the thread, without a word of the bot."""
    return Step(FlowState(turn.thread.state)) if step is not None else None


def _in_dialogue(turn: Turn) -> Step:
    if turn.is_stale:
        _forget(turn)
    if turn.is_first:
        turn.opening = wording.hello(turn.organization.name)
    if not turn.text.strip() and turn.has_media:
        return _file_only(turn)
    tries = turn.context.tries
    step = answer_to_offer(turn) or _command(turn) or STATES[turn.state](turn)
    if turn.context.tries == tries:
        turn.context.tries = 0
    return step


def _command(turn: Turn) -> Step | None:
    """Return the step for what may be said in every state: a person, from the beginning, another language, no messages."""
    intent = detect_intent(turn.text, turn.language)
    if intent == Intent.HUMAN:
        return to_staff(turn, Attention.ASKED, wording.colleague_will_answer(turn.clinic_phone))
    if intent == Intent.STOP:
        return Step(turn.state, wording.how_to_stop())
    if intent == Intent.LEAVE_LIST:
        return leave_list(turn)
    asks_to_begin = intent == Intent.START and turn.state != FlowState.IDLE
    if (
        intent == Intent.RESTART
        or asks_to_begin
        or (intent == Intent.BACK and turn.state not in (FlowState.SLOTS, FlowState.CONFIRM))
    ):
        return _restart(turn)
    if requested_language(turn.text) in turn.languages:
        return _repeat(turn)
    return None


def _restart(turn: Turn) -> Step:
    let_go(turn)
    turn.context.start_over(Goal.BOOK)
    turn.state = FlowState.IDLE
    return Step(FlowState.IDLE, join(turn.opening or wording.start_again(), wording.ask_what()))


def _repeat(turn: Turn) -> Step:
    """Ask again in the language that was asked for; what was said so far is kept."""
    questions: dict[FlowState, Callable[[], str]] = {
        FlowState.FOR_WHOM: wording.ask_first_name,
        FlowState.NAME: wording.ask_name,
        FlowState.BIRTH_DATE: wording.ask_birth_date,
        FlowState.REASON: lambda: wording.ask_reason(may_be_for_other=False),
        FlowState.SLOTS: lambda: join(
            wording.times_are_free(),
            wording.offers(turn.context.offers, country=turn.country),
            wording.how_to_choose(len(turn.context.offers)),
        ),
    }
    question = questions.get(turn.state, wording.ask_what)
    if turn.state == FlowState.CONFIRM and turn.context.asks_to_wait:
        return Step(turn.state, wording.ask_waiting())
    if turn.state == FlowState.CONFIRM and turn.context.chosen is not None:
        return Step(turn.state, ask_about(turn, turn.context.chosen))
    return Step(turn.state, join(turn.opening, question()))


def _file_only(turn: Turn) -> Step:
    """A voice message, a picture or a file without words: say once what becomes of it; the question stays.

    An album comes as one message for each picture, all at once: the first is answered for all of them.
    """
    before, turn.context.file_at = turn.context.file_at, turn.now
    if before is not None and turn.now - before < _ALBUM:
        return Step(turn.state)
    notice = wording.can_not_listen() if turn.is_voice else wording.got_file()
    if turn.state == FlowState.IDLE and turn.is_first:
        return Step(FlowState.IDLE, join(turn.opening, notice, "" if turn.is_voice else wording.ask_what()))
    return Step(turn.state, notice)


def _forget(turn: Turn) -> None:
    """Start over after a long silence; say so only when something was half done."""
    if turn.state not in (FlowState.IDLE, FlowState.BOOKED):
        turn.opening = wording.begun_long_ago()
    let_go(turn)
    turn.context.start_over(Goal.BOOK)
    turn.context.patient_id = None
    turn.state = FlowState.IDLE


def _language(turn: Turn) -> str:
    """Return the language to answer in: the one asked for, the one written in, else the one known so far.

    Short answers to a question mix languages ("ok, tomorrow" in a Hindi dialogue): there only a whole sentence counts,
    and where a name is asked for not even that, since names are made of words. The same goes for English wherever
    another language is known: YES, STOP and thanks are what everybody writes, and what our texts ask for.
    """
    speaks = list(dict.fromkeys([*turn.languages, *turn.written_in]))
    asked = requested_language(turn.text)
    if asked in speaks:
        return str(asked)
    known = _known_language(turn, speaks)
    present = known or speaks[0]
    if turn.state in _ASKS_FOR_NAMES and not turn.is_first:
        return present
    listens = turn.is_first or turn.state in _LISTENS_FOR_LANGUAGE
    whole = detect_language(turn.text, supported=speaks, default=present, enough=_WHOLE_SENTENCE)
    if not listens:
        return whole
    found = detect_language(turn.text, supported=speaks, default=present)
    return whole if found == "en" and known is not None else found


def _known_language(turn: Turn, speaks: Sequence[str]) -> str | None:
    """Return the language that we wrote to them in last, else that of the record or of the dialogue; None when new here."""
    if turn.written_in:
        return turn.written_in[0]
    if not turn.is_first:
        return turn.language if turn.language in speaks else None
    of_record = {patient.language for patient in turn.sharing}
    return of_record.pop() if len(of_record) == 1 and of_record <= set(speaks) else None


def _stop(turn: Turn) -> Step:
    """Opt the contact out; one confirmation is allowed, unless Twilio gave it already.

    Who wrote CANCEL by SMS, where carriers take it for STOP, and has a visit may have meant the visit: staff ask.
    """
    release_holds(organization=turn.organization, held_for=turn.thread.pk, actor=BOT)
    turn.context.start_over(Goal.BOOK)
    turn.state = FlowState.IDLE if turn.thread.is_with_bot else FlowState.HANDED_OVER
    opt_out(
        organization=turn.organization,
        channel=turn.thread.channel,
        address=turn.thread.address,
        source="STOP keyword",
        actor=patient_actor(turn.thread.patient_id),
    )
    turn.opted = Mark.OPTED_OUT
    text = "" if turn.opt_out_type else wording.stopped(turn.organization.name)
    if detect_intent(turn.text, turn.language) == Intent.CANCEL and has_coming_visit(turn):
        return to_staff(turn, Attention.ASKED, join(text, wording.visit_stays(turn.clinic_phone) if text else ""))
    return Step(turn.state, text)


def _start(turn: Turn) -> Step:
    opt_in(
        organization=turn.organization,
        channel=turn.thread.channel,
        address=turn.thread.address,
        source="START keyword",
        actor=patient_actor(turn.thread.patient_id),
    )
    turn.opted = Mark.OPTED_IN
    started = "" if turn.opt_out_type else wording.started(turn.organization.name)
    who_answers = "" if turn.thread.is_with_bot else wording.colleague_will_answer(turn.clinic_phone)
    return Step(turn.state, join(started, who_answers))


def _on_emergency(turn: Turn, alarm: Emergency) -> Step:
    """Send the emergency text at once, whoever owns the thread, and call staff; not again within five minutes."""
    said_lately = turn.context.emergency_at is not None and turn.now - turn.context.emergency_at < _ALARM_STANDS
    turn.context.emergency_at = turn.now
    speak = wording.self_harm if alarm.category == EmergencyCategory.SELF_HARM else wording.emergency
    return Step(
        FlowState.HANDED_OVER,
        "" if said_lately else speak(turn.organization.emergency_number),
        attention=Attention.EMERGENCY,
        summary=summary(turn),
        category=Category.EMERGENCY,
        facts={"category": str(alarm.category)},
    )
