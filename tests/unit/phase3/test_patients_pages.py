"""The staff pages of patients."""

from __future__ import annotations

import json
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.audit.models import AccessKind, AccessRecord
from apps.core.actors import SYSTEM
from apps.events.models import Event
from apps.organizations.permissions import Permission
from apps.patients import panels, services
from apps.patients.finder import find
from apps.patients.models import Consent, Patient
from tests.fixtures.patients import ContactPointFactory, PatientFactory
from tests.fixtures.shared import client_for

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
LIST = "/patients/"


def page_of(patient: Patient, name: str = "detail", *further: str) -> str:
    return reverse(f"patients:{name}", args=[patient.pk, *further])


def events_in(answer) -> dict:
    return json.loads(answer.headers.get("HX-Trigger", "{}"))


# ── list and search ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_list_shows_patients_by_folded_family_name(desk_client, organization):
    for family in ("Zapata", "Álvarez", "Łoś", "Mora"):
        PatientFactory(organization=organization, given_name="A", family_name=family)
    text = desk_client.get(LIST).content.decode()
    places = [text.index(family) for family in ("Álvarez", "Łoś", "Mora", "Zapata")]
    assert places == sorted(places)
    assert AccessRecord.objects.filter(kind=AccessKind.SEARCH, route="patients:list").count() == 4


def test_an_empty_clinic_is_told_what_to_do(desk_client):
    answer = desk_client.get(LIST)
    assert "No patients yet" in answer.content.decode()


def test_the_list_pages_by_the_last_patient(desk_client, organization):
    for n in range(60):
        PatientFactory(organization=organization, family_name=f"Family{n:02d}")
    first = desk_client.get(LIST)
    assert "Family49" in first.content.decode()
    assert "Family50" not in first.content.decode()
    second = desk_client.get(first.context["next_url"], headers=HTMX).content.decode()
    assert "Family50" in second
    assert "Family49" not in second
    assert "<html" not in second


def test_filters_stand_in_the_address(desk_client, organization, actor):
    PatientFactory(organization=organization, family_name="Spanish", language="es")
    gone = PatientFactory(organization=organization, family_name="Gone")
    services.archive_patient(patient=gone, actor=actor)
    spanish = desk_client.get(LIST, {"language": "es"}).content.decode()
    archived = desk_client.get(LIST, {"archived": "1"}).content.decode()
    assert ("p-" in spanish, "Gone" in spanish, "Gone" in archived) == (True, False, True)


def test_search_answers_rows_with_the_reason_and_keeps_names_out_of_addresses(desk_client, patient):
    services.update_patient(patient=patient, changes={"preferred_name": "Anita"}, actor=SYSTEM)
    answer = desk_client.post("/patients/search/", {"q": "0142"}, headers=HTMX).content.decode()
    assert "Ana López" in answer
    assert "phone (415) 555-0142" in answer
    assert "<html" not in answer
    assert desk_client.get("/patients/search/", {"q": "ana"}).status_code == 405


def test_search_without_a_hit_offers_to_register(desk_client, patient):
    assert (
        "Register a new patient" in desk_client.post("/patients/search/", {"q": "zzzz"}, headers=HTMX).content.decode()
    )


def test_an_emptied_search_gives_the_list_back(desk_client, patient):
    assert "By family name" in desk_client.post("/patients/search/", {"q": " "}, headers=HTMX).content.decode()


def test_list_takes_as_many_queries_for_many_as_for_few(desk_client, organization):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert desk_client.get(LIST).status_code == 200
        return len([query for query in queries if " FROM " in query["sql"] or "INSERT" in query["sql"]])

    ContactPointFactory(organization=organization, patient=PatientFactory(organization=organization))
    desk_client.get(LIST)
    few = count()
    for _n in range(20):
        ContactPointFactory(organization=organization, patient=PatientFactory(organization=organization))
    assert count() == few
    assert few <= 12


