"""The waitlist's page, its list beside Today, a patient's part of it, and the dialogs that put people on it."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.appointments import services
from apps.appointments.forms import WaitForm, WindowForm, visits_to_move
from apps.appointments.house_rules import settings_for
from apps.appointments.models import AppointmentType, WaitlistEntry
from apps.appointments.ranking import next_in_line
from apps.appointments.waitlist_reading import (
    STATES,
    Group,
    entries_of_patient,
    entries_with_offers,
    freed_times,
    lines_of,
    messages_of_offers,
    offers_of_entry,
    open_offers,
    waitlist_counts,
    waitlist_groups,
)
from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.core.errors import Conflict, InvalidInput
from apps.core.forms import show_refusal, version_of
from apps.core.htmx import toast, trigger, wants_fragment
from apps.core.ids import as_uuid
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner

VIEW, MANAGE = Permission.APPOINTMENTS_VIEW, Permission.APPOINTMENTS_MANAGE
RAIL_OFFERS = 2


@require_GET
@requires(VIEW)
def waitlist(request: OrganizationRequest) -> HttpResponse:
    """Show who waits, by type; `?state=open|offered|past`, `?type=` and `?practitioner=` are kept in the address."""
    organization = request.organization
    state = request.GET.get("state", "open")
    state = state if state in STATES else "open"
    kind, person = as_uuid(request.GET.get("type", "")), as_uuid(request.GET.get("practitioner", ""))
    groups = waitlist_groups(organization=organization, state=state, appointment_type=kind, practitioner=person)
    if not request.GET.get("live"):
        _note_all(request, groups)
    context = {
        "groups": groups,
        "state": state,
        "states": _state_links(request, state),
        "types": _choices(request, "type", AppointmentType.objects.for_organization(organization), kind),
        "people": _choices(request, "practitioner", Practitioner.objects.for_organization(organization), person),
        "is_filtered": kind is not None or person is not None,
        "counts": waitlist_counts(organization),
        "freed": freed_times(organization) if state == "open" else [],
        "fills": settings_for(organization).waitlist_fills_automatically,
        "this_url": _with(request, live="1"),
        "everything_url": reverse("appointments:waitlist"),
        "may_manage": request.actor.may(MANAGE),
    }
    template = "appointments/waitlist.html#list" if wants_fragment(request) else "appointments/waitlist.html"
    return render(request, template, context)


waitlist.navigation_key = "waitlist"


@require_GET
@requires(VIEW)
def rail(request: OrganizationRequest) -> HttpResponse:
    """Answer the list beside Today: the open offers with who is next, how many wait, times that nobody was offered."""
    organization = request.organization
    offers = open_offers(organization, limit=RAIL_OFFERS)
    messages = messages_of_offers(organization, [offer.pk for offer in offers])
    counts = waitlist_counts(organization)
    context = {
        "offers": [
            {"offer": offer, "message": messages.get(offer.pk), "following": next_in_line(offer)} for offer in offers
        ],
        "counts": counts,
        "further": counts.offered - len(offers),
        "freed": freed_times(organization, limit=3) if not offers else [],
        "waiting": lines_of(
            organization,
            list(entries_with_offers().for_organization(organization).open().order_by("-urgency", "created_at")[:3]),
        )
        if not offers
        else [],
        "may_manage": request.actor.may(MANAGE),
    }
    return render(request, "appointments/_waitlist_rail.html", context)


@require_GET
@requires(VIEW)
def for_patient(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer what the patient waits for."""
    patient = get_object_or_404(
        Patient.objects.for_organization(request.organization).select_related("organization"), pk=pk
    )
    context = {
        "patient": patient,
        "lines": entries_of_patient(patient),
        "may_manage": request.actor.may(MANAGE) and patient.archived_at is None,
    }
    return render(request, "appointments/_waitlist_for_patient.html", context)


