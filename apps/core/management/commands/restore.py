"""Put a backup back."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from apps.core.backups import restore_backup
from apps.core.commands import Command as BaseCommand
from apps.core.commands import stop_by_signal


class Command(BaseCommand):
    help = (
        "Put a backup in the place of the database and the uploaded files, and bring it up to date. The portal must be "
        "stopped. A damaged backup, a full disk or a stop leave the database as it was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="what `backup` wrote")
        parser.add_argument(
            "--replace", action="store_true", help="lose the organizations, people and files that are there now"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        source: Path = options["file"].absolute()
        with stop_by_signal("Stopped; nothing was changed."):
            back = restore_backup(source=source, replace=options["replace"], say=self.stdout.write)
        self.stdout.write(
            f"{back.organizations} organizations and {back.files:,} files are back, as of {back.made_at}."
        )
        self.stdout.write("Check the audit trail with verify_audit, then start the portal.")
