"""Today, the calendar, the book dialog, the inbox and the simulator, as a receptionist's browser asks for them."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
import time_machine
from django.urls import reverse

from apps.appointments.models import Appointment, Status
from apps.appointments.services import cancel_appointment, confirm_appointment, reschedule_appointment
from apps.communications.models import Communication
from apps.conversations.models import Conversation
from apps.core.actors import SYSTEM
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.conversations import ConversationFactory, MessageFactory
from tests.fixtures.notifications import TemplateFactory
from tests.fixtures.patients import PatientFactory
from tests.fixtures.practitioners import PractitionerFactory
from tests.fixtures.shared import MONDAY, client_for

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def monday_morning():
    """Twenty past nine on Monday, local time, from before anybody signs in: sessions last twelve hours."""
    with time_machine.travel(MONDAY + dt.timedelta(minutes=20), tick=False):
        yield MONDAY + dt.timedelta(minutes=20)


def test_today_names_who_is_late_and_offers_the_next_step(desk_client, appointment):
    page = desk_client.get("/").content.decode()
    assert "Ana López" in page
    assert "20 min late" in page
    assert f"/appointments/{appointment.pk}/step/arrive/" in page


def test_more_than_an_hour_late_is_said_in_hours(desk_client, appointment):
    with time_machine.travel(MONDAY + dt.timedelta(minutes=67), tick=False):
        assert "1 h 07 late" in desk_client.get("/").content.decode()


def test_a_step_answers_a_toast_with_undo_and_undo_takes_it_back(desk_client, appointment):
    answer = desk_client.post(reverse("appointments:step", args=[appointment.pk, "arrive"]), headers=HTMX)
    assert answer.status_code == 204
    assert f"/appointments/{appointment.pk}/step/undo/" in answer["HX-Trigger"]
    appointment.refresh_from_db()
    assert appointment.status == Status.ARRIVED
    desk_client.post(reverse("appointments:step", args=[appointment.pk, "undo"]), headers=HTMX)
    appointment.refresh_from_db()
    assert appointment.status == Status.BOOKED


@pytest.mark.parametrize(
    ("path", "heading"), [("/nowhere/", "Not found"), ("/settings/booking/", "You may not do that")]
)
def test_the_title_of_a_refused_page_says_what_its_heading_says(desk_client, path, heading):
    page = desk_client.get(path).content.decode()
    assert [page.count(f"<h1>{heading}</h1>"), heading in page.split("<title>")[1].split("</title>")[0]] == [1, True]


def test_an_unknown_step_is_not_found(desk_client, appointment):
    assert desk_client.post(f"/appointments/{appointment.pk}/step/explode/").status_code == 404


def test_an_empty_day_says_what_the_page_is_for(desk_client):
    assert "Nobody is booked on this day" in desk_client.get("/?day=2030-01-01").content.decode()


def test_a_broken_day_in_the_address_shows_today(desk_client, organization):
    assert desk_client.get("/?day=2026-13-99&practitioner=x&status=%00").status_code == 200


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_beyond_any_calendar_shows_today(desk_client, organization, day):
    assert desk_client.get(f"/?day={day}").status_code == 200


def test_an_emergency_stands_before_who_has_waited_longer(desk_client, organization):
    for number, attention in enumerate(["", "", "", "", "", "", "emergency"]):
        ConversationFactory(
            organization=organization,
            address=f"+1415555010{number}",
            attention=attention,
            waiting_since=MONDAY - dt.timedelta(minutes=60 - number),
        )
    unread = desk_client.get("/").context["unread"]
    assert "0106" in unread[0].name
    assert "0100" in unread[1].name


def test_today_filters_by_state(desk_client, appointment):
    assert "Ana López" not in desk_client.get("/?status=waiting", headers=HTMX).content.decode()
    assert "Ana López" in desk_client.get("/?status=expected", headers=HTMX).content.decode()


def test_a_cancelled_visit_is_not_counted_as_missed(desk_client, appointment, manager_actor):
    cancel_appointment(appointment=appointment, reason="patient", actor=manager_actor)
    assert "Ana López" not in desk_client.get("/?status=missed", headers=HTMX).content.decode()
    assert "Ana López" in desk_client.get("/?status=cancelled", headers=HTMX).content.decode()


def test_check_in_asks_first_when_the_visit_is_on_another_day(desk_client, appointment):
    assert "hx-confirm" not in desk_client.get("/", headers=HTMX).content.decode()
    reschedule_appointment(appointment=appointment, start=MONDAY + dt.timedelta(days=1), actor=SYSTEM)
    page = desk_client.get("/?day=2026-11-24", headers=HTMX).content.decode()
    assert "This visit is on Tuesday 24 November, not today." in page


@pytest.mark.parametrize("view", ["day", "week"])
def test_the_calendar_shows_the_visit_with_its_place_in_minutes(desk_client, appointment, view):
    page = desk_client.get(f"/calendar/?view={view}&day=2026-11-23").content.decode()
    assert f"ev-{appointment.pk}" in page
    assert "09:00" in page


def undo_url(answer) -> str:
    """Return where the toast's Undo posts."""
    return json.loads(answer["HX-Trigger"])["toast"]["undo_url"]


