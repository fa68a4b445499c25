"""The record: header, tabs, timeline, rail, consents."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.audit.models import AccessKind
from apps.core.counting import Later, capped, counts_of
from apps.core.errors import NotFound
from apps.core.forms import posted
from apps.core.htmx import go, in_dialog, toast, trigger, wants_fragment
from apps.core.ids import as_uuid
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.patients import panels, profile, services
from apps.patients.archiving import plans_of
from apps.patients.consent_form import ConsentForm
from apps.patients.contact import show_phone
from apps.patients.exchange.kinds import EXPORT_KINDS, kinds_for
from apps.patients.models import ConsentPurpose, ConsentStatus, ContactSystem, Patient
from apps.patients.particulars import particulars_of
from apps.patients.summary import summary_of
from apps.patients.views.common import find_patient, find_record, note_access


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
    if patient.pk != pk:
        return _lead_to_survivor(request, patient, pk)
    note_access(request, [pk])
    tabs = _tabs(request, patient, key)
    if key not in {item["key"] for item in tabs}:
        raise NotFound(_("There is no such part of the record."))
    context = _context(request, patient) | {
        "tabs": tabs,
        "tabs_follow": _tabs_follow(request, patient),
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


def _lead_to_survivor(request: OrganizationRequest, survivor: Patient, pk: uuid.UUID) -> HttpResponse:
    """Lead from a merged record to the one that it became a part of, and say so."""
    merged = find_record(request, pk)
    values = {"number": merged.record_number, "name": merged.full_name}
    messages.info(request, _("%(number)s (%(name)s) was merged into this record") % values)
    url = reverse("patients:detail", args=[survivor.pk])
    if wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def _capped(count: Later) -> Callable[[], str]:
    return lambda: capped(count(), panels.COUNT_CAP) if count() else ""


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
            "count": _capped(counts.ask(part.panel.rows(patient), cap=panels.COUNT_CAP)) if part.panel.rows else None,
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


def _tabs_follow(request: OrganizationRequest, patient: Patient) -> str:
    """Return the topics after whose events the numbers at the tabs are counted again."""
    placed = panels.placed("tab", patient=patient, actor=request.actor)
    return " ".join(dict.fromkeys(["consents", *(topic for part in placed for topic in part.panel.live)]))


@require_GET
@requires(Permission.PATIENTS_VIEW)
def tabs(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the row of tabs again after a change, with the present numbers."""
    patient = find_patient(request, pk)
    current = request.GET.get("current", "")
    context = {
        "patient": patient,
        "tab": current,
        "tabs": _tabs(request, patient, current),
        "tabs_follow": _tabs_follow(request, patient),
    }
    return render(request, "patients/_tabs.html", context)


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
            before=as_uuid(request.GET.get("before", "")),
            actor=request.actor,
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
    patient = find_patient(request, pk, whole=True)
    context = {
        "patient": patient,
        "parts": particulars_of(patient, request.organization, profile.relatives(patient)),
        "may_manage": request.actor.may(Permission.PATIENTS_MANAGE),
    }
    return render(request, "patients/_details.html", context)


