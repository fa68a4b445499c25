"""Visits that the plan does not cover: move each with one click, ask its patient, or keep it on purpose."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.appointments.availability import Slot, find_slots
from apps.appointments.errors import SlotUnavailable
from apps.appointments.models import Appointment
from apps.appointments.outside import OutsideVisit, Span, look_outside, outside_visits
from apps.appointments.services import ask_for_another_time, keep_appointment, put_back, reschedule_appointment
from apps.appointments.services.outside import CHOOSE_ANOTHER_TIME
from apps.appointments.views.settings.common import note_access
from apps.communications.models import Communication
from apps.communications.models import Status as Sending
from apps.core.dates import read_moment
from apps.core.errors import InvalidInput
from apps.core.forms import version_of
from apps.core.htmx import toast, trigger, wants_fragment
from apps.core.navigation import in_settings
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from apps.practitioners.models import Practitioner, Room

SHOWN = 100
DAY = dt.timedelta(days=1)
OWN_DAYS, COLLEAGUES_DAYS = 21, 7
EACH = 2


@require_GET
@in_settings("outside")
@requires(Permission.APPOINTMENTS_MANAGE)
def outside(request: OrganizationRequest) -> HttpResponse:
    """List the visits to move, soonest first; `?practitioner=` narrows. What stays on purpose stands apart."""
    look = look_outside(Span(request.organization))
    wanted = request.GET.get("practitioner", "")
    found = look.describe([one.id for one in look.found if not wanted or str(one.practitioner_id) == wanted])
    to_move = [one for one in found if not one.on_purpose]
    shown = [*to_move[:SHOWN], *(one for one in found if one.on_purpose)]
    note_access(request, shown)
    asked = _asked(request, [one.appointment for one in shown])
    people = _people(request, found, wanted)
    own_url = reverse("appointments:outside")
    may_set_up = request.actor.may(Permission.PRACTITIONERS_MANAGE)
    context = {
        "rows": [_row(one, asked) for one in shown if not one.on_purpose],
        "kept": [_row(one, asked) for one in shown if one.on_purpose],
        "number": len(to_move),
        "more": max(0, len(to_move) - SHOWN),
        "not_asked": sum(one.appointment.pk not in asked for one in to_move[:SHOWN]),
        "chosen": people[0]["practitioner"] if people and wanted else None,
        "people": people,
        "this_url": f"{own_url}?practitioner={people[0]['practitioner'].pk}" if people and wanted else own_url,
        "back_url": reverse("appointments:settings" if may_set_up else "appointments:calendar"),
        "may_message": request.actor.may(Permission.COMMUNICATIONS_MANAGE),
        "may_override": request.actor.may(Permission.APPOINTMENTS_OVERRIDE),
    }
    template = "appointments/outside.html#rows" if wants_fragment(request) else "appointments/outside.html"
    return render(request, template, context)


def _people(request: OrganizationRequest, found: Iterable[OutsideVisit], wanted: str) -> list[dict[str, Any]]:
    """Return whose visits are listed, as filters: those with visits to move, or the one that was chosen."""
    listed = {one.appointment.practitioner for one in found}
    if wanted and not listed:
        listed = {
            person for person in Practitioner.objects.for_organization(request.organization) if str(person.pk) == wanted
        }
    numbers = Counter(one.appointment.practitioner_id for one in found if not one.on_purpose)
    own_url = reverse("appointments:outside")
    return [
        {
            "practitioner": person,
            "url": own_url if wanted else f"{own_url}?practitioner={person.pk}",
            "number": numbers[person.pk],
            "current": bool(wanted),
        }
        for person in sorted(listed, key=lambda one: (one.sort_order, one.family_name))
    ]


def _row(one: OutsideVisit, asked: dict[uuid.UUID, Communication]) -> dict[str, Any]:
    return {"visit": one.appointment, "problems": one.problems, "asked": asked.get(one.appointment.pk)}


def _asked(request: OrganizationRequest, visits: Iterable[Appointment]) -> dict[uuid.UUID, Communication]:
    """Return the messages that asked for another time, by visit, about its present time; one query."""
    versions = {visit.pk: visit.version for visit in visits}
    rows = Communication.objects.for_organization(request.organization).filter(
        context_type=Appointment._meta.label,
        context_id__in=versions,
        template_key=CHOOSE_ANOTHER_TIME,
        fallback_of__isnull=True,
    )
    return {row.context_id: row for row in rows if row.context_version == versions[row.context_id]}


def _visit(request: OrganizationRequest, pk: uuid.UUID) -> Appointment:
    rows = Appointment.objects.for_organization(request.organization).real().for_list()
    found: Appointment = get_object_or_404(rows, pk=pk)
    return found


@require_GET
@requires(Permission.APPOINTMENTS_MANAGE)
def times(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer where the visit could go: the nearest times of the same person, and of colleagues. Two searches."""
    visit = _visit(request, pk)
    return render(request, "appointments/outside.html#times", _times(request, visit))


