"""The waitlist's pages: what staff see and do by hand."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.appointments.models import (
    AppointmentSettings,
    OfferStatus,
    Urgency,
    WaitlistEntry,
    WaitStatus,
)
from apps.appointments.services import cancel_appointment, offer_slot
from apps.audit.models import AccessRecord
from apps.communications.models import Communication
from apps.core.actors import SYSTEM
from tests.fixtures.appointments import AppointmentTypeFactory, PractitionerTypeFactory
from tests.fixtures.background import drain
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.practitioners import ClosureFactory, TimeOffFactory
from tests.fixtures.shared import client_for
from tests.fixtures.waitlist import again, offers_of, open_for_messages, somebody, visit_of, waiting

MONDAY = dt.datetime(2026, 11, 23, 18, 0, tzinfo=dt.UTC)
TUESDAY_TEN = dt.datetime(2026, 11, 24, 15, 0, tzinfo=dt.UTC)
HALF_HOUR, DAY = dt.timedelta(minutes=30), dt.timedelta(days=1)
HTMX = {"HX-Request": "true"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def clinic(bookable):
    return open_for_messages(bookable)


def url(name: str, *args: object, **query: str) -> str:
    return reverse(f"appointments:waitlist{name}", args=args, query=query or None)


def page(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def toast_of(answer) -> dict:
    return json.loads(answer.headers["HX-Trigger"])["toast"]


def offered(clinic, entry: WaitlistEntry, start: dt.datetime = TUESDAY_TEN):
    return offer_slot(
        entry=entry, practitioner=clinic.practitioner, location=clinic.location, start=start, actor=SYSTEM
    )


def slot_value(clinic, start: dt.datetime = TUESDAY_TEN) -> str:
    return f"{clinic.practitioner.pk}|{clinic.location.pk}|{start.isoformat()}"


def wish(clinic, **fields: object) -> dict[str, object]:
    return {
        "patient": str(somebody(clinic).pk),
        "appointment_type": str(clinic.appointment_type.pk),
        "earliest_date": "2026-11-23",
        "latest_date": "2026-12-04",
        "urgency": "0",
        **fields,
    }


class TestList:
    def test_it_shows_by_type_who_waits_for_what_since_when(self, clinic, desk_client):
        waiting(
            clinic,
            somebody(clinic, given_name="Khai", family_name="Nguyễn"),
            urgency=Urgency.URGENT,
            created_at=MONDAY - 12 * DAY,
            practitioner=clinic.practitioner,
            until_time=dt.time(12),
            latest_date=dt.date(2026, 12, 4),
            note="before the flight",
        )
        text = page(desk_client, url(""))
        for shown in (
            "Consultation",
            "Khai Nguyễn",
            "Urgent",
            "Dr Amara Okonkwo",
            "Until 4 December, before 12:00",
            "12 days",
            "before the flight",
            "1 waiting · 1 urgent",
        ):
            assert shown in text
        assert AccessRecord.objects.get().route == "appointments:waitlist"

    def test_the_urgent_come_first_then_who_waits_longest(self, clinic, desk_client):
        names = {"Bertrand": 0, "Urganova": 2, "Castell": 0}
        for number, (name, urgency) in enumerate(names.items()):
            waiting(clinic, somebody(clinic, family_name=name), urgency=urgency, created_at=MONDAY - (5 - number) * DAY)
        text = page(desk_client, url(""))
        assert text.index("Urganova") < text.index("Bertrand") < text.index("Castell")

    def test_open_offer_counts_down_with_its_time_and_how_far_the_message_got(self, clinic, desk_client):
        entry = waiting(clinic)
        offered(clinic, entry)
        text = page(desk_client, url(""))
        assert 'data-countdown="2026-11-23T13:30:00-05:00"' in text
        assert "Tue 24 Nov, 10:00</span>" in text
        assert ">Dr Okonkwo</span>" in text
        drain()
        assert "Sent" in page(desk_client, url("-entry", entry.pk))

    def test_filters_and_states_stay_in_the_address(self, clinic, desk_client):
        kind = AppointmentTypeFactory(organization=clinic.organization, name="Vaccination")
        waiting(clinic, somebody(clinic, family_name="Consulted"))
        waiting(clinic, somebody(clinic, family_name="Vaccinated"), appointment_type=kind)
        waiting(clinic, somebody(clinic, family_name="Gone"), status=WaitStatus.REMOVED)
        only = page(desk_client, url("", type=str(kind.pk)))
        assert ("Vaccinated" in only, "Consulted" in only) == (True, False)
        past = page(desk_client, url("", state="past"))
        assert ("Gone" in past, "Consulted" in past, "Put back" in past) == (True, False, True)
        assert "No offer waits" in page(desk_client, url("", state="offered"))
        assert "Nobody waits for that" in page(
            desk_client, url("", practitioner=str(clinic.practitioner.pk), type=str(kind.pk), state="offered")
        )

    def test_empty_list_says_what_it_is_for(self, organization, desk_client):
        text = page(desk_client, url(""))
        assert "Nobody waits" in text
        assert "a cancelled time is offered to them" in text

    def test_live_refresh_answers_the_list_alone_and_notes_no_further_look(self, clinic, desk_client):
        waiting(clinic)
        answer = desk_client.get(url("", live="1"), headers=HTMX).content.decode()
        assert "<html" not in answer
        assert not AccessRecord.objects.exists()

    def test_who_may_only_look_gets_no_buttons(self, clinic, auditor):
        entry = waiting(clinic)
        client = client_for(auditor)
        assert "Offer a time" not in page(client, url(""))
        assert client.post(url("-step", entry.pk, "remove")).status_code == 403

    def test_times_that_are_free_again_are_listed_until_they_are_taken(self, clinic, desk_client):
        AppointmentSettings.objects.create(organization=clinic.organization, waitlist_fills_automatically=False)
        waiting(clinic)
        for start, reason in ((TUESDAY_TEN, "patient"), (TUESDAY_TEN + 2 * HALF_HOUR, "practitioner")):
            cancel_appointment(appointment=visit_of(clinic, start), reason=reason, actor=SYSTEM)
        text = page(desk_client, url(""))
        assert "Times are offered by hand" in text
        assert "Who fits Tue 24 Nov, 10:00" in text
        assert "Tue 24 Nov, 11:00" not in text
        visit_of(clinic, TUESDAY_TEN)
        assert "Free again" not in page(desk_client, url(""))

    @pytest.mark.parametrize("absence", ["away", "closed here", "closed everywhere", "closed elsewhere"])
    def test_a_time_outside_the_plan_is_not_free_again(self, clinic, desk_client, absence):
        waiting(clinic)
        cancel_appointment(appointment=visit_of(clinic, TUESDAY_TEN), reason="patient", actor=SYSTEM)
        organization, period = clinic.organization, (TUESDAY_TEN - DAY, TUESDAY_TEN + DAY)
        if absence == "away":
            TimeOffFactory(organization=organization, practitioner=clinic.practitioner, period=period)
        else:
            elsewhere = LocationFactory(organization=organization)
            place = {"closed here": clinic.location, "closed elsewhere": elsewhere}.get(absence)
            ClosureFactory(organization=organization, location=place, period=period)
        assert ("Free again" in page(desk_client, url(""))) == (absence == "closed elsewhere")

    @pytest.mark.parametrize("name", ["", "-rail"])
    def test_more_rows_ask_no_more_questions(self, clinic, desk_client, name):
        def questions() -> int:
            with CaptureQueriesContext(connection) as caught:
                assert desk_client.get(url(name)).status_code == 200
            return sum("SAVEPOINT" not in query["sql"] for query in caught.captured_queries)

        def offer_some(number: int, *, week: int) -> None:
            for place in range(number):
                offered(clinic, waiting(clinic), TUESDAY_TEN + week * 7 * DAY + place * HALF_HOUR)
                waiting(clinic)

        offer_some(2, week=0)
        desk_client.get(url(name))  # what is asked once per process
        few = questions()
        offer_some(4, week=1)
        assert questions() == few


class TestAdding:
    def test_form_begins_with_today_and_what_is_known(self, clinic, desk_client):
        patient = somebody(clinic, family_name="Known")
        text = page(desk_client, url("-add", patient=str(patient.pk)))
        assert "Known" in text
        assert 'value="2026-11-23"' in text
        assert 'value="2026-12-21"' in text

    def test_saved_entry_is_told_with_an_undo(self, clinic, desk_client):
        answer = desk_client.post(
            url("-add"), wish(clinic, weekdays=["1", "3"], from_time="09:00", urgency="2"), headers=HTMX
        )
        assert answer.status_code == 204
        entry = WaitlistEntry.objects.get()
        assert (entry.weekdays, entry.from_time, entry.urgency) == ([1, 3], dt.time(9), Urgency.URGENT)
        told = toast_of(answer)
        assert told["text"].endswith("is on the waitlist")
        assert desk_client.post(told["undo_url"], headers=HTMX).status_code == 204
        assert again(entry).status == WaitStatus.REMOVED

    def test_without_htmx_it_leads_to_the_list(self, clinic, desk_client):
        answer = desk_client.post(url("-add"), wish(clinic))
        assert (answer.status_code, answer["Location"]) == (303, "/waitlist/")

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"patient": ""}, "Choose a patient"),
            ({"latest_date": "2026-11-01"}, "Choose a date on or after the first one"),
            ({"latest_date": "2026-11-20", "earliest_date": "2026-11-19"}, "That day has passed"),
            ({"from_time": "12:00", "until_time": "09:00"}, "Choose a time after the first one"),
            ({"latest_date": "2026-11-23", "weekdays": ["6"]}, "None of these weekdays"),
        ],
    )
    def test_wrong_fields_are_answered_in_place(self, clinic, desk_client, fields, words):
        answer = desk_client.post(url("-add"), wish(clinic, **fields), headers=HTMX)
        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert not WaitlistEntry.objects.exists()

    def test_who_waits_already_is_said_above_the_form(self, clinic, desk_client):
        entry = waiting(clinic)
        answer = desk_client.post(url("-add"), wish(clinic, patient=str(entry.patient_id)), headers=HTMX)
        assert answer.status_code == 422
        assert "waiting for this type of visit already" in answer.content.decode()

    def test_later_visits_of_the_type_can_be_chosen_to_be_moved(self, clinic, desk_client):
        patient = somebody(clinic)
        visit = visit_of(clinic, TUESDAY_TEN + 7 * DAY, patient)
        query = {"patient": str(patient.pk), "appointment_type": str(clinic.appointment_type.pk)}
        assert "Tue 01 Dec, 10:00" in page(desk_client, url("-visits", **query))
        other = AppointmentTypeFactory(organization=clinic.organization)
        assert "Instead of" not in page(desk_client, url("-visits", **query | {"appointment_type": str(other.pk)}))
        desk_client.post(url("-add"), wish(clinic, patient=str(patient.pk), moves=str(visit.pk)), headers=HTMX)
        assert WaitlistEntry.objects.get().moves_id == visit.pk

    def test_book_dialog_leads_here_with_what_was_typed(self, clinic, desk_client):
        assert "Put on the waitlist" in page(desk_client, reverse("appointments:book"))

    def test_move_dialog_leads_here_with_the_visit(self, clinic, desk_client):
        visit = visit_of(clinic, TUESDAY_TEN)
        text = page(desk_client, reverse("appointments:reschedule", args=[visit.pk]))
        assert f"moves={visit.pk}" in text


class TestEditing:
    def test_changes_are_saved_for_the_version_that_was_read(self, clinic, desk_client):
        entry = waiting(clinic)
        changed = wish(clinic, urgency="1", version="1") | {"patient": "", "appointment_type": ""}
        assert desk_client.post(url("-edit", entry.pk), changed, headers=HTMX).status_code == 204
        assert (again(entry).urgency, again(entry).version) == (1, 2)
        stale = desk_client.post(url("-edit", entry.pk), changed | {"urgency": "2"}, headers=HTMX)
        assert stale.status_code == 422
        assert "Somebody else changed this entry" in stale.content.decode()

    def test_form_shows_what_is_there(self, clinic, desk_client):
        entry = waiting(clinic, weekdays=[2], note="in the morning", until_time=dt.time(11))
        text = page(desk_client, url("-edit", entry.pk))
        assert "in the morning" in text
        assert 'value="11:00' in text
        assert re.search(r'value="2"[^>]* checked', text)


class TestOffering:
    def test_free_times_that_fit_are_listed_and_one_is_offered(self, clinic, desk_client, clock):
        entry = waiting(clinic, weekdays=[1], until_time=dt.time(11))
        text = page(desk_client, url("-offer", entry.pk))
        assert "Tuesday 24 November" in text
        assert ("<b>10:00</b>" in text, "<b>11:00</b>" in text, "Wednesday" in text) == (True, False, False)
        answer = desk_client.post(url("-offer", entry.pk), {"slot": slot_value(clinic)}, headers=HTMX)
        assert answer.status_code == 204
        assert "Tue 24 Nov, 10:00 offered to" in toast_of(answer)["text"]
        assert Communication.objects.get().due_at == MONDAY + dt.timedelta(seconds=20)

    def test_offer_can_be_undone_before_it_is_sent(self, clinic, desk_client):
        entry = waiting(clinic)
        answer = desk_client.post(url("-offer", entry.pk), {"slot": slot_value(clinic)}, headers=HTMX)
        desk_client.post(toast_of(answer)["undo_url"], headers=HTMX)
        drain()
        assert [one.status for one in offers_of(entry)] == [OfferStatus.WITHDRAWN]
        assert list(Communication.objects.values_list("status", flat=True)) == ["cancelled"]

    def test_refusal_says_why_and_shows_what_is_free(self, clinic, desk_client):
        visit_of(clinic, TUESDAY_TEN)
        entry = waiting(clinic)
        answer = desk_client.post(url("-offer", entry.pk), {"slot": slot_value(clinic)}, headers=HTMX)
        text = answer.content.decode()
        assert answer.status_code == 422
        assert "has another appointment from 10:00 to 10:30" in text
        assert "<b>10:30</b>" in text

    def test_who_can_not_be_written_to_is_said_with_the_next_step(self, clinic, desk_client):
        entry = waiting(clinic, somebody(clinic, agreed=False))
        answer = desk_client.post(url("-offer", entry.pk), {"slot": slot_value(clinic)}, headers=HTMX)
        assert answer.status_code == 422
        assert "Call them" in answer.content.decode()

    @pytest.mark.parametrize("slot", ["", "x|y|z", "a|b|2026-11-24T10:00:00"])
    def test_nothing_readable_chosen_is_asked_again(self, clinic, desk_client, slot):
        answer = desk_client.post(url("-offer", waiting(clinic).pk), {"slot": slot}, headers=HTMX)
        assert answer.status_code == 422
        assert "Choose one of the free times" in answer.content.decode()

    def test_without_a_fitting_time_the_window_can_be_widened(self, clinic, desk_client):
        entry = waiting(clinic, weekdays=[6])
        assert "No free time fits" in page(desk_client, url("-offer", entry.pk))

    def test_candidates_for_a_freed_time_come_ranked_with_reasons_and_hindrances(self, clinic, desk_client):
        waiting(clinic, somebody(clinic, family_name="Best"), urgency=2)
        waiting(clinic, somebody(clinic, family_name="Silent", agreed=False))
        query = {
            "practitioner": str(clinic.practitioner.pk),
            "location": str(clinic.location.pk),
            "start": TUESDAY_TEN.isoformat(),
            "end": (TUESDAY_TEN + HALF_HOUR).isoformat(),
        }
        text = page(desk_client, url("-candidates", **query))
        assert text.index("Best") < text.index("Silent")
        assert "Urgent · Waiting since today" in text
        assert "No consent for WhatsApp" in text
        assert text.count('name="slot"') == 1

    @pytest.mark.parametrize("end", ["", "2026-11-24T15:00:00+00:00", "2026-11-26T15:00:00+00:00", "soon"])
    def test_time_that_is_none_has_no_candidates(self, clinic, desk_client, end):
        query = {
            "practitioner": str(clinic.practitioner.pk),
            "location": str(clinic.location.pk),
            "start": TUESDAY_TEN.isoformat(),
            "end": end,
        }
        assert desk_client.get(url("-candidates", **query)).status_code == 404

    def test_cancelled_visit_shows_who_waits_for_its_time(self, clinic, desk_client):
        visit = cancel_appointment(appointment=visit_of(clinic, TUESDAY_TEN), reason="patient", actor=SYSTEM)
        assert "Who waits for this time?" in page(desk_client, reverse("appointments:detail", args=[visit.pk]))


class TestSteps:
    @pytest.mark.parametrize(
        ("step", "offer_state", "entry_state", "words"),
        [
            ("accept", OfferStatus.ACCEPTED, WaitStatus.BOOKED, "booked for Tue 24 Nov, 10:00"),
            ("decline", OfferStatus.DECLINED, WaitStatus.WAITING, "goes on waiting"),
            ("withdraw", OfferStatus.WITHDRAWN, WaitStatus.WAITING, "withdrawn"),
        ],
    )
    def test_answer_at_the_desk(self, clinic, desk_client, step, offer_state, entry_state, words):
        entry = waiting(clinic)
        offered(clinic, entry)
        answer = desk_client.post(url("-step", entry.pk, step), headers=HTMX)
        assert words in toast_of(answer)["text"]
        assert (offers_of(entry)[0].status, again(entry).status) == (offer_state, entry_state)
        assert offers_of(entry)[0].answered_by == "staff"

    def test_without_an_offer_there_is_nothing_to_accept(self, clinic, desk_client):
        answer = desk_client.post(url("-step", waiting(clinic).pk, "accept"), headers=HTMX)
        assert answer.status_code == 409
        assert "There is no offer" in toast_of(answer)["text"]

    def test_removed_entry_comes_back_by_undo(self, clinic, desk_client):
        entry = waiting(clinic)
        undo = toast_of(desk_client.post(url("-step", entry.pk, "remove"), headers=HTMX))["undo_url"]
        assert again(entry).status == WaitStatus.REMOVED
        desk_client.post(undo, headers=HTMX)
        assert again(entry).status == WaitStatus.WAITING

    def test_unknown_step_and_foreign_entry_are_not_found(self, clinic, desk_client, foreign_front_desk):
        entry = waiting(clinic)
        assert desk_client.post(url("-step", entry.pk, "dance")).status_code == 404
        assert client_for(foreign_front_desk).post(url("-step", entry.pk, "remove")).status_code == 404


class TestElsewhere:
    def test_rail_beside_today_shows_the_offer_and_who_is_next(self, clinic, desk_client):
        first = waiting(clinic, somebody(clinic, family_name="Asked"), urgency=2)
        waiting(clinic, somebody(clinic, family_name="Following"))
        offered(clinic, first)
        text = page(desk_client, url("-rail"))
        assert "Waitlist offer" in text
        assert text.index("Asked") < text.index("Following") < text.index("Next")

    @pytest.mark.parametrize(("number", "words"), [(2, ""), (3, "1 more offer<"), (4, "2 more offers<")])
    def test_rail_says_how_many_offers_there_are_besides(self, clinic, desk_client, number, words):
        for place in range(number):
            offered(clinic, waiting(clinic), TUESDAY_TEN + place * HALF_HOUR)
        text = page(desk_client, url("-rail"))
        assert ("more offer" in text, words in text) == (bool(words), True)

    def test_rail_without_an_offer_shows_who_waits(self, clinic, desk_client):
        waiting(clinic, somebody(clinic, family_name="Patient"))
        text = page(desk_client, url("-rail"))
        assert ("Patient" in text, "Waitlist offer" in text) == (True, False)

    def test_rail_of_an_empty_clinic_says_so(self, organization, desk_client):
        assert "Nobody waits for an earlier time" in page(desk_client, url("-rail"))

    def test_today_includes_the_rail_by_its_address(self, clinic, desk_client):
        assert url("-rail") in page(desk_client, "/")

    def test_patients_page_shows_what_they_wait_for(self, clinic, desk_client):
        entry = waiting(clinic, latest_date=dt.date(2026, 12, 4))
        text = page(desk_client, url("-for-patient", entry.patient_id))
        assert "Until 4 December" in text
        offered(clinic, entry)
        assert "Offered Tue 24 Nov, 10:00" in page(desk_client, url("-for-patient", entry.patient_id))

    def test_entry_shows_everything_that_was_offered(self, clinic, desk_client):
        entry = waiting(clinic, practitioner=clinic.practitioner)
        offered(clinic, entry)
        desk_client.post(url("-step", entry.pk, "decline"))
        text = page(desk_client, url("-entry", entry.pk))
        assert "Declined" in text
        assert AccessRecord.objects.filter(route="appointments:waitlist-entry", patient_id=entry.patient_id).exists()

    def test_navigation_counts_who_waits_and_marks_its_own_pages_only(self, clinic, desk_client):
        waiting(clinic)
        marked = re.compile(r'<a href="([^"]+)" id="nav-[^"]+"[^>]*aria-current="page"')
        assert marked.findall(page(desk_client, url(""))) == ["/waitlist/"]
        assert marked.findall(page(desk_client, "/calendar/")) == ["/calendar/"]
        assert marked.findall(page(desk_client, reverse("appointments:book"))) == ["/calendar/"]


def test_every_offering_practitioner_can_be_asked_for(clinic, desk_client):
    PractitionerTypeFactory(
        organization=clinic.organization,
        practitioner=clinic.practitioner,
        appointment_type=AppointmentTypeFactory(organization=clinic.organization),
    )
    assert "Dr Amara Okonkwo" in page(desk_client, url("-add"))
