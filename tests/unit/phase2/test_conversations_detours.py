"""What patients say besides the answer that was asked for: two things at once, something else, relative times, files."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.appointments.models import Appointment, Status
from apps.conversations.flow import wording
from apps.conversations.models import Attention, FlowState, OwnerKind
from apps.conversations.understanding import Shift, is_only_emoji, is_question, parse_introduction, parse_shift
from apps.patients.models import Patient
from tests.fixtures.appointments import AppointmentFactory, AppointmentTypeFactory, PractitionerTypeFactory
from tests.fixtures.conversations import Dialogue
from tests.fixtures.patients import ContactPointFactory, PatientFactory
from tests.fixtures.practitioners import PractitionerFactory, WeeklyHoursFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

TO_NAME = ("I need to see a doctor",)
TO_SLOTS = (*TO_NAME, "Sam Taylor", "14 March 1990", "my knee hurts")
TO_CONFIRM = (*TO_SLOTS, "2")
TO_BOOKED = (*TO_CONFIRM, "yes")
NINE_ON_TUESDAY = dt.datetime(2026, 11, 24, 14, 0, tzinfo=dt.UTC)


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


def the_visit() -> Appointment:
    return Appointment.objects.exclude(status=Status.HELD).get()


def offered(answer: str) -> list[str]:
    """Return the times of an offer, without their numbers."""
    return [line[3:] for line in answer.splitlines() if line[:2] in {"1.", "2.", "3."}]


# ── two answers in one message ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "Sam Taylor 3/14/1990",
        "Sam Taylor, date of birth 3/14/1990",
        "my name is Sam Taylor and I was born on 14 March 1990",
        "sam taylor dob 3-14-90",
        "Sam Taylor\n3/14/1990",
    ],
)
def test_birth_date_behind_the_name_is_not_asked_for(dialogue, text):
    assert "reason for the visit" in dialogue.go(*TO_NAME, text)
    assert Patient.objects.get().birth_date == dt.date(1990, 3, 14)


def test_other_date_behind_the_name_is_no_birth_date(dialogue):
    answer = dialogue.go(*TO_NAME, "my name is Sam Taylor, coughing since 11/20/2026")
    assert "date of birth" in answer
    assert not Patient.objects.exists()


def test_who_introduces_themselves_in_the_first_message_is_not_asked_again(dialogue, organization, bookable):
    answer = dialogue.say("Hi, this is Sam Taylor, born 3/14/1990. My knee hurts")
    assert answer.startswith("Hello!")
    assert len(offered(answer)) == 3
    assert (Patient.objects.get().full_name, Patient.objects.get().birth_date) == ("Sam Taylor", dt.date(1990, 3, 14))


def test_introduction_without_birth_date_is_asked_for_that_only(dialogue):
    answer = dialogue.say("My name is Sam Taylor, I need a doctor")
    assert "date of birth" in answer
    assert "full name" not in answer


def test_writers_own_introduction_is_not_the_name_of_the_child(dialogue):
    assert "full name" in dialogue.say("This is Ana Lopez, I need an appointment for my son")


def test_introduction_on_a_household_phone_still_needs_the_birth_date(organization, bookable, patient):
    child = PatientFactory(organization=organization, given_name="Leo", family_name="López")
    ContactPointFactory(organization=organization, patient=child, value="+14155550142")
    answer = Dialogue(organization, address="+14155550142").say("Hi, this is Ana López, I need an appointment")
    assert "date of birth" in answer
    assert "López" not in answer


@pytest.mark.parametrize(
    "text",
    [
        "Hello Tidewater Clinic, I need an appointment",
        "I'm super worried",
        "IM IN SEVERE PAIN",
        "This is Urgent Please",
        "I am Severely Constipated",
        "Hi Emma, thanks for your message",
        "soy alérgica a la penicilina",
    ],
)
def test_what_only_sounds_like_an_introduction_is_none(text):
    assert parse_introduction(text, "en") is None


# ── a birth date that may be read in two ways ─────────────────────────────────────────────────────────────────────────


def test_birth_date_in_figures_from_who_writes_no_english_is_asked_about_where_the_month_goes_first(dialogue):
    answer = dialogue.go("necesito una cita", "Juan Pérez", "3/4/1990")
    assert "3 de abril de 1990 o 4 de marzo de 1990" in answer
    assert "motivo" in dialogue.say("3 de abril de 1990")
    assert Patient.objects.get().birth_date == dt.date(1990, 4, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("la primera", dt.date(1990, 4, 3)), ("4 de marzo", dt.date(1990, 3, 4)), ("4 marzo 1990", dt.date(1990, 3, 4))],
)
def test_answer_to_which_of_two_dates_may_be_short(dialogue, text, expected):
    dialogue.go("necesito una cita", "Juan Pérez", "3/4/1990", text)
    assert Patient.objects.get().birth_date == expected


def test_birth_date_in_figures_is_the_countrys_for_who_writes_english(dialogue):
    assert "reason" in dialogue.go(*TO_NAME, "Sam Taylor", "3/4/1990")
    assert Patient.objects.get().birth_date == dt.date(1990, 3, 4)


def test_day_in_figures_from_who_writes_no_english_is_the_sooner_date(dialogue):
    answer = dialogue.go("necesito una cita", "Juan Pérez", "14 de marzo de 1990", "dolor de rodilla", "4/12")
    assert all("4 de diciembre" in line for line in offered(answer))


# ── something else than was asked ─────────────────────────────────────────────────────────────────────────────────────


def test_wish_said_instead_of_the_name_is_noted_and_the_name_asked_again(dialogue):
    answer = dialogue.go("hi", "I want to cancel my appointment")
    assert "did not understand" not in answer
    assert "full name" in answer
    dialogue.go("Sam Taylor", "14 March 1990")
    assert dialogue.thread.attention == Attention.IDENTITY
    assert not Patient.objects.exists()


def test_complaint_said_instead_of_the_name_becomes_the_reason(dialogue):
    assert len(offered(dialogue.go("hi", "I have a fever", "Sam Taylor", "14 March 1990"))) == 3


@pytest.mark.parametrize("before", [TO_NAME, (*TO_NAME, "Sam Taylor")])
def test_question_said_instead_of_an_answer_goes_to_staff(dialogue, before):
    dialogue.go(*before, "how much does it cost?")
    assert dialogue.thread.attention == Attention.ASKED


@pytest.mark.parametrize("before", [TO_NAME, (*TO_NAME, "Sam Taylor")])
def test_never_mind_ends_the_questions(dialogue, before):
    assert dialogue.go(*before, "never mind") == "All right. Write here whenever you need us."
    assert dialogue.thread.state == FlowState.IDLE


def test_for_somebody_else_after_the_own_name_asks_for_theirs(dialogue):
    answer = dialogue.go(*TO_NAME, "Ana Lopez", "it's for my son, he has a fever")
    assert "full name of the person who needs the visit" in answer
    dialogue.go("Leo Lopez", "4 March 2019")
    assert Patient.objects.get().full_name == "Leo Lopez"


def test_starting_over_gives_no_more_guesses_at_a_birth_date(organization, bookable, patient):
    child = PatientFactory(organization=organization, given_name="Leo", family_name="López")
    ContactPointFactory(organization=organization, patient=child, value="+14155550142")
    household = Dialogue(organization, address="+14155550142")
    household.go(
        "I need an appointment", "Leo", "1 May 2001", "never mind", "I need an appointment", "Leo", "2 May 2001"
    )
    assert household.thread.attention == Attention.IDENTITY


@pytest.mark.parametrize("text", ["it's for my son", "not me, my son leo needs somebody to look at his ear"])
def test_for_somebody_else_instead_of_a_name_is_no_misunderstanding(dialogue, text):
    assert dialogue.go(*TO_NAME, text).startswith("What is the full name of the person who needs the visit?")
    dialogue.go("Leo Lopez", "4 March 2019")
    assert Patient.objects.get().contact_points.get().verified_at is None


def test_day_instead_of_a_name_is_kept_and_no_misunderstanding(dialogue):
    assert dialogue.go(*TO_NAME, "Thursday please").startswith("What is the full name")
    answer = dialogue.go("Sam Taylor", "14 March 1990", "my knee hurts")
    assert offered(answer)
    assert all("Thursday" in line for line in offered(answer))


def test_name_that_is_a_month_is_not_asked_for_without_end(dialogue):
    dialogue.go(*TO_NAME, "April", "April", "April")
    assert dialogue.thread.attention == Attention.UNCLEAR


@pytest.mark.parametrize("texts", [("at 3 pm if possible", "on Thursday"), ("on Thursday", "at 3 pm if possible")])
def test_day_and_hour_of_two_messages_go_together(dialogue, texts):
    dialogue.go("I need to see a doctor", *texts, "Sam Taylor", "14 March 1990", "my knee hurts")
    chosen = dialogue.thread.context["wish"]
    assert (chosen["earliest"], chosen["after"]) == ("2026-11-26", "15:00:00")


def test_for_whom_of_an_earlier_message_is_kept(dialogue):
    dialogue.go(
        "I need an appointment for my daughter", "I need an appointment please", "Mia Larsson", "2 February 2018"
    )
    assert Patient.objects.get().contact_points.get().verified_at is None


def test_for_me_is_asked_for_the_own_name(dialogue):
    assert dialogue.go(*TO_NAME, "for me").startswith("What is your full name?")


@pytest.mark.parametrize("before", [TO_SLOTS, TO_CONFIRM])
def test_question_in_the_middle_is_not_called_misunderstood(dialogue, before):
    answer = dialogue.go(*before, "will it take long?")
    assert answer.startswith("I cannot answer that myself. Write HUMAN, and a colleague will.")
    dialogue.say("HUMAN")
    assert dialogue.thread.attention == Attention.ASKED


@pytest.mark.parametrize("text", ["what should I bring?", "can my wife come too?", "do I need to fast before"])
def test_any_question_after_booking_goes_to_staff(dialogue, text):
    dialogue.go(*TO_BOOKED, text)
    assert dialogue.thread.attention == Attention.ASKED


@pytest.mark.parametrize("text", ["😊", "👍🏽", "❤️"])
def test_emoji_after_booking_is_no_misunderstanding(dialogue, text):
    assert dialogue.go(*TO_BOOKED, text).startswith("You are welcome")


def test_asking_for_a_free_time_begins_a_visit_and_keeps_the_day(dialogue):
    answer = dialogue.go("do you have anything on thursday?", "Sam Taylor", "14 March 1990", "my knee hurts")
    assert offered(answer)
    assert all("Thursday" in line for line in offered(answer))


def test_relation_says_for_whom_and_is_no_reason(dialogue, organization):
    AppointmentTypeFactory(organization=organization, name="Well-child check", keywords="child,son,daughter")
    assert "reason for the visit" in dialogue.go("an appointment for my son please", "Leo Taylor", "4 March 2019")


def test_other_reason_while_choosing_offers_the_other_type(dialogue, organization, bookable):
    shot = AppointmentTypeFactory(organization=organization, name="Vaccination", keywords="flu shot")
    PractitionerTypeFactory(organization=organization, practitioner=bookable.practitioner, appointment_type=shot)
    assert len(offered(dialogue.go(*TO_SLOTS, "actually it is for a flu shot"))) == 3
    dialogue.go("1", "yes")
    booked = Appointment.objects.get(status=Status.BOOKED)
    assert booked.appointment_type == shot
    assert booked.reason == "my knee hurts; actually it is for a flu shot"


@pytest.mark.parametrize("text", ["hang on a sec", "let me check with my boss", "un momento", "ruko"])
def test_asking_for_a_moment_is_no_misunderstanding(dialogue, text):
    dialogue.go(*TO_CONFIRM, text, text, text)
    assert dialogue.thread.state == FlowState.CONFIRM
    assert "booked" in dialogue.say("yes")


# ── about the visit that is booked ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", ["i need to change it", "can i move it instead?", "wrong day"])
def test_changing_after_booking_means_the_booked_visit(dialogue, text):
    assert dialogue.go(*TO_BOOKED, text).startswith("Your visit now:")


def test_when_is_it_again_tells_the_visit(dialogue):
    assert "Your next visit: Tuesday, November 24 at 9:00 AM" in dialogue.go(*TO_BOOKED, "when is it again?")


@pytest.mark.parametrize("text", ["can I get something sooner?", "¿hay algo antes?", "none of these work"])
def test_another_time_right_after_booking_moves_the_visit(dialogue, text):
    dialogue.go(*TO_BOOKED, text)
    assert dialogue.thread.state == FlowState.SLOTS
    dialogue.go("1", "yes")
    assert the_visit().start != NINE_ON_TUESDAY


@pytest.mark.parametrize("said", ["ok", "yes", "👍"])
@pytest.mark.parametrize("before", [(*TO_SLOTS, "never mind"), (*TO_BOOKED, "cancel it", "yes")])
def test_ok_to_what_was_said_last_is_no_misunderstanding(dialogue, before, said):
    assert dialogue.go(*before, said, said) == "All right. Write here whenever you need us."
    assert dialogue.thread.owner_kind == OwnerKind.BOT


def test_yes_long_after_the_last_word_is_not_taken_for_understood(dialogue, noon):
    dialogue.go(*TO_SLOTS, "never mind")
    noon.shift(dt.timedelta(hours=2))
    assert "I did not understand" in dialogue.say("yes")


@pytest.mark.parametrize("text", ["no keep it", "never mind", "don't cancel", "no, leave it"])
def test_keeping_the_visit_may_be_said_in_many_ways(ana, visit, text):
    assert "stays as it is" in ana.go("cancel my appointment", text)
    visit.refresh_from_db()
    assert visit.status == Status.BOOKED


@pytest.mark.parametrize("text", ["yes cancel it", "cancel", "cancel it please"])
def test_saying_cancel_again_cancels(ana, visit, text):
    assert "is cancelled" in ana.go("cancel my appointment", text)
    visit.refresh_from_db()
    assert visit.status == Status.CANCELLED


def test_cancelling_one_and_naming_a_day_moves_it(ana, visit):
    answer = ana.go("cancel my appointment", "cancel it and book friday")
    visit.refresh_from_db()
    assert visit.status == Status.BOOKED
    assert all("Friday" in line for line in offered(answer))


def test_cancel_by_sms_from_who_has_a_visit_is_seen_by_staff(organization, bookable, patient, visit):
    texter = Dialogue(organization, address="+14155550142", channel="sms")
    assert texter.say("CANCEL").endswith("This does not cancel a visit: for that, please call (212) 555-0100.")
    assert texter.thread.attention == Attention.ASKED
    visit.refresh_from_db()
    assert visit.status == Status.BOOKED


def test_stop_by_sms_from_who_has_a_visit_only_stops(organization, bookable, patient, visit):
    texter = Dialogue(organization, address="+14155550142", channel="sms")
    assert "cancel" not in texter.say("STOP")
    assert texter.thread.attention == Attention.NONE


# ── other times ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "can we make it later in the day?",
        "can you confirm it is in the afternoon?",
        "could we make it after that?",
        "wait, can we come at another time?",
    ],
)
def test_question_about_the_time_books_nothing(dialogue, text):
    dialogue.go(*TO_CONFIRM, text)
    assert not Appointment.objects.filter(status=Status.BOOKED).exists()


def test_later_that_day_stays_on_the_day(dialogue):
    answer = dialogue.go(*TO_CONFIRM, "can we make it later in the day?")
    assert offered(answer)
    assert all(line.startswith("Tuesday, November 24") and " 9:00 AM" not in line for line in offered(answer))


def test_earlier_than_the_chosen_time_shows_what_comes_before_it(dialogue):
    answer = dialogue.go(*TO_SLOTS, "3", "anything sooner?")
    assert offered(answer)
    assert all(line.startswith(("Monday, November 23", "Tuesday, November 24")) for line in offered(answer))


def test_nothing_earlier_is_said(dialogue):
    first = dialogue.go(*TO_SLOTS)
    answer = dialogue.say("do you have anything earlier?")
    assert answer.startswith("There is nothing earlier.")
    assert offered(answer) == offered(first)


@pytest.mark.parametrize("text", ["forget it", "never mind", "nvm", "olvídalo", "rehne do"])
@pytest.mark.parametrize("before", [TO_SLOTS, TO_CONFIRM])
def test_giving_up_ends_the_search(dialogue, before, text):
    assert dialogue.go(*before, text) != ""
    assert dialogue.thread.state == FlowState.IDLE
    assert not Appointment.objects.filter(status__in=[Status.HELD, Status.BOOKED]).exists()


@pytest.mark.parametrize("text", ["nope not that one", "no, mejor otra", "can I reschedule it"])
def test_refusing_the_chosen_time_frees_it(dialogue, text):
    dialogue.go(*TO_CONFIRM, text)
    assert dialogue.thread.state == FlowState.SLOTS
    assert not Appointment.objects.filter(status=Status.HELD).exists()


def test_yes_to_several_times_is_asked_which(dialogue):
    answer = dialogue.go(*TO_SLOTS, "yes please")
    assert answer.startswith("Which of these do you mean?")
    assert dialogue.thread.state == FlowState.SLOTS


def test_hours_named_after_days_refine_the_wish(dialogue):
    answer = dialogue.go(*TO_SLOTS, "thursday", "after 2")
    assert offered(answer)
    assert all(line.startswith("Thursday, November 26") and "PM" in line for line in offered(answer))


def test_days_named_after_hours_refine_the_wish(dialogue):
    answer = dialogue.go(*TO_SLOTS, "only afternoons", "friday")
    assert offered(answer)
    assert all(line.startswith("Friday, November 27") and "PM" in line for line in offered(answer))


def test_week_is_searched_even_when_only_one_shown_time_is_in_it(dialogue):
    dialogue.go(*TO_SLOTS, "sunday")
    answer = dialogue.say("next week")
    assert len(offered(answer)) == 3
    assert dialogue.thread.state == FlowState.SLOTS


def test_full_weekday_is_answered_with_that_weekday_later(dialogue, bookable, patient):
    for hour in range(13, 22):
        AppointmentFactory(
            organization=bookable.organization,
            practitioner=bookable.practitioner,
            location=bookable.location,
            appointment_type=bookable.appointment_type,
            start=dt.datetime(2026, 11, 26, hour, 0, tzinfo=dt.UTC),
            end=dt.datetime(2026, 11, 26, hour + 1, 0, tzinfo=dt.UTC),
        )
    answer = dialogue.go(*TO_SLOTS, "thursday")
    assert answer.startswith("Nothing is free then.")
    assert any(line.startswith("Thursday, December 3") for line in offered(answer))
    assert any(line.startswith("Friday, November 27") for line in offered(answer))


@pytest.fixture
def other_practitioner(organization, bookable):
    """Dr Priya Raman, who offers the same visits on the same days."""
    made = PractitionerFactory(organization=organization, prefix="Dr", given_name="Priya", family_name="Raman")
    WeeklyHoursFactory(organization=organization, practitioner=made, location=bookable.location, weekday=3)
    PractitionerTypeFactory(organization=organization, practitioner=made, appointment_type=bookable.appointment_type)
    return made


@pytest.mark.parametrize("text", ["can I see dr raman instead?", "Raman please", "dr ramann ke saath"])
def test_practitioner_asked_for_by_name_is_offered(dialogue, other_practitioner, text):
    answer = dialogue.go(*TO_SLOTS, text)
    assert offered(answer)
    assert all("Raman" in line for line in offered(answer))


def test_practitioner_named_in_the_first_message_is_kept(dialogue, other_practitioner):
    answer = dialogue.go("I want to see dr raman", *TO_SLOTS[1:])
    assert all("Raman" in line for line in offered(answer))


def test_own_name_like_a_practitioners_is_no_wish_for_them(dialogue, other_practitioner, bookable):
    answer = dialogue.go("I need a doctor", "Sita Raman", "14 March 1990", "my knee hurts")
    assert not all("Raman" in line for line in offered(answer))


def test_common_word_is_no_wish_for_a_practitioner_of_that_name(dialogue, organization, bookable):
    PractitionerFactory(organization=organization, prefix="Dr", given_name="Uma", family_name="Day")
    assert "no free time with them" not in dialogue.go(*TO_SLOTS, "thursday or any other day")


def test_practitioner_without_free_time_is_said_and_others_offered(dialogue, organization):
    PractitionerFactory(organization=organization, prefix="Dr", given_name="Uma", family_name="Busy")
    answer = dialogue.go(*TO_SLOTS, "with dr busy")
    assert answer.startswith("I find no free time with them.")
    assert len(offered(answer)) == 3


@pytest.mark.parametrize(
    "text", ["that would be great, thank you", "ok book", "esa está perfecta", "resérvela por favor"]
)
def test_consent_in_other_words_books(dialogue, text):
    dialogue.go(*TO_CONFIRM, text)
    assert the_visit().start == NINE_ON_TUESDAY


# ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

PICTURE = [{"url": "https://api.twilio.com/m/1", "content_type": "image/jpeg", "sid": "1"}]
VOICE = [{"url": "https://api.twilio.com/m/2", "content_type": "audio/ogg", "sid": "2"}]


def test_album_is_answered_once_and_nobody_waits(dialogue, noon):
    dialogue.go(*TO_SLOTS)
    answers = [dialogue.say("", media=PICTURE) for _ in range(4)]
    assert answers == [wording.got_file(), "", "", ""]
    assert dialogue.thread.waiting_since is None
    noon.shift(dt.timedelta(minutes=2))
    assert dialogue.say("", media=PICTURE) == wording.got_file()
    assert dialogue.thread.state == FlowState.SLOTS


def test_voice_message_is_not_said_to_be_heard(dialogue):
    answer = dialogue.say("", media=VOICE)
    assert "I cannot listen to voice messages" in answer
    assert "staff can see" not in answer
    dialogue.say("HUMAN")
    assert dialogue.thread.attention == Attention.ASKED


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("anything later?", Shift(earlier=False)),
        ("can we make it later in the day?", Shift(earlier=False, same_day=True)),
        ("¿tienen algo más temprano?", Shift(earlier=True)),
        ("¿se puede más tarde ese mismo día?", Shift(earlier=False, same_day=True)),
        ("thoda baad mein", Shift(earlier=False)),
        ("isse pehle kuch hai?", Shift(earlier=True)),
        ("too early for me", Shift(earlier=False)),
        ("sooner or later", None),
        ("the second one", None),
    ],
)
def test_earlier_and_later_are_read(text, expected):
    assert parse_shift(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("what should I bring", True),
        ("will it hurt?", True),
        ("¿puedo ir con mi hijo?", True),
        ("kya lekar aana hai", True),
        ("hi, where are you", True),
        ("Friday?", False),
        ("yes?", False),
        ("?", False),
        ("my knee hurts", False),
        ("Will Smith", False),
    ],
)
def test_questions_are_told_from_answers(text, expected):
    assert is_question(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"), [("😊", True), ("🙏🏽", True), ("ok 😊", False), ("1️⃣", False), ("", False)]
)
def test_emoji_alone_are_told_from_words(text, expected):
    assert is_only_emoji(text) is expected
