"""Journeys of the demo clinic: patients standing in every stage of the default journey."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection

from apps.appointments.models import Appointment
from apps.appointments.models import Status as Visit
from apps.conversations.models import Conversation
from apps.journeys.models import Definition, DefinitionVersion, Instance, InstanceStatus, Stage, StageState, StageStatus
from apps.organizations.models import Organization
from apps.patients.contact import show_phone
from apps.portal.demo.copying import copy

DAY = dt.timedelta(days=1)
MOST_CONTACTED = 6
RECENT = dt.timedelta(hours=20)
# A run goes back to its first stage then, and lets go of the visit.
LOST = (Visit.CANCELLED, Visit.NO_SHOW)


def write_runs(organization: Organization, visits: list[Appointment], *, now: dt.datetime, limit: int) -> int:
    """Start a run for up to `limit` visits of new patients, the nearest ones of each stage that their state implies."""
    definition = Definition.objects.for_organization(organization).get(key="new-patient-visit")
    version = (
        DefinitionVersion.objects.filter(definition=definition, published_at__isnull=False).order_by("-number").first()
    )
    stages = list(Stage.objects.filter(version=version).order_by("position"))
    chosen: dict[str, Appointment] = {}
    standing: Counter[int] = Counter()
    for visit in sorted(visits, key=lambda v: abs(v.start - now)):
        position = _position(visit, now)
        wanted = visit.appointment_type.name == "New patient" and visit.status not in LOST
        if wanted and str(visit.patient_id) not in chosen and standing[position] < limit // len(stages):
            chosen[str(visit.patient_id)] = visit
            standing[position] += 1
    instances, statuses = [], []
    for visit in chosen.values():
        position = _position(visit, now)
        times = _times(visit)
        instances.append(_instance(definition, version, stages, position, times, visit=visit))
        statuses.extend(_statuses(instances[-1], stages, position, times))
    for thread in _threads_without_a_visit(organization, chosen, now):
        times = [thread.waiting_since or thread.last_message_at or now] * len(stages)
        instances.append(_instance(definition, version, stages, 0, times, thread=thread))
        statuses.extend(_statuses(instances[-1], stages, 0, times))
    copy(instances)
    copy(statuses)
    return len(instances)


def _threads_without_a_visit(
    organization: Organization, visits: Collection[str], now: dt.datetime
) -> list[Conversation]:
    """Return open threads of people who have no run yet: they stand in the first stage."""
    threads = (
        Conversation.objects.for_organization(organization)
        .exclude(status="closed")
        .filter(last_message_at__gt=now - RECENT)
        .order_by("last_message_at", "address")
    )
    waiting: dict[str, Conversation] = {}
    for thread in threads.select_related("patient"):
        person = str(thread.patient_id or thread.pk)
        if person not in visits:
            waiting.setdefault(person, thread)
    return list(waiting.values())[:MOST_CONTACTED]


def _times(visit: Appointment) -> list[dt.datetime]:
    """Return when the stages of a visit are entered: contacted, booked, reminded, visited, follow-up."""
    booked = visit.created_at
    reminded = max(booked, visit.start - DAY)
    visited = visit.completed_at or visit.end
    return [booked - dt.timedelta(minutes=9), booked, reminded, visited, visited + dt.timedelta(hours=3)]


def _position(visit: Appointment, now: dt.datetime) -> int:
    """Return how many stages lie behind the patient: contacted, booked, reminded, visited, follow-up."""
    if visit.status == Visit.FULFILLED:
        return 5 if now - visit.start > 4 * DAY else 4 if now - visit.start > DAY / 6 else 3
    return 2 if visit.start - now < DAY else 1


def _instance(
    definition: Definition,
    version: DefinitionVersion,
    stages: list[Stage],
    position: int,
    times: list[dt.datetime],
    *,
    visit: Appointment | None = None,
    thread: Conversation | None = None,
) -> Instance:
    done = position >= len(stages)
    stage = None if done else stages[position]
    patient = visit.patient if visit else thread.patient if thread else None
    minutes = stage.overdue_after_minutes if stage else None
    return Instance(
        organization_id=definition.organization_id,
        definition=definition,
        version=version,
        patient=patient,
        conversation_id=thread.pk if thread else None,
        label=thread.display_name or show_phone(thread.address, country="US") if thread and patient is None else "",
        appointment_id=visit.pk if visit else None,
        status=InstanceStatus.COMPLETED if done else InstanceStatus.ACTIVE,
        current_stage=stage,
        started_at=times[0],
        stage_entered_at=None if done else times[position],
        overdue_at=times[position] + dt.timedelta(minutes=minutes) if minutes else None,
        advance_due_at=times[position] + dt.timedelta(minutes=stage.advance_after_minutes)
        if stage and stage.advance_after_minutes
        else None,
        ended_at=times[-1] + 3 * DAY if done else None,
    )


def _statuses(instance: Instance, stages: list[Stage], position: int, times: list[dt.datetime]) -> list[StageStatus]:
    rows = []
    for index, stage in enumerate(stages):
        past = index < position
        state = StageState.COMPLETED if past else StageState.ACTIVE if index == position else StageState.PENDING
        following = times[index + 1] if index + 1 < len(times) else instance.ended_at
        rows.append(
            StageStatus(
                organization_id=instance.organization_id,
                instance=instance,
                stage=stage,
                state=state,
                entered_at=times[index] if index <= position else None,
                left_at=following if past else None,
                by=stage.advance_on if past else "",
                next_action=len(stage.actions) if index <= position else 0,
            )
        )
    return rows
