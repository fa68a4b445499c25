"""Changing a series from one visit on, or all of it: moved together, or cancelled together.

Past visits, and those that were cancelled, stay what they are. A visit that was moved on its own stays where it is,
unless it is the one that the change starts from.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.conflicts import Wanted, examine
from apps.appointments.errors import SeriesUnavailable, SlotUnavailable
from apps.appointments.models import Appointment, AppointmentSeries, Status
from apps.appointments.recurrence import Rule, occurrences, parse_rule, shifted
from apps.appointments.services.changes import cancel_appointment, load, reschedule_appointment
from apps.appointments.services.placing import alternatives_to, lock_for
from apps.appointments.services.series import Occurrence, emit_series
from apps.appointments.services.visits import undo_status, wanted_again
from apps.appointments.services.waitlist.ground import lock_waitlist
from apps.core.actors import Actor
from apps.core.errors import Conflict, InvalidInput, NotFound, StaleVersion
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from apps.practitioners.hours import first_instant
from apps.practitioners.models import Practitioner, Room


@dataclass(frozen=True, slots=True)
class Move:
    """One visit and where it would go; `recurrence_id` (UTC) is what the new rule calls it."""

    visit: Appointment
    recurrence_id: dt.datetime
    wanted: Wanted | None

    @property
    def stays(self) -> bool:
        """Tell whether the visit keeps its time, because it was moved on its own before."""
        return self.wanted is None


@dataclass(frozen=True, slots=True)
class Plan:
    """A change of a series, worked out but not made.

    `position` counts the occurrences before the change; `renamed` maps the starts (UTC) that the old rule gives from
    there on to those that the new one gives.
    """

    series: AppointmentSeries
    rule: Rule
    start: dt.datetime
    practitioner: Practitioner
    location: Location
    room: Room | None
    minutes: int
    position: int
    renamed: dict[dt.datetime, dt.datetime]
    moves: list[Move] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Tell whether it concerns the series from its first visit on."""
        return self.position == 0


def plan_change(
    *,
    visit: Appointment,
    start: dt.datetime,
    everything: bool = False,
    practitioner: Practitioner | None = None,
    location: Location | None = None,
    room: Room | None = None,
    duration_minutes: int | None = None,
) -> Plan:
    """Work out what moving a visit to `start` (UTC) means for it and those after it, or for all that are still open.

    The others move by as many days, to the same wall time. Two queries. Raises NotFound when the visit belongs to no
    series, Conflict when it is no longer open.
    """
    current = load(visit.pk)
    series = _series_of(current)
    zone = series.location.zone
    positions = occurrences(parse_rule(series.rule), series.start, zone)
    open_ = _open_visits(series)
    if current.pk not in {one.pk for one in open_}:
        raise Conflict(_("This visit can’t be moved any more. Choose one that is still ahead."), code="not_open")
    from_id = _name(open_[0]) if everything else _name(current)
    concerned = [one for one in open_ if _name(one) >= from_id]
    position = positions.index(from_id)
    wall = _name(current).astimezone(zone)
    place = location or series.location
    new_wall = start.astimezone(place.zone)
    days = (new_wall.date() - wall.date()).days
    first_date = from_id.astimezone(zone).date()
    first = first_instant(place.zone, first_date + dt.timedelta(days=days), new_wall.time())
    rule = shifted(
        parse_rule(series.rule), first_date, first_date + dt.timedelta(days=days), count=len(positions) - position
    )
    targets = occurrences(rule, first, place.zone)
    if rule.frequency != "MONTHLY":
        _require_same_steps(positions[position:], zone, targets, place.zone, days)
    plan = Plan(
        series=series,
        rule=rule,
        start=first,
        practitioner=practitioner or series.practitioner,
        location=place,
        room=room or (series.room if place == series.location else None),
        minutes=duration_minutes or series.duration_minutes,
        position=position,
        renamed=dict(zip(positions[position:], targets, strict=True)),
    )
    siblings = frozenset(one.pk for one in concerned)
    for one in concerned:
        target = plan.renamed[_name(one)]
        own = one.start != _name(one) and one.pk != current.pk
        plan.moves.append(Move(one, target, None if own else _wanted(plan, one, target, siblings)))
    return plan


def _require_same_steps(
    old: Sequence[dt.datetime], zone: ZoneInfo, new: Sequence[dt.datetime], new_zone: ZoneInfo, days: int
) -> None:
    """Refuse a shift over the end of the week that the rule, which skips weeks, can't follow with every visit."""
    shift = dt.timedelta(days=days)
    if [one.astimezone(zone).date() + shift for one in old] != [one.astimezone(new_zone).date() for one in new]:
        message = _("The rule can’t follow to that day. Cancel these visits and book a new series.")
        raise InvalidInput(message, errors={"start": [message]})


