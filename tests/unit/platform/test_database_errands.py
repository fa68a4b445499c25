"""What opens and closes transactions travels with the next statement, and nothing of it gets lost or comes too late."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from random import Random
from threading import Thread
from uuid import UUID

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    connection,
    connections,
    transaction,
)
from django.db.backends.postgresql import base as postgresql
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from apps.core.actors import SYSTEM
from apps.core.database.base import DatabaseWrapper
from apps.core.tenancy import all_organizations, current_scope, organization_scope
from apps.events.services import emit
from tests.fixtures.organizations import OrganizationFactory

ONE, OTHER = UUID(int=1), UUID(int=2)
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
        assert sent == ["BEGIN\n;INSERT INTO notes VALUES ('a')", "INSERT INTO notes VALUES ('b')\n;COMMIT"]
        assert noted() == ["a", "b"]

    def test_the_next_question_sees_it(self):
        with transaction.atomic():
            note_along("a")
            assert noted() == ["a"]

    def test_outside_of_a_transaction_it_goes_at_once(self, sent):
        note_along("a")
        assert sent == ["INSERT INTO notes VALUES ('a')\n;SELECT"]

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

    def test_a_cursor_of_the_server_s_is_declared_in_the_scope_that_it_is_used_in(self):
        with organization_scope(ONE), connection.chunked_cursor() as cursor, organization_scope(OTHER):
            cursor.execute("SELECT current_setting('clinic.organization')")
            assert cursor.fetchone() == (str(OTHER),)

    def test_a_copy_begins_in_the_scope_that_it_is_read_in(self):
        with organization_scope(ONE), connection.cursor() as cursor:
            run("SELECT 1")
            stream = cursor.copy("COPY (SELECT current_setting('clinic.organization')) TO STDOUT")
            with organization_scope(OTHER), stream as rows:
                assert list(rows.rows()) == [(str(OTHER),)]

    @pytest.mark.parametrize("nothing", ["", "-- nothing"])
    def test_an_empty_statement_is_none(self, nothing):
        with transaction.atomic():
            assert run(nothing) == []
            note("a")
        assert noted() == ["a"]

    def test_one_that_ends_in_a_comment_swallows_nothing(self):
        with transaction.atomic():
            note("a")
            connection.along("INSERT INTO notes VALUES ('b') -- so it is")
        assert noted() == ["a", "b"]

    def test_an_isolation_level_that_nobody_would_heed_is_refused(self, monkeypatch):
        monkeypatch.setitem(connection.settings_dict, "OPTIONS", {"isolation_level": 3})
        with pytest.raises(ImproperlyConfigured, match="default_transaction_isolation"):
            connection.get_connection_params()

    def test_a_new_connection_begins_with_nothing(self):
        with ended_by(DatabaseError, transaction.atomic()):
            connection.ahead("SET LOCAL statement_timeout = 1")
            connection.close()
            note("a")
        assert run("SHOW statement_timeout") == [("0",)]
        run("CREATE TEMPORARY TABLE notes (text text)")  # the old one went with its session


class TestNothingIsForgotten:
    """What never reached the database waits on, whoever's fault it was."""

    @pytest.fixture
    def closed(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return cursor

    def test_the_scope_behind_an_error_of_a_closed_cursor(self, closed):
        with organization_scope(ONE):
            run("SELECT 1")
            with organization_scope(OTHER):
                with pytest.raises(InterfaceError):
                    closed.execute("SELECT 1")
                assert run("SELECT current_setting('clinic.organization')") == [(str(OTHER),)]

    def test_what_goes_along_and_what_goes_back(self, closed):
        with transaction.atomic():
            note("a")
            with ended_by(Stop, transaction.atomic()):
                note("dropped")
                raise Stop
            note_along("b")
            with pytest.raises(InterfaceError):
                closed.execute("SELECT 1")
        assert noted() == ["a", "b"]

    def test_the_begin_behind_an_error_of_an_earlier_connection_s_cursor(self):
        old = connection.cursor()
        connection.close()
        run("CREATE TEMPORARY TABLE notes (text text)")
        with ended_by(Stop, transaction.atomic()):
            with pytest.raises((OperationalError, InterfaceError)):
                old.execute("SELECT 1")
            note("a")
            raise Stop
        assert noted() == []

    def test_the_begin_when_another_thread_may_not_close(self):
        mine, told = connections["default"], []

        def close():
            try:
                mine.close()
            except DatabaseError as error:
                told.append(error)

        with ended_by(Stop, transaction.atomic()):
            thread = Thread(target=close)
            thread.start()
            thread.join()
            note("a")
            raise Stop
        assert (len(told), noted()) == (1, [])

    def test_the_way_back_when_an_interrupt_comes_after_the_statement(self, monkeypatch):
        execute = postgresql.Cursor.execute

        def interrupted(self, query, params=None, **options):
            execute(self, query, params, **options)
            if "dropped" in str(query):
                raise KeyboardInterrupt

        with transaction.atomic():
            note("a")
            with monkeypatch.context() as patch, ended_by(KeyboardInterrupt, transaction.atomic()):
                patch.setattr(postgresql.Cursor, "execute", interrupted)
                run("INSERT INTO notes VALUES ('dropped')")
        assert noted() == ["a"]


class TestLoud:
    """What can't be kept is never called a success."""

    def test_nothing_goes_along_in_a_transaction_that_will_be_rolled_back(self):
        with ended_by(TransactionManagementError, transaction.atomic()):
            note("a")
            with suppress(Stop), transaction.atomic(savepoint=False):
                raise Stop
            note_along("b")
        assert noted() == []

    def test_an_event_behind_an_error_that_was_swallowed(self):
        with all_organizations():
            organization = OrganizationFactory()
        with ended_by(DatabaseError, all_organizations()):
            note("a")
            with suppress(IntegrityError):
                note("a")
            emit("organization.tested", subject=organization, organization_id=organization.pk, actor=SYSTEM)
        assert noted() == []

    def test_a_commit_behind_an_error_that_was_swallowed(self):
        with ended_by(TransactionManagementError, transaction.atomic()):
            note("a")
            with pytest.raises(IntegrityError):
                note("a")
        assert noted() == []

    def test_a_block_that_begins_behind_an_error_that_was_swallowed(self):
        with transaction.atomic():
            note("a")
            with ended_by(DatabaseError, transaction.atomic()):
                note("b")
                with pytest.raises(IntegrityError):
                    note("b")
                with suppress(DatabaseError), transaction.atomic():
                    run("SELECT 1")
            note("c")
        assert noted() == ["a", "c"]

    def test_an_error_of_what_goes_along_stays_in_its_block(self):
        with transaction.atomic():
            note("a")
            with ended_by(IntegrityError, transaction.atomic()):
                note_along("a")
            note("b")
        assert noted() == ["a", "b"]

    def test_an_error_of_what_went_along_before_is_not_the_next_block_s(self):
        with ended_by(DatabaseError, transaction.atomic()):
            note("a")
            note_along("a")
            with suppress(IntegrityError), transaction.atomic():
                note("b")
        assert noted() == []

    @pytest.mark.parametrize("step", ["_commit", "_rollback"])
    def test_a_transaction_that_did_not_end_is_nobody_else_s(self, monkeypatch, step):
        def interrupted(_wrapper):
            raise Stop

        # Django wraps what comes in between; what counts is that it is not silent.
        with monkeypatch.context() as patch, suppress(Stop, TransactionManagementError, ProgrammingError):
            patch.setattr(DatabaseWrapper, step, interrupted)
            with organization_scope(ONE):
                run("SELECT 1")
                if step == "_rollback":
                    raise Stop
        connection.close_if_unusable_or_obsolete()
        with transaction.atomic():
            run("SELECT 1")
        assert run("SELECT current_setting('clinic.organization', true)") in ([("",)], [(None,)])
        run("CREATE TEMPORARY TABLE notes (text text)")  # the old one went with its session


class TestAnyProgram:
    """Random blocks within blocks, some of which are left by an error, against a model of them."""

    @pytest.mark.parametrize("seed", range(4))
    def test_rows_are_a_model_s(self, seed):
        random = Random(seed)
        number = 0

        def write() -> str:
            nonlocal number
            number += 1
            random.choice([note, note_along])(f"{number:04}")
            return f"{number:04}"

        def block(depth: int) -> list[str]:
            rows: list[str] = []
            for _step in range(random.randint(0, 4)):
                what = random.random()
                if what < 0.5:
                    rows.append(write())
                elif what < 0.6:
                    with suppress(DatabaseError), transaction.atomic():
                        run("SELECT 1/0")
                elif what < 0.7:
                    savepoint, inner = transaction.savepoint(), [write()]
                    if random.random() < 0.5:
                        transaction.savepoint_rollback(savepoint)
                    else:
                        transaction.savepoint_commit(savepoint)
                        rows += inner
                elif depth < 4:
                    with suppress(Stop), transaction.atomic():
                        inner = block(depth + 1)
                        if random.random() < 0.4:
                            raise Stop
                        rows += inner
            return rows

        wanted: list[str] = []
        for _program in range(60):
            with suppress(Stop), transaction.atomic():
                rows = block(0)
                if random.random() < 0.2:
                    raise Stop
                wanted += rows
        assert noted() == sorted(wanted)
        assert len(wanted) > 50

    @pytest.mark.parametrize("seed", range(4))
    def test_the_database_s_scope_is_python_s(self, seed):
        random = Random(seed)

        def check() -> None:
            ((role, setting),) = run("SELECT current_user::text, current_setting('clinic.organization', true)")
            assert (role == "clinic_app", setting or "") == (
                current_scope().role == "clinic_app",
                str(current_scope().organization_id or ""),
            )

        def block(depth: int) -> None:
            for _step in range(random.randint(0, 3)):
                what = random.random()
                if what < 0.4:
                    check()
                elif what < 0.5:
                    with suppress(DatabaseError), transaction.atomic():
                        run("SELECT 1/0")
                elif what < 0.6:
                    connection.along("SELECT 1")
                elif depth < 4:
                    scope = random.choice(
                        [lambda: organization_scope(ONE), lambda: organization_scope(OTHER), all_organizations]
                    )
                    with suppress(Stop), scope():
                        block(depth + 1)
                        if random.random() < 0.4:
                            raise Stop

        for _program in range(60):
            with organization_scope(ONE):
                block(0)
                check()
