"""One click on an appointment's next step, from whichever page shows it, with undo."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.appointments import services
from apps.appointments.models import Appointment, Status
from apps.core.htmx import toast, trigger
from apps.organizations.access import requires
from apps.organizations.permissions import Permission

STEPS: dict[str, Callable[..., Appointment]] = {
    "arrive": services.arrive_appointment,
    "start": services.start_appointment,
    "complete": services.complete_appointment,
    "no-show": services.mark_no_show,
    "undo": services.undo_status,
}


def _sentence(step: str, appointment: Appointment) -> str:
    local = timezone.now().astimezone(appointment.location.zone)
    sentences = {
        "arrive": _("%(name)s checked in at %(time)s"),
        "start": _("%(name)s went in at %(time)s"),
        "complete": _("Visit of %(name)s completed at %(time)s"),
        "no-show": _("%(name)s marked as no-show"),
        "undo": {
            Status.ARRIVED: _("Undone: %(name)s is waiting again"),
            Status.IN_PROGRESS: _("Undone: %(name)s is in the room again"),
        }.get(Status(appointment.status), _("Undone: %(name)s is expected again")),
    }
    return sentences[step] % {"name": appointment.patient, "time": f"{local:%H:%M}"}


@require_POST
@requires(Permission.APPOINTMENTS_MANAGE)
def take_step(request: HttpRequest, pk: uuid.UUID, step: str) -> HttpResponse:
    """Do the step; answer nothing but a toast with undo, and tell the page's regions to refresh."""
    if step not in STEPS:
        raise Http404
    rows = Appointment.objects.for_organization(request.organization).real().select_related("patient", "location")  # type: ignore[attr-defined]
    appointment = get_object_or_404(rows, pk=pk)
    appointment = STEPS[step](appointment=appointment, actor=request.actor)  # type: ignore[attr-defined]
    undo = "" if step == "undo" else reverse("appointments:step", args=[pk, "undo"])
    response = toast(HttpResponse(status=204), _sentence(step, appointment), undo_url=undo)
    return trigger(response, live__appointments=True)
