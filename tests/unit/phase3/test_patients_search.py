"""Finding patients by whatever the receptionist hears."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core import tenancy
from apps.core.actors import SYSTEM
from apps.core.tenancy import all_organizations, organization_scope
from apps.patients import selectors, services
from apps.patients.models import Patient

pytestmark = pytest.mark.django_db

PEOPLE = [
    ("Ana", "López", dt.date(1978, 3, 14), "+14155550142", "ana.lopez@example.org", ""),
    ("Anaïs", "Lopes", dt.date(1990, 7, 1), "+33612345678", "", ""),
    ("राम", "कुमार", dt.date(1985, 1, 2), "+919876543210", "", "Ram Kumar"),
    ("伟", "张", None, "+8613812345678", "", "Zhang Wei"),
    ("Łukasz", "O’Brien-Żak", dt.date(1961, 12, 5), "+16465550177", "", ""),
    ("John", "Smith", dt.date(1950, 5, 6), "+12125550111", "", ""),
    ("Jo", "Li", dt.date(2001, 2, 3), "+12125550112", "", ""),
    ("Мария", "Иванова", None, "+447700900123", "", ""),
]


@pytest.fixture
def people(organization) -> dict[str, Patient]:
    return {
        given: services.create_patient(
            organization=organization,
            given_name=given,
            family_name=family,
            birth_date=born,
            phones=[phone],
            emails=[email] if email else [],
            name_latin=latin,
            actor=SYSTEM,
        )
        for given, family, born, phone, email, latin in PEOPLE
    }


def names(organization, text: str, **kwargs) -> list[str]:
    return [
        match.patient.given_name for match in selectors.search_patients(organization=organization, text=text, **kwargs)
    ]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("lopez ana", "Ana"),
        ("ANA LÓPEZ", "Ana"),
        ("lóp an", "Ana"),
        ("राम", "राम"),
        ("कुमार राम", "राम"),
        ("ram kumar", "राम"),
        ("张伟", "伟"),
        ("wei zhang", "伟"),
        ("lukasz", "Łukasz"),
        ("obrien", "Łukasz"),
        ("o'brien", "Łukasz"),
        ("O’Brien Zak", "Łukasz"),
        ("brien", "Łukasz"),
        ("мария", "Мария"),
        ("ivanova", "Мария"),
        ("li", "Jo"),
        ("ana.lopez@example", "Ana"),
        ("Ana.Lopez@Example.org", "Ana"),
        ("lopez 14.3.1978", "Ana"),
        ("lopez 0142", "Ana"),
    ],
)
def test_first_hit_of(organization, people, typed, found):
    assert names(organization, typed)[:1] == [found]


@pytest.mark.parametrize(
    "typed",
    [
        "4155550142",
        "(415) 555-0142",
        "+1 415 555 0142",
        "415.555.0142",
        "5550142",
        "0142",
        "415 555 01",
        "001 415 555 0142",
    ],
)
def test_phone_in_any_format_or_part(organization, people, typed):
    assert names(organization, typed)[0] == "Ana"


@pytest.mark.parametrize("typed", ["07700 900123", "+44 7700 900123", "0044 7700 900123", "900123"])
def test_phone_with_a_trunk_zero_or_an_international_prefix(organization, people, typed):
    assert names(organization, typed) == ["Мария"]


@pytest.mark.parametrize(
    "typed",
    [
        "3/14/1978",
        "3/14/78",
        "03-14-1978",
        "1978-03-14",
        "14/3/1978",
        "March 14, 1978",
        "14 marzo 1978",
        "14 मार्च 1978",
    ],
)
def test_birth_date_as_people_of_the_country_write_it(organization, people, typed):
    assert names(organization, typed) == ["Ana"]


def test_birth_date_is_day_first_outside_north_america(organization, people):
    organization.country = "GB"
    assert (names(organization, "6/5/1950"), names(organization, "5/6/1950")) == (["John"], [])


def test_birth_date_with_dots_is_day_first_everywhere(organization, people):
    assert (names(organization, "6.5.1950"), names(organization, "5.6.1950")) == (["John"], [])


@pytest.mark.parametrize("typed", ["{number}", "{number:06d}", "#{number}"])
def test_record_number_comes_first(organization, people, typed):
    number = people["Łukasz"].number
    match = selectors.search_patients(organization=organization, text=typed.format(number=number))[0]
    assert (match.patient.given_name, match.reason) == ("Łukasz", f"record number {number:06d}")


@pytest.mark.parametrize(
    ("typed", "found"),
    [("jonh smiht", "John"), ("Smtih", "John"), ("lopze", "Ana"), ("ivanowa", "Мария"), ("lukas obrian", "Łukasz")],
)
def test_small_typos_are_forgiven(organization, people, typed, found):
    match = selectors.search_patients(organization=organization, text=typed)[0]
    assert (match.patient.given_name, match.reason) == (found, "similar name")


@pytest.mark.parametrize("typed", ["jsoe", "jsoe gaircia", "Jose Gracia", "pepe garcia", "pepe"])
def test_short_names_with_letters_exchanged_and_nicknames_find_the_person(organization, people, typed):
    services.create_patient(organization=organization, given_name="José", family_name="García", actor=SYSTEM)
    assert names(organization, typed)[0] == "José"


@pytest.fixture
def jose(organization, people):
    return services.create_patient(
        organization=organization,
        given_name="José",
        family_name="Gil",
        birth_date=dt.date(1990, 2, 3),
        phones=["+14155550177"],
        actor=SYSTEM,
    )


@pytest.mark.parametrize("typed", ["jsoe gil", "gil jsoe", "jsoe 2/3/1990", "jsoe 5550177", "jose gli", "jsoe gli"])
def test_letters_exchanged_are_found_with_whatever_else_is_typed(organization, jose, typed):
    assert names(organization, typed) == ["José"]


@pytest.mark.parametrize("typed", ["jsoe 2/4/1990", "jsoe 5550199", "jsoe novak", "jsoe garcia"])
def test_letters_exchanged_are_not_found_when_the_rest_does_not_fit(organization, jose, typed):
    assert names(organization, typed) == []


def test_archived_patients_are_not_found_by_letters_exchanged(organization, jose):
    services.archive_patient(patient=jose, actor=SYSTEM)
    assert names(organization, "jsoe gil") == []


@pytest.mark.parametrize(
    ("registered", "typed"),
    [("William", "bill"), ("Bill", "william"), ("Elizabeth", "liz"), ("Александр", "sasha"), ("Guadalupe", "lupita")],
)
def test_another_form_of_the_name_is_found_and_said(organization, people, registered, typed):
    services.create_patient(organization=organization, given_name=registered, family_name="Novak", actor=SYSTEM)
    match = selectors.search_patients(organization=organization, text=f"novak {typed}")[0]
    assert (match.patient.given_name, match.reason) == (registered, "another form of the name")


def test_the_name_as_typed_comes_before_its_other_forms(organization, people):
    for name in ("William", "Bill"):
        services.create_patient(organization=organization, given_name=name, family_name="Novak", actor=SYSTEM)
    assert names(organization, "bill novak") == ["Bill", "William"]


def test_whole_words_come_first_where_too_many_begin_so(organization, people):
    """The first look is capped; a name that is typed whole must not be lost among longer ones."""
    Patient.objects.bulk_create(
        Patient(
            organization=organization,
            number=5000 + n,
            given_name="Annabel",
            family_name="Smithson",
            search_text=" annabel smithson ",
            sort_name="smithson annabel",
        )
        for n in range(2100)
    )
    services.create_patient(organization=organization, given_name="Anna", family_name="Smith", actor=SYSTEM)
    found = names(organization, "anna smith", limit=10)
    assert found[0] == "Anna"
    assert len(found) == 10


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("ana lopez", "name"),
        ("5550142", "phone (415) 555-0142"),
        ("900123", "phone +44 7700 900123"),
        ("3/14/1978", "birth date"),
        ("ana.lopez@", "e-mail ana.lopez@example.org"),
    ],
)
def test_the_reason_is_said_in_words(organization, people, typed, reason):
    assert selectors.search_patients(organization=organization, text=typed)[0].reason == reason


def test_exact_names_come_before_longer_ones(organization, people):
    services.create_patient(organization=organization, given_name="Anastasia", family_name="Lopezowa", actor=SYSTEM)
    assert names(organization, "ana lopez")[0] == "Ana"


@pytest.mark.parametrize(
    "typed", ["", "   ", "'", "%", "_", "-", "()", "\\", "zzzzzz qqqq", "9999999", "++", "@", "ana%lopez%x", "x" * 5000]
)
def test_nothing_sensible_finds_nothing_and_breaks_nothing(organization, people, typed):
    assert names(organization, typed) == []


def test_wildcards_are_plain_characters(organization, people):
    assert names(organization, "a_a@%") == []


def test_limit_is_kept(organization, people):
    assert len(names(organization, "a", limit=1)) == 1


def test_archived_patients_are_not_found(organization, people):
    services.archive_patient(patient=people["John"], actor=SYSTEM)
    assert names(organization, "john") == []
    assert names(organization, people["John"].record_number) == []


def test_changed_names_and_phones_are_found_at_once(organization, people):
    services.update_patient(
        patient=people["John"], changes={"family_name": "Appleseed", "phones": ["646 555 0101"]}, actor=SYSTEM
    )
    assert (names(organization, "appleseed"), names(organization, "6465550101"), names(organization, "2125550111")) == (
        ["John"],
        ["John"],
        [],
    )


def test_other_organizations_patients_are_never_found(organization, other_organization, people):
    with organization_scope(other_organization.pk):
        services.create_patient(
            organization=other_organization,
            given_name="Ana",
            family_name="López",
            phones=["+14155550142"],
            actor=SYSTEM,
        )
        assert len(names(other_organization, "ana lopez")) == 1
        assert names(other_organization, "jonh smiht") == []
    assert len(names(organization, "ana lopez 0142")) == 1


@pytest.mark.parametrize(
    "call",
    [
        "SELECT id FROM patients_search(ARRAY['ana'], ARRAY[]::text[], ARRAY[]::text[], NULL, ARRAY[]::date[], 10, '{}', '{}')",
        """SELECT id FROM patients_search_exchanged(ARRAY['naa'], ARRAY[]::text[], ARRAY[]::date[], '{"naa": ["ana"]}')""",
    ],
)
def test_the_database_functions_are_closed_without_an_organization(people, call):
    def ids() -> list:
        with connection.cursor() as cursor:
            cursor.execute(call)
            return cursor.fetchall()

    with tenancy.closed():
        assert ids() == []
    with all_organizations():
        assert ids() == []
    assert len(ids()) == 2


def test_query_count_does_not_grow_with_the_hits(organization, people):
    with CaptureQueriesContext(
        connection,
    ) as few:
        names(organization, "lukasz")
    with CaptureQueriesContext(connection) as many:
        names(organization, "a")
    assert len(few) == len(many) == 3


def test_patients_of_a_shared_phone(organization, other_organization, people):
    child = services.create_patient(organization=organization, given_name="Leo", phones=["+14155550142"], actor=SYSTEM)
    with organization_scope(other_organization.pk):
        services.create_patient(
            organization=other_organization, given_name="Foreign", phones=["+14155550142"], actor=SYSTEM
        )
    found = selectors.patients_with_address(organization=organization, system="phone", value="(415) 555-0142")
    assert [p.pk for p in found] == [people["Ana"].pk, child.pk]
    assert selectors.patients_with_address(organization=organization, system="phone", value="22395") == []
    assert [
        p.given_name
        for p in selectors.patients_with_address(
            organization=organization, system="email", value="ANA.lopez@example.org"
        )
    ] == ["Ana"]


def identity(organization, **said) -> Patient | None:
    whole = {
        "address": "+14155550142",
        "given_name": "Ana",
        "family_name": "Lopez",
        "birth_date": dt.date(1978, 3, 14),
    } | said
    return selectors.find_patient_by_identity(organization=organization, **whole)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"given_name": "Lopez", "family_name": "Ana"},
        {"given_name": "ANA", "family_name": "LÓPEZ"},
        {"family_name": "Lopes"},
    ],
)
def test_identity_needs_name_birth_date_and_address(organization, people, said):
    assert identity(organization, **said) == people["Ana"]


@pytest.mark.parametrize(
    "said",
    [
        {"birth_date": dt.date(1978, 4, 13)},
        {"address": "+14155550143"},
        {"given_name": "Pedro"},
        {"given_name": "", "family_name": ""},
        {"address": "ana@elsewhere.org"},
    ],
)
def test_identity_is_not_verified_by_less(organization, people, said):
    assert identity(organization, **said) is None


def test_a_birth_date_of_which_only_the_year_is_known_verifies_nobody(organization, people):
    services.update_patient(patient=people["Ana"], changes={"birth_date": "1978"}, actor=SYSTEM)
    for day in (dt.date(1978, 3, 14), dt.date(1978, 1, 1)):
        assert identity(organization, birth_date=day) is None


def test_twins_who_fit_equally_verify_nobody(organization, people):
    for name in ("Ana", "Ana"):
        services.create_patient(
            organization=organization,
            given_name=name,
            family_name="López",
            birth_date=dt.date(1978, 3, 14),
            phones=["+14155550142"],
            actor=SYSTEM,
        )
    assert identity(organization) is None


# ── the archive ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("typed", ["john smith", "smith jonh", "212 555 0111", "5/6/1950", "{number}"])
def test_the_archive_is_searched_like_the_list_and_holds_only_archived_patients(organization, people, typed):
    text = typed.format(number=people["John"].record_number)
    assert names(organization, text, archived=True) == []
    services.archive_patient(patient=people["John"], actor=SYSTEM)
    assert names(organization, text, archived=True) == ["John"]
    assert names(organization, text) == []


@pytest.mark.parametrize("typed", ["john smith", "{number}"])
def test_a_merged_record_is_not_in_the_archive(organization, people, typed):
    double = people["John"]
    text = typed.format(number=double.record_number)
    services.merge_patients(survivor=people["Ana"], duplicate=double, despite_doubts=True, actor=SYSTEM)
    assert names(organization, text, archived=True) == []


# ── numbers, years and months of birth, words written apart ───────────────────────────────────────────────────────────


@pytest.fixture
def margaret(organization, people) -> Patient:
    return services.create_patient(
        organization=organization,
        given_name="Margaret",
        family_name="Thornbury",
        birth_date=dt.date(1961, 4, 12),
        phones=["+14155550188"],
        identifiers=[{"system": "insurance", "value": "XQZ-7740-1976"}],
        actor=SYSTEM,
    )


@pytest.mark.parametrize(
    "typed",
    [
        "thornbury 1961",
        "1961 marg",
        "Apr 1961",
        "thornbury april 1961",
        "12 april 61",
        "april 12 61",
        "04121961",
        "19610412",
        "thornbury 04121961",
        "Thorn bury",
        "margaret thorn bury",
        "thornbry 1961",
    ],
)
def test_a_year_or_a_month_of_birth_and_words_written_apart_find_the_person(organization, margaret, typed):
    assert names(organization, typed) == ["Margaret"]


def test_eight_digits_are_day_first_outside_north_america(organization, margaret):
    organization.country = "GB"
    assert names(organization, "12041961") == ["Margaret"]


@pytest.mark.parametrize("typed", ["thornbury 1962", "May 1961", "12 april 62", "12121961", "thorn buty"])
def test_another_year_month_or_word_finds_nobody(organization, margaret, typed):
    assert names(organization, typed) == []


def test_four_digits_are_a_part_of_a_phone_first_and_a_year_of_birth_after_that(organization, margaret):
    services.create_patient(organization=organization, given_name="Rosa", phones=["+14155551961"], actor=SYSTEM)
    assert names(organization, "1961") == ["Rosa", "Łukasz", "Margaret"]


@pytest.mark.parametrize("typed", ["XQZ-7740-1976", "xqz77401976", "77401976", "xqz-7740", "7740"])
def test_a_number_is_said_with_its_system_and_finds_nobody_else(organization, margaret, typed):
    services.create_patient(
        organization=organization,
        given_name="Nora",
        identifiers=[{"system": "insurance", "value": "XQZ-7741-1976"}, {"system": "passport", "value": "K1234567"}],
        actor=SYSTEM,
    )
    found = selectors.search_patients(organization=organization, text=typed)
    assert (found[0].patient, found[0].reason) == (margaret, "number XQZ-7740-1976 (insurance)")
    assert len(found) == 1


def test_a_number_does_not_fit_by_its_middle_or_end(organization, people):
    services.create_patient(
        organization=organization,
        given_name="Nora",
        identifiers=[{"system": "insurance", "value": "MA40331961"}],
        actor=SYSTEM,
    )
    assert "Nora" not in names(organization, "1961")
    assert names(organization, "3196") == []
    assert names(organization, "ma4033") == ["Nora"]


def test_a_record_number_in_full_is_no_part_of_a_phone(organization, people):
    Patient.objects.filter(pk=people["John"].pk).update(number=401)
    services.create_patient(organization=organization, given_name="Rosa", phones=["+14155554401"], actor=SYSTEM)
    assert names(organization, "000401") == ["John"]
    assert names(organization, "4401") == ["Rosa"]


@pytest.mark.parametrize("registered", ["Margaret", "Margret"])
def test_maggie_is_margaret_in_either_spelling(organization, people, registered):
    services.create_patient(organization=organization, given_name=registered, family_name="Novak", actor=SYSTEM)
    assert names(organization, "maggie novak") == [registered]
