"""Open pages show what was done within seconds, without a reload, while messages come in and whatever the timing.

LIVE_STEPS scales the clicks on the board; LIVE_SEED repeats a run.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import re
import time

import pytest
from playwright.sync_api import Locator, Page, Response, Route, expect
from playwright.sync_api import TimeoutError as Nothing

from tests.e2e.phones import PatientPhone
from tests.e2e.steps import press

STEPS = int(os.environ.get("LIVE_STEPS", "10"))
SEED = int(os.environ.get("LIVE_SEED", "1"))
# Two seconds until the page asks what happened, and what a loaded machine with two processors needs to answer.
SECONDS_MS = 6_000
AT_ONCE_MS = 2_500
# How long htmx's own throttle hears nothing after an event (`PLAIN`).
PAUSE_S = 4
PAUSES_MS = (0, 0, 50, 200, 600, 1200, 2100)
ROWS = "#today-rows > .row-a"
CHECK_IN = ".go[hx-post*=arrive]"
CHANGED = "([id, step]) => document.querySelector(`#${id} .go`)?.getAttribute('hx-post') !== step"
MESSAGE = "document.body.dispatchEvent(new CustomEvent('live:communications', {bubbles: true}))"
FOLLOWING = re.compile(r'data-follow="appointments communications:4" data-follow-url="([^"]*)" data-every="30"')
PLAIN = (
    r'hx-get="\1" hx-trigger="live:appointments from:body, live:communications from:body throttle:4s, every 30s"'
    ' hx-swap="morph:outerHTML" hx-disinherit="hx-swap" data-quiet'
)


@pytest.fixture
def phone(desk: Page, base: str) -> PatientPhone:
    """A phone that wrote before."""
    page = desk.context.new_page()
    page.goto(f"{base}/simulator/")
    return PatientPhone(page, unit=1)


@pytest.fixture
def day(desk: Page, base: str) -> str:
    """The address of a day to come with visits to check in, open at the desk; today's depend on the hour."""
    found = ""
    for ahead in range(1, 8):
        found = f"{base}/?day={dt.date.today() + dt.timedelta(days=ahead):%Y-%m-%d}"  # noqa: DTZ011
        desk.goto(found)
        if desk.locator(ROWS, has=desk.locator(CHECK_IN)).count() >= 10:
            break
    return found


def is_step(response: Response) -> bool:
    return "/step/" in response.url


def take_step(desk: Page, row: str) -> list[str]:
    """Press the row's button; return the row and the step, once the server has done it."""
    button = desk.locator(f"#{row} .go")
    step = button.get_attribute("hx-post")
    with desk.expect_response(is_step) as answer:
        press(button)
    assert answer.value.status == 204
    return [row, step]


def test_every_step_shows_on_the_board_within_seconds(desk, phone, day):
    chance = random.Random(SEED)
    late = []
    for number in range(STEPS):
        if chance.random() < 0.5:
            phone.send(f"message {number}")
        desk.wait_for_timeout(chance.choice(PAUSES_MS))
        rows = desk.locator(ROWS, has=desk.locator(".go"))
        row = rows.nth(chance.randrange(rows.count())).get_attribute("id")
        done = take_step(desk, row)
        if "/undo/" not in done[1] and chance.random() < 0.3:
            shown = desk.locator(f"#{row} .stat").inner_text
            desk.wait_for_function(CHANGED, arg=done, timeout=SECONDS_MS)
            before, done = shown(), [row, desk.locator(f"#{row} .go").get_attribute("hx-post")]
            with desk.expect_response(is_step) as undone:
                desk.keyboard.press("z")
            assert (undone.value.status, bool(before)) == (204, True)
        try:
            desk.wait_for_function(CHANGED, arg=done, timeout=SECONDS_MS)
        except Nothing:
            late.append(done)
    assert late == []


def first_to_check_in(desk: Page) -> str:
    return desk.locator(ROWS, has=desk.locator(CHECK_IN)).first.get_attribute("id")


def test_a_step_right_after_a_message_shows_at_once(desk, day):
    desk.evaluate(MESSAGE)
    done = take_step(desk, first_to_check_in(desk))
    desk.wait_for_function(CHANGED, arg=done, timeout=AT_ONCE_MS)


