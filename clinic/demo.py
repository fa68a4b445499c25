"""What `make up` remembers when there is no `.env`: that this data directory holds a demo, and the demo's own secret key."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from clinic.embedded.machine import clear_errors

# Public by design: a demo listens on this machine only.
PASSWORD = "demo-clinic"  # noqa: S105  # nosec B105
SIGN_INS = {
    "admin@demo.clinic": "everything",
    "manager@demo.clinic": "reports, journeys, templates",
    "frontdesk@demo.clinic": "the front desk",
    "doctor@demo.clinic": "a practitioner's day",
    "auditor@demo.clinic": "who did what",
    "frontdesk@other.clinic": "another organization",
}
NOTE = "demo.env"
DOTENV = """\
# Written by `make up`, because there was no .env: it makes every command see the demo that runs here.
# A .env in the project's folder replaces this file.
DEMO=true
"""


def remember(data_dir: Path) -> None:
    """Note that the data is a demo's, so that a bare `manage.py` command runs in demo mode as well."""
    with clear_errors(data_dir):
        _write_once(data_dir / NOTE, DOTENV)


def note(data_dir: Path) -> Path | None:
    """Return where that was noted, None if it was not."""
    with clear_errors(data_dir):
        return data_dir / NOTE if (data_dir / NOTE).is_file() else None


def secret_key(data_dir: Path) -> str:
    """Return the key that was generated for this data directory; made on the first call, readable by its owner only."""
    path = data_dir / "secret_key"
    with clear_errors(data_dir):
        _write_once(path, secrets.token_urlsafe(50))
        return path.read_text()


def _write_once(path: Path, text: str) -> None:
    """Create the file unless it exists; of two processes that race, the first wins and nobody sees half a file."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123 - private at birth
        file.write(text)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
