"""What patients may do with a visit themselves, by its link: until when, and what tells them why not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from apps.appointments.house_rules import settings_for
from apps.appointments.models import UNDO_WINDOW, Appointment, OnlineBookingBlock, Status
from apps.appointments.services.changes import lock
from apps.appointments.services.placing import emit_change
from apps.core.actors import Actor, ActorKind
from apps.events.models import Event
from apps.organizations.permissions import Permission

UNDOABLE = ("appointment.cancelled", "appointment.rescheduled")


@dataclass(frozen=True, slots=True)
class SelfService:
    """Which steps a patient may take now; `until` and `undo_until` (UTC) are when they end."""

    confirm: bool
    cancel: bool
    move: bool
    until: dt.datetime
    undo_until: dt.datetime | None


def self_service(appointment: Appointment) -> SelfService:
    """Tell what the patient may do now. Three queries; reads the appointment's type and organization.

    Moving needs a type that patients may book themselves, and a patient who may book alone. Only what the patient did
    last, within ten minutes, may be undone: never what the clinic did.
    """
    now = timezone.now()
    notice = dt.timedelta(hours=settings_for(appointment.organization).self_service_notice_hours)
    is_open = appointment.status == Status.BOOKED
    in_time = is_open and now < appointment.start - notice
    kind = appointment.appointment_type
    blocked = OnlineBookingBlock.objects.filter(patient_id=appointment.patient_id, lifted_at__isnull=True)
    return SelfService(
        confirm=is_open and not appointment.is_confirmed and now < appointment.start,
        cancel=in_time,
        move=in_time and kind.online_bookable and kind.is_active and not blocked.exists(),
        until=appointment.start - notice,
        undo_until=_undo_until(appointment, now),
    )


def _undo_until(appointment: Appointment, now: dt.datetime) -> dt.datetime | None:
    """Return until when the patient may take back the last change; None when it was somebody else's, or long ago."""
    changes = Event.objects.for_organization(appointment.organization).filter(  # type: ignore[attr-defined]
        subject_id=appointment.pk, type__in=UNDOABLE
    )
    last: Event | None = changes.order_by("-id").first()
    if last is None or last.actor_kind != ActorKind.PATIENT or last.payload.get("undone"):
        return None
    is_latest = last.payload.get("version") == appointment.version
    until = last.occurred_at + UNDO_WINDOW
    return until if is_latest and now < until and now < appointment.start else None


@transaction.atomic
def renew_link(*, appointment: Appointment, actor: Actor) -> Appointment:
    """Make every link to the appointment that was sent so far worthless; messages from now on carry a new one."""
    actor.require(Permission.APPOINTMENTS_MANAGE)
    locked = lock(appointment.pk)
    locked.link_version += 1
    locked.save(update_fields=["link_version", "updated_at"])
    emit_change("link_renewed", locked, actor=actor)
    return locked
