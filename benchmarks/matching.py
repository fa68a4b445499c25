"""B11: finding patients among 200,000 while somebody types, with a typo, and who may be a duplicate; with what recall."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection

from apps.core.tenancy import all_organizations, organization_scope
from apps.organizations.models import Organization
from apps.patients.candidates import MOST_COMPARED, Candidate, find_candidates, keys_of, load_facts
from apps.patients.matching import REVIEW, Band
from apps.patients.models import Patient
from apps.patients.selectors import search_patients
from apps.patients.services.match_runs import start_match_run, work_on_run
from benchmarks.bench import Bench
from benchmarks.databases import Dataset, as_superuser, migrate, using
from benchmarks.environment import Scale
from benchmarks.measuring import median, percentile, timed
from benchmarks.people import SLUG, fill_people
from benchmarks.results import Line, Quantity, WrongAnswer, at_least, at_most

FLOORS = {
    name: (Path(__file__).parent / "floors" / f"{name}.sql").read_text()
    for name in ("candidates", "typeahead", "typos")
}
ROUNDS, SAMPLES, LIMIT = 5, 60, 10


def fill(scale: Scale) -> None:
    """Write the people, and let the product's own run read and count them; nothing is compared yet."""
    migrate()
    with all_organizations():
        fill_people(scale)
        organization = Organization.objects.get(slug=SLUG)
    with organization_scope(organization.pk):
        run = start_match_run(organization=organization)
        while run.state == "indexing":
            work_on_run(run.pk)
            run.refresh_from_db()
        run.delete()
    with as_superuser(connection.settings_dict["NAME"]) as direct:
        direct.execute("VACUUM (ANALYZE)")


PEOPLE = Dataset("people", fill)


@dataclass(frozen=True, slots=True)
class Stage:
    """The organization, its patients to ask about, and a connection that no policy binds."""

    organization: Organization
    floor: psycopg.Connection
    patients: Sequence[Patient]


@contextmanager
def staged(bench: Bench) -> Iterator[Stage]:
    """Open the organization as a request would, with a random choice of patients, the same in every run."""
    database = bench.databases.ready(PEOPLE)
    with using(database), as_superuser(database) as floor:
        floor.execute("SELECT word_similarity('', '')")
        floor.execute("SET pg_trgm.word_similarity_threshold = 0.3")
        with all_organizations():
            organization = Organization.objects.get(slug=SLUG)
        with organization_scope(organization.pk):
            numbers = random.Random(3).sample(range(1, bench.scale.people + 1), bench.scale.matched)
            patients = list(Patient.objects.for_organization(organization).filter(number__in=numbers))
            random.Random(4).shuffle(patients)
            yield Stage(organization, floor, patients)


def measure(bench: Bench) -> list[Line]:
    """Measure the searches, the candidates, and how many of the true pairs are found."""
    with staged(bench) as stage:
        return [_typeahead(bench, stage), _typos(bench, stage), _candidates(bench, stage), *_recall(bench, stage)]


def _compare(
    bench: Bench,
    what: str,
    ours: Callable[[Patient], Any],
    floor: Callable[[Patient], Any],
    patients: Sequence[Patient],
    check: Callable[[Patient, Any], None] = lambda _patient, _found: None,
) -> Line:
    """Ask both sides about the same patients in turns; the p95 of each round, and the medians of those."""
    asked = patients[:SAMPLES]

    def side(ask: Callable[[Patient], Any], check: Callable[[Patient, Any], None]) -> Callable[[], float]:
        return lambda: percentile(
            [timed(lambda: ask(one), lambda found: check(one, found)) for one in asked],  # noqa: B023 - called at once
            0.95,
        )

    sides = {"ours": side(ours, check), "floor": side(floor, lambda _one, _found: None)}
    for warm in sides.values():
        warm()
    samples = bench.turns(what, sides, rounds=ROUNDS)
    mine, least = (median(samples[name]) * 1000 for name in ("ours", "floor"))
    return Line(
        row="B11",
        what=f"{what}, p95, {bench.scale.people:,} patients",
        ours=Quantity(mine, "ms"),
        floor=Quantity(least, "ms"),
        ratio=f"{mine / least:.2g}×",
        limits=[at_most(2, mine / least, "×")],
    )


def _typeahead(bench: Bench, stage: Stage) -> Line:
    """Type the beginnings of both names, family name first, as people at a desk do."""

    def typed(patient: Patient) -> list[str]:
        return [patient.sort_name.split()[0][:5], patient.sort_name.split()[-1][:3]]

    def ours(patient: Patient) -> Any:
        return search_patients(organization=stage.organization, text=" ".join(typed(patient)), limit=LIMIT)

    def floor(patient: Patient) -> Any:
        values = {
            "organization": stage.organization.pk,
            "patterns": [f"% {word}%" for word in typed(patient)],
            "most": LIMIT,
        }
        return stage.floor.execute(FLOORS["typeahead"], values).fetchall()

    def check(patient: Patient, found: Any) -> None:
        if len(found) < LIMIT and patient.pk not in {match.patient.pk for match in found}:
            raise WrongAnswer(f"{typed(patient)} does not find patient {patient.number}.")

    return _compare(bench, "typeahead of two beginnings", ours, floor, _named(stage), check)


