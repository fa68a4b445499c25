"""Sending in the background: through the real Twilio library to a recording Twilio over HTTP."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from apps.communications import registry
from apps.communications.models import ChannelAccount, Communication, ContactState, Status
from apps.communications.services import Context, dispatch_due, note_inbound, reconcile_ambiguous
from apps.communications.services.dispatch import MAX_ATTEMPTS
from apps.communications.tasks import dispatch, reconcile
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from apps.patients.models import Consent
from tests.fixtures.outbound import NOON, PHONE, reload
from tests.fixtures.twilio_double import DROP, FAULT, FAULT_BUT_ACCEPTED, GARBAGE, REFUSE_BUSY, TwilioDouble

Plan = Callable[..., Communication]
Senders = dict[str, ChannelAccount]
pytestmark = pytest.mark.usefixtures("noon", "twilio_senders", "consents")


def statuses(*rows: Communication) -> list[str]:
    return [reload(row).status for row in rows]


def test_sms_is_sent_in_the_background(plan: Plan, twilio_double: TwilioDouble) -> None:
    row = plan(body="See you soon")

    assert dispatch_due() == 1

    row = reload(row)
    (sent,) = twilio_double.accepted
    assert (sent["to"], sent["from"], sent["body"]) == (PHONE, "+15550100000", "See you soon")
    assert (row.status, row.provider, row.provider_id) == (Status.SENT, "twilio", sent["sid"])
    assert (row.attempts, row.from_address) == (1, "+15550100000")
    assert row.sent_at is not None


def test_status_callback_carries_our_id(plan: Plan, twilio_double: TwilioDouble, settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://portal.example.org"
    row = plan()

    dispatch_due()

    expected = f"https://portal.example.org/webhooks/twilio/status/?communication={row.pk}"
    assert twilio_double.accepted[0]["status_callback"] == expected


def test_whatsapp_addresses_carry_twilio_s_prefix(organization: Any, plan: Plan, twilio_double: TwilioDouble) -> None:
    note_inbound(organization=organization, channel="whatsapp", address=PHONE, at=NOON)
    plan(channel="whatsapp")

    dispatch_due()

    assert (twilio_double.accepted[0]["to"], twilio_double.accepted[0]["from"]) == (
        f"whatsapp:{PHONE}",
        "whatsapp:+15550100000",
    )


def test_template_goes_out_by_its_sid_and_variables(plan: Plan, twilio_double: TwilioDouble) -> None:
    plan(
        channel="whatsapp",
        category="reminder",
        body="Hi Ana, see you on Monday",
        content_sid="HX" + "1" * 32,
        content_variables={"1": "Ana", "2": "Monday"},
    )

    dispatch_due()

    (sent,) = twilio_double.accepted
    assert (sent["content_sid"], sent["body"]) == ("HX" + "1" * 32, "")
    assert json.loads(sent["content_variables"]) == {"1": "Ana", "2": "Monday"}


def test_messaging_service_sends_when_the_account_names_one(
    plan: Plan, twilio_double: TwilioDouble, twilio_senders: Senders
) -> None:
    ChannelAccount.objects.filter(pk=twilio_senders["sms"].pk).update(messaging_service_sid="MG" + "2" * 32)
    plan()

    dispatch_due()

    assert twilio_double.accepted[0]["messaging_service_sid"] == "MG" + "2" * 32


def test_call_says_the_words(plan: Plan, twilio_double: TwilioDouble) -> None:
    row = plan(channel="voice", category="reminder", body="Mañana a las nueve & cuarto", language="es")

    dispatch_due()

    (call,) = twilio_double.accepted
    assert call["kind"] == "Calls"
    assert '<Say language="es-US">Mañana a las nueve &amp; cuarto</Say>' in call["twiml"]
    assert reload(row).status == Status.SENT


def test_scheduled_message_waits_until_it_is_due(plan: Plan, twilio_double: TwilioDouble, noon: Any) -> None:
    row = plan(due_at=NOON + dt.timedelta(hours=2))

    assert dispatch_due() == 0
    noon.shift(dt.timedelta(hours=2, seconds=1))
    dispatch_due()

    assert reload(row).status == Status.SENT
    assert len(twilio_double.accepted) == 1


def test_sent_message_is_not_sent_by_the_next_run(plan: Plan, twilio_double: TwilioDouble) -> None:
    plan()

    assert [dispatch_due(), dispatch_due()] == [1, 0]
    assert len(twilio_double.accepted) == 1


def test_without_a_sender_the_message_is_blocked_in_words(plan: Plan, twilio_senders: Senders) -> None:
    ChannelAccount.objects.filter(pk=twilio_senders["sms"].pk).update(is_active=False)
    row = plan()

    dispatch_due()

    row = reload(row)
    assert (row.status, row.error_code) == (Status.BLOCKED, "no_account")
    assert "administrator" in row.reason


def test_busy_provider_is_tried_again_after_a_while(plan: Plan, twilio_double: TwilioDouble, noon: Any) -> None:
    twilio_double.meet(REFUSE_BUSY)
    row = plan()

    dispatch_due()

    waiting = reload(row)
    assert (waiting.status, waiting.attempts, waiting.error_code) == (Status.QUEUED, 1, "20429")
    assert dt.timedelta(seconds=0.9) < waiting.due_at - NOON < dt.timedelta(seconds=5)
    assert dispatch_due() == 0
    noon.shift(dt.timedelta(seconds=5))
    dispatch_due()
    assert (reload(row).status, reload(row).attempts) == (Status.SENT, 2)
    assert len(twilio_double.accepted) == 1


def test_refused_connection_is_tried_again(plan: Plan, twilio_double: TwilioDouble, settings: Any, noon: Any) -> None:
    settings.TWILIO_API_BASE_URL = "http://127.0.0.1:1"
    row = plan()
    dispatch_due()
    assert (reload(row).status, reload(row).error_code) == (Status.QUEUED, "connection")

    settings.TWILIO_API_BASE_URL = twilio_double.url
    noon.shift(dt.timedelta(seconds=5))
    dispatch_due()

    assert reload(row).status == Status.SENT


def test_refused_credentials_are_tried_again_and_named(
    plan: Plan, twilio_double: TwilioDouble, settings: Any, noon: Any
) -> None:
    settings.TWILIO_AUTH_TOKEN = "wrong"
    row = plan()

    dispatch_due()

    assert (reload(row).status, reload(row).error_code) == (Status.QUEUED, "20003")
    assert twilio_double.accepted == []


def test_attempts_end_after_many_and_the_row_says_so(plan: Plan, twilio_double: TwilioDouble, noon: Any) -> None:
    twilio_double.meet(*[REFUSE_BUSY] * MAX_ATTEMPTS)
    row = plan()

    for _attempt in range(MAX_ATTEMPTS):
        dispatch_due()
        noon.shift(dt.timedelta(minutes=16))

    row = reload(row)
    assert (row.status, row.error_code, row.attempts) == (Status.FAILED, "exhausted", MAX_ATTEMPTS)
    assert twilio_double.accepted == []


def test_fault_that_hid_an_acceptance_is_looked_up_instead_of_sent_twice(
    plan: Plan, twilio_double: TwilioDouble, noon: Any
) -> None:
    twilio_double.meet(FAULT_BUT_ACCEPTED)
    row = plan()
    dispatch_due()
    assert (reload(row).status, reload(row).maybe_accepted) == (Status.QUEUED, True)

    noon.shift(dt.timedelta(seconds=30))
    dispatch_due()

    assert len(twilio_double.accepted) == 1
    assert (reload(row).status, reload(row).provider_id) == (Status.SENT, twilio_double.accepted[0]["sid"])


def test_without_the_look_up_the_fault_would_have_sent_twice(
    plan: Plan, twilio_double: TwilioDouble, noon: Any
) -> None:
    """The control of the test above: the provider's record hidden, the message goes out again."""
    twilio_double.meet(FAULT_BUT_ACCEPTED)
    plan()
    dispatch_due()

    twilio_double.hides_accepted = True
    noon.shift(dt.timedelta(seconds=30))
    dispatch_due()

    assert len(twilio_double.accepted) == 2