def _times(request: OrganizationRequest, visit: Appointment) -> dict[str, Any]:
    """Return the nearest times by person: the visit's own practitioner first, then colleagues who offer its type.

    Who can't put a visit back is asked before it moves: `may_override`.
    """
    own = _around(request, visit, OWN_DAYS, practitioners=[visit.practitioner])
    colleagues = list(
        Practitioner.objects.for_organization(request.organization)
        .filter(is_active=True, offered_types__appointment_type=visit.appointment_type_id)
        .exclude(pk=visit.practitioner_id)
    )
    others = _around(request, visit, COLLEAGUES_DAYS, practitioners=colleagues)
    groups: dict[uuid.UUID, dict[str, Any]] = {}
    for slot in [*_nearest(own, visit), *_nearest(others, visit)]:
        group = groups.setdefault(slot.practitioner_id, {"name": slot.practitioner_name, "times": []})
        group["times"].append(_line(slot, visit))
    return {
        "visit": visit,
        "groups": list(groups.values()),
        "may_override": request.actor.may(Permission.APPOINTMENTS_OVERRIDE),
    }


def _around(
    request: OrganizationRequest, visit: Appointment, days: int, *, practitioners: list[Practitioner]
) -> list[Slot]:
    """Return free slots around a visit, from the fewest days that have enough; at most `days` before and after."""
    found: list[Slot] = []
    for span in (1, 4, days):
        found = find_slots(
            organization=request.organization,
            appointment_type=visit.appointment_type,
            start=visit.start - span * DAY,
            end=visit.start + span * DAY,
            practitioners=practitioners,
        )
        if len(found) >= EACH:
            break
    return found


def _nearest(slots: Iterable[Slot], visit: Appointment) -> list[Slot]:
    """Return the nearest slots, those at the same location first among equals, in order of time."""
    by_distance = sorted(slots, key=lambda slot: (abs(slot.start - visit.start), slot.location_id != visit.location_id))
    return sorted(by_distance[:EACH], key=lambda slot: slot.start)


def _line(slot: Slot, visit: Appointment) -> dict[str, Any]:
    return {
        "slot": slot,
        "day": date_format(slot.local_start, "D j M"),
        "time": f"{slot.local_start:%H:%M}",
        "elsewhere": slot.location_id != visit.location_id,
    }


