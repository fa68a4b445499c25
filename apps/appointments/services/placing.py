"""What booking, holding and moving share: locks in one order, the examination under them, one kind of refusal.

Lock order, everywhere: practitioners by id, rooms by id, the patient, then appointment rows; of holds all that a
transaction uses or clears at once, by id. A hold that ran out is anybody's to clear whose way it is in: so nobody
asks for a practitioner while having such a row (`holds.release_holds` leaves a margin), and the sweeps wait for no hold.

Bare inserts under an exclusion constraint deadlock when many want one slot (measured: 500 inserts, about 100
deadlocks); behind the practitioner's row they come one after the other, and the constraints are the net under that.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import structlog
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.availability import Slot, near, nearest_slots, search_window
from apps.appointments.availability_query import Scene, scene_of
from apps.appointments.conflicts import BookingConflict, Examination, Wanted, examine, judge
from apps.appointments.conflicts.facts import FACTS_WANTED, Fact, values_of
from apps.appointments.errors import SlotUnavailable, conflict_as_json
from apps.appointments.models import LONGEST, Appointment
from apps.core.actors import Actor, ActorKind
from apps.core.constraints import violated_constraint
from apps.core.errors import NotAllowed, NotFound
from apps.events.services import emit
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission

log = structlog.get_logger(__name__)
CODE_OF_CONSTRAINT = {
    "appointment_practitioner_not_double_booked": "practitioner_taken",
    "appointment_room_not_double_booked": "room_taken",
    "appointment_patient_not_double_booked": "patient_taken",
    "appointment_seat_not_double_booked": "group_full",
}
TAKEN = frozenset({*CODE_OF_CONSTRAINT.values(), "lanes_full", "group_elsewhere"})
# The bot and the patient act for themselves: they may not set the clinic's rules aside, whatever reason they give.
MAY_OVERRIDE = frozenset({ActorKind.USER, ActorKind.API_KEY, ActorKind.SYSTEM})


# What was locked: kind, id, and the record that a patient was merged into by then.
Locked = list[tuple[str, uuid.UUID, uuid.UUID | None]]


class Attempt(NamedTuple):
    """What a booking begins with: what it locked, what bears on it, and where it locked nothing the free times nearby."""

    locked: Locked
    facts: list[Fact]
    nearby: Scene | None = None


class _Refused(Exception):
    """The reasons, and what was read already for the alternatives."""

    def __init__(self, conflicts: list[BookingConflict], nearby: Scene | None = None) -> None:
        super().__init__(len(conflicts))
        self.conflicts = conflicts
        self.nearby = nearby


@contextmanager
def answering_with_alternatives(wanted: Wanted) -> Iterator[None]:
    """Run the block in a transaction (a savepoint within one); turn its refusals into SlotUnavailable.

    The locks are gone when the alternatives are looked for: whoever loses a race doesn't hold up the others. A
    violated constraint gets the same answer as a conflict found before.
    """
    nearby = None
    try:
        with transaction.atomic():
            yield
    except _Refused as refused:
        conflicts, nearby = refused.conflicts, refused.nearby
    except IntegrityError as error:
        code = CODE_OF_CONSTRAINT.get(violated_constraint(error))
        if code is None:
            raise
        log.warning("appointments.constraint_refused", code=code)
        conflicts = examine(wanted).hard or [
            BookingConflict(code, _("Somebody else was faster: that time has just been taken."), hard=True)
        ]
    else:
        return
    raise SlotUnavailable(conflicts, alternatives_to(wanted, nearby))


def alternatives_to(wanted: Wanted, nearby: Scene | None = None) -> list[Slot]:
    """Return three free slots near a wanted visit, none of them while the patient is elsewhere.

    `nearby` is what an attempt has read; without it, or where it has too few, the search reads for itself.
    """
    return nearest_slots(
        organization=wanted.organization,
        appointment_type=wanted.appointment_type,
        practitioner=wanted.practitioner,
        location=wanted.location,
        start=wanted.start,
        minutes=wanted.minutes,
        room=wanted.room,
        patient=wanted.patient,
        ignore=wanted.moving,
        in_series=wanted.in_series,
        scene=nearby,
    )


_LOCK = """
    SELECT kind, id, merged_into FROM appointments_lock(
        practitioners => %s::uuid[], rooms => %s::uuid[], places => %s::uuid[], patients => %s::uuid[])
