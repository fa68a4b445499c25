"""Uploading through the public door: ask, send to the storage, complete. In a folder and in a real S3 server's bucket."""

from __future__ import annotations

import hashlib
import io
import uuid
from pathlib import Path

import pytest
from PIL import Image

from apps.audit.models import AccessRecord
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from apps.media.kinds import WORD
from apps.media.models import Media, MediaObject
from apps.media.services import work_on_due
from tests.fixtures.media import (
    AMR,
    API,
    M4A,
    MP3,
    MP4,
    OGG,
    TEXT,
    THREE_GP,
    VCARD,
    WAV,
    Sender,
    fetch,
    keys_of,
    media_named,
    pdf,
    picture,
    with_place_and_turn,
    word_document,
)
from tests.fixtures.patients import PatientFactory

pytestmark = pytest.mark.django_db


def events_of(organization, media_id: str) -> list[str]:
    with organization_scope(organization.pk):
        return list(Event.objects.filter(subject_id=media_id).order_by("id").values_list("type", flat=True))


class TestUploading:
    def test_a_file_goes_straight_to_the_storage_and_can_be_read_back(self, sender, patient, organization):
        answer = sender.upload(TEXT, name="readings.txt", content_type="text/plain", patient=str(patient.pk))
        body = answer.json()
        assert answer.status_code == 200
        assert (body["state"], body["content_type"], body["size"]) == ("ready", "text/plain", len(TEXT))
        assert body["sha256"] == hashlib.sha256(TEXT).hexdigest()
        assert (body["patient"], body["file_name"]) == (str(patient.pk), "readings.txt")
        assert sender.read(body["id"]).content == TEXT
        assert events_of(organization, body["id"]) == ["file.added"]

    def test_what_was_sent_leaves_the_waiting_room(self, sender, organization):
        body = sender.upload(TEXT, name="a.txt", content_type="text/plain").json()
        assert [key.split("/")[0] for key in keys_of(organization)] == ["incoming", "objects"]  # until the commit
        with organization_scope(organization.pk):
            assert Media.objects.get(pk=body["id"]).stored.storage_key in keys_of(organization)

    def test_the_address_takes_no_more_bytes_than_were_announced(self, sender):
        upload = sender.ask(TEXT, name="a.txt", content_type="text/plain").json()["upload"]
        assert sender.send(upload, TEXT + b"x" * 20_000) in (400, 403, 413)
        assert sender.send(upload, TEXT) in (200, 201, 204)

    def test_a_changed_form_is_refused_by_the_storage(self, sender):
        one, other = (sender.ask(TEXT, name="a.txt", content_type="text/plain").json() for _ in range(2))
        stolen = one["upload"] | {
            "fields": one["upload"]["fields"] | {"key": other["upload"]["fields"]["key"]},
            "url": one["upload"]["url"].replace("/stored/", "/stored/x"),
        }
        assert sender.send(stolen, TEXT) in (400, 403)

    def test_completing_before_anything_came_says_so_and_may_be_repeated(self, sender):
        asked = sender.ask(TEXT, name="a.txt", content_type="text/plain").json()
        early = sender.complete(asked["id"])
        assert (early.status_code, early.json()["code"]) == (409, "not_uploaded")
        sender.send(asked["upload"], TEXT)
        assert sender.complete(asked["id"]).json()["state"] == "ready"

    def test_completing_twice_has_one_effect(self, sender, organization):
        body = sender.upload(TEXT, name="a.txt", content_type="text/plain").json()
        again = sender.complete(body["id"])
        assert (again.status_code, again.json()["state"]) == (200, "ready")
        assert events_of(organization, body["id"]) == ["file.added"]

    @pytest.mark.parametrize(
        ("content", "name", "content_type", "found"),
        ids=["png", "webp", "gif", "pdf", "docx", "ogg", "mp3", "m4a", "amr", "wav", "mp4", "3gp", "vcf"],
        argvalues=[
            (picture("PNG"), "a.png", "image/png", "image/png"),
            (picture("WEBP"), "a.webp", "image/webp", "image/webp"),
            (picture("GIF"), "a.gif", "image/gif", "image/gif"),
            (pdf(), "a.pdf", "application/pdf", "application/pdf"),
            (word_document(), "a.docx", "", WORD),
            (OGG, "voice.ogg", "audio/ogg; codecs=opus", "audio/ogg"),
            (MP3, "a.mp3", "audio/mpeg", "audio/mpeg"),
            (M4A, "a.m4a", "audio/x-m4a", "audio/mp4"),
            (AMR, "a.amr", "", "audio/amr"),
            (WAV, "a.wav", "audio/wav", "audio/wav"),
            (MP4, "a.mp4", "video/mp4", "video/mp4"),
            (THREE_GP, "a.3gp", "video/3gpp", "video/3gpp"),
            (VCARD, "a.vcf", "text/x-vcard", "text/vcard"),
        ],
    )
    def test_what_clinics_get_is_accepted(self, folder, api_client, content, name, content_type, found):
        body = Sender(api_client).upload(content, name=name, content_type=content_type).json()
        assert (body["state"], body["content_type"]) == ("ready", found)

    def test_a_large_file_is_left_to_the_background(self, sender, organization, monkeypatch):
        monkeypatch.setattr("apps.media.services.uploads.IN_BACKGROUND_BYTES", 10)
        answer = sender.upload(picture(), name="scan.jpg")
        body = answer.json()
        assert (answer.status_code, body["state"]) == (202, "checking")
        assert work_on_due() == 1
        with organization_scope(organization.pk):
            assert Media.objects.get(pk=body["id"]).state == "ready"
        assert work_on_due() == 0


