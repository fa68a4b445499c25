"""The single reasons against a booking, each in plain words."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.appointments.conflicts.facts import Fact, Taken, taken
from apps.appointments.conflicts.wanted import BookingConflict, Examination, Wanted
from apps.appointments.models import MOST_EXTRA_LANES, Source
from apps.core.ids import uuid7
from apps.practitioners.hours import local_date, stretch, to_instant


def inactive(wanted: Wanted) -> Iterator[BookingConflict]:
    """Yield what can’t be booked any more at all."""
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


def practitioner_taken(wanted: Wanted, facts: Sequence[Fact], found: Examination) -> Iterator[BookingConflict]:
    """Yield who else has the practitioner's time; set the examination's session and seat, or its lane.

    A group that is just this one is joined while a seat is free. With `overbook` the reasons become soft, as long as
    there is a lane left beside what takes the time.
    """
    others = [(fact, taken(fact)) for fact in facts if fact.kind == "practitioner"]
    if wanted.appointment_type.is_group:
        group = [(fact, detail) for fact, detail in others if _is_same_group(wanted, fact, detail)]
        yield from _take_seat(wanted, [detail for _fact, detail in group], found)
        if group:  # whatever stands beside it was put there when the group was
            found.lane = group[0][1].lane
            found.lane_reason = max(detail.override_reason for _fact, detail in group) if found.lane else ""
            return
    lanes = {detail.lane for _fact, detail in others}
    found.lane = next((lane for lane in range(MOST_EXTRA_LANES + 1) if lane not in lanes), 0) if wanted.overbook else 0
    has_lane = wanted.overbook and found.lane not in lanes
    for fact, detail in others:
        yield _taken_by(wanted, fact, detail, hard=not has_lane)
    if wanted.overbook and not has_lane:
        message = _("There are %(n)d visits at that time already. More can’t be booked beside each other.")
        yield BookingConflict("lanes_full", message % {"n": len(lanes)}, hard=True)


def _is_same_group(wanted: Wanted, fact: Fact, detail: Taken) -> bool:
    return (
        detail.session is not None
        and detail.type_id == str(wanted.appointment_type.pk)
        and detail.location_id == str(wanted.location.pk)
        and (fact.start, fact.end) == (wanted.start, wanted.end)
    )


def _take_seat(wanted: Wanted, group: Sequence[Taken], found: Examination) -> Iterator[BookingConflict]:
    """Set session and seat: of the group that there is, else of a new one."""
    found.session = uuid.UUID(group[0].session) if group else uuid7()
    seats = {member.seat for member in group}
    capacity = wanted.appointment_type.capacity
    found.seat = next((seat for seat in range(capacity) if seat not in seats), capacity)
    if found.seat == capacity:
        message = ngettext(
            "The group is full: its only seat is taken.", "The group is full: all %(n)d seats are taken.", capacity
        )
        yield BookingConflict("group_full", message % {"n": capacity}, hard=True, until=wanted.end)
    elif group and group[0].room_id:
        found.room_id = uuid.UUID(group[0].room_id)


def _taken_by(wanted: Wanted, fact: Fact, detail: Taken, *, hard: bool) -> BookingConflict:
    values = {
        "name": wanted.practitioner.display_name,
        "start": wanted.clock(fact.start),
        "end": wanted.clock(fact.end),
        "until": wanted.clock(fact.until),
    }
    if detail.is_hold:
        message = _("Somebody is just choosing %(start)s with %(name)s. It is kept for them until %(until)s.")
    elif fact.start < wanted.end and wanted.start < fact.end:
        message = _("%(name)s has another appointment from %(start)s to %(end)s.")
    else:
        message = _("%(name)s needs the time around another appointment, from %(start)s to %(end)s.")
    return BookingConflict("practitioner_taken", message % values, hard=hard, until=fact.until)


def patient_taken(wanted: Wanted, facts: Sequence[Fact]) -> Iterator[BookingConflict]:
    """Yield the patient’s other visits at that time."""
    for fact in facts:
        if fact.kind == "patient":
            message = _("The patient has another appointment from %(start)s to %(end)s.") % {
                "start": wanted.clock(fact.start),
                "end": wanted.clock(fact.end),
            }
            yield BookingConflict("patient_taken", message, hard=True, until=fact.until)


def choose_room(wanted: Wanted, facts: Sequence[Fact], found: Examination) -> Iterator[BookingConflict]:
    """Set the examination's room: the group's, the named one, the preferred, the usual, or the first free one by name."""
    rooms = sorted((_room(fact) for fact in facts if fact.kind == "room"), key=lambda room: room.name)
    if found.room_id is not None:  # a group meets in one room
        if wanted.room is not None and wanted.room.pk != found.room_id:
            message = _("The group does not meet in %(room)s.") % {"room": wanted.room.name}
            yield BookingConflict("group_elsewhere", message, hard=True)
        return
    if wanted.room is not None:
        found.room_id = wanted.room.pk
        for room in rooms:
            if room.until is not None:
                message = _("%(room)s is taken.") % {"room": wanted.room.name}
                yield BookingConflict("room_taken", message, hard=True, until=room.until)
            if not room.fits_type:
                message = _("%(type)s does not take place in %(room)s.") % {
                    "type": wanted.appointment_type.name,
                    "room": wanted.room.name,
                }
                yield BookingConflict("room_not_for_type", message, hard=False)
    elif wanted.appointment_type.needs_room:
        rooms = [room for room in rooms if room.fits_type]
        free = [room.id for room in rooms if room.until is None and room.id not in wanted.spoken_for]
        usual = [room_id for *_hours, room_id in hours_on(wanted, facts)]
        preferred = next((room_id for room_id in [wanted.preferred_room, *usual] if room_id in free), None)
        found.room_id = preferred or (free[0] if free else None)
        if not free:
            message = _("No room is free at %(location)s.") % {"location": wanted.location.name}
            until = min((room.until for room in rooms if room.until is not None), default=None)
            yield BookingConflict("no_room", message, hard=True, until=until)


class _Room(NamedTuple):
    """A room: until when it is taken (None: it is free), and whether the type may use it."""

    id: uuid.UUID
    name: str
    until: dt.datetime | None
    fits_type: bool


def _room(fact: Fact) -> _Room:
    name, fits_type = json.loads(fact.detail)
    return _Room(fact.id, name, fact.until, fits_type)


def past_or_too_soon_or_too_far(wanted: Wanted, now: dt.datetime) -> Iterator[BookingConflict]:
    """Yield what the type says about when it is booked."""
    kind = wanted.appointment_type
    if wanted.start < now:
        yield BookingConflict("in_past", _("That time has passed."), hard=False)
        return
    notice = dt.timedelta(minutes=kind.minimum_notice_minutes)
    if wanted.start < now + notice:
        message = _("%(type)s is booked at least %(notice)s ahead.") % {"type": kind.name, "notice": _span(notice)}
        yield BookingConflict("notice", message, hard=False)
    zone = wanted.location.zone
    if wanted.in_series:
        return
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


def not_offered(wanted: Wanted, facts: Sequence[Fact]) -> Iterator[BookingConflict]:
    """Yield what the practitioner, the place, or the patient themselves may not book."""
    if not any(fact.kind == "offers" for fact in facts):
        message = _("%(name)s does not offer %(type)s.") % {
            "name": wanted.practitioner.display_name,
            "type": wanted.appointment_type.name,
        }
        yield BookingConflict("type_not_offered", message, hard=False)
    if wanted.source in {Source.BOT, Source.LINK} and not wanted.appointment_type.online_bookable:
        message = _("%(type)s is booked by the clinic's staff only.") % {"type": wanted.appointment_type.name}
        yield BookingConflict("not_online", message, hard=False)
    if wanted.source in {Source.BOT, Source.LINK} and any(fact.kind == "blocked" for fact in facts):
        message = _("Visits for this patient are booked by the clinic’s staff.")
        yield BookingConflict("online_blocked", message, hard=False)
    places = {fact.detail for fact in facts if fact.kind == "place"}
    if places and str(wanted.location.pk) not in places:
        message = _("%(type)s does not take place at %(location)s.") % {
            "type": wanted.appointment_type.name,
            "location": wanted.location.name,
        }
        yield BookingConflict("type_not_here", message, hard=False)


def hours_on(wanted: Wanted, facts: Sequence[Fact]) -> list[tuple[int, int, uuid.UUID | None]]:
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


def outside_hours(wanted: Wanted, facts: Sequence[Fact]) -> Iterator[BookingConflict]:
    """Yield that the practitioner does not work then, with the hours of the day."""
    joined: list[tuple[int, int]] = []
    for start, end, _room in hours_on(wanted, facts):
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


def away_or_closed(wanted: Wanted, facts: Sequence[Fact]) -> Iterator[BookingConflict]:
    """Yield absences of the practitioner and closures of the location."""
    for fact in facts:
        if fact.kind not in {"away", "elsewhere", "closed"}:
            continue
        values = {
            "name": wanted.practitioner.display_name,
            "location": wanted.location.name,
            "reason": fact.detail,
            "time": _how_long(wanted, fact.start, fact.until),
        }
        if fact.kind == "away":
            message = _("%(name)s is away %(time)s.") % values
            yield BookingConflict("time_off", message, hard=False, until=fact.until)
        elif fact.kind == "elsewhere":
            message = _("%(name)s is busy %(time)s, according to the calendar “%(reason)s”.") % values
            yield BookingConflict("busy_elsewhere", message, hard=False, until=fact.until)
        else:
            message = _("%(location)s is closed %(time)s: %(reason)s") % values
            yield BookingConflict("closure", message, hard=False, until=fact.until)


def _how_long(wanted: Wanted, start: dt.datetime, until: dt.datetime) -> str:
    """Return until when somebody is away on the location's clock; an end at midnight is the end of the day before."""
    zone = wanted.location.zone
    begins, ends = start.astimezone(zone), until.astimezone(zone)
    if ends.time() != dt.time.min:
        return _("until %(day)s %(time)s") % {"day": wanted.day(until), "time": wanted.clock(until)}
    last = ends.date() - dt.timedelta(days=1)
    if begins.date() == last and begins.time() == dt.time.min:
        return _("all day")
    return _("until the end of %(day)s") % {"day": date_format(last, "l j F")}
