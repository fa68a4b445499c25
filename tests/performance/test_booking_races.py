"""R1 through the public door: everybody books one slot over HTTP, against the server that production runs.

BOOKING_ATTEMPTS scales it; the figure of QUALITY.md is 500.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from django.db import connection
from django.utils import timezone
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from apps.appointments.models import Appointment
from apps.core.actors import Actor, ActorKind
from apps.core.tenancy import organization_scope
from apps.events.models import Event
from apps.organizations.services import issue_api_key
from tests.fixtures.appointments import AppointmentTypeFactory, PractitionerTypeFactory
from tests.fixtures.organizations import LocationFactory
from tests.fixtures.patients import PatientFactory
from tests.fixtures.practitioners import PractitionerFactory, WeeklyHoursFactory
from tests.fixtures.racing import overlaps
from tests.processes import eventually

ROOT = Path(__file__).resolve().parents[2]
ATTEMPTS = int(os.environ.get("BOOKING_ATTEMPTS", "500"))
CLIENTS = 100

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(organization, tmp_path) -> Iterator[str]:
    """The portal under gunicorn with its own configuration, on the test's database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    url = f"{database.scheme}://{database.netloc}{database.path}?{database.query}"
    environment = os.environ | {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "clinic.settings",
        "PORT": str(port),
        "API_RATE_LIMIT": "1000000/min",
    }
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "clinic.wsgi"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        address = f"http://127.0.0.1:{port}"
        try:
            assert eventually(lambda: _answers(address), seconds=30), (tmp_path / "server.log").read_text()
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/healthz", timeout=2).ok
    except requests.ConnectionError:
        return False


def test_five_hundred_bookings_of_one_slot_over_http(organization, manager, server) -> None:
    owner = {"organization": organization}
    location = LocationFactory(**owner, timezone="UTC")
    start = (timezone.now() + dt.timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    kind, practitioner = AppointmentTypeFactory(**owner, step_minutes=30), PractitionerFactory(**owner)
    PractitionerTypeFactory(**owner, practitioner=practitioner, appointment_type=kind)
    WeeklyHoursFactory(**owner, practitioner=practitioner, location=location, weekday=start.weekday())
    patients = [PatientFactory(**owner) for _number in range(CLIENTS)]
    with organization_scope(organization.pk):
        issued = issue_api_key(
            organization=organization,
            user=manager.user,
            name="race",
            actor=Actor(ActorKind.SYSTEM, trusted=True),
        )
    answers: list[requests.Response] = []
    together = threading.Barrier(CLIENTS)

    def client(number: int) -> None:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {issued.plain}"
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
                session.post(f"{server}/api/v1/appointments/", json=body, timeout=60)
                for _attempt in range(number, ATTEMPTS, CLIENTS)
            )

    threads = [threading.Thread(target=client, args=[number]) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: ATTEMPTS - 1}
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {body["code"] for body in refused} == {"slot_unavailable"}
    assert all(len(body["alternatives"]) == 3 for body in refused)
    with organization_scope(organization.pk):
        assert Appointment.objects.count() == 1
        assert Event.objects.filter(type="appointment.booked").count() == 1
    assert overlaps() == 0
