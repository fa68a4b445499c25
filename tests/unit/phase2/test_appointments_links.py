"""S6: the patient's link shows and changes one appointment, and nothing else; looking changes nothing."""

from __future__ import annotations

import ast
import base64
import datetime as dt
import inspect
import re
from pathlib import Path

import pytest
import time_machine
from django.conf import settings as configured
from django.test import Client
from django.utils import translation
from icalendar import Calendar

from apps.appointments.forms import link as link_forms
from apps.appointments.links import PURPOSE, link_address, link_token, open_link
from apps.appointments.messages import template_variables
from apps.appointments.models import Appointment, AppointmentSettings, Status
from apps.appointments.services import (
    arrive_appointment,
    cancel_appointment,
    confirm_appointment,
    renew_link,
    reschedule_appointment,
)
from apps.appointments.views import link
from apps.core.actors import ActorKind
from apps.core.tenancy import all_organizations
from apps.events.models import Event
from tests.fixtures.appointments import AppointmentFactory, OnlineBookingBlockFactory

FRIDAY = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
NINE = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)  # Monday 09:00 in New York
HOUR = dt.timedelta(hours=1)
TEMPLATES = Path(configured.BASE_DIR) / "templates" / "appointments"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(FRIDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def visit(appointment) -> Appointment:
    appointment.reason, appointment.note = "HIV test", "nervous"
    appointment.save()
    return appointment


@pytest.fixture
def phone() -> Client:
    """Somebody's browser, without any sign-in."""
    return Client()


def path(appointment: Appointment) -> str:
    return f"/a/{link_token(appointment)}/"


def state(appointment: Appointment) -> tuple:
    appointment.refresh_from_db()
    return (
        appointment.status,
        appointment.start,
        appointment.version,
        appointment.confirmed_at,
        appointment.updated_at,
        Event.objects.count(),
    )


def step(phone: Client, appointment: Appointment, do: str, **fields: object):
    data = {"do": do, "version": appointment.version, **fields}
    return phone.post(path(appointment), data, follow=True)


class TestTokens:
    def test_link_opens_its_appointment(self, visit):
        found = open_link(link_token(visit))
        assert (found.appointment_id, found.organization_id) == (visit.pk, visit.organization_id)

    def test_every_changed_character_is_refused(self, visit):
        token = link_token(visit)
        for position, letter in enumerate(token[:-1]):  # the last one holds padding bits too
            other = "A" if letter != "A" else "B"
            assert open_link(token[:position] + other + token[position + 1 :]) is None

    @pytest.mark.parametrize("token", ["", "x", "a" * 46, "%00", "é" * 46, "../../admin", "A" * 5000])
    def test_nonsense_is_refused(self, token, db):
        assert open_link(token) is None

    def test_another_secret_key_does_not_fit_unless_it_is_an_old_one_of_ours(self, visit, settings):
        token = link_token(visit)
        old, settings.SECRET_KEY = settings.SECRET_KEY, "n" * 50
        assert open_link(token) is None
        settings.SECRET_KEY_FALLBACKS = [old]
        assert open_link(token) is not None

    def test_another_purpose_does_not_fit(self, visit, monkeypatch):
        monkeypatch.setattr("apps.appointments.links.PURPOSE", "intake.link")
        foreign = link_token(visit)
        monkeypatch.setattr("apps.appointments.links.PURPOSE", PURPOSE)
        assert open_link(foreign) is None

    def test_token_names_nobody(self, visit):
        raw = base64.urlsafe_b64decode(link_token(visit) + "==")
        assert len(raw) == 34
        assert b"Ana" not in raw

    def test_link_expires_a_day_after_the_visit(self, visit, clock):
        clock.move_to(visit.end + dt.timedelta(hours=23))
        assert open_link(link_token(visit)) is not None
        clock.move_to(visit.end + dt.timedelta(hours=24))
        assert open_link(link_token(visit)) is None

    def test_renewing_makes_old_links_worthless(self, visit, actor):
        old = link_token(visit)
        renewed = renew_link(appointment=visit, actor=actor)
        assert open_link(old) is None
        assert open_link(link_token(renewed)) is not None

    def test_holds_and_suspended_organizations_open_nothing(self, visit, organization):
        held = AppointmentFactory(
            organization=organization, status=Status.HELD, held_until=FRIDAY + HOUR, start=NINE + 5 * HOUR
        )
        assert open_link(link_token(held)) is None
        with all_organizations():
            type(organization).objects.filter(pk=organization.pk).update(is_active=False)
        assert open_link(link_token(visit)) is None


class TestLooking:
    def test_page_says_when_and_where_and_never_why(self, phone, visit):
        answer = phone.get(path(visit))
        page = answer.content.decode()
        assert "Hello Ana, are you coming?" in page
        assert "Monday, November 23" in page
        assert "9:00 AM to 9:30 AM" in page
        for secret in ("López", "HIV", "nervous", visit.appointment_type.name, "555 0142", "4155550142", "ana@"):
            assert secret not in page
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer["X-Robots-Tag"]
        assert "no-store" in answer["Cache-Control"]

    def test_a_hundred_looks_by_scanners_change_nothing(self, phone, visit):
        before = state(visit)
        for _look in range(25):
            phone.get(path(visit))
            phone.head(path(visit))
            phone.get(path(visit) + "?do=cancel&version=1&times=all")
            phone.get(path(visit) + "appointment.ics")
        assert state(visit) == before

    @pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
    def test_other_methods_are_refused(self, phone, visit, method):
        before = state(visit)
        assert getattr(phone, method)(path(visit)).status_code == 405
        assert state(visit) == before

    def test_wrong_link_is_a_calm_page_that_says_nothing(self, phone, visit):
        answer = phone.get(f"/a/{link_token(visit)[:-3]}AAA/")
        assert answer.status_code == 404
        assert "does not work" in answer.content.decode()
        assert "Ana" not in answer.content.decode()

    @pytest.mark.parametrize(("language", "words"), [("es", "¿viene?"), ("hi", "क्या आप आ")])
    def test_page_is_in_the_patients_language(self, phone, visit, language, words):
        visit.patient.language = language
        visit.patient.save()
        assert words in phone.get(path(visit)).content.decode()
        assert "are you coming" in phone.get(path(visit) + "?lang=en").content.decode()

    def test_calendar_file_says_no_reason(self, phone, visit):
        answer = phone.get(path(visit) + "appointment.ics")
        (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
        assert event["uid"] == str(visit.pk)
        assert b"HIV" not in answer.content

    def test_token_is_in_no_log(self, phone, visit, caplog, capsys):
        phone.get(path(visit))
        phone.get(f"/a/{link_token(visit)[:-3]}AAA/")
        said = caplog.text + "".join(capsys.readouterr())
        assert link_token(visit)[:30] not in said

    def test_messages_may_carry_the_link(self, visit, settings):
        settings.PUBLIC_BASE_URL = "https://portal.example"
        assert template_variables(visit)["appointment"]["link"] == f"https://portal.example{path(visit)}"
        assert link_address(visit) == f"https://portal.example{path(visit)}"


class TestSteps:
    def test_confirming_twice_is_one_effect(self, phone, visit):
        assert "Thank you" in step(phone, visit, "confirm").content.decode()
        assert "we look forward" in step(phone, visit, "confirm").content.decode()
        visit.refresh_from_db()
        assert visit.confirmed_by == "link"
        (event,) = Event.objects.filter(type="appointment.confirmed")
        assert (event.actor_kind, event.actor_id) == (ActorKind.PATIENT, visit.patient_id)

    def test_cancelling_tells_the_reason_to_staff_and_can_be_undone(self, phone, visit):
        page = step(phone, visit, "cancel", why="Feeling better").content.decode()
        assert "is cancelled" in page
        assert "Undo, until 7:10 AM" in page
        visit.refresh_from_db()
        assert (visit.status, visit.cancel_reason, visit.cancel_note) == ("cancelled", "patient", "Feeling better")
        assert "as it was before" in step(phone, visit, "undo").content.decode()
        visit.refresh_from_db()
        assert visit.status == Status.BOOKED

    def test_a_replayed_post_has_no_second_effect(self, phone, visit):
        for _time in range(3):
            phone.post(path(visit), {"do": "cancel", "version": 1})
        assert Event.objects.filter(type="appointment.cancelled").count() == 1

    def test_a_replayed_move_does_not_move_it_again(self, phone, visit, actor):
        slot = (NINE + HOUR).isoformat()
        assert "now on Monday, November 23 at 10:00 AM" in step(phone, visit, "move", slot=slot).content.decode()
        visit.refresh_from_db()
        reschedule_appointment(appointment=visit, start=NINE + 5 * HOUR, actor=actor)
        again = phone.post(path(visit), {"do": "move", "version": 1, "slot": slot}, follow=True)
        assert "changed this appointment in the meantime" in again.content.decode()
        visit.refresh_from_db()
        assert visit.start == NINE + 5 * HOUR

    @pytest.mark.parametrize(
        ("country", "day", "times", "slot"),
        [
            ("US", "Monday, November 23", "9:00 AM to 9:30 AM", "2:30 PM"),
            ("GB", "Monday 23 November", "09:00 to 09:30", "14:30"),
        ],
    )
    def test_page_writes_times_as_the_messages_of_the_clinic_do(self, phone, visit, country, day, times, slot):
        visit.organization.country = country
        visit.organization.save()
        page = phone.get(f"{path(visit)}?times=all").content.decode()
        variables = template_variables(visit)["appointment"]
        assert (day in page, times in page, f"<span>{slot}</span>" in page) == (True, True, True)
        assert (variables["date"] in day, times.startswith(variables["time"])) == (True, True)

    def test_moving_offers_real_free_times_only(self, phone, visit, bookable):
        AppointmentFactory(
            organization=bookable.organization,
            practitioner=bookable.practitioner,
            location=bookable.location,
            appointment_type=bookable.appointment_type,
            start=NINE + HOUR,
        )
        page = phone.get(path(visit)).content.decode()
        offered = re.findall(r'name="slot" value="([^"]+)"', page)
        assert (NINE + 2 * HOUR).isoformat() in offered
        assert (NINE + HOUR).isoformat() not in offered
        taken = step(phone, visit, "move", slot=(NINE + HOUR).isoformat()).content.decode()
        assert "has just been taken" in taken

    def test_moving_can_be_undone_with_the_confirmation_it_had(self, phone, visit, actor):
        confirm_appointment(appointment=visit, by="staff", actor=actor)
        visit.refresh_from_db()
        step(phone, visit, "move", slot=(NINE + HOUR).isoformat())
        visit.refresh_from_db()
        step(phone, visit, "undo")
        visit.refresh_from_db()
        assert (visit.start, visit.is_confirmed) == (NINE, True)

    def test_undo_does_not_carry_a_confirmation_of_the_new_time_back_to_the_old(self, phone, visit, clock):
        clock.move_to(NINE - 20 * HOUR)
        step(phone, visit, "move", slot=(NINE + HOUR).isoformat())
        visit.refresh_from_db()
        assert visit.is_confirmed
        step(phone, visit, "undo")
        visit.refresh_from_db()
        assert (visit.start, visit.is_confirmed, visit.confirmed_by) == (NINE, False, "")

    @pytest.mark.parametrize(("hours_before", "is_confirmed"), [(20, True), (26, False)])
    def test_a_new_time_by_link_is_confirmed_when_no_reminder_will_ask(
        self, phone, visit, clock, hours_before, is_confirmed
    ):
        clock.move_to(NINE - hours_before * HOUR)
        step(phone, visit, "move", slot=(NINE + HOUR).isoformat())
        visit.refresh_from_db()
        assert (visit.start, visit.is_confirmed) == (NINE + HOUR, is_confirmed)

    def test_what_the_clinic_did_is_not_the_patients_to_undo(self, phone, visit, actor):
        cancel_appointment(appointment=visit, reason="clinic", actor=actor)
        visit.refresh_from_db()
        page = phone.get(path(visit)).content.decode()
        assert "Undo" not in page
        assert "nothing to undo" in step(phone, visit, "undo").content.decode()
        visit.refresh_from_db()
        assert visit.status == Status.CANCELLED

    def test_undo_ends_after_ten_minutes(self, phone, visit, clock):
        step(phone, visit, "cancel")
        visit.refresh_from_db()
        clock.shift(601)
        assert "nothing to undo" in step(phone, visit, "undo").content.decode()

    def test_changes_end_when_the_clinic_says_so(self, phone, visit, clock, organization):
        AppointmentSettings.objects.create(organization=organization, self_service_notice_hours=24)
        clock.move_to(NINE - 25 * HOUR)
        assert "Cancel the appointment" in phone.get(path(visit)).content.decode()
        clock.move_to(NINE - 23 * HOUR)
        page = phone.get(path(visit)).content.decode()
        assert "too late to change" in page
        assert "Yes, I’m coming" in page
        assert "can’t be changed here" in step(phone, visit, "cancel").content.decode()
        visit.refresh_from_db()
        assert visit.status == Status.BOOKED

    def test_who_is_in_the_clinic_changes_nothing_by_link(self, phone, visit, actor, clock):
        clock.move_to(NINE - dt.timedelta(minutes=5))
        arrive_appointment(appointment=visit, actor=actor)
        visit.refresh_from_db()
        step(phone, visit, "cancel")
        visit.refresh_from_db()
        assert visit.status == Status.ARRIVED

    def test_blocked_patients_and_types_for_staff_are_not_moved_alone(self, phone, visit, patient, bookable):
        block = OnlineBookingBlockFactory(organization=bookable.organization, patient=patient)
        assert "Choose another time" not in phone.get(path(visit)).content.decode()
        block.delete()
        assert "Choose another time" in phone.get(path(visit)).content.decode()
        bookable.appointment_type.online_bookable = False
        bookable.appointment_type.save()
        assert "Choose another time" not in phone.get(path(visit)).content.decode()
        assert "can’t be changed here" in step(phone, visit, "move", slot=(NINE + HOUR).isoformat()).content.decode()

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"do": "move"}, "Choose one of the times."),
            ({"do": "move", "slot": "tomorrow"}, "Choose one of the times."),
            ({"do": "move", "slot": "2026-11-23T15:00:00"}, "Choose one of the times."),
            ({"do": "move", "slot": "2026-02-30T15:00:00Z"}, "Choose one of the times."),
            ({"do": "move", "slot": "0001-01-01T00:00:00+14:00"}, "Choose one of the times."),
            ({"do": "eat"}, "not one of the available choices"),
            ({"version": ""}, "required"),
        ],
    )
    def test_wrong_input_is_said_and_changes_nothing(self, phone, visit, fields, said):
        before = state(visit)
        answer = phone.post(path(visit), {"do": "confirm", "version": 1} | fields)
        assert answer.status_code == 422
        assert said in answer.content.decode()
        assert state(visit) == before

    def test_posts_need_the_page_first(self, visit):
        strict = Client(enforce_csrf_checks=True)
        before = state(visit)
        assert strict.post(path(visit), {"do": "cancel", "version": 1}).status_code == 403
        assert state(visit) == before


