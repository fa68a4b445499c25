"""`manage.py backup` and `restore`, as an operator types them: what comes back, and what is never lost."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from tests.environment import ROOT


class Clinic:
    """A database of its own on the tests' server, and a data directory."""

    def __init__(self, name: str, data_dir: Path) -> None:
        url = urlsplit(os.environ["DATABASE_URL"])
        self.database_url = url._replace(path=f"/{quote(name)}").geturl().replace(":///", "://clinic@/", 1)
        self.data_dir = data_dir

    def manage(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *map(str, arguments)],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": self.database_url, "DATA_DIR": str(self.data_dir)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def organizations(self) -> list[str]:
        with psycopg.connect(self.database_url) as session:
            session.execute("SET ROLE NONE")
            return [slug for (slug,) in session.execute("SELECT slug FROM organizations_organization ORDER BY slug")]

    def file(self, name: str) -> Path:
        return self.data_dir / "media" / name


@pytest.fixture(scope="module")
def clinics(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Clinic, Clinic]]:
    """A clinic with one organization and one file, and an empty database."""
    names = [f"backup_{os.getpid()}_{which}" for which in ("full", "empty")]
    server = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    server.execute("SET ROLE NONE")
    template = connection.settings_dict["TEST"]["TEMPLATE"]
    server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(names[0]), sql.Identifier(template)))
    server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(names[1])))
    full, empty = (Clinic(name, tmp_path_factory.mktemp("data")) for name in names)
    assert full.manage("migrate").returncode == 0
    assert full.manage("create_organization", "First", "--admin-email", "a@first.clinic").returncode == 0
    full.file("scans").mkdir(parents=True)
    full.file("scans/one.pdf").write_bytes(b"%PDF-one")
    yield full, empty
    for name in names:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    server.close()


@pytest.fixture(scope="module")
def backup(clinics: tuple[Clinic, Clinic], tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("backups") / "clinic.tar"
    done = clinics[0].manage("backup", target)
    assert done.returncode == 0, done.stderr
    assert "1 organizations, 1 files" in done.stdout
    return target


def test_a_backup_is_its_owner_s_alone_and_never_overwritten(clinics, backup):
    assert backup.stat().st_mode & 0o077 == 0
    again = clinics[0].manage("backup", backup)
    assert again.returncode == 1
    assert "exists already" in again.stderr
    assert list(backup.parent.iterdir()) == [backup]


def test_an_empty_database_becomes_the_clinic(clinics, backup):
    _full, empty = clinics
    done = empty.manage("restore", backup)
    assert done.returncode == 0, done.stderr
    assert empty.organizations() == ["first"]
    assert empty.file("scans/one.pdf").read_bytes() == b"%PDF-one"
    for check in (["check", "--database", "default"], ["verify_audit"], ["migrate", "--check"]):
        assert empty.manage(*check).returncode == 0, check


def test_what_is_there_is_only_lost_when_told_so(clinics, backup):
    full, _empty = clinics
    assert full.manage("create_organization", "Second", "--admin-email", "b@second.clinic").returncode == 0
    refused = full.manage("restore", backup)
    assert refused.returncode == 1
    assert "holds 2 organizations already" in refused.stderr
    assert full.organizations() == ["first", "second"]
    assert full.manage("restore", "--replace", backup).returncode == 0
    assert full.organizations() == ["first"]


def test_a_running_portal_is_left_alone(clinics, backup):
    full, _empty = clinics
    (full.data_dir / "run").mkdir(exist_ok=True)
    with (full.data_dir / "run" / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "stop it first" in full.manage("restore", "--replace", backup).stderr
    with psycopg.connect(full.database_url):
        assert "1 other connections" in full.manage("restore", "--replace", backup).stderr
    assert full.organizations() == ["first"]


def test_a_dump_that_breaks_in_the_middle_changes_nothing(clinics, backup, tmp_path):
    full, _empty = clinics
    damaged = tmp_path / "damaged.tar"
    content = bytearray(backup.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    damaged.write_bytes(content)
    done = full.manage("restore", "--replace", damaged)
    assert done.returncode == 1
    assert "CommandError" in done.stderr
    assert full.organizations() == ["first"]
