"""What the doors store, what they refuse, and how much that costs."""

from __future__ import annotations

import hashlib
import socket

import pytest
from celery import current_app
from django.core.cache import cache
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from prometheus_client import REGISTRY
from twilio.request_validator import RequestValidator

from apps.core import wake
from apps.core.tenancy import all_organizations
from apps.webhooks.models import InboundEvent, InboundStatus
from apps.webhooks.refusals import recent_refusals
from tests.fixtures.clients import PortalClient
from tests.fixtures.twilio import MESSAGE_PATH, STATUS_PATH, TOKEN, message_fields, next_sid

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


def the_only_event() -> InboundEvent:
    with all_organizations():
        return InboundEvent.objects.get()


def stored() -> int:
    with all_organizations():
        return InboundEvent.objects.count()


def test_incoming_whatsapp_message_is_stored_with_all_its_fields(twilio, organization):
    fields = message_fields("Tengo dolor de cabeza", ProfileName="Łucja")
    assert twilio.form(MESSAGE_PATH, fields).status_code == 200
    event = the_only_event()
    assert event.organization_id == organization.pk
    assert (event.source, event.provider_id, event.contact_key) == (
        "twilio.message",
        fields["MessageSid"],
        "whatsapp:+16465550101",
    )
    assert event.payload == fields
    assert event.status == InboundStatus.PENDING


def test_incoming_sms_is_another_contact_than_the_same_number_on_whatsapp(twilio):
    twilio.message(From="+16465550101", To="+15550100000")
    assert the_only_event().contact_key == "sms:+16465550101"


def test_repeated_message_is_stored_once(twilio):
    fields = message_fields()
    answers = {twilio.form(MESSAGE_PATH, fields).status_code for _ in range(5)}
    assert answers == {200}
    assert stored() == 1


def test_each_status_of_a_message_is_stored_once(twilio):
    sid = next_sid()
    for status in ("sent", "delivered", "delivered", "read", "sent"):
        assert twilio.status(sid, status).status_code == 204
    assert stored() == 3


def test_status_keeps_our_own_id_from_the_address(twilio):
    planned = "0198c0de-0000-7000-8000-000000000001"
    fields = {
        "MessageSid": next_sid(),
        "MessageStatus": "sent",
        "From": "whatsapp:+15550100000",
        "To": "whatsapp:+16465550101",
    }
    twilio.form(STATUS_PATH, fields, query=f"communication={planned}")
    assert the_only_event().payload["_communication"] == planned


@pytest.mark.django_db(transaction=True)
def test_taking_in_a_message_costs_two_queries_and_one_transaction(twilio):
    twilio.client = Client()
    with CaptureQueriesContext(connection) as captured:
        assert twilio.message().status_code == 200
    statements = [query["sql"].split()[0] for query in captured.captured_queries]
    assert statements == ["SELECT", "INSERT", "COMMIT"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"MessageSid": "", "SmsSid": "", "SmsMessageSid": ""}, "MessageSid"),
        ({"MessageSid": "SM with spaces", "SmsSid": "", "SmsMessageSid": ""}, "MessageSid"),
        ({"MessageSid": "S" * 65}, "MessageSid"),
        ({"From": ""}, "From"),
        ({"From": "whatsapp:"}, "From"),
        ({"From": "messenger:12345"}, "From"),
        ({"From": "+" + "1" * 300}, "From"),
        ({"NumMedia": "many"}, "NumMedia"),
        ({"NumMedia": "²"}, "NumMedia"),
        ({"NumMedia": "21"}, "NumMedia"),
        ({"NumMedia": "1"}, "MediaUrl0"),
    ],
)
def test_signed_but_malformed_message_is_refused_and_kept_for_inspection(twilio, change, told):
    response = twilio.message(**change)
    assert response.status_code == 400
    assert told in response.content.decode()
    event = the_only_event()
    assert event.status == InboundStatus.REJECTED
    assert told in event.error


@pytest.mark.parametrize(
    "fields",
    [
        {"MessageStatus": "", "SmsStatus": ""},
        {"MessageStatus": "<script>"},
        {"ErrorCode": "thirty"},
        {"MessageSid": "", "SmsSid": ""},
    ],
)
def test_signed_but_malformed_status_is_refused_and_kept(twilio, fields):
    sid = next_sid()
    assert twilio.status(sid, "sent", **fields).status_code == 400
    assert the_only_event().status == InboundStatus.REJECTED


def test_message_without_our_number_is_malformed_and_belongs_to_nobody(twilio):
    with override_settings(TWILIO_AUTH_TOKEN=TOKEN):
        assert twilio.message(To="").status_code == 400
    assert stored() == 0


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "null",
        '"text"',
        "7",
        "{",
        "",
        '{"To": "whatsapp:+15550100000", "From": {"a": [1]}}',
        '{"To": null}',
        "[" * 100_000,
    ],
)
def test_json_that_is_no_message_is_refused(twilio, body):
    target = f"{MESSAGE_PATH}?bodySHA256={hashlib.sha256(body.encode()).hexdigest()}"
    signature = RequestValidator(TOKEN).compute_signature(f"http://testserver{target}", {})
    with override_settings(TWILIO_AUTH_TOKEN=TOKEN):
        response = twilio.client.generic(
            "POST", target, body, content_type="application/json", HTTP_X_TWILIO_SIGNATURE=signature
        )
    assert response.status_code == 400


