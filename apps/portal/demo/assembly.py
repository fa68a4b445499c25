"""Put the demo clinic together, with progress."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from apps.appointments.models import Appointment
from apps.communications.models import Communication
from apps.core import tenancy
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from apps.journeys.defaults import install_defaults as install_journeys
from apps.notifications.defaults import install_defaults as install_messages
from apps.notifications.models import Rule, Template
from apps.organizations.permissions import Role
from apps.patients.models import Patient
from apps.portal.demo.clinic import SIGN_INS, Clinic, absences, open_clinic
from apps.portal.demo.history import events_of, messages_of, reminders_ahead
from apps.portal.demo.people import Person
from apps.portal.demo.records import admit
from apps.portal.demo.runs import write_runs
from apps.portal.demo.threads import write_threads
from apps.portal.demo.visits import Away, plan_visits

Progress = Callable[[str, int, int], None]
BATCH = 2000
NUMBER, OTHER_NUMBER = "+15550100000", "+15550200000"


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything; days are before and after today."""

    practitioners: int
    patients: int
    days_before: int
    days_after: int
    conversations: int
    runs: int
    appointments: int | None = None


SCALES = {
    "small": Scale(practitioners=4, patients=300, days_before=10, days_after=10, conversations=28, runs=40),
    "large": Scale(
        practitioners=50,
        patients=20_000,
        days_before=110,
        days_after=30,
        conversations=10_000,
        runs=2_000,
        appointments=100_000,
    ),
}


def build(
    *, scale: str = "small", seed: int = 7, progress: Progress = lambda _what, _done, _all: None
) -> dict[str, int]:
    """Create the clinics `demo` and `other`; return how many rows of what `demo` got. All or nothing per clinic."""
    size, now = SCALES[scale], timezone.now()
    rng = random.Random(seed)  # noqa: S311 - invented people, not secrets
    with transaction.atomic():
        clinic = open_clinic(
            name="Tidewater Clinic",
            slug="demo",
            number=NUMBER,
            sign_ins=SIGN_INS,
            practitioners=size.practitioners,
            rng=rng,
        )
        counts = _fill(clinic, size, rng=rng, now=now, progress=progress)
    with transaction.atomic():
        other = open_clinic(
            name="Other Clinic",
            slug="other",
            number=OTHER_NUMBER,
            sign_ins=[("frontdesk@other.clinic", "Noel Marsh", Role.FRONT_DESK)],
            practitioners=4,
            rng=rng,
        )
        _fill(other, Scale(4, 40, 2, 3, 0, 4), rng=rng, now=now, progress=lambda _what, _done, _all: None)
    _refresh_statistics()
    return counts


def _fill(clinic: Clinic, size: Scale, *, rng: random.Random, now: dt.datetime, progress: Progress) -> dict[str, int]:
    organization = clinic.organization
    with organization_scope(organization.pk):
        install_messages(organization=organization)
        install_journeys(organization=organization)
        today = organization.today()
        people = admit(organization=organization, rng=rng, count=size.patients, today=today)
        progress("patients", len(people), size.patients)
        away = absences(clinic, now)
        visits = _visits(clinic, people, size, rng=rng, now=now, away=away, progress=progress)
        _history(clinic, people, visits, rng=rng, now=now, progress=progress)
        threads = 0
        if size.conversations:
            desk = clinic.users["frontdesk@demo.clinic"]
            threads = write_threads(clinic, people, desk=desk, now=now, rng=rng, count=size.conversations)
        progress("conversations", threads, size.conversations)
        runs = write_runs(organization, visits, now=now, limit=size.runs)
        reminders = _plan_ahead(clinic, people, visits, now=now)
        progress("reminders", reminders, reminders)
    return {
        "patients": len(people),
        "appointments": len(visits),
        "conversations": threads,
        "journeys": runs,
        "reminders": reminders,
    }


def _visits(
    clinic: Clinic,
    people: list[tuple[Patient, Person]],
    size: Scale,
    *,
    rng: random.Random,
    now: dt.datetime,
    away: Away,
    progress: Progress,
) -> list[Appointment]:
    today = clinic.organization.today()
    first, last = today - dt.timedelta(days=size.days_before), today + dt.timedelta(days=size.days_after)
    patients = [patient for patient, _person in people]
    visits = list(plan_visits(clinic, patients, rng=rng, now=now, first=first, last=last, away=away))
    if size.appointments is not None and len(visits) > size.appointments:
        visits = sorted(visits, key=lambda v: abs(v.start - now))[: size.appointments]
    for start in range(0, len(visits), BATCH):
        batch = visits[start : start + BATCH]
        booked = [visit.created_at for visit in batch]
        Appointment.objects.bulk_create(batch)
        _date_back(batch, booked)
        progress("appointments", start + len(batch), len(visits))
    return visits


def _date_back(visits: list[Appointment], booked: list[dt.datetime]) -> None:
    """Set when each visit was booked; Django stamps new rows with the present, whatever they say."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE appointments_appointment AS visit SET created_at = was.booked
            FROM unnest(%s::uuid[], %s::timestamptz[]) AS was (id, booked) WHERE visit.id = was.id
            """,
            [[visit.pk for visit in visits], booked],
        )
    for visit, at in zip(visits, booked, strict=True):
        visit.created_at = at


def _history(
    clinic: Clinic,
    people: list[tuple[Patient, Person]],
    visits: list[Appointment],
    *,
    rng: random.Random,
    now: dt.datetime,
    progress: Progress,
) -> None:
    phones = {patient.pk: person.phone for patient, person in people}
    events: list[Event] = []
    messages: list[Communication] = []
    for visit in visits:
        events.extend(events_of(visit))
        messages.extend(messages_of(visit, visit.patient, phones[visit.patient_id], clinic, rng, now))
    events.sort(key=lambda event: event.id)
    for rows, model, what in ((events, Event, "events"), (messages, Communication, "messages")):
        for start in range(0, len(rows), BATCH):
            model.objects.bulk_create(rows[start : start + BATCH])
            progress(what, min(start + BATCH, len(rows)), len(rows))


def _plan_ahead(
    clinic: Clinic, people: list[tuple[Patient, Person]], visits: list[Appointment], *, now: dt.datetime
) -> int:
    """Write the reminders of what is still to come, as the clinic's own rules would plan them."""
    organization = clinic.organization
    rules = list(
        Rule.objects.for_organization(organization).filter(event_type="appointment.booked", offset_minutes__lt=0)
    )
    texts = Template.objects.for_organization(organization).filter(key="appointment-reminder", channel="whatsapp")
    templates = {template.language: template for template in texts}
    phones = {patient.pk: person.phone for patient, person in people}
    rows = list(reminders_ahead(visits, rules, templates, phones, now))
    for start in range(0, len(rows), BATCH):
        Communication.objects.bulk_create(rows[start : start + BATCH])
    return len(rows)


def _refresh_statistics() -> None:
    """Tell the planner about the new rows at once, instead of when autovacuum comes round."""
    with tenancy.as_owner(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")
