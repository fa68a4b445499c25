"""Databases with known content: made once, kept between runs, and copied where a row writes into one.

A database's comment is its stamp, written last: a half-filled one is never taken for a ready one, and one that was
filled by other migrations, another seed or too long ago (the demo clinic is around today) is made anew.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from django.core.management import call_command
from django.db import connection

from apps.core.tenancy import APP_ROLE
from benchmarks.environment import DATA_DIR, ROOT, Scale
from benchmarks.results import CannotMeasure
from clinic.embedded.postgres import LOGIN_ROLE, SUPERUSER, Postgres

PREFIX = "bench"
KEEP = dt.timedelta(days=5)
FREE_MEGABYTES = 8_000
# What decides the content: our migrations, the demo clinic, and the benchmarks' own rows.
SOURCES = (
    "apps/*/migrations/*.py",
    "apps/core/tenancy.py",
    "apps/portal/demo/*.py",
    "benchmarks/data.py",
    "benchmarks/history.py",
    "benchmarks/people.py",
    "apps/patients/folding.py",
    "apps/patients/matching/facts.py",
    "apps/patients/matching/keys.py",
    "apps/patients/matching/sounds.py",
    "benchmarks/writing.py",
    "requirements.txt",
)
Say = Callable[[str], None]
Fill = Callable[[Scale], None]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A database by name, what it is a copy of, and what is then written into it."""

    name: str
    fill: Fill
    parent: Dataset | None = None


class Databases:
    """The databases of one scale."""

    def __init__(self, scale: Scale, say: Say) -> None:
        self.scale = scale
        self.say = say
        self.made: dict[str, str] = {}

    def ready(self, dataset: Dataset) -> str:
        """Return the name of the database with this content, making it first if need be."""
        name = f"{PREFIX}_{self.scale.name}_{dataset.name}"
        if dataset.name not in self.made:
            if not is_current(stamp_of(name), fingerprint(), dt.datetime.now(dt.UTC)):
                self._make(name, dataset)
            self.made[dataset.name] = name
        return self.made[dataset.name]

    def _make(self, name: str, dataset: Dataset) -> None:
        parent = self.ready(dataset.parent) if dataset.parent else None
        self.say(f"Preparing the data set “{dataset.name}” (kept for later runs) …")
        copy_database(parent, name)
        with using(name, user=LOGIN_ROLE if parent is None else SUPERUSER):
            dataset.fill(self.scale)
        with administration() as cluster:
            stamp = json.dumps({"of": fingerprint(), "at": dt.datetime.now(dt.UTC).isoformat()})
            cluster.execute(f"COMMENT ON DATABASE {name} IS '{stamp}'")

    @contextmanager
    def scratch(self, dataset: Dataset) -> Iterator[str]:
        """Yield the name of a copy to write into; it is dropped afterwards."""
        source = self.ready(dataset)
        name = f"{source}_scratch"
        self.say(f"Copying the data set “{dataset.name}” …")
        copy_database(source, name)
        try:
            yield name
        finally:
            drop_database(name)


def administration() -> psycopg.Connection:
    """Return an autocommit connection as the cluster's superuser."""
    return Postgres(DATA_DIR).connect("postgres")


def as_superuser(database: str) -> psycopg.Connection:
    """Return an autocommit connection as superuser, whom no policy binds: for floors, arranging and checking."""
    return Postgres(DATA_DIR).connect(database)


def copy_database(source: str | None, name: str) -> None:
    """Make a database anew, as a copy (of files, without a line in the log) or empty; nobody may be connected to either.

    What a role is set to in a database is not copied with it: `SET role` is what makes the policies bind.
    """
    connection.close()
    drop_database(name)
    with administration() as cluster:
        template = f"TEMPLATE {source} STRATEGY file_copy" if source else ""
        try:
            cluster.execute(f"CREATE DATABASE {name} OWNER {LOGIN_ROLE} {template}")
        except psycopg.errors.DiskFull as error:
            raise CannotMeasure(f"The disk is full; the data sets need about {FREE_MEGABYTES:,} MB.") from error
        if source:
            cluster.execute(f"ALTER ROLE {LOGIN_ROLE} IN DATABASE {name} SET role = '{APP_ROLE}'")


def drop_database(name: str) -> None:
    """Drop a database, whoever is connected to it."""
    connection.close()
    with administration() as cluster:
        cluster.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def using(name: str, *, user: str = LOGIN_ROLE) -> Iterator[None]:
    """Let Django's connection be one to this database for the block."""
    connection.close()
    previous = {key: connection.settings_dict[key] for key in ("NAME", "USER")}
    connection.settings_dict.update({"NAME": name, "USER": user})
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(previous)


def url_of(name: str, *, superuser: bool = False) -> str:
    """Return the DATABASE_URL of a database, for other processes."""
    host = quote(str(Postgres(DATA_DIR).socket_dir()), safe="")
    return f"postgres://{SUPERUSER if superuser else LOGIN_ROLE}@/{name}?host={host}"


def stamp_of(name: str) -> str:
    """Return the comment of a database; empty without one, or without the database."""
    with administration() as cluster:
        row = cluster.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
    return (row[0] if row else "") or ""


def is_current(stamp: str, wanted: str, now: dt.datetime) -> bool:
    """Tell whether a stamp speaks of this content, made not too long ago."""
    if not stamp:
        return False
    made = json.loads(stamp)
    return made["of"] == wanted and now - dt.datetime.fromisoformat(made["at"]) < KEEP


def fingerprint(root: Path = ROOT) -> str:
    """Return a short hash of everything that decides what is in the databases."""
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(root.glob(pattern)):
            digest.update(str(path.relative_to(root)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def migrate() -> None:
    """Apply all migrations to the current database, quietly."""
    call_command("migrate", interactive=False, verbosity=0)
