"""Other calendars of a practitioner: imported by file and by API, replaced, removed, and whom that affects."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.html import strip_tags

from apps.appointments.availability import find_slots
from apps.appointments.outside import Span, find_outside
from apps.appointments.services.busy_times import booking_window, read_calendar
from apps.core.errors import InvalidInput, NotAllowed, NotFound
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from apps.practitioners.calendar_files import BusyPeriod
from apps.practitioners.models import BusyTime
from apps.practitioners.services import remove_busy_times, replace_busy_times
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.practitioners import BusyTimeFactory, PractitionerFactory, WeeklyHoursFactory
from tests.fixtures.racing import at_once
from tests.fixtures.shared import MONDAY, api_client_for

HOUR = dt.timedelta(hours=1)
HTMX = {"HX-Request": "true"}
SURGERY = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//h//EN\r\nX-WR-CALNAME:Hospital\r\nBEGIN:VEVENT\r\nUID:surgery\r\n"
    "SUMMARY:Surgery\r\nDTSTART;TZID=America/New_York:20261123T090000\r\nDTEND;TZID=America/New_York:20261123T110000\r\n"
    "{more}END:VEVENT\r\nEND:VCALENDAR\r\n"
)
CALENDAR = SURGERY.format(more="").encode()
WEEKLY = SURGERY.format(more="RRULE:FREQ=WEEKLY;COUNT=3\r\n").encode()
EMPTY = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-CALNAME:Hospital\r\nEND:VCALENDAR\r\n"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def friday_before(request):
    if "transactional_db" in request.fixturenames:
        yield
        return
    with time_machine.travel(MONDAY - dt.timedelta(days=3), tick=True):
        yield


@pytest.fixture
def visit(bookable, patient):
    """Ana López's, Monday 09:00."""
    return AppointmentFactory(
        organization=bookable.organization,
        practitioner=bookable.practitioner,
        location=bookable.location,
        appointment_type=bookable.appointment_type,
        patient=patient,
        start=MONDAY,
    )


def period(uid: str = "1", start: dt.datetime = MONDAY, hours: int = 2, summary: str = "") -> BusyPeriod:
    return BusyPeriod(start, start + hours * HOUR, uid, summary)


def uids() -> list[str]:
    return sorted(BusyTime.objects.values_list("uid", flat=True))


class TestReplacing:
    def test_rows_of_the_same_calendar_are_replaced_and_others_stay(self, practitioner, manager_actor):
        BusyTimeFactory(
            organization=practitioner.organization, practitioner=practitioner, calendar="Hospital", uid="old"
        )
        BusyTimeFactory(organization=practitioner.organization, practitioner=practitioner, calendar="School", uid="s")
        number = replace_busy_times(
            practitioner=practitioner, calendar=" Hospital ", periods=[period("new")], actor=manager_actor
        )
        assert (number, uids()) == (1, ["new", "s"])

    def test_same_calendar_of_somebody_else_stays(self, practitioner, manager_actor):
        other = PractitionerFactory(organization=practitioner.organization)
        BusyTimeFactory(organization=practitioner.organization, practitioner=other, calendar="Hospital", uid="theirs")
        replace_busy_times(practitioner=practitioner, calendar="Hospital", periods=[], actor=manager_actor)
        assert uids() == ["theirs"]

    def test_same_periods_again_change_nothing_and_publish_nothing(self, practitioner, manager_actor):
        given = {"practitioner": practitioner, "calendar": "Hospital", "actor": manager_actor}
        replace_busy_times(periods=[period(), period("2")], **given)
        before = set(BusyTime.objects.values_list("pk", flat=True))
        replace_busy_times(periods=[period("2"), period()], **given)
        assert set(BusyTime.objects.values_list("pk", flat=True)) == before
        assert Event.objects.filter(type="practitioner.busy_times_replaced").count() == 1

    @pytest.mark.parametrize("name", ["", "  ", "x" * 81, "bell\x07"])
    def test_calendar_needs_a_name(self, practitioner, manager_actor, name):
        with pytest.raises(InvalidInput) as refusal:
            replace_busy_times(practitioner=practitioner, calendar=name, periods=[], actor=manager_actor)
        assert list(refusal.value.errors) == ["calendar"]

    def test_front_desk_may_not(self, practitioner, actor):
        with pytest.raises(NotAllowed):
            replace_busy_times(practitioner=practitioner, calendar="X", periods=[], actor=actor)
        with pytest.raises(NotAllowed):
            remove_busy_times(practitioner=practitioner, calendar="X", actor=actor)

    def test_removed_calendar_frees_its_times(self, bookable, manager_actor):
        given = {"practitioner": bookable.practitioner, "calendar": "Hospital", "actor": manager_actor}
        replace_busy_times(periods=[period()], **given)
        assert MONDAY not in starts(bookable)
        assert remove_busy_times(**given) == 1
        assert MONDAY in starts(bookable)
        with pytest.raises(NotFound):
            remove_busy_times(**given)


