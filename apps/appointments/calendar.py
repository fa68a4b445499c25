"""The calendar as a grid: columns (practitioners of a day, or days of one practitioner) with blocks in minutes.

Rendered by the server from three queries, whatever the number of rows; see docs/decisions on why no calendar library.
Minutes count from the top of the grid, on the wall clock of the zone that is shown.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.appointments.models import BUSY_STATUSES, Appointment, AppointmentQuerySet, Status
from apps.core.shown import Shown
from apps.organizations.models import Location, Organization
from apps.practitioners.hours import day_bounds
from apps.practitioners.models import Practitioner, WeeklyHours
from apps.practitioners.selectors import Absence, WorkingTime, absences, working_times

Row = TypeVar("Row", Appointment, WorkingTime)

EARLIEST, LATEST = 8 * 60, 18 * 60
MARGIN = 30
PAST = (Status.FULFILLED, Status.NO_SHOW)
# What a block shows, of four tables; a whole row of each would cost twice as much.
SHOWN = (
    *("start", "end", "busy_period", "lane", "status", "version", "reason", "held_until"),
    *("confirmed_at", "arrived_at", "started_at", "practitioner_id", "location__name"),
    *("patient__given_name", "patient__family_name", "patient__name_latin"),
    *("appointment_type__name", "appointment_type__colour"),
)
STATUS_ICONS = {
    Status.ARRIVED: "hourglass",
    Status.IN_PROGRESS: "door-enter",
    Status.FULFILLED: "circle-check",
    Status.NO_SHOW: "user-x",
}


@dataclass(frozen=True, slots=True)
class Block(Shown):
    """Something in a column: a visit, a hold, a buffer, or a shaded time. `top` and `minutes` place it."""

    kind: str
    top: int
    minutes: int
    title: str = ""
    detail: str = ""
    icon: str = ""
    word: str = ""
    time: str = ""
    css: str = ""
    id: uuid.UUID | None = None
    version: int = 0
    movable: bool = False
    held_until: dt.datetime | None = None

    @property
    def place(self) -> str:
        """Return where it stands, for the style sheet (`cssvars`)."""
        return f"s:{self.top};d:{self.minutes}"

    @property
    def sentence(self) -> str:
        """Return all that it says, for those who point at it."""
        return f"{self.time} {self.title} · {self.detail} · {self.word}"

    @property
    def is_tall(self) -> bool:
        """Tell whether a second line fits."""
        return self.minutes >= 30


@dataclass(slots=True)
class Column:
    """One practitioner on one local date."""

    practitioner: Practitioner
    day: dt.date
    title: str
    detail: str = ""
    is_today: bool = False
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Grid:
    """What the page draws; `hours` are the labelled lines as (minute from the top, label)."""

    columns: list[Column]
    hours: list[tuple[int, str]]
    halves: list[int]
    first_minute: int
    minutes: int
    now_minute: int | None
    now_label: str


def with_presence(people: QuerySet, *, organization: Organization, day: dt.date, location: Location | None) -> QuerySet:
    """Annotate practitioners with `is_there`: whether they have hours or visits on the day; no query yet."""
    zone = _zone(organization, location)
    start, end = day_bounds(zone, day)
    # At a location of another zone the neighbouring dates may reach into this one.
    nearby = _hours_of(day - dt.timedelta(days=1)) | _hours_of(day + dt.timedelta(days=1))
    hours = WeeklyHours.objects.for_organization(organization).filter(
        _hours_of(day) | (nearby & ~Q(location__timezone=zone.key)),
        practitioner=OuterRef("pk"),
        location__is_active=True,
    )
    visits = _shown(Appointment.objects.for_organization(organization)).filter(
        practitioner=OuterRef("pk"), start__gte=start, start__lt=end
    )
    if location is not None:
        hours, visits = hours.filter(location=location), visits.filter(location=location)
    return people.annotate(is_there=Exists(hours) | Exists(visits))


def _hours_of(day: dt.date) -> Q:
    begun = Q(valid_from__isnull=True) | Q(valid_from__lte=day)
    not_over = Q(valid_until__isnull=True) | Q(valid_until__gte=day)
    return Q(weekday=day.weekday()) & begun & not_over


def day_grid(
    *, organization: Organization, day: dt.date, location: Location | None, practitioners: Sequence[Practitioner]
) -> Grid:
    """Return the day with a column for each of these practitioners; three queries."""
    zone = _zone(organization, location)
    return _grid(organization, zone, [(practitioner, day) for practitioner in practitioners], location)


def week_grid(
    *, organization: Organization, monday: dt.date, practitioner: Practitioner, location: Location | None
) -> Grid:
    """Return seven days of one practitioner; three queries."""
    zone = _zone(organization, location)
    days = [(practitioner, monday + dt.timedelta(days=offset)) for offset in range(7)]
    return _grid(organization, zone, days, location)


def _zone(organization: Organization, location: Location | None) -> ZoneInfo:
    return location.zone if location else organization.zone


def _grid(
    organization: Organization,
    zone: ZoneInfo,
    pairs: Sequence[tuple[Practitioner, dt.date]],
    location: Location | None,
) -> Grid:
    if not pairs:
        return Grid([], [], [], EARLIEST, LATEST - EARLIEST, None, "")
    people = list({practitioner.pk: practitioner for practitioner, _day in pairs}.values())
    start, end = day_bounds(zone, min(day for _p, day in pairs))[0], day_bounds(zone, max(day for _p, day in pairs))[1]
    visits = list(_visits(organization, people, start, end, location))
    work = working_times(organization=organization, start=start, end=end, practitioners=people, location=location)
    away = absences(organization=organization, start=start, end=end, practitioners=people, location=location)
    first, last = _extent(zone, visits, work)
    now = timezone.now().astimezone(zone)
    visits_of, hours_of = _by_column(visits, zone), _by_column(work, zone)
    columns = []
    for practitioner, day in pairs:
        mine, hours = visits_of[practitioner.pk, day], hours_of[practitioner.pk, day]
        column = Column(practitioner, day, practitioner.display_name, _load(mine), is_today=day == now.date())
        column.blocks = [*_shades(zone, day, hours, away, practitioner, first, last), *_events(zone, mine, first, now)]
        columns.append(column)
    now_minute = _minute(now) - first
    shows_now = any(column.is_today for column in columns) and 0 <= now_minute <= last - first
    return Grid(
        columns=columns,
        hours=[
            (minute - first, f"{minute // 60:02d}:00")
            for minute in range(first, last)
            if minute % 60 == 0 and minute > first
        ],
        halves=[minute - first for minute in range(first, last) if minute % 60 == 30],
        first_minute=first,
        minutes=last - first,
        now_minute=now_minute if shows_now else None,
        now_label=f"{now:%H:%M}",
    )


def _visits(
    organization: Organization,
    people: Sequence[Practitioner],
    start: dt.datetime,
    end: dt.datetime,
    location: Location | None,
) -> Iterable[Appointment]:
    rows = (
        _shown(Appointment.objects.for_organization(organization))
        .filter(practitioner__in=people)
        .between(start, end)
        .select_related("patient", "location", "appointment_type")
        .only(*SHOWN)
        .order_by("start", "lane", "id")
    )
    return rows.filter(location=location) if location is not None else rows


def _shown(rows: AppointmentQuerySet) -> AppointmentQuerySet:
    """Keep what has a place in the calendar: visits that take time, missed ones, holds that have not expired."""
    return rows.filter(status__in=[*BUSY_STATUSES, Status.NO_SHOW]).exclude(
        status=Status.HELD, held_until__lte=timezone.now()
    )


def _by_column(rows: Iterable[Row], zone: ZoneInfo) -> defaultdict[tuple[uuid.UUID, dt.date], list[Row]]:
    """Group visits or working times by practitioner and local date."""
    found = defaultdict(list)
    for row in rows:
        found[row.practitioner_id, row.start.astimezone(zone).date()].append(row)
    return found


def _minute(local: dt.datetime) -> int:
    return local.hour * 60 + local.minute


def _extent(zone: ZoneInfo, visits: Sequence[Appointment], work: Sequence[WorkingTime]) -> tuple[int, int]:
    spans = [*((v.start, v.end) for v in visits), *((w.start, w.end) for w in work)]
    starts = [_minute(start.astimezone(zone)) for start, _end in spans]
    ends = [_minute(end.astimezone(zone)) or 24 * 60 for _start, end in spans]
    first = max(0, min([EARLIEST + MARGIN, *starts]) - MARGIN)
    last = min(24 * 60, max([LATEST - MARGIN, *ends]) + MARGIN)
    return first - first % 30, last + -last % 30


def _load(visits: Sequence[Appointment]) -> str:
    places = {v.location.name for v in visits}
    booked = _("%(n)d booked") % {"n": sum(v.status != Status.HELD for v in visits)}
    return f"{next(iter(places))} · {booked}" if len(places) == 1 else booked


def _shades(
    zone: ZoneInfo,
    day: dt.date,
    hours: Sequence[WorkingTime],
    away: Sequence[Absence],
    practitioner: Practitioner,
    first: int,
    last: int,
) -> list[Block]:
    """Return what is shaded: before, between and after the hours, time off, closures of where the person works."""
    stretches = sorted((_clip(zone, day, w.start, w.end) for w in hours), key=lambda s: s[0])
    blocks = []
    at = first
    for opens, closes in stretches:
        if opens > at:
            between = at > first
            words = _("Break") if between else _("Starts %(time)s") % {"time": _label(opens)}
            blocks.append(
                _shade(at - first, opens - at, words, "" if between else "quiet", "clock-pause" if between else "")
            )
        at = max(at, closes)
    if not stretches:
        blocks.append(_shade(0, last - first, _("Not working"), "quiet", ""))
    elif at < last:
        blocks.append(_shade(at - first, last - at, _("Ends %(time)s") % {"time": _label(at)}, "quiet", ""))
    places = {w.location_id for w in hours}
    for absence in away:
        closure = absence.practitioner_id is None
        if (closure and absence.location_id is not None and absence.location_id not in places) or (
            not closure and absence.practitioner_id != practitioner.pk
        ):
            continue
        begins, ends = _clip(zone, day, absence.start, absence.end)
        begins, ends = max(begins, first), min(ends, last)
        if begins < ends:
            span = {"from": _label(begins), "to": _label(ends), "why": absence.reason}
            words = (
                _("Closed %(from)s to %(to)s · %(why)s") % span
                if closure
                else _("Time off %(from)s to %(to)s · %(why)s") % span
            )
            icon = "lock" if closure else "beach"
            blocks.append(_shade(begins - first, ends - begins, words.rstrip(" ·"), "closed" if closure else "", icon))
    return blocks


def _clip(zone: ZoneInfo, day: dt.date, start: dt.datetime, end: dt.datetime) -> tuple[int, int]:
    """Return the minutes of `day` that [start, end) covers, 0 to 1440; an empty pair when it covers none."""
    begins, ends = start.astimezone(zone), end.astimezone(zone)
    if begins.date() > day or ends.date() < day:
        return (0, 0)
    return (0 if begins.date() < day else _minute(begins), 24 * 60 if ends.date() > day else _minute(ends))


def _shade(top: int, minutes: int, title: str, css: str, icon: str) -> Block:
    return Block(kind="off", top=top, minutes=minutes, title=title, css=css, icon=icon)


def _label(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _events(zone: ZoneInfo, visits: Sequence[Appointment], first: int, now: dt.datetime) -> list[Block]:
    blocks = []
    for visit in visits:
        local = visit.start.astimezone(zone)
        top = _minute(local) - first
        minutes = int((visit.end - visit.start).total_seconds() // 60)
        beside = [o for o in visits if o is not visit and o.start < visit.end and visit.start < o.end]
        lane = "" if not beside else " half-r" if visit.lane or any(_before(o, visit) for o in beside) else " half-l"
        if visit.status == Status.HELD:
            blocks.append(
                Block(
                    "hold",
                    top,
                    minutes,
                    title=_("Held"),
                    time=_label(_minute(local)),
                    css=lane,
                    icon="hourglass",
                    held_until=visit.held_until,
                )
            )
            continue
        patient = visit.patient
        word, icon = _status_words(visit, now)
        blocks.append(
            Block(
                kind="ev",
                top=top,
                minutes=minutes,
                title=f"{patient.full_name} {patient.name_latin}".strip() if patient else "",
                detail=visit.reason or visit.appointment_type.name,
                icon=icon,
                word=word,
                time=_label(_minute(local)),
                css=f"{visit.appointment_type.colour}{' done' if visit.status in PAST else ''}{lane}",
                id=visit.pk,
                version=visit.version,
                movable=visit.status == Status.BOOKED,
            )
        )
        after = int((visit.busy_period.upper - visit.end).total_seconds() // 60)
        if after > 0 and visit.status != Status.NO_SHOW:
            blocks.append(Block("buf", top + minutes, after, title=_("%(n)d min buffer") % {"n": after}))
    return blocks


def _before(other: Appointment, visit: Appointment) -> bool:
    return (other.start, other.lane, str(other.pk)) < (visit.start, visit.lane, str(visit.pk))


def _status_words(visit: Appointment, now: dt.datetime) -> tuple[str, str]:
    if visit.status == Status.ARRIVED and visit.arrived_at:
        return _("Waiting %(n)d min") % {"n": (now - visit.arrived_at).seconds // 60}, "hourglass"
    if visit.status == Status.IN_PROGRESS and visit.started_at:
        return _("In room %(n)d min") % {"n": (now - visit.started_at).seconds // 60}, "door-enter"
    if visit.status in STATUS_ICONS:
        return str(visit.get_status_display()), STATUS_ICONS[Status(visit.status)]
    if now - visit.start > dt.timedelta(minutes=5):
        return _("%(n)d min late") % {"n": int((now - visit.start).total_seconds() // 60)}, "clock-exclamation"
    return (_("Confirmed"), "calendar-check") if visit.is_confirmed else (_("Not confirmed"), "circle-dashed")


def week_title(monday: dt.date) -> str:
    """Return `24 to 30 November` or, across months, `30 November to 6 December`."""
    sunday = monday + dt.timedelta(days=6)
    start = date_format(monday, "j" if monday.month == sunday.month else "j F")
    return _("%(start)s to %(end)s") % {
        "start": start,
        "end": date_format(sunday, "j F Y" if sunday.year != timezone.now().year else "j F"),
    }
