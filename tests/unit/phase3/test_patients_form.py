"""The whole record's form: lines that come and go, mistakes at their fields, nothing lost."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.audit.models import AccessRecord
from apps.core.actors import SYSTEM
from apps.events.models import Event
from apps.patients import services
from apps.patients.models import IdentifierSystem, Patient
from tests.fixtures.patients import IdentifierFactory, PatientFactory
from tests.fixtures.shared import client_for

pytestmark = pytest.mark.django_db
ITSELF = {"HX-Request": "true", "HX-Target": "patient-form"}
NEW = "/patients/new/"
ANA = {"whole": "1", "given_name": "Ana", "family_name": "López", "sex": "female", "language": "es"}
FULL = ANA | {
    "birth_date": "3/1984",
    "gender_identity": "woman",
    "phones-7-value": "646 555 0199",
    "phones-7-use": "work",
    "phones-7-label": "reception",
    "phones-0-value": "415 555 0142",
    "phones-0-use": "mobile",
    "emails-0-value": "Ana@Example.org",
    "emails-0-use": "home",
    "addresses-0-lines": "12 Harbour Street\nApt 4B",
    "addresses-0-city": "New York",
    "addresses-0-country": "US",
    "addresses-0-use": "home",
    "identifiers-0-system": "-",
    "identifiers-0-other": "library card",
    "identifiers-0-value": "L 1",
    "related_persons-0-name": "Rosa",
    "related_persons-0-relationship": "parent",
    "related_persons-0-phone": "415 555 0143",
    "related_persons-0-is_guardian": "on",
    "times_days": ["mon", "wed"],
    "times_from": "17:30",
    "alerts": "Needs ramp, Interpreter",
}


def edit_of(patient: Patient) -> str:
    return reverse("patients:edit", args=[patient.pk])


def posted_by(page) -> dict:
    """Return what a browser would send for the form as it stands."""
    form = page.context["form"]
    lines = [line for rows in form.parts.values() for line in rows]
    fields = [bound for one in (form, *lines) for bound in one]
    values = {bound.html_name: bound.value() for bound in fields}
    return {"whole": "1"} | {name: "on" if value is True else value for name, value in values.items() if value}


def test_everything_is_registered_in_the_order_of_the_page(desk_client):
    answer = desk_client.post(NEW, FULL)
    patient = Patient.objects.get()
    assert answer.headers["Location"] == reverse("patients:detail", args=[patient.pk])
    phones = patient.contact_points.filter(system="phone").order_by("rank")
    assert [(p.value, p.use, p.label) for p in phones] == [
        ("+16465550199", "work", "reception"),
        ("+14155550142", "mobile", ""),
    ]
    assert patient.addresses.get().lines == ["12 Harbour Street", "Apt 4B"]
    assert (patient.identifiers.get().system, patient.identifiers.get().value) == ("library card", "L 1")
    person = patient.related_persons.get()
    assert (person.phone, person.is_guardian, person.is_emergency_contact) == ("+14155550143", True, False)
    assert str(patient.born) == "1984-03"
    assert patient.preferred_times == {"days": ["mon", "wed"], "from": "17:30"}
    assert patient.alerts == ["Needs ramp", "Interpreter"]


def test_the_least_that_a_browser_sends_is_enough(desk_client):
    assert desk_client.post(NEW, ANA | {"phones-0-value": "", "phones-0-use": "mobile"}).status_code == 302
    assert not Patient.objects.get().contact_points.exists()


def test_saving_a_full_record_as_it_was_shown_writes_nothing(desk_client):
    desk_client.post(NEW, FULL)
    patient = Patient.objects.get()
    answer = desk_client.post(edit_of(patient), posted_by(desk_client.get(edit_of(patient))))
    assert answer.status_code == 302
    assert not Event.objects.filter(type="patient.updated").exists()


def test_a_line_that_is_not_sent_any_more_is_gone(desk_client):
    desk_client.post(NEW, FULL)
    patient = Patient.objects.get()
    posted = posted_by(desk_client.get(edit_of(patient)))
    desk_client.post(edit_of(patient), {name: value for name, value in posted.items() if "addresses" not in name})
    assert set(Event.objects.get(type="patient.updated").changes) == {"addresses"}
    assert not patient.addresses.exists()


@pytest.mark.parametrize(
    ("fields", "control", "words"),
    [
        ({"phones-0-value": "12"}, "id_phones-0-value", "too few digits"),
        ({"emails-0-value": "nowhere"}, "id_emails-0-value", "is not an e-mail address"),
        ({"addresses-0-lines": "a\nb\nc\nd\ne"}, "id_addresses-0-lines", "at most 4 lines"),
        ({"addresses-0-country": "XX", "addresses-0-city": "Y"}, "id_addresses-0-country", "XX"),
        ({"identifiers-0-system": "-", "identifiers-0-value": "1"}, "id_identifiers-0-other", "what kind of number"),
        ({"related_persons-0-phone": "415 555 0143"}, "id_related_persons-0-name", "Enter the person’s name."),
        ({"times_from": "18:00", "times_to": "09:00"}, "id_times_from", "end before they begin"),
        ({"times_from": "18:00", "times_parts": "morning"}, "id_times_from", "not both"),
        ({"birth_date": "13/1984"}, "id_birth_date", "When no more is known: 03/1978, or 1978."),
        ({"given_name": ""}, "id_given_name", "This field is required."),
    ],
)
def test_a_mistake_is_said_at_its_field_while_typing_and_when_saving(desk_client, fields, control, words):
    checked = desk_client.post("/patients/check/", ANA | fields).json()["errors"]
    assert list(checked) == [control]
    assert words in checked[control]
    answer = desk_client.post(NEW, ANA | fields, headers=ITSELF)
    assert answer.status_code == 422
    assert f'id="{control}_error"' in answer.content.decode()
    assert not Patient.objects.exists()


def test_nothing_that_was_written_is_lost_when_something_is_wrong(desk_client, organization):
    linked = PatientFactory(organization=organization, given_name="Rosa", family_name="Marín")
    wrong = FULL | {"birth_date": "someday", "related_persons-0-linked_patient": str(linked.pk)}
    page = desk_client.post(NEW, wrong, headers=ITSELF)
    kept = posted_by(page)
    assert {name: kept.get(name) for name in wrong} == wrong
    assert 'value="Rosa Marín"' in page.content.decode()


def test_an_identifier_of_somebody_else_is_said_at_its_line(desk_client, organization):
    owner = PatientFactory(organization=organization, given_name="Rosa", family_name="Marín")
    IdentifierFactory(organization=organization, patient=owner, system="passport", value="X1")
    page = desk_client.post(
        NEW,
        ANA | {"identifiers-0-value": "", "identifiers-3-system": "passport", "identifiers-3-value": "X1"},
        headers=ITSELF,
    )
    text = page.content.decode()
    assert page.status_code == 422
    assert "Rosa Marín" in text.split('id="id_identifiers-3-value_error"')[1][:600]
    assert AccessRecord.objects.filter(patient_id=owner.pk).exists()


def test_a_list_that_somebody_else_changed_is_shown_before_it_is_replaced(desk_client, patient, actor):
    posted = posted_by(desk_client.get(edit_of(patient))) | {"addresses-0-city": "Yonkers"}
    services.update_patient(patient=patient, changes={"addresses": [{"city": "Boston"}]}, actor=actor)
    page = desk_client.post(edit_of(patient), posted, headers=ITSELF)
    assert page.status_code == 422
    assert "Addresses is now “<bdi>Boston</bdi>”" in page.content.decode()


def test_another_line_takes_a_place_that_is_free(desk_client, organization):
    IdentifierSystem.objects.create(organization=organization, system="mrn", name="Harbour Hospital record")
    line = desk_client.get("/patients/new/row/identifiers/", {"place": ["", "0", "4"]}, headers=ITSELF).content.decode()
    assert 'name="identifiers-5-value"' in line
    assert '<option value="mrn">Harbour Hospital record</option>' in line
    assert desk_client.get("/patients/new/row/shoes/").status_code == 404


@pytest.mark.parametrize("path", ["/patients/check/", "/patients/new/row/phones/"])
def test_who_may_not_change_patients_gets_no_part_of_the_form(auditor, path):
    client = client_for(auditor)
    assert (client.post if "check" in path else client.get)(path).status_code == 403


def test_somebody_with_the_same_phone_in_any_line_is_shown(desk_client, patient):
    answer = desk_client.post("/patients/new/similar/", {"phones-0-value": "", "phones-3-value": "415 555 0142"})
    assert "Ana López" in answer.content.decode()


def test_more_lines_than_may_be_kept_are_refused_and_not_cut(desk_client):
    many = {f"phones-{n}-value": f"415 555 {n:04d}" for n in range(25)}
    assert desk_client.post(NEW, ANA | many, headers=ITSELF).status_code == 422
    assert not Patient.objects.exists()


def test_the_form_of_a_full_record_asks_as_many_questions_as_one_with_a_line_each(desk_client, organization):
    def count(lines: int) -> int:
        others = [
            services.create_patient(organization=organization, given_name="Rosa", actor=SYSTEM) for _n in range(lines)
        ]
        patient = services.create_patient(
            organization=organization,
            given_name="Ana",
            phones=[f"415 555 {n:04d}" for n in range(lines)],
            related_persons=[{"linked_patient": other.pk} for other in others],
            addresses=[{"lines": [f"{n} Road"]} for n in range(lines)],
            identifiers=[{"system": "passport", "value": f"{lines}-{n}"} for n in range(lines)],
            actor=SYSTEM,
        )
        desk_client.get(edit_of(patient))
        with CaptureQueriesContext(connection) as queries:
            assert desk_client.get(edit_of(patient)).status_code == 200
        return len(queries)

    assert count(12) == count(1)


def changed_by_a_colleague(patient: Patient, **changes) -> None:
    services.update_patient(patient=Patient.objects.get(pk=patient.pk), changes=changes, actor=SYSTEM)


@pytest.fixture
def ana(desk_client) -> Patient:
    desk_client.post(NEW, FULL, headers=ITSELF)
    return Patient.objects.get()


@pytest.mark.parametrize("whole", [True, False])
def test_what_a_colleague_saved_stays_in_every_field_that_was_not_touched(desk_client, ana, whole):
    headers = ITSELF if whole else {"HX-Request": "true", "HX-Target": "modal"}
    page = desk_client.get(edit_of(ana), headers=headers)
    form = page.context["form"]
    posted = posted_by(page) if whole else {name: form[name].value() or "" for name in form.fields}
    theirs = {
        "alerts": ["Needs ramp", "Interpreter", "Penicillin allergy"],
        "tags": ["vip"],
        "phones": ["+14155550149"],
        "emails": [],
        "birth_date": "1984-03-14",
        "addresses": [],
        "identifiers": [],
        "preferred_times": {"days": ["tue"]},
        "gender_identity": "",
    }
    changed_by_a_colleague(ana, **theirs)
    posted["note"] = "Comes with her mother"
    answer = desk_client.post(edit_of(ana), posted, headers=headers)
    assert answer.status_code == 204
    saved = services.read_values(Patient.objects.get(pk=ana.pk))
    assert saved["note"] == "Comes with her mother"
    assert saved["alerts"] == theirs["alerts"]
    assert [row["value"] for row in saved["phones"]] == theirs["phones"]
    assert {name: saved[name] for name in theirs if name != "phones"} == {
        name: value for name, value in theirs.items() if name != "phones"
    }
    assert Event.objects.filter(type="patient.updated").latest("occurred_at").changes == {
        "note": ["", "Comes with her mother"]
    }


def test_alerts_that_two_people_added_or_took_away_all_hold(desk_client, ana):
    posted = posted_by(desk_client.get(edit_of(ana), headers=ITSELF))
    changed_by_a_colleague(ana, alerts=["Needs ramp", "Penicillin allergy"])
    posted["alerts"] = "Interpreter, Latex allergy"
    assert desk_client.post(edit_of(ana), posted, headers=ITSELF).status_code == 204
    ana.refresh_from_db()
    assert ana.alerts == ["Penicillin allergy", "Latex allergy"]


@pytest.mark.parametrize(("choice", "phones"), [("mine", ["+12125550104"]), ("theirs", ["+14155550149"])])
def test_a_list_that_two_people_changed_is_asked_while_the_rest_is_brought_up_to_date(desk_client, ana, choice, phones):
    posted = posted_by(desk_client.get(edit_of(ana), headers=ITSELF))
    changed_by_a_colleague(ana, phones=["+14155550149"], emails=["new@example.org"], alerts=["Penicillin allergy"])
    mine = {name: value for name, value in posted.items() if not name.startswith("phones-")}
    mine |= {"phones-0-value": "212 555 0104", "phones-0-use": "mobile", "alerts": "Needs ramp, Interpreter, Latex"}
    refused = desk_client.post(edit_of(ana), mine, headers=ITSELF)
    assert refused.status_code == 422
    assert [one["label"] for one in refused.context["form"].contested] == ["Phone numbers"]
    again = posted_by(refused)
    assert again["phones-0-value"] == "212 555 0104"
    assert again["emails-0-value"] == "new@example.org"
    assert again["alerts"] == "Penicillin allergy, Latex"
    assert desk_client.post(edit_of(ana), again, headers=ITSELF).status_code == 422
    settled = again | {"settle-phones": choice}
    assert desk_client.post(edit_of(ana), settled | {"birth_date": "?"}, headers=ITSELF).status_code == 422
    assert desk_client.post(edit_of(ana), settled, headers=ITSELF).status_code == 204
    saved = services.read_values(Patient.objects.get(pk=ana.pk))
    assert [row["value"] for row in saved["phones"]] == phones
    assert saved["alerts"] == ["Penicillin allergy", "Latex"]
    assert [row["value"] for row in saved["emails"]] == ["new@example.org"]


def test_a_form_whose_mark_was_tampered_with_asks_about_everything_that_differs(desk_client, ana):
    posted = posted_by(desk_client.get(edit_of(ana), headers=ITSELF)) | {"read": "forged"}
    changed_by_a_colleague(ana, alerts=["Penicillin allergy"])
    refused = desk_client.post(edit_of(ana), posted, headers=ITSELF)
    assert [one["label"] for one in refused.context["form"].contested] == ["Alerts"]
    again = posted_by(refused)
    assert desk_client.post(edit_of(ana), again, headers=ITSELF).status_code in {204, 422}
    ana.refresh_from_db()
    assert "Penicillin allergy" in ana.alerts


@pytest.mark.parametrize("whole", [True, False])
def test_a_form_that_is_sent_twice_registers_one_person_and_leads_there_both_times(desk_client, whole):
    headers = ITSELF if whole else {"HX-Request": "true", "HX-Target": "modal"}
    form = desk_client.get(NEW, headers=headers).context["form"]
    sent = (ANA if whole else {name: ANA[name] for name in ("given_name", "family_name", "sex", "language")}) | {
        "birth_date": "3/14/1978",  # of whom a second one would be asked about
        "once": form["once"].value(),
    }
    answers = [desk_client.post(NEW, sent, headers=headers) for _time in range(2)]
    assert [answer.headers["HX-Redirect"] for answer in answers] == [
        reverse("patients:detail", args=[Patient.objects.get().pk])
    ] * 2
    desk_client.post(NEW, sent | {"given_name": "Rosa"}, headers=headers)  # gone back to, for the next person
    assert set(Patient.objects.values_list("given_name", flat=True)) == {"Ana", "Rosa"}


def test_the_small_form_inside_another_one_registers_one_person_when_it_is_sent_twice(desk_client):
    small = desk_client.post("/patients/new/inline/", {"typed": "Ana López"})
    sent = {"given_name": "Ana", "family_name": "López", "once": small.context["form"]["once"].value()}
    assert sent["once"] in small.content.decode()
    for _time in range(2):
        assert desk_client.post("/patients/new/inline/", sent).status_code == 200
    assert Patient.objects.count() == 1


def test_two_new_forms_register_two_people_of_one_name(desk_client):
    for _time in range(2):
        form = desk_client.get(NEW).context["form"]
        desk_client.post(NEW, ANA | {"once": form["once"].value()}, headers=ITSELF)
    assert Patient.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"phones-0-value": "(917) 555-2301 ext 5"}, "has an extension"),
        ({"phones-0-value": "917 555 2301", "phones-1-value": "+1 (917) 555-2301"}, "stands in the list twice"),
        ({"emails-0-value": "a@example.org", "emails-1-value": "A@example.org"}, "stands in the list twice"),
        ({"emails-0-value": "a@example.org", "emails-0-use": "mobile"}, "mobile is not one of the available choices"),
        ({"birth_date": "31/02/1990"}, "That day does not exist"),
        ({"birth_date": "02/31/1990"}, "That day does not exist"),
        ({"birth_date": "1.1.2050"}, "lies in the future"),
        ({"birth_date": "5/6/34"}, "Write the year with four digits"),
        ({"birth_date": "1/2/1850"}, "more than 130 years ago"),
    ],
)
def test_what_would_be_lost_or_guessed_is_refused_in_words(desk_client, fields, said):
    refused = desk_client.post(NEW, ANA | fields, headers=ITSELF)
    assert refused.status_code == 422
    assert said in refused.content.decode()
    assert not Patient.objects.exists()
    assert any(said in text for text in desk_client.post("/patients/check/", ANA | fields).json()["errors"].values())


@pytest.mark.parametrize("written", ["29/02/1992", "1992-02-29", "29.2.1992", "2/29/1992"])
def test_a_birth_date_with_its_whole_year_is_read_in_any_order(desk_client, written):
    desk_client.post(NEW, ANA | {"birth_date": written}, headers=ITSELF)
    assert Patient.objects.get().birth_date.isoformat() == "1992-02-29"
