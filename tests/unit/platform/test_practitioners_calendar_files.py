"""iCalendar files as busy times: zones, repetition, exceptions, what takes no time, and what can't be read."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from apps.core.errors import InvalidInput
from apps.practitioners import calendar_files
from apps.practitioners.calendar_files import CalendarFile, read_calendar_file

NEW_YORK = ZoneInfo("America/New_York")
START = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
END = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


def calendar(*events: str, head: str = "") -> bytes:
    body = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\n{head}{body}END:VCALENDAR\n".encode()


def read(*events: str, head: str = "", start: dt.datetime = START, end: dt.datetime = END) -> CalendarFile:
    return read_calendar_file(calendar(*events, head=head), zone=NEW_YORK, start=start, end=end)


def spans(found: CalendarFile) -> list[str]:
    """Return the periods in UTC, short."""
    return [f"{one.start:%m-%d %H:%M}/{one.end:%m-%d %H:%M}" for one in found.periods]


class TestZones:
    def test_time_in_utc_is_taken_as_it_is(self):
        assert spans(read("UID:1\nDTSTART:20261005T090000Z\nDTEND:20261005T100000Z")) == ["10-05 09:00/10-05 10:00"]

    def test_time_in_a_named_zone_is_read_on_its_wall(self):
        found = read("UID:1\nDTSTART;TZID=Europe/Berlin:20261005T090000\nDTEND;TZID=Europe/Berlin:20261005T100000")
        assert spans(found) == ["10-05 07:00/10-05 08:00"]

    def test_time_without_a_zone_is_read_on_the_location_s_wall(self):
        assert spans(read("UID:1\nDTSTART:20261005T090000\nDURATION:PT45M")) == ["10-05 13:00/10-05 13:45"]

    def test_whole_day_is_the_location_s_day(self):
        assert spans(read("UID:1\nDTSTART;VALUE=DATE:20261005")) == ["10-05 04:00/10-06 04:00"]

    def test_several_whole_days_end_before_the_last_date(self):
        found = read("UID:1\nDTSTART;VALUE=DATE:20261030\nDTEND;VALUE=DATE:20261102")
        assert spans(found) == ["10-30 04:00/11-02 05:00"]

    def test_whole_day_of_the_clock_change_has_25_hours(self):
        (day,) = read("UID:1\nDTSTART;VALUE=DATE:20261101").periods
        assert day.end - day.start == dt.timedelta(hours=25)

    def test_windows_names_of_zones_are_understood(self):
        found = read("UID:1\nDTSTART;TZID=Eastern Standard Time:20261005T090000\nDURATION:PT1H")
        assert spans(found) == ["10-05 13:00/10-05 14:00"]


class TestRepetition:
    def test_weekly_event_keeps_its_wall_time_when_the_clocks_change(self):
        found = read("UID:1\nDTSTART;TZID=America/New_York:20261026T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=2")
        assert spans(found) == ["10-26 13:00/10-26 14:00", "11-02 14:00/11-02 15:00"]

    def test_floating_event_keeps_the_location_s_wall_time_too(self):
        found = read("UID:1\nDTSTART:20261026T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=2")
        assert spans(found) == ["10-26 13:00/10-26 14:00", "11-02 14:00/11-02 15:00"]

    def test_endless_event_that_began_long_ago_fills_the_window_only(self):
        found = read("UID:1\nDTSTART:20150105T090000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=MO")
        assert (len(found.periods), spans(found)[0], spans(found)[-1]) == (
            13,
            "10-05 09:00/10-05 10:00",
            "12-28 09:00/12-28 10:00",
        )

    def test_until_is_inclusive(self):
        found = read("UID:1\nDTSTART:20261005T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20261007T090000Z")
        assert len(found.periods) == 3

    def test_until_as_a_date_includes_that_day_on_the_event_s_wall(self):
        found = read(
            "UID:1\nDTSTART;TZID=America/New_York:20261005T210000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20261007"
        )
        assert len(found.periods) == 3

    def test_whole_days_repeat(self):
        found = read("UID:1\nDTSTART;VALUE=DATE:20261005\nRRULE:FREQ=MONTHLY;BYDAY=1MO;COUNT=2")
        assert spans(found) == ["10-05 04:00/10-06 04:00", "11-02 05:00/11-03 05:00"]

    def test_left_out_dates_are_left_out(self):
        found = read(
            "UID:1\nDTSTART;TZID=America/New_York:20261005T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=4\n"
            "EXDATE;TZID=America/New_York:20261006T090000\nEXDATE:20261007T130000Z"
        )
        assert spans(found) == ["10-05 13:00/10-05 14:00", "10-08 13:00/10-08 14:00"]

    def test_added_dates_are_added(self):
        found = read("UID:1\nDTSTART:20261005T090000Z\nDURATION:PT1H\nRDATE:20261009T110000Z,20261010T110000Z")
        assert [one[:5] for one in spans(found)] == ["10-05", "10-09", "10-10"]

    def test_changed_occurrence_stands_for_itself(self):
        found = read(
            "UID:1\nDTSTART:20261005T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3",
            "UID:1\nRECURRENCE-ID:20261006T090000Z\nDTSTART:20261006T150000Z\nDURATION:PT2H",
        )
        assert spans(found) == ["10-05 09:00/10-05 10:00", "10-06 15:00/10-06 17:00", "10-07 09:00/10-07 10:00"]

    def test_cancelled_occurrence_takes_no_time(self):
        found = read(
            "UID:1\nDTSTART:20261005T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2",
            "UID:1\nRECURRENCE-ID:20261006T090000Z\nDTSTART:20261006T090000Z\nDURATION:PT1H\nSTATUS:CANCELLED",
        )
        assert (spans(found), found.cancelled) == (["10-05 09:00/10-05 10:00"], 1)

    def test_latest_version_of_an_event_counts(self):
        found = read(
            "UID:1\nSEQUENCE:2\nDTSTART:20261006T090000Z\nDURATION:PT1H",
            "UID:1\nSEQUENCE:1\nDTSTART:20261005T090000Z\nDURATION:PT1H",
        )
        assert spans(found) == ["10-06 09:00/10-06 10:00"]


class TestWhatTakesNoTime:
    @pytest.mark.parametrize("mark", ["TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"])
    def test_free_events_are_left_out_and_counted(self, mark):
        found = read(f"UID:1\nDTSTART:20261005T090000Z\nDURATION:PT1H\n{mark}")
        assert (found.periods, found.free) == ([], 1)

    def test_event_without_a_length_is_left_out(self):
        assert read("UID:1\nDTSTART:20261005T090000Z").periods == []

    def test_event_outside_the_window_is_left_out(self):
        assert read("UID:1\nDTSTART:20250105T090000Z\nDURATION:PT1H").periods == []

    def test_event_that_runs_into_the_window_is_in(self):
        assert len(read("UID:1\nDTSTART:20260930T230000Z\nDURATION:PT2H").periods) == 1


class TestTitles:
    @pytest.mark.parametrize("level", ["PRIVATE", "CONFIDENTIAL"])
    def test_title_of_a_private_event_is_not_kept(self, level):
        (one,) = read(f"UID:1\nDTSTART:20261005T090000Z\nDURATION:PT1H\nSUMMARY:Therapy\nCLASS:{level}").periods
        assert one.summary == ""

    def test_title_of_an_ordinary_event_is_kept_to_120_signs(self):
        (one,) = read(f"UID:1\nDTSTART:20261005T090000Z\nDURATION:PT1H\nSUMMARY:{'Ward ' * 60}").periods
        assert (one.summary[:4], len(one.summary)) == ("Ward", 120)


class TestWhatCannotBeRead:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "empty"),
            (b"  \n", "empty"),
            (b"id,start\n1,2", "BEGIN:VCALENDAR"),
            (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART", "BEGIN:VCALENDAR"),
            (b"BEGIN:VEVENT\nUID:1\nEND:VEVENT\n", "BEGIN:VCALENDAR"),
            (b"BEGIN:VCALENDAR\nX:\xff\xfe\nEND:VCALENDAR", "UTF-8"),
            (b"x" * (1024 * 1024 + 1), "1 MB"),
        ],
    )
    def test_file_that_is_no_calendar_is_refused_with_the_remedy(self, content, words):
        with pytest.raises(InvalidInput, match=words) as refusal:
            read_calendar_file(content, zone=NEW_YORK, start=START, end=END)
        assert list(refusal.value.errors) == ["file"]

    @pytest.mark.parametrize(
        "event",
        [
            "DTSTART:20261005T090000Z\nDURATION:PT1H\nRRULE:FREQ=SECONDLY",
            "DTSTART:20261005T090000Z\nDURATION:PT1H\nRRULE:FREQ=MINUTELY;COUNT=3",
            "DTSTART:20261005T090000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY;BYWEEKNO=53",
            "DTSTART:20261005T090000Z\nDTEND:20261004T090000Z",
            "DTSTART:20261005T090000Z\nDTEND:20361005T090000Z",
            "DTSTART:00010101T000000Z\nDURATION:PT1H",
            "SUMMARY:When?",
            "DTSTART:yesterday\nDURATION:PT1H",
        ],
    )
    def test_event_that_makes_no_sense_is_named_and_the_others_count(self, event):
        found = read(f"UID:odd\n{event}", "UID:fine\nDTSTART:20261005T090000Z\nDURATION:PT1H")
        assert ([one.uid for one in found.periods], found.unreadable) == (["fine"], ["odd"])

    def test_too_many_occurrences_are_refused(self, monkeypatch):
        monkeypatch.setattr(calendar_files, "MOST_OCCURRENCES", 10)
        with pytest.raises(InvalidInput, match="more than 10 busy times"):
            read("UID:1\nDTSTART:20261005T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=11")
        assert len(read("UID:1\nDTSTART:20261005T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=10").periods) == 10

    def test_file_that_takes_too_long_is_refused(self, monkeypatch):
        monkeypatch.setattr(calendar_files, "PATIENCE_SECONDS", -1.0)
        with pytest.raises(InvalidInput, match="too long to read"):
            read("UID:1\nDTSTART:20261005T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=11")

    def test_rule_that_never_comes_true_ends(self):
        found = read("UID:1\nDTSTART:20261005T090000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
        assert found.periods == []

    def test_event_without_a_uid_gets_the_same_one_each_time(self):
        event = "DTSTART:20261005T090000Z\nDURATION:PT1H"
        (first,), (second,) = read(event).periods, read(event).periods
        assert first.uid == second.uid != ""


def test_name_of_the_calendar_is_the_file_s():
    assert read(head="X-WR-CALNAME:Hospital  shifts\n").name == "Hospital shifts"
