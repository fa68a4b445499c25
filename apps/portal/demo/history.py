"""What happened to the demo appointments, as events and ledger rows: timelines, reminders and ticks to look at."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Iterator

from apps.appointments.messages import template_variables
from apps.appointments.models import Appointment
from apps.appointments.models import Status as Visit
from apps.communications.models import Category, Channel, Communication, Provider, Status
from apps.communications.quiet import last_moment_before_quiet
from apps.communications.services.planning import payload_about
from apps.core.actors import ActorKind
from apps.core.ids import uuid7
from apps.events.models import Event
from apps.notifications.models import Rule, Template
from apps.notifications.rendering import render
from apps.patients.models import Patient
from apps.portal.demo.clinic import Clinic

HOUR = dt.timedelta(hours=1)
DESK = (ActorKind.USER, "Beatriz Amaral")


def events_of(visit: Appointment) -> Iterator[Event]:
    """Yield the events that the visit's state implies, oldest first."""
    by = {"bot": (ActorKind.BOT, "Bot"), "link": (ActorKind.PATIENT, "Patient")}.get(visit.source, DESK)
    yield _event(visit, "appointment.booked", visit.created_at, by)
    moments = [
        ("appointment.confirmed", visit.confirmed_at, (ActorKind.PATIENT, "Patient")),
        ("appointment.cancelled", visit.cancelled_at, DESK),
        ("appointment.arrived", visit.arrived_at, DESK),
        ("appointment.started", visit.started_at, DESK),
        ("appointment.fulfilled", visit.completed_at, DESK),
        ("appointment.no_show", visit.status_changed_at if visit.status == Visit.NO_SHOW else None, DESK),
    ]
    for type_, at, who in moments:
        if at is not None:
            yield _event(visit, type_, at, who)


def _event(visit: Appointment, type_: str, at: dt.datetime, by: tuple[str, str]) -> Event:
    return Event(
        id=uuid7(at),
        organization_id=visit.organization_id,
        type=type_,
        subject_type=Appointment._meta.label,
        subject_id=visit.pk,
        patient_id=visit.patient_id,
        actor_kind=by[0],
        actor_label=by[1],
        payload={
            "appointment_type_id": str(visit.appointment_type_id),
            "practitioner_id": str(visit.practitioner_id),
            "start": visit.start.isoformat(),
            "version": visit.version,
            "source": visit.source,
        },
        occurred_at=at,
    )


def messages_of(
    visit: Appointment, patient: Patient, phone: str, clinic: Clinic, rng: random.Random, now: dt.datetime
) -> Iterator[Communication]:
    """Yield the ledger rows already due for the visit: the confirmation and the reminders, each with its outcome."""
    local = visit.start.astimezone(clinic.organization.zone)
    when = f"{local:%A} {local.day} {local:%B} at {local:%H:%M}"
    texts = [
        (
            Category.CONFIRMATION,
            "confirmation",
            "appointment-booked",
            visit.created_at,
            f"You are booked for {when} with {visit.practitioner.short_name}.",
        ),
        (
            Category.REMINDER,
            "reminder:24h",
            "appointment-reminder",
            visit.start - 24 * HOUR,
            f"A reminder of your visit on {when}. Reply YES to confirm.",
        ),
        (
            Category.REMINDER,
            "reminder:2h",
            "appointment-reminder",
            visit.start - 2 * HOUR,
            f"See you at {local:%H:%M} at {visit.location.name}.",
        ),
    ]
    for category, suffix, template, at, body in texts:
        if at > now or (visit.cancelled_at and at > visit.cancelled_at) or at < visit.created_at:
            continue
        row = Communication(
            id=uuid7(),
            organization_id=visit.organization_id,
            channel=Channel.WHATSAPP,
            category=category,
            patient=patient,
            to_address=phone,
            from_address=clinic.organization.phone,
            body=body,
            language=patient.language,
            template_key=template,
            dedupe_key=f"appointment:{visit.pk}:{visit.version}:{suffix}:whatsapp",
            context_type=Appointment._meta.label,
            context_id=visit.pk,
            context_version=visit.version,
            planned_at=visit.created_at,
            due_at=at,
            provider=Provider.SIMULATOR,
            provider_id=f"SM{uuid7().hex}",
            attempts=1,
        )
        _outcome(row, at, rng, now)
        yield row


def event_of(message: Communication) -> Event:
    """Return the event of a message that went out, by which the patient's timeline shows it."""
    at = message.sent_at or message.due_at
    return Event(
        id=uuid7(at),
        organization_id=message.organization_id,
        type="communication.sent",
        subject_type=Communication._meta.label,
        subject_id=message.pk,
        patient_id=message.patient_id,
        actor_kind=ActorKind.SYSTEM,
        actor_label="",
        payload=payload_about(message),
        occurred_at=at,
    )


def _outcome(row: Communication, at: dt.datetime, rng: random.Random, now: dt.datetime) -> None:
    dice = rng.random()
    row.sent_at = at + dt.timedelta(seconds=2)
    if dice < 0.03:
        row.status, row.failed_at = Status.UNDELIVERED, at + dt.timedelta(seconds=40)
        row.error_code, row.reason = "63024", "This phone can’t be reached on WhatsApp right now."
    elif dice < 0.25 or now - at < HOUR:
        row.status, row.delivered_at = Status.DELIVERED, at + dt.timedelta(seconds=5)
    else:
        row.status, row.delivered_at = Status.READ, at + dt.timedelta(seconds=5)
        row.read_at = min(now, at + dt.timedelta(minutes=rng.randint(1, 240)))


def reminders_ahead(
    visits: list[Appointment],
    rules: list[Rule],
    templates: dict[str, Template],
    phones: dict[uuid.UUID, str],
    now: dt.datetime,
) -> Iterator[Communication]:
    """Yield the reminders that the clinic's rules plan for the visits still to come, under the rules' own keys."""
    for visit in visits:
        if visit.start <= now or visit.status != Visit.BOOKED or visit.patient is None:
            continue
        variables = template_variables(visit)
        for rule in rules:
            due = last_moment_before_quiet(
                visit.start + dt.timedelta(minutes=rule.offset_minutes or 0),
                visit.organization.zone,
                visit.organization.quiet_hours_start,
                visit.organization.quiet_hours_end,
            )
            template = templates.get(visit.patient.language) or templates["en"]
            if due <= now:
                continue
            words = render(template, variables)
            yield Communication(
                organization=visit.organization,
                channel=Channel.WHATSAPP,
                category=rule.category,
                status=Status.SCHEDULED,
                patient=visit.patient,
                to_address=phones[visit.patient_id],
                body=words.body,
                content_sid=words.content_sid,
                content_variables=words.content_variables,
                language=visit.patient.language,
                template_key=rule.template_key,
                dedupe_key=f"{Appointment._meta.label}:{visit.pk}:{visit.version}:{rule.category}:{rule.pk}:main",
                context_type=Appointment._meta.label,
                context_id=visit.pk,
                context_version=visit.version,
                planned_at=visit.created_at,
                due_at=due,
                not_after=visit.start,
                fallback_channels=[[Channel.SMS, phones[visit.patient_id], {"body": words.body}]],
            )
