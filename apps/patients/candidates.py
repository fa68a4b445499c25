"""Reading who may be the same person: facts of patients, how common their values are, candidates with their scores."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from apps.organizations.models import Organization
from apps.patients.contact import comparable_address
from apps.patients.matching import Frequencies, PersonFacts, Place, Score, match_keys, score_pair
from apps.patients.models import ContactSystem

# More records than these share keys with nobody but by chance; those with most keys in common come first.
MOST_COMPARED = 40
_BY_ID = "SELECT * FROM patients_facts(organization => %s, people => %s::uuid[])"
_BY_KEYS = """
    SELECT * FROM patients_facts(
        organization => %s, people => ARRAY(SELECT id FROM patients_sharing_keys(%s::integer[], %s, %s))
    )
    WHERE NOT is_archived
"""
_COUNTS = "SELECT value, people FROM patients_valuecount WHERE organization_id = %s AND value = ANY (%s)"


@dataclass(frozen=True, slots=True)
class Known:
    """A patient's facts, with the version that they are of."""

    facts: PersonFacts
    version: int
    is_archived: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patient who may be the person, and why."""

    patient_id: uuid.UUID
    score: Score


def load_facts(*, organization: Organization, patient_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Known]:
    """Return what is known of these patients, archived ones too; one query, no model is made."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_ID, [organization.pk, list(patient_ids)])
        return {row[0]: _known(*row[1:]) for row in cursor.fetchall()}


def _known(
    given: str,
    family: str,
    preferred: str,
    latin: str,
    born: str | None,
    sex: str,
    version: int,
    is_archived: bool,
    points: list[str],
    addresses: str | None,
    identifiers: str | None,
    relations: list[str],
) -> Known:
    facts = PersonFacts(
        given_name=given,
        family_name=family,
        preferred_name=preferred,
        name_latin=latin,
        birth_date=born or "",
        sex=sex,
        phones=_of_system(points, ContactSystem.PHONE),
        emails=_of_system(points, ContactSystem.EMAIL),
        places=tuple(filter(None, (place_of(*address) for address in json.loads(addresses)))) if addresses else (),
        identifiers=json.loads(identifiers) if identifiers else {},
        relations=frozenset(relations),
    )
    return Known(facts, version, is_archived)


def place_of(lines: Sequence[str], city: str, postal_code: str) -> Place:
    """Return an address in parts; one that stands in a single line, as older records have it, is taken apart."""
    if len(lines) == 1 and not city and not postal_code:
        return Place.from_text(lines[0])
    street, *further = lines or [""]
    return Place.from_parts(line=street, extra=" ".join(further), locality=city, postal_code=postal_code)


def _of_system(points: list[str], system: str) -> frozenset[str]:
    start = f"{system}:"
    return frozenset([point.removeprefix(start) for point in points if point.startswith(start)])


def typed_facts(
    *,
    organization: Organization,
    given_name: str = "",
    family_name: str = "",
    preferred_name: str = "",
    name_latin: str = "",
    birth_date: str = "",
    sex: str = "",
    phones: Iterable[str] = (),
    emails: Iterable[str] = (),
    identifiers: Mapping[str, str] | None = None,
    address: str = "",
) -> PersonFacts:
    """Return facts as somebody typed them: phones in any format of the organization's country, an address in one line."""
    country = organization.country
    return PersonFacts(
        given_name=given_name,
        family_name=family_name,
        preferred_name=preferred_name,
        name_latin=name_latin,
        birth_date=birth_date,
        sex=sex,
        phones=frozenset(comparable_address(ContactSystem.PHONE, phone, country=country) for phone in phones if phone),
        emails=frozenset(comparable_address(ContactSystem.EMAIL, email, country=country) for email in emails if email),
        places=(Place.from_text(address),) if address else (),
        identifiers=identifiers or {},
    )


