"""The rules of tables for a merge: apps register them at start, imports go down the floors only."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.functional import Promise

from apps.core.actors import Actor
from apps.organizations.models import Organization
from apps.patients.models import Merge, Patient

if TYPE_CHECKING:
    from apps.patients.merging.ledger import Ledger
    from apps.patients.merging.references import Reference

Answers = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Pair:
    """The two records of a merge."""

    organization: Organization
    survivor: Patient
    duplicate: Patient

    def of_survivor(self, model: type[models.Model], field: str = "patient") -> QuerySet:
        """Return the survivor's rows of a table."""
        return model._default_manager.filter(organization_id=self.organization.pk, **{field: self.survivor.pk})

    def of_duplicate(self, model: type[models.Model], field: str = "patient") -> QuerySet:
        """Return the duplicate's rows of a table."""
        return model._default_manager.filter(organization_id=self.organization.pk, **{field: self.duplicate.pk})

    def of_both(self, model: type[models.Model], field: str = "patient") -> tuple[QuerySet, QuerySet]:
        """Return the survivor's rows of a table, and the duplicate's."""
        return self.of_survivor(model, field), self.of_duplicate(model, field)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to know before merging. What `blocks` must be settled first; `doubt` asks whether it is one person."""

    code: str
    message: str
    blocks: bool = False
    doubt: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Moving:
    """How a table's rows may be given from one of two separated records to the other, by a person who chooses them.

    `columns`, and expressions by a name (`named`), are read with each row for `text`, which names it in a line; `only` says which rows
    may move by themselves. `follow` does what must come along; it gets the ids of the moved rows and the former patient.
    `refusals` are sentences for constraints, with %(name)s, who has something already.
    """

    text: Callable[[dict[str, Any], Organization], str]
    columns: Sequence[str] = ()
    named: Mapping[str, Any] = field(default_factory=dict)
    only: Q = field(default_factory=Q)
    follow: Callable[[Patient, Patient, Sequence[uuid.UUID], Actor], None] | None = None
    refusals: Mapping[str, Promise] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a table wants from a merge; all parts may be absent.

    `noun` counts rows in words (`ngettext_lazy(…, "n")`). `lock` takes locks that come before a patient's in the
    application's order. `find` says what a person should know or settle, from the rows that `ask` wants: those of all
    tables are read by one statement (`core.together`), and `find` itself asks nothing. `settle` makes room before the
    duplicate's rows are moved: rows of both that a unique constraint would not let stand side by side. `separated` looks
    after what an unmerge can't see from the rows alone, and says in words what it did. `moving` lets people move what
    was made while the records were one; without it rows stay where an unmerge left them.
    """

    noun: Promise | None = None
    lock: Callable[[Pair], None] | None = None
    ask: Callable[[Pair], Sequence[QuerySet]] | None = None
    find: Callable[[Pair, Answers], Iterable[Finding]] | None = None
    settle: Callable[[Ledger], None] | None = None
    separated: Callable[[Merge, Pair], Iterable[str]] | None = None
    moving: Moving | None = None


_rules: dict[type[models.Model], Rule] = {}


def register(model: type[models.Model], rule: Rule) -> None:
    """Say what happens with a table's rows in a merge; once, at start."""
    _rules[model] = rule


def rule_of(model: type[models.Model]) -> Rule:
    """Return the table's rule, an empty one when it registered none."""
    return _rules.get(model, Rule())


def all_rules() -> list[Rule]:
    """Return every registered rule, in the order of the floors: the lowest app registers first."""
    return list(_rules.values())


def all_moving() -> dict[type[models.Model], Moving]:
    """Return the tables whose rows people may move after an unmerge, in the order of the floors."""
    return {model: rule.moving for model, rule in _rules.items() if rule.moving is not None}


def unique_with(reference: Reference) -> list[models.UniqueConstraint]:
    """Return the table's unique constraints that name the reference."""
    return [
        constraint
        for constraint in reference.model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint) and reference.field.name in constraint.fields
    ]


def drop_equal(ledger: Ledger, reference: Reference) -> None:
    """Drop the duplicate's rows that a unique constraint would not let stand beside the survivor's; a query each."""
    field = reference.field.name
    for constraint in unique_with(reference):
        same = {name: OuterRef(name) for name in constraint.fields if name != field}
        mine = ledger.pair.of_survivor(reference.model, field)
        theirs = ledger.pair.of_duplicate(reference.model, field)
        if constraint.condition is not None:
            mine, theirs = mine.filter(constraint.condition), theirs.filter(constraint.condition)
        kept = Subquery(mine.filter(**same).order_by().values("pk")[:1])
        ledger.drop(
            reference.model,
            dict(
                theirs.order_by()
                .annotate(kept_by_merge=kept)
                .filter(kept_by_merge__isnull=False)
                .values_list("pk", "kept_by_merge")
            ),
        )


def settle(ledger: Ledger, reference: Reference) -> None:
    """Make room for the duplicate's rows as the table's rule says, else by what its constraints say."""
    rule = rule_of(reference.model)
    if rule.settle is None:
        drop_equal(ledger, reference)
    elif ledger.begins_with(reference.model):
        rule.settle(ledger)
