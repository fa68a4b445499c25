"""Reading who may be the same person: facts of patients, how common their values are, candidates with their scores."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from apps.organizations.models import Organization
from apps.patients.contact import comparable_address
from apps.patients.matching import Frequencies, PersonFacts, Place, Score, match_keys, score_pair
from apps.patients.models import ContactPoint, ContactSystem, Patient, ValueCount

# More records than these share keys with nobody but by chance; those with most keys in common come first.
MOST_COMPARED = 40
_COLUMNS = (
    *("id", "given_name", "family_name", "preferred_name", "name_latin"),
    *("birth_date", "sex", "address", "version", "archived_at"),
)


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
    """Return what is known of these patients, archived ones too; two queries, no model is made."""
    wanted = list(patient_ids)
    points: defaultdict[tuple[uuid.UUID, str], set[str]] = defaultdict(set)
    rows = ContactPoint.objects.for_organization(organization).filter(patient_id__in=wanted).order_by()
    for patient_id, system, value in rows.values_list("patient_id", "system", "value"):
        points[patient_id, system].add(value)
    known = {}
    for pk, given, family, preferred, latin, born, sex, address, version, archived_at in (
        Patient.objects.for_organization(organization).filter(pk__in=wanted).order_by().values_list(*_COLUMNS)
    ):
        facts = PersonFacts(
            given_name=given,
            family_name=family,
            preferred_name=preferred,
            name_latin=latin,
            birth_date=born.isoformat() if born else "",
            sex=sex,
            phones=frozenset(points.get((pk, ContactSystem.PHONE), ())),
            emails=frozenset(points.get((pk, ContactSystem.EMAIL), ())),
            places=(Place.from_text(address),) if address else (),
        )
        known[pk] = Known(facts, version, archived_at is not None)
    return known


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
    wanted = {"", *(value for facts in people for value in counted_values(facts))}
    rows = ValueCount.objects.for_organization(organization).filter(value__in=wanted)
    counts: dict[str, int] = dict(rows.values_list("value", "people"))
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

    Four queries: who shares a key, their facts and addresses, how common the values are. `own` is left out.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM patients_sharing_keys(%s::integer[], %s, %s)",
            [keys_of(organization, facts), own, MOST_COMPARED],
        )
        ids = [row[0] for row in cursor.fetchall()]
    if not ids:
        return []
    others = {
        pk: known.facts
        for pk, known in load_facts(organization=organization, patient_ids=ids).items()
        if not known.is_archived
    }
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