def test_a_visit_is_moved_by_dropping_it_and_the_toast_moves_it_back(desk_client, appointment):
    url = reverse("appointments:move", args=[appointment.pk])
    confirm_appointment(appointment=appointment, by="whatsapp", actor=SYSTEM)
    where = {"day": "2026-11-23", "minute": 14 * 60, "practitioner": str(appointment.practitioner_id), "version": 1}
    answer = desk_client.post(url, where, headers=HTMX)
    assert answer.status_code == 204
    appointment.refresh_from_db()
    assert appointment.start == dt.datetime(2026, 11, 23, 19, 0, tzinfo=dt.UTC)
    assert appointment.version == 2
    assert not appointment.is_confirmed
    assert desk_client.post(undo_url(answer), headers=HTMX).status_code == 204
    appointment.refresh_from_db()
    assert appointment.start == MONDAY
    assert appointment.confirmed_by == "whatsapp"


def test_an_undo_does_not_move_what_somebody_else_moved_meanwhile(desk_client, appointment):
    url = reverse("appointments:move", args=[appointment.pk])
    mine = desk_client.post(url, {"day": "2026-11-23", "minute": 14 * 60}, headers=HTMX)
    desk_client.post(url, {"day": "2026-11-23", "minute": 15 * 60}, headers=HTMX)
    assert desk_client.post(undo_url(mine), headers=HTMX).status_code == 409
    appointment.refresh_from_db()
    assert appointment.start == dt.datetime(2026, 11, 23, 20, 0, tzinfo=dt.UTC)


