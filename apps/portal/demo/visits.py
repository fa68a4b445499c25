"""Appointments of the demo clinic: days filled as a clinic's are, each row in the state that the clock gives it."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

from apps.appointments.models import Appointment, CancelReason, Source, Status
from apps.core.ids import uuid7
from apps.patients.models import Patient
from apps.portal.demo.clinic import Clinic
from apps.portal.demo.roster import Roster
from apps.practitioners.models import Practitioner

Away = list[tuple[str, dt.datetime, dt.datetime]]
FILL_BEFORE, FILL_TODAY, FILL_AHEAD = 0.86, 0.95, 0.74
MINUTE = dt.timedelta(minutes=1)
ON_TIME, LATE = 0, 1


def plan_visits(
    clinic: Clinic,
    patients: list[Patient],
    *,
    rng: random.Random,
    now: dt.datetime,
    first: dt.date,
    last: dt.date,
    away: Away,
) -> Iterator[Appointment]:
    """Yield unsaved appointments for every practitioner and local day from `first` to `last`; no two overlap."""
    roster = Roster(patients, today=now.astimezone(clinic.organization.zone).date())
    for offset in range((last - first).days + 1):
        day = first + dt.timedelta(days=offset)
        for practitioner in clinic.practitioners:
            yield from _day(clinic, practitioner, roster, rng=rng, now=now, day=day, away=away)


def fill_hours(
    clinic: Clinic,
    practitioner: Practitioner,
    patients: list[Patient],
    *,
    rng: random.Random,
    now: dt.datetime,
    day: dt.date,
) -> Iterator[Appointment]:
    """Yield unsaved appointments of one practitioner on one local day, with people of whom none comes twice."""
    return _day(clinic, practitioner, Roster(patients, today=day, new=0), rng=rng, now=now, day=day, away=[])


def _day(
    clinic: Clinic,
    practitioner: Practitioner,
    roster: Roster,
    *,
    rng: random.Random,
    now: dt.datetime,
    day: dt.date,
    away: Away,
) -> Iterator[Appointment]:
    zone = clinic.organization.zone
    offers = clinic.offers[str(practitioner.pk)]
    today = now.astimezone(zone).date()
    fill = FILL_TODAY if day == today else FILL_AHEAD if day > today else FILL_BEFORE
    for opens, closes in clinic.hours[str(practitioner.pk)]:
        at = dt.datetime.combine(day, opens, tzinfo=zone)
        until = dt.datetime.combine(day, closes, tzinfo=zone)
        while at < until:
            code, patient = roster.find(rng.choice(offers), offers, day, rng)
            kind = clinic.types[code]
            end = at + kind.duration
            busy_end = end + kind.buffer_after_minutes * MINUTE
            if busy_end > until:
                break
            if patient is None or rng.random() > fill or _is_away(practitioner, at, busy_end, away):
                at += 20 * MINUTE
                continue
            roster.note(patient, code, day)
            visit = _visit(clinic, practitioner, patient, code, at, end, busy_end)
            visit.reason = roster.reason(patient, code, rng)
            # A generator of its own: what has happened by now must not decide who comes next week.
            pace = clinic.practitioners.index(practitioner) % 3
            _settle(visit, random.Random(rng.getrandbits(32)), now, pace)  # noqa: S311 - invented visits, not secrets
            yield visit
            at = busy_end


def _is_away(practitioner: Practitioner, start: dt.datetime, end: dt.datetime, away: Away) -> bool:
    return any(key == str(practitioner.pk) and start < until and since < end for key, since, until in away)


def _visit(
    clinic: Clinic,
    practitioner: Practitioner,
    patient: Patient,
    code: str,
    start: dt.datetime,
    end: dt.datetime,
    busy_end: dt.datetime,
) -> Appointment:
    location, room = clinic.place[str(practitioner.pk)]
    start, end, busy_end = (moment.astimezone(dt.UTC) for moment in (start, end, busy_end))
    return Appointment(
        id=uuid7(),
        organization=clinic.organization,
        patient=patient,
        practitioner=practitioner,
        location=location,
        room=room,
        appointment_type=clinic.types[code],
        start=start,
        end=end,
        busy_period=(start, busy_end),
    )


def _settle(visit: Appointment, rng: random.Random, now: dt.datetime, pace: int) -> None:
    """Give the visit the state it would have by now, and the times that led there."""
    visit.source = rng.choice((Source.STAFF, Source.STAFF, Source.BOT, Source.LINK))
    booked = min(visit.start, now) - dt.timedelta(days=rng.randint(1, 14), minutes=rng.randint(0, 600))
    visit.created_at = booked
    if rng.random() < 0.6:
        visit.confirmed_at = max(booked + MINUTE, min(visit.start, now) - dt.timedelta(hours=rng.randint(3, 40)))
        visit.confirmed_by = rng.choice(("whatsapp", "whatsapp", "link", "phone"))
    dice = rng.random()
    if dice < 0.05 and abs(visit.start - now) > 60 * MINUTE:
        visit.status = Status.CANCELLED
        visit.cancelled_at = max(booked + MINUTE, min(visit.start, now) - dt.timedelta(hours=rng.randint(2, 60)))
        visit.cancel_reason = rng.choice(CancelReason.values[:3])
        visit.version = 2
    elif visit.start < now - 40 * MINUTE:
        _past(visit, rng, missed=dice > 0.94)
    elif visit.start < now + 12 * MINUTE:
        _present(visit, rng, now, pace)


def _past(visit: Appointment, rng: random.Random, *, missed: bool) -> None:
    if missed:
        visit.status = Status.NO_SHOW
        visit.status_changed_at = visit.start + 25 * MINUTE
        return
    visit.status = Status.FULFILLED
    visit.arrived_at = visit.start - rng.randint(-4, 15) * MINUTE
    visit.started_at = max(visit.start, visit.arrived_at) + rng.randint(0, 14) * MINUTE
    visit.completed_at = visit.started_at + (visit.end - visit.start) * rng.uniform(0.7, 1.2)
    visit.status_changed_at = visit.completed_at


def _present(visit: Appointment, rng: random.Random, now: dt.datetime, pace: int) -> None:
    """Around now: just gone, in the room, waiting, late, or not yet here; never two with one practitioner.

    By pace: 0 is on time, 1 still has the visit before in the room, 2 waits for somebody who is late.
    """
    if visit.end <= now and (pace != LATE or now - visit.end > 15 * MINUTE):
        visit.status = Status.FULFILLED
        visit.completed_at = visit.end - MINUTE
    elif visit.end <= now or (visit.start <= now and pace == ON_TIME):
        visit.status = Status.IN_PROGRESS
    elif visit.start <= now and pace == LATE:
        visit.status, visit.arrived_at = Status.ARRIVED, visit.start - rng.randint(2, 12) * MINUTE
    elif visit.start > now and rng.random() < 0.7:
        visit.status, visit.arrived_at = Status.ARRIVED, now - rng.randint(1, 12) * MINUTE
    if visit.status in (Status.FULFILLED, Status.IN_PROGRESS):
        visit.arrived_at = visit.start - 7 * MINUTE
        visit.started_at = min(now, visit.start + 2 * MINUTE)
    visit.status_changed_at = visit.completed_at or visit.started_at or visit.arrived_at
