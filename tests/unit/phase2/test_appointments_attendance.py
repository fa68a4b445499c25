"""Missed visits: history, explained risk, what follows by the organization's choice, and the way back."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from apps.appointments.attendance import Attendance, attendance_of, no_show_risk
from apps.appointments.models import AppointmentSettings, OnlineBookingBlock, Status
from apps.appointments.services import (
    block_online_booking,
    follow_up_no_shows,
    lift_online_booking_block,
    mark_no_show,
    undo_status,
)
from apps.core.actors import SYSTEM
from apps.core.errors import Conflict, NotAllowed
from apps.events.selectors import patient_timeline
from apps.events.services import deliver_due
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.patients import PatientFactory

NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def visits(organization, patient, **counts: int) -> None:
    """Give the patient so many visits of each status, a week apart, the latest a week ago."""
    number = 0
    for status, count in counts.items():
        for _visit in range(count):
            number += 1
            AppointmentFactory(
                organization=organization,
                patient=patient,
                status=status,
                start=NOW - number * 7 * DAY,
                status_changed_at=NOW - number * 7 * DAY,
            )


class TestHistory:
    def test_kept_and_missed_visits_are_counted(self, organization, patient):
        visits(organization, patient, noshow=1, fulfilled=3, cancelled=2)
        found = attendance_of(organization=organization, patient_ids=[patient.pk])[patient.pk]
        assert (found.kept, found.missed, found.visits, found.rate) == (3, 1, 4, 25)
        assert found.last_missed == NOW - 7 * DAY

    def test_what_is_older_than_two_years_is_forgotten(self, organization, patient):
        AppointmentFactory(organization=organization, patient=patient, status="noshow", start=NOW - 731 * DAY)
        assert attendance_of(organization=organization, patient_ids=[patient.pk]) == {}

    def test_many_patients_are_one_query(self, organization, django_assert_num_queries):
        people = [PatientFactory(organization=organization) for _number in range(3)]
        for person in people:
            visits(organization, person, noshow=1)
        with django_assert_num_queries(1):
            assert len(attendance_of(organization=organization, patient_ids=[one.pk for one in people])) == 3


def risk(attendance: Attendance, *, lead: int = 3, confirmed: bool = False, ahead: dt.timedelta = 3 * DAY):
    start = NOW + ahead
    return no_show_risk(
        attendance=attendance, start=start, booked_at=start - lead * DAY, is_confirmed=confirmed, now=NOW
    )


class TestRisk:
    def test_who_always_came_is_low(self):
        assert risk(Attendance(kept=5)).level == "low"

    def test_two_missed_visits_are_high_and_said_first(self):
        found = risk(Attendance(kept=3, missed=2), lead=20)
        assert found.level == "high"
        assert found.reasons == ("Missed 2 of 5 visits", "Booked 20 days ahead")

    def test_one_missed_visit_among_many_weighs_little(self):
        assert risk(Attendance(kept=19, missed=1)).level == "low"
        assert risk(Attendance(kept=2, missed=1)).level == "medium"

    def test_a_confirmation_lowers_it(self):
        assert risk(Attendance(kept=2, missed=1)).level == "medium"
        confirmed = risk(Attendance(kept=2, missed=1), confirmed=True)
        assert (confirmed.level, "Confirmed" in confirmed.reasons) == ("low", True)

    def test_a_first_visit_booked_long_ago_and_not_confirmed_is_some_risk(self):
        found = risk(Attendance(), lead=35, ahead=DAY)
        assert found.level == "high"
        assert set(found.reasons) == {"First visit in two years", "Booked 35 days ahead", "Not confirmed"}

    @pytest.mark.parametrize("level", ["low", "medium", "high"])
    def test_every_level_has_words(self, level):
        by_level = {"low": Attendance(kept=5), "medium": Attendance(kept=2, missed=1), "high": Attendance(missed=3)}
        assert risk(by_level[level]).word.endswith("no-show risk")


@pytest.fixture
def limit(organization) -> int:
    AppointmentSettings.objects.create(organization=organization, no_shows_block_online=2)
    return 2


def blocked(patient) -> bool:
    return OnlineBookingBlock.objects.filter(patient=patient, lifted_at__isnull=True).exists()


class TestWhatFollows:
    def test_nothing_follows_unless_the_clinic_says_so(self, organization, patient):
        visits(organization, patient, noshow=9)
        assert follow_up_no_shows(patient=patient, actor=SYSTEM) is None

    def test_the_limit_blocks_booking_alone_once(self, organization, patient, limit):
        visits(organization, patient, noshow=1)
        assert follow_up_no_shows(patient=patient, actor=SYSTEM) is None
        visits(organization, patient, noshow=2)
        block = follow_up_no_shows(patient=patient, actor=SYSTEM)
        assert block.reason == "Automatic: 3 missed visits in a year"
        assert follow_up_no_shows(patient=patient, actor=SYSTEM).pk == block.pk

    def test_marking_a_no_show_blocks_and_undoing_it_unblocks(
        self, organization, patient, limit, appointment, actor, clock
    ):
        visits(organization, patient, noshow=1)
        clock.move_to(appointment.start + dt.timedelta(minutes=30))
        mark_no_show(appointment=appointment, actor=actor)
        deliver_due()
        assert blocked(patient)
        undo_status(appointment=appointment, actor=actor)
        deliver_due()
        assert not blocked(patient)
        said = [entry.text for entry in patient_timeline(organization=organization, patient_id=patient.pk)]
        assert "Books through the clinic only from now on" in said
        assert "May book alone again" in said

    def test_what_somebody_lifted_stays_lifted_until_the_next_missed_visit(self, organization, patient, limit, actor):
        visits(organization, patient, noshow=2)
        follow_up_no_shows(patient=patient, actor=SYSTEM)
        lift_online_booking_block(patient=patient, actor=actor)
        assert follow_up_no_shows(patient=patient, actor=SYSTEM) is None
        assert not blocked(patient)
        AppointmentFactory(
            organization=organization,
            patient=patient,
            status=Status.NO_SHOW,
            start=NOW - DAY / 24,
            status_changed_at=NOW + DAY / 24,
        )
        assert follow_up_no_shows(patient=patient, actor=SYSTEM) is not None

    def test_what_somebody_blocked_is_not_lifted_by_counting(self, organization, patient, limit, manager_actor):
        block_online_booking(patient=patient, reason="Rude messages", actor=manager_actor)
        follow_up_no_shows(patient=patient, actor=SYSTEM)
        assert blocked(patient)
        with pytest.raises(Conflict):
            block_online_booking(patient=patient, reason="", actor=manager_actor)

    def test_blocking_needs_a_manager_lifting_does_not(self, patient, actor, manager_actor):
        with pytest.raises(NotAllowed):
            block_online_booking(patient=patient, reason="", actor=actor)
        block_online_booking(patient=patient, reason="", actor=manager_actor)
        lift_online_booking_block(patient=patient, actor=actor)
        lift_online_booking_block(patient=patient, actor=actor)
        assert not blocked(patient)


class TestPages:
    def test_patient_page_says_how_often_and_lets_staff_decide(
        self, organization, patient, desk_client, manager_client
    ):
        visits(organization, patient, noshow=1, fulfilled=3)
        page = desk_client.get(f"/patients/{patient.pk}/attendance/").content.decode()
        assert "1 (25 %), last on 16 Nov 2026" in page
        assert "Yes, by message and link" in page
        assert desk_client.post(f"/patients/{patient.pk}/attendance/block/").status_code == 403
        assert manager_client.post(f"/patients/{patient.pk}/attendance/block/").status_code == 204
        assert "Allow again" in desk_client.get(f"/patients/{patient.pk}/attendance/").content.decode()
        assert desk_client.post(f"/patients/{patient.pk}/attendance/lift/").status_code == 204
        assert not blocked(patient)

    def test_somebody_new_has_no_history(self, patient, desk_client):
        assert "None in two years" in desk_client.get(f"/patients/{patient.pk}/attendance/").content.decode()

    def test_the_visit_shows_its_risk_with_the_facts(self, organization, patient, desk_client):
        visits(organization, patient, noshow=2, fulfilled=1)
        coming = AppointmentFactory(organization=organization, patient=patient, start=NOW + DAY)
        page = desk_client.get(f"/appointments/{coming.pk}/").content.decode()
        assert "High no-show risk" in page
        assert "Missed 2 of 3 visits" in page
