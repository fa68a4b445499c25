"""Groups share a time up to their capacity, deliberate overbooking has lanes, types have places and rooms."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest
import time_machine
from django.db import IntegrityError, transaction

from apps.appointments.availability import find_slots
from apps.appointments.conflicts import check_booking
from apps.appointments.errors import SlotUnavailable
from apps.appointments.models import Appointment, Source, TypeLocation, TypeRoom
from apps.appointments.services import (
    book_appointment,
    cancel_appointment,
    reschedule_appointment,
    set_type_places,
    undo_reschedule,
    undo_status,
)
from apps.communications.models import Category, Communication
from apps.core.actors import BOT
from apps.core.errors import InvalidInput, NotAllowed, NotFound
from apps.core.ids import uuid7
from apps.events.models import Event
from apps.notifications.models import Rule
from apps.notifications.services import plan_from_rules
from apps.practitioners.models import BusyTime
from tests.fixtures.appointments import (
    AppointmentFactory,
    AppointmentTypeFactory,
    OnlineBookingBlockFactory,
    PractitionerTypeFactory,
)
from tests.fixtures.journeys import TemplateFactory
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.patients import PatientFactory
from tests.fixtures.practitioners import BusyTimeFactory, RoomFactory
from tests.fixtures.racing import lanes_without_a_reason, overlaps

FRIDAY = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
NINE = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)  # Monday 09:00 in New York
HALF_HOUR = dt.timedelta(minutes=30)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def friday_before():
    with time_machine.travel(FRIDAY, tick=False):
        yield


def wanted(bookable: SimpleNamespace, **changes: object) -> dict[str, object]:
    return {
        "organization": bookable.organization,
        "appointment_type": bookable.appointment_type,
        "practitioner": bookable.practitioner,
        "location": bookable.location,
        "start": NINE,
        **changes,
    }


def somebody(bookable: SimpleNamespace):
    return PatientFactory(organization=bookable.organization)


def offered(bookable: SimpleNamespace, **options: object) -> list[str]:
    found = find_slots(
        organization=bookable.organization,
        appointment_type=bookable.appointment_type,
        start=NINE - HALF_HOUR,
        end=NINE + 4 * HALF_HOUR,
        **options,
    )
    return [f"{slot.local_start:%H:%M}" for slot in found]


def codes(refused: pytest.ExceptionInfo[SlotUnavailable]) -> list[str]:
    return [conflict.code for conflict in refused.value.conflicts]


@pytest.fixture
def group(bookable) -> SimpleNamespace:
    """A class for three."""
    bookable.appointment_type.capacity = 3
    bookable.appointment_type.save()
    return bookable


def book(bookable: SimpleNamespace, actor, **changes: object) -> Appointment:
    return book_appointment(**wanted(bookable, **changes), patient=somebody(bookable), actor=actor)


class TestGroups:
    def test_patients_share_a_time_each_on_a_seat_of_their_own(self, group, actor):
        first, second, third = (book(group, actor) for _number in range(3))
        assert first.session == second.session == third.session
        assert [first.seat, second.seat, third.seat] == [0, 1, 2]
        assert {first.lane, second.lane, third.lane} == {0}

    def test_one_more_than_there_are_seats_is_refused(self, group, actor):
        for _number in range(3):
            book(group, actor)
        with pytest.raises(SlotUnavailable) as refused:
            book(group, actor)
        assert codes(refused) == ["group_full"]
        assert "all 3 seats" in refused.value.message

    def test_the_database_keeps_the_seats_apart(self, group, actor):
        first = book(group, actor)
        with pytest.raises(IntegrityError, match="appointment_seat_not_double_booked"), transaction.atomic():
            AppointmentFactory(
                **wanted(group), session=first.session, seat=first.seat, busy_period=first.busy_period, end=first.end
            )

    def test_the_database_keeps_groups_apart(self, group, actor):
        first = book(group, actor)
        with pytest.raises(IntegrityError, match="practitioner_not_double_booked"), transaction.atomic():
            AppointmentFactory(**wanted(group), session=uuid7(), busy_period=first.busy_period, end=first.end)

    def test_group_is_offered_until_it_is_full(self, group, actor):
        for _number in range(2):
            book(group, actor)
        assert offered(group) == ["09:00", "09:30", "10:00", "10:30"]
        book(group, actor)
        assert offered(group) == ["09:30", "10:00", "10:30"]

    def test_group_off_the_grid_is_offered_at_its_time_only(self, group, actor):
        book(group, actor, start=NINE + dt.timedelta(minutes=15))
        assert offered(group) == ["09:15", "10:00", "10:30"]

    def test_another_type_does_not_join(self, group, actor):
        book(group, actor)
        group.appointment_type.capacity = 1
        group.appointment_type.save()
        with pytest.raises(SlotUnavailable) as refused:
            book(group, actor)
        assert codes(refused) == ["practitioner_taken"]

    def test_members_meet_in_the_room_of_the_first(self, group, actor, room):
        other = RoomFactory(organization=group.organization, location=group.location, name="A first by name")
        group.appointment_type.needs_room = True
        group.appointment_type.save()
        first = book(group, actor, room=room)
        assert book(group, actor).room_id == first.room_id == room.pk
        with pytest.raises(SlotUnavailable) as refused:
            book(group, actor, room=other)
        assert codes(refused) == ["group_elsewhere"]

    def test_seat_of_who_cancels_is_free_again_and_undo_takes_another_one(self, group, actor):
        first, second = book(group, actor), book(group, actor)
        cancel_appointment(appointment=first, reason="patient", actor=actor)
        assert book(group, actor).seat == 0
        undone = undo_status(appointment=first, actor=actor)
        assert (undone.session, undone.seat) == (second.session, 2)

    def test_undo_is_refused_when_the_group_is_full(self, group, actor):
        first = book(group, actor)
        cancel_appointment(appointment=first, reason="patient", actor=actor)
        for _number in range(3):
            book(group, actor)
        with pytest.raises(SlotUnavailable) as refused:
            undo_status(appointment=first, actor=actor)
        assert codes(refused) == ["group_full"]

    def test_who_moves_joins_the_group_there(self, group, actor):
        there = book(group, actor, start=NINE + HALF_HOUR)
        moved = reschedule_appointment(appointment=book(group, actor), start=NINE + HALF_HOUR, actor=actor)
        assert (moved.session, moved.seat) == (there.session, 1)

    def test_same_patient_sits_in_a_group_once(self, group, actor):
        first = book(group, actor)
        with pytest.raises(SlotUnavailable) as refused:
            book_appointment(**wanted(group), patient=first.patient, actor=actor)
        assert codes(refused) == ["patient_taken"]


class TestOverbooking:
    def test_taken_time_gets_a_lane_of_its_own_with_permission_and_reason(self, bookable, actor, manager_actor):
        book(bookable, actor)
        beside = book_appointment(
            **wanted(bookable),
            patient=somebody(bookable),
            override_reason="Fever",
            overbook=True,
            actor=manager_actor,
        )
        assert (beside.lane, beside.override_reason) == (1, "Fever")

    def test_it_needs_the_permission(self, bookable, actor):
        book(bookable, actor)
        with pytest.raises(NotAllowed):
            book(bookable, actor, override_reason="Fever", overbook=True)

    def test_it_needs_a_reason(self, bookable, actor, manager_actor):
        book(bookable, actor)
        with pytest.raises(SlotUnavailable) as refused:
            book(bookable, manager_actor, overbook=True)
        assert [(one.code, one.hard) for one in refused.value.conflicts] == [("practitioner_taken", False)]

    def test_without_asking_for_it_a_reason_is_not_enough(self, bookable, actor, manager_actor):
        book(bookable, actor)
        with pytest.raises(SlotUnavailable) as refused:
            book(bookable, manager_actor, override_reason="Fever")
        assert [(one.code, one.hard) for one in refused.value.conflicts] == [("practitioner_taken", True)]

    def test_four_beside_each_other_are_the_most(self, bookable, manager_actor):
        lanes = [book(bookable, manager_actor, override_reason="Flu day", overbook=True).lane for _number in range(4)]
        assert lanes == [0, 1, 2, 3]
        with pytest.raises(SlotUnavailable) as refused:
            book(bookable, manager_actor, override_reason="Flu day", overbook=True)
        assert "lanes_full" in codes(refused)

    def test_the_same_patient_is_never_overbooked(self, bookable, manager_actor):
        first = book(bookable, manager_actor)
        with pytest.raises(SlotUnavailable) as refused:
            book_appointment(
                **wanted(bookable),
                patient=first.patient,
                override_reason="Fever",
                overbook=True,
                actor=manager_actor,
            )
        assert [(one.code, one.hard) for one in refused.value.conflicts] == [
            ("patient_taken", True),
            ("practitioner_taken", False),
        ]

    def test_who_moves_to_a_free_time_is_in_the_ordinary_lane(self, bookable, manager_actor):
        book(bookable, manager_actor)
        beside = book(bookable, manager_actor, override_reason="Fever", overbook=True)
        moved = reschedule_appointment(appointment=beside, start=NINE + HALF_HOUR, actor=manager_actor)
        assert (moved.lane, moved.override_reason) == (0, "")

    def test_who_moves_back_is_beside_again_with_the_reason_that_was_given(self, bookable, manager_actor):
        book(bookable, manager_actor)
        beside = book(bookable, manager_actor, override_reason="Fever", overbook=True)
        moved = reschedule_appointment(appointment=beside, start=NINE + HALF_HOUR, actor=manager_actor)
        back = undo_reschedule(appointment=moved, actor=manager_actor)
        assert (back.start, back.lane, back.override_reason) == (NINE, 1, "Fever")
        assert lanes_without_a_reason() == 0

    def test_who_joins_a_group_in_a_lane_has_the_groups_reason(self, bookable, manager_actor):
        book(bookable, manager_actor)
        talk = AppointmentTypeFactory(organization=bookable.organization, capacity=3)
        PractitionerTypeFactory(
            organization=bookable.organization, practitioner=bookable.practitioner, appointment_type=talk
        )
        first = book(bookable, manager_actor, appointment_type=talk, override_reason="Flu day", overbook=True)
        second = book(bookable, manager_actor, appointment_type=talk)
        assert [(one.session, one.lane, one.override_reason) for one in (first, second)] == [
            (first.session, 1, "Flu day"),
            (first.session, 1, "Flu day"),
        ]
        assert (overlaps(), lanes_without_a_reason()) == (0, 0)

    def test_asking_first_says_that_it_could_be_overbooked(self, bookable, actor):
        book(bookable, actor)
        assert [one.hard for one in check_booking(**wanted(bookable))] == [True]
        assert [one.hard for one in check_booking(**wanted(bookable), overbook=True)] == [False]

    def test_lanes_and_groups_are_no_overlaps_but_a_lane_without_a_reason_is_noticed(self, bookable, manager_actor):
        book(bookable, manager_actor)
        beside = book(bookable, manager_actor, override_reason="Fever", overbook=True)
        assert (overlaps(), lanes_without_a_reason()) == (0, 0)
        Appointment.objects.filter(pk=beside.pk).update(override_reason="")
        assert lanes_without_a_reason() == 1


class TestPlaces:
    def test_type_is_offered_where_it_takes_place(self, bookable, manager_actor):
        assert offered(bookable)
        elsewhere = LocationFactory(organization=bookable.organization)
        set_type_places(
            appointment_type=bookable.appointment_type, locations=[elsewhere], rooms=[], actor=manager_actor
        )
        assert offered(bookable) == []
        assert [one.code for one in check_booking(**wanted(bookable))] == ["type_not_here"]

    def test_type_uses_its_rooms_only(self, bookable, actor, manager_actor, room):
        bookable.appointment_type.needs_room = True
        bookable.appointment_type.save()
        procedures = RoomFactory(organization=bookable.organization, location=bookable.location, name="Procedures")
        set_type_places(
            appointment_type=bookable.appointment_type, locations=[], rooms=[procedures], actor=manager_actor
        )
        assert book(bookable, actor).room_id == procedures.pk
        assert offered(bookable)[0] == "09:30"
        assert [one.code for one in check_booking(**wanted(bookable, start=NINE + HALF_HOUR, room=room))] == [
            "room_not_for_type"
        ]

    def test_rooms_must_be_where_the_type_takes_place(self, bookable, manager_actor, room):
        elsewhere = LocationFactory(organization=bookable.organization)
        with pytest.raises(InvalidInput) as refused:
            set_type_places(
                appointment_type=bookable.appointment_type, locations=[elsewhere], rooms=[room], actor=manager_actor
            )
        assert list(refused.value.errors) == ["rooms"]

    def test_foreign_places_are_not_found(self, bookable, manager_actor, other_organization):
        foreign = LocationFactory(organization=other_organization)
        with pytest.raises(NotFound):
            set_type_places(
                appointment_type=bookable.appointment_type, locations=[foreign], rooms=[], actor=manager_actor
            )

    def test_saying_the_same_again_records_nothing(self, bookable, manager_actor):
        for _time in range(2):
            set_type_places(
                appointment_type=bookable.appointment_type,
                locations=[bookable.location],
                rooms=[],
                actor=manager_actor,
            )
        assert TypeLocation.objects.count() == 1
        assert TypeRoom.objects.count() == 0
        assert Event.objects.filter(type="appointment_type.places_set").count() == 1


class TestOtherCalendarsAndBlocks:
    def test_imported_busy_time_is_not_offered_and_said(self, bookable):
        BusyTimeFactory(
            organization=bookable.organization,
            practitioner=bookable.practitioner,
            period=(NINE, NINE + HALF_HOUR),
            calendar="Hospital",
        )
        assert offered(bookable) == ["09:30", "10:00", "10:30"]
        (conflict,) = check_booking(**wanted(bookable))
        assert (conflict.code, conflict.hard) == ("busy_elsewhere", False)
        assert "Hospital" in conflict.message

    def test_busy_times_may_overlap(self, bookable):
        for minutes in (30, 60):
            BusyTimeFactory(
                organization=bookable.organization,
                practitioner=bookable.practitioner,
                period=(NINE, NINE + dt.timedelta(minutes=minutes)),
            )
        assert BusyTime.objects.count() == 2
        assert offered(bookable) == ["10:00", "10:30"]

    @pytest.mark.parametrize("source", [Source.BOT, Source.LINK])
    def test_blocked_patient_does_not_book_alone(self, bookable, patient, source):
        block = OnlineBookingBlockFactory(organization=bookable.organization, patient=patient)
        with pytest.raises(SlotUnavailable) as refused:
            book_appointment(**wanted(bookable), patient=patient, source=source, actor=BOT)
        assert codes(refused) == ["online_blocked"]
        block.lifted_at = FRIDAY
        block.save()
        assert book_appointment(**wanted(bookable), patient=patient, source=source, actor=BOT).pk

    def test_staff_book_for_a_blocked_patient(self, bookable, patient, actor):
        OnlineBookingBlockFactory(organization=bookable.organization, patient=patient)
        assert book_appointment(**wanted(bookable), patient=patient, actor=actor).pk


class TestQuietChanges:
    """Staff choose whether the patient is told; reminders of the new time go out either way."""

    @pytest.fixture
    def rules(self, bookable, whatsapp_account):
        for key in ("moved", "reminder"):
            TemplateFactory(
                organization=bookable.organization, key=key, body="Hello {{ patient.first_name }}", language="en"
            )
        Rule.objects.create(
            organization=bookable.organization,
            name="Moved",
            event_type="appointment.rescheduled",
            template_key="moved",
            category=Category.CONFIRMATION,
            channels=["whatsapp"],
        )
        Rule.objects.create(
            organization=bookable.organization,
            name="Reminder",
            event_type="appointment.booked",
            template_key="reminder",
            category=Category.REMINDER,
            offset_minutes=-120,
            channels=["whatsapp"],
        )

    @pytest.mark.parametrize(("tell", "planned"), [(True, ["moved", "reminder"]), (False, ["reminder"])])
    def test_moving_quietly_plans_reminders_only(self, bookable, patient, actor, rules, tell, planned):
        visit = book_appointment(**wanted(bookable), patient=patient, actor=actor)
        moved = reschedule_appointment(appointment=visit, start=NINE + HALF_HOUR, tell_patient=tell, actor=actor)
        plan_from_rules(
            organization=bookable.organization,
            event_type="appointment.rescheduled",
            context_type="appointments.Appointment",
            subject_id=moved.pk,
            actor=actor,
            replanned=["appointment.booked"],
            at_once=tell,
        )
        rows = Communication.objects.filter(context_id=visit.pk, context_version=moved.version)
        assert sorted(rows.values_list("template_key", flat=True)) == planned

    def test_the_event_says_it(self, bookable, patient, actor):
        visit = book_appointment(**wanted(bookable), patient=patient, actor=actor)
        cancel_appointment(appointment=visit, reason="patient", tell_patient=False, actor=actor)
        assert Event.objects.get(type="appointment.cancelled").payload["tell_patient"] is False
