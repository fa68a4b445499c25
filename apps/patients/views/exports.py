"""One patient's record as a file to download."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.patients.exchange.kinds import find_kind
from apps.patients.services.exporting import export_patient
from apps.patients.views.common import find_patient


@require_GET
@requires(Permission.PATIENTS_VIEW)
def export(request: OrganizationRequest, pk: uuid.UUID, kind: str) -> HttpResponse:
    """Answer the record as a file of a kind; each kind has a permission of its own."""
    found = find_kind(kind)
    request.actor.require(found.permission)
    file = export_patient(
        patient=find_patient(request, pk), kind=found, route=f"patients:export:{found.key}", actor=request.actor
    )
    return HttpResponse(file.content, content_type=file.content_type, headers=file.headers)
