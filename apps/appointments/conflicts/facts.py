"""The rows that bear on one booking, read in one statement."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any, NamedTuple

from django.db import connection

from apps.appointments.conflicts.wanted import Wanted
from apps.appointments.models import WHAT_IS_BUSY, Status


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


# The arguments of two functions of the database (migrations 0009, 0012).
FACTS_WANTED = f"""organization => %(organization)s, practitioner => %(practitioner)s, location => %(location)s, type => %(type)s,
        patient => %(patient)s, room => %(room)s, any_room => %(any_room)s, ignored => %(ignored)s::uuid[],
        visit_start => %(start)s, visit_end => %(end)s, busy_from => %(busy_from)s, busy_until => %(busy_until)s,
        {WHAT_IS_BUSY}, moment => %(now)s"""
# A function keeps its plan: planning this took four times as long as its answer. Who is busy is found by btree indexes
# on the start (`availability_query` says why). `until` of a hold is its expiry.
_FACTS = f"SELECT * FROM appointments_facts({FACTS_WANTED})"  # noqa: S608 - a constant of ours


def load_facts(wanted: Wanted, now: dt.datetime) -> list[Fact]:
    """Return everything that bears on the booking; one query. Rooms are read only where one is named or needed."""
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, values_of(wanted, now))
        return [Fact(*row) for row in cursor.fetchall()]


def values_of(wanted: Wanted, now: dt.datetime) -> dict[str, Any]:
    """Return the parameters of `FACTS_WANTED`."""
    return {
        "organization": wanted.organization.pk,
        "practitioner": wanted.practitioner.pk,
        "location": wanted.location.pk,
        "type": wanted.appointment_type.pk,
        "patient": wanted.patient.pk if wanted.patient else None,
        "room": wanted.room.pk if wanted.room else None,
        "any_room": wanted.wants_any_room,
        "ignored": wanted.moving,
        "start": wanted.start,
        "end": wanted.end,
        "busy_from": wanted.busy_from,
        "busy_until": wanted.busy_until,
        "now": now,
    }
