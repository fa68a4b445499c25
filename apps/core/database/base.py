"""Django's PostgreSQL backend, but what opens and closes transactions travels with the next statement.

`BEGIN`, the organization whose rows are seen (`apps.core.tenancy`), `SAVEPOINT` and `RELEASE` have no answer that anybody
waits for. Sent alone each is a round trip: half of those of a booking, and behind each of them on a busy machine the process
waits for its turn. So they wait in a list, and the next statement takes them along in one message of the simple query
protocol (PostgreSQL manual, 54.2.2.1: several statements in one query; an explicit BEGIN makes it a transaction block
as always). What was never followed by a statement is never sent: a block without queries costs nothing.

The order in the list is the order in the database, and nothing overtakes it: whatever is executed, copied or declared
takes the list along or sends it first. What writes never leaves the savepoint that it was written in: its error has to show
inside. What can't be sent is not forgotten: a cursor or a connection that is closed loses nothing of the open one's list.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base as postgresql
from django.db.backends.postgresql import operations
from django.db.backends.postgresql.psycopg_any import register_tzloader
from django.db.backends.utils import debug_transaction
from django.db.transaction import TransactionManagementError
from psycopg.pq import TransactionStatus

BEGIN = "BEGIN"
OPEN = {TransactionStatus.ACTIVE, TransactionStatus.INTRANS, TransactionStatus.INERROR}


class Errand(NamedTuple):
    """A statement without an answer.

    `savepoint` is the one that it creates; one that `binds` can't be left out, where nothing follows; one that `writes`
    changes rows.
    """

    statement: str
    savepoint: str = ""
    binds: bool = False
    writes: bool = False


class Errands(list[Errand]):
    """What goes before the next statement, in order."""

    def place_of(self, savepoint: str) -> int | None:
        """Return where the savepoint is created (the last of its name), None when the database knows it already."""
        return next((place for place in reversed(range(len(self))) if self[place].savepoint == savepoint), None)

    def bind(self, start: int = 0) -> bool:
        """Tell whether one of them, from a place on, has to reach the database."""
        return any(errand.binds for errand in self[start:])

    def write(self) -> bool:
        """Tell whether one of them changes rows."""
        return any(errand.writes for errand in self)


class Cursor(postgresql.Cursor):
    """A client-side cursor that takes the errands along."""

    wrapper: DatabaseWrapper | None = None  # none: psycopg's own errands, such as looking whether somebody answers
    own: str | None = None

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """Execute the query, behind the errands; the results are the query's own."""
        errands = self._errands()
        self.own = None
        if not errands:
            return super().execute(query, params, **options)
        before = len(errands)
        self.own = self.mogrify(query, params)  # type: ignore[attr-defined]
        # A line of its own for each: one that ends in a comment must not swallow the next.
        text = "\n;".join([*(errand.statement for errand in errands), self.own])
        try:
            super().execute(text, **options)
        except BaseException:
            # A text that can't even be parsed runs in no part: then the transaction has not begun, and still has to.
            status = self.connection.info.transaction_status  # type: ignore[attr-defined]
            if status != TransactionStatus.IDLE or errands[0].statement != BEGIN:
                errands.clear()
            raise
        errands.clear()
        try:
            return self.set_result(before)  # type: ignore[attr-defined]
        except IndexError:  # an empty query has no result
            return self

    def executemany(self, *args: Any, **options: Any) -> None:
        """Send the errands, then execute the query for each set of parameters."""
        self._send_errands()
        super().executemany(*args, **options)

    @contextmanager
    def copy(self, *args: Any, **options: Any) -> Iterator[Any]:
        """Send the errands, then copy."""
        self._send_errands()
        with super().copy(*args, **options) as copy:
            yield copy

    def stream(self, *args: Any, **options: Any) -> Iterator[Any]:
        """Send the errands, then stream."""
        self._send_errands()
        yield from super().stream(*args, **options)

    def _errands(self) -> Errands | None:
        """Return what goes along; nothing for a cursor that can't send any more, or belongs to an earlier connection."""
        wrapper = self.wrapper
        is_ours = wrapper is not None and not self.closed and wrapper.connection is self.connection  # type: ignore[attr-defined]
        return wrapper.errands if wrapper is not None and is_ours else None

    def _send_errands(self) -> None:
        if self._errands():
            self.execute("SELECT")


class ServerSideCursor(postgresql.ServerSideCursor):
    """A cursor of the server's, declared behind the errands."""

    wrapper: DatabaseWrapper

    def execute(self, *args: Any, **options: Any) -> Any:
        """Send the errands, then declare the cursor."""
        self.wrapper.settle()
        return super().execute(*args, **options)


