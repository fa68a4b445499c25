"""The booking dialogue: what it asks, what it understands, and what it refuses to guess."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid

import pytest
from django.utils import timezone

from apps.appointments.models import Appointment, CancelReason, Source, Status
from apps.appointments.services import book_appointment
from apps.communications.models import Category, Communication
from apps.conversations.flow.context import FlowContext, Goal, Offer
from apps.conversations.flow.engine import STATES
from apps.conversations.flow.machine import TRANSITIONS, may_move, require_move
from apps.conversations.models import Attention, Conversation, FlowState, Message, OwnerKind
from apps.conversations.services import close_conversation, hand_back, send_reply, take_over
from apps.core.actors import SYSTEM
from apps.core.errors import InvalidTransition
from apps.events.models import Event
from apps.patients.models import Patient
from tests.fixtures.appointments import AppointmentFactory, AppointmentTypeFactory, PractitionerTypeFactory
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.conversations import Dialogue
from tests.fixtures.patients import ContactPointFactory, PatientFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

TO_SLOTS = ("I need to see a doctor", "Sam Taylor", "14 March 1990", "my knee hurts")
TO_CONFIRM = (*TO_SLOTS, "2")
TO_BOOKED = (*TO_CONFIRM, "yes")


def the_visit() -> Appointment:
    return Appointment.objects.exclude(status=Status.HELD).get()


# ── the machine ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_state_has_a_function_and_its_steps():
    assert set(STATES) == set(TRANSITIONS) == set(FlowState)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (FlowState.IDLE, FlowState.NAME),
        (FlowState.SLOTS, FlowState.CONFIRM),
        (FlowState.CONFIRM, FlowState.BOOKED),
        (FlowState.REASON, FlowState.HANDED_OVER),
    ],
)
def test_declared_steps_are_allowed(before, after):
    assert require_move(before, after) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (FlowState.NAME, FlowState.BOOKED),
        (FlowState.NAME, FlowState.SLOTS),
        (FlowState.BIRTH_DATE, FlowState.FOR_WHOM),
        (FlowState.HANDED_OVER, FlowState.SLOTS),
    ],
)
def test_other_steps_are_refused(before, after):
    with pytest.raises(InvalidTransition) as refusal:
        require_move(before, after)
    assert refusal.value.extra == {"from": before.value, "to": after.value}


@pytest.mark.parametrize(
    ("before", "after"), list(itertools.product(FlowState, [FlowState.IDLE, FlowState.HANDED_OVER]))
)
def test_starting_over_and_handing_over_are_possible_from_everywhere(before, after):
    assert may_move(before, after)


def test_memory_survives_storing():
    offer = Offer(
        practitioner_id=identifier(1),
        practitioner_name="Dr Okonkwo",
        location_id=identifier(2),
        location_name="Harbour Street",
        room_id=None,
        start=dt.datetime(2026, 11, 24, 14, 0, tzinfo=dt.UTC),
        timezone="America/New_York",
    )
    memory = FlowContext(
        goal=Goal.MOVE,
        reason="knee",
        type_id=identifier(3),
        candidates=[identifier(4)],
        offers=[offer],
        offered_until=offer.start,
        chosen=offer,
        hold_id=identifier(5),
        tries=1,
        emergency_at=offer.start,
    )
    assert FlowContext.from_json(memory.to_json()) == memory
    assert FlowContext.from_json({}) == FlowContext()
    assert FlowContext().to_json() == {}


def identifier(number: int) -> uuid.UUID:
    return uuid.UUID(int=number)


def test_memory_of_another_version_of_the_code_is_read():
    assert FlowContext.from_json({"reason": "knee", "no_longer_known": 7, "type_id": None}).reason == "knee"


# ── a new patient ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_new_contact_is_greeted_and_asked_who_needs_the_visit(dialogue):
    answer = dialogue.say("I need to see a doctor")
    assert "Tidewater Clinic" in answer
    assert "full name" in answer
    assert dialogue.thread.state == FlowState.NAME


def test_three_real_free_times_are_offered_for_the_reason(dialogue, bookable):
    answer = dialogue.go(*TO_SLOTS)
    assert [line[:3] for line in answer.splitlines()[1:4]] == ["1. ", "2. ", "3. "]
    assert "Monday, November 23 at 1:30 PM with Dr Amara Okonkwo, Harbour Street" in answer
    assert dialogue.thread.state == FlowState.SLOTS


def test_chosen_time_is_held_while_the_patient_decides(dialogue):
    answer = dialogue.go(*TO_CONFIRM)
    hold = Appointment.objects.get()
    assert (hold.status, hold.held_for) == (Status.HELD, dialogue.thread.pk)
    assert "10 minutes" in answer


def test_yes_books_once_with_reason_and_source(dialogue):
    answer = dialogue.go(*TO_BOOKED)
    visit = the_visit()
    assert (visit.status, visit.source, visit.reason) == (Status.BOOKED, Source.BOT, "my knee hurts")
    assert visit.patient.full_name == "Sam Taylor"
    assert "Your visit is booked: Tuesday, November 24 at 9:00 AM" in answer
    assert dialogue.thread.state == FlowState.BOOKED


def test_second_yes_books_nothing_more(dialogue):
    dialogue.go(*TO_BOOKED, "yes", "yes")
    assert Appointment.objects.count() == 1


def test_new_patient_is_registered_with_the_number_they_write_from(dialogue):
    dialogue.go(*TO_SLOTS)
    sam = Patient.objects.get()
    point = sam.contact_points.get()
    assert (sam.full_name, sam.birth_date, sam.language) == ("Sam Taylor", dt.date(1990, 3, 14), "en")
    assert point.value == "+16465550101"
    assert point.verified_at is not None
    assert sam.consents.get().purpose == "whatsapp"
    assert dialogue.thread.patient == sam
    assert Event.objects.get(type="conversation.patient_identified").payload["how"] == "new"


def test_person_with_one_name_says_it_twice(dialogue):
    assert "last name" in dialogue.go("I need an appointment", "Sukarno")
    assert "date of birth" in dialogue.say("Sukarno")
    dialogue.say("14 March 1990")
    assert Patient.objects.get().full_name == "Sukarno"


def test_names_in_two_messages_are_put_together(dialogue):
    dialogue.go("I need an appointment", "Sam", "Taylor", "14 March 1990")
    assert Patient.objects.get().full_name == "Sam Taylor"


def test_reason_day_and_person_in_the_first_message_are_not_asked_again(dialogue, patient):
    known = Dialogue(dialogue.organization, address="+14155550142")
    answer = known.say("Hi, I have had a fever since yesterday. Can I come tomorrow afternoon?")
    assert "1. Tuesday, November 24 at 1:00 PM" in answer
    assert known.thread.state == FlowState.SLOTS


@pytest.mark.parametrize("text", ["for me", "It's for me, thanks", "para mí", "mere liye", "मेरे लिए"])
def test_saying_that_it_is_for_oneself_is_no_reason(dialogue, text):
    dialogue.go(*TO_SLOTS[:-1], text)
    assert (dialogue.thread.state, dialogue.thread.owner_kind) == (FlowState.REASON, OwnerKind.BOT)
    assert "1. " in dialogue.say("for me, my knee hurts")


def test_keyword_of_a_type_in_the_reason_chooses_that_type(dialogue, organization, bookable):
    physio = AppointmentTypeFactory(
        organization=organization, name="Physio", duration_minutes=60, keywords="back pain, rodilla, knee"
    )
    PractitionerTypeFactory(organization=organization, practitioner=bookable.practitioner, appointment_type=physio)
    dialogue.go(*TO_BOOKED)
    assert the_visit().appointment_type == physio


def test_type_that_only_staff_may_book_is_never_offered(dialogue, organization, bookable):
    inside = AppointmentTypeFactory(organization=organization, name="Surgery", keywords="knee", online_bookable=False)
    PractitionerTypeFactory(organization=organization, practitioner=bookable.practitioner, appointment_type=inside)
    dialogue.go(*TO_BOOKED)
    assert the_visit().appointment_type == bookable.appointment_type


def test_clinic_without_bookable_times_hands_over(dialogue, bookable):
    bookable.appointment_type.online_bookable = False
    bookable.appointment_type.save()
    answer = dialogue.go(*TO_SLOTS)
    assert "A colleague will look for one" in answer
    assert dialogue.thread.attention == Attention.NO_SLOTS


# ── choosing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", ["2", "the second one", "number two please", "2️⃣", "tuesday at 9"])
def test_choice_may_be_said_in_many_ways(dialogue, text):
    assert "Tuesday, November 24 at 9:00 AM" in dialogue.go(*TO_SLOTS, text)
    assert dialogue.thread.state == FlowState.CONFIRM


@pytest.mark.parametrize(
    ("wish", "first"),
    [
        ("thursday afternoon", "1. Thursday, November 26 at 1:00 PM"),
        ("next week", "1. Monday, November 30 at 9:00 AM"),
        ("friday after 3", "1. Friday, November 27 at 3:00 PM"),
        ("wednesday morning", "1. Wednesday, November 25 at 9:00 AM"),
    ],
)
def test_wish_for_another_time_is_searched(dialogue, wish, first):
    assert first in dialogue.go(*TO_SLOTS, wish)


@pytest.mark.parametrize(
    ("wish", "offered"),
    [
        ("tomorrow afternoon", "Tuesday, November 24 at 1:00 PM"),
        ("as soon as possible", "Monday, November 23 at 1:30 PM"),
    ],
)
def test_wish_that_only_one_offered_time_fits_chooses_it_and_asks(dialogue, wish, offered):
    assert dialogue.go(*TO_SLOTS, wish).startswith(offered)
    assert dialogue.thread.state == FlowState.CONFIRM


def test_exact_time_that_is_free_is_held_at_once(dialogue):
    assert dialogue.go(*TO_SLOTS, "friday at 10").startswith("Friday, November 27 at 10:00 AM")
    assert dialogue.thread.state == FlowState.CONFIRM


def test_wish_that_can_not_be_met_gets_the_nearest_times(dialogue):
    answer = dialogue.go(*TO_SLOTS, "saturday")
    assert "Nothing is free then" in answer
    assert "1. Monday, November 30" in answer


def test_more_shows_later_times_and_never_the_same_again(dialogue):
    first = dialogue.go(*TO_SLOTS).splitlines()[1:4]
    second = dialogue.say("more times please").splitlines()[1:4]
    third = dialogue.say("other times").splitlines()[1:4]
    shown = [line[3:] for line in (*first, *second, *third)]
    assert len(set(shown)) == 9


def test_past_day_is_asked_again(dialogue):
    assert "did not understand" in dialogue.go(*TO_SLOTS, "yesterday")


def test_number_that_was_not_offered_is_asked_again(dialogue):
    answer = dialogue.go(*TO_SLOTS, "7")
    assert "did not understand" in answer
    assert "1. Monday" in answer


def test_no_to_all_times_asks_what_suits(dialogue):
    assert "Which day or time suits you" in dialogue.go(*TO_SLOTS, "no")


def test_other_choice_while_deciding_replaces_the_hold(dialogue):
    dialogue.go(*TO_CONFIRM, "the first one")
    hold = Appointment.objects.get(status=Status.HELD)
    assert hold.start == dt.datetime(2026, 11, 23, 18, 30, tzinfo=dt.UTC)


def test_no_frees_the_held_time(dialogue):
    dialogue.go(*TO_CONFIRM, "no")
    assert not Appointment.objects.filter(status=Status.HELD).exists()
    assert dialogue.thread.state == FlowState.SLOTS


def test_leaving_the_search_books_nothing(dialogue):
    assert "not booked anything" in dialogue.go(*TO_CONFIRM, "cancel")
    assert not Appointment.objects.filter(status__in=[Status.HELD, Status.BOOKED]).exists()
    assert dialogue.thread.state == FlowState.IDLE


def test_yes_with_a_condition_books_nothing(dialogue):
    dialogue.go(*TO_CONFIRM, "yes but can it be later?")
    assert not Appointment.objects.filter(status=Status.BOOKED).exists()


def other_patient_takes(bookable, patient, start: dt.datetime) -> None:
    book_appointment(
        organization=bookable.organization,
        patient=patient,
        appointment_type=bookable.appointment_type,
        practitioner=bookable.practitioner,
        location=bookable.location,
        start=start,
        actor=SYSTEM,
    )


NINE_ON_TUESDAY = dt.datetime(2026, 11, 24, 14, 0, tzinfo=dt.UTC)


def test_time_taken_before_the_choice_gets_an_apology_and_others(dialogue, bookable, patient):
    dialogue.go(*TO_SLOTS)
    other_patient_takes(bookable, patient, NINE_ON_TUESDAY)
    answer = dialogue.say("2")
    assert "taken a moment ago" in answer
    assert "November 24 at 9:00 AM" not in answer
    assert dialogue.thread.state == FlowState.SLOTS
    dialogue.go("1", "yes")
    assert Appointment.objects.filter(status=Status.BOOKED).count() == 2


def test_expired_hold_is_checked_anew_and_booked_while_the_time_is_free(dialogue, noon):
    dialogue.go(*TO_CONFIRM)
    noon.shift(dt.timedelta(minutes=15))
    assert "Your visit is booked" in dialogue.say("yes")


def test_expired_hold_whose_time_is_gone_gets_an_apology_and_others(dialogue, noon, bookable, patient):
    dialogue.go(*TO_CONFIRM)
    noon.shift(dt.timedelta(minutes=15))
    other_patient_takes(bookable, patient, NINE_ON_TUESDAY)
    assert "taken a moment ago" in dialogue.say("yes")
    assert Appointment.objects.filter(status=Status.BOOKED).count() == 1


def test_patients_own_visit_at_that_time_is_named_as_the_cause(dialogue, bookable, patient):
    known = Dialogue(dialogue.organization, address="+14155550142")
    known.say("I have a cough")
    AppointmentFactory(
        organization=bookable.organization,
        patient=patient,
        location=bookable.location,
        appointment_type=bookable.appointment_type,
        start=NINE_ON_TUESDAY,
    )
    assert "You already have a visit at that time" in known.say("2")


# ── a visit that is booked ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def ana(organization, bookable, patient) -> Dialogue:
    """Ana López, writing from her own mobile."""
    return Dialogue(organization, address="+14155550142")


@pytest.fixture
def visit(bookable, patient) -> Appointment:
    """Ana's visit on Tuesday at nine."""
    return AppointmentFactory(
        organization=bookable.organization,
        patient=patient,
        practitioner=bookable.practitioner,
        location=bookable.location,
        appointment_type=bookable.appointment_type,
        start=NINE_ON_TUESDAY,
    )


