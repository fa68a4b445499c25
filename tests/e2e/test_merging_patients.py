"""Two records of one person in a real browser: registered twice, found, compared, merged, taken back, separated."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def register(desk: Page, base: str, *, given: str, family: str, phone: str) -> str:
    """Register somebody as the desk does; return the address of their page."""
    desk.goto(f"{base}/patients/new/")
    form = desk.locator("form:has([name=given_name])")
    form.locator("[name=given_name]").fill(given)
    form.locator("[name=family_name]").fill(family)
    form.locator("[inputmode=tel]").first.fill(phone)
    form.locator("[type=submit]").last.click()
    desk.wait_for_url(lambda url: "/new/" not in url)
    return desk.url


def test_records_are_merged_undone_merged_again_and_separated(desk: Page, base: str) -> None:
    first = register(desk, base, given="Rosalind", family="Quimby", phone="(212) 555-0161")
    second = register(desk, base, given="Rosalind", family="Quimbie", phone="(212) 555-0162")

    def compare() -> None:
        desk.goto(first)
        desk.locator("[popovertarget=p-more]").click()
        desk.get_by_role("menuitem", name="Merge with another record").click()
        desk.get_by_role("combobox", name="The other record").press_sequentially("quimbie")
        desk.get_by_role("option", name="Rosalind Quimbie").click()
        desk.get_by_role("button", name="Compare").click()
        expect(desk.get_by_role("heading", name="Merge two records")).to_be_visible()

    compare()
    # With keys alone: the other family name, then the button.
    desk.get_by_role("radio", name="Quimby").focus()
    desk.keyboard.press("ArrowRight")
    expect(desk.get_by_role("radio", name="Quimbie")).to_be_checked()
    desk.get_by_role("button", name="Merge", exact=True).press("Enter")
    expect(desk.locator("#toasts")).to_contain_text("merged into Rosalind Quimbie")
    expect(desk.locator("#merges")).to_contain_text("Rosalind Quimbie")

    desk.keyboard.press("z")
    expect(desk.get_by_role("heading", name="Rosalind Quimby")).to_be_visible()
    expect(desk.locator("#toasts")).to_contain_text("as before the merge")

    compare()
    desk.get_by_role("button", name="Merge", exact=True).click()
    desk.goto(second)  # its address leads to the one that stays
    expect(desk).to_have_url(first)
    expect(desk.locator("#toasts")).to_contain_text("was merged into this record")
    desk.locator("#merges").get_by_role("link", name="Unmerge").click()
    expect(desk.locator("#modal")).to_contain_text("exactly as it was")
    desk.locator("#modal").get_by_role("button", name="Unmerge").click()
    expect(desk.locator("#toasts")).to_contain_text("is a record of its own again")
    desk.goto(second)
    expect(desk).to_have_url(second)
