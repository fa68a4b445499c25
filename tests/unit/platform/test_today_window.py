"""Which visits of a long day the board shows: around now, whoever needs a hand, what was opened; and nothing is lost."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.appointments.models import Status
from apps.portal.today import window
from apps.portal.today.window import AHEAD, CROWD, MOST_OPEN, PAGE, RECENT, Visit, around_now, first, latest, whole

EIGHT = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)


def at(minute: int) -> dt.datetime:
    return EIGHT + dt.timedelta(minutes=minute)


def visit(minute: int, status: str = Status.BOOKED) -> Visit:
    return Visit(uuid.uuid4(), at(minute), status, uuid.uuid4(), uuid.uuid4(), None)


def visits(*runs: tuple[int, str]) -> list[Visit]:
    """Return one visit a minute from eight on: so many of each status."""
    statuses = [status for number, status in runs for _ in range(number)]
    return [visit(minute, status) for minute, status in enumerate(statuses)]


class TestAroundNow:
    def test_short_day_is_shown_whole(self):
        day = visits((2, Status.FULFILLED), (3, Status.BOOKED))
        cut = around_now(day, at(3), since=None, until=None)
        assert (cut.shown, cut.folded, cut.later) == (day, [], [])

    def test_finished_start_of_the_day_is_folded_but_its_last_line(self):
        day = visits((5, Status.FULFILLED), (1, Status.NO_SHOW), (2, Status.BOOKED))
        cut = around_now(day, at(6), since=None, until=None)
        assert (cut.folded, cut.shown) == (day[:5], day[5:])
        assert cut.folded_until == day[5].start

    def test_three_finished_visits_are_not_in_the_way(self):
        day = visits((3, Status.FULFILLED), (2, Status.BOOKED))
        assert around_now(day, at(3), since=None, until=None).folded == []

    def test_somebody_still_open_since_the_morning_stays_in_sight_on_a_crowded_day(self):
        day = visits((1, Status.BOOKED), (CROWD * 3, Status.FULFILLED), (10, Status.BOOKED))
        now = at(CROWD * 3)
        cut = around_now(day, now, since=None, until=None)
        assert cut.shown[0] is day[0]
        assert len(cut.shown) == 1 + RECENT + 10
        assert all(visit.is_past for visit in cut.folded)

    def test_a_quiet_day_with_somebody_open_folds_nothing(self):
        day = visits((1, Status.BOOKED), (CROWD - 1, Status.FULFILLED), (10, Status.BOOKED))
        assert around_now(day, at(CROWD - 1), since=None, until=None).folded == []

    def test_hundreds_that_nobody_closed_are_folded_too_from_the_oldest_on(self):
        day = visits((400, Status.BOOKED), (5, Status.BOOKED))
        cut = around_now(day, at(399), since=None, until=None)
        assert len(cut.shown) == MOST_OPEN + RECENT + 5
        assert cut.folded == day[: 400 - RECENT - MOST_OPEN]

    def test_far_ahead_waits_behind_a_line(self):
        day = visits((AHEAD * 2, Status.BOOKED))
        cut = around_now(day, at(-1), since=None, until=None)
        assert (len(cut.shown), len(cut.later)) == (AHEAD, AHEAD)

    def test_people_of_one_time_are_not_torn_apart(self):
        day = [visit(0) for _ in range(AHEAD + 7)] + [visit(1)]
        cut = around_now(day, at(-1), since=None, until=None)
        assert (len(cut.shown), len(cut.later)) == (AHEAD + 7, 1)

    def test_opening_what_is_ahead_goes_on_page_by_page_to_the_end(self):
        day = visits((AHEAD + PAGE + 10, Status.BOOKED))
        once = around_now(day, at(-1), since=None, until=around_now(day, at(-1), since=None, until=None).until)
        assert len(once.later) == 10
        assert around_now(day, at(-1), since=None, until=once.until).later == []

    def test_opening_what_is_finished_goes_back_page_by_page_to_the_morning(self):
        day = visits((PAGE + 50, Status.FULFILLED), (1, Status.BOOKED))
        now = at(PAGE + 49)
        shut = around_now(day, now, since=None, until=None)
        once = around_now(day, now, since=shut.since, until=None)
        assert (len(once.opened), len(once.folded)) == (PAGE, 49)
        twice = around_now(day, now, since=once.since, until=None)
        assert (twice.folded, twice.shown, twice.since) == ([], day, None)

    @pytest.mark.parametrize("later", [1, 30, 90])
    def test_what_was_opened_stays_open_as_time_goes_on(self, later):
        day = visits((150, Status.FULFILLED), (150, Status.BOOKED))
        since, until = at(20), at(250)
        before = around_now(day, at(150), since=since, until=until)
        after = around_now(day, at(150 + later), since=since, until=until)
        assert set(before.shown) <= set(after.shown)


@given(
    statuses=st.lists(st.sampled_from([Status.BOOKED, Status.FULFILLED, Status.NO_SHOW]), max_size=300),
    every=st.integers(1, 5),
    now=st.integers(-10, 320),
    since=st.none() | st.integers(0, 300),
    until=st.none() | st.integers(0, 300),
)
def test_every_visit_is_shown_or_counted_in_a_line_in_order_of_time(statuses, every, now, since, until):
    day = [visit(number // every, status) for number, status in enumerate(statuses)]
    cut = around_now(
        day,
        at(now),
        since=None if since is None else at(since),
        until=None if until is None else at(until),
    )
    assert sorted([*cut.shown, *cut.folded, *cut.later]) == sorted(day)
    assert [v.start for v in cut.shown] == sorted(v.start for v in cut.shown)
    assert {v.id for v in cut.opened} <= {v.id for v in cut.shown}
    assert (cut.since is None) == (not cut.folded)
    assert (cut.until is None) == (not cut.later)


def test_list_of_what_is_over_shows_its_end():
    day = visits((PAGE + 30, Status.FULFILLED))
    cut = latest(day, since=None)
    assert (cut.folded, cut.shown) == (day[:30], day[30:])
    assert latest(day, since=cut.since).folded == []


def test_other_lists_show_their_beginning():
    day = visits((PAGE + 30, Status.BOOKED))
    cut = first(day, until=None)
    assert (cut.shown, cut.later) == (day[:PAGE], day[PAGE:])
    assert first(day, until=cut.until).later == []


def test_printed_day_is_whole():
    day = visits((500, Status.BOOKED))
    assert whole(day).shown == day


@pytest.mark.parametrize("choose", [lambda: first([], until=None), lambda: latest([], since=None), lambda: whole([])])
def test_empty_day_is_empty(choose):
    assert choose() == window.Window([], [], [], [], None, None, None)
