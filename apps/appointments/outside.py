"""Visits ahead that the clinic's plan does not cover (any more), and which ones a change of the plan would affect.

A visit lies outside when its practitioner does not work then and there, is away, or is busy elsewhere, when the location
is closed, or when practitioner, location or room are out of use. It stays booked: somebody moves it, asks the patient to
choose another time, or keeps it on purpose. Nothing is stored about it, so the list is always true.

The rules are those of `conflicts`, applied to many visits at once; a test holds the two together. The words are theirs.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast
from django.utils import timezone

from apps.appointments.conflicts.facts import Fact
from apps.appointments.conflicts.reasons import away_or_closed, inactive, outside_hours
from apps.appointments.conflicts.wanted import BookingConflict, Wanted
from apps.appointments.models import Appointment, Status
from apps.organizations.models import Location, Organization
from apps.practitioners.hours import local_date, stretch, to_instant
from apps.practitioners.models import BusyTime, Closure, Practitioner, Room, TimeOff, WeeklyHours

OUT_OF_USE = ("practitioner_inactive", "location_inactive", "room_inactive")
OUTSIDE = frozenset({*OUT_OF_USE, "outside_hours", "time_off", "busy_elsewhere", "closure"})


@dataclass(frozen=True, slots=True)
class Span:
    """Which of the visits ahead a question is about: somebody's, somewhere, those that meet [start, end) UTC, or all."""

    organization: Organization
    practitioner: Practitioner | None = None
    location: Location | None = None
    room: Room | None = None
    start: dt.datetime | None = None
    end: dt.datetime | None = None

    def visits(self) -> Any:
        """Return the visits that are booked and have not begun."""
        named = {"practitioner": self.practitioner, "location": self.location, "room": self.room}
        visits = Appointment.objects.for_organization(self.organization).filter(
            status=Status.BOOKED, start__gt=timezone.now(), **{name: row for name, row in named.items() if row}
        )
        if self.start is not None:
            visits = visits.filter(start__gt=self.start - dt.timedelta(days=1), end__gt=self.start)
        return visits.filter(start__lt=self.end) if self.end is not None else visits


class Ahead(NamedTuple):
    """What the rules read of a visit ahead; `override_reason` says that it was booked or kept on purpose."""

    id: uuid.UUID
    practitioner_id: uuid.UUID
    location_id: uuid.UUID
    start: dt.datetime
    end: dt.datetime
    override_reason: str
    timezone: str
    practitioner_in_use: bool
    location_in_use: bool
    room_in_use: bool | None


_READ = (
    *("id", "practitioner_id", "location_id", "start", "end", "override_reason", "location__timezone"),
    *("practitioner__is_active", "location__is_active", "room__is_active"),
)


@dataclass(frozen=True, slots=True)
class OutsideVisit:
    """A visit that lies outside, with every reason in words."""

    appointment: Appointment
    problems: tuple[BookingConflict, ...]

    @property
    def on_purpose(self) -> bool:
        """Tell whether somebody booked or kept it so, with a reason."""
        return bool(self.appointment.override_reason)


class Away(NamedTuple):
    """A time in which somebody is away or a place closed; the kind is that of the conflicts' facts."""

    kind: str
    id: uuid.UUID
    start: dt.datetime
    end: dt.datetime
    detail: str

    def meets(self, start: dt.datetime, end: dt.datetime) -> bool:
        return self.start < end and start < self.end


CODE_OF = {"away": "time_off", "elsewhere": "busy_elsewhere", "closed": "closure"}


@dataclass(slots=True)
class Plan:
    """Who works when, is away when, and what is closed when, as far as some visits need it."""

    hours: dict[tuple[uuid.UUID, uuid.UUID], list[WeeklyHours]] = field(default_factory=lambda: defaultdict(list))
    away: dict[uuid.UUID, list[Away]] = field(default_factory=lambda: defaultdict(list))
    closed: dict[uuid.UUID | None, list[Away]] = field(default_factory=lambda: defaultdict(list))

    def codes_of(self, visit: Ahead) -> frozenset[str]:
        """Return why the visit lies outside, as codes of conflicts; empty when it does not."""
        used = (visit.practitioner_in_use, visit.location_in_use, visit.room_in_use)
        codes = [code for code, in_use in zip(OUT_OF_USE, used, strict=True) if in_use is False]
        codes += [CODE_OF[one.kind] for one in self.absences_at(visit.practitioner_id, visit.location_id, visit)]
        return frozenset(codes if self._works(visit) else [*codes, "outside_hours"])

    def absences_at(
        self, practitioner_id: uuid.UUID, location_id: uuid.UUID, visit: Ahead | Appointment
    ) -> Iterator[Away]:
        """Yield what meets the visit."""
        for rows in (self.away.get(practitioner_id), self.closed.get(location_id), self.closed.get(None)):
            for one in rows or ():
                if one.meets(visit.start, visit.end):
                    yield one

    def _works(self, visit: Ahead) -> bool:
        """Tell whether the visit lies within the hours of its local date, stretches that touch taken together."""
        zone = ZoneInfo(visit.timezone)
        first, last = to_instant(visit.start), to_instant(visit.end)
        date = local_date(zone, first)
        until = first
        for row in self.hours.get((visit.practitioner_id, visit.location_id), ()):  # by start
            if row.weekday != date.weekday() or not _valid(row, date):
                continue
            work = stretch(zone, date, row.start_time, row.end_time)
            if work is not None and work.start <= until < work.end:
                until = work.end
        return until >= last

    def facts_of(self, visit: Appointment) -> list[Fact]:
        """Return what the conflicts' reasons read."""
        rows = self.hours.get((visit.practitioner_id, visit.location_id), ())
        hours = [Fact("hours", row.pk, visit.start, visit.end, visit.end, _detail(row)) for row in rows]
        found = self.absences_at(visit.practitioner_id, visit.location_id, visit)
        return hours + [Fact(one.kind, one.id, one.start, one.end, one.end, one.detail) for one in found]


