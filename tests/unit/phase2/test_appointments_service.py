"""Booking, holding, moving, cancelling: what is allowed, what is refused and why, what is recorded."""

from __future__ import annotations

import datetime as dt
import uuid
from types import SimpleNamespace

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.appointments.availability import find_slots, nearest_slots
from apps.appointments.conflicts import check_booking
from apps.appointments.errors import SlotUnavailable
from apps.appointments.models import Appointment, Source, Status
from apps.appointments.services import (
    arrive_appointment,
    book_appointment,
    cancel_appointment,
    confirm_appointment,
    expire_holds,
    hold_slot,
    release_holds,
    reschedule_appointment,
    undo_reschedule,
)
from apps.communications.models import Communication
from apps.core.actors import BOT, SYSTEM, patient_actor
from apps.core.errors import InvalidInput, InvalidTransition, NotAllowed, NotFound, StaleVersion
from apps.events.models import Event
from apps.organizations.services import actor_for_membership
from apps.patients.models import Patient
from apps.practitioners.models import Room
from tests.fixtures.appointments import AppointmentFactory, AppointmentTypeFactory, PractitionerTypeFactory
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.patients import PatientFactory
from tests.fixtures.practitioners import (
    ClosureFactory,
    PractitionerFactory,
    RoomFactory,
    TimeOffFactory,
    WeeklyHoursFactory,
)

FRIDAY = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
NINE = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)  # Monday 09:00 in New York
HALF_HOUR = dt.timedelta(minutes=30)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(FRIDAY, tick=False) as traveller:
        yield traveller


def wanted(bookable: SimpleNamespace, **changes: object) -> dict[str, object]:
    return {
        "organization": bookable.organization,
        "appointment_type": bookable.appointment_type,
        "practitioner": bookable.practitioner,
        "location": bookable.location,
        "start": NINE,
        **changes,
    }


def change_type(bookable: SimpleNamespace, **fields: object) -> None:
    for name, value in fields.items():
        setattr(bookable.appointment_type, name, value)
    bookable.appointment_type.save()


def events(type_: str) -> list[Event]:
    return list(Event.objects.filter(type=type_).order_by("id"))


def codes(refused: pytest.ExceptionInfo[SlotUnavailable]) -> list[str]:
    return [conflict.code for conflict in refused.value.conflicts]


def _elsewhere(bookable: SimpleNamespace, patient: Patient) -> None:
    """The patient is with a colleague when the time after the wanted one is free."""
    AppointmentFactory(
        organization=bookable.organization,
        practitioner=PractitionerFactory(organization=bookable.organization),
        patient=patient,
        start=NINE + HALF_HOUR,
        end=NINE + HOUR,
        busy_period=(NINE + HALF_HOUR, NINE + HOUR),
    )


def _room_taken(bookable: SimpleNamespace, start: dt.datetime) -> Room:
    """Return the place's only room, which a colleague has for an hour."""
    room: Room = RoomFactory(organization=bookable.organization, location=bookable.location)
    AppointmentFactory(
        organization=bookable.organization,
        practitioner=PractitionerFactory(organization=bookable.organization),
        location=bookable.location,
        room=room,
        start=start,
        end=start + HOUR,
        busy_period=(start, start + HOUR),
    )
    return room


def _rooms(bookable: SimpleNamespace, _patient: Patient) -> None:
    """The type needs a room, and the only one is taken for an hour."""
    change_type(bookable, needs_room=True)
    _room_taken(bookable, NINE)


def _away(bookable: SimpleNamespace, _patient: Patient) -> None:
    """The practitioner is away after the visit, and the place is closed the day after."""
    owner = {"organization": bookable.organization}
    TimeOffFactory(**owner, practitioner=bookable.practitioner, period=(NINE + HALF_HOUR, NINE + 3 * HOUR))
    ClosureFactory(**owner, period=(NINE + 23 * HOUR, NINE + 33 * HOUR))


def _few_days(bookable: SimpleNamespace, _patient: Patient) -> None:
    """The practitioner is away until after the days that are looked at first."""
    TimeOffFactory(
        organization=bookable.organization,
        practitioner=bookable.practitioner,
        period=(NINE + HALF_HOUR, NINE + 9 * DAY),
    )


def _nobody(bookable: SimpleNamespace, _patient: Patient) -> None:
    """Nobody offers the type any more."""
    bookable.practitioner.offered_types.all().delete()


OBSTACLES = {
    "none": lambda _bookable, _patient: None,
    "elsewhere": _elsewhere,
    "rooms": _rooms,
    "away": _away,
    "few_days": _few_days,
    "nobody": _nobody,
    "type_ended": lambda bookable, _patient: change_type(bookable, is_active=False),
}


@pytest.fixture
def booked(bookable, patient, actor) -> Appointment:
    return book_appointment(**wanted(bookable), patient=patient, reason="Cough", actor=actor)


