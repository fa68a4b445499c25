"""Two at once: dispatchers, opt-outs, cancellations, and workers that die; each defence with its control.

Random races in numbers are in `tests/performance/test_dispatch_reliability.py`.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.communications import policy
from apps.communications.models import Communication, Status
from apps.communications.providers.base import Outgoing
from apps.communications.providers.twilio import TwilioProvider
from apps.communications.services import (
    cancel_communication,
    dispatch_due,
    opt_out,
    plan_communication,
    reconcile_ambiguous,
)
from apps.communications.services import dispatch as dispatcher
from apps.core.actors import SYSTEM
from apps.core.ids import uuid7
from apps.core.tenancy import organization_scope
from apps.patients.models import ConsentStatus
from apps.patients.services import set_consent
from tests.fixtures.outbound import PHONE, reload
from tests.fixtures.twilio_double import TwilioDouble

Plan = Callable[..., Communication]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("noon", "twilio_senders", "consents")]


def in_thread(work: Callable[[], Any]) -> Callable[[], Any]:
    """Return the work with its thread's database connection closed behind it."""

    def run() -> Any:
        try:
            return work()
        finally:
            connection.close()

    return run


def together(*works: Callable[[], Any]) -> list[Any]:
    """Run all at once, each in its own thread and connection; return their results."""
    barrier = threading.Barrier(len(works))

    def started(work: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            barrier.wait()
            return work()

        return in_thread(run)

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(started(work)) for work in works]]


def stop(row: Communication) -> int:
    with organization_scope(row.organization_id):
        return opt_out(
            organization=row.organization, channel="sms", address=row.to_address, source="STOP keyword", actor=SYSTEM
        )


def test_two_dispatchers_send_each_message_once(plan: Plan, twilio_double: TwilioDouble) -> None:
    rows = [plan() for _number in range(40)]

    def drain() -> None:
        while dispatch_due(limit=7):
            pass

    together(drain, drain, drain)

    assert sorted(twilio_double.bodies()) == sorted(row.body for row in rows)
    assert {reload(row).status for row in rows} == {Status.SENT}


def test_slow_dispatcher_leaves_alone_what_another_one_sent(plan: Plan, twilio_double: TwilioDouble, noon: Any) -> None:
    """Its lease ran out between claiming and marking; meanwhile the row was claimed and sent by somebody else."""
    plan()
    held = dispatcher._claim(10)
    noon.shift(dt.timedelta(minutes=3))
    dispatch_due()

    for (organization, channel), rows in held:
        dispatcher._send_group(organization, channel, rows)

    assert len(twilio_double.accepted) == 1


def without_asking_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the defence away: trust what was read when the row was claimed."""
    monkeypatch.setattr(dispatcher, "_lock_claimed", lambda rows: rows)


def test_control_trusting_the_claim_would_send_twice(
    plan: Plan, twilio_double: TwilioDouble, noon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan()
    held = dispatcher._claim(10)
    noon.shift(dt.timedelta(minutes=3))
    dispatch_due()

    without_asking_again(monkeypatch)
    for (organization, channel), rows in held:
        dispatcher._send_group(organization, channel, rows)

    assert len(twilio_double.accepted) == 2


@pytest.mark.parametrize("defended", [True, False], ids=["defended", "control"])
def test_cancelled_between_claim_and_send(
    plan: Plan, twilio_double: TwilioDouble, monkeypatch: pytest.MonkeyPatch, defended: bool
) -> None:
    row = plan()
    held = dispatcher._claim(10)
    with organization_scope(row.organization_id):
        cancel_communication(communication=row, reason="Sent by mistake", actor=SYSTEM)
    if not defended:
        without_asking_again(monkeypatch)

    for (organization, channel), rows in held:
        dispatcher._send_group(organization, channel, rows)

    assert len(twilio_double.accepted) == (0 if defended else 1)


def test_opt_out_waits_for_a_row_that_is_just_being_marked(
    plan: Plan, twilio_double: TwilioDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dispatcher has decided and not committed yet: the opt-out comes second, and finds the row on its way."""
    row = plan()
    decided, go_on = threading.Event(), threading.Event()
    judge = policy.judge

    def judge_slowly(facts: policy.Facts, now: dt.datetime) -> policy.Decision:
        decision = judge(facts, now)
        decided.set()
        assert go_on.wait(10)
        return decision

    monkeypatch.setattr(policy, "judge", judge_slowly)
    with ThreadPoolExecutor(2) as pool:
        sending = pool.submit(in_thread(dispatch_due))
        assert decided.wait(10)
        stopping = pool.submit(in_thread(lambda: stop(row)))
        assert_waits_for_a_lock()
        assert not stopping.done()
        go_on.set()
        sending.result()
        assert stopping.result() == 0

    assert reload(row).status == Status.SENT


