"""S7: whatever is sent, nothing of it can run in our pages. Each defence with the control that fails without it."""

from __future__ import annotations

import gzip
import io
import struct
import zlib

import pytest
from PIL import Image

from apps.media import examining
from apps.media.kinds import KINDS, clean_name
from apps.media.models import Media
from tests.fixtures.media import API, Sender, fetch, keys_of, pdf, picture, word_document, zip_of

pytestmark = pytest.mark.django_db
SCRIPT = b"<script>document.title='CANARY'</script>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><circle r='9'/></svg>"

ACTIVE = {
    "svg": (SVG, "a.svg", "image/svg+xml"),
    "html": (b"<!doctype html>" + SCRIPT, "a.html", "text/html"),
    "xml": (b"<?xml version='1.0'?><x/>", "a.xml", "application/xml"),
    "javascript": (b"alert(1)", "a.js", "text/javascript"),
    "program": (b"MZ\x90\x00" + bytes(200), "a.exe", "application/x-msdownload"),
}
DISGUISED = {
    "svg called a picture": (SVG, "a.png", "image/png"),
    "html called a picture": (b"<html>" + SCRIPT, "a.jpg", "image/jpeg"),
    "html called a text": (b"\n  <html>" + SCRIPT, "a.txt", "text/plain"),
    "html with a byte order mark": (b"\xef\xbb\xbf<html>" + SCRIPT, "a.txt", "text/plain"),
    "html in UTF-16": (("<html>" + SCRIPT.decode()).encode("utf-16"), "a.txt", "text/plain"),
    "html before a pdf": (b"<html>" + SCRIPT + pdf(1), "a.pdf", "application/pdf"),
    "compressed svg": (gzip.compress(SVG), "a.png", "image/png"),
    "a program called a pdf": (b"MZ\x90\x00" + bytes(200), "a.pdf", "application/pdf"),
    "a program called a sound": (b"\x7fELF" + bytes(200), "a.mp3", "audio/mpeg"),
    "an archive called a document": (zip_of(**{"a.html": SCRIPT}), "a.docx", ""),
    "a document with macros": (word_document(**{"word/vbaProject__bin": b"x"}), "a.docx", ""),
    "a page called a document": (b"MIME-Version: 1.0\r\n\r\n<html>" + bytes(3), "a.docx", ""),
    "half a picture": (picture()[:200], "a.jpg", "image/jpeg"),
    "a picture's head alone": (b"\xff\xd8\xff\xe0" + bytes(64), "a.jpg", "image/jpeg"),
    "a pdf's head alone": (b"%PDF-1.7\n" + bytes(64), "a.pdf", "application/pdf"),
    "another format than was said": (pdf(), "a.jpg", "image/jpeg"),
}


@pytest.fixture
def folder_sender(folder, api_client) -> Sender:
    return Sender(api_client)


@pytest.mark.parametrize("case", ACTIVE)
def test_active_formats_are_not_even_awaited(folder_sender, case):
    content, name, content_type = ACTIVE[case]
    answer = folder_sender.ask(content, name=name, content_type=content_type)
    assert (answer.status_code, answer.json()["code"]) == (422, "type_not_allowed")


@pytest.mark.parametrize("case", DISGUISED)
def test_what_is_something_else_than_it_says_is_rejected_and_removed(
    folder_sender, organization, django_capture_on_commit_callbacks, case
):
    content, name, content_type = DISGUISED[case]
    with django_capture_on_commit_callbacks(execute=True):
        answer = folder_sender.upload(content, name=name, content_type=content_type)
    assert answer.status_code == 422, answer.json()
    assert Media.objects.get().state == "rejected"
    assert keys_of(organization) == []


