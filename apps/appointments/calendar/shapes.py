"""What the calendar's page draws: columns with blocks, placed in minutes from the top of the grid."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field

from apps.core.shown import Shown
from apps.practitioners.models import Practitioner, Room


@dataclass(frozen=True, slots=True)
class Block(Shown):
    """Something in a column: a visit, a group, a hold, a buffer, or a shaded time.

    `top` and `minutes` place it; of those at one time each has a `lane` of so many `lanes`, beside each other.
    """

    kind: str
    top: int
    minutes: int
    title: str = ""
    detail: str = ""
    icon: str = ""
    word: str = ""
    time: str = ""
    css: str = ""
    id: uuid.UUID | None = None
    path: str = ""
    version: int = 0
    movable: bool = False
    held_until: dt.datetime | None = None
    lane: int = 0
    lanes: int = 1

    @property
    def place(self) -> str:
        """Return where it stands, for the style sheet (`cssvars`)."""
        where = f"s:{self.top};d:{self.minutes}"
        return where if self.lanes == 1 else f"{where};l:{self.lane};w:{self.lanes}"

    @property
    def sentence(self) -> str:
        """Return all that it says, for those who point at it."""
        return " · ".join(part for part in (f"{self.time} {self.title}", self.detail, self.word) if part)

    @property
    def size(self) -> str:
        """Return the class of a block that is too low for two lines (30 minutes), or for the usual one (20, 15)."""
        sizes = ((15, "is-line is-short is-tiny"), (20, "is-line is-short"), (30, "is-line"))
        return next((css for minutes, css in sizes if self.minutes < minutes), "")

    @property
    def is_tall(self) -> bool:
        """Tell whether a second line fits."""
        return self.minutes >= 30


@dataclass(slots=True)
class Column:
    """A practitioner, or a room, on one local date. One with neither shows the visits that have no room."""

    day: dt.date
    title: str
    practitioner: Practitioner | None = None
    room: Room | None = None
    detail: str = ""
    is_today: bool = False
    blocks: list[Block] = field(default_factory=list)

    @property
    def takes_visits(self) -> bool:
        """Tell whether something may be dropped or booked here."""
        return self.practitioner is not None or self.room is not None


@dataclass(frozen=True, slots=True)
class Grid:
    """What the page draws; `hours` are the labelled lines as (minute from the top, label)."""

    columns: list[Column]
    hours: list[tuple[int, str]]
    halves: list[int]
    first_minute: int
    minutes: int
    now_minute: int | None
    now_label: str


@dataclass(frozen=True, slots=True)
class Entry(Shown):
    """A line of the agenda: a visit, a group or a hold, and whose."""

    block: Block
    who: str
    is_over: bool
    is_now: bool
