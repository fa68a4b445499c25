"""What follows a missed visit: after so many, a patient books through the clinic only, until somebody lifts it."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.appointments.house_rules import settings_for
from apps.appointments.models import Appointment, OnlineBookingBlock, Status
from apps.core.actors import Actor, ActorKind
from apps.core.errors import Conflict
from apps.events.services import emit
from apps.organizations.permissions import Permission
from apps.patients.models import Patient

COUNTED = dt.timedelta(days=365)


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
