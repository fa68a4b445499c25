"""What patients send with a message: fetched with the account's credentials, kept, and shown in the thread."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.conversations.models import Message
from apps.conversations.services import link_patient
from apps.core.tenancy import closed, organization_scope
from apps.media.models import Media
from apps.media.services import work_on_due
from apps.media.services.fetched import MOST_ATTEMPTS
from tests.fixtures.background import drain
from tests.fixtures.carrier import Carrier, carrier_on
from tests.fixtures.media import AMR, OGG, media_named, pdf, picture
from tests.fixtures.patients import PatientFactory

pytestmark = pytest.mark.django_db
SID, TOKEN = "AC" + "1" * 32, "demo-twilio-token"
BASIC = "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()


@pytest.fixture
def carrier(settings, folder, whatsapp_account) -> Iterator[Carrier]:
    """Twilio's API, elsewhere: it gives files to the account only."""
    whatsapp_account.account_sid = SID
    whatsapp_account.auth_token = TOKEN
    whatsapp_account.save()
    with carrier_on() as running:
        settings.TWILIO_API_BASE_URL = running.base
        running.requires = BASIC
        yield running


def send(phone, *urls: str, text: str = "", content_type: str = "image/jpeg") -> None:
    media = {f"MediaUrl{n}": url for n, url in enumerate(urls)}
    types = {f"MediaContentType{n}": content_type for n in range(len(urls))}
    phone.post(text, NumMedia=str(len(urls)), **media, **types)
    drain()


def work() -> int:
    with closed():
        return work_on_due()


def files_in(organization) -> list[Media]:
    with organization_scope(organization.pk):
        return list(Media.objects.for_organization(organization).for_list().order_by("id"))


