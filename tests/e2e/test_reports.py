"""Reports in a manager's browser: another period, another grouping, and a file that says what the page says."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

SHEETS = {
    "utilisation": ("Utilisation", ["available_minutes", "booked_minutes", "missed_minutes", "share"]),
    "no-shows": ("No-shows", ["fulfilled", "missed", "unsettled", "rate"]),
    "lead-times": ("Lead time", ["visits", "lower_quartile", "median", "upper_quartile", "same_day_rate"]),
    "cancellations": ("Cancellations", ["visits", "cancelled", "in_time", "short_notice", "rate"]),
}


@pytest.fixture
def reports(manager: Page, base: str) -> Page:
    """The reports, opened as a manager opens them."""
    manager.get_by_role("link", name="Reports").first.click()
    manager.wait_for_url(f"{base}/reports/")
    return manager


def choose(page: Page, where: str, what: str) -> None:
    page.get_by_role("navigation", name=where).get_by_role("link", name=what, exact=True).click()
    current = page.get_by_role("navigation", name=where).locator("[aria-current=true]")
    expect(current).to_have_text(what)


def download(page: Page, key: str, title: str, directory: Path) -> list[dict[str, str]]:
    with page.expect_download() as found:
        page.get_by_role("link", name=re.compile(rf"^CSV\s*: {title}$")).click()
    assert re.fullmatch(rf"{key}-\d{{4}}-\d\d-\d\d-\d{{4}}-\d\d-\d\d\.csv", found.value.suggested_filename)
    path = directory / found.value.suggested_filename
    found.value.save_as(path)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shown_over_time(page: Page, key: str) -> list[list[str]]:
    """Return the figures of the stretches of days, exact, as the chart reads them."""
    return page.locator(f"#over-{key} tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.querySelectorAll('td')].map(cell => cell.dataset.value))"
    )


def shown_groups(page: Page, title: str) -> list[list[str]]:
    """Return the name and the texts of each line of the table."""
    return (
        page.get_by_role("table", name=re.compile(f"^{title}: (Practitioner|Type|Location)$"))
        .locator("tbody tr")
        .evaluate_all("rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))")
    )


@pytest.mark.parametrize(("period", "stretch"), [("Last 4 weeks", "day"), ("Last 3 months", "day")])
def test_files_say_what_the_page_says(reports: Page, tmp_path: Path, period: str, stretch: str) -> None:
    """The demo clinic opened eleven days ago, so both periods are shown by day."""
    choose(reports, "Days", period)
    choose(reports, "Grouped by", "Type")
    for key, (title, columns) in SHEETS.items():
        lines = download(reports, key, title, tmp_path)
        over_time = [line for line in lines if line["line"] == stretch]
        assert over_time, key
        assert shown_over_time(reports, key) == [[line[column] for column in columns] for line in over_time]
        groups = [line for line in lines if line["line"] == "type"]
        assert [row[0] for row in shown_groups(reports, title)] == [line["name"] for line in groups]
    visits = download(reports, "cancellations", "Cancellations", tmp_path)
    counted = [[line["name"], line["visits"], line["cancelled"]] for line in visits if line["line"] == "type"]
    assert [row[:3] for row in shown_groups(reports, "Cancellations")] == counted
    total = next(line for line in visits if line["line"] == "total")
    assert int(total["visits"]) == sum(int(number) for _name, number, _cancelled in counted) > 0


def test_another_grouping_keeps_the_total_and_stands_in_the_address(reports: Page) -> None:
    foot = reports.get_by_role("table", name=re.compile("^No-shows: ")).locator("tfoot")
    before = foot.inner_text()
    rows = [row[0] for row in shown_groups(reports, "No-shows")]
    choose(reports, "Grouped by", "Location")
    assert foot.inner_text() == before
    assert [row[0] for row in shown_groups(reports, "No-shows")] != rows
    assert "by=location" in reports.url
    reports.go_back()
    expect(reports.get_by_role("navigation", name="Grouped by").locator("[aria-current=true]")).to_have_text(
        "Practitioner"
    )


def test_own_dates_that_can_not_be_are_refused_at_their_field_then_put_right(reports: Page) -> None:
    choose(reports, "Days", "Own dates")
    first, last = reports.get_by_label("From", exact=True), reports.get_by_label("Up to and including")
    end = last.input_value()
    last.fill("2020-01-01")
    reports.get_by_role("button", name="Show", exact=True).click()
    expect(reports.locator(".rep-own")).to_contain_text("The last day comes before the first.")
    last.fill(end)
    first.fill(end)
    reports.get_by_role("button", name="Show", exact=True).click()
    expect(reports.locator("#over-no-shows tbody tr")).to_have_count(1)
