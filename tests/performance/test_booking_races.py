"""R1 through the public door: everybody books one slot over HTTP, against the server that production runs.

BOOKING_ATTEMPTS scales it; the figure of QUALITY.md is 500. Each client has a key of its own, so that the API's rate
per key is what it is in production.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from django.utils import timezone
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from apps.appointments.models import Appointment
from apps.core.actors import SYSTEM
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from apps.organizations.services import issue_api_key
from tests.fixtures.appointments import AppointmentTypeFactory, PractitionerTypeFactory
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.patients import PatientFactory
from tests.fixtures.practitioners import PractitionerFactory, WeeklyHoursFactory
from tests.fixtures.racing import overlaps, without_constraints
from tests.fixtures.web_server import UNDEFENDED, serving

ATTEMPTS = int(os.environ.get("BOOKING_ATTEMPTS", "500"))
CLIENTS = 100

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def race(organization, manager, tmp_path) -> Callable[[str, int], list[requests.Response]]:
    """Return a function that lets 100 programs book one slot so many times, from that server address."""
    owner = {"organization": organization}
    location = LocationFactory(**owner, timezone="UTC")
    start = (timezone.now() + dt.timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    kind, practitioner = AppointmentTypeFactory(**owner, step_minutes=30), PractitionerFactory(**owner)
    PractitionerTypeFactory(**owner, practitioner=practitioner, appointment_type=kind)
    WeeklyHoursFactory(**owner, practitioner=practitioner, location=location, weekday=start.weekday())
    patients = [PatientFactory(**owner) for _number in range(CLIENTS)]
    with organization_scope(organization.pk):
        keys = [issue_api_key(**owner, user=manager.user, name=f"race {n}", actor=SYSTEM) for n in range(CLIENTS)]

    def run(address: str, attempts: int) -> list[requests.Response]:
        answers: list[requests.Response] = []
        together = threading.Barrier(CLIENTS)

        def client(number: int) -> None:
            with requests.Session() as session:
                session.headers["Authorization"] = f"Bearer {keys[number].plain}"
                session.mount("http://", HTTPAdapter(max_retries=Retry(connect=5, backoff_factor=0.1)))
                body = {
                    "appointment_type": str(kind.pk),
                    "practitioner": str(practitioner.pk),
                    "location": str(location.pk),
                    "patient": str(patients[number].pk),
                    "start": start.isoformat(),
                }
                together.wait()
                answers.extend(
                    session.post(f"{address}/api/v1/appointments/", json=body, timeout=60)
                    for _attempt in range(number, attempts, CLIENTS)
                )

        threads = [threading.Thread(target=client, args=[number]) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    return run


def test_five_hundred_bookings_of_one_slot_over_http(organization, race, tmp_path: Path) -> None:
    with serving(tmp_path / "server.log") as address:
        answers = race(address, ATTEMPTS)

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: ATTEMPTS - 1}
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {body["code"] for body in refused} == {"slot_unavailable"}
    assert {len(body["alternatives"]) for body in refused} == {3}
    assert {conflict["code"] for body in refused for conflict in body["conflicts"]} <= {
        "practitioner_taken",
        "patient_taken",  # the winner's own further attempts
    }
    assert all(body["conflicts"] for body in refused)
    assert "constraint_refused" not in (tmp_path / "server.log").read_text()  # found under the lock, not by the net
    with organization_scope(organization.pk):
        assert Appointment.objects.count() == 1
        assert Event.objects.filter(type="appointment.booked").count() == 1
    assert overlaps() == 0


def test_control_without_locks_and_constraints_one_slot_is_booked_many_times(race, tmp_path: Path) -> None:
    with without_constraints(), serving(tmp_path / "server.log", UNDEFENDED) as address:
        answers = race(address, CLIENTS)
        assert Counter(answer.status_code for answer in answers)[201] > 1
        assert overlaps() > 0
