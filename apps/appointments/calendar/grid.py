"""The calendar as a grid: columns (practitioners or rooms of a day, days of a practitioner) with blocks in minutes.

Rendered by the server from three queries, whatever the number of rows; see docs/decisions on why no calendar library.
Minutes count from the top of the grid, on the wall clock of the zone that is shown.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.appointments.calendar.blocks import Wall, blocks_of
from apps.appointments.calendar.minutes import DAY_MINUTES, label_of, minute_of
from apps.appointments.calendar.shades import shades_of_person, shades_of_room
from apps.appointments.calendar.shapes import Column, Entry, Grid
from apps.appointments.calendar.visits import Visit, visits_between
from apps.appointments.models import Status
from apps.organizations.models import Location, Organization
from apps.practitioners.hours import day_bounds
from apps.practitioners.models import Practitioner, Room
from apps.practitioners.selectors import WorkingTime, absences, working_times

Row = TypeVar("Row", Visit, WorkingTime)

EARLIEST, LATEST = 8 * 60, 18 * 60
MARGIN = 30


def day_grid(
    *,
    organization: Organization,
    day: dt.date,
    location: Location | None,
    practitioners: Sequence[Practitioner],
    only_type: uuid.UUID | None = None,
) -> Grid:
    """Return the day with a column for each of these practitioners; three queries."""
    pairs = [(practitioner, day) for practitioner in practitioners]
    return _people_grid(organization, pairs, location, only_type)


def week_grid(
    *,
    organization: Organization,
    monday: dt.date,
    practitioner: Practitioner,
    location: Location | None,
    only_type: uuid.UUID | None = None,
) -> Grid:
    """Return seven days of one practitioner; three queries."""
    days = [(practitioner, monday + dt.timedelta(days=offset)) for offset in range(7)]
    return _people_grid(organization, days, location, only_type)


def room_grid(
    *,
    organization: Organization,
    day: dt.date,
    location: Location | None,
    rooms: Sequence[Room],
    with_roomless: bool = True,
    only_type: uuid.UUID | None = None,
) -> Grid:
    """Return the day with a column for each of these rooms, and one for visits without a room if there are; two queries."""
    zone = (location or organization).zone
    start, end = day_bounds(zone, day)
    rows = visits_between(organization=organization, start=start, end=end, location=location)
    ids = {room.pk for room in rooms}
    visits = [v for v in rows if v.room_id in ids or (with_roomless and v.room_id is None)]
    away = absences(organization=organization, start=start, end=end, practitioners=[], location=location)
    first, last = _extent(zone, [(v.start, v.end) for v in visits])
    wall = Wall(zone, first, timezone.now().astimezone(zone), only_type, names_people=True)
    is_today = day == wall.now.date()
    in_room: defaultdict[uuid.UUID | None, list[Visit]] = defaultdict(list)
    for visit in visits:
        in_room[visit.room_id].append(visit)
    columns = []
    for room in rooms:
        column = Column(day, room.name, room=room, is_today=is_today)
        column.detail = f"{_booked(in_room[room.pk])} · {room.location.name}"
        column.blocks = [*shades_of_room(zone, day, away, room, first, last), *blocks_of(in_room[room.pk], wall)]
        columns.append(column)
    if in_room[None]:
        column = Column(day, _("No room"), detail=_booked(in_room[None]), is_today=is_today)
        column.blocks = blocks_of(in_room[None], wall)
        columns.append(column)
    return _ruled(columns, wall, last)


def agenda(grid: Grid) -> list[Entry]:
    """Return the visits, groups and holds of a day's grid in order of time."""
    now_minute = grid.now_minute
    entries = [
        Entry(
            block,
            who=column.practitioner.short_name if column.practitioner else column.title,
            is_over=now_minute is not None and block.top + block.minutes <= now_minute,
            is_now=now_minute is not None and block.top <= now_minute < block.top + block.minutes,
        )
        for column in grid.columns
        for block in column.blocks
        if block.kind in ("ev", "hold")
    ]
    return sorted(entries, key=lambda entry: (entry.block.top, entry.who, entry.block.title))


