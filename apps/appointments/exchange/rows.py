"""What a row of an imported file means: which patient, whom they see, when, and what became of it."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.exchange.moments import Unreadable, on_wall, read_day, read_moment, read_time
from apps.appointments.exchange.patients import find_patient
from apps.appointments.models import AppointmentImport, AppointmentType, CancelReason, Status
from apps.core.imports.refusals import Gathered, RowRefused
from apps.organizations.models import Location, Organization
from apps.patients.folding import fold
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner, Room

OVER = frozenset({Status.FULFILLED, Status.NO_SHOW, Status.CANCELLED})
_STATUS_NAMES = {
    Status.BOOKED: "booked|scheduled|confirmed|unconfirmed|planned|pending|active|open|new|arrived|waiting|in progress|checked in",
    Status.FULFILLED: "fulfilled|done|completed|complete|attended|seen|finished|checked out|kept|closed",
    Status.NO_SHOW: "noshow|no show|missed|dna|did not attend|did not come|did not arrive",
    Status.CANCELLED: "cancelled|canceled|cancel|called off|rescheduled|late cancellation",
}
_STATUS_OF = {name: status for status, names in _STATUS_NAMES.items() for name in names.split("|")}
LONGEST_REASON = 500
Named = TypeVar("Named", Practitioner, AppointmentType, Location, Room)


@dataclass(slots=True)
class Directory:
    """Whom and what rows may name, found by id or by folded name. Four queries, whatever the number of rows."""

    organization: Organization
    practitioners: dict[str, list[Practitioner]] = field(default_factory=lambda: defaultdict(list))
    types: dict[str, list[AppointmentType]] = field(default_factory=lambda: defaultdict(list))
    locations: dict[str, list[Location]] = field(default_factory=lambda: defaultdict(list))
    rooms: dict[str, list[Room]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, organization: Organization) -> Directory:
        """Read the clinic's people, types, places and rooms; those out of use too, which old visits name."""
        made = cls(organization)
        for person in Practitioner.objects.for_organization(organization):
            names = (
                person.display_name,
                person.short_name,
                f"{person.given_name} {person.family_name}",
                f"{person.family_name} {person.given_name}",
                person.family_name,
            )
            _note(made.practitioners, person, names)
        for kind in AppointmentType.objects.for_organization(organization):
            _note(made.types, kind, (kind.name,))
        for place in Location.objects.for_organization(organization):
            _note(made.locations, place, (place.name,))
        for room in Room.objects.for_organization(organization):
            _note(made.rooms, room, (room.name,))
        return made


def _note(index: dict[str, list[Named]], row: Named, names: Iterable[str]) -> None:
    for key in dict.fromkeys([str(row.pk), *(fold(name) for name in names)]):
        index[key].append(row)


@dataclass(frozen=True, slots=True)
class Visit:
    """What a row asks for. `known_as` is the id of an appointment here, when the row is from our own export."""

    patient: Patient
    practitioner: Practitioner
    appointment_type: AppointmentType
    location: Location
    room: Room | None
    start: dt.datetime
    minutes: int
    status: str
    reason: str
    note: str
    cancelled_at: dt.datetime | None
    cancel_reason: str
    external_id: str
    known_as: uuid.UUID | None

    @property
    def is_over(self) -> bool:
        return self.status in OVER

    @property
    def end(self) -> dt.datetime:
        return self.start + dt.timedelta(minutes=self.minutes)


class Row:
    """The cells of a row by our fields; empty where the file has no such column."""

    def __init__(self, batch: AppointmentImport, cells: Sequence[str]) -> None:
        self.header: list[str] = batch.header
        self.mapping: Mapping[str, int] = batch.mapping
        self.cells = cells

    def __getitem__(self, name: str) -> str:
        position = self.mapping.get(name)
        return self.cells[position] if position is not None and position < len(self.cells) else ""

    def column(self, name: str) -> str:
        """Return what the file calls a field."""
        position = self.mapping.get(name)
        return self.header[position] if position is not None else ""

    def refuse(self, name: str, code: str, message: str) -> RowRefused:
        return RowRefused(self.column(name), code, message)