@pytest.mark.parametrize("method", ["get", "post"])
def test_typeahead_answers_options_with_own_script_latin_age_and_phone(desk_client, organization, actor, method):
    services.create_patient(
        organization=organization,
        given_name="राम",
        family_name="कुमार",
        name_latin="Ram Kumar",
        phones=["+919876543210"],
        actor=actor,
    )
    answer = getattr(desk_client, method)("/patients/typeahead/", {"q": "ram kum"}).content.decode()
    assert "राम कुमार" in answer
    assert "Ram Kumar · …3210" in answer
    assert 'data-inline="/patients/new/inline/"' in answer


def test_typeahead_escapes_what_was_typed_and_offers_no_registering_to_auditors(desk_client, auditor):
    answer = desk_client.post("/patients/typeahead/", {"q": "<b>x</b>"}).content.decode()
    assert "<b>x" not in answer
    assert "data-inline" not in client_for(auditor).post("/patients/typeahead/", {"q": "x"}).content.decode()


def test_a_search_that_stops_at_its_limit_does_not_count_who_fits(desk_client, organization):
    for n in range(26):
        PatientFactory(organization=organization, given_name="Quirin", family_name=f"Family{n:02d}")
    stopped = desk_client.post(f"{LIST}search/", {"q": "quirin"}, headers=HTMX).content.decode()
    assert "The 25 that fit best" in stopped
    assert "25 patients fit" not in stopped
    assert (
        "1 patient fits" in desk_client.post(f"{LIST}search/", {"q": "quirin family07"}, headers=HTMX).content.decode()
    )


def test_whom_nothing_reaches_is_listed_without_phone_or_e_mail(desk_client, organization):
    PatientFactory(organization=organization).contact_points.all().delete()
    assert "no phone or e-mail" in desk_client.get(LIST).content.decode()


# ── register and edit ─────────────────────────────────────────────────────────────────────────────────────────────────

ANA = {
    "given_name": "Ana",
    "family_name": "López",
    "birth_date": "3/14/1978",
    "sex": "female",
    "language": "es",
    "phone": "(415) 555-0142",
}


def test_registering_leads_to_the_record(desk_client):
    answer = desk_client.post("/patients/new/", ANA)
    made = Patient.objects.get()
    assert answer.headers["Location"] == page_of(made)
    assert (made.full_name, made.birth_date.isoformat(), made.language) == ("Ana López", "1978-03-14", "es")
    assert desk_client.post("/patients/new/", ANA | {"anyway": "1"}, headers=HTMX).headers["HX-Redirect"]


def test_the_dialog_asks_for_little_and_leads_to_the_page_that_asks_for_everything(desk_client):
    page, dialog = desk_client.get("/patients/new/"), desk_client.get("/patients/new/", headers=HTMX)
    assert ("<html" in page.content.decode(), "<html" in dialog.content.decode()) == (True, False)
    assert 'hx-target="#modal"' in dialog.content.decode()
    assert 'id="rf-people"' in page.content.decode()
    assert '<a class="btn btn-ghost start" href="/patients/new/">' in dialog.content.decode()


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"given_name": ""}, "This field is required."),
        ({"birth_date": "31/31/1999"}, "Write the birth date like 03/14/1978."),
        ({"birth_date": "1/1/2999"}, "lies in the future"),
        ({"birth_date": "2999"}, "lies in the future"),
        ({"birth_date": "1850"}, "more than 130 years ago"),
        ({"phone": "12"}, "too few digits"),
        ({"email": "ana at example"}, "is not an e-mail address"),
        ({"phone_2": "123"}, "too few digits"),
        ({"alerts": "x" * 61}, "at most 60 characters"),
        ({"sex": "robot"}, "robot"),
    ],
)
def test_a_refused_form_comes_back_as_422_with_the_reason(desk_client, fields, shown):
    answer = desk_client.post("/patients/new/", ANA | fields, headers=HTMX)
    assert answer.status_code == 422
    assert shown in answer.content.decode().replace("&#x27;", "'")
    assert not Patient.objects.exists()