class TestBooking:
    def test_free_slot_is_booked(self, bookable, patient, actor) -> None:
        appointment = book_appointment(
            **wanted(bookable), patient=patient, reason=" Cough ", note="window seat", source=Source.API, actor=actor
        )
        appointment.refresh_from_db()
        assert (appointment.start, appointment.end) == (NINE, NINE + HALF_HOUR)
        assert (appointment.status, appointment.version, appointment.source) == (Status.BOOKED, 1, "api")
        assert (appointment.reason, appointment.note, appointment.override_reason) == ("Cough", "window seat", "")

    def test_booking_publishes_one_event_with_ids_only(self, booked, patient) -> None:
        (event,) = events("appointment.booked")
        assert event.subject_id == booked.pk
        assert event.patient_id == patient.pk
        assert event.payload["start"] == NINE.isoformat()
        assert event.payload["practitioner_id"] == str(booked.practitioner_id)
        assert event.changes["status"] == [None, "booked"]
        assert "Cough" not in str(event.payload) + str(event.changes)

    def test_busy_period_includes_the_buffers(self, bookable, patient, actor) -> None:
        change_type(bookable, buffer_before_minutes=5, buffer_after_minutes=10)
        appointment = book_appointment(**wanted(bookable), patient=patient, actor=actor)
        period = appointment.busy_period
        assert (period.lower, period.upper) == (NINE - dt.timedelta(minutes=5), NINE + dt.timedelta(minutes=40))

    def test_no_alternative_lies_where_the_patient_is_elsewhere(self, bookable, booked, patient, actor) -> None:
        other = PractitionerFactory(organization=bookable.organization)
        PractitionerTypeFactory(
            organization=bookable.organization, practitioner=other, appointment_type=bookable.appointment_type
        )
        WeeklyHoursFactory(organization=bookable.organization, practitioner=other, location=bookable.location)
        with pytest.raises(SlotUnavailable) as refused:
            book_appointment(**wanted(bookable, practitioner=other), patient=patient, actor=actor)
        assert codes(refused) == ["patient_taken"]
        assert NINE not in [slot.start for slot in refused.value.alternatives]

    def test_second_booking_of_a_slot_is_refused_with_alternatives(self, bookable, booked, actor) -> None:
        other = PatientFactory(organization=bookable.organization)
        with pytest.raises(SlotUnavailable) as refused:
            book_appointment(**wanted(bookable), patient=other, actor=actor)
        assert codes(refused) == ["practitioner_taken"]
        assert refused.value.conflicts[0].hard
        assert refused.value.conflicts[0].until == NINE + HALF_HOUR
        assert [slot.start for slot in refused.value.alternatives] == [NINE + n * HALF_HOUR for n in (1, 2, 3)]
        assert refused.value.extra["conflicts"][0]["code"] == "practitioner_taken"
        assert refused.value.extra["alternatives"][0]["start"] == "2026-11-23T14:30:00Z"
        assert Appointment.objects.count() == 1

    def test_alternatives_can_be_booked(self, bookable, booked, actor) -> None:
        other = PatientFactory(organization=bookable.organization)
        with pytest.raises(SlotUnavailable) as refused:
            book_appointment(**wanted(bookable), patient=other, actor=actor)
        slot = refused.value.alternatives[0]
        assert book_appointment(**wanted(bookable, start=slot.start), patient=other, actor=actor).pk

    @pytest.mark.parametrize("obstacle", ["none", "elsewhere", "rooms", "away", "few_days", "nobody", "type_ended"])
    def test_alternatives_read_with_the_refusal_are_those_of_a_search(self, bookable, booked, actor, obstacle) -> None:
        other = PatientFactory(organization=bookable.organization)
        OBSTACLES[obstacle](bookable, other)
        with CaptureQueriesContext(connection) as queries, pytest.raises(SlotUnavailable) as refused:
            book_appointment(**wanted(bookable), patient=other, actor=actor)
        searched = nearest_slots(**wanted(bookable), patient=other)
        assert refused.value.alternatives == searched
        assert len(searched) == (0 if obstacle in {"nobody", "type_ended"} else 3)
        asked = [query["sql"] for query in queries if "appointments_" in query["sql"]]
        assert len(asked) == (2 if obstacle in {"few_days", "nobody"} else 1)

    def test_alternatives_are_as_long_and_in_the_room_that_was_asked_for(self, bookable, booked, actor) -> None:
        room = _room_taken(bookable, NINE + 2 * HOUR)
        other = PatientFactory(organization=bookable.organization)
        longer = {"duration_minutes": 90, "room": room, "patient": other, "actor": actor}
        with pytest.raises(SlotUnavailable) as refused:
            book_appointment(**wanted(bookable), **longer)
        found = refused.value.alternatives
        assert {(slot.end - slot.start, slot.room_id) for slot in found} == {(HALF_HOUR * 3, room.pk)}
        for slot in found:
            booked = book_appointment(**wanted(bookable, start=slot.start), **longer)
            cancel_appointment(appointment=booked, reason="patient", actor=actor)

    def test_refusal_names_no_patient(self, bookable, booked, actor) -> None:
        other = PatientFactory(organization=bookable.organization)
        with pytest.raises(SlotUnavailable) as refused:
            book_appointment(**wanted(bookable), patient=other, actor=actor)
        assert "López" not in refused.value.message + str(refused.value.extra)
        assert refused.value.message == "Dr Amara Okonkwo has another appointment from 09:00 to 09:30."

    @pytest.mark.parametrize("minutes", [-29, -15, 15, 29])
    def test_overlap_is_refused(self, bookable, booked, actor, minutes) -> None:
        other = PatientFactory(organization=bookable.organization)
        start = NINE + dt.timedelta(minutes=minutes)
        with pytest.raises(SlotUnavailable) as refused:
            book_appointment(**wanted(bookable, start=start), patient=other, actor=actor)
        assert "practitioner_taken" in codes(refused)

    def test_visits_may_follow_each_other_at_once(self, bookable, booked, actor) -> None:
        other = PatientFactory(organization=bookable.organization)
        assert book_appointment(**wanted(bookable, start=NINE + HALF_HOUR), patient=other, actor=actor).pk

    def test_buffer_between_two_visits_is_explained(self, bookable, booked, actor) -> None:
        change_type(bookable, buffer_before_minutes=10)
        other = PatientFactory(organization=bookable.organization)
        with pytest.raises(SlotUnavailable, match="needs the time around another appointment"):
            book_appointment(**wanted(bookable, start=NINE + HALF_HOUR), patient=other, actor=actor)

    def test_all_conflicts_are_named_at_once_hard_ones_first(self, bookable, booked, patient, actor) -> None:
        sunday = wanted(bookable, practitioner=PractitionerFactory(organization=bookable.organization))
        ClosureFactory(organization=bookable.organization, period=(NINE, NINE + HOUR))
        TimeOffFactory(
            organization=bookable.organization, practitioner=sunday["practitioner"], period=(NINE, NINE + HOUR)
        )
        change_type(bookable, horizon_days=1)
        with pytest.raises(SlotUnavailable) as refused:
            book_appointment(**sunday, patient=patient, actor=actor)
        assert codes(refused)[0] == "patient_taken"
        assert set(codes(refused)) == {
            "patient_taken",
            "horizon",
            "type_not_offered",
            "outside_hours",
            "time_off",
            "closure",
        }

    def test_patient_can_not_be_in_two_places(self, bookable, booked, patient, actor) -> None:
        colleague = PractitionerFactory(organization=bookable.organization)
        PractitionerTypeFactory(
            organization=bookable.organization, practitioner=colleague, appointment_type=bookable.appointment_type
        )
        WeeklyHoursFactory(organization=bookable.organization, practitioner=colleague, location=bookable.location)
        with pytest.raises(SlotUnavailable) as refused:
            book_appointment(
                **wanted(bookable, practitioner=colleague, start=NINE + HALF_HOUR / 2), patient=patient, actor=actor
            )
        assert codes(refused) == ["patient_taken"]

    def test_time_of_a_cancelled_visit_can_be_booked(self, bookable, booked, actor) -> None:
        cancel_appointment(appointment=booked, reason="patient", actor=actor)
        other = PatientFactory(organization=bookable.organization)
        assert book_appointment(**wanted(bookable), patient=other, actor=actor).pk

    def test_number_of_queries_does_not_depend_on_how_full_the_day_is(self, bookable, patient, actor) -> None:
        def count(start: dt.datetime) -> int:
            with CaptureQueriesContext(connection) as queries:
                book_appointment(
                    **wanted(bookable, start=start),
                    patient=PatientFactory(organization=bookable.organization),
                    actor=actor,
                )
            return len(queries)

        empty = count(NINE)
        for number in range(1, 6):
            count(NINE + number * HALF_HOUR)
        assert count(NINE + 4 * HOUR) == empty

    @pytest.mark.parametrize("start", [NINE.replace(second=1), NINE.replace(microsecond=1)])
    def test_start_between_two_minutes_is_refused(self, bookable, patient, actor, start) -> None:
        with pytest.raises(InvalidInput) as refused:
            book_appointment(**wanted(bookable, start=start), patient=patient, actor=actor)
        assert "start" in refused.value.errors

    def test_reason_of_a_thousand_words_is_refused(self, bookable, patient, actor) -> None:
        with pytest.raises(InvalidInput) as refused:
            book_appointment(**wanted(bookable), patient=patient, reason="x" * 501, actor=actor)
        assert "reason" in refused.value.errors

    def test_unknown_source_is_refused(self, bookable, patient, actor) -> None:
        with pytest.raises(InvalidInput) as refused:
            book_appointment(**wanted(bookable), patient=patient, source="fax", actor=actor)
        assert "source" in refused.value.errors

    def test_auditor_may_not_book(self, bookable, patient, auditor) -> None:
        with pytest.raises(NotAllowed):
            book_appointment(**wanted(bookable), patient=patient, actor=actor_for_membership(auditor))

    def test_with_a_practitioner_who_is_gone_it_is_not_found(self, bookable, patient, manager_actor) -> None:
        gone = PractitionerFactory(organization=bookable.organization)
        type(gone).objects.filter(pk=gone.pk).delete()
        with pytest.raises(NotFound):
            book_appointment(
                **wanted(bookable, practitioner=gone), patient=patient, override_reason="Urgent", actor=manager_actor
            )

    def test_objects_of_another_organization_are_not_found(
        self, bookable, patient, foreign_patient, other_organization, actor
    ) -> None:
        with pytest.raises(NotFound):
            book_appointment(**wanted(bookable), patient=foreign_patient, actor=actor)
        for name, foreign in {
            "practitioner": PractitionerFactory(organization=other_organization),
            "location": LocationFactory(organization=other_organization),
            "appointment_type": AppointmentTypeFactory(organization=other_organization),
            "room": RoomFactory(organization=other_organization),
            "hold": AppointmentFactory(organization=other_organization),
        }.items():
            with pytest.raises(NotFound):
                book_appointment(**wanted(bookable, **{name: foreign}), patient=patient, actor=actor)
        assert not Appointment.objects.exists()

    def test_inactive_practitioner_and_archived_patient_are_hard_conflicts(self, bookable, patient, actor) -> None:
        bookable.practitioner.is_active = False
        bookable.practitioner.save()
        patient.archived_at = FRIDAY
        patient.save()
        with pytest.raises(SlotUnavailable) as refused:
            book_appointment(**wanted(bookable), patient=patient, actor=actor)
        assert codes(refused) == ["practitioner_inactive", "patient_archived"]
        assert all(conflict.hard for conflict in refused.value.conflicts)