def _people_grid(
    organization: Organization,
    pairs: Sequence[tuple[Practitioner, dt.date]],
    location: Location | None,
    only_type: uuid.UUID | None,
) -> Grid:
    if not pairs:
        return Grid([], [], [], EARLIEST, LATEST - EARLIEST, None, "")
    zone = (location or organization).zone
    people = list({practitioner.pk: practitioner for practitioner, _day in pairs}.values())
    start, end = day_bounds(zone, min(day for _p, day in pairs))[0], day_bounds(zone, max(day for _p, day in pairs))[1]
    where: dict[str, Any] = {
        "organization": organization,
        "start": start,
        "end": end,
        "practitioners": people,
        "location": location,
    }
    visits = visits_between(
        organization=organization, start=start, end=end, location=location, practitioners=[p.pk for p in people]
    )
    work = working_times(**where)
    away = absences(**where, with_busy_times=True)
    first, last = _extent(zone, [*((v.start, v.end) for v in visits), *((w.start, w.end) for w in work)])
    wall = Wall(zone, first, timezone.now().astimezone(zone), only_type)
    visits_of, hours_of = _by_column(visits, zone), _by_column(work, zone)
    columns = []
    for practitioner, day in pairs:
        mine, hours = visits_of[practitioner.pk, day], hours_of[practitioner.pk, day]
        column = Column(day, practitioner.display_name, practitioner, is_today=day == wall.now.date())
        column.detail = _load(mine)
        column.blocks = [
            *shades_of_person(zone, day, hours, away, practitioner, first, last),
            *blocks_of(mine, wall),
        ]
        columns.append(column)
    return _ruled(columns, wall, last)


def _ruled(columns: list[Column], wall: Wall, last: int) -> Grid:
    """Return the columns with the lines of the hours and of now."""
    first = wall.first
    now_minute = minute_of(wall.now) - first
    shows_now = any(column.is_today for column in columns) and 0 <= now_minute <= last - first
    return Grid(
        columns=columns,
        hours=[(m - first, f"{m // 60:02d}:00") for m in range(first, last) if m % 60 == 0 and m > first],
        halves=[minute - first for minute in range(first, last) if minute % 60 == 30],
        first_minute=first,
        minutes=last - first,
        now_minute=now_minute if shows_now else None,
        now_label=label_of(minute_of(wall.now)),
    )


def _by_column(rows: Iterable[Row], zone: ZoneInfo) -> defaultdict[tuple[uuid.UUID, dt.date], list[Row]]:
    """Group visits or working times by practitioner and local date."""
    found = defaultdict(list)
    for row in rows:
        found[row.practitioner_id, row.start.astimezone(zone).date()].append(row)
    return found


def _extent(zone: ZoneInfo, spans: Sequence[tuple[dt.datetime, dt.datetime]]) -> tuple[int, int]:
    starts = [minute_of(start.astimezone(zone)) for start, _end in spans]
    ends = [minute_of(end.astimezone(zone)) or DAY_MINUTES for _start, end in spans]
    first = max(0, min([EARLIEST + MARGIN, *starts]) - MARGIN)
    last = min(DAY_MINUTES, max([LATEST - MARGIN, *ends]) + MARGIN)
    return first - first % 30, last + -last % 30


def _booked(visits: Sequence[Visit]) -> str:
    return _("%(n)d booked") % {"n": sum(v.status != Status.HELD for v in visits)}


def _load(visits: Sequence[Visit]) -> str:
    places = {v.location__name for v in visits}
    booked = _booked(visits)
    return f"{booked} · {next(iter(places))}" if len(places) == 1 else booked


def week_title(monday: dt.date) -> str:
    """Return `24 to 30 November` or, across months, `30 November to 6 December`."""
    sunday = monday + dt.timedelta(days=6)
    start = date_format(monday, "j" if monday.month == sunday.month else "j F")
    return _("%(start)s to %(end)s") % {
        "start": start,
        "end": date_format(sunday, "j F Y" if sunday.year != timezone.now().year else "j F"),
    }
