"""The summary as PDF: what it says, in every script, whatever is in the record; who may have it, and what that leaves behind."""

from __future__ import annotations

import datetime as dt
import re
import sys

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.audit.models import AccessRecord
from apps.core.actors import SYSTEM
from apps.core.tenancy import closed
from apps.patients import services
from apps.patients.exchange.kinds import EXPORT_KINDS
from apps.patients.models import Patient
from apps.patients.services.exporting import export_patient
from tests.fixtures.patients import ContactPointFactory, IdentifierFactory, PatientFactory, RelatedPersonFactory
from tests.fixtures.pdf import ReadPdf

LETTER, A4 = (612, 792), (595, 842)

pytestmark = pytest.mark.django_db


@pytest.fixture
def printed(actor):
    """Return a function that gives a patient's PDF, read back."""

    def read(patient: Patient) -> ReadPdf:
        return ReadPdf(export_patient(patient=patient, kind=EXPORT_KINDS["pdf"], route="x", actor=actor).content)

    return read


@pytest.fixture
def made(organization, actor):
    """Return a function that registers somebody."""

    def create(**fields) -> Patient:
        given = {"given_name": "Maya", "family_name": "Chen", "birth_date": "1984-03-14"}
        return services.create_patient(organization=organization, actor=actor, **{**given, **fields})

    return create


class TestContent:
    def test_it_says_what_the_record_says(self, printed, made, actor):
        patient = made(
            preferred_name="May",
            name_latin="Maya Chen",
            sex="female",
            gender_identity="she",
            language="es",
            phones=[{"value": "+14155550142", "use": "work", "label": "reception"}],
            emails=["maya@example.org"],
            addresses=[{"lines": ["1 Harbour Street"], "city": "New York", "state": "NY", "postal_code": "10001"}],
            identifiers=[{"system": "passport", "value": "X123"}],
            related_persons=[
                {"name": "Rosa Chen", "relationship": "parent", "phone": "+14155550106", "is_emergency_contact": True}
            ],
            tags=["diabetes"],
            alerts=["Penicillin"],
            note="Prefers mornings.",
            preferred_channel="sms",
        )
        services.set_consent(
            patient=patient,
            purpose="photos",
            status="active",
            source="front desk",
            method="signed",
            evidence="blue folder",
            actor=actor,
        )
        text = printed(patient).text
        for said in (
            *("Tidewater Clinic", "Maya Chen", f"record {patient.record_number} · born 14 Mar 1984", "Penicillin"),
            *("Called May", "Female · she", "Language Spanish", "passport X123", "Tags diabetes"),
            *("(415) 555-0142 · reception", "maya@example.org", "1 Harbour Street New York, NY 10001", "Prefers SMS"),
            *("Rosa Chen · parent, emergency contact (415) 555-0106", "Note Prefers mornings."),
            *("front desk · Signed on paper · blue folder", "Registered"),
            f"by {actor.label}",
        ):
            assert said in text, said
        assert not {"\u2068", "\u2069", "\u200b"} & set(text)  # what is copied has no hidden marks

    def test_it_says_no_less_than_the_page_for_paper(self, desk_client, printed, made):
        patient = made(alerts=["Latex"], note="Prefers mornings.", tags=["vip"], phones=["+14155550142"])
        page = desk_client.get(reverse("patients:summary", args=[patient.pk]))
        summary = page.context["summary"]
        text = printed(patient).text
        shown = [flag.word for flag in summary.flags] + [line.label for line in summary.all_consents]
        shown += [entry.text for day in summary.timeline.days for entry in day.entries]
        shown += [one.text for one in summary.parts.phones]
        assert [words for words in shown if words not in text] == []

    def test_paper_names_nobody_who_merely_has_the_same_phone(self, organization, desk_client, printed, made):
        relative = made(given_name="Hidden", family_name="Guardianson")
        patient = made(
            phones=["+14155550142"],
            related_persons=[
                {"linked_patient": relative.pk, "relationship": "parent", "name": "Mum", "is_guardian": True}
            ],
        )
        sharing = made(given_name="Zuleika", family_name="Quist")
        for other in (relative, sharing):
            ContactPointFactory(organization=organization, patient=other, value="+14155550142")
        page = desk_client.get(reverse("patients:summary", args=[patient.pk])).content.decode()
        for paper in (printed(patient).text, page):
            assert "Mum" in paper
            for clue in ("Zuleika", "Hidden", "Same phone", "shared with"):
                assert clue not in paper
        screen = desk_client.get(reverse("patients:detail", args=[patient.pk])).content.decode()
        assert "Phone shared with 2 people" in screen

    def test_paper_does_not_tell_of_the_record_that_was_separated_again(self, desk_client, printed, made):
        patient, ben = made(), made(given_name="Ben", family_name="Quist")
        merge = services.merge_patients(survivor=patient, duplicate=ben, despite_doubts=True, actor=SYSTEM)
        services.set_consent(
            patient=patient, purpose="sms", status="active", source="SMS", evidence="ben@example.org", actor=SYSTEM
        )
        page = reverse("patients:summary", args=[patient.pk])
        assert "ben@example.org" in desk_client.get(page).content.decode()
        services.unmerge(merge=merge, actor=SYSTEM)
        for paper in (printed(patient).text, desk_client.get(page).content.decode()):
            assert "Separated from another record again" in paper
            assert "Consent given: SMS" in paper
            for clue in (ben.record_number, "ben@example.org"):
                assert clue not in paper

    def test_alerts_stand_before_everything_but_the_name(self, printed, made):
        text = printed(made(alerts=["Latex"])).text
        assert text.index("Maya Chen") < text.index("Latex") < text.index("Person")

    def test_record_of_which_only_the_name_is_known(self, printed, made):
        document = printed(made(given_name="Ana", family_name="", birth_date=None))
        assert len(document.pages) == 1
        assert "birth date not known" in document.text
        assert "Phone None E-mail None" in document.text
        assert "Page 1 of 1" in document.text

    def test_times_are_on_the_clinic_s_clock(self, organization, printed, made):
        organization.timezone = "Asia/Tokyo"
        organization.save()
        now = timezone.now().astimezone(dt.timezone(dt.timedelta(hours=9)))
        assert f"printed {now.day} {now:%b %Y %H}:" in printed(made()).text

    @pytest.mark.parametrize(("country", "size"), [("US", LETTER), ("MX", LETTER), ("GB", A4), ("IN", A4), ("ES", A4)])
    def test_paper_is_that_of_the_clinic_s_country(self, organization, printed, made, country, size):
        organization.country = country
        organization.save()
        assert printed(made()).size == size

    def test_headings_and_tables_are_told_to_screen_readers(self, printed, made):
        document = printed(made())
        assert (document.is_tagged, document.is_pdf_ua, document.title) == (True, True, "Summary: Maya Chen")


