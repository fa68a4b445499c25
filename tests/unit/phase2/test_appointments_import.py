"""Importing appointments: every row checked first, booked through the one door, twice changes nothing, nobody made up."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
import time_machine
from django.db import transaction

from apps.appointments.errors import SlotUnavailable
from apps.appointments.exchange.writing import write_appointments
from apps.appointments.models import (
    Appointment,
    AppointmentImport,
    ImportRow,
    ImportStatus,
    RowState,
    Source,
    Status,
)
from apps.appointments.services import import_work, importing
from apps.appointments.services.past_visits import keep_past_visit
from apps.appointments.tasks import work_on_imports
from apps.communications.models import Communication
from apps.core.errors import Conflict, InvalidInput, NotAllowed
from apps.core.tenancy import closed, organization_scope
from apps.events.models import Event
from apps.notifications.defaults import install_defaults
from apps.patients.models import Patient
from tests.fixtures.appointments import AppointmentFactory, AppointmentTypeFactory, PractitionerTypeFactory
from tests.fixtures.background import drain
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.patients import ContactPointFactory, PatientFactory
from tests.fixtures.practitioners import PractitionerFactory, RoomFactory, WeeklyHoursFactory
from tests.fixtures.shared import MONDAY

HOUR, DAY, MINUTE = dt.timedelta(hours=1), dt.timedelta(days=1), dt.timedelta(minutes=1)
FRIDAY = MONDAY - 3 * DAY
HEADER = ("external_id", "patient_number", "practitioner", "appointment_type", "location", "start", "status")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def friday_before():
    with time_machine.travel(FRIDAY, tick=True):
        yield


@pytest.fixture
def row(bookable, patient):
    """Return a function from what differs to a row: Ana López at Dr Okonkwo's, Monday 09:00, booked."""

    def make(**cells: str) -> dict[str, str]:
        return {
            "external_id": "a1",
            "patient_number": str(patient.number),
            "practitioner": "Dr Amara Okonkwo",
            "appointment_type": "consultation",
            "location": "Harbour Street",
            "start": "2026-11-23 09:00",
            "status": "booked",
            **cells,
        }

    return make


def csv_of(*rows: dict[str, str]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for one in rows for name in one)), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@pytest.fixture
def check(organization, manager_actor):
    """Return a function that uploads rows and lets them be checked."""

    def run(*rows: dict[str, str], content: bytes | None = None, **options) -> AppointmentImport:
        batch = importing.upload_appointments(
            organization=organization, file_name="old.csv", content=content or csv_of(*rows), actor=manager_actor
        )
        importing.check_import(batch=batch, mapping=batch.mapping, actor=manager_actor, **options)
        return worked(batch)

    return run


@pytest.fixture
def bring(check, manager_actor):
    """Return a function that uploads, checks and imports rows."""

    def run(*rows: dict[str, str], **options) -> AppointmentImport:
        batch = check(*rows, **options)
        importing.run_import(batch=batch, actor=manager_actor)
        return worked(batch)

    return run


@pytest.fixture
def somebody_else(organization, bookable):
    """Return a function to the cells of another patient at another practitioner, who offers the same at the same times."""

    def make() -> dict[str, str]:
        person = PractitionerFactory(organization=organization)
        WeeklyHoursFactory(organization=organization, practitioner=person, location=bookable.location)
        PractitionerTypeFactory(
            organization=organization, practitioner=person, appointment_type=bookable.appointment_type
        )
        patient = PatientFactory(organization=organization)
        return {"patient_number": str(patient.number), "practitioner": str(person.pk)}

    return make


def worked(batch: AppointmentImport) -> AppointmentImport:
    with closed():
        work_on_imports()
    batch.refresh_from_db()
    return batch


def verdicts(batch: AppointmentImport) -> list[tuple[str, str]]:
    return list(batch.rows.order_by("line").values_list("state", "code"))


def verdict(batch: AppointmentImport) -> ImportRow:
    return batch.rows.get()


