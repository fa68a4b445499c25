"""A form that is refused as a page of its own: Back and Forward go where people expect, and nothing is sent again."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, MANAGER, signed_in

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_back_after_a_refused_booking_leads_to_where_one_came_from(browser, base):
    with signed_in(browser, base, DESK, expects=(422,)) as desk:
        desk.goto(f"{base}/patients/")
        desk.goto(f"{base}/appointments/book/")
        with desk.expect_response(lambda answer: answer.status == 422):
            desk.get_by_role("button", name="Book", exact=True).click()
        expect(desk.locator("#book-patient_text")).to_be_focused()
        expect(desk.locator("#book-form")).to_have_count(1)
        desk.go_back()
        expect(desk).to_have_url(f"{base}/patients/")
        desk.go_forward()
        expect(desk.locator("#book-form")).to_be_visible()


def test_coming_back_to_a_refused_page_shows_the_page(browser, base):
    """Also where the form is sent by the browser itself, without htmx: the entry in the history is no POST any more."""
    with signed_in(browser, base, MANAGER, expects=(422,)) as manager:
        manager.goto(f"{base}/settings/closures/new/")
        with manager.expect_navigation() as arrival:
            manager.locator("#main form [type=submit]").first.click()
        assert arrival.value.status == 422
        manager.goto(f"{base}/patients/")
        assert_comes_back(manager, f"{base}/settings/closures/new/")


def assert_comes_back(page: Page, address: str) -> None:
    page.go_back()
    expect(page).to_have_url(address)
    expect(page.locator("#main form")).to_be_visible()
