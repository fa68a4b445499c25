"""The waiting list in a dialogue: yes and no to an offered time in three languages, onto the list, off it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from apps.appointments.models import Appointment, OfferStatus, Source, Status, WaitlistEntry, WaitlistOffer, WaitStatus
from apps.appointments.services import accept_offer, book_appointment, expire_offers, offer_slot, withdraw_offer
from apps.communications.models import Category, Communication
from apps.conversations.models import Attention, FlowState, OwnerKind
from apps.conversations.services import send_reply, take_over
from apps.core.actors import SYSTEM
from apps.practitioners.models import WeeklyHours
from tests.fixtures.appointments import AppointmentFactory, AppointmentTypeFactory, PractitionerTypeFactory
from tests.fixtures.background import drain
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.conversations import Dialogue
from tests.fixtures.patients import ContactPointFactory, PatientFactory
from tests.fixtures.practitioners import PractitionerFactory
from tests.fixtures.waitlist import again, open_for_messages, somebody, visit_of, waiting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

TUESDAY_TEN = dt.datetime(2026, 11, 24, 15, 0, tzinfo=dt.UTC)
HALF_HOUR, HOUR, DAY = dt.timedelta(minutes=30), dt.timedelta(hours=1), dt.timedelta(days=1)
NUMBER = "+12125550142"


@pytest.fixture
def clinic(bookable):
    return open_for_messages(bookable)


@pytest.fixture
def patient(clinic):
    return somebody(clinic, phone=NUMBER)


@pytest.fixture
def entry(clinic, patient):
    return waiting(clinic, patient)


@pytest.fixture
def offer(clinic, entry, noon):
    """An offer of Tuesday at ten, its question arrived on WhatsApp."""
    return asked(clinic, entry)


@pytest.fixture
def phone(clinic):
    return Dialogue(clinic.organization, address=NUMBER)


def asked(clinic, entry: WaitlistEntry, start: dt.datetime = TUESDAY_TEN) -> WaitlistOffer:
    made = offer_slot(
        entry=entry, practitioner=clinic.practitioner, location=clinic.location, start=start, actor=SYSTEM
    )
    drain()
    return made


def the_visit() -> Appointment:
    return Appointment.objects.get(status=Status.BOOKED)


class TestYes:
    @pytest.mark.parametrize(
        ("language", "text", "answer"),
        [
            ("en", "YES", "Your visit is booked: Tuesday, November 24 at 10:00 AM"),
            ("en", "yes please", "Your visit is booked"),
            ("en", "👍", "Your visit is booked"),
            ("en", "I confirm", "Your visit is booked"),
            ("es", "SÍ", "Su cita está reservada"),
            ("es", "si, por favor", "Su cita está reservada"),
            ("hi", "हाँ", "बुक हो गया"),
            ("hi", "haan ji", "बुक हो गया"),
        ],
    )
    def test_it_books_the_offered_time_and_says_so(self, clinic, phone, language, text, answer):
        entry = waiting(clinic, somebody(clinic, phone=NUMBER, language=language))
        made = asked(clinic, entry)
        assert answer in phone.say(text)
        assert (the_visit().start, the_visit().source) == (TUESDAY_TEN, Source.WAITLIST)
        assert (again(made).status, again(made).answered_by) == (OfferStatus.ACCEPTED, "whatsapp")
        assert phone.thread.state == FlowState.BOOKED

    def test_it_moves_the_later_visit(self, clinic, patient, phone):
        visit = visit_of(clinic, TUESDAY_TEN + 7 * DAY, patient)
        asked(clinic, waiting(clinic, patient, moves=visit))
        assert "Your visit is moved: Tuesday, November 24 at 10:00 AM" in phone.say("YES")
        assert (the_visit().pk, the_visit().start) == (visit.pk, TUESDAY_TEN)

    def test_said_twice_it_is_one_visit_and_the_same_answer(self, offer, phone):
        first = phone.say("yes")
        assert phone.say("yes") == first
        assert the_visit().start == TUESDAY_TEN

    def test_said_by_sms_it_answers_the_question_on_whatsapp(self, clinic, offer):
        assert "booked" in Dialogue(clinic.organization, address=NUMBER, channel="sms").say("yes")
        assert again(offer).answered_by == "sms"

    def test_after_the_time_to_answer_it_is_kindly_refused_and_they_stay_on_the_list(self, offer, entry, phone, noon):
        noon.shift(HALF_HOUR + dt.timedelta(minutes=1))
        expire_offers()
        answer = phone.say("YES")
        assert "could not keep that time" in answer
        assert "You stay on the waiting list" in answer
        assert not Appointment.objects.filter(status=Status.BOOKED).exists()
        assert again(entry).status == WaitStatus.WAITING

    def test_in_the_seconds_before_the_sweep_it_is_too_late_as_well(self, offer, phone, noon):
        noon.shift(HALF_HOUR + dt.timedelta(seconds=1))
        assert "could not keep that time" in phone.say("YES")
        assert not Appointment.objects.filter(status=Status.BOOKED).exists()

    def test_after_the_clinic_withdrew_it_is_kindly_refused(self, offer, phone):
        withdraw_offer(offer=offer, actor=SYSTEM)
        assert "could not keep that time" in phone.say("YES")

    def test_that_can_not_be_booked_any_more_hands_the_time_on(self, clinic, offer, patient, phone):
        """Meanwhile the patient was booked somewhere else at that time."""
        Appointment.objects.held().update(patient=None)
        AppointmentFactory(organization=clinic.organization, patient=patient, start=TUESDAY_TEN)
        assert "cannot be booked any more" in phone.say("YES")
        assert again(offer).status == OfferStatus.DECLINED

    def test_of_somebody_who_was_never_asked_is_small_talk(self, entry, phone):
        phone.say("hi")
        assert "booked" not in phone.say("yes")
        assert not Appointment.objects.exists()

    def test_asked_as_a_question_books_nothing(self, offer, phone):
        phone.say("did I confirm?")
        assert not Appointment.objects.filter(status=Status.BOOKED).exists()

    def test_with_more_words_books_nothing(self, offer, phone):
        phone.say("yes but can I bring my dog and is it with the same doctor")
        assert not Appointment.objects.filter(status=Status.BOOKED).exists()
        assert again(offer).status == OfferStatus.OPEN

    def test_from_another_phone_books_nothing(self, clinic, offer):
        Dialogue(clinic.organization, address="+16465550109").say("yes")
        assert again(offer).status == OfferStatus.OPEN


class TestNo:
    @pytest.mark.parametrize(
        ("language", "text", "answer"),
        [
            ("en", "NO", "You stay on the waiting list"),
            ("en", "no thanks", "You stay on the waiting list"),
            ("es", "no, gracias", "Sigue en la lista de espera"),
            ("hi", "नहीं", "आप प्रतीक्षा सूची में बने हुए हैं"),
        ],
    )
    def test_it_keeps_them_on_the_list_and_asks_nothing_more(self, clinic, phone, language, text, answer):
        entry = waiting(clinic, somebody(clinic, phone=NUMBER, language=language))
        made = asked(clinic, entry)
        said = phone.say(text)
        assert answer in said
        assert "?" not in said
        assert (again(made).status, again(entry).status) == (OfferStatus.DECLINED, WaitStatus.WAITING)
        assert not Appointment.objects.exists()

    def test_after_yes_it_is_about_the_visit_not_about_the_offer(self, offer, phone):
        phone.say("yes")
        phone.say("no")
        assert the_visit().status == Status.BOOKED
        assert again(offer).status == OfferStatus.ACCEPTED

    def test_in_a_new_thread_the_number_tells_the_language(self, clinic, phone):
        made = asked(clinic, waiting(clinic, somebody(clinic, phone=NUMBER, language="es")))
        assert "lista de espera" in phone.say("no")
        assert again(made).status == OfferStatus.DECLINED


def reminded_of(visit: Appointment) -> None:
    """Let a reminder of the visit reach the phone now."""
    CommunicationFactory(
        organization=visit.organization,
        patient=visit.patient,
        to_address=NUMBER,
        category=Category.REMINDER,
        context_type="appointments.Appointment",
        context_id=visit.pk,
        context_version=visit.version,
        status="sent",
        sent_at=timezone.now(),
        attempted_at=timezone.now(),
    )


class TestWhatWasAskedLast:
    """A bare yes answers the last question."""

    def test_the_bots_own_question_goes_before_an_earlier_offer(self, clinic, offer, phone, noon):
        noon.shift(60)
        assert "Shall I book it?" in phone.go("I need a doctor", "cough", "1")
        noon.shift(60)
        assert "Your visit is booked" in phone.say("yes")
        assert again(offer).status in {OfferStatus.OPEN, OfferStatus.WITHDRAWN}
        assert the_visit().source == Source.BOT

    def test_an_offer_that_came_after_the_bots_question_is_what_is_answered(self, clinic, entry, phone, noon):
        assert "Shall I book it?" in phone.go("I need a doctor", "cough", "1")
        noon.shift(60)
        made = asked(clinic, entry, TUESDAY_TEN + 4 * HOUR)
        noon.shift(60)
        assert "Tuesday, November 24 at 2:00 PM" in phone.say("yes")
        assert again(made).status == OfferStatus.ACCEPTED

    def test_a_later_reminder_is_confirmed_first_then_the_offer(self, clinic, patient, offer, phone, noon):
        visit = visit_of(clinic, TUESDAY_TEN + 4 * HOUR, patient, appointment_type=_other_type(clinic))
        noon.shift(60)
        reminded_of(visit)
        noon.shift(60)
        assert "is confirmed" in phone.say("yes")
        assert again(offer).status == OfferStatus.OPEN
        assert "10:00 AM" in phone.say("yes")
        assert again(offer).status == OfferStatus.ACCEPTED

    def test_a_reminder_of_the_visit_that_the_offer_became_is_not_answered_by_booking_it_again(
        self, offer, phone, noon
    ):
        assert "Your visit is booked" in phone.say("yes")
        noon.shift(60)
        reminded_of(the_visit())
        noon.shift(60)
        said = phone.say("yes")
        assert "is confirmed" in said
        assert "booked" not in said

    def test_talk_that_asks_no_yes_or_no_leaves_the_offer_to_be_answered(self, offer, phone, noon):
        noon.shift(60)
        phone.say("thank you")
        noon.shift(60)
        assert "Your visit is booked" in phone.say("yes")

    def test_a_colleagues_later_question_is_not_answered_by_the_machine(self, offer, phone, actor, noon):
        phone.say("hello")
        thread = take_over(conversation=phone.thread, actor=actor)
        noon.shift(60)
        send_reply(conversation=thread, body="Shall I cancel your visit of Friday?", actor=actor)
        noon.shift(60)
        assert phone.say("yes") == ""
        assert again(offer).status == OfferStatus.OPEN

    def test_in_a_colleagues_thread_the_offer_is_booked_without_a_word_of_the_bot(self, clinic, entry, phone, actor):
        phone.say("hello")
        take_over(conversation=phone.thread, actor=actor)
        made = asked(clinic, entry)
        assert phone.say("yes") == ""
        assert again(made).status == OfferStatus.ACCEPTED
        drain()
        assert Communication.objects.filter(template_key="appointment-booked", channel="whatsapp").exists()
        assert phone.thread.owner_kind == OwnerKind.PERSON

    def test_after_a_day_a_yes_answers_no_offer(self, offer, phone, noon):
        noon.shift(DAY + HOUR)
        expire_offers()
        assert "could not keep" not in phone.say("yes")


class TestStop:
    def test_stop_is_stop_and_the_time_goes_to_the_next(self, clinic, offer, entry, phone):
        following = waiting(clinic)
        assert "no more messages" in phone.say("STOP")
        drain()
        assert again(offer).status == OfferStatus.WITHDRAWN
        assert WaitlistOffer.objects.filter(entry=following, start=TUESDAY_TEN).exists()
        assert again(entry).status == WaitStatus.WAITING


class TestOntoTheList:
    def go_to_slots(self, phone: Dialogue, *more: str) -> str:
        return phone.go("I need to see a doctor", "Sam Taylor", "14 March 1990", "my knee hurts", *more)

    def test_who_finds_nothing_that_suits_is_told_of_the_list_and_gets_on_it(self, clinic, dialogue):
        answer = self.go_to_slots(dialogue, "saturday morning")
        assert "Nothing is free then" in answer
        assert "WAITING LIST" in answer
        assert "You are on the waiting list until" in dialogue.say("waiting list")
        entry = WaitlistEntry.objects.get()
        assert (entry.weekdays, entry.until_time, entry.status) == ([5], dt.time(12), WaitStatus.WAITING)
        assert entry.appointment_type == clinic.appointment_type
        assert dialogue.thread.state == FlowState.IDLE

    def test_times_that_fit_come_without_the_hint(self, clinic, dialogue):
        assert "WAITING LIST" not in self.go_to_slots(dialogue, "thursday afternoon")

    def test_list_may_be_asked_for_with_a_day(self, clinic, dialogue):
        self.go_to_slots(dialogue, "put me on the waiting list for tomorrow please")
        entry = WaitlistEntry.objects.get()
        assert (entry.earliest_date, entry.latest_date) == (dt.date(2026, 11, 24), dt.date(2026, 11, 24))

    def test_who_asks_for_earlier_than_the_earliest_may_wait_for_it(self, clinic, dialogue):
        self.go_to_slots(dialogue, "on thursday or later")
        answer = dialogue.go("anything earlier?", "earlier please", "earlier please", "something earlier?")
        assert "There is nothing earlier" in answer
        assert "WAITING LIST" in answer
        shown = dialogue.thread.context["offers"][0]["start"]
        dialogue.say("waiting list")
        assert WaitlistEntry.objects.get().latest_date.isoformat() == shown[:10]

    def test_who_wants_somebody_without_a_free_time_waits_for_them(self, clinic, dialogue):
        busy = PractitionerFactory(organization=clinic.organization, given_name="Ada", family_name="Lovelace")
        PractitionerTypeFactory(
            organization=clinic.organization, practitioner=busy, appointment_type=clinic.appointment_type
        )
        answer = self.go_to_slots(dialogue, "with Dr Lovelace please")
        assert "I find no free time with them" in answer
        assert "WAITING LIST" in answer
        dialogue.say("waiting list")
        assert WaitlistEntry.objects.get().practitioner == busy

    def test_who_wants_somebody_who_does_not_do_that_waits_for_anyone(self, clinic, dialogue):
        PractitionerFactory(organization=clinic.organization, given_name="Ada", family_name="Lovelace")
        self.go_to_slots(dialogue, "with Dr Lovelace please", "waiting list")
        assert WaitlistEntry.objects.get().practitioner is None

    def test_practitioner_that_staff_noted_stays_when_another_day_is_wished(self, clinic, patient, phone):
        entry = waiting(clinic, patient, practitioner=clinic.practitioner)
        phone.go("I have a cough, could I come on saturday?", "waiting list")
        assert (again(entry).weekdays, again(entry).practitioner) == ([5], clinic.practitioner)

    def test_asked_in_another_language_the_question_is_repeated(self, clinic, dialogue):
        WeeklyHours.objects.all().delete()
        self.go_to_slots(dialogue)
        assert "¿Le apunto en la lista de espera?" in dialogue.say("en español por favor")
        assert "Está en la lista de espera" in dialogue.say("sí")

    def test_held_time_is_given_back_for_the_list(self, clinic, dialogue):
        self.go_to_slots(dialogue, "2", "waiting list")
        assert WaitlistEntry.objects.exists()
        assert not Appointment.objects.exists()

    def test_without_any_free_time_the_bot_asks_and_yes_gets_them_on_the_list(self, clinic, dialogue):
        WeeklyHours.objects.all().delete()
        assert "Shall I put you on the waiting list?" in self.go_to_slots(dialogue)
        assert dialogue.thread.state == FlowState.CONFIRM
        assert "You are on the waiting list" in dialogue.say("yes please")
        entry = WaitlistEntry.objects.get()
        assert (entry.earliest_date, entry.latest_date) == (dt.date(2026, 11, 23), dt.date(2027, 1, 22))

    def test_no_to_the_list_goes_to_staff(self, clinic, dialogue):
        WeeklyHours.objects.all().delete()
        self.go_to_slots(dialogue)
        assert "A colleague will look for one" in dialogue.say("no")
        assert dialogue.thread.attention == Attention.NO_SLOTS
        assert not WaitlistEntry.objects.exists()

    def test_unclear_twice_goes_to_staff(self, clinic, dialogue):
        WeeklyHours.objects.all().delete()
        self.go_to_slots(dialogue, "hm", "hmm")
        assert dialogue.thread.owner_kind == OwnerKind.NOBODY

    @pytest.mark.parametrize(
        ("says", "word", "hears"),
        [
            (
                ["necesito una cita", "Juan Pérez", "14 de marzo de 1990", "me duele la rodilla", "el sábado"],
                "LISTA DE ESPERA",
                "Está en la lista de espera hasta el",
            ),
            (
                ["मुझे डॉक्टर को दिखाना है", "अनिल शर्मा", "14 मार्च 1990", "घुटने में दर्द", "शनिवार को"],
                "प्रतीक्षा सूची",
                "प्रतीक्षा सूची में हैं",
            ),
        ],
    )
    def test_it_works_in_the_patients_language(self, clinic, dialogue, says, word, hears):
        answer = dialogue.go(*says)
        assert word in answer
        assert hears in dialogue.say(word)
        assert WaitlistEntry.objects.count() == 1

    def test_who_waits_already_gets_the_new_window(self, clinic, patient, phone):
        entry = waiting(clinic, patient, latest_date=dt.date(2026, 11, 25))
        phone.go("I have a cough, could I come on saturday?", "waiting list")
        assert WaitlistEntry.objects.count() == 1
        assert (again(entry).weekdays, again(entry).version) == ([5], 2)

    def test_visit_that_was_to_be_moved_is_what_an_offer_moves(self, clinic, patient, phone):
        visit = visit_of(clinic, TUESDAY_TEN + 7 * DAY, patient)
        answer = phone.go("can I move my appointment to this saturday?")
        assert "WAITING LIST" in answer
        phone.say("waiting list")
        assert WaitlistEntry.objects.get().moves_id == visit.pk


class TestOffTheList:
    def test_who_the_number_proves_is_taken_off(self, clinic, entry, phone):
        assert "not on the waiting list any more" in phone.say("please take me off the waiting list")
        assert again(entry).status == WaitStatus.REMOVED

    def test_who_is_not_on_it_hears_so(self, clinic, patient, phone):
        assert "You are not on the waiting list." in phone.say("take me off the waiting list")

    def test_household_is_left_to_staff(self, clinic, entry, phone):
        other = PatientFactory(organization=clinic.organization)
        ContactPointFactory(organization=clinic.organization, patient=other, value=NUMBER)
        assert "colleague" in phone.say("take me off the waiting list")
        assert again(entry).status == WaitStatus.WAITING


def _other_type(clinic):
    kind = AppointmentTypeFactory(organization=clinic.organization, name="Vaccination")
    PractitionerTypeFactory(organization=clinic.organization, practitioner=clinic.practitioner, appointment_type=kind)
    return kind


def test_visit_booked_from_the_list_is_the_one_that_the_next_words_are_about(offer, phone):
    phone.say("yes")
    assert "Your next visit: Tuesday, November 24 at 10:00 AM" in phone.say("when is my visit?")


def test_accepted_at_the_desk_a_late_yes_says_the_same(offer, phone):
    accept_offer(offer=offer, by="staff", actor=SYSTEM)
    assert "Your visit is booked" in phone.say("yes")


def test_booking_by_hand_is_never_doubled_by_a_late_yes(clinic, offer, patient, phone):
    withdraw_offer(offer=offer, actor=SYSTEM)
    book_appointment(
        organization=clinic.organization,
        patient=patient,
        appointment_type=clinic.appointment_type,
        practitioner=clinic.practitioner,
        location=clinic.location,
        start=TUESDAY_TEN,
        actor=SYSTEM,
    )
    drain()
    phone.say("yes")
    assert Appointment.objects.filter(status=Status.BOOKED).count() == 1
