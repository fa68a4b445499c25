"""The calendar under somebody's hands: drag into a conflict and out of it, resize, draw, with keys, with a finger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import MANAGER, signed_in

DAYS_AHEAD = 6
MINUTE = 80 / 60  # pixels of the page's hour
WITH = "Hannah Lindqvist"


@pytest.fixture
def day() -> str:
    """A date on which the demo clinic has visits, far enough ahead for any hour of the night."""
    today = dt.datetime.now(ZoneInfo("America/New_York")).date()
    return (today + dt.timedelta(days=DAYS_AHEAD)).isoformat()


@pytest.fixture
def calendar(browser: Browser, base: str, day: str) -> Iterator[Page]:
    """A manager's calendar, high enough for the whole day."""
    with signed_in(browser, base, MANAGER, expects=(409,), viewport={"width": 1440, "height": 1400}) as page:
        page.goto(f"{base}/calendar/?day={day}")
        yield page


def visits(page: Page) -> list[tuple[str, int, int]]:
    """Return the name, the first minute and the end of each visit of the one practitioner, in order of time."""
    return page.locator(f".pcol[aria-label^='{WITH}'] .ev[data-move]").evaluate_all(
        "blocks => blocks.map(b => [b.id, Number(b.style.getPropertyValue('--s')), Number(b.dataset.minutes)])"
        ".map(([id, s, d]) => [id, s, s + d]).sort((a, b) => a[1] - b[1])"
    )


def drag(block: Locator, minutes: int, *, edge: bool = False) -> None:
    """Drag a visit, or its lower edge, by so many minutes."""
    page, box = block.page, block.bounding_box()
    x, y = box["x"] + 40, box["y"] + (box["height"] - 3 if edge else 6)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + minutes * MINUTE, steps=12)
    page.mouse.up()


def time_of(block: Locator) -> str:
    return block.locator("time").inner_text()


def test_a_visit_is_dragged_into_a_conflict_and_out_of_it(calendar: Page) -> None:
    (first, start, _end), (_second, taken, _) = visits(calendar)[:2]
    block = calendar.locator(f"#{first}")
    before = time_of(block)

    drag(block, taken - start)
    why = calendar.locator("[data-why]")
    expect(why).to_contain_text("has another appointment")
    expect(calendar.locator(".ev.refused")).to_have_count(1)
    expect(why.locator("[data-slot]")).to_have_count(3)
    expect(block.locator("time")).to_have_text(before)

    slot = why.locator("[data-slot]").first
    free = slot.locator("b").inner_text()
    slot.click()
    expect(calendar.locator("#toasts")).to_contain_text("moved to")
    expect(block.locator("time")).to_have_text(free)
    expect(why).to_have_count(0)


def confirmations(block: Locator) -> int:
    """Open a visit, count the confirmations of its ledger, close it again."""
    block.click()
    visit = block.page.locator("#modal")
    expect(visit.locator(".ledger").first).to_be_visible()
    found = visit.get_by_text("Confirmation", exact=True).count()
    block.page.keyboard.press("Escape")
    expect(visit).not_to_be_visible()
    return found


def test_a_drop_asks_whether_to_tell_and_no_is_no(calendar: Page) -> None:
    last, _start, _end = visits(calendar)[-1]
    block = calendar.locator(f"#{last}")
    told, before = confirmations(block), time_of(block)
    drag(block, 5)
    ask = calendar.locator("[data-why]")
    expect(ask).to_contain_text("Tell the patient about the new time")
    calendar.keyboard.press("Escape")
    expect(ask).to_have_count(0)
    expect(block.locator("time")).to_have_text(before)
    expect(block).to_be_focused()

    drag(block, 60)
    ask.get_by_label("Tell the patient").uncheck()
    ask.get_by_role("button", name="Move").click()
    expect(calendar.locator("#toasts")).to_contain_text("moved to")
    expect(block.locator("time")).not_to_have_text(before)
    block.click()
    expect(calendar.locator("#modal")).to_contain_text("Appointment moved to")
    expect(calendar.locator("#modal")).to_contain_text("The appointment was moved.")  # the old reminders
    calendar.keyboard.press("Escape")
    assert confirmations(block) == told


def test_the_lower_edge_makes_it_longer(calendar: Page) -> None:
    last, _start, _end = visits(calendar)[-1]
    block = calendar.locator(f"#{last}")
    minutes = int(block.get_attribute("data-minutes"))
    drag(block, 10, edge=True)
    expect(calendar.locator("[data-why] h2")).to_contain_text(f"{minutes + 10} minutes")
    calendar.keyboard.press("Enter")
    expect(block).to_have_attribute("data-minutes", str(minutes + 10))


