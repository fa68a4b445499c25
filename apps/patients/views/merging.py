"""Merging two records, what was merged, and separating them again."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.core.forms import version_of
from apps.core.htmx import in_dialog, wants_fragment
from apps.core.ids import as_uuid
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.patients import services
from apps.patients.merging import shown
from apps.patients.merging.fields import FIELDS, choices_of
from apps.patients.merging.preview import preview_merge
from apps.patients.models import Merge, Patient
from apps.patients.views.common import find_patient, note_access


@require_http_methods(["GET", "POST"])
@requires(Permission.PATIENTS_MERGE)
def choose(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask which other record is the same person's; then both are compared."""
    patient = find_patient(request, pk)
    error = ""
    if request.method == "POST":
        other = as_uuid(request.POST.get("patient", ""))
        if other is None:
            error = _("Choose the other record.")
        elif other == patient.pk:
            error = _("That is this record. Choose the other one.")
        else:
            return _lead_to(request, reverse("patients:merge", args=[patient.pk, other]))
    context = {
        "patient": patient,
        "errors": [error] if error else [],
        "modal": in_dialog(request),
        "active_navigation": "patients",
    }
    return render(request, "patients/merge_choose.html", context, status=422 if error else 200)


@require_http_methods(["GET", "POST"])
@requires(Permission.PATIENTS_MERGE)
def merge(request: OrganizationRequest, survivor: uuid.UUID, duplicate: uuid.UUID) -> HttpResponse:
    """Show both records side by side, and merge them as chosen."""
    stays, goes = _both(request, survivor, duplicate)
    note_access(request, [survivor, duplicate])
    if request.method == "GET":
        return _comparison(request, stays, goes)
    try:
        done = services.merge_patients(
            survivor=stays,
            duplicate=goes,
            fields=_chosen(request),
            survivor_version=version_of(request.POST.get("survivor_version", "")),
            duplicate_version=version_of(request.POST.get("duplicate_version", "")),
            despite_doubts=bool(request.POST.get("same_person")),
            actor=request.actor,
        )
    except services.MergeDoubtful:
        return _comparison(request, *_both(request, survivor, duplicate), unsure=True)
    except (Conflict, InvalidInput) as refusal:
        return _comparison(request, *_both(request, survivor, duplicate), refusal.message)
    text = _("%(number)s merged into %(name)s") % {"number": goes.record_number, "name": done.survivor.full_name}
    messages.success(request, text, extra_tags=f"undo:{reverse('patients:unmerge', args=[done.pk])}")
    if request.POST.get("from") == "review":
        return HttpResponseRedirect(reverse("patients:duplicates"))
    return HttpResponseRedirect(reverse("patients:detail", args=[survivor]))


def _both(request: OrganizationRequest, survivor: uuid.UUID, duplicate: uuid.UUID) -> tuple[Patient, Patient]:
    """Return the two records, also merged ones, by themselves: the comparison reads what belongs to them."""
    found = Patient.objects.for_organization(request.organization).in_bulk([survivor, duplicate])
    if not {survivor, duplicate} <= found.keys():
        raise NotFound(_("There is no such patient here. Look for them in the list."))
    for patient in found.values():
        patient.organization = request.organization
    return found[survivor], found[duplicate]


def _comparison(
    request: OrganizationRequest, stays: Patient, goes: Patient, refusal: str = "", *, unsure: bool = False
) -> HttpResponse:
    preview = preview_merge(survivor=stays, duplicate=goes, actor=request.actor)
    context = {
        "survivor": stays,
        "duplicate": goes,
        "preview": preview,
        "comparison": shown.compare(preview, _chosen(request)),
        "refusal": refusal,
        "unsure": unsure,
        "sure": bool(request.POST.get("same_person")),
        "from_review": "review" in (request.GET.get("from"), request.POST.get("from")),
        "swap_url": reverse("patients:merge", args=[goes.pk, stays.pk]),
        "active_navigation": "patients",
    }
    return render(request, "patients/merge.html", context, status=422 if refusal or unsure else 200)


def _chosen(request: OrganizationRequest) -> dict[str, str]:
    """Return the answers that the form gave; what is none of a field's choices is left out."""
    answers = {name: request.POST.get(f"field_{name}", "") for name in FIELDS}
    return {name: answer for name, answer in answers.items() if answer in choices_of(name)}


