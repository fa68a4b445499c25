"""`manage.py backup` and `restore`, as an operator types them: what comes back, and what is never lost."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import sql
from pytest_django.plugin import DjangoDbBlocker

from tests import database, environment
from tests.processes import called_with, eventually, runs

SCAN = b"%PDF-1.7 " * 1000
# A table of this name can't be made where there is a view of this name: a restore that fails in its middle.
IN_THE_WAY = "zz_in_the_way"


class Clinic:
    """A database on the tests' server, and a data directory."""

    def __init__(self, database_url: str, data_dir: Path) -> None:
        self.database_url, self.data_dir = database_url, data_dir
        # Not the tests' settings, which have a data directory of their own.
        self.environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment |= {"CLINIC_IGNORE_DOTENV": "true", "CLINIC_TESTING": "true", "DATA_DIR": str(data_dir)}
        self.environment |= {"DATABASE_URL": database_url, "REDIS_URL": os.environ["REDIS_URL"]}

    def start(self, *arguments: str | Path, largest_file: str = "unlimited") -> subprocess.Popen[str]:
        """Start a command that may write no larger file than so many blocks of 512 bytes: a disk that is full."""
        return subprocess.Popen(
            [
                "sh",
                "-c",
                f'ulimit -f {largest_file}; exec "$@"',
                "sh",
                sys.executable,
                "manage.py",
                *map(str, arguments),
            ],
            cwd=environment.ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def manage(self, *arguments: str | Path, largest_file: str = "unlimited") -> tuple[int, str]:
        """Run a command to its end; return the exit code and what it said."""
        with self.start(*arguments, largest_file=largest_file) as process:
            said, complained = process.communicate()
        assert "Traceback" not in complained
        return process.returncode, said + complained

    @contextmanager
    def session(self) -> Iterator[psycopg.Connection]:
        """Connect as the portal does: its role's policies bind."""
        with psycopg.connect(self.database_url) as session:
            yield session

    @contextmanager
    def owner(self) -> Iterator[psycopg.Connection]:
        """Connect and step back to the owner of the tables, whom the policies don't bind."""
        with psycopg.connect(self.database_url) as session:
            session.execute("SET ROLE NONE")
            yield session

    def rows(self) -> dict[str, tuple[int, str]]:
        """Return the number of rows and a digest of them all, by table."""
        with self.owner() as session:
            tables = session.execute("SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public'").fetchall()
            digest = "SELECT count(*), md5(string_agg(one::text, ',' ORDER BY one::text)) FROM {} one"
            return {
                table: session.execute(sql.SQL(digest).format(sql.Identifier(table))).fetchone() for (table,) in tables
            }

    def rights(self) -> list[tuple[str, ...]]:
        """Return what the portal's role may do with which table, which policies bind it, and which triggers there are."""
        with self.owner() as session:
            return session.execute(
                "SELECT table_name::text, privilege_type::text, '' FROM information_schema.role_table_grants "
                "WHERE grantee = 'clinic_app' "
                "UNION SELECT tablename::text, policyname::text, qual FROM pg_policies "
                "UNION SELECT tgrelid::regclass::text, tgname::text, '' FROM pg_trigger WHERE NOT tgisinternal "
                "UNION SELECT relname::text, relrowsecurity::text, '' FROM pg_class WHERE relkind = 'r' "
                "AND relnamespace = 'public'::regnamespace "
                "UNION SELECT p.oid::regprocedure::text, proacl::text, p.proconfig::text FROM pg_proc p WHERE prosecdef ORDER BY 1, 2, 3"
            ).fetchall()

    def files(self) -> dict[str, bytes]:
        media = self.data_dir / "media"
        return {str(path.relative_to(media)): path.read_bytes() for path in media.rglob("*") if path.is_file()}

    def add_file(self, name: str, content: bytes) -> Path:
        path = self.data_dir / "media" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path


@pytest.fixture(scope="module")
def full(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clinic]:
    """The demo clinic, with two files."""
    with django_db_blocker.unblock(), database.demo_clinic(f"backup_{environment.worker_number()}") as url:
        clinic = Clinic(url, tmp_path_factory.mktemp("full"))
        clinic.add_file("scans/one.pdf", SCAN)
        clinic.add_file("two.txt", b"")
        with clinic.owner() as session:
            for statement in ("CREATE TABLE {} (id int)", "GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO clinic_app"):
                session.execute(sql.SQL(statement).format(sql.Identifier(IN_THE_WAY)))
        yield clinic


@pytest.fixture(scope="module")
def backup(full: Clinic, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("backups") / "clinic.tar"
    code, said = full.manage("backup", target)
    assert (code, "2 organizations, 2 files" in said) == (0, True), said
    return target


@contextmanager
def empty_clinic(name: str, data_dir: Path) -> Iterator[Clinic]:
    """Make a database as the local server makes it."""
    name = f"{name}_{environment.worker_number()}"
    with database.as_server() as execute:
        execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        execute(f'CREATE DATABASE "{name}"')
    yield Clinic(database.url_of(name), data_dir)
    with database.as_server() as execute:
        execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def empty(django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path: Path) -> Iterator[Clinic]:
    """An empty database and an empty data directory."""
    with django_db_blocker.unblock(), empty_clinic("empty", tmp_path) as clinic:
        yield clinic


@pytest.fixture(scope="module")
def restored(
    backup: Path, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clinic]:
    """What was empty before the restore; tests only look at it."""
    with django_db_blocker.unblock(), empty_clinic("restored", tmp_path_factory.mktemp("restored")) as clinic:
        code, said = clinic.manage("restore", backup)
        assert (code, "2 organizations and 2 files are back" in said) == (0, True), said
        yield clinic


@pytest.fixture
def other(django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path: Path) -> Iterator[Clinic]:
    """Another clinic, with data and a file of its own."""
    with django_db_blocker.unblock(), database.demo_clinic(f"other_{environment.worker_number()}") as url:
        clinic = Clinic(url, tmp_path / "other")
        clinic.add_file("theirs.pdf", b"%PDF-theirs")
        with clinic.owner() as session:
            session.execute("UPDATE organizations_organization SET name = 'Theirs'")
        yield clinic


def test_an_empty_database_becomes_the_clinic_row_by_row(full, restored):
    assert restored.rows() == full.rows()
    assert restored.files() == full.files() == {"scans/one.pdf": SCAN, "two.txt": b""}
    assert restored.rights() == full.rights()
    for check in (["verify_audit"], ["check", "--database", "default"], ["migrate", "--check"]):
        assert restored.manage(*check)[0] == 0, check


def test_row_level_security_binds_what_was_put_back(restored):
    count = "SELECT count(DISTINCT organization_id) FROM patients_patient"
    with restored.owner() as session:
        ((demo,), (other,)) = session.execute("SELECT id FROM organizations_organization ORDER BY slug").fetchall()
        assert session.execute(count).fetchone() == (2,)
    with restored.session() as session:
        assert session.execute("SELECT current_user").fetchone() == ("clinic_app",)
        assert session.execute(count).fetchone() == (0,)
        session.execute("SELECT set_config('clinic.organization', %s, true)", [str(demo)])
        assert session.execute(count).fetchone() == (1,)
        assert session.execute("UPDATE patients_patient SET organization_id = organization_id").rowcount > 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("UPDATE patients_patient SET organization_id = %s", [other])


def test_what_was_recorded_stays_append_only(restored):
    with restored.session() as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("UPDATE events_event SET type = 'forged'")
    with restored.owner() as session, pytest.raises(psycopg.errors.RestrictViolation):
        session.execute("UPDATE events_event SET type = 'forged'")


def test_a_backup_is_its_owner_s_alone_and_only_replaced_when_told_so(full, backup):
    assert backup.stat().st_mode & 0o777 == 0o600
    before = backup.read_bytes()
    code, said = full.manage("backup", backup)
    assert (code, "exists already; give another name, or add --force" in said) == (1, True), said
    assert backup.read_bytes() == before
    copy = backup.with_name("older.tar")
    copy.write_bytes(b"older")
    assert full.manage("backup", "--force", copy)[0] == 0
    assert copy.stat().st_size == pytest.approx(backup.stat().st_size, rel=0.1)
    copy.unlink()
    assert list(backup.parent.iterdir()) == [backup]


def test_what_is_there_is_only_lost_when_told_so(full, other, backup):
    before = other.rows()
    code, said = other.manage("restore", backup)
    assert (code, "data already (2 organizations, 6 people, 1 files)" in said) == (1, True), said
    assert (other.rows(), other.files()) == (before, {"theirs.pdf": b"%PDF-theirs"})
    assert other.manage("restore", "--replace", backup)[0] == 0
    assert other.rows() == full.rows()
    assert other.files() == {"scans/one.pdf": SCAN, "two.txt": b""}


def test_a_running_portal_is_left_alone(full, backup):
    before = full.rows()
    (full.data_dir / "run").mkdir(exist_ok=True)
    with (full.data_dir / "run" / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, said = full.manage("restore", "--replace", backup)
        assert (code, "stop it first" in said) == (1, True), said
    with full.session():
        code, said = full.manage("restore", "--replace", backup)
        assert (code, "1 other connections" in said) == (1, True), said
    assert full.rows() == before


def test_the_tables_of_another_program_are_never_dropped(empty, backup):
    with empty.session() as session:
        session.execute("CREATE TABLE theirs (id int)")
    code, said = empty.manage("restore", "--replace", backup)
    assert (code, "a database of its own" in said) == (1, True), said
    assert empty.rows() == {"theirs": (0, None)}


def test_a_damaged_backup_changes_nothing(other, backup, tmp_path):
    before, damaged = other.rows(), tmp_path / "damaged.tar"
    content = bytearray(backup.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 100] = bytes(100)
    damaged.write_bytes(content)
    code, said = other.manage("restore", "--replace", damaged)
    assert (code, "is not what was backed up" in said) == (1, True), said
    assert (other.rows(), other.files()) == (before, {"theirs.pdf": b"%PDF-theirs"})


def test_a_restore_that_fails_in_the_database_s_middle_changes_nothing(other, backup):
    with other.owner() as session:
        session.execute(sql.SQL("CREATE VIEW {} AS SELECT 1").format(sql.Identifier(IN_THE_WAY)))
    before = other.rows()
    code, said = other.manage("restore", "--replace", backup)
    assert (code, f'relation "{IN_THE_WAY}" already exists' in said) == (1, True), said
    assert (other.rows(), other.files()) == (before, {"theirs.pdf": b"%PDF-theirs"})


def test_a_full_disk_leaves_no_half_a_backup(full, tmp_path):
    large = full.add_file("large.bin", b"")
    os.truncate(large, 64 << 20)
    code, said = full.manage("backup", tmp_path / "clinic.tar", largest_file=str(2 * 32 << 10))
    large.unlink()
    assert (code, f"{tmp_path} can't be used: File too large" in said) == (1, True), said
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_during_a_restore_changes_nothing(other, backup):
    before = other.rows()
    code, said = other.manage("restore", "--replace", backup, largest_file="20")
    assert (code, "can't be used: File too large" in said) == (1, True), said
    assert (other.rows(), other.files()) == (before, {"theirs.pdf": b"%PDF-theirs"})


def test_a_backup_that_is_stopped_leaves_nothing(full, tmp_path):
    target = tmp_path / "clinic.tar"

    def dumping() -> list[psutil.Process]:
        return [process for process in called_with("pg_dump") if str(tmp_path) in " ".join(process.cmdline())]

    with full.owner() as session:
        session.execute("LOCK TABLE patients_patient IN ACCESS EXCLUSIVE MODE")  # pg_dump waits for it
        with full.start("backup", target) as process:
            assert eventually(dumping)
            (child,) = dumping()
            process.send_signal(signal.SIGTERM)
            _said, complained = process.communicate()
    assert (process.returncode, complained) == (130, "CommandError: Stopped; no backup was made.\n")
    assert list(tmp_path.iterdir()) == []
    assert not runs(child)
