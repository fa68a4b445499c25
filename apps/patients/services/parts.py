"""Replacing the lists of a record: rows that stay keep their ids, and what hangs on them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from apps.core.constraints import violated_constraint
from apps.core.errors import InvalidInput
from apps.patients.models import Address, ContactPoint, Identifier, Patient, RelatedPerson
from apps.patients.parts import CONTACT_PARTS, DEFAULT_USES, FIELDS, Row
from apps.patients.text import invalid

MODELS: dict[str, type[models.Model]] = {
    "phones": ContactPoint,
    "emails": ContactPoint,
    "addresses": Address,
    "identifiers": Identifier,
    "related_persons": RelatedPerson,
}
ORDER = ("rank", "created_at", "id")


def rows_of(patient: Patient, part: str) -> list[Row]:
    """Return the present rows as the service takes them, without ids; one query."""
    return [_row(part, row) for row in _present(patient, part)]


def loaded_rows(patient: Patient, part: str) -> list[Row]:
    """Return the rows as `rows_of` does, from what was loaded with the record."""
    if part in CONTACT_PARTS:
        return [_row(part, row) for row in patient.contact_points.all() if row.system == CONTACT_PARTS[part]]
    return [_row(part, row) for row in getattr(patient, part).all()]


def complete(patient: Patient, part: str, rows: Sequence[Row]) -> list[Row]:
    """Return cleaned rows with what was left open: the kind of a phone, the name of a person who is a patient here.

    At most one query. Raises InvalidInput for a person who is nobody here, or the patient.
    """
    if part in CONTACT_PARTS:
        return _with_kinds(patient, part, rows)
    return _with_names(patient, rows) if part == "related_persons" else list(rows)


def without_ids(rows: Sequence[Row]) -> list[Row]:
    """Return the rows as they are compared and written into events."""
    return [{key: value for key, value in row.items() if key != "id"} for row in rows]


def replace_rows(patient: Patient, part: str, rows: Sequence[Row]) -> None:
    """Make the list what `rows` says, in its order. The caller holds the patient's lock and keeps the events.

    Raises InvalidInput that says whose a number is when it belongs to another patient.
    """
    if part == "identifiers":
        _refuse_taken(patient, rows)
    model, present = MODELS[part], _present(patient, part)
    matched = list(_matched(part, rows, present))
    kept = {found.pk for found in matched if found is not None}
    model._default_manager.filter(pk__in=[row.pk for row in present if row.pk not in kept]).delete()
    fresh = []
    for rank, (values, found) in enumerate(zip(rows, matched, strict=True), start=1):
        if found is None:
            fresh.append(_new(patient, part, values, rank))
        elif _set(found, values, rank):
            found.save()
    if not fresh:
        return
    try:
        with transaction.atomic():
            model._default_manager.bulk_create(fresh)
    except IntegrityError as error:
        if violated_constraint(error) != "identifier_belongs_to_one_patient":
            raise
        _refuse_taken(patient, rows)  # somebody else was quicker
        raise


def first_rows(patient: Patient, parts: Mapping[str, Sequence[Row]]) -> list[models.Model]:
    """Return the rows of somebody new, not saved; asks the database nothing. People in them may not be patients here."""
    return [
        _new(patient, part, values, rank)
        for part, rows in parts.items()
        for rank, values in enumerate(_kinds_said(part, rows, {}) if part in CONTACT_PARTS else rows, start=1)
    ]


def _present(patient: Patient, part: str) -> list[Any]:
    rows = MODELS[part]._default_manager.filter(patient_id=patient.pk)
    if part in CONTACT_PARTS:
        rows = rows.filter(system=CONTACT_PARTS[part])
    return list(rows.order_by(*(ORDER[1:] if part == "identifiers" else ORDER)))


def _row(part: str, row: models.Model) -> Row:
    return {name: getattr(row, _column(name)) for name in FIELDS[part]}


def _column(name: str) -> str:
    return "linked_patient_id" if name == "linked_patient" else name


def _matched(part: str, rows: Sequence[Row], present: Sequence[Any]) -> Iterator[models.Model | None]:
    """Yield the present row that each given one is: the equal one, else the one whose id it carries."""
    keys = ("value",) if part in CONTACT_PARTS else FIELDS[part]
    left = {row.pk: row for row in present}
    equal: list[models.Model | None] = []
    for values in rows:
        found = next((r for r in left.values() if all(getattr(r, _column(k)) == values[k] for k in keys)), None)
        equal.append(left.pop(found.pk) if found is not None else None)
    for values, found in zip(rows, equal, strict=True):
        yield found if found is not None else left.pop(values.get("id"), None)


def _new(patient: Patient, part: str, values: Row, rank: int) -> models.Model:
    further = {"system": CONTACT_PARTS[part]} if part in CONTACT_PARTS else {}
    row = MODELS[part](organization_id=patient.organization_id, patient=patient, **further)
    _set(row, values, rank)
    return row


def _set(row: models.Model, values: Row, rank: int) -> bool:
    """Set what the row should say; tell whether it said something else."""
    wanted = {_column(name): value for name, value in values.items() if name != "id"}
    if hasattr(row, "rank"):
        wanted["rank"] = rank
    differing = [name for name, value in wanted.items() if getattr(row, name) != value]
    for name in differing:
        setattr(row, name, wanted[name])
    return bool(differing)


def _with_kinds(patient: Patient, part: str, rows: Sequence[Row]) -> list[Row]:
    return _kinds_said(part, rows, {row["value"]: row for row in rows_of(patient, part)})


def _kinds_said(part: str, rows: Sequence[Row], known: Mapping[str, Row]) -> list[Row]:
    other = {"use": str(DEFAULT_USES[CONTACT_PARTS[part]]), "label": ""}
    return [
        {
            "value": row["value"],
            **{
                name: row[name] if row[name] is not None else known.get(row["value"], other)[name]
                for name in ("use", "label")
            },
        }
        for row in rows
    ]


def _with_names(patient: Patient, rows: Sequence[Row]) -> list[Row]:
    wanted = {row["linked_patient"] for row in rows if row["linked_patient"]}
    if not wanted:
        return list(rows)
    others = {
        other.pk: other
        for other in Patient.objects.filter(organization_id=patient.organization_id, pk__in=wanted).exclude(
            pk=patient.pk
        )
    }
    completed: list[Row] = []
    for place, row in enumerate(rows):
        linked: uuid.UUID | None = row["linked_patient"]
        if linked == patient.pk:
            raise invalid({f"related_persons.{place}.linked_patient": [_("This is the patient. Choose another one.")]})
        if linked and linked not in others:
            raise invalid({f"related_persons.{place}.linked_patient": [_("There is no such patient here.")]})
        completed.append(row | ({"name": others[linked].full_name} if linked and not row["name"] else {}))
    return completed


def _refuse_taken(patient: Patient, rows: Sequence[Row]) -> None:
    taken = {
        (found.system, found.value): found.patient
        for found in Identifier.objects.filter(
            organization_id=patient.organization_id, value__in=[row["value"] for row in rows]
        )
        .exclude(patient_id=patient.pk)
        .select_related("patient")
    }
    errors = {
        f"identifiers.{place}.value": [
            _("%(name)s (%(number)s) has this number. Look whether it is the same person.")
            % {"name": owner.full_name, "number": owner.record_number}
        ]
        for place, row in enumerate(rows)
        if (owner := taken.get((row["system"], row["value"]))) is not None
    }
    if errors:
        owners = [str(owner.pk) for owner in taken.values()]
        raise InvalidInput(
            next(iter(errors.values()))[0], errors=errors, code="identifier_taken", extra={"patients": owners}
        )
