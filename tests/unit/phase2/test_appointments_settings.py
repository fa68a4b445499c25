"""Settings pages: a clinic is set up from nothing, two managers don't overwrite each other, changes show whom they affect."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils.html import strip_tags

from apps.appointments.availability import find_slots
from apps.appointments.models import AppointmentSettings, AppointmentType, Status
from apps.appointments.outside import Span, find_outside
from apps.appointments.readiness import what_is_missing
from apps.appointments.services import settings_for, update_appointment_settings
from apps.audit.models import AccessRecord
from apps.communications.models import Communication
from apps.core.errors import InvalidInput, NotAllowed, StaleVersion
from apps.events.models import Event
from apps.notifications.defaults import install_defaults
from apps.organizations.models import Location
from apps.practitioners.models import Closure, Practitioner, Room, TimeOff, WeeklyHours
from apps.practitioners.services import hours_token, keep_holidays, rows_of, update_practitioner
from tests.fixtures.appointments import AppointmentFactory, AppointmentTypeFactory, PractitionerTypeFactory
from tests.fixtures.controls import controls
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.practitioners import (
    ClosureFactory,
    PractitionerFactory,
    RoomFactory,
    TimeOffFactory,
    WeeklyHoursFactory,
)
from tests.fixtures.shared import MONDAY, client_for

FRIDAY = MONDAY - dt.timedelta(days=3)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
HTMX = {"HX-Request": "true"}
IN_DIALOG = {**HTMX, "HX-Target": "modal"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def friday_before():
    with time_machine.travel(FRIDAY, tick=True):
        yield


@pytest.fixture
def visit(bookable, patient):
    """Ana López's, Monday 09:00."""
    return AppointmentFactory(
        organization=bookable.organization,
        practitioner=bookable.practitioner,
        location=bookable.location,
        appointment_type=bookable.appointment_type,
        patient=patient,
        start=MONDAY,
    )


def page(name: str, *args: object) -> str:
    return reverse(f"appointments:{name}", args=args)


def words(answer) -> str:
    return " ".join(strip_tags(answer.content.decode()).split())


def token_in(answer, name: str = "seen") -> str:
    """Return the hidden field that says what the form was made from."""
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.content.decode())
    assert found is not None
    return found.group(1)


LOCATION = {"name": "Harbour Street", "country": "US", "timezone": "America/New_York", "phone": "(212) 555-0100"}
PERSON = {"given_name": "Amara", "family_name": "Okonkwo", "colour": "k1"}
TYPE = {
    "name": "Consultation",
    "colour": "k1",
    "duration_minutes": "20",
    "buffer_before_minutes": "0",
    "buffer_after_minutes": "10",
    "step_minutes": "10",
    "minimum_notice_minutes": "0",
    "horizon_days": "60",
    "capacity": "1",
}
POLICY = {"no_show_after_minutes": "15", "self_service_notice_hours": "24", "waitlist_offer_minutes": "30"}


class TestFrame:
    LISTS = ("settings", "settings-locations", "settings-rooms", "settings-practitioners", "settings-types")

    @pytest.mark.parametrize("name", [*LISTS, "settings-closures", "settings-booking", "outside"])
    def test_every_page_opens_in_an_empty_clinic_and_says_what_to_do(self, manager_client, name):
        answer = manager_client.get(page(name))
        assert answer.status_code == 200
        assert 'aria-current="page"' in answer.content.decode()
        assert answer.content.count(b"<h1") == 1

    def test_managers_find_it_in_the_navigation_and_the_front_desk_does_not(self, manager_client, desk_client):
        assert page("settings") in manager_client.get("/").content.decode()
        assert page("settings") not in desk_client.get("/").content.decode()
        assert desk_client.get(page("settings")).status_code == 403

    def test_the_front_desk_sees_the_visits_to_move_and_no_other_page(self, desk_client):
        answer = desk_client.get(page("outside"))
        assert answer.status_code == 200
        assert page("settings-locations") not in answer.content.decode()

    def test_the_frame_keeps_saying_where_one_works(self, manager_client, location):
        LocationFactory(organization=location.organization, name="Northgate")
        answer = manager_client.get(page("settings-location", location.pk))
        assert answer.context["location"] is None
        assert "All locations" in words(answer)


