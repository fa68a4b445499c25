"""The waitlist: who waits, who is offered a time that got free, and how an offer ends. One test per rule."""

from __future__ import annotations

import datetime as dt
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine

from apps.appointments.errors import SlotUnavailable
from apps.appointments.models import (
    Appointment,
    AppointmentSettings,
    AppointmentType,
    OfferStatus,
    Source,
    Status,
    Urgency,
    WaitlistEntry,
    WaitlistOffer,
    WaitStatus,
)
from apps.appointments.ranking import Candidate, rank_candidates
from apps.appointments.recurrence import Rule
from apps.appointments.services import (
    accept_offer,
    add_to_waitlist,
    book_series,
    cancel_appointment,
    cancel_series,
    change_waitlist_entry,
    decline_offer,
    expire_holds,
    expire_offers,
    fill_slot,
    offer_slot,
    release_hold,
    remove_from_waitlist,
    reschedule_appointment,
    restore_to_waitlist,
    undo_reschedule,
    undo_series_cancellation,
    undo_status,
    withdraw_offer,
)
from apps.appointments.services.waitlist import filling
from apps.appointments.services.waitlist.expiring import close_past_windows
from apps.appointments.services.waitlist.ground import OfferClosed
from apps.appointments.services.waitlist.offers import TooLate
from apps.appointments.services.waitlist.telling import NotReachable
from apps.appointments.waiting import days_left, window_in_words
from apps.appointments.waitlist_messages import still_holds
from apps.communications.models import Communication, ContactState
from apps.communications.models import Status as Sending
from apps.communications.services import opt_out
from apps.core.actors import BOT, SYSTEM, Actor, ActorKind, patient_actor
from apps.core.errors import Conflict, InvalidInput, InvalidTransition, NotAllowed, NotFound, StaleVersion
from apps.events.models import Event
from apps.events.services import deliver_due
from apps.practitioners.models import TimeOff
from tests.fixtures.appointments import AppointmentTypeFactory, OnlineBookingBlockFactory, PractitionerTypeFactory
from tests.fixtures.background import drain
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.patients import PatientFactory
from tests.fixtures.practitioners import PractitionerFactory, TimeOffFactory, WeeklyHoursFactory
from tests.fixtures.waitlist import again, offers_of, open_for_messages, somebody, visit_of, waiting

MONDAY = dt.datetime(2026, 11, 23, 18, 0, tzinfo=dt.UTC)  # 13:00 in New York
TUESDAY_TEN = dt.datetime(2026, 11, 24, 15, 0, tzinfo=dt.UTC)
HALF_HOUR, HOUR, DAY = dt.timedelta(minutes=30), dt.timedelta(hours=1), dt.timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def clinic(bookable) -> SimpleNamespace:
    return open_for_messages(bookable)


def wished(clinic: SimpleNamespace, **fields: object) -> dict[str, object]:
    return {
        "organization": clinic.organization,
        "patient": somebody(clinic),
        "appointment_type": clinic.appointment_type,
        "earliest_date": dt.date(2026, 11, 23),
        "latest_date": dt.date(2026, 12, 4),
        "actor": SYSTEM,
        **fields,
    }


def ranked(clinic: SimpleNamespace, start: dt.datetime = TUESDAY_TEN, end: dt.datetime | None = None):
    return rank_candidates(
        organization=clinic.organization,
        practitioner=clinic.practitioner,
        location=clinic.location,
        start=start,
        end=end or start + HALF_HOUR,
    )


def fill(clinic: SimpleNamespace, start: dt.datetime = TUESDAY_TEN, end: dt.datetime | None = None) -> list:
    return fill_slot(
        organization=clinic.organization,
        practitioner=clinic.practitioner,
        location=clinic.location,
        start=start,
        end=end or start + HALF_HOUR,
    )


def offer(clinic: SimpleNamespace, entry: WaitlistEntry, start: dt.datetime = TUESDAY_TEN) -> WaitlistOffer:
    return offer_slot(
        entry=entry, practitioner=clinic.practitioner, location=clinic.location, start=start, actor=SYSTEM
    )


def questions(entry: WaitlistEntry) -> list[str]:
    about = [str(one.pk) for one in offers_of(entry)]
    rows = Communication.objects.filter(context_id__in=about, template_key__startswith="waitlist-offer")
    return list(rows.order_by("id").values_list("status", flat=True))


def wrong_fields(refused: pytest.ExceptionInfo[InvalidInput]) -> set[str]:
    return set(refused.value.errors)


class TestAdding:
    def test_patient_waits_for_a_type_within_a_window(self, clinic):
        entry = add_to_waitlist(
            **wished(clinic, weekdays=[3, 1, 3], from_time=dt.time(9), until_time=dt.time(12), note=" knee ")
        )
        assert (entry.status, entry.weekdays, entry.note, entry.version) == (WaitStatus.WAITING, [1, 3], "knee", 1)
        event = Event.objects.get(type="waitlist.added")
        assert (event.subject_id, event.patient_id) == (entry.pk, entry.patient_id)
        assert "knee" not in str(event.payload)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"latest_date": dt.date(2026, 11, 22), "earliest_date": dt.date(2026, 11, 20)}, "latest_date"),
            ({"latest_date": dt.date(2026, 11, 23), "earliest_date": dt.date(2026, 11, 24)}, "latest_date"),
            ({"latest_date": dt.date(2028, 1, 1)}, "latest_date"),
            ({"weekdays": [7]}, "weekdays"),
            ({"latest_date": dt.date(2026, 11, 25), "weekdays": [6]}, "weekdays"),
            ({"from_time": dt.time(12), "until_time": dt.time(12)}, "until_time"),
            ({"urgency": 9}, "urgency"),
            ({"note": "x" * 301}, "note"),
        ],
    )
    def test_wish_that_can_never_be_met_is_refused_by_its_field(self, clinic, changes, field):
        with pytest.raises(InvalidInput) as refused:
            add_to_waitlist(**wished(clinic, **changes))
        assert wrong_fields(refused) == {field}

    def test_practitioner_who_does_not_offer_the_type_is_refused(self, clinic):
        stranger = PractitionerFactory(organization=clinic.organization)
        with pytest.raises(InvalidInput, match="does not offer") as refused:
            add_to_waitlist(**wished(clinic, practitioner=stranger))
        assert wrong_fields(refused) == {"practitioner"}

    def test_archived_patient_and_closed_type_are_refused(self, clinic):
        clinic.appointment_type.is_active = False
        clinic.appointment_type.save()
        gone = PatientFactory(organization=clinic.organization, archived_at=MONDAY)
        with pytest.raises(InvalidInput) as refused:
            add_to_waitlist(**wished(clinic, patient=gone))
        assert wrong_fields(refused) == {"patient", "appointment_type"}

    def test_second_entry_of_the_same_type_names_the_first(self, clinic):
        first = add_to_waitlist(**wished(clinic))
        with pytest.raises(Conflict) as refused:
            add_to_waitlist(**wished(clinic, patient=first.patient))
        assert (refused.value.code, refused.value.extra) == ("already_waiting", {"entry": str(first.pk)})

    def test_visit_to_be_moved_must_be_the_patients_own_and_of_that_type(self, clinic):
        foreign = visit_of(clinic, TUESDAY_TEN)
        with pytest.raises(InvalidInput) as refused:
            add_to_waitlist(**wished(clinic, moves=foreign))
        assert wrong_fields(refused) == {"moves"}

    def test_rows_of_another_clinic_do_not_exist(self, clinic, other_organization):
        with pytest.raises(NotFound):
            add_to_waitlist(**wished(clinic, patient=PatientFactory(organization=other_organization)))

    def test_it_takes_the_permission_to_book(self, clinic):
        nobody = Actor(ActorKind.USER, None, "Nobody", frozenset())
        with pytest.raises(NotAllowed):
            add_to_waitlist(**wished(clinic, actor=nobody))


