"""A patient moves a visit by the link on a phone; the desk sees it on Today and in the calendar without a reload."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

LIVE_MS = 20_000
PHONE = {"width": 390, "height": 844}
ZONE = ZoneInfo("America/New_York")
DAYS_AHEAD = 5


@pytest.fixture
def pocket(browser: Browser) -> Iterator[Page]:
    """The patient's phone: a small screen that is touched, and nobody signed in."""
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True, timezone_id="America/New_York")
    context.set_default_timeout(LIVE_MS)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def movable_visit(desk: Page, base: str, pocket: Page) -> tuple[str, str]:
    """Open the links of the coming days' visits on the phone until one can be moved there; return patient and id."""
    for ahead in range(DAYS_AHEAD, DAYS_AHEAD + 5):
        day = dt.datetime.now(ZONE).date() + dt.timedelta(days=ahead)
        desk.goto(f"{base}/?day={day.isoformat()}")
        for address in [row.get_attribute("href") for row in desk.locator("#today-rows .l2 > a").all()][:8]:
            desk.goto(f"{base}{address}")
            link = desk.locator("[data-copy]")
            if not link.count():
                continue
            token = link.input_value().split("/a/")[1]
            pocket.goto(f"{base}/a/{token}")
            if pocket.get_by_text("Choose another time").count():
                return desk.locator("h1 bdi").inner_text(), address
    raise AssertionError("the demo clinic has no visit that its patient may move")


def clock(start: dt.datetime) -> str:
    """Return the time as the link page of a clinic in the United States writes it."""
    return f"{start:%I:%M %p}".removeprefix("0")


def test_patient_moves_a_visit_by_the_link_and_the_desk_sees_it_live(desk: Page, pocket: Page, base: str) -> None:
    name, address = movable_visit(desk, base, pocket)
    row = f"#row-{address.strip('/').split('/')[-1]}"

    # The patient looks for another time; nothing lies outside the small screen.
    pocket.get_by_text("Choose another time").click()
    label = pocket.locator("label.time").last
    start = dt.datetime.fromisoformat(label.locator("input").get_attribute("value")).astimezone(ZONE)
    assert pocket.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    expect(label).to_have_text(clock(start))

    # The desk has the day of that time open, on Today and in the calendar.
    desk.goto(f"{base}/?day={start:%Y-%m-%d}")
    calendar = desk.context.new_page()
    calendar.goto(f"{base}/calendar/?day={start:%Y-%m-%d}")
    was = desk.locator(row).locator(".t").inner_text() if desk.locator(row).count() else ""

    label.tap()
    pocket.get_by_role("button", name="Move to the chosen time").tap()
    expect(pocket.locator("body")).to_contain_text("Your appointment is now on")
    expect(pocket.locator(".when")).to_contain_text(clock(start))

    assert not was.startswith(f"{start:%H:%M}")
    expect(desk.locator(row).locator(".t")).to_contain_text(f"{start:%H:%M}", timeout=LIVE_MS)
    expect(desk.locator(row)).to_contain_text(name)
    event = calendar.locator(".ev", has_text=name).filter(has_text=f"{start:%H:%M}")
    expect(event.first).to_be_visible(timeout=LIVE_MS)

    # And back: for ten minutes the patient may undo it.
    pocket.get_by_role("button", name="Undo, until").tap()
    expect(pocket.locator("body")).to_contain_text("everything is as it was before")
    expect(pocket.locator(".when")).not_to_contain_text(clock(start))
    expect(event).to_have_count(0, timeout=LIVE_MS)
