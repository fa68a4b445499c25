"""The worker's part of an import: rows are checked a hundred at a time, and imported a few at a time.

A crash loses nothing and repeats nothing: what is left to do are the rows' states, and a row and its patient are one
transaction. Two workers never have the same import. Registering locks the organization's record numbers until the
commit, so a transaction holds only a few rows: whoever registers somebody at the desk waits for no more than these.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.errors import ApplicationError, InvalidInput
from apps.core.imports.steps import stop_without_starter
from apps.organizations.models import Organization
from apps.organizations.selectors import actor_of_starter
from apps.patients.cleaning import clean_fields
from apps.patients.exchange.csv_rows import Cells, read_cells
from apps.patients.exchange.drafts import LISTS, SINGLE, Draft, RowRefused
from apps.patients.exchange.fhir_patients import read_patient
from apps.patients.exchange.sameness import are_same, facts_of_draft, find_same, keys_of
from apps.patients.models import (
    ConsentStatus,
    ImportFormat,
    ImportStatus,
    OnMatch,
    Patient,
    PatientImport,
    PatientImportRow,
    RowState,
    Sex,
)
from apps.patients.services.consents import set_consent
from apps.patients.services.importing import STEPS
from apps.patients.services.parts import rows_of
from apps.patients.services.records import archive_patient, create_patient, update_patient

log = structlog.get_logger(__name__)
CHECKED_AT_ONCE, IMPORTED_AT_ONCE = 100, 5


def work_on(batch_id: uuid.UUID) -> bool:
    """Do the next piece of an import in the open transaction; tell whether there is more. Needs its organization open.

    Does nothing, and answers no, when another worker has it or nobody wants it done any more.
    """
    batch = STEPS.claim(batch_id)
    if batch is None:
        return False
    actor = actor_of_starter(
        organization_id=batch.organization_id, user_id=batch.started_by_id, key_id=batch.started_by_key_id
    )
    if actor is None:
        stop_without_starter(batch)
        return False
    return check_some(batch) if batch.status == ImportStatus.CHECKING else import_some(batch, actor)


def check_some(batch: PatientImport) -> bool:
    """Give the next rows their verdicts; tell whether there is more. Registers nobody."""
    rows = list(batch.rows.filter(state=RowState.WAITING).order_by("line")[:CHECKED_AT_ONCE])
    if not rows:
        batch.status = ImportStatus.CHECKED
        batch.save(update_fields=["status", "updated_at"])
        return False
    for row in rows:
        _check(batch, row)
        row.save()
    return True


def _check(batch: PatientImport, row: PatientImportRow) -> None:
    """Set the row's verdict, against the records as they are now and against the rows before it; does not save."""
    try:
        draft = _read(batch, row)
        _clean(draft, batch.organization)
        same = find_same(draft, organization=batch.organization)
        earlier = _earlier_row(batch, row, draft) if same is None else None
    except RowRefused as refused:
        _say_refused(row, refused)
        return
    row.state, row.patient = RowState.READY, same
    row.keys = keys_of(facts_of_draft(draft, organization=batch.organization))
    if same is not None and batch.on_match == OnMatch.LEAVE:
        _say_known(row, same)
    elif same is not None and batch.on_match == OnMatch.FILL:
        row.code = "fills"
    elif earlier is not None and batch.on_match == OnMatch.LEAVE:
        row.state, row.code, row.keys = RowState.KNOWN, "repeated", []
        row.message = _("Line %(line)d is the same person.") % {"line": earlier.line}


def _read(batch: PatientImport, row: PatientImportRow) -> Draft:
    if batch.format == ImportFormat.FHIR:
        return read_patient(row.cells, organization=batch.organization)
    cells = Cells(batch.header, batch.mapping, row.cells)
    return read_cells(cells, organization=batch.organization, system=batch.system)


def _clean(draft: Draft, organization: Organization) -> None:
    """Raise RowRefused for what the record would not take, with the file's column."""
    try:
        clean_fields(draft.fields(language=organization.languages[0]), organization=organization)
    except InvalidInput as error:
        raise _refused_for(draft, error) from error


