"""django-appointment, asked what the portal is asked. Runs in its own virtual environment; nothing of the portal here.

Reads one JSON command a line and answers each with one line. Data come as CSV on the path in PEER_ROWS: number of
the person, local date, local start time.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django
from django.conf import settings

LENGTH = dt.timedelta(minutes=30)
OPENS, CLOSES = dt.time(9), dt.time(17)
urlpatterns: list[Any] = []


def configure() -> None:
    """Set the package up as its documentation says, on the database in PEER_DATABASE."""
    settings.configure(
        SECRET_KEY="only-for-benchmarks",  # noqa: S106
        ALLOWED_HOSTS=["testserver"],
        DATABASES={"default": json.loads(os.environ["PEER_DATABASE"])},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "phonenumber_field",
            "appointment",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        ROOT_URLCONF=__name__,
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
        STATIC_URL="/static/",
        USE_TZ=True,
        TIME_ZONE="America/New_York",
        PHONENUMBER_DEFAULT_REGION="US",
    )
    django.setup()
    logging.disable(logging.CRITICAL)
    from django.urls import include, path

    urlpatterns.append(path("", include("appointment.urls")))


def load(people: int) -> int:
    """Migrate, make the staff with their hours, and copy the appointments in; return how many."""
    from appointment.models import Service, StaffMember, WorkingHours
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", "auth", interactive=False, verbosity=0)
    # The package brings no migrations: its tables are made from its models.
    call_command("migrate", interactive=False, run_syncdb=True, verbosity=0)
    service = Service.objects.create(name="Visit", duration=LENGTH, price=0)
    staff = []
    for number in range(people):
        user = get_user_model().objects.create_user(
            f"person{number:03d}", first_name="Person", last_name=f"{number:03d}"
        )
        member = StaffMember.objects.create(
            user=user, slot_duration=30, lead_time=OPENS, finish_time=CLOSES, work_on_saturday=True, work_on_sunday=True
        )
        member.services_offered.add(service)
        staff.append(member)
    WorkingHours.objects.bulk_create(
        WorkingHours(staff_member=member, day_of_week=day, start_time=OPENS, end_time=CLOSES)
        for member in staff
        for day in range(7)
    )
    client = get_user_model().objects.create_user("patient", email="patient@example.org", first_name="Patient")
    count = 0
    with (
        open(os.environ["PEER_ROWS"], newline="") as rows,  # noqa: PTH123
        connection.cursor() as cursor,
        cursor.copy(
            "COPY appointment_appointmentrequest (id, date, start_time, end_time, service_id, staff_member_id, payment_type, "
            "id_request, reschedule_attempts, created_at, updated_at) FROM STDIN"
        ) as stream,
    ):
        now = dt.datetime.now(dt.UTC)
        for count, (who, date, start) in enumerate(csv.reader(rows), start=1):
            begin = dt.datetime.combine(dt.date.fromisoformat(date), dt.time.fromisoformat(start))
            end = begin + LENGTH
            member_id = staff[int(who)].pk
            stream.write_row(
                (count, begin.date(), begin.time(), end.time(), service.pk, member_id, "full", f"r{count}", 0, now, now)
            )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO appointment_appointment (client_id, appointment_request_id, phone, want_reminder, paid, amount_to_pay, "
            "id_request, created_at, updated_at) SELECT %s, id, '', false, false, 0, id_request, created_at, updated_at "
            "FROM appointment_appointmentrequest",
            [client.pk],
        )
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('appointment_appointmentrequest', 'id'), (SELECT max(id) FROM appointment_appointmentrequest))"
        )
        cursor.execute("VACUUM ANALYZE")
    return count


def slots_of(member: Any, service: Any, days: int, most: int | None = None) -> list[str]:
    """Return the member's free starts on so many days from today on, as local ISO texts; stop at `most`."""
    from appointment.services import get_available_slots_for_staff
    from appointment.utils.db_helpers import get_weekday_num_from_date
    from django.utils import timezone

    today, found = timezone.localdate(), []
    for offset in range(days):
        date = today + dt.timedelta(days=offset)
        found += get_available_slots_for_staff(date, member, get_weekday_num_from_date(date), service=service)
        if most is not None and len(found) >= most:
            break
    return [slot.isoformat() for slot in found[:most]]


def search(people: list[int] | None, days: int, most: int | None) -> dict[str, Any]:
    """Search for the people by number (None: everybody); return the seconds and the slots of each."""
    from appointment.models import Service, StaffMember

    service = Service.objects.get()
    staff = list(StaffMember.objects.select_related("user").order_by("id"))
    chosen = range(len(staff)) if people is None else people
    begun = time.perf_counter()
    slots = {number: slots_of(staff[number], service, days, most) for number in chosen}
    return {"seconds": time.perf_counter() - begun, "slots": slots}


def contend(start: str, attempts: int, clients: int) -> dict[str, Any]:
    """Let signed-in patients book one slot of the first person through the package's own pages, at once."""
    from appointment.models import Appointment, Service, StaffMember
    from django.contrib.auth import get_user_model
    from django.db import connections
    from django.test import Client

    begin = dt.datetime.fromisoformat(start)
    service, member = Service.objects.get(), StaffMember.objects.order_by("id").first()
    asked = {
        "date": begin.date().isoformat(),
        "start_time": begin.time().isoformat(),
        "end_time": (begin + LENGTH).time().isoformat(),
        "service": service.pk,
        "staff_member": member.pk,
    }
    patients = [
        get_user_model().objects.create_user(f"rival{n:03d}", email=f"rival{n:03d}@example.org", first_name="Rival")
        for n in range(attempts)
    ]
    about = {"name": "Rival", "phone_0": "US", "phone_1": "2125550100", "address": "", "additional_info": ""}

    def book(patient: Any) -> None:
        client = Client()
        client.force_login(patient)
        answer = client.post("/request-submit/", asked)
        if answer.status_code == 302:
            client.post(answer["Location"], about | {"email": patient.email, "payment_type": "full"})
        connections.close_all()

    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(book, patients))
    seconds = time.perf_counter() - begun
    booked = Appointment.objects.filter(
        appointment_request__staff_member=member,
        appointment_request__date=begin.date(),
        appointment_request__start_time=begin.time(),
    )
    return {"seconds": seconds, "booked": booked.count()}


COMMANDS: dict[str, Callable[..., Any]] = {"load": load, "search": search, "contend": contend}


def main() -> None:
    """Answer commands until the input ends."""
    configure()
    for line in sys.stdin:
        command = json.loads(line)
        answer = COMMANDS[command.pop("do")](**command)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
