"""Who writes: what a number, a name and a birth date prove, and what is never said before that."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.conversations.models import Attention, FlowState, OwnerKind
from apps.conversations.services import link_patient
from apps.patients.models import Patient
from tests.fixtures.conversations import Dialogue
from tests.fixtures.patients import ContactPointFactory, PatientFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
HOUSEHOLD = "+14155550150"


@pytest.fixture
def ana(organization, bookable, patient) -> Dialogue:
    """Whoever writes from Ana López's mobile."""
    return Dialogue(organization, address="+14155550142")


@pytest.fixture
def household(organization, bookable) -> Dialogue:
    """Whoever writes from the phone that Marta and her son Leo share."""
    for given, birth in (("Marta", dt.date(1980, 5, 6)), ("Leo", dt.date(2015, 7, 8))):
        member = PatientFactory(organization=organization, given_name=given, family_name="Ruiz", birth_date=birth)
        ContactPointFactory(organization=organization, patient=member, value=HOUSEHOLD)
    return Dialogue(organization, address=HOUSEHOLD)


def test_own_mobile_of_one_adult_verifies_without_naming(ana, patient):
    answer = ana.say("hello, I need to see a doctor")
    assert "reason for the visit" in answer
    assert "Ana" not in answer
    assert "López" not in answer
    assert ana.thread.patient == patient


def test_landline_verifies_nobody(ana, patient_phone):
    patient_phone.use = "home"
    patient_phone.save()
    assert "first name" in ana.say("I need to see a doctor")
    assert ana.thread.patient is None


def test_mobile_of_a_child_verifies_nobody(ana, patient):
    patient.birth_date = dt.date(2015, 1, 1)
    patient.save()
    assert "first name" in ana.say("I need to see a doctor")
    assert ana.thread.patient is None


def test_archived_patient_is_nobody(ana, patient):
    patient.archived_at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    patient.save()
    assert "full name" in ana.say("I need to see a doctor")


def test_household_is_asked_for_whom_and_nobody_is_listed(household):
    answer = household.say("I need an appointment")
    assert "For whom is the visit?" in answer
    assert "Marta" not in answer
    assert "Leo" not in answer
    assert household.thread.state == FlowState.FOR_WHOM


def test_first_name_and_birth_date_verify_one_of_the_household(household):
    answer = household.go("I need an appointment", "Leo", "8 July 2015")
    assert "reason for the visit" in answer
    assert household.thread.patient.given_name == "Leo"


def test_misspelt_first_name_still_verifies_with_the_birth_date(household):
    household.go("I need an appointment", "Martta", "6 May 1980")
    assert household.thread.patient.given_name == "Marta"


def test_whether_a_first_name_is_known_is_not_told(household):
    known = household.go("I need an appointment", "Marta")
    stranger = Dialogue(household.organization, address=HOUSEHOLD, channel="sms")
    unknown = stranger.go("I need an appointment", "Marta Gomez")
    assert known == unknown


def test_wrong_birth_date_twice_goes_to_staff(household):
    assert "could not match" in household.go("I need an appointment", "Leo", "1 January 2015")
    assert "A colleague will check" in household.say("2 January 2015")
    thread = household.thread
    assert (thread.attention, thread.owner_kind, thread.patient) == (Attention.IDENTITY, OwnerKind.NOBODY, None)


def test_new_member_of_the_household_is_registered(household):
    household.go("I need an appointment", "Clara", "Ruiz", "9 September 2019")
    clara = Patient.objects.get(given_name="Clara")
    assert (clara.family_name, clara.contact_points.get().value) == ("Ruiz", HOUSEHOLD)
    assert household.thread.patient == clara


def test_next_visit_on_a_shared_phone_asks_again_for_whom(household):
    household.go("I need an appointment", "Leo", "8 July 2015", "cough", "1", "yes")
    assert "For whom" in household.say("I need another appointment")


def test_who_says_for_whom_it_is_is_not_asked_that(household, dialogue):
    assert "What is your first name" in household.say("I need an appointment for myself")
    assert "What is your full name" in dialogue.say("I need an appointment for myself")


def test_person_without_a_name_is_asked_for_it(household):
    assert "What is your first name" in household.go("I need an appointment", "for me")
    household.go("Marta", "6 May 1980")
    assert household.thread.patient.given_name == "Marta"


def test_name_birth_date_and_number_verify_a_child_by_its_own_number(ana, patient):
    patient.birth_date = dt.date(2015, 3, 14)
    patient.save()
    ana.go("I need an appointment", "Ana", "14 March 2015")
    assert ana.thread.patient == patient


