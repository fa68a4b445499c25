"""FHIR R4 as this portal writes and reads it: systems, extensions, and the small parts that resources are made of.

What FHIR has no place for stands under `urn:clinic-portal:…`; docs/exchange.md lists it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from django.db.models import Model

OURS = "urn:clinic-portal:"
RECORD_NUMBER, WORD, EXTERNAL_ID, SHA256 = (
    f"{OURS}{name}" for name in ("record-number:", "identifier:", "visit", "sha256")
)
TAG, PURPOSE = f"{OURS}tag", f"{OURS}consent-purpose"
NOTE, CHANNEL, TIMES = f"{OURS}note", f"{OURS}preferred-channel", f"{OURS}preferred-times"
SOURCE, METHOD, EVIDENCE = (f"{OURS}consent-{name}" for name in ("source", "method", "evidence"))
# Extensions of FHIR R4 itself.
_STANDARD = "http://hl7.org/fhir/StructureDefinition/"
GENDER_IDENTITY = f"{_STANDARD}patient-genderIdentity"
COMMENT = f"{_STANDARD}contactpoint-comment"
SPELLING = f"{_STANDARD}iso21090-EN-representation"
# Code systems of HL7.
_HL7 = "http://terminology.hl7.org/CodeSystem/"
ROLE_CODE, ACT_CODE, MODE = f"{_HL7}v3-RoleCode", f"{_HL7}v3-ActCode", f"{_HL7}v3-ParticipationMode"
CONTACT_ROLE, LIVING, KIND_OF_NUMBER = f"{_HL7}v2-0131", f"{_HL7}v2-0063", f"{_HL7}v2-0203"
SCOPE, CANCELLED = f"{_HL7}consentscope", f"{_HL7}appointment-cancellation-reason"
LOINC, LANGUAGE = "http://loinc.org", "urn:ietf:bcp:47"

_MODES = {"sms": "SMSWRIT", "email": "EMAILWRIT", "voice": "PHONE"}
# FHIR: no character below 32 but tab, line feed and carriage return; the others of that kind don't show either.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")


def filled(element: Mapping[str, Any]) -> dict[str, Any]:
    """Return an element without what is empty: FHIR knows no empty strings, lists and objects."""
    return {name: value for name, value in element.items() if value is not None and value not in ("", [], {})}


def text(value: str) -> str:
    """Return a text as FHIR takes it: no control characters, nothing at all rather than blanks."""
    return _CONTROL.sub("", value).strip()


def concept(words: str, *codings: tuple[str, str]) -> dict[str, Any] | None:
    """Return a CodeableConcept of (system, code) pairs and words; None when there is nothing to say."""
    said = filled({"coding": [{"system": system, "code": code} for system, code in codings], "text": text(words)})
    return said or None


def medium(channel: str) -> dict[str, Any] | None:
    """Return how a message went: HL7's code where there is one."""
    mode = _MODES.get(channel)
    return concept(channel, *([(MODE, mode)] if mode else []))


def address_of(pk: uuid.UUID) -> str:
    """Return what a bundle calls a resource, its `fullUrl` and the references to it."""
    return f"urn:uuid:{pk}"


def reference_to(row: Model) -> dict[str, str]:
    """Return a reference to the resource of a patient, practitioner, location or organization."""
    return {"reference": address_of(row.pk), "type": type(row).__name__}


def system_of_number(organization_id: uuid.UUID) -> str:
    """Return the identifier system of an organization's record numbers."""
    return f"{RECORD_NUMBER}{organization_id}"


def write_system(system: str) -> str:
    """Return an identifier's system as the URI that FHIR wants: a word, such as `passport`, becomes one."""
    return system if _URI.fullmatch(system) else f"{WORD}{quote(system, safe='')}"


def read_system(system: str) -> str:
    """Return the word of a system that `write_system` wrote, any other as it is."""
    return unquote(system.removeprefix(WORD)) if system.startswith(WORD) else system
