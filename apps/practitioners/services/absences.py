"""Writes on time off and closures."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.constraints import violated_constraint
from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.core.saving import clean
from apps.events.services import emit
from apps.organizations.models import Location, Organization
from apps.organizations.permissions import Permission
from apps.practitioners.models import Closure, Practitioner, TimeOff

LONGEST_ABSENCE = dt.timedelta(days=2 * 366)


@transaction.atomic
def add_time_off(
    *, practitioner: Practitioner, start: dt.datetime, end: dt.datetime, reason: str = "", actor: Actor
) -> TimeOff:
    """Note an absence, half-open, UTC; no slot is offered inside. Booked appointments stay: somebody must move them.

    Locks the practitioner: a booking that runs at the same time sees the absence, or is seen by whoever looks for
    affected visits afterwards. Raises InvalidInput for an impossible period, Conflict when it overlaps another absence
    of the same person.
    """
    actor.require(Permission.PRACTITIONERS_MANAGE)
    time_off = TimeOff(
        organization_id=practitioner.organization_id,
        practitioner=practitioner,
        period=_period(start, end),
        reason=reason.strip(),
    )
    _save_time_off(time_off)
    emit("practitioner.time_off_added", subject=practitioner, actor=actor, payload=_period_payload(time_off))
    return time_off


@transaction.atomic
def update_time_off(
    *, time_off: TimeOff, start: dt.datetime, end: dt.datetime, reason: str | None = None, actor: Actor
) -> TimeOff:
    """Move, lengthen or shorten an absence; None keeps its reason. Raises and locks as `add_time_off` does."""
    actor.require(Permission.PRACTITIONERS_MANAGE)
    locked: TimeOff = TimeOff.objects.select_for_update(of=("self",)).select_related("practitioner").get(pk=time_off.pk)
    before = (locked.period.lower, locked.period.upper, locked.reason)
    locked.period = _period(start, end)
    locked.reason = locked.reason if reason is None else reason.strip()
    if before != (start, end, locked.reason):
        _save_time_off(locked)
        emit("practitioner.time_off_changed", subject=locked.practitioner, actor=actor, payload=_period_payload(locked))
    return locked


def _save_time_off(time_off: TimeOff) -> None:
    Practitioner.objects.select_for_update(no_key=True).get(pk=time_off.practitioner_id)
    clean(time_off, exclude=("period",))
    try:
        with transaction.atomic():
            time_off.save()
    except IntegrityError as error:
        if violated_constraint(error) != "time_off_does_not_overlap_itself":
            raise
        raise Conflict(
            _("%(name)s is already away during part of that time. Remove or shorten the other absence first.")
            % {"name": time_off.practitioner.display_name},
            code="time_off_overlaps",
        ) from error


@transaction.atomic
def remove_time_off(*, time_off: TimeOff, actor: Actor) -> None:
    """Forget an absence; its time can be booked again at once."""
    actor.require(Permission.PRACTITIONERS_MANAGE)
    emit("practitioner.time_off_removed", subject=time_off.practitioner, actor=actor, payload=_period_payload(time_off))
    time_off.delete()


@transaction.atomic
def add_closure(
    *,
    organization: Organization,
    start: dt.datetime,
    end: dt.datetime,
    reason: str,
    location: Location | None = None,
    actor: Actor,
) -> Closure:
    """Close a location, or without one the whole clinic, for a half-open period (UTC). Booked appointments stay."""
    actor.require(Permission.PRACTITIONERS_MANAGE)
    if location is not None and location.organization_id != organization.pk:
        raise NotFound(_("There is no such object in your organization."))
    closure = Closure(organization=organization, location=location, period=_period(start, end), reason=reason.strip())
    clean(closure, exclude=("period",))
    closure.save(force_insert=True)
    emit("closure.added", subject=closure, actor=actor, payload=_period_payload(closure))
    return closure


@transaction.atomic
def update_closure(
    *,
    closure: Closure,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
    reason: str | None = None,
    is_active: bool | None = None,
    actor: Actor,
) -> Closure:
    """Change a closure; None keeps a part. An inactive one closes nothing: on that holiday the clinic works.

    When a public holiday is, the calendar says: only whether the clinic works on it can be changed. Raises
    InvalidInput, Conflict. Locks the row.
    """
    actor.require(Permission.PRACTITIONERS_MANAGE)
    locked: Closure = Closure.objects.select_for_update(of=("self",)).get(pk=closure.pk)
    before = (locked.period.lower, locked.period.upper, locked.reason, locked.is_active)
    wanted = (
        start or locked.period.lower,
        end or locked.period.upper,
        locked.reason if reason is None else reason.strip(),
        locked.is_active if is_active is None else is_active,
    )
    if before == wanted:
        return locked
    if locked.holiday_on is not None and before[:3] != wanted[:3]:
        raise Conflict(
            _("A public holiday keeps its day and name. Say that the clinic works on it, or add another closure."),
            code="holiday",
        )
    locked.period, locked.reason, locked.is_active = _period(*wanted[:2]), wanted[2], wanted[3]
    clean(locked, exclude=("period",))
    locked.save()
    changes = {"is_active": [before[3], wanted[3]]} if before[3] != wanted[3] else None
    emit("closure.changed", subject=locked, actor=actor, changes=changes, payload=_period_payload(locked))
    return locked


@transaction.atomic
def remove_closure(*, closure: Closure, actor: Actor) -> None:
    """Forget a closure; its time can be booked again at once. A public holiday would come back: it is refused."""
    actor.require(Permission.PRACTITIONERS_MANAGE)
    if closure.holiday_on is not None:
        raise Conflict(
            _("A public holiday would come back by itself. Say that the clinic works on it instead."), code="holiday"
        )
    emit("closure.removed", subject=closure, actor=actor, payload=_period_payload(closure))
    closure.delete()


def _period(start: dt.datetime, end: dt.datetime) -> DateTimeTZRange:
    if start >= end:
        raise InvalidInput(_("The end must lie after the start."), errors={"end": [_("Choose a later time.")]})
    if end - start > LONGEST_ABSENCE:
        raise InvalidInput(
            _("That is more than two years. Check the dates."), errors={"end": [_("Choose an earlier date.")]}
        )
    return DateTimeTZRange(start, end)


def _period_payload(row: TimeOff | Closure) -> dict[str, Any]:
    payload = {"id": str(row.pk), "start": row.period.lower.isoformat(), "end": row.period.upper.isoformat()}
    if isinstance(row, Closure):
        payload["location_id"] = str(row.location_id) if row.location_id else ""
    return payload
