"""S3 for every table there is: found by looking at the models and at PostgreSQL's catalogue, never by a list."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from apps.core.tenancy import APP_ROLE, all_organizations, closed, organization_scope, tenant_models
from apps.organizations.models import Organization
from tests.fixtures.anything import any_row
from tests.fixtures.organizations import OrganizationFactory

TENANT = sorted(tenant_models(), key=lambda model: model._meta.db_table)
every_tenant_table = pytest.mark.parametrize("model", TENANT, ids=lambda model: model._meta.db_table)

# Tables whose rows belong to nobody's organization. A new one is a decision: nothing about patients may be in it.
SHARED = {
    "organizations_organization": "the tenants themselves; the policy compares the id",
    "organizations_user": "people, who may work for several organizations",
    "organizations_user_groups": "Django's, unused",
    "organizations_user_user_permissions": "Django's, unused",
}
THIRD_PARTIES = {"account", "admin", "auth", "contenttypes", "mfa", "sessions", "usersessions"}


def rows_seen(table: str) -> int:
    """Count without any filter, as a forgotten WHERE would."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608 - names come from the models
        return cursor.fetchone()[0]


def test_every_table_of_ours_is_a_tenants_or_a_known_exception():
    ours = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label not in THIRD_PARTIES
    }
    assert ours - {model._meta.db_table for model in TENANT} == set(SHARED)


@pytest.mark.django_db
def test_every_table_of_a_tenant_has_the_policy():
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT relname, relrowsecurity, polname, pg_get_expr(polqual, polrelid), polcmd,
                   ARRAY(SELECT rolname::text FROM pg_roles WHERE oid = ANY (polroles))
            FROM pg_class LEFT JOIN pg_policy ON polrelid = pg_class.oid
            WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
            """
        )
        policies = {row[0]: row[1:] for row in cursor.fetchall()}
    wrong = []
    for table in [*(model._meta.db_table for model in TENANT), "organizations_organization"]:
        enabled, name, condition, command, roles = policies[table]
        column = "id" if table == "organizations_organization" else "organization_id"
        complete = enabled and name == "organization_only" and command == "*" and roles == [APP_ROLE]
        if not complete or f"({column} = " not in condition or "clinic.organization" not in condition:
            wrong.append(table)
    assert wrong == []


@pytest.mark.django_db
def test_every_policy_s_table_is_one_of_the_models():
    """A table without a model would be a table that no guard looks at."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = {row[0] for row in cursor.fetchall()}
    known = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    assert tables - known == {"django_migrations"}


@pytest.mark.django_db
@every_tenant_table
def test_rows_of_another_organization_are_not_seen_changed_or_written(model: type[models.Model]):
    here, there = OrganizationFactory(), OrganizationFactory()
    any_row(model, there)
    table = model._meta.db_table
    with all_organizations():
        assert rows_seen(table) > 0  # the control: the rows are there for who may see them
    with closed():
        assert rows_seen(table) == 0
    with organization_scope(here.pk):
        assert rows_seen(table) == 0
    with organization_scope(there.pk):
        assert rows_seen(table) > 0


@pytest.mark.django_db
@every_tenant_table
def test_a_row_for_another_organization_is_refused(model: type[models.Model]):
    here, there = OrganizationFactory(), OrganizationFactory()
    statement = f'INSERT INTO "{model._meta.db_table}" (id, organization_id) VALUES (gen_random_uuid(), %s)'  # noqa: S608
    with pytest.raises(DatabaseError, match="row-level security"), organization_scope(here.pk):
        execute(statement, there.pk)
    with organization_scope(there.pk):
        assert "row-level security" not in complaint(statement, there.pk)  # the control: its own row gets further


def execute(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def complaint(statement: str, *params: object) -> str:
    try:
        with transaction.atomic():
            execute(statement, *params)
    except DatabaseError as error:
        return str(error)
    return ""


@pytest.mark.django_db
def test_an_organization_sees_itself_only():
    here, there = OrganizationFactory(), OrganizationFactory()
    with organization_scope(here.pk):
        assert list(Organization.objects.all()) == [here]
        assert Organization.objects.filter(pk=there.pk).update(name="taken") == 0


@pytest.mark.django_db
def test_append_only_tables_refuse_changes_from_everybody():
    """By grants for the application's role, by trigger for the owner."""
    append_only = [model._meta.db_table for model in apps.get_models() if getattr(model, "append_only", False)]
    assert len(append_only) >= 3
    for table in append_only:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT has_table_privilege(%s, %s, 'UPDATE'), has_table_privilege(%s, %s, 'DELETE')",
                [APP_ROLE, table, APP_ROLE, table],
            )
            assert cursor.fetchone() == (False, False), table
            cursor.execute(
                "SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass AND tgfoid = 'events_refuse_change'::regproc",
                [table],
            )
            assert cursor.fetchone() == (1,), table


@every_tenant_table
def test_lists_start_with_the_organization_and_managers_know_it(model: type[models.Model]):
    assert hasattr(model._default_manager.all(), "for_organization"), f"{model.__name__}.objects lacks for_organization"


@every_tenant_table
def test_uniqueness_stays_within_the_organization_or_hangs_on_a_row_that_does(model: type[models.Model]):
    """Unique constraints see all rows: one without the organization would tell whether somebody else has a value."""
    allowed = GLOBALLY_UNIQUE.get(model._meta.label, set())
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.name not in allowed:
            columns = set(constraint.fields)
            parents = {f.name for f in model._meta.local_fields if isinstance(f, models.ForeignKey)}
            assert columns & parents, f"{constraint.name} is unique across organizations"


GLOBALLY_UNIQUE = {
    "organizations.ApiKey": {"api_key_digest_is_unique"},  # 256 random bits
    "communications.ChannelAccount": {"channel_address_belongs_to_one_organization"},  # routes inbound messages
    "communications.SimulatorMessage": {"simulator_sid_is_unique"},  # a random id, in demo mode only
}


@every_tenant_table
def test_no_table_of_a_tenant_hangs_on_an_anonymous_one_in_between(model: type[models.Model]):
    """An automatic many-to-many table has no organization, so no policy: write the table as a model."""
    assert [
        field.name for field in model._meta.local_many_to_many if field.remote_field.through._meta.auto_created
    ] == []
