"""A patient's phone: a unit of the simulator's page."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

LIVE_MS = 25_000


class PatientPhone:
    """A phone of the simulator's page; the first one's number is one that the clinic has never seen."""

    def __init__(self, page: Page, *, unit: int = 0) -> None:
        self.page = page
        self.unit: Locator = page.locator(".sim .unit").nth(unit)
        self.log: Locator = self.unit.locator(".msgs")

    def send(self, text: str) -> None:
        self.unit.locator("input[name=body]").fill(text)
        self.unit.locator("form button[type=submit]").first.click()

    def write(self, text: str) -> None:
        self.send(text)
        expect(self.log.locator(".bub.me", has_text=text).last).to_be_visible(timeout=LIVE_MS)

    def expect_answer(self, words: str | re.Pattern[str]) -> None:
        expect(self.log.locator(".bub.cl").last).to_contain_text(words, timeout=LIVE_MS)
