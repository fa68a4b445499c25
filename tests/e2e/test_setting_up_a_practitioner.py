"""A manager sets up a practitioner from nothing until the Book dialog offers a time, and changes a plan under booked visits."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

PLACE, ROOM, PERSON, TYPE = "Riverside", "Room 9", "Dr Edith Varga", "Sleep consultation"


def save(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def add_location_and_room(page: Page, base: str) -> None:
    page.goto(f"{base}/settings/locations/")
    page.get_by_role("link", name="New location").click()
    page.fill("[name=name]", PLACE)
    page.fill("[name=city]", "New York")
    page.check("[name=observes_holidays]")
    page.select_option("[name=holiday_subdivision]", label="New York")
    save(page, "Add location")
    page.wait_for_url(re.compile("/settings/rooms/"))
    page.get_by_role("region", name=PLACE).get_by_role("link", name=re.compile("^Add a room")).click()
    page.locator("#modal [name=name]").fill(ROOM)
    save(page, "Add room")
    expect(page.locator("#rooms")).to_contain_text(ROOM)


def add_practitioner(page: Page, base: str) -> None:
    page.goto(f"{base}/settings/practitioners/new/")
    for field, value in (("prefix", "Dr"), ("given_name", "Edith"), ("family_name", "Varga"), ("specialty", "Sleep")):
        page.fill(f"[name={field}]", value)
    page.get_by_text("Violet").click()
    page.get_by_text("Spanish").click()
    save(page, "Add practitioner")
    page.wait_for_url(re.compile("/hours/"))


def set_hours(page: Page) -> None:
    """Enter Monday with a break, by the keyboard where it can be; copy it to the whole week; put a mistake right."""
    monday = page.locator("#day-0")
    monday.get_by_role("button", name=re.compile("^Add")).click()
    expect(monday.locator("[name=start]")).to_be_focused()
    monday.locator("[name=start]").fill("08:00")
    monday.locator("[name=end]").fill("12:00")
    monday.locator("[name=where]").select_option(label=f"{PLACE} · {ROOM}")
    expect(monday).to_contain_text("4 h")  # the day's sum, without saving
    monday.get_by_role("button", name=re.compile("^Add")).click()
    second = monday.locator(".stretch").nth(1)
    expect(second.locator("[name=start]")).to_be_focused()
    second.locator("[name=start]").fill("11:00")
    second.locator("[name=end]").fill("18:00")
    second.locator("[name=end]").press("Tab")
    expect(second).to_contain_text("Monday 08:00 to 12:00 overlaps Monday 11:00 to 18:00.")
    second.locator("[name=start]").fill("13:00")
    second.locator("[name=start]").press("Tab")
    expect(second).not_to_contain_text("overlaps")
    monday.get_by_role("button", name="Copy Monday to other days").click()
    page.get_by_role("menuitem", name="To all days").click()
    expect(page.locator(".stretch")).to_have_count(14)
    page.locator("#day-6").get_by_role("button", name="Remove Sunday 13:00 to 18:00").click()
    expect(page.locator(".stretch")).to_have_count(13)
    save(page, "Save hours")
    expect(page.locator(".toast-u")).to_contain_text("Hours saved")
    expect(page.locator(".week-tools")).to_contain_text("58 h a week")


def add_type(page: Page, base: str) -> None:
    page.goto(f"{base}/settings/types/new/")
    page.fill("[name=name]", TYPE)
    page.fill("[name=duration_minutes]", "40")
    page.get_by_text(PERSON, exact=True).click()
    page.locator("#type-form").get_by_text(PLACE, exact=True).click()
    page.get_by_text("Needs a room to itself").click()
    page.get_by_text(f"{PLACE} · {ROOM}").click()
    save(page, "Add type")
    expect(page.locator("h1")).to_have_text(TYPE)


def test_a_practitioner_is_set_up_from_nothing_and_can_be_booked(manager: Page, base: str) -> None:
    add_location_and_room(manager, base)
    add_practitioner(manager, base)
    set_hours(manager)
    add_type(manager, base)
    manager.goto(f"{base}/settings/")
    expect(manager.locator(".set-in")).not_to_contain_text(PERSON)

    manager.goto(f"{base}/calendar/")
    manager.get_by_role("button", name="New N").click()
    manager.get_by_role("menuitem", name="Appointment").first.click()
    dialog = manager.locator("#modal")
    dialog.locator("[name=appointment_type]").select_option(label=TYPE)
    slot = dialog.locator(".slot").first
    expect(slot).to_contain_text(PERSON)
    expect(slot).to_contain_text(PLACE)


def test_time_off_under_a_booked_visit_is_asked_about_and_the_visit_moved_with_one_click(
    manager: Page, base: str
) -> None:
    manager.goto(f"{base}/settings/practitioners/")
    manager.get_by_role("link", name="Dr Amara Okonkwo").click()
    manager.get_by_role("link", name="Time off").click()
    manager.get_by_role("link", name=re.compile("New time off")).click()
    dialog = manager.locator("#modal")
    day = manager.evaluate("new Date(Date.now() + 4 * 86400000).toISOString().slice(0, 10)")
    dialog.locator("[name=first_day]").fill(day)
    save(manager, "Save")
    question = dialog.locator(".affected")
    expect(question).to_contain_text("would no longer fit")
    expect(question).to_contain_text("Dr Amara Okonkwo is away all day")
    assert manager.locator("#absences .ri .btn").count() == 0  # nothing is saved yet
    question.get_by_role("button", name="Save, then move them").click()

    manager.wait_for_url(re.compile("/appointments/outside/"))
    manager.locator(".fbar .chip", has_text="Dr Okonkwo").click()
    manager.wait_for_url(re.compile("practitioner="))
    row = manager.locator(".out-row").first
    name = row.locator(".nm").first.inner_text()
    number = manager.locator(".out-row").count()
    row.locator(".out-times button").first.click()
    expect(manager.locator(".toast-u")).to_contain_text(f"{name} moved to")
    expect(manager.locator(".out-row")).to_have_count(number - 1)
    manager.keyboard.press("z")
    expect(manager.locator(".toast-u")).to_contain_text("is back at the old time")
    expect(manager.locator(".out-row")).to_have_count(number)