@require_GET
@requires(VIEW)
def entry(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one entry with everything that it was offered, in the dialog or as a page."""
    found = find_entry(request, pk)
    _note(request, [found.patient_id])
    context = {
        "line": lines_of(request.organization, [found])[0],
        "offers": offers_of_entry(found),
        "may_manage": request.actor.may(MANAGE),
        # The page refreshes its parts by fragment requests, too.
        "modal": wants_fragment(request) and "page" not in request.GET,
    }
    return render(request, "appointments/waitlist_entry.html", context)


entry.navigation_key = "waitlist"


@require_http_methods(["GET", "POST"])
@requires(MANAGE)
def add(request: OrganizationRequest) -> HttpResponse:
    """Show the dialog (what is known comes in the address), or put somebody on the list."""
    organization = request.organization
    given = request.POST if request.method == "POST" else request.GET
    patient = _patient(request, given.get("patient", ""))
    kind = _kind(request, given.get("appointment_type", ""))
    if request.method == "GET":
        names = ("patient", "practitioner", "moves")
        known: dict[str, Any] = {name: given[name] for name in names if as_uuid(given.get(name, ""))}
        known["appointment_type"] = kind.pk if kind else None
        form = WaitForm(
            initial=WaitForm.first_values(organization) | known, organization=organization, patient=patient, kind=kind
        )
        return _show(request, form, patient)
    form = WaitForm(given, organization=organization, patient=patient, kind=kind)
    if patient is None and form.is_valid():
        form.add_error("patient", _("Choose the patient from the list."))
    if not form.is_valid() or patient is None:
        return _show(request, form, patient, status=422)
    values = {name: value for name, value in form.cleaned_data.items() if name != "patient"}
    try:
        added = services.add_to_waitlist(organization=organization, patient=patient, actor=request.actor, **values)
    except (InvalidInput, Conflict) as refusal:
        show_refusal(form, refusal)
        return _show(request, form, patient, status=422)
    text = _("%(name)s is on the waitlist") % {"name": patient}
    return done(request, text, undo_url=reverse("appointments:waitlist-step", args=[added.pk, "remove"]))


add.navigation_key = "waitlist"


@require_http_methods(["GET", "POST"])
@requires(MANAGE)
def edit(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Change what somebody waits for."""
    found = find_entry(request, pk)
    if request.method == "GET":
        return _show(request, WindowForm.of(found), found.patient, entry=found)
    form = WindowForm.of(found, request.POST)
    if not form.is_valid():
        return _show(request, form, found.patient, entry=found, status=422)
    version = request.POST.get("version", "")
    try:
        services.change_waitlist_entry(
            entry=found,
            changes=form.cleaned_data,
            version=version_of(version),
            actor=request.actor,
        )
    except (InvalidInput, Conflict) as refusal:
        show_refusal(form, refusal)
        return _show(request, form, found.patient, entry=found, status=422)
    return done(request, _("Waitlist entry of %(name)s saved") % {"name": found.patient})


edit.navigation_key = "waitlist"


@require_GET
@requires(MANAGE)
def visits(request: OrganizationRequest) -> HttpResponse:
    """Answer the choice of a visit that an offer would move, for the chosen patient and type."""
    patient = _patient(request, request.GET.get("patient", ""))
    kind = _kind(request, request.GET.get("appointment_type", ""))
    form = WindowForm(organization=request.organization, patient=patient, kind=kind)
    has_visits = visits_to_move(request.organization, patient, kind).exists()
    return render(request, "appointments/_waitlist_moves.html", {"form": form, "has_visits": has_visits})


def find_entry(request: OrganizationRequest, pk: uuid.UUID) -> WaitlistEntry:
    """Return the clinic's entry with what pages show; 404 otherwise."""
    found: WaitlistEntry = get_object_or_404(entries_with_offers().for_organization(request.organization), pk=pk)
    return found


def done(request: OrganizationRequest, text: str, *, undo_url: str = "") -> HttpResponse:
    """Answer a success: close the dialog, refresh the lists, say it; without htmx go to the list."""
    if not wants_fragment(request):
        response = HttpResponse(status=303)
        response["Location"] = reverse("appointments:waitlist")
        return response
    response = toast(HttpResponse(status=204), text, undo_url=undo_url)
    return trigger(response, modal__close=True, live__waitlists=True, live__appointments=True)


def _show(
    request: OrganizationRequest,
    form: WindowForm,
    patient: Patient | None,
    *,
    entry: WaitlistEntry | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "patient": patient,
        "entry": entry,
        "has_visits": form.fields["moves"].queryset.exists(),
        "action": reverse("appointments:waitlist-edit", args=[entry.pk])
        if entry
        else reverse("appointments:waitlist-add"),
        "modal": wants_fragment(request),
    }
    return render(request, "appointments/waitlist_form.html", context, status=status)


def _patient(request: OrganizationRequest, text: str) -> Patient | None:
    rows = Patient.objects.for_organization(request.organization).active()
    found: Patient | None = rows.filter(pk=as_uuid(text)).first()
    return found


def _kind(request: OrganizationRequest, text: str) -> AppointmentType | None:
    rows = AppointmentType.objects.for_organization(request.organization).filter(is_active=True)
    chosen = rows.filter(pk=as_uuid(text)).first()
    kind: AppointmentType | None = chosen or rows.order_by("-is_default", "sort_order", "name").first()
    return kind


def _with(request: OrganizationRequest, **changes: str) -> str:
    query = request.GET.copy()
    query.pop("live", None)
    for name, value in changes.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return f"{reverse('appointments:waitlist')}?{query.urlencode()}" if query else reverse("appointments:waitlist")


def _state_links(request: OrganizationRequest, state: str) -> list[dict[str, Any]]:
    labels = {"open": _("Open"), "offered": _("Offered"), "past": _("Past")}
    return [
        {"label": label, "url": _with(request, state="" if key == "open" else key), "current": key == state}
        for key, label in labels.items()
    ]


def _choices(request: OrganizationRequest, name: str, rows: Any, chosen: uuid.UUID | None) -> list[dict[str, Any]]:
    return [
        {"label": str(row), "url": _with(request, **{name: str(row.pk)}), "current": row.pk == chosen}
        for row in rows.filter(is_active=True)
    ]


def _note_all(request: OrganizationRequest, groups: list[Group]) -> None:
    _note(request, [line.entry.patient_id for group in groups for line in group.lines], AccessKind.SEARCH)


def _note(request: OrganizationRequest, patients: list[uuid.UUID], kind: AccessKind = AccessKind.VIEW) -> None:
    match = request.resolver_match
    record_access(
        organization=request.organization,
        actor=request.actor,
        patient_ids=dict.fromkeys(patients),
        route=match.view_name if match else "",
        kind=kind,
    )
