"""What somebody wants to book, and what can stand against it."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from apps.appointments.availability import require_same_organization
from apps.appointments.models import AppointmentType, Source
from apps.core.dates import day_in_words
from apps.core.errors import InvalidInput
from apps.organizations.models import Location, Organization
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner, Room


@dataclass(frozen=True, slots=True)
class BookingConflict:
    """One reason against a booking; `until` (UTC) is when it ends, where it does."""

    code: str
    message: str
    hard: bool
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A visit that somebody wants: [start, start + minutes), with the type's buffers around it.

    `ignore` is the hold or appointment that it replaces. Without `room`, a type that needs one gets `preferred_room`
    or any that is free. With `overbook`, a time of the practitioner that is taken gets a lane of its own. `beside` are
    visits that move with it. `spoken_for` are rooms that somebody will have by then. A visit of a series may lie beyond the
    type's horizon. One that is over took its own time only: no buffers around it. `busy` is the time with the buffers that
    a visit was booked with, where it keeps them whatever its type says by now.
    """

    organization: Organization
    appointment_type: AppointmentType
    practitioner: Practitioner
    location: Location
    start: dt.datetime
    minutes: int
    patient: Patient | None = None
    room: Room | None = None
    preferred_room: uuid.UUID | None = None
    source: str = Source.STAFF
    ignore: uuid.UUID | None = None
    overbook: bool = False
    beside: frozenset[uuid.UUID] = frozenset()
    in_series: bool = False
    is_over: bool = False
    spoken_for: frozenset[uuid.UUID] = frozenset()
    busy: tuple[dt.datetime, dt.datetime] | None = None

    def __post_init__(self) -> None:
        require_same_organization(
            self.organization, self.appointment_type, self.practitioner, self.location, self.patient, self.room
        )
        if self.start.second or self.start.microsecond:
            raise InvalidInput(
                _("A visit starts at a whole minute."),
                errors={"start": [_("Leave out seconds, for example 09:30:00.")]},
            )
        if not 5 <= self.minutes <= 600:
            raise InvalidInput(
                _("A visit lasts 5 to 600 minutes."), errors={"duration_minutes": [_("Choose 5 to 600 minutes.")]}
            )
        if self.room is not None and self.room.location_id != self.location.pk:
            raise InvalidInput(
                _("%(room)s is not at %(location)s. Choose a room there.")
                % {"room": self.room.name, "location": self.location.name},
                errors={"room": [_("Not at this location.")]},
            )

    @property
    def end(self) -> dt.datetime:
        return self.start + dt.timedelta(minutes=self.minutes)

    @property
    def busy_from(self) -> dt.datetime:
        if self.busy is not None:
            return self.busy[0]
        buffer = 0 if self.is_over else self.appointment_type.buffer_before_minutes
        return self.start - dt.timedelta(minutes=buffer)

    @property
    def busy_until(self) -> dt.datetime:
        if self.busy is not None:
            return self.busy[1]
        buffer = 0 if self.is_over else self.appointment_type.buffer_after_minutes
        return self.end + dt.timedelta(minutes=buffer)

    @property
    def moving(self) -> list[uuid.UUID]:
        """Return the rows that are no obstacle: the one that this replaces, and those that move with it."""
        return [*self.beside, *([self.ignore] if self.ignore else [])]

    @property
    def wants_any_room(self) -> bool:
        """Tell whether a room is needed but none was named."""
        return self.appointment_type.needs_room and self.room is None

    def clock(self, moment: dt.datetime) -> str:
        """Return the time on the location's wall."""
        return f"{moment.astimezone(self.location.zone):%H:%M}"

    def day(self, moment: dt.datetime) -> str:
        """Return the date at the location."""
        return day_in_words(moment.astimezone(self.location.zone), "l j F")


@dataclass(slots=True)
class Examination:
    """What an examination found: the reasons against, where the visit would go, and expired holds in the way.

    `session` and `seat` are set for a visit of a group, `lane` is 0 unless the time is overbooked on purpose;
    `lane_reason` is why the group that is joined stands beside others.
    """

    conflicts: list[BookingConflict] = field(default_factory=list)
    room_id: uuid.UUID | None = None
    lane: int = 0
    lane_reason: str = ""
    session: uuid.UUID | None = None
    seat: int = 0
    expired_holds: list[uuid.UUID] = field(default_factory=list)

    @property
    def hard(self) -> list[BookingConflict]:
        return [conflict for conflict in self.conflicts if conflict.hard]
