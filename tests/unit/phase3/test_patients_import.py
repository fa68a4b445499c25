"""Importing patients: every row checked first, people who are here recognised, twice changes nothing."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from django.forms import model_to_dict
from django.utils import timezone

from apps.core.errors import Conflict, InvalidInput, NotAllowed
from apps.core.imports.refusals import RowRefused
from apps.core.tenancy import closed, organization_scope
from apps.events.models import Event
from apps.organizations.permissions import Role
from apps.organizations.services import actor_for_membership
from apps.patients import services
from apps.patients.models import (
    Consent,
    ImportStatus,
    OnMatch,
    Patient,
    PatientImport,
    PatientImportRow,
    RowState,
)
from apps.patients.services import import_work, importing
from apps.patients.tasks import forget_imports, work_on_imports
from tests.fixtures.organizations import MembershipFactory
from tests.fixtures.racing import at_once

pytestmark = pytest.mark.django_db


def person(**cells: str) -> dict[str, str]:
    """Return a row: Maya Chen, born in 1984, one mobile."""
    return {
        "given_name": "Maya",
        "family_name": "Chen",
        "birth_date": "1984-03-14",
        "sex": "female",
        "mobile": "+14155550101",
        **cells,
    }


def csv_of(*rows: dict[str, str]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for one in rows for name in one)), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@pytest.fixture
def check(organization, manager_actor):
    """Return a function that uploads rows and lets them be checked."""

    def run(*rows: dict[str, str], content: bytes | None = None, **options) -> PatientImport:
        batch = importing.upload_patients(
            organization=organization, file_name="old.csv", content=content or csv_of(*rows), actor=manager_actor
        )
        importing.check_import(batch=batch, actor=manager_actor, **options)
        return worked(batch)

    return run


@pytest.fixture
def bring(check, manager_actor):
    """Return a function that uploads, checks and imports rows."""

    def run(*rows: dict[str, str], **options) -> PatientImport:
        batch = check(*rows, **options)
        importing.run_import(batch=batch, actor=manager_actor)
        return worked(batch)

    return run


def worked(batch: PatientImport) -> PatientImport:
    with closed():
        work_on_imports()
    batch.refresh_from_db()
    return batch


def verdicts(batch: PatientImport) -> list[tuple[str, str]]:
    return list(batch.rows.order_by("line").values_list("state", "code"))


def record_of(patient: Patient) -> dict[str, object]:
    """Return what is kept of a person, apart from ids, numbers and times."""
    leave = {"id", "number", "created_at", "updated_at", "search_text", "archived_at", "version", "decided_at"}
    kept = {key: value for key, value in model_to_dict(patient).items() if key not in leave}
    kept |= {"is_archived": patient.archived_at is not None, "found_by": patient.search_text.split()[:2]}
    for name in ("contact_points", "addresses", "related_persons", "consents"):
        rows = [model_to_dict(row, exclude=[*leave, "patient"]) for row in getattr(patient, name).all()]
        kept[name] = sorted(rows, key=str)
    return kept | {"systems": [row.system for row in patient.identifiers.all()]}


def events_of(patient: Patient) -> list[tuple]:
    found = Event.objects.filter(patient_id=patient.pk)
    return sorted(found.values_list("type", "subject_type", "changes", "payload", "actor_label"), key=str)


class TestRegistering:
    def test_whole_row_becomes_the_whole_record(self, bring, organization):
        batch = bring(
            person(
                **{
                    "MRN": "A-17",
                    "middle name": "Lin",
                    "preferred name": "May",
                    "gender identity": "woman",
                    "language": "Spanish",
                    "home phone": "(415) 555-0102",
                    "work email": "maya@work.example",
                    "email": "Maya@Example.org",
                    "street": "12 Harbour Street",
                    "city": "Boston",
                    "state": "MA",
                    "zip": "02110",
                    "country": "United States",
                    "passport": "X123",
                    "emergency contact": "Wei Chen",
                    "emergency contact phone": "+14155550103",
                    "relationship": "husband",
                    "tags": "VIP; recall",
                    "alerts": "needs ramp",
                    "notes": "from the old system",
                    "sms consent": "yes",
                    "whatsapp consent": "no",
                }
            ),
            system="old-clinic",
        )
        assert verdicts(batch) == [(RowState.DONE, "")]
        patient = Patient.objects.get()
        assert (patient.full_name, patient.preferred_name, patient.language) == ("Maya Lin Chen", "May", "es")
        assert (str(patient.born), patient.sex, patient.gender_identity) == ("1984-03-14", "female", "woman")
        assert list(patient.contact_points.order_by("system", "rank").values_list("value", "use")) == [
            ("maya@example.org", "home"),
            ("maya@work.example", "work"),
            ("+14155550101", "mobile"),
            ("+14155550102", "home"),
        ]
        assert patient.addresses.get().in_one_line == "12 Harbour Street, Boston, MA 02110, US"
        assert set(patient.identifiers.values_list("system", "value")) == {("old-clinic", "A-17"), ("passport", "X123")}
        wei = patient.related_persons.get()
        assert (wei.name, wei.relationship, wei.phone, wei.is_emergency_contact) == (
            "Wei Chen",
            "partner",
            "+14155550103",
            True,
        )
        assert (patient.tags, patient.alerts, patient.note) == (
            ["VIP", "recall"],
            ["needs ramp"],
            "from the old system",
        )
        assert set(Consent.objects.values_list("purpose", "status", "source", "evidence")) == {
            ("sms", "active", "import", "old.csv"),
            ("whatsapp", "withdrawn", "import", "old.csv"),
        }

    def test_event_is_imported_with_the_file_s_name_and_not_created(self, bring):
        bring(person())
        assert not Event.objects.filter(type="patient.created").exists()
        assert Event.objects.get(type="patient.imported").payload == {"file": "old.csv"}

    def test_checking_registers_nobody(self, check):
        batch = check(person())
        assert (batch.status, verdicts(batch)) == (ImportStatus.CHECKED, [(RowState.READY, "")])
        assert not Patient.objects.exists()

    @pytest.mark.parametrize(("said", "note"), [("yes", "Deceased"), ("2020-05-03", "Deceased 2020-05-03")])
    def test_who_died_is_archived_and_that_is_noted(self, bring, said, note):
        bring(person(deceased=said))
        patient = Patient.objects.get()
        assert (patient.archived_at is not None, patient.note) == (True, note)

    @pytest.mark.parametrize(
        ("cells", "name"),
        [
            ({"full name": "Chen, Maya"}, ("Maya", "Chen")),
            ({"full name": "Maya Lin Chen"}, ("Maya Lin", "Chen")),
            ({"full name": "Maya"}, ("Maya", "")),
        ],
    )
    def test_full_name_is_taken_apart(self, bring, cells, name):
        bring({"dob": "1984", **cells})
        patient = Patient.objects.get()
        assert (patient.given_name, patient.family_name, str(patient.born)) == (*name, "1984")

    def test_apostrophe_of_the_formula_guard_is_taken_away(self, bring):
        bring(person(notes="'=1+1"))
        assert Patient.objects.get().note == "=1+1"


class TestRefusals:
    @pytest.mark.parametrize(
        ("cells", "column", "code"),
        [
            ({"given_name": "", "family_name": ""}, "given_name", "missing_name"),
            ({"birth_date": "14/03/1984"}, "birth_date", "unreadable_date"),
            ({"birth_date": "3/14/84"}, "birth_date", "unreadable_date"),
            ({"birth_date": "soon"}, "birth_date", "unreadable_date"),
            ({"birth_date": "2999-01-01"}, "birth_date", "unreadable_date"),
            ({"sex": "maybe"}, "sex", "unknown_sex"),
            ({"mobile": "12"}, "mobile", "invalid"),
            ({"email": "nobody"}, "email", "invalid"),
            ({"language": "Klingonese"}, "language", "invalid"),
            ({"street": "1 Main", "country": "Atlantis"}, "country", "invalid"),
            ({"sms consent": "maybe"}, "sms consent", "unclear_answer"),
            ({"deceased": "perhaps"}, "deceased", "unreadable_date"),
            ({"given_name": "x" * 200}, "given_name", "invalid"),
            ({"emergency contact": "Wei", "emergency phone": "12"}, "emergency phone", "invalid"),
        ],
    )
    def test_row_names_its_column_and_what_to_do(self, check, cells, column, code):
        row = check(person(**cells)).rows.get()
        assert (row.state, row.column) == (RowState.REFUSED, column)
        assert row.code.startswith(code)
        assert len(row.message) > 20

    @pytest.mark.parametrize(
        ("cells", "column", "words"),
        [
            (
                {"birth_date": "soon", "sex": "maybe", "preferred_channel": "pigeon"},
                "birth_date",
                ["“soon”", "sex: “maybe” is not known", "preferred_channel: “pigeon”"],
            ),
            ({"mobile": "12", "email": "nobody"}, "mobile", ["email: "]),
            (
                {"birth_date": "soon", "mobile": "12", "language": "Klingonese"},
                "birth_date",
                ["“soon”", "mobile: “12” has too few digits", "language: "],
            ),
            ({"given_name": "", "family_name": "", "email": "nobody"}, "given_name", ["email: "]),
        ],
    )
    def test_everything_that_is_wrong_with_a_row_is_said_at_once(self, bring, cells, column, words):
        row = bring(person(**cells)).rows.get()
        assert (row.state, row.column) == (RowState.REFUSED, column)
        assert [part for part in words if part not in row.message] == [], row.message

    def test_each_thing_that_is_wrong_is_told_apart_with_its_column(self, check):
        row = check(person(birth_date="soon", sex="maybe")).rows.get()
        assert [(column, words.split(" ")[0]) for column, words in row.problems] == [
            ("birth_date", "“soon”"),
            ("sex", "“maybe”"),
        ]

    def test_a_column_is_named_once_for_what_could_not_be_read(self, check):
        row = check(person(given_name="", family_name="", email="nobody")).rows.get()
        assert [column for column, _words in row.problems] == ["given_name", "email"]

    def test_more_than_can_be_kept_is_counted_and_not_cut(self):
        refusals = [
            RowRefused(f"column {n}", "wrong", f"“{n}” is not known. " + "Write another. " * 6) for n in range(9)
        ]
        *said, last = RowRefused.together(refusals).message.split("\n")
        assert [line.endswith("Write another. ") for line in said] == [True] * len(said)
        assert last == f"and {len(refusals) - len(said)} more"

    def test_one_bad_row_leaves_the_others(self, bring):
        batch = bring(person(), person(given_name="Omar", sex="maybe"), person(given_name="Zoë", mobile=""))
        assert [state for state, _code in verdicts(batch)] == [RowState.DONE, RowState.REFUSED, RowState.DONE]
        assert set(Patient.objects.values_list("given_name", flat=True)) == {"Maya", "Zoë"}

    def test_number_of_somebody_else_is_refused(self, check, bring):
        bring(person(mrn="7"))
        row = check(person(mrn="7", given_name="Omar", family_name="Haddad", birth_date="1970-01-01")).rows.get()
        assert (row.state, row.column, row.code) == (RowState.REFUSED, "mrn", "number_of_another")

    def test_refused_at_the_import_when_a_number_was_taken_meanwhile(self, check, organization, manager_actor):
        batch = check(person(passport="X1", mobile=""))
        services.create_patient(
            organization=organization,
            given_name="Omar",
            birth_date="1970-01-01",
            identifiers=[{"system": "passport", "value": "X1"}],
            actor=manager_actor,
        )
        importing.run_import(batch=batch, actor=manager_actor)
        assert verdicts(worked(batch)) == [(RowState.REFUSED, "number_of_another")]
        assert Patient.objects.count() == 1

    def test_columns_without_a_name_are_refused(self, check):
        with pytest.raises(InvalidInput, match="Still to choose: the name"):
            check({"dob": "1984-03-14", "mobile": "1"})

    def test_front_desk_may_not(self, organization, front_desk):
        with pytest.raises(NotAllowed):
            importing.upload_patients(
                organization=organization,
                file_name="x",
                content=csv_of(person()),
                actor=actor_for_membership(front_desk),
            )


class TestSamePerson:
    @pytest.mark.parametrize(
        "cells",
        [
            {},
            {"given_name": "Chen", "family_name": "MAYA"},
            {"mobile": ""},
            {"sex": "male"},  # the phone is the same
        ],
    )
    def test_same_name_and_birth_date_is_known(self, bring, cells):
        bring(person())
        batch = bring(person(**cells))
        assert verdicts(batch) == [(RowState.KNOWN, "known")]
        assert Patient.objects.count() == 1

    @pytest.mark.parametrize(
        "cells",
        [
            {"given_name": "May"},
            {"birth_date": "1984-03-15"},
            {"sex": "male", "mobile": "+14155550199"},
            {"birth_date": "1984", "mobile": "+14155550199"},
        ],
    )
    def test_less_than_that_is_somebody_new(self, bring, cells):
        bring(person())
        assert verdicts(bring(person(**cells))) == [(RowState.DONE, "")]
        assert Patient.objects.count() == 2

    def test_another_number_in_the_same_system_contradicts(self, bring):
        bring(person(passport="X1", mobile=""))
        bring(person(passport="X2", mobile=""))
        assert Patient.objects.count() == 2

    def test_number_finds_who_changed_name(self, bring):
        bring(person(mrn="7"))
        assert verdicts(bring(person(mrn="7", family_name="Diaz"))) == [(RowState.KNOWN, "known")]

    def test_same_person_twice_in_a_file_is_registered_once(self, bring):
        batch = bring(person(), person(notes="again"), person(given_name="Omar"))
        assert verdicts(batch) == [(RowState.DONE, ""), (RowState.KNOWN, "repeated"), (RowState.DONE, "")]
        assert Patient.objects.count() == 2

    def test_fill_writes_only_what_is_missing(self, bring):
        bring(person(notes="old note", sex=""))
        batch = bring(
            person(notes="new note", email="m@example.org", sex="female", mobile="+14155550101"),
            on_match=OnMatch.FILL,
        )
        patient = Patient.objects.get()
        assert verdicts(batch) == [(RowState.DONE, "fills")]
        assert (patient.note, patient.sex) == ("old note", "female")
        assert set(patient.contact_points.values_list("value", flat=True)) == {"+14155550101", "m@example.org"}

    def test_add_registers_all_the_same(self, bring):
        bring(person())
        bring(person(), on_match=OnMatch.ADD)
        assert Patient.objects.count() == 2

    def test_people_of_another_clinic_are_not_seen(self, bring, other_organization):
        with organization_scope(other_organization.pk):
            other = actor_for_membership(MembershipFactory(organization=other_organization, role=Role.MANAGER))
            services.create_patient(
                organization=other_organization,
                given_name="Maya",
                family_name="Chen",
                birth_date="1984-03-14",
                actor=other,
            )
        assert verdicts(bring(person())) == [(RowState.DONE, "")]


class TestWorking:
    def rows(self, number: int) -> list[dict[str, str]]:
        return [person(given_name=f"Maya{n}", mobile="") for n in range(number)]

    @pytest.fixture(autouse=True)
    def five_at_once(self, monkeypatch):
        monkeypatch.setattr(import_work, "IMPORTED_AT_ONCE", 5)

    def test_goes_on_where_a_crash_left_it(self, check, manager_actor, monkeypatch):
        batch = check(*self.rows(12))
        importing.run_import(batch=batch, actor=manager_actor)
        real, done = import_work.register_newcomers, []

        def killed(**given):
            real(**given)
            if done:
                raise KeyboardInterrupt
            done.append(given)

        monkeypatch.setattr(import_work, "register_newcomers", killed)
        with closed(), pytest.raises(KeyboardInterrupt):
            work_on_imports()
        assert Patient.objects.count() == batch.rows.filter(state=RowState.DONE).count() == 5
        monkeypatch.setattr(import_work, "register_newcomers", real)
        assert worked(batch).status == ImportStatus.DONE
        assert sorted(Patient.objects.values_list("number", flat=True)) == list(range(1, 13))
        assert set(verdicts(batch)) == {(RowState.DONE, "")}

    def test_stopped_one_goes_on_when_it_is_run_again(self, check, manager_actor):
        batch = check(*self.rows(7))
        importing.run_import(batch=batch, actor=manager_actor)
        assert import_work.work_on(batch.pk)
        importing.stop_import(batch=batch, actor=manager_actor)
        assert worked(batch).status == ImportStatus.STOPPED
        assert Patient.objects.count() == 5
        importing.run_import(batch=batch, actor=manager_actor)
        assert worked(batch).status == ImportStatus.DONE
        assert Patient.objects.count() == 7

    def test_who_left_imports_nothing_more(self, check, manager, manager_actor):
        batch = check(person())
        importing.run_import(batch=batch, actor=manager_actor)
        manager.is_active = False
        manager.save()
        assert (worked(batch).status, Patient.objects.count()) == (ImportStatus.STOPPED, 0)
        assert "does not work here any more" in batch.problem

    def test_imported_one_is_not_checked_again(self, bring, manager_actor):
        batch = bring(person())
        with pytest.raises(Conflict):
            importing.check_import(batch=batch, actor=manager_actor)

    def test_texts_are_forgotten_after_the_import_and_the_file_after_a_month(self, bring):
        batch = bring(person(), person())
        assert list(batch.rows.values_list("cells", flat=True)) == [[], []]
        PatientImport.objects.update(created_at=timezone.now() - dt.timedelta(days=31))
        with closed():
            forget_imports()
        assert (PatientImportRow.objects.count(), Patient.objects.count()) == (0, 1)


class TestTogether:
    """People whom nobody here may be are registered together: no question per row, and nothing lost by it."""

    def test_import_of_fifty_new_people_asks_no_question_per_row(
        self, check, manager_actor, django_assert_max_num_queries
    ):
        rows = [person(given_name=f"Maya{n}", mobile="", mrn=str(n), **{"sms consent": "yes"}) for n in range(50)]
        batch = check(*rows)
        importing.run_import(batch=batch, actor=manager_actor)
        with django_assert_max_num_queries(30):
            assert import_work.work_on(batch.pk)
        assert Patient.objects.count() == Consent.objects.count() == 50

    def test_check_of_a_hundred_new_people_asks_no_question_per_row(
        self, organization, manager_actor, django_assert_max_num_queries
    ):
        rows = [person(given_name=f"Maya{n}", mobile="", mrn=str(n)) for n in range(100)]
        batch = importing.upload_patients(
            organization=organization, file_name="x.csv", content=csv_of(*rows), actor=manager_actor
        )
        importing.check_import(batch=batch, actor=manager_actor)
        with django_assert_max_num_queries(15):
            assert import_work.work_on(batch.pk)
        assert set(verdicts(batch)) == {(RowState.READY, "")}

    def test_repeated_person_is_recognised_across_the_pieces_of_a_check(self, check, monkeypatch):
        monkeypatch.setattr(import_work, "CHECKED_AT_ONCE", 1)
        batch = check(person(), person(given_name="Omar"), person())
        assert verdicts(batch) == [(RowState.READY, ""), (RowState.READY, ""), (RowState.KNOWN, "repeated")]

    def test_rows_with_keys_in_common_are_only_the_open_clinic_s(self, check, other_organization):
        batch = check(person())
        keys = batch.rows.get().keys
        assert import_work._sharing(batch, keys) == [batch.rows.get().pk]
        with organization_scope(other_organization.pk):
            assert import_work._sharing(batch, keys) == []
        with closed():
            assert import_work._sharing(batch, keys) == []

    def test_record_is_the_same_as_one_that_was_registered_alone(self, bring, organization, manager_actor, monkeypatch):
        cells = {
            "home phone": "(415) 555-0102",
            "email": "maya@example.org",
            "street": "12 Harbour Street",
            "city": "Boston",
            "zip": "02110",
            "country": "US",
            "emergency contact": "Wei Chen",
            "emergency contact phone": "+14155550103",
            "tags": "VIP",
            "sms consent": "yes",
            "whatsapp consent": "no",
            "inactive": "yes",
        }
        bring(person(mrn="1", **cells))
        monkeypatch.setattr(
            import_work,
            "_import_together",
            lambda batch, people, actor: import_work._import_singly(batch, [one.row for one in people], actor),
        )
        bring(person(mrn="2", **cells), on_match=OnMatch.ADD)
        first, second = Patient.objects.order_by("number")
        assert record_of(first) == record_of(second)
        assert events_of(first) == events_of(second)

    @pytest.mark.parametrize("on_match", OnMatch.values)
    def test_number_that_somebody_got_meanwhile_costs_only_its_own_row(
        self, check, organization, manager_actor, monkeypatch, on_match
    ):
        batch = check(*(person(given_name=f"Maya{n}", mobile="", mrn=str(n)) for n in range(4)), on_match=on_match)
        importing.run_import(batch=batch, actor=manager_actor)
        real = import_work.register_newcomers

        def quicker(**given):
            monkeypatch.setattr(import_work, "register_newcomers", real)
            services.create_patient(
                organization=organization,
                given_name="Omar",
                birth_date="1950-01-01",
                identifiers=[{"system": "import", "value": "2"}],
                actor=manager_actor,
            )
            return real(**given)

        monkeypatch.setattr(import_work, "register_newcomers", quicker)
        assert worked(batch).status == ImportStatus.DONE
        refused = batch.rows.exclude(state=RowState.DONE).get()
        assert (refused.line, refused.state) == (4, RowState.REFUSED)
        assert Patient.objects.count() == 4

    def test_two_of_one_name_and_birth_date_are_both_registered_when_they_are_not_the_same(self, bring):
        batch = bring(person(sex="female", mobile=""), person(sex="male", mobile=""))
        assert verdicts(batch) == [(RowState.DONE, ""), (RowState.DONE, "")]
        assert Patient.objects.count() == 2

    def test_second_row_of_a_person_fills_in_what_the_first_left_open(self, bring):
        batch = bring(person(mrn="7"), person(mrn="7", email="m@example.org"), on_match=OnMatch.FILL)
        assert [state for state, _code in verdicts(batch)] == [RowState.DONE, RowState.DONE]
        assert Patient.objects.get().contact_points.count() == 2

    def test_record_numbers_have_no_gaps(self, bring):
        bring(*(person(given_name=f"Maya{n}", mobile="") for n in range(3)), person(given_name="X", birth_date="?"))
        bring(person(given_name="Zoe", mobile=""))
        assert sorted(Patient.objects.values_list("number", flat=True)) == [1, 2, 3, 4]


@pytest.mark.django_db(transaction=True)
def test_two_workers_on_two_imports_of_one_file_register_every_person(transactional_db, organization):
    """Two workers each on two imports of the same people: every row has an honest end, and an own number."""
    content = csv_of(*(person(given_name=f"Maya{n}", mobile="", mrn=str(n)) for n in range(30)))
    for _ in range(2):
        actor = actor_for_membership(MembershipFactory(organization=organization, role=Role.MANAGER))
        with organization_scope(organization.pk):
            batch = importing.upload_patients(
                organization=organization, file_name="x.csv", content=content, actor=actor
            )
            importing.check_import(batch=batch, actor=actor)
        work_on_imports()
        with organization_scope(organization.pk):
            importing.run_import(batch=batch, actor=actor)

    errors = [one for one in at_once(4, range(4), lambda _job: work_on_imports()) if isinstance(one, Exception)]
    work_on_imports()

    assert errors == []
    with organization_scope(organization.pk):
        assert Patient.objects.count() == 30
        assert not PatientImportRow.objects.filter(state__in=[RowState.READY, RowState.WAITING]).exists()
        assert PatientImport.objects.filter(status=ImportStatus.DONE).count() == 2