"""
_ATTEMPT = f"""
    SELECT * FROM appointments_attempt(
        {FACTS_WANTED}, needs_room => %(needs_room)s, earliest => %(earliest)s, latest => %(latest)s)
"""  # noqa: S608 - a constant of ours


def lock_for(
    *wanted: Wanted, also_practitioners: Collection[uuid.UUID] = (), also_rooms: Collection[uuid.UUID] = ()
) -> dict[uuid.UUID, uuid.UUID]:
    """Lock the practitioners, rooms and patients of one or several bookings until the transaction ends; one query.

    A type that needs any free room locks all rooms of the location, because which one is free is known afterwards. Of
    several bookings each clears the holds that ran out in its way: all of these are locked here, at once. Returns, for the
    patients whose record was merged by the time that it was locked, the record that each is in now. Raises NotFound when a
    practitioner is gone.
    """
    people = {one.practitioner.pk for one in wanted} | set(also_practitioners)
    locked = _lock(
        practitioners=people,
        rooms={one.room.pk for one in wanted if one.room is not None} | set(also_rooms),
        places={one.location.pk for one in wanted if one.wants_any_room},
        patients={one.patient.pk for one in wanted if one.patient is not None},
    )
    if sum(kind == "practitioner" for kind, _id, _merged in locked) < len(people):
        raise NotFound(_("There is no such practitioner in your clinic."))
    if len(wanted) > 1:
        lock_holds(expired_in_the_way(wanted))
    return {id_: merged for kind, id_, merged in locked if merged is not None}


def expired_in_the_way(wanted: Sequence[Wanted]) -> list[uuid.UUID]:
    """Return the holds that ran out and one of the bookings may clear, as far from them as the longest visit reaches."""
    owners = (
        Q(practitioner__in={one.practitioner.pk for one in wanted})
        | Q(patient__in={one.patient.pk for one in wanted if one.patient is not None})
        | Q(room__in={one.room.pk for one in wanted if one.room is not None})
        | Q(location__in={one.location.pk for one in wanted if one.wants_any_room}, room__isnull=False)
    )
    holds = (
        Appointment.objects.for_organization(wanted[0].organization)
        .held()
        .filter(
            owners,
            held_until__lte=timezone.now(),
            start__gt=min(one.busy_from for one in wanted) - LONGEST,
            start__lt=max(one.busy_until for one in wanted) + LONGEST,
        )
    )
    return list(holds.values_list("pk", flat=True))


def lock_and_examine(wanted: Wanted) -> tuple[dict[uuid.UUID, uuid.UUID], Examination]:
    """Lock like `lock_for`, examine under the locks, in one round trip; raises a refusal where the time is taken.

    Who comes too late waits for nobody: a time that others see as taken is refused without any lock, and what the
    alternatives need is read at once. Many that want one time would stand in line for its practitioner only to be told
    so one after the other. (A group may have a seat left, and overbooking is meant for a time that is taken.)
    """
    if wanted.overbook or wanted.appointment_type.is_group:
        return lock_for(wanted), examine(wanted)
    now = timezone.now()
    attempt = _attempt(wanted, now)
    found = judge(wanted, attempt.facts, now)
    if any(kind == "practitioner" for kind, _id, _merged in attempt.locked):
        return {id_: merged for _kind, id_, merged in attempt.locked if merged is not None}, found
    if found.hard:
        raise _Refused(found.conflicts, attempt.nearby)
    return lock_for(wanted), examine(wanted)  # the time has become free in between, or the practitioner is gone


def _attempt(wanted: Wanted, now: dt.datetime) -> Attempt:
    """Lock unless the time is taken, and read what bears on the booking, seen under the locks; one round trip.

    Where the time is taken the same trip brings what a search for alternatives looks at first.
    """
    kind = wanted.appointment_type
    window = search_window(kind, *near(wanted.start), now=now, in_series=wanted.in_series)
    earliest, latest = window or (None, None)
    values = values_of(wanted, now) | {"needs_room": kind.needs_room, "earliest": earliest, "latest": latest}
    with connection.cursor() as cursor:
        cursor.execute(_ATTEMPT, values)
        facts = [Fact(*row) for row in cursor.fetchall()]
    return Attempt(
        [(subject, fact.id, uuid.UUID(fact.detail) if fact.detail else None) for subject, fact in _of(facts, "locked")],
        facts,
        _scene_nearby(facts),
    )


def _of(facts: list[Fact], group: str) -> Iterator[tuple[str, Fact]]:
    """Yield what is of a group ("locked patient") with the rest of its kind; a booking's reasons are of none."""
    return ((fact.kind[len(group) + 1 :], fact) for fact in facts if fact.kind.startswith(f"{group} "))


