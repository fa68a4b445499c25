"""Why not? Every reason against a booking at once, in plain words.

Hard reasons stand in the database as constraints (practitioner, room or patient taken) or mean that there is nobody to
book with; nobody may override them. Soft ones are the clinic's own rules, which a person with the permission
`appointments.override` may set aside with a reason that is kept: outside the working hours, time off, closure, too
short notice, too far ahead, in the past, type not offered, type not for self-service. Time off and closures are soft
because the practitioner may come in for one patient; a second patient at the same time can't be seen.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.appointments.availability import require_same_organization
from apps.appointments.models import BUSY_STATUSES, LONGEST, Appointment, AppointmentType, Source, Status
from apps.core.errors import InvalidInput
from apps.organizations.models import Location, Organization
from apps.patients.models import Patient
from apps.practitioners.hours import local_date, stretch, to_instant
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
    or any that is free.
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
        return self.start - dt.timedelta(minutes=self.appointment_type.buffer_before_minutes)

    @property
    def busy_until(self) -> dt.datetime:
        return self.end + dt.timedelta(minutes=self.appointment_type.buffer_after_minutes)

    @property
    def wants_any_room(self) -> bool:
        """Tell whether a room is needed but none was named."""
        return self.appointment_type.needs_room and self.room is None

    def clock(self, moment: dt.datetime) -> str:
        """Return the time on the location's wall."""
        return date_format(moment.astimezone(self.location.zone), "H:i")

    def day(self, moment: dt.datetime) -> str:
        """Return the date at the location."""
        return date_format(moment.astimezone(self.location.zone), "l j F")


@dataclass(slots=True)
class Examination:
    """What an examination found: the reasons against, the room to use, and expired holds that are in the way."""

    conflicts: list[BookingConflict] = field(default_factory=list)
    room_id: uuid.UUID | None = None
    expired_holds: list[uuid.UUID] = field(default_factory=list)

    @property
    def hard(self) -> list[BookingConflict]:
        return [conflict for conflict in self.conflicts if conflict.hard]


def check_booking(
    *,
    organization: Organization,
    appointment_type: AppointmentType,
    practitioner: Practitioner,
    location: Location,
    start: dt.datetime,
    patient: Patient | None = None,
    room: Room | None = None,
    duration_minutes: int | None = None,
    source: str = Source.STAFF,
    instead_of: Appointment | None = None,
) -> list[BookingConflict]:
    """Return every reason against the booking, hard ones first; empty when it could be booked now. One query.

    `instead_of` is the hold or the appointment that would be moved. Raises InvalidInput for what can never be.
    """
    wanted = Wanted(
        organization=organization,
        appointment_type=appointment_type,
        practitioner=practitioner,
        location=location,
        start=start,
        minutes=duration_minutes or appointment_type.duration_minutes,
        patient=patient,
        room=room,
        source=source,
        ignore=instead_of.pk if instead_of else None,
    )
    return examine(wanted).conflicts


def examine(wanted: Wanted) -> Examination:
    """Look at everything that bears on the booking in one query; decides nothing and locks nothing."""
    now = timezone.now()
    facts = _load(wanted, now)
    found = Examination(expired_holds=[fact.id for fact in facts if fact.kind == "expired"])
    reasons = [
        *_inactive(wanted),
        *_practitioner_taken(wanted, facts),
        *_patient_taken(wanted, facts),
        *_choose_room(wanted, facts, found),
        *_past_or_too_soon_or_too_far(wanted, now),
        *_not_offered(wanted, facts),
        *_outside_hours(wanted, facts),
        *_away_or_closed(wanted, facts),
    ]
    found.conflicts = sorted(reasons, key=lambda conflict: not conflict.hard)
    return found


class _Fact(NamedTuple):
    """A row that bears on the booking; what the columns mean depends on the kind."""

    kind: str
    id: uuid.UUID
    start: dt.datetime
    end: dt.datetime
    until: dt.datetime
    detail: str


