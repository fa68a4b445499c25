"""Django's PostgreSQL backend, but what opens and closes transactions travels with the next statement.

`BEGIN`, the organization whose rows are seen (`apps.core.tenancy`), `SAVEPOINT` and `RELEASE` have no answer that anybody
waits for. Sent alone each is a round trip: half of those of a booking, and behind each of them on a busy machine the process
waits for its turn. So they wait in a list, and the next statement takes them along in one message of the simple query
protocol (PostgreSQL manual, 54.2.2.1: several statements in one query; an explicit BEGIN makes it a transaction block
as always). What was never followed by a statement is never sent: a block without queries costs nothing.

The order in the list is the order in the database, and nothing overtakes it: whatever is executed, copied or declared
takes the list along or sends it first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db.backends.postgresql import base as postgresql
from django.db.backends.postgresql import operations
from django.db.backends.postgresql.psycopg_any import register_tzloader
from django.db.backends.utils import debug_transaction
from psycopg import Error
from psycopg.pq import TransactionStatus


class Errand(NamedTuple):
    """A statement without an answer; `savepoint` is the one that it creates, `binds` that it can't be left out."""

    statement: str
    savepoint: str = ""
    binds: bool = False


class Errands(list[Errand]):
    """What goes before the next statement, in order."""

    def place_of(self, savepoint: str) -> int | None:
        """Return where the savepoint is created, None when the database knows it already."""
        return next((place for place, errand in enumerate(self) if errand.savepoint == savepoint), None)

    def bind(self, start: int = 0) -> bool:
        """Tell whether one of them, from a place on, has to reach the database."""
        return any(errand.binds for errand in self[start:])


class Cursor(postgresql.Cursor):
    """A client-side cursor that takes the errands along."""

    errands: Errands | None = None
    own: str | None = None

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """Execute the query, behind the errands; the results are the query's own."""
        errands = self.errands
        if not errands:
            self.own = None
            return super().execute(query, params, **options)
        before = len(errands)
        self.own = self.mogrify(query, params)  # type: ignore[attr-defined]
        text = ";".join([*(errand.statement for errand in errands), self.own])
        try:
            super().execute(text, **options)
        except Error:
            # A text that can't even be parsed runs in no part: then the transaction has not begun, and still has to.
            status = self.connection.info.transaction_status  # type: ignore[attr-defined]
            if status != TransactionStatus.IDLE or errands[0].statement != "BEGIN":
                errands.clear()
            raise
        errands.clear()
        return self.set_result(before)  # type: ignore[attr-defined]

    def executemany(self, *args: Any, **options: Any) -> None:
        """Send the errands, then execute the query for each set of parameters."""
        self._send_errands()
        super().executemany(*args, **options)

    def copy(self, *args: Any, **options: Any) -> Any:
        """Send the errands, then copy."""
        self._send_errands()
        return super().copy(*args, **options)

    def stream(self, *args: Any, **options: Any) -> Any:
        """Send the errands, then stream."""
        self._send_errands()
        return super().stream(*args, **options)

    def _send_errands(self) -> None:
        if self.errands:
            self.execute("SELECT")


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
        self._errand(statement, params, binds=False)

    def along(self, statement: str, params: Any = None) -> None:
        """Have the database execute a statement that writes, with the next one or the COMMIT at the latest.

        Its errors show there. A rollback takes it back as if it had been sent.
        """
        self._errand(statement, params, binds=True)

    def settle(self) -> None:
        """Send what waits, now."""
        if self.errands:
            with self.wrap_database_errors:
                self.create_cursor().execute("SELECT")

    def _errand(self, statement: str, params: Any, *, binds: bool) -> None:
        with self.wrap_database_errors:
            self.ensure_connection()
            text = self.connection.cursor().mogrify(statement, params) if params else statement
        self.errands.append(Errand(text, binds=binds))
        if self.get_autocommit():
            self.settle()

    # what Django calls

    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "cursor_factory": Cursor}

    def connect(self) -> None:
        self.errands.clear()
        super().connect()

    def close(self) -> None:
        self.errands.clear()
        super().close()

    def create_cursor(self, name: str | None = None) -> Any:
        if name is None:
            cursor = super().create_cursor()
            cursor.errands = self.errands
            return cursor
        self.settle()
        # Django asks psycopg whether a transaction is open, which knows of none: it did not begin it.
        withhold = self.get_autocommit()
        cursor = postgresql.ServerSideCursor(self.connection, name=name, scrollable=False, withhold=withhold)  # type: ignore[call-arg]
        register_tzloader(self.timezone, cursor)
        return cursor

    def _commit(self) -> None:
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
        self.errands.append(Errand("BEGIN"))

    def _set_autocommit(self, autocommit: bool) -> None:
        if self.connection.autocommit != autocommit:
            super()._set_autocommit(autocommit)

    def _savepoint(self, sid: str) -> None:
        self.errands.append(Errand(self.ops.savepoint_create_sql(sid), savepoint=sid))

    def _savepoint_commit(self, sid: str) -> None:
        place = self.errands.place_of(sid)
        if place is not None and not self.errands.bind(place):
            del self.errands[place:]
        elif self.connection.info.transaction_status == TransactionStatus.INERROR:
            super()._savepoint_commit(sid)  # which fails, so that Django rolls back
        else:
            self.errands.append(Errand(self.ops.savepoint_commit_sql(sid)))

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
