"""What a person does about one message of a visit's ledger: send it again, or not at all."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.appointments.models import Appointment
from apps.communications.models import Communication
from apps.communications.services import cancel_communication, resend_communication
from apps.core.htmx import toast, trigger
from apps.organizations.access import requires
from apps.organizations.permissions import Permission


def _message(request: HttpRequest, pk: uuid.UUID, communication: uuid.UUID) -> Communication:
    rows = Communication.objects.for_organization(request.organization)  # type: ignore[attr-defined]
    found: Communication = get_object_or_404(rows.about(Appointment._meta.label, pk), pk=communication)
    return found


def _done(text: str) -> HttpResponse:
    return trigger(toast(HttpResponse(status=204), text), live__communications=True)


@require_POST
@requires(Permission.COMMUNICATIONS_MANAGE)
def send_again(request: HttpRequest, pk: uuid.UUID, communication: uuid.UUID) -> HttpResponse:
    """Plan a message that did not arrive anew; whether it still fits the visit is asked when it goes out."""
    row = _message(request, pk, communication)
    resend_communication(communication=row, actor=request.actor)  # type: ignore[attr-defined]
    return _done(_("%(what)s planned again, it goes out now") % {"what": row.get_category_display()})


@require_POST
@requires(Permission.COMMUNICATIONS_MANAGE)
def do_not_send(request: HttpRequest, pk: uuid.UUID, communication: uuid.UUID) -> HttpResponse:
    """Take a planned message back; the ledger names who did."""
    row = _message(request, pk, communication)
    reason = _("Cancelled by %(person)s.") % {"person": request.user}
    cancel_communication(communication=row, reason=reason, actor=request.actor)  # type: ignore[attr-defined]
    return _done(_("%(what)s cancelled") % {"what": row.get_category_display()})
