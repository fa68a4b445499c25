"""The list of patients as a CSV file: what is in it, then the file."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from apps.core.htmx import wants_fragment
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.patients.exchange.writing import FILE_NAME, exported, write_patients
from apps.patients.listing import listed_patients
from apps.patients.models import Patient
from apps.patients.selectors import find_patient_ids
from apps.patients.views.lists import FOUND_IN_LIST


@require_http_methods(["GET", "POST"])
@requires(Permission.PATIENTS_EXPORT)
def export(request: OrganizationRequest) -> HttpResponse:
    """Say who would be in the file; with `download`, give it. What was typed is POSTed, as in the list."""
    asked = request.POST if request.method == "POST" else request.GET
    text, archived, language = asked.get("q", "").strip(), asked.get("archived") == "1", asked.get("language", "")
    rows = _rows(request, text, archived=archived, language=language)
    if request.method == "POST" and "download" in asked:
        file = write_patients(
            rows, organization=request.organization, route="patients:list-export", actor=request.actor, mark=True
        )
        return FileResponse(file, as_attachment=True, filename=FILE_NAME, content_type="text/csv; charset=utf-8")
    context = {
        "searched": text,
        "archived": archived,
        "language": language,
        "number": exported(rows, organization=request.organization).count(),
        "modal": wants_fragment(request),
        "active_navigation": "patients",
    }
    return render(request, "patients/export.html", context)


def _rows(request: OrganizationRequest, text: str, *, archived: bool, language: str) -> QuerySet[Patient]:
    organization = request.organization
    if text:
        found = find_patient_ids(organization=organization, text=text, limit=FOUND_IN_LIST, archived=archived)
        return Patient.objects.for_organization(organization).filter(pk__in=found)
    return listed_patients(organization=organization, archived=archived, language=language)
