"""States that find out for whom the visit is: first name in a household, full name, birth date."""

from __future__ import annotations

import datetime as dt

from apps.conversations.flow import wording
from apps.conversations.flow.common import join, to_staff, unclear
from apps.conversations.flow.context import Goal
from apps.conversations.flow.identity import (
    Writer,
    is_patient_elsewhere,
    register,
    sole_holder,
    verified_by_identity,
    verified_in_household,
    with_first_name,
    writer_of,
)
from apps.conversations.flow.noticing import GOALS, note_new_visit, wish_to_come
from apps.conversations.flow.turn import Identified, Step, Turn
from apps.conversations.flow.wishes import pursue
from apps.conversations.models import Attention, FlowState
from apps.conversations.understanding import (
    Ambiguous,
    Choice,
    Intent,
    Named,
    Option,
    Whom,
    detect_intent,
    parse_birth_date,
    parse_birth_date_behind,
    parse_choice,
    parse_for_whom,
    parse_introduction,
    parse_named,
)
from apps.patients.folding import fold
from apps.patients.models import Patient

MOST_MISMATCHES = 2


def identify(turn: Turn) -> Step:
    """Begin with what the number proves: go on with the wish, or ask who it is, unless the message says so already."""
    context = turn.context
    writer = writer_of(turn)
    if writer == Writer.KNOWN:
        patient = turn.patient or sole_holder(turn)
        assert patient is not None  # noqa: S101 - that is what KNOWN means
        if turn.patient is None:
            turn.identified = Identified(patient, "address")
        if not context.for_other:
            context.patient_id = patient.pk
            return pursue(turn)
    whom = parse_for_whom(turn.text, turn.language)
    is_for_self = whom is not None and whom.who == Whom.SELF
    asks, take, question = (
        (FlowState.FOR_WHOM, _take_first_name, _first_name_question(is_for_self=is_for_self))
        if writer == Writer.HOUSEHOLD
        else (FlowState.NAME, _take_name, wording.ask_full_name() if is_for_self else wording.ask_name())
    )
    introduced = None if context.for_other else parse_introduction(turn.text, turn.language)
    if introduced is None:
        return Step(asks, join(turn.opening, question))
    turn.state = asks
    return take(turn, introduced)


def _first_name_question(*, is_for_self: bool) -> str:
    return wording.ask_first_name_of(other=False) if is_for_self else wording.ask_first_name()


def on_for_whom(turn: Turn) -> Step:
    """A first name, on a number that several people share. Whether it is one of them is not said before the birth date."""
    named = parse_named(turn.text, turn.language)
    if named is not None:
        return _take_first_name(turn, named)
    whom = parse_for_whom(turn.text, turn.language)
    if whom is not None:
        turn.context.for_other = whom.who == Whom.OTHER
        return Step(FlowState.FOR_WHOM, wording.ask_first_name_of(other=turn.context.for_other))
    return _other_than_asked(turn, wording.ask_first_name()) or unclear(turn, wording.ask_first_name())


def on_name(turn: Turn) -> Step:
    """First and last name; who has only one name says it twice."""
    named = parse_named(turn.text, turn.language)
    if named is not None:
        return _take_name(turn, named)
    whom = parse_for_whom(turn.text, turn.language)
    if whom is not None and whom.who == Whom.SELF:
        return Step(FlowState.NAME, wording.ask_full_name())
    if whom is not None:
        note_new_visit(turn, detect_intent(turn.text, turn.language))
        return Step(FlowState.NAME, wording.ask_name())
    return _other_than_asked(turn, wording.ask_name()) or unclear(turn, wording.name_unclear())


def _take_first_name(turn: Turn, named: Named) -> Step:
    context, name = turn.context, named.name
    context.given_name, context.family_name = name.given, name.family
    context.candidates = [patient.pk for patient in with_first_name(turn, name.given)]
    if context.candidates or name.family:
        return _go_on_to_birth_date(turn, named.behind)
    return Step(FlowState.NAME, wording.ask_last_name())


def _take_name(turn: Turn, named: Named) -> Step:
    context, name = turn.context, named.name
    if name.family:
        context.given_name, context.family_name = name.given, name.family
    elif not context.given_name:
        context.given_name = name.given
        return Step(FlowState.NAME, wording.ask_last_name())
    elif fold(name.given) != fold(context.given_name):
        context.family_name = name.given
    return _go_on_to_birth_date(turn, named.behind)


def _go_on_to_birth_date(turn: Turn, behind_name: str) -> Step:
    """Ask for the birth date, unless it stands right behind the name: then that question is answered too."""
    turn.state = FlowState.BIRTH_DATE
    read = parse_birth_date_behind(behind_name, day_first=turn.day_first, today=turn.today)
    if read is None:
        return Step(FlowState.BIRTH_DATE, join(turn.opening, wording.ask_birth_date()))
    return _take_birth_date(turn, read)


