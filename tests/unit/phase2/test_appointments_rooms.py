"""The room of a visit at the desk: set, changed, taken back; never the same room twice at a time."""

from __future__ import annotations

import datetime as dt
import re
import time
import uuid
from collections import Counter

import pytest
import time_machine

from apps.appointments.models import Appointment, Status
from apps.appointments.models.types import TypeRoom
from apps.appointments.rooms import rooms_for
from apps.appointments.services import arrive_appointment, cancel_appointment, set_room, start_appointment
from apps.appointments.services import rooms as service
from apps.core.actors import Actor, ActorKind
from apps.core.errors import Conflict, InvalidInput, InvalidTransition, NotAllowed
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from apps.organizations.permissions import Permission
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.patients import PatientFactory
from tests.fixtures.practitioners import PractitionerFactory, RoomFactory
from tests.fixtures.racing import PAUSE_SECONDS, at_once, overlaps, without_constraints, without_locks
from tests.fixtures.shared import MONDAY

MINUTE = dt.timedelta(minutes=1)
READER = Actor(ActorKind.USER, uuid.uuid4(), "Reader", frozenset({Permission.APPOINTMENTS_VIEW}))
DESK = Actor(ActorKind.USER, uuid.uuid4(), "Desk", frozenset({Permission.APPOINTMENTS_MANAGE}))


