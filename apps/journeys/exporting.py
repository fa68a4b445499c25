"""The journeys of one patient, for their export."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Prefetch

from apps.journeys.models import Instance, StageStatus
from apps.patients.exchange.sections import Export, Row, Section, register
from apps.patients.exchange.values import plain

_RUN = (
    *("status", "label", "appointment_id", "conversation_id", "started_at", "stage_entered_at", "advance_due_at"),
    *("overdue_at", "paused_at", "ended_at", "end_reason", "created_at", "updated_at"),
)
_STAGE = ("state", "entered_at", "left_at", "by", "note")


def run_rows(export: Export) -> Iterator[Row]:
    """Yield the patient's runs with every stage of theirs in its order; two queries."""
    zone = export.organization.zone
    stages = StageStatus.objects.select_related("stage").order_by("stage__position", "id")
    runs = Instance.objects.for_organization(export.organization).filter(patient_id__in=export.ids)
    runs = runs.select_related("definition", "version", "current_stage").order_by("started_at", "id")
    for run in runs.prefetch_related(Prefetch("stage_statuses", stages)):
        yield {
            "id": str(run.pk),
            "definition": {"id": str(run.definition_id), "key": run.definition.key, "name": run.definition.name},
            "version": run.version.number,
            "current_stage": run.current_stage.key if run.current_stage else None,
            **{name: plain(getattr(run, name), zone) for name in _RUN},
            "stages": [
                {"key": one.stage.key, "name": one.stage.name}
                | {name: plain(getattr(one, name), zone) for name in _STAGE}
                for one in run.stage_statuses.all()
            ],
        }


def register_sections() -> None:
    """Register what journeys bring into an export."""
    register(Section("journeys", order=60, rows=run_rows, models=(Instance, StageStatus)))