def starts(bookable) -> list[dt.datetime]:
    found = find_slots(
        organization=bookable.organization,
        appointment_type=bookable.appointment_type,
        start=MONDAY,
        end=MONDAY + 8 * HOUR,
        limit=20,
    )
    return [slot.start for slot in found]


class TestReading:
    def test_window_reaches_beyond_the_longest_horizon(self, bookable):
        bookable.appointment_type.horizon_days = 200
        bookable.appointment_type.save()
        start, end = booking_window(bookable.organization)
        assert (end - start).days == 260

    def test_time_without_a_zone_is_read_where_the_practitioner_works(self, organization, practitioner):
        tokyo = LocationFactory(organization=organization, timezone="Asia/Tokyo")
        WeeklyHoursFactory(organization=organization, practitioner=practitioner, location=tokyo)
        floating = CALENDAR.replace(b";TZID=America/New_York", b"")
        (one,) = read_calendar(practitioner=practitioner, content=floating).periods
        assert one.start == dt.datetime(2026, 11, 23, 0, 0, tzinfo=dt.UTC)

    def test_file_without_a_name_needs_one(self, practitioner):
        nameless = CALENDAR.replace(b"X-WR-CALNAME:Hospital\r\n", b"")
        with pytest.raises(InvalidInput, match="Give it a name"):
            read_calendar(practitioner=practitioner, content=nameless)
        assert read_calendar(practitioner=practitioner, content=nameless, name="Ward").name == "Ward"


class TestPage:
    @pytest.fixture
    def send(self, manager_client, bookable):
        url = reverse("appointments:settings-calendar-import", args=[bookable.practitioner.pk])

        def post(content: bytes | None, **fields: str):
            file = {} if content is None else {"file": SimpleUploadedFile("c.ics", content, "text/calendar")}
            return manager_client.post(url, {**file, **fields}, headers={**HTMX, "HX-Target": "modal"})

        return post

    def test_file_is_imported_and_its_times_are_not_offered(self, send, bookable):
        assert send(WEEKLY).status_code == 204
        assert BusyTime.objects.filter(calendar="Hospital", uid="surgery", summary="Surgery").count() == 3
        assert MONDAY not in starts(bookable)

    def test_visits_that_collide_are_shown_first_and_nothing_is_saved(self, send, visit):
        answer = send(CALENDAR)
        text = strip_tags(answer.content.decode())
        assert (answer.status_code, BusyTime.objects.count()) == (422, 0)
        assert "Ana López" in text
        assert "according to the calendar “Hospital”" in text

    def test_after_the_question_the_file_needs_not_be_chosen_again(self, send, visit, bookable):
        asked = send(CALENDAR)
        kept = asked.context["form"]["text"].value()
        assert 'name="text" value="BEGIN:VCALENDAR' in asked.content.decode()
        answer = send(None, text=kept, calendar="Hospital", then="move")
        assert (answer.status_code, answer["HX-Redirect"]) == (204, reverse("appointments:outside"))
        outside = find_outside(Span(bookable.organization))
        assert [one.id for one in outside] == [visit.pk]

    def test_second_import_replaces_the_first(self, send):
        send(WEEKLY)
        send(CALENDAR)
        assert BusyTime.objects.count() == 1
        send(EMPTY)
        assert BusyTime.objects.count() == 0

    @pytest.mark.parametrize(
        ("content", "words"), [(None, "Choose the .ics file"), (b"", "empty"), (b"hello", "BEGIN:VCALENDAR")]
    )
    def test_wrong_file_is_refused_at_its_field(self, send, content, words):
        answer = send(content)
        assert answer.status_code == 422
        assert words in " ".join(answer.context["form"].errors["file"])

    def test_what_could_not_be_read_is_said(self, manager_client, send, bookable):
        odd = (
            b"BEGIN:VEVENT\r\nUID:odd\r\nDTSTART:20261123T090000Z\r\nRRULE:FREQ=SECONDLY\r\nEND:VEVENT\r\nEND:VCALENDAR"
        )
        answer = send(CALENDAR.replace(b"END:VCALENDAR", odd))
        assert "1 event could not be read" in answer["HX-Trigger"]

    def test_calendar_is_listed_with_its_times_and_removed(self, manager_client, send, bookable):
        send(WEEKLY)
        page = manager_client.get(reverse("appointments:settings-time-off", args=[bookable.practitioner.pk]))
        text = " ".join(strip_tags(page.content.decode()).split())
        assert "Hospital3 busy times, 23 Nov 2026 to 7 Dec 2026" in text
        url = reverse("appointments:settings-calendar-remove", args=[bookable.practitioner.pk])
        assert manager_client.post(url, {"calendar": "Hospital"}).status_code == 302
        assert BusyTime.objects.count() == 0
        assert manager_client.post(url, {"calendar": "Hospital"}).status_code == 404

    def test_practitioner_of_another_clinic_is_not_found(self, manager_client, other_organization):
        with organization_scope(other_organization.pk):
            foreign = PractitionerFactory(organization=other_organization)
        url = reverse("appointments:settings-calendar-import", args=[foreign.pk])
        assert manager_client.get(url).status_code == 404


