"""Missed visits, lead times and cancellations: each counts the visits that start in the period, a seat of a group as one.

Every figure is one statement over grouping sets: the total, the groups and the stretches of days in one pass.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection
from django.utils import timezone

from apps.appointments.models import OPEN_STATUSES, CancelReason, Source, Status
from apps.appointments.reports.figures import Group, Report, Share
from apps.appointments.reports.scope import Grouping, Scope
from apps.core.actors import ActorKind

SHORT_NOTICE_HOURS = 24
Line = TypeVar("Line")
_KEYS = {
    Grouping.PRACTITIONER: "practitioner_id",
    Grouping.TYPE: "appointment_type_id",
    Grouping.LOCATION: "location_id",
}
_OF_GROUP, _OF_STRETCH = 1, 2  # what grouping(key, bucket) answers: which of the two are summed over


@dataclass(frozen=True, slots=True)
class NoShows:
    """Visits that took place, that were missed, and that are over without anybody having said which."""

    fulfilled: int = 0
    missed: int = 0
    unsettled: int = 0

    @property
    def rate(self) -> Share:
        """Return the missed among those of which it is known."""
        return Share(self.missed, self.fulfilled + self.missed)


@dataclass(frozen=True, slots=True)
class LeadTimes:
    """How many days (of 24 hours) before its start a visit was booked: median and quartiles, None without visits."""

    visits: int = 0
    median: float | None = None
    lower_quartile: float | None = None
    upper_quartile: float | None = None
    same_day: int = 0

    @property
    def same_day_rate(self) -> Share:
        """Return those booked on the day of the visit, by the wall of the scope."""
        return Share(self.same_day, self.visits)


@dataclass(frozen=True, slots=True)
class Cancellations:
    """All visits, the cancelled ones, those cancelled less than 24 hours before the start, and why and by whom.

    The reason is what was chosen then, who is the actor of the event; `by_nobody_known` had none, as imported rows.
    """

    visits: int = 0
    cancelled: int = 0
    short_notice: int = 0
    patient_asked: int = 0
    practitioner_unavailable: int = 0
    clinic_closed: int = 0
    booked_by_mistake: int = 0
    other_reason: int = 0
    by_staff: int = 0
    by_patient_link: int = 0
    by_bot: int = 0
    by_program: int = 0
    by_system: int = 0
    by_nobody_known: int = 0

    @property
    def in_time(self) -> int:
        """Return those cancelled 24 hours before the start or earlier."""
        return self.cancelled - self.short_notice

    @property
    def rate(self) -> Share:
        """Return the cancelled among all visits."""
        return Share(self.cancelled, self.visits)

    @property
    def short_notice_rate(self) -> Share:
        """Return those cancelled at short notice among the cancelled."""
        return Share(self.short_notice, self.cancelled)


REASONS = {
    "patient_asked": CancelReason.PATIENT,
    "practitioner_unavailable": CancelReason.PRACTITIONER,
    "clinic_closed": CancelReason.CLINIC,
    "booked_by_mistake": CancelReason.MISTAKE,
    "other_reason": CancelReason.OTHER,
}
ACTORS = {
    "by_staff": ActorKind.USER,
    "by_patient_link": ActorKind.PATIENT,
    "by_bot": ActorKind.BOT,
    "by_program": ActorKind.API_KEY,
    "by_system": ActorKind.SYSTEM,
}

_STATEMENT = """
    SELECT key, bucket, grouping(key, bucket), {columns}
    FROM (
        SELECT {of_visit}, {key} AS key, width_bucket(start, %(edges)s::timestamptz[]) AS bucket
        FROM appointments_appointment
        WHERE organization_id = %(organization)s AND start >= %(lower)s AND start < %(upper)s AND status <> %(held)s
          AND (%(location)s::uuid IS NULL OR location_id = %(location)s) AND {condition}
    ) AS visit {joined}
    GROUP BY GROUPING SETS ((), (key), (bucket))
"""
_WHO = """
    LEFT JOIN LATERAL (
        SELECT actor_kind FROM events_event
        WHERE visit.status = %(cancelled)s
          AND organization_id = %(organization)s AND subject_id = visit.id AND type = 'appointment.cancelled'
        ORDER BY id DESC LIMIT 1
    ) AS event ON true
"""
_LEAD = """
    greatest(date_part('epoch', start - created_at), 0) / 86400 AS lead,
    created_at >= (%(midnights)s::timestamptz[])[width_bucket(start, %(midnights)s::timestamptz[])] AS is_same_day
