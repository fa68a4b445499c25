"""Deleting with a reason, undoing, photos, sweeping; the pages and what they cost."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.audit.models import AccessRecord
from apps.core.integrations import ask_all
from apps.core.tenancy import closed
from apps.media.models import Media, MediaObject
from apps.media.services import sweep_orphans, sweeping
from apps.media.storage import files
from tests.fixtures.media import API, TEXT, MediaFactory, Sender, keys_of, picture
from tests.fixtures.patients import ConsentFactory
from tests.fixtures.shared import client_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder_sender(folder, api_client) -> Sender:
    return Sender(api_client)


@pytest.fixture
def file(folder_sender, patient) -> dict:
    return folder_sender.upload(picture(), name="X-ray.jpg", patient=str(patient.pk)).json()


def sweep() -> dict[str, int]:
    with closed():
        return sweep_orphans()


class TestDeleting:
    def test_it_needs_a_reason(self, file, api_client):
        answer = api_client.post(f"{API}{file['id']}/delete/", {"reason": "  "}, format="json")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "reason")
        assert Media.objects.get(pk=file["id"]).state == "ready"

    def test_the_row_and_the_reason_stay_and_it_is_an_event(self, file, api_client):
        answer = api_client.post(f"{API}{file['id']}/delete/", {"reason": "Belongs to somebody else"}, format="json")
        assert (answer.json()["state"], answer.json()["reason"]) == ("deleted", "Belongs to somebody else")
        assert api_client.get(f"{API}{file['id']}/").json()["state"] == "deleted"
        types = {event["type"] for event in api_client.get("/api/v1/events/").json()["results"]}
        assert "file.deleted" in types

    def test_twice_is_refused(self, file, api_client):
        api_client.post(f"{API}{file['id']}/delete/", {"reason": "x"}, format="json")
        again = api_client.post(f"{API}{file['id']}/delete/", {"reason": "x"}, format="json")
        assert (again.status_code, again.json()["code"]) == (409, "invalid_transition")

    def test_it_can_be_brought_back_for_a_day(self, file, api_client, folder_sender):
        api_client.post(f"{API}{file['id']}/delete/", {"reason": "x"}, format="json")
        assert sweep()["objects"] == 0
        assert api_client.post(f"{API}{file['id']}/restore/", {}, format="json").json()["state"] == "ready"
        assert folder_sender.read(file["id"]).status == 200

    def test_after_that_it_says_that_it_is_gone(self, file, api_client, monkeypatch):
        api_client.post(f"{API}{file['id']}/delete/", {"reason": "x"}, format="json")
        monkeypatch.setattr(sweeping, "KEEP", dt.timedelta(seconds=-5))
        assert sweep()["objects"] == 1
        answer = api_client.post(f"{API}{file['id']}/restore/", {}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (409, "bytes_are_gone")


class TestSweeping:
    @pytest.fixture(autouse=True)
    def everything_is_old(self, monkeypatch):
        monkeypatch.setattr(sweeping, "KEEP", dt.timedelta(seconds=-5))

    def test_bytes_go_with_the_last_file_that_has_them(self, sender, organization, api_client):
        one, other = (sender.upload(picture(), name=name).json() for name in ("a.jpg", "b.jpg"))
        api_client.post(f"{API}{one['id']}/delete/", {"reason": "x"}, format="json")
        sweep()
        assert sender.read(other["id"]).status == 200
        api_client.post(f"{API}{other['id']}/delete/", {"reason": "x"}, format="json")
        assert sweep()["objects"] == 1
        assert keys_of(organization) == []
        assert MediaObject.objects.get().removed_at is not None
        assert Media.objects.filter(state="deleted").count() == 2

    def test_the_same_bytes_again_are_stored_anew(self, sender, api_client):
        gone = sender.upload(picture()).json()
        api_client.post(f"{API}{gone['id']}/delete/", {"reason": "x"}, format="json")
        sweep()
        again = sender.upload(picture()).json()
        assert sender.read(again["id"]).status == 200

    def test_uploads_that_never_came_and_bytes_without_a_file_are_removed(self, sender, organization):
        kept = sender.upload(TEXT, name="a.txt", content_type="text/plain").json()
        asked = sender.ask(picture()).json()
        sender.send(asked["upload"], picture())
        files().save(f"objects/{organization.pk}/{asked['id']}/file.jpg", ContentFile(b"left by a crash"))
        files().save(f"simulator/{organization.pk}/abc", ContentFile(b"fetched long ago"))
        swept = sweep()
        assert swept["uploads"] == 1
        assert [key.split("/")[0] for key in keys_of(organization)] == ["objects"]
        assert sender.read(kept["id"]).content == TEXT
        assert not Media.objects.filter(pk=asked["id"]).exists()

    def test_what_is_young_stays(self, sender, organization, monkeypatch):
        monkeypatch.setattr(sweeping, "KEEP", dt.timedelta(days=1))
        asked = sender.ask(picture()).json()
        sender.send(asked["upload"], picture())
        assert sweep() == {"uploads": 0, "objects": 0, "keys": 0}
        assert sender.complete(asked["id"]).status_code == 200


class TestPhoto:
    def test_the_latest_chosen_picture_shows_in_the_header(self, folder_sender, patient, desk_client):
        first = folder_sender.upload(picture(), purpose="photo", patient=str(patient.pk)).json()
        second = folder_sender.upload(picture(colour="red"), patient=str(patient.pk)).json()
        head = f"/patients/{patient.pk}/photo/"
        assert f"/files/{first['id']}/bytes/preview/" in desk_client.get(head).content.decode()
        desk_client.post(f"/files/{second['id']}/photo/")
        assert f"/files/{second['id']}/bytes/preview/" in desk_client.get(head).content.decode()
        desk_client.post(f"/files/{second['id']}/no-photo/")
        assert desk_client.get(head).content.strip() == b""

    def test_the_page_of_the_patient_has_a_place_for_it(self, patient, desk_client):
        assert f'hx-get="/patients/{patient.pk}/photo/"' in desk_client.get(f"/patients/{patient.pk}/").content.decode()

    def test_who_withdrew_the_consent_has_none(self, folder_sender, patient, organization, desk_client):
        body = folder_sender.upload(picture(), purpose="photo", patient=str(patient.pk)).json()
        head = f"/patients/{patient.pk}/photo/"
        assert body["id"] in desk_client.get(head).content.decode()
        ConsentFactory(organization=organization, patient=patient, purpose="photos", status="withdrawn")
        assert desk_client.get(head).content.strip() == b""
        refused = folder_sender.ask(picture(), purpose="photo", patient=str(patient.pk))
        assert (refused.status_code, refused.json()["code"]) == (409, "no_consent")
        assert desk_client.post(f"/files/{body['id']}/photo/").status_code == 409

    def test_a_paper_is_no_photo(self, folder_sender, patient, api_client):
        body = folder_sender.upload(TEXT, name="a.txt", content_type="text/plain", patient=str(patient.pk)).json()
        answer = api_client.post(f"{API}{body['id']}/photo/", {}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition")


class TestPages:
    def test_an_empty_tab_says_what_it_is_for(self, patient, desk_client):
        page = desk_client.get(f"/patients/{patient.pk}/files/").content.decode()
        assert "No file yet." in page
        assert "data-uploads" in page

    def test_whoever_may_only_look_gets_no_way_to_add(self, patient, auditor):
        page = client_for(auditor).get(f"/patients/{patient.pk}/files/").content.decode()
        assert "data-uploads" not in page

    def test_the_tab_shows_what_is_there_and_what_is_on_its_way(self, file, patient, desk_client, organization):
        MediaFactory(
            organization=organization,
            patient=patient,
            stored=None,
            state="rejected",
            reason="The carrier has deleted it.",
            source="twilio",
            source_url="https://api.twilio.com/x",
            subject_kind="message",
            subject_id=patient.pk,
        )
        page = desk_client.get(f"/patients/{patient.pk}/files/").content.decode()
        assert "X-ray.jpg" in page
        assert "The carrier has deleted it." in page

    def test_the_tab_counts_what_is_there(self, file, patient, desk_client):
        assert "Files <span>1</span>" in desk_client.get(f"/patients/{patient.pk}/").content.decode()

    def test_deleting_in_the_dialog_needs_a_reason_and_can_be_undone(self, file, desk_client):
        path = f"/files/{file['id']}/delete/"
        htmx = {"HX-Request": "true", "HX-Target": "modal"}
        assert desk_client.post(path, {"reason": ""}, headers=htmx).status_code == 422
        answer = desk_client.post(path, {"reason": "sent twice"}, headers=htmx)
        assert answer.status_code == 204
        assert f"/files/{file['id']}/restore/" in answer["HX-Trigger"]
        assert desk_client.post(f"/files/{file['id']}/restore/", headers=htmx).status_code == 204
        assert Media.objects.get(pk=file["id"]).state == "ready"

    def test_a_look_at_a_file_is_in_the_access_log(self, file, patient, desk_client):
        desk_client.get(f"/files/{file['id']}/")
        desk_client.get(f"/files/{file['id']}/bytes/preview/")
        desk_client.get(f"/patients/{patient.pk}/files/")
        routes = set(AccessRecord.objects.filter(patient_id=patient.pk).values_list("route", flat=True))
        assert {"media:show", "media:preview", "media:for-patient"} <= routes

    def test_the_tab_asks_as_many_questions_for_many_files_as_for_one(self, patient, desk_client, organization):
        counts = []
        for _round in range(2):
            for _file in range(10):
                MediaFactory(organization=organization, patient=patient)
            with CaptureQueriesContext(connection) as caught:
                assert desk_client.get(f"/patients/{patient.pk}/files/").status_code == 200
            counts.append(len(caught))
        assert counts[0] == counts[1]

    def test_the_api_asks_as_many_questions_for_many_files_as_for_one(self, patient, api_client, organization):
        api_client.get(f"{API}?patient={patient.pk}")  # what is asked once per process
        counts = []
        for _round in range(2):
            for _file in range(10):
                MediaFactory(organization=organization, patient=patient)
            with CaptureQueriesContext(connection) as caught:
                assert api_client.get(f"{API}?patient={patient.pk}").status_code == 200
            counts.append(len(caught))
        assert counts[0] == counts[1]

    def test_the_admin_shows_files_and_notes_the_look(self, file, patient, admin_client):
        assert admin_client.get("/admin/media/media/").status_code == 200
        assert admin_client.get(f"/admin/media/media/{file['id']}/change/").status_code == 200
        assert AccessRecord.objects.filter(route="admin:media_media", patient_id=patient.pk).exists()


class TestSubjects:
    def test_a_file_of_a_visit_is_its_patients(self, folder_sender, appointment, patient, api_client):
        asked = folder_sender.ask(
            TEXT, name="a.txt", content_type="", subject_kind="appointment", subject_id=str(appointment.pk)
        )
        assert asked.json()["patient"] == str(patient.pk)

    def test_another_patients_visit_is_refused(self, folder_sender, appointment, organization):
        from tests.fixtures.patients import PatientFactory

        other = PatientFactory(organization=organization)
        asked = folder_sender.ask(
            TEXT,
            name="a.txt",
            content_type="",
            subject_kind="appointment",
            subject_id=str(appointment.pk),
            patient=str(other.pk),
        )
        assert (asked.status_code, asked.json()["errors"][0]["field"]) == (422, "patient")


class TestIntegration:
    """What `manage.py check_integrations` says of files."""

    def test_a_folder_is_said_to_be_one(self, folder):
        assert ask_all()["files"].state == "off"

    def test_a_bucket_that_answers_is_fine(self, bucket):
        assert ask_all()["files"].state == "ok"

    def test_a_bucket_that_is_not_there_is_named(self, bucket, settings):
        settings.S3_BUCKET_NAME = "another-bucket"
        answer = ask_all()["files"]
        assert (answer.state, "S3_BUCKET_NAME" in answer.sentence) == ("failed", True)
