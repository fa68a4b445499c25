"""`/api/v1/practitioners/`, rooms, locations, schedules, time off, closures."""

from __future__ import annotations

import pytest

from apps.events.models import Event
from apps.practitioners.models import Closure, TimeOff, WeeklyHours
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.practitioners import ClosureFactory, PractitionerFactory, RoomFactory, TimeOffFactory
from tests.fixtures.shared import api_client_for

API = "/api/v1/"
NINE, FIVE = "2026-11-23T14:00:00Z", "2026-11-23T22:00:00Z"

pytestmark = pytest.mark.django_db


def ids(answer) -> list[str]:
    return [row["id"] for row in answer.json()["results"]]


class TestPractitioners:
    URL = f"{API}practitioners/"

    def test_practitioner_is_added_changed_and_retired(self, api_client) -> None:
        made = api_client.post(self.URL, {"given_name": "Helena", "family_name": "Lindqvist", "languages": ["sv"]})
        body = made.json()
        assert (made.status_code, body["display_name"], body["languages"]) == (201, "Helena Lindqvist", ["sv"])
        changed = api_client.patch(f"{self.URL}{body['id']}/", {"prefix": "Dr", "is_active": False}).json()
        assert (changed["display_name"], changed["is_active"]) == ("Dr Helena Lindqvist", False)

    def test_list_is_filtered_by_place_and_activity(self, api_client, practitioner, weekly_hours, location) -> None:
        gone = PractitionerFactory(organization=practitioner.organization, is_active=False)
        assert ids(api_client.get(self.URL, {"location": location.pk})) == [str(practitioner.pk)]
        assert ids(api_client.get(self.URL, {"is_active": "false"})) == [str(gone.pk)]

    def test_wrong_fields_are_named(self, api_client) -> None:
        answer = api_client.post(self.URL, {"given_name": "A", "colour": "red"})
        assert answer.status_code == 422
        assert {error["field"] for error in answer.json()["errors"]} == {"family_name", "colour"}

    def test_front_desk_may_look_only(self, front_desk, practitioner) -> None:
        client = api_client_for(front_desk)
        assert client.get(f"{self.URL}{practitioner.pk}/").status_code == 200
        assert client.patch(f"{self.URL}{practitioner.pk}/", {"prefix": "X"}).status_code == 403

    def test_practitioner_of_another_clinic_is_404(self, api_client, other_organization) -> None:
        foreign = PractitionerFactory(organization=other_organization)
        assert api_client.get(f"{self.URL}{foreign.pk}/").status_code == 404


class TestPlaces:
    def test_locations_are_listed(self, api_client, location) -> None:
        (row,) = api_client.get(f"{API}locations/").json()["results"]
        assert (row["name"], row["timezone"]) == ("Harbour Street", "America/New_York")
        assert api_client.get(f"{API}locations/{location.pk}/").json()["address_line"].startswith("12 Harbour")

    def test_location_is_added_with_its_holidays_and_closed_for_good(self, api_client, organization) -> None:
        made = api_client.post(f"{API}locations/", {"name": "Northgate", "observes_holidays": True})
        assert (made.status_code, made.json()["timezone"]) == (201, "America/New_York")
        assert Closure.objects.filter(location=made.json()["id"], holiday_on__isnull=False).exists()
        changed = api_client.patch(
            f"{API}locations/{made.json()['id']}/", {"is_active": False, "city": "Albany"}
        ).json()
        assert (changed["is_active"], changed["city"]) == (False, "Albany")
        assert not Closure.objects.exists()

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "name"),
            ({"name": "X", "timezone": "Mars/Base"}, "timezone"),
            ({"name": "X", "observes_holidays": True, "holiday_subdivision": "ZZ"}, "holiday_subdivision"),
        ],
    )
    def test_wrong_fields_of_a_location_are_named(self, api_client, organization, body, field) -> None:
        answer = api_client.post(f"{API}locations/", body)
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])

    def test_front_desk_may_not_change_locations(self, front_desk, location) -> None:
        client = api_client_for(front_desk)
        assert client.post(f"{API}locations/", {"name": "X"}).status_code == 403
        assert client.patch(f"{API}locations/{location.pk}/", {"name": "X"}).status_code == 403

    def test_room_is_added_and_taken_out_of_use(self, api_client, location) -> None:
        made = api_client.post(f"{API}rooms/", {"location": str(location.pk), "name": "Room 1"})
        assert made.status_code == 201
        changed = api_client.patch(f"{API}rooms/{made.json()['id']}/", {"is_active": False}).json()
        assert changed["is_active"] is False
        assert ids(api_client.get(f"{API}rooms/", {"is_active": "true"})) == []

    def test_room_at_a_foreign_location_is_422(self, api_client, other_organization) -> None:
        foreign = LocationFactory(organization=other_organization)
        assert api_client.post(f"{API}rooms/", {"location": str(foreign.pk), "name": "R"}).status_code == 422