class TestChanging:
    def test_changes_are_kept_with_a_new_version_and_without_the_words_of_the_note(self, clinic):
        entry = waiting(clinic)
        changed = change_waitlist_entry(
            entry=entry, changes={"urgency": Urgency.URGENT, "note": "in pain"}, version=1, actor=SYSTEM
        )
        assert (changed.urgency, changed.note, changed.version) == (Urgency.URGENT, "in pain", 2)
        event = Event.objects.get(type="waitlist.changed")
        assert event.changes == {"urgency": [0, 2]}
        assert event.payload["fields"] == ["note", "urgency"]

    def test_stale_version_is_refused_with_what_differs(self, clinic):
        entry = waiting(clinic)
        change_waitlist_entry(entry=entry, changes={"urgency": 1}, actor=SYSTEM)
        with pytest.raises(StaleVersion) as refused:
            change_waitlist_entry(entry=entry, changes={"urgency": 2}, version=1, actor=SYSTEM)
        assert refused.value.extra["conflicts"] == [{"field": "urgency", "current": 1, "yours": 2}]

    def test_saving_what_is_there_changes_nothing(self, clinic):
        entry = waiting(clinic)
        assert change_waitlist_entry(entry=entry, changes={"urgency": 0}, actor=SYSTEM).version == 1
        assert not Event.objects.filter(type="waitlist.changed").exists()

    def test_patient_and_type_can_not_be_changed(self, clinic):
        with pytest.raises(InvalidInput) as refused:
            change_waitlist_entry(entry=waiting(clinic), changes={"patient": somebody(clinic)}, actor=SYSTEM)
        assert wrong_fields(refused) == {"patient"}

    def test_entry_that_is_over_can_not_be_changed(self, clinic):
        entry = remove_from_waitlist(entry=waiting(clinic), actor=SYSTEM)
        with pytest.raises(InvalidTransition):
            change_waitlist_entry(entry=entry, changes={"urgency": 1}, actor=SYSTEM)

    def test_visit_that_was_called_off_is_forgotten_with_the_next_change(self, clinic):
        patient = somebody(clinic)
        visit = visit_of(clinic, TUESDAY_TEN + 7 * DAY, patient)
        entry = waiting(clinic, patient, moves=visit)
        cancel_appointment(appointment=visit, reason="patient", actor=SYSTEM)
        assert change_waitlist_entry(entry=entry, changes={"urgency": 1}, actor=SYSTEM).moves is None


class TestRemoving:
    def test_removed_entry_can_be_put_back_where_it_stood(self, clinic):
        entry = waiting(clinic, created_at=MONDAY - 9 * DAY)
        removed = remove_from_waitlist(entry=entry, actor=SYSTEM)
        assert removed.status == WaitStatus.REMOVED
        back = restore_to_waitlist(entry=removed, actor=SYSTEM)
        assert (back.status, back.created_at) == (WaitStatus.WAITING, MONDAY - 9 * DAY)

    def test_second_removal_changes_nothing(self, clinic):
        entry = waiting(clinic)
        remove_from_waitlist(entry=entry, actor=SYSTEM)
        assert remove_from_waitlist(entry=entry, actor=SYSTEM).version == 2

    def test_removal_frees_the_offered_time(self, clinic):
        entry = waiting(clinic)
        offer(clinic, entry)
        remove_from_waitlist(entry=entry, actor=SYSTEM)
        assert [one.status for one in offers_of(entry)] == [OfferStatus.WITHDRAWN]
        assert not Appointment.objects.held().exists()

    def test_nobody_is_put_back_twice_or_after_the_window(self, clinic, clock):
        entry = remove_from_waitlist(entry=waiting(clinic), actor=SYSTEM)
        add_to_waitlist(**wished(clinic, patient=entry.patient))
        with pytest.raises(Conflict, match="waiting for this type"):
            restore_to_waitlist(entry=entry, actor=SYSTEM)
        clock.move_to(MONDAY + 40 * DAY)
        with pytest.raises(InvalidTransition, match="window is over"):
            restore_to_waitlist(entry=entry, actor=SYSTEM)

    def test_window_that_is_over_closes_the_entry(self, clinic, clock):
        entry = waiting(clinic, latest_date=dt.date(2026, 11, 24))
        still = waiting(clinic)
        clock.move_to(dt.datetime(2026, 11, 25, 4, 0, tzinfo=dt.UTC))  # 23:00 on the 24th in New York
        assert close_past_windows() == 0
        clock.move_to(dt.datetime(2026, 11, 25, 5, 30, tzinfo=dt.UTC))
        assert close_past_windows() == 1
        assert (again(entry).status, again(still).status) == (WaitStatus.EXPIRED, WaitStatus.WAITING)


class TestWindow:
    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({}, "until 4 December"),
            ({"earliest_date": dt.date(2026, 11, 25), "latest_date": dt.date(2026, 11, 28)}, "25 to 28 November"),
            ({"earliest_date": dt.date(2026, 11, 30)}, "30 November to 4 December"),
            ({"latest_date": dt.date(2026, 11, 23)}, "on Mon 23 November"),
            ({"weekdays": [1, 3]}, "until 4 December, Tue or Thu"),
            ({"weekdays": [0, 2, 4]}, "until 4 December, Mon, Wed or Fri"),
            ({"weekdays": [4]}, "until 4 December, Fri"),
            ({"weekdays": [0, 1, 2, 3, 4]}, "until 4 December, Mon to Fri"),
            ({"weekdays": list(range(7))}, "until 4 December"),
            ({"from_time": dt.time(13)}, "until 4 December, from 13:00"),
            ({"until_time": dt.time(12)}, "until 4 December, before 12:00"),
            ({"from_time": dt.time(9), "until_time": dt.time(11, 30)}, "until 4 December, 09:00 to 11:30"),
        ],
    )
    def test_it_reads_as_people_say_it(self, fields, words):
        entry = WaitlistEntry(**{"earliest_date": dt.date(2026, 11, 23), "latest_date": dt.date(2026, 12, 4), **fields})
        assert window_in_words(entry, dt.date(2026, 11, 23)) == words

    @pytest.mark.parametrize(
        ("first", "last", "weekdays", "days"),
        [
            (23, 27, [], 5),
            (20, 27, [], 5),
            (23, 30, [0], 2),
            (24, 30, [0, 6], 2),
            (1, 22, [], 0),
            (28, 29, [0, 1, 2, 3, 4], 0),
        ],
    )
    def test_days_that_are_left_are_counted_from_today(self, first, last, weekdays, days):
        entry = WaitlistEntry(
            earliest_date=dt.date(2026, 11, first), latest_date=dt.date(2026, 11, last), weekdays=weekdays
        )
        assert days_left(entry, dt.date(2026, 11, 23)) == days


