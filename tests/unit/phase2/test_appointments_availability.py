"""Free slots: hours, absences, closures, busy periods, buffers, notice, horizon, grid, rooms."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.appointments.availability import find_slots, nearest_slots
from apps.appointments.models import Appointment, Status
from apps.core.errors import NotFound
from tests.fixtures.appointments import AppointmentFactory, AppointmentTypeFactory, PractitionerTypeFactory
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.practitioners import (
    ClosureFactory,
    PractitionerFactory,
    RoomFactory,
    TimeOffFactory,
    WeeklyHoursFactory,
)

FRIDAY = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
MONDAY = dt.datetime(2026, 11, 23, 5, 0, tzinfo=dt.UTC)  # midnight in New York
MORNING = ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]
AFTERNOON = ["13:00", "13:30", "14:00", "14:30", "15:00", "15:30", "16:00", "16:30"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def friday_before():
    with time_machine.travel(FRIDAY, tick=False):
        yield


def at(clock: str, day: int = 0) -> dt.datetime:
    """Return a New York wall time on the Monday (or so many days later)."""
    hour, minute = map(int, clock.split(":"))
    return MONDAY + dt.timedelta(days=day, hours=hour, minutes=minute)


def monday(bookable: SimpleNamespace, **options: object) -> list[str]:
    """Return the local times offered on the Monday."""
    found = find_slots(
        organization=bookable.organization,
        appointment_type=bookable.appointment_type,
        start=options.pop("start", at("00:00")),
        end=options.pop("end", at("00:00", day=1)),
        **options,
    )
    return [slot.local_start.strftime("%H:%M") for slot in found]


def book(bookable: SimpleNamespace, start: str, end: str, **fields: object) -> Appointment:
    period = (at(start), at(end))
    fields = {"busy_period": period, "practitioner": bookable.practitioner, **fields}
    return AppointmentFactory(
        organization=bookable.organization,
        location=bookable.location,
        appointment_type=bookable.appointment_type,
        start=period[0],
        end=period[1],
        **fields,
    )


def change_type(bookable: SimpleNamespace, **fields: object) -> None:
    for name, value in fields.items():
        setattr(bookable.appointment_type, name, value)
    bookable.appointment_type.save()


def test_available_slots_are_the_working_hours_on_the_grid(bookable) -> None:
    assert monday(bookable) == MORNING + AFTERNOON


def test_slot_says_who_where_and_when(bookable) -> None:
    slot = find_slots(
        organization=bookable.organization,
        appointment_type=bookable.appointment_type,
        start=at("09:00"),
        end=at("09:01"),
    )[0]
    assert (slot.practitioner_name, slot.location_name) == ("Dr Amara Okonkwo", "Harbour Street")
    assert (slot.start, slot.end) == (at("09:00"), at("09:30"))
    assert slot.room_id is None


def test_search_asks_the_database_once_for_any_number_of_practitioners(bookable) -> None:
    for _number in range(5):
        other = PractitionerFactory(organization=bookable.organization)
        PractitionerTypeFactory(
            organization=bookable.organization, practitioner=other, appointment_type=bookable.appointment_type
        )
        WeeklyHoursFactory(organization=bookable.organization, practitioner=other, location=bookable.location)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(monday(bookable)) == len(MORNING + AFTERNOON) + 5 * 16
    assert len(queries) == 1


def test_search_with_rooms_asks_the_database_once(bookable, room) -> None:
    change_type(bookable, needs_room=True)
    with CaptureQueriesContext(connection) as queries:
        assert monday(bookable) == MORNING + AFTERNOON
    assert len(queries) == 1


def test_booked_time_is_not_offered(bookable, patient) -> None:
    book(bookable, "10:00", "11:00", patient=patient)
    assert monday(bookable) == ["09:00", "09:30", "11:00", "11:30", *AFTERNOON]


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.NO_SHOW])
def test_time_of_cancelled_and_missed_visits_is_offered_again(bookable, status) -> None:
    book(bookable, "10:00", "11:00", status=status)
    assert monday(bookable) == MORNING + AFTERNOON


def test_time_of_a_finished_visit_stays_taken(bookable) -> None:
    book(bookable, "10:00", "11:00", status=Status.FULFILLED)
    assert "10:30" not in monday(bookable)


def test_hold_keeps_its_time_until_it_expires(bookable) -> None:
    book(bookable, "10:00", "10:30", status=Status.HELD, patient=None, held_until=FRIDAY + dt.timedelta(minutes=5))
    assert "10:00" not in monday(bookable)
    with time_machine.travel(FRIDAY + dt.timedelta(minutes=5), tick=False):
        assert "10:00" in monday(bookable)


def test_overbooked_lane_takes_the_time_as_well(bookable) -> None:
    book(bookable, "10:00", "10:30", lane=1)
    assert "10:00" not in monday(bookable)


def test_time_off_is_not_offered(bookable) -> None:
    TimeOffFactory(
        organization=bookable.organization, practitioner=bookable.practitioner, period=(at("09:15"), at("13:30"))
    )
    assert monday(bookable) == AFTERNOON[1:]


def test_time_off_of_a_colleague_changes_nothing(bookable) -> None:
    TimeOffFactory(organization=bookable.organization, period=(at("09:00"), at("17:00")))
    assert monday(bookable) == MORNING + AFTERNOON


def test_closure_of_the_location_is_not_offered(bookable) -> None:
    ClosureFactory(organization=bookable.organization, location=bookable.location, period=(at("08:00"), at("12:00")))
    assert monday(bookable) == AFTERNOON


def test_closure_of_the_whole_clinic_is_not_offered(bookable) -> None:
    ClosureFactory(organization=bookable.organization, period=(at("13:00"), at("23:00")))
    assert monday(bookable) == MORNING


def test_closure_of_another_location_changes_nothing(bookable) -> None:
    elsewhere = LocationFactory(organization=bookable.organization)
    ClosureFactory(organization=bookable.organization, location=elsewhere, period=(at("00:00"), at("23:00")))
    assert monday(bookable) == MORNING + AFTERNOON


def test_overlapping_closures_and_time_off_are_subtracted_together(bookable) -> None:
    ClosureFactory(organization=bookable.organization, period=(at("09:00"), at("10:00")))
    ClosureFactory(organization=bookable.organization, location=bookable.location, period=(at("09:30"), at("11:00")))
    TimeOffFactory(
        organization=bookable.organization, practitioner=bookable.practitioner, period=(at("10:30"), at("12:00"))
    )
    assert monday(bookable) == AFTERNOON


def test_buffers_of_the_wanted_type_keep_their_distance_on_both_sides(bookable) -> None:
    change_type(bookable, buffer_before_minutes=15, buffer_after_minutes=20)
    book(bookable, "10:00", "10:30")
    assert monday(bookable) == ["09:00", "11:00", "11:30", *AFTERNOON]


def test_buffers_of_the_other_appointment_keep_their_distance(bookable) -> None:
    book(bookable, "10:00", "10:30", busy_period=(at("09:45"), at("10:45")))
    assert monday(bookable) == ["09:00", "11:00", "11:30", *AFTERNOON]


def test_buffers_may_reach_beyond_the_working_hours(bookable) -> None:
    change_type(bookable, buffer_before_minutes=30, buffer_after_minutes=30)
    assert monday(bookable) == MORNING + AFTERNOON


def test_visit_must_end_within_the_stretch(bookable) -> None:
    change_type(bookable, duration_minutes=60)
    assert monday(bookable)[:6] == ["09:00", "09:30", "10:00", "10:30", "11:00", "13:00"]


def test_grid_is_counted_from_the_start_of_the_stretch(bookable) -> None:
    bookable.practitioner.weekly_hours.all().delete()
    WeeklyHoursFactory(
        organization=bookable.organization,
        practitioner=bookable.practitioner,
        location=bookable.location,
        start_time=dt.time(9, 20),
        end_time=dt.time(11),
    )
    assert monday(bookable) == ["09:20", "09:50", "10:20"]


def test_grid_does_not_move_after_a_busy_period(bookable) -> None:
    book(bookable, "09:10", "09:40")
    assert monday(bookable)[0] == "10:00"


def test_minimum_notice_is_respected_to_the_minute(bookable) -> None:
    change_type(bookable, minimum_notice_minutes=60)
    with time_machine.travel(at("08:30"), tick=False):
        assert monday(bookable)[0] == "09:30"
    with time_machine.travel(at("08:31"), tick=False):
        assert monday(bookable)[0] == "10:00"


def test_past_is_never_offered(bookable) -> None:
    with time_machine.travel(at("16:45"), tick=False):
        assert monday(bookable) == []


def test_horizon_includes_its_last_local_date_and_no_more(bookable) -> None:
    change_type(bookable, horizon_days=3)  # Friday + 3 days = Monday
    week = monday(bookable, end=at("00:00", day=5))
    assert week == MORNING + AFTERNOON


def test_not_before_moves_the_start_of_the_search(bookable) -> None:
    assert monday(bookable, not_before=at("15:45")) == ["16:00", "16:30"]


def test_window_is_half_open(bookable) -> None:
    assert monday(bookable, start=at("09:30"), end=at("10:30")) == ["09:30", "10:00"]


def test_window_may_begin_between_two_seconds(bookable) -> None:
    just_after = at("09:00") + dt.timedelta(microseconds=1)
    assert monday(bookable, start=just_after, end=at("10:00")) == ["09:30"]


def test_hours_count_only_while_they_are_valid(bookable) -> None:
    bookable.practitioner.weekly_hours.filter(start_time=dt.time(9)).update(valid_until=dt.date(2026, 11, 22))
    bookable.practitioner.weekly_hours.filter(start_time=dt.time(13)).update(valid_from=dt.date(2026, 11, 23))
    assert monday(bookable) == AFTERNOON


def test_only_practitioners_who_offer_the_type_are_searched(bookable) -> None:
    WeeklyHoursFactory(organization=bookable.organization, location=bookable.location)
    assert monday(bookable) == MORNING + AFTERNOON


def test_chosen_practitioner_who_does_not_offer_the_type_has_no_slots(bookable) -> None:
    other = PractitionerFactory(organization=bookable.organization)
    WeeklyHoursFactory(organization=bookable.organization, practitioner=other, location=bookable.location)
    assert monday(bookable, practitioners=[other]) == []


def test_nobody_chosen_means_no_slots(bookable) -> None:
    assert monday(bookable, practitioners=[]) == []


def test_inactive_practitioner_location_and_type_have_no_slots(bookable) -> None:
    bookable.practitioner.is_active = False
    bookable.practitioner.save()
    assert monday(bookable) == []
    bookable.practitioner.is_active = True
    bookable.practitioner.save()
    bookable.location.is_active = False
    bookable.location.save()
    assert monday(bookable) == []
    bookable.location.is_active = True
    bookable.location.save()
    change_type(bookable, is_active=False)
    assert monday(bookable) == []


def test_type_that_only_staff_may_book_is_not_offered_online(bookable) -> None:
    change_type(bookable, online_bookable=False)
    assert monday(bookable, online=True) == []
    assert monday(bookable, online=False) == MORNING + AFTERNOON


def test_limit_takes_the_earliest_of_all(bookable) -> None:
    other = PractitionerFactory(organization=bookable.organization, family_name="Abara", sort_order=1)
    PractitionerTypeFactory(
        organization=bookable.organization, practitioner=other, appointment_type=bookable.appointment_type
    )
    WeeklyHoursFactory(
        organization=bookable.organization, practitioner=other, location=bookable.location, start_time=dt.time(8, 30)
    )
    found = find_slots(
        organization=bookable.organization,
        appointment_type=bookable.appointment_type,
        start=at("00:00"),
        end=at("00:00", day=1),
        limit=4,
    )
    assert [(slot.local_start.strftime("%H:%M"), slot.practitioner_id) for slot in found] == [
        ("08:30", other.pk),
        ("09:00", bookable.practitioner.pk),
        ("09:00", other.pk),
        ("09:30", bookable.practitioner.pk),
    ]


def test_share_per_practitioner_spans_days(bookable) -> None:
    book(bookable, "09:00", "16:30")
    times = monday(bookable, end=at("00:00", day=5), per_practitioner=3)
    assert times == ["16:30", "09:00", "09:30"]


def test_practitioner_at_two_locations_is_offered_at_both_in_order_of_time(bookable) -> None:
    elsewhere = LocationFactory(organization=bookable.organization, name="West", timezone="America/Chicago")
    WeeklyHoursFactory(
        organization=bookable.organization,
        practitioner=bookable.practitioner,
        location=elsewhere,
        start_time=dt.time(17),
        end_time=dt.time(18),
    )
    found = find_slots(
        organization=bookable.organization,
        appointment_type=bookable.appointment_type,
        start=at("16:00"),
        end=at("23:59"),
    )
    assert [(slot.location_name, slot.local_start.strftime("%H:%M")) for slot in found] == [
        ("Harbour Street", "16:00"),
        ("Harbour Street", "16:30"),
        ("West", "17:00"),
        ("West", "17:30"),
    ]
    here = monday(bookable, location=elsewhere)
    assert here == ["17:00", "17:30"]


def test_type_that_needs_a_room_is_offered_while_one_is_free(bookable, room) -> None:
    change_type(bookable, needs_room=True)
    book(bookable, "10:00", "11:00", practitioner=PractitionerFactory(organization=bookable.organization), room=room)
    assert monday(bookable) == ["09:00", "09:30", "11:00", "11:30", *AFTERNOON]


def test_usual_room_is_offered_first_then_any_free_one(bookable, room) -> None:
    change_type(bookable, needs_room=True)
    usual = RoomFactory(organization=bookable.organization, location=bookable.location, name="Room 9")
    bookable.practitioner.weekly_hours.update(room=usual)
    book(bookable, "09:00", "09:30", practitioner=PractitionerFactory(organization=bookable.organization), room=usual)
    found = find_slots(
        organization=bookable.organization,
        appointment_type=bookable.appointment_type,
        start=at("09:00"),
        end=at("10:00"),
    )
    assert [slot.room_id for slot in found] == [room.pk, usual.pk]


def test_type_that_needs_a_room_has_no_slots_where_there_is_none(bookable) -> None:
    change_type(bookable, needs_room=True)
    RoomFactory(organization=bookable.organization, location=bookable.location, is_active=False)
    RoomFactory(organization=bookable.organization)
    assert monday(bookable) == []


def test_objects_of_another_organization_are_not_found(bookable, other_organization) -> None:
    foreign = PractitionerFactory(organization=other_organization)
    with pytest.raises(NotFound):
        monday(bookable, practitioners=[foreign])


def test_rows_of_another_organization_do_not_matter(bookable, other_organization) -> None:
    ClosureFactory(organization=other_organization, period=(at("00:00"), at("23:00")))
    assert monday(bookable) == MORNING + AFTERNOON


def nearest(bookable: SimpleNamespace, clock: str) -> list[str]:
    found = nearest_slots(
        organization=bookable.organization,
        appointment_type=bookable.appointment_type,
        practitioner=bookable.practitioner,
        location=bookable.location,
        start=at(clock),
    )
    return [slot.local_start.strftime("%H:%M") for slot in found]


def test_nearest_slots_lie_on_both_sides_in_order_of_time(bookable) -> None:
    book(bookable, "10:00", "10:30")
    assert nearest(bookable, "10:00") == ["09:00", "09:30", "10:30"]


def test_nearest_slots_come_from_others_when_the_person_has_none(bookable) -> None:
    TimeOffFactory(
        organization=bookable.organization,
        practitioner=bookable.practitioner,
        period=(at("00:00"), at("00:00", day=60)),
    )
    other = AppointmentTypeFactory(organization=bookable.organization)
    colleague = PractitionerFactory(organization=bookable.organization)
    for offered in (other, bookable.appointment_type):
        PractitionerTypeFactory(organization=bookable.organization, practitioner=colleague, appointment_type=offered)
    WeeklyHoursFactory(organization=bookable.organization, practitioner=colleague, location=bookable.location)
    assert nearest(bookable, "10:00") == ["09:30", "10:00", "10:30"]
