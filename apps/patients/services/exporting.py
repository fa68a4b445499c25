"""One patient's record as a file, with the note that it left."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.core.actors import Actor
from apps.patients.exchange.kinds import ExportKind
from apps.patients.exchange.sections import Export
from apps.patients.merging.living import require_living
from apps.patients.models import Patient
from apps.patients.selectors import with_record


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file to hand out. Its name has the record number and no name of a person."""

    name: str
    content_type: str
    content: bytes

    @property
    def is_text(self) -> bool:
        return self.content_type.endswith("json")

    @property
    def headers(self) -> dict[str, str]:
        """Return what an answer with the file says beside its type: to be saved, and kept nowhere on its way."""
        return {"Content-Disposition": f'attachment; filename="{self.name}"', "Cache-Control": "no-store"}


@transaction.atomic
def export_patient(*, patient: Patient, kind: ExportKind, route: str, actor: Actor) -> ExportFile:
    """Return the patient's record as a file of the kind, and leave an access record (`export`) under the route.

    Raises NotAllowed, and MergedAway for a record that became a part of another one. All is read from one snapshot when
    the transaction was opened for that (`organization_scope(…, one_snapshot=True)`).
    """
    actor.require(kind.permission)
    require_living(patient)
    loaded = with_record(Patient.objects.filter(organization_id=patient.organization_id).with_merged_ids())
    whole = loaded.prefetch_related("consents").select_related("organization").get(pk=patient.pk)
    export = Export(organization=whole.organization, patient=whole, at=timezone.now(), by=actor.label)
    content = kind.write(export)
    record_access(
        organization=whole.organization, actor=actor, patient_ids=[whole.pk], route=route, kind=AccessKind.EXPORT
    )
    day = export.at.astimezone(whole.organization.zone).date()
    return ExportFile(f"patient-{whole.record_number}-{day}.{kind.suffix}", kind.content_type, content)