class TestRanking:
    def order(self, clinic: SimpleNamespace, *entries: WaitlistEntry) -> list[int]:
        places = {entry.pk: number for number, entry in enumerate(entries)}
        return [places[one.entry.pk] for one in ranked(clinic)]

    def test_urgency_goes_before_waiting_time(self, clinic):
        long_wait = waiting(clinic, created_at=MONDAY - 30 * DAY)
        urgent = waiting(clinic, urgency=Urgency.URGENT)
        soon = waiting(clinic, urgency=Urgency.SOON)
        assert self.order(clinic, urgent, soon, long_wait) == [0, 1, 2]

    def test_longer_wait_goes_before_better_fit(self, clinic):
        asked_for = waiting(clinic, practitioner=clinic.practitioner)
        long_wait = waiting(clinic, created_at=MONDAY - 2 * DAY)
        assert self.order(clinic, long_wait, asked_for) == [0, 1]

    def test_of_the_same_day_who_asked_for_this_practitioner_goes_first_then_for_this_place(self, clinic):
        anybody = waiting(clinic)
        this_place = waiting(clinic, location=clinic.location)
        this_person = waiting(clinic, practitioner=clinic.practitioner)
        assert self.order(clinic, this_person, this_place, anybody) == [0, 1, 2]

    def test_narrower_window_goes_before_a_wide_one(self, clinic):
        wide = waiting(clinic)
        mornings = waiting(clinic, until_time=dt.time(12))
        one_day = waiting(clinic, earliest_date=dt.date(2026, 11, 24), latest_date=dt.date(2026, 11, 24))
        assert self.order(clinic, one_day, mornings, wide) == [0, 1, 2]

    def test_at_last_who_came_first(self, clinic, clock):
        first = waiting(clinic)
        clock.shift(60)
        second = waiting(clinic)
        assert self.order(clinic, first, second) == [0, 1]

    def test_every_place_is_explained(self, clinic):
        patient = somebody(clinic)
        later = visit_of(clinic, TUESDAY_TEN + 7 * DAY, patient)
        waiting(
            clinic,
            patient,
            urgency=Urgency.URGENT,
            created_at=MONDAY - 12 * DAY,
            practitioner=clinic.practitioner,
            location=clinic.location,
            latest_date=dt.date(2026, 11, 25),
            moves=later,
        )
        assert ranked(clinic)[0].reasons == (
            "Urgent",
            "Waiting for 12 days",
            "Asked for Dr Amara Okonkwo",
            "Asked for Harbour Street",
            "Can come on 3 days only",
            "Would move the visit of Tue 1 Dec, 10:00",
        )

    @pytest.mark.parametrize(
        "wish",
        [
            {"latest_date": dt.date(2026, 11, 23)},
            {"earliest_date": dt.date(2026, 11, 25)},
            {"weekdays": [0, 2]},
            {"from_time": dt.time(10, 1)},
            {"until_time": dt.time(10)},
            {"status": WaitStatus.OFFERED},
            {"status": WaitStatus.REMOVED},
        ],
    )
    def test_who_does_not_want_this_time_is_not_asked(self, clinic, wish):
        waiting(clinic, **wish)
        assert ranked(clinic) == []

    def test_window_is_read_on_the_wall_of_the_place_that_got_free(self, clinic):
        clinic.location.timezone = "America/Los_Angeles"  # 15:00 UTC is 07:00 there
        clinic.location.save()
        WeeklyHoursFactory(
            organization=clinic.organization,
            practitioner=clinic.practitioner,
            location=clinic.location,
            weekday=1,
            start_time=dt.time(7),
            end_time=dt.time(9),
        )
        early, late = waiting(clinic, until_time=dt.time(8)), waiting(clinic, from_time=dt.time(8))
        assert [one.entry for one in ranked(clinic)] == [early]
        assert late.pk != early.pk

    def test_other_practitioner_other_place_and_other_type_are_left_alone(self, clinic):
        colleague = PractitionerFactory(organization=clinic.organization)
        PractitionerTypeFactory(
            organization=clinic.organization, practitioner=colleague, appointment_type=clinic.appointment_type
        )
        waiting(clinic, practitioner=colleague)
        waiting(clinic, location=LocationFactory(organization=clinic.organization))
        waiting(clinic, appointment_type=AppointmentTypeFactory(organization=clinic.organization))
        assert ranked(clinic) == []

    def test_patient_is_not_offered_a_time_after_the_visit_it_would_move(self, clinic):
        patient = somebody(clinic)
        waiting(clinic, patient, moves=visit_of(clinic, TUESDAY_TEN - HOUR, patient))
        assert ranked(clinic) == []

    @pytest.mark.parametrize(
        ("minutes", "fits_in"), [(20, True), (30, True), (60, True), (240, False)], ids=lambda value: str(value)
    )
    def test_type_of_another_length_counts_when_it_fits_around_what_got_free(self, clinic, minutes, fits_in):
        kind = AppointmentTypeFactory(organization=clinic.organization, duration_minutes=minutes, step_minutes=10)
        PractitionerTypeFactory(
            organization=clinic.organization, practitioner=clinic.practitioner, appointment_type=kind
        )
        waiting(clinic, appointment_type=kind)
        assert bool(ranked(clinic)) is fits_in

    def test_time_off_the_grid_is_offered_as_it_got_free(self, clinic):
        waiting(clinic)
        odd = TUESDAY_TEN + dt.timedelta(minutes=7)
        assert ranked(clinic, odd)[0].slot.start in {odd, TUESDAY_TEN + HALF_HOUR}

    def test_number_of_queries_does_not_depend_on_how_many_wait(self, clinic, django_assert_max_num_queries):
        waiting(clinic)
        ranked(clinic)
        for _number in range(12):
            waiting(clinic)
        with django_assert_max_num_queries(14):
            assert len(ranked(clinic)) == 13


