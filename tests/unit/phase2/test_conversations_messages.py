"""Messages as they come: keywords, emergencies, languages, files, nonsense, size, repeats."""

from __future__ import annotations

import ast
import datetime as dt
import gettext
import inspect
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone, translation

from apps.communications.models import Category, Communication, ContactState
from apps.conversations.flow import wording
from apps.conversations.models import Attention, Author, Conversation, FlowState, Mark, Message, MessageKind, OwnerKind
from apps.conversations.selectors import thread_lines
from apps.conversations.services import take_over
from apps.conversations.understanding import Intent, detect_intent, parse_when, parse_yes_no
from apps.events.models import Event
from apps.patients.models import Patient
from tests.fixtures.conversations import Dialogue
from tests.fixtures.twilio import next_sid

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


# ── threads ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_first_message_opens_a_conversation(dialogue):
    dialogue.say("hi", profile_name="Sam")
    thread = dialogue.thread
    assert (thread.channel, thread.address, thread.clinic_address, thread.display_name) == (
        "whatsapp",
        dialogue.address,
        "+15550100000",
        "Sam",
    )
    assert list(Event.objects.filter(subject_id=thread.pk).order_by("id").values_list("type", flat=True)[:2]) == [
        "conversation.opened",
        "conversation.message_received",
    ]


def test_messages_are_kept_in_order(dialogue):
    dialogue.go("one", "two", "three")
    said = Message.objects.filter(author=Author.CONTACT).order_by("sequence").values_list("body", flat=True)
    assert list(said) == ["one", "two", "three"]
    assert Conversation.objects.count() == 1


def test_repeated_message_has_no_second_effect(dialogue):
    sid = next_sid()
    dialogue.say("I need a doctor", provider_id=sid)
    dialogue.say("I need a doctor", provider_id=sid)
    assert Message.objects.filter(author=Author.CONTACT).count() == 1
    assert Communication.objects.count() == 1


def test_same_number_on_two_channels_has_two_threads(dialogue):
    dialogue.say("hi")
    Dialogue(dialogue.organization, channel="sms").say("hi")
    assert Conversation.objects.count() == 2


def test_message_wakes_a_snoozed_thread(dialogue):
    dialogue.say("hi")
    Conversation.objects.update(status="snoozed", snoozed_until=timezone.now() + dt.timedelta(days=1))
    dialogue.say("hello?")
    assert (dialogue.thread.status, dialogue.thread.snoozed_until) == ("open", None)


def test_waiting_ends_with_the_bots_answer_and_begins_with_the_hand_over(dialogue):
    dialogue.say("hi")
    assert dialogue.thread.waiting_since is None
    dialogue.say("I want a human")
    assert dialogue.thread.waiting_since == dialogue.thread.last_inbound_at


def test_answer_is_planned_in_the_ledger_with_its_thread(dialogue):
    dialogue.say("hi")
    planned = Communication.objects.get()
    assert (planned.category, planned.to_address, planned.conversation_id, planned.status) == (
        Category.REPLY,
        dialogue.address,
        dialogue.thread.pk,
        "queued",
    )


@pytest.mark.parametrize("address", ["12345", "AMZN", "sam@example.org", "+"])
def test_machines_and_mailboxes_get_no_bot(organization, bookable, address):
    machine = Dialogue(organization, address=address, channel="sms")
    assert machine.say("Your code is 1234") == ""
    assert machine.thread.owner_kind == OwnerKind.NOBODY


# ── STOP, START, HELP ─────────────────────────────────────────────────────────────────────────────────────────────────


def opted_out() -> bool:
    return ContactState.objects.filter(opted_out_at__isnull=False).exists()


@pytest.mark.parametrize("word", ["STOP", "stop", " Stop. ", "unsubscribe", "alto", "बंद करो"])
def test_stop_opts_out_with_one_confirmation(dialogue, word):
    answer = dialogue.say(word)
    assert opted_out()
    assert "START" in answer
    assert Communication.objects.filter(status="queued").count() == 1
    assert [line.text for line in thread_lines(conversation=dialogue.thread) if line.kind == MessageKind.MARK] == [
        "The contact opted out of this channel"
    ]


