"""The record's page with all of it, its consents with their history, and the summary on paper."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from apps.audit.models import AccessKind, AccessRecord
from apps.communications import policy
from apps.communications.policy import Code
from apps.core.actors import SYSTEM
from apps.patients import services
from apps.patients.models import Consent, Patient
from apps.patients.profile import flags_of
from tests.fixtures.patients import ContactPointFactory, PatientFactory
from tests.fixtures.shared import client_for

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
FULL = {
    "phones": [{"value": "415 555 0142", "use": "work", "label": "reception"}, "646 555 0199"],
    "addresses": [{"lines": ["12 Harbour Street"], "city": "New York", "state": "NY", "postal_code": "10001"}],
    "identifiers": [{"system": "passport", "value": "X123456"}],
    "gender_identity": "non-binary",
    "preferred_channel": "sms",
    "preferred_times": {"days": ["mon"], "parts": ["morning"]},
    "tags": ["Diabetes program"],
    "note": "Rings twice",
}


def page_of(patient: Patient, name: str = "detail", *further: str) -> str:
    return reverse(f"patients:{name}", args=[patient.pk, *further])


def shown(answer) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def full(organization, actor) -> Patient:
    mother = services.create_patient(
        organization=organization, given_name="Rosa", family_name="Marín", phones=["415 555 0142"], actor=actor
    )
    return services.create_patient(
        organization=organization,
        given_name="Ana",
        family_name="López",
        birth_date="1984",
        related_persons=[
            {"linked_patient": mother.pk, "relationship": "parent", "is_guardian": True},
            {"name": "Tom <b>", "relationship": "friend", "phone": "646 555 0143", "is_emergency_contact": True},
        ],
        actor=actor,
        **FULL,
    )


def test_the_details_say_all_of_the_record(desk_client, full):
    text = shown(desk_client.get(page_of(full, "details")))
    for said in (
        '(415) 555-0142 <span class="muted">reception</span>',
        "New York, NY 10001",
        "X123456",
        "non-binary",
        "SMS<br>Mon · morning",
        "Diabetes program",
        "Rings twice",
        "parent, guardian",
        "friend, emergency contact<",
        "(646) 555-0143",
        "Tom &lt;b&gt;",
    ):
        assert said in text


def test_the_country_of_an_address_is_said_when_it_is_another_one(desk_client, full, actor):
    assert "United States" not in shown(desk_client.get(page_of(full, "details")))
    services.update_patient(patient=full, changes={"addresses": [{"city": "Wien", "country": "AT"}]}, actor=actor)
    assert "Wien<br>Austria" in shown(desk_client.get(page_of(full, "details")))


def test_the_household_says_what_the_others_are_to_the_patient(desk_client, full):
    household = shown(desk_client.get(page_of(full, "details"))).split("<dt>Household</dt>")[1].split("</dd>")[0]
    assert "Rosa Marín" in household
    assert ">parent<" in household


def test_only_what_is_known_of_a_birth_is_shown(desk_client, full):
    for url in (page_of(full), page_of(full, "summary"), "/patients/"):
        text = shown(desk_client.get(url))
        assert "1984" in text
        assert "Jan 1984" not in text


@pytest.mark.parametrize(
    ("alert", "tone", "icon"),
    [
        ("Needs ramp", "warn", "wheelchair"),
        ("Interpreter: Mandarin", "warn", "language"),
        ("Hard of hearing", "warn", "ear"),
        ("Penicillin allergy", "bad", "alert-triangle"),
    ],
)
def test_an_alert_has_the_sign_of_what_it_is_about(alert, tone, icon):
    flag = flags_of(Patient(alerts=[alert]), [], [])[0]
    assert (flag.word, flag.tone, flag.icon) == (alert, tone, icon)


def test_dangers_come_before_needs_and_keep_their_order():
    flags = flags_of(Patient(alerts=["Needs ramp", "Latex allergy", "Deaf", "Bleeds"]), [], [])
    assert [flag.word for flag in flags[:4]] == ["Latex allergy", "Bleeds", "Needs ramp", "Deaf"]


def test_an_archived_record_says_so_and_is_restored_from_there(desk_client, patient, actor):
    services.archive_patient(patient=patient, actor=actor)
    text = shown(desk_client.get(page_of(patient)))
    assert "out of the lists, found in the archive" in text
    assert f'hx-post="{page_of(patient, "restore")}"' in text.split("p-archived")[1][:700]


# ── consents ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_answer_is_recorded_with_how_from_where_and_what_proves_it(desk_client, patient):
    url = page_of(patient, "set-consent", "photos", "active")
    assert "Record consent" in shown(desk_client.get(url, headers=HTMX))
    assert not Consent.objects.exists()
    answer = desk_client.post(
        url, {"method": "signed", "source": "mother", "evidence": "Form P-2 <i>"}, headers=HTMX | {"HX-Target": "modal"}
    )
    assert {"modal:close", "live:consents", "toast"} <= json.loads(answer.headers["HX-Trigger"]).keys()
    consent = Consent.objects.get()
    assert (consent.method, consent.source, consent.evidence) == ("signed", "mother", "Form P-2 <i>")
    tab = shown(desk_client.get(page_of(patient, "tab", "consents")))
    assert "mother · Signed on paper · recorded by" in tab
    assert "Form P-2 &lt;i&gt;" in tab


@pytest.mark.parametrize("status", ["active", "refused", "withdrawn"])
def test_every_answer_is_asked_how_it_came_and_only_a_yes_was_given(desk_client, patient, status):
    page = shown(desk_client.get(page_of(patient, "set-consent", "photos", status), headers=HTMX))
    assert "How they answered" in page
    assert "given" not in page


def test_each_purpose_has_its_own_history(desk_client, patient, actor):
    for status, evidence in (("active", "said so"), ("withdrawn", ""), ("active", "signed it")):
        services.set_consent(
            patient=patient, purpose="photos", status=status, source="desk", evidence=evidence, actor=actor
        )
    services.set_consent(patient=patient, purpose="sms", status="active", source="desk", actor=actor)
    lines = {
        line.purpose: line for line in desk_client.get(page_of(patient, "tab", "consents")).context["all_consents"]
    }
    assert [entry.text for entry in lines["photos"].history] == [
        "Consent given: Photos (desk: signed it)",
        "Consent withdrawn: Photos (desk)",
        "Consent given: Photos (desk: said so)",
    ]
    assert (len(lines["sms"].history), len(lines["email"].history)) == (1, 0)


def test_evidence_that_is_too_long_is_refused_at_its_field(desk_client, patient):
    url = page_of(patient, "set-consent", "photos", "active")
    answer = desk_client.post(url, {"evidence": "x" * 501, "method": "telepathy"}, headers=HTMX)
    assert answer.status_code == 422
    assert {"evidence", "method"} <= answer.context["form"].errors.keys()
    assert not Consent.objects.exists()


def test_who_may_not_change_patients_records_no_answer(auditor, patient):
    url = page_of(patient, "set-consent", "photos", "active")
    client = client_for(auditor)
    assert (client.get(url).status_code, client.post(url).status_code) == (403, 403)


def test_the_send_policy_goes_by_the_answers_on_this_page(desk_client, organization, patient, patient_phone):
    def may_send() -> str:
        return policy.decide(
            organization=organization, channel="sms", category="reminder", address=patient_phone.value, patient=patient
        ).code

    assert may_send() == Code.CONSENT_MISSING
    desk_client.post(page_of(patient, "set-consent", "sms", "active"), headers=HTMX)
    assert may_send() not in {Code.CONSENT_MISSING, Code.CONSENT_WITHDRAWN}
    desk_client.post(page_of(patient, "set-consent", "sms", "withdrawn"), headers=HTMX)
    assert may_send() == Code.CONSENT_WITHDRAWN


def test_what_a_patient_prefers_is_no_consent(organization, patient, patient_phone, actor):
    services.update_patient(patient=patient, changes={"preferred_channel": "sms"}, actor=actor)
    decision = policy.decide(
        organization=organization, channel="sms", category="reminder", address=patient_phone.value, patient=patient
    )
    assert decision.code == Code.CONSENT_MISSING


# ── on paper ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_summary_has_the_record_the_consents_and_what_happened_and_is_logged(desk_client, full, actor):
    services.set_consent(
        patient=full, purpose="photos", status="active", source="desk", method="signed", evidence="P-2", actor=actor
    )
    text = shown(desk_client.get(page_of(full, "summary")))
    for said in ("X123456", "12 Harbour Street, New York, NY 10001", "desk · Signed on paper · P-2", "Registered"):
        assert said in text
    assert "Tom &lt;b&gt;" in text
    record = AccessRecord.objects.get(patient_id=full.pk, kind=AccessKind.EXPORT)
    assert record.route == "patients:summary"


def test_the_summary_of_somebody_with_nothing_but_a_name(desk_client, organization):
    bare = PatientFactory(organization=organization, birth_date=None)
    text = shown(desk_client.get(page_of(bare, "summary")))
    assert "not known" in text
    assert "Nothing has happened yet." in text


def test_the_record_leads_to_its_summary_in_one_click(desk_client, patient):
    assert f'href="{page_of(patient, "summary")}"' in shown(desk_client.get(page_of(patient, "head")))


def test_the_summary_of_another_clinics_patient_is_not_found(desk_client, foreign_patient):
    assert desk_client.get(page_of(foreign_patient, "summary")).status_code == 404
    assert not AccessRecord.objects.exists()


def test_a_long_history_is_cut_with_a_word(desk_client, patient):
    for n in range(60):
        services.update_patient(patient=patient, changes={"note": f"{n}"}, actor=SYSTEM)
    assert "Earlier entries are in the portal." in shown(desk_client.get(page_of(patient, "summary")))


class TestFirstAnswers:
    def url(self, patient, status="withdrawn"):
        return reverse("patients:set-consent", args=[patient.pk, "photos", status])

    def test_who_never_gave_a_consent_refuses_it(self, desk_client, patient):
        page = desk_client.get(self.url(patient)).content.decode()
        assert "Refused: Photos" in page
        assert "Record refusal" in page
        assert "Withdraw" not in page
        assert "Record withdrawal" not in page
        answer = desk_client.post(self.url(patient), {"method": "spoken"}, headers={"HX-Request": "true"})
        assert "Photos refused by" in answer["HX-Trigger"]
        timeline = desk_client.get(reverse("patients:timeline", args=[patient.pk])).content.decode()
        assert "Consent refused: Photos" in timeline

    def test_who_gave_it_withdraws_it(self, desk_client, patient):
        desk_client.post(self.url(patient, "active"), {})
        page = desk_client.get(self.url(patient)).content.decode()
        assert "Withdraw: Photos" in page
        assert "Record withdrawal" in page


def test_the_warning_of_duplicates_offers_a_merge_while_a_record_is_edited(desk_client, organization, patient):
    double = PatientFactory(
        organization=organization,
        given_name=patient.given_name,
        family_name=patient.family_name,
        birth_date=patient.birth_date,
    )
    ContactPointFactory(organization=organization, patient=double, value="+14155550142")
    typed = {"given_name": patient.given_name, "family_name": patient.family_name, "phone": "415 555 0142"}
    url = reverse("patients:similar")
    new = desk_client.post(url, typed).content.decode()
    assert "Register only if it is another person" in new
    assert "Compare and merge" not in new
    edited = desk_client.post(url, typed | {"patient": str(patient.pk)}).content.decode()
    assert reverse("patients:merge", args=[patient.pk, double.pk]) in edited
    assert "Register" not in edited


def test_an_e_mail_address_breaks_behind_its_at_sign(desk_client, organization, patient):
    ContactPointFactory(organization=organization, patient=patient, system="email", value="josephine<b>@example.org")
    assert "josephine&lt;b&gt;@<wbr>example.org" in shown(desk_client.get(page_of(patient, "details")))
