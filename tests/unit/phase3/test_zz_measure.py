import datetime as dt, time, tracemalloc
import pytest
from apps.appointments.models import Appointment
from apps.communications.models import Communication
from apps.conversations.models import Message
from apps.core.ids import uuid7
from apps.core.actors import SYSTEM
from apps.events.models import Event
from apps.patients.exchange.kinds import EXPORT_KINDS
from apps.patients.services.exporting import export_patient
from tests.fixtures.appointments import AppointmentFactory
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.conversations import ConversationFactory, MessageFactory
from tests.fixtures.exports import whole_patient
from tests.fixtures.shared import MONDAY
from django.db import connection
from django.test.utils import CaptureQueriesContext

@pytest.mark.django_db
def test_measure(bookable):
    o = bookable.organization
    p = whole_patient(o)
    one = AppointmentFactory(organization=o, patient=p, practitioner=bookable.practitioner, location=bookable.location, appointment_type=bookable.appointment_type, start=MONDAY)
    rows = []
    for n in range(1, 500):
        start = MONDAY - dt.timedelta(days=n)
        rows.append(Appointment(organization=o, patient=p, practitioner=one.practitioner, location=one.location, appointment_type=one.appointment_type, start=start, end=start+dt.timedelta(minutes=30), busy_period=(start, start+dt.timedelta(minutes=30)), status="fulfilled", reason="Knee pain, again"))
    Appointment.objects.bulk_create(rows)
    c = CommunicationFactory(organization=o, patient=p)
    comms = []
    for n in range(2500):
        comms.append(Communication(organization=o, channel="whatsapp", category="reply", status="read", patient=p, to_address="+1", body="We expect you tomorrow at nine. "*4, dedupe_key=f"m{n}", planned_at=MONDAY, due_at=MONDAY, sent_at=MONDAY))
    Communication.objects.bulk_create(comms)
    t = ConversationFactory(organization=o, patient=p)
    msgs = []
    for n in range(5000):
        msgs.append(Message(organization=o, conversation=t, sequence=n+1, author="contact" if n%2 else "bot", body="I need to see a doctor "*4, communication=comms[n//2] if n%2==0 else None, sent_at=MONDAY))
    Message.objects.bulk_create(msgs)
    Event.objects.bulk_create([Event(organization=o, type="communication.sent", subject_type="communications.Communication", subject_id=uuid7(), patient_id=p.pk, actor_kind="system", actor_label="System", changes={"status": ["queued","sent"]}, payload={"channel":"whatsapp","category":"reply"}, occurred_at=MONDAY) for n in range(12000)])
    for kind in ("json", "fhir"):
        k = EXPORT_KINDS[kind]
        best = 9
        for _ in range(3):
            t0 = time.perf_counter()
            f = export_patient(patient=p, kind=k, route="m", actor=SYSTEM)
            best = min(best, time.perf_counter()-t0)
        with CaptureQueriesContext(connection) as q:
            tracemalloc.start(); export_patient(patient=p, kind=k, route="m", actor=SYSTEM); peak = tracemalloc.get_traced_memory()[1]; tracemalloc.stop()
        print(f"\n{kind}: {best:.2f}s {len(f.content)/1e6:.1f}MB {len(q)} queries peak {peak/1e6:.0f}MB, sql {sum(float(x['time']) for x in q):.2f}s")
