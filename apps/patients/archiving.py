"""What is still to come for a patient who is about to be archived: each app that plans something says what.

A higher app registers a reader at start, so that no import points upward. Nothing here refuses: people decide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from apps.core.actors import Actor
from apps.patients.models import Patient


@dataclass(frozen=True, slots=True)
class Planned:
    """One thing to come, in a line; its URL shows it in the dialog."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Plans:
    """Things of one kind that are to come; `title` counts them in words and says what can be done first."""

    title: str
    lines: list[Planned]


Reader = Callable[[Patient], Plans | None]

_readers: dict[str, tuple[str, Reader]] = {}


def register_plans(*, key: str, permission: str, reader: Reader) -> None:
    """Ask `reader(patient)` before a patient is archived, for who has the permission; None when nothing is to come."""
    _readers[key] = (permission, reader)


def plans_of(*, patient: Patient, actor: Actor) -> list[Plans]:
    """Return what is to come for the patient, of what the actor may see; as many queries as there are readers."""
    answers = (reader(patient) for permission, reader in _readers.values() if actor.may(permission))
    return [plans for plans in answers if plans is not None]
