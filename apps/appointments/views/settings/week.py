"""A week of working hours while it is being edited: stretches as typed, by weekday, each with its own errors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.core.dates import read_day
from apps.core.errors import InvalidInput
from apps.organizations.models import Location
from apps.practitioners.models import Practitioner, Room
from apps.practitioners.services import HoursRow, check_weekly_hours

WORKDAYS, ALL_DAYS = range(5), range(7)
MOST_STRETCHES = 60
USUAL = (("09:00", "12:30"), ("13:30", "17:00"))
Dates = tuple[dt.date | None, dt.date | None]


@dataclass(slots=True)
class Typed:
    """A stretch as somebody typed it; `where` is a location's id, or `location:room`."""

    weekday: int
    start: str
    end: str
    where: str
    errors: list[str] = field(default_factory=list)
    is_new: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.start and not self.end

    @property
    def span(self) -> tuple[int, int] | None:
        """Return begin and end in minutes of the day, None while they can't be read."""
        begins, ends = _time(self.start), _time(self.end)
        if begins is None or ends is None or begins >= ends:
            return None
        return begins.hour * 60 + begins.minute, ends.hour * 60 + ends.minute


def _time(text: str) -> dt.time | None:
    try:
        return dt.time.fromisoformat(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Places:
    """Where hours can be: active locations and their active rooms, and what the person's hours name already."""

    locations: dict[str, Location]
    rooms: dict[str, Room]

    @classmethod
    def of(cls, practitioner: Practitioner, rows: Iterable[HoursRow], active: Iterable[Location]) -> Places:
        """Return the places of the practitioner's clinic, the active ones given. One query."""
        used_rooms = {row.room.pk for row in rows if row.room}
        places = {str(place.pk): place for place in [*active, *(row.location for row in rows)]}
        rooms = Room.objects.filter(organization_id=practitioner.organization_id).select_related("location")
        return cls(
            dict(sorted(places.items(), key=lambda one: one[1].name)),
            {str(room.pk): room for room in rooms.order_by("name") if room.is_active or room.pk in used_rooms},
        )

    @property
    def choices(self) -> list[tuple[Location, list[tuple[str, str]]]]:
        """Return what a stretch may say, by location: the location with no particular room, then its rooms."""
        return [
            (
                place,
                [
                    (key, _("any room")),
                    *((f"{key}:{room.pk}", room.name) for room in self.rooms.values() if room.location_id == place.pk),
                ],
            )
            for key, place in self.locations.items()
        ]

    def read(self, where: str) -> tuple[Location, Room | None] | None:
        """Return the place that a stretch names, None when there is no such place (any more)."""
        key, _colon, room_key = where.partition(":")
        place, room = self.locations.get(key), self.rooms.get(room_key)
        return None if place is None or (room_key and room is None) else (place, room)


def where_of(row: HoursRow) -> str:
    return f"{row.location.pk}:{row.room.pk}" if row.room else str(row.location.pk)


@dataclass(slots=True)
class Week:
    """The stretches of one validity, as they stand in the form."""

    places: Places
    stretches: list[Typed]
    valid_from: str = ""
    valid_until: str = ""
    errors: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of_rows(cls, places: Places, rows: Sequence[HoursRow], dates: Dates) -> Week:
        """Return what is saved."""
        stretches = [
            Typed(row.weekday, f"{row.start_time:%H:%M}", f"{row.end_time:%H:%M}", where_of(row)) for row in rows
        ]
        first, last = (day.isoformat() if day else "" for day in dates)
        return cls(places, stretches, first, last)

    @classmethod
    def of_post(cls, places: Places, data: QueryDict) -> Week:
        """Return what was sent; stretches with an impossible weekday are left out."""
        columns = zip(*(data.getlist(name) for name in ("weekday", "start", "end", "where")), strict=False)
        stretches = [
            Typed(int(weekday), start.strip()[:5], end.strip()[:5], where)
            for weekday, start, end, where in list(columns)[:MOST_STRETCHES]
            if weekday in {"0", "1", "2", "3", "4", "5", "6"}
        ]
        return cls(places, stretches, data.get("valid_from", ""), data.get("valid_until", ""))

    # what the buttons do

    def add(self, weekday: int) -> None:
        """Add an empty stretch to a day, where the day's, else the week's, last one is."""
        near = [one for one in self.stretches if one.weekday == weekday] or self.stretches
        where = near[-1].where if near else next(iter(self.places.locations), "")
        self.stretches.append(Typed(weekday, "", "", where, is_new=True))

    def remove(self, position: int) -> None:
        """Take out the stretch at a position of `stretches`."""
        if 0 <= position < len(self.stretches):
            del self.stretches[position]

    def copy(self, weekday: int, targets: Iterable[int]) -> None:
        """Make other days like this one, replacing what they had."""
        source = [one for one in self.stretches if one.weekday == weekday]
        days = [day for day in targets if day != weekday]
        self.stretches = [one for one in self.stretches if one.weekday not in days]
        self.stretches += [Typed(day, one.start, one.end, one.where) for day in days for one in source]

    def fill(self) -> None:
        """Suggest the usual hours of a clinic for Monday to Friday."""
        where = next(iter(self.places.locations), "")
        self.stretches = [Typed(day, start, end, where) for day in WORKDAYS for start, end in USUAL]

    # reading and checking

    def dates(self) -> Dates:
        """Return the validity; an unreadable date is an error and counts as open."""
        found: list[dt.date | None] = []
        for name in ("valid_from", "valid_until"):
            text = getattr(self, name)
            found.append(read_day(text))
            if text and found[-1] is None:
                self.errors[name] = [_("That is no date.")]
        if found[0] and found[1] and found[0] > found[1]:
            self.errors["valid_until"] = [_("The last day lies before the first.")]
        return found[0], found[1]

    def rows(self, practitioner: Practitioner, others: Sequence[HoursRow]) -> list[HoursRow]:
        """Return the stretches as rows; what is wrong with each is noted on it (empty ones are nothing, not wrong).

        `others` are the person's hours of other validities, which these may not overlap.
        """
        dates = self.dates()
        read: list[tuple[Typed, HoursRow]] = []
        for one in self.stretches:
            one.errors = []
            row = self._row(one, dates)
            if row is not None:
                read.append((one, row))
        rows = [row for _one, row in read]
        try:
            check_weekly_hours(practitioner, [*rows, *others])
        except InvalidInput as refusal:
            for position, sentences in refusal.extra["rows"].items():
                if position < len(read) and "valid_until" not in self.errors:
                    read[position][0].errors += sentences
        return rows

    def _row(self, one: Typed, dates: Dates) -> HoursRow | None:
        if one.is_empty:
            return None
        begins, ends, place = _time(one.start), _time(one.end), self.places.read(one.where)
        if begins is None or ends is None:
            one.errors.append(_("Give both times, for example 09:00 and 12:30."))
        if place is None:
            one.errors.append(_("This place is out of use. Choose another."))
        if begins is None or ends is None or place is None:
            return None
        return HoursRow(one.weekday, place[0], begins, ends, place[1], *dates)

    @property
    def is_wrong(self) -> bool:
        return bool(self.errors) or any(one.errors for one in self.stretches)

    # showing

    @property
    def days(self) -> list[dict[str, Any]]:
        """Return the weekdays with their stretches by time, their sums, and the bars that show them."""
        spans = [one.span for one in self.stretches if one.span]
        first = min([begin for begin, _end in spans] + [8 * 60]) // 60 * 60
        last = -(-max([end for _begin, end in spans] + [18 * 60]) // 60) * 60
        days = []
        for weekday in ALL_DAYS:
            own = [(place, one) for place, one in enumerate(self.stretches) if one.weekday == weekday]
            own.sort(key=lambda pair: (pair[1].is_empty, pair[1].start))
            bars = [one.span for _place, one in own if one.span]
            days.append(
                {
                    "weekday": weekday,
                    "name": str(WEEKDAYS[weekday]),
                    "stretches": own,
                    "total": spell_minutes(sum(end - begin for begin, end in bars)),
                    "bars": [
                        {
                            "s": round((begin - first) * 100 / (last - first), 2),
                            "d": round((end - begin) * 100 / (last - first), 2),
                        }
                        for begin, end in bars
                    ],
                }
            )
        return days

    @property
    def total(self) -> str:
        return spell_minutes(sum(one.span[1] - one.span[0] for one in self.stretches if one.span))


def spell_minutes(minutes: int) -> str:
    """Return a length as people say it: 7 h 30."""
    if not minutes:
        return ""
    hours, rest = divmod(minutes, 60)
    return _("%(h)d h %(m)02d") % {"h": hours, "m": rest} if rest else _("%(h)d h") % {"h": hours}


def validity_label(dates: Dates) -> str:
    """Return from when until when hours hold, in words."""
    first, last = dates
    if first and last:
        return _("%(first)s to %(last)s") % {"first": _day(first), "last": _day(last)}
    if first:
        return _("From %(day)s on") % {"day": _day(first)}
    return _("Until %(day)s") % {"day": _day(last)} if last else _("Always")


def _day(day: dt.date) -> str:
    return date_format(day, "j M Y")


def key_of(dates: Dates) -> str:
    """Return what stands for a validity in an address: 2027-03-01_ for “from 1 March 2027 on”."""
    return "_".join(day.isoformat() if day else "" for day in dates)


def validities(rows: Iterable[HoursRow]) -> dict[str, Dates]:
    """Return the validities of a person's hours by key, in order of time."""
    found = {(row.valid_from, row.valid_until) for row in rows}
    ordered = sorted(found, key=lambda one: (one[0] or dt.date.min, one[1] or dt.date.max))
    return {key_of(dates): dates for dates in ordered}
