"""The PostgreSQL backend of the portal: Django's own, with fewer round trips (see `base`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.db import connection

if TYPE_CHECKING:
    from apps.core.database.base import DatabaseWrapper


def ahead(statement: str, params: Any = None) -> None:
    """Have the database execute a statement about the transaction itself before the next one; see `DatabaseWrapper`."""
    cast("DatabaseWrapper", connection).ahead(statement, params)


def along(statement: str, params: Any = None) -> None:
    """Have the database execute a statement that writes with the next one, at the latest at COMMIT; see `DatabaseWrapper`."""
    cast("DatabaseWrapper", connection).along(statement, params)