@require_GET
@requires(Permission.PATIENTS_VIEW)
def merges(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the rail's panel with the records that are a part of this one."""
    patient = find_patient(request, pk)
    rows = Merge.objects.filter(survivor=patient, undone_at__isnull=True).select_related("duplicate")
    context = {
        "merges": rows.order_by("-created_at"),
        "may_merge": request.actor.may(Permission.PATIENTS_MERGE),
        "patient": patient,
    }
    return render(request, "patients/_merges.html", context)


@require_http_methods(["GET", "POST"])
@requires(Permission.PATIENTS_MERGE)
def unmerge(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Show what separating two records would do; do it when it is confirmed, or undone from the toast."""
    merged = _find_merge(request, pk)
    url = reverse("patients:detail", args=[merged.survivor_id])
    if request.method == "POST":
        report = services.unmerge(merge=merged, actor=request.actor)
        messages.success(request, _said(report))
        return _lead_to(request, reverse("patients:merge-leftovers", args=[pk]) if report.staying else url)
    context: dict[str, Any] = {
        "merge": merged,
        "modal": in_dialog(request),
        "back": url,
        "active_navigation": "patients",
    }
    try:
        context["report"] = services.preview_unmerge(merge=merged, actor=request.actor)
    except Conflict as refusal:
        context["refusal"] = refusal.message
    return render(request, "patients/unmerge.html", context)


def _find_merge(request: OrganizationRequest, pk: uuid.UUID) -> Merge:
    """Return the merge with both records; looking at it is a look at both."""
    found = Merge.objects.for_organization(request.organization).select_related("survivor", "duplicate").filter(pk=pk)
    merge = found.first()
    if merge is None:
        raise NotFound(_("There is no such merge here."))
    for patient in (merge.survivor, merge.duplicate):
        patient.organization = request.organization
    note_access(request, [merge.survivor_id, merge.duplicate_id])
    return merge


@require_http_methods(["GET", "POST"])
@requires(Permission.PATIENTS_MERGE)
def leftovers(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """List what was made while two records were one, each with whose it is now; move what is chosen to the other one."""
    merge = _find_merge(request, pk)
    refusal = ""
    if request.method == "POST":
        chosen, to = _chosen_rows(request), as_uuid(request.POST.get("to", ""))
        try:
            moved = services.move_leftovers(merge=merge, to=to or pk, rows=chosen, actor=request.actor)
        except (Conflict, InvalidInput) as error:
            refusal = error.message
        else:
            gets = merge.survivor if to == merge.survivor_id else merge.duplicate
            n, asked = sum(moved.values()), sum(len(set(ids)) for ids in chosen.values())
            messages.add_message(request, messages.SUCCESS if n else messages.INFO, _moved_in_words(n, asked - n, gets))
            return _lead_to(request, reverse("patients:merge-leftovers", args=[pk]))
    context: dict[str, Any] = {
        "merge": merge,
        "refusal": refusal,
        "chosen": {str(row) for ids in _chosen_rows(request).values() for row in ids},
        "active_navigation": "patients",
    }
    try:
        context["kinds"] = services.list_leftovers(merge=merge, actor=request.actor)
    except Conflict as not_yet:
        context["refusal"] = not_yet.message
    return render(request, "patients/merge_leftovers.html", context, status=422 if refusal else 200)


def _moved_in_words(moved: int, stayed: int, gets: Patient) -> str:
    """Say how many entries moved to a record, and how many were with it already."""
    whose = {"name": gets.full_name, "number": gets.record_number}
    text = ngettext(
        "%(n)d entry moved to %(name)s (%(number)s)", "%(n)d entries moved to %(name)s (%(number)s)", moved
    ) % {"n": moved, **whose}
    if not stayed:
        return text
    if not moved:
        there = ngettext(
            "Nothing moved: that entry is with %(name)s (%(number)s) already",
            "Nothing moved: those entries are with %(name)s (%(number)s) already",
            stayed,
        )
        return there % whose
    also = ngettext("%(n)d was there already", "%(n)d were there already", stayed) % {"n": stayed}
    return f"{text}; {also}"


def _chosen_rows(request: OrganizationRequest) -> dict[str, list[uuid.UUID]]:
    """Return the ticked rows by table; what is no id is left out."""
    rows: dict[str, list[uuid.UUID]] = {}
    for value in request.POST.getlist("row"):
        label, _colon, text = value.partition(":")
        pk = as_uuid(text)
        if pk is not None:
            rows.setdefault(label, []).append(pk)
    return rows


def _said(report: services.UnmergeReport) -> str:
    values = {"number": report.merge.duplicate.record_number}
    if report.is_exact:
        return _("%(number)s is a record of its own again, as before the merge") % values
    return _("%(number)s is a record of its own again; later changes stayed here") % values


def _lead_to(request: OrganizationRequest, url: str) -> HttpResponse:
    """Lead to another page, whoever asks."""
    if wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)
