"""R7: every webhook five times in parallel, status callbacks in every order, two messages at the same moment.

Real threads with connections of their own against a real database; several workers process at once. Controls take one
defence away and show that the test would see it.
"""

from __future__ import annotations

import itertools
import math
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from django.conf import settings
from django.db import IntegrityError, connection
from django.test import Client
from twilio.request_validator import RequestValidator

from apps.communications.models import Communication, Status
from apps.communications.services import outcomes
from apps.conversations.models import Author, Conversation, Message
from apps.conversations.services import receiving
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from apps.organizations.models import Organization
from apps.webhooks import processing, views
from apps.webhooks.models import InboundEvent, InboundStatus
from apps.webhooks.processing import process_inbound
from apps.webhooks.twilio import message_key
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.inbound_worker import inbound_workers
from tests.fixtures.twilio import (
    MESSAGE_PATH,
    STATUS_PATH,
    TOKEN,
    TwilioPoster,
    message_fields,
    next_sid,
    status_fields,
)
from tests.fixtures.web_server import serving
from tests.processes import eventually
from tests.unit.platform.routes import all_routes

pytestmark = pytest.mark.django_db(transaction=True)

TIMES = 5
WORKERS = 4


def at_once(jobs: Iterable[Callable[[], Any]]) -> list[Any]:
    """Run the jobs in threads that start together; return what they returned, raise what one raised."""
    jobs = list(jobs)
    gate = threading.Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(run, job) for job in jobs]]


def post(path: str, fields: dict[str, str], query: str = "") -> int:
    poster = TwilioPoster()
    poster.client = Client()
    return poster.form(path, fields, query=query).status_code


def work() -> None:
    """Let several workers process at once until nothing is due."""

    def worker() -> None:
        while process_inbound(limit=3):
            pass

    at_once([worker] * WORKERS)
    worker()


def rows(organization: Organization, read: Callable[[], Any]) -> Any:
    with organization_scope(organization.pk):
        return read()


# ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_message_five_times_in_parallel_has_one_effect(organization, twilio, bookable):
    messages = [message_fields(f"message {number}", From=f"whatsapp:+164655501{number:02}") for number in range(4)]
    answers = at_once([lambda fields=fields: post(MESSAGE_PATH, fields) for fields in messages for _ in range(TIMES)])
    assert set(answers) == {200}
    work()
    assert rows(organization, InboundEvent.objects.count) == 4
    assert rows(organization, Message.objects.filter(author=Author.CONTACT).count) == 4
    assert rows(organization, Conversation.objects.count) == 4
    assert rows(organization, Communication.objects.count) == 4


def test_messages_of_one_contact_at_the_same_moment_open_one_conversation_and_keep_their_order(
    organization, twilio, bookable
):
    fields = [message_fields(f"message {number}") for number in range(6)]
    assert set(at_once([lambda f=f: post(MESSAGE_PATH, f) for f in fields])) == {200}
    arrived = rows(organization, lambda: [event.payload["Body"] for event in InboundEvent.objects.order_by("pk")])
    work()
    assert rows(organization, Conversation.objects.count) == 1
    assert said_in_order(organization) == arrived
    assert rows(organization, lambda: set(InboundEvent.objects.values_list("status", flat=True))) == {
        InboundStatus.DONE
    }


def test_two_first_messages_received_by_two_workers_at_once_share_one_thread(organization, twilio, bookable):
    """The lock of the contact holds even when the queue's order is not there to help: two direct calls."""
    at_once([receive(organization, "one"), receive(organization, "two")])
    assert rows(organization, Conversation.objects.count) == 1
    assert rows(organization, Message.objects.filter(author=Author.CONTACT).count) == 2


def receive(organization: Organization, body: str) -> Callable[[], None]:
    def job() -> None:
        with organization_scope(organization.pk):
            receiving.receive_message(
                organization=organization,
                channel="whatsapp",
                address="+16465550101",
                clinic_address="+15550100000",
                body=body,
                provider_id=next_sid(),
                received_at=organization.created_at,
            )

    return job


