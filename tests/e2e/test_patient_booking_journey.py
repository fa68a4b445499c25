"""The main job in a real browser: a new patient books on WhatsApp, is reminded, seen and followed up, and the desk sees it live."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.phones import LIVE_MS, PatientPhone
from tests.e2e.steps import press

NAME = "Maya Lindholm"


@pytest.fixture
def phone(desk: Page, base: str) -> PatientPhone:
    page = desk.context.new_page()
    page.goto(f"{base}/simulator/")
    return PatientPhone(page)


def book_on_the_phone(phone: PatientPhone) -> None:
    phone.write("I need to see a doctor")
    phone.expect_answer("full name")
    phone.write(NAME)
    phone.expect_answer("date of birth")
    phone.write("14 March 1985")
    phone.expect_answer("reason for the visit")
    phone.write("sore throat for a week")
    expect(phone.log.locator(".opt .btn")).to_have_count(3, timeout=LIVE_MS)
    cut = "buttons => buttons.filter(b => b.scrollWidth > b.clientWidth || b.scrollHeight > b.clientHeight).length"
    assert phone.log.locator(".opt .btn").evaluate_all(cut) == 0
    phone.write("the second one")
    phone.expect_answer("Shall I book it")
    phone.write("yes")
    expect(phone.log).to_contain_text("Your visit is booked", timeout=LIVE_MS)


def day_of_visit(desk: Page) -> str:
    """Return the date of the patient's next visit (ISO) as the thread's context names it."""
    words = desk.locator("#thread-context .appt b").inner_text()
    day, month = re.search(r"(\d{1,2}) (\w{3})", words).groups()
    today = dt.date.today()  # noqa: DTZ011 - only the year is wanted
    found = dt.datetime.strptime(f"{day} {month} {today.year}", "%d %b %Y").date()  # noqa: DTZ007
    return (found if found >= today - dt.timedelta(days=1) else found.replace(year=today.year + 1)).isoformat()


def test_a_new_patient_books_on_whatsapp_is_reminded_seen_and_followed_up(desk, phone, base):
    desk.goto(f"{base}/inbox/")

    book_on_the_phone(phone)
    row = desk.locator(".th", has_text=NAME)
    expect(row).to_be_visible(timeout=LIVE_MS)  # without a reload
    row.click()
    expect(desk.locator("#log")).to_contain_text("Your visit is booked", timeout=LIVE_MS)
    expect(desk.locator("#log .out").last).to_contain_text(re.compile("Read|Delivered"), timeout=LIVE_MS)
    day = day_of_visit(desk)

    # The ledger on the appointment: confirmed by message, reminders planned.
    desk.locator("#thread-context").get_by_role("button", name="Open").click()
    ledger = desk.locator("#visit .ledger").first
    expect(ledger).to_contain_text("Confirmation", timeout=LIVE_MS)
    expect(ledger).to_contain_text("Reminder")

    # The reminder goes out by itself once it is due; the simulator pulls its time forward.
    due = phone.page.locator("#sim-side .ri", has_text="Reminder").filter(has_text=NAME).first
    due.get_by_role("button", name="Jump").click()
    expect(phone.log).to_contain_text(
        re.compile("a reminder of your visit|look forward to seeing you"), timeout=LIVE_MS
    )
    phone.write("YES")
    expect(desk.locator("#visit")).to_contain_text("confirmed", timeout=LIVE_MS)

    # The desk sees the visit through on the day's board.
    desk.goto(f"{base}/?day={day}")
    visit = desk.locator(".row-a", has_text=NAME)
    for step, state in (("Check in", "Just arrived"), ("Start", "In room"), ("Complete", "Done")):
        press(visit.locator(".go", has_text=step))
        expect(visit).to_contain_text(state, timeout=LIVE_MS)

    # Completing it starts the follow-up: planned, and sent when it is due.
    follow_up = phone.page.locator("#sim-side .ri", has_text="Follow-up").filter(has_text=NAME)
    follow_up.get_by_role("button", name="Jump").click(timeout=LIVE_MS)
    expect(phone.log).to_contain_text("thank you for your visit", timeout=LIVE_MS)


def test_a_person_takes_over_and_the_bot_stays_silent(desk, phone, base):
    phone.write("I want to talk to a human please")
    desk.goto(f"{base}/inbox/?view=nobody")
    row = desk.locator(".th", has_text="Maya").or_(desk.locator(".th", has_text="555-0142")).first
    expect(row).to_be_visible(timeout=LIVE_MS)
    row.click()
    desk.get_by_role("button", name="Take over").click()
    expect(desk.locator("#owner")).to_contain_text("You own this", timeout=LIVE_MS)
    desk.fill("#reply", "This is Beatriz from the front desk. How can I help?")
    desk.get_by_role("button", name="Send", exact=False).click()
    expect(phone.log).to_contain_text("This is Beatriz", timeout=LIVE_MS)
    bubbles = phone.log.locator(".bub.cl")
    before = bubbles.count()
    phone.write("can I come tomorrow?")
    expect(desk.locator("#log")).to_contain_text("can I come tomorrow?", timeout=LIVE_MS)
    desk.fill("#reply", "Yes, I will book you in.")
    desk.get_by_role("button", name="Send", exact=False).click()
    expect(phone.log).to_contain_text("I will book you in", timeout=LIVE_MS)
    assert bubbles.count() == before + 1
