"""The whole portal for browser tests: web, worker, beat and local servers, as `make up` starts them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from clinic import embedded
from tests.integration.test_up_command import Portal, started

DESK = ("frontdesk@demo.clinic", "demo-clinic")
PATIENCE_MS = 20_000


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A running portal with the demo clinic, one for all browser tests of the session."""
    directory: Path = tmp_path_factory.mktemp("portal")
    with started(directory) as running:
        running.wait_for("The portal is ready")
        yield running
    embedded.stop(directory)


@pytest.fixture
def base(portal: Portal) -> str:
    """The address of the running portal."""
    return f"http://127.0.0.1:{portal.port}"


@pytest.fixture
def desk(browser: Browser, base: str) -> Iterator[Page]:
    """A receptionist's browser, signed in, on Today."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, timezone_id="America/New_York")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    refused: list[str] = []
    page.on(
        "response", lambda answer: refused.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
    )
    page.goto(f"{base}/")
    page.fill("input[name=login]", DESK[0])
    page.fill("input[type=password]", DESK[1])
    page.click("form:has(input[type=password]) [type=submit]")
    page.wait_for_url(f"{base}/")
    yield page
    context.close()
    assert refused == []