class TestFromNothing:
    def test_a_clinic_is_set_up_and_can_be_booked(self, manager_client, organization):
        missing = [one.action for one in what_is_missing(organization)]
        assert missing == ["Add a location", "Add a type", "Add a practitioner"]

        answer = manager_client.post(page("settings-location-new"), LOCATION)
        place = Location.objects.get()
        assert (place.phone, place.timezone) == ("+12125550100", "America/New_York")
        assert answer["Location"] == f"{page('settings-rooms')}#location-{place.pk}"
        manager_client.post(page("settings-room-new", place.pk), {"name": "Room 2"})
        room = Room.objects.get(location=place)

        answer = manager_client.post(page("settings-practitioner-new"), {**PERSON, "languages": ["en"]})
        person = Practitioner.objects.get()
        assert answer["Location"] == page("settings-hours", person.pk)
        week = {"weekday": "0", "start": "09:00", "end": "12:00", "where": f"{place.pk}:{room.pk}"}
        manager_client.post(
            page("settings-hours", person.pk), {"week": "_", "do": "save", "seen": hours_token(rows_of(person)), **week}
        )
        assert WeeklyHours.objects.get().room == room
        assert [one.action for one in what_is_missing(organization)] == ["Add a type", "Choose types"]

        manager_client.post(
            page("settings-type-new"), {**TYPE, "practitioners": [person.pk], "needs_room": "on", "rooms": [room.pk]}
        )
        assert what_is_missing(organization) == []
        (first, *_rest) = find_slots(
            organization=organization,
            appointment_type=AppointmentType.objects.get(),
            start=FRIDAY,
            end=FRIDAY + 7 * DAY,
        )
        assert (first.start, first.room_id) == (MONDAY, room.pk)

    def test_what_is_missing_is_named_one_by_one(self, bookable):
        organization = bookable.organization
        AppointmentTypeFactory(organization=organization, name="Mole removal", needs_room=True)
        PractitionerFactory(organization=organization, family_name="Mehta")
        texts = [one.text for one in what_is_missing(organization)]
        assert texts == [
            "A type needs a room, and there is none.",
            "Nobody offers Mole removal.",
            "Dr Amara Mehta has no hours.",
            "Dr Amara Mehta offers nothing yet.",
        ]

    def test_visits_that_do_not_fit_come_first(self, manager_client, bookable, visit):
        TimeOffFactory(organization=bookable.organization, practitioner=bookable.practitioner)
        assert "1 booked visit does not fit the plan." in words(manager_client.get(page("settings")))


class TestLocations:
    def test_wrong_fields_are_named_in_place(self, manager_client, organization):
        answer = manager_client.post(
            page("settings-location-new"), {**LOCATION, "phone": "12", "timezone": "Mars"}, headers=HTMX
        )
        assert answer.status_code == 422
        assert {"phone", "timezone"} == set(answer.context["form"].errors)
        assert "has too few digits" in words(answer)

    def test_a_name_that_is_taken_is_refused(self, manager_client, location):
        answer = manager_client.post(page("settings-location-new"), {**LOCATION, "name": location.name})
        assert answer.status_code == 422
        assert Location.objects.count() == 1

    def test_holidays_of_a_region_come_with_it(self, manager_client, organization):
        manager_client.post(
            page("settings-location-new"), {**LOCATION, "observes_holidays": "on", "holiday_subdivision": "NY"}
        )
        assert Closure.objects.filter(reason="Lincoln's Birthday").exists()
        assert "Lincoln" in words(manager_client.get(page("settings-closures")))
        assert "United States, New York" in words(manager_client.get(page("settings-locations")))

    def test_the_regions_follow_the_country(self, manager_client):
        answer = manager_client.get(page("settings-regions"), {"country": "ES"}, headers=HTMX)
        assert "Madrid" in words(answer)
        assert "The whole country only" in words(manager_client.get(page("settings-regions"), {"country": "XX"}))

    def test_somebody_elses_save_is_shown_before_it_is_replaced(self, manager_client, admin_client, location):
        url = page("settings-location", location.pk)
        seen = token_in(manager_client.get(url))
        admin_client.post(url, {**LOCATION, "city": "Brooklyn", "seen": seen})
        answer = manager_client.post(url, {**LOCATION, "city": "Queens", "seen": seen})
        assert answer.status_code == 422
        assert "City is now “Brooklyn”." in words(answer)
        location.refresh_from_db()
        assert location.city == "Brooklyn"
        manager_client.post(url, {**LOCATION, "city": "Queens", "seen": token_in(answer)})
        location.refresh_from_db()
        assert location.city == "Queens"

    def test_what_a_colleague_saved_stays_where_nothing_was_changed_here(self, manager_client, admin_client, location):
        url = page("settings-location", location.pk)
        mine, theirs = (controls(client.get(url), "location-form") for client in (manager_client, admin_client))
        admin_client.post(url, theirs | {"city": "Brooklyn", "postal_code": "11201", "phone": "(212) 555-0133"})
        answer = manager_client.post(url, mine | {"city": "Queens", "directions": "Ring twice"})
        assert answer.status_code == 422
        assert "City is now “Brooklyn”." in words(answer)
        assert "Directions" not in words(answer).split("Somebody else")[1].split("kept.")[0]
        assert "Postal code was set to “11201”, which is kept." in words(answer)
        assert "Phone was set to “(212) 555-0133”, which is kept." in words(answer)
        again = controls(answer, "location-form")
        assert (again["city"], again["postal_code"]) == (["Queens"], ["11201"])
        assert manager_client.post(url, again).status_code == 302
        location.refresh_from_db()
        assert (location.city, location.postal_code) == ("Queens", "11201")

    def test_a_second_colleague_is_not_overwritten_either(self, manager_client, admin_client, location):
        url = page("settings-location", location.pk)
        mine, theirs = (controls(client.get(url), "location-form") for client in (manager_client, admin_client))
        admin_client.post(url, theirs | {"city": "Brooklyn"})
        again = controls(manager_client.post(url, mine | {"city": "Queens"}), "location-form")
        admin_client.post(url, controls(admin_client.get(url), "location-form") | {"postal_code": "11201"})
        answer = manager_client.post(url, again)
        assert answer.status_code == 422
        assert "which is kept" in words(answer)
        assert manager_client.post(url, controls(answer, "location-form")).status_code == 302
        location.refresh_from_db()
        assert (location.city, location.postal_code) == ("Queens", "11201")

    @pytest.mark.parametrize("read", ["", "{", "[]", "null", '{"city": 7}'])
    def test_a_form_that_does_not_say_what_it_read_replaces_what_it_shows(
        self, manager_client, admin_client, location, read
    ):
        url = page("settings-location", location.pk)
        mine, theirs = (controls(client.get(url), "location-form") for client in (manager_client, admin_client))
        admin_client.post(url, theirs | {"city": "Brooklyn"})
        answer = manager_client.post(url, mine | {"read": read})
        assert (answer.status_code, controls(answer, "location-form")["city"]) == (422, mine["city"])

    def test_another_clock_shows_whom_it_affects(self, manager_client, bookable, visit):
        url = page("settings-location", bookable.location.pk)
        answer = manager_client.post(url, {**LOCATION, "timezone": "America/Los_Angeles"})
        assert "1 booked visit would no longer fit" in words(answer)
        bookable.location.refresh_from_db()
        assert bookable.location.timezone == "America/New_York"

    def test_rooms_are_renamed_and_a_name_that_is_taken_is_refused(self, manager_client, room):
        other = RoomFactory(organization=room.organization, location=room.location, name="Gym")
        url = page("settings-room", other.pk)
        assert manager_client.post(url, {"name": "Room 2"}, headers=IN_DIALOG).status_code == 422
        assert manager_client.post(url, {"name": "Hall"}, headers=IN_DIALOG).status_code == 204
        other.refresh_from_db()
        assert other.name == "Hall"


