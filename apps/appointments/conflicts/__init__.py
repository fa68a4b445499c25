"""Why not? Every reason against a booking at once, in plain words.

Hard reasons stand in the database as constraints (practitioner, room or patient taken) or mean that there is nobody to
book with; nobody may override them, except that a time of the practitioner which is taken may be overbooked on purpose,
into a lane of its own. Soft ones are the clinic's own rules, which a person with the permission
`appointments.override` may set aside with a reason that is kept: outside the working hours, time off, closure, too
short notice, too far ahead, in the past, type not offered, type not for self-service. Time off and closures are soft
because the practitioner may come in for one patient; a second patient at the same time can't be seen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils import timezone

from apps.appointments.conflicts.facts import Fact, load_facts
from apps.appointments.conflicts.reasons import (
    away_or_closed,
    choose_room,
    inactive,
    not_offered,
    outside_hours,
    past_or_too_soon_or_too_far,
    patient_taken,
    practitioner_taken,
)
from apps.appointments.conflicts.wanted import BookingConflict, Examination, Wanted
from apps.appointments.models import Appointment, AppointmentType, Source
from apps.organizations.models import Location, Organization
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner, Room

__all__ = ["BookingConflict", "Examination", "Wanted", "check_booking", "examine", "judge"]


def check_booking(
    *,
    organization: Organization,
    appointment_type: AppointmentType,
    practitioner: Practitioner,
    location: Location,
    start: dt.datetime,
    patient: Patient | None = None,
    room: Room | None = None,
    duration_minutes: int | None = None,
    source: str = Source.STAFF,
    instead_of: Appointment | None = None,
    overbook: bool = False,
) -> list[BookingConflict]:
    """Return every reason against the booking, hard ones first; empty when it could be booked now. One query.

    `instead_of` is the hold or the appointment that would be moved. Raises InvalidInput for what can never be.
    """
    wanted = Wanted(
        organization=organization,
        appointment_type=appointment_type,
        practitioner=practitioner,
        location=location,
        start=start,
        minutes=duration_minutes or appointment_type.duration_minutes,
        patient=patient,
        room=room,
        source=source,
        ignore=instead_of.pk if instead_of else None,
        overbook=overbook,
    )
    return examine(wanted).conflicts


def examine(wanted: Wanted) -> Examination:
    """Look at everything that bears on the booking in one query; decides nothing and locks nothing."""
    now = timezone.now()
    return judge(wanted, load_facts(wanted, now), now)


def judge(wanted: Wanted, facts: Sequence[Fact], now: dt.datetime) -> Examination:
    """Say what the facts mean for the booking; no query."""
    found = Examination(expired_holds=[fact.id for fact in facts if fact.kind == "expired"])
    reasons = [
        *inactive(wanted),
        *practitioner_taken(wanted, facts, found),
        *patient_taken(wanted, facts),
        *choose_room(wanted, facts, found),
        *past_or_too_soon_or_too_far(wanted, now),
        *not_offered(wanted, facts),
        *outside_hours(wanted, facts),
        *away_or_closed(wanted, facts),
    ]
    found.conflicts = sorted(reasons, key=lambda conflict: not conflict.hard)
    return found
