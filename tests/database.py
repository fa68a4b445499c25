"""One migrated template per state of the migrations; each test database is a copy of it. And one with the demo clinic, for
the browser tests.

Migrating and seeding take seconds and grow with the project, copying a database takes a tenth of one, and every xdist
worker and every run needs one.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

from django.db import ProgrammingError, connection

from tests.environment import DATA_DIR, ROOT

PREFIX = "template_clinic_"
DEMO_PREFIX = "template_demo_"
# What decides how a migrated database looks: our migrations, other packages' versions, the policies.
SOURCES = (
    "apps/*/migrations/*.py",
    "requirements.txt",
    "apps/core/tenancy.py",
    "apps/patients/merging/references.py",
    "apps/core/management/commands/*.py",
)


def migrated_template() -> str:
    """Return the name of the template database, migrated on the first call for these sources."""
    name = PREFIX + fingerprint(ROOT)
    with locked(DATA_DIR / "template.lock"):
        if name not in templates():
            build(name)
    return name


@contextmanager
def demo_clinic(name: str) -> Iterator[str]:
    """Lend a database with the demo clinic, as `seed_demo` makes it in this hour; yields its URL."""
    template = DEMO_PREFIX + fingerprint(ROOT, *SOURCES, "apps/**/*.py") + dt.datetime.now(dt.UTC).strftime("_%d%H")
    migrated = migrated_template()
    with locked(DATA_DIR / "demo.lock"):
        if template not in templates(DEMO_PREFIX):
            with as_server() as execute:
                for old in templates(DEMO_PREFIX):
                    execute(f'DROP DATABASE IF EXISTS "{old}"')
                execute(f'CREATE DATABASE "{DEMO_PREFIX}draft" TEMPLATE "{migrated}"')
                shutil.rmtree(demo_files(), ignore_errors=True)
                manage(url_of(f"{DEMO_PREFIX}draft"), "migrate")
                manage(url_of(f"{DEMO_PREFIX}draft"), "seed_demo")
                execute(f'ALTER DATABASE "{DEMO_PREFIX}draft" RENAME TO "{template}"')
        with as_server() as execute:
            execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield url_of(name)
    finally:
        with as_server() as execute:
            execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def demo_files() -> Path:
    """Return the folder with the files of the demo clinic that `demo_clinic` lends."""
    return DATA_DIR / "demo" / "media"


def url_of(name: str) -> str:
    """Return the URL of another database on the tests' server."""
    url = urlsplit(os.environ["DATABASE_URL"])
    return f"{url.scheme}://{url.netloc}/{quote(name)}{'?' if url.query else ''}{url.query}"


def manage(database_url: str, *arguments: str) -> None:
    """Run a management command on a database, as the demo runs it: with its own settings, not the tests'."""
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    clean |= {"DEMO": "true", "CLINIC_IGNORE_DOTENV": "true", "DATA_DIR": str(DATA_DIR / "demo")}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=clean | {"DATABASE_URL": database_url, "REDIS_URL": os.environ["REDIS_URL"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{arguments[0]} failed: {done.stderr}")


@contextmanager
def as_server() -> Iterator[Callable[[str], object]]:
    """Run statements about whole databases, as the login role."""
    with connection._nodb_cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        yield cursor.execute


def fingerprint(root: Path, *patterns: str) -> str:
    """Return a short hash of everything that decides how the database looks."""
    digest = hashlib.sha256()
    for pattern in patterns or SOURCES:
        for path in sorted(root.glob(pattern)):
            digest.update(str(path.relative_to(root)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def templates(prefix: str = PREFIX) -> set[str]:
    """Return the templates that exist."""
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        return {name for (name,) in cursor.fetchall()}


def build(name: str) -> None:
    """Migrate a new database and name it last, so that a half-migrated one is never taken for a template."""
    draft = f"{PREFIX}draft"
    outdated = templates()
    original = connection.settings_dict["NAME"]
    test_settings = connection.settings_dict["TEST"]
    previous = test_settings.get("NAME")
    test_settings["NAME"] = draft
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        connection.close()
    finally:
        test_settings["NAME"] = previous
        connection.settings_dict["NAME"] = original
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{draft}" RENAME TO "{name}"')
        for old in outdated - {draft}:
            with suppress(ProgrammingError):  # another checkout's run copies from it just now
                cursor.execute(f'DROP DATABASE IF EXISTS "{old}"')


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file lock: xdist's workers start at the same moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