def read_visit(row: Row, *, directory: Directory, default_location: Location | None) -> Visit:
    """Return what the row asks for; at most three queries, for the patient. Raises RowRefused for all wrong cells."""
    organization = directory.organization
    room: Any = None
    start = status = minutes = cancelled_at = room
    with Gathered() as attempt:
        patient = attempt(find_patient, row, organization)
        kind = attempt(_named, row, "appointment_type", directory.types)
        person = attempt(_named, row, "practitioner", directory.practitioners)
        place = attempt(_location, row, directory, default_location)
        if place is not None:
            room = attempt(_room, row, directory, place)
            start = attempt(_start, row, place.zone, organization)
        if start is not None:
            status = attempt(_status, row, start)
        if start is not None and kind is not None:
            minutes = attempt(_minutes, row, start, place.zone, kind, organization)
        if status == Status.CANCELLED:
            cancelled_at = attempt(_cancelled_at, row, place.zone, organization)
        reason = attempt(_text, row, "reason", LONGEST_REASON)
        note = attempt(_text, row, "note", 2000)
    external_id, known_as = _identity(row, patient, person, start)
    return Visit(
        patient=patient,
        practitioner=person,
        appointment_type=kind,
        location=place,
        room=room,
        start=start,
        minutes=minutes,
        status=status,
        reason=reason,
        note=note,
        cancelled_at=cancelled_at,
        cancel_reason=_cancel_reason(row) if status == Status.CANCELLED else "",
        external_id=external_id,
        known_as=known_as,
    )


def _named(row: Row, name: str, index: Mapping[str, list[Named]]) -> Named:
    text = row[name]
    if not text:
        raise row.refuse(name, "missing", _("The cell is empty. Fill it in, or leave the row out."))
    found = index.get(text.lower()) or index.get(fold(text)) or []
    if not found:
        raise row.refuse(
            name,
            f"unknown_{name}",
            _("“%(text)s” is not known here. Write it as in the settings, or add it there first.")
            % {"text": text[:80]},
        )
    in_use = [one for one in found if one.is_active]
    if len(in_use or found) > 1:
        raise row.refuse(
            name,
            f"ambiguous_{name}",
            _("“%(text)s” fits more than one. Write the full name, or the id.") % {"text": text[:80]},
        )
    return (in_use or found)[0]


def _location(row: Row, directory: Directory, default: Location | None) -> Location:
    if row["location"]:
        return _named(row, "location", directory.locations)
    if default is not None:
        return default
    raise row.refuse("location", "missing", _("No location. Fill it in, or choose one for all rows."))


def _room(row: Row, directory: Directory, place: Location) -> Room | None:
    text = row["room"]
    if not text:
        return None
    named = directory.rooms.get(text.lower()) or directory.rooms.get(fold(text)) or []
    here = [room for room in named if room.location_id == place.pk]
    if not here:
        raise row.refuse(
            "room",
            "unknown_room",
            _("There is no room “%(text)s” at %(place)s. Add it in the settings, or empty the cell.")
            % {"text": text[:80], "place": place.name},
        )
    return here[0]


def _start(row: Row, zone: ZoneInfo, organization: Organization) -> dt.datetime:
    name = "start" if row.column("start") and row["start"] else "day"
    try:
        if name == "start":
            start = read_moment(row["start"], zone=zone, day_first=organization.day_first)
        else:
            if not row["day"] or not row["time"]:
                name = "start" if row.column("start") else ("time" if row["day"] else "day")
                raise Unreadable(_("The cell is empty. Fill it in, or leave the row out."))
            day = read_day(row["day"], day_first=organization.day_first)
            name = "time"
            start = on_wall(day, read_time(row["time"]), zone=zone)
    except Unreadable as error:
        raise row.refuse(name, "unreadable_time", str(error)) from error
    return start.replace(second=0, microsecond=0)


