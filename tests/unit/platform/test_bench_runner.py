"""The benchmarks' runner: which rows it measures, how it takes turns, and when a data set is made anew."""

from __future__ import annotations

import datetime as dt
import json
import re
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from benchmarks import __main__ as runner
from benchmarks import databases, environment
from benchmarks.measuring import count_queries, percentile, take_turns, timed
from benchmarks.results import WrongAnswer
from benchmarks.rows import ROWS, UnknownRow, chosen
from tests.environment import ROOT

NOW = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)


def keys(only: str, *, peers: bool = False) -> list[str]:
    return [row.key for row in chosen(only, peers=peers)]


class TestChoosingRows:
    def test_all_rows_but_the_peers_by_default(self):
        assert keys("") == [key for key in ROWS if key not in {"B13", "B14"}]

    def test_peers_are_measured_when_asked_for(self):
        assert keys("", peers=True) == list(ROWS)

    def test_rows_are_measured_once_in_order_whatever_the_case(self):
        assert keys("b12, B2,b2") == ["B2", "B12"]

    def test_unknown_row_is_named_with_those_that_exist(self):
        with pytest.raises(UnknownRow, match=r"there is no row B99; the rows are B1, B2, B3"):
            chosen("B1,B99", peers=False)

    def test_peers_row_needs_the_option_that_installs_something(self):
        with pytest.raises(UnknownRow, match=r"B13 installs another package from the package index; add --peers"):
            chosen("B13", peers=False)

    def test_wrong_option_ends_the_program_with_a_sentence(self, capsys):
        with pytest.raises(SystemExit) as end:
            runner.main(["--only", "B99"])
        assert end.value.code == 2
        assert "argument --only: there is no row B99" in capsys.readouterr().err

    def test_help_names_the_options(self, capsys):
        with pytest.raises(SystemExit) as end:
            runner.main(["--help"])
        assert end.value.code == 0
        assert set(re.findall(r"--[a-z]+", capsys.readouterr().out)) >= {"--only", "--scale", "--peers"}

    @pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.key)
    def test_every_row_is_documented(self, row):
        assert f"| {row.key} |" in (ROOT / "docs" / "benchmarks.md").read_text()


class TestRunning:
    @pytest.fixture
    def quiet(self, monkeypatch, tmp_path):
        """A run that starts no server and keeps its file elsewhere."""
        monkeypatch.setattr(environment, "prepare", lambda: None)
        monkeypatch.setattr(runner, "RESULTS", {"small": tmp_path / "results.json"})
        return tmp_path / "results.json"

    @staticmethod
    def row(key: str, measure) -> SimpleNamespace:
        return SimpleNamespace(key=key, title="something", measure=measure)

    def test_wrong_answer_is_reported_and_the_next_row_measured(self, quiet, capsys):
        def wrong(_bench):
            raise WrongAnswer("3 slots instead of 4")

        code = runner.run(
            [self.row("B1", wrong), self.row("B2", lambda _bench: [])], environment.SCALES["small"], runner.Progress()
        )
        assert code == 1
        assert "3 slots instead of 4" in capsys.readouterr().out
        assert json.loads(quiet.read_text())["rows"]["B1"]["failure"] == "3 slots instead of 4"

    def test_interruption_ends_with_its_own_code(self, quiet, monkeypatch):
        def interrupted(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(runner, "run", interrupted)
        assert runner.main(["--only", "B1", "--scale", "small"]) == 130

    def test_facts_tell_versions_and_cores_but_not_whose_machine(self):
        facts = runner.facts(environment.SCALES["small"])
        assert facts["cores"]
        assert facts["postgresql"]
        assert str(ROOT) not in json.dumps(facts)


class TestTakingTurns:
    def test_sides_alternate_and_change_who_begins(self):
        order = []
        sides = {name: lambda name=name: float(order.append(name) or len(order)) for name in ("ours", "floor")}
        samples = take_turns(sides, rounds=4)
        assert order == ["ours", "floor", "floor", "ours", "ours", "floor", "floor", "ours"]
        assert samples == {"ours": [1.0, 4.0, 5.0, 8.0], "floor": [2.0, 3.0, 6.0, 7.0]}

    def test_there_are_three_rounds_at_least(self):
        assert len(take_turns({"ours": lambda: 0.0}, rounds=1)["ours"]) == 3

    def test_time_does_not_count_without_the_right_answer(self):
        def check(found):
            raise WrongAnswer(f"{found} is wrong")

        with pytest.raises(WrongAnswer, match="4 is wrong"):
            timed(lambda: 4, check)

    def test_percentile_is_one_of_the_samples(self):
        samples = [float(n) for n in range(100, 0, -1)]
        assert (percentile(samples, 0.99), percentile(samples, 0.95), percentile([5.0], 0.99)) == (99.0, 95.0, 5.0)

    def test_transactions_are_no_queries(self):
        @contextmanager
        def capture():
            yield SimpleNamespace(
                captured_queries=[
                    {"sql": text}
                    for text in ("BEGIN", "SAVEPOINT a", "\n SELECT 1", "UPDATE t", "RELEASE SAVEPOINT a", "COMMIT")
                ]
            )

        assert count_queries(lambda: None, capture) == 2


class TestDataSets:
    def stamp(self, of: str = "abc", *, days_ago: float = 1) -> str:
        return json.dumps({"of": of, "at": (NOW - dt.timedelta(days=days_ago)).isoformat()})

    def test_same_content_of_yesterday_is_used_again(self):
        assert databases.is_current(self.stamp(), "abc", NOW)

    @pytest.mark.parametrize(
        ("stamp", "why"),
        [
            ("", "it was never finished"),
            (json.dumps({"of": "other", "at": NOW.isoformat()}), "other migrations"),
            (json.dumps({"of": "abc", "at": (NOW - dt.timedelta(days=6)).isoformat()}), "the demo's days are over"),
        ],
    )
    def test_data_set_is_made_anew_when(self, stamp, why):
        assert not databases.is_current(stamp, "abc", NOW), why

    def test_fingerprint_follows_migrations_and_seed(self, tmp_path):
        for name in ("apps/x/migrations/0001.py", "apps/portal/demo/people.py", "apps/x/views.py"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("1")
        first = databases.fingerprint(tmp_path)
        (tmp_path / "apps/x/views.py").write_text("2")
        assert databases.fingerprint(tmp_path) == first
        (tmp_path / "apps/portal/demo/people.py").write_text("2")
        second = databases.fingerprint(tmp_path)
        (tmp_path / "apps/x/migrations/0001.py").write_text("2")
        assert len({first, second, databases.fingerprint(tmp_path)}) == 3

    def test_everything_that_fills_them_is_part_of_the_fingerprint(self):
        assert [pattern for pattern in databases.SOURCES if not list(ROOT.glob(pattern))] == []