def _series_of(visit: Appointment) -> AppointmentSeries:
    if visit.series_id is None:
        raise NotFound(_("This visit belongs to no series."))
    found: AppointmentSeries = AppointmentSeries.objects.select_related(
        "organization", "location", "practitioner", "room", "appointment_type", "patient"
    ).get(pk=visit.series_id)
    return found


def _open_visits(series: AppointmentSeries) -> list[Appointment]:
    """Return the visits that may be moved or cancelled together: booked and ahead, in the rule's order; one query."""
    visits = Appointment.objects.for_list().select_related("organization")
    visits = visits.filter(series=series, status=Status.BOOKED, start__gt=timezone.now())
    return list(visits.order_by("recurrence_id"))


def _name(visit: Appointment) -> dt.datetime:
    """Return which occurrence of its series a visit is."""
    assert visit.recurrence_id is not None  # noqa: S101 - a constraint says so for visits of a series
    return visit.recurrence_id


def _wanted(plan: Plan, visit: Appointment, start: dt.datetime, siblings: frozenset[uuid.UUID]) -> Wanted:
    return Wanted(
        organization=visit.organization,
        appointment_type=visit.appointment_type,
        practitioner=plan.practitioner,
        location=plan.location,
        start=start,
        minutes=plan.minutes,
        patient=visit.patient,
        room=plan.room,
        preferred_room=visit.room_id,
        source=visit.source,
        ignore=visit.pk,
        beside=siblings - {visit.pk},
        in_series=True,
    )


def check_change(plan: Plan) -> list[Occurrence]:
    """Return every visit that would move, with what is against it, and free times nearby. One query per visit."""
    found = []
    for move in plan.moves:
        if move.wanted is None:
            continue
        conflicts = examine(move.wanted).conflicts
        free = alternatives_to(move.wanted) if conflicts else []
        found.append(Occurrence(_name(move.visit), move.wanted.start, conflicts, free))
    return found


