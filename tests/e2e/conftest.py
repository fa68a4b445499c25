"""For browser tests: the whole portal, as `make up` starts it, on a copy of the demo clinic; and the kit's pages."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.servers.basehttp import ThreadedWSGIServer
from django.core.wsgi import get_wsgi_application
from django.test import override_settings
from django.test.testcases import QuietWSGIRequestHandler
from playwright.sync_api import Browser, Page, Response
from pytest_django.plugin import DjangoDbBlocker

from tests import database, environment
from tests.integration.test_up_command import Portal, started

DESK = ("frontdesk@demo.clinic", "demo-clinic")
MANAGER = ("manager@demo.clinic", "demo-clinic")
PATIENCE_MS = 20_000


@pytest.fixture(scope="session")
def portal(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Portal]:
    """A running portal with the demo clinic, one for all browser tests of the session."""
    directory: Path = tmp_path_factory.mktemp("portal")
    worker = environment.worker_number()
    broker = environment.with_database(os.environ["REDIS_URL"], environment.REDIS_DATABASES - 1 - worker)
    with django_db_blocker.unblock(), database.demo_clinic(f"portal_{worker}") as url:
        redis.Redis.from_url(broker).flushdb()
        shutil.copytree(database.demo_files(), directory / "media")
        with started(directory, DATABASE_URL=url, REDIS_URL=broker) as running:
            running.wait_for("The portal is ready")
            yield running


@pytest.fixture
def base(portal: Portal) -> str:
    """The address of the running portal."""
    return f"http://127.0.0.1:{portal.port}"


@contextmanager
def signed_in(
    browser: Browser, base: str, who: tuple[str, str], *, expects: tuple[int, ...] = (), **options: Any
) -> Iterator[Page]:
    """Open a person's browser, on Today; fail when the portal refused a request with a status that nobody expects.

    A form that comes back with what is wrong, or with a question, is a refusal too (422), and so is a time that is
    taken (409): say when that is meant. `options` are the browser context's.
    """
    options = {"viewport": {"width": 1440, "height": 900}, "timezone_id": "America/New_York"} | options
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    refused: list[str] = []

    def note(answer: Response) -> None:
        if answer.status >= 400 and answer.status not in expects:
            refused.append(f"{answer.status} {answer.url}")

    page.on("response", note)
    page.goto(f"{base}/")
    page.fill("input[name=login]", who[0])
    page.fill("input[type=password]", who[1])
    page.click("form:has(input[type=password]) [type=submit]")
    page.wait_for_url(f"{base}/")
    yield page
    context.close()
    assert refused == []


@pytest.fixture
def desk(browser: Browser, base: str) -> Iterator[Page]:
    """A receptionist's browser, signed in, on Today."""
    with signed_in(browser, base, DESK) as page:
        yield page


@pytest.fixture
def manager(browser: Browser, base: str) -> Iterator[Page]:
    """A manager's browser, signed in, on Today."""
    with signed_in(browser, base, MANAGER, expects=(422,)) as page:
        yield page


@pytest.fixture(scope="module")
def kit_url() -> Iterator[str]:
    """Serve the kit's pages from a thread, without a database."""
    with override_settings(ROOT_URLCONF="tests.e2e.kit_pages"):
        server = ThreadedWSGIServer(("127.0.0.1", 0), QuietWSGIRequestHandler, connections_override={})
        server.set_app(get_wsgi_application())
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """Collect what the browser complains about; a policy violation is a console error. The test fails if any is left."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    yield heard
    assert heard == []


@pytest.fixture
def kit(page: Page, kit_url: str, complaints: list[str]) -> Page:
    page.goto(kit_url)
    return page
