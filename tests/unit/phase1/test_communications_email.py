"""E-mail through a real SMTP conversation: the message as it arrives, and what each refusal means."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.communications.models import Communication, ContactState, Status
from apps.communications.services import dispatch_due, reconcile_ambiguous
from tests.fixtures.communications import ChannelAccountFactory
from tests.fixtures.outbound import reload
from tests.fixtures.smtp_double import BUSY, HANG_UP, REFUSE_RECIPIENT, SmtpDouble

Plan = Callable[..., Communication]
INVITE = {
    "filename": "invite.ics",
    "content_type": "text/calendar; method=REQUEST; charset=utf-8",
    "text": "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Visit – Dr. Núñez\r\nEND:VCALENDAR\r\n",
}


@pytest.fixture
def smtp(settings: Any) -> Iterator[SmtpDouble]:
    double = SmtpDouble().start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", double.port, 5
    yield double
    double.stop()


@pytest.fixture
def mail(organization: Any, plan: Plan, smtp: SmtpDouble, consents: Any, noon: Any) -> Callable[..., Communication]:
    ChannelAccountFactory(
        organization=organization, channel="email", address="desk@tidewater.example", provider="smtp", per_second=1000
    )

    def plan_mail(**given: Any) -> Communication:
        values = {"channel": "email", "to_address": "ana@example.org", "subject": "Your appointment is booked"}
        return plan(**values | given)

    return plan_mail


def test_email_arrives_with_text_and_invite(mail: Callable[..., Communication], smtp: SmtpDouble) -> None:
    row = mail(body="Grüße,\nsee you on Friday.", attachments=[INVITE])

    dispatch_due()

    (arrived,) = smtp.accepted
    parts = {part.get_content_type(): part for part in arrived.walk()}
    assert arrived["Subject"] == "Your appointment is booked"
    assert arrived["From"] == "Tidewater Clinic <desk@tidewater.example>"
    assert arrived["To"] == "ana@example.org"
    assert arrived["Message-ID"] == f"<{row.pk.hex}@tidewater.example>"
    assert parts["text/plain"].get_payload(decode=True).decode().startswith("Grüße")
    assert parts["text/calendar"].get_param("method") == "REQUEST"
    assert "Núñez" in parts["text/calendar"].get_payload(decode=True).decode()
    assert parts["application/ics"].get_filename() == "invite.ics"
    assert (reload(row).status, reload(row).provider) == (Status.SENT, "smtp")


def test_email_may_leave_at_night(mail: Callable[..., Communication], smtp: SmtpDouble, noon: Any) -> None:
    noon.move_to(dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC))
    row = mail(category="reminder")

    dispatch_due()

    assert reload(row).status == Status.SENT


def test_unknown_mailbox_is_final_and_remembered(mail: Callable[..., Communication], smtp: SmtpDouble) -> None:
    smtp.meet(REFUSE_RECIPIENT)
    row = mail()

    dispatch_due()

    assert (reload(row).status, reload(row).error_code) == (Status.FAILED, "smtp_550")
    assert "mailbox does not exist" in reload(row).reason
    assert ContactState.objects.get(channel="email").unreachable_code == "smtp_550"


def test_busy_mail_server_is_tried_again(mail: Callable[..., Communication], smtp: SmtpDouble, noon: Any) -> None:
    smtp.meet(BUSY)
    row = mail()
    dispatch_due()
    assert (reload(row).status, reload(row).error_code) == (Status.QUEUED, "smtp_451")

    noon.shift(dt.timedelta(seconds=5))
    dispatch_due()

    assert reload(row).status == Status.SENT
    assert len(smtp.accepted) == 1


def test_mail_server_that_is_down_is_tried_again(
    mail: Callable[..., Communication], smtp: SmtpDouble, settings: Any
) -> None:
    settings.EMAIL_PORT = 1
    row = mail()

    dispatch_due()

    assert (reload(row).status, reload(row).error_code) == (Status.QUEUED, "connection")


def test_mail_without_an_answer_waits_for_a_person_and_the_next_one_goes_on(
    mail: Callable[..., Communication], smtp: SmtpDouble, noon: Any
) -> None:
    smtp.meet(HANG_UP)
    lost, following = mail(), mail()
    dispatch_due()
    assert (reload(lost).status, reload(following).status) == (Status.AMBIGUOUS, Status.SENT)

    for _look in range(6):
        noon.shift(dt.timedelta(minutes=10))
        reconcile_ambiguous()
        dispatch_due()

    assert reload(lost).status == Status.AMBIGUOUS
    assert len(smtp.accepted) == 2