class TestBooking:
    def test_visit_to_come_is_booked_and_nobody_is_told(self, bring, row, bookable, patient, whatsapp_account):
        install_defaults(organization=bookable.organization)
        batch = bring(row(reason="Cough", note="old chart"))
        visit = Appointment.objects.get()
        assert (batch.status, verdicts(batch)) == (ImportStatus.DONE, [(RowState.DONE, "")])
        assert (visit.patient, visit.practitioner, visit.start) == (patient, bookable.practitioner, MONDAY)
        assert (visit.source, visit.external_id, visit.reason, visit.note) == (
            Source.IMPORT,
            "a1",
            "Cough",
            "old chart",
        )
        drain()
        assert not Communication.objects.exclude(category="reminder").exists()

    def test_patients_are_told_when_that_is_ticked(self, bring, row, bookable, whatsapp_account):
        install_defaults(organization=bookable.organization)
        bring(row(), tells_patients=True)
        drain()
        assert Communication.objects.exclude(category="reminder").exists()

    def test_length_is_the_file_s(self, bring, row):
        bring(
            row(external_id="a", minutes="45"),
            row(external_id="b", start="2026-11-23 10:00", end="10:20"),
            row(external_id="c", start="2026-11-23 11:00", end="2026-11-23T11:50:00-05:00"),
            row(external_id="d", start="2026-11-23 13:00"),
        )
        lengths = [(one.end - one.start) // MINUTE for one in Appointment.objects.order_by("start")]
        assert lengths == [45, 20, 50, 30]

    def test_checking_books_nothing(self, check, row):
        batch = check(row())
        assert (batch.status, verdicts(batch)) == (ImportStatus.CHECKED, [(RowState.READY, "")])
        assert not Appointment.objects.exists()
        assert not Event.objects.filter(type__startswith="appointment.").exists()

    def test_room_is_the_named_one(self, bring, row, room):
        bring(row(room="room 2"))
        assert Appointment.objects.get().room == room


class TestRefusals:
    def test_taken_time_is_refused_with_its_reason(self, check, row, appointment):
        one = verdict(check(row(patient_number=str(PatientFactory(organization=appointment.organization).number))))
        assert (one.state, one.code) == (RowState.REFUSED, "practitioner_taken")
        assert "has another appointment from 09:00 to 09:30" in one.message

    def test_time_taken_after_the_check_is_refused_at_the_import(self, check, row, bookable, manager_actor):
        batch = check(row())
        AppointmentFactory(
            organization=bookable.organization,
            practitioner=bookable.practitioner,
            location=bookable.location,
            appointment_type=bookable.appointment_type,
            start=MONDAY,
        )
        importing.run_import(batch=batch, actor=manager_actor)
        assert verdicts(worked(batch)) == [(RowState.REFUSED, "practitioner_taken")]
        assert Appointment.objects.count() == 1

    def test_rows_of_one_file_do_not_take_each_other_s_time(self, check, row, organization):
        other = str(PatientFactory(organization=organization).number)
        batch = check(row(external_id="a"), row(external_id="b", patient_number=other), row(external_id="a"))
        assert verdicts(batch) == [
            (RowState.READY, ""),
            (RowState.REFUSED, "overlaps_row"),
            (RowState.REFUSED, "repeated"),
        ]
        assert "Line 2" in batch.rows.get(line=3).message

    def test_rows_of_one_file_do_not_take_each_other_s_room(self, check, row, somebody_else, room):
        batch = check(
            row(external_id="a", room="Room 2"),
            row(external_id="b", room="Room 2", start="2026-11-23 09:15", **somebody_else()),
            row(external_id="c", room="Room 2", start="2026-11-23 09:30", **somebody_else()),
        )
        assert verdicts(batch) == [(RowState.READY, ""), (RowState.REFUSED, "overlaps_row"), (RowState.READY, "")]
        refused = batch.rows.get(line=3)
        assert (refused.column, refused.message) == (
            "room",
            "Line 2 takes Room 2 at the same time. Choose another room, or leave one of them out.",
        )

    def test_buffers_part_the_rooms_of_rows_too(self, check, row, somebody_else, bookable, room):
        bookable.appointment_type.buffer_after_minutes = 10
        bookable.appointment_type.save()
        batch = check(
            row(external_id="a", room="Room 2"),
            row(external_id="b", room="Room 2", start="2026-11-23 09:30", **somebody_else()),
        )
        assert verdicts(batch)[1] == (RowState.REFUSED, "overlaps_row")

    def test_row_that_needs_any_room_finds_none_where_earlier_rows_take_the_last(
        self, check, row, somebody_else, bookable, room
    ):
        """The dry run says what the import will say: each row takes the room that booking would give it."""
        bookable.appointment_type.needs_room = True
        bookable.appointment_type.save()
        RoomFactory(organization=bookable.organization, location=bookable.location, name="Room 1")
        rows = [row(external_id="a"), *(row(external_id=name, **somebody_else()) for name in "bc")]
        batch = check(*rows)
        assert verdicts(batch) == [(RowState.READY, ""), (RowState.READY, ""), (RowState.REFUSED, "no_room")]
        assert [one.room.name for one in batch.rows.filter(state=RowState.READY).order_by("line")] == [
            "Room 1",
            "Room 2",
        ]

    def test_named_room_is_refused_when_an_earlier_row_without_one_will_have_it(
        self, check, row, somebody_else, bookable, room, manager_actor
    ):
        bookable.appointment_type.needs_room = True
        bookable.appointment_type.save()
        batch = check(row(external_id="a"), row(external_id="b", room="Room 2", **somebody_else()))
        assert verdicts(batch) == [(RowState.READY, ""), (RowState.REFUSED, "overlaps_row")]
        importing.run_import(batch=batch, actor=manager_actor)
        worked(batch)
        assert Appointment.objects.get().room == room

    def test_group_meets_in_one_room(self, bring, row, organization, bookable, room):
        group = AppointmentTypeFactory(organization=organization, name="Yoga", capacity=3, needs_room=True)
        PractitionerTypeFactory(organization=organization, practitioner=bookable.practitioner, appointment_type=group)
        people = [str(PatientFactory(organization=organization).number) for _ in range(2)]
        batch = bring(
            *(
                row(external_id=one, patient_number=one, appointment_type="Yoga", room=name)
                for one, name in zip(people, ("Room 2", ""), strict=True)
            )
        )
        assert verdicts(batch) == [(RowState.DONE, ""), (RowState.DONE, "")]
        assert set(Appointment.objects.values_list("room", flat=True)) == {room.pk}

    def test_clinic_s_rules_count_unless_they_are_set_aside(self, check, bring, row):
        sunday = row(start="2026-11-22 09:00")
        one = verdict(check(sunday))
        assert (one.state, one.code) == (RowState.REFUSED, "outside_hours")
        assert "tick that the clinic’s rules don’t count" in one.message
        bring(sunday, sets_rules_aside=True)
        assert Appointment.objects.get().override_reason == "Imported from old.csv"

    def test_double_booking_stays_refused_with_rules_set_aside(self, check, row, appointment, organization):
        other = str(PatientFactory(organization=organization).number)
        one = verdict(check(row(patient_number=other), sets_rules_aside=True))
        assert one.code == "practitioner_taken"

    @pytest.mark.parametrize(
        ("cells", "column", "code"),
        [
            ({"practitioner": "Dr Nobody"}, "practitioner", "unknown_practitioner"),
            ({"practitioner": ""}, "practitioner", "missing"),
            ({"appointment_type": "Surgery"}, "appointment_type", "unknown_appointment_type"),
            ({"location": "Moon"}, "location", "unknown_location"),
            ({"location": ""}, "location", "missing"),
            ({"room": "Room 99"}, "room", "unknown_room"),
            ({"start": "soon"}, "start", "unreadable_time"),
            ({"start": ""}, "start", "unreadable_time"),
            ({"minutes": "0"}, "minutes", "impossible_length"),
            ({"end": "08:00"}, "end", "impossible_length"),
            ({"status": "maybe"}, "status", "unknown_status"),
            ({"status": "fulfilled"}, "status", "not_begun"),
            ({"start": "2026-11-16 09:00"}, "status", "past_but_booked"),
            ({"start": "2026-11-16 09:00", "status": ""}, "status", "past_but_booked"),
            ({"patient_number": "999999999"}, "patient_number", "unknown_patient"),
            ({"patient_number": ""}, "patient_number", "unknown_patient"),
            ({"birth_date": "x"}, "birth_date", "unreadable_date"),
            ({"reason": "x" * 501}, "reason", "too_long"),
            ({"external_id": "x" * 121}, "external_id", "too_long"),
        ],
    )
    def test_wrong_cell_is_named_by_line_and_column(self, check, row, cells, column, code):
        one = verdict(check(row(**cells)))
        assert (one.line, one.state, one.column, one.code) == (2, RowState.REFUSED, column, code)
        assert len(one.message) > 20

    def test_everything_that_is_wrong_with_a_row_is_said_at_once(self, check, row):
        one = verdict(check(row(practitioner="Dr Nobody", room="Room 99", start="soon", reason="x" * 501)))
        assert (one.column, one.code) == ("practitioner", "unknown_practitioner")
        assert [word for word in ("“Dr Nobody”", "room: ", "start: ", "reason: ") if word not in one.message] == []

    def test_name_that_fits_two_is_asked_about(self, check, row, organization):
        PractitionerFactory(organization=organization, given_name="Obi", family_name="Okonkwo")
        assert verdict(check(row(practitioner="Dr Okonkwo"))).code == "ambiguous_practitioner"
        assert verdict(check(row(practitioner="Obi Okonkwo"))).code == "type_not_offered"


class TestPatients:
    def test_number_that_is_somebody_else_s_here_is_not_believed(self, check, row):
        one = verdict(check(row(patient_name="Bob Builder")))
        assert (one.column, one.code) == ("patient_number", "other_patient")

    def test_shorter_name_and_same_birth_date_do_not_contradict_the_number(self, check, row):
        batch = check(row(patient_name="LOPEZ, ana", birth_date="1978-03-14"))
        assert verdicts(batch) == [(RowState.READY, "")]

    @pytest.mark.parametrize(("born", "code"), [("1978-03-14", ""), ("1979-03-14", "other_patient")])
    def test_a_birth_date_contradicts_only_what_is_known(self, check, row, patient, born, code):
        Patient.objects.filter(pk=patient.pk).update(birth_date="1978-01-01", birth_precision="year")
        assert verdict(check(row(patient_name="LOPEZ, ana", birth_date=born))).code == code

    @pytest.mark.parametrize(
        "cells",
        [
            {"phone": "(415) 555-0142", "birth_date": "03/14/1978"},
            {"patient_name": "Ana Lopez", "birth_date": "1978-03-14"},
            {"given_name": "Ana", "family_name": "López", "birth_date": "1978-03-14"},
        ],
    )
    def test_without_our_number_phone_or_name_with_birth_date_will_do(self, bring, row, patient, cells):
        bring(row(patient_number="", **cells))
        assert Appointment.objects.get().patient == patient

    def test_another_system_s_number_does_not_hide_name_and_birth_date(self, bring, row, patient, organization):
        stranger = PatientFactory(organization=organization, given_name="Bob", birth_date=dt.date(1990, 1, 1))
        bring(row(patient_number=str(stranger.number), patient_name="Ana López", birth_date="1978-03-14"))
        assert Appointment.objects.get().patient == patient

    def test_name_alone_is_nobody(self, check, row):
        one = verdict(check(row(patient_number="", patient_name="Ana López")))
        assert (one.code, one.column) == ("unknown_patient", "patient_name")
        assert "Write the birth date or the record number as well." in one.message

    def test_two_who_fit_are_asked_about(self, check, row, organization):
        PatientFactory(
            organization=organization, given_name="Ana", family_name="López", birth_date=dt.date(1978, 3, 14)
        )
        one = verdict(check(row(patient_number="", patient_name="Ana López", birth_date="1978-03-14")))
        assert one.code == "ambiguous_patient"

    def test_patient_of_another_clinic_is_unknown(self, check, row, foreign_patient):
        assert verdict(check(row(patient_number=str(foreign_patient.number)))).code == "unknown_patient"

    def test_nobody_is_made_up(self, bring, row, organization):
        before = Patient.objects.count()
        bring(row(patient_number="", patient_name="New Person", birth_date="2000-01-01"))
        assert Patient.objects.count() == before


class TestHistory:
    def test_visits_that_are_over_are_kept_as_what_they_were(self, bring, row):
        bring(
            row(external_id="a", start="2026-11-16 09:00", status="Completed"),
            row(external_id="b", start="2026-11-16 10:00", status="No-Show"),
            row(
                external_id="c",
                start="2026-11-24 10:00",
                status="canceled",
                cancelled_at="2026-11-19 12:00",
                cancel_reason="Patient",
            ),
        )
        kept = list(Appointment.objects.order_by("start"))
        assert [one.status for one in kept] == [Status.FULFILLED, Status.NO_SHOW, Status.CANCELLED]
        assert [one.completed_at for one in kept] == [None, None, None]
        assert (kept[2].cancelled_at, kept[2].cancel_reason) == (MONDAY - 4 * DAY + 3 * HOUR, "patient")
        assert Event.objects.filter(type="appointment.imported").count() == 3
        assert not Event.objects.filter(type__in=["appointment.booked", "appointment.no_show"]).exists()

    def test_history_tells_nobody(self, bring, row, bookable, whatsapp_account):
        install_defaults(organization=bookable.organization)
        bring(row(start="2026-11-16 09:00", status="noshow"), tells_patients=True)
        drain()
        assert not Communication.objects.exists()

    def test_rules_and_what_is_in_use_do_not_count_for_history(self, bring, row, bookable):
        bookable.practitioner.is_active = False
        bookable.practitioner.save()
        batch = bring(row(start="2019-05-05 06:00", status="fulfilled"))
        assert verdicts(batch) == [(RowState.DONE, "")]

    def test_time_that_was_taken_then_is_refused(self, check, bring, row, organization):
        bring(row(start="2026-11-16 09:00", status="fulfilled"))
        other = str(PatientFactory(organization=organization).number)
        batch = check(row(external_id="b", start="2026-11-16 09:15", status="fulfilled", patient_number=other))
        assert verdicts(batch) == [(RowState.REFUSED, "practitioner_taken")]
        batch = check(row(external_id="b", start="2026-11-16 09:15", status="noshow", patient_number=other))
        assert verdicts(batch) == [(RowState.READY, "")]

    def test_buffers_of_today_do_not_part_visits_of_old(self, bring, row, bookable):
        bookable.appointment_type.buffer_after_minutes = 15
        bookable.appointment_type.save()
        batch = bring(
            row(external_id="a", start="2026-11-16 09:00", status="fulfilled"),
            row(external_id="b", start="2026-11-16 09:30", status="fulfilled"),
        )
        assert verdicts(batch) == [(RowState.DONE, ""), (RowState.DONE, "")]

    def test_needed_room_that_the_file_does_not_name_stays_unknown(self, bring, row, bookable, room):
        bookable.appointment_type.needs_room = True
        bookable.appointment_type.save()
        bring(row(start="2026-11-16 09:00", status="fulfilled"))
        assert Appointment.objects.get().room is None

    def test_group_of_old_shares_its_time(self, bring, row, organization, bookable):
        group = AppointmentTypeFactory(organization=organization, name="Yoga", capacity=3)
        PractitionerTypeFactory(organization=organization, practitioner=bookable.practitioner, appointment_type=group)
        people = [str(PatientFactory(organization=organization).number) for _ in range(3)]
        batch = bring(
            *(
                row(
                    external_id=one,
                    patient_number=one,
                    appointment_type="Yoga",
                    start="2026-11-16 09:00",
                    status="done",
                )
                for one in people
            )
        )
        assert [state for state, _code in verdicts(batch)] == [RowState.DONE] * 3
        assert len(set(Appointment.objects.values_list("session", flat=True))) == 1

    def test_service_keeps_only_what_is_over(self, bookable, patient, manager_actor):
        given = {
            "organization": bookable.organization,
            "patient": patient,
            "appointment_type": bookable.appointment_type,
            "practitioner": bookable.practitioner,
            "location": bookable.location,
            "actor": manager_actor,
        }
        for status, start in ((Status.BOOKED, FRIDAY - DAY), (Status.FULFILLED, MONDAY), (Status.NO_SHOW, MONDAY)):
            with pytest.raises(InvalidInput) as refusal:
                keep_past_visit(status=status, start=start, **given)
            assert list(refusal.value.errors) == ["status"]
        past = FRIDAY - DAY
        keep_past_visit(status=Status.FULFILLED, start=past, **given)
        with pytest.raises(SlotUnavailable):
            keep_past_visit(status=Status.FULFILLED, start=past, **given)


class TestTwice:
    def test_same_file_twice_changes_nothing(self, bring, check, row):
        rows = [row(), row(external_id="b", start="2026-11-16 09:00", status="noshow")]
        bring(*rows)
        before = list(Appointment.objects.order_by("pk").values())
        again = bring(*rows)
        assert [state for state, _code in verdicts(again)] == [RowState.KNOWN, RowState.KNOWN]
        assert list(Appointment.objects.order_by("pk").values()) == before

    @pytest.mark.parametrize("status", ["booked", "cancelled"])
    def test_rows_without_an_id_are_recognised_too(self, bring, row, status):
        bring(row(external_id="", status=status))
        again = bring(row(external_id="", status=status))
        assert (Appointment.objects.count(), verdicts(again)) == (1, [(RowState.KNOWN, "known")])

    def test_visit_that_was_moved_since_is_left_alone_and_that_is_said(self, bring, row):
        bring(row())
        again = bring(row(start="2026-11-23 10:00"))
        assert verdicts(again) == [(RowState.KNOWN, "known_otherwise")]
        assert Appointment.objects.get().start == MONDAY

    def test_our_own_export_is_recognised_as_already_here(self, bring, appointment, organization, manager_actor):
        file = write_appointments(
            Appointment.objects.all(), organization=organization, route="x", actor=manager_actor, mark=True
        )
        batch = bring(content=file.read())
        assert (Appointment.objects.count(), verdicts(batch)) == (1, [(RowState.KNOWN, "known")])

    def test_the_same_id_may_be_used_by_another_clinic(self, bring, row, other_organization):
        with organization_scope(other_organization.pk):
            AppointmentFactory(organization=other_organization, external_id="a1")
        assert verdicts(bring(row())) == [(RowState.DONE, "")]


class TestSteps:
    def test_work_goes_on_where_it_stood(self, check, row, manager_actor, monkeypatch):
        batch = check(*(row(external_id=str(n), start=f"2026-11-{n} 09:00") for n in (23, 24, 25)))
        importing.run_import(batch=batch, actor=manager_actor)
        made = import_work._make

        def fails_at_the_second(batch, visit, actor):
            if visit.external_id == "24":
                raise RuntimeError("the machine went down")
            return made(batch, visit, actor)

        monkeypatch.setattr(import_work, "_make", fails_at_the_second)
        assert import_work.work_on(batch.pk)
        with pytest.raises(RuntimeError), transaction.atomic():
            import_work.work_on(batch.pk)
        assert [state for state, _ in verdicts(batch)] == [RowState.DONE, RowState.READY, RowState.READY]
        monkeypatch.setattr(import_work, "_make", made)
        assert worked(batch).status == ImportStatus.DONE
        assert Appointment.objects.count() == 3

    def test_stopped_import_keeps_what_it_brought_and_can_go_on(self, check, row, manager_actor):
        batch = check(row(external_id="a"), row(external_id="b", start="2026-11-24 09:00"))
        importing.run_import(batch=batch, actor=manager_actor)
        assert import_work.work_on(batch.pk)
        importing.stop_import(batch=batch, actor=manager_actor)
        assert worked(batch).status == ImportStatus.STOPPED
        assert Appointment.objects.count() == 1
        importing.run_import(batch=batch, actor=manager_actor)
        assert worked(batch).status == ImportStatus.DONE
        assert Appointment.objects.count() == 2

    def test_import_of_somebody_who_left_stops(self, check, row, manager, manager_actor):
        batch = check(row())
        importing.run_import(batch=batch, actor=manager_actor)
        manager.is_active = False
        manager.save()
        assert (worked(batch).status, Appointment.objects.count()) == (ImportStatus.STOPPED, 0)
        assert "does not work here any more" in batch.problem

    def test_columns_can_be_chosen_again(self, check, row, manager_actor):
        batch = check(row(start="soon"))
        importing.choose_columns_again(batch=batch, actor=manager_actor)
        assert verdicts(batch) == [(RowState.WAITING, "")]
        assert not worked(batch).is_at_work

    def test_location_for_all_rows(self, bring, row, bookable):
        without = {name: cell for name, cell in row().items() if name != "location"}
        with pytest.raises(InvalidInput, match="the location"):
            bring(without)
        bring(without, location=bookable.location)
        assert Appointment.objects.get().location == bookable.location

    def test_discarding_keeps_the_visits(self, bring, row, manager_actor):
        importing.discard_import(batch=bring(row()), actor=manager_actor)
        assert (AppointmentImport.objects.count(), Appointment.objects.count()) == (0, 1)

    def test_steps_that_came_too_late_are_refused(self, bring, row, manager_actor):
        batch = bring(row())
        for step in (importing.run_import, importing.choose_columns_again):
            with pytest.raises(Conflict, match="not possible any more"):
                step(batch=batch, actor=manager_actor)

    def test_texts_of_imported_rows_are_forgotten(self, bring, row):
        batch = bring(row(), row(external_id="b", start="soon"))
        assert [bool(cells) for cells in batch.rows.order_by("line").values_list("cells", flat=True)] == [False, True]

    def test_files_are_forgotten_after_a_month_and_visits_stay(self, bring, row):
        bring(row())
        with time_machine.travel(FRIDAY + 29 * DAY):
            assert importing.forget_old_imports() == 0
        with time_machine.travel(FRIDAY + 31 * DAY):
            assert importing.forget_old_imports() == 1
        assert (ImportRow.objects.count(), Appointment.objects.count()) == (0, 1)

    def test_front_desk_may_not(self, organization, actor, row):
        with pytest.raises(NotAllowed):
            importing.upload_appointments(organization=organization, file_name="x", content=csv_of(row()), actor=actor)


def test_rows_that_are_checked_ask_the_same_number_of_questions_each(
    check, row, organization, django_assert_max_num_queries
):
    rows = [row(external_id=str(n), start=f"2026-11-{23 + n} 09:00") for n in range(5)]
    with django_assert_max_num_queries(120):
        check(*rows)


def test_location_of_another_clinic_is_not_offered(check, row, other_organization):
    with organization_scope(other_organization.pk):
        LocationFactory(organization=other_organization, name="Their Street")
        RoomFactory(organization=other_organization)
    assert verdict(check(row(location="Their Street"))).code == "unknown_location"


def test_phone_shared_by_a_household_needs_the_birth_date(bring, row, organization, patient):
    child = PatientFactory(organization=organization, given_name="Leo", birth_date=dt.date(2015, 1, 1))
    ContactPointFactory(organization=organization, patient=child, value="+14155550142")
    bring(row(patient_number="", phone="+14155550142", birth_date="2015-01-01"))
    assert Appointment.objects.get().patient == child
