"""CSV files of other systems: encodings, delimiters, headers, days and times, and what is refused with which remedy."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from apps.appointments.exchange.moments import Unreadable, read_day, read_moment, read_time
from apps.appointments.exchange.reading import guess_mapping, what_is_missing
from apps.appointments.exchange.writing import COLUMNS
from apps.core import csv_files
from apps.core.csv_files import MOST_BYTES, read_csv
from apps.core.errors import InvalidInput

NEW_YORK = ZoneInfo("America/New_York")


class TestReading:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_unicode_files_are_read_with_and_without_mark(self, encoding):
        file = read_csv("name,start\nZoë,9\n".encode(encoding))
        assert (file.header, file.rows) == (["name", "start"], [(2, ["Zoë", "9"])])

    @pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
    def test_delimiter_is_found(self, mark):
        file = read_csv(f'a{mark}"b, c; d"{mark}e\n1{mark}2{mark}3\n'.encode())
        assert (file.header, file.rows[0][1]) == (["a", "b, c; d", "e"], ["1", "2", "3"])

    def test_lines_are_those_of_the_file(self):
        file = read_csv(b'a,b\n\n1,"two\nlines"\n\n3,4\n')
        assert [line for line, _cells in file.rows] == [4, 6]

    def test_short_rows_are_filled_up(self):
        assert read_csv(b"a,b,c\n1\n").rows == [(2, ["1", "", ""])]

    def test_guard_against_formulas_is_taken_away(self):
        assert read_csv(b"a,b\n'=x,'y\n").rows == [(2, ["=x", "'y"])]

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "empty"),
            (b"\xef\xbb\xbf", "empty"),
            (b"\n\n", "empty"),
            (b"a,b\n", "no rows below"),
            (b"a\n1\n", "Only one column"),
            ("name,start\nZoë,9\n".encode("latin-1"), "Line 2 is not in UTF-8"),
            (b"a,b\n1,\x00\n", "not a text file"),
            (b"a,b\n1,2,3\n", "Line 2 has more columns"),
            (b'a,b\n1,"open\n', "quotation mark"),
            (b",".join([b"x"] * 81) + b"\n1", "more than 80 columns"),
        ],
    )
    def test_wrong_file_is_refused_with_the_remedy(self, content, words):
        with pytest.raises(InvalidInput, match=words) as refusal:
            read_csv(content)
        assert list(refusal.value.errors) == ["file"]

    def test_large_file_is_refused(self):
        with pytest.raises(InvalidInput, match="5 MB"):
            read_csv(b"a,b\n1,2".ljust(MOST_BYTES + 1, b"\n"))
        assert read_csv(b"a,b\n1,2".ljust(MOST_BYTES, b"\n")).rows

    def test_long_file_is_refused(self, monkeypatch):
        monkeypatch.setattr(csv_files, "MOST_ROWS", 2)
        with pytest.raises(InvalidInput, match="more than 2 rows"):
            read_csv(b"a,b\n" + b"1,2\n" * 3)
        assert len(read_csv(b"a,b\n" + b"1,2\n" * 2).rows) == 2


class TestMapping:
    def test_our_own_export_is_recognised(self):
        found = guess_mapping(COLUMNS)
        assert {name: COLUMNS[position] for name, position in found.items()} == {
            name: name
            for name in (
                *("id", "external_id", "patient_number", "patient_name", "practitioner", "appointment_type"),
                *("location", "room", "start", "end", "status", "reason", "cancelled_at", "cancel_reason"),
            )
        }

    def test_names_of_other_systems_are_recognised(self):
        header = ["Appointment ID", "Date", "Begin Time", "Duration", "Provider", "Visit Type", "Patient ID", "DOB"]
        found = guess_mapping(header)
        assert list(found) == [
            *(
                "external_id",
                "day",
                "time",
                "minutes",
                "practitioner",
                "appointment_type",
                "patient_number",
                "birth_date",
            )
        ]

    @pytest.mark.parametrize(
        ("names", "words"),
        [
            ({"practitioner", "appointment_type", "patient_number"}, "when it begins"),
            ({"day", "practitioner", "appointment_type", "patient_number"}, "when it begins"),
            ({"start", "appointment_type", "patient_number"}, "the practitioner"),
            ({"start", "practitioner", "patient_number"}, "the appointment type"),
            ({"start", "practitioner", "appointment_type", "patient_name"}, "the patient"),
            ({"start", "practitioner", "appointment_type", "birth_date", "given_name"}, "the patient"),
            ({"start", "practitioner", "appointment_type", "patient_number"}, "the location"),
        ],
    )
    def test_what_is_missing_is_said(self, names, words):
        missing = what_is_missing(dict.fromkeys(names, 0), needs_location=words == "the location")
        assert [one for one in missing if one.startswith(words)] == missing != []


class TestMoments:
    @pytest.mark.parametrize(
        ("text", "utc"),
        [
            ("2026-11-23T09:00:00-05:00", "2026-11-23T14:00"),
            ("2026-11-23T14:00:00Z", "2026-11-23T14:00"),
            ("2026-11-23 09:00", "2026-11-23T14:00"),
            ("2026-11-23T09:00:00", "2026-11-23T14:00"),
            ("11/23/2026 9:00 AM", "2026-11-23T14:00"),
            ("11/23/2026, 1:30 pm", "2026-11-23T18:30"),
            ("11/23/2026 13:30", "2026-11-23T18:30"),
            ("2026-07-01 09:00", "2026-07-01T13:00"),
        ],
    )
    def test_moments_are_read_on_the_location_s_wall(self, text, utc):
        found = read_moment(text, zone=NEW_YORK, day_first=False)
        assert found.astimezone(dt.UTC).isoformat()[:16] == utc

    def test_order_of_day_and_month_is_the_clinic_s(self):
        assert read_day("03/04/2026", day_first=True) == dt.date(2026, 4, 3)
        assert read_day("03/04/2026", day_first=False) == dt.date(2026, 3, 4)

    @pytest.mark.parametrize(("text", "words"), [("2026-03-08 02:30", "does not exist"), ("2026-11-01 01:30", "twice")])
    def test_time_that_the_clocks_skip_or_repeat_is_asked_about(self, text, words):
        with pytest.raises(Unreadable, match=words):
            read_moment(text, zone=NEW_YORK, day_first=False)

    def test_repeated_time_is_understood_with_its_offset(self):
        assert read_moment("2026-11-01T01:30:00-05:00", zone=NEW_YORK, day_first=False).hour == 6

    @pytest.mark.parametrize("text", ["", "soon", "2026-11-23", "23.11.26 9:00", "13/13/2026 9:00", "1026-01-01 9:00"])
    def test_what_is_no_moment_is_refused(self, text):
        with pytest.raises(Unreadable):
            read_moment(text, zone=NEW_YORK, day_first=False)

    @pytest.mark.parametrize("text", ["not a date", "23/11/2026 9:00", "2026-11-23 half past"])
    def test_refusal_quotes_the_whole_cell_with_an_example_in_the_clinic_s_order(self, text):
        with pytest.raises(Unreadable) as refused:
            read_moment(text, zone=NEW_YORK, day_first=False)
        assert str(refused.value) == (
            f"“{text}” is not a day with a time. Write 2026-12-31 09:30 or 12/31/2026 9:30 am."
        )

    @pytest.mark.parametrize("text", ["", "25:00", "9", "13:00 pm", "9:61"])
    def test_what_is_no_time_is_refused(self, text):
        with pytest.raises(Unreadable, match="not a time"):
            read_time(text)
