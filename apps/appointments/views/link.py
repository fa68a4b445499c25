"""The patient's page behind the signed link: see, confirm, move, cancel, undo, add to the calendar.

Looking changes nothing, so that mail scanners and previews do no harm; every change is a POST that names the version
that the patient saw. The page says first name, time and place, never why somebody comes. There is no session: the
organization is that of the appointment.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import wraps
from itertools import groupby
from typing import Any
from urllib.parse import quote_plus, urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.appointments.availability import find_slots
from apps.appointments.errors import SlotUnavailable
from apps.appointments.forms.link import LinkForm
from apps.appointments.invites import invite_for
from apps.appointments.links import Opened, open_link
from apps.appointments.messages import date_text
from apps.appointments.models import Appointment, CancelReason, Status
from apps.appointments.services import (
    cancel_appointment,
    confirm_appointment,
    confirm_if_soon,
    reschedule_appointment,
    self_service,
    undo_reschedule,
    undo_status,
)
from apps.core.actors import Actor, patient_actor
from apps.core.errors import ApplicationError, StaleVersion
from apps.core.tenancy import organization_scope
from apps.organizations.conventions import clock_text, writes_month_first
from apps.practitioners.hours import first_instant

LANGUAGES = {"en": ("EN", "English"), "es": ("ES", "Español"), "hi": ("हिन्दी", "")}
SHOWN_DAYS, LISTED_DAYS = 3, 21
SLOTS_A_DAY = 8
View = Callable[[HttpRequest, Appointment], HttpResponse]


def behind_link(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
    """Open the appointment's organization and language for the view; a link that does not work answers 404, calmly."""

    @login_not_required
    @never_cache
    @wraps(view)
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        found = open_link(token)
        if found is None:
            response = render(request, "appointments/link_gone.html", {"organization": None}, status=404)
        else:
            response = _inside(request, found)
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        return response

    def _inside(request: HttpRequest, found: Opened) -> HttpResponse:
        with organization_scope(found.organization_id):
            rows = Appointment.objects.for_list().select_related("organization", "series")
            appointment = rows.get(pk=found.appointment_id)
            languages = appointment.organization.languages
            asked = request.GET.get("lang", "")
            language = asked if asked in languages else appointment.patient.language
            with (
                translation.override(language if language in languages else appointment.organization.language),
                timezone.override(appointment.location.zone),
            ):
                return view(request, appointment)

    return opened


@require_http_methods(["GET", "HEAD", "POST"])
@behind_link
def show(request: HttpRequest, appointment: Appointment) -> HttpResponse:
    """Show the appointment; a POST does one step and leads back here, so that a reload repeats nothing."""
    if request.method != "POST":
        return render(request, "appointments/link.html", _context(request, appointment))
    form = LinkForm(request.POST)
    if not form.is_valid():
        return render(request, "appointments/link.html", _context(request, appointment, form), status=422)
    try:
        said = _STEPS[form.cleaned_data["do"]](appointment, form.cleaned_data, patient_actor(appointment.patient_id))
    except StaleVersion:
        messages.warning(request, _("The clinic changed this appointment in the meantime. Please look at it again."))
    except SlotUnavailable:
        messages.error(request, _("Sorry, this time has just been taken. Please choose another one."))
    except ApplicationError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, said)
    return HttpResponseRedirect(_here(request))


