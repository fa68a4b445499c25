"""One patient's export: everything that is known of them, nothing of anybody else, for whom it is, and what stays behind."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.apps import apps as installed
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.appointments.models import (
    Appointment,
    AppointmentSeries,
    ImportRow,
    OnlineBookingBlock,
    WaitlistEntry,
    WaitlistOffer,
)
from apps.audit.models import AccessKind, AccessRecord
from apps.communications.models import Communication
from apps.conversations.models import Conversation, Message
from apps.conversations.services import link_patient
from apps.core.actors import SYSTEM
from apps.core.errors import NotAllowed
from apps.core.tenancy import organization_scope
from apps.events.models import Delivery, Event
from apps.events.services import emit
from apps.journeys.models import Instance, StageStatus
from apps.journeys.services import start_journey
from apps.media.models import Media, MediaObject
from apps.organizations.permissions import PERMISSIONS_OF, Permission, Role
from apps.organizations.services import actor_for_membership
from apps.patients import services
from apps.patients.exchange.kinds import EXPORT_KINDS
from apps.patients.exchange.sections import all_sections
from apps.patients.models import (
    Address,
    Consent,
    ContactPoint,
    DuplicateCandidate,
    Identifier,
    MatchIndex,
    MergeRow,
    Patient,
    PatientImportRow,
    RelatedPerson,
)
from apps.patients.services.exporting import export_patient
from tests.fixtures.anything import any_row
from tests.fixtures.appointments import AppointmentFactory, WaitlistEntryFactory, WaitlistOfferFactory
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.conversations import ConversationFactory, MessageFactory
from tests.fixtures.exports import bundle_of, json_of, resources_of, whole_patient
from tests.fixtures.journeys import make_journey
from tests.fixtures.media import MediaFactory
from tests.fixtures.organizations import MembershipFactory
from tests.fixtures.patients import ContactPointFactory, PatientFactory, RelatedPersonFactory
from tests.fixtures.shared import MONDAY, api_client_for, client_for

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)

OWN = {Patient, ContactPoint, Address, Identifier, RelatedPerson}
# Tables that point to a patient, or to what is exported, and are no part of an export.
LEFT_OUT = {
    DuplicateCandidate: "a guess about two records: the other one is somebody else's, or is merged and told of then",
    MatchIndex: "worked out from the record",
    Delivery: "one handler's duty to react to an event",
    MergeRow: "how a merge moved rows, table by table; the merge itself is told",
    PatientImportRow: "empty once it was imported, forgotten after a month",
    ImportRow: "empty once it was imported, forgotten after a month",
}
_HOLDS = "a hold is no visit; it lives for minutes"
_OWN_WORK = "how the clinic works with it, nothing about the person"
# Fields of exported tables that are no part of an export; all others stand under their own name.
NOT_TOLD = {
    Patient: {
        "search_text": "worked out from the record",
        "sort_name": "worked out from the record",
        "merged_into": "a merged record is not exported",
    },
    ContactPoint: {},
    Address: {},
    Identifier: {},
    RelatedPerson: {"linked_patient": "somebody else, and that they are a patient here"},
    Consent: {},
    Appointment: {
        "busy_period": "the time of the practitioner",
        "lane": "the practitioner's other patients",
        "session": "by it two patients could tell that they were in the same group",
        "seat": "the group's other patients",
        "held_until": _HOLDS,
        "held_for": _HOLDS,
        "previous_status": _OWN_WORK,
        "status_changed_at": _OWN_WORK,
        "link_version": "part of the patient's signed link",
    },
    AppointmentSeries: {},
    WaitlistEntry: {},
    WaitlistOffer: {"hold": _HOLDS},
    OnlineBookingBlock: {},
    Communication: {
        "dedupe_key": _OWN_WORK,
        "context_version": _OWN_WORK,
        "actor_id": "the member of staff, whom the events name",
        "lease_until": _OWN_WORK,
        "maybe_accepted": _OWN_WORK,
        "ignores_quiet_hours": _OWN_WORK,
        "fallback_channels": _OWN_WORK,
    },
    Conversation: {
        "owner_kind": _OWN_WORK,
        "owner": _OWN_WORK,
        "state": _OWN_WORK,
        "context": "the bot's memory, with ids of everybody who shares the phone",
        "attention": _OWN_WORK,
        "unread_count": _OWN_WORK,
        "last_message_text": "the last of the messages",
        "waiting_since": _OWN_WORK,
        "version": _OWN_WORK,
    },
    Message: {"user": "told as `by`"},
    Instance: {"lock_version": _OWN_WORK},
    StageStatus: {"stage": "told as `key` and `name`", "next_action": _OWN_WORK},
    Media: {
        "stored": "told as `sha256`, `content_type` and so on",
        "expires_at": _OWN_WORK,
        "source_url": "opens with the clinic's credentials",
        "source_account": "the clinic's own address",
        "attempts": _OWN_WORK,
        "due_at": _OWN_WORK,
    },
    MediaObject: {
        "storage_key": "where the bytes are",
        "view_key": "where the bytes are",
        "preview_key": "where the bytes are",
        "removed_at": _OWN_WORK,
    },
}  # fmt: skip
IMPLIED = {"id", "organization", "patient", "conversation", "entry", "instance", "created_at", "updated_at"}


class TestEveryTable:
    def test_each_table_that_tells_of_a_patient_is_exported_or_left_out_with_a_reason(self):
        told = OWN | {model for section in all_sections() for model in section.models}
        # What is kept about a patient hangs on them, or on something that does.
        hanging = {
            model
            for model in installed.get_models(include_auto_created=True)
            for field in model._meta.get_fields()
            if (field.many_to_one or field.one_to_one)
            and field.concrete
            and field.related_model in (told - {MediaObject})
        }
        assert hanging - told == LEFT_OUT.keys()
        assert all(LEFT_OUT.values())

    def test_each_field_is_told_or_left_out_with_a_reason(self, organization, patient):
        shown = self._shown(organization, patient)
        assert shown.keys() == NOT_TOLD.keys()
        missing = {
            f"{model.__name__}.{field.name}"
            for model, names in shown.items()
            for field in model._meta.concrete_fields
            if field.name not in names | NOT_TOLD[model].keys() | IMPLIED
        }
        assert missing == set()

    def _shown(self, organization, patient) -> dict[type, set[str]]:
        """Return which fields an export shows of each model, by making a row of each and exporting its patient."""
        for model in (
            *(Address, Identifier, RelatedPerson, Consent, Appointment, AppointmentSeries, WaitlistEntry),
            *(OnlineBookingBlock, Communication, Conversation, Media),
        ):
            row = any_row(model, organization)
            model._default_manager.filter(pk=row.pk).update(patient=patient)
        start_journey(definition=make_journey(organization), patient=patient, actor=SYSTEM)
        WaitlistOfferFactory(organization=organization, entry=patient.waitlist_entries.get())
        MessageFactory(organization=organization, conversation=patient.conversations.get())
        found = json_of(patient)
        record = found["patient"]
        keys = {
            Patient: record,
            ContactPoint: record["contact_points"][0],
            Address: record["addresses"][0],
            Identifier: record["identifiers"][0],
            RelatedPerson: record["related_persons"][0],
            Consent: found["consents"][0],
            Appointment: found["appointments"][0],
            AppointmentSeries: found["appointment_series"][0],
            WaitlistEntry: found["waitlist"][0],
            WaitlistOffer: found["waitlist"][0]["offers"][0],
            OnlineBookingBlock: found["online_booking_blocks"][0],
            Communication: found["communications"][0],
            Conversation: found["conversations"][0],
            Message: found["conversations"][0]["messages"][0],
            Instance: found["journeys"][0],
            StageStatus: found["journeys"][0]["stages"][0],
            Media: found["files"][0],
            MediaObject: found["files"][0],
        }
        return {model: {name.removesuffix("_id") for name in row} | {*row} for model, row in keys.items()}


class TestContent:
    def test_file_says_what_it_is_and_of_whom(self, organization, patient):
        found = json_of(patient)
        assert list(found)[:5] == ["format", "version", "exported_at", "organization", "patient"]
        assert (found["format"], found["version"]) == ("clinic-portal.patient", 1)
        assert found["organization"] == {"id": str(organization.pk), "name": "Tidewater Clinic"}
        assert dt.datetime.fromisoformat(found["exported_at"]).utcoffset() is not None

    def test_record_is_told_as_it_is(self, organization):
        patient = whole_patient(organization)
        record = json_of(patient)["patient"]
        assert (record["birth_date"], record["birth_precision"]) == ("1984-03", "month")
        assert (record["given_name"], record["note"]) == ("Mária José", "Line one\nLine two")
        assert [one["value"] for one in record["contact_points"]][:1] == ["+14155550142"]
        assert [one["label"] for one in record["contact_points"]][:1] == ["her daughter’s"]
        assert len(record["related_persons"]) == 5

    def test_consents_come_with_every_answer_before(self, patient):
        for status in ("active", "withdrawn", "active"):
            services.set_consent(patient=patient, purpose="sms", status=status, source="front desk", actor=SYSTEM)
        (consent,) = json_of(patient)["consents"]
        assert (consent["purpose"], consent["status"]) == ("sms", "active")
        assert [one["status"] for one in consent["history"]] == ["active", "withdrawn", "active"]
        assert [one["before"] for one in consent["history"]] == [None, "active", "withdrawn"]
        assert all(one["by"] == "System" for one in consent["history"])

    def test_visit_is_told_on_the_clock_of_its_place(self, bookable, patient):
        AppointmentFactory(
            organization=bookable.organization,
            patient=patient,
            practitioner=bookable.practitioner,
            location=bookable.location,
            appointment_type=bookable.appointment_type,
            start=MONDAY,
            reason="Knee",
        )
        (visit,) = json_of(patient)["appointments"]
        assert visit["start"] == "2026-11-23T09:00:00-05:00"
        assert (visit["appointment_type"], visit["reason"]) == ("Consultation", "Knee")
        assert visit["practitioner"]["name"].endswith("Okonkwo")

    def test_file_of_a_message_is_named_with_its_checksum(self, organization, patient):
        thread = ConversationFactory(organization=organization, patient=patient)
        message = MessageFactory(organization=organization, conversation=thread, media=[{"content_type": "image/png"}])
        file = MediaFactory(organization=organization, patient=patient, subject_kind="message", subject_id=message.pk)
        found = json_of(patient)
        assert found["conversations"][0]["messages"][0]["files"] == [str(file.pk)]
        assert found["files"][0]["sha256"] == file.stored.sha256
        assert file.stored.storage_key not in json.dumps(found)

    def test_journey_comes_with_its_stages(self, organization, patient):
        start_journey(definition=make_journey(organization), patient=patient, actor=SYSTEM)
        (run,) = json_of(patient)["journeys"]
        assert run["definition"]["name"] == "Care path"
        assert [(stage["name"], stage["state"]) for stage in run["stages"]] == [
            ("Asked", "active"),
            ("Booked", "pending"),
            ("Seen", "pending"),
        ]

    def test_events_are_told_in_the_timeline_s_words_oldest_first(self, organization):
        patient = whole_patient(organization)
        services.archive_patient(patient=patient, actor=SYSTEM)
        events = json_of(patient)["events"]
        assert [one["type"] for one in events][:2] == ["patient.created", "consent.given"]
        assert (events[0]["text"], events[-1]["text"]) == ("Registered", "Archived the record")

    def test_hostile_text_stays_what_it_is(self, organization):
        text = '=cmd|" \u202eevil\u202c 🧑🏽‍⚕️ \x07 </script>\u2028'
        patient = PatientFactory(organization=organization, given_name=text, note=text)
        content = export_patient(patient=patient, kind=EXPORT_KINDS["json"], route="test", actor=SYSTEM).content
        record = json.loads(content)["patient"]
        assert (record["given_name"], record["note"]) == (text, text)
        assert b"\x07" not in content


class TestOthers:
    """Nothing of anybody else: what a household shares, who stands behind the patient, whose record was merged."""

    @pytest.fixture
    def sister(self, organization) -> Patient:
        made = PatientFactory(organization=organization, given_name="Zuleika", family_name="Quist")
        ContactPointFactory(organization=organization, patient=made, value="+14155550142")
        return made

    def said(self, patient) -> str:
        return json.dumps(json_of(patient), ensure_ascii=False)

    def test_somebody_who_is_a_patient_as_well_is_only_what_stands_at_this_record(self, organization, patient, sister):
        services.update_patient(
            patient=patient,
            changes={"related_persons": [{"linked_patient": sister.pk, "relationship": "sibling", "name": "Zuzu"}]},
            actor=SYSTEM,
        )
        RelatedPersonFactory(organization=organization, patient=sister, linked_patient=patient, name="My brother")
        said = self.said(patient)
        assert "sibling" in said
        assert str(sister.pk) not in said
        assert "My brother" not in said

    def test_thread_of_a_shared_phone_tells_only_what_was_written_since_it_is_the_patient_s(
        self, organization, patient, sister, actor
    ):
        thread = ConversationFactory(organization=organization)
        link_patient(conversation=thread, patient=sister, actor=actor)
        MessageFactory(organization=organization, conversation=thread, sequence=101, body="Zuleika's secret")
        Conversation.objects.filter(pk=thread.pk).update(summary="Zuleika wants a test")
        link_patient(conversation=thread, patient=patient, actor=actor)
        MessageFactory(organization=organization, conversation=thread, sequence=102, body="Ana writes now")
        (told,) = json_of(patient)["conversations"]
        assert [one["body"] for one in told["messages"] if one["kind"] == "text"] == ["Ana writes now"]
        assert (told["withheld_messages"] > 0, told["summary"]) == (True, "")
        said = self.said(patient) + json.dumps(bundle_of(patient))
        assert "Ana writes now" in json.dumps(bundle_of(patient))
        assert "secret" not in said
        assert str(sister.pk) not in said
        assert json_of(sister)["conversations"] == []

    def test_thread_of_a_shared_phone_does_not_tell_who_else_wrote_or_when(self, organization, patient, sister, actor):
        theirs = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
        thread = ConversationFactory(
            organization=organization, address="+14155550199", display_name="Zuzu Q", language="es"
        )
        link_patient(conversation=thread, patient=sister, actor=actor)
        link_patient(conversation=thread, patient=patient, actor=actor)
        Conversation.objects.filter(pk=thread.pk).update(
            last_inbound_at=theirs, last_message_at=theirs, created_at=theirs
        )
        (told,) = json_of(patient)["conversations"]
        assert [told[name] for name in ("display_name", "address", "language")] == ["", "", ""]
        assert [told[name] for name in ("last_inbound_at", "created_at", "updated_at")] == [None, None, None]
        assert "2026-03-01" not in json.dumps(told)
        ContactPointFactory(organization=organization, patient=patient, value="+14155550199")
        MessageFactory(organization=organization, conversation=thread, sequence=102, body="Ana writes now")
        (told,) = json_of(patient)["conversations"]
        assert told["address"] == "+14155550199"
        assert told["last_inbound_at"] == told["messages"][-1]["created_at"]

    def test_thread_of_one_patient_tells_from_where_and_under_which_name(self, organization, patient):
        ConversationFactory(organization=organization, patient=patient, address="+14155550142", display_name="Ana L")
        (told,) = json_of(patient)["conversations"]
        assert (told["address"], told["display_name"]) == ("+14155550142", "Ana L")

    def test_thread_that_only_the_patient_wrote_in_is_told_from_its_beginning(self, organization, patient, actor):
        thread = ConversationFactory(organization=organization)
        MessageFactory(organization=organization, conversation=thread, sequence=101, body="Hello, I am Ana")
        link_patient(conversation=thread, patient=patient, actor=actor)
        (told,) = json_of(patient)["conversations"]
        assert "Hello, I am Ana" in [one["body"] for one in told["messages"]]
        assert told["withheld_messages"] == 0

    def test_message_to_a_relative_in_the_patient_s_thread_keeps_its_words(self, organization, patient, sister):
        thread = ConversationFactory(organization=organization, patient=patient)
        row = CommunicationFactory(organization=organization, patient=sister, body="Zuleika, your biopsy")
        MessageFactory(organization=organization, conversation=thread, author="bot", body=row.body, communication=row)
        ((line,),) = (thread["messages"] for thread in json_of(patient)["conversations"])
        assert (line["withheld"], line["body"], line["communication"]) == (True, "", None)
        assert "biopsy" not in self.said(patient) + json.dumps(bundle_of(patient))
        assert [one["body"] for one in json_of(sister)["communications"]] == ["Zuleika, your biopsy"]

    def test_visits_messages_and_files_of_others_are_not_in_it(self, organization, patient, sister):
        for model in (Appointment, Communication, Media, WaitlistEntry, Conversation):
            row = any_row(model, organization)
            model._default_manager.filter(pk=row.pk).update(patient=sister)
        found = json_of(patient)
        assert [found[key] for key in ("appointments", "communications", "files", "waitlist", "conversations")] == [
            [] for _section in range(5)
        ]

    def test_group_does_not_show_by_its_number_who_was_in_it(self, bookable, patient):
        visit = AppointmentFactory(
            organization=bookable.organization, patient=patient, practitioner=bookable.practitioner,
            location=bookable.location, appointment_type=bookable.appointment_type, start=MONDAY,
        )  # fmt: skip
        Appointment.objects.filter(pk=visit.pk).update(session=visit.practitioner_id)
        assert "session" not in json_of(patient)["appointments"][0]

    def test_merged_record_s_history_is_part_of_it(self, organization, patient):
        double = PatientFactory(organization=organization, given_name="Ana", family_name="Lopez")
        services.set_consent(patient=double, purpose="voice", status="active", source="phone", actor=SYSTEM)
        services.merge_patients(survivor=patient, duplicate=double, despite_doubts=True, actor=SYSTEM)
        found = json_of(patient)
        assert [one["merged_number"] for one in found["merges"]] == [double.record_number]
        assert [one["purpose"] for one in found["consents"]] == ["voice"]
        assert len(found["consents"][0]["history"]) == 1

    def test_merged_record_s_own_names_and_the_survivor_s_former_one_are_told(self, organization, patient):
        double = PatientFactory(
            organization=organization, given_name="Anna Maria", family_name="Lopes", birth_date=dt.date(1983, 1, 2)
        )
        merge = services.merge_patients(
            survivor=patient,
            duplicate=double,
            despite_doubts=True,
            fields={"family_name": "duplicate"},
            actor=SYSTEM,
        )
        before = patient.family_name
        found = json_of(patient)
        (told,) = found["merged_records"]
        assert [told[name] for name in ("number", "given_name", "family_name", "birth_date")] == [
            double.record_number, "Anna Maria", "Lopes", "1983-01-02",
        ]  # fmt: skip
        assert told["merged_at"] == found["merges"][0]["at"]
        (event,) = (one for one in found["events"] if one["type"] == "patient.merged")
        assert event["changes"]["family_name"] == [before, "Lopes"]
        services.unmerge(merge=merge, actor=SYSTEM)
        found = json_of(patient)
        assert found["merged_records"] == []
        assert "Lopes" not in json.dumps(found)

    def test_merge_that_was_undone_says_nothing_of_the_other(self, organization, patient, sister):
        fields = {"given_name": "duplicate"}
        merge = services.merge_patients(
            survivor=patient, duplicate=sister, despite_doubts=True, fields=fields, actor=SYSTEM
        )
        services.unmerge(merge=merge, actor=SYSTEM)
        found = json_of(patient)
        (told,) = found["merges"]
        assert told["undone_at"] is not None
        said = json.dumps(found["merges"]) + json.dumps([one["changes"] for one in found["events"]])
        for clue in (str(sister.pk), sister.record_number, "Zuleika"):
            assert clue not in said

    @pytest.fixture
    def ben(self, organization) -> Patient:
        return services.create_patient(
            organization=organization,
            given_name="Ben",
            family_name="Quist",
            phones=["+14155550191"],
            emails=["ben@example.org"],
            identifiers=[{"system": "passport", "value": "BEN777"}],
            addresses=[{"lines": ["9 Benway"], "city": "Benton", "country": "US"}],
            note="Ben has gout",
            actor=SYSTEM,
        )

    def one_and_edited(self, patient, ben):
        """Merge Ben into the patient, and save each field as it stands, with something new of Ben's."""
        merge = services.merge_patients(survivor=patient, duplicate=ben, despite_doubts=True, actor=SYSTEM)
        services.update_patient(
            patient=patient,
            changes={
                "note": "Ben has gout and a cold",
                "phones": ["+14155550191", "+14155550192"],
                "emails": ["ben@example.org", "ben2@example.org"],
                "identifiers": [{"system": "passport", "value": "BEN777"}, {"system": "insurance", "value": "BEN778"}],
                "addresses": [{"lines": ["10 Benway"], "city": "Benton", "country": "US"}],
            },
            actor=SYSTEM,
        )
        # A STOP from Ben's phone: the address is what proves it.
        services.set_consent(
            patient=patient, purpose="sms", status="withdrawn", source="STOP", evidence="+14155550191", actor=SYSTEM
        )
        return merge

    CLUES = ("gout", "555019", "ben@", "ben2@", "BEN77", "Benway")

    def test_edits_while_an_undone_merge_stood_name_their_fields_and_tell_no_values(self, patient, ben):
        services.unmerge(merge=self.one_and_edited(patient, ben), actor=SYSTEM)
        found = json_of(patient)
        said = json.dumps(found["events"]) + json.dumps(found["consents"])
        said += json.dumps(resources_of(bundle_of(patient), "Consent"))
        assert [clue for clue in self.CLUES if clue in said] == []
        (edit,) = (one for one in found["events"] if one["type"] == "patient.updated")
        assert edit["withheld"] == ["addresses", "emails", "identifiers", "note", "phones"]
        assert edit["text"].startswith("Changed ")
        (consent,) = found["consents"]
        assert (consent["status"], consent["withheld"], consent["history"][0]["withheld"]) == (
            "withdrawn", ["evidence"], ["evidence"],
        )  # fmt: skip

    def test_first_answer_after_the_separation_does_not_tell_what_proved_the_one_before(self, patient, ben):
        services.unmerge(merge=self.one_and_edited(patient, ben), actor=SYSTEM)
        for status, words in (("active", "Ana said yes"), ("withdrawn", "")):
            services.set_consent(
                patient=patient, purpose="sms", status=status, source="desk", evidence=words, actor=SYSTEM
            )
        events = [one for one in json_of(patient)["events"] if one["type"].startswith("consent.")]
        assert "555019" not in json.dumps(events)
        assert events[-1]["changes"]["evidence"][0] == "Ana said yes"

    def test_first_edit_after_the_separation_does_not_tell_what_stood_there_and_the_next_does(self, patient, ben):
        services.unmerge(merge=self.one_and_edited(patient, ben), actor=SYSTEM)
        for note in ("Ana has nothing", "Ana has a cough"):
            services.update_patient(patient=patient, changes={"note": note}, actor=SYSTEM)
        events = json_of(patient)["events"]
        assert "gout" not in json.dumps(events)
        assert events[-1]["changes"] == {"note": ["Ana has nothing", "Ana has a cough"]}
        assert [one["withheld"] for one in events[-2:]] == [["note"], []]

    def test_other_record_s_export_is_as_silent(self, patient, ben):
        merge = services.merge_patients(survivor=ben, duplicate=patient, despite_doubts=True, actor=SYSTEM)
        services.update_patient(patient=ben, changes={"note": "Ana is ill"}, actor=SYSTEM)
        services.unmerge(merge=merge, actor=SYSTEM)
        for one in (patient, ben):
            assert "Ana is ill" not in json.dumps(json_of(one)["events"])

    def test_what_happened_to_a_visit_that_went_back_is_not_told(self, bookable, patient, ben):
        visit = AppointmentFactory(
            organization=bookable.organization, patient=ben, practitioner=bookable.practitioner,
            location=bookable.location, appointment_type=bookable.appointment_type, start=MONDAY,
        )  # fmt: skip
        merge = services.merge_patients(survivor=patient, duplicate=ben, despite_doubts=True, actor=SYSTEM)
        visit.refresh_from_db()
        emit(
            "appointment.arrived", subject=visit, actor=SYSTEM, patient_id=patient.pk,
            changes={"reason": ["", "Ben's knee"]},
        )  # fmt: skip
        assert "Ben's knee" in self.said(patient)
        services.unmerge(merge=merge, actor=SYSTEM)
        assert "Ben's knee" not in self.said(patient)
        assert "appointment.arrived" not in [one["type"] for one in json_of(patient)["events"]]

    def test_no_event_names_the_number_of_the_record_that_was_separated(self, organization, patient, ben):
        merge = services.merge_patients(survivor=patient, duplicate=ben, despite_doubts=True, actor=SYSTEM)
        made = ContactPointFactory(organization=organization, patient=patient, value="+14155550193")
        services.unmerge(merge=merge, actor=SYSTEM)
        merge.refresh_from_db()
        rows = {ContactPoint._meta.label: [made.pk]}
        services.move_leftovers(merge=merge, to=ben.pk, rows=rows, actor=SYSTEM)
        for one, other, texts in (
            (
                patient,
                ben,
                [
                    "Merged with another record",
                    "Separated from another record again",
                    "1 entry moved to another record",
                ],
            ),
            (ben, patient, ["Separated from another record again", "1 entry moved here from another record"]),
        ):
            events = json_of(one)["events"]
            assert [event["text"] for event in events][-len(texts) :] == texts
            assert other.record_number not in json.dumps(events)

    def test_of_a_merge_that_stands_everything_is_told(self, patient, ben):
        self.one_and_edited(patient, ben)
        found = json_of(patient)
        said = json.dumps(found["events"]) + json.dumps(found["consents"])
        assert [clue for clue in self.CLUES if clue not in said] == []
        assert [one["withheld"] for one in found["events"] if one["withheld"]] == []

    def test_records_that_were_separated_and_merged_again_are_one_person(self, patient, ben):
        services.unmerge(merge=self.one_and_edited(patient, ben), actor=SYSTEM)
        services.merge_patients(survivor=patient, duplicate=ben, despite_doubts=True, actor=SYSTEM)
        assert "Ben has gout and a cold" in json.dumps(json_of(patient)["events"])


