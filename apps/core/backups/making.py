"""Making a backup, beside a running portal."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from apps.core.backups.archive import DUMP, Backup, Manifest, Say, private_folder, write_archive
from apps.core.backups.database import count_rows, dump_database
from apps.core.backups.refusals import BackupRefused


def make_backup(*, target: Path, overwrite: bool, say: Say) -> Backup:
    """Write the database, as it is at this moment, and the uploaded files to `target`, which appears whole or not at all.

    The dump is one consistent snapshot and comes first: a file that is uploaded meanwhile is in the backup without being
    mentioned, never the other way round. Needs about twice the size of the dump for a while, in the target's folder.
    """
    refuse_target(target, overwrite=overwrite)
    migrations = sorted(".".join(name) for name in MigrationRecorder(connection).applied_migrations())
    if not migrations:
        raise BackupRefused("There is nothing to back up: the database has no tables yet.")
    with private_folder(target.parent) as folder:
        say("Writing the database …")
        manifest = Manifest(
            portal=portal_version(),
            made_at=timezone.now().isoformat(timespec="seconds"),
            organizations=count_rows("organizations_organization"),
            migrations=migrations,
        )
        dump_database(folder / DUMP)
        draft, media = folder / "draft.tar", media_folder()
        if media is None:
            say("The uploaded files are in their bucket, not in this backup.")
        files = write_archive(draft, dump=folder / DUMP, media=media, manifest=manifest, say=say)
        refuse_target(target, overwrite=overwrite)
        draft.rename(target)
        note_down(target.parent)
    return Backup(manifest.organizations, files, target.stat().st_size, manifest.made_at)


def refuse_target(target: Path, *, overwrite: bool) -> None:
    """Refuse a place where the file can't go."""
    if not target.parent.is_dir():
        raise BackupRefused(f"There is no folder {target.parent}; make it first.")
    if target.is_dir():
        raise BackupRefused(f"{target} is a folder; name a file.")
    if target.exists() and not overwrite:
        raise BackupRefused(f"{target} exists already; give another name, or add --force to replace it.")


def media_folder() -> Path | None:
    """Return where the uploaded files are; None when they are in a bucket."""
    return Path(default_storage.location) if isinstance(default_storage, FileSystemStorage) else None


def portal_version() -> str:
    """Return the version of this portal."""
    return str(tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"])


def note_down(folder: Path) -> None:
    """Wait until the disk has the folder's new entry."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
