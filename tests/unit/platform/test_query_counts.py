"""Pages ask the database few questions, and the same number whatever the number of rows."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.appointments.models import AppointmentImport, WaitlistOffer
from apps.core.actors import SYSTEM
from apps.journeys.models import Instance
from apps.journeys.services import start_journey
from apps.patients.models import ConsentPurpose, Merge, Patient
from apps.patients.services import merge_patients, unmerge
from tests.fixtures.appointments import (
    AppointmentFactory,
    AppointmentImportFactory,
    AppointmentTypeFactory,
    ImportRowFactory,
    OnlineBookingBlockFactory,
    PractitionerTypeFactory,
    WaitlistEntryFactory,
    WaitlistOfferFactory,
)
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.conversations import ConversationFactory, MessageFactory
from tests.fixtures.duplicates import DuplicateCandidateFactory
from tests.fixtures.journeys import make_journey
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.patients import (
    AddressFactory,
    ConsentFactory,
    ContactPointFactory,
    IdentifierFactory,
    PatientFactory,
    RelatedPersonFactory,
)
from tests.fixtures.practitioners import (
    BusyTimeFactory,
    ClosureFactory,
    PractitionerFactory,
    RoomFactory,
    TimeOffFactory,
    WeeklyHoursFactory,
)
from tests.fixtures.shared import MONDAY

# The waitlist also offers its filters, counts them, and shows freed times; the summary is a whole record at once.
MOST_OF = {"/waitlist/": 14, "/patients/{patient}/summary/": 14}
PAGES = [
    "/",
    "/?status=waiting",
    "/today/rail/",
    "/today/sheet/",
    "/appointments/{visit}/room/",
    "/calendar/",
    "/calendar/?view=week",
    "/waitlist/",
    "/waitlist/rail/",
    "/inbox/",
    "/inbox/?view=closed",
    "/inbox/?q=person",
    "/inbox/{thread}/",
    "/patients/",
    "/patients/{patient}/",
    "/patients/{patient}/tab/consents/",
    "/patients/{patient}/details/",
    "/patients/{patient}/summary/",
    "/patients/{patient}/edit/",
    "/journeys/",
]
MOST = 12  # session, person, their organization and its scope included
SCOPE = "SET LOCAL … -- once a request, along with its first question; counted all the same"


def questions(client, path: str) -> list[str]:
    """Return the queries of a page as a request from outside asks them."""
    with CaptureQueriesContext(connection) as caught:
        assert client.get(path).status_code == 200
    return [SCOPE, *(query["sql"] for query in caught.captured_queries)]


@pytest.fixture(autouse=True)
def ten_on_monday():
    """Ten o'clock local time: some visits are behind, some ahead."""
    with time_machine.travel(MONDAY + dt.timedelta(hours=1), tick=False):
        yield


@pytest.fixture
def journey(organization):
    return make_journey(organization)


def add_rows(bookable, journey, *, first: int, number: int) -> dict[str, UUID]:
    """Add half-hourly visits from eight o'clock on, the `first`-th on, each with a thread, a run and an offer; return the last ids."""
    eight = MONDAY - dt.timedelta(hours=1)
    for index in range(first, first + number):
        patient = PatientFactory(organization=bookable.organization)
        ContactPointFactory(organization=bookable.organization, patient=patient, value="+14155550142")
        ConsentFactory(organization=bookable.organization, patient=patient)
        AddressFactory(organization=bookable.organization, patient=patient)
        IdentifierFactory(organization=bookable.organization, patient=patient)
        RelatedPersonFactory(organization=bookable.organization, patient=patient)
        room = RoomFactory(organization=bookable.organization, location=bookable.location)
        visit = AppointmentFactory(
            organization=bookable.organization,
            patient=patient,
            room=room,
            practitioner=bookable.practitioner,
            location=bookable.location,
            appointment_type=bookable.appointment_type,
            start=eight + dt.timedelta(minutes=30 * index),
        )
        CommunicationFactory(
            organization=bookable.organization, patient=patient, category="reminder", context_id=visit.pk, status="sent"
        )
        thread = ConversationFactory(
            organization=bookable.organization,
            patient=patient,
            channel="whatsapp",
            last_message_at=eight,
            waiting_since=eight,
        )
        MessageFactory(organization=bookable.organization, conversation=thread, sequence=1, body="Person")
        entry = WaitlistEntryFactory(
            organization=bookable.organization,
            patient=patient,
            appointment_type=bookable.appointment_type,
            practitioner=bookable.practitioner,
            status="offered",
        )
        offered = WaitlistOfferFactory(
            organization=bookable.organization,
            entry=entry,
            practitioner=bookable.practitioner,
            location=bookable.location,
            start=eight + dt.timedelta(days=1, minutes=30 * index),
        )
        CommunicationFactory(
            organization=bookable.organization,
            patient=patient,
            context_type=WaitlistOffer._meta.label,
            context_id=offered.pk,
            status="sent",
        )
        run = start_journey(definition=journey, patient=patient, actor=SYSTEM)
        Instance.objects.filter(pk=run.pk).update(appointment_id=visit.pk)
    return {"thread": thread.pk, "patient": patient.pk, "visit": visit.pk}


