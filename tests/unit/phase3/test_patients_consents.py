"""A refused consent is not a withdrawn one, every answer can be undone, and none before it is lost."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.urls import reverse

from apps.communications import policy
from apps.communications.policy import Code
from apps.core.errors import Conflict
from apps.events.models import Event
from apps.patients import profile, services
from apps.patients.models import Consent, Patient
from tests.fixtures.patients import ConsentFactory, PatientFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
EARLIER = dt.datetime(2025, 3, 4, 15, 30, tzinfo=dt.UTC)


def answer(client, patient: Patient, purpose: str, status: str):
    url = reverse("patients:set-consent", args=[patient.pk, purpose, status])
    return client.post(url, {"method": "spoken"}, headers=HTMX)


def undo(client, response):
    return client.post(json.loads(response.headers["HX-Trigger"])["toast"]["undo_url"], headers=HTMX)


def page(client, patient: Patient, name: str, *more: str) -> str:
    return " ".join(client.get(reverse(f"patients:{name}", args=[patient.pk, *more])).content.decode().split())


def history(client, patient: Patient, purpose: str) -> list[str]:
    lines = client.get(reverse("patients:tab", args=[patient.pk, "consents"])).context["all_consents"]
    return [entry.text for line in lines if line.purpose == purpose for entry in line.history]


class TestRefused:
    def test_it_is_said_everywhere_and_nobody_is_told_to_ask_again(self, desk_client, patient):
        answer(desk_client, patient, "data_sharing", "refused")
        for place in (("head",), ("tab", "consents"), ("consents-panel",), ("summary",)):
            shown = page(desk_client, patient, *place)
            assert "efused" in shown
            assert "Withdrawn" not in shown
            assert "Consent missing" not in shown

    def test_it_stops_messages_with_its_own_reason(self, desk_client, organization, patient, patient_phone):
        answer(desk_client, patient, "sms", "refused")
        decision = policy.decide(
            organization=organization, channel="sms", category="reminder", address=patient_phone.value, patient=patient
        )
        assert (decision.code, decision.code in policy.REFUSED_BY_PERSON) == (Code.CONSENT_REFUSED, True)

    def test_after_a_yes_it_is_a_withdrawal(self, patient, actor):
        services.set_consent(patient=patient, purpose="sms", status="active", source="desk", actor=actor)
        services.set_consent(patient=patient, purpose="sms", status="refused", source="desk", actor=actor)
        assert Consent.objects.get().status == "withdrawn"

    def test_a_stop_after_it_changes_nothing(self, patient, actor):
        services.set_consent(patient=patient, purpose="sms", status="refused", source="desk", actor=actor)
        services.set_consent(patient=patient, purpose="sms", status="withdrawn", source="STOP keyword", actor=actor)
        assert list(Consent.objects.values_list("status", "source")) == [("refused", "desk")]
        assert Event.objects.filter(type="consent.withdrawn").count() == 1

    def test_a_merge_keeps_it_before_a_later_yes(self, organization, patient, actor):
        double = PatientFactory(organization=organization, given_name=patient.given_name)
        ConsentFactory(organization=organization, patient=double, purpose="sms", status="refused", decided_at=EARLIER)
        ConsentFactory(organization=organization, patient=patient, purpose="sms", status="active")
        services.merge_patients(survivor=patient, duplicate=double, actor=actor)
        assert Consent.objects.get(purpose="sms").status == "refused"

    def test_it_is_one_of_the_answers_of_the_api(self, api_client, patient):
        url = f"/api/v1/patients/{patient.pk}/consents/photos/"
        assert api_client.put(url, {"status": "refused"}).json()["status"] == "refused"


class TestUndo:
    def test_a_first_answer_leaves_the_question_unasked(self, desk_client, patient):
        undone = undo(desk_client, answer(desk_client, patient, "data_sharing", "refused"))
        assert (undone.status_code, Consent.objects.exists()) == (204, False)
        assert "Consent missing: data sharing" in page(desk_client, patient, "head")
        assert history(desk_client, patient, "data_sharing")[0].startswith("Answer taken back")

    def test_a_withdrawal_gives_back_the_yes_as_it_was(self, desk_client, organization, patient):
        ConsentFactory(
            organization=organization,
            patient=patient,
            purpose="photos",
            status="active",
            source="mother",
            method="signed",
            evidence="P-2",
            decided_at=EARLIER,
        )
        undo(desk_client, answer(desk_client, patient, "photos", "withdrawn"))
        consent = Consent.objects.get()
        assert (consent.status, consent.source, consent.method) == ("active", "mother", "signed")
        assert (consent.evidence, consent.decided_at) == ("P-2", EARLIER)

    def test_a_yes_after_a_refusal_gives_back_the_refusal(self, desk_client, patient):
        answer(desk_client, patient, "photos", "refused")
        undo(desk_client, answer(desk_client, patient, "photos", "active"))
        assert Consent.objects.get().status == "refused"

    def test_it_does_not_touch_an_answer_that_came_since(self, desk_client, patient, actor):
        answer(desk_client, patient, "photos", "refused")
        answer(desk_client, patient, "photos", "active")
        with pytest.raises(Conflict):
            services.take_back_answer(patient=patient, purpose="photos", status="refused", actor=actor)
        assert Consent.objects.get().status == "active"


class TestEarlierAnswers:
    def test_an_answer_that_was_written_without_an_event_is_in_the_history(self, desk_client, organization, patient):
        ConsentFactory(
            organization=organization,
            patient=patient,
            purpose="sms",
            status="active",
            decided_at=EARLIER,
            method="signed",
        )
        assert history(desk_client, patient, "sms") == ["Consent given: SMS messages (front desk, signed on paper)"]
        answer(desk_client, patient, "sms", "withdrawn")
        assert history(desk_client, patient, "sms") == [
            "Consent withdrawn: SMS messages (front desk, said in person)",
            "Consent given: SMS messages (front desk, signed on paper)",
        ]
        assert "4 Mar 2025" in page(desk_client, patient, "tab", "consents")


def test_the_numbers_at_the_tabs_are_counted_again_after_a_change(desk_client, patient):
    opened = page(desk_client, patient, "detail")
    nav = opened.split('id="p-tabs"')[1].split("</nav>")[0]
    url = reverse("patients:tabs", args=[patient.pk])
    assert f'data-follow-url="{url}?current=timeline"' in nav
    assert {"consents", "files"} <= set(nav.split('data-follow="')[1].split('"')[0].split())
    assert "Consents</a>" in nav
    answer(desk_client, patient, "photos", "active")
    again = desk_client.get(url, {"current": "consents"}).content.decode()
    assert "Consents <span>1</span></a>" in again
    assert 'id="tab-consents" aria-current="page"' in again


def test_flags_tell_who_opted_out_from_who_never_agreed(organization, patient):
    ConsentFactory(organization=organization, patient=patient, purpose="sms", status="refused")
    ConsentFactory(organization=organization, patient=patient, purpose="whatsapp", status="withdrawn")
    words = [flag.word for flag in profile.flags_of(patient, patient.consents.all(), [])]
    assert words == ["Opted out of WhatsApp", "Refused SMS", "Consent missing: data sharing"]
