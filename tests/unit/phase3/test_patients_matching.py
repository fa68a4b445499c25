"""Are two records one person: the scorer, without a database."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.patients.candidates import counted_values
from apps.patients.matching import (
    MERGE,
    REVIEW,
    Band,
    Frequencies,
    PersonFacts,
    Place,
    Score,
    band_of,
    match_keys,
    score_pair,
)
from apps.patients.matching.comparisons import compare_births, compare_names
from apps.patients.matching.keys import spelled_keys
from apps.patients.matching.sounds import sound
from apps.patients.matching.weights import WEIGHTS
from apps.patients.matching.words import SENTENCES, reason_of

HOME = Place.from_text("12 Elm Street, Springfield 12345")
ANA = PersonFacts(
    given_name="Ana",
    family_name="Fernández",
    birth_date="1984-05-17",
    sex="female",
    phones=frozenset({"+15550001111"}),
    emails=frozenset({"ana@example.org"}),
    places=(HOME,),
)
CLINIC = Frequencies(
    20_000, {("given", "ana"): 150, ("family", "fernandez"): 40, ("given", "maria"): 300, ("given", "mario"): 60}
)


def score(ours: PersonFacts, theirs: PersonFacts, frequencies: Frequencies = CLINIC) -> Score:
    return score_pair(ours, theirs, frequencies=frequencies)


def levels(found: Score) -> dict[str, str]:
    return {evidence.field: evidence.level for evidence in found.evidence}


def test_the_same_person_with_the_same_facts_may_be_merged_without_a_person() -> None:
    assert score(ANA, replace(ANA)).band is Band.MERGE


@pytest.mark.parametrize(
    ("changed", "field", "level"),
    [
        ({"given_name": "Anna", "family_name": "Fernandes"}, "family", "close"),
        ({"given_name": "Fernandez", "family_name": "Ana"}, "names", "swapped"),
        ({"given_name": "Anita"}, "given", "nickname"),
        ({"given_name": "Ana Lucía"}, "given", "part"),
        ({"given_name": "A"}, "given", "initial"),
        ({"family_name": "Fernandez Soto"}, "family", "part"),
        ({"family_name": "Phernandhess"}, "family", "sound"),
        ({"birth_date": "1984-05-71"}, "birth", "typo"),
        ({"birth_date": "1984-05-18"}, "birth", "typo"),
        ({"birth_date": "1984"}, "birth", "agrees"),
        ({"phones": frozenset({"+15550001112"})}, "phone", "typo"),
        ({"emails": frozenset({"anna@example.org"})}, "email", "typo"),
    ],
)
def test_a_record_with_one_usual_error_goes_to_review_with_the_error_named(
    changed: dict[str, object], field: str, level: str
) -> None:
    found = score(ANA, replace(ANA, **changed))  # type: ignore[arg-type]
    assert found.bits > REVIEW
    assert levels(found)[field] == level


def test_a_birth_date_with_day_and_month_swapped_is_told_from_another_birth_date() -> None:
    assert compare_births("19840507", "19840705") == "swapped"
    assert compare_births("19840507", "19910212") == "different"
    early = replace(ANA, birth_date="1984-05-07")
    assert score(early, replace(early, birth_date="1984-07-05")).bits > score(early, ANA).bits - 15


def test_two_people_without_anything_in_common_are_unlikely() -> None:
    other = PersonFacts(
        given_name="Wei", family_name="Zhang", birth_date="1950-01-02", phones=frozenset({"+15559998888"})
    )
    assert score(ANA, other).band is Band.UNLIKELY


def test_agreement_on_a_rare_name_weighs_more_than_on_a_common_one() -> None:
    smiths = Frequencies(20_000, {("family", "smith"): 400, ("given", "john"): 300})
    common = PersonFacts(given_name="John", family_name="Smith", birth_date="1970-02-03")
    rare = replace(common, family_name="Featherstonehaugh")
    assert score(rare, rare, smiths).bits > score(common, common, smiths).bits + 3
    assert "rare" in reason_of(score(rare, rare, smiths).evidence[1]).text
    assert "common" in reason_of(score(common, common, smiths).evidence[1]).text


def test_two_known_names_one_letter_apart_are_two_names_and_not_a_typo() -> None:
    assert compare_names(["maria"], ["mario"], kinds=("given",), frequencies=CLINIC)[0] == "similar"
    assert compare_names(["maria"], ["marja"], kinds=("given",), frequencies=CLINIC)[0] == "close"


def test_twins_stay_below_review_unless_their_names_look_alike() -> None:
    maria = replace(ANA, given_name="Maria", emails=frozenset())
    assert score(maria, replace(maria, given_name="Lucía")).bits < 0
    assert score(maria, replace(maria, given_name="Mario", sex="male")).band is not Band.MERGE


def test_without_relatives_as_the_second_suspect_twins_would_look_like_one_person() -> None:
    """The control: what a family shares is by far enough; only weighing against relatives takes it away again."""
    twins = score(ANA, replace(ANA, given_name="Lucía", emails=frozenset()))
    assert twins.bits - twins.shared > MERGE > 0 > twins.bits


def test_a_pair_that_is_not_settled_is_not_merged_however_much_speaks_for_it() -> None:
    assert band_of(MERGE + 50, is_settled=False) is Band.REVIEW
    assert band_of(MERGE, is_settled=True) is Band.MERGE


def test_brothers_and_sisters_on_one_phone_are_not_even_shown_for_review() -> None:
    assert score(ANA, replace(ANA, given_name="Diego", sex="male", birth_date="1986-11-02")).band is Band.UNLIKELY


def test_a_father_and_a_son_of_one_name_are_never_merged_without_a_person() -> None:
    father = replace(ANA, given_name="Juan", sex="male", birth_date="1955-03-01")
    assert score(father, replace(father, birth_date="1984-05-17")).band is not Band.MERGE
    assert score(father, replace(father, birth_date="")).band is not Band.MERGE


def test_people_whom_the_clinic_knows_as_relatives_weigh_less() -> None:
    at_home = replace(ANA, relations=frozenset({"mother daughter"}))
    assert (
        score(at_home, replace(at_home, given_name="Anna")).bits < score(ANA, replace(ANA, given_name="Anna")).bits - 5
    )


def test_an_identifier_of_one_system_decides_between_people_of_one_name() -> None:
    ours = PersonFacts(given_name="Ana", family_name="Fernández", identifiers={"passport": "X1234567"})
    assert score(ours, replace(ours)).bits > 0
    assert not score(ours, replace(ours, identifiers={"passport": "Y7654321"})).is_settled


def test_a_latin_spelling_matches_a_name_in_another_script() -> None:
    ours = PersonFacts(given_name="秀英", family_name="王", name_latin="Xiuying Wang", birth_date="1961-02-09")
    theirs = PersonFacts(given_name="Xiuying", family_name="Wang", birth_date="1961-02-09")
    assert levels(score(ours, theirs)) | {"household": ""} == {
        "given": "same",
        "family": "same",
        "birth": "same",
        "household": "",
    }


def test_names_that_languages_spell_differently_sound_alike() -> None:
    pairs = [("vaughn", "bon"), ("meyer", "maier"), ("jose", "hose"), ("aarti", "arati"), ("philip", "filip")]
    assert [sound(one) == sound(other) for one, other in pairs] == [False, True, True, True, True]


def test_an_address_in_one_line_is_read_in_parts() -> None:
    assert Place.from_text("Calle Mayor 7, 28013 Madrid") == Place("7", "calle mayor", "", "madrid", "28013")
    assert Place("12", "elm street", "", "springfield", "12345") == HOME
    assert not Place.from_text(" ,")


def test_each_error_leaves_a_key_in_common() -> None:
    for theirs in (
        replace(ANA, given_name="Fernandez", family_name="Anna", birth_date="", phones=frozenset()),
        replace(ANA, birth_date="1984-05-18", phones=frozenset(), emails=frozenset(), places=()),
        replace(ANA, family_name="Soto", phones=frozenset(), emails=frozenset(), places=()),
        replace(ANA, birth_date="1984-17-05", given_name="", family_name="X", phones=frozenset(), places=()),
    ):
        assert set(spelled_keys(ANA)) & set(spelled_keys(theirs))


def test_keys_of_two_organizations_have_nothing_in_common() -> None:
    assert set(match_keys(ANA, salt="a")).isdisjoint(match_keys(ANA, salt="b"))


def test_every_level_of_every_comparison_has_words() -> None:
    assert {(field, level) for field, odds in WEIGHTS.items() for level in odds} <= SENTENCES.keys()


NAMES = st.sampled_from(["Ana", "Anna", "Juan", "John", "Bill", "William", "Li", "", "María José", "Fernández", "ana"])
PEOPLE = st.builds(
    PersonFacts,
    given_name=NAMES,
    family_name=NAMES,
    preferred_name=NAMES,
    name_latin=NAMES,
    birth_date=st.sampled_from(["", "1984", "1984-05", "1984-05-07", "1984-07-05", "1984-05-08", "1971-01-01"]),
    sex=st.sampled_from(["female", "male", "unknown"]),
    phones=st.frozensets(st.sampled_from(["+15550001111", "+15550001112", "+15559998888"]), max_size=2),
    emails=st.frozensets(st.sampled_from(["ana@example.org", "anna@example.org", "x@y.org"]), max_size=2),
    places=st.lists(
        st.builds(
            Place,
            number=st.sampled_from(["", "1", "12", "13"]),
            street=st.sampled_from(["", "elm street", "elmstreet", "oak road"]),
            extra=st.sampled_from(["", "elm street", "flat 2"]),
            locality=st.sampled_from(["", "springfield", "springfeld"]),
            postal_code=st.sampled_from(["", "12345", "12354"]),
        ),
        max_size=2,
    ).map(tuple),
    identifiers=st.dictionaries(st.sampled_from(["passport", "mrn"]), st.sampled_from(["X1234", "X1235", "Z9"])),
    relations=st.frozensets(st.sampled_from(["a b", "a c"]), max_size=1),
)


@given(PEOPLE, PEOPLE)
def test_a_score_is_the_same_in_both_directions(ours: PersonFacts, theirs: PersonFacts) -> None:
    one, other = score(ours, theirs), score(theirs, ours)
    assert one.bits == pytest.approx(other.bits)
    assert one.band is other.band


FOLDED = ["ana", "anna", "juan", "john", "li", "maria jose", "mariajose", "fernandez", "elm street", "elmstreet"]
COUNTS = st.dictionaries(
    st.one_of(
        st.tuples(st.sampled_from(["given", "family", "street"]), st.sampled_from(FOLDED)),
        st.tuples(st.just("birth"), st.sampled_from(["19840507", "19710101"])),
        st.tuples(st.just("locality"), st.just("springfield")),
    ),
    st.integers(2, 4_000),
)


@given(PEOPLE, PEOPLE, COUNTS, st.sampled_from([0, 900, 20_000]))
def test_counting_the_others_values_never_lifts_a_score_above_its_ceiling_without_them(
    ours: PersonFacts, theirs: PersonFacts, counts: dict[tuple[str, str], int], people: int
) -> None:
    """Whom the ceiling leaves out, nobody need ask about: `find_candidates` relies on it."""
    mine = {tuple(value.split("|", 1)) for value in counted_values(ours)}
    without = Frequencies(people, {value: n for value, n in counts.items() if value in mine})
    assert score(ours, theirs, Frequencies(people, counts)).bits <= score(ours, theirs, without).ceiling + 1e-9


@given(PEOPLE, st.sampled_from([("Ana", "Juan"), ("Mario", "Maria"), ("Li", "Bo"), ("María José", "María Luz")]))
def test_twins_never_reach_the_threshold_for_merging(family: PersonFacts, twins: tuple[str, str]) -> None:
    one, other = (replace(family, given_name=name, preferred_name="", name_latin="") for name in twins)
    assert score(one, other).band is not Band.MERGE


@given(PEOPLE)
def test_a_parent_and_a_child_of_one_name_never_reach_the_threshold_for_merging(person: PersonFacts) -> None:
    parent, child = replace(person, birth_date="1950-02-03"), replace(person, birth_date="1984-11-27")
    assert score(parent, child).band is not Band.MERGE


@given(PEOPLE, PEOPLE)
def test_nothing_merges_without_agreeing_given_name_family_name_and_birth_date(
    ours: PersonFacts, theirs: PersonFacts
) -> None:
    found = score(ours, theirs)
    if found.band is Band.MERGE:
        assert found.bits >= MERGE
        assert levels(found)["birth"] == "same"
        assert levels(found)["given"] in {"same", "nickname"}
