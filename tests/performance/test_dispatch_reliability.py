"""R3, R4 and R8 of the quality plan: killed workers, lost answers, and changes that race the send.

Prints its figures; run with `-s` to see them.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from apps.communications.models import Communication, Status
from apps.communications.services import (
    cancel_communication,
    cancel_for_context,
    dispatch_due,
    opt_in,
    opt_out,
    reconcile_ambiguous,
)
from apps.core.actors import SYSTEM
from apps.core.errors import InvalidTransition
from apps.core.ids import uuid7
from apps.core.tenancy import organization_scope
from tests.fixtures.communications import ChannelAccountFactory, CommunicationFactory
from tests.fixtures.dispatch_worker import Workers
from tests.fixtures.twilio_double import DROP, OK, TwilioDouble
from tests.processes import eventually

pytestmark = [pytest.mark.django_db(transaction=True)]
MESSAGES, KILLS, BETWEEN_KILLS = 1000, 20, 25
LOST_ANSWERS = 0.1
TRIALS, PER_ROUND = 1000, 20


@pytest.fixture
def sender(organization: Any, twilio_double: TwilioDouble) -> Any:
    return ChannelAccountFactory(
        organization=organization,
        channel="sms",
        address="+15550100000",
        provider="twilio",
        auth_token="",
        per_second=400,
    )


def fill(organization: Any, total: int, prefix: str) -> list[Communication]:
    """Put answers that are due now into the ledger, each to a phone of its own."""
    now = timezone.now()
    rows = CommunicationFactory.build_batch(
        total, organization=organization, patient=None, channel="sms", planned_at=now
    )
    for number, row in enumerate(rows):
        row.category, row.to_address = "reply", f"+1415{5_000_000 + number}"
        row.context_type, row.context_id, row.context_version = "visit", uuid7(), 1
        row.body, row.dedupe_key = f"{prefix} {number}", f"{prefix}:{number}"
    with organization_scope(organization.pk):
        return Communication.objects.bulk_create(rows)


def report(line: str) -> None:
    """Write a figure where `pytest -s` shows it."""
    sys.stdout.write(f"\n{line}\n")


def settle() -> None:
    """Let half an hour pass: leases run out, what is not certain is looked up until it is."""
    start = timezone.now()
    for minutes in (3, 4, 6, 9, 15, 25, 30):
        with time_machine.travel(start + dt.timedelta(minutes=minutes), tick=True):
            while dispatch_due() + reconcile_ambiguous():
                pass


def outcome(organization: Any, double: TwilioDouble) -> tuple[Counter[str], Counter[str]]:
    """Return the rows by status, and how often each text was accepted."""
    with organization_scope(organization.pk):
        return Counter(Communication.objects.values_list("status", flat=True)), Counter(double.bodies())


def test_r3_workers_killed_while_sending(organization: Any, sender: Any, twilio_double: TwilioDouble) -> None:
    fill(organization, MESSAGES, "killed")
    twilio_double.delay_seconds = 0.02

    with Workers(twilio_double) as workers:
        for _worker in range(2):
            workers.start_one()
        for kill in range(KILLS):
            progress = len(twilio_double.accepted) + BETWEEN_KILLS
            assert eventually(lambda progress=progress: len(twilio_double.accepted) >= progress, seconds=60), kill
            workers.kill_one()
            workers.start_one()

        def is_drained() -> bool:
            with organization_scope(organization.pk):
                return not Communication.objects.open().filter(lease_until=None).exists()

        assert eventually(is_drained, seconds=60)
    twilio_double.delay_seconds = 0
    settle()

    by_status, by_text = outcome(organization, twilio_double)
    repeated = sum(number > 1 for number in by_text.values())
    report(f"R3: {MESSAGES} messages, {KILLS} kills: {dict(by_status)}, sent twice: {repeated}")
    assert max(by_text.values()) == 1
    assert set(by_status) <= {Status.SENT, Status.FAILED}
    assert by_status[Status.SENT] == len(by_text)
    assert by_status.total() == MESSAGES
    with organization_scope(organization.pk):
        failed = Communication.objects.filter(status=Status.FAILED)
        assert set(failed.values_list("error_code", flat=True)) <= {"not_accepted"}
        assert not set(failed.values_list("body", flat=True)) & set(by_text)


def test_r4_answers_lost(organization: Any, sender: Any, twilio_double: TwilioDouble) -> None:
    dice = random.Random(4)
    twilio_double.rule = lambda _form: DROP if dice.random() < LOST_ANSWERS else OK
    fill(organization, 500, "lost")

    while dispatch_due():
        pass
    uncertain = outcome(organization, twilio_double)[0][Status.AMBIGUOUS]
    settle()

    by_status, by_text = outcome(organization, twilio_double)
    report(f"R4: 500 messages, {uncertain} answers lost: {dict(by_status)}")
    assert uncertain > 20
    assert by_status == {Status.SENT: 500}
    assert max(by_text.values()) == 1


def test_r8_changes_racing_the_send(organization: Any, sender: Any, twilio_double: TwilioDouble) -> None:
    """Rows are cancelled, opted out or their visit moved, in random order, while two dispatchers send them."""
    dice = random.Random(8)
    stopped = 0
    for number in range(TRIALS // PER_ROUND):
        rows = fill(organization, PER_ROUND, f"raced {number}")
        dice.shuffle(rows)
        stopped += sum(_race(_drain, _drain, lambda rows=rows: _stop_all(rows))[2])

    by_status, by_text = outcome(organization, twilio_double)
    report(f"R8: {TRIALS} races, {stopped} stopped in time, {len(by_text)} were on their way: {dict(by_status)}")
    assert max(by_text.values()) == 1
    assert by_status[Status.SENT] == len(by_text) == TRIALS - stopped
    assert by_status[Status.CANCELLED] + by_status[Status.BLOCKED] == stopped
    assert 0 < stopped < TRIALS
    with organization_scope(organization.pk):
        settled = Communication.objects.filter(status__in=[Status.CANCELLED, Status.BLOCKED])
        assert not set(settled.values_list("body", flat=True)) & set(by_text)


def _drain() -> None:
    while dispatch_due(limit=5):
        pass


def _stop_all(rows: list[Communication]) -> list[bool]:
    kinds = (_cancel, _opt_out, _move)
    return [kinds[index % 3](row) for index, row in enumerate(rows)]


def _cancel(row: Communication) -> bool:
    try:
        with organization_scope(row.organization_id):
            cancel_communication(communication=row, reason="Sent by mistake", actor=SYSTEM)
    except InvalidTransition:
        return False
    return True


def _opt_out(row: Communication) -> bool:
    person = {"organization": row.organization, "channel": "sms", "address": row.to_address, "actor": SYSTEM}
    with organization_scope(row.organization_id):
        stopped = opt_out(**person, source="STOP")
    with organization_scope(row.organization_id):
        opt_in(**person, source="START")  # the next round writes to the same phones
    return stopped == 1


def _move(row: Communication) -> bool:
    with organization_scope(row.organization_id):
        cancelled = cancel_for_context(
            organization=row.organization,
            context_type="visit",
            context_id=row.context_id,
            below_version=2,
            reason="The visit was moved",
            actor=SYSTEM,
        )
    return cancelled == 1


def _race(*works: Callable[[], Any]) -> list[Any]:
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(run, work) for work in works]]
