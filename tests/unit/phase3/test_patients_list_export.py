"""The list of patients as CSV: who is in it, what is said of them, who may have it; and the same people when it is imported."""

from __future__ import annotations

import csv
import io
import tracemalloc

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from apps.audit.models import AccessRecord
from apps.core.csv_files import guarded, read_csv, unguarded
from apps.core.errors import NotAllowed
from apps.core.tenancy import closed, organization_scope
from apps.organizations.permissions import Role
from apps.organizations.services import actor_for_membership
from apps.patients import services
from apps.patients.cleaning import clean_fields
from apps.patients.dates import PartialDate
from apps.patients.exchange.columns import FIELDS, guess_mapping
from apps.patients.exchange.csv_rows import Cells, read_cells
from apps.patients.exchange.several import read_list, read_pairs, write_list, write_pairs
from apps.patients.exchange.writing import COLUMNS, write_patients
from apps.patients.models import ContactPoint, ImportStatus, Patient, RowState
from apps.patients.services import importing
from apps.patients.tasks import work_on_imports
from tests.fixtures.organizations import MembershipFactory
from tests.fixtures.patients import (
    ContactPointFactory,
    IdentifierFactory,
    PatientFactory,
    RelatedPersonFactory,
)
from tests.fixtures.shared import api_client_for

API = "/api/v1/patients/export/"
PAGE = "/patients/export/"

pytestmark = pytest.mark.django_db


def rows_of(answer) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def names(answer) -> list[str]:
    return [row["given_name"] for row in rows_of(answer)]


@pytest.fixture
def whole(organization, actor) -> Patient:
    """A record with something in every column, and texts that could break a file."""
    made = services.create_patient(
        organization=organization,
        actor=actor,
        given_name="José, “Pepe”",
        family_name="=cmd|' /C calc'!A0",
        preferred_name="-Pepe",
        name_latin="Jose",
        birth_date=PartialDate.fromisoformat("1984-03"),
        sex="male",
        gender_identity="@home",
        language="es",
        phones=[
            {"value": "+14155550101", "use": "mobile"},
            {"value": "+14155550102", "use": "mobile"},
            {"value": "+14155550103", "use": "home"},
            {"value": "+14155550104", "use": "work"},
            {"value": "+14155550105", "use": "other"},
        ],
        emails=[
            {"value": "pepe@example.org", "use": "home"},
            {"value": "p@example.org", "use": "home"},
            {"value": "w@example.org", "use": "work"},
        ],
        addresses=[
            {
                "use": "home",
                "lines": ["1 Harbour Street", "Apt 3"],
                "city": "Leeds",
                "district": "West Yorkshire",
                "state": "England",
                "postal_code": "LS1 4AP",
                "country": "GB",
            }
        ],
        identifiers=[
            {"system": "national-id", "value": "SS-1"},
            {"system": "passport", "value": "X1"},
            {"system": "insurance", "value": "+7"},
            {"system": "passport", "value": "X2"},
            {"system": "https://old.example/mrn", "value": "7;8"},
        ],
        related_persons=[
            {"name": "Rosa", "relationship": "parent", "phone": "+14155550106", "is_emergency_contact": True},
            {"name": "Luis", "relationship": "sibling", "phone": "+14155550107", "is_guardian": True},
        ],
        tags=["vip, Monday"],
        alerts=["penicillin, latex", "needs ramp"],
        note='First "line"\n=SUM(A1)\n\n' + "long " * 1999 + "end",
        preferred_channel="sms",
    )
    answers = {"whatsapp": "active", "sms": "withdrawn", "data_sharing": "active", "ai_processing": "refused"}
    for purpose, status in answers.items():
        services.set_consent(patient=made, purpose=purpose, status=status, source="front desk", actor=actor)
    return made


