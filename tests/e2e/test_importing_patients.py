"""A manager brings patients from another system: columns, verdicts, live progress, what was refused, the search."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

PATIENCE_MS = 90_000
HEADER = ["MRN", "Rufname", "Last Name", "DOB", "Sex", "Cell", "Insurance plan"]
MANY = 3000
# Notes what the bar says on the page, each time that it refreshes itself.
WATCH = """
    window.bars = [];
    new MutationObserver(() => {
        const label = document.querySelector("#import-state .bar-p")?.getAttribute("aria-label");
        if (label && label !== window.bars.at(-1)) window.bars.push(label);
    }).observe(document, {subtree: true, childList: true, attributes: true});
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """People who can be had, enough of them to watch; three rows that can't, and one person twice."""
    rows = [
        ["z1", "Xanthippe", "Quartermaine", "1984-03-14", "F", "+1 415 555 0171", "A"],
        ["z2", "Ambrose", "Quartermaine", "not a date", "M", "", "B"],
        ["z3", "Perpetua", "Quartermaine", "1990-01-02", "Q", "", '=HYPERLINK("x")'],
        ["z4", "", "", "1990-01-02", "F", "", ""],
        ["z1", "Xanthippe", "Quartermaine", "1984-03-14", "F", "+1 415 555 0171", "A"],
        *[[f"m{n}", f"Given{n}", f"Importee{n}", "1970-05-06", "", "", ""] for n in range(MANY)],
    ]
    path = tmp_path / "old patients.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, delimiter=";").writerows([HEADER, *rows])
    return path


def test_patients_with_bad_rows_are_imported_before_ones_eyes(
    manager: Page, base: str, file: Path, tmp_path: Path
) -> None:
    manager.goto(f"{base}/patients/import/")
    manager.set_input_files("#upload-form [name=file]", file)
    manager.get_by_role("button", name="Look at the file").click()

    # The columns: what is known by name is chosen, what is not can be said.
    expect(manager.get_by_role("heading", name="Which column is what?")).to_be_visible()
    expect(manager.get_by_role("combobox", name="MRN", exact=True)).to_have_value("external_id")
    expect(manager.get_by_role("combobox", name="Insurance plan", exact=True)).to_have_value("")
    manager.get_by_role("combobox", name="Rufname", exact=True).select_option(label="Given name")
    manager.get_by_role("textbox", name="Name of the other system").fill("old-clinic")
    manager.get_by_role("button", name="Check the rows").click()

    # The verdicts, each with its line, its column and what to do.
    verdict = manager.locator("#import-state")
    expect(verdict).to_contain_text(f"{MANY + 1:,} rows can be imported", timeout=PATIENCE_MS)
    refused = manager.get_by_role("table", name="Rows that can’t be imported").locator("tbody tr")
    expect(refused).to_have_count(3)
    expect(refused.nth(0)).to_contain_text(re.compile("3.*DOB: “not a date” is not a clear birth date", re.DOTALL))
    expect(refused.nth(1)).to_contain_text("Sex: “Q” is not known. Write female, male, other or unknown.")
    expect(refused.nth(2)).to_contain_text("The name is missing.")
    known = manager.get_by_role("table", name="Rows of people who are here already").locator("tbody tr")
    expect(known).to_contain_text("Line 2 is the same person.")

    # The import, followed without a hand on the page.
    manager.add_init_script(WATCH)
    manager.get_by_role("button", name=f"Import {MANY + 1:,} rows").click()
    expect(verdict).to_contain_text(f"{MANY + 1:,} patients imported", timeout=PATIENCE_MS)
    seen = [int(label.split()[0]) for label in manager.evaluate("window.bars")]
    assert seen == sorted(seen)
    assert any(0 < percent < 100 for percent in seen)

    # What was refused, as a file to correct: no cell of it is a formula.
    with manager.expect_download() as found:
        manager.get_by_role("link", name="Download these rows").click()
    found.value.save_as(tmp_path / "refused.csv")
    with (tmp_path / "refused.csv").open(encoding="utf-8-sig", newline="") as again:
        rows = list(csv.DictReader(again))
    assert [(row["problem line"], row["problem column"], row["MRN"]) for row in rows] == [
        ("3", "DOB", "z2"),
        ("4", "Sex", "z3"),
        ("5", "Rufname", "z4"),
    ]
    assert rows[1]["Insurance plan"] == """'=HYPERLINK("x")"""

    # Who came is found as anybody is, and has the number of the other system.
    manager.goto(f"{base}/patients/")
    manager.get_by_role("searchbox").first.fill("quartermaine xanth")
    manager.get_by_role("link", name="Xanthippe Quartermaine").first.click()
    manager.wait_for_url(re.compile(r"/patients/[0-9a-f-]{36}/$"))
    expect(manager.locator("main")).to_contain_text("z1")

    # The file is forgotten, the people stay.
    manager.goto(f"{base}/patients/import/")
    manager.get_by_role("link", name="old patients.csv").click()
    manager.get_by_role("button", name="Forget this file").click()
    manager.locator("#confirm [value=yes]").click()
    expect(manager.locator("#exchange-patients")).to_contain_text("No file was imported yet.")
    manager.goto(f"{base}/patients/")
    manager.get_by_role("searchbox").first.fill("quartermaine")
    expect(manager.get_by_role("link", name="Xanthippe Quartermaine")).to_be_visible()


# Where the pointer is decides; what the page does not take must not make the browser open the file instead.
DROP = """(selector) => {
  const data = new DataTransfer();
  for (const name of ["people.csv", "more.csv"]) data.items.add(new File(["MRN\\nz1\\n"], name, { type: "text/csv" }));
  const event = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
  document.querySelector(selector).dispatchEvent(event);
  return event.defaultPrevented;
}"""


def test_a_file_that_is_dropped_beside_its_field_is_chosen(manager: Page, base: str) -> None:
    manager.goto(f"{base}/patients/import/")
    assert manager.evaluate(DROP, "main h1")
    field = manager.locator("#upload-form [name=file]")
    assert field.evaluate("input => [...input.files].map(file => file.name)") == ["people.csv"]
    expect(field).to_be_focused()


def test_a_page_that_takes_no_file_is_not_left_for_one(manager: Page, base: str) -> None:
    manager.goto(f"{base}/calendar/")
    assert manager.evaluate(DROP, "main")