def reminder_about(visit: Appointment, *, address: str = "+14155550142", **fields) -> Communication:
    return CommunicationFactory(
        **{
            "organization": visit.organization,
            "patient": visit.patient,
            "to_address": address,
            "category": Category.REMINDER,
            "status": "delivered",
            "context_type": "appointments.Appointment",
            "context_id": visit.pk,
            "sent_at": timezone.now(),
            **fields,
        }
    )


@pytest.mark.parametrize("text", ["YES", "yes, I'll be there", "sí", "👍", "I confirm"])
def test_yes_to_a_reminder_confirms_the_visit(ana, visit, text):
    reminder_about(visit)
    answer = ana.say(text)
    visit.refresh_from_db()
    assert (visit.is_confirmed, visit.confirmed_by) == (True, "whatsapp")
    assert visit.is_confirmed
    assert "24" in answer


def test_a_visit_booked_far_ahead_waits_for_the_reminder_to_be_confirmed(dialogue):
    dialogue.go(*TO_SLOTS, "next Friday", "1", "yes")
    assert not the_visit().is_confirmed


def test_a_visit_booked_for_within_a_day_is_confirmed_by_the_yes_that_booked_it(dialogue):
    dialogue.go(*TO_SLOTS, "today", "1", "yes")
    assert (the_visit().is_confirmed, the_visit().confirmed_by) == (True, "whatsapp")


