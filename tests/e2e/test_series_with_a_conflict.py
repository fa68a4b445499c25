"""A series meets what is booked already: each conflict is shown and decided before anything is booked."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

WHO = "Jonas Brandt"
WITH = "Hannah Lindqvist"
DAYS_AHEAD = 3
OPEN = re.compile(r"\bis-open\b")


@pytest.fixture
def day() -> dt.date:
    """A date on which the demo clinic has visits, far enough ahead for any hour of the night."""
    return dt.datetime.now(ZoneInfo("America/New_York")).date() + dt.timedelta(days=DAYS_AHEAD)


def taken_time(desk: Page, base: str, day: dt.date) -> str:
    """Return a time at which somebody else has a visit with the practitioner."""
    desk.goto(f"{base}/calendar/?day={day.isoformat()}")
    others = desk.locator(f".pcol[aria-label^='{WITH}'] .ev[data-move]").filter(has_not_text=WHO)
    return str(others.first.locator("time").inner_text())


def visits_of(desk: Page, base: str, day: dt.date) -> list[str]:
    """Return when the patient has visits on a day."""
    desk.goto(f"{base}/calendar/?view=agenda&day={day.isoformat()}")
    expect(desk.locator(".agenda, .empty").first).to_be_visible()
    return desk.locator(".agenda li", has_text=WHO).locator("time").all_inner_texts()


def test_a_series_is_booked_after_its_conflict_was_decided(desk: Page, base: str, day: dt.date) -> None:
    time = taken_time(desk, base, day)
    before = [visits_of(desk, base, day + dt.timedelta(days=n)) for n in range(3)]
    desk.goto(f"{base}/appointments/series/new/")
    desk.locator("#series-patient_text").fill(WHO)
    desk.locator("[role=option]", has_text=WHO).first.click()
    desk.get_by_label("Type").select_option(label="Physiotherapy")
    desk.get_by_label("With").select_option(label=WITH)
    desk.get_by_label("First visit").fill(day.isoformat())
    desk.get_by_label("Time", exact=True).fill(time)
    desk.get_by_label("Unit").select_option(label="days")
    desk.locator("#id_count").fill("3")
    desk.locator("#id_count").blur()

    # The first visit meets somebody else's: nothing is booked until somebody decides.
    lines = desk.locator("#series-preview .occ-i")
    expect(lines).to_have_count(3)
    expect(lines.first).to_contain_text("Not free")
    expect(lines.first).to_contain_text(f"{WITH} has another appointment")

    # Another time for the first, whatever else is in the way is left out.
    lines.first.get_by_role("radio").first.check()
    expect(lines.first).to_contain_text("Another time")
    expect(lines.first).not_to_have_class(OPEN)
    for index in (1, 2):
        if OPEN.search(lines.nth(index).get_attribute("class") or ""):
            lines.nth(index).get_by_label("Leave it out").check()
            expect(lines.nth(index)).not_to_have_class(OPEN)
    kept = [index for index in range(3) if "Leave it out" not in lines.nth(index).locator(".occ-h").inner_text()]
    desk.get_by_role("button", name="Book all visits").click()
    desk.wait_for_url(lambda url: "series/new" not in url)

    after = [visits_of(desk, base, day + dt.timedelta(days=n)) for n in range(3)]
    new = [len(there) - len(was) for was, there in zip(before, after, strict=True)]
    assert sum(new) == len(kept) >= 1
    assert time not in after[0]