class TestRules:
    """Soft rules: refused without an override, booked with one by who may, and the reason is kept."""

    def break_rule(self, bookable, rule: str) -> dict[str, object]:
        organization = bookable.organization
        if rule == "outside_hours":
            return wanted(bookable, start=NINE - HOUR)
        if rule == "time_off":
            TimeOffFactory(organization=organization, practitioner=bookable.practitioner, period=(NINE, NINE + HOUR))
        if rule == "closure":
            ClosureFactory(organization=organization, location=bookable.location, period=(NINE, NINE + HOUR))
        if rule == "notice":
            change_type(bookable, minimum_notice_minutes=7 * 1440)
        if rule == "horizon":
            change_type(bookable, horizon_days=2)
        if rule == "type_not_offered":
            bookable.appointment_type.offered_by.all().delete()
        if rule == "in_past":
            return wanted(bookable, start=NINE - 7 * DAY)
        return wanted(bookable)

    RULES = ("outside_hours", "time_off", "closure", "notice", "horizon", "type_not_offered", "in_past")

    @pytest.mark.parametrize("rule", RULES)
    def test_broken_rule_is_refused(self, bookable, patient, manager_actor, rule) -> None:
        with pytest.raises(SlotUnavailable) as refused:
            book_appointment(**self.break_rule(bookable, rule), patient=patient, actor=manager_actor)
        assert codes(refused) == [rule]
        assert not refused.value.conflicts[0].hard

    @pytest.mark.parametrize("rule", RULES)
    def test_manager_sets_a_rule_aside_with_a_reason_that_is_kept(self, bookable, patient, manager_actor, rule) -> None:
        appointment = book_appointment(
            **self.break_rule(bookable, rule), patient=patient, override_reason="Urgent", actor=manager_actor
        )
        assert appointment.override_reason == "Urgent"

    @pytest.mark.parametrize("rule", RULES)
    def test_front_desk_is_told_to_ask_a_manager(self, bookable, patient, actor, rule) -> None:
        with pytest.raises(NotAllowed, match="manager") as refused:
            book_appointment(**self.break_rule(bookable, rule), patient=patient, override_reason="Urgent", actor=actor)
        assert refused.value.extra["conflicts"][0]["code"] == rule

    @pytest.mark.parametrize("rule", RULES)
    @pytest.mark.parametrize("who", [BOT, patient_actor(uuid.uuid4())], ids=["bot", "patient"])
    def test_bot_and_patient_can_not_set_a_rule_aside(self, bookable, patient, rule, who) -> None:
        with pytest.raises(NotAllowed):
            book_appointment(**self.break_rule(bookable, rule), patient=patient, override_reason="please", actor=who)
        assert not Appointment.objects.exists()

    def test_reason_is_not_kept_when_nothing_was_set_aside(self, bookable, patient, manager_actor) -> None:
        appointment = book_appointment(
            **wanted(bookable), patient=patient, override_reason="to be sure", actor=manager_actor
        )
        assert appointment.override_reason == ""

    def test_blank_reason_is_none(self, bookable, patient, manager_actor) -> None:
        with pytest.raises(SlotUnavailable):
            book_appointment(
                **self.break_rule(bookable, "notice"), patient=patient, override_reason="  ", actor=manager_actor
            )

    def test_hard_conflict_can_not_be_set_aside(self, bookable, booked, manager_actor) -> None:
        other = PatientFactory(organization=bookable.organization)
        with pytest.raises(SlotUnavailable):
            book_appointment(**wanted(bookable), patient=other, override_reason="Urgent", actor=manager_actor)

    def test_type_for_staff_only_is_refused_to_the_bot(self, bookable, patient) -> None:
        change_type(bookable, online_bookable=False)
        with pytest.raises(SlotUnavailable) as refused:
            book_appointment(**wanted(bookable), patient=patient, source=Source.BOT, actor=BOT)
        assert codes(refused) == ["not_online"]

    def test_seeding_may_book_in_the_past(self, bookable, patient) -> None:
        appointment = book_appointment(
            **wanted(bookable, start=NINE - 7 * DAY), patient=patient, override_reason="demo data", actor=SYSTEM
        )
        assert appointment.pk

    def test_visit_over_two_touching_stretches_is_within_the_hours(self, bookable, patient, actor) -> None:
        bookable.practitioner.weekly_hours.filter(start_time=dt.time(13)).update(start_time=dt.time(12))
        lunch = wanted(bookable, start=NINE + dt.timedelta(hours=2, minutes=45))
        assert book_appointment(**lunch, patient=patient, actor=actor).pk

    def test_why_not_says_the_hours_of_the_day(self, bookable) -> None:
        (conflict,) = check_booking(**wanted(bookable, start=NINE - HOUR))
        assert conflict.message == (
            "Dr Amara Okonkwo works 09:00–12:00, 13:00–17:00 at Harbour Street on Monday 23 November."
        )

    def test_why_not_agrees_with_what_is_offered(self, bookable) -> None:
        TimeOffFactory(
            organization=bookable.organization,
            practitioner=bookable.practitioner,
            period=(NINE + HOUR, NINE + 2 * HOUR),
        )
        offered = {
            slot.start
            for slot in find_slots(
                organization=bookable.organization,
                appointment_type=bookable.appointment_type,
                start=NINE - 2 * HOUR,
                end=NINE + 10 * HOUR,
            )
        }
        asked = [NINE + number * HALF_HOUR for number in range(-4, 20)]
        assert {start for start in asked if not check_booking(**wanted(bookable, start=start))} == offered

    def test_why_not_asks_the_database_once(self, bookable, patient, room) -> None:
        with CaptureQueriesContext(connection) as queries:
            check_booking(**wanted(bookable), patient=patient, room=room)
        assert len(queries) == 1