class TestHindrances:
    """Never offered: who can't be asked, or not in time. They stay in the list, with the reason."""

    def hindrance(self, clinic: SimpleNamespace, start: dt.datetime = TUESDAY_TEN) -> str:
        (only,) = ranked(clinic, start)
        return only.hindrance

    def test_who_opted_out_of_both_channels_is_not_asked(self, clinic):
        patient = somebody(clinic, phone="+12125550177")
        waiting(clinic, patient)
        for channel in ("whatsapp", "sms"):
            opt_out(
                organization=clinic.organization, channel=channel, address="+12125550177", source="STOP", actor=SYSTEM
            )
        assert "opted out" in self.hindrance(clinic)
        assert fill(clinic) == []

    def test_who_opted_out_of_one_channel_is_asked_on_the_other(self, clinic):
        patient = somebody(clinic, phone="+12125550177")
        entry = waiting(clinic, patient)
        opt_out(
            organization=clinic.organization, channel="whatsapp", address="+12125550177", source="STOP", actor=SYSTEM
        )
        assert len(fill(clinic)) == 1
        (made,) = offers_of(entry)
        assert Communication.objects.get(context_id=made.pk).channel == "sms"

    def test_without_a_phone_or_consent_nobody_is_asked(self, clinic):
        waiting(clinic, PatientFactory(organization=clinic.organization))
        assert "no phone number" in self.hindrance(clinic)
        WaitlistEntry.objects.all().delete()
        waiting(clinic, somebody(clinic, agreed=False))
        assert "No consent" in self.hindrance(clinic)

    def test_without_a_text_nobody_is_asked(self, bookable):
        waiting(bookable)
        (only,) = ranked(bookable)
        assert "no active template" in only.hindrance

    def test_two_offers_never_wait_at_one_phone(self, clinic):
        mother, child = (somebody(clinic, phone="+12125550160") for _number in range(2))
        waiting(clinic, mother)
        other = waiting(clinic, child)
        assert len(fill(clinic)) == 1
        assert "this phone" in ranked(clinic, TUESDAY_TEN + HOUR)[0].hindrance
        assert fill(clinic, TUESDAY_TEN + HOUR) == []
        with pytest.raises(Conflict) as refused:
            offer(clinic, other if again(other).status == WaitStatus.WAITING else again(other), TUESDAY_TEN + HOUR)
        assert refused.value.code in {"asked_already", "invalid_transition"}

    def test_who_books_by_phone_only_is_called_not_written_to(self, clinic):
        entry = waiting(clinic)
        OnlineBookingBlockFactory(organization=clinic.organization, patient=entry.patient)
        assert "call them" in self.hindrance(clinic)

    def test_time_that_begins_sooner_than_notice_and_minutes_to_answer_is_not_offered(self, clinic):
        clinic.appointment_type.minimum_notice_minutes = 60
        clinic.appointment_type.save()
        entry = waiting(clinic)
        assert fill(clinic, MONDAY + HOUR) == []
        with pytest.raises(TooLate):
            offer(clinic, entry, MONDAY + HOUR)
        assert len(fill(clinic, MONDAY + 2 * HOUR)) == 1

    def test_who_was_offered_this_time_already_is_not_asked_again(self, clinic):
        entry = waiting(clinic)
        decline_offer(offer=offer(clinic, entry), by="whatsapp", actor=SYSTEM)
        assert "already" in self.hindrance(clinic)
        assert len(fill(clinic, TUESDAY_TEN + HOUR)) == 1


class TestQuietHours:
    EVENING = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)  # Monday 22:00 in New York
    EIGHT = dt.datetime(2026, 11, 24, 13, 0, tzinfo=dt.UTC)

    @pytest.fixture(autouse=True)
    def evening(self, clock, clinic):
        clock.move_to(self.EVENING)

    def test_question_waits_for_the_morning_and_the_time_is_held_until_then(self, clinic):
        entry = waiting(clinic)
        (made,) = fill(clinic)
        assert made.expires_at == self.EIGHT + HALF_HOUR
        assert Appointment.objects.held().get().held_until == made.expires_at
        message = Communication.objects.get(context_id=made.pk)
        assert (message.status, message.due_at) == (Sending.SCHEDULED, self.EIGHT)
        assert "until 8:30 AM" in message.body
        assert again(entry).status == WaitStatus.OFFERED

    def test_who_wrote_a_moment_ago_has_the_minutes_from_when_they_are_asked(self, clinic):
        """At once they might be asked; but a freed time waits for its undo, and what is planned rests at night."""
        entry = waiting(clinic)
        for point in entry.patient.contact_points.all():
            for channel in ("whatsapp", "sms"):
                ContactState.objects.create(
                    organization=clinic.organization,
                    channel=channel,
                    address=point.value,
                    last_inbound_at=self.EVENING - dt.timedelta(minutes=5),
                )
        (made,) = fill(clinic)
        message = Communication.objects.get(context_id=made.pk)
        assert (message.due_at, made.expires_at) == (self.EIGHT, self.EIGHT + HALF_HOUR)
        assert Appointment.objects.held().get().held_until == made.expires_at

    def test_time_too_early_in_the_morning_goes_to_somebody_who_is_awake(self, clinic):
        nine = self.EIGHT + HOUR
        clinic.appointment_type.minimum_notice_minutes = 60
        clinic.appointment_type.save()
        asleep = waiting(clinic, urgency=Urgency.URGENT)
        awake = waiting(clinic, somebody(clinic, phone="+14155550142"))  # 19:00 in San Francisco
        assert "Quiet hours" in ranked(clinic, nine)[0].hindrance
        (made,) = fill(clinic, nine)
        assert (made.entry_id, made.expires_at) == (awake.pk, self.EVENING + dt.timedelta(seconds=20) + HALF_HOUR)
        with pytest.raises(TooLate, match="quiet hours"):
            offer(clinic, asleep, nine)

    def test_nothing_is_sent_in_the_night(self, clinic, clock):
        waiting(clinic)
        fill(clinic)
        drain()
        assert Communication.objects.get().status == Sending.SCHEDULED
        clock.move_to(self.EIGHT + dt.timedelta(seconds=1))
        drain()
        assert Communication.objects.get().status == Sending.SENT


