"""Writes on weekly hours: always a person's whole week at once, so that overlaps have nowhere to hide."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.errors import InvalidInput, NotFound, StaleVersion
from apps.events.services import emit
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from apps.practitioners.models import Practitioner, Room, WeeklyHours

DAY = dt.timedelta(days=1)


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
def set_weekly_hours(
    *, practitioner: Practitioner, hours: Iterable[HoursRow], seen: str = "", actor: Actor
) -> list[WeeklyHours]:
    """Make these the practitioner's weekly hours, keeping rows that stay; booked appointments stay where they are.

    `seen` is the `hours_token` of the week that the caller read. Locks the practitioner, so that no booking is checked
    against half of the change. Raises StaleVersion, and InvalidInput that names the rows which end before they begin,
    overlap, or use a room of another location (`extra["rows"]`: sentences by position in `hours`).
    """
    actor.require(Permission.PRACTITIONERS_MANAGE)
    wanted = list(hours)
    check_weekly_hours(practitioner, wanted)
    locked = _lock(practitioner)
    present = {_as_row(one): one for one in _saved(locked)}
    _require_seen(present, seen)
    before = [_describe(row) for row in present]
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
    after = [_describe(_as_row(one)) for one in rows]
    if before != after:
        emit("practitioner.hours_set", subject=locked, actor=actor, changes={"weekly_hours": [before, after]})
    return rows


@transaction.atomic
def add_weekly_hours(*, practitioner: Practitioner, row: HoursRow, actor: Actor) -> WeeklyHours:
    """Add one stretch to a practitioner's week; raises as `set_weekly_hours` does."""
    rows = set_weekly_hours(practitioner=practitioner, hours=[*_locked_rows(practitioner), row], actor=actor)
    return next(one for one in rows if _as_row(one) == row)


@transaction.atomic
def remove_weekly_hours(*, hours: WeeklyHours, actor: Actor) -> None:
    """Take one stretch out of a practitioner's week."""
    removed = _as_row(hours)
    kept = [row for row in _locked_rows(hours.practitioner) if row != removed]
    set_weekly_hours(practitioner=hours.practitioner, hours=kept, actor=actor)


@transaction.atomic
def split_weekly_hours(*, practitioner: Practitioner, date: dt.date, seen: str = "", actor: Actor) -> list[WeeklyHours]:
    """Let what is in force on a date begin anew on it, so that the week from then on can be changed by itself.

    Nothing changes for anybody yet: each stretch that runs through the date becomes two, until the day before and from
    the date on. Raises InvalidInput when there is nothing to split, and as `set_weekly_hours` does.
    """
    rows = _locked_rows(practitioner)
    through = [
        row
        for row in rows
        if (row.valid_from is None or row.valid_from < date) and (row.valid_until is None or row.valid_until >= date)
    ]
    if not through:
        message = _("No hours run through %(day)s. Choose a date on which hours that are there already go on.")
        text = message % {"day": date_format(date, "j F Y")}
        raise InvalidInput(text, errors={"date": [text]})
    halves = [half for row in through for half in (replace(row, valid_until=date - DAY), replace(row, valid_from=date))]
    kept = [row for row in rows if row not in through]
    return set_weekly_hours(practitioner=practitioner, hours=[*kept, *halves], seen=seen, actor=actor)


def check_weekly_hours(practitioner: Practitioner, rows: Sequence[HoursRow]) -> None:
    """Raise InvalidInput for what `set_weekly_hours` would refuse: sentences in `errors`, by position in `extra["rows"]`.

    An overlap stands at both of its rows. No query.
    """
    wrong: dict[int, list[str]] = {}
    for position, row in enumerate(rows):
        if row.location.organization_id != practitioner.organization_id:
            raise NotFound(_("There is no such object in your organization."))
        if not 0 <= row.weekday <= 6:
            raise InvalidInput(
                _("A weekday is a number from 0 (Monday) to 6 (Sunday)."), errors={"weekday": [str(row.weekday)]}
            )
        if row.start_time >= row.end_time:
            wrong.setdefault(position, []).append(_("%(hours)s ends before it begins.") % {"hours": row})
        if row.valid_from and row.valid_until and row.valid_from > row.valid_until:
            sentence = _("%(hours)s is valid until a day before it is valid from.") % {"hours": row}
            wrong.setdefault(position, []).append(sentence)
        if row.room is not None and row.room.location_id != row.location.pk:
            sentence = _("%(room)s is not at %(location)s.") % {"room": row.room, "location": row.location}
            wrong.setdefault(position, []).append(sentence)
        for before, other in enumerate(rows[:position]):
            if row.overlaps(other):
                for place in (before, position):
                    wrong.setdefault(place, []).append(_overlap(other, row))
    if wrong:
        errors = list(dict.fromkeys(sentence for place in sorted(wrong) for sentence in wrong[place]))
        raise InvalidInput(
            _("These hours can't be: %(first)s") % {"first": errors[0]}, errors={"hours": errors}, extra={"rows": wrong}
        )


def rows_of(practitioner: Practitioner) -> list[HoursRow]:
    """Return the practitioner's week as rows, by weekday and time; one query."""
    return [_as_row(one) for one in _saved(practitioner)]


def hours_token(rows: Iterable[HoursRow]) -> str:
    """Return what stands for a week as it was read (`rows_of`): equal for equal rows."""
    plain = sorted(json.dumps([str(row.location.pk), _describe(row)], sort_keys=True) for row in rows)
    return hashlib.sha256("\n".join(plain).encode()).hexdigest()[:16]


def _saved(practitioner: Practitioner) -> Sequence[WeeklyHours]:
    return list(practitioner.weekly_hours.select_related("location", "room"))


def _locked_rows(practitioner: Practitioner) -> list[HoursRow]:
    return rows_of(_lock(practitioner))


def _lock(practitioner: Practitioner) -> Practitioner:
    locked: Practitioner = Practitioner.objects.select_for_update(no_key=True).get(pk=practitioner.pk)
    return locked


def _as_row(one: WeeklyHours) -> HoursRow:
    return HoursRow(one.weekday, one.location, one.start_time, one.end_time, one.room, one.valid_from, one.valid_until)


def _require_seen(present: Iterable[HoursRow], seen: str) -> None:
    if seen and hours_token(present) != seen:
        raise StaleVersion(_("Somebody else changed these hours meanwhile. Look at them, then change them."), current=0)


def _overlap(one: HoursRow, other: HoursRow) -> str:
    return _("%(one)s overlaps %(other)s.") % {"one": _dated(one, other), "other": _dated(other, one)}


def _dated(row: HoursRow, beside: HoursRow) -> str:
    """Return the row in words, with its dates where only they tell two rows apart."""
    if str(row) != str(beside):
        return str(row)
    if row.valid_from is not None:
        return _("%(hours)s (from %(day)s)") % {"hours": row, "day": date_format(row.valid_from, "j F Y")}
    return str(row)


def _describe(row: HoursRow) -> dict[str, Any]:
    return {
        "weekday": row.weekday,
        "location": row.location.name,
        "start_time": row.start_time.isoformat("minutes"),
        "end_time": row.end_time.isoformat("minutes"),
        "room_id": str(row.room.pk) if row.room else None,
        "valid_from": row.valid_from.isoformat() if row.valid_from else None,
        "valid_until": row.valid_until.isoformat() if row.valid_until else None,
    }