def test_fault_that_sent_nothing_is_tried_again(plan: Plan, twilio_double: TwilioDouble, noon: Any) -> None:
    twilio_double.meet(FAULT)
    row = plan()
    dispatch_due()

    noon.shift(dt.timedelta(seconds=30))
    dispatch_due()

    assert reload(row).status == Status.SENT
    assert len(twilio_double.accepted) == 1


@pytest.mark.parametrize("behaviour", [DROP, GARBAGE])
def test_missing_answer_makes_the_row_ambiguous_and_is_never_repeated(
    plan: Plan, twilio_double: TwilioDouble, noon: Any, behaviour: str
) -> None:
    twilio_double.meet(behaviour)
    row = plan()

    dispatch_due()
    assert reload(row).status == Status.AMBIGUOUS

    noon.shift(dt.timedelta(hours=1))
    assert dispatch_due() == 0
    assert len(twilio_double.accepted) == 1


def test_ambiguous_row_is_resolved_by_looking_it_up(plan: Plan, twilio_double: TwilioDouble, noon: Any) -> None:
    twilio_double.meet(DROP)
    row = plan()
    dispatch_due()

    noon.shift(dt.timedelta(seconds=11))
    reconcile_ambiguous()

    row = reload(row)
    assert (row.status, row.provider_id) == (Status.SENT, twilio_double.accepted[0]["sid"])


