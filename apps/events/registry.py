"""Which handlers listen to which events, and how an event reads to a person. Filled at start by each app's modules."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from apps.core.actors import Actor
    from apps.events.models import Event
    from apps.organizations.models import Organization

Handler = Callable[["Event"], None]
Identities = Callable[[uuid.UUID], Collection[uuid.UUID]]

_handlers: dict[str, Handler] = {}
_listeners: dict[str, list[str]] = {}


def on(*types: str) -> Callable[[Handler], Handler]:
    """Register a handler for event types. It runs in a worker, in its own transaction of the event's organization.

    It may run late, out of order, or again after a crash before its commit: re-read the state, then act.
    """

    def decorate(handler: Handler) -> Handler:
        name = f"{handler.__module__.removeprefix('apps.').removesuffix('.handlers')}.{handler.__name__}"
        if name in _handlers:
            raise RuntimeError(f"two event handlers are called {name}")
        _handlers[name] = handler
        for type_ in types:
            _listeners.setdefault(type_, []).append(name)
        return handler

    return decorate


def listeners(type_: str) -> list[str]:
    """Return the names of the handlers that listen to an event type, in registration order."""
    return _listeners.get(type_, [])


def handler_named(name: str) -> Handler | None:
    """Return the handler, or None when the code that had it is gone."""
    return _handlers.get(name)


@dataclass(frozen=True, slots=True)
class Presentation:
    """How an event type shows in a timeline.

    `kind` is the filter group (visits, messages, journeys, record); `sentence` gets the event and returns plain,
    translated text in past tense; `url` optionally returns where a click leads. `outside` takes the sentence's place where
    that names another patient's record: in files and on paper, which leave the house.
    """

    icon: str
    kind: str
    sentence: Callable[[Event], str]
    url: Callable[[Event], str] | None = None
    tone: str = "neutral"
    outside: Callable[[Event], str] | None = None

    def words(self, event: Event, *, outside: bool = False) -> str:
        """Return the sentence, for a reader in the house or `outside`."""
        return self.outside(event) if outside and self.outside is not None else self.sentence(event)


@dataclass(frozen=True, slots=True)
class Told:
    """What the subject of several events is now: its words, and its state with when it came about (UTC)."""

    quote: str
    word: str
    tone: str
    icon: str
    at: datetime | None = None


Teller = Callable[["Organization", Collection[uuid.UUID], "Actor | None"], dict[uuid.UUID, Told]]
_tellers: dict[str, tuple[str, Teller]] = {}


def tell(noun: str, *, by: str, teller: Teller) -> None:
    """Let the events of one subject be one line of a timeline: that of type `by`, or the latest where there is none.

    `noun` is the first part of their types. `teller` gets an organization, ids of subjects, and who reads (None:
    nobody who may read texts); it may ask one query.
    """
    _tellers[noun] = by, teller


def teller_of(type_: str) -> tuple[str, Teller] | None:
    """Return the type whose line stays, and who tells of the subject, for an event type whose lines are folded."""
    return _tellers.get(type_.split(".", 1)[0])


_presentations: dict[str, Presentation] = {}


def present(type_: str, presentation: Presentation) -> None:
    """Register how an event type reads; types without one stay out of timelines."""
    _presentations[type_] = presentation


def presentation_of(type_: str) -> Presentation | None:
    """Return the registered presentation of an event type."""
    return _presentations.get(type_)


def presented_types(kind: str | None = None) -> list[str]:
    """Return the event types that timelines show, of one kind or of all."""
    return [type_ for type_, p in _presentations.items() if kind is None or p.kind == kind]


_merged_into: list[Identities] = []


def tell_merged_by(identities: Identities) -> None:
    """Register who knows which records were merged into a patient's: events and access records keep their ids."""
    _merged_into[:] = [identities]


def merged_into(patient_id: uuid.UUID) -> Collection[uuid.UUID]:
    """Return the ids of the records that were merged into this one; one query."""
    return _merged_into[0](patient_id) if _merged_into else []
