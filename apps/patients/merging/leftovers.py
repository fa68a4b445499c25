"""What was made while two records were one, and stands with one of them since they were separated."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import models
from django.db.models import Case, QuerySet, When

from apps.core.together import moment, read_together
from apps.patients.merging.rules import Moving, Pair, all_moving, rule_of
from apps.patients.models import Merge, MergeRow

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Leftover:
    """A row that a person may give to the other record: which table's, when it was made (UTC), how it names itself."""

    model: str
    id: uuid.UUID
    patient_id: uuid.UUID
    at: dt.datetime
    text: str


@dataclass(frozen=True, slots=True)
class Kind:
    """The leftovers of one table, the survivor's first, then the newest; `has_more` tells that there are more than listed."""

    model: str
    name: str
    rows: list[Leftover]
    has_more: bool


def leftovers_of(merge: Merge, pair: Pair) -> list[Kind]:
    """Return what may be moved after an undone merge, by table, up to MOST_SHOWN of each; one query.

    Rows of before the merge were sorted by the unmerge, those of after it were made for one of the two; and no row can
    come to a record while it is merged. So it is what either has from the time between.
    """
    tables = all_moving()
    found = read_together(
        *(
            rows_of(merge, pair, model, moving)
            .order_by(Case(When(patient=pair.survivor.pk, then=0), default=1), "-created_at", "id")
            .values("id", "patient_id", "created_at", *moving.columns, **moving.named)[: MOST_SHOWN + 1]
            for model, moving in tables.items()
        )
    )
    kinds = []
    for (model, moving), rows in zip(tables.items(), found, strict=True):
        label = model._meta.label
        lines = [
            Leftover(
                label,
                uuid.UUID(row["id"]),
                uuid.UUID(row["patient_id"]),
                moment(row["created_at"]),
                moving.text(row, pair.organization),
            )
            for row in rows[:MOST_SHOWN]
        ]
        if lines:
            kinds.append(Kind(label, name_of(model), lines, len(rows) > MOST_SHOWN))
    return kinds


def rows_of(merge: Merge, pair: Pair, model: type[models.Model], moving: Moving) -> QuerySet:
    """Return the rows of a table that may be moved, of either record."""
    touched = MergeRow.objects.filter(merge=merge, model=model._meta.label).values("row_id")
    return (
        model._default_manager.filter(
            organization_id=pair.organization.pk, patient__in=[pair.survivor.pk, pair.duplicate.pk]
        )
        .filter(moving.only, created_at__gt=merge.created_at, created_at__lte=merge.undone_at)
        .exclude(pk__in=touched)
    )


def name_of(model: type[models.Model]) -> str:
    """Return what a table's rows are called, several of them."""
    noun = rule_of(model).noun
    words = str(noun % {"n": 2}).removeprefix("2 ") if noun is not None else str(model._meta.verbose_name_plural)
    return words[:1].upper() + words[1:]