def _valid(row: WeeklyHours, date: dt.date) -> bool:
    return (row.valid_from is None or row.valid_from <= date) and (row.valid_until is None or date <= row.valid_until)


def _detail(row: WeeklyHours) -> str:
    dates = [day.isoformat() if day else None for day in (row.valid_from, row.valid_until)]
    room = str(row.room_id) if row.room_id else None
    return json.dumps([row.weekday, row.start_time.isoformat(), row.end_time.isoformat(), *dates, room])


def load_plan(organization: Organization, visits: Collection[Ahead]) -> Plan:
    """Read what bears on these visits; two queries, none for no visit."""
    plan = Plan()
    if not visits:
        return plan
    people, places = {visit.practitioner_id for visit in visits}, {visit.location_id for visit in visits}
    first, last = min(visit.start for visit in visits), max(visit.end for visit in visits)
    for row in WeeklyHours.objects.for_organization(organization).filter(practitioner__in=people):
        plan.hours[row.practitioner_id, row.location_id].append(row)
    near = {"organization": organization, "period__startswith__lt": last, "period__endswith__gt": first}
    somewhere = Q(location__isnull=True) | Q(location__in=places)
    away = TimeOff.objects.filter(practitioner__in=people, **near)
    elsewhere = BusyTime.objects.filter(practitioner__in=people, **near)
    closed = Closure.objects.filter(somewhere, is_active=True, **near)
    rows = _as_away(away, "away", "practitioner_id", Value("")).union(
        _as_away(elsewhere, "elsewhere", "practitioner_id", F("calendar")),
        _as_away(closed, "closed", "location_id", F("reason")),
        all=True,
    )
    for kind, id_, owner, period, detail in rows:
        found = Away(kind, id_, period.lower, period.upper, detail)
        (plan.closed if kind == "closed" else plan.away)[owner].append(found)
    return plan


def _as_away(rows: QuerySet, kind: str, owner: str, detail: Value | F) -> QuerySet:
    """Shape absences alike, so that one query reads them all."""
    shaped = rows.order_by().annotate(kind=Value(kind), owner=F(owner), detail=Cast(detail, TextField()))
    return shaped.values_list("kind", "id", "owner", "period", "detail")


@dataclass(frozen=True, slots=True)
class Look:
    """The visits of a span that lie outside, by time, each with the codes of why."""

    organization: Organization
    plan: Plan
    found: dict[Ahead, frozenset[str]]

    def describe(self, ids: Collection[uuid.UUID]) -> list[OutsideVisit]:
        """Return these visits with every reason in words, by time; one query."""
        if not ids:
            return []
        visits = Appointment.objects.for_list().for_organization(self.organization).filter(pk__in=ids)
        return [
            OutsideVisit(visit, tuple(_problems(self.organization, self.plan, visit)))
            for visit in visits.order_by("start", "id")
        ]


def look_outside(span: Span) -> Look:
    """Return which visits of the span lie outside. Three queries."""
    visits = [Ahead(*row) for row in span.visits().order_by("start", "id").values_list(*_READ)]
    plan = load_plan(span.organization, visits)
    return Look(span.organization, plan, {visit: codes for visit in visits if (codes := plan.codes_of(visit))})


def find_outside(span: Span) -> dict[Ahead, frozenset[str]]:
    """Return the visits of the span that lie outside, with the codes of why, by time. Three queries."""
    return look_outside(span).found


def outside_visits(span: Span) -> list[OutsideVisit]:
    """Return the visits of the span that lie outside, with every reason in words, by time. Four queries."""
    look = look_outside(span)
    return look.describe([visit.id for visit in look.found])


def _problems(organization: Organization, plan: Plan, visit: Appointment) -> Iterator[BookingConflict]:
    wanted = Wanted(
        organization=organization,
        appointment_type=visit.appointment_type,
        practitioner=visit.practitioner,
        location=visit.location,
        start=visit.start,
        minutes=int((visit.end - visit.start).total_seconds()) // 60,
        room=visit.room,
    )
    facts = plan.facts_of(visit)
    yield from (one for one in inactive(wanted) if one.code in OUT_OF_USE)
    yield from away_or_closed(wanted, facts)
    yield from outside_hours(wanted, facts)


class _TakenBack(Exception):
    """Ends a savepoint that was only a look."""


def affected_by(change: Callable[[], object], *, span: Span) -> list[OutsideVisit]:
    """Return the visits that a change of the plan would put outside, and that are not outside for that reason already.

    Runs the change in a savepoint and takes it back: no row, no event, no message stays. What the change refuses, it
    refuses here. Visits outside the span are not looked at. Seven queries besides the change's own.
    """
    found: list[OutsideVisit] = []
    try:
        with transaction.atomic():
            found = newly_outside(change, span=span)[1]
            raise _TakenBack
    except _TakenBack:
        return found


def newly_outside(change: Callable[[], Any], *, span: Span) -> tuple[Any, list[OutsideVisit]]:
    """Run a change of the plan; return its answer, and the visits of the span that it put outside."""
    before = {visit.id: codes for visit, codes in find_outside(span).items()}
    answer = change()
    after = look_outside(span)
    new = [visit.id for visit, codes in after.found.items() if codes - before.get(visit.id, frozenset())]
    return answer, after.describe(new)
