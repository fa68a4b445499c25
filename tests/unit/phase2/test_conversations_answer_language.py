"""Whoever is written to in Spanish or Hindi gets every answer in it, also to the English words that our texts ask for."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils.translation.trans_real import translation

from apps.appointments.models import Appointment
from apps.appointments.services import (
    cancel_appointment,
    expire_offers,
    offer_slot,
    reschedule_appointment,
    withdraw_offer,
)
from apps.communications.models import Communication
from apps.conversations.flow.wording import MONTHS, WEEKDAYS
from apps.core.actors import SYSTEM
from apps.notifications.defaults import TEXTS
from tests.fixtures.background import drain
from tests.fixtures.conversations import ConversationFactory, Dialogue
from tests.fixtures.patients import ContactPointFactory, PatientFactory
from tests.fixtures.waitlist import open_for_messages, somebody, visit_of, waiting
from tests.unit.phase2.test_conversations_flow import reminder_about

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

NUMBER = "+12125550142"
TUESDAY_TEN = dt.datetime(2026, 11, 24, 15, 0, tzinfo=dt.UTC)
HALF_HOUR, DAY = dt.timedelta(minutes=30), dt.timedelta(days=1)
LANGUAGES = pytest.mark.parametrize("language", ["es", "hi"])

CONFIRMED = {"en": "is confirmed", "es": "Gracias, su cita está confirmada", "hi": "का आपका अपॉइंटमेंट पक्का है"}
CANCELLED = {"es": "Su cita está cancelada", "hi": "रद्द कर दिया गया"}
BOOKED = {"es": "Su cita está reservada", "hi": "बुक हो गया"}
WAITS = {"es": "Sigue en la lista de espera", "hi": "आप प्रतीक्षा सूची में बने हुए हैं"}
STOPPED = {"es": "Ya no recibirá mensajes", "hi": "संदेश नहीं आएँगे"}
STARTED = {"es": "Volverá a recibir aquí los mensajes", "hi": "फिर से"}


def _literals(text: str) -> list[str]:
    """Return what stands between a text's variables, as far as it is long enough to be a phrase."""
    pieces = re.split(r"%\(\w+\)[sd]|\{\{.*?\}\}|\{%.*?%\}|\n", text)
    return [piece.strip() for piece in pieces if len(piece.strip()) > 11]


def _english() -> set[str]:
    """Return the phrases of every English text that a patient may get: the bot's, the link's, the templates'."""
    said = [key for key, value in translation("es")._catalog.items() if isinstance(key, str) and value != key]  # type: ignore[attr-defined]
    written = [part for text in TEXTS["en"].values() for part in (text.whatsapp, text.sms, text.subject, text.email)]
    return {piece for text in (*said, *written) for piece in _literals(text)}


ENGLISH = _english()
ENGLISH_WORDS = re.compile(rf"\b({'|'.join((*WEEKDAYS, *MONTHS))}|Reply|Your|visit)\b")
OWN = {"es": re.compile("[áéíóúñ¡¿]|cita|lista|Responda"), "hi": re.compile("[\u0900-\u097f]")}


def assert_only(language: str, *texts: str) -> None:
    """Fail on a text that has an English phrase, or nothing of the language."""
    assert texts
    for text in (re.sub(r"\{[{%].*?[%}]\}|https?://\S+", "", text) for text in texts):
        assert [piece for piece in ENGLISH if piece in text] == [], text
        assert not ENGLISH_WORDS.search(text), text
        assert OWN[language].search(text), text


@pytest.fixture
def clinic(bookable):
    return open_for_messages(bookable)


@pytest.fixture
def priya(clinic, language):
    return somebody(clinic, phone=NUMBER, language=language)


@pytest.fixture
def phone(clinic):
    return Dialogue(clinic.organization, address=NUMBER)


@pytest.fixture
def visit(clinic, priya) -> Appointment:
    return visit_of(clinic, TUESDAY_TEN, priya)


def ledger() -> list[str]:
    """Return every text that went out or will, subjects too."""
    rows = Communication.objects.exclude(status="skipped").values_list("subject", "body")
    return [text for row in rows for text in row if text]


