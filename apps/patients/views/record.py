"""The record: header, tabs, timeline, rail, consents."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.core.counting import counts_of
from apps.core.errors import NotFound
from apps.core.htmx import toast, trigger, wants_fragment
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.patients import panels, profile, services
from apps.patients.contact import show_phone
from apps.patients.models import ConsentPurpose, ConsentStatus, ContactSystem, Patient
from apps.patients.views.common import find_patient, note_access, uuid_or_none


@require_GET
@requires(Permission.PATIENTS_VIEW)
def detail(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the patient: header, timeline, and what other apps know."""
    return _page(request, pk, "timeline")


@require_GET
@requires(Permission.PATIENTS_VIEW)
def tab(request: OrganizationRequest, pk: uuid.UUID, key: str) -> HttpResponse:
    """Show one tab of the patient; as a fragment only the tab and the row of tabs."""
    return _page(request, pk, key)


def _page(request: OrganizationRequest, pk: uuid.UUID, key: str) -> HttpResponse:
    patient = find_patient(request, pk)
    note_access(request, [pk])
    tabs = _tabs(request, patient, key)
    if key not in {item["key"] for item in tabs}:
        raise NotFound(_("There is no such part of the record."))
    context = _context(request, patient) | {
        "tabs": tabs,
        "tab": key,
        "included": next((item["included"] for item in tabs if item["key"] == key), ""),
    }
    if key == "timeline":
        context |= _timeline_context(request, patient)
    if key == "consents":
        context |= _consents_context(request, patient)
    if wants_fragment(request):
        return render(request, "patients/_tab_swap.html", context)
    context |= {
        "actions": panels.placed("action", patient=patient, actor=request.actor),
        "rail": panels.placed("rail", patient=patient, actor=request.actor),
    }
    return render(request, "patients/detail.html", context)


def _tabs(request: OrganizationRequest, patient: Patient, current: str) -> list[dict[str, Any]]:
    """Return the tabs: timeline first, consents last, between them what other apps registered."""
    placed, counts = panels.placed("tab", patient=patient, actor=request.actor), counts_of(request)
    items: list[dict[str, Any]] = [
        {
            "key": "timeline",
            "label": _("Timeline"),
            "url": reverse("patients:detail", args=[patient.pk]),
            "count": None,
            "included": "",
        }
    ]
    items += [
        {
            "key": part.panel.key,
            "label": part.panel.label,
            "url": reverse("patients:tab", args=[patient.pk, part.panel.key]),
            "count": counts.ask(part.panel.rows(patient), cap=panels.COUNT_CAP) if part.panel.rows else None,
            "included": part.url,
        }
        for part in placed
    ]
    given = sum(consent.status == ConsentStatus.ACTIVE for consent in patient.consents.all())
    items.append(
        {
            "key": "consents",
            "label": _("Consents"),
            "url": reverse("patients:tab", args=[patient.pk, "consents"]),
            "count": given or None,
            "included": "",
        }
    )
    return [item | {"current": item["key"] == current} for item in items]


