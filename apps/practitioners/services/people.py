"""Every write on practitioners, rooms, weekly hours, time off and closures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.constraints import violated_constraint
from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.events.services import emit
from apps.organizations.models import Location, Membership, Organization, User
from apps.organizations.permissions import Permission
from apps.practitioners.models import Closure, Colour, Practitioner, Room, TimeOff, WeeklyHours

PRACTITIONER_FIELDS = frozenset(
    {
        "prefix",
        "given_name",
        "family_name",
        "specialty",
        "languages",
        "colour",
        "sort_order",
        "is_active",
        "user",
    }
)
ROOM_FIELDS = frozenset({"name", "is_active"})
LONGEST_ABSENCE = dt.timedelta(days=2 * 366)


@transaction.atomic
def create_practitioner(
    *,
    organization: Organization,
    given_name: str,
    family_name: str,
    prefix: str = "",
    specialty: str = "",
    languages: Sequence[str] = (),
    colour: str = Colour.K1,
    sort_order: int = 0,
    user: User | None = None,
    actor: Actor,
) -> Practitioner:
    """Add a person who sees patients; `user` links the account of the same person. Raises InvalidInput."""
    actor.require(Permission.PRACTITIONERS_MANAGE)
    _require_member(organization, user)
    practitioner = Practitioner(
        organization=organization,
        given_name=given_name.strip(),
        family_name=family_name.strip(),
        prefix=prefix.strip(),
        specialty=specialty.strip(),
        languages=list(languages),
        colour=colour,
        sort_order=sort_order,
        user=user,
    )
    _save(practitioner)
    emit("practitioner.created", subject=practitioner, actor=actor)
    return practitioner


@transaction.atomic
def update_practitioner(*, practitioner: Practitioner, changes: Mapping[str, Any], actor: Actor) -> Practitioner:
    """Save the changed fields; a person who leaves is made inactive, because their appointments stay."""
    actor.require(Permission.PRACTITIONERS_MANAGE)
    locked: Practitioner = (
        Practitioner.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization")
        .get(pk=practitioner.pk)
    )
    if changes.get("user") is not None:
        _require_member(locked.organization, changes["user"])
    differing = _apply(locked, changes, PRACTITIONER_FIELDS)
    if differing:
        emit("practitioner.updated", subject=locked, actor=actor, changes=differing)
    return locked


@transaction.atomic
def create_room(*, location: Location, name: str, actor: Actor) -> Room:
    """Add a room to a location; raise InvalidInput when the name is taken there."""
    actor.require(Permission.PRACTITIONERS_MANAGE)
    room = Room(organization_id=location.organization_id, location=location, name=name.strip())
    _save(room)
    emit("room.created", subject=room, actor=actor)
    return room


@transaction.atomic
def update_room(*, room: Room, changes: Mapping[str, Any], actor: Actor) -> Room:
    """Rename a room, or take it out of use: its appointments stay, no new one is put there."""
    actor.require(Permission.PRACTITIONERS_MANAGE)
    locked: Room = Room.objects.select_for_update(no_key=True).get(pk=room.pk)
    differing = _apply(locked, changes, ROOM_FIELDS)
    if differing:
        emit("room.updated", subject=locked, actor=actor, changes=differing)
    return locked


@dataclass(frozen=True, slots=True)
class HoursRow:
    """One stretch of a weekday (0 is Monday) in the location's wall time; dates of validity are inclusive."""

    weekday: int
    location: Location
    start_time: dt.time
    end_time: dt.time
    room: Room | None = None
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None

    def __str__(self) -> str:
        day = WeeklyHours._meta.get_field("weekday").choices[self.weekday][1]  # type: ignore[index]
        return f"{day} {self.start_time:%H:%M} to {self.end_time:%H:%M}"

    def overlaps(self, other: HoursRow) -> bool:
        """Tell whether both are at some time in force together, wherever they are."""
        return (
            self.weekday == other.weekday
            and self.start_time < other.end_time
            and other.start_time < self.end_time
            and (self.valid_from or dt.date.min) <= (other.valid_until or dt.date.max)
            and (other.valid_from or dt.date.min) <= (self.valid_until or dt.date.max)
        )