class TestWhatGotInAllTheSame:
    """The second wall: what if the first one has a hole?"""

    @pytest.fixture
    def gullible(self, monkeypatch):
        """The first wall away: every file is what it says it is. Also its control."""
        monkeypatch.setattr(examining, "recognise", lambda _stream: KINDS["text/plain"])

    @pytest.mark.parametrize("case", ["html called a text", "svg called a picture"])
    def test_it_is_an_attachment_of_a_harmless_type_in_an_empty_sandbox(self, gullible, folder_sender, case):
        content, _name, _type = DISGUISED[case]
        body = folder_sender.upload(content, name="a.txt", content_type="text/plain").json()
        got = folder_sender.read(body["id"])
        assert got.content == content  # the control of the first wall: without it, it is kept
        assert got.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert got.headers["Content-Disposition"] == "attachment"
        assert got.headers["X-Content-Type-Options"] == "nosniff"
        assert got.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"

    def test_in_a_bucket_it_is_an_attachment_of_a_harmless_type_elsewhere(self, gullible, bucket, api_client):
        sender = Sender(api_client)
        body = sender.upload(SVG, name="a.txt", content_type="text/plain").json()
        got = sender.read(body["id"])
        assert (got.content, got.headers["Content-Type"], got.headers["Content-Disposition"]) == (
            SVG,
            "text/plain",
            "attachment",
        )

    @pytest.mark.parametrize("variant", ["view", "preview", "play"])
    def test_it_is_never_shown_in_a_page(self, gullible, folder_sender, desk_client, variant):
        body = folder_sender.upload(SVG, name="a.txt", content_type="text/plain").json()
        assert desk_client.get(f"/files/{body['id']}/bytes/{variant}/").status_code == 404


class TestPolyglots:
    @pytest.mark.parametrize(
        ("image_format", "content_type"),
        [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("GIF", "image/gif"), ("WEBP", "image/webp")],
    )
    def test_what_hides_behind_a_picture_is_gone(self, folder_sender, image_format, content_type):
        sent = picture(image_format) + SCRIPT + zip_of(**{"a.html": SCRIPT})
        answer = folder_sender.upload(sent, name=f"a.{image_format.lower()}", content_type=content_type)
        assert answer.status_code == 200, answer.json()
        kept = folder_sender.read(answer.json()["id"]).content
        assert b"CANARY" in sent
        assert b"CANARY" not in kept
        assert Image.open(io.BytesIO(kept)).size == (640, 480)

    def test_comments_and_profiles_are_gone(self, folder_sender):
        sent = picture("JPEG", comment=SCRIPT, icc_profile=SCRIPT * 3)
        assert b"CANARY" in sent
        body = folder_sender.upload(sent, name="a.jpg").json()
        assert b"CANARY" not in folder_sender.read(body["id"]).content

    def test_a_text_inside_a_png_is_gone(self, folder_sender):
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_text("Comment", SCRIPT.decode())
        sent = picture("PNG", pnginfo=info)
        assert b"CANARY" in sent
        body = folder_sender.upload(sent, name="a.png", content_type="image/png").json()
        assert b"CANARY" not in folder_sender.read(body["id"]).content


