"""The database's part of a backup: PostgreSQL's own programs, as the owner of the tables."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
from django.db import connection
from psycopg import sql

from apps.core.backups.refusals import BackupRefused
from apps.core.tenancy import APP_ROLE, all_organizations
from clinic import embedded
from clinic.embedded.postgres import EXTENSIONS

# pg_dump 18 writes it, servers before 17 do not know it.
UNKNOWN_TO_OLD_SERVERS = b"SET transaction_timeout = 0;"
# As the owner of the tables, with the extensions' libraries loaded: else their settings, which functions carry, are unknown,
# and only a superuser may set unknown ones.
PREPARE = f"""
SET ROLE NONE;
SET lock_timeout = '10s';
{"".join(f"CREATE EXTENSION IF NOT EXISTS {name};" for name in EXTENSIONS)}
SELECT public.similarity('', ''), '[1]'::public.vector \\g /dev/null
"""
TABLES = """
SELECT c.oid::regclass::text AS name FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""
ROUTINES = """
SELECT p.oid::regprocedure::text AS name FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
"""
# Everything of the portal in the schema, and nothing of the extensions, which belong to the superuser.
CLEAR = f"""
DO $$
DECLARE thing record;
BEGIN
    FOR thing IN {TABLES} LOOP EXECUTE 'DROP TABLE ' || thing.name || ' CASCADE'; END LOOP;
    FOR thing IN {ROUTINES} LOOP EXECUTE 'DROP ROUTINE ' || thing.name || ' CASCADE'; END LOOP;
END $$;
"""


def dump_database(dump: Path) -> None:
    """Write one consistent snapshot, with policies and grants, to a new file."""
    run("pg_dump", "--format=custom", "--no-owner", "--no-comments", f"--role={login()}", f"--file={dump}")


def replace_database(dump: Path) -> None:
    """Drop what the portal has in the database and load the dump, in one transaction as the owner of the tables.

    The script is complete before its first line runs: a damaged dump must not end in the middle and be committed. Roles belong
    to the server, not to the database: the one that grants and policies name is made first.
    """
    wanted, head, script = (dump.with_name(name) for name in ("wanted.list", "head.sql", "script.sql"))
    listing = run("pg_restore", "--list", dump)
    wanted.write_text("".join(line for line in listing.splitlines(keepends=True) if " EXTENSION " not in line))
    run("pg_restore", "--no-owner", f"--use-list={wanted}", f"--file={script}", dump)
    with script.open("r+b") as file:
        if (found := file.read(4096).find(UNKNOWN_TO_OLD_SERVERS)) >= 0:
            file.seek(found)
            file.write(b"--" + UNKNOWN_TO_OLD_SERVERS[2:])
    head.write_text(PREPARE + CLEAR)
    make_role()
    connection.close()
    options = ("--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1")
    run("psql", *options, f"--file={head}", f"--file={script}")


def make_role() -> None:
    """Make the role that the dump's grants and policies name; the rest of it is migrate's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN")


def run(program: str, *arguments: str | Path) -> str:
    """Run one of PostgreSQL's own programs on our database and return what it printed; the password goes by environment."""
    given = server()
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment |= {"PGPASSWORD": given.pop("password", ""), "PGCLIENTENCODING": "UTF8"}
    where = [] if program == "pg_restore" else [f"--dbname={psycopg.conninfo.make_conninfo(**given)}"]
    done = subprocess.run(
        [str(find(program, encrypted="sslmode" in given)), *where, *map(str, arguments)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        # The first line names the cause; lines that follow may quote rows.
        cause = next((line for line in done.stderr.splitlines() if "error" in line.lower()), "it ended with an error")
        raise BackupRefused(f"{program}: {cause.partition('ERROR:')[2].strip() or cause}")
    return done.stdout


def find(program: str, *, encrypted: bool) -> Path:
    """Return the program that came with the local server, which has no TLS, else the system's."""
    systems = shutil.which(program)
    if encrypted and systems:
        return Path(systems)
    try:
        return embedded.postgres_bin() / program
    except embedded.EmbeddedError:
        if systems is None:
            raise BackupRefused(f"{program} is missing: install PostgreSQL's client programs.") from None
    return Path(systems)


def server() -> dict[str, str]:
    """Return where the database is, in libpq's words."""
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    return {name: str(value) for name, value in connection.get_connection_params().items() if name in known and value}


def login() -> str:
    """Return the role that owns the tables."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user")
        return str(cursor.fetchone()[0])


def tables() -> set[str]:
    """Return the tables that there are, without the extensions'."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        return {name for (name,) in cursor.fetchall()}


def count_rows(table: str) -> int:
    """Return how many rows of all organizations a table holds; 0 when there is no such table."""
    if table not in tables():
        return 0
    with all_organizations(), connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
        return int(cursor.fetchone()[0])


def other_connections() -> int:
    """Return how many others use the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])