@pytest.mark.parametrize("text", ["yes", "no", "👍", "sí"])
def test_an_answer_that_nothing_asked_for_confirms_nothing_and_begins_nothing(ana, visit, text):
    answer = ana.say(text)
    visit.refresh_from_db()
    assert (visit.is_confirmed, visit.status) == (False, Status.BOOKED)
    assert "?" in answer
    assert ana.thread.state == FlowState.IDLE


@pytest.mark.parametrize(
    "fields",
    [
        {"to_address": "+14155550199"},
        {"status": "failed"},
        {"category": "follow_up"},
        {"channel": "sms"},
        {"sent_at": dt.datetime(2026, 11, 1, tzinfo=dt.UTC)},
    ],
)
def test_yes_confirms_only_what_this_address_was_reminded_of_lately(ana, visit, fields):
    reminder_about(visit, **fields)
    ana.say("yes")
    visit.refresh_from_db()
    assert not visit.is_confirmed


def test_reminder_on_a_household_phone_may_be_answered_from_it(organization, bookable, visit, patient):
    sister = PatientFactory(organization=organization, given_name="Eva")
    ContactPointFactory(organization=organization, patient=sister, value="+14155550142")
    reminder_about(visit)
    answer = Dialogue(organization, address="+14155550142").say("yes")
    visit.refresh_from_db()
    assert visit.is_confirmed
    assert "Ana" not in answer