class TestApi:
    @pytest.fixture
    def url(self, bookable) -> str:
        return f"/api/v1/practitioners/{bookable.practitioner.pk}/busy-times/"

    def test_calendar_file_is_imported_under_its_own_name(self, api_client, url):
        made = api_client.post(url, WEEKLY, content_type="text/calendar")
        body = made.json()
        assert (made.status_code, body["calendar"], body["busy_times"], body["unreadable"]) == (201, "Hospital", 3, [])
        listed = api_client.get(url, {"calendar": "Hospital"}).json()["results"]
        assert {row["start"] for row in listed} == {
            "2026-11-23T14:00:00Z",
            "2026-11-30T14:00:00Z",
            "2026-12-07T14:00:00Z",
        }

    def test_calendar_is_named_by_the_query(self, api_client, url):
        assert api_client.post(f"{url}?calendar=Ward", CALENDAR, content_type="text/calendar").status_code == 201
        assert set(BusyTime.objects.values_list("calendar", flat=True)) == {"Ward"}

    def test_json_replaces_and_names_whom_it_affects(self, api_client, url, visit):
        event = {"uid": "1", "start": "2026-11-23T14:00:00Z", "end": "2026-11-23T15:00:00Z"}
        body = api_client.post(url, {"calendar": "Hospital", "events": [event]}).json()
        assert (body["busy_times"], body["until"], body["affected"]) == (1, None, [str(visit.pk)])
        assert api_client.post(url, {"calendar": "Hospital", "events": []}).json()["busy_times"] == 0
        assert BusyTime.objects.count() == 0

    def test_list_is_narrowed_to_a_time(self, api_client, url):
        api_client.post(url, WEEKLY, content_type="text/calendar")
        narrowed = api_client.get(url, {"start": "2026-11-29T00:00:00Z", "end": "2026-12-01T00:00:00Z"}).json()
        assert [row["start"] for row in narrowed["results"]] == ["2026-11-30T14:00:00Z"]

    def test_calendar_is_removed_by_name(self, api_client, url):
        api_client.post(url, WEEKLY, content_type="text/calendar")
        assert api_client.delete(url).status_code == 422
        assert api_client.delete(f"{url}?calendar=Hospital").json() == {"calendar": "Hospital", "busy_times": 3}
        assert api_client.delete(f"{url}?calendar=Hospital").status_code == 404

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"events": []}, "calendar"),
            ({"calendar": "X"}, "events"),
            ({"calendar": "X", "events": [{"uid": "1", "start": "2026-11-23T14:00:00"}]}, "events.0.start"),
            (
                {
                    "calendar": "X",
                    "events": [{"uid": "1", "start": "2026-11-23T14:00:00Z", "end": "2026-11-23T14:00:00Z"}],
                },
                "events",
            ),
        ],
    )
    def test_wrong_fields_are_named(self, api_client, url, body, field):
        answer = api_client.post(url, body)
        assert answer.status_code == 422
        assert field in [error["field"] for error in answer.json()["errors"]]

    @pytest.mark.parametrize(("content", "status"), [(b"nonsense", 422), (b"x" * (1024 * 1024 + 1), 413)])
    def test_wrong_file_is_refused(self, api_client, url, content, status):
        answer = api_client.post(url, content, content_type="text/calendar")
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")

    def test_same_key_imports_once(self, api_client, url):
        headers = {"Idempotency-Key": "one"}
        first = api_client.post(url, WEEKLY, content_type="text/calendar", headers=headers)
        again = api_client.post(url, WEEKLY, content_type="text/calendar", headers=headers)
        assert (again.status_code, again.json()) == (201, first.json())
        other = api_client.post(url, CALENDAR, content_type="text/calendar", headers=headers)
        assert other.status_code == 422

    def test_front_desk_reads_but_does_not_write(self, front_desk, url):
        desk = api_client_for(front_desk)
        assert desk.get(url).status_code == 200
        assert desk.post(url, WEEKLY, content_type="text/calendar").status_code == 403
        assert desk.delete(f"{url}?calendar=Hospital").status_code == 403

    def test_practitioner_of_another_clinic_is_not_found(self, foreign_api_client, url):
        assert foreign_api_client.get(url).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_same_calendar_from_two_sides_at_once_is_there_once(transactional_db, organization, manager, manager_actor):
    with organization_scope(organization.pk):
        practitioner = PractitionerFactory(organization=organization)
    periods = [period(str(number), MONDAY + number * HOUR, 1) for number in range(50)]

    def work(_job: int) -> int:
        with organization_scope(organization.pk):
            return replace_busy_times(
                practitioner=practitioner, calendar="Hospital", periods=periods, actor=manager_actor
            )

    assert at_once(4, range(4), work) == [50, 50, 50, 50]
    with organization_scope(organization.pk):
        assert BusyTime.objects.count() == 50