class TestRooms:
    def test_needed_room_is_chosen(self, bookable, patient, room, actor) -> None:
        change_type(bookable, needs_room=True)
        assert book_appointment(**wanted(bookable), patient=patient, actor=actor).room_id == room.pk

    def test_no_free_room_is_a_hard_conflict(self, bookable, patient, room, actor) -> None:
        change_type(bookable, needs_room=True)
        AppointmentFactory(organization=bookable.organization, room=room, start=NINE)
        with pytest.raises(SlotUnavailable) as refused:
            book_appointment(**wanted(bookable), patient=patient, actor=actor)
        assert codes(refused) == ["no_room"]
        assert refused.value.conflicts[0].until == NINE + HALF_HOUR

    def test_named_room_that_is_taken_is_refused(self, bookable, patient, room, actor) -> None:
        AppointmentFactory(organization=bookable.organization, room=room, start=NINE)
        with pytest.raises(SlotUnavailable) as refused:
            book_appointment(**wanted(bookable, room=room), patient=patient, actor=actor)
        assert codes(refused) == ["room_taken"]

    def test_room_elsewhere_is_impossible(self, bookable, patient, actor) -> None:
        elsewhere = RoomFactory(organization=bookable.organization)
        with pytest.raises(InvalidInput) as refused:
            book_appointment(**wanted(bookable, room=elsewhere), patient=patient, actor=actor)
        assert "room" in refused.value.errors

    def test_room_out_of_use_is_refused(self, bookable, patient, room, actor) -> None:
        room.is_active = False
        room.save()
        with pytest.raises(SlotUnavailable) as refused:
            book_appointment(**wanted(bookable, room=room), patient=patient, actor=actor)
        assert codes(refused) == ["room_inactive"]

    def test_moved_visit_keeps_its_room_or_takes_another(self, bookable, patient, room, actor) -> None:
        change_type(bookable, needs_room=True)
        second = RoomFactory(organization=bookable.organization, location=bookable.location, name="Room 9")
        visit = book_appointment(**wanted(bookable, room=second), patient=patient, actor=actor)
        assert reschedule_appointment(appointment=visit, start=NINE + HOUR, actor=actor).room_id == second.pk
        AppointmentFactory(organization=bookable.organization, room=second, start=NINE + 2 * HOUR)
        assert reschedule_appointment(appointment=visit, start=NINE + 2 * HOUR, actor=actor).room_id == room.pk


