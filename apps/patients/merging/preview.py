"""What a merge would do, before it is done: fields, what moves, and what a person should know first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db import connection
from django.utils.translation import gettext as _
from rapidfuzz import fuzz

from apps.core.actors import Actor
from apps.core.errors import InvalidInput
from apps.core.together import read_together
from apps.organizations.permissions import Permission
from apps.patients.folding import fold
from apps.patients.merging.fields import FieldChoice, compare
from apps.patients.merging.references import Reference, references
from apps.patients.merging.rules import Finding, Pair, all_rules, rule_of
from apps.patients.models import Patient, Sex

SAME_FIRST_NAME = 75


@dataclass(frozen=True, slots=True)
class MergePreview:
    """Both records side by side. `moves` are rows of the duplicate, in words; `findings` the gravest first."""

    pair: Pair
    fields: list[FieldChoice]
    moves: list[str]
    findings: list[Finding]

    @property
    def blocking(self) -> list[Finding]:
        """Return what must be settled before the two can be merged."""
        return [finding for finding in self.findings if finding.blocks]

    @property
    def doubts(self) -> list[Finding]:
        """Return the signs that these may be two people."""
        return [finding for finding in self.findings if finding.doubt]

    @property
    def differing(self) -> list[FieldChoice]:
        """Return the fields in which a person has something to choose."""
        return [field for field in self.fields if field.differs]


def pair_of(survivor: Patient, duplicate: Patient) -> Pair:
    """Return the two records as a pair; raise InvalidInput when they are one, or of two organizations."""
    if survivor.pk == duplicate.pk:
        message = _("A record can't be merged with itself. Choose two.")
        raise InvalidInput(message, errors={"duplicate": [message]})
    if survivor.organization_id != duplicate.organization_id:
        message = _("There is no such patient here. Look for them in the list.")
        raise InvalidInput(message, errors={"duplicate": [message]})
    return Pair(survivor.organization, survivor, duplicate)


def preview_merge(*, survivor: Patient, duplicate: Patient, actor: Actor) -> MergePreview:
    """Return what merging would do; changes nothing and locks nothing. Four queries."""
    actor.require(Permission.PATIENTS_MERGE)
    pair = pair_of(survivor, duplicate)
    counted = count_rows(references(), pair.duplicate)
    return MergePreview(pair, compare(pair), in_words(counted), findings_of(pair))


def findings_of(pair: Pair) -> list[Finding]:
    """Return what to know about the two, what blocks first, then doubts; one query for what every rule wants to see."""
    found = [*_states(pair), *_doubts(pair), *_told_by_rules(pair)]
    return sorted(found, key=lambda finding: (not finding.blocks, not finding.doubt))


def _told_by_rules(pair: Pair) -> Iterator[Finding]:
    asking = [(rule.find, list(rule.ask(pair)) if rule.ask else []) for rule in all_rules() if rule.find]
    answers = iter(read_together(*(rows for _find, asked in asking for rows in asked)))
    for find, asked in asking:
        yield from find(pair, list(islice(answers, len(asked))))


def _states(pair: Pair) -> Iterator[Finding]:
    for patient in (pair.survivor, pair.duplicate):
        if patient.merged_into_id is not None:
            other = pair.duplicate if patient is pair.survivor else pair.survivor
            if patient.merged_into_id == other.pk:
                text = _("%(name)s (%(number)s) is a part of %(other)s already.")
            else:
                text = _("%(name)s (%(number)s) was merged into another record already.")
            yield Finding("already_merged", text % {**_named(patient), "other": other.full_name}, blocks=True)
    if pair.survivor.archived_at is not None and pair.survivor.merged_into_id is None:
        text = _("%(name)s (%(number)s) is archived. Restore the record first, or let the other one stay.")
        yield Finding("survivor_archived", text % _named(pair.survivor), blocks=True)


def _doubts(pair: Pair) -> Iterator[Finding]:
    mine, theirs = pair.survivor, pair.duplicate
    born, also_born = mine.born, theirs.born
    may_be_one_day = not (born and also_born) or (born.first <= also_born.last and also_born.first <= born.last)
    alike = fuzz.ratio(fold(mine.given_name), fold(theirs.given_name)) >= SAME_FIRST_NAME
    if born and also_born and not may_be_one_day:
        text = _("Different birth dates: %(one)s and %(other)s.")
        values = {"one": born.in_words(), "other": also_born.in_words()}
        yield Finding("birth_dates_differ", text % values, doubt=True)
    known = {mine.sex, theirs.sex} - {Sex.UNKNOWN}
    if len(known) > 1:
        text = _("Different sex: %(one)s and %(other)s.")
        values = {"one": mine.get_sex_display().lower(), "other": theirs.get_sex_display().lower()}
        yield Finding("sexes_differ", text % values, doubt=True)
    if alike or not (mine.given_name and theirs.given_name):
        return
    if born and born == also_born and fold(mine.family_name) == fold(theirs.family_name):
        text = _("Same family name and birth date, other given names: they may be twins.")
        yield Finding("may_be_twins", text, doubt=True)
    else:
        yield Finding("names_differ", _("Different given names: they may be two people of one household."), doubt=True)


def _named(patient: Patient) -> dict[str, str]:
    return {"name": patient.full_name, "number": patient.record_number}


def count_rows(tables: Sequence[Reference], patient: Patient) -> dict[str, int]:
    """Return how many rows of each table point to the patient, by label; one query."""
    parts = [
        f"SELECT %s::text, count(*) FROM {reference.table} WHERE {reference.column} = %s AND organization_id = %s"  # noqa: S608 - a model's table and column
        for reference in tables
    ]
    values = [value for reference in tables for value in (reference.label, patient.pk, patient.organization_id)]
    counts: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        for label, count in cursor.fetchall():
            counts[label] = counts.get(label, 0) + count
    return counts


def in_words(counts: Mapping[str, int]) -> list[str]:
    """Return counts of rows by their tables' nouns, in the order of the floors; tables without rows are left out."""
    models = {reference.label: reference.model for reference in references()}
    words = []
    for label, model in models.items():
        n = counts.get(label, 0)
        noun = rule_of(model).noun
        if n:
            words.append(str(noun % {"n": n}) if noun is not None else f"{n} {model._meta.verbose_name_plural}")
    return words
