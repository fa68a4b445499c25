"""Start the whole portal in the foreground."""

import os
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from clinic import up
from clinic.supervisor import die_with_parent


class Command(BaseCommand):
    """Run web, worker and beat together; `make up` ends here."""

    help = (
        "Prepare the database, then run web, worker and beat in the foreground. "
        "HOST (127.0.0.1) and PORT (8000) come from the environment. Ctrl-C stops everything."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--with-parent", action="store_true", help="stop when the process that started this one ends"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["with_parent"]:
            die_with_parent(signal.SIGTERM, parent=os.getppid())
        try:
            code = up.run(os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "8000")
        except up.CannotStart as reason:
            self.stderr.write(str(reason))
            raise SystemExit(1) from None
        if code:
            raise SystemExit(code)
