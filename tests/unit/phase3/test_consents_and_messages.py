"""What becomes of planned messages when their patient says no, and yes again."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.communications import registry
from apps.communications.models import Communication, Status
from apps.communications.registry import Context
from apps.communications.services import cancel_communication, opt_in, opt_out, plan_communication
from apps.core.actors import SYSTEM
from apps.patients import services
from tests.fixtures.background import drain
from tests.fixtures.outbound import NOON, PHONE
from tests.fixtures.patients import ContactPointFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "consents")]
DAY = dt.timedelta(days=1)
EMAIL = "ana@example.org"
OTHER_PHONE = "+14155550143"


def plan(patient, key: str = "reminder", *, due_at: dt.datetime = NOON + DAY, **values: object) -> Communication:
    return plan_communication(
        organization=patient.organization,
        patient=patient,
        channel="whatsapp",
        to_address=PHONE,
        body="See you tomorrow.",
        dedupe_key=key,
        due_at=due_at,
        not_after=due_at + DAY,
        actor=SYSTEM,
        **{"category": "reminder", **values},
    )


def say(patient, status: str, channel: str = "whatsapp") -> None:
    services.set_consent(patient=patient, purpose=channel, status=status, source="STOP keyword", actor=SYSTEM)
    drain()


def ledger() -> list[tuple[str, str]]:
    return list(Communication.objects.order_by("id").values_list("channel", "status"))


def test_a_no_by_mistake_costs_no_reminder(patient):
    planned = plan(patient)
    say(patient, "withdrawn")
    assert ledger() == [("whatsapp", Status.BLOCKED)]
    say(patient, "active")
    assert ledger() == [("whatsapp", Status.BLOCKED), ("whatsapp", Status.SCHEDULED)]
    again = Communication.objects.get(status=Status.SCHEDULED)
    assert (again.due_at, again.not_after, again.body) == (planned.due_at, planned.not_after, planned.body)


def test_nor_does_a_no_that_the_desk_undoes(patient):
    plan(patient)
    say(patient, "withdrawn")
    services.take_back_answer(patient=patient, purpose="whatsapp", status="withdrawn", actor=SYSTEM)
    drain()
    assert ledger()[-1] == ("whatsapp", Status.SCHEDULED)


def test_nor_does_a_first_answer_that_is_undone(patient, consents):
    consents[0].delete()
    plan(patient)
    say(patient, "refused")
    assert ledger() == [("whatsapp", Status.BLOCKED)]
    services.take_back_answer(patient=patient, purpose="whatsapp", status="refused", actor=SYSTEM)
    drain()
    assert ledger()[-1] == ("whatsapp", Status.SCHEDULED)


def test_however_often_they_change_their_mind_there_is_one(patient):
    plan(patient)
    for _time in range(3):
        say(patient, "withdrawn")
        say(patient, "active")
    assert [status for _channel, status in ledger()].count(Status.SCHEDULED) == 1
    assert len(ledger()) == 4


def test_who_changes_their_mind_without_end_stays_blocked_and_nothing_breaks(patient):
    plan(patient)
    for _time in range(22):
        say(patient, "withdrawn")
        say(patient, "active")
    assert {status for _channel, status in ledger()} == {Status.BLOCKED}


def test_what_came_due_meanwhile_is_not_sent_late(patient, noon):
    plan(patient)
    say(patient, "withdrawn")
    noon.shift(2 * DAY)
    say(patient, "active")
    assert ledger() == [("whatsapp", Status.BLOCKED)]


def test_another_channel_s_yes_changes_nothing(patient):
    plan(patient)
    say(patient, "withdrawn")
    say(patient, "withdrawn", "sms")
    say(patient, "active", "sms")
    assert ledger() == [("whatsapp", Status.BLOCKED)]


def test_another_address_takes_over_at_the_same_hour_and_keeps_it(patient):
    planned = plan(patient, fallback_channels=[("email", EMAIL)])
    say(patient, "withdrawn")
    following = Communication.objects.get(channel="email")
    assert (following.status, following.due_at) == (Status.SCHEDULED, planned.due_at)
    say(patient, "active")
    assert ledger() == [("whatsapp", Status.BLOCKED), ("email", Status.SCHEDULED)]


def test_what_staff_called_off_there_is_not_planned_here(patient):
    plan(patient, fallback_channels=[("email", EMAIL)])
    say(patient, "withdrawn")
    cancel_communication(communication=Communication.objects.get(channel="email"), reason="No longer", actor=SYSTEM)
    say(patient, "active")
    assert ledger() == [("whatsapp", Status.BLOCKED), ("email", Status.CANCELLED)]


def test_what_has_no_reason_any_more_stays_blocked(patient, monkeypatch):
    monkeypatch.setitem(registry._guards, "tests.visit", lambda _row: "The visit was moved.")
    plan(patient, context=Context("tests.visit", patient.pk))
    say(patient, "withdrawn")
    say(patient, "active")
    assert ledger() == [("whatsapp", Status.BLOCKED)]


# ── the words STOP and START, which opt the address out as well ───────────────────────────────────────────────────────


def write(patient, word: str, address: str = PHONE) -> None:
    tell = {"STOP": opt_out, "START": opt_in}[word]
    tell(organization=patient.organization, channel="whatsapp", address=address, source=f"{word} keyword", actor=SYSTEM)
    drain()


def test_stop_and_start_on_the_phone_cost_no_reminder(patient):
    planned = plan(patient)
    write(patient, "STOP")
    assert ledger() == [("whatsapp", Status.BLOCKED)]
    write(patient, "START")
    assert ledger() == [("whatsapp", Status.BLOCKED), ("whatsapp", Status.SCHEDULED)]
    assert Communication.objects.get(status=Status.SCHEDULED).due_at == planned.due_at


def test_start_on_one_phone_plans_nothing_for_another_that_still_stands_at_stop(patient):
    ContactPointFactory(patient=patient, value=OTHER_PHONE)
    plan(patient)
    write(patient, "STOP")
    write(patient, "START", OTHER_PHONE)
    assert ledger() == [("whatsapp", Status.BLOCKED)]


def test_an_answer_in_a_conversation_that_stop_held_back_is_not_sent_after_start(patient):
    plan(patient, category="reply")
    write(patient, "STOP")
    write(patient, "START")
    assert ledger() == [("whatsapp", Status.BLOCKED)]
