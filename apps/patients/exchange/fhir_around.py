"""What a FHIR file says around a Patient: people, answers to consents, alerts. Nothing for what can't be taken in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_datetime

from apps.patients.exchange import fhir
from apps.patients.exchange.csv_rows import RELATIONSHIP_OF
from apps.patients.exchange.drafts import Answer
from apps.patients.exchange.fhir_elements import Element, as_object, as_text, codes_of, extension, first, objects, texts
from apps.patients.folding import fold
from apps.patients.models import ConsentMethod, ConsentPurpose, ConsentStatus, Relationship
from apps.patients.parts import MOST_ROWS

LONGEST_ALERT = 60
# HL7 v2 tables 0131 and 0063, and v3 role codes: what a relationship says.
_EMERGENCY = {"C", "EP", "ECON"}
_GUARDIAN = {"GUARD", "N-GUARD", "POWATT"}
_ROLES = {
    **dict.fromkeys(("PRN", "MTH", "FTH", "NMTH", "NFTH"), Relationship.PARENT),
    **dict.fromkeys(("CHILD", "SON", "DAU", "SONC", "DAUC"), Relationship.CHILD),
    **dict.fromkeys(("SPS", "WIFE", "HUSB", "DOMPART", "SIGOTHR"), Relationship.PARTNER),
    **dict.fromkeys(("SIB", "BRO", "SIS"), Relationship.SIBLING),
    **dict.fromkeys(("GRPRN", "GRMTH", "GRFTH"), Relationship.GRANDPARENT),
    **dict.fromkeys(("FRND",), Relationship.FRIEND),
    **dict.fromkeys(("CGV",), Relationship.CAREGIVER),
}
_ANSWERS = {
    "active": ConsentStatus.ACTIVE,
    "inactive": ConsentStatus.WITHDRAWN,
    "rejected": ConsentStatus.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody around the patient, as `parts.py` takes them."""

    row: dict[str, Any]

    def is_same(self, other: Person) -> bool:
        """Tell whether two descriptions are of one person: the same name, and no other phone."""
        mine, theirs = self.row, other.row
        same_phone = not mine["phone"] or not theirs["phone"] or mine["phone"] == theirs["phone"]
        return fold(mine["name"]) == fold(theirs["name"]) and same_phone


def person_of(element: Element) -> Person | None:
    """Return who a RelatedPerson, or a Patient's contact, is; None without a name, or when it does not count any more."""
    name = element.get("name")
    said = as_object(first(name) if isinstance(name, list) else name)
    written = " ".join([*texts(said.get("given")), as_text(said.get("family"))]).strip() or as_text(said.get("text"))
    if not written or element.get("active") is False:
        return None
    concepts, points = objects(element, "relationship"), objects(element, "telecom")
    codes = codes_of(concepts)
    kind = _kind(codes, [as_text(concept.get("text")) for concept in concepts])
    words = [fold(as_text(concept.get("text"))) for concept in concepts]
    return Person(
        {
            "name": written,
            "relationship": str(kind),
            "phone": next((as_text(p.get("value")) for p in points if p.get("system") == "phone"), ""),
            "email": next((as_text(p.get("value")) for p in points if p.get("system") == "email"), ""),
            "is_emergency_contact": bool(codes & _EMERGENCY) or "emergency contact" in words,
            "is_guardian": bool(codes & _GUARDIAN) or kind == Relationship.GUARDIAN,
        }
    )


def _kind(codes: set[str], said: list[str]) -> str:
    """Return what the person is to the patient; "guardian" only where nothing says what else they are."""
    ours = next((word for word in said if word in Relationship.values), None)
    coded = next((_ROLES[code] for code in sorted(codes) if code in _ROLES), None)
    in_words = next((RELATIONSHIP_OF[fold(word)] for word in said if fold(word) in RELATIONSHIP_OF), None)
    return ours or coded or in_words or (Relationship.GUARDIAN if "GUARD" in codes else Relationship.OTHER)


def people_of(contacts: Iterable[Element], related: Iterable[Element]) -> list[dict[str, Any]]:
    """Return everybody, each once: who is a RelatedPerson and a contact as well has the parts of both."""
    found = [person for one in related if (person := person_of(one))]
    for one in contacts:
        person = person_of(one)
        if person is None:
            continue
        known = next((other for other in found if other.is_same(person)), None)
        if known is None:
            found.append(person)
            continue
        for part in ("is_emergency_contact", "is_guardian"):
            known.row[part] = known.row[part] or person.row[part]
        for way in ("phone", "email"):
            known.row[way] = known.row[way] or person.row[way]
    return [person.row for person in found]


def answer_of(consent: Element) -> Answer | None:
    """Return what a Consent of this portal says; None for any other, whose purpose isn't one of ours."""
    codings = [coding for concept in objects(consent, "category") for coding in objects(concept, "coding")]
    purposes = [as_text(one.get("code")) for one in codings if one.get("system") == fhir.PURPOSE]
    purpose = next((one for one in purposes if one in ConsentPurpose.values), None)
    status = _ANSWERS.get(as_text(consent.get("status")))
    if purpose is None or status is None:
        return None
    if as_object(consent.get("provision")).get("type") == "deny" and status == ConsentStatus.ACTIVE:
        status = ConsentStatus.REFUSED
    method = as_text(extension(consent, fhir.METHOD).get("valueString"))
    return Answer(
        purpose=purpose,
        status=status,
        source=as_text(extension(consent, fhir.SOURCE).get("valueString")),
        method=method if method in ConsentMethod.values else "",
        evidence=as_text(extension(consent, fhir.EVIDENCE).get("valueString")),
        decided_at=_moment(consent.get("dateTime")),
    )


def _moment(value: Any) -> dt.datetime | None:
    try:
        moment = parse_datetime(as_text(value))
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def answers_of(consents: Iterable[Element]) -> dict[str, Answer]:
    """Return the latest answer for each purpose."""
    found = [answer for one in consents if (answer := answer_of(one))]
    beginning = dt.datetime.min.replace(tzinfo=dt.UTC)
    return {answer.purpose: answer for answer in sorted(found, key=lambda one: one.decided_at or beginning)}


def alert_of(flag: Element) -> str:
    """Return the words of a Flag that still counts, nothing for what is too long to be an alert."""
    concept = as_object(flag.get("code"))
    words = as_text(concept.get("text")) or as_text(as_object(first(concept.get("coding"))).get("display"))
    return words if flag.get("status") == "active" and len(words) <= LONGEST_ALERT else ""


# Which resources belong to a patient, by which element, under which name they are kept with them, and what of them is.
ATTACHED = {
    "RelatedPerson": ("patient", "related_persons", ("active", "relationship", "name", "telecom")),
    "Consent": ("patient", "consents", ("status", "category", "dateTime", "provision", "extension")),
    "Flag": ("subject", "flags", ("status", "code")),
}
_READERS = {"RelatedPerson": person_of, "Consent": answer_of, "Flag": alert_of}


def attach(resource: Element, patient: dict[str, Any]) -> bool:
    """Keep a resource with its patient; tell whether it could be taken in."""
    kind = str(resource.get("resourceType"))
    _element, name, kept = ATTACHED[kind]
    together = patient.setdefault(name, [])
    if len(together) >= MOST_ROWS or not _READERS[kind](resource):
        return False
    together.append({element: resource[element] for element in kept if element in resource})
    return True