def test_a_refused_drop_says_every_reason_and_what_is_free(desk_client, bookable, appointment):
    other = AppointmentFactory(
        organization=bookable.organization,
        practitioner=bookable.practitioner,
        location=bookable.location,
        appointment_type=bookable.appointment_type,
        start=MONDAY + dt.timedelta(hours=5),
    )
    where = {"day": "2026-11-23", "minute": 9 * 60, "practitioner": str(bookable.practitioner.pk)}
    answer = desk_client.post(reverse("appointments:move", args=[other.pk]), where, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Nearest free" in page
    assert page.count("data-slot") == 3
    other.refresh_from_db()
    assert other.start == MONDAY + dt.timedelta(hours=5)


def test_a_drop_that_can_not_be_read_is_refused_in_words(desk_client, appointment):
    answer = desk_client.post(reverse("appointments:move", args=[appointment.pk]), {"day": "x"}, headers=HTMX)
    assert answer.status_code == 422


def test_the_book_dialog_books_a_listed_time(desk_client, bookable, patient):
    times = desk_client.get(
        reverse("appointments:times"), {"appointment_type": str(bookable.appointment_type.pk), "day": "2026-11-23"}
    )
    slot = times.context["times"]["days"][0]["slots"][0]["value"]
    form = {
        "patient": str(patient.pk),
        "appointment_type": str(bookable.appointment_type.pk),
        "slot": slot,
        "reason": "Sore throat",
    }
    answer = desk_client.post(reverse("appointments:book"), form, headers=HTMX)
    assert answer.status_code == 204, answer.content.decode()
    assert "modal:close" in answer["HX-Trigger"]
    assert Appointment.objects.get(patient=patient).reason == "Sore throat"


def test_the_book_dialog_says_why_not_for_a_time_of_ones_own(
    desk_client, bookable, appointment, patient, monday_morning
):
    form = {
        "patient": str(patient.pk),
        "appointment_type": str(bookable.appointment_type.pk),
        "practitioner": str(bookable.practitioner.pk),
        "day": "2026-11-23",
        "own_time": "09:00",
    }
    answer = desk_client.post(reverse("appointments:book"), form, headers=HTMX)
    assert answer.status_code == 422
    assert "This time can’t be booked" in answer.content.decode()
    assert Appointment.objects.count() == 1


def test_the_book_dialog_names_what_is_missing(desk_client, bookable):
    answer = desk_client.post(
        reverse("appointments:book"), {"appointment_type": str(bookable.appointment_type.pk)}, headers=HTMX
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose a patient, or create one." in page
    assert "Choose one of the free times." in page


def test_a_listed_time_counts_although_another_one_was_asked_for_before(desk_client, bookable, patient):
    free = desk_client.get(
        reverse("appointments:times"), {"appointment_type": str(bookable.appointment_type.pk), "day": "2026-11-24"}
    ).context["times"]["days"][0]["slots"][2]["value"]
    form = {
        "patient": str(patient.pk),
        "appointment_type": str(bookable.appointment_type.pk),
        "practitioner": str(bookable.practitioner.pk),
        "day": "2026-11-24",
        "own_time": "23:00",
        "slot": free,
    }
    assert desk_client.post(reverse("appointments:book"), form, headers=HTMX).status_code == 204
    assert Appointment.objects.get(patient=patient).start.isoformat() == free.split("|")[2]


def test_the_list_of_free_times_goes_on_where_it_ended(desk_client, bookable):
    asked = {"appointment_type": str(bookable.appointment_type.pk), "day": "2026-11-23"}
    first = desk_client.get(reverse("appointments:times"), asked).context["times"]
    later = {**asked, "after": first["later"].isoformat()}
    second = desk_client.get(reverse("appointments:times"), later).context["times"]
    shown, further = ([slot["value"] for day in part["days"] for slot in day["slots"]] for part in (first, second))
    assert shown
    assert further
    assert not set(shown) & set(further)


def test_the_free_times_stay_in_their_place_when_the_choice_changes(desk_client, bookable):
    page = desk_client.get(reverse("appointments:book"), headers=HTMX).content.decode()
    times = page[page.index('id="book-times"') :]
    assert 'hx-target="this"' in times[: times.index(">")]


def test_a_visit_is_moved_in_its_dialog_to_a_time_of_ones_own(desk_client, appointment):
    url = reverse("appointments:reschedule", args=[appointment.pk])
    where = {"practitioner": str(appointment.practitioner_id), "day": "2026-11-24", "slot": "own", "own_time": "10:00"}
    answer = desk_client.post(url, where, headers=HTMX)
    assert answer.status_code == 204, answer.content.decode()
    appointment.refresh_from_db()
    assert appointment.start == dt.datetime(2026, 11, 24, 15, 0, tzinfo=dt.UTC)
    desk_client.post(undo_url(answer), headers=HTMX)
    appointment.refresh_from_db()
    assert appointment.start == MONDAY


@pytest.mark.parametrize("slot", ["", "a|b|c", "a|b", "a|b|2026-11-24T10:00", "own"])
def test_a_time_that_can_not_be_read_is_asked_for_again(desk_client, appointment, slot):
    answer = desk_client.post(reverse("appointments:reschedule", args=[appointment.pk]), {"slot": slot}, headers=HTMX)
    assert answer.status_code == 422
    appointment.refresh_from_db()
    assert appointment.version == 1


def test_a_manager_sets_a_soft_rule_aside_with_a_reason_and_the_desk_can_not(client, manager, front_desk, appointment):
    url = reverse("appointments:reschedule", args=[appointment.pk])
    late = {"practitioner": str(appointment.practitioner_id), "day": "2026-11-23", "slot": "own", "own_time": "21:00"}
    client.force_login(front_desk.user)
    assert "A manager may book it all the same." in client.post(url, late, headers=HTMX).content.decode()
    client.force_login(manager.user)
    asked = client.get(url, {"day": "2026-11-23", "own_time": "21:00"}, headers=HTMX).content.decode()
    assert "override_reason" in asked
    assert client.post(url, late | {"override_reason": "Flies tomorrow"}, headers=HTMX).status_code == 204
    appointment.refresh_from_db()
    assert appointment.override_reason == "Flies tomorrow"


def test_cancelling_asks_for_a_reason_and_frees_the_time(desk_client, appointment):
    url = reverse("appointments:cancel", args=[appointment.pk])
    assert desk_client.post(url, {}, headers=HTMX).status_code == 422
    assert desk_client.post(url, {"reason": "patient", "note": ""}, headers=HTMX).status_code == 204
    appointment.refresh_from_db()
    assert appointment.status == Status.CANCELLED


def test_the_appointment_shows_its_ledger_and_is_a_calendar_file_too(desk_client, appointment):
    assert (
        "No message is planned"
        in desk_client.get(reverse("appointments:detail", args=[appointment.pk])).content.decode()
    )
    file = desk_client.get(reverse("appointments:ics", args=[appointment.pk]))
    assert file["Content-Type"].startswith("text/calendar")
    assert b"BEGIN:VTIMEZONE" in file.content


def test_the_live_feed_names_what_changed_since_the_cursor(desk_client, appointment):
    cursor = desk_client.get("/live/").json()["cursor"]
    desk_client.post(reverse("appointments:step", args=[appointment.pk, "arrive"]), headers=HTMX)
    assert "appointments" in desk_client.get(f"/live/?cursor={cursor}").json()["topics"]


def test_the_palette_names_the_pages_actions_and_patients_that_it_finds(desk_client, patient):
    page = desk_client.post("/frame/palette/", {"q": "cal"}, headers=HTMX).content.decode()
    assert "/calendar/" in page
    assert "<bdi>Calendar</bdi>" in page
    assert "<bdi>Appointment</bdi>" in desk_client.post("/frame/palette/", {"q": "app"}, headers=HTMX).content.decode()
    assert "<bdi>Ana López</bdi>" in desk_client.post("/frame/palette/", {"q": "lopez"}, headers=HTMX).content.decode()


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("dupl", "/patients/duplicates/"),
        ("register", "/patients/new/"),
        ("new patient", "/patients/new/"),
        ("import pat", "/patients/import/"),
        ("export", "/patients/export/"),
        ("book", "/appointments/book/"),
        ("new visit", "/appointments/book/"),
        ("patients import", "/patients/import/"),
    ],
)
def test_the_palette_finds_pages_and_actions_by_what_people_call_them(manager_client, typed, url):
    assert f'="{url}"' in manager_client.post("/frame/palette/", {"q": typed}, headers=HTMX).content.decode()