class DatabaseOperations(operations.DatabaseOperations):
    """Django's, with the statement alone in the log of queries."""

    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        """Return the statement as it was sent, without its errands."""
        return getattr(cursor, "own", None) or super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(postgresql.DatabaseWrapper):
    """A connection whose transactions begin with their first statement."""

    ops_class = DatabaseOperations

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.errands = Errands()

    def ahead(self, statement: str, params: Any = None) -> None:
        """Have the database execute a statement without an answer, that changes no rows, before the next one.

        Where nothing follows before the block ends it is left out, so it may only be about the transaction itself.
        """
        self._errand(statement, params, writes=False)

    def along(self, statement: str, params: Any = None) -> None:
        """Have the database execute a statement that writes, with the next one or the COMMIT at the latest.

        Its errors show there. A rollback takes it back as if it had been sent.
        """
        self._errand(statement, params, writes=True)

    def settle(self) -> None:
        """Send what waits, now."""
        if self.errands:
            with self.wrap_database_errors:
                self.create_cursor().execute("SELECT")

    def _errand(self, statement: str, params: Any, *, writes: bool) -> None:
        self.validate_thread_sharing()
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            self.ensure_connection()
            text = self.connection.cursor().mogrify(statement, params) if params else statement
        self.errands.append(Errand(text, binds=writes, writes=writes))
        if self.get_autocommit():
            self.settle()

    # what Django calls

    def get_connection_params(self) -> dict[str, Any]:
        if "isolation_level" in self.settings_dict["OPTIONS"]:
            raise ImproperlyConfigured(
                "The BEGIN is ours: say default_transaction_isolation instead of isolation_level."
            )
        return {**super().get_connection_params(), "cursor_factory": Cursor}

    def connect(self) -> None:
        self.errands.clear()
        super().connect()

    def close(self) -> None:
        super().close()
        self.errands.clear()

    def create_cursor(self, name: str | None = None) -> Any:
        if name is None:
            cursor = super().create_cursor()
            cursor.wrapper = self
            return cursor
        # Django asks psycopg whether a transaction is open, which knows of none: it did not begin it.
        withhold = self.get_autocommit()
        cursor = ServerSideCursor(self.connection, name=name, scrollable=False, withhold=withhold)  # type: ignore[call-arg]
        cursor.wrapper = self
        register_tzloader(self.timezone, cursor)
        return cursor

    def _commit(self) -> None:
        if self.connection is not None and self.connection.info.transaction_status == TransactionStatus.INERROR:
            # PostgreSQL would roll back and call it a success.
            raise TransactionManagementError("An error in this transaction was swallowed: nothing of it can be kept.")
        if not self.errands.bind():
            self.errands.clear()
            super()._commit()
            return
        with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
            self.create_cursor().execute("COMMIT")

    def _rollback(self) -> None:
        self.errands.clear()
        super()._rollback()

    def _start_transaction_under_autocommit(self) -> None:
        """Begin, in the sense of `set_autocommit`: psycopg stays in its autocommit, the BEGIN is ours."""
        if self.connection.info.transaction_status in OPEN:
            raise TransactionManagementError("The connection is still in a transaction that did not end.")
        self.errands.append(Errand(BEGIN))

    def _set_autocommit(self, autocommit: bool) -> None:
        """Hold on to the transaction that did not end: whoever comes next would work in it (psycopg looks too)."""
        if self.errands:
            raise TransactionManagementError("The transaction has not ended: something of it still waits.")
        super()._set_autocommit(autocommit)

    def _savepoint(self, sid: str) -> None:
        if self.connection.info.transaction_status == TransactionStatus.INERROR:
            super()._savepoint(sid)  # which fails
            return
        if self.errands.write():
            self.settle()  # an error of theirs is not the new block's
        self.errands.append(Errand(self.ops.savepoint_create_sql(sid), savepoint=sid))

    def _savepoint_commit(self, sid: str) -> None:
        place = self.errands.place_of(sid)
        if place is not None and not self.errands.bind(place):
            del self.errands[place:]
            return
        if self.connection.info.transaction_status == TransactionStatus.INERROR:
            super()._savepoint_commit(sid)  # which fails, so that Django rolls back
            return
        self.errands.append(Errand(self.ops.savepoint_commit_sql(sid)))
        if self.errands.write():
            self.settle()

    def _savepoint_rollback(self, sid: str) -> None:
        place = self.errands.place_of(sid)
        if place is not None:
            del self.errands[place + 1 :]
            return
        self.errands.clear()  # all of it came after the savepoint
        if self.connection.info.transaction_status == TransactionStatus.INTRANS:
            self.errands.append(Errand(self.ops.savepoint_rollback_sql(sid), binds=True))
        else:
            super()._savepoint_rollback(sid)