def counted_values(facts: PersonFacts) -> list[str]:
    """Return the values of a person that are counted, each with its kind."""
    pairs = [
        *(("given", name) for name in facts.given_names),
        *(("family", name) for name in facts.family_names),
        ("birth", facts.born),
        *(("street", place.street) for place in facts.places),
        *(("locality", place.locality) for place in facts.places),
        *(("postal", place.postal_code) for place in facts.places),
    ]
    return sorted({f"{kind}|{value}" for kind, value in pairs if value})


def load_frequencies(*, organization: Organization, people: Iterable[PersonFacts]) -> Frequencies:
    """Return how common these people's values are, as they were last counted; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [organization.pk, _wanted(people)])
        return _frequencies(cursor.fetchall())


def _wanted(people: Iterable[PersonFacts]) -> list[str]:
    return list({"", *(value for facts in people for value in counted_values(facts))})


def _frequencies(rows: Iterable[tuple[str, int]]) -> Frequencies:
    counts = dict(rows)
    total = counts.pop("", 0)
    return Frequencies(total, {_split(value): n for value, n in counts.items()})


def _split(value: str) -> tuple[str, str]:
    kind, _bar, rest = value.partition("|")
    return kind, rest


def keys_of(organization: Organization, facts: PersonFacts) -> list[int]:
    """Return the keys under which other records of the organization find these facts."""
    return match_keys(facts, salt=str(organization.pk))


def find_candidates(
    *, organization: Organization, facts: PersonFacts, own: uuid.UUID | None = None, at_least: float, limit: int = 10
) -> list[Candidate]:
    """Return the active patients who may be this person, with at least so many bits, best first.

    One query: who shares a key, with their facts, and how common the person's own values are; another one if somebody
    comes near. `own` is left out.
    """
    counts = (organization.pk, _wanted([facts]))
    sharing = (organization.pk, keys_of(organization, facts), own, MOST_COMPARED)
    with connection.cursor() as cursor:
        cursor.execute(f"{_COUNTS}; {_BY_KEYS}", (*counts, *sharing))
        frequencies = _frequencies(cursor.fetchall())
        cursor.nextset()
        others = {row[0]: _known(*row[1:]).facts for row in cursor.fetchall()}
    near = _near(facts, others, frequencies=frequencies, at_least=at_least)
    return best_of(organization=organization, facts=facts, others=near, at_least=at_least, limit=limit)


def _near(
    facts: PersonFacts, others: Mapping[uuid.UUID, PersonFacts], *, frequencies: Frequencies, at_least: float
) -> dict[uuid.UUID, PersonFacts]:
    """Return who might be the person by how common the person's own values are.

    How common the others' values are can only lower a score: so it is asked for those alone, of forty hardly one.
    """
    scores = {pk: score_pair(facts, other, frequencies=frequencies) for pk, other in others.items()}
    return {pk: others[pk] for pk, score in scores.items() if score.ceiling >= at_least}


def best_of(
    *,
    organization: Organization,
    facts: PersonFacts,
    others: Mapping[uuid.UUID, PersonFacts],
    at_least: float,
    limit: int = 10,
) -> list[Candidate]:
    """Return which of the others may be this person, with at least so many bits, best first; one query."""
    if not others:
        return []
    frequencies = load_frequencies(organization=organization, people=[facts, *others.values()])
    found = [Candidate(pk, score_pair(facts, other, frequencies=frequencies)) for pk, other in others.items()]
    fitting = sorted((one for one in found if one.score.bits >= at_least), key=lambda one: -one.score.bits)
    return fitting[:limit]


def pairs_sharing_keys(
    *, organization: Organization, keys: Mapping[uuid.UUID, Sequence[int]]
) -> set[tuple[uuid.UUID, uuid.UUID]]:
    """Return the pairs to compare for these patients, each ordered by id; one query for all of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT own.id, other.id FROM unnest(%s::uuid[], %s::text[]) AS own (id, keys) "
            "CROSS JOIN LATERAL patients_sharing_keys(own.keys::integer[], own.id, %s) AS other",
            [list(keys), [f"{{{','.join(map(str, mine))}}}" for mine in keys.values()], MOST_COMPARED],
        )
        return {(min(pair), max(pair)) for pair in cursor.fetchall()}