class TestStaff:
    def test_front_desk_sees_and_renews_the_link(self, desk_client, visit):
        page = desk_client.get(f"/appointments/{visit.pk}/").content.decode()
        assert link_address(visit) in page
        assert desk_client.post(f"/appointments/{visit.pk}/link/renew/").status_code == 204
        visit.refresh_from_db()
        assert visit.link_version == 2
        assert Event.objects.filter(type="appointment.link_renewed").exists()


class TestLanguages:
    """Everything that the page says is there in every language of the clinic."""

    def sentences(self) -> set[str]:
        page = "".join((TEMPLATES / name).read_text() for name in ("link.html", "link_gone.html"))
        said = set(re.findall(r'{% translate ["\'](.+?)["\'] %}', page))
        said |= {
            re.sub(r"{{ (\w+) }}", r"%(\1)s", text)
            for text in re.findall(r"{% blocktranslate[^%]*%}(.+?){% endblocktranslate %}", page)
        }
        for module in (link, link_forms):
            said |= {
                node.args[0].value
                for node in ast.walk(ast.parse(inspect.getsource(module)))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"
            }
        return said - {"The clinic changed this appointment in the meantime."}  # its longer form is what is shown

    @pytest.mark.parametrize("language", ["es", "hi"])
    def test_every_sentence_is_translated(self, language):
        assert len(self.sentences()) > 35
        with translation.override(language):
            assert [text for text in self.sentences() if translation.gettext(text) == text] == []
