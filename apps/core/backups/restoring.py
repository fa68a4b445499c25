"""Putting a backup back, into a stopped portal."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader

from apps.core.backups.archive import DUMP, MEDIA, Backup, Manifest, Say, private_folder, unpack, uploaded_files
from apps.core.backups.database import count_rows, other_connections, replace_database, tables
from apps.core.backups.making import media_folder
from apps.core.backups.refusals import BackupRefused


def restore_backup(*, source: Path, replace: bool, say: Say) -> Backup:
    """Put a backup in the place of everything that is here, then migrate to this version of the portal.

    Refuses while the portal runs, and unless `replace` when anything is here already. Everything is unpacked and its checksums
    are compared before anything is touched. The database is replaced in one transaction: what fails leaves it as it was. The
    files follow by renaming; what they take the place of is deleted last.
    """
    if not source.is_file():
        raise BackupRefused(f"There is no file {source}.")
    with portal_stopped():
        refuse_strangers()
        if not replace:
            refuse_loss()
        media = media_folder()
        if media:
            media.mkdir(mode=0o700, parents=True, exist_ok=True)
        with private_folder(media or settings.DATA_DIR) as folder:
            say("Checking the backup …")
            manifest = unpack(source, folder)
            refuse_newer(manifest)
            if manifest.files and not media:
                raise BackupRefused(
                    "The backup holds files, and this portal keeps files in a bucket: unset S3_BUCKET_NAME first."
                )
            put_back(folder, manifest, media, say)
    return Backup(count_rows("organizations_organization"), manifest.files, source.stat().st_size, manifest.made_at)


def put_back(folder: Path, manifest: Manifest, media: Path | None, say: Say) -> None:
    """Replace database and files by what was unpacked into the folder. If it is stopped from here on, it says how to go on."""
    try:
        say("Reading the database …")
        replace_database(folder / DUMP)
    except KeyboardInterrupt:
        raise BackupRefused("Stopped while the database was replaced: restore again, with --replace.") from None
    try:
        if media:
            say(f"Putting back {manifest.files:,} files …")
            replace_files(folder / MEDIA, media, aside=folder / "replaced")
        say("Bringing it up to date …")
        connection.close()
        call_command("migrate", interactive=False, verbosity=0)
    except (OSError, Error, CommandError, KeyboardInterrupt) as error:
        why = str(error) or "it was stopped"
        raise BackupRefused(
            f"The database is back, but not all of the rest ({why}): restore again, with --replace."
        ) from error


def replace_files(unpacked: Path, media: Path, *, aside: Path) -> None:
    """Move what is there into the folder `aside` and the backup's files to where they belong. Renames only."""
    aside.mkdir()
    for path in [path for path in media.iterdir() if path != aside.parent]:
        path.rename(aside / path.name)
    for path in list(unpacked.iterdir()) if unpacked.is_dir() else []:
        path.rename(media / path.name)


# --- what is refused ----------------------------------------------------------------------------------------------------


@contextmanager
def portal_stopped() -> Iterator[None]:
    """Hold the claim on the data directory that `make up` holds, and refuse while anybody works with the database."""
    lock = settings.DATA_DIR / "run" / "up.lock"
    lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupRefused("The portal is running with this data; stop it first.") from None
        file.truncate(0)
        file.write("a backup is being put back")
        file.flush()
        if others := other_connections():
            raise BackupRefused(f"{others} other connections use the database; stop web, worker and beat first.")
        yield


def refuse_strangers() -> None:
    """Refuse a database that another program uses, whatever was asked for."""
    present = tables()
    if present and "django_migrations" not in present:
        raise BackupRefused(
            f"The database holds {len(present)} tables that are not the portal's: give the portal a database of its own."
        )


def refuse_loss() -> None:
    """Refuse when there is anything that a backup would take the place of."""
    media = media_folder()
    present = {
        "organizations": count_rows("organizations_organization"),
        "people": count_rows("organizations_user"),
        "files": len(uploaded_files(media)),
    }
    if any(present.values()):
        held = ", ".join(f"{number:,} {what}" for what, number in present.items() if number)
        raise BackupRefused(
            f"There is data already ({held}). Restore into another DATA_DIR, or add --replace to lose it."
        )


def refuse_newer(manifest: Manifest) -> None:
    """Refuse a backup with tables that this version does not know."""
    known = {".".join(name) for name in MigrationLoader(None).disk_migrations or {}}
    ours = {name.partition(".")[0] for name in known}
    if unknown := [name for name in manifest.migrations if name.partition(".")[0] in ours and name not in known]:
        raise BackupRefused(
            f"The backup is of a newer portal (version {manifest.portal}, it has {unknown[-1]}): update this one first."
        )
