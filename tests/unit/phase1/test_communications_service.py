"""Planning, cancelling and sending again: the ledger's own services."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.communications.models import Channel, Communication, Status
from apps.communications.services import (
    Context,
    cancel_communication,
    cancel_for_context,
    plan_communication,
    pull_forward,
    record_skipped_communication,
    resend_communication,
)
from apps.core.actors import BOT, SYSTEM, Actor, ActorKind
from apps.core.errors import InvalidInput, InvalidTransition, NotAllowed
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.outbound import PHONE, reload

Plan = Callable[..., Communication]


def events_of(row: Communication) -> list[str]:
    with organization_scope(row.organization_id):
        return list(Event.objects.filter(subject_id=row.pk).order_by("id").values_list("type", flat=True))


@pytest.mark.parametrize(
    ("channel", "address"),
    [("whatsapp", PHONE), ("sms", PHONE), ("voice", PHONE), ("email", "ana@example.org")],
)
def test_message_is_created_on_each_channel(plan: Plan, channel: str, address: str) -> None:
    row = plan(channel=channel, to_address=address, subject="A message from the clinic", body="See you soon")

    assert (row.channel, row.to_address, row.status) == (channel, address, Status.QUEUED)
    assert events_of(row) == ["communication.planned"]


def test_message_due_later_is_scheduled_not_queued(plan: Plan) -> None:
    tomorrow = timezone.now() + dt.timedelta(days=1)

    row = plan(due_at=tomorrow)

    assert (row.status, row.due_at) == (Status.SCHEDULED, tomorrow)


def test_message_due_in_the_past_is_queued_at_once(plan: Plan) -> None:
    assert plan(due_at=timezone.now() - dt.timedelta(minutes=5)).status == Status.QUEUED


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("channel", {"channel": "telegram"}),
        ("channel", {"channel": "pigeon"}),
        ("category", {"category": "advertising"}),
        ("to_address", {"to_address": "4155550142"}),
        ("to_address", {"to_address": "+1-415-555-0142"}),
        ("to_address", {"channel": "email", "subject": "Hello", "to_address": "nobody"}),
        ("subject", {"channel": "email", "to_address": "ana@example.org"}),
        ("body", {"body": "  \n "}),
        ("body", {"body": "x" * 1601}),
        ("dedupe_key", {"dedupe_key": ""}),
        ("dedupe_key", {"dedupe_key": "k" * 201}),
    ],
)
def test_impossible_message_is_refused_with_the_field(plan: Plan, field: str, values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        plan(**values)

    assert list(refused.value.errors) == [field]


def test_unknown_channel_is_refused_by_its_own_code(plan: Plan) -> None:
    with pytest.raises(InvalidInput) as refused:
        plan(channel="telegram")

    assert refused.value.code == "invalid_channel"
    assert "telegram" in refused.value.message


def test_same_key_gives_the_same_row_and_one_event(plan: Plan) -> None:
    first = plan(dedupe_key="appointment:1:reminder")

    second = plan(dedupe_key="appointment:1:reminder", body="Other words")

    assert second == first
    assert second.body == first.body
    assert events_of(first) == ["communication.planned"]


@pytest.mark.django_db(transaction=True)
def test_key_planned_by_ten_at_once_is_one_row(organization: Any, patient: Any) -> None:
    def plan_same(_number: int) -> uuid.UUID:
        try:
            with organization_scope(organization.pk):
                return plan_communication(
                    organization=organization,
                    channel="sms",
                    category="reminder",
                    to_address=PHONE,
                    body="We expect you tomorrow.",
                    dedupe_key="raced",
                    actor=SYSTEM,
                    patient=patient,
                ).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        planned = set(pool.map(plan_same, range(10)))

    with organization_scope(organization.pk):
        assert planned == set(Communication.objects.values_list("pk", flat=True))
        assert len(planned) == 1
        assert Event.objects.filter(type="communication.planned").count() == 1


def test_same_key_of_another_organization_is_another_row(plan: Plan, other_organization: Any) -> None:
    ours = plan(dedupe_key="shared")

    with organization_scope(other_organization.pk):
        theirs = plan_communication(
            organization=other_organization,
            channel="sms",
            category="reply",
            to_address=PHONE,
            body="Hello",
            dedupe_key="shared",
            actor=SYSTEM,
        )

    assert theirs.pk != ours.pk


def test_ledger_lists_by_patient_channel_and_status(organization: Any, plan: Plan) -> None:
    sms, mail = plan(), plan(channel="email", to_address="ana@example.org", subject="Hello")
    stranger = plan(patient=None)
    later = plan(due_at=timezone.now() + dt.timedelta(hours=1))

    rows = Communication.objects.for_organization(organization)
    assert set(rows.filter(patient=sms.patient)) == {sms, mail, later}
    assert set(rows.filter(channel=Channel.EMAIL)) == {mail}
    assert set(rows.filter(status=Status.SCHEDULED)) == {later}
    assert set(rows.filter(patient=None)) == {stranger}


def test_planned_message_is_cancelled_with_its_reason(plan: Plan, actor: Actor) -> None:
    row = plan(due_at=timezone.now() + dt.timedelta(hours=1))

    cancel_communication(communication=row, reason="Sent by mistake", actor=actor)

    row = reload(row)
    assert (row.status, row.reason) == (Status.CANCELLED, "Sent by mistake")
    assert events_of(row) == ["communication.planned", "communication.cancelled"]


def test_cancelling_twice_changes_nothing(plan: Plan, actor: Actor) -> None:
    row = plan()
    cancel_communication(communication=row, reason="First", actor=actor)

    cancel_communication(communication=row, reason="Second", actor=actor)

    assert reload(row).reason == "First"


@pytest.mark.parametrize("status", ["sent", "delivered", "failed", "ambiguous"])
def test_what_is_under_way_or_settled_can_not_be_cancelled(organization: Any, actor: Actor, status: str) -> None:
    row = CommunicationFactory(organization=organization, status=status)

    with pytest.raises(InvalidTransition):
        cancel_communication(communication=row, reason="", actor=actor)


def test_auditor_may_not_cancel(plan: Plan, auditor: Any) -> None:
    looker = Actor(kind=ActorKind.USER, permissions=frozenset(auditor.permissions))

    with pytest.raises(NotAllowed):
        cancel_communication(communication=plan(), reason="", actor=looker)


def test_all_that_is_planned_about_an_older_version_is_cancelled(organization: Any, plan: Plan) -> None:
    appointment = uuid.uuid4()
    old = plan(context=Context("appointment", appointment, 1), category="reminder")
    new = plan(context=Context("appointment", appointment, 2), category="reminder")
    notice = plan(context=Context("appointment", appointment, 1), category="notice")
    other = plan(context=Context("appointment", uuid.uuid4(), 1), category="reminder")

    count = cancel_for_context(
        organization=organization,
        context_type="appointment",
        context_id=appointment,
        reason="The visit was moved.",
        actor=SYSTEM,
        below_version=2,
        categories=["reminder"],
    )

    assert count == 1
    assert [reload(row).status for row in (old, new, notice, other)] == ["cancelled", "queued", "queued", "queued"]


def test_skipped_message_stays_in_the_ledger_with_its_reason(organization: Any, patient: Any) -> None:
    row = record_skipped_communication(
        organization=organization,
        channel="whatsapp",
        category="reminder",
        dedupe_key="skipped",
        reason="Skipped: booked after it was due.",
        actor=SYSTEM,
        due_at=timezone.now(),
        patient=patient,
    )

    assert (row.status, row.reason) == (Status.CANCELLED, "Skipped: booked after it was due.")
    assert events_of(row) == ["communication.skipped"]


@pytest.mark.parametrize("status", ["failed", "undelivered", "blocked", "cancelled", "ambiguous"])
def test_person_sends_again_what_was_not_delivered(organization: Any, actor: Actor, status: str) -> None:
    failed = CommunicationFactory(organization=organization, status=status, body="Your results are in.")

    again = resend_communication(communication=failed, actor=actor)

    assert again.pk != failed.pk
    assert (again.status, again.body, again.actor_id) == (Status.QUEUED, "Your results are in.", actor.id)
    assert reload(failed).status == status


def test_second_click_on_send_again_finds_the_first(organization: Any, actor: Actor) -> None:
    failed = CommunicationFactory(organization=organization, status="failed")

    assert resend_communication(communication=failed, actor=actor) == resend_communication(
        communication=failed, actor=actor
    )


def test_message_is_sent_again_after_the_second_one_failed_too(organization: Any, actor: Actor) -> None:
    failed = CommunicationFactory(organization=organization, status="failed")
    second = resend_communication(communication=failed, actor=actor)
    Communication.objects.filter(pk=second.pk).update(status="failed")

    third = resend_communication(communication=second, actor=actor)

    assert third.pk not in (failed.pk, second.pk)


@pytest.mark.parametrize("status", ["queued", "sent", "delivered", "read"])
def test_what_arrived_or_is_under_way_is_not_sent_again(organization: Any, actor: Actor, status: str) -> None:
    with pytest.raises(InvalidTransition):
        resend_communication(communication=CommunicationFactory(organization=organization, status=status), actor=actor)


@pytest.mark.parametrize("who", [SYSTEM, BOT])
def test_only_a_person_sends_again(organization: Any, who: Actor) -> None:
    failed = CommunicationFactory(organization=organization, status="failed")

    with pytest.raises(NotAllowed):
        resend_communication(communication=failed, actor=who)


def test_key_may_not_resend_what_may_have_arrived(organization: Any, actor: Actor) -> None:
    key = Actor(kind=ActorKind.API_KEY, permissions=actor.permissions)
    uncertain = CommunicationFactory(organization=organization, status="ambiguous")

    with pytest.raises(NotAllowed):
        resend_communication(communication=uncertain, actor=key)


@pytest.mark.usefixtures("sms_account")
def test_planned_message_is_pulled_forward_in_the_simulator(plan: Plan, actor: Actor) -> None:
    row = plan(due_at=timezone.now() + dt.timedelta(days=3))

    row = pull_forward(communication=row, actor=actor)

    assert (row.status, row.ignores_quiet_hours) == (Status.QUEUED, True)
    assert row.due_at <= timezone.now()


@pytest.mark.usefixtures("twilio_senders")
def test_real_message_waits_for_its_time(plan: Plan, actor: Actor) -> None:
    with pytest.raises(NotAllowed):
        pull_forward(communication=plan(due_at=timezone.now() + dt.timedelta(days=3)), actor=actor)


def test_row_of_another_organization_is_not_found(plan: Plan, other_organization: Any) -> None:
    row = plan()

    with organization_scope(other_organization.pk), pytest.raises(Communication.DoesNotExist):
        cancel_communication(communication=row, reason="", actor=SYSTEM)