class TestPractitioners:
    def test_the_list_says_what_is_missing(self, manager_client, bookable):
        PractitionerFactory(organization=bookable.organization, family_name="Mehta")
        text = words(manager_client.get(page("settings-practitioners")))
        assert "Harbour Street" in text
        assert "No hours" in text

    def test_details_and_what_they_offer_are_saved_together(self, manager_client, bookable):
        other = AppointmentTypeFactory(organization=bookable.organization)
        url = page("settings-practitioner", bookable.practitioner.pk)
        data = {**PERSON, "prefix": "Dr", "specialty": "Cardiology", "languages": ["en"], "more_languages": ["de"]}
        answer = manager_client.post(url, {**data, "offers": [other.pk]}, headers=HTMX)
        assert answer["HX-Redirect"] == url
        bookable.practitioner.refresh_from_db()
        assert (bookable.practitioner.specialty, bookable.practitioner.languages) == ("Cardiology", ["en", "de"])
        assert [offer.appointment_type for offer in bookable.practitioner.offered_types.all()] == [other]

    def test_two_managers_who_edit_at_once_do_not_overwrite_each_other(self, manager_client, bookable, manager_actor):
        url = page("settings-practitioner", bookable.practitioner.pk)
        form = manager_client.get(url)
        update_practitioner(practitioner=bookable.practitioner, changes={"specialty": "Surgery"}, actor=manager_actor)
        data = {**PERSON, "specialty": "Cardiology", "seen": token_in(form), "linked": token_in(form, "linked")}
        answer = manager_client.post(url, {**data, "offers": [bookable.appointment_type.pk]})
        assert (answer.status_code, "Specialty is now “Surgery”." in words(answer)) == (422, True)
        bookable.practitioner.refresh_from_db()
        assert bookable.practitioner.specialty == "Surgery"

    def test_nor_what_somebody_offers(self, manager_client, bookable):
        url = page("settings-practitioner", bookable.practitioner.pk)
        form = manager_client.get(url)
        added = AppointmentTypeFactory(organization=bookable.organization, name="Physiotherapy")
        PractitionerTypeFactory(
            organization=bookable.organization, practitioner=bookable.practitioner, appointment_type=added
        )
        data = {**PERSON, "prefix": "Dr", "specialty": "Family medicine", "linked": token_in(form, "linked")}
        answer = manager_client.post(url, data)
        assert answer.status_code == 422
        assert "Offers is now “Consultation, Physiotherapy”." in words(answer)
        assert bookable.practitioner.offered_types.count() == 2
        manager_client.post(url, {**data, "linked": "", "seen": token_in(answer)})
        assert bookable.practitioner.offered_types.count() == 0

    def test_what_a_colleague_lets_them_offer_stays_when_something_else_was_changed(
        self, manager_client, admin_client, bookable
    ):
        added = AppointmentTypeFactory(organization=bookable.organization, name="Physiotherapy")
        url = page("settings-practitioner", bookable.practitioner.pk)
        mine, theirs = (controls(client.get(url), "practitioner-form") for client in (manager_client, admin_client))
        offered = [*theirs["offers"], str(added.pk)]
        assert admin_client.post(url, theirs | {"offers": offered, "title": "Head"}).status_code == 302
        answer = manager_client.post(url, mine | {"specialty": "Cardiology"})
        assert answer.status_code == 422
        again = controls(answer, "practitioner-form")
        assert (sorted(again["offers"]), again["specialty"]) == (sorted(offered), ["Cardiology"])
        assert manager_client.post(url, again).status_code == 302
        assert bookable.practitioner.offered_types.count() == 2

    def test_somebody_of_another_clinic_signs_in_as_nobody_here(self, manager_client, foreign_front_desk):
        answer = manager_client.post(page("settings-practitioner-new"), {**PERSON, "user": foreign_front_desk.user_id})
        assert set(answer.context["form"].errors) == {"user"}


