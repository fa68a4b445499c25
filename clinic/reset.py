"""Forget the local data: `make reset`. Asks first."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from pathlib import Path

import environ

from clinic import embedded

ROOT = Path(__file__).resolve().parent.parent


def portal_runs(lock: Path) -> bool:
    """Tell whether an `up` holds its claim on the data."""
    if not lock.exists():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def main() -> int:
    """Stop the local servers and delete the data directory; return 1 if it was not wanted or is not ours to delete."""
    if (ROOT / ".env").is_file():
        environ.Env.read_env(ROOT / ".env")
    data_dir = Path(os.environ.get("DATA_DIR") or ROOT / ".data").absolute()
    if not data_dir.exists():
        sys.stdout.write(f"There is nothing to forget: {data_dir} does not exist.\n")
        return 0
    if not (data_dir / "run").is_dir():
        sys.stderr.write(f"{data_dir} does not look like the portal's data; delete it yourself if you mean it.\n")
        return 1
    if portal_runs(data_dir / "run" / "up.lock"):
        sys.stderr.write("The portal is running with this data; stop it first.\n")
        return 1
    sys.stdout.write(f"This deletes {data_dir} with its database, files and queues. Type yes to go on: ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() != "yes":
        sys.stdout.write("Nothing was deleted.\n")
        return 1
    try:
        embedded.stop(data_dir)
        shutil.rmtree(data_dir)
    except (embedded.EmbeddedError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("Deleted. The next start begins anew.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