def test_taking_over_and_handing_back_without_a_word_changes_nothing_for_the_patient(dialogue, actor):
    dialogue.go(*TO_CONFIRM)
    take_over(conversation=dialogue.thread, actor=actor)
    hand_back(conversation=dialogue.thread, actor=actor)
    assert "Your visit is booked" in dialogue.say("yes")


def test_yes_after_a_person_spoke_and_handed_back_books_nothing(dialogue, actor):
    dialogue.go(*TO_CONFIRM)
    take_over(conversation=dialogue.thread, actor=actor)
    send_reply(conversation=dialogue.thread, body="Shall the doctor call you?", actor=actor)
    hand_back(conversation=dialogue.thread, actor=actor)
    dialogue.say("yes")
    assert not Appointment.objects.exclude(status=Status.HELD).exists()


@pytest.mark.parametrize("text", ["can I come later?", "puedo llegar más tarde?", "yes but can I come an hour later?"])
def test_asking_to_come_later_offers_only_later_times(ana, visit, text):
    reminder_about(visit)
    ana.say(text)
    starts = [offer.start for offer in FlowContext.from_json(ana.thread.context).offers]
    assert len(starts) == 3
    assert min(starts) > visit.start


def test_asking_to_come_earlier_offers_only_earlier_times(ana, visit):
    reminder_about(visit)
    ana.say("can I come earlier?")
    starts = [offer.start for offer in FlowContext.from_json(ana.thread.context).offers]
    assert starts
    assert max(starts) < visit.start


