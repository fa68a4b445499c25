"""The rows that bear on one booking, read in one statement."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any, NamedTuple

from django.db import connection

from apps.appointments.conflicts.wanted import Wanted
from apps.appointments.models import BUSY_STATUSES, LONGEST, Status

NOBODY = uuid.UUID(int=0)


class Fact(NamedTuple):
    """A row that bears on the booking; what the columns mean depends on the kind."""

    kind: str
    id: uuid.UUID
    start: dt.datetime
    end: dt.datetime
    until: dt.datetime
    detail: str


class Taken(NamedTuple):
    """What else there is to know about a visit or hold that takes the practitioner's time; ids are text."""

    status: str
    lane: int
    session: str | None
    seat: int
    type_id: str
    location_id: str
    room_id: str | None
    override_reason: str

    @property
    def is_hold(self) -> bool:
        return self.status == Status.HELD


def taken(fact: Fact) -> Taken:
    """Read the detail of a `practitioner` fact."""
    return Taken(*json.loads(fact.detail))


# Who is busy is found by btree indexes on the start (availability_query says why). `until` of a hold is its expiry.
_FACTS = """
    SELECT 'practitioner', id, start, "end", CASE WHEN status = 'held' THEN held_until ELSE upper(busy_period) END,
        json_build_array(status, lane, session, seat, appointment_type_id, location_id, room_id, override_reason)::text
    FROM appointments_appointment
    WHERE organization_id = %(organization)s AND practitioner_id = %(practitioner)s
      AND start > %(busy_from)s - %(reach)s AND start < %(busy_until)s + %(reach)s
      AND lower(busy_period) < %(busy_until)s AND upper(busy_period) > %(busy_from)s
      AND status = ANY(%(busy)s) AND (status <> 'held' OR held_until > %(now)s) AND id <> ALL(%(ignore)s)
    UNION ALL
    SELECT 'patient', id, start, "end", "end", status
    FROM appointments_appointment
    WHERE organization_id = %(organization)s AND patient_id = %(patient)s
      AND start > %(start)s - %(reach)s AND start < %(end)s AND "end" > %(start)s
      AND status = ANY(%(busy)s) AND (status <> 'held' OR held_until > %(now)s) AND id <> ALL(%(ignore)s)
    UNION ALL
    SELECT 'hours', h.id, NULL, NULL, NULL,
        json_build_array(h.weekday, h.start_time, h.end_time, h.valid_from, h.valid_until, h.room_id)::text
    FROM practitioners_weeklyhours h
    WHERE h.organization_id = %(organization)s AND h.practitioner_id = %(practitioner)s AND h.location_id = %(location)s
    UNION ALL
    SELECT 'away', o.id, lower(o.period), upper(o.period), upper(o.period), ''
    FROM practitioners_timeoff o
    WHERE o.organization_id = %(organization)s AND o.practitioner_id = %(practitioner)s
      AND lower(o.period) < %(end)s AND upper(o.period) > %(start)s
    UNION ALL
    SELECT 'elsewhere', b.id, lower(b.period), upper(b.period), upper(b.period), b.calendar
    FROM practitioners_busytime b
    WHERE b.organization_id = %(organization)s AND b.practitioner_id = %(practitioner)s
      AND lower(b.period) < %(end)s AND upper(b.period) > %(start)s
    UNION ALL
    SELECT 'closed', c.id, lower(c.period), upper(c.period), upper(c.period), c.reason
    FROM practitioners_closure c
    WHERE c.organization_id = %(organization)s AND c.is_active AND (c.location_id IS NULL OR c.location_id = %(location)s)
      AND lower(c.period) < %(end)s AND upper(c.period) > %(start)s
    UNION ALL
    SELECT 'offers', o.id, NULL, NULL, NULL, ''
    FROM appointments_practitionertype o
    WHERE o.organization_id = %(organization)s AND o.practitioner_id = %(practitioner)s AND o.appointment_type_id = %(type)s
    UNION ALL
    SELECT 'place', t.id, NULL, NULL, NULL, t.location_id::text
    FROM appointments_typelocation t
    WHERE t.organization_id = %(organization)s AND t.appointment_type_id = %(type)s
    UNION ALL
    SELECT 'blocked', k.id, NULL, NULL, NULL, ''
    FROM appointments_onlinebookingblock k
    WHERE k.organization_id = %(organization)s AND k.patient_id = %(patient)s AND k.lifted_at IS NULL
    UNION ALL
    SELECT 'expired', e.id, NULL, NULL, NULL, ''
    FROM appointments_appointment e
    WHERE e.organization_id = %(organization)s AND e.status = 'held' AND e.held_until <= %(now)s AND e.id <> ALL(%(ignore)s)
      AND (e.practitioner_id = %(practitioner)s OR e.patient_id = %(patient)s OR e.room_id = %(room)s
           OR (%(any_room)s AND e.location_id = %(location)s AND e.room_id IS NOT NULL))
"""
# Asked only where a room matters: planning this part costs more than planning and running all the others.
_ROOMS = """
    UNION ALL
    SELECT 'room', m.id, NULL, NULL, (
            SELECT max(upper(a.busy_period)) FROM appointments_appointment a
            WHERE a.organization_id = %(organization)s AND a.room_id = m.id
              AND a.start > %(busy_from)s - %(reach)s AND a.start < %(busy_until)s + %(reach)s
              AND lower(a.busy_period) < %(busy_until)s AND upper(a.busy_period) > %(busy_from)s
              AND a.status = ANY(%(busy)s) AND (a.status <> 'held' OR a.held_until > %(now)s) AND a.id <> ALL(%(ignore)s)
        ), json_build_array(m.name, NOT EXISTS (SELECT FROM appointments_typeroom t WHERE t.organization_id = %(organization)s
                AND t.appointment_type_id = %(type)s)
            OR EXISTS (SELECT FROM appointments_typeroom t WHERE t.organization_id = %(organization)s
                AND t.appointment_type_id = %(type)s AND t.room_id = m.id))::text
    FROM practitioners_room m
    WHERE m.organization_id = %(organization)s
      AND (m.id = %(room)s OR (%(any_room)s AND m.location_id = %(location)s AND m.is_active))
"""


def load_facts(wanted: Wanted, now: dt.datetime) -> list[Fact]:
    """Return everything that bears on the booking; one query."""
    values: dict[str, Any] = {
        "organization": wanted.organization.pk,
        "practitioner": wanted.practitioner.pk,
        "location": wanted.location.pk,
        "type": wanted.appointment_type.pk,
        "patient": wanted.patient.pk if wanted.patient else NOBODY,
        "room": wanted.room.pk if wanted.room else NOBODY,
        "any_room": wanted.wants_any_room,
        "ignore": wanted.moving,
        "start": wanted.start,
        "end": wanted.end,
        "busy_from": wanted.busy_from,
        "busy_until": wanted.busy_until,
        "reach": LONGEST,
        "busy": list(BUSY_STATUSES),
        "now": now,
    }
    rooms_matter = wanted.room is not None or wanted.wants_any_room
    with connection.cursor() as cursor:
        cursor.execute(_FACTS + (_ROOMS if rooms_matter else ""), values)
        return [Fact(*row) for row in cursor.fetchall()]
