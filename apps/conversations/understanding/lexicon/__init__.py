"""The words of each language as plain data, one module per language and topic."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from . import (
    calendar_english,
    calendar_hindi,
    calendar_spanish,
    emergencies_english,
    emergencies_hindi,
    emergencies_spanish,
    english,
    hindi,
    intents_english,
    intents_hindi,
    intents_spanish,
    spanish,
)

BY_LANGUAGE: dict[str, ModuleType] = {"en": english, "es": spanish, "hi": hindi}
INTENTS_BY_LANGUAGE: dict[str, ModuleType] = {"en": intents_english, "es": intents_spanish, "hi": intents_hindi}
EMERGENCIES_BY_LANGUAGE: dict[str, ModuleType] = {
    "en": emergencies_english,
    "es": emergencies_spanish,
    "hi": emergencies_hindi,
}
CALENDAR_BY_LANGUAGE: dict[str, ModuleType] = {"en": calendar_english, "es": calendar_spanish, "hi": calendar_hindi}
MODULES: tuple[ModuleType, ...] = (
    *BY_LANGUAGE.values(),
    *INTENTS_BY_LANGUAGE.values(),
    *EMERGENCIES_BY_LANGUAGE.values(),
    *CALENDAR_BY_LANGUAGE.values(),
)


def every_text(module: ModuleType) -> Iterator[str]:
    """Yield each text in a module's public constants, however deep."""
    for name, value in vars(module).items():
        if name.isupper() and not name.startswith("_"):
            yield from _texts(value)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
