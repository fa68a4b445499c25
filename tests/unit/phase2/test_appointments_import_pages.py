"""Pages of an import: upload, columns, verdicts, progress, problems as a file; and the same file from two people at once."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.html import strip_tags

from apps.appointments.models import Appointment, AppointmentImport, ImportRow, ImportStatus, RowState
from apps.appointments.services import importing
from apps.appointments.tasks import work_on_imports
from apps.core.tenancy import closed, organization_scope
from apps.organizations.permissions import Role
from apps.organizations.services import actor_for_membership
from tests.fixtures.appointments import AppointmentTypeFactory, PractitionerTypeFactory
from tests.fixtures.organizations import LocationFactory, MembershipFactory
from tests.fixtures.patients import PatientFactory
from tests.fixtures.practitioners import PractitionerFactory
from tests.fixtures.racing import at_once
from tests.fixtures.shared import MONDAY, client_for

HTMX = {"HX-Request": "true"}
PAGE = reverse("appointments:settings-exchange")


@pytest.fixture
def friday_before():
    with time_machine.travel(MONDAY - dt.timedelta(days=3), tick=True):
        yield


def words(answer) -> str:
    return " ".join(strip_tags(answer.content.decode()).split())


@pytest.mark.django_db
@pytest.mark.usefixtures("friday_before")
class TestPages:
    @pytest.fixture
    def content(self, bookable, patient) -> bytes:
        lines = [
            "Booking ID;Patient No;Provider;Type;Site;Start;State;Shoe size",
            f"a1;{patient.number};Dr Amara Okonkwo;Consultation;Harbour Street;2026-11-23 09:00;Scheduled;44",
            f"a2;{patient.number};Dr Who;Consultation;Harbour Street;2026-11-23 10:00;Scheduled;=1+1",
        ]
        return "\n".join(lines).encode()

    @pytest.fixture
    def batch(self, manager_client, content) -> AppointmentImport:
        answer = manager_client.post(PAGE, {"file": SimpleUploadedFile("old.csv", content)})
        made = AppointmentImport.objects.get()
        assert answer["Location"] == reverse("appointments:import", args=[made.pk])
        return made

    def address(self, batch, name: str = "import", *args: str) -> str:
        return reverse(f"appointments:{name}", args=[batch.pk, *args])

    def check(self, client, batch) -> None:
        fields = {f"column_{position}": name for name, position in batch.mapping.items()}
        assert client.post(self.address(batch), fields).status_code == 302
        with closed():
            work_on_imports()

    def test_known_columns_are_chosen_and_first_texts_shown(self, manager_client, batch):
        page = manager_client.get(self.address(batch))
        chosen = {one["field"].label: one["field"].value() for one in page.context["columns"]}
        assert chosen == {
            "Booking ID": "external_id",
            "Patient No": "patient_number",
            "Provider": "practitioner",
            "Type": "appointment_type",
            "Site": "location",
            "Start": "start",
            "State": "status",
            "Shoe size": "",
        }
        assert "Dr Amara Okonkwo · Dr Who" in words(page)

    def test_same_field_for_two_columns_is_refused(self, manager_client, batch):
        fields = {f"column_{position}": name for name, position in batch.mapping.items()}
        answer = manager_client.post(self.address(batch), {**fields, "column_7": "start"})
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["column_7"])

    def test_what_is_still_missing_is_said(self, manager_client, batch):
        answer = manager_client.post(self.address(batch), {"column_0": "external_id"})
        assert answer.status_code == 422
        assert "Still to choose: when it begins" in words(answer)

    def test_verdicts_are_shown_then_the_rows_imported(self, manager_client, batch):
        self.check(manager_client, batch)
        text = words(manager_client.get(self.address(batch)))
        assert "1 row can be imported" in text
        assert "3Provider: “Dr Who” is not known here." in text
        assert manager_client.post(self.address(batch, "import-step", "run")).status_code == 302
        assert "being imported" in words(manager_client.get(self.address(batch)))
        with closed():
            work_on_imports()
        assert "1 visit imported" in words(manager_client.get(self.address(batch)))
        assert Appointment.objects.get().external_id == "a1"
        assert "old.csv" in words(manager_client.get(PAGE))

    def test_progress_is_a_fragment_that_follows_itself_while_there_is_work(self, manager_client, batch):
        fields = {f"column_{position}": name for name, position in batch.mapping.items()}
        manager_client.post(self.address(batch), fields)
        at_work = manager_client.get(self.address(batch), headers=HTMX).content.decode()
        assert 'data-every="2"' in at_work
        assert "<html" not in at_work
        with closed():
            work_on_imports()
        assert "data-every" not in manager_client.get(self.address(batch), headers=HTMX).content.decode()

    def test_problems_are_a_file_to_correct_and_import_again(self, manager_client, batch):
        self.check(manager_client, batch)
        answer = manager_client.get(self.address(batch, "import-problems"))
        (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert (row["problem line"], row["problem column"], row["Provider"]) == ("3", "Provider", "Dr Who")
        assert row["Shoe size"] == "'=1+1"

    @pytest.mark.parametrize(("step", "status"), [("columns", ImportStatus.UPLOADED), ("stop", ImportStatus.CHECKED)])
    def test_steps(self, manager_client, batch, step, status):
        self.check(manager_client, batch)
        assert manager_client.post(self.address(batch, "import-step", step)).status_code == 302
        batch.refresh_from_db()
        assert batch.status == status

    def test_discarded_file_is_gone(self, manager_client, batch):
        manager_client.post(self.address(batch, "import-step", "discard"))
        assert not AppointmentImport.objects.exists()
        assert not ImportRow.objects.exists()

    @pytest.mark.parametrize(
        ("status", "button", "asks"),
        [
            ("checked", "Discard the file", "Discard this file? Nothing was booked from it."),
            (
                "stopped",
                "Forget this file",
                "The rows that are left are not imported any more. Visits that were imported stay.",
            ),
            ("done", "Forget this file", "Forget this file and what its rows said? Visits that were imported stay."),
        ],
    )
    def test_button_says_what_goes_and_what_stays(self, manager_client, batch, status, button, asks):
        AppointmentImport.objects.update(status=status)
        page = manager_client.get(self.address(batch)).content.decode()
        assert button in page
        assert asks in page

    def test_unknown_step_is_not_found(self, manager_client, batch):
        assert manager_client.post(self.address(batch, "import-step", "fly")).status_code == 404

    @pytest.mark.parametrize(
        ("file", "said"),
        [
            ({}, "Choose the CSV file"),
            ({"file": b""}, "The file is empty"),
            ({"file": "name,start\nZoë,9".encode("latin-1")}, "Save the file as “CSV UTF-8”"),
        ],
    )
    def test_wrong_file_is_refused_at_its_field(self, manager_client, bookable, file, said):
        sent = {name: SimpleUploadedFile("x.csv", content) for name, content in file.items()}
        answer = manager_client.post(PAGE, sent)
        assert answer.status_code == 422
        assert said in " ".join(answer.context["form"].errors["file"])

    def test_front_desk_exports_but_does_not_import(self, desk_client, batch):
        assert desk_client.get(PAGE).status_code == 403
        assert desk_client.post(self.address(batch, "import-step", "run")).status_code == 403
        assert desk_client.get(reverse("appointments:export")).status_code == 200

    def test_import_of_another_clinic_is_not_found(self, batch, other_organization):
        theirs = client_for(MembershipFactory(organization=other_organization, role=Role.MANAGER))
        for name in ("import", "import-problems"):
            assert theirs.get(self.address(batch, name)).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_same_file_from_two_people_at_once_books_every_visit_once(transactional_db, organization):
    """Two imports of one file, two workers on each: every visit is there once, every row has an honest end."""
    with organization_scope(organization.pk):
        place = LocationFactory(organization=organization, name="Harbour Street")
        person = PractitionerFactory(organization=organization)
        kind = AppointmentTypeFactory(organization=organization, name="Consultation")
        PractitionerTypeFactory(organization=organization, practitioner=person, appointment_type=kind)
        people = [PatientFactory(organization=organization) for _ in range(12)]
    day = (dt.datetime.now(dt.UTC) + dt.timedelta(days=7)).date()
    lines = ["external_id,patient_number,practitioner,appointment_type,location,start,status"]
    lines += [
        f"v{n},{one.number},{person.display_name},Consultation,{place.name},{day}T{10 + n}:00:00Z,booked"
        for n, one in enumerate(people)
    ]
    batches = []
    for _ in range(2):
        actor = actor_for_membership(MembershipFactory(organization=organization, role=Role.MANAGER))
        with organization_scope(organization.pk):
            batch = importing.upload_appointments(
                organization=organization, file_name="x.csv", content="\n".join(lines).encode(), actor=actor
            )
            importing.check_import(batch=batch, mapping=batch.mapping, sets_rules_aside=True, actor=actor)
        batches.append((batch, actor))
    work_on_imports()
    for batch, actor in batches:
        with organization_scope(organization.pk):
            importing.run_import(batch=batch, actor=actor)

    errors = [one for one in at_once(4, range(4), lambda _job: work_on_imports()) if isinstance(one, Exception)]
    work_on_imports()

    assert errors == []
    with organization_scope(organization.pk):
        assert Appointment.objects.count() == len(people)
        assert ImportRow.objects.filter(state=RowState.DONE).count() == len(people)
        assert ImportRow.objects.filter(state=RowState.KNOWN).count() == len(people)
        assert set(AppointmentImport.objects.values_list("status", flat=True)) == {ImportStatus.DONE}
