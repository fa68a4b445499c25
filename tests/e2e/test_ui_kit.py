"""The front-end kit in a browser, under the real content security policy: keys, dialogs, toasts, live regions, themes."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

PHONE = {"width": 390, "height": 844}


def axe_findings(page: Page) -> list[str]:
    return [f"{found['id']}: {found['nodes'][0]['target']}" for found in Axe().run(page).response["violations"]]


def open_booking(page: Page) -> None:
    page.keyboard.press("c")
    expect(page.locator("#modal")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, PHONE], ids=["desktop", "phone"])
def test_the_kit_is_accessible_and_never_scrolls_sideways(kit, scheme, size):
    # Without transitions: halfway between two schemes no contrast is what it will be.
    kit.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    kit.set_viewport_size(size)
    kit.wait_for_load_state("load")
    assert axe_findings(kit) == []
    assert kit.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_policy_refuses_inline_script(kit, complaints):
    """The control: without it, no complaint would prove nothing."""
    kit.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))"
    )
    assert kit.evaluate("window.ran") is None
    assert any("Content Security Policy" in text for text in complaints)
    complaints.clear()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0:00"), (400, "6:40"), (3599, "59:59"), (3600, "1 h 00"), (23758, "6 h 36"), (200_000, "2 d")],
)
def test_a_countdown_counts_seconds_only_within_the_last_hour(kit, seconds, words):
    module = "seconds => import('/static/js/relative-time.js').then(module => module.countdown(seconds))"
    assert kit.evaluate(module, seconds) == words


def test_the_palette_opens_by_key_finds_and_opens_an_action(kit):
    kit.keyboard.press("Control+k")
    kit.keyboard.type("tom")
    options = kit.locator("#palette-list [role=option]")
    expect(options).to_have_count(2)
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert axe_findings(kit) == []
    kit.keyboard.press("ArrowDown")
    kit.keyboard.press("Enter")
    expect(kit.locator("#modal h2")).to_have_text("Book an appointment")
    expect(kit.locator("#palette")).not_to_be_visible()


def test_enter_in_the_palette_waits_for_the_answer_to_what_was_typed(kit):
    kit.keyboard.press("Control+k")
    expect(kit.locator("#palette-list [role=option]")).not_to_have_count(0)
    with kit.expect_navigation():
        kit.keyboard.type("tom")
        kit.keyboard.press("Enter")
    expect(kit.locator("#palette")).not_to_be_visible()


def test_a_form_in_the_dialog_shows_its_errors_in_place_then_closes_with_a_toast_that_z_undoes(kit, complaints):
    open_booking(kit)
    kit.locator("#modal [type=submit]").click()
    expect(kit.locator("#modal .field.is-bad .err")).to_be_visible()
    expect(kit.locator("#modal [name=name]")).to_be_focused()
    assert axe_findings(kit) == []
    kit.locator("#modal [name=name]").fill("Maria")
    kit.locator("#modal [type=submit]").click()
    expect(kit.locator("#modal")).not_to_be_visible()
    expect(kit.locator(".toast-u .text")).to_have_text("Booked <b>10:20</b>")
    kit.keyboard.press("z")
    expect(kit.locator(".toast-u .text")).to_have_text("Booking undone")
    complaints[:] = [text for text in complaints if "422" not in text]


def test_z_takes_back_one_action_after_the_other_and_says_when_there_is_none(kit):
    asked: list[str] = []
    kit.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    for _booking in range(2):
        open_booking(kit)
        kit.locator("#modal [name=name]").fill("Maria")
        kit.locator("#modal [type=submit]").click()
        expect(kit.locator(".toast-u .text")).to_have_text("Booked <b>10:20</b>")
        expect(kit.locator("#modal")).not_to_be_visible()
    for number in (1, 2):
        with kit.expect_response("**/undo/"):
            kit.keyboard.press("z")
        expect(kit.locator(".toast-u .text")).to_have_text("Booking undone")
        assert sum(url.endswith("/undo/") for url in asked) == number
    kit.keyboard.press("z")
    expect(kit.locator(".toast-u .text")).to_contain_text("Nothing was done here")
    assert sum(url.endswith("/undo/") for url in asked) == 2


def test_typed_text_is_asked_about_before_a_dialog_closes(kit):
    open_booking(kit)
    kit.locator("#modal [name=note]").fill("call her son first")
    kit.keyboard.press("Escape")
    kit.get_by_role("button", name="Keep editing").click()
    expect(kit.locator("#modal [name=note]")).to_have_value("call her son first")
    kit.keyboard.press("Escape")
    kit.get_by_role("button", name="Discard it").click()
    expect(kit.locator("#modal")).not_to_be_visible()


def test_a_question_asked_right_after_an_answer_gets_its_own(kit):
    """A dialog says that it closed a task later: the next question, asked meanwhile, must not take that for its answer."""
    answers = kit.evaluate(
        """async () => {
          const { ask } = await import('/static/js/confirm.js');
          const [no, yes] = document.querySelectorAll('#confirm button');
          const closed = new Promise((resolve) => document.getElementById('confirm').addEventListener('close', resolve, { once: true }));
          const first = ask('The first?');
          no.click();
          const second = ask('The second?');
          await closed;
          yes.click();
          return [await first, await second];
        }"""
    )
    assert answers == [False, True]
    expect(kit.locator("#confirm")).not_to_be_visible()


def test_a_typeahead_is_used_with_keys_alone(kit):
    open_booking(kit)
    kit.locator("#patient_text").press_sequentially("ezra")
    expect(kit.locator("#patient_list [role=option]")).to_have_text("Ezra <Cohen>")
    kit.keyboard.press("Enter")
    expect(kit.locator("#patient")).to_have_value("2")
    expect(kit.locator("#patient_text")).to_have_value("Ezra <Cohen>")
    kit.locator("#patient_text").press_sequentially("x")
    expect(kit.locator("#patient")).to_have_value("")


def test_a_menu_opens_is_walked_and_gives_the_focus_back(kit):
    kit.get_by_role("button", name="your menu").click()
    expect(kit.get_by_role("menuitem").first).to_be_focused()
    kit.keyboard.press("End")
    expect(kit.get_by_role("menuitem", name="Sign out")).to_be_focused()
    assert axe_findings(kit) == []
    kit.keyboard.press("Escape")
    expect(kit.get_by_role("button", name="your menu")).to_be_focused()


def test_the_theme_is_kept_by_the_server(kit):
    kit.get_by_role("button", name="your menu").click()
    kit.get_by_role("menuitemradio", name="Dark").click()
    kit.reload()
    expect(kit.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_rows_are_walked_by_key_and_single_keys_can_be_turned_off(kit):
    kit.keyboard.press("k")
    expect(kit.locator("#sg-r2")).to_have_class("row-a row is-key")
    kit.keyboard.press("?")
    expect(kit.locator("#cheatsheet")).to_contain_text("Next and previous row")
    kit.get_by_role("switch", name="Single keys work on this computer").uncheck()
    kit.keyboard.press("Escape")
    expect(kit.locator("#cheatsheet")).not_to_be_visible()
    kit.keyboard.press("j")
    expect(kit.locator("#sg-r2")).to_have_class("row-a row is-key")


def test_a_live_refresh_keeps_what_is_being_typed(kit):
    kit.evaluate("htmx.ajax('GET', '/drafts/', {target: '#main', swap: 'afterbegin'})")
    kit.locator("#reply").fill("Dear Noor, ")
    kit.evaluate("document.querySelector('#reply').setSelectionRange(4, 4)")
    before = kit.locator("#count").inner_text()
    expect(kit.locator("#count")).not_to_have_text(before, timeout=15_000)
    expect(kit.locator("#reply")).to_have_value("Dear Noor, ")
    expect(kit.locator("#reply")).to_be_focused()
    assert kit.evaluate("document.querySelector('#reply').selectionStart") == 4
    expect(kit.locator("#nav-inbox")).to_contain_text("7")


def test_a_log_stays_at_its_newest_line_when_a_picture_in_it_arrives(kit):
    picture = "<svg xmlns='http://www.w3.org/2000/svg' width='200' height='400'/>"
    kit.route("**/late.svg", lambda route: route.fulfill(content_type="image/svg+xml", body=picture))
    from_end = kit.evaluate("""async () => {
        const log = document.createElement("div");
        log.dataset.stick = "";
        Object.assign(log.style, { height: "200px", overflow: "auto" });
        document.querySelector("#main").append(log);
        log.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true }));
        const image = Object.assign(document.createElement("img"), { src: "/late.svg", alt: "Knee" });
        log.append(image, "The newest line");
        await new Promise((done) => { image.onload = done; });
        return [log.scrollHeight > log.clientHeight + 100, log.scrollHeight - log.scrollTop - log.clientHeight < 2];
    }""")
    assert from_end == [True, True]


def test_a_failed_request_says_so_and_keeps_the_page(kit, complaints):
    kit.evaluate("void htmx.ajax('POST', '/refuse/', {source: '#main', swap: 'innerHTML'})")
    expect(kit.locator(".toast-u[data-tone=bad] .text")).to_have_text("You may not do that.")
    expect(kit.get_by_role("heading", name="Style guide")).to_be_visible()
    complaints[:] = [text for text in complaints if "403" not in text]


def test_a_region_that_refreshes_itself_fails_silently_and_a_button_inside_it_says_so(kit, complaints):
    kit.evaluate("htmx.ajax('GET', '/quiet/', {target: '#main', swap: 'innerHTML'})")
    expect(kit.get_by_role("button", name="Check in")).to_be_visible()
    with kit.expect_response("**/refuse/"):
        kit.evaluate("htmx.trigger('#quiet', 'poke')")
    expect(kit.locator(".toast-u")).to_have_count(0)
    kit.get_by_role("button", name="Check in").click()
    expect(kit.locator("#toasts")).to_contain_text("You may not do that.")
    complaints[:] = [text for text in complaints if "403" not in text]


def test_a_lost_connection_is_said_and_found_again(kit, complaints):
    expect(kit.locator("[data-live-text]")).to_contain_text("Live · updated")
    kit.context.set_offline(True)
    expect(kit.locator("[data-live-announce]")).to_have_text("Offline: what you see may be old")
    kit.context.set_offline(False)
    expect(kit.locator("[data-live-announce]")).to_have_text("", timeout=15_000)
    complaints[:] = [text for text in complaints if "ERR_INTERNET_DISCONNECTED" not in text]


def test_the_navigation_opens_as_a_drawer_on_a_phone(kit):
    kit.set_viewport_size(PHONE)
    expect(kit.locator("#nav-inbox")).not_to_be_visible()
    kit.get_by_role("button", name="More").last.click()
    expect(kit.locator("#nav-inbox")).to_be_visible()
    kit.keyboard.press("Escape")
    expect(kit.locator("#nav-inbox")).not_to_be_visible()


def test_paper_is_white_in_the_dark_theme_and_without_navigation(kit):
    kit.emulate_media(media="print", color_scheme="dark")
    assert kit.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert kit.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ink').trim()") == "#14201f"
    expect(kit.locator("#nav")).not_to_be_visible()
