"""The pages of journeys: board, run, and the steps that staff take by hand."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.audit.services import record_access
from apps.core.counting import Later, capped, counts_of
from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.core.htmx import in_dialog, toast, trigger, wants_fragment
from apps.journeys import services
from apps.journeys.forms import ReasonForm, StartForm
from apps.journeys.models import Definition, Instance
from apps.journeys.selectors import board_of, definitions_in_use, open_runs_in, runs_of_patient, way_of
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.patients.models import Patient

FILTERS = ("overdue", "paused")


@require_GET
@requires(Permission.JOURNEYS_VIEW)
def board(request: OrganizationRequest) -> HttpResponse:
    """Show who stands where in one journey; journey, filter and the stage that shows more stand in the address."""
    definitions = definitions_in_use(request.organization)
    wanted = request.GET.get("journey", "")
    chosen = next((d for d in definitions if d.key == wanted), definitions[0] if definitions else None)
    only = request.GET.get("only", "") if request.GET.get("only") in FILTERS else ""
    opened = request.GET.get("open", "")
    shown = board_of(chosen, only=only, opened=opened) if chosen else None
    if shown is not None and not request.GET.get("live"):
        _note(request, {card.run.patient_id for column in shown.columns for card in column.cards})
    context = {
        "definitions": definitions,
        "choices": _choices(request, definitions),
        "board": shown,
        "board_url": reverse("journeys:board"),
        "here_url": f"{reverse('journeys:board')}?journey={chosen.key if chosen else ''}"
        + (f"&only={only}" if only else ""),
        "chosen_filter": only,
        "opened": opened if shown and any(column.key == opened for column in shown.columns) else "",
        "may_advance": request.actor.may(Permission.JOURNEYS_ADVANCE),
        "may_manage": request.actor.may(Permission.JOURNEYS_MANAGE),
    }
    return render(request, "journeys/board.html#board" if wants_fragment(request) else "journeys/board.html", context)


def _choices(request: OrganizationRequest, definitions: Sequence[Definition]) -> list[dict[str, Any]]:
    """Return the journeys to choose from, each with how many are in it; none when there is no choice."""
    if len(definitions) < 2:
        return []
    asked = [(definition, counts_of(request).ask(open_runs_in(definition))) for definition in definitions]
    return [{"definition": definition, "runs": _capped(count)} for definition, count in asked]


def _capped(count: Later) -> Callable[[], str]:
    return lambda: capped(count())


@require_GET
@requires(Permission.JOURNEYS_VIEW)
def instance(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one run: its way through the stages, and what can be done."""
    run = _run(request, pk)
    _note(request, {run.patient_id})
    context = _run_context(request, run) | {"way": way_of(run), "modal": in_dialog(request)}
    return render(request, "journeys/instance.html", context)


