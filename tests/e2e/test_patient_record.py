"""The front desk fills in a whole record: mistakes are said on the way, lines come and go, nothing is lost."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import DESK, MANAGER, signed_in


def field(page: Page, name: str):
    return page.locator(f"[name='{name}']")


def test_a_record_is_filled_in_on_a_phone_with_mistakes_said_on_the_way(browser: Browser, base: str):
    with signed_in(browser, base, DESK, expects=(422,), viewport={"width": 390, "height": 844}) as page:
        page.goto(f"{base}/patients/new/")
        field(page, "given_name").fill("Ottilie")
        field(page, "family_name").fill("Brackenridge")
        field(page, "phones-0-value").fill("12")
        field(page, "phones-0-value").press("Tab")
        line = page.locator("#row-phones-0")
        expect(line).to_contain_text("“12” has too few digits.")
        expect(field(page, "phones-0-value")).to_have_attribute("aria-invalid", "true")
        field(page, "phones-0-value").fill("(212) 555-0104")  # the error goes away while one still types
        expect(line).not_to_contain_text("too few digits")
        page.get_by_role("button", name="Add a phone").press("Enter")
        expect(field(page, "phones-1-value")).to_be_focused()
        field(page, "phones-1-value").fill("(212) 555-0105")
        page.locator("#row-phones-1").get_by_role("button", name="Move up").click()
        page.get_by_role("button", name="Add a person").click()
        field(page, "related_persons-0-name").fill("Rosa Brackenridge")
        page.get_by_role("button", name="Add an address").click()
        page.get_by_role("button", name="Add an address").click()
        field(page, "addresses-1-city").fill("Yonkers")
        page.locator("#row-addresses-0").get_by_role("button", name="Take this away").click()
        expect(page.locator("#row-addresses-0")).to_have_count(0)
        field(page, "birth_date").fill("31/31/1984")
        page.get_by_role("button", name="Register").click()
        expect(page.locator(".field.is-bad")).to_contain_text("Write the birth date like")
        expect(field(page, "related_persons-0-name")).to_have_value("Rosa Brackenridge")
        field(page, "birth_date").fill("1984")
        page.get_by_role("button", name="Register").click()
        page.wait_for_url(re.compile(r"/patients/[0-9a-f-]{36}/$"))
        expect(page.locator("#p-head")).to_contain_text("born 1984")
        expect(page.locator("#p-head")).to_contain_text("(212) 555-0105")
        page.goto(f"{page.url}edit/")
        expect(page.locator("#rows-phones [data-row-fields]")).to_have_count(2)
        expect(field(page, "addresses-0-city")).to_have_value("Yonkers")


def test_enter_asks_again_about_somebody_who_is_here_already_and_the_button_registers_them(browser: Browser, base: str):
    with signed_in(browser, base, DESK, expects=(422,)) as page:
        for _time in range(2):
            page.goto(f"{base}/patients/")
            page.keyboard.press("c")
            field(page, "given_name").fill("Thaddeus")
            field(page, "family_name").fill("Wigglesworth")
            with page.expect_response("**/similar/"):
                field(page, "birth_date").fill("3/14/1978")
                field(page, "birth_date").press("Tab")
            field(page, "birth_date").press("Enter")
            page.wait_for_load_state("networkidle")
        anyway = page.get_by_role("button", name="Register anyway")
        expect(anyway).to_be_visible()
        expect(page.locator("#similar")).to_be_hidden()  # who fits is named once, and an empty answer leaves no gap
        with page.expect_response(lambda answer: answer.url.endswith("/patients/new/") and answer.status == 422):
            field(page, "birth_date").press("Enter")
        anyway.click()
        page.wait_for_url(re.compile(r"/patients/[0-9a-f-]{36}/$"))


def test_a_long_name_above_a_form_is_read_whole_on_a_phone(browser: Browser, base: str):
    with signed_in(browser, base, DESK, viewport={"width": 390, "height": 844}) as page:
        page.goto(f"{base}/patients/new/")
        field(page, "given_name").fill("Wolfeschlegelstein" * 5)
        page.get_by_role("button", name="Register", exact=True).click()
        page.wait_for_url(re.compile(r"/patients/[0-9a-f-]{36}/$"))
        page.goto(f"{page.url}edit/")
        heading = page.locator("h1")
        expect(heading).to_contain_text("Wolfeschlegelstein")
        assert heading.evaluate("h1 => h1.scrollWidth <= h1.clientWidth && h1.getBoundingClientRect().right <= 390")


@pytest.mark.parametrize("path", ["patient", "/reports/"])
def test_the_frame_stays_where_it_is_however_long_its_page_is(browser: Browser, base: str, path: str):
    """Words for screen readers lie outside what is seen; they must not make the window scroll away from its frame."""
    with signed_in(browser, base, MANAGER, viewport={"width": 390, "height": 844}) as page:
        page.goto(f"{base}/patients/")
        patient = page.locator("#patients tr[id^=p-] a").first.get_attribute("href")
        page.goto(base + (patient if path == "patient" else path))
        assert page.locator("main .sr").count() > 0
        page.locator("main .sr").last.evaluate("words => words.scrollIntoView()")
        assert page.evaluate("[scrollY, document.documentElement.scrollHeight - innerHeight]") == [0, 0]


def test_a_phone_shows_the_tab_that_is_open(browser: Browser, base: str):
    with signed_in(browser, base, DESK, viewport={"width": 390, "height": 844}) as page:
        page.goto(f"{base}/patients/")
        page.goto(base + page.locator("#patients tr[id^=p-] a").first.get_attribute("href"))
        tab = page.locator("#tab-consents")
        expect(tab).not_to_be_in_viewport()
        page.goto(base + tab.get_attribute("href"))
        expect(tab).to_have_attribute("aria-current", "page")
        expect(tab).to_be_in_viewport(ratio=0.9)


def test_a_session_that_ends_in_the_middle_of_a_form_loses_nothing_and_registers_once(browser: Browser, base: str):
    with signed_in(browser, base, DESK, expects=(401,)) as page:
        page.goto(f"{base}/patients/new/")
        field(page, "given_name").fill("Zelda")
        field(page, "family_name").fill("Quillfeather")
        said = page.locator(".toast-u")
        with page.expect_response(lambda answer: "/accounts/login/" in answer.url and "/live/" in answer.url):
            page.context.clear_cookies(name="sessionid")
            page.get_by_role("button", name="Register", exact=True).click()
            expect(said).to_contain_text("You were signed out. Sign in in another tab")
            # The page asks for news, now or a moment ago, and is sent to sign in.
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(field(page, "given_name")).to_have_value("Zelda")
        with page.context.expect_page() as opened:
            said.get_by_role("link", name="Sign in").click()
        other = opened.value
        other.locator("[name=login]").fill(DESK[0])
        other.locator("[name=password]").fill(DESK[1])
        other.locator("[name=password]").press("Enter")
        other.wait_for_url(lambda url: "login" not in url)
        other.close()
        page.get_by_role("button", name="Register", exact=True).dblclick()
        page.wait_for_url(re.compile(r"/patients/[0-9a-f-]{36}/$"))
        page.goto(f"{base}/patients/")
        page.locator("#patients-q").fill("Quillfeather")
        expect(page.locator("#patients a", has_text="Quillfeather")).to_have_count(1)
