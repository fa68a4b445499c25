"""What a region shows in the end was asked for after the last event, whatever happens on the way.

Each test has its control: the same region on htmx's own triggers, which keeps the old state.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, Request, Route, expect
from playwright.sync_api import TimeoutError as Nothing

OURS = 'data-follow="appointments communications:{pace}" data-follow-url="/board/?only={only}"'
PLAIN = (
    'hx-get="/board/?only={only}" hx-swap="morph:outerHTML" hx-disinherit="hx-swap" data-quiet'
    ' hx-trigger="live:appointments from:body, live:communications from:body throttle:{pace}s"'
)
BOARD = """<section id="board" {wiring}><p>{only}: visit {state}</p>
<a id="all" href="/" hx-get="/board/?only=all" hx-target="#board" hx-swap="morph:outerHTML">All</a>
<a id="done" href="/" hx-get="/board/?only=done" hx-target="#board" hx-swap="morph:outerHTML">Done</a>
<a id="next" href="/" hx-get="/board/?only=next" hx-target="#board" hx-swap="outerHTML">Next day</a></section>"""
PACE = 3
PATIENCE_MS = 10_000
A_MOMENT_MS = 700


@dataclass
class Clinic:
    """A server whose answers the test holds back: each is what was true when the question arrived."""

    page: Page
    wiring: str
    pace: int = PACE
    state: str = "booked"
    broken: int = 0
    holding: bool = False
    held: list[tuple[Route, str]] = field(default_factory=list)

    def answer(self, route: Route, request: Request) -> None:
        if self.broken:
            self.broken -= 1
            route.fulfill(status=503)
            return
        only = request.url.split("only=")[1]
        body = BOARD.format(wiring=self.wiring.format(only=only, pace=self.pace), only=only, state=self.state)
        if self.holding:
            self.held.append((route, body))
        else:
            route.fulfill(body=body, content_type="text/html")

    def let_go(self, number: int) -> None:
        """Send the answer to the question that was asked as this one (0 is the first that was held)."""
        route, body = self.held[number]
        with self.page.expect_response(route.request.url):
            route.fulfill(body=body, content_type="text/html")

    def ask_and_hold(self, question: str) -> None:
        """Do what makes the page ask (JavaScript), and keep the answer, made now, on its way."""
        self.holding = True
        with self.page.expect_request("**/board/**"):
            self.page.evaluate(question)
        self.page.wait_for_function("true")  # the route's handler has run
        self.holding = False

    def choose(self, link: str, *, pace: int) -> None:
        """Follow a link that fetches the board anew, with this pace."""
        self.pace = pace
        with self.page.expect_response("**/board/**"):
            self.page.locator(link).click()

    def expect(self, words: str) -> None:
        expect(self.page.locator("#board p")).to_have_text(words, timeout=PATIENCE_MS)


def live(topic: str) -> str:
    return f"document.body.dispatchEvent(new CustomEvent('live:{topic}', {{bubbles: true}}))"


def open_board(page: Page, kit_url: str, wiring: str) -> Clinic:
    clinic = Clinic(page, wiring)
    page.route("**/live/**", lambda route: route.fulfill(json={"cursor": "1", "topics": [], "events": []}))
    page.route("**/board/**", clinic.answer)
    page.goto(kit_url)
    page.evaluate("void htmx.ajax('GET', '/board/?only=all', {target: '#main', swap: 'afterbegin'})")
    clinic.expect("all: visit booked")
    clinic.choose("#all", pace=PACE)  # as on a page that was loaded: what htmx itself inserted, it attaches once more
    return clinic


@pytest.fixture
def ours(page: Page, kit_url: str) -> Clinic:
    return open_board(page, kit_url, OURS)


@pytest.fixture
def plain(page: Page, kit_url: str) -> Clinic:
    return open_board(page, kit_url, PLAIN)


class TestAnotherTopicWithinThePace:
    def test_it_is_shown_at_once(self, ours):
        ours.choose("#all", pace=60)
        ours.page.evaluate(live("communications"))
        ours.state = "done"
        with ours.page.expect_request("**/board/**", timeout=A_MOMENT_MS):
            ours.page.evaluate(live("appointments"))
        ours.expect("all: visit done")

    def test_it_is_swallowed_by_htmx(self, plain):
        """The control, and how the board kept a completed visit's old row."""
        plain.choose("#all", pace=60)
        with plain.page.expect_response("**/board/**"):
            plain.page.evaluate(live("communications"))
        plain.state = "done"
        with pytest.raises(Nothing), plain.page.expect_request("**/board/**", timeout=A_MOMENT_MS):
            plain.page.evaluate(live("appointments"))
        plain.expect("all: visit booked")


