"""Somebody to check in at any hour: when the demo is made outside the clinic's hours, two colleagues see people just now."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

from apps.appointments.models import Appointment, PractitionerType
from apps.patients.models import Patient
from apps.portal.demo.clinic import Clinic
from apps.portal.demo.visits import fill_hours
from apps.practitioners.models import Practitioner, Room, WeeklyHours

COLLEAGUES = [("Dr", "Samira", "Haddad", "k3"), ("Dr", "Tomás", "Reyes", "k1")]
LIVELY = (dt.time(9, 30), dt.time(15, 30))
BEFORE, AFTER = 2, 4
APART = dt.timedelta(days=2)


def plan_walk_ins(
    clinic: Clinic, patients: list[Patient], visits: list[Appointment], *, rng: random.Random, now: dt.datetime
) -> Iterator[Appointment]:
    """Hire the two for the hours around now, today only, and yield their visits; nothing while the clinic is busy anyway."""
    local = now.astimezone(clinic.organization.zone)
    if LIVELY[0] <= local.time() <= LIVELY[1]:
        return
    free = _without_a_visit_near(patients, visits, local)
    for number, (prefix, given, family, colour) in enumerate(COLLEAGUES):
        practitioner = _hire(clinic, (prefix, given, family, colour), local)
        share = free[number :: len(COLLEAGUES)]
        yield from fill_hours(clinic, practitioner, share, rng=rng, now=now, day=local.date())


def _without_a_visit_near(patients: list[Patient], visits: list[Appointment], local: dt.datetime) -> list[Patient]:
    busy = {str(visit.patient_id) for visit in visits if abs(visit.start - local) < APART}
    return [patient for patient in patients if str(patient.pk) not in busy]


def _hire(clinic: Clinic, who: tuple[str, str, str, str], local: dt.datetime) -> Practitioner:
    prefix, given, family, colour = who
    organization, location, key_types = clinic.organization, clinic.locations[0], "CR"
    practitioner = Practitioner.objects.create(
        organization=organization,
        prefix=prefix,
        given_name=given,
        family_name=family,
        specialty="Walk-in clinic",
        languages=["en", "es"],
        colour=colour,
        sort_order=len(clinic.practitioners),
    )
    room = Room.objects.create(
        organization=organization, location=location, name=f"Room {6 + len(clinic.practitioners)}"
    )
    opens, closes = dt.time(max(local.hour - BEFORE, 0)), dt.time(min(local.hour + AFTER, 23))
    closes = closes if closes > local.time() and local.hour < 22 else dt.time(23, 59)
    WeeklyHours.objects.create(
        organization=organization,
        practitioner=practitioner,
        location=location,
        room=room,
        weekday=local.weekday(),
        start_time=opens,
        end_time=closes,
        valid_from=local.date(),
        valid_until=local.date(),
    )
    PractitionerType.objects.bulk_create(
        PractitionerType(organization=organization, practitioner=practitioner, appointment_type=clinic.types[code])
        for code in key_types
    )
    key = str(practitioner.pk)
    clinic.practitioners.append(practitioner)
    clinic.offers[key], clinic.hours[key], clinic.place[key] = list(key_types), [(opens, closes)], (location, room)
    return practitioner
