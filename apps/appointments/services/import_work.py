"""The worker's part of an import: rows are checked a hundred at a time, and imported one by one, each on its own.

A crash loses nothing and repeats nothing: what is left to do are the rows' states, a row and its visit are one
transaction, and a visit's `external_id` is unique. Two workers never have the same import.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.appointments.conflicts import Wanted, examine
from apps.appointments.errors import SlotUnavailable
from apps.appointments.exchange.rows import Directory, Row, Visit, read_visit
from apps.appointments.models import (
    LONGEST,
    Appointment,
    AppointmentImport,
    ImportRow,
    ImportStatus,
    RowState,
    Source,
    Status,
)
from apps.appointments.services.booking import book_appointment
from apps.appointments.services.importing import STEPS
from apps.appointments.services.past_visits import keep_past_visit
from apps.appointments.services.placing import TAKEN
from apps.core.actors import Actor
from apps.core.constraints import violated_constraint
from apps.core.errors import ApplicationError
from apps.core.imports.refusals import RowRefused
from apps.core.imports.steps import stop_without_starter
from apps.organizations.selectors import actor_of_starter

log = structlog.get_logger(__name__)
CHUNK = 100
ONCE = "appointment_is_imported_once"


def work_on(batch_id: uuid.UUID) -> bool:
    """Do the next piece of an import in the open transaction; tell whether there is more. Needs its organization open.

    Does nothing, and answers no, when another worker has it or nobody wants it done any more.
    """
    batch = STEPS.claim(batch_id, "location")
    if batch is None:
        return False
    actor = actor_of_starter(
        organization_id=batch.organization_id, user_id=batch.started_by_id, key_id=batch.started_by_key_id
    )
    if actor is None:
        stop_without_starter(batch)
        return False
    return _check_some(batch) if batch.status == ImportStatus.CHECKING else _import_next(batch, actor)


def _check_some(batch: AppointmentImport) -> bool:
    rows = list(batch.rows.filter(state=RowState.WAITING).order_by("line")[:CHUNK])
    if not rows:
        batch.status = ImportStatus.CHECKED
        batch.save(update_fields=["status", "updated_at"])
        return False
    directory = Directory.of(batch.organization)
    for row in rows:
        _check(batch, row, directory)
        row.save()
    return True


def _check(batch: AppointmentImport, row: ImportRow, directory: Directory) -> None:
    """Set the row's verdict, against the book as it is now and against the rows before it; does not save."""
    try:
        visit = _read(batch, row, directory)
        known = _known(batch, visit)
        if known is not None:
            _say_known(row, visit, known)
            return
        wanted = _wanted(batch, visit)
        rooms = _Rooms.of_earlier_rows(batch, row, visit, wanted)
        room_id = _refuse_conflicts(batch, visit, rooms.in_mind(wanted))
        _refuse_earlier_rows(batch, row, visit, wanted)
        rooms.refuse_taken(batch, row, visit)
    except RowRefused as refused:
        _say_refused(row, refused)
        return
    except ApplicationError as error:
        _say_refused(row, RowRefused("", error.code, error.message))
        return
    row.state = RowState.READY
    row.external_id = visit.external_id
    if visit.status in {Status.BOOKED, Status.FULFILLED}:
        row.practitioner, row.patient, row.room_id = visit.practitioner, visit.patient, room_id
        row.start, row.end = visit.start, visit.end
        row.busy_from, row.busy_until = wanted.busy_from, wanted.busy_until


def _read(batch: AppointmentImport, row: ImportRow, directory: Directory) -> Visit:
    return read_visit(Row(batch, row.cells), directory=directory, default_location=batch.location)


def _known(batch: AppointmentImport, visit: Visit) -> Appointment | None:
    same = Q(external_id=visit.external_id)
    if visit.known_as is not None:
        same |= Q(pk=visit.known_as)
    found: Appointment | None = Appointment.objects.filter(same, organization_id=batch.organization_id).first()
    return found


