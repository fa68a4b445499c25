"""Registering, changing, archiving patients, and what they agree to."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from apps.core.actors import BOT, SYSTEM, patient_actor
from apps.core.errors import InvalidInput, NotAllowed, StaleVersion
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from apps.organizations.services import actor_for_membership
from apps.patients import services
from apps.patients.models import Consent, Patient

pytestmark = pytest.mark.django_db


def create(organization, **fields):
    return services.create_patient(organization=organization, **{"given_name": "Ana", "actor": SYSTEM, **fields})


def test_create_stores_normalised_addresses_in_the_order_to_try(organization, actor):
    patient = services.create_patient(
        organization=organization,
        given_name="  Ana  María ",
        family_name="López",
        birth_date=dt.date(1978, 3, 14),
        phones=["(415) 555-0142", "+44 7700 900123", "4155550142"],
        emails=["Ana@Example.ORG"],
        actor=actor,
    )
    assert patient.given_name == "Ana María"
    points = list(patient.contact_points.order_by("system", "rank").values_list("system", "value", "rank"))
    assert points == [("email", "ana@example.org", 1), ("phone", "+14155550142", 1), ("phone", "+447700900123", 2)]


def test_create_publishes_one_event_of_the_patient(organization, actor):
    patient = create(organization, actor=actor)
    event = Event.objects.get(type="patient.created")
    assert (event.patient_id, event.subject_id, event.actor_id) == (patient.pk, patient.pk, actor.id)


def test_numbers_count_up_per_organization(organization, other_organization):
    first, second = create(organization), create(organization)
    with organization_scope(other_organization.pk):
        foreign = create(other_organization)
    assert (second.number - first.number, foreign.number) == (1, 1)


def test_numbers_continue_above_imported_ones(organization, patient):
    assert create(organization).number == patient.number + 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_registrations_get_different_numbers(organization):
    def register(n: int) -> int:
        try:
            with organization_scope(organization.pk):
                return create(organization, given_name=f"Person{n}").number
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(register, range(24)))
    assert sorted(numbers) == list(range(1, 25))


@pytest.mark.parametrize("name", ["राम", "张伟", "محمد", "Łukasz", "O’Brien", "Nguyễn"])
def test_names_of_any_script_are_kept_as_written(organization, name):
    assert create(organization, given_name=name).given_name == name


def test_a_patient_without_any_name_is_refused(organization):
    with pytest.raises(InvalidInput) as refusal:
        create(organization, given_name=" ", family_name="")
    assert refusal.value.errors == {"given_name": ["Enter a given name or a family name."]}


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("12", "too few digits"),
        ("555-0142", "too few digits"),
        ("+1 415 555 0142 999", "too many digits"),
        ("call me", "not a phone number"),
        ("+1 123 456 7890", "not a number that exists"),
    ],
)
def test_invalid_phone_is_refused_with_the_remedy(organization, raw, words):
    with pytest.raises(InvalidInput) as refusal:
        create(organization, phones=[raw])
    message = refusal.value.errors["phones"][0]
    assert words in message
    assert "for example +1 201-555-0123" in message


def test_invalid_email_is_refused_with_the_remedy(organization):
    with pytest.raises(InvalidInput) as refusal:
        create(organization, emails=["ana at example"])
    assert "Write it like name@example.org" in refusal.value.errors["emails"][0]


def test_every_refused_field_is_named_at_once(organization):
    with pytest.raises(InvalidInput) as refusal:
        create(
            organization,
            birth_date=dt.date(2999, 1, 1),
            sex="robot",
            language="English!",
            preferred_channel="pigeon",
            phones=["1"],
            family_name="x" * 121,
            note="\x00",
            shoe_size="43",
        )
    assert set(refusal.value.errors) == {
        "birth_date", "sex", "language", "preferred_channel", "phones", "family_name", "note", "shoe_size"
    }  # fmt: skip
    assert not Patient.objects.exists()


def test_birth_date_of_a_century_and_a_half_ago_is_refused(organization):
    with pytest.raises(InvalidInput, match="130 years"):
        create(organization, birth_date=dt.date(1870, 1, 1))


def test_bot_may_register_and_auditor_may_not(organization, auditor):
    create(organization, actor=BOT)
    with pytest.raises(NotAllowed):
        create(organization, actor=actor_for_membership(auditor))


def test_update_changes_only_what_was_given(organization, patient, actor):
    saved = services.update_patient(
        patient=patient, changes={"given_name": "Anna", "family_name": "López"}, version=1, actor=actor
    )
    assert (saved.given_name, saved.family_name, saved.version) == ("Anna", "López", 2)
    event = Event.objects.get(type="patient.updated")
    assert event.changes == {"given_name": ["Ana", "Anna"]}


def test_update_without_a_difference_writes_nothing(patient, actor):
    saved = services.update_patient(patient=patient, changes={"given_name": "Ana"}, version=1, actor=actor)
    assert saved.version == 1
    assert not Event.objects.filter(type="patient.updated").exists()


def test_update_replaces_phones_and_keeps_verified_ones(patient, patient_phone, actor):
    services.add_contact_point(patient=patient, system="phone", value=patient_phone.value, verified=True, actor=actor)
    services.update_patient(patient=patient, changes={"phones": ["+1 646 555 0199", patient_phone.value]}, actor=actor)
    phones = [(p.value, p.rank, p.verified_at is not None) for p in patient.contact_points.filter(system="phone")]
    assert phones == [("+16465550199", 1, False), ("+14155550142", 2, True)]


def test_stale_version_is_refused_field_by_field(patient, actor):
    services.update_patient(patient=patient, changes={"given_name": "Anna", "phones": []}, version=1, actor=actor)
    with pytest.raises(StaleVersion) as refusal:
        services.update_patient(
            patient=patient,
            changes={"given_name": "Anya", "family_name": "López", "birth_date": dt.date(1979, 1, 1)},
            version=1,
            actor=actor,
        )
    assert refusal.value.extra == {
        "current": 2,
        "conflicts": [
            {"field": "given_name", "current": "Anna", "yours": "Anya"},
            {"field": "birth_date", "current": "1978-03-14", "yours": "1979-01-01"},
        ],
    }
    patient.refresh_from_db()
    assert patient.given_name == "Anna"


def test_update_cannot_take_the_last_name_away(patient, actor):
    with pytest.raises(InvalidInput):
        services.update_patient(patient=patient, changes={"given_name": "", "family_name": ""}, actor=actor)


def test_clinician_may_update_and_auditor_may_not(patient, clinician, auditor):
    services.update_patient(
        patient=patient, changes={"note": "Prefers mornings"}, actor=actor_for_membership(clinician)
    )
    with pytest.raises(NotAllowed):
        services.update_patient(patient=patient, changes={"note": "x"}, actor=actor_for_membership(auditor))


def test_added_contact_point_ranks_last_and_a_known_one_is_returned(patient, actor):
    added = services.add_contact_point(patient=patient, system="phone", value="646 555 0199", actor=actor)
    again = services.add_contact_point(patient=patient, system="phone", value="+16465550199", actor=actor)
    assert (added.rank, again.pk) == (2, added.pk)
    assert Event.objects.filter(type="patient.updated").count() == 1


def test_archive_and_restore_are_each_other_and_repeatable(patient, actor):
    services.archive_patient(patient=patient, actor=actor)
    archived = services.archive_patient(patient=patient, actor=actor)
    assert archived.archived_at is not None
    restored = services.restore_patient(patient=patient, actor=actor)
    assert restored.archived_at is None
    assert sorted(Event.objects.values_list("type", flat=True)) == ["patient.archived", "patient.restored"]


def test_consent_is_one_answer_per_purpose_with_its_history_in_events(patient, actor):
    services.set_consent(patient=patient, purpose="whatsapp", status="active", source="front desk", actor=actor)
    services.set_consent(patient=patient, purpose="whatsapp", status="active", source="front desk", actor=actor)
    services.set_consent(
        patient=patient, purpose="whatsapp", status="withdrawn", source="STOP keyword", actor=patient_actor(patient.pk)
    )
    consent = Consent.objects.get()
    assert (consent.status, consent.source) == ("withdrawn", "STOP keyword")
    assert list(Event.objects.order_by("id").values_list("type", flat=True)) == ["consent.given", "consent.withdrawn"]


@pytest.mark.parametrize("wrong", [{"purpose": "telepathy"}, {"status": "maybe"}])
def test_unknown_consent_is_refused(patient, actor, wrong):
    with pytest.raises(InvalidInput):
        services.set_consent(
            **{"patient": patient, "purpose": "sms", "status": "active", "source": "x", "actor": actor} | wrong
        )


def test_opt_out_of_a_household_phone_covers_everybody_on_it(organization, patient):
    child = create(organization, given_name="Leo", phones=["+14155550142"])
    create(organization, given_name="Stranger", phones=["+14155550143"])
    withdrawn = services.withdraw_channel_consents(
        organization=organization,
        channel="sms",
        address="+14155550142",
        source="STOP keyword",
        actor=patient_actor(None),
    )
    assert {c.patient_id for c in withdrawn} == {patient.pk, child.pk}
    services.give_channel_consents(
        organization=organization,
        channel="sms",
        address="+14155550142",
        source="START keyword",
        actor=patient_actor(None),
    )
    assert set(Consent.objects.values_list("purpose", "status")) == {("sms", "active")}


def test_opt_out_by_email_and_by_an_unknown_address(organization, patient):
    by_email = services.withdraw_channel_consents(
        organization=organization, channel="email", address="ANA@example.org", source="link", actor=patient_actor(None)
    )
    by_short_code = services.withdraw_channel_consents(
        organization=organization, channel="sms", address="22395", source="STOP keyword", actor=patient_actor(None)
    )
    assert ([c.patient_id for c in by_email], by_short_code) == ([patient.pk], [])


@pytest.mark.parametrize(
    ("written", "first", "ages"),
    [
        ("1984", dt.date(1984, 1, 1), "41–42"),
        ("1984-03", dt.date(1984, 3, 1), "42"),
        ("1984-12-31", dt.date(1984, 12, 31), "41"),
    ],
)
def test_a_partial_birth_date_is_kept_as_the_first_day_with_what_is_known(organization, written, first, ages):
    patient = create(organization, birth_date=written)
    patient.refresh_from_db()
    assert (patient.birth_date, str(patient.born), patient.age_text(dt.date(2026, 11, 28))) == (first, written, ages)


def test_an_age_that_hangs_on_an_unknown_day_is_not_guessed(organization):
    patient = create(organization, birth_date="1984")
    assert (patient.age(dt.date(2026, 6, 1)), patient.age(dt.date(2026, 12, 31))) == (None, 42)


@pytest.mark.parametrize("written", ["84", "1984-3", "1984-13", "14.03.1984", "1984-02-30"])
def test_a_birth_date_in_no_known_form_is_refused_with_the_forms(organization, written):
    with pytest.raises(InvalidInput) as refusal:
        create(organization, birth_date=written)
    assert "YYYY-MM-DD; YYYY-MM or YYYY" in refusal.value.errors["birth_date"][0]
