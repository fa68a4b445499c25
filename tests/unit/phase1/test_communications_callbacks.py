"""Status callbacks: any order, any number of times, before and after our own commit (R7)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any

import pytest
from django.db import connection

from apps.communications.models import Communication, ContactState, Status
from apps.communications.services import apply_status, dispatch_due
from apps.communications.services.callbacks import STATUS_OF
from apps.communications.services.outcomes import RANK
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.outbound import NOON, PHONE, reload
from tests.fixtures.twilio_double import HANG, TwilioDouble

Plan = Callable[..., Communication]


def report(row: Communication, status: str, *, sid: str = "SM1", error_code: str = "", by_id: bool = True) -> bool:
    with organization_scope(row.organization_id):
        return apply_status(
            organization=row.organization,
            provider="twilio",
            provider_id=sid,
            communication_id=row.pk if by_id else None,
            status=status,
            error_code=error_code,
            occurred_at=NOON,
        )


@pytest.fixture
def sending(organization: Any, patient: Any) -> Communication:
    return CommunicationFactory(
        organization=organization,
        patient=patient,
        channel="sms",
        status="sending",
        lease_until=NOON,
        provider="twilio",
        attempts=1,
    )


@pytest.mark.parametrize("order", list(permutations(["queued", "sent", "delivered", "read"])), ids="-".join)
def test_good_news_in_any_order_ends_as_read(sending: Communication, order: tuple[str, ...]) -> None:
    stages = []
    for status in order:
        report(sending, status)
        stages.append(RANK[reload(sending).status])

    row = reload(sending)
    assert stages == sorted(stages)
    assert (row.status, row.provider_id) == (Status.READ, "SM1")
    assert None not in (row.sent_at, row.delivered_at, row.read_at)


@pytest.mark.parametrize("order", list(permutations(["sent", "undelivered", "failed"])), ids="-".join)
def test_bad_news_in_any_order_ends_as_not_delivered(sending: Communication, order: tuple[str, ...]) -> None:
    for status in order:
        report(sending, status, error_code="30003" if status != "sent" else "")

    row = reload(sending)
    assert (row.status, row.error_code) == (Status.UNDELIVERED, "30003")
    assert "switched off" in row.reason


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "failed"])), ids="-".join)
def test_what_arrived_has_arrived_whatever_else_is_said(sending: Communication, order: tuple[str, ...]) -> None:
    for status in order:
        report(sending, status, error_code="30008" if status == "failed" else "")

    row = reload(sending)
    assert (row.status, row.error_code, row.reason) == (Status.DELIVERED, "", "")


def test_repeated_callback_has_no_second_effect(sending: Communication) -> None:
    assert [report(sending, "delivered") for _time in range(5)] == [True, False, False, False, False]
    assert Event.objects.filter(subject_id=sending.pk).count() == 1


@pytest.mark.django_db(transaction=True)
def test_callback_five_times_in_parallel_has_one_effect(sending: Communication) -> None:
    def once(_number: int) -> bool:
        try:
            return report(sending, "undelivered", error_code="30005")
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        moved = list(pool.map(once, range(5)))

    assert sorted(moved) == [False, False, False, False, True]
    with organization_scope(sending.organization_id):
        assert Event.objects.filter(subject_id=sending.pk).count() == 1


def test_row_is_found_by_the_provider_s_id_alone(sending: Communication) -> None:
    report(sending, "sent", sid="SM9")

    assert report(sending, "delivered", sid="SM9", by_id=False)
    assert reload(sending).status == Status.DELIVERED


@pytest.mark.parametrize(("status", "sid"), [("sent", "SM-other"), ("teleported", "SM1")])
def test_unknown_message_and_unknown_word_change_nothing(sending: Communication, status: str, sid: str) -> None:
    assert report(sending, status, sid=sid, by_id=False) is False
    assert reload(sending).status == Status.SENDING


def test_second_message_for_one_row_is_not_mixed_up_with_the_first(sending: Communication) -> None:
    report(sending, "sent", sid="SM1")

    assert report(sending, "read", sid="SM2") is False
    assert (reload(sending).status, reload(sending).provider_id) == (Status.SENT, "SM1")


def test_foreign_organization_can_not_report_on_our_row(sending: Communication, other_organization: Any) -> None:
    with organization_scope(other_organization.pk):
        moved = apply_status(
            organization=other_organization,
            provider="twilio",
            provider_id="SM1",
            communication_id=sending.pk,
            status="delivered",
            occurred_at=NOON,
        )

    assert moved is False
    assert reload(sending).status == Status.SENDING


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("noon", "twilio_senders")
def test_callback_that_overtakes_our_own_commit_is_kept(plan: Plan, twilio_double: TwilioDouble) -> None:
    """Twilio reports `delivered` while our request still waits for its answer."""
    row = plan()
    twilio_double.rule = lambda _form: HANG

    def report_while_hanging() -> None:
        try:
            assert twilio_double.hanging.wait(10)
            report(row, "delivered", sid=twilio_double.accepted[0]["sid"])
        finally:
            twilio_double.release()
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        reported = pool.submit(report_while_hanging)
        dispatch_due()
        reported.result()

    settled = reload(row)
    assert (settled.status, settled.provider_id) == (Status.DELIVERED, twilio_double.accepted[0]["sid"])
    with organization_scope(row.organization_id):
        events = Event.objects.filter(subject_id=row.pk).order_by("id")
        assert list(events.values_list("type", flat=True)) == ["communication.planned", "communication.delivered"]


@pytest.mark.usefixtures("noon")
def test_ambiguous_row_is_resolved_by_its_callback(sending: Communication) -> None:
    Communication.objects.filter(pk=sending.pk).update(status="ambiguous")

    report(sending, "delivered", sid="SM7")

    assert (reload(sending).status, reload(sending).provider_id) == (Status.DELIVERED, "SM7")


def test_row_taken_for_not_sent_is_corrected_by_proof(sending: Communication) -> None:
    Communication.objects.filter(pk=sending.pk).update(status="failed", error_code="not_accepted")

    report(sending, "sent", sid="SM7")

    assert (reload(sending).status, reload(sending).error_code) == (Status.SENT, "")


def test_queued_row_whose_attempt_got_through_after_all_is_not_sent_again(sending: Communication) -> None:
    Communication.objects.filter(pk=sending.pk).update(status="queued", due_at=NOON, lease_until=None)

    report(sending, "sent", sid="SM7")

    assert dispatch_due() == 0
    assert reload(sending).status == Status.SENT


def test_delivery_failure_starts_the_fallback_once(sending: Communication) -> None:
    Communication.objects.filter(pk=sending.pk).update(fallback_channels=[["email", "ana@example.org"]])

    for status in ("failed", "undelivered", "undelivered"):
        report(sending, status, error_code="30006")

    assert [row.channel for row in reload(sending).fallbacks.all()] == ["email"]


@pytest.mark.parametrize(
    ("code", "unreachable", "opted_out"), [("30005", True, False), ("30003", False, False), ("63014", False, True)]
)
def test_failure_teaches_about_the_address(
    sending: Communication, code: str, unreachable: bool, opted_out: bool
) -> None:
    report(sending, "undelivered", error_code=code)

    state = ContactState.objects.filter(channel="sms", address=PHONE).first()
    assert bool(state and state.unreachable_at) is unreachable
    assert bool(state and state.opted_out_at) is opted_out


@pytest.mark.parametrize(
    ("word", "status", "reason"),
    [
        ("completed", Status.DELIVERED, ""),
        ("no-answer", Status.UNDELIVERED, "Nobody answered"),
        ("busy", Status.UNDELIVERED, "busy"),
    ],
)
def test_call_s_words_are_understood(sending: Communication, word: str, status: str, reason: str) -> None:
    report(sending, word, sid="CA1")

    assert reload(sending).status == status
    assert reason in reload(sending).reason


def test_every_word_leads_to_a_status_with_a_rank() -> None:
    assert {RANK[status] for status in STATUS_OF.values()} == {4, 5, 6, 7, 8}
