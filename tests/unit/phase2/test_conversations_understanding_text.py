"""One spelling for text from any phone: digits, invisible characters, accents, stretched letters, slips."""

from __future__ import annotations

import pytest

from apps.conversations.understanding import MAX_CHARS, fold, normalise, same
from apps.conversations.understanding.phrases import Phrasebook
from apps.conversations.understanding.romanise import romanise
from apps.conversations.understanding.spelling import respell
from apps.conversations.understanding.text import clauses, tokens, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Hello   World \n", "hello world"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("१४ मार्च", "14 मार्च"),
        ("٢٥/١١", "25/11"),
        ("２５：３０", "25:30"),
        ("1️⃣", "1"),
        ("1️⃣2️⃣", "12"),
        ("🔟", "10"),
        ("②", "2"),
        ("ｏｋ", "ok"),
        ("he\u200bllo", "hello"),
        ("\u202ehello\u202c", "hello"),
        ("\ufeffok", "ok"),
        ("can\u2019t", "can't"),
        ("5\u20137", "5-7"),
        ("a\x00b", "a b"),
        ("Mañana", "mañana"),
        ("👍🏽", "👍"),
        ("❤️", "❤"),
        ("", ""),
        ("\u200b\u200b", ""),
        (" \t\r\n ", ""),
    ],
)
def test_text_gets_one_canonical_spelling(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mañana", "manana"),
        ("MIÉRCOLES", "miercoles"),
        ("can't", "cant"),
        ("can\u2019t", "cant"),
        ("yesssss", "yes"),
        ("nooooo", "no"),
        ("1000", "1000"),
        ("हाँ", "हां"),
        ("ज़रूर", "जरूर"),
        ("फ़रवरी", "फरवरी"),
        ("o'clock", "oclock"),
    ],
)
def test_folding_drops_what_writers_leave_out(text: str, expected: str) -> None:
    assert fold(text) == expected


@pytest.mark.parametrize(
    ("left", "right"), [("José", "JOSE"), ("२", "2"), ("can’t", "cant"), ("हाँ", "हां"), ("  a  b ", "A B")]
)
def test_same_text_in_other_spelling_is_same(left: str, right: str) -> None:
    assert same(left, right)


def test_different_text_is_not_same() -> None:
    assert not same("López", "Lopes")


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "é" * 1_000_000, "\ufdfa" * 1_000_000, " \n" * 500_000, "1️⃣" * 300_000]
)
def test_a_message_of_any_size_is_read_only_up_to_the_limit(text: str) -> None:
    assert len(normalise(text)) <= MAX_CHARS
    assert len(fold(text)) <= MAX_CHARS
    assert len(tokens(text)) <= MAX_CHARS


def test_what_follows_the_limit_changes_nothing() -> None:
    text = "x" * MAX_CHARS

    assert normalise(text + "and more") == normalise(text)


def test_digits_part_from_letters_and_marks_stay_single() -> None:
    assert tokens("4pm, 25/11!") == ["4", "pm", ",", "25", "/", "11", "!"]


def test_words_leave_punctuation_and_emoji_out() -> None:
    assert words("Hola!! 👍 ¿qué tal?") == ["hola", "que", "tal"]


def test_devanagari_words_stay_whole() -> None:
    assert words("मुझे डॉक्टर से मिलना है।") == ["मुझे", "डॉक्टर", "से", "मिलना", "है"]


def test_clauses_end_at_punctuation_and_line_breaks() -> None:
    assert clauses("no, me duele\nel pecho. ok") == [["no"], ["me", "duele"], ["el", "pecho"], ["ok"]]


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("docter", "doctor"),
        ("doctr", "doctor"),
        ("apointment", "appointment"),
        ("appoitment", "appointment"),
        ("appointmnet", "appointment"),
        ("cancle", "cancel"),
        ("cansel", "cancel"),
        ("reshedule", "reschedule"),
        ("rescedule", "reschedule"),
        ("confrim", "confirm"),
        ("emergancy", "emergency"),
        ("unconcious", "unconscious"),
        ("siezure", "seizure"),
        ("brething", "breathing"),
        ("wendesday", "wednesday"),
        ("nesesito", "necesito"),
        ("canselar", "cancelar"),
    ],
)
def test_a_slip_in_a_word_that_steers_is_put_right(slip: str, meant: str) -> None:
    assert respell([slip]) == [meant]


@pytest.mark.parametrize(
    "word",
    [
        "cancer", "charge", "mourning", "strike", "season", "concern", "water", "brother", "cheat", "chess", "money", "marco",
        "marcos", "person", "secured", "measure", "leisure", "pleading", "friends", "reason", "thanks", "change",
        "breaths", "hearts", "spelling", "smelling", "cooking", "mother", "afternoon", "beard", "dates", "agosto",
        "mario", "maria", "martin", "techo", "derecho", "hecho", "parte", "cambio", "tardes", "sangre",
    ],
)  # fmt: skip
def test_a_real_word_that_looks_alike_is_left_alone(word: str) -> None:
    assert respell([word]) == [word]


def test_a_pattern_of_alternatives_options_and_gaps_finds_the_longest_phrase() -> None:
    book = Phrasebook([("book|make an? appointment", "book"), ("make", "short"), ("cancel .. visit", "cancel")])

    assert [found.value for found in book.search(["please", "make", "appointment"])] == ["book", "short"]
    assert book.match_at(["make", "an", "appointment"], 0) == next(iter(book.search(["make", "an", "appointment"])))
    assert [found.value for found in book.search(["cancel", "my", "next", "visit"])] == ["cancel"]
    assert list(book.search(["cancel", "a", "b", "c", "d", "visit"])) == []


def test_a_pattern_cannot_start_with_a_gap() -> None:
    with pytest.raises(ValueError, match="starts with a word"):
        Phrasebook([(".. visit", "x")])


@pytest.mark.parametrize(
    ("devanagari", "latin"), [("शर्मा", "sharma"), ("प्रिया", "priya"), ("खान", "khan"), ("abc", "abc"), ("", "")]
)
def test_devanagari_names_get_a_comparable_latin_spelling(devanagari: str, latin: str) -> None:
    assert romanise(devanagari) == latin
