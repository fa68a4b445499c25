"""Registering and changing patients: dialog, page, and inside another form."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.audit.models import AccessKind
from apps.core.errors import InvalidInput, NotFound, StaleVersion
from apps.core.htmx import in_dialog, toast, trigger, wants_fragment
from apps.core.ids import as_uuid
from apps.core.once import Once
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.patients import services
from apps.patients.candidates import typed_facts
from apps.patients.dates import find_birth_date, read_birth_date
from apps.patients.forms import PatientForm, read_back
from apps.patients.matching import PersonFacts
from apps.patients.models import Patient
from apps.patients.parts import PARTS
from apps.patients.record_form import RecordForm
from apps.patients.row_forms import Rows, offered_systems, written_values
from apps.patients.similar import Similar, similar_patients
from apps.patients.views.common import find_patient, note_access


@require_http_methods(["GET", "POST"])
@requires(Permission.PATIENTS_MANAGE)
def new(request: OrganizationRequest) -> HttpResponse:
    """Register a patient: in the dialog with the few fields that matter first, on a page of its own with all."""
    form = _form_class(request)(request.POST or None, organization=request.organization)
    if request.method == "GET" or not form.is_valid():
        return _form(request, form)
    once = _once(request, form)
    if not once.first_answer() and "anyway" not in request.POST and (twins := _certain(request)):
        return _form(request, form, twins=twins)
    try:
        patient = _register(request, form, once)
    except InvalidInput as refusal:
        _refuse(request, form, refusal)
        return _form(request, form)
    return _saved(
        request,
        patient,
        _("%(name)s registered as %(number)s") % {"name": patient.full_name, "number": patient.record_number},
    )


@require_http_methods(["GET", "POST"])
@requires(Permission.PATIENTS_MANAGE)
def edit(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Change a patient; what somebody else saved meanwhile stays, unless both changed the same field."""
    patient = find_patient(request, pk, whole=True)
    form = _form_class(request)(request.POST or None, organization=request.organization, patient=patient)
    if request.method == "GET":
        note_access(request, [patient.pk])
    if request.method == "GET" or not form.is_valid():
        return _form(request, form, patient)
    try:
        services.update_patient(
            patient=patient,
            changes=form.changes(),
            version=form.cleaned_data["version"],
            read=form.read_values,
            actor=request.actor,
        )
    except StaleVersion as refusal:
        patient = find_patient(request, pk, whole=True)
        return _form(request, form.after(refusal, patient=patient), patient)
    except InvalidInput as refusal:
        _refuse(request, form, refusal)
        return _form(request, form, patient)
    return _saved(request, patient, _("Saved"))


def _certain(request: OrganizationRequest) -> list[Similar]:
    """Return the records that the person on the form almost certainly has already; showing them is noted."""
    found = similar_patients(organization=request.organization, typed=_typed(request))
    twins = [match for match in found if match.is_certain]
    note_access(request, [match.patient.pk for match in twins], AccessKind.SEARCH)
    return twins


def _once(request: OrganizationRequest, form: PatientForm) -> Once:
    return Once(
        key=form.cleaned_data["once"],
        content=dict(request.POST.lists()),
        organization=request.organization,
        actor=request.actor,
    )


def _register(request: OrganizationRequest, form: PatientForm, once: Once) -> Patient:
    """Register the person; a form that is sent twice leads to the record that the first sending made."""
    known = once.first_answer()
    if known:
        return find_patient(request, uuid.UUID(known))
    patient = services.create_patient(organization=request.organization, actor=request.actor, **form.changes())
    once.keep(str(patient.pk))
    return patient


def _refuse(request: OrganizationRequest, form: PatientForm, refusal: InvalidInput) -> None:
    """Show the refusal; when it names another patient, that is a look at their record."""
    form.refuse(refusal)
    note_access(request, [uuid.UUID(pk) for pk in refusal.extra.get("patients", [])], AccessKind.SEARCH)


def _form_class(request: OrganizationRequest) -> type[PatientForm]:
    """Return the whole form for a page, the short one for the dialog; what comes back says which one it was."""
    whole = "whole" in request.POST if request.method == "POST" else not in_dialog(request)
    return RecordForm if whole else PatientForm


def _form(
    request: OrganizationRequest, form: PatientForm, patient: Patient | None = None, twins: Sequence[Similar] = ()
) -> HttpResponse:
    context = {
        "form": form,
        "patient": patient,
        "twins": twins,
        "modal": in_dialog(request),
        "action": reverse("patients:edit", args=[patient.pk]) if patient else reverse("patients:new"),
        "back": reverse("patients:detail", args=[patient.pk]) if patient else reverse("patients:list"),
        "open_further": bool(set(form.errors) & set(PatientForm.FURTHER)),
        "active_navigation": "patients",
    }
    template = "patients/record_form.html" if isinstance(form, RecordForm) else "patients/form.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


@require_POST
@requires(Permission.PATIENTS_MANAGE)
def check(request: OrganizationRequest) -> JsonResponse:
    """Answer what is wrong so far, by the id of each field: the form asks while it is being filled in."""
    form = RecordForm(request.POST, organization=request.organization)
    form.is_valid()
    return JsonResponse({"errors": form.all_errors()})


@require_GET
@requires(Permission.PATIENTS_MANAGE)
def row(request: OrganizationRequest, part: str) -> HttpResponse:
    """Answer one more line for a list of the form; `place` are those that are taken."""
    if part not in PARTS:
        raise NotFound(_("There is no such list."))
    taken = [int(place) for place in request.GET.getlist("place") if place.isdecimal() and len(place) < 4]
    offered = offered_systems(request.organization) if part == "identifiers" else ()
    rows = Rows(part, organization=request.organization, offered=offered)
    line = rows.blank(max(taken, default=-1) + 1)
    return render(request, "patients/_form_row.html", {"part": part, "line": line, "fresh": True})


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
        once = _once(request, form)
        if not once.first_answer() and "anyway" not in request.POST and (twins := _certain(request)):
            return render(request, "patients/_inline.html", {"form": form, "names": fields, "twins": twins}, status=422)
        try:
            patient = _register(request, form, once)
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
    """Answer who may be the person that is being typed, and who has this phone or e-mail, beside the form."""
    own = as_uuid(request.POST.get("patient", ""))
    birth, problem = ("", "") if own else read_back(request.POST.get("birth_date", ""), request.organization)
    matches = similar_patients(organization=request.organization, own=own, typed=_typed(request))
    note_access(request, [match.patient.pk for match in matches], AccessKind.SEARCH)
    return render(
        request,
        "patients/_similar.html",
        {
            "matches": matches,
            "likely": any(match.is_likely for match in matches),
            "archived": any(match.is_archived for match in matches),
            "own": own,
            "birth": birth,
            "birth_problem": problem,
            "may_merge": request.actor.may(Permission.PATIENTS_MERGE),
        },
    )


def _typed(request: OrganizationRequest) -> PersonFacts:
    organization = request.organization
    typed = {name: request.POST.get(name, "").strip()[:200] for name in ("given_name", "family_name", "sex")}
    born = read_birth_date(
        request.POST.get("birth_date", ""), day_first=organization.day_first, today=organization.today()
    )
    return typed_facts(
        organization=organization,
        birth_date=born.isoformat() if born else "",
        phones=written_values(request.POST, "phone"),
        emails=written_values(request.POST, "email"),
        **typed,
    )
