"""How much of the time that practitioners offered was booked.

Available are the minutes of weekly hours, without time off, times that other calendars take, and closures. Booked are
the minutes of visits that are ahead, happening or done. All of it is arithmetic of sets of instants (PostgreSQL's
multiranges): patients who are seen together, in a group or an overbooked lane, take the time once, absences that
overlap take it away once, and no share is above 1.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from apps.appointments.models import BUSY_STATUSES, Status
from apps.appointments.reports.figures import Group, Report, Share
from apps.appointments.reports.scope import DAY, Grouping, Scope
from apps.practitioners.selectors import working_times


@dataclass(frozen=True, slots=True)
class Utilisation:
    """Minutes. `missed` were kept for patients who did not come and not used otherwise; `outside` were booked beyond the hours."""

    available_minutes: int = 0
    booked_minutes: int = 0
    missed_minutes: int = 0
    outside_minutes: int = 0

    @property
    def share(self) -> Share:
        """Return the booked part of the available minutes."""
        return Share(self.booked_minutes, self.available_minutes)


_SECONDS = "(SELECT coalesce(sum(date_part('epoch', upper(r) - lower(r))), 0) FROM unnest({times}) AS r)"
_NEAR = "organization_id = %(organization)s AND upper(period) > %(lower)s AND lower(period) < %(upper)s"
_NONE = "'{}'::tstzmultirange"
_FREE = f"""
    WITH work AS (
        SELECT * FROM unnest(%(people)s::uuid[], %(places)s::uuid[], %(begins)s::timestamptz[], %(ends)s::timestamptz[])
            AS piece (practitioner_id, location_id, since, until)
    ), away AS (
        SELECT practitioner_id, range_agg(period) AS times
        FROM (SELECT practitioner_id, period FROM practitioners_timeoff WHERE {_NEAR}
              UNION ALL SELECT practitioner_id, period FROM practitioners_busytime WHERE {_NEAR}) AS absence
        GROUP BY practitioner_id
    ), closed AS (
        SELECT location_id, range_agg(period) AS times FROM practitioners_closure WHERE is_active AND {_NEAR} GROUP BY location_id
    ), free AS (
        SELECT work.practitioner_id, work.location_id, width_bucket(since, %(edges)s::timestamptz[]) AS bucket,
            range_agg(tstzrange(since, until)) - coalesce(away.times, {_NONE}) - coalesce(closed.times, {_NONE})
                - coalesce(everywhere.times, {_NONE}) AS times
        FROM work
        LEFT JOIN away ON away.practitioner_id = work.practitioner_id
        LEFT JOIN closed ON closed.location_id = work.location_id
        LEFT JOIN closed AS everywhere ON everywhere.location_id IS NULL
        GROUP BY work.practitioner_id, work.location_id, bucket, away.times, closed.times, everywhere.times
    )
"""  # noqa: S608 - pieces of this module; every value is a parameter
_TAKEN = """
    , visit AS (
        SELECT practitioner_id, location_id, appointment_type_id, status,
            width_bucket(greatest(start, %(lower)s), %(edges)s::timestamptz[]) AS bucket,
            tstzrange(greatest(start, %(lower)s), least("end", %(upper)s)) AS period
        FROM appointments_appointment
        WHERE organization_id = %(organization)s AND start > %(lower)s - %(reach)s AND start < %(upper)s AND "end" > %(lower)s
          AND status = ANY(%(statuses)s) AND (%(location)s::uuid IS NULL OR location_id = %(location)s)
    ), taken AS (
        SELECT practitioner_id, location_id, appointment_type_id, bucket,
            coalesce(range_agg(period) FILTER (WHERE status <> %(missed)s), '{}') AS booked,
            coalesce(range_agg(period) FILTER (WHERE status = %(missed)s), '{}') AS missed
        FROM visit
        GROUP BY GROUPING SETS (
            (practitioner_id, location_id), (practitioner_id, location_id, bucket), (practitioner_id, location_id, appointment_type_id)
        )
    ), offered AS (
        SELECT practitioner_id, location_id, range_agg(times) AS times FROM free GROUP BY practitioner_id, location_id
    )