def test_look_up_leaves_alone_what_belongs_to_another_row(plan: Plan, twilio_double: TwilioDouble, noon: Any) -> None:
    sent = plan(body="Same words")
    dispatch_due()
    twilio_double.meet(DROP)
    lost = plan(body="Same words")
    dispatch_due()

    noon.shift(dt.timedelta(seconds=11))
    reconcile_ambiguous()

    assert reload(sent).provider_id == twilio_double.accepted[0]["sid"]
    assert reload(lost).provider_id == twilio_double.accepted[1]["sid"]


def test_what_the_provider_never_had_is_said_to_be_not_sent(plan: Plan, twilio_double: TwilioDouble, noon: Any) -> None:
    twilio_double.meet(DROP)
    row = plan()
    dispatch_due()
    twilio_double.accepted.clear()

    for _look in range(6):
        noon.shift(dt.timedelta(minutes=4))
        reconcile_ambiguous()

    row = reload(row)
    assert (row.status, row.error_code) == (Status.FAILED, "not_accepted")
    assert "not sent" in row.reason


def test_provider_that_can_not_be_asked_keeps_the_row_uncertain(
    plan: Plan, twilio_double: TwilioDouble, settings: Any, noon: Any
) -> None:
    twilio_double.meet(DROP)
    row = plan()
    dispatch_due()
    settings.TWILIO_API_BASE_URL = "http://127.0.0.1:1"

    for _look in range(8):
        noon.shift(dt.timedelta(minutes=5))
        reconcile_ambiguous()

    assert reload(row).status == Status.AMBIGUOUS


@pytest.mark.parametrize(
    ("code", "words"), [("21211", "not a phone number"), ("21614", "mobile number"), ("21610", "STOP")]
)
def test_permanent_refusal_is_final_and_in_words(
    plan: Plan, twilio_double: TwilioDouble, noon: Any, code: str, words: str
) -> None:
    twilio_double.meet(code)
    row = plan()

    dispatch_due()
    noon.shift(dt.timedelta(hours=1))
    dispatch_due()

    row = reload(row)
    assert (row.status, row.error_code, row.attempts) == (Status.FAILED, code, 1)
    assert words in row.reason
    assert len(twilio_double.requests) == 1


@pytest.mark.parametrize("code", ["21211", "21614"])
def test_number_that_does_not_work_is_remembered(plan: Plan, twilio_double: TwilioDouble, code: str) -> None:
    twilio_double.meet(code)
    plan()
    dispatch_due()

    second = plan(category="reminder")
    dispatch_due()

    state = ContactState.objects.get(channel="sms", address=PHONE)
    assert (state.unreachable_code, state.unreachable_at is not None) == (code, True)
    assert (reload(second).status, reload(second).error_code) == (Status.BLOCKED, "unreachable")
    assert len(twilio_double.requests) == 1


def test_stop_known_to_the_carrier_withdraws_the_consent(patient: Any, plan: Plan, twilio_double: TwilioDouble) -> None:
    twilio_double.meet("21610")
    plan()

    dispatch_due()

    assert ContactState.objects.get(channel="sms", address=PHONE).opted_out_at is not None
    assert Consent.objects.get(patient=patient, purpose="sms").status == "withdrawn"