class TestHolds:
    HOLDER = uuid.UUID(int=7)

    def hold(self, bookable, actor, **changes) -> Appointment:
        return hold_slot(**{**wanted(bookable), "held_for": self.HOLDER, "actor": actor, **changes})

    def test_held_time_is_refused_to_others(self, bookable, patient, actor) -> None:
        self.hold(bookable, actor)
        with pytest.raises(SlotUnavailable, match="Somebody is just choosing"):
            book_appointment(**wanted(bookable), patient=patient, actor=actor)
        assert events("appointment.held")[0].payload["held_for"] == str(self.HOLDER)

    def test_hold_becomes_the_appointment_in_place(self, bookable, patient, actor) -> None:
        hold = self.hold(bookable, actor)
        appointment = book_appointment(**wanted(bookable), patient=patient, hold=hold, source=Source.BOT, actor=BOT)
        assert appointment.pk == hold.pk
        appointment.refresh_from_db()
        assert (appointment.status, appointment.held_until, appointment.held_for) == (Status.BOOKED, None, None)
        assert appointment.source == "bot"
        (event,) = events("appointment.booked")
        assert event.payload["held_for"] == str(self.HOLDER)
        assert event.changes["status"] == ["held", "booked"]
        assert events("appointment.released") == []

    def test_hold_of_another_time_is_released_by_the_booking(self, bookable, patient, actor) -> None:
        hold = self.hold(bookable, actor)
        appointment = book_appointment(**wanted(bookable, start=NINE + HOUR), patient=patient, hold=hold, actor=actor)
        assert appointment.pk != hold.pk
        assert [event.subject_id for event in events("appointment.released")] == [hold.pk]
        assert Appointment.objects.count() == 1

    def test_expired_hold_still_becomes_the_appointment_while_the_time_is_free(
        self, bookable, patient, actor, clock
    ) -> None:
        hold = self.hold(bookable, actor)
        clock.shift(dt.timedelta(minutes=6))
        assert book_appointment(**wanted(bookable), patient=patient, hold=hold, actor=actor).pk == hold.pk

    def test_released_hold_is_booked_anew_when_the_time_is_free(self, bookable, patient, actor) -> None:
        hold = self.hold(bookable, actor)
        release_holds(organization=bookable.organization, held_for=self.HOLDER, actor=actor)
        appointment = book_appointment(**wanted(bookable), patient=patient, hold=hold, actor=actor)
        assert appointment.pk != hold.pk

    def test_lost_hold_is_refused_when_somebody_else_has_the_time(self, bookable, patient, actor) -> None:
        hold = self.hold(bookable, actor)
        release_holds(organization=bookable.organization, held_for=self.HOLDER, actor=actor)
        other = PatientFactory(organization=bookable.organization)
        book_appointment(**wanted(bookable), patient=other, actor=actor)
        with pytest.raises(SlotUnavailable):
            book_appointment(**wanted(bookable), patient=patient, hold=hold, actor=actor)

    def test_expired_hold_does_not_block_and_is_cleared(self, bookable, patient, actor, clock) -> None:
        hold = self.hold(bookable, actor)
        clock.shift(dt.timedelta(minutes=5))
        assert book_appointment(**wanted(bookable), patient=patient, actor=actor).pk
        assert [event.subject_id for event in events("appointment.released")] == [hold.pk]

    def test_expired_hold_of_a_room_and_of_the_patient_do_not_block(
        self, bookable, patient, room, actor, clock
    ) -> None:
        colleague = PractitionerFactory(organization=bookable.organization)
        for fields in ({"room": room, "patient": None}, {"patient": patient}):
            AppointmentFactory(
                organization=bookable.organization,
                practitioner=PractitionerFactory(organization=bookable.organization),
                location=bookable.location,
                start=NINE,
                status=Status.HELD,
                held_until=FRIDAY + dt.timedelta(minutes=5),
                **fields,
            )
        assert colleague.pk
        clock.shift(dt.timedelta(minutes=5))
        assert book_appointment(**wanted(bookable, room=room), patient=patient, actor=actor).pk
        assert len(events("appointment.released")) == 2

    def test_new_hold_replaces_the_earlier_one_of_the_same_holder(self, bookable, actor) -> None:
        first = self.hold(bookable, actor)
        second = self.hold(bookable, actor, start=NINE + HOUR)
        assert [hold.pk for hold in Appointment.objects.held()] == [second.pk]
        assert [event.subject_id for event in events("appointment.released")] == [first.pk]

    def test_same_time_can_be_held_again_by_its_holder(self, bookable, actor, clock) -> None:
        self.hold(bookable, actor)
        clock.shift(dt.timedelta(minutes=4))
        again = self.hold(bookable, actor)
        assert again.held_until == FRIDAY + dt.timedelta(minutes=9)

    def test_refused_hold_leaves_the_earlier_one(self, bookable, booked, actor) -> None:
        kept = self.hold(bookable, actor, start=NINE + HOUR)
        with pytest.raises(SlotUnavailable):
            self.hold(bookable, actor)
        assert [hold.pk for hold in Appointment.objects.held()] == [kept.pk]
        assert events("appointment.released") == []

    def test_holds_of_two_people_at_two_times_live_together(self, bookable, actor) -> None:
        self.hold(bookable, actor)
        self.hold(bookable, actor, start=NINE + HOUR, held_for=uuid.UUID(int=8))
        assert Appointment.objects.held().count() == 2

    def test_rules_bind_holds_too(self, bookable, actor) -> None:
        with pytest.raises(SlotUnavailable) as refused:
            self.hold(bookable, actor, start=NINE - HOUR)
        assert codes(refused) == ["outside_hours"]

    @pytest.mark.parametrize("minutes", [0, -1, 61])
    def test_hold_lasts_minutes(self, bookable, actor, minutes) -> None:
        with pytest.raises(InvalidInput):
            self.hold(bookable, actor, minutes=minutes)

    def test_release_says_how_many_and_is_repeatable(self, bookable, actor) -> None:
        self.hold(bookable, actor)
        release = {"organization": bookable.organization, "held_for": self.HOLDER, "actor": actor}
        assert release_holds(**release) == 1
        assert release_holds(**release) == 0

    def test_sweep_releases_expired_holds_of_every_organization_with_an_event_each(
        self, bookable, other_organization, actor, clock
    ) -> None:
        self.hold(bookable, actor)
        self.hold(bookable, actor, start=NINE + HOUR, held_for=uuid.UUID(int=8), minutes=30)
        AppointmentFactory(
            organization=other_organization,
            patient=None,
            start=NINE,
            status=Status.HELD,
            held_until=FRIDAY + dt.timedelta(minutes=1),
        )
        clock.shift(dt.timedelta(minutes=5))
        assert expire_holds() == 2
        assert expire_holds() == 0
        assert Appointment.objects.held().count() == 1
        assert len(events("appointment.released")) == 1
        assert events("appointment.released")[0].actor_kind == "system"

    def test_held_time_can_not_be_moved_or_cancelled_like_an_appointment(self, bookable, actor) -> None:
        hold = self.hold(bookable, actor)
        with pytest.raises(InvalidTransition, match="only held"):
            cancel_appointment(appointment=hold, reason="patient", actor=actor)
        with pytest.raises(InvalidTransition, match="only held"):
            reschedule_appointment(appointment=hold, start=NINE + HOUR, actor=actor)