@require_GET
@requires(Permission.PATIENTS_VIEW)
def timeline(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the timeline's panel for its filter, its length and its live refresh."""
    patient = find_patient(request, pk)
    if not request.GET.get("live"):
        note_access(request, [pk])
    return render(request, "patients/_timeline.html", {"patient": patient} | _timeline_context(request, patient))


def _timeline_context(request: OrganizationRequest, patient: Patient) -> dict[str, Any]:
    kinds = profile.known_kinds()
    kind = request.GET.get("kind", "")
    shown = request.GET.get("shown", "")
    return {
        "kinds": kinds,
        "timeline": profile.timeline_of(
            request.organization,
            patient,
            kind=kind if kind in {known for known, _label, _icon in kinds} else "",
            shown=int(shown) if shown.isdecimal() and len(shown) < 5 else profile.STEP,
            before=uuid_or_none(request.GET.get("before")),
        ),
    }


@require_GET
@requires(Permission.PATIENTS_VIEW)
def head(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the header again after a change."""
    patient = find_patient(request, pk)
    context = _context(request, patient) | {"actions": panels.placed("action", patient=patient, actor=request.actor)}
    return render(request, "patients/_head.html", context)


@require_GET
@requires(Permission.PATIENTS_VIEW)
def details(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the panel with the particulars."""
    return render(request, "patients/_details.html", _context(request, find_patient(request, pk)))


@require_POST
@requires(Permission.PATIENTS_MANAGE)
def archive(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Take the patient out of lists and searches; the toast undoes it."""
    patient = services.archive_patient(patient=find_patient(request, pk), actor=request.actor)
    response = trigger(HttpResponse(status=204), live__patients={})
    return toast(
        response, _("%(name)s archived") % {"name": patient.full_name}, undo_url=reverse("patients:restore", args=[pk])
    )


@require_POST
@requires(Permission.PATIENTS_MANAGE)
def restore(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Bring an archived patient back."""
    patient = services.restore_patient(patient=find_patient(request, pk), actor=request.actor)
    return toast(
        trigger(HttpResponse(status=204), live__patients={}),
        _("%(name)s is back in the lists") % {"name": patient.full_name},
    )


@require_GET
@requires(Permission.PATIENTS_VIEW)
def consents_panel(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the rail's panel, or with `?whole=1` the tab."""
    patient = find_patient(request, pk)
    if request.GET.get("whole"):
        return render(
            request, "patients/_consents.html", _context(request, patient) | _consents_context(request, patient)
        )
    return render(request, "patients/_consents_panel.html", _context(request, patient))


@require_POST
@requires(Permission.PATIENTS_MANAGE)
def set_consent(request: OrganizationRequest, pk: uuid.UUID, purpose: str, status: str) -> HttpResponse:
    """Record an answer given at the desk; the toast takes it back."""
    patient = find_patient(request, pk)
    before = next((consent.status for consent in patient.consents.all() if consent.purpose == purpose), "")
    consent = services.set_consent(
        patient=patient, purpose=purpose, status=status, source=_("front desk"), actor=request.actor
    )
    words = {
        ConsentStatus.ACTIVE: _("%(purpose)s allowed by %(name)s"),
        ConsentStatus.WITHDRAWN: _("%(purpose)s withdrawn by %(name)s"),
    }
    text = words[ConsentStatus(consent.status)] % {"purpose": ConsentPurpose(purpose).label, "name": patient.full_name}
    response = trigger(HttpResponse(status=204), live__consents={})
    undo = reverse("patients:set-consent", args=[pk, purpose, before]) if before and before != status else ""
    return toast(response, text, undo_url=undo)


def _consents_context(request: OrganizationRequest, patient: Patient) -> dict[str, Any]:
    return {
        "all_consents": profile.consent_lines(patient, patient.consents.all(), everything=True),
        "consent_days": profile.consent_history(request.organization, patient),
    }


def _context(request: OrganizationRequest, patient: Patient) -> dict[str, Any]:
    """Return what the header and the rail show."""
    country = request.organization.country
    sharing = profile.relatives(patient)
    lines = profile.consent_lines(patient, patient.consents.all())
    return {
        "patient": patient,
        "age": patient.age(request.organization.today()),
        "language": str(dict(settings.LANGUAGES).get(patient.language, patient.language)),
        "phones": [
            show_phone(p.value, country=country)
            for p in patient.contact_points.all()
            if p.system == ContactSystem.PHONE
        ],
        "emails": [p.value for p in patient.contact_points.all() if p.system == ContactSystem.EMAIL],
        "channel": profile.SHORT.get(patient.preferred_channel, ""),
        "household": sharing,
        "flags": profile.flags_of(patient, patient.consents.all(), sharing),
        "placed_flags": panels.placed("flag", patient=patient, actor=request.actor),
        "placed_photos": panels.placed("photo", patient=patient, actor=request.actor),
        "consents": lines,
        "consents_given": sum(line.is_active for line in lines),
        "may_manage": request.actor.may(Permission.PATIENTS_MANAGE),
        "active_navigation": "patients",
    }
