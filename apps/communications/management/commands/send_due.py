"""Send everything that is due, from the command line."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from apps.communications.services import dispatch_due, reconcile_ambiguous
from apps.core.commands import Command as BaseCommand


def positive(text: str) -> int:
    """Read a number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"must be a number from 1 on, not {text}")
    return int(text)


class Command(BaseCommand):
    help = "Send the messages that are due, then settle what is not certain. Safe beside running workers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--limit", type=positive, default=100_000, help="stop after this many messages (default: 100000)"
        )
        parser.add_argument("--batch", type=positive, default=50, help="messages claimed at a time (default: 50)")

    def handle(self, *args: Any, limit: int, batch: int, **options: Any) -> None:
        total = 0
        while total < limit:
            taken = dispatch_due(limit=min(batch, limit - total))
            if taken == 0:
                break
            total += taken
            self.stdout.write(f"{total} taken in hand")
        settled = reconcile_ambiguous()
        self.stdout.write(f"done: {total} taken in hand, {settled} uncertain ones looked at")