def test_everything_that_is_wrong_is_said_at_once(desk_client):
    fields = {"given_name": "Ana", "birth_date": "31/31/1990", "phone": "12", "email": "nope", "sex": "unknown"}
    page = desk_client.post(reverse("patients:new"), fields | {"language": "en"}, headers=HTMX).content.decode()
    assert "Write the birth date like" in page
    assert "“12” has too few digits." in page
    assert "“nope” is not an e-mail address." in page


def test_a_refused_form_on_a_page_of_its_own_stays_a_page(desk_client):
    itself = HTMX | {"HX-Target": "patient-form"}
    page = desk_client.post(reverse("patients:new"), {"given_name": ""}, headers=itself).content.decode()
    assert 'class="panel form-page" id="patient-form"' in page
    assert "data-dialog-close" not in page.split('id="patient-form"')[1].split("</form>")[0]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("03/04/1978", "Born 4 March 1978, age 48"),
        ("1978", "Born 1978, age 47–48"),
        ("31/12/1978", "Born 31 December 1978, age 47"),
        ("13/13/1978", "Birth date: Write the birth date like 03/14/1978."),
        ("", ""),
    ],
)
def test_how_a_birth_date_is_understood_is_said_while_registering(desk_client, typed, words):
    answer = desk_client.post("/patients/new/similar/", {"birth_date": typed}).content.decode()
    assert words in answer
    assert bool(words) == bool(answer.strip())


def test_who_has_the_same_phone_is_shown_while_registering(desk_client, patient):
    answer = desk_client.post("/patients/new/similar/", {"phone": "415 555 0142", "email": ""}).content.decode()
    assert "Ana López" in answer
    assert "same phone" in answer
    own = desk_client.post(
        "/patients/new/similar/", {"phone": "415 555 0142", "patient": str(patient.pk)}
    ).content.decode()
    assert own.strip() == ""
    assert desk_client.post("/patients/new/similar/", {"phone": "rubbish"}).content.decode().strip() == ""


def test_editing_saves_what_differs(desk_client, patient):
    form = desk_client.get(page_of(patient, "edit"), headers=HTMX).context["form"]
    posted = {name: form[name].value() or "" for name in form.fields} | {
        "given_name": "Anna",
        "phone_2": "646 555 0199",
    }
    answer = desk_client.post(
        page_of(patient, "edit"), posted, headers=HTMX | {"HX-Current-URL": f"http://testserver{page_of(patient)}"}
    )
    assert answer.status_code == 204
    assert {"modal:close", "live:patients", "toast"} <= events_in(answer).keys()
    event = Event.objects.get(type="patient.updated")
    assert event.changes == {
        "given_name": ["Ana", "Anna"],
        "phones": [["+14155550142"], ["+14155550142", "+16465550199"]],
    }


def test_editing_keeps_addresses_that_the_form_does_not_show(desk_client, patient, actor):
    services.update_patient(
        patient=patient, changes={"phones": ["+14155550142", "+14155550143", "+14155550144"]}, actor=actor
    )
    form = desk_client.get(page_of(patient, "edit"), headers=HTMX).context["form"]
    posted = {name: form[name].value() or "" for name in form.fields} | {"phone": "+14155550149"}
    desk_client.post(page_of(patient, "edit"), posted)
    assert list(patient.contact_points.filter(system="phone").values_list("value", flat=True)) == [
        "+14155550149",
        "+14155550143",
        "+14155550144",
    ]


