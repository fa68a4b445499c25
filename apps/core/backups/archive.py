"""The file: a tar of `database.dump` (pg_dump's custom format), `media/…` and, last, `manifest.json`.

The manifest says what made it, with which migrations, and the SHA-256 of everything else. It comes last, so a file that was
cut off has none.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO

from apps.core.backups.refusals import BackupRefused

FORMAT = 1
MANIFEST, DUMP, MEDIA = "manifest.json", "database.dump", "media"
LARGEST_MANIFEST = 256 << 20
CHUNK = 1 << 20
# Our folders begin so: what a killed run left beside the uploaded files is none of them.
PRIVATE = ".clinic-backup-"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds. `bytes` is the size of the whole file, `made_at` ISO 8601 in UTC."""

    organizations: int
    files: int
    bytes: int
    made_at: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the file says about itself. `checksums` are SHA-256 in hex by the names in the tar."""

    portal: str
    made_at: str
    organizations: int
    migrations: list[str]
    checksums: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def files(self) -> int:
        """Return how many uploaded files it holds."""
        return len(self.checksums) - 1


class Digesting:
    """A file that is digested while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read like the file itself."""
        content = self.file.read(size)
        self.digest.update(content)
        return content


@contextmanager
def private_folder(beside: Path) -> Iterator[Path]:
    """Make a folder for ourselves alone on the disk of the result, and remove it in any case.

    A full disk and other refusals of the file system inside the block become one sentence.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=PRIVATE, dir=beside) as folder:
            yield Path(folder)
    except OSError as error:
        remedy = " Free space there, or choose another disk." if error.errno in {errno.ENOSPC, errno.EDQUOT} else ""
        raise BackupRefused(f"{beside} can't be used: {error.strerror or error}.{remedy}") from error


# --- writing ------------------------------------------------------------------------------------------------------------


def write_archive(target: Path, *, dump: Path, media: Path | None, manifest: Manifest, say: Say) -> int:
    """Write the tar and wait until the disk has it. Returns the number of uploaded files."""
    with private_file(target) as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            add_file(archive, dump, DUMP, manifest)
            for path in announced(uploaded_files(media), "Adding", say):
                # One that is deleted meanwhile is not missed by the dump, or deleted from it in a moment.
                with suppress(FileNotFoundError):
                    add_file(archive, path, f"{MEDIA}/{path.relative_to(media or path)}", manifest)
            content = json.dumps(asdict(manifest), indent=1).encode()
            archive.addfile(entry(MANIFEST, len(content)), BytesIO(content))
        file.flush()
        os.fsync(file.fileno())
    return manifest.files


def private_file(path: Path) -> IO[bytes]:
    """Open a new file that nobody else can read."""
    path.touch(mode=0o600, exist_ok=False)
    return path.open("wb")


def entry(name: str, size: int) -> tarfile.TarInfo:
    """Return the head of a plain file that tells nothing about this machine."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


def add_file(archive: tarfile.TarFile, path: Path, name: str, manifest: Manifest) -> None:
    """Add a file, and its checksum to the manifest."""
    with path.open("rb") as file:
        content = Digesting(file)
        archive.addfile(entry(name, os.fstat(file.fileno()).st_size), content)
    manifest.checksums[name] = content.digest.hexdigest()


def uploaded_files(media: Path | None) -> list[Path]:
    """Return the uploaded files, in order."""
    if media is None:
        return []
    return sorted(
        path for path in media.rglob("*") if path.is_file() and not path.relative_to(media).parts[0].startswith(PRIVATE)
    )


def announced(paths: list[Path], doing: str, say: Say) -> Iterator[Path]:
    """Say how far it is, every thousand files."""
    if paths:
        say(f"{doing} {len(paths):,} files …")
    for number, path in enumerate(paths, 1):
        yield path
        if number % 1000 == 0:
            say(f"{number:,} of {len(paths):,}")


# --- reading ------------------------------------------------------------------------------------------------------------


def unpack(source: Path, folder: Path) -> Manifest:
    """Unpack into the folder, where nothing may be yet, and compare every checksum. Needs the size of the file once more.

    Raises BackupRefused for anything that is not a whole backup; a name that leads out of the folder is never written to.
    """
    digests: dict[str, str] = {}
    text = b""
    try:
        with tarfile.open(source, "r:") as archive:
            for member in archive:
                content, name = content_of(archive, member), member.name
                if name == MANIFEST:
                    text = content.read(LARGEST_MANIFEST)
                elif name in digests:
                    raise ValueError(name)
                else:
                    digests[name] = write_down(content, folder / name)
        manifest = read_manifest(text)
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise BackupRefused(f"{source} is not a backup of this portal, or is damaged.") from error
    wrong = sorted(
        name for name in manifest.checksums.keys() | digests.keys() if manifest.checksums.get(name) != digests.get(name)
    )
    if wrong or DUMP not in digests:
        raise BackupRefused(f"{source} is damaged: {', '.join(wrong[:3]) or DUMP} is not what was backed up.")
    return manifest


def content_of(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    """Return the content of a plain file of ours; raise ValueError for anything else."""
    parts = PurePosixPath(member.name).parts
    content = archive.extractfile(member) if member.isreg() else None
    known = member.name in {MANIFEST, DUMP} or (len(parts) > 1 and parts[0] == MEDIA)
    if content is None or not known or ".." in parts:
        raise ValueError(member.name)
    return content


def write_down(content: IO[bytes], place: Path) -> str:
    """Write a file and return its SHA-256."""
    for parent in reversed([parent for parent in place.parents if not parent.exists()]):
        parent.mkdir(mode=0o700)  # which `parents=True` would give to the last one only
    source = Digesting(content)
    with private_file(place) as file:
        file.writelines(chunks(source))
    return source.digest.hexdigest()


def chunks(source: Digesting) -> Iterable[bytes]:
    """Return the content in pieces."""
    return iter(lambda: source.read(CHUNK), b"")


def read_manifest(text: bytes) -> Manifest:
    """Read the manifest; raise ValueError when there is none, BackupRefused when it is of another format."""
    found = json.loads(text)
    readable = isinstance(found, dict) and isinstance(found.get("format"), int)
    if not readable:
        raise ValueError(MANIFEST)
    if found["format"] != FORMAT:
        raise BackupRefused(
            f"The backup has format {found['format']}, this portal reads {FORMAT}: restore it with the version that made it."
        )
    try:
        manifest = Manifest(**found)
    except TypeError as error:
        raise ValueError(MANIFEST) from error
    whole = isinstance(manifest.checksums, dict) and isinstance(manifest.migrations, list)
    if not whole:
        raise ValueError(MANIFEST)
    return manifest
