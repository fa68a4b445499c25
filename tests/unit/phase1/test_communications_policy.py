"""The send policy: each rule with its code, its words, and when the message would be legal."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from apps.communications.models import ChannelAccount, Provider, SenderPace
from apps.communications.pace import reserve
from apps.communications.policy import Code, Facts, decide, judge
from apps.communications.quiet import last_moment_before_quiet, quiet_until, zone_of_number
from apps.communications.services import note_inbound, opt_in, opt_out
from apps.core.actors import SYSTEM
from tests.fixtures.outbound import NOON, PHONE
from tests.fixtures.patients import ConsentFactory

NEW_YORK = ZoneInfo("America/New_York")
NINE_PM, EIGHT_AM = dt.time(21), dt.time(8)
NIGHT = dt.datetime(2026, 11, 24, 4, 30, tzinfo=dt.UTC)  # 23:30 in New York
HOUR = dt.timedelta(hours=1)


def facts(**given: Any) -> Facts:
    values = {
        "channel": "whatsapp",
        "category": "reminder",
        "zone": NEW_YORK,
        "quiet_start": NINE_PM,
        "quiet_end": EIGHT_AM,
        "consent": "active",
        "has_template": True,
    }
    return Facts(**values | given)


def test_reminder_with_consent_and_template_goes_out_by_day() -> None:
    assert judge(facts(), NOON).allowed


@pytest.mark.parametrize("category", ["reminder", "confirmation", "invite", "follow_up", "notice", "reply"])
def test_opt_out_stops_every_category(category: str) -> None:
    decision = judge(facts(category=category, opted_out_at=NOON - HOUR), NOON)

    assert (decision.allowed, decision.code) == (False, Code.OPTED_OUT)
    assert "START" in decision.reason


def test_emergency_text_goes_out_after_an_opt_out() -> None:
    assert judge(facts(category="emergency", opted_out_at=NOON - HOUR), NOON).allowed


def test_opt_out_is_confirmed_once_right_after_it() -> None:
    stopped = facts(
        category="reply", opted_out_at=NOON - dt.timedelta(seconds=5), last_inbound_at=NOON - dt.timedelta(seconds=6)
    )

    assert judge(stopped, NOON).allowed
    assert judge(stopped, NOON + dt.timedelta(minutes=3)).code == Code.OPTED_OUT


def test_who_writes_again_after_stop_is_answered() -> None:
    assert judge(facts(category="reply", opted_out_at=NOON - 2 * HOUR, last_inbound_at=NOON - HOUR), NOON).allowed


def test_withdrawn_consent_stops_what_was_planned_but_not_an_answer() -> None:
    withdrawn = {"consent": "withdrawn", "last_inbound_at": NOON - HOUR}

    assert judge(facts(**withdrawn), NOON).code == Code.CONSENT_WITHDRAWN
    assert judge(facts(category="reply", **withdrawn), NOON).allowed


def test_missing_consent_stops_what_was_planned() -> None:
    assert judge(facts(consent=None), NOON).code == Code.CONSENT_MISSING


def test_who_wrote_to_us_here_may_be_written_to_here() -> None:
    assert judge(facts(consent=None, last_inbound_at=NOON - 30 * HOUR), NOON).allowed


def test_unreachable_address_rests_for_a_month() -> None:
    decision = judge(facts(unreachable_at=NOON - HOUR), NOON)

    assert decision.code == Code.UNREACHABLE
    assert judge(facts(unreachable_at=NOON - HOUR), decision.legal_at).allowed


def test_free_text_needs_an_open_whatsapp_window() -> None:
    free_text = {"category": "reply", "has_template": False}

    assert judge(facts(**free_text), NOON).code == Code.WINDOW_CLOSED
    assert judge(facts(**free_text, last_inbound_at=NOON - 24 * HOUR), NOON).code == Code.WINDOW_CLOSED
    assert judge(facts(**free_text, last_inbound_at=NOON - 23 * HOUR), NOON).allowed


def test_window_is_whatsapp_s_alone() -> None:
    assert judge(facts(channel="sms", has_template=False), NOON).allowed


def test_template_goes_out_when_the_window_is_closed() -> None:
    assert judge(facts(last_inbound_at=NOON - 48 * HOUR), NOON).allowed


def test_reminder_at_night_waits_for_the_morning_and_says_so() -> None:
    decision = judge(facts(), NIGHT)

    assert decision.code == Code.QUIET_HOURS
    assert decision.legal_at == dt.datetime(2026, 11, 24, 13, 0, tzinfo=dt.UTC)
    assert "08:00" in decision.reason
    assert "America/New_York" in decision.reason


@pytest.mark.parametrize("category", ["reply", "emergency"])
def test_answers_and_emergencies_know_no_quiet_hours(category: str) -> None:
    assert judge(facts(category=category), NIGHT).allowed


def test_email_rings_nobody_at_night() -> None:
    assert judge(facts(channel="email"), NIGHT).allowed


def test_confirmation_is_not_held_back_from_somebody_who_writes_at_night() -> None:
    writing = {"last_inbound_at": NIGHT - dt.timedelta(minutes=2)}

    assert judge(facts(category="confirmation", **writing), NIGHT).allowed
    assert judge(facts(category="reminder", **writing), NIGHT).code == Code.QUIET_HOURS


def test_message_pulled_forward_by_a_person_ignores_quiet_hours() -> None:
    assert judge(facts(ignores_quiet_hours=True), NIGHT).allowed


def test_equal_times_mean_no_quiet_hours() -> None:
    assert judge(facts(quiet_start=EIGHT_AM, quiet_end=EIGHT_AM), NIGHT).allowed


@pytest.mark.parametrize(
    ("local", "quiet"),
    [("20:59", False), ("21:00", True), ("23:59", True), ("00:00", True), ("07:59", True), ("08:00", False)],
)
def test_quiet_hours_begin_and_end_on_the_minute(local: str, quiet: bool) -> None:
    at = dt.datetime.combine(dt.date(2026, 11, 24), dt.time.fromisoformat(local), tzinfo=NEW_YORK)

    assert (quiet_until(at, NEW_YORK, NINE_PM, EIGHT_AM) is not None) is quiet


def test_quiet_hours_may_lie_within_a_day() -> None:
    siesta = dt.datetime(2026, 11, 24, 14, 0, tzinfo=NEW_YORK)

    assert quiet_until(siesta, NEW_YORK, dt.time(13), dt.time(15)) == siesta + HOUR


@pytest.mark.parametrize(
    ("zone", "night"),
    [
        ("America/New_York", dt.date(2026, 3, 8)),
        ("America/New_York", dt.date(2026, 11, 1)),
        ("Europe/Madrid", dt.date(2026, 3, 29)),
        ("Asia/Kolkata", dt.date(2026, 6, 1)),
        ("Australia/Lord_Howe", dt.date(2026, 10, 4)),
    ],
)
def test_quiet_hours_end_at_eight_on_the_wall_whatever_the_clocks_did_that_night(zone: str, night: dt.date) -> None:
    midnight = dt.datetime.combine(night, dt.time(0, 30), tzinfo=ZoneInfo(zone))

    end = quiet_until(midnight, ZoneInfo(zone), NINE_PM, EIGHT_AM)

    assert end.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == dt.datetime.combine(night, EIGHT_AM)


@pytest.mark.parametrize(
    ("due", "moved"),
    [
        ("2026-11-24 09:00", "2026-11-24 09:00"),
        ("2026-11-24 06:30", "2026-11-23 20:45"),
        ("2026-11-24 22:00", "2026-11-24 20:45"),
        ("2026-11-24 21:00", "2026-11-24 20:45"),
    ],
)
def test_reminder_due_at_night_moves_to_the_evening_before(due: str, moved: str) -> None:
    at = dt.datetime.fromisoformat(due).replace(tzinfo=NEW_YORK)

    earlier = last_moment_before_quiet(at, NEW_YORK, NINE_PM, EIGHT_AM)

    assert f"{earlier.astimezone(NEW_YORK):%Y-%m-%d %H:%M}" == moved


@pytest.mark.parametrize(
    ("number", "zone"),
    [("+14155550142", "America/Los_Angeles"), ("+34912345678", "Europe/Madrid"), ("+911123456789", "Asia/Calcutta")],
)
def test_number_tells_its_zone(number: str, zone: str) -> None:
    assert zone_of_number(number) == ZoneInfo(zone)


@pytest.mark.parametrize("number", ["+15550100000", "+18005550100", "not a number"])
def test_number_of_no_single_place_tells_none(number: str) -> None:
    assert zone_of_number(number) is None


def test_patient_in_another_zone_sleeps_by_their_own_clock(organization: Any, patient: Any, consents: Any) -> None:
    nine_in_new_york = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)

    def at_nine(address: str) -> Code:
        return decide(
            organization=organization,
            channel="sms",
            category="reminder",
            address=address,
            patient=patient,
            now=nine_in_new_york,
        ).code

    assert at_nine("+12125550142") == Code.OK
    assert at_nine("+14155550142") == Code.QUIET_HOURS


def test_decision_reads_consents_and_state(organization: Any, patient: Any) -> None:
    question = {
        "organization": organization,
        "channel": "sms",
        "category": "reminder",
        "address": PHONE,
        "patient": patient,
        "now": NOON,
    }
    assert decide(**question).code == Code.CONSENT_MISSING

    ConsentFactory(organization=organization, patient=patient, purpose="sms", status="active")
    assert decide(**question).allowed

    opt_out(organization=organization, channel="sms", address=PHONE, source="STOP keyword", actor=SYSTEM)
    assert decide(**question).code == Code.OPTED_OUT

    opt_in(organization=organization, channel="sms", address=PHONE, source="START keyword", actor=SYSTEM)
    assert decide(**question).allowed


def test_inbound_message_opens_the_window_and_never_goes_back_in_time(organization: Any) -> None:
    for at in (NOON, NOON - 5 * HOUR):
        note_inbound(organization=organization, channel="whatsapp", address=PHONE, at=at)

    answer = {"organization": organization, "channel": "whatsapp", "category": "reply", "address": PHONE}
    assert decide(**answer, now=NOON + 23 * HOUR).allowed
    assert decide(**answer, now=NOON + 25 * HOUR).code == Code.WINDOW_CLOSED


def test_sender_keeps_its_pace(organization: Any) -> None:
    account = ChannelAccount(
        organization=organization, channel="sms", address="+15550100000", provider=Provider.TWILIO, per_second=10
    )

    grants = [reserve(account, wanted=8, now=NOON) for _turn in range(4)]

    assert [grant.count for grant in grants] == [8, 8, 4, 0]
    assert [grant.start - NOON for grant in grants[:3]] == [dt.timedelta(seconds=s) for s in (0, 0.8, 1.6)]
    assert SenderPace.objects.get().next_at == NOON + dt.timedelta(seconds=2)


def test_pace_recovers_with_time(organization: Any) -> None:
    account = ChannelAccount(
        organization=organization, channel="sms", address="+15550100000", provider=Provider.TWILIO, per_second=10
    )
    reserve(account, wanted=100, now=NOON)

    assert reserve(account, wanted=5, now=NOON + dt.timedelta(seconds=2)).count == 5
