"""Scopes: nesting, errors, savepoints, threads, raw SQL. Each defence is tested with a control that shows the leak."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction

from apps.core.tenancy import all_organizations, closed, current_organization_id, current_scope, organization_scope
from apps.organizations.models import Location
from tests.fixtures.organizations import LocationFactory


def names() -> set[str]:
    """Return the locations that raw SQL sees, without any filter."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM organizations_location")
        return {row[0] for row in cursor.fetchall()}


@pytest.fixture
def here(organization):
    return LocationFactory(organization=organization, name="here")


@pytest.fixture
def there(other_organization):
    return LocationFactory(organization=other_organization, name="there")


def test_raw_sql_sees_one_organization_and_the_owner_sees_all(here, there):
    assert names() == {"here"}
    with all_organizations():
        assert names() == {"here", "there"}
    assert names() == {"here"}


def test_scopes_nest_and_come_back(here, there, organization, other_organization):
    with organization_scope(other_organization.pk):
        assert (names(), current_organization_id()) == ({"there"}, other_organization.pk)
        with all_organizations():
            assert names() == {"here", "there"}
            with organization_scope(organization.pk):
                assert names() == {"here"}
            with closed():
                assert names() == set()
        assert names() == {"there"}
    assert (names(), current_organization_id()) == ({"here"}, organization.pk)


@pytest.mark.parametrize("error", [ValueError("ours"), KeyboardInterrupt()])
def test_an_error_leaves_the_scope_as_it_was(here, there, other_organization, error):
    with pytest.raises(type(error)), organization_scope(other_organization.pk):
        raise error
    assert names() == {"here"}


def test_a_database_error_leaves_the_scope_as_it_was(here, there, other_organization):
    with pytest.raises(ProgrammingError), all_organizations(), connection.cursor() as cursor:
        cursor.execute("SELECT nonsense FROM nowhere")
    assert names() == {"here"}


def test_a_savepoint_that_rolls_back_keeps_the_scope(here, there):
    with pytest.raises(ValueError, match="ours"), transaction.atomic(), all_organizations():
        raise ValueError("ours")
    assert names() == {"here"}


def test_a_block_marked_for_rollback_ends_without_another_query(here, there, other_organization):
    with organization_scope(other_organization.pk):
        Location.objects.update(city="changed")
        transaction.set_rollback(True)
    assert names() == {"here"}
    with organization_scope(other_organization.pk):
        assert Location.objects.get().city == "New York"


def test_a_row_of_another_organization_can_not_be_written(here, other_organization):
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Location.objects.create(organization=other_organization, name="smuggled", timezone="UTC")
    with all_organizations():
        Location.objects.create(organization=other_organization, name="the control", timezone="UTC")


def test_a_row_can_not_be_moved_to_another_organization(here, other_organization):
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Location.objects.filter(pk=here.pk).update(organization=other_organization)


def test_a_foreign_row_can_be_neither_changed_nor_deleted(here, there):
    assert Location.objects.filter(pk=there.pk).update(city="changed") == 0
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM organizations_location")
        assert cursor.rowcount == 1
    with all_organizations():
        assert names() == {"there"}


@pytest.mark.django_db(transaction=True)
class TestWithoutATransactionAround:
    def test_a_connection_is_closed_before_between_and_after(self, here, there, organization):
        assert names() == set()
        with organization_scope(organization.pk):
            assert names() == {"here"}
        assert names() == set()

    def test_a_plain_transaction_is_closed(self, here):
        with transaction.atomic():
            assert names() == set()

    def test_a_scope_inside_a_plain_transaction_closes_again(self, here, organization):
        with transaction.atomic():
            with organization_scope(organization.pk):
                assert names() == {"here"}
            assert names() == set()

    def test_an_error_closes_a_pooled_connection(self, here, organization):
        """What a pool hands to the next request: the same connection, closed."""
        with pytest.raises(IntegrityError), organization_scope(organization.pk):
            LocationFactory(organization=organization, name="here")
        assert names() == set()
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user, current_setting('clinic.organization', true)")
            assert cursor.fetchone() in {("clinic_app", ""), ("clinic_app", None)}

    def test_a_thread_starts_closed_whatever_its_parent_opened(self, here, organization):
        seen = []

        def look():
            seen.append((names(), current_scope().organization_id))
            connection.close()

        with organization_scope(organization.pk):
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
        assert seen == [(set(), None)]

    def test_a_lost_connection_opens_nothing_afterwards(self, here, organization):
        def lose():
            with organization_scope(organization.pk), connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        with pytest.raises(DatabaseError):
            lose()
        connection.close()
        assert (names(), current_scope().organization_id) == (set(), None)