def test_later_that_day_offers_times_of_that_day(ana, visit):
    reminder_about(visit)
    ana.say("is it possible to come later that day?")
    starts = [offer.start for offer in FlowContext.from_json(ana.thread.context).offers]
    assert starts
    assert all(start.date() == visit.start.date() and start > visit.start for start in starts)


def test_no_to_a_reminder_asks_before_it_cancels(ana, visit):
    reminder_about(visit)
    assert "Shall I cancel it?" in ana.say("no")
    ana.say("yes")
    visit.refresh_from_db()
    assert (visit.status, visit.cancel_reason) == (Status.CANCELLED, CancelReason.PATIENT)


def test_cancelling_asks_first_and_no_keeps_the_visit(ana, visit):
    assert "Tuesday, November 24 at 9:00 AM" in ana.say("I want to cancel my appointment")
    assert "stays as it is" in ana.say("no")
    visit.refresh_from_db()
    assert visit.status == Status.BOOKED


def test_visit_is_moved_to_the_chosen_time(ana, visit):
    answer = ana.say("can I move my appointment to friday after 3?")
    assert "Your visit now: Tuesday, November 24 at 9:00 AM" in answer
    assert "1. Friday, November 27 at 3:00 PM" in answer
    assert "Your visit is moved" in ana.go("1", "yes")
    visit.refresh_from_db()
    assert (visit.status, visit.start) == (Status.BOOKED, dt.datetime(2026, 11, 27, 20, 0, tzinfo=dt.UTC))
    assert not Appointment.objects.filter(status=Status.HELD).exists()


def test_visit_stays_when_the_search_for_another_time_ends(ana, visit):
    assert "stays as it is" in ana.go("please reschedule my appointment", "cancel")
    visit.refresh_from_db()
    assert visit.status == Status.BOOKED


def test_moving_instead_of_cancelling(ana, visit):
    ana.say("cancel my appointment")
    assert "1. Friday" in ana.say("can we do friday instead?")


def test_next_visit_is_told(ana, visit):
    assert "Your next visit: Tuesday, November 24 at 9:00 AM" in ana.say("when is my appointment?")


def test_who_has_no_visit_is_offered_one(ana):
    assert "no coming visit" in ana.say("cancel my appointment please")
    assert ana.thread.state == FlowState.REASON