def test_a_field_that_two_people_changed_is_asked_and_never_replaced_by_pressing_save_again(
    desk_client, patient, actor
):
    form = desk_client.get(page_of(patient, "edit"), headers=HTMX).context["form"]
    posted = {name: form[name].value() or "" for name in form.fields} | {"given_name": "Anya"}
    services.update_patient(patient=patient, changes={"given_name": "Anna"}, actor=actor)
    refused = desk_client.post(page_of(patient, "edit"), posted, headers=HTMX)
    assert refused.status_code == 422
    assert "Given name is now “<bdi>Anna</bdi>”" in refused.content.decode()
    form = refused.context["form"]
    again = {name: form[name].value() or "" for name in form.fields}
    assert again["given_name"] == "Anya"
    assert desk_client.post(page_of(patient, "edit"), again, headers=HTMX).status_code == 422
    settled = again | {"settle-given_name": "mine"}
    assert desk_client.post(page_of(patient, "edit"), settled, headers=HTMX).status_code == 204
    patient.refresh_from_db()
    assert patient.given_name == "Anya"


def test_a_field_that_two_people_changed_is_called_as_the_form_calls_it(desk_client, patient, actor):
    form = desk_client.get(page_of(patient, "edit"), headers=HTMX).context["form"]
    posted = {name: form[name].value() or "" for name in form.fields} | {"preferred_name": "Gail"}
    services.update_patient(patient=patient, changes={"preferred_name": "Abby"}, actor=actor)
    refused = desk_client.post(page_of(patient, "edit"), posted, headers=HTMX).content.decode()
    assert "Wants to be called is now “<bdi>Abby</bdi>”" in refused


def test_registering_inside_another_form(desk_client):
    fields = desk_client.post("/patients/new/inline/", {"typed": "Ana María López 4155550142"}).content.decode()
    assert 'value="Ana María"' in fields
    assert 'value="López"' in fields
    assert 'value="4155550142"' in fields
    assert (
        desk_client.post("/patients/new/inline/", {"given_name": "", "language": "en", "sex": "unknown"}).status_code
        == 422
    )
    answer = desk_client.post(
        "/patients/new/inline/", {"given_name": "Ana", "family_name": "López", "birth_date": "", "phone": ""}
    )
    made = Patient.objects.get()
    assert events_in(answer)["typeahead:set"] == {"value": str(made.pk), "text": "Ana López"}


def test_registering_somebody_who_is_here_already_inside_another_form_is_asked_too(desk_client, organization, actor):
    known = services.create_patient(organization=organization, actor=actor, given_name="Ana", family_name="López",
                                    birth_date="1978-03-14", phones=["+14155550142"])  # fmt: skip
    typed = {"given_name": "Ana", "family_name": "Lopez", "birth_date": "3/14/1978", "phone": ""}
    asked = desk_client.post("/patients/new/inline/", typed)
    assert (asked.status_code, Patient.objects.count()) == (422, 1)
    said = asked.content.decode()
    assert "possibly the same person" in said
    assert page_of(known) in said
    assert AccessRecord.objects.filter(patient_id=known.pk, kind=AccessKind.SEARCH).exists()
    answer = desk_client.post("/patients/new/inline/", typed | {"anyway": "1"})
    assert events_in(answer)["typeahead:set"]["text"] == "Ana Lopez"
    assert Patient.objects.count() == 2


# ── the record ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_record_shows_header_flags_timeline_and_rail(desk_client, organization, patient, actor):
    services.update_patient(
        patient=patient, changes={"alerts": ["Penicillin allergy"], "preferred_name": "Anita"}, actor=actor
    )
    services.set_consent(patient=patient, purpose="sms", status="withdrawn", source="STOP keyword", actor=actor)
    PatientFactory(organization=organization)
    services.create_patient(organization=organization, given_name="Leo", phones=["+14155550142"], actor=actor)
    text = desk_client.get(page_of(patient)).content.decode()
    for shown in (
        "Ana López",
        "called Anita",
        "(415) 555-0142",
        "Penicillin allergy",
        "Opted out of SMS",
        "Consent missing: data sharing",
    ):
        assert shown in text
    assert "Phone shared with 1 person" in text
    assert "Consent withdrawn: SMS messages (STOP keyword)" in text
    assert (
        AccessRecord.objects.filter(patient_id=patient.pk, kind=AccessKind.VIEW, route="patients:detail").count() == 1
    )


