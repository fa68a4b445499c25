"""The FHIR export: valid R4, references that lead somewhere, and the same record when it is imported again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.appointments.models import Status
from apps.core.actors import SYSTEM
from apps.core.tenancy import organization_scope
from apps.patients import services
from apps.patients.cleaning import clean_fields
from apps.patients.exchange import fhir
from apps.patients.exchange.drafts import LISTS, SINGLE
from apps.patients.exchange.fhir_export import write_fhir
from apps.patients.exchange.fhir_files import read_fhir
from apps.patients.exchange.fhir_patients import read_patient
from apps.patients.folding import fold
from apps.patients.models import ImportStatus, Patient, PatientImport, Relationship
from apps.patients.services import importing
from apps.patients.services.import_work import check_some, import_some
from apps.patients.services.parts import rows_of
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.conversations import ConversationFactory, MessageFactory
from tests.fixtures.exports import ANSWERS, bundle_of, export_of, resources_of, whole_patient
from tests.fixtures.media import MediaFactory
from tests.fixtures.patients import ConsentFactory, PatientFactory, RelatedPersonFactory
from tests.fixtures.shared import MONDAY

pytestmark = pytest.mark.django_db
BIDI, EMOJI = "\u202eevil\u202c", "🧑🏽‍⚕️"


@pytest.fixture
def known(bookable) -> Patient:
    """A patient with a whole record, visits of every state, messages both ways and a file."""
    organization = bookable.organization
    patient = whole_patient(organization)
    given = {"organization": organization, "patient": patient, "practitioner": bookable.practitioner}
    given |= {"location": bookable.location, "appointment_type": bookable.appointment_type}
    states = [status for status in Status.values if status != Status.HELD]
    for day, status in enumerate(states):
        cancelled = {"cancelled_at": MONDAY, "cancel_reason": "patient", "cancel_note": "ill"}
        more = cancelled if status == Status.CANCELLED else {}
        AppointmentFactory(**given, start=MONDAY.replace(day=day + 1), status=status, reason="Knee", **more)
    for status in ("scheduled", "sent", "failed", "ambiguous", "blocked"):
        CommunicationFactory(organization=organization, patient=patient, status=status, reason="why", subject="Visit")
    thread = ConversationFactory(organization=organization, patient=patient)
    MessageFactory(organization=organization, conversation=thread, body="I need a doctor")
    MessageFactory(organization=organization, conversation=thread, body="", media=[{"content_type": "image/jpeg"}])
    MediaFactory(organization=organization, patient=patient)
    return patient


def validated(bundle: dict[str, Any]) -> Bundle:
    """Raise what `fhir.resources` finds wrong with the bundle as R4B; entries are checked as their own types."""
    return Bundle.model_validate(bundle)


class TestValidity:
    def test_bundle_is_valid_r4(self, known):
        bundle = bundle_of(known)
        validated(bundle)
        kinds = {entry["resource"]["resourceType"] for entry in bundle["entry"]}
        assert kinds == {
            *("Patient", "Organization", "RelatedPerson", "Flag", "Consent", "Appointment", "Practitioner"),
            *("Location", "Communication", "DocumentReference"),
        }
        assert bundle["type"] == "collection"

    def test_validator_notices_what_is_wrong(self, known):
        """The control: an unknown element, and a status that R4 doesn't have."""
        bundle = bundle_of(known)
        resources_of(bundle, "Patient")[0]["colour"] = "red"
        with pytest.raises(ValueError, match="colour"):
            validated(bundle)
        bundle = bundle_of(known)
        resources_of(bundle, "Appointment")[0]["participant"][0].pop("status")
        with pytest.raises(ValueError, match="status"):
            validated(bundle)

    def test_person_of_whom_nothing_is_known_but_a_name_is_valid(self, organization):
        bare = PatientFactory(organization=organization, given_name="", family_name="Cher", birth_date=None)
        bundle = bundle_of(bare)
        validated(bundle)
        (patient,) = resources_of(bundle, "Patient")
        assert patient["name"] == [{"use": "official", "text": "Cher", "family": "Cher"}]
        assert "birthDate" not in patient
        assert "telecom" not in patient

    @pytest.mark.parametrize("text", [f"=1+1 {BIDI} {EMOJI}", "a\x07b\x1bc", "\x07", "<script>", "  ", 'q"\\'])
    def test_hostile_text_stays_what_it_is_and_the_bundle_valid(self, bookable, text):
        organization = bookable.organization
        patient = PatientFactory(organization=organization, given_name="A" + text, note=text, alerts=["x" + text])
        RelatedPersonFactory(organization=organization, patient=patient, name="R" + text)
        CommunicationFactory(organization=organization, patient=patient, body=text, reason=text, status="failed")
        thread = ConversationFactory(organization=organization, patient=patient)
        MessageFactory(organization=organization, conversation=thread, body=text)
        ConsentFactory(organization=organization, patient=patient, purpose="sms", status="active", evidence=text)
        content = write_fhir(export_of(patient)).decode()
        bundle = json.loads(content)
        validated(bundle)
        assert not any(ord(sign) < 32 for one in texts_in(bundle) for sign in one if sign not in "\t\n\r")
        assert "" not in texts_in(bundle)
        assert resources_of(bundle, "Patient")[0]["name"][0]["given"] == [fhir.text("A" + text)]