def test_visit_cancelled_meanwhile_goes_to_staff(ana, visit):
    ana.say("cancel my appointment")
    visit.status = Status.CANCELLED
    visit.save()
    ana.say("yes")
    assert ana.thread.attention == Attention.PROBLEM


@pytest.mark.parametrize("text", ["I'm running late", "I have arrived, I'm outside"])
def test_late_or_arrived_is_told_to_the_front_desk(ana, visit, text):
    assert "told the front desk" in ana.say(text)
    assert ana.thread.attention == Attention.ASKED
    assert text in ana.thread.summary


# ── staff, and the end ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("before", [(), TO_SLOTS[:1], TO_SLOTS[:2], TO_SLOTS[:3], TO_SLOTS, TO_CONFIRM, TO_BOOKED])
def test_asking_for_a_person_hands_over_in_every_state(dialogue, before):
    answer = dialogue.go(*before, "I want to talk to a human")
    thread = dialogue.thread
    assert "colleague" in answer
    assert (thread.owner_kind, thread.attention, thread.state) == (
        OwnerKind.NOBODY,
        Attention.ASKED,
        FlowState.HANDED_OVER,
    )


def test_after_the_hand_over_the_bot_is_silent(dialogue):
    dialogue.say("I want to talk to a human")
    assert dialogue.say("hello? I need an appointment") == ""
    assert dialogue.thread.unread_count == 2


def test_bot_is_silent_while_a_person_owns_the_thread(dialogue, actor):
    dialogue.say("hi")
    take_over(conversation=dialogue.thread, actor=actor)
    assert dialogue.say("I need an appointment") == ""
    assert dialogue.thread.unread_count == 1


def test_unclear_twice_in_a_row_hands_over_with_a_summary(dialogue):
    dialogue.go(*TO_SLOTS, "banana")
    answer = dialogue.say("purple banana")
    thread = dialogue.thread
    assert "colleague" in answer
    assert thread.attention == Attention.UNCLEAR
    assert (
        thread.summary
        == "Verified · wants a visit · reason: my knee hurts · says the name is Sam Taylor · was offered times 1 times · last: “purple banana”"
    )


def test_understood_message_in_between_starts_the_count_anew(dialogue):
    dialogue.go(*TO_SLOTS, "banana", "tomorrow", "banana")
    assert dialogue.thread.owner_kind == OwnerKind.BOT


@pytest.mark.parametrize("text", ["start over", "restart"])
def test_starting_over_forgets_the_wish(dialogue, text):
    answer = dialogue.go(*TO_CONFIRM, text)
    assert "start again" in answer
    assert dialogue.thread.state == FlowState.IDLE
    assert not Appointment.objects.filter(status=Status.HELD).exists()


@pytest.mark.parametrize("text", ["what time do you open?", "how much is a visit?"])
def test_the_clinics_hours_and_prices_are_no_wish_for_a_time(dialogue, text):
    assert "colleague" in dialogue.go(*TO_BOOKED, text)
    assert dialogue.thread.attention == Attention.ASKED


def test_question_goes_to_staff(dialogue):
    dialogue.say("What are your opening hours?")
    assert dialogue.thread.attention == Attention.ASKED


@pytest.mark.parametrize("text", ["thanks!", "thank you so much", "bye", "👍", "ok"])
def test_politeness_after_booking_is_answered_and_changes_nothing(dialogue, text):
    dialogue.go(*TO_SLOTS, "next Friday", "1", "yes")
    assert "You are welcome" in dialogue.say(text)
    assert dialogue.thread.state == FlowState.BOOKED
    assert the_visit().confirmed_at is None


def test_next_wish_after_booking_begins_anew(dialogue):
    assert "reason for the visit" in dialogue.go(*TO_BOOKED, "I need another appointment")


def test_remark_after_booking_starts_no_new_search(dialogue):
    assert "did not understand" in dialogue.go(*TO_BOOKED, "purple banana")
    assert dialogue.thread.state == FlowState.BOOKED


def test_greeting_after_booking_is_asked_what_is_wanted(dialogue):
    assert "How can I help?" in dialogue.go(*TO_BOOKED, "hello")


def test_visit_of_this_dialogue_is_meant_without_asking_again_who_it_is(dialogue):
    assert "Your next visit: Tuesday, November 24" in dialogue.go(*TO_BOOKED, "when is my appointment?")


