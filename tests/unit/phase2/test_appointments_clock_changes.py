"""Slots against the minute-by-minute model, on any day and above all on those when the clocks change (R9)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.appointments.availability import find_slots
from apps.appointments.models import Appointment, AppointmentType
from apps.core.ids import uuid7
from apps.practitioners import hours as wall
from apps.practitioners.models import TimeOff, WeeklyHours
from tests.fixtures.appointments import AppointmentTypeFactory, PractitionerTypeFactory
from tests.fixtures.minute_model import Model, ModelHours
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.practitioners import PractitionerFactory, RoomFactory, WeeklyHoursFactory

NOW = dt.datetime(2027, 1, 4, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
CHANGES = {
    "America/New_York": [dt.date(2027, 3, 14), dt.date(2027, 11, 7)],
    "Europe/London": [dt.date(2027, 3, 28), dt.date(2027, 10, 31)],
    "Australia/Lord_Howe": [dt.date(2027, 4, 4), dt.date(2027, 10, 3)],
    "America/Santiago": [dt.date(2027, 4, 3), dt.date(2027, 9, 5)],
    "Africa/Cairo": [dt.date(2027, 4, 30), dt.date(2027, 10, 28)],
    "Pacific/Chatham": [dt.date(2027, 4, 4), dt.date(2027, 9, 26)],
}
ORDINARY = {"Asia/Kolkata": [dt.date(2027, 3, 14)], "America/New_York": [dt.date(2027, 6, 1)]}

pytestmark = pytest.mark.django_db


@st.composite
def cases(
    draw: st.DrawFn, days: dict[str, list[dt.date]], *, grouped: bool = False
) -> tuple[Model, dt.datetime, dt.datetime]:
    """A practitioner's calendar around one date, and the window to search."""
    zone = ZoneInfo(draw(st.sampled_from(sorted(days))))
    date = draw(st.sampled_from(days[zone.key]))
    midnight = wall.day_bounds(zone, date)[0].replace(second=0)
    minute_of_day = st.integers(0, 287).map(lambda number: number * 5)

    def stretch(numbers: tuple[int, int]) -> tuple[dt.time, dt.time]:
        return tuple(dt.time(number // 60, number % 60) for number in sorted(numbers))

    stretches = draw(
        st.lists(
            st.tuples(minute_of_day, minute_of_day).filter(lambda pair: pair[0] != pair[1]).map(stretch),
            min_size=1,
            max_size=3,
        )
    )
    apart = [one for number, one in enumerate(stretches) if not any(_meet(one, other) for other in stretches[:number])]
    weekdays = draw(st.sets(st.sampled_from([-1, 0, 1]), min_size=1))
    periods = st.lists(
        st.builds(
            lambda start, length: (midnight + start * MINUTE, midnight + (start + length) * MINUTE),
            st.integers(-120, 400).map(lambda number: number * 5) | st.integers(-600, 2000),
            st.integers(1, 36).map(lambda number: number * 5) | st.integers(1, 180),
        ),
        max_size=6,
    )
    model = Model(
        zone=zone,
        hours=[ModelHours((date.weekday() + day) % 7, *one) for day in weekdays for one in apart],
        duration=draw(st.sampled_from([5, 15, 20, 30, 45, 60, 90])),
        before=draw(st.sampled_from([0, 0, 5, 15])),
        after=draw(st.sampled_from([0, 0, 10, 30])),
        step=draw(st.sampled_from([5, 10, 15, 20, 30, 45, 60])),
        busy=draw(periods),
        away=draw(periods),
        rooms=draw(st.none() | st.lists(periods, max_size=2)),
    )
    if grouped:
        model = replace(model, rooms=None, capacity=2)
        model = replace(model, groups=draw_groups(draw, model, midnight))
    first = midnight + draw(st.integers(-120, 600)) * MINUTE
    return model, first, first + draw(st.integers(60, 1800)) * MINUTE


def draw_groups(draw: st.DrawFn, model: Model, midnight: dt.datetime) -> list[tuple[dt.datetime, int]]:
    """Groups at any minute, with one to all of their seats taken; none where the practitioner is busy already."""
    seats = st.integers(1, model.capacity)
    wished = draw(st.lists(st.tuples(st.integers(0, 1440), seats), min_size=2, max_size=6))
    kept: list[tuple[dt.datetime, int]] = []
    for number, taken in wished:
        around = model.taken_around(midnight + number * MINUTE)
        others = [*model.busy, *(model.taken_around(start) for start, _taken in kept)]
        if not any(_meet(around, other) for other in others):
            kept.append((midnight + number * MINUTE, taken))
    return kept


def _meet(one: tuple, other: tuple) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def merged(periods: list) -> list:
    """Return the periods without overlaps, as the database's constraints would have it."""
    result: list = []
    for start, end in sorted(periods):
        if result and start < result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


class Clinic:
    """The rows of a model."""

    def __init__(self, organization, model: Model) -> None:
        self.organization = organization
        self.location = LocationFactory(organization=organization, timezone=model.zone.key)
        self.practitioner = PractitionerFactory(organization=organization)
        self.type: AppointmentType = AppointmentTypeFactory(
            organization=organization,
            duration_minutes=model.duration,
            buffer_before_minutes=model.before,
            buffer_after_minutes=model.after,
            step_minutes=model.step,
            horizon_days=500,
            needs_room=model.rooms is not None,
            capacity=model.capacity,
        )
        PractitionerTypeFactory(organization=organization, practitioner=self.practitioner, appointment_type=self.type)
        WeeklyHours.objects.bulk_create(
            WeeklyHoursFactory.build(
                organization=organization,
                practitioner=self.practitioner,
                location=self.location,
                weekday=hours.weekday,
                start_time=hours.start,
                end_time=hours.end,
            )
            for hours in model.hours
        )
        TimeOff.objects.bulk_create(
            TimeOff(organization=organization, practitioner=self.practitioner, period=DateTimeTZRange(*period))
            for period in merged(model.away)
        )
        self._occupy(self.practitioner, None, model.busy)
        for start, taken in model.groups:
            self._gather(start, taken, model)
        for periods in model.rooms or []:
            room = RoomFactory(organization=organization, location=self.location)
            self._occupy(PractitionerFactory(organization=organization), room, periods)

    def _occupy(self, practitioner, room, periods: list) -> None:
        Appointment.objects.bulk_create(
            Appointment(
                organization=self.organization,
                practitioner=practitioner,
                location=self.location,
                room=room,
                appointment_type=self.type,
                start=start,
                end=end,
                busy_period=DateTimeTZRange(start, end),
                status="held",
                held_until=NOW + dt.timedelta(days=1),
            )
            for start, end in merged(periods)
        )

    def _gather(self, start: dt.datetime, taken: int, model: Model) -> None:
        session = uuid7()
        Appointment.objects.bulk_create(
            Appointment(
                organization=self.organization,
                practitioner=self.practitioner,
                location=self.location,
                appointment_type=self.type,
                start=start,
                end=start + model.duration * MINUTE,
                busy_period=DateTimeTZRange(*model.taken_around(start)),
                session=session,
                seat=seat,
                status="held",
                held_until=NOW + dt.timedelta(days=1),
            )
            for seat in range(taken)
        )

    def starts(self, first: dt.datetime, last: dt.datetime) -> list[dt.datetime]:
        found = find_slots(organization=self.organization, appointment_type=self.type, start=first, end=last)
        return [slot.start for slot in found]


def compare(organization, case: tuple[Model, dt.datetime, dt.datetime]) -> None:
    model, first, last = case
    with transaction.atomic(), time_machine.travel(NOW, tick=False):
        found = Clinic(organization, model).starts(first, last)
        transaction.set_rollback(True)
    assert found == model.starts(first, last)


by_property = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@by_property
@given(case=cases(CHANGES))
def test_slots_equal_the_minute_model_when_the_clocks_change(organization, case) -> None:
    compare(organization, case)


@by_property
@given(case=cases(ORDINARY))
def test_slots_equal_the_minute_model_on_ordinary_days(organization, case) -> None:
    compare(organization, case)


@by_property
@given(case=cases(CHANGES | ORDINARY, grouped=True))
def test_slots_of_groups_equal_the_minute_model(organization, case) -> None:
    compare(organization, case)


@pytest.mark.parametrize(("name", "date"), [(name, date) for name, dates in CHANGES.items() for date in dates])
def test_every_time_that_the_wall_shows_is_offered_once_and_no_other(organization, name: str, date: dt.date) -> None:
    zone = ZoneInfo(name)
    found = offered_all_day(organization, zone, date)
    assert labels_of(found, zone) == shown_by_the_wall(zone, date)
    assert found == sorted(found)


def test_control_hours_counted_from_midnight_are_wrong_on_these_days(organization, monkeypatch) -> None:
    """Without the rule for changes (one offset for a whole date) the test above fails.

    Two days don't tell: there the clocks go back at midnight, and what is repeated is the last hour, after hours.
    """
    monkeypatch.setattr(wall, "day_segments", one_offset_a_day)
    right = [
        (name, date)
        for name, dates in CHANGES.items()
        for date in dates
        if labels_of(offered_all_day(organization, ZoneInfo(name), date), ZoneInfo(name))
        == shown_by_the_wall(ZoneInfo(name), date)
    ]
    assert right == [("America/Santiago", dt.date(2027, 4, 3)), ("Africa/Cairo", dt.date(2027, 10, 28))]


def one_offset_a_day(zone: ZoneInfo, date: dt.date) -> tuple[wall.Segment, ...]:
    midnight = dt.datetime.combine(date, dt.time(), tzinfo=zone)
    return (wall.Segment(0, wall.DAY, int(midnight.timestamp())),)


def offered_all_day(organization, zone: ZoneInfo, date: dt.date) -> list[dt.datetime]:
    """Return the starts that are offered when somebody works around the clock, every five minutes."""
    model = Model(
        zone, [ModelHours(date.weekday(), dt.time(0), dt.time(23, 55))], duration=5, before=0, after=0, step=5
    )
    midnight = dt.datetime.combine(date, dt.time(), tzinfo=dt.UTC)
    with time_machine.travel(NOW, tick=False):
        return Clinic(organization, model).starts(midnight - dt.timedelta(days=1), midnight + dt.timedelta(days=2))


def labels_of(found: list[dt.datetime], zone: ZoneInfo) -> list[dt.datetime]:
    return [moment.astimezone(zone).replace(tzinfo=None, fold=0) for moment in found]


def shown_by_the_wall(zone: ZoneInfo, date: dt.date) -> list[dt.datetime]:
    """Return the labels of a date that exist, every five minutes, each once."""
    day = dt.datetime.combine(date, dt.time())
    labels = [day + 5 * number * MINUTE for number in range(287)]
    return [label for label in labels if _exists(label, zone)]


def _exists(label: dt.datetime, zone: ZoneInfo) -> bool:
    shown = label.replace(tzinfo=zone).astimezone(dt.UTC).astimezone(zone)
    return shown.replace(tzinfo=None, fold=0) == label