def texts_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts_in(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts_in(inner)]
    return [value] if isinstance(value, str) else []


def references_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        found = {value["reference"]} if isinstance(value.get("reference"), str) else set()
        return found.union(*(references_in(inner) for inner in value.values()))
    return set().union(*(references_in(inner) for inner in value)) if isinstance(value, list) else set()


def test_every_reference_leads_to_an_entry_and_every_entry_stands_once(known):
    bundle = bundle_of(known)
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(urls) == len(set(urls))
    assert references_in(bundle) <= set(urls)
    assert all(entry["fullUrl"] == f"urn:uuid:{entry['resource']['id']}" for entry in bundle["entry"])
    assert bundle["entry"][0]["resource"]["resourceType"] == "Patient"


class TestWords:
    def test_visits_say_when_with_the_offset_of_their_place_and_what_became_of_them(self, known):
        visits = resources_of(bundle_of(known), "Appointment")
        assert [one["status"] for one in visits] == [
            *("booked", "arrived", "checked-in", "fulfilled", "cancelled", "noshow")
        ]
        assert visits[0]["start"] == "2026-11-01T09:00:00-05:00"
        assert [one["participant"][0]["status"] for one in visits] == [
            *("needs-action", "accepted", "needs-action", "accepted", "declined", "needs-action")
        ]
        assert visits[4]["cancelationReason"] == {
            "coding": [{"system": fhir.CANCELLED, "code": "pat"}],
            "text": "Patient asked: ill",
        }
        assert "cancelationReason" not in visits[5]

    def test_messages_that_did_not_go_out_are_not_shown_as_sent(self, known):
        out = [one for one in resources_of(bundle_of(known), "Communication") if "category" in one]
        assert [one["status"] for one in out] == ["preparation", "completed", "not-done", "unknown", "not-done"]
        assert ["statusReason" in one for one in out] == [False, False, True, True, True]

    def test_what_the_patient_wrote_is_from_the_patient(self, known):
        (wrote, with_file) = (one for one in resources_of(bundle_of(known), "Communication") if "category" not in one)
        assert wrote["sender"]["reference"] == f"urn:uuid:{known.pk}"
        assert wrote["payload"] == [{"contentString": "I need a doctor"}]
        assert "payload" not in with_file

    def test_withdrawn_consent_is_nowhere_active(self, known):
        consents = {one["category"][1]["coding"][0]["code"]: one for one in resources_of(bundle_of(known), "Consent")}
        assert {purpose: (one["status"], one["provision"]["type"]) for purpose, one in consents.items()} == {
            "whatsapp": ("active", "permit"),
            "sms": ("inactive", "deny"),
            "photos": ("active", "permit"),
        }

    def test_people_to_call_and_guardians_are_contacts_as_well(self, known):
        (patient,) = resources_of(bundle_of(known), "Patient")
        assert [one["name"]["text"] for one in patient["contact"]] == [
            *("Rosa Ñandú", "Tom O’Brien", "Office of the Public Guardian", "Neighbour")
        ]

    def test_somebody_who_is_a_patient_as_well_is_only_a_name(self, organization, patient):
        mother = PatientFactory(organization=organization, given_name="Secret", family_name="Mother")
        RelatedPersonFactory(organization=organization, patient=patient, linked_patient=mother, name="Mum")
        content = json.dumps(bundle_of(patient))
        assert str(mother.pk) not in content
        assert "Secret" not in content

    def test_refused_consent_is_rejected(self, organization, patient):
        ConsentFactory(organization=organization, patient=patient, purpose="sms", status="refused")
        (one,) = resources_of(bundle_of(patient), "Consent")
        assert (one["status"], one["provision"]["type"]) == ("rejected", "deny")

    def test_archived_patient_is_inactive(self, organization, patient):
        services.archive_patient(patient=patient, actor=SYSTEM)
        assert resources_of(bundle_of(patient), "Patient")[0]["active"] is False