@require_POST
@requires(Permission.APPOINTMENTS_MANAGE)
def move(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Move the visit to one of the listed times; 409 with every reason and new times when it is gone."""
    visit = _visit(request, pk)
    practitioner, location, start = _target(request)
    try:
        moved = reschedule_appointment(
            appointment=visit,
            start=start,
            practitioner=practitioner,
            location=location,
            tell_patient=request.POST.get("quiet") != "yes",
            version=version_of(request.POST.get("version", "")),
            actor=request.actor,
        )
    except SlotUnavailable as refusal:
        context = {"refusal": refusal, **_times(request, visit)}
        response = render(request, "appointments/outside.html#times", context, status=409)
        response["HX-Retarget"], response["HX-Reswap"] = f"#times-{visit.pk}-{visit.version}", "outerHTML"
        return response
    local = moved.local_start
    text = _("%(name)s moved to %(day)s, %(time)s") % {
        "name": moved.patient,
        "day": date_format(local, "D j M"),
        "time": f"{local:%H:%M}",
    }
    undo = ""
    if request.actor.may(Permission.APPOINTMENTS_OVERRIDE):
        values = {
            "practitioner": visit.practitioner_id,
            "location": visit.location_id,
            "room": visit.room_id or "",
            "start": visit.start.isoformat(),
            "version": moved.version,
        }
        undo = f"{reverse('appointments:outside-back', args=[pk])}?{urlencode(values)}"
    return _refreshed(text, undo_url=undo)


def _target(request: OrganizationRequest) -> tuple[Practitioner, Location, dt.datetime]:
    """Return with whom, where and when a visit should be, from the form or the address."""
    given = {**request.GET.dict(), **request.POST.dict()}
    start = read_moment(given.get("start", ""))
    try:
        keys = uuid.UUID(given.get("practitioner", "")), uuid.UUID(given.get("location", ""))
    except ValueError as error:
        raise InvalidInput(_("That time can’t be read. Choose one of the free times.")) from error
    if start is None:
        raise InvalidInput(_("That time can’t be read. Choose one of the free times."))
    people = Practitioner.objects.for_organization(request.organization)
    places = Location.objects.for_organization(request.organization)
    return get_object_or_404(people, pk=keys[0]), get_object_or_404(places, pk=keys[1]), start


@require_POST
@requires(Permission.APPOINTMENTS_OVERRIDE)
def back(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Undo a move: the visit is where it was, and on the list again."""
    visit = _visit(request, pk)
    practitioner, location, start = _target(request)
    room = Room.objects.for_organization(request.organization).filter(location=location, is_active=True)
    key = request.GET.get("room", "")
    put_back(
        appointment=visit,
        start=start,
        practitioner=practitioner,
        location=location,
        room=next((one for one in room if str(one.pk) == key), None),
        version=version_of(request.GET.get("version", "")),
        actor=request.actor,
    )
    return _refreshed(_("%(name)s is back at the old time") % {"name": visit.patient})


@require_POST
@requires(Permission.COMMUNICATIONS_MANAGE)
def ask(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask the visit's patient to choose another time."""
    visit = _visit(request, pk)
    row = ask_for_another_time(appointment=visit, actor=request.actor)
    if row.status == Sending.CANCELLED:
        return toast(trigger(HttpResponse(status=204), settings__changed=True), row.reason, tone="warn")
    return _refreshed(_("%(name)s is asked to choose another time") % {"name": visit.patient})


@require_POST
@requires(Permission.COMMUNICATIONS_MANAGE)
def ask_all(request: OrganizationRequest) -> HttpResponse:
    """Ask every patient on the list who was not asked yet."""
    people = Practitioner.objects.for_organization(request.organization)
    given = request.POST.get("practitioner", "")
    chosen = next((person for person in people if str(person.pk) == given), None)
    found = [one for one in outside_visits(Span(request.organization, practitioner=chosen)) if not one.on_purpose]
    known = _asked(request, [one.appointment for one in found])
    rows = [
        ask_for_another_time(appointment=one.appointment, actor=request.actor)
        for one in found[:SHOWN]
        if one.appointment.pk not in known
    ]
    sent = sum(row.status != Sending.CANCELLED for row in rows)
    text = ngettext("%(n)d patient asked for another time", "%(n)d patients asked for another time", sent) % {"n": sent}
    if len(rows) > sent:
        text += ", " + ngettext("%(n)d can’t be reached", "%(n)d can’t be reached", len(rows) - sent) % {
            "n": len(rows) - sent
        }
    return _refreshed(text, tone="ok" if sent == len(rows) else "warn")


@require_http_methods(["GET", "POST"])
@requires(Permission.APPOINTMENTS_OVERRIDE)
def keep(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask why the visit stays where it is, then keep it on purpose."""
    visit = _visit(request, pk)
    error = ""
    if request.method == "POST":
        try:
            keep_appointment(appointment=visit, reason=request.POST.get("reason", ""), actor=request.actor)
        except InvalidInput as refusal:
            error = refusal.message
        else:
            return _refreshed(_("%(name)s stays") % {"name": visit.patient})
    context = {
        "visit": visit,
        "error": error,
        "reason": request.POST.get("reason", ""),
        "modal": wants_fragment(request),
    }
    return render(request, "appointments/keep.html", context, status=422 if error else 200)


def _refreshed(text: str, *, undo_url: str = "", tone: str = "ok") -> HttpResponse:
    response = trigger(HttpResponse(status=204), modal__close=True, settings__changed=True, live__appointments=True)
    return toast(response, text, undo_url=undo_url, tone=tone)
