"""One person, two records, everything in both: written through the clinic's doors, merged, lived with, and separated again.

Nothing is called directly but the staff's doors, the API and Twilio's; worker and beat are `drain()`.
"""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest

from apps.appointments.models import Appointment, AppointmentSeries, WaitlistEntry
from apps.appointments.recurrence import Rule
from apps.appointments.services import add_to_waitlist, book_appointment, book_series
from apps.communications.models import Communication
from apps.communications.models import Status as Sending
from apps.conversations.models import Conversation
from apps.journeys.defaults import install_defaults as install_journeys
from apps.journeys.models import Instance
from apps.notifications.defaults import install_defaults as install_messages
from apps.patients.models import Consent, ContactPoint, Merge, Patient
from tests.fixtures.background import drain
from tests.fixtures.phone import Phone
from tests.fixtures.waitlist import again, somebody

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

WEDNESDAY_TEN = dt.datetime(2026, 11, 25, 15, 0, tzinfo=dt.UTC)
THURSDAY_TEN = WEDNESDAY_TEN + dt.timedelta(days=1)
DESK, MOBILE = "+12125550141", "+12125550142"
# The tables that something of both records is in by then.
OWN = (Appointment, AppointmentSeries, WaitlistEntry, Conversation, Communication, Instance, Consent, ContactPoint)


@pytest.fixture
def clinic(bookable: SimpleNamespace) -> SimpleNamespace:
    """A clinic as it is installed: rules, texts and the journey of a new patient."""
    install_messages(organization=bookable.organization)
    install_journeys(organization=bookable.organization)
    return bookable


@pytest.fixture
def phone(organization, twilio) -> Phone:
    return Phone(organization, twilio, number=MOBILE)


@pytest.fixture
def records(clinic, phone, actor) -> tuple[Patient, Patient]:
    """The record that the desk made, and the one of the mobile that the same person writes from."""
    survivor = somebody(clinic, phone=DESK, given_name="Ana", family_name="López")
    duplicate = somebody(clinic, phone=MOBILE, given_name="Ana", family_name="Lopez", gender_identity="a woman")
    phone.write("Hello")
    where = {
        "organization": clinic.organization,
        "appointment_type": clinic.appointment_type,
        "practitioner": clinic.practitioner,
        "location": clinic.location,
        "actor": actor,
    }
    for patient, start in ((survivor, WEDNESDAY_TEN), (duplicate, THURSDAY_TEN)):
        book_appointment(patient=patient, start=start, **where)
    book_series(patient=duplicate, start=THURSDAY_TEN + dt.timedelta(hours=1), rule=Rule("WEEKLY", count=3), **where)
    add_to_waitlist(
        organization=clinic.organization,
        patient=duplicate,
        appointment_type=clinic.appointment_type,
        earliest_date=dt.date(2026, 11, 23),
        latest_date=dt.date(2026, 12, 4),
        actor=actor,
    )
    drain()
    return survivor, duplicate


def owned(patient: Patient) -> dict[str, int]:
    return {model.__name__: model.objects.filter(patient=patient).count() for model in OWN}


@pytest.fixture
def merged(api_client, records) -> Merge:
    survivor, duplicate = records
    body = {"survivor": str(survivor.pk), "duplicate": str(duplicate.pk)}
    answer = api_client.post("/api/v1/patients/merges/", body, format="json")
    assert answer.status_code == 201, answer.json()
    drain()
    return Merge.objects.get()


def test_everything_of_both_is_the_survivors(records, merged):
    survivor, duplicate = records
    assert all(count > 0 for count in owned(survivor).values()), owned(survivor)
    assert set(owned(duplicate).values()) == {0}
    assert again(survivor).gender_identity == "a woman"


def test_lists_of_the_api_answer_for_the_survivor(api_client, records, merged):
    survivor, duplicate = records
    for path, at_least in (
        ("/api/v1/appointments/", 5),
        ("/api/v1/communications/", 3),
        ("/api/v1/conversations/", 1),
        ("/api/v1/journey-instances/", 1),
        ("/api/v1/waitlist/", 1),
    ):
        found = api_client.get(path, {"patient": str(survivor.pk)}).json()["results"]
        assert len(found) >= at_least, path
        assert api_client.get(path, {"patient": str(duplicate.pk)}).json()["results"] == found, path


def test_what_was_planned_for_the_duplicate_still_goes_out_and_a_stop_counts_for_the_survivor(
    clinic, phone, records, merged, noon
):
    survivor, _duplicate = records
    noon.move_to(THURSDAY_TEN - dt.timedelta(hours=23, minutes=50))
    drain()
    assert "reminder" in phone.new_text().lower()
    phone.write("STOP")
    assert Consent.objects.get(patient=survivor, purpose="whatsapp").status == "withdrawn"
    open_ones = Communication.objects.open().filter(patient=survivor, channel="whatsapp")
    assert not open_ones.exclude(category__in=["reply", "emergency"]).exists()


def test_who_writes_from_the_duplicates_phone_is_the_survivor(phone, records, merged):
    survivor, _duplicate = records
    phone.write("I would like to book a visit")
    assert phone.thread().patient_id == survivor.pk


def test_undoing_gives_each_its_own_and_names_what_was_made_since(api_client, clinic, actor, records, api_before):
    survivor, duplicate = records
    before = {patient.pk: owned(patient) for patient in records}
    merge_id = api_before()
    drain()
    since = book_appointment(
        organization=clinic.organization,
        patient=again(survivor),
        appointment_type=clinic.appointment_type,
        practitioner=clinic.practitioner,
        location=clinic.location,
        start=WEDNESDAY_TEN + dt.timedelta(hours=4),
        actor=actor,
    )
    report = api_client.post(f"/api/v1/patients/merges/{merge_id}/undo/").json()
    assert report["exact"] is False
    assert [(row["model"], row["id"]) for row in report["stay"]] == [("appointments.Appointment", str(since.pk))]
    assert owned(duplicate) == before[duplicate.pk]
    assert owned(survivor) == before[survivor.pk] | {"Appointment": before[survivor.pk]["Appointment"] + 1}
    assert again(duplicate).archived_at is None
    drain()
    sending = Communication.objects.filter(patient=duplicate, status=Sending.SCHEDULED)
    assert sending.exists()


@pytest.fixture
def api_before(api_client, records):
    """Merge when the test says so; return the merge's id."""
    survivor, duplicate = records
    body = {"survivor": str(survivor.pk), "duplicate": str(duplicate.pk)}
    return lambda: api_client.post("/api/v1/patients/merges/", body, format="json").json()["id"]
