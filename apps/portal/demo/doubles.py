"""Second records of some people, and people who only look like it: what the review of duplicates is there for.

Written through the services as a front desk would, so that each is found, compared and merged as a real one is.
"""

from __future__ import annotations

import random
from typing import Any

from apps.core.actors import Actor
from apps.media.models import Purpose
from apps.organizations.models import Organization
from apps.patients import services
from apps.patients.models import Patient
from apps.portal.demo.papers import keep, portrait, results

HILL = {"lines": ["14 Chapel Hill", "Apt 3B"], "city": "Brooklyn", "state": "NY", "postal_code": "11209"}
MILL = {"lines": ["88 Mill Lane"], "city": "Queens", "state": "NY", "postal_code": "11361"}
PHONES = "+1332555{:04d}"  # nobody else of the demo has one of 160 to 168; 0142 is the stranger of the simulator
MOTHER = "Ottilie"
# Two records of one person each: (what both have, what only the later one has instead). Then who is not one person.
TWICE: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    (  # a typo
        {
            "given_name": "Margaret",
            "family_name": "Thornbury",
            "birth_date": "1961-04-12",
            "phones": [160],
            "sex": "female",
        },
        {"given_name": "Margret"},
    ),
    (  # names in each other's field
        {"given_name": "Tomasz", "family_name": "Zielonka", "birth_date": "1983-11-30", "phones": [161], "sex": "male"},
        {"given_name": "Zielonka", "family_name": "Tomasz", "phones": []},
    ),
    (  # day and month exchanged
        {
            "given_name": "Helena",
            "family_name": "Vasquez-Ruiz",
            "birth_date": "1974-03-08",
            "phones": [162],
            "sex": "female",
        },
        {"birth_date": "1974-08-03"},
    ),
    (  # the name before the marriage
        {
            "given_name": "Caroline",
            "family_name": "Ashdown",
            "birth_date": "1990-06-21",
            "phones": [163],
            "sex": "female",
        },
        {"family_name": "Pryce", "addresses": [HILL]},
    ),
    (  # only the year is known, and the short form of the name
        {
            "given_name": "William",
            "family_name": "Oakhurst",
            "birth_date": "1948-02-17",
            "phones": [164],
            "sex": "male",
        },
        {"given_name": "Bill", "birth_date": "1948"},
    ),
)
APART: tuple[dict[str, Any], ...] = (
    {"given_name": MOTHER, "family_name": "Kettleworth", "birth_date": "1985-01-09", "sex": "female"},
    {"given_name": "Arlo", "family_name": "Kettleworth", "birth_date": "2019-05-02", "sex": "male"},
    {"given_name": "Iris", "family_name": "Kettleworth", "birth_date": "2019-05-02", "sex": "female"},
    {"given_name": "Victor", "family_name": "Kettleworth", "birth_date": "1951-10-23", "sex": "male"},
    {"given_name": "Victor", "family_name": "Kettleworth", "birth_date": "1984-07-14", "sex": "male"},
)
MERGED: dict[str, Any] = {
    "given_name": "Josephine",
    "family_name": "Abernathy",
    "birth_date": "1979-09-05",
    "sex": "female",
    "gender_identity": "non-binary",
    "alerts": ["Latex allergy"],
    "tags": ["Physiotherapy"],
    "addresses": [MILL],
}


def write_doubles(organization: Organization, *, actor: Actor) -> int:
    """Register them, and merge one pair, to which something is added afterwards; return how many records."""
    rng = random.Random(len(TWICE))  # noqa: S311 - invented people, not secrets
    for place, (both, other) in enumerate(TWICE):
        first = _register(organization, both, actor)
        second = _register(organization, both | other, actor)
        if place % 2 == 0:
            keep(organization, first, "photo.jpg", "image/jpeg", portrait(rng), Purpose.PHOTO)
        _refuse(second, "sms", actor)
    _household(organization, actor=actor)
    _merge_a_pair(organization, rng, actor)
    return 2 * len(TWICE) + len(APART) + 2


def _household(organization: Organization, *, actor: Actor) -> None:
    """Register twins with their mother as guardian, and a father and son of one name: one home, one phone, five people."""
    people: list[Patient] = []
    for place, person in enumerate(APART):
        fields: dict[str, Any] = {"phones": [165], "addresses": [HILL]} | person
        if person["birth_date"].startswith("2019"):
            guardian = {"relationship": "parent", "name": f"{MOTHER} Kettleworth", "is_guardian": True}
            fields["related_persons"] = [guardian | {"linked_patient": people[0].pk, "is_emergency_contact": True}]
            fields["alerts"] = ["Needs ramp"] if place == 1 else []
        people.append(_register(organization, fields, actor))
    return people


def _merge_a_pair(organization: Organization, rng: random.Random, actor: Actor) -> None:
    stays = _register(organization, MERGED | {"phones": [166], "emails": ["josephine.abernathy@example.org"]}, actor)
    goes = _register(organization, MERGED | {"given_name": "Jo", "phones": [167], "tags": ["Home visits"]}, actor)
    services.set_consent(patient=goes, purpose="photos", status="active", source="front desk", actor=actor)
    keep(organization, goes, "Referral.pdf", "application/pdf", results(rng, ["Jo Abernathy"]), Purpose.DOCUMENT)
    services.merge_patients(survivor=stays, duplicate=goes, despite_doubts=True, actor=actor)
    services.add_contact_point(patient=stays, system="phone", value=PHONES.format(168), actor=actor)
    lines = ["Josephine Abernathy", f"Record {stays.record_number}"]
    keep(organization, stays, "New results.pdf", "application/pdf", results(rng, lines), Purpose.DOCUMENT)


def _register(organization: Organization, fields: dict[str, Any], actor: Actor) -> Patient:
    phones = [PHONES.format(line) for line in fields.get("phones", [])]
    return services.create_patient(organization=organization, **fields | {"phones": phones}, actor=actor)


def _refuse(patient: Patient, purpose: str, actor: Actor) -> None:
    for status, words in (("active", ""), ("withdrawn", "Asked at the desk not to be written to")):
        services.set_consent(
            patient=patient,
            purpose=purpose,
            status=status,
            source="front desk",
            method="spoken",
            evidence=words,
            actor=actor,
        )
