"""Which people of a file may be here already, for a whole piece of it in two questions: most of them are new."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from apps.organizations.models import Organization
from apps.patients.dates import PartialDate
from apps.patients.exchange.drafts import Draft
from apps.patients.exchange.sameness import Facts, facts_of_draft
from apps.patients.models import Identifier, Patient


class Acquaintances:
    """Who is here with a number, or a name and birth date, that somebody of these people has.

    `may_know` says no only where `find_same` finds nobody; where it says yes, `find_same` decides.
    """

    def __init__(self, people: Collection[Facts], *, organization: Organization) -> None:
        values = {value for one in people for _system, value in one.numbers}
        days = {one.birth_date.first for one in people if one.birth_date is not None}
        numbers = Identifier.objects.filter(organization_id=organization.pk, value__in=values)
        self.numbers = set(numbers.values_list("system", "value")) if values else set()
        self.named = set(_named(days, organization)) if days else set()

    def may_know(self, one: Facts) -> bool:
        return bool(one.numbers & self.numbers) or (one.name, one.birth_date) in self.named


def _named(days: Collection[object], organization: Organization) -> Iterator[tuple[str, PartialDate | None]]:
    columns = ("given_name", "family_name", "birth_date", "birth_precision")
    for one in Patient.objects.for_organization(organization).filter(birth_date__in=days).only(*columns):
        draft = Draft(given_name=one.given_name, family_name=one.family_name, birth_date=one.born)
        facts = facts_of_draft(draft, organization=organization)
        yield facts.name, facts.birth_date