def _scene_nearby(facts: list[Fact]) -> Scene | None:
    rows, visits = [], []
    for what, fact in _of(facts, "nearby"):
        if what == "visit":
            visits.append((fact.start, fact.end))
        else:
            rows.append((what, fact.id, *json.loads(fact.detail)))
    return scene_of(rows, elsewhere=visits) if rows else None


def holds_of(organization: Organization, held_for: uuid.UUID, *, until: dt.datetime | None = None) -> list[uuid.UUID]:
    """Return somebody's holds; those that last longer than `until` (UTC), or all."""
    holds = Appointment.objects.for_organization(organization).held().filter(held_for=held_for)
    if until is not None:
        holds = holds.filter(held_until__gt=until)
    return list(holds.values_list("pk", flat=True))


def examine_without(wanted: Wanted, own: Collection[uuid.UUID]) -> tuple[Examination, list[uuid.UUID]]:
    """Examine as if the holder's own holds were gone already; lock them and whatever is in the way, all at once.

    Returns with it those that are theirs still: one may have been swept, or have become a visit meanwhile.
    """
    found = examine(replace(wanted, beside=wanted.beside | frozenset(own)))
    locked = {hold.pk for hold in lock_holds([*own, *found.expired_holds])}
    still = [pk for pk in own if pk in locked]
    if len(still) < len(own):
        found = examine(replace(wanted, beside=wanted.beside | frozenset(still)))
    return found, still


def lock_rooms(ids: Collection[uuid.UUID]) -> None:
    """Lock rooms until the transaction ends, before any appointment's row."""
    _lock(rooms=ids)


