"""A cancellation fills itself from the waitlist, in a real browser: the desk cancels, a phone gets the offer and answers YES."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

LIVE_MS = 40_000
WHO = "Jonas Brandt"
WITH = "Hannah Lindqvist"
DAYS_AHEAD = 4


@pytest.fixture
def day() -> str:
    """A date on which the demo clinic has visits, far enough ahead for any hour of the night."""
    today = dt.datetime.now(ZoneInfo("America/New_York")).date()
    return (today + dt.timedelta(days=DAYS_AHEAD)).isoformat()


@pytest.fixture
def phone(desk: Page, base: str) -> Page:
    """The simulator with the waiting patient's own phone on it."""
    page = desk.context.new_page()
    page.goto(f"{base}/simulator/")
    page.get_by_role("link", name="Add a phone").click()
    choose_patient(page, "#sim-patient_text")
    page.locator("#modal").get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".sim .unit").first).to_contain_text(WHO)
    return page


def choose_patient(page: Page, field: str) -> None:
    page.locator(field).fill(WHO)
    page.locator("[role=option]", has_text=WHO).first.click()


def put_on_waitlist(desk: Page, base: str) -> None:
    desk.goto(f"{base}/waitlist/")
    desk.get_by_role("link", name="Add patient").click()
    choose_patient(desk, "#wl-patient_text")
    desk.select_option("#id_appointment_type", label="Physiotherapy")
    desk.select_option("#id_practitioner", label=WITH)
    desk.get_by_label("Urgent").check()
    desk.get_by_role("button", name="Put on the waitlist").click()
    expect(desk.locator("#toasts")).to_contain_text(f"{WHO} is on the waitlist")
    expect(desk.locator("#waitlist tr", has_text=WHO)).to_contain_text("Urgent")


def visits_with(desk: Page, base: str, day: str) -> Locator:
    desk.goto(f"{base}/calendar/?day={day}")
    return desk.locator(f".pcol[aria-label^='{WITH}'] .ev[data-move]").filter(has_not_text=WHO)


def cancel(desk: Page, visit: Locator) -> str:
    """Cancel a visit of the calendar in its dialog; return its time."""
    time = visit.locator("time").inner_text()
    visit.click()
    dialog = desk.locator("#modal")
    dialog.get_by_role("button", name="Cancel", exact=True).click()
    dialog.get_by_label("Patient asked").check()
    dialog.get_by_role("button", name="Cancel the appointment").click()
    expect(desk.locator("#toasts")).to_contain_text("cancelled")
    return time


def test_a_cancellation_fills_itself_from_the_waitlist(desk: Page, phone: Page, base: str, day: str) -> None:
    put_on_waitlist(desk, base)
    time = cancel(desk, visits_with(desk, base, day).first)

    # The offer is held and planned; the simulator pulls its time forward (seconds, or a night of quiet hours).
    desk.goto(f"{base}/waitlist/")
    row = desk.locator("#waitlist tr", has_text=WHO)
    expect(row).to_contain_text(re.compile(r"Asked at|left"), timeout=LIVE_MS)
    expect(row).to_contain_text(time)
    desk.goto(f"{base}/")
    expect(desk.locator("#today-waitlist")).to_contain_text("Waitlist offer", timeout=LIVE_MS)
    # It shows the offers that end first, and says how many there are besides.
    expect(desk.locator("#today-waitlist")).to_contain_text(re.compile(rf"{WHO}|\d more offer"))
    screen = phone.locator(".sim .unit").first
    if not screen.get_by_text("time got free").count():
        due = phone.locator("#sim-side .ri", has_text="Notice").filter(has_text=WHO)
        due.get_by_role("button", name="Jump").click(timeout=LIVE_MS)
    expect(screen).to_contain_text("a time got free", timeout=LIVE_MS)
    in_words = f"{dt.datetime.strptime(time, '%H:%M'):%I:%M %p}".removeprefix("0")  # noqa: DTZ007 - a time of day
    expect(screen).to_contain_text(f"at {in_words} with {WITH}")

    # The patient answers on their phone.
    screen.locator("input[name=body]").fill("YES")
    screen.locator("form button[type=submit]").first.click()
    expect(screen).to_contain_text("Your visit is booked", timeout=LIVE_MS)

    # The calendar has the new visit at the old one's time, the list has one less who waits.
    desk.goto(f"{base}/calendar/?day={day}")
    booked = desk.locator(f".pcol[aria-label^='{WITH}'] .ev", has_text=WHO)
    expect(booked).to_contain_text(time, timeout=LIVE_MS)
    booked.click()
    expect(desk.locator("#visit")).to_contain_text("Waitlist")
    expect(desk.locator("#visit .ledger").first).to_contain_text("Reminder", timeout=LIVE_MS)
    desk.goto(f"{base}/waitlist/?state=past")
    expect(desk.locator("#waitlist tr", has_text=WHO)).to_contain_text("Booked")
