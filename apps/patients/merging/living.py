"""Which record a patient is in now: one that was merged leads to the one that it became a part of."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.utils.translation import gettext as _

from apps.core.errors import Conflict
from apps.organizations.models import Organization
from apps.patients.models import Patient


class MergedAway(Conflict):
    """The record became a part of another one; `extra` has that one's id as `merged_into`."""

    code = "merged"

    def __init__(self, patient: Patient) -> None:
        super().__init__(
            _("The record of %(name)s became a part of another one. Go on there, or undo the merge.")
            % {"name": patient.full_name},
            extra={"merged_into": str(patient.merged_into_id)},
        )


def require_living(patient: Patient) -> None:
    """Raise MergedAway for a record that became a part of another one."""
    if patient.merged_into_id is not None:
        raise MergedAway(patient)


def living_id(pk: uuid.UUID) -> uuid.UUID:
    """Return the id of the record that this one is in now, which mostly is itself; one query."""
    merged_into = Patient.objects.filter(pk=pk).values_list("merged_into_id", flat=True).first()
    return merged_into if merged_into is not None else pk


def living_ids(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Return, for those of these records that were merged, the record that each is in now; one query."""
    merged = Patient.objects.filter(pk__in=ids, merged_into__isnull=False)
    return dict(merged.values_list("pk", "merged_into_id"))


def living_patient(patient: Patient) -> Patient:
    """Return the record that this one is in now; a query only for one that was merged when it was read."""
    if patient.merged_into_id is None:
        return patient
    living: Patient = Patient.objects.select_related("organization").get(pk=patient.merged_into_id)
    return living


def merged_into(pk: uuid.UUID) -> list[uuid.UUID]:
    """Return the ids of the records that were merged into this one: what happened to them is its history; one query."""
    return list(Patient.objects.filter(merged_into=pk).values_list("pk", flat=True))


def merged_ids_of(patient: Patient) -> list[uuid.UUID]:
    """Return `merged_into` of a patient; no query for one that was read `with_merged_ids`."""
    known: list[uuid.UUID] | None = getattr(patient, "merged_ids", None)
    return merged_into(patient.pk) if known is None else known


def merged_under_number(*, organization: Organization, number: int) -> uuid.UUID | None:
    """Return the record that the one with this record number became a part of, None when it was not merged; one query."""
    merged_into: uuid.UUID | None = (
        Patient.objects.for_organization(organization)
        .filter(number=number)
        .values_list("merged_into_id", flat=True)
        .first()
    )
    return merged_into