def _minutes(row: Row, start: dt.datetime, zone: ZoneInfo, kind: AppointmentType, organization: Organization) -> int:
    if row["minutes"]:
        text = row["minutes"].removesuffix("min").removesuffix("minutes").strip()
        minutes, name = (int(text) if text.isdecimal() and len(text) < 5 else 0), "minutes"
    elif row["end"]:
        name = "end"
        try:
            end = _end(row["end"], start, zone, organization)
        except Unreadable as error:
            raise row.refuse("end", "unreadable_time", str(error)) from error
        minutes = int((end - start).total_seconds() // 60)
    else:
        return kind.duration_minutes
    if not 5 <= minutes <= 600:
        raise row.refuse(name, "impossible_length", _("A visit lasts 5 to 600 minutes. Correct the cell, or empty it."))
    return minutes


def _end(text: str, start: dt.datetime, zone: ZoneInfo, organization: Organization) -> dt.datetime:
    """Return the end: a moment, or a time on the day of the start."""
    try:
        clock = read_time(text)
    except Unreadable:
        return read_moment(text, zone=zone, day_first=organization.day_first)
    return on_wall(start.astimezone(zone).date(), clock, zone=zone)


def _status(row: Row, start: dt.datetime) -> str:
    text = row["status"]
    is_past = start < timezone.now()
    if not text:
        status: str | None = None if is_past else Status.BOOKED
    else:
        status = _STATUS_OF.get(fold(text.replace("_", " ").replace("-", " "))) or _STATUS_OF.get(fold(text))
        if status is None:
            raise row.refuse(
                "status",
                "unknown_status",
                _("“%(text)s” is not known here. Write booked, fulfilled, noshow or cancelled.") % {"text": text[:40]},
            )
    if is_past and status in {None, Status.BOOKED}:
        raise row.refuse(
            "status",
            "past_but_booked",
            _("That time has passed. Say what became of it: fulfilled, noshow or cancelled."),
        )
    if not is_past and status in {Status.FULFILLED, Status.NO_SHOW}:
        raise row.refuse(
            "status",
            "not_begun",
            _("It has not begun yet, so it can be neither done nor missed. Write booked, or correct the date."),
        )
    return str(status)


def _text(row: Row, name: str, limit: int) -> str:
    text = row[name]
    if len(text) > limit:
        raise row.refuse(name, "too_long", _("At most %(number)d characters. Shorten the text.") % {"number": limit})
    return text


def _cancelled_at(row: Row, zone: ZoneInfo, organization: Organization) -> dt.datetime | None:
    if not row["cancelled_at"]:
        return None
    try:
        return read_moment(row["cancelled_at"], zone=zone, day_first=organization.day_first)
    except Unreadable as error:
        raise row.refuse("cancelled_at", "unreadable_time", str(error)) from error


def _cancel_reason(row: Row) -> str:
    """Return the reason when it is one of ours; other systems' words for it are not guessed."""
    text = fold(row["cancel_reason"])
    return text if text in CancelReason.values else ""


def _identity(row: Row, patient: Patient, person: Practitioner, start: dt.datetime) -> tuple[str, uuid.UUID | None]:
    """Return under which id the visit is kept, so that the same row never makes a second one.

    The other system's id; else the id of the clinic that exported it; else what makes it that visit.
    """
    known_as = None
    if row["id"]:
        try:
            known_as = uuid.UUID(row["id"])
        except ValueError:
            known_as = None
    given = row["external_id"] or row["id"]
    if len(given) > 120:
        name = "external_id" if row["external_id"] else "id"
        raise row.refuse(name, "too_long", _("At most %(number)d characters. Shorten the id.") % {"number": 120})
    if given:
        return given, known_as
    content = f"{patient.pk}|{person.pk}|{start.isoformat()}"
    return f"row:{hashlib.sha256(content.encode()).hexdigest()[:32]}", None