class TestDoors:
    @pytest.mark.parametrize("role", Role.values)
    def test_who_may_is_what_the_table_says(self, organization, patient, role):
        membership = MembershipFactory(organization=organization, role=role)
        allowed = Permission.PATIENTS_EXPORT in PERMISSIONS_OF[role]
        assert allowed == (role in {Role.MANAGER, Role.ADMIN})
        expected = 200 if allowed else 403
        page = client_for(membership).get(reverse("patients:export", args=[patient.pk, "json"]))
        assert page.status_code == expected
        program = api_client_for(membership)
        assert program.get(f"/api/v1/patients/{patient.pk}/export/").status_code == expected
        if not allowed:
            with pytest.raises(NotAllowed):
                export_patient(
                    patient=patient, kind=EXPORT_KINDS["json"], route="t", actor=actor_for_membership(membership)
                )
        assert AccessRecord.objects.filter(kind=AccessKind.EXPORT).count() == (2 if allowed else 0)

    @pytest.mark.parametrize("kind", ["json", "fhir"])
    def test_page_hands_out_a_file_and_notes_it(self, manager_client, manager, patient, kind):
        answer = manager_client.get(reverse("patients:export", args=[patient.pk, kind]))
        assert answer["Content-Disposition"].startswith(f'attachment; filename="patient-{patient.record_number}-')
        assert answer["Cache-Control"] == "no-store"
        assert str(patient.pk) in answer.content.decode()
        access = AccessRecord.objects.get(kind=AccessKind.EXPORT)
        assert (access.patient_id, access.actor_id, access.route) == (
            patient.pk,
            manager.user.pk,
            f"patients:export:{kind}",
        )

    def test_file_s_name_has_nobody_s_name(self, manager_client, patient):
        answer = manager_client.get(reverse("patients:export", args=[patient.pk, "json"]))
        assert "López" not in answer["Content-Disposition"]

    def test_menu_offers_what_the_reader_may_have(self, manager_client, desk_client, patient):
        page = reverse("patients:detail", args=[patient.pk])
        for kind in EXPORT_KINDS.values():
            address = reverse("patients:export", args=[patient.pk, kind.key])
            assert address in manager_client.get(page).content.decode()
            offered = kind.permission in PERMISSIONS_OF[Role.FRONT_DESK]
            assert (address in desk_client.get(page).content.decode()) == offered

    def test_unknown_kind_is_not_found(self, manager_client, patient):
        assert manager_client.get(reverse("patients:export", args=[patient.pk, "xml"])).status_code == 404

    def test_page_of_a_merged_record_hands_out_the_one_that_it_is_in(self, manager_client, organization, patient):
        double = PatientFactory(organization=organization)
        services.merge_patients(survivor=patient, duplicate=double, despite_doubts=True, actor=SYSTEM)
        answer = manager_client.get(reverse("patients:export", args=[double.pk, "json"]))
        assert json.loads(answer.content)["patient"]["id"] == str(patient.pk)
        assert [one.patient_id for one in AccessRecord.objects.filter(kind=AccessKind.EXPORT)] == [patient.pk]

    def test_archived_patient_is_exported_as_well(self, manager_client, patient):
        services.archive_patient(patient=patient, actor=SYSTEM)
        answer = manager_client.get(reverse("patients:export", args=[patient.pk, "json"]))
        assert json.loads(answer.content)["patient"]["archived_at"] is not None