class TestHours:
    @pytest.fixture
    def url(self, practitioner) -> str:
        return page("settings-hours", practitioner.pk)

    def stretch(
        self, location, weekday: int = 0, start: str = "09:00", end: str = "12:00"
    ) -> tuple[str, str, str, str]:
        return str(weekday), start, end, str(location.pk)

    def data(self, *stretches: tuple[str, str, str, str], **more: str) -> dict[str, object]:
        columns = zip(*stretches, strict=True) if stretches else ([], [], [], [])
        return {
            **dict(zip(("weekday", "start", "end", "where"), map(list, columns), strict=True)),
            "week": "_",
            "do": "save",
            **more,
        }

    def saved(self) -> list[str]:
        return [str(row) for row in WeeklyHours.objects.order_by("weekday", "start_time")]

    def test_a_person_without_hours_gets_a_suggestion(self, manager_client, url, location):
        assert "No hours yet" in words(manager_client.get(url))
        answer = manager_client.post(url, self.data(do="fill"))
        assert len(answer.context["week"].stretches) == 10
        assert self.saved() == []

    def test_hours_need_a_location(self, manager_client, practitioner):
        assert "Hours need a location" in words(manager_client.get(page("settings-hours", practitioner.pk)))

    def test_a_break_is_the_gap_between_two_stretches(self, manager_client, url, location):
        one, other = self.stretch(location), self.stretch(location, start="13:00", end="17:00")
        answer = manager_client.post(url, self.data(one, other), headers=HTMX)
        assert answer["HX-Redirect"] == f"{url}?week=_"
        assert self.saved() == ["Monday 09:00 to 12:00", "Monday 13:00 to 17:00"]

    def test_stretches_are_added_removed_and_copied_before_anything_is_saved(self, manager_client, url, location):
        one, other = self.stretch(location), self.stretch(location, weekday=1, start="08:00")

        def left(do: str) -> list[tuple[int, str]]:
            week = manager_client.post(url, self.data(one, other, do=do)).context["week"]
            return [(typed.weekday, typed.start) for typed in week.stretches]

        assert left("add:3") == [(0, "09:00"), (1, "08:00"), (3, "")]
        assert left("remove:0") == [(1, "08:00")]
        assert left("copy:0:workdays") == [(day, "09:00") for day in range(5)]
        assert left("copy:1:6") == [(0, "09:00"), (1, "08:00"), (6, "08:00")]
        assert self.saved() == []

    def test_nothing_but_save_saves(self, manager_client, url, location):
        """A browser that does not say which button it was must not save what was only to be looked at."""
        for do in ("", "check", "copy:0:all", "add:0", "nonsense"):
            manager_client.post(url, self.data(self.stretch(location), do=do), headers=HTMX)
        assert self.saved() == []

    def test_a_new_stretch_begins_where_the_day_was_and_gets_the_focus(self, manager_client, url, location):
        there = LocationFactory(organization=location.organization, name="Northgate")
        data = self.data(self.stretch(location), self.stretch(there, weekday=2), do="add:2")
        answer = manager_client.post(url, data)
        assert answer.context["week"].stretches[-1].where == str(there.pk)
        assert answer.content.count(b"autofocus") == 1

    @pytest.mark.parametrize(
        ("start", "end", "problem"),
        [
            ("12:00", "09:00", "Monday 12:00 to 09:00 ends before it begins."),
            ("11:00", "14:00", "Monday 09:00 to 12:00 overlaps Monday 11:00 to 14:00."),
            ("11:00", "", "Give both times, for example 09:00 and 12:30."),
            ("late", "12:00", "Give both times, for example 09:00 and 12:30."),
        ],
    )
    def test_each_wrong_stretch_says_why_and_nothing_is_saved(self, manager_client, url, location, start, end, problem):
        answer = manager_client.post(
            url, self.data(self.stretch(location), self.stretch(location, start=start, end=end))
        )
        assert answer.status_code == 422
        assert answer.context["week"].stretches[1].errors == [problem]
        assert 'aria-describedby="error-1"' in answer.content.decode()
        assert self.saved() == []

    def test_an_overlap_stands_at_both_stretches(self, manager_client, url, location):
        data = self.data(self.stretch(location), self.stretch(location, start="11:00"), do="check")
        answer = manager_client.post(url, data)
        assert answer.status_code == 200
        assert [bool(one.errors) for one in answer.context["week"].stretches] == [True, True]

    def test_an_empty_stretch_is_nothing(self, manager_client, url, location):
        manager_client.post(url, self.data(self.stretch(location), self.stretch(location, start="", end="")))
        assert self.saved() == ["Monday 09:00 to 12:00"]

    def test_a_place_of_another_clinic_is_refused(self, manager_client, url, location, other_organization):
        foreign = LocationFactory(organization=other_organization)
        answer = manager_client.post(url, self.data(self.stretch(foreign)), headers=HTMX)
        assert answer.status_code == 422
        assert self.saved() == []

    def test_hours_begin_anew_on_a_date_and_are_changed_from_then_on(self, manager_client, url, practitioner, location):
        manager_client.post(url, self.data(self.stretch(location)))
        answer = manager_client.post(page("settings-hours-split", practitioner.pk), {"date": "2027-03-01"})
        assert answer["Location"] == f"{url}?week=2027-03-01_"
        shown = words(manager_client.get(answer["Location"]))
        assert "Until 28 Feb 2027" in shown
        assert "From 1 Mar 2027 on" in shown
        data = self.data(self.stretch(location, start="10:00"), valid_from="2027-03-01")
        manager_client.post(url, {**data, "week": "2027-03-01_"})
        rows = WeeklyHours.objects.order_by("start_time").values_list("start_time", "valid_from", "valid_until")
        assert list(rows) == [
            (dt.time(9), None, dt.date(2027, 2, 28)),
            (dt.time(10), dt.date(2027, 3, 1), None),
        ]

    @pytest.mark.parametrize("date", ["", "soon", "2027-03-01"])
    def test_there_must_be_something_to_begin_anew(self, manager_client, practitioner, location, date):
        answer = manager_client.post(page("settings-hours-split", practitioner.pk), {"date": date}, headers=IN_DIALOG)
        assert answer.status_code == 422
        assert answer.context["error"]

    def test_an_end_before_the_beginning_is_named_once(self, manager_client, url, location):
        data = self.data(self.stretch(location), valid_from="2027-03-01", valid_until="2027-02-01")
        answer = manager_client.post(url, data)
        assert answer.context["week"].errors == {"valid_until": ["The last day lies before the first."]}
        assert answer.context["week"].stretches[0].errors == []

    def test_two_managers_who_edit_at_once_do_not_overwrite_each_other(
        self, manager_client, url, practitioner, location
    ):
        seen = token_in(manager_client.get(url))
        assert seen == hours_token(rows_of(practitioner))
        WeeklyHoursFactory(organization=location.organization, practitioner=practitioner, location=location, weekday=4)
        answer = manager_client.post(url, self.data(self.stretch(location), seen=seen), headers=HTMX)
        assert answer.status_code == 422
        assert "Somebody else changed these hours meanwhile." in words(answer)
        assert self.saved() == ["Friday 09:00 to 17:00"]

    def test_whom_a_shorter_week_affects_is_shown_first(self, manager_client, bookable, visit, patient):
        url = page("settings-hours", bookable.practitioner.pk)
        later = self.data(self.stretch(bookable.location, start="10:00"))
        answer = manager_client.post(url, later, headers=HTMX)
        assert answer.status_code == 422
        text = words(answer)
        assert "1 booked visit would no longer fit" in text
        assert "Ana López" in text
        assert "Dr Amara Okonkwo works 10:00–12:00 at Harbour Street on Monday 23 November." in text
        assert len(self.saved()) == 10
        assert AccessRecord.objects.filter(patient_id=patient.pk, route="appointments:settings-hours").count() == 1
        saved = manager_client.post(url, {**later, "then": "move"}, headers=HTMX)
        assert saved["HX-Redirect"] == page("outside")
        assert self.saved() == ["Monday 10:00 to 12:00"]
        assert [one.id for one in find_outside(Span(bookable.organization))] == [visit.pk]


