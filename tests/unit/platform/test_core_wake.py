"""The bell: once per commit, never before it, and a broker that is away or hangs holds nobody up."""

from __future__ import annotations

import base64
import json
import socket
import time

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu import Connection

from apps.core import wake as bell
from apps.core.wake import wake

QUEUE = "test-bells"


def messages() -> list[dict]:
    """Take what lies in the broker's list for the queue."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        return [json.loads(text) for text in reversed(client.lpop(QUEUE, 100) or [])]


def rung() -> list[str]:
    return [message["headers"]["task"] for message in messages()]


def undone() -> None:
    """Ask for a bell in a transaction (or savepoint) that rolls back."""
    with transaction.atomic():
        wake("core.heartbeat", queue=QUEUE)
        raise RuntimeError


@pytest.fixture(autouse=True)
def fresh_bell(monkeypatch):
    monkeypatch.setattr(bell, "_silent_until", 0.0)
    bell._forget_producers()
    rung()
    yield
    bell._forget_producers()


def point_at(port: int, patch: pytest.MonkeyPatch) -> None:
    """Let the application write to a broker on this port, whatever its settings were read from before."""
    app = current_app._get_current_object()
    patch.setattr(app, "connection_for_write", lambda *_args, **_options: Connection(f"redis://127.0.0.1:{port}/0"))


@pytest.fixture
def broker_at(monkeypatch):
    def point(port: int) -> None:
        point_at(port, monkeypatch)

    yield point
    bell._forget_producers()


@pytest.mark.django_db(transaction=True)
class TestCommit:
    def test_it_rings_after_the_commit_and_not_before(self):
        with transaction.atomic():
            wake("core.heartbeat", queue=QUEUE)
            assert rung() == []
        assert rung() == ["core.heartbeat"]

    def test_it_rings_once_however_often_it_is_asked_for(self):
        with transaction.atomic():
            for _ in range(3):
                wake("core.heartbeat", queue=QUEUE)
        assert rung() == ["core.heartbeat"]

    def test_a_rollback_rings_nothing(self):
        with pytest.raises(RuntimeError):
            undone()
        assert rung() == []

    def test_what_a_rolled_back_savepoint_asked_for_is_asked_for_again(self):
        with transaction.atomic():
            with pytest.raises(RuntimeError):
                undone()
            wake("core.heartbeat", queue=QUEUE)
        assert rung() == ["core.heartbeat"]


class TestStorm:
    def test_a_queue_that_holds_enough_bells_gets_no_more(self):
        for _ in range(3 * bell.ENOUGH):
            bell._send("core.heartbeat", QUEUE)
        assert len(rung()) == bell.ENOUGH

    def test_it_rings_again_as_soon_as_a_worker_took_one(self):
        for _ in range(bell.ENOUGH):
            bell._send("core.heartbeat", QUEUE)
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.lpop(QUEUE)
        bell._send("core.heartbeat", QUEUE)
        assert len(rung()) == bell.ENOUGH

    def test_bells_of_another_queue_do_not_count(self):
        for _ in range(bell.ENOUGH):
            bell._send("core.heartbeat", QUEUE)
        bell._send("core.heartbeat", f"{QUEUE}-other")
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            assert len(client.lpop(f"{QUEUE}-other", 100)) == 1


def seconds_of(call) -> float:
    begun = time.monotonic()
    call()
    return time.monotonic() - begun


@pytest.mark.django_db
class TestBrokerAway:
    def test_one_that_is_gone_costs_nothing_and_is_left_alone_for_a_while(self, broker_at):
        broker_at(1)
        assert seconds_of(lambda: bell._send("core.heartbeat", QUEUE)) < 0.5
        assert bell._silent_until > time.monotonic()
        assert seconds_of(lambda: [bell._send("core.heartbeat", QUEUE) for _ in range(100)]) < 0.05

    def test_one_that_takes_calls_and_never_answers_costs_a_moment(self, broker_at):
        """The control is Celery's own patience, twenty times as long."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            broker_at(silent.getsockname()[1])
            assert seconds_of(lambda: bell._send("core.heartbeat", QUEUE)) < 1
        assert current_app.conf.broker_transport_options["socket_timeout"] >= 5

    def test_it_rings_again_when_the_broker_is_back(self, broker_at, monkeypatch):
        with monkeypatch.context() as gone:
            point_at(1, gone)
            bell._send("core.heartbeat", QUEUE)
        monkeypatch.setattr(bell, "_silent_until", 0.0)
        bell._send("core.heartbeat", QUEUE)
        assert rung() == ["core.heartbeat"]


@pytest.mark.django_db
def test_a_bell_carries_the_id_of_its_request():
    import structlog

    with structlog.contextvars.bound_contextvars(request_id="abcdef1234567890"):
        bell._send("core.heartbeat", QUEUE)
    (message,) = messages()
    assert message["headers"]["clinic_request_id"] == "abcdef1234567890"
    assert json.loads(base64.b64decode(message["body"]))[:2] == [[], {}]