class TestApi:
    @pytest.fixture
    def address(self, patient) -> str:
        return f"/api/v1/patients/{patient.pk}/export/"

    @pytest.mark.parametrize(
        ("query", "accept", "content_type"),
        [
            ("", "*/*", "application/json"),
            ("?format=json", "*/*", "application/json"),
            ("?format=fhir", "*/*", "application/fhir+json"),
            ("", "application/fhir+json", "application/fhir+json"),
            ("?format=fhir", "application/json", "application/fhir+json"),
        ],
    )
    def test_kind_is_what_was_asked_for(self, api_client, address, query, accept, content_type):
        answer = api_client.get(address + query, headers={"accept": accept})
        assert (answer.status_code, answer["Content-Type"]) == (200, content_type)
        first = {"application/json": "format", "application/fhir+json": "resourceType"}[content_type]
        assert next(iter(json.loads(answer.content))) == first
        kind = "fhir" if "fhir" in content_type else "json"
        assert AccessRecord.objects.get(kind=AccessKind.EXPORT).route == f"api:patients-export:{kind}"

    def test_unknown_format_is_refused_by_name(self, api_client, address):
        answer = api_client.get(address + "?format=xml")
        assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
        assert answer.json()["errors"] == [
            {"field": "format", "code": "invalid", "message": f"Choose one of: {', '.join(EXPORT_KINDS)}."}
        ]
        assert api_client.get(address, headers={"accept": "image/png"}).status_code == 406

    def test_refusal_is_json_whatever_was_asked_for(self, api_client, patient):
        answer = api_client.get(f"/api/v1/patients/{patient.organization_id}/export/?format=fhir")
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
        assert answer.json()["code"] == "not_found"

    def test_merged_record_names_the_one_that_it_is_in(self, api_client, organization, patient):
        double = PatientFactory(organization=organization)
        services.merge_patients(survivor=patient, duplicate=double, despite_doubts=True, actor=SYSTEM)
        answer = api_client.get(f"/api/v1/patients/{double.pk}/export/")
        assert (answer.status_code, answer.json()["code"]) == (409, "merged")
        assert answer.json()["merged_into"] == str(patient.pk)
        assert not AccessRecord.objects.filter(kind=AccessKind.EXPORT).exists()

    def test_key_without_the_scope_may_not(self, manager, address):
        narrow = api_client_for(manager, scopes=(Permission.PATIENTS_VIEW,))
        assert narrow.get(address).status_code == 403

    def test_patient_of_another_clinic_is_not_found(self, api_client, other_organization):
        with organization_scope(other_organization.pk):
            foreign = PatientFactory(organization=other_organization)
        assert api_client.get(f"/api/v1/patients/{foreign.pk}/export/").status_code == 404