def test_blocked_or_failed_message_falls_back_to_the_next_channel(plan: Plan, twilio_double: TwilioDouble) -> None:
    row = plan(
        channel="whatsapp",
        category="reminder",
        body="Long words",
        fallback_channels=[("sms", PHONE, {"body": "Short words"}), ("email", "ana@example.org")],
    )

    dispatch_due()
    assert (reload(row).status, reload(row).error_code) == (Status.BLOCKED, "window_closed")
    twilio_double.meet("21614")
    dispatch_due()

    by_sms = reload(row).fallbacks.get()
    by_email = by_sms.fallbacks.get()
    assert (by_sms.channel, by_sms.body, by_sms.status) == ("sms", "Short words", Status.FAILED)
    assert (by_email.channel, by_email.to_address, by_email.status) == ("email", "ana@example.org", Status.QUEUED)
    assert by_email.subject == "A message from Tidewater Clinic"
    assert by_email.fallback_channels == []


def test_refusal_by_the_person_is_not_followed_to_the_same_number(plan: Plan, twilio_double: TwilioDouble) -> None:
    Consent.objects.filter(purpose="whatsapp").update(status="withdrawn")
    row = plan(
        channel="whatsapp",
        category="reminder",
        content_sid="HX" + "1" * 32,
        fallback_channels=[("sms", PHONE), ("email", "ana@example.org")],
    )

    dispatch_due()

    assert [fallback.channel for fallback in reload(row).fallbacks.all()] == ["email"]
    assert twilio_double.accepted == []


def test_ambiguous_message_has_no_fallback(plan: Plan, twilio_double: TwilioDouble) -> None:
    twilio_double.meet(DROP)
    row = plan(fallback_channels=[("email", "ana@example.org")])

    dispatch_due()

    assert not reload(row).fallbacks.exists()


def test_reminder_that_comes_due_at_night_waits_for_the_morning(
    plan: Plan, twilio_double: TwilioDouble, noon: Any
) -> None:
    row = plan(category="reminder", due_at=NOON + dt.timedelta(hours=13))
    noon.shift(dt.timedelta(hours=13, seconds=1))

    dispatch_due()

    row = reload(row)
    assert (row.status, row.due_at) == (Status.SCHEDULED, dt.datetime(2026, 11, 24, 16, 0, tzinfo=dt.UTC))
    assert row.legal_at == row.due_at
    noon.move_to(dt.datetime(2026, 11, 24, 16, 0, 1, tzinfo=dt.UTC))
    dispatch_due()
    assert reload(row).status == Status.SENT


def test_reminder_that_would_be_legal_only_after_the_visit_is_blocked(plan: Plan, noon: Any) -> None:
    row = plan(category="reminder", due_at=NOON + dt.timedelta(hours=13), not_after=NOON + dt.timedelta(hours=15))
    noon.shift(dt.timedelta(hours=13, seconds=1))

    dispatch_due()

    row = reload(row)
    assert (row.status, row.error_code) == (Status.BLOCKED, "quiet_hours")
    assert row.legal_at == dt.datetime(2026, 11, 24, 16, 0, tzinfo=dt.UTC)


def test_message_that_comes_too_late_is_cancelled(plan: Plan, twilio_double: TwilioDouble, noon: Any) -> None:
    row = plan(not_after=NOON + dt.timedelta(minutes=1))
    noon.shift(dt.timedelta(minutes=2))

    dispatch_due()

    assert (reload(row).status, twilio_double.accepted) == (Status.CANCELLED, [])
    assert "too late" in reload(row).reason


@pytest.fixture
def guarded() -> Iterator[dict[uuid.UUID, str | Exception]]:
    """Objects of type "visit" and why messages about them make no sense any more."""
    answers: dict[uuid.UUID, str | Exception] = {}

    def guard(row: Communication) -> str | None:
        answer = answers.get(row.context_id)
        if isinstance(answer, Exception):
            raise answer
        return answer

    registry.register_guard("visit", guard)
    yield answers
    registry._guards.pop("visit")