def import_into(organization, content: bytes) -> tuple[Patient, PatientImport]:
    """Import a file into a clinic as the command does; return the person and the import."""
    with organization_scope(organization.pk):
        batch = importing.upload_patients(
            organization=organization, file_name="pepa.json", content=content, actor=SYSTEM
        )
        importing.check_import(batch=batch, actor=SYSTEM)
        batch.refresh_from_db()
        while check_some(batch):
            pass
        importing.run_import(batch=batch, actor=SYSTEM)
        batch.refresh_from_db()
        while import_some(batch, SYSTEM):
            pass
        assert batch.status == ImportStatus.DONE
        assert [row.message for row in batch.rows.all()] == [""]
        return Patient.objects.for_organization(organization).get(), batch


def record_of(patient: Patient) -> dict[str, Any]:
    """Return what a draft says, of a patient."""
    with organization_scope(patient.organization_id):
        found = Patient.objects.get(pk=patient.pk)
        single = {name: found.born if name == "birth_date" else getattr(found, name) for name in SINGLE}
        texts = {name: getattr(found, name) for name in ("alerts", "tags")}
        return single | texts | {name: rows_of(found, name) for name in LISTS if name not in texts}


class TestRoundTrip:
    def test_import_into_another_clinic_gives_the_same_record(self, organization, known, other_organization):
        copy, batch = import_into(other_organization, write_fhir(export_of(known)))
        before, after = record_of(known), record_of(copy)
        # The number that the person had at the first clinic comes as a number of that clinic.
        number = {"system": fhir.system_of_number(organization.pk), "value": known.record_number}
        assert after.pop("identifiers") == [number, *before.pop("identifiers")]
        assert after == before
        assert batch.skipped == {
            "Organization": 1,
            "Appointment": 6,
            "Practitioner": 1,
            "Location": 1,
            "Communication": 7,
            "DocumentReference": 1,
        }

    def test_merged_record_s_name_goes_as_an_old_one_and_does_not_come_back_as_the_present(
        self, organization, other_organization
    ):
        patient = PatientFactory(organization=organization, given_name="Ana", family_name="López")
        for given_name in ("Anna Maria", "Anna Maria", "Ana"):
            double = PatientFactory(organization=organization, given_name=given_name, family_name="López")
            services.merge_patients(
                survivor=patient, duplicate=double, despite_doubts=True, fields={"given_name": "survivor"}, actor=SYSTEM
            )
        content = write_fhir(export_of(patient))
        validated(json.loads(content))
        (resource,) = resources_of(json.loads(content), "Patient")
        assert [(name["use"], name["given"]) for name in resource["name"]] == [
            ("official", ["Ana"]),
            ("old", ["Anna Maria"]),
        ]
        assert [one["use"] for one in resource["identifier"]] == ["usual", "old", "old", "old"]
        copy, _batch = import_into(other_organization, content)
        assert (copy.given_name, copy.family_name, copy.preferred_name) == ("Ana", "López", "")

    def test_consents_keep_their_answer_and_how_it_was_given(self, known, other_organization):
        copy, _batch = import_into(other_organization, write_fhir(export_of(known)))
        with organization_scope(other_organization.pk):
            found = {one.purpose: one for one in copy.consents.all()}
        original = {one.purpose: one for one in known.consents.all()}
        assert {(one.purpose, one.status) for one in found.values()} == set(ANSWERS)
        for purpose, one in found.items():
            told = (one.method, one.evidence, one.source)
            assert told == ("signed", original[purpose].evidence, "import: front desk")
            assert one.decided_at == original[purpose].decided_at.replace(microsecond=0)

    def test_second_import_recognises_the_person(self, known, other_organization):
        content = write_fhir(export_of(known))
        import_into(other_organization, content)
        with organization_scope(other_organization.pk):
            again = importing.upload_patients(
                organization=other_organization, file_name="b.json", content=content, actor=SYSTEM
            )
            importing.check_import(batch=again, actor=SYSTEM)
            again.refresh_from_db()
            while check_some(again):
                pass
            assert again.rows.get().code == "known"

    def test_number_of_this_clinic_does_not_come_back_as_another_number(self, organization, known):
        content = write_fhir(export_of(known))
        Patient.objects.filter(pk=known.pk).update(given_name="Renamed", birth_date=None, birth_precision="day")
        known.identifiers.all().delete()
        with organization_scope(organization.pk):
            batch = importing.upload_patients(
                organization=organization, file_name="b.json", content=content, actor=SYSTEM
            )
            importing.check_import(batch=batch, actor=SYSTEM)
            batch.refresh_from_db()
            while check_some(batch):
                pass
            importing.run_import(batch=batch, actor=SYSTEM)
            batch.refresh_from_db()
            while import_some(batch, SYSTEM):
                pass
        copy = Patient.objects.exclude(pk=known.pk).get()
        assert [one.system for one in copy.identifiers.all()] == [
            *("passport", "chart of Dr Ruiz / old", "http://hl7.org/fhir/sid/us-ssn")
        ]

    def test_archived_stays_archived(self, known, other_organization):
        services.archive_patient(patient=known, actor=SYSTEM)
        copy, _batch = import_into(other_organization, write_fhir(export_of(known)))
        assert copy.archived_at is not None


