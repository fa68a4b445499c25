"""What the views of patients share."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.utils.translation import gettext as _

from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.core.errors import NotFound
from apps.organizations.middleware import OrganizationRequest
from apps.patients.models import Patient
from apps.patients.selectors import with_contact_points, with_record


def find_patient(request: OrganizationRequest, pk: uuid.UUID, *, whole: bool = False) -> Patient:
    """Return the patient with contact points, and with consents or, `whole`, with addresses, identifiers and people.

    Who only looks gets the record that a merged one became a part of.
    """
    patient = find_record(request, pk, whole=whole)
    if patient.merged_into_id is not None and request.method in {"GET", "HEAD"}:
        return find_record(request, patient.merged_into_id, whole=whole)
    return patient


def find_record(request: OrganizationRequest, pk: uuid.UUID, *, whole: bool = False) -> Patient:
    """Return the record with this id, a merged one too."""
    patients = Patient.objects.for_organization(request.organization).with_merged_ids()
    loaded = with_record(patients) if whole else with_contact_points(patients).prefetch_related("consents")
    patient = loaded.filter(pk=pk).first()
    if patient is None:
        raise NotFound(_("There is no such patient here. Look for them in the list."))
    patient.organization = request.organization
    return patient


def note_access(
    request: OrganizationRequest, patient_ids: Iterable[uuid.UUID], kind: AccessKind = AccessKind.VIEW
) -> None:
    match = request.resolver_match
    record_access(
        organization=request.organization,
        actor=request.actor,
        patient_ids=patient_ids,
        route=match.view_name if match else "patients",
        kind=kind,
    )
