"""Importing files of appointments: upload, check every row, import those that can be had. Steps that people take."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.exchange.reading import FIELDS, guess_mapping, what_is_missing
from apps.appointments.models import AT_WORK, AppointmentImport, ImportRow, ImportStatus, RowState
from apps.core.actors import Actor, ActorKind
from apps.core.csv_files import read_csv
from apps.core.errors import Conflict, InvalidInput
from apps.core.ids import uuid7
from apps.core.tenancy import all_organizations
from apps.core.wake import wake
from apps.events.services import emit
from apps.organizations.models import Location, Organization
from apps.organizations.permissions import Permission

TASK, QUEUE = "appointments.work_on_imports", "slow"
KEEP = dt.timedelta(days=30)


@transaction.atomic
def upload_appointments(
    *,
    organization: Organization,
    file_name: str,
    content: bytes,
    location: Location | None = None,
    tells_patients: bool = False,
    sets_rules_aside: bool = False,
    actor: Actor,
) -> AppointmentImport:
    """Keep the rows of a CSV file until somebody says which column is what; how they are imported may be said by then.

    Raises InvalidInput for unreadable files, NotAllowed for setting rules aside without the permission.
    """
    _require(actor)
    if sets_rules_aside:
        actor.require(Permission.APPOINTMENTS_OVERRIDE)
    file = read_csv(content)
    batch = AppointmentImport.objects.create(
        organization=organization,
        file_name=" ".join(file_name.replace("\x00", "").split())[:120] or "appointments.csv",
        header=file.header,
        mapping=guess_mapping(file.header),
        location=location,
        tells_patients=tells_patients,
        sets_rules_aside=sets_rules_aside,
        **_starter(actor),
    )
    rows = [
        ImportRow(pk=uuid7(), organization=organization, batch=batch, line=line, cells=cells)
        for line, cells in file.rows
    ]
    ImportRow.objects.bulk_create(rows, batch_size=2000)
    emit("appointment_import.uploaded", subject=batch, actor=actor, payload={"rows": len(rows)})
    return batch


@transaction.atomic
def check_import(
    *,
    batch: AppointmentImport,
    mapping: Mapping[str, int],
    location: Location | None = None,
    tells_patients: bool = False,
    sets_rules_aside: bool = False,
    actor: Actor,
) -> AppointmentImport:
    """Say which column is what, and let every row be checked in the background; books nothing.

    What was checked before is checked anew. Raises InvalidInput for columns that leave something open, NotAllowed for
    setting rules aside without the permission, Conflict while it is imported or afterwards.
    """
    _require(actor)
    if sets_rules_aside:
        actor.require(Permission.APPOINTMENTS_OVERRIDE)
    locked = _locked(batch)
    _require_status(locked, ImportStatus.UPLOADED, ImportStatus.CHECKED, ImportStatus.CHECKING)
    errors = _wrong_mapping(locked, mapping, location)
    if errors:
        raise InvalidInput(next(iter(errors.values()))[0], errors=errors)
    locked.mapping, locked.location = dict(mapping), location
    locked.tells_patients, locked.sets_rules_aside = tells_patients, sets_rules_aside
    locked.status, locked.problem = ImportStatus.CHECKING, ""
    _started_by(locked, actor)
    locked.save()
    _forget_verdicts(locked)
    wake(TASK, queue=QUEUE)
    return locked


def _wrong_mapping(
    batch: AppointmentImport, mapping: Mapping[str, int], location: Location | None
) -> dict[str, list[str]]:
    unknown = [name for name, position in mapping.items() if name not in FIELDS or position >= len(batch.header)]
    if unknown:
        return {"mapping": [_("There is no such column or field: %(names)s.") % {"names": ", ".join(unknown)}]}
    missing = what_is_missing(mapping, needs_location=location is None)
    if missing:
        return {"mapping": [_("Still to choose: %(list)s.") % {"list": "; ".join(missing)}]}
    return {}


@transaction.atomic
def choose_columns_again(*, batch: AppointmentImport, actor: Actor) -> AppointmentImport:
    """Go back from the checked rows to the columns."""
    _require(actor)
    locked = _locked(batch)
    _require_status(locked, ImportStatus.CHECKED, ImportStatus.CHECKING, ImportStatus.UPLOADED)
    locked.status = ImportStatus.UPLOADED
    locked.save(update_fields=["status", "updated_at"])
    _forget_verdicts(locked)
    return locked


@transaction.atomic
def run_import(*, batch: AppointmentImport, actor: Actor) -> AppointmentImport:
    """Import the rows that can be had, in the background; repeating is fine. Also takes up one that was stopped."""
    _require(actor)
    locked = _locked(batch)
    if locked.status == ImportStatus.IMPORTING:
        return locked
    _require_status(locked, ImportStatus.CHECKED, ImportStatus.STOPPED)
    locked.status, locked.problem = ImportStatus.IMPORTING, ""
    _started_by(locked, actor)
    locked.save(update_fields=["status", "started_by", "started_by_key", "problem", "updated_at"])
    emit("appointment_import.started", subject=locked, actor=actor)
    wake(TASK, queue=QUEUE)
    return locked


@transaction.atomic
def stop_import(*, batch: AppointmentImport, actor: Actor) -> AppointmentImport:
    """Stop after the row that is being imported; what was imported stays."""
    _require(actor)
    locked = _locked(batch)
    if locked.status == ImportStatus.IMPORTING:
        locked.status, locked.finished_at = ImportStatus.STOPPED, timezone.now()
        locked.save(update_fields=["status", "finished_at", "updated_at"])
        emit("appointment_import.stopped", subject=locked, actor=actor)
    return locked


@transaction.atomic
def discard_import(*, batch: AppointmentImport, actor: Actor) -> None:
    """Forget the file and what is known about its rows; appointments that it brought stay. Not while it is at work."""
    _require(actor)
    locked = _locked(batch)
    if locked.status == ImportStatus.IMPORTING:
        raise Conflict(_("It is being imported. Stop it first."), code="import_at_work")
    emit("appointment_import.discarded", subject=locked, actor=actor)
    locked.delete()


def _require(actor: Actor) -> None:
    actor.require(Permission.APPOINTMENTS_MANAGE)
    actor.require(Permission.PRACTITIONERS_MANAGE)


def _starter(actor: Actor) -> dict[str, Any]:
    """Return who the worker acts for: what that one may do is looked up again for every piece of the work."""
    return {
        "started_by_id": actor.id if actor.kind == ActorKind.USER else None,
        "started_by_key_id": actor.id if actor.kind == ActorKind.API_KEY else None,
    }


def _started_by(batch: AppointmentImport, actor: Actor) -> None:
    for name, value in _starter(actor).items():
        setattr(batch, name, value)


def _locked(batch: AppointmentImport) -> AppointmentImport:
    locked: AppointmentImport = AppointmentImport.objects.select_for_update(no_key=True).get(pk=batch.pk)
    return locked


def _require_status(batch: AppointmentImport, *allowed: str) -> None:
    if batch.status not in allowed:
        raise Conflict(
            _("That is not possible any more: this file is “%(status)s”. Look at it again.")
            % {"status": batch.get_status_display()},
            code="import_moved_on",
        )


def _forget_verdicts(batch: AppointmentImport) -> None:
    batch.rows.exclude(state=RowState.DONE).update(
        state=RowState.WAITING,
        column="",
        code="",
        message="",
        practitioner=None,
        patient=None,
        room=None,
        start=None,
        end=None,
        busy_from=None,
        busy_until=None,
        external_id="",
    )


def forget_old_imports() -> int:
    """Delete what was uploaded a month ago, of every organization, with the rows' texts; return how many files.

    Visits that were imported stay, and so do their `external_id`s: the file may come again.
    """
    with all_organizations():
        old = AppointmentImport.objects.filter(created_at__lt=timezone.now() - KEEP).exclude(status__in=AT_WORK)
        _rows, by_model = old.delete()
    return by_model.get(AppointmentImport._meta.label, 0)


def unfinished_imports() -> Any:
    """Return the imports that wait for the worker, oldest first; needs all organizations open."""
    return AppointmentImport.objects.filter(status__in=AT_WORK).order_by("created_at")