@transaction.atomic
def set_weekly_hours(*, practitioner: Practitioner, hours: Iterable[HoursRow], actor: Actor) -> list[WeeklyHours]:
    """Make these the practitioner's weekly hours, keeping rows that stay; booked appointments stay where they are.

    Locks the practitioner, so that no booking is checked against half of the change. Raises InvalidInput that names
    the rows which end before they begin, overlap, or use a room of another location.
    """
    actor.require(Permission.PRACTITIONERS_MANAGE)
    wanted = list(hours)
    _check_hours(practitioner, wanted)
    locked: Practitioner = Practitioner.objects.select_for_update(no_key=True).get(pk=practitioner.pk)
    present = {_as_row(one): one for one in locked.weekly_hours.select_related("location", "room")}
    before = [_describe(one) for one in present.values()]
    WeeklyHours.objects.filter(pk__in=[one.pk for row, one in present.items() if row not in wanted]).delete()
    added = WeeklyHours.objects.bulk_create(
        WeeklyHours(
            organization_id=locked.organization_id,
            practitioner=locked,
            location=row.location,
            room=row.room,
            weekday=row.weekday,
            start_time=row.start_time,
            end_time=row.end_time,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
        )
        for row in wanted
        if row not in present
    )
    rows = sorted(
        [*(one for row, one in present.items() if row in wanted), *added],
        key=lambda one: (one.weekday, one.start_time),
    )
    after = [_describe(one) for one in rows]
    if before != after:
        emit("practitioner.hours_set", subject=locked, actor=actor, changes={"weekly_hours": [before, after]})
    return rows


@transaction.atomic
def add_weekly_hours(*, practitioner: Practitioner, row: HoursRow, actor: Actor) -> WeeklyHours:
    """Add one stretch to a practitioner's week; raises as `set_weekly_hours` does."""
    rows = set_weekly_hours(practitioner=practitioner, hours=[*_rows_of(practitioner), row], actor=actor)
    return next(one for one in rows if _as_row(one) == row)


@transaction.atomic
def remove_weekly_hours(*, hours: WeeklyHours, actor: Actor) -> None:
    """Take one stretch out of a practitioner's week."""
    removed = _as_row(hours)
    kept = [row for row in _rows_of(hours.practitioner) if row != removed]
    set_weekly_hours(practitioner=hours.practitioner, hours=kept, actor=actor)


def _rows_of(practitioner: Practitioner) -> list[HoursRow]:
    Practitioner.objects.select_for_update(no_key=True).get(pk=practitioner.pk)
    return [_as_row(one) for one in practitioner.weekly_hours.select_related("location", "room")]


def _as_row(one: WeeklyHours) -> HoursRow:
    return HoursRow(one.weekday, one.location, one.start_time, one.end_time, one.room, one.valid_from, one.valid_until)


@transaction.atomic
def add_time_off(
    *, practitioner: Practitioner, start: dt.datetime, end: dt.datetime, reason: str = "", actor: Actor
) -> TimeOff:
    """Note an absence, half-open, UTC; no slot is offered inside. Booked appointments stay: somebody must move them.

    Raises InvalidInput for an impossible period, Conflict when it overlaps another absence of the same person.
    """
    actor.require(Permission.PRACTITIONERS_MANAGE)
    time_off = TimeOff(
        organization_id=practitioner.organization_id,
        practitioner=practitioner,
        period=_period(start, end),
        reason=reason.strip(),
    )
    _clean(time_off, exclude=("period",))
    try:
        with transaction.atomic():
            time_off.save(force_insert=True)
    except IntegrityError as error:
        if violated_constraint(error) != "time_off_does_not_overlap_itself":
            raise
        raise Conflict(
            _("%(name)s is already away during part of that time. Remove or shorten the other absence first.")
            % {"name": practitioner.display_name},
            code="time_off_overlaps",
        ) from error
    emit("practitioner.time_off_added", subject=practitioner, actor=actor, payload=_period_payload(time_off))
    return time_off


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
    _clean(closure, exclude=("period",))
    closure.save(force_insert=True)
    emit("closure.added", subject=closure, actor=actor, payload=_period_payload(closure))
    return closure


