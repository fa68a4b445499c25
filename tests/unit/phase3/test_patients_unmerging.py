"""Separating two records again: each gets its own back, whatever happened meanwhile; what can't be is said."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from apps.appointments.models import Appointment
from apps.communications.models import Communication
from apps.conversations.models import Conversation
from apps.core.actors import SYSTEM
from apps.core.errors import Conflict, NotAllowed
from apps.core.tenancy import tenant_models
from apps.events.models import Delivery, Event
from apps.events.selectors import patient_timeline
from apps.journeys.services import start_journey
from apps.organizations.services import actor_for_membership
from apps.patients import services
from apps.patients.models import Consent, ContactPoint, Merge, MergeRow, Patient
from apps.patients.selectors import search_patients
from tests.fixtures.appointments import AppointmentFactory, OnlineBookingBlockFactory, WaitlistEntryFactory
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.conversations import ConversationFactory
from tests.fixtures.journeys import make_journey
from tests.fixtures.patients import (
    AddressFactory,
    ConsentFactory,
    ContactPointFactory,
    IdentifierFactory,
    PatientFactory,
    RelatedPersonFactory,
)
from tests.fixtures.practitioners import PractitionerFactory

pytestmark = pytest.mark.django_db
LONG_AGO = dt.datetime(2026, 1, 5, 15, tzinfo=dt.UTC)
# What a merge adds, and what every save sets anew.
LEFT_BEHIND = (Event, Delivery, Merge, MergeRow)
SET_ANEW = ("updated_at", "version", "lock_version", "search_text")


@pytest.fixture
def double(organization) -> Patient:
    return PatientFactory(organization=organization, given_name="Anna", family_name="Lopez", sex="female")


def merge(survivor: Patient, duplicate: Patient, fields: dict[str, Any] | None = None) -> Merge:
    return services.merge_patients(
        survivor=survivor, duplicate=duplicate, fields=fields, despite_doubts=True, actor=SYSTEM
    )


def undo(done: Merge) -> services.UnmergeReport:
    return services.unmerge(merge=done, actor=SYSTEM)


def again(row):
    return type(row).objects.get(pk=row.pk)


def whole_database() -> dict[str, dict[str, dict[str, Any]]]:
    """Return every row of every table of a tenant, by table and id, but what a merge leaves behind."""
    tables = {}
    for model in tenant_models():
        if model in LEFT_BEHIND:
            continue
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT id::text, to_jsonb(t)::text FROM "{model._meta.db_table}" t')  # noqa: S608 - a model's table
            rows = {pk: json.loads(row) for pk, row in cursor.fetchall()}
        tables[model._meta.label] = {
            pk: {column: value for column, value in row.items() if column not in SET_ANEW} for pk, row in rows.items()
        }
    return tables


class TestExactly:
    def test_everything_is_as_it_was(self, organization, bookable, patient, double):
        journey = make_journey(organization)
        services.archive_patient(patient=double, actor=SYSTEM)
        for index, one in enumerate((patient, double)):
            ContactPointFactory(organization=organization, patient=one, value="+14155550100")
            ContactPointFactory(organization=organization, patient=one, verified_at=LONG_AGO)
            ConsentFactory(organization=organization, patient=one, purpose="sms", status=("active", "withdrawn")[index])
            ConsentFactory(
                organization=organization, patient=one, purpose="voice", status=("withdrawn", "active")[index]
            )
            AppointmentFactory(organization=organization, patient=one, start=LONG_AGO)
            AddressFactory(organization=organization, patient=one, lines=["Both Street 3"])
            AddressFactory(organization=organization, patient=one, lines=[f"Own Street {index}"], rank=2)
            IdentifierFactory(organization=organization, patient=one)
            RelatedPersonFactory(organization=organization, patient=one, linked_patient=(double, patient)[index])
            CommunicationFactory(organization=organization, patient=one)
            ConversationFactory(organization=organization, patient=one)
            OnlineBookingBlockFactory(organization=organization, patient=one)
            WaitlistEntryFactory(organization=organization, patient=one, appointment_type=bookable.appointment_type)
            start_journey(definition=journey, patient=one, actor=SYSTEM)
        before = whole_database()
        done = merge(patient, double, {"given_name": "duplicate", "emails": "duplicate", "phones": "duplicate"})
        assert whole_database() != before
        report = undo(done)
        assert whole_database() == before
        assert report.is_exact
        assert set(report.returned) == {
            *("1 address", "1 identifier", "1 person around them"),
            *("1 phone or e-mail", "1 consent", "1 visit", "1 waitlist entry"),
            *("1 message", "1 conversation", "1 journey"),
        }
        assert "Given name" in report.restored

    @settings(
        max_examples=25,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each example asks the database: no shrinking
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(data=st.data())
    def test_whatever_the_two_records_have(self, organization, appointment_type, data):
        """The property: merge, then unmerge, is nothing."""
        pair = [PatientFactory(organization=organization, **data.draw(RECORD)) for _one in range(2)]
        values = [f"+1415555{n:04d}" for n in range(4)]
        for patient in pair:
            for value in data.draw(st.lists(st.sampled_from(values), unique=True)):
                verified = data.draw(st.sampled_from([None, LONG_AGO]))
                rank = data.draw(st.integers(1, 3))
                ContactPointFactory(
                    organization=organization, patient=patient, value=value, verified_at=verified, rank=rank
                )
            for purpose in data.draw(st.lists(st.sampled_from(["sms", "voice", "photos"]), unique=True)):
                ConsentFactory(
                    organization=organization,
                    patient=patient,
                    purpose=purpose,
                    status=data.draw(st.sampled_from(["active", "withdrawn"])),
                    decided_at=LONG_AGO + data.draw(st.timedeltas(dt.timedelta(0), dt.timedelta(days=9))),
                )
            for day in data.draw(st.lists(st.integers(0, 3), unique=True)):
                AppointmentFactory(
                    organization=organization,
                    patient=patient,
                    start=LONG_AGO + dt.timedelta(days=day),
                    status=data.draw(st.sampled_from(["booked", "fulfilled", "cancelled", "noshow"])),
                )
            if data.draw(st.booleans()):
                WaitlistEntryFactory(organization=organization, patient=patient, appointment_type=appointment_type)
            if data.draw(st.booleans()):
                OnlineBookingBlockFactory(organization=organization, patient=patient)
        choices = data.draw(
            st.dictionaries(
                st.sampled_from(["given_name", "birth_date", "sex", "note", "phones"]),
                st.sampled_from(["survivor", "duplicate"]),
            )
        )
        before = whole_database()
        undo(merge(*pair, choices))
        assert whole_database() == before

    def test_a_chain_undone_in_its_order(self, organization, patient, double):
        """Double into patient, patient into a third: undone from the last one on, everything is as it was."""
        third = PatientFactory(organization=organization)
        ContactPointFactory(organization=organization, patient=double)
        before = whole_database()
        first, second = merge(patient, double), merge(third, patient)
        assert again(double).merged_into_id == third.pk
        undo(second)
        assert again(double).merged_into_id == patient.pk
        undo(first)
        assert whole_database() == before

    def test_two_merges_into_one_record_undone_in_the_other_order(self, organization, patient, double):
        third = PatientFactory(organization=organization, given_name="Annie")
        ContactPointFactory(organization=organization, patient=third)
        before = whole_database()
        first = merge(patient, double, {"given_name": "duplicate"})
        second = merge(patient, third, {"given_name": "duplicate"})
        undo(first)
        assert (again(patient).given_name, again(double).merged_into_id) == ("Annie", None)
        undo(second)
        assert whole_database() == before

    def test_columns_added_since_a_row_was_dropped_get_their_default(self, organization, patient, double):
        point = ContactPointFactory(organization=organization, patient=double, value="+14155550142", use="home")
        done = merge(patient, double)
        row = done.rows.get(kind="dropped")
        del row.before["use"]
        row.save()
        undo(done)
        assert (again(point).use, again(point).patient_id) == ("mobile", double.pk)


RECORD = st.fixed_dictionaries(
    {
        "given_name": st.sampled_from(["Ana", "Anna", ""]),
        "family_name": st.sampled_from(["López", "Lopez-Vega"]),
        "birth_date": st.sampled_from([None, dt.date(1978, 3, 14), dt.date(1978, 4, 13)]),
        "sex": st.sampled_from(["female", "unknown"]),
        "note": st.sampled_from(["", "Left knee", "“Rechts”\nlinks"]),
        "tags": st.lists(st.sampled_from(["a", "b"]), unique=True),
        "archived_at": st.none(),
    }
)


class TestAfterLaterEdits:
    def test_a_field_that_was_changed_since_stays_and_is_said(self, patient, double, actor):
        done = merge(patient, double, {"given_name": "duplicate", "sex": "duplicate"})
        services.update_patient(patient=again(patient), changes={"given_name": "Anita"}, actor=actor)
        report = undo(done)
        assert (again(patient).given_name, again(patient).sex) == ("Anita", "unknown")
        assert report.kept == ["Given name: changed since the merge, stays as it is."]
        assert report.restored == ["Sex"]
        assert not report.is_exact

    def test_rows_made_since_stay_with_the_survivor_and_are_named(self, organization, patient, double):
        before = AppointmentFactory(organization=organization, patient=double, start=LONG_AGO)
        done = merge(patient, double)
        since = AppointmentFactory(organization=organization, patient=patient, start=LONG_AGO + dt.timedelta(days=2))
        report = undo(done)
        assert (again(before).patient_id, again(since).patient_id) == (double.pk, patient.pk)
        assert report.staying == ["1 visit"]
        assert [(row.model, row.id) for row in report.stay] == [("appointments.Appointment", since.pk)]

    def test_a_moved_row_that_was_edited_goes_back_with_its_edits(self, organization, patient, double):
        visit = AppointmentFactory(organization=organization, patient=double, start=LONG_AGO)
        done = merge(patient, double)
        Appointment.objects.filter(pk=visit.pk).update(note="Brought the old file")
        undo(done)
        assert (again(visit).patient_id, again(visit).note) == (double.pk, "Brought the old file")

    def test_a_row_that_was_deleted_since_is_said_to_be_lost(self, organization, patient, double):
        point = ContactPointFactory(organization=organization, patient=double)
        done = merge(patient, double)
        ContactPoint.objects.filter(pk=point.pk).delete()
        assert undo(done).lost == ["1 phone or e-mail: deleted or given to somebody else since the merge."]

    def test_a_thread_that_was_given_to_somebody_else_stays_theirs(self, organization, patient, double):
        third = PatientFactory(organization=organization)
        thread = ConversationFactory(organization=organization, patient=double)
        done = merge(patient, double)
        Conversation.objects.filter(pk=thread.pk).update(patient=third)
        report = undo(done)
        assert again(thread).patient_id == third.pk
        assert report.lost == ["1 conversation: deleted or given to somebody else since the merge."]

    @pytest.mark.parametrize("whose", ["survivor", "duplicate", "nobody"])
    def test_a_stop_that_came_meanwhile_counts_for_both(self, organization, patient, double, whose):
        owner = {"survivor": patient, "duplicate": double}.get(whose)
        if owner is not None:
            ConsentFactory(
                organization=organization, patient=owner, purpose="sms", status="active", decided_at=LONG_AGO
            )
        done = merge(patient, double)
        services.set_consent(patient=again(patient), purpose="sms", status="withdrawn", source="STOP", actor=SYSTEM)
        report = undo(done)
        answers = Consent.objects.filter(purpose="sms").values_list("patient", "status", "source")
        assert set(answers) == {(patient.pk, "withdrawn", "STOP"), (double.pk, "withdrawn", "STOP")}
        assert report.kept == ["SMS messages was withdrawn while the records were one; it stays withdrawn on both."]

    def test_what_stands_in_the_way_is_named_and_nothing_is_half_done(self, bookable, patient, double):
        """Two runs through a room's time can't be: the visit comes back into a time that is taken by now."""
        visits = [
            AppointmentFactory(
                organization=bookable.organization,
                patient=one,
                location=bookable.location,
                practitioner=practitioner,
                appointment_type=bookable.appointment_type,
                start=LONG_AGO,
            )
            for one, practitioner in (
                (patient, PractitionerFactory(organization=bookable.organization)),
                (double, bookable.practitioner),
            )
        ]
        done = merge(patient, double)
        assert [again(visit).status for visit in visits] == ["booked", "cancelled"]
        AppointmentFactory(
            organization=bookable.organization,
            location=bookable.location,
            practitioner=bookable.practitioner,
            appointment_type=bookable.appointment_type,
            start=LONG_AGO,
        )
        with pytest.raises(Conflict, match="practitioner not double booked") as refusal:
            undo(done)
        assert refusal.value.code == "unmerge_blocked"
        assert (again(double).merged_into_id, again(visits[1]).patient_id) == (patient.pk, patient.pk)


class TestRefusals:
    def test_a_merge_is_undone_once(self, patient, double):
        done = merge(patient, double)
        undo(done)
        with pytest.raises(Conflict) as refusal:
            undo(done)
        assert refusal.value.code == "already_undone"

    def test_the_same_two_may_be_merged_anew(self, patient, double):
        undo(merge(patient, double))
        undo(merge(again(double), again(patient)))
        assert Merge.objects.filter(undone_at__isnull=False).count() == 2

    def test_where_the_survivor_was_merged_itself_that_is_undone_first(self, organization, patient, double):
        third = PatientFactory(organization=organization, given_name="Third", family_name="Person")
        first = merge(patient, double)
        merge(third, patient)
        with pytest.raises(Conflict, match="was merged into Third Person") as refusal:
            undo(first)
        assert (refusal.value.code, refusal.value.extra) == ("merged_on", {"merged_into": str(third.pk)})

    def test_where_a_later_merge_built_upon_this_one_that_is_undone_first(self, organization, patient, double):
        """The third's phone was dropped for the double's: without the double the survivor would lose it."""
        third = PatientFactory(organization=organization)
        before = [
            ContactPointFactory(organization=organization, patient=one, value="+14155550177") for one in (double, third)
        ]
        first, second = merge(patient, double), merge(patient, third)
        with pytest.raises(Conflict) as refusal:
            undo(first)
        assert (refusal.value.code, refusal.value.extra) == ("entangled", {"merge": str(second.pk)})
        undo(second)
        undo(first)
        assert [again(point).patient_id for point in before] == [double.pk, third.pk]

    def test_a_clinician_may_not(self, clinician, patient, double):
        done = merge(patient, double)
        with pytest.raises(NotAllowed):
            services.unmerge(merge=done, actor=actor_for_membership(clinician))


class TestAfterwards:
    def test_each_has_its_own_timeline_again(self, organization, actor):
        one = services.create_patient(organization=organization, given_name="Ana", actor=actor)
        other = services.create_patient(organization=organization, given_name="Anna", actor=actor)
        undo(merge(one, other))
        for patient, types in (
            (one, ["patient.unmerged", "patient.merged", "patient.created"]),
            (other, ["patient.unmerged", "patient.created"]),
        ):
            entries = patient_timeline(organization=organization, patient_id=patient.pk)
            assert [entry.type for entry in entries] == types

    def test_both_are_found_by_their_own(self, organization, patient, double):
        ContactPointFactory(organization=organization, patient=double, value="+14155550177")
        undo(merge(patient, double))
        found = search_patients(organization=organization, text="555 0177")
        assert [match.patient for match in found] == [double]
        assert [m.patient for m in search_patients(organization=organization, text=double.record_number)] == [double]

    def test_the_preview_says_what_undoing_would_do_and_does_nothing(self, organization, patient, double):
        CommunicationFactory(organization=organization, patient=double)
        done = merge(patient, double)
        before = whole_database()
        seen = services.preview_unmerge(merge=done, actor=SYSTEM)
        assert seen.returned == ["1 message"]
        assert whole_database() == before
        assert not Event.objects.filter(type="patient.unmerged").exists()
        assert Communication.objects.get().patient_id == patient.pk


def statements(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as caught:
        act()
    return len(caught.captured_queries)


def test_an_unmerge_asks_the_same_number_of_questions_for_one_row_and_for_many(organization):
    def merged(rows: int) -> Merge:
        one, other = PatientFactory(organization=organization), PatientFactory(organization=organization)
        for index in range(rows):
            ContactPointFactory(organization=organization, patient=other)
            AppointmentFactory(organization=organization, patient=other, start=LONG_AGO + dt.timedelta(days=index))
        return merge(one, other, {"family_name": "survivor"})

    few, many = merged(2), merged(15)  # of two on, something has its rank changed
    assert statements(lambda: undo(few)) == statements(lambda: undo(many))
