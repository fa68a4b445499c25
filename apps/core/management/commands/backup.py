"""Write the database and the uploaded files to one file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from apps.core.backups import make_backup
from apps.core.commands import Command as BaseCommand
from apps.core.commands import stop_by_signal


class Command(BaseCommand):
    help = (
        "Write the database and the uploaded files to one file, beside a running portal. Keep it as safe as the data: it holds "
        "every patient. SECRET_KEY is not in it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="what to write; its folder must exist")
        parser.add_argument("--force", action="store_true", help="replace the file if it exists")

    def handle(self, *args: Any, **options: Any) -> None:
        target: Path = options["file"].absolute()
        with stop_by_signal("Stopped; no backup was made."):
            made = make_backup(target=target, overwrite=options["force"], say=self.stdout.write)
        self.stdout.write(
            f"{target}: {made.organizations} organizations, {made.files:,} files, {made.bytes / 1e6:.1f} MB, of {made.made_at}."
        )
