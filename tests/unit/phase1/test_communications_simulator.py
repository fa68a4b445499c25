"""The simulator: same ledger, same webhooks, same signatures, no Twilio."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
import responses
from django.db import transaction
from django.utils import timezone
from twilio.request_validator import RequestValidator

from apps.communications.accounts import account_for
from apps.communications.models import Communication, ContactState, SimulatorMessage, SimulatorPhone, Status
from apps.communications.providers.simulator import post_due_reports
from apps.communications.services import dispatch_due, reconcile_ambiguous
from apps.communications.simulator_phone import write_as_patient
from apps.core.errors import Conflict
from apps.core.tenancy import all_organizations, organization_scope
from apps.webhooks.models import InboundEvent
from tests.environment import ROOT
from tests.fixtures.outbound import NOON, PHONE, reload

Plan = Callable[..., Communication]
STATUS_URL = "http://testserver/webhooks/twilio/status/"
MESSAGE_URL = "http://testserver/webhooks/twilio/message/"


def posted(calls: Any) -> list[dict[str, str]]:
    """Return the forms that were posted, each with a signature that Twilio's own validator accepts."""
    forms = []
    for call in calls:
        form = dict(parse_qsl(call.request.body, keep_blank_values=True))
        signature = call.request.headers["X-Twilio-Signature"]
        assert RequestValidator("demo-twilio-token").validate(call.request.url, form, signature)
        forms.append(form)
    return forms


@pytest.fixture
def webhook(noon: Any, consents: Any) -> Any:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        web.add(responses.POST, STATUS_URL, status=204)
        web.add(responses.POST, MESSAGE_URL, status=200, body="<Response/>")
        yield web


def play(noon: Any, seconds: int = 10) -> None:
    """Let the carrier report everything that comes due within this time."""
    for _second in range(seconds):
        post_due_reports()
        noon.shift(dt.timedelta(seconds=1))


@pytest.mark.usefixtures("sms_account")
def test_message_is_accepted_and_its_life_is_reported(plan: Plan, webhook: Any, noon: Any) -> None:
    row = plan(body="See you soon")
    dispatch_due()
    accepted = SimulatorMessage.objects.get()
    assert (accepted.to_address, accepted.body, accepted.status) == (PHONE, "See you soon", "queued")
    assert (reload(row).status, reload(row).provider_id) == (Status.SENT, accepted.sid)

    play(noon)

    forms = posted(webhook.calls)
    assert [form["MessageStatus"] for form in forms] == ["sent", "delivered"]
    assert {form["MessageSid"] for form in forms} == {accepted.sid}
    assert {call.request.url for call in webhook.calls} == {f"{STATUS_URL}?communication={row.pk}"}
    assert SimulatorMessage.objects.get().callback_due_at is None


@pytest.mark.usefixtures("whatsapp_account")
def test_whatsapp_is_read_unless_the_phone_only_takes_it(
    organization: Any, plan: Plan, webhook: Any, noon: Any
) -> None:
    ContactState.objects.create(organization=organization, channel="whatsapp", address=PHONE, last_inbound_at=NOON)
    plan(channel="whatsapp")
    dispatch_due()
    SimulatorPhone.objects.create(organization=organization, address=PHONE, next_outcome="delivers")
    plan(channel="whatsapp")
    dispatch_due()

    play(noon)

    forms = posted(webhook.calls)
    assert [form["MessageStatus"] for form in forms].count("read") == 1
    assert [form["MessageStatus"] for form in forms].count("delivered") == 2
    assert {form["To"] for form in forms} == {f"whatsapp:{PHONE}"}


@pytest.mark.usefixtures("sms_account")
@pytest.mark.parametrize(("code", "status"), [("30003", "undelivered"), ("63016", "failed")])
def test_phone_that_fails_the_next_message_reports_its_code_once(
    organization: Any, plan: Plan, webhook: Any, noon: Any, code: str, status: str
) -> None:
    phone = SimulatorPhone.objects.create(organization=organization, address=PHONE, next_outcome=code)
    plan()
    dispatch_due()

    play(noon)

    last = posted(webhook.calls)[-1]
    assert (last["MessageStatus"], last["ErrorCode"]) == (status, code)
    phone.refresh_from_db()
    assert phone.next_outcome == "reads"


@pytest.mark.usefixtures("sms_account")
def test_number_that_twilio_would_refuse_is_refused_at_once(organization: Any, plan: Plan, webhook: Any) -> None:
    SimulatorPhone.objects.create(organization=organization, address=PHONE, next_outcome="21614")
    row = plan()

    dispatch_due()

    assert (reload(row).status, reload(row).error_code) == (Status.FAILED, "21614")
    assert not SimulatorMessage.objects.exists()