@require_GET
@requires(Permission.PATIENTS_VIEW)
def summary(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the record on one page for paper: particulars, consents, the latest of the timeline."""
    patient = find_patient(request, pk, whole=True)
    note_access(request, [patient.pk], AccessKind.EXPORT)
    summary = summary_of(patient, request.organization, at=timezone.now(), by=request.actor.label)
    context = {"summary": summary, "may_have_pdf": request.actor.may(EXPORT_KINDS["pdf"].permission)}
    return render(request, "patients/summary.html", context)


@require_POST
@requires(Permission.PATIENTS_MANAGE)
def archive(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Take the patient out of the lists, into the archive; the toast undoes it.

    When something is planned for them it is asked first; `anyway` is the answer.
    """
    patient = find_patient(request, pk)
    plans = [] if "anyway" in request.POST else plans_of(patient=patient, actor=request.actor)
    if plans and patient.archived_at is None:
        context = {"patient": patient, "plans": plans, "modal": wants_fragment(request)}
        answer = render(request, "patients/archive.html", context | {"active_navigation": "patients"})
        answer["HX-Retarget"], answer["HX-Reswap"] = "#modal", "innerHTML"
        return answer
    patient = services.archive_patient(patient=patient, actor=request.actor)
    text = _("%(name)s archived") % {"name": patient.full_name}
    if not wants_fragment(request):
        return go(request, reverse("patients:detail", args=[pk]), text)
    response = trigger(HttpResponse(status=204), modal__close={}, live__patients={})
    return toast(response, text, undo_url=reverse("patients:restore", args=[pk]))


@require_POST
@requires(Permission.PATIENTS_MANAGE)
def restore(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Bring an archived patient back; with `open`, lead to the record."""
    patient = services.restore_patient(patient=find_patient(request, pk), actor=request.actor)
    text = _("%(name)s is back in the lists") % {"name": patient.full_name}
    if "open" in request.POST:
        return go(request, reverse("patients:detail", args=[pk]), text)
    return toast(trigger(HttpResponse(status=204), live__patients={}), text)


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


@require_http_methods(["GET", "POST"])
@requires(Permission.PATIENTS_MANAGE)
def set_consent(request: OrganizationRequest, pk: uuid.UUID, purpose: str, status: str) -> HttpResponse:
    """Ask how an answer was given, then record it; the toast takes it back."""
    patient = find_patient(request, pk)
    form = ConsentForm(posted(request))
    before = next((consent.status for consent in patient.consents.all() if consent.purpose == purpose), "")
    if status == ConsentStatus.WITHDRAWN and not before:
        status = ConsentStatus.REFUSED
    if request.method == "GET" or not form.is_valid():
        if purpose not in ConsentPurpose.values or status not in ConsentStatus.values:
            raise NotFound(_("There is no such consent."))
        context = {
            "form": form,
            "patient": patient,
            "purpose": ConsentPurpose(purpose).label,
            "answer": _answer(before, status),
            "action": reverse("patients:set-consent", args=[pk, purpose, status]),
            "back": reverse("patients:tab", args=[pk, "consents"]),
            "modal": in_dialog(request),
            "active_navigation": "patients",
        }
        return render(request, "patients/consent_form.html", context, status=422 if form.is_bound else 200)
    consent = services.set_consent(
        patient=patient, purpose=purpose, status=status, actor=request.actor, **form.answer()
    )
    words = {
        "gives": _("%(purpose)s allowed by %(name)s"),
        "refuses": _("%(purpose)s refused by %(name)s"),
        "takes back": _("%(purpose)s withdrawn by %(name)s"),
    }
    text = words[_answer(before, consent.status)] % {
        "purpose": ConsentPurpose(purpose).label,
        "name": patient.full_name,
    }
    if not wants_fragment(request):
        return HttpResponseRedirect(reverse("patients:tab", args=[pk, "consents"]))
    response = trigger(HttpResponse(status=204), modal__close={}, live__consents={})
    undo = reverse("patients:take-back-consent", args=[pk, purpose, consent.status]) if before != consent.status else ""
    return toast(response, text, undo_url=undo)


@require_POST
@requires(Permission.PATIENTS_MANAGE)
def take_back_consent(request: OrganizationRequest, pk: uuid.UUID, purpose: str, status: str) -> HttpResponse:
    """Undo an answer that was just recorded: the one before it counts again."""
    patient = find_patient(request, pk)
    services.take_back_answer(patient=patient, purpose=purpose, status=status, actor=request.actor)
    label = ConsentPurpose(purpose).label
    text = _("%(purpose)s is as before for %(name)s") % {"purpose": label, "name": patient.full_name}
    return toast(trigger(HttpResponse(status=204), live__consents={}), text)


def _answer(before: str, status: str) -> str:
    """Return what an answer is: who never gave a consent can't withdraw it."""
    if status == ConsentStatus.ACTIVE:
        return "gives"
    return "takes back" if before == ConsentStatus.ACTIVE else "refuses"


def _consents_context(request: OrganizationRequest, patient: Patient) -> dict[str, Any]:
    return {
        "all_consents": profile.with_history(
            profile.consent_lines(patient, patient.consents.all(), everything=True), request.organization, patient
        ),
    }


def _context(request: OrganizationRequest, patient: Patient) -> dict[str, Any]:
    """Return what the header and the rail show."""
    country = request.organization.country
    sharing = profile.relatives(patient)
    lines = profile.consent_lines(patient, patient.consents.all())
    return {
        "patient": patient,
        "age": patient.age_text(request.organization.today()),
        "language": str(dict(settings.LANGUAGES).get(patient.language, patient.language)),
        "phones": [
            show_phone(p.value, country=country)
            for p in patient.contact_points.all()
            if p.system == ContactSystem.PHONE
        ],
        "emails": [p.value for p in patient.contact_points.all() if p.system == ContactSystem.EMAIL],
        "sharing": sharing,
        "flags": profile.flags_of(patient, patient.consents.all(), sharing),
        "placed_flags": panels.placed("flag", patient=patient, actor=request.actor),
        "placed_photos": panels.placed("photo", patient=patient, actor=request.actor),
        "consents": lines,
        "consents_given": sum(line.is_active for line in lines),
        "may_manage": request.actor.may(Permission.PATIENTS_MANAGE),
        "may_merge": request.actor.may(Permission.PATIENTS_MERGE),
        "export_kinds": kinds_for(request.actor),
        "active_navigation": "patients",
    }
