"""Holds: a time kept free for minutes while somebody decides. Rows of the same table, under the same constraints."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.conflicts import Wanted
from apps.appointments.models import Appointment, AppointmentType, Source, Status
from apps.appointments.services.placing import (
    answering_with_alternatives,
    decide_on,
    emit_change,
    examine_without,
    holds_of,
    lock_for,
    place,
    release_rows,
)
from apps.core.actors import SYSTEM, Actor
from apps.core.errors import InvalidInput
from apps.core.tenancy import all_organizations, organization_scope
from apps.organizations.models import Location, Organization
from apps.organizations.permissions import Permission
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner, Room

LONGEST_HOLD_MINUTES = 60
LONGEST_OFFER = dt.timedelta(days=1)
# Longer than a transaction that gives a hold back and goes on usually takes.
ABOUT_TO_RUN_OUT = dt.timedelta(seconds=2)


def hold_slot(
    *,
    organization: Organization,
    appointment_type: AppointmentType,
    practitioner: Practitioner,
    location: Location,
    start: dt.datetime,
    held_for: uuid.UUID,
    minutes: int = 5,
    until: dt.datetime | None = None,
    patient: Patient | None = None,
    room: Room | None = None,
    source: str = Source.STAFF,
    actor: Actor,
) -> Appointment:
    """Keep a time free for somebody (a conversation, a key, a person) who has one hold at most: it replaces theirs.

    Locks the holder, then as booking does; same rules, but soft ones can't be set aside for a hold. When it is
    refused, an earlier hold of theirs stays. `until` (UTC, at most a day ahead) instead of `minutes` is for an offer of
    the waitlist, which may have to wait for the end of quiet hours. Raises SlotUnavailable, InvalidInput, NotFound.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    wanted = Wanted(
        organization=organization,
        appointment_type=appointment_type,
        practitioner=practitioner,
        location=location,
        start=start,
        minutes=appointment_type.duration_minutes,
        patient=patient,
        room=room,
        source=source,
    )
    held_until = _held_until(minutes, until)
    with answering_with_alternatives(wanted):
        _lock_holder(organization, held_for)
        lock_for(wanted)
        found, own = examine_without(wanted, holds_of(organization, held_for))
        decision = decide_on(found, override_reason="", actor=actor)
        release_rows(own, actor=actor)
        hold = Appointment(
            organization=organization,
            appointment_type=appointment_type,
            patient=patient,
            status=Status.HELD,
            source=source,
            held_for=held_for,
            held_until=held_until,
        )
        place(hold, wanted, decision)
        hold.override_reason = decision.override_reason
        hold.save(force_insert=True)
        emit_change("held", hold, actor=actor)
    return hold


def _held_until(minutes: int, until: dt.datetime | None) -> dt.datetime:
    now = timezone.now()
    if until is not None:
        if not now < until <= now + LONGEST_OFFER:
            message = _("A time is held for a day at most, and not into the past.")
            raise InvalidInput(message, errors={"until": [message]})
        return until
    if not 1 <= minutes <= LONGEST_HOLD_MINUTES:
        message = _("A time is held for 1 to %(most)d minutes.") % {"most": LONGEST_HOLD_MINUTES}
        raise InvalidInput(message, errors={"minutes": [message]})
    return now + dt.timedelta(minutes=minutes)


def _lock_holder(organization: Organization, held_for: uuid.UUID) -> None:
    """Let one request of a holder through at a time; there may be no row yet to lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"appointments.hold:{organization.pk}:{held_for}"]
        )


@transaction.atomic
def release_holds(*, organization: Organization, held_for: uuid.UUID, actor: Actor) -> int:
    """Give back what somebody holds; return how many holds that were. A second call changes nothing.

    What ran out, or is about to, is left to whoever books that time, and to the sweep: they may be clearing it, and
    wait for this transaction, which may go on to a practitioner whom they have.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    return release_rows(holds_of(organization, held_for, until=timezone.now() + ABOUT_TO_RUN_OUT), actor=actor)


@transaction.atomic
def release_hold(*, hold: Appointment, actor: Actor) -> bool:
    """Give one hold back; return whether it was still there."""
    actor.require(Permission.APPOINTMENTS_MANAGE)
    return release_rows([hold.pk], actor=actor) == 1


def expire_holds(*, limit: int = 500) -> int:
    """Release holds whose time is over, in every organization; return how many. Safe on any number of workers.

    Bookings never wait for this sweep: they look at the expiry themselves and clear what is in their way. Nor does it
    wait for them: a hold that somebody is using or clearing is theirs.
    """
    now = timezone.now()
    with all_organizations():
        expired = list(
            Appointment.objects.held()
            .filter(held_until__lte=now)
            .order_by("held_until")
            .values_list("organization_id", "pk")[:limit]
        )
    released = 0
    for organization_id in sorted({organization_id for organization_id, _pk in expired}):
        with organization_scope(organization_id):
            released += release_rows(
                [pk for owner, pk in expired if owner == organization_id], wait=False, actor=SYSTEM
            )
    return released
