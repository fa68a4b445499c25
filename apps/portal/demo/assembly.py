"""Put the demo clinic together, with progress."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from apps.appointments.models import Appointment
from apps.core import tenancy
from apps.core.actors import SYSTEM
from apps.core.tenancy import organization_scope
from apps.journeys.defaults import install_defaults as install_journeys
from apps.notifications.defaults import install_defaults as install_messages
from apps.notifications.models import Rule, Template
from apps.organizations.permissions import Role
from apps.patients.models import Patient
from apps.portal.demo.clinic import SIGN_INS, Clinic, absences, change_plans, open_clinic
from apps.portal.demo.copying import BATCH, copy
from apps.portal.demo.doubles import write_doubles
from apps.portal.demo.history import event_of, events_of, messages_of, reminders_ahead
from apps.portal.demo.papers import attach_picture, keep_papers
from apps.portal.demo.people import Person
from apps.portal.demo.records import admit
from apps.portal.demo.runs import write_runs
from apps.portal.demo.threads import PICTURED, write_threads
from apps.portal.demo.visits import Away, plan_visits
from apps.portal.demo.waitlist import write_waitlist
from apps.portal.demo.walk_in import plan_walk_ins

Progress = Callable[[str, int, int], None]
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
    walk_in: bool = False
    doubles: bool = False


SCALES = {
    "small": Scale(
        practitioners=4,
        patients=400,
        days_before=10,
        days_after=10,
        conversations=28,
        runs=40,
        walk_in=True,
        doubles=True,
    ),
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
        people = admit(
            organization=organization,
            rng=rng,
            count=size.patients,
            now=now,
            done=lambda count: progress("patients", count, size.patients),
        )
        away = absences(clinic, now)
        visits = _visits(clinic, people, size, rng=rng, now=now, away=away, progress=progress)
        change_plans(clinic, now)
        # A generator of its own: how many messages there are depends on the time of day, the people after them must not.
        history = random.Random(rng.getrandbits(32))  # noqa: S311 - as above
        _history(clinic, people, visits, rng=history, now=now, progress=progress)
        threads = 0
        if size.conversations:
            desk = clinic.users["frontdesk@demo.clinic"]
            threads = write_threads(clinic, people, desk=desk, now=now, rng=rng, count=size.conversations)
        progress("conversations", threads, size.conversations)
        runs = write_runs(organization, visits, now=now, limit=size.runs)
        waiting = write_waitlist(clinic, people, visits, now=now) if size.conversations else 0
        # A generator of its own, as for the messages: drawing must not decide who comes.
        drawing = random.Random(size.patients)  # noqa: S311 - as above
        papers = keep_papers(organization, people, rng=drawing) if size.conversations else 0
        papers += attach_picture(organization, said=PICTURED, rng=drawing)
        doubles = write_doubles(organization, actor=SYSTEM) if size.doubles else 0
        reminders = _plan_ahead(clinic, people, visits, now=now)
        progress("reminders", reminders, reminders)
        progress("references", 0, 1)
        _check_references()
        progress("references", 1, 1)
    return {
        "patients": len(people) + doubles,
        "doubles": doubles,
        "appointments": len(visits),
        "conversations": threads,
        "journeys": runs,
        "waiting": waiting,
        "files": papers,
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
    today = now.astimezone(clinic.organization.zone).date()
    first, last = today - dt.timedelta(days=size.days_before), today + dt.timedelta(days=size.days_after)
    patients = [patient for patient, _person in people]
    visits = list(plan_visits(clinic, patients, rng=rng, now=now, first=first, last=last, away=away))
    # A generator of its own: the hour of the day decides whether it is used, and must not decide who comes otherwise.
    late = random.Random(rng.getrandbits(32))  # noqa: S311 - invented people, not secrets
    if size.walk_in:
        visits += plan_walk_ins(clinic, patients, visits, rng=late, now=now)
    if size.appointments is not None and len(visits) > size.appointments:
        nearest = sorted(visits, key=lambda visit: abs(visit.start - now))[: size.appointments]
        visits = sorted(nearest, key=lambda visit: visit.start)
    copy(visits, done=lambda count: progress("appointments", count, len(visits)))
    return visits


def _history(
    clinic: Clinic,
    people: list[tuple[Patient, Person]],
    visits: list[Appointment],
    *,
    rng: random.Random,
    now: dt.datetime,
    progress: Progress,
) -> None:
    """Write what happened to the visits, some thousands of them at a time: all of it at once would fill the memory."""
    phones = {patient.pk: person.phone for patient, person in people}
    for begin in range(0, len(visits), BATCH):
        part = visits[begin : begin + BATCH]
        copy(event for visit in part for event in events_of(visit))
        messages = [
            message
            for visit in part
            for message in messages_of(visit, visit.patient, phones[visit.patient_id], clinic, rng, now)
        ]
        copy(messages)
        copy(event_of(message) for message in messages)
        progress("history", begin + len(part), len(visits))


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
    return copy(reminders_ahead(visits, rules, templates, phones, now))


def _check_references() -> None:
    """Check the foreign keys now, where it can be shown, instead of at the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def _refresh_statistics() -> None:
    """Tell the planner about the new rows at once, instead of when autovacuum comes round."""
    with tenancy.as_owner(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")
