"""`/api/v1/templates/`, `/api/v1/notification-rules/`, and both in the admin."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.urls import reverse

from apps.audit.models import AccessRecord
from apps.core.tenancy import organization_scope
from apps.notifications.models import Rule, StaffNotice, Template
from tests.fixtures.notifications import RuleFactory, TemplateFactory
from tests.fixtures.shared import api_client_for

TEMPLATES, RULES = "/api/v1/templates/", "/api/v1/notification-rules/"
TEXT = {"key": "glasses-ready", "channel": "sms", "language": "en", "body": "{{ patient.first_name }}, they are here."}
RULE = {
    "name": "Confirmation",
    "event_type": "visit.booked",
    "template_key": "visit-booked",
    "category": "confirmation",
    "channels": ["whatsapp", "sms"],
}
pytestmark = pytest.mark.django_db


def test_template_is_created_read_changed_and_deleted(api_client: Any) -> None:
    created = api_client.post(TEMPLATES, TEXT)
    assert created.status_code == 201, created.json()
    url = f"{TEMPLATES}{created.json()['id']}/"

    changed = api_client.patch(url, {"body": "They are here.", "version": 1})

    assert (changed.json()["body"], changed.json()["version"]) == ("They are here.", 2)
    assert api_client.get(url).headers["ETag"] == '"2"'
    assert api_client.delete(url).status_code == 204
    assert api_client.get(url).status_code == 404


def test_unknown_variable_is_refused_with_the_field(api_client: Any) -> None:
    answer = api_client.post(TEMPLATES, TEXT | {"body": "Hello {{ patient.salary }}"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body"
    assert "patient.salary" in answer.json()["errors"][0]["message"]


def test_invalid_channel_is_refused(api_client: Any) -> None:
    answer = api_client.post(TEMPLATES, TEXT | {"channel": "telegram"})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "channel")


def test_stale_change_is_refused_with_what_differs(api_client: Any, organization: Any) -> None:
    template = TemplateFactory(organization=organization)
    url = f"{TEMPLATES}{template.pk}/"
    api_client.patch(url, {"body": "First"})

    answer = api_client.patch(url, {"body": "Second"}, headers={"If-Match": '"1"'})

    assert (answer.status_code, answer.json()["code"], answer.json()["current"]) == (409, "stale", 2)
    assert answer.json()["conflicts"] == [{"field": "body", "current": "First", "yours": "Second"}]


def test_list_is_filtered(api_client: Any, organization: Any) -> None:
    TemplateFactory(organization=organization)
    TemplateFactory(organization=organization, channel="sms", language="es")

    found = api_client.get(TEMPLATES, {"channel": "sms", "language": "es"}).json()["results"]

    assert [row["language"] for row in found] == ["es"]


def test_preview_with_a_real_patient_is_recorded(api_client: Any, organization: Any, patient: Any) -> None:
    template = TemplateFactory(organization=organization, channel="sms")

    answer = api_client.post(f"{TEMPLATES}{template.pk}/preview/", {"patient": str(patient.pk)})

    assert answer.json()["body"] == "Hello Ana, see you on Monday at 09:30."
    assert answer.json()["segments"] == 1
    with organization_scope(organization.pk):
        assert AccessRecord.objects.filter(patient_id=patient.pk, route="api:templates-preview").exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"context_type": "moon.Phase", "subject": str(uuid.uuid4())}, 422),
        ({"context_type": "tests.Visit", "subject": str(uuid.uuid4())}, 404),
        ({"patient": str(uuid.uuid4())}, 422),
    ],
)
def test_preview_of_nothing_is_refused(api_client: Any, organization: Any, body: dict[str, str], status: int) -> None:
    template = TemplateFactory(organization=organization)

    assert api_client.post(f"{TEMPLATES}{template.pk}/preview/", body).status_code == status


def test_rule_is_created_read_changed_and_deleted(api_client: Any, organization: Any) -> None:
    TemplateFactory(organization=organization)
    created = api_client.post(RULES, RULE, format="json")
    assert created.status_code == 201, created.json()
    url = f"{RULES}{created.json()['id']}/"

    changed = api_client.patch(url, {"is_active": False, "offset_minutes": -60, "version": 1}, format="json")

    assert (changed.json()["is_active"], changed.json()["offset_minutes"]) == (False, -60)
    assert api_client.get(RULES, {"is_active": "false"}).json()["results"][0]["version"] == 2
    assert api_client.delete(url).status_code == 204


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"event_type": "moon.full"}, "event_type"),
        ({"template_key": "nothing"}, "template_key"),
        ({"channels": ["telegram"]}, "channels.0"),
        ({"channels": []}, "channels"),
    ],
)
def test_rule_that_could_not_work_is_refused(
    api_client: Any, organization: Any, change: dict[str, Any], field: str
) -> None:
    TemplateFactory(organization=organization)

    answer = api_client.post(RULES, RULE | change, format="json")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_receptionist_reads_templates_and_changes_none(front_desk: Any, organization: Any) -> None:
    template = TemplateFactory(organization=organization)
    client = api_client_for(front_desk)

    assert client.get(f"{TEMPLATES}{template.pk}/").status_code == 200
    assert client.patch(f"{TEMPLATES}{template.pk}/", {"body": "Mine"}).status_code == 403
    assert client.post(RULES, RULE, format="json").status_code == 403


def test_texts_of_another_clinic_are_not_found(foreign_api_client: Any, organization: Any) -> None:
    template, rule = TemplateFactory(organization=organization), RuleFactory(organization=organization)

    assert foreign_api_client.get(f"{TEMPLATES}{template.pk}/").status_code == 404
    assert foreign_api_client.get(f"{RULES}{rule.pk}/").status_code == 404


class TestAdmin:
    def test_text_is_checked_before_it_is_saved(self, admin_client: Any, organization: Any) -> None:
        url = reverse("admin:notifications_template_add")
        fields = {"key": "hello", "channel": "sms", "language": "en", "body": "Hello {{ nobody }}", "is_active": "on"}

        refused = admin_client.post(url, fields)
        accepted = admin_client.post(url, fields | {"body": "Hello {{ patient.first_name }}"})

        assert b"There is no variable nobody" in refused.content
        assert accepted.status_code == 302
        with organization_scope(organization.pk):
            assert Template.objects.get().body == "Hello {{ patient.first_name }}"

    def test_changed_text_counts_its_version(self, admin_client: Any, organization: Any) -> None:
        template = TemplateFactory(organization=organization, channel="sms")
        fields = {"key": template.key, "channel": "sms", "language": "en", "body": "New words", "is_active": "on"}

        admin_client.post(reverse("admin:notifications_template_change", args=[template.pk]), fields)

        with organization_scope(organization.pk):
            saved = Template.objects.get()
        assert (saved.body, saved.version) == ("New words", 2)

    def test_text_that_a_rule_sends_is_not_deleted(self, admin_client: Any, organization: Any) -> None:
        template = TemplateFactory(organization=organization)
        RuleFactory(organization=organization)

        admin_client.post(reverse("admin:notifications_template_delete", args=[template.pk]), {"post": "yes"})

        with organization_scope(organization.pk):
            assert Template.objects.exists()

    def test_rule_is_made_and_switched_off(self, admin_client: Any, organization: Any) -> None:
        TemplateFactory(organization=organization)
        fields = RULE | {"channels": "whatsapp,sms", "also_channels": "", "is_active": "on"}

        admin_client.post(reverse("admin:notifications_rule_add"), fields)
        with organization_scope(organization.pk):
            rule = Rule.objects.get()
        del fields["is_active"]
        admin_client.post(reverse("admin:notifications_rule_change", args=[rule.pk]), fields)

        with organization_scope(organization.pk):
            saved = Rule.objects.get()
        assert (saved.channels, saved.is_active, saved.version) == (["whatsapp", "sms"], False, 2)

    def test_rule_for_an_unknown_event_is_refused(self, admin_client: Any, organization: Any) -> None:
        TemplateFactory(organization=organization)
        fields = RULE | {"channels": "sms", "event_type": "moon.full"}

        refused = admin_client.post(reverse("admin:notifications_rule_add"), fields)

        assert b"Nothing announces moon.full" in refused.content

    def test_notices_are_shown(self, admin_client: Any, organization: Any, administrator: Any) -> None:
        StaffNotice.objects.create(
            organization=organization,
            user=administrator.user,
            kind="assigned",
            text="A ticket is yours",
            dedupe_key="1",
        )

        assert b"A ticket is yours" in admin_client.get(reverse("admin:notifications_staffnotice_changelist")).content
