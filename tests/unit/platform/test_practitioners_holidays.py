"""Public holidays of a country and region become closures of the locations that observe them."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from apps.appointments.availability import find_slots
from apps.core.errors import Conflict, InvalidInput
from apps.core.tenancy import all_organizations, closed, organization_scope
from apps.events.models import Event
from apps.events.services import deliver_due
from apps.organizations.holidays import countries, country_name, public_holidays, subdivisions_of
from apps.organizations.services import create_location
from apps.practitioners.models import Closure
from apps.practitioners.services import (
    KeptHolidays,
    add_closure,
    keep_holidays,
    open_location,
    remove_closure,
    update_closure,
    update_location,
)
from apps.practitioners.tasks import keep_all_holidays
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.racing import at_once
from tests.fixtures.shared import MONDAY

THANKSGIVING = dt.date(2026, 11, 26)
CHRISTMAS = dt.date(2026, 12, 25)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday_before():
    """Monday, 23 November 2026, nine o'clock in New York."""
    with time_machine.travel(MONDAY, tick=False):
        yield


@pytest.fixture
def observing(organization):
    return LocationFactory(organization=organization, country="US", observes_holidays=True)


def days(location) -> list[dt.date]:
    return list(Closure.objects.filter(location=location).order_by("holiday_on").values_list("holiday_on", flat=True))


class TestCalendar:
    def test_holidays_of_a_region_come_on_top_of_the_countrys(self):
        year = {"first": dt.date(2026, 1, 1), "last": dt.date(2026, 12, 31)}
        whole = public_holidays(country="DE", subdivision="", **year)
        bavaria = public_holidays(country="DE", subdivision="BY", **year)
        assert whole.keys() < bavaria.keys()
        assert dt.date(2026, 1, 6) in bavaria.keys() - whole.keys()

    def test_names_are_in_the_clinics_language_where_the_library_has_it(self):
        day = {"first": CHRISTMAS, "last": CHRISTMAS}
        assert public_holidays(country="ES", subdivision="", language="en", **day) == {CHRISTMAS: "Christmas Day"}
        assert public_holidays(country="ES", subdivision="", language="hi", **day) == {CHRISTMAS: "Natividad del Señor"}

    @pytest.mark.parametrize(("country", "subdivision"), [("XX", ""), ("US", "ZZ")])
    def test_what_is_not_known_has_none(self, country, subdivision):
        assert public_holidays(country=country, subdivision=subdivision, first=CHRISTMAS, last=CHRISTMAS) == {}

    def test_regions_and_countries_have_names(self):
        assert ("NY", "New York") in subdivisions_of("US")
        assert subdivisions_of("XX") == ()
        assert country_name("US") == "United States"
        assert ("ES", "Spain") in countries()


