"""Invites, what templates may say, and whether a planned message still makes sense when it is due."""

from __future__ import annotations

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

import pytest
import time_machine
from icalendar import Calendar
from icalendar import Event as CalendarEvent

from apps.appointments.invites import invite_for
from apps.appointments.links import link_address
from apps.appointments.messages import message_context, still_hold, still_holds
from apps.appointments.models import Appointment
from apps.appointments.services import (
    arrive_appointment,
    book_appointment,
    cancel_appointment,
    complete_appointment,
    confirm_appointment,
    mark_no_show,
    reschedule_appointment,
    start_appointment,
    undo_status,
)
from apps.communications.models import Communication
from apps.events.models import Event
from apps.events.selectors import patient_timeline
from apps.events.services import deliver_due
from apps.notifications.defaults import install_defaults
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.patients import ConsentFactory

FRIDAY = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)
NINE = dt.datetime(2026, 11, 25, 14, 0, tzinfo=dt.UTC)  # a Wednesday, 09:00 in New York
HOUR = dt.timedelta(hours=1)
CLINIC, ANA = "desk@demo.clinic", "ana@example.org"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(FRIDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def visit(bookable, patient, actor) -> Appointment:
    return book_appointment(
        organization=bookable.organization,
        patient=patient,
        appointment_type=bookable.appointment_type,
        practitioner=bookable.practitioner,
        location=bookable.location,
        start=NINE,
        reason="HIV test",
        note="nervous",
        actor=actor,
    )


def read(text: str) -> tuple[Calendar, CalendarEvent]:
    calendar = Calendar.from_ical(text)
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def request(appointment: Appointment) -> str:
    return invite_for(appointment, method="REQUEST", attendee=ANA, organizer=CLINIC)


def cancellation(appointment: Appointment) -> str:
    return invite_for(appointment, method="CANCEL", attendee=ANA, organizer=CLINIC)


class TestInvites:
    def test_request_says_when_where_and_from_whom(self, visit) -> None:
        calendar, event = read(request(visit))
        assert (calendar["method"], calendar["version"]) == ("REQUEST", "2.0")
        assert event["uid"] == str(visit.pk)
        assert event["sequence"] == 0
        assert (event.start, event.end) == (NINE, NINE + dt.timedelta(minutes=30))
        assert event.start.tzinfo.key == "America/New_York"
        assert event["organizer"] == f"mailto:{CLINIC}"
        assert event["organizer"].params["CN"] == "Tidewater Clinic"
        assert event["attendee"] == f"mailto:{ANA}"
        assert event["location"] == "Harbour Street, 12 Harbour Street, New York"
        assert (event["summary"], event["status"]) == ("Appointment at Tidewater Clinic", "CONFIRMED")
        assert event["description"] == "With Dr Amara Okonkwo.\nQuestions? Call +12125550100."

    def test_time_zone_is_described_in_the_file(self, visit) -> None:
        calendar, _event = read(request(visit))
        assert [str(zone["tzid"]) for zone in calendar.walk("VTIMEZONE")] == ["America/New_York"]
        assert {component.name for component in calendar.walk("VTIMEZONE")[0].subcomponents} == {"STANDARD", "DAYLIGHT"}
        assert "DTSTART;TZID=America/New_York:20261125T090000" in request(visit)

    def test_reason_type_and_notes_stay_out(self, visit) -> None:
        text = request(visit).replace("\r\n ", "")
        for private in ("HIV", "nervous", "Consultation", "López"):
            assert private not in text

    def test_lines_end_and_fold_as_the_standard_wants(self, visit) -> None:
        visit.location.directions = "Through the courtyard and up the stairs, then ring twice; " * 4
        lines = request(visit).split("\r\n")
        assert lines[-1] == ""
        assert max(len(line.encode()) for line in lines) <= 75

    def test_later_invites_replace_the_earlier_ones(self, visit, actor) -> None:
        first = read(request(visit))[1]
        moved = reschedule_appointment(appointment=visit, start=NINE + HOUR, actor=actor)
        second = read(request(moved))[1]
        cancelled = cancel_appointment(appointment=moved, reason="patient", actor=actor)
        calendar, third = read(cancellation(cancelled))
        assert first["uid"] == second["uid"] == third["uid"]
        assert [first["sequence"], second["sequence"], third["sequence"]] == [0, 1, 2]
        assert second.start == NINE + HOUR
        assert (calendar["method"], third["status"]) == ("CANCEL", "CANCELLED")

    def test_file_to_download_is_a_plain_calendar(self, visit) -> None:
        calendar, event = read(invite_for(visit))
        assert "method" not in calendar
        assert "attendee" not in event
        assert "organizer" not in event

    @pytest.mark.parametrize("addresses", [{}, {"attendee": ANA}, {"organizer": CLINIC}])
    def test_request_needs_both_addresses(self, visit, addresses) -> None:
        with pytest.raises(ValueError, match="organizer"):
            invite_for(visit, method="REQUEST", **addresses)

    @pytest.mark.parametrize(
        "name", ["Europe/London", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "Asia/Kolkata", "UTC"]
    )
    def test_every_zone_reads_back_to_the_same_instant(self, visit, name) -> None:
        visit.location.timezone = name
        event = read(request(visit))[1]
        assert event.start == NINE
        assert event.start.astimezone(ZoneInfo(name)).utcoffset() == NINE.astimezone(ZoneInfo(name)).utcoffset()

    def test_invite_speaks_the_patient_s_language(self, visit) -> None:
        visit.patient.language = "es"
        assert "Tidewater Clinic" in read(request(visit))[1]["summary"]


class TestContext:
    def context(self, visit):
        return message_context(visit.organization, visit.pk)

    def test_templates_get_words_in_local_time(self, visit) -> None:
        assert self.context(visit).variables == {
            "patient": {"first_name": "Ana"},
            "appointment": {
                "date": "November 25",
                "weekday": "Wednesday",
                "time": "9:00 AM",
                "practitioner": "Dr Amara Okonkwo",
                "location": "Harbour Street",
                "address": "12 Harbour Street, New York",
                "type": "Consultation",
                "instructions": "",
                "link": link_address(visit),
            },
            "clinic": {"name": "Tidewater Clinic", "phone": "(212) 555-0100"},
        }

    @pytest.mark.parametrize(
        ("country", "date", "time"),
        [("US", "November 25", "9:00 AM"), ("GB", "25 November", "09:00"), ("IN", "25 November", "9:00 AM")],
    )
    def test_dates_and_times_are_written_as_the_country_does(self, visit, country, date, time) -> None:
        type(visit.organization).objects.filter(pk=visit.organization_id).update(country=country)
        variables = self.context(visit).variables["appointment"]
        assert (variables["date"], variables["time"]) == (date, time)

    def test_dates_are_in_the_patient_s_language(self, visit) -> None:
        type(visit.patient).objects.filter(pk=visit.patient_id).update(language="es")
        variables = self.context(visit).variables["appointment"]
        assert (variables["weekday"].lower(), variables["date"].lower()) == ("miércoles", "25 de noviembre")

    def test_anchor_and_version_are_the_visit_s(self, visit, actor) -> None:
        reschedule_appointment(appointment=visit, start=NINE + HOUR, actor=actor)
        context = self.context(visit)
        assert (context.anchor, context.version, context.context.version) == (NINE + HOUR, 2, 2)
        assert context.zone.key == "America/New_York"

    def test_hold_and_foreign_appointment_have_nobody_to_tell(self, bookable, other_organization) -> None:
        hold = AppointmentFactory(
            organization=bookable.organization, patient=None, status="held", held_until=FRIDAY + HOUR
        )
        foreign = AppointmentFactory(organization=other_organization)
        assert message_context(bookable.organization, hold.pk) is None
        assert message_context(bookable.organization, foreign.pk) is None

    def test_e_mail_carries_the_invite_and_other_channels_nothing(self, visit, email_account) -> None:
        (attachment,) = self.context(visit).attachments("email")
        assert attachment["filename"] == "invite.ics"
        assert attachment["content_type"] == "text/calendar; method=REQUEST; charset=utf-8"
        assert read(attachment["text"])[1]["attendee"] == f"mailto:{ANA}"
        assert self.context(visit).attachments("whatsapp") == []

    def test_e_mail_about_a_cancellation_carries_the_cancellation(self, visit, email_account, actor) -> None:
        cancel_appointment(appointment=visit, reason="clinic", actor=actor)
        (attachment,) = self.context(visit).attachments("email")
        assert read(attachment["text"])[0]["method"] == "CANCEL"

    def test_e_mail_after_the_visit_carries_no_invite(self, visit, email_account, actor) -> None:
        start_appointment(appointment=visit, actor=actor)
        complete_appointment(appointment=visit, actor=actor)
        assert self.context(visit).attachments("email") == []

    def test_clinic_without_an_e_mail_address_sends_no_invite(self, visit) -> None:
        assert self.context(visit).attachments("email") == []


class TestGuard:
    def planned(self, visit: Appointment, category: str = "reminder", version: int | None = None) -> Communication:
        return CommunicationFactory(
            organization=visit.organization,
            patient=visit.patient,
            category=category,
            context_type="appointments.Appointment",
            context_id=visit.pk,
            context_version=visit.version if version is None else version,
        )

    def test_reminder_of_a_booked_visit_goes_out(self, visit) -> None:
        assert still_holds(self.planned(visit)) is None

    def test_message_of_another_version_does_not(self, visit) -> None:
        assert "changed after" in still_holds(self.planned(visit, version=2))

    @pytest.mark.parametrize("category", ["reminder", "confirmation", "invite"])
    @pytest.mark.parametrize("step", [arrive_appointment, start_appointment])
    def test_what_speaks_of_a_visit_ahead_does_not_go_out_after_arrival(self, visit, actor, category, step) -> None:
        message = self.planned(visit, category)
        step(appointment=visit, actor=actor)
        assert "Pointless now" in still_holds(message)

    def test_reminder_survives_an_arrival_that_was_a_slip(self, visit, actor) -> None:
        message = self.planned(visit)
        arrive_appointment(appointment=visit, actor=actor)
        undo_status(appointment=visit, actor=actor)
        assert still_holds(message) is None

    def test_reminder_does_not_go_out_once_the_visit_began(self, visit, clock) -> None:
        message = self.planned(visit)
        clock.move_to(NINE)
        assert "has begun" in still_holds(message)

    def test_reminder_of_a_cancelled_visit_does_not_go_out(self, visit, actor) -> None:
        cancelled = cancel_appointment(appointment=visit, reason="patient", actor=actor)
        assert "Pointless now" in still_holds(self.planned(cancelled))

    def test_notice_of_a_cancellation_goes_out(self, visit, actor) -> None:
        cancelled = cancel_appointment(appointment=visit, reason="patient", actor=actor)
        assert still_holds(self.planned(cancelled, "notice")) is None

    def test_many_messages_are_judged_each_by_itself_in_one_query(
        self, visit, actor, django_assert_num_queries
    ) -> None:
        good, outdated = self.planned(visit), self.planned(visit, version=2)
        other = self.planned(visit)
        other.context_id = uuid.uuid4()
        with django_assert_num_queries(1):
            reasons = still_hold([good, outdated, other])
        assert reasons.keys() == {outdated.pk, other.pk}
        assert "changed after" in reasons[outdated.pk]
        assert "does not exist" in reasons[other.pk]

    def test_follow_up_needs_a_visit_that_took_place(self, visit, actor, clock) -> None:
        assert "did not take place" in still_holds(self.planned(visit, "follow_up"))
        start_appointment(appointment=visit, actor=actor)
        complete_appointment(appointment=visit, actor=actor)
        assert still_holds(self.planned(visit, "follow_up")) is None

    def test_message_about_nothing_does_not_go_out(self, visit) -> None:
        message = self.planned(visit)
        Appointment.objects.all().delete()
        assert "does not exist" in still_holds(message)


class TestReminders:
    """From the event to the ledger, with the default rules."""

    @pytest.fixture(autouse=True)
    def clinic(self, organization, patient, whatsapp_account, sms_account, email_account) -> None:
        install_defaults(organization=organization)
        for purpose in ("whatsapp", "sms", "email"):
            ConsentFactory(organization=organization, patient=patient, purpose=purpose, status="active")

    def ledger(self, visit: Appointment, *statuses: str) -> list[tuple[str, str, int]]:
        while deliver_due():
            pass
        rows = Communication.objects.filter(context_id=visit.pk, status__in=statuses or ("scheduled", "queued"))
        return sorted((row.category, row.channel, row.context_version) for row in rows)

    def test_booking_plans_confirmation_with_invite_and_two_reminders(self, visit) -> None:
        assert self.ledger(visit) == [
            ("confirmation", "email", 1),
            ("confirmation", "whatsapp", 1),
            ("reminder", "whatsapp", 1),
            ("reminder", "whatsapp", 1),
        ]
        invite = Communication.objects.get(category="confirmation", channel="email").attachments[0]
        assert read(invite["text"])[1]["sequence"] == 0

    def test_moving_cancels_what_was_planned_and_plans_anew(self, visit, actor) -> None:
        self.ledger(visit)
        reschedule_appointment(appointment=visit, start=NINE + HOUR, actor=actor)
        assert {version for _category, _channel, version in self.ledger(visit)} == {2}
        assert [row for row in self.ledger(visit) if row[0] == "reminder"] == [("reminder", "whatsapp", 2)] * 2
        assert len(self.ledger(visit, "cancelled")) == 4

    def test_cancelling_leaves_only_the_notice(self, visit, actor) -> None:
        self.ledger(visit)
        cancel_appointment(appointment=visit, reason="patient", actor=actor)
        assert self.ledger(visit) == [("notice", "email", 2), ("notice", "whatsapp", 2)]

    def test_taking_a_cancellation_back_starts_anew(self, visit, actor) -> None:
        self.ledger(visit)
        cancel_appointment(appointment=visit, reason="patient", actor=actor)
        self.ledger(visit)
        undo_status(appointment=visit, actor=actor)
        assert self.ledger(visit) == [
            ("confirmation", "email", 3),
            ("confirmation", "whatsapp", 3),
            ("reminder", "whatsapp", 3),
            ("reminder", "whatsapp", 3),
        ]

    def test_missed_visit_has_nothing_planned(self, visit, actor, clock) -> None:
        self.ledger(visit)
        clock.move_to(NINE + HOUR)
        mark_no_show(appointment=visit, actor=actor)
        assert self.ledger(visit) == []


class TestTimeline:
    def test_patient_s_timeline_tells_the_story(self, organization, visit, patient, actor) -> None:
        confirm_appointment(appointment=visit, by="phone", actor=actor)
        moved = reschedule_appointment(appointment=visit, start=NINE + HOUR, actor=actor)
        cancel_appointment(appointment=moved, reason="patient", actor=actor)
        entries = patient_timeline(organization=organization, patient_id=patient.pk, kind="visits")
        assert [entry.text for entry in reversed(entries)] == [
            "Appointment booked for Wed 25 Nov, 14:00",
            "Appointment on Wed 25 Nov, 14:00 confirmed",
            "Appointment moved to Wed 25 Nov, 15:00",
            "Appointment on Wed 25 Nov, 15:00 cancelled",
        ]
        assert entries[0].url == f"/appointments/{visit.pk}/"

    def test_events_hold_no_words_of_the_patient(self, visit) -> None:
        assert "HIV" not in str(list(Event.objects.values_list("payload", "changes")))