"""
_BOOKED = "status <> %(cancelled)s AND source <> %(import)s"
_CANCELLED = "count(*) FILTER (WHERE status = %(cancelled)s AND {condition})"


def no_shows_of(*, scope: Scope, names: Mapping[uuid.UUID, str]) -> Report[NoShows]:
    """Return the visits that took place and those that were missed. One query."""
    columns = """
        count(*) FILTER (WHERE status = %(fulfilled)s), count(*) FILTER (WHERE status = %(missed)s),
        count(*) FILTER (WHERE status = ANY(%(open)s) AND "end" < %(now)s)
    """
    values = {
        "fulfilled": Status.FULFILLED,
        "missed": Status.NO_SHOW,
        "open": list(OPEN_STATUSES),
        "now": timezone.now(),
    }
    return _ask(scope, names, NoShows, 'status, "end"', columns, values, has_cases=lambda line: line != NoShows())


def lead_times_of(*, scope: Scope, names: Mapping[uuid.UUID, str]) -> Report[LeadTimes]:
    """Return how far ahead visits were booked. One query.

    Cancelled visits are left out, and imported ones: when those were booked is not known. A visit that was moved
    counts from when it was first booked; one that was entered after its start has a lead of 0.
    """
    quartile = "percentile_cont({at}) WITHIN GROUP (ORDER BY lead)"
    columns = f"""
        count(*), {quartile.format(at="0.5")}, {quartile.format(at="0.25")}, {quartile.format(at="0.75")},
        count(*) FILTER (WHERE is_same_day)
    """
    values = {"cancelled": Status.CANCELLED, "import": Source.IMPORT, "midnights": scope.midnights}
    return _ask(
        scope, names, LeadTimes, _LEAD, columns, values, condition=_BOOKED, has_cases=lambda line: line.visits > 0
    )


def cancellations_of(*, scope: Scope, names: Mapping[uuid.UUID, str]) -> Report[Cancellations]:
    """Return how many visits were cancelled, how late, why and by whom. One query."""
    conditions = ["true", "start - cancelled_at < make_interval(hours => %(short)s)"]
    conditions += [f"cancel_reason = %({name})s" for name in REASONS]
    conditions += [f"actor_kind = %({name})s" for name in ACTORS]
    conditions.append("actor_kind IS NULL")
    columns = ", ".join(["count(*)", *(_CANCELLED.format(condition=condition) for condition in conditions)])
    values = {"cancelled": Status.CANCELLED, "short": SHORT_NOTICE_HOURS, **REASONS, **ACTORS}
    return _ask(
        scope,
        names,
        Cancellations,
        "id, status, start, cancelled_at, cancel_reason",
        columns,
        values,
        joined=_WHO,
        has_cases=lambda line: line.visits > 0,
    )


def _ask(
    scope: Scope,
    names: Mapping[uuid.UUID, str],
    line: Callable[..., Line],
    of_visit: str,
    columns: str,
    values: dict[str, Any],
    *,
    condition: str = "true",
    joined: str = "",
    has_cases: Callable[[Line], bool],
) -> Report[Line]:
    """Ask for the columns, which are the fields of the line in their order, of the total, each group and each stretch.

    `of_visit` is what they are made of, and no more: what is sorted by group should fit into memory.
    """
    statement = _STATEMENT.format(
        of_visit=of_visit, columns=columns, key=_KEYS[scope.by], condition=condition, joined=joined
    )
    known = {
        "organization": scope.organization.pk,
        "location": scope.location.pk if scope.location else None,
        "lower": scope.start,
        "upper": scope.end,
        "edges": scope.edges,
        "held": Status.HELD,
    }
    total, groups, stretches = line(), {}, {}
    with connection.cursor() as cursor:
        cursor.execute(statement, known | values)
        for key, bucket, summed_over, *figures in cursor.fetchall():
            if summed_over == _OF_GROUP:
                groups[key] = line(*figures)
            elif summed_over == _OF_STRETCH:
                stretches[bucket] = line(*figures)
            else:
                total = line(*figures)
    return Report(
        total,
        tuple((Group(pk, name), groups[pk]) for pk, name in names.items() if pk in groups and has_cases(groups[pk])),
        tuple((stretch, stretches.get(number) or line()) for number, stretch in enumerate(scope.stretches, 1)),
    )
