"""`/api/v1/patients/merges/`: merge, look, undo; and what an id of a merged record leads to."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.appointments.models import Appointment
from apps.appointments.services import book_appointment
from apps.core.actors import SYSTEM
from apps.media.services import create_upload
from apps.patients import services
from apps.patients.models import Merge, Patient
from tests.fixtures.appointments import AppointmentFactory, WaitlistEntryFactory
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.conversations import ConversationFactory
from tests.fixtures.media import MediaFactory
from tests.fixtures.patients import ContactPointFactory, IdentifierFactory, PatientFactory, RelatedPersonFactory
from tests.fixtures.shared import MONDAY

pytestmark = pytest.mark.django_db
MERGES = "/api/v1/patients/merges/"


@pytest.fixture
def double(organization):
    return PatientFactory(organization=organization, given_name="Anna", family_name="Lopez")


@pytest.fixture
def body(patient, double) -> dict[str, object]:
    return {"survivor": str(patient.pk), "duplicate": str(double.pk)}


def test_a_merge_answers_what_it_did_and_stands_in_the_list(api_client, body, patient):
    fields = {"given_name": "duplicate", "note": {"value": "One person"}}
    answer = api_client.post(MERGES, body | {"fields": fields}, format="json")
    assert answer.status_code == 201, answer.json()
    made = answer.json()
    assert made["fields"]["given_name"] == "duplicate"
    assert made["fields"]["note"] == "value"
    assert answer["Location"].endswith(f"{MERGES}{made['id']}/")
    assert api_client.get(f"{MERGES}?patient={body['duplicate']}&undone=false").json()["results"] == [made]
    shown = api_client.get(f"/api/v1/patients/{patient.pk}/").json()
    assert (shown["given_name"], shown["note"]) == ("Anna", "One person")


def test_the_duplicate_says_what_it_was_merged_into(api_client, body):
    api_client.post(MERGES, body, format="json")
    shown = api_client.get(f"/api/v1/patients/{body['duplicate']}/").json()
    assert shown["merged_into"] == body["survivor"]
    assert shown["archived_at"] is not None


def test_a_patch_of_the_duplicate_names_the_survivor(api_client, body):
    api_client.post(MERGES, body, format="json")
    answer = api_client.patch(f"/api/v1/patients/{body['duplicate']}/", {"note": "x"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "merged")
    assert answer.json()["merged_into"] == body["survivor"]


def test_a_booking_under_the_duplicates_id_is_the_survivors(api_client, bookable, body, time_machine):
    time_machine.move_to(MONDAY)
    api_client.post(MERGES, body, format="json")
    wanted = {
        "patient": body["duplicate"],
        "appointment_type": str(bookable.appointment_type.pk),
        "practitioner": str(bookable.practitioner.pk),
        "location": str(bookable.location.pk),
        "start": (MONDAY.replace(hour=MONDAY.hour + 2)).isoformat(),
    }
    answer = api_client.post("/api/v1/appointments/", wanted, format="json")
    assert answer.status_code == 201, answer.json()
    assert str(Appointment.objects.get().patient_id) == body["survivor"]


def test_undo_reports_and_works_once(api_client, body, organization, double):
    ContactPointFactory(organization=organization, patient=double)
    made = api_client.post(MERGES, body, format="json").json()
    answer = api_client.post(f"{MERGES}{made['id']}/undo/")
    assert answer.status_code == 200, answer.json()
    report = answer.json()
    assert (report["exact"], report["returned"]) == (True, ["1 phone or e-mail"])
    assert report["merge"]["undone_by"]
    again = api_client.post(f"{MERGES}{made['id']}/undo/")
    assert (again.status_code, again.json()["code"]) == (409, "already_undone")


def test_the_same_key_merges_once(api_client, body):
    answers = [api_client.post(MERGES, body, format="json", headers={"Idempotency-Key": "one"}) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Merge.objects.count() == 1


def test_a_stale_version_is_refused_with_the_current_one(api_client, body, double, actor):
    services.update_patient(patient=double, changes={"note": "New"}, actor=actor)
    answer = api_client.post(MERGES, body | {"duplicate_version": 1}, format="json")
    assert (answer.status_code, answer.json()["code"], answer.json()["current"]) == (409, "stale", 2)


def test_a_choice_that_can_not_be_names_its_field(api_client, body):
    answer = api_client.post(MERGES, body | {"fields": {"sex": "both"}}, format="json")
    assert answer.status_code == 422
    assert "sex" in str(answer.json()["errors"])


@pytest.mark.parametrize("choice", [3, None, ["survivor"], {"worth": 1}])
def test_a_choice_of_another_shape_is_refused(api_client, body, choice):
    answer = api_client.post(MERGES, body | {"fields": {"sex": choice}}, format="json")
    assert answer.status_code == 422


@pytest.mark.parametrize("value", [3, None, ["x"], {"a": 1}, "x" * 500, "\x00"])
@pytest.mark.parametrize("field", ["given_name", "birth_date", "sex", "alerts", "note", "preferred_channel"])
def test_a_value_of_any_shape_is_taken_or_refused_but_never_a_failure(api_client, body, field, value):
    answer = api_client.post(MERGES, body | {"fields": {field: {"value": value}}}, format="json")
    assert answer.status_code in {201, 422}


def test_a_patient_of_another_clinic_does_not_exist(api_client, body, foreign_patient):
    answer = api_client.post(MERGES, body | {"duplicate": str(foreign_patient.pk)}, format="json")
    assert answer.status_code == 422
    assert not Merge.objects.exists()


class TestTwoPeople:
    """A woman of seventy-six and a young man who names her as his guardian."""

    @pytest.fixture
    def pair(self, organization) -> dict[str, str]:
        old = PatientFactory(organization=organization, given_name="Ines", sex="female", birth_date=dt.date(1950, 2, 3))
        young = PatientFactory(
            organization=organization, given_name="Marek", sex="male", birth_date=dt.date(1990, 5, 6)
        )
        for number, one in enumerate((old, young)):
            IdentifierFactory(organization=organization, patient=one, system="passport", value=f"P{number}")
        RelatedPersonFactory(organization=organization, patient=young, linked_patient=old, is_guardian=True)
        return {"survivor": str(old.pk), "duplicate": str(young.pk)}

    def test_are_not_merged_unless_somebody_says_to_be_sure(self, api_client, pair):
        refused = api_client.post(MERGES, pair)
        assert (refused.status_code, refused.json()["code"]) == (422, "merge_doubtful")
        codes = {finding["code"] for finding in refused.json()["findings"]}
        assert codes == {"birth_dates_differ", "sexes_differ", "names_differ", "identifiers_differ", "related"}
        assert {error["field"] for error in refused.json()["errors"]} == {"despite_doubts"}
        assert len(refused.json()["errors"]) == len(refused.json()["findings"])
        assert not Merge.objects.exists()
        assert api_client.post(MERGES, pair | {"despite_doubts": False}).status_code == 422
        assert api_client.post(MERGES, pair | {"despite_doubts": True}).status_code == 201

    def test_are_refused_by_the_service_too(self, pair):
        records = Patient.objects.in_bulk([pair["survivor"], pair["duplicate"]])
        old, young = sorted(records.values(), key=lambda patient: patient.birth_date)
        with pytest.raises(services.MergeDoubtful):
            services.merge_patients(survivor=old, duplicate=young, actor=SYSTEM)
        assert not Merge.objects.exists()


class TestAfterwards:
    """The id of the duplicate leads to where its patient is now, in what is written and in what is asked for."""

    ROWS = {
        "media": MediaFactory,
        "appointments": AppointmentFactory,
        "waitlist": WaitlistEntryFactory,
        "communications": CommunicationFactory,
        "conversations": ConversationFactory,
    }

    @pytest.fixture
    def merged(self, api_client, body) -> dict[str, str]:
        assert api_client.post(MERGES, body).status_code == 201
        return body

    @pytest.fixture
    def stale(self, double, patient) -> Patient:
        """The duplicate as somebody read it before it was merged."""
        read = Patient.objects.select_related("organization").get(pk=double.pk)
        services.merge_patients(survivor=patient, duplicate=double, actor=SYSTEM)
        return read

    def test_an_upload_answers_with_where_its_patient_is(self, api_client, merged):
        wanted = {"file_name": "a.pdf", "content_type": "application/pdf", "size": 10, "patient": merged["duplicate"]}
        answer = api_client.post("/api/v1/media/uploads/", wanted)
        assert (answer.status_code, answer.json()["patient"]) == (201, merged["survivor"])

    def test_an_upload_in_a_race_with_the_merge_is_the_survivors(self, organization, patient, stale, actor):
        media, _form = create_upload(organization=organization, file_name="a.pdf", size=10, patient=stale, actor=actor)
        assert (media.patient_id, media.patient) == (patient.pk, patient)

    def test_a_booking_answers_with_where_its_patient_is(self, api_client, bookable, merged, time_machine):
        time_machine.move_to(MONDAY)
        wanted = {
            "patient": merged["duplicate"],
            "appointment_type": str(bookable.appointment_type.pk),
            "practitioner": str(bookable.practitioner.pk),
            "location": str(bookable.location.pk),
            "start": (MONDAY + dt.timedelta(hours=2)).isoformat(),
        }
        answer = api_client.post("/api/v1/appointments/", wanted)
        assert (answer.status_code, answer.json()["patient"]) == (201, merged["survivor"])

    def test_a_booking_in_a_race_with_the_merge_is_the_survivors(self, bookable, patient, stale, time_machine):
        time_machine.move_to(MONDAY)
        booked = book_appointment(
            organization=patient.organization,
            patient=stale,
            appointment_type=bookable.appointment_type,
            practitioner=bookable.practitioner,
            location=bookable.location,
            start=MONDAY + dt.timedelta(hours=2),
            actor=SYSTEM,
        )
        assert (booked.patient_id, booked.patient) == (patient.pk, patient)

    @pytest.mark.parametrize("path", ROWS)
    def test_a_list_of_the_duplicates_is_that_of_the_survivor(self, api_client, organization, patient, double, path):
        row = self.ROWS[path](organization=organization, patient=patient)
        services.merge_patients(survivor=patient, duplicate=double, actor=SYSTEM)
        for asked in (patient, double):
            shown = api_client.get(f"/api/v1/{path}/?patient={asked.pk}")
            assert [one["id"] for one in shown.json()["results"]] == [str(row.pk)], asked.pk
        other = PatientFactory(organization=organization)
        assert api_client.get(f"/api/v1/{path}/?patient={other.pk}").json()["results"] == []
        for unreadable in ("x", PatientFactory().pk):  # no id, and one of another organization
            answer = api_client.get(f"/api/v1/{path}/?patient={unreadable}")
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "patient")