@require_safe
@behind_link
def calendar_file(request: HttpRequest, appointment: Appointment) -> HttpResponse:
    """Answer the appointment as a calendar file, without the reason of the visit."""
    response = HttpResponse(invite_for(appointment), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="appointment.ics"'
    return response


def _confirm(appointment: Appointment, data: dict[str, Any], actor: Actor) -> str:
    if not appointment.is_confirmed:
        confirm_appointment(appointment=appointment, by="link", actor=actor)
    return _("Thank you. See you then.")


def _cancel(appointment: Appointment, data: dict[str, Any], actor: Actor) -> str:
    _require(appointment, data)
    if appointment.status != Status.CANCELLED:
        note = data["why"]
        cancel_appointment(appointment=appointment, reason=CancelReason.PATIENT, note=note, actor=actor)
    return _("Your appointment is cancelled. Somebody else can have your time now.")


def _move(appointment: Appointment, data: dict[str, Any], actor: Actor) -> str:
    _require(appointment, data)
    moved = reschedule_appointment(appointment=appointment, start=data["slot"], version=data["version"], actor=actor)
    confirm_if_soon(appointment=moved, by="link", actor=actor)
    return _("Your appointment is now on %(day)s at %(time)s.") % _words(moved, moved.local_start)


def _undo(appointment: Appointment, data: dict[str, Any], actor: Actor) -> str:
    _require_version(appointment, data)
    if self_service(appointment).undo_until is None:
        raise ApplicationError(_("There is nothing to undo. Please call us if something is wrong."), code="no_undo")
    if appointment.status == Status.CANCELLED:
        undo_status(appointment=appointment, actor=actor)
    else:
        undo_reschedule(appointment=appointment, version=data["version"], actor=actor)
    return _("Done: everything is as it was before.")


_STEPS: dict[str, Callable[[Appointment, dict[str, Any], Actor], str]] = {
    "confirm": _confirm,
    "cancel": _cancel,
    "move": _move,
    "undo": _undo,
}


def _require(appointment: Appointment, data: dict[str, Any]) -> None:
    """Refuse a step that patients may not take (any more), in words that say what to do instead."""
    _require_version(appointment, data)
    allowed = self_service(appointment)
    if not (allowed.cancel if data["do"] == "cancel" else allowed.move):
        raise ApplicationError(_("This can’t be changed here any more. Please call us."), code="too_late")


def _require_version(appointment: Appointment, data: dict[str, Any]) -> None:
    if data["version"] != appointment.version:
        raise StaleVersion(_("The clinic changed this appointment in the meantime."), current=appointment.version)


def _context(request: HttpRequest, appointment: Appointment, form: LinkForm | None = None) -> dict[str, Any]:
    organization, local = appointment.organization, appointment.local_start
    allowed = self_service(appointment)
    phone = appointment.location.phone or organization.phone
    return {
        "organization": organization,
        "appointment": appointment,
        "form": form,
        "heading": _heading(appointment),
        "day": _words(appointment, local)["day"],
        "from": clock_text(local, country=organization.country),
        "to": clock_text(appointment.local_end, country=organization.country),
        "state": _state(appointment),
        "allowed": allowed,
        "undo_until": _undo_until(appointment, allowed.undo_until),
        "days": _days(appointment, allowed.move),
        "more": request.GET.get("times") == "all",
        "map_url": _map(appointment),
        "phone": phone,
        "is_ahead": appointment.start > timezone.now(),
        "lang": request.GET.get("lang", ""),
        "languages": [
            {
                "code": code,
                "label": LANGUAGES[code][0],
                "name": LANGUAGES[code][1],
                "url": f"?{urlencode({'lang': code})}",
                "current": code == translation.get_language(),
            }
            for code in organization.languages
            if code in LANGUAGES
        ],
    }


def _heading(appointment: Appointment) -> str:
    name = {"name": appointment.patient.first_name}
    if appointment.status == Status.CANCELLED:
        return _("%(name)s, your appointment is cancelled") % name
    if appointment.status != Status.BOOKED or appointment.start <= timezone.now():
        return _("Hello %(name)s") % name
    if appointment.is_confirmed:
        return _("%(name)s, we look forward to seeing you") % name
    return _("Hello %(name)s, are you coming?") % name


def _state(appointment: Appointment) -> tuple[str, str, str]:
    """Return word, tone and icon of the appointment's state, as the patient is told it."""
    if appointment.status == Status.CANCELLED:
        return _("Cancelled"), "neutral", "calendar-cancel"
    if appointment.status == Status.BOOKED and appointment.is_confirmed:
        return _("Confirmed"), "ok", "calendar-check"
    if appointment.status == Status.BOOKED and appointment.start > timezone.now():
        return _("Not confirmed yet"), "neutral", "circle-dashed"
    return _("Past"), "neutral", "calendar-event"


def _days(appointment: Appointment, may_move: bool) -> list[dict[str, Any]]:
    """Return the days with free times of the same practitioner at the same place; one query, none when moving is over."""
    if not may_move:
        return []
    zone = appointment.location.zone
    today = first_instant(zone, timezone.now().astimezone(zone).date(), dt.time.min)
    slots = find_slots(
        organization=appointment.organization,
        appointment_type=appointment.appointment_type,
        start=today,
        end=today + dt.timedelta(days=LISTED_DAYS),
        practitioners=[appointment.practitioner],
        location=appointment.location,
        online=True,
    )
    return [
        {
            "label": _words(appointment, found[0].local_start)["day"],
            "slots": [
                {
                    "value": slot.start.isoformat(),
                    "time": _words(appointment, slot.local_start)["time"],
                    "more": number >= SLOTS_A_DAY,
                }
                for number, slot in enumerate(found)
            ],
            "more": position >= SHOWN_DAYS,
        }
        for position, found in enumerate(
            list(group) for _date, group in groupby(slots, key=lambda slot: slot.local_start.date())
        )
    ]


def _undo_until(appointment: Appointment, until: dt.datetime | None) -> str:
    """Return the last moment of an undo on the clinic's wall, nothing without one."""
    if until is None:
        return ""
    return clock_text(until.astimezone(appointment.location.zone), country=appointment.organization.country)


def _words(appointment: Appointment, local: dt.datetime) -> dict[str, str]:
    """Return day and time of day as the clinic's messages write them."""
    country = appointment.organization.country
    weekday, date = date_format(local, "l"), date_text(local, country=country)
    is_plain = (translation.get_language() or "en").startswith("en") and not writes_month_first(country)
    return {
        "day": f"{weekday} {date}" if is_plain else f"{weekday}, {date}",
        "time": clock_text(local, country=country),
    }


def _map(appointment: Appointment) -> str:
    place = appointment.location
    if not place.address:
        return ""
    return f"https://www.openstreetmap.org/search?query={quote_plus(place.address_line)}"


def _here(request: HttpRequest) -> str:
    """Return this page's address, with the language that was chosen."""
    language = request.GET.get("lang", "")
    return request.path + (f"?{urlencode({'lang': language})}" if language in LANGUAGES else "")
