"""`/api/v1/events/` and `/api/v1/audit/access/`."""

from __future__ import annotations

import pytest

from apps.audit.models import AccessKind, AccessRecord
from apps.core.actors import SYSTEM
from apps.events.models import Event
from apps.events.services import emit
from tests.fixtures.patients import PatientFactory
from tests.fixtures.settling import settle
from tests.fixtures.shared import api_client_for

URL = "/api/v1/events/"


@pytest.fixture
def happened(organization, patient, location):
    return [
        emit("patient.created", subject=patient, patient_id=patient.pk, actor=SYSTEM, payload={"number": 7}),
        emit("location.opened", subject=location, actor=SYSTEM),
        emit(
            "patient.changed", subject=patient, patient_id=patient.pk, actor=SYSTEM, changes={"language": ["en", "es"]}
        ),
    ]


def ids(answer):
    return [row["id"] for row in answer.json()["results"]]


def test_the_feed_begins_with_the_first_event(api_client, happened):
    everything = ids(api_client.get(URL))
    assert [pk for pk in everything if pk in {str(event.pk) for event in happened}] == [
        str(event.pk) for event in happened
    ]


def test_the_next_question_with_the_cursor_brings_what_is_new(api_client, happened, location):
    """In one test transaction nothing is settled, so repeats are allowed: the new one must be there."""
    cursor = api_client.get(URL).json()["cursor"]
    new = emit("location.closed", subject=location, actor=SYSTEM)
    assert str(new.pk) in ids(api_client.get(URL, {"after": cursor}))


def test_latest_gives_a_cursor_and_nothing_of_the_past(api_client, happened):
    answer = api_client.get(URL, {"after": "latest"})
    assert answer.json()["results"] == []
    assert answer.json()["cursor"].isdigit()


def test_types_and_patient_narrow_the_feed(api_client, organization, happened):
    assert ids(api_client.get(URL, {"type": "location.opened,patient.changed"})) == [
        str(happened[1].pk),
        str(happened[2].pk),
    ]
    somebody = PatientFactory(organization=organization)
    assert ids(api_client.get(URL, {"patient": str(somebody.pk)})) == []
    assert len(ids(api_client.get(URL, {"patient": str(happened[0].patient_id)}))) == 2


def test_another_organization_sees_none_of_it(foreign_api_client, happened):
    assert not {str(event.pk) for event in happened} & set(ids(foreign_api_client.get(URL)))
    assert foreign_api_client.get(f"{URL}{happened[0].pk}/").status_code == 404


@pytest.mark.parametrize("query", [{"after": "x"}, {"patient": "7"}, {"limit": "0"}, {"limit": "x"}, {"limit": "201"}])
def test_a_parameter_that_makes_no_sense_is_422(api_client, organization, query):
    answer = api_client.get(URL, query)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, next(iter(query)))


def test_reading_a_patients_events_is_in_the_access_log(api_client, happened, manager):
    api_client.get(URL, {"patient": str(happened[0].patient_id)})
    record = AccessRecord.objects.get()
    assert (record.kind, record.patient_id, record.route) == (
        AccessKind.VIEW,
        happened[0].patient_id,
        "api:events-list",
    )


@pytest.mark.django_db(transaction=True)
def test_a_full_page_leads_to_the_next_one_without_gap_or_repeat(organization, api_client):
    from apps.core.tenancy import organization_scope

    for _round in range(3):
        with organization_scope(organization.pk):
            for _event in range(2):
                emit("organization.tested", subject=organization, organization_id=organization.pk, actor=SYSTEM)
    settle()
    seen, url = [], f"{URL}?type=organization.tested&limit=4"
    while url:
        answer = api_client.get(url)
        seen += ids(answer)
        url = answer.json()["next"]
    with organization_scope(organization.pk):
        written = Event.objects.filter(type="organization.tested").order_by("id").values_list("pk", flat=True)
        assert seen == [str(pk) for pk in written]


class TestAccessLog:
    def test_it_lists_who_looked(self, api_client, happened, front_desk):
        api_client_for(front_desk).get(f"{URL}{happened[0].pk}/")
        rows = api_client.get("/api/v1/audit/access/").json()["results"]
        assert [(row["patient"], row["actor"]["kind"]) for row in rows] == [(str(happened[0].patient_id), "api_key")]

    def test_the_front_desk_may_not_read_it(self, front_desk):
        assert api_client_for(front_desk).get("/api/v1/audit/access/").status_code == 403

    @pytest.mark.parametrize("query", [{"patient": "x"}, {"kind": "x"}, {"since": "yesterday"}])
    def test_a_filter_that_makes_no_sense_is_422(self, api_client, organization, query):
        assert api_client.get("/api/v1/audit/access/", query).status_code == 422
