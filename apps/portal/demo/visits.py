"""Appointments of the demo clinic: days filled as a clinic's are, each row in the state that the clock gives it."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

from apps.appointments.models import Appointment, CancelReason, Source, Status
from apps.core.ids import uuid7
from apps.patients.models import Patient
from apps.portal.demo.clinic import REASONS, Clinic
from apps.practitioners.models import Practitioner

Away = list[tuple[str, dt.datetime, dt.datetime]]
FILL = 0.74
MINUTE = dt.timedelta(minutes=1)


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
    taken: dict[tuple[str, dt.date], set[str]] = {}
    for offset in range((last - first).days + 1):
        day = first + dt.timedelta(days=offset)
        for practitioner in clinic.practitioners:
            yield from _day(
                clinic,
                practitioner,
                patients,
                rng=rng,
                now=now,
                day=day,
                away=away,
                seen=taken.setdefault(("", day), set()),
            )


def _day(
    clinic: Clinic,
    practitioner: Practitioner,
    patients: list[Patient],
    *,
    rng: random.Random,
    now: dt.datetime,
    day: dt.date,
    away: Away,
    seen: set[str],
) -> Iterator[Appointment]:
    zone = clinic.organization.zone
    fill = FILL if day >= now.astimezone(zone).date() else 0.86
    for opens, closes in clinic.hours[str(practitioner.pk)]:
        at = dt.datetime.combine(day, opens, tzinfo=zone)
        until = dt.datetime.combine(day, closes, tzinfo=zone)
        while at < until:
            code = rng.choice(clinic.offers[str(practitioner.pk)])
            kind = clinic.types[code]
            end = at + kind.duration
            busy_end = end + kind.buffer_after_minutes * MINUTE
            if busy_end > until:
                break
            patient = (
                None
                if rng.random() > fill or _is_away(practitioner, at, busy_end, away)
                else _somebody(patients, seen, rng)
            )
            if patient is None:
                at += 20 * MINUTE
                continue
            visit = _visit(clinic, practitioner, patient, code, at, end, busy_end)
            visit.reason = rng.choice(REASONS[code])
            # A generator of its own: what has happened by now must not decide who comes next week.
            _settle(visit, random.Random(rng.getrandbits(32)), now)  # noqa: S311 - invented visits, not secrets
            yield visit
            at = busy_end


def _is_away(practitioner: Practitioner, start: dt.datetime, end: dt.datetime, away: Away) -> bool:
    return any(key == str(practitioner.pk) and start < until and since < end for key, since, until in away)


def _somebody(patients: list[Patient], seen: set[str], rng: random.Random) -> Patient | None:
    """Return a patient who has no visit that day yet, the first ones more often; None when nobody is found quickly."""
    for _attempt in range(20):
        patient = patients[int(rng.random() ** 1.4 * len(patients))]
        if str(patient.pk) not in seen:
            seen.add(str(patient.pk))
            return patient
    return None


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


def _settle(visit: Appointment, rng: random.Random, now: dt.datetime) -> None:
    """Give the visit the state it would have by now, and the times that led there."""
    visit.source = rng.choice((Source.STAFF, Source.STAFF, Source.BOT, Source.LINK))
    booked = min(visit.start, now) - dt.timedelta(days=rng.randint(1, 14), minutes=rng.randint(0, 600))
    visit.created_at = booked
    if rng.random() < 0.6:
        visit.confirmed_at = max(booked + MINUTE, min(visit.start, now) - dt.timedelta(hours=rng.randint(3, 40)))
        visit.confirmed_by = rng.choice(("whatsapp", "whatsapp", "link", "phone"))
    dice = rng.random()
    if dice < 0.05:
        visit.status = Status.CANCELLED
        visit.cancelled_at = max(booked + MINUTE, min(visit.start, now) - dt.timedelta(hours=rng.randint(2, 60)))
        visit.cancel_reason = rng.choice(CancelReason.values[:3])
        visit.version = 2
    elif visit.start < now - 40 * MINUTE:
        _past(visit, rng, missed=dice > 0.94)
    elif visit.start < now + 12 * MINUTE:
        _present(visit, rng, now)


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


def _present(visit: Appointment, rng: random.Random, now: dt.datetime) -> None:
    """Around now: in the room, waiting, late, or not yet here."""
    if visit.end < now:
        visit.status = Status.IN_PROGRESS
        visit.arrived_at = visit.start - 8 * MINUTE
        visit.started_at = visit.start + 4 * MINUTE
    elif visit.start < now and rng.random() < 0.45:
        visit.status = Status.IN_PROGRESS
        visit.arrived_at = visit.start - 6 * MINUTE
        visit.started_at = min(now, visit.start + 2 * MINUTE)
    elif rng.random() < 0.6:
        visit.status = Status.ARRIVED
        visit.arrived_at = now - rng.randint(1, 38) * MINUTE
    visit.status_changed_at = visit.started_at or visit.arrived_at