class TestMoving:
    def test_visit_moves_in_place_and_counts_a_version(self, booked, actor) -> None:
        moved = reschedule_appointment(appointment=booked, start=NINE + HOUR, actor=actor)
        assert (moved.pk, moved.start, moved.end) == (booked.pk, NINE + HOUR, NINE + HOUR + HALF_HOUR)
        assert moved.version == 2
        (event,) = events("appointment.rescheduled")
        assert event.changes["start"] == [NINE.isoformat(), (NINE + HOUR).isoformat()]
        assert set(event.changes) == {"start", "end"}
        assert event.payload["version"] == 2

    def test_old_time_is_free_and_new_time_taken(self, bookable, booked, actor) -> None:
        reschedule_appointment(appointment=booked, start=NINE + HOUR, actor=actor)
        assert check_booking(**wanted(bookable)) == []
        assert [c.code for c in check_booking(**wanted(bookable, start=NINE + HOUR))] == ["practitioner_taken"]

    def test_visit_may_overlap_its_own_old_time(self, booked, actor) -> None:
        moved = reschedule_appointment(appointment=booked, start=NINE + dt.timedelta(minutes=15), actor=actor)
        assert moved.version == 2

    def test_taken_time_is_refused_and_nothing_moves(self, bookable, booked, actor) -> None:
        other = book_appointment(
            **wanted(bookable, start=NINE + HOUR),
            patient=PatientFactory(organization=bookable.organization),
            actor=actor,
        )
        with pytest.raises(SlotUnavailable) as refused:
            reschedule_appointment(appointment=booked, start=other.start, actor=actor)
        assert refused.value.alternatives
        booked.refresh_from_db()
        assert (booked.start, booked.version) == (NINE, 1)

    def test_confirmation_was_for_the_old_time(self, booked, actor) -> None:
        confirm_appointment(appointment=booked, by="whatsapp", actor=BOT)
        moved = reschedule_appointment(appointment=booked, start=NINE + HOUR, actor=actor)
        assert (moved.confirmed_at, moved.confirmed_by) == (None, "")

    def test_moving_to_where_it_is_changes_nothing(self, booked, actor) -> None:
        assert reschedule_appointment(appointment=booked, start=NINE, actor=actor).version == 1
        assert events("appointment.rescheduled") == []

    def test_visit_moves_to_a_colleague_and_another_place(self, bookable, booked, actor) -> None:
        colleague = PractitionerFactory(organization=bookable.organization)
        elsewhere = LocationFactory(organization=bookable.organization)
        PractitionerTypeFactory(
            organization=bookable.organization, practitioner=colleague, appointment_type=bookable.appointment_type
        )
        WeeklyHoursFactory(organization=bookable.organization, practitioner=colleague, location=elsewhere)
        moved = reschedule_appointment(
            appointment=booked, start=NINE, practitioner=colleague, location=elsewhere, actor=actor
        )
        assert (moved.practitioner_id, moved.location_id) == (colleague.pk, elsewhere.pk)
        assert set(events("appointment.rescheduled")[0].changes) == {"practitioner_id", "location_id"}

    def test_visit_is_made_longer(self, booked, actor) -> None:
        longer = reschedule_appointment(appointment=booked, start=NINE, duration_minutes=60, actor=actor)
        assert longer.end == NINE + HOUR
        assert reschedule_appointment(appointment=booked, start=NINE + HOUR, actor=actor).end == NINE + 2 * HOUR

    @pytest.mark.parametrize("minutes", [4, 601])
    def test_impossible_length_is_refused(self, booked, actor, minutes) -> None:
        with pytest.raises(InvalidInput):
            reschedule_appointment(appointment=booked, start=NINE, duration_minutes=minutes, actor=actor)

    def test_stale_version_is_refused_with_the_difference(self, booked, actor) -> None:
        reschedule_appointment(appointment=booked, start=NINE + HOUR, actor=actor)
        with pytest.raises(StaleVersion) as refused:
            reschedule_appointment(appointment=booked, start=NINE + 2 * HOUR, version=1, actor=actor)
        assert refused.value.extra["current"] == 2
        assert refused.value.extra["conflicts"] == [
            {"field": "start", "current": (NINE + HOUR).isoformat(), "yours": (NINE + 2 * HOUR).isoformat()}
        ]

    def test_rules_bind_moves_too(self, booked, actor, manager_actor) -> None:
        with pytest.raises(SlotUnavailable):
            reschedule_appointment(appointment=booked, start=NINE - HOUR, actor=actor)
        moved = reschedule_appointment(
            appointment=booked, start=NINE - HOUR, override_reason="Fasting", actor=manager_actor
        )
        assert moved.override_reason == "Fasting"

    def test_move_is_undone_once_and_the_patient_is_told_again(self, booked, actor) -> None:
        confirm_appointment(appointment=booked, by="phone", actor=actor)
        reschedule_appointment(appointment=booked, start=NINE + HOUR, actor=actor)
        back = undo_reschedule(appointment=booked, version=2, actor=actor)
        assert (back.start, back.confirmed_by, back.version) == (NINE, "phone", 3)
        assert [event.payload.get("undone") for event in events("appointment.rescheduled")] == [None, True]

    def test_undo_goes_back_to_a_time_that_would_not_be_booked_any_more(self, booked, actor, clock) -> None:
        reschedule_appointment(appointment=booked, start=NINE + DAY, actor=actor)
        clock.move_to(FRIDAY + dt.timedelta(minutes=9))
        type(booked.appointment_type).objects.update(minimum_notice_minutes=60 * 24 * 30)
        assert undo_reschedule(appointment=booked, actor=actor).start == NINE

    def test_undo_is_refused_when_the_old_time_was_given_away(self, bookable, booked, actor) -> None:
        reschedule_appointment(appointment=booked, start=NINE + HOUR, actor=actor)
        book_appointment(**wanted(bookable), patient=PatientFactory(organization=bookable.organization), actor=actor)
        with pytest.raises(SlotUnavailable, match="another appointment"):
            undo_reschedule(appointment=booked, actor=actor)
        booked.refresh_from_db()
        assert (booked.start, booked.version) == (NINE + HOUR, 2)

    def test_move_can_not_be_undone_after_ten_minutes(self, booked, actor, clock) -> None:
        reschedule_appointment(appointment=booked, start=NINE + HOUR, actor=actor)
        clock.move_to(FRIDAY + dt.timedelta(minutes=11))
        with pytest.raises(InvalidTransition, match="too long ago"):
            undo_reschedule(appointment=booked, actor=actor)

    def test_visit_that_was_never_moved_has_nothing_to_undo(self, booked, actor) -> None:
        with pytest.raises(InvalidTransition, match="nothing to undo"):
            undo_reschedule(appointment=booked, actor=actor)

    def test_patient_can_not_move_what_has_begun(self, booked, clock) -> None:
        clock.move_to(NINE)
        with pytest.raises(InvalidTransition, match="call the clinic"):
            reschedule_appointment(appointment=booked, start=NINE + DAY, actor=patient_actor(booked.patient_id))

    def test_waiting_patient_is_not_moved(self, booked, actor) -> None:
        arrive_appointment(appointment=booked, actor=actor)
        with pytest.raises(InvalidTransition, match="checked in already") as refused:
            reschedule_appointment(appointment=booked, start=NINE + HOUR, actor=actor)
        assert refused.value.extra["current_status"] == "arrived"
        assert "cancel" in refused.value.extra["possible"]

    def test_appointment_of_another_organization_is_not_found(self, bookable, other_organization, actor) -> None:
        foreign = AppointmentFactory(organization=other_organization)
        with pytest.raises(NotFound):
            reschedule_appointment(appointment=foreign, start=NINE, actor=actor)
        with pytest.raises(NotFound):
            cancel_appointment(appointment=foreign, reason="patient", actor=actor)

    def test_practitioner_of_another_organization_is_not_found(self, booked, other_organization, actor) -> None:
        foreign = PractitionerFactory(organization=other_organization)
        with pytest.raises(NotFound):
            reschedule_appointment(appointment=booked, start=NINE, practitioner=foreign, actor=actor)


