"""Rows of several tables, asked for by one statement: a page that looks at many small things asks one question."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import QuerySet
from django.db.models.query import ModelIterable

Found = list[list[Any]]


def read_together(*asked: QuerySet) -> Found:
    """Return the rows of each query, in its order; one statement for all of them.

    A query for whole rows gives its model's objects (no related ones, no ranges, no bytes), one for `values` gives
    dicts as JSON has them: moments are ISO 8601 text. Meant for some dozens of rows each: limit what may be many.
    """
    parts: list[str] = []
    parameters: list[Any] = []
    for rows in asked:
        try:
            sql, values = rows.query.sql_with_params()
        except EmptyResultSet:
            parts.append("NULL::jsonb")
            continue
        parts.append(f"(SELECT jsonb_agg(to_jsonb(found)) FROM ({sql}) found)")  # noqa: S608 - the ORM's own text; its values are parameters
        parameters += values
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'{part}::text' for part in parts)}", parameters)
        answers = cursor.fetchone()
    return [_read(rows, answer) for rows, answer in zip(asked, answers, strict=True)]


def _read(rows: QuerySet, answer: str | None) -> list[Any]:
    found: list[dict[str, Any]] = json.loads(answer) if answer else []
    if rows._iterable_class is not ModelIterable:  # how Django tells objects from values
        return found
    return [_object(rows.model, row) for row in found]


def _object(model: type[models.Model], row: dict[str, Any]) -> models.Model:
    fields = [field for field in model._meta.concrete_fields if field.column is not None and field.column in row]
    values = [field.to_python(row[field.column or ""]) for field in fields]
    return model.from_db(connection.alias, [field.attname for field in fields], values)


def moment(text: str) -> dt.datetime:
    """Read a moment out of a row of `values`."""
    return dt.datetime.fromisoformat(text)
