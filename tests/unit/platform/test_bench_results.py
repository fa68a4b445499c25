"""What the benchmarks' table says, when a row has missed its target, and what stays in the results file."""

from __future__ import annotations

import json

import pytest

from benchmarks.results import Line, Quantity, Report, at_least, at_most, exactly, keep, rounded, row_order, table

RUN = {"date": "2026-11-27", "cores": 2}


def line(row: str = "B1", *, ratio: float = 2.0, queries: int = 1) -> Line:
    return Line(
        row=row,
        what="slots of one practitioner",
        ours=Quantity(1.2345, "ms"),
        floor=Quantity(0.61, "ms"),
        ratio=f"{ratio:.2f}×",
        limits=[at_most(3, ratio, "×"), at_most(5, queries, "queries")],
    )


class TestVerdicts:
    def test_line_within_all_its_limits_is_ok(self):
        assert line().verdict == "ok"

    def test_line_tells_what_was_measured_where_it_missed(self):
        assert line(ratio=4.2, queries=7).verdict == "missed: 4.2×, 7 queries"

    def test_only_the_missed_limit_is_told(self):
        assert line(queries=6).verdict == "missed: 6 queries"

    def test_bound_itself_is_within(self):
        assert (at_most(3, 3.0, "×").is_met, at_least(15, 15.0, "%").is_met) == (True, True)

    def test_bound_is_not_met_beyond_it(self):
        assert (at_most(3, 3.001, "×").is_met, at_least(15, 14.999, "%").is_met) == (False, False)

    @pytest.mark.parametrize(("measured", "is_met"), [(0, False), (1, True), (2, False)])
    def test_exact_number_is_neither_more_nor_less(self, measured, is_met):
        assert exactly(1, measured, "winners").is_met is is_met

    def test_target_names_every_limit(self):
        assert line().target == "≤ 3×, ≤ 5 queries"

    def test_one_of_something_is_singular(self):
        assert (exactly(1, 1, "winners").target, at_most(1, 2, "queries").measured) == ("1 winner", "2 queries")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1000000, "1,000,000"), (1234.5, "1,234"), (12.345, "12.3"), (1.2345, "1.23"), (0.01234, "0.012")],
)
def test_figures_have_as_many_digits_as_people_compare(value, text):
    assert rounded(value) == text


class TestTable:
    def test_columns_stand_under_their_heads(self):
        head, rule, *rows = table(Report(lines=[line(), line("B12", ratio=30)])).splitlines()
        assert head.split() == ["row", "what", "ours", "floor", "ratio", "target", "verdict"]
        assert [row.index("≤ 3×") for row in rows] == [head.index("target")] * 2
        assert rule.index("───────", head.index("verdict")) == head.index("verdict")

    def test_line_without_floor_has_a_dash(self):
        row = table(
            Report(lines=[Line("B12", "memory at rest", Quantity(650, "MB"), limits=[at_most(700, 650, "MB")])])
        )
        assert row.splitlines()[-1].split() == "B12 memory at rest 650 MB – – ≤ 700 MB ok".split()

    def test_row_that_could_not_be_measured_says_why(self):
        text = table(Report(lines=[line()], failures={"B9": "A server ended at once: no socket"}))
        assert text.splitlines()[-1].endswith("A server ended at once: no socket")
        assert "B9" in text.splitlines()[-1]


class TestReport:
    def test_all_targets_met_ends_with_zero(self):
        report = Report(lines=[line(), line("B2")])
        assert (report.exit_code, report.summary) == (0, "All targets met (2 rows).")

    def test_one_missed_target_ends_with_one_and_is_named(self):
        report = Report(lines=[line("B10", ratio=9), line("B2", ratio=9), line("B2"), line("B1")])
        assert (report.exit_code, report.summary) == (1, "Missed: B2, B10 (3 rows measured).")

    def test_row_that_could_not_be_measured_ends_with_one(self):
        report = Report(lines=[line()], failures={"B3": "pgbench failed"})
        assert (report.exit_code, report.summary) == (1, "Missed: B3 (2 rows measured).")

    def test_rows_are_sorted_by_number(self):
        assert sorted(["B10", "B2", "B1"], key=row_order) == ["B1", "B2", "B10"]


class TestFile:
    def test_figures_limits_and_run_are_kept(self, tmp_path):
        keep(tmp_path / "results.json", Report(lines=[line(queries=7)]), run=RUN)
        kept = json.loads((tmp_path / "results.json").read_text())["rows"]["B1"]
        assert kept["run"] == RUN
        assert kept["lines"][0]["ours"] == {"value": 1.234, "unit": "ms"}
        assert kept["lines"][0]["limits"][1] == {"target": "≤ 5 queries", "measured": "7 queries", "met": False}
        assert kept["lines"][0]["verdict"] == "missed: 7 queries"

    def test_rows_that_were_not_measured_again_stay(self, tmp_path):
        path = tmp_path / "results.json"
        keep(path, Report(lines=[line("B10"), line("B2")]), run=RUN)
        keep(path, Report(lines=[line("B2", ratio=9)]), run=RUN | {"date": "2026-12-01"})
        rows = json.loads(path.read_text())["rows"]
        assert list(rows) == ["B2", "B10"]
        assert [rows[key]["run"]["date"] for key in rows] == ["2026-12-01", "2026-11-27"]
        assert rows["B2"]["lines"][0]["ratio"] == "9.00×"

    def test_row_that_could_not_be_measured_keeps_no_old_figure(self, tmp_path):
        path = tmp_path / "results.json"
        keep(path, Report(lines=[line("B3")]), run=RUN)
        keep(path, Report(failures={"B3": "pgbench failed"}), run=RUN)
        assert json.loads(path.read_text())["rows"]["B3"] == {"run": RUN, "lines": [], "failure": "pgbench failed"}
