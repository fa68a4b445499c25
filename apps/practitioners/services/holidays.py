"""Public holidays become closures of the locations that observe them, and locations are set up with theirs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from apps.core.actors import SYSTEM, Actor
from apps.events.services import Happening, emit_many
from apps.organizations import services as organizations
from apps.organizations.holidays import public_holidays
from apps.organizations.models import Location, Organization
from apps.practitioners.hours import day_bounds
from apps.practitioners.models import Closure

MONTHS_AHEAD = 18


@dataclass(frozen=True, slots=True)
class KeptHolidays:
    """How many holiday closures were added, corrected and removed."""

    added: int = 0
    corrected: int = 0
    removed: int = 0


@transaction.atomic
def keep_holidays(*, location: Location, actor: Actor = SYSTEM) -> KeptHolidays:
    """Let the location's closures of the next 18 months be the public holidays that it observes. Idempotent.

    Days are the location's own, from today on; the past stays as it was. A holiday on which the clinic works (an
    inactive row) is left alone for as long as it is a holiday, even while the location observes none. Locks the
    location. Three queries when nothing changed.
    """
    locked: Location = (
        Location.objects.select_for_update(no_key=True, of=("self",)).select_related("organization").get(pk=location.pk)
    )
    today = timezone.now().astimezone(locked.zone).date()
    known = public_holidays(
        country=locked.country,
        subdivision=locked.holiday_subdivision,
        first=today,
        last=today + relativedelta(months=MONTHS_AHEAD),
        language=locked.organization.language,
    )
    observed = known if locked.observes_holidays and locked.is_active else {}
    present = {row.holiday_on: row for row in Closure.objects.filter(location=locked, holiday_on__gte=today)}
    gone = [row for day, row in present.items() if day not in known or (row.is_active and day not in observed)]
    wrong = [row for day, row in present.items() if day in known and row not in gone and _correct(row, locked, known)]
    new = [
        Closure(
            organization_id=locked.organization_id,
            location=locked,
            period=_whole_day(locked, day),
            reason=name,
            holiday_on=day,
        )
        for day, name in observed.items()
        if day not in present
    ]
    _tell("removed", gone, actor)
    Closure.objects.filter(pk__in=[row.pk for row in gone]).delete()
    Closure.objects.bulk_update(wrong, ["period", "reason", "updated_at"])
    _tell("changed", wrong, actor)
    Closure.objects.bulk_create(new)
    _tell("added", new, actor)
    return KeptHolidays(added=len(new), corrected=len(wrong), removed=len(gone))


def _correct(row: Closure, location: Location, known: Mapping[dt.date, str]) -> bool:
    """Give the row its day's bounds and name; tell whether they differed. Does not save."""
    assert row.holiday_on is not None  # noqa: S101 - the rows were found by it
    period, name = _whole_day(location, row.holiday_on), known[row.holiday_on]
    if (row.period.lower, row.period.upper, row.reason) == (period.lower, period.upper, name):
        return False
    row.period, row.reason, row.updated_at = period, name, timezone.now()
    return True


def _whole_day(location: Location, day: dt.date) -> DateTimeTZRange:
    return DateTimeTZRange(*day_bounds(location.zone, day))


def _tell(what: str, rows: Iterable[Closure], actor: Actor) -> None:
    happenings = [
        Happening(
            row,
            payload={
                "id": str(row.pk),
                "start": row.period.lower.isoformat(),
                "end": row.period.upper.isoformat(),
                "location_id": str(row.location_id),
            },
        )
        for row in rows
    ]
    if happenings:
        emit_many(f"closure.{what}", happenings, actor=actor)


@transaction.atomic
def open_location(*, organization: Organization, actor: Actor, **fields: Any) -> Location:
    """Add a location together with the holidays that it observes; raises as `organizations.create_location` does."""
    location = organizations.create_location(organization=organization, actor=actor, **fields)
    keep_holidays(location=location, actor=actor)
    return location


@transaction.atomic
def update_location(
    *, location: Location, changes: Mapping[str, Any], seen: dt.datetime | None = None, actor: Actor
) -> Location:
    """Change a location and its holidays with it; raises as `organizations.update_location` does."""
    changed = organizations.update_location(location=location, changes=changes, seen=seen, actor=actor)
    keep_holidays(location=changed, actor=actor)
    return changed
