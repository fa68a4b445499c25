"""`/api/v1/patients/`."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.audit.models import AccessKind, AccessRecord
from apps.communications.services.outcomes import block_communication
from apps.core.actors import SYSTEM
from apps.events.models import Event
from apps.organizations.permissions import Permission
from apps.patients import services
from apps.patients.models import Patient
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.patients import ContactPointFactory, IdentifierFactory, PatientFactory
from tests.fixtures.shared import api_client_for

URL = "/api/v1/patients/"
pytestmark = pytest.mark.django_db


def test_create_answers_the_patient_with_its_place_and_version(api_client):
    answer = api_client.post(
        URL,
        {
            "given_name": "Ana",
            "family_name": "López",
            "birth_date": "1978-03-14",
            "phones": ["(415) 555-0142"],
            "emails": ["Ana@Example.org"],
        },
    )
    body = answer.json()
    assert answer.status_code == 201
    assert (body["full_name"], body["phones"], body["emails"], body["version"]) == (
        "Ana López",
        ["+14155550142"],
        ["ana@example.org"],
        1,
    )
    assert (answer["Location"], answer["ETag"]) == (f"{URL}{body['id']}/", '"1"')


def test_create_twice_with_one_idempotency_key_registers_once(api_client):
    answers = [
        api_client.post(URL, {"given_name": "Ana"}, headers={"Idempotency-Key": "k1"}).json()["id"] for _n in range(2)
    ]
    assert answers[0] == answers[1]
    assert Patient.objects.count() == 1


def test_wrong_fields_are_named(api_client):
    answer = api_client.post(URL, {"given_name": "Ana", "phones": ["12"], "birth_date": "2999-01-01"})
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert {error["field"] for error in answer.json()["errors"]} == {"phones", "birth_date"}
    assert not Patient.objects.exists()


@pytest.mark.parametrize(
    "body",
    [{"birth_date": "yesterday", "given_name": "A"}, {"given_name": "A", "sex": "robot"}, {"given_name": ["A"]}, {}],
)
def test_impossible_input_is_422(api_client, body):
    assert api_client.post(URL, body).status_code == 422


def test_retrieve_leaves_an_access_record(api_client, patient, manager):
    body = api_client.get(f"{URL}{patient.pk}/").json()
    assert (body["id"], body["phones"], body["record_number"]) == (
        str(patient.pk),
        ["+14155550142"],
        patient.record_number,
    )
    record = AccessRecord.objects.get()
    assert (record.patient_id, record.kind, record.route) == (patient.pk, AccessKind.VIEW, "api:patients-retrieve")


def test_not_found(api_client, foreign_patient):
    for pk in ("00000000-0000-7000-8000-000000000000", foreign_patient.pk):
        assert api_client.get(f"{URL}{pk}/").status_code == 404
        assert api_client.patch(f"{URL}{pk}/", {"given_name": "X"}).status_code == 404
        assert api_client.get(f"{URL}{pk}/timeline/").status_code == 404
        assert api_client.post(f"{URL}{pk}/consents/", {"purpose": "sms", "status": "active"}).status_code == 404
    assert api_client.get(f"{URL}not-a-uuid/").status_code == 404


def test_patch_changes_what_was_sent(api_client, patient):
    answer = api_client.patch(
        f"{URL}{patient.pk}/", {"preferred_name": "Anita", "phones": ["646 555 0199"], "version": 1}
    )
    assert answer.status_code == 200
    assert (answer.json()["preferred_name"], answer.json()["phones"], answer.json()["version"]) == (
        "Anita",
        ["+16465550199"],
        2,
    )


@pytest.mark.parametrize(
    "how",
    [{"data": {"given_name": "Anya", "version": 1}}, {"data": {"given_name": "Anya"}, "headers": {"If-Match": '"1"'}}],
)
def test_a_stale_patch_is_409_with_the_conflicts(api_client, patient, actor, how):
    services.update_patient(patient=patient, changes={"given_name": "Anna"}, actor=actor)
    answer = api_client.patch(f"{URL}{patient.pk}/", **how)
    assert answer.status_code == 409
    body = answer.json()
    assert (body["code"], body["current"]) == ("stale", 2)
    assert body["conflicts"] == [{"field": "given_name", "current": "Anna", "yours": "Anya"}]


def test_list_is_newest_first_and_leaves_out_archived_ones(api_client, organization, patient, actor):
    later = PatientFactory(organization=organization)
    services.archive_patient(patient=PatientFactory(organization=organization), actor=actor)
    assert [row["id"] for row in api_client.get(URL).json()["results"]] == [str(later.pk), str(patient.pk)]
    assert len(api_client.get(URL, {"archived": "true"}).json()["results"]) == 1


def test_list_pages_by_cursor(api_client, organization):
    made = {str(PatientFactory(organization=organization).pk) for _n in range(5)}
    first = api_client.get(URL, {"limit": 3, "ordering": "name"}).json()
    second = api_client.get(first["next"]).json()
    assert {row["id"] for row in first["results"] + second["results"]} == made
    assert second["next"] is None


def test_list_filters_by_phone_email_and_birth_date(api_client, organization, patient):
    PatientFactory(organization=organization, birth_date=None)
    for query in ({"phone": "(415) 555-0142"}, {"email": "ANA@example.org"}, {"birth_date": "1978-03-14"}):
        assert [row["id"] for row in api_client.get(URL, query).json()["results"]] == [str(patient.pk)]


def test_search_ranks_and_says_why(api_client, organization, actor):
    wanted = services.create_patient(
        organization=organization, given_name="Ana", family_name="López", phones=["4155550142"], actor=actor
    )
    PatientFactory(organization=organization, given_name="Pedro")
    rows = api_client.get(URL, {"search": "lopez 0142"}).json()["results"]
    assert [(row["id"], row["match"]) for row in rows] == [(str(wanted.pk), "phone (415) 555-0142")]
    assert AccessRecord.objects.get().kind == AccessKind.SEARCH


def test_search_finds_who_is_archived_where_it_is_asked_to(api_client, organization, actor):
    active, archived = (
        services.create_patient(organization=organization, given_name="Ana", family_name="López", actor=actor)
        for _n in range(2)
    )
    services.archive_patient(patient=archived, actor=actor)

    def found(path: str, **query: str) -> list[str]:
        return [row["id"] for row in api_client.get(path, {"search": "lopez"} | query).json()["results"]]

    assert found(URL) == found(URL, archived="false") == [str(active.pk)]
    assert found(URL, archived="true") == [str(archived.pk)]
    file = api_client.get(f"{URL}export/", {"search": "lopez", "archived": "true"})
    assert [line.split(",")[0] for line in file.getvalue().decode("utf-8-sig").splitlines()[1:]] == [
        archived.record_number
    ]
    refused = api_client.get(URL, {"search": "lopez", "archived": "perhaps"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "archived")


@pytest.mark.parametrize("query", [{"ordering": "shoe_size"}, {"birth_date": "soon"}, {"archived": "maybe?"}])
def test_a_parameter_that_makes_no_sense_is_refused_or_ignored_without_failing(api_client, organization, query):
    assert api_client.get(URL, query).status_code in {200, 422}


def test_list_takes_as_many_queries_for_many_as_for_few(api_client, organization):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert api_client.get(URL).status_code == 200
        return len(queries)

    ContactPointFactory(organization=organization, patient=PatientFactory(organization=organization))
    api_client.get(URL)
    few = count()
    for _n in range(10):
        ContactPointFactory(organization=organization, patient=PatientFactory(organization=organization))
    assert count() == few


def test_timeline_reads_as_sentences_newest_first(api_client, organization, actor, patient):
    services.update_patient(patient=patient, changes={"phones": ["6465550199"], "given_name": "Anna"}, actor=actor)
    services.set_consent(patient=patient, purpose="whatsapp", status="active", source="front desk", actor=actor)
    services.set_consent(patient=patient, purpose="whatsapp", status="withdrawn", source="STOP keyword", actor=actor)
    rows = api_client.get(f"{URL}{patient.pk}/timeline/").json()["results"]
    assert [row["text"] for row in rows] == [
        "Consent withdrawn: WhatsApp messages (STOP keyword)",
        "Consent given: WhatsApp messages (front desk)",
        "Changed phone numbers, given name",
    ]
    assert {row["by"] for row in rows} == {actor.label}
    assert api_client.get(f"{URL}{patient.pk}/timeline/", {"kind": "visits"}).json()["results"] == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("consent_withdrawn", "Reminder held back: the patient withdrew consent for SMS"),
        ("opted_out", "Reminder held back: the person opted out of SMS"),
        ("rate", "Reminder held back: it may not go out by SMS now"),
    ],
)
def test_timeline_says_why_a_message_was_held_back(api_client, organization, patient, code, said):
    message = CommunicationFactory(organization=organization, patient=patient, channel="sms", status="queued")
    block_communication(message, code=code, reason="Because.")
    (row,) = api_client.get(f"{URL}{patient.pk}/timeline/", {"kind": "messages"}).json()["results"]
    assert row["text"] == said


def test_timeline_pages_by_the_last_entry(api_client, patient, actor):
    for n in range(60):
        services.update_patient(patient=patient, changes={"note": f"Note {n}"}, actor=actor)
    first = api_client.get(f"{URL}{patient.pk}/timeline/").json()
    second = api_client.get(first["next"]).json()
    assert (len(first["results"]), len(second["results"]), second["next"]) == (50, 10, None)
    assert not {row["id"] for row in first["results"]} & {row["id"] for row in second["results"]}
    assert api_client.get(f"{URL}{patient.pk}/timeline/", {"before": "x"}).status_code == 422


def test_consents_are_listed_and_answered(api_client, patient):
    answer = api_client.post(
        f"{URL}{patient.pk}/consents/", {"purpose": "sms", "status": "active", "source": "paper form"}
    )
    assert (answer.status_code, answer.json()["source"]) == (200, "paper form")
    rows = api_client.get(f"{URL}{patient.pk}/consents/").json()["results"]
    assert [(row["purpose"], row["status"]) for row in rows] == [("sms", "active")]
    assert (
        api_client.post(f"{URL}{patient.pk}/consents/", {"purpose": "telepathy", "status": "active"}).status_code == 422
    )


def test_an_auditor_reads_and_does_not_write(auditor, patient):
    client = api_client_for(auditor)
    assert client.get(URL).status_code == 200
    assert client.post(URL, {"given_name": "X"}).status_code == 403
    assert client.patch(f"{URL}{patient.pk}/", {"given_name": "X"}).status_code == 403
    assert client.post(f"{URL}{patient.pk}/consents/", {"purpose": "sms", "status": "active"}).status_code == 403
    assert not Event.objects.filter(type__startswith="patient").exists()


def test_a_narrow_key_does_not_see_patients(manager, patient):
    client = api_client_for(manager, scopes=(Permission.APPOINTMENTS_VIEW,))
    assert client.get(URL).status_code == 403


def test_without_a_key_nothing_is_said(organization, anonymous_client):
    assert anonymous_client.get(URL).status_code == 401


def test_another_organization_sees_none(foreign_api_client, patient):
    assert foreign_api_client.get(URL).json()["results"] == []
    assert foreign_api_client.get(URL, {"search": "ana"}).json()["results"] == []


def test_the_admin_shows_and_mends_patients_through_the_service(admin_client, patient):
    assert admin_client.get("/admin/patients/patient/", {"q": "ana"}).status_code == 200
    page = admin_client.get(f"/admin/patients/patient/{patient.pk}/change/")
    assert page.status_code == 200
    assert AccessRecord.objects.filter(patient_id=patient.pk).count() == 2
    form = page.context["adminform"].form
    posted = {name: "" if value is None else value for name, value in form.initial.items()} | {
        "given_name": "Anna",
        "alerts": "",
        "tags": "",
    }
    for formset in page.context["inline_admin_formsets"]:
        posted |= {f"{formset.formset.prefix}-TOTAL_FORMS": 0, f"{formset.formset.prefix}-INITIAL_FORMS": 0}
    assert admin_client.post(f"/admin/patients/patient/{patient.pk}/change/", posted).status_code == 302
    patient.refresh_from_db()
    assert (patient.given_name, patient.version) == ("Anna", 2)
    assert Event.objects.filter(type="patient.updated").exists()


def test_the_whole_record_is_written_and_read(api_client):
    body = {
        "given_name": "Ana",
        "birth_date": "1984-03",
        "contact_points": [
            {"system": "email", "value": "Ana@Example.org"},
            {"system": "phone", "value": "(415) 555-0142", "use": "work", "label": "reception"},
        ],
        "addresses": [{"lines": ["12 Harbour Street"], "city": "New York", "country": "us"}],
        "identifiers": [{"system": "passport", "value": "X1"}],
        "related_persons": [{"name": "Rosa", "relationship": "parent", "is_emergency_contact": True}],
        "preferred_times": {"days": ["mon"], "from": "09:00", "to": "12:00"},
        "gender_identity": "woman",
    }
    answer = api_client.post(URL, body)
    assert answer.status_code == 201
    read = api_client.get(f"{URL}{answer.json()['id']}/").json()
    assert (read["birth_date"], read["gender_identity"], read["preferred_times"]) == (
        "1984-03",
        "woman",
        {"days": ["mon"], "from": "09:00", "to": "12:00"},
    )
    assert [(p["system"], p["use"], p["label"]) for p in read["contact_points"]] == [
        ("phone", "work", "reception"),
        ("email", "home", ""),
    ]
    assert read["addresses"][0] | {"id": ""} == {
        "id": "",
        "use": "home",
        "lines": ["12 Harbour Street"],
        "city": "New York",
        "district": "",
        "state": "",
        "postal_code": "",
        "country": "US",
        "rank": 1,
    }
    assert (read["identifiers"][0]["value"], read["related_persons"][0]["name"]) == ("X1", "Rosa")


def test_what_was_read_can_be_written_back_without_a_change(api_client, organization, actor):
    patient = services.create_patient(
        organization=organization,
        given_name="Ana",
        addresses=[{"lines": ["1 Road"]}],
        identifiers=[{"system": "passport", "value": "X1"}],
        related_persons=[{"name": "Rosa"}],
        actor=actor,
    )
    read = api_client.get(f"{URL}{patient.pk}/").json()
    lists = {
        name: [{key: value for key, value in row.items() if key != "rank"} for row in read[name]]
        for name in ("addresses", "identifiers", "related_persons")
    }
    assert api_client.patch(f"{URL}{patient.pk}/", lists).json()["version"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"addresses": [{"lines": ["x"]}, {"lines": ["y"], "country": "XX"}]}, "addresses.1.country"),
        ({"related_persons": [{"name": "R", "relationship": "boss"}]}, "related_persons.0.relationship"),
        ({"identifiers": [{"system": "passport"}]}, "identifiers.0.value"),
        ({"birth_date": "1984-3"}, "birth_date"),
        ({"preferred_times": {"days": ["mo"]}}, "preferred_times.days.0"),
        ({"preferred_times": {"from": "25:00"}}, "preferred_times"),
        ({"contact_points": [{"system": "phone", "value": "12"}]}, "phones.0.value"),
    ],
)
def test_what_is_wrong_in_a_list_is_named_by_its_place(api_client, patient, body, field):
    answer = api_client.patch(f"{URL}{patient.pk}/", body)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])


def test_list_filters_by_identifier_with_and_without_its_system(api_client, organization, patient):
    IdentifierFactory(organization=organization, patient=patient, system="passport", value="X1")
    found = {
        text: len(api_client.get(URL, {"identifier": text}).json()["results"])
        for text in ("X1", "passport|X1", "visa|X1")
    }
    assert found == {"X1": 1, "passport|X1": 1, "visa|X1": 0}


def test_a_consent_is_put_by_its_purpose_with_how_and_evidence(api_client, patient):
    url = f"{URL}{patient.pk}/consents/photos/"
    body = {"status": "active", "method": "signed", "evidence": "Form P-2, in the file", "source": "front desk"}
    answer = api_client.put(url, body)
    assert answer.status_code == 200
    assert {key: answer.json()[key] for key in body} == body
    assert api_client.put(f"{URL}{patient.pk}/consents/pigeons/", body).status_code == 404
    assert api_client.put(url, {"status": "active", "method": "telepathy"}).status_code == 422


@pytest.mark.parametrize("how", ["list", "search"])
def test_lists_of_full_records_take_as_many_queries_for_many_as_for_few(api_client, organization, how):
    def add() -> None:
        services.create_patient(
            organization=organization,
            given_name="Ana",
            family_name="Full",
            addresses=[{"lines": ["1 Road"]}],
            related_persons=[{"name": "Rosa"}],
            actor=SYSTEM,
        )

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert api_client.get(URL, {"search": "Full"} if how == "search" else {}).status_code == 200
        return len(queries)

    add()
    count()
    few = count()
    for _n in range(9):
        add()
    assert count() == few


class TestLooksThatOutlast:
    """A refusal that shows the record, and an answer that is given again, are looks at it."""

    @pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "once"}])
    def test_a_stale_change_shows_the_record_and_is_noted(self, api_client, organization, key):
        patient = PatientFactory(organization=organization, note="very private")
        services.update_patient(patient=patient, changes={"note": "more private"}, actor=SYSTEM)
        answer = api_client.patch(f"{URL}{patient.pk}/", {"version": 1, "note": "?"}, headers=key)
        assert (answer.status_code, "more private" in answer.content.decode()) == (409, True)
        assert [record.patient_id for record in AccessRecord.objects.all()] == [patient.pk]
        patient.refresh_from_db()
        assert patient.note == "more private"

    def test_a_refused_merge_under_a_key_is_noted_once(self, api_client, organization):
        one, other = PatientFactory(organization=organization), PatientFactory(organization=organization)
        body = {"survivor": str(one.pk), "duplicate": str(other.pk), "survivor_version": 99}
        answer = api_client.post(f"{URL}merges/", body, headers={"Idempotency-Key": "once"})
        assert answer.status_code == 409
        assert AccessRecord.objects.filter(patient_id=one.pk).count() == 1
        assert not Event.objects.filter(type="patient.merged").exists()

    def test_an_answer_that_is_repeated_is_noted_each_time(self, api_client, organization):
        ask = {"given_name": "Ana", "family_name": "Lopez", "birth_date": "1978-03-14"}
        patient = services.create_patient(organization=organization, actor=SYSTEM, phones=["(415) 555-0142"], **ask)
        services.compare_patients(organization=organization, patient_ids=[patient.pk])
        ask["phones"] = ["(415) 555-0142"]
        answers = [
            api_client.post(f"{URL}match/", ask, headers={"Idempotency-Key": "same"}).json()["results"]
            for _time in range(3)
        ]
        assert [len(results) for results in answers] == [1, 1, 1]
        assert AccessRecord.objects.filter(patient_id=patient.pk).count() == 3

    def test_a_failure_shows_nothing_and_is_not_noted(self, api_client, organization, monkeypatch):
        patient = PatientFactory(organization=organization)
        monkeypatch.setattr("apps.patients.api.services.update_patient", lambda **_given: 1 / 0)
        api_client.raise_request_exception = False
        assert api_client.patch(f"{URL}{patient.pk}/", {"note": "?"}).status_code == 500
        assert not AccessRecord.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"contact_points": [{"system": "phone"}]}, "contact_points.0.value"),
        ({"identifiers": [{}]}, "identifiers.0.system"),
        ({"addresses": [{}]}, "addresses.0.lines"),
        ({"addresses": [{"country": "US"}]}, "addresses.0.lines"),
        ({"related_persons": [{"relationship": "parent"}]}, "related_persons.0.name"),
    ],
)
def test_half_written_rows_are_refused_and_erase_nothing(api_client, organization, body, field):
    whole = {
        "given_name": "Ana",
        "phones": ["(415) 555-0142"],
        "addresses": [{"lines": ["1 Pine St"], "city": "Oakland"}],
        "identifiers": [{"system": "passport", "value": "X1"}],
        "related_persons": [{"name": "Eva", "relationship": "parent"}],
    }
    before = api_client.post(URL, whole).json()
    for answer in (
        api_client.patch(f"{URL}{before['id']}/", body),
        api_client.post(URL, {"given_name": "Bo"} | body),
    ):
        assert answer.status_code == 422
        assert field in {error["field"] for error in answer.json()["errors"]}
    after = api_client.get(f"{URL}{before['id']}/").json()
    assert {name: after[name] for name in whole} == {name: before[name] for name in whole}


def test_a_change_leaves_out_what_it_does_not_name(api_client, organization):
    made = api_client.post(URL, {"given_name": "Ana", "family_name": "Ruiz", "phones": ["(415) 555-0142"]}).json()
    changed = api_client.patch(f"{URL}{made['id']}/", {"note": "x"}).json()
    assert (changed["given_name"], changed["phones"], changed["note"]) == ("Ana", ["+14155550142"], "x")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("birth_date", "2020-13-40"),
        ("birth_date", "9999-99"),
        ("birth_date", "9999"),
        ("birth_date", "0000"),
        ("phones", ["zz"]),
        ("emails", ["nobody"]),
    ],
)
def test_nobody_is_looked_for_by_what_can_not_be(api_client, field, value):
    answer = api_client.post("/api/v1/patients/match/", {"given_name": "Ana", field: value})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