class TestContent:
    def test_row_says_what_the_record_says(self, api_client, whole):
        (row,) = rows_of(api_client.get(API))
        assert list(row) == list(COLUMNS)
        assert row == {
            "record_number": whole.record_number,
            "id": str(whole.pk),
            "given_name": "José, “Pepe”",
            "family_name": "'=cmd|' /C calc'!A0",
            "preferred_name": "'-Pepe",
            "name_latin": "Jose",
            "birth_date": "1984-03",
            "sex": "male",
            "gender_identity": "'@home",
            "language": "es",
            "phone_mobile": "'+14155550101; +14155550102",
            "phone_home": "'+14155550103",
            "phone_work": "'+14155550104",
            "phone_other": "'+14155550105",
            "email": "pepe@example.org; p@example.org",
            "email_work": "w@example.org",
            "line_1": "1 Harbour Street",
            "line_2": "Apt 3",
            "city": "Leeds",
            "district": "West Yorkshire",
            "state": "England",
            "postal_code": "LS1 4AP",
            "country": "GB",
            "national_id": "SS-1",
            "passport": "X1",
            "insurance": "'+7",
            "other_numbers": "passport|X2; https://old.example/mrn|7\\;8",
            "emergency_name": "Rosa",
            "emergency_phone": "'+14155550106",
            "emergency_relationship": "parent",
            "guardian_name": "Luis",
            "guardian_phone": "'+14155550107",
            "guardian_relationship": "sibling",
            "tags": "vip, Monday;",
            "alerts": "penicillin, latex; needs ramp",
            "note": whole.note,
            "preferred_channel": "sms",
            "consent_whatsapp": "yes",
            "consent_sms": "no",
            "consent_email": "",
            "consent_voice": "",
            "consent_data_sharing": "yes",
            "consent_ai_processing": "refused",
            "consent_photos": "",
            "inactive": "",
        }

    def test_record_with_a_name_only_has_empty_cells(self, api_client, organization):
        PatientFactory(organization=organization, given_name="", family_name="Chen", birth_date=None)
        (row,) = rows_of(api_client.get(API))
        filled = {name for name, cell in row.items() if cell}
        assert filled == {"record_number", "id", "family_name", "sex", "language"}

    def test_patients_stand_by_name_and_none_of_another_clinic(self, api_client, organization, other_organization):
        for name in ("Zoë", "Amir"):
            PatientFactory(organization=organization, given_name=name, family_name="Diaz")
        PatientFactory(organization=other_organization, given_name="Foreign")
        assert names(api_client.get(API)) == ["Amir", "Zoë"]

    def test_archived_are_in_it_when_asked_for_and_merged_never(self, api_client, organization):
        kept = PatientFactory(organization=organization, given_name="Kept", archived_at=timezone.now())
        PatientFactory(organization=organization, archived_at=timezone.now(), merged_into=kept)
        assert names(api_client.get(API)) == []
        (row,) = rows_of(api_client.get(API, {"archived": "true"}))
        assert (row["given_name"], row["inactive"]) == ("Kept", "yes")


