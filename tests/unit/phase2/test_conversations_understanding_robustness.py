"""Any text at all: no function raises, none reads more than its limit, and each answers the same twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apps.conversations.understanding import (
    MAX_CHARS,
    Option,
    detect_emergency,
    detect_intent,
    detect_language,
    fold,
    normalise,
    opt_keyword,
    parse_birth_date,
    parse_choice,
    parse_for_whom,
    parse_name,
    parse_when,
    parse_yes_no,
    requested_language,
)
from apps.conversations.understanding.text import clauses, tokens

NOW = datetime(2025, 11, 18, 10, 30, tzinfo=ZoneInfo("America/New_York"))
OPTIONS = [
    Option("a", "Fri 21 Nov 9:00, Dr. López", datetime(2025, 11, 21, 9, tzinfo=NOW.tzinfo), "Dr. Ana López"),
    Option("b", "", datetime(2025, 11, 24, 15, tzinfo=NOW.tzinfo), None),
    Option("c", "Follow-up"),
]

READERS: dict[str, Callable[[str], object]] = {
    "normalise": normalise,
    "fold": fold,
    "tokens": tokens,
    "clauses": clauses,
    "detect_language": lambda text: detect_language(text, default="en"),
    "requested_language": requested_language,
    "opt_keyword": lambda text: opt_keyword(text, "sms", opted_out=True),
    "detect_emergency": detect_emergency,
    "detect_intent": lambda text: detect_intent(text, "es"),
    "parse_yes_no": lambda text: parse_yes_no(text, "hi"),
    "parse_choice": lambda text: parse_choice(text, OPTIONS, "en", today=NOW.date()),
    "parse_when": lambda text: parse_when(text, now=NOW, language="en"),
    "parse_when in Spanish": lambda text: parse_when(text, now=NOW, language="es", day_first=True),
    "parse_when in Hindi": lambda text: parse_when(text, now=NOW, language="hi", day_first=True),
    "parse_for_whom": lambda text: parse_for_whom(text, "en"),
    "parse_name": lambda text: parse_name(text, "es"),
    "parse_birth_date": lambda text: parse_birth_date(text, day_first=None, today=NOW.date()),
}

WORDS = [
    "monday",
    "friday",
    "lunes",
    "viernes",
    "somvar",
    "tomorrow",
    "mañana",
    "kal",
    "today",
    "hoy",
    "aaj",
    "next",
    "this",
    "last",
    "week",
    "weekend",
    "in",
    "3",
    "2",
    "25",
    "31",
    "0",
    "1978",
    "2025",
    "days",
    "weeks",
    "hours",
    "month",
    "november",
    "nov",
    "may",
    "march",
    "enero",
    "a",
    "las",
    "5",
    "pm",
    "am",
    "baje",
    "after",
    "before",
    "between",
    "and",
    "or",
    "not",
    "from",
    "to",
    "until",
    "se",
    "tak",
    "ke",
    "baad",
    "pehle",
    "the",
    "th",
    "st",
    ".",
    ":",
    "/",
    "-",
    ",",
    "?",
    "!",
    "half",
    "past",
    "quarter",
    "noon",
    "morning",
    "tarde",
    "noche",
    "early",
    "end",
    "of",
    "since",
    "desde",
    "hace",
    "ago",
    "within",
    "asap",
    "any",
    "el",
    "la",
    "de",
    "del",
    "que",
    "viene",
    "próximo",
    "no",
    "puedo",
    "yes",
    "sí",
    "haan",
    "i",
    "am",
    "my",
    "name",
    "is",
    "soy",
    "for",
    "para",
    "mi",
    "son",
    "hijo",
    "mere",
    "liye",
    "bete",
    "chest",
    "pain",
    "pecho",
    "saans",
    "nahi",
    "cant",
    "breathe",
    "stop",
    "second",
    "segundo",
    "dusra",
    "wala",
    "option",
    "#",
    "2️⃣",
    "dr",
    "lopez",
    "con",
    "with",
    "last",
    "first",
    "साल",
    "सोमवार",
    "कल",
    "बजे",
    "5",
    "के",
    "बाद",
]

any_text = st.text(max_size=300)
strange_text = st.text(
    st.characters(
        categories=(
            "Lu",
            "Ll",
            "Lo",
            "Lm",
            "Mn",
            "Mc",
            "Me",
            "Nd",
            "Nl",
            "No",
            "Cf",
            "Cc",
            "Cs",
            "So",
            "Sk",
            "Po",
            "Zs",
        )
    ),
    max_size=200,
)
word_soup = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)
moments = st.builds(datetime.combine, st.dates(date(1970, 1, 1), date(2200, 1, 1)), st.times(), st.just(NOW.tzinfo))
numbers = st.text("0123456789/.-: ,apmth", max_size=40)


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
@settings(max_examples=60, deadline=None)
@given(text=any_text | strange_text | word_soup | numbers)
@example("")
@example("\x00")
@example("31/12/9999")
@example("1.1.0001")
@example("\ud800")
@example("İ" * 50)
@example("\u0345\u0300\u0323" * 50)
@example("\u093c\u094d" * 20)
@example("9" * 300)
@example("99999999999999 days from now")
@example("in 99999999 weeks")
@example("hace 9999999999 días")
@example("0/0/0 00:00 24:60 12/2025")
@example("½ past 5")
@example("from from from to to to and and and")
def test_no_text_makes_a_reader_raise_and_the_answer_is_the_same_twice(
    reader: Callable[[str], object], text: str
) -> None:
    assert reader(text) == reader(text)


@settings(max_examples=150, deadline=None)
@given(any_text | strange_text)
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
    assert fold(fold(text)) == fold(text)


@settings(max_examples=150, deadline=None)
@given(word_soup, moments, st.sampled_from(["en", "es", "hi"]))
def test_a_wish_is_always_in_order(text: str, now: datetime, language: str) -> None:
    wish = parse_when(text, now=now, language=language)

    if wish is not None:
        assert wish.earliest is None or wish.latest is None or wish.earliest <= wish.latest
        assert wish.after is None or wish.before is None or wish.after < wish.before
        assert wish.weekdays is None or wish.weekdays <= set(range(7))
        assert wish.past == (wish.past and wish.latest is not None)


@settings(max_examples=100, deadline=None)
@given(word_soup | numbers, st.dates(date(1950, 1, 1), date(2100, 1, 1)))
def test_a_birth_date_is_never_in_the_future(text: str, today: date) -> None:
    born = parse_birth_date(text, day_first=True, today=today)

    assert not isinstance(born, date) or born <= today


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize(
    "unit",
    ["a", "a ", "1", "1 ", "no ", "after ", "chest ", "a.", "1/", "1:", "((", "mañana ", "क", "ा", "\u200b", "👍", "\n", "a'", "aaa ", "monday or ", "my name is "],
    ids=ascii,
)  # fmt: skip
def test_a_megabyte_costs_what_the_limit_costs(reader: Callable[[str], object], unit: str) -> None:
    text = unit * (1_000_000 // len(unit))

    assert reader(text) == reader(text[:MAX_CHARS])