def test_no_reason_after_all_ends_the_search(dialogue):
    assert "not booked anything" in dialogue.go(*TO_SLOTS[:3], "no, forget it, cancel")
    assert dialogue.thread.state == FlowState.IDLE


@pytest.mark.parametrize("text", ["hi", "🙂", "thanks", "123"])
def test_what_is_no_reason_is_asked_again(dialogue, text):
    assert "reason for the visit" in dialogue.go(*TO_SLOTS[:3], text)
    assert dialogue.thread.state == FlowState.REASON


def test_more_words_about_the_complaint_do_not_count_as_unclear(dialogue):
    dialogue.go(*TO_SLOTS, "it hurts a lot", "and it is swollen")
    assert dialogue.thread.owner_kind == OwnerKind.BOT


def test_other_times_while_deciding_free_the_held_one(dialogue):
    assert "other free times" in dialogue.go(*TO_CONFIRM, "more times please")
    assert not Appointment.objects.filter(status=Status.HELD).exists()


def test_all_times_shown_begin_again(dialogue, bookable):
    bookable.appointment_type.horizon_days = 1
    bookable.appointment_type.save()
    dialogue.go(*TO_SLOTS)
    answers = [dialogue.say("more times please") for _ in range(6)]
    assert any("all the free times I have" in answer for answer in answers)


def test_endless_search_ends_with_a_person(dialogue):
    dialogue.go(*TO_SLOTS, *["more times please"] * 9)
    assert dialogue.thread.attention == Attention.NO_SLOTS


def test_question_is_asked_again_in_the_language_asked_for(dialogue):
    assert "¿La reservo?" in dialogue.go(*TO_CONFIRM, "en español por favor")
    assert dialogue.thread.state == FlowState.CONFIRM


def test_moving_to_a_time_that_is_taken_meanwhile_keeps_the_visit(ana, visit, bookable, organization, noon):
    ana.go("please reschedule my appointment", "1")
    chosen = Appointment.objects.get(status=Status.HELD)
    noon.shift(dt.timedelta(minutes=15))
    other_patient_takes(bookable, PatientFactory(organization=organization), chosen.start)
    assert "taken a moment ago" in ana.say("yes")
    visit.refresh_from_db()
    assert (visit.status, visit.start) == (Status.BOOKED, NINE_ON_TUESDAY)


# ── silence ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_after_24_hours_of_silence_the_dialogue_starts_over_politely(dialogue, noon):
    dialogue.go(*TO_SLOTS)
    noon.shift(dt.timedelta(hours=25))
    answer = dialogue.say("2")
    assert "It has been a while" in answer
    assert not Appointment.objects.filter(status=Status.HELD).exists()


def test_within_24_hours_the_dialogue_goes_on(dialogue, noon):
    dialogue.go(*TO_SLOTS)
    noon.shift(dt.timedelta(hours=23))
    assert "Shall I book it?" in dialogue.say("3")


def test_message_after_closing_opens_a_new_thread(dialogue, actor):
    dialogue.go(*TO_SLOTS)
    old = dialogue.thread
    close_conversation(conversation=old, actor=actor)
    answer = dialogue.say("hi")
    assert dialogue.thread.pk != old.pk
    assert "Hello" in answer
    assert Conversation.objects.count() == 2


# ── failures ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_failure_inside_the_flow_keeps_the_message_and_calls_staff(dialogue, monkeypatch):
    dialogue.go(*TO_SLOTS)

    def broken(**_kwargs):
        raise RuntimeError("the provider is down")

    monkeypatch.setattr("apps.conversations.flow.choosing.hold_slot", broken)
    answer = dialogue.say("2")
    thread = dialogue.thread
    assert "something went wrong on our side" in answer
    assert (thread.owner_kind, thread.attention) == (OwnerKind.NOBODY, Attention.PROBLEM)
    assert Message.objects.filter(conversation=thread, body="2").exists()
    assert Event.objects.filter(type="conversation.handed_over").latest("id").payload["error"] == "RuntimeError"


def test_failure_undoes_what_the_step_had_begun(dialogue, monkeypatch):
    monkeypatch.setattr("apps.conversations.flow.identity.set_consent", lambda **_: 1 / 0)
    dialogue.go(*TO_SLOTS[:3])
    assert not Patient.objects.exists()
    assert dialogue.thread.patient is None
    assert dialogue.thread.attention == Attention.PROBLEM
