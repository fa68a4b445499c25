"""What a search for slots reads: one statement, one row per person, place and room, their periods as arrays.

Busy rows are found by the btree on (organization, practitioner, start). The exclusion constraint's own index would be
no help: range operators are not leakproof, so row-level security keeps them out of index conditions.
Instants are whole seconds since 1970 UTC; a period's begin is rounded down and its end up.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from apps.appointments.models import WHAT_IS_BUSY, AppointmentType

Gap = tuple[int, int]


class Periods(NamedTuple):
    """Periods that don't overlap, sorted: begins and ends."""

    begins: list[int]
    ends: list[int]

    def gaps(self, first: int, last: int, before: int, after: int) -> list[Gap]:
        """Return the open intervals, near [first, last], in which nothing may start that needs [-before, +after)."""
        low = bisect_right(self.ends, first - before)
        high = bisect_left(self.begins, last + after)
        return [(self.begins[n] - after, self.ends[n] + before) for n in range(low, high)]

    def allow(self, start: int, before: int, after: int) -> bool:
        """Tell whether [start - before, start + after) meets none of the periods."""
        following = bisect_right(self.ends, start - before)
        return following == len(self.begins) or self.begins[following] >= start + after


class Hours(NamedTuple):
    """A row of weekly hours."""

    place: str
    weekday: int
    start: dt.time
    end: dt.time
    valid_from: str | None
    valid_until: str | None
    room: str | None

    def hold_on(self, date: dt.date) -> bool:
        """Tell whether the row is valid on a date (ISO dates compare as text)."""
        day = date.isoformat()
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


class Group(NamedTuple):
    """A group that has a seat left: its instant, where it meets."""

    start: int
    place: str
    room: uuid.UUID | None


class Person(NamedTuple):
    """A practitioner: hours, busy periods with buffers, absences, groups with a free seat in order of time."""

    id: uuid.UUID
    name: str
    hours: list[Hours]
    busy: Periods
    away: Periods
    groups: list[Group]


class Place(NamedTuple):
    """A location: zone, closures (those of all locations included)."""

    id: uuid.UUID
    name: str
    zone: ZoneInfo
    closed: Periods


class Room(NamedTuple):
    """A room and when it is taken."""

    id: uuid.UUID
    busy: Periods


Visits = Sequence[tuple[dt.datetime, dt.datetime]]


class Scene(NamedTuple):
    """Everything a search looks at; people in the order in which they are listed, rooms by name.

    `elsewhere` is when the patient whom the search is for has visits, [start, end) each.
    """

    people: list[Person]
    places: dict[str, Place]
    rooms: dict[str, list[Room]]
    elsewhere: Visits = ()


class OwnVisits(NamedTuple):
    """A patient whose own visits are in the way, but for those to ignore, in [lower, upper)."""

    patient_id: uuid.UUID
    lower: dt.datetime
    upper: dt.datetime
    ignored: Sequence[uuid.UUID] = ()


# A function of the database (migration 0009) keeps its plan, as `conflicts.facts` does.
_SCENE = f"""
    SELECT * FROM appointments_scene(
        organization => %(organization)s, type => %(type)s, practitioners => %(practitioners)s, location => %(location)s,
        room => %(room)s, any_room => %(any_room)s, capacity => %(capacity)s, duration => %(duration)s,
        earliest => %(lower)s, latest => %(upper)s, {WHAT_IS_BUSY}, moment => %(now)s)
"""  # noqa: S608 - a constant of ours
_VISITS = f"""
    SELECT * FROM appointments_visits_of(
        organization => %(organization)s, patient => %(patient)s, earliest => %(from)s, latest => %(until)s,
        {WHAT_IS_BUSY}, moment => %(now)s, ignored => %(ignored)s::uuid[])
"""  # noqa: S608 - a constant of ours


def load_scene(
    *,
    organization_id: uuid.UUID,
    appointment_type: AppointmentType,
    minutes: int,
    lower: dt.datetime,
    upper: dt.datetime,
    practitioner_ids: Sequence[uuid.UUID] | None,
    location_id: uuid.UUID | None,
    room_id: uuid.UUID | None,
    now: dt.datetime,
    own_visits: OwnVisits | None = None,
) -> Scene:
    """Read what bears on slots of so many minutes that start in [lower, upper).

    With it the patient's own visits, where one is given. One query; rooms and groups only when the type has them.
    """
    values: dict[str, Any] = {
        "organization": organization_id,
        "type": appointment_type.pk,
        "practitioners": None if practitioner_ids is None else list(practitioner_ids),
        "location": location_id,
        "room": room_id,
        "any_room": appointment_type.needs_room,
        "capacity": appointment_type.capacity,
        "duration": dt.timedelta(minutes=minutes),
        "lower": lower,
        "upper": upper,
        "now": now,
    }
    with connection.cursor() as cursor:
        if own_visits is None:
            cursor.execute(_SCENE, values)
            return scene_of(cursor.fetchall())
        whose = {
            "patient": own_visits.patient_id,
            "from": own_visits.lower,
            "until": own_visits.upper,
            "ignored": list(own_visits.ignored),
        }
        cursor.execute(f"{_SCENE};{_VISITS}", values | whose)
        rows = cursor.fetchall()
        cursor.nextset()
        return scene_of(rows, elsewhere=cursor.fetchall())


def scene_of(rows: Iterable[tuple[Any, ...]], *, elsewhere: Visits = ()) -> Scene:
    """Return the scene that rows of `appointments_scene` describe."""
    scene = Scene([], {}, {}, elsewhere)
    groups: dict[uuid.UUID, list[Group]] = {}
    for kind, id_, name, detail, begins, ends, away_begins, away_ends in rows:
        periods = Periods(begins or [], ends or [])
        if kind == "person":
            hours = [_hours(*row) for row in json.loads(detail or "[]")]
            away = Periods(away_begins or [], away_ends or [])
            scene.people.append(Person(id_, name, hours, periods, away, groups.setdefault(id_, [])))
        elif kind == "place":
            scene.places[str(id_)] = Place(id_, name, ZoneInfo(detail), periods)
        elif kind == "group":
            start, place, room = json.loads(detail)
            groups.setdefault(id_, []).append(Group(int(start), place, uuid.UUID(room) if room else None))
        else:
            scene.rooms.setdefault(detail, []).append(Room(id_, periods))
    return scene


def _hours(place: str, weekday: int, start: str, end: str, *rest: Any) -> Hours:
    return Hours(place, weekday, _time(start), _time(end), *rest)


@lru_cache(maxsize=2048)
def _time(text: str) -> dt.time:
    return dt.time.fromisoformat(text)