class TestSchedules:
    URL = f"{API}schedules/"

    def row(self, practitioner, location, **changes) -> dict:
        return {
            "practitioner": str(practitioner.pk),
            "location": str(location.pk),
            "weekday": 5,
            "start_time": "09:00",
            "end_time": "12:00",
            **changes,
        }

    def test_stretch_is_added_and_removed_and_the_others_stay(
        self, api_client, practitioner, location, weekly_hours
    ) -> None:
        kept = set(WeeklyHours.objects.values_list("pk", flat=True))
        made = api_client.post(self.URL, self.row(practitioner, location))
        assert (made.status_code, made.json()["start_time"]) == (201, "09:00:00")
        assert len(ids(api_client.get(self.URL, {"practitioner": practitioner.pk}))) == 11
        removed = api_client.delete(f"{self.URL}{made.json()['id']}/")
        assert (removed.status_code, removed.json()) == (200, {"affected": []})
        assert set(WeeklyHours.objects.values_list("pk", flat=True)) == kept
        assert Event.objects.filter(type="practitioner.hours_set").count() == 2

    def test_overlap_is_422_with_both_stretches(self, api_client, practitioner, location, weekly_hours) -> None:
        answer = api_client.post(self.URL, self.row(practitioner, location, weekday=0, start_time="11:00"))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["message"] == "Monday 09:00 to 12:00 overlaps Monday 11:00 to 12:00."

    @pytest.mark.parametrize(
        "changes", [{"weekday": 7}, {"start_time": "late"}, {"end_time": "08:00"}, {"location": None}]
    )
    def test_impossible_stretch_is_422(self, api_client, practitioner, location, changes) -> None:
        assert api_client.post(self.URL, {**self.row(practitioner, location), **changes}).status_code == 422

    def test_room_elsewhere_is_422(self, api_client, practitioner, location) -> None:
        room = RoomFactory(organization=practitioner.organization)
        assert api_client.post(self.URL, self.row(practitioner, location, room=str(room.pk))).status_code == 422


class TestAbsences:
    def test_time_off_is_noted_found_and_removed(self, api_client, practitioner) -> None:
        url = f"{API}time-off/"
        made = api_client.post(url, {"practitioner": str(practitioner.pk), "start": NINE, "end": FIVE, "reason": "Ill"})
        assert (made.status_code, made.json()["start"], made.json()["end"]) == (201, NINE, FIVE)
        assert ids(api_client.get(url, {"start": NINE, "end": FIVE})) == [made.json()["id"]]
        assert ids(api_client.get(url, {"start": FIVE})) == []
        assert ids(api_client.get(url, {"practitioner": practitioner.pk})) == [made.json()["id"]]
        assert api_client.delete(f"{url}{made.json()['id']}/").status_code == 204
        assert not TimeOff.objects.exists()

    def test_overlapping_time_off_is_409(self, api_client, practitioner) -> None:
        TimeOffFactory(organization=practitioner.organization, practitioner=practitioner, period=(NINE, FIVE))
        body = {"practitioner": str(practitioner.pk), "start": NINE, "end": FIVE}
        answer = api_client.post(f"{API}time-off/", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "time_off_overlaps")

    def test_closure_is_added_found_and_removed(self, api_client, organization, location) -> None:
        url = f"{API}closures/"
        everywhere = api_client.post(url, {"start": NINE, "end": FIVE, "reason": "Holiday"})
        assert (everywhere.status_code, everywhere.json()["location"]) == (201, None)
        here = api_client.post(url, {"start": NINE, "end": FIVE, "reason": "Drill", "location": str(location.pk)})
        assert ids(api_client.get(url, {"location": location.pk})) == [here.json()["id"]]
        assert api_client.delete(f"{url}{everywhere.json()['id']}/").status_code == 204
        assert Closure.objects.get().reason == "Drill"

    @pytest.mark.parametrize(
        "changes", [{"end": NINE}, {"start": "2026-11-23T09:00:00"}, {"reason": ""}, {"end": "2036-01-01T00:00:00Z"}]
    )
    def test_impossible_closure_is_422(self, api_client, organization, changes) -> None:
        body = {"start": NINE, "end": FIVE, "reason": "X", **changes}
        assert api_client.post(f"{API}closures/", body).status_code == 422

    def test_closure_of_another_clinic_is_404(self, api_client, other_organization) -> None:
        foreign = ClosureFactory(organization=other_organization, period=(NINE, FIVE))
        assert api_client.delete(f"{API}closures/{foreign.pk}/").status_code == 404