def test_a_record_of_nobody_or_of_another_clinic_is_not_found(desk_client, foreign_patient):
    for pk in (uuid.uuid4(), foreign_patient.pk):
        for name in ("detail", "edit", "timeline", "head", "details", "consents-panel"):
            assert desk_client.get(reverse(f"patients:{name}", args=[pk])).status_code == 404
        for name in ("archive", "restore"):
            assert desk_client.post(reverse(f"patients:{name}", args=[pk])).status_code == 404
    assert not AccessRecord.objects.exists()


def test_what_an_auditor_sees_and_may_not_change(auditor, patient):
    client = client_for(auditor)
    text = client.get(page_of(patient)).content.decode()
    assert "Archive" not in text
    assert client.get(LIST).status_code == 200
    for url in (
        "/patients/new/",
        page_of(patient, "edit"),
        page_of(patient, "archive"),
        page_of(patient, "set-consent", "sms", "active"),
    ):
        assert client.post(url, ANA).status_code == 403
    assert Patient.objects.count() == 1


def test_a_visitor_is_sent_to_sign_in(anonymous_client, patient):
    assert anonymous_client.get(page_of(patient)).status_code == 302


def test_a_tab_is_a_page_and_a_fragment_with_its_row_of_tabs(desk_client, patient):
    whole = desk_client.get(page_of(patient, "tab", "consents")).content.decode()
    part = desk_client.get(page_of(patient, "tab", "consents"), headers=HTMX).content.decode()
    assert ("<html" in whole, "<html" in part) == (True, False)
    assert 'hx-swap-oob="true"' in part
    assert desk_client.get(page_of(patient, "tab", "horoscope")).status_code == 404


def test_other_apps_bring_tabs_panels_and_actions(desk_client, auditor, patient, monkeypatch):
    monkeypatch.setattr(panels, "_panels", {})
    panels.register(
        slot="tab",
        key="moods",
        label="Moods",
        url_name="patients:timeline",
        order=1,
        permission=Permission.PATIENTS_MANAGE,
        rows=lambda someone: Patient.objects.filter(pk=someone.pk),
    )
    panels.register(
        slot="rail",
        key="now",
        label="Now",
        url_name="patients:details",
        order=1,
        permission=Permission.PATIENTS_VIEW,
        live=("appointments",),
    )
    panels.register(
        slot="action",
        key="book",
        label="Book",
        url_name="patients:edit",
        order=1,
        permission=Permission.PATIENTS_VIEW,
        shortcut="b",
        modal=True,
    )
    panels.register(
        slot="action", key="fly", label="Fly", url_name="flights:new", order=2, permission=Permission.PATIENTS_VIEW
    )
    text = desk_client.get(page_of(patient)).content.decode()
    assert "Moods <span>1</span>" in text
    assert 'hx-trigger="load" hx-swap="morph:innerHTML" hx-disinherit="*" data-follow="appointments' in text
    assert "Book <kbd>B</kbd>" in text
    assert "Fly" not in text
    assert (
        f'hx-get="{page_of(patient, "timeline")}"' in desk_client.get(page_of(patient, "tab", "moods")).content.decode()
    )
    assert "Moods" not in client_for(auditor).get(page_of(patient)).content.decode()


def test_the_timeline_filters_grows_and_goes_on(desk_client, patient, actor):
    for n in range(55):
        services.update_patient(patient=patient, changes={"note": f"Note {n}"}, actor=actor)
    url = page_of(patient, "timeline")
    first = desk_client.get(url).content.decode()
    assert first.count("data-find") == 50
    assert "Show earlier entries" in first
    longer = desk_client.get(url, {"shown": "150"}).content.decode()
    assert longer.count("data-find") == 55
    assert "Show earlier entries" not in longer
    assert "Nothing of this kind yet" in desk_client.get(url, {"kind": "messages"}).content.decode()
    for odd in ({"kind": "x"}, {"shown": "-1"}, {"shown": "999999999999"}, {"before": "x"}):
        assert desk_client.get(url, odd).status_code == 200


