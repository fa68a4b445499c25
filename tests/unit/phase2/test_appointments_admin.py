"""The appointment book in the admin: a support tool that shows, sets up, and books nothing."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from apps.appointments.models import Appointment
from apps.appointments.services import settings_for
from apps.audit.models import AccessRecord
from apps.core.tenancy import closed
from apps.events.services import deliver_due
from apps.organizations.models import Location
from apps.practitioners.models import Closure, WeeklyHours
from apps.practitioners.services import keep_holidays
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.practitioners import ClosureFactory, RoomFactory, TimeOffFactory

pytestmark = pytest.mark.django_db

PERIOD = (dt.datetime(2026, 11, 23, 14, tzinfo=dt.UTC), dt.datetime(2026, 11, 23, 22, tzinfo=dt.UTC))


def page(name: str, *args: object) -> str:
    return reverse(f"admin:{name}", args=args)


def test_appointments_are_listed_and_read_but_not_changed(admin_client, appointment) -> None:
    listed = admin_client.get(page("appointments_appointment_changelist"))
    assert "Ana López" in listed.content.decode()
    address = page("appointments_appointment_change", appointment.pk)
    shown = admin_client.get(address)
    assert shown.status_code == 200
    assert 'name="_save"' not in shown.content.decode()
    assert admin_client.post(address, {"status": "cancelled"}).status_code == 403
    assert Appointment.objects.get().status == "booked"
    assert admin_client.get(page("appointments_appointment_add")).status_code == 403


def test_every_look_at_an_appointment_is_in_the_access_log(admin_client, appointment) -> None:
    admin_client.get(page("appointments_appointment_changelist"))
    admin_client.get(page("appointments_appointment_change", appointment.pk))
    seen = AccessRecord.objects.filter(patient_id=appointment.patient_id).order_by("id")
    assert [record.kind for record in seen] == ["search", "view"]


def test_appointments_of_another_clinic_are_not_there(admin_client, other_organization) -> None:
    foreign = AppointmentFactory(organization=other_organization)
    listed = admin_client.get(page("appointments_appointment_changelist")).content.decode()
    assert str(foreign.pk) not in listed
    assert admin_client.get(page("appointments_appointment_change", foreign.pk)).status_code in {302, 404}


SET_UP = [
    "appointments_appointmenttype",
    "practitioners_practitioner",
    "practitioners_room",
    "practitioners_timeoff",
    "practitioners_closure",
]


@pytest.fixture
def set_up(bookable, room) -> dict[str, object]:
    """A row for each page of the set-up."""
    owner = {"organization": bookable.organization}
    rows = (
        bookable.appointment_type,
        bookable.practitioner,
        room,
        TimeOffFactory(**owner, practitioner=bookable.practitioner, period=PERIOD),
        ClosureFactory(**owner, period=PERIOD),
    )
    return {name: row.pk for name, row in zip(SET_UP, rows, strict=True)}


@pytest.mark.parametrize("name", SET_UP)
def test_set_up_pages_open(admin_client, set_up, name) -> None:
    addresses = [page(f"{name}_changelist"), page(f"{name}_add"), page(f"{name}_change", set_up[name])]
    assert [admin_client.get(address).status_code for address in addresses] == [200, 200, 200]


def test_a_location_is_saved_with_the_holidays_that_it_observes(admin_client, organization) -> None:
    data = {
        "name": "Northgate",
        "timezone": "America/New_York",
        "country": "US",
        "observes_holidays": "on",
        "holiday_subdivision": "NY",
        "is_active": "on",
    }
    answer = admin_client.post(page("organizations_location_add"), data)
    assert answer.status_code == 302
    made = Location.objects.get()
    with closed():
        deliver_due()
    assert Closure.objects.filter(location=made, reason="Lincoln's Birthday").exists()
    address = page("organizations_location_change", made.pk)
    assert admin_client.post(address, {**data, "holiday_subdivision": "ZZ"}).status_code == 200
    assert admin_client.post(address, {**data, "observes_holidays": ""}).status_code == 302
    with closed():
        deliver_due()
    assert not Closure.objects.exists()


def test_a_public_holiday_is_switched_off_and_never_deleted(admin_client, location) -> None:
    location.observes_holidays = True
    location.save()
    keep_holidays(location=location)
    row = Closure.objects.first()
    assert admin_client.get(page("practitioners_closure_delete", row.pk)).status_code == 403
    assert (
        "holiday_on"
        not in admin_client.get(page("practitioners_closure_change", row.pk)).context["adminform"].form.fields
    )


def test_the_clinic_has_one_row_of_settings(admin_client, organization) -> None:
    add = page("appointments_appointmentsettings_add")
    data = {"no_show_after_minutes": "30", "waitlist_offer_minutes": "20", "self_service_notice_hours": "4"}
    assert admin_client.post(add, data).status_code == 302
    assert settings_for(organization).no_show_after_minutes == 30
    assert admin_client.get(add).status_code == 403


def hours_form(practitioner, location, *rows: tuple[int, str, str]) -> dict[str, object]:
    form: dict[str, object] = {
        "given_name": practitioner.given_name,
        "family_name": practitioner.family_name,
        "colour": "k1",
        "sort_order": "0",
        "is_active": "on",
        "languages": "",
        "weekly_hours-TOTAL_FORMS": len(rows),
        "weekly_hours-INITIAL_FORMS": 0,
    }
    for number, (weekday, start, end) in enumerate(rows):
        form |= {
            f"weekly_hours-{number}-location": str(location.pk),
            f"weekly_hours-{number}-weekday": weekday,
            f"weekly_hours-{number}-start_time": start,
            f"weekly_hours-{number}-end_time": end,
        }
    return form


def test_hours_are_set_beside_the_practitioner(admin_client, practitioner, location) -> None:
    address = page("practitioners_practitioner_change", practitioner.pk)
    answer = admin_client.post(
        address, hours_form(practitioner, location, (0, "09:00", "12:00"), (0, "13:00", "17:00"))
    )
    assert answer.status_code == 302
    assert WeeklyHours.objects.count() == 2


def test_overlapping_hours_are_refused_in_words(admin_client, practitioner, location) -> None:
    address = page("practitioners_practitioner_change", practitioner.pk)
    answer = admin_client.post(
        address, hours_form(practitioner, location, (0, "09:00", "12:00"), (0, "11:00", "17:00"))
    )
    assert answer.status_code == 200
    assert "weekly hours do not overlap" in answer.content.decode()
    assert not WeeklyHours.objects.exists()


def test_room_of_another_clinic_can_not_be_chosen(admin_client, practitioner, location, other_organization) -> None:
    foreign = RoomFactory(organization=other_organization)
    form = hours_form(practitioner, location, (0, "09:00", "12:00")) | {"weekly_hours-0-room": str(foreign.pk)}
    assert admin_client.post(page("practitioners_practitioner_change", practitioner.pk), form).status_code == 200
    assert not WeeklyHours.objects.exists()


def test_closure_is_added_with_its_period(admin_client, location) -> None:
    form = {
        "location": str(location.pk),
        "reason": "Fire drill",
        "period_0_0": "2026-11-23",
        "period_0_1": "14:00",
        "period_1_0": "2026-11-23",
        "period_1_1": "22:00",
        "period_0": "2026-11-23 14:00",
        "period_1": "2026-11-23 22:00",
    }
    answer = admin_client.post(page("practitioners_closure_add"), form)
    assert answer.status_code == 302, answer.context["errors"]
    closure = Closure.objects.get()
    assert closure.period.upper - closure.period.lower == dt.timedelta(hours=8)


def test_front_desk_has_no_admin(desk_client, appointment) -> None:
    assert desk_client.get(page("appointments_appointment_changelist")).status_code in {302, 403}
