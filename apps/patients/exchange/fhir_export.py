"""One patient's record as a FHIR R4 Bundle; what FHIR can't say is in docs/exchange.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from apps.organizations.models import Organization
from apps.patients.exchange.fhir import address_of, filled, text
from apps.patients.exchange.fhir_record import consent_resource, flag_resources, patient_resource, person_resource
from apps.patients.exchange.record import standing_merges
from apps.patients.exchange.sections import Export, Row, all_sections
from apps.patients.exchange.values import as_lines, moment
from apps.patients.merging.parted import consents_to_tell, parted_of


def write_fhir(export: Export) -> bytes:
    """Return the bundle, a line per resource."""
    return as_lines(as_bundle(export))


def as_bundle(export: Export) -> dict[str, Any]:
    """Return a Bundle of type collection: the Patient first, then whom and what the other resources name."""
    entries: dict[str, Row] = {}
    for one in _resources(export):
        entries.setdefault(address_of(one["id"]), one)
    return {
        "resourceType": "Bundle",
        "id": str(export.patient.pk),
        "type": "collection",
        "timestamp": moment(export.at, export.organization.zone),
        "entry": [{"fullUrl": url, "resource": one} for url, one in entries.items()],
    }


def _resources(export: Export) -> Iterator[Row]:
    yield patient_resource(export, [merge.duplicate for merge in standing_merges(export)])
    yield _organization(export.organization)
    for person in export.patient.related_persons.all():
        yield person_resource(person, export)
    yield from flag_resources(export)
    consents = consents_to_tell(export.patient, parted_of(export.organization, export.ids))
    for consent in sorted(consents, key=lambda consent: consent.purpose):
        yield consent_resource(consent, export)
    for section in all_sections():
        brought: Iterable[Row] = section.resources(export) if section.resources else ()
        yield from brought


def _organization(organization: Organization) -> Row:
    return filled(
        {
            "resourceType": "Organization",
            "id": str(organization.pk),
            "active": organization.is_active,
            "name": text(organization.name),
            "telecom": [{"system": "phone", "value": organization.phone}] if organization.phone else [],
        }
    )
