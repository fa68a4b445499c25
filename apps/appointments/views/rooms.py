"""The room of a visit: the menu of what is free, one click to change it, undo."""

from __future__ import annotations

import uuid
from contextlib import suppress
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.appointments.models import Appointment
from apps.appointments.rooms import rooms_for
from apps.appointments.services import set_room
from apps.core.errors import InvalidInput
from apps.core.htmx import toast, trigger
from apps.organizations.access import requires
from apps.organizations.permissions import Permission
from apps.practitioners.models import Room

NONE = "none"


@require_http_methods(["GET", "POST"])
@requires(Permission.APPOINTMENTS_MANAGE)
def room(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the menu of rooms; a POST sets `room` (`none` for none), `instead_of` is the one that an undo takes back."""
    rows = Appointment.objects.for_organization(request.organization).real().for_list()  # type: ignore[attr-defined]
    appointment = get_object_or_404(rows, pk=pk)
    if request.method == "GET":
        return render(
            request, "appointments/_rooms.html", {"appointment": appointment, "rooms": rooms_for(appointment)}
        )
    wanted = _chosen(request, "room", required=True)
    instead_of = _chosen(request, "instead_of", required=False)
    before = appointment.room
    set_room(
        appointment=appointment,
        room=wanted,
        instead_of=instead_of.pk if instead_of else None,
        actor=request.actor,  # type: ignore[attr-defined]
    )
    words = {"name": appointment.patient, "room": wanted.name if wanted else ""}
    sentence = _("%(name)s is in %(room)s") if wanted else _("%(name)s has no room now")
    undo = ""
    if instead_of is None and wanted != before:
        query = {"room": before.pk if before else NONE, **({"instead_of": wanted.pk} if wanted else {})}
        undo = f"{reverse('appointments:room', args=[pk])}?{urlencode(query)}"
    return trigger(toast(HttpResponse(status=204), sentence % words, undo_url=undo), live__appointments=True)


def _chosen(request: HttpRequest, field: str, *, required: bool) -> Room | None:
    """Return the organization's room that the request names; raise InvalidInput for one that is not there."""
    text = request.POST.get(field) or request.GET.get(field, "")
    if text == NONE or (not text and not required):
        return None
    wanted: uuid.UUID | None = None
    with suppress(ValueError):
        wanted = uuid.UUID(text)
    found: Room | None = Room.objects.for_organization(request.organization).filter(pk=wanted).first()  # type: ignore[attr-defined]
    if found is None:
        message = _("There is no such room in your clinic. Choose one of the list.")
        raise InvalidInput(message, errors={field: [message]})
    return found
