"""What follows a missed visit: a message, if the clinic writes one.

After so many of them a patient books through the clinic only, until somebody lifts it.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.appointments.house_rules import settings_for
from apps.appointments.models import Appointment, OnlineBookingBlock, Status
from apps.appointments.services.called_off import CONTEXT_TYPE
from apps.appointments.services.changes import lock
from apps.communications.models import Category, Channel, Communication
from apps.core.actors import Actor, ActorKind
from apps.core.errors import Conflict
from apps.events.services import emit
from apps.notifications.services import send_template
from apps.organizations.permissions import Permission
from apps.patients.models import Patient

COUNTED = dt.timedelta(days=365)
MISSED_TEMPLATE = "no-show"


@transaction.atomic
def write_about_no_show(*, appointment: Appointment, actor: Actor) -> Communication | None:
    """Plan the message to who missed the visit, if the clinic writes one; return its row.

    It is due when the marking can't be undone any more, so that a slip reaches nobody; an undo cancels it, and what is
    planned is looked at again when it is due (`messages.still_hold`). Once per marking, however often it is called.
    Locks the appointment's row.
    """
    locked = lock(appointment.pk)
    if locked.status != Status.NO_SHOW or locked.patient_id is None or locked.undo_until is None:
        return None
    if not settings_for(locked.organization).no_show_message:
        return None
    return send_template(
        organization=locked.organization,
        template_key=MISSED_TEMPLATE,
        category=Category.FOLLOW_UP,
        context_type=CONTEXT_TYPE,
        subject_id=locked.pk,
        channels=(Channel.WHATSAPP, Channel.SMS, Channel.EMAIL),
        dedupe_suffix=f"{MISSED_TEMPLATE}:{int(locked.undo_until.timestamp())}",
        due_at=locked.undo_until,
        actor=actor,
    )


@transaction.atomic
def follow_up_no_shows(*, patient: Patient, actor: Actor) -> OnlineBookingBlock | None:
    """Block or unblock booking alone by what the organization decided and the last year's missed visits.

    Idempotent, and right whatever order events come in: it counts anew. A block that a person made, or lifted after the
    last missed visit, is left as it is. Locks the patient. Returns the open block, if there is one.
    """
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    limit = settings_for(patient.organization).no_shows_block_online
    missed = Appointment.objects.filter(patient=patient, status=Status.NO_SHOW, start__gt=timezone.now() - COUNTED)
    count = missed.count()
    blocks = OnlineBookingBlock.objects.filter(patient=patient)
    block: OnlineBookingBlock | None = blocks.filter(lifted_at__isnull=True).first()
    if limit is None or count < limit:
        if block is not None and block.reason.startswith(_automatic_prefix()):
            _lift(block, actor)
            return None
        return block
    if block is not None:
        return block
    latest = missed.order_by("-status_changed_at").values_list("status_changed_at", flat=True).first()
    if blocks.filter(lifted_at__gte=latest, lifted_by__isnull=False).exists():
        return None
    reason = ngettext("%(prefix)s %(n)d missed visit in a year", "%(prefix)s %(n)d missed visits in a year", count)
    block = OnlineBookingBlock.objects.create(
        organization_id=patient.organization_id,
        patient=patient,
        reason=reason % {"prefix": _automatic_prefix(), "n": count},
    )
    emit(
        "patient.online_booking_blocked", subject=patient, actor=actor, patient_id=patient.pk, payload={"missed": count}
    )
    return block


@transaction.atomic
def block_online_booking(*, patient: Patient, reason: str, actor: Actor) -> OnlineBookingBlock:
    """Let a patient book through the clinic only; raises Conflict when that is so already."""
    actor.require(Permission.APPOINTMENTS_OVERRIDE)
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    if OnlineBookingBlock.objects.filter(patient=patient, lifted_at__isnull=True).exists():
        raise Conflict(_("This patient can’t book alone already."), code="blocked")
    block = OnlineBookingBlock.objects.create(
        organization_id=patient.organization_id, patient=patient, reason=reason.strip()[:200] or _("By the clinic")
    )
    emit("patient.online_booking_blocked", subject=patient, actor=actor, patient_id=patient.pk)
    return block


@transaction.atomic
def lift_online_booking_block(*, patient: Patient, actor: Actor) -> None:
    """Let a patient book alone again; a second call changes nothing."""
    actor.require(Permission.APPOINTMENTS_MANAGE)
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    for block in OnlineBookingBlock.objects.filter(patient=patient, lifted_at__isnull=True):
        _lift(block, actor)


def _lift(block: OnlineBookingBlock, actor: Actor) -> None:
    block.lifted_at = timezone.now()
    block.lifted_by_id = actor.id if actor.kind == ActorKind.USER else None
    block.save(update_fields=["lifted_at", "lifted_by", "updated_at"])
    emit("patient.online_booking_unblocked", subject=block.patient, actor=actor, patient_id=block.patient_id)


def _automatic_prefix() -> str:
    return "Automatic:"