@require_GET
@requires(Permission.JOURNEYS_ADVANCE)
def menu(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the lines of a card's menu: what can be done with the run as it is now."""
    run = _run(request, pk)
    return render(request, "journeys/_menu.html", _run_context(request, run) | {"later": _later(run)})


@require_POST
@requires(Permission.JOURNEYS_ADVANCE)
def advance(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Complete the stage that the card showed, and enter the next or the chosen one."""
    moved = services.advance_instance(
        instance=_run(request, pk),
        from_stage=request.POST.get("from") or None,
        to_stage=request.POST.get("to") or None,
        actor=request.actor,
    )
    if moved.current_stage is None:
        return _done(_("%(who)s completed the journey") % {"who": _who(moved)})
    return _done(_("%(who)s moved to %(stage)s") % {"who": _who(moved), "stage": moved.current_stage.name})


@require_http_methods(["GET", "POST"])
@requires(Permission.JOURNEYS_ADVANCE)
def skip(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask for the reason, then leave the present stage undone."""
    run, form = _run(request, pk), ReasonForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        stage = run.current_stage.name if run.current_stage else ""
        return _ask(request, run, form, _("Skip “%(stage)s”") % {"stage": stage}, _("Skip the stage"))
    moved = services.skip_stage(
        instance=run,
        stage=request.POST.get("from") or None,
        reason=form.cleaned_data["reason"],
        actor=request.actor,
    )
    if not wants_fragment(request):
        return redirect("journeys:instance", pk)
    return _done(_("Stage skipped for %(who)s") % {"who": _who(moved)})


@require_POST
@requires(Permission.JOURNEYS_ADVANCE)
def pause(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Hold the run; the toast takes it back."""
    run = services.pause_instance(instance=_run(request, pk), actor=request.actor)
    return _done(_("Journey of %(who)s paused") % {"who": _who(run)}, undo_url=reverse("journeys:resume", args=[pk]))


@require_POST
@requires(Permission.JOURNEYS_ADVANCE)
def resume(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Let a paused run go on."""
    run = services.resume_instance(instance=_run(request, pk), actor=request.actor)
    return _done(_("Journey of %(who)s goes on") % {"who": _who(run)})


@require_http_methods(["GET", "POST"])
@requires(Permission.JOURNEYS_ADVANCE)
def cancel(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask for the reason, then end the run; what it planned and is not sent yet is cancelled with it."""
    run, form = _run(request, pk), ReasonForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return _ask(
            request,
            run,
            form,
            _("Cancel the journey of %(who)s") % {"who": _who(run)},
            _("Cancel the journey"),
            danger=True,
        )
    services.cancel_instance(instance=run, reason=form.cleaned_data["reason"], actor=request.actor)
    if not wants_fragment(request):
        return redirect("journeys:instance", pk)
    return _done(_("Journey of %(who)s cancelled") % {"who": _who(run)})


@require_http_methods(["GET", "POST"])
@requires(Permission.JOURNEYS_ADVANCE)
def start(request: OrganizationRequest) -> HttpResponse:
    """Start a journey for a patient, in the dialog or on a page."""
    initial = {name: request.GET[name] for name in ("patient", "journey") if name in request.GET}
    form = StartForm(request.POST or None, organization=request.organization, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            run = services.start_journey(
                definition=form.cleaned_data["journey"], patient=form.cleaned_data["patient"], actor=request.actor
            )
        except (Conflict, InvalidInput) as refusal:
            form.add_error(None, refusal.message)
        else:
            if not wants_fragment(request):
                return HttpResponseRedirect(f"{reverse('journeys:board')}?journey={run.definition.key}")
            return _done(_("%(journey)s began for %(who)s") % {"journey": run.definition.name, "who": _who(run)})
    context = {
        "form": form,
        "modal": in_dialog(request),
        "chosen": _chosen(request, form),
        "none": not form.fields["journey"].queryset.exists(),  # type: ignore[attr-defined]
    }
    return render(request, "journeys/start.html", context, status=422 if form.errors else 200)


def _chosen(request: OrganizationRequest, form: StartForm) -> Patient | None:
    try:
        wanted = uuid.UUID(str(form["patient"].value() or ""))
    except ValueError:
        return None
    return Patient.objects.for_organization(request.organization).filter(pk=wanted).first()


@require_GET
@requires(Permission.JOURNEYS_VIEW)
def for_patient(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the tab of the patient page: every run, open ones first, with its way."""
    patient = Patient.objects.for_organization(request.organization).filter(pk=pk).first()
    if patient is None:
        raise NotFound(_("There is no such patient here."))
    patient.organization = request.organization
    runs = runs_of_patient(patient)
    context = {
        "patient": patient,
        "runs": [(run, way_of(run) if run.is_open else []) for run in runs],
        "may_advance": request.actor.may(Permission.JOURNEYS_ADVANCE),
    }
    return render(request, "journeys/_for_patient.html", context)


def _run(request: OrganizationRequest, pk: uuid.UUID) -> Instance:
    run: Instance | None = Instance.objects.for_organization(request.organization).for_list().filter(pk=pk).first()
    if run is None:
        raise NotFound(_("There is no such run of a journey here."))
    return run


def _run_context(request: OrganizationRequest, run: Instance) -> dict[str, Any]:
    return {
        "run": run,
        "who": _who(run),
        "may_advance": request.actor.may(Permission.JOURNEYS_ADVANCE),
        "board_url": f"{reverse('journeys:board')}?journey={run.definition.key}",
    }


def _later(run: Instance) -> list[Any]:
    present = run.current_stage
    if present is None or not run.is_open:
        return []
    return list(run.version.stages.filter(Q(position__gt=present.position)))


def _ask(
    request: OrganizationRequest, run: Instance, form: ReasonForm, title: str, submit: str, *, danger: bool = False
) -> HttpResponse:
    context = _run_context(request, run) | {
        "form": form,
        "title": title,
        "submit": submit,
        "danger": danger,
        "action": request.path,
        "modal": in_dialog(request),
    }
    return render(request, "journeys/reason.html", context, status=422 if form.errors else 200)


def _done(text: str, *, undo_url: str = "") -> HttpResponse:
    return toast(trigger(HttpResponse(status=204), modal__close={}, live__journeys={}), text, undo_url=undo_url)


def _who(run: Instance) -> str:
    return run.subject_name or _("Somebody")


def _note(request: OrganizationRequest, patient_ids: set[uuid.UUID | None]) -> None:
    match = request.resolver_match
    record_access(
        organization=request.organization,
        actor=request.actor,
        patient_ids=[pk for pk in patient_ids if pk is not None],
        route=match.view_name if match else "journeys",
    )
