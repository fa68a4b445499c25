"""Offering times by hand: the free times that fit an entry, who fits a time that got free, and answers at the desk."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from itertools import groupby
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.appointments import services
from apps.appointments.availability import Slot, find_slots
from apps.appointments.errors import SlotUnavailable
from apps.appointments.house_rules import settings_for
from apps.appointments.models import WaitlistEntry, WaitlistOffer
from apps.appointments.ranking import rank_candidates
from apps.appointments.services.waitlist.filling import UNDO_GRACE
from apps.appointments.views.waitlist import done, find_entry
from apps.appointments.waiting import fits
from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.core.dates import read_moment
from apps.core.errors import Conflict
from apps.core.htmx import wants_fragment
from apps.core.ids import as_uuid
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from apps.practitioners.hours import day_bounds
from apps.practitioners.models import Practitioner

LISTED = 60
MOST_SEARCHED = 2000
LONGEST_FREED = dt.timedelta(hours=12)


@require_http_methods(["GET", "POST"])
@requires(Permission.APPOINTMENTS_MANAGE)
def offer(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the free times that fit, or offer the chosen one; a refusal says why and shows what is free instead."""
    found = find_entry(request, pk)
    if request.method == "GET":
        return _times(request, found)
    chosen = _slot(request)
    if chosen is None:
        return _times(request, found, missing=True, status=422)
    practitioner, location, start = chosen
    try:
        made = services.offer_slot(
            entry=found,
            practitioner=practitioner,
            location=location,
            start=start,
            not_before=timezone.now() + UNDO_GRACE,
            actor=request.actor,
        )
    except Conflict as refusal:
        return _times(request, found, refusal=refusal, status=422)
    values = {
        "when": date_format(made.start.astimezone(location.zone), "D j M, H:i"),
        "name": found.patient,
        "until": date_format(made.expires_at.astimezone(location.zone), "H:i"),
    }
    text = _("%(when)s offered to %(name)s, kept until %(until)s") % values
    return done(request, text, undo_url=reverse("appointments:waitlist-step", args=[found.pk, "withdraw"]))


offer.navigation_key = "waitlist"


@require_GET
@requires(Permission.APPOINTMENTS_MANAGE)
def candidates(request: OrganizationRequest) -> HttpResponse:
    """Show who waits for a time that got free, best first, each with the reasons and one click to offer it."""
    practitioner = get_object_or_404(
        Practitioner.objects.for_organization(request.organization), pk=as_uuid(request.GET.get("practitioner", ""))
    )
    location = get_object_or_404(
        Location.objects.for_organization(request.organization), pk=as_uuid(request.GET.get("location", ""))
    )
    start, end = (_moment(request.GET.get(name, "")) for name in ("start", "end"))
    if start is None or end is None or not start < end <= start + LONGEST_FREED:
        raise Http404
    ranked = rank_candidates(
        organization=request.organization, practitioner=practitioner, location=location, start=start, end=end
    )
    record_access(
        organization=request.organization,
        actor=request.actor,
        patient_ids=dict.fromkeys(one.entry.patient_id for one in ranked),
        route="appointments:waitlist-candidates",
        kind=AccessKind.SEARCH,
    )
    context = {
        "candidates": ranked,
        "practitioner": practitioner,
        "location": location,
        "start": start.astimezone(location.zone),
        "end": end.astimezone(location.zone),
        "minutes": settings_for(request.organization).waitlist_offer_minutes,
        "modal": wants_fragment(request),
    }
    return render(request, "appointments/waitlist_candidates.html", context)


candidates.navigation_key = "waitlist"


@require_POST
@requires(Permission.APPOINTMENTS_MANAGE)
def take_step(request: OrganizationRequest, pk: uuid.UUID, step: str) -> HttpResponse:
    """Do what was decided at the desk: the patient said yes or no, the offer or the entry is taken back."""
    if step not in STEPS:
        raise Http404
    found = find_entry(request, pk)
    return STEPS[step](request, found)


def _accept(request: OrganizationRequest, entry: WaitlistEntry) -> HttpResponse:
    visit = services.accept_offer(offer=_latest(entry), by="staff", actor=request.actor)
    when = date_format(visit.start.astimezone(visit.location.zone), "D j M, H:i")
    return done(request, _("%(name)s booked for %(when)s") % {"name": entry.patient, "when": when})


def _decline(request: OrganizationRequest, entry: WaitlistEntry) -> HttpResponse:
    services.decline_offer(offer=_latest(entry), by="staff", actor=request.actor)
    return done(request, _("%(name)s goes on waiting; the time goes to the next") % {"name": entry.patient})