@pytest.mark.parametrize("path", PAGES)
def test_page_asks_at_most_twelve_questions_however_many_rows_there_are(desk_client, bookable, journey, path):
    few_ids = add_rows(bookable, journey, first=0, number=6)
    desk_client.get(path.format(**few_ids))  # what is asked once per process
    few = questions(desk_client, path.format(**few_ids))
    many_ids = add_rows(bookable, journey, first=6, number=18)
    many = questions(desk_client, path.format(**many_ids))
    assert len(many) == len(few), "\n".join(many)
    assert len(many) <= MOST_OF.get(path, MOST), "\n".join(many)


SETTINGS = [
    "/settings/",
    "/settings/locations/",
    "/settings/rooms/",
    "/settings/practitioners/",
    "/settings/practitioners/{practitioner}/hours/",
    "/settings/practitioners/{practitioner}/time-off/",
    "/settings/types/",
    "/settings/closures/",
    "/settings/exchange/",
    "/settings/exchange/{checked}/",
    "/settings/exchange/{uploaded}/",
    "/appointments/export/",
    "/patients/export/",
    "/appointments/outside/",
    "/reports/?first=2026-11-23&last=2027-01-31",
    "/reports/?first=2026-11-23&last=2027-01-31&by=type",
]


def furnish(bookable, *, first: int, number: int) -> None:
    """Add places with rooms and closures, people with hours, absences and types, and visits that don't fit."""
    organization = bookable.organization
    for index in range(first, first + number):
        place = LocationFactory(organization=organization)
        room = RoomFactory(organization=organization, location=place)
        ClosureFactory(organization=organization, location=place)
        kind = AppointmentTypeFactory(organization=organization)
        for person in (PractitionerFactory(organization=organization), bookable.practitioner):
            WeeklyHoursFactory(
                organization=organization,
                practitioner=person,
                location=place,
                room=room,
                weekday=6,
                start_time=dt.time(index),
                end_time=dt.time(index, 30),
            )
            away = MONDAY + dt.timedelta(days=40 + index)
            TimeOffFactory(organization=organization, practitioner=person, period=(away, away + dt.timedelta(hours=1)))
            PractitionerTypeFactory(organization=organization, practitioner=person, appointment_type=kind)
            AppointmentFactory(
                organization=organization,
                practitioner=person,
                location=place,
                appointment_type=kind,
                start=away,
            )
        BusyTimeFactory(organization=organization, practitioner=bookable.practitioner, calendar=f"Ward {index}")
        AppointmentImportFactory(organization=organization)


def imports_of(bookable) -> dict[str, UUID]:
    """Return an import that was checked and one whose columns are to be chosen."""
    organization = bookable.organization
    checked = AppointmentImportFactory(organization=organization, status="checked")
    uploaded = AppointmentImportFactory(organization=organization)
    return {"checked": checked.pk, "uploaded": uploaded.pk}


def add_import_rows(ids: dict[str, UUID], *, number: int) -> None:
    for _ in range(number):
        for state, batch in (("refused", ids["checked"]), ("ready", ids["checked"]), ("waiting", ids["uploaded"])):
            shown = AppointmentImport.objects.get(pk=batch)
            ImportRowFactory(organization=shown.organization, batch=shown, state=state)


