"""After a record was saved: look for others of the same person, without making anybody wait."""

from __future__ import annotations

import uuid

from apps.events.models import Event
from apps.events.registry import on
from apps.patients import services


@on(
    "patient.created",
    "patient.updated",
    "patient.archived",
    "patient.restored",
    "patient.merged",
    "patient.unmerged",
    "patient.rows_moved",
)
def look_for_duplicates(event: Event) -> None:
    """Compare the record as it is now, and what became part of it."""
    if event.patient_id is None:
        return
    changed = [event.patient_id]
    if event.type == "patient.merged":
        duplicate = uuid.UUID(event.payload["duplicate_id"])
        services.note_merged(
            organization=event.organization,
            survivor_id=event.patient_id,
            duplicate_id=duplicate,
            by=event.actor_label,
        )
        changed.append(duplicate)
    elif event.type == "patient.unmerged":
        services.note_separated(organization=event.organization, patient_id=event.patient_id)
    services.compare_patients(organization=event.organization, patient_ids=changed)