class TestEveryPage:
    def test_long_record_says_on_each_page_whose_it_is(self, printed, made):
        words = [f"word{n:04d}" for n in range(1200)]
        patient = made(note=" ".join(words))
        document = printed(patient)
        pages = len(document.pages)
        assert pages > 1
        for number, page in enumerate(document.pages, 1):
            for said in (
                *("Tidewater Clinic", "Maya Chen", f"record {patient.record_number} · born 14 Mar 1984"),
                *("printed ", f"Page {number} of {pages}"),
            ):
                assert said in " ".join(page.split()), (number, said)
        assert [word for word in words if word not in document.text] == []

    def test_very_long_names_leave_room_on_each_page(self, organization, printed, made):
        organization.name = "Clinic " * 16
        organization.save()
        document = printed(made(given_name="Maximiliana " * 9, family_name="W" * 120, note="word " * 2000))
        assert f"Page 2 of {len(document.pages)}" in document.pages[1]
        assert "record 0" in document.pages[1]

    def test_what_has_nowhere_to_break_is_on_the_paper_to_its_end(self, printed, made):
        document = printed(made(note="x" * 4999 + "y" + "z" * 5000, emails=[f"{'a' * 60}@{'b' * 60}.example.org"]))
        # Where it may break there is a space without width; PDFium marks where a line did end within a word.
        whole = re.sub("[ \u200b\ufffe]", "", document.text)
        assert sum(page.count("x") for page in document.pages) >= 4999
        assert sum(page.count("z") for page in document.pages) >= 5000
        assert f"{'b' * 60}.example.org" in whole


