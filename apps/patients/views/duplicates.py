"""The review of duplicates: pairs by score, both records side by side, the decision; and comparing everybody."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from apps.audit.models import AccessKind
from apps.audit.services import record_accesses
from apps.core.counting import counts_of
from apps.core.errors import NotFound
from apps.core.htmx import toast, trigger, wants_fragment
from apps.core.ids import as_uuid
from apps.core.together import read_together
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.patients import review, services
from apps.patients.models import CandidateState, DuplicateCandidate, MatchRun, MatchRunState, Patient
from apps.patients.selectors import with_contact_points
from apps.patients.views.common import find_patient

GONE = gettext_lazy("This pair is not in the review any more: the records were changed, or never belonged here.")


@require_GET
@requires(Permission.PATIENTS_VIEW)
def index(request: OrganizationRequest) -> HttpResponse:
    """List the pairs; beside them the likeliest one, where there is room for it."""
    return _review(request, None)


@require_GET
@requires(Permission.PATIENTS_VIEW)
def pair(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Show both records of one pair side by side, and why they may be of one person."""
    return _review(request, pk)


@require_POST
@requires(Permission.PATIENTS_MANAGE)
def tell_apart(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Remember that the two are not the same person, and show the next pair."""
    candidate = services.mark_distinct(
        candidate=_find(request, pk), note=request.POST.get("note", ""), actor=request.actor
    )
    response = _review(request, None)
    response["HX-Push-Url"] = reverse("patients:duplicates")
    return toast(
        response,
        _("Remembered as two people"),
        undo_url=reverse("patients:duplicate-reopen", args=[candidate.pk]),
    )


@require_POST
@requires(Permission.PATIENTS_MANAGE)
def reopen(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask about a pair again."""
    services.reopen_candidate(candidate=_find(request, pk), actor=request.actor)
    response = trigger(HttpResponse(status=204), live__patients={}, live__duplicates={})
    return toast(response, _("Back in the review"))


@require_POST
@requires(Permission.PATIENTS_MANAGE)
def compare(request: OrganizationRequest) -> HttpResponse:
    """Begin to compare everybody, behind the page."""
    services.start_match_run(organization=request.organization, actor=request.actor)
    return toast(render(request, "patients/_match_run.html", _run(request)), _("Comparing began"))


@require_GET
@requires(Permission.PATIENTS_VIEW)
def progress(request: OrganizationRequest) -> HttpResponse:
    """Say how far the comparison is, for the page that waits for it."""
    context = _run(request)
    response = render(request, "patients/_match_run.html", context)
    run = context["run"]
    if run is not None and run.state == MatchRunState.DONE and request.GET.get("was") == "running":
        return trigger(response, live__duplicates={})
    return response


@require_GET
@requires(Permission.PATIENTS_VIEW)
def flag(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the badge of the patient page: a possible duplicate, with the way to it; nothing if there is none."""
    patient = find_patient(request, pk)
    found = list(review.open_for_patient(patient).only("bits")[:10])
    return render(request, "patients/_duplicate_flag.html", {"found": found})


def _review(request: OrganizationRequest, asked: uuid.UUID | None) -> HttpResponse:
    run, chosen, after = _read(request, asked)
    state = CandidateState.DISTINCT if request.GET.get("state") == "distinct" else CandidateState.OPEN
    if chosen is not None and chosen.state in {CandidateState.OPEN, CandidateState.DISTINCT}:
        state = CandidateState(chosen.state)
    page = review.list_pairs(organization=request.organization, state=state, after=after)
    opened = chosen is not None
    here = reverse("patients:duplicate", args=[chosen.pk]) if chosen else _address(state)
    chosen = chosen or page.first
    _note_looks(request, page, chosen)
    context = {
        "lines": page.lines,
        "state": state,
        "opened": opened,
        "here": here,
        "today": request.organization.today(),
        "open_count": counts_of(request).ask(review.candidates(request.organization).order_by(), cap=1000),
        "next_url": _address(state, page.next_after) if page.next_after else "",
        "first_url": _address(state) if request.GET.get("after") else "",
        "active_navigation": "patients",
        **_run_context(request, run),
        **(_pair_context(request, chosen) if chosen else {}),
    }
    template = "patients/duplicates.html"
    return render(request, f"{template}#review" if wants_fragment(request) else template, context)


def _read(
    request: OrganizationRequest, asked: uuid.UUID | None
) -> tuple[MatchRun | None, DuplicateCandidate | None, DuplicateCandidate | None]:
    """Return the latest run, the pair that is asked for, and the one after which the list goes on; one query."""
    after = as_uuid(request.GET.get("after", ""))
    pairs = DuplicateCandidate.objects.for_organization(request.organization)
    wanted = (pairs.filter(pk=pk) if pk else pairs.none() for pk in (asked, after))
    run, chosen, last = (next(iter(found), None) for found in read_together(_latest_run(request), *wanted))
    if asked and chosen is None:
        raise NotFound(GONE)
    return run, chosen, last


def _note_looks(request: OrganizationRequest, page: review.PairPage, chosen: DuplicateCandidate | None) -> None:
    listed = {patient.pk for line in page.lines for patient in (line.first, line.second)}
    looks = [(patient, AccessKind.SEARCH) for patient in listed]
    if chosen is not None:
        looks += [(patient, AccessKind.VIEW) for patient in (chosen.first_id, chosen.second_id)]
    record_accesses(
        organization=request.organization, actor=request.actor, looks=looks, route=request.resolver_match.view_name
    )


def _address(state: str, after: uuid.UUID | None = None) -> str:
    query = {
        **({"state": "distinct"} if state == CandidateState.DISTINCT else {}),
        **({"after": str(after)} if after else {}),
    }
    return reverse("patients:duplicates", query=query or None)


def _pair_context(request: OrganizationRequest, candidate: DuplicateCandidate) -> dict[str, Any]:
    wanted = with_contact_points(Patient.objects.for_organization(request.organization))
    patients = wanted.prefetch_related("addresses", "identifiers").in_bulk([candidate.first_id, candidate.second_id])
    first, second = sorted(patients.values(), key=lambda patient: patient.number)
    for patient in (first, second):
        patient.organization = request.organization
    return {
        "candidate": candidate,
        "likeness": review.likeness_of(candidate.bits, is_settled=candidate.is_settled),
        "first": first,
        "second": second,
        "fields": review.compared_fields(first, second, country=request.organization.country),
        "reasons": review.reasons_of(candidate),
        "merge_url": review.merge_url(first, second) if request.actor.may(Permission.PATIENTS_MERGE) else "",
    }


def _latest_run(request: OrganizationRequest) -> QuerySet[MatchRun]:
    return MatchRun.objects.for_organization(request.organization).order_by("-created_at")[:1]


def _run(request: OrganizationRequest) -> dict[str, Any]:
    return _run_context(request, _latest_run(request).first())


def _run_context(request: OrganizationRequest, run: MatchRun | None) -> dict[str, Any]:
    return {
        "run": run,
        "is_running": run is not None and run.state != MatchRunState.DONE,
        "may_manage": request.actor.may(Permission.PATIENTS_MANAGE),
    }


def _find(request: OrganizationRequest, pk: uuid.UUID) -> DuplicateCandidate:
    found: DuplicateCandidate | None = (
        DuplicateCandidate.objects.for_organization(request.organization).filter(pk=pk).first()
    )
    if found is None:
        raise NotFound(GONE)
    return found
