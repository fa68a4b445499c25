"""The whole record through the services: kinds of phones, addresses, identifiers, people, wishes."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from apps.core.actors import SYSTEM
from apps.core.errors import InvalidInput, StaleVersion
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from apps.patients import services
from apps.patients.models import Identifier, Patient
from apps.patients.selectors import search_patients
from apps.patients.times import times_in_words
from tests.fixtures.patients import IdentifierFactory, PatientFactory

pytestmark = pytest.mark.django_db
HOME = {"lines": ["12 Harbour Street", "Apt 4B"], "city": "New York", "state": "NY", "postal_code": "10001"}
ROSA = {"name": "Rosa López", "relationship": "parent", "phone": "(415) 555-0143", "is_guardian": True}


def create(organization, **fields):
    return services.create_patient(organization=organization, **{"given_name": "Ana", "actor": SYSTEM, **fields})


def change(patient, actor, **changes):
    return services.update_patient(patient=patient, changes=changes, actor=actor)


def test_a_whole_record_is_registered_in_one_go(organization, actor):
    patient = create(
        organization,
        phones=[{"value": "415 555 0142", "use": "work", "label": "reception"}, "646 555 0199"],
        addresses=[HOME],
        identifiers=[{"system": "passport", "value": " X123  456 "}],
        related_persons=[ROSA],
        gender_identity="non-binary",
        preferred_times={"days": ["wed", "mon"], "from": "17:30"},
        actor=actor,
    )
    points = list(patient.contact_points.values_list("value", "use", "label", "rank"))
    assert points == [("+14155550142", "work", "reception", 1), ("+16465550199", "mobile", "", 2)]
    assert patient.addresses.get().in_one_line == "12 Harbour Street, Apt 4B, New York, NY 10001, US"
    assert patient.identifiers.get().value == "X123 456"
    person = patient.related_persons.get()
    assert (person.name, person.phone, person.is_guardian, person.rank) == ("Rosa López", "+14155550143", True, 1)
    assert times_in_words(patient.preferred_times) == "Mon, Wed · from 17:30"
    assert Event.objects.filter(patient_id=patient.pk).count() == 1


def test_one_save_of_many_lists_is_one_event_with_each_list_before_and_after(patient, actor):
    change(patient, actor, addresses=[HOME], related_persons=[ROSA], note="Rings twice")
    event = Event.objects.get(type="patient.updated")
    assert set(event.changes) == {"addresses", "related_persons", "note"}
    before, after = event.changes["addresses"]
    assert (before, after[0]["city"], after[0]["country"]) == ([], "New York", "US")
    patient.refresh_from_db()
    assert patient.version == 2


def test_saving_the_same_lists_again_writes_nothing(patient, actor):
    change(
        patient, actor, addresses=[HOME], identifiers=[{"system": "passport", "value": "X1"}], related_persons=[ROSA]
    )
    again = change(
        patient, actor, addresses=[HOME], identifiers=[{"system": "passport", "value": "X1"}], related_persons=[ROSA]
    )
    assert (again.version, Event.objects.filter(type="patient.updated").count()) == (2, 1)


def test_a_row_that_stays_keeps_its_id_when_others_come_and_go(patient, actor):
    change(patient, actor, addresses=[HOME, {"lines": ["1 Old Road"]}])
    kept = patient.addresses.get(city="New York").pk
    change(patient, actor, addresses=[{"lines": ["9 New Road"]}, HOME])
    assert list(patient.addresses.values_list("rank", "lines")) == [
        (1, ["9 New Road"]),
        (2, ["12 Harbour Street", "Apt 4B"]),
    ]
    assert patient.addresses.get(rank=2).pk == kept


def test_a_row_with_its_id_is_changed_in_place(patient, actor):
    change(patient, actor, related_persons=[ROSA])
    person = patient.related_persons.get()
    change(patient, actor, related_persons=[ROSA | {"id": person.pk, "name": "Rosa Marín"}])
    assert patient.related_persons.get().pk == person.pk
    assert patient.related_persons.get().name == "Rosa Marín"


def test_the_id_of_another_patients_row_changes_nothing_of_theirs(organization, patient, actor):
    other = create(organization, addresses=[HOME])
    theirs = other.addresses.get()
    change(patient, actor, addresses=[{"id": theirs.pk, "lines": ["9 New Road"]}])
    theirs.refresh_from_db()
    assert (theirs.patient_id, theirs.lines) == (other.pk, HOME["lines"])
    assert patient.addresses.get().pk != theirs.pk


def test_a_number_given_bare_keeps_its_kind_and_label(patient, actor):
    change(patient, actor, phones=[{"value": "415 555 0142", "use": "work", "label": "desk"}])
    change(patient, actor, phones=["646 555 0199", "415 555 0142"])
    assert patient.contact_points.get(value="+14155550142").label == "desk"


def test_another_kind_of_a_phone_is_an_event_of_its_own_name(patient, patient_phone, actor):
    change(patient, actor, phones=[{"value": patient_phone.value, "use": "work"}])
    event = Event.objects.get(type="patient.updated")
    assert set(event.changes) == {"phones_kinds"}
    patient_phone.refresh_from_db()
    assert patient_phone.use == "work"


def test_a_stale_list_is_refused_with_both_versions(patient, actor):
    change(patient, actor, addresses=[HOME])
    with pytest.raises(StaleVersion) as refusal:
        services.update_patient(
            patient=patient, changes={"addresses": [{"lines": ["9 New Road"]}]}, version=1, actor=actor
        )
    (conflict,) = refusal.value.extra["conflicts"]
    assert (conflict["current"][0]["city"], conflict["yours"][0]["lines"]) == ("New York", ["9 New Road"])
    assert patient.addresses.get().city == "New York"


@pytest.mark.parametrize(
    ("part", "rows", "field"),
    [
        ("addresses", [HOME, HOME | {"country": "Utopia"}], "addresses.1.country"),
        ("addresses", [HOME | {"use": "castle"}], "addresses.0.use"),
        ("addresses", [{"lines": ["a", "b", "c", "d", "e"]}], "addresses.0.lines"),
        ("addresses", [HOME | {"planet": "Mars"}], "addresses.0.planet"),
        ("identifiers", [{"system": "", "value": "X1"}], "identifiers.0.system"),
        ("identifiers", [{"system": "passport", "value": " "}], "identifiers.0.value"),
        ("identifiers", [{"system": "passport", "value": "x" * 101}], "identifiers.0.value"),
        ("related_persons", [{"name": "", "phone": "415 555 0143"}], "related_persons.0.name"),
        ("related_persons", [ROSA | {"phone": "12"}], "related_persons.0.phone"),
        ("related_persons", [ROSA | {"email": "nowhere"}], "related_persons.0.email"),
        ("related_persons", [ROSA | {"relationship": "boss"}], "related_persons.0.relationship"),
        ("related_persons", [{"linked_patient": str(uuid.uuid4())}], "related_persons.0.linked_patient"),
        ("phones", [{"value": "415 555 0142", "use": "pager"}], "phones.0.use"),
        ("contact_points", [{"system": "fax", "value": "1"}], "contact_points.0.system"),
        ("preferred_times", {"days": ["someday"]}, "preferred_times"),
        ("preferred_times", {"from": "18:00", "to": "09:00"}, "preferred_times"),
        ("preferred_times", {"parts": ["morning"], "from": "09:00"}, "preferred_times"),
    ],
)
def test_what_is_wrong_in_a_list_is_named_by_its_place(patient, actor, part, rows, field):
    with pytest.raises(InvalidInput) as refusal:
        change(patient, actor, **{part: rows})
    assert set(refusal.value.errors) == {field}
    assert not Event.objects.exists()


def test_rows_in_which_nothing_was_written_are_left_out(patient, actor):
    change(
        patient,
        actor,
        addresses=[{"lines": [" "], "country": "US"}],
        identifiers=[{"system": "", "value": ""}],
        related_persons=[{"relationship": "parent"}],
    )
    assert not Event.objects.exists()


# ── identifiers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_identifier_of_somebody_else_is_refused_with_whose_it_is(organization, patient, actor):
    owner = PatientFactory(organization=organization, given_name="Rosa", family_name="Marín")
    IdentifierFactory(organization=organization, patient=owner, system="passport", value="X1")
    with pytest.raises(InvalidInput) as refusal:
        change(patient, actor, identifiers=[{"system": "passport", "value": "X1"}])
    assert f"Rosa Marín ({owner.record_number})" in refusal.value.errors["identifiers.0.value"][0]
    change(patient, actor, identifiers=[{"system": "insurance", "value": "X1"}])  # the control: another system's X1


def test_another_clinic_may_have_the_same_identifier(organization, other_organization, actor):
    with organization_scope(other_organization.pk):
        create(other_organization, identifiers=[{"system": "passport", "value": "X1"}])
    create(organization, identifiers=[{"system": "passport", "value": "X1"}])
    assert Identifier.objects.filter(organization=organization, value="X1").count() == 1


@pytest.mark.parametrize("typed", ["AB-123-4567", "ab1234567", "1234567", "ab-123"])
def test_a_patient_is_found_by_an_identifier_as_it_is_written(organization, patient, actor, typed):
    change(patient, actor, identifiers=[{"system": "insurance", "value": "AB-123-4567"}])
    assert [match.patient for match in search_patients(organization=organization, text=typed)] == [patient]


@pytest.mark.django_db(transaction=True)
def test_one_number_for_two_patients_at_once_goes_to_one_and_the_other_is_told_whose_it_is(organization):
    patients = [PatientFactory(organization=organization) for _n in range(2)]
    together = Barrier(2, timeout=20)

    def give(patient: Patient) -> str:
        try:
            with organization_scope(organization.pk):
                together.wait()
                services.update_patient(
                    patient=patient, changes={"identifiers": [{"system": "passport", "value": "X1"}]}, actor=SYSTEM
                )
                return "saved"
        except InvalidInput as refusal:
            return "refused" if "has this number" in refusal.message else refusal.message
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(give, patients))
    assert outcomes == ["refused", "saved"]
    with organization_scope(organization.pk):
        assert Identifier.objects.filter(value="X1").count() == 1


# ── people ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_person_who_is_a_patient_here_is_linked_and_named_after_the_record(organization, patient, actor):
    mother = PatientFactory(organization=organization, given_name="Rosa", family_name="Marín")
    change(patient, actor, related_persons=[{"linked_patient": mother.pk, "relationship": "parent"}])
    person = patient.related_persons.get()
    assert (person.linked_patient, person.name) == (mother, "Rosa Marín")


def test_nobody_is_related_to_themselves(patient, actor):
    with pytest.raises(InvalidInput, match="This is the patient"):
        change(patient, actor, related_persons=[{"linked_patient": patient.pk}])


def test_another_clinics_patient_is_nobody_here(patient, actor, foreign_patient):
    with pytest.raises(InvalidInput, match="no such patient"):
        change(patient, actor, related_persons=[{"name": "X", "linked_patient": foreign_patient.pk}])
