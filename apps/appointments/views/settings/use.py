"""Taking a person, a place, a room or a type out of use, and back into it: nothing is deleted."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.appointments.models import Appointment, AppointmentType, Status
from apps.appointments.outside import Span, affected_by
from apps.appointments.services import update_appointment_type
from apps.appointments.views.settings.common import Question, change_or_ask, note_access, saved
from apps.core.htmx import wants_fragment
from apps.core.navigation import in_settings
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from apps.practitioners.models import Practitioner, Room
from apps.practitioners.services import update_location, update_practitioner, update_room


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that can be out of use: its table, what its service and the span call it, where its list is."""

    model: type[Practitioner | Location | Room | AppointmentType]
    update: Callable[..., Any]
    name: str
    list_url: str
    in_span: bool = True


KINDS: Mapping[str, Kind] = {
    "practitioners": Kind(Practitioner, update_practitioner, "practitioner", "appointments:settings-practitioners"),
    "locations": Kind(Location, update_location, "location", "appointments:settings-locations"),
    "rooms": Kind(Room, update_room, "room", "appointments:settings-rooms"),
    "types": Kind(AppointmentType, update_appointment_type, "appointment_type", "appointments:settings-types", False),
}


@require_http_methods(["GET", "POST"])
@in_settings("overview")
@requires(Permission.PRACTITIONERS_MANAGE)
def use(request: OrganizationRequest, kind: str, pk: uuid.UUID) -> HttpResponse:
    """Ask first, with the booked visits that this affects; then take it out of use or back into it."""
    what = KINDS.get(kind)
    if what is None:
        raise Http404
    row = get_object_or_404(what.model.objects.for_organization(request.organization), pk=pk)
    in_use = request.POST.get("in_use") == "yes" if request.method == "POST" else not row.is_active

    def turn() -> Any:
        return what.update(**{what.name: row}, changes={"is_active": in_use}, actor=request.actor)

    span = Span(request.organization, **({what.name: row} if what.in_span else {}))
    if request.method == "POST":
        done = change_or_ask(request, turn, span=span)
        if not isinstance(done, Question):
            text = _("%(name)s is in use again") if in_use else _("%(name)s is out of use")
            return saved(request, done, text % {"name": row}, back=reverse(what.list_url))
        question: Question | None = done
    else:
        affected = [] if in_use or not what.in_span else affected_by(turn, span=span)
        note_access(request, affected)
        question = Question(affected) if affected else None
    context = {
        "row": row,
        "kind": kind,
        "in_use": in_use,
        "question": question,
        "booked": _booked(request, row) if kind == "types" else 0,
        "back": reverse(what.list_url),
        "modal": wants_fragment(request),
    }
    return render(request, "settings/use.html", context, status=422 if request.method == "POST" else 200)


def _booked(request: OrganizationRequest, kind: AppointmentType) -> int:
    """Return how many visits of a type are ahead: they stay as they are."""
    visits = Appointment.objects.for_organization(request.organization).filter(appointment_type=kind)
    return int(visits.filter(status=Status.BOOKED, start__gt=timezone.now()).count())