def _wanted(batch: AppointmentImport, visit: Visit) -> Wanted:
    return Wanted(
        organization=batch.organization,
        appointment_type=visit.appointment_type,
        practitioner=visit.practitioner,
        location=visit.location,
        start=visit.start,
        minutes=visit.minutes,
        patient=visit.patient,
        room=visit.room,
        source=Source.IMPORT,
        is_over=visit.is_over,
    )


@dataclass(frozen=True, slots=True)
class _Rooms:
    """The rooms that rows before this one take at its time, each with the first such line; `group` is where its own group meets."""

    lines: dict[uuid.UUID, int]
    group: uuid.UUID | None = None

    @classmethod
    def of_earlier_rows(cls, batch: AppointmentImport, row: ImportRow, visit: Visit, wanted: Wanted) -> _Rooms:
        """Look for them where a room matters; at most two queries."""
        takes_time = visit.status not in {Status.CANCELLED, Status.NO_SHOW}
        needs_any = visit.appointment_type.needs_room and not visit.is_over
        if not takes_time or not (visit.room or needs_any):
            return cls({})
        rows = batch.rows.filter(state=RowState.READY, line__lt=row.line, room__isnull=False).order_by("-line")
        group = None
        if visit.appointment_type.is_group:
            same = {"practitioner": visit.practitioner, "start": visit.start}
            group = rows.filter(**same).values_list("room_id", flat=True).first()
            rows = rows.exclude(**same)
        taken = rows.filter(
            busy_from__lt=wanted.busy_until, busy_from__gt=wanted.busy_from - LONGEST, busy_until__gt=wanted.busy_from
        )
        return cls(dict(taken.values_list("room_id", "line")), group)

    def in_mind(self, wanted: Wanted) -> Wanted:
        """Return what is wanted, with a free room chosen among those that no earlier row takes."""
        return replace(wanted, spoken_for=frozenset(self.lines), preferred_room=self.group)

    def refuse_taken(self, batch: AppointmentImport, row: ImportRow, visit: Visit) -> None:
        """Raise RowRefused when an earlier row takes the named room."""
        line = self.lines.get(visit.room.pk) if visit.room else None
        if line is None or visit.room is None:
            return
        raise Row(batch, row.cells).refuse(
            "room",
            "overlaps_row",
            _("Line %(line)d takes %(room)s at the same time. Choose another room, or leave one of them out.")
            % {"line": line, "room": visit.room.name},
        )


def _refuse_conflicts(batch: AppointmentImport, visit: Visit, wanted: Wanted) -> uuid.UUID | None:
    """Raise RowRefused for what stands against the visit: for one that is over only what is taken, if it took time.

    Return the room that it would have: the named one, or for a visit to come that needs one, a free one.
    """
    if visit.status in {Status.CANCELLED, Status.NO_SHOW}:
        return None
    found = examine(wanted)
    conflicts = found.conflicts
    if visit.is_over:
        conflicts = [one for one in conflicts if one.code in TAKEN]
    elif batch.sets_rules_aside:
        conflicts = [one for one in conflicts if one.hard]
    if conflicts:
        raise _refused_for(SlotUnavailable(conflicts, ()), may_help=not visit.is_over)
    return visit.room.pk if visit.room else None if visit.is_over else found.room_id


def _refused_for(refusal: SlotUnavailable, *, may_help: bool) -> RowRefused:
    sentences = [conflict.message for conflict in refusal.conflicts]
    if may_help and refusal.is_soft:
        sentences.append(_("Correct the row, or tick that the clinic’s rules don’t count."))
    else:
        sentences.append(_("Choose another time, or leave the row out."))
    return RowRefused("", refusal.conflicts[0].code, " ".join(sentences))