# Who is busy is found by btree indexes on the start (availability_query says why). `until` of a hold is its expiry.
_FACTS = """
    SELECT 'practitioner', id, start, "end", CASE WHEN status = 'held' THEN held_until ELSE upper(busy_period) END, status
    FROM appointments_appointment
    WHERE organization_id = %(organization)s AND practitioner_id = %(practitioner)s
      AND start > %(busy_from)s - %(reach)s AND start < %(busy_until)s + %(reach)s
      AND lower(busy_period) < %(busy_until)s AND upper(busy_period) > %(busy_from)s
      AND status = ANY(%(busy)s) AND (status <> 'held' OR held_until > %(now)s) AND id <> %(ignore)s
    UNION ALL
    SELECT 'patient', id, start, "end", "end", status
    FROM appointments_appointment
    WHERE organization_id = %(organization)s AND patient_id = %(patient)s
      AND start > %(start)s - %(reach)s AND start < %(end)s AND "end" > %(start)s
      AND status = ANY(%(busy)s) AND (status <> 'held' OR held_until > %(now)s) AND id <> %(ignore)s
    UNION ALL
    SELECT 'room', m.id, NULL, NULL, (
            SELECT max(upper(a.busy_period)) FROM appointments_appointment a
            WHERE a.organization_id = %(organization)s AND a.room_id = m.id
              AND a.start > %(busy_from)s - %(reach)s AND a.start < %(busy_until)s + %(reach)s
              AND lower(a.busy_period) < %(busy_until)s AND upper(a.busy_period) > %(busy_from)s
              AND a.status = ANY(%(busy)s) AND (a.status <> 'held' OR a.held_until > %(now)s) AND a.id <> %(ignore)s
        ), m.name
    FROM practitioners_room m
    WHERE m.organization_id = %(organization)s
      AND (m.id = %(room)s OR (%(any_room)s AND m.location_id = %(location)s AND m.is_active))
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
    SELECT 'closed', c.id, lower(c.period), upper(c.period), upper(c.period), c.reason
    FROM practitioners_closure c
    WHERE c.organization_id = %(organization)s AND c.is_active AND (c.location_id IS NULL OR c.location_id = %(location)s)
      AND lower(c.period) < %(end)s AND upper(c.period) > %(start)s
    UNION ALL
    SELECT 'offers', o.id, NULL, NULL, NULL, ''
    FROM appointments_practitionertype o
    WHERE o.organization_id = %(organization)s AND o.practitioner_id = %(practitioner)s AND o.appointment_type_id = %(type)s
    UNION ALL
    SELECT 'expired', e.id, NULL, NULL, NULL, ''
    FROM appointments_appointment e
    WHERE e.organization_id = %(organization)s AND e.status = 'held' AND e.held_until <= %(now)s AND e.id <> %(ignore)s
      AND (e.practitioner_id = %(practitioner)s OR e.patient_id = %(patient)s OR e.room_id = %(room)s
           OR (%(any_room)s AND e.location_id = %(location)s AND e.room_id IS NOT NULL))
"""
NOBODY = uuid.UUID(int=0)


def _load(wanted: Wanted, now: dt.datetime) -> list[_Fact]:
    values: dict[str, Any] = {
        "organization": wanted.organization.pk,
        "practitioner": wanted.practitioner.pk,
        "location": wanted.location.pk,
        "type": wanted.appointment_type.pk,
        "patient": wanted.patient.pk if wanted.patient else NOBODY,
        "room": wanted.room.pk if wanted.room else NOBODY,
        "any_room": wanted.wants_any_room,
        "ignore": wanted.ignore or NOBODY,
        "start": wanted.start,
        "end": wanted.end,
        "busy_from": wanted.busy_from,
        "busy_until": wanted.busy_until,
        "reach": LONGEST,
        "busy": list(BUSY_STATUSES),
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, values)
        return [_Fact(*row) for row in cursor.fetchall()]