class TestScripts:
    @pytest.mark.parametrize(
        "name",
        [
            *(
                "Łukasz Žižka",
                "Nguyễn Thị Ánh",
                "Иван Петров",
                "Їжак Ґалаґан",
                "Θεσσαλονίκη Ελλάς",
                "राधा शर्मा",
                "क्षत्रिय",
            ),
            *(
                "שרה כהן",
                "مريم حسن",
                "محمد رضا پهلوی",
                "王秀英",
                "東京たろう",
                "カタカナ",
                "김철수",
                "ไทย",
                "தமிழ்",
                "తెలుగు",
            ),
            *("ಕನ್ನಡ", "മലയാളം", "বাংলা", "ગુજરાતી", "ਪੰਜਾਬੀ", "ქართული", "Հայերեն", "አማርኛ"),
        ],
    )
    def test_name_can_be_read_back_and_has_a_font(self, printed, made, name):
        document = printed(made(given_name=name, family_name="", note=f"Note: {name}"))
        assert document.is_pdf_ua  # which no document is that has a character without a font
        assert sorted(name.replace(" ", "")) == sorted(
            "".join(document.pages[0].split("Patient summary")[1].split("record")[0].split())
        )

    def test_what_has_no_font_leaves_a_sign_and_everything_else(self, printed, made):
        document = printed(made(note="Before 𓀀 བོད 👍🏽 after"))
        assert document.ink > printed(made(note="Before after")).ink + 50
        assert (document.is_tagged, document.is_pdf_ua) == (True, False)
        assert "Before" in document.text
        assert "after" in document.text

    def test_names_of_both_directions_turn_nothing_around_them(self, printed, made):
        text = printed(made(family_name="\u202eخدعة", note="12 \u2067 345")).text
        assert "record 0" in text
        assert "12 345" in text


class TestHostileContent:
    @pytest.mark.parametrize(
        "words",
        [
            '#panic("x")',
            '#include "/etc/passwd" #read("/etc/passwd")',
            "$ 1/0 $ *bold* _it_ `raw` ```code``` <label> @reference",
            "= Heading",
            "\\ \\u{41} ~ -- --- ... // comment /* open",
            "#[ ]] } ) \" ' {{ x }} {% y %} %s %(a)s",
            "<script>alert(1)</script>",
        ],
    )
    def test_text_is_printed_as_it_was_written(self, printed, made, words):
        document = printed(made(note=words, alerts=[words[:60]], given_name=words, family_name="Chen"))
        assert words in document.text.split("Note ")[1]
        assert document.title == f"Summary: {words} Chen"

    def test_control_characters_from_elsewhere_show_as_a_sign(self, organization, printed):
        patient = PatientFactory(organization=organization, note="bell \x07 here\x1b[31m\r\nnext line\ttab")
        text = printed(patient).text
        assert "bell \ufffd here" in text
        assert "next line tab" in text


class TestDoors:
    def test_page_gives_the_file_and_notes_it(self, desk_client, made):
        patient = made()
        answer = desk_client.get(reverse("patients:export", args=[patient.pk, "pdf"]))
        assert answer["Content-Type"] == "application/pdf"
        assert f"patient-{patient.record_number}-" in answer["Content-Disposition"]
        assert answer["Cache-Control"] == "no-store"
        assert "Maya Chen" in ReadPdf(answer.content).text
        record = AccessRecord.objects.get(kind="export")
        assert (record.patient_id, record.route) == (patient.pk, "patients:export:pdf")

    def test_summary_leads_to_it(self, desk_client, made):
        patient = made()
        page = desk_client.get(reverse("patients:summary", args=[patient.pk])).content.decode()
        assert reverse("patients:export", args=[patient.pk, "pdf"]) in page

    def test_patient_of_another_clinic_is_not_found(self, desk_client, other_organization):
        foreign = PatientFactory(organization=other_organization)
        assert desk_client.get(reverse("patients:export", args=[foreign.pk, "pdf"])).status_code == 404
        assert not AccessRecord.objects.filter(kind="export").exists()

    def test_api_gives_it_as_a_format(self, api_client, made):
        patient = made()
        answer = api_client.get(f"/api/v1/patients/{patient.pk}/export/", {"format": "pdf"})
        assert answer["Content-Type"] == "application/pdf"
        assert ReadPdf(answer.content).title == "Summary: Maya Chen"
        assert AccessRecord.objects.filter(kind="export", route="api:patients-export:pdf").count() == 1

    def test_command_writes_it(self, made, tmp_path):
        patient, target = made(), tmp_path / "record.pdf"
        with closed():
            call_command("export_patient", str(patient.pk), "--format", "pdf", "--output", str(target))
        text = ReadPdf(target.read_bytes()).text
        assert "Maya Chen" in text
        assert "by System" in text


def test_statements_do_not_grow_with_the_record(organization, printed, made):
    def statements(patient: Patient) -> int:
        with CaptureQueriesContext(connection) as caught:
            printed(patient)
        return len(caught)

    patient = made(phones=["+14155550142"], identifiers=[{"system": "passport", "value": "X1"}])
    few = statements(patient)
    for factory in (ContactPointFactory, IdentifierFactory, RelatedPersonFactory):
        factory.create_batch(10, organization=organization, patient=patient)
    sharing = PatientFactory(organization=organization)
    ContactPointFactory(organization=organization, patient=sharing, value="+14155550142")
    assert statements(patient) == few


def test_the_typesetter_stays_out_of_this_process(printed, made):
    printed(made())
    assert "typst" not in sys.modules