class TestKeeping:
    def test_the_next_eighteen_months_are_closed(self, observing):
        kept = keep_holidays(location=observing)
        assert kept.added == len(days(observing)) >= 15
        assert days(observing)[0] == THANKSGIVING
        assert days(observing)[-1] <= dt.date(2028, 5, 23)
        row = Closure.objects.get(holiday_on=THANKSGIVING)
        assert (row.reason, row.is_active) == ("Thanksgiving Day", True)
        assert (row.period.lower.isoformat(), row.period.upper.isoformat()) == (
            "2026-11-26T05:00:00+00:00",
            "2026-11-27T05:00:00+00:00",
        )

    def test_a_second_time_changes_nothing(self, observing, django_assert_max_num_queries):
        keep_holidays(location=observing)
        written = Event.objects.count()
        with django_assert_max_num_queries(5):  # two of them a savepoint
            assert keep_holidays(location=observing) == KeptHolidays()
        assert Event.objects.count() == written

    def test_each_closure_is_an_event(self, observing):
        kept = keep_holidays(location=observing)
        assert Event.objects.filter(type="closure.added").count() == kept.added

    def test_a_holiday_on_which_the_clinic_works_stays_so(self, observing, manager_actor):
        keep_holidays(location=observing)
        update_closure(closure=Closure.objects.get(holiday_on=THANKSGIVING), is_active=False, actor=manager_actor)
        assert keep_holidays(location=observing) == KeptHolidays()
        update_location(location=observing, changes={"observes_holidays": False}, actor=manager_actor)
        assert days(observing) == [THANKSGIVING]
        update_location(location=observing, changes={"observes_holidays": True}, actor=manager_actor)
        assert not Closure.objects.get(holiday_on=THANKSGIVING).is_active

    def test_another_region_takes_its_own_and_leaves_the_past(self, observing, manager_actor):
        keep_holidays(location=observing)
        with time_machine.travel(dt.datetime(2026, 12, 1, 15, tzinfo=dt.UTC), tick=False):
            update_location(
                location=observing, changes={"country": "ES", "holiday_subdivision": "MD"}, actor=manager_actor
            )
        assert days(observing)[:3] == [THANKSGIVING, dt.date(2026, 12, 7), dt.date(2026, 12, 8)]
        assert dt.date(2027, 7, 4) not in days(observing)

    def test_another_zone_moves_the_days(self, observing, manager_actor):
        keep_holidays(location=observing)
        update_location(location=observing, changes={"timezone": "America/Los_Angeles"}, actor=manager_actor)
        assert Closure.objects.get(holiday_on=THANKSGIVING).period.lower.isoformat() == "2026-11-26T08:00:00+00:00"

    def test_a_closed_location_has_none(self, observing, manager_actor):
        keep_holidays(location=observing)
        update_location(location=observing, changes={"is_active": False}, actor=manager_actor)
        assert days(observing) == []

    def test_other_closures_are_left_alone(self, observing, manager_actor):
        keep_holidays(location=observing)
        add_closure(
            organization=observing.organization,
            location=observing,
            start=MONDAY,
            end=MONDAY + dt.timedelta(hours=1),
            reason="Drill",
            actor=manager_actor,
        )
        update_location(location=observing, changes={"observes_holidays": False}, actor=manager_actor)
        assert [row.reason for row in Closure.objects.all()] == ["Drill"]

    def test_no_slot_is_offered_on_a_holiday(self, bookable, manager_actor):
        def offered() -> set[dt.date]:
            found = find_slots(
                organization=bookable.organization,
                appointment_type=bookable.appointment_type,
                start=MONDAY,
                end=MONDAY + dt.timedelta(days=5),
            )
            return {slot.local_start.date() for slot in found}

        assert THANKSGIVING in offered()
        update_location(location=bookable.location, changes={"observes_holidays": True}, actor=manager_actor)
        assert THANKSGIVING not in offered()
        assert len(offered()) == 4


class TestDoors:
    def test_a_location_opens_with_its_holidays(self, organization, manager_actor):
        made = open_location(organization=organization, name="New", observes_holidays=True, actor=manager_actor)
        assert (made.country, made.timezone) == ("US", "America/New_York")
        assert THANKSGIVING in days(made)

    def test_whoever_saves_a_location_past_the_pages_gets_them_by_event(self, organization, manager_actor):
        made = create_location(organization=organization, name="New", observes_holidays=True, actor=manager_actor)
        assert days(made) == []
        with closed():
            deliver_due()
        assert THANKSGIVING in days(made)

    def test_the_monthly_sweep_serves_every_clinic(self, observing, other_organization):
        foreign = LocationFactory(organization=other_organization, country="ES", observes_holidays=True)
        with closed():
            keep_all_holidays()
        with all_organizations():
            assert THANKSGIVING in days(observing)
            assert dt.date(2026, 12, 8) in days(foreign)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [({"country": "XX"}, "observes_holidays"), ({"holiday_subdivision": "ZZ"}, "holiday_subdivision")],
    )
    def test_holidays_that_nobody_knows_are_refused_by_name(self, organization, manager_actor, changes, field):
        with pytest.raises(InvalidInput) as refused:
            open_location(organization=organization, name="New", observes_holidays=True, actor=manager_actor, **changes)
        assert set(refused.value.errors) == {field}

    def test_a_holiday_keeps_its_day_and_is_switched_off_instead_of_removed(self, observing, manager_actor):
        keep_holidays(location=observing)
        row = Closure.objects.get(holiday_on=THANKSGIVING)
        with pytest.raises(Conflict):
            remove_closure(closure=row, actor=manager_actor)
        with pytest.raises(Conflict):
            update_closure(closure=row, reason="Turkey", actor=manager_actor)
        assert Closure.objects.get(pk=row.pk).is_active


@pytest.mark.django_db(transaction=True)
def test_two_at_once_add_each_day_once(organization):
    """The second waits for the location's lock, and then finds nothing to do."""
    with organization_scope(organization.pk):
        place = LocationFactory(organization=organization, country="US", observes_holidays=True)

    def keep(_number: int) -> KeptHolidays:
        with organization_scope(organization.pk):
            return keep_holidays(location=place)

    kept = at_once(4, range(4), keep)
    assert sorted(one.added for one in kept)[:3] == [0, 0, 0]
    with organization_scope(organization.pk):
        assert max(one.added for one in kept) == len(days(place))
