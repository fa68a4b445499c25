"""Registering and changing patients: dialog, page, and inside another form."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.audit.models import AccessKind
from apps.core.errors import InvalidInput, StaleVersion
from apps.core.htmx import in_dialog, toast, trigger, wants_fragment
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.patients import services
from apps.patients.dates import find_birth_date
from apps.patients.forms import PatientForm
from apps.patients.models import ContactSystem, Patient
from apps.patients.selectors import PatientMatch, patients_with_address
from apps.patients.views.common import find_patient, note_access, uuid_or_none


@require_http_methods(["GET", "POST"])
@requires(Permission.PATIENTS_MANAGE)
def new(request: OrganizationRequest) -> HttpResponse:
    """Register a patient, in the dialog or on a page of its own."""
    form = PatientForm(request.POST or None, organization=request.organization)
    if request.method == "GET" or not form.is_valid():
        return _form(request, form)
    try:
        patient = services.create_patient(organization=request.organization, actor=request.actor, **form.changes())
    except InvalidInput as refusal:
        form.refuse(refusal)
        return _form(request, form)
    return _saved(
        request,
        patient,
        _("%(name)s registered as %(number)s") % {"name": patient.full_name, "number": patient.record_number},
    )


@require_http_methods(["GET", "POST"])
@requires(Permission.PATIENTS_MANAGE)
def edit(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Change a patient; somebody else's change meanwhile is shown before it is replaced."""
    patient = find_patient(request, pk)
    form = PatientForm(request.POST or None, organization=request.organization, patient=patient)
    if request.method == "GET":
        note_access(request, [pk])
    if request.method == "GET" or not form.is_valid():
        return _form(request, form, patient)
    try:
        services.update_patient(
            patient=patient, changes=form.changes(), version=form.cleaned_data["version"], actor=request.actor
        )
    except StaleVersion as refusal:
        form.refuse_stale(refusal)
        return _form(request, form, patient)
    except InvalidInput as refusal:
        form.refuse(refusal)
        return _form(request, form, patient)
    return _saved(request, patient, _("Saved"))


def _form(request: OrganizationRequest, form: PatientForm, patient: Patient | None = None) -> HttpResponse:
    context = {
        "form": form,
        "patient": patient,
        "modal": in_dialog(request),
        "action": reverse("patients:edit", args=[patient.pk]) if patient else reverse("patients:new"),
        "back": reverse("patients:detail", args=[patient.pk]) if patient else reverse("patients:list"),
        "open_further": bool(set(form.errors) & set(PatientForm.FURTHER)),
        "active_navigation": "patients",
    }
    return render(request, "patients/form.html", context, status=422 if form.errors else 200)


def _saved(request: OrganizationRequest, patient: Patient, text: str) -> HttpResponse:
    url = reverse("patients:detail", args=[patient.pk])
    if not wants_fragment(request):
        return HttpResponseRedirect(url)
    if request.headers.get("HX-Current-URL", "").endswith(url):
        return toast(trigger(HttpResponse(status=204), modal__close={}, live__patients={}, live__consents={}), text)
    return HttpResponse(status=204, headers={"HX-Redirect": url})


@require_POST
@requires(Permission.PATIENTS_MANAGE)
def new_inline(request: OrganizationRequest) -> HttpResponse:
    """Register somebody without leaving the form one is in: first the fields (`typed`), then the chosen patient."""
    fields = ("given_name", "family_name", "birth_date", "phone")
    if "typed" in request.POST:
        form = PatientForm(
            organization=request.organization, names=fields, initial=_guess(request, request.POST["typed"])
        )
        return render(request, "patients/_inline.html", {"form": form, "names": fields})
    form = PatientForm(request.POST, organization=request.organization, names=fields)
    if form.is_valid():
        try:
            patient = services.create_patient(organization=request.organization, actor=request.actor, **form.changes())
        except InvalidInput as refusal:
            form.refuse(refusal)
        else:
            chosen = {"value": str(patient.pk), "text": patient.full_name}
            response = trigger(HttpResponse(), typeahead__set=chosen)
            return toast(
                response,
                _("%(name)s registered as %(number)s") % {"name": patient.full_name, "number": patient.record_number},
            )
    return render(request, "patients/_inline.html", {"form": form, "names": fields}, status=422)


def _guess(request: OrganizationRequest, typed: str) -> dict[str, Any]:
    """Put what was typed into a patient field where it belongs: birth date, phone, names in reading order."""
    organization = request.organization
    guess: dict[str, Any] = {}
    found = find_birth_date(typed, day_first=organization.day_first, today=organization.today())
    if found is not None:
        guess["birth_date"], typed = found
    words = typed.split()
    phone = [word for word in words if sum(c.isdigit() for c in word) >= 3]
    names = [word for word in words if word not in phone]
    return guess | {
        "given_name": " ".join(names[:-1] or names),
        "family_name": names[-1] if len(names) > 1 else "",
        "phone": " ".join(phone),
    }


@require_POST
@requires(Permission.PATIENTS_MANAGE)
def similar(request: OrganizationRequest) -> HttpResponse:
    """Answer who has this phone or e-mail already, beside the form that is being filled in."""
    own = uuid_or_none(request.POST.get("patient"))
    found: dict[uuid.UUID, PatientMatch] = {}
    for system, field in ((ContactSystem.PHONE, "phone"), (ContactSystem.EMAIL, "email")):
        value = request.POST.get(field, "").strip()
        if value:
            for patient in patients_with_address(organization=request.organization, system=system, value=value):
                found.setdefault(
                    patient.pk, PatientMatch(patient, _("same phone") if field == "phone" else _("same e-mail"))
                )
    matches = [match for pk, match in found.items() if pk != own][:5]
    note_access(request, [match.patient.pk for match in matches], AccessKind.SEARCH)
    return render(request, "patients/_similar.html", {"matches": matches})