@pytest.fixture
def nine_on_monday(db):
    with time_machine.travel(MONDAY + MINUTE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def rooms(bookable):
    return [
        RoomFactory(organization=bookable.organization, location=bookable.location, name=f"Room {number}")
        for number in (1, 2, 3)
    ]


def visit_in(room, bookable, start=MONDAY, **more) -> Appointment:
    """Return somebody else's visit, with another practitioner, in the room."""
    return AppointmentFactory(
        organization=bookable.organization,
        patient=PatientFactory(organization=bookable.organization),
        practitioner=PractitionerFactory(organization=bookable.organization),
        location=bookable.location,
        appointment_type=bookable.appointment_type,
        start=start,
        room=room,
        **more,
    )


@pytest.mark.usefixtures("nine_on_monday")
class TestService:
    def test_free_room_is_set_and_said_in_the_history(self, appointment, rooms, actor):
        version = appointment.version
        set_room(appointment=appointment, room=rooms[0], actor=actor)
        appointment.refresh_from_db()
        assert (appointment.room, appointment.version) == (rooms[0], version)
        (event,) = Event.objects.filter(type="appointment.room_changed")
        assert event.changes == {"room_id": [None, str(rooms[0].pk)]}

    def test_setting_the_room_that_it_has_changes_nothing(self, appointment, rooms, actor):
        set_room(appointment=appointment, room=rooms[0], actor=actor)
        set_room(appointment=appointment, room=rooms[0], actor=actor)
        assert Event.objects.filter(type="appointment.room_changed").count() == 1

    @pytest.mark.parametrize("step", [arrive_appointment, start_appointment])
    def test_room_can_change_while_the_patient_is_here(self, appointment, rooms, actor, step):
        step(appointment=appointment, actor=actor)
        assert set_room(appointment=appointment, room=rooms[1], actor=actor).room == rooms[1]

    def test_taken_room_is_refused_with_until_when_and_what_is_free(self, appointment, bookable, rooms, actor):
        visit_in(rooms[0], bookable)
        with pytest.raises(Conflict) as refusal:
            set_room(appointment=appointment, room=rooms[0], actor=actor)
        assert refusal.value.code == "room_taken"
        assert refusal.value.message == "Room 1 is taken until 09:30. Free then: Room 2, Room 3."
        appointment.refresh_from_db()
        assert appointment.room is None

    def test_room_of_a_visit_that_was_called_off_is_free(self, appointment, bookable, rooms, actor):
        cancel_appointment(appointment=visit_in(rooms[0], bookable), reason="patient", actor=actor)
        assert set_room(appointment=appointment, room=rooms[0], actor=actor).room == rooms[0]

    def test_expired_hold_gives_way(self, appointment, bookable, rooms, actor):
        hold = visit_in(rooms[0], bookable, status=Status.HELD, held_until=MONDAY)
        set_room(appointment=appointment, room=rooms[0], actor=actor)
        assert not Appointment.objects.filter(pk=hold.pk).exists()

    def test_hold_that_still_runs_does_not(self, appointment, bookable, rooms, actor):
        visit_in(rooms[0], bookable, status=Status.HELD, held_until=MONDAY + 10 * MINUTE)
        with pytest.raises(Conflict):
            set_room(appointment=appointment, room=rooms[0], actor=actor)

    def test_room_elsewhere_is_refused_with_those_that_suit(self, appointment, bookable, rooms, actor):
        elsewhere = RoomFactory(
            organization=bookable.organization, location=LocationFactory(organization=bookable.organization), name="Far"
        )
        with pytest.raises(InvalidInput) as refusal:
            set_room(appointment=appointment, room=elsewhere, actor=actor)
        assert "Choose one of: Room 1, Room 2, Room 3." in refusal.value.message

    def test_type_with_rooms_of_its_own_takes_no_other(self, appointment, bookable, rooms, actor):
        TypeRoom.objects.create(
            organization=bookable.organization, appointment_type=bookable.appointment_type, room=rooms[2]
        )
        appointment.refresh_from_db()
        assert [line.room for line in rooms_for(appointment)] == [rooms[2]]
        with pytest.raises(InvalidInput):
            set_room(appointment=appointment, room=rooms[0], actor=actor)

    def test_type_that_needs_a_room_keeps_one(self, appointment, bookable, rooms, actor):
        set_room(appointment=appointment, room=rooms[0], actor=actor)
        bookable.appointment_type.needs_room = True
        bookable.appointment_type.save()
        with pytest.raises(InvalidInput):
            set_room(appointment=appointment, room=None, actor=actor)

    def test_visit_that_is_over_keeps_its_room(self, appointment, rooms, actor):
        cancel_appointment(appointment=appointment, reason="patient", actor=actor)
        with pytest.raises(InvalidTransition):
            set_room(appointment=appointment, room=rooms[0], actor=actor)

    def test_reader_may_not(self, appointment, rooms):
        with pytest.raises(NotAllowed):
            set_room(appointment=appointment, room=rooms[0], actor=READER)

    def test_group_moves_together(self, appointment, bookable, rooms, actor):
        session = uuid.uuid4()
        Appointment.objects.filter(pk=appointment.pk).update(session=session)
        other = AppointmentFactory(
            organization=bookable.organization,
            patient=PatientFactory(organization=bookable.organization),
            practitioner=bookable.practitioner,
            location=bookable.location,
            appointment_type=bookable.appointment_type,
            start=MONDAY,
            session=session,
            seat=1,
        )
        appointment.refresh_from_db()
        set_room(appointment=appointment, room=rooms[0], actor=actor)
        other.refresh_from_db()
        assert other.room == rooms[0]

    def test_rooms_stand_in_the_order_of_their_numbers(self, appointment, bookable, rooms):
        RoomFactory(organization=bookable.organization, location=bookable.location, name="Room 10")
        appointment.refresh_from_db()
        assert [line.room.name for line in rooms_for(appointment)] == ["Room 1", "Room 2", "Room 3", "Room 10"]

    def test_room_in_use_beyond_its_time_is_said(self, appointment, bookable, rooms):
        long = visit_in(rooms[0], bookable, start=MONDAY - 60 * MINUTE, status=Status.IN_PROGRESS)
        appointment.refresh_from_db()
        lines = {line.room: line for line in rooms_for(appointment)}
        assert (long.end < appointment.start, lines[rooms[0]].is_free, lines[rooms[0]].overrun) == (True, True, True)
        assert not lines[rooms[1]].overrun


@pytest.mark.usefixtures("nine_on_monday")
class TestPage:
    def test_menu_names_free_rooms_first_and_says_until_when_others_are_taken(
        self, desk_client, appointment, bookable, rooms
    ):
        visit_in(rooms[0], bookable)
        page = desk_client.get(f"/appointments/{appointment.pk}/room/").content.decode()
        assert re.findall(r"<bdi>(Room \d)</bdi>", page) == ["Room 2", "Room 3", "Room 1"]
        assert "Taken until 09:30" in page

    def test_one_click_sets_it_and_undo_takes_it_back(self, desk_client, appointment, rooms):
        answer = desk_client.post(f"/appointments/{appointment.pk}/room/", {"room": rooms[0].pk})
        assert answer.status_code == 204
        assert "Ana López is in Room 1" in answer.headers["HX-Trigger"].encode().decode("unicode_escape")
        (undo,) = re.findall(r'"undo_url": "([^"]+)"', answer.headers["HX-Trigger"])
        assert desk_client.post(undo).status_code == 204
        appointment.refresh_from_db()
        assert appointment.room is None

    def test_undo_leaves_what_somebody_else_chose_since(self, desk_client, appointment, rooms, actor):
        answer = desk_client.post(f"/appointments/{appointment.pk}/room/", {"room": rooms[0].pk})
        (undo,) = re.findall(r'"undo_url": "([^"]+)"', answer.headers["HX-Trigger"])
        set_room(appointment=appointment, room=rooms[2], actor=actor)
        assert desk_client.post(undo).status_code == 409
        appointment.refresh_from_db()
        assert appointment.room == rooms[2]

    @pytest.mark.parametrize("room", ["", "x", "00000000-0000-4000-8000-000000000000"])
    def test_room_that_is_not_there_is_refused_by_name(self, desk_client, appointment, room):
        assert desk_client.post(f"/appointments/{appointment.pk}/room/", {"room": room}).status_code == 422

    def test_board_offers_the_rooms_of_open_visits_only(self, desk_client, appointment):
        assert f'id="room-{appointment.pk}"' in desk_client.get("/").content.decode()
        Appointment.objects.update(status=Status.FULFILLED)
        assert f'id="room-{appointment.pk}"' not in desk_client.get("/").content.decode()


@pytest.mark.django_db(transaction=True)
class TestRace:
    def race(self, bookable, room) -> Counter:
        """Let eight visits of one time want one room."""
        organization = bookable.organization
        with organization_scope(organization.pk):
            visits = [visit_in(None, bookable) for _number in range(8)]

        def take(visit: Appointment) -> Appointment:
            with organization_scope(organization.pk):
                return set_room(appointment=visit, room=room, actor=DESK)

        return Counter(type(outcome).__name__ for outcome in at_once(8, visits, take))

    def test_one_of_many_gets_the_room(self, bookable, rooms, caplog):
        assert self.race(bookable, rooms[0]) == {"Appointment": 1, "Conflict": 7}
        assert overlaps() == 0

    def test_without_locks_the_constraint_still_holds_and_answers_as_kindly(self, bookable, rooms, monkeypatch):
        without_locks(monkeypatch)
        outcomes = self.race(bookable, rooms[0])
        assert set(outcomes) <= {"Appointment", "Conflict", "OperationalError"}  # deadlocks: why there are locks
        assert outcomes["Appointment"] == 1
        assert overlaps() == 0

    def test_control_without_both_the_room_is_given_twice(self, bookable, rooms, monkeypatch):
        def look_and_pause(visit: Appointment) -> list:
            found = rooms_for(visit)
            time.sleep(PAUSE_SECONDS)
            return found

        without_locks(monkeypatch)
        monkeypatch.setattr(service, "rooms_for", look_and_pause)
        with without_constraints():
            assert self.race(bookable, rooms[0])["Appointment"] > 1
            assert overlaps() > 0
