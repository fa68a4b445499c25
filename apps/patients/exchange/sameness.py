"""Who of the people here a draft describes: the one place where an import decides that."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.core.imports.refusals import RowRefused
from apps.organizations.models import Organization
from apps.patients.contact import comparable_address
from apps.patients.dates import BirthPrecision, PartialDate
from apps.patients.exchange.drafts import Draft
from apps.patients.folding import fold
from apps.patients.models import ContactSystem, Identifier, Patient, Sex


@dataclass(frozen=True, slots=True)
class Facts:
    """What tells people apart: the words of the name in any order, birth date, sex, addresses, numbers."""

    name: str
    birth_date: PartialDate | None
    sex: str
    addresses: frozenset[str]
    numbers: frozenset[tuple[str, str]]


def find_same(draft: Draft, *, organization: Organization) -> Patient | None:
    """Return the patient that the draft describes beyond doubt, archived ones too, else None; at most four queries.

    Beyond doubt are: the same number in the same system; the same name and birth date with a phone or e-mail in
    common; the same name and whole birth date when nothing contradicts. Of several the oldest record.
    Raises RowRefused for a number of somebody with another name and another birth date: another system's numbers.
    """
    facts = facts_of_draft(draft, organization=organization)
    if facts.numbers:
        same = Q()
        for system, value in facts.numbers:
            same |= Q(system=system, value=value)
        found = (
            Identifier.objects.filter(same, organization_id=organization.pk)
            .select_related("patient")
            .order_by("patient__number")
            .first()
        )
        if found is not None:
            patient: Patient = found.patient
            _refuse_another_person(facts, patient, draft, found.system)
            return patient
    if facts.birth_date is None:
        return None
    candidates = Patient.objects.for_organization(organization).filter(
        birth_date=facts.birth_date.first, birth_precision=facts.birth_date.precision
    )
    named = [one for one in candidates.order_by("number") if _folded(one.given_name, one.family_name) == facts.name]
    if not named:
        return None
    loaded = Patient.objects.filter(pk__in=[one.pk for one in named]).prefetch_related("contact_points", "identifiers")
    known = [(one, facts_of_patient(one)) for one in loaded.order_by("number")]
    sharing = [one for one, other in known if facts.addresses & other.addresses]
    agreeing = [one for one, other in known if are_same(facts, other)]
    return next(iter([*sharing, *agreeing]), None)


def _refuse_another_person(facts: Facts, patient: Patient, draft: Draft, system: str) -> None:
    shares_name = bool({*facts.name.split()} & {*_folded(patient.given_name, patient.family_name).split()})
    if shares_name or facts.birth_date is None or facts.birth_date == patient.born:
        return
    place = next((n for n, row in enumerate(draft.identifiers) if row["system"] == system), 0)
    message = _(
        "%(name)s (%(number)s) has this number, with another name and birth date. "
        "Correct it, or give the other system a name of its own."
    ) % {"name": patient.full_name, "number": patient.record_number}
    raise RowRefused(draft.column(f"identifiers.{place}"), "number_of_another", message)


def are_same(one: Facts, other: Facts) -> bool:
    """Tell whether two descriptions are of one person beyond doubt."""
    if one.numbers & other.numbers:
        return True
    if one.birth_date is None or (one.name, one.birth_date) != (other.name, other.birth_date):
        return False
    if one.addresses & other.addresses:
        return True
    return one.birth_date.precision == BirthPrecision.DAY and not _contradict(one, other)


def _contradict(one: Facts, other: Facts) -> bool:
    told = {Sex.FEMALE, Sex.MALE}
    if one.sex in told and other.sex in told and one.sex != other.sex:
        return True
    theirs = dict(other.numbers)
    return any(theirs.get(system, value) != value for system, value in one.numbers)


def keys_of(facts: Facts) -> list[str]:
    """Return what descriptions of the same person have in common at least one of."""
    texts = [f"number {system} {value}" for system, value in sorted(facts.numbers)]
    if facts.birth_date is not None:
        texts.append(f"name {facts.name} {facts.birth_date}")
    return [hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts]


def facts_of_draft(draft: Draft, *, organization: Organization) -> Facts:
    """Return what a draft says, its addresses in stored form."""
    addresses = [
        comparable_address(system, str(row["value"]), country=organization.country)
        for system, rows in ((ContactSystem.PHONE, draft.phones), (ContactSystem.EMAIL, draft.emails))
        for row in rows
    ]
    numbers = [(" ".join(row["system"].split()), " ".join(row["value"].split())) for row in draft.identifiers]
    return _facts(draft.given_name, draft.family_name, draft.birth_date, draft.sex, addresses, numbers)


def facts_of_patient(patient: Patient) -> Facts:
    """Return what is known here; needs contact points and identifiers loaded."""
    return _facts(
        patient.given_name,
        patient.family_name,
        patient.born,
        patient.sex,
        [point.value for point in patient.contact_points.all()],
        [(row.system, row.value) for row in patient.identifiers.all()],
    )


def _facts(
    given: str,
    family: str,
    born: PartialDate | None,
    sex: str,
    addresses: Iterable[str],
    numbers: Iterable[tuple[str, str]],
) -> Facts:
    return Facts(_folded(given, family), born, sex, frozenset(addresses), frozenset(numbers))


def _folded(given: str, family: str) -> str:
    return " ".join(sorted(fold(f"{given} {family}").split()))
