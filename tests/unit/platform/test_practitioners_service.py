"""Practitioners, rooms, weekly hours, time off and closures: who may change them, what is refused, what is recorded."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from apps.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from apps.events.models import Event
from apps.practitioners.models import Closure, TimeOff, WeeklyHours
from apps.practitioners.selectors import absences, working_times
from apps.practitioners.services import (
    HoursRow,
    add_closure,
    add_time_off,
    create_practitioner,
    create_room,
    remove_closure,
    remove_time_off,
    set_weekly_hours,
    update_practitioner,
    update_room,
)
from tests.fixtures.organizations import LocationFactory, UserFactory
from tests.fixtures.practitioners import ClosureFactory, PractitionerFactory, RoomFactory, TimeOffFactory

NINE = dt.datetime(2026, 11, 23, 14, tzinfo=dt.UTC)
FIVE = dt.datetime(2026, 11, 23, 22, tzinfo=dt.UTC)

pytestmark = pytest.mark.django_db


def events(type_: str) -> list[Event]:
    return list(Event.objects.filter(type=type_))


def row(location, weekday: int = 0, start: str = "09:00", end: str = "12:00", **fields) -> HoursRow:
    return HoursRow(weekday, location, dt.time.fromisoformat(start), dt.time.fromisoformat(end), **fields)


class TestPractitioners:
    def test_manager_adds_a_practitioner(self, organization, manager_actor) -> None:
        made = create_practitioner(
            organization=organization,
            given_name=" Helena ",
            family_name="Lindqvist",
            prefix="Dr",
            languages=["en", "sv"],
            actor=manager_actor,
        )
        assert made.display_name == "Dr Helena Lindqvist"
        assert events("practitioner.created")[0].subject_id == made.pk

    def test_front_desk_may_not(self, organization, actor) -> None:
        with pytest.raises(NotAllowed):
            create_practitioner(organization=organization, given_name="A", family_name="B", actor=actor)

    def test_missing_name_is_named(self, organization, manager_actor) -> None:
        with pytest.raises(InvalidInput) as refused:
            create_practitioner(organization=organization, given_name="", family_name=" ", actor=manager_actor)
        assert set(refused.value.errors) == {"given_name", "family_name"}

    def test_account_of_an_outsider_can_not_be_linked(self, organization, manager_actor) -> None:
        with pytest.raises(InvalidInput, match="not a member"):
            create_practitioner(
                organization=organization, given_name="A", family_name="B", user=UserFactory(), actor=manager_actor
            )

    def test_account_of_a_member_is_linked(self, practitioner, clinician, manager_actor) -> None:
        changed = update_practitioner(practitioner=practitioner, changes={"user": clinician.user}, actor=manager_actor)
        assert changed.user == clinician.user
        assert events("practitioner.updated")[0].changes == {"user": [None, str(clinician.user_id)]}

    def test_change_records_before_and_after(self, practitioner, manager_actor) -> None:
        update_practitioner(
            practitioner=practitioner, changes={"specialty": "Cardiology", "prefix": "Dr"}, actor=manager_actor
        )
        assert events("practitioner.updated")[0].changes == {"specialty": ["Family medicine", "Cardiology"]}

    def test_nothing_is_recorded_when_nothing_differs(self, practitioner, manager_actor) -> None:
        update_practitioner(practitioner=practitioner, changes={"prefix": "Dr"}, actor=manager_actor)
        assert events("practitioner.updated") == []

    def test_unknown_field_is_refused(self, practitioner, manager_actor) -> None:
        with pytest.raises(InvalidInput, match="organization"):
            update_practitioner(practitioner=practitioner, changes={"organization": 1}, actor=manager_actor)

    def test_unknown_colour_is_refused(self, practitioner, manager_actor) -> None:
        with pytest.raises(InvalidInput) as refused:
            update_practitioner(practitioner=practitioner, changes={"colour": "k9"}, actor=manager_actor)
        assert "colour" in refused.value.errors


class TestRooms:
    def test_room_is_added_and_renamed(self, location, manager_actor) -> None:
        room = create_room(location=location, name="Room 1", actor=manager_actor)
        renamed = update_room(room=room, changes={"name": "Treatment"}, actor=manager_actor)
        assert renamed.name == "Treatment"
        assert [event.changes for event in events("room.updated")] == [{"name": ["Room 1", "Treatment"]}]

    def test_second_room_of_the_same_name_is_refused(self, room, location, manager_actor) -> None:
        with pytest.raises(InvalidInput):
            create_room(location=location, name=room.name, actor=manager_actor)


class TestWeeklyHours:
    def test_hours_replace_the_old_ones(self, practitioner, location, weekly_hours, manager_actor) -> None:
        set_weekly_hours(
            practitioner=practitioner,
            hours=[row(location, 2, "13:00", "17:00"), row(location, 2, "08:00", "12:00")],
            actor=manager_actor,
        )
        kept = WeeklyHours.objects.filter(practitioner=practitioner)
        assert [str(one) for one in kept] == ["Wednesday 08:00 to 12:00", "Wednesday 13:00 to 17:00"]

    def test_change_is_recorded_with_the_whole_week_before_and_after(
        self, practitioner, location, manager_actor
    ) -> None:
        set_weekly_hours(practitioner=practitioner, hours=[row(location)], actor=manager_actor)
        before, after = events("practitioner.hours_set")[0].changes["weekly_hours"]
        assert before == []
        assert after[0]["start_time"] == "09:00"

    def test_same_hours_again_record_nothing(self, practitioner, location, manager_actor) -> None:
        for _again in range(2):
            set_weekly_hours(practitioner=practitioner, hours=[row(location)], actor=manager_actor)
        assert len(events("practitioner.hours_set")) == 1

    def test_empty_week_is_allowed(self, practitioner, weekly_hours, manager_actor) -> None:
        assert set_weekly_hours(practitioner=practitioner, hours=[], actor=manager_actor) == []

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ([{"start": "12:00", "end": "09:00"}], "ends before it begins"),
            ([{}, {"start": "11:59", "end": "13:00"}], "overlaps"),
            ([{"valid_from": dt.date(2027, 2, 1), "valid_until": dt.date(2027, 1, 1)}], "valid until a day before"),
            ([{"weekday": 7}], "Monday"),
        ],
    )
    def test_impossible_hours_are_refused_with_the_reason(
        self, practitioner, location, manager_actor, rows, message
    ) -> None:
        with pytest.raises(InvalidInput, match=message):
            set_weekly_hours(
                practitioner=practitioner, hours=[row(location, **fields) for fields in rows], actor=manager_actor
            )

    def test_rows_that_touch_or_take_turns_do_not_overlap(self, practitioner, location, manager_actor) -> None:
        rows = [
            row(location, valid_until=dt.date(2026, 12, 31)),
            row(location, valid_from=dt.date(2027, 1, 1)),
            row(location, start="12:00", end="13:00"),
        ]
        assert len(set_weekly_hours(practitioner=practitioner, hours=rows, actor=manager_actor)) == 3

    def test_hours_at_two_locations_at_once_are_refused(self, practitioner, location, manager_actor) -> None:
        elsewhere = LocationFactory(organization=practitioner.organization)
        with pytest.raises(InvalidInput, match="overlaps"):
            set_weekly_hours(practitioner=practitioner, hours=[row(location), row(elsewhere)], actor=manager_actor)

    def test_room_must_be_at_the_location(self, practitioner, location, manager_actor) -> None:
        room = RoomFactory(organization=practitioner.organization)
        with pytest.raises(InvalidInput, match="is not at"):
            set_weekly_hours(practitioner=practitioner, hours=[row(location, room=room)], actor=manager_actor)

    def test_location_of_another_organization_is_not_found(
        self, practitioner, other_organization, manager_actor
    ) -> None:
        foreign = LocationFactory(organization=other_organization)
        with pytest.raises(NotFound):
            set_weekly_hours(practitioner=practitioner, hours=[row(foreign)], actor=manager_actor)

    def test_front_desk_may_not_change_hours(self, practitioner, location, actor) -> None:
        with pytest.raises(NotAllowed):
            set_weekly_hours(practitioner=practitioner, hours=[row(location)], actor=actor)


class TestAbsences:
    def test_time_off_is_noted_and_removed(self, practitioner, manager_actor) -> None:
        noted = add_time_off(practitioner=practitioner, start=NINE, end=FIVE, reason="Conference", actor=manager_actor)
        assert events("practitioner.time_off_added")[0].payload["start"] == NINE.isoformat()
        remove_time_off(time_off=noted, actor=manager_actor)
        assert not TimeOff.objects.exists()
        assert len(events("practitioner.time_off_removed")) == 1

    def test_overlapping_time_off_is_refused_and_nothing_recorded(self, practitioner, manager_actor) -> None:
        add_time_off(practitioner=practitioner, start=NINE, end=FIVE, actor=manager_actor)
        with pytest.raises(Conflict) as refused:
            add_time_off(practitioner=practitioner, start=NINE + dt.timedelta(hours=1), end=FIVE, actor=manager_actor)
        assert refused.value.code == "time_off_overlaps"
        assert len(events("practitioner.time_off_added")) == 1

    def test_time_off_that_follows_at_once_is_fine(self, practitioner, manager_actor) -> None:
        add_time_off(practitioner=practitioner, start=NINE, end=FIVE, actor=manager_actor)
        add_time_off(practitioner=practitioner, start=FIVE, end=FIVE + dt.timedelta(hours=1), actor=manager_actor)
        assert TimeOff.objects.count() == 2

    @pytest.mark.parametrize("end", [NINE, NINE - dt.timedelta(hours=1), NINE + dt.timedelta(days=900)])
    def test_impossible_period_is_refused(self, practitioner, manager_actor, end) -> None:
        with pytest.raises(InvalidInput):
            add_time_off(practitioner=practitioner, start=NINE, end=end, actor=manager_actor)

    def test_closure_of_one_location_and_of_all(self, organization, location, manager_actor) -> None:
        one = add_closure(
            organization=organization, start=NINE, end=FIVE, reason="Fire drill", location=location, actor=manager_actor
        )
        add_closure(organization=organization, start=NINE, end=FIVE, reason="Holiday", actor=manager_actor)
        remove_closure(closure=one, actor=manager_actor)
        assert [closure.reason for closure in Closure.objects.all()] == ["Holiday"]
        assert len(events("closure.added")) == 2
        assert events("closure.removed")[0].payload["location_id"] == str(location.pk)

    def test_closure_needs_a_reason(self, organization, manager_actor) -> None:
        with pytest.raises(InvalidInput) as refused:
            add_closure(organization=organization, start=NINE, end=FIVE, reason=" ", actor=manager_actor)
        assert "reason" in refused.value.errors

    def test_closure_of_a_foreign_location_is_not_found(self, organization, other_organization, manager_actor) -> None:
        foreign = LocationFactory(organization=other_organization)
        with pytest.raises(NotFound):
            add_closure(
                organization=organization, start=NINE, end=FIVE, reason="X", location=foreign, actor=manager_actor
            )

    def test_front_desk_may_not_close_the_clinic(self, organization, actor) -> None:
        with pytest.raises(NotAllowed):
            add_closure(organization=organization, start=NINE, end=FIVE, reason="X", actor=actor)


class TestReading:
    def test_working_times_are_instants_of_the_day(self, organization, practitioner, weekly_hours) -> None:
        found = working_times(organization=organization, start=NINE - dt.timedelta(hours=9), end=FIVE)
        assert [(time.start, time.end) for time in found] == [
            (NINE, NINE + dt.timedelta(hours=3)),
            (NINE + dt.timedelta(hours=4), FIVE),
        ]

    def test_working_times_of_people_who_left_are_not_shown(self, organization, practitioner, weekly_hours) -> None:
        practitioner.is_active = False
        practitioner.save()
        assert working_times(organization=organization, start=NINE, end=FIVE) == []

    def test_working_times_can_be_narrowed(self, organization, practitioner, location, weekly_hours) -> None:
        other = PractitionerFactory(organization=organization)
        elsewhere = LocationFactory(organization=organization)
        week = {"organization": organization, "start": NINE, "end": NINE + dt.timedelta(days=7)}
        assert working_times(**week, practitioners=[other]) == []
        assert working_times(**week, location=elsewhere) == []
        assert len(working_times(**week, practitioners=[practitioner], location=location)) == 10

    def test_hours_out_of_their_validity_are_not_shown(self, organization, weekly_hours) -> None:
        WeeklyHours.objects.update(valid_until=dt.date(2026, 11, 22))
        assert working_times(organization=organization, start=NINE, end=FIVE) == []

    @time_machine.travel(NINE, tick=False)
    def test_absences_and_closures_come_in_order_of_time(self, organization, practitioner, location) -> None:
        hour = dt.timedelta(hours=1)
        ClosureFactory(organization=organization, period=(NINE + hour, FIVE), reason="Holiday")
        ClosureFactory(organization=organization, location=location, period=(NINE + 2 * hour, FIVE), reason="Drill")
        TimeOffFactory(organization=organization, practitioner=practitioner, period=(NINE, FIVE), reason="Away")
        elsewhere = LocationFactory(organization=organization)
        found = absences(organization=organization, start=NINE, end=FIVE)
        assert [absence.reason for absence in found] == ["Away", "Holiday", "Drill"]
        at_other = absences(organization=organization, start=NINE, end=FIVE, practitioners=[], location=elsewhere)
        assert [absence.reason for absence in at_other] == ["Holiday"]