def test_control_without_the_lock_of_the_contact_two_first_messages_collide(
    organization, twilio, bookable, monkeypatch
):
    """Both look, find no thread, and open one: the database's constraint lets one of them fail.

    Noting the contact's last word locks its row and would serialize them as well, so that is taken away, too.
    """
    both_looked = threading.Barrier(2)

    def look_then_wait(address: str) -> bool:
        both_looked.wait(timeout=10)
        return True

    monkeypatch.setattr(receiving, "lock_contact", lambda *_: None)
    monkeypatch.setattr(receiving, "note_inbound", lambda **_: None)
    monkeypatch.setattr(receiving.engine, "can_answer", look_then_wait)
    outcomes = at_once([outcome(receive(organization, "one")), outcome(receive(organization, "two"))])
    assert sorted(outcomes) == ["IntegrityError", "fine"]


def outcome(job: Callable[[], None]) -> Callable[[], str]:
    def told() -> str:
        try:
            job()
        except IntegrityError as error:
            return type(error).__name__
        return "fine"

    return told


def two_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold up one worker in the message "one" until the other one has looked for work, too."""
    first_in_work, second_looked = threading.Event(), threading.Event()
    original = processing.receive_message

    def slow(**fields: Any) -> Message:
        if fields["body"] == "one":
            first_in_work.set()
            assert second_looked.wait(timeout=10)
        return original(**fields)

    def other() -> None:
        assert first_in_work.wait(timeout=10)
        process_inbound(limit=1)
        second_looked.set()

    monkeypatch.setattr(processing, "receive_message", slow)
    at_once([lambda: process_inbound(limit=1), other])
    work()


def said_in_order(organization: Organization) -> list[str]:
    said = Message.objects.filter(author=Author.CONTACT).order_by("sequence").values_list("body", flat=True)
    return rows(organization, lambda: list(said))


def test_message_waits_for_the_one_before_it_whoever_is_free(organization, twilio, bookable, monkeypatch):
    for text in ("one", "two"):
        post(MESSAGE_PATH, message_fields(text))
    two_workers(monkeypatch)
    assert said_in_order(organization) == ["one", "two"]


def test_control_without_the_order_of_the_queue_a_later_message_overtakes(organization, twilio, bookable, monkeypatch):
    for text in ("one", "two"):
        post(MESSAGE_PATH, message_fields(text))
    rows(organization, lambda: InboundEvent.objects.update(contact_key=""))
    two_workers(monkeypatch)
    assert said_in_order(organization) == ["two", "one"]


def repeats_with_ids_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the door's key away: each request counts as another one."""
    monkeypatch.setattr(views, "message_key", lambda fields: (next_sid(), message_key(fields)[1]))


def test_control_without_the_key_of_a_request_each_repeat_is_stored_and_answered(
    organization, twilio, bookable, monkeypatch
):
    repeats_with_ids_of_their_own(monkeypatch)
    fields = message_fields("message")
    assert set(at_once([lambda: post(MESSAGE_PATH, fields)] * TIMES)) == {200}
    work()
    assert rows(organization, InboundEvent.objects.count) == TIMES
    assert rows(organization, Message.objects.filter(author=Author.CONTACT).count) == TIMES


# ── statuses ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "delivered", "read"])), ids="-".join)
def test_statuses_in_every_order_five_times_in_parallel_end_the_same(organization, twilio, order):
    sent = CommunicationFactory(
        organization=organization, status=Status.SENT, provider="twilio", provider_id=next_sid()
    )
    for status in order:
        fields = status_fields(sent.provider_id, status)
        answers = at_once([lambda fields=fields: post(STATUS_PATH, fields, f"communication={sent.pk}")] * TIMES)
        assert set(answers) == {204}
    assert rows(organization, InboundEvent.objects.count) == 3
    work()
    assert rows(organization, lambda: Communication.objects.get().status) == Status.READ
    assert_forward_only(organization)


def test_all_statuses_at_the_same_moment_end_the_same(organization, twilio):
    sent = CommunicationFactory(
        organization=organization, status=Status.SENT, provider="twilio", provider_id=next_sid()
    )
    jobs = [
        lambda status=status: post(STATUS_PATH, status_fields(sent.provider_id, status))
        for status in ("queued", "sent", "delivered", "read")
        for _ in range(TIMES)
    ]
    assert set(at_once(jobs)) == {204}
    work()
    assert rows(organization, lambda: Communication.objects.get().status) == Status.READ
    assert_forward_only(organization)