def _inactive(wanted: Wanted) -> Iterator[BookingConflict]:
    checks = (
        ("practitioner_inactive", wanted.practitioner.is_active, wanted.practitioner.display_name),
        ("location_inactive", wanted.location.is_active, wanted.location.name),
        ("type_inactive", wanted.appointment_type.is_active, wanted.appointment_type.name),
        ("room_inactive", wanted.room is None or wanted.room.is_active, wanted.room.name if wanted.room else ""),
    )
    for code, is_active, name in checks:
        if not is_active:
            yield BookingConflict(code, _("%(name)s can't be booked any more.") % {"name": name}, hard=True)
    if wanted.patient is not None and wanted.patient.archived_at is not None:
        message = _("This patient's record is archived. Restore it first.")
        yield BookingConflict("patient_archived", message, hard=True)


def _practitioner_taken(wanted: Wanted, facts: Sequence[_Fact]) -> Iterator[BookingConflict]:
    for fact in facts:
        if fact.kind != "practitioner":
            continue
        values = {
            "name": wanted.practitioner.display_name,
            "start": wanted.clock(fact.start),
            "end": wanted.clock(fact.end),
            "until": wanted.clock(fact.until),
        }
        if fact.detail == Status.HELD:
            message = _("Somebody is just choosing %(start)s with %(name)s. It is kept for them until %(until)s.")
        elif fact.start < wanted.end and wanted.start < fact.end:
            message = _("%(name)s has another appointment from %(start)s to %(end)s.")
        else:
            message = _("%(name)s needs the time around another appointment, from %(start)s to %(end)s.")
        yield BookingConflict("practitioner_taken", message % values, hard=True, until=fact.until)


def _patient_taken(wanted: Wanted, facts: Sequence[_Fact]) -> Iterator[BookingConflict]:
    for fact in facts:
        if fact.kind == "patient":
            message = _("The patient has another appointment from %(start)s to %(end)s.") % {
                "start": wanted.clock(fact.start),
                "end": wanted.clock(fact.end),
            }
            yield BookingConflict("patient_taken", message, hard=True, until=fact.until)


def _choose_room(wanted: Wanted, facts: Sequence[_Fact], found: Examination) -> Iterator[BookingConflict]:
    """Set the examination's room: the named one, else the preferred, the usual, or the first free one by name."""
    rooms = sorted((fact for fact in facts if fact.kind == "room"), key=lambda fact: fact.detail)
    free = [fact.id for fact in rooms if fact.until is None]
    if wanted.room is not None:
        found.room_id = wanted.room.pk
        if not free:
            until = rooms[0].until if rooms else None
            message = _("%(room)s is taken.") % {"room": wanted.room.name}
            yield BookingConflict("room_taken", message, hard=True, until=until)
    elif wanted.appointment_type.needs_room:
        usual = [room_id for *_hours, room_id in _hours_on(wanted, facts)]
        preferred = next((room_id for room_id in [wanted.preferred_room, *usual] if room_id in free), None)
        found.room_id = preferred or (free[0] if free else None)
        if not free:
            message = _("No room is free at %(location)s.") % {"location": wanted.location.name}
            until = min((fact.until for fact in rooms), default=None)
            yield BookingConflict("no_room", message, hard=True, until=until)


def _past_or_too_soon_or_too_far(wanted: Wanted, now: dt.datetime) -> Iterator[BookingConflict]:
    kind = wanted.appointment_type
    if wanted.start < now:
        yield BookingConflict("in_past", _("That time has passed."), hard=False)
        return
    notice = dt.timedelta(minutes=kind.minimum_notice_minutes)
    if wanted.start < now + notice:
        message = _("%(type)s is booked at least %(notice)s ahead.") % {"type": kind.name, "notice": _span(notice)}
        yield BookingConflict("notice", message, hard=False)
    zone = wanted.location.zone
    if local_date(zone, to_instant(wanted.start)) > local_date(zone, to_instant(now)) + dt.timedelta(
        days=kind.horizon_days
    ):
        message = ngettext(
            "%(type)s is booked at most %(days)d day ahead.",
            "%(type)s is booked at most %(days)d days ahead.",
            kind.horizon_days,
        ) % {"type": kind.name, "days": kind.horizon_days}
        yield BookingConflict("horizon", message, hard=False)