"""
_FIGURES = f"""
    SELECT practitioner_id, location_id, NULL::uuid, bucket, {_SECONDS.format(times="times")}, NULL, NULL, NULL FROM free
    UNION ALL
    SELECT practitioner_id, location_id, appointment_type_id, bucket, NULL,
        {_SECONDS.format(times=f"booked * coalesce(times, {_NONE})")},
        {_SECONDS.format(times=f"(missed - booked) * coalesce(times, {_NONE})")},
        {_SECONDS.format(times=f"booked - coalesce(times, {_NONE})")}
    FROM taken LEFT JOIN offered USING (practitioner_id, location_id)
    WHERE practitioner_id IN (SELECT id FROM practitioners_practitioner WHERE organization_id = %(organization)s AND is_active)
      AND location_id IN (SELECT id FROM organizations_location WHERE organization_id = %(organization)s AND is_active)
"""  # noqa: S608 - as above


class _Sum:
    """Seconds as they are added up."""

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds = [0.0, 0.0, 0.0, 0.0]

    def add(self, *more: float | None) -> None:
        self.seconds = [have + (new or 0) for have, new in zip(self.seconds, more, strict=True)]

    def as_line(self, available: float | None = None) -> Utilisation:
        offered, *rest = self.seconds
        return Utilisation(*(round(value / 60) for value in (offered if available is None else available, *rest)))


def utilisation_of(*, scope: Scope, names: Mapping[uuid.UUID, str]) -> Report[Utilisation]:
    """Return the utilisation of practitioners and locations that are in use. Two queries.

    A visit and a stretch of hours belong to the day on which they begin (its part before the period is cut off). By
    type, each line's available minutes are those of all practitioners together: what is free is free for every type.
    """
    total: _Sum = _Sum()
    groups: dict[uuid.UUID, _Sum] = defaultdict(_Sum)
    buckets: dict[int, _Sum] = defaultdict(_Sum)
    for practitioner, location, kind, bucket, available, *taken in _figures(scope):
        group = {Grouping.PRACTITIONER: practitioner, Grouping.LOCATION: location, Grouping.TYPE: kind}[scope.by]
        if available is not None:
            total.add(available, None, None, None)
            buckets[bucket].add(available, None, None, None)
            if scope.by != Grouping.TYPE:
                groups[group].add(available, None, None, None)
        elif bucket is not None:
            buckets[bucket].add(None, *taken)
        elif kind is not None:
            if scope.by == Grouping.TYPE:
                groups[group].add(None, *taken)
        else:
            total.add(None, *taken)
            if scope.by != Grouping.TYPE:
                groups[group].add(None, *taken)
    whole = total.seconds[0] if scope.by == Grouping.TYPE else None
    return Report(
        total.as_line(),
        tuple((Group(pk, name), groups[pk].as_line(whole)) for pk, name in names.items() if pk in groups),
        tuple((stretch, buckets[number].as_line()) for number, stretch in enumerate(scope.stretches, 1)),
    )


def _figures(scope: Scope) -> Iterable[tuple[Any, ...]]:
    lower, upper = scope.start, scope.end
    work = working_times(organization=scope.organization, start=lower, end=upper, location=scope.location)
    values: dict[str, Any] = {
        "organization": scope.organization.pk,
        "location": scope.location.pk if scope.location else None,
        "lower": lower,
        "upper": upper,
        "reach": DAY,
        "edges": scope.edges,
        "people": [piece.practitioner_id for piece in work],
        "places": [piece.location_id for piece in work],
        "begins": [max(piece.start, lower) for piece in work],
        "ends": [min(piece.end, upper) for piece in work],
        "statuses": [*(status for status in BUSY_STATUSES if status != Status.HELD), Status.NO_SHOW],
        "missed": Status.NO_SHOW,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FREE + _TAKEN + _FIGURES, values)
        return cursor.fetchall()
