"""What else a record says of an invented person: addresses, numbers, people around them, wishes."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from apps.organizations.models import Organization
from apps.patients.dates import BirthPrecision, PartialDate
from apps.patients.models import (
    Address,
    ContactPoint,
    ContactSystem,
    ContactUse,
    Identifier,
    IdentifierSystem,
    Patient,
    RelatedPerson,
    Relationship,
)
from apps.portal.demo.people import FAMILY, FEATURED, GIVEN, Person

SYSTEMS = {"insurance": "Insurance member number", "passport": "Passport", "drivers-license": "Driver’s license"}
PLACES = [("New York", "NY", 10001), ("Brooklyn", "NY", 11201), ("Queens", "NY", 11354), ("Yonkers", "NY", 10701)]
TAGS = ["Diabetes program", "Physiotherapy", "Home visits", "New this year"]
TIMES = [
    {"parts": ["morning"]},
    {"parts": ["evening"]},
    {"days": ["mon", "wed", "fri"]},
    {"days": ["sat"], "from": "10:00", "to": "13:00"},
    {"from": "17:30", "to": "20:00"},
]
GROWN_UP = 16 * 365
# Two of the featured people live together: (their places in the list, the phone at home).
COUPLE, LANDLINE = (3, 16), "+13325550110"
ONLY_YEAR_KNOWN = {22}  # of the featured people


@dataclass(frozen=True, slots=True)
class Particulars:
    """One person's further data; `numbers` are identifiers by system."""

    born: PartialDate
    numbers: dict[str, str]
    street: tuple[str, ...]
    place: tuple[str, str, str]
    fields: dict[str, object]
    further_phones: tuple[str, ...] = field(default=())


def invent_particulars(people: Sequence[Person]) -> list[Particulars]:
    """Return each person's particulars; from a generator of its own, so that nothing else of the demo moves."""
    rng, member = random.Random(len(people)), count(10_000_000)  # noqa: S311 - invented people, not secrets
    return [_particulars(rng, place, person, next(member)) for place, person in enumerate(people)]


def _particulars(rng: random.Random, place: int, person: Person, member: int) -> Particulars:
    numbers = {"insurance": f"TWH{member * 37 % 100_000_000:08d}"} if rng.random() < 0.6 else {}
    if rng.random() < 0.1:
        numbers["passport"] = f"{rng.choice('ABCX')}{member * 53 % 100_000_000:08d}"
    city, state, code = rng.choice(PLACES)
    flat = (f"Apt {rng.randint(1, 12)}{rng.choice('ABCD')}",) if rng.random() < 0.3 else ()
    fields: dict[str, object] = {}
    if rng.random() < 0.3:
        fields["preferred_channel"] = rng.choice(("whatsapp", "whatsapp", "sms", "voice"))
    if rng.random() < 0.12:
        fields["preferred_times"] = rng.choice(TIMES)
    if rng.random() < 0.1:
        fields["tags"] = [rng.choice(TAGS)]
    if rng.random() < 0.02:
        fields["gender_identity"] = "non-binary"
    chance = rng.random()
    vague = place in ONLY_YEAR_KNOWN or (place >= len(FEATURED) and chance < 0.01)
    first = dt.date(person.birth_date.year, 1, 1)
    return Particulars(
        born=PartialDate(first, BirthPrecision.YEAR) if vague else PartialDate(person.birth_date),
        numbers=numbers,
        street=(person.address, *flat),
        place=(city, state, f"{code + rng.randint(0, 24):05d}"),
        fields=fields,
        further_phones=(LANDLINE,) if place in COUPLE else (),
    )


def offered_systems(organization: Organization) -> list[IdentifierSystem]:
    """Return the kinds of numbers that the clinic asks for."""
    return [
        IdentifierSystem(organization=organization, system=system, name=name, rank=rank)
        for rank, (system, name) in enumerate(SYSTEMS.items(), start=1)
    ]


def addresses_of(patient: Patient, known: Particulars) -> Iterator[Address]:
    """Yield where the person lives."""
    city, state, code = known.place
    yield Address(
        organization_id=patient.organization_id,
        patient=patient,
        lines=list(known.street),
        city=city,
        state=state,
        postal_code=code,
        country="US",
    )


def identifiers_of(patient: Patient, known: Particulars) -> Iterator[Identifier]:
    """Yield the person's numbers."""
    for system, value in known.numbers.items():
        yield Identifier(organization_id=patient.organization_id, patient=patient, system=system, value=value)


def further_points_of(patient: Patient, known: Particulars) -> Iterator[ContactPoint]:
    """Yield the phones after the first one."""
    for rank, phone in enumerate(known.further_phones, start=2):
        yield ContactPoint(
            organization_id=patient.organization_id,
            patient=patient,
            system=ContactSystem.PHONE,
            value=phone,
            use=ContactUse.HOME,
            rank=rank,
        )


def related_to(pairs: Sequence[tuple[Patient, Person]], today: dt.date) -> Iterator[RelatedPerson]:
    """Yield who stands behind whom: a parent for each child, somebody to call for some of the others."""
    rng = random.Random(len(pairs) + 1)  # noqa: S311 - as above
    couple = [pairs[place][0] for place in COUPLE if place < len(pairs)]
    for patient, person in pairs:
        other = next((one for one in couple if patient in couple and one is not patient), None)
        if other is not None:
            yield _related(patient, Relationship.PARTNER, other.full_name, LANDLINE, linked_patient=other)
        elif (today - person.birth_date).days < GROWN_UP:
            name = f"{rng.choice(GIVEN['female'])} {person.family_name or rng.choice(FAMILY)}"
            yield _related(patient, Relationship.PARENT, name, person.phone, is_guardian=True)
        elif rng.random() < 0.35:
            relationship = rng.choice((Relationship.PARTNER, Relationship.SIBLING, Relationship.FRIEND))
            name = f"{rng.choice(GIVEN[rng.choice(('female', 'male'))])} {rng.choice(FAMILY)}"
            yield _related(patient, relationship, name, f"+1332555{rng.randint(120, 199):04d}")


def _related(
    patient: Patient,
    relationship: Relationship,
    name: str,
    phone: str,
    *,
    is_guardian: bool = False,
    linked_patient: Patient | None = None,
) -> RelatedPerson:
    return RelatedPerson(
        organization_id=patient.organization_id,
        patient=patient,
        relationship=relationship,
        name=name,
        phone=phone,
        is_guardian=is_guardian,
        linked_patient=linked_patient,
        is_emergency_contact=True,
    )
