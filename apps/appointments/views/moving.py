"""Moving a visit: dropped in the calendar, or to a time chosen in its dialog; the toast moves it back."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.appointments.conflicts import check_booking
from apps.appointments.errors import SlotUnavailable
from apps.appointments.forms import MoveForm, TimeForm
from apps.appointments.models import Appointment
from apps.appointments.services import check_move, reschedule_appointment, undo_reschedule
from apps.appointments.views.times import chosen_place_and_time, listed_times, slot_line
from apps.core.dates import as_day
from apps.core.errors import InvalidInput, InvalidTransition, StaleVersion
from apps.core.forms import version_of
from apps.core.htmx import go, in_dialog, toast, trigger
from apps.organizations.access import requires
from apps.organizations.permissions import Permission
from apps.organizations.places import chosen_location
from apps.practitioners.models import Practitioner


@require_POST
@requires(Permission.APPOINTMENTS_MANAGE)
def move(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Move a visit to a column's day and minute, or give it another length.

    409 with the reasons and the nearest free slots when it can't go there. With `ask` nothing moves yet: the answer is
    the question whether to tell the patient, unless there is nothing to tell.
    """
    appointment = _appointment(request, pk)
    form = MoveForm(request.POST, organization=request.organization)  # type: ignore[attr-defined]
    if not form.is_valid():
        raise InvalidInput(
            _("That time can’t be read. Drop the visit on the grid, or choose a time in its dialog."),
            errors=form.errors,
        )
    data = form.cleaned_data
    zone = (chosen_location(request) or request.organization).zone  # type: ignore[attr-defined]
    start, room = form.instant(zone), data["room"]
    wanted: dict[str, Any] = {
        "appointment": appointment,
        "start": start,
        "practitioner": data["practitioner"] or appointment.practitioner,
        "location": room.location if room else data["location"],
        "room": room,
        "duration_minutes": data["minutes"],
        "version": data["version"],
        "actor": request.actor,  # type: ignore[attr-defined]
    }
    worth_telling = _is_worth_telling(appointment, wanted)
    try:
        if data["ask"] and worth_telling:
            return _ask(request, wanted, zone) if check_move(**wanted) else HttpResponse(status=204)
        moved = reschedule_appointment(**wanted, tell_patient=data["tell"] and worth_telling)
    except SlotUnavailable as refusal:
        return _refused(request, wanted, refusal, zone)
    stays = (moved.start, moved.practitioner_id, moved.location_id) == (
        appointment.start,
        appointment.practitioner_id,
        appointment.location_id,
    )
    return _moved(moved, is_resized=stays and moved.minutes != appointment.minutes)


def _is_worth_telling(appointment: Appointment, wanted: dict[str, Any]) -> bool:
    """Tell whether the patient would notice: not when only the room changes."""
    return (
        wanted["start"] != appointment.start
        or wanted["duration_minutes"] not in (None, appointment.minutes)
        or wanted["practitioner"].pk != appointment.practitioner_id
        or (wanted["location"] is not None and wanted["location"].pk != appointment.location_id)
    )


def _ask(request: HttpRequest, wanted: dict[str, Any], zone: ZoneInfo) -> HttpResponse:
    """Ask whether to tell the patient about a move that could be made."""
    appointment, practitioner = wanted["appointment"], wanted["practitioner"]
    minutes = wanted["duration_minutes"] or appointment.minutes
    context = {
        "appointment": appointment,
        "minutes": minutes,
        "is_longer_or_shorter": minutes != appointment.minutes,
        "start": wanted["start"].astimezone(zone),
        "still": appointment.start.astimezone(zone),
        "practitioner": practitioner if practitioner.pk != appointment.practitioner_id else None,
        "room": wanted["room"],
    }
    return render(request, "appointments/_ask.html", context)