def _typos(bench: Bench, stage: Stage) -> Line:
    """Type both names whole, the family name with two letters exchanged."""

    def typed(patient: Patient) -> list[str]:
        family, given = patient.sort_name.split()[0], patient.sort_name.split()[-1]
        return [family[:2] + family[3] + family[2] + family[4:], given]

    def ours(patient: Patient) -> Any:
        return search_patients(organization=stage.organization, text=" ".join(typed(patient)), limit=LIMIT)

    def floor(patient: Patient) -> Any:
        values = {"organization": stage.organization.pk, "words": typed(patient), "most": LIMIT}
        return stage.floor.execute(FLOORS["typos"], values).fetchall()

    line = _compare(bench, "search with a typo", ours, floor, _named(stage))
    people = _named(stage)[: 5 * SAMPLES]
    found = sum(patient.pk in {match.patient.pk for match in ours(patient)} for patient in people)
    share = 100 * found / len(people)
    return replace(line, limits=[*line.limits, at_least(95, share, "% found")], note=f"{found} of {len(people)} found")


def _named(stage: Stage) -> list[Patient]:
    """Return patients with two names long enough for a typo."""
    return [p for p in stage.patients if len(p.sort_name.split()) == 2 and min(map(len, p.sort_name.split())) >= 6]


def _found(stage: Stage, patient: Patient) -> list[Candidate]:
    known = load_facts(organization=stage.organization, patient_ids=[patient.pk])[patient.pk]
    return find_candidates(organization=stage.organization, facts=known.facts, own=patient.pk, at_least=REVIEW)


def _candidates(bench: Bench, stage: Stage) -> Line:
    def floor(patient: Patient) -> Any:
        return stage.floor.execute(FLOORS["candidates"], values[patient.pk]).fetchall()

    values = {
        pk: {
            "organization": stage.organization.pk,
            "keys": keys_of(stage.organization, known.facts),
            "own": pk,
            "most": MOST_COMPARED,
        }
        for pk, known in load_facts(
            organization=stage.organization, patient_ids=[patient.pk for patient in stage.patients[:SAMPLES]]
        ).items()
    }
    return _compare(
        bench, "a patient's duplicates, scored", lambda patient: _found(stage, patient), floor, stage.patients
    )


def _recall(bench: Bench, stage: Stage) -> list[Line]:
    """Look for the duplicates of every chosen patient, and hold them against the truth."""
    truth = _true_pairs(stage)
    chosen = {patient.pk for patient in stage.patients}
    wanted = {pair for pair in truth if chosen & set(pair)}
    review: set[tuple[uuid.UUID, uuid.UUID]] = set()
    merge: set[tuple[uuid.UUID, uuid.UUID]] = set()
    for number, patient in enumerate(stage.patients, start=1):
        if number % 500 == 0:
            bench.say(f"duplicates of {number:,} of {len(stage.patients):,} patients")
        for one in _found(stage, patient):
            pair = (min(patient.pk, one.patient_id), max(patient.pk, one.patient_id))
            review.add(pair)
            if one.score.band is Band.MERGE:
                merge.add(pair)
    if not wanted or not merge:
        raise WrongAnswer(f"{len(wanted)} true pairs and {len(merge)} certain ones are too few to say anything.")
    note = f"{len(wanted):,} seeded pairs of {len(stage.patients):,} patients; {len(review - wanted)} other pairs shown"
    return [
        Line(
            row="B11",
            what="pair recall of what the review shows; precision with it",
            ours=Quantity(100 * len(review & wanted) / len(wanted), "%"),
            ratio=f"precision {100 * len(review & wanted) / len(review):.3g} %",
            limits=[at_least(93, 100 * len(review & wanted) / len(wanted), "%")],
            note=note,
        ),
        Line(
            row="B11",
            what="precision where nobody needs to look; recall with it",
            ours=Quantity(100 * len(merge & wanted) / len(merge), "%"),
            ratio=f"recall {100 * len(merge & wanted) / len(wanted):.3g} %",
            limits=[at_least(99.9, 100 * len(merge & wanted) / len(merge), "%")],
            note=f"{len(merge):,} pairs",
        ),
    ]


def _true_pairs(stage: Stage) -> set[tuple[uuid.UUID, uuid.UUID]]:
    rows = stage.floor.execute(
        "SELECT min(id::text)::uuid, max(id::text)::uuid FROM patients_patient WHERE organization_id = %s "
        "GROUP BY note HAVING count(*) = 2",
        [stage.organization.pk],
    ).fetchall()
    return {(one, other) for one, other in rows}