class TestTwice:
    def test_the_same_bytes_again_name_the_file_that_is_there(self, sender, patient):
        first = sender.upload(picture(), name="scan.jpg", patient=str(patient.pk)).json()
        second = sender.upload(picture(), name="again.jpg", patient=str(patient.pk)).json()
        assert first["same_as"] is None
        assert second["same_as"] == {"id": first["id"], "file_name": "scan.jpg"}

    def test_another_patient_s_file_is_not_named(self, sender, organization, patient):
        sender.upload(picture(), name="scan.jpg", patient=str(patient.pk))
        other = PatientFactory(organization=organization)
        assert sender.upload(picture(), name="scan.jpg", patient=str(other.pk)).json()["same_as"] is None


class TestWhatIsRefused:
    def test_a_type_that_is_not_allowed_is_named_with_those_that_are(self, sender):
        answer = sender.ask(b"MZ", name="setup.exe", content_type="application/x-msdownload")
        body = answer.json()
        assert (answer.status_code, body["code"]) == (422, "type_not_allowed")
        assert body["errors"][0]["field"] == "content_type"
        assert "JPEG" in body["detail"]
        assert "PDF" in body["detail"]

    def test_a_size_above_the_limit_says_the_limit(self, sender):
        answer = sender.client.post(
            f"{API}uploads/", {"file_name": "a.jpg", "content_type": "image/jpeg", "size": 2**30}, format="json"
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "too_large")
        assert "25" in answer.json()["detail"]

    def test_an_empty_file_is_refused_in_plain_words(self, sender):
        answer = sender.ask(b"", name="scan.jpg")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["message"] == "The file is empty. Choose another one."

    def test_a_program_that_is_called_a_picture_is_told_so(self, sender):
        answer = sender.upload(b"MZ\x90\x00" + b"\x00" * 300, name="fake.jpg", content_type="image/jpeg")
        assert answer.json()["detail"].startswith("The file is called JPEG, but that is not what is in it.")

    def test_bytes_of_another_kind_than_was_said_are_rejected_and_removed(self, sender, organization, patient):
        answer = sender.upload(b"MZ\x90\x00" + b"\x00" * 300, name="result.pdf", content_type="application/pdf")
        body = answer.json()
        assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
        assert (body["code"], body["errors"][0]["field"]) == ("type_not_allowed", "file")
        with organization_scope(organization.pk):
            row = Media.objects.get()
            assert (row.state, row.reason_code) == ("rejected", "type_not_allowed")
            assert not MediaObject.objects.exists()
        assert sender.complete(str(row.pk)).status_code == 422

    def test_an_empty_file_is_refused(self, sender):
        answer = sender.ask(b"", name="a.txt", content_type="text/plain")
        assert answer.status_code == 422

    def test_a_photo_belongs_to_somebody(self, sender):
        answer = sender.ask(picture(), purpose="photo")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "purpose")

    def test_another_organizations_patient_does_not_exist(self, sender, foreign_patient):
        answer = sender.ask(picture(), patient=str(foreign_patient.pk))
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "patient")

    def test_an_unknown_kind_of_subject_is_named(self, sender):
        answer = sender.ask(picture(), subject_kind="starship", subject_id=str(uuid.uuid4()))
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "subject_kind")

    def test_a_file_that_does_not_exist_is_not_found(self, sender):
        nobody = uuid.uuid4()
        assert sender.client.get(f"{API}{nobody}/").status_code == 404
        assert sender.client.get(f"{API}{nobody}/download/").status_code == 404
        assert sender.complete(str(nobody)).status_code == 404


