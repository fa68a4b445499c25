"""The desk finds a patient with the keyboard alone: in the list's search field and in the palette."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

RECORD = re.compile(r"/patients/[0-9a-f-]{36}/$")


def test_enter_right_after_typing_opens_the_first_hit_of_the_list(desk: Page, base: str) -> None:
    desk.goto(f"{base}/patients/")
    desk.keyboard.press("/")
    desk.keyboard.type("thornbury")
    desk.keyboard.press("Enter")
    desk.wait_for_url(RECORD)
    expect(desk.locator("h1")).to_contain_text("Thornbury")


def test_down_goes_into_the_rows_and_up_comes_back(desk: Page, base: str) -> None:
    desk.goto(f"{base}/patients/")
    field = desk.locator("#patients-q")
    field.fill("thornbury")
    expect(desk.locator("#patients [role=status]")).to_contain_text("best first")
    field.press("ArrowDown")
    first = desk.locator("#patients tbody > tr").first
    expect(first).to_have_class(re.compile("is-key"))
    desk.keyboard.press("ArrowUp")
    expect(field).to_be_focused()
    field.press("ArrowDown")
    desk.keyboard.press("Enter")
    desk.wait_for_url(RECORD)


def test_enter_right_after_typing_opens_the_first_hit_of_the_palette(desk: Page, base: str) -> None:
    desk.goto(f"{base}/patients/")
    desk.keyboard.press("Control+k")
    desk.keyboard.type("margaret thornbury")
    desk.keyboard.press("Enter")
    desk.wait_for_url(RECORD)
    expect(desk.locator("h1")).to_contain_text("Thornbury")
