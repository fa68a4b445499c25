"""Which entry of the list just shown a reply picks."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from apps.conversations.understanding import Ambiguous, Choice, Option, OutOfRange, parse_choice

NEW_YORK = ZoneInfo("America/New_York")
TODAY = date(2025, 11, 20)


def slot(key: str, day: int, hour: int, practitioner: str, minute: int = 0) -> Option:
    """Return a slot in November 2025 as the bot would show it."""
    start = datetime(2025, 11, day, hour, minute, tzinfo=NEW_YORK)
    return Option(key, f"{start:%a %d %b, %H:%M}, {practitioner}", start, practitioner)


SLOTS = [
    slot("a", 21, 9, "Dr. Ana López"),
    slot("b", 21, 16, "Dr. Priya Sharma"),
    slot("c", 24, 15, "Dr. Ana López"),
]
DAY_OF_SLOTS = [
    slot("a", 21, 9, "Dr. Ana López"),
    slot("b", 21, 10, "Dr. Ana López", 30),
    slot("c", 21, 14, "Dr. Ana López"),
    slot("d", 21, 15, "Dr. Ana López"),
]
TYPES = [
    Option("new", "New patient visit"),
    Option("follow", "Follow-up"),
    Option("clean", "Dental cleaning"),
    Option("vaccine", "Vaccination"),
]
PEOPLE = [Option("1", "Ana López"), Option("2", "Mateo López"), Option("other", "Someone else")]

PICKS = [
    ("en", "2 pls", "b"),
    ("en", "2!!", "b"),
    ("en", "the 2nd pls", "b"),
    ("en", "lets do the second", "b"),
    ("en", "second one works", "b"),
    ("en", "I choose option 3", "c"),
    ("en", "3rd option", "c"),
    ("en", "gimme 1", "a"),
    ("en", "I'd like the first slot", "a"),
    ("en", "first slot please", "a"),
    ("en", "go with the first", "a"),
    ("en", "option one", "a"),
    ("en", "Option A", None),
    ("en", "#3 thanks", "c"),
    ("en", "number 3 sounds good", "c"),
    ("en", "3 it is", "c"),
    ("en", "3 would be great", "c"),
    ("en", "the 3pm on monday", "c"),
    ("en", "monday 3pm works", "c"),
    ("en", "yes the monday one", "c"),
    ("en", "ok friday at 9", "a"),
    ("en", "friday at 9 in the morning", "a"),
    ("en", "9 in the morning", "a"),
    ("en", "friday the 21st at 4", "b"),
    ("en", "21 nov 4pm", "b"),
    ("en", "the afternoon with sharma", "b"),
    ("en", "sharma friday", "b"),
    ("en", "I prefer Dr Sharma", "b"),
    ("en", "I want the one with doctor lopez on monday", "c"),
    ("en", "whichever is earliest", "a"),
    ("en", "the soonest", "a"),
    ("en", "soonest please", "a"),
    ("en", "latest one", "c"),
    ("en", "last one pls", "c"),
    ("en", "either", "a"),
    ("en", "any is fine", "a"),
    ("en", "I don't mind", "a"),
    ("en", "you choose", "a"),
    ("en", "1 please thank you", "a"),
    ("en", "can I have 2", "b"),
    ("en", "can I get the 4 pm slot", "b"),
    ("en", "book 2", "b"),
    ("en", "book the second one please", "b"),
    ("en", "confirm 2", "b"),
    ("en", "two please", "b"),
    ("en", "one", "a"),
    ("en", "One please", "a"),
    ("en", "the one on monday", "c"),
    ("en", "the one on friday at 4", "b"),
    ("en", "2/3", None),
    ("en", "neither", None),
    ("en", "none, something later", None),
    ("en", "is there anything on wednesday", None),
    ("en", "I'm 2 weeks pregnant", None),
    ("en", "my son is 3", None),
    ("en", "2 appointments", None),
    ("en", "3 of us", None),
    ("es", "la segunda por favor", "b"),
    ("es", "me quedo con la 2", "b"),
    ("es", "prefiero la primera", "a"),
    ("es", "la opción 3", "c"),
    ("es", "opcion tres", "c"),
    ("es", "la tres", "c"),
    ("es", "el tercero", "c"),
    ("es", "el de las 4", "b"),
    ("es", "a las cuatro", "b"),
    ("es", "la de las 4 pm", "b"),
    ("es", "el viernes a las 9", "a"),
    ("es", "viernes 9am", "a"),
    ("es", "el lunes me viene bien", "c"),
    ("es", "el lunes está bien", "c"),
    ("es", "con Priya", "b"),
    ("es", "con el dr sharma", "b"),
    ("es", "la más tarde", "c"),
    ("es", "la de la mañana", "a"),
    ("es", "mañana a las 4", "b"),
    ("es", "ninguna", None),
    ("es", "no", None),
    ("es", "quiero otra", None),
    ("es", "la uno", "a"),
    ("es", "la dos", "b"),
    ("hi", "2 wala", "b"),
    ("hi", "no 2", "b"),
    ("hi", "dusra theek rahega", "b"),
    ("hi", "pehla wala kar do", "a"),
    ("hi", "pehle wala", "a"),
    ("hi", "teen", "c"),
    ("hi", "ek", "a"),
    ("hi", "number teen", "c"),
    ("hi", "3 number", "c"),
    ("hi", "kal 9 baje", "a"),
    ("hi", "kal shaam 4 baje", "b"),
    ("hi", "somvar 3 baje", "c"),
    ("hi", "monday wala", "c"),
    ("hi", "sharma ji wala", "b"),
    ("hi", "doctor sharma", "b"),
    ("hi", "doosra time", "b"),
    ("hi", "आखिरी वाला", "c"),
    ("hi", "दूसरा ठीक है", "b"),
    ("hi", "पहले वाला", "a"),
    ("hi", "तीन नंबर", "c"),
    ("hi", "सोमवार 3 बजे", "c"),
    ("hi", "कल 4 बजे", "b"),
    ("hi", "शर्मा जी", "b"),
    ("hi", "डॉ लोपेज़ सोमवार", "c"),
    ("hi", "koi nahi", None),
    ("en", "2", "b"),
    ("en", " 2 ", "b"),
    ("en", "2.", "b"),
    ("en", "2!", "b"),
    ("en", "2)", "b"),
    ("en", "(2)", "b"),
    ("en", "#2", "b"),
    ("en", "2️⃣", "b"),
    ("en", "②", "b"),
    ("en", "２", "b"),
    ("en", "no. 2", "b"),
    ("en", "no 2", "b"),
    ("en", "nr 2", None),
    ("en", "number 2", "b"),
    ("en", "option 2", "b"),
    ("en", "Option #2 please", "b"),
    ("en", "I'll take 2", "b"),
    ("en", "i would like number 2 please", "b"),
    ("en", "lets go with 2", "b"),
    ("en", "2 please", "b"),
    ("en", "2 works for me", "b"),
    ("en", "yes 2", "b"),
    ("en", "ok 2 is good", "b"),
    ("en", "two", "b"),
    ("en", "TWO", "b"),
    ("en", "number two", "b"),
    ("en", "the second one", "b"),
    ("en", "second", "b"),
    ("en", "2nd", "b"),
    ("en", "the 2nd one", "b"),
    ("en", "the first", "a"),
    ("en", "first one please", "a"),
    ("en", "1st", "a"),
    ("en", "the third option", "c"),
    ("en", "secnd one", "b"),
    ("en", "last", "c"),
    ("en", "the last one", "c"),
    ("en", "second last", "b"),
    ("en", "the later one", "c"),
    ("en", "the earlier one", "a"),
    ("en", "earliest", "a"),
    ("en", "the latest", "c"),
    ("en", "any", "a"),
    ("en", "whichever", "a"),
    ("en", "any of them", "a"),
    ("en", "doesn't matter", "a"),
    ("en", "the one at 3", "c"),
    ("en", "at 3", "c"),
    ("en", "3pm", "c"),
    ("en", "3 pm please", "c"),
    ("en", "3:00", "c"),
    ("en", "15:00", "c"),
    ("en", "3 o'clock", "c"),
    ("en", "the 4pm", "b"),
    ("en", "the 4pm one", "b"),
    ("en", "4 p.m. works", "b"),
    ("en", "9am", "a"),
    ("en", "at 9", "a"),
    ("en", "9", "a"),
    ("en", "4", "b"),
    ("en", "monday", "c"),
    ("en", "monday please", "c"),
    ("en", "monady", "c"),
    ("en", "the monday one", "c"),
    ("en", "mon", "c"),
    ("en", "on monday at 3", "c"),
    ("en", "I'll come on monday", "c"),
    ("en", "friday 4pm", "b"),
    ("en", "friday afternoon", "b"),
    ("en", "the friday afternoon one", "b"),
    ("en", "friday morning", "a"),
    ("en", "tomorrow morning", "a"),
    ("en", "tomorrow at 4", "b"),
    ("en", "tomorrow afternoon please", "b"),
    ("en", "morning", "a"),
    ("en", "the morning one", "a"),
    ("en", "before noon", "a"),
    ("en", "before 10", "a"),
    ("en", "after 3:30", "b"),
    ("en", "nov 24", "c"),
    ("en", "24 november", "c"),
    ("en", "the 24th", "c"),
    ("en", "11/24", "c"),
    ("en", "24/11", "c"),
    ("en", "with dr sharma", "b"),
    ("en", "dr sharma please", "b"),
    ("en", "Sharma", "b"),
    ("en", "priya", "b"),
    ("en", "the one with Priya", "b"),
    ("en", "Dr. Sharm", "b"),
    ("en", "lopez on monday", "c"),
    ("en", "friday with lopez", "a"),
    ("en", "Dr López at 3", "c"),
    ("en", "the first on friday", "a"),
    ("en", "the earliest on friday", "a"),
    ("es", "2", "b"),
    ("es", "la 2", "b"),
    ("es", "el 2", "b"),
    ("es", "dos", "b"),
    ("es", "opción 2", "b"),
    ("es", "la opción dos por favor", "b"),
    ("es", "número 2", "b"),
    ("es", "2º", "b"),
    ("es", "2da", "b"),
    ("es", "el segundo", "b"),
    ("es", "la segunda", "b"),
    ("es", "quiero la segunda por favor", "b"),
    ("es", "la primera", "a"),
    ("es", "el primero", "a"),
    ("es", "la tercera opción", "c"),
    ("es", "el último", "c"),
    ("es", "la última", "c"),
    ("es", "la más temprana", "a"),
    ("es", "cualquiera", "a"),
    ("es", "me da igual", "a"),
    ("es", "a las 3", "c"),
    ("es", "la de las 3", "c"),
    ("es", "la de las 9", "a"),
    ("es", "a las 4 de la tarde", "b"),
    ("es", "el lunes", "c"),
    ("es", "la del lunes", "c"),
    ("es", "lunes a las 3", "c"),
    ("es", "el viernes por la tarde", "b"),
    ("es", "el viernes por la mañana", "a"),
    ("es", "mañana por la mañana", "a"),
    ("es", "mañana por la tarde", "b"),
    ("es", "con la doctora Sharma", "b"),
    ("es", "con la doctora Lopez el lunes", "c"),
    ("es", "el 24", "c"),
    ("es", "el 24 de noviembre", "c"),
    ("es", "uno", "a"),
    ("hi", "2", "b"),
    ("hi", "२", "b"),
    ("hi", "do", "b"),
    ("hi", "do number", "b"),
    ("hi", "number 2", "b"),
    ("hi", "2 number wala", "b"),
    ("hi", "dusra", "b"),
    ("hi", "dusra wala", "b"),
    ("hi", "doosra wala", "b"),
    ("hi", "pehla", "a"),
    ("hi", "pehla wala theek hai", "a"),
    ("hi", "teesra wala", "c"),
    ("hi", "aakhri wala", "c"),
    ("hi", "दूसरा", "b"),
    ("hi", "दूसरा वाला", "b"),
    ("hi", "पहला", "a"),
    ("hi", "तीसरा", "c"),
    ("hi", "आखिरी", "c"),
    ("hi", "दो", "b"),
    ("hi", "3 baje", "c"),
    ("hi", "3 baje wala", "c"),
    ("hi", "4 बजे", "b"),
    ("hi", "somvar wala", "c"),
    ("hi", "somvar ko", "c"),
    ("hi", "सोमवार", "c"),
    ("hi", "shukravar shaam", "b"),
    ("hi", "kal subah", "a"),
    ("hi", "कल सुबह", "a"),
    ("hi", "dr sharma ke saath", "b"),
    ("hi", "डॉक्टर शर्मा", "b"),
    ("hi", "koi bhi", "a"),
    ("hi", "kal subah wala theek hai", "a"),
]

UNCLEAR = [
    ("en", "2 or 3", ("b", "c")),
    ("es", "la de la tarde", ("b", "c")),
    ("en", "friday", ("a", "b")),
    ("en", "tomorrow", ("a", "b")),
    ("en", "with lopez", ("a", "c")),
    ("en", "afternoon", ("b", "c")),
    ("en", "1 or 2", ("a", "b")),
    ("en", "1 and 3", ("a", "c")),
    ("en", "first or second", ("a", "b")),
    ("en", "monday or friday morning", ("a", "c")),
    ("es", "el viernes", ("a", "b")),
    ("es", "con la doctora López", ("a", "c")),
    ("es", "1 o 2", ("a", "b")),
    ("hi", "kal", ("a", "b")),
    ("hi", "dr lopez ke saath", ("a", "c")),
]

NO_PICKS = """
    second opinion
    I want a second opinion
    I need to see a doctor in 2 days
    in 2 days
    2 days
    for 2 people
    I have 2 kids
    my 2 year old son
    not 2
    not the second one
    anything but 2
    no
    yes
    ok
    none
    none of these
    tuesday
    what about tuesday
    5pm
    at 11
    half past 4
    with dr smith
    I may come
    how about next week
    can I see a woman
    hello
    cancel
    do you have anything later
    the second time I ask
    2 hours
    at 2 tablets
    call me at 555-123-4567
    2025
    100
    ?
    👍
    chest pain
    first visit
    I was second in line
    back
    thanks
