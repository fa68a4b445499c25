"""Who waits in the demo clinic: a few people by name, what they wait for, and times that some of them did not take."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from apps.appointments.models import (
    Appointment,
    OfferStatus,
    Status,
    Urgency,
    WaitlistEntry,
    WaitlistOffer,
    WaitStatus,
)
from apps.core.ids import uuid7
from apps.events.models import Event
from apps.patients.models import Patient
from apps.portal.demo.clinic import Clinic
from apps.portal.demo.copying import copy
from apps.portal.demo.history import DESK
from apps.portal.demo.people import Person

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody's wish: patient and practitioner by their place in the lists, days from today, hours on the wall."""

    patient: int
    type: str
    since_days: int
    practitioner: int | None = None
    urgency: Urgency = Urgency.ROUTINE
    days: tuple[int, int] = (0, 21)
    weekdays: tuple[int, ...] = ()
    hours: tuple[int | None, int | None] = (None, None)
    note: str = ""
    status: WaitStatus = WaitStatus.WAITING
    earlier: bool = False
    declined_days_ago: int | None = None


WAITS = (
    Wait(14, "V", 12, practitioner=2, urgency=Urgency.URGENT, hours=(None, 12), note="Before the flight on the 12th"),
    Wait(15, "C", 9, urgency=Urgency.SOON, days=(0, 10)),
    Wait(16, "C", 6, practitioner=0, weekdays=(1, 3)),
    Wait(25, "C", 2, hours=(13, None), note="Works mornings"),
    Wait(18, "K", 8, practitioner=2, hours=(15, None), note="After kindergarten"),
    Wait(21, "A", 3, practitioner=1, days=(0, 4), urgency=Urgency.SOON),
    Wait(22, "P", 11, weekdays=(0, 2, 4), declined_days_ago=1),
    Wait(9, "P", 4, practitioner=3, hours=(None, 11), earlier=True),
    Wait(23, "R", 5, practitioner=0, earlier=True, note="Results arrive on Monday"),
    Wait(24, "M", 20, status=WaitStatus.EXPIRED, days=(-20, -1)),
    Wait(4, "C", 16, status=WaitStatus.BOOKED, days=(-16, 5)),
)


def write_waitlist(
    clinic: Clinic, people: list[tuple[Patient, Person]], visits: list[Appointment], *, now: dt.datetime
) -> int:
    """Write the entries, the offers that came to nothing, and the events of both; return how many entries."""
    entries = [
        _entry(clinic, people[wait.patient][0], wait, visits, now) for wait in WAITS if wait.patient < len(people)
    ]
    copy(entries)
    offers = list(_offers(clinic, entries, now))
    copy(offers)
    copy([*_added(entries), *_answered(offers)])
    return len(entries)


def _entry(clinic: Clinic, patient: Patient, wait: Wait, visits: list[Appointment], now: dt.datetime) -> WaitlistEntry:
    today = now.astimezone(clinic.organization.zone).date()
    kind = clinic.types[wait.type]
    mine = [visit for visit in visits if visit.patient_id == patient.pk and visit.appointment_type_id == kind.pk]
    ahead = [visit for visit in mine if visit.start > now + DAY and visit.status == Status.BOOKED]
    booked = [visit for visit in mine if visit.status != Status.CANCELLED]
    return WaitlistEntry(
        id=uuid7(),
        organization=clinic.organization,
        patient=patient,
        appointment_type=kind,
        practitioner=clinic.practitioners[wait.practitioner] if wait.practitioner is not None else None,
        earliest_date=today + wait.days[0] * DAY,
        latest_date=today + wait.days[1] * DAY,
        weekdays=list(wait.weekdays),
        from_time=dt.time(wait.hours[0]) if wait.hours[0] is not None else None,
        until_time=dt.time(wait.hours[1]) if wait.hours[1] is not None else None,
        urgency=wait.urgency,
        note=wait.note,
        status=wait.status,
        moves=ahead[-1] if wait.earlier and ahead else None,
        booked=booked[-1] if wait.status == WaitStatus.BOOKED and booked else None,
        created_at=now - wait.since_days * DAY,
    )


def _offers(clinic: Clinic, entries: list[WaitlistEntry], now: dt.datetime) -> Iterator[WaitlistOffer]:
    """Yield the times that were offered and declined: ten o'clock two days after the offer."""
    zone = clinic.organization.zone
    for wait, entry in zip(WAITS, entries, strict=False):
        if wait.declined_days_ago is None:
            continue
        asked = now - wait.declined_days_ago * DAY
        practitioner = entry.practitioner or clinic.practitioners[3]
        location, _room = clinic.place[str(practitioner.pk)]
        day = (asked + 2 * DAY).astimezone(zone).date()
        start = dt.datetime.combine(day, dt.time(10), tzinfo=zone).astimezone(dt.UTC)
        yield WaitlistOffer(
            id=uuid7(asked),
            organization=clinic.organization,
            entry=entry,
            practitioner=practitioner,
            location=location,
            start=start,
            end=start + entry.appointment_type.duration,
            status=OfferStatus.DECLINED,
            expires_at=asked + dt.timedelta(minutes=30),
            answered_at=asked + dt.timedelta(minutes=6),
            answered_by="whatsapp",
            created_at=asked,
        )


def _added(entries: list[WaitlistEntry]) -> Iterator[Event]:
    for entry in entries:
        payload = {"entry_id": str(entry.pk)}
        yield _event("waitlist.added", entry, entry.patient_id, entry.created_at, payload)


def _answered(offers: list[WaitlistOffer]) -> Iterator[Event]:
    for offer in offers:
        payload = {"entry_id": str(offer.entry_id), "start": offer.start.isoformat()}
        patient_id = offer.entry.patient_id
        yield _event("waitlist.offered", offer, patient_id, offer.created_at, payload)
        yield _event("waitlist.declined", offer, patient_id, offer.answered_at or offer.created_at, payload)


def _event(
    type_: str, subject: WaitlistEntry | WaitlistOffer, patient_id: object, at: dt.datetime, payload: dict[str, str]
) -> Event:
    return Event(
        id=uuid7(at),
        organization_id=subject.organization_id,
        type=type_,
        subject_type=subject._meta.label,
        subject_id=subject.pk,
        patient_id=patient_id,
        actor_kind=DESK[0],
        actor_label=DESK[1],
        payload=payload,
        occurred_at=at,
    )
