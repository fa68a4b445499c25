"""Which organization's rows the database shows: PostgreSQL row-level security, set per transaction.

Every connection works as the role `clinic_app`, which the policies bind and which sees nothing until an
organization was set. `organization_scope(...)` opens one organization, `all_organizations()` steps back to the
login role that owns the tables, explicitly, for sweeps and look-ups that cross organizations.
Both are transaction-local (`set_config(…, true)`), hence safe behind a transaction-pooling proxy. What is open is
remembered on the connection it was set on, so a thread, which has a connection of its own, starts closed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.apps import apps
from django.db import connection, models, transaction

from apps.core.database import ahead

APP_ROLE = "clinic_app"
SETTING = "clinic.organization"


@dataclass(frozen=True, slots=True)
class Scope:
    """What the current transaction may see: nothing, one organization, or all of them."""

    role: str = APP_ROLE
    organization_id: uuid.UUID | None = None


CLOSED = Scope()
ALL = Scope(role="none")


def current_scope() -> Scope:
    """Return what the running transaction of this thread's connection may see."""
    scope: Scope = getattr(connection, "clinic_scope", CLOSED)
    return scope


def current_organization_id() -> uuid.UUID | None:
    """Return the organization that the running transaction is open for, if it is one."""
    return current_scope().organization_id


def _apply(scope: Scope) -> None:
    ahead(f"SET LOCAL ROLE {scope.role}")
    ahead(f"SET LOCAL {SETTING} = %s", [str(scope.organization_id or "")])


@contextmanager
def _enter(scope: Scope, *, one_snapshot: bool = False) -> Iterator[None]:
    """Run the block in the scope. Leaving by an exception needs no query: the savepoint's rollback restores both settings."""
    previous = current_scope()
    nested = connection.in_atomic_block
    with transaction.atomic():
        if one_snapshot and not nested:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        if scope != previous or not nested:
            _apply(scope)
        connection.clinic_scope = scope  # type: ignore[attr-defined]
        try:
            yield
            if nested and scope != previous and not connection.needs_rollback:
                _apply(previous)
        finally:
            connection.clinic_scope = previous  # type: ignore[attr-defined]


@contextmanager
def organization_scope(organization_id: uuid.UUID, *, one_snapshot: bool = False) -> Iterator[None]:
    """Open one organization's rows for the block, in a transaction (a savepoint when one runs already).

    With `one_snapshot` every query of the block sees the database as it was at the first one (REPEATABLE READ): for
    reads of many tables that must fit together. It may insert; an update of a row that somebody else changed meanwhile
    fails. A transaction that runs already can't become one: there it changes nothing.
    """
    with _enter(Scope(organization_id=organization_id), one_snapshot=one_snapshot):
        yield


@contextmanager
def all_organizations() -> Iterator[None]:
    """Open every organization's rows for the block, in a transaction. For sweeps and routing look-ups only."""
    with _enter(ALL):
        yield


@contextmanager
def closed() -> Iterator[None]:
    """Show no tenant row for the block: how every request and task starts. Tests use it around a request."""
    with _enter(CLOSED):
        yield


def is_tenant_model(model: type[models.Model]) -> bool:
    """Tell whether the model's rows belong to an organization, by its `organization` foreign key."""
    return any(
        isinstance(field, models.ForeignKey)
        and field.name == "organization"
        and field.remote_field.model._meta.label == "organizations.Organization"
        for field in model._meta.local_fields
    )


def tenant_models() -> list[type[models.Model]]:
    """Return every concrete model whose rows belong to an organization, found by looking, not by listing."""
    return [model for model in apps.get_models(include_auto_created=True) if is_tenant_model(model)]


def _policies() -> Iterator[tuple[str, str]]:
    for model in tenant_models():
        yield model._meta.db_table, "organization_id"
    organization = apps.get_model("organizations", "Organization")
    yield organization._meta.db_table, "id"


def unguarded_tables() -> list[str]:
    """Return the tenant tables that exist without their policy: a migration was interrupted before its end. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenant FROM unnest(%s::text[]) AS tenant WHERE to_regclass(quote_ident(tenant)) IS NOT NULL AND NOT EXISTS "
            "(SELECT FROM pg_policies WHERE tablename = tenant AND policyname = 'organization_only') ORDER BY tenant",
            [[table for table, _column in _policies()]],
        )
        return [table for (table,) in cursor.fetchall()]


@transaction.atomic
def install_policies() -> None:
    """Create the role, its grants and one policy per tenant table; idempotent, run after every migrate.

    The session must be the login role (`SET ROLE NONE`), which needs CREATEROLE the first time.
    Source of the pattern: PostgreSQL manual, 5.9 Row Security.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN")
        cursor.execute("SELECT pg_has_role(session_user, %s, 'SET')", [APP_ROLE])
        if not cursor.fetchone()[0]:
            cursor.execute(f"GRANT {APP_ROLE} TO CURRENT_USER")
        cursor.execute("SELECT quote_ident(session_user), quote_ident(current_database())")
        login, database = cursor.fetchone()
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}")
        for table, column in _policies():
            cursor.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
            cursor.execute(
                "SELECT 1 FROM pg_policies WHERE tablename = %s AND policyname = 'organization_only'", [table]
            )
            if cursor.fetchone() is None:
                cursor.execute(
                    f'CREATE POLICY organization_only ON "{table}" TO {APP_ROLE} '
                    f"USING (\"{column}\" = (SELECT nullif(current_setting('{SETTING}', true), '')::uuid))"
                )
        for statement in _append_only_grants():
            cursor.execute(statement)
        cursor.execute(f"ALTER ROLE {login} IN DATABASE {database} SET role = '{APP_ROLE}'")


def _append_only_grants() -> Iterator[str]:
    for model in apps.get_models():
        if getattr(model, "append_only", False):
            yield f'REVOKE UPDATE, DELETE, TRUNCATE ON "{model._meta.db_table}" FROM {APP_ROLE}'


@contextmanager
def as_owner() -> Iterator[None]:
    """Make this session the login role that owns the tables for the block: for migrate and flush, not for requests."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
    connection.clinic_scope = ALL  # type: ignore[attr-defined]
    try:
        yield
        if connection.connection is not None and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute(f"SET ROLE {APP_ROLE}")
    except BaseException:
        connection.close()  # a new session starts as it should, and nothing hides what went wrong
        raise
    finally:
        connection.clinic_scope = CLOSED  # type: ignore[attr-defined]