class TestFilters:
    @pytest.fixture
    def people(self, organization):
        anna = PatientFactory(organization=organization, given_name="Anna", family_name="Kovacs", language="en")
        ContactPointFactory(organization=organization, patient=anna, value="+14155550142")
        IdentifierFactory(organization=organization, patient=anna, system="passport", value="X1")
        IdentifierFactory(organization=organization, patient=anna, system="insurance", value="X1")
        PatientFactory(organization=organization, given_name="Bruno", family_name="Silva", language="es")

    @pytest.mark.parametrize("asked", [{"phone": "(415) 555-0142"}, {"identifier": "X1"}, {"search": "kovacs"}])
    def test_api_keeps_what_its_list_keeps_each_once(self, api_client, people, asked):
        assert names(api_client.get(API, asked)) == ["Anna"]

    def test_filter_that_makes_no_sense_is_refused(self, api_client):
        assert api_client.get(API, {"birth_date": "yesterday"}).status_code == 422

    @pytest.mark.parametrize(
        ("asked", "found"), [({}, ["Anna", "Bruno"]), ({"language": "es"}, ["Bruno"]), ({"q": "kovacz"}, ["Anna"])]
    )
    def test_page_gives_what_it_shows(self, manager_client, people, asked, found):
        dialog = manager_client.post(PAGE, asked, headers={"HX-Request": "true"})
        assert (dialog.status_code, dialog.context["number"]) == (200, len(found))
        assert names(manager_client.post(PAGE, {**asked, "download": "1"})) == found

    def test_page_begins_with_the_mark_that_excel_needs(self, manager_client, people):
        answer = manager_client.post(PAGE, {"download": "1"})
        assert b"".join(answer.streaming_content).startswith(b"\xef\xbb\xbfrecord_number,")
        assert answer["Content-Disposition"] == 'attachment; filename="patients.csv"'

    def test_reading_the_address_gives_no_file(self, manager_client, people):
        answer = manager_client.get(PAGE, {"download": "1"})
        assert b"Download CSV" in answer.content
        assert not AccessRecord.objects.filter(kind="export").exists()

    def test_list_carries_its_filter_to_the_export(self, manager_client, people):
        listed = manager_client.get(reverse("patients:list"), {"language": "es"}).content.decode()
        assert '<input type="hidden" name="language" value="es">' in listed
        found = manager_client.post(reverse("patients:search"), {"q": "kovacs"}).content.decode()
        assert '<input type="hidden" name="q" value="kovacs">' in found


class TestTraces:
    def test_every_patient_in_the_file_leaves_one_access_record(self, api_client, organization, monkeypatch):
        monkeypatch.setattr("apps.patients.exchange.writing.CHUNK", 2)
        people = PatientFactory.create_batch(3, organization=organization)
        PatientFactory(organization=organization, archived_at=timezone.now())
        b"".join(api_client.get(API).streaming_content)
        records = AccessRecord.objects.filter(kind="export", route="api:patients-list-export")
        assert sorted(records.values_list("patient_id", flat=True)) == sorted(one.pk for one in people)

    def test_the_desk_may_see_the_list_and_not_take_it_along(self, desk_client, front_desk, organization):
        PatientFactory(organization=organization)
        assert "Export…" not in desk_client.get(reverse("patients:list")).content.decode()
        assert desk_client.post(PAGE, {"download": "1"}).status_code == 403
        assert api_client_for(front_desk).get(API).status_code == 403
        with pytest.raises(NotAllowed):
            write_patients(
                Patient.objects.all(), organization=organization, route="x", actor=actor_for_membership(front_desk)
            )
        assert not AccessRecord.objects.filter(kind="export").exists()

    def test_one_statement_reads_everything_however_many_there_are(self, organization, manager_actor, whole):
        def statements() -> list[str]:
            with CaptureQueriesContext(connection) as caught:
                write_patients(Patient.objects.all(), organization=organization, route="x", actor=manager_actor).close()
            return [query["sql"] for query in caught if not query["sql"].startswith("INSERT")]

        few = statements()
        PatientFactory.create_batch(20, organization=organization)
        assert len(statements()) == len(few) == 1


