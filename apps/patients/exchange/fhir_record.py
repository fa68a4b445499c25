"""The record itself as FHIR R4: Patient, RelatedPerson, Flag, Consent."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from apps.patients.exchange import fhir
from apps.patients.exchange.fhir import concept, filled, reference_to, text
from apps.patients.exchange.sections import Export, Row
from apps.patients.exchange.values import moment
from apps.patients.models import (
    Address,
    Consent,
    ConsentStatus,
    ContactPoint,
    ContactUse,
    Identifier,
    Patient,
    RelatedPerson,
    Relationship,
)

_ROLES = {
    Relationship.PARENT: (fhir.ROLE_CODE, "PRN"),
    Relationship.CHILD: (fhir.ROLE_CODE, "CHILD"),
    Relationship.PARTNER: (fhir.ROLE_CODE, "SIGOTHR"),
    Relationship.SIBLING: (fhir.ROLE_CODE, "SIB"),
    Relationship.GRANDPARENT: (fhir.ROLE_CODE, "GRPRN"),
    Relationship.GUARDIAN: (fhir.ROLE_CODE, "GUARD"),
    Relationship.CAREGIVER: (fhir.LIVING, "CGV"),
    Relationship.FRIEND: (fhir.ROLE_CODE, "FRND"),
}
_KINDS_OF_NUMBERS = {"passport": "PPN", "national-id": "NI", "insurance": "MB"}


def patient_resource(export: Export, merged: Sequence[Patient] = ()) -> Row:
    """Return the Patient, with the names and numbers of the records that were `merged` into theirs as old ones.

    No photo: it is named among the documents, and an address that opens by itself would be it.
    """
    patient = export.patient
    return filled(
        {
            "resourceType": "Patient",
            "id": str(patient.pk),
            "meta": {
                "lastUpdated": moment(patient.updated_at, export.organization.zone),
                "tag": [{"system": fhir.TAG, "code": tag} for tag in patient.tags],
            },
            "extension": list(_extensions(patient)),
            "identifier": [
                _record_number(export, patient),
                *(_identifier(one) for one in patient.identifiers.all()),
                *({**_record_number(export, one), "use": "old"} for one in merged),
            ],
            "active": patient.archived_at is None,
            "name": [*_names(patient), *_former_names(patient, merged)],
            "telecom": [_contact_point(point) for point in patient.contact_points.all()],
            "gender": patient.sex,
            "birthDate": patient.born.isoformat() if patient.born else None,
            "address": [_address(one) for one in patient.addresses.all()],
            "contact": [
                _contact(person)
                for person in patient.related_persons.all()
                if person.is_emergency_contact or person.is_guardian
            ],
            "communication": [
                {"language": {"coding": [{"system": fhir.LANGUAGE, "code": patient.language}]}, "preferred": True}
            ],
            "managingOrganization": reference_to(export.organization),
        }
    )


def _extensions(patient: Patient) -> Iterator[Row]:
    if identity := text(patient.gender_identity):
        yield {"url": fhir.GENDER_IDENTITY, "valueCodeableConcept": {"text": identity}}
    if patient.preferred_channel:
        yield {"url": fhir.CHANNEL, "valueCode": patient.preferred_channel}
    if times := list(_times(patient.preferred_times)):
        yield {"url": fhir.TIMES, "extension": times}
    if note := text(patient.note):
        yield {"url": fhir.NOTE, "valueString": note}


def _times(times: dict[str, Any]) -> Iterator[Row]:
    for name in ("days", "parts"):
        for value in times.get(name, []):
            yield {"url": name, "valueCode": value}
    for name in ("from", "to"):
        if value := times.get(name):
            yield {"url": name, "valueTime": f"{value}:00"}


def _names(patient: Patient) -> Iterator[Row]:
    yield _name(patient, "official")
    if called := text(patient.preferred_name):
        yield {"use": "nickname", "given": [called]}
    if latin := text(patient.name_latin):
        # ISO 21090: the name in an alphabetic script.
        yield {"extension": [{"url": fhir.SPELLING, "valueCode": "ABC"}], "text": latin}


def _name(patient: Patient, use: str) -> Row:
    return filled(
        {
            "use": use,
            "text": text(patient.full_name),
            "family": text(patient.family_name),
            "given": [given] if (given := text(patient.given_name)) else [],
        }
    )


def _former_names(patient: Patient, merged: Sequence[Patient]) -> Iterator[Row]:
    """Yield under which other names the person was known here, each once."""
    known = {(patient.given_name, patient.family_name)}
    for record in merged:
        name = (record.given_name, record.family_name)
        if name not in known:
            known.add(name)
            yield _name(record, "old")


def _record_number(export: Export, patient: Patient) -> Row:
    return {
        "use": "usual",
        "type": concept("", (fhir.KIND_OF_NUMBER, "MR")),
        "system": fhir.system_of_number(export.organization.pk),
        "value": patient.record_number,
        "assigner": reference_to(export.organization),
    }


def _identifier(one: Identifier) -> Row:
    kind = _KINDS_OF_NUMBERS.get(one.system)
    return filled(
        {
            "type": concept("", (fhir.KIND_OF_NUMBER, kind)) if kind else None,
            "system": fhir.write_system(one.system),
            "value": text(one.value),
        }
    )


def _contact_point(point: ContactPoint) -> Row:
    label = text(point.label)
    return filled(
        {
            "extension": [{"url": fhir.COMMENT, "valueString": label}] if label else [],
            "system": point.system,
            "value": text(point.value),
            "use": point.use if point.use != ContactUse.OTHER else None,
            "rank": max(point.rank, 1),
        }
    )


def _address(one: Address) -> Row:
    return filled(
        {
            "use": one.use,
            "line": [line for line in map(text, one.lines) if line],
            "city": text(one.city),
            "district": text(one.district),
            "state": text(one.state),
            "postalCode": text(one.postal_code),
            "country": text(one.country),
        }
    )


def _relationships(person: RelatedPerson) -> list[Row | None]:
    """Return what the person is to the patient, then the parts that they have: to be called, to decide."""
    role = _ROLES.get(Relationship(person.relationship))
    said = [concept(person.relationship, *([role] if role else []))]
    if person.is_emergency_contact:
        said.append(concept("", (fhir.CONTACT_ROLE, "C")))
    if person.is_guardian and person.relationship != Relationship.GUARDIAN:
        said.append(concept("", (fhir.ROLE_CODE, "GUARD")))
    return said


def _reach(person: RelatedPerson) -> list[Row]:
    ways = (("phone", person.phone), ("email", person.email))
    return [{"system": system, "value": value} for system, value in ways if value]


def _contact(person: RelatedPerson) -> Row:
    return filled(
        {"relationship": _relationships(person), "name": {"text": text(person.name)}, "telecom": _reach(person)}
    )


def person_resource(person: RelatedPerson, export: Export) -> Row:
    """Return somebody who stands behind the patient, as they are written at this record."""
    return filled(
        {
            "resourceType": "RelatedPerson",
            "id": str(person.pk),
            "active": True,
            "patient": reference_to(export.patient),
            "relationship": _relationships(person),
            "name": [{"text": text(person.name)}],
            "telecom": _reach(person),
        }
    )


def flag_resources(export: Export) -> Iterator[Row]:
    """Yield the alerts, in their order; FHIR's ids of flags come from the patient's."""
    for place, alert in enumerate(export.patient.alerts):
        yield {
            "resourceType": "Flag",
            "id": str(uuid.uuid5(export.patient.pk, f"alert {place}")),
            "status": "active",
            "code": concept(alert),
            "subject": reference_to(export.patient),
        }


# A withdrawn consent was in force once; a refused one never was.
_CONSENT_STATUS = {
    ConsentStatus.ACTIVE: "active",
    ConsentStatus.REFUSED: "rejected",
    ConsentStatus.WITHDRAWN: "inactive",
}


def consent_resource(consent: Consent, export: Export) -> Row:
    """Return the present answer for one purpose; a no has its own status, so that who reads nothing else sees it."""
    given = consent.status == ConsentStatus.ACTIVE
    told = ((fhir.SOURCE, consent.source), (fhir.METHOD, consent.method), (fhir.EVIDENCE, consent.evidence))
    return filled(
        {
            "resourceType": "Consent",
            "id": str(consent.pk),
            "extension": [{"url": url, "valueString": words} for url, said in told if (words := text(said))],
            "status": _CONSENT_STATUS[ConsentStatus(consent.status)],
            "scope": concept("", (fhir.SCOPE, "patient-privacy")),
            "category": [
                concept("", (fhir.LOINC, "59284-0")),
                concept(str(consent.get_purpose_display()), (fhir.PURPOSE, consent.purpose)),
            ],
            "patient": reference_to(export.patient),
            "dateTime": moment(consent.decided_at, export.organization.zone),
            "organization": [reference_to(export.organization)],
            "policyRule": concept("", (fhir.ACT_CODE, "OPTIN" if given else "OPTOUT")),
            "provision": {"type": "permit" if given else "deny"},
        }
    )