def test_stop_withdraws_the_patients_consent_and_frees_the_held_time(dialogue):
    dialogue.go("I need a doctor", "Sam Taylor", "14 March 1990", "cough", "1", "STOP")
    assert Patient.objects.get().consents.get(purpose="whatsapp").status == "withdrawn"
    assert not Patient.objects.get().appointments.exists()
    assert dialogue.thread.state == FlowState.IDLE


def test_stop_counts_while_a_person_owns_the_thread(dialogue, actor):
    dialogue.say("hi")
    take_over(conversation=dialogue.thread, actor=actor)
    dialogue.say("STOP")
    assert opted_out()
    assert dialogue.thread.owner_id == actor.id


def test_start_opts_in_again(dialogue):
    answer = dialogue.go("STOP", "START")
    assert not opted_out()
    assert "STOP" in answer
    assert Message.objects.filter(body=Mark.OPTED_IN).exists()


def test_start_says_who_answers_what_was_written_while_opted_out(dialogue):
    answer = dialogue.go("STOP", "hello?", "START")
    assert "get messages" in answer
    assert "passing you on to a colleague" in answer


def test_start_from_somebody_who_never_stopped_is_a_greeting(dialogue):
    assert "Tidewater Clinic" in dialogue.say("start")
    assert not Message.objects.filter(body=Mark.OPTED_IN).exists()


def test_cancel_is_stop_on_sms_and_the_visit_on_whatsapp(organization, bookable):
    Dialogue(organization, channel="sms").say("CANCEL")
    assert opted_out()
    ContactState.objects.all().delete()
    Dialogue(organization).say("CANCEL")
    assert not opted_out()


def test_yes_after_stop_is_start_on_sms(organization, bookable):
    texter = Dialogue(organization, channel="sms")
    texter.go("STOP", "YES")
    assert not opted_out()


@pytest.mark.parametrize("verdict", ["STOP", "START"])
def test_twilios_own_verdict_goes_first_and_twilio_has_answered(dialogue, verdict):
    dialogue.say("STOP")
    answer = dialogue.say("whatever", opt_out_type=verdict)
    assert answer == ""
    assert opted_out() == (verdict == "STOP")


def test_help_says_who_we_are(dialogue):
    answer = dialogue.say("HELP")
    assert "Tidewater Clinic" in answer
    assert "(212) 555-0100" in answer
    assert "STOP" in answer


def test_sentence_with_stop_in_it_is_no_keyword(dialogue):
    answer = dialogue.say("please stop texting me")
    assert not opted_out()
    assert "reply STOP" in answer


# ── emergencies ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "before",
    [
        (),
        ("I need a doctor",),
        ("I need a doctor", "Sam Taylor"),
        ("I need a doctor", "Sam Taylor", "14 March 1990", "cough", "1"),
    ],
)
@pytest.mark.parametrize("text", ["I have chest pain", "me duele el pecho", "सीने में दर्द है"])
def test_emergency_words_in_any_state_get_the_number_at_once_and_a_person(dialogue, before, text):
    answer = dialogue.go(*before, text)
    thread = dialogue.thread
    assert "911" in answer
    assert (thread.owner_kind, thread.attention, thread.state) == (
        OwnerKind.NOBODY,
        Attention.EMERGENCY,
        FlowState.HANDED_OVER,
    )
    assert Communication.objects.latest("created_at").category == Category.EMERGENCY
    assert Event.objects.filter(type="conversation.handed_over").latest("id").payload["category"] == "heart"


def test_emergency_number_is_the_organizations(organization, bookable):
    organization.emergency_number = "112"
    organization.save()
    assert "112" in Dialogue(organization).say("she is unconscious")


def test_emergency_goes_through_although_a_person_owns_the_thread(dialogue, actor):
    dialogue.say("hi")
    take_over(conversation=dialogue.thread, actor=actor)
    assert "911" in dialogue.say("I can't breathe")
    assert (dialogue.thread.attention, dialogue.thread.owner_id) == (Attention.EMERGENCY, actor.id)


def test_emergency_goes_through_although_the_contact_opted_out(dialogue):
    dialogue.say("STOP")
    assert "911" in dialogue.say("heart attack")