@transaction.atomic
def remove_closure(*, closure: Closure, actor: Actor) -> None:
    """Forget a closure; its time can be booked again at once."""
    actor.require(Permission.PRACTITIONERS_MANAGE)
    emit("closure.removed", subject=closure, actor=actor, payload=_period_payload(closure))
    closure.delete()


def _check_hours(practitioner: Practitioner, rows: Sequence[HoursRow]) -> None:
    errors: list[str] = []
    for position, row in enumerate(rows):
        if row.location.organization_id != practitioner.organization_id:
            raise NotFound(_("There is no such object in your organization."))
        if not 0 <= row.weekday <= 6:
            raise InvalidInput(
                _("A weekday is a number from 0 (Monday) to 6 (Sunday)."), errors={"weekday": [str(row.weekday)]}
            )
        if row.start_time >= row.end_time:
            errors.append(_("%(hours)s ends before it begins.") % {"hours": row})
        if row.valid_from and row.valid_until and row.valid_from > row.valid_until:
            errors.append(_("%(hours)s is valid until a day before it is valid from.") % {"hours": row})
        if row.room is not None and row.room.location_id != row.location.pk:
            errors.append(_("%(room)s is not at %(location)s.") % {"room": row.room, "location": row.location})
        errors += [
            _("%(one)s overlaps %(other)s.") % {"one": other, "other": row}
            for other in rows[:position]
            if row.overlaps(other)
        ]
    if errors:
        raise InvalidInput(_("These hours can't be: %(first)s") % {"first": errors[0]}, errors={"hours": errors})


def _describe(row: WeeklyHours) -> dict[str, Any]:
    return {
        "weekday": row.weekday,
        "location": row.location.name,
        "start_time": row.start_time.isoformat("minutes"),
        "end_time": row.end_time.isoformat("minutes"),
        "room_id": str(row.room_id) if row.room_id else None,
        "valid_from": row.valid_from.isoformat() if row.valid_from else None,
        "valid_until": row.valid_until.isoformat() if row.valid_until else None,
    }


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


def _require_member(organization: Organization, user: User | None) -> None:
    if (
        user is not None
        and not Membership.objects.for_organization(organization).filter(user=user, is_active=True).exists()
    ):
        raise InvalidInput(
            _("%(user)s is not a member of this clinic. Invite the person first.") % {"user": user.email},
            errors={"user": [_("Not a member.")]},
        )


def _apply(row: models.Model, changes: Mapping[str, Any], editable: frozenset[str]) -> dict[str, list[Any]]:
    """Set and save what differs; return it as before and after."""
    unknown = sorted(set(changes) - editable)
    if unknown:
        raise InvalidInput(
            _("These can't be changed: %(fields)s.") % {"fields": ", ".join(unknown)},
            errors={field: [_("Can't be changed.")] for field in unknown},
        )
    differing: dict[str, list[Any]] = {}
    for field, value in changes.items():
        before = getattr(row, field)
        after = value.strip() if isinstance(value, str) else value
        if before != after:
            setattr(row, field, after)
            differing[field] = [_plain(before), _plain(after)]
    if differing:
        _clean(row)
        row.save()
    return differing


def _plain(value: Any) -> Any:
    return str(value.pk) if isinstance(value, models.Model) else value


def _clean(row: models.Model, exclude: Iterable[str] = ()) -> None:
    """Validate as the model says; raise InvalidInput that names each wrong field."""
    try:
        row.full_clean(exclude=set(exclude), validate_constraints=not exclude)
    except ValidationError as error:
        messages = error.message_dict
        first = next(iter(messages.values()))[0]
        raise InvalidInput(first, errors=messages) from error


def _save(row: models.Model) -> None:
    _clean(row)
    row.save(force_insert=True)