def test_a_live_refresh_leaves_no_further_access_record(desk_client, patient):
    desk_client.get(page_of(patient, "timeline"), {"live": "1"})
    desk_client.get(page_of(patient, "head"))
    assert not AccessRecord.objects.exists()


def test_archiving_is_undone_from_the_toast(desk_client, patient):
    toast = events_in(desk_client.post(page_of(patient, "archive"), headers=HTMX))["toast"]
    patient.refresh_from_db()
    assert patient.archived_at is not None
    desk_client.post(toast["undo_url"], headers=HTMX)
    patient.refresh_from_db()
    assert patient.archived_at is None


def test_an_answer_at_the_desk_is_undone_from_the_toast(desk_client, patient):
    desk_client.post(page_of(patient, "set-consent", "whatsapp", "active"), headers=HTMX)
    answer = desk_client.post(page_of(patient, "set-consent", "whatsapp", "withdrawn"), headers=HTMX)
    assert Consent.objects.get().status == "withdrawn"
    desk_client.post(events_in(answer)["toast"]["undo_url"], headers=HTMX)
    assert (Consent.objects.get().status, Consent.objects.get().source) == ("active", "front desk")
    for odd in (("telepathy", "active"), ("sms", "maybe")):
        assert desk_client.post(page_of(patient, "set-consent", *odd), headers=HTMX).status_code == 422


def test_the_record_of_somebody_with_nothing_but_a_name(desk_client, organization):
    bare = PatientFactory(organization=organization, birth_date=None)
    text = desk_client.get(page_of(bare)).content.decode()
    assert "Birth date not known" in text
    assert "No phone" in text


def test_what_people_wrote_is_escaped_everywhere(desk_client, organization, actor):
    hostile = services.create_patient(
        organization=organization,
        given_name="<i>x</i>",
        alerts=["<script>"],
        tags=["<u>"],
        note="<b>",
        gender_identity="<a>",
        phones=["4155550142"],
        actor=actor,
    )
    for url in (page_of(hostile), LIST, page_of(hostile, "edit"), page_of(hostile, "tab", "consents")):
        text = desk_client.get(url).content.decode()
        assert "<i>x" not in text
        assert "<u>" not in text


def test_the_palette_finds_patients(organization, actor, patient, rf, front_desk):
    request = rf.get("/")
    request.organization, request.actor = organization, actor
    found = find(request, "ana lop")
    assert [(line.label, line.url) for line in found] == [("Ana López", page_of(patient))]
    assert AccessRecord.objects.get().route == "palette"


# ── the archive ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_search_in_the_open_archive_looks_there(desk_client, patient, actor):
    services.archive_patient(patient=patient, actor=actor)
    PatientFactory(organization=patient.organization, given_name="Ana", family_name="Lopezowa")
    answer = desk_client.post("/patients/search/", {"q": "lopez", "archived": "1"}, headers=HTMX).content.decode()
    assert ("Ana López" in answer, "Lopezowa" in answer) == (True, False)
    assert "1 archived record fits, best first" in answer
    listed = desk_client.post("/patients/search/", {"q": "", "archived": "1"}, headers=HTMX).content.decode()
    assert ("Ana López" in listed, "Lopezowa" in listed) == (True, False)


@pytest.mark.parametrize("typed", ["lopez", "{number}", "0142"])
def test_a_search_elsewhere_says_who_fits_in_the_archive_and_offers_to_restore(desk_client, patient, actor, typed):
    services.archive_patient(patient=patient, actor=actor)
    text = typed.format(number=patient.record_number)
    answer = desk_client.post("/patients/search/", {"q": text}, headers=HTMX).content.decode()
    assert "1 archived record fits" in answer
    assert page_of(patient) in answer
    assert page_of(patient, "restore") in answer
    assert "Nobody fits" not in answer
    assert AccessRecord.objects.filter(kind=AccessKind.SEARCH, patient_id=patient.pk).count() == 1