def test_consent_is_not_withdrawn_between_decision_and_mark(
    plan: Plan, patient: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = plan(category="reminder")
    decided, go_on = threading.Event(), threading.Event()
    judge = policy.judge

    def judge_slowly(facts: policy.Facts, now: dt.datetime) -> policy.Decision:
        decided.set()
        assert go_on.wait(10)
        return judge(facts, now)

    def withdraw() -> None:
        with organization_scope(patient.organization_id):
            set_consent(
                patient=patient, purpose="sms", status=ConsentStatus.WITHDRAWN, source="front desk", actor=SYSTEM
            )

    monkeypatch.setattr(policy, "judge", judge_slowly)
    with ThreadPoolExecutor(2) as pool:
        sending = pool.submit(in_thread(dispatch_due))
        assert decided.wait(10)
        withdrawing = pool.submit(in_thread(withdraw))
        assert_waits_for_a_lock()
        go_on.set()
        sending.result()
        withdrawing.result()

    assert reload(row).status == Status.SENT


def assert_waits_for_a_lock() -> None:
    """Watch PostgreSQL until another session waits for a lock."""
    deadline = timezone.now() + dt.timedelta(seconds=10)
    with connection.cursor() as cursor:
        while timezone.now() < deadline:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")


class WorkerDied(BaseException):
    """The process is gone: nothing after this line runs."""


@pytest.mark.parametrize("accepted_first", [True, False], ids=["after it was accepted", "before it left"])
def test_worker_that_dies_while_sending_leaves_an_uncertain_row_that_is_not_sent_again(
    plan: Plan, twilio_double: TwilioDouble, monkeypatch: pytest.MonkeyPatch, noon: Any, accepted_first: bool
) -> None:
    row = plan()
    send = TwilioProvider.send

    def die(self: TwilioProvider, account: Any, messages: list[Outgoing]) -> Any:
        if accepted_first:
            send(self, account, messages)
        raise WorkerDied

    monkeypatch.setattr(TwilioProvider, "send", die)
    with pytest.raises(WorkerDied):
        dispatch_due()
    monkeypatch.setattr(TwilioProvider, "send", send)
    assert reload(row).status == Status.SENDING

    noon.shift(dt.timedelta(minutes=2))
    assert dispatch_due() == 0
    for _look in range(6):
        reconcile_ambiguous()
        noon.shift(dt.timedelta(minutes=5))

    assert reload(row).status == (Status.SENT if accepted_first else Status.FAILED)
    assert len(twilio_double.accepted) == (1 if accepted_first else 0)


def test_worker_that_dies_after_claiming_loses_nothing(plan: Plan, twilio_double: TwilioDouble, noon: Any) -> None:
    row = plan()
    dispatcher._claim(10)

    assert dispatch_due() == 0
    noon.shift(dt.timedelta(minutes=3))
    dispatch_due()

    assert (reload(row).status, reload(row).attempts) == (Status.SENT, 1)
    assert len(twilio_double.accepted) == 1


def test_late_answer_of_a_slow_worker_is_still_believed(
    plan: Plan, twilio_double: TwilioDouble, noon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease ran out while the provider took its time: the row is uncertain until the answer comes after all."""
    row = plan()
    send = TwilioProvider.send

    def slow(self: TwilioProvider, account: Any, messages: list[Outgoing]) -> Any:
        outcomes = send(self, account, messages)
        noon.shift(dt.timedelta(minutes=2))
        twilio_double.hides_accepted = True
        reconcile_ambiguous()
        seen.append(reload(row).status)
        return outcomes

    seen: list[str] = []
    monkeypatch.setattr(TwilioProvider, "send", slow)
    dispatch_due()

    assert seen == [Status.AMBIGUOUS]
    assert reload(row).status == Status.SENT


def test_conversation_planned_by_many_leaves_in_the_order_of_planning(
    plan: Plan, organization: Any, patient: Any, twilio_double: TwilioDouble
) -> None:
    thread = uuid7()
    for number in range(12):
        plan(body=f"Line {number:02d}", conversation_id=thread)

    def drain() -> None:
        while len(twilio_double.accepted) < 12:
            dispatch_due(limit=3)

    together(drain, drain)

    assert twilio_double.bodies() == [f"Line {number:02d}" for number in range(12)]


def test_fallback_is_planned_once_when_failure_is_reported_by_many(plan: Plan, organization: Any) -> None:
    with organization_scope(organization.pk):
        first = plan_communication(
            organization=organization,
            channel="whatsapp",
            category="reply",
            to_address=PHONE,
            body="Hello",
            dedupe_key="chain",
            actor=SYSTEM,
            fallback_channels=[("sms", PHONE)],
        )

    together(dispatch_due, dispatch_due, dispatch_due)

    with organization_scope(organization.pk):
        assert reload(first).status == Status.BLOCKED
        assert Communication.objects.filter(fallback_of=first).count() == 1
