"""The worker's part of an import: rows are checked two hundred at a time, and imported fifty at a time.

A crash loses nothing and repeats nothing: what is left to do are the rows' states, and a row and its patient are one
transaction. Two workers never have the same import. Registering locks the organization's record numbers until the
commit: people are registered together, table by table, with the numbers late, so that nobody at the desk waits for long.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import structlog
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.constraints import violated_constraint
from apps.core.errors import ApplicationError, InvalidInput
from apps.core.imports.refusals import RowRefused
from apps.core.imports.steps import stop_without_starter
from apps.organizations.selectors import actor_of_starter
from apps.patients.exchange.csv_rows import Cells, try_cells
from apps.patients.exchange.drafts import LISTS, SINGLE, Draft
from apps.patients.exchange.fhir_patients import read_patient
from apps.patients.exchange.sameness import Facts, are_same, facts_of_draft, find_same, keys_of
from apps.patients.imports.strangers import Acquaintances
from apps.patients.models import (
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
from apps.patients.services.registering import Newcomer, newcomer_of, register_newcomers

log = structlog.get_logger(__name__)
CHECKED_AT_ONCE, IMPORTED_AT_ONCE, SINGLY_AT_ONCE = 200, 50, 20
MOST_SHARING = 2000


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
    people = list(_read_rows(batch, rows))
    known = Acquaintances([one.facts for one in people], organization=batch.organization)
    earlier = _Earlier(batch, people)
    for person in people:
        _check(batch, person, known, earlier)
    _save(rows)
    return True


@dataclass(frozen=True, slots=True)
class _Person:
    """What a row says."""

    row: PatientImportRow
    draft: Draft
    facts: Facts
    newcomer: Newcomer


def _read_rows(batch: PatientImport, rows: Iterable[PatientImportRow]) -> Iterator[_Person]:
    """Yield who can be read, and would be taken by the record; refuse the other rows."""
    for row in rows:
        try:
            draft, newcomer = _read_newcomer(batch, row)
        except RowRefused as refused:
            _say_refused(row, refused)
        else:
            yield _Person(row, draft, facts_of_draft(draft, organization=batch.organization), newcomer)


def _check(batch: PatientImport, person: _Person, known: Acquaintances, earlier: _Earlier) -> None:
    """Set the row's verdict, against the records as they are now and against the rows before it; does not save."""
    row = person.row
    try:
        same = find_same(person.draft, organization=batch.organization) if known.may_know(person.facts) else None
    except RowRefused as refused:
        _say_refused(row, refused)
        return
    row.state, row.patient, row.keys = RowState.READY, same, keys_of(person.facts)
    before = earlier.same_as(person) if same is None and batch.on_match == OnMatch.LEAVE else None
    if same is not None and batch.on_match == OnMatch.LEAVE:
        _say_known(row, same)
    elif same is not None and batch.on_match == OnMatch.FILL:
        row.code = "fills"
    elif before is not None:
        row.state, row.code, row.keys = RowState.KNOWN, "repeated", []
        row.message = _("Line %(line)d is the same person.") % {"line": before.line}
    else:
        earlier.add(person)


class _Earlier:
    """The rows before, by what the same person would have in common; two queries for a piece of the file."""

    def __init__(self, batch: PatientImport, people: Iterable[_Person]) -> None:
        self.batch = batch
        self.by_key: dict[str, list[PatientImportRow]] = defaultdict(list)
        keys = [key for one in people for key in keys_of(one.facts)]
        if keys and batch.on_match == OnMatch.LEAVE:
            for row in batch.rows.filter(pk__in=_sharing(batch, keys)).order_by("line"):
                self._add(row)

    def add(self, person: _Person) -> None:
        """Note a row that can be imported: later ones are held against it."""
        self._add(person.row)

    def _add(self, row: PatientImportRow) -> None:
        for key in row.keys:
            self.by_key[key].append(row)

    def same_as(self, person: _Person) -> PatientImportRow | None:
        """Return the row before this one that is the same person."""
        sharing = {row.pk: row for key in keys_of(person.facts) for row in self.by_key.get(key, ())}
        for other in sorted(sharing.values(), key=lambda row: row.line)[:10]:
            if are_same(person.facts, facts_of_draft(_read(self.batch, other), organization=self.batch.organization)):
                return other
        return None


def _sharing(batch: PatientImport, keys: list[str]) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM patients_import_rows_sharing_keys(%s, %s::varchar[], %s)", [batch.pk, keys, MOST_SHARING]
        )
        return [pk for (pk,) in cursor.fetchall()]