def test_guard_cancels_what_makes_no_sense_any_more(
    plan: Plan, twilio_double: TwilioDouble, guarded: dict[uuid.UUID, str | Exception]
) -> None:
    cancelled, kept = uuid.uuid4(), uuid.uuid4()
    guarded[cancelled] = "The visit was cancelled."
    gone, sent = plan(context=Context("visit", cancelled, 1)), plan(context=Context("visit", kept, 1))

    dispatch_due()

    assert (reload(gone).status, reload(gone).reason) == (Status.CANCELLED, "The visit was cancelled.")
    assert reload(sent).status == Status.SENT
    assert len(twilio_double.accepted) == 1


def test_failing_guard_holds_up_its_own_row_only(plan: Plan, guarded: dict[uuid.UUID, str | Exception]) -> None:
    broken = uuid.uuid4()
    guarded[broken] = LookupError("no such visit")
    stuck, sent = plan(context=Context("visit", broken, 1)), plan()

    dispatch_due()

    assert (reload(stuck).status, reload(stuck).error_code) == (Status.QUEUED, "guard_failed")
    assert reload(stuck).due_at > NOON
    assert reload(sent).status == Status.SENT


@pytest.fixture
def guarded_together() -> Iterator[tuple[dict[uuid.UUID, str | Exception], list[int]]]:
    """Objects of type "crowd", whose guard answers for many at once; also how many it was asked about each time."""
    answers: dict[uuid.UUID, str | Exception] = {}
    asked: list[int] = []

    def guard(rows: Sequence[Communication]) -> dict[uuid.UUID, str]:
        asked.append(len(rows))
        found = {row.pk: answers[row.context_id] for row in rows if row.context_id in answers}
        broken = next((answer for answer in found.values() if isinstance(answer, Exception)), None)
        if broken is not None:
            raise broken
        return found

    registry.register_guard("crowd", lambda row: guard([row]).get(row.pk), together=guard)
    yield answers, asked
    registry._guards.pop("crowd")
    registry._group_guards.pop("crowd")


def test_guard_for_many_is_asked_once_for_a_batch(
    plan: Plan, guarded_together: tuple[dict[uuid.UUID, str | Exception], list[int]]
) -> None:
    answers, asked = guarded_together
    cancelled = uuid.uuid4()
    answers[cancelled] = "The visit was cancelled."
    gone = plan(context=Context("crowd", cancelled, 1))
    sent = [plan(context=Context("crowd", uuid.uuid4(), 1)) for _number in range(3)]

    dispatch_due()

    assert (reload(gone).status, reload(gone).reason) == (Status.CANCELLED, "The visit was cancelled.")
    assert {reload(row).status for row in sent} == {Status.SENT}
    assert asked == [4]


def test_guard_for_many_that_fails_holds_up_the_one_row_it_fails_for(
    plan: Plan, guarded_together: tuple[dict[uuid.UUID, str | Exception], list[int]]
) -> None:
    answers, asked = guarded_together
    broken = uuid.uuid4()
    answers[broken] = LookupError("no such visit")
    stuck, *sent = (
        plan(context=Context("crowd", context_id, 1)) for context_id in (broken, uuid.uuid4(), uuid.uuid4())
    )

    dispatch_due()

    assert (reload(stuck).status, reload(stuck).error_code) == (Status.QUEUED, "guard_failed")
    assert {reload(row).status for row in sent} == {Status.SENT}
    assert asked == [3, 1, 1, 1]


def test_two_guards_for_one_type_are_a_mistake() -> None:
    def first(_row: Communication) -> None: ...

    def second(_row: Communication) -> None: ...

    registry.register_guard("once", first)
    with pytest.raises(RuntimeError):
        registry.register_guard("once", second)
    registry._guards.pop("once")


def test_messages_of_a_conversation_leave_in_order(plan: Plan, twilio_double: TwilioDouble, noon: Any) -> None:
    thread = uuid.uuid4()
    twilio_double.meet(REFUSE_BUSY)
    for number in range(4):
        plan(body=f"Line {number}", conversation_id=thread)

    for _run in range(8):
        dispatch_due()
        noon.shift(dt.timedelta(seconds=5))

    assert twilio_double.bodies() == [f"Line {number}" for number in range(4)]


