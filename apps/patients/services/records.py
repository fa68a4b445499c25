"""Registering, changing and archiving patients; one lock per patient, one event per change."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.errors import StaleVersion
from apps.core.ids import uuid7
from apps.events.services import emit
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.patients.cleaning import EDITABLE_FIELDS, clean_fields
from apps.patients.dates import PartialDate
from apps.patients.folding import index_text, sort_text
from apps.patients.meanwhile import WORDS, contested_fields, merge_words, touched_fields
from apps.patients.merging.living import require_living
from apps.patients.models import ContactPoint, ContactSystem, ContactUse, Patient, Sex
from apps.patients.parts import CONTACT_PARTS, PARTS, Row
from apps.patients.services.parts import complete, loaded_rows, replace_rows, rows_of, without_ids
from apps.patients.text import invalid, normalise


@transaction.atomic
def create_patient(
    *,
    organization: Organization,
    given_name: str = "",
    family_name: str = "",
    birth_date: PartialDate | dt.date | str | None = None,
    sex: str = Sex.UNKNOWN,
    language: str = "en",
    phones: Sequence[str | Mapping[str, Any]] = (),
    emails: Sequence[str | Mapping[str, Any]] = (),
    imported_from: str = "",
    actor: Actor,
    **optional: Any,
) -> Patient:
    """Register a person under the next record number; the first phone and e-mail are tried first.

    A phone is written as it is, or with its kind: `{"value": …, "use": "work", "label": …}`; `addresses`,
    `identifiers` and `related_persons` are rows as in `parts.py`.
    `imported_from` names the file that the person came in: the event is `patient.imported` then, so that nothing that
    waits for new patients starts for thousands of old ones.
    Locks the organization's counter until the commit. Raises InvalidInput that names every field it refuses.
    """
    actor.require(Permission.PATIENTS_MANAGE)
    contacts = {} if "contact_points" in optional else {"phones": phones, "emails": emails}
    given = {
        "given_name": given_name,
        "family_name": family_name,
        "birth_date": birth_date,
        "sex": sex,
        "language": language,
        **contacts,
        **optional,
    }
    patient, parts = new_patient(given, organization=organization)
    patient.number = take_numbers(organization, 1)
    index_new(patient, parts)
    patient.save(force_insert=True)
    for part, rows in parts.items():
        replace_rows(patient, part, complete(patient, part, rows))
    if imported_from:
        emit("patient.imported", subject=patient, actor=actor, patient_id=patient.pk, payload={"file": imported_from})
    else:
        emit("patient.created", subject=patient, actor=actor, patient_id=patient.pk)
    return patient


def new_patient(given: Mapping[str, Any], *, organization: Organization) -> tuple[Patient, dict[str, list[Row]]]:
    """Return a person who is not saved yet and has no number, with the rows of the lists; asks the database nothing.

    Raises InvalidInput that names every field it refuses.
    """
    clean = clean_fields(given, organization=organization)
    if not clean["given_name"] and not clean["family_name"]:
        raise invalid({"given_name": [_("Enter a given name or a family name.")]})
    lists: dict[str, list[Row]] = {part: clean.pop(part, []) for part in PARTS}
    patient = Patient(organization=organization)
    _assign(patient, clean)
    return patient, {part: rows for part, rows in lists.items() if rows}


@transaction.atomic
def update_patient(
    *,
    patient: Patient,
    changes: Mapping[str, Any],
    version: int | None = None,
    read: Mapping[str, Any] | None = None,
    actor: Actor,
) -> Patient:
    """Save the changed fields in one go, with one event; each list that is given replaces the whole one, in its order.

    `read` is what the fields said when the changes were made (`read_values`), and stands for `version` then: fields
    that say the same still are left as they are now, words (alerts, tags) are added and taken away one by one.
    Locks the patient. Raises StaleVersion with the fields that differ when somebody saved since `version`, or changed
    the same fields since `read`, and InvalidInput for values or field names that can't be. Nothing is written when
    nothing differs.
    """
    actor.require(Permission.PATIENTS_MANAGE)
    clean = clean_fields(changes, organization=patient.organization)
    locked = _lock(patient)
    parts = {part: complete(locked, part, clean[part]) for part in PARTS if part in clean}
    wanted = clean | {part: without_ids(rows) for part, rows in parts.items()}
    current = {field: _current(locked, field) for field in clean}
    if read is not None:
        mine, theirs = _plain(wanted), _plain(current)
        touched = touched_fields(read, mine)
        contested = contested_fields(read, theirs, mine, touched)
        if contested:
            raise _stale(locked, {field: (current[field], wanted[field]) for field in contested}, touched=touched)
        for field in touched & WORDS:
            clean[field] = wanted[field] = merge_words(read.get(field, ()), current[field], wanted[field])
        wanted = {field: value for field, value in wanted.items() if field in touched}
    differing = {field: (current[field], value) for field, value in wanted.items() if current[field] != value}
    if read is None and version is not None and version != locked.version:
        raise _stale(locked, differing)
    if not differing:
        return locked
    _assign(locked, {field: clean[field] for field in differing.keys() - parts.keys()})
    if not locked.given_name and not locked.family_name:
        raise invalid({"given_name": [_("Enter a given name or a family name.")]})
    for part in differing.keys() & parts.keys():
        replace_rows(locked, part, parts[part])
    _save_edition(locked)
    emit(
        "patient.updated",
        subject=locked,
        actor=actor,
        patient_id=locked.pk,
        changes={field: [before, after] for field, (before, after) in _written(differing).items()},
    )
    return locked


@transaction.atomic
def add_contact_point(
    *, patient: Patient, system: str, value: str, use: str = ContactUse.MOBILE, verified: bool = False, actor: Actor
) -> ContactPoint:
    """Note one more phone or e-mail after the present ones; a known one is returned, and marked verified if it is."""
    actor.require(Permission.PATIENTS_MANAGE)
    locked = _lock(patient)
    address = normalise(system, value, locked.organization)
    now = timezone.now()
    points: list[ContactPoint] = list(locked.contact_points.filter(system=system))
    known = next((point for point in points if point.value == address), None)
    if known is not None:
        if verified and known.verified_at is None:
            known.verified_at = now
            known.save(update_fields=["verified_at", "updated_at"])
        return known
    point: ContactPoint = ContactPoint.objects.create(
        organization=locked.organization,
        patient=locked,
        system=system,
        value=address,
        use=use,
        rank=max((p.rank for p in points), default=0) + 1,
        verified_at=now if verified else None,
    )
    _save_edition(locked)
    before = [p.value for p in points]
    field = "phones" if system == ContactSystem.PHONE else "emails"
    emit(
        "patient.updated",
        subject=locked,
        actor=actor,
        patient_id=locked.pk,
        changes={field: [before, [*before, address]]},
    )
    return point


@transaction.atomic
def archive_patient(*, patient: Patient, actor: Actor) -> Patient:
    """Take the patient out of the lists, into the archive; nothing is deleted, and a second call changes nothing."""
    return _set_archived(patient, timezone.now(), "patient.archived", actor)


@transaction.atomic
def restore_patient(*, patient: Patient, actor: Actor) -> Patient:
    """Bring an archived patient back; a second call changes nothing."""
    return _set_archived(patient, None, "patient.restored", actor)


def _set_archived(patient: Patient, at: dt.datetime | None, event: str, actor: Actor) -> Patient:
    actor.require(Permission.PATIENTS_MANAGE)
    locked = _lock(patient)
    if (locked.archived_at is None) == (at is None):
        return locked
    locked.archived_at = at
    _save_edition(locked)
    emit(event, subject=locked, actor=actor, patient_id=locked.pk)
    return locked


def _lock(patient: Patient) -> Patient:
    """Return the record as it is now, locked; raise MergedAway for one that became a part of another."""
    locked: Patient = Patient.objects.select_for_update(of=("self",)).select_related("organization").get(pk=patient.pk)
    require_living(locked)
    return locked


def take_numbers(organization: Organization, count: int) -> int:
    """Return the first of the next record numbers; the counter starts above whatever numbers exist already.

    Everybody else who registers somebody waits until this transaction ends: take them last.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO patients_numbercounter AS counter (id, created_at, updated_at, organization_id, last)
            VALUES (%(id)s, now(), now(), %(organization)s,
                    %(count)s + coalesce((SELECT max(number) FROM patients_patient WHERE organization_id = %(organization)s), 0))
            ON CONFLICT (organization_id) DO UPDATE SET last = counter.last + %(count)s, updated_at = now()
            RETURNING last
            """,
            {"id": uuid7(), "organization": organization.pk, "count": count},
        )
        last: int = cursor.fetchone()[0]
    return last - count + 1


def _stale(
    patient: Patient, differing: Mapping[str, tuple[Any, Any]], *, touched: Iterable[str] | None = None
) -> StaleVersion:
    refusal = StaleVersion(
        _("Somebody else saved %(name)s meanwhile. Compare the fields, then save again.") % {"name": patient.full_name},
        current=patient.version,
        conflicts=[
            {"field": field, "current": theirs, "yours": yours}
            for field, (theirs, yours) in _written(differing).items()
        ],
    )
    if touched is not None:
        refusal.extra |= {"contested": sorted(differing), "touched": sorted(touched)}
    return refusal


def _save_edition(patient: Patient) -> None:
    points = list(patient.contact_points.all())
    index_patient(
        patient,
        phones=[p.value for p in points if p.system == ContactSystem.PHONE],
        emails=[p.value for p in points if p.system == ContactSystem.EMAIL],
        identifiers=patient.identifiers.values_list("value", flat=True),
    )
    patient.version += 1
    patient.save()


def index_patient(
    patient: Patient, *, phones: Iterable[str], emails: Iterable[str], identifiers: Iterable[str] = ()
) -> None:
    """Set what searches and lists go by, from the names and the given addresses and numbers; the caller saves."""
    names = (patient.given_name, patient.family_name, patient.preferred_name, patient.name_latin)
    patient.search_text = index_text(
        names=names, number=patient.record_number, phones=phones, emails=emails, identifiers=identifiers
    )
    patient.sort_name = sort_text(given_name=patient.given_name, family_name=patient.family_name)


def index_new(patient: Patient, parts: Mapping[str, Sequence[Row]]) -> None:
    """Set what searches and lists go by, of a person with these rows; the caller saves."""
    values = {part: [row["value"] for row in parts.get(part, ())] for part in ("phones", "emails", "identifiers")}
    index_patient(patient, **values)


def read_values(patient: Patient) -> dict[str, Any]:
    """Return what every field says, as plain values; asks for the lists only when they were not loaded with it."""
    return {
        field: _plain(loaded_rows(patient, field) if field in PARTS else _current(patient, field))
        for field in sorted(EDITABLE_FIELDS)
    }


def _current(patient: Patient, field: str) -> Any:
    if field in PARTS:
        return rows_of(patient, field)
    return patient.born if field == "birth_date" else getattr(patient, field)


def _assign(patient: Patient, clean: Mapping[str, Any]) -> None:
    for field, value in clean.items():
        setattr(patient, "born" if field == "birth_date" else field, value)


def _written(differing: Mapping[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """Return before and after as an event keeps them; of phones and e-mails the values, and apart from them the kinds."""
    written: dict[str, tuple[Any, Any]] = {}
    for field, (before, after) in differing.items():
        if field not in CONTACT_PARTS:
            written[field] = (_plain(before), _plain(after))
            continue
        values = tuple([row["value"] for row in rows] for rows in (before, after))
        if values[0] != values[1]:
            written[field] = (values[0], values[1])
        known = {row["value"]: row for row in before}
        if any(row["value"] in known and row != known[row["value"]] for row in after):
            written[f"{field}_kinds"] = (before, after)
    return written


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, dt.date | PartialDate):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value