def _save(rows: Iterable[PatientImportRow]) -> None:
    """Write the verdicts in one statement: Django's own takes longer to compose than all the rest of the work."""
    fresh = [
        {
            "id": row.pk,
            "state": row.state,
            "column": row.column,
            "code": row.code,
            "message": row.message,
            "keys": row.keys,
            "patient_id": row.patient_id,
        }
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE patients_patientimportrow AS kept
            SET state = fresh.state, "column" = fresh."column", code = fresh.code, message = fresh.message,
                keys = fresh.keys, patient_id = fresh.patient_id, updated_at = now(),
                cells = CASE fresh.state WHEN 'done' THEN '[]' ELSE kept.cells END
            FROM jsonb_to_recordset(%s::jsonb) AS fresh (
                id uuid, state text, "column" text, code text, message text, keys text[], patient_id uuid
            )
            WHERE kept.id = fresh.id
            """,
            [json.dumps(fresh, default=str)],
        )


def _read_newcomer(batch: PatientImport, row: PatientImportRow) -> tuple[Draft, Newcomer]:
    """Return what the row says, and the person as a new record.

    Raises RowRefused that names all that can't be read and all that the record would not take, whichever it is.
    """
    draft, refusals = _try(batch, row)
    try:
        newcomer = _newcomer(batch, draft)
    except RowRefused as refused:
        named = {refusal.column for refusal in refusals}
        refusals = [*refusals, *(part for part in refused.parts if part.column not in named)]
    if refusals:
        raise RowRefused.together(refusals)
    return draft, newcomer


def _read(batch: PatientImport, row: PatientImportRow) -> Draft:
    draft, refusals = _try(batch, row)
    if refusals:
        raise RowRefused.together(refusals)
    return draft


def _try(batch: PatientImport, row: PatientImportRow) -> tuple[Draft, list[RowRefused]]:
    """Return what the row says as far as it can be read. Raises RowRefused for what is no patient at all."""
    if batch.format == ImportFormat.FHIR:
        return read_patient(row.cells, organization=batch.organization), []
    cells = Cells(batch.header, batch.mapping, row.cells)
    return try_cells(cells, organization=batch.organization, system=batch.system)


def _newcomer(batch: PatientImport, draft: Draft) -> Newcomer:
    """Return the person as a new record. Raises RowRefused for what it would not take, with the file's column."""
    organization = batch.organization
    try:
        return newcomer_of(
            draft.fields(language=organization.languages[0]),
            answers={
                purpose: {"status": status, **draft.circumstances(purpose, file_name=batch.file_name)}
                for purpose, status in draft.consents.items()
            },
            is_archived=draft.is_archived,
            organization=organization,
        )
    except InvalidInput as error:
        raise _refused_for(draft, error) from error


def _refused_for(draft: Draft, error: ApplicationError) -> RowRefused:
    errors: Mapping[str, Any] = error.errors if isinstance(error, InvalidInput) else {}
    return RowRefused.together(
        [
            RowRefused(draft.column(field), error.code, " ".join(sentences))
            for field, sentences in (errors or {"": [error.message]}).items()
        ]
    )


def import_some(batch: PatientImport, actor: Actor) -> bool:
    """Import the next rows; tell whether there is more.

    New people are registered together. Where records of people who are here change, it is in a piece of its own: what
    that locks must not wait for record numbers.
    """
    rows = list(batch.rows.filter(state=RowState.READY).order_by("line")[:IMPORTED_AT_ONCE])
    if not rows:
        imported = STEPS.finish(batch, actor=actor)
        log.info("patients.imported", batch=str(batch.pk), imported=imported)
        return False
    new, met = _who_is_new(batch, rows)
    if met:
        _import_singly(batch, met, actor)
    else:
        _import_together(batch, new, actor)
    _save(rows)
    return True


def _who_is_new(batch: PatientImport, rows: Iterable[PatientImportRow]) -> tuple[list[_Person], list[PatientImportRow]]:
    """Return who is to be registered, and the rows of people who are here; tell those who are left as they are."""
    people = list(_read_rows(batch, rows))
    if batch.on_match == OnMatch.ADD:  # only a number is nobody else's
        people = [replace(one, facts=replace(one.facts, birth_date=None)) for one in people]
    known = Acquaintances([one.facts for one in people], organization=batch.organization)
    new, met = [], []
    for one in people:
        try:
            same = find_same(one.draft, organization=batch.organization) if known.may_know(one.facts) else None
        except RowRefused as refused:
            _say_refused(one.row, refused)
            continue
        if same is None:
            new.append(one)
        elif batch.on_match == OnMatch.LEAVE:
            _say_known(one.row, same)
        else:
            met.append(one.row)
    return new, met


def _import_together(batch: PatientImport, people: Iterable[_Person], actor: Actor) -> None:
    """Register new people; of those who have something in common only the first, the others come in the next piece."""
    chosen: list[_Person] = []
    seen: set[str] = set()
    for person in people:
        keys = keys_of(person.facts)
        if seen.isdisjoint(keys):
            seen.update(keys)
            chosen.append(person)
    try:
        register_newcomers(
            newcomers=[one.newcomer for one in chosen],
            organization=batch.organization,
            imported_from=batch.file_name,
            actor=actor,
        )
    except IntegrityError as error:
        if violated_constraint(error) != "identifier_belongs_to_one_patient":
            raise
        _import_singly(batch, [one.row for one in chosen], actor)  # somebody was quicker
        return
    for one in chosen:
        one.row.patient = one.newcomer.patient
        _say_done(one.row)


def _import_singly(batch: PatientImport, rows: Iterable[PatientImportRow], actor: Actor) -> None:
    for row in islice(rows, SINGLY_AT_ONCE):
        _import(batch, row, actor)


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
    _say_done(row)


def _register(batch: PatientImport, draft: Draft, actor: Actor) -> Patient:
    patient = create_patient(
        organization=batch.organization,
        imported_from=batch.file_name,
        actor=actor,
        **draft.fields(language=batch.organization.languages[0]),
    )
    for purpose, status in draft.consents.items():
        set_consent(
            patient=patient,
            purpose=purpose,
            status=status,
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


def _say_done(row: PatientImportRow) -> None:
    row.state, row.cells, row.keys = RowState.DONE, [], []


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