def bomb(side: int) -> bytes:
    """Return a PNG of side × side black pixels, a thousandth of their size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(9)
    row = b"\x00" + bytes((side + 7) // 8)
    packed = b"".join(packer.compress(row) for _row in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


class TestBombs:
    def test_a_small_file_that_unfolds_into_gigabytes_is_refused_before_it_does(self, folder_sender):
        sent = bomb(20_000)
        assert len(sent) < 1_000_000
        answer = folder_sender.upload(sent, name="a.png", content_type="image/png")
        assert (answer.status_code, answer.json()["code"]) == (422, "too_many_pixels")

    def test_so_is_one_of_many_frames(self, folder_sender, settings):
        frames = [Image.new("RGB", (100, 100), (n * 12, 0, 0)) for n in range(20)]
        out = io.BytesIO()
        frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
        settings.MEDIA_MOST_PIXELS = 150_000
        answer = folder_sender.upload(out.getvalue(), name="a.gif", content_type="image/gif")
        assert answer.json()["code"] == "too_many_pixels"

    def test_the_control_with_a_higher_limit_decodes_it(self, folder_sender, settings):
        settings.MEDIA_MOST_PIXELS = 1_000
        refused = folder_sender.upload(bomb(400), name="a.png", content_type="image/png")
        settings.MEDIA_MOST_PIXELS = 1_000_000
        taken = folder_sender.upload(bomb(400), name="a.png", content_type="image/png")
        assert (refused.status_code, taken.status_code) == (422, 200)


class TestNames:
    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            ("../../etc/passwd.txt", "passwd.txt"),
            ("..\\..\\windows\\system32\\a.txt", "a.txt"),
            ("/etc/cron.d/a.txt", "a.txt"),
            ("a\r\nContent-Type: text/html\r\n.txt", "aContent-Type: text/html.txt".rsplit("/", 1)[-1]),
            ("....", ""),
            ("\u202egpj.exe.txt", "gpj.exe.txt"),
        ],
    )
    def test_folders_and_control_characters_are_gone(self, sent, kept):
        assert clean_name(sent) == kept

    def test_a_long_name_keeps_its_extension(self):
        assert clean_name("x" * 500 + ".pdf") == "x" * 196 + ".pdf"

    def test_a_name_never_becomes_a_path(self, folder_sender, organization):
        body = folder_sender.upload(b"hello", name="../../../../tmp/x.txt", content_type="text/plain").json()
        assert body["file_name"] == "x.txt"
        assert all(key.split("/")[-1] == "file.txt" for key in keys_of(organization) if key.startswith("objects/"))


class TestAddresses:
    @pytest.fixture
    def file(self, folder_sender, patient) -> dict:
        return folder_sender.upload(b"secret", name="a.txt", content_type="text/plain", patient=str(patient.pk)).json()

    def test_a_changed_one_is_refused(self, folder_sender, api_client, file):
        url = api_client.get(f"{API}{file['id']}/download/").json()["url"]
        token = url.split("/stored/")[1].split("/")[0]
        for changed in (url.replace(token, token[:-2] + "xx"), url.replace(token, "x" + token), url + "x"):
            assert fetch(changed).status == 403

    def test_one_for_an_upload_does_not_read_and_one_for_reading_does_not_write(self, folder_sender, file):
        from django.test import Client

        upload = folder_sender.ask(b"abc", name="b.txt", content_type="text/plain").json()["upload"]
        token = upload["url"].split("/stored/")[1].strip("/")
        assert fetch(f"/stored/{token}/{file['id']}").status == 403
        reading = folder_sender.client.get(f"{API}{file['id']}/download/").json()["url"].split("/stored/")[1]
        answer = Client().post(f"/stored/{reading.split('/')[0]}/", {"file": io.BytesIO(b"abc")})
        assert answer.status_code == 403

    def test_one_from_a_persons_session_works_in_no_other(self, file, desk_client, manager_client, anonymous_client):
        url = desk_client.get(f"/files/{file['id']}/bytes/download/")["Location"]
        assert fetch(url, desk_client).status == 200  # the control
        assert fetch(url, manager_client).status == 403
        assert fetch(url, anonymous_client).status == 403

    def test_it_names_neither_the_person_nor_the_file(self, file, desk_client, patient):
        import base64

        url = desk_client.get(f"/files/{file['id']}/bytes/download/")["Location"]
        packed = url.split("/stored/")[1].split(":")[0]
        said = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode()
        assert "a.txt" not in said + url
        assert str(patient.pk) not in said + url

    def test_a_deleted_file_is_handed_out_no_more(self, file, api_client, desk_client):
        api_client.post(f"{API}{file['id']}/delete/", {"reason": "wrong patient"}, format="json")
        assert api_client.get(f"{API}{file['id']}/download/").status_code == 409
        assert desk_client.get(f"/files/{file['id']}/bytes/download/").status_code == 409

    def test_a_get_to_an_upload_and_a_huge_one_change_nothing(self, folder_sender, organization):
        from django.test import Client

        asked = folder_sender.ask(b"abc", name="b.txt", content_type="text/plain").json()
        path = asked["upload"]["url"].removeprefix("http://testserver")
        assert Client().get(path).status_code == 405
        assert Client().post(path, {"file": io.BytesIO(b"x" * 50_000)}).status_code == 413
        assert Client().post(path, {"other": "x"}).status_code == 422
        assert [key for key in keys_of(organization) if asked["id"] in key] == []


@pytest.mark.parametrize(
    ("wanted", "status", "content"),
    [
        ("bytes=0-1", 206, b"se"),
        ("bytes=4-", 206, b"et"),
        ("bytes=-3", 206, b"ret"),
        ("bytes=0-999", 206, b"secret"),
        ("bytes=9-", 416, b""),
        ("bytes=-0", 416, b""),
        ("lines=1-2", 200, b"secret"),
        ("bytes=0-1,3-4", 200, b"secret"),
    ],
)
def test_players_get_the_part_that_they_ask_for(folder_sender, wanted, status, content):
    body = folder_sender.upload(b"secret", name="a.txt", content_type="text/plain").json()
    url = folder_sender.client.get(f"{API}{body['id']}/download/").json()["url"]
    got = fetch(url, Range=wanted)
    assert (got.status, got.content) == (status, content)