class TestPictures:
    def test_place_and_camera_are_gone_and_it_stands_upright(self, sender):
        sent = with_place_and_turn()
        assert b"Canary Camera" in sent  # the control: it is there before
        body = sender.upload(sent, name="IMG_0001.jpg").json()
        assert (body["width"], body["height"]) == (480, 640)
        for variant in ("file", "view", "preview"):
            content = sender.read(body["id"], variant).content
            assert b"Canary Camera" not in content
            image = Image.open(io.BytesIO(content))
            assert len(image.getexif()) == 0
            assert image.height > image.width
            corner = image.convert("RGB").getpixel((image.width - 4, 4))
            assert min(corner) > 230, "the mark of the upper left corner is upper right once it stands"

    def test_previews_are_small_and_of_our_own_making(self, sender):
        body = sender.upload(picture(size=(2400, 1800)), name="a.jpg").json()
        preview, view = (sender.read(body["id"], variant) for variant in ("preview", "view"))
        assert (preview.headers["Content-Type"], Image.open(io.BytesIO(preview.content)).size) == (
            "image/webp",
            (320, 240),
        )
        assert Image.open(io.BytesIO(view.content)).size == (1600, 1200)

    def test_a_pdf_shows_its_first_page(self, sender):
        body = sender.upload(pdf(3), name="letter.pdf", content_type="application/pdf").json()
        assert (body["pages"], body["has_preview"]) == (3, True)
        assert Image.open(io.BytesIO(sender.read(body["id"], "preview").content)).format == "WEBP"
        assert sender.read(body["id"]).content.startswith(b"%PDF-")

    def test_heic_of_a_phone_is_kept_as_jpeg_without_its_metadata(self, folder, api_client):
        sent = (Path(__file__).parents[2] / "fixtures/files/picture.heic").read_bytes()
        assert b"Canary Camera" in sent
        sender = Sender(api_client)
        body = sender.upload(sent, name="IMG_1.HEIC", content_type="").json()
        assert (body["content_type"], body["width"], body["height"]) == ("image/jpeg", 64, 48)
        assert b"Canary Camera" not in sender.read(body["id"]).content

    def test_a_moving_picture_still_moves(self, folder, api_client):
        frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "green", "blue")]
        out = io.BytesIO()
        frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=80)
        sender = Sender(api_client)
        body = sender.upload(out.getvalue(), name="a.gif", content_type="image/gif").json()
        assert Image.open(io.BytesIO(sender.read(body["id"]).content)).n_frames == 3


class TestStoredOnce:
    def test_the_same_bytes_again_are_not_stored_again(self, sender, organization, patient):
        first, second = (
            sender.upload(picture(), name=name, patient=str(patient.pk)).json() for name in ("a.jpg", "b.jpg")
        )
        assert first["id"] != second["id"]
        assert (first["file_name"], second["file_name"]) == ("a.jpg", "b.jpg")
        assert media_named(organization, first["id"]).stored == media_named(organization, second["id"]).stored
        assert len([key for key in keys_of(organization) if key.startswith("objects/")]) == 3

    def test_two_organizations_do_not_share_bytes(self, sender, organization, foreign_front_desk, other_organization):
        from tests.fixtures.shared import api_client_for

        sender.upload(picture())
        Sender(api_client_for(foreign_front_desk)).upload(picture())
        assert len([key for key in keys_of(organization) if key.startswith("objects/")]) == 3
        assert len([key for key in keys_of(other_organization) if key.startswith("objects/")]) == 3


class TestReading:
    def test_an_address_works_for_minutes_only(self, folder, api_client, patient):
        import time_machine

        sender = Sender(api_client)
        body = sender.upload(TEXT, name="a.txt", content_type="text/plain", patient=str(patient.pk)).json()
        url = api_client.get(f"{API}{body['id']}/download/").json()["url"]
        assert fetch(url).status == 200
        with time_machine.travel("2099-01-01", tick=False):
            assert fetch(url).status == 403

    def test_every_address_that_is_handed_out_is_in_the_access_log(self, sender, organization, patient):
        body = sender.upload(TEXT, name="a.txt", content_type="text/plain", patient=str(patient.pk)).json()
        sender.read(body["id"])
        with organization_scope(organization.pk):
            routes = AccessRecord.objects.filter(patient_id=patient.pk).values_list("route", flat=True)
            assert "api:media-download" in set(routes)

    def test_a_patients_files_are_listed_newest_first_without_the_deleted(self, sender, patient):
        ids = [
            sender.upload(
                TEXT + bytes([65 + n]), name="a.txt", content_type="text/plain", patient=str(patient.pk)
            ).json()["id"]
            for n in range(3)
        ]
        sender.upload(TEXT, name="nobodys.txt", content_type="text/plain")
        sender.client.post(f"{API}{ids[1]}/delete/", {"reason": "sent twice"}, format="json")
        listed = sender.client.get(f"{API}?patient={patient.pk}").json()["results"]
        assert [row["id"] for row in listed] == [ids[2], ids[0]]
        deleted = sender.client.get(f"{API}?patient={patient.pk}&state=deleted").json()["results"]
        assert [(row["id"], row["reason"]) for row in deleted] == [(ids[1], "sent twice")]