def test_between_stop_and_start_the_bot_is_silent_and_a_person_is_called(dialogue):
    dialogue.say("STOP")
    assert dialogue.say("hello? I need an appointment") == ""
    assert (dialogue.thread.owner_kind, dialogue.thread.attention) == (OwnerKind.NOBODY, Attention.ASKED)
    assert "again" in dialogue.say("START")


def test_between_stop_and_start_help_is_answered(dialogue):
    assert "Tidewater Clinic" in dialogue.go("STOP", "HELP")


def test_emergency_text_is_not_repeated_with_every_message(dialogue, noon):
    dialogue.say("I have chest pain")
    assert dialogue.say("strong chest pain, please") == ""
    noon.shift(dt.timedelta(minutes=6))
    assert "911" in dialogue.say("the chest pain is back")


def test_thought_of_self_harm_gets_words_of_its_own(dialogue):
    answer = dialogue.say("I want to kill myself")
    assert "You are not alone" in answer
    assert "911" in answer


def test_denied_emergency_is_none(dialogue):
    assert "911" not in dialogue.say("no chest pain, just a cough")


# ── languages ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "language", "told"),
    [
        ("I need to see a doctor", "en", "Hello!"),
        ("necesito una cita con el médico", "es", "¡Hola!"),
        ("मुझे डॉक्टर को दिखाना है", "hi", "नमस्ते"),
        ("mujhe doctor se milna hai", "hi", "नमस्ते"),
        ("привет, мне нужен врач", "en", "Hello!"),
        ("مرحبا أحتاج طبيب", "en", "Hello!"),
    ],
)
def test_bot_answers_in_the_language_it_was_written_to(dialogue, text, language, told):
    assert told in dialogue.say(text)
    assert dialogue.thread.language == language
    assert Communication.objects.get().language == language


def test_patients_own_language_decides_when_the_message_does_not_show_one(organization, bookable, patient):
    patient.language = "es"
    patient.save()
    assert "¿Cuál es el motivo" in Dialogue(organization, address="+14155550142").say("ok?")


def test_single_letter_shows_no_language(organization, bookable, patient):
    assert "How can I help" in Dialogue(organization, address="+14155550142").say("Y")


def test_language_that_the_organization_does_not_speak_is_not_used(organization, bookable):
    organization.languages = ["en"]
    organization.save()
    assert "Hello!" in Dialogue(organization).say("necesito una cita con el médico")


def test_language_may_be_changed_in_the_middle(dialogue):
    answer = dialogue.go("I need a doctor", "en español por favor")
    assert "nombre completo" in answer
    assert dialogue.thread.state == FlowState.NAME
    assert "fecha de nacimiento" in dialogue.say("Juan Pérez")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mejor el viernes por la tarde, por favor", "Estas horas están libres"),
        ("शुक्रवार को दोपहर में चाहिए", "ये समय खाली हैं"),
        ("viernes", "These times are free"),
        ("ok kal", "Which of these do you mean?"),
    ],
)
def test_whole_sentence_in_another_language_changes_the_language_while_choosing(dialogue, text, told):
    dialogue.go("I need a doctor", "Sam Taylor", "14 March 1990", "my knee hurts")
    assert told in dialogue.say(text)


def test_name_in_another_language_does_not_change_the_language(dialogue):
    assert "date of birth" in dialogue.go("I need a doctor", "José de la Cruz y García")


VALUE = re.compile(r"%\(\w+\)[sd]")
CATALOGUES = Path(inspect.getfile(wording)).parent.parent / "locale"


def sentences() -> list[tuple[str | None, str]]:
    """Return every text in the source of the bot's sentences, with its context."""
    found = []
    for node in ast.walk(ast.parse(inspect.getsource(wording))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"_", "gettext_noop", "pgettext"}
        ):
            texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            if texts:
                found.append((texts[0], texts[1]) if node.func.id == "pgettext" else (None, texts[0]))
    return found