def _refused(request: HttpRequest, wanted: dict[str, Any], refusal: SlotUnavailable, zone: ZoneInfo) -> HttpResponse:
    """Say why a visit can't go there, with the nearest free slots to choose from."""
    appointment, start = wanted["appointment"], wanted["start"]
    local = start.astimezone(zone)
    minutes = wanted["duration_minutes"] or appointment.minutes
    is_resized = start == appointment.start and minutes != appointment.minutes
    query = {"practitioner": wanted["practitioner"].pk, "day": f"{local:%Y-%m-%d}", "own_time": f"{local:%H:%M}"}
    nearest_first = sorted(refusal.alternatives, key=lambda slot: abs(slot.start - start))
    alternatives = [] if is_resized else [(slot, _difference(slot.start - start)) for slot in nearest_first]
    context = {
        "appointment": appointment,
        "refusal": refusal,
        "alternatives": alternatives,
        "wanted": local,
        "until": local + dt.timedelta(minutes=minutes),
        "is_resized": is_resized,
        "still": appointment.start.astimezone(zone),
        "override_url": f"{reverse('appointments:reschedule', args=[appointment.pk])}?{urlencode(query)}",
        "can_overbook": refusal.can_overbook or (refusal.can_overbook_without_room and _has_its_room_by_habit(wanted)),
        "may_override": request.actor.may(Permission.APPOINTMENTS_OVERRIDE),  # type: ignore[attr-defined]
    }
    return render(request, "appointments/_why.html", context, status=409)


