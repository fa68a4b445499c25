"""After an unmerge: what was made while two records were one is given to whom it belongs, by a person who chooses it."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.appointments.models import Appointment
from apps.audit.models import AccessRecord
from apps.communications.models import Communication
from apps.conversations.models import Conversation
from apps.core.actors import SYSTEM
from apps.core.errors import Conflict, InvalidInput, NotAllowed
from apps.events.models import Event
from apps.events.services import deliver_due
from apps.organizations.services import actor_for_membership
from apps.patients import services
from apps.patients.models import ContactPoint, Merge, Patient
from apps.patients.selectors import search_patients
from tests.fixtures.appointments import AppointmentFactory, WaitlistEntryFactory
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.conversations import ConversationFactory
from tests.fixtures.patients import ConsentFactory, ContactPointFactory, PatientFactory
from tests.fixtures.practitioners import PractitionerFactory

pytestmark = pytest.mark.django_db
POINT, VISIT = ContactPoint._meta.label, Appointment._meta.label
THREAD, MESSAGE = Conversation._meta.label, Communication._meta.label


@pytest.fixture
def double(organization) -> Patient:
    return PatientFactory(organization=organization, given_name="Anna", family_name="Lopez")


@pytest.fixture
def merged(patient, double) -> Merge:
    return services.merge_patients(survivor=patient, duplicate=double, actor=SYSTEM)


def separate(merge: Merge) -> Merge:
    services.unmerge(merge=merge, actor=SYSTEM)
    return again(merge)


def again(row):
    return type(row).objects.get(pk=row.pk)


def move(merge: Merge, to: Patient, *rows) -> dict[str, int]:
    wanted: dict[str, list[uuid.UUID]] = {}
    for row in rows:
        wanted.setdefault(row._meta.label, []).append(row.pk)
    return services.move_leftovers(merge=merge, to=to.pk, rows=wanted, actor=SYSTEM)


def listed(merge: Merge) -> set[uuid.UUID]:
    kinds = services.list_leftovers(merge=again(merge), actor=SYSTEM)
    return {row.id for kind in kinds for row in kind.rows}


def visit_for(patient: Patient, **fields) -> Appointment:
    return AppointmentFactory(
        organization=patient.organization,
        patient=patient,
        practitioner=PractitionerFactory(organization=patient.organization),
        **{"start": timezone.now() + dt.timedelta(days=3), **fields},
    )


class TestList:
    def test_only_what_was_made_while_the_two_were_one(self, organization, patient, double):
        before = ContactPointFactory(organization=organization, patient=double)
        merge = services.merge_patients(survivor=patient, duplicate=double, actor=SYSTEM)
        between = ContactPointFactory(organization=organization, patient=patient)
        followed = ContactPointFactory(organization=organization, patient=double)
        separate(merge)
        after = ContactPointFactory(organization=organization, patient=patient)
        assert listed(merge) == {between.pk, followed.pk}
        assert {before.pk, after.pk}.isdisjoint(listed(merge))

    def test_rows_name_themselves_as_people_read_them(self, organization, patient, merged):
        visit = visit_for(patient)
        ContactPointFactory(organization=organization, patient=patient, value="+14155550177")
        texts = [
            row.text for kind in services.list_leftovers(merge=separate(merged), actor=SYSTEM) for row in kind.rows
        ]
        assert any(visit.appointment_type.name in text for text in texts)
        assert "(415) 555-0177" in texts

    def test_consents_are_never_moved(self, organization, patient, merged):
        consent = ConsentFactory(organization=organization, patient=patient, purpose="sms", status="active")
        separate(merged)
        assert consent.pk not in listed(merged)

    def test_records_that_are_one_are_unmerged_first(self, merged):
        with pytest.raises(Conflict) as refusal:
            services.list_leftovers(merge=merged, actor=SYSTEM)
        assert refusal.value.code == "not_undone"


class TestMove:
    def test_a_phone_moves_and_both_are_found_by_their_own(self, organization, patient, double, merged):
        point = ContactPointFactory(organization=organization, patient=patient, value="+14155550177")
        separate(merged)
        assert move(merged, double, point) == {POINT: 1}
        assert again(point).patient_id == double.pk
        assert [match.patient for match in search_patients(organization=organization, text="555 0177")] == [double]

    def test_it_moves_back_the_same_way(self, organization, patient, double, merged):
        point = ContactPointFactory(organization=organization, patient=patient)
        separate(merged)
        move(merged, double, point)
        assert move(merged, double, point) == {}
        assert move(merged, patient, point) == {POINT: 1}
        assert again(point).patient_id == patient.pk

    def test_both_timelines_say_what_moved(self, organization, patient, double, merged):
        point = ContactPointFactory(organization=organization, patient=patient)
        separate(merged)
        move(merged, double, point)
        events = Event.objects.filter(type="patient.rows_moved")
        assert {event.patient_id for event in events} == {patient.pk, double.pk}
        assert {tuple(event.payload["moved"][POINT]) for event in events} == {(str(point.pk),)}

    def test_a_visit_ahead_gets_its_reminders_anew_and_the_old_link_ends(self, patient, double, merged):
        visit = visit_for(patient)
        reminder = CommunicationFactory(
            organization=patient.organization,
            patient=patient,
            category="reminder",
            context_type=VISIT,
            context_id=visit.pk,
            context_version=visit.version,
            status="scheduled",
        )
        separate(merged)
        move(merged, double, visit)
        moved = again(visit)
        assert (moved.patient_id, moved.version, moved.link_version) == (
            double.pk,
            visit.version + 1,
            visit.link_version + 1,
        )
        deliver_due()
        assert again(reminder).status == "cancelled"

    def test_a_visit_at_the_time_of_another_one_is_refused_with_the_reason(self, patient, double, merged):
        visit = visit_for(patient)
        separate(merged)
        visit_for(double, start=visit.start)
        with pytest.raises(Conflict, match="has another visit at the same time") as refusal:
            move(merged, double, visit)
        assert refusal.value.code == "no_room"
        assert again(visit).patient_id == patient.pk

    def test_a_phone_that_the_other_has_is_refused_with_the_reason(self, organization, patient, double, merged):
        point = ContactPointFactory(organization=organization, patient=patient, value="+14155550177")
        separate(merged)
        ContactPointFactory(organization=organization, patient=double, value="+14155550177")
        with pytest.raises(Conflict, match="has this phone or e-mail already"):
            move(merged, double, point)

    def test_a_wait_for_the_same_is_refused_with_the_reason(self, bookable, patient, double, merged):
        fields = {"organization": patient.organization, "appointment_type": bookable.appointment_type}
        entry = WaitlistEntryFactory(patient=patient, status="waiting", **fields)
        separate(merged)
        WaitlistEntryFactory(patient=double, status="waiting", **fields)
        with pytest.raises(Conflict, match="waits for the same already"):
            move(merged, double, entry)

    def test_of_several_all_move_or_none(self, organization, patient, double, merged):
        points = [ContactPointFactory(organization=organization, patient=patient) for _one in range(2)]
        separate(merged)
        ContactPointFactory(organization=organization, patient=double, value=points[1].value)
        with pytest.raises(Conflict):
            move(merged, double, *points)
        assert [again(point).patient_id for point in points] == [patient.pk, patient.pk]

    def test_a_thread_takes_its_messages_along(self, organization, patient, double, merged):
        thread = ConversationFactory(organization=organization, patient=patient)
        answer = CommunicationFactory(
            organization=organization, patient=patient, conversation_id=thread.pk, status="delivered"
        )
        separate(merged)
        assert answer.pk not in listed(merged)
        assert move(merged, double, thread) == {THREAD: 1}
        assert (again(thread).patient_id, again(answer).patient_id) == (double.pk, double.pk)
        assert again(thread).version == thread.version + 1
        identified = Event.objects.get(type="conversation.patient_identified")
        assert identified.changes["patient"] == [str(patient.pk), str(double.pk)]

    def test_a_message_that_is_still_to_go_out_stays(self, organization, patient, merged):
        planned = CommunicationFactory(organization=organization, patient=patient, status="scheduled")
        sent = CommunicationFactory(organization=organization, patient=patient, status="delivered")
        separate(merged)
        assert listed(merged) == {sent.pk}
        assert planned.pk not in listed(merged)


class TestRefused:
    def test_rows_of_before_the_merge_or_of_strangers(self, organization, patient, double):
        own = ContactPointFactory(organization=organization, patient=patient)
        merge = separate(services.merge_patients(survivor=patient, duplicate=double, actor=SYSTEM))
        strange = ContactPointFactory(organization=organization)
        for row in (own, strange):
            with pytest.raises(Conflict) as refusal:
                move(merge, double, row)
            assert refusal.value.code == "not_movable"
        assert again(strange).patient_id != double.pk

    def test_rows_of_another_organization(self, other_organization, patient, double, merged):
        foreign = ContactPointFactory(organization=other_organization)
        separate(merged)
        with pytest.raises(Conflict):
            move(merged, double, foreign)

    def test_a_third_patient(self, organization, patient, merged):
        point = ContactPointFactory(organization=organization, patient=patient)
        separate(merged)
        with pytest.raises(InvalidInput, match="one of the two records"):
            move(merged, PatientFactory(organization=organization), point)

    def test_a_table_that_never_moves(self, organization, patient, double, merged):
        consent = ConsentFactory(organization=organization, patient=patient)
        separate(merged)
        with pytest.raises(InvalidInput, match=r"can't be moved: patients\.Consent"):
            move(merged, double, consent)

    def test_nothing(self, double, merged):
        separate(merged)
        with pytest.raises(InvalidInput, match="Choose what is to move"):
            move(merged, double)

    def test_when_one_was_merged_since(self, organization, patient, double, merged):
        point = ContactPointFactory(organization=organization, patient=patient)
        separate(merged)
        third = PatientFactory(organization=organization)
        services.merge_patients(survivor=third, duplicate=double, actor=SYSTEM)
        with pytest.raises(Conflict) as refusal:
            move(merged, double, point)
        assert refusal.value.code == "merged"

    def test_by_who_may_not_merge(self, clinician, double, merged):
        with pytest.raises(NotAllowed):
            services.move_leftovers(merge=merged, to=double.pk, rows={}, actor=actor_for_membership(clinician))


class TestPage:
    def url(self, merge: Merge) -> str:
        return reverse("patients:merge-leftovers", args=[merge.pk])

    def test_unmerging_leads_there_when_something_stayed(self, desk_client, organization, patient, merged):
        ContactPointFactory(organization=organization, patient=patient)
        answer = desk_client.post(reverse("patients:unmerge", args=[merged.pk]))
        assert answer["Location"] == self.url(merged)

    def test_what_is_ticked_moves(self, desk_client, organization, patient, double, merged):
        point, other = (ContactPointFactory(organization=organization, patient=patient) for _one in range(2))
        separate(merged)
        page = desk_client.get(self.url(merged)).content.decode()
        assert f'value="{POINT}:{point.pk}"' in page
        answer = desk_client.post(self.url(merged), {"row": f"{POINT}:{point.pk}", "to": str(double.pk)})
        assert answer.status_code == 302
        assert (again(point).patient_id, again(other).patient_id) == (double.pk, patient.pk)
        seen = set(AccessRecord.objects.filter(route="patients:merge-leftovers").values_list("patient_id", flat=True))
        assert seen == {patient.pk, double.pk}

    def test_a_refusal_keeps_what_was_ticked(self, desk_client, organization, patient, double, merged):
        point = ContactPointFactory(organization=organization, patient=patient, value="+14155550177")
        separate(merged)
        ContactPointFactory(organization=organization, patient=double, value="+14155550177")
        answer = desk_client.post(self.url(merged), {"row": f"{POINT}:{point.pk}", "to": str(double.pk)})
        assert answer.status_code == 422
        assert f'value="{POINT}:{point.pk}" checked' in answer.content.decode()

    def test_the_toast_names_the_record_that_has_it_now(self, desk_client, organization, patient, double, merged):
        points = [ContactPointFactory(organization=organization, patient=patient) for _one in range(2)]
        separate(merged)

        def told(to: Patient, *rows) -> list[str]:
            data = {"row": [f"{POINT}:{row.pk}" for row in rows], "to": str(to.pk)}
            return [str(one) for one in desk_client.post(self.url(merged), data, follow=True).context["messages"]]

        whose = f"Anna Lopez ({double.record_number})"
        assert told(double, points[0]) == [f"1 entry moved to {whose}"]
        assert told(double, points[0]) == [f"Nothing moved: that entry is with {whose} already"]
        assert told(double, *points) == [f"1 entry moved to {whose}; 1 was there already"]

    def test_messages_say_what_became_of_them(self, desk_client, organization, patient, merged):
        CommunicationFactory(
            organization=organization, patient=patient, channel="whatsapp", status="cancelled", body=""
        )
        CommunicationFactory(organization=organization, patient=patient, channel="sms", status="sent", body="See you")
        separate(merged)
        page = desk_client.get(self.url(merged)).content.decode()
        assert "<legend>Messages</legend>" in page
        assert "WhatsApp, reminder, skipped" in page
        assert "SMS: See you" in page

    @pytest.mark.parametrize(
        "data", [{}, {"row": "nonsense"}, {"row": "a:b", "to": "\0"}, {"row": f"x:{uuid.uuid4()}"}]
    )
    def test_nonsense_is_refused_in_words(self, desk_client, merged, data):
        separate(merged)
        assert desk_client.post(self.url(merged), data).status_code == 422


class TestApi:
    def test_lists_and_moves(self, api_client, organization, patient, double, merged):
        point = ContactPointFactory(organization=organization, patient=patient)
        separate(merged)
        base = f"/api/v1/patients/merges/{merged.pk}/"
        kinds = api_client.get(f"{base}leftovers/").json()
        assert [(kind["model"], kind["rows"][0]["id"], kind["rows"][0]["patient"]) for kind in kinds] == [
            (POINT, str(point.pk), str(patient.pk))
        ]
        body = {"to": str(double.pk), "rows": {POINT: [str(point.pk)]}}
        answer = api_client.post(f"{base}move/", body, format="json")
        assert (answer.status_code, answer.json()) == (200, {"moved": {POINT: 1}})

    def test_a_standing_merge_is_a_conflict(self, api_client, merged, double):
        base = f"/api/v1/patients/merges/{merged.pk}/"
        assert api_client.get(f"{base}leftovers/").json()["code"] == "not_undone"
        body = {"to": str(double.pk), "rows": {MESSAGE: [str(uuid.uuid4())]}}
        assert api_client.post(f"{base}move/", body, format="json").status_code == 409
