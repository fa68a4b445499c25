"""Free slots: working hours − time off − closures − busy periods, for any number of practitioners in one query.

What a slot promises, and `conflicts.check_booking` would confirm:

- The visit lies within one stretch of the practitioner's weekly hours at the location (wall time; what happens when the
  clocks change is in `practitioners.hours`) and outside time off and closures. Its buffers may reach beyond the hours.
- Visit and buffers overlap no busy period (which includes the other's buffers) of the practitioner, in any lane, nor
  of the room. A hold counts until it expires, not until it is swept.
- A group type is also offered at the time of each of its groups that has a seat left.
- Otherwise it starts on the type's grid, counted from the start of the stretch; not before the minimum notice; at most
  `horizon_days` local dates ahead.

The database collects the rows into arrays (`availability_query`), the subtraction runs here, on integers and only as
far as slots are asked for: as fast as multiranges in SQL (BENCHMARKS: B1, B2), and the wall clock is read by the same
code that shows times to people.
"""

from __future__ import annotations

import datetime as dt
import heapq
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from operator import itemgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.availability_query import (
    Gap,
    Hours,
    OwnVisits,
    Person,
    Place,
    Scene,
    load_scene,
)
from apps.appointments.models import AppointmentType
from apps.core.errors import NotFound
from apps.core.models import TenantModel
from apps.organizations.models import Location, Organization
from apps.patients.models import Patient
from apps.practitioners.hours import Stretch, from_instant, local_date, stretch, to_instant
from apps.practitioners.models import Practitioner, Room

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Slot:
    """A free time for one visit, [start, end) in UTC without buffers; `room_id` only when the type needs a room."""

    practitioner_id: uuid.UUID
    practitioner_name: str
    location_id: uuid.UUID
    location_name: str
    room_id: uuid.UUID | None
    start: dt.datetime
    end: dt.datetime
    timezone: str

    @property
    def local_start(self) -> dt.datetime:
        """Return the start on the location's wall clock."""
        return self.start.astimezone(ZoneInfo(self.timezone))


def find_slots(
    *,
    organization: Organization,
    appointment_type: AppointmentType,
    start: dt.datetime,
    end: dt.datetime,
    practitioners: Sequence[Practitioner] | None = None,
    location: Location | None = None,
    room: Room | None = None,
    limit: int | None = None,
    per_practitioner: int | None = None,
    not_before: dt.datetime | None = None,
    online: bool = False,
    in_series: bool = False,
) -> list[Slot]:
    """Return the free slots that start in [start, end), earliest first. One query for any number of practitioners.

    Without `practitioners`, everybody active who offers the type. With `room`, that room has to be free as well. `limit` bounds the answer, `per_practitioner` each
    person's share of it. `online` asks on behalf of a patient: types that only staff may book then have no slots. Visits of
    a series may lie beyond how far ahead the type is booked, so `in_series` looks there as well.
    Runs inside the organization's scope. Raises NotFound for objects of another organization.
    """
    search = _begin_search(
        organization=organization,
        appointment_type=appointment_type,
        start=start,
        end=end,
        practitioners=practitioners,
        location=location,
        room=room,
        not_before=not_before,
        online=online,
        in_series=in_series,
    )
    if search is None:
        return []
    return search.slots(limit if per_practitioner is None else per_practitioner, limit)


def _begin_search(
    *,
    organization: Organization,
    appointment_type: AppointmentType,
    start: dt.datetime,
    end: dt.datetime,
    minutes: int | None = None,
    practitioners: Sequence[Practitioner] | None = None,
    location: Location | None = None,
    room: Room | None = None,
    not_before: dt.datetime | None = None,
    online: bool = False,
    in_series: bool = False,
    own_visits: OwnVisits | None = None,
    scene: Scene | None = None,
) -> _Search | None:
    """Read what the search looks at, one query, unless that is the `scene`; None when clearly there is no slot."""
    require_same_organization(organization, appointment_type, location, room, *(practitioners or ()))
    now = timezone.now()
    window = search_window(
        appointment_type, start, end, now=now, not_before=not_before, online=online, in_series=in_series
    )
    if window is None or (practitioners is not None and not practitioners):
        return None
    scene = scene or load_scene(
        organization_id=organization.pk,
        appointment_type=appointment_type,
        minutes=minutes or appointment_type.duration_minutes,
        lower=window[0],
        upper=window[1],
        practitioner_ids=None if practitioners is None else [practitioner.pk for practitioner in practitioners],
        location_id=location.pk if location else None,
        room_id=room.pk if room else None,
        now=now,
        own_visits=own_visits,
    )
    return _Search(
        scene, appointment_type, now, window, minutes=minutes, has_room=room is not None, has_horizon=not in_series
    )