def test_the_palette_names_no_page_that_one_may_not_open(desk_client):
    assert "/patients/import/" not in desk_client.post("/frame/palette/", {"q": "import"}).content.decode()


def test_a_note_stays_inside_and_an_empty_reply_keeps_the_form(desk_client, conversation):
    url = reverse("conversations:write", args=[conversation.pk])
    assert desk_client.post(url, {"kind": "note", "body": "Call back at three"}, headers=HTMX).status_code == 200
    refused = desk_client.post(url, {"kind": "reply", "body": "   "}, headers=HTMX)
    assert refused.status_code == 422
    assert "Write something first." in refused.content.decode()


def test_a_template_goes_out_when_whatsapp_takes_no_free_text_and_what_was_typed_stays(
    desk_client, organization, whatsapp_account, patient
):
    thread = ConversationFactory(organization=organization, address="+14155550142", patient=patient)
    TemplateFactory(organization=organization, key="call-us", content_sid="HX1", body="Hello {{ patient.first_name }}")
    page = desk_client.get(reverse("conversations:thread", args=[thread.pk])).content.decode()
    assert "Call us" in page
    assert "Hello Ana" in page
    assert 'value="reply"' not in page
    form = {"kind": "template", "template": "call-us", "body": "Ask about the invoice"}
    answer = desk_client.post(reverse("conversations:write", args=[thread.pk]), form, headers=HTMX)
    assert answer.status_code == 200
    assert "Ask about the invoice" in answer.content.decode()
    assert Communication.objects.get(conversation_id=thread.pk).content_sid == "HX1"


