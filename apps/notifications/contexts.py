"""What a message can be about: higher floors register, per type, how to load what its texts may say."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from apps.communications.registry import Context
from apps.core.errors import InvalidInput
from apps.organizations.models import Organization
from apps.patients.models import Patient

Attachments = Callable[[str], list[dict[str, str]]]


def no_attachments(_channel: str) -> list[dict[str, str]]:
    """Return what most messages carry besides their words: nothing."""
    return []


@dataclass(frozen=True, slots=True)
class MessageContext:
    """Everything that a message about one object needs.

    `anchor` (UTC) is the moment that rules count from, for a visit its start. `variables` is what templates may name:
    groups of values, e.g. `{"patient": {"first_name": "Ana"}}`. `attachments(channel)` returns
    `[{filename, content_type, text}]`.
    """

    patient: Patient
    variables: Mapping[str, Any]
    anchor: dt.datetime
    zone: ZoneInfo
    version: int
    language: str
    context: Context
    attachments: Attachments = no_attachments


Loader = Callable[[Organization, uuid.UUID], MessageContext | None]

_loaders: dict[str, Loader] = {}
# Path → an example. Templates may name these and nothing else; previews show the examples.
_variables: dict[str, str] = {
    "patient.first_name": "Ana",
    "appointment.date": "23 November",
    "appointment.weekday": "Monday",
    "appointment.time": "09:30",
    "appointment.practitioner": "Dr. Okonkwo",
    "appointment.location": "Harbour Street",
    "appointment.address": "12 Harbour Street, New York",
    "appointment.type": "Consultation",
    "appointment.instructions": "Please bring your medication list.",
    "appointment.link": "https://portal.example/a/AZ0C7kq2dTmYoQx1n5YkQABc8rUe0mWlJz4hXsPfV9tCiw/",
    "clinic.name": "Tidewater Clinic",
    "clinic.phone": "+1 212 555 0100",
}


def register_context(context_type: str, loader: Loader) -> None:
    """Let messages be about objects of this type; `loader(organization, subject_id)` returns None for nobody to tell."""
    if _loaders.get(context_type, loader) is not loader:
        raise RuntimeError(f"two loaders for {context_type}")
    _loaders[context_type] = loader


def register_variables(examples: Mapping[str, str]) -> None:
    """Let templates name further variables, `group.name`, each with an example for previews."""
    _variables.update(examples)


def known_variables() -> dict[str, str]:
    """Return every variable that a template may name, with an example."""
    return dict(_variables)


def example_variables() -> dict[str, dict[str, str]]:
    """Return the examples as a template gets its variables: grouped."""
    grouped: dict[str, dict[str, str]] = {}
    for path, example in _variables.items():
        group, name = path.split(".", 1)
        grouped.setdefault(group, {})[name] = example
    return grouped


def load_context(organization: Organization, context_type: str, subject_id: uuid.UUID) -> MessageContext | None:
    """Return what messages about the object may say; raise InvalidInput for a type that nobody registered."""
    loader = _loaders.get(context_type)
    if loader is None:
        message = _("Messages can’t be about “%(type)s”. Known are: %(known)s.")
        text = message % {"type": context_type, "known": ", ".join(sorted(_loaders))}
        raise InvalidInput(text, errors={"context_type": [text]})
    return loader(organization, subject_id)
