"""Calendar feeds: a secret address per use, revocable, patients named by the organization's choice only."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.test import Client
from icalendar import Calendar

from apps.appointments.models import AppointmentSettings, CalendarFeed, Status
from apps.appointments.services.feeds import create_feed, revoke_feed
from apps.audit.models import AccessRecord
from apps.core.errors import InvalidInput, NotAllowed
from apps.core.tenancy import all_organizations
from apps.organizations.services import actor_for_membership
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.practitioners import PractitionerFactory, TimeOffFactory
from tests.fixtures.shared import api_client_for

FRIDAY = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(FRIDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def visit(appointment):
    appointment.reason = "HIV test"
    appointment.save()
    return appointment


@pytest.fixture
def made(visit, practitioner, manager_actor) -> tuple[CalendarFeed, str]:
    return create_feed(practitioner=practitioner, name="My phone", actor=manager_actor)


def read(token: str):
    return Client().get(f"/calendar/{token}.ics")


class TestReading:
    def test_feed_lists_visits_without_names_or_reasons(self, made, visit):
        answer = read(made[1])
        assert answer["Content-Type"] == "text/calendar; charset=utf-8"
        calendar = Calendar.from_ical(answer.content)
        (event,) = calendar.walk("VEVENT")
        assert event["summary"] == visit.appointment_type.name
        assert event["dtstart"].dt == visit.local_start
        assert calendar.walk("VTIMEZONE")
        for secret in (b"Ana", b"HIV", b"555"):
            assert secret not in answer.content

    def test_patients_are_named_when_the_organization_chose_so_and_that_is_noted(self, made, visit, organization):
        AppointmentSettings.objects.create(organization=organization, feeds_show_patients=True)
        assert "Ana López".encode() in read(made[1]).content
        assert b"HIV" not in read(made[1]).content
        assert AccessRecord.objects.filter(patient_id=visit.patient_id, route="appointments:feed").count() == 1

    def test_only_this_practitioners_open_visits_are_in_it(self, made, visit, bookable, organization):
        AppointmentFactory(organization=organization, start=visit.start)
        AppointmentFactory(
            organization=organization,
            practitioner=bookable.practitioner,
            start=visit.start + HOUR,
            status=Status.CANCELLED,
        )
        TimeOffFactory(organization=organization, practitioner=bookable.practitioner, reason="Surgery")
        content = read(made[1]).content
        assert [str(event["summary"]) for event in Calendar.from_ical(content).walk("VEVENT")] == [
            visit.appointment_type.name,
            "Time off",
        ]
        assert b"Surgery" not in content

    def test_revoked_and_unknown_addresses_are_404_and_empty(self, made, manager_actor):
        revoke_feed(feed=made[0], actor=manager_actor)
        for token in (made[1], "x" * 43, ""):
            answer = read(token)
            assert (answer.status_code, answer.content if token else b"") == (404, b"")

    def test_feed_of_somebody_who_left_ends(self, made, practitioner):
        practitioner.is_active = False
        practitioner.save()
        assert read(made[1]).status_code == 404

    def test_last_look_is_noted_now_and_then(self, made, clock):
        feed = made[0]
        read(made[1])
        feed.refresh_from_db()
        assert feed.last_read_at == FRIDAY
        clock.shift(60)
        read(made[1])
        feed.refresh_from_db()
        assert feed.last_read_at == FRIDAY
        clock.shift(601)
        read(made[1])
        feed.refresh_from_db()
        assert feed.last_read_at > FRIDAY

    def test_posts_are_refused(self, made):
        assert Client().post(f"/calendar/{made[1]}.ics").status_code == 405

    def test_only_the_digest_is_kept(self, made):
        with all_organizations():
            row = CalendarFeed.objects.filter(pk=made[0].pk).values().get()
        assert made[1] not in str(row)


class TestMaking:
    def test_practitioners_make_their_own_and_nobody_elses(self, practitioner, clinician, organization):
        actor = actor_for_membership(clinician)
        with pytest.raises(NotAllowed):
            create_feed(practitioner=practitioner, name="Phone", actor=actor)
        practitioner.user = clinician.user
        practitioner.save()
        assert create_feed(practitioner=practitioner, name="Phone", actor=actor)[0].pk
        with pytest.raises(NotAllowed):
            create_feed(practitioner=PractitionerFactory(organization=organization), name="Phone", actor=actor)

    def test_it_needs_a_name_and_has_a_limit(self, practitioner, manager_actor):
        with pytest.raises(InvalidInput) as refused:
            create_feed(practitioner=practitioner, name="  ", actor=manager_actor)
        assert list(refused.value.errors) == ["name"]
        for number in range(10):
            create_feed(practitioner=practitioner, name=f"Device {number}", actor=manager_actor)
        with pytest.raises(InvalidInput, match="10 feeds already"):
            create_feed(practitioner=practitioner, name="One more", actor=manager_actor)


class TestPages:
    def test_manager_makes_a_feed_sees_its_address_once_and_revokes_it(self, manager_client, visit, practitioner):
        page = manager_client.post("/calendar/feeds/", {"practitioner": practitioner.pk, "name": "Desk"})
        address = page.content.decode().split('value="http')[1].split('"')[0]
        token = address.rsplit("/", 1)[1].removesuffix(".ics")
        assert read(token).status_code == 200
        assert token not in manager_client.get("/calendar/feeds/").content.decode()
        feed = CalendarFeed.objects.get()
        assert manager_client.post(f"/calendar/feeds/{feed.pk}/revoke/").status_code == 200
        assert read(token).status_code == 404

    def test_a_missing_name_is_said(self, manager_client, practitioner):
        answer = manager_client.post("/calendar/feeds/", {"practitioner": practitioner.pk, "name": ""})
        assert answer.status_code == 422
        assert "Say where the calendar will be used" in answer.content.decode()

    def test_front_desk_is_told_who_can_help(self, desk_client, practitioner):
        assert "A manager can help" in desk_client.get("/calendar/feeds/").content.decode()
        assert desk_client.post("/calendar/feeds/", {"practitioner": practitioner.pk, "name": "x"}).status_code == 403


class TestApi:
    def test_feed_is_made_listed_and_revoked(self, manager, visit, practitioner):
        api = api_client_for(manager)
        made = api.post("/api/v1/calendar-feeds/", {"practitioner": str(practitioner.pk), "name": "EHR"})
        assert made.status_code == 201
        token = made.json()["address"].rsplit("/", 1)[1].removesuffix(".ics")
        assert read(token).status_code == 200
        listed = api.get("/api/v1/calendar-feeds/").json()["results"]
        assert "address" not in listed[0]
        assert api.delete(made["Location"]).status_code == 204
        assert read(token).status_code == 404

    def test_foreign_feed_is_404(self, made, foreign_front_desk, other_organization):
        assert api_client_for(foreign_front_desk).get(f"/api/v1/calendar-feeds/{made[0].pk}/").status_code in {403, 404}