def test_a_search_in_the_inbox_keeps_every_character(desk_client, organization):
    page = desk_client.get("/inbox/", {"q": "a&view=closed#1"})
    assert page.context["list_url"] == "/inbox/?view=open&q=a%26view%3Dclosed%231"


def test_the_inbox_lists_and_opens_threads_and_escapes_what_people_write(desk_client, organization):
    thread = ConversationFactory(organization=organization, last_message_text="<script>alert(1)</script>")
    MessageFactory(organization=organization, conversation=thread, sequence=1, body="<script>alert(1)</script> שלום 👋")
    assert "<script>alert" not in desk_client.get("/inbox/").content.decode()
    page = desk_client.get(reverse("conversations:thread", args=[thread.pk])).content.decode()
    assert "<script>alert" not in page
    assert "שלום 👋" in page


def version_on(page: str) -> dict[str, str]:
    """Return what the button that takes a thread from a colleague sends."""
    return json.loads(re.search(r"take-over/\" hx-vals='([^']+)'", page)[1])


def test_a_thread_is_taken_over_from_the_colleague_who_was_seen_to_own_it(
    desk_client, manager, front_desk, organization
):
    thread = ConversationFactory(organization=organization, owner_kind="person", owner=manager.user)
    seen = version_on(desk_client.get(f"/inbox/{thread.pk}/").content.decode())
    answer = desk_client.post(f"/inbox/{thread.pk}/take-over/", seen, headers=HTMX)
    thread.refresh_from_db()
    assert (answer.status_code, thread.owner) == (204, front_desk.user)
    assert json.loads(answer["HX-Trigger"])["toast"]["undo_url"] == ""


def test_a_thread_that_changed_hands_meanwhile_is_not_taken_over(desk_client, manager, clinician, organization):
    thread = ConversationFactory(organization=organization, owner_kind="person", owner=manager.user)
    seen = version_on(desk_client.get(f"/inbox/{thread.pk}/").content.decode())
    Conversation.objects.filter(pk=thread.pk).update(owner=clinician.user, version=thread.version + 1)
    assert desk_client.post(f"/inbox/{thread.pk}/take-over/", seen, headers=HTMX).status_code == 409
    thread.refresh_from_db()
    assert thread.owner == clinician.user


def test_taking_over_and_handing_back_undo_each_other(desk_client, conversation):
    taken = desk_client.post(reverse("conversations:act", args=[conversation.pk, "take-over"]), headers=HTMX)
    assert "hand-back" in taken["HX-Trigger"]
    conversation.refresh_from_db()
    assert conversation.owner_kind == "person"
    desk_client.post(reverse("conversations:act", args=[conversation.pk, "hand-back"]), headers=HTMX)
    conversation.refresh_from_db()
    assert conversation.owner_kind == "bot"


