"""The numbers that a page shows (badges, tabs, filters): asked for one by one, answered by one query.

Each app says which rows its number counts and how far it goes; whoever reads the first number pays for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest

Later = Callable[[], int]
CAP = 1000


def capped(count: int, cap: int = CAP) -> str:
    """Return a number as it is shown: "12", or "999+" at the cap, because nobody reads more."""
    return str(count) if count < cap else f"{cap - 1}+"


class Counts:
    """Collects what is to be counted until the first number is read."""

    def __init__(self) -> None:
        self._asked: list[tuple[QuerySet, int]] = []
        self._found: list[int] = []

    def ask(self, rows: QuerySet, *, cap: int = CAP) -> Later:
        """Return a callable that gives the number of rows, at most `cap`; templates call it by themselves.

        The first one that is called costs the query, for everything asked so far.
        """
        place = len(self._asked)
        self._asked.append((rows, cap))

        def number() -> int:
            if place >= len(self._found):
                self._found += _count(self._asked[len(self._found) :])
            return self._found[place]

        return number


def counts_of(request: HttpRequest) -> Counts:
    """Return the request's collector, to which the page, its frame and every app add."""
    counts = getattr(request, "_counts", None)
    if counts is None:
        counts = request._counts = Counts()  # type: ignore[attr-defined]
    return counts


def _count(asked: list[tuple[QuerySet, int]]) -> list[int]:
    parts: list[str] = []
    parameters: list[Any] = []
    for rows, cap in asked:
        try:
            sql, values = rows.order_by().values("pk")[:cap].query.sql_with_params()
        except EmptyResultSet:
            parts.append("0")
            continue
        parts.append(f"(SELECT count(*) FROM ({sql}) AS counted)")  # noqa: S608 - the ORM's own text; its values are parameters
        parameters += values
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", parameters)
        return list(cursor.fetchone())
