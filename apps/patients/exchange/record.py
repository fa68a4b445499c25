"""What the patients' app itself knows of a person, as plain values: the record, consents, merges, events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from apps.events.models import Event
from apps.events.registry import presentation_of
from apps.patients.exchange.sections import Export, Row, Section, register
from apps.patients.exchange.values import moment, plain_rows, without_other_patients
from apps.patients.merging.parted import Parted, parted_of
from apps.patients.models import Consent, Merge, Patient

_NAMES = ("given_name", "family_name", "preferred_name", "name_latin")
# What a merge chooses one of, or adds to the survivor's: the merged record keeps what it had.
_OF_A_MERGED_RECORD = ("sex", "gender_identity", "language", "alerts", "tags", "note")
_CONSENTS = ("consent.given", "consent.withdrawn", "consent.cleared")


def patient_row(export: Export) -> Row:
    """Return the record itself; no query, the patient is loaded as a whole.

    Of people who are patients here as well only what stands at this record is said: not that they are, nor their id.
    """
    patient, zone = export.patient, export.organization.zone
    return {
        "id": str(patient.pk),
        "number": patient.record_number,
        "given_name": patient.given_name,
        "family_name": patient.family_name,
        "preferred_name": patient.preferred_name,
        "name_latin": patient.name_latin,
        "birth_date": patient.born.isoformat() if patient.born else None,
        "birth_precision": patient.birth_precision if patient.born else None,
        "sex": patient.sex,
        "gender_identity": patient.gender_identity,
        "language": patient.language,
        "contact_points": _parts(patient.contact_points, export, "system value use label rank verified_at"),
        "addresses": _parts(patient.addresses, export, "use lines city district state postal_code country rank"),
        "identifiers": _parts(patient.identifiers, export, "system value"),
        "related_persons": _parts(
            patient.related_persons, export, "name relationship phone email is_emergency_contact is_guardian rank"
        ),
        "preferred_channel": patient.preferred_channel,
        "preferred_times": patient.preferred_times,
        "alerts": list(patient.alerts),
        "tags": list(patient.tags),
        "note": patient.note,
        "archived_at": moment(patient.archived_at, zone) if patient.archived_at else None,
        "created_at": moment(patient.created_at, zone),
        "updated_at": moment(patient.updated_at, zone),
        "version": patient.version,
    }


def _parts(rows: Any, export: Export, names: str) -> list[Row]:
    wanted = ("id", *names.split(), "created_at", "updated_at")
    values = ({name: getattr(row, name) for name in wanted} for row in rows.all())
    return list(plain_rows(values, export.organization.zone))


def consent_rows(export: Export) -> list[Row]:
    """Return the present answer for each purpose, with every answer that was given before it; two queries.

    What proves an answer that was given while an undone merge stood is withheld: it may be the other's address.
    """
    zone, parted = export.organization.zone, _parted(export)
    history: dict[str, list[Row]] = defaultdict(list)
    for event in _events(export, parted).filter(type__in=_CONSENTS).order_by("id"):
        withheld = parted.withhold(event)
        before, after = event.changes.get("status", [None, None])
        history[event.payload.get("purpose", "")].append(
            {
                "at": moment(event.occurred_at, zone),
                "before": before,
                "status": after,
                "source": event.payload.get("source", ""),
                "method": event.payload.get("method", ""),
                "evidence": event.changes.get("evidence", [None, ""])[1] or "",
                "withheld": withheld,
                "by": event.actor_label,
            }
        )
    names = ("id", "purpose", "status", "source", "method", "evidence", "decided_at", "created_at", "updated_at")
    consents = sorted(export.patient.consents.all(), key=lambda consent: consent.purpose)
    values = ({name: getattr(consent, name) for name in names} for consent in consents)
    return [_consent(row, history[row["purpose"]]) for row in plain_rows(values, zone)]


def _consent(row: Row, history: list[Row]) -> Row:
    """Return an answer with its history; what was withheld of the latest is withheld of the present one."""
    withheld = history[-1]["withheld"] if history else []
    return row | dict.fromkeys(withheld, "") | {"withheld": withheld, "history": history}


def merge_rows(export: Export) -> Iterator[Row]:
    """Yield the merges of this record; one query. One that was undone does not say with whose record."""
    zone, ids = export.organization.zone, export.ids
    merges = Merge.objects.for_organization(export.organization).filter(Q(survivor__in=ids) | Q(duplicate__in=ids))
    for merge in merges.select_related("duplicate").order_by("id"):
        row: Row = {
            "id": str(merge.pk),
            "at": moment(merge.created_at, zone),
            "by": merge.actor_label,
            "undone_at": moment(merge.undone_at, zone) if merge.undone_at else None,
            "undone_by": merge.undone_by_label,
        }
        if not merge.is_undone:
            row |= {
                "merged_id": str(merge.duplicate_id),
                "merged_number": merge.duplicate.record_number,
                "taken_from": merge.fields,
            }
        yield row


def merged_record_rows(export: Export) -> Iterator[Row]:
    """Yield what the records that are a part of this one said of the person, as they were; one query."""
    zone = export.organization.zone
    for merge in standing_merges(export):
        record = merge.duplicate
        yield {
            "id": str(record.pk),
            "number": record.record_number,
            **{name: getattr(record, name) for name in _NAMES},
            "birth_date": record.born.isoformat() if record.born else None,
            "birth_precision": record.birth_precision if record.born else None,
            **{name: getattr(record, name) for name in _OF_A_MERGED_RECORD},
            "merged_at": moment(merge.created_at, zone),
        }


def standing_merges(export: Export) -> QuerySet[Merge]:
    """Return the merges by which records are a part of this one now, oldest first, with those records."""
    merges = Merge.objects.for_organization(export.organization).filter(
        duplicate__merged_into=export.patient.pk, undone_at__isnull=True
    )
    return merges.select_related("duplicate").order_by("id")


def event_rows(export: Export) -> Iterator[Row]:
    """Yield everything that happened, oldest first; two queries. `text` is the timeline's sentence, where it has one.

    While a merge stood that was undone since, an edit may have changed what was the other's: `withheld` names the fields
    whose values are left out. What happened to a row that is the other's now is not told at all.
    """
    zone, parted = export.organization.zone, _parted(export)
    for event in _events(export, parted).order_by("id").iterator(chunk_size=2000):
        withheld = parted.withhold(event)
        told = without_other_patients(event.changes)
        presentation = presentation_of(event.type)
        yield {
            "id": str(event.pk),
            "at": moment(event.occurred_at, zone),
            "type": event.type,
            "text": presentation.words(event, outside=True) if presentation else "",
            "by": event.actor_label,
            "subject_type": event.subject_type,
            "subject_id": str(event.subject_id),
            "changes": {name: both for name, both in told.items() if name not in withheld},
            "withheld": withheld,
        }


def _parted(export: Export) -> Parted:
    return parted_of(export.organization, export.ids)


def _events(export: Export, parted: Parted) -> QuerySet[Event]:
    return Event.objects.for_organization(export.organization).filter(~parted.others, patient_id__in=export.ids)


def register_sections() -> None:
    """Register what the patients' app brings into an export."""
    register(Section("consents", order=10, rows=consent_rows, models=(Consent,)))
    register(Section("merges", order=20, rows=merge_rows, models=(Merge,)))
    register(Section("merged_records", order=21, rows=merged_record_rows, models=(Patient,)))
    register(Section("events", order=90, rows=event_rows, models=(Event,)))
