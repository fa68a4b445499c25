"""What lies behind the demo clinic's days: years of patients, visits, threads, messages and events."""

from __future__ import annotations

import random
from typing import Any

from django.db import connection

from apps.appointments.models import Appointment
from apps.communications.models import Communication
from apps.conversations.models import Conversation, Message
from apps.core.tenancy import all_organizations
from apps.events.models import Event
from apps.organizations.models import Organization
from apps.patients.folding import index_text
from apps.patients.models import Consent, ContactPoint, Patient
from apps.practitioners.models import Practitioner
from benchmarks.results import WrongAnswer
from benchmarks.writing import PHONE, bulk, missing, name_people, patient_columns, run, visit_columns

FORMER = 100  # practitioners who left: most of history is theirs, and no page lists them
FIRST_PAST_DAY, FIRST_FUTURE_DAY, SLOTS_PER_DAY = 12, 45, 16
FUTURE_SHARE, OPEN_SHARE = 0.1, 0.02
LOADED = (Patient, ContactPoint, Consent, Appointment, Conversation, Message, Communication, Event)
SAMPLE = 200


def fill_history(rows: int) -> None:
    """Fill each of the large tables up to so many rows, around and behind what the demo clinic has.

    A tenth of the visits is to come, far from the demo's weeks, each with its reminder; two per cent of the threads are
    open. What the pages show today is the same for any number of rows.
    """
    with all_organizations():
        organization = Organization.objects.get(slug="demo")
    values: dict[str, Any] = {"organization": organization.pk}
    with bulk(LOADED):
        patients = _patients(rows, values)
        visits = _visits(rows, patients, values)
        _threads(rows, patients, values)
        _messages(rows, visits, values)
    _check(organization)


def _patients(rows: int, values: dict[str, Any]) -> int:
    """Add patients with a phone and their consent; return how many."""
    name_people()
    count = missing(Patient, rows)
    first = 1 + Patient.objects.filter(organization_id=values["organization"]).count()
    values |= {"first": first, "last": first + count - 1}
    run(
        Patient,
        "generate_series(%(first)s::int, %(last)s::int) AS i JOIN bench_name ON n = i %% (SELECT count(*) FROM bench_name)",
        patient_columns("i"),
        values,
    )
    added = "patients_patient p WHERE p.organization_id = %(organization)s AND p.number >= %(first)s"
    of_patient = {"organization_id": "%(organization)s", "patient_id": "p.id"}
    run(ContactPoint, added, of_patient | {"system": "'phone'", "value": PHONE.format("p.number")}, values)
    answers = {
        "purpose": "'whatsapp'",
        "status": "'active'",
        "source": "'front desk'",
        "decided_at": "now() - interval '1 year'",
    }
    run(Consent, added, of_patient | answers, values)
    return count