def assert_forward_only(organization: Organization) -> None:
    """Each status was reached at most once, and never one behind the present."""
    reached = statuses_reached(organization)
    assert reached == sorted(set(reached))


def statuses_reached(organization: Organization) -> list[int]:
    """Return the statuses that rows went through, as their places on the way from sent to read."""
    order = ["communication.sent", "communication.delivered", "communication.read"]
    told = rows(organization, lambda: list(Event.objects.order_by("occurred_at").values_list("type", flat=True)))
    return [order.index(type_) for type_ in told if type_ in order]


def test_control_without_ranks_a_late_callback_turns_the_status_back(organization, twilio, monkeypatch):
    monkeypatch.setattr(outcomes, "RANK", defaultdict(lambda: math.nan))  # nothing is behind anything
    sent = CommunicationFactory(
        organization=organization, status=Status.SENT, provider="twilio", provider_id=next_sid()
    )
    for status in ("read", "delivered", "sent"):
        assert post(STATUS_PATH, status_fields(sent.provider_id, status)) == 204
    while process_inbound(limit=3):  # by one worker, in the order in which they came
        pass
    assert rows(organization, lambda: Communication.objects.get().status) == Status.SENT
    assert statuses_reached(organization) == [2, 1, 0]


# ── processes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_webhook_five_times_in_parallel_on_two_processes_has_one_effect(organization, twilio, bookable, tmp_path):
    """Over real HTTP, two web processes taking in and two workers working off, all at the same time."""
    sent = [
        CommunicationFactory(organization=organization, status=Status.SENT, provider="twilio", provider_id=next_sid())
        for _number in range(4)
    ]
    patients = [f"whatsapp:+164655501{number:02}" for number in range(8)]
    calls = {
        MESSAGE_PATH: [message_fields(f"message of {address}", From=address) for address in patients],
        STATUS_PATH: [status_fields(row.provider_id, status) for row in sent for status in ("delivered", "read")],
    }
    assert set(calls) == {f"/{route.pattern}" for route in all_routes() if route.pattern.startswith("webhooks/")}
    jobs = [(path, fields) for path, every in calls.items() for fields in every for _time in range(TIMES)]
    random.Random(7).shuffle(jobs)
    with serving(tmp_path / "server.log") as address, inbound_workers(2):
        with ThreadPoolExecutor(20) as pool:
            answers = Counter(pool.map(lambda job: post_over_http(address, *job), jobs))
        assert answers == {200: len(patients) * TIMES, 204: len(sent) * 2 * TIMES}
        pending = InboundEvent.objects.filter(status=InboundStatus.PENDING)
        assert eventually(lambda: not rows(organization, pending.exists), seconds=60)

    stored = rows(organization, lambda: Counter(InboundEvent.objects.values_list("source", "status")))
    assert stored == {("twilio.message", InboundStatus.DONE): 8, ("twilio.status", InboundStatus.DONE): 8}
    assert rows(organization, Message.objects.filter(author=Author.CONTACT).count) == len(patients)
    assert rows(organization, Conversation.objects.count) == len(patients)
    ids = [row.pk for row in sent]
    assert rows(
        organization, lambda: Counter(Communication.objects.exclude(pk__in=ids).values_list("to_address", flat=True))
    ) == {address.removeprefix("whatsapp:"): 1 for address in patients}
    assert rows(organization, lambda: set(Communication.objects.filter(pk__in=ids).values_list("status"))) == {
        (Status.READ,)
    }


def post_over_http(address: str, path: str, fields: dict[str, str]) -> int:
    """Post to a running server what Twilio signs on the public address."""
    signature = RequestValidator(TOKEN).compute_signature(f"{settings.PUBLIC_BASE_URL}{path}", fields)
    headers = {"X-Twilio-Signature": signature}
    return requests.post(f"{address}{path}", data=fields, headers=headers, timeout=30).status_code