class TestAbsences:
    def test_whole_days_are_days_of_the_place(self, manager_client, bookable):
        url = page("settings-time-off-new", bookable.practitioner.pk)
        data = {"first_day": "2026-12-07", "last_day": "2026-12-08", "reason": "Course"}
        answer = manager_client.post(url, data, headers=IN_DIALOG)
        assert answer.status_code == 204
        assert "settings:changed" in answer["HX-Trigger"]
        period = TimeOff.objects.get().period
        assert (period.lower.isoformat(), period.upper.isoformat()) == (
            "2026-12-07T05:00:00+00:00",
            "2026-12-09T05:00:00+00:00",
        )
        shown = words(manager_client.get(page("settings-time-off", bookable.practitioner.pk)))
        assert "Mon 7 Dec 2026 – Tue 8 Dec 2026" in shown

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({}, "first_day"),
            ({"first_day": "2026-12-08", "last_day": "2026-12-07"}, "last_day"),
            ({"first_day": "2026-12-08", "from_time": "12:00", "until_time": "11:00"}, "until_time"),
        ],
    )
    def test_impossible_days_are_named(self, manager_client, practitioner, data, field):
        url = page("settings-time-off-new", practitioner.pk)
        answer = manager_client.post(url, data, headers=IN_DIALOG)
        assert (answer.status_code, set(answer.context["form"].errors)) == (422, {field})

    def test_an_absence_that_overlaps_is_refused_in_words(self, manager_client, bookable):
        TimeOffFactory(organization=bookable.organization, practitioner=bookable.practitioner)
        url = page("settings-time-off-new", bookable.practitioner.pk)
        answer = manager_client.post(url, {"first_day": "2026-11-23"}, headers=IN_DIALOG)
        assert "Dr Amara Okonkwo is already away during part of that time." in words(answer)

    @pytest.mark.parametrize(("then", "asked"), [("move", 0), ("tell", 1), ("leave", 0)])
    def test_visits_inside_are_shown_before_it_is_saved(
        self, manager_client, bookable, visit, sms_account, consents, then, asked
    ):
        install_defaults(organization=bookable.organization)
        url = page("settings-time-off-new", bookable.practitioner.pk)
        data = {"first_day": "2026-11-23", "until_time": "12:00"}
        answer = manager_client.post(url, data, headers=IN_DIALOG)
        assert (answer.status_code, TimeOff.objects.count()) == (422, 0)
        assert "Dr Amara Okonkwo is away until Monday 23 November 12:00." in words(answer)
        answer = manager_client.post(url, {**data, "then": then}, headers=IN_DIALOG)
        assert (answer.status_code, TimeOff.objects.count()) == (204, 1)
        assert answer.headers.get("HX-Redirect") == (page("outside") if then == "move" else None)
        assert Communication.objects.filter(template_key="appointment-choose-time").count() == asked
        visit.refresh_from_db()
        assert (visit.status, visit.start) == (Status.BOOKED, MONDAY)
        shown = words(manager_client.get(page("settings-time-off", bookable.practitioner.pk)))
        assert "1 booked visit does not fit the plan." in shown

    def test_an_absence_is_changed_and_removed(self, manager_client, bookable):
        row = TimeOffFactory(organization=bookable.organization, practitioner=bookable.practitioner)
        url = page("settings-time-off-change", row.pk)
        assert 'value="09:00"' in manager_client.get(url).content.decode()
        manager_client.post(url, {"first_day": "2026-11-24"}, headers=IN_DIALOG)
        row.refresh_from_db()
        assert row.period.lower.isoformat() == "2026-11-24T05:00:00+00:00"
        manager_client.post(page("settings-time-off-remove", row.pk), headers=HTMX)
        assert not TimeOff.objects.exists()

    def test_a_closure_of_the_clinic_asks_about_visits_everywhere(self, manager_client, bookable, visit):
        data = {"first_day": "2026-11-23", "reason": "Burst pipe"}
        answer = manager_client.post(page("settings-closure-new"), data, headers=IN_DIALOG)
        assert "Harbour Street is closed all day" in words(answer)
        there = LocationFactory(organization=bookable.organization, name="Northgate")
        answer = manager_client.post(page("settings-closure-new"), {**data, "location": there.pk}, headers=IN_DIALOG)
        assert answer.status_code == 204
        assert Closure.objects.get().location == there

    @pytest.mark.parametrize("name", ["settings-closure-new", "settings-time-off-new"])
    def test_opened_as_a_page_the_question_is_a_page_too(self, manager_client, bookable, visit, name):
        url = page(name, *([bookable.practitioner.pk] if "time-off" in name else []))
        data = {"first_day": "2026-11-23", "reason": "Burst pipe"}
        assert 'hx-target="body"' not in manager_client.get(url).content.decode()
        asked = manager_client.post(url, data)
        assert asked.status_code == 422
        assert "<main" in asked.content.decode()
        assert 'name="then"' in asked.content.decode()
        assert manager_client.post(url, {**data, "then": "leave"}).status_code == 302

    def test_closures_are_changed_and_removed(self, manager_client, organization):
        row = ClosureFactory(organization=organization)
        data = {"first_day": "2026-11-30", "reason": "Painters"}
        assert manager_client.post(page("settings-closure", row.pk), data, headers=IN_DIALOG).status_code == 204
        row.refresh_from_db()
        assert row.reason == "Painters"
        manager_client.post(page("settings-closure-remove", row.pk), headers=HTMX)
        assert not Closure.objects.exists()

    def test_the_clinic_works_on_a_holiday_and_closes_after_all(self, manager_client, bookable, visit):
        bookable.location.observes_holidays = True
        bookable.location.save()
        keep_holidays(location=bookable.location)
        row = Closure.objects.get(holiday_on=dt.date(2026, 11, 26))
        url = page("settings-holiday", row.pk)
        assert "We work that day" in words(manager_client.get(url, headers=IN_DIALOG))
        assert manager_client.post(url, {"works": "yes"}, headers=IN_DIALOG).status_code == 204
        visit.start, visit.end = (moment + 3 * DAY for moment in (visit.start, visit.end))
        visit.busy_period = (visit.start, visit.end)
        visit.save()
        row.refresh_from_db()
        assert not row.is_active
        answer = manager_client.post(url, {"works": "no"}, headers=IN_DIALOG)
        assert (answer.status_code, "Thanksgiving Day" in words(answer)) == (422, True)
        manager_client.post(url, {"works": "no", "then": "leave"}, headers=IN_DIALOG)
        row.refresh_from_db()
        assert row.is_active

    def test_a_holiday_is_not_removed(self, manager_client, location):
        location.observes_holidays = True
        location.save()
        keep_holidays(location=location)
        row = Closure.objects.first()
        assert manager_client.post(page("settings-closure-remove", row.pk), headers=HTMX).status_code == 409
        assert manager_client.get(page("settings-closure", row.pk)).status_code == 404


