"""Wall-clock hours as instants, on ordinary days and on those when the clocks change."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.practitioners.hours import day_bounds, day_segments, first_instant, stretch

NEW_YORK = ZoneInfo("America/New_York")
LONDON = ZoneInfo("Europe/London")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
SANTIAGO = ZoneInfo("America/Santiago")
CAIRO = ZoneInfo("Africa/Cairo")
CHATHAM = ZoneInfo("Pacific/Chatham")
KOLKATA = ZoneInfo("Asia/Kolkata")
SPRING = dt.date(2027, 3, 14)  # New York: 02:00 becomes 03:00
AUTUMN = dt.date(2027, 11, 7)  # New York: 02:00 becomes 01:00

CLOCK_CHANGES = [
    (NEW_YORK, SPRING),
    (NEW_YORK, AUTUMN),
    (LONDON, dt.date(2027, 3, 28)),
    (LONDON, dt.date(2027, 10, 31)),
    (LORD_HOWE, dt.date(2027, 4, 4)),
    (LORD_HOWE, dt.date(2027, 10, 3)),
    (SANTIAGO, dt.date(2027, 4, 3)),
    (SANTIAGO, dt.date(2027, 9, 5)),
    (CAIRO, dt.date(2027, 4, 30)),
    (CAIRO, dt.date(2027, 10, 28)),
    (CHATHAM, dt.date(2027, 4, 4)),
    (CHATHAM, dt.date(2027, 9, 26)),
    (KOLKATA, dt.date(2027, 3, 14)),
]


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)


def bounds(zone: ZoneInfo, date: dt.date, start: str, end: str) -> tuple[dt.datetime, dt.datetime] | None:
    work = stretch(zone, date, dt.time.fromisoformat(start), dt.time.fromisoformat(end))
    return work and (dt.datetime.fromtimestamp(work.start, dt.UTC), dt.datetime.fromtimestamp(work.end, dt.UTC))


def test_hours_on_an_ordinary_day_are_the_wall_clock_in_utc() -> None:
    assert bounds(NEW_YORK, dt.date(2027, 1, 4), "09:00", "17:00") == (utc(2027, 1, 4, 14), utc(2027, 1, 4, 22))


def test_hours_over_the_jump_in_spring_are_an_hour_shorter() -> None:
    assert bounds(NEW_YORK, SPRING, "01:00", "05:00") == (utc(2027, 3, 14, 6), utc(2027, 3, 14, 9))


def test_hours_that_begin_in_the_skipped_hour_begin_at_the_jump() -> None:
    assert bounds(NEW_YORK, SPRING, "02:30", "05:00") == (utc(2027, 3, 14, 7), utc(2027, 3, 14, 9))


def test_hours_that_end_in_the_skipped_hour_end_at_the_jump() -> None:
    assert bounds(NEW_YORK, SPRING, "01:00", "02:30") == (utc(2027, 3, 14, 6), utc(2027, 3, 14, 7))


def test_hours_within_the_skipped_hour_do_not_take_place() -> None:
    assert bounds(NEW_YORK, SPRING, "02:00", "03:00") is None


def test_hours_through_the_repeated_hour_include_it() -> None:
    assert bounds(NEW_YORK, AUTUMN, "00:00", "05:00") == (utc(2027, 11, 7, 4), utc(2027, 11, 7, 10))


def test_hours_that_end_with_the_repeated_hour_end_after_its_first_pass() -> None:
    assert bounds(NEW_YORK, AUTUMN, "00:00", "02:00") == (utc(2027, 11, 7, 4), utc(2027, 11, 7, 6))


def test_hours_that_begin_after_the_repeated_hour_begin_after_its_second_pass() -> None:
    assert bounds(NEW_YORK, AUTUMN, "02:00", "05:00") == (utc(2027, 11, 7, 7), utc(2027, 11, 7, 10))


def test_a_midnight_that_the_clocks_skip_begins_the_day_at_one() -> None:
    assert day_bounds(SANTIAGO, dt.date(2027, 9, 5)) == (utc(2027, 9, 5, 4), utc(2027, 9, 6, 3))
    assert first_instant(SANTIAGO, dt.date(2027, 9, 5), dt.time(0, 30)) == utc(2027, 9, 5, 4)


def test_a_repeated_time_means_its_first_occurrence() -> None:
    assert first_instant(NEW_YORK, AUTUMN, dt.time(1, 30)) == utc(2027, 11, 7, 5, 30)


@pytest.mark.parametrize(
    ("zone", "date", "hours"),
    [
        (NEW_YORK, SPRING, 23),
        (NEW_YORK, AUTUMN, 25),
        (LORD_HOWE, dt.date(2027, 4, 4), 24.5),
        (CAIRO, dt.date(2027, 10, 28), 25),
        (KOLKATA, SPRING, 24),
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(zone: ZoneInfo, date: dt.date, hours: float) -> None:
    start, end = day_bounds(zone, date)
    assert end - start == dt.timedelta(hours=hours)


@pytest.mark.parametrize(("zone", "date"), CLOCK_CHANGES)
@pytest.mark.parametrize("days", [-1, 0, 1])
def test_segments_show_each_label_of_a_day_once_in_order(zone: ZoneInfo, date: dt.date, days: int) -> None:
    date += dt.timedelta(days=days)
    shown = [
        dt.datetime.fromtimestamp(label + segment.shift, zone)
        for segment in day_segments(zone, date)
        for label in range(segment.from_label, segment.until_label, 60)
    ]
    midnight = dt.datetime.combine(date, dt.time())
    labels = [midnight + dt.timedelta(minutes=minute) for minute in range(1440)]
    existing = [
        label
        for label in labels
        if label.replace(tzinfo=zone).astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None, fold=0) == label
    ]
    assert [moment.replace(tzinfo=None) for moment in shown] == existing
    assert not any(moment.fold for moment in shown)


@given(
    day=st.dates(dt.date(2026, 1, 1), dt.date(2030, 12, 31)),
    zone=st.sampled_from([NEW_YORK, LONDON, LORD_HOWE, SANTIAGO, CAIRO, CHATHAM, KOLKATA]),
)
def test_days_follow_each_other_without_gap_or_overlap(day: dt.date, zone: ZoneInfo) -> None:
    start, end = day_bounds(zone, day)
    assert day_bounds(zone, day + dt.timedelta(days=1))[0] == end
    assert start.astimezone(zone).date() == day
    assert (end - dt.timedelta(seconds=1)).astimezone(zone).date() == day