def test_empty_time_is_drawn_on_to_book_it(calendar: Page) -> None:
    _id, _start, end = visits(calendar)[-1]
    column = calendar.locator(f".pcol[aria-label^='{WITH}']")
    box = column.bounding_box()
    x, y = box["x"] + 60, box["y"] + (end + 15) * MINUTE
    calendar.mouse.move(x, y)
    calendar.mouse.down()
    calendar.mouse.move(x, y + 30 * MINUTE, steps=6)
    expect(calendar.locator(".ev.is-new")).to_contain_text("New")
    calendar.mouse.up()
    dialog = calendar.locator("#modal")
    expect(dialog.get_by_label("With")).to_have_value(column.get_attribute("data-practitioner"))
    expect(dialog.locator("#id_own_time")).not_to_have_value("")
    expect(dialog.locator("#slot-own")).to_be_checked()


def test_arrows_walk_and_with_shift_they_move(calendar: Page) -> None:
    found = visits(calendar)
    first, second = (calendar.locator(f"#{found[n][0]}") for n in (0, 1))
    first.focus()
    calendar.keyboard.press("ArrowDown")
    expect(second).to_be_focused()
    calendar.keyboard.press("ArrowLeft")
    neighbour = calendar.locator(f".pcol:not([aria-label^='{WITH}']) .ev:focus")
    expect(neighbour).to_have_count(1)

    last = calendar.locator(f"#{found[-1][0]}")
    last.focus()
    before = time_of(last)
    calendar.keyboard.press("Shift+ArrowDown")
    expect(calendar.locator(".is-dragged time")).not_to_have_text(before)
    expect(calendar.locator("[data-said]")).to_contain_text(WITH)
    calendar.keyboard.press("Escape")
    expect(calendar.locator(".is-dragged")).to_have_count(0)
    expect(last.locator("time")).to_have_text(before)


def test_a_finger_presses_waits_and_drags_and_the_refusal_is_a_sheet(browser: Browser, base: str, day: str) -> None:
    tablet = {"viewport": {"width": 1024, "height": 1366}, "has_touch": True}
    with signed_in(browser, base, MANAGER, expects=(409,), **tablet) as page:
        page.goto(f"{base}/calendar/?day={day}")
        (first, start, _end), (_second, taken, _) = visits(page)[:2]
        box = page.locator(f"#{first}").bounding_box()
        x, y = box["x"] + 40, box["y"] + 6
        touch = page.context.new_cdp_session(page)

        def finger(kind: str, at: float) -> None:
            points = [] if kind == "touchEnd" else [{"x": x, "y": at}]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        finger("touchStart", y)
        expect(page.locator(".is-dragged")).to_have_count(1)
        for step in range(1, 9):
            finger("touchMove", y + (taken - start) * MINUTE * step / 8)
        finger("touchEnd", 0)
        why = page.locator("[data-why]")
        expect(why).to_contain_text("has another appointment")
        sheet = why.bounding_box()
        assert (sheet["x"], sheet["width"]) == (0, 1024)
        assert sheet["y"] + sheet["height"] == pytest.approx(1366, abs=1)


def test_a_phone_shows_one_practitioner_at_a_time(browser: Browser, base: str, day: str) -> None:
    with signed_in(browser, base, MANAGER, viewport={"width": 390, "height": 844}) as page:
        page.goto(f"{base}/calendar/?day={day}")
        widths = page.locator(".pcol").evaluate_all("columns => columns.map(c => c.getBoundingClientRect().width)")
        assert len(widths) > 1
        assert {round(width) for width in widths} == {390 - 48}
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.get_by_role("link", name="Agenda").click()
        expect(page.locator(".agenda li").first).to_be_visible()


def test_a_phone_s_header_takes_two_lines_and_has_every_function(browser: Browser, base: str, day: str) -> None:
    with signed_in(browser, base, MANAGER, viewport={"width": 390, "height": 844}) as page:
        page.goto(f"{base}/calendar/?day={day}&view=week")
        head = page.locator("#calendar > .head")
        box = head.bounding_box()
        assert box["y"] + box["height"] <= 150
        for name in ("Previous week", "Today", "Next week", "Day", "Rooms", "Week", "Agenda", "Book"):
            role = head.get_by_role("link", name=name, exact=True)
            spot = role.bounding_box()
            assert spot["x"] >= 0, name
            assert spot["x"] + spot["width"] <= 390, name
            assert spot["height"] >= 36, name
        head.locator("[popovertarget=cal-practitioner]").click()
        page.get_by_role("menuitemradio", name=WITH).click()
        expect(head.locator("h1")).to_contain_text("Lindqvist")
