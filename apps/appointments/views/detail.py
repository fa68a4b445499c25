"""One appointment: what, where, its messages, its history; cancel and calendar file."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.appointments.attendance import Attendance, Risk, attendance_of, no_show_risk
from apps.appointments.forms import CancelForm
from apps.appointments.invites import invite_for
from apps.appointments.links import link_address
from apps.appointments.models import Appointment, Status
from apps.appointments.recurrence import describe, parse_rule
from apps.appointments.services import cancel_appointment, confirm_appointment, renew_link
from apps.appointments.transitions import RULES, Step
from apps.audit.services import record_access
from apps.communications.models import Communication
from apps.communications.services import root_of
from apps.core.errors import StaleVersion
from apps.core.forms import version_of
from apps.core.htmx import go, in_dialog, toast, trigger, wants_fragment
from apps.events.models import Event
from apps.events.registry import presented_types
from apps.events.selectors import entry_of
from apps.organizations.access import requires
from apps.organizations.permissions import Permission


def _appointment(request: HttpRequest, pk: uuid.UUID) -> Appointment:
    rows = Appointment.objects.for_organization(request.organization).real().for_list()  # type: ignore[attr-defined]
    found: Appointment = get_object_or_404(rows, pk=pk)
    return found


@require_GET
@requires(Permission.APPOINTMENTS_VIEW)
def detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show an appointment with its ledger of messages and its history, in the dialog or as a page."""
    appointment = _appointment(request, pk)
    organization = request.organization  # type: ignore[attr-defined]
    now = timezone.now()
    record_access(
        organization=organization,
        actor=request.actor,  # type: ignore[attr-defined]
        patient_ids=[appointment.patient_id] if appointment.patient_id else [],
        route="appointments:detail",
    )
    history = (
        Event.objects.for_organization(organization)
        .filter(subject_id=appointment.pk, type__in=presented_types())
        .order_by("-id")[:50]
    )
    ledger = list(
        Communication.objects.for_organization(organization)
        .about(Appointment._meta.label, appointment.pk)
        .order_by("-context_version", "due_at", "id")[:50]
    )
    context = {
        "appointment": appointment,
        "ledger": ledger,
        "not_arrived": _not_arrived(ledger),
        "history": [entry_of(event) for event in history],
        "may_manage": request.actor.may(Permission.APPOINTMENTS_MANAGE),  # type: ignore[attr-defined]
        "may_message": request.actor.may(Permission.COMMUNICATIONS_MANAGE),  # type: ignore[attr-defined]
        "can_confirm": appointment.status == Status.BOOKED and not appointment.is_confirmed and now < appointment.start,
        "can_move": appointment.status == Status.BOOKED,
        "can_room": appointment.is_open and request.actor.may(Permission.APPOINTMENTS_MANAGE),  # type: ignore[attr-defined]
        "can_cancel": appointment.status in RULES[Step.CANCEL].sources,
        "can_miss": appointment.status == Status.BOOKED and appointment.start <= now,
        "next_step": _next_step(appointment, now),
        "can_undo": appointment.undo_until is not None and now < appointment.undo_until,
        "is_free_again": appointment.status == Status.CANCELLED and appointment.start > now,
        "link": link_address(appointment),
        "risk": _risk(appointment),
        **_series(appointment),
        # The page refreshes its parts by fragment requests, too.
        "modal": wants_fragment(request) and "page" not in request.GET,
    }
    return render(request, "appointments/detail.html", context)


def _not_arrived(ledger: Sequence[Communication]) -> set[uuid.UUID]:
    """Return the messages that did not arrive and were not sent again since."""
    latest = {root_of(row): row for row in sorted(ledger, key=lambda row: row.pk)}
    return {row.pk for row in latest.values() if row.did_not_arrive}


@dataclass(frozen=True, slots=True)
class NextStep:
    """What is done next with the visit on its day: the action's name in `appointments:step`, its words and icon."""

    action: str
    label: str
    icon: str


