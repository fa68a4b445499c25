"""The list of patients, its search, and the options of a patient field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import truncatechars
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.audit.models import AccessKind
from apps.core.htmx import wants_fragment
from apps.core.ids import as_uuid
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.patients import profile
from apps.patients.listing import Listed, PatientLine, lines_of, list_patients
from apps.patients.models import ContactSystem
from apps.patients.selectors import PatientMatch, search_patients
from apps.patients.views.common import note_access

FOUND_IN_LIST = 25
FOUND_IN_TYPEAHEAD = 8
FOUND_IN_ARCHIVE = 5


@require_GET
@requires(Permission.PATIENTS_VIEW)
def index(request: OrganizationRequest) -> HttpResponse:
    """List the patients by name; filters stand in the address, what is typed does not (`search`)."""
    return _index(request)


def _index(request: OrganizationRequest) -> HttpResponse:
    archived = _within_archive(request)
    language = request.GET.get("language", "")
    page = list_patients(
        organization=request.organization,
        archived=archived,
        language=language,
        after=as_uuid(request.GET.get("after", "")),
    )
    note_access(request, [patient.pk for patient in page.patients], AccessKind.SEARCH)
    context = _list_context(request, archived=archived, language=language) | {
        "rows": _lines(request, ((patient, "") for patient in page.patients)),
        "next_url": _with(request, after=page.next_after) if page.next_after else "",
        "first_url": _with(request, after=None) if request.GET.get("after") else "",
    }
    return render(request, "patients/list.html#rows" if wants_fragment(request) else "patients/list.html", context)


@require_POST
@requires(Permission.PATIENTS_VIEW)
def search(request: OrganizationRequest) -> HttpResponse:
    """Answer the rows for what is typed so far, best first; an empty field gives the list back.

    The search is within the archive while that list is open; elsewhere it says who fits there.
    """
    text = request.POST.get("q", "").strip()
    if not text:
        return _index(request)
    archived = _within_archive(request)
    matches = search_patients(organization=request.organization, text=text, limit=FOUND_IN_LIST, archived=archived)
    stored = [] if archived or len(matches) == FOUND_IN_LIST else _archived_matches(request, text)
    note_access(request, [match.patient.pk for match in (*matches, *stored)], AccessKind.SEARCH)
    context = _list_context(request, archived=archived, language="") | {
        "rows": _lines(request, ((Listed.of(match.patient), match.reason) for match in matches)),
        "stored": stored,
        "searched": text,
        "may_be_more": len(matches) == FOUND_IN_LIST,
    }
    return render(request, "patients/list.html#rows" if wants_fragment(request) else "patients/list.html", context)


def _lines(request: OrganizationRequest, found: Iterable[tuple[Listed, str]]) -> list[PatientLine]:
    return lines_of(found, today=request.organization.today(), country=request.organization.country)


def _within_archive(request: OrganizationRequest) -> bool:
    return "1" in (request.GET.get("archived"), request.POST.get("archived"))


def _archived_matches(request: OrganizationRequest, text: str) -> list[PatientMatch]:
    return search_patients(organization=request.organization, text=text, limit=FOUND_IN_ARCHIVE, archived=True)


@require_http_methods(["GET", "POST"])
@requires(Permission.PATIENTS_VIEW)
def typeahead(request: OrganizationRequest) -> HttpResponse:
    """Answer the options of a patient field for `q`: who fits and why, and to register somebody new."""
    text = (request.POST.get("q") or request.GET.get("q") or "").strip()
    matches = search_patients(organization=request.organization, text=text, limit=FOUND_IN_TYPEAHEAD)
    stored = [] if matches else _archived_matches(request, text)
    note_access(request, [match.patient.pk for match in (*matches, *stored)], AccessKind.SEARCH)
    options: list[dict[str, Any]] = [_option(request, match) for match in matches]
    archived = _("Archived: restore the record first")
    options += [_option(request, match) | {"detail": archived, "icon": "archive", "off": True} for match in stored]
    if text and request.actor.may(Permission.PATIENTS_MANAGE):
        create = _("Create “%(text)s”") % {"text": truncatechars(text, 40)}
        options.append({"value": "new", "label": create, "icon": "user-plus", "inline": reverse("patients:new-inline")})
    return render(
        request, "components/options.html", {"options": options, "query": text, "empty": _("No patient fits.")}
    )


def _option(request: OrganizationRequest, match: PatientMatch) -> dict[str, Any]:
    patient = match.patient
    age = patient.age_text(request.organization.today())
    phone = profile.first_of(patient, ContactSystem.PHONE)
    parts = [
        patient.name_latin,
        _("%(age)s years") % {"age": age} if age else "",
        f"…{phone.value[-4:]}" if phone else _("no phone"),
        match.reason if match.reason != _("name") else "",
    ]
    return {
        "value": str(patient.pk),
        "label": patient.full_name,
        "detail": " · ".join(part for part in parts if part),
        "end": patient.record_number,
    }


def _list_context(request: OrganizationRequest, *, archived: bool, language: str) -> dict[str, Any]:
    names = dict(settings.LANGUAGES)
    return {
        "archived": archived,
        "language": language,
        "languages": [
            (
                str(names.get(code, code)),
                _with(request, language="" if code == language else code, after=None),
                code == language,
            )
            for code in request.organization.languages
        ],
        "active_url": reverse("patients:list"),
        "archived_url": f"{reverse('patients:list')}?archived=1",
        "today": request.organization.today(),
        "may_export": request.actor.may(Permission.PATIENTS_EXPORT),
        "may_import": request.actor.may(Permission.PRACTITIONERS_MANAGE),
        "may_manage": request.actor.may(Permission.PATIENTS_MANAGE),
        "active_navigation": "patients",
    }


def _with(request: OrganizationRequest, **changes: Any) -> str:
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value:
            query[name] = str(value)
    return f"{reverse('patients:list')}?{query.urlencode()}" if query else reverse("patients:list")