class TestCost:
    def fill(self, bookable, patient, n: int) -> None:
        organization = bookable.organization
        thread = ConversationFactory(organization=organization, patient=patient)
        for number in range(n):
            AppointmentFactory(
                organization=organization,
                patient=patient,
                practitioner=bookable.practitioner,
                location=bookable.location,
                appointment_type=bookable.appointment_type,
                start=MONDAY + (Appointment.objects.count() + 1) * HOUR,
            )
            row = CommunicationFactory(organization=organization, patient=patient)
            MessageFactory(organization=organization, conversation=thread, communication=row)
            MediaFactory(organization=organization, patient=patient)
            RelatedPersonFactory(organization=organization, patient=patient)
            entry = WaitlistEntryFactory(
                organization=organization, patient=patient, status="removed",
                appointment_type=bookable.appointment_type,
            )  # fmt: skip
            WaitlistOfferFactory(organization=organization, entry=entry, status="expired")
            journey = make_journey(organization, name=f"Path {n} {number}")
            start_journey(definition=journey, patient=patient, actor=SYSTEM)

    @pytest.mark.parametrize("kind", ["json", "fhir"])
    def test_number_of_queries_does_not_grow_with_the_record(self, bookable, patient, kind):
        def queries() -> int:
            with CaptureQueriesContext(connection) as asked:
                export_patient(patient=patient, kind=EXPORT_KINDS[kind], route="test", actor=SYSTEM)
            return len(asked)

        self.fill(bookable, patient, 1)
        few = queries()
        self.fill(bookable, patient, 4)
        assert queries() == few
        assert few <= 40

    def test_nothing_is_emitted_and_one_access_record_is_written(self, patient):
        events = Event.objects.count()
        export_patient(patient=patient, kind=EXPORT_KINDS["fhir"], route="test", actor=SYSTEM)
        assert Event.objects.count() == events
        assert AccessRecord.objects.count() == 1