class TestOffering:
    def test_offer_holds_the_time_for_the_patient_and_asks(self, clinic):
        entry = waiting(clinic)
        made = offer(clinic, entry)
        hold = Appointment.objects.get(status=Status.HELD)
        assert (hold.held_for, hold.patient_id, hold.start, hold.source) == (
            made.pk,
            entry.patient_id,
            TUESDAY_TEN,
            Source.WAITLIST,
        )
        assert (hold.held_until, made.expires_at) == (MONDAY + HALF_HOUR, MONDAY + HALF_HOUR)
        assert again(entry).status == WaitStatus.OFFERED
        message = Communication.objects.get()
        assert (message.template_key, message.not_after) == ("waitlist-offer", made.expires_at)
        for words in ("Tuesday, November 24 at 10:00 AM", "Dr Amara Okonkwo", "Harbour Street", "1:30 PM", "YES", "NO"):
            assert words in message.body
        assert message.fallback_channels[0][0] == "sms"

    def test_time_whose_hold_was_given_back_goes_to_the_next_and_the_first_is_told(self, clinic):
        first, second = waiting(clinic), waiting(clinic)
        lost = offer(clinic, first)
        release_hold(hold=lost.hold, actor=SYSTEM)
        made = offer(clinic, second)
        assert again(lost).status == OfferStatus.WITHDRAWN
        assert again(first).status == WaitStatus.WAITING
        assert (again(made).status, again(second).status) == (OfferStatus.OPEN, WaitStatus.OFFERED)

    def test_second_seat_of_a_group_waits_for_the_answer_about_the_first(self, clinic):
        AppointmentType.objects.filter(pk=clinic.appointment_type.pk).update(capacity=4)
        clinic.appointment_type.refresh_from_db()
        made = offer(clinic, waiting(clinic))
        with pytest.raises(Conflict) as refused:
            offer(clinic, waiting(clinic))
        assert refused.value.code == "offered_already"
        assert again(made).status == OfferStatus.OPEN

    @pytest.mark.parametrize(
        ("language", "words"), [("es", ("SÍ", "NO", "hasta las 1:30 PM")), ("hi", ("हाँ", "नहीं", "दोपहर 1:30 बजे तक"))]
    )
    def test_question_is_put_in_the_patients_language(self, clinic, language, words):
        offer(clinic, waiting(clinic, somebody(clinic, language=language)))
        body = Communication.objects.get().body
        assert all(word in body for word in words)

    def test_minutes_to_answer_are_the_clinics(self, clinic):
        AppointmentSettings.objects.create(organization=clinic.organization, waitlist_offer_minutes=10)
        assert offer(clinic, waiting(clinic)).expires_at == MONDAY + dt.timedelta(minutes=10)

    def test_taken_time_is_refused_with_why_and_nothing_is_left_behind(self, clinic):
        visit_of(clinic, TUESDAY_TEN)
        entry = waiting(clinic)
        with pytest.raises(SlotUnavailable, match="another appointment"):
            offer(clinic, entry)
        assert (again(entry).status, offers_of(entry), Communication.objects.count()) == (WaitStatus.WAITING, [], 0)

    def test_second_offer_to_the_same_entry_is_refused(self, clinic):
        entry = waiting(clinic)
        offer(clinic, entry)
        with pytest.raises(InvalidTransition, match="has an offer"):
            offer(clinic, entry, TUESDAY_TEN + HOUR)

    def test_who_can_not_be_written_to_is_named_with_the_reason(self, clinic):
        entry = waiting(clinic, somebody(clinic, agreed=False))
        with pytest.raises(NotReachable, match=r"can’t be asked by message. No consent .* Call them"):
            offer(clinic, entry)

    def test_entry_that_is_over_is_offered_nothing(self, clinic):
        with pytest.raises(InvalidTransition, match="over: removed"):
            offer(clinic, waiting(clinic, status=WaitStatus.REMOVED))

    def test_offer_that_would_move_a_visit_says_so(self, clinic):
        patient = somebody(clinic)
        entry = waiting(clinic, patient, moves=visit_of(clinic, TUESDAY_TEN + 7 * DAY, patient))
        made = offer(clinic, entry)
        message = Communication.objects.get(context_id=made.pk)
        assert message.template_key == "waitlist-offer-move"
        assert "Tuesday, December 1 at 10:00 AM" in message.body

    def test_visit_may_be_offered_a_time_that_overlaps_itself(self, clinic):
        patient = somebody(clinic)
        visit = visit_of(clinic, TUESDAY_TEN, patient)
        entry = waiting(clinic, patient, moves=visit)
        clinic.appointment_type.step_minutes = 5
        clinic.appointment_type.save()
        colleague = PractitionerFactory(organization=clinic.organization)
        PractitionerTypeFactory(
            organization=clinic.organization, practitioner=colleague, appointment_type=clinic.appointment_type
        )
        WeeklyHoursFactory(
            organization=clinic.organization, practitioner=colleague, location=clinic.location, weekday=1
        )
        made = offer_slot(
            entry=entry,
            practitioner=colleague,
            location=clinic.location,
            start=TUESDAY_TEN - dt.timedelta(minutes=15),
            actor=SYSTEM,
        )
        moved = accept_offer(offer=made, by="sms", actor=SYSTEM)
        assert (moved.pk, moved.practitioner_id) == (visit.pk, colleague.pk)


class TestAnswering:
    def test_yes_books_the_held_time_and_closes_the_entry(self, clinic):
        entry = waiting(clinic, note="prefers mornings")
        made = offer(clinic, entry)
        visit = accept_offer(offer=made, by="whatsapp", actor=patient_actor(entry.patient_id))
        assert (visit.status, visit.source, visit.start, visit.patient_id, visit.note) == (
            Status.BOOKED,
            Source.WAITLIST,
            TUESDAY_TEN,
            entry.patient_id,
            "prefers mornings",
        )
        assert Appointment.objects.count() == 1
        made, entry = again(made), again(entry)
        assert (made.status, made.answered_by, made.hold_id) == (OfferStatus.ACCEPTED, "whatsapp", None)
        assert (entry.status, entry.booked_id) == (WaitStatus.BOOKED, visit.pk)

    @pytest.mark.parametrize("by", ["whatsapp", "sms", "staff"])
    def test_yes_confirms_the_visit_because_it_is_the_patients_word(self, clinic, by):
        entry = waiting(clinic)
        visit = accept_offer(offer=offer(clinic, entry), by=by, actor=patient_actor(entry.patient_id))
        assert (visit.is_confirmed, visit.confirmed_by) == (True, by)
        assert again(entry).booked.is_confirmed

    def test_yes_confirms_the_visit_that_it_moves(self, clinic):
        patient = somebody(clinic)
        visit = visit_of(clinic, TUESDAY_TEN + 7 * DAY, patient)
        made = offer(clinic, waiting(clinic, patient, moves=visit))
        assert accept_offer(offer=made, by="sms", actor=patient_actor(patient.pk)).is_confirmed
        assert again(visit).confirmed_by == "sms"

    def test_second_yes_answers_with_the_same_visit(self, clinic):
        made = offer(clinic, waiting(clinic))
        first = accept_offer(offer=made, by="sms", actor=BOT)
        assert accept_offer(offer=made, by="sms", actor=BOT).pk == first.pk
        assert Event.objects.filter(type="appointment.booked").count() == 1

    def test_yes_moves_the_later_visit_instead_of_booking_a_second(self, clinic):
        patient = somebody(clinic)
        visit = visit_of(clinic, TUESDAY_TEN + 7 * DAY, patient)
        made = offer(clinic, waiting(clinic, patient, moves=visit))
        moved = accept_offer(offer=made, by="whatsapp", actor=patient_actor(patient.pk))
        assert (moved.pk, moved.start, moved.version) == (visit.pk, TUESDAY_TEN, 2)
        assert Appointment.objects.count() == 1

    def test_yes_books_when_the_visit_to_be_moved_was_called_off_meanwhile(self, clinic):
        patient = somebody(clinic)
        visit = visit_of(clinic, TUESDAY_TEN + 7 * DAY, patient)
        made = offer(clinic, waiting(clinic, patient, moves=visit))
        cancel_appointment(appointment=visit, reason="patient", actor=SYSTEM)
        assert accept_offer(offer=made, by="sms", actor=BOT).pk != visit.pk

    @pytest.mark.parametrize("by", ["sweep", "clock"])
    def test_yes_after_the_time_to_answer_is_refused(self, clinic, clock, by):
        made = offer(clinic, waiting(clinic))
        clock.shift(HALF_HOUR)
        if by == "sweep":
            assert expire_offers() == 1
        with pytest.raises(OfferClosed):
            accept_offer(offer=made, by="sms", actor=BOT)
        assert not Appointment.objects.filter(status=Status.BOOKED).exists()

    def test_yes_is_refused_when_the_practitioner_went_away_meanwhile(self, clinic):
        made = offer(clinic, waiting(clinic))
        TimeOffFactory(
            organization=clinic.organization,
            practitioner=clinic.practitioner,
            period=(TUESDAY_TEN - HOUR, TUESDAY_TEN + HOUR),
        )
        with pytest.raises(SlotUnavailable, match="is away"):
            accept_offer(offer=made, by="sms", actor=BOT)
        assert again(made).status == OfferStatus.OPEN

    def test_yes_books_although_the_hold_was_released_if_the_time_is_still_free(self, clinic):
        made = offer(clinic, waiting(clinic))
        Appointment.objects.held().delete()
        assert accept_offer(offer=made, by="sms", actor=BOT).start == TUESDAY_TEN

    def test_no_keeps_the_patient_on_the_list_and_frees_the_time(self, clinic):
        entry = waiting(clinic)
        made = decline_offer(offer=offer(clinic, entry), by="sms", actor=BOT)
        assert (made.status, again(entry).status) == (OfferStatus.DECLINED, WaitStatus.WAITING)
        assert not Appointment.objects.exists()
        assert decline_offer(offer=made, by="sms", actor=BOT).status == OfferStatus.DECLINED

    def test_no_after_yes_is_refused(self, clinic):
        made = offer(clinic, waiting(clinic))
        accept_offer(offer=made, by="sms", actor=BOT)
        with pytest.raises(OfferClosed, match="accepted"):
            decline_offer(offer=made, by="sms", actor=BOT)

    def test_offer_that_nobody_answers_ends_and_the_patient_goes_on_waiting(self, clinic, clock):
        entry = waiting(clinic)
        offer(clinic, entry)
        clock.shift(HALF_HOUR - dt.timedelta(seconds=1))
        assert expire_offers() == 0
        clock.shift(1)
        assert expire_offers() == 1
        assert (again(entry).status, [one.status for one in offers_of(entry)]) == (
            WaitStatus.WAITING,
            [OfferStatus.EXPIRED],
        )

    def test_swept_hold_does_not_hinder_the_expiry(self, clinic, clock):
        entry = waiting(clinic)
        offer(clinic, entry)
        clock.shift(HALF_HOUR)
        assert (expire_holds(), expire_offers()) == (1, 1)
        assert again(entry).status == WaitStatus.WAITING

    def test_entry_whose_window_passed_with_the_offer_is_over(self, clinic, clock):
        entry = waiting(clinic, latest_date=dt.date(2026, 11, 24))
        offer(clinic, entry)
        clock.move_to(MONDAY + 3 * DAY)
        expire_offers()
        assert again(entry).status == WaitStatus.EXPIRED

    def test_withdrawn_offer_tells_who_was_asked_and_keeps_the_time_for_the_staff(self, clinic):
        entry, following = waiting(clinic), waiting(clinic)
        made = offer(clinic, entry)
        drain()
        withdraw_offer(offer=made, actor=SYSTEM)
        drain()
        assert again(entry).status == WaitStatus.WAITING
        assert offers_of(following) == []
        told = Communication.objects.get(template_key="waitlist-taken")
        assert (told.status, "not free any more" in told.body) == (Sending.SENT, True)

    def test_who_was_not_asked_yet_is_not_told_of_a_withdrawal(self, clinic):
        made = offer(clinic, waiting(clinic))
        withdraw_offer(offer=made, actor=SYSTEM)
        assert list(Communication.objects.values_list("template_key", "status")) == [
            ("waitlist-offer", Sending.CANCELLED)
        ]


