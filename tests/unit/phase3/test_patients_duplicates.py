"""Candidates for duplicates: found after a save and by comparing everybody, and what people decide about them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection

from apps.core.actors import SYSTEM, Actor, ActorKind
from apps.core.errors import Conflict, NotAllowed
from apps.core.tenancy import all_organizations, closed, organization_scope
from apps.events.models import Event
from apps.patients import services
from apps.patients.candidates import find_candidates, keys_of, load_facts, load_frequencies
from apps.patients.matching import REVIEW, PersonFacts
from apps.patients.models import CandidateState, DuplicateCandidate, MatchIndex, MatchRun, MatchRunState
from apps.patients.services.match_runs import count_values, start_match_run, unfinished_runs, work_on_run
from apps.patients.tasks import compare_everybody, work_on_match_runs
from tests.fixtures.background import drain

pytestmark = pytest.mark.django_db
ANA = {
    "given_name": "Ana",
    "family_name": "Fernández",
    "birth_date": dt.date(1984, 5, 17),
    "phones": ["+14155550142"],
    "addresses": [{"lines": ["12 Elm Street"], "city": "Springfield", "postal_code": "12345"}],
}


def register(organization, **fields):
    with organization_scope(organization.pk):
        return services.create_patient(organization=organization, **{**ANA, "actor": SYSTEM, **fields})


def compare(organization, *patients):
    services.compare_patients(organization=organization, patient_ids=[patient.pk for patient in patients])
    return list(DuplicateCandidate.objects.order_by("-bits"))


def finish(run):
    while work_on_run(run.pk):
        pass
    run.refresh_from_db()
    return run


def test_a_second_registration_is_found_after_the_save(organization):
    first = register(organization)
    second = register(organization, given_name="Anita", phones=[])
    drain()
    candidate = DuplicateCandidate.objects.get()
    assert (candidate.first_id, candidate.second_id) == (first.pk, second.pk)
    assert candidate.state == CandidateState.OPEN
    assert {"field": "given", "level": "nickname"}.items() <= candidate.reasons[0].items()


@pytest.mark.parametrize(
    "changed",
    [
        {"given_name": "Fernández", "family_name": "Ana"},
        {"birth_date": dt.date(1984, 5, 18), "phones": []},
        {"given_name": "Anna", "family_name": "Fernandes", "phones": []},
        {"family_name": "Soto", "addresses": []},
        {"birth_date": None},
    ],
    ids=["swapped names", "birth date with a typo", "both names with a typo", "married", "no birth date"],
)
def test_records_with_usual_errors_are_found(organization, changed):
    first, second = register(organization), register(organization, **changed)
    services.compare_patients(organization=organization, patient_ids=[first.pk, second.pk])
    assert DuplicateCandidate.objects.count() == 1


def test_a_sister_on_the_same_phone_is_not_a_candidate(organization):
    sister = {"given_name": "Lucía", "birth_date": dt.date(1988, 11, 2)}
    assert compare(organization, register(organization), register(organization, **sister)) == []


def test_saving_does_not_wait_for_the_comparison(organization):
    register(organization)
    register(organization)
    assert not MatchIndex.objects.exists()


def test_an_open_candidate_goes_when_the_record_was_corrected(organization):
    first, second = register(organization), register(organization)
    assert len(compare(organization, first, second)) == 1
    changes = {"given_name": "Ramón", "birth_date": dt.date(1950, 1, 2), "phones": [], "addresses": []}
    services.update_patient(patient=second, changes=changes, actor=SYSTEM)
    drain()
    assert not DuplicateCandidate.objects.exists()


def test_archived_records_are_no_candidates_until_they_are_restored(organization):
    first, second = register(organization), register(organization)
    compare(organization, first, second)
    services.archive_patient(patient=second, actor=SYSTEM)
    drain()
    assert not DuplicateCandidate.objects.exists()
    services.restore_patient(patient=second, actor=SYSTEM)
    drain()
    assert DuplicateCandidate.objects.count() == 1


def test_not_the_same_is_remembered_when_the_pair_is_scored_again(organization, actor):
    first, second = register(organization), register(organization)
    (candidate,) = compare(organization, first, second)
    services.mark_distinct(candidate=candidate, note="Cousins", actor=actor)
    services.update_patient(patient=second, changes={"emails": ["ana@example.org"]}, actor=SYSTEM)
    drain()
    finish(start_match_run(organization=organization))
    candidate.refresh_from_db()
    assert (candidate.state, candidate.note, candidate.decided_by_label) == ("distinct", "Cousins", actor.label)
    assert candidate.decided_at is not None


def test_telling_apart_stands_in_both_timelines_once(organization, actor):
    first, second = register(organization), register(organization)
    (candidate,) = compare(organization, first, second)
    services.mark_distinct(candidate=candidate, actor=actor)
    services.mark_distinct(candidate=candidate, actor=actor)
    told = Event.objects.filter(type="patient.told_apart").values_list("patient_id", "payload__other")
    assert set(told) == {(first.pk, str(second.pk)), (second.pk, str(first.pk))}
    assert len(told) == 2


def test_a_decision_can_be_taken_back(organization, actor):
    (candidate,) = compare(organization, register(organization), register(organization))
    services.mark_distinct(candidate=candidate, note="No", actor=actor)
    again = services.reopen_candidate(candidate=candidate, actor=actor)
    assert (again.state, again.note, again.decided_at) == (CandidateState.OPEN, "", None)


def test_a_merged_pair_can_not_be_told_apart(organization, actor):
    first, second = register(organization), register(organization)
    (candidate,) = compare(organization, first, second)
    services.note_merged(organization=organization, survivor_id=second.pk, duplicate_id=first.pk, by="Ana")
    with pytest.raises(Conflict):
        services.mark_distinct(candidate=candidate, actor=actor)


def test_a_pair_that_was_separated_is_asked_about_again(organization):
    first, second = register(organization), register(organization)
    compare(organization, first, second)
    services.note_merged(organization=organization, survivor_id=second.pk, duplicate_id=first.pk, by="Ana")
    services.note_separated(organization=organization, patient_id=first.pk)
    assert DuplicateCandidate.objects.get().state == CandidateState.OPEN


def test_deciding_needs_the_permission(organization):
    (candidate,) = compare(organization, register(organization), register(organization))
    nobody = Actor(kind=ActorKind.USER, label="Guest")
    for decide in (services.mark_distinct, services.reopen_candidate):
        with pytest.raises(NotAllowed):
            decide(candidate=candidate, actor=nobody)
    with pytest.raises(NotAllowed):
        start_match_run(organization=organization, actor=nobody)


def test_another_organization_s_records_are_never_candidates(organization, other_organization):
    mine, foreign = register(organization), register(other_organization)
    with organization_scope(other_organization.pk):
        services.compare_patients(organization=other_organization, patient_ids=[foreign.pk])
    assert compare(organization, mine) == []
    with all_organizations():
        assert not DuplicateCandidate.objects.exists()


def test_the_search_for_shared_keys_answers_for_the_open_organization_only(organization, other_organization):
    foreign = register(other_organization)
    with organization_scope(other_organization.pk):
        services.compare_patients(organization=other_organization, patient_ids=[foreign.pk])
        keys = MatchIndex.objects.get().keys
        assert [row[0] for row in _sharing(keys)] == [foreign.pk]
    with organization_scope(organization.pk):
        assert _sharing(keys) == []
    with closed():
        assert _sharing(keys) == []


def _sharing(keys):
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM patients_sharing_keys(%s::integer[], NULL, 10)", [keys])
        return cursor.fetchall()


def test_candidates_of_typed_facts_come_best_first_and_cost_two_queries(organization, django_assert_num_queries):
    best, worse = register(organization), register(organization, given_name="Anna", phones=[])
    compare(organization, best, worse)
    typed = PersonFacts(
        given_name="ana",
        family_name="fernandez",
        birth_date="1984-05-17",
        phones=frozenset({"+14155550142"}),
    )
    with django_assert_num_queries(2):
        found = find_candidates(organization=organization, facts=typed, at_least=REVIEW)
    assert [one.patient_id for one in found] == [best.pk, worse.pk]


def test_somebody_whom_nobody_comes_near_costs_one_query(organization, django_assert_num_queries):
    compare(organization, register(organization), register(organization))
    phones = frozenset({"+14155550199"})
    stranger = PersonFacts(given_name="Ana", family_name="Zhang", birth_date="1984-11-02", sex="male", phones=phones)
    assert len(_sharing(keys_of(organization, stranger))) == 2
    with django_assert_num_queries(1):
        assert find_candidates(organization=organization, facts=stranger, at_least=REVIEW) == []


def test_comparing_many_costs_as_many_queries_as_comparing_one(organization, django_assert_max_num_queries):
    patients = [register(organization, given_name=name) for name in ("Ana", "Anna", "Anita", "Ann", "Annie")]
    with django_assert_max_num_queries(12):
        services.compare_patients(organization=organization, patient_ids=[patient.pk for patient in patients])
    assert DuplicateCandidate.objects.count() == 10


def test_a_run_compares_everybody_counts_values_and_says_how_far_it_is(organization, actor, monkeypatch):
    monkeypatch.setattr("apps.patients.services.match_runs.COMPARE", 1)
    monkeypatch.setattr("apps.patients.services.match_runs.READ", 1)
    first, second = register(organization), register(organization)
    register(organization, given_name="Wei", family_name="Zhang", birth_date=None, phones=[], addresses=[])
    run = start_match_run(organization=organization, actor=actor)
    seen = []
    while work_on_run(run.pk):
        run.refresh_from_db()
        seen.append((run.state, run.done))
    run.refresh_from_db()
    assert (run.state, run.done, run.percent, run.started_by_label) == (MatchRunState.DONE, 3, 100, actor.label)
    assert [done for state, done in seen if state == MatchRunState.COMPARING] == [0, 1, 2, 3]
    assert [(one.first_id, one.second_id) for one in DuplicateCandidate.objects.all()] == [(first.pk, second.pk)]
    known = load_facts(organization=organization, patient_ids=[first.pk])[first.pk]
    frequencies = load_frequencies(organization=organization, people=[known.facts])
    assert (frequencies.people, frequencies.count("family", "fernandez")) == (3, 2)


def test_a_run_goes_on_where_it_stood(organization, monkeypatch):
    monkeypatch.setattr("apps.patients.services.match_runs.COMPARE", 1)
    for _ in range(3):
        register(organization)
    run = start_match_run(organization=organization)
    while MatchRun.objects.get().done < 2:
        work_on_run(run.pk)
    assert finish(run).done == 3


def test_starting_again_returns_the_run_that_is_under_way(organization):
    register(organization)
    assert start_match_run(organization=organization) == start_match_run(organization=organization)
    finish(MatchRun.objects.get())
    start_match_run(organization=organization)
    assert MatchRun.objects.count() == 2


def test_the_worker_begins_where_nobody_was_ever_compared_and_ends_what_is_open(organization, other_organization):
    register(organization)
    register(organization)
    work_on_match_runs()
    with all_organizations():
        assert not unfinished_runs().exists()
        assert [run.organization_id for run in MatchRun.objects.all()] == [organization.pk]
        assert DuplicateCandidate.objects.count() == 1
    compare_everybody()
    with all_organizations():
        assert unfinished_runs().count() == 1


def test_counting_leaves_other_organizations_counts_alone(organization, other_organization):
    for here in (organization, other_organization):
        with organization_scope(here.pk):
            patients = [register(here).pk, register(here).pk]
            services.compare_patients(organization=here, patient_ids=patients)
            count_values(organization=here)
    count_values(organization=organization)
    with organization_scope(other_organization.pk):
        facts = PersonFacts(family_name="Fernández")
        assert load_frequencies(organization=other_organization, people=[facts]).count("family", "fernandez") == 2


def test_addresses_identifiers_relatives_and_partial_dates_are_compared(organization):
    mother = register(organization, identifiers=[{"system": "passport", "value": "X1234567"}])
    daughter = register(
        organization,
        birth_date="2009-05",
        related_persons=[{"name": "Ana", "relationship": "parent", "linked_patient": str(mother.pk)}],
    )
    known = load_facts(organization=organization, patient_ids=[mother.pk, daughter.pk])
    ours, theirs = known[mother.pk].facts, known[daughter.pk].facts
    assert (theirs.birth_date, ours.identifiers) == ("2009-05", {"passport": "X1234567"})
    assert ours.relations == theirs.relations != frozenset()
    assert (ours.places[0].street, ours.places[0].postal_code) == ("elm street", "12345")
