"""What the patient page shows of files: the tab and the photo."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from apps.audit.services import record_access
from apps.media.kinds import KINDS
from apps.media.models import Media
from apps.media.selectors import files_of_patient, photo_of
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.patients.models import Patient

STEP, MOST = 60, 600


def files_of(patient: Patient) -> QuerySet:
    """Return the files that the patient page counts; no query yet."""
    return Media.objects.filter(organization_id=patient.organization_id, patient=patient).ready()


@require_GET
@requires(Permission.MEDIA_VIEW)
def for_patient(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the tab: where files are dropped, and what is there; with `?part=grid` what is there only."""
    patient = get_object_or_404(Patient.objects.for_organization(request.organization), pk=pk)
    is_refresh = request.GET.get("part") == "grid"
    asked = request.GET.get("shown", "")
    limit = min(int(asked), MOST) if asked.isdecimal() and len(asked) < 5 else STEP
    found = files_of_patient(organization=request.organization, patient_id=patient.pk, limit=limit + 1)
    if not is_refresh:
        record_access(
            organization=request.organization, actor=request.actor, patient_ids=[pk], route="media:for-patient"
        )
    context: dict[str, Any] = {
        "patient": patient,
        "files": found[:limit],
        "shown": limit,
        "further": limit + STEP if len(found) > limit and limit < MOST else None,
        "may_manage": request.actor.may(Permission.MEDIA_MANAGE),
        "accept": _accepted(),
        "uploads_url": reverse("api:media-uploads-list"),
    }
    return render(request, "media/_for_patient.html#grid" if is_refresh else "media/_for_patient.html", context)


@require_GET
@requires(Permission.MEDIA_VIEW)
def photo(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the patient's photo for the header; nothing when there is none."""
    patient = get_object_or_404(Patient.objects.for_organization(request.organization), pk=pk)
    found = photo_of(organization=request.organization, patient_id=patient.pk)
    return render(request, "media/_photo.html", {"photo": found, "patient": patient})


def _accepted() -> str:
    """Return the types and extensions for a file chooser. Phones turn HEIC into JPEG where the list has JPEG."""
    types = [kind.content_type for kind in KINDS.values()]
    return ",".join([*types, *(f".{kind.extension}" for kind in KINDS.values())])
