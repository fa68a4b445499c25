"""Journeys of the demo clinic: patients standing in every stage of the default journey."""

from __future__ import annotations

import datetime as dt

from apps.appointments.models import Appointment
from apps.appointments.models import Status as Visit
from apps.journeys.models import Definition, DefinitionVersion, Instance, InstanceStatus, Stage, StageState, StageStatus
from apps.organizations.models import Organization
from apps.portal.demo.copying import copy

DAY = dt.timedelta(days=1)


def write_runs(organization: Organization, visits: list[Appointment], *, now: dt.datetime, limit: int) -> int:
    """Start a run for the latest visit of up to `limit` patients, in the stage that the visit's state implies."""
    definition = Definition.objects.for_organization(organization).get(key="new-patient-visit")
    version = (
        DefinitionVersion.objects.filter(definition=definition, published_at__isnull=False).order_by("-number").first()
    )
    stages = list(Stage.objects.filter(version=version).order_by("position"))
    chosen: dict[str, Appointment] = {}
    for visit in sorted(visits, key=lambda v: abs(v.start - now)):
        if visit.appointment_type.name == "New patient" and visit.status != Visit.CANCELLED:
            chosen.setdefault(str(visit.patient_id), visit)
        if len(chosen) == limit:
            break
    instances, statuses = [], []
    for visit in chosen.values():
        position = _position(visit, now)
        instance = _instance(definition, version, stages, visit, position)
        instances.append(instance)
        statuses.extend(_statuses(instance, stages, visit, position))
    copy(instances)
    copy(statuses)
    return len(instances)


def _position(visit: Appointment, now: dt.datetime) -> int:
    """Return how many stages lie behind the patient: contacted, booked, reminded, visited, follow-up."""
    if visit.status == Visit.FULFILLED:
        return 5 if now - visit.start > 4 * DAY else 4 if now - visit.start > DAY / 6 else 3
    return 2 if visit.start - now < DAY else 1


def _instance(
    definition: Definition, version: DefinitionVersion, stages: list[Stage], visit: Appointment, position: int
) -> Instance:
    done = position >= len(stages)
    entered = visit.completed_at or visit.created_at
    stage = None if done else stages[position]
    return Instance(
        organization_id=visit.organization_id,
        definition=definition,
        version=version,
        patient=visit.patient,
        appointment_id=visit.pk,
        status=InstanceStatus.COMPLETED if done else InstanceStatus.ACTIVE,
        current_stage=stage,
        stage_entered_at=None if done else entered,
        overdue_at=entered + dt.timedelta(minutes=stage.overdue_after_minutes)
        if stage and stage.overdue_after_minutes
        else None,
        ended_at=entered if done else None,
    )


def _statuses(instance: Instance, stages: list[Stage], visit: Appointment, position: int) -> list[StageStatus]:
    rows = []
    for index, stage in enumerate(stages):
        state = (
            StageState.COMPLETED if index < position else StageState.ACTIVE if index == position else StageState.PENDING
        )
        rows.append(
            StageStatus(
                organization_id=instance.organization_id,
                instance=instance,
                stage=stage,
                state=state,
                entered_at=visit.created_at if index <= position else None,
                left_at=visit.completed_at or visit.created_at if index < position else None,
                by=stage.advance_on if index < position else "",
            )
        )
    return rows
