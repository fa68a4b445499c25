"""A photo taken with a phone, a letter dropped at the desk, and a picture that a patient sends on WhatsApp."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import DESK, signed_in
from tests.e2e.phones import LIVE_MS
from tests.fixtures.media import pdf, picture

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DROP = """async ([name, type, bytes]) => {
  const file = new File([new Uint8Array(bytes)], name, { type });
  const data = new DataTransfer();
  data.items.add(file);
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def as_upload(name: str, content: bytes, content_type: str) -> dict[str, object]:
    return {"name": name, "mimeType": content_type, "buffer": content}


def open_files(page: Page, base: str, *, number: int) -> None:
    """Open the files of a patient on the list."""
    page.goto(f"{base}/patients/")
    page.goto(base + str(page.locator(".cell-who a.go-a").nth(number).get_attribute("href")) + "tab/files/")
    expect(page.locator(".files .put")).to_be_visible()


class TestFiles:
    def test_a_photo_from_a_phone_stands_in_the_header(self, browser: Browser, base: str):
        with signed_in(browser, base, DESK, **PHONE) as page:
            open_files(page, base, number=0)
            photo = page.locator(".put input[data-purpose=photo]")
            expect(photo).to_have_attribute("capture", "user")
            photo.set_input_files(as_upload("IMG_1.jpg", picture(size=(900, 1200)), "image/jpeg"))
            header = page.locator(".p-photo img")
            expect(header).to_be_visible(timeout=LIVE_MS)
            expect(page.locator(".tile .mark")).to_have_count(1)
            assert header.evaluate("image => image.complete && image.naturalWidth") == 240

    def test_a_letter_is_dropped_deleted_with_a_reason_and_brought_back(self, browser: Browser, base: str):
        with signed_in(browser, base, DESK, expects=(422,)) as page:
            open_files(page, base, number=1)
            page.evaluate(DROP, ["Letter.pdf", "application/pdf", list(pdf(2))])
            page.evaluate(DROP, ["page.pdf", "application/pdf", list(b"<html>")])
            expect(page.locator(".send.is-bad")).to_contain_text("This type of file is not accepted")
            tile = page.locator(".tile", has_text="Letter.pdf")
            expect(tile).to_contain_text("2 pages", timeout=LIVE_MS)
            tile.locator("a").click()
            page.locator("dialog[open] a", has_text="Delete").click()
            page.locator("dialog[open] button[type=submit]").click()
            expect(page.locator("dialog[open]")).to_contain_text("Say why the file is deleted.")
            page.fill("dialog[open] [name=reason]", "Belongs to somebody else")
            page.locator("dialog[open] button[type=submit]").click()
            expect(tile).to_have_count(0, timeout=LIVE_MS)
            page.keyboard.press("z")
            expect(tile).to_have_count(1, timeout=LIVE_MS)

    def test_a_large_file_that_is_refused_later_says_so_on_its_line(self, browser: Browser, base: str):
        with signed_in(browser, base, DESK, expects=(422,)) as page:
            open_files(page, base, number=1)
            broken = b"%PDF-1.4\n" + bytes(5 * 1024 * 1024)
            page.locator(".put input[type=file]").first.set_input_files(
                as_upload("scan.pdf", broken, "application/pdf")
            )
            line = page.locator(".send", has_text="scan.pdf")
            expect(line).to_contain_text("The file is damaged", timeout=LIVE_MS)
            expect(line).to_have_class(re.compile("is-bad"))

    def test_a_picture_sent_on_whatsapp_shows_in_the_thread(self, desk: Page, base: str):
        # A number of its own: the first phone's becomes a patient's name once another test has booked with it.
        desk.goto(f"{base}/simulator/")
        desk.get_by_role("link", name="Add a phone").click()
        desk.get_by_label("Or a number of your own").fill("+13325550177")
        desk.get_by_role("button", name="Add", exact=True).click()
        unit = desk.locator(".sim .unit", has_text="555-0177").first
        unit.locator("input[type=file]").set_input_files(as_upload("rash.jpg", picture(), "image/jpeg"))
        expect(unit.locator(".bub.me img")).to_be_visible(timeout=LIVE_MS)
        desk.goto(f"{base}/inbox/")
        desk.locator("#thread-rows a", has_text="555-0177").first.click()
        shown = desk.locator("#log .att-pic img")
        expect(shown).to_be_visible(timeout=LIVE_MS)
        assert shown.evaluate("image => image.complete && image.naturalWidth") == 320