def test_the_judge_finds_english():
    """The control: each English text that the bot or a template has is refused."""
    for text in ("Thank you, your visit on martes 24 is confirmed.", TEXTS["en"]["appointment-reminder"].sms):
        with pytest.raises(AssertionError):
            assert_only("es", text)


@LANGUAGES
@pytest.mark.parametrize("text", ["YES", "yes please", "yes, I'll be there", "OK", "Y", "👍", "confirm"])
@pytest.mark.parametrize("dialogue_so_far", ["", "en"])
def test_yes_to_a_reminder_is_answered_in_the_reminders_language(
    clinic, priya, visit, phone, language, text, dialogue_so_far
):
    """Also where the dialogue so far was in English, as a thread is that began before the record said otherwise."""
    if dialogue_so_far:
        ConversationFactory(
            organization=clinic.organization,
            patient=priya,
            address=NUMBER,
            owner_kind="bot",
            language="en",
            message_count=2,
        )
    reminder_about(visit, address=NUMBER, language=language)
    answer = phone.say(text)
    assert CONFIRMED[language] in answer
    assert_only(language, answer)


@pytest.mark.parametrize(
    ("language", "text", "answered_in"),
    [("hi", "हाँ", "hi"), ("es", "sí", "es"), ("en", "sí", "es"), ("en", "हाँ", "hi")],
)
def test_the_yes_of_another_language_than_english_says_what_they_read(clinic, priya, visit, phone, text, answered_in):
    reminder_about(visit, address=NUMBER, language=priya.language)
    assert CONFIRMED[answered_in] in phone.say(text)


@LANGUAGES
def test_a_whole_english_sentence_is_answered_in_english(clinic, priya, visit, phone, language):
    reminder_about(visit, address=NUMBER, language=language)
    assert "Tuesday, November 24" in phone.say("I want to cancel my appointment please")


@pytest.mark.parametrize("language", ["hi"])
def test_a_reminder_in_a_language_that_the_clinics_list_leaves_out_is_answered_in_it(clinic, priya, visit, phone):
    clinic.organization.languages = ["en", "es"]
    clinic.organization.save()
    reminder_about(visit, address=NUMBER, language="hi")
    assert CONFIRMED["hi"] in phone.say("YES")


@LANGUAGES
def test_on_a_phone_of_two_languages_the_language_of_the_message_counts(clinic, priya, visit, phone, language):
    sister = PatientFactory(organization=clinic.organization, given_name="Eva", language="en")
    ContactPointFactory(organization=clinic.organization, patient=sister, value=NUMBER)
    reminder_about(visit, address=NUMBER, language=language)
    assert CONFIRMED[language] in phone.say("YES")


@LANGUAGES
def test_an_older_message_does_not_turn_back_the_language_they_chose_since(clinic, priya, visit, phone, noon, language):
    reminder_about(visit, address=NUMBER, language=language)
    noon.shift(HALF_HOUR)
    phone.say("English please")
    assert "is confirmed" in phone.say("yes")


@LANGUAGES
def test_no_to_a_reminder_cancels_in_their_language(clinic, visit, phone, language):
    drain()
    reminder_about(visit, address=NUMBER, language=language, body=CONFIRMED[language])
    asked, done = phone.say("NO"), phone.say("YES")
    drain()
    assert CANCELLED[language] in done
    assert_only(language, asked, done, *ledger())


@LANGUAGES
@pytest.mark.parametrize("channel", ["whatsapp", "sms"])
def test_stop_start_and_help_are_answered_in_their_language(clinic, visit, language, channel):
    drain()
    phone = Dialogue(clinic.organization, address=NUMBER, channel=channel)
    stopped, started, helped = phone.say("STOP"), phone.say("START"), phone.say("HELP")
    assert STOPPED[language] in stopped
    assert STARTED[language] in started
    assert_only(language, stopped, started, helped)


@LANGUAGES
def test_cancel_by_sms_is_answered_in_their_language(clinic, visit, language):
    drain()
    answer = Dialogue(clinic.organization, address=NUMBER, channel="sms").say("CANCEL")
    assert STOPPED[language] in answer
    assert_only(language, answer)


