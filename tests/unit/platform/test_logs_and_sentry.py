"""S4: names, phones and words of patients are in no log line and in nothing that goes to Sentry.

Each test has its control: the canary really was in the exception, the address or the record.
"""

from __future__ import annotations

import io
import json
import logging

import pytest
import sentry_sdk
import structlog
from celery import shared_task
from prometheus_client.parser import text_string_to_metric_families

from apps.core.actors import SYSTEM
from apps.events.registry import on
from apps.events.services import deliver_due, emit
from clinic import sentry
from clinic.celery import app as celery_app
from tests.unit.platform.probe_failures import CANARIES, NAME, PHONE, WORDS

pytestmark = pytest.mark.urls("tests.unit.platform.probe_failures")


@on("test.failed_on_purpose")
def fail_on_purpose(event):
    raise ValueError(f"{NAME} {PHONE} {WORDS}")


@shared_task(name="test.fail", queue="events")
def failing_task(words):
    raise ValueError(words)


@pytest.fixture
def lines(monkeypatch):
    """What the real handler writes, as JSON lines."""
    stream = io.StringIO()
    ours = next(h for h in logging.getLogger().handlers if isinstance(h.formatter, structlog.stdlib.ProcessorFormatter))
    monkeypatch.setattr(ours, "stream", stream)
    before = logging.getLogger().level
    logging.getLogger().setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().setLevel(before)


@pytest.fixture
def reported():
    """What would go to Sentry: the real client with a transport that keeps the envelopes."""

    class Keep(sentry_sdk.transport.Transport):
        events: list = []

        def capture_envelope(self, envelope):
            self.events += [item.payload.json for item in envelope.items if item.payload.json]

    Keep.events = []
    sentry.start("http://key@127.0.0.1/1", transport=Keep)
    yield Keep.events
    sentry_sdk.init()


def without_canaries(*outputs):
    text = json.dumps(outputs)
    return [canary for canary in CANARIES if canary in text] == []


@pytest.mark.parametrize("how", ["bug", "database"])
def test_a_failing_page_leaves_type_and_place_only(manager_client, lines, reported, how):
    manager_client.raise_request_exception = False
    assert manager_client.get(f"/probe/{how}/{NAME}/", {"q": PHONE}, headers={"User-Agent": WORDS}).status_code == 500
    assert without_canaries(lines(), reported)
    assert [line["route"] for line in lines() if line["event"] == "http.failed"] == ["probe-failure"]
    assert len(reported) == 1
    assert reported[0]["exception"]["values"][-1]["type"] in {"ValueError", "DivisionByZero", "DataError"}
    assert reported[0]["tags"]["request_id"]


@pytest.mark.parametrize("how", ["refusal", "missing"])
def test_a_refused_page_leaves_nothing(manager_client, lines, reported, how):
    answer = manager_client.get(f"/probe/{how}/{NAME}/", {"q": PHONE})
    assert answer.status_code in {404, 409}
    assert without_canaries(lines(), reported)
    assert reported == []


def test_an_address_that_leads_nowhere_is_not_quoted(manager_client, lines):
    assert manager_client.get(f"/a/{NAME}/").status_code == 404
    assert without_canaries(lines())


def test_a_failing_handler_leaves_type_and_place_only(organization, lines, reported):
    emit("test.failed_on_purpose", subject=organization, organization_id=organization.pk, actor=SYSTEM)
    assert deliver_due() == 1
    failed = [line for line in lines() if line["event"] == "events.handler_failed"]
    assert failed[0]["exception"] == "ValueError"
    assert without_canaries(lines(), reported)
    assert [event["exception"]["values"][-1]["type"] for event in reported] == ["ValueError"]


def test_a_failing_task_leaves_type_and_place_only(lines, reported, monkeypatch):
    from celery.app.trace import build_tracer

    tracer = build_tracer("test.fail", celery_app.tasks["test.fail"], app=celery_app, propagate=False, eager=False)
    with celery_app.connection_for_write() as connection:
        assert connection is not None
        tracer("11111111-1111-4111-8111-111111111111", (f"{NAME} {WORDS}",), {}, request={"is_eager": False, "id": "x"})
    assert any(line["logger"] == "celery.app.trace" for line in lines())
    assert without_canaries(lines(), reported)


def test_lines_of_other_libraries_keep_their_template_only(lines):
    logging.getLogger("some.library").warning("could not parse %s", NAME, extra={"number": PHONE})
    assert lines()[0]["event"] == "could not parse %s"
    assert without_canaries(lines())


def test_a_task_carries_the_id_of_the_request_that_rang_for_it():
    from celery import signals

    headers: dict = {}
    with structlog.contextvars.bound_contextvars(request_id="abcdef1234567890"):
        signals.before_task_publish.send(sender="core.heartbeat", headers=headers, body=None)
    assert headers["clinic_request_id"] == "abcdef1234567890"


def test_a_request_carries_its_id_through_logs_and_answer(manager_client, lines, settings):
    settings.LOG_REQUESTS = True
    answer = manager_client.get("/api/docs/", headers={"X-Request-ID": "given-by-proxy-1"})
    assert answer["X-Request-ID"] == "given-by-proxy-1"
    noted = [line for line in lines() if line["event"] == "http.answered"]
    assert (noted[0]["request_id"], noted[0]["route"], noted[0]["organization"]) == (
        "given-by-proxy-1",
        "api-docs",
        "demo",
    )


@pytest.mark.parametrize("given", ["short", "x" * 65, "has space in it", "new\nline-in-it-123"])
def test_a_request_id_that_is_none_is_replaced(db, anonymous_client, given):
    assert anonymous_client.get("/healthz", headers={"X-Request-ID": given})["X-Request-ID"] != given


class TestMetrics:
    def read(self, client):
        answer = client.get("/metrics")
        assert answer.status_code == 200
        families = text_string_to_metric_families(answer.content.decode())
        return {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}

    def test_gauges_count_what_waits(self, organization, anonymous_client):
        before = self.read(anonymous_client)
        emit("test.failed_on_purpose", subject=organization, organization_id=organization.pk, actor=SYSTEM)
        after = self.read(anonymous_client)
        assert after["clinic_deliveries_pending"] == before["clinic_deliveries_pending"] + 1
        assert after["clinic_database_up"] == 1
        assert {
            "clinic_deliveries_dead",
            "clinic_communications_due",
            "clinic_communications_oldest_due_seconds",
            "clinic_inbound_pending",
        } <= after.keys()

    def test_a_database_that_is_away_does_not_fail_the_scrape(self, db, anonymous_client, monkeypatch):
        from django.db import OperationalError

        from apps.core import metrics

        def away():
            raise OperationalError("away")

        monkeypatch.setitem(metrics._gauges, "deliveries_dead", ("", away))
        assert self.read(anonymous_client)["clinic_database_up"] == 0

    def test_a_scrape_costs_few_queries(self, organization, anonymous_client, django_assert_max_num_queries):
        with django_assert_max_num_queries(25):
            anonymous_client.get("/metrics")
