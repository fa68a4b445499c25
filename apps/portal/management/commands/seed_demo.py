"""seed_demo: the demo clinic, small or large, the same rows for the same seed."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from apps.core.commands import Command as BaseCommand
from apps.core.tenancy import all_organizations
from apps.organizations.models import Organization
from apps.portal.demo import build
from apps.portal.demo.assembly import SCALES


class Command(BaseCommand):
    """Fill an empty database with the demo clinic and a second organization."""

    help = "Create the demo clinic (organization `demo`) and the organization `other`. Refuses when they exist."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--scale", choices=sorted(SCALES), default="small", help="large: 100,000 appointments, for measuring"
        )
        parser.add_argument("--seed", type=int, default=7, help="same seed, same people and days (default 7)")

    def handle(self, *args: Any, **options: Any) -> None:
        with all_organizations():
            present = Organization.objects.filter(slug__in=("demo", "other")).order_by("slug")
            names = " and ".join(organization.slug for organization in present)
        if names:
            self.fail(f"There is {names} already: `make reset` forgets everything, then seed again.")
        started = time.monotonic()
        columns = (TextColumn("{task.description:14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(file=self.stdout, force_terminal=self.stdout.isatty())) as bars:
            tasks: dict[str, Any] = {}

            def show(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bars.add_task(what, total=total)
                bars.update(tasks[what], completed=done, total=total)

            counts = build(scale=options["scale"], seed=options["seed"], progress=show)
        summary = ", ".join(f"{number:,} {what}" for what, number in counts.items())
        self.stdout.write(self.style.SUCCESS(f"Demo clinic ready in {time.monotonic() - started:.0f} s: {summary}."))
