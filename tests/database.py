"""One migrated template per state of the migrations; each test database is a copy of it.

Migrating takes seconds and grows with the project, copying a database takes a tenth of one, and every xdist worker and
every run needs one.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.db import ProgrammingError, connection

from tests.environment import DATA_DIR, ROOT

PREFIX = "template_clinic_"
# What decides how a migrated database looks: our migrations, other packages' versions, the policies.
SOURCES = ("apps/*/migrations/*.py", "requirements.txt", "apps/core/tenancy.py", "apps/core/management/commands/*.py")


def migrated_template() -> str:
    """Return the name of the template database, migrated on the first call for these sources."""
    name = PREFIX + fingerprint(ROOT)
    with locked(DATA_DIR / "template.lock"):
        if name not in templates():
            build(name)
    return name


def fingerprint(root: Path) -> str:
    """Return a short hash of everything that decides how the database looks."""
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(root.glob(pattern)):
            digest.update(str(path.relative_to(root)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def templates() -> set[str]:
    """Return the templates that exist."""
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
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