class TestFilling:
    def cancel(self, visit: Appointment, reason: str = "patient") -> Appointment:
        return cancel_appointment(appointment=visit, reason=reason, actor=SYSTEM)

    def test_cancelled_time_is_offered_to_the_best_and_nobody_else(self, clinic):
        visit = visit_of(clinic, TUESDAY_TEN)
        second, first = waiting(clinic), waiting(clinic, urgency=Urgency.URGENT)
        self.cancel(visit)
        drain()
        assert [one.start for one in offers_of(first)] == [TUESDAY_TEN]
        assert offers_of(second) == []

    def test_who_comes_into_question_after_the_locks_waits_for_the_next_time(self, clinic, monkeypatch):
        """Filling two times locks everybody at first; somebody new for the second would be asked for out of order."""
        first, later = waiting(clinic, urgency=Urgency.URGENT), waiting(clinic)
        looks = count()

        def without_later_at_first(**asked: Any) -> list[Candidate]:
            found = rank_candidates(**asked)
            return found if next(looks) else [one for one in found if one.entry.pk != later.pk]

        monkeypatch.setattr(filling, "rank_candidates", without_later_at_first)
        assert [made.entry_id for made in fill(clinic, end=TUESDAY_TEN + HOUR)] == [first.pk]
        assert next(looks) == 2
        assert [made.entry_id for made in fill(clinic, end=TUESDAY_TEN + HOUR)] == [later.pk]

    def test_question_leaves_after_the_seconds_in_which_a_slip_is_undone(self, clinic, clock):
        entry = waiting(clinic)
        self.cancel(visit_of(clinic, TUESDAY_TEN))
        drain()
        assert questions(entry) == [Sending.SCHEDULED]
        clock.shift(20)
        drain()
        assert questions(entry) == [Sending.SENT]

    def test_undone_cancellation_takes_the_unsent_offer_back(self, clinic, clock):
        visit = visit_of(clinic, TUESDAY_TEN)
        entry = waiting(clinic)
        self.cancel(visit)
        drain()
        clock.shift(5)
        assert undo_status(appointment=visit, actor=SYSTEM).status == Status.BOOKED
        drain()
        assert (again(entry).status, questions(entry)) == (WaitStatus.WAITING, [Sending.CANCELLED])
        clock.shift(60)
        self.cancel(again(visit))
        drain()
        assert [one.status for one in offers_of(entry)] == [OfferStatus.WITHDRAWN, OfferStatus.OPEN]

    def test_cancellation_is_not_undone_once_somebody_was_promised_the_time(self, clinic, clock):
        visit = visit_of(clinic, TUESDAY_TEN)
        waiting(clinic)
        self.cancel(visit)
        drain()
        clock.shift(30)
        drain()
        with pytest.raises(SlotUnavailable, match="kept for them until"):
            undo_status(appointment=visit, actor=SYSTEM)

    def test_undone_move_takes_the_unsent_offer_of_the_old_time_back(self, clinic, clock):
        visit = visit_of(clinic, TUESDAY_TEN)
        entry = waiting(clinic)
        reschedule_appointment(appointment=visit, start=TUESDAY_TEN + DAY, actor=SYSTEM)
        drain()
        assert [one.status for one in offers_of(entry)] == [OfferStatus.OPEN]
        clock.shift(5)
        assert undo_reschedule(appointment=visit, actor=SYSTEM).start == TUESDAY_TEN
        drain()
        assert next((one.start, one.status) for one in offers_of(entry)) == (TUESDAY_TEN, OfferStatus.WITHDRAWN)

    def test_move_is_not_undone_once_somebody_was_promised_the_old_time(self, clinic, clock):
        visit = visit_of(clinic, TUESDAY_TEN)
        waiting(clinic)
        reschedule_appointment(appointment=visit, start=TUESDAY_TEN + DAY, actor=SYSTEM)
        drain()
        clock.shift(30)
        drain()
        with pytest.raises(SlotUnavailable, match="kept for them until"):
            undo_reschedule(appointment=visit, actor=SYSTEM)

    def test_cancelled_series_fills_each_time_and_its_undo_takes_all_unsent_offers_back(self, clinic, clock):
        series = book_series(
            organization=clinic.organization,
            patient=somebody(clinic),
            appointment_type=clinic.appointment_type,
            practitioner=clinic.practitioner,
            location=clinic.location,
            start=TUESDAY_TEN,
            rule=Rule("DAILY", count=3),
            actor=SYSTEM,
        )
        first = Appointment.objects.filter(series=series).order_by("start").first()
        entries = [waiting(clinic) for _ in range(3)]
        cancel_series(visit=first, reason="patient", everything=True, actor=SYSTEM)
        drain()
        offered = sorted(made.start for entry in entries for made in offers_of(entry))
        assert offered == [TUESDAY_TEN, TUESDAY_TEN + DAY, TUESDAY_TEN + 2 * DAY]
        clock.shift(5)
        undone = undo_series_cancellation(series=series, since=MONDAY, actor=SYSTEM)
        drain()
        assert {visit.status for visit in undone} == {Status.BOOKED}
        assert {made.status for entry in entries for made in offers_of(entry)} == {OfferStatus.WITHDRAWN}

    def test_cancellation_that_was_undone_before_the_event_arrives_fills_nothing(self, clinic):
        visit = visit_of(clinic, TUESDAY_TEN)
        entry = waiting(clinic)
        undo_status(appointment=self.cancel(visit), actor=SYSTEM)
        drain()
        assert offers_of(entry) == []

    @pytest.mark.parametrize("reason", ["practitioner", "clinic"])
    def test_time_of_who_is_away_is_offered_to_nobody(self, clinic, reason):
        entry = waiting(clinic)
        self.cancel(visit_of(clinic, TUESDAY_TEN), reason)
        drain()
        assert offers_of(entry) == []

    def test_time_off_or_taken_time_is_offered_to_nobody(self, clinic):
        entry = waiting(clinic)
        visit = visit_of(clinic, TUESDAY_TEN)
        TimeOffFactory(
            organization=clinic.organization,
            practitioner=clinic.practitioner,
            period=(TUESDAY_TEN - HOUR, TUESDAY_TEN + HOUR),
        )
        self.cancel(visit)
        drain()
        assert offers_of(entry) == []
        TimeOff.objects.all().delete()
        visit_of(clinic, TUESDAY_TEN)
        assert fill(clinic) == []

    def test_event_that_arrives_twice_or_late_offers_once(self, clinic):
        entry, following = waiting(clinic), waiting(clinic)
        self.cancel(visit_of(clinic, TUESDAY_TEN))
        deliver_due()
        for _number in range(2):
            assert fill(clinic) == []
        assert [len(offers_of(one)) for one in (entry, following)] == [1, 0]

    def test_old_time_of_a_moved_visit_is_filled(self, clinic):
        entry = waiting(clinic)
        visit = visit_of(clinic, TUESDAY_TEN)
        reschedule_appointment(appointment=visit, start=TUESDAY_TEN + 4 * HOUR, actor=SYSTEM)
        drain()
        assert [one.start for one in offers_of(entry)] == [TUESDAY_TEN]

    def test_old_time_of_a_visit_given_to_a_colleague_is_filled(self, clinic):
        colleague = PractitionerFactory(organization=clinic.organization)
        PractitionerTypeFactory(
            organization=clinic.organization, practitioner=colleague, appointment_type=clinic.appointment_type
        )
        WeeklyHoursFactory(
            organization=clinic.organization, practitioner=colleague, location=clinic.location, weekday=1
        )
        entry = waiting(clinic, practitioner=clinic.practitioner)
        visit = visit_of(clinic, TUESDAY_TEN)
        reschedule_appointment(appointment=visit, start=TUESDAY_TEN, practitioner=colleague, actor=SYSTEM)
        drain()
        assert [one.practitioner_id for one in offers_of(entry)] == [clinic.practitioner.pk]

    def test_patient_is_not_offered_the_time_that_they_gave_up(self, clinic):
        patient = somebody(clinic)
        visit = visit_of(clinic, TUESDAY_TEN, patient)
        entry = waiting(clinic, patient)
        self.cancel(visit)
        drain()
        assert offers_of(entry) == []

    def test_no_and_silence_hand_the_time_to_the_next(self, clinic, clock):
        first, second, third = (waiting(clinic, created_at=MONDAY - days * DAY) for days in (3, 2, 1))
        self.cancel(visit_of(clinic, TUESDAY_TEN))
        drain()
        decline_offer(offer=offers_of(first)[0], by="sms", actor=BOT)
        drain()
        assert [one.status for one in offers_of(second)] == [OfferStatus.OPEN]
        clock.shift(HOUR)
        drain(expire_offers)
        assert [one.status for one in offers_of(second)] == [OfferStatus.EXPIRED]
        assert [one.status for one in offers_of(third)] == [OfferStatus.OPEN]
        assert [again(one).status for one in (first, second)] == [WaitStatus.WAITING, WaitStatus.WAITING]

    def test_longer_time_is_filled_with_several_short_visits(self, clinic):
        for _number in range(3):
            waiting(clinic)
        made = fill(clinic, TUESDAY_TEN, TUESDAY_TEN + HOUR)
        assert sorted(one.start for one in made) == [TUESDAY_TEN, TUESDAY_TEN + HALF_HOUR]

    def test_candidate_with_another_visit_at_that_time_is_passed_over(self, clinic):
        busy = somebody(clinic)
        colleague = PractitionerFactory(organization=clinic.organization)
        PractitionerTypeFactory(
            organization=clinic.organization, practitioner=colleague, appointment_type=clinic.appointment_type
        )
        WeeklyHoursFactory(
            organization=clinic.organization, practitioner=colleague, location=clinic.location, weekday=1
        )
        first, second = waiting(clinic, busy, urgency=Urgency.URGENT), waiting(clinic)
        visit_of(clinic, TUESDAY_TEN, busy, practitioner=colleague)
        WaitlistEntry.objects.filter(pk=first.pk).update(status=WaitStatus.WAITING)
        assert [one.entry_id for one in fill(clinic)] == [second.pk]

    def test_clinic_that_switched_it_off_offers_by_hand_only(self, clinic):
        AppointmentSettings.objects.create(organization=clinic.organization, waitlist_fills_automatically=False)
        entry = waiting(clinic)
        self.cancel(visit_of(clinic, TUESDAY_TEN))
        drain()
        assert offers_of(entry) == []
        assert [one.entry for one in ranked(clinic)] == [entry]
        assert offer(clinic, entry).status == OfferStatus.OPEN

    def test_accepted_move_frees_its_old_time_for_the_next(self, clinic):
        patient = somebody(clinic)
        later = TUESDAY_TEN + DAY
        first = waiting(clinic, patient, moves=visit_of(clinic, later, patient))
        second = waiting(clinic, earliest_date=later.date())
        self.cancel(visit_of(clinic, TUESDAY_TEN))
        drain()
        accept_offer(offer=offers_of(first)[0], by="sms", actor=BOT)
        drain()
        assert [one.start for one in offers_of(second)] == [later]

    def test_group_that_has_a_seat_again_is_offered_to_who_waits_for_it(self, clinic):
        clinic.appointment_type.capacity = 2
        clinic.appointment_type.save()
        visits = [visit_of(clinic, TUESDAY_TEN) for _number in range(2)]
        entry = waiting(clinic)
        self.cancel(visits[0])
        drain()
        visit = accept_offer(offer=offers_of(entry)[0], by="sms", actor=BOT)
        assert (visit.session, visit.start) == (visits[1].session, TUESDAY_TEN)