@pytest.mark.usefixtures("sms_account")
def test_report_that_finds_no_web_process_is_repeated(plan: Plan, noon: Any, consents: Any) -> None:
    plan()
    dispatch_due()
    with responses.RequestsMock() as web:
        web.add(responses.POST, STATUS_URL, body=requests.ConnectionError())
        post_due_reports()
    assert SimulatorMessage.objects.get().callback_attempts == 1

    noon.shift(dt.timedelta(seconds=2))
    with responses.RequestsMock() as web:
        web.add(responses.POST, STATUS_URL, status=204)
        post_due_reports()

    assert (SimulatorMessage.objects.get().status, SimulatorMessage.objects.get().callbacks) == ("sent", ["delivered"])


@pytest.mark.usefixtures("email_account")
def test_simulated_mailbox_keeps_the_invite(plan: Plan, webhook: Any) -> None:
    invite = {"filename": "invite.ics", "content_type": "text/calendar; method=REQUEST", "text": "BEGIN:VCALENDAR"}
    row = plan(channel="email", to_address="ana@example.org", subject="Your visit", attachments=[invite])

    dispatch_due()

    kept = SimulatorMessage.objects.get()
    assert (kept.subject, kept.attachments) == ("Your visit", [invite])
    assert reload(row).status == Status.SENT
    assert post_due_reports() == 0


@pytest.mark.usefixtures("sms_account")
def test_uncertain_message_is_looked_up_in_the_simulator_too(plan: Plan, webhook: Any, noon: Any) -> None:
    row = plan()
    dispatch_due()
    sid = reload(row).provider_id
    Communication.objects.filter(pk=row.pk).update(status="sending", provider_id="", lease_until=timezone.now())

    reconcile_ambiguous()

    assert (reload(row).status, reload(row).provider_id) == (Status.SENT, sid)


def test_patient_writes_from_the_simulated_phone(whatsapp_account: Any, webhook: Any) -> None:
    sid = write_as_patient(account=whatsapp_account, address=PHONE, body="I need to see a doctor", profile_name="Ana")

    (form,) = posted(webhook.calls)
    assert form["MessageSid"] == form["SmsMessageSid"] == sid
    assert sid.startswith("SM")
    assert (form["From"], form["To"], form["WaId"]) == (f"whatsapp:{PHONE}", "whatsapp:+15550100000", "14155550142")
    assert (form["Body"], form["ProfileName"], form["NumMedia"]) == ("I need to see a doctor", "Ana", "0")


def test_patient_sends_a_photo(sms_account: Any, webhook: Any) -> None:
    write_as_patient(
        account=sms_account, address=PHONE, body="", media=[{"url": "https://x.example/1", "content_type": "image/png"}]
    )

    (form,) = posted(webhook.calls)
    assert (form["NumMedia"], form["MediaUrl0"], form["MediaContentType0"]) == ("1", "https://x.example/1", "image/png")
    assert form["From"] == PHONE


def test_phone_without_a_portal_says_so(sms_account: Any) -> None:
    with responses.RequestsMock() as web:
        web.add(responses.POST, MESSAGE_URL, status=502)
        with pytest.raises(Conflict, match="web process"):
            write_as_patient(account=sms_account, address=PHONE, body="Hello")


@pytest.mark.django_db(transaction=True)
def test_phone_refuses_to_write_inside_a_transaction(sms_account: Any) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        write_as_patient(account=sms_account, address=PHONE, body="Hello")


def test_simulator_account_is_no_sender_outside_demo(organization: Any, sms_account: Any, settings: Any) -> None:
    settings.TESTING = settings.DEMO = settings.DEBUG = False

    assert account_for(organization, "sms") is None


def test_simulator_does_not_load_outside_demo() -> None:
    load = (
        "import django; django.setup(); from django.core.exceptions import ImproperlyConfigured\n"
        "try:\n    import apps.communications.providers.simulator\n"
        "except ImproperlyConfigured as error: print(error)\n"
    )
    environment = {
        "PATH": "/usr/bin:/bin",
        "DJANGO_SETTINGS_MODULE": "clinic.settings",
        "CLINIC_IGNORE_DOTENV": "true",
        "SECRET_KEY": "x" * 50,
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }

    ran = subprocess.run(
        [sys.executable, "-c", load], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert "demo, debug and test runs only" in ran.stdout, ran.stderr


@pytest.mark.django_db(transaction=True)
def test_reports_and_messages_reach_our_own_webhooks(
    live_server: Any, settings: Any, organization: Any, sms_account: Any, plan: Plan
) -> None:
    """Nothing is replaced here: a real web server takes in what the simulator posts."""
    settings.PUBLIC_BASE_URL = live_server.url
    row = plan()
    dispatch_due()
    post_due_reports()
    with organization_scope(organization.pk):
        account = account_for(organization, "sms")
    sid = write_as_patient(account=account, address=PHONE, body="Thank you")

    with all_organizations():
        stored = {event.source: event for event in InboundEvent.objects.all()}
    assert stored["twilio.status"].payload["MessageSid"] == reload(row).provider_id
    assert (stored["twilio.message"].provider_id, stored["twilio.message"].status) == (sid, "pending")
