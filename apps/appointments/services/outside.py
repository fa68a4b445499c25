"""Changing the clinic's plan under booked visits, and what can be done about a visit that then lies outside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.appointments.models import Appointment
from apps.appointments.outside import OutsideVisit, Span, newly_outside
from apps.appointments.services.called_off import CONTEXT_TYPE
from apps.appointments.services.changes import lock, reschedule_appointment
from apps.appointments.services.placing import emit_change
from apps.appointments.transitions import Step, require_step
from apps.communications.models import Category, Channel, Communication
from apps.core.actors import Actor
from apps.core.errors import InvalidInput
from apps.core.ids import uuid7
from apps.notifications.services import notify_staff, send_template
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from apps.practitioners.models import Practitioner, Room

CHOOSE_ANOTHER_TIME = "appointment-choose-time"
MAX_OVERRIDE_REASON = 300
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class PlanChange(Generic[Answer]):
    """What a change of the plan answered, and the visits that it put outside."""

    answer: Answer
    affected: list[OutsideVisit]


@transaction.atomic
def change_plan(
    change: Callable[[], Answer], *, span: Span, tell_patients: bool = False, actor: Actor
) -> PlanChange[Answer]:
    """Change hours, absences, closures or what is in use; nothing that is booked disappears.

    `change` calls the services that do it. Visits of the span that lie outside afterwards stay booked and listed
    (`outside`); whoever manages appointments gets a notice, and with `tell_patients` their patients are asked to choose
    another time. A visit booked while this runs is among them, if the change locks what bookings lock.
    """
    answer, affected = newly_outside(change, span=span)
    if affected:
        _notify(span, len(affected))
    if tell_patients:
        for visit in affected:
            ask_for_another_time(appointment=visit.appointment, actor=actor)
    return PlanChange(answer, affected)


def _notify(span: Span, number: int) -> None:
    text = ngettext(
        "%(n)d booked visit no longer fits the plan. Move it, or tell the patient.",
        "%(n)d booked visits no longer fit the plan. Move them, or tell the patients.",
        number,
    ) % {"n": number}
    url = reverse("appointments:outside") + (f"?practitioner={span.practitioner.pk}" if span.practitioner else "")
    notify_staff(
        organization=span.organization,
        kind="visits_outside",
        text=text,
        dedupe_key=f"visits_outside:{uuid7()}",
        url=url,
        permission=Permission.APPOINTMENTS_MANAGE,
    )


@transaction.atomic
def ask_for_another_time(*, appointment: Appointment, actor: Actor) -> Communication:
    """Tell the patient that the visit can't take place as booked and ask for another time; return the message's row.

    The visit stays booked until the patient answers. Asking again about the same time sends nothing more. A patient
    who can't be reached has a row that says why. Raises InvalidTransition for a visit that has begun or is called off.
    """
    actor.require(Permission.COMMUNICATIONS_MANAGE)
    locked = lock(appointment.pk)
    require_step(locked, Step.RESCHEDULE)
    return send_template(
        organization=locked.organization,
        template_key=CHOOSE_ANOTHER_TIME,
        category=Category.NOTICE,
        context_type=CONTEXT_TYPE,
        subject_id=locked.pk,
        channels=(Channel.WHATSAPP, Channel.SMS, Channel.EMAIL),
        dedupe_suffix=CHOOSE_ANOTHER_TIME,
        actor=actor,
    )


@transaction.atomic
def keep_appointment(*, appointment: Appointment, reason: str, actor: Actor) -> Appointment:
    """Keep a visit that lies outside, on purpose: the reason stays with it. Locks the row; the version stays.

    Raises NotAllowed without `appointments.override`, InvalidInput without a reason, InvalidTransition for a visit
    that has begun or is called off.
    """
    actor.require(Permission.APPOINTMENTS_OVERRIDE)
    reason = reason.strip()
    if not reason or len(reason) > MAX_OVERRIDE_REASON:
        message = _("Say in at most %(number)d characters why the visit stays.") % {"number": MAX_OVERRIDE_REASON}
        raise InvalidInput(message, errors={"reason": [message]})
    locked = lock(appointment.pk)
    require_step(locked, Step.RESCHEDULE)
    if locked.override_reason != reason:
        locked.override_reason = reason
        locked.save(update_fields=["override_reason", "updated_at"])
        emit_change("kept", locked, actor=actor)
    return locked


@transaction.atomic
def put_back(
    *,
    appointment: Appointment,
    start: dt.datetime,
    practitioner: Practitioner,
    location: Location,
    room: Room | None = None,
    version: int | None = None,
    actor: Actor,
) -> Appointment:
    """Undo a move of a visit that lay outside: back to where the plan does not cover it, and on the list again.

    Needs `appointments.override`; unlike an override it leaves no reason, because nobody decided to keep the visit
    there. Raises as `reschedule_appointment` does: when the old time is taken by now, the visit stays where it is.
    """
    moved = reschedule_appointment(
        appointment=appointment,
        start=start,
        practitioner=practitioner,
        location=location,
        room=room,
        override_reason=_("Undone"),
        version=version,
        actor=actor,
    )
    if moved.override_reason:
        moved.override_reason = ""
        moved.save(update_fields=["override_reason", "updated_at"])
    return moved
