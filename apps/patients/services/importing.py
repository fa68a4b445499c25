"""Importing files of patients: upload, check every row, import those that can be had. Steps that people take."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models, transaction

from apps.core.actors import Actor
from apps.core.csv_files import MEGABYTE, read_csv
from apps.core.imports.steps import ImportSteps
from apps.events.services import emit
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.patients.exchange.columns import FIELDS, guess_mapping, what_is_missing
from apps.patients.exchange.fhir_files import is_json, read_fhir
from apps.patients.models import ImportFormat, OnMatch, PatientImport, PatientImportRow
from apps.patients.text import choice, one_line

TASK = "patients.work_on_imports"
MOST_BYTES = 20 * MEGABYTE
STEPS = ImportSteps(
    batches=PatientImport,
    rows=PatientImportRow,
    event="patient_import",
    task=TASK,
    file_name="patients.csv",
    permissions=(Permission.PATIENTS_MANAGE, Permission.PRACTITIONERS_MANAGE),
    no_verdict={"keys": [], "patient": None},
    fields=FIELDS,
    missing=lambda batch: what_is_missing(batch.mapping) if batch.format == ImportFormat.CSV else [],
    emit=emit,
)
choose_columns_again, run_import, stop_import = STEPS.choose_columns_again, STEPS.run, STEPS.stop
discard_import, forget_old_imports = STEPS.discard, STEPS.forget_old


def upload_patients(
    *,
    organization: Organization,
    file_name: str,
    content: bytes,
    system: str = "",
    on_match: str = OnMatch.LEAVE,
    actor: Actor,
    most_bytes: int = MOST_BYTES,
) -> PatientImport:
    """Keep the rows of a file until they are checked: CSV by its columns, JSON as FHIR R4.

    How they are imported (see `check_import`) may be said by then. Raises InvalidInput for unreadable files.
    """
    STEPS.require(actor)
    batch = PatientImport(organization=organization, file_name=file_name)
    _set_options(batch, system, on_match)
    if is_json(content):
        bundle = read_fhir(content, most_bytes=most_bytes)
        batch.format, batch.skipped = ImportFormat.FHIR, bundle.skipped
        return STEPS.keep(batch, bundle.patients, actor=actor)
    file = read_csv(content, most_bytes=most_bytes)
    batch.header, batch.mapping = file.header, guess_mapping(file.header)
    return STEPS.keep(batch, file.rows, actor=actor)


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
    locked = STEPS.open_for_check(batch, actor=actor)
    _set_options(locked, system, on_match)
    if locked.format == ImportFormat.CSV:
        STEPS.set_columns(locked, locked.mapping if mapping is None else mapping)
    return STEPS.begin_check(locked, actor=actor)


def _set_options(batch: PatientImport, system: str, on_match: str) -> None:
    batch.on_match = choice("on_match", on_match, OnMatch.values)
    batch.system = one_line("system", system, 200) or batch.system


def unfinished_imports() -> models.QuerySet[PatientImport]:
    """Return the imports that wait for the worker, oldest first; needs all organizations open.

    What nobody started is a command's, which does the work itself.
    """
    return STEPS.unfinished().exclude(started_by__isnull=True, started_by_key__isnull=True)