class TestTheLastOfMany:
    def two_messages(self, clinic: Clinic) -> None:
        with clinic.page.expect_response("**/board/**"):
            clinic.page.evaluate(live("communications"))
        clinic.state = "done"
        clinic.page.evaluate(live("communications"))

    def test_it_is_shown_when_the_pace_allows(self, ours):
        self.two_messages(ours)
        ours.expect("all: visit done")

    def test_it_is_swallowed_by_htmx(self, plain):
        """The control."""
        self.two_messages(plain)
        with pytest.raises(Nothing), plain.page.expect_request("**/board/**", timeout=(PACE + 2) * 1000):
            pass
        plain.expect("all: visit booked")


class TestAServerThatIsAwayForAMoment:
    def an_event_while_it_is_away(self, clinic: Clinic) -> None:
        clinic.state, clinic.broken = "done", 1
        with clinic.page.expect_response(lambda answer: answer.status == 503):
            clinic.page.evaluate(live("appointments"))

    def test_it_is_asked_again(self, ours):
        self.an_event_while_it_is_away(ours)
        ours.expect("all: visit done")

    def test_htmx_does_not_ask_again(self, plain):
        """The control."""
        self.an_event_while_it_is_away(plain)
        with pytest.raises(Nothing), plain.page.expect_request("**/board/**", timeout=3_000):
            pass


class TestAnAnswerThatWasOvertaken:
    def the_filter_is_faster(self, clinic: Clinic) -> None:
        """A refresh of All is on its way, Done is chosen and shown, then the refresh arrives."""
        clinic.ask_and_hold(live("appointments"))
        clinic.page.locator("#done").click()
        clinic.expect("done: visit booked")
        clinic.let_go(0)

    def test_it_is_thrown_away(self, ours):
        with ours.page.expect_request(
            lambda request: "only=done" in request.url and not request.is_navigation_request()
        ):
            self.the_filter_is_faster(ours)
        ours.state = "done"
        ours.page.evaluate(live("appointments"))
        ours.expect("done: visit done")

    def test_it_turns_the_choice_back_with_htmx(self, plain):
        """The control."""
        self.the_filter_is_faster(plain)
        plain.expect("all: visit booked")


class TestAnAnswerFromBeforeTheEvent:
    def the_refresh_is_faster(self, clinic: Clinic) -> None:
        """Done was chosen before the event, and its answer arrives after the refresh that the event brought."""
        clinic.ask_and_hold("document.querySelector('#done').click()")
        clinic.state = "done"
        clinic.page.evaluate(live("appointments"))
        clinic.expect("all: visit done")
        clinic.let_go(0)

    def test_it_is_asked_for_again(self, ours):
        self.the_refresh_is_faster(ours)
        ours.expect("done: visit done")

    def test_it_stays_with_htmx(self, plain):
        """The control."""
        self.the_refresh_is_faster(plain)
        with pytest.raises(Nothing), plain.page.expect_request("**/board/**", timeout=A_MOMENT_MS):
            pass
        plain.expect("done: visit booked")


class TestAnElementThatIsReplacedWhileItWaits:
    def the_next_day_replaces_it(self, clinic: Clinic) -> None:
        """A refresh and the next day are on their way when something happens; both answers are older than that."""
        clinic.ask_and_hold("document.querySelector('#next').click()")
        clinic.ask_and_hold(live("appointments"))
        clinic.state = "done"
        clinic.page.evaluate(live("appointments"))
        clinic.let_go(0)
        clinic.let_go(1)

    def test_the_event_is_still_owed(self, ours):
        self.the_next_day_replaces_it(ours)
        ours.expect("next: visit done")

    def test_it_is_forgotten_with_htmx(self, plain):
        """The control."""
        self.the_next_day_replaces_it(plain)
        with pytest.raises(Nothing), plain.page.expect_request("**/board/**", timeout=A_MOMENT_MS):
            pass
        plain.expect("next: visit booked")


FOLLOW = "import(document.querySelector('script[src*=\"js/app\"]').src.replace('app.js', 'follow.js'))"


def test_nothing_moves_while_something_is_dragged_and_all_catches_up_after_it(ours):
    ours.ask_and_hold(live("appointments"))
    ours.page.evaluate(f"{FOLLOW}.then((module) => module.hold())")
    ours.state = "done"
    ours.let_go(0)
    with pytest.raises(Nothing), ours.page.expect_request("**/board/**", timeout=A_MOMENT_MS):
        ours.page.evaluate(live("appointments"))
    ours.expect("all: visit booked")
    ours.page.evaluate(f"{FOLLOW}.then((module) => module.release())")
    ours.expect("all: visit done")


def test_an_answer_that_everything_may_have_changed_refreshes_every_region(ours):
    ours.state = "done"
    ours.page.route(
        "**/live/**", lambda route: route.fulfill(json={"cursor": "2", "topics": [], "events": [], "everything": True})
    )
    ours.expect("all: visit done")
