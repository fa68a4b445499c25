"""Whatever stands in an address or a form of a page: what can't be read or kept is refused, never a failure of ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django import forms
from django.db import DataError, connection, transaction
from django.urls import get_resolver, reverse

from apps.core.constraints import is_unstorable
from apps.core.dates import read_day, read_moment
from apps.core.forms import DayField, MomentField
from tests.fixtures.shared import MONDAY

HTMX = {"HX-Request": "true"}
NO_MOMENTS = [
    "",
    "x",
    "2026-02-30T09:00:00Z",
    "2026-11-23T25:00:00Z",
    "2026-11-23T09:00:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
]


def every_form(kind: type[forms.BaseForm]) -> Iterator[type[forms.BaseForm]]:
    """Yield every form class that the pages have made known by importing it."""
    get_resolver().url_patterns  # noqa: B018 - imports the views, and their forms
    for one in kind.__subclasses__():
        yield one
        yield from every_form(one)


@pytest.mark.parametrize("text", NO_MOMENTS)
def test_what_is_no_moment_of_a_clinics_calendar_is_none(text):
    assert read_moment(text) is None


@pytest.mark.parametrize("text", ["", "x", "2026-02-30", "0001-01-01", "9999-12-31"])
def test_what_is_no_day_of_a_clinics_calendar_is_none(text):
    assert read_day(text) is None


@pytest.mark.parametrize(
    ("field", "text"),
    [(DayField(), "2026-02-30"), (DayField(), "0001-01-01"), (DayField(), "9999-12-31")]
    + [(MomentField(), text) for text in NO_MOMENTS[1:]],
)
def test_a_field_refuses_what_is_none_of_a_clinics_calendar(field, text):
    with pytest.raises(forms.ValidationError):
        field.clean(text)


def test_a_field_reads_what_a_clinic_can_mean():
    assert DayField().clean("2026-11-23") == MONDAY.date()
    assert MomentField().clean("2026-11-23T14:00:00.000Z") == MONDAY
    assert MomentField(required=False).clean("") is None


def test_no_form_of_a_page_reads_days_or_moments_any_other_way():
    """Django's own fields take the year 1, whose day before does not exist; the admin writes rows as its models say."""
    plain = {
        f"{form.__module__}.{form.__name__}.{name}"
        for form in every_form(forms.BaseForm)
        if form.__module__.startswith("apps.") and not form.__module__.endswith(".admin")
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field, forms.DateField | forms.DateTimeField) and not isinstance(field, DayField)
    }
    assert plain == set()


def test_a_moment_keeps_the_offset_that_it_names():
    assert read_moment("2026-11-23T09:00:00-05:00") == MONDAY


def _error_of(statement: str, values: list) -> DataError:
    with pytest.raises(DataError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
    return caught.value


@pytest.mark.parametrize(
    ("statement", "value"),
    [("SELECT %s::text", "a\x00b"), ("SELECT %s::text::int", "9" * 20), ("SELECT %s::text::jsonb", '{"a": "\\u0000"}')],
)
def test_a_value_that_no_column_holds_is_the_callers(db, statement, value):
    assert is_unstorable(_error_of(statement, [value]))


def test_a_division_by_zero_is_a_failure_of_ours(db):
    assert not is_unstorable(_error_of("SELECT 1 / 0", []))


def test_a_page_refuses_a_value_that_no_column_holds(manager_client):
    """The phone's number is written as it came."""
    data = {"outcome": "reads", "key": "sms:a\x00b"}
    answer = manager_client.post(reverse("portal:simulator-outcome"), data, headers=HTMX)
    assert answer.status_code == 422
    assert "holds characters that" in answer["HX-Trigger"]


def test_the_admin_shows_its_form_again_for_a_value_that_no_column_holds(admin_client, location, monkeypatch):
    def refuse(*_args, **_kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::text", ["a\x00b"])

    monkeypatch.setattr("apps.organizations.services.update_location", refuse)
    address = reverse("admin:organizations_location_change", args=[location.pk])
    data = {"name": "Pier", "timezone": "America/New_York", "country": "US", "is_active": "on"}
    answer = admin_client.post(address, data)
    assert answer.status_code == 200
    assert "holds characters that" in answer.content.decode()


def test_a_search_reads_a_nul_as_a_gap_between_words(desk_client, patient):
    answer = desk_client.post(reverse("patients:search"), {"q": "Ana\x00López"}, headers=HTMX)
    assert answer.status_code == 200
    assert "Ana López" in answer.content.decode()


@pytest.mark.parametrize("text", ["x", "a\x00", "123"])
def test_a_simulated_phone_of_nobody_is_refused(manager_client, text):
    answer = manager_client.post(reverse("portal:simulator-add-phone"), {"patient": text}, headers=HTMX)
    assert answer.status_code == 409


@pytest.mark.parametrize("text", NO_MOMENTS)
class TestMoments:
    def test_the_dialog_of_a_series_begins_without_a_time(self, desk_client, bookable, text):
        slot = f"{bookable.practitioner.pk}|{bookable.location.pk}|{text}"
        assert desk_client.get(reverse("appointments:series-new"), {"slot": slot}).status_code == 200

    def test_the_waitlist_takes_no_such_time(self, desk_client, bookable, text):
        freed = {"practitioner": bookable.practitioner.pk, "location": bookable.location.pk, "start": text, "end": text}
        answer = desk_client.get(reverse("appointments:waitlist-candidates"), freed, headers=HTMX)
        assert answer.status_code in {404, 409, 422}

    def test_the_book_dialog_says_that_it_can_not_be_read(self, desk_client, bookable, patient, text):
        data = {
            "patient": patient.pk,
            "appointment_type": bookable.appointment_type.pk,
            "slot": f"{bookable.practitioner.pk}|{bookable.location.pk}|{text}",
        }
        answer = desk_client.post(reverse("appointments:book"), data, headers=HTMX)
        assert answer.status_code == 422
        assert "can’t be read" in answer.content.decode()


@pytest.mark.parametrize("do", ["add:²", "remove:9999", f"copy:{'1' * 5000}:all"])
def test_a_button_of_no_stretch_changes_nothing(manager_client, practitioner, location, do):
    address = reverse("appointments:settings-hours", args=[practitioner.pk])
    assert manager_client.post(address, {"do": do, "week": "_"}, headers=HTMX).status_code == 200


@pytest.mark.parametrize("text", ["", "x", "0001-01-01", "9999-12-31"])
def test_hours_are_not_split_on_a_day_of_no_calendar(manager_client, practitioner, weekly_hours, text):
    address = reverse("appointments:settings-hours-split", args=[practitioner.pk])
    answer = manager_client.post(address, {"date": text}, headers=HTMX)
    assert (answer.status_code, practitioner.weekly_hours.count()) == (422, len(weekly_hours))


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_an_absence_begins_on_a_day_of_a_clinics_calendar(manager_client, practitioner, day):
    address = reverse("appointments:settings-time-off-new", args=[practitioner.pk])
    answer = manager_client.post(address, {"first_day": day, "last_day": day}, headers=HTMX)
    assert (answer.status_code, practitioner.time_off.count()) == (422, 0)
    assert "between the years 1900 and 2200" in answer.content.decode()