class TestFetching:
    def test_a_picture_is_kept_with_the_message_and_the_patient(
        self, carrier, known_phone, organization, patient, actor
    ):
        known_phone.write("Hello")
        link_patient(conversation=known_phone.thread(), patient=patient, actor=actor)
        send(known_phone, carrier.offer(picture()))
        (expected,) = files_in(organization)
        assert (expected.state, expected.purpose) == ("pending", "message")
        assert carrier.asked == []  # the webhook itself waits for nobody
        assert work() == 1
        (file,) = files_in(organization)
        message = Message.objects.get(conversation=known_phone.thread(), author="contact", body="")
        assert (file.state, file.patient_id, file.subject_kind, file.subject_id) == (
            "ready",
            patient.pk,
            "message",
            message.pk,
        )
        assert [(asked.authorization, asked.path) for asked in carrier.asked] == [(BASIC, "/2010-04-01/Media/ME1")]

    def test_an_album_is_fetched_once_however_often_the_webhook_comes(self, carrier, known_phone, organization):
        urls = [carrier.offer(picture(colour=colour), path=f"/Media/{colour}") for colour in ("red", "blue")]
        fields = {"NumMedia": "2", "MediaUrl0": urls[0], "MediaUrl1": urls[1], "sid": "SM" + "7" * 32}
        for _time in range(3):
            known_phone.post("", MediaContentType0="image/jpeg", MediaContentType1="image/jpeg", **fields)
        drain()
        work()
        assert [file.state for file in files_in(organization)] == ["ready", "ready"]
        assert len(carrier.asked) == 2

    def test_faults_are_tried_again_later_and_then_it_comes(self, carrier, known_phone, organization):
        send(known_phone, carrier.offer(picture()))
        carrier.upcoming = [503, 500]
        now = timezone.now()
        for minutes in (0, 1, 3):
            with time_machine.travel(now + dt.timedelta(minutes=minutes), tick=False):
                work()
        assert [file.state for file in files_in(organization)] == ["ready"]
        assert len(carrier.asked) == 3

    def test_a_fault_is_not_tried_again_at_once(self, carrier, known_phone, organization):
        send(known_phone, carrier.offer(picture()))
        carrier.upcoming = [503]
        assert work() == 1
        assert work() == 0
        assert len(carrier.asked) == 1

    def test_giving_up_says_why_and_a_person_may_ask_again(self, carrier, known_phone, organization, desk_client):
        send(known_phone, carrier.offer(picture()))
        carrier.upcoming = [503] * MOST_ATTEMPTS
        now = timezone.now()
        for hours in range(MOST_ATTEMPTS):
            with time_machine.travel(now + dt.timedelta(hours=hours), tick=False):
                work()
        (file,) = files_in(organization)
        assert (file.state, file.reason) == ("rejected", "The carrier has a fault.")
        assert desk_client.post(f"/files/{file.pk}/fetch-again/").status_code == 302
        work()
        assert media_named(organization, file.pk).state == "ready"

    def test_wrong_credentials_are_said_in_words(self, carrier, known_phone, organization):
        send(known_phone, carrier.offer(picture()))
        carrier.requires = "Basic other"
        work()
        (file,) = files_in(organization)
        assert (file.state, file.reason_code) == ("rejected", "not_authorized")
        assert "token" in file.reason

    def test_an_address_inside_is_never_opened(self, carrier, known_phone, organization):
        with carrier_on() as inside:
            inside.files["/x"] = ("image/jpeg", picture())
            send(known_phone, f"http://127.0.0.1:{inside.port}/x")
            work()
            (file,) = files_in(organization)
            assert (file.state, file.reason_code, inside.asked) == ("rejected", "address_refused", [])

    def test_what_is_no_allowed_file_is_rejected_whatever_the_carrier_calls_it(
        self, carrier, known_phone, organization
    ):
        send(known_phone, carrier.offer(b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>"))
        work()
        (file,) = files_in(organization)
        assert (file.state, file.reason_code, file.stored) == ("rejected", "type_not_allowed", None)

    @pytest.mark.parametrize(
        ("content", "content_type", "kept"),
        [
            (OGG, "audio/ogg; codecs=opus", "audio/ogg"),
            (AMR, "audio/amr", "audio/amr"),
            (pdf(), "application/pdf", "application/pdf"),
        ],
        ids=["voice", "amr", "pdf"],
    )
    def test_voice_and_papers_come_too(self, carrier, known_phone, organization, content, content_type, kept):
        send(known_phone, carrier.offer(content, content_type), content_type=content_type)
        work()
        (file,) = files_in(organization)
        assert (file.state, file.stored.content_type) == ("ready", kept)


class TestWhose:
    def test_a_strangers_file_becomes_the_patients_when_staff_say_who_it_is(
        self, carrier, phone, organization, patient, actor
    ):
        send(phone, carrier.offer(picture()))
        work()
        assert files_in(organization)[0].patient_id is None
        with organization_scope(organization.pk):
            link_patient(conversation=phone.thread(), patient=patient, actor=actor)
        drain()
        assert files_in(organization)[0].patient_id == patient.pk

    def test_a_correction_moves_only_the_files_of_whom_it_was(self, carrier, phone, organization, patient, actor):
        send(phone, carrier.offer(picture()))
        work()
        wife, other = PatientFactory(organization=organization), PatientFactory(organization=organization)
        with organization_scope(organization.pk):
            link_patient(conversation=phone.thread(), patient=wife, actor=actor)
        drain()
        send(phone, carrier.offer(picture(colour="red"), path="/Media/ME2"))
        work()
        mine = files_in(organization)[0]
        Media.objects.filter(pk=mine.pk).update(patient=other)
        with organization_scope(organization.pk):
            link_patient(conversation=phone.thread(), patient=patient, actor=actor)
        drain()
        assert [file.patient_id for file in files_in(organization)] == [other.pk, patient.pk]


class TestThread:
    def page(self, desk_client, phone) -> str:
        return desk_client.get(f"/inbox/{phone.thread().pk}/").content.decode()

    def test_a_placeholder_stands_until_it_has_come(self, carrier, known_phone, desk_client):
        send(known_phone, carrier.offer(picture()))
        assert "Being fetched from the carrier" in self.page(desk_client, known_phone)

    def test_a_picture_shows_in_the_thread(self, carrier, known_phone, desk_client, organization):
        send(known_phone, carrier.offer(picture()))
        work()
        (file,) = files_in(organization)
        assert f'src="/files/{file.pk}/bytes/preview/"' in self.page(desk_client, known_phone)
        led = desk_client.get(f"/files/{file.pk}/bytes/preview/")
        got = desk_client.get(led["Location"])
        assert (got.status_code, got["Content-Type"]) == (200, "image/webp")

    def test_a_voice_message_can_be_played(self, carrier, known_phone, desk_client, organization):
        send(known_phone, carrier.offer(OGG, "audio/ogg"), content_type="audio/ogg")
        work()
        (file,) = files_in(organization)
        assert f'<audio class="att-play" id="att-{file.pk}"' in self.page(desk_client, known_phone)
        led = desk_client.get(f"/files/{file.pk}/bytes/play/")
        part = desk_client.get(led["Location"], headers={"Range": "bytes=0-3"})
        assert (part.status_code, part["Content-Range"], b"".join(part.streaming_content)) == (
            206,
            f"bytes 0-3/{len(OGG)}",
            b"OggS",
        )

    def test_a_thread_with_many_files_asks_as_many_questions_as_one_with_one(self, carrier, known_phone, desk_client):
        counts = []
        for number in (1, 5):
            for _message in range(number):
                send(known_phone, carrier.offer(picture()))
            with CaptureQueriesContext(connection) as caught:
                self.page(desk_client, known_phone)
            counts.append(len(caught))
        assert counts[0] == counts[1]

    def test_what_could_not_be_kept_says_why(self, carrier, known_phone, desk_client):
        carrier.upcoming = [410]
        send(known_phone, carrier.offer(picture()))
        work()
        assert "The carrier has deleted it. Ask the sender to send it again." in self.page(desk_client, known_phone)

    def test_a_message_names_its_files_in_the_api(self, carrier, known_phone, api_client, organization):
        send(known_phone, carrier.offer(picture()))
        work()
        (file,) = files_in(organization)
        lines = api_client.get(f"/api/v1/conversations/{known_phone.thread().pk}/messages/").json()["results"]
        (line,) = [line for line in lines if line["media"]]
        assert line["files"] == [{"id": str(file.pk), "state": "ready", "reason": ""}]