def _lock(
    *,
    practitioners: Collection[uuid.UUID] = (),
    rooms: Collection[uuid.UUID] = (),
    places: Collection[uuid.UUID] = (),
    patients: Collection[uuid.UUID] = (),
) -> Locked:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [list(practitioners), list(rooms), list(places), list(patients)])
        return list(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Decision:
    """What was found under the locks: where the visit goes, and the reason kept when soft rules were set aside.

    Who joins a group that stands beside others has that group's reason: nobody is in a lane without one.
    """

    room_id: uuid.UUID | None
    lane: int
    session: uuid.UUID | None
    seat: int
    override_reason: str


def decide_on(found: Examination, *, override_reason: str, actor: Actor) -> Decision:
    """Clear expired holds out of the booking's way, and allow or refuse it.

    Raises NotAllowed when only a permission is missing, else refuses with every conflict.
    """
    if found.conflicts:
        _refuse_unless_overridden(found, override_reason, actor)
    if found.expired_holds:
        release_rows(found.expired_holds, actor=actor)
    return _decision(found, override_reason)


def _decision(found: Examination, override_reason: str) -> Decision:
    return Decision(
        room_id=found.room_id,
        lane=found.lane,
        session=found.session,
        seat=found.seat,
        override_reason=override_reason.strip()[:300]
        if found.conflicts and override_reason.strip()
        else found.lane_reason,
    )


def _refuse_unless_overridden(found: Examination, override_reason: str, actor: Actor) -> None:
    if found.hard or not override_reason.strip():
        raise _Refused(found.conflicts)
    if actor.kind not in MAY_OVERRIDE or not actor.may(Permission.APPOINTMENTS_OVERRIDE):
        raise NotAllowed(
            _("%(reason)s Only a manager may book it all the same.") % {"reason": found.conflicts[0].message},
            extra={
                "permission": str(Permission.APPOINTMENTS_OVERRIDE),
                "conflicts": [conflict_as_json(conflict) for conflict in found.conflicts],
            },
        )


def refuse_hard_conflicts(wanted: Wanted, *, actor: Actor) -> Decision:
    """Examine under the locks and refuse only what the database would: for undoing, where rules were checked before."""
    found = examine(wanted)
    if found.hard:
        raise _Refused(found.hard)
    if found.expired_holds:
        release_rows(found.expired_holds, actor=actor)
    return _decision(found, "")


def refuse_taken_time(wanted: Wanted, *, actor: Actor) -> Examination:
    """Examine under the locks and refuse only what is taken: for a visit that is over, no rule counts any more."""
    found = examine(wanted)
    taken = [conflict for conflict in found.hard if conflict.code in TAKEN]
    if taken:
        raise _Refused(taken)
    if found.expired_holds:
        release_rows(found.expired_holds, actor=actor)
    return found


def place(appointment: Appointment, wanted: Wanted, decision: Decision) -> None:
    """Set where and when on the row, buffers, lane and seat included; does not save."""
    appointment.practitioner = wanted.practitioner
    appointment.location = wanted.location
    appointment.room_id = decision.room_id
    appointment.start = wanted.start
    appointment.end = wanted.end
    appointment.busy_period = DateTimeTZRange(wanted.busy_from, wanted.busy_until)
    sit(appointment, decision)


def sit(appointment: Appointment, decision: Decision) -> None:
    """Set the lane, and for a group the session and seat; does not save."""
    appointment.lane, appointment.session, appointment.seat = decision.lane, decision.session, decision.seat


def lock_holds(ids: Collection[uuid.UUID], *, wait: bool = True) -> list[Appointment]:
    """Lock holds in the order of their ids and return those that still are; without `wait`, those that nobody has.

    Whoever uses one hold and clears others asks for all of them at once: one after the other, two would wait in a ring.
    """
    rows = Appointment.objects.held().filter(pk__in=ids).order_by("pk")
    return list(rows.select_for_update(no_key=True, skip_locked=not wait))


def release_rows(ids: Collection[uuid.UUID], *, wait: bool = True, actor: Actor) -> int:
    """Delete holds and say so for each; rows that are no holds (any more) are left alone. Locks like `lock_holds`."""
    holds = lock_holds(ids, wait=wait)
    for hold in holds:
        emit_change("released", hold, actor=actor)
    Appointment.objects.filter(pk__in=[hold.pk for hold in holds]).delete()
    return len(holds)


def emit_change(
    what: str, appointment: Appointment, *, actor: Actor, changes: dict[str, list[Any]] | None = None, **more: Any
) -> None:
    """Publish `appointment.<what>` with the facts that every listener needs; ids and times only."""
    emit(
        f"appointment.{what}",
        subject=appointment,
        actor=actor,
        patient_id=appointment.patient_id,
        changes=changes,
        payload={
            "appointment_type_id": str(appointment.appointment_type_id),
            "practitioner_id": str(appointment.practitioner_id),
            "location_id": str(appointment.location_id),
            "start": appointment.start.isoformat(),
            "end": appointment.end.isoformat(),
            "version": appointment.version,
            "source": appointment.source,
            "held_for": str(appointment.held_for) if appointment.held_for else None,
            **more,
        },
    )


def plain(value: Any) -> Any:
    """Return a field's value as an event stores it."""
    if isinstance(value, uuid.UUID):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