def test_text_that_the_database_can_not_hold_is_made_storable(twilio):
    assert twilio.message("a\x00b").status_code == 200
    assert the_only_event().payload["Body"] == "a\ufffdb"


def test_lone_surrogates_in_json_are_made_storable(twilio):
    fields = message_fields("\ud83d broken")
    assert twilio.json(MESSAGE_PATH, fields).status_code == 200
    assert the_only_event().payload["Body"] == "\ufffd broken"


def test_body_that_is_not_utf8_is_refused(twilio):
    response = PortalClient().generic(
        "POST", MESSAGE_PATH, b"\xff\xfe", content_type="application/json", HTTP_X_TWILIO_SIGNATURE="x"
    )
    assert response.status_code == 400
    assert stored() == 0


def test_broken_encoding_in_a_form_does_not_fail(twilio):
    body = "MessageSid=SM1&From=%FF%FE&To=whatsapp%3A%2B15550100000"
    response = PortalClient().generic(
        "POST", MESSAGE_PATH, body, content_type="application/x-www-form-urlencoded", HTTP_X_TWILIO_SIGNATURE="x"
    )
    assert response.status_code == 403


def test_too_many_fields_are_refused(twilio):
    body = "&".join(f"f{n}=1" for n in range(2000))
    response = PortalClient().generic(
        "POST", MESSAGE_PATH, body, content_type="application/x-www-form-urlencoded", HTTP_X_TWILIO_SIGNATURE="x"
    )
    assert response.status_code == 400
    assert stored() == 0


def test_largest_allowed_message_is_stored_whole(twilio):
    text = "x" * 1_040_000
    assert twilio.message(text).status_code == 200
    assert the_only_event().payload["Body"] == text


def test_more_than_a_mebibyte_is_refused_before_it_is_read(twilio):
    class Unread:
        def read(self, *_args):
            raise AssertionError("the body was read")

        readline = read

    response = PortalClient().generic(
        "POST",
        MESSAGE_PATH,
        b"",
        content_type="application/x-www-form-urlencoded",
        **{"CONTENT_LENGTH": str(1024 * 1024 + 1), "wsgi.input": Unread()},
    )
    assert response.status_code == 413
    assert stored() == 0


@pytest.mark.parametrize("name", ["webhooks:twilio-message", "webhooks:twilio-status"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_other_methods_are_not_allowed(db, name, method):
    response = PortalClient().generic(method, reverse(name))
    assert response.status_code == 405
    assert response["Allow"] == "POST"


def test_doors_need_neither_session_nor_csrf_token(twilio):
    client = PortalClient(enforce_csrf_checks=True)
    twilio.client = client
    assert twilio.message().status_code == 200
    assert client.cookies == {}


def test_refusals_are_counted_by_endpoint_and_reason(twilio):
    for _ in range(3):
        twilio.form(MESSAGE_PATH, message_fields(), signature=None)
    twilio.form(STATUS_PATH, message_fields(), signature="forged")
    twilio.message(From="")
    counts = {(row.endpoint, row.reason): row.count for row in recent_refusals()}
    assert counts == {("message", "unsigned"): 3, ("status", "signature"): 1, ("message", "malformed"): 1}


def test_refusals_show_in_the_metrics(twilio):
    labels = {"endpoint": "message", "reason": "unsigned"}
    before = REGISTRY.get_sample_value("clinic_webhook_refused_total", labels) or 0
    twilio.form(MESSAGE_PATH, message_fields(), signature=None)
    assert REGISTRY.get_sample_value("clinic_webhook_refused_total", labels) == before + 1


@override_settings(
    CACHES={"default": {"BACKEND": "apps.core.cache.TolerantRedisCache", "LOCATION": "redis://127.0.0.1:1/0"}}
)
def test_refusing_works_while_the_cache_is_down(twilio):
    assert twilio.form(MESSAGE_PATH, message_fields(), signature=None).status_code == 403


# ── R10: what hangs ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def hanging_broker(monkeypatch):
    """A broker that takes connections and never says a word."""
    server = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setattr(current_app.conf, "broker_write_url", f"redis://127.0.0.1:{server.getsockname()[1]}/0")
    monkeypatch.setattr(wake, "_pool", None)
    monkeypatch.setattr(wake, "_silent_until", 0.0)
    yield
    server.close()


@pytest.mark.django_db(transaction=True)
def test_broker_that_hangs_or_is_gone_loses_no_message_and_fails_no_request(twilio, bookable, hanging_broker):
    twilio.client = Client()
    answers = [twilio.message(f"message {number}").status_code for number in range(20)]
    assert set(answers) == {200}
    assert stored() == 20
    assert wake._silent_until > 0, "the bell was tried"
    with all_organizations():
        assert InboundEvent.objects.filter(status=InboundStatus.PENDING).count() == 20