class TestCancelling:
    def test_cancelled_with_reason_note_and_version(self, booked, actor) -> None:
        cancelled = cancel_appointment(appointment=booked, reason="patient", note=" Ill ", actor=actor)
        assert (cancelled.status, cancelled.version) == (Status.CANCELLED, 2)
        assert (cancelled.cancel_reason, cancelled.cancel_note, cancelled.cancelled_at) == ("patient", "Ill", FRIDAY)
        (event,) = events("appointment.cancelled")
        assert event.changes["status"] == ["booked", "cancelled"]
        assert event.payload["cancel_reason"] == "patient"
        assert "Ill" not in str(event.payload)

    def test_unknown_reason_is_refused(self, booked, actor) -> None:
        with pytest.raises(InvalidInput) as refused:
            cancel_appointment(appointment=booked, reason="weather", actor=actor)
        assert "reason" in refused.value.errors

    def test_second_cancellation_says_that_it_is_cancelled(self, booked, actor) -> None:
        cancel_appointment(appointment=booked, reason="patient", actor=actor)
        with pytest.raises(InvalidTransition, match="is cancelled"):
            cancel_appointment(appointment=booked, reason="patient", actor=actor)
        assert len(events("appointment.cancelled")) == 1

    def test_patient_can_not_cancel_what_has_begun_but_the_clinic_can(self, booked, actor, clock) -> None:
        clock.move_to(NINE)
        with pytest.raises(InvalidTransition):
            cancel_appointment(appointment=booked, reason="patient", actor=patient_actor(booked.patient_id))
        assert cancel_appointment(appointment=booked, reason="patient", actor=actor).status == Status.CANCELLED


