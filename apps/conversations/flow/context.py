"""The flow's memory between two messages of a contact, stored as JSON in `Conversation.context`."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo


class Goal(StrEnum):
    """What the contact wants to reach; identification comes before any of them."""

    BOOK = "book"
    MOVE = "move"
    CANCEL = "cancel"
    CONFIRM = "confirm"
    VIEW = "view"


@dataclass(frozen=True, slots=True)
class Offer:
    """A free time as it was shown to the contact. Start is UTC; names are for the words around it."""

    practitioner_id: uuid.UUID
    practitioner_name: str
    location_id: uuid.UUID
    location_name: str
    room_id: uuid.UUID | None
    start: dt.datetime
    timezone: str

    @property
    def local_start(self) -> dt.datetime:
        """Return the start on the location's wall clock."""
        return self.start.astimezone(ZoneInfo(self.timezone))

    def to_json(self) -> dict[str, Any]:
        return {
            "practitioner_id": str(self.practitioner_id),
            "practitioner_name": self.practitioner_name,
            "location_id": str(self.location_id),
            "location_name": self.location_name,
            "room_id": str(self.room_id) if self.room_id else None,
            "start": self.start.isoformat(),
            "timezone": self.timezone,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            practitioner_id=uuid.UUID(data["practitioner_id"]),
            practitioner_name=data["practitioner_name"],
            location_id=uuid.UUID(data["location_id"]),
            location_name=data["location_name"],
            room_id=uuid.UUID(data["room_id"]) if data.get("room_id") else None,
            start=dt.datetime.fromisoformat(data["start"]),
            timezone=data["timezone"],
        )


@dataclass(slots=True)
class FlowContext:
    """What the dialogue knows so far. Forgotten after 24 hours of silence, at hand-back and when the thread closes.
    A hand-back before anybody said anything goes on in the state `paused_in`; `paused_at` (UTC) is the last message then.

    `patient_id` is whom the visit is for once that is verified or registered; `candidates` are people who share the
    address and whose first name fits, not verified yet. `tries` counts messages in a row that were not understood.
    `missed` is the wish that no free time fitted, `missed_with` the practitioners asked for who have none; `asks_to_wait`
    says that the waiting list is what was asked about.
    """

    goal: Goal = Goal.BOOK
    reason: str = ""
    type_id: uuid.UUID | None = None
    for_other: bool = False
    given_name: str = ""
    family_name: str = ""
    candidates: list[uuid.UUID] = field(default_factory=list)
    birth_dates: list[dt.date] = field(default_factory=list)
    mismatches: int = 0
    patient_id: uuid.UUID | None = None
    offers: list[Offer] = field(default_factory=list)
    offered_until: dt.datetime | None = None
    wish: dict[str, Any] | None = None
    practitioner_ids: list[uuid.UUID] = field(default_factory=list)
    missed: dict[str, Any] | None = None
    missed_with: list[uuid.UUID] = field(default_factory=list)
    asks_to_wait: bool = False
    rounds: int = 0
    chosen: Offer | None = None
    hold_id: uuid.UUID | None = None
    appointment_id: uuid.UUID | None = None
    tries: int = 0
    emergency_at: dt.datetime | None = None
    file_at: dt.datetime | None = None
    is_new: bool = False
    paused_in: str = ""
    paused_at: dt.datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Return only what differs from an empty memory, so that it stays readable in the admin."""
        empty = FlowContext()
        return {
            f.name: _to_json(getattr(self, f.name))
            for f in dataclasses.fields(self)
            if getattr(self, f.name) != getattr(empty, f.name)
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the stored memory; names that this version of the code does not know are left out."""
        known = {f.name for f in dataclasses.fields(cls)}
        return cls(
            **{
                name: _FROM_JSON.get(name, _same)(value)
                for name, value in data.items()
                if name in known and value is not None
            }
        )

    def forget_choice(self) -> None:
        """Forget the chosen time and its hold, keep what was offered."""
        self.chosen, self.hold_id = None, None

    def start_over(self, goal: Goal) -> None:
        """Begin a new wish of the same, already known person. Wrong birth dates stay counted: nobody guesses on."""
        fresh = FlowContext(
            goal=goal,
            patient_id=self.patient_id,
            mismatches=self.mismatches,
            emergency_at=self.emergency_at,
            file_at=self.file_at,
        )
        for f in dataclasses.fields(self):
            setattr(self, f.name, getattr(fresh, f.name))


def known(pk: uuid.UUID | None) -> uuid.UUID:
    """Return an id that the present state can't do without; raise LookupError when the memory lacks it."""
    if pk is None:
        raise LookupError("the memory lacks what its state needs")
    return pk


def _to_json(value: Any) -> Any:
    if isinstance(value, Offer):
        return value.to_json()
    if isinstance(value, list):
        return [_to_json(item) for item in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID | Goal) else value


def _same(value: Any) -> Any:
    return value


_FROM_JSON: dict[str, Any] = {
    "goal": Goal,
    "type_id": uuid.UUID,
    "candidates": lambda ids: [uuid.UUID(pk) for pk in ids],
    "patient_id": uuid.UUID,
    "birth_dates": lambda dates: [dt.date.fromisoformat(date) for date in dates],
    "missed_with": lambda ids: [uuid.UUID(pk) for pk in ids],
    "practitioner_ids": lambda ids: [uuid.UUID(pk) for pk in ids],
    "offers": lambda offers: [Offer.from_json(offer) for offer in offers],
    "offered_until": dt.datetime.fromisoformat,
    "chosen": Offer.from_json,
    "hold_id": uuid.UUID,
    "appointment_id": uuid.UUID,
    "emergency_at": dt.datetime.fromisoformat,
    "file_at": dt.datetime.fromisoformat,
    "paused_at": dt.datetime.fromisoformat,
}