class TestPlacesInLists:
    """Who was given no place stands behind those that have one, with the others that have none, by name."""

    @pytest.fixture
    def add(self, manager_client):
        def add(kind: str, **data: object) -> None:
            assert manager_client.post(page(f"settings-{kind}-new"), data).status_code == 302

        return add

    def test_a_new_practitioner_without_a_place(self, manager_client, organization, add):
        for order, name in enumerate(("Young", "Baker")):
            PractitionerFactory(organization=organization, family_name=name, sort_order=order)
        for name in ("Osei", "Abbott"):
            add("practitioner", **PERSON | {"family_name": name})
        assert [person.family_name for person in Practitioner.objects.all()] == ["Young", "Baker", "Abbott", "Osei"]

    def test_a_new_type_without_a_place(self, manager_client, organization, add):
        for order, name in enumerate(("X-ray", "Consultation")):
            AppointmentTypeFactory(organization=organization, name=name, sort_order=order)
        for name in ("Vaccination", "Allergy test"):
            add("type", **TYPE | {"name": name})
        assert [kind.name for kind in AppointmentType.objects.all()] == [
            "X-ray",
            "Consultation",
            "Allergy test",
            "Vaccination",
        ]

    def test_its_field_is_empty_and_a_number_puts_it_first(self, manager_client, organization, add):
        AppointmentTypeFactory(organization=organization, name="Consultation", sort_order=1)
        add("type", **TYPE | {"name": "Vaccination"})
        made = AppointmentType.objects.get(name="Vaccination")
        shown = manager_client.get(page("settings-type", made.pk)).content.decode()
        assert re.search(r'<input[^>]*name="sort_order"[^>]*>', shown).group(0).count("value=") == 0
        add("type", **TYPE | {"name": "X-ray", "sort_order": "0"})
        assert [kind.name for kind in AppointmentType.objects.all()] == ["X-ray", "Consultation", "Vaccination"]