def _refuse_earlier_rows(batch: AppointmentImport, row: ImportRow, visit: Visit, wanted: Wanted) -> None:
    """Raise RowRefused when an earlier row of the file is the same visit, or takes the time of the same people."""
    ready = batch.rows.filter(state=RowState.READY, line__lt=row.line)
    same = ready.filter(external_id=visit.external_id).first()
    if same is not None:
        message = _("Line %(line)d is the same visit. Leave one of them out.") % {"line": same.line}
        raise RowRefused("", "repeated", message)
    if visit.status in {Status.CANCELLED, Status.NO_SHOW}:
        return
    overlaps = Q(patient=visit.patient, start__lt=visit.end, start__gt=visit.start - LONGEST, end__gt=visit.start)
    if not visit.appointment_type.is_group:
        overlaps |= Q(
            practitioner=visit.practitioner,
            busy_from__lt=wanted.busy_until,
            busy_from__gt=wanted.busy_from - LONGEST,
            busy_until__gt=wanted.busy_from,
        )
    other = ready.filter(overlaps).order_by("line").first()
    if other is not None:
        message = _("Line %(line)d takes the same time of the same person. Leave one of them out, or correct it.")
        raise RowRefused("", "overlaps_row", message % {"line": other.line})


def _import_next(batch: AppointmentImport, actor: Actor) -> bool:
    row = batch.rows.filter(state=RowState.READY).order_by("line").first()
    if row is None:
        imported = STEPS.finish(batch, actor=actor)
        log.info("appointments.imported", batch=str(batch.pk), imported=imported)
        return False
    _import(batch, row, actor)
    row.save()
    return True


def _import(batch: AppointmentImport, row: ImportRow, actor: Actor) -> None:
    """Book the row's visit, or keep it as one that is over; set what became of it. Does not save the row."""
    try:
        visit = _read(batch, row, Directory.of(batch.organization))
        known = _known(batch, visit)
        if known is None:
            with transaction.atomic():
                row.appointment = _make(batch, visit, actor)
    except RowRefused as refused:
        _say_refused(row, refused)
        return
    except SlotUnavailable as refusal:
        known = _known(batch, visit)
        if known is None:
            _say_refused(row, _refused_for(refusal, may_help=not visit.is_over))
            return
    except ApplicationError as error:
        _say_refused(row, RowRefused("", error.code, error.message))
        return
    except IntegrityError as error:
        if violated_constraint(error) != ONCE:
            raise
        known = _known(batch, visit)
    if known is not None:
        _say_known(row, visit, known)
        return
    row.state, row.cells = RowState.DONE, []


def _make(batch: AppointmentImport, visit: Visit, actor: Actor) -> Appointment:
    shared: dict[str, Any] = {
        "organization": batch.organization,
        "patient": visit.patient,
        "appointment_type": visit.appointment_type,
        "practitioner": visit.practitioner,
        "location": visit.location,
        "room": visit.room,
        "start": visit.start,
        "duration_minutes": visit.minutes,
        "reason": visit.reason,
        "note": visit.note,
        "external_id": visit.external_id,
        "actor": actor,
    }
    if visit.is_over:
        return keep_past_visit(
            status=visit.status, cancelled_at=visit.cancelled_at, cancel_reason=visit.cancel_reason, **shared
        )
    override = _("Imported from %(file)s") % {"file": batch.file_name} if batch.sets_rules_aside else ""
    return book_appointment(source=Source.IMPORT, override_reason=override, tell_patient=batch.tells_patients, **shared)


def _say_known(row: ImportRow, visit: Visit, known: Appointment) -> None:
    row.state, row.appointment, row.code = RowState.KNOWN, known, "known"
    row.column, row.message = "", _("Already here.")
    if (known.start, known.status) != (visit.start, visit.status):
        row.code = "known_otherwise"
        row.message = _("Already here, by now with another time or status. An import never changes a visit.")
    _leave_the_time(row)


def _say_refused(row: ImportRow, refused: RowRefused) -> None:
    row.state = RowState.REFUSED
    row.column, row.code, row.message = refused.column, refused.code, refused.message
    _leave_the_time(row)


def _leave_the_time(row: ImportRow) -> None:
    row.practitioner = row.patient = row.room = None
    row.start = row.end = row.busy_from = row.busy_until = None