def _withdraw(request: OrganizationRequest, entry: WaitlistEntry) -> HttpResponse:
    services.withdraw_offer(offer=_latest(entry), actor=request.actor)
    return done(request, _("Offer to %(name)s withdrawn") % {"name": entry.patient})


def _remove(request: OrganizationRequest, entry: WaitlistEntry) -> HttpResponse:
    services.remove_from_waitlist(entry=entry, actor=request.actor)
    undo = reverse("appointments:waitlist-step", args=[entry.pk, "restore"])
    return done(request, _("%(name)s taken off the waitlist") % {"name": entry.patient}, undo_url=undo)


def _restore(request: OrganizationRequest, entry: WaitlistEntry) -> HttpResponse:
    services.restore_to_waitlist(entry=entry, actor=request.actor)
    return done(request, _("%(name)s is back on the waitlist") % {"name": entry.patient})


STEPS: dict[str, Callable[[OrganizationRequest, WaitlistEntry], HttpResponse]] = {
    "accept": _accept,
    "decline": _decline,
    "withdraw": _withdraw,
    "remove": _remove,
    "restore": _restore,
}


def _latest(entry: WaitlistEntry) -> WaitlistOffer:
    rows = WaitlistOffer.objects.filter(entry=entry).select_related("organization").order_by("-created_at")
    found: WaitlistOffer | None = rows.first()
    if found is None:
        raise Conflict(_("There is no offer to answer. Offer a time first."), code="no_offer")
    return found


def _times(
    request: OrganizationRequest,
    entry: WaitlistEntry,
    *,
    refusal: Conflict | None = None,
    missing: bool = False,
    status: int = 200,
) -> HttpResponse:
    days = [
        {"label": date_format(date, "l j F"), "slots": [_line(slot) for slot in slots]}
        for date, slots in groupby(_fitting(entry), key=lambda slot: slot.local_start.date())
    ]
    context: dict[str, Any] = {
        "entry": entry,
        "days": days,
        "refusal": refusal,
        "conflicts": refusal.conflicts if isinstance(refusal, SlotUnavailable) else [],
        "missing": missing,
        "minutes": settings_for(request.organization).waitlist_offer_minutes,
        "modal": wants_fragment(request),
    }
    return render(request, "appointments/waitlist_offer.html", context, status=status)


def _fitting(entry: WaitlistEntry) -> list[Slot]:
    """Return the free times within the entry's window, with whom and where it asks for; one query."""
    organization = entry.organization
    first = max(entry.earliest_date, organization.today())
    soonest = timezone.now() + dt.timedelta(
        minutes=entry.appointment_type.minimum_notice_minutes + settings_for(organization).waitlist_offer_minutes + 1
    )
    slots = find_slots(
        organization=organization,
        appointment_type=entry.appointment_type,
        start=day_bounds(organization.zone, first - dt.timedelta(days=1))[0],
        end=day_bounds(organization.zone, entry.latest_date + dt.timedelta(days=1))[1],
        practitioners=[entry.practitioner] if entry.practitioner else None,
        location=entry.location,
        not_before=soonest,
        limit=MOST_SEARCHED,
    )
    moved = entry.moves if entry.moves is not None and entry.moves.is_open else None
    fitting = (slot for slot in slots if fits(entry, slot.local_start) and (not moved or slot.start < moved.start))
    return list(fitting)[:LISTED]


def _line(slot: Slot) -> dict[str, str]:
    return {
        "value": f"{slot.practitioner_id}|{slot.location_id}|{slot.start.isoformat()}",
        "time": f"{slot.local_start:%H:%M}",
        "who": slot.practitioner_name,
        "where": slot.location_name,
    }


def _slot(request: OrganizationRequest) -> tuple[Practitioner, Location, dt.datetime] | None:
    """Return with whom, where and when from the chosen time; None when nothing (readable) was chosen."""
    parts = request.POST.get("slot", "").split("|")
    if len(parts) != 3 or _moment(parts[2]) is None:
        return None
    people = Practitioner.objects.for_organization(request.organization)
    places = Location.objects.for_organization(request.organization)
    start = _moment(parts[2])
    assert start is not None  # noqa: S101 - checked above
    return (
        get_object_or_404(people, pk=as_uuid(parts[0])),
        get_object_or_404(places, pk=as_uuid(parts[1])),
        start,
    )


def _moment(text: str) -> dt.datetime | None:
    moment = read_moment(text)
    return moment.astimezone(dt.UTC) if moment is not None else None