class TestTypes:
    def test_a_type_is_made_with_everything(self, manager_client, bookable, room):
        data = {
            **TYPE,
            "name": "Back class",
            "capacity": "6",
            "price": "25.50",
            "shows_price": "on",
            "online_bookable": "on",
            "keywords": "back,espalda",
            "practitioners": [bookable.practitioner.pk],
            "locations": [bookable.location.pk],
            "rooms": [room.pk],
        }
        answer = manager_client.post(page("settings-type-new"), data)
        made = AppointmentType.objects.get(name="Back class")
        assert answer["Location"] == page("settings-type", made.pk)
        assert (made.capacity, str(made.price), made.online_bookable, made.needs_room) == (6, "25.50", True, False)
        assert made.offered_by.get().practitioner == bookable.practitioner
        assert (made.at_locations.get().location, made.in_rooms.get().room) == (bookable.location, room)
        assert "Group of up to 6" in words(manager_client.get(page("settings-types")))

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"duration_minutes": "2"}, "duration_minutes"),
            ({"shows_price": "on"}, "price"),
            ({"name": ""}, "name"),
            ({"capacity": "51"}, "capacity"),
        ],
    )
    def test_wrong_fields_are_named(self, manager_client, organization, changes, field):
        answer = manager_client.post(page("settings-type-new"), {**TYPE, **changes})
        assert (answer.status_code, set(answer.context["form"].errors)) == (422, {field})

    def test_a_room_where_it_does_not_take_place_is_named(self, manager_client, bookable, room):
        there = LocationFactory(organization=bookable.organization, name="Northgate")
        answer = manager_client.post(
            page("settings-type-new"), {**TYPE, "name": "X", "locations": [there.pk], "rooms": [room.pk]}
        )
        assert (answer.status_code, set(answer.context["form"].errors)) == (422, {"rooms"})
        assert not AppointmentType.objects.filter(name="X").exists()

    def test_somebody_elses_save_is_shown_before_it_is_replaced(self, manager_client, admin_client, appointment_type):
        url = page("settings-type", appointment_type.pk)
        seen = token_in(manager_client.get(url))
        admin_client.post(url, {**TYPE, "duration_minutes": "25", "seen": seen})
        answer = manager_client.post(url, {**TYPE, "duration_minutes": "30", "seen": seen})
        assert (answer.status_code, "Minutes with the patient is now “25”." in words(answer)) == (422, True)

    def test_every_field_that_nobody_touched_takes_what_a_colleague_saved(
        self, manager_client, admin_client, appointment_type
    ):
        """Numbers, money, ticks and lists alike: whatever a browser sends back counts as untouched."""
        url = page("settings-type", appointment_type.pk)
        mine, theirs = (controls(client.get(url), "type-form") for client in (manager_client, admin_client))
        changed = {"name": "Check-up", "duration_minutes": "25", "price": "80.50", "shows_price": "on", "colour": "k3"}
        changed |= {"instructions": "Bring your\r\npapers.", "sort_order": "4"}
        without = {name: value for name, value in theirs.items() if name != "online_bookable"}
        assert admin_client.post(url, without | changed).status_code == 302
        answer = manager_client.post(url, mine)
        assert answer.status_code == 422
        fresh, again = (controls(one, "type-form") for one in (manager_client.get(url), answer))
        assert {**again, "csrfmiddlewaretoken": ""} == {**fresh, "csrfmiddlewaretoken": ""}


