"""Writing many rows in SQL: INSERT … SELECT with the models' own defaults, without indexes while the rows go in."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from typing import Any

from django.db import connection, models

from apps.patients.folding import index_text, sort_text
from apps.portal.demo.people import FAMILY, GIVEN

PHONE = "('+1212' || (2000000 + {}))"
NAMES = 5000


def run(model: type[models.Model], source: str, columns: Mapping[str, str], values: Mapping[str, Any]) -> int:
    """Insert the columns' expressions selected from a source, every other column with its default; return the count.

    The table is analysed at once, because the next INSERT reads from it.
    """
    statement, defaults = _insert(model, source, columns)
    with connection.cursor() as cursor:
        cursor.execute(statement, {**values, **defaults})
        count = int(cursor.rowcount)
        cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")
    return count


def insert_statement(model: type[models.Model], source: str, columns: Mapping[str, str]) -> str:
    """Return the INSERT with the defaults written out, for other clients of the database; `%%` stands for `%`."""
    statement, defaults = _insert(model, source, columns)
    return connection.ops.compose_sql(statement, defaults)


def _insert(model: type[models.Model], source: str, columns: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Return the statement and the values of the columns that are not named.

    A new column of a model needs no word in the benchmarks unless it has no default.
    """
    expressions: dict[str, str] = {}
    defaults: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        name = str(field.column)
        if name in columns:
            expressions[name] = columns[name]
        elif field.primary_key:
            expressions[name] = "uuidv7()"
        elif getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
            expressions[name] = "now()"
        elif field.db_default is models.NOT_PROVIDED:
            expressions[name] = f"%(default_{name})s"
            defaults[f"default_{name}"] = field.get_db_prep_save(field.get_default(), connection)
    names = ", ".join(connection.ops.quote_name(name) for name in expressions)
    table = connection.ops.quote_name(model._meta.db_table)
    return f"INSERT INTO {table} ({names}) SELECT {', '.join(expressions.values())} FROM {source}", defaults


@contextmanager
def bulk(loaded: Sequence[type[models.Model]]) -> Iterator[None]:
    """Write without triggers (foreign keys among them) and without indexes but the keys; as superuser.

    Unique and exclusion constraints are built again afterwards, so they hold; the tables are vacuumed and analysed.
    """
    tables = [model._meta.db_table for model in loaded]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("SET maintenance_work_mem = '256MB'")
        cursor.execute(
            """
            SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
                   format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
            FROM pg_constraint
            WHERE conrelid::regclass::text = ANY(%(tables)s) AND contype IN ('u', 'x')
            UNION ALL
            SELECT format('DROP INDEX %%I', i.relname), pg_get_indexdef(x.indexrelid)
            FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
            WHERE x.indrelid::regclass::text = ANY(%(tables)s)
              AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = x.indexrelid)
            """,
            {"tables": tables},
        )
        indexes = cursor.fetchall()
        for drop, _make in indexes:
            cursor.execute(drop)
        yield
        for _drop, make in indexes:
            cursor.execute(make)
        cursor.execute("VACUUM (ANALYZE, FREEZE)")


def missing(model: type[models.Model], total: int) -> int:
    """Return how many rows of a model lack to `total`."""
    return max(0, total - model._default_manager.count())


def name_people() -> None:
    """Make a temporary table of names with their folded forms, as the patients' service would write them."""
    pairs = list(product(sorted({*GIVEN["female"], *GIVEN["male"]}), FAMILY))
    random.Random(1).shuffle(pairs)
    rows = [
        (
            number,
            given,
            family,
            index_text(names=(given, family), number="", phones=(), emails=()).rstrip(),
            sort_text(given_name=given, family_name=family),
        )
        for number, (given, family) in enumerate(pairs[:NAMES])
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE bench_name (n int PRIMARY KEY, given text, family text, words text, sort text)"
        )
        cursor.executemany("INSERT INTO bench_name VALUES (%s, %s, %s, %s, %s)", rows)
        cursor.execute("ANALYZE bench_name")


def patient_columns(number: str) -> dict[str, str]:
    """Return a patient's columns for a record number, with the name and folded words of `bench_name`."""
    return {
        "organization_id": "%(organization)s",
        "number": number,
        "given_name": "given",
        "family_name": "family",
        "birth_date": f"date '1940-01-01' + ({number} * 37) %% 25000",
        "sort_name": "sort",
        "search_text": f"words || ' ' || lpad(({number})::text, 6, '0') || ' ' || substr({PHONE.format(number)}, 2) || ' '",
    }


def visit_columns(*, patient: str, practitioner: str) -> dict[str, str]:
    """Return the columns of a half-hour visit that begins `at`."""
    return {
        "organization_id": "%(organization)s",
        "patient_id": patient,
        "practitioner_id": practitioner,
        "start": "at",
        "end": "at + interval '30 minutes'",
        "busy_period": "tstzrange(at, at + interval '30 minutes')",
        "created_at": "least(at, now()) - interval '7 days'",
    }