def test_a_thread_is_snoozed_comes_back_by_undo_and_its_buttons_follow(desk_client, conversation):
    answer = desk_client.post(
        reverse("conversations:snooze", args=[conversation.pk]), {"until": "tomorrow"}, headers=HTMX
    )
    conversation.refresh_from_db()
    assert (conversation.status, conversation.snoozed_until) == ("snoozed", MONDAY + dt.timedelta(hours=23))
    acts = desk_client.get(reverse("conversations:thread", args=[conversation.pk]), {"part": "acts"}, headers=HTMX)
    assert "Wake it" in acts.content.decode()
    assert "Snoozed" in desk_client.get("/inbox/", headers=HTMX).content.decode()
    desk_client.post(undo_url(answer), headers=HTMX)
    conversation.refresh_from_db()
    assert conversation.status == "open"


def test_a_snooze_without_a_known_time_is_refused(desk_client, conversation):
    refused = desk_client.post(
        reverse("conversations:snooze", args=[conversation.pk]), {"until": "never"}, headers=HTMX
    )
    assert refused.status_code == 422


def test_the_composer_and_the_buttons_know_that_a_thread_was_closed(desk_client, conversation):
    url = reverse("conversations:thread", args=[conversation.pk])
    desk_client.post(reverse("conversations:act", args=[conversation.pk, "close"]), headers=HTMX)
    assert "Open again" in desk_client.get(url, {"part": "acts"}, headers=HTMX).content.decode()
    assert "This thread is closed" in desk_client.get(url, {"part": "composer"}, headers=HTMX).content.decode()


def test_a_phone_of_the_simulator_refreshes_whatever_else_wrote_meanwhile(desk_client, organization):
    assert desk_client.get("/simulator/phone/?key=whatsapp:%2B13325550142").status_code == 200
    assert desk_client.get("/simulator/phone/?key=pigeon:1").status_code == 404


@pytest.mark.parametrize(("channel", "longest"), [("whatsapp", 4096), ("sms", 1600)])
def test_a_phone_of_the_simulator_takes_a_text_as_long_as_its_channel_does(desk_client, channel, longest):
    page = desk_client.get(f"/simulator/phone/?key={channel}:%2B13325550142").content.decode()
    assert f'maxlength="{longest}"' in page


def test_the_simulator_refuses_an_empty_message(desk_client, whatsapp_account):
    answer = desk_client.post("/simulator/write/", {"key": "whatsapp:+13325550142", "body": " "}, headers=HTMX)
    assert answer.status_code == 422


def test_administrators_find_the_way_to_their_pages_and_others_none(admin_client, desk_client, organization):
    assert 'href="/admin/"' in admin_client.get("/").content.decode()
    assert 'href="/admin/' not in desk_client.get("/").content.decode()


def test_a_clinic_without_types_is_told_that_nothing_can_be_booked_yet(admin_client, organization):
    page = admin_client.get(reverse("appointments:book"), headers=HTMX).content.decode()
    assert "Nothing can be booked yet" in page


def test_a_clinicians_day_is_their_own_until_they_ask_for_everybody(organization, clinician, bookable, appointment):
    bookable.practitioner.user = clinician.user
    bookable.practitioner.save()
    colleague = PractitionerFactory(organization=organization)
    AppointmentFactory(
        organization=organization,
        practitioner=colleague,
        location=bookable.location,
        appointment_type=bookable.appointment_type,
        patient=PatientFactory(organization=organization, given_name="Somebody", family_name="Else"),
        start=MONDAY + dt.timedelta(hours=2),
    )
    mine = client_for(clinician)
    board = mine.get("/", headers=HTMX).content.decode()
    assert "Ana López" in board
    assert "Somebody Else" not in board
    assert "Somebody Else" in mine.get("/?practitioner=all", headers=HTMX).content.decode()
    assert "Somebody Else" not in mine.get("/today/sheet/").content.decode()
