"""Live pages miss nothing: the feed's answer to a page, where a page's feed starts, and the regions that follow it."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.urls import reverse

from apps.core.actors import Actor, ActorKind
from apps.core.tenancy import organization_scope
from apps.events.selectors import FEED_LIMIT, Feed
from apps.events.services import Happening, emit, emit_many
from apps.portal import context_processors, middleware
from tests.fixtures.settling import settle

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
SYSTEM = Actor(ActorKind.SYSTEM, trusted=True)
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


def say(organization, type_: str, times: int = 1) -> None:
    """Let something happen, committed by a connection of its own."""

    def work() -> None:
        with organization_scope(organization.pk):
            emit_many(type_, [Happening(organization)] * times, actor=SYSTEM, organization_id=organization.pk)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


@pytest.fixture
def slow_transaction(organization):
    """A transaction that has written and does not end before the test does, like a long import."""
    inside, go_on = threading.Event(), threading.Event()

    def work() -> None:
        with organization_scope(organization.pk):
            emit("import.started", subject=organization, actor=SYSTEM, organization_id=organization.pk)
            inside.set()
            assert go_on.wait(30)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(10)
    yield
    go_on.set()
    thread.join()


@pytest.mark.django_db(transaction=True)
class TestFeedOfAPage:
    def test_a_topic_behind_a_full_page_of_events_is_not_kept_back_by_a_slow_transaction(
        self, desk_client, organization, slow_transaction
    ):
        answer = self.answer_after_a_full_page(desk_client, organization)
        assert (answer["everything"], int(answer["cursor"]) > 0) == (True, True)

    def test_topics_of_one_page_of_events_alone_keep_it_back(
        self, desk_client, organization, slow_transaction, monkeypatch
    ):
        """The control."""
        monkeypatch.setattr(Feed, "is_full", False)
        answer = self.answer_after_a_full_page(desk_client, organization)
        assert "appointments" not in desk_client.get(f"/live/?cursor={answer['cursor']}").json()["topics"]

    def answer_after_a_full_page(self, desk_client, organization) -> dict:
        cursor = desk_client.get("/live/").json()["cursor"]
        say(organization, "patient.updated", FEED_LIMIT)
        say(organization, "appointment.booked")
        answer: dict = desk_client.get(f"/live/?cursor={cursor}").json()
        return answer

    def test_the_first_question_of_a_page_answers_what_happened_while_it_was_made(
        self, desk_client, organization, monkeypatch
    ):
        cursor = self.cursor_of_a_page_during_which(desk_client, organization, monkeypatch)
        assert desk_client.get(f"/live/?cursor={cursor}").json()["topics"] == ["bells"]

    def test_a_feed_that_starts_after_the_page_was_made_misses_it(self, desk_client, organization, monkeypatch):
        """The control."""
        monkeypatch.setattr(middleware, "_has_frame", lambda _request: False)
        cursor = self.cursor_of_a_page_during_which(desk_client, organization, monkeypatch)
        assert cursor == ""
        settle()
        later = desk_client.get(f"/live/?cursor={cursor}").json()
        assert desk_client.get(f"/live/?cursor={later['cursor']}").json()["topics"] == []

    def cursor_of_a_page_during_which(self, desk_client, organization, monkeypatch) -> str:
        """Return where the feed of a page starts that was made while something happened, after the page's own queries."""
        count = context_processors.unread_notices

        def meanwhile(request):
            say(organization, "bell.rung")
            return count(request)

        monkeypatch.setattr(context_processors, "unread_notices", meanwhile)
        page = desk_client.get("/", headers=BROWSER).content.decode()
        return re.search(r'data-live-cursor="([^"]*)"', page)[1]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR / "templates")))
def test_a_region_follows_by_our_own_module(path: Path):
    """htmx's triggers lose events (static/js/follow.js says how), so no element listens to them by itself."""
    source = path.read_text()
    assert not re.search(r'hx-trigger="[^"]*\blive:', source), "use data-follow (docs/ui.md, Live)"
    for tag in re.findall(r"<\w+[^>]*\bdata-follow=[^>]*>", source):
        assert re.search(r'\bid="', tag), f"a region needs an id: {tag[:80]}"
        assert re.search(r'\b(data-follow-url|hx-get)="', tag), f"a region needs an address: {tag[:80]}"


@pytest.mark.django_db
def test_an_appointments_own_page_refreshes_as_a_page(desk_client, appointment):
    """The dialog's markup has other classes: swapped in, it changed the page's look."""
    url = reverse("appointments:detail", args=[appointment.pk])
    region = re.compile(r'<div class="([^"]*)" id="visit" [^>]*data-follow-url="([^"]*)"')
    page = region.search(desk_client.get(url).content.decode())
    again = region.search(desk_client.get(page[2], headers={"HX-Request": "true"}).content.decode())
    assert again.groups() == page.groups()