def _refused_for(draft: Draft, error: ApplicationError) -> RowRefused:
    errors: Mapping[str, Any] = error.errors if isinstance(error, InvalidInput) else {}
    field, sentences = next(iter(errors.items()), ("", [error.message]))
    return RowRefused(draft.column(field), error.code, " ".join(sentences))


def _earlier_row(batch: PatientImport, row: PatientImportRow, draft: Draft) -> PatientImportRow | None:
    """Return the row before this one that is the same person; one query."""
    facts = facts_of_draft(draft, organization=batch.organization)
    keys = keys_of(facts)
    if not keys:
        return None
    candidates = batch.rows.filter(keys__overlap=keys, state=RowState.READY, line__lt=row.line).order_by("line")[:10]
    for other in candidates:
        if are_same(facts, facts_of_draft(_read(batch, other), organization=batch.organization)):
            found: PatientImportRow = other
            return found
    return None


def import_some(batch: PatientImport, actor: Actor) -> bool:
    """Import the next few rows; tell whether there is more."""
    rows = list(batch.rows.filter(state=RowState.READY).order_by("line")[:IMPORTED_AT_ONCE])
    if not rows:
        imported = STEPS.finish(batch, actor=actor)
        log.info("patients.imported", batch=str(batch.pk), imported=imported)
        return False
    for row in rows:
        _import(batch, row, actor)
        row.save()
    return True


def _import(batch: PatientImport, row: PatientImportRow, actor: Actor) -> None:
    """Register the row's person, or do what was chosen for one who is here; does not save the row."""
    draft = Draft()
    try:
        draft = _read(batch, row)
        same = find_same(draft, organization=batch.organization)
        if same is not None and batch.on_match == OnMatch.LEAVE:
            _say_known(row, same)
            return
        with transaction.atomic():
            if same is not None and batch.on_match == OnMatch.FILL:
                row.patient = fill_in(same, draft, actor)
            else:
                row.patient = _register(batch, draft, actor)
    except RowRefused as refused:
        _say_refused(row, refused)
        return
    except ApplicationError as error:
        _say_refused(row, _refused_for(draft, error))
        return
    row.state, row.cells, row.keys = RowState.DONE, [], []


def _register(batch: PatientImport, draft: Draft, actor: Actor) -> Patient:
    patient = create_patient(
        organization=batch.organization,
        imported_from=batch.file_name,
        actor=actor,
        **draft.fields(language=batch.organization.languages[0]),
    )
    for purpose, given in draft.consents.items():
        set_consent(
            patient=patient,
            purpose=purpose,
            status=ConsentStatus.ACTIVE if given else ConsentStatus.WITHDRAWN,
            **draft.circumstances(purpose, file_name=batch.file_name),
            actor=actor,
        )
    return archive_patient(patient=patient, actor=actor) if draft.is_archived else patient


def fill_in(patient: Patient, draft: Draft, actor: Actor) -> Patient:
    """Write what the record lacks and the draft says; what is there stays, consents too."""
    changes: dict[str, Any] = {}
    for name in SINGLE:
        said = getattr(draft, name)
        present = patient.born if name == "birth_date" else getattr(patient, name)
        if said and (not present or (name == "sex" and present == Sex.UNKNOWN and said != Sex.UNKNOWN)):
            changes[name] = said
    for name in LISTS:
        said_rows = list(getattr(draft, name))
        present_rows: list[Any] = list(getattr(patient, name)) if name in {"alerts", "tags"} else rows_of(patient, name)
        # An address or a person is written differently each time: only where there is none at all.
        if said_rows and not (present_rows and name in {"addresses", "related_persons"}):
            changes[name] = [*present_rows, *said_rows]
    return update_patient(patient=patient, changes=changes, actor=actor) if changes else patient


def _say_known(row: PatientImportRow, patient: Patient) -> None:
    row.state, row.patient, row.keys = RowState.KNOWN, patient, []
    row.column, row.code = "", "known"
    row.message = _("Already here: %(name)s (%(number)s).") % {
        "name": patient.full_name,
        "number": patient.record_number,
    }


def _say_refused(row: PatientImportRow, refused: RowRefused) -> None:
    row.state, row.patient, row.keys = RowState.REFUSED, None, []
    row.column, row.code, row.message = refused.column, refused.code, refused.message
