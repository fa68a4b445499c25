"""The data sets: the demo clinic, the same with few and with many rows behind it, and a house of many practitioners."""

from __future__ import annotations

import datetime as dt

from apps.appointments.models import Appointment, AppointmentType, PractitionerType
from apps.organizations.models import Location, Organization
from apps.patients.models import Patient
from apps.portal.demo import build
from apps.practitioners.models import Practitioner, WeeklyHours
from benchmarks.databases import Dataset, migrate
from benchmarks.environment import Scale
from benchmarks.history import fill_history
from benchmarks.results import WrongAnswer
from benchmarks.writing import bulk, missing, name_people, patient_columns, run, visit_columns

ZONE = "America/New_York"
SLOTS_SLUG = "many-practitioners"
OPENS, CLOSES = dt.time(9), dt.time(17)
SLOTS_PER_DAY, FILLED_PERCENT, LAST_FILLED_DAY, PATIENTS_EACH = 16, 80, 30, 100


def fill_base(_scale: Scale) -> None:
    """Write the demo clinic as `make up` shows it first."""
    migrate()
    build(scale="small")


def fill_slots(scale: Scale) -> None:
    """Write an organization of many practitioners whose days are filled to four fifths, up to a month ahead."""
    with bulk([Patient, Appointment]):
        organization = _open_organization(scale.slots_practitioners)
        name_people()
        run(
            Patient,
            "generate_series(1, %(count)s) AS i JOIN bench_name ON n = i %% (SELECT count(*) FROM bench_name)",
            patient_columns("i"),
            {"organization": organization.pk, "count": PATIENTS_EACH * scale.slots_practitioners},
        )
        _fill_days(organization, scale)


def _open_organization(practitioners: int) -> Organization:
    organization = Organization.objects.create(name="Many practitioners", slug=SLOTS_SLUG, timezone=ZONE)
    owner = {"organization": organization}
    location = Location.objects.create(**owner, name="Main", timezone=ZONE)
    kind = AppointmentType.objects.create(
        **owner, name="Visit", duration_minutes=30, step_minutes=30, minimum_notice_minutes=0, horizon_days=365
    )
    people = Practitioner.objects.bulk_create(
        Practitioner(**owner, given_name="Person", family_name=f"{n:03d}", sort_order=n) for n in range(practitioners)
    )
    PractitionerType.objects.bulk_create(
        PractitionerType(**owner, practitioner=person, appointment_type=kind) for person in people
    )
    WeeklyHours.objects.bulk_create(
        WeeklyHours(**owner, practitioner=person, location=location, weekday=day, start_time=OPENS, end_time=CLOSES)
        for person in people
        for day in range(7)
    )
    return organization


def _fill_days(organization: Organization, scale: Scale) -> None:
    """Fill days backwards from the last one until the table has its rows; which slots stay free never changes."""
    total = missing(Appointment, scale.slots_appointments)
    per_day = SLOTS_PER_DAY * scale.slots_practitioners * FILLED_PERCENT // 100
    written = run(
        Appointment,
        """
        (SELECT day, slot, who, ((current_date + day) + time '09:00' + slot * interval '30 minutes') AT TIME ZONE %(zone)s AS at
         FROM generate_series(%(last)s, %(last)s - %(days)s, -1) AS day, generate_series(0, %(slots)s - 1) AS slot,
              generate_series(0, %(people)s - 1) AS who
         WHERE abs(hashint8(day * 1000003 + slot * 1009 + who)) %% 100 < %(filled)s
         ORDER BY day DESC, slot, who LIMIT %(total)s) AS wanted
        JOIN practitioners_practitioner p ON p.organization_id = %(organization)s AND p.sort_order = who
        JOIN patients_patient c ON c.organization_id = %(organization)s
             AND c.number = 1 + who + %(people)s * ((slot + day + 10000) %% %(patients_each)s)
        """,
        visit_columns(patient="c.id", practitioner="p.id")
        | {
            "status": "CASE WHEN at < now() THEN 'fulfilled' ELSE 'booked' END",
            "location_id": "(SELECT id FROM organizations_location WHERE organization_id = %(organization)s)",
            "appointment_type_id": "(SELECT id FROM appointments_appointmenttype WHERE organization_id = %(organization)s)",
        },
        {
            "organization": organization.pk,
            "zone": ZONE,
            "last": LAST_FILLED_DAY,
            "days": total // per_day + 3,
            "slots": SLOTS_PER_DAY,
            "people": scale.slots_practitioners,
            "patients_each": PATIENTS_EACH,
            "filled": FILLED_PERCENT,
            "total": total,
        },
    )
    if written != total:
        raise WrongAnswer(f"{written:,} appointments were written instead of {total:,}.")


BASE = Dataset("base", fill_base)
SLOTS = Dataset("slots", fill_slots, BASE)
FEW = Dataset("few", lambda scale: fill_history(scale.few), BASE)
MANY = Dataset("many", lambda scale: fill_history(scale.many), BASE)
