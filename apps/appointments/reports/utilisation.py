"""How much of the time that practitioners offered was booked.

Available are the minutes of weekly hours, without time off, times that other calendars take, and closures. Booked are
the minutes of visits that are ahead, happening or done. Patients who are seen together, in a group or an overbooked
lane, take the time once, absences that overlap take it away once, and no share is above 1.

A clinic has tens of thousands of visits and stretches of hours in a year, so that everything is a sum of differences
in seconds: a visit counts from where those that began before it have ended (one window in order of time), and meets
only the hours of the days that it touches (a hash join). Sets of instants would be shorter to write; collecting one of
70,000 visits takes PostgreSQL ten times as long as adding them up. Only absences, which are few, are such sets.
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
from apps.organizations.models import Location
from apps.practitioners.hours import day_segments


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


_NEAR = "organization_id = %(organization)s AND upper(period) > %(lower)s AND lower(period) < %(upper)s"
_NONE = "'{}'::tstzmultirange"

# Weekly hours as instants. The segments of the days say what the clocks do (`hours.py`); most days have one.
_WORK = """
    WITH segment AS (
        SELECT * FROM unnest(%(zones)s::text[], %(days)s::date[], %(weekdays)s::int[], %(from_labels)s::int[],
            %(until_labels)s::int[], %(shifts)s::bigint[]) AS segment (zone, day, weekday, from_label, until_label, shift)
    ), pair AS MATERIALIZED (
        SELECT row_number() OVER ()::int AS pair, person.id AS practitioner_id, place.id AS location_id, place.timezone
        FROM practitioners_practitioner AS person CROSS JOIN organizations_location AS place
        WHERE person.organization_id = %(organization)s AND place.organization_id = %(organization)s
          AND person.is_active AND place.is_active AND (%(location)s::uuid IS NULL OR place.id = %(location)s)
    ), hours AS (
        SELECT pair, timezone, weekday, valid_from, valid_until, id,
            date_part('epoch', start_time) AS opens, date_part('epoch', end_time) AS closes
        FROM practitioners_weeklyhours JOIN pair USING (practitioner_id, location_id)
        WHERE organization_id = %(organization)s
    ), stretch AS (
        SELECT pair, to_timestamp(min(greatest(opens, from_label) + shift)) AS since,
            to_timestamp(max(least(closes, until_label) + shift)) AS until
        FROM hours JOIN segment ON zone = timezone AND segment.weekday = hours.weekday
        WHERE from_label < closes AND opens < until_label
          AND (valid_from IS NULL OR valid_from <= day) AND (valid_until IS NULL OR day <= valid_until)
        GROUP BY id, pair, day
    ), work AS (
        SELECT pair, greatest(since, %(lower)s) AS since, least(until, %(upper)s) AS until
        FROM stretch WHERE since < %(upper)s AND until > %(lower)s
    )
"""

_FREE = f"""
    , away AS (
        SELECT practitioner_id, range_agg(period) AS times
        FROM (SELECT practitioner_id, period FROM practitioners_timeoff WHERE {_NEAR}
              UNION ALL SELECT practitioner_id, period FROM practitioners_busytime WHERE {_NEAR}) AS absence
        GROUP BY practitioner_id
    ), closed AS (
        SELECT location_id, range_agg(period) AS times FROM practitioners_closure WHERE is_active AND {_NEAR} GROUP BY location_id
    ), gone AS (
        SELECT pair,
            coalesce(away.times, {_NONE}) + coalesce(closed.times, {_NONE}) + coalesce(everywhere.times, {_NONE}) AS times
        FROM pair
        LEFT JOIN away ON away.practitioner_id = pair.practitioner_id
        LEFT JOIN closed ON closed.location_id = pair.location_id
        LEFT JOIN closed AS everywhere ON everywhere.location_id IS NULL
    ), offered AS (
        SELECT pair, width_bucket(since, %(edges)s::timestamptz[]) AS bucket, since, until, times,
            times && tstzrange(since, until) AS is_cut
        FROM work JOIN gone USING (pair)
    ), free AS MATERIALIZED (
        SELECT pair, bucket, date_part('epoch', since) AS since, date_part('epoch', until) AS until
        FROM offered WHERE NOT is_cut
        UNION ALL
        SELECT pair, bucket, date_part('epoch', lower(rest)), date_part('epoch', upper(rest))
        FROM offered, unnest(tstzmultirange(tstzrange(since, until)) - times) AS rest WHERE is_cut
    ), free_on_day AS MATERIALIZED (
        SELECT pair, day, greatest(since, day * 86400.0) AS opens, least(until, (day + 1) * 86400.0) AS closes
        FROM free, generate_series(floor(since / 86400)::int, ceil(until / 86400)::int - 1) AS day
    )
"""  # noqa: S608 - as above

_VISITS = """
    , visit AS (
        SELECT pair, appointment_type_id, status <> %(missed)s AS came,
            width_bucket(greatest(start, %(lower)s), %(edges)s::timestamptz[]) AS bucket,
            date_part('epoch', greatest(start, %(lower)s)) AS since, date_part('epoch', least("end", %(upper)s)) AS until
        FROM appointments_appointment JOIN pair USING (practitioner_id, location_id)
        WHERE organization_id = %(organization)s AND start > %(lower)s - %(reach)s AND start < %(upper)s AND "end" > %(lower)s
          AND status = ANY(%(statuses)s)
    )