def test_patient_writing_from_an_unknown_number_goes_to_staff_without_a_word_about_them(dialogue, patient):
    answer = dialogue.go("I need an appointment", "Ana López", "14 March 1978")
    thread = dialogue.thread
    assert "A colleague will check this" in answer
    assert (thread.patient, thread.attention) == (None, Attention.IDENTITY)
    assert Patient.objects.count() == 1


def test_patient_of_another_organization_is_a_new_patient_here(dialogue, other_organization):
    foreign = PatientFactory(organization=other_organization, given_name="Olga", family_name="Novak")
    dialogue.go("I need an appointment", "Olga Novak", "14 March 1978", "cough")
    assert dialogue.thread.patient.full_name == "Olga Novak"
    assert dialogue.thread.patient.pk != foreign.pk


def test_unknown_number_can_not_cancel_somebodys_visit(dialogue, appointment):
    dialogue.go("cancel my appointment", "Ana López", "14 March 1978", "yes")
    appointment.refresh_from_db()
    assert appointment.status == "booked"
    assert dialogue.thread.attention == Attention.IDENTITY


def test_known_writer_books_for_a_child(ana, patient):
    answer = ana.say("my son needs an appointment, he has a cough")
    assert "full name of the person who needs the visit" in answer
    ana.go("Tom López", "2 February 2018", "1", "yes")
    tom = Patient.objects.get(given_name="Tom")
    assert tom.appointments.get().reason == "my son needs an appointment, he has a cough"
    assert tom.contact_points.get().verified_at is None
    assert ana.thread.patient == patient


@pytest.mark.parametrize(
    "opening",
    [
        ("I need an appointment for my daughter", "Mia Larsson", "2 February 2018"),  # she is named at once
        ("I need an appointment", "my daughter Mia needs it, not me", "Mia Larsson", "2 February 2018"),
        ("I need an appointment", "Mia Larsson", "2 February 2018"),  # who writes is not said at all
        ("I need an appointment for my mother", "Mia Larsson", "2 February 1950"),
    ],
)
def test_who_booked_for_another_from_an_unknown_number_is_asked_who_they_are(dialogue, opening):
    dialogue.go(*opening, "cough", "1", "yes")
    mia = Patient.objects.get()
    assert "What is your first name" in dialogue.say("I also need a visit for me")
    dialogue.go("Karin", "Larsson", "3 June 1984", "back pain", "1", "yes")
    karin = Patient.objects.exclude(pk=mia.pk).get()
    assert (mia.appointments.get().reason, karin.appointments.get().reason) == ("cough", "back pain")
    assert karin.contact_points.get().verified_at is not None


def test_number_of_who_writes_for_another_is_not_the_others_mobile(dialogue):
    dialogue.go("I need an appointment for my mother", "Mia Larsson", "2 February 1950")
    point = Patient.objects.get().contact_points.get()
    assert (point.use, point.verified_at) == ("other", None)


def test_saying_later_that_it_is_for_somebody_else(ana):
    ana.say("I need to see a doctor")
    assert "full name" in ana.say("it's for my daughter")


def test_who_staff_linked_is_known(dialogue, patient, actor):
    dialogue.say("hi")
    link_patient(conversation=dialogue.thread, patient=patient, actor=actor)
    assert "reason" in dialogue.go("start over", "I need an appointment")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("03/04/1990", "date of birth"),
        ("tomorrow", "could not read a date"),
        ("31 February 1990", "could not read a date"),
        ("14 March 2090", "could not read a date"),
        ("1 January 1850", "could not read a date"),
    ],
)
def test_birth_date_that_can_not_be_is_asked_again(dialogue, said, told):
    answer = dialogue.go("I need an appointment", "Sam Taylor", said)
    assert told in answer or dialogue.thread.state == FlowState.REASON


def test_birth_date_is_read_as_the_country_writes_it(organization, bookable):
    organization.country = "GB"
    organization.save()
    Dialogue(organization).go("I need an appointment", "Sam Taylor", "03/04/1990")
    assert Patient.objects.get().birth_date == dt.date(1990, 4, 3)


def test_two_dates_in_one_message_are_asked_about(dialogue):
    answer = dialogue.go("I need an appointment", "Sam Taylor", "3 April 1990 or 4 March 1990")
    assert "Do you mean 3 April 1990 or 4 March 1990?" in answer


@pytest.mark.parametrize("text", ["12345", "🙂🙂", "???"])
def test_what_is_no_name_is_not_taken_for_one(dialogue, text):
    assert "could not read a name" in dialogue.go("I need an appointment", text)
    assert not Patient.objects.exists()