@LANGUAGES
@pytest.mark.parametrize(
    ("text", "expected"), [("YES", BOOKED), ("yes please", BOOKED), ("NO", WAITS), ("no thanks", WAITS)]
)
def test_an_offer_of_the_waitlist_is_asked_and_answered_in_their_language(
    clinic, priya, phone, language, text, expected
):
    offered(clinic, waiting(clinic, priya))
    answer = phone.say(text)
    drain()
    assert expected[language] in answer
    assert_only(language, answer, *ledger())


@LANGUAGES
def test_a_late_yes_to_an_offer_is_refused_in_their_language(clinic, priya, phone, noon, language):
    offered(clinic, waiting(clinic, priya))
    noon.shift(HALF_HOUR + dt.timedelta(minutes=1))
    expire_offers()
    assert_only(language, phone.say("YES"), *ledger())


@LANGUAGES
def test_that_an_offer_was_withdrawn_is_said_in_their_language(clinic, priya, phone, language):
    offer = offered(clinic, waiting(clinic, priya))
    withdraw_offer(offer=offer, actor=SYSTEM)
    drain()
    assert_only(language, phone.say("YES"), *ledger())


@LANGUAGES
def test_every_message_of_a_visits_life_is_in_their_language(clinic, priya, language):
    """Booked, reminded, moved, cancelled, by WhatsApp, SMS and e-mail."""
    ContactPointFactory(organization=clinic.organization, patient=priya, system="email", value="priya@example.org")
    for channel in ("sms", "whatsapp", "email"):
        priya.preferred_channel = channel
        priya.save()
        moving = visit_of(clinic, TUESDAY_TEN + 7 * DAY, priya)
        drain()
        moved = reschedule_appointment(appointment=moving, start=moving.start + DAY, actor=SYSTEM)
        drain()
        cancel_appointment(appointment=moved, reason="patient", actor=SYSTEM)
        drain()
    bodies = ledger()
    assert len(bodies) > 10
    assert_only(language, *bodies)


@LANGUAGES
@pytest.mark.parametrize(
    "text", ["?", "HUMAN", "human", "change my visit", "MORE", "WAITING LIST", "leave the waiting list", "thanks"]
)
def test_other_short_words_are_answered_in_their_language(clinic, visit, phone, language, text):
    drain()
    assert_only(language, phone.say(text))


@LANGUAGES
@pytest.mark.parametrize("media", ["audio/ogg", "image/jpeg"])
def test_a_voice_message_and_a_picture_are_answered_in_their_language(clinic, priya, phone, language, media):
    assert_only(language, phone.say("", media=[{"url": "https://api.twilio.com/media/1", "content_type": media}]))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("es", ("Hola, necesito una cita", "Lucía Pérez", "14 de marzo de 1990", "me duele la rodilla", "2", "YES")),
        ("hi", ("नमस्ते, मुझे डॉक्टर से मिलना है", "अनीता वर्मा", "14 मार्च 1990", "घुटने में दर्द है", "2", "YES")),
    ],
)
def test_a_newcomers_whole_dialogue_stays_in_their_language(clinic, language, words):
    phone = Dialogue(clinic.organization, address="+16465550177")
    answers = [phone.say(text) for text in words]
    drain()
    assert BOOKED[language] in answers[-1]
    assert_only(language, *answers, *ledger())


@LANGUAGES
def test_every_default_text_has_its_like_in_the_language(language):
    assert TEXTS[language].keys() == TEXTS["en"].keys()
    assert_only(language, *(text.whatsapp for text in TEXTS[language].values()))
    assert_only(language, *(text.sms for text in TEXTS[language].values()))
    assert_only(language, *(f"{text.subject} {text.email}" for text in TEXTS[language].values()))


def offered(clinic, entry):
    made = offer_slot(
        entry=entry, practitioner=clinic.practitioner, location=clinic.location, start=TUESDAY_TEN, actor=SYSTEM
    )
    drain()
    return made