def search_window(
    appointment_type: AppointmentType,
    start: dt.datetime,
    end: dt.datetime,
    *,
    now: dt.datetime,
    not_before: dt.datetime | None = None,
    online: bool = False,
    in_series: bool = False,
) -> tuple[dt.datetime, dt.datetime] | None:
    """Return the part of [start, end) in which visits of the type may start; None when there is none, or no such visit."""
    if not appointment_type.is_active or (online and not appointment_type.online_bookable):
        return None
    earliest = max(start, now + dt.timedelta(minutes=appointment_type.minimum_notice_minutes), not_before or start)
    latest = end if in_series else min(end, now + dt.timedelta(days=appointment_type.horizon_days + 2))
    return (earliest, latest) if earliest < latest else None


def near(start: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return [begin, end) in which slots near a wanted start are looked for first."""
    return start - DAY, start + 7 * DAY


def nearest_slots(
    *,
    organization: Organization,
    appointment_type: AppointmentType,
    practitioner: Practitioner,
    location: Location,
    start: dt.datetime,
    minutes: int | None = None,
    room: Room | None = None,
    count: int = 3,
    patient: Patient | None = None,
    ignore: Collection[uuid.UUID] = (),
    in_series: bool = False,
    scene: Scene | None = None,
) -> list[Slot]:
    """Return the free slots nearest to a wanted start, in order of time; this person at this place before others.

    They last as long as the type unless `minutes` says otherwise; this person's are in the `room`, where one is named.
    Times at which the patient has another visit are left out, but for the visits to `ignore` (those that move). One query
    when this practitioner has enough in the days `near` the start, none when the `scene` of those was just read; another
    asks everybody who offers the type.
    """
    first, last = near(start)
    far = start + 30 * DAY
    own_visits = OwnVisits(patient.pk, first, far, list(ignore)) if patient is not None else None
    search = _begin_search(
        organization=organization,
        appointment_type=appointment_type,
        start=first,
        end=last,
        minutes=minutes,
        practitioners=[practitioner],
        location=location,
        room=room,
        in_series=in_series,
        own_visits=own_visits,
        scene=scene,
    )
    found = search.nearest(start, count) if search is not None else []
    if len(found) < count:
        wider = _begin_search(
            organization=organization,
            appointment_type=appointment_type,
            start=first,
            end=far,
            minutes=minutes,
            in_series=in_series,
            own_visits=own_visits,
        )
        known = {(slot.practitioner_id, slot.start) for slot in found}
        others = [slot for slot in wider.slots(50) if (slot.practitioner_id, slot.start) not in known] if wider else []
        others.sort(key=lambda slot: (abs(slot.start - start), slot.practitioner_id != practitioner.pk))
        found += others[: count - len(found)]
    return sorted(found, key=lambda slot: slot.start)


def require_same_organization(organization: Organization, *objects: TenantModel | None) -> None:
    """Raise NotFound when one of the objects belongs to another organization."""
    if any(thing is not None and thing.organization_id != organization.pk for thing in objects):
        raise NotFound(_("There is no such object in your organization."))


class _Found(NamedTuple):
    """A start that is free."""

    start: int
    order: int
    person: Person
    place: Place
    room_id: uuid.UUID | None


_in_time = itemgetter(0, 1)


def _earliest_first(sequences: Sequence[Iterator[_Found]]) -> Iterator[_Found]:
    return sequences[0] if len(sequences) == 1 else heapq.merge(*sequences, key=_in_time)


class _Search:
    """One search over one scene. Lazy: asking for each person's first three slots costs their first days only."""

    def __init__(
        self,
        scene: Scene,
        wanted: AppointmentType,
        now: dt.datetime,
        window: tuple[dt.datetime, dt.datetime],
        *,
        minutes: int | None,
        has_room: bool,
        has_horizon: bool,
    ) -> None:
        self.scene = scene
        self.now = to_instant(now)
        self.first = to_instant(window[0] + dt.timedelta(microseconds=999_999))
        self.last = to_instant(window[1] - dt.timedelta(microseconds=1))
        self.duration = (minutes or wanted.duration_minutes) * 60
        self.before = wanted.buffer_before_minutes * 60
        self.after = self.duration + wanted.buffer_after_minutes * 60
        self.step = wanted.step_minutes * 60
        self.horizon = dt.timedelta(days=wanted.horizon_days) if has_horizon else None
        self.needs_room = wanted.needs_room or has_room
        self.elsewhere = [(to_instant(begin), to_instant(end)) for begin, end in scene.elsewhere]

    def slots(self, share: int | None, limit: int | None = None) -> list[Slot]:
        """Return the slots while the patient is free, earliest first: `share` of each person's, `limit` of all."""
        by_person = self._by_person(share)
        if limit is None:
            return [self._present(found) for found in sorted(chain.from_iterable(by_person), key=_in_time)]
        return [self._present(found) for found in islice(_earliest_first(by_person), limit)]

    def nearest(self, wish: dt.datetime, count: int) -> list[Slot]:
        """Return the slots nearest to a wish while the patient is free; looks no further ahead than it must."""
        instant, close, behind = to_instant(wish), [], 0
        for found in _earliest_first(self._by_person()):
            close.append(found)
            behind += found.start >= instant
            if behind == count:
                break
        chosen = heapq.nsmallest(count, close, key=lambda found: (abs(found.start - instant), found.start))
        return [self._present(found) for found in chosen]

    def _by_person(self, share: int | None = None) -> list[Iterator[_Found]]:
        """Return where each person can start, earliest first, `share` of them at most."""
        return [
            islice(filter(self._suits_the_patient, starts) if self.elsewhere else starts, share)
            for starts in (self._starts_of(person, order) for order, person in enumerate(self.scene.people))
        ]

    def _suits_the_patient(self, found: _Found) -> bool:
        end = found.start + self.duration
        return not any(begins < end and found.start < ends for begins, ends in self.elsewhere)

    def _starts_of(self, person: Person, order: int) -> Iterator[_Found]:
        """Yield where the person can start, earliest first."""
        places = [
            place for key, place in self.scene.places.items() if any(hours.place == key for hours in person.hours)
        ]
        return _earliest_first([self._starts_at(person, order, place) for place in places])

    def _starts_at(self, person: Person, order: int, place: Place) -> Iterator[_Found]:
        week: list[list[Hours]] = [[] for _day in range(7)]
        for hours in person.hours:
            if hours.place == str(place.id):
                week[hours.weekday].append(hours)
        date = local_date(place.zone, self.first)
        final = local_date(place.zone, self.last)
        if self.horizon is not None:
            final = min(final, local_date(place.zone, self.now) + self.horizon)
        while date <= final:
            for hours in week[date.weekday()]:
                if hours.hold_on(date):
                    yield from self._starts_within(person, order, place, hours, date)
            date += DAY

    def _starts_within(self, person: Person, order: int, place: Place, hours: Hours, date: dt.date) -> Iterator[_Found]:
        work = stretch(place.zone, date, hours.start, hours.end)
        if work is None:
            return
        first, last = max(work.start, self.first), min(work.end - self.duration, self.last)
        gaps = person.busy.gaps(first, last, self.before, self.after)
        gaps += person.away.gaps(first, last, 0, self.duration)
        gaps += place.closed.gaps(first, last, 0, self.duration)
        gaps.sort()
        free = self._starts_between(person, order, place, hours, work, _between(gaps, first, last))
        joined = [
            _Found(group.start, order, person, place, group.room)
            for group in person.groups
            if group.place == str(place.id)
            and (group.room is None or not self.needs_room or self._has_room(place, group.room))
            and first <= group.start <= last
            and person.away.allow(group.start, 0, self.duration)
            and place.closed.allow(group.start, 0, self.duration)
        ]
        yield from heapq.merge(free, joined, key=_in_time) if joined else free

    def _starts_between(
        self, person: Person, order: int, place: Place, hours: Hours, work: Stretch, stretches: Iterator[Gap]
    ) -> Iterator[_Found]:
        for low, high in stretches:
            for start in work.grid(self.step, low, high):
                room_id = self._room(place, hours, start) if self.needs_room else None
                if room_id is not None or not self.needs_room:
                    yield _Found(start, order, person, place, room_id)

    def _has_room(self, place: Place, room_id: uuid.UUID) -> bool:
        return any(room.id == room_id for room in self.scene.rooms.get(str(place.id), ()))

    def _room(self, place: Place, hours: Hours, start: int) -> uuid.UUID | None:
        """Return a room that is free: the person's usual one, else the first by name."""
        rooms = self.scene.rooms.get(str(place.id), ())
        free = [room.id for room in rooms if room.busy.allow(start, self.before, self.after)]
        return next((room_id for room_id in free if str(room_id) == hours.room), free[0] if free else None)

    def _present(self, found: _Found) -> Slot:
        """Return the slot as others know it."""
        return Slot(
            practitioner_id=found.person.id,
            practitioner_name=found.person.name,
            location_id=found.place.id,
            location_name=found.place.name,
            room_id=found.room_id,
            start=from_instant(found.start),
            end=from_instant(found.start + self.duration),
            timezone=found.place.zone.key,
        )


def _between(gaps: list[Gap], first: int, last: int) -> Iterator[Gap]:
    """Yield the closed intervals of [first, last] that the sorted open gaps leave."""
    for low, high in gaps:
        if first > last:
            return
        if low >= first:
            yield first, min(low, last)
        first = max(first, high)
    if first <= last:
        yield first, last
