"""`/api/v1/communications/` and the ledger in the admin."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.audit.models import AccessRecord
from apps.communications.models import ChannelAccount, Communication, ContactState
from apps.core.tenancy import organization_scope
from tests.fixtures.communications import ChannelAccountFactory, CommunicationFactory
from tests.fixtures.outbound import PHONE

LIST = "/api/v1/communications/"
pytestmark = pytest.mark.django_db


def address(row: Communication, tail: str = "") -> str:
    return f"{LIST}{row.pk}/{tail}"


@pytest.mark.parametrize(
    ("channel", "expected"),
    [("whatsapp", PHONE), ("sms", PHONE), ("voice", PHONE), ("email", "ana@example.org")],
)
def test_message_to_a_patient_is_created_on_each_channel(
    api_client: Any, patient: Any, channel: str, expected: str
) -> None:
    body = {"channel": channel, "patient": str(patient.pk), "body": "Your glasses are here.", "subject": "From us"}

    answer = api_client.post(LIST, body)

    assert answer.status_code == 201, answer.json()
    assert (answer.json()["to_address"], answer.json()["status"]) == (expected, "queued")
    assert answer.json()["category"] == "notice"
    assert answer.headers["Location"].endswith(f"{LIST}{answer.json()['id']}/")


def test_message_is_scheduled(api_client: Any, patient: Any) -> None:
    later = timezone.now() + dt.timedelta(hours=5)

    answer = api_client.post(
        LIST, {"channel": "sms", "patient": str(patient.pk), "body": "Hello", "due_at": later.isoformat()}
    )

    assert (answer.json()["status"], answer.json()["planned_at"] < answer.json()["due_at"]) == ("scheduled", True)


def test_same_request_twice_is_one_message(api_client: Any, patient: Any) -> None:
    body = {"channel": "sms", "patient": str(patient.pk), "body": "Hello"}

    first, second = (api_client.post(LIST, body, headers={"Idempotency-Key": "k-1"}) for _time in range(2))

    assert first.json()["id"] == second.json()["id"]
    assert Communication.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"channel": "telegram"}, "channel"),
        ({"category": "emergency"}, "category"),
        ({"category": "reply"}, "category"),
        ({"body": ""}, "body"),
        ({"to_address": "12"}, "to_address"),
        ({"patient": str(uuid.uuid4())}, "patient"),
        ({"patient": None}, "to_address"),
    ],
)
def test_impossible_message_is_refused_with_the_field(
    api_client: Any, patient: Any, change: dict[str, Any], field: str
) -> None:
    body = {"channel": "sms", "patient": str(patient.pk), "body": "Hello"} | change

    answer = api_client.post(LIST, body, format="json")

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_patient_of_another_clinic_does_not_exist(api_client: Any, foreign_patient: Any) -> None:
    answer = api_client.post(LIST, {"channel": "sms", "patient": str(foreign_patient.pk), "body": "Hello"})

    assert answer.status_code == 422


def test_list_filters_by_patient_channel_status_and_context(api_client: Any, organization: Any, patient: Any) -> None:
    visit = uuid.uuid4()
    sms = CommunicationFactory(organization=organization, patient=patient, channel="sms", status="sent")
    about = CommunicationFactory(
        organization=organization, status="failed", context_type="appointments.Appointment", context_id=visit
    )

    def ids(**query: str) -> set[str]:
        return {row["id"] for row in api_client.get(LIST, query).json()["results"]}

    assert ids() == {str(sms.pk), str(about.pk)}
    assert ids(patient=str(patient.pk)) == ids(channel="sms") == ids(status="sent") == {str(sms.pk)}
    assert ids(context_id=str(visit)) == ids(context_type="appointments.Appointment") == {str(about.pk)}
    assert ids(status="queued") == set()
    assert api_client.get(f"{LIST}?status=sent&status=failed").json()["results"].__len__() == 2


def test_unknown_filter_value_is_refused(api_client: Any) -> None:
    assert api_client.get(LIST, {"status": "teleported"}).status_code == 422


def test_list_costs_the_same_for_any_number_of_rows(api_client: Any, organization: Any) -> None:
    costs = []
    for total in (2, 30):
        for _number in range(total - Communication.objects.count()):
            CommunicationFactory(organization=organization)
        with CaptureQueriesContext(connection) as queries:
            assert len(api_client.get(LIST).json()["results"]) == total
        costs.append(len(queries))

    assert costs[1] <= costs[0]


def test_one_message_shows_its_story_in_words(api_client: Any, organization: Any, patient: Any) -> None:
    row = CommunicationFactory(
        organization=organization,
        patient=patient,
        status="blocked",
        error_code="quiet_hours",
        reason="Quiet hours until 08:00 (America/New_York).",
        legal_at=timezone.now(),
        context_type="appointments.Appointment",
        context_id=uuid.uuid4(),
        context_version=2,
        attachments=[{"filename": "invite.ics", "content_type": "text/calendar", "text": "BEGIN"}],
    )

    shown = api_client.get(address(row)).json()

    assert (shown["reason"], shown["error_code"]) == (row.reason, "quiet_hours")
    assert shown["context"] == {"type": "appointments.Appointment", "id": str(row.context_id), "version": 2}
    assert shown["attachments"] == ["invite.ics"]


def test_look_at_a_patient_s_message_is_recorded(api_client: Any, organization: Any, patient: Any) -> None:
    row = CommunicationFactory(organization=organization, patient=patient)

    api_client.get(LIST)
    api_client.get(address(row))

    with organization_scope(organization.pk):
        records = AccessRecord.objects.filter(patient_id=patient.pk).order_by("id")
        assert [record.route for record in records] == ["api:communications-list", "api:communications-retrieve"]


def test_planned_message_is_cancelled(api_client: Any, organization: Any) -> None:
    row = CommunicationFactory(organization=organization, status="scheduled")

    answer = api_client.post(address(row, "cancel/"), {"reason": "Not needed any more"})

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert answer.json()["reason"] == "Not needed any more"


def test_sent_message_can_not_be_cancelled(api_client: Any, organization: Any) -> None:
    row = CommunicationFactory(organization=organization, status="sent")

    answer = api_client.post(address(row, "cancel/"))

    assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition")


def test_failed_message_is_sent_again_as_a_new_one(api_client: Any, organization: Any) -> None:
    row = CommunicationFactory(organization=organization, status="failed")

    answer = api_client.post(address(row, "resend/"))

    assert answer.status_code == 201
    assert answer.json()["id"] != str(row.pk)
    assert answer.json()["status"] == "queued"


def test_key_may_not_resend_what_may_have_arrived(api_client: Any, organization: Any) -> None:
    row = CommunicationFactory(organization=organization, status="ambiguous")

    answer = api_client.post(address(row, "resend/"))

    assert (answer.status_code, answer.json()["code"]) == (403, "person_required")


def test_unknown_message_is_not_found(api_client: Any) -> None:
    assert api_client.get(f"{LIST}{uuid.uuid4()}/").status_code == 404


def test_message_of_another_clinic_is_not_found(foreign_api_client: Any, organization: Any) -> None:
    row = CommunicationFactory(organization=organization)

    assert foreign_api_client.get(address(row)).status_code == 404
    assert foreign_api_client.post(address(row, "cancel/")).status_code == 404


class TestAdmin:
    def test_ledger_is_shown_and_not_changed(self, admin_client: Any, organization: Any, patient: Any) -> None:
        row = CommunicationFactory(organization=organization, patient=patient)

        listed = admin_client.get(reverse("admin:communications_communication_changelist"))
        shown = admin_client.get(reverse("admin:communications_communication_change", args=[row.pk]))
        posted = admin_client.post(reverse("admin:communications_communication_change", args=[row.pk]), {"body": "x"})

        assert (listed.status_code, shown.status_code, posted.status_code) == (200, 200, 403)
        with organization_scope(organization.pk):
            assert AccessRecord.objects.filter(route="admin:communications_communication").count() == 1

    def test_token_of_a_sender_is_written_and_never_shown(self, admin_client: Any, organization: Any) -> None:
        account = ChannelAccountFactory(organization=organization, auth_token="very-secret-token")
        url = reverse("admin:communications_channelaccount_change", args=[account.pk])

        assert b"very-secret-token" not in admin_client.get(url).content
        fields = {"channel": "whatsapp", "address": account.address, "provider": "simulator", "per_second": 5}
        admin_client.post(url, fields | {"is_active": "on", "auth_token": ""})

        with organization_scope(organization.pk):
            kept = ChannelAccount.objects.get(pk=account.pk)
        assert (kept.auth_token, kept.per_second) == ("very-secret-token", 5)

    def test_address_is_tried_again_by_hand(self, admin_client: Any, organization: Any) -> None:
        state = ContactState.objects.create(
            organization=organization,
            channel="sms",
            address=PHONE,
            unreachable_at=timezone.now(),
            unreachable_code="30005",
        )
        url = reverse("admin:communications_contactstate_changelist")

        admin_client.post(url, {"action": "try_again", "_selected_action": [str(state.pk)]})

        with organization_scope(organization.pk):
            assert ContactState.objects.get(pk=state.pk).unreachable_at is None

    @pytest.mark.parametrize("model", ["channelaccount", "contactstate", "simulatormessage", "simulatorphone"])
    def test_every_table_opens(self, admin_client: Any, organization: Any, model: str) -> None:
        assert admin_client.get(reverse(f"admin:communications_{model}_changelist")).status_code == 200
