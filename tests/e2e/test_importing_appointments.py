"""A manager brings appointments from another system: columns, verdicts, import, what was refused, the calendar."""

from __future__ import annotations

import csv
import datetime as dt
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

PATIENCE_MS = 30_000
HEADER = ["Booking ID", "MRN", "Behandler", "Service", "Site", "Date", "Time", "State", "Reason", "Insurance"]


@pytest.fixture
def sunday() -> dt.date:
    """A day on which nobody works, at least a week ahead: only the file books there."""
    today = dt.datetime.now(ZoneInfo("America/New_York")).date()
    return today + dt.timedelta(days=13 - today.weekday())


@pytest.fixture
def known(manager: Page, base: str, tmp_path: Path) -> dict[str, str]:
    """A visit that the clinic has, out of its own export: names that the import must know again."""
    manager.goto(f"{base}/settings/exchange/")
    with manager.expect_download() as found:
        manager.get_by_role("button", name="Download CSV").click()
    found.value.save_as(tmp_path / "export.csv")
    with (tmp_path / "export.csv").open(encoding="utf-8-sig", newline="") as file:
        return next(row for row in csv.DictReader(file) if row["status"] == "fulfilled")


@pytest.fixture
def file(known: dict[str, str], sunday: dt.date, tmp_path: Path) -> Path:
    """Two visits that can be had, and three that can't."""
    number, kind, place = known["patient_number"], known["appointment_type"], known["location"]
    day, who = sunday.isoformat(), known["practitioner"]
    rows = [
        ["x1", number, who, kind, place, day, "06:00", "booked", "Imported on a Sunday", "A"],
        ["x2", number, who, kind, place, day, "07:30", "booked", "Imported after it", "B"],
        ["x3", number, "Dr Nobody Atall", kind, place, day, "09:00", "booked", "", "C"],
        ["x4", number, who, kind, place, day, "06:05", "booked", "", "D"],
        ["x5", number, who, kind, place, day, "half past", "booked", "", '=HYPERLINK("x")'],
    ]
    path = tmp_path / "old system.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, delimiter=";").writerows([HEADER, *rows])
    return path


def test_file_with_bad_rows_is_imported_and_what_was_refused_comes_back(
    manager: Page, base: str, file: Path, known: dict[str, str], sunday: dt.date, tmp_path: Path
) -> None:
    manager.goto(f"{base}/settings/exchange/")
    manager.set_input_files("#upload-form [name=file]", file)
    manager.get_by_role("button", name="Look at the file").click()

    # The columns: what is known by name is chosen, what is not is asked for.
    expect(manager.get_by_role("heading", name="Which column is what?")).to_be_visible()
    expect(manager.get_by_role("combobox", name="MRN", exact=True)).to_have_value("patient_number")
    expect(manager.get_by_role("combobox", name="Insurance", exact=True)).to_have_value("")
    manager.get_by_role("button", name="Check the rows").click()
    expect(manager.get_by_role("alert").first).to_contain_text("Still to choose: the practitioner")
    manager.get_by_role("combobox", name="Behandler", exact=True).select_option(label="Practitioner")
    manager.get_by_label("Book visits to come even outside hours").check()
    manager.get_by_role("button", name="Check the rows").click()

    # The verdicts, each with its line, its column and what to do.
    verdict = manager.locator("#import-state")
    expect(verdict).to_contain_text("2 rows can be imported", timeout=PATIENCE_MS)
    refused = manager.get_by_role("table", name="Rows that can’t be imported").locator("tbody tr")
    expect(refused).to_have_count(3)
    expect(refused.nth(0)).to_contain_text(re.compile("4.*Behandler: “Dr Nobody Atall” is not known here", re.DOTALL))
    expect(refused.nth(1)).to_contain_text("Line 2 takes the same time of the same person.")
    expect(refused.nth(2)).to_contain_text("Time:")

    manager.get_by_role("button", name="Import 2 rows").click()
    expect(verdict).to_contain_text("2 visits imported", timeout=PATIENCE_MS)

    # What was refused, as a file to correct: no cell of it is a formula.
    with manager.expect_download() as found:
        manager.get_by_role("link", name="Download these rows").click()
    found.value.save_as(tmp_path / "refused.csv")
    with (tmp_path / "refused.csv").open(encoding="utf-8-sig", newline="") as again:
        rows = list(csv.DictReader(again))
    assert [(row["problem line"], row["problem column"], row["Booking ID"]) for row in rows] == [
        ("4", "Behandler", "x3"),
        ("5", "", "x4"),
        ("6", "Time", "x5"),
    ]
    assert rows[2]["Insurance"] == """'=HYPERLINK("x")"""

    # The visits are in the book.
    manager.goto(f"{base}/calendar/?view=agenda&day={sunday.isoformat()}")
    for time in ("06:00", "07:30"):
        row = manager.locator("main a", has_text=known["patient_name"]).filter(has_text=time)
        expect(row).to_have_count(1)

    # The same file again changes nothing.
    manager.goto(f"{base}/settings/exchange/")
    expect(manager.locator(".imp-lately .ri").first).to_contain_text("2 imported · 3 refused")