class TestMessages:
    """Messages of older versions are cancelled with the change that makes them wrong."""

    def planned(self, appointment: Appointment, version: int, category: str = "reminder") -> Communication:
        return CommunicationFactory(
            organization=appointment.organization,
            patient=appointment.patient,
            category=category,
            status="scheduled",
            due_at=appointment.start - 2 * HOUR,
            context_type="appointments.Appointment",
            context_id=appointment.pk,
            context_version=version,
        )

    @pytest.mark.parametrize("change", ["move", "cancel"])
    def test_change_cancels_messages_of_earlier_versions(self, booked, actor, change) -> None:
        message = self.planned(booked, 1)
        if change == "move":
            reschedule_appointment(appointment=booked, start=NINE + HOUR, actor=actor)
        else:
            cancel_appointment(appointment=booked, reason="patient", actor=actor)
        message.refresh_from_db()
        assert message.status == "cancelled"
        assert message.reason.startswith("The appointment was")

    def test_messages_of_the_new_version_stay(self, booked, actor) -> None:
        message = self.planned(booked, 2)
        reschedule_appointment(appointment=booked, start=NINE + HOUR, actor=actor)
        message.refresh_from_db()
        assert message.status == "scheduled"

    def test_refused_change_cancels_nothing(self, bookable, booked, actor) -> None:
        message = self.planned(booked, 1)
        with pytest.raises(SlotUnavailable):
            reschedule_appointment(appointment=booked, start=NINE - HOUR, actor=actor)
        message.refresh_from_db()
        assert message.status == "scheduled"