@transaction.atomic
def change_series(
    *,
    visit: Appointment,
    start: dt.datetime,
    everything: bool = False,
    practitioner: Practitioner | None = None,
    location: Location | None = None,
    room: Room | None = None,
    duration_minutes: int | None = None,
    leave: Collection[uuid.UUID] = (),
    override_reason: str = "",
    tell_patient: bool = True,
    version: int | None = None,
    actor: Actor,
) -> AppointmentSeries:
    """Move a visit and those after it (or all that are open) together, or none of them; return their series.

    From the middle on, they become a series of their own that continues the old one. `leave` names visits that stay
    where they are. Locks the series, then everybody concerned. Raises SeriesUnavailable with every visit that can't
    move, StaleVersion when the visit was changed since `version`.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    AppointmentSeries.objects.select_for_update(no_key=True).get(pk=_series_of(visit).pk)
    plan = plan_change(
        visit=visit,
        start=start,
        everything=everything,
        practitioner=practitioner,
        location=location,
        room=room,
        duration_minutes=duration_minutes,
    )
    moving = [move for move in plan.moves if move.wanted is not None and move.visit.pk not in leave]
    _require_version(visit, version)
    before = {move.visit.practitioner_id for move in moving}
    if moving:
        lock_for(
            *(move.wanted for move in moving if move.wanted is not None),
            also_practitioners=before,
            also_rooms={move.visit.room_id for move in moving if move.visit.room_id is not None},
        )
    _move_all(plan, moving, override_reason, actor)
    series = plan.series if plan.is_whole else _continuation(plan)
    _describe(series, plan)
    _rename(plan, series)
    if moving:
        emit_series("changed", series, actor=actor, tell_patient=tell_patient, visits=len(moving))
    return series


def _require_version(visit: Appointment, version: int | None) -> None:
    current = load(visit.pk)
    if version is not None and version != current.version:
        raise StaleVersion(
            _("Somebody else changed this appointment meanwhile. Look at it again, then decide."),
            current=current.version,
        )


def _move_all(plan: Plan, moving: Sequence[Move], override_reason: str, actor: Actor) -> None:
    """Move each visit once no other one of them stands in its way.

    The constraints look at every single move. Both the old and the new times are in the same order, so there is always
    one that can go first; when nobody can, somebody else is in the way, and the refusals say who.
    """
    waiting, refused = list(moving), []
    while waiting:
        free = [move for move in waiting if not any(_is_in_the_way(other, move) for other in waiting)]
        for move in free or waiting:
            assert move.wanted is not None  # noqa: S101 - those that stay were left out
            try:
                reschedule_appointment(
                    appointment=move.visit,
                    start=move.wanted.start,
                    practitioner=plan.practitioner,
                    location=plan.location,
                    room=plan.room,
                    duration_minutes=plan.minutes,
                    override_reason=override_reason,
                    tell_patient=False,
                    actor=actor,
                )
            except SlotUnavailable as refusal:
                found = Occurrence(_name(move.visit), move.wanted.start, refusal.conflicts, refusal.alternatives)
                refused.append(found)
        waiting = [move for move in waiting if move not in (free or waiting)]
    if refused:
        raise SeriesUnavailable(sorted(refused, key=lambda occurrence: occurrence.start))


def _is_in_the_way(other: Move, move: Move) -> bool:
    """Tell whether the other visit, where it is now, takes time that this one needs."""
    if other is move or move.wanted is None:
        return False
    taken = other.visit.busy_period
    return taken.lower < move.wanted.busy_until and move.wanted.busy_from < taken.upper


def _continuation(plan: Plan) -> AppointmentSeries:
    """End the old series before the change, and return a new one for the rest; saved by `_describe`."""
    old = plan.series
    rule = parse_rule(old.rule)
    old.rule = str(replace(rule, count=plan.position, until=None))
    old.version += 1
    old.save(update_fields=["rule", "version", "updated_at"])
    return AppointmentSeries(
        organization=old.organization,
        patient=old.patient,
        appointment_type=old.appointment_type,
        reason=old.reason,
        continues=old,
        version=0,
    )


def _rename(plan: Plan, series: AppointmentSeries) -> None:
    """Let every visit from the change on, cancelled ones too, be the same occurrence of the changed rule.

    In two steps, because two visits can't have one name for a moment.
    """
    visits = list(Appointment.objects.filter(series=plan.series, recurrence_id__in=list(plan.renamed)))
    Appointment.objects.filter(pk__in=[visit.pk for visit in visits]).update(series=None, recurrence_id=None)
    for visit in visits:
        Appointment.objects.filter(pk=visit.pk).update(series=series, recurrence_id=plan.renamed[_name(visit)])


def _describe(series: AppointmentSeries, plan: Plan) -> None:
    series.rule, series.start = str(plan.rule), plan.start
    series.practitioner, series.location, series.room = plan.practitioner, plan.location, plan.room
    series.duration_minutes = plan.minutes
    series.version += 1
    series.save()


@transaction.atomic
def cancel_series(
    *,
    visit: Appointment,
    reason: str,
    note: str = "",
    everything: bool = False,
    tell_patient: bool = True,
    actor: Actor,
) -> list[Appointment]:
    """Cancel a visit and those after it, or all that are still ahead; return them. The patient gets one message.

    The rule stays as it is: cancelled visits are exceptions to it, and can be undone for ten minutes.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    series = _series_of(load(visit.pk))
    locked: AppointmentSeries = (
        AppointmentSeries.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization", "location")
        .get(pk=series.pk)
    )
    current = load(visit.pk)
    concerned = [one for one in _open_visits(locked) if everything or _name(one) >= _name(current)]
    if not concerned:
        raise Conflict(_("No visit of this series is still ahead."), code="not_open")
    for one in concerned:
        cancel_appointment(appointment=one, reason=reason, note=note, tell_patient=False, actor=actor)
    locked.version += 1
    if not _open_visits(locked):
        locked.cancelled_at = timezone.now()
    locked.save(update_fields=["version", "cancelled_at", "updated_at"])
    emit_series("cancelled", locked, actor=actor, tell_patient=tell_patient, visits=len(concerned))
    return concerned


@transaction.atomic
def undo_series_cancellation(*, series: AppointmentSeries, since: dt.datetime, actor: Actor) -> list[Appointment]:
    """Take back what was cancelled of a series from `since` (UTC) on, within ten minutes; all of it, or nothing.

    Raises SlotUnavailable when a time has been given away meanwhile. The patient is told as about a new booking.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    locked: AppointmentSeries = AppointmentSeries.objects.select_for_update(no_key=True).get(pk=series.pk)
    rows = Appointment.objects.filter(series=locked, status=Status.CANCELLED, cancelled_at__gte=since)
    cancelled = list(rows.for_list().select_related("organization").order_by("start"))
    if not cancelled:
        raise Conflict(_("There is nothing to undo."), code="nothing_to_undo")
    # Everybody at once, as one undo after the other would ask for a practitioner while it has offers and rows.
    lock_waitlist(locked.organization)
    lock_for(*(wanted_again(one) for one in cancelled))
    undone = [undo_status(appointment=one, tell_patient=False, actor=actor) for one in cancelled]
    locked.cancelled_at = None
    locked.version += 1
    locked.save(update_fields=["version", "cancelled_at", "updated_at"])
    emit_series("booked", locked, actor=actor, visits=len(undone))
    return undone
