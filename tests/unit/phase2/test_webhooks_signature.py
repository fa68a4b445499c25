"""S1: every valid variant of Twilio's signature is accepted; everything else gets 403 and writes nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from twilio.request_validator import RequestValidator

from apps.core.tenancy import all_organizations
from apps.webhooks.models import InboundEvent
from apps.webhooks.twilio import Callback
from tests.fixtures.clients import PortalClient
from tests.fixtures.communications import ChannelAccountFactory, CommunicationFactory
from tests.fixtures.twilio import (
    MESSAGE_PATH,
    STATUS_PATH,
    TOKEN,
    TwilioPoster,
    message_fields,
    next_sid,
    status_fields,
)
from tests.unit.platform.routes import all_routes

pytestmark = pytest.mark.django_db


def stored() -> int:
    with all_organizations():
        return InboundEvent.objects.count()


# ── accepted ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_form_signed_on_the_public_address_is_accepted(twilio):
    response = twilio.message("Hola, necesito una cita. हाँ 🙏 & a+b=c")
    assert response.status_code == 200
    assert response.content == b"<Response/>"
    assert response["Content-Type"] == "text/xml"
    assert stored() == 1


def test_blank_fields_are_part_of_the_signature(twilio):
    assert twilio.message("", MediaUrl0="", Extra="").status_code == 200


@pytest.mark.parametrize("query", ["source=poster", "a=1&b=%20x&c=", "q=%E2%9C%93"])
def test_query_string_is_part_of_the_signature(twilio, query):
    assert twilio.form(MESSAGE_PATH, message_fields(), query=query).status_code == 200


def test_json_with_body_hash_is_accepted(twilio):
    response = twilio.json(STATUS_PATH, status_fields(next_sid(), "delivered"))
    assert response.status_code == 204
    assert stored() == 1


@pytest.mark.parametrize(
    ("public", "signed"),
    [
        ("https://testserver", "https://testserver"),
        ("https://testserver", "https://testserver:443"),
        ("https://testserver:443", "https://testserver"),
        ("http://testserver", "http://testserver:80"),
        ("https://testserver:8443", "https://testserver:8443"),
        ("https://testserver:8443", "https://testserver"),
        ("https://testserver/portal", "https://testserver/portal"),
    ],
)
def test_public_address_with_and_without_port_is_accepted(twilio, public, signed):
    with override_settings(PUBLIC_BASE_URL=public):
        assert twilio.form(MESSAGE_PATH, message_fields(), signed_url=f"{signed}{MESSAGE_PATH}").status_code == 200


@pytest.mark.parametrize(
    ("signed", "headers"),
    [
        ("https://testserver", {"HTTP_X_FORWARDED_PROTO": "https"}),
        ("https://testserver", {"HTTP_X_FORWARDED_PROTO": "https, http"}),
        (
            "https://hooks.example.org",
            {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_HOST": "hooks.example.org"},
        ),
        (
            "https://hooks.example.org",
            {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_HOST": "hooks.example.org, inner"},
        ),
        (
            "https://hooks.example.org:8443",
            {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_HOST": "hooks.example.org:8443"},
        ),
        (
            "https://hooks.example.org:8443",
            {
                "HTTP_X_FORWARDED_PROTO": "https",
                "HTTP_X_FORWARDED_HOST": "hooks.example.org",
                "HTTP_X_FORWARDED_PORT": "8443",
            },
        ),
        ("http://hooks.example.org", {"HTTP_HOST": "hooks.example.org"}),
    ],
)
@override_settings(PUBLIC_BASE_URL="https://elsewhere.example.org", ALLOWED_HOSTS=["testserver", "hooks.example.org"])
def test_address_that_the_proxy_names_is_accepted(twilio, signed, headers):
    response = twilio.form(MESSAGE_PATH, message_fields(), signed_url=f"{signed}{MESSAGE_PATH}", **headers)
    assert response.status_code == 200


def test_messaging_service_number_without_an_account_of_its_own_is_routed_by_the_service(
    twilio, organization, whatsapp_account
):
    whatsapp_account.messaging_service_sid = "MG" + "1" * 32
    whatsapp_account.save()
    assert (
        twilio.message(To="+15559990000", From="+16465550101", MessagingServiceSid="MG" + "1" * 32).status_code == 200
    )
    assert (
        twilio.status(next_sid(), "sent", From="+15559990000", MessagingServiceSid="MG" + "1" * 32).status_code == 204
    )
    assert InboundEvent.objects.for_organization(organization).count() == 2


def test_status_from_a_pool_number_is_routed_by_our_own_id_in_the_address(twilio, organization):
    planned = CommunicationFactory(organization=organization)
    fields = status_fields(
        next_sid(), "sent", From="+15559990000", To="+16465550101", MessagingServiceSid="MG" + "9" * 32
    )
    assert twilio.form(STATUS_PATH, fields, query=f"communication={planned.pk}").status_code == 204
    assert InboundEvent.objects.for_organization(organization).count() == 1


def test_status_whose_recipient_is_ours_is_accepted(twilio):
    assert (
        twilio.status(next_sid(), "sent", From="whatsapp:+16465550101", To="whatsapp:+15550100000").status_code == 204
    )


def test_call_status_is_routed_by_the_voice_account(twilio, organization):
    ChannelAccountFactory(organization=organization, channel="voice", address="+15550100000")
    fields = {"CallSid": next_sid("CA"), "CallStatus": "completed", "From": "+15550100000", "To": "+16465550101"}
    assert twilio.form(STATUS_PATH, fields).status_code == 204


def test_sha256_signature_is_accepted(twilio):
    fields = message_fields()
    text = f"http://testserver{MESSAGE_PATH}" + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    signature = base64.b64encode(hmac.new(TOKEN.encode(), text.encode(), hashlib.sha256).digest()).decode()
    settings_header = {"HTTP_X_TWILIO_WEBHOOKS_SIGNATURE_SETTINGS": "key=abc,algorithm=HMAC_SHA256"}
    assert twilio.form(MESSAGE_PATH, fields, signature=signature, **settings_header).status_code == 200


@override_settings(TWILIO_AUTH_TOKEN="token-of-the-environment")
def test_environment_token_serves_accounts_without_one_of_their_own(twilio, whatsapp_account):
    whatsapp_account.auth_token = ""
    whatsapp_account.save()
    assert TwilioPoster(token="token-of-the-environment").message().status_code == 200
    assert twilio.message().status_code == 403


@override_settings(
    TWILIO_ACCOUNT_SID="AC1",
    TWILIO_AUTH_TOKEN="token-of-the-environment",
    TWILIO_WHATSAPP_NUMBER="whatsapp:+15553334444",
)
def test_number_of_the_environment_belongs_to_the_only_clinic_without_an_account(organization):
    poster = TwilioPoster(token="token-of-the-environment")
    ends = {"To": "whatsapp:+15553334444"}
    assert poster.message(**ends).status_code == 200
    assert poster.status(next_sid(), "sent", From="whatsapp:+15553334444").status_code == 204
    assert TwilioPoster(token="another").message(**ends).status_code == 403
    assert InboundEvent.objects.for_organization(organization).count() == 2


# ── refused ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("signature", [None, "AAAA", "", " ", "не подпись", "A" * 28, "\x00", "A" * 10_000])
@pytest.mark.parametrize("path", [MESSAGE_PATH, STATUS_PATH])
def test_missing_or_forged_signature_is_refused_and_writes_nothing(twilio, path, signature):
    fields = message_fields() | status_fields(next_sid(), "sent")
    header = {} if signature is None else {"HTTP_X_TWILIO_SIGNATURE": signature}
    response = PortalClient().post(path, fields, **header)
    form = PortalClient().generic(
        "POST", path, "From=a&To=whatsapp:%2B15550100000", content_type="application/x-www-form-urlencoded", **header
    )
    assert (response.status_code, form.status_code) == (403, 403)
    assert stored() == 0


def test_wrong_token_is_refused_and_writes_nothing(twilio):
    assert TwilioPoster(token="not-the-token").message().status_code == 403
    assert stored() == 0


def test_token_of_another_organization_is_refused_and_writes_nothing(twilio, other_organization):
    ChannelAccountFactory(
        organization=other_organization,
        address="+15550200000",
        auth_token="token-of-the-other",
        messaging_service_sid="MG" + "2" * 32,
    )
    stranger = TwilioPoster(token="token-of-the-other")
    assert stranger.message().status_code == 403
    assert stranger.message(From="whatsapp:+15550200000", MessagingServiceSid="MG" + "2" * 32).status_code == 403
    assert stranger.status(next_sid(), "read").status_code == 403
    assert stored() == 0
    assert stranger.message(To="whatsapp:+15550200000").status_code == 200


@override_settings(TWILIO_AUTH_TOKEN="token-of-the-environment")
def test_environment_token_does_not_open_an_account_with_its_own(twilio):
    assert TwilioPoster(token="token-of-the-environment").message().status_code == 403
    assert stored() == 0


@override_settings(TWILIO_AUTH_TOKEN="")
def test_without_any_token_nothing_is_accepted_not_even_the_empty_token(twilio, whatsapp_account):
    whatsapp_account.auth_token = ""
    whatsapp_account.save()
    assert TwilioPoster(token="").message().status_code == 403
    assert TwilioPoster(token="").message(To="whatsapp:+15557777777").status_code == 403
    assert stored() == 0


@pytest.mark.parametrize("change", [{"Body": "cancel everything"}, {"From": "whatsapp:+16465550999"}, {"Added": "1"}])
def test_changed_field_breaks_the_signature(twilio, change):
    fields = message_fields()
    signature = RequestValidator(TOKEN).compute_signature(f"http://testserver{MESSAGE_PATH}", fields)
    assert twilio.form(MESSAGE_PATH, fields | change, signature=signature).status_code == 403
    assert stored() == 0


@pytest.mark.parametrize(
    "signed_url",
    [
        f"http://testserver{STATUS_PATH}",
        f"http://testserver{MESSAGE_PATH}?a=1",
        f"https://testserver{MESSAGE_PATH}",
        f"http://evil.example{MESSAGE_PATH}",
    ],
)
def test_signature_for_another_address_is_refused(twilio, signed_url):
    assert twilio.form(MESSAGE_PATH, message_fields(), signed_url=signed_url).status_code == 403
    assert stored() == 0


def test_forwarded_host_that_is_not_ours_does_not_count(twilio):
    response = twilio.form(
        MESSAGE_PATH,
        message_fields(),
        signed_url=f"http://evil.example{MESSAGE_PATH}",
        HTTP_X_FORWARDED_HOST="evil.example",
    )
    assert response.status_code == 403
    assert stored() == 0


def test_json_without_body_hash_is_refused(twilio):
    body = json.dumps(message_fields())
    signature = RequestValidator(TOKEN).compute_signature(f"http://testserver{MESSAGE_PATH}", {})
    response = twilio.client.generic(
        "POST", MESSAGE_PATH, body, content_type="application/json", HTTP_X_TWILIO_SIGNATURE=signature
    )
    assert response.status_code == 403
    assert stored() == 0


def test_json_whose_body_is_not_the_hashed_one_is_refused(twilio):
    other = hashlib.sha256(b"{}").hexdigest()
    assert twilio.json(MESSAGE_PATH, message_fields(), hashed=other).status_code == 403
    assert stored() == 0


def test_multipart_form_is_refused_even_with_a_signature_over_its_fields(twilio):
    fields = message_fields()
    signature = RequestValidator(TOKEN).compute_signature(f"http://testserver{MESSAGE_PATH}", fields)
    assert PortalClient().post(MESSAGE_PATH, fields, HTTP_X_TWILIO_SIGNATURE=signature).status_code == 403
    assert stored() == 0


def test_number_that_nobody_has_is_refused_and_writes_nothing(twilio):
    assert twilio.message(To="whatsapp:+15557777777").status_code == 403
    with override_settings(TWILIO_AUTH_TOKEN=TOKEN):
        assert twilio.message(To="whatsapp:+15557777777").status_code == 404
    assert stored() == 0


def test_closed_organization_takes_in_nothing(twilio, organization):
    organization.is_active = False
    organization.save()
    assert twilio.message().status_code == 403
    assert stored() == 0


# ── every door, nothing written ───────────────────────────────────────────────────────────────────────────────────────

DOORS = [f"/{route.pattern}" for route in all_routes() if route.pattern.startswith("webhooks/")]
REFUSED = {
    "unsigned": lambda path, fields: TwilioPoster().form(path, fields, signature=None),
    "forged": lambda path, fields: TwilioPoster().form(path, fields, signature="A" * 28),
    "wrong token": lambda path, fields: TwilioPoster(token="not-the-token").form(path, fields),
    "another organization's token": lambda path, fields: TwilioPoster(token="token-of-the-other").form(path, fields),
    "another organization's token, JSON": lambda path, fields: TwilioPoster(token="token-of-the-other").json(
        path, fields
    ),
}


def writes(caught: CaptureQueriesContext) -> list[str]:
    """Return the statements that change or lock rows anywhere, not only in the table of inbound events."""
    reading = re.compile(
        r"^(SELECT(?!.*\bFOR (UPDATE|SHARE|NO KEY))|SAVEPOINT|RELEASE|ROLLBACK TO|SET\b)", re.IGNORECASE | re.DOTALL
    )
    return [query["sql"] for query in caught.captured_queries if not reading.match(query["sql"].lstrip())]


def fields_for(path: str) -> dict[str, str]:
    """Return what belongs to the door; a new door gets a line here."""
    return {MESSAGE_PATH: message_fields(), STATUS_PATH: status_fields(next_sid(), "sent")}[path]


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("path", DOORS)
def test_whatever_is_refused_at_any_door_writes_nothing_anywhere(twilio, other_organization, path, kind):
    ChannelAccountFactory(organization=other_organization, address="+15550200000", auth_token="token-of-the-other")
    with CaptureQueriesContext(connection) as caught:
        assert REFUSED[kind](path, fields_for(path)).status_code == 403
    assert writes(caught) == []


@pytest.mark.parametrize("path", DOORS)
def test_control_what_is_signed_is_written(twilio, path):
    with CaptureQueriesContext(connection) as caught:
        assert twilio.form(path, fields_for(path)).status_code in {200, 204}
    assert len(writes(caught)) == 1


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
@pytest.mark.parametrize("path", DOORS)
def test_a_door_takes_posts_only(db, anonymous_client, path, method):
    assert getattr(anonymous_client, method)(path).status_code == 405


# ── control ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_control_without_the_check_a_forged_request_would_be_stored(twilio, monkeypatch):
    monkeypatch.setattr(Callback, "is_signed_with", lambda *_: True)
    assert twilio.form(MESSAGE_PATH, message_fields(), signature="forged").status_code == 200
    assert stored() == 1