class TestBookingRules:
    def test_a_clinic_lives_by_the_defaults_until_it_decides(self, organization, manager_client):
        assert settings_for(organization).no_show_after_minutes == 20
        answer = manager_client.post(page("settings-booking"), {**POLICY, "seen": "never"})
        assert answer.status_code == 302
        row = settings_for(organization)
        assert (row.no_show_after_minutes, row.no_shows_block_online, row.waitlist_fills_automatically) == (
            15,
            None,
            False,
        )
        assert Event.objects.filter(type="appointment_settings.updated").count() == 1

    def test_saving_what_is_so_already_writes_nothing(self, organization, manager_actor):
        update_appointment_settings(
            organization=organization, changes={"no_show_after_minutes": 20}, actor=manager_actor
        )
        assert not AppointmentSettings.objects.exists()

    def test_two_who_decide_for_the_first_time_do_not_overwrite_each_other(self, manager_client, admin_client):
        admin_client.post(page("settings-booking"), {**POLICY, "seen": "never"})
        answer = manager_client.post(
            page("settings-booking"), {**POLICY, "no_show_after_minutes": "30", "seen": "never"}
        )
        assert (answer.status_code, "is now “15”." in words(answer)) == (422, True)

    def test_impossible_values_and_unknown_fields_are_refused(self, organization, manager_actor, actor):
        for changes in ({"no_show_after_minutes": 1}, {"colour": "red"}):
            with pytest.raises(InvalidInput):
                update_appointment_settings(organization=organization, changes=changes, actor=manager_actor)
        with pytest.raises(NotAllowed):
            update_appointment_settings(organization=organization, changes={}, actor=actor)

    def test_a_stale_save_is_refused(self, organization, manager_actor):
        update_appointment_settings(
            organization=organization, changes={"no_show_after_minutes": 30}, actor=manager_actor
        )
        with pytest.raises(StaleVersion):
            update_appointment_settings(
                organization=organization,
                changes={"no_show_after_minutes": 40},
                seen=FRIDAY - DAY,
                actor=manager_actor,
            )


class TestUse:
    def test_a_practitioner_goes_out_of_use_after_a_look_at_the_visits(self, manager_client, bookable, visit):
        url = page("settings-use", "practitioners", bookable.practitioner.pk)
        assert "Ana López" in words(manager_client.get(url, headers=IN_DIALOG))
        assert manager_client.post(url, {"in_use": "no"}, headers=IN_DIALOG).status_code == 422
        assert manager_client.post(url, {"in_use": "no", "then": "leave"}, headers=IN_DIALOG).status_code == 204
        bookable.practitioner.refresh_from_db()
        assert not bookable.practitioner.is_active
        assert "Dr Amara Okonkwo can&#x27;t be booked any more." in manager_client.get(page("outside")).content.decode()
        manager_client.post(url, {"in_use": "yes"}, headers=IN_DIALOG)
        assert find_outside(Span(bookable.organization)) == {}

    @pytest.mark.parametrize("kind", ["locations", "rooms", "types"])
    def test_places_and_types_too(self, manager_client, bookable, room, kind):
        row = {"locations": bookable.location, "rooms": room, "types": bookable.appointment_type}[kind]
        url = page("settings-use", kind, row.pk)
        assert "Take" in words(manager_client.get(url))
        answer = manager_client.post(url, {"in_use": "no"})
        assert answer.status_code == 302
        row.refresh_from_db()
        assert not row.is_active
        assert [str(message) for message in get_messages(answer.wsgi_request)] == [f"{row} is out of use"]

    def test_booked_visits_of_a_type_stay_and_are_counted(self, manager_client, bookable, visit):
        url = page("settings-use", "types", bookable.appointment_type.pk)
        assert "1 visit of this type is booked and stays as it is." in words(manager_client.get(url))

    def test_there_is_nothing_else_to_take_out_of_use(self, manager_client, practitioner):
        assert manager_client.get(page("settings-use", "patients", practitioner.pk)).status_code == 404


class TestAccess:
    @pytest.mark.parametrize("role", ["front_desk", "clinician", "auditor"])
    def test_only_managers_change_the_plan(self, request, role, practitioner, location):
        client = client_for(request.getfixturevalue(role))
        assert client.get(page("settings-locations")).status_code == 403
        for url in (
            page("settings-practitioner", practitioner.pk),
            page("settings-hours", practitioner.pk),
            page("settings-booking"),
        ):
            assert client.get(url).status_code == 403
            assert client.post(url, {}).status_code == 403

    def test_rows_of_another_clinic_are_not_found(self, manager_client, other_organization):
        foreign = PractitionerFactory(organization=other_organization)
        for name in ("settings-practitioner", "settings-hours", "settings-time-off", "settings-time-off-new"):
            assert manager_client.get(page(name, foreign.pk)).status_code == 404
        assert manager_client.get(page("settings-use", "practitioners", foreign.pk)).status_code == 404
