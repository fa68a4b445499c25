"""Which tables point to patients: found by looking at the models, so that a later app's table can't be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from django.apps import apps
from django.db import connection, models

from apps.patients.models import Merge, Patient

# Foreign keys to patients that a merge leaves alone. A new one is a decision: give the reason.
LEFT_OUT: dict[tuple[str, str], str] = {
    (Merge._meta.label, "survivor"): "history: which record stayed",
    (Merge._meta.label, "duplicate"): "history: which record became part of it",
}
FOLLOW = "follow_merge"


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key to Patient."""

    model: type[models.Model]
    field: models.ForeignKey

    @property
    def label(self) -> str:
        return self.model._meta.label

    @property
    def table(self) -> str:
        """Return the table's name, quoted."""
        return connection.ops.quote_name(self.model._meta.db_table)

    @property
    def column(self) -> str:
        """Return the column's name, quoted."""
        return connection.ops.quote_name(self.field.column)


def leave_out(model: type[models.Model], field: str, reason: str) -> None:
    """Say that a merge does not re-point this foreign key, and why; before the first merge, at start."""
    LEFT_OUT[model._meta.label, field] = reason
    references.cache_clear()


@cache
def references() -> tuple[Reference, ...]:
    """Return every foreign key to Patient that a merge re-points, of every installed app."""
    return tuple(
        reference
        for reference in all_references()
        if (reference.model._meta.label, reference.field.name) not in LEFT_OUT
    )


def all_references() -> Iterator[Reference]:
    """Yield every foreign key to Patient, left out or not."""
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_fields:
            if isinstance(field, models.ForeignKey) and field.remote_field.model is Patient:
                yield Reference(model, field)


def followed() -> tuple[Reference, ...]:
    """Return the foreign keys whose rows follow a merge by trigger: all that are re-pointed but the merge's own mark."""
    return tuple(reference for reference in references() if reference.model is not Patient)


def install_followers(**_signal: object) -> None:
    """Create the triggers that are missing: a row written for a merged patient lands on the record they became part of.

    Runs after migrate, as the owner of the tables; one query when nothing is missing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE tgfoid = to_regproc('public.patients_follow_merge')"
        )
        present = set(cursor.fetchall())
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = {name for (name,) in cursor.fetchall()}
        for reference in followed():
            if reference.model._meta.db_table not in tables:
                continue  # a migrate of some apps only
            for name, statement in _triggers(reference):
                if (reference.model._meta.db_table, name) not in present:
                    cursor.execute(statement)


def _triggers(reference: Reference) -> Iterator[tuple[str, str]]:
    table, column, plain = reference.table, reference.column, reference.field.column
    call = f"FOR EACH ROW WHEN (%s) EXECUTE FUNCTION patients_follow_merge('{plain}')"
    name = f"{FOLLOW}_{plain}"
    yield name, f"CREATE TRIGGER {name} BEFORE INSERT ON {table} " + call % f"NEW.{column} IS NOT NULL"
    changed = f"NEW.{column} IS NOT NULL AND NEW.{column} IS DISTINCT FROM OLD.{column}"
    yield f"{name}_change", f"CREATE TRIGGER {name}_change BEFORE UPDATE OF {column} ON {table} " + call % changed
