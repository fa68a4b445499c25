"""One file that holds the clinic: a dump of the database and the uploaded files. Made beside a running portal, put back into
a stopped one.

The file is a tar of `manifest.json`, `database.dump` (pg_dump's custom format) and `media/…`. It holds every patient, so it
is readable by its owner only. Queues and caches are not in it: sweeps find the work again. The secret key is not in it
either: it belongs elsewhere than what it protects.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

import psycopg
from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from apps.core.errors import ApplicationError
from apps.core.tenancy import APP_ROLE, all_organizations
from clinic import embedded
from clinic.embedded.postgres import EXTENSIONS

FORMAT = 1
MANIFEST, DUMP, MEDIA = "manifest.json", "database.dump", "media"
Say = Callable[[str], None]

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
# Everything of the portal in the schema, and nothing of the extensions, which belong to the superuser.
CLEAR = """
DO $$
DECLARE thing record;
BEGIN
    FOR thing IN SELECT format('TABLE %s', c.oid::regclass) AS name FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT EXISTS (
            SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    LOOP EXECUTE 'DROP ' || thing.name || ' CASCADE'; END LOOP;
    FOR thing IN SELECT format('ROUTINE %s', p.oid::regprocedure) AS name FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (
            SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    LOOP EXECUTE 'DROP ' || thing.name || ' CASCADE'; END LOOP;
END $$;
"""


class BackupRefused(ApplicationError):
    """Why a backup can't be made or put back; nothing was changed."""

    code = "backup_refused"


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds. `bytes` is the size of the whole file."""

    organizations: int
    files: int
    bytes: int
    made_at: str


def make_backup(target: Path, *, say: Say) -> Backup:
    """Write the database, as it is at this moment, and the uploaded files to `target`, which must not exist yet.

    The dump is one consistent snapshot and comes first: a file that is uploaded meanwhile is in the backup without being
    mentioned, never the other way round. Needs about twice the size of the dump for a while, in the target's folder.
    """
    if target.exists():
        raise BackupRefused(f"{target} exists already; give another name.")
    with private_folder(target.parent) as folder:
        dump, draft = folder / DUMP, folder / "draft.tar"
        say("Writing the database …")
        run("pg_dump", "--format=custom", "--no-owner", "--no-comments", f"--role={login()}", f"--file={dump}")
        made_at, organizations = timezone.now().isoformat(timespec="seconds"), count_organizations()
        migrations = sorted(".".join(name) for name in MigrationRecorder(connection).applied_migrations())
        manifest = {"format": FORMAT, "made_at": made_at, "organizations": organizations, "migrations": migrations}
        with tarfile.open(draft, "w") as archive:
            add_text(archive, MANIFEST, json.dumps(manifest, indent=1))
            archive.add(dump, DUMP)
            files = add_media(archive, say)
        draft.chmod(0o600)
        draft.rename(target)
    return Backup(organizations, files, target.stat().st_size, made_at)


def restore_backup(source: Path, *, replace: bool, say: Say) -> Backup:
    """Put a backup in the place of everything that is here, then migrate to this version of the portal.

    Refuses while the portal runs, unless `replace` when there are organizations already, and a backup of a newer portal. The
    database is replaced in one transaction: what fails leaves it as it was.
    """
    if not source.is_file():
        raise BackupRefused(f"There is no file {source}.")
    refuse_running_portal()
    present = count_organizations()
    if present and not replace:
        raise BackupRefused(
            f"The database holds {present} organizations already. Restore into another DATA_DIR, or add --replace to lose them."
        )
    with private_folder(settings.DATA_DIR) as folder:
        manifest = unpack(source, folder)
        refuse_newer(manifest["migrations"])
        say("Reading the database …")
        replace_database(folder)
        media = [path for path in (folder / MEDIA).rglob("*") if path.is_file()] if (folder / MEDIA).is_dir() else []
        if media:
            say(f"Putting back {len(media)} files …")
            put_back(folder / MEDIA)
    connection.close()
    say("Bringing it up to date …")
    call_command("migrate", interactive=False, verbosity=0)
    return Backup(count_organizations(), len(media), source.stat().st_size, manifest["made_at"])


# --- the file -----------------------------------------------------------------------------------------------------------


@contextmanager
def private_folder(beside: Path) -> Iterator[Path]:
    """Make a folder for ourselves alone on the disk of the result, and remove it in any case."""
    try:
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=beside) as folder:
            yield Path(folder)
    except OSError as error:
        raise BackupRefused(f"{beside} can't be used: {error.strerror}.") from error


def add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    """Add a small file."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text.encode()), 0o600
    archive.addfile(entry, BytesIO(text.encode()))


def add_media(archive: tarfile.TarFile, say: Say) -> int:
    """Add the uploaded files; return how many. Files in a bucket stay there, and that is said."""
    if not isinstance(default_storage, FileSystemStorage):
        say("The uploaded files are in their bucket, not in this backup.")
        return 0
    folder = Path(default_storage.location)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if files:
        say(f"Adding {len(files)} files …")
    for path in files:
        archive.add(path, f"{MEDIA}/{path.relative_to(folder)}", recursive=False)
    return len(files)


def unpack(source: Path, folder: Path) -> dict[str, Any]:
    """Unpack the backup's own files, and nothing that leads out of the folder. Returns the manifest."""
    try:
        with tarfile.open(source) as archive:
            for member in archive:
                extract(archive, member, folder)
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except (tarfile.TarError, ValueError, EOFError, FileNotFoundError) as error:
        raise BackupRefused(f"{source} is not a backup of this portal, or is damaged.") from error
    if manifest.get("format") != FORMAT or not (folder / DUMP).is_file():
        raise BackupRefused(f"{source} was made by another version of the portal, or is damaged.")
    return manifest


def extract(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write one plain file below the folder; raise ValueError for anything else."""
    parts = PurePosixPath(member.name).parts
    content = archive.extractfile(member) if member.isreg() else None
    if content is None or not parts or parts[0] not in {MANIFEST, DUMP, MEDIA} or ".." in parts:
        raise ValueError(member.name)
    place = folder.joinpath(*parts)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with place.open("wb") as file:
        shutil.copyfileobj(content, file)


def put_back(media: Path) -> None:
    """Move the files to where the storage expects them, over what is there."""
    target = Path(default_storage.location) if isinstance(default_storage, FileSystemStorage) else None
    if target is None:
        raise BackupRefused(
            "The backup holds files, and this portal keeps files in a bucket: unset S3_BUCKET_NAME first."
        )
    for path in media.rglob("*"):
        if path.is_file():
            place = target / path.relative_to(media)
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.move(path, place)


# --- the database -------------------------------------------------------------------------------------------------------


def replace_database(folder: Path) -> None:
    """Drop what the portal has in the database and load the dump, in one transaction as the owner of the tables.

    The script is complete before its first line runs: a damaged dump must not end in the middle and be committed.
    """
    wanted, head, script = folder / "wanted.list", folder / "head.sql", folder / "script.sql"
    listing = run("pg_restore", "--list", folder / DUMP)
    wanted.write_text("".join(line for line in listing.splitlines(keepends=True) if " EXTENSION " not in line))
    run("pg_restore", "--no-owner", f"--use-list={wanted}", f"--file={script}", folder / DUMP)
    with script.open("r+b") as file:
        if (found := file.read(4096).find(UNKNOWN_TO_OLD_SERVERS)) >= 0:
            file.seek(found)
            file.write(b"--" + UNKNOWN_TO_OLD_SERVERS[2:])
    head.write_text(PREPARE + CLEAR)
    make_role()
    connection.close()
    run(
        "psql",
        "--quiet",
        "--no-psqlrc",
        "--single-transaction",
        "--set=ON_ERROR_STOP=1",
        f"--file={head}",
        f"--file={script}",
    )


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
        [str(find(program)), *where, *map(str, arguments)],
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


def find(program: str) -> Path:
    """Return the program that came with the local server, else the system's."""
    try:
        return embedded.postgres_bin() / program
    except embedded.EmbeddedError:
        found = shutil.which(program)
    if found is None:
        raise BackupRefused(f"{program} is missing: install PostgreSQL's client programs.")
    return Path(found)


def server() -> dict[str, str]:
    """Return where the database is, in libpq's words."""
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    return {name: str(value) for name, value in connection.get_connection_params().items() if name in known and value}


def login() -> str:
    """Return the role that owns the tables."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user")
        return str(cursor.fetchone()[0])


def count_organizations() -> int:
    """Return how many organizations there are; 0 in a database without tables."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('organizations_organization') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return 0
    with all_organizations(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM organizations_organization")
        return int(cursor.fetchone()[0])


def refuse_newer(migrations: list[str]) -> None:
    """Refuse a backup with tables that this version does not know."""
    known = {".".join(name) for name in MigrationLoader(None).disk_migrations or {}}
    ours = {name.partition(".")[0] for name in known}
    if unknown := [name for name in migrations if name.partition(".")[0] in ours and name not in known]:
        raise BackupRefused(f"The backup is of a newer portal (it has {unknown[-1]}): update this one first.")


def refuse_running_portal() -> None:
    """Refuse while anybody works with the database or `make up` holds the data directory."""
    lock = settings.DATA_DIR / "run" / "up.lock"
    if lock.exists():
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BackupRefused("The portal is running with this data; stop it first.") from None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"
        )
        others = cursor.fetchone()[0]
    if others:
        raise BackupRefused(f"{others} other connections use the database; stop web, worker and beat first.")