class TestRoundTrip:
    @pytest.fixture
    def bring(self, other_organization):
        """Return a function that imports a file into the other clinic and answers what that one exports then."""
        boss = MembershipFactory(organization=other_organization, role=Role.MANAGER)

        def run(content: bytes, *, without: tuple[str, ...] = (), **options) -> list[dict[str, str]]:
            with closed(), organization_scope(other_organization.pk):
                actor = actor_for_membership(boss)
                batch = importing.upload_patients(
                    organization=other_organization, file_name="patients.csv", content=content, actor=actor
                )
                mapping = {name: place for name, place in batch.mapping.items() if name not in without}
                importing.check_import(batch=batch, mapping=mapping, actor=actor, **options)
            with closed():
                work_on_imports()
            with closed(), organization_scope(other_organization.pk):
                batch.refresh_from_db()
                assert list(batch.rows.exclude(state=RowState.READY).values_list("message", flat=True)) == []
                importing.run_import(batch=batch, actor=actor)
            with closed():
                work_on_imports()
            with closed(), organization_scope(other_organization.pk):
                batch.refresh_from_db()
                assert batch.status == ImportStatus.DONE
                file = write_patients(Patient.objects.all(), organization=other_organization, route="x", actor=actor)
                return list(csv.DictReader(io.TextIOWrapper(file, encoding="utf-8", newline="")))

        return run

    def test_every_column_is_known_to_the_import(self):
        known = guess_mapping(COLUMNS)
        assert {COLUMNS[place] for place in known.values()} == set(COLUMNS) - {"id"}
        assert known["external_id"] == COLUMNS.index("record_number")
        assert set(known) <= set(FIELDS)

    def test_what_is_exported_and_imported_elsewhere_says_the_same(self, manager_client, organization, whole, bring):
        gone = PatientFactory(organization=organization, given_name="Gone", family_name="Zuma", birth_date=None)
        services.archive_patient(patient=gone, actor=actor_for_membership(MembershipFactory(organization=organization)))
        ours = b"".join(manager_client.post(PAGE, {"download": "1"}).streaming_content)
        archived = b"".join(manager_client.post(PAGE, {"download": "1", "archived": "1"}).streaming_content)
        ours += archived.split(b"\r\n", 1)[1]
        sent = list(csv.DictReader(io.StringIO(ours.decode("utf-8-sig"), newline="")))
        own = {"record_number": "", "id": ""}
        assert [row | own for row in bring(ours, without=("external_id",))] == [row | own for row in sent]

    def test_record_numbers_are_kept_under_the_name_of_the_system(self, api_client, whole, bring):
        ours = b"".join(api_client.get(API).streaming_content)
        (row,) = bring(ours, system="tidewater")
        assert f"tidewater|{whole.record_number}" in row["other_numbers"]

    def test_who_is_contact_and_guardian_comes_back_as_one_person(self, api_client, organization, bring):
        child = PatientFactory(organization=organization)
        RelatedPersonFactory(organization=organization, patient=child, is_emergency_contact=True, is_guardian=True)
        (row,) = bring(b"".join(api_client.get(API).streaming_content), without=("external_id",))
        assert row["emergency_name"] == row["guardian_name"] == "Rosa López"
        assert row["guardian_relationship"] == "parent"

    def test_file_brought_back_to_the_same_clinic_finds_everybody_here(self, api_client, organization, manager_actor):
        PatientFactory.create_batch(3, organization=organization)
        ours = b"".join(api_client.get(API).streaming_content)
        batch = importing.upload_patients(
            organization=organization, file_name="patients.csv", content=ours, actor=manager_actor
        )
        importing.check_import(batch=batch, system="tidewater", actor=manager_actor)
        with closed():
            work_on_imports()
        assert set(batch.rows.values_list("state", flat=True)) == {RowState.KNOWN}


def test_memory_does_not_grow_with_the_number_of_patients(organization, manager_actor, monkeypatch):
    """Three times as many take about the same memory: they are read and written a chunk at a time."""
    monkeypatch.setattr("apps.patients.exchange.writing.CHUNK", 100)
    monkeypatch.setattr("apps.core.csv_writing.IN_MEMORY", 10_000)

    def peak() -> int:
        tracemalloc.start()
        write_patients(Patient.objects.all(), organization=organization, route="x", actor=manager_actor).close()
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    def add(first: int, number: int) -> None:
        made = Patient.objects.bulk_create(
            Patient(organization=organization, number=n, given_name="Ana", family_name=f"López {n}", note="x" * 300)
            for n in range(first, first + number)
        )
        ContactPoint.objects.bulk_create(
            ContactPoint(organization=organization, patient=one, system="phone", value=f"+1415{n:07d}")
            for n, one in enumerate(made)
        )

    add(1, 500)
    peak()
    few = peak()
    add(501, 1000)
    assert peak() < 1.3 * few


