"""One step for several visits at once: each succeeds or fails by itself, and what succeeded is taken back together.

The visits of one click have the same `status_changed_at`, to the microsecond. That is what their common undo goes by:
whoever got another step since has another moment, and is left alone.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.models import BUSY_STATUSES, Appointment
from apps.appointments.services.changes import cancel_appointment
from apps.appointments.services.placing import lock_for
from apps.appointments.services.reminding import remind_now
from apps.appointments.services.visits import (
    arrive_appointment,
    complete_appointment,
    mark_no_show,
    undo_status,
    wanted_again,
)
from apps.appointments.services.waitlist.ground import lock_waitlist
from apps.appointments.transitions import Step
from apps.core.actors import Actor
from apps.core.errors import ApplicationError, Conflict, InvalidInput
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission

MOST = 100
STEPS: dict[str, Callable[..., Appointment]] = {
    Step.ARRIVE: arrive_appointment,
    Step.COMPLETE: complete_appointment,
    Step.NO_SHOW: mark_no_show,
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A visit that the step was not possible for: why in words, and as a code for programs."""

    appointment: Appointment
    why: str
    code: str


@dataclass(frozen=True, slots=True)
class Together:
    """What came out, in order of time. `at` (UTC) is the moment of the change, by which it is undone."""

    done: list[Appointment]
    refused: list[Refused]
    at: dt.datetime


def step_together(
    *, organization: Organization, appointment_ids: Collection[uuid.UUID], step: str, actor: Actor
) -> Together:
    """Check in, complete or mark as missed. Locks the rows in the order of their ids. Raises InvalidInput."""
    actor.require(Permission.APPOINTMENTS_MANAGE)
    act = STEPS.get(step)
    if act is None:
        message = _("Choose a step: %(list)s.") % {"list": ", ".join(STEPS)}
        raise InvalidInput(message, errors={"step": [message]})
    return _each(organization, appointment_ids, lambda visit: act(appointment=visit, actor=actor), changes_status=True)


def cancel_together(
    *,
    organization: Organization,
    appointment_ids: Collection[uuid.UUID],
    reason: str,
    note: str = "",
    tell_patient: bool = True,
    actor: Actor,
) -> Together:
    """Cancel visits for one reason (of CancelReason); each patient is told unless without `tell_patient`."""
    actor.require(Permission.APPOINTMENTS_MANAGE)

    def cancel(visit: Appointment) -> Appointment:
        return cancel_appointment(appointment=visit, reason=reason, note=note, tell_patient=tell_patient, actor=actor)

    return _each(organization, appointment_ids, cancel, changes_status=True)


def remind_together(*, organization: Organization, appointment_ids: Collection[uuid.UUID], actor: Actor) -> Together:
    """Send a reminder now about each visit that lies ahead. There is no way back: messages leave within seconds."""
    actor.require(Permission.COMMUNICATIONS_MANAGE)
    return _each(
        organization,
        appointment_ids,
        lambda visit: remind_now(appointment=visit, actor=actor),
        changes_status=False,
    )


@transaction.atomic
def undo_together(
    *, organization: Organization, at: dt.datetime, first: dt.datetime, last: dt.datetime, actor: Actor
) -> Together:
    """Take back what was done together at this moment, to visits that start from `first` to `last` (UTC).

    Locks like a booking of all of them: the waitlist, practitioners, rooms, patients, then the rows. A visit that got
    another step since, or whose time was given away, stays as it is and is named. Raises Conflict when nothing is left.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    changed = Appointment.objects.for_organization(organization).filter(
        start__gte=first, start__lte=last, status_changed_at=at
    )
    visits = list(changed.exclude(previous_status="").for_list().select_related("organization").order_by("start", "pk"))
    again = [wanted_again(visit) for visit in visits if visit.status not in BUSY_STATUSES]
    if again:
        lock_waitlist(organization)
        lock_for(*again)
    return _each(
        organization,
        [visit.pk for visit in visits],
        lambda visit: undo_status(appointment=visit, changed_at=at, actor=actor),
        changes_status=False,
        nothing=Conflict(_("There is nothing to undo."), code="nothing_to_undo"),
    )


@transaction.atomic
def _each(
    organization: Organization,
    ids: Collection[uuid.UUID],
    act: Callable[[Appointment], object],
    *,
    changes_status: bool,
    nothing: ApplicationError | None = None,
) -> Together:
    """Lock the rows in the order of their ids, then take each step in a savepoint of its own, in order of time."""
    visits = _locked(organization, ids)
    if not visits:
        message = _("Choose at least one visit.")
        raise nothing or InvalidInput(message, errors={"visit": [message]})
    if len(visits) > MOST:
        message = _("Choose at most %(n)d visits at once.") % {"n": MOST}
        raise InvalidInput(message, errors={"visit": [message]})
    moment = timezone.now()
    done: list[Appointment] = []
    refused: list[Refused] = []
    for visit in visits:
        try:
            with transaction.atomic():
                act(visit)
        except ApplicationError as refusal:
            refused.append(Refused(visit, refusal.message, refusal.code))
        else:
            done.append(visit)
    if changes_status:
        Appointment.objects.filter(pk__in=[visit.pk for visit in done]).update(status_changed_at=moment)
    return Together(done, refused, moment)


def _locked(organization: Organization, ids: Iterable[uuid.UUID]) -> list[Appointment]:
    rows = Appointment.objects.for_organization(organization).real().filter(pk__in=list(ids)[: MOST + 1])
    held = list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    return list(Appointment.objects.filter(pk__in=held).for_list().order_by("start", "pk"))