def test_on_htmx_s_own_triggers_it_keeps_the_old_row(desk, day):
    """The control: for four seconds after a message htmx hears nothing else, either.

    Not after the page's first one: at its first swap htmx attaches the element once more, and forgets the pause.
    """

    def rewire(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=FOLLOWING.sub(PLAIN, answer.text()))

    desk.route(lambda url: url == day, rewire)
    for _trial in range(5):
        desk.reload()
        for _message in ("first", "second"):
            with desk.expect_response(day):
                desk.evaluate(MESSAGE)
        heard = time.monotonic()
        done = take_step(desk, first_to_check_in(desk))
        # On a machine that is busy the pause may be over too soon to say anything.
        if time.monotonic() - heard < PAUSE_S - AT_ONCE_MS / 1000:
            break
    else:
        pytest.fail("No step was taken right after a message.")
    with pytest.raises(Nothing):
        desk.wait_for_function(CHANGED, arg=done, timeout=AT_ONCE_MS)


def test_a_visit_s_steps_show_in_the_calendar_and_on_the_patient_s_timeline(desk, base, day):
    row = desk.locator(ROWS, has=desk.locator(CHECK_IN)).last
    name, visit = row.get_attribute("id"), row.get_attribute("id").removeprefix("row-")
    record = desk.context.new_page()
    record.goto(base + row.locator("a.nm").get_attribute("href"))
    calendar = desk.context.new_page()
    calendar.goto(day.replace("/?", "/calendar/?"))
    entries = record.locator("#tl-days .te")
    block = calendar.locator(f"#ev-{visit}")
    for _step in ("check in", "start", "complete", "reopen", "complete"):
        known, title = entries.first.get_attribute("id"), block.get_attribute("title")
        done = take_step(desk, name)
        desk.wait_for_function(CHANGED, arg=done, timeout=SECONDS_MS)
        expect(block).not_to_have_attribute("title", title, timeout=SECONDS_MS)
        expect(entries.first).not_to_have_attribute("id", known, timeout=SECONDS_MS)


LOST = "if (!event.buttons) return cancel();"
ELSEWHERE = "document.dispatchEvent(new PointerEvent('pointermove', {buttons: 0, bubbles: true}))"


def drag_without_an_end(desk: Page, day: str) -> Page:
    """Open the calendar beside the board, drag a visit and let go where the page does not see it."""
    calendar = desk.context.new_page()
    calendar.set_viewport_size({"width": 1440, "height": 1600})
    calendar.goto(day.replace("/?", "/calendar/?"))
    box = calendar.locator("[data-move]").last.bounding_box()
    calendar.mouse.move(box["x"] + 20, box["y"] + 5)
    calendar.mouse.down()
    calendar.mouse.move(box["x"] + 20, box["y"] + 25, steps=4)
    expect(calendar.locator(".is-dragged")).to_have_count(1)
    calendar.evaluate(ELSEWHERE)
    return calendar


def step_and_its_title(desk: Page, calendar: Page) -> tuple[Locator, str]:
    row = first_to_check_in(desk)
    block = calendar.locator(f"#ev-{row.removeprefix('row-')}")
    title = block.get_attribute("title")
    take_step(desk, row)
    return block, title


def test_a_drag_whose_end_the_page_did_not_see_does_not_stop_the_calendar(desk, day):
    calendar = drag_without_an_end(desk, day)
    block, title = step_and_its_title(desk, calendar)
    expect(block).not_to_have_attribute("title", title, timeout=SECONDS_MS)


def test_a_drag_that_never_ends_stops_it(desk, day):
    """The control; and while somebody drags, it is as it should be."""

    def without_the_end(route: Route) -> None:
        answer = route.fetch()
        assert LOST in answer.text()
        route.fulfill(response=answer, body=answer.text().replace(LOST, ""))

    desk.context.route(re.compile(r"/js/calendar-drag[^/]*\.js"), without_the_end)
    calendar = drag_without_an_end(desk, day)
    block, title = step_and_its_title(desk, calendar)
    with pytest.raises(AssertionError):
        expect(block).not_to_have_attribute("title", title, timeout=AT_ONCE_MS)


def test_messages_and_their_owner_show_in_the_inbox(desk, phone, base):
    chance = random.Random(SEED)
    number = phone.unit.locator("header .l2 bdi").inner_text()
    phone.write("good morning, a question")
    desk.goto(f"{base}/inbox/")
    desk.locator(".th", has_text=number).first.click()
    expect(desk.locator("#log")).to_contain_text("good morning, a question", timeout=SECONDS_MS)
    for number in range(4):
        owned = desk.locator("#owner").inner_text()
        with desk.expect_response(lambda answer: answer.request.method == "POST" and "/read" not in answer.url):
            desk.locator("#owner button").first.click()
        expect(desk.locator("#owner")).not_to_have_text(owned, timeout=SECONDS_MS)
        desk.wait_for_timeout(chance.choice(PAUSES_MS))
        phone.send(f"and number {number}")
        expect(desk.locator("#log")).to_contain_text(f"and number {number}", timeout=SECONDS_MS)