@pytest.mark.parametrize("language", ["es", "hi"])
def test_every_sentence_of_the_bot_is_translated_and_keeps_its_values(language):
    with (CATALOGUES / language / "LC_MESSAGES" / "django.mo").open("rb") as compiled:
        catalogue = gettext.GNUTranslations(compiled)
    assert len(sentences()) > 80
    for context, text in sentences():
        translated = catalogue.pgettext(context, text) if context else catalogue.gettext(text)
        has_words = any(letter.isalpha() for letter in VALUE.sub("", text))
        assert translated != text or not has_words or text == "NO", text
        assert set(VALUE.findall(translated)) == set(VALUE.findall(text)), text


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_words_that_the_bot_asks_for_are_understood(language):
    with translation.override(language):
        yes, no, more, human = map(translation.gettext, (wording.YES, wording.NO, wording.MORE, wording.HUMAN))
        change, when = (translation.gettext(word) for word in (wording.CHANGE_VISIT, wording.WHEN_IS_VISIT))
        waiting_list = translation.gettext(wording.WAITING_LIST)
    assert parse_yes_no(yes, language) is True
    assert parse_yes_no(no, language) is False
    assert detect_intent(more, language) == Intent.MORE
    assert detect_intent(human, language) == Intent.HUMAN
    assert detect_intent(waiting_list, language) == Intent.JOIN_LIST
    assert detect_intent(change, language) == Intent.RESCHEDULE
    assert detect_intent(when, language) == Intent.VIEW


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_wishes_that_the_bot_gives_as_examples_are_understood(language):
    with translation.override(language):
        examples = re.findall("[“«](.+?)[”»]", wording.ask_wish())
    assert len(examples) == 3
    for example in examples:
        assert parse_when(example, now=dt.datetime(2026, 11, 23, 13, 0), language=language) is not None, example  # noqa: DTZ001 - local time


# ── anything at all ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "state",
    [
        (),
        ("I need a doctor",),
        ("I need a doctor", "Sam Taylor", "14 March 1990"),
        ("I need a doctor", "Sam Taylor", "14 March 1990", "cough"),
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "🙂",
        "👍🏽👍🏽",
        "?",
        "\u202eevil\u202c",
        "مرحبا",
        "a\x00b",
        "\ud83d",
        "<script>alert(1)</script>",
        "%(clinic)s %s {0}",
        "x" * 1_000_000,
        "\n\n\n",
        "0",
        "١٢٣",
    ],
)
def test_any_text_is_kept_and_answered_without_failing(dialogue, state, text):
    for earlier in state:
        dialogue.say(earlier)
    dialogue.say(text)
    thread = dialogue.thread
    assert thread.attention != Attention.PROBLEM
    assert Message.objects.filter(author=Author.CONTACT, conversation=thread).count() == len(state) + 1
    assert len(Message.objects.filter(author=Author.CONTACT).latest("sequence").body) <= 20_000


def test_file_without_words_is_kept_for_staff_and_the_question_stays(dialogue):
    dialogue.say("I need a doctor")
    media = [{"url": "https://api.twilio.com/2010-04-01/x", "content_type": "image/jpeg", "sid": "ME1"}]
    answer = dialogue.say("", media=media)
    assert "can see what you sent" in answer
    assert dialogue.thread.state == FlowState.NAME
    assert Message.objects.filter(author=Author.CONTACT).latest("sequence").media == media
    assert Event.objects.filter(type="conversation.message_received").latest("id").payload["has_media"] is True


def test_file_with_words_is_read_by_its_words(dialogue):
    dialogue.go("I need a doctor", "Sam Taylor", "14 March 1990")
    assert "These times are free" in dialogue.say(
        "rash on my arm", media=[{"url": "https://x/y", "content_type": "image/jpeg", "sid": "ME1"}]
    )


def test_nonsense_ends_with_a_person_not_in_a_loop(dialogue):
    for text in ("asdf", "🙂", "🙃", "🙂", "🙃"):
        dialogue.say(text)
    assert dialogue.thread.owner_kind == OwnerKind.NOBODY
    assert dialogue.say("🙂") == ""


def test_no_event_carries_the_words_of_a_patient(dialogue):
    dialogue.go("I need a doctor", "Sam Taylor", "14 March 1990", "private knee trouble", "1", "yes")
    for event in Event.objects.filter(type__startswith="conversation."):
        assert "Taylor" not in str(event.payload) + str(event.changes)
        assert "knee" not in str(event.payload) + str(event.changes)