# Rich in what parts cells, escapes, and begins formulas.
SIGNS = st.sampled_from(";|\\,'\"=+-@\uff1d\u200b# aé7")
TEXTS = st.text(st.one_of(SIGNS, st.characters(exclude_categories=["Cc", "Cs"])), min_size=1, max_size=12)


@given(
    fields=st.fixed_dictionaries(
        {
            "given_name": TEXTS.filter(str.strip),
            "family_name": TEXTS,
            "note": TEXTS,
            "alerts": st.lists(TEXTS.filter(str.strip), max_size=3),
            "tags": st.lists(TEXTS.filter(str.strip), max_size=3),
            "identifiers": st.lists(
                st.fixed_dictionaries({"system": TEXTS.filter(str.strip), "value": TEXTS.filter(str.strip)}),
                max_size=3,
            ),
        }
    )
)
@settings(
    max_examples=150, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
def test_whatever_stands_in_lists_and_names_is_read_back_as_it_was(organization, manager_actor, fields):
    wanted = clean_fields(fields, organization=organization)
    assume(wanted["given_name"])
    made = services.create_patient(organization=organization, actor=manager_actor, **fields)
    ours = Patient.objects.filter(pk=made.pk)
    with write_patients(ours, organization=organization, route="x", actor=manager_actor) as file:
        content = file.read()
    ours.delete()
    read = read_csv(content)
    cells = Cells(read.header, guess_mapping(read.header), read.rows[0][1])
    draft = read_cells(cells, organization=organization, system="ours")
    back = clean_fields({name: getattr(draft, name) for name in fields}, organization=organization)
    back["identifiers"] = [one for one in back["identifiers"] if one["system"] != "ours"]

    def in_any_order(clean):
        # Numbers of kinds that have a column of their own come first.
        return clean | {"identifiers": sorted(clean["identifiers"], key=str)}

    assert in_any_order(back) == in_any_order(wanted)


class TestCells:
    @pytest.mark.parametrize(
        ("texts", "cell"),
        [
            (("a;b",), r"a\;b"),
            (("a|b", "c"), r"a\|b; c"),
            (("a, b",), "a, b;"),
            (("a, b; c",), r"a, b\; c;"),
            (("C:\\x\\",), "C:\\\\x\\\\"),
        ],
    )
    def test_what_would_part_a_cell_has_a_backslash_before_it(self, texts, cell):
        assert write_list(texts) == cell
        assert read_list(cell) == texts

    @pytest.mark.parametrize(
        ("cell", "texts"),
        [
            ("a, b", ("a", "b")),
            ("a;b|c\nd", ("a", "b", "c", "d")),
            ("C:\\files; b", ("C:\\files", "b")),
            (" ;", ()),
        ],
    )
    def test_cells_of_others_are_read_as_they_mean_it(self, cell, texts):
        assert read_list(cell) == texts

    def test_number_with_signs_that_part_is_not_two(self):
        numbers = [("passport", "a;b|c"), ("https://old.example|x", "7\\")]
        assert read_pairs(write_pairs(numbers)) == numbers
        assert read_pairs("passport|X2; https://old.example/mrn|7;8") == [
            ("passport", "X2"),
            ("https://old.example/mrn", "7;8"),
        ]


class TestFormulas:
    @pytest.mark.parametrize("before", ["", " ", "\u200b", "\ufeff", "\u2060 ", "\u202e", "\xad", "\x0b"])
    @pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\ufe66"])
    def test_sign_of_any_width_behind_nothing_seen_is_guarded_and_read_back(self, before, sign):
        text = f"{before}{sign}1+1"
        assert guarded(text) == f"'{text}"
        assert unguarded(guarded(text)) == text

    @pytest.mark.parametrize("text", ["", "'", "\u200b", "Ana", "'tis", "1=1", "«=»", "a@b.example"])
    def test_what_begins_no_formula_stays_as_it_is(self, text):
        assert guarded(text) == unguarded(text) == text

    def test_apostrophe_that_was_written_by_a_person_is_read_back(self):
        assert unguarded(guarded("'=1")) == "'=1"