@require_POST
@requires(Permission.APPOINTMENTS_MANAGE)
def undo_move(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Move a visit back; `?version=` is that of the move, so that nobody undoes a later one unseen."""
    version = request.GET.get("version", "")
    moved = undo_reschedule(
        appointment=_appointment(request, pk),
        version=version_of(version),
        actor=request.actor,  # type: ignore[attr-defined]
    )
    return trigger(
        toast(HttpResponse(status=204), _sentence(_("%(name)s is back at %(when)s"), moved)), live__appointments=True
    )


@require_http_methods(["GET", "POST"])
@requires(Permission.APPOINTMENTS_MANAGE)
def reschedule(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show free times for a visit, or move it to the chosen one. With `own_time` it says at once why not."""
    appointment = _appointment(request, pk)
    if request.method == "GET":
        return _times(request, appointment, _empty_form(request, appointment))
    form = TimeForm(request.POST, organization=request.organization)  # type: ignore[attr-defined]
    if not form.is_valid():
        return _times(request, appointment, form, status=422)
    practitioner, location, start = chosen_place_and_time(request, form.cleaned_data)
    try:
        moved = reschedule_appointment(
            appointment=appointment,
            start=start,
            practitioner=practitioner,
            location=location,
            override_reason=form.cleaned_data["override_reason"],
            overbook=form.cleaned_data["overbook"],
            tell_patient=form.cleaned_data["tell"],
            version=form.cleaned_data["version"],
            actor=request.actor,  # type: ignore[attr-defined]
        )
    except SlotUnavailable as refusal:
        return _times(request, appointment, form, refusal=refusal, status=422)
    except StaleVersion:
        return _ask_again(request, _appointment(request, pk))
    except InvalidTransition as refusal:
        return _times(request, _appointment(request, pk), form, stopped=refusal.message, status=422)
    if not in_dialog(request):
        return go(request, reverse("appointments:detail", args=[pk]), _sentence(_("%(name)s moved to %(when)s"), moved))
    return trigger(_moved(moved), modal__close=True)


def _ask_again(request: HttpRequest, appointment: Appointment) -> HttpResponse:
    """Show where the visit is by now, with what was chosen, for somebody who moved it from where it is not any more."""
    answers = request.POST.copy()
    answers["version"] = str(appointment.version)
    form = TimeForm(answers, organization=request.organization)  # type: ignore[attr-defined]
    form.full_clean()
    return _times(request, appointment, form, was_moved=True, status=422)


def _appointment(request: HttpRequest, pk: uuid.UUID) -> Appointment:
    rows = Appointment.objects.for_organization(request.organization).real().for_list()  # type: ignore[attr-defined]
    found: Appointment = get_object_or_404(rows, pk=pk)
    return found


def _moved(moved: Appointment, *, is_resized: bool = False) -> HttpResponse:
    """Answer the toast whose undo moves it back, unless somebody changed it since."""
    words = _("The visit of %(name)s now lasts until %(until)s") if is_resized else _("%(name)s moved to %(when)s")
    undo = f"{reverse('appointments:undo-move', args=[moved.pk])}?{urlencode({'version': moved.version})}"
    return trigger(
        toast(HttpResponse(status=204), _sentence(words, moved), undo_url=undo),
        live__appointments=True,
    )


def _sentence(words: str, appointment: Appointment) -> str:
    local = appointment.start.astimezone(appointment.location.zone)
    until = appointment.end.astimezone(appointment.location.zone)
    return words % {
        "name": appointment.patient,
        "when": f"{date_format(local, 'D j M')}, {local:%H:%M}",
        "until": f"{until:%H:%M}",
    }


def _has_its_room_by_habit(wanted: dict[str, Any]) -> bool:
    """Tell whether the visit would keep a room that its type doesn't need: an overbooked one goes without."""
    return wanted["room"] is None and not wanted["appointment"].appointment_type.needs_room


def _difference(span: dt.timedelta) -> str:
    """Say how much earlier or later, for times of about the same day; else nothing."""
    minutes = int(span.total_seconds() // 60)
    if not minutes:
        return _("at that time")
    if abs(minutes) > 12 * 60:
        return ""
    hours, rest = divmod(abs(minutes), 60)
    length = " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)
    return (_("%(length)s later") if minutes > 0 else _("%(length)s earlier")) % {"length": length}


def _empty_form(request: HttpRequest, appointment: Appointment) -> TimeForm:
    """Return an unbound form: the same practitioner, from the visit's day on (not in the past)."""
    organization = request.organization  # type: ignore[attr-defined]
    day = max(appointment.local_start.date(), organization.today())
    initial = {
        "practitioner": request.GET.get("practitioner", str(appointment.practitioner_id)),
        "day": as_day(request.GET.get("day", ""), day).isoformat(),
        "own_time": request.GET.get("own_time", ""),
        "version": appointment.version,
    }
    return TimeForm(initial=initial, organization=organization)


def _times(
    request: HttpRequest,
    appointment: Appointment,
    form: TimeForm,
    *,
    refusal: SlotUnavailable | None = None,
    was_moved: bool = False,
    stopped: str = "",
    status: int = 200,
) -> HttpResponse:
    """Show the dialog; `was_moved` says that somebody else moved the visit, `stopped` why it can't be moved any more."""
    organization = request.organization  # type: ignore[attr-defined]
    people = Practitioner.objects.for_organization(organization)
    practitioner = people.filter(pk=form.chosen_practitioner()).first()
    day = as_day(str(form["day"].value() or ""), organization.today())
    if not form.is_bound and form["own_time"].value() and practitioner:
        refusal = _why_not(request, appointment, form)
    if refusal and (refusal.is_soft or form["overbook"].value()):
        form.ask_for_override()
    context = {
        "appointment": appointment,
        "form": form,
        "times": listed_times(request, appointment.appointment_type, practitioner, day),
        "refusal": refusal,
        "was_moved": was_moved,
        "stopped": stopped,
        "alternatives": [slot_line(slot) for slot in refusal.alternatives] if refusal else [],
        "may_override": request.actor.may(Permission.APPOINTMENTS_OVERRIDE),  # type: ignore[attr-defined]
        "chosen": form["slot"].value() or "",
        "modal": in_dialog(request),
    }
    return render(request, "appointments/reschedule.html", context, status=status)


def _why_not(request: HttpRequest, appointment: Appointment, form: TimeForm) -> SlotUnavailable | None:
    """Return the reasons against the time that the address asks for; None when there are none, or it can't be read."""
    asked = TimeForm(form.initial, organization=request.organization)  # type: ignore[attr-defined]
    if not asked.is_valid():
        return None
    practitioner, location, start = chosen_place_and_time(request, asked.cleaned_data)
    conflicts = check_booking(
        organization=request.organization,  # type: ignore[attr-defined]
        appointment_type=appointment.appointment_type,
        practitioner=practitioner,
        location=location,
        start=start,
        patient=appointment.patient,
        duration_minutes=appointment.minutes,
        source=appointment.source,
        instead_of=appointment,
    )
    return SlotUnavailable(conflicts, []) if conflicts else None