def _span(span: dt.timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    if minutes % 1440 == 0:
        return ngettext("%(number)d day", "%(number)d days", minutes // 1440) % {"number": minutes // 1440}
    if minutes % 60 == 0:
        return ngettext("%(number)d hour", "%(number)d hours", minutes // 60) % {"number": minutes // 60}
    return ngettext("%(number)d minute", "%(number)d minutes", minutes) % {"number": minutes}


def _not_offered(wanted: Wanted, facts: Sequence[_Fact]) -> Iterator[BookingConflict]:
    if not any(fact.kind == "offers" for fact in facts):
        message = _("%(name)s does not offer %(type)s.") % {
            "name": wanted.practitioner.display_name,
            "type": wanted.appointment_type.name,
        }
        yield BookingConflict("type_not_offered", message, hard=False)
    if wanted.source in {Source.BOT, Source.LINK} and not wanted.appointment_type.online_bookable:
        message = _("%(type)s is booked by the clinic's staff only.") % {"type": wanted.appointment_type.name}
        yield BookingConflict("not_online", message, hard=False)


def _hours_on(wanted: Wanted, facts: Sequence[_Fact]) -> list[tuple[int, int, uuid.UUID | None]]:
    """Return the practitioner's stretches at the location on the visit's local date: instants, usual room."""
    zone = wanted.location.zone
    date = local_date(zone, to_instant(wanted.start))
    found: list[tuple[int, int, uuid.UUID | None]] = []
    for fact in facts:
        if fact.kind != "hours":
            continue
        weekday, start, end, valid_from, valid_until, room = json.loads(fact.detail)
        if weekday != date.weekday() or not (valid_from or "") <= date.isoformat() <= (valid_until or "9999"):
            continue
        work = stretch(zone, date, dt.time.fromisoformat(start), dt.time.fromisoformat(end))
        if work is not None:
            found.append((work.start, work.end, uuid.UUID(room) if room else None))
    return sorted(found, key=lambda row: row[0])


def _outside_hours(wanted: Wanted, facts: Sequence[_Fact]) -> Iterator[BookingConflict]:
    joined: list[tuple[int, int]] = []
    for start, end, _room in _hours_on(wanted, facts):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    first, last = to_instant(wanted.start), to_instant(wanted.end)
    if any(start <= first and last <= end for start, end in joined):
        return
    values = {
        "name": wanted.practitioner.display_name,
        "location": wanted.location.name,
        "day": wanted.day(wanted.start),
        "hours": ", ".join(f"{_clock(wanted, start)}–{_clock(wanted, end)}" for start, end in joined),
    }
    message = (
        _("%(name)s works %(hours)s at %(location)s on %(day)s.")
        if joined
        else _("%(name)s does not work at %(location)s on %(day)s.")
    )
    yield BookingConflict("outside_hours", message % values, hard=False)


def _clock(wanted: Wanted, instant: int) -> str:
    return wanted.clock(dt.datetime.fromtimestamp(instant, dt.UTC))


def _away_or_closed(wanted: Wanted, facts: Sequence[_Fact]) -> Iterator[BookingConflict]:
    for fact in facts:
        if fact.kind not in {"away", "closed"}:
            continue
        values = {
            "name": wanted.practitioner.display_name,
            "location": wanted.location.name,
            "reason": fact.detail,
            "until": f"{wanted.day(fact.until)} {wanted.clock(fact.until)}",
        }
        if fact.kind == "away":
            message = _("%(name)s is away until %(until)s.") % values
            yield BookingConflict("time_off", message, hard=False, until=fact.until)
        else:
            message = _("%(location)s is closed until %(until)s: %(reason)s") % values
            yield BookingConflict("closure", message, hard=False, until=fact.until)