def _other_than_asked(turn: Turn, question: str) -> Step | None:
    """Note what the contact wants instead of saying who it is, and ask once more; None when the message says nothing."""
    intent = detect_intent(turn.text, turn.language)
    if intent in (Intent.NEVER_MIND, Intent.GOODBYE):
        turn.context.start_over(Goal.BOOK)
        return Step(FlowState.IDLE, wording.all_right())
    if intent in (Intent.LATE, Intent.ARRIVED):
        return to_staff(turn, Attention.ASKED, wording.staff_know())
    if intent in (Intent.QUESTION, Intent.PREPARATION):
        return to_staff(turn, Attention.ASKED, wording.colleague_will_answer(turn.clinic_phone))
    if intent in GOALS:
        turn.context.goal, turn.context.wish = GOALS[intent], wish_to_come(turn)
        return Step(turn.state, question)
    if intent in (Intent.BOOK, Intent.SYMPTOM, Intent.GREETING, Intent.THANKS):
        if intent in (Intent.BOOK, Intent.SYMPTOM):
            turn.context.goal = Goal.BOOK
            note_new_visit(turn, intent)
        if turn.state == FlowState.BIRTH_DATE and turn.context.for_other:
            return _ask_for_the_other(turn)
        return Step(turn.state, question)
    if intent == Intent.UNKNOWN and turn.state != FlowState.BIRTH_DATE and _notes_time(turn):
        return Step(turn.state, question)
    return None


def _notes_time(turn: Turn) -> bool:
    """Note the day or hours that a message names; False for none, and for those noted already ("April" may be a name)."""
    wish = wish_to_come(turn)
    if wish is None or wish == turn.context.wish:
        return False
    turn.context.wish = wish
    return True


def _ask_for_the_other(turn: Turn) -> Step:
    """Ask for the name anew: the one that was given may be the writer's, and the visit is for somebody else."""
    turn.context.given_name = turn.context.family_name = ""
    turn.context.candidates = []
    return Step(FlowState.NAME, wording.ask_name())


def on_birth_date(turn: Turn) -> Step:
    """With the birth date it shows who it is: somebody with this number, a new patient, or a case for staff."""
    read = parse_birth_date(turn.text, day_first=turn.day_first, today=turn.today) or _chosen_date(turn)
    if read is None:
        return _other_than_asked(turn, wording.ask_birth_date()) or unclear(turn, wording.birth_date_unclear())
    return _take_birth_date(turn, read)


def _chosen_date(turn: Turn) -> dt.date | None:
    """Return which of the dates asked about is meant: "the first one", "5 September"."""
    dates = turn.context.birth_dates
    options = [Option(key=date.isoformat(), label=wording.full_date(date)) for date in dates]
    picked = parse_choice(turn.text, options, turn.language)
    return dates[picked.index] if isinstance(picked, Choice) else None


def _take_birth_date(turn: Turn, read: dt.date | Ambiguous[dt.date]) -> Step:
    if isinstance(read, Ambiguous):
        turn.context.birth_dates = list(read.candidates)
        return Step(FlowState.BIRTH_DATE, join(turn.opening, wording.which_birth_date(read.candidates)))
    patient = verified_in_household(turn, read) if turn.context.candidates else None
    patient = patient or verified_by_identity(turn, read)
    if patient is not None:
        return _go_on(turn, patient, "identity")
    if turn.context.candidates and not turn.context.family_name:
        turn.context.mismatches += 1
        if turn.context.mismatches < MOST_MISMATCHES:
            return Step(FlowState.BIRTH_DATE, wording.birth_date_does_not_fit())
        return _staff_check(turn)
    return _as_new(turn, read)


def _as_new(turn: Turn, birth_date: dt.date) -> Step:
    """Register somebody we don't know, unless the name and birth date are a patient's with another number."""
    context = turn.context
    if context.goal != Goal.BOOK:
        return _staff_check(turn)
    if is_patient_elsewhere(turn.organization, context.given_name, context.family_name, birth_date):
        return _staff_check(turn)
    patient = register(turn, birth_date)
    context.is_new = True
    return _go_on(turn, patient, "new")


def _staff_check(turn: Turn) -> Step:
    return to_staff(turn, Attention.IDENTITY, wording.colleague_will_check(turn.clinic_phone))


def _go_on(turn: Turn, patient: Patient, how: str) -> Step:
    """Note whom the visit is for. The thread is about them too, unless its writer is known and asks for another."""
    turn.context.patient_id = patient.pk
    turn.context.mismatches = 0
    if not turn.context.for_other or turn.thread.patient_id is None:
        turn.identified = Identified(patient, how)
    return pursue(turn)
