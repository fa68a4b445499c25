"""A reminder now, because somebody at the desk asks for it."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.models import Appointment
from apps.appointments.services.called_off import CONTEXT_TYPE
from apps.appointments.services.changes import lock
from apps.appointments.transitions import Step, not_possible, require_step
from apps.communications.models import OPEN_STATUSES as STILL_PLANNED
from apps.communications.models import Category, Channel, Communication
from apps.communications.models import Status as Sending
from apps.core.actors import Actor
from apps.core.errors import Conflict
from apps.notifications.services import send_template
from apps.organizations.permissions import Permission

TEMPLATE = "appointment-reminder"
NOT_AGAIN_WITHIN = dt.timedelta(hours=1)
_MARK = "now"


@transaction.atomic
def remind_now(*, appointment: Appointment, actor: Actor) -> Communication:
    """Send a reminder of a booked visit that lies ahead; return the message's row. Locks the appointment's row.

    Reminders that rules planned stay planned. Raises InvalidTransition for a visit that has begun or is called off,
    Conflict when one went out within the hour, or when the patient can't be reached, with the reason.
    """
    actor.require(Permission.COMMUNICATIONS_MANAGE)
    locked = lock(appointment.pk)
    require_step(locked, Step.CONFIRM)
    now = timezone.now()
    if locked.start <= now:
        raise not_possible(locked, _("It has begun: a reminder comes too late. Call the patient."))
    reminders = (
        Communication.objects.for_organization(locked.organization)
        .about(CONTEXT_TYPE, locked.pk)
        .filter(category=Category.REMINDER, context_version=locked.version)
    )
    recent = Q(sent_at__gt=now - NOT_AGAIN_WITHIN) | Q(status__in=[Sending.QUEUED, Sending.SENDING, Sending.AMBIGUOUS])
    asked = Q(status__in=STILL_PLANNED, dedupe_key__contains=f":{_MARK}:")
    if reminders.filter(recent | asked).exists():
        raise Conflict(_("A reminder went out within the last hour, or is on its way."), code="reminded")
    planned = send_template(
        organization=locked.organization,
        template_key=TEMPLATE,
        category=Category.REMINDER,
        context_type=CONTEXT_TYPE,
        subject_id=locked.pk,
        channels=(Channel.WHATSAPP, Channel.SMS, Channel.EMAIL),
        dedupe_suffix=f"{_MARK}:{int(now.timestamp())}",
        actor=actor,
    )
    if not planned.is_open:
        raise Conflict(planned.reason or _("This patient can’t be reached."), code="unreachable")
    return planned