class TestOtherWays:
    def test_visit_booked_by_phone_within_the_window_takes_the_patient_off_the_list(self, clinic):
        entry = waiting(clinic)
        visit = visit_of(clinic, TUESDAY_TEN, entry.patient)
        drain()
        assert (again(entry).status, again(entry).booked_id) == (WaitStatus.BOOKED, visit.pk)

    def test_open_offer_goes_to_the_next_when_the_patient_is_booked_another_way(self, clinic):
        first, second = waiting(clinic, urgency=Urgency.URGENT), waiting(clinic)
        offer(clinic, first)
        visit_of(clinic, TUESDAY_TEN + HOUR, first.patient)
        drain()
        assert [one.status for one in offers_of(first)] == [OfferStatus.WITHDRAWN]
        assert [one.start for one in offers_of(second)] == [TUESDAY_TEN]

    @pytest.mark.parametrize("wish", [{"latest_date": dt.date(2026, 11, 23)}, {"until_time": dt.time(10)}])
    def test_visit_outside_the_window_leaves_the_wish_alone(self, clinic, wish):
        entry = waiting(clinic, **wish)
        visit_of(clinic, TUESDAY_TEN, entry.patient)
        drain()
        assert again(entry).status == WaitStatus.WAITING

    def test_visit_that_staff_moved_into_the_window_fulfils_the_wish(self, clinic):
        patient = somebody(clinic)
        visit = visit_of(clinic, TUESDAY_TEN + 14 * DAY, patient)
        entry = waiting(clinic, patient, moves=visit, latest_date=dt.date(2026, 11, 27))
        drain()
        reschedule_appointment(appointment=visit, start=TUESDAY_TEN, actor=SYSTEM)
        drain()
        assert again(entry).status == WaitStatus.BOOKED

    def test_visit_that_staff_moved_to_later_does_not(self, clinic):
        patient = somebody(clinic)
        visit = visit_of(clinic, TUESDAY_TEN, patient)
        entry = waiting(clinic, patient, moves=visit)
        reschedule_appointment(appointment=visit, start=TUESDAY_TEN + DAY, actor=SYSTEM)
        drain()
        assert again(entry).status == WaitStatus.WAITING

    def test_move_to_later_that_was_taken_back_does_not(self, clinic):
        patient = somebody(clinic)
        visit = visit_of(clinic, TUESDAY_TEN, patient)
        entry = waiting(clinic, patient, moves=visit)
        reschedule_appointment(appointment=visit, start=TUESDAY_TEN + DAY, actor=SYSTEM)
        undo_reschedule(appointment=visit, actor=SYSTEM)
        drain()
        assert again(entry).status == WaitStatus.WAITING

    def test_visit_that_was_booked_before_they_began_to_wait_does_not(self, clinic, clock):
        patient = somebody(clinic)
        visit_of(clinic, TUESDAY_TEN, patient)
        clock.shift(60)
        entry = waiting(clinic, patient)
        drain()
        assert again(entry).status == WaitStatus.WAITING