"""


@pytest.mark.parametrize("language", ["en", "es", "hi"])
def test_a_reply_picks_its_option(language: str) -> None:
    expected = {text: key for said_in, text, key in PICKS if said_in == language}

    assert {
        text: getattr(parse_choice(text, SLOTS, language, today=TODAY), "key", None) for text in expected
    } == expected


@pytest.mark.parametrize(("language", "text", "keys"), UNCLEAR)
def test_a_reply_that_fits_several_options_names_them(language: str, text: str, keys: tuple[str, ...]) -> None:
    assert parse_choice(text, SLOTS, language, today=TODAY) == Ambiguous(keys)


def test_a_reply_about_something_else_picks_nothing() -> None:
    texts = [line.strip() for line in NO_PICKS.strip().splitlines()]

    assert {text: parse_choice(text, SLOTS, "en", today=TODAY) for text in texts} == dict.fromkeys(texts)


@pytest.mark.parametrize(
    ("text", "number"),
    [("5", 5), ("0", 0), ("7", 7), ("number 12", 12), ("the fifth one", 5), ("55", 55), ("cinco", None), ("६", 6)],
)
def test_a_number_beyond_the_list_says_so(text: str, number: int | None) -> None:
    language = "hi" if text == "६" else "en"
    expected = None if number is None else OutOfRange(number, 3)

    assert parse_choice(text, SLOTS, language) == expected


def test_out_of_range_reads_as_nothing_chosen() -> None:
    result = parse_choice("7", SLOTS, "en")

    assert isinstance(result, OutOfRange)
    assert not result
    assert result.reason == "out_of_range"


def test_a_bare_number_is_a_place_before_it_is_an_hour() -> None:
    assert parse_choice("3", DAY_OF_SLOTS, "en") == Choice("c", 2, "number")
    assert parse_choice("at 3", DAY_OF_SLOTS, "en") == Choice("d", 3, "time")


def test_a_number_beyond_the_list_is_an_hour_if_one_option_starts_then() -> None:
    assert parse_choice("9", DAY_OF_SLOTS, "en") == Choice("a", 0, "time")
    assert parse_choice("10", DAY_OF_SLOTS, "en") == OutOfRange(10, 4)
    assert parse_choice("10:30", DAY_OF_SLOTS, "en") == Choice("b", 1, "time")


@pytest.mark.parametrize(
    ("text", "by"),
    [("2", "number"), ("second", "ordinal"), ("later", "relative"), ("any", "any"), ("monday", "time")],
)
def test_a_choice_says_what_it_was_recognised_by(text: str, by: str) -> None:
    choice = parse_choice(text, SLOTS, "en")

    assert isinstance(choice, Choice)
    assert choice.by == by


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("new patient", "new"),
        ("New patient visit", "new"),
        ("I'm a new patient", "new"),
        ("follow up", "follow"),
        ("Follow-up please", "follow"),
        ("folow-up", "follow"),
        ("cleaning", "clean"),
        ("teeth cleaning", "clean"),
        ("I need a cleaning please", "clean"),
        ("dental", "clean"),
        ("vaccination", "vaccine"),
        ("3", "clean"),
        ("the last one", "vaccine"),
        ("my tooth hurts", None),
        ("not a cleaning", None),
        ("no cleaning", None),
        ("hello", None),
        ("something else", None),
    ],
)
def test_a_label_is_picked_by_its_words(text: str, key: str | None) -> None:
    assert getattr(parse_choice(text, TYPES, "en"), "key", None) == key


@pytest.mark.parametrize(
    ("text", "key"),
    [("Mateo", "2"), ("mateo lopez", "2"), ("for Ana", "1"), ("someone else", "other"), ("lopez", None)],
)
def test_a_person_is_picked_by_name(text: str, key: str | None) -> None:
    assert getattr(parse_choice(text, PEOPLE, "en"), "key", None) == key


def test_relative_days_need_to_know_today() -> None:
    assert parse_choice("tomorrow morning", SLOTS, "en") is None
    assert parse_choice("monday", SLOTS, "en") == Choice("c", 2, "time")


def test_an_empty_list_or_reply_picks_nothing() -> None:
    assert parse_choice("1", [], "en") is None
    assert parse_choice("", SLOTS, "en") is None
    assert parse_choice("...", SLOTS, "en") is None


def test_the_same_option_said_twice_is_one_choice() -> None:
    assert parse_choice("2, the second one", SLOTS, "en") == Choice("b", 1, "number")
