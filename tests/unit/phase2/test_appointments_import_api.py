"""`/api/v1/appointments/imports/` through the public door: a program imports what a manager imports on the page."""

from __future__ import annotations

import datetime as dt
import json
import uuid

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.appointments.models import Appointment, AppointmentImport, ImportRow, ImportStatus
from apps.appointments.tasks import work_on_imports
from apps.core.csv_files import MOST_BYTES
from apps.core.tenancy import closed, organization_scope
from apps.organizations.models import ApiKey
from apps.organizations.permissions import Permission, Role
from tests.fixtures.appointments import AppointmentImportFactory, ImportRowFactory
from tests.fixtures.organizations import MembershipFactory
from tests.fixtures.shared import MONDAY, api_client_for

URL = "/api/v1/appointments/imports/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def friday_before():
    with time_machine.travel(MONDAY - dt.timedelta(days=3), tick=True):
        yield


@pytest.fixture
def api(manager):
    return api_client_for(manager)


@pytest.fixture
def content(bookable, patient) -> bytes:
    lines = [
        "Booking ID;Patient No;Provider;Type;Site;Start;State",
        f"a1;{patient.number};Dr Amara Okonkwo;Consultation;Harbour Street;2026-11-23 09:00;Scheduled",
        f"a2;{patient.number};Dr Who;Consultation;Harbour Street;2026-11-23 10:00;Scheduled",
    ]
    return "\n".join(lines).encode()


def send(api, content: bytes, query: str = "", **headers: str):
    return api.post(f"{URL}{query}", content, content_type="text/csv; charset=utf-8", headers=headers)


def work() -> None:
    with closed():
        work_on_imports()


def errors(answer) -> dict[str, str]:
    return {one["field"]: one["message"] for one in answer.json()["errors"]}


class TestTheWay:
    def test_file_is_checked_then_imported_and_every_row_has_its_verdict(self, api, content):
        answer = send(api, content, "?file_name=old.csv")
        assert (answer.status_code, answer.json()["status"], answer.json()["missing"]) == (202, "checking", [])
        address = answer["Location"]
        work()
        checked = api.get(address).json()
        assert (checked["status"], checked["file_name"]) == ("checked", "old.csv")
        assert checked["rows"] == {"waiting": 0, "ready": 1, "known": 0, "refused": 1, "done": 0, "total": 2}
        assert not Appointment.objects.exists()
        (refused,) = api.get(f"{address}rows/?state=refused").json()["results"]
        assert (refused["line"], refused["column"], refused["code"]) == (3, "Provider", "unknown_practitioner")
        assert refused["message"].startswith("“Dr Who” is not known here.")
        assert refused["cells"][2] == "Dr Who"
        assert api.post(f"{address}import/").status_code == 202
        work()
        done = api.get(address).json()
        assert (done["status"], done["rows"]["done"]) == ("done", 1)
        (row,) = api.get(f"{address}rows/?state=done").json()["results"]
        assert row["appointment"] == str(Appointment.objects.get(external_id="a1").pk)

    def test_form_with_options_is_taken_too(self, api, bookable, content):
        without_site = content.replace(b";Site;", b";Shoe size;")
        fields = {
            "file": SimpleUploadedFile("old.csv", without_site),
            "location": str(bookable.location.pk),
            "mapping": json.dumps(
                {"patient_number": 1, "practitioner": "Provider", "appointment_type": "Type", "start": "Start"}
            ),
            "sets_rules_aside": "true",
        }
        answer = api.post(URL, fields, format="multipart").json()
        assert (answer["status"], answer["file_name"]) == ("checking", "old.csv")
        assert answer["mapping"] == {"patient_number": 1, "practitioner": 2, "appointment_type": 3, "start": 5}
        assert (answer["location"], answer["sets_rules_aside"], answer["tells_patients"]) == (
            str(bookable.location.pk),
            True,
            False,
        )

    def test_file_that_leaves_something_open_waits_for_a_mapping(self, api, content):
        unknown_words = content.replace(b"Provider", b"Quack").replace(b"Start;", b"Commences;")
        waiting = send(api, unknown_words)
        assert (waiting.status_code, waiting.json()["status"]) == (202, "uploaded")
        assert waiting.json()["missing"] == [
            "when it begins (one column with day and time, or one each)",
            "the practitioner",
        ]
        address = waiting["Location"]
        known = waiting.json()["mapping"]
        answer = api.post(f"{address}check/", {"mapping": {**known, "practitioner": "Quack", "start": "Commences"}})
        assert (answer.status_code, answer.json()["status"], answer.json()["missing"]) == (202, "checking", [])
        work()
        assert api.get(address).json()["rows"]["ready"] == 1

    def test_check_keeps_what_it_does_not_name(self, api, bookable, content):
        address = send(api, content, f"?tells_patients=true&location={bookable.location.pk}")["Location"]
        answer = api.post(f"{address}check/", {"sets_rules_aside": True}).json()
        assert (answer["tells_patients"], answer["sets_rules_aside"]) == (True, True)
        assert (answer["location"], answer["mapping"]["start"]) == (str(bookable.location.pk), 5)

    def test_import_is_stopped_and_taken_up_again(self, api, content):
        address = send(api, content)["Location"]
        work()
        api.post(f"{address}import/")
        assert api.post(f"{address}stop/").json()["status"] == "stopped"
        assert api.post(f"{address}import/").json()["status"] == "importing"
        work()
        assert Appointment.objects.count() == 1

    def test_file_is_forgotten(self, api, content):
        address = send(api, content)["Location"]
        assert api.delete(address).status_code == 204
        assert not ImportRow.objects.exists()
        assert api.get(address).status_code == 404

    def test_list_counts_the_rows_of_each_file_with_the_same_queries(
        self, api, organization, django_assert_num_queries
    ):
        for number in range(3):
            batch = AppointmentImportFactory(organization=organization)
            for _ in range(number):
                ImportRowFactory(organization=organization, batch=batch, state="refused")
        found = api.get(URL).json()["results"]
        assert [one["rows"]["refused"] for one in found] == [2, 1, 0]
        assert api.get(f"{URL}?status=done").json()["results"] == []

    def test_rows_come_page_by_page_in_the_order_of_the_file(self, api, organization):
        batch = AppointmentImportFactory(organization=organization)
        for line in (9, 2, 5):
            ImportRowFactory(organization=organization, batch=batch, line=line)
        first = api.get(f"{URL}{batch.pk}/rows/?limit=2").json()
        assert [row["line"] for row in first["results"]] == [2, 5]
        assert [row["line"] for row in api.get(first["next"]).json()["results"]] == [9]