# What people write: any script, emoji, signs of direction, several spaces; no control characters, which no form takes.
WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30).filter(str.strip)
KINDS = st.sampled_from([*Relationship.values])
PERSON = st.fixed_dictionaries(
    {"name": WORDS, "relationship": KINDS, "is_emergency_contact": st.booleans(), "is_guardian": st.booleans()}
)
ANYBODY = st.fixed_dictionaries(
    {
        "given_name": WORDS,
        "family_name": st.one_of(st.just(""), WORDS),
        "preferred_name": st.one_of(st.just(""), WORDS),
        "name_latin": st.one_of(st.just(""), WORDS),
        "gender_identity": st.one_of(st.just(""), WORDS),
        "note": st.one_of(st.just(""), WORDS, st.tuples(WORDS, WORDS).map("\n".join)),
        "alerts": st.lists(WORDS, max_size=3),
        "tags": st.lists(WORDS, max_size=3),
        "identifiers": st.lists(st.fixed_dictionaries({"system": WORDS, "value": WORDS}), max_size=3),
        "related_persons": st.lists(PERSON, max_size=3, unique_by=lambda one: fold(one["name"])),
    }
)


@given(fields=ANYBODY)
@settings(
    max_examples=60, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
def test_whatever_people_are_called_comes_back_as_it_was(organization, fields):
    made = services.create_patient(organization=organization, actor=SYSTEM, **fields)
    content = write_fhir(export_of(made))
    validated(json.loads(content))
    ((_place, read),) = read_fhir(content, most_bytes=1024 * 1024).patients
    draft = read_patient(read, organization=organization)
    given = clean_fields(fields, organization=organization)
    back = clean_fields({name: getattr(draft, name) for name in fields}, organization=organization)
    for person in given["related_persons"]:  # a guardian by relationship is one who decides
        person["is_guardian"] |= person["relationship"] == Relationship.GUARDIAN
    assert back == given
    Patient.objects.filter(pk=made.pk).delete()