class TestMessages:
    def test_question_is_not_sent_when_the_offer_is_closed(self, clinic):
        made = offer(clinic, waiting(clinic))
        message = Communication.objects.get()
        assert still_holds(message) is None
        decline_offer(offer=made, by="staff", actor=SYSTEM)
        assert "not open" in str(still_holds(message))

    def test_control_without_the_guard_a_closed_offer_is_asked_about(self, clinic, monkeypatch):
        """The guard is what stops it when calling off the planned message comes too late."""
        monkeypatch.setattr("apps.appointments.services.waitlist.ground.cancel_for_context", lambda **_: 0)
        decline_offer(offer=offer(clinic, waiting(clinic)), by="staff", actor=SYSTEM)
        monkeypatch.setattr("apps.communications.services.dispatch.guard_for", lambda _type: None)
        drain()
        assert Communication.objects.get().status == Sending.SENT

    def test_guard_alone_stops_the_question_of_a_closed_offer(self, clinic, monkeypatch):
        monkeypatch.setattr("apps.appointments.services.waitlist.ground.cancel_for_context", lambda **_: 0)
        decline_offer(offer=offer(clinic, waiting(clinic)), by="staff", actor=SYSTEM)
        drain()
        message = Communication.objects.get()
        assert (message.status, message.reason) == (Sending.CANCELLED, "The offer is not open any more.")

    def test_question_that_comes_too_late_is_not_sent(self, clinic, clock):
        offer(clinic, waiting(clinic))
        clock.shift(HOUR)
        drain()
        assert Communication.objects.get().status == Sending.CANCELLED

    def test_offer_that_reached_nobody_goes_to_the_next_at_once(self, clinic):
        first, second = waiting(clinic, urgency=Urgency.URGENT), waiting(clinic)
        made = offer(clinic, first)
        for channel in ("whatsapp", "sms"):
            opt_out(
                organization=clinic.organization,
                channel=channel,
                address=Communication.objects.get(context_id=made.pk, channel="whatsapp").to_address,
                source="STOP",
                actor=SYSTEM,
            )
        drain()
        assert [(one.status, one.answered_by) for one in offers_of(first)] == [(OfferStatus.WITHDRAWN, "undelivered")]
        assert [one.start for one in offers_of(second)] == [TUESDAY_TEN]

    def test_stop_after_the_question_was_read_hands_the_time_on(self, clinic):
        first, second = waiting(clinic, urgency=Urgency.URGENT), waiting(clinic)
        made = offer(clinic, first)
        drain()
        address = Communication.objects.get(context_id=made.pk).to_address
        opt_out(organization=clinic.organization, channel="whatsapp", address=address, source="STOP", actor=SYSTEM)
        drain()
        assert [one.status for one in offers_of(first)] == [OfferStatus.WITHDRAWN]
        assert [one.start for one in offers_of(second)] == [TUESDAY_TEN]

    def test_stop_on_the_other_channel_leaves_the_offer(self, clinic):
        entry = waiting(clinic)
        made = offer(clinic, entry)
        drain()
        address = Communication.objects.get(context_id=made.pk).to_address
        opt_out(organization=clinic.organization, channel="sms", address=address, source="STOP", actor=SYSTEM)
        drain()
        assert [one.status for one in offers_of(entry)] == [OfferStatus.OPEN]

    def test_no_event_carries_a_note_or_a_name(self, clinic):
        entry = waiting(clinic, somebody(clinic, family_name="Canary"), note="private words")
        accept_offer(offer=offer(clinic, entry), by="sms", actor=BOT)
        for event in Event.objects.filter(type__startswith="waitlist."):
            assert "Canary" not in str(event.payload) + str(event.changes)
            assert "private" not in str(event.payload) + str(event.changes)
