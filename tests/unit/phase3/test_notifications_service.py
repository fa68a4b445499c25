"""From an event to rows in the ledger: rules, channels, languages, times, and why something is skipped."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from apps.communications.models import Communication, ContactState
from apps.core.actors import SYSTEM
from apps.core.errors import NotFound
from apps.events.services import deliver_due, emit
from apps.notifications.services import plan_from_rules, send_template
from apps.patients.models import Consent
from tests.fixtures.notifications import VISIT, RuleFactory, TemplateFactory, make_visit
from tests.fixtures.outbound import NOON, PHONE

HOUR = dt.timedelta(hours=1)
FRIDAY_TEN = dt.datetime(2026, 11, 27, 15, 0, tzinfo=dt.UTC)
pytestmark = pytest.mark.usefixtures("noon", "consents")


@pytest.fixture
def texts(organization: Any) -> None:
    """One text on each channel."""
    for channel in ("whatsapp", "sms", "email"):
        TemplateFactory(organization=organization, channel=channel)


def happen(patient: Any, visit: uuid.UUID, verb: str = "booked", version: int | None = None) -> list[Communication]:
    """Let something happen to the visit; return the rows about it, oldest first."""
    plan_from_rules(
        organization=patient.organization,
        event_type=f"visit.{verb}",
        context_type=VISIT,
        subject_id=visit,
        actor=SYSTEM,
        version=version,
        replanned=["visit.booked"] if verb == "rescheduled" else [],
    )
    return list(Communication.objects.filter(context_id=visit).order_by("id"))


def test_booking_plans_a_confirmation_by_whatsapp_with_sms_as_fallback(
    organization: Any, patient: Any, texts: None
) -> None:
    RuleFactory(organization=organization)

    (row,) = happen(patient, make_visit(patient, start=FRIDAY_TEN))

    assert (row.channel, row.to_address, row.status, row.category) == ("whatsapp", PHONE, "queued", "confirmation")
    assert row.body == "Hello Ana, see you on Friday at 10:00."
    assert (row.context_type, row.context_version, row.template_key) == (VISIT, 1, "visit-booked")
    assert [step[:2] for step in row.fallback_channels] == [["sms", PHONE]]


def test_approved_template_gets_its_variables_in_order(organization: Any, patient: Any, texts: None) -> None:
    RuleFactory(organization=organization)

    (row,) = happen(patient, make_visit(patient, start=FRIDAY_TEN))

    assert row.content_sid == "HX" + "1" * 32
    assert row.content_variables == {"1": "Ana", "2": "Friday", "3": "10:00"}


def test_email_goes_out_in_addition_with_the_invite(organization: Any, patient: Any, texts: None) -> None:
    RuleFactory(organization=organization, also_channels=["email"])

    _first, mail = happen(patient, make_visit(patient, start=FRIDAY_TEN))

    assert (mail.channel, mail.to_address, mail.subject) == ("email", "ana@example.org", "Your visit")
    assert mail.attachments[0]["filename"] == "invite.ics"


def test_patient_without_email_gets_none_and_nobody_wonders(organization: Any, patient: Any, texts: None) -> None:
    patient.contact_points.filter(system="email").delete()
    RuleFactory(organization=organization, also_channels=["email"])

    rows = happen(patient, make_visit(patient, start=FRIDAY_TEN))

    assert [row.channel for row in rows] == ["whatsapp"]


def test_preferred_channel_is_tried_first(organization: Any, patient: Any, texts: None) -> None:
    patient.preferred_channel = "sms"
    RuleFactory(organization=organization)

    (row,) = happen(patient, make_visit(patient, start=FRIDAY_TEN))

    assert row.channel == "sms"
    assert [step[0] for step in row.fallback_channels] == ["whatsapp"]


def test_channel_without_consent_is_left_out(organization: Any, patient: Any, texts: None) -> None:
    Consent.objects.filter(patient=patient, purpose="whatsapp").update(status="withdrawn")
    RuleFactory(organization=organization)

    (row,) = happen(patient, make_visit(patient, start=FRIDAY_TEN))

    assert (row.channel, row.fallback_channels) == ("sms", [])


def test_channel_that_does_not_reach_the_phone_is_left_out(organization: Any, patient: Any, texts: None) -> None:
    ContactState.objects.create(
        organization=organization, channel="whatsapp", address=PHONE, unreachable_at=NOON - HOUR
    )
    RuleFactory(organization=organization)

    (row,) = happen(patient, make_visit(patient, start=FRIDAY_TEN))

    assert row.channel == "sms"


def test_patient_whom_nothing_reaches_is_in_the_ledger_as_skipped(organization: Any, patient: Any, texts: None) -> None:
    Consent.objects.filter(patient=patient).update(status="withdrawn")
    RuleFactory(organization=organization)

    (row,) = happen(patient, make_visit(patient, start=FRIDAY_TEN))

    assert row.status == "cancelled"
    assert row.reason.startswith("Skipped: The patient withdrew consent for WhatsApp")


def test_patient_without_a_phone_is_in_the_ledger_as_skipped(organization: Any, patient: Any, texts: None) -> None:
    patient.contact_points.filter(system="phone").delete()
    RuleFactory(organization=organization)

    (row,) = happen(patient, make_visit(patient, start=FRIDAY_TEN))

    assert (row.status, row.reason) == ("cancelled", "Skipped: the patient has no phone number.")


@pytest.mark.parametrize(
    ("language", "expected"), [("es", "Hola"), ("es-MX", "Hola"), ("hi", "Hello"), ("en", "Hello")]
)
def test_words_are_in_the_patient_s_language_or_the_clinic_s(
    organization: Any, patient: Any, language: str, expected: str
) -> None:
    patient.language = language
    TemplateFactory(organization=organization, body="Hello {{ patient.first_name }}")
    TemplateFactory(organization=organization, body="Hola {{ patient.first_name }}", language="es")
    RuleFactory(organization=organization, channels=["whatsapp"])

    (row,) = happen(patient, make_visit(patient, start=FRIDAY_TEN))

    assert row.body == f"{expected} Ana"


def test_inactive_text_is_not_used(organization: Any, patient: Any) -> None:
    TemplateFactory(organization=organization, is_active=False)
    TemplateFactory(organization=organization, channel="sms")
    RuleFactory(organization=organization)

    (row,) = happen(patient, make_visit(patient, start=FRIDAY_TEN))

    assert row.channel == "sms"


def test_inactive_rule_plans_nothing(organization: Any, patient: Any, texts: None) -> None:
    RuleFactory(organization=organization, is_active=False)

    assert happen(patient, make_visit(patient, start=FRIDAY_TEN)) == []


def test_text_that_can_not_be_filled_is_skipped_with_the_reason(organization: Any, patient: Any) -> None:
    TemplateFactory(organization=organization, body="See {{ practitioner.room }}")
    RuleFactory(organization=organization, channels=["whatsapp"])

    (row,) = happen(patient, make_visit(patient, start=FRIDAY_TEN))

    assert row.status == "cancelled"
    assert "practitioner" in row.reason


def test_reminders_are_rows_at_their_times(organization: Any, patient: Any, texts: None) -> None:
    for minutes in (-24 * 60, -2 * 60):
        RuleFactory(organization=organization, category="reminder", offset_minutes=minutes)

    day, hours = happen(patient, make_visit(patient, start=FRIDAY_TEN + 4 * HOUR))

    assert (day.status, day.due_at) == ("scheduled", FRIDAY_TEN - 20 * HOUR)
    assert (hours.status, hours.due_at) == ("scheduled", FRIDAY_TEN + 2 * HOUR)
    assert day.not_after == hours.not_after == FRIDAY_TEN + 4 * HOUR


def test_reminder_of_an_early_visit_moves_to_the_evening_before(organization: Any, patient: Any, texts: None) -> None:
    """Two hours before 8:30 in San Francisco, where the phone lives, people sleep: 20:45 the evening before."""
    RuleFactory(organization=organization, category="reminder", offset_minutes=-120)
    start = dt.datetime(2026, 11, 27, 16, 30, tzinfo=dt.UTC)

    (row,) = happen(patient, make_visit(patient, start=start))

    assert row.due_at == dt.datetime(2026, 11, 27, 4, 45, tzinfo=dt.UTC)


def test_follow_up_at_night_moves_to_the_morning_after(organization: Any, patient: Any, texts: None) -> None:
    RuleFactory(organization=organization, event_type="visit.fulfilled", category="follow_up", offset_minutes=13 * 60)

    (row,) = happen(patient, make_visit(patient, start=NOON), "fulfilled")

    assert row.due_at == dt.datetime(2026, 11, 24, 16, 0, tzinfo=dt.UTC)


def test_reminder_whose_time_has_passed_is_noted_as_skipped(organization: Any, patient: Any, texts: None) -> None:
    RuleFactory(organization=organization, category="reminder", offset_minutes=-24 * 60)

    (row,) = happen(patient, make_visit(patient, start=NOON + 3 * HOUR))

    assert (row.status, row.reason) == ("cancelled", "Skipped: booked after it was due.")


def test_reminder_pushed_into_the_past_by_quiet_hours_is_noted_as_skipped(
    organization: Any, patient: Any, texts: None, noon: Any
) -> None:
    noon.move_to(dt.datetime(2026, 11, 24, 6, 0, tzinfo=dt.UTC))
    RuleFactory(organization=organization, category="reminder", offset_minutes=-120)

    (row,) = happen(patient, make_visit(patient, start=dt.datetime(2026, 11, 24, 16, 30, tzinfo=dt.UTC)))

    assert row.status == "cancelled"
    assert "quiet hours" in row.reason


def test_visit_recorded_afterwards_is_not_confirmed(organization: Any, patient: Any, texts: None) -> None:
    RuleFactory(organization=organization)

    (row,) = happen(patient, make_visit(patient, start=NOON - HOUR))

    assert (row.status, row.reason) == ("cancelled", "Skipped: the time it speaks of has passed.")


def test_same_event_twice_plans_once(organization: Any, patient: Any, texts: None) -> None:
    RuleFactory(organization=organization, also_channels=["email"])
    visit = make_visit(patient, start=FRIDAY_TEN)

    assert len(happen(patient, visit)) == len(happen(patient, visit)) == 2


def test_new_time_replaces_the_reminders(organization: Any, patient: Any, texts: None) -> None:
    RuleFactory(organization=organization, category="reminder", offset_minutes=-120)
    visit = make_visit(patient, start=FRIDAY_TEN + 2 * HOUR)
    happen(patient, visit)

    make_visit(patient, start=FRIDAY_TEN + 5 * HOUR, version=2, visit_id=visit)
    old, new = happen(patient, visit, "rescheduled")

    assert (old.status, old.context_version) == ("cancelled", 1)
    assert (new.status, new.context_version, new.due_at) == ("scheduled", 2, FRIDAY_TEN + 3 * HOUR)


def test_event_of_an_older_version_plans_nothing(organization: Any, patient: Any, texts: None) -> None:
    RuleFactory(organization=organization)
    visit = make_visit(patient, start=FRIDAY_TEN, version=2)

    assert happen(patient, visit, version=1) == []


def test_cancelled_visit_takes_its_reminders_along(organization: Any, patient: Any, texts: None) -> None:
    RuleFactory(organization=organization, category="reminder", offset_minutes=-120)
    RuleFactory(organization=organization, event_type="visit.cancelled", category="notice")
    visit = make_visit(patient, start=FRIDAY_TEN + 2 * HOUR)
    happen(patient, visit)

    make_visit(patient, start=FRIDAY_TEN + 2 * HOUR, version=2, visit_id=visit)
    reminder, notice = happen(patient, visit, "cancelled")

    assert (reminder.status, notice.status, notice.category) == ("cancelled", "queued", "notice")


def test_announced_event_plans_by_itself(organization: Any, patient: Any, texts: None) -> None:
    """The event's handler, as a worker runs it; the subject is the visit, whose id is the patient's here."""
    RuleFactory(organization=organization)
    make_visit(patient, start=FRIDAY_TEN, visit_id=patient.pk)
    emit("visit.booked", subject=patient, actor=SYSTEM, payload={"version": 1})

    deliver_due()

    assert Communication.objects.filter(context_id=patient.pk, status="queued").count() == 1


def test_subject_that_is_gone_plans_nothing(organization: Any, texts: None) -> None:
    RuleFactory(organization=organization)

    planned = plan_from_rules(
        organization=organization, event_type="visit.booked", context_type=VISIT, subject_id=uuid.uuid4(), actor=SYSTEM
    )

    assert planned == []


def test_rules_of_another_organization_plan_nothing_here(other_organization: Any, patient: Any, texts: None) -> None:
    RuleFactory(organization=other_organization)

    assert happen(patient, make_visit(patient, start=FRIDAY_TEN)) == []


def test_one_template_is_sent_about_an_object(organization: Any, patient: Any, texts: None) -> None:
    order = {
        "organization": organization,
        "template_key": "visit-booked",
        "category": "notice",
        "context_type": VISIT,
        "subject_id": make_visit(patient, start=FRIDAY_TEN),
        "channels": ["sms", "email"],
        "dedupe_suffix": "journey:1",
        "actor": SYSTEM,
    }

    row = send_template(**order)

    assert (row.channel, row.status) == ("sms", "queued")
    assert send_template(**order) == row


def test_template_about_nobody_is_refused(organization: Any) -> None:
    with pytest.raises(NotFound):
        send_template(
            organization=organization,
            template_key="visit-booked",
            category="notice",
            context_type=VISIT,
            subject_id=uuid.uuid4(),
            channels=["sms"],
            dedupe_suffix="x",
            actor=SYSTEM,
        )