class TestTheKeyThatStartedIt:
    def test_worker_stops_when_the_key_was_revoked(self, api, content):
        address = send(api, content)["Location"]
        work()
        api.post(f"{address}import/")
        ApiKey.objects.update(revoked_at=dt.datetime.now(dt.UTC))
        work()
        batch = AppointmentImport.objects.get()
        assert (batch.status, Appointment.objects.count()) == (ImportStatus.STOPPED, 0)
        assert "API key" in batch.problem

    def test_worker_may_do_what_the_key_may_do(self, manager, content):
        """A key without the right to book starts nothing."""
        narrow = api_client_for(manager, scopes=(Permission.PRACTITIONERS_MANAGE,))
        assert send(narrow, content).status_code == 403
        assert not AppointmentImport.objects.exists()


class TestOnce:
    def test_same_file_under_one_key_is_one_import(self, api, content):
        answers = [send(api, content, **{"Idempotency-Key": "k1"}) for _ in range(2)]
        assert answers[0].json() == answers[1].json()
        assert answers[1]["Idempotency-Replayed"] == "true"
        assert AppointmentImport.objects.count() == 1

    def test_form_sent_again_is_the_same_although_its_boundary_is_another(self, api, content):
        key = {"Idempotency-Key": "k1"}
        forms = [
            "\r\n".join(
                [
                    f"--{boundary}",
                    'Content-Disposition: form-data; name="file"; filename="a.csv"',
                    "Content-Type: text/csv",
                    "",
                    content.decode(),
                    f"--{boundary}--",
                    "",
                ]
            )
            for boundary in ("one", "two")
        ]
        for boundary, form in zip(("one", "two"), forms, strict=True):
            answer = api.post(URL, form, content_type=f"multipart/form-data; boundary={boundary}", headers=key)
            assert answer.status_code == 202
        assert AppointmentImport.objects.count() == 1

    def test_other_file_under_the_same_key_is_refused(self, api, content):
        key = {"Idempotency-Key": "k1"}
        api.post(URL, {"file": SimpleUploadedFile("a.csv", content)}, format="multipart", headers=key)
        other = api.post(URL, {"file": SimpleUploadedFile("a.csv", content + b"\n")}, format="multipart", headers=key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")

    def test_file_larger_than_other_bodies_is_taken_under_a_key(self, api, content):
        large = content + b"\n" + b"\n".join(b";;;;;;%s" % (b"x" * 1900) for _ in range(1500))
        assert send(api, large, **{"Idempotency-Key": "k1"}).status_code == 202


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (b"", "The file is empty"),
            ("name,start\nZoë,9".encode("latin-1"), "CSV UTF-8"),
            (b"a\n1", "Only one column"),
        ],
    )
    def test_file_that_can_not_be_read_is_refused_at_its_field(self, api, body, said):
        answer = send(api, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_csv")
        assert said in errors(answer)["file"]

    def test_too_large_a_file_is_refused_either_way(self, api, content):
        large = content + b"\n" * MOST_BYTES
        assert send(api, large).status_code == 413
        answer = api.post(URL, {"file": SimpleUploadedFile("a.csv", large)}, format="multipart")
        assert (answer.status_code, list(errors(answer))) == (422, ["file"])

    @pytest.mark.parametrize(
        ("mapping", "field", "said"),
        [
            ({"start": "Beginning"}, "mapping.start", "The file has no such column. It has: Booking ID"),
            ({"start": 7}, "mapping.start", "no such column"),
            ({"shoe_size": 1}, "mapping.shoe_size", "There is no such field"),
            ({"start": 1.5}, "mapping", "Write an object"),
            ([], "mapping", "Write an object"),
            ({"start": "Start"}, "mapping", "Still to choose: the practitioner"),
        ],
    )
    def test_wrong_mapping_names_the_field_and_keeps_no_file(self, api, content, mapping, field, said):
        answer = api.post(
            URL, {"file": SimpleUploadedFile("a.csv", content), "mapping": json.dumps(mapping)}, format="multipart"
        )
        assert answer.status_code == 422
        assert said in errors(answer)[field]
        assert not AppointmentImport.objects.exists()

    def test_name_that_two_columns_have_must_be_a_position(self, api, content):
        twice = content.replace(b"State", b"Start")
        address = send(api, twice)["Location"]
        answer = api.post(f"{address}check/", {"mapping": {"start": "Start"}})
        assert (answer.status_code, "position" in errors(answer)["mapping.start"]) == (422, True)

    def test_json_is_no_file(self, api):
        answer = api.post(URL, {"rows": []})
        assert (answer.status_code, list(errors(answer))) == (422, ["file"])

    def test_location_of_another_clinic_is_refused(self, api, other_organization, content):
        answer = send(api, content, f"?location={uuid.uuid4()}")
        assert (answer.status_code, list(errors(answer))) == (422, ["location"])

    def test_steps_come_in_their_order(self, api, content):
        address = send(api, content)["Location"]
        early = api.post(f"{address}import/")
        assert (early.status_code, early.json()["code"]) == (409, "import_moved_on")
        work()
        api.post(f"{address}import/")
        assert api.post(f"{address}check/", {}).json()["code"] == "import_moved_on"
        assert api.delete(address).json()["code"] == "import_at_work"

    def test_state_that_there_is_none_of_is_refused(self, api, content):
        address = send(api, content)["Location"]
        assert list(errors(api.get(f"{address}rows/?state=lost"))) == ["state"]


class TestWhoMay:
    def test_front_desk_may_not(self, front_desk, api, content):
        address = send(api, content)["Location"]
        desk = api_client_for(front_desk)
        assert send(desk, content).status_code == 403
        assert {desk.get(one).status_code for one in (URL, address, f"{address}rows/")} == {403}
        assert desk.post(f"{address}import/").status_code == 403

    def test_import_of_another_clinic_is_not_found(self, api, content, other_organization):
        address = send(api, content)["Location"]
        with organization_scope(other_organization.pk):
            theirs = MembershipFactory(organization=other_organization, role=Role.MANAGER)
        foreign = api_client_for(theirs)
        assert {foreign.get(one).status_code for one in (address, f"{address}rows/")} == {404}
        assert {foreign.post(f"{address}{step}/").status_code for step in ("check", "import", "stop")} == {404}
