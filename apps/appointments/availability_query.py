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
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from apps.appointments.models import BUSY_STATUSES, LONGEST, AppointmentType, Status

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


class Scene(NamedTuple):
    """Everything a search looks at; people in the order in which they are listed, rooms by name."""

    people: list[Person]
    places: dict[str, Place]
    rooms: dict[str, list[Room]]


_ARRAYS = """
    SELECT array_agg(floor(date_part('epoch', lower(r)))::int8) AS begins, array_agg(ceil(date_part('epoch', upper(r)))::int8) AS ends
    FROM (SELECT unnest(range_agg({period})) AS r FROM {rows}) AS merged
"""
_TAKEN = """
    appointments_appointment
    WHERE organization_id = %(organization)s AND {owner} AND start > %(lower)s - %(reach)s AND start < %(upper)s + %(reach)s
      AND status = ANY(%(busy)s) AND (status <> %(held)s OR held_until > %(now)s)
"""
_NEAR = "organization_id = %(organization)s AND upper(period) > %(lower)s AND lower(period) < %(upper)s + %(reach)s"
_AWAY = f"""(
    SELECT period FROM practitioners_timeoff WHERE practitioner_id = p.id AND {_NEAR}
    UNION ALL SELECT period FROM practitioners_busytime WHERE practitioner_id = p.id AND {_NEAR}
) AS absence"""  # noqa: S608 - pieces of this module; every value is a parameter
_PEOPLE = f"""
    SELECT 'person' AS kind, p.id,
        concat_ws(' ', nullif(p.prefix, ''), nullif(p.given_name, ''), nullif(p.family_name, '')) AS name,
        (SELECT json_agg(json_build_array(location_id, weekday, start_time, end_time, valid_from, valid_until, room_id) ORDER BY start_time)
         FROM practitioners_weeklyhours WHERE organization_id = %(organization)s AND practitioner_id = p.id)::text AS detail,
        busy.begins, busy.ends, away.begins, away.ends, p.sort_order AS rank, p.family_name AS tie
    FROM practitioners_practitioner p
    CROSS JOIN LATERAL ({_ARRAYS.format(period="busy_period", rows=_TAKEN.format(owner="practitioner_id = p.id"))}) AS busy
    CROSS JOIN LATERAL ({_ARRAYS.format(period="period", rows=_AWAY)}) AS away
    WHERE p.organization_id = %(organization)s AND p.is_active
      AND EXISTS (SELECT FROM appointments_practitionertype o
                  WHERE o.organization_id = %(organization)s AND o.practitioner_id = p.id AND o.appointment_type_id = %(type)s)
"""  # noqa: S608 - pieces of this module; every value is a parameter
_PLACES = f"""
    SELECT 'place', l.id, l.name, l.timezone, closed.begins, closed.ends, NULL, NULL, 0, l.name
    FROM organizations_location l
    CROSS JOIN LATERAL (
        {_ARRAYS.format(period="period", rows=f"practitioners_closure WHERE is_active AND (location_id IS NULL OR location_id = l.id) AND {_NEAR}")}
    ) AS closed
    WHERE l.organization_id = %(organization)s AND l.is_active
      AND (EXISTS (SELECT FROM appointments_typelocation t WHERE t.organization_id = %(organization)s
                   AND t.appointment_type_id = %(type)s AND t.location_id = l.id)
           OR NOT EXISTS (SELECT FROM appointments_typelocation t WHERE t.organization_id = %(organization)s
                          AND t.appointment_type_id = %(type)s))
"""  # noqa: S608 - as above
_ROOMS = f"""
    SELECT 'room', m.id, m.name, m.location_id::text, busy.begins, busy.ends, NULL, NULL, 0, m.name
    FROM practitioners_room m
    CROSS JOIN LATERAL ({_ARRAYS.format(period="busy_period", rows=_TAKEN.format(owner="room_id = m.id"))}) AS busy
    WHERE m.organization_id = %(organization)s AND m.is_active
      AND (EXISTS (SELECT FROM appointments_typeroom t WHERE t.organization_id = %(organization)s
                   AND t.appointment_type_id = %(type)s AND t.room_id = m.id)
           OR NOT EXISTS (SELECT FROM appointments_typeroom t WHERE t.organization_id = %(organization)s
                          AND t.appointment_type_id = %(type)s))
"""  # noqa: S608 - as above
_GROUPS = """
    SELECT 'group', practitioner_id, '', min(json_build_array(floor(date_part('epoch', start)), location_id, room_id)::text),
        NULL, NULL, NULL, NULL, 0, min(to_char(start, 'YYYYMMDDHH24MI'))
    FROM appointments_appointment
    WHERE organization_id = %(organization)s AND appointment_type_id = %(type)s AND session IS NOT NULL
      AND start >= %(lower)s AND start < %(upper)s AND "end" - start = %(duration)s
      AND status = ANY(%(busy)s) AND (status <> %(held)s OR held_until > %(now)s)
    GROUP BY practitioner_id, session HAVING count(*) < %(capacity)s
"""


def load_scene(
    *,
    organization_id: uuid.UUID,
    appointment_type: AppointmentType,
    lower: dt.datetime,
    upper: dt.datetime,
    practitioner_ids: Sequence[uuid.UUID] | None,
    location_id: uuid.UUID | None,
    room_id: uuid.UUID | None,
    now: dt.datetime,
) -> Scene:
    """Read what bears on slots that start in [lower, upper). One query; rooms and groups only when the type has them."""
    parts = [_PEOPLE + (" AND p.id = ANY(%(practitioners)s)" if practitioner_ids is not None else "")]
    parts.append(_PLACES + (" AND l.id = %(location)s" if location_id is not None else ""))
    if room_id is not None:
        parts.append(_ROOMS + " AND m.id = %(room)s")
    elif appointment_type.needs_room:
        parts.append(_ROOMS + (" AND m.location_id = %(location)s" if location_id is not None else ""))
    if appointment_type.is_group:
        parts.append(_GROUPS)
    values: dict[str, Any] = {
        "organization": organization_id,
        "duration": appointment_type.duration,
        "capacity": appointment_type.capacity,
        "type": appointment_type.pk,
        "practitioners": list(practitioner_ids or ()),
        "location": location_id,
        "room": room_id,
        "lower": lower,
        "upper": upper,
        "reach": LONGEST,
        "busy": list(BUSY_STATUSES),
        "held": Status.HELD,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts) + " ORDER BY rank, tie, id", values)
        return _scene(cursor.fetchall())


def _scene(rows: list[tuple[Any, ...]]) -> Scene:
    scene = Scene([], {}, {})
    groups: dict[uuid.UUID, list[Group]] = {}
    for kind, id_, name, detail, begins, ends, other_begins, other_ends, *_order in rows:
        periods = Periods(begins or [], ends or [])
        if kind == "person":
            hours = [_hours(*row) for row in json.loads(detail or "[]")]
            away = Periods(other_begins or [], other_ends or [])
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
