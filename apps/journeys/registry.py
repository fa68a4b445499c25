"""What journeys can react to and what they can do: event types and stage actions, which apps register at start."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apps.core.actors import Actor
from apps.core.errors import InvalidInput
from apps.events.registry import on

if TYPE_CHECKING:
    import datetime as dt

    from django.utils.functional import Promise

    from apps.events.models import Event
    from apps.journeys.models import Instance, Stage
    from apps.organizations.models import Organization

    Text = str | Promise


@dataclass(frozen=True, slots=True)
class Signal:
    """A fact that may move runs: what happened, to what, and which ids it carries.

    `at` is when it happened (UTC). Communications name their reason: an appointment, a journey's run, a conversation.
    """

    type: str
    payload: Mapping[str, Any]
    at: dt.datetime
    patient_id: uuid.UUID | None = None
    appointment_id: uuid.UUID | None = None
    conversation_id: uuid.UUID | None = None
    instance_id: uuid.UUID | None = None


Holds = Callable[["Signal"], bool]


@dataclass(frozen=True, slots=True)
class EventType:
    """An event that definitions may name. `holds` re-reads the state: events arrive late and out of order."""

    type: str
    label: Text
    holds: Holds | None = None
    implies: tuple[str, ...] = ()


_event_types: dict[str, EventType] = {}


def register_event_type(type_: str, label: Text, *, holds: Holds | None = None, implies: tuple[str, ...] = ()) -> None:
    """Let definitions start, advance, return or end on this event type.

    `implies` names types that count as having happened too: a message that was delivered was sent.
    """
    if type_ in _event_types:
        raise RuntimeError(f"journeys know the event type {type_} already")
    _event_types[type_] = EventType(type_, label, holds, implies)

    def follow(event: Event) -> None:
        from apps.journeys.services.following import follow_event

        follow_event(event=event)

    follow.__module__ = "apps.journeys.handlers"
    follow.__name__ = f"follow[{type_}]"
    on(type_)(follow)


def event_type(type_: str) -> EventType | None:
    """Return what is known about an event type, None for an unknown one."""
    return _event_types.get(type_)


def event_types() -> list[EventType]:
    """Return the event types that definitions may name, in registration order."""
    return list(_event_types.values())


@dataclass(frozen=True, slots=True)
class StageEntry:
    """What an action gets: the run that entered a stage, and its own settings.

    `position` is the action's place among the stage's actions; `key` is unique per entry and action, for dedupe keys.
    """

    instance: Instance
    stage: Stage
    settings: Mapping[str, Any]
    position: int
    key: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action did: a note for people, and for how many minutes the following actions wait."""

    note: str = ""
    wait_minutes: int = 0


Run = Callable[[StageEntry], Outcome]
Clean = Callable[["Organization", Mapping[str, Any]], dict[str, Any]]
Describe = Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Action:
    """Something a stage does when it is entered. It runs inside the transaction: it writes rows, no network.

    `clean` validates the settings when a definition is saved (InvalidInput); `describe` says them in words.
    An ApplicationError of `run` is noted at the stage and never stops the run.
    """

    key: str
    label: Text
    run: Run
    clean: Clean
    describe: Describe


_actions: dict[str, Action] = {}


def action(key: str, *, label: Text, clean: Clean, describe: Describe) -> Callable[[Run], Run]:
    """Register a stage action under the name that definitions use for it."""

    def decorate(run: Run) -> Run:
        if key in _actions:
            raise RuntimeError(f"two journey actions are called {key}")
        _actions[key] = Action(key, label, run, clean, describe)
        return run

    return decorate


def action_named(key: str) -> Action | None:
    """Return the action, or None when the code that had it is gone."""
    return _actions.get(key)


def actions() -> list[Action]:
    """Return every registered action, in registration order."""
    return list(_actions.values())


def clean_action(organization: Organization, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return an action's settings in stored form; raise InvalidInput for an unknown action or wrong settings."""
    from django.utils.translation import gettext as _

    known = _actions.get(str(settings.get("action", "")))
    if known is None:
        raise InvalidInput(
            _("There is no action “%(key)s”. Known actions: %(known)s.")
            % {"key": settings.get("action", ""), "known": ", ".join(_actions)},
            errors={"action": [", ".join(_actions)]},
        )
    return {"action": known.key, **known.clean(organization, settings)}