def _visits(rows: int, patients: int, values: dict[str, Any]) -> int:
    """Add visits: done ones before the demo's days, booked ones after them; return how many are still to come."""
    present = list(Practitioner.objects.filter(organization_id=values["organization"]))
    Practitioner.objects.bulk_create(
        Practitioner(
            organization_id=values["organization"],
            given_name="Former",
            family_name=f"Colleague {n:03d}",
            sort_order=1000 + n,
            is_active=False,
        )
        for n in range(FORMER)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE TEMP TABLE bench_person AS
            SELECT row_number() OVER (ORDER BY is_active, sort_order) - 1 AS who, id,
                   (SELECT id FROM organizations_location WHERE organization_id = %(organization)s ORDER BY name LIMIT 1) AS location_id
            FROM practitioners_practitioner WHERE organization_id = %(organization)s
            """,
            values,
        )
    total = missing(Appointment, rows)
    ahead = int(rows * FUTURE_SHARE)
    columns = visit_columns(patient="c.id", practitioner="p.id") | {
        "location_id": "p.location_id",
        "appointment_type_id": "(SELECT id FROM appointments_appointmenttype WHERE organization_id = %(organization)s AND is_default)",
    }
    # Neighbours in `i` are different people at the same time with different patients.
    source = """
        (SELECT i, i %% %(people)s AS who,
                ((current_date + %(direction)s * (%(first_day)s + i / %(people)s / %(slots)s)) + time '13:00'
                 + i / %(people)s %% %(slots)s * interval '30 minutes') AT TIME ZONE 'UTC' AS at
         FROM generate_series(0, %(count)s - 1) AS i) AS wanted
        JOIN bench_person p USING (who)
        JOIN patients_patient c ON c.organization_id = %(organization)s AND c.number = %(first)s + i %% %(patients)s
    """
    both = values | {"slots": SLOTS_PER_DAY, "patients": patients}
    past = {"people": FORMER + len(present), "direction": -1, "first_day": FIRST_PAST_DAY, "count": total - ahead}
    future = {"people": FORMER, "direction": 1, "first_day": FIRST_FUTURE_DAY, "count": ahead}
    done = {
        "status": "'fulfilled'",
        "arrived_at": "at",
        "started_at": "at",
        "completed_at": "at + interval '25 minutes'",
    }
    run(Appointment, source, columns | done, both | past)
    run(Appointment, source, columns, both | future)
    return ahead


def _threads(rows: int, patients: int, values: dict[str, Any]) -> None:
    """Add threads that the bot finished, a few of them still open, with one line each."""
    values = values | {"count": missing(Conversation, rows), "patients": patients, "open_every": int(1 / OPEN_SHARE)}
    is_open = "i < %(patients)s AND i %% %(open_every)s = 0"
    said = "now() - interval '60 days' - i * interval '10 seconds'"
    run(
        Conversation,
        """
        generate_series(0, %(count)s - 1) AS i
        JOIN patients_patient p ON p.organization_id = %(organization)s AND p.number = %(first)s + i %% %(patients)s
        """,
        {
            "organization_id": "%(organization)s",
            "patient_id": "p.id",
            "channel": "'whatsapp'",
            "address": PHONE.format("p.number"),
            "clinic_address": "'+15550100000'",
            "status": f"CASE WHEN {is_open} THEN 'open' ELSE 'closed' END",
            "closed_at": f"CASE WHEN {is_open} THEN NULL ELSE {said} END",
            "state": "'booked'",
            "message_count": "1",
            "last_message_at": said,
            "last_message_text": "'Thanks, all good now'",
            "last_inbound_at": said,
        },
        values,
    )
    run(
        Message,
        "conversations_conversation t WHERE t.organization_id = %(organization)s AND t.last_message_text = 'Thanks, all good now' "
        f"AND t.message_count = 1 LIMIT {missing(Message, rows)}",
        {
            "organization_id": "%(organization)s",
            "conversation_id": "t.id",
            "sequence": "1",
            "author": "'contact'",
            "body": "t.last_message_text",
            "provider_id": "'SM' || md5(t.id::text)",
            "sent_at": "t.last_message_at",
        },
        values,
    )


def _messages(rows: int, ahead: int, values: dict[str, Any]) -> None:
    """Add the reminder of each visit to come and of as many past ones as are asked for, and what happened to visits."""
    row = {
        "organization_id": "%(organization)s",
        "patient_id": "a.patient_id",
        "channel": "'whatsapp'",
        "category": "'reminder'",
        "to_address": PHONE.format("p.number"),
        "from_address": "'+15550100000'",
        "body": "'A reminder of your visit. Reply YES to confirm.'",
        "template_key": "'appointment-reminder'",
        "content_sid": "'HX00000000000000000000000000000000'",
        "dedupe_key": "'history:' || a.id",
        "context_type": "'appointments.Appointment'",
        "context_id": "a.id",
        "context_version": "a.version",
        "planned_at": "a.start - interval '1 day'",
        "due_at": "a.start - interval '1 day'",
        "not_after": "a.start",
    }
    sent = {
        "status": "'delivered'",
        "provider": "'simulator'",
        "provider_id": "'SM' || md5(a.id::text)",
        "attempts": "1",
        "sent_at": "a.start - interval '1 day'",
        "delivered_at": "a.start - interval '1 day'",
    }
    visits = """
        appointments_appointment a JOIN patients_patient p ON p.id = a.patient_id
        WHERE a.organization_id = %(organization)s AND p.number >= %(first)s AND {}
    """
    run(
        Communication,
        visits.format(f"a.start > now() + interval '{FIRST_FUTURE_DAY - 2} days'"),
        row | {"status": "'scheduled'"},
        values,
    )
    wanted = missing(Communication, rows)
    run(Communication, visits.format("a.start < now()") + f" LIMIT {wanted}", row | sent, values)
    run(
        Event,
        visits.format("true") + f" LIMIT {missing(Event, rows)}",
        {
            "id": "uuidv7(-interval '1 hour')",
            "organization_id": "%(organization)s",
            "type": "'appointment.booked'",
            "subject_type": "'appointments.Appointment'",
            "subject_id": "a.id",
            "patient_id": "a.patient_id",
            "actor_kind": "'bot'",
            "actor_label": "'Bot'",
            "payload": "jsonb_build_object('start', a.start, 'version', a.version)",
            "occurred_at": "a.created_at",
        },
        values,
    )
    if (due := Communication.objects.filter(dedupe_key__startswith="history:", status="scheduled").count()) != ahead:
        raise WrongAnswer(f"{due:,} reminders were planned instead of {ahead:,}.")


def _check(organization: Organization) -> None:
    """Compare a sample with what the patients' service would have written."""
    numbers = random.Random(2).sample(range(1000, Patient.objects.filter(organization=organization).count()), SAMPLE)
    for patient in Patient.objects.filter(organization=organization, number__in=numbers).prefetch_related(
        "contact_points"
    ):
        wanted = index_text(
            names=(patient.given_name, patient.family_name),
            number=patient.record_number,
            phones=[point.value for point in patient.contact_points.all()],
            emails=(),
        )
        if patient.search_text != wanted:
            raise WrongAnswer(f"Patient {patient.number} is found by {patient.search_text!r} instead of {wanted!r}.")
