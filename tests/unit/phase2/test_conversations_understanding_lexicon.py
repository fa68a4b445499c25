"""The word lists themselves: what a careless edit would break."""

from __future__ import annotations

from types import ModuleType

import pytest

from apps.conversations.understanding import EmergencyCategory, Intent, Relation
from apps.conversations.understanding.lexicon import (
    BY_LANGUAGE,
    CALENDAR_BY_LANGUAGE,
    EMERGENCIES_BY_LANGUAGE,
    INTENTS_BY_LANGUAGE,
    MODULES,
    every_text,
)
from apps.conversations.understanding.phrases import lines
from apps.conversations.understanding.text import fold


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_no_alternative_is_listed_twice(module: ModuleType) -> None:
    """A repeat is nearly always an expression of several words written among single ones ("kal|kl|kal ko")."""
    elements = [
        part.removesuffix("?").split("|")
        for text in every_text(module)
        for line in lines(text)
        for part in fold(line).split()
    ]

    assert [words for words in elements if len(words) != len(set(words))] == []


@pytest.mark.parametrize("code", BY_LANGUAGE)
def test_every_language_knows_every_intent_that_words_decide(code: str) -> None:
    by_words = set(Intent) - {Intent.EMERGENCY, Intent.START, Intent.YES, Intent.NO, Intent.UNKNOWN}

    assert {Intent[name] for name in INTENTS_BY_LANGUAGE[code].INTENTS} == by_words


@pytest.mark.parametrize("code", BY_LANGUAGE)
def test_every_language_knows_every_emergency(code: str) -> None:
    module = EMERGENCIES_BY_LANGUAGE[code]

    assert set(module.SYMPTOMS) | set(module.CONDITIONS) | {"self_harm"} == set(EmergencyCategory)


@pytest.mark.parametrize("code", BY_LANGUAGE)
def test_every_language_knows_every_relation(code: str) -> None:
    assert set(BY_LANGUAGE[code].RELATIONS) == set(Relation) | {"someone"}


@pytest.mark.parametrize("code", BY_LANGUAGE)
def test_every_language_knows_every_weekday_and_month(code: str) -> None:
    keys = set(CALENDAR_BY_LANGUAGE[code].SYMBOLS)

    assert {f"weekday {number}" for number in range(7)} <= keys
    assert {f"month {number}" for number in range(1, 13)} <= {key.removeprefix("maybe-") for key in keys}


@pytest.mark.parametrize("code", BY_LANGUAGE)
def test_every_language_counts_ten_places(code: str) -> None:
    assert set(BY_LANGUAGE[code].ORDINALS) == set(range(1, 11))