"""
# Within what time is counted once: everything of a practitioner at a location, of that what begins in one stretch of
# days, or what is of one type. By both `whole` and `part` there is one order of rows, and so one sort.
_WHOLE = "PARTITION BY pair ORDER BY bucket, since"
_PART = "PARTITION BY pair, bucket ORDER BY since"
_KIND = "PARTITION BY pair, appointment_type_id ORDER BY since"


def _statement(windows: Mapping[str, str]) -> str:
    """Return the statement that adds up seconds within each of the windows.

    Its rows: practitioner, location, their number, type, stretch of days, available seconds; then booked, missed and outside seconds
    of each window. They are parts, to be added up: hours, visits within the hours, and visits at all.
    """
    counted = ", ".join(
        f"greatest(since, max(until) OVER {name}) AS {name}_any,"
        f" CASE WHEN came THEN greatest(since, max(until) FILTER (WHERE came) OVER {name}) END AS {name}_came"
        for name in windows
    )
    frames = ", ".join(
        f"{name} AS ({window} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)" for name, window in windows.items()
    )
    inside = "sum(greatest(least(until, closes) - greatest({since}, opens), 0))"
    within = ", ".join(
        f"{inside.format(since=f'{name}_came')} FILTER (WHERE came),"
        f" {inside.format(since=f'{name}_any')} - coalesce({inside.format(since=f'{name}_came')} FILTER (WHERE came), 0),"
        f" - {inside.format(since=f'{name}_came')} FILTER (WHERE came)"
        for name in windows
    )
    at_all = ", ".join(f"NULL, NULL, sum(greatest(until - {name}_came, 0)) FILTER (WHERE came)" for name in windows)
    nothing = ", ".join("NULL, NULL, NULL" for _name in windows)
    kind = "appointment_type_id" if "kind" in windows else "NULL::uuid"
    groups = f"GROUP BY GROUPING SETS ((pair, bucket){', (appointment_type_id)' if 'kind' in windows else ''})"
    return f"""{_WORK}{_FREE}{_VISITS}
    , counted AS MATERIALIZED (SELECT *, {counted} FROM visit WINDOW {frames})
    , part AS (
        SELECT pair, NULL::uuid AS kind, bucket, sum(until - since), {nothing} FROM free GROUP BY pair, bucket
        UNION ALL
        SELECT pair, {kind}, bucket, NULL, {within}
        FROM (SELECT *, generate_series(floor(since / 86400)::int, ceil(until / 86400)::int - 1) AS day FROM counted) AS counted
        JOIN free_on_day USING (pair, day)
        {groups}
        UNION ALL
        SELECT pair, {kind}, bucket, NULL, {at_all} FROM counted {groups}
    )
    SELECT practitioner_id, location_id, part.* FROM part LEFT JOIN pair USING (pair)
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
    for practitioner, location, _pair, kind, bucket, available, *seconds in _figures(scope):
        whole, part, of_kind = seconds[:3], seconds[3:6], seconds[6:]
        if kind is not None:
            groups[kind].add(None, *of_kind)
            continue
        total.add(available, *whole)
        buckets[bucket].add(available, *part)
        if scope.by != Grouping.TYPE:
            groups[practitioner if scope.by == Grouping.PRACTITIONER else location].add(available, *whole)
    everybodys = total.seconds[0] if scope.by == Grouping.TYPE else None
    return Report(
        total.as_line(),
        tuple((Group(pk, name), groups[pk].as_line(everybodys)) for pk, name in names.items() if pk in groups),
        tuple((stretch, buckets[number].as_line()) for number, stretch in enumerate(scope.stretches, 1)),
    )


def _figures(scope: Scope) -> Iterable[tuple[Any, ...]]:
    windows = {"whole": _WHOLE, "part": _PART} | ({"kind": _KIND} if scope.by == Grouping.TYPE else {})
    values: dict[str, Any] = {
        "organization": scope.organization.pk,
        "location": scope.location.pk if scope.location else None,
        "lower": scope.start,
        "upper": scope.end,
        "reach": DAY,
        "edges": scope.edges,
        "statuses": [*(status for status in BUSY_STATUSES if status != Status.HELD), Status.NO_SHOW],
        "missed": Status.NO_SHOW,
        **_segments(scope),
    }
    with connection.cursor() as cursor:
        cursor.execute(_statement(windows), values)
        return cursor.fetchall()


def _segments(scope: Scope) -> dict[str, list[Any]]:
    """Return what the clocks do on the days of the period, by the zone of each location in use; one query."""
    places = [scope.location] if scope.location else Location.objects.for_organization(scope.organization)
    found = []
    for zone in {place.timezone: place.zone for place in places}.values():
        day, final = scope.start.astimezone(zone).date(), scope.end.astimezone(zone).date()
        while day <= final:
            found += [(zone.key, day, day.weekday(), *segment) for segment in day_segments(zone, day)]
            day += DAY
    names = ("zones", "days", "weekdays", "from_labels", "until_labels", "shifts")
    return {name: [segment[place] for segment in found] for place, name in enumerate(names)}
