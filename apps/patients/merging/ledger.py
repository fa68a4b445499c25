"""Everything that a merge does to rows goes through here, so that every touched row is recorded.

Values are kept as PostgreSQL's own to_jsonb writes them and come back through jsonb_populate_record: exact for every
type, to the microsecond, without this module knowing any table.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection, models

from apps.patients.merging.references import Reference
from apps.patients.merging.rules import Pair
from apps.patients.models import Merge, MergeRow, MergeRowKind

Row = dict[str, Any]
# What a save sets by itself; an unmerge works it out anew.
DERIVED = frozenset({"updated_at", "version", "lock_version", "search_text", "sort_name"})


def snapshot(model: type[models.Model], ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Row]:
    """Return rows as the database has them, by id, as JSON; one query."""
    if not ids:
        return {}
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, to_jsonb(kept)::text FROM {table} kept WHERE id = ANY(%s)", [list(ids)])  # noqa: S608 - a model's table
        return {pk: json.loads(row) for pk, row in cursor.fetchall()}


class Ledger:
    """The record of one merge while it is made; `save` writes what `drop` and `watch` collected."""

    def __init__(self, pair: Pair, merge: Merge, choices: Mapping[str, Any]) -> None:
        self.pair = pair
        self.merge = merge
        self.choices = choices
        self.moved: dict[str, int] = {}
        self._settled: set[type[models.Model]] = set()
        self._rows: list[MergeRow] = []

    def begins_with(self, model: type[models.Model]) -> bool:
        """Tell whether a table is settled for the first time: one with two references is asked twice."""
        is_first = model not in self._settled
        self._settled.add(model)
        return is_first

    def repoint(self, reference: Reference) -> None:
        """Point the duplicate's rows to the survivor and record each of them: one statement, however many rows."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                WITH moved AS (
                    UPDATE {reference.table} SET {reference.column} = %(survivor)s
                    WHERE {reference.column} = %(duplicate)s AND organization_id = %(organization)s RETURNING id
                )
                INSERT INTO patients_mergerow
                    (id, created_at, updated_at, organization_id, merge_id, kind, model, row_id, field, before, after)
                SELECT gen_random_uuid(), now(), now(), %(organization)s, %(merge)s, %(kind)s, %(model)s, id, %(field)s,
                       to_jsonb(%(duplicate)s::text), to_jsonb(%(survivor)s::text) FROM moved
                """,  # noqa: S608 - a model's table and column
                {
                    "survivor": self.pair.survivor.pk,
                    "duplicate": self.pair.duplicate.pk,
                    "organization": self.pair.organization.pk,
                    "merge": self.merge.pk,
                    "kind": MergeRowKind.REPOINTED,
                    "model": reference.label,
                    "field": reference.field.column,
                },
            )
            self.moved[reference.label] = self.moved.get(reference.label, 0) + cursor.rowcount

    def drop(self, model: type[models.Model], kept: Mapping[uuid.UUID, uuid.UUID]) -> None:
        """Delete rows, each because of the one that is kept in its place; only rows that nothing points to."""
        if not kept:
            return
        before = snapshot(model, kept.keys())
        rows = model._default_manager.filter(pk__in=before.keys())
        rows._raw_delete(rows.db)  # type: ignore[attr-defined]
        self._rows += [
            self._row(MergeRowKind.DROPPED, model, pk, before=row, after={"kept": str(kept[pk])})
            for pk, row in before.items()
        ]

    @contextmanager
    def watch(self, model: type[models.Model], ids: Collection[uuid.UUID]) -> Iterator[None]:
        """Record which columns of these rows the block changes; a query before and one after it."""
        before = snapshot(model, ids)
        yield
        after = snapshot(model, ids)
        self._rows += [
            self._row(MergeRowKind.CHANGED, model, pk, field=column, before=value, after=after[pk][column])
            for pk, row in before.items()
            for column, value in row.items()
            if column not in DERIVED and value != after[pk][column]
        ]

    def save(self) -> None:
        """Write what was collected; one statement."""
        MergeRow.objects.bulk_create(self._rows)

    def _row(self, kind: MergeRowKind, model: type[models.Model], pk: uuid.UUID, **values: Any) -> MergeRow:
        return MergeRow(
            organization_id=self.pair.organization.pk,
            merge=self.merge,
            kind=kind,
            model=model._meta.label,
            row_id=pk,
            **values,
        )