@pytest.mark.parametrize("path", SETTINGS)
def test_settings_page_asks_at_most_twelve_questions_however_much_is_set_up(manager_client, bookable, path):
    ids = imports_of(bookable)
    path = path.format(practitioner=bookable.practitioner.pk, **ids)
    furnish(bookable, first=0, number=2)
    add_import_rows(ids, number=6)
    manager_client.get(path)  # what is asked once per process
    few = questions(manager_client, path)
    furnish(bookable, first=2, number=6)
    add_import_rows(ids, number=12)
    many = questions(manager_client, path)
    assert len(many) == len(few), "\n".join(many)
    assert len(many) <= MOST, "\n".join(many)


# What unmerging would do is found by doing it, table by table, and taking that back.
MOST_OF_MERGING = {"/patients/merges/{merge}/undo/": 35}
MERGING = [
    "/patients/merge/{survivor}/{duplicate}/",
    "/patients/{survivor}/merge/",
    "/patients/{survivor}/merges/",
    "/patients/merges/{merge}/undo/",
    "/patients/merges/{undone}/leftovers/",
    "/patients/duplicates/",
    "/patients/duplicates/{pair}/",
    "/patients/duplicates/?state=distinct",
    "/patients/{survivor}/possible-duplicates/",
]


def two_records(bookable, journey) -> dict[str, Patient]:
    """Add two records of one person that have everything that a merge looks at."""
    organization = bookable.organization
    pair = [PatientFactory(organization=organization, given_name=name, sex="female") for name in ("Ana", "Zoe")]
    for patient in pair:
        start_journey(definition=journey, patient=patient, actor=SYSTEM)
        OnlineBookingBlockFactory(organization=organization, patient=patient)
        WaitlistEntryFactory(
            organization=organization, patient=patient, appointment_type=bookable.appointment_type, status="waiting"
        )
    return {"survivor": pair[0], "duplicate": pair[1]}


def add_to_both(bookable, pair: dict[str, Patient], *, first: int, number: int) -> None:
    """Add as many rows of each kind to both: visits that overlap, phones, numbers, people, consents, threads, messages."""
    organization = bookable.organization
    one, other = pair["survivor"], pair["duplicate"]
    for index in range(first, first + number):
        for patient, further in ((one, other), (other, one)):
            ContactPointFactory(organization=organization, patient=patient)
            AddressFactory(organization=organization, patient=patient)
            IdentifierFactory(organization=organization, patient=patient, system=f"card-{index}")
            RelatedPersonFactory(organization=organization, patient=patient, linked_patient=further)
            CommunicationFactory(organization=organization, patient=patient)
            ConversationFactory(organization=organization, patient=patient)
            AppointmentFactory(
                organization=organization,
                patient=patient,
                practitioner=PractitionerFactory(organization=organization),
                start=MONDAY + dt.timedelta(days=index),
            )
        ConsentFactory(organization=organization, patient=one, purpose=ConsentPurpose.values[index % 7])
        DuplicateCandidateFactory(organization=organization)
        DuplicateCandidateFactory(organization=organization, state="distinct", decided_at=MONDAY)
        merge_patients(survivor=one, duplicate=PatientFactory(organization=organization), actor=SYSTEM)


@pytest.mark.parametrize("path", MERGING)
def test_page_of_merging_asks_at_most_twelve_questions_however_much_both_have(desk_client, bookable, journey, path):
    pair = two_records(bookable, journey)
    candidate = DuplicateCandidateFactory(organization=bookable.organization, bits=9)
    merge = merge_patients(
        survivor=pair["survivor"], duplicate=PatientFactory(organization=bookable.organization), actor=SYSTEM
    )
    undone = merge_patients(
        survivor=pair["survivor"], duplicate=PatientFactory(organization=bookable.organization), actor=SYSTEM
    )
    unmerge(merge=undone, actor=SYSTEM)
    Merge.objects.filter(pk=undone.pk).update(created_at=MONDAY, undone_at=MONDAY + dt.timedelta(days=1))
    ids = {
        "merge": merge.pk,
        "undone": undone.pk,
        "pair": candidate.pk,
        **{side: patient.pk for side, patient in pair.items()},
    }
    add_to_both(bookable, pair, first=0, number=2)
    desk_client.get(path.format(**ids))  # what is asked once per process
    few = questions(desk_client, path.format(**ids))
    add_to_both(bookable, pair, first=2, number=5)
    many = questions(desk_client, path.format(**ids))
    assert len(many) == len(few), "\n".join(many)
    assert len(many) <= MOST_OF_MERGING.get(path, MOST), "\n".join(many)