def test_line_that_waits_for_its_predecessor_does_not_hold_up_other_threads(
    plan: Plan, twilio_double: TwilioDouble
) -> None:
    thread = uuid.uuid4()
    twilio_double.meet(REFUSE_BUSY)
    plan(body="First", conversation_id=thread)
    dispatch_due()
    waits, free = plan(body="Second", conversation_id=thread), plan(body="Elsewhere", conversation_id=uuid.uuid4())

    dispatch_due()

    assert statuses(waits, free) == [Status.QUEUED, Status.SENT]


def test_thread_goes_on_after_a_line_that_is_not_certain(plan: Plan, twilio_double: TwilioDouble) -> None:
    thread = uuid.uuid4()
    twilio_double.meet(DROP)
    lost, following = plan(conversation_id=thread), plan(conversation_id=thread)

    dispatch_due()
    dispatch_due()

    assert statuses(lost, following) == [Status.AMBIGUOUS, Status.SENT]


def test_answers_overtake_a_pile_of_reminders(plan: Plan, twilio_double: TwilioDouble) -> None:
    for _number in range(5):
        plan(category="reminder")
    plan(body="An answer")

    dispatch_due(limit=3)

    assert "An answer" in twilio_double.bodies()
    assert len(twilio_double.accepted) == 3


def test_pace_of_the_sender_gives_the_rest_back(
    plan: Plan, twilio_senders: Senders, twilio_double: TwilioDouble
) -> None:
    ChannelAccount.objects.filter(pk=twilio_senders["sms"].pk).update(per_second=2)
    rows = [plan() for _number in range(8)]

    dispatch_due()

    assert statuses(*rows).count(Status.SENT) == len(twilio_double.accepted) == 4
    assert statuses(*rows).count(Status.QUEUED) == 4


def test_one_organization_s_trouble_is_its_own(
    plan: Plan, other_organization: Any, twilio_double: TwilioDouble
) -> None:
    theirs, ours = plan(organization=other_organization, patient=None), plan()

    dispatch_due()

    assert (reload(ours).status, reload(theirs).status) == (Status.SENT, Status.BLOCKED)


def test_each_step_is_an_event_of_the_patient(plan: Plan, patient: Any) -> None:
    row = plan(context=Context("appointment", uuid.uuid4(), 3), conversation_id=uuid.uuid4())

    dispatch_due()

    sent = Event.objects.get(subject_id=row.pk, type="communication.sent")
    assert sent.patient_id == patient.pk
    assert sent.changes == {"status": ["sending", "sent"]}
    assert sent.payload == {
        "channel": "sms",
        "category": "reply",
        "context_type": "appointment",
        "context_id": str(row.context_id),
        "conversation_id": str(row.conversation_id),
    }


def test_command_sends_what_is_due(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [plan() for _number in range(3)]

    call_command("send_due", "--batch", "2")

    assert statuses(*rows) == [Status.SENT] * 3
    assert "3 taken in hand" in capsys.readouterr().out


def test_tasks_send_and_settle(plan: Plan, twilio_double: TwilioDouble, noon: Any) -> None:
    twilio_double.meet(DROP)
    row = plan()

    dispatch()
    noon.shift(dt.timedelta(seconds=11))
    reconcile()

    assert reload(row).status == Status.SENT


@pytest.mark.django_db(transaction=True)
def test_provider_is_called_outside_any_transaction(plan: Plan, twilio_double: TwilioDouble) -> None:
    open_transactions: list[bool] = []
    row = plan()
    twilio_double.rule = lambda _form: open_transactions.append(_is_row_locked(row)) or "ok"

    dispatch_due()

    assert open_transactions == [False]
    assert reload(row).status == Status.SENT


def _is_row_locked(row: Communication) -> bool:
    """Tell, from another connection (the double's thread), whether somebody holds the row."""
    try:
        with organization_scope(row.organization_id):
            free = Communication.objects.select_for_update(skip_locked=True).filter(pk=row.pk, status="sending")
            return not free.exists()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_dispatcher_refuses_to_run_inside_a_transaction(plan: Plan, twilio_double: TwilioDouble) -> None:
    plan()

    with transaction.atomic(), pytest.raises(RuntimeError):
        dispatch_due()

    assert twilio_double.requests == []