def test_the_archive_lists_no_merged_record(desk_client, patient, actor):
    double = PatientFactory(organization=patient.organization, family_name="Twice")
    services.merge_patients(survivor=patient, duplicate=double, despite_doubts=True, actor=actor)
    assert "Twice" not in desk_client.get(LIST, {"archived": "1"}).content.decode()
    assert "archived record" not in desk_client.post("/patients/search/", {"q": "Twice"}, headers=HTMX).content.decode()


def test_restoring_from_a_search_leads_to_the_record(desk_client, patient, actor):
    services.archive_patient(patient=patient, actor=actor)
    answer = desk_client.post(page_of(patient, "restore"), {"open": "1"}, headers=HTMX)
    assert answer.headers["HX-Redirect"] == page_of(patient)
    patient.refresh_from_db()
    assert patient.archived_at is None


def test_a_patient_field_and_the_palette_name_who_is_archived(desk_client, patient, actor, rf, front_desk):
    services.archive_patient(patient=patient, actor=actor)
    field = desk_client.post("/patients/typeahead/", {"q": "lopez"}).content.decode()
    assert 'aria-disabled="true"' in field
    assert "Archived: restore the record first" in field
    palette = desk_client.post("/frame/palette/", {"q": "lopez"}, headers=HTMX).content.decode()
    assert "archived · " in palette


@pytest.mark.parametrize(
    "typed",
    [
        {"given_name": "Ana", "family_name": "López", "birth_date": "3/14/1978"},
        {"given_name": "Ana", "family_name": "López", "birth_date": "3/14/1978", "phone": "415 555 0142"},
        {"given_name": "Anna", "family_name": "Lopes", "phone": "415 555 0142"},
    ],
)
def test_an_archived_record_is_a_duplicate_to_restore(desk_client, patient, actor, typed):
    services.update_patient(patient=patient, changes={"birth_date": "1978-03-14"}, actor=actor)
    services.archive_patient(patient=patient, actor=actor)
    answer = desk_client.post("/patients/new/similar/", typed).content.decode()
    assert "Ana López" in answer
    assert "restore the archived record instead of registering" in answer
    assert page_of(patient, "restore") in answer


def test_an_archived_record_that_was_merged_is_no_duplicate(desk_client, patient, actor):
    double = services.create_patient(
        organization=patient.organization, given_name="Zoe", family_name="Twice", phones=["415 555 0199"], actor=actor
    )
    services.merge_patients(survivor=patient, duplicate=double, despite_doubts=True, actor=actor)
    answer = desk_client.post("/patients/new/similar/", {"given_name": "Zoe", "family_name": "Twice"})
    assert page_of(double) not in answer.content.decode()


# ── right words, both spellings ───────────────────────────────────────────────────────────────────────────────────────


def test_a_search_that_finds_nobody_counts_nobody(desk_client, patient):
    answer = desk_client.post("/patients/search/", {"q": "zzzz"}, headers=HTMX).content.decode()
    assert "0 patients" not in answer
    assert 'role="status">Nobody fits<' in answer


def test_an_archive_without_a_language_says_so_and_not_that_it_is_empty(desk_client, patient, actor):
    services.archive_patient(patient=patient, actor=actor)
    answer = desk_client.get(LIST, {"archived": "1", "language": "hi"}).content.decode()
    assert "No archived record has this language." in answer
    assert "Nobody is archived" not in answer
    services.restore_patient(patient=patient, actor=actor)
    assert "Nobody is archived" in desk_client.get(LIST, {"archived": "1"}).content.decode()


def test_a_hit_shows_the_latin_spelling_beside_the_reason(desk_client, organization, actor):
    services.create_patient(
        organization=organization, given_name="राम", family_name="कुमार", name_latin="Ram Kumar", actor=actor
    )
    answer = desk_client.post("/patients/search/", {"q": "kumar"}, headers=HTMX).content.decode()
    assert "<bdi>Ram Kumar</bdi> · name" in answer
