"""Importing files of patients: upload, check every row, import those that can be had. Steps that people take."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.actors import Actor, ActorKind
from apps.core.csv_files import MEGABYTE, read_csv
from apps.core.errors import Conflict
from apps.core.ids import uuid7
from apps.core.tenancy import all_organizations
from apps.core.wake import wake
from apps.events.services import emit
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.patients.exchange.columns import FIELDS, guess_mapping, what_is_missing
from apps.patients.exchange.fhir_files import is_json, read_fhir
from apps.patients.models import (
    AT_WORK,
    ImportFormat,
    ImportStatus,
    OnMatch,
    PatientImport,
    PatientImportRow,
    RowState,
)
from apps.patients.text import choice, invalid, one_line

TASK, QUEUE = "patients.work_on_imports", "slow"
KEEP = dt.timedelta(days=30)
MOST_BYTES = 20 * MEGABYTE


@transaction.atomic
def upload_patients(
    *, organization: Organization, file_name: str, content: bytes, actor: Actor, most_bytes: int = MOST_BYTES
) -> PatientImport:
    """Keep the rows of a file until they are checked: CSV by its columns, JSON as FHIR R4. Raises InvalidInput for unreadable files."""
    _require(actor)
    batch = PatientImport(
        organization=organization,
        file_name=" ".join(file_name.replace("\x00", "").split())[:120] or "patients.csv",
        started_by_id=_person(actor),
    )
    rows: list[tuple[int, Any]]
    if is_json(content):
        bundle = read_fhir(content, most_bytes=most_bytes)
        batch.format, batch.skipped, rows = ImportFormat.FHIR, bundle.skipped, bundle.patients
    else:
        file = read_csv(content, most_bytes=most_bytes)
        batch.header, batch.mapping, rows = file.header, guess_mapping(file.header), list(file.rows)
    batch.save(force_insert=True)
    PatientImportRow.objects.bulk_create(
        (
            PatientImportRow(pk=uuid7(), organization=organization, batch=batch, line=line, cells=cells)
            for line, cells in rows
        ),
        batch_size=2000,
    )
    emit("patient_import.uploaded", subject=batch, actor=actor, payload={"rows": len(rows)})
    return batch


@transaction.atomic
def check_import(
    *,
    batch: PatientImport,
    mapping: Mapping[str, int] | None = None,
    system: str = "",
    on_match: str = OnMatch.LEAVE,
    actor: Actor,
) -> PatientImport:
    """Say which column is what, and let every row be checked in the background; registers nobody.

    What was checked before is checked anew. `system` names the kind of the file's own ids, `on_match` what happens to
    people who are here already. Raises InvalidInput for columns that leave something open, Conflict while the file is
    imported or afterwards.
    """
    _require(actor)
    locked = _locked(batch)
    _require_status(locked, ImportStatus.UPLOADED, ImportStatus.CHECKED, ImportStatus.CHECKING)
    locked.on_match = choice("on_match", on_match, OnMatch.values)
    locked.system = one_line("system", system, 200) or locked.system
    if locked.format == ImportFormat.CSV:
        locked.mapping = dict(_checked_mapping(locked, locked.mapping if mapping is None else mapping))
    locked.status, locked.started_by_id, locked.problem = ImportStatus.CHECKING, _person(actor), ""
    locked.save()
    _forget_verdicts(locked)
    wake(TASK, queue=QUEUE)
    return locked


def _checked_mapping(batch: PatientImport, mapping: Mapping[str, int]) -> Mapping[str, int]:
    unknown = [name for name, place in mapping.items() if name not in FIELDS or not 0 <= place < len(batch.header)]
    if unknown:
        raise invalid({"mapping": [_("There is no such column or field: %(names)s.") % {"names": ", ".join(unknown)}]})
    missing = what_is_missing(mapping)
    if missing:
        raise invalid({"mapping": [_("Still to choose: %(list)s.") % {"list": "; ".join(missing)}]})
    return mapping


@transaction.atomic
def choose_columns_again(*, batch: PatientImport, actor: Actor) -> PatientImport:
    """Go back from the checked rows to the columns."""
    _require(actor)
    locked = _locked(batch)
    _require_status(locked, ImportStatus.CHECKED, ImportStatus.CHECKING, ImportStatus.UPLOADED)
    locked.status = ImportStatus.UPLOADED
    locked.save(update_fields=["status", "updated_at"])
    _forget_verdicts(locked)
    return locked


@transaction.atomic
def run_import(*, batch: PatientImport, actor: Actor) -> PatientImport:
    """Import the rows that can be had, in the background; repeating is fine. Also takes up one that was stopped."""
    _require(actor)
    locked = _locked(batch)
    if locked.status == ImportStatus.IMPORTING:
        return locked
    _require_status(locked, ImportStatus.CHECKED, ImportStatus.STOPPED)
    locked.status, locked.started_by_id, locked.problem = ImportStatus.IMPORTING, _person(actor), ""
    locked.save(update_fields=["status", "started_by", "problem", "updated_at"])
    emit("patient_import.started", subject=locked, actor=actor)
    wake(TASK, queue=QUEUE)
    return locked


@transaction.atomic
def stop_import(*, batch: PatientImport, actor: Actor) -> PatientImport:
    """Stop after the rows that are being imported; what was imported stays."""
    _require(actor)
    locked = _locked(batch)
    if locked.status == ImportStatus.IMPORTING:
        locked.status, locked.finished_at = ImportStatus.STOPPED, timezone.now()
        locked.save(update_fields=["status", "finished_at", "updated_at"])
        emit("patient_import.stopped", subject=locked, actor=actor)
    return locked


@transaction.atomic
def discard_import(*, batch: PatientImport, actor: Actor) -> None:
    """Forget the file and what is known about its rows; patients whom it brought stay. Not while it is at work."""
    _require(actor)
    locked = _locked(batch)
    if locked.status == ImportStatus.IMPORTING:
        raise Conflict(_("It is being imported. Stop it first."), code="import_at_work")
    emit("patient_import.discarded", subject=locked, actor=actor)
    locked.delete()


def _require(actor: Actor) -> None:
    actor.require(Permission.PATIENTS_MANAGE)
    actor.require(Permission.PRACTITIONERS_MANAGE)


def _person(actor: Actor) -> Any:
    return actor.id if actor.kind == ActorKind.USER else None


def _locked(batch: PatientImport) -> PatientImport:
    locked: PatientImport = PatientImport.objects.select_for_update(no_key=True).get(pk=batch.pk)
    return locked


def _require_status(batch: PatientImport, *allowed: str) -> None:
    if batch.status not in allowed:
        raise Conflict(
            _("That is not possible any more: this file is “%(status)s”. Look at it again.")
            % {"status": batch.get_status_display()},
            code="import_moved_on",
        )


def _forget_verdicts(batch: PatientImport) -> None:
    batch.rows.exclude(state=RowState.DONE).update(
        state=RowState.WAITING, column="", code="", message="", keys=[], patient=None
    )


def forget_old_imports() -> int:
    """Delete what was uploaded a month ago, of every organization, with the rows' texts; return how many files.

    Patients who were imported stay, and so do their numbers: the file may come again.
    """
    with all_organizations():
        old = PatientImport.objects.filter(created_at__lt=timezone.now() - KEEP).exclude(status__in=AT_WORK)
        _rows, by_model = old.delete()
    return by_model.get(PatientImport._meta.label, 0)


def unfinished_imports() -> Any:
    """Return the imports that wait for the worker, oldest first; needs all organizations open.

    What nobody started is a command's, which does the work itself.
    """
    return PatientImport.objects.filter(status__in=AT_WORK, started_by__isnull=False).order_by("created_at")
