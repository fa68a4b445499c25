"""What opens and closes transactions travels with the next statement, and nothing of it gets lost or comes too late."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction
from django.db.backends.postgresql import base as postgresql
from django.test.utils import CaptureQueriesContext

from apps.core.tenancy import current_scope, organization_scope
from tests.fixtures.organizations import OrganizationFactory

pytestmark = pytest.mark.django_db(transaction=True)


class Stop(Exception):
    """Leaves a block."""


@pytest.fixture(autouse=True)
def notes():
    """A table without rules, that only this connection sees."""
    run("CREATE TEMPORARY TABLE notes (text text UNIQUE)")
    yield
    run("DROP TABLE notes")


@pytest.fixture
def sent(monkeypatch):
    """Everything that is sent to the database, message by message."""
    messages: list[str] = []
    execute = postgresql.Cursor.execute

    def noting(self, query, params=None, **options):
        messages.append(self.mogrify(query, params))
        return execute(self, query, params, **options)

    monkeypatch.setattr(postgresql.Cursor, "execute", noting)
    return messages


@contextmanager
def ended_by(error: type[Exception], block: AbstractContextManager[object]) -> Iterator[None]:
    """Run the lines inside a block that they leave by this error."""
    with pytest.raises(error), block:
        yield


def run(statement: str, params=None) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall() if cursor.description else []


def note(text: str) -> None:
    run("INSERT INTO notes VALUES (%s)", [text])


def note_along(text: str) -> None:
    connection.along("INSERT INTO notes VALUES (%s)", [text])


def noted() -> list[str]:
    return [text for (text,) in run("SELECT text FROM notes ORDER BY text")]


class TestOneMessage:
    def test_begin_and_savepoint_go_with_the_first_statement_and_release_with_the_next(self, sent):
        with transaction.atomic(), transaction.atomic():
            note("a")
            with transaction.atomic():
                note("b")
            note("c")
        kinds = [[part.split()[0] for part in message.split(";")] for message in sent]
        assert kinds == [
            ["BEGIN", "SAVEPOINT", "INSERT"],
            ["SAVEPOINT", "INSERT"],
            ["RELEASE", "INSERT"],
        ]
        assert noted() == ["a", "b", "c"]

    def test_a_block_without_a_question_sends_nothing(self, sent):
        with transaction.atomic(), organization_scope(OrganizationFactory.build().pk), transaction.atomic():
            pass
        assert sent == []

    def test_the_answer_is_the_statement_s_own(self):
        with transaction.atomic(), transaction.atomic():
            assert run("SELECT %s, '50%%'", ["x;y"]) == [("x;y", "50%")]

    def test_the_log_of_queries_shows_the_statement_alone(self):
        with CaptureQueriesContext(connection) as caught, transaction.atomic():
            note("a")
        assert [query["sql"] for query in caught.captured_queries] == ["INSERT INTO notes VALUES ('a')", "COMMIT"]


class TestScope:
    def test_rows_of_the_organization_show_inside_and_no_longer_behind(self):
        ids = [OrganizationFactory.build().pk for _ in range(2)]
        with organization_scope(ids[0]):
            assert self.setting() == str(ids[0])
            with organization_scope(ids[1]):
                assert self.setting() == str(ids[1])
            assert self.setting() == str(ids[0])
            with ended_by(Stop, organization_scope(ids[1])):
                assert self.setting() == str(ids[1])
                raise Stop
            assert self.setting() == str(ids[0])
            with ended_by(Stop, organization_scope(ids[1])):
                raise Stop
            assert (self.setting(), current_scope().organization_id) == (str(ids[0]), ids[0])
        assert not self.setting()

    def setting(self) -> str:
        ((role, organization),) = run("SELECT current_user, current_setting('clinic.organization', true)")
        assert role == "clinic_app"
        return organization


class TestGoingBack:
    def test_a_savepoint_that_was_left_takes_its_rows_back_even_when_nothing_follows(self):
        with transaction.atomic():
            note("kept")
            with ended_by(Stop, transaction.atomic()):
                note("dropped")
                raise Stop
        assert noted() == ["kept"]

    def test_what_waited_before_a_savepoint_stays_and_what_waited_behind_it_goes(self):
        with transaction.atomic():
            note_along("before")
            with ended_by(Stop, transaction.atomic()):
                note_along("inside")
                raise Stop
            with transaction.atomic():
                note_along("released")
        assert noted() == ["before", "released"]

    def test_what_waited_inside_a_savepoint_the_database_knows_goes_with_it(self):
        with transaction.atomic():
            with ended_by(Stop, transaction.atomic()):
                note("first")
                with transaction.atomic():
                    note_along("second")
                raise Stop
            note("after")
        assert noted() == ["after"]

    def test_the_whole_transaction_takes_back_what_waits(self):
        with ended_by(Stop, transaction.atomic()):
            note_along("a")
            raise Stop
        assert noted() == []

    def test_a_refused_statement_is_taken_back_alone(self):
        with transaction.atomic():
            note("a")
            with ended_by(IntegrityError, transaction.atomic()):
                note("a")
            note("b")
        assert noted() == ["a", "b"]

    def test_an_error_that_was_swallowed_inside_a_savepoint_does_not_pass_for_success(self):
        with transaction.atomic():
            note("kept")
            with ended_by(DatabaseError, transaction.atomic()), pytest.raises(IntegrityError):
                note("kept")
            note("after")
        assert noted() == ["after", "kept"]


class TestAlong:
    def test_it_goes_with_the_commit(self, sent):
        with transaction.atomic():
            note("a")
            note_along("b")
        assert sent == ["BEGIN;INSERT INTO notes VALUES ('a')", "INSERT INTO notes VALUES ('b');COMMIT"]
        assert noted() == ["a", "b"]

    def test_the_next_question_sees_it(self):
        with transaction.atomic():
            note_along("a")
            assert noted() == ["a"]

    def test_outside_of_a_transaction_it_goes_at_once(self, sent):
        note_along("a")
        assert sent == ["INSERT INTO notes VALUES ('a');SELECT"]

    def test_its_error_at_the_commit_takes_everything_back(self):
        called = []
        with ended_by(IntegrityError, transaction.atomic()):
            transaction.on_commit(lambda: called.append("hook"))
            note("a")
            note_along("a")
        assert (noted(), called) == ([], [])

    def test_its_error_with_the_next_statement_is_that_statement_s(self):
        with transaction.atomic():
            note("a")
            with ended_by(IntegrityError, transaction.atomic()):
                note_along("a")
                noted()
            note("b")
        assert noted() == ["a", "b"]


class TestOtherDoors:
    def test_copy_takes_them_along(self):
        with transaction.atomic(), connection.cursor() as cursor:
            with cursor.copy("COPY notes FROM STDIN") as rows:
                rows.write_row(["a"])
            with ended_by(Stop, transaction.atomic()):
                with cursor.copy("COPY notes FROM STDIN") as rows:
                    rows.write_row(["b"])
                raise Stop
        assert noted() == ["a"]

    def test_many_at_once_take_them_along(self):
        with ended_by(Stop, transaction.atomic()), connection.cursor() as cursor:
            cursor.executemany("INSERT INTO notes VALUES (%s)", [["a"], ["b"]])
            raise Stop
        assert noted() == []

    def test_a_cursor_of_the_server_s_sees_them_and_ends_with_the_transaction(self):
        with transaction.atomic():
            note_along("a")
            with connection.chunked_cursor() as cursor:
                cursor.execute("SELECT text FROM notes")
                assert list(cursor) == [("a",)]
                assert run("SELECT is_holdable FROM pg_cursors WHERE name LIKE '\\_django%%'") == [(False,)]

    def test_a_text_that_can_not_be_read_leaves_the_transaction_to_be_begun(self):
        with ended_by(Stop, transaction.atomic()):
            with pytest.raises(ProgrammingError):
                run("SELEKT")
            note("a")
            raise Stop
        assert noted() == []

    def test_a_new_connection_begins_with_nothing(self):
        with ended_by(DatabaseError, transaction.atomic()):
            connection.ahead("SET LOCAL statement_timeout = 1")
            connection.close()
            note("a")
        assert run("SHOW statement_timeout") == [("0",)]
        run("CREATE TEMPORARY TABLE notes (text text)")  # the old one went with its session
