"""Several rows of Today in a real browser: chosen by key and by shift-click, one step for all, one undo, no reload."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

LIVE_MS = 20_000
EXPECTED = "#today-rows > .row-a:has(.go[hx-post*=arrive])"
ARRIVED = "#today-rows > .row-a:has(.go[hx-post*=start])"


@pytest.fixture
def rows(desk: Page, base: str) -> Locator:
    """The expected visits of a day to come, open at the desk; today's depend on the hour."""
    today = dt.datetime.now(ZoneInfo("America/New_York")).date()
    for ahead in range(1, 8):
        desk.goto(f"{base}/?day={(today + dt.timedelta(days=ahead)).isoformat()}")
        if desk.locator(EXPECTED).count() >= 6:
            break
    return desk.locator(EXPECTED)


def test_rows_are_chosen_checked_in_together_and_taken_back(desk: Page, rows: Locator) -> None:
    bar, waiting = desk.locator("#picked"), desk.locator(ARRIVED)
    number, before = rows.count(), waiting.count()
    expect(bar).to_be_hidden()

    # With keys: j walks, x chooses.
    desk.keyboard.press("j")
    desk.keyboard.press("x")
    expect(bar.locator("[data-picked-count]")).to_have_text("1")
    desk.keyboard.press("Escape")
    expect(bar).to_be_hidden()

    # With the mouse: shift takes everything in between.
    rows.nth(1).locator(".row-pick").click()
    rows.nth(4).locator(".row-pick").click(modifiers=["Shift"])
    expect(bar.locator("[data-picked-count]")).to_have_text("4")

    # A refresh keeps what was chosen.
    with desk.expect_response(lambda answer: "?day=" in answer.url):
        desk.evaluate("document.body.dispatchEvent(new CustomEvent('live:appointments', {bubbles: true}))")
    expect(desk.locator("[data-pick]:checked")).to_have_count(4)

    bar.get_by_role("button", name="Check in").click()
    desk.locator("#confirm [value=yes]").click()
    expect(desk.locator("#toasts")).to_contain_text("4 patients checked in")
    expect(waiting).to_have_count(before + 4, timeout=LIVE_MS)
    expect(bar).to_be_hidden()

    desk.keyboard.press("z")
    expect(desk.locator("#toasts")).to_contain_text("Undone: 4 visits are as before")
    expect(rows).to_have_count(number, timeout=LIVE_MS)


def open_menu_with_a_free_room(desk: Page, rows: Locator) -> tuple[Locator, Locator]:
    """Open the menus of rooms, row by row, until one offers another; at a full hour every other room is taken."""
    for name in [row.get_attribute("id") for row in rows.all()]:
        row = desk.locator(f"#{name}")
        row.locator(".place").click()
        expect(row.locator(".menu [role^=menuitem]").first).to_be_visible()
        free = row.locator(".menu [role=menuitemradio][aria-checked=false]:not([disabled])")
        if free.count():
            return row, free.first
        desk.keyboard.press("Escape")
    raise AssertionError("No visit of this day could have another room.")


def test_room_is_changed_in_the_menu_of_its_row(desk: Page, rows: Locator) -> None:
    row, free = open_menu_with_a_free_room(desk, rows)
    before = row.locator(".place").inner_text().strip()
    wanted = free.locator("bdi").inner_text()
    assert wanted != before
    free.click()
    expect(desk.locator("#toasts")).to_contain_text(f"is in {wanted}")
    expect(row.locator(".place")).to_contain_text(wanted, timeout=LIVE_MS)
    desk.keyboard.press("z")
    expect(row.locator(".place")).to_contain_text(before, timeout=LIVE_MS)