def _next_step(appointment: Appointment, now: dt.datetime) -> NextStep | None:
    """Return the step that the day of the visit asks for; None before that day, and when nothing is left to do."""
    if appointment.local_start.date() > now.astimezone(appointment.location.zone).date():
        return None
    return {
        Status.BOOKED: NextStep("arrive", _("Check in"), "door-enter"),
        Status.ARRIVED: NextStep("start", _("Start"), "player-play"),
        Status.IN_PROGRESS: NextStep("complete", _("Complete"), "circle-check"),
    }.get(Status(appointment.status))


def _risk(appointment: Appointment) -> Risk | None:
    """Return how likely the coming visit is missed, None when that is low or the visit is not ahead; one query."""
    now = timezone.now()
    if appointment.status != Status.BOOKED or appointment.start < now or appointment.patient_id is None:
        return None
    found = attendance_of(organization=appointment.organization, patient_ids=[appointment.patient_id])
    risk = no_show_risk(
        attendance=found.get(appointment.patient_id, Attendance()),
        start=appointment.start,
        booked_at=appointment.created_at,
        is_confirmed=appointment.is_confirmed,
        now=now,
    )
    return risk if risk.level != "low" else None


def _series(appointment: Appointment) -> dict[str, Any]:
    """Return the rule in words and the visits of the series that the appointment belongs to; one query."""
    if appointment.series is None:
        return {}
    visits = Appointment.objects.filter(series=appointment.series_id).select_related("location").order_by("start")
    return {"series_words": describe(parse_rule(appointment.series.rule)), "series_visits": list(visits)}


@require_http_methods(["GET", "POST"])
@requires(Permission.APPOINTMENTS_MANAGE)
def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask why, then cancel; the patient is told by the rules."""
    appointment = _appointment(request, pk)
    form = CancelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        version = request.POST.get("version", "")
        try:
            cancel_appointment(
                appointment=appointment,
                reason=form.cleaned_data["reason"],
                note=form.cleaned_data["note"],
                version=version_of(version),
                actor=request.actor,  # type: ignore[attr-defined]
            )
        except StaleVersion:
            form.add_error(
                None, _("Somebody moved this visit while you looked. It is now at the time above: cancel that?")
            )
        else:
            return _cancelled(request, appointment)
    context = {"appointment": appointment, "form": form, "modal": in_dialog(request)}
    return render(request, "appointments/cancel.html", context, status=422 if request.method == "POST" else 200)


def _cancelled(request: HttpRequest, appointment: Appointment) -> HttpResponse:
    text = _("Appointment of %(name)s cancelled") % {"name": appointment.patient}
    if not in_dialog(request):
        return go(request, reverse("appointments:detail", args=[appointment.pk]), text)
    undo = reverse("appointments:step", args=[appointment.pk, "undo"])
    return trigger(toast(HttpResponse(status=204), text, undo_url=undo), modal__close=True, live__appointments=True)


@require_POST
@requires(Permission.APPOINTMENTS_MANAGE)
def confirm(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Note that the patient confirmed by phone or at the desk."""
    appointment = _appointment(request, pk)
    confirm_appointment(appointment=appointment, by="staff", actor=request.actor)  # type: ignore[attr-defined]
    text = _("Appointment of %(name)s confirmed") % {"name": appointment.patient}
    return trigger(toast(HttpResponse(status=204), text), live__appointments=True)


@require_POST
@requires(Permission.APPOINTMENTS_MANAGE)
def renew(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Make the links that the patient has worthless: lost phone, wrong number, somebody else's inbox."""
    renew_link(appointment=_appointment(request, pk), actor=request.actor)  # type: ignore[attr-defined]
    text = _("The old link works no more. Messages from now on carry a new one.")
    return trigger(toast(HttpResponse(status=204), text), modal__refresh=True)


@require_GET
@requires(Permission.APPOINTMENTS_VIEW)
def calendar_file(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the appointment as an iCalendar file (RFC 5545)."""
    appointment = _appointment(request, pk)
    response = HttpResponse(invite_for(appointment), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="appointment-{appointment.start:%Y-%m-%d}.ics"'
    return response
